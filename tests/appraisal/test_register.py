"""Risks of a plan: by hand, by law, and what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.appraisal.register import allocate, expected_contingent
from headwater.errors import AssumptionError, TableError
from headwater.schema import faults

MONEY = {"capital_usd": [100, 100, 0], "yearly_cost_usd": [0, 10, 20], "plan_id": "p"}


def risk(risk_id: str, unit: str, per: str, impact: float = 1.0, probability: float = 0.5, **more: object) -> dict:
    return {
        "risk_id": risk_id, "name": risk_id, "kind": "cost", "probability": probability, "per": per,
        "impact": impact, "unit": unit, "source_id": "s", **more,
    }  # fmt: skip


def bearer(risk_id: str, party: str, factor: float, is_now: bool | None = None) -> dict:
    return {"risk_id": risk_id, "party": party, "cost_factor": factor, "is_now": is_now, "source_id": "s"}


@pytest.mark.parametrize(
    ("unit", "per", "expected"),
    [
        ("USD", "life", 0.5),  # once, in year 0
        ("USD", "year", 0.5 * (0.8 + 0.64)),  # each year after the first investment
        ("USD/capital", "life", 0.5 * (100 + 80)),
        ("USD/capital", "year", 0.5 * (100 * 0.8 + 200 * 0.64)),
        ("USD/cost", "life", 0.5 * (8 + 12.8)),
        ("USD/cost", "year", 0.5 * (8 + 12.8)),
    ],
)
def test_each_unit_by_hand(unit: str, per: str, expected: float) -> None:
    risks = pd.DataFrame([risk("r", unit, per)])
    bearers = pd.DataFrame([bearer("r", "government", 1.0)])
    table = allocate(risks, bearers, **MONEY, discount_rate=0.25)
    assert faults(table, "risk_allocation") == []
    assert table.at[0, "expected_cost_usd"] == pytest.approx(expected)
    assert pd.isna(table.at[0, "expected_cost_usd_low"])
    assert pd.isna(table.at[0, "saving_usd"])  # nobody is marked as bearing it now


def test_the_party_with_the_least_factor_bears_it() -> None:
    risks = pd.DataFrame(
        [
            risk("b", "USD", "life", 10, impact_low=5, impact_high=40),
            risk("a", "USD", "life", 20),
            risk("c", "USD", "life"),
        ]
    )
    bearers = pd.DataFrame(
        [
            bearer("a", "users", 1.0), bearer("a", "insurers", 1.0), bearer("a", "government", 1.5, True),
            bearer("b", "operator", 0.5, True), bearer("b", "contractors", 0.5), bearer("c", "government", 2.0, True),
        ]
    )  # fmt: skip
    table = allocate(risks, bearers, **MONEY, discount_rate=0.0).set_index("risk_id")
    assert table.index.tolist() == ["a", "b", "c"]
    assert table["party"].tolist() == ["insurers", "operator", "government"]  # by name, and the one that bears it now
    assert table["party_now"].tolist() == ["government", "operator", "government"]
    assert table["allocated_cost_usd"].tolist() == [10, 2.5, 1.0]
    assert table["cost_now_usd"].tolist() == [15, 2.5, 1.0]
    assert table["saving_usd"].tolist() == [5, 0, 0]
    assert table.loc["b", ["expected_cost_usd_low", "expected_cost_usd_high"]].tolist() == [2.5, 20]
    assert expected_contingent(table) == 1.0


def test_one_number_is_paid_in_the_base_year() -> None:
    risks, bearers = pd.DataFrame([risk("r", "USD/capital", "life")]), pd.DataFrame([bearer("r", "users", 1.0)])
    table = allocate(risks, bearers, plan_id="p", capital_usd=80, yearly_cost_usd=[0, 0], discount_rate=0.25)
    assert table.at[0, "expected_cost_usd"] == 40


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(0.1, 3), min_size=1, max_size=5), st.floats(0, 1), st.floats(0, 100), st.randoms())
def test_allocation_never_costs_more_than_today(
    factors: list[float], probability: float, impact: float, random
) -> None:
    parties = ["users", "operator", "government", "insurers", "donors"][: len(factors)]
    now = random.randrange(len(factors))
    rows = [bearer("r", p, f, i == now) for i, (p, f) in enumerate(zip(parties, factors, strict=True))]
    risks = pd.DataFrame([risk("r", "USD/cost", "year", impact, probability)])
    one = allocate(risks, pd.DataFrame(rows), **MONEY, discount_rate=0.1)
    random.shuffle(rows)
    other = allocate(risks, pd.DataFrame(rows), **MONEY, discount_rate=0.1)
    pd.testing.assert_frame_equal(one, other)
    assert one.at[0, "saving_usd"] >= 0
    assert one.at[0, "allocated_cost_usd"] <= one.at[0, "expected_cost_usd"] * min(factors) + 1e-9


def test_a_plan_without_investment_has_no_risk_of_it() -> None:
    risks = pd.DataFrame([risk("a", "USD", "life"), risk("b", "USD", "year")])
    bearers = pd.DataFrame([bearer("a", "users", 1.0), bearer("b", "users", 1.0)])
    table = allocate(risks, bearers, plan_id="p", capital_usd=[0, 0], yearly_cost_usd=[0, 0], discount_rate=0.1)
    assert table["expected_cost_usd"].tolist() == [0, 0]


def test_everything_wrong_is_said_at_once() -> None:
    risks = pd.DataFrame(
        [
            risk("a", "USD", "life", probability=1.5),
            risk("alone", "USD", "life"),
            risk("c", "USD", "life", 5, impact_low=6),
        ]
    )
    bearers = pd.DataFrame(
        [
            bearer("a", "martians", 1.0), bearer("a", "users", 1.0, True), bearer("a", "donors", 1.0, True),
            bearer("unknown", "users", 1.0), bearer("c", "users", 0.0),
        ]
    )  # fmt: skip
    with pytest.raises(TableError) as caught:
        allocate(risks, bearers, **MONEY, discount_rate=0.0)
    found = {(f.file, f.row, f.column) for f in caught.value.faults}
    assert found == {
        ("risks", 2, "probability"), ("risks", 3, "risk_id"), ("risks", 4, "impact_low"),
        ("risk_bearers", 2, "party"), ("risk_bearers", 4, "is_now"), ("risk_bearers", 5, "risk_id"),
        ("risk_bearers", 6, "cost_factor"),
    }  # fmt: skip
    assert "users, operator, government, lenders" in str(caught.value)


def test_costs_of_other_years_are_refused() -> None:
    risks, bearers = pd.DataFrame([risk("r", "USD", "life")]), pd.DataFrame([bearer("r", "users", 1.0)])
    with pytest.raises(AssumptionError, match="2 years and the yearly cost 3"):
        allocate(risks, bearers, plan_id="p", capital_usd=[1, 2], yearly_cost_usd=np.zeros(3), discount_rate=0.1)
