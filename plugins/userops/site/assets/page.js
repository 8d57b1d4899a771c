// Puts the page's blocks together: chart or table, its tools, again on every filter, language and theme.
"use strict";
userops.page = window.useropsPage;
(() => {
  const { element, t, page } = userops;
  const charts = new Map(); // block id → what it draws with
  const own = new Map(page.blocks.map((block) => [block.id, { bucket: block.buckets?.[0] }]));

  const section = (block) => document.getElementById(block.id);
  const body = (block) => section(block).querySelector(".body");

  const switcher = (name, choices, current, choose) =>
    element(
      "select",
      { "aria-label": name, onchange: (event) => choose(event.target.value) },
      ...choices.map(([value, label]) => element("option", { value, selected: value === current }, label)),
    );

  const tools = (block, rows) => {
    const mine = own.get(block.id);
    const title = userops.words(block.title);
    const made = [];
    const again = (changes) => {
      Object.assign(mine, changes);
      draw(block);
    };
    if (block.buckets?.length > 1)
      made.push(
        switcher(
          `${t("step")}: ${title}`,
          block.buckets.map((grain) => [grain, t(grain)]),
          mine.bucket,
          (bucket) => again({ bucket }),
        ),
      );
    if (block.type === "heatmap" && block.values.length > 1)
      made.push(
        switcher(
          `${t("measure")}: ${title}`,
          block.values.map((name) => [name, userops.drawing.named(block, name)]),
          mine.measure ?? block.values[0],
          (measure) => again({ measure }),
        ),
      );
    if (mine.areas?.length > 1)
      made.push(
        switcher(
          `${t("area")}: ${title}`,
          mine.areas.map((name, at) => [String(at), name]),
          String(mine.area ?? 0),
          (area) => again({ area: Number(area) }),
        ),
      );
    if (block.type !== "table")
      made.push(
        element(
          "button",
          {
            type: "button",
            class: "as-table",
            "aria-pressed": String(Boolean(mine.table)),
            "aria-label": t("table_label", { title }),
            onclick: () => again({ table: !mine.table, focus: "as-table" }),
          },
          mine.table ? t("chart") : t("table"),
        ),
      );
    made.push(
      element(
        "button",
        {
          type: "button",
          class: "csv",
          "aria-label": t("csv_label", { title }),
          onclick: () =>
            userops.table.download(block, userops.measures.result(block, userops.filters.state(), mine.bucket)),
        },
        t("csv"),
      ),
    );
    section(block)
      .querySelector(".tools")
      .replaceChildren(...made);
    if (mine.focus === "as-table") section(block).querySelector(".as-table")?.focus();
  };

  const legendOf = (chart, drawn) => {
    if (drawn.axes) {
      const scale = drawn.scale ? [drawn.scale[0], element("i", {}), drawn.scale[1]] : [];
      return element(
        "p",
        { class: "legend scale", "aria-hidden": "true" },
        element("span", { class: "axes" }, drawn.axes),
        ...scale,
      );
    }
    if (!drawn.legend.length) return null;
    const off = new Set();
    return element(
      "ul",
      { class: "legend" },
      ...drawn.legend.map(({ name, colour, fixed, shape }) => {
        const swatch = element("i", { style: `background:${colour}`, class: shape ?? null });
        if (fixed) return element("li", {}, swatch, name);
        const button = element(
          "button",
          {
            type: "button",
            "aria-pressed": "true",
            onclick: () => {
              off.has(name) ? off.delete(name) : off.add(name);
              button.setAttribute("aria-pressed", String(!off.has(name)));
              chart.setOption({
                legend: {
                  show: false,
                  selected: Object.fromEntries(drawn.legend.map((one) => [one.name, !off.has(one.name)])),
                },
              });
            },
          },
          swatch,
          name,
        );
        return element("li", {}, button);
      }),
    );
  };

  // What a screen reader says of a chart: its size, and of a series over time the ends.
  const spoken = (block, rows, drawn) => {
    const known = (drawn.values ?? []).filter(([, value]) => value !== null && value !== undefined);
    const format = userops.drawing.column(block, block.y?.[0] ?? block.value ?? block.columns[0].name)?.format;
    const say = (key, [at, value]) => t(key, { value: userops.show(value, format), at });
    const bySize = [...known].sort((a, b) => a[1] - b[1]);
    const parts =
      known.length > 2
        ? [say("latest", known[known.length - 1]), say("highest", bySize[bySize.length - 1]), say("lowest", bySize[0])]
        : [];
    return t("aria_chart", {
      title: userops.words(block.title),
      n: rows.length,
      more: parts.length
        ? (userops.language() === "zh" ? "，" : ": ") + parts.join(userops.language() === "zh" ? "，" : ", ")
        : "",
    });
  };

  // A click narrows the page where what was clicked is something that the page can be narrowed by.
  const ROLES = ["x", "y", "series", "label"];
  const picks = (block) =>
    Object.entries(block.filters).filter(
      ([filter, column]) => filter !== "period" && ROLES.some((role) => block[role] === column),
    );
  const pick = (block, chosen) => {
    for (const [filter, column] of picks(block)) {
      const part = Object.entries(chosen).find(([role]) => block[role] === column);
      if (part?.[1] != null) userops.filters.toggle(filter, String(part[1]));
    }
  };

  const drawChart = (block, rows, into, width = into.clientWidth) => {
    const mine = own.get(block.id);
    const drawn = userops.options[block.type](block, rows, { ...mine, width });
    Object.assign(mine, { areas: drawn.areas, area: drawn.area });
    const holder = element("div", {
      class: "chart",
      role: "img",
      "aria-label": spoken(block, rows, drawn),
      style: `height:${drawn.height}px`,
    });
    const ruler = drawn.ruler
      ? element("p", { class: "ruler" }, element("i", { style: `width:${drawn.ruler}px` }), drawn.note)
      : null;
    into.replaceChildren(holder);
    charts.get(block.id)?.dispose();
    const chart = echarts.init(holder, null, { renderer: "svg", width, height: drawn.height });
    const cursor = drawn.picked && picks(block).length ? "pointer" : "default";
    chart.setOption({
      ...drawn.option,
      legend: { show: false },
      series: drawn.option.series.map((one) => ({ cursor, ...one })),
    });
    const legend = legendOf(chart, drawn);
    if (legend) into.prepend(legend);
    if (ruler) into.append(ruler);
    if (drawn.picked) chart.on("click", (point) => pick(block, drawn.picked(point)));
    charts.set(block.id, chart);
    mine.width = width;
  };

  const drawTable = (block, rows, into) => {
    const mine = own.get(block.id);
    mine.width = into.clientWidth;
    charts.get(block.id)?.dispose();
    charts.delete(block.id);
    userops.table.show(block, rows, mine, into);
  };

  const unaffected = (block, state) => {
    const names = Object.keys(state).filter((name) => !block.filters[name]);
    const places = block.figures
      ? block.figures.map((figure) => document.getElementById(`figure-${figure.id}`))
      : [section(block)];
    for (const place of places) {
      const line = place.querySelector(".unaffected");
      line.hidden = !names.length;
      line.textContent = names.length ? t("unaffected", { names: userops.filters.names(names) }) : "";
    }
  };

  // The columns that a drawing takes its sizes from: where none is known, there is nothing to draw.
  const sizes = ({ type, y, point, values, value, x, latitude }, { measure }) =>
    ({
      bar: y,
      line: y,
      interval: [point],
      dots: values,
      heatmap: [measure ?? values?.[0]],
      sankey: [value],
      funnel: [value],
      scatter: [x],
      map: [latitude],
    })[type];
  const isKnown = (block, rows, mine) => {
    const columns = sizes(block, mine);
    const some = (row) => columns.some((name) => row[name] !== null && row[name] !== undefined);
    return block.type === "sankey" ? rows.some((row) => row[block.value] > 0) : rows.some(some);
  };

  const draw = (block, width) => {
    if (block.missing) return;
    const state = userops.filters.state();
    unaffected(block, state);
    if (block.type === "figures") return userops.figures.draw(block, state);
    const into = body(block);
    if (!into) return;
    const mine = own.get(block.id);
    const rows = userops.measures.result(block, state, mine.bucket);
    if (!rows.length) into.replaceChildren(element("p", { class: "empty" }, t("no_rows_filtered")));
    else if (block.type === "table" || mine.table) drawTable(block, rows, into);
    else if (isKnown(block, rows, mine)) drawChart(block, rows, into, width);
    else into.replaceChildren(element("p", { class: "empty" }, t("no_values")));
    tools(block, rows);
    mine.focus = null;
    section(block).dataset.drawn = "yes";
  };

  // Charts are drawn when they come into view: a page of twelve opens as fast as one of two.
  const seen = new Set();
  const watcher = new IntersectionObserver(
    (entries) => {
      for (const entry of entries)
        if (entry.isIntersecting) show(page.blocks.find((block) => block.id === entry.target.id));
    },
    { rootMargin: "400px" },
  );
  const show = (block) => {
    if (seen.has(block.id)) return;
    if (section(block)) watcher.unobserve(section(block));
    seen.add(block.id);
    draw(block);
  };
  // For tests: draw what was not scrolled to.
  userops.drawAll = () => page.blocks.forEach(show);
  const drawSeen = () =>
    page.blocks.filter((block) => seen.has(block.id) || block.type === "figures").forEach((block) => draw(block));

  userops.filters.start(page);
  userops.filters.listen(() => {
    drawSeen();
    document.getElementById("spoken").textContent =
      `${t("filters")}: ${userops.filters.names(Object.keys(userops.filters.state())) || t("all")}`;
  });
  userops.changed.push((what) => {
    if (what === "language") userops.filters.render();
    drawSeen();
  });
  for (const block of page.blocks) {
    if (block.type === "figures" || block.missing || !body(block)) show(block);
    else watcher.observe(section(block));
  }

  const PAPER = 680;
  let resizing;
  window.addEventListener("resize", () => {
    clearTimeout(resizing);
    resizing = setTimeout(() => {
      for (const id of charts.keys()) {
        const block = page.blocks.find((one) => one.id === id);
        if (body(block).clientWidth !== own.get(id).width) draw(block);
      }
    }, 150);
  });
  // Paper is white and narrower than a screen, and shows what was not scrolled to.
  const root = document.documentElement;
  let theme;
  window.addEventListener("beforeprint", () => {
    if (!userops.printing) theme = root.dataset.theme;
    root.dataset.theme = "light";
    userops.printing = true; // at once, without animations
    page.blocks.forEach((block) => seen.add(block.id));
    page.blocks.forEach((block) => draw(block, PAPER));
  });
  window.addEventListener("afterprint", () => {
    userops.printing = false;
    root.dataset.theme = theme;
    drawSeen();
  });
  root.dataset.ready = "yes";
})();
