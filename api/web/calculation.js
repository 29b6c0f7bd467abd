// A calculation as a card: its inputs can be changed and run again in place, beside what it was.

import { getJson, postJson } from "./api.js";
import { copied } from "./answer.js";
import { chartFrame } from "./chart.js";
import { el, label, quantity, table, written } from "./dom.js";
import { leversOf, leverTable } from "./levers.js";

const ORIGIN = { question: "from the question", thread: "from before", catalogue: "catalogue", default: "assumed", claim: "from a claim", taken: "assumed" };
const ROWS = 5; // results shown before the rest is asked for
let tools = null, cards = 0;

async function toolOf(name) {
  tools ||= getJson("/v1/tools").then((list) => new Map(list.map((t) => [t.name, t])));
  tools.catch(() => { tools = null; });
  return (await tools).get(name);
}

/** `said` is the answer's text: a formula that stands there is not shown a second time. `figure` is the headline, if it is here.
 *  A claim's check is told in the text, so its card is folded. */
export function calculationCard(call, { said = "", figure = null } = {}) {
  cards += 1;
  const results = el("div", { class: "results" });
  const levers = el("div", { class: "levers-holder" });
  const form = el("form", { class: "inputs", "aria-label": `Inputs of ${label(call.tool)}, calculation ${cards}` });
  const checked = call.output?.verdict ? call.output.claim : "";
  const card = el("details", { class: "calculation", open: !checked },
    el("summary", {}, label(call.tool), el("span", { class: "quiet" }, checked ? ` · checks: ${checked}` : " · change an input and run it again")), form, levers, results);
  const view = { call, form, results, levers, figure };
  fillForm(view);
  const told = (call.formula || "").split(";").every((part) => said.includes(part.trim().replace(/\.$/, "")));
  showResults(view, told ? { ...call, formula: "" } : call, null);
  dress(view);
  return card;
}

function fillForm(view) {
  const { call, form } = view;
  for (const [name, value] of Object.entries(call.input)) form.append(field(name, value, call.origins?.[name]));
  for (const [name, value] of Object.entries(call.taken || {})) if (!(name in call.input)) form.append(field(name, value, "taken"));
  const button = el("button", { type: "submit", class: "again" }, "Run again");
  const back = el("button", { type: "button", class: "plain", hidden: true, onclick: () => restore(view, back) }, "Undo changes");
  const add = el("button", { type: "button", class: "plain", onclick: () => addField(view, button) }, "More inputs");
  form.append(el("span", { class: "run" }, button, back, add));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    form.querySelector(".fault")?.remove();
    try {
      const run = await postJson(`/v1/tools/${call.tool}`, readForm(form));
      showResults(view, run, call);
      back.hidden = false;
    } catch (error) {
      markField(form, error.problem?.field);
      form.append(el("p", { class: "fault", role: "alert" }, refusal(error)));
    } finally {
      button.disabled = false;
    }
  });
}

/** Why a run was refused, with the input's name as the form shows it. */
function refusal(error) {
  const { field, value, allowed } = error.problem || {};
  return field && allowed ? `${label(field)}${value === null || value === undefined ? "" : ` cannot be ${value}`}; allowed: ${allowed}` : error.message;
}

function restore(view, back) {
  view.form.querySelector(".fault")?.remove();
  for (const input of view.form.querySelectorAll("[name]")) {
    if (input.dataset.was === undefined) { input.closest("label").remove(); continue; }
    input.value = input.dataset.was;
    input.classList.remove("changed");
  }
  showResults(view, view.call, null);
  back.hidden = true;
}

/** A text box for an input. A `taken` one is what the calculator chose; it is sent only once changed. */
function field(name, value, origin) {
  const text = typeof value === "object" ? JSON.stringify(value) : String(value);
  const input = el("input", { name, value: text, size: String(Math.max(6, Math.min(26, text.length + 1))), autocomplete: "off", spellcheck: "false" });
  return wrapped(input, name, origin, text);
}

function wrapped(input, name, origin, text) {
  const assumed = origin === "default" || origin === "taken";
  input.dataset.was = text;
  if (origin === "taken") input.dataset.taken = "yes";
  input.addEventListener("input", () => input.classList.toggle("changed", input.value !== input.dataset.was));
  return el("label", { class: assumed ? "assumed" : null }, el("span", { class: "field" }, label(name)), input,
    origin ? el("small", {}, ORIGIN[origin] || origin) : null);
}

/** Once the schema is here: units beside names, choices as menus, what each input is as a hint; result names in words. */
async function dress(view) {
  const tool = await toolOf(view.call.tool).catch(() => null);
  if (!tool) return;
  view.tool = tool;
  for (const input of view.form.querySelectorAll("input[name]")) dressField(input, tool.input_schema.properties?.[input.name] || {});
  describe(view);
}

function dressField(input, schema) {
  const holder = input.closest("label");
  if (schema.description) holder.title = schema.description;
  const unit = schema.unit === "USD" ? "$" : (schema.unit || "").startsWith("USD/") ? `$${schema.unit.slice(3)}` : quantity(2, schema.unit).unit;
  const spelled = input.name.startsWith("usd_") || input.name.endsWith(`_${(schema.unit || "").toLowerCase()}s`) || input.name.endsWith(`_${(schema.unit || "").toLowerCase()}`);
  if (unit && !spelled && !holder.querySelector(".in")) holder.querySelector(".field").append(el("span", { class: "in" }, `, ${unit}`));
  if (schema.entity === "chip" || schema.entity === "model") suggest(input, `${schema.entity}s`);
  const choices = optionsOf(schema);
  if (!choices || input.tagName !== "INPUT") return;
  const select = el("select", { name: input.name }, [...new Set(["", ...choices, input.value])].map((choice) => el("option", { value: choice, selected: choice === input.value }, choice || "–")));
  select.dataset.was = input.dataset.was;
  if (input.dataset.taken) select.dataset.taken = "yes";
  select.addEventListener("input", () => select.classList.toggle("changed", select.value !== select.dataset.was));
  input.replaceWith(select);
}

/** Names of the catalogue offered while typing; fetched when first wanted. */
function suggest(input, kind) {
  input.setAttribute("list", `names-${kind}`);
  input.addEventListener("focus", async () => {
    if (document.getElementById(`names-${kind}`)) return;
    const list = el("datalist", { id: `names-${kind}` });
    document.body.append(list);
    const rows = await getJson(`/v1/catalog/${kind}`).catch(() => []);
    list.append(...rows.map((row) => el("option", { value: row.id }, row.name)));
  }, { once: true });
}

function optionsOf(schema) {
  const parts = [schema, ...(schema.anyOf || [])];
  const listed = parts.find((part) => part.enum)?.enum;
  if (listed) return listed.map(String);
  return parts.some((part) => part.type === "boolean") ? ["true", "false"] : null;
}

async function addField(view, before) {
  const schema = (await toolOf(view.call.tool))?.input_schema?.properties || {};
  const missing = Object.keys(schema).filter((name) => !view.form.elements.namedItem(name));
  if (!missing.length || view.form.querySelector("[data-adding]")) return;
  const said = (name) => (schema[name].description || "").split(/[;(,.]/)[0];
  const select = el("select", { "aria-label": "Input to add", "data-adding": true }, el("option", { value: "" }, "choose…"),
    missing.map((name) => el("option", { value: name }, said(name) || label(name))));
  const holder = el("label", {}, el("span", { class: "field" }, "Add"), select);
  select.addEventListener("change", () => {
    const made = field(select.value, "", null);
    const input = made.querySelector("input");
    delete input.dataset.was;
    holder.replaceWith(made);
    dressField(input, schema[input.name]);
    made.querySelector("[name]").focus();
  });
  before.parentElement.before(holder);
  select.focus();
}

function readForm(form) {
  const body = {};
  for (const input of form.querySelectorAll("[name]")) {
    const text = input.value.trim();
    if (text === "" || (input.dataset.taken && input.value === input.dataset.was)) continue;
    body[input.name] = valueOf(text);
  }
  return body;
}

function valueOf(text) {
  if (/^-?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(text)) return Number(text);
  if (/^[[{]/.test(text) || text === "true" || text === "false") { try { return JSON.parse(text); } catch { return text; } }
  return text;
}

function markField(form, name) {
  for (const input of form.querySelectorAll("[name]")) input.setAttribute("aria-invalid", String(input.name === name));
}

function showResults(view, run, before) {
  const was = new Map((before?.figures || []).map((f) => [f.name, f]));
  const figures = [...run.figures].sort((a, b) => (b.name === view.figure) - (a.name === view.figure)).slice(0, 16);
  const rows = figures.map((figure, i) => row(figure, was.get(figure.name), before, i));
  const hidden = rows.length > ROWS + 1;
  if (hidden) for (const extra of rows.slice(ROWS)) extra.hidden = !extra.classList.contains("changed");
  const list = el("table", { class: "figures" }, el("caption", { class: "visually-hidden" }, "Results"), el("tbody", {}, rows));
  const parts = [list];
  if (hidden) parts.push(el("button", { type: "button", class: "plain", onclick: (e) => { for (const r of rows) r.hidden = false; e.currentTarget.remove(); } }, `All ${rows.length} results`));
  if (run.formula) parts.push(el("p", { class: "formula" }, run.formula));
  if (run.table?.rows?.length) parts.push(table(run.table), el("button", { type: "button", class: "plain", onclick: (e) => copied(e.currentTarget, asCsv(run.table)) }, "Copy table as CSV"));
  if (run.chart) parts.push(chartFrame(run.chart));
  if (before) for (const warning of run.warnings || []) parts.push(el("p", { class: "warn" }, warning));
  if (before && run.assumptions?.length) parts.push(el("p", { class: "quiet" }, `Assumed: ${run.assumptions.join("; ")}`));
  if (run.sources?.length) parts.push(sources(run.sources));
  view.results.replaceChildren(...parts);
  describe(view);
  showLevers(view, run);
  for (const input of view.form.querySelectorAll("[aria-invalid]")) input.removeAttribute("aria-invalid");
}

function row(figure, old, before, index) {
  const changed = old && old.value !== figure.value;
  return el("tr", { class: [changed ? "changed" : "", index === 0 ? "first" : ""].join(" ").trim() || null },
    el("th", { scope: "row", "data-name": figure.name }, label(figure.name)),
    el("td", { class: "num" }, written(figure.value, figure.unit)),
    before ? el("td", { class: "num quiet" }, changed ? `was ${quantity(old.value, old.unit).number}` : "") : null);
}

/** The levers of the headline's calculation, drawn when they are here; none for the other calculations. */
async function showLevers(view, run) {
  view.shown = run;
  const found = view.figure ? await leversOf(view.call.tool, run.input, view.figure) : null;
  if (view.shown === run) view.levers.replaceChildren(...(found ? [leverTable(found)] : []));
}

/** The names of results become what the calculator says they are, once its schema is here. */
function describe({ tool, results }) {
  const known = tool?.output_schema?.properties || {};
  for (const name of results.querySelectorAll("th[data-name]")) {
    const told = known[name.dataset.name]?.description?.split(/[;:(]/)[0].trim().replace(/\.$/, "");
    if (told && told.length <= 70) name.textContent = told.charAt(0).toUpperCase() + told.slice(1);
  }
}

function sources(items) {
  return el("details", { class: "sources" }, el("summary", {}, `${items.length} source${items.length > 1 ? "s" : ""} of facts`),
    el("ul", {}, items.map((s) => el("li", {},
      s.url && /^https:\/\//.test(s.url) ? el("a", { href: s.url, rel: "noopener noreferrer nofollow", target: "_blank" }, s.title) : s.title,
      s.as_of ? el("span", { class: "quiet" }, ` · ${s.as_of}`) : null, s.says ? el("p", { class: "quiet" }, s.says) : null))));
}

function asCsv({ columns, rows }) {
  const cell = (value) => {
    let text = String(value ?? "");
    if (/^[=+\-@\t\r]/.test(text) && typeof value !== "number") text = `'${text}`; // a spreadsheet must not run it
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return [columns, ...rows].map((row) => row.map(cell).join(",")).join("\n");
}
