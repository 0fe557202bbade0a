/* The map works without this: a drawing, a list, a page for each place. It adds a map that moves, and shows a place beside it. */
(() => {
  const box = document.getElementById("map"), form = document.getElementById("layers"), aside = document.getElementById("place");
  if (!box || !form) return;
  const told = () => document.getElementById("layer-title").dataset.layer;
  const page = async (address) => {
    const answer = await fetch(address);
    if (!answer.ok) throw new Error(String(answer.status));
    return new DOMParser().parseFromString(await answer.text(), "text/html");
  };
  const state = (name, value) => {
    const address = new URL(location.href);
    if (value) address.searchParams.set(name, value); else address.searchParams.delete(name);
    history.replaceState(null, "", address);
  };

  /* One place: what, from what, why. */
  const show = async (id, focus) => {
    const found = (await page(box.dataset.places + encodeURIComponent(id))).getElementById("told");
    if (!found) return;
    const heading = document.createElement("h2");
    heading.textContent = found.querySelector("h1").textContent;
    heading.tabIndex = -1;
    for (const h of found.querySelectorAll(".part h2")) { const h3 = document.createElement("h3"); h3.textContent = h.textContent; h.replaceWith(h3); }
    found.querySelector("h1").replaceWith(heading);
    const whole = document.createElement("p"), link = document.createElement("a");
    link.href = box.dataset.places + encodeURIComponent(id);
    link.textContent = "→ " + heading.textContent;
    whole.append(link);
    aside.replaceChildren(...document.importNode(found, true).childNodes, whole);
    for (const a of document.querySelectorAll("#layer-list a")) a.toggleAttribute("aria-current", a.dataset.id === id);
    if (focus) aside.querySelector("h2").focus({ preventScroll: matchMedia("(min-width: 64rem)").matches });
    state("at", id);
    mark(id, focus);
  };
  document.addEventListener("click", (event) => {
    const link = event.target.closest("#layer-list a[data-id]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    show(link.dataset.id, true).catch(() => { location.href = link.href; });
  });

  /* Another layer. */
  form.addEventListener("change", async () => {
    const name = new FormData(form).get("layer"), address = `${box.dataset.page}?layer=${encodeURIComponent(name)}`;
    try {
      const next = await page(address);
      for (const part of ["map-told", "layer-list", "layer-sketch"]) {
        document.getElementById(part).replaceWith(document.importNode(next.getElementById(part), true));
      }
      if (!box.hidden) document.getElementById("layer-sketch").hidden = true;
      history.replaceState(null, "", address);
      mark(null);
      draw();
    } catch { location.href = address; }
  });

  /* The map that moves. */
  let map = null, detail = 1, start = 0, shown = "", marked = null;
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const grades = () => [...document.querySelectorAll("#layer-keys [data-grade]")].map((li) =>
    [Number(li.dataset.grade), getComputedStyle(li.querySelector("path")).stroke]);
  const data = (name, level) => fetch(`${box.dataset.layers}${encodeURIComponent(name)}.geojson?detail=${level}`).then((a) => a.json());
  const paint = () => {
    const known = grades(), match = known.length ? ["match", ["get", "g"], ...known.flat(), colour("--zero")] : colour("--zero");
    const size = (least, most) => ["interpolate", ["linear"], ["zoom"], start, ["max", least, ["*", ["get", "g"], most / 5]], start + 5, ["+", 2, ["max", least * 2, ["*", ["get", "g"], most / 2]]]];
    map.setPaintProperty("ground", "background-color", colour("--card"));
    if (map.getLayer("land")) { map.setPaintProperty("land", "fill-color", colour("--ground")); map.setPaintProperty("coast", "line-color", colour("--line")); }
    map.setPaintProperty("areas", "fill-color", match);
    map.setPaintProperty("lines", "line-color", match);
    map.setPaintProperty("lines", "line-width", size(1.2, 3.5));
    map.setPaintProperty("dots", "circle-color", match);
    map.setPaintProperty("dots", "circle-radius", size(2, 4));
    map.setPaintProperty("dots", "circle-stroke-color", colour("--card"));
    for (const layer of ["mark-line", "mark-dot"]) map.setPaintProperty(layer, layer === "mark-line" ? "line-color" : "circle-stroke-color", colour("--accent"));
  };
  const draw = async () => {
    if (!map) return;
    const name = told(), level = detail;
    const found = await data(name, level);
    if (name !== told()) return;
    map.getSource("data").setData(found);
    shown = `${name} ${level}`;
    box.dataset.shown = shown;
    paint();
    if (marked) mark(marked);
  };
  const mark = (id, move) => {
    marked = id;
    if (!map || !map.getLayer("mark-dot")) return;
    const only = ["==", ["get", "id"], id || ""];
    map.setFilter("mark-line", only);
    map.setFilter("mark-dot", ["all", ["==", ["geometry-type"], "Point"], only]);
    if (!id || !move) return;
    const found = map.querySourceFeatures("data", { filter: only });
    const bounds = new window.maplibregl.LngLatBounds();
    const grow = (c) => (typeof c[0] === "number" ? bounds.extend(c) : c.forEach(grow));
    for (const feature of found) grow(feature.geometry.coordinates);
    if (!bounds.isEmpty()) map.fitBounds(bounds, { padding: 80, maxZoom: start + 4, animate: !matchMedia("(prefers-reduced-motion: reduce)").matches });
  };
  const begin = async () => {
    const e = box.dataset.extent.split(",").map(Number);
    box.hidden = false;
    try {
      map = new window.maplibregl.Map({
        container: box, bounds: [[e[0], e[1]], [e[2], e[3]]], fitBoundsOptions: { padding: 24 }, attributionControl: false,
        dragRotate: false, pitchWithRotate: false, touchPitch: false, cooperativeGestures: false,
        locale: { "Map.Title": box.dataset.words, "NavigationControl.ZoomIn": box.dataset.zoomIn, "NavigationControl.ZoomOut": box.dataset.zoomOut },
        style: { version: 8, transition: { duration: 0, delay: 0 }, sources: {}, layers: [{ id: "ground", type: "background", paint: { "background-color": colour("--card") } }] },
      });
    } catch { box.hidden = true; map = null; return; }
    document.getElementById("layer-sketch").hidden = true;
    map.touchZoomRotate.disableRotation();
    map.addControl(new window.maplibregl.NavigationControl({ showCompass: false }));
    await new Promise((done) => map.once("load", done));
    start = map.getZoom();
    const none = { type: "FeatureCollection", features: [] };
    if (box.dataset.outline === "yes") {
      map.addSource("outline", { type: "geojson", data: await data("outline", 2) });
      map.addLayer({ id: "land", type: "fill", source: "outline", paint: { "fill-color": colour("--ground") } });
      map.addLayer({ id: "coast", type: "line", source: "outline", paint: { "line-color": colour("--line") } });
    }
    map.addSource("data", { type: "geojson", data: none });
    map.addLayer({ id: "areas", type: "fill", source: "data", filter: ["==", ["geometry-type"], "Polygon"], paint: { "fill-opacity": 0.7 } });
    map.addLayer({ id: "mark-line", type: "line", source: "data", filter: ["==", ["get", "id"], ""], layout: { "line-cap": "round" }, paint: { "line-width": 11, "line-opacity": 0.45 } });
    map.addLayer({ id: "lines", type: "line", source: "data", filter: ["!=", ["geometry-type"], "Point"], layout: { "line-cap": "round", "line-join": "round" } });
    map.addLayer({ id: "dots", type: "circle", source: "data", filter: ["==", ["geometry-type"], "Point"], paint: { "circle-stroke-width": 0.7 } });
    map.addLayer({ id: "mark-dot", type: "circle", source: "data", filter: ["==", ["get", "id"], ""], paint: { "circle-opacity": 0, "circle-radius": 11, "circle-stroke-width": 3 } });
    map.on("zoomend", () => {
      const level = map.getZoom() < start + 1.2 ? 1 : map.getZoom() < start + 3.5 ? 2 : 3;
      if (level > detail) { detail = level; draw(); }
    });
    map.on("click", (event) => {
      const { x, y } = event.point, near = [[x - 7, y - 7], [x + 7, y + 7]];
      const hit = map.queryRenderedFeatures(near, { layers: ["dots", "lines", "areas"] })[0];
      if (hit) show(hit.properties.id, false).catch(() => {});
    });
    for (const layer of ["dots", "lines", "areas"]) {
      map.on("mouseenter", layer, () => { map.getCanvas().style.cursor = "pointer"; });
      map.on("mouseleave", layer, () => { map.getCanvas().style.cursor = ""; });
    }
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", paint);
    window.studyMap = map;
    await draw();
  };
  const load = () => {
    const style = document.createElement("link"), script = document.createElement("script");
    style.rel = "stylesheet"; style.href = box.dataset.style;
    script.src = box.dataset.script;
    script.onload = () => begin().catch(() => { box.hidden = true; });
    document.head.append(style, script);
  };
  const asked = new URL(location.href).searchParams.get("at");
  if (asked) show(asked, false).catch(() => {});
  if (navigator.connection && navigator.connection.saveData) return;
  new IntersectionObserver((entries, self) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    self.disconnect();
    (window.requestIdleCallback || setTimeout)(load);
  }).observe(document.getElementById("stage"));
})();
