/* Pages of studies work without this. It fetches a heavy drawing when it comes into view. */
(() => {
  document.documentElement.classList.add("js");
  const fetched = async (place) => {
    try {
      const answer = await fetch(place.dataset.src);
      if (!answer.ok) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const drawn = page.querySelector(`.${place.dataset.part}`);
      if (drawn) place.replaceWith(document.importNode(drawn, true));
    } catch { /* the link stays */ }
  };
  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries) if (entry.isIntersecting) { seen.unobserve(entry.target); fetched(entry.target); }
  }, { rootMargin: "300px" });
  const look = () => { if (location.protocol !== "file:") for (const place of document.querySelectorAll(".lazy")) seen.observe(place); };
  const narrow = matchMedia("(max-width: 55.99rem)");
  for (const group of document.querySelectorAll(".chapter-nav details")) if (narrow.matches) group.open = false;
  look();
  document.body.addEventListener("htmx:afterSwap", look);
})();
