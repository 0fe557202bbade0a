"""Ways of delivery: by hand, by law, and what is refused."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.appraisal.delivery import compare
from headwater.errors import TableError
from headwater.schema import empty, faults


def mode(mode_id: str, *, is_reference: bool = False, **more: object) -> dict:
    return {
        "mode_id": mode_id, "name": mode_id, "is_reference": is_reference, "capital_factor": 1.0,
        "operation_factor": 1.0, "transaction_share": 0.0, "financed_share": None, "financing_rate": None,
        "repaid_yr": None, "transfers": None, "source_id": "s", **more,
    }  # fmt: skip


RISKS = pd.DataFrame(
    {
        "plan_id": "p", "risk_id": ["demand", "overrun", "quake"], "party": "government",
        "expected_cost_usd": [10.0, 40.0, 7.0], "allocated_cost_usd": 0.0,
    }
)  # fmt: skip
BEARERS = pd.DataFrame(
    {
        "risk_id": ["demand", "overrun", "overrun", "quake"],
        "party": ["government", "government", "contractors", "insurers"],
        "cost_factor": [1.0, 1.5, 0.75, 1.0], "source_id": "s",
    }
)  # fmt: skip


def run(*modes: dict, risks: pd.DataFrame = RISKS, rate: float = 0.25, **more: object) -> pd.DataFrame:
    money = {"plan_id": "p", "capital_usd": [100, 100], "operation_usd": [0, 50], **more}
    return compare(pd.DataFrame(modes), risks, BEARERS, discount_rate=rate, **money)


def test_two_ways_by_hand() -> None:
    table = run(
        mode("public", is_reference=True),
        mode(
            "concession", capital_factor=0.5, operation_factor=0.75, transaction_share=0.1, financed_share=0.5,
            financing_rate=0.0, repaid_yr=2, transfers="overrun ;",
        ),
    )  # fmt: skip
    assert faults(table, "delivery_comparison") == []
    public, concession = table.iloc[0], table.iloc[1]
    assert public[["capital_usd", "operation_usd", "transaction_usd"]].tolist() == [180, 40, 0]
    assert public["retained_risk_usd"] == 10 + 60  # government could not bear the quake: it costs it nothing
    assert public["total_usd"] == 290
    assert public["saving_share"] == 0
    assert concession["capital_usd"] == pytest.approx(
        90 * (0.5 + 0.5 * 1.44 / 2)
    )  # half, and 1.44 of 2 without interest
    assert concession["operation_usd"] == 30
    assert concession["transaction_usd"] == pytest.approx(9)
    assert concession["retained_risk_usd"] == 10
    assert concession["transferred_risk_usd"] == 30
    assert concession["saving_share"] == pytest.approx(1 - concession["total_usd"] / 290)


@settings(max_examples=60, deadline=None)
@given(st.floats(0, 1), st.floats(0, 0.3), st.integers(1, 40), st.floats(0, 0.3))
def test_money_borrowed_at_the_discount_rate_changes_nothing(
    share: float, rate: float, years: int, other: float
) -> None:
    public = mode("public", is_reference=True)
    private = mode("private", financed_share=share, financing_rate=rate, repaid_yr=years)
    saving = run(public, private, rate=rate)["saving_share"]
    assert saving.tolist() == pytest.approx([0, 0], abs=1e-9)
    dearer = run(public, private, rate=other)["saving_share"][1]
    assert dearer * (other - rate) >= -1e-9  # a discount rate above that of the money favours paying later


def test_without_risks_or_cost() -> None:
    table = run(mode("public", is_reference=True), risks=empty("risk_allocation"), capital_usd=[0], operation_usd=[0])
    assert table["total_usd"].tolist() == [0]
    assert table["saving_share"].isna().all()


@pytest.mark.parametrize("marked", [(False, False), (True, True)])
def test_exactly_one_reference(marked: tuple[bool, bool]) -> None:
    with pytest.raises(TableError, match=f"{sum(marked)} ways of delivery are the reference"):
        run(mode("a", is_reference=marked[0]), mode("b", is_reference=marked[1]))


def test_everything_wrong_is_said_at_once() -> None:
    with pytest.raises(TableError) as caught:
        run(mode("a", financed_share=0.5, transfers="overrun;demand;flood"), mode("b"))
    said = {(f.row, f.column, f.value) for f in caught.value.faults}
    assert said == {
        (None, "is_reference", ""), (2, "financing_rate", ""), (2, "repaid_yr", ""),
        (2, "transfers", "demand"), (2, "transfers", "flood"),
    }  # fmt: skip


def test_a_broken_table_is_refused() -> None:
    with pytest.raises(TableError, match="capital_factor"):
        run(mode("a", is_reference=True, capital_factor=0.0))
