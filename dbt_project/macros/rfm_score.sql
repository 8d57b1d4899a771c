{#
    A score of 1 to 5 by the four ascending cut points that the variable `rfm_bounds` gives for a figure, else `otherwise`.
    Few days since the last order are better, many orders and much money are; a value equal to a cut point gets the better
    score.
#}
{% macro rfm_score(figure, otherwise) -%}
    {%- set all_bounds = var('rfm_bounds') or {} -%}
    {%- for name, bounds in all_bounds.items() -%}
        {%- if name not in ['recency_days', 'frequency', 'monetary'] -%}
            {%- do exceptions.raise_compiler_error(
                'The variable rfm_bounds names ' ~ name ~ ': use recency_days, frequency and monetary.'
            ) -%}
        {%- endif -%}
        {%- if bounds | length != 4 or bounds | unique | sort | list != bounds | list -%}
            {%- do exceptions.raise_compiler_error(
                'The variable rfm_bounds gives ' ~ name ~ ' ' ~ bounds ~ ': give four ascending cut points.'
            ) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if figure not in all_bounds -%}
    {{ otherwise }}
    {%- elif figure == 'recency_days' -%}
    case
        {%- for bound in all_bounds[figure] %}
        when {{ figure }} <= {{ bound }} then {{ 6 - loop.index }}
        {%- endfor %}
        else 1
    end
    {%- else -%}
    case
        {%- for bound in all_bounds[figure] | reverse %}
        when {{ figure }} >= {{ bound }} then {{ 6 - loop.index }}
        {%- endfor %}
        else 1
    end
    {%- endif -%}
{%- endmacro %}
