// What is said of one song: notices, a bar a genre, and the lyrics with the telling lines.

import { arrange, at, button, element, say } from "./dom.js";
import { info } from "./server.js";
import { hideLines, showLines } from "./lines.js";
import { percent, warning, whenChosen, words } from "./words.js";

// Degrees between the hues of two labels: neighbours differ, and few labels come near each other.
const GOLDEN = 137.508;
// An answer that begins below this share of the window is scrolled to.
const LOW = 0.6;

let shown = null;
const rows = new Map();

export function clearAnswer() {
  shown = null;
  hideLines();
  at("summary").textContent = "";
  at("result").hidden = true;
  at("nothing-yet").hidden = false;
}

/** `telling`: looks for the lines of the likeliest genre at once. */
export function showAnswer(lyrics, answer, telling) {
  shown = { lyrics, answer, label: null };
  hideLines();
  at("result").hidden = false;
  at("nothing-yet").hidden = true;
  draw();
  if (!telling) return;
  choose(inOrder()[0].label, false);
  // On a phone the answer is below the fold.
  const low = at("answer").getBoundingClientRect().top > LOW * innerHeight;
  if (low) at("answer").scrollIntoView({ block: "start" });
}

const inOrder = () => [...shown.answer.labels].sort((a, b) => b.score - a.score);

function draw() {
  if (!shown) return;
  const { answer } = shown;
  const found = answer.genres.map((genre) => `${genre.label} ${percent(genre.score)}`);
  say(at("summary"), words.summary(found));
  notices(answer);
  arrange(at("bars"), inOrder().map(row));
}

/** The languages that the model knows are in what the server says of itself. */
async function notices(answer) {
  const known = await info().then((told) => told.languages, () => []);
  if (shown?.answer !== answer) return;
  const texts = answer.warnings.map((one) => warning(one, answer, known));
  if (answer.genres.length === 0) texts.unshift(words.noGenre);
  at("notices").replaceChildren(...texts.map((text) => element("li", text)));
}

/** A label's row stays the same element, so that its bar moves and focus stays. */
function row(label) {
  if (!rows.has(label.label)) rows.set(label.label, built(label.label));
  const { item, press, score, value, unseen } = rows.get(label.label);
  const place = shown.answer.labels.indexOf(label);
  item.className = label.predicted ? "counts" : "";
  item.style.setProperty("--hue", (GOLDEN * place).toFixed(1));
  value.style.setProperty("--score", label.score);
  value.style.setProperty("--threshold", label.threshold);
  score.textContent = percent(label.score);
  press.setAttribute("aria-pressed", String(label.label === shown.label));
  unseen.textContent = words.bar(percent(label.threshold), label.predicted);
  return item;
}

function built(label) {
  const item = element("li");
  const press = button("", () => choose(label, true));
  const value = element("span", "", "bar");
  const score = element("span", "", "percent");
  const unseen = element("span", "", "unseen");
  value.setAttribute("aria-hidden", "true");
  press.append(element("span", label, "label"), " ", value, score, unseen);
  item.append(press);
  return { item, press, score, value, unseen };
}

function choose(label, scroll) {
  if (!shown) return;
  shown.label = label;
  draw();
  const hue = rows.get(label).item.style.getPropertyValue("--hue");
  showLines(shown, label, hue, scroll);
}

whenChosen(draw);
