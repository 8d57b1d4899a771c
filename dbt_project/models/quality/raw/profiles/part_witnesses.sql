{{ config(materialized='view') }}
{# Each part beside what the other exports of the day say: of the business as a whole, and of the same part. #}
with levels as (

    select * from {{ ref('part_levels') }}

),

-- How the other exports of the day did; lines, refunds and points follow their orders, so they are no second witness.
others as (

    select levels.subject, levels.day, {{ quantile('other.level', 0.5) }} as level_of_others
    from levels
    inner join levels as other
        on
            levels.day = other.day
            and levels.export <> other.export
            and other.part_kind = 'rows'
            and other.usual >= 30
            and other.export in ('orders', 'contacts', 'touches', 'events', 'friendships', 'pushes')
    group by levels.subject, levels.day

),

-- The second export that names the same part and fell most, beyond what chance does to its few rows.
witnesses as (

    select
        levels.subject, levels.day,
        min(case when other.row_count < other.usual - 2 * sqrt(other.usual) then other.level else 1 end)
            as level_elsewhere,
        sum(other.row_count) as rows_elsewhere
    from levels
    inner join levels as other
        on
            levels.day = other.day
            and levels.part_kind = other.part_kind
            and levels.part = other.part
            and levels.export <> other.export
            and other.export <> 'friendships'
            and other.usual >= 5
    where levels.part_kind <> 'rows'
    group by levels.subject, levels.day

),

listed as (

    select distinct channel_code
    from {{ source('raw', 'channels') }}
    where _business_date = (
        select max(newest._business_date) from {{ source('raw', 'channels') }} as newest
        where newest._business_date <= {{ business_date() }}
    )

),

-- Where all of a kind are gone and the rows are not, the column has lost its values, and no store its orders.
kinds as (

    select
        load_name, part_kind, day,
        sum(row_count) < 0.2 * sum(usual) and count(*) > 1 as is_unnamed
    from levels
    group by load_name, part_kind, day

),

final as (

    select
        levels.*,
        kinds.is_unnamed,
        levels.usual * least(1.1, coalesce(others.level_of_others, 1)) as expected,
        witnesses.level_elsewhere,
        levels.part_kind = 'channel' and levels.row_count = 0 and witnesses.rows_elsewhere = 0
        and listed.channel_code is not null as is_gone
    from levels
    inner join kinds
        on levels.load_name = kinds.load_name and levels.part_kind = kinds.part_kind and levels.day = kinds.day
    left join others on levels.subject = others.subject and levels.day = others.day
    left join witnesses on levels.subject = witnesses.subject and levels.day = witnesses.day
    left join listed on levels.part = listed.channel_code

)

select * from final
