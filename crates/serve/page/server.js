// The API as the page asks it. Whatever goes wrong is a `Problem`, except that the page itself
// gave a request up: that stays an `AbortError`.

import { keep, recall } from "./memory.js";

const KEY = "canto-key";
// Milliseconds between looks whether the server is back: short at first.
const LOOKS = [1000, 2000, 4000, 8000];

export class Problem extends Error {
  constructor({ code, message, hint, requestId, wait }) {
    super(message ?? code);
    Object.assign(this, { code, hint, requestId, wait });
  }
}

export const GONE = "gone";
const gone = () => new Problem({ code: GONE });

let key = recall("sessionStorage", KEY);

/** The key stays as long as the tab does. */
export function useKey(given) {
  key = given;
  keep("sessionStorage", KEY, key);
}

export const hasKey = () => Boolean(key);

async function send(path, body, signal) {
  const headers = key ? { authorization: `Bearer ${key}` } : {};
  if (body) headers["content-type"] = "application/json";
  const response = await reached(() =>
    fetch(path, { method: body ? "POST" : "GET", headers, body, signal }));
  if (response.ok) return response;
  throw await refused(response);
}

/** What a network that fails says is told apart from a request that was given up. */
async function reached(action) {
  try {
    return await action();
  } catch (error) {
    throw error.name === "AbortError" ? error : gone();
  }
}

async function refused(response) {
  const told = await response.json().catch(() => null);
  const wait = Number(response.headers.get("retry-after")) || null;
  if (!told?.error) {
    // A proxy speaks for a server that it cannot reach.
    const code = [502, 503, 504].includes(response.status) ? GONE : "unknown";
    return new Problem({ code, message: `${response.status} ${response.statusText}`, wait });
  }
  const { code, message, hint, request_id: requestId } = told.error;
  return new Problem({ code, message, hint, requestId, wait });
}

const json = async (response) => reached(() => response.json());

/** The answer of `POST /predict`. */
export async function predict(question, signal) {
  return json(await send("predict", JSON.stringify(question), signal));
}

/** The lines of `POST /predict/batch`, as they come. `body` is JSON already. */
export async function* predictMany(body, signal) {
  const response = await send("predict/batch", body, signal);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reached(() => reader.read());
    const lines = (rest + (value ?? "")).split("\n");
    rest = lines.pop();
    for (const line of lines) yield JSON.parse(line);
    if (done) return;
  }
}

let told = null;

/** What `GET /info` says. It is asked once, and again after the server was away. */
export function info() {
  told ??= send("info").then(json).catch((error) => {
    told = null;
    throw error;
  });
  return told;
}

/** Waits until the server takes requests again; ends with an `AbortError` if that is given up. */
export async function back(signal) {
  told = null;
  for (let look = 0; ; look += 1) {
    await pause(LOOKS[Math.min(look, LOOKS.length - 1)], signal);
    const response = await fetch("ready", { signal, cache: "no-store" }).catch((error) => {
      if (error.name === "AbortError") throw error;
      return null;
    });
    if (response?.ok) return;
  }
}

export function pause(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    }, { once: true });
  });
}
