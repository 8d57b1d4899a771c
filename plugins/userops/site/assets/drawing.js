// What all drawings share: colours, axes, tips, names and the values of an axis.
"use strict";
userops.drawing = (() => {
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  const palette = () => [1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map((n) => colour(`c${n}`));
  const narrow = () => window.innerWidth < 640;
  const column = (block, name) => block.columns.find((one) => one.name === name);
  const vocabulary = (block, name) => userops.page.words[column(block, name)?.words];
  const text = (block, name, value) => userops.show(value, column(block, name).format, vocabulary(block, name));
  const named = (block, name) => userops.words(column(block, name));
  // A value's own colour where its vocabulary gives one (a stage, a verdict), else the next of the palette.
  const colourOf = (block, name, value, at) => {
    const own = vocabulary(block, name)?.[value]?.colour;
    return own ? colour(own) : palette()[at % 10];
  };

  const base = () => ({
    animation: !userops.printing && !window.matchMedia("(prefers-reduced-motion: reduce)").matches,
    animationDuration: 300,
    animationDurationUpdate: 300,
    color: palette(),
    textStyle: { fontFamily: getComputedStyle(document.body).fontFamily, color: colour("ink") },
    grid: { left: 4, right: 14, top: 14, bottom: 4, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
    tooltip: {
      confine: true,
      backgroundColor: colour("card"),
      borderColor: colour("line"),
      padding: [8, 12],
      textStyle: { color: colour("ink"), fontSize: 13 },
      extraCssText: "box-shadow: 0 4px 16px rgb(0 0 0 / .16)",
    },
  });
  const soft = () => ({ color: colour("soft"), fontSize: 12 });
  const valueAxis = (format, more = {}) => ({
    type: "value",
    axisLabel: { ...soft(), formatter: (value) => userops.short(value, format), hideOverlap: true },
    axisLine: { show: false },
    axisTick: { show: false },
    splitLine: { lineStyle: { color: colour("line") } },
    // A share that comes near the whole ends there, in fifths: no axis promises 120 %.
    ...(format === "percent"
      ? { splitNumber: 5, max: (found) => (found.max > 0.8 && found.max <= 1 ? 1 : null) }
      : { splitNumber: narrow() ? 3 : 5, minInterval: format === "integer" ? 1 : 0 }),
    ...more,
  });
  const categoryAxis = (labels, more = {}) => ({
    type: "category",
    data: labels,
    axisLabel: { ...soft(), hideOverlap: true },
    axisLine: { lineStyle: { color: colour("line") } },
    axisTick: { show: false },
    ...more,
  });
  // Names of rows beside horizontal bars: a third of a phone's width at most.
  const namesAxis = (labels, width) =>
    categoryAxis(labels, {
      inverse: true,
      axisLabel: {
        color: colour("ink"),
        fontSize: 12,
        width: Math.min(300, Math.round(width * (narrow() ? 0.34 : 0.42))),
        overflow: "truncate",
        interval: 0,
      },
    });

  // How wide a text is, near enough: Chinese characters take the room of two letters.
  const wide = (label) => [...label].reduce((sum, sign) => sum + (sign.charCodeAt(0) > 0x2e80 ? 12.5 : 6.8), 0);

  const escaped = (value) => String(value).replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
  const row = (label, value, mark = "") =>
    `<div class="tip-row"><span>${mark}${escaped(label)}</span><b>${escaped(value)}</b></div>`;
  const tip = (head, rows) => `<div class="tip"><strong>${escaped(head)}</strong>${rows.join("")}</div>`;
  // Everything that a row says, under its title.
  const rowTip = (block, data, title) =>
    tip(
      text(block, title, data[title]),
      block.columns
        .filter((one) => one.name !== title)
        .map((one) => row(userops.words(one), text(block, one.name, data[one.name]))),
    );

  const DAY = 86400000;
  const time = (day) => Date.parse(`${day}T00:00:00Z`);
  const iso = (at) => new Date(at).toISOString().slice(0, 10);
  // Every period from the first to the last: months, or as many days apart as the closest two are.
  const periods = (values, grain) => {
    const all = [];
    const gaps = values.slice(1).map((value, at) => time(value) - time(values[at]));
    const step = Math.max(DAY, Math.min(...gaps));
    for (let at = time(values[0]); iso(at) <= values[values.length - 1] && all.length < 2000;) {
      all.push(iso(at));
      const date = new Date(at);
      at = grain === "month" ? date.setUTCMonth(date.getUTCMonth() + 1) : at + step;
    }
    return values.every((value) => all.includes(value)) ? all : values;
  };
  // The values of an axis: periods without a hole, anything else as it comes.
  const axisValues = (block, name, rows, bucket) => {
    const values = [...new Set(rows.map((one) => one[name]))];
    const grain = bucket ?? { month: "month", week: "week", day: "day" }[column(block, name).format];
    if (!grain || values.length < 2 || values.includes(null)) return values;
    return periods(values.sort(), grain);
  };
  const axisText = (block, name, value, bucket) =>
    bucket === "month" ? String(value).slice(0, 7) : text(block, name, value);

  const references = (block, across = "yAxis") =>
    (block.lines ?? []).map((line) => ({
      [across]: line.value,
      name: userops.words(line.name),
      lineStyle: { color: colour("soft"), type: "dashed" },
      label: {
        formatter: userops.words(line.name),
        color: colour("soft"),
        position: across === "xAxis" ? "start" : "insideEndTop",
        distance: 4,
        fontSize: 11,
      },
    }));
  const markLine = (data) => (data.length ? { markLine: { silent: true, symbol: "none", data } } : {});

  return {
    colour,
    palette,
    narrow,
    column,
    vocabulary,
    text,
    named,
    colourOf,
    base,
    valueAxis,
    categoryAxis,
    namesAxis,
    escaped,
    row,
    tip,
    rowTip,
    axisValues,
    axisText,
    references,
    wide,
    markLine,
    soft,
  };
})();
