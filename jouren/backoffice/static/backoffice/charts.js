// Draws the charts of the first screen from the data in the page, in the colours of the theme. Without it, or before it
// has run, the tables behind the charts are there.
(function () {
  "use strict";

  const places = [...document.querySelectorAll("[data-chart]")];
  const source = document.querySelector("[data-echarts]");
  if (!places.length || !source) return;

  const MARKS = ["circle", "rect", "triangle", "diamond"];
  const charts = [];

  function colour(name) {
    // The browser resolves variables and functions within a colour; the charts cannot.
    const probe = document.createElement("span");
    probe.style.color = `var(${name})`;
    document.body.append(probe);
    const resolved = getComputedStyle(probe).color;
    probe.remove();
    return resolved;
  }

  function look(data) {
    const text = colour("--jouren-soft");
    const line = colour("--jouren-line");
    return {
      animation: false,
      color: ["--jouren-chart-1", "--jouren-chart-2", "--jouren-chart-3", "--jouren-chart-4"].map(colour),
      textStyle: { fontFamily: getComputedStyle(document.body).fontFamily, color: text },
      aria: { enabled: true, label: { enabled: false }, decal: { show: data.isStacked } },
      grid: { left: 8, right: 12, top: 56, bottom: 8, containLabel: true },
      legend: { top: 0, left: 0, textStyle: { color: text }, itemGap: 14, selectedMode: false },
      tooltip: {
        trigger: "axis",
        axisPointer: { type: data.isStacked ? "shadow" : "line" },
        backgroundColor: colour("--jouren-card"),
        borderColor: line,
        textStyle: { color: colour("--jouren-text") },
        confine: true,
      },
      xAxis: {
        type: "category",
        data: data.labels,
        boundaryGap: data.isStacked,
        axisLabel: { color: text, hideOverlap: true },
        axisLine: { lineStyle: { color: line } },
        axisTick: { show: false },
      },
      yAxis: {
        type: "value",
        minInterval: 1,
        axisLabel: { color: text, formatter: (value) => value.toLocaleString(document.documentElement.lang) },
        splitLine: { lineStyle: { color: line } },
      },
      series: data.series.map((series, place) => ({
        name: series.name,
        data: series.values,
        ...(data.isStacked
          ? { type: "bar", stack: "all", barMaxWidth: 40 }
          : { type: "line", symbol: MARKS[place], symbolSize: 8, lineStyle: { width: 2 } }),
      })),
    };
  }

  function draw() {
    for (const place of places) {
      const data = JSON.parse(document.getElementById(place.dataset.chart).textContent);
      place.hidden = false;
      const chart = window.echarts.init(place, null, { renderer: "svg" });
      chart.setOption(look(data));
      charts.push([chart, data]);
      new ResizeObserver(() => chart.resize()).observe(place);
    }
    const again = () => charts.forEach(([chart, data]) => chart.setOption(look(data)));
    window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
    new MutationObserver(again).observe(document.documentElement, { attributeFilter: ["class"] });
  }

  const script = document.createElement("script");
  script.src = source.dataset.echarts;
  script.addEventListener("load", draw);
  document.head.append(script);
})();
