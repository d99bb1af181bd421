// Progressive enhancement of the district box: a combobox with suggestions. Without this script the server answers with
// radio buttons. Works on boxes that htmx brings later, too.
(() => {
  "use strict";
  const say = (text) => {
    const live = document.querySelector("#kabar");
    if (live) live.textContent = text;
  };

  function prepare() {
    document.querySelectorAll("[data-areas]:not([role=combobox])").forEach((input) => {
      combobox(input, input.closest("[data-areas-from]").dataset.areasFrom);
    });
  }
  prepare();
  document.addEventListener("htmx:afterSettle", prepare);

  function combobox(input, url) {
    const list = document.createElement("ul");
    list.className = "suggestions";
    list.id = `${input.id}_list`;
    list.hidden = true;
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", "Saran wilayah");
    input.closest(".area").append(list);
    const attributes = {
      role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": list.id, "aria-haspopup": "listbox",
    };
    Object.entries(attributes).forEach(([name, value]) => input.setAttribute(name, value));
    let active = -1;
    let pause = 0;
    let asked = null;

    const options = () => [...list.children];

    function close() {
      clearTimeout(pause);
      asked?.abort();
      list.hidden = true;
      active = -1;
      input.setAttribute("aria-expanded", "false");
      input.removeAttribute("aria-activedescendant");
    }

    function mark(index) {
      const all = options();
      active = (index + all.length) % all.length;
      all.forEach((option, i) => option.setAttribute("aria-selected", String(i === active)));
      all[active].scrollIntoView({ block: "nearest" });
      input.setAttribute("aria-activedescendant", all[active].id);
    }

    function choose(option) {
      input.value = option.textContent;
      input.dataset.chosen = input.value;
      close();
      input.dispatchEvent(new Event("change", { bubbles: true }));
    }

    function show(results) {
      list.replaceChildren(...results.map(({ label }, index) => {
        const option = document.createElement("li");
        option.id = `${list.id}_${index}`;
        option.setAttribute("role", "option");
        option.setAttribute("aria-selected", "false");
        option.textContent = label;
        return option;
      }));
      if (!results.length) { close(); say("Tidak ada wilayah yang cocok"); return; }
      active = -1;
      list.hidden = false;
      input.setAttribute("aria-expanded", "true");
      input.removeAttribute("aria-activedescendant");
      say(`${results.length} saran wilayah, pilih dengan panah bawah`);
    }

    async function ask() {
      asked?.abort();
      asked = new AbortController();
      const wanted = input.value;
      try {
        const answer = await fetch(`${url}?q=${encodeURIComponent(wanted)}`, { signal: asked.signal });
        const { results } = await answer.json();
        if (input.value === wanted && document.activeElement === input) show(results);
      } catch (error) {
        if (error.name !== "AbortError") close(); // the plain submit still finds it
      }
    }

    input.addEventListener("input", () => {
      clearTimeout(pause);
      if (input.value.trim().length < 2) { close(); return; }
      pause = setTimeout(ask, 180);
    });
    input.addEventListener("keydown", (event) => {
      if (event.key === "ArrowDown" && list.hidden && input.value.trim().length > 1) { event.preventDefault(); ask(); return; }
      if (list.hidden) return;
      if (event.key === "ArrowDown") { event.preventDefault(); mark(active + 1); }
      else if (event.key === "ArrowUp") { event.preventDefault(); mark(active < 0 ? -1 : active - 1); }
      else if (event.key === "Enter" && active >= 0) { event.preventDefault(); choose(options()[active]); }
      else if (event.key === "Escape") { event.preventDefault(); close(); }
    });
    list.addEventListener("pointerdown", (event) => event.preventDefault()); // the box keeps the focus
    list.addEventListener("click", (event) => {
      const option = event.target.closest("[role=option]");
      if (option) choose(option);
    });
    input.addEventListener("blur", close);
  }
})();
