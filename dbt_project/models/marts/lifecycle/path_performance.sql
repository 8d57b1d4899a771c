-- Wilson's interval of a share k / n, both ends over n + z²: k + z²/2 ∓ z √(k (n - k) / n + z²/4).
{% set z = var('confidence_zcast(') ~ ' as numeric)' %}
{% set middle = 'converted + ' ~ z ~ ' ^ 2 / 2' %}
{% set spread = z ~ ' * sqrt(converted * (mature - converted) / cast(nullif(mature, 0) as numeric) + ' ~ z ~ ' ^ 2 / 4)' %}
{% set window_days = var('first_order_window_days') %}
with paths as (

    select
        path,
        count(*) as users,
        count(*) filter (where {{ business_date() }} - acquired_day >= {{ window_days }}) as mature,
        count(*) filter (
            where
            {{ business_date() }} - acquired_day >= {{ window_days }}
            and first_order_day - acquired_day <= {{ window_days }}
        ) as converted
    from {{ ref('int_users_paths') }}
    group by path

),

compared as (

    select
        *,
        {{ ratio('converted', 'mature') }} as first_order_conversion,
        {{ ratio('sum(converted) over ()', 'sum(mature) over ()') }} as conversion_of_all
    from paths

)

select
    path,
    users,
    mature as mature_users,
    first_order_conversion,
    {{ ratio(middle ~ ' - ' ~ spread, 'mature + ' ~ z ~ ' ^ 2') }} as conversion_low,
    {{ ratio(middle ~ ' + ' ~ spread, 'mature + ' ~ z ~ ' ^ 2') }} as conversion_high,
    {{ ratio('first_order_conversion', 'conversion_of_all') }} as lift
from compared
