"""Entries of the hub as records: what each kind may hold, and one entry read and checked by itself.

Which fields a kind has is the table `fields.csv`. What needs other entries (whether a relation leads anywhere) is not
known here.
"""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any

from headwater.catalogue import shapes
from headwater.catalogue.vocabulary import Text, Vocabularies
from headwater.errors import Fault
from headwater.words import LANGUAGES, _

KINDS = ("principle", "tool", "case", "organisation", "term")
"""Kinds of entries, in the order in which they are shown."""

FOLDERS = {
    "principle": "principles",
    "tool": "tools",
    "case": "cases",
    "organisation": "organisations",
    "term": "glossary",
}
"""Folder of each kind in the content, and its part of an address."""

TEXTUAL = ("text", "texts", "statements", "criteria")
"""Types of fields that are translated."""

SOURCED = ("evidence",)
"""Fields of statements that may not rest on a judgement."""

_PART = re.compile(r"^<!--\s*([a-z]{2})\s*-->\s*$", re.MULTILINE)


@dataclass(frozen=True)
class Field:
    """One field that entries of a kind may hold: a row of `fields.csv`."""

    kind: str
    name: str
    type: str
    vocabulary: str
    is_needed: bool
    description: Text


@dataclass(frozen=True)
class Record:
    """One entry of the hub.

    Attributes
    ----------
    kind, record_id
        What it is and its name; together they tell it from every other entry.
    fields
        Values by field in the shapes of `shapes`; a field that was not given is not there.
    """

    kind: str
    record_id: str
    fields: Mapping[str, Any]

    @property
    def key(self) -> str:
        """Kind and name in one word, for example `tool/climada`."""
        return f"{self.kind}/{self.record_id}"

    @property
    def title(self) -> Text:
        """Its own name."""
        title: Text = self.fields["title"]
        return title

    @property
    def summary(self) -> Text:
        """What it is."""
        summary: Text = self.fields["summary"]
        return summary

    @property
    def sources(self) -> Sequence[Mapping[str, Any]]:
        """What it rests on."""
        sources: Sequence[Mapping[str, Any]] = self.fields["sources"]
        return sources

    @property
    def url(self) -> str | None:
        """Where the thing itself is, if that is known."""
        return self.fields.get("url")


@cache
def fields_of(kind: str) -> Mapping[str, Field]:
    """Fields that entries of a kind may hold, by name, in the order in which they are shown.

    Examples
    --------
    >>> fields_of("tool")["phases"].vocabulary
    'phases'
    """
    with (Path(__file__).parent / "fields.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["kind"] in {"all", kind}]
    return {
        row["field"]: Field(
            row["kind"],
            row["field"],
            row["type"],
            row["vocabulary"],
            row["needed"] == "yes",
            {"en": row["description"], "zh": row["description_zh"]},
        )
        for row in rows
    }


def parse_record(
    kind: str, record_id: str, raw: Mapping[str, Any], *, body: str, vocabularies: Vocabularies, file: str
) -> tuple[Record, list[Fault]]:
    """One entry from its front matter and text, and everything that is wrong with it by itself.

    Parameters
    ----------
    kind, record_id
        What it is, and its name (the file's).
    raw
        Front matter: mappings, lists and strings.
    body
        Markdown behind the front matter; languages stand behind lines `<!-- en -->`.
    vocabularies
        Values that its fields may take.
    file
        What to call it in messages.

    Returns
    -------
    record, faults
        The record holds what could be read. Where it lacks a title or a summary, its name stands in.
    """
    known = fields_of(kind)
    found = list(_strangers(raw, known, file))
    if not shapes.IDENTIFIER.match(record_id):
        remedy = _("name it in lower case letters, digits and hyphens")
        found.append(Fault(file, None, "", record_id, _("is not an identifier"), remedy))
    given = raw.get("sources")
    source_ids = [str(s.get("id")) for s in given if isinstance(s, Mapping)] if isinstance(given, list) else []
    fields: dict[str, Any] = {}
    for name, declared in known.items():
        if raw.get(name) in (None, ""):
            if declared.is_needed:
                description = declared.description["en"]
                problem, remedy = (
                    _("is missing"),
                    _("add {name}: {description}").format(name=name, description=description),
                )
                found.append(Fault(file, None, name, "", problem, remedy))
            continue
        reading = shapes.Reading(vocabularies, (*source_ids, *shapes.BASES))
        fields[name] = shapes.READERS[declared.type](raw[name], reading, declared.vocabulary)
        found += [Fault(file, None, name, *problem) for problem in reading.problems]
    parts, outside = body_parts(body)
    if outside:
        remedy = _("put a line <!-- en --> or <!-- zh --> before each language's text")
        found.append(Fault(file, None, "body", outside[:40], _("text stands outside any language"), remedy))
    found += list(_unsourced(fields, file))
    fields.setdefault("title", {"en": record_id})
    fields.setdefault("summary", {"en": record_id})
    fields.setdefault("sources", [])
    return Record(kind, record_id, fields | ({"body": parts} if parts else {})), found


def texts_of(record: Record) -> Iterator[tuple[str, Text]]:
    """Every text of an entry that is translated, with the field it stands in; statements one by one.

    Examples
    --------
    >>> water = Record("term", "water", {"title": {"en": "Water"}, "summary": {"en": "What rivers carry"}})
    >>> [field for field, _text in texts_of(water)]
    ['title', 'summary']
    """
    for name, declared in fields_of(record.kind).items():
        if name in record.fields and declared.type in TEXTUAL:
            given = record.fields[name]
            for item in given if isinstance(given, list) else [given]:
                yield name, {code: words for code, words in item.items() if code in shapes.LANGUAGE_CODES}
    if "body" in record.fields:
        yield "body", record.fields["body"]


def english_mark(record: Record) -> str:
    """A mark of the entry's English, by which a translation can tell whether it was made from it: eight hex digits."""
    english = "\n".join(f"{name}\t{text.get('en', '')}" for name, text in texts_of(record))
    return hashlib.sha256(english.encode()).hexdigest()[:8]


def untranslated(record: Record) -> dict[str, list[str]]:
    """Fields whose text is missing in a language that the interface speaks in full, by language."""
    lacking = {
        code: list(dict.fromkeys(name for name, text in texts_of(record) if not text.get(code))) for code in LANGUAGES
    }
    return {code: names for code, names in lacking.items() if names}


def stale(record: Record) -> list[str]:
    """Languages whose translation was made from another English than today's, or without leaving a mark."""
    mark, marks = english_mark(record), record.fields.get("translated", {})
    return [code for code in LANGUAGES if code != "en" and marks.get(code) != mark]


def body_parts(body: str) -> tuple[dict[str, str], str]:
    """The text behind the fields by language, and what stands before the first of them.

    Examples
    --------
    >>> body_parts("<!-- en -->\\nWater\\n")
    ({'en': 'Water'}, '')
    """
    pieces = _PART.split(body)
    parts = {code: said.strip() for code, said in zip(pieces[1::2], pieces[2::2], strict=True)}
    return {code: said for code, said in parts.items() if said}, pieces[0].strip()


def _strangers(raw: Mapping[str, Any], known: Mapping[str, Field], file: str) -> Iterator[Fault]:
    for name in raw:
        if name not in known:
            near = get_close_matches(str(name), known, n=1)
            remedy = _("did you mean {names}?").format(names=near[0]) if near else _("take it out")
            yield Fault(file, None, str(name), "", _("is not a field of this kind of entry"), remedy)


def _unsourced(fields: Mapping[str, Any], file: str) -> Iterator[Fault]:
    for name in SOURCED:
        for statement in fields.get(name, []):
            if statement.get("basis") in shapes.BASES:
                said = statement.get("en", "")[:80]
                yield Fault(file, None, name, said, _("has no source"), _("name a source, or take it out"))
