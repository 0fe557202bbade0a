"""The hub's search over 10,000 entries in English and Chinese, beside tantivy and SQLite's trigram tokenizer.

The entries are made from the words of the real content, from a fixed seed. *Build*: entries in memory to an index on
disk. *Search*: each of the 40 queries that the tests hold the search to, with all that is found ranked, four facets
counted and the 20 best shown. The peers count facets on our arrays, so that what differs is the finding.

Peers get the text as their own documentation would have it: tantivy its English stemmer and, having none for Chinese,
characters set apart by spaces; the trigram tokenizer the text as it is. What each finds is held against a reference
that reads every text: recall and precision are columns of the row.
"""

from __future__ import annotations

import gc
import pickle
import random
import re
import shutil
import sqlite3
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.harness import DATA, ROOT, Measurement, compare_sides, measure

ENTRIES = 10_000
SEED = 20261128
FOUR = ("kind", "sectors", "phases", "themes")
SHOWN = 20
BUILD_LIMIT_S, QUERY_LIMIT_MS = 15.0, 20.0

ENTRIES_FILE = DATA / "search" / "entries.pickle"

Work = Callable[[], Any]
HAN = re.compile("[\u3400-\u9fff]")
RUN = re.compile("[\u3400-\u9fff]+|[^\\s\u3400-\u9fff]+")


def compare() -> Iterator[dict[str, Any]]:
    """One row per peer and job."""
    _write_entries()
    wanted = _reference()
    ours = measure("benchmarks.search:ours", repeats=5)
    built = measure("benchmarks.search:ours_build", repeats=3)
    quality = _quality(ours, wanted)
    print(f"search: {_times(ours)}, built in {built.cpu_s:.1f} s, {quality}", file=sys.stderr)
    wrong = [query for query, places in wanted.items() if set(ours.result["found"][query]) != places]
    assert not wrong, wrong
    assert built.cpu_s <= BUILD_LIMIT_S, built.cpu_s
    assert _times(ours)["median_ms"] <= QUERY_LIMIT_MS, _times(ours)
    for peer, side in (("tantivy", "tantivy"), ("FTS5 trigram", "trigram")):
        them = measure(f"benchmarks.search:{side}", repeats=5)
        theirs = _quality(them, wanted)
        yield compare_sides("search", peer, ours, them, job=_job(ours, them, theirs), **theirs)
        build = measure(f"benchmarks.search:{side}_build", repeats=3)
        job = f"{ENTRIES:,} entries to an index; ours {built.result} MB, theirs {build.result} MB"
        yield compare_sides("search", f"{peer}, build", built, build, job=job)


def _times(side: Measurement) -> dict[str, float]:
    return {name: side.result[name] for name in ("median_ms", "median_en_ms", "median_zh_ms", "most_ms")}


def _job(ours: Measurement, them: Measurement, quality: dict[str, float]) -> str:
    us, they = _times(ours), _times(them)
    return (
        f"40 queries with 4 facets and 20 results over {ENTRIES:,} entries: median {us['median_ms']} ms against "
        f"{they['median_ms']} ms; recall and precision 1.0 and 1.0 against {quality['recall']} and "
        f"{quality['precision']}"
    )


def _quality(side: Measurement, wanted: dict[str, set[int]]) -> dict[str, float]:
    """Mean recall and precision over the queries that something answers; of a query that finds nothing, precision 1."""
    recall, precision = [], []
    for query, places in wanted.items():
        if places:
            found = set(side.result["found"][query])
            recall.append(len(found & places) / len(places))
            precision.append(len(found & places) / len(found) if found else 1.0)
    return {"recall": round(statistics.mean(recall), 3), "precision": round(statistics.mean(precision), 3)}


# ----- entries and queries


def _entries() -> tuple[dict[str, Any], Any]:
    """The entries and the vocabularies, the same for every side."""
    return pickle.loads(ENTRIES_FILE.read_bytes())


def _write_entries() -> None:
    """Make entries of the words of the real content."""
    from headwater.catalogue.passages import passages
    from headwater.catalogue.records import Record
    from headwater.curation import read_content

    content = read_content(ROOT / "content")
    vocabularies = content.words.vocabularies
    english: list[str] = []
    chinese: list[str] = []
    for record in content.records.values():
        for _field, language, text in passages(record, content.records, vocabularies):
            if language == "en":
                english += text.split()
            elif language == "zh":
                chinese += re.split("(?<=[，。；、])", text)
    chance = random.Random(SEED)

    def text(words: int, clauses: int) -> dict[str, str]:
        start = chance.randrange(len(english))
        some = [*english[start : start + 3], *chance.choices(english, k=words - 3)]
        return {"en": " ".join(some), "zh": "".join(chance.choices(chinese, k=clauses))}

    def values(name: str, most: int) -> list[str]:
        return chance.sample(sorted(vocabularies[name]), chance.randint(1, most))

    records = {}
    for number in range(ENTRIES):
        fields: dict[str, Any] = {
            "title": text(5, 1), "summary": text(25, 2), "outcome": text(12, 1), "sources": [],
            "sectors": values("sectors", 2), "phases": values("phases", 3), "themes": values("themes", 2),
            "types": values("types", 2), "is_open_source": chance.choice(("yes", "no", "unknown")),
            "developed": chance.randint(1990, 2026), "languages": ["en"], "origin": chance.choice(("GH", "MN", "CH")),
        }  # fmt: skip
        fields |= {name: [text(16, 2) for _ in range(2)] for name in ("use_when", "avoid_when", "why", "how")}
        record = Record("tool", f"t{number}", fields)
        records[record.key] = record
    ENTRIES_FILE.parent.mkdir(parents=True, exist_ok=True)
    ENTRIES_FILE.write_bytes(pickle.dumps((records, vocabularies)))


def _queries() -> list[str]:
    from tests.catalogue.reference import CHINESE, ENGLISH

    return [*CHINESE, *ENGLISH]


def _reference() -> dict[str, set[int]]:
    """What each query should find, from reading every text: takes a minute or two."""
    from tests.catalogue.reference import Reference

    records, vocabularies = _entries()
    reference = Reference(records, vocabularies)
    place = {key: i for i, key in enumerate(records)}
    return {query: {place[key] for key in reference(query)} for query in _queries()}


def _texts(records: dict[str, Any], vocabularies: Any) -> list[tuple[str, str, str]]:
    """Title, English and Chinese text of each entry, for the peers."""
    from headwater.catalogue.passages import NAMES, passages

    rows = []
    for record in records.values():
        found: dict[str, list[str]] = {"title": [], "en": [], "zh": []}
        for field, language, text in passages(record, records, vocabularies):
            found["zh" if language == "zh" else "en"].append(text)
            if field in NAMES:
                found["title"].append(text)
        rows.append(("\n".join(found["title"]), "\n".join(found["en"]), "\n".join(found["zh"])))
    return rows


def _timed(find: Callable[[str], list[int]], answer: Callable[[str], Any]) -> Work:
    """The work of a side: every query once; what it found, and how long its queries took."""
    queries = _queries()
    found = {query: find(query) for query in queries}
    gc.disable()

    def work() -> dict[str, Any]:
        took = {}
        for query in queries:
            started = time.perf_counter()
            answer(query)
            took[query] = (time.perf_counter() - started) * 1000
        middle = {code: statistics.median(ms for query, ms in took.items() if bool(HAN.search(query)) == is_han)
                  for code, is_han in (("en", False), ("zh", True))}  # fmt: skip
        return {
            "found": found, "median_ms": round(statistics.median(took.values()), 2),
            "most_ms": round(max(took.values()), 2), "median_en_ms": round(middle["en"], 2),
            "median_zh_ms": round(middle["zh"], 2),
        }  # fmt: skip

    return work


def _folder(name: str) -> Path:
    folder = DATA / "search" / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def _size_mb(folder: Path) -> float:
    return round(sum(path.stat().st_size for path in folder.rglob("*")) / 1e6, 1)


def _with_facets(find: Callable[[str], list[int]], records: dict[str, Any], vocabularies: Any) -> Callable[[str], Any]:
    """What a peer's query leads to: its places, four facets of ours, and the 20 best entries."""
    import numpy as np

    from headwater.catalogue.facets import FacetTable

    table, listed = FacetTable(records, vocabularies), list(records.values())

    def answer(query: str) -> Any:
        places = find(query)
        facets = table.facets(np.array(places, dtype=np.int64), {}, FOUR)
        return facets, [listed[place].title for place in places[:SHOWN]]

    return answer


# ----- ours


def ours_build() -> Work:
    from headwater.store.index import write_index

    records, vocabularies = _entries()
    folder = _folder("ours")

    def work() -> float:
        write_index(folder / "hub.sqlite", records, [], vocabularies)
        return _size_mb(folder)

    return work


def ours() -> Work:
    from headwater.catalogue.facets import FacetTable
    from headwater.catalogue.query import parse_query
    from headwater.catalogue.search import build_results
    from headwater.store.index import open_index

    ours_build()()
    index = open_index(DATA / "search" / "ours" / "hub.sqlite")
    table = FacetTable(index.records, index.vocabularies)

    def answer(typed: str) -> Any:
        query = parse_query(typed)
        return build_results(table, query, *index.search(query), facets=FOUR, limit=SHOWN)

    return _timed(lambda typed: index.search(parse_query(typed)).places.tolist(), answer)


# ----- SQLite's trigram tokenizer


def trigram_build() -> Work:
    records, vocabularies = _entries()
    folder = _folder("trigram")

    def work() -> float:
        (folder / "hub.sqlite").unlink(missing_ok=True)
        file = sqlite3.connect(folder / "hub.sqlite")
        file.execute("CREATE VIRTUAL TABLE words USING fts5(title, en, zh, content='', tokenize='trigram')")
        file.executemany(
            "INSERT INTO words(rowid, title, en, zh) VALUES (?, ?, ?, ?)",
            ((i, *row) for i, row in enumerate(_texts(records, vocabularies))),
        )
        file.execute("INSERT INTO words(words) VALUES ('optimize')")
        file.commit()
        file.close()
        return _size_mb(folder)

    return work


def trigram() -> Work:
    trigram_build()()
    file = sqlite3.connect(DATA / "search" / "trigram" / "hub.sqlite")

    def find(typed: str) -> list[int]:
        wanted, unwanted = _terms(typed)
        expression = " AND ".join(f'"{term}"' for term in wanted)
        expression += "".join(f' NOT "{term}"' for term in unwanted)
        select = "SELECT rowid FROM words WHERE words MATCH ? ORDER BY bm25(words, 8, 1, 1)"
        return [row[0] for row in file.execute(select, (expression,))]

    return _timed(find, _with_facets(find, *_entries()))


def _terms(typed: str) -> tuple[list[str], list[str]]:
    """Terms that must be found and that must not, as a careful user of a plain engine would part them."""
    wanted, unwanted = [], []
    for minus, quoted, bare in re.findall(r'(-?)(?:"([^"]*)"|(\S+))', typed):
        terms = [quoted] if quoted else RUN.findall(bare)
        (unwanted if minus else wanted).extend(term for term in terms if term not in {"to", "of"})
    return wanted, unwanted


# ----- tantivy


def _apart(text: str) -> str:
    return HAN.sub(r" \g<0> ", text)


def tantivy_build() -> Work:
    import tantivy

    records, vocabularies = _entries()
    folder = _folder("tantivy")

    def work() -> float:
        shutil.rmtree(folder)
        folder.mkdir()
        schema = tantivy.SchemaBuilder()
        for name, tokenizer in (("title", "en_stem"), ("en", "en_stem"), ("zh", "en_stem")):
            schema.add_text_field(name, tokenizer_name=tokenizer)
        index = tantivy.Index(schema.build(), path=str(folder))
        writer = index.writer(heap_size=200_000_000, num_threads=1)
        for title, en, zh in _texts(records, vocabularies):
            writer.add_document(tantivy.Document(title=_apart(title), en=en, zh=_apart(zh)))
        writer.commit()
        writer.wait_merging_threads()
        return _size_mb(folder)

    return work


def tantivy() -> Work:
    import tantivy

    tantivy_build()()
    index = tantivy.Index.open(str(DATA / "search" / "tantivy"))
    index.reload()
    searcher = index.searcher()
    assert searcher.num_segments == 1, "places are those of one segment"

    def find(typed: str) -> list[int]:
        wanted, unwanted = _terms(typed)
        said = [f'+"{_apart(term).strip()}"' for term in wanted] + [f'-"{_apart(term).strip()}"' for term in unwanted]
        query = index.parse_query(" ".join(said), ["title", "en", "zh"], field_boosts={"title": 8.0})
        return [address.doc for _score, address in searcher.search(query, limit=ENTRIES).hits]

    return _timed(find, _with_facets(find, *_entries()))
