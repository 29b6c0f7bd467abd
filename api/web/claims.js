// The claims ledger: what was said, what we compute, where they part.

import { getJson } from "./api.js";
import { el } from "./dom.js";

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
    el("p", { class: "quiet" }, [claim.speaker, claim.start && `${claim.start}–${claim.end}`].filter(Boolean).join(" · ")),
    claim.said || claim.computed ? el("p", { class: "said" }, claim.said ? `Said: ${claim.said}` : "", claim.computed ? ` · Computed: ${claim.computed}` : "") : null,
    claim.note ? el("p", {}, claim.note) : null,
    claim.calculator ? el("p", { class: "quiet" }, `by ${claim.calculator.replaceAll("_", " ")}`) : null);
}
