// Many songs: cut into requests that the server takes, asked one after the other, and shown as
// the answers come.

import { at, element, say, tellOf } from "./dom.js";
import { songsOf } from "./files.js";
import { GONE, Problem, back, info, pause, predictMany } from "./server.js";
import { clearTable, drawTable, startTable } from "./table.js";
import { save } from "./results.js";
import { problem as describe, whenChosen, words } from "./words.js";

// The server may say better of a song with these another time.
const PASSING = ["timeout", "queue_full", "shutting_down", "internal"];
// Times that a busy server is asked again before it is a problem.
const PATIENCE = 20;
// Milliseconds between two drawings while answers come.
const FRAME = 150;
// Bytes of a request around its songs.
const AROUND = new TextEncoder().encode(JSON.stringify({ lyrics: [], all: true })).length;

let songs = [];
// What ends the asking, while it goes on.
let running = null;
let problem = null;
let status = null;
let fileProblems = [];
let drawing = 0;
let unlock = () => {};

const waits = (song) => !song.answer && !song.problem;
const mayPass = (song) => PASSING.includes(song.problem?.code);

/** Takes files in and begins, or goes on with them too. */
export async function take(files) {
  const read = await Promise.all([...files].map(songsOf));
  fileProblems = read.map((one) => one.problem).filter(Boolean);
  drawFileProblems();
  const found = read.flatMap((one) => one.songs);
  if (found.length === 0) return;
  for (const song of found) {
    song.number = songs.length + 1;
    songs.push(song);
  }
  at("list").hidden = false;
  const under = running ? draw() : run();
  at("list-title").focus({ preventScroll: true });
  at("list").scrollIntoView({ block: "start" });
  await under;
}

async function run() {
  running = new AbortController();
  problem = null;
  const due = songs.filter(waits).length;
  status = () => words.started(due);
  draw();
  try {
    await askAll(running.signal);
    status = () => words.finished(words.tally(tally()));
  } catch (error) {
    status = () => words.stopped(words.tally(tally()));
    if (error.name !== "AbortError") fail(error);
  }
  running = null;
  draw();
}

function fail(error) {
  problem = () => describe(error);
  if (error.code === "unauthorized") unlock(run);
}

async function askAll(signal) {
  for (let refusals = 0; ;) {
    try {
      const { limits } = await info();
      const some = request(limits);
      if (!some) return;
      await askSome(some, signal);
      refusals = 0;
    } catch (error) {
      refusals += 1;
      await passing(error, refusals, signal);
    }
  }
}

/** Waits for what passes by itself; throws what does not. */
async function passing(error, refusals, signal) {
  const away = error.code === GONE || error.code === "shutting_down";
  if (!away && !(error.wait && refusals < PATIENCE)) throw error;
  problem = away
    ? () => `${describe(error)} ${words.goesOn}`
    : () => words.waiting(error.wait);
  draw();
  await (away ? back(signal) : pause(1000 * error.wait, signal));
  problem = null;
  draw();
}

/** The next songs that fit into one request, and its body. */
function request(limits) {
  const some = [];
  const parts = [];
  let bytes = AROUND;
  for (const song of songs.filter(waits)) {
    const text = JSON.stringify(song.lyrics);
    const size = new TextEncoder().encode(text).length + 1;
    if (AROUND + size > limits.max_batch_body) {
      song.problem = { code: "too_large" };
      continue;
    }
    if (some.length === limits.max_songs || bytes + size > limits.max_batch_body) break;
    bytes += size;
    some.push(song);
    parts.push(text);
  }
  return some.length > 0 && { some, body: `{"lyrics":[${parts.join(",")}],"all":true}` };
}

async function askSome({ some, body }, signal) {
  for await (const { index, error, ...answer } of predictMany(body, signal)) {
    if (error) some[index].problem = { ...error, requestId: error.request_id };
    else some[index].answer = answer;
    soon();
  }
  // An answer may end early without a word of it.
  if (some.some(waits)) throw new Problem({ code: GONE });
}

function tally() {
  const done = songs.filter((song) => song.answer);
  const genre = done.filter((song) => song.answer.genres.length > 0).length;
  return {
    genre,
    none: done.length - genre,
    failed: songs.filter((song) => song.problem).length,
    left: songs.filter(waits).length,
  };
}

function soon() {
  drawing ||= setTimeout(draw, FRAME);
}

function draw() {
  clearTimeout(drawing);
  drawing = 0;
  const left = songs.filter(waits).length;
  const again = songs.filter(mayPass).length;
  at("progress").max = songs.length;
  at("progress").value = songs.length - left;
  at("progress").hidden = !running;
  at("progress-text").textContent =
    running ? words.progress(songs.length - left, songs.length) : words.tally(tally());
  at("cancel").hidden = !running;
  at("resume").hidden = Boolean(running) || left + again === 0;
  at("resume").textContent = left > 0 ? words.resume : words.retry(again);
  at("download").hidden = left === songs.length;
  at("clear").hidden = Boolean(running);
  say(at("list-status"), status?.());
  tellOf(at("list-problem"), problem?.());
  drawTable(songs);
}

function drawFileProblems() {
  const texts = fileProblems.map((text) => element("p", text()));
  at("file-problems").hidden = texts.length === 0;
  at("file-problems").replaceChildren(...texts);
}

function resume() {
  if (!songs.some(waits)) for (const song of songs.filter(mayPass)) song.problem = null;
  run();
}

function clear() {
  songs = [];
  problem = null;
  fileProblems = [];
  drawFileProblems();
  clearTable();
  at("list").hidden = true;
  at("files").focus();
}

/** `open` is called with the lyrics of a song that is chosen in the table. */
export function startList(open, askForKey) {
  unlock = askForKey;
  at("files").addEventListener("change", (event) => {
    take(event.target.files);
    // The same file may be chosen again.
    event.target.value = "";
  });
  at("cancel").addEventListener("click", () => running?.abort());
  at("resume").addEventListener("click", resume);
  at("clear").addEventListener("click", clear);
  at("download").addEventListener("click", () => save(songs));
  startTable(open);
  startDrop();
  whenChosen(() => {
    drawFileProblems();
    if (songs.length > 0) draw();
  });
}

/** Files may be dropped anywhere: beside a small target they would replace the page. */
function startDrop() {
  const carries = (event) => event.dataTransfer?.types.includes("Files");
  const over = (is) => document.body.classList.toggle("over", is);
  addEventListener("dragover", (event) => {
    if (!carries(event)) return;
    event.preventDefault();
    over(true);
  });
  addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) over(false);
  });
  addEventListener("drop", (event) => {
    if (!carries(event)) return;
    event.preventDefault();
    over(false);
    take(event.dataTransfer.files);
  });
}
