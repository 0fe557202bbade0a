"""Is what a study says of money and plans sound? Each check finds its own faults, and all are told at once."""

from __future__ import annotations

import dataclasses
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import headwater as hw
from headwater import cli
from headwater.errors import Fault
from headwater.journey import validate
from headwater.journey.validate_plan import PLAN_CHECKS, _values
from headwater.schema import parse
from headwater.settings import Future, StudyHeader
from headwater.store.studies import read_header, read_tables

Tables = dict[str, pd.DataFrame]


@pytest.fixture(scope="module")
def read(root: Path) -> tuple[StudyHeader, Tables]:
    folder = root / "tests" / "toytown" / "study"
    header = read_header(folder)
    return header, read_tables(folder, header)[0]


def rows(name: str, *given: dict[str, Any]) -> pd.DataFrame:
    """Rows of an input table, what is not given blank."""
    written = pd.DataFrame([{"source_id": "toytown"} | row for row in given], dtype="object")
    table, found = parse(written.map(lambda value: None if value is None else str(value)), name)
    assert found == []
    return table


FLOW = {"flow_id": "f", "option_id": "wall_pump", "item": "revenue", "amount": 1.0, "unit": "USD", "from_age_yr": 1}
LOAN = {"funding_id": "bank", "name": "Bank", "instrument": "budget", "share": 0.7}
RISK = {
    "risk_id": "overrun", "name": "Overrun", "kind": "cost", "probability": 0.5, "per": "life", "impact": 0.2,
    "unit": "USD/capital",
}  # fmt: skip
RULE = {"rule_id": "some", "name": "some", "rule": "at_least", "item": "options", "amount": 1.0}
CAPITAL = {"variable": "factor.capital", "name": "Works", "distribution": "uniform", "low": 0.8, "high": 1.5}

Case = tuple[dict[str, pd.DataFrame], dict[str, Any], list[tuple[str, int | None, str]]]
CAUGHT: dict[str, list[Case]] = {
    "options that plans choose from have a cost": [],
    "flows belong to something and can be valued": [
        ({"flows": rows("flows", FLOW | {"option_id": None})}, {}, [("flows", 2, "option_id")]),
        ({"flows": rows("flows", FLOW, FLOW | {"flow_id": "g", "unit": "unit"})}, {}, [("flows", 3, "value_item")]),
        ({"flows": rows("flows", FLOW | {"amount_low": 2.0})}, {}, [("flows", 2, "amount")]),
    ],
    "funding pays no investment twice": [
        ({"funding": rows("funding", LOAN, LOAN | {"funding_id": "b"})}, {}, [("funding", None, "share")]),
        ({"funding": rows("funding", LOAN | {"instrument": "commercial_loan"})}, {}, [("funding", 2, "interest_rate")]),
    ],
    "risks have a probability, a cost and somebody to bear them": [
        ({"risks": rows("risks", RISK)}, {}, [("risk", 2, "risk_id")]),
    ],
    "uncertainties can be drawn": [
        ({"uncertainties": rows("uncertainties", CAPITAL | {"low": 2.0})}, {}, [("uncertainties", 2, "low")]),
        ({"uncertainties": rows("uncertainties", CAPITAL | {"variable": "weather"})}, {},
         [("uncertainties", 2, "variable")]),
    ],
    "rules count what options have": [
        ({"plan_rules": rows("plan_rules", RULE, RULE | {"rule_id": "b", "item": "happiness"})}, {},
         [("plan_rules", 3, "item")]),
        ({"plan_rules": rows("plan_rules", RULE | {"column": "colour", "value": "red"})}, {},
         [("plan_rules", 2, "column")]),
    ],
    "objectives that are traded off are values that options have": [
        ({}, {"trade_off": ("npv_usd", "happiness")}, [("study.toml", None, "objectives.trade_off")]),
    ],
    "futures change lines that there are": [
        ({}, {"futures": (Future("a", {}), Future("b", {}, factors={"luck": 2.0}))},
         [("study.toml", None, "futures[1].factors")]),
    ],
}  # fmt: skip
"""For each check: tables and fields of the header that spoil the study, and the place that must be named."""


def test_every_check_is_tried() -> None:
    assert set(CAUGHT) == set(PLAN_CHECKS)


@pytest.mark.parametrize(("tables", "header", "places"), [case for cases in CAUGHT.values() for case in cases])
def test_check_names_the_place_of_the_fault(
    read: tuple[StudyHeader, Tables], tables: Tables, header: dict[str, Any], places: list[tuple[str, int | None, str]]
) -> None:
    found = validate.study_faults(read[1] | tables, dataclasses.replace(read[0], **header))
    assert len(found) >= len(places)
    for file, row, column in places:
        assert any(f.file.startswith(file) and f.row == row and f.column == column for f in found), found
    assert all(fault.problem and fault.remedy for fault in found)


def without_a_cost(tables: Tables) -> Tables:
    options = tables["options"]
    return tables | {"options": options.assign(initial_cost_usd=options["initial_cost_usd"].mask(options.index == 1))}


def test_option_without_a_cost_is_a_fault_where_there_are_budgets(read: tuple[StudyHeader, Tables]) -> None:
    (fault,) = validate.study_faults(without_a_cost(read[1]), read[0])
    assert (fault.file, fault.row, fault.column) == ("options", 3, "initial_cost_usd")
    assert fault.value == read[1]["options"]["option_id"].iloc[1]
    assert validate.study_faults(without_a_cost(read[1]), dataclasses.replace(read[0], budgets=())) == []


def test_sound_flows_funding_rules_and_futures_are_let_be(read: tuple[StudyHeader, Tables]) -> None:
    bearer = {"risk_id": "overrun", "party": "government", "cost_factor": 1.0, "is_now": True}
    tables = read[1] | {
        "flows": rows("flows", FLOW), "funding": rows("funding", LOAN), "plan_rules": rows("plan_rules", RULE),
        "risks": rows("risks", RISK), "risk_bearers": rows("risk_bearers", bearer),
        "uncertainties": rows("uncertainties", CAPITAL),
    }  # fmt: skip
    header = dataclasses.replace(
        read[0], trade_off=("npv_usd", "initial_cost_usd"), futures=(Future("dear", {}, factors={"capital": 2.0}),)
    )
    assert validate.study_faults(tables, header) == []


def test_all_faults_of_money_and_plans_come_at_once(read: tuple[StudyHeader, Tables]) -> None:
    """One study with every fault; prerequisites in a circle too."""
    spoiled = without_a_cost(read[1])
    options = spoiled["options"].copy()
    one, other = options["option_id"].iloc[2:4]
    options["requires_option_id"] = options["option_id"].map({one: other, other: one}).astype("object")
    spoiled = spoiled | {"options": options}
    header, wanted = read[0], [("options", 3, "initial_cost_usd"), ("options", 4, "requires_option_id")]
    for cases in CAUGHT.values():
        for tables, fields, places in cases[-1:]:
            spoiled, header = spoiled | tables, dataclasses.replace(header, **fields)
            wanted += places
    found: list[Fault] = validate.study_faults(spoiled, header)
    for file, row, column in wanted:
        assert any(f.file.startswith(file) and f.row == row and f.column == column for f in found), (file, column)


@pytest.mark.parametrize(
    ("name", "row", "column", "value"),
    [
        ("flows", FLOW, "pays", "the moon"), ("flows", FLOW, "item", "happiness"), ("risks", RISK, "probability", 1.5),
        ("risks", RISK, "probability", -0.1), ("funding", LOAN, "share", 1.2), ("funding", LOAN, "instrument", "magic"),
        ("plan_rules", RULE, "rule", "perhaps"), ("uncertainties", CAPITAL, "distribution", "normal"),
    ],
)  # fmt: skip
def test_values_that_a_column_cannot_have(
    read: tuple[StudyHeader, Tables], name: str, row: dict[str, Any], column: str, value: object
) -> None:
    (fault,) = validate.study_faults(read[1] | {name: rows(name, row | {column: value})}, read[0])
    assert (fault.file, fault.row, fault.column) == (name, 2, column)


# --- through the command line -------------------------------------------------------------------------------------


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    for console in (cli.screen, cli.complaints):
        monkeypatch.setattr(console, "_width", 400)

    def run(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["headwater", *map(str, words)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as stopped:
            cli.main()
        return int(stopped.value.code or 0), *capsys.readouterr()

    return run


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()}


def test_rule_that_no_budget_can_keep_is_told_with_what_would_do_and_leaves_earlier_results(
    toy_study: Path, toy_out: Path, typed: Callable[..., tuple[int, str, str]]
) -> None:
    """Six raised roads for USD 450,000: the message names the rule, the budget and the least that would do."""
    before = files(toy_out)
    rule = RULE | {"name": "six raised roads", "column": "measure_id", "value": "raise_road", "amount": 3.0}
    rows("plan_rules", rule).to_csv(toy_study / "plan_rules.csv", index=False)
    code, out, err = typed("plan", toy_study, "--out", toy_out)
    assert code == hw.errors.exit_code(hw.errors.Infeasible([])) != 0
    assert "six raised roads" in err
    assert "budget" in err
    assert len(err.strip().splitlines()) >= 2, err  # the conflict, and what would have to change
    assert "Traceback" not in err + out
    after = files(toy_out)
    assert {name: after[name] for name in before} == before


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("value = 0.0\n", "value = -1.5\n", "discount_rate"),
        ("value = 0.0\n", "value = -1\n", "discount_rate"),
        ("amount_usd = 450000", "amount_usd = -1", "budgets[0].amount_usd"),
        ("[objectives]", "[timing]\nstart_years = [2030, 2025]\n\n[objectives]", "timing.start_years"),
        ("[objectives]", "[timing]\nstart_years = [2125]\n\n[objectives]", "timing.start_years"),
        ('maximise = "npv_usd"', 'maximise = "npv_usd"\ntrade_off = ["npv_usd"]', "objectives.trade_off"),
        ("amount_usd = 450000", "amount_usd = 450000\namounts_usd = [1, 2]", "budgets[0].amounts_usd"),
        ("[objectives]", '[[futures]]\nid = "a"\nprobability = 0.4\n\n[objectives]', "futures"),
        ("[objectives]", '[[futures]]\nid = "a"\nbound = "odd"\n\n[objectives]', "futures[0].bound"),
    ],
)  # fmt: skip
def test_header_that_cannot_be_planned_for_is_refused(
    toy_study: Path, typed: Callable[..., tuple[int, str, str]], old: str, new: str, named: str
) -> None:
    path = toy_study / "study.toml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    code, out, err = typed("check", toy_study)
    assert code == 2
    assert named in err
    assert "Traceback" not in err + out


def test_copy_of_the_study_is_sound(toy_study: Path, tmp_path: Path) -> None:
    shutil.copytree(toy_study, tmp_path / "again")
    assert hw.check_study(tmp_path / "again")[0] == []


def test_a_rule_names_values_that_options_have_or_get_from_their_measure() -> None:
    options = pd.DataFrame({"option_id": ["a", "b"], "sector": ["water", "energy"], "region": ["North", None]})
    measures = pd.DataFrame({"measure_id": ["drain"], "applies_to_sector": ["transport"]})
    both = {"options": options, "measures": measures}
    assert _values(both, "sector") == {"water", "energy", "transport"}
    assert _values(both, "region") == set()  # what options of measures have is not known here
    assert _values(both | {"measures": measures.iloc[:0]}, "region") == {"North"}
