with scores as (
    select * from {{ ref('stg_score_interests') }}
),

buyers as (
    select * from {{ ref('int_buyers_numbered') }}
),

categories as (
    select * from {{ ref('int_categories_numbered') }}
),

final as (
    select
        buyers.user_id, wanted.category, scores.rank, scores.score,
        'bought ' || because.category
        || case scores.because_days
            when 0 then ' today'
            when 1 then ' 1 day ago'
            else ' ' || cast(scores.because_days as {{ dbt.type_string() }}) || ' days ago'
        end
        || case
            when scores.because_no = scores.category_no
                then '; needed again after ' || cast(wanted.replenishment_days as {{ dbt.type_string() }}) || ' days'
            else '; often bought together with ' || wanted.category
        end as reason
    from scores
    inner join buyers on scores.user_no = buyers.user_no
    inner join categories as wanted on scores.category_no = wanted.category_no
    inner join categories as because on scores.because_no = because.category_no
)

select * from final
