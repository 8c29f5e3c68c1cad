// What the browser keeps for the page. Storage may be forbidden; the page works without, and asks
// again next time.

export function recall(store, name) {
  try {
    return window[store].getItem(name);
  } catch {
    return null;
  }
}

export function keep(store, name, value) {
  try {
    window[store].setItem(name, value);
  } catch (error) {
    console.debug(`not kept: ${error.message}`);
  }
}
