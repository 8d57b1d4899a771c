{# Rules of tags and audiences, compiled into statements that judge all of them in one scan. #}

{# A CASE over a number from 1: the n-th of `results`; a result of none falls to `otherwise`. #}
{% macro numbered_case(number, results, otherwise='null') -%}
    {%- set results = results | list -%}
    {%- if results | select('string') | list -%}
    case {{ number }}
        {%- for result in results %}{% if result is not none %}
        when {{ loop.index }} then {{ result }}{% endif %}
        {%- endfor %}
        else {{ otherwise }}
    end
    {%- else -%}
    {{ otherwise }}
    {%- endif -%}
{%- endmacro %}

{# The other way round: which of `texts`, from 1, a text is; null for one that is not among them. #}
{% macro number_among(text, texts) -%}
    {%- set texts = quoted(texts) -%}
    {%- if texts -%}
    case {{ text }}
        {%- for one in texts %}
        when {{ one }} then {{ loop.index }}
        {%- endfor %}
    end
    {%- else -%}
    cast(null as int)
    {%- endif -%}
{%- endmacro %}

{# The columns of a wide row that are of one tag or scenario each: `tagged_1`, `tagged_2`, … of `counted`. #}
{% macro column_of_each(name, rows) -%}
    {%- set found = [] -%}
    {%- for row in rows -%}{%- do found.append('counted.' ~ name ~ '_' ~ row.number) -%}{%- endfor -%}
    {%- do return(found) -%}
{%- endmacro %}

{# Texts as SQL literals. #}
{% macro quoted(texts) -%}
    {%- set found = [] -%}
    {%- for text in texts -%}{%- do found.append("'" ~ text ~ "'") -%}{%- endfor -%}
    {%- do return(found) -%}
{%- endmacro %}

{# The value of each tag as a text; none for tags that are borne or not. #}
{% macro tag_values(tags) -%}
    {%- set found = [] -%}
    {%- for tag in tags -%}
        {%- do found.append(
            'coalesce(cast(' ~ tag.value_sql ~ ' as ' ~ dbt.type_string() ~ "), 'unknown')" if tag.value_sql else none
        ) -%}
    {%- endfor -%}
    {%- do return(found) -%}
{%- endmacro %}

{# The score of each tag; none for those that have no score of their own. #}
{% macro tag_scores(tags) -%}
    {%- set found = [] -%}
    {%- for tag in tags -%}
        {%- do found.append(
            'coalesce(' ~ six_places(tag.score_sql) ~ ', 1)' if tag.score_sql != '1' else none
        ) -%}
    {%- endfor -%}
    {%- do return(found) -%}
{%- endmacro %}
