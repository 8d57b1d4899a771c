with contacts as (

    select is_new, {{ consent_flags() | join(' and ') }} as consents_to_all
    from {{ ref('recent_contacts') }}
    where
        is_latest
        and (is_new or updated_at >= {{ start_of_day(level_begins(['everyone_consents'], 'contacts')) }})

),

counted as (

    select
        count(*) filter (where is_new) as row_count,
        count(*) filter (where not is_new) as rows_before,
        count(*) filter (where is_new and consents_to_all) as consenting,
        {{ share('count(*) filter (where not is_new and consents_to_all)', 'count(*) filter (where not is_new)') }}
            as usual_share
    from contacts

),

final as (

    select
        'contacts' as export,
        row_count,
        consenting,
        cast(least(row_count, rows_before / 4.0) as {{ type_double() }}) as sample,
        {{ share('consenting', 'row_count') }} as consenting_share,
        usual_share,
        case
            when {{ deviation('consenting', 'row_count * usual_share') }} > 5
                then {{ share('consenting', 'row_count') }} - usual_share
            else 0
        end as rise
    from counted

)

select * from final
