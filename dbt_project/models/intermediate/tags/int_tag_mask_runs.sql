-- One row per mask that occurs × run of set bits in it: an interval of days. Few masks occur, so runs are found once a
-- mask, and joined to all who have it.
with checkpoints as (
    select checkpoint_number as number, as_of, holds_from, cast(1 as bigint) << (checkpoint_number - 1) as bit
    from {{ ref('int_feature_days') }}
    where is_checkpoint
),

final as (
    select
        masks.mask,
        first.holds_from,
        last.as_of as valid_to,
        first.number = 1 as is_from_first
    from (
        select distinct mask from {{ ref('int_user_tag_masks') }} as masks
    ) as masks
    inner join checkpoints as first on masks.mask & first.bit > 0
    inner join checkpoints as last on masks.mask & last.bit > 0 and first.number <= last.number
    where
        -- All set from first to last, and neither neighbour: 2 × last bit − first bit are the bits between.
        masks.mask & (2 * last.bit - first.bit) = 2 * last.bit - first.bit
        and masks.mask & (first.bit / 2) = 0
        and masks.mask & (last.bit * 2) = 0
)

select * from final
