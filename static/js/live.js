// How htmx works here: no inline code or style (the policy forbids both), answers about wrong input are shown, and
// whatever goes wrong becomes the plain request that the page makes without any script.
(() => {
  "use strict";
  const { htmx } = window;
  if (!htmx) return;
  Object.assign(htmx.config, {
    allowEval: false,
    historyCacheSize: 0,
    includeIndicatorStyles: false,
    selfRequestsOnly: true,
    timeout: 15000,
    responseHandling: [{ code: "[23]..", swap: true }, { code: "400", swap: true }, { code: "...", swap: false, error: true }],
  });
  const on = (type, handle) => document.addEventListener(type, handle);
  const CART = "form[data-live]";

  // ---- cart: numbers are sent after a short pause (hx-trigger), or at once when somebody goes on ---------------------
  let unsent = null; // the form whose numbers the server does not have yet
  let onTheWay = 0;
  let goOn = "";

  on("change", (event) => {
    const form = event.target.closest?.(CART);
    if (form) unsent = form;
  });
  on("htmx:configRequest", (event) => { if (event.detail.elt.matches(CART)) unsent = null; });
  on("htmx:beforeRequest", () => { onTheWay += 1; });
  on("htmx:afterRequest", () => { onTheWay -= 1; });

  // An answer from before the last change would put the old number back.
  on("htmx:beforeSwap", (event) => {
    if (unsent && event.detail.target.contains(unsent)) event.detail.shouldSwap = false;
  });

  // The page that follows must know the number that was just typed.
  on("click", (event) => {
    const link = event.target.closest?.("a[href]");
    if (!link || link.matches("[data-in-place]") || event.metaKey || event.ctrlKey || event.shiftKey) return;
    if (!(unsent || (onTheWay && document.querySelector(CART)))) return;
    event.preventDefault();
    goOn = link.href;
    if (unsent) htmx.trigger(unsent, "kirim");
  });

  on("htmx:afterSettle", () => {
    if (!goOn || unsent || onTheWay) return;
    const href = goOn;
    goOn = "";
    if (!document.querySelector(".errors")) location.href = href;
  });

  // ---- what changed is told once, politely ---------------------------------------------------------------------------
  on("htmx:afterSettle", () => {
    const told = document.querySelector("[data-say]");
    const live = document.querySelector("#kabar");
    if (told && live && live.textContent !== told.dataset.say) live.textContent = told.dataset.say;
  });

  // A box that was replaced alone has no summary of its mistakes: the field itself takes the focus, and says why.
  on("htmx:afterSettle", (event) => {
    const wrong = event.target.querySelector?.("#ongkir [aria-invalid=true]") ?? event.target.closest?.("#ongkir")?.querySelector("[aria-invalid=true]");
    if (wrong && !document.querySelector(".errors")) wrong.focus();
  });

  // ---- no answer, or one that is no page of ours: go the way without a script ----------------------------------------
  function plainly(event) {
    const { elt } = event.detail;
    if (elt.matches("form") && elt.isConnected && !elt.hidden) elt.submit();
    else if (elt.matches("form, button")) location.reload();
  }
  ["htmx:responseError", "htmx:sendError", "htmx:timeout"].forEach((type) => on(type, plainly));
})();
