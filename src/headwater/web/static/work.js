/* The grid works without this. It moves by keys, pastes blocks, takes back and does again, and warns before what was typed is lost. */
(() => {
  const form = document.querySelector("form[data-grid], form[data-text]");
  if (!form) return;
  const state = form.querySelector("[data-state]");
  let dirty = form.dataset.unsaved === "yes", sending = false;
  addEventListener("beforeunload", (event) => { if (dirty && !sending) event.preventDefault(); });
  addEventListener("pageshow", () => { sending = false; });
  const touch = () => { dirty = true; if (state) state.textContent = form.dataset.leave; };
  form.addEventListener("submit", () => { sending = true; });
  if (form.hasAttribute("data-text")) { form.addEventListener("input", touch); return; }
  if (dirty) touch();
  const body = form.querySelector(".cells tbody");
  if (!body) { form.addEventListener("input", touch); return; }
  const add = form.querySelector("[data-add]"), back = form.querySelector("[data-undo]"), again = form.querySelector("[data-redo]");
  const past = [], future = [];
  for (const hidden of [add, back, again, form.querySelector(".keys")]) if (hidden) hidden.hidden = false;
  const rows = () => [...body.rows];
  const place = (input) => [rows().indexOf(input.closest("tr")), input.closest("td").cellIndex];
  const at = (row, column) => rows()[row]?.cells[column]?.querySelector("input[type=text]");
  const value = (field) => field.type === "checkbox" ? field.checked : field.value;
  const put = (field, what) => {
    if (field.type === "checkbox") { field.checked = what; field.closest("tr").classList.toggle("goes", what); }
    else { field.value = what; field.classList.toggle("changed", what !== field.defaultValue); }
  };
  const seen = new WeakMap();
  const buttons = () => { back.disabled = !past.length; again.disabled = !future.length; };
  const keep = (steps) => {
    if (!steps.length) return;
    past.push(steps); future.length = 0; touch(); buttons();
  };
  const settle = (field) => {
    if (!seen.has(field) || seen.get(field) === value(field)) return;
    keep([{ field, from: seen.get(field), to: value(field) }]);
    seen.set(field, value(field));
    if (field.type !== "checkbox") field.classList.toggle("changed", field.value !== field.defaultValue);
  };
  const step = (from, to, key, words) => {
    if (document.activeElement.form === form && document.activeElement.name) settle(document.activeElement);
    const steps = from.pop();
    if (!steps) return;
    to.push(steps);
    for (const one of key === "from" ? [...steps].reverse() : steps) {
      if (one.row) { key === "from" ? one.row.remove() : body.append(one.row); continue; }
      put(one.field, one[key]); seen.set(one.field, one[key]);
    }
    const last = steps.find((one) => one.field && one.field.isConnected);
    if (last) last.field.focus();
    touch(); buttons(); state.textContent = words;
  };
  const blank = body.querySelector("[data-blank]").cloneNode(true);
  let next = Number(/^n\.(\d+)/.exec(blank.querySelector("input").name)[1]) + 1;
  const grow = () => {
    const row = blank.cloneNode(true), number = next++;
    for (const input of row.querySelectorAll("input")) { input.name = input.name.replace(/^n\.\d+/, `n.${number}`); input.value = ""; }
    body.append(row);
    return row;
  };
  add.addEventListener("click", () => { const row = grow(); keep([{ row }]); row.querySelector("input").focus(); });
  back.addEventListener("click", () => step(past, future, "from", form.dataset.undone));
  again.addEventListener("click", () => step(future, past, "to", form.dataset.redone));
  body.addEventListener("focusin", (event) => { if (event.target.name && !seen.has(event.target)) seen.set(event.target, value(event.target)); });
  body.addEventListener("change", (event) => {
    if (event.target.type === "checkbox") { if (!seen.has(event.target)) seen.set(event.target, !event.target.checked); put(event.target, event.target.checked); }
    settle(event.target);
  });
  body.addEventListener("input", touch);
  body.addEventListener("click", (event) => {
    const button = event.target.closest(".dup");
    if (!button) return;
    if ([...button.closest("tr").querySelectorAll("a.long")].length) return; // the server copies what the grid does not hold
    event.preventDefault();
    const from = button.closest("tr"), row = grow();
    [...from.cells].forEach((cell, column) => {
      const mine = cell.querySelector("input[type=text]"), copy = row.cells[column].querySelector("input[type=text]");
      if (mine && copy) copy.value = mine.value;
    });
    keep([{ row }]);
    state.textContent = form.dataset.added.replace("{count}", 1);
    row.querySelector("input").focus();
  });
  const go = (row, column) => { const field = at(row, column); if (field) { field.focus(); field.select(); } return field; };
  const skip = (row, column, by) => { for (let c = column + by; c > 0 && c < rows()[row].cells.length; c += by) if (at(row, c)) return go(row, c); };
  body.addEventListener("keydown", (event) => {
    const field = event.target, control = event.ctrlKey || event.metaKey;
    if (event.isComposing || event.altKey) return;
    if (control && event.key.toLowerCase() === "z" && !event.shiftKey) { event.preventDefault(); step(past, future, "from", form.dataset.undone); return; }
    if (control && (event.key.toLowerCase() === "y" || (event.key.toLowerCase() === "z" && event.shiftKey))) { event.preventDefault(); step(future, past, "to", form.dataset.redone); return; }
    if (control && event.key.toLowerCase() === "s") { event.preventDefault(); settle(field); form.requestSubmit(form.querySelector(".bar-end [value=save]")); return; }
    if (field.type !== "text" || control) return;
    const [row, column] = place(field), all = field.selectionStart === 0 && field.selectionEnd === field.value.length;
    const start = field.selectionEnd === 0 || all, end = field.selectionStart === field.value.length || all;
    const listed = field.hasAttribute("list");
    if (event.key === "Enter") { event.preventDefault(); settle(field); go(row + (event.shiftKey ? -1 : 1), column); }
    else if (event.key === "ArrowDown" && !listed) { event.preventDefault(); go(row + 1, column); }
    else if (event.key === "ArrowUp" && !listed) { event.preventDefault(); go(row - 1, column); }
    else if (event.key === "ArrowRight" && end && !event.shiftKey) { event.preventDefault(); skip(row, column, 1); }
    else if (event.key === "ArrowLeft" && start && !event.shiftKey) { event.preventDefault(); skip(row, column, -1); }
    else if (event.key === "Escape" && seen.has(field)) { put(field, seen.get(field)); field.select(); }
  });
  body.addEventListener("paste", (event) => {
    const text = event.clipboardData.getData("text/plain").replace(/\r\n?/g, "\n").replace(/\n$/, "");
    if (event.target.type !== "text" || !/[\t\n]/.test(text)) return;
    event.preventDefault();
    settle(event.target);
    const [row, column] = place(event.target), steps = [];
    text.split("\n").slice(0, 1000).forEach((line, down) => {
      while (row + down >= rows().length) steps.push({ row: grow() });
      line.split("\t").forEach((what, right) => {
        const field = at(row + down, column + right);
        if (!field || field.value === what) return;
        steps.push({ field, from: field.value, to: what });
        put(field, what); seen.set(field, what);
      });
    });
    keep(steps);
  });
  buttons();
})();
