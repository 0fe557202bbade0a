"""What it means that an entry is found, stated once more and in plain Python; and the queries it is held against.

The queries were fixed before the search was written.

An entry is found when every term of the query that has no minus before it, and none that has one, stands in one of its
texts. Its texts are: title, acronym, other names, summary, every translated field and statement, the body, single lines
(licence, years), titles of the vocabulary's words that it names, titles and acronyms of its organisations, names of its
countries. Sources, addresses and ids are not. A term is

- a run of Chinese characters: it stands in a text when it is a part of it, spaces and quotation marks not counted;
- what stands between quotation marks, or a piece of the query without spaces, of other characters: its words stand in
  the text in a row, with nothing but spaces, hyphens, slashes, apostrophes and the like between them;
- a word with a hyphen also stands in a text that writes it as one word, and the other way round.

Words are the same when they have the same stem in the language of the text. Letters and digits are words of their own;
U.N. is UN.
Of several terms, articles, prepositions and conjunctions do not count.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import snowballstemmer
from babel import Locale

from headwater.catalogue.records import Record

CHINESE = (
    # one character
    "水", "桥", "电", "路",
    # two characters
    "能源", "气候", "融资", "湿地", "公平", "采购",
    # more
    "基础设施", "生物多样性", "基于自然的解决方案", "成本效益分析", "可持续发展目标",
    # mixed with Latin letters, and several terms
    "InVEST 模型", "水 water", "CLIMADA 风险", "SDG 指标", "GIS数据",
)  # fmt: skip

ENGLISH = (
    # one word, in the form that the entry uses and in another
    "water", "bridges", "mangrove", "financing", "resilient", "modelling", "procurement", "biodiversity",
    # several words
    "climate risk", "strategic planning", "access to roads", "open source energy model",
    # phrases
    '"nature-based solutions"', '"life cycle"', "cost-benefit", '"system of systems"',
    # names, numbers, exclusion
    "HDM-4", "CO2", "SDG 9.1", "flood -drought",
)  # fmt: skip

LANGUAGES = {"en", "zh", "fr", "es", "ru", "ar"}
GAPS = set(" \t\n-/&+_'*~%·#@$^`°.\"“”„«»‹›「」『』")
UNREAD = {"sources", "basis", "url", "checked", "translated"}
SNOWBALL = {code: snowballstemmer.stemmer(name) for code, name in
            (("en", "english"), ("fr", "french"), ("es", "spanish"), ("ru", "russian"))}  # fmt: skip
LITTLE = set(re.findall(r"\w+", "a an and are at by for from in is of on or the to with"))


def kind_of(character: str) -> str:
    if "CJK" in unicodedata.name(character, "") and character.isalpha():
        return "han"
    if character.isdecimal() or character == "\uffff":
        return "digit"
    return "letter" if character.isalpha() else "gap" if character in GAPS else "break"


@cache
def words(text: str) -> tuple[tuple[str, str], ...]:
    """Characters, words and numbers of a text, with what each is; gaps are not among them, breaks are."""
    text = unicodedata.normalize("NFKC", text).casefold()
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text).replace("’", "'").replace("–", "-").replace("‑", "-")
    text = re.sub(r"'s\b", "", text)
    text = re.sub(r"\b(?:[a-z]\.){2,}", lambda match: match.group().replace(".", ""), text)
    text = re.sub(r"(?<=\d),(?=\d\d\d)", "", text)
    text = re.sub(r"(?<=\d)\.(?=\d)", "\uffff", text)
    text = re.sub(r"\.(?!\w)|\s-+\s|--+|\n\s*\n", "|", text)
    text = "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))
    found: list[tuple[str, str]] = []
    at = 0
    while at < len(text):
        kind = kind_of(text[at])
        end = at + 1
        while kind in ("letter", "digit") and end < len(text) and kind_of(text[end]) == kind:
            end += 1
        if kind != "gap":
            found.append((kind, text[at:end]))
        at = end
    return tuple(found)


@cache
def stemmed(kind: str, word: str, language: str) -> str:
    if kind != "letter":
        return word if kind != "break" else "|"
    if re.search("[а-я]", word):
        return str(SNOWBALL["ru"].stemWord(word))
    return str(SNOWBALL[language if language in ("fr", "es") else "en"].stemWord(word))


@cache
def in_form(text: str, language: str) -> tuple[str, ...]:
    return tuple(stemmed(kind, word, language) for kind, word in words(text))


@cache
def joined(text: str, language: str) -> frozenset[str]:
    """Words with a hyphen, written as one."""
    text = unicodedata.normalize("NFKC", text).casefold().replace("–", "-").replace("‑", "-")
    compounds = re.findall(r"(?<![^\W\d_])[^\W\d_一-鿿]+(?:-[^\W\d_一-鿿]+)+", text)
    return frozenset(in_form(compound.replace("-", ""), language)[0] for compound in compounds)


def stands_in(term: str, language: str, text: str) -> bool:
    wanted, given = in_form(term, language), in_form(text, language)
    if any(given[i : i + len(wanted)] == wanted for i in range(len(given) - len(wanted) + 1)):
        return True
    if re.fullmatch(r"[^\W\d_]+(?:-[^\W\d_]+)*", term):
        one = in_form(term.replace("-", ""), language)
        return one[0] in joined(text, language) or ("-" in term and one[0] in given)
    return False


def terms_of(query: str) -> list[tuple[bool, str]]:
    """Terms, each with whether it is excluded."""
    found = []
    for minus, quoted, bare in re.findall(r'(-?)(?:"([^"]*)"|(\S+))', query):
        if quoted:
            found.append((bool(minus), quoted))
            continue
        pieces = re.findall(r"[一-鿿㐀-䶿𠀀-𯿿]+|[^一-鿿㐀-䶿𠀀-𯿿]+", bare)
        found += [(bool(minus), piece) for piece in pieces]
    weighty = [(out, term) for out, term in found if term.casefold() not in LITTLE]
    return weighty or found


def texts(record: Record, records: Mapping[str, Record], vocabularies: Any) -> Iterator[tuple[str, str]]:
    """Every text of an entry with its language."""

    def walk(value: Any) -> Iterator[tuple[str, str]]:
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, dict):
                for code in LANGUAGES & each.keys():
                    said = each[code]
                    yield from ((code, line) for line in (said if isinstance(said, list) else [said]))

    for name, value in record.fields.items():
        if name in UNREAD:
            continue
        yield from walk(value)
        listed = value if isinstance(value, list) else [value]
        if name in ("short", "licence", "years"):
            yield "en", value
        elif name in ("countries", "country", "origin"):
            for language in LANGUAGES:
                named = Locale(language).territories
                yield from ((language, named[code]) for code in listed if code in named)
        elif name == "organisations":
            for record_id in listed:
                other = records.get(f"organisation/{record_id}")
                if other:
                    yield from walk(other.fields["title"])
                    yield "en", other.fields.get("short", "")
        else:
            vocabulary = {"type": "organisation_types"}.get(name, name)
            for each in listed:
                if isinstance(each, str) and each in vocabularies.get(vocabulary, {}):
                    yield from walk(dict(vocabularies[vocabulary][each].title))


class Reference:
    """Answers by reading every text of every entry."""

    def __init__(self, records: Mapping[str, Record], vocabularies: Any) -> None:
        self.texts = {key: set(texts(record, records, vocabularies)) for key, record in records.items()}

    def __call__(self, query: str) -> set[str]:
        terms = terms_of(query)
        return {
            key
            for key, said in self.texts.items()
            if all(out != any(stands_in(term, code, text) for code, text in said) for out, term in terms)
        }
