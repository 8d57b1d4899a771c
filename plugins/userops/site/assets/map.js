// Stores and communities by their coordinates: kilometres from the middle, without tiles and without a network.
"use strict";
(() => {
  const d = userops.drawing;
  const KM = 111.195; // of a degree of latitude
  const APART = 40; // km: places further from each other are different areas

  const distance = (a, b) => {
    const cos = Math.cos((((a.lat + b.lat) / 2) * Math.PI) / 180);
    return Math.hypot((a.lat - b.lat) * KM, (a.lon - b.lon) * KM * cos);
  };
  // Areas of places within reach of each other, the largest first.
  const areasOf = (places) => {
    const areas = [];
    for (const place of places) {
      const near = areas.filter((area) => area.some((other) => distance(place, other) < APART));
      for (const area of near) areas.splice(areas.indexOf(area), 1);
      areas.push([...near.flat(), place]);
    }
    return areas.sort((a, b) => b.length - a.length);
  };

  userops.options.map = (block, rows, own) => {
    const places = rows
      .filter((row) => row[block.latitude] !== null && row[block.longitude] !== null)
      .map((row) => ({
        lat: row[block.latitude],
        lon: row[block.longitude],
        row,
        isStore: row[block.kind] === "store",
      }));
    const areas = areasOf(places);
    const at = Math.min(own.area ?? 0, areas.length - 1);
    const area = areas[at] ?? [];
    const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
    const middle = { lat: mean(area.map((place) => place.lat)), lon: mean(area.map((place) => place.lon)) };
    const cos = Math.cos((middle.lat * Math.PI) / 180);
    for (const place of area) {
      place.x = (place.lon - middle.lon) * KM * cos;
      place.y = (place.lat - middle.lat) * KM;
    }
    const height = d.narrow() ? 340 : 460;
    const reach = (axis) =>
      Math.max(...area.map((place) => Math.abs(place[axis]) + (place.isStore ? block.radius : 0.5)), 1) * 1.08;
    // One kilometre is as long on both axes.
    const unit = Math.max(reach("x") / (own.width - 8), reach("y") / (height - 8));
    const [wide, high] = [unit * (own.width - 8), unit * (height - 8)];
    const stores = area.filter((place) => place.isStore);
    const communities = area.filter((place) => !place.isStore);
    const largest = Math.max(...communities.map((place) => place.row[block.size] ?? 0), 1);
    const values = communities.map((place) => place.row[block.value]).filter((value) => value !== null);
    const most = Math.max(...values, 0.0001);
    const steps = ["heat1", "heat2", "heat3", "heat4"].map(d.colour);
    const shade = (value) => (value === null ? d.colour("soft") : steps[Math.min(3, Math.floor((value / most) * 4))]);
    const circle = (params, api) => {
      const [x, y] = api.coord([api.value(0), api.value(1)]);
      const [r] = api.size([block.radius, 0]);
      return {
        type: "circle",
        shape: { cx: x, cy: y, r },
        style: { fill: d.colour("c1"), opacity: 0.1, stroke: d.colour("c1"), lineWidth: 1 },
        silent: true,
      };
    };
    const axis = (half) => ({ type: "value", min: -half, max: half, show: false });
    const scale = [1, 2, 5, 10, 20, 50].find((km) => km / (2 * unit) > 60) ?? 50;
    return {
      option: {
        ...d.base(),
        grid: { left: 4, right: 4, top: 4, bottom: 4 },
        tooltip: {
          ...d.base().tooltip,
          trigger: "item",
          formatter: (point) => d.rowTip(block, point.data.place.row, block.label),
        },
        xAxis: axis(wide),
        yAxis: axis(high),
        series: [
          { type: "custom", renderItem: circle, data: stores.map((place) => [place.x, place.y]), silent: true, z: 1 },
          {
            type: "scatter",
            z: 2,
            data: communities.map((place) => ({
              value: [place.x, place.y],
              place,
              symbolSize: 10 + 24 * Math.sqrt((place.row[block.size] ?? 0) / largest),
              itemStyle: {
                color: shade(place.row[block.value]),
                borderColor: d.colour("card"),
                borderWidth: 1,
                opacity: 0.9,
              },
            })),
          },
          {
            type: "scatter",
            symbol: "diamond",
            symbolSize: 16,
            z: 3,
            itemStyle: { color: d.colour("ink"), borderColor: d.colour("card"), borderWidth: 1 },
            label: {
              show: stores.length <= 30,
              position: "top",
              color: d.colour("ink"),
              fontSize: 12,
              formatter: (point) => d.text(block, block.label, point.data.place.row[block.label]),
            },
            labelLayout: { hideOverlap: true },
            data: stores.map((place) => ({ value: [place.x, place.y], place })),
          },
        ],
      },
      height,
      legend: [
        { name: userops.words(userops.page.words.place_kind.store), colour: d.colour("ink"), fixed: true },
        ...steps.map((tone, step) => ({
          name: `${d.named(block, block.value)} ${userops.short((most * step) / 4, "percent")}–${userops.short((most * (step + 1)) / 4, "percent")}`,
          colour: tone,
          fixed: true,
        })),
      ],
      areas: areas.map((one) =>
        d.text(block, block.label, (one.find((place) => place.isStore) ?? one[0]).row[block.label]),
      ),
      area: at,
      note: `${scale} km`,
      ruler: scale / (2 * unit),
    };
  };
})();
