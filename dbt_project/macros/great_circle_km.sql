{# Great-circle distance in km (double precision) of two points in degrees (double precision): the haversine formula. #}
{% macro great_circle_km(latitude_a, longitude_a, latitude_b, longitude_b) -%}
    2 * {{ var('earth_radius_km') }} * asin(least(1, sqrt(
        power(sin(radians({{ latitude_b }} - {{ latitude_a }}) / 2), 2)
        + cos(radians({{ latitude_a }})) * cos(radians({{ latitude_b }}))
        * power(sin(radians({{ longitude_b }} - {{ longitude_a }}) / 2), 2)
    )))
{%- endmacro %}
