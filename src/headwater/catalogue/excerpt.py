"""Where in an entry a query was found: the passage to show, and the places in it to mark.

Works on the texts as people read them. Whether an entry is found at all is not decided here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from headwater.catalogue.query import Query, Term, forms
from headwater.catalogue.records import Record, texts_of
from headwater.catalogue.text import BREAK, HAN, POINT, parts, plain, stem
from headwater.catalogue.vocabulary import Text

LONGEST_EXCERPT = 180
"""Characters of an excerpt in a language with an alphabet; Chinese has less than half."""

_ACCENTED = {
    "a": "aàáâãäåāăą", "c": "cçćč", "e": "eèéêëēęě", "g": "gğ", "i": "iìíîïīı", "l": "lł", "n": "nñńň",
    "o": "oòóôõöøō", "s": "sśşš", "u": "uùúûüūů", "y": "yýÿ", "z": "zźżž", "е": "её", "ا": "اأإآٱ", "ي": "يىی",
    "ه": "هة", "ك": "كک",
}  # fmt: skip
_LETTERS = "A-Za-z\u00c0-\u024f\u0370-\u04ff\u0600-\u06ff\u1e00-\u1eff"
_GAP = r"[\s\-‐‑–/'’&+_*.]{0,3}"


def excerpt(record: Record, query: Query, language: str) -> Text:
    """The passage of an entry that shows most of what was looked for, in the reader's language.

    The title is not considered: it is shown anyway. Without a query, and where nothing is found in this language, it
    is the summary; a long passage is cut around the first place.

    Parameters
    ----------
    record
        The entry.
    query
        What was looked for.
    language
        The reader's; where the entry has no text in it, English is taken.

    Returns
    -------
    text
        One passage by its language; empty where the entry has none.
    """
    spoken = language if language in record.summary else "en"
    best, most = record.summary.get(spoken, ""), 0
    patterns = [pattern for term in query.wanted if (pattern := _pattern(term, spoken)) is not None]
    for name, text in texts_of(record) if patterns else ():
        said = text.get(spoken, "")
        if name == "title" or not said:
            continue
        count = sum(pattern.search(said) is not None for pattern in patterns)
        if count > most:
            best, most = said, count
            if most == len(patterns):
                break
    best = " ".join(plain(best).split())
    places = spans(best, query, spoken)
    shown = _cut(best, places[0][0] if places else 0, LONGEST_EXCERPT if spoken != "zh" else LONGEST_EXCERPT * 2 // 5)
    return {spoken: shown} if shown else {}


def spans(text: str, query: Query, language: str) -> list[tuple[int, int]]:
    """Places of a text to mark, as pairs of first character and character after the last; sorted, apart.

    Examples
    --------
    >>> from headwater.catalogue.query import parse_query
    >>> spans("Models of water", parse_query("model 水"), "en")
    [(0, 6)]
    """
    found = sorted(place for term in query.wanted for place in _places(text, term, language))
    merged: list[tuple[int, int]] = []
    for start, end in found:
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _places(text: str, term: Term, language: str) -> Iterator[tuple[int, int]]:
    pattern = _pattern(term, language)
    for match in pattern.finditer(text) if pattern else ():
        if term.is_prefix or _said(match.group(), language) in forms(term, language):
            yield match.span()


def _said(text: str, language: str) -> tuple[str, ...]:
    """What was matched, in the form of the language; hidden breaks are the pattern's own affair."""
    return tuple(stem(piece, language) for part in parts(text) if part != BREAK for piece in part.split("-"))


@lru_cache(maxsize=2_000)
def _pattern(term: Term, language: str) -> re.Pattern[str] | None:
    """What a term may look like in a text as it is written: words that begin as their stems do."""
    ways = ["".join(_GAP * bool(i) + _begins(token) for i, token in enumerate(way)) for way in _ways(term, language)]
    return re.compile("|".join(f"(?:{way})" for way in ways), re.IGNORECASE) if ways else None


def _ways(term: Term, language: str) -> list[tuple[str, ...]]:
    return [way for way in forms(term, language) if all(token != BREAK for token in way)]


def _begins(token: str) -> str:
    if token[0].isdigit():
        return rf"(?<!\d){re.escape(token.replace(POINT, '.'))}(?!\d)"
    if re.match(f"[{HAN}]", token):
        return token
    letters = "".join(f"[{_ACCENTED[c]}]" if c in _ACCENTED else re.escape(c) for c in _sure(token))
    article = "(?:[وفبك]?ال|[وف]?لل)?" if "\u0600" <= token[0] <= "\u06ff" else ""
    return rf"(?<![{_LETTERS}]){article}{letters}[{_LETTERS}]*(?:['’][{_LETTERS}]+)?"


def _sure(token: str) -> str:
    """The letters of a stem that every word of it begins with: Snowball turns a last y into i."""
    return token[:-1] if len(token) > 2 and token[-1] == "i" else token


def _cut(text: str, first: int, longest: int) -> str:
    """The text around a place, cut between words where there are any."""
    if len(text) <= longest:
        return text
    start = max(0, min(first - longest // 3, len(text) - longest))
    end = min(len(text), start + longest)
    if start:
        space = text.find(" ", start, start + 20)
        start = space + 1 if 0 <= space < first else start
    if end < len(text):
        space = text.rfind(" ", end - 20, end)
        end = space if space > first else end
    return f"{'…' * bool(start)}{text[start:end].strip()}{'…' * (end < len(text))}"
