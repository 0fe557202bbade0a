/* The English stemmer of Snowball (Porter 2) for a copy without a server: headwaterStem("bridges") is "bridg". */
(() => {
  const SAME = { skis: "ski", skies: "sky", idly: "idl", gently: "gentl", ugly: "ugli", early: "earli", only: "onli", singly: "singl" };
  for (const word of "sky news howe atlas cosmos bias andes".split(" ")) SAME[word] = word;
  const table = (text) => text.split(" ").map((pair) => pair.split(":")).sort((a, b) => b[0].length - a[0].length);
  const STEP2 = table("anci:ance enci:ence ogi:og li: bli:ble abli:able alli:al fulli:ful lessli:less ousli:ous entli:ent aliti:al "
    + "biliti:ble iviti:ive tional:tion ational:ate alism:al ation:ate ization:ize izer:ize ator:ate iveness:ive fulness:ful ousness:ous ogist:og");
  const STEP3 = table("icate:ic ative: alize:al iciti:ic ical:ic tional:tion ational:ate ful: ness:");
  const STEP4 = table("ic: ance: ence: able: ible: ate: ive: ize: iti: al: ism: ion: er: ous: ant: ent: ment: ement:");
  const isShort = (w) => /[^aeiouy][aeiouy][^aeiouywxY]$|^[aeiouy][^aeiouy]$|past$/.test(w);
  window.headwaterStem = (word) => {
    if (Object.hasOwn(SAME, word)) return SAME[word];
    if (word.length < 3) return word;
    let w = word.replace(/^y/, "Y").replace(/([aeiouy])y/g, "$1Y");
    const region = (from) => { const m = /[aeiouy]+[^aeiouy]/.exec(w.slice(from)); return m ? from + m.index + m[0].length : w.length; };
    const begun = /^(?:arsen|commun|emerg|gener|inter|later|organ|past|univers)/.exec(w);
    const p1 = begun ? begun[0].length : region(0), p2 = region(p1);
    if (/sses$/.test(w)) w = w.slice(0, -2);
    else if (/ie[sd]$/.test(w)) w = w.slice(0, w.length > 4 ? -2 : -1);
    else if (/[aeiouy].+s$/.test(w) && !/[su]s$/.test(w)) w = w.slice(0, -1);
    let m = /(?:eed|ed|ing)(?:ly)?$/.exec(w);
    if (m && m[0].startsWith("eed")) {
      if (m.index >= p1 && !/^(?:succ|proc|exc)$/.test(w.slice(0, m.index))) w = `${w.slice(0, m.index)}ee`;
    } else if (m) {
      const root = w.slice(0, m.index);
      if (m[0] === "ing" && /^[^aeiouy]y$/.test(root)) w = `${root[0]}ie`;
      else if (!(m[0] === "ing" && /^(?:even|cann|inn|earr|herr|out)$/.test(root)) && /[aeiouy]/.test(root)) {
        w = root;
        if (/(?:at|bl|iz)$/.test(w)) w += "e";
        else if (/(?:bb|dd|ff|gg|mm|nn|pp|rr|tt)$/.test(w)) w = /^[aeo]..$/.test(w) ? w : w.slice(0, -1);
        else if (w.length === p1 && isShort(w)) w += "e";
      }
    }
    w = w.replace(/^(.+[^aeiouy])[yY]$/, "$1i");
    const step = (rows, from, allowed) => {
      const row = rows.find(([ending]) => w.endsWith(ending));
      if (!row) return;
      const root = w.slice(0, -row[0].length);
      if (root.length >= from && allowed(row[0], root)) w = root + row[1];
    };
    step(STEP2, p1, (e, root) => (e === "ogi" ? /l$/.test(root) : e === "li" ? /[cdeghkmnrt]$/.test(root) : true));
    step(STEP3, p1, (e, root) => e !== "ative" || root.length >= p2);
    step(STEP4, p2, (e, root) => e !== "ion" || /[st]$/.test(root));
    const root = w.slice(0, -1);
    if (w.endsWith("e") ? root.length >= p2 || (root.length >= p1 && !isShort(root)) : /ll$/.test(w) && root.length >= p2) w = root;
    return w.replaceAll("Y", "y");
  };
})();
