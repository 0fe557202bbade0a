"""Who gains and who pays: by hand, and what always cancels."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.appraisal.incidence import equity_weights, incidence
from headwater.appraisal.parties import ITEMS, PARTIES
from headwater.errors import AssumptionError, TableError
from headwater.schema import empty, faults

COLUMNS = ["item", "pays", "gains", "group", "is_cash", "year", "amount_usd"]
GROUPS = pd.DataFrame(
    {"group": ["poor", "rich"], "name": ["Poor", "Rich"], "income_usd_per_yr": [500.0, 1500.0], "source_id": "s"}
)
RATE = {"base_year": 2025, "discount_rate": 0.25}


def table(*rows: tuple[object, ...]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=COLUMNS).assign(plan_id="plan")


def net(result: pd.DataFrame) -> dict[tuple[str, str], float]:
    return {(r.party, r.group): r.net_pv_usd for r in result.itertuples()}


def test_a_road_by_hand() -> None:
    rows = table(
        ("capital", "government", "contractors", "", True, 2025, -100.0),
        ("time_saved", "", "users", "poor", False, 2026, 50.0),
        ("revenue", "users", "operator", "poor", True, 2026, 25.0),
        ("emissions", "communities", "", "", False, 2025, -3.0),
        ("ecosystem_services", "", "nature", "", False, 2026, -10.0),
    )
    result = incidence(rows, **RATE)
    assert faults(result, "incidence") == []
    assert net(result) == pytest.approx({
        ("communities", ""): -3, ("contractors", ""): 100, ("government", ""): -100, ("nature", ""): -8,
        ("operator", ""): 20, ("users", "poor"): 20,
    })  # fmt: skip
    users = result.set_index("party").loc["users"]
    assert users[["gain_pv_usd", "cost_pv_usd"]].tolist() == [40, 20]
    assert result["weighted_net_pv_usd"].isna().all()


def test_a_saving_is_handed_back() -> None:
    """Maintenance that is not needed: the government keeps it, and the contractors go without."""
    rows = table(("maintenance", "government", "contractors", "", True, 2025, 10.0))
    assert net(incidence(rows, **RATE)) == {("contractors", ""): -10, ("government", ""): 10}
    lost = table(("revenue", "users", "operator", "", True, 2025, -10.0))
    assert net(incidence(lost, **RATE)) == {("operator", ""): -10, ("users", ""): 10}


def test_a_group_is_of_people_not_of_those_they_deal_with() -> None:
    rows = table(("revenue", "users", "operator", "poor", True, 2025, 10.0),
                 ("tax", "operator", "government", "poor", True, 2025, -2.0))  # fmt: skip
    assert net(incidence(rows, **RATE)) == {
        ("government", "poor"): 2, ("operator", ""): 10, ("operator", "poor"): -2, ("users", "poor"): -10
    }  # fmt: skip


def test_weights_by_hand() -> None:
    assert equity_weights(GROUPS, elasticity=1.3).tolist() == pytest.approx([2**1.3, (2 / 3) ** 1.3])
    rows = table(("time_saved", "", "users", "poor", False, 2025, 10.0),
                 ("revenue", "users", "operator", "rich", True, 2025, 6.0))  # fmt: skip
    result = incidence(rows, **RATE, groups=GROUPS, elasticity=1.0).set_index(["party", "group"])
    assert result["weighted_net_pv_usd"].to_dict() == pytest.approx(
        {("operator", ""): 6, ("users", "poor"): 20, ("users", "rich"): -4}
    )


def test_published_weight() -> None:
    """A pound to somebody with half the income is worth twice as much at an elasticity of 1 (Green Book, A3.13)."""
    incomes = pd.DataFrame({"group": ["a", "b"], "income_usd_per_yr": [20_000.0, 40_000.0]})
    weight = equity_weights(incomes, elasticity=1.0)
    assert weight["a"] / weight["b"] == pytest.approx(2)


def test_bad_input_is_refused() -> None:
    rows = table(("time_saved", "", "users", "poor", False, 2025, 10.0))
    with pytest.raises(AssumptionError, match="income of poor"):
        incidence(rows, **RATE, elasticity=1.3)
    with pytest.raises(AssumptionError, match="equity_elasticity is -1"):
        incidence(rows, **RATE, groups=GROUPS, elasticity=-1.0)
    with pytest.raises(AssumptionError, match="falls in 2025, before the base year 2026"):
        incidence(rows, base_year=2026, discount_rate=0.1)
    with pytest.raises(TableError, match="the moon"):
        incidence(rows.assign(gains="the moon"), **RATE)
    assert incidence(empty("cash_flows"), **RATE).empty


# --- laws -------------------------------------------------------------------------------------------------------

lines = st.lists(
    st.tuples(
        st.sampled_from(ITEMS), st.sampled_from(["", *PARTIES]), st.sampled_from(["", *PARTIES]),
        st.sampled_from(["", "poor", "rich"]), st.booleans(), st.integers(2025, 2060), st.floats(-1e6, 1e6),
    ),
    min_size=1, max_size=12,
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(lines)
def test_what_changes_hands_cancels(rows: list[tuple[object, ...]]) -> None:
    """All parties together have the lines that name one side; weights at elasticity 0 change nothing."""
    flows = table(*rows)
    result = incidence(flows, **RATE, groups=GROUPS, elasticity=0.0)
    one_side = (flows["pays"] == "") != (flows["gains"] == "")
    worth = flows["amount_usd"] * 1.25 ** -(flows["year"] - 2025.0)
    size = float(worth.abs().sum()) + 1.0
    assert result["net_pv_usd"].sum() == pytest.approx(worth[one_side].sum(), abs=1e-9 * size)
    assert result["weighted_net_pv_usd"].tolist() == result["net_pv_usd"].tolist()
    assert (result[["gain_pv_usd", "cost_pv_usd"]] >= 0).all(axis=None)


@settings(max_examples=30, deadline=None)
@given(lines, st.integers(0, 2**32 - 1))
def test_row_order_and_the_split_of_a_line_are_irrelevant(rows: list[tuple[object, ...]], seed: int) -> None:
    flows = table(*rows)
    turned = flows.sample(frac=1, random_state=seed)
    halves = pd.concat([flows.assign(amount_usd=flows["amount_usd"] * share) for share in (-0.5, 1.5)])
    expected = incidence(flows, **RATE)
    for other in (turned, halves):
        result = incidence(other, **RATE)
        assert result[["party", "group"]].equals(expected[["party", "group"]])
        assert np.allclose(result["net_pv_usd"], expected["net_pv_usd"], rtol=1e-9, atol=1e-3)
