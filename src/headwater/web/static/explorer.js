/* The plan explorer works without this. It follows points of the drawing in place, keeps lists open, copies the address, and finds
   the best point by itself where the page was kept as a file. */
(() => {
  let open = [];
  const groups = () => [...document.querySelectorAll("#explored details[id]")];
  document.body.addEventListener("htmx:beforeSwap", () => { open = groups().filter((g) => g.open).map((g) => g.id); });
  document.body.addEventListener("htmx:afterSwap", () => { for (const g of groups()) g.open = open.includes(g.id); });
  document.addEventListener("click", async (event) => {
    const dot = event.target.closest("svg a[data-move]");
    if (dot && window.htmx && !event.ctrlKey && !event.metaKey) {
      const same = document.querySelector(`#points-list a[data-move="${dot.dataset.move}"]`);
      if (same) { event.preventDefault(); same.click(); }
    }
    const share = event.target.closest("[data-share]");
    if (share) {
      const address = new URL(share.dataset.share, location.href).href;
      try { await navigator.clipboard.writeText(address); share.textContent = share.dataset.done; }
      catch { prompt(share.textContent, address); }
    }
  });
  if (location.protocol !== "file:") return;
  const front = JSON.parse(document.getElementById("front").textContent);
  const link = (key) => document.querySelector(`#points-list a[data-move="${key}"]`);
  const go = (key) => { const to = link(key); if (to) location.href = to.href; };
  const best = (form) => {
    const codes = Object.keys(front.senses), given = new FormData(form);
    const range = Object.fromEntries(codes.map((code) => {
      const all = front.points.map((p) => p.v[code] * front.senses[code]);
      return [code, [Math.min(...all), Math.max(...all) - Math.min(...all) || 1]];
    }));
    const short = (p) => Math.max(0, ...codes.filter((c) => given.get(`b.${c}`)).map((c) =>
      (given.get(`b.${c}`) - p.v[c]) * front.senses[c] / range[c][1]));
    const score = (p) => codes.reduce((sum, c) => sum + (given.get(`w.${c}`) || 0) * (p.v[c] * front.senses[c] - range[c][0]) / range[c][1], 0);
    return [...front.points].sort((a, b) => (short(a) > 1e-9 || short(b) > 1e-9 ? short(a) - short(b) : 0) || score(b) - score(a))[0];
  };
  for (const [id, pick] of [["wishes", (form) => best(form).key], ["move", (form) => front.points[new FormData(form).get("place") - 1].key]]) {
    const form = document.getElementById(id);
    if (!form) continue;
    for (const name of ["change", "submit"]) form.addEventListener(name, (event) => { event.preventDefault(); event.stopImmediatePropagation(); go(pick(form)); }, true);
  }
})();
