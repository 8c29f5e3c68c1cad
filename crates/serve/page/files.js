// Files → songs. A file that is none gives a problem; a line that is none gives a song with one.

import { OpenQuote, parse } from "./csv.js";
import { words } from "./words.js";

const MEGABYTE = 1 << 20;
// The text is held in memory as a whole.
const MOST = 200 * MEGABYTE;
const LYRICS = ["lyrics", "lyric", "text", "letra", "letras"];
const TITLE = ["title", "song", "name", "track", "título", "titulo", "canción", "cancion"];
const ARTIST = ["artist", "artista"];

const readers = { txt, csv, tsv: csv, ndjson, jsonl: ndjson };

/** `{ songs, problem }`: songs of a file, or a function that says why there are none. */
export async function songsOf(file) {
  const kind = file.name.split(".").pop().toLowerCase();
  const none = (problem) => ({ songs: [], problem });
  if (!Object.hasOwn(readers, kind)) return none(() => words.fileKind(file.name));
  if (file.size > MOST) return none(() => words.fileLarge(file.name, MOST / MEGABYTE));
  try {
    const found = readers[kind](file.name, decoded(await file.arrayBuffer()));
    return found.length > 0 ? { songs: found } : none(() => words.fileEmpty(file.name));
  } catch (error) {
    return none(explained(file.name, error));
  }
}

class NoColumn extends Error {
  constructor(found) {
    super(`found ${found.join(", ")}`);
    this.found = found;
  }
}

function explained(name, error) {
  if (error instanceof NoColumn) return () => words.fileColumn(name, error.found);
  if (error instanceof OpenQuote) return () => words.fileQuote(name, error.row);
  return () => words.fileUnread(name);
}

/** UTF-8, UTF-16 by its mark, or what Windows wrote before. */
function decoded(buffer) {
  const [first, second] = new Uint8Array(buffer, 0, Math.min(2, buffer.byteLength));
  if (first === 0xff && second === 0xfe) return new TextDecoder("utf-16le").decode(buffer);
  if (first === 0xfe && second === 0xff) return new TextDecoder("utf-16be").decode(buffer);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(buffer);
  } catch {
    return new TextDecoder("windows-1252").decode(buffer);
  }
}

function txt(file, text) {
  return [{ file, row: null, title: file.replace(/\.[^.]*$/, ""), lyrics: text }];
}

function csv(file, text) {
  const [header, ...rows] = parse(text);
  if (!header) return [];
  const names = header.map((name) => name.trim().toLowerCase());
  const column = (wanted) => names.findIndex((name) => wanted.includes(name));
  const lyrics = names.indexOf(LYRICS.find((name) => names.includes(name)));
  if (lyrics < 0) throw new NoColumn(header.map((name) => name.trim()));
  const [title, artist] = [column(TITLE), column(ARTIST)];
  return rows.map((cells, place) => ({
    file,
    row: place + 1,
    title: titled(cells[title], cells[artist]),
    lyrics: cells[lyrics] ?? "",
  }));
}

function ndjson(file, text) {
  const lines = text.split("\n").map((line, place) => [line, place + 1]);
  return lines.filter(([line]) => line.trim()).map(([line, row]) => {
    const found = object(line);
    const key = LYRICS.find((name) => typeof found?.[name] === "string");
    const named = (wanted) => found?.[wanted.find((name) => typeof found[name] === "string")];
    const song = { file, row, title: titled(named(TITLE), named(ARTIST)), lyrics: found?.[key] };
    return key ? song : { ...song, lyrics: "", problem: { code: "bad_line" } };
  });
}

function object(line) {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}

const titled = (title, artist) =>
  [title, artist].map((part) => part?.trim()).filter(Boolean).join(" · ");
