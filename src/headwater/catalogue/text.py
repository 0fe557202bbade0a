"""Text as it is searched: letters folded, words stemmed, Chinese written character by character.

A text becomes a list of tokens in the form of its language; a query in the same form finds it. What is folded:

- compatibility forms and case (NFKC, case folding), invisible characters, diacritics of Latin and Greek letters, ё;
- every Chinese character is a token; kana and hangul stay words; simplified and traditional forms stay apart;
- letters and digits are tokens of their own, so that HDM-4, HDM 4 and HDM4 are one; 9.1 stays one token, 1,000 is 1000;
- words with a hyphen count in parts and, at the end of the text, as one, so that "lifecycle" finds "life-cycle";
- punctuation other than hyphen, slash, quotation marks and the like breaks a phrase and leaves the token `BREAK`;
- Latin words are stemmed (Snowball) in French and Spanish as such, elsewhere as English; Cyrillic words as Russian;
- Arabic loses vowel signs, tatweel, the forms of alef, ya and ta marbuta, and the article.

Knows neither entries nor queries.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cache, lru_cache

import snowballstemmer  # type: ignore[import-untyped]

LANGUAGES = ("en", "zh", "fr", "es", "ru", "ar")
"""Languages that texts are searched in: those of the United Nations."""

BREAK = "\ue000"
"""Stands between words that no phrase may join."""

POINT = "\ue001"
"""Stands for the decimal point within a token."""

MARK = {"fr": "\ue010", "es": "\ue011"}
"""Stands before Latin words stemmed as French or Spanish where texts of all languages share a column."""

HAN = (
    "\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\U00020000-\U0002a6df\U0002a700-\U0002ebef\U0002ebf0-\U0002ee5f\U0002f800-\U0002fa1f\U00030000-\U000323af"
)
"""Chinese characters as the inside of a character class: unified, extensions A-I, compatibility, 々 and 〇."""

LONGEST_WORD = 64
"""Letters of a word that count; what is longer is not a word."""

_HIDDEN = re.compile(
    "[\u0000-\u0008\u000e-\u001f\u007f-\u009f\ud800-\udfff\ue000-\uf8ff\ufff0-\uffff\U000e0000-\U0010ffff]"
)
_ACRONYM = re.compile(r"\b(?:[a-z]\.){2,}")
_THOUSANDS = re.compile(r"(?<![\d.,])\d{1,3}(?:,\d{3})+(?![\d,])")
_MARKS = re.compile("[\u0300-\u036f]")
_SPECIAL = {
    "ё": "е", "ø": "o", "ł": "l", "đ": "d", "ı": "i", "æ": "ae", "œ": "oe", "ð": "d", "þ": "th",
    "أ": "ا", "إ": "ا", "آ": "ا", "ٱ": "ا", "ى": "ي", "ة": "ه", "ک": "ك", "ی": "ي",
} | dict.fromkeys("‘’ʼʻ′", "'") | dict.fromkeys("‐‑‒–−", "-")  # fmt: skip
_DROPPED = re.compile("[\u0300-\u036f\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06ed]")
"""Marks that stand alone once letters are composed: stress, vowel signs of Arabic, tatweel."""

_ARABIC_ARTICLE = re.compile("^(?:[وفبك]?ال|[وف]?لل)(?=..)")
_ELISION = re.compile(r"^(?:[cdjlmnst]|qu|jusqu|lorsqu|puisqu)'(?=[^\W\d_]{2})")
_LATIN = re.compile(r"[a-z]")
_CYRILLIC = re.compile(r"[\u0400-\u04ff]")
_ARABIC = re.compile(r"[\u0600-\u06ff]")
_LINK = re.compile(r"!?\[([^\]\n]*)\]\([^)\s]*\)")

_WORD = rf"(?![{HAN}])[^\W\d_](?:(?![{HAN}])(?:[^\W\d_]|[\u0900-\u109f\u1780-\u17ff]))*"
_TOKEN = re.compile(
    r"(?P<plain>[a-z]+(?![^\W\d_]|['-]))"  # most words, without the cost of the general case
    rf"|(?P<han>[{HAN}]+)"
    rf"|(?P<number>\d+(?:\.\d+)*)"
    rf"|(?P<word>{_WORD}(?:'{_WORD})*(?:-{_WORD}(?:'{_WORD})*)*)"
    r"|(?P<break>\n\s*\n|(?<=\s)-+(?=\s)|--+|\.(?!\w))"
    r"|(?P<joint>[\s./&+_'*~%·‧・#@$^`°\"“”„«»‹›「」『』《》-])"
    r"|(?P<other>.)",
    re.DOTALL,
)
_SNOWBALL = {"en": "english", "fr": "french", "es": "spanish", "ru": "russian"}
_RESTORED = {
    "fr": (
        (re.compile(r"ee(s?)$"), r"ée\1"),
        (re.compile(r"ite(s?)$"), r"ité\1"),
        (re.compile(r"iere(s?)$"), r"ière\1"),
    ),
    "es": ((re.compile(r"cion$"), "ción"), (re.compile(r"logia(s?)$"), r"logía\1")),
}
"""Accents that a stemmer needs to see an ending; put back whether or not the writer put them."""


def fold(text: str) -> str:
    """Letters alike in every spelling: compatibility forms, case, diacritics, digits, hyphens; nothing is cut.

    Examples
    --------
    >>> fold("Évaluation — CO₂ ＧＩＳ")
    'evaluation — co2 gis'
    """
    text = _HIDDEN.sub(" ", text)
    if text.isascii():
        text = text.lower()
    else:
        text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold()).translate(_FOLDED)
    if "." in text:
        text = _ACRONYM.sub(_without_points, text)
    return _THOUSANDS.sub(_without_commas, text) if "," in text else text


def tokens(text: str, language: str | None) -> list[str]:
    """Tokens of a text in the form of a language.

    Parameters
    ----------
    text
        Any string.
    language
        One of `LANGUAGES` (another counts as English), or None to leave words as they are written: no stemming.

    Returns
    -------
    tokens
        In the order of the text, with `BREAK` where no phrase may pass; then the words with a hyphen, joined.

    Examples
    --------
    >>> tokens("Roads, bridges", "en")
    ['road', '\\ue000', 'bridg']
    >>> tokens("SDG 9.1 指标", "zh") == ["sdg", "9" + POINT + "1", "指", "标"]
    True
    >>> tokens("life-cycles", "en")
    ['life', 'cycl', '\\ue000', 'lifecycl']
    """
    found: list[str] = []
    joined: list[str] = []
    for kind, said in _pieces(text):
        if kind == "han":
            found += said
        elif kind != "word":
            if said != BREAK or (found and found[-1] != BREAK):
                found.append(said)
        elif "-" not in said:
            found.append(_form(said, language))
        else:
            found += [_form(piece, language) for piece in said.split("-")]
            joined += [BREAK, _form(said.replace("-", ""), language)]
    if joined and found[-1] == BREAK:
        found.pop()
    return found + joined


def marked(found: list[str], language: str | None) -> list[str]:
    """Tokens of a language for a column that all languages share: words of different stemmers never meet."""
    mark = MARK.get(language or "", "")
    return [mark + token if _LATIN.match(token) else token for token in found] if mark else found


def parts(text: str) -> Iterator[str]:
    """Words (those with a hyphen whole), numbers, Chinese characters and `BREAK`s of a text, folded, not stemmed."""
    for kind, said in _pieces(text):
        if kind == "han":
            yield from said
        else:
            yield said


def stem(word: str, language: str | None) -> str:
    """A folded word in the form of a language.

    The script decides first: Cyrillic is stemmed as Russian and Arabic loses its article wherever they stand. Latin
    words are stemmed by the language of the text, as English where that has another script: names and terms mostly.

    Examples
    --------
    >>> stem("bridges", "en"), stem("evaluations", "fr"), stem("дороги", "en")
    ('bridg', 'evalu', 'дорог')
    """
    return _form(word, language)


def plain(markdown: str) -> str:
    """Markdown without the addresses of its links, as people read it.

    Examples
    --------
    >>> plain("See [the manual](https://example.org/a).")
    'See the manual.'
    """
    return _LINK.sub(r"\1", markdown) if "](" in markdown else markdown


# ----- words


def _pieces(text: str) -> Iterator[tuple[str, str]]:
    """Runs of Chinese characters, words, numbers and breaks, each with what it is."""
    for match in _TOKEN.finditer(fold(text)):
        kind = match.lastgroup
        if kind == "plain":
            yield "word", match.group()
        elif kind == "han":
            yield "han", match.group()
        elif kind == "word":
            said = match.group()
            yield "word", "-".join(_bare(piece) for piece in said.split("-")) if "'" in said else said
        elif kind == "number":
            yield "number", match.group().replace(".", POINT)[:LONGEST_WORD]
        elif kind != "joint":
            yield "break", BREAK


@lru_cache(maxsize=200_000)
def _form(word: str, language: str | None) -> str:
    word = word[:LONGEST_WORD]
    if _ARABIC.search(word):
        return word if language is None else _ARABIC_ARTICLE.sub("", word)
    if language is None:
        return word
    if _CYRILLIC.search(word):
        return str(_stemmer("ru").stemWord(word))
    if not _LATIN.search(word):
        return word
    spoken = stemmed_as(language)
    for ending, restored in _RESTORED.get(spoken, ()):
        word = ending.sub(restored, word)
    return _MARKS.sub("", unicodedata.normalize("NFD", _stemmer(spoken).stemWord(word)))


def stemmed_as(language: str) -> str:
    """The language whose stemmer takes the Latin words of a text."""
    return language if language in {"fr", "es"} else "en"


@cache
def _stemmer(language: str) -> snowballstemmer.stemmer:
    return snowballstemmer.stemmer(_SNOWBALL[language])


def _bare(word: str) -> str:
    """A word without an elided article, a possessive or other apostrophes."""
    return _ELISION.sub("", word).removesuffix("'s").replace("'", "")


# ----- letters


class _Folded(dict[int, str]):
    """What each character is folded to, found when it is first met."""

    def __missing__(self, code: int) -> str:
        self[code] = folded = _folded(chr(code))
        return folded


def _folded(character: str) -> str:
    kind = unicodedata.category(character)
    if kind == "Cf" or _DROPPED.match(character):
        return ""
    if kind == "Nd":
        return str(unicodedata.decimal(character))
    if character in _SPECIAL:
        return _SPECIAL[character]
    decomposed = unicodedata.normalize("NFD", character)
    name = unicodedata.name(character, "") if len(decomposed) > 1 else ""
    return _MARKS.sub("", decomposed) if "LATIN" in name or "GREEK" in name else character


_FOLDED = _Folded()


def _without_points(match: re.Match[str]) -> str:
    return match.group().replace(".", "")


def _without_commas(match: re.Match[str]) -> str:
    return match.group().replace(",", "")
