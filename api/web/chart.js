// Charts live in a sandboxed frame: Vega compiles expressions, which the page's own policy forbids.

import { el } from "./dom.js";

const frames = new Map();
let next = 1;

export function chartFrame(spec) {
  const id = String(next++);
  const title = typeof spec.title === "string" ? spec.title : spec.title?.text || "Chart";
  const frame = el("iframe", { class: "chart", title, sandbox: "allow-scripts", src: "/static/chart.html", loading: "lazy", scrolling: "no" });
  frames.set(frame, { id, spec });
  const save = el("button", { type: "button", class: "plain", onclick: () => frame.contentWindow?.postMessage({ id, save: true }, "*") }, "Save chart as PNG");
  return el("figure", {}, frame, save);
}

function dark() {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

function draw(frame) {
  const { id, spec } = frames.get(frame);
  frame.contentWindow?.postMessage({ id, spec, dark: dark(), width: frame.clientWidth }, "*");
}

addEventListener("message", (event) => {
  if (!event.source) return; // sent by a frame that is gone by now
  const frame = [...frames.keys()].find((f) => f.contentWindow === event.source);
  if (!frame) return;
  if (event.data.ready) draw(frame);
  if (typeof event.data.height === "number") frame.style.height = `${Math.min(600, Math.max(60, event.data.height))}px`;
  if (typeof event.data.png === "string" && event.data.png.startsWith("data:image/png;base64,")) {
    el("a", { href: event.data.png, download: "rackrate.png" }).click();
  }
});

addEventListener("themechange", () => { for (const frame of frames.keys()) if (frame.isConnected) draw(frame); });
