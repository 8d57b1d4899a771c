{% macro still_ours() %}
    {#- The last word of every model's transaction: it fails where another run has taken over, so that a build that was
        paused and superseded writes nothing more. Shared, so that models of one run do not wait for each other. It also
        shows that the run lives. Without a run (`dbt build` by hand) there is nothing to ask. -#}
    {%- if var('token', none) is not none -%}
        do $fence$ begin
            update meta.writer set heartbeat_at = clock_timestamp()
            where token = {{ var('token') }} and heartbeat_at < clock_timestamp() - interval '1 minute';
            perform from meta.writer where token = {{ var('token') }} for share;
            if not found then
                raise exception 'another run has taken over; this one writes nothing more';
            end if;
        end $fence$
    {%- endif -%}
{% endmacro %}
