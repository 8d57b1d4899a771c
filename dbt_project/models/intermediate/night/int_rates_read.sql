-- The rates that this night's orders were converted with.
-- depends_on: {{ ref('int_changed_goods') }}
select rate_date, currency, rate from {{ ref('stg_fx_rates') }}
