"""Waiting to see: by hand, by law, and against a published example."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.appraisal.waiting import delayed, value_of_waiting
from headwater.errors import AssumptionError, InputError

money = st.floats(-1e6, 1e6)
draws = st.lists(st.tuples(money, money), min_size=1, max_size=50)


def test_the_widget_factory() -> None:
    """Dixit and Pindyck (1994), chapter 2: 600 now, 773 after a year, so 173 for waiting."""
    price, years = np.array([300.0, 100.0]), np.arange(1, 2000)
    sold = price * (1.1 ** -years.astype(float)).sum()
    waiting = value_of_waiting(-1600 + 200 + sold, -1600 / 1.1 + sold)
    assert waiting.now_usd == pytest.approx(600)
    assert waiting.later_usd == pytest.approx(772.727, abs=1e-3)
    assert waiting.value_usd == pytest.approx(172.727, abs=1e-3)
    assert waiting.invest_share == 0.5


def test_by_hand() -> None:
    waiting = value_of_waiting([10.0, -30.0], [8.0, -30.0])  # now: the mean is a loss, so nothing
    assert (waiting.now_usd, waiting.later_usd, waiting.value_usd) == (0.0, 4.0, 4.0)
    sure = value_of_waiting([10.0, 20.0], [8.0, 16.0])  # it pays in any case: waiting only costs
    assert (sure.value_usd, sure.invest_share) == (-3.0, 1.0)


def test_probabilities_weigh_the_draws() -> None:
    waiting = value_of_waiting([10.0, -30.0], [8.0, -30.0], probability=[0.9, 0.1])
    assert waiting.now_usd == pytest.approx(6.0)
    assert waiting.later_usd == pytest.approx(7.2)
    assert waiting.invest_share == pytest.approx(0.9)


@settings(max_examples=100, deadline=None)
@given(draws)
def test_information_that_costs_nothing_is_never_worth_less_than_nothing(pairs: list[tuple[float, float]]) -> None:
    now = [pair[0] for pair in pairs]
    assert value_of_waiting(now, now).value_usd >= -1e-6


@settings(max_examples=60, deadline=None)
@given(draws)
def test_the_order_of_draws_does_not_matter(pairs: list[tuple[float, float]]) -> None:
    shuffled = pairs[::-1]
    one = value_of_waiting([p[0] for p in pairs], [p[1] for p in pairs])
    other = value_of_waiting([p[0] for p in shuffled], [p[1] for p in shuffled])
    assert one.value_usd == pytest.approx(other.value_usd, abs=1e-6)


@pytest.mark.parametrize("probability", [[0.5, 0.6], [1.5, -0.5], [1.0], [np.nan, 1.0]])
def test_probabilities_must_be_probabilities(probability: list[float]) -> None:
    with pytest.raises(AssumptionError, match="add up to 1"):
        value_of_waiting([1.0, 2.0], [1.0, 2.0], probability=probability)


@pytest.mark.parametrize(("now", "later"), [([1.0], [1.0, 2.0]), ([], []), ([np.nan], [1.0])])
def test_draws_must_match_and_be_known(now: list[float], later: list[float]) -> None:
    with pytest.raises(InputError):
        value_of_waiting(now, later)


def test_a_case_begun_later_loses_what_falls_after_the_horizon() -> None:
    case = np.array([[-100.0, 0, 0], [0, 60, 60]])
    assert delayed(case, wait_years=0).tolist() == case.tolist()
    assert delayed(case, wait_years=2).tolist() == [[0, 0, -100], [0, 0, 0]]
    assert not delayed(case, wait_years=9).any()
    with pytest.raises(AssumptionError):
        delayed(case, wait_years=-1)
