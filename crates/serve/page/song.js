// One song: asked about by the button, and by itself while it is typed.

import { at, button, say, tellOf } from "./dom.js";
import { clearAnswer, showAnswer } from "./answer.js";
import { GONE, back, predict } from "./server.js";
import { problem as describe, whenChosen, words } from "./words.js";
import { EXAMPLES } from "./examples.js";

// Milliseconds without a key stroke before the page asks by itself.
const QUIET = 700;

let asking = new AbortController();
let timer = 0;
let example = 0;
// What is shown beside the button and below it, as functions: the language may change.
let status = null;
let problem = null;
let unlock = () => {};

/** Ends what is under way; the signal of what comes instead. */
function anew() {
  clearTimeout(timer);
  asking.abort();
  asking = new AbortController();
  return asking.signal;
}

function setStatus(text) {
  status = text;
  say(at("status"), text?.());
  at("one").setAttribute("aria-busy", String(text !== null));
}

function setProblem(text, action) {
  problem = text && { text, action };
  const more = action ? [" ", button(words.tryAgain, action)] : [];
  tellOf(at("problem"), text?.(), ...more);
  at("lyrics").removeAttribute("aria-invalid");
  if (text) clearAnswer();
}

/** Asks about the lyrics. `wanted` outright, it also looks for the telling lines. */
async function tell(wanted) {
  const signal = anew();
  const lyrics = at("lyrics").value;
  if (!lyrics.trim()) {
    setStatus(null);
    setProblem(wanted ? () => words.noLyrics : null);
    if (!wanted) return clearAnswer();
    at("lyrics").setAttribute("aria-invalid", "true");
    return at("lyrics").focus();
  }
  setStatus(() => words.reading);
  try {
    const answer = await predict({ lyrics, all: true }, signal);
    setStatus(null);
    setProblem(null);
    showAnswer(lyrics, answer, wanted);
  } catch (error) {
    failed(error, wanted, signal);
  }
}

async function failed(error, wanted, signal) {
  if (error.name === "AbortError") return;
  setStatus(null);
  setProblem(() => describe(error), retry);
  if (error.code === "unauthorized") return unlock(retry);
  if (error.code !== GONE && error.code !== "shutting_down") return;
  // Given up where something else is asked meanwhile.
  const there = await back(signal).then(() => true, () => false);
  if (there) tell(wanted);
}

const retry = () => tell(true);

/** Fills in a song and asks about it. */
export function ask(lyrics) {
  at("lyrics").value = lyrics;
  return tell(true);
}

/** `askForKey` is called with what to do once a key was given. */
export function startSong(askForKey) {
  unlock = askForKey;
  at("form").addEventListener("submit", (event) => {
    event.preventDefault();
    tell(true);
  });
  at("lyrics").addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => tell(false), QUIET);
  });
  at("lyrics").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) tell(true);
  });
  at("example").addEventListener("click", () => {
    ask(EXAMPLES[example % EXAMPLES.length]);
    example += 1;
  });
  whenChosen(() => {
    setStatus(status);
    if (problem) setProblem(problem.text, problem.action);
  });
}
