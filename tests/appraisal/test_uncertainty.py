"""Uncertain business cases: draws, correlations, net present values, swings and shares of variance."""

from __future__ import annotations

from time import process_time
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import lognorm, spearmanr, triang

from headwater.appraisal.cash_flow import present_value
from headwater.appraisal.marginals import Marginal, business_items, check_uncertainties, marginals
from headwater.appraisal.sensitivity import (
    futures_table,
    sobol_shares,
    swings,
    switching,
    variance_shares,
    with_shares,
)
from headwater.appraisal.uncertainty import distribution, npv_samples, sample, sample_table
from headwater.errors import AssumptionError, InputError, TableError
from headwater.schema import check

ITEMS = ["capital", "maintenance", "avoided_damage"]
MONEY = np.array([[-100.0, 0, 0, 0], [0, -5.0, -5, -5], [0, 40.0, 60, 60]])
BASE: dict[str, Any] = {"discount_rate": 0.1, "benefit_growth": 0.0}


def table(*rows: dict[str, Any]) -> pd.DataFrame:
    return pd.DataFrame([{"name": row.get("variable"), "source_id": "judgement", **row} for row in rows])


def uniform(variable: str, low: float, high: float, **more: Any) -> dict[str, Any]:
    return {"variable": variable, "distribution": "uniform", "low": low, "high": high, **more}


# --- draws --------------------------------------------------------------------------------------------------------


def test_every_slice_of_equal_probability_is_drawn_once_even_with_correlation() -> None:
    pair = table(
        uniform("discount_rate", 0.0, 1.0),
        uniform("factor.capital", 0.0, 1.0, correlates_with="discount_rate", correlation=0.9),
    )
    draws = sample(pair, samples=200, seed=3)
    for column in draws:
        assert np.floor(np.sort(draws[column]) * 200).tolist() == list(range(200))


def test_marginals_are_those_of_the_table() -> None:
    unsure = table(
        {"variable": "discount_rate", "distribution": "triangular", "low": 0.02, "likely": 0.03, "high": 0.08},
        {"variable": "factor.capital", "distribution": "lognormal", "low": 0.8, "high": 1.8},
        {"variable": "factor.avoided_damage", "distribution": "samples", "sample_values": "0.5; 2;1; 1"},
    )
    draws = sample(unsure, samples=4000, seed=1)
    shares = np.linspace(0.01, 0.99, 50)
    tri = triang((0.03 - 0.02) / 0.06, loc=0.02, scale=0.06)
    assert np.quantile(draws["discount_rate"], shares) == pytest.approx(tri.ppf(shares), abs=1e-4)
    assert np.quantile(draws["factor.capital"], [0.05, 0.95]) == pytest.approx([0.8, 1.8], rel=2e-3)
    assert draws["factor.capital"].median() == pytest.approx(np.sqrt(0.8 * 1.8), rel=1e-3)
    assert draws["factor.avoided_damage"].value_counts().to_dict() == {0.5: 1000, 1.0: 2000, 2.0: 1000}


@settings(max_examples=50, deadline=None)
@given(st.floats(0.01, 5), st.floats(0, 5), st.floats(0, 5), st.floats(0.001, 0.999))
def test_quantiles_agree_with_scipy(low: float, rise: float, fall: float, share: float) -> None:
    likely, high = low + rise, low + rise + fall
    own = Marginal("triangular", low, likely, high, np.empty(0)).ppf(share)
    if high - low > 1e-6:
        assert own == pytest.approx(triang.ppf(share, min(rise / (high - low), 1.0), low, high - low), rel=1e-6)
    if fall > 1e-3:
        sigma = np.log(high / low) / (2 * 1.6448536269514722)
        expected = lognorm.ppf(share, sigma, scale=np.sqrt(low * high))
        assert Marginal("lognormal", low, np.nan, high, np.empty(0)).ppf(share) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("rank", [-1.0, -0.7, 0.0, 0.3, 0.8, 1.0])
def test_rank_correlation_is_the_one_asked_for(rank: float) -> None:
    pair = table(
        uniform("discount_rate", 0.01, 0.1),
        {
            "variable": "factor.capital", "distribution": "lognormal", "low": 0.5, "high": 3.0,
            "correlates_with": "discount_rate", "correlation": rank,
        },
    )  # fmt: skip
    draws = sample(pair, samples=2000, seed=5)
    assert spearmanr(draws.iloc[:, 0], draws.iloc[:, 1]).statistic == pytest.approx(rank, abs=0.02)


def test_two_that_move_with_a_third_move_together_through_it() -> None:
    fan = table(
        uniform("discount_rate", 0.0, 0.1),
        uniform("factor.capital", 0.5, 1.5, correlates_with="discount_rate", correlation=0.9),
        uniform("factor.maintenance", 0.5, 1.5, correlates_with="discount_rate", correlation=0.9),
        uniform("factor.tax", 0.5, 1.5),
    )
    draws = sample(fan, samples=4000, seed=5)
    normal = 2 * np.sin(np.pi * 0.9 / 6)
    expected = 6 / np.pi * np.arcsin(normal**2 / 2)
    found = draws.corr("spearman")
    assert found.loc["factor.capital", "factor.maintenance"] == pytest.approx(expected, abs=0.02)
    assert found.loc["factor.tax"].drop("factor.tax").abs().max() < 0.02


def test_draws_follow_the_seed_and_not_the_order_of_rows() -> None:
    unsure = table(
        uniform("factor.tax", 0.5, 1.5, correlates_with="factor.capital", correlation=0.5),
        uniform("discount_rate", 0.0, 0.1, correlates_with="factor.tax", correlation=-0.5),
        uniform("factor.capital", 0.5, 1.5),
    )
    before = unsure.copy()
    one = sample(unsure, samples=50, seed=2)
    pd.testing.assert_frame_equal(one, sample(unsure.iloc[::-1], samples=50, seed=2))
    assert not one.equals(sample(unsure, samples=50, seed=3))
    pd.testing.assert_frame_equal(unsure, before)


def test_text_as_a_file_has_it_is_read() -> None:
    text = table(
        uniform("discount_rate", "0.0", "0.1", correlates_with="", correlation="", likely="", samples=""),  # type: ignore[arg-type]
        uniform("factor.tax", "0.5", "1.5", correlates_with="discount_rate", correlation="0.5"),  # type: ignore[arg-type]
    )
    typed = table(
        uniform("discount_rate", 0.0, 0.1),
        uniform("factor.tax", 0.5, 1.5, correlates_with="discount_rate", correlation=0.5),
    )
    pd.testing.assert_frame_equal(sample(text, samples=20, seed=1), sample(typed, samples=20, seed=1))


def test_few_samples_and_certain_values_are_drawn_too() -> None:
    sure = table(
        uniform("discount_rate", 0.05, 0.05),
        {"variable": "factor.tax", "distribution": "triangular", "low": 1.0, "likely": 1.0, "high": 1.0},
    )
    assert sample(sure, samples=2, seed=1).to_numpy().tolist() == [[0.05, 1.0]] * 2
    with pytest.raises(AssumptionError, match="at least 2"):
        sample(sure, samples=1, seed=1)


# --- faults -------------------------------------------------------------------------------------------------------


def test_all_faults_are_named_at_once() -> None:
    bad = table(
        uniform("factor.wages", 0.5, 1.5),
        uniform("discount_rate", 0.1, 0.02),
        {"variable": "benefit_growth", "distribution": "triangular", "low": 0.0, "likely": 0.5, "high": 0.1},
        uniform("factor.capital", 0.5, np.inf),
        {"variable": "factor.tax", "distribution": "samples", "sample_values": "1; two"},
        {"variable": "factor.land", "distribution": "samples", "sample_values": "1"},
        uniform("factor.jobs", 0.5, 1.5, correlates_with="factor.health", correlation=1.5),
        uniform("factor.health", 0.5, 1.5, correlates_with="factor.jobs", correlation=0.5),
        uniform("factor.other", -0.5, 1.5, correlates_with="factor.other", correlation=0.5),
        uniform("factor.revenue", 0.5, 1.5, correlates_with="factor.residual", correlation=0.5),
        uniform("factor.emissions", 0.5, 1.5, correlates_with="discount_rate"),
        {"variable": "factor.time_saved", "distribution": "lognormal", "low": 0.0, "likely": 1.0, "high": 2.0},
        {"variable": "factor.operation", "distribution": "triangular", "low": 0.5, "high": 2.0, "correlation": 0.5},
        {"variable": "factor.renewal", "distribution": "normal", "low": 0.5, "high": 2.0},
        uniform("discount_rate", -1.0, 0.02),
    )
    with pytest.raises(TableError) as caught:
        check_uncertainties(bad)
    found = {(fault.row, fault.column) for fault in caught.value.faults}
    assert found == {
        (2, "variable"), (3, "low"), (4, "likely"), (5, "high"), (6, "sample_values"), (7, "sample_values"),
        (8, "correlation"),
        (8, "correlates_with"), (9, "correlates_with"), (10, "low"), (10, "correlates_with"), (11, "correlates_with"),
        (12, "correlation"), (13, "low"), (13, "likely"), (14, "likely"), (14, "correlation"), (15, "distribution"),
        (16, "variable"), (16, "low"),
    }  # fmt: skip


def test_missing_columns_are_faults_and_not_crashes() -> None:
    with pytest.raises(TableError, match="variable"):
        check_uncertainties(pd.DataFrame({"low": ["x"], "correlates_with": ["y"]}))


# --- worth --------------------------------------------------------------------------------------------------------


def test_the_base_value_is_the_plain_net_present_value() -> None:
    nothing = pd.DataFrame(index=range(3))
    expected = present_value(MONEY.sum(axis=0), discount_rate=0.1)
    assert npv_samples(MONEY, ITEMS, nothing, **BASE) == pytest.approx([float(expected)] * 3)


@settings(max_examples=50, deadline=None)
@given(st.floats(-0.5, 1), st.floats(-0.5, 1), st.floats(-0.3, 0.3), st.floats(0, 3), st.floats(0, 3))
def test_each_draw_is_worth_what_it_is_by_itself(rate: float, growth: float, held: float, f: float, g: float) -> None:
    draws = pd.DataFrame(
        {"discount_rate": [rate], "benefit_growth": [growth], "factor.capital": [f], "factor.avoided_damage": [g]}
    )
    years = np.arange(4)
    grown = MONEY[2] * ((1 + growth) / (1 + held)) ** years
    expected = ((f * MONEY[0] + MONEY[1] + g * grown) * (1 + rate) ** -years.astype(float)).sum()
    found = npv_samples(MONEY, ITEMS, draws, discount_rate=0.07, benefit_growth=held)
    assert found == pytest.approx([expected], rel=1e-9, abs=1e-6)


def test_lines_of_one_item_count_together_and_absent_items_change_nothing() -> None:
    draws = pd.DataFrame({"factor.capital": [2.0], "factor.tax": [9.0]})
    split = np.vstack([MONEY, MONEY[0] * 0.5])
    expected = present_value((MONEY + MONEY * [[2.0], [0], [0]]).sum(axis=0), discount_rate=0.1)
    assert npv_samples(split, [*ITEMS, "capital"], draws, **BASE) == pytest.approx([float(expected)])


def test_thousands_of_draws_take_a_moment() -> None:
    rng = np.random.default_rng(1)
    money = rng.normal(size=(2000, 76))
    items = rng.choice(business_items(), 2000).tolist()
    draws = pd.DataFrame({"discount_rate": rng.uniform(0, 0.1, 10_000), "benefit_growth": rng.uniform(0, 0.02, 10_000)})
    draws["factor.capital"] = 1.1
    begun = process_time()
    npv_samples(money, items, draws, **BASE)
    assert process_time() - begun < 2


def test_lines_grow_as_they_are_said_to() -> None:
    draws = pd.DataFrame({"benefit_growth": [1.0]})
    money, items = np.array([[0, 1.0], [0, 1.0], [0, 1.0]]), ["avoided_damage", "avoided_damage", "capital"]
    base = {"discount_rate": 0.0, "benefit_growth": 0.0}
    assert npv_samples(money, items, draws, **base).tolist() == [5.0]
    assert npv_samples(money, items, draws, grows=[True, False, False], **base).tolist() == [4.0]
    assert npv_samples(money, items, draws, grows=[True, False, True], **base).tolist() == [5.0]
    futures = pd.DataFrame({"benefit_growth": [1.0]}, index=["more"])
    said = futures_table({"a": (money, items)}, futures, grows={"a": [False] * 3}, **base)
    assert said.to_numpy().tolist() == [[3.0]]
    with pytest.raises(InputError, match="whether it grows"):
        npv_samples(money, items, draws, grows=[True], **base)


@pytest.mark.parametrize(
    ("money", "items", "draws"),
    [
        (MONEY, ITEMS[:2], pd.DataFrame(index=[0])),
        (MONEY * np.nan, ITEMS, pd.DataFrame(index=[0])),
        (MONEY, ITEMS, pd.DataFrame({"capital": [1.0]})),
        (MONEY, ITEMS, pd.DataFrame({"factor.capital": [np.nan]})),
    ],
)
def test_what_is_not_known_gives_no_number(money: Any, items: list[str], draws: pd.DataFrame) -> None:
    with pytest.raises(InputError):
        npv_samples(money, items, draws, **BASE)


def test_a_draw_of_minus_100_per_cent_is_refused() -> None:
    with pytest.raises(AssumptionError, match="discount_rate"):
        npv_samples(MONEY, ITEMS, pd.DataFrame({"discount_rate": [0.1, -1.0]}), **BASE)


def test_distribution_by_hand() -> None:
    values = sample_table({"b": np.array([1.0, 2, 3, 4, 5]), "a": np.array([-2.0, 0.0, 2.0])})
    check(values, "npv_samples")
    waits = pd.DataFrame({"wait_value_usd": [7.0], "wait_years": [3]}, index=["a"])
    found = distribution(values, waiting=waits)
    check(found, "npv_distribution")
    assert found["plan_id"].tolist() == ["a", "b"]
    assert found.loc[1, ["mean_usd", "p05_usd", "p25_usd", "p50_usd", "p75_usd", "p95_usd"]].tolist() == pytest.approx(
        [3, 1.2, 2, 3, 4, 4.8]
    )
    assert found["positive_share"].tolist() == pytest.approx([1 / 3, 1])  # zero is not above zero
    assert found["samples"].tolist() == [3, 5]
    assert found.loc[0, "wait_value_usd"] == 7
    assert pd.isna(found.loc[1, "wait_years"])
    with pytest.raises(InputError):
        distribution(values.assign(npv_usd=np.nan))


# --- swings -------------------------------------------------------------------------------------------------------


def test_swings_by_hand() -> None:
    money = np.array([[-100.0, 0], [0, 120.0]])
    unsure = table(
        uniform("factor.capital", 0.95, 1.05),
        uniform("factor.avoided_damage", 0.5, 1.5),
        uniform("discount_rate", 0.0, 0.2),
    )
    bars = swings(money, ["capital", "avoided_damage"], unsure, plan_id="a", discount_rate=0.0, benefit_growth=0.0)
    check(bars, "sensitivities")
    assert bars["variable"].tolist() == ["factor.avoided_damage", "discount_rate", "factor.capital"]  # 120, 20, 10
    assert bars["npv_usd_low"].tolist() == pytest.approx([-40, 20, 25])
    assert bars["npv_usd_high"].tolist() == pytest.approx([80, 0, 15])
    assert bars["switching_value"].tolist() == pytest.approx([100 / 120, 0.2, 1.2])


@settings(max_examples=60, deadline=None)
@given(st.floats(0.0, 0.2), st.floats(10, 500), st.floats(1, 100), st.floats(-0.05, 0.05))
def test_at_a_switching_value_the_case_is_worth_nothing(rate: float, cost: float, gain: float, held: float) -> None:
    money = np.zeros((2, 30))
    money[0, 0], money[1, 1:] = -cost, gain * (1 + held) ** np.arange(1, 30)
    items, base = ["capital", "avoided_damage"], {"discount_rate": rate, "benefit_growth": held}
    names = ["discount_rate", "benefit_growth", "factor.capital", "factor.avoided_damage"]
    found = switching(money, items, names, **base)
    assert (found["switching_note"] == "unique").all()
    for name, value in found["switching_value"].items():
        worth = npv_samples(money, items, pd.DataFrame({name: [value]}), **base)
        size = 1e-6 * (cost + np.abs(money[1]).sum()) * max(1.0, (1 + abs(value)) if "rate" in str(name) else 1.0)
        assert abs(worth[0]) < size


def test_where_there_is_no_switching_value_the_note_says_so() -> None:
    loss = np.array([[-100.0, 0, 0], [0, -5.0, -5]])
    names = ["discount_rate", "benefit_growth", "factor.capital", "factor.avoided_damage"]
    found = switching(loss, ["capital", "maintenance"], names, **BASE)
    assert found["switching_note"].tolist() == ["none"] * 4
    assert found["switching_value"].isna().all()
    twice = switching(np.array([[-100.0, 230, -132]]), ["other"], ["discount_rate"], **BASE)  # at 10 % and at 20 %
    assert twice["switching_note"].tolist() == ["several"]
    assert twice["switching_value"].isna().all()


# --- shares of variance -------------------------------------------------------------------------------------------

ISHIGAMI_A, ISHIGAMI_B = 7.0, 0.1


def ishigami(x: np.ndarray) -> np.ndarray:
    return np.sin(x[:, 0]) + ISHIGAMI_A * np.sin(x[:, 1]) ** 2 + ISHIGAMI_B * x[:, 2] ** 4 * np.sin(x[:, 0])


def test_shares_of_the_ishigami_function_are_the_analytic_ones() -> None:
    """Ishigami and Homma (1990), doi:10.1109/ISUMA.1990.151285: 0.3139, 0.4424, 0 and 0.5576, 0.4424, 0.2437."""
    a, b, pi4 = ISHIGAMI_A, ISHIGAMI_B, np.pi**4
    variance = 0.5 + a**2 / 8 + b**2 * pi4**2 / 18 + b * pi4 / 5
    first = np.array([0.5 * (1 + b * pi4 / 5) ** 2, a**2 / 8, 0.0]) / variance
    shared = b**2 * pi4**2 * 8 / 225 / variance
    assert first == pytest.approx([0.3139, 0.4424, 0.0], abs=5e-5)
    assert [first[0] + shared, first[1], shared] == pytest.approx([0.5576, 0.4424, 0.2437], abs=5e-5)
    even = Marginal("uniform", -np.pi, 0.0, np.pi, np.empty(0))
    found = sobol_shares(ishigami, dict.fromkeys(["x1", "x2", "x3"], even), samples=8192, seed=1)
    assert found["first_order"].to_numpy() == pytest.approx(first, abs=0.01)
    assert found["total_order"].to_numpy() == pytest.approx([first[0] + shared, first[1], shared], abs=0.01)


def test_shares_agree_with_salib() -> None:
    reason = "SALib is asked for a second answer where it is installed; it is no dependency"
    sampling = pytest.importorskip("SALib.sample.sobol", reason=reason)
    analysis = pytest.importorskip("SALib.analyze.sobol", reason=reason)
    problem = {"num_vars": 3, "names": ["x1", "x2", "x3"], "bounds": [[-np.pi, np.pi]] * 3}
    points = sampling.sample(problem, 8192, calc_second_order=False, seed=1)
    theirs = analysis.analyze(problem, ishigami(points), calc_second_order=False, seed=1)
    even = Marginal("uniform", -np.pi, 0.0, np.pi, np.empty(0))
    ours = sobol_shares(ishigami, dict.fromkeys(["x1", "x2", "x3"], even), samples=8192, seed=1)
    assert ours["first_order"].to_numpy() == pytest.approx(theirs["S1"], abs=0.02)
    assert ours["total_order"].to_numpy() == pytest.approx(theirs["ST"], abs=0.02)


def test_shares_of_a_case_linear_in_its_factors_are_those_of_variances() -> None:
    unsure = table(
        uniform("factor.capital", 0.8, 1.2),
        uniform("factor.avoided_damage", 0.5, 1.5, correlates_with="factor.capital", correlation=0.9),
        uniform("factor.maintenance", 1.0, 1.0),
    )
    found = variance_shares(MONEY, ITEMS, unsure, samples=4096, seed=1, **BASE)
    worth = present_value(MONEY, discount_rate=0.1)
    parts = np.array([(worth[2] * 1.0) ** 2, (worth[0] * 0.4) ** 2, 0.0])
    expected = parts / parts.sum()
    assert found.index.tolist() == ["factor.avoided_damage", "factor.capital", "factor.maintenance"]
    assert found["first_order"].to_numpy() == pytest.approx(expected, abs=0.01)  # as if independent
    assert found["total_order"].to_numpy() == pytest.approx(expected, abs=0.01)
    bars = with_shares(swings(MONEY, ITEMS, unsure, plan_id="a", **BASE), found)
    check(bars, "sensitivities")
    assert bars.set_index("variable")["first_order"].to_dict() == pytest.approx(found["first_order"].to_dict())


def test_a_case_that_does_not_vary_has_no_shares() -> None:
    unsure = table(uniform("factor.tax", 0.8, 1.2), uniform("factor.land", 0.8, 1.2))
    assert variance_shares(MONEY, ITEMS, unsure, samples=64, seed=1, **BASE).isna().all(axis=None)
    sure = table(uniform("factor.capital", 1.0, 1.0))
    assert variance_shares(MONEY, ITEMS, sure, samples=64, seed=1, **BASE).isna().all(axis=None)
    with pytest.raises(AssumptionError, match="power of 2"):
        variance_shares(MONEY, ITEMS, sure, samples=100, seed=1, **BASE)


# --- futures ------------------------------------------------------------------------------------------------------


def test_futures_by_hand() -> None:
    plans = {"wall": (MONEY, ITEMS), "nothing": (np.zeros((1, 4)), ["other"])}
    futures = pd.DataFrame(
        {"discount_rate": [None, 0.0, None], "factor.avoided_damage": [None, None, 0.0]}, index=["base", "zero", "dry"]
    )
    found = futures_table(plans, futures, **BASE)
    assert found.loc["nothing"].tolist() == [0, 0, 0]
    assert found.loc["wall", "zero"] == pytest.approx(45)
    assert found.loc["wall", "base"] == pytest.approx(float(present_value(MONEY.sum(0), discount_rate=0.1)))
    assert found.loc["wall", "dry"] == pytest.approx(float(present_value(MONEY[:2].sum(0), discount_rate=0.1)))


def test_faults_of_futures_are_named_at_once() -> None:
    futures = pd.DataFrame(
        {"rate": [1.0, 1], "discount_rate": [-1.0, np.inf], "factor.tax": [-0.1, None]}, index=["a", "a"]
    )
    with pytest.raises(TableError) as caught:
        futures_table({"wall": (MONEY, ITEMS)}, futures, **BASE)
    assert [(f.row, f.column) for f in caught.value.faults] == [
        (None, "rate"), (3, "future"), (2, "discount_rate"), (3, "discount_rate"), (2, "factor.tax"),
    ]  # fmt: skip


def test_low_and_high_of_samples_are_their_ends() -> None:
    unsure = table({"variable": "factor.tax", "distribution": "samples", "sample_values": "3;1;2"})
    ends = marginals(unsure)["factor.tax"]
    assert (ends.low, ends.high, ends.values.tolist()) == (1, 3, [1, 2, 3])
