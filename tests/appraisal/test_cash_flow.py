"""Money over time: by hand, by law, and against published and independent answers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq

from headwater.appraisal.cash_flow import (
    discount_factors,
    payback,
    present_value,
    profitability_index,
    rate_of_return,
)
from headwater.appraisal.cost_benefit import appraise
from headwater.appraisal.flows import by_option, whole_life
from headwater.errors import AssumptionError
from headwater.schema import empty

money = st.floats(-1e6, 1e6).map(lambda x: round(x, 2))
rates = st.floats(-0.5, 1.0)


def test_year_zero_is_not_discounted() -> None:
    assert discount_factors(3, discount_rate=0.1) == pytest.approx([1, 1 / 1.1, 1 / 1.21])
    assert discount_factors(3, discount_rate=0.0).tolist() == [1, 1, 1]


@pytest.mark.parametrize("rate", [-1.0, -2.0, float("nan")])
def test_a_rate_of_minus_100_per_cent_has_no_meaning(rate: float) -> None:
    with pytest.raises(AssumptionError, match="discount_rate"):
        discount_factors(3, discount_rate=rate)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(money, money), min_size=1, max_size=40), rates, st.floats(-3, 3))
def test_present_value_is_linear(flows: list[tuple[float, float]], rate: float, factor: float) -> None:
    one, other = np.array(flows).T
    total = present_value(one + factor * other, discount_rate=rate)
    parts = present_value(one, discount_rate=rate) + factor * present_value(other, discount_rate=rate)
    size = present_value(np.abs(one) + abs(factor) * np.abs(other), discount_rate=rate)
    assert total == pytest.approx(parts, abs=1e-12 * size + 1e-12)


@settings(max_examples=100, deadline=None)
@given(st.floats(1, 1e6), st.lists(st.floats(0, 1e6), min_size=1, max_size=60))
def test_rate_of_an_investment_zeroes_its_worth(cost: float, income: list[float]) -> None:
    assume(sum(income) > 1e-3 * cost)
    (rate,), (note,) = rate_of_return([[-cost, *income]])
    assert note == "unique"
    factors = (1 + rate) ** -np.arange(len(income) + 1)
    terms = np.array([-cost, *income]) * factors
    assert terms.sum() == pytest.approx(0, abs=1e-9 * np.abs(terms).sum())


@settings(max_examples=60, deadline=None)
@given(st.floats(5, 30), st.integers(10, 60), st.integers(2, 9), st.floats(0, 20))
def test_rate_with_maintenance_agrees_with_a_bracketing_solver(
    income: float, years: int, interval: int, maintenance: float
) -> None:
    flows = np.full(years + 1, income)
    flows[0] = -100
    flows[interval:years:interval] -= maintenance
    assume(flows.sum() > 1e-6)
    (rate,), (note,) = rate_of_return([flows])
    assume(note == "unique")
    expected = brentq(lambda r: present_value(flows, discount_rate=r), 0.0, 100.0, xtol=1e-14)
    assert rate == pytest.approx(expected, abs=1e-9)


def test_how_many_rates_there_are() -> None:
    flows = [
        [-100, 110, 0, 0],  # 10 %
        [-100, 50, 25, 0],  # loses: a negative rate
        [-100, 50, 50, 0],  # exactly 0
        [-100, -10, 0, 0],  # only costs
        [100, 10, 0, 0],  # only income
        [-100, 230, -132, 0],  # 10 % and 20 %
        [-1, 2, -1, 0],  # a double root at 0
        [1, -1, 1, 0],  # changes of sign, and no rate at all
        [0, 0, -100, 110],  # starts late: 10 %
        [0, 0, 0, 0],  # nothing
    ]
    rate, note = rate_of_return(flows)
    assert note.tolist() == [
        "unique", "unique", "unique", "none", "none", "several", "unique", "none", "unique", "none"
    ]  # fmt: skip
    by_hand = (50 + np.sqrt(50**2 + 4 * 100 * 25)) / 200 - 1
    expected = [0.1, by_hand, 0, np.nan, np.nan, np.nan, 0, np.nan, 0.1, np.nan]
    assert rate == pytest.approx(expected, abs=1e-6, nan_ok=True)


def test_missing_flow_gives_no_rate() -> None:
    rate, note = rate_of_return([[-100, np.nan]])
    assert np.isnan(rate[0])
    assert note[0] == ""


@settings(max_examples=60, deadline=None)
@given(st.sets(st.integers(1, 60), min_size=2, max_size=3))
def test_several_rates_are_seen(percents: set[int]) -> None:
    """Flows built from chosen rates: the product of (1 + rate - growth) over them."""
    assume(min(np.diff(sorted(percents))) >= 2)
    flows = -np.poly([1 + p / 100 for p in percents])
    _rate, note = rate_of_return([flows])
    assert note[0] == "several"


def test_payback_counts_whole_years() -> None:
    assert payback([[-100, 60, 40, 10], [-100, 60, 30, 5], [0, -100, 0, 100], [0, 0, 0, 0]]) == pytest.approx(
        [2, np.nan, 3, np.nan], nan_ok=True
    )


# --- the whole-life case of TEAL, a plug-in of the RAVEN framework (Apache-2.0): its gold results --------------

TAX, INFLATION, RATE, LAST = 0.392, 0.04, 0.05, 120
MACRS = np.array([5.0, 9.5, 8.55, 7.7, 6.93, 6.23, 5.9, 5.9, 5.91, 5.9, 5.91, 5.9, 5.91, 5.9, 5.91, 2.95]) / 100


@pytest.fixture
def investment() -> np.ndarray:
    """Two plants renewed every 60 and 40 years, not in the last year; depreciation shields the first from tax."""
    first = 4.51e9 * (300e6 / 1.1e9) ** 0.64
    second = 153e6 * 51e6 / 231e6
    flows = np.zeros(LAST + 1)
    flows[[0, 60]] -= first
    flows[[0, 40, 80]] -= second
    for start in (0, 60):
        year = start + 1 + np.arange(len(MACRS))
        flows[year] += first * MACRS * TAX / (1 + INFLATION) ** year
    return flows


@pytest.fixture
def revenue() -> np.ndarray:
    return np.concatenate([[0.0], np.full(LAST, (350e6 + 31.5e6) * (1 - TAX))])


def test_whole_life_case_of_teal(investment: np.ndarray, revenue: np.ndarray) -> None:
    flows = investment + revenue
    assert present_value(flows, discount_rate=RATE) == pytest.approx(2_936_276_496.6, abs=0.05)
    assert profitability_index(flows, discount_rate=RATE) == pytest.approx(1.47009853876, abs=1e-11)
    (rate,), (note,) = rate_of_return([flows])
    assert (rate, note) == (pytest.approx(0.134286080409, abs=1e-12), "unique")
    multiplier = -present_value(investment, discount_rate=RATE) / present_value(revenue, discount_rate=RATE)
    assert multiplier == pytest.approx(0.365231554964, abs=1e-12)


def test_whole_life_case_of_teal_from_tables() -> None:
    """The same case as a study would state it: an option with a lifetime, and flows of given ages."""
    first, second = 4.51e9 * (300e6 / 1.1e9) ** 0.64, 153e6 * 51e6 / 231e6
    plant = pd.DataFrame({"option_id": ["plant"], "initial_cost_usd": [first], "lifetime_yr": [60]})
    shield = pd.DataFrame(
        {
            "flow_id": [f"depreciation_{year:02}" for year in range(len(MACRS))], "item": "tax",
            "amount": first * MACRS * TAX, "from_age_yr": 1 + np.arange(len(MACRS)),
            "to_age_yr": 61 + np.arange(len(MACRS)), "every_yr": 60, "annual_growth": 1 / (1 + INFLATION) - 1,
        }
    )  # fmt: skip
    others = pd.DataFrame(
        {
            "flow_id": ["second_plant", "sales"], "item": ["capital", "revenue"],
            "amount": [-second, (350e6 + 31.5e6) * (1 - TAX)], "from_age_yr": [0, 1], "to_age_yr": [80, LAST],
            "every_yr": [40, 1],
        }
    )  # fmt: skip
    flows = pd.concat([shield, others]).assign(option_id="plant", unit="USD", source_id="teal")
    case = whole_life(plant, empty("effects"), flows, empty("unit_values"), base_year=2025, horizon_year=2025 + LAST)
    result = appraise(case, discount_rate=RATE).loc[0]
    assert result[["npv_usd", "financial_npv_usd"]].tolist() == pytest.approx([2_936_276_496.6] * 2, abs=0.05)
    assert result[["err", "frr"]].tolist() == pytest.approx([0.134286080409] * 2, abs=1e-12)
    assert result["err_note"] == "unique"
    assert result["break_even_benefit_factor"] == pytest.approx(0.365231554964, abs=1e-12)
    money = by_option(case, case.money)
    assert profitability_index(money, discount_rate=RATE) == pytest.approx(1.47009853876, abs=1e-11)
