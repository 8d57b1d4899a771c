{#
    How many rows of a part are missing, the worst new day of each. A quiet day of the whole business empties every
    load, and what happened to a store or channel shows in a second export: neither is a fault of the file. A channel
    that `channels` still lists and of which no export has a row left is missing, whatever they say together.
#}
with compared as (

    select * from {{ ref('part_witnesses') }}

),

judged as (

    select
        *,
        {{ deviation('row_count', 'expected') }} < -4 * spread and row_count < 0.8 * expected
        -- Nobody works every day.
        and row_count < least and (part_kind <> 'staff' or expected >= 40) as is_far,
        -- A second export shows at least half of the fall.
        coalesce(level_elsewhere < 0.8 and 1 - level_elsewhere >= 0.5 * (1 - level), false) and not is_gone as is_real
    from compared

),

ranked as (

    select
        *,
        row_number() over (
            partition by subject order by is_far desc, row_count / nullif(expected, 0) asc nulls last, day desc
        ) as place
    from judged

),

final as (

    select
        load_name,
        subject,
        loads_before,
        cast(row_count as bigint) as row_count,
        cast(expected as {{ type_double() }}) as usual_rows,
        cast(case when is_far then 1 - row_count / expected else 0 end as {{ type_double() }})
            as missing_share,
        -- What the business itself sends, what follows from orders in its own time, never blocks; nor does a member of
        -- staff who is away, or a campaign that ended.
        cast(case
            when is_far and not is_real and not is_unnamed and part_kind <> 'staff' and export <> 'ad_stats'
                and (part_kind <> 'rows' or export in (
                    'orders', 'order_lines', 'contacts', 'touches', 'events'
                ))
                then 1 - row_count / expected
            else 0
        end as {{ type_double() }}) as missing_share_alone
    from ranked
    where place = 1

)

select * from final
