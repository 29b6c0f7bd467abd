// The catalogue: chips, models and prices, every fact with its source and date.

import { getJson } from "./api.js";
import { chartFrame } from "./chart.js";
import { el, format, label, numeric, written } from "./dom.js";

const KINDS = ["chips", "models", "prices"];
const HEADINGS = {
  name: "Name", chip: "Chip", release_date: "Released", memory_gb: "Memory, GB", bandwidth_tb_per_s: "Bandwidth, TB/s", scale_up_gb_per_s: "Scale-up, GB/s", tdp_w: "Power, W",
  bf16_tflops: "BF16, TFLOP/s", fp8_tflops: "FP8, TFLOP/s", fp4_tflops: "FP4, TFLOP/s", rent_usd_per_hour: "Rent, $/hour", rent_as_of: "Rent as of", maker: "Maker",
  params_total: "Parameters", params_active: "Active", layers: "Layers", kv_elements_per_token: "KV per token", context_length: "Context", native_precision: "Precision",
  open_weights: "Weights", value: "$/chip/hour", low: "Low", high: "High", as_of: "As of", kind: "Market", term: "Term", n: "Listings",
};
const LEFT_OUT = new Set(["id", "vendor", "unit", "chip", "providers", "sources"]);
const LARGE = new Set(["params_total", "params_active"]);

/** A list (`chips`, `models`, `prices`), or everything known of one name (`chip/h100-sxm`). */
export async function showCatalogue(main, argument, name) {
  if (name) { await showEntry(main, name); return; }
  const kind = KINDS.includes(argument) ? argument : "chips";
  const filter = el("input", { type: "search", placeholder: "Filter…", "aria-label": "Filter the catalogue" });
  const list = el("div", { class: "scroll wide", tabindex: "0", role: "region", "aria-label": `Catalogue of ${kind}` }, el("p", { class: "quiet" }, "Loading…"));
  main.append(el("section", { class: "page broad" }, el("h1", {}, "Catalogue"),
    el("p", {}, "Every fact has its source and date. Open a name for all of them."),
    el("div", { class: "tabs" }, KINDS.map((k) => el("a", { href: `#/catalogue/${k}`, "aria-current": k === kind ? "page" : null }, k)), filter), list));
  const rows = await getJson(`/v1/catalog/${kind}`).catch((error) => { list.replaceChildren(el("p", { class: "fault" }, error.message)); return []; });
  if (rows.length) list.replaceChildren(lines(rows, filter, kind));
}

function lines(rows, filter, kind) {
  const columns = Object.keys(rows[0]).filter((name) => !LEFT_OUT.has(name)).sort((a, b) => (b === "name") - (a === "name"));
  const right = new Set(columns.filter((name) => numeric(rows.map((row) => row[name])) && !/date|as_of/.test(name)));
  const body = el("tbody"), heads = columns.map((c) => heading(c, right, (down) => { sorted = { by: c, down }; draw(); }));
  let sorted = null;
  const draw = () => {
    const wanted = filter.value.toLowerCase();
    const found = rows.filter((row) => JSON.stringify(row).toLowerCase().includes(wanted));
    if (sorted) found.sort((a, b) => compare(a[sorted.by], b[sorted.by], sorted.down));
    for (const head of heads) head.setAttribute("aria-sort", head.dataset.column !== sorted?.by ? "none" : sorted.down ? "descending" : "ascending");
    body.replaceChildren(...found.map((row) => el("tr", {}, columns.map((c, i) => cell(row, c, i, right)), kind === "prices" ? el("td", {}, spread(row.sources)) : null)));
    if (!found.length) body.replaceChildren(el("tr", {}, el("td", { colspan: String(columns.length) }, "Nothing has these words.")));
  };
  filter.addEventListener("input", draw);
  draw();
  const extra = kind === "prices" ? el("th", { scope: "col" }, "Sources") : null;
  return el("table", { class: "lines" }, el("thead", {}, el("tr", {}, heads, extra)), body);
}

/** Numbers first downwards, names upwards; what is unknown last. */
function heading(column, right, sort) {
  let down = !right.has(column);
  const head = el("th", { scope: "col", class: right.has(column) ? "num" : null, "aria-sort": "none" },
    el("button", { type: "button", class: "sort", onclick: () => { down = !down; sort(down); } }, HEADINGS[column] || label(column)));
  head.dataset.column = column;
  return head;
}

function compare(a, b, down) {
  const none = (v) => v === null || v === undefined;
  if (none(a) || none(b)) return none(a) - none(b);
  const order = typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b));
  return down ? -order : order;
}

function cell(row, column, index, right) {
  const value = row[column];
  if (index === 0) return el("th", { scope: "row" }, el("a", { href: `#/catalogue/entry/${encodeURIComponent(row.id || row.chip)}`, title: String(value) }, String(value)));
  return el("td", { class: right.has(column) ? "num" : null }, shown(column, value));
}

function spread(sources) {
  const all = sources || [];
  return [all[0] ? sourceOf(all[0]) : "–", all.length > 1 ? ` and ${all.length - 1} more` : ""];
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

async function showEntry(main, name) {
  const page = el("section", { class: "page" }, el("p", { class: "quiet" }, "Loading…"));
  main.append(page);
  const entry = await getJson(`/v1/catalog/entry/${encodeURIComponent(name)}`).catch((error) => ({ error: error.message }));
  const back = el("p", {}, el("a", { href: `#/catalogue/${entry.kind === "model" ? "models" : "chips"}` }, "← Catalogue"));
  if (entry.error) { page.replaceChildren(back, el("p", { class: "fault", role: "alert" }, entry.error)); return; }
  const also = entry.aliases?.length ? el("p", { class: "quiet" }, `Also written ${entry.aliases.slice(0, 8).join(", ")}`) : null;
  const rents = el("div", {});
  page.replaceChildren(back, el("h1", {}, entry.name), also, rents, el("h2", {}, "Facts"), factTable(entry.facts), ...(entry.remarks || []).map((text) => el("p", { class: "quiet" }, text)));
  if (entry.kind === "chip") await showRents(rents, entry.id);
}

function factTable(facts) {
  const rows = facts.map((fact) => el("tr", {}, el("th", { scope: "row" }, label(fact.name)), el("td", { class: "num" }, valueOf(fact)),
    el("td", {}, sourceOf(fact.source), fact.as_of ? el("span", { class: "quiet" }, ` · ${fact.as_of}`) : null, fact.note ? el("p", { class: "quiet" }, fact.note) : null, others(fact))));
  return el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Facts" },
    el("table", { class: "facts" }, el("thead", {}, el("tr", {}, ["Fact", "Value", "Source and date"].map((c) => el("th", { scope: "col", class: c === "Value" ? "num" : null }, c)))), el("tbody", {}, rows)));
}

function valueOf(fact) {
  const one = (value) => (typeof value === "number" ? written(value, fact.unit) : value ?? "–");
  const ranged = fact.low !== null && fact.low !== undefined && fact.low !== fact.high;
  return [one(fact.value), ranged ? el("small", {}, `${one(fact.low)} to ${one(fact.high ?? fact.value)}`) : null].filter(Boolean);
}

function others(fact) {
  if (!fact.others?.length) return null;
  return el("p", { class: "quiet" }, `Others say: ${fact.others.map((o) => `${typeof o.value === "number" ? written(o.value, fact.unit) : o.value} (${o.why_not || o.source})`).join("; ")}`);
}

/** The rent of a chip over time: a line for each kind of provider, the latest quarter in words, sources below. */
async function showRents(holder, chip) {
  const found = await getJson(`/v1/catalog/prices/${encodeURIComponent(chip)}`).catch(() => null);
  if (!found?.history?.length) return;
  const last = found.history.at(-1).as_of;
  const now = found.history.filter((row) => row.as_of === last);
  const sources = [...new Map(found.history.flatMap((row) => row.sources).map((s) => [s.title, s])).values()];
  holder.append(el("h2", {}, "Rent, on demand"),
    el("p", {}, `In ${last}: `, now.flatMap((row, i) => [i ? ", " : "", `${row.kind} `, el("strong", {}, `$${row.value.toFixed(2)}`), row.low < row.high ? ` (${row.low.toFixed(2)} to ${row.high.toFixed(2)})` : ""]), " per chip-hour, medians over providers."),
    chartFrame(found.chart),
    el("details", { class: "sources" }, el("summary", {}, `${sources.length} sources`), el("ul", {}, sources.map((s) => el("li", {}, sourceOf(s), s.as_of ? el("span", { class: "quiet" }, ` · ${s.as_of}`) : null)))));
}
