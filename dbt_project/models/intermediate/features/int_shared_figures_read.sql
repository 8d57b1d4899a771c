-- The figures that other people's orders move, as this night's tags were judged by.
-- depends_on: {{ ref('int_restated_users') }}
select * from {{ ref('int_shared_figures') }}
