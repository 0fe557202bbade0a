/* Pages work without this. It fetches htmx when a form that answers at once is first touched, and keeps groups open. */
(() => {
  const source = document.currentScript.dataset.htmx;
  const forms = document.querySelectorAll("form[data-live]");
  if (!source || !forms.length) return;
  let asked = false, changed = null;
  const load = () => {
    if (asked) return;
    asked = true;
    const script = document.createElement("script");
    script.src = source;
    script.onload = () => { if (changed) window.htmx.trigger(changed, "change"); changed = null; };
    document.head.append(script);
  };
  for (const form of forms) {
    for (const event of ["pointerover", "touchstart", "focusin"]) form.addEventListener(event, load, { passive: true });
    form.addEventListener("change", () => { if (!window.htmx) changed = form; });
  }
  let open = [];
  const groups = () => [...document.querySelectorAll("#found details[id]")];
  document.body.addEventListener("htmx:beforeSwap", () => { open = groups().filter((g) => g.open).map((g) => g.id); });
  document.body.addEventListener("htmx:afterSwap", () => { for (const g of groups()) if (open.includes(g.id)) g.open = true; });
})();
