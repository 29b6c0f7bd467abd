// The conversation: questions, answers as they come, follow-ups.

import { askStream, getJson, postJson } from "./api.js";
import { answerCard } from "./answer.js";
import { el, label } from "./dom.js";
import { remember } from "./history.js";

const EXAMPLES = [
  "Max batch of Llama 405B FP8 on 8×H100 at 12k context?",
  "HBM per dollar of Trainium2 against H100?",
  "What does the next 10x of training cost after a $300M run?",
  "What was said about neoclouds, and does it hold?",
  "Cost per million tokens: 8×H100 at $2/hr, 12,000 tok/s",
];

export async function showChat(main, thread) {
  const id = thread || crypto.randomUUID();
  const log = el("div", { class: "log", role: "log", "aria-label": "Conversation" });
  const composer = makeComposer((question) => ask(question, id, log, composer));
  main.append(el("section", { class: "chat" }, log, composer.form));
  if (thread) await replay(id, log);
  if (!log.children.length) log.append(welcome((question) => composer.submit(question)));
  composer.box.focus({ preventScroll: true });
}

async function replay(id, log) {
  try {
    show(await getJson(`/v1/threads/${encodeURIComponent(id)}`), id, log);
    log.lastElementChild?.scrollIntoView({ block: "start" });
  } catch (error) {
    log.append(el("p", { class: "fault", role: "alert" }, `This conversation cannot be shown: ${error.message}`));
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
      el("li", {}, el("button", { type: "button", onclick: () => submit(text) }, text)))));
}

function makeComposer(send) {
  const box = el("textarea", { rows: "1", placeholder: "Ask about serving, training, chips, rents…", "aria-label": "Your question", maxlength: "20000" });
  const button = el("button", { type: "submit", class: "send" }, "Ask");
  const form = el("form", { class: "composer" }, box, button);
  const grow = () => { box.style.height = "auto"; box.style.height = `${Math.min(box.scrollHeight, 220)}px`; };
  const composer = {
    form, box,
    busy(on) { button.disabled = on; form.classList.toggle("busy", on); },
    submit(text) { if (text.trim() && !button.disabled) { box.value = ""; grow(); send(text.trim()); } },
  };
  box.addEventListener("input", grow);
  box.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); composer.submit(box.value); }
  });
  form.addEventListener("submit", (event) => { event.preventDefault(); composer.submit(box.value); });
  return composer;
}

function turn(question, body) {
  return el("article", { class: "turn" }, el("h2", { class: "asked" }, question), body);
}

async function ask(question, thread, log, composer) {
  log.querySelector(".welcome")?.remove();
  const steps = el("p", { class: "steps", "aria-hidden": "true" }, "Reading the question…");
  const holder = el("div", { class: "pending" }, steps);
  const article = turn(question, holder);
  log.append(article);
  article.scrollIntoView({ behavior: "smooth", block: "start" });
  composer.busy(true);
  try {
    const answer = await askStream({ question, thread }, (event, data) => showStep(steps, event, data));
    holder.replaceWith(answerCard(answer));
    remember(thread, question);
    history.replaceState(null, "", `#/t/${thread}`);
    document.getElementById("announce").textContent = answer.text.slice(0, 300);
  } catch (error) {
    holder.replaceWith(el("div", { class: "fault", role: "alert" }, error.message, " ",
      el("button", { type: "button", onclick: () => { article.remove(); ask(question, thread, log, composer); } }, "Try again")));
  } finally {
    composer.busy(false);
    composer.box.focus({ preventScroll: true });
  }
}

function showStep(steps, event, data) {
  if (event === "tool_call") steps.textContent = `Calculating: ${label(data.tool)}…`;
  else if (event === "citation") steps.textContent = `Found: ${data.title}${data.start ? ` at ${data.start}` : ""}…`;
  else if (event === "text") steps.textContent = "Writing and checking the numbers…";
}
