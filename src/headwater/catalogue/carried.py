"""The search carried along: the full text in a form in which a page without a server can answer the same queries.

Each token becomes one sign, a character, and each text a string of signs; so a phrase stands in a text when its signs
stand in the string. Words of a query are folded and stemmed where the question is asked: English by the same rules,
French, Spanish and Russian by a list of the words that occur here.

Knows neither files nor pages.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from headwater.catalogue.passages import passages
from headwater.catalogue.query import TITLE
from headwater.catalogue.records import Record
from headwater.catalogue.text import BREAK, MARK, parts, stem
from headwater.catalogue.vocabulary import Vocabularies

LISTED = ("fr", "es", "ru")
"""Languages whose words are stemmed by a list."""

_LEFT_OUT = (
    (0x00, 0x23), (0x26, 0x27), (0x3C, 0x3C), (0x3E, 0x3E), (0x5C, 0x5C), (0x60, 0x60), (0x7F, 0xA0), (0xAD, 0xAD),
    (0x0300, 0x036F), (0x0590, 0x08FF), (0x200B, 0x206F), (0xD800, 0xF8FF), (0xFB1D, 0xFDFF), (0xFE70, 0xFEFF),
    (0xFFF0, 0xFFFF),
)  # fmt: skip
"""Code points that are no signs: those that HTML or JavaScript read, and those that change how a file looks."""


@dataclass(frozen=True)
class Carried:
    """What a search needs to be carried along.

    Attributes
    ----------
    tokens, signs
        Each token, the most frequent first, and the sign that stands for it at the same place.
    tables
        By table and column: one string of signs for each entry.
    stems
        By language of `LISTED`: words as they are typed, folded, with their stems, where the stem occurs.
    """

    tokens: Sequence[str]
    signs: str
    tables: Mapping[str, Mapping[str, Sequence[str]]]
    stems: Mapping[str, Mapping[str, str]]


def carry(
    sequences: Mapping[str, Mapping[str, Sequence[Sequence[str]]]],
    records: Mapping[str, Record],
    vocabularies: Vocabularies,
) -> Carried:
    """The search of a hub, to be carried along.

    Parameters
    ----------
    sequences
        Tokens of every entry by table and column, as the full-text index holds them.
    records
        Entries by key.
    vocabularies
        Words by id, by vocabulary.
    """
    texts = [row for columns in sequences.values() for rows in columns.values() for row in rows]
    counted = Counter(chain.from_iterable(texts))
    ordered = sorted(counted, key=lambda token: (-counted[token], token))
    sign = dict(zip(ordered, _signs(), strict=False))
    tables = {
        table: {name: ["".join(sign[token] for token in row) for row in rows] for name, rows in columns.items()}
        for table, columns in sequences.items()
    }
    return Carried(ordered, "".join(sign.values()), tables, _stems(_words(records, vocabularies), sequences))


def _signs() -> Iterator[str]:
    """Characters that can stand for a token, the shortest in a file first."""
    left_out = iter((*_LEFT_OUT, (0x110000, 0x110000)))
    first, last = next(left_out)
    for code in range(0x110000):
        if code > last:
            first, last = next(left_out)
        if not first <= code <= last:
            yield chr(code)


def _words(records: Mapping[str, Record], vocabularies: Vocabularies) -> set[str]:
    """Every word that occurs, folded; of words with a hyphen the parts and the whole too."""
    found: set[str] = set()
    for record in records.values():
        for passage in passages(record, records, vocabularies):
            found.update(parts(passage.text))
    return {piece for word in found for piece in (*word.split("-"), word.replace("-", ""))} - {"", BREAK}


def _stems(
    words: Iterable[str], sequences: Mapping[str, Mapping[str, Sequence[Sequence[str]]]]
) -> dict[str, dict[str, str]]:
    """Words whose stem in a language occurs in its texts, or in a name in any language."""
    named = set(chain.from_iterable(sequences["names"][TITLE]))
    occurs = {code: set(chain.from_iterable(sequences["words"][code])) | named for code in LISTED}
    spoken = {"ru": set(chain.from_iterable(chain.from_iterable(rows) for rows in sequences["words"].values())) | named}
    found: dict[str, dict[str, str]] = {code: {} for code in LISTED}
    for word in sorted(words):
        for code in LISTED:
            if (code == "ru") != ("\u0400" <= word[0] <= "\u04ff"):
                continue
            root = stem(word, code)
            if {root, MARK.get(code, "") + root} & (spoken.get(code) or occurs[code]):
                found[code][word] = root
    return found
