// What every page does: language, theme, menu, copying; words and numbers for the scripts that follow.
"use strict";
const userops = { changed: [] };

(() => {
  const root = document.documentElement;
  const { strings, currency } = window.useropsSite;
  const keep = (name, value) => {
    try {
      localStorage.setItem(name, value);
    } catch {
      // remembered until the page is left
    }
  };

  userops.language = () => root.dataset.lang;
  userops.words = (pair) => (pair ? (pair[userops.language()] ?? pair.en) : "");
  userops.t = (key, values = {}) =>
    userops.words(strings[key]).replace(/\{(\w+)\}/g, (gap, name) => values[name] ?? gap);

  const locale = () => (userops.language() === "zh" ? "zh-CN" : "en-GB");
  const formatters = new Map();
  const number = (value, options) => {
    const name = locale() + JSON.stringify(options);
    if (!formatters.has(name)) formatters.set(name, new Intl.NumberFormat(locale(), options));
    return formatters.get(name).format(value === 0 ? 0 : value); // no "-0"
  };
  const places = (least, most = least) => ({ minimumFractionDigits: least, maximumFractionDigits: most });
  const amount = (most) => ({ style: "currency", currency, currencyDisplay: "narrowSymbol", ...places(most) });
  const shortened = { notation: "compact", maximumFractionDigits: 1 };
  const FORMATS = {
    integer: (value) => number(value, places(0)),
    decimal: (value) => number(value, places(2)),
    money: (value) => number(value, amount(0)),
    price: (value) => number(value, amount(2)),
    factor: (value) => number(value, places(3)),
    percent: (value) => number(value, { style: "percent", ...places(value !== 0 && Math.abs(value) < 0.01 ? 2 : 1) }),
    ratio: (value) => `${number(value, places(2))}\u00a0:\u00a01`,
    times: (value) => `${number(value, places(2))}×`,
    days: (value) => number(value, places(0, 1)) + userops.t("days_unit"),
    hours: (value) => number(value, places(0, 1)) + userops.t("hours_unit"),
    seconds: (value) => number(value, places(0, 1)) + userops.t("seconds_unit"),
    month: (value) => String(value).slice(0, 7),
    yesno: (value) => userops.t(value ? "yes" : "no"),
  };
  const SHORT = {
    percent: (value) => number(value, { style: "percent", maximumFractionDigits: 1 }),
    money: (value) => number(value, { style: "currency", currency, currencyDisplay: "narrowSymbol", ...shortened }),
    times: (value) => `${number(value, { maximumSignificantDigits: 3 })}×`,
  };

  // A value as people read it; a dash for what is not known.
  userops.show = (value, format, vocabulary) => {
    if (value === null || value === undefined) return "–";
    if (vocabulary?.[value]) return userops.words(vocabulary[value]);
    return FORMATS[format]?.(value) ?? String(value);
  };
  // The same, short enough for an axis.
  userops.short = (value, format) => {
    if (SHORT[format]) return SHORT[format](value);
    if (format === "price") return SHORT.money(value);
    if (["month", "day", "week", "moment", "text", "code"].includes(format)) return userops.show(value, format);
    return number(value, Math.abs(value) < 10 ? { maximumSignificantDigits: 3 } : shortened);
  };
  userops.isNumber = (format) => !["text", "code", "yesno", "day", "week", "month", "moment"].includes(format);

  userops.element = (tag, attributes = {}, ...children) => {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
      else if (value === true) made.setAttribute(name, "");
      else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, value);
    }
    made.append(...children.filter((child) => child !== null && child !== undefined));
    return made;
  };

  const speak = () => {
    const language = userops.language();
    root.lang = language === "zh" ? "zh-CN" : "en";
    for (const labelled of document.querySelectorAll("[data-label-en]")) {
      const label = labelled.getAttribute(`data-label-${language}`);
      if (labelled.tagName === "TITLE") labelled.textContent = label;
      else labelled.setAttribute("aria-label", label);
    }
    for (const text of document.querySelectorAll("[data-text-en]"))
      text.textContent = text.getAttribute(`data-text-${language}`);
  };
  const tell = (what) => userops.changed.forEach((listener) => listener(what));

  document.getElementById("language").addEventListener("click", () => {
    root.dataset.lang = userops.language() === "zh" ? "en" : "zh";
    keep("userops-language", root.dataset.lang);
    speak();
    tell("language");
  });
  const theme = document.getElementById("theme");
  theme.value = root.dataset.theme;
  theme.addEventListener("change", () => {
    root.dataset.theme = theme.value;
    keep("userops-theme", theme.value);
    tell("theme");
  });
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => tell("theme"));

  const menu = document.getElementById("menu");
  const open = (is) => {
    menu.setAttribute("aria-expanded", is);
    root.classList.toggle("menu-open", is);
  };
  menu.addEventListener("click", () => open(menu.getAttribute("aria-expanded") !== "true"));
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    open(false);
    for (const picker of document.querySelectorAll("details.pick[open]")) picker.open = false;
  });
  document.getElementById("print").addEventListener("click", () => window.print());

  for (const button of document.querySelectorAll("button.copy"))
    button.addEventListener("click", async () => {
      const code = button.closest(".source").querySelector("pre");
      try {
        await navigator.clipboard.writeText(code.textContent);
      } catch {
        window.getSelection().selectAllChildren(code); // no clipboard here: selected, ready for Ctrl+C
        return;
      }
      const before = [...button.childNodes];
      button.textContent = userops.t("copied");
      setTimeout(() => button.replaceChildren(...before), 1500);
    });

  // The current page in view in a long menu; a link to a definition opens it.
  document.querySelector('nav.side [aria-current="page"]')?.scrollIntoView({ block: "nearest" });
  speak();
})();
