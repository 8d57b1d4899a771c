// The filter bar: its choices are what the page's blocks hold, its state stands in the address.
"use strict";
userops.filters = (() => {
  const { element, t } = userops;
  let page,
    state,
    listeners = [];
  const SEARCHED = 12; // a longer list of choices gets a box to search it

  const read = () => {
    const found = {};
    const given = new URLSearchParams(location.hash.includes("=") ? location.hash.slice(1) : "");
    for (const name of Object.keys(page.filters)) {
      const text = given.get(name);
      if (!text) continue;
      if (name === "period") {
        const [from, to] = text.split("..");
        found.period = { from: from || "", to: to || "" };
      } else found[name] = text.split(",").map(decodeURIComponent);
    }
    return found;
  };
  const written = () => {
    const parts = Object.entries(state).map(([name, value]) =>
      name === "period"
        ? `period=${value.from}..${value.to}`
        : `${name}=${value.map(encodeURIComponent).map(encodeURIComponent).join(",")}`,
    );
    return parts.length ? `#${parts.join("&")}` : "";
  };
  // The address says what is shown, and links to other pages take it along.
  const publish = () => {
    const hash = written();
    if (hash || location.hash.includes("=")) history.replaceState(null, "", hash || location.pathname.split("/").pop());
    for (const link of document.querySelectorAll("nav.side a[data-page]"))
      link.setAttribute("href", link.getAttribute("href").split("#")[0] + hash);
  };
  const set = (name, value) => {
    if (value) state[name] = value;
    else delete state[name];
    publish();
    listeners.forEach((listener) => listener(state));
  };

  const blocksWith = (name) => page.blocks.filter((block) => block.filters?.[name]);
  const choices = (name) => {
    const values = new Set();
    for (const block of blocksWith(name))
      for (const row of userops.measures.rowsOf(block)) values.add(String(row[block.filters[name]] ?? ""));
    values.delete("");
    return [...values].sort();
  };
  const label = (name, value) => userops.show(value, "text", page.words[page.filters[name].words]);

  const months = () => [...new Set(choices("period").map(userops.measures.monthOf))].sort();
  const periodFilter = () => {
    const all = months();
    const pick = (end) =>
      element(
        "select",
        {
          id: `filter-${end}`,
          "aria-label": `${userops.words(page.filters.period)}, ${t(end)}`,
          onchange: (event) => {
            const next = { from: "", to: "", ...state.period, [end]: event.target.value };
            if (next.from && next.to && next.from > next.to) next[end === "from" ? "to" : "from"] = event.target.value;
            set("period", next.from || next.to ? next : null);
            render();
          },
        },
        element("option", { value: "" }, t("all")),
        ...all.map((month) => element("option", { value: month, selected: state.period?.[end] === month }, month)),
      );
    return element(
      "div",
      { class: "filter" },
      element("span", { class: "name" }, userops.words(page.filters.period)),
      pick("from"),
      "–",
      pick("to"),
    );
  };

  const pickFilter = (name) => {
    const chosen = state[name] ?? [];
    const values = choices(name);
    const boxes = values.map((value) =>
      element(
        "label",
        {},
        element("input", {
          type: "checkbox",
          value,
          checked: chosen.includes(value),
          onchange: (event) => {
            const next = values.filter((one) =>
              one === value ? event.target.checked : (state[name] ?? []).includes(one),
            );
            set(name, next.length ? next : null);
            summary.replaceChildren(...said(name, values));
          },
        }),
        element("span", {}, label(name, value)),
      ),
    );
    const search = element("input", {
      type: "search",
      "aria-label": t("search"),
      placeholder: t("search"),
      oninput: (event) =>
        boxes.forEach(
          (box) => (box.hidden = !box.textContent.toLowerCase().includes(event.target.value.toLowerCase())),
        ),
    });
    const summary = element("summary", {}, ...said(name, values));
    return element(
      "details",
      { class: "filter pick", "data-filter": name },
      summary,
      element(
        "fieldset",
        {},
        element("legend", { class: "hidden" }, userops.words(page.filters[name])),
        values.length > SEARCHED ? search : null,
        ...boxes,
      ),
    );
  };
  const said = (name) => {
    const chosen = state[name] ?? [];
    const text = !chosen.length
      ? t("all")
      : chosen.length > 2
        ? t("chosen", { n: chosen.length })
        : chosen.map((value) => label(name, value)).join(", ");
    return [
      element("span", { class: "name" }, userops.words(page.filters[name])),
      element("span", { class: "chosen" }, text),
    ];
  };

  const render = () => {
    const form = document.getElementById("filters");
    const open = form.querySelector("details[open]")?.dataset.filter;
    const focused = document.activeElement?.id;
    const shown = Object.keys(page.filters).filter((name) => choices(name).length > 1 || state[name]);
    form.replaceChildren(
      ...shown.map((name) => (name === "period" ? periodFilter() : pickFilter(name))),
      element(
        "button",
        { type: "button", class: "reset", disabled: !Object.keys(state).length, onclick: reset },
        t("reset"),
      ),
    );
    form.hidden = !shown.length;
    if (open) form.querySelector(`[data-filter="${open}"]`)?.setAttribute("open", "");
    if (focused) document.getElementById(focused)?.focus();
  };
  const reset = () => {
    state = {};
    publish();
    render();
    listeners.forEach((listener) => listener(state));
    document.querySelector("#filters select, #filters summary")?.focus();
  };

  document.addEventListener("click", (event) => {
    for (const picker of document.querySelectorAll("details.pick[open]"))
      if (!picker.contains(event.target)) picker.open = false;
  });

  return {
    start(data) {
      page = data;
      state = read();
      publish();
      render();
      window.addEventListener("hashchange", () => {
        if (!location.hash.includes("=")) return;
        state = read();
        render();
        listeners.forEach((listener) => listener(state));
      });
    },
    state: () => state,
    listen: (listener) => listeners.push(listener),
    render,
    // A click on a bar narrows the page to it; a second click takes that back.
    toggle(name, value) {
      const only = state[name]?.length === 1 && state[name][0] === value;
      set(name, only ? null : [value]);
      render();
    },
    names: (of) => of.map((name) => userops.words(page.filters[name])).join(userops.language() === "zh" ? "、" : ", "),
  };
})();
