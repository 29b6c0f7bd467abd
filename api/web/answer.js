// One answer: the headline, the text, the calculations as cards that can be changed, the sources.

import { calculationCard } from "./calculation.js";
import { el, markdown, quantity } from "./dom.js";

const STATUS = {
  clarify: "One thing is missing", invalid: "That cannot be", out_of_scope: "Outside what can be answered", refused: "Not answered",
};

export function answerCard(answer) {
  const card = el("div", { class: `answer ${answer.status}` });
  if (answer.status !== "answered") card.append(el("p", { class: "status" }, STATUS[answer.status] || answer.status));
  if (answer.headline) card.append(headline(answer.headline));
  card.append(markdown(answer.text));
  if (answer.ledger?.unsupported?.length) {
    card.append(el("p", { class: "warn", role: "note" }, `Not traced to any calculation or source: ${answer.ledger.unsupported.join(", ")}`));
  }
  for (const warning of answer.warnings || []) card.append(el("p", { class: "warn", role: "note" }, warning));
  for (const call of answer.tool_calls || []) if (!call.error) card.append(calculationCard(call, answer.text));
  if (answer.assumptions?.length) card.append(assumptions(answer.assumptions));
  if (answer.citations?.length) card.append(citations(answer.citations));
  card.append(footer(answer));
  return card;
}

function headline(figure) {
  const { number, unit } = quantity(figure.value, figure.unit);
  const range = figure.low !== null && figure.high !== null && figure.low !== figure.high
    ? el("span", { class: "range" }, `${quantity(figure.low, figure.unit).number} to ${quantity(figure.high, figure.unit).number}`) : null;
  return el("p", { class: "headline" }, el("span", { class: "number" }, number), unit ? el("span", { class: "unit" }, unit) : null, range);
}

function assumptions(items) {
  return el("section", { class: "assumed" }, el("h3", {}, "Assumed"), el("ul", {}, items.map((text) => el("li", {}, text))));
}

function citations(items) {
  return el("section", { class: "cited" }, el("h3", {}, "What was said"), items.map((c) => {
    const place = c.start ? `${c.start}${c.end ? `–${c.end}` : ""}` : c.page ? `page ${c.page}` : c.locator;
    return el("details", {}, el("summary", {}, el("span", { class: "stamp" }, place || "–"), ` ${c.title}`, c.as_of ? el("span", { class: "quiet" }, ` · as of ${c.as_of}`) : null),
      el("blockquote", {}, c.text), c.speaker ? el("p", { class: "quiet" }, c.speaker) : null);
  }));
}

function footer(answer) {
  const traced = answer.ledger ? `${answer.ledger.checked - answer.ledger.unsupported.length} of ${answer.ledger.checked} numbers traced` : "";
  const cost = answer.usage?.usd ? ` · $${answer.usage.usd.toFixed(4)}` : "";
  const copy = el("button", { type: "button", onclick: (e) => copied(e.target, asMarkdown(answer)) }, "Copy as Markdown");
  const share = answer.thread ? el("button", { type: "button", onclick: (e) => copied(e.target, location.href) }, "Copy link") : null;
  return el("footer", {}, el("span", { class: "quiet" }, `${answer.provider}${answer.model ? ` ${answer.model}` : ""} · ${traced}${cost} · ${Math.round(answer.elapsed_ms)} ms`),
    el("span", { class: "actions" }, copy, share));
}

export async function copied(button, text) {
  const label = button.textContent;
  try { await navigator.clipboard.writeText(text); button.textContent = "Copied"; } catch { button.textContent = "Copying was refused"; }
  setTimeout(() => { button.textContent = label; }, 1500);
}

function asMarkdown(answer) {
  const lines = [`**${answer.question}**`, "", answer.text];
  if (answer.assumptions?.length) lines.push("", "Assumed:", ...answer.assumptions.map((a) => `- ${a}`));
  const sources = (answer.tool_calls || []).flatMap((call) => call.sources || []);
  if (sources.length) lines.push("", "Sources:", ...new Set(sources.map((s) => `- ${s.title}${s.as_of ? ` (${s.as_of})` : ""}${s.url ? ` ${s.url}` : ""}`)));
  if (answer.citations?.length) lines.push("", ...answer.citations.map((c) => `> ${c.text} (${c.title} ${c.start || c.page || ""})`));
  return lines.join("\n");
}
