"""Tables as text: what people changed, on the version that they saw and on one that moved on."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater.sheets import Edits, differences, edited, guarded, moved, real, sheet_bytes, unguarded

COLUMNS = ["id", "x", "y"]
ROWS = [["a", "1", ""], ["b", "2", ""], ["c", "3", ""]]


def moves(edits: Edits, now: list[list[str]], columns: list[str] = COLUMNS, keys: tuple[str, ...] = ("id",)):
    return moved(COLUMNS, ROWS, edits, now_columns=columns, now_rows=now, keys=keys)


def test_edits_are_made_where_they_were_typed_and_deleted_rows_go() -> None:
    edits = Edits({(0, 1): "9", (2, 1): "7"}, frozenset({1}), [["d", "4", ""], ["", " ", ""]], ("z", "x"))
    assert edited(COLUMNS, ROWS, edits) == (
        ["id", "x", "y", "z"],
        [["a", "9", "", ""], ["c", "7", "", ""], ["d", "4", "", ""]],
    )
    assert ROWS[0] == ["a", "1", ""]


def test_what_changes_nothing_or_is_nowhere_is_left_out() -> None:
    edits = Edits({(0, 1): "1", (1, 1): "5", (2, 1): "6", (9, 0): "?", (0, 9): "?", (-1, 0): "?"}, frozenset({2, 99}))
    assert real(ROWS, edits) == Edits({(1, 1): "5"}, frozenset({2}), [], ())


def test_edits_of_both_stand_where_they_do_not_meet() -> None:
    mine, clashes = moves(Edits({(0, 1): "mine"}), [["b", "theirs", ""], ["a", "1", "theirs"], ["c", "3", ""]])
    assert (dict(mine.cells), clashes) == ({(1, 1): "mine"}, [])


def test_the_same_edit_twice_is_no_clash() -> None:
    assert moves(Edits({(0, 1): "5"}), [["a", "5", ""], *ROWS[1:]])[1] == []


def test_a_row_that_is_gone_comes_back_with_its_edit_and_is_told() -> None:
    mine, clashes = moves(Edits({(0, 1): "5"}), ROWS[1:])
    assert (list(mine.added), clashes[0].theirs) == ([["a", "5", ""]], None)


def test_deleting_what_they_changed_is_a_clash_and_what_they_deleted_none() -> None:
    mine, clashes = moves(Edits(deleted=frozenset({0})), [["a", "theirs", ""], *ROWS[1:]])
    assert (mine.deleted, [clash.mine for clash in clashes]) == (frozenset({0}), [None])
    assert moves(Edits(deleted=frozenset({0})), ROWS[1:]) == (Edits(added=[]), [])


def test_columns_that_moved_or_went_are_followed_by_name() -> None:
    mine, clashes = moves(Edits({(0, 1): "5", (0, 2): "6"}, added=[["d", "7", "8"]]), [["1", "a"]], ["x", "id"])
    assert dict(mine.cells) == {(0, 0): "5"}
    assert list(mine.added) == [["7", "d"]]
    assert [(clash.column, clash.mine, clash.theirs) for clash in clashes] == [("y", "6", None)]


def test_rows_without_a_key_are_found_by_their_text_or_place() -> None:
    twins = [["a", "1", ""], ["a", "1", ""], ["b", "2", ""]]
    edits, later = Edits({(2, 1): "5", (1, 1): "6"}), [["n", "0", ""], *twins]
    mine, _clashes = moved(COLUMNS, twins, edits, now_columns=COLUMNS, now_rows=later, keys=())
    assert mine.cells == {(3, 1): "5", (1, 1): "6"}


@given(st.lists(st.lists(st.text("ab,\"\n'", max_size=3), min_size=2, max_size=2), max_size=5))
def test_a_table_comes_back_as_it_was_written(rows: list[list[str]]) -> None:
    content = sheet_bytes([["p", "q"], *rows]).decode()
    assert list(csv.reader(io.StringIO(content, newline="")))[1:] == rows


@given(st.text("=+-@\t\r'05.e_ x", max_size=6))
def test_no_guarded_cell_is_computed_and_none_is_lost(cell: str) -> None:
    safe = guarded(cell)
    if safe.startswith(("=", "+", "-", "@", "\t", "\r")):
        assert float(safe) == float(cell), "numbers stay numbers"
    if not cell.startswith("'"):
        assert unguarded(safe) == cell


@pytest.mark.parametrize("cell", ["-5", "+5", "-1.5e-3", "-0"])
def test_numbers_stay_numbers(cell: str) -> None:
    assert guarded(cell) == cell


def test_differences_count_by_key() -> None:
    assert differences(COLUMNS, ROWS, COLUMNS, [["c", "3", ""], ["a", "9", ""]], keys=["id"]) == {
        "cells": 1, "added": 0, "deleted": 1,
    }  # fmt: skip
