{#
    Union-find over numbered identifiers. Numbers follow the order in which identifiers were first seen, so the least
    number of a component is its earliest-seen identifier. Edges come sorted by day: joining two components that both
    stood before that day is a merge. Returns one row a node ('node') and one a merge ('merge').
#}
{% macro create_connected_components() %}
create or replace function {{ target.schema }}.connected_components(
    seen date[], edge_a int[], edge_b int[], edge_day date[]
) returns table (what text, node int, root int, merged_on date) language plpgsql as $function$
declare
    parent int[] := array(select generate_series(1, coalesce(cardinality(seen), 0)));
    merged int[] := '{}'; merge_day date[] := '{}';
    a int; b int; i int;
begin
    for i in 1 .. coalesce(cardinality(edge_a), 0) loop
        a := edge_a[i]; b := edge_b[i];
        while parent[a] <> a loop parent[a] := parent[parent[a]]; a := parent[a]; end loop;
        while parent[b] <> b loop parent[b] := parent[parent[b]]; b := parent[b]; end loop;
        if a = b then continue; end if;
        if a > b then a := a + b; b := a - b; a := a - b; end if;
        parent[b] := a;
        if seen[b] < edge_day[i] then merged := merged || b; merge_day := merge_day || edge_day[i]; end if;
    end loop;
    -- A parent's number is below its child's: one ascending pass points every node at its root.
    for i in 1 .. coalesce(cardinality(parent), 0) loop parent[i] := parent[parent[i]]; end loop;
    return query select 'node', n.ordinality::int, n.up, null::date
        from unnest(parent) with ordinality as n (up, ordinality);
    return query select 'merge', m.b, parent[m.b], m.day from unnest(merged, merge_day) as m (b, day);
end $function$;
{% endmacro %}
