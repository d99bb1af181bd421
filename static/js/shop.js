// Progressive enhancement only: every page works with this file missing. Listeners sit on the document, so that parts
// of a page that are replaced (see swap) need no second set-up.
(() => {
  "use strict";
  const root = document.documentElement;
  const all = (query, each) => document.querySelectorAll(query).forEach(each);
  const on = (type, query, handle) => document.addEventListener(type, (event) => {
    const element = event.target instanceof Element ? event.target.closest(query) : null;
    if (element) handle(element, event);
  });
  const say = (text) => {
    const live = document.querySelector("#kabar");
    if (live) live.textContent = text;
  };

  // ---- once per page, and again for parts that were replaced --------------------------------------------------------
  function prepare() {
    all("[data-js]", (element) => { element.hidden = false; });
    all("[data-left]:not([data-ticking])", countdown);
    all(".gallery", watchGallery);
    const summary = document.querySelector(".errors:not([data-told])"); // once: parts around it may be replaced
    if (summary) {
      summary.dataset.told = "";
      summary.focus();
    }
  }

  // ---- theme: the cookie lets the server write data-theme on <html>, so there is no flash ---------------------------
  on("click", ".theme button", (button, event) => {
    event.preventDefault();
    if (button.value) root.dataset.theme = button.value;
    else delete root.dataset.theme;
    const secure = location.protocol === "https:" ? "; Secure" : "";
    document.cookie = `tema=${button.value}; path=/; max-age=31536000; SameSite=Lax${secure}`;
    all(".theme button", (other) => { other.setAttribute("aria-pressed", String(other.value === button.value)); });
  });

  // ---- copy: <button data-copy="8801…" data-done="Nomor tersalin"><span>Salin</span></button> -----------------------
  on("click", "[data-copy]", async (button) => {
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
    } catch {
      say("Tidak dapat menyalin. Pilih teksnya, lalu salin sendiri.");
      return;
    }
    say(button.dataset.done || "Tersalin");
    const label = button.querySelector("span");
    if (!label || label.dataset.before) return;
    label.dataset.before = label.textContent;
    label.textContent = "Tersalin";
    setTimeout(() => { label.textContent = label.dataset.before; delete label.dataset.before; }, 2000);
  });

  // ---- stepper: two buttons beside a number box ---------------------------------------------------------------------
  on("click", ".qty button[data-step]", (button) => {
    const box = button.closest(".qty").querySelector("input");
    const before = box.value;
    if (button.dataset.step === "1") box.stepUp();
    else box.stepDown();
    if (box.value !== before) box.dispatchEvent(new Event("change", { bubbles: true }));
  });

  // ---- countdown from the server's clock; not announced: the absolute time beside it is the text --------------------
  function countdown(clock) {
    clock.dataset.ticking = "";
    const end = performance.now() + Number(clock.dataset.left) * 1000;
    const parts = clock.querySelectorAll("span");
    const tick = () => {
      if (!clock.isConnected) { clearInterval(timer); return; }
      const left = Math.max(0, Math.round((end - performance.now()) / 1000));
      [left / 3600, (left / 60) % 60, left % 60].forEach((number, index) => {
        if (parts[index]) parts[index].textContent = String(Math.floor(number)).padStart(2, "0");
      });
      if (left === 0) {
        clearInterval(timer);
        clock.dispatchEvent(new CustomEvent("shop:time-up", { bubbles: true }));
      }
    };
    const timer = setInterval(tick, 1000);
    tick();
  }

  // ---- one submit: busy at once, disabled after the event, free again when the page comes back from the cache -------
  // A second submit event before the buttons are disabled (two fast clicks) is stopped as well.
  const guarded = new Map();

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || !form.hasAttribute("data-once")) return;
    if (guarded.has(form)) { event.preventDefault(); return; }
    const buttons = [...form.elements].filter((element) => element.type === "submit");
    const pressed = event.submitter || buttons[0];
    guarded.set(form, { buttons: buttons.filter((button) => !button.disabled), pressed, label: [...(pressed?.childNodes ?? [])] });
    if (pressed) {
      pressed.setAttribute("aria-busy", "true");
      pressed.replaceChildren("Memproses…");
    }
    setTimeout(() => { guarded.get(form)?.buttons.forEach((button) => { button.disabled = true; }); }, 0);
  });

  function release() {
    guarded.forEach(({ buttons, pressed, label }) => {
      buttons.forEach((button) => { button.disabled = false; });
      if (pressed) {
        pressed.removeAttribute("aria-busy");
        pressed.replaceChildren(...label);
      }
    });
    guarded.clear();
  }
  addEventListener("pageshow", release);

  // ---- swap: take the same page again and replace only what changed; a plain navigation if anything is odd ----------
  const BOX = ".buy .qty input";
  let asked = 0;

  // Returns whether it was: an answer that a later wish overtook changes nothing. What was typed as a quantity stays.
  async function swap(url) {
    const mine = ++asked;
    const response = await fetch(url, { headers: { "X-Requested-With": "fetch" } });
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    if (mine !== asked) return false;
    if (!response.ok || !page.querySelector("main")) throw new Error("not the page that was wanted");
    const focused = document.activeElement?.id;
    const typed = document.querySelector(BOX)?.value;
    all("[data-swap]", (old) => {
      const fresh = page.querySelector(`[data-swap="${old.dataset.swap}"]`);
      if (fresh) old.replaceChildren(...fresh.childNodes);
    });
    const box = document.querySelector(BOX);
    if (box && typed) box.value = Math.min(typed, box.max);
    if (!page.querySelector(".errors")) all(".errors", (old) => (old.closest(".notices") ?? old).remove());
    document.title = page.title;
    window.htmx?.process(document.body); // parts with instructions for htmx may have been among them
    prepare();
    if (focused) document.getElementById(focused)?.focus();
    return true;
  }

  function show(url) {
    swap(url)
      .then((done) => { if (done) history.replaceState(null, "", url); })
      .catch(() => { if (!guarded.size) location.href = url; }); // a form that is on its way leads elsewhere
  }

  on("click", "a[data-in-place]", (link, event) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
    event.preventDefault();
    show(link.href);
  });

  on("change", "select[data-submit]", (select) => select.form.requestSubmit());

  // ---- product: price and stock follow the chosen variant at once, the button and shipping as the server has them ----
  on("change", "input[data-price]", (radio) => {
    const { price, note, low, name, full } = radio.dataset;
    all("[data-show=price]", (element) => { element.textContent = price; });
    all("[data-show=name]", (element) => { element.textContent = name; });
    all("[data-show=full]", (element) => { element.textContent = full; });
    all("[data-show=note]", (element) => {
      element.textContent = note;
      element.classList.toggle("low", low === "1");
    });
    show(`${radio.form.dataset.url}?varian=${radio.value}`);
  });

  // ---- gallery: thumbnails scroll the strip, and say which picture is shown ------------------------------------------
  function watchGallery(gallery) {
    if (gallery.dataset.watched || !("IntersectionObserver" in window)) return;
    gallery.dataset.watched = "";
    const mark = (id) => gallery.querySelectorAll(".thumbs a").forEach((thumb) => {
      if (thumb.hash === `#${id}`) thumb.setAttribute("aria-current", "true");
      else thumb.removeAttribute("aria-current");
    });
    const strip = gallery.querySelector(".strip");
    const seen = new IntersectionObserver((entries) => {
      entries.filter((entry) => entry.isIntersecting).forEach((entry) => mark(entry.target.id));
    }, { root: strip, threshold: 0.6 });
    strip.querySelectorAll(".pic").forEach((picture) => seen.observe(picture));
  }

  on("click", ".thumbs a", (thumb, event) => {
    const picture = document.querySelector(thumb.hash);
    if (!picture) return;
    event.preventDefault();
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const strip = picture.closest(".strip");
    strip.scrollTo({ left: picture.offsetLeft - strip.offsetLeft, behavior: calm ? "auto" : "smooth" });
  });

  document.addEventListener("htmx:afterSettle", prepare);
  prepare();
})();
