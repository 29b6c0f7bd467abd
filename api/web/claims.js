// The claims ledger: what was said, what we compute, where they part.

import { getJson } from "./api.js";
import { el, label, quantity } from "./dom.js";

export async function showClaims(main) {
  const filter = el("input", { type: "search", placeholder: "Filter…", "aria-label": "Filter the claims" });
  const verdict = el("select", { "aria-label": "Verdict" }, ["all", "reproduced", "plausible", "inconsistent", "not_checkable"].map((v) => el("option", { value: v }, v.replace("_", " "))));
  const list = el("div", { class: "claims" }, el("p", { class: "quiet" }, "Computing every claim again…"));
  main.append(el("section", { class: "page" }, el("h1", {}, "Claims"), el("p", {}, "What was said, and what the calculators give for it now."), el("div", { class: "tabs" }, verdict, filter), list));
  const claims = await getJson("/v1/claims").catch((error) => { list.replaceChildren(el("p", { class: "fault" }, error.message)); return []; });
  const draw = () => {
    const wanted = filter.value.toLowerCase();
    const shown = claims.filter((c) => (verdict.value === "all" || c.verdict === verdict.value) && JSON.stringify(c).toLowerCase().includes(wanted));
    list.replaceChildren(el("p", { class: "quiet" }, `${shown.length} of ${claims.length}`), ...shown.map(card));
  };
  filter.addEventListener("input", draw);
  verdict.addEventListener("change", draw);
  if (claims.length) draw();
}

function card(claim) {
  return el("article", { class: `claim ${claim.verdict}` },
    el("p", { class: "verdict" }, claim.verdict.replace("_", " ")),
    el("p", {}, claim.claim || claim.id),
    el("p", { class: "quiet" }, [claim.speaker, claim.start && (claim.end ? `${claim.start}–${claim.end}` : claim.start)].filter(Boolean).join(" · ")),
    claim.said || claim.computed ? el("p", { class: "said" }, [figure("Said", claim.said), figure("Computed", claim.computed)].filter(Boolean).join(" · ")) : null,
    claim.note ? el("p", {}, claim.note) : null,
    claim.calculator ? el("p", { class: "quiet" }, `by ${label(claim.calculator)}`) : null);
}

/** "Said: 2 GW", a range with both ends, or nothing. */
function figure(word, of) {
  if (!of) return "";
  const number = (value) => quantity(value, of.unit).number;
  const ends = [of.low, of.high].filter((end) => end !== null && end !== undefined);
  const text = of.value !== null && of.value !== undefined ? number(of.value)
    : ends.length === 2 ? `${number(of.low)} to ${number(of.high)}` : ends.length ? `${of.low === null || of.low === undefined ? "at most" : "at least"} ${number(ends[0])}` : of.text;
  return text ? `${word}: ${text} ${quantity(1e3 + 0.5, of.unit).unit}`.trim() : "";
}
