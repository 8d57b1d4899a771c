// Rows after the filters, added up: the same arithmetic as measures.py does for the first view.
"use strict";
userops.measures = (() => {
  const objects = new WeakMap();
  const rowsOf = (block) => {
    if (!objects.has(block)) {
      const { names, values } = block.rows;
      objects.set(
        block,
        values.map((row) => Object.fromEntries(names.map((name, at) => [name, row[at]]))),
      );
    }
    return objects.get(block);
  };

  const monthOf = (day) => String(day).slice(0, 7);
  const inPeriod = (day, { from, to }) => (!from || monthOf(day) >= from) && (!to || monthOf(day) <= to);

  // The block's rows that fit; filters that it has no column for leave it as it is.
  const kept = (block, state, without = []) =>
    rowsOf(block).filter((row) =>
      Object.entries(block.filters).every(([filter, column]) => {
        if (without.includes(filter) || !state[filter]) return true;
        if (filter === "period") return inPeriod(row[column], state.period);
        return state[filter].includes(String(row[column] ?? ""));
      }),
    );

  const total = (values) => {
    const known = values.filter((value) => value !== null && value !== undefined);
    return known.length ? known.reduce((sum, value) => sum + value, 0) : null;
  };
  const ratio = (rows, over, under) => {
    const known = rows.filter((row) => row[over] !== null && row[under] !== null);
    const below = total(known.map((row) => row[under]));
    return below ? total(known.map((row) => row[over])) / below : null;
  };

  const truncated = (day, grain) => {
    if (grain === "month") return `${day.slice(0, 7)}-01`;
    if (grain === "day") return day;
    const date = new Date(`${day}T00:00:00Z`);
    date.setUTCDate(date.getUTCDate() - ((date.getUTCDay() + 6) % 7)); // to its Monday
    return date.toISOString().slice(0, 10);
  };

  const compared = (a, b) => {
    if (a === b) return 0;
    if (a === null || a === undefined) return 1; // what is not known comes last, whichever way
    if (b === null || b === undefined) return -1;
    return typeof a === "number" && typeof b === "number" ? a - b : String(a) < String(b) ? -1 : 1;
  };
  const sorted = (rows, order) =>
    [...rows].sort((one, other) => {
      for (const key of order) {
        const down = key.startsWith("-");
        const name = down ? key.slice(1) : key;
        const [a, b] = [one[name], other[name]];
        const known = a !== null && a !== undefined && b !== null && b !== undefined;
        const sign = down && known ? -compared(a, b) : compared(a, b);
        if (sign) return sign;
      }
      return 0;
    });

  const addUp = (block, rows, bucket) => {
    const measures = new Set([...block.sum, ...Object.keys(block.ratio), ...Object.keys(block.share ?? {})]);
    if (!block.sum.length && !Object.keys(block.ratio).length) return rows.map((row) => ({ ...row }));
    const keys = block.columns.map((column) => column.name).filter((name) => !measures.has(name));
    const day = bucket && block.filters.period;
    const groups = new Map();
    for (const row of rows) {
      const own = day ? { ...row, [day]: truncated(row[day], bucket) } : row;
      const key = JSON.stringify(keys.map((name) => own[name]));
      if (!groups.has(key)) groups.set(key, []);
      groups.get(key).push(own);
    }
    return [...groups.values()].map((members) => {
      const made = Object.fromEntries(keys.map((name) => [name, members[0][name]]));
      for (const name of block.sum) made[name] = total(members.map((row) => row[name]));
      for (const [name, [over, under]] of Object.entries(block.ratio)) made[name] = ratio(members, over, under);
      return made;
    });
  };

  // What a chart and its table show.
  const result = (block, state, bucket) => {
    let rows = addUp(block, kept(block, state), bucket);
    for (const [name, of] of Object.entries(block.share ?? {})) {
      const all = total(rows.map((row) => row[of]));
      for (const row of rows) row[name] = all && row[of] !== null ? row[of] / all : null;
    }
    rows = sorted(rows, block.order ?? []);
    return block.limit ? rows.slice(0, block.limit) : rows;
  };

  const shifted = (month, by) => {
    const [year, number] = month.split("-").map(Number);
    const at = year * 12 + number - 1 + by;
    return `${String(Math.floor(at / 12)).padStart(4, "0")}-${String((at % 12) + 1).padStart(2, "0")}`;
  };
  const months = (from, to) => {
    const [a, b] = [from, to].map((month) => month.split("-").map(Number));
    return (b[0] - a[0]) * 12 + b[1] - a[1] + 1;
  };

  const figureValue = (figure, rows) => {
    if (figure.ratio) return ratio(rows, ...figure.ratio);
    if (figure.sum) return total(rows.map((row) => row[figure.sum]));
    return rows.length ? rows[rows.length - 1][figure.value] : null;
  };

  // A headline number of the period chosen, or of the newest, beside the period of the same length before it.
  const figureResult = (block, figure, state) => {
    const column = block.filters.period;
    const rows = kept(block, state, ["period"]);
    const of = (part) => figureValue(figure, part);
    if (!column)
      return { now: of(rows), before: figure.previous && rows.length ? rows[rows.length - 1][figure.previous] : null };
    const known = [...new Set(rowsOf(block).map((row) => row[column]))].sort();
    const trend = known.map((period) => of(rows.filter((row) => row[column] === period)));
    const chosen = state.period;
    if (chosen || block.window === "all") {
      if (!known.length) return { now: null, before: null };
      const from = chosen?.from || monthOf(known[0]);
      const to = chosen?.to || monthOf(known[known.length - 1]);
      const back = months(from, to);
      const [start, end] = [shifted(from, -back), shifted(to, -back)];
      const whole = start >= monthOf(known[0]); // a comparison with half a period would mislead
      const part = (a, b) => rows.filter((row) => inPeriod(row[column], { from: a, to: b }));
      return {
        now: of(part(from, to)),
        before: chosen && whole ? of(part(start, end)) : null,
        trend,
        period: chosen ? (from === to ? from : `${from} – ${to}`) : "",
        against: start === end ? start : `${start} – ${end}`,
      };
    }
    const [last, previous] = [known[known.length - 1], known[known.length - 2]];
    const at = (period) => rows.filter((row) => row[column] === period);
    const name = (period) => (period && block.grain === "month" ? monthOf(period) : period) ?? "";
    return {
      now: of(at(last)),
      before: previous ? of(at(previous)) : null,
      trend,
      period: name(last),
      against: name(previous),
    };
  };

  return { rowsOf, result, sorted, compared, figureResult, monthOf, shifted, total };
})();
