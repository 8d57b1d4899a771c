{#
    The last statement of every model that a run builds in the warehouse: it fails where another run has acquired the
    writer's token, so that a run which was paused and superseded writes nothing more. Shared, so that models of one
    run do not wait for each other. By hand (target `dev`) there is no token to hold.
#}
{% macro assert_writer_token() -%}
    {%- if execute and target.name == 'postgres' -%}
        do $fence$ begin
            perform from meta.writer where token = {{ run_parameter('token') }} for share;
            if not found then
                raise exception 'superseded: another run has acquired the writer token, this one writes nothing more';
            end if;
        end $fence$
    {%- endif -%}
{%- endmacro %}
