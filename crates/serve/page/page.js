"use strict";

const form = document.getElementById("form");
const answer = document.getElementById("answer");

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  answer.textContent = "…";
  try {
    const response = await fetch("/predict", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ lyrics: document.getElementById("lyrics").value }),
    });
    const body = await response.json();
    const lines = response.ok
      ? body.genres.map((genre) => `${genre.label} ${(100 * genre.score).toFixed(0)}%`)
      : [body.error.message];
    answer.textContent = lines.join("\n") || "No genre reaches its threshold.";
  } catch {
    answer.textContent = "The server does not answer.";
  }
});
