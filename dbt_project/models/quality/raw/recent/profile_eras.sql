{# A level that a person accepted begins a new past: what came before tells how much days vary, not where they lie. #}
with accepted as (

    {{ accepted_levels(['columns_changed', 'some_columns_changed']) }}

),

days as (

    select distinct load_name, subject, day, is_new from {{ ref('profile_loads') }}

),

placed as (

    select
        days.subject,
        days.day,
        days.is_new,
        coalesce(days.day >= max(accepted.since), true) as is_current,
        max(accepted.since) is not null as is_accepted
    from days
    left join accepted on days.subject = accepted.subject or days.load_name = accepted.subject
    group by days.subject, days.day, days.is_new

),

final as (

    select
        subject,
        day,
        is_new,
        is_current,
        -- The first days of an accepted level are its past.
        not is_new or (
            is_accepted and is_current
            and max(case when is_new then 0 else 1 end) over (partition by subject, is_current) = 0
        ) as is_base
    from placed

)

select * from final
