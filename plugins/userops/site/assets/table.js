// Tables that sort, search and download.
"use strict";
userops.table = (() => {
  const { element, t } = userops;
  const FIRST = { wide: 25, half: 12 };
  const SEARCHED = 15; // rows: a longer table gets a search box
  const LONG = 34; // characters: such a text gets room to wrap well
  const d = userops.drawing;

  const cell = (block, column, row, largest) => {
    const value = row[column.name];
    const shown = d.text(block, column.name, value);
    const kind = userops.isNumber(column.format) ? "number" : column.format === "text" ? "text" : column.format;
    const made = element("td", { class: shown.length > LONG ? `${kind} long` : kind }, shown);
    if (column.words && value !== null) made.dataset.value = value;
    const tone = userops.page.words[column.words]?.[value]?.colour;
    if (tone) made.replaceChildren(element("span", { class: "badge", style: `--tone: var(--${tone})` }, shown));
    if (largest && value > 0) made.style.setProperty("--part", `${(100 * value) / largest}%`);
    if (largest) made.classList.add("bar");
    return made;
  };

  const rowsOf = (block, rows, own, redraw) => {
    const wanted = (own.search ?? "").toLowerCase();
    const texts = (row) =>
      block.columns
        .map((column) => d.text(block, column.name, row[column.name]))
        .join(" ")
        .toLowerCase();
    const found = wanted ? rows.filter((row) => texts(row).includes(wanted)) : rows;
    const ordered = own.sort ? userops.measures.sorted(found, [own.sort]) : found;
    const shown = own.all ? ordered : ordered.slice(0, own.width > 700 ? FIRST.wide : FIRST.half);
    const largest = Object.fromEntries(
      (block.bars ?? []).map((name) => [name, Math.max(...rows.map((row) => row[name] ?? 0))]),
    );
    const head = block.columns.map((column) => {
      const is =
        own.sort?.replace("-", "") === column.name ? (own.sort.startsWith("-") ? "descending" : "ascending") : null;
      const first = userops.isNumber(column.format) ? "-" : "";
      const next = is === null ? first + column.name : own.sort.startsWith("-") ? column.name : `-${column.name}`;
      return element(
        "th",
        { scope: "col", class: userops.isNumber(column.format) ? "number" : null, "aria-sort": is },
        element(
          "button",
          { type: "button", "data-column": column.name, onclick: () => redraw({ sort: next, focus: column.name }) },
          userops.words(column),
          element(
            "span",
            { class: "arrow", "aria-hidden": "true" },
            is === "ascending" ? "▲" : is === "descending" ? "▼" : "",
          ),
        ),
      );
    });
    const body = shown.map((row) =>
      element("tr", {}, ...block.columns.map((column) => cell(block, column, row, largest[column.name]))),
    );
    const title = userops.words(block.title);
    return element(
      "div",
      { class: "rows" },
      element(
        "div",
        { class: "scroll", tabindex: "0", role: "region", "aria-label": title },
        element(
          "table",
          {},
          element("caption", { class: "hidden" }, title),
          element("thead", {}, element("tr", {}, ...head)),
          element("tbody", {}, ...body),
        ),
      ),
      shown.length < ordered.length
        ? element(
            "p",
            { class: "more" },
            `${t("rows_shown", { shown: shown.length, all: ordered.length })} `,
            element("button", { type: "button", onclick: () => redraw({ all: true }) }, t("show_all")),
          )
        : null,
    );
  };

  // own: {sort, all, search}, kept while the page is open. The search box stays while one types; the rows change.
  const show = (block, rows, own, into) => {
    const draw = (changes) => {
      Object.assign(own, changes);
      into.querySelector(".rows").replaceWith(rowsOf(block, rows, own, draw));
      if (changes.focus) into.querySelector(`[data-column="${changes.focus}"]`)?.focus();
    };
    const box = element("input", {
      type: "search",
      class: "find",
      value: own.search ?? "",
      placeholder: t("search"),
      "aria-label": `${t("search")}: ${userops.words(block.title)}`,
      oninput: (event) => draw({ search: event.target.value }),
    });
    into.replaceChildren(...(rows.length > SEARCHED ? [box] : []), rowsOf(block, rows, own, draw));
  };

  // Text that a spreadsheet would run as a formula gets an apostrophe; numbers stay numbers.
  const csvCell = (value, column, vocabulary) => {
    if (value === null || value === undefined) return "";
    if (typeof value === "number") return String(value);
    let text = vocabulary?.[value]
      ? userops.words(vocabulary[value])
      : typeof value === "boolean"
        ? userops.show(value, "yesno")
        : String(value);
    if (/^[=+\-@\t\r\n＝＋－＠]/.test(text)) text = `'${text}`;
    return /[",\n\r]/.test(text) || text !== text.trim() ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const csv = (block, rows) => {
    const lines = [
      block.columns.map((column) => csvCell(userops.words(column))),
      ...rows.map((row) =>
        block.columns.map((column) => csvCell(row[column.name], column, userops.page.words[column.words])),
      ),
    ];
    return `\ufeff${lines.map((line) => line.join(",")).join("\r\n")}\r\n`;
  };
  const download = (block, rows) => {
    const { date, version } = window.useropsSite;
    const blob = new Blob([csv(block, rows)], { type: "text/csv;charset=utf-8" });
    const link = element("a", {
      href: URL.createObjectURL(blob),
      download: `userops_${userops.page.name}_${block.id}_${date}_v${version}.csv`,
    });
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  };

  return { show, csv, download };
})();
