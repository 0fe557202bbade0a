"""What the check says of the text of an entry that somebody proposes, before it is among the entries.

The text is checked as `headwater hub check` checks the whole content, as if it were in its place. Terms state relations
at both ends: where this one names another, the other's file has to change with it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from headwater.catalogue import checks, graph
from headwater.catalogue.records import FOLDERS, Record, english_mark, parse_record, untranslated
from headwater.errors import Fault, InputError, TableError
from headwater.forum import Forum
from headwater.library import Entry, Library
from headwater.overlay import place_of, published_text
from headwater.store.content import parse_entry, with_mark
from headwater.store.entry_text import read_text, with_fields
from headwater.words import LANGUAGES, _, told

LARGEST = 100_000
"""Bytes of a draft."""

NOTICED = ("missing", "dead", "moved", "unverified", "duplicate")
"""Topics of notices of the catalogue that a reviewer is told."""

_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True)
class Examined:
    """What the check says of the text of an entry.

    Attributes
    ----------
    record
        The entry as far as it could be read; None where the file could not be taken apart.
    faults
        Everything wrong with it, by itself and with what it is related to.
    notices
        What a reviewer should know.
    companions
        Files of other entries that have to change with it, by place: terms that must name this one too.
    """

    record: Record | None
    faults: Sequence[Fault]
    notices: Sequence[str] = ()
    companions: Mapping[str, str] = field(default_factory=dict)


def examine(forum: Forum, library: Library, kind: str, record_id: str, text: str, *, base: str = "") -> Examined:
    """Check the text of an entry as the whole content is checked.

    Parameters
    ----------
    kind, record_id
        The entry.
    text
        The file.
    base
        The file from which the author began; "" for a new entry.
    """
    label = place_of(kind, record_id)
    entry, unread = parse_entry(text, path=Path(label), label=label)
    if entry is None:
        return Examined(None, unread)
    record, found = parse_record(
        kind, record_id, entry.raw, body=entry.body, vocabularies=library.vocabularies, file=label
    )
    found += _handwritten(record, base, label)
    companions = _companions(forum, library, record)
    trial = {**library.records, record.key: record, **_records_of(library, companions)}
    found += checks.catalogue_faults(trial)
    placed = [
        replace(fault, row=entry.lines.get(fault.column, fault.row)) if fault.file == label else fault
        for fault in found
    ]
    said = [notice.words for notice in checks.notices(trial) if notice.key == record.key and notice.topic in NOTICED]
    figures = checks.figures_by_judgement(record)
    if figures:
        said.append(_("figures that rest on a judgement: {names}").format(names="; ".join(figures)))
    return Examined(record, placed, said, companions)


def previewed(library: Library, record: Record) -> Entry:
    """An entry as its page would show it."""
    records = {**library.records, record.key: record}
    around = graph.neighbours(record.key, graph.build_graph(records))
    links = {told(label): [records[key] for key in keys] for label, keys in around.items()}
    return Entry(record, links, [other for other, _alike in graph.similar_tools(record, records)])


def cleaned_text(text: str) -> str:
    """A file's text as it is kept: lines ended by line feeds, no control characters, a line feed at its end.

    Raises
    ------
    InputError
        If it is too long.
    """
    said = _CONTROLS.sub("", text.replace("\r\n", "\n").replace("\r", "\n").removeprefix("\ufeff"))
    said = said if said.endswith("\n") or not said else said + "\n"
    if len(said.encode()) > LARGEST:
        raise InputError(
            _("The entry is longer than {most} bytes; an entry is a page, not a book.").format(most=LARGEST)
        )
    return said


def as_published(kind: str, text: str, examined: Examined, *, base: str, agrees: bool) -> str:
    """The text with the mark of its translation: today's where the languages agree, else the one that it had.

    Raises
    ------
    TableError
        If the text cannot be taken apart.
    """
    if examined.record is None:
        raise TableError(examined.faults)
    marks = dict(_raw(base).get("translated") or {})
    if agrees:
        lacking, mark = untranslated(examined.record), english_mark(examined.record)
        marks |= {code: mark for code in LANGUAGES if code != "en" and code not in lacking}
    return with_mark(text, marks) if marks else with_fields(text, kind, {"translated": None})


def _raw(text: str) -> Mapping[str, Any]:
    entry = read_text(text, "") if text else None
    return entry.raw if entry is not None else {}


def _handwritten(record: Record, base: str, label: str) -> list[Fault]:
    """A state of a link is found by asking it: it may stay as it was, with the same link, or be unknown."""
    given, before = record.fields.get("checked", {}), _raw(base)
    is_kept = _state(before.get("checked")) == given and before.get("url") == record.fields.get("url")
    if given.get("state", "unknown") == "unknown" or is_kept:
        return []
    remedy = _("write unknown; `headwater hub check --links` asks it")
    return [Fault(label, None, "checked", str(given.get("state")), _("is not written by hand"), remedy)]


def _state(given: Any) -> dict[str, str]:
    return {"state": given} if isinstance(given, str) else dict(given) if isinstance(given, Mapping) else {}


def _companions(forum: Forum, library: Library, record: Record) -> dict[str, str]:
    """Files of other terms that have to name this one, or no longer: relations of terms are stated by both ends."""
    texts: dict[str, str] = {}
    known = library.records.get(record.key)
    for name, inverse in checks.MUTUAL.items() if record.kind == "term" else ():
        now = set(record.fields.get(name, ()))
        was = set(known.fields.get(name, ())) if known is not None else set()
        for other in sorted(now ^ was):
            if f"term/{other}" not in library.records or other == record.record_id:
                continue
            place = place_of("term", other)
            text = texts.get(place) or published_text(library, forum, place)
            said = list(_raw(text).get(inverse) or [])
            named = _with(said, record.record_id) if other in now else [i for i in said if i != record.record_id]
            if named != said:
                texts[place] = with_fields(text, "term", {inverse: named or None})
    return texts


def _with(names: Collection[str], name: str) -> list[str]:
    return [*names] if name in names else [*names, name]


def _records_of(library: Library, texts: Mapping[str, str]) -> dict[str, Record]:
    found = {}
    for place, text in texts.items():
        entry = read_text(text, place)
        kind = next(kind for kind, part in FOLDERS.items() if place.startswith(f"{part}/"))
        if entry is not None:
            record, _faults = parse_record(
                kind, Path(place).stem, entry.raw, body=entry.body, vocabularies=library.vocabularies, file=place
            )
            found[record.key] = record
    return found
