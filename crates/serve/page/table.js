// The table of many songs: a row each, sorted by any column, some at a time.

import { arrange, at, button, element } from "./dom.js";
import { languageName, language, percent, problem as describe, words } from "./words.js";

// Rows that are drawn at once.
const PART = 100;

let order = { column: "number", sign: 1 };
let part = PART;
let songs = [];
let open = () => {};
// Song → its row, and for what that was drawn.
let rows = new WeakMap();

const best = (song) =>
  song.answer && song.answer.labels.reduce((a, b) => (b.score > a.score ? b : a));

const name = (song) => song.title || (song.row ? words.row(song.file, song.row) : song.file);

/** What a column sorts by; what has none comes last either way. */
const keys = {
  number: (song) => song.number,
  song: name,
  genres: (song) => song.answer?.genres.map((genre) => genre.label).join(", ") || null,
  score: (song) => best(song)?.score ?? null,
};

function sorted() {
  const key = keys[order.column];
  const compare = new Intl.Collator(language, { numeric: true }).compare;
  const keyed = songs.map((song) => [key(song), song]);
  keyed.sort(([a], [b]) => {
    if (a === null || b === null) return (a === null) - (b === null);
    return order.sign * (typeof a === "string" ? compare(a, b) : a - b);
  });
  return keyed.map(([, song]) => song);
}

export function drawTable(of) {
  songs = of;
  const all = sorted();
  arrange(at("table").tBodies[0], all.slice(0, part).map(row));
  const rest = all.length - part;
  at("more").hidden = rest <= 0;
  at("more").textContent = words.more(Math.min(PART, rest));
}

export function clearTable() {
  part = PART;
  songs = [];
  at("table").tBodies[0].replaceChildren();
}

/** A row is drawn anew only where something has changed. */
function row(song) {
  const state = [song.answer, song.problem, language];
  const known = rows.get(song);
  if (known?.state.every((one, place) => one === state[place])) return known.item;
  const item = known?.item ?? element("tr");
  const title = element("th");
  title.scope = "row";
  const press = button(name(song), () => open(song));
  press.setAttribute("aria-label", words.open(name(song)));
  title.append(press, ...notes(song));
  item.replaceChildren(element("td", String(song.number), "number"), title, genres(song), score(song));
  rows.set(song, { item, state });
  return item;
}

function notes({ answer, problem }) {
  if (problem) return [element("span", describe(problem), "note failed")];
  const said = answer?.warnings ?? [];
  return said.map((one) =>
    element("span", words.notes[one.code]?.(languageName(answer.language)) ?? one.message, "note"));
}

function genres(song) {
  const { answer } = song;
  const cell = element("td");
  if (!answer) return cell;
  if (answer.genres.length === 0) {
    const top = best(song);
    cell.append(element("span", words.none, "none"),
      element("span", words.nearest(top.label, percent(top.score)), "note"));
  }
  for (const genre of answer.genres) {
    const chip = element("span", genre.label, "chip");
    chip.append(" ", element("span", percent(genre.score), "share"));
    cell.append(chip, " ");
  }
  return cell;
}

function score(song) {
  const top = best(song);
  return element("td", top ? percent(top.score) : "", "score");
}

function sort(header) {
  const { column } = header.dataset;
  const first = column === "score" ? -1 : 1;
  order = { column, sign: order.column === column ? -order.sign : first };
  for (const other of at("table").tHead.rows[0].cells) other.setAttribute("aria-sort", "none");
  header.setAttribute("aria-sort", order.sign > 0 ? "ascending" : "descending");
  drawTable(songs);
}

/** `show` is called with a song that is chosen. */
export function startTable(show) {
  open = show;
  at("table").tHead.addEventListener("click", (event) => {
    const header = event.target.closest("button")?.closest("th");
    if (header) sort(header);
  });
  at("more").addEventListener("click", () => {
    part += PART;
    drawTable(songs);
  });
}
