"""Two to four tools side by side."""

from __future__ import annotations

from typing import Any

import pytest
from tests.catalogue.toolbox import by_key, case, principle, said, tool, vocabularies

from headwater.catalogue.compare import Comparison, Row, compare
from headwater.errors import InputError, NotFound
from headwater.words import speaking

A = tool("a", phases=["strategic-planning", "finance"], sectors=["all"], principles=["first"], finance_view=["quality"])
B = tool("b", sectors=["energy"], skills="unknown", languages=["en", "pt"], is_open_source="no", origin="CH")
C = tool("c", use_when=[said("One"), said("Two", "paper")])
ALL = by_key(A, B, C, tool("d"), tool("e"), case("island", "a"), principle("first", 1))


def put(*names: str, **more: Any) -> Comparison:
    return compare(more.get("records", ALL), vocabularies(), names)


def row(found: Comparison, name: str) -> Row:
    return next(row for row in found.rows if row.field == name)


def test_cells_are_ready_to_be_shown() -> None:
    found = put("a", "b")
    assert [cell.words for cell in row(found, "phases").cells] == [
        ("Strategic planning", "Finance"), ("Strategic planning",),
    ]  # fmt: skip
    assert [cell.words for cell in row(found, "is_open_source").cells] == [("yes",), ("no",)]
    assert [cell.words for cell in row(found, "skills").cells] == [("Spreadsheets and forms",), ("unknown",)]
    assert [cell.words for cell in row(found, "languages").cells] == [("English",), ("English", "Portuguese")]
    assert [cell.words for cell in row(found, "origin").cells] == [("international",), ("Switzerland",)]
    assert [cell.words for cell in row(found, "principles").cells] == [("first",), ("—",)]
    assert [cell.words for cell in row(found, "cases").cells] == [("island",), ("—",)]


def test_statements_come_with_what_they_rest_on() -> None:
    cell = row(put("a", "c"), "use_when").cells[1]
    assert cell.words == ("One", "Two")
    assert cell.bases == ("judgement", "paper")


def test_rows_that_differ_are_marked_and_sentences_are_not() -> None:
    found = put("a", "b")
    assert {row.field for row in found.rows if row.differs} == {
        "phases", "sectors", "finance_view", "principles", "cases", "skills", "languages", "is_open_source", "origin",
    }  # fmt: skip
    assert not any(row.differs for row in found.rows if row.is_prose)


def test_order_of_values_is_no_difference() -> None:
    one, other = tool("x", phases=["finance", "construction"]), tool("y", phases=["construction", "finance"])
    assert not row(put("x", "y", records=by_key(one, other)), "phases").differs


def test_rows_that_nobody_fills_are_left_out() -> None:
    assert {"licence", "criteria", "themes", "next"}.isdisjoint(row.field for row in put("a", "b").rows)


def test_what_only_one_has() -> None:
    alone = {(one.key, one.field): one.words for one in put("a", "b", "c").alone}
    assert alone == {
        ("tool/a", "phases"): ("Finance",), ("tool/a", "finance_view"): ("What the money buys",),
        ("tool/a", "principles"): ("first",), ("tool/a", "cases"): ("island",), ("tool/a", "sectors"): ("All sectors",),
        ("tool/b", "languages"): ("Portuguese",),
    }  # fmt: skip


def test_a_tool_for_every_sector_has_every_sector() -> None:
    assert ("tool/b", "sectors") not in {(one.key, one.field) for one in put("a", "b").alone}


def test_names_and_keys_both_do() -> None:
    assert put("tool/a", "b") == put("a", "b")


@pytest.mark.parametrize("names", [(), ("a",), ("a", "b", "c", "d", "e")])
def test_fewer_than_two_or_more_than_four_are_refused(names: tuple[str, ...]) -> None:
    with pytest.raises(InputError, match=f"2 to 4 tools can be put side by side, not {len(names)}"):
        put(*names)


def test_twice_the_same_is_refused() -> None:
    with pytest.raises(InputError, match="tool/a is named twice"):
        put("a", "tool/a")


def test_unknown_tools_are_all_named_with_the_nearest() -> None:
    records = by_key(tool("climada"), tool("pypsa"))
    with pytest.raises(NotFound, match=r"no tool called climda. Did you mean climada\?\n.*called island"):
        put("climda", "island", records=records)


def test_in_chinese() -> None:
    with speaking("zh"):
        found = put("a", "b")
        assert row(found, "phases").cells[1].words == ("战略规划",)
        assert row(found, "skills").cells[1].words == ("不详",)
        assert all("一" <= row.title[0] <= "龥" for row in found.rows)
