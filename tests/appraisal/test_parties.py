"""Parties and lines: the words that tables may use, and those they may not."""

from __future__ import annotations

import pandas as pd
import pytest

from headwater.appraisal.parties import BENEFITS, COSTS, ITEMS, PARTIES, PEOPLE, check_parties
from headwater.errors import TableError
from headwater.schema import load_schema


def words(table: str, column: str) -> set[str]:
    return set(str(load_schema(table).at[column, "rule"]).removeprefix("one of ").split("|"))


@pytest.mark.parametrize(("table", "column"), [("flows", "pays"), ("flows", "gains"), ("unit_values", "gains")])
def test_parties_are_those_of_the_schemas(table: str, column: str) -> None:
    assert words(table, column) == set(PARTIES)


@pytest.mark.parametrize(
    ("table", "column"), [("flows", "item"), ("unit_values", "benefit"), ("case_items", "item"), ("cash_flows", "item")]
)
def test_lines_are_those_of_the_schemas(table: str, column: str) -> None:
    assert words(table, column) == set(ITEMS)


def test_every_line_is_a_cost_or_a_benefit_and_not_both() -> None:
    assert not set(COSTS) & set(BENEFITS)
    assert len(ITEMS) == len(set(ITEMS)) == 16
    assert set(PEOPLE) <= set(PARTIES)


def test_unknown_parties_are_all_named_and_blanks_are_nobody() -> None:
    table = pd.DataFrame({"pays": ["users", "", None, "mars"], "gains": ["jupiter", "nature", None, ""]})
    with pytest.raises(TableError, match="write one of users, operator, government") as caught:
        check_parties(table, "flows", ["pays", "gains"])
    assert [(f.row, f.column, f.value) for f in caught.value.faults] == [(5, "pays", "mars"), (2, "gains", "jupiter")]
    check_parties(table.iloc[1:3], "flows", ["pays", "gains"])
