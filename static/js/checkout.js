// Progressive enhancement of the address step: suggestions under the district box, and the server's rules on blur.
(() => {
  "use strict";
  const say = (text) => {
    const live = document.querySelector("#kabar");
    if (live) live.textContent = text;
  };
  const sprite = document.querySelector("svg.i use")?.getAttribute("href")?.split("#")[0] ?? "";

  function icon(name, css = "i") {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
    svg.setAttribute("class", css);
    svg.setAttribute("aria-hidden", "true");
    use.setAttribute("href", `${sprite}#${name}`);
    svg.append(use);
    return svg;
  }

  // ---- district box: a combobox; without this script the server answers with radio buttons --------------------------
  const box = document.querySelector("[data-areas]");
  if (box) combobox(box, box.closest("[data-areas-from]").dataset.areasFrom);

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
      } catch {
        list.hidden = true; // the plain submit still finds it
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

  // ---- rules: judged when a changed field is left; an error goes as soon as the value is right -----------------------
  function international(digits) {
    if (digits.startsWith("00")) return `+${digits.slice(2)}`;
    if (digits.startsWith("0")) return `+62${digits.slice(1)}`;
    if (digits.startsWith("62")) return `+${digits}`;
    return digits.startsWith("8") ? `+62${digits}` : digits;
  }

  const RULES = {
    email: (value) => /^[^\s@]+@[^\s@]+\.[^\s@.]{2,}$/.test(value),
    phone: (value) => {
      const number = international(value.replace(/[\s().-]/g, ""));
      return (number.startsWith("+62") ? /^\+62[1-9][0-9]{7,11}$/ : /^\+[1-9][0-9]{7,14}$/).test(number);
    },
    postal: (value) => /^[0-9]{5}$/.test(value.replace(/\s/g, "")),
  };

  function fault(input) {
    const value = input.value.trim();
    if (!value) return input.required ? input.dataset.missing ?? "" : "";
    const rule = RULES[input.dataset.rule];
    return rule && !rule(value) ? input.dataset.wrong : "";
  }

  // A tick where we can tell: a rule that holds, a name that is there, a district taken from the list.
  function isRight(input) {
    if (!input.value.trim() || input.tagName !== "INPUT") return false;
    return input === box ? input.value === input.dataset.chosen : true;
  }

  function tell(input, text) {
    const field = input.closest(".field");
    const id = `${input.id}_error`;
    const described = new Set((input.getAttribute("aria-describedby") ?? "").split(" ").filter(Boolean));
    document.getElementById(id)?.remove();
    field.querySelector(".tick")?.remove();
    delete field.dataset.ok;
    described.delete(id);
    if (text) {
      const reason = document.createElement("p");
      const words = document.createElement("span");
      const prefix = document.createElement("span");
      reason.className = "field-error";
      reason.id = id;
      prefix.className = "vh";
      prefix.textContent = "Kesalahan: ";
      words.append(prefix, text);
      reason.append(icon("circle-alert"), words);
      input.before(reason);
      described.add(id);
      input.setAttribute("aria-invalid", "true");
    } else {
      input.removeAttribute("aria-invalid");
      if (isRight(input)) {
        field.dataset.ok = "";
        field.append(icon("check", "i tick"));
      }
    }
    if (described.size) input.setAttribute("aria-describedby", [...described].join(" "));
    else input.removeAttribute("aria-describedby");
  }

  document.querySelectorAll("[data-missing]").forEach((input) => {
    let changed = false;
    input.addEventListener("input", () => {
      changed = true;
      if (input.getAttribute("aria-invalid") === "true" && !fault(input)) tell(input, "");
    });
    input.addEventListener("blur", () => { if (changed) tell(input, fault(input)); });
    input.addEventListener("change", () => { if (input === box) tell(input, ""); });
  });
})();
