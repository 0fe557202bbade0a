"""An entry as lines of text for a terminal: every field that it has, in words of the current language."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from headwater.catalogue.records import Record, fields_of
from headwater.catalogue.told import basis_words
from headwater.catalogue.vocabulary import Vocabularies
from headwater.words import _, language, pick

SHOWN_ELSEWHERE = frozenset({"title", "summary", "translated", "basis"})


def entry_lines(
    record: Record, records: Mapping[str, Record], vocabularies: Vocabularies
) -> list[tuple[str, list[str]]]:
    """Headings of an entry's fields, each with its lines.

    Parameters
    ----------
    record
        The entry.
    records
        All entries, to name those that it speaks of.
    vocabularies
        The words that entries are sorted by.
    """
    found = []
    for name, declared in fields_of(record.kind).items():
        if name not in record.fields or name in SHOWN_ELSEWHERE:
            continue
        value, kind = record.fields[name], declared.type
        known = vocabularies.get(declared.vocabulary, {})
        if kind in {"values", "value"}:
            values = value if isinstance(value, list) else [value]
            lines = ["; ".join(pick(known[v].title) if v in known else str(v) for v in values)]
        elif kind == "ids":
            others = (records.get(f"{declared.vocabulary}/{other}") for other in value)
            lines = [f"{pick(other.title)} ({other.key})" for other in others if other is not None]
        else:
            lines = list(_lines(value, kind))
        if any(lines):
            found.append((pick(declared.description), lines))
    if record.fields.get("body"):
        found.append((_("More"), [pick(record.fields["body"])]))
    return found


def _lines(value: Any, kind: str) -> Iterator[str]:
    if kind in {"statements", "criteria"}:
        for item in value:
            yield f"· {pick(_text(item))} [{basis_words(item.get('basis', ''))}]"
    elif kind == "text":
        yield pick(value)
    elif kind == "texts":
        yield from (f"· {pick(item)}" for item in value)
    elif kind == "words":
        yield "; ".join(value.get(language()) or value.get("en") or [])
    elif kind == "sources":
        for source in value:
            read = _("read: {what}").format(what=source["read"])
            parts = [source["title"], source["publisher"], str(source.get("year") or ""), source.get("url", ""), read]
            yield f"[{source['id']}] " + ", ".join(part for part in parts if part)
    elif kind == "checked":
        yield " ".join(value.values())
    elif isinstance(value, list):
        yield "; ".join(map(str, value))
    else:
        yield str(value)


def _text(item: Mapping[str, str]) -> dict[str, str]:
    return {code: words for code, words in item.items() if code not in {"basis", "tool", "id"}}
