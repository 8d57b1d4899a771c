{#
    Removal effects of an order-1 Markov chain over channels: by which share conversions fall when all moves into a
    channel lead nowhere instead. Edges count moves: from 0 (the start) or a channel 1..n, to a channel, 0 (the
    conversion) or null (lost). With Q the moves between channels, s the first moves, c the moves to the conversion
    and N = (I - Q)^-1 the expected visits, P(a path meets i) = (sN)_i / N_ii and P(i converts) = (Nc)_i, so what
    removing i loses of P(conversion) = sNc is their product. Source: Kemeny & Snell, Finite Markov Chains, 3.2 and 3.3.

    Every channel leads to an end of some path, so I - Q is a nonsingular M-matrix: elimination needs no pivoting.

    A channel repeated at once is a move to itself. Keeping or collapsing it changes no effect: both factors are
    first-passage probabilities of the moves made once a channel is left, and q_ij / (1 - q_ii) is exactly the share
    of j in the moves of the collapsed paths, whose counts are those of all moves but the ones to itself.
#}
{% macro create_markov_removal_effects() %}
create or replace function {{ target.schema }}.markov_removal_effects(
    channels int, edge_from int[], edge_to int[], edge_paths bigint[]
) returns table (channel int, effect double precision) language plpgsql immutable as $function$
declare
    n int := channels;
    leaving double precision[] := array_fill(0, array[n + 1]);
    first_moves double precision[] := array_fill(0, array[n]);
    to_conversion double precision[] := array_fill(0, array[n]);
    visits double precision[] := array_fill(0, array[n * n]); -- I - Q, then its inverse; row i from (i - 1) * n
    meets double precision[] := array_fill(0, array[n]);
    converts double precision[] := array_fill(0, array[n]);
    conversion double precision := 0;
    share double precision; pivot double precision; factor double precision;
    e int; i int; j int; k int;
begin
    for e in 1 .. coalesce(cardinality(edge_from), 0) loop
        leaving[edge_from[e] + 1] := leaving[edge_from[e] + 1] + edge_paths[e];
    end loop;
    for i in 1 .. n loop visits[(i - 1) * n + i] := 1; end loop;
    for e in 1 .. coalesce(cardinality(edge_from), 0) loop
        i := edge_from[e]; j := edge_to[e]; share := edge_paths[e] / leaving[i + 1];
        if i = 0 then first_moves[j] := share;
        elsif j = 0 then to_conversion[i] := share;
        elsif j is not null then visits[(i - 1) * n + j] := visits[(i - 1) * n + j] - share;
        end if;
    end loop;
    for k in 1 .. n loop
        pivot := visits[(k - 1) * n + k];
        visits[(k - 1) * n + k] := 1;
        for j in 1 .. n loop visits[(k - 1) * n + j] := visits[(k - 1) * n + j] / pivot; end loop;
        for i in 1 .. n loop
            factor := visits[(i - 1) * n + k];
            if i = k or factor = 0 then continue; end if;
            visits[(i - 1) * n + k] := 0;
            for j in 1 .. n loop
                visits[(i - 1) * n + j] := visits[(i - 1) * n + j] - factor * visits[(k - 1) * n + j];
            end loop;
        end loop;
    end loop;
    for i in 1 .. n loop
        for j in 1 .. n loop
            meets[j] := meets[j] + first_moves[i] * visits[(i - 1) * n + j];
            converts[i] := converts[i] + visits[(i - 1) * n + j] * to_conversion[j];
        end loop;
        conversion := conversion + first_moves[i] * converts[i];
    end loop;
    for i in 1 .. n loop
        channel := i;
        effect := coalesce(meets[i] / visits[(i - 1) * n + i] * converts[i] / nullif(conversion, 0), 0);
        return next;
    end loop;
end $function$;
{% endmacro %}
