// The claims ledger: what was said, what we compute, where they part.

import { getJson } from "./api.js";
import { el, label, written } from "./dom.js";

// What does not hold comes first; what nobody can compute, last.
const VERDICTS = [["inconsistent", "Does not hold"], ["plausible", "Plausible"], ["reproduced", "Holds"], ["not_checkable", "Not checkable"]];
const ORDER = new Map(VERDICTS.map(([name], i) => [name, i]));
const SAID = new Map(VERDICTS);

export async function showClaims(main, chosen) {
  const filter = el("input", { type: "search", placeholder: "Filter…", "aria-label": "Filter the claims" });
  const tabs = el("div", { class: "tabs" }, el("p", { class: "quiet" }, "Computing every claim again…"));
  const list = el("div", { class: "claims" });
  main.append(el("section", { class: "page" }, el("h1", {}, "Claims"),
    el("p", {}, "What was said about the compute market, and what the calculators make of it now."), tabs, list));
  const claims = await getJson("/v1/claims").catch((error) => { tabs.replaceChildren(); list.replaceChildren(el("p", { class: "fault" }, error.message)); return []; });
  if (!claims.length) return;
  const count = (name) => claims.filter((c) => c.verdict === name).length;
  const verdict = SAID.has(chosen) ? chosen : "";
  const link = (name, text, n) => el("a", { href: `#/claims/${name}`, "aria-current": verdict === name ? "page" : null }, `${text} `, el("span", { class: "count" }, String(n)));
  tabs.replaceChildren(link("", "All", claims.length), ...VERDICTS.map(([name, text]) => link(name, text, count(name))), filter);
  const sorted = claims.filter((c) => !verdict || c.verdict === verdict).sort((a, b) => ORDER.get(a.verdict) - ORDER.get(b.verdict) || Boolean(b.calculator) - Boolean(a.calculator));
  const draw = () => {
    const wanted = filter.value.toLowerCase();
    const shown = sorted.filter((c) => `${c.claim} ${c.speaker} ${c.note} ${c.calculator}`.toLowerCase().includes(wanted));
    list.replaceChildren(...(shown.length ? shown.map(card) : [el("p", { class: "quiet" }, "No claim has these words.")]));
  };
  filter.addEventListener("input", draw);
  draw();
}

function card(claim) {
  const when = claim.start && (claim.end ? `${claim.start}–${claim.end}` : claim.start);
  return el("article", { class: `claim ${claim.verdict}` },
    el("p", { class: "verdict" }, SAID.get(claim.verdict) || claim.verdict),
    el("p", { class: "claimed" }, claim.claim || claim.id),
    el("p", { class: "quiet" }, [claim.speaker, when].filter(Boolean).join(" · ")),
    sides(claim), claim.note ? el("p", {}, claim.note) : null, working(claim));
}

function sides(claim) {
  const rows = [["Said", figure(claim.said)], ["Computed", figure(claim.computed)]].filter(([, text]) => text);
  return rows.length ? el("dl", { class: "sides" }, rows.flatMap(([word, text]) => [el("dt", {}, word), el("dd", {}, text)])) : null;
}

/** How it was computed: inputs with where each is from, and the formula. */
function working(claim) {
  if (!claim.calculator) return null;
  const inputs = Object.entries(claim.inputs || {}).map(([name, given]) => el("li", {}, `${label(name)}: ${typeof given.value === "object" ? JSON.stringify(given.value) : given.value}`,
    el("span", { class: "quiet" }, ` · ${given.origin}${given.says ? `, ${given.says}` : ""}`)));
  return el("details", { class: "sources" }, el("summary", {}, `Computed by ${label(claim.calculator).toLowerCase()}`),
    inputs.length ? el("ul", {}, inputs) : null, claim.formula ? el("p", { class: "formula" }, claim.formula) : null);
}

/** "2 GW", a range with both ends, or nothing. */
function figure(of) {
  if (!of) return "";
  const has = (end) => end !== null && end !== undefined;
  const shown = (value) => written(value, of.unit);
  if (has(of.low) && has(of.high) && of.low !== of.high) return `${shown(of.low)} to ${shown(of.high)}`;
  if (has(of.value)) return shown(of.value);
  if (has(of.low)) return has(of.high) ? shown(of.low) : `at least ${shown(of.low)}`;
  return has(of.high) ? `at most ${shown(of.high)}` : of.text || "";
}
