// Waiting for money: asks the shop at 3, 5, 8, 13 and then every 20 s, only while somebody looks, for 15 minutes.
// Without this file the buttons and the reload link do the same.
(() => {
  "use strict";
  document.addEventListener("click", (event) => {
    if (event.target instanceof Element && event.target.closest("[data-print]")) print();
  });

  const place = document.querySelector("[data-poll]");
  if (!place) return;
  const WAITS = [3, 5, 8, 13, 20];
  const STOP_AFTER_MS = 15 * 60 * 1000;
  const started = performance.now();
  const shown = document.querySelector("[data-message]");
  let turn = 0;
  let timer = 0;
  let asking = false;

  function tell(text) {
    if (shown && shown.textContent !== text) {
      shown.textContent = text;
      const live = document.querySelector("#kabar");
      if (live) live.textContent = text;
    }
  }

  function plan() {
    clearTimeout(timer);
    if (performance.now() - started > STOP_AFTER_MS) {
      tell("Kami berhenti memeriksa otomatis. Tekan tombol cek status kalau kamu sudah membayar.");
      return;
    }
    timer = setTimeout(ask, WAITS[Math.min(turn, WAITS.length - 1)] * 1000);
    turn += 1;
  }

  // The payment page goes where the customer belongs now; any other page only shows itself anew. Never reload(): the
  // page may be the answer to a POST.
  function moveTo(next) {
    location.replace("follow" in place.dataset ? next : location.pathname + location.search);
  }

  async function ask() {
    if (document.visibilityState !== "visible" || asking) return; // the next look goes on
    asking = true;
    try {
      const response = await fetch(place.dataset.poll, { headers: { Accept: "application/json" } });
      if (response.ok) {
        const answer = await response.json();
        if (answer.state !== place.dataset.state) {
          moveTo(answer.next);
          return;
        }
      }
    } catch {
      // offline: the next turn tries again
    } finally {
      asking = false;
    }
    plan();
  }

  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState !== "visible") return;
    clearTimeout(timer);
    if (performance.now() - started > STOP_AFTER_MS) plan();
    else ask();
  });
  document.addEventListener("shop:time-up", () => { clearTimeout(timer); ask(); });
  addEventListener("pageshow", (event) => { if (event.persisted) ask(); });
  plan();
})();
