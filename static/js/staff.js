// Staff pages: copy buttons, print, and one submit per form. Everything works without it, except copying.
(() => {
  "use strict";
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy], [data-print]");
    if (!button) return;
    if (button.hasAttribute("data-print")) { window.print(); return; }
    if ("told" in button.dataset) return; // it still says what came of the last press
    button.dataset.told = "";
    const before = [...button.childNodes];
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      button.textContent = "Tersalin";
    } catch {
      button.textContent = "Tidak dapat menyalin";
    }
    setTimeout(() => { button.replaceChildren(...before); delete button.dataset.told; }, 2000);
  });
  document.addEventListener("submit", (event) => {
    const form = event.target.closest("form[data-once]");
    if (!form) return;
    // After the submit was sent, so that the button's own value still goes along.
    setTimeout(() => busy(form, true), 0);
    // A file leaves the page as it is, and no event tells that it came.
    if (form.hasAttribute("data-file")) setTimeout(() => busy(form, false), 3000);
  });
  function busy(form, is) {
    if (is) form.setAttribute("aria-busy", "true");
    else form.removeAttribute("aria-busy");
    form.querySelectorAll("button[type=submit]").forEach((button) => { button.disabled = is; });
  }
  // The theme has buttons that are no buttons: let the keyboard and screen readers have them too.
  const fakeButtons = "a:not([href])[x-on\\:click], span.cursor-pointer, div.cursor-pointer[x-on\\:click]";
  document.addEventListener("DOMContentLoaded", () => {
    document.querySelectorAll(fakeButtons).forEach((element) => {
      if (element.closest("a[href], button, label") || element.querySelector("[tabindex], a, button, input")) return;
      element.setAttribute("role", "button");
      element.tabIndex = 0;
      if (!/[a-z]{3}/i.test(element.innerText.replace(/dock_to_right|close|unfold_more|more_horiz/g, ""))) {
        element.setAttribute("aria-label", element.closest("#nav-sidebar") ? "Tutup menu" : "Menu");
      }
      element.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        (element.querySelector("[x-on\\:click]") || element).click();
      });
    });
    const search = document.getElementById("searchbar");
    if (search && !search.labels.length) search.setAttribute("aria-label", search.placeholder);
  });
  window.addEventListener("pageshow", () => {
    document.querySelectorAll("form[data-once]").forEach((form) => busy(form, false));
    document.getElementById("kesalahan")?.focus();
  });
})();
