// Tables as text, both ways: RFC 4180, and what spreadsheets make of it.

const SEPARATORS = [",", ";", "\t"];

/** A quotation mark that is never closed. */
export class OpenQuote extends Error {
  constructor(row) {
    super(`row ${row}`);
    this.row = row;
  }
}

/** Rows of cells. Lines end by any line break; the separator is the first line's commonest. */
export function parse(text) {
  const separator = separatorOf(text);
  const rows = [];
  let row = [];
  let cell = "";
  let place = 0;
  const endCell = () => {
    row.push(cell);
    cell = "";
  };
  const endRow = () => {
    endCell();
    if (row.length > 1 || row[0] !== "") rows.push(row);
    row = [];
  };
  while (place < text.length) {
    const letter = text[place];
    if (letter === '"' && cell === "") {
      const [quoted, end] = quotation(text, place + 1, rows.length + 1);
      cell = quoted;
      place = end;
    } else if (letter === separator) {
      endCell();
      place += 1;
    } else if (letter === "\n" || letter === "\r") {
      endRow();
      place += letter === "\r" && text[place + 1] === "\n" ? 2 : 1;
    } else {
      const end = plainEnd(text, place + 1, separator);
      cell += text.slice(place, end);
      place = end;
    }
  }
  endRow();
  return rows;
}

/** Up to the closing mark, and the place behind it; a doubled mark stands for one. */
function quotation(text, start, row) {
  let cell = "";
  for (let from = start; ;) {
    const end = text.indexOf('"', from);
    if (end < 0) throw new OpenQuote(row);
    cell += text.slice(from, end);
    if (text[end + 1] !== '"') return [cell, end + 1];
    cell += '"';
    from = end + 2;
  }
}

function plainEnd(text, from, separator) {
  let end = from;
  while (end < text.length && ![separator, "\n", "\r"].includes(text[end])) end += 1;
  return end;
}

function separatorOf(text) {
  const head = text.slice(0, text.search(/[\r\n]|$/)).replace(/"[^"]*"/g, "");
  const counts = SEPARATORS.map((one) => head.split(one).length);
  return SEPARATORS[counts.indexOf(Math.max(...counts))];
}

/** Text of rows for a spreadsheet: marked as UTF-8, lines end as the RFC asks. */
export function format(rows) {
  return `\ufeff${rows.map((row) => row.map(cell).join(",")).join("\r\n")}\r\n`;
}

function cell(value) {
  const text = typeof value === "string" ? harmless(value) : String(value ?? "");
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Spreadsheets run a cell that begins like a formula; behind an apostrophe it is text. */
function harmless(text) {
  return /^\s*[=+\-@\uff1d\uff0b\uff0d\uff20]|^[\t\r\n]/.test(text) ? `'${text}` : text;
}
