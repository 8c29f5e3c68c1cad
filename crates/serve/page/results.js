// The table as a file.

import { at, element } from "./dom.js";
import { format } from "./csv.js";

/** Named as the command line names its columns. */
export function rowsOf(songs) {
  const labels = [...new Set(songs.flatMap((song) =>
    song.answer?.labels.map((label) => label.label) ?? []))];
  const header = ["file", "row", "title", "genres", ...labels.map((label) => `score:${label}`),
    "tokens", "truncated", "language", "language_confidence", "warnings", "error"];
  return [header, ...songs.map((song) => row(song, labels))];
}

function row({ file, row: place, title, answer, problem }, labels) {
  const scores = new Map(answer?.labels.map((label) => [label.label, label.score]));
  return [
    file,
    place,
    title,
    answer?.genres.map((genre) => genre.label).join(";") ?? "",
    ...labels.map((label) => scores.get(label)),
    answer?.tokens,
    answer?.truncated,
    answer?.language,
    answer?.language_confidence,
    answer?.warnings.map((warning) => warning.code).join(";") ?? "",
    problem?.code ?? "",
  ];
}

export function save(songs) {
  const file = new Blob([format(rowsOf(songs))], { type: "text/csv;charset=utf-8" });
  const link = element("a");
  link.href = URL.createObjectURL(file);
  link.download = "canto-genres.csv";
  at("list").append(link);
  link.click();
  link.remove();
  // The download has begun by then, or it never will.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
