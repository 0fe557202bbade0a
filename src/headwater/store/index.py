"""The hub's one file: entries, their links, the vocabularies and a full-text index of them, in SQLite.

The file is rebuilt from the content and never changed in place, so that it is read without locks and by many threads,
each with a connection of its own. Its tables are plain: `records` and `vocabulary` hold JSON, `links` the graph, `meta`
what it was built from, `words` the full text and `names` the names as tokens of `headwater.catalogue.text` (no copy of
the text itself).

Knows how the words of a query are looked up and weighed; which entries are shown is decided elsewhere.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import asdict
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from headwater.catalogue.graph import Link
from headwater.catalogue.passages import NAMES, passages
from headwater.catalogue.query import (
    NAME,
    NAME_COLUMNS,
    TITLE,
    Query,
    exclusion_expression,
    match_expression,
    name_expression,
)
from headwater.catalogue.records import Record
from headwater.catalogue.text import BREAK, LANGUAGES, marked, tokens
from headwater.catalogue.vocabulary import Value, Vocabularies
from headwater.errors import InputError, SourceError
from headwater.files import write_atomically
from headwater.words import _

APPLICATION = 0x48575448
"""Marks the file as ours, in the place that SQLite has for it."""

VERSION = 1
"""Of the tables and of the form of the words: one more whenever an older file would answer otherwise."""

NAME_WEIGHTS = (1.5, 1.0)
"""Weights of `NAME_COLUMNS`: a word as it is written before one of the same stem."""

NAME_WEIGHT = 4.0
"""Weight of a word in a name, one in the text counting 1."""

READER_WEIGHT = 1.5
"""Weight of text in the reader's language, that in another counting 1."""

MANY = 2_000
"""Entries from which on only names are weighed: how often a word stands in a text says little if most have it."""

_SCHEMA = f"""
PRAGMA application_id = {APPLICATION};
PRAGMA user_version = {VERSION};
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE records (place INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, json TEXT NOT NULL);
CREATE TABLE links (source TEXT NOT NULL, relation TEXT NOT NULL, target TEXT NOT NULL, basis TEXT NOT NULL);
CREATE TABLE vocabulary
    (place INTEGER PRIMARY KEY, vocabulary TEXT NOT NULL, value_id TEXT NOT NULL, json TEXT NOT NULL);
CREATE VIRTUAL TABLE words USING fts5({", ".join(LANGUAGES)}, content='', tokenize="unicode61 remove_diacritics 0");
CREATE VIRTUAL TABLE names USING fts5({", ".join(NAME_COLUMNS)}, content='', tokenize="unicode61 remove_diacritics 0");
"""
SHORT = 40
"""Characters of a text that may well be met again while the index is built."""

_INSERT_WORDS = f"INSERT INTO words(rowid, {', '.join(LANGUAGES)}) VALUES (?{', ?' * len(LANGUAGES)})"  # noqa: S608
_INSERT_NAMES = f"INSERT INTO names(rowid, {', '.join(NAME_COLUMNS)}) VALUES (?{', ?' * len(NAME_COLUMNS)})"  # noqa: S608
_WORD_SCORES = f"SELECT rowid, bm25(words{', ?' * len(LANGUAGES)}) FROM words WHERE words MATCH ?"  # noqa: S608
_NAME_SCORES = f"SELECT rowid, bm25(names{', ?' * len(NAME_COLUMNS)}) FROM names WHERE names MATCH ?"  # noqa: S608
_HEADER = 100
_MAGIC = b"SQLite format 3\x00"

Places = NDArray[np.int64]


class Found(NamedTuple):
    """Entries that a query finds.

    Attributes
    ----------
    places
        Their places among the records of the file, ascending.
    scores
        How well each fits, more is better; 0 where nothing was looked for.
    """

    places: Places
    scores: NDArray[np.float64]


# ----- writing


def write_index(
    path: Path,
    records: Mapping[str, Record],
    links: Iterable[Link],
    vocabularies: Vocabularies,
    *,
    meta: Mapping[str, str] | None = None,
) -> None:
    """Write the file whole, or leave an earlier one as it is.

    Parameters
    ----------
    path
        Where to.
    records
        Entries by key, in the order in which they are shown when nothing is looked for.
    links, vocabularies
        How entries hang together, and the words they are sorted by.
    meta
        What it is built from, for example the content's hash.
    """
    write_atomically(path, lambda draft: _fill(draft, records, links, vocabularies, meta or {}))


def _fill(
    path: Path,
    records: Mapping[str, Record],
    links: Iterable[Link],
    vocabularies: Vocabularies,
    meta: Mapping[str, str],
) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as file:
        file.execute("PRAGMA journal_mode = OFF")
        file.execute("PRAGMA synchronous = OFF")
        file.executescript(_SCHEMA)
        file.execute("INSERT INTO words(words, rank) VALUES ('hashsize', ?)", (64 * 1024 * 1024,))
        file.execute("BEGIN")
        file.executemany("INSERT INTO meta VALUES (?, ?)", sorted(meta.items()))
        rows = ((i, key, record.kind, _json(record.fields)) for i, (key, record) in enumerate(records.items()))
        file.executemany("INSERT INTO records VALUES (?, ?, ?, ?)", rows)
        edges = ((link.source, link.relation, link.target, link.basis) for link in links)
        file.executemany("INSERT INTO links VALUES (?, ?, ?, ?)", edges)
        values = (
            (name, value_id, _json(asdict(value)))
            for name, known in vocabularies.items()
            for value_id, value in known.items()
        )
        file.executemany("INSERT INTO vocabulary(vocabulary, value_id, json) VALUES (?, ?, ?)", values)
        for row in _rows(records, vocabularies):
            file.execute(_INSERT_WORDS, (row.place, *row.words))
            file.execute(_INSERT_NAMES, (row.place, *row.names))
        file.execute("INSERT INTO words(words) VALUES ('optimize')")
        file.execute("INSERT INTO names(names) VALUES ('optimize')")
        file.execute("COMMIT")


class _Row(NamedTuple):
    """Tokens of one entry, column by column."""

    place: int
    words: list[str]
    names: list[str]


def _rows(records: Mapping[str, Record], vocabularies: Vocabularies) -> Iterator[_Row]:
    short = lru_cache(maxsize=50_000)(tokens)  # names of sectors, countries, organisations come again and again
    for place, record in enumerate(records.values()):
        words: dict[str, list[str]] = {name: [] for name in LANGUAGES}
        names: dict[str, list[str]] = {name: [] for name in NAME_COLUMNS}
        for field, language, text in passages(record, records, vocabularies):
            spoken = language if language in LANGUAGES else "en"
            found = (short if len(text) < SHORT else tokens)(text, spoken)
            words[spoken] += [*found, BREAK]
            if field in NAMES:
                names[NAME] += [*tokens(text, None), BREAK]
                names[TITLE] += [*marked(found, spoken), BREAK]
        yield _Row(place, [" ".join(said) for said in words.values()], [" ".join(said) for said in names.values()])


def _json(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "replace").decode()  # half a surrogate pair is no text


# ----- reading


def open_index(path: Path) -> Index:
    """Open the hub's file for reading.

    Raises
    ------
    SourceError
        If there is no such file, if another version wrote it, or if it is damaged.
    InputError
        If it is a file of another kind.
    """
    _check(path)
    return Index(path)


def _check(path: Path) -> None:
    """Raise unless the beginning of the file is that of a whole index of this version."""
    try:
        with path.open("rb") as file:
            header = file.read(_HEADER)
        size = path.stat().st_size
    except FileNotFoundError as error:
        message = _("There is no index at {path}. Build it: headwater hub build")
        raise SourceError(message.format(path=path)) from error
    except OSError as error:
        raise SourceError(_("The index {path} cannot be read: {why}").format(path=path, why=error.strerror)) from error
    mark = int.from_bytes(header[68:72], "big")
    if not header.startswith(_MAGIC) or (len(header) == _HEADER and mark != APPLICATION):
        raise InputError(_("{path} is not an index of the hub. Name another file.").format(path=path))
    if int.from_bytes(header[60:64], "big") != VERSION and len(header) == _HEADER:
        message = _("The index {path} was written by another version. Build it again: headwater hub build")
        raise SourceError(message.format(path=path))
    page = int.from_bytes(header[16:18], "big")
    if size < _HEADER or size != (65536 if page == 1 else page) * int.from_bytes(header[28:32], "big"):
        raise _damaged(path)


def _damaged(path: Path) -> SourceError:
    return SourceError(_("The index {path} is damaged. Build it again: headwater hub build").format(path=path))


class Index:
    """The hub's file, open for reading; made by `open_index`, usable from every thread.

    Attributes
    ----------
    path
        Where it is.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._state = _state(path)
        self._own = threading.local()
        self._lock = threading.Lock()
        self._open: list[tuple[threading.Thread, sqlite3.Connection]] = []
        self._is_closed = False
        self._meta: dict[str, str] = dict(self._all("SELECT name, value FROM meta"))

    # --- content

    def read_meta(self) -> dict[str, str]:
        """What the file was built from."""
        return dict(self._meta)

    @cached_property
    def records(self) -> Mapping[str, Record]:
        """Entries by key; the place of each is the one that `search` speaks of."""
        found: dict[str, Record] = {}
        for key, kind, text in self._all("SELECT key, kind, json FROM records ORDER BY place"):
            found[key] = Record(kind, key.partition("/")[2], self._parsed(text))
        return found

    @cached_property
    def links(self) -> list[Link]:
        """How entries hang together."""
        return [Link(*row) for row in self._all("SELECT source, relation, target, basis FROM links ORDER BY rowid")]

    @cached_property
    def vocabularies(self) -> Vocabularies:
        """Words that entries are sorted by."""
        found: dict[str, dict[str, Value]] = {}
        for name, value_id, text in self._all("SELECT vocabulary, value_id, json FROM vocabulary ORDER BY place"):
            found.setdefault(name, {})[value_id] = Value(**self._parsed(text))
        return found

    # --- search

    def search(self, query: Query, *, language: str = "en") -> Found:
        """Entries that have every wanted term of a query and no excluded one, weighed by BM25.

        A word in a name weighs most, then one in the reader's language. Where more than `MANY` are found, only names
        are weighed.

        Parameters
        ----------
        query
            From `headwater.catalogue.query.parse_query`.
        language
            The reader's.

        Raises
        ------
        SourceError
            If the file is damaged, or was replaced since it was opened.
        """
        wanted, unwanted = match_expression(query), exclusion_expression(query)
        places = self._places(wanted) if wanted else np.arange(len(self.records), dtype=np.int64)
        if unwanted:
            places = places[~np.isin(places, self._places(unwanted))]
        fit = np.zeros(len(self.records))
        if wanted and len(places):
            for place, score in self._all(_NAME_SCORES, (*NAME_WEIGHTS, name_expression(query))):
                fit[place] -= NAME_WEIGHT * score  # SQLite gives the best the lowest
            if len(places) <= MANY:
                weights = [READER_WEIGHT if code == language else 1.0 for code in LANGUAGES]
                for place, score in self._all(_WORD_SCORES, (*weights, wanted)):
                    fit[place] -= score
        return Found(places, fit[places])

    def count(self, query: Query) -> int:
        """How many entries have every wanted term of a query; excluded ones are not looked at."""
        wanted = match_expression(query)
        return len(self._places(wanted)) if wanted else len(self.records)

    def is_current(self) -> bool:
        """Whether the file at this path is still the one that was opened."""
        try:
            return _state(self.path) == self._state
        except OSError:
            return False

    # --- connections

    def close(self) -> None:
        """Close the connections of all threads."""
        with self._lock:
            self._is_closed = True
            while self._open:
                self._open.pop()[1].close()

    def __enter__(self) -> Index:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def _places(self, expression: str) -> Places:
        rows = self._all("SELECT rowid FROM words WHERE words MATCH ?", (expression,))
        return np.fromiter((row[0] for row in rows), np.int64, len(rows))

    def _all(self, statement: str, values: tuple[object, ...] = ()) -> list[Any]:
        with self._translated():
            return self._connection().execute(statement, values).fetchall()

    def _parsed(self, text: str) -> Any:
        with self._translated():
            return json.loads(text)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.DatabaseError, ValueError, TypeError) as error:
            raise _damaged(self.path) from error

    def _connection(self) -> sqlite3.Connection:
        """This thread's connection, made when it is first needed."""
        mine: sqlite3.Connection | None = getattr(self._own, "connection", None)
        if mine is not None and not self._is_closed:
            return mine
        if self._is_closed:
            raise SourceError(_("The index {path} has been closed.").format(path=self.path))
        if not self.is_current():
            raise SourceError(
                _("The index {path} was replaced since it was opened. Open it again.").format(path=self.path)
            )
        address = f"{self.path.resolve().as_uri()}?mode=ro&immutable=1"
        mine = sqlite3.connect(address, uri=True, isolation_level=None, check_same_thread=False)
        with self._lock:
            self._close_those_of_dead_threads()
            self._open.append((threading.current_thread(), mine))
        self._own.connection = mine
        return mine

    def _close_those_of_dead_threads(self) -> None:
        """A server's threads come and go; what they had open would stay."""
        for thread, connection in self._open:
            if not thread.is_alive():
                connection.close()
        self._open = [(thread, connection) for thread, connection in self._open if thread.is_alive()]


def _state(path: Path) -> tuple[int, int, int]:
    about = path.stat()
    return about.st_ino, about.st_size, about.st_mtime_ns
