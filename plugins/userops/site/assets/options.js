// Blocks as ECharts options: bars, lines, dots, bubbles, funnels.
"use strict";
userops.options = {};
(() => {
  const d = userops.drawing;
  const MOST_SERIES = 10;

  // The series of a bar or line chart: a column each, or a value of `series` each, the small ones together.
  const seriesOf = (block, rows, categories) => {
    if (!block.series)
      return block.y.map((name, at) => {
        const by = new Map(rows.map((row) => [row[block.x], row[name]]));
        return {
          name: d.named(block, name),
          column: name,
          colour: d.palette()[at],
          data: categories.map((value) => by.get(value) ?? null),
        };
      });
    const [name] = block.y;
    const sizes = new Map();
    for (const row of rows)
      sizes.set(row[block.series], (sizes.get(row[block.series]) ?? 0) + Math.abs(row[name] ?? 0));
    const known = d.vocabulary(block, block.series) ?? {};
    const order = Object.keys(known);
    const values = [...sizes.keys()].sort((a, b) => {
      const [i, j] = [order.indexOf(String(a)), order.indexOf(String(b))];
      return i >= 0 && j >= 0 && i !== j ? i - j : sizes.get(b) - sizes.get(a) || userops.measures.compared(a, b);
    });
    const adds = (block.sum ?? []).includes(name);
    const shown = values.length > MOST_SERIES ? values.slice(0, MOST_SERIES - 1) : values;
    const made = shown.map((value, at) => ({
      name: d.text(block, block.series, value),
      column: name,
      value,
      colour: d.colourOf(block, block.series, value, at),
      data: [],
    }));
    const other = { name: userops.t("other"), column: name, colour: d.colour("soft"), data: [] };
    const cells = new Map(rows.map((row) => [`${row[block.series]} ${row[block.x]}`, row[name]]));
    for (const category of categories) {
      for (const one of made) one.data.push(cells.get(`${one.value} ${category}`) ?? null);
      other.data.push(
        userops.measures.total(values.slice(shown.length).map((value) => cells.get(`${value} ${category}`) ?? null)),
      );
    }
    return adds && values.length > shown.length ? [...made, other] : made;
  };

  const axisTip = (block, categories, bucket) => (points) => {
    const shown = points.filter((point) => point.value !== null && point.value !== undefined && point.value !== "-");
    const lines = shown.map((point) =>
      d.row(
        point.seriesName,
        userops.show(point.value, d.column(block, point.seriesId.split("|")[0]).format),
        point.marker,
      ),
    );
    return d.tip(d.axisText(block, block.x, categories[points[0].dataIndex], bucket), lines);
  };

  const cartesian = (block, rows, { bucket, width }, kind) => {
    const categories = d.axisValues(block, block.x, rows, bucket);
    const series = seriesOf(block, rows, categories);
    const labels = categories.map((value) => d.axisText(block, block.x, value, bucket));
    const format = d.column(block, block.y[0]).format;
    const across = block.horizontal;
    const stacked = block.stack || block.area;
    const first = across
      ? d.valueAxis(format)
      : d.categoryAxis(
          labels,
          kind === "bar"
            ? {}
            : { boundaryGap: false, axisLabel: { ...d.soft(), hideOverlap: true, alignMaxLabel: "right" } },
        );
    const second = across ? d.namesAxis(labels, width) : d.valueAxis(format);
    // A bar chart of one series whose rows have colours of their own: stages, verdicts.
    const known = d.vocabulary(block, block.x);
    const own =
      series.length === 1 ? categories.map((value) => known?.[value]?.colour && d.colour(known[value].colour)) : [];
    const made = series.map((one, at) => ({
      id: `${one.column}|${at}`,
      name: one.name,
      type: kind,
      data: one.data.map((value, index) =>
        kind === "bar" && own[index] ? { value, itemStyle: { color: own[index] } } : value,
      ),
      ...(stacked && { stack: "all" }),
      ...(kind === "bar"
        ? {
            itemStyle: { color: one.colour, borderRadius: stacked ? 0 : across ? [0, 3, 3, 0] : [3, 3, 0, 0] },
            barMaxWidth: 34,
          }
        : {
            itemStyle: { color: one.colour },
            lineStyle: { color: one.colour, width: block.area ? 1 : 2 },
            symbolSize: 6,
            connectNulls: false,
            showSymbol: categories.length < 40 && !block.area,
            ...(block.area && { areaStyle: { color: one.colour, opacity: 0.75 } }),
          }),
      ...(at === 0 && d.markLine(d.references(block, across ? "xAxis" : "yAxis"))),
    }));
    const onRight = (block.line ?? []).filter((name) => rows.some((row) => row[name] !== null));
    const extra = onRight.map((name, at) => {
      const by = new Map(rows.map((row) => [row[block.x], row[name]]));
      const tone = d.palette()[series.length + at];
      return {
        id: `${name}|line`,
        name: d.named(block, name),
        type: "line",
        yAxisIndex: 1,
        data: categories.map((value) => by.get(value) ?? null),
        itemStyle: { color: tone },
        lineStyle: { color: tone, width: 2 },
        symbolSize: 6,
      };
    });
    const right = onRight.length
      ? [d.valueAxis(d.column(block, onRight[0]).format, { splitLine: { show: false } })]
      : [];
    return {
      option: {
        ...d.base(),
        grid: { ...d.base().grid, top: across && block.lines?.length ? 24 : 14 },
        tooltip: {
          ...d.base().tooltip,
          trigger: "axis",
          axisPointer: { type: kind === "bar" ? "shadow" : "line" },
          formatter: axisTip(block, categories, bucket),
        },
        xAxis: first,
        yAxis: [second, ...right],
        series: [...made, ...extra],
      },
      height: across
        ? categories.length * (stacked || series.length === 1 ? 28 : 14 * series.length + 14) + 44
        : userops.printing
          ? 220
          : 290,
      legend:
        [...made, ...extra].length > 1
          ? [...made, ...extra].map((one) => ({ name: one.name, colour: one.itemStyle.color }))
          : [],
      values: across || block.series ? [] : series[0].data.map((value, at) => [labels[at], value]),
      picked: (point) => ({ x: categories[point.dataIndex], series: series[point.seriesIndex]?.value }),
    };
  };

  userops.options.bar = (block, rows, own) => cartesian(block, rows, own, "bar");
  userops.options.line = (block, rows, own) => cartesian(block, rows, own, "line");

  const SYMBOLS = ["circle", "rect", "triangle", "diamond", "emptyCircle", "emptyRect", "emptyTriangle"];
  userops.options.dots = (block, rows, { width }) => {
    const series = block.values.map((name, at) => ({
      id: name,
      name: d.named(block, name),
      type: "scatter",
      symbol: SYMBOLS[at % 7],
      symbolSize: 11,
      itemStyle: { color: d.palette()[at], opacity: 0.85 },
      data: rows.map((row, y) => [row[name], y]).filter(([value]) => value !== null),
    }));
    return {
      option: {
        ...d.base(),
        tooltip: {
          ...d.base().tooltip,
          trigger: "item",
          formatter: (point) => d.rowTip(block, rows[point.value[1]], block.y),
        },
        xAxis: d.valueAxis(d.column(block, block.values[0]).format),
        yAxis: {
          ...d.namesAxis(
            rows.map((row) => d.text(block, block.y, row[block.y])),
            width,
          ),
          splitLine: { show: true, lineStyle: { color: d.colour("line") } },
        },
        series,
      },
      height: rows.length * 32 + 44,
      legend: series.map((one) => ({ name: one.name, colour: one.itemStyle.color })),
      picked: (point) => ({ y: rows[point.value[1]][block.y] }),
    };
  };

  userops.options.scatter = (block, rows) => {
    const shown = rows.filter((row) => row[block.x] !== null && row[block.y] !== null);
    const largest = Math.max(...shown.map((row) => row[block.size] ?? 0), 1);
    const groups = block.colour ? [...new Set(shown.map((row) => row[block.colour]))] : [null];
    const series = groups.map((group, at) => ({
      id: `g${at}`,
      type: "scatter",
      name: block.colour ? d.text(block, block.colour, group) : d.named(block, block.y),
      itemStyle: { color: block.colour ? d.colourOf(block, block.colour, group, at) : d.palette()[0], opacity: 0.75 },
      label: {
        show: shown.length <= 20,
        position: "top",
        color: d.colour("ink"),
        fontSize: 11,
        formatter: (point) => d.text(block, block.label, shown[point.value[2]][block.label]),
      },
      labelLayout: { hideOverlap: true },
      symbolSize: (value) => (block.size ? 8 + 30 * Math.sqrt((shown[value[2]][block.size] ?? 0) / largest) : 12),
      data: shown
        .map((row, index) => [row[block.x], row[block.y], index])
        .filter((_, index) => !block.colour || shown[index][block.colour] === group),
    }));
    const most = Math.min(Math.max(...shown.map((row) => row[block.x])), Math.max(...shown.map((row) => row[block.y])));
    if (block.diagonal && series.length)
      series[0].markLine = {
        silent: true,
        symbol: "none",
        lineStyle: { color: d.colour("soft"), type: "dashed" },
        label: {
          formatter: userops.words(block.diagonal),
          color: d.colour("soft"),
          fontSize: 11,
          position: "insideEndTop",
        },
        data: [[{ coord: [0, 0] }, { coord: [most, most] }]],
      };
    return {
      option: {
        ...d.base(),
        grid: { ...d.base().grid, top: 24 },
        tooltip: {
          ...d.base().tooltip,
          trigger: "item",
          formatter: (point) => d.rowTip(block, shown[point.value[2]], block.label),
        },
        xAxis: d.valueAxis(d.column(block, block.x).format),
        yAxis: d.valueAxis(d.column(block, block.y).format),
        series,
      },
      height: 360,
      legend: block.colour ? series.map((one) => ({ name: one.name, colour: one.itemStyle.color })) : [],
      axes: `${d.named(block, block.y)} ↑  ${d.named(block, block.x)} →`,
      picked: (point) => ({ label: shown[point.value?.[2]]?.[block.label] }),
    };
  };

  userops.options.funnel = (block, rows, { width }) => {
    const share = (part, whole) => (whole ? userops.show(part / whole, "percent") : "–");
    const values = rows.map((row) => row[block.value]);
    const words = (at) =>
      at === 0
        ? userops.show(values[0], "integer")
        : `${userops.show(values[at], "integer")}  ·  ${d.narrow() ? share(values[at], values[0]) : userops.t("share_of_first", { share: share(values[at], values[0]) })}`;
    return {
      option: {
        ...d.base(),
        grid: { ...d.base().grid, right: d.narrow() ? 96 : 190 },
        tooltip: {
          ...d.base().tooltip,
          trigger: "item",
          formatter: ({ dataIndex: at }) =>
            d.tip(d.text(block, block.step, rows[at][block.step]), [
              d.row(d.named(block, block.value), userops.show(values[at], "integer")),
              d.row(userops.t("of_first"), share(values[at], values[0])),
              ...(at ? [d.row(userops.t("of_before"), share(values[at], values[at - 1]))] : []),
            ]),
        },
        xAxis: d.valueAxis("integer", { show: false }),
        yAxis: {
          ...d.namesAxis(
            rows.map((row) => d.text(block, block.step, row[block.step])),
            width,
          ),
          axisLine: { show: false },
        },
        series: [
          {
            type: "bar",
            barMaxWidth: 30,
            itemStyle: { color: d.palette()[0], borderRadius: [0, 3, 3, 0] },
            data: values,
            label: {
              show: true,
              position: "right",
              color: d.colour("ink"),
              fontSize: 12,
              formatter: ({ dataIndex }) => words(dataIndex),
            },
          },
        ],
      },
      height: rows.length * 40 + 24,
      legend: [],
      values: rows.map((row) => [d.text(block, block.step, row[block.step]), row[block.value]]),
    };
  };
})();
