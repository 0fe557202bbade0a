"""Languages of the pages: which one a reader gets, and how a text shows that is not translated into it.

The first part of an address is the language. What is missing in it shows in English, inside an element that says which
language it is and which way it runs. Knows nothing of requests.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from typing import Any

from babel import Locale
from markupsafe import Markup, escape

from headwater.words import LANGUAGES, PARTLY, catalogue, language, later
from headwater.words import told as words_told

KNOWN = {**LANGUAGES, **PARTLY}
"""Languages that an address may begin with, each named in itself."""

COMMA = later(", ")
"""Between words in a row."""

RIGHT_TO_LEFT = frozenset({"ar"})
TAGS = {"zh": "zh-Hans"}
"""Tags of languages that a page declares, where they differ from the address."""

_ACCEPTED = re.compile(r"\s*([A-Za-z]{1,8}|\*)(?:-[A-Za-z0-9-]{1,32})?\s*(?:;\s*q\s*=\s*([0-9.]{1,5}))?\s*\Z")
_MARKED = re.compile(r" \[([a-z]{2})\]\Z")
_LATIN = re.compile(r"[A-Za-z]")

_PINYIN = (
    ("A", 0xB0A1), ("B", 0xB0C5), ("C", 0xB2C1), ("D", 0xB4EE), ("E", 0xB6EA), ("F", 0xB7A2), ("G", 0xB8C1),
    ("H", 0xB9FE), ("J", 0xBBF7), ("K", 0xBFA6), ("L", 0xC0AC), ("M", 0xC2E8), ("N", 0xC4C3), ("O", 0xC5B6),
    ("P", 0xC5BE), ("Q", 0xC6DA), ("R", 0xC8BB), ("S", 0xC8F6), ("T", 0xCBFA), ("W", 0xCDDA), ("X", 0xCEF4),
    ("Y", 0xD1B9), ("Z", 0xD4D1), ("", 0xD7FA),
)  # fmt: skip
"""First code of each initial in GB 2312, whose first level is in the order of pinyin."""


@cache
def offered() -> Mapping[str, str]:
    """Languages that pages offer for reading: those spoken in full, and those with a catalogue that has begun."""
    return {code: name for code, name in KNOWN.items() if code in LANGUAGES or catalogue(code)}


def direction(code: str) -> str:
    """Which way a language runs.

    Examples
    --------
    >>> direction("ar"), direction("zh")
    ('rtl', 'ltr')
    """
    return "rtl" if code in RIGHT_TO_LEFT else "ltr"


def tag(code: str) -> str:
    """The tag of a language that a page declares."""
    return TAGS.get(code, code)


def negotiated(accepted: str) -> str:
    """The language to greet a reader in, from what the browser says it accepts; English where nothing fits.

    Examples
    --------
    >>> negotiated("de-DE,zh-CN;q=0.8,en;q=0.5"), negotiated("de, *;q=0.1"), negotiated(";;q=x")
    ('zh', 'en', 'en')
    """
    wanted: list[tuple[float, int, str]] = []
    for place, part in enumerate(accepted[:500].split(",")):
        match = _ACCEPTED.match(part)
        if match and match[1].lower() in offered():
            weight = _weight(match[2])
            if weight > 0:
                wanted.append((-weight, place, match[1].lower()))
    return min(wanted)[2] if wanted else "en"


def _weight(given: str | None) -> float:
    try:
        return float(given) if given else 1.0
    except ValueError:
        return 0.0


def _(message: str) -> Markup:
    """A message of the interface for a page: translated, or in English and marked as English."""
    return _marked(language(), message)


@lru_cache(maxsize=8192)
def _marked(code: str, message: str) -> Markup:
    if code == "en":
        return escape(message)
    found = catalogue(code).get(message)
    return escape(found) if found else elsewhere(escape(message), "en")


def elsewhere(words: Markup, code: str) -> Markup:
    """Words in another language than the page's, as an element that says so.

    Examples
    --------
    >>> elsewhere(Markup("Water"), "en")
    Markup('<span lang="en" dir="ltr">Water</span>')
    """
    return Markup('<span lang="{}" dir="{}">{}</span>').format(tag(code), direction(code), words)


def chosen(text: Mapping[str, str]) -> tuple[str, str]:
    """A text of the content in the current language or the nearest there is, and the language that it is in.

    Examples
    --------
    >>> chosen({"en": "Water", "zh": "水"})
    ('Water', 'en')
    """
    code = language()
    if text.get(code):
        return text[code], code
    fallback = "en" if text.get("en") else next((known for known in KNOWN if text.get(known)), "en")
    return text.get(fallback, ""), fallback


def plain(text: Mapping[str, str] | str) -> str:
    """A text of the content without marks, for titles of windows, attributes and choices."""
    if isinstance(text, Markup):
        return text.striptags()
    return text if isinstance(text, str) else chosen(text)[0]


def said(text: Mapping[str, str] | str) -> Markup:
    """A text of the content for a page: where it is not translated, in another language, and visibly so.

    Examples
    --------
    >>> said({"en": "Wind & sun"})
    Markup('Wind &amp; sun')
    """
    if isinstance(text, str):
        return told(text)
    words, code = chosen(text)
    return shown(escape(words), code)


def shown(words: Markup, code: str) -> Markup:
    """Ready words as they show on a page of the current language."""
    if code == language():
        return words
    mark = Markup('<small class="mark" dir="ltr" title="{}">{}</small>').format(_("Not translated").striptags(), code)
    return Markup("{}{}").format(elsewhere(words, code), mark)


def told(words: str) -> Markup:
    """Words that a façade has already put in the current language as far as it could.

    What it marked as being in another language is marked as such here too; in a language of another script, words in
    Latin letters alone are English.

    Examples
    --------
    >>> told("Water [zh]")
    Markup('<span lang="zh-Hans" dir="ltr">Water</span><small class="mark" dir="ltr" title="Not translated">zh</small>')
    """
    if isinstance(words, Markup):
        return words
    return _told(words, escape(words))


def told_markdown(words: str, html: Markup) -> Markup:
    """The same for words whose HTML is ready."""
    return _told(words, html)


def _told(words: str, html: Markup) -> Markup:
    marked = _MARKED.search(words)
    if marked and marked[1] in KNOWN:
        return shown(Markup(html.removesuffix(marked[0])), marked[1])  # noqa: S704 -- a part of what was ready
    if language() not in PARTLY or not _LATIN.search(words):
        return html
    if language() in {"ar", "ru"} and words.isascii():
        return elsewhere(html, "en")
    return Markup("<bdi>{}</bdi>").format(html)


def listed(words: Iterable[Markup]) -> Markup:
    """Words in a row, with the comma of the current language."""
    return escape(words_told(COMMA)).join(words)


@cache
def _locale(code: str) -> Locale:
    return Locale.parse("zh_Hans" if code == "zh" else code)


def country(code: str) -> str:
    """Name of a country in the current language.

    Examples
    --------
    >>> country("CH")
    'Switzerland'
    """
    return str(_locale(language()).territories.get(code, code))


def tongue(code: str) -> str:
    """Name of a language in the current language.

    Examples
    --------
    >>> tongue("fr")
    'French'
    """
    return str(_locale(language()).languages.get(code, code))


def day(iso: str) -> str:
    """A date as it is written in an address or a file: the same for every reader, and sortable."""
    return iso[:10]


def initial(words: str) -> str:
    """The letter under which words stand in an index, Chinese by the sound of the first character; "#" for the rest.

    Examples
    --------
    >>> initial("hazard"), initial("水"), initial("基础设施"), initial("2030"), initial("Économie")
    ('H', 'S', 'J', '#', 'E')
    """
    first = _bare(words[:1])
    if first and first.isascii():
        return first.upper() if first.isalpha() else "#"
    code = _gb2312(words[:1])
    place = bisect_right([start for _letter, start in _PINYIN], code)
    return (_PINYIN[place - 1][0] if place else "") or "#"


def collation(words: str) -> tuple[str, tuple[int, ...], str]:
    """Key that sorts words as an index does: Latin letters by the alphabet, Chinese characters by their sound.

    Examples
    --------
    >>> sorted(["资产", "Zone", "资金", "水", "asset"], key=collation)
    ['asset', '水', 'Zone', '资产', '资金']
    """
    letter = initial(words)
    return ("~" if letter == "#" else letter, tuple(_gb2312(character) for character in words), words.casefold())


def _gb2312(character: str) -> int:
    if character.isascii():
        return ord(character.casefold()) if character else 0
    try:
        return int.from_bytes(character.encode("gb2312"), "big")
    except UnicodeEncodeError:
        return 0x10000 + ord(character)


def _bare(letter: str) -> str:

    return unicodedata.normalize("NFD", letter)[:1]


def of_vocabulary(values: Mapping[str, Any], value_id: str) -> Mapping[str, str]:
    """Title of a value of a vocabulary; its id where the vocabulary does not know it."""
    found = values.get(value_id)
    return found.title if found is not None else {"en": value_id}
