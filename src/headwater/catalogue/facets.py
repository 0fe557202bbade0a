"""Facets: how many entries each value of a field would leave, and which entries a choice of values leaves.

Within a field chosen values widen the choice (or), between fields they narrow it (and); the counts of a field leave its
own choice out, so that they say what another value would add. Everything is counted on arrays that are made once from
the entries; nothing is known of how entries were found.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from headwater.catalogue.passages import country_title, language_title
from headwater.catalogue.records import KINDS, Record
from headwater.catalogue.text import fold
from headwater.catalogue.vocabulary import ALL, Text, Vocabularies
from headwater.errors import InputError
from headwater.words import LANGUAGES, PARTLY, _, catalogue, later

UNKNOWN = "unknown"
INTERNATIONAL = "international"

FACETS = {
    "kind": later("Kind"),
    "types": later("Type of tool"),
    "sectors": later("Sector"),
    "phases": later("Phase of the life cycle"),
    "themes": later("Theme"),
    "dimensions": later("Side of sustainability"),
    "finance_view": later("View of finance"),
    "scales": later("Scale"),
    "users": later("User"),
    "data": later("Data needed"),
    "skills": later("Skills needed"),
    "time": later("Time to a first result"),
    "cost": later("Cost"),
    "is_open_source": later("Open source"),
    "languages": later("Language"),
    "countries": later("Country"),
    "origin": later("Origin"),
    "principles": later("Principle"),
    "type": later("Type of organisation"),
}
"""Facets in the order in which they are shown: names of fields, but for `kind`, with their titles."""

FIELDS = {"countries": ("countries", "country")}
"""Fields that a facet is counted from, where that is not the field of its name."""

VOCABULARY = {"type": "organisation_types"}
"""Vocabulary of a facet, where it has another name."""

KIND_TITLES = {
    "principle": later("Principles"),
    "tool": later("Tools"),
    "case": later("Cases"),
    "organisation": later("Organisations"),
    "term": later("Terms"),
}

SORTS = ("relevance", "title", "newest")
"""Orders of results. `title` is by folded letters, in Chinese by code point: radical and strokes, near enough."""

_ANSWERS = {"yes": later("Yes"), "no": later("No"), UNKNOWN: later("Unknown")}
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")

Mask = NDArray[np.bool_]
Places = NDArray[np.int64]


@dataclass(frozen=True)
class FacetValue:
    """One value of a facet: what it is called, how many entries choosing it would show, whether it is chosen."""

    value_id: str
    title: Text
    count: int
    selected: bool


@dataclass(frozen=True)
class Facet:
    """One field to choose by, with the values that lead somewhere or are chosen, in the order of the vocabulary."""

    name: str
    title: Text
    values: tuple[FacetValue, ...]


@dataclass(frozen=True)
class _Column:
    """Values of one facet, and which entry has which: a pair of positions for each."""

    value_ids: tuple[str, ...]
    titles: tuple[Text, ...]
    entry: Places
    value: Places

    def mask(self, chosen: Sequence[str], size: int) -> Mask:
        wanted = np.isin(self.value, [self.value_ids.index(value_id) for value_id in chosen])
        found = np.zeros(size, bool)
        found[self.entry[wanted]] = True
        return found

    def counts(self, among: Mask) -> NDArray[np.int64]:
        return np.bincount(self.value[among[self.entry]], minlength=len(self.value_ids))


class FacetTable:
    """Entries by their values, ready to be counted.

    Parameters
    ----------
    records
        Entries by key, in the order in which they are shown when nothing is looked for; results speak of places in it.
    vocabularies
        Words by id, by vocabulary.
    """

    def __init__(self, records: Mapping[str, Record], vocabularies: Vocabularies) -> None:
        self.records = tuple(records.values())
        self._columns = {name: _column(name, self.records, vocabularies) for name in FACETS}

    @property
    def size(self) -> int:
        """How many entries there are."""
        return len(self.records)

    @property
    def every(self) -> Places:
        """Places of all entries."""
        return np.arange(self.size, dtype=np.int64)

    def checked(self, filters: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
        """Filters in the order of the facets, without repetition and empty ones.

        Raises
        ------
        InputError
            If a facet or a value does not exist; names every one, with the nearest that does.
        """
        problems = [
            _("There is no facet {name}. Facets: {known}").format(name=_short(name), known=", ".join(FACETS))
            for name in filters
            if name not in FACETS
        ]
        wanted: dict[str, tuple[str, ...]] = {}
        for name, column in self._columns.items():
            given = filters.get(name, ())
            chosen = tuple(dict.fromkeys([given] if isinstance(given, str) else given))
            problems += [_unknown_value(name, value, column) for value in chosen if value not in column.value_ids]
            if chosen:
                wanted[name] = chosen
        if problems:
            raise InputError("\n".join(problems))
        return wanted

    def filtered(self, places: Places, filters: Mapping[str, Sequence[str]]) -> Places:
        """Those of some entries that a choice of values leaves, in their order.

        Raises
        ------
        InputError
            If a facet or a value does not exist.
        """
        mask = np.ones(self.size, bool)
        for each in self._masks(self.checked(filters)).values():
            mask &= each
        return places[mask[places]]

    def facets(
        self, places: Places, filters: Mapping[str, Sequence[str]], names: Sequence[str] = tuple(FACETS)
    ) -> tuple[Facet, ...]:
        """How many of some entries each value would leave, given the choice in the other facets.

        A value of no entry is left out, unless it is chosen. An entry whose `sectors` are `all` counts in each of them.

        Parameters
        ----------
        places
            Entries that were found, before any filter.
        filters
            Chosen values by facet.
        names
            Facets to count.

        Raises
        ------
        InputError
            If a facet or a value does not exist.
        """
        chosen = self.checked(dict.fromkeys(names, ()) | dict(filters))
        masks = self._masks(chosen)
        found = np.zeros(self.size, bool)
        found[places] = True
        counted = []
        for name in names:
            among = found.copy()
            for other, mask in masks.items():
                if other != name:
                    among &= mask
            column, selected = self._columns[name], chosen.get(name, ())
            values = tuple(
                FacetValue(value_id, title, int(count), value_id in selected)
                for value_id, title, count in zip(column.value_ids, column.titles, column.counts(among), strict=True)
                if count or value_id in selected
            )
            counted.append(Facet(name, titles(FACETS[name]), values))
        return tuple(counted)

    def title_of(self, name: str, value_id: str) -> Text:
        """What a value of a facet is called."""
        column = self._columns[name]
        return column.titles[column.value_ids.index(value_id)]

    def ordered(self, places: Places, scores: NDArray[np.float64], sort: str, language: str) -> NDArray[np.intp]:
        """The order of some entries, as positions in `places`.

        Parameters
        ----------
        places, scores
            Entries and how well each fits.
        sort
            `relevance`: the best first; `title`; `newest`: by year of first publication (of cases the last year that
            is named), unknown ones last. What is equal stands in the order of the records.
        language
            The reader's, whose titles are compared.

        Raises
        ------
        InputError
            If there is no such order.
        """
        if sort == "relevance":
            return np.lexsort((places, -scores))
        if sort == "title":
            return np.lexsort((places, self._title_ranks(language)[places]))
        if sort == "newest":
            return np.lexsort((places, -scores, -self._years[places]))
        raise InputError(
            _("There is no order {name}. Orders: {known}").format(name=_short(sort), known=", ".join(SORTS))
        )

    def _masks(self, chosen: Mapping[str, Sequence[str]]) -> dict[str, Mask]:
        return {name: self._columns[name].mask(values, self.size) for name, values in chosen.items()}

    @cached_property
    def _years(self) -> NDArray[np.int64]:
        return np.array([_year(record) for record in self.records], dtype=np.int64)

    @cached_property
    def _ranks(self) -> dict[str, NDArray[np.int64]]:
        return {}

    def _title_ranks(self, language: str) -> NDArray[np.int64]:
        if language not in self._ranks:
            keys = [fold(record.title.get(language) or record.title.get("en", "")) for record in self.records]
            place = {key: rank for rank, key in enumerate(sorted(set(keys)))}
            self._ranks[language] = np.array([place[key] for key in keys], dtype=np.int64)
        return self._ranks[language]


def titles(message: str) -> Text:
    """A message of the interface in every language that has it.

    Examples
    --------
    >>> titles("Sector")["zh"]
    '部门'
    """
    return {"en": message} | {
        code: catalogue(code)[message] for code in LANGUAGES | PARTLY if code != "en" and message in catalogue(code)
    }


def values_of(record: Record, name: str) -> list[str]:
    """Values of an entry in a facet, as the entry states them.

    Examples
    --------
    >>> values_of(Record("case", "a", {"countries": ["GH", "MN"]}), "countries")
    ['GH', 'MN']
    """
    if name == "kind":
        return [record.kind]
    found: list[str] = []
    for field in FIELDS.get(name, (name,)):
        value = record.fields.get(field)
        found += [str(each) for each in value] if isinstance(value, list | tuple) else [str(value)] if value else []
    return found


# ----- making the columns


def _column(name: str, records: Sequence[Record], vocabularies: Vocabularies) -> _Column:
    stated = [values_of(record, name) for record in records]
    known = _known(name, stated, records, vocabularies)
    position = {value_id: i for i, value_id in enumerate(known)}
    pairs = [
        (place, position[value]) for place, values in enumerate(stated) for value in _expanded(name, values, known)
    ]
    entry, value = np.array(sorted(set(pairs)), dtype=np.int64).reshape(-1, 2).T
    return _Column(tuple(known), tuple(known.values()), entry.copy(), value.copy())


def _expanded(name: str, values: Sequence[str], known: Mapping[str, Text]) -> Iterator[str]:
    """Values that an entry counts in: every sector where it serves all."""
    yield from known if name == "sectors" and ALL in values else values


def _known(
    name: str, stated: Sequence[Sequence[str]], records: Sequence[Record], vocabularies: Vocabularies
) -> dict[str, Text]:
    """Values of a facet with their titles, in order: the vocabulary's, then what else occurs."""
    occurring = sorted({value for values in stated for value in values})
    if name == "kind":
        return {kind: titles(KIND_TITLES[kind]) for kind in KINDS}
    if name == "is_open_source":
        return {answer: titles(message) for answer, message in _ANSWERS.items()}
    if name == "principles":
        principles = sorted((r for r in records if r.kind == "principle"), key=lambda r: r.fields.get("number", 0))
        known: dict[str, Text] = {record.record_id: record.title for record in principles}
    elif name in ("countries", "origin", "languages"):
        named = language_title if name == "languages" else country_title
        by_title = sorted(occurring, key=lambda value: (named(value).get("en", "\uffff"), value))
        known = {value: named(value) for value in by_title if named(value)}
    else:
        known = {value_id: value.title for value_id, value in vocabularies.get(VOCABULARY.get(name, name), {}).items()}
    rest = {value: _other_title(value) for value in occurring if value not in known}
    return known | rest


def _other_title(value: str) -> Text:
    messages = {UNKNOWN: later("Unknown"), INTERNATIONAL: later("International")}
    return titles(messages[value]) if value in messages else {"en": value}


def _year(record: Record) -> int:
    developed = record.fields.get("developed")
    if isinstance(developed, int):
        return developed
    named = _YEAR.findall(str(record.fields.get("years", "")))
    return max(map(int, named), default=-1)


def _short(given: object) -> str:
    return str(given)[:40]


def _unknown_value(name: str, value: object, column: _Column) -> str:
    near = get_close_matches(str(value)[:80], column.value_ids, n=3) or column.value_ids[:12]
    message = _("{name} has no value {value}. Did you mean: {known}?")
    return message.format(name=_short(name), value=_short(value), known=", ".join(near))
