{#
    Who invited whom, as a forest. Users are numbered in the order they were acquired; `inviters` holds each user's
    inviter (0: none). Users are taken off leaves first, each handing its count up to its inviter. Who is then left
    stands on a ring: the edge of the least number, the earliest, is dropped, and the ring unrolls like the rest.
    Linear in the users whatever the shape: a chain of a million costs what a million pairs do, where a recursive
    query over all ancestors would be quadratic. Returns one row a user; `ring_users` stands on the user whose edge
    was dropped and says how many users the ring had.
#}
{% macro create_referral_forest() %}
create or replace function {{ target.schema }}.referral_forest(inviters int[]) returns table (
    node int, inviter int, depth int, direct int, below int, levels_below int, ring_users int
) language plpgsql as $function$
declare
    users int := coalesce(cardinality(inviters), 0);
    nobody int[] := array_fill(0, array[users]);
    parent int[] := array(select unnest(inviters));
    direct int[] := nobody; waiting int[]; below int[] := nobody; levels int[] := nobody;
    depth int[] := nobody; ring_users int[] := nobody; taken int[] := nobody;
    first int := 0; last int := 0; least_left int := 1; i int; p int;
begin
    for i in 1 .. users loop
        if parent[i] > 0 then direct[parent[i]] := direct[parent[i]] + 1; end if;
    end loop;
    waiting := direct;
    for i in 1 .. users loop
        if direct[i] = 0 then last := last + 1; taken[last] := i; end if;
    end loop;
    loop
        while first < last loop
            first := first + 1; i := taken[first]; p := parent[i];
            if p > 0 then
                below[p] := below[p] + below[i] + 1; levels[p] := greatest(levels[p], levels[i] + 1);
                waiting[p] := waiting[p] - 1;
                if waiting[p] = 0 then last := last + 1; taken[last] := p; end if;
            end if;
        end loop;
        exit when last = users;
        while waiting[least_left] = 0 loop least_left := least_left + 1; end loop;
        i := least_left; p := parent[i];
        loop ring_users[least_left] := ring_users[least_left] + 1; i := parent[i]; exit when i = least_left; end loop;
        parent[least_left] := 0; direct[p] := direct[p] - 1; waiting[p] := 0;
        last := last + 1; taken[last] := p;
    end loop;
    -- Inviters were taken after all they brought: backwards, an inviter's depth is known first.
    for place in reverse users .. 1 loop
        i := taken[place];
        if parent[i] > 0 then depth[i] := depth[parent[i]] + 1; end if;
    end loop;
    return query select n.ordinality::int, n.parent, n.depth, n.direct, n.below, n.levels, n.ring_users
        from unnest(parent, depth, direct, below, levels, ring_users) with ordinality
            as n (parent, depth, direct, below, levels, ring_users, ordinality);
end $function$;
{% endmacro %}
