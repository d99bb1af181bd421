// Progressive enhancement of the address step: the server's rules, judged on blur.
(() => {
  "use strict";
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

  const box = document.querySelector("[data-areas]"); // areas.js makes the suggestions

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
