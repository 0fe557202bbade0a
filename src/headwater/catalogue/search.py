"""Results of a search: what was found, filtered, counted, ordered and told back in words.

Takes the places and scores that the index found; knows neither the index nor files.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

import numpy as np
from numpy.typing import NDArray

from headwater.catalogue.excerpt import excerpt
from headwater.catalogue.facets import FACETS, Facet, FacetTable
from headwater.catalogue.query import Query, Term, parse_query
from headwater.catalogue.readback import in_words
from headwater.catalogue.records import Record
from headwater.catalogue.text import parts
from headwater.catalogue.vocabulary import Text
from headwater.errors import InputError
from headwater.words import _, language

MOST_HITS = 1_000
"""Entries in one page of results."""

LONGEST_RUN = 24
"""Characters of a Chinese run that a suggestion cuts into words."""

EMPTY = frozenset("的了和与及在是为之等对中上下各其")
"""Characters that say nothing by themselves."""


@dataclass(frozen=True)
class Hit:
    """One entry found: how well it fits, and the passage that shows it, by its language."""

    record: Record
    score: float
    excerpt: Text


@dataclass(frozen=True)
class Results:
    """What a search found.

    Attributes
    ----------
    total
        How many entries there are in all.
    hits
        Those of this page.
    facets
        How many entries each value of each field would show.
    words
        The query and its filters in words, in the current language.
    suggestion
        A query that would find something, where this one finds nothing; "" otherwise.
    is_cut
        Whether the query was too long and only its beginning was used.
    """

    total: int
    hits: tuple[Hit, ...]
    facets: tuple[Facet, ...]
    words: str
    suggestion: str = ""
    is_cut: bool = False


def build_results(
    table: FacetTable,
    query: Query,
    places: NDArray[np.int64],
    scores: NDArray[np.float64],
    *,
    filters: Mapping[str, Sequence[str]] | None = None,
    facets: Sequence[str] = tuple(FACETS),
    sort: str = "relevance",
    limit: int = 20,
    offset: int = 0,
) -> Results:
    """Results in the current language.

    Parameters
    ----------
    table
        Entries by their values.
    query
        What was looked for.
    places, scores
        What the index found, in the places of `table`.
    filters
        Chosen values by facet; kinds are those of the facet `kind`.
    facets
        Facets to count.
    sort
        `relevance`, `title` or `newest`.
    limit, offset
        Which page: how many entries, after how many.

    Raises
    ------
    InputError
        If a facet, a value, an order or a page does not exist.
    """
    if not 0 <= limit <= MOST_HITS or offset < 0:
        raise InputError(_("A page holds 0 to {most} entries and starts at 0 or later.").format(most=MOST_HITS))
    chosen = table.checked(filters or {})
    counted = table.facets(places, chosen, facets)
    kept = table.filtered(np.arange(len(table.records)), chosen)
    is_kept = np.isin(places, kept)
    places, scores = places[is_kept], scores[is_kept]
    order = table.ordered(places, scores, sort, language())[offset : offset + limit]
    hits = tuple(
        Hit(record, float(scores[at]), excerpt(record, query, language()))
        for at in order
        if (record := table.records[places[at]])
    )
    return Results(len(places), hits, counted, in_words(table, query, chosen), is_cut=query.is_cut)


def suggestion(query: Query, words: Sequence[str], count: Callable[[Query], int]) -> str:
    """A query near one that finds nothing, that finds something; "" where none is near.

    A word that is found nowhere is exchanged for the nearest that is; a run of Chinese characters is cut into
    the longest pieces that are found. Where no entry has all of it, the shortest words are left out.

    Parameters
    ----------
    query
        What was looked for.
    words
        Words that occur, as `words_of_names` gives them.
    count
        How many entries a query finds.
    """
    told: list[str] = []
    for term in query.wanted:
        if count(Query((term,))):
            told.append(str(Query((term,))))
        elif term.is_han:
            told += _cut(term, count)
        elif len(" ".join(term.parts)) > 3:
            told += get_close_matches(" ".join(term.parts), words, n=1, cutoff=0.7)
    kept = list(dict.fromkeys(told))
    while kept:
        offered = parse_query(" ".join(kept))
        if count(offered):
            return str(offered) if offered.terms and offered.terms != query.terms else ""
        kept.remove(min(kept, key=len))
    return ""


def words_of_names(records: Collection[Record]) -> list[str]:
    """Words of the names and summaries of entries, folded: what a misspelt word may have meant.

    Examples
    --------
    >>> dam = Record("term", "dam", {"title": {"en": "Dam", "zh": "水坝"}, "summary": {"en": "A wall across a river"}})
    >>> words_of_names([dam])
    ['across', 'dam', 'river', 'wall']
    """
    said = [text for record in records for text in (*record.title.values(), *record.summary.values())]
    said += [str(record.fields["short"]) for record in records if "short" in record.fields]
    said += [name for record in records for words in record.fields.get("also", {}).values() for name in words]
    return sorted({part for text in said for part in parts(text) if len(part) > 2})


def _cut(term: Term, count: Callable[[Query], int]) -> list[str]:
    """The longest pieces of a run that are found, from its beginning; what is found nowhere is left out."""
    run, pieces = "".join(term.parts)[:LONGEST_RUN], []
    while run:
        for length in range(len(run), 0, -1):
            if count(Query((Term(run[:length], tuple(run[:length])),))):
                pieces.append(run[:length])
                break
        run = run[len(pieces[-1]) :] if pieces and run.startswith(pieces[-1]) else run[1:]
    return [piece for piece in pieces if piece not in EMPTY] or pieces
