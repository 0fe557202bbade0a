"""Counting and choosing by facets, and a choice told back in words."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

from headwater.catalogue.facets import FACETS, Facet, FacetTable, values_of
from headwater.catalogue.query import parse_query
from headwater.catalogue.readback import in_words
from headwater.catalogue.records import Record
from headwater.catalogue.vocabulary import Value
from headwater.errors import InputError
from headwater.words import speaking


def value(value_id: str, en: str, zh: str) -> Value:
    return Value(value_id, {"en": en, "zh": zh}, {}, "judgement")


VOCABULARIES = {
    "sectors": {
        "all": value("all", "All sectors", "所有部门"),
        "energy": value("energy", "Energy", "能源"),
        "water": value("water", "Water", "水"),
        "waste": value("waste", "Solid waste", "固体废物"),
    },
    "phases": {
        "strategic-planning": value("strategic-planning", "Strategic planning", "战略规划"),
        "finance": value("finance", "Finance", "融资"),
    },
}


def tool(name: str, **fields: Any) -> Record:
    return Record("tool", name, {"title": {"en": name.title()}, "summary": {"en": name}, "sources": [], **fields})


RECORDS = {
    record.key: record
    for record in (
        Record("principle", "fair", {"title": {"en": "Fairness", "zh": "公平"}, "summary": {"en": ""}, "number": 2}),
        tool("grid", sectors=["energy"], phases=["finance"], is_open_source="yes", developed=2019,
             languages=["en", "zh"]),
        tool("pipe", sectors=["water"], phases=["strategic-planning"], is_open_source="no", developed="unknown"),
        tool("both", sectors=["energy", "water"], phases=["finance", "strategic-planning"],
             is_open_source="yes", developed=2021, principles=["fair"]),
        tool("any", sectors=["all"], phases=["strategic-planning"], is_open_source="unknown", developed=2005,
             origin="GH"),
        Record("case", "dam", {"title": {"en": "Ångström dam", "zh": "坝"}, "summary": {"en": ""}, "sectors": ["water"],
                               "countries": ["GH", "MN"], "years": "1998 to 2022"}),
    )
}  # fmt: skip
TABLE = FacetTable(RECORDS, VOCABULARIES)
KEYS = list(RECORDS)


def counts(facets: tuple[Facet, ...], name: str) -> dict[str, int]:
    return next({v.value_id: v.count for v in facet.values} for facet in facets if facet.name == name)


def left(**filters: list[str]) -> list[str]:
    return [KEYS[place].partition("/")[2] for place in TABLE.filtered(TABLE.every, filters)]


# --- by hand ------------------------------------------------------------------------------------------------------


def test_counts_without_a_choice() -> None:
    facets = TABLE.facets(TABLE.every, {})
    assert [facet.name for facet in facets] == list(FACETS)
    assert counts(facets, "kind") == {"principle": 1, "tool": 4, "case": 1}
    assert counts(facets, "phases") == {"strategic-planning": 3, "finance": 2}
    assert counts(facets, "countries") == {"GH": 1, "MN": 1}
    assert counts(facets, "languages") == {"zh": 1, "en": 1}


def test_an_entry_for_all_sectors_counts_in_each_and_a_choice_of_one_shows_it() -> None:
    assert counts(TABLE.facets(TABLE.every, {}), "sectors") == {"all": 1, "energy": 3, "water": 4, "waste": 1}
    assert left(sectors=["waste"]) == ["any"]
    assert left(sectors=["energy"]) == ["grid", "both", "any"]
    assert left(sectors=["all"]) == ["any"]


def test_values_of_a_facet_widen_and_facets_narrow() -> None:
    assert left(sectors=["energy", "water"], kind=["tool"]) == ["grid", "pipe", "both", "any"]
    assert left(sectors=["energy"], phases=["finance"]) == ["grid", "both"]
    assert left(sectors=["energy"], phases=["finance"], is_open_source=["no"]) == []


def test_counts_of_a_facet_leave_its_own_choice_out() -> None:
    facets = TABLE.facets(TABLE.every, {"is_open_source": ["yes"]})
    assert counts(facets, "is_open_source") == {"yes": 2, "no": 1, "unknown": 1}
    assert counts(facets, "sectors") == {"energy": 2, "water": 1}


def test_a_chosen_value_stays_in_sight_when_nothing_has_it() -> None:
    facets = TABLE.facets(TABLE.every, {"sectors": ["waste"], "is_open_source": ["yes"]})
    sectors = next(facet for facet in facets if facet.name == "sectors")
    waste = next(v for v in sectors.values if v.value_id == "waste")
    assert (waste.count, waste.selected) == (0, True)
    assert [v.value_id for v in sectors.values] == ["energy", "water", "waste"]


def test_only_what_was_found_is_counted() -> None:
    assert counts(TABLE.facets(np.array([1, 2]), {}), "kind") == {"tool": 2}
    assert TABLE.facets(np.array([], dtype=np.int64), {})[0].values == ()


def test_facets_and_values_are_called_something_in_both_languages() -> None:
    for facet in TABLE.facets(TABLE.every, {}):
        assert set(facet.title) >= {"en", "zh"}
        assert all(v.title["en"] for v in facet.values)
    assert TABLE.title_of("countries", "MN")["zh"] == "蒙古"
    assert TABLE.title_of("languages", "zh")["en"] == "Chinese"
    assert TABLE.title_of("principles", "fair")["zh"] == "公平"


def test_everything_wrong_with_a_choice_is_told_at_once() -> None:
    with pytest.raises(InputError) as told:
        TABLE.filtered(TABLE.every, {"sectors": ["enrgy"], "'; DROP": ["x"], "phases": ["\ud800" * 999]})
    assert "energy" in str(told.value)
    assert "DROP" in str(told.value)
    assert str(told.value).count("\n") == 2
    assert len(str(told.value)) < 1_000


# --- order --------------------------------------------------------------------------------------------------------


def ordered(sort: str, language: str = "en") -> list[str]:
    order = TABLE.ordered(TABLE.every, np.array([0, 3, 1, 2, 0, 0.0]), sort, language)
    return [KEYS[place].partition("/")[2] for place in order]


def test_orders() -> None:
    assert ordered("relevance") == ["grid", "both", "pipe", "fair", "any", "dam"]
    assert ordered("title") == ["dam", "any", "both", "fair", "grid", "pipe"]  # Å is an a
    assert ordered("title", "zh")[-2:] == ["fair", "dam"]  # 公 before 坝; Latin before both
    assert ordered("newest") == ["dam", "both", "grid", "any", "pipe", "fair"]
    with pytest.raises(InputError):
        ordered("price")


# --- against counting one by one ----------------------------------------------------------------------------------


def test_counts_are_what_choosing_the_value_would_show() -> None:
    chance = random.Random(5)  # noqa: S311
    records = {}
    for number in range(300):
        record = tool(
            f"t{number}",
            sectors=chance.sample(list(VOCABULARIES["sectors"]), chance.randint(1, 2)),
            phases=chance.sample(list(VOCABULARIES["phases"]), chance.randint(0, 2)),
            is_open_source=chance.choice(["yes", "no", "unknown"]),
        )
        records[record.key] = record
    table, everything = FacetTable(records, VOCABULARIES), list(records.values())

    def has(record: Record, name: str, chosen: list[str]) -> bool:
        mine = values_of(record, name)
        return not chosen or bool({*mine} & {*chosen}) or (name == "sectors" and "all" in mine)

    for _ in range(30):
        filters = {
            "sectors": chance.sample(list(VOCABULARIES["sectors"]), chance.randint(0, 2)),
            "phases": chance.sample(list(VOCABULARIES["phases"]), chance.randint(0, 1)),
            "is_open_source": chance.sample(["yes", "no"], chance.randint(0, 1)),
        }
        found = np.array(sorted(chance.sample(range(300), 200)))
        for facet in table.facets(found, filters, ("sectors", "phases", "is_open_source")):
            for v in facet.values:
                other = filters | {facet.name: [v.value_id]}
                shown = [p for p in found if all(has(everything[p], name, chosen) for name, chosen in other.items())]
                assert v.count == len(shown) == len(table.filtered(found, other))


# --- told back ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("filters", "typed", "en", "zh"),
    [
        ({}, "", "Entries", "条目"),
        (
            {"kind": ["tool"], "sectors": ["energy", "water"], "phases": ["strategic-planning"],
             "is_open_source": ["yes"]},
            "",
            "Tools for energy or water, in strategic planning, that are open source",
            "适用于能源或水、用于战略规划阶段、开源的工具",
        ),
        ({"kind": ["tool", "case"]}, "flood", "Tools or cases, with “flood”", "工具或案例，含“flood”"),
        (
            {"countries": ["GH", "MN"]},
            "水 -drought",
            "Entries located in Ghana or Mongolia, with “水”, without “drought”",
            "位于加纳或蒙古的条目，含“水”，不含“drought”",
        ),
        ({"principles": ["fair"]}, "", "Entries on the principle “Fairness”", "体现原则“公平”的条目"),
        (
            {"sectors": ["energy", "water", "waste"]},
            "",
            "Entries for energy, water or solid waste",
            "适用于能源、水或固体废物的条目",
        ),
    ],
)  # fmt: skip
def test_a_search_is_told_back_in_words(filters: dict[str, list[str]], typed: str, en: str, zh: str) -> None:
    chosen, query = TABLE.checked(filters), parse_query(typed)
    assert in_words(TABLE, query, chosen) == en
    with speaking("zh"):
        assert in_words(TABLE, query, chosen) == zh


def test_every_facet_can_be_told_back() -> None:
    for facet in TABLE.facets(TABLE.every, {}):
        for each in facet.values:
            said = in_words(TABLE, parse_query(""), {facet.name: (each.value_id,)})
            assert "{" not in said
