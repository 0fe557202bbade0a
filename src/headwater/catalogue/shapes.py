"""Shapes of the fields of an entry: texts in several languages, statements with their basis, sources, years, countries.

Each reader takes what YAML gave (mappings, lists, strings) and returns the value in its final shape with what is wrong
with it. Which field has which shape is a row of `fields.csv`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from difflib import get_close_matches
from functools import cache
from typing import Any

from babel import Locale

from headwater.words import LANGUAGES, PARTLY, _

LANGUAGE_CODES = {**LANGUAGES, **PARTLY}
JUDGEMENT, UNVERIFIED, UNKNOWN = "judgement", "unverified", "unknown"
BASES = (JUDGEMENT, UNVERIFIED)
READ = ("page", "excerpt", "abstract", "repository", "metadata", "quoted", "none")
"""What was seen of a source, from most to least."""
LINK_STATES = ("unknown", "ok", "moved", "dead")
IDENTIFIER = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*\Z")
ADDRESS = re.compile(r"https?://[^\s<>\"'\\]+\Z")
LONGEST_TEXT = 20_000


@dataclass
class Reading:
    """What a reader may look up, and where it leaves what it finds wrong."""

    vocabularies: Mapping[str, Mapping[str, Any]]
    bases: Collection[str] = BASES
    problems: list[tuple[str, str, str]] = field(default_factory=list)

    def complain(self, value: object, problem: str, remedy: str) -> None:
        """Note that a value is wrong."""
        self.problems.append((str(value)[:80] if value is not None else "", problem, remedy))


def line(value: object, reading: Reading, _vocabulary: str = "") -> str:
    """One line of text, the same in every language."""
    if not isinstance(value, str) or not value.strip():
        reading.complain(value, _("is not a text"), _("write one line of text"))
        return ""
    return value.strip()


def text(value: object, reading: Reading, _vocabulary: str = "") -> dict[str, str]:
    """A text in several languages; English is needed."""
    if not isinstance(value, Mapping):
        reading.complain(value, _("is not a text by language"), _("write {{en: …, zh: …}}").format())
        return {}
    strange = sorted(set(value) - set(LANGUAGE_CODES))
    if strange:
        known = ", ".join(LANGUAGE_CODES)
        reading.complain(", ".join(strange), _("is not a language"), _("use one of {known}").format(known=known))
    words = {
        code: value[code].strip() for code in LANGUAGE_CODES if isinstance(value.get(code), str) and value[code].strip()
    }
    if "en" not in words:
        reading.complain(None, _("has no English text"), _("write the English first; translations follow it"))
    if any(len(said) > LONGEST_TEXT for said in words.values()):
        reading.complain(None, _("is too long"), _("shorten it to {most} characters").format(most=LONGEST_TEXT))
    return words


def texts(value: object, reading: Reading, vocabulary: str = "") -> list[dict[str, str]]:
    """A list of texts in several languages."""
    return [text(item, reading, vocabulary) for item in _listed(value, reading)]


def words(value: object, reading: Reading, _vocabulary: str = "") -> dict[str, list[str]]:
    """Lists of words by language."""
    if not isinstance(value, Mapping) or not all(isinstance(items, list) for items in value.values()):
        reading.complain(value, _("is not a list of words by language"), _("write {{en: [..], zh: [..]}}").format())
        return {}
    strange = [code for code in value if code not in LANGUAGE_CODES]
    if strange:
        reading.complain(
            ", ".join(strange), _("is not a language"), _("use one of {known}").format(known=", ".join(LANGUAGE_CODES))
        )
    return {
        code: [str(item).strip() for item in items if str(item).strip()]
        for code, items in value.items()
        if code in LANGUAGE_CODES
    }


def statements(value: object, reading: Reading, _vocabulary: str = "") -> list[dict[str, str]]:
    """Statements, each a text by language with what it rests on."""
    return [_statement(item, reading, extra=("tool",)) for item in _listed(value, reading)]


def criteria(value: object, reading: Reading, _vocabulary: str = "") -> list[dict[str, str]]:
    """Statements with an identifier each."""
    read = [_statement(item, reading, extra=("id",)) for item in _listed(value, reading)]
    ids = [item.get("id", "") for item in read]
    for name in sorted({name for name in ids if ids.count(name) > 1 or not IDENTIFIER.match(name)}):
        reading.complain(name, _("is not an identifier of its own"), _("give every criterion an id that no other has"))
    return read


def sources(value: object, reading: Reading, _vocabulary: str = "") -> list[dict[str, Any]]:
    """What the entry rests on: at least one source."""
    read = []
    for given in _listed(value, reading):
        if not isinstance(given, Mapping):
            reading.complain(
                given, _("is not a source"), _("write {{id: …, title: …, publisher: …, read: …}}").format()
            )
            continue
        lacking = [name for name in ("id", "title", "publisher", "read") if not str(given.get(name) or "").strip()]
        if lacking:
            reading.complain(given.get("id"), _("lacks {what}").format(what=", ".join(lacking)), _("say it"))
        if given.get("read") and given["read"] not in READ:
            reading.complain(given["read"], _("does not say what was read"), _one_of(READ))
        if given.get("url"):
            url(given["url"], reading)
        if given.get("read_on"):
            _day(given["read_on"], reading)
        read.append({name: str(said).strip() for name, said in given.items() if said not in (None, "")})
    ids = [source.get("id") for source in read]
    for name in sorted({str(name) for name in ids if ids.count(name) > 1}):
        reading.complain(name, _("is the id of two sources"), _("give each source an id of its own"))
    if not read:
        reading.complain(None, _("no source is given"), _("name at least one source that a reader can check"))
    return read


def basis(value: object, reading: Reading, _vocabulary: str = "") -> dict[str, str]:
    """What fields rest on, by name of the field."""
    if not isinstance(value, Mapping):
        reading.complain(value, _("is not a basis by field"), _("write {{sectors: judgement, …}}").format())
        return {}
    for rests_on in map(str, value.values()):
        _check_basis(rests_on, reading)
    return {str(name): str(rests_on) for name, rests_on in value.items()}


def checked(value: object, reading: Reading, _vocabulary: str = "") -> dict[str, str]:
    """Whether the link answered, and when."""
    given = {"state": value} if isinstance(value, str) else value
    if not isinstance(given, Mapping) or given.get("state") not in LINK_STATES:
        reading.complain(value, _("is not a state of a link"), _one_of(LINK_STATES))
        return {"state": UNKNOWN}
    if given["state"] != UNKNOWN:
        _day(given.get("on"), reading)
    return {name: str(said) for name, said in given.items()}


def marks(value: object, reading: Reading, _vocabulary: str = "") -> dict[str, str]:
    """A mark of the English by language of the translation."""
    if not isinstance(value, Mapping):
        reading.complain(value, _("is not a mark by language"), _("leave it to `headwater hub stamp`"))
        return {}
    return {str(code): str(mark) for code, mark in value.items()}


def ids(value: object, reading: Reading, _vocabulary: str = "") -> list[str]:
    """Identifiers of other entries; whether they exist is checked when all are read."""
    named = [str(item) for item in _listed(value, reading)]
    for name in named:
        if not IDENTIFIER.match(name):
            reading.complain(name, _("is not an identifier"), _("use lower case letters, digits and hyphens"))
    return list(dict.fromkeys(named))


def values(value: object, reading: Reading, vocabulary: str) -> list[str]:
    """Values of a vocabulary."""
    named = [str(item) for item in _listed(value, reading)]
    return [name for name in dict.fromkeys(named) if _is_known(name, reading, vocabulary)]


def value(given: object, reading: Reading, vocabulary: str) -> str:
    """One value of a vocabulary, or `unknown`."""
    named = str(given)
    return named if named == UNKNOWN or _is_known(named, reading, vocabulary) else UNKNOWN


def yes_no(given: object, reading: Reading, _vocabulary: str = "") -> str:
    """Yes, no or unknown."""
    answer = {"true": "yes", "false": "no"}.get(str(given).lower(), str(given).lower())
    if answer not in {"yes", "no", UNKNOWN}:
        reading.complain(given, _("is neither yes nor no"), _one_of(("yes", "no", UNKNOWN)))
        return UNKNOWN
    return answer


def number(given: object, reading: Reading, _vocabulary: str = "") -> int:
    """A whole number."""
    if not str(given).isdigit():
        reading.complain(given, _("is not a whole number"), _("write digits only"))
        return 0
    return int(str(given))


def year(given: object, reading: Reading, _vocabulary: str = "") -> int | str:
    """A year, or unknown."""
    if str(given) == UNKNOWN:
        return UNKNOWN
    if not re.fullmatch(r"(1[89]|20)\d\d", str(given)):
        reading.complain(given, _("is not a year"), _("write four digits, or unknown"))
        return UNKNOWN
    return int(str(given))


def url(given: object, reading: Reading, _vocabulary: str = "") -> str:
    """An address on the web."""
    if not isinstance(given, str) or not ADDRESS.match(given.strip()):
        reading.complain(given, _("is not an address on the web"), _("write it in full, from https:// on"))
        return ""
    return given.strip()


def country(given: object, reading: Reading, _vocabulary: str = "") -> str:
    """A country by its ISO 3166-1 alpha-2 code, `international`, or unknown."""
    if str(given) in {"international", UNKNOWN} or str(given) in _territories():
        return str(given)
    reading.complain(given, _("is not a country"), _("write its ISO 3166-1 alpha-2 code, international, or unknown"))
    return UNKNOWN


def countries(given: object, reading: Reading, _vocabulary: str = "") -> list[str]:
    """Countries."""
    return [country(item, reading) for item in _listed(given, reading)]


def languages(given: object, reading: Reading, _vocabulary: str = "") -> list[str]:
    """Languages by their ISO 639-1 codes."""
    named = [str(item) for item in _listed(given, reading)]
    for code in named:
        if code not in _tongues():
            reading.complain(code, _("is not a language"), _("write its ISO 639-1 code, for example en"))
    return [code for code in dict.fromkeys(named) if code in _tongues()]


READERS: dict[str, Callable[[Any, Reading, str], Any]] = {
    "line": line, "text": text, "texts": texts, "words": words, "statements": statements, "criteria": criteria,
    "sources": sources, "basis": basis, "checked": checked, "marks": marks, "ids": ids, "values": values,
    "value": value, "yes_no": yes_no, "number": number, "year": year, "url": url, "country": country,
    "countries": countries, "languages": languages,
}  # fmt: skip
"""The reader of each type of field in `fields.csv`."""


def _listed(value: object, reading: Reading) -> list[Any]:
    if value in (None, ""):
        return []
    if not isinstance(value, list):
        reading.complain(value, _("is not a list"), _("write each item on a line of its own behind a hyphen"))
        return []
    return value


def _statement(item: object, reading: Reading, *, extra: tuple[str, ...]) -> dict[str, str]:
    if not isinstance(item, Mapping):
        reading.complain(item, _("is not a statement"), _("write {{en: …, zh: …, basis: …}}").format())
        return {}
    said = text({name: words for name, words in item.items() if name not in {*extra, "basis"}}, reading)
    rests_on = str(item.get("basis") or "")
    _check_basis(rests_on, reading)
    return said | {"basis": rests_on} | {name: str(item[name]) for name in extra if item.get(name)}


def _check_basis(rests_on: str, reading: Reading) -> None:
    if rests_on not in reading.bases:
        known = ", ".join(reading.bases)
        reading.complain(
            rests_on, _("is not a basis"), _("name a source of this entry, or one of {known}").format(known=known)
        )


def _is_known(name: str, reading: Reading, vocabulary: str) -> bool:
    known = reading.vocabularies.get(vocabulary, {})
    if name not in known:
        near = get_close_matches(name, known, n=2)
        remedy = _("did you mean {names}?").format(names=", ".join(near)) if near else _one_of(list(known))
        reading.complain(name, _("is not in the vocabulary {name}").format(name=vocabulary), remedy)
    return name in known


def _one_of(allowed: Collection[str]) -> str:
    return _("use one of {known}").format(known=", ".join(allowed))


def _day(given: object, reading: Reading) -> None:
    try:
        date.fromisoformat(str(given))
    except ValueError:
        reading.complain(given, _("is not a date"), _("write the date as YYYY-MM-DD"))


@cache
def _territories() -> frozenset[str]:
    return frozenset(code for code in map(str, Locale("en").territories) if len(code) == 2 and code.isalpha())


@cache
def _tongues() -> frozenset[str]:
    return frozenset(Locale("en").languages)
