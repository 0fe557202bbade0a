/* The form works without this. It adds rows without asking the server, offers the ids of sources, and keeps one from leaving by mistake. */
(() => {
  const form = document.querySelector("form[data-entry]");
  if (!form) return;
  let touched = false;
  form.addEventListener("input", () => { touched = true; });
  form.addEventListener("submit", () => { touched = false; });
  addEventListener("beforeunload", (event) => { if (touched) event.preventDefault(); });

  const renumbered = (element, number) => {
    for (const part of [element, ...element.querySelectorAll("*")]) {
      for (const name of ["id", "for", "name", "aria-describedby"]) {
        const value = part.getAttribute(name);
        if (value) part.setAttribute(name, value.replace(/([.-])\d+((?:[.-]\w+)?)$/, `$1${number}$2`));
      }
      if (part.matches("input:not([type=hidden]), textarea, select")) { part.value = ""; part.removeAttribute("value"); }
      if (part.matches("textarea")) part.textContent = "";
    }
    for (const hidden of element.querySelectorAll("input[type=hidden]")) hidden.remove();
  };
  form.addEventListener("click", (event) => {
    const button = event.target.closest("[data-more]");
    const rows = button && button.closest("fieldset").querySelector("[data-rows]");
    if (!rows || !rows.lastElementChild) return;
    event.preventDefault();
    const row = rows.lastElementChild.cloneNode(true), number = rows.children.length;
    renumbered(row, number);
    const label = row.getAttribute("aria-label");
    if (label) row.setAttribute("aria-label", label.replace(/\d+$/, number + 1));
    const words = row.querySelector("label.vh");
    if (words) words.textContent = words.textContent.replace(/\d+$/, number + 1);
    rows.append(row);
    row.querySelector("input, textarea").focus();
    touched = true;
  });

  const bases = document.getElementById("bases");
  form.addEventListener("change", (event) => {
    if (!bases || !/^f\.sources\.\d+\.id$/.test(event.target.name)) return;
    const known = [...bases.options].map((option) => option.value);
    if (event.target.value && !known.includes(event.target.value)) bases.prepend(new Option("", event.target.value));
  });
})();
