// The catalogue: chips, models and prices, every fact with its source and date.

import { getJson } from "./api.js";
import { el, format, label, numeric } from "./dom.js";

const KINDS = ["chips", "models", "prices"];
const HEADINGS = {
  name: "Name", chip: "Chip", release_date: "Released", memory_gb: "Memory, GB", bandwidth_tb_per_s: "Bandwidth, TB/s", scale_up_gb_per_s: "Scale-up, GB/s", tdp_w: "Power, W",
  bf16_tflops: "BF16, TFLOP/s", fp8_tflops: "FP8, TFLOP/s", fp4_tflops: "FP4, TFLOP/s", rent_usd_per_hour: "Rent, $/hour", rent_as_of: "Rent as of", maker: "Maker",
  params_total: "Parameters", params_active: "Active", layers: "Layers", kv_elements_per_token: "KV per token", context_length: "Context", native_precision: "Precision",
  open_weights: "Weights", value: "$/chip/hour", low: "Low", high: "High", as_of: "As of", kind: "Market", term: "Term", n: "Listings",
};
const LEFT_OUT = new Set(["id", "vendor", "unit"]);
const LARGE = new Set(["params_total", "params_active"]);

export async function showCatalogue(main, argument) {
  const kind = KINDS.includes(argument) ? argument : "chips";
  const filter = el("input", { type: "search", placeholder: "Filter…", "aria-label": "Filter the catalogue" });
  const list = el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": `Catalogue of ${kind}` }, el("p", { class: "quiet" }, "Loading…"));
  const detail = el("section", { class: "detail", "aria-live": "polite" });
  main.append(el("section", { class: "page" }, el("h1", {}, "Catalogue"),
    el("div", { class: "tabs" }, KINDS.map((k) => el("a", { href: `#/catalogue/${k}`, "aria-current": k === kind ? "page" : null }, k)), filter), list, detail));
  const rows = await getJson(`/v1/catalog/${kind}`).catch((error) => { list.replaceChildren(el("p", { class: "fault" }, error.message)); return []; });
  if (!rows.length) return;
  const columns = Object.keys(rows[0]).filter((name) => !LEFT_OUT.has(name));
  const right = new Set(columns.filter((name) => numeric(rows.map((row) => row[name])) && !/date|as_of/.test(name)));
  const body = el("tbody");
  const draw = () => {
    const wanted = filter.value.toLowerCase();
    const shown = rows.filter((row) => JSON.stringify(row).toLowerCase().includes(wanted));
    body.replaceChildren(...shown.map((row) => el("tr", {}, columns.map((c, i) => cell(row, c, i, right, detail)))));
  };
  filter.addEventListener("input", draw);
  draw();
  list.replaceChildren(el("table", { class: "lines" }, el("thead", {}, el("tr", {}, columns.map((c) => el("th", { scope: "col", class: right.has(c) ? "num" : null }, HEADINGS[c] || label(c))))), body));
}

function cell(row, column, index, right, detail) {
  const value = row[column];
  if (index === 0) {
    return el("th", { scope: "row" }, el("button", { type: "button", class: "plain", onclick: () => showEntry(row.id || row.chip, detail) }, String(value)));
  }
  return el("td", { class: right.has(column) ? "num" : null }, shown(column, value));
}

function shown(column, value) {
  if (value === null || value === undefined) return "–";
  if (column === "open_weights") return value ? "open" : "closed";
  if (typeof value !== "number") return String(value);
  if (LARGE.has(column)) return value >= 1e12 ? `${format(value / 1e12)}T` : `${format(value / 1e9)}B`;
  return column === "value" || column === "low" || column === "high" || column === "rent_usd_per_hour" ? value.toFixed(2) : format(value);
}

function sourceOf(source) {
  if (!source) return "–";
  return source.url && /^https:\/\//.test(source.url) ? el("a", { href: source.url, rel: "noopener noreferrer", target: "_blank" }, source.title) : source.title;
}

async function showEntry(name, detail) {
  const entry = await getJson(`/v1/catalog/entry/${encodeURIComponent(name)}`).catch((error) => ({ error: error.message }));
  if (entry.error) { detail.replaceChildren(el("p", { class: "fault" }, entry.error)); return; }
  const facts = entry.facts.map((fact) => el("tr", {}, el("th", { scope: "row" }, label(fact.name)),
    el("td", { class: "num" }, `${typeof fact.value === "number" ? format(fact.value) : fact.value ?? "–"} ${fact.unit ?? ""}`,
      fact.low !== null && fact.low !== undefined && fact.low !== fact.high ? el("small", {}, ` (${format(fact.low)} to ${format(fact.high)})`) : null),
    el("td", {}, sourceOf(fact.source), fact.as_of ? el("span", { class: "quiet" }, ` · ${fact.as_of}`) : null, fact.note ? el("p", { class: "quiet" }, fact.note) : null)));
  detail.replaceChildren(el("h2", {}, entry.name), el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Facts" },
    el("table", {}, el("thead", {}, el("tr", {}, ["Fact", "Value", "Source"].map((c) => el("th", { scope: "col", class: c === "Value" ? "num" : null }, c)))), el("tbody", {}, facts))));
  detail.scrollIntoView({ behavior: "smooth" });
}
