-- Wilson's interval of a share k / n, both ends over n + z²: k + z²/2 ∓ z √(k (n - k) / n + z²/4).
{% set z = var('confidence_z') %}
{% set middle = 'converted + 0.5 * ' ~ z ~ ' * ' ~ z %}
{% set variance = quotient('converted * (mature - converted)', 'mature') %}
{% set spread = z ~ ' * sqrt(' ~ variance ~ ' + 0.25 * ' ~ z ~ ' * ' ~ z ~ ')' %}
{% set window_days = var('first_order_window_days') %}
with users as (
    select
        path,
        {{ days_between(business_date(), 'acquired_day') }} >= {{ window_days }} as is_mature,
        {{ days_between('first_order_day', 'acquired_day') }} <= {{ window_days }} as is_converted
    from {{ ref('int_users_paths') }}
),

paths as (
    select
        path,
        count(*) as users,
        count(*) filter (where is_mature) as mature,
        count(*) filter (where is_mature and is_converted) as converted
    from users
    group by path
),

compared as (
    select
        *,
        cast(sum(mature) over () as bigint) as mature_of_all,
        cast(sum(converted) over () as bigint) as converted_of_all
    from paths
),

final as (
    select
        path,
        users,
        mature as mature_users,
        {{ ratio('converted', 'mature') }} as first_order_conversion,
        {{ six_places(quotient('(' ~ middle ~ ' - ' ~ spread ~ ')', 'mature + ' ~ z ~ ' * ' ~ z)) }} as conversion_low,
        {{ six_places(quotient('(' ~ middle ~ ' + ' ~ spread ~ ')', 'mature + ' ~ z ~ ' * ' ~ z)) }} as conversion_high,
        {{ ratio('converted * mature_of_all', 'mature * converted_of_all') }} as lift
    from compared
)

select * from final
