// How htmx works here: no inline code or style (the policy forbids both), answers about wrong input are shown, and
// whatever goes wrong becomes the plain request that the page makes without any script.
(() => {
  "use strict";
  const { htmx } = window;
  if (!htmx) return;
  Object.assign(htmx.config, {
    allowEval: false,
    attributesToSettle: ["class", "width", "height"], // not "style": the policy forbids it, and nothing here has one
    historyCacheSize: 0,
    includeIndicatorStyles: false,
    refreshOnHistoryMiss: true, // Back takes the page as the server has it, not a copy
    selfRequestsOnly: true,
    timeout: 15000,
    responseHandling: [{ code: "[23]..", swap: true }, { code: "400", swap: true }, { code: "...", swap: false, error: true }],
  });
  const on = (type, handle) => document.addEventListener(type, handle);
  const CART = "form[data-live]";

  // ---- lists: a wish swaps the results, and the address is the one that the form makes without a script ---------------
  const LIST = "form[data-list]";
  const inList = (event) => event.detail.elt.closest?.(".shelf");

  on("htmx:configRequest", (event) => { // what was left empty does not stand in the address
    if (!event.detail.elt.matches(LIST)) return;
    const { parameters } = event.detail;
    Object.keys(parameters).forEach((name) => { if (parameters[name] === "") delete parameters[name]; });
  });
  on("htmx:beforeRequest", (event) => { // Enter, or the button after a change, asks for what is there already
    const path = event.detail.pathInfo?.finalRequestPath ?? "";
    if (event.detail.elt.matches(LIST) && path === location.pathname + location.search) event.preventDefault();
  });
  on("htmx:beforeSwap", (event) => { // a wish that is refused is a page of its own, and so is whatever is no list
    if (!inList(event) || !event.detail.shouldSwap) return;
    const page = event.detail.serverResponse;
    const told = page.includes('class="errors"') || document.querySelector(".errors"); // now, or about the wish before
    if (page.includes('id="hasil"') && !told) return;
    event.detail.shouldSwap = false;
    location.href = event.detail.pathInfo.finalRequestPath;
  });
  on("submit", (event) => { // on phones the results stand below the boxes
    if (event.target.matches(LIST)) event.target.closest("details").open = false;
  });
  on("htmx:afterSettle", (event) => { // a chip that was pressed is gone
    if (event.detail.elt.id === "hasil" && document.activeElement === document.body) {
      document.querySelector("#h-hasil").focus({ preventScroll: true });
    }
  });

  // ---- cart: numbers are sent after a short pause (hx-trigger), or at once when somebody goes on ---------------------
  let unsent = null; // the form whose numbers the server does not have yet
  let onTheWay = 0;
  let goOn = "";

  on("change", (event) => {
    const form = event.target.closest?.(CART);
    if (form) unsent = form;
  });
  on("htmx:configRequest", (event) => { if (event.detail.elt.matches(CART)) unsent = null; });
  on("htmx:beforeRequest", (event) => { if (!event.defaultPrevented) onTheWay += 1; });
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

  on("htmx:afterSettle", () => { // a box that was replaced alone leaves the title as it was, also where all is right now
    if (!document.querySelector(".errors")) document.title = document.title.replace(/^Kesalahan: /, "");
  });

  // A box that was replaced alone has no summary of its mistakes: the field itself takes the focus, and says why.
  on("htmx:afterSettle", (event) => {
    const wrong = event.target.querySelector?.("#ongkir [aria-invalid=true]") ?? event.target.closest?.("#ongkir")?.querySelector("[aria-invalid=true]");
    if (wrong) wrong.focus();
  });

  // ---- no answer, or one that is no page of ours: go the way without a script ----------------------------------------
  function plainly(event) {
    const { elt } = event.detail;
    if (elt.matches("form") && elt.isConnected && !elt.hidden) elt.submit();
    else if (elt.matches("a[href]")) location.href = elt.href;
    else if (elt.matches("form, button")) location.reload();
  }
  ["htmx:responseError", "htmx:sendError", "htmx:timeout"].forEach((type) => on(type, plainly));
})();
