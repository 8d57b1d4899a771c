-- The first delivery of an export may be its whole past, unlike any that follows.
with firsts as (

    select source, export, min(business_date) as first_date
    from {{ source('meta', 'load_files') }}
    where state = 'loaded'
    group by source, export

),

figures as (

    select
        files.export,
        case when files.source = 'canonical' then files.export else files.source || ' ' || files.export end
            as load_name,
        files.business_date as day,
        contracts.mode = 'snapshot' as is_snapshot,
        files.business_date > {{ unpublished_since() }} as is_new,
        profiles.column_name,
        profiles.kind,
        profiles.figure,
        profiles.part,
        -- Several files of one day are one delivery.
        case
            when profiles.figure = 'largest' then max(profiles.amount)
            when profiles.figure = 'median' then avg(profiles.amount)
            else sum(profiles.amount)
        end as amount
    from {{ source('meta', 'column_profiles') }} as profiles
    inner join {{ source('meta', 'load_files') }} as files on profiles.load_id = files.load_id
    inner join {{ source('meta', 'contracts') }} as contracts on files.export = contracts.export
    inner join firsts
        on
            files.source = firsts.source
            and files.export = firsts.export
            and files.business_date > firsts.first_date
    where
        files.state = 'loaded'
        and files.business_date between {{ days_back(profile_limits().history_days) }} and {{ business_date() }}
    group by 1, 2, 3, 4, 5, 6, 7, 8, 9

),

final as (

    select
        *,
        case when column_name = '(rows)' then load_name else load_name || '.' || column_name end as subject,
        {{ iso_weekday('day') }} as weekday
    from figures

)

select * from final
