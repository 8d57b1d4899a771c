{#
    How many rows of a part are missing, the worst new day of each. A quiet day of the whole business empties every
    load, and what happened to a store or channel shows in a second export: neither is a fault of the file. A channel
    that `channels` still lists and of which no export has a row left is missing, whatever they say together.
#}
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

-- The best-placed second export that names the same part.
witnesses as (

    select levels.subject, levels.day, min(other.level) as level_elsewhere, sum(other.row_count) as rows_elsewhere
    from levels
    inner join levels as other
        on
            levels.day = other.day
            and levels.part_kind = other.part_kind
            and levels.part = other.part
            and levels.export <> other.export
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

compared as (

    select
        levels.*,
        kinds.is_unnamed,
        levels.usual * least(1, coalesce(others.level_of_others, 1)) as expected,
        witnesses.level_elsewhere,
        levels.part_kind = 'channel' and levels.row_count = 0 and witnesses.rows_elsewhere = 0
        and listed.channel_code is not null as is_gone
    from levels
    inner join kinds
        on levels.load_name = kinds.load_name and levels.part_kind = kinds.part_kind and levels.day = kinds.day
    left join others on levels.subject = others.subject and levels.day = others.day
    left join witnesses on levels.subject = witnesses.subject and levels.day = witnesses.day
    left join listed on levels.part = listed.channel_code

),

judged as (

    select
        *,
        {{ deviation('row_count', 'expected') }} < -4 * spread and row_count < 0.8 * expected as is_far,
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
        cast(case when is_far then 1 - row_count / expected else 0 end as {{ type_double() }}) as missing_share,
        -- What blocks: no part of an advertising report, as a campaign may end, and no member of staff, who may be away.
        cast(case
            when is_far and not is_real and not is_unnamed and part_kind <> 'staff' and export <> 'ad_stats' then 1 - row_count / expected
            else 0
        end as {{ type_double() }}) as missing_share_alone
    from ranked
    where place = 1

)

select * from final
