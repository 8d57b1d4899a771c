// The dictionary's search: marts and columns whose name or definition has the words.
"use strict";
(() => {
  const box = document.getElementById("search");
  const marts = [...document.querySelectorAll("section.mart")].map((section) => ({
    section,
    head: [...section.querySelectorAll("h2, :scope > p, .facts")]
      .map((part) => part.textContent)
      .join(" ")
      .toLowerCase(),
    rows: [...section.querySelectorAll("tbody tr")].map((row) => ({ row, text: row.textContent.toLowerCase() })),
  }));
  const search = () => {
    const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
    const fits = (text) => words.every((word) => text.includes(word));
    let found = 0;
    document.querySelector(".index").hidden = words.length > 0;
    for (const { section, head, rows } of marts) {
      const whole = fits(head);
      let any = whole;
      for (const { row, text } of rows) {
        row.hidden = !whole && !fits(`${head} ${text}`);
        any ||= !row.hidden;
      }
      section.hidden = !any;
      found += any;
    }
    document.getElementById("found").textContent = words.length ? `${found} / ${marts.length}` : "";
  };
  box.addEventListener("input", search);
  document.querySelector("form.filters").addEventListener("submit", (event) => event.preventDefault());
})();
