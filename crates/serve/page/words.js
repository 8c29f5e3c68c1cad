// The page's language: the browser's, until another is chosen, which is remembered.

import { english } from "./english.js";
import { keep, recall } from "./memory.js";
import { spanish } from "./spanish.js";

const LANGUAGES = { en: english, es: spanish };
const MEMORY = "canto-language";
const listeners = [];

function preferred() {
  const wanted = [recall("localStorage", MEMORY), ...navigator.languages].filter(Boolean);
  const codes = wanted.map((tag) => tag.split("-")[0].toLowerCase());
  return codes.find((code) => Object.hasOwn(LANGUAGES, code)) ?? "en";
}

export let language = preferred();
export let words = LANGUAGES[language];

/** Calls `listener` whenever another language is chosen. */
export function whenChosen(listener) {
  listeners.push(listener);
}

export function choose(code) {
  language = code;
  words = LANGUAGES[code];
  keep("localStorage", MEMORY, code);
  write();
  for (const listener of listeners) listener();
}

/** Writes the words that never change into the document. */
export function write() {
  document.documentElement.lang = language;
  document.title = words.title;
  for (const one of document.querySelectorAll("[data-words]")) {
    one.textContent = words[one.dataset.words];
  }
  for (const one of document.querySelectorAll("[data-label]")) {
    one.setAttribute("aria-label", words[one.dataset.label]);
  }
  for (const one of document.querySelectorAll("[data-placeholder]")) {
    one.placeholder = words[one.dataset.placeholder];
  }
  for (const one of document.querySelectorAll("[data-language]")) {
    one.setAttribute("aria-pressed", String(one.dataset.language === language));
  }
}

export const percent = (share) =>
  new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 0 }).format(share);

export const decimal = (value, digits) =>
  new Intl.NumberFormat(language, {
    minimumFractionDigits: digits, maximumFractionDigits: digits, signDisplay: "exceptZero",
  }).format(value);

/** The name of a language by its code in ISO 639-3, or the code where it has none. */
export function languageName(code) {
  try {
    return new Intl.DisplayNames(language, { type: "language" }).of(code) ?? code;
  } catch {
    return code;
  }
}

/** What a warning of the server says. */
export function warning(of, answer, known) {
  const languages = known.map(languageName).join(", ");
  switch (of.code) {
    case "language":
      return words.warnings.language(
        languageName(answer.language), percent(answer.language_confidence), languages);
    case "unknown_language":
      return words.warnings.unknownLanguage;
    case "truncated":
      return words.warnings.truncated(answer.tokens);
    default:
      return of.message;
  }
}

/** What a problem says; one that the page does not know speaks for itself. */
export function problem(of) {
  const known = words.errors[of.code];
  if (known) return known(of);
  return [of.message, of.hint].filter(Boolean).join(": ");
}
