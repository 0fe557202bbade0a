"""What is printed of appraisals, plans and finance: the right rows, numbers as people read them, dashes for blanks."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from headwater.journey import digest
from headwater.schema import empty, load_schema


def table(name: str, *rows: dict) -> pd.DataFrame:
    """Rows of a table, what is not given blank."""
    return pd.DataFrame(list(rows)).reindex(columns=load_schema(name).index.tolist()).astype("object")


APPRAISED = {
    "appraisals": pd.DataFrame(
        {
            "option_id": [f"o{i:02}" for i in range(20)], "cost_pv_usd": 100.0, "benefit_pv_usd": 1e6,
            "npv_usd": [float(i) * 1000 for i in range(19)] + [np.nan], "bcr": 1.23456, "err": np.nan,
            "break_even_benefit_factor": 0.5,
        }
    ),
    "proposed_options": pd.DataFrame(
        {"option_id": [f"o{i:02}" for i in range(20)], "name": "A wall", "approach": ["nature", "grey"] * 10}
    ),
    "case_items": pd.DataFrame(
        {
            "option_id": ["o01", "o01", "o02"], "item": ["capital", "avoided_damage", "capital"], "pays": "government",
            "gains": ["contractors", "", ""], "pv_usd": [-1234567.0, 0.12345, -1.0], "pv_usd_low": np.nan,
            "pv_usd_high": np.nan,
        }
    ),
}  # fmt: skip


def test_best_options_first_and_no_more_than_fit_a_screen() -> None:
    shown = digest.appraised(APPRAISED)
    best, by_approach = shown.values()
    assert best["option"].tolist() == [f"o{i:02}" for i in range(18, 3, -1)]
    assert best.iloc[0].tolist() == ["o18", "100", "1,000,000", "18,000", 1.23, "–", 0.5] or best.iloc[0].tolist() == [
        "o18", "100", "1,000,000", "18,000", "1.23", "–", "0.5"
    ]  # fmt: skip
    assert by_approach["approach"].tolist() == ["grey", "nature"]
    assert by_approach["options"].tolist() == [10, 10]
    assert by_approach["options that pay"].tolist() == [9, 9]


def test_studies_that_do_not_tell_nature_from_grey_are_not_asked_to() -> None:
    options = APPRAISED["proposed_options"].assign(approach=None)
    assert len(digest.appraised(APPRAISED | {"proposed_options": options})) == 1


def test_one_option_line_by_line() -> None:
    lines, measures = digest.appraised(APPRAISED, "o01").values()
    assert lines["item"].tolist() == ["capital", "avoided_damage"]
    assert lines["pv_usd"].tolist() == ["-1,234,567", "0.1235"]
    assert lines["pv_usd_low"].tolist() == ["–", "–"]
    assert dict(measures.to_numpy().tolist())["npv_usd"] == "1,000"
    assert "err" not in set(measures.iloc[:, 0])


FINANCED = {
    "finance_summaries": table(
        "finance_summaries", *[{"plan_id": p, "investment_usd": 160.0, "gap_usd": 0.0} for p in ("one", "two")]
    ),
    "risk_allocation": table("risk_allocation", *[{"plan_id": p, "risk_id": "overrun"} for p in ("one", "two")]),
    "delivery_comparison": table("delivery_comparison", {"plan_id": "one", "mode_id": "public"}),
}


@pytest.mark.parametrize(
    ("plan", "headings", "rows"), [(None, 3, [2, 2, 1]), ("one", 3, [1, 1, 1]), ("two", 2, [1, 1])]
)
def test_finance_of_all_plans_or_of_one(plan: str | None, headings: int, rows: list[int]) -> None:
    shown = digest.financed(FINANCED, plan)
    assert len(shown) == headings
    assert [len(t) for t in shown.values()] == rows
    first = next(iter(shown.values()))
    assert first["investment_usd"].tolist() == ["160"] * len(first)
    assert set(first["dscr_min"]) == {"–"}


FRONT = pd.DataFrame(
    {
        "point_id": [1, 1, 2, 2], "item": ["npv_usd", "initial_cost_usd"] * 2, "value": [0.0, 0.0, 5.0, 10.0],
        "is_knee": [False, False, True, True],
    }
)  # fmt: skip
OPTIMISED = {
    "plan_summaries": table("plan_summaries", {"plan_id": "one", "spent_usd": 1e6, "gap": 0.0, "rounds": 2}),
    "plan_checks": empty("plan_checks"), "front": empty("front"), "robustness": empty("robustness"),
    "robust_options": empty("robust_options"),
}  # fmt: skip


def test_optimised_says_what_there_is() -> None:
    assert len(digest.optimised(OPTIMISED)) == 1
    more = OPTIMISED | {
        "plan_checks": table("plan_checks", {"plan_id": "one", "item": "npv_usd", "whole_plan": 5.0}), "front": FRONT,
        "robustness": table(
            "robustness", *[{"rule": r, "future_id": f, "regret": 4.0} for r in ("maximin", "wet") for f in ("a", "b")]
        ).astype({"regret": "float64"}),
        "robust_options": pd.DataFrame({"option_id": ["x", "y"], "class": ["no_regret", "contingent"]}),
    }  # fmt: skip
    plans, checks, front, regrets, classes = digest.optimised(more).values()
    assert plans["spent_usd"].tolist() == ["1,000,000"]
    assert checks["sum_of_options"].tolist() == ["–"]
    assert front["knee"].tolist() == ["", "*"]
    assert regrets["rule"].tolist() == ["maximin", "wet"]
    assert dict(classes.to_numpy().tolist()) == {"no_regret": 1, "contingent": 1}


def test_front_has_a_column_for_each_objective() -> None:
    assert list(digest.front_rows(FRONT)) == ["point", "initial_cost_usd", "npv_usd", "knee"]
