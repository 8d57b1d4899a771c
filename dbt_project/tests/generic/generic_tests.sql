{% test unique_combination(model, columns) %}
select {{ columns | join(', ') }}, count(*) as copies
from {{ model }}
group by {{ columns | join(', ') }}
having count(*) > 1
{% endtest %}

{% test not_negative(model, column_name) %}
select {{ column_name }} from {{ model }} where {{ column_name }} < 0
{% endtest %}

{# The sum of one expression must equal that of another relation: the guard against fan-out. #}
{% test same_total(model, expression, other, other_expression) %}
select mine.total, theirs.total as expected
from (select coalesce(sum({{ expression }}), 0) as total from {{ model }}) as mine
cross join (select coalesce(sum({{ other_expression }}), 0) as total from {{ other }}) as theirs
where mine.total <> theirs.total
{% endtest %}

{# dbt's `not_null` over several columns in one reading. #}
{% test complete(model, columns) %}
select {{ columns | join(', ') }}
from {{ model }}
where {% for column in columns %}{{ column }} is null{{ ' or ' if not loop.last }}{% endfor %}
{% endtest %}
