// The lyrics once more, the lines that carried a genre tinted in its hue.

import { at, element, say } from "./dom.js";
import { predict } from "./server.js";
import { decimal, problem as describe, whenChosen, words } from "./words.js";

// Lines below this share of the weightiest are left as they are.
const FAINT = 0.05;
// How strong the tint of the faintest line is, and by how much the weightiest one's is stronger.
const [LEAST, MORE] = [0.08, 0.3];

// The song, the label and its hue, and what became of the question.
let current = null;
let looking = new AbortController();

export function hideLines() {
  looking.abort();
  current = null;
  at("lines-block").hidden = true;
}

/** One question brings the lines of every label, so the next label costs nothing. */
export async function showLines(song, label, hue, scroll) {
  looking.abort();
  looking = new AbortController();
  const mine = { song, label, hue, error: null };
  current = mine;
  draw();
  if (scroll) at("lines-block").scrollIntoView({ block: "nearest" });
  if (song.explanation) return;
  try {
    const question = { lyrics: song.lyrics, explain: true, threshold: 0 };
    song.explanation = (await predict(question, looking.signal)).explanation;
  } catch (error) {
    if (error.name === "AbortError") return;
    mine.error = error;
  }
  if (current === mine) draw();
}

function draw() {
  if (!current) return;
  const { song, label, hue, error } = current;
  const lines = song.explanation?.find((one) => one.label === label)?.lines;
  const weights = new Map(lines?.map((line) => [same(line.text), line.weight]));
  const most = Math.max(...weights.values(), 0);
  at("lines-block").hidden = false;
  at("lines").style.setProperty("--hue", hue);
  at("lines").setAttribute("aria-busy", String(!lines && !error));
  at("lines-title").textContent = words.speaksFor(label);
  say(at("lines-note"), note(lines, most, error));
  const painted = song.lyrics.trimEnd().split("\n");
  at("lines").replaceChildren(...painted.map((text) => line(text, weights.get(same(text)), most)));
}

function note(lines, most, error) {
  if (error) return describe(error);
  if (!lines) return words.looking;
  return most > 0 ? words.points : words.noLines;
}

/** As the server tells lines apart. */
const same = (text) => text.replace(/\s+/g, " ").trim().toLowerCase();

function line(text, weight, most) {
  const share = most > 0 ? (weight ?? 0) / most : 0;
  if (share <= FAINT) return element("p", text);
  const made = element("p", "", "telling");
  made.style.setProperty("--strength", (LEAST + MORE * share).toFixed(2));
  made.append(element("span", text), " ", element("span", decimal(100 * weight, 1), "points"));
  return made;
}

whenChosen(draw);
