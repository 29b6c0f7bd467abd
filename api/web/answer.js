// One answer: the headline, the text, what would change it, the calculations as cards, the sources.

import { calculationCard } from "./calculation.js";
import { change, el, markdown, quantity, written } from "./dom.js";
import { leversOf } from "./levers.js";

const STATUS = {
  clarify: "One question first", invalid: "That cannot be", out_of_scope: "Outside what can be answered", refused: "Not answered",
};

export function answerCard(answer) {
  const card = el("div", { class: `answer ${answer.status}` });
  const said = stated(answer);
  if (answer.status !== "answered") card.append(el("p", { class: "status" }, STATUS[answer.status] || answer.status));
  if (answer.headline) card.append(headline(answer.headline, said));
  card.append(markdown(said ? said.rest : answer.text));
  if (answer.ledger?.unsupported?.length) {
    card.append(el("p", { class: "warn", role: "note" }, `Not traced to any calculation or source: ${answer.ledger.unsupported.join(", ")}`));
  }
  for (const warning of answer.warnings || []) card.append(el("p", { class: "warn", role: "note" }, warning));
  if (answer.assumptions?.length) card.append(assumptions(answer.assumptions));
  const answered = answer.status === "answered";
  const calls = (answer.tool_calls || []).filter((call) => !call.error);
  const holder = answered && answer.headline ? calls.find((call) => call.figures.some((f) => f.name === answer.headline.name)) : null;
  for (const call of calls) card.append(calculationCard(call, { said: answer.text, figure: call === holder ? answer.headline.name : null }));
  if (answered && answer.citations?.length) card.append(citations(answer.citations, answer.text));
  card.append(footer(answer, holder));
  return card;
}

/** What the first paragraph says the headline is; the headline then carries it, and the text goes on from there. */
function stated(answer) {
  const [first, ...rest] = answer.text.split("\n\n");
  const found = answer.headline && first.match(/^([^*\n]{1,180}): \*\*([^*\n]+)\*\*(?: \([^()\n]*\))?\.?$/);
  return found ? { what: found[1], times: found[2].endsWith("×"), rest: rest.join("\n\n") } : null;
}

function headline(figure, said) {
  const { number, unit } = quantity(figure.value, figure.unit);
  const range = figure.low !== null && figure.high !== null && figure.low !== figure.high
    ? el("span", { class: "range" }, `${written(figure.low, figure.unit)} to ${written(figure.high, figure.unit)}`) : null;
  return el("div", { class: "headline" },
    el("p", {}, el("span", { class: "number" }, said?.times ? `${number}×` : number), unit ? el("span", { class: "unit" }, unit) : null, range),
    said ? el("p", { class: "what" }, said.what) : null);
}

function assumptions(items) {
  return el("section", { class: "assumed" }, el("h3", {}, "Assumed"), el("ul", {}, items.map((text) => el("li", {}, text))));
}

/** What was said, by its time or page. What the text does not tell already is shown in few words. */
function citations(items, told) {
  return el("section", { class: "cited" }, el("h3", {}, "Sources of what was said"), items.map((c) => {
    const place = c.start ? `${c.start}${c.end ? `–${c.end}` : ""}` : c.page ? `page ${c.page}` : c.locator;
    return el("details", {}, el("summary", {}, el("span", { class: "stamp" }, place || "–"), " ", el("span", { class: "gist" }, c.start && told.includes(c.start) ? c.title : gist(c.text))),
      el("blockquote", {}, c.text), el("p", { class: "quiet" }, [c.speaker, c.title, place, c.as_of && `as of ${c.as_of}`].filter(Boolean).join(" · ")));
  }));
}

function gist(text) {
  const plain = text.replace(/\s+/g, " ").trim();
  return plain.length <= 70 ? plain : `${plain.slice(0, 68).replace(/\s\S*$/, "")} …`;
}

function footer(answer, holder) {
  const traced = answer.ledger?.checked ? `${answer.ledger.checked - answer.ledger.unsupported.length} of ${answer.ledger.checked} numbers traced` : "";
  const cost = answer.usage?.usd ? `$${answer.usage.usd.toFixed(4)}` : "";
  const by = `${answer.provider}${answer.model ? ` ${answer.model}` : ""}`;
  const copy = el("button", { type: "button", onclick: async (e) => { const button = e.currentTarget; copied(button, await asMarkdown(answer, holder)); } }, "Copy as Markdown");
  const share = answer.thread ? el("button", { type: "button", onclick: (e) => copied(e.currentTarget, location.href) }, "Copy link") : null;
  return el("footer", {}, el("span", { class: "quiet" }, [by, traced, cost, `${Math.round(answer.elapsed_ms)} ms`].filter(Boolean).join(" · ")),
    el("span", { class: "actions" }, copy, share));
}

export async function copied(button, text) {
  const label = button.dataset.label ||= button.textContent;
  try { await navigator.clipboard.writeText(text); button.textContent = "Copied"; } catch { button.textContent = "Copying was refused"; }
  setTimeout(() => { button.textContent = label; }, 1500);
}

async function asMarkdown(answer, holder) {
  const lines = [`**${answer.question}**`, "", answer.text];
  const calls = (answer.tool_calls || []).filter((call) => !call.error);
  const shown = holder || calls.find((call) => call.table);
  if (shown?.table) lines.push("", ...markdownRows(shown.table));
  const levers = holder ? await leversOf(holder.tool, holder.input, answer.headline.name) : null;
  if (levers) {
    lines.push("", "What would change it most:");
    for (const lever of levers.levers) {
      const base = lever.base === null ? "" : ` (${written(lever.base, lever.unit)})`;
      lines.push(`- ${lever.label}${base}: ${[lever.less, lever.more, ...lever.instead].filter(Boolean).map((c) => `${change(c.percent)} at ${written(c.input, lever.unit)}`).join(", ")}`);
    }
  }
  if (answer.assumptions?.length) lines.push("", "Assumed:", ...answer.assumptions.map((a) => `- ${a}`));
  const sources = calls.flatMap((call) => call.sources || []);
  if (sources.length) lines.push("", "Sources:", ...new Set(sources.map((s) => `- ${s.title}${s.as_of ? ` (${s.as_of})` : ""}${s.url ? ` ${s.url}` : ""}`)));
  if (answer.citations?.length && answer.status === "answered") lines.push("", ...answer.citations.map((c) => `> ${c.text} (${[c.title, c.start || (c.page && `page ${c.page}`) || c.locator].filter(Boolean).join(", ")})`));
  return lines.join("\n");
}

function markdownRows({ columns, rows }) {
  const cell = (value) => String(value ?? "–").replaceAll("|", "\\|").replaceAll("\n", " ");
  return [columns, columns.map(() => "---"), ...rows].map((row) => `| ${row.map(cell).join(" | ")} |`);
}
