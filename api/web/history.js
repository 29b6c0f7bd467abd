// Conversations this device has had: ids and first questions only; the answers stay with the service.

import { remove } from "./api.js";

const KEY = "rackrate-conversations";
const KEPT = 50;

export function conversations() {
  try { return JSON.parse(localStorage.getItem(KEY)) || []; } catch { return []; }
}

export function remember(id, title) {
  const known = conversations();
  if (known.some((c) => c.id === id)) return;
  const entry = { id, title: title.slice(0, 120), at: Date.now() };
  localStorage.setItem(KEY, JSON.stringify([entry, ...known].slice(0, KEPT)));
}

export function forget(id) {
  localStorage.setItem(KEY, JSON.stringify(conversations().filter((c) => c.id !== id)));
  remove(`/v1/threads/${encodeURIComponent(id)}`).catch(() => {});
}
