// Draws the charts that stand in the page as JSON, in the page's own colours, again when these change.
"use strict";
(() => {
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const narrow = (target) => target.clientWidth < 480;
  const theme = (target) => ({
    background: "transparent",
    font: "system-ui, sans-serif",
    view: { stroke: null },
    axis: {
      labelColor: colour("--soft"), titleColor: colour("--soft"), gridColor: colour("--line"),
      domainColor: colour("--line"), tickColor: colour("--line"), labelFontSize: 12, titleFontSize: 12,
      titleFontWeight: "normal", labelOverlap: true, labelSeparation: 6,
    },
    legend: {
      labelColor: colour("--soft"), titleColor: colour("--soft"), labelFontSize: 12, titleFontWeight: "normal",
      ...(narrow(target) && { orient: "bottom", columns: 2 }),
    },
    mark: { color: colour("--accent") },
    text: { color: colour("--ink") },
    bar: { fill: colour("--accent"), cornerRadiusEnd: 2 },
    rule: { color: colour("--accent") },
    line: { stroke: colour("--accent"), strokeWidth: 2 },
    range: {
      category: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map((n) => colour(`--c${n}`)),
      heatmap: [colour("--low"), colour("--high")],
      ramp: [colour("--low"), colour("--high")],
    },
  });
  // On a phone the names of the bars may take a third of the chart, no more.
  const shorten = (part, most) => {
    if (!part || typeof part !== "object") return;
    if (part.labelLimit > most) part.labelLimit = most;
    for (const [name, inner] of Object.entries(part)) if (name !== "values") shorten(inner, most);
  };
  const draw = async () => {
    for (const holder of document.querySelectorAll("script[data-chart]")) {
      const target = document.getElementById(holder.dataset.chart);
      const spec = JSON.parse(holder.textContent);
      if (narrow(target)) shorten(spec, target.clientWidth / 3);
      // The expression interpreter needs no eval, which the page's policy forbids.
      await vegaEmbed(target, spec, { actions: false, renderer: "svg", ast: true, config: theme(target) });
      target.dataset.drawn = "yes";
    }
    document.documentElement.dataset.drawn = "yes";
  };
  const start = () => draw().catch((error) => console.error(error));
  dark.addEventListener("change", start);
  start();
})();
