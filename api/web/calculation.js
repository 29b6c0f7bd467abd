// A calculation as a card: its inputs can be changed and run again in place, beside what it was.

import { getJson, postJson } from "./api.js";
import { copied } from "./answer.js";
import { chartFrame } from "./chart.js";
import { el, label, quantity, table } from "./dom.js";

const ORIGIN = { question: "from the question", thread: "from before", catalogue: "catalogue", default: "assumed", claim: "from a claim" };
let tools = null;

async function toolOf(name) {
  tools ||= getJson("/v1/tools").then((list) => new Map(list.map((t) => [t.name, t])));
  return (await tools).get(name);
}

/** `said` is the answer's text: a formula that stands there is not shown a second time. */
export function calculationCard(call, said = "") {
  const results = el("div", { class: "results" });
  const form = el("form", { class: "inputs", "aria-label": `Inputs of ${label(call.tool)}` });
  const card = el("details", { class: "calculation", open: true },
    el("summary", {}, label(call.tool)), form, results);
  fillForm(form, call, results);
  const told = (call.formula || "").split(";").every((part) => said.includes(part.trim().replace(/\.$/, "")));
  showResults(results, told ? { ...call, formula: "" } : call, null);
  return card;
}

function fillForm(form, call, results) {
  for (const [name, value] of Object.entries(call.input)) form.append(field(call, name, value));
  const button = el("button", { type: "submit" }, "Run again");
  const add = el("button", { type: "button", class: "plain", onclick: () => addField(form, call, button) }, "More inputs");
  form.append(el("span", { class: "run" }, button, add));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    try {
      const run = await postJson(`/v1/tools/${call.tool}`, readForm(form));
      showResults(results, run, call);
    } catch (error) {
      markField(form, error.problem?.field);
      results.prepend(el("p", { class: "fault", role: "alert" }, error.message));
    } finally {
      button.disabled = false;
    }
  });
}

function field(call, name, value) {
  const origin = call.origins?.[name];
  const text = typeof value === "object" ? JSON.stringify(value) : String(value);
  const input = el("input", { name, value: text, size: String(Math.max(6, Math.min(26, text.length + 1))), autocomplete: "off" });
  input.dataset.was = text;
  input.addEventListener("input", () => input.classList.toggle("changed", input.value !== input.dataset.was));
  return el("label", { class: origin === "default" ? "assumed" : null }, el("span", {}, label(name)), input,
    origin ? el("small", {}, ORIGIN[origin] || origin) : null);
}

async function addField(form, call, before) {
  const schema = (await toolOf(call.tool))?.input_schema?.properties || {};
  const missing = Object.keys(schema).filter((name) => !form.elements.namedItem(name));
  if (!missing.length) return;
  const select = el("select", { "aria-label": "Input to add" }, el("option", { value: "" }, "choose…"),
    missing.map((name) => el("option", { value: name }, label(name))));
  const holder = el("label", {}, el("span", {}, "add"), select);
  select.addEventListener("change", () => {
    const made = field(call, select.value, "");
    made.title = schema[select.value].description || "";
    holder.replaceWith(made);
    made.querySelector("input").focus();
  });
  before.parentElement.before(holder);
  select.focus();
}

function readForm(form) {
  const body = {};
  for (const input of form.querySelectorAll("input[name]")) {
    const text = input.value.trim();
    if (text === "") continue;
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
  for (const input of form.querySelectorAll("input")) input.setAttribute("aria-invalid", String(input.name === name));
}

function showResults(results, run, before) {
  const was = new Map((before?.figures || []).map((f) => [f.name, f]));
  const rows = run.figures.slice(0, 12).map((figure) => {
    const old = was.get(figure.name), now = quantity(figure.value, figure.unit);
    const changed = old && old.value !== figure.value;
    return el("tr", { class: changed ? "changed" : null }, el("th", { scope: "row", "data-name": figure.name }, label(figure.name)),
      el("td", { class: "num" }, `${now.number} ${now.unit}`),
      before ? el("td", { class: "num quiet" }, changed ? `was ${quantity(old.value, old.unit).number}` : "") : null);
  });
  const parts = [el("table", { class: "figures" }, el("caption", { class: "visually-hidden" }, "Results"), el("tbody", {}, rows))];
  if (run.formula) parts.push(el("p", { class: "formula" }, run.formula));
  if (run.table?.rows?.length) parts.push(table(run.table), el("button", { type: "button", class: "plain", onclick: (e) => copied(e.target, asCsv(run.table)) }, "Copy table as CSV"));
  if (run.chart) parts.push(chartFrame(run.chart));
  for (const warning of run.warnings || []) parts.push(el("p", { class: "warn" }, warning));
  if (run.sources?.length) parts.push(sources(run.sources));
  results.replaceChildren(...parts);
  describe(results, run.tool);
  for (const input of results.parentElement?.querySelectorAll("[aria-invalid]") || []) input.removeAttribute("aria-invalid");
}

/** The names of results become what the calculator says they are, once its schema is here. */
async function describe(results, tool) {
  const known = (await toolOf(tool).catch(() => null))?.output_schema?.properties || {};
  for (const name of results.querySelectorAll("th[data-name]")) {
    const told = known[name.dataset.name]?.description?.split(/[;:(]/)[0].trim().replace(/\.$/, "");
    if (told && told.length <= 70) name.textContent = told.charAt(0).toUpperCase() + told.slice(1);
  }
}

function sources(items) {
  return el("details", { class: "sources" }, el("summary", {}, `${items.length} source${items.length > 1 ? "s" : ""}`),
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
