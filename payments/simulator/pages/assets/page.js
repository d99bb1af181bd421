// Tells the shop's page, which shows this one in a frame, what happened. Results are unsigned, as with Midtrans.
"use strict";

function tell(event, result) {
  if (window.parent !== window) {
    window.parent.postMessage({ source: "midtrans-simulator", event, result }, "*");
  }
}

const { event, result } = document.body.dataset;
if (event) {
  tell(event, JSON.parse(result));
}
for (const link of document.querySelectorAll("[data-close]")) {
  link.addEventListener("click", (click) => {
    click.preventDefault();
    tell("close", null);
  });
}
