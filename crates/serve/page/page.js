"use strict";

// Words made up for this page.
const EXAMPLE = `From the ashes of the fortress the iron serpent wakes
Blood upon the altar and the frozen mountain breaks
Burn the throne, curse the crown, let the ravens feed
War is howling in the abyss and the dying bleed`;
// Time without a key stroke before the page asks by itself.
const PAUSE = 700;
const KEY = "canto-key";

const at = (id) => document.getElementById(id);
const element = (name, text, className) => {
  const made = document.createElement(name);
  made.textContent = text ?? "";
  if (className) made.className = className;
  return made;
};
const percent = (score) => `${(100 * score).toFixed(0)}%`;

let asking = null;
let timer = 0;
let shown = null;

async function ask(body) {
  asking?.abort();
  asking = new AbortController();
  const headers = { "content-type": "application/json" };
  const key = sessionStorage.getItem(KEY);
  if (key) headers.authorization = `Bearer ${key}`;
  const response = await fetch("/predict", {
    method: "POST", headers, body: JSON.stringify(body), signal: asking.signal,
  });
  const answer = await response.json();
  if (response.ok) return answer;
  const error = new Error(answer.error?.message ?? `status ${response.status}`);
  error.status = response.status;
  error.hint = answer.error?.hint;
  error.wait = response.headers.get("retry-after");
  throw error;
}

async function tell() {
  clearTimeout(timer);
  const lyrics = at("lyrics").value;
  if (!lyrics.trim()) return problem("There are no lyrics yet: paste some, or try the example.");
  at("status").textContent = "Reading…";
  try {
    const answer = await ask({ lyrics, all: true });
    at("status").textContent = "";
    problem(null);
    show(lyrics, answer);
  } catch (error) {
    if (error.name === "AbortError") return;
    at("status").textContent = "";
    at("key-row").hidden = error.status !== 401 && at("key-row").hidden;
    if (error.status === 401) at("key").focus();
    problem(words(error));
  }
}

function words(error) {
  if (error.status === undefined) return "The server does not answer. Is it still running?";
  const wait = error.status === 429 && error.wait ? ` Try again in ${error.wait} s.` : "";
  return [error.message, error.hint].filter(Boolean).join(": ") + wait;
}

function problem(text) {
  at("problem").hidden = !text;
  at("problem").textContent = text ?? "";
  if (text) at("result").hidden = true;
}

function show(lyrics, answer) {
  shown = { lyrics, explanation: null };
  at("result").hidden = false;
  at("lines-block").hidden = true;
  const notices = answer.warnings.map((warning) => warning.message);
  if (answer.genres.length === 0) notices.unshift("No genre reaches its threshold.");
  at("notices").replaceChildren(...notices.map((notice) => element("li", notice)));
  const labels = [...answer.labels].sort((a, b) => b.score - a.score);
  at("bars").replaceChildren(...labels.map(bar));
}

function bar(label) {
  const row = element("li", "", label.predicted ? "counts" : "");
  const button = element("button");
  button.type = "button";
  button.setAttribute("aria-pressed", "false");
  button.setAttribute("aria-label",
    `${label.label}: ${percent(label.score)}, threshold ${percent(label.threshold)}` +
    `${label.predicted ? ", counts" : ""}. Show its lines`);
  button.append(element("span", label.label, "label"), drawn(label),
    element("span", percent(label.score), "percent"));
  button.addEventListener("click", () => lines(label.label, button));
  row.append(button);
  return row;
}

function drawn(label) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("viewBox", "0 0 100 10");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  const rect = (x, width, name) => {
    const made = document.createElementNS(space, "rect");
    for (const [key, value] of Object.entries({ x, y: 0, width, height: 10, class: name })) {
      made.setAttribute(key, value);
    }
    svg.append(made);
  };
  rect(0, 100 * label.score, "value");
  rect(Math.min(99.3, 100 * label.threshold), 0.7, "tick");
  return svg;
}

async function lines(label, button) {
  for (const other of document.querySelectorAll("#bars button")) {
    other.setAttribute("aria-pressed", String(other === button));
  }
  const { lyrics } = shown;
  at("status").textContent = "Looking for the telling lines…";
  try {
    // A threshold of 0 for this label alone: its lines are wanted whether it counts or not.
    const answer = await ask({ lyrics, explain: true, threshold: 1, thresholds: { [label]: 0 } });
    const found = answer.explanation.find((one) => one.label === label);
    tint(label, found?.lines ?? []);
    at("status").textContent = "";
  } catch (error) {
    if (error.name === "AbortError") return;
    at("status").textContent = "";
    problem(words(error));
  }
}

function tint(label, weighed) {
  const most = Math.max(...weighed.map((line) => line.weight), 1e-9);
  const of = new Map(weighed.map((line) => [line.text.trim().toLowerCase(), line.weight]));
  const painted = shown.lyrics.split("\n").map((text) => {
    const share = (of.get(text.trim().toLowerCase()) ?? 0) / most;
    const line = element("p", text, share > 0.05 ? `w${Math.max(1, Math.ceil(3 * share))}` : "");
    if (share > 0.05) {
      const points = (100 * of.get(text.trim().toLowerCase())).toFixed(1);
      line.title = `without this line the score is ${points} points lower`;
    }
    return line;
  });
  at("lines").replaceChildren(...painted);
  at("lines-title").textContent = `What speaks for ${label}`;
  at("lines-block").hidden = false;
}

at("form").addEventListener("submit", (event) => {
  event.preventDefault();
  tell();
});
at("lyrics").addEventListener("input", () => {
  clearTimeout(timer);
  if (at("lyrics").value.trim()) timer = setTimeout(tell, PAUSE);
});
at("example").addEventListener("click", () => {
  at("lyrics").value = EXAMPLE;
  tell();
});
at("key").addEventListener("change", () => {
  sessionStorage.setItem(KEY, at("key").value);
  at("key-row").hidden = true;
  tell();
});
fetch("/info").then((response) => (response.ok ? response.json() : null)).then((info) => {
  if (info) at("model").textContent = `${info.name ?? "model"} · canto ${info.version ?? ""}`;
}).catch(() => {});
