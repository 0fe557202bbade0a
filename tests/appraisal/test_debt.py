"""Debt by year: by hand, by law, and one published table."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.appraisal.cash_flow import present_value
from headwater.appraisal.debt import (
    annuity_factor,
    debt_capacity,
    dscr,
    interest_during_construction,
    llcr,
    profile,
    schedule,
    sculpted,
)
from headwater.errors import AssumptionError

rates = st.one_of(st.just(0.0), st.floats(-0.1, 0.3))
ways = st.sampled_from(["level", "linear", "bullet"])


@pytest.mark.parametrize(
    ("way", "interest", "repayment"),
    [
        ("linear", [0, 10, 10, 5], [0, 0, 50, 50]),
        ("bullet", [0, 10, 10, 10], [0, 0, 0, 100]),
        ("level", [0, 10, 10, 110 / 21], [0, 0, 1000 / 21, 1100 / 21]),  # 100 / (1/1.1 + 1/1.21) = 1210 / 21 a year
    ],
)
def test_a_year_of_grace_and_two_of_repayment_by_hand(way: str, interest: list[float], repayment: list[float]) -> None:
    loan = schedule([100, 0, 0, 0], repayment=way, interest_rate=0.1, tenor_yr=3, grace_yr=1)
    assert loan.interest == pytest.approx(np.array(interest))
    assert loan.repayment == pytest.approx(np.array(repayment))
    assert loan.balance[-1] == 0


def test_published_debt_that_a_cash_flow_carries() -> None:
    """FHWA (2013), Financial Structuring and Assessment for P3: A Primer, table 9-1: 1000 a year over 25 years.

    9,833 at a ratio of 1.30 and 11,116 at 1.15. Both follow from a rate of 6 %.
    """
    assert debt_capacity([1000] * 25, interest_rate=0.06, target_dscr=1.30) == pytest.approx(9833, abs=0.5)
    assert debt_capacity([1000] * 25, interest_rate=0.06, target_dscr=1.15) == pytest.approx(11116, abs=0.5)


@settings(max_examples=150, deadline=None)
@given(ways, rates, st.integers(1, 30), st.data(), st.lists(st.floats(0, 1e6), min_size=1, max_size=5))
def test_service_is_worth_what_was_drawn(
    way: str, rate: float, tenor: int, data: st.DataObject, amounts: list[float]
) -> None:
    grace = data.draw(st.integers(0, tenor - 1))
    drawn = np.concatenate([amounts, np.zeros(tenor)])
    loan = schedule(drawn, repayment=way, interest_rate=rate, tenor_yr=tenor, grace_yr=grace)
    assert present_value(loan.service - drawn, discount_rate=rate) == pytest.approx(
        0, abs=1e-9 * (1 + present_value(drawn, discount_rate=rate))
    )
    assert loan.balance[-1] == 0
    assert min(loan.interest.min(), loan.repayment.min(), loan.balance.min()) >= -1e-9 * sum(amounts)


def test_a_real_rate_below_zero_asks_for_no_interest() -> None:
    interest, repaid, balance = profile("linear", interest_rate=-0.5, tenor_yr=2)
    assert interest.tolist() == [0, 0, 0]
    assert repaid.tolist() == [0, 0.25, 0.125]  # 1 shrinks to 0.5, half is paid; 0.25 shrinks to 0.125
    assert balance.tolist() == [1, 0.25, 0]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(1, 1e6), min_size=1, max_size=25), rates, st.floats(0.5, 3), st.floats(0.01, 2), st.data())
def test_a_sculpted_loan_keeps_its_ratio(
    cash: list[float], rate: float, target: float, part: float, data: st.DataObject
) -> None:
    grace = data.draw(st.integers(0, 5))
    available = np.array([0.0] * (grace + 1) + cash)
    terms = {"interest_rate": rate, "target_dscr": target, "tenor_yr": grace + len(cash), "grace_yr": grace}
    most = sculpted(available, asked=np.inf, drawn_in=0, **terms)
    loan = sculpted(available, asked=part * most.drawn[0], drawn_in=0, **terms)
    ratios = dscr(available, loan.service)[grace + 1 :]
    assert ratios == pytest.approx(np.full(len(cash), target / min(part, 1.0)))
    assert present_value(loan.service, discount_rate=rate) == pytest.approx(loan.drawn[0])
    assert loan.balance[-1] == 0
    owed = loan.balance[grace]
    assert llcr(available[grace + 1 :], debt=owed, interest_rate=rate) == pytest.approx(ratios[0])


def test_a_poor_year_adds_its_interest_to_the_debt() -> None:
    loan = sculpted([0, 0, 250], asked=100, drawn_in=0, interest_rate=0.25, tenor_yr=2, target_dscr=1)
    assert loan.service.tolist() == [0, 0, 156.25]
    assert loan.balance.tolist() == [100, 125, 0]


def test_a_sculpted_loan_takes_what_other_debt_leaves() -> None:
    loan = sculpted([0, 120, 60], asked=500, drawn_in=0, interest_rate=0.0, tenor_yr=2, target_dscr=1.2, committed=70)
    assert loan.drawn[0] == 30  # 100 - 70, and nothing in the second year
    assert sculpted([0, 0], asked=5, drawn_in=0, interest_rate=0.0, tenor_yr=1, target_dscr=1).drawn.sum() == 0


def test_interest_of_construction_is_added_to_the_debt() -> None:
    accrued = interest_during_construction([[100, 100, 0], [0, 50, 0]], interest_rate=0.1)
    assert accrued == pytest.approx(np.array([[0, 10, 21], [0, 0, 5]]))


def test_annuity_without_interest_is_the_number_of_years() -> None:
    assert annuity_factor(0.0, 7) == 7
    assert annuity_factor(1e-12, 7) == pytest.approx(7)


def test_no_debt_has_no_ratio() -> None:
    assert np.isnan(dscr([10, 10], [0, 0])).all()
    assert np.isnan(llcr([10], debt=0, interest_rate=0.1))


@pytest.mark.parametrize(
    ("terms", "said"),
    [
        ({"tenor_yr": 1, "grace_yr": 1}, "grace"),
        ({"tenor_yr": 0}, "grace"),
        ({"tenor_yr": 1, "interest_rate": -1.0}, "interest_rate"),
        ({"tenor_yr": 1, "repayment": "sculpted"}, "one of level"),
        ({"tenor_yr": 5}, "4 years too short"),
    ],
)
def test_terms_that_make_no_sense(terms: dict, said: str) -> None:
    with pytest.raises(AssumptionError, match=said):
        schedule([100, 0], **{"repayment": "level", "interest_rate": 0.1, **terms})


def test_a_ratio_of_nothing_is_refused() -> None:
    with pytest.raises(AssumptionError, match="above zero"):
        debt_capacity([1], interest_rate=0.1, target_dscr=0)
