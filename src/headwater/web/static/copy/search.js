/* The search of a copy without a server: reads a query as headwater.catalogue.query does, folds and stems it as
   headwater.catalogue.text does, finds it in the strings of signs of headwater.catalogue.carried, weighs by BM25 as SQLite
   does. headwaterSearch("flood -drought", "en") gives [[place, score], …] in the order of the places. */
(() => {
  const index = window.HEADWATER_INDEX, H = index.han, L = "\\p{L}\\p{Nl}\\p{No}", BREAK = "\ue000";
  const re = (source, flags = "u") => new RegExp(source, flags);
  const sign = new Map(), signs = [...index.signs];
  index.tokens.split(" ").forEach((token, i) => sign.set(token, signs[i]));

  // ----- letters
  const SPECIAL = Object.fromEntries([..."ёеøołlđdıiðdأاإاآاٱاىيةهکكیي‘'’'ʼ'ʻ'′'‐-‑-‒-–-−-"].reduce((pairs, c, i, all) =>
    i % 2 ? pairs : [...pairs, [c, all[i + 1]]], [["æ", "ae"], ["œ", "oe"], ["þ", "th"], ["ß", "ss"], ["ς", "σ"]]));
  const digit = (c) => { let n = 0; while (/^\p{Nd}$/u.test(String.fromCodePoint(c.codePointAt(0) - n - 1))) n++; return n % 10; };
  const fold = (text) => text
    .replace(/[\0-\x08\x0e-\x1f\x7f-\x9f\ue000-\uf8ff\ufff0-\uffff\u{e0000}-\u{10ffff}]|\p{Cs}/gu, " ")
    .normalize("NFKC").toLowerCase().normalize("NFKC")
    .replace(/[\p{Cf}\u0300-\u036f\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06ed]/gu, "")
    .replace(/[^\0-\x7f]/gu, (c) => SPECIAL[c] ?? (/\p{Nd}/u.test(c) ? digit(c)
      : /[\p{Script=Latin}\p{Script=Greek}]/u.test(c) ? c.normalize("NFD").replace(/[\u0300-\u036f]/g, "") : c))
    .replace(re(`(?<![${L}\\p{Nd}_])(?:[a-z]\\.){2,}`, "gu"), (found) => found.replaceAll(".", ""))
    .replace(/(?<![\d.,])\d{1,3}(?:,\d{3})+(?![\d,])/g, (found) => found.replaceAll(",", ""));

  // ----- words
  const WORD = `(?![${H}])[${L}](?:(?![${H}])[${L}\\u0900-\\u109f\\u1780-\\u17ff])*`;
  const TOKEN = re(`(?<han>[${H}]+)|(?<number>\\d+(?:\\.\\d+)*)|(?<word>${WORD}(?:'${WORD})*(?:-${WORD}(?:'${WORD})*)*)`
    + `|(?<stop>\\n\\s*\\n|(?<=\\s)-+(?=\\s)|--+|\\.(?![${L}\\p{Nd}_]))|(?<joint>[\\s./&+_'*~%·‧・#@$^\`°"“”„«»‹›「」『』《》\\-])|(?<other>.)`, "gsu");
  const HAN = re(`^[${H}]`);
  const bare = (word) => word.replace(/^(?:[cdjlmnst]|qu|jusqu|lorsqu|puisqu)'(?=\p{L}{2})/u, "").replace(/'s$/, "").replaceAll("'", "");
  const parts = (text) => {
    const found = [];
    for (const { groups: g } of fold(text).matchAll(TOKEN)) {
      if (g.han) found.push(...g.han);
      else if (g.number) found.push(g.number.replaceAll(".", "\ue001").slice(0, 64));
      else if (g.word) found.push(g.word.split("-").map(bare).join("-"));
      else if (g.joint === undefined) found.push(BREAK);
    }
    return found;
  };

  // ----- stems
  const stem = (word, language) => {
    word = [...word].slice(0, 64).join("");
    if (language === null) return word;
    if (/[\u0600-\u06ff]/.test(word)) return word.replace(/^(?:[وفبك]?ال|[وف]?لل)(?=..)/, "");
    if (/[\u0400-\u04ff]/.test(word)) return index.stems.ru[word] ?? null;
    if (!/[a-z]/.test(word)) return word;
    return language === "fr" || language === "es" ? index.stems[language][word] ?? null : window.headwaterStem(word);
  };

  // ----- queries
  const trimmed = (said) => {
    const kept = said.filter((part, i) => part !== BREAK || (i && said[i - 1] !== BREAK));
    while (kept.at(-1) === BREAK) kept.pop();
    return kept;
  };
  const read = (typed) => {
    const text = [...typed].slice(0, 300).join("").replace(/[“”„‟«»「」『』＂〝〞]/g, '"');
    const found = new Map();
    const add = (said, shown, isQuoted, isOut) => found.set(JSON.stringify([said, shown, isQuoted, isOut]), { said, isQuoted, isOut });
    for (const m of text.matchAll(/([-－−]?)(?:"([^"]*)"|([^\s"]+))/g)) {
      if (m[2] !== undefined) {
        const phrase = trimmed(parts(m[2]));
        if (phrase.length) add(phrase, m[2], true, !!m[1]);
        continue;
      }
      let run = [];
      const kind = (part) => (part === BREAK ? 0 : HAN.test(part) ? 1 : 2);
      for (const part of [...parts(m[3]), BREAK]) {
        if (run.length && kind(part) !== kind(run[0])) { add(run, m[3], false, !!m[1]); run = []; }
        if (part !== BREAK) run.push(part);
      }
    }
    const all = [...found.values()], stop = new Set(index.stop.split(" "));
    const kept = all.filter((t) => t.isQuoted || t.isOut || !stop.has(t.said[0]) || t.said.length > 1);
    return (kept.some((t) => !t.isOut) ? kept : all).slice(0, 16).map((t) => ({ said: trimmed(t.said.slice(0, 32)), isOut: t.isOut }));
  };
  const ways = (said, language, mark = "") => {
    const pieces = said.flatMap((part) => part.split("-"));
    const made = [pieces, ...(said.length === 1 && pieces.length > 1 ? [[pieces.join("")]] : [])];
    return made.map((way) => way.map((piece) => { const s = stem(piece, language); return s && mark && /^[a-z]/.test(s) ? mark + s : s; }));
  };
  const MARKS = { en: "", fr: "\ue010", es: "\ue011" };
  const inColumn = (said, column) => (column === "title" ? Object.keys(MARKS).flatMap((code) => ways(said, code, MARKS[code]))
    : ways(said, column === "name" ? null : column));
  /* Phrases of a term, each with the columns it is sought in; what no text holds is left out. */
  const phrases = (term, columns) => {
    const found = new Map();
    for (const column of columns) for (const way of new Set(inColumn(term.said, column).map((w) => w.map((t) => sign.get(t) ?? "\0").join("")))) {
      if (!way.includes("\0")) found.set(way, [...(found.get(way) ?? []), column]);
    }
    return [...found];
  };

  // ----- finding
  const size = index.size, WORDS = Object.keys(index.words), NAMES = Object.keys(index.names);
  const count = (text, phrase) => { let n = 0, at = -1; while ((at = text.indexOf(phrase, at + 1)) >= 0) n++; return n; };
  const lengths = {};
  const measured = (columns) => { // tokens of each entry, and on average
    const each = Array.from({ length: size }, (_, i) => Object.values(columns).reduce((sum, rows) => sum + [...rows[i]].length, 0));
    return { each, mean: each.reduce((a, b) => a + b, 0) / size };
  };
  /* The weight of each phrase in each entry: rows of numbers, by phrase. */
  const weigh = (columns, kind, list, weights, take) => {
    const { each, mean } = lengths[kind] ??= measured(columns);
    for (const [phrase, among] of list) {
      const often = Array.from({ length: size }, (_, i) => among.reduce((sum, name) => sum + weights[name] * count(columns[name][i], phrase), 0));
      const hits = often.filter((n) => n > 0).length;
      const rare = Math.log((size - hits + 0.5) / (hits + 0.5)), idf = rare <= 0 ? 1e-6 : rare;
      often.forEach((n, i) => { if (n) take(i, idf * (n * 2.2 / (n + 1.2 * (1 - 0.75 + 0.75 * each[i] / mean)))); });
    }
  };
  window.headwaterSearch = (typed, language) => {
    const terms = read(typed), wanted = terms.filter((t) => !t.isOut);
    const sought = new Map(terms.map((t) => [t, phrases(t, WORDS)]));
    const has = (t, i) => sought.get(t).some(([phrase, among]) => among.some((name) => index.words[name][i].includes(phrase)));
    const places = [...Array(size).keys()].filter((i) => terms.every((t) => has(t, i) !== t.isOut));
    const fit = new Float64Array(size), add = (factor) => (i, score) => { fit[i] += factor * score; };
    if (wanted.length) {
      weigh(index.names, "names", wanted.flatMap((t) => phrases(t, NAMES)), { name: 1.5, title: 1 }, add(4));
      if (places.length <= 2000) weigh(index.words, "words", wanted.flatMap((t) => sought.get(t)),
        Object.fromEntries(WORDS.map((name) => [name, name === language ? 1.5 : 1])), add(1));
    }
    return places.map((i) => [i, fit[i]]);
  };
})();
