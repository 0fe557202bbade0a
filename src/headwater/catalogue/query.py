"""What a reader typed, as terms to find and as an expression that SQLite's full-text search can be given safely.

Every word that is not between quotation marks must be found somewhere in an entry, in any language: words in the form
of the language of the text they are sought in, runs of Chinese characters as they stand, what stands between quotation
marks as one phrase. `-word` leaves entries out. There are no other operators: whatever else is typed is text.

Knows nothing of entries and of files; never raises, whatever the string.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from headwater.catalogue.text import BREAK, HAN, LANGUAGES, POINT, marked, parts, stem

LONGEST_QUERY = 1_000
"""Characters of a query that are read."""

MOST_TERMS = 16
MOST_PARTS = 32
"""Words of a phrase, or characters of a run, that are read."""

NAME, TITLE = "name", "title"
NAME_COLUMNS = (NAME, TITLE)
"""Columns of the table of names, by which entries are ranked: as they are written, and in stems, all languages."""

STOP_WORDS = frozenset((
    "a", "an", "and", "are", "at", "by", "for", "from", "in", "is", "of", "on", "or", "the", "to", "with",  # English
    "au", "aux", "de", "des", "du", "et", "la", "le", "les", "ou", "par", "pour", "un", "une",  # French
    "con", "del", "el", "los", "las", "para", "por", "y",  # Spanish
    "в", "для", "и", "на", "по", "с",  # Russian
    "في", "من", "على",  # Arabic
))  # fmt: skip
"""Words left out of a query that has others; between quotation marks they count."""

_QUOTES = str.maketrans(dict.fromkeys("“”„‟«»「」『』＂〝〞", '"'))
_CHUNK = re.compile(r'(?P<minus>[-－−]?)(?:"(?P<quoted>[^"]*)"|(?P<bare>[^\s"]+))')
_HAN = re.compile(f"[{HAN}]")
_PREFIX = re.compile(r"[^\W\d_]{2,}\Z")


@dataclass(frozen=True)
class Term:
    """One thing to find.

    Attributes
    ----------
    text
        As it was typed, for people.
    parts
        Folded words, numbers and characters that follow each other.
    is_quoted
        Whether it stood between quotation marks.
    is_excluded
        Whether entries that have it are left out.
    is_prefix
        Whether words that begin with it count too.
    """

    text: str
    parts: tuple[str, ...]
    is_quoted: bool = False
    is_excluded: bool = False
    is_prefix: bool = False

    @property
    def is_han(self) -> bool:
        """Whether it is a run of Chinese characters."""
        return all(_HAN.match(part) for part in self.parts)


@dataclass(frozen=True)
class Query:
    """What a reader looks for; without terms, everything.

    Attributes
    ----------
    terms
        What must be found, and what must not.
    is_cut
        Whether the query was too long and only its beginning is used.
    """

    terms: tuple[Term, ...] = ()
    is_cut: bool = False

    @property
    def wanted(self) -> tuple[Term, ...]:
        """Terms that must be found."""
        return tuple(term for term in self.terms if not term.is_excluded)

    @property
    def excluded(self) -> tuple[Term, ...]:
        """Terms that must not be found."""
        return tuple(term for term in self.terms if term.is_excluded)

    def __str__(self) -> str:
        """The query in the form in which it is understood."""
        return " ".join(f"{'-' if term.is_excluded else ''}{_quoted(term)}" for term in self.terms)


def parse_query(typed: str, *, prefix: bool = False) -> Query:
    """What a reader looks for.

    Parameters
    ----------
    typed
        Any string. More than `LONGEST_QUERY` characters, `MOST_TERMS` terms or `MOST_PARTS` words in a phrase are not
        read, and the answer says so.
    prefix
        Let the last word count as the beginning of a word: for searching while typing. Off by default: it finds more
        than was asked for.

    Examples
    --------
    >>> [term.parts for term in parse_query('InVEST模型 HDM-4 "life cycle"').terms]
    [('invest',), ('模', '型'), ('hdm', '4'), ('life', 'cycle')]
    >>> parse_query("flood -drought").excluded[0].text
    'drought'
    >>> parse_query("").terms
    ()
    """
    text = typed[:LONGEST_QUERY].translate(_QUOTES)
    found = list(dict.fromkeys(_terms(text)))
    kept = [
        term
        for term in found
        if term.is_quoted or term.is_excluded or term.parts[0] not in STOP_WORDS or term.parts[1:]
    ]
    terms = kept if any(not term.is_excluded for term in kept) else found
    is_cut = len(typed) > LONGEST_QUERY or len(terms) > MOST_TERMS or any(len(t.parts) > MOST_PARTS for t in terms)
    terms = [
        Term(term.text, _trimmed(term.parts[:MOST_PARTS]), term.is_quoted, term.is_excluded)
        for term in terms[:MOST_TERMS]
    ]
    if prefix and terms and not text[-1].isspace() and _can_begin_a_word(terms[-1]):
        terms[-1] = Term(terms[-1].text, terms[-1].parts, is_prefix=True)
    return Query(tuple(terms), is_cut)


def match_expression(query: Query) -> str:
    """What must be found, as an FTS5 expression over a column for each of `LANGUAGES`; "" where nothing need be.

    Examples
    --------
    >>> match_expression(parse_query("水 water"))
    '({en zh fr es ru ar} : "水") AND ({en zh ru ar} : "water" OR {fr es} : "wat")'
    """
    return " AND ".join(_expression(term, LANGUAGES) for term in query.wanted)


def name_expression(query: Query) -> str:
    """What makes an entry fit better when it stands in its names, as an FTS5 expression over `NAME_COLUMNS`."""
    return " OR ".join(_expression(term, NAME_COLUMNS) for term in query.wanted)


def exclusion_expression(query: Query) -> str:
    """What must not be found, as an FTS5 expression like that of `match_expression`; "" where anything may be."""
    return " OR ".join(_expression(term, LANGUAGES) for term in query.excluded)


def forms(term: Term, language: str | None) -> list[tuple[str, ...]]:
    """Phrases that a term may be found as in a text of a language; None for words as they are written.

    Two for a word with a hyphen, its parts in a row and the parts joined, and one for everything else.

    Examples
    --------
    >>> forms(parse_query("life-cycles").terms[0], "en")
    [('life', 'cycl'), ('lifecycl',)]
    """
    pieces = [piece for part in term.parts for piece in part.split("-")]
    ways = [tuple(stem(piece, language) for piece in pieces)]
    if len(term.parts) == 1 and len(pieces) > 1:
        ways.append((stem("".join(pieces), language),))
    return ways


# ----- reading


def _terms(text: str) -> Iterator[Term]:
    for match in _CHUNK.finditer(text):
        is_excluded = bool(match["minus"])
        if match["quoted"] is not None:
            phrase = _trimmed(tuple(parts(match["quoted"])))
            if phrase:
                yield Term(_shown(match["quoted"]), phrase, is_quoted=True, is_excluded=is_excluded)
            continue
        for is_break, run in groupby(parts(match["bare"]), key=lambda part: part == BREAK):
            if is_break:
                continue
            for is_han, group in groupby(run, key=lambda part: bool(_HAN.match(part))):
                said = tuple(group)
                yield Term(_as_typed(match["bare"], said, is_han=is_han), said, is_excluded=is_excluded)


def _trimmed(said: tuple[str, ...]) -> tuple[str, ...]:
    """Without breaks at the ends and repeated ones."""
    kept = [part for i, part in enumerate(said) if part != BREAK or (i and said[i - 1] != BREAK)]
    while kept and kept[-1] == BREAK:
        kept.pop()
    return tuple(kept)


def _shown(typed: str) -> str:
    return " ".join("".join(c for c in typed if c.isprintable() or c.isspace()).split())


def _as_typed(chunk: str, said: tuple[str, ...], *, is_han: bool) -> str:
    """How a person would write the parts of a chunk: as the chunk, where they are all of it."""
    whole = _shown(chunk).strip("-.,;:!?()[]{}<>'，。；：！？、（）《》【】")
    if tuple(parts(whole)) == said:
        return whole
    folded = ("" if is_han else "/").join(part.replace(POINT, ".") for part in said)
    at = whole.lower().find(folded)
    return whole[at : at + len(folded)] if at >= 0 else folded


def _quoted(term: Term) -> str:
    return f'"{term.text}"' if term.is_quoted else term.text


def _can_begin_a_word(term: Term) -> bool:
    return (
        not term.is_quoted
        and not term.is_excluded
        and len(term.parts) == 1
        and bool(_PREFIX.match(term.parts[0]) and not term.is_han)
    )


# ----- FTS5


def _expression(term: Term, among: Sequence[str]) -> str:
    """One term in the form of each column, of which one must hold.

    Tokens are letters, digits and characters for private use, never FTS5 syntax, and stand between quotation marks.
    """
    columns: dict[str, list[str]] = {}
    for column in among:
        for phrase in dict.fromkeys(_phrases(term, column)):
            columns.setdefault(phrase, []).append(column)
    ways = [f'{{{" ".join(names)}}} : "{phrase}"' for phrase, names in columns.items()]
    if term.is_prefix:
        ways.append(f'{{{" ".join(among)}}} : "{term.parts[0]}" *')
    return f"({' OR '.join(ways)})"


def _phrases(term: Term, column: str) -> Iterator[str]:
    if column == TITLE:
        for language in ("en", "fr", "es"):
            yield from (" ".join(marked(list(way), language)) for way in forms(term, language))
    else:
        yield from (" ".join(way) for way in forms(term, None if column == NAME else column))
