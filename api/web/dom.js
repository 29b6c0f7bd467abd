// Building the page: every text enters as a text node, so nothing a model or a document says becomes markup.

export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "class") node.className = value;
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** The part of Markdown that answers use, as nodes: paragraphs, lists, tables, headings, code, bold, italics. */
export function markdown(text) {
  const root = el("div", { class: "prose" });
  const lines = text.replace(/\r/g, "").split("\n");
  for (let i = 0; i < lines.length;) {
    const line = lines[i];
    if (!line.trim()) { i += 1; continue; }
    const block = [];
    if (line.startsWith("```")) {
      i += 1;
      while (i < lines.length && !lines[i].startsWith("```")) block.push(lines[i++]);
      i += 1;
      root.append(el("pre", {}, el("code", {}, block.join("\n"))));
    } else if (/^\s*\|.*\|\s*$/.test(line)) {
      while (i < lines.length && /^\s*\|.*\|\s*$/.test(lines[i])) block.push(lines[i++]);
      root.append(markdownTable(block));
    } else if (/^\s*[-*•]\s+/.test(line)) {
      while (i < lines.length && /^\s*[-*•]\s+/.test(lines[i])) block.push(lines[i++].replace(/^\s*[-*•]\s+/, ""));
      root.append(el("ul", {}, block.map((item) => el("li", {}, inline(item)))));
    } else if (/^#{1,4}\s/.test(line)) {
      root.append(el("h4", {}, inline(line.replace(/^#+\s/, ""))));
      i += 1;
    } else {
      while (i < lines.length && lines[i].trim() && !/^(\s*[-*•]\s|\s*\||#{1,4}\s|```)/.test(lines[i])) block.push(lines[i++]);
      if (!block.length) block.push(lines[i++]);
      root.append(el("p", {}, inline(block.join(" "))));
    }
  }
  return root;
}

function inline(text) {
  const parts = [];
  const pattern = /\*\*(.+?)\*\*|`(.+?)`|(?<![\w*])\*(?!\s)(.+?)\*(?!\w)/g;
  let last = 0, found;
  while ((found = pattern.exec(text))) {
    parts.push(text.slice(last, found.index));
    if (found[1]) parts.push(el("strong", {}, found[1]));
    else if (found[2]) parts.push(el("code", {}, found[2]));
    else parts.push(el("em", {}, found[3]));
    last = found.index + found[0].length;
  }
  return [...parts, text.slice(last)];
}

function markdownTable(lines) {
  const rows = lines.map((line) => line.trim().replace(/^\||\|$/g, "").split("|").map((cell) => cell.trim()));
  const body = rows.filter((row) => !row.every((cell) => /^:?-+:?$/.test(cell)));
  return table({ columns: body[0], rows: body.slice(1) });
}

/** Whether a column holds numbers: then its heading and its cells stand right. */
export function numeric(values) {
  const known = values.filter((value) => value !== null && value !== undefined && value !== "" && value !== "–");
  return known.length > 0 && known.every((value) => typeof value === "number" || /^[-−+$~]*\d[\d.,]*\s?\S{0,12}$/.test(value));
}

let tables = 0;

/** Decimals that give a column's middle value three figures; null where its values are too far apart. */
function decimals(values) {
  const sizes = values.filter((v) => typeof v === "number" && v).map(Math.abs).sort((x, y) => x - y);
  if (!sizes.length || sizes.at(-1) >= 1e15) return null;
  if (sizes.every(Number.isInteger)) return 0;
  if (sizes.at(-1) / sizes[0] > 1e4) return null;
  return Math.max(0, 2 - Math.floor(Math.log10(sizes[sizes.length >> 1])));
}

/** A table of `{columns, rows}`; the numbers of a column stand right and have like decimals. */
export function table({ columns, rows }) {
  const right = columns.map((_, i) => (numeric(rows.map((row) => row[i])) ? "num" : null));
  const places = columns.map((_, i) => decimals(rows.map((row) => row[i])));
  const number = (value, i) => (places[i] === null ? format(value) : value.toLocaleString("en-US", { minimumFractionDigits: places[i], maximumFractionDigits: places[i] }));
  const head = el("thead", {}, el("tr", {}, columns.map((c, i) => el("th", { scope: "col", class: right[i] }, String(c)))));
  const body = el("tbody", {}, rows.map((row) => el("tr", {}, row.map((cell, i) =>
    el("td", { class: right[i] }, typeof cell === "number" ? number(cell, i) : inline(typeof cell === "boolean" ? (cell ? "yes" : "no") : String(cell ?? "–")))))));
  return el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": `Table ${(tables += 1)} of ${columns[0]}` }, el("table", {}, head, body));
}

const WRITTEN = {
  gb: "GB", tb: "TB", gbps: "GB/s", tbps: "TB/s", kv: "KV", hbm: "HBM", usd: "$", kusd: "k$", tflops: "TFLOP/s", flops: "FLOP/s", flop: "FLOP", ttft: "TTFT",
  tpot: "TPOT", mw: "MW", gw: "GW", kw: "kW", kwh: "kWh", mfu: "MFU", mtok: "Mtoken", tdp: "TDP", irr: "IRR", capex: "capex", pue: "PUE", ms: "ms", api: "API", moe: "MoE",
};

/** A field's name as people write it: `kv_gb_per_request` is "KV GB per request". */
export function label(name) {
  const words = name.split("_").map((word) => WRITTEN[word] || word);
  const text = words.join(" ").replace(/\bn (?=\w)/, "number of ").replace(/ [a-d]$/, (last) => last.toUpperCase());
  return text.charAt(0).toUpperCase() + text.slice(1);
}

export function format(value) {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e15 || size < 1e-4)) return value.toExponential(3);
  if (size >= 1000) return value.toLocaleString("en-US", { maximumFractionDigits: 0 });
  return Number(value.toPrecision(4)).toLocaleString("en-US", { maximumFractionDigits: 8 });
}

const STEPS = [[1e12, "T"], [1e9, "B"], [1e6, "M"]];
const SIZES = { byte: [[1e12, "TB"], [1e9, "GB"], [1e6, "MB"]], s: [[1, "s"], [1e-3, "ms"], [1e-6, "µs"]] };
const PLURALS = { person: "people", metric_ton: "t" };
for (const name of ["chip", "request", "token", "rack", "link", "hop", "server", "param", "core", "sample", "byte", "second", "minute", "hour", "day", "week", "month", "year"]) PLURALS[name] = `${name}s`;

/** A figure for reading: `$0.37` `/Mtoken`, `54` `requests`, `75` `%`, `25.5` `ms`, `2.7M` `tokens/$`. */
export function quantity(value, unit) {
  const plain = (unit || "").trim();
  if (plain === "" || plain === "dimensionless") return { number: format(value), unit: "" };
  if (plain === "percent") return { number: format(value), unit: "%" };
  if (plain === "USD" || plain.startsWith("USD/")) return { number: money(value), unit: plain.slice(3) };
  const size = (SIZES[plain] || []).find(([least]) => value !== 0 && Math.abs(value) >= least);
  if (size) return { number: format(value / size[0]), unit: size[1] };
  const [, head, rest] = plain.match(/^([^/*]*)(.*)$/);
  const counted = head in PLURALS || head === "FLOP";
  const step = STEPS.find(([least]) => counted && Math.abs(value) >= least && Math.abs(value) < 1e15);
  return {
    number: step ? `${format(value / step[0])}${step[1]}` : format(value),
    unit: `${value === 1 ? head : PLURALS[head] || head}${rest.replaceAll("*", "·").replaceAll("USD", "$")}`,
  };
}

/** A figure as one text. */
export function written(value, unit) {
  if (typeof value !== "number") return String(value);
  const shown = quantity(value, unit);
  return shown.unit.startsWith("/") || shown.unit === "" ? shown.number + shown.unit : `${shown.number} ${shown.unit}`;
}

/** A change in percent: `+24 %`, `−3.1 %`, `×20` from tenfold on. */
export function change(percent) {
  if (percent >= 900) return `×${format(Math.round(1 + percent / 100))}`;
  const size = Math.abs(percent) >= 10 ? Math.abs(percent).toFixed(0) : Math.abs(percent).toFixed(1);
  return Number(size) ? `${percent < 0 ? "−" : "+"}${size} %` : "±0 %";
}

function money(value) {
  const size = Math.abs(value), sign = value < 0 ? "−" : "";
  const step = STEPS.find(([least]) => size >= least);
  if (step) return `${sign}$${format(size / step[0])}${step[1]}`;
  return `${sign}$${size >= 1 && size < 1000 ? size.toFixed(2) : format(size)}`;
}
