// The conversation: questions, answers as they come, follow-ups.

import { askStream, getJson, postJson } from "./api.js";
import { answerCard } from "./answer.js";
import { el, label, markdown } from "./dom.js";
import { remember } from "./history.js";

const EXAMPLES = [
  "Max batch of Llama 405B FP8 on 8×H100 at 12k context?",
  "HBM per dollar of Trainium2 against H100?",
  "What does the next 10x of training cost after a $300M run?",
  "What was said about neoclouds, and does it hold?",
  "Cost per million tokens: 8×H100 at $2/hr, 12,000 tok/s",
  "What did an H100 rent for in early 2024 against 2026?",
];

export async function showChat(main, thread) {
  const id = thread || crypto.randomUUID();
  const log = el("div", { class: "log", role: "log", "aria-label": "Conversation" });
  const composer = makeComposer((question) => ask(question, id, log, composer));
  main.append(el("section", { class: "chat" }, log, composer.form));
  if (thread) await replay(id, log);
  if (log.children.length) log.before(el("h1", { class: "visually-hidden" }, "Conversation"));
  else log.append(welcome((question) => composer.submit(question)));
  composer.box.focus({ preventScroll: true });
}

async function replay(id, log) {
  try {
    show(await getJson(`/v1/threads/${encodeURIComponent(id)}`), id, log);
    log.lastElementChild?.scrollIntoView({ block: "start" });
  } catch (error) {
    log.append(el("p", { class: "fault", role: "alert" }, `This conversation cannot be shown: ${error.message}. `, el("a", { href: "#/" }, "Start a new one")));
  }
}

function show({ answers, running, interrupted }, id, log) {
  log.replaceChildren(...answers.map((answer) => turn(answer.question, answerCard(answer))));
  for (const question of running) log.append(turn(question, el("p", {}, "This answer is still being worked on.")));
  for (const question of interrupted) {
    const finish = el("button", { type: "button", onclick: () => resume(id, log, finish) }, "Finish it");
    log.append(turn(question, el("p", { class: "fault" }, "This answer was interrupted before it was finished. ", finish)));
  }
}

async function resume(id, log, button) {
  button.disabled = true;
  try {
    show(await postJson(`/v1/threads/${encodeURIComponent(id)}/resume`), id, log);
  } catch (error) {
    button.disabled = false;
    button.after(` ${error.message}`);
  }
}

function welcome(submit) {
  return el("div", { class: "welcome" },
    el("h1", {}, "What does a rack really cost, and what does it really do?"),
    el("p", {}, "Numbers come from calculators you can open and change; what was said is cited to the minute."),
    el("ul", { class: "examples" }, EXAMPLES.map((text) =>
      el("li", {}, el("button", { type: "button", onclick: () => submit(text) }, text)))),
    el("p", { class: "quiet keys" }, el("kbd", {}, "/"), " to write, ", el("kbd", {}, "Enter"), " to ask, ", el("kbd", {}, "Shift Enter"), " for a new line, ",
      el("kbd", {}, "↑"), " for the question before. Follow-ups know what came before."));
}

function makeComposer(send) {
  const box = el("textarea", { rows: "1", placeholder: "Ask about chips, rents…", "aria-label": "Your question", maxlength: "20000" });
  const button = el("button", { type: "submit", class: "send" }, "Ask");
  const form = el("form", { class: "composer" }, box, button);
  const grow = () => { box.style.height = "auto"; box.style.height = `${Math.min(box.scrollHeight, 220)}px`; };
  let stop = null, last = "";
  const composer = {
    form, box,
    /** While an answer is on its way the button stops it; `null` when it has come. */
    busy(abort) {
      stop = abort;
      button.textContent = abort ? "Stop" : "Ask";
      form.classList.toggle("busy", Boolean(abort));
    },
    submit(text) {
      if (!text.trim() || stop) return;
      last = text.trim();
      box.value = "";
      grow();
      send(last);
    },
  };
  box.addEventListener("input", grow);
  box.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); composer.submit(box.value); }
    if (event.key === "Escape" && stop) stop();
    if (event.key === "ArrowUp" && !box.value) {
      last ||= [...document.querySelectorAll(".asked")].at(-1)?.textContent || "";
      if (last) { event.preventDefault(); box.value = last; grow(); }
    }
  });
  form.addEventListener("submit", (event) => { event.preventDefault(); if (stop) stop(); else composer.submit(box.value); });
  return composer;
}

function turn(question, body) {
  return el("article", { class: "turn" }, el("h2", { class: "asked" }, question), body);
}

async function ask(question, thread, log, composer) {
  log.querySelector(".welcome")?.remove();
  if (!document.querySelector("h1")) log.before(el("h1", { class: "visually-hidden" }, "Conversation"));
  const article = turn(question, el("div", { class: "pending" }));
  const holder = article.lastElementChild;
  const progress = makeProgress(holder);
  log.append(article);
  article.scrollIntoView({ behavior: "smooth", block: "start" });
  const control = new AbortController();
  composer.busy(() => control.abort());
  try {
    const answer = await askStream({ question, thread }, progress, control.signal);
    holder.replaceWith(answerCard(answer));
    remember(thread, question);
    history.replaceState(null, "", `#/t/${thread}`);
    document.getElementById("announce").textContent = answer.text.slice(0, 300);
  } catch (error) {
    const said = control.signal.aborted ? "Stopped." : error.message;
    holder.replaceWith(el("div", { class: "fault", role: "alert" }, said, " ",
      el("button", { type: "button", onclick: () => { article.remove(); ask(question, thread, log, composer); } }, "Try again")));
  } finally {
    composer.busy(null);
    composer.box.focus({ preventScroll: true });
  }
}

/** Shows what happens while an answer is made: the step, and the text as it is written. It is checked only at the end. */
function makeProgress(holder) {
  const steps = el("p", { class: "steps", "aria-hidden": "true" }, "Reading the question…");
  const draft = el("div", { class: "draft", "aria-hidden": "true" });
  holder.append(steps, draft);
  let text = "", due = false;
  const draw = () => { due = false; draft.replaceChildren(markdown(text)); };
  return (event, data) => {
    if (event === "tool_call") steps.textContent = `Calculating: ${label(data.tool)}…`;
    else if (event === "citation") steps.textContent = `Found: ${data.title}${data.start ? ` at ${data.start}` : ""}…`;
    else if (event === "status" && data.restarted) text = "";
    else if (event === "status" && data.node === "verify") steps.textContent = "Checking the numbers…";
    else if (event === "text") {
      steps.textContent = "Writing…";
      text += data.delta || "";
      if (!due) { due = true; requestAnimationFrame(draw); }
    }
  };
}
