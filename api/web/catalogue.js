// The catalogue: chips, models and prices, every fact with its source and date.

import { getJson } from "./api.js";
import { el, format } from "./dom.js";

const KINDS = ["chips", "models", "prices"];

export async function showCatalogue(main, argument) {
  const kind = KINDS.includes(argument) ? argument : "chips";
  const filter = el("input", { type: "search", placeholder: "Filter…", "aria-label": "Filter the catalogue" });
  const list = el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": `Catalogue of ${kind}` }, el("p", { class: "quiet" }, "Loading…"));
  const detail = el("section", { class: "detail", "aria-live": "polite" });
  main.append(el("section", { class: "page" }, el("h1", {}, "Catalogue"),
    el("div", { class: "tabs" }, KINDS.map((k) => el("a", { href: `#/catalogue/${k}`, "aria-current": k === kind ? "page" : null }, k)), filter), list, detail));
  const rows = await getJson(`/v1/catalog/${kind}`).catch((error) => { list.replaceChildren(el("p", { class: "fault" }, error.message)); return []; });
  if (!rows.length) return;
  const columns = Object.keys(rows[0]);
  const body = el("tbody");
  const draw = () => {
    const wanted = filter.value.toLowerCase();
    const shown = rows.filter((row) => JSON.stringify(row).toLowerCase().includes(wanted));
    body.replaceChildren(...shown.map((row) => el("tr", {}, columns.map((c, i) => cell(row, c, i, detail)))));
  };
  filter.addEventListener("input", draw);
  draw();
  list.replaceChildren(el("table", {}, el("thead", {}, el("tr", {}, columns.map((c) => el("th", { scope: "col" }, c.replaceAll("_", " "))))), body));
}

function cell(row, column, index, detail) {
  const value = row[column];
  if (index === 0) {
    return el("th", { scope: "row" }, el("button", { type: "button", class: "plain", onclick: () => showEntry(row[column], detail) }, String(value)));
  }
  return el("td", { class: typeof value === "number" ? "num" : null }, typeof value === "number" ? format(value) : String(value ?? "–"));
}

async function showEntry(name, detail) {
  const entry = await getJson(`/v1/catalog/entry/${encodeURIComponent(name)}`).catch((error) => ({ error: error.message }));
  if (entry.error) { detail.replaceChildren(el("p", { class: "fault" }, entry.error)); return; }
  const facts = entry.facts.map((fact) => el("tr", {}, el("th", { scope: "row" }, fact.name.replaceAll("_", " ")),
    el("td", { class: "num" }, `${typeof fact.value === "number" ? format(fact.value) : fact.value ?? "–"} ${fact.unit ?? ""}`,
      fact.low !== null && fact.low !== undefined && fact.low !== fact.high ? el("small", {}, ` (${format(fact.low)} to ${format(fact.high)})`) : null),
    el("td", {}, fact.url && /^https:\/\//.test(fact.url) ? el("a", { href: fact.url, rel: "noopener noreferrer", target: "_blank" }, fact.source) : fact.source ?? "–",
      fact.as_of ? el("span", { class: "quiet" }, ` · ${fact.as_of}`) : null, fact.note ? el("p", { class: "quiet" }, fact.note) : null)));
  detail.replaceChildren(el("h2", {}, entry.name), el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Facts" },
    el("table", {}, el("thead", {}, el("tr", {}, ["fact", "value", "source"].map((c) => el("th", { scope: "col" }, c)))), el("tbody", {}, facts))));
  detail.scrollIntoView({ behavior: "smooth" });
}
