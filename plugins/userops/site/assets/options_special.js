// Blocks as ECharts options: heat maps, Sankeys, intervals.
"use strict";
(() => {
  const d = userops.drawing;

  // Two colours of hexadecimal notation, mixed.
  const mixed = (from, to, share) => {
    const parts = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
    const [a, b] = [parts(from), parts(to)];
    return `rgb(${a.map((part, at) => Math.round(part + (b[at] - part) * share)).join(",")})`;
  };
  const isLight = (rgb) => {
    const [r, g, b] = rgb.match(/\d+/g).map(Number);
    return r * 0.299 + g * 0.587 + b * 0.114 > 150;
  };

  userops.options.heatmap = (block, rows, own) => {
    const measure = own.measure ?? block.values[0];
    const format = d.column(block, measure).format;
    const axis = (name) => [...new Set(rows.map((row) => row[name]))];
    const [across, down] = [d.axisValues(block, block.x, rows), axis(block.y)];
    const words = Object.keys(d.vocabulary(block, block.x) ?? {});
    if (across.every((value) => typeof value === "number")) across.sort((a, b) => a - b);
    else if (across.every((value) => words.includes(value))) across.sort((a, b) => words.indexOf(a) - words.indexOf(b));
    const known = rows.filter((row) => row[measure] !== null);
    // The first column of a cohort is the cohort itself: it would leave the rest one pale colour.
    const scaled = block.scale_from === undefined ? known : known.filter((row) => row[block.x] >= block.scale_from);
    const values = (scaled.length ? scaled : known).map((row) => row[measure]);
    const [least, most] = [Math.min(...values), Math.max(...values)];
    const shade = (value) =>
      mixed(
        d.colour("low"),
        d.colour("high"),
        most > least ? Math.min(1, Math.max(0, (value - least) / (most - least))) : 0.5,
      );
    const size = (name) => {
      if (!block.note) return "";
      const row = rows.find((one) => one[block.y] === name && one[block.note] !== null);
      return row ? ` (${userops.show(row[block.note], "integer")})` : "";
    };
    const cells = known.map((row) => {
      const fill = shade(row[measure]);
      return {
        value: [across.indexOf(row[block.x]), down.indexOf(row[block.y]), row[measure]],
        row,
        itemStyle: { color: fill, borderColor: d.colour("card"), borderWidth: 1, borderRadius: 3 },
        label: { color: isLight(fill) ? "#16202a" : "#ffffff" },
      };
    });
    const labels = across.map((value) => d.text(block, block.x, value));
    const cell = (own.width * (d.narrow() ? 0.66 : 0.78)) / across.length;
    const tilted = d.column(block, block.x).format === "text" && Math.max(...labels.map(d.wide)) + 6 > cell;
    const roomy = cell > (format === "money" ? 46 : 38);
    return {
      option: {
        ...d.base(),
        grid: { ...d.base().grid, top: 4 },
        tooltip: {
          ...d.base().tooltip,
          trigger: "item",
          formatter: (point) => d.rowTip(block, point.data.row, block.y),
        },
        xAxis: d.categoryAxis(labels, {
          position: "top",
          axisLine: { show: false },
          axisLabel: {
            ...d.soft(),
            hideOverlap: !tilted,
            ...(tilted && { rotate: 45, interval: 0, width: 110, overflow: "truncate" }),
          },
        }),
        yAxis: {
          ...d.namesAxis(
            down.map((value) => d.text(block, block.y, value) + size(value)),
            own.width,
          ),
          axisLine: { show: false },
        },
        series: [
          {
            type: "heatmap",
            data: cells,
            emphasis: { itemStyle: { borderColor: d.colour("ink"), borderWidth: 2 } },
            label: {
              show: roomy,
              fontSize: 11,
              formatter: (point) => (format === "percent" ? userops.show : userops.short)(point.value[2], format),
            },
          },
        ],
      },
      height: down.length * 27 + (tilted ? 110 : 44),
      legend: [],
      scale: known.length ? [userops.show(least, format), userops.show(most, format)] : null,
      axes: `${d.named(block, block.y)} ↓  ${d.named(block, block.x)} →`,
    };
  };

  userops.options.sankey = (block, rows) => {
    const side = (name, end) => `${end} ${name ?? ""}`;
    const label = (column, value) => (value === null ? userops.t("new_users") : d.text(block, column, value));
    const order = Object.keys(d.vocabulary(block, block.target) ?? {});
    const shade = (value) =>
      value === null ? d.colour("soft") : d.colourOf(block, block.target, value, Math.max(0, order.indexOf(value)));
    const names = (column) =>
      [...new Set(rows.map((row) => row[column]))].sort((a, b) => order.indexOf(a) - order.indexOf(b));
    const node = (column, end) => (value) => ({
      name: side(value, end),
      depth: end === "to" ? 1 : 0,
      itemStyle: { color: shade(value) },
      label: { formatter: label(column, value), position: end === "to" ? "left" : "right", color: d.colour("ink") },
    });
    const moved = rows.filter((row) => row[block.value] > 0);
    return {
      option: {
        ...d.base(),
        tooltip: {
          ...d.base().tooltip,
          trigger: "item",
          formatter: (point) =>
            point.dataType === "edge"
              ? d.tip(
                  `${label(block.source, point.data.row[block.source])} → ${label(block.target, point.data.row[block.target])}`,
                  [
                    d.row(
                      d.named(block, block.value),
                      userops.show(point.data.value, d.column(block, block.value).format),
                    ),
                  ],
                )
              : d.tip(point.data.label.formatter, [
                  d.row(d.named(block, block.value), userops.show(point.value, "integer")),
                ]),
        },
        series: [
          {
            type: "sankey",
            left: 2,
            right: 2,
            top: 8,
            bottom: 16,
            nodeGap: 12,
            nodeWidth: 12,
            layoutIterations: 0,
            draggable: false,
            emphasis: { focus: "adjacency" },
            lineStyle: { color: "source", opacity: 0.35, curveness: 0.5 },
            label: { fontSize: 12 },
            data: [
              ...names(block.source).map(node(block.source, "from")),
              ...names(block.target).map(node(block.target, "to")),
            ],
            links: moved.map((row) => ({
              source: side(row[block.source], "from"),
              target: side(row[block.target], "to"),
              value: row[block.value],
              row,
            })),
          },
        ],
      },
      height: 440,
      legend: [],
    };
  };

  userops.options.interval = (block, rows, { width }) => {
    const format = d.column(block, block.point).format;
    // A ratio of 0 has no place on a scale of doublings: it stands at the left end.
    const least = 0.0625;
    const placed = (value) => (block.log && value !== null ? Math.max(value, least) : value);
    const shade = (row, at) => (block.colour ? d.colourOf(block, block.colour, row[block.colour], at) : d.palette()[0]);
    const bar = (params, api) => {
      const [y, low, high] = [api.value(0), api.value(1), api.value(2)];
      const [from, to] = [api.coord([low, y]), api.coord([high, y])];
      const stroke = shade(rows[y], y);
      const line = (x1, y1, x2, y2) => ({ type: "line", shape: { x1, y1, x2, y2 }, style: { stroke, lineWidth: 2.5 } });
      return {
        type: "group",
        children: [
          line(from[0], from[1], to[0], to[1]),
          line(from[0], from[1] - 5, from[0], from[1] + 5),
          line(to[0], to[1] - 5, to[0], to[1] + 5),
        ],
      };
    };
    const points = rows
      .map((row, y) => ({ value: [placed(row[block.point]), y], itemStyle: { color: shade(row, y) } }))
      .filter((one) => one.value[0] !== null);
    const marks = block.mark
      ? rows.map((row, y) => [placed(row[block.mark]), y]).filter(([value]) => value !== null)
      : [];
    const verdicts = block.colour ? [...new Set(rows.map((row) => row[block.colour]))] : [];
    return {
      option: {
        ...d.base(),
        tooltip: {
          ...d.base().tooltip,
          trigger: "item",
          formatter: (point) =>
            d.rowTip(block, rows[point.seriesType === "custom" ? point.value[0] : point.value[1]], block.y),
        },
        grid: { ...d.base().grid, top: block.lines?.length ? 24 : 14 },
        xAxis: d.valueAxis(format, block.log ? { type: "log", logBase: 2, min: least } : { scale: true }),
        yAxis: {
          ...d.namesAxis(
            rows.map((row) => d.text(block, block.y, row[block.y])),
            width,
          ),
          splitLine: { show: true, lineStyle: { color: d.colour("line") } },
        },
        series: [
          {
            type: "custom",
            renderItem: bar,
            encode: { x: [1, 2], y: 0 },
            data: rows
              .map((row, y) => [y, placed(row[block.low]), placed(row[block.high])])
              .filter(([, low, high]) => low !== null && high !== null),
            ...d.markLine(d.references(block, "xAxis")),
          },
          { type: "scatter", symbolSize: 10, data: points, z: 3 },
          {
            type: "scatter",
            symbol: "rect",
            symbolSize: [3, 20],
            data: marks,
            itemStyle: { color: d.colour("ink") },
            z: 4,
          },
        ],
      },
      height: rows.length * 30 + 44,
      legend: [
        ...verdicts.map((value, at) => ({
          name: d.text(block, block.colour, value),
          colour: d.colourOf(block, block.colour, value, at),
          fixed: true,
        })),
        ...(block.mark
          ? [{ name: d.named(block, block.mark), colour: d.colour("ink"), fixed: true, shape: "tick" }]
          : []),
      ],
      picked: (point) => ({ y: rows[point.seriesType === "custom" ? point.value[0] : point.value[1]][block.y] }),
    };
  };
})();
