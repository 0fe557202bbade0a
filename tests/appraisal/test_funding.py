"""Sources of funds: what each instrument needs, and what it is for."""

from __future__ import annotations

import pandas as pd
import pytest

from headwater.appraisal.funding import check_funding
from headwater.errors import TableError

ROAD = pd.DataFrame(
    {"option_id": ["road"], "sector": "transport", "measure_id": None, "year": 2025, "amount_usd": 100.0}
)


def fund(funding_id: str, instrument: str, **terms: object) -> dict:
    return {"funding_id": funding_id, "name": funding_id, "instrument": instrument, "source_id": "s", **terms}


def test_blanks_that_mean_none() -> None:
    funding = pd.DataFrame([fund("b", "budget", share=0.5), fund("a", "grant", share=0.5, for_sector="transport")])
    terms = check_funding(funding, ROAD)
    assert terms["funding_id"].tolist() == ["a", "b"]
    assert terms["for_sector"].tolist() == ["transport", ""]
    assert terms["for_measure_id"].tolist() == ["", ""]
    assert terms["grace_yr"].tolist() == [0, 0]
    assert terms["fee_share"].tolist() == [0, 0]


def test_what_an_instrument_lacks_is_said_at_once() -> None:
    loan = {"share": 0.1, "interest_rate": 0.1, "tenor_yr": 3}
    funding = pd.DataFrame(
        [
            fund("a", "commercial_loan"),
            fund("b", "green_bond", **loan, repayment="bullet"),
            fund("c", "bond", **loan, repayment="sculpted", grace_yr=3),
            fund("d", "equity", share=0.1, repayment="sculpted"),
            fund("e", "resilience_credit"),
            fund("f", "budget", share=0.1, received_usd_per_yr=5),
        ]
    )
    with pytest.raises(TableError) as caught:
        check_funding(funding, ROAD)
    assert sorted((f.row, f.column) for f in caught.value.faults) == [
        (2, "interest_rate"), (2, "repayment"), (2, "share"), (2, "tenor_yr"), (3, "for_sector"),
        (4, "grace_yr"), (4, "target_dscr"), (5, "interest_rate"), (5, "repayment"), (6, "received_usd_per_yr"),
        (7, "received_usd_per_yr"),
    ]  # fmt: skip


def test_a_broken_table_is_refused_before_anything_else() -> None:
    with pytest.raises(TableError, match="one of budget"):
        check_funding(pd.DataFrame([fund("a", "lottery", share=2.0)]), ROAD)
