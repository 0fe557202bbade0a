"""A search told back in words: "Tools for energy or water, in strategic planning, that are open source"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce

from headwater.catalogue.facets import KIND_TITLES, FacetTable
from headwater.catalogue.query import Query
from headwater.words import _, language, later, told

CONDITIONS = {
    "types": later("of type {values}"),
    "sectors": later("for {values}"),
    "phases": later("in {values}"),
    "themes": later("on {values}"),
    "dimensions": later("that cover {values}"),
    "finance_view": later("that ask {values}"),
    "scales": later("at the level of {values}"),
    "users": later("meant for: {values}"),
    "data": later("with data needs: {values}"),
    "skills": later("with skills needed: {values}"),
    "time": later("with a first result in {values}"),
    "cost": later("with cost: {values}"),
    "is_open_source": later("{values}"),
    "languages": later("available in {values}"),
    "countries": later("located in {values}"),
    "origin": later("from {values}"),
    "principles": later("on the principle {values}"),
    "type": later("of the type {values}"),
}
"""What choosing values of a facet says of an entry; `kind` is told first."""

_OPEN = {
    "yes": later("that are open source"),
    "no": later("that are not open source"),
    "unknown": later("whose licence is unknown"),
}
_AS_WRITTEN = ("languages", "countries", "origin", "principles")
"""Facets whose values are names, with capitals of their own."""


def in_words(table: FacetTable, query: Query, chosen: Mapping[str, Sequence[str]]) -> str:
    """A search in words, in the current language.

    Parameters
    ----------
    table
        Entries by their values, for what values are called.
    query
        What is looked for.
    chosen
        Values by facet, as `FacetTable.checked` gives them.
    """
    kinds = [told(KIND_TITLES[kind]) for kind in chosen.get("kind", ())] or [_("Entries")]
    what = either([kinds[0], *(_lowered(kind) for kind in kinds[1:])])
    conditions = [
        told(CONDITIONS[name]).format(values=either([_value(table, name, value) for value in values]))
        for name, values in chosen.items()
        if name != "kind"
    ]
    if conditions:
        said = reduce(lambda so_far, each: _("{so_far}, {each}").format(so_far=so_far, each=each), conditions)
        what = _("{what} {conditions}").format(what=what, conditions=said)
    for terms, message in (
        (query.wanted, later("{what}, with {words}")),
        (query.excluded, later("{what}, without {words}")),
    ):
        if terms:
            words = reduce(_and, (_("“{word}”").format(word=term.text) for term in terms))
            what = told(message).format(what=what, words=words)
    return what


def either(values: Sequence[str]) -> str:
    """Values of which one must hold, in the current language.

    Examples
    --------
    >>> either(["energy", "water", "waste"])
    'energy, water or waste'
    """
    *some, last = values
    if not some:
        return last
    listed = reduce(lambda so_far, each: _("{so_far}, {each}").format(so_far=so_far, each=each), some)
    return _("{some} or {last}").format(some=listed, last=last)


def _and(one: str, other: str) -> str:
    return _("{one} and {other}").format(one=one, other=other)


def _value(table: FacetTable, name: str, value_id: str) -> str:
    if name == "is_open_source":
        return told(_OPEN[value_id])
    title = table.title_of(name, value_id)
    said = title.get(language()) or title.get("en", value_id)
    if name == "principles":
        return _("“{word}”").format(word=said)
    return said if name in _AS_WRITTEN else _lowered(said)


def _lowered(title: str) -> str:
    """A title within a sentence: small letters but for acronyms."""
    return title[0].lower() + title[1:] if title[1:2].islower() or title[1:2] == " " else title
