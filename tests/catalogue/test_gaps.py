"""The map and its gaps: counts that can be checked by eye, and rules that hold for any tools."""

from __future__ import annotations

import csv
import io
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.catalogue.toolbox import by_key, case, tool, vocabularies

from headwater.catalogue import shares
from headwater.catalogue.coverage import FACETS, NONE, Matrix, coverage, matrix
from headwater.catalogue.gaps import GapReport, gap_report, rank_gaps, to_rows
from headwater.errors import InputError
from headwater.words import speaking

SIX = by_key(
    tool("grid", phases=["strategic-planning", "construction"], dimensions=["climate"], developed=2010),
    tool("pipes", sectors=["water"], dimensions=["climate", "economy"], scales=["project"], developed=2010),
    tool("carbon", phases=["construction"], dimensions=["climate"], scales=["project"], themes=["climate-change"]),
    tool("nature", sectors=["nature", "water"], dimensions=["biodiversity", "inclusion"], themes=["biodiversity"]),
    tool(
        "bond", sectors=["all"], phases=["finance"], dimensions=["economy"], finance_view=["quantity"],
        developed="unknown",
    ),
    tool("value", sectors=["all"], types=["valuation"], dimensions=[], finance_view=["quantity", "quality"]),
)  # fmt: skip


def report(records: Any = SIX) -> GapReport:
    return gap_report(records, vocabularies())


def at(table: Matrix, row: str, column: str) -> tuple[str, ...]:
    return table.keys[table.row_ids.index(row)][table.column_ids.index(column)]


def counted(found: tuple[shares.Share, ...]) -> dict[str, tuple[int, int]]:
    return {one.name: (one.count, one.of) for one in found}


# --- counts -------------------------------------------------------------------------------------------------------


def test_coverage_counts_tools_made_for_a_sector_and_general_ones_apart() -> None:
    found = coverage(SIX, vocabularies())
    assert found.specific.shape == (11, 9, 8, 8)
    assert found.general.shape == (11, 8, 8)
    phase, theme, kind = found.phases.index, found.themes.index, found.types.index("modelling-tools")
    assert found.specific[phase("construction"), found.sectors.index("energy"), theme("climate-change"), kind] == 1
    assert found.specific[phase("construction"), found.sectors.index("energy"), theme(NONE), kind] == 1
    assert found.specific[phase("strategic-planning"), found.sectors.index("water"), theme("biodiversity"), kind] == 1
    assert found.specific.sum() == 2 + 1 + 1 + 2
    assert found.general.sum() == 2


def test_a_matrix_of_two_fields_names_the_tools_behind_each_count() -> None:
    found = matrix(SIX, vocabularies(), "phases", "sectors")
    assert at(found, "construction", "energy") == ("tool/carbon", "tool/grid")
    assert at(found, "strategic-planning", "water") == ("tool/nature", "tool/pipes")
    assert at(found, "finance", "energy") == ()
    assert "all" not in found.column_ids
    assert found.general is not None
    assert found.general_keys[found.row_ids.index("finance")] == ("tool/bond",)
    assert found.counts.sum() == 2 + 1 + 1 + 2


def test_without_sectors_every_tool_counts() -> None:
    found = matrix(SIX, vocabularies(), "types", "phases")
    assert found.general is None
    assert at(found, "modelling-tools", "finance") == ("tool/bond",)
    assert found.counts.sum() == 7


def test_tools_that_give_nothing_have_a_place_of_their_own() -> None:
    found = matrix(SIX, vocabularies(), "dimensions", "themes")
    assert at(found, NONE, NONE) == ("tool/value",)
    assert found.row_titles[found.row_ids.index(NONE)] == "none given"
    found = matrix(by_key(tool("a", cost="unknown")), vocabularies(), "cost", "skills")
    assert at(found, "unknown", "basic") == ("tool/a",)


@pytest.mark.parametrize(("rows", "columns"), [("phases", "phases"), ("phases", "title"), ("colour", "types")])
def test_other_fields_are_refused(rows: str, columns: str) -> None:
    with pytest.raises(InputError, match=r"two different fields|cannot be counted by"):
        matrix(SIX, vocabularies(), rows, columns)


def test_upstream_and_downstream() -> None:
    found = report()
    assert counted(found.stages) == {"upstream": (3, 6), "both": (1, 6), "downstream": (2, 6)}
    assert (found.placements.count, found.placements.of) == (4, 7)
    assert counted(found.scales) == {
        "upstream-project": (1, 4), "upstream-system": (3, 4), "downstream-project": (1, 2),
        "downstream-system": (1, 2), "project": (2, 6),
    }  # fmt: skip
    assert found.stages[2].keys == ("tool/bond", "tool/carbon")
    assert counted(found.early) == {"before": (4, 6), "before-system": (3, 4), "after": (2, 6), "after-system": (1, 2)}


def test_narrowness() -> None:
    found = report()
    assert counted(found.dimensions)["climate"] == (3, 6)
    assert counted(found.dimensions)["pollution"] == (0, 6)
    narrow = counted(found.narrowness)
    assert narrow["climate-only"] == (2, 6)
    assert narrow["one-only"] == (3, 6)
    assert narrow["climate-narrow"] == (3, 6)
    assert narrow["climate-economy"] == (1, 3)
    assert found.mean_dimensions == pytest.approx((1 + 2 + 1 + 2 + 1 + 0) / 6)


def test_finance() -> None:
    assert counted(report().finance) == {"quantity": (1, 2), "both": (1, 2), "quality": (0, 2), "about-money": (2, 6)}


def test_years() -> None:
    found = report()
    assert [(year.year, year.count, year.upstream) for year in found.years] == [(2010, 2, 2), (2020, 3, 2)]
    assert found.unknown_years.keys == ("tool/bond",)


# --- gaps ---------------------------------------------------------------------------------------------------------


def test_gaps_are_ranked_by_how_far_they_fall_short() -> None:
    energy = [tool(f"e{i}", phases=["strategic-planning"]) for i in range(8)]
    energy += [tool(f"f{i}", phases=["finance"]) for i in range(4)]
    water = [tool(f"w{i}", sectors=["water"], phases=["strategic-planning"]) for i in range(4)]
    records = by_key(*energy, *water, tool("g", sectors=["all"], phases=["finance"]))
    found = [gap for gap in rank_gaps(matrix(records, vocabularies(), "phases", "sectors")) if gap.rule != "empty"]
    (gap,) = found  # finance x water: 4 x 4 of 16 expected, none there
    assert (gap.row, gap.column, gap.rule, gap.count, gap.general) == ("finance", "water", "none", 0, 1)
    assert gap.expected == pytest.approx(1)
    assert gap.words.endswith("no tool, where 1.0 would be expected; general tools that serve it: 1; small numbers")


def test_whole_sectors_without_a_tool_come_first() -> None:
    found = report().gaps
    empty = [gap for gap in found if gap.rule == "empty"]
    assert found[: len(empty)] == tuple(empty)
    assert {gap.column for gap in empty if gap.column} == {
        "urban-planning", "transport", "waste", "buildings", "digital", "social",
    }  # fmt: skip
    digital = next(gap for gap in empty if gap.column == "digital")
    assert digital.general_keys == ("tool/bond", "tool/value")
    assert digital.words == "Digital: no tool is made for it at all; general tools that serve it: 2; small numbers"


def table_of(counts: list[list[int]]) -> Matrix:
    made = np.array(counts)
    keys = tuple(tuple(tuple(f"tool/{i}" for i in range(n)) for n in row) for row in counts)
    rows, columns = tuple(f"r{i}" for i in range(made.shape[0])), tuple(f"c{i}" for i in range(made.shape[1]))
    return Matrix("phases", "types", rows, columns, rows, columns, made, None, keys, ())


def test_each_rule() -> None:
    gaps = rank_gaps(table_of([[20, 20, 2], [10, 10, 12], [0, 5, 1]]))
    assert {(gap.row, gap.column): gap.rule for gap in gaps} == {("r0", "c2"): "few", ("r2", "c0"): "none"}
    assert gaps[0].expected == pytest.approx(42 * 15 / 80)
    assert gaps[0].words == "r0 × c2: 2 tools, where 7.9 would be expected"
    assert not gaps[0].is_small
    assert gaps[1].is_small


def test_independent_counts_have_no_gaps() -> None:
    assert rank_gaps(table_of([[4, 8], [8, 16]])) == ()


def test_none_given_is_no_gap() -> None:
    found = rank_gaps(matrix(SIX, vocabularies(), "sectors", "themes"))
    assert NONE not in {name for gap in found for name in (gap.row, gap.column)}


# --- the report ---------------------------------------------------------------------------------------------------


def test_the_three_gaps_have_figures_and_a_caution() -> None:
    found = report()
    assert [one.name for one in found.findings] == ["upstream", "narrow", "quantity"]
    assert found.findings[0].reading.startswith(
        "Tools here that serve a phase before there is a project: 4 of 6; that come in once there is one: 2 of 6. "
        "Of the first, 3 of 4 can look at a system"
    )
    assert "1.2 sides" in found.findings[1].reading
    assert found.findings[2].reading == (
        "Tools about money here: 2. They look at how much alone: 1; at what it buys alone: 0; at both: 1."
    )
    assert "catalogue of 6 tools" in found.caution


def test_every_figure_can_be_traced() -> None:
    found = report()
    for one in (*found.stages, *found.scales, *found.dimensions, *found.narrowness, *found.finance):
        assert len(one.keys) == one.count
        assert set(one.keys) <= set(SIX)
    for table in found.matrices.values():
        assert [[len(keys) for keys in row] for row in table.keys] == table.counts.tolist()


def test_rows_for_a_file_hold_everything_in_plain_values() -> None:
    rows = to_rows(report())
    columns = ["table", "row", "column", "tools", "general", "of", "expected", "share", "keys"]
    assert all(list(row) == columns for row in rows)
    assert {row["table"] for row in rows} >= {"phases x sectors", "stages", "dimensions", "finance", "years", "gaps"}
    file = io.StringIO()
    csv.DictWriter(file, columns).writerows(rows)
    energy = next(
        r for r in rows if (r["table"], r["row"], r["column"]) == ("phases x sectors", "construction", "energy")
    )
    assert (energy["tools"], energy["general"], energy["keys"]) == (2, 0, "tool/carbon tool/grid")


def test_an_empty_catalogue_has_a_map_too() -> None:
    found = report({})
    assert found.tools == 0
    assert math.isnan(found.mean_dimensions)
    assert all(gap.rule == "empty" for gap in found.gaps)
    assert to_rows(found)


def test_in_chinese() -> None:
    with speaking("zh"):
        found = report()
        words = [found.rule, found.caution, *(gap.words for gap in found.gaps), *(one.title for one in found.stages)]
        words += [text for one in found.findings for text in (one.title, one.report, one.reading)]
        assert all(any("一" <= letter <= "龥" for letter in text) for text in words)
        assert not any(english in text for text in words for english in ("tool", "expected", "general"))


# --- whatever the tools -------------------------------------------------------------------------------------------


def some(name: str, least: int = 0) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(list(vocabularies()[name])), min_size=least, max_size=3, unique=True)


TOOLS = st.lists(
    st.fixed_dictionaries(
        {name: some(name) for name in ("types", "sectors", "phases", "themes", "dimensions", "scales")}
    ),
    max_size=6,
).map(lambda many: [tool(f"t{i}", **fields) for i, fields in enumerate(many)])


def numbers(records: Any, rows: str, columns: str) -> dict[tuple[str, str], int]:
    """Counts of a matrix by its values, those that are zero left out."""
    table = matrix(records, vocabularies(), rows, columns)
    found = {(r, c): len(table.keys[i][j]) for i, r in enumerate(table.row_ids) for j, c in enumerate(table.column_ids)}
    ids = table.row_ids if columns == "sectors" else table.column_ids
    found |= {("all", value): len(keys) for value, keys in zip(ids, table.general_keys, strict=False)}
    return {place: count for place, count in found.items() if count}


@given(TOOLS, st.sampled_from(FACETS), st.sampled_from(FACETS))
def test_adding_a_tool_never_lowers_a_count(tools: Any, rows: str, columns: str) -> None:
    if rows == columns or not tools:
        return
    before, after = numbers(by_key(*tools[1:]), rows, columns), numbers(by_key(*tools), rows, columns)
    assert all(after.get(place, 0) >= count for place, count in before.items())
    fewer, more = coverage(by_key(*tools[1:]), vocabularies()), coverage(by_key(*tools), vocabularies())
    assert (more.specific >= fewer.specific).all()
    assert (more.general >= fewer.general).all()


@given(TOOLS)
def test_two_field_counts_agree_with_the_four_field_counts(tools: Any) -> None:
    """A place of two fields is empty where and only where all its places of four fields are."""
    records = by_key(*tools)
    four, two = coverage(records, vocabularies()), matrix(records, vocabularies(), "phases", "sectors")
    typed = by_key(*(one for one in tools if one.fields["types"]))
    two = matrix(typed, vocabularies(), "phases", "sectors")
    plain = two.counts[: len(four.phases), : len(four.sectors)]
    assert ((four.specific.sum(axis=(2, 3)) > 0) == (plain > 0)).all()


@given(TOOLS, st.randoms(use_true_random=False))
def test_order_and_other_kinds_do_not_matter(tools: Any, chance: Any) -> None:
    shuffled = by_key(case("island", "t0"), *chance.sample(tools, len(tools)))
    assert to_rows(report(shuffled)) == to_rows(report(by_key(*tools)))
