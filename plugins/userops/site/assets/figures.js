// Headline numbers: value, change against the period before, and the line that led there.
"use strict";
userops.figures = (() => {
  const { t } = userops;
  const POINTS = 24;

  const spark = (trend) => {
    const values = (trend ?? []).slice(-POINTS);
    const known = values.filter((value) => value !== null);
    if (known.length < 3) return "";
    const [low, high] = [Math.min(...known), Math.max(...known)];
    const y = (value) => (high > low ? 26 - (22 * (value - low)) / (high - low) : 15).toFixed(1);
    const x = (at) => ((at / (values.length - 1)) * 96 + 2).toFixed(1);
    const points = values.map((value, at) => (value === null ? null : `${x(at)},${y(value)}`)).filter(Boolean);
    return `<svg class="spark" viewBox="0 0 100 30" preserveAspectRatio="none" aria-hidden="true"><polyline points="${points.join(" ")}"/></svg>`;
  };

  const change = (figure, { now, before }) => {
    const difference = now - before;
    const isShare = figure.format === "percent";
    if (!isShare && !before) return null;
    const size = isShare ? difference * 100 : (difference / Math.abs(before)) * 100;
    const rounded = Math.round(size * 10) / 10;
    if (rounded === 0) return { text: t("unchanged"), tone: "same" };
    const digits = Math.abs(rounded).toLocaleString("en-GB", { minimumFractionDigits: 1, maximumFractionDigits: 1 });
    const text = `${rounded > 0 ? "▲ +" : "▼ −"}${digits}${isShare ? ` ${t("points")}` : "%"}`;
    const good = { up: rounded > 0, down: rounded < 0 }[figure.better];
    return { text, tone: good === undefined ? "same" : good ? "good" : "bad" };
  };

  const draw = (block, state) => {
    for (const figure of block.figures) {
      const card = document.getElementById(`figure-${figure.id}`);
      const found = userops.measures.figureResult(block, figure, state);
      card.dataset.value = found.now ?? "";
      card.querySelector(".number").textContent = userops.show(found.now, figure.format);
      card.querySelector(".period").textContent = found.period ?? "";
      const line = card.querySelector(".change");
      const moved =
        found.now !== null && found.before !== null && found.before !== undefined ? change(figure, found) : null;
      const period = figure.compared ? userops.words(figure.compared) : found.against || t("before_it");
      const against = t("versus", { period: period.replace(/(\d)-(\d)/g, "$1\u2011$2") }); // a month does not break
      line.className = `change ${moved?.tone ?? ""}`;
      line.textContent = moved ? `${moved.text} ` : "";
      if (moved) line.append(userops.element("span", {}, `${against}: ${userops.show(found.before, figure.format)}`));
      card.querySelector(".spark")?.remove();
      line.insertAdjacentHTML("afterend", spark(found.trend));
    }
  };
  return { draw };
})();
