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

/** Text of a live region or a problem; without text it is hidden. */
export function say(place, text, ...more) {
  place.hidden = !text;
  place.replaceChildren(...(text ? [text, ...more] : []));
}
