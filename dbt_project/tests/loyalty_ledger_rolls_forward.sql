-- Each month opens with what the one before closed with, and the last one closes with the user's balance.
with months as (

    select
        *,
        lag(closing, 1, cast(0 as bigint)) over by_month as closed_before,
        lead(month) over by_month is null as is_last
    from {{ ref('loyalty_ledger') }}
    window by_month as (partition by user_id order by month)

)

select months.user_id, months.month
from months
left join {{ ref('users') }} as users on months.user_id = users.user_id
where
    months.opening <> months.closed_before
    or months.closing <> months.opening + months.earned - months.spent - months.expired
    or (months.is_last and months.closing is distinct from users.points_balance)
