// Draws each chart's Vega-Lite specification in place of its static picture. The page is
// whole without this: a chart that cannot be drawn leaves its picture standing. Expressions
// are interpreted, so that the page's policy needs no 'unsafe-eval'.
import { parse, View } from "vega";
import { compile } from "vega-lite";
import { expressionInterpreter } from "vega-interpreter";

const style = getComputedStyle(document.documentElement);
const colour = (name) => style.getPropertyValue(name).trim();
const soft = colour("--soft");
const config = {
  background: "transparent",
  font: style.fontFamily,
  view: { stroke: null },
  axis: { labelColor: soft, titleColor: soft, titleFontWeight: "normal", labelFontSize: 12, titleFontSize: 12, gridColor: colour("--line"), domainColor: colour("--line"), tickColor: colour("--line"), labelLimit: 190 },
  legend: { orient: "bottom", title: null, labelColor: soft, labelFontSize: 12, symbolOpacity: 1, symbolType: "stroke", symbolSize: 300 },
};

async function draw(data) {
  const figure = data.closest("figure");
  const still = figure.querySelector("svg.chart");
  // the page's own colours, so that light and dark, picture and chart agree
  const spec = JSON.parse(data.textContent, (_, v) => (typeof v === "string" && v.startsWith("var(--") ? colour(v.slice(4, -1)) : v));
  const box = document.createElement("div");
  box.className = "live";
  still.after(box);
  try {
    const view = new View(parse(compile(spec, { config }).spec, null, { ast: true }), { expr: expressionInterpreter, renderer: "svg", container: box, hover: true });
    await view.runAsync();
    figure.classList.add("drawn");
  } catch (err) {
    box.remove();
    figure.dataset.error = String(err);
  }
}

for (const data of document.querySelectorAll("script.spec")) draw(data);
