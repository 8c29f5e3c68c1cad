// The page of `canto serve`: what it begins with, its language and its key.

import { at, element, tellOf } from "./page/dom.js";
import { startList } from "./page/list.js";
import { hasKey, info, useKey } from "./page/server.js";
import { ask, startSong } from "./page/song.js";
import { choose, whenChosen, words, write } from "./page/words.js";

// What goes on once the key is there.
const afterwards = new Set();
let keyIsWrong = false;

function askForKey(then) {
  afterwards.add(then);
  keyIsWrong = hasKey();
  drawKey();
  at("key-form").hidden = false;
  at("key").focus();
}

function drawKey() {
  tellOf(at("key-wrong"), keyIsWrong && words.keyWrong);
}

function useGivenKey(event) {
  event.preventDefault();
  if (!at("key").value) return;
  useKey(at("key").value);
  at("key").value = "";
  at("key-form").hidden = true;
  const due = [...afterwards];
  afterwards.clear();
  for (const one of due) one();
}

/** What the model is called and what it knows. */
async function introduce() {
  try {
    const told = await info();
    at("known").hidden = false;
    at("labels").replaceChildren(...told.labels.map((one) => element("li", one.label, "chip")));
    at("model").textContent = `${told.name} · canto ${told.version}`;
  } catch (error) {
    if (error.code === "unauthorized") askForKey(introduce);
  }
}

for (const one of document.querySelectorAll("[data-language]")) {
  one.addEventListener("click", () => choose(one.dataset.language));
}
at("key-form").addEventListener("submit", useGivenKey);
whenChosen(drawKey);
write();
startSong(askForKey);
startList((song) => {
  ask(song.lyrics);
  at("lyrics").focus({ preventScroll: true });
  at("one").scrollIntoView({ block: "start" });
}, askForKey);
introduce();
