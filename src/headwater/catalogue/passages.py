"""Passages of an entry: every piece of text that it can be found by, with its language and the field it stands in.

Knows what entries hold; knows nothing of how texts are searched.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

from babel import Locale, UnknownLocaleError

from headwater.catalogue.records import Field, Record, fields_of, texts_of
from headwater.catalogue.text import LANGUAGES, plain
from headwater.catalogue.vocabulary import Text, Vocabularies

EVERY = ""
"""Language of a passage that is the same in all of them, such as an acronym."""

NAMES = ("title", "short", "also")
"""Fields that say what the entry is called."""

COUNTRY_FIELDS = ("countries", "country", "origin")


class Passage(NamedTuple):
    """One piece of text of an entry; `language` is `EVERY` where the text is the same in all."""

    field: str
    language: str
    text: str


def passages(record: Record, records: Mapping[str, Record], vocabularies: Vocabularies) -> Iterator[Passage]:
    """Every text that an entry can be found by.

    Its names, every translated field and statement, the body, single lines (acronym, licence, years), the names of the
    organisations and the titles of the vocabulary's words that it names, and the names of its countries. Sources and
    addresses are not among them.

    Parameters
    ----------
    record
        The entry.
    records
        Entries by key, to look organisations up.
    vocabularies
        Words by id, by vocabulary.
    """
    for name, text in texts_of(record):
        yield from _each(name, text)
    for name, declared in fields_of(record.kind).items():
        value = record.fields.get(name)
        if value in (None, ""):
            continue
        if declared.type == "line":
            yield Passage(name, EVERY, str(value))
        elif declared.type == "words":
            yield from (Passage(name, code, word) for code, words in value.items() for word in words)
        else:
            for text in _names_of(declared, value, records, vocabularies):
                yield from _each(name, text)


def _names_of(declared: Field, value: Any, records: Mapping[str, Record], vocabularies: Vocabularies) -> Iterator[Text]:
    """Names of what a field points at: words of a vocabulary, organisations, countries."""
    if declared.type in ("value", "values"):
        known = vocabularies.get(declared.vocabulary, {})
        yield from (known[value_id].title for value_id in _listed(value) if value_id in known)
    elif declared.name == "organisations":
        for record_id in _listed(value):
            other = records.get(f"organisation/{record_id}")
            if other is not None:
                yield other.title
                yield {EVERY: other.fields.get("short", "")}
    elif declared.name in COUNTRY_FIELDS:
        yield from (country_title(code) for code in _listed(value))


def country_title(code: str) -> Text:
    """A country's name in the languages of the United Nations, from the CLDR; nothing for what is not a country.

    Examples
    --------
    >>> country_title("GH")["zh"]
    '加纳'
    """
    return _named("territories", code)


def language_title(code: str) -> Text:
    """A language's name in the languages of the United Nations, from the CLDR.

    Examples
    --------
    >>> language_title("fr")["en"]
    'French'
    """
    return _named("languages", code)


@cache
def _named(what: str, code: str) -> dict[str, str]:
    names: dict[str, str] = {}
    for language in LANGUAGES:
        try:
            name = getattr(Locale.parse(language), what).get(code)
        except UnknownLocaleError:  # pragma: no cover - the CLDR has all six
            continue
        if name:
            names[language] = str(name)
    return names


def _each(name: str, text: Text) -> Iterator[Passage]:
    return (Passage(name, code, plain(words)) for code, words in text.items() if words)


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]
