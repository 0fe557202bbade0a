"""All exports of a run."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pandas as pd
import pytest
from openpyxl import load_workbook

from headwater.reports.content import ReportContent
from headwater.reports.exports import file_name, plan_ids, write_exports


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_workbook_for_every_plan_and_one_package(content: ReportContent, tmp_path: Path, language: str) -> None:
    written = write_exports(content, tmp_path / "new" / "exports", language=language)
    assert [path.name for path in written] == [
        f"plan-small.{language}.xlsx", f"plan-large.{language}.xlsx", f"projects.oc4ids.{language}.json",
    ]  # fmt: skip
    assert sorted(path.name for path in (tmp_path / "new" / "exports").iterdir()) == sorted(p.name for p in written)


def test_the_inputs_stay_as_they_were(content: ReportContent, tmp_path: Path) -> None:
    before = {name: table.copy() for name, table in content.tables.items()}
    write_exports(content, tmp_path, language="en")
    for name, table in before.items():
        pd.testing.assert_frame_equal(table, content.tables[name])


def test_a_run_without_plans_and_projects_writes_nothing(content: ReportContent, tmp_path: Path) -> None:
    assert write_exports(dataclasses.replace(content, tables={}), tmp_path, language="en") == []


def test_a_plan_without_options_has_a_workbook_all_the_same(content: ReportContent, tmp_path: Path) -> None:
    summaries = content.table("plan_summaries").assign(options=[0, 2])
    plans = content.table("plans")
    tables = {**content.tables, "plan_summaries": summaries, "plans": plans[plans["plan_id"] == "large"]}
    written = write_exports(dataclasses.replace(content, tables=tables), tmp_path, language="en")
    assert load_workbook(written[0])["Options"]["A2"].value == "The plan chooses no option."


@pytest.mark.parametrize("plan_id", ["../../up", "a/b\\c", "con:*?", "大额", "x" * 300, ".", "=1+1", " "])
def test_bad_names_of_plans_make_files_in_the_folder(content: ReportContent, tmp_path: Path, plan_id: str) -> None:
    tables = {
        name: table.replace("large", plan_id) if name in ("plans", "plan_summaries") else table
        for name, table in content.tables.items()
    }
    written = write_exports(dataclasses.replace(content, tables=tables), tmp_path / "exports", language="en")
    assert len({path.name for path in written}) == 3
    assert {path.parent for path in written} == {tmp_path / "exports"}
    assert all(path.name.isascii() and len(path.name) < 120 for path in written)
    assert [path.name for path in tmp_path.iterdir()] == ["exports"]


def test_names_that_become_alike_stay_apart() -> None:
    assert len({file_name(name) for name in ("a b", "a/b", "a-b", "大", "小", "")}) == 6


def test_plans_come_by_rising_budget(content: ReportContent) -> None:
    summaries = content.table("plan_summaries").iloc[::-1]
    mixed = dataclasses.replace(content, tables={**content.tables, "plan_summaries": summaries})
    assert plan_ids(mixed) == ["small", "large"]
    assert plan_ids(dataclasses.replace(content, tables={})) == []


def test_an_unknown_language_is_refused(content: ReportContent, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not one of"):
        write_exports(content, tmp_path, language="fr")
