// The shell: pages by hash, theme, history of conversations.

import { showChat } from "./chat.js";
import { showCatalogue } from "./catalogue.js";
import { showClaims } from "./claims.js";
import { el } from "./dom.js";
import { conversations, forget } from "./history.js";

const main = document.getElementById("main");
const pages = { chat: showChat, catalogue: showCatalogue, claims: showClaims };

function route() {
  const [, page = "", ...rest] = location.hash.split("/");
  const name = page === "t" || page === "" ? "chat" : page in pages ? page : "chat";
  for (const link of document.querySelectorAll("nav [data-page]")) {
    if (link.dataset.page === name) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  closeHistory();
  main.replaceChildren();
  if (name !== "chat") scrollTo(0, 0);
  pages[name](main, ...rest.map(plain));
}

/** A part of the address, decoded; one that is written wrong stays as it is. */
function plain(part) {
  try { return decodeURIComponent(part); } catch { return part; }
}

const historyButton = document.getElementById("history-button");
const historyPanel = document.getElementById("history");

function closeHistory() {
  historyPanel.hidden = true;
  historyButton.setAttribute("aria-expanded", "false");
}

historyButton.addEventListener("click", () => {
  historyPanel.hidden = !historyPanel.hidden;
  historyButton.setAttribute("aria-expanded", String(!historyPanel.hidden));
  if (historyPanel.hidden) return;
  const rows = conversations().map((c) => el("li", {},
    el("a", { href: `#/t/${c.id}` }, el("span", {}, c.title), el("time", {}, new Date(c.at).toLocaleDateString())),
    el("button", { type: "button", "aria-label": `Forget “${c.title}”`, onclick: (e) => { forget(c.id); e.target.closest("li").remove(); } }, "×")));
  historyPanel.replaceChildren(el("h2", {}, "Earlier conversations"),
    rows.length ? el("ul", {}, rows) : el("p", { class: "quiet" }, "None on this device yet."));
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") closeHistory();
  const typing = /^(input|textarea|select)$/i.test(event.target.tagName);
  if (event.key === "/" && !typing && !event.metaKey && !event.ctrlKey) {
    const box = document.querySelector(".composer textarea");
    if (box) { event.preventDefault(); box.focus(); }
  }
});

const theme = localStorage.getItem("rackrate-theme");
if (theme) document.documentElement.dataset.theme = theme;
document.getElementById("theme-button").addEventListener("click", () => {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  localStorage.setItem("rackrate-theme", root.dataset.theme);
  dispatchEvent(new Event("themechange"));
});

addEventListener("hashchange", route);
route();
