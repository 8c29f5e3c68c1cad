// Small tools for the document.

export const at = (id) => document.getElementById(id);

export function element(name, text, className) {
  const made = document.createElement(name);
  made.textContent = text ?? "";
  if (className) made.className = className;
  return made;
}

export function button(text, action) {
  const made = element("button", text);
  made.type = "button";
  made.addEventListener("click", action);
  return made;
}

/** Makes `wanted` the children of `parent`, moving only what stands elsewhere: focus stays. */
export function arrange(parent, wanted) {
  wanted.forEach((node, place) => {
    if (parent.children[place] !== node) parent.insertBefore(node, parent.children[place] ?? null);
  });
  while (parent.children.length > wanted.length) parent.lastElementChild.remove();
}

/** Says something once: what stands there already would be read out again. */
export function say(place, text, ...more) {
  if (place.firstChild?.textContent === text) return;
  place.replaceChildren(...(text ? [text, ...more] : []));
}

/** The same where nothing is to be seen without words. */
export function tellOf(place, text, ...more) {
  place.hidden = !text;
  say(place, text, ...more);
}
