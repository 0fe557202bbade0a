/* The search page of a copy without a server: the address holds the search, as it does on a site. */
(() => {
  const { rows, orders, titles, words, language } = window.HEADWATER_ROWS, { facets, page } = window.HEADWATER_INDEX;
  const form = document.getElementById("live"), query = form.elements.q, sort = form.elements.sort;
  const list = document.querySelector("#found ol.rows"), told = document.getElementById("told");
  const chips = document.querySelector("#found .tags"), more = document.getElementById("more");
  const rank = Object.fromEntries(Object.entries(orders).map(([name, order]) => [name, new Map(order.map((at, i) => [at, i]))]));
  const members = Object.fromEntries(Object.entries(facets).map(([name, values]) =>
    [name, Object.fromEntries(Object.entries(values).map(([value, places]) => [value, new Set(places)]))]));
  let asked = new URLSearchParams(location.search), found = [], shown = 0;

  const element = (name, options = {}, ...inside) => { const made = Object.assign(document.createElement(name), options); made.append(...inside); return made; };
  const chosen = (name) => asked.getAll(name).filter((value) => members[name]?.[value]);
  const passes = (place, but) => Object.keys(members).every((name) => {
    const values = name === but ? [] : chosen(name);
    return !values.length || values.some((value) => members[name][value].has(place));
  });
  const grow = () => {
    list.insertAdjacentHTML("beforeend", found.slice(shown, shown + page).map(([place]) => rows[place]).join(""));
    shown = Math.min(shown + page, found.length);
    more.hidden = shown >= found.length;
  };
  const chip = (title, value, without) => element("li", {}, element("a", { className: "chip", href: `?${without}` },
    element("span", { className: "vh", textContent: words.out }), element("span", {}, ` ${title}${words.colon}`, element("b", { textContent: value })),
    element("i", { ariaHidden: "true", textContent: " ×" })));
  const show = () => {
    const typed = asked.get("q") ?? "", order = asked.get("sort") ?? "relevance";
    const all = window.headwaterSearch(typed, language);
    found = all.filter(([place]) => passes(place));
    found.sort(rank[order] ? (a, b) => rank[order].get(a[0]) - rank[order].get(b[0]) : (a, b) => b[1] - a[1] || a[0] - b[0]);
    list.replaceChildren(); shown = 0; grow();
    if (!found.length) list.append(element("li", { className: "note empty" }, element("h2", { textContent: words.nothing }), element("p", { textContent: words.fewer })));
    const names = Object.keys(members).flatMap((name) => chosen(name).map((value) => [name, value]));
    const count = found.length === 1 ? words.one : words.many.replace("{count}", found.length);
    const what = [typed && `“${typed}”`, ...names.map(([name, value]) => titles[name][0] + words.colon + titles[name][1][value])].filter(Boolean).join(words.apart);
    told.textContent = what ? words.told.replace("{count}", count).replace("{what}", what) : count;
    const without = (name, value) => { const rest = new URLSearchParams(asked); rest.delete(name, value); return rest; };
    chips.replaceChildren(...(typed ? [chip(words.query, `“${typed}”`, without("q", typed))] : []),
      ...names.map(([name, value]) => chip(titles[name][0], titles[name][1][value], without(name, value))));
    if (chips.children.length > 1) chips.append(element("li", {}, element("a", { className: "chip", href: "?", textContent: words.clear })));
    for (const box of form.querySelectorAll(".facets input")) {
      const set = members[box.name]?.[box.value] ?? new Set();
      box.closest("label").querySelector(".n").textContent = all.filter(([place]) => set.has(place) && passes(place, box.name)).length;
    }
    for (const link of document.querySelectorAll(".langs a")) link.search = asked.toString();
  };
  const fill = () => {
    query.value = asked.get("q") ?? "";
    sort.value = rank[asked.get("sort")] ? asked.get("sort") : "relevance";
    for (const box of form.querySelectorAll(".facets input")) box.checked = asked.getAll(box.name).includes(box.value);
  };
  const ask = (push) => {
    const shownBoxes = new Set([...form.querySelectorAll(".facets input")].map((box) => box.name));
    const next = new URLSearchParams([...new FormData(form)].filter(([name, value]) => value && !(name === "sort" && value === "relevance")));
    for (const [name, value] of asked) if (members[name] && !shownBoxes.has(name)) next.append(name, value);
    asked = next;
    try { history[push ? "pushState" : "replaceState"](null, "", asked.size ? `?${asked}` : location.pathname); } catch { /* the page answers all the same */ }
    show();
  };
  let wait = 0;
  query.addEventListener("input", () => { clearTimeout(wait); wait = setTimeout(ask, 200); });
  form.addEventListener("change", () => ask(true));
  form.addEventListener("submit", (event) => { event.preventDefault(); clearTimeout(wait); ask(true); });
  more.addEventListener("click", () => { const next = shown; grow(); list.children[next]?.querySelector("a")?.focus(); });
  addEventListener("popstate", () => { asked = new URLSearchParams(location.search); fill(); show(); });
  fill(); show();
})();
