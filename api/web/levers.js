// What would change a result most: each input alone, a fifth lower and higher, as bars to either side.

import { postJson } from "./api.js";
import { change, el, written } from "./dom.js";

/** The levers of a run; null when nothing can be said, or the service cannot say it now. */
export async function leversOf(tool, input, figure) {
  try { return await postJson(`/v1/tools/${tool}/sensitivity`, { input, figure }); } catch { return null; }
}

export function leverTable(found) {
  const changes = (lever) => [lever.less, lever.more, ...lever.instead].filter(Boolean);
  const largest = Math.max(...found.levers.flatMap((lever) => changes(lever).map((c) => Math.abs(c.percent))));
  const rows = found.levers.map((lever) => el("li", {},
    el("span", { class: "lever" }, capital(lever.label), lever.base === null ? null : el("span", { class: "quiet" }, ` ${written(lever.base, lever.unit)}`), lever.given ? null : el("small", {}, "assumed")),
    el("span", { class: "moves" }, changes(lever).map((c) => move(c, lever, largest)))));
  return el("section", { class: "levers" }, el("h3", {}, "What would change it most"), el("ul", {}, rows));
}

function move(c, lever, largest) {
  const share = Math.abs(c.percent) < 0.5 ? 0 : Math.max(1, Math.min(10, Math.round(Math.abs(c.percent) / Math.min(largest, 100) * 10)));
  return el("span", { class: `move ${c.percent < 0 ? "down" : "up"}` },
    el("span", { class: "to" }, written(c.input, lever.unit)),
    el("span", { class: "track", "aria-hidden": "true" }, el("span", { class: `swing w${share}` })),
    el("span", { class: "by" }, change(c.percent)));
}

function capital(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
