// Staff pages: copy buttons, print, and one submit per form. Everything works without it, except copying.
(() => {
  "use strict";
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy], [data-print]");
    if (!button) return;
    if (button.hasAttribute("data-print")) { window.print(); return; }
    const before = button.innerHTML;
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      button.textContent = "Tersalin";
    } catch {
      button.textContent = "Tidak dapat menyalin";
    }
    setTimeout(() => { button.innerHTML = before; }, 2000);
  });
  document.addEventListener("submit", (event) => {
    const form = event.target.closest("form[data-once]");
    if (!form) return;
    // After the submit was sent, so that the button's own value still goes along.
    setTimeout(() => {
      form.setAttribute("aria-busy", "true");
      form.querySelectorAll("button[type=submit]").forEach((button) => { button.disabled = true; });
    }, 0);
  });
  window.addEventListener("pageshow", () => {
    document.querySelectorAll("form[data-once]").forEach((form) => {
      form.removeAttribute("aria-busy");
      form.querySelectorAll("button[type=submit]").forEach((button) => { button.disabled = false; });
    });
    document.getElementById("kesalahan")?.focus();
  });
})();
