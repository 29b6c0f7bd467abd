// Calls to the service: JSON, and an answer as a stream of events.

const KEY = "rackrate-key";

export class ApiError extends Error {
  constructor(problem) {
    super(problem.detail || problem.title || "the service failed");
    this.problem = problem;
  }
}

function headers(extra = {}) {
  const key = sessionStorage.getItem(KEY);
  return key ? { ...extra, Authorization: `Bearer ${key}` } : extra;
}

async function failed(response) {
  let problem = { status: response.status, title: response.statusText };
  try { problem = await response.json(); } catch { /* a proxy's page, not ours */ }
  if (response.status === 401 && askForKey()) return null;
  throw new ApiError(problem);
}

function askForKey() {
  const key = window.prompt("This service needs an API key:");
  if (!key) return false;
  sessionStorage.setItem(KEY, key.trim());
  return true;
}

async function request(path, options = {}) {
  const response = await fetch(path, { ...options, headers: headers(options.headers) });
  if (response.ok) return response;
  await failed(response); // throws unless a key was given
  return request(path, options);
}

export async function getJson(path) {
  return (await request(path)).json();
}

export async function postJson(path, body) {
  const options = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  return (await request(path, options)).json();
}

export async function remove(path) {
  await request(path, { method: "DELETE" });
}

/** Ask a question; `on(event, data)` hears every event. Resolves with the Answer. */
export async function askStream(body, on, signal) {
  const options = {
    method: "POST", body: JSON.stringify(body), signal,
    headers: { "Content-Type": "application/json", Accept: "text/event-stream" },
  };
  const response = await request("/v1/ask/stream", options);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let buffer = "", answer = null;
  for (;;) {
    const { value, done } = await reader.read();
    if (done) break;
    buffer += value;
    let end;
    while ((end = buffer.indexOf("\n\n")) >= 0) {
      const { event, data } = parse(buffer.slice(0, end));
      buffer = buffer.slice(end + 2);
      if (event === "error") throw new ApiError(data);
      if (event === "answer") answer = data;
      on(event, data);
    }
  }
  if (!answer) throw new ApiError({ detail: "The answer was interrupted. Ask again." });
  return answer;
}

function parse(block) {
  let event = "message", data = "";
  for (const line of block.split("\n")) {
    if (line.startsWith("event: ")) event = line.slice(7);
    else if (line.startsWith("data: ")) data += line.slice(6);
  }
  return { event, data: JSON.parse(data) };
}
