"""How a plan is paid for: by hand, by law, and what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.appraisal.cash_flow import present_value
from headwater.appraisal.finance import Finance, finance
from headwater.errors import AssumptionError, TableError
from headwater.schema import empty, faults

PERIOD = {"plan_id": "p", "base_year": 2025, "horizon_year": 2029, "discount_rate": 0.0}


def line(item: str, pays: str | None, gains: str | None, amounts: dict[int, float], **more: object) -> list[dict]:
    shared = {"plan_id": "p", "item": item, "pays": pays, "gains": gains, "group": None, "is_cash": True, **more}
    return [{**shared, "year": year, "amount_usd": amount} for year, amount in amounts.items()]


def cash(*lines: list[dict]) -> pd.DataFrame:
    return pd.DataFrame([row for rows in lines for row in rows]) if lines else empty("cash_flows")


def fund(funding_id: str, instrument: str, **terms: object) -> dict:
    return {"funding_id": funding_id, "name": funding_id, "instrument": instrument, "source_id": "s", **terms}


def invest(*rows: tuple) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=["option_id", "sector", "measure_id", "year", "amount_usd"])


ROAD = ("road", "transport", "pave", 2025, 100.0)
WETLAND = ("wetland", "nature", "restore", 2026, 50.0)
TOLL = line("revenue", "users", "operator", {2026: 40, 2027: 40, 2028: 40, 2029: 40})
UPKEEP = line("maintenance", "operator", "contractors", {2026: -10, 2027: -10, 2028: -10, 2029: -10})


def pay(investments: pd.DataFrame, *funds: dict, lines: pd.DataFrame | None = None, **more: object) -> Finance:
    funding = pd.DataFrame(list(funds)) if funds else empty("funding")
    found = finance(cash() if lines is None else lines, investments, funding, **{**PERIOD, **more})
    for table, name in (
        (found.flows, "finance_flows"), (found.summaries, "finance_summaries"), (found.profile, "fiscal_profile"),
    ):  # fmt: skip
        assert faults(table, name) == []
    return found


def amounts(found: Finance, funding_id: str, item: str) -> dict[int, float]:
    flows = found.flows
    mine = flows[(flows["funding_id"] == funding_id) & (flows["item"] == item)]
    return dict(zip(mine["year"], mine["amount_usd"].round(9), strict=True))


def test_a_toll_road_by_hand() -> None:
    capital = line("capital", "government", "contractors", {2025: -100})
    found = pay(
        invest(ROAD),
        fund("bank", "commercial_loan", share=0.6, interest_rate=0.1, tenor_yr=2, repayment="linear", fee_share=0.05),
        fund("treasury", "budget", share=0.3),
        lines=cash(capital, TOLL, UPKEEP),
    )
    assert amounts(found, "bank", "interest") == {2026: 6, 2027: 3}
    assert amounts(found, "bank", "repayment") == {2026: 30, 2027: 30}
    assert amounts(found, "bank", "fee") == {2025: 3}
    assert amounts(found, "treasury", "drawdown") == {2025: 30}
    row = found.summaries.iloc[0]
    assert row[["investment_usd", "funded_usd", "gap_usd"]].tolist() == [100, 90, 10]
    assert row["weighted_rate"] == pytest.approx(60 * 0.1 / 90)
    assert row["dscr_min"] == pytest.approx(30 / 36)
    assert row["dscr_mean"] == pytest.approx((30 / 36 + 30 / 33) / 2)
    assert row["llcr"] == pytest.approx((30 / 1.1 + 30 / 1.21) / 60)
    assert row["financial_npv_usd"] == pytest.approx(20)  # 4 × 30 - 100
    assert row["frr_note"] == "unique"
    profile = found.profile.set_index("year")
    assert profile["investment_usd"].tolist() == [30, 0, 0, 0, 0]
    assert profile["debt_service_usd"].tolist() == pytest.approx([3, 36, 33, 0, 0])
    assert profile["debt_usd"].tolist() == [60, 30, 0, 0, 0]
    assert profile["net_usd"].tolist() == pytest.approx([33, 6, 3, -30, -30])
    assert row["fiscal_pv_usd"] == pytest.approx(-18)


def test_without_revenue_the_budget_serves_the_debt() -> None:
    found = pay(
        invest(ROAD), fund("bank", "concessional_loan", share=1, interest_rate=0, tenor_yr=4, repayment="level")
    )
    row = found.summaries.iloc[0]
    assert row[["dscr_min", "dscr_mean", "llcr"]].isna().all()
    assert found.profile["net_usd"].tolist() == [0, 25, 25, 25, 25]
    assert row["frr_note"] == "none"
    assert row["weighted_rate"] == 0


def test_debt_that_outlives_the_horizon_is_followed_to_its_end() -> None:
    loan = fund("bond", "bond", share=1, interest_rate=0.1, tenor_yr=6, repayment="bullet")
    found = pay(invest(ROAD), loan, lines=cash(TOLL))
    assert found.profile["year"].tolist() == list(range(2025, 2032))
    assert found.profile["debt_usd"].tolist() == [100] * 6 + [0]
    assert found.profile["net_usd"].tolist() == pytest.approx([0, -30, -30, -30, -30, 10, 110])
    assert found.summaries.at[0, "dscr_min"] == pytest.approx(4)  # beyond the horizon income is not known


def test_sources_are_for_sectors_and_measures() -> None:
    found = pay(
        invest(ROAD, WETLAND),
        fund("green", "green_bond", share=0.5, interest_rate=0.1, tenor_yr=2, repayment="bullet", for_sector="nature"),
        fund("donor", "grant", share=0.25, for_measure_id="restore"),
        fund("treasury", "budget", share=0.2),
    )
    assert amounts(found, "green", "drawdown") == {2026: 25}
    assert amounts(found, "donor", "drawdown") == {2026: 12.5}
    assert amounts(found, "treasury", "drawdown") == {2025: 20, 2026: 10}
    assert found.summaries.at[0, "gap_usd"] == pytest.approx(80 + 2.5)


def test_a_guarantee_is_exposure_and_a_fee_not_debt() -> None:
    loan = fund("bank", "commercial_loan", share=1, interest_rate=0, tenor_yr=2, repayment="linear")
    cover = fund("cover", "guarantee", share=0.5, fee_share=0.1, for_sector="transport")
    found = pay(invest(ROAD, WETLAND), loan, cover)
    assert amounts(found, "cover", "guarantee_exposure") == {2025: 50, 2026: 25}
    assert amounts(found, "cover", "fee") == {2025: 5}
    assert found.profile["contingent_usd"].tolist() == [50, 25, 0, 0, 0]
    assert found.profile["debt_usd"].tolist() == [100, 100, 25, 0, 0]
    assert found.profile.at[0, "debt_service_usd"] == 5
    assert found.summaries.at[0, "contingent_usd"] == 50


def test_equity_earns_its_return_and_gets_its_capital_back() -> None:
    found = pay(invest(ROAD), fund("fund", "equity", share=1, interest_rate=0.1))
    assert amounts(found, "fund", "dividend") == {2026: 10, 2027: 10, 2028: 10, 2029: 110}
    assert found.profile["debt_usd"].sum() == 0
    level = pay(invest(ROAD), fund("fund", "equity", share=1, interest_rate=0.1, repayment="level"))
    dividends = level.profile["debt_service_usd"]
    assert dividends[1:].tolist() == pytest.approx([31.547080] * 4)
    assert present_value(dividends, discount_rate=0.1) == pytest.approx(100)


def test_income_begins_the_year_after_the_first_start() -> None:
    found = pay(
        invest(ROAD, WETLAND),
        fund("pes", "payment_for_ecosystem_services", received_usd_per_yr=7, for_sector="nature"),
        fund("land", "land_value_capture", share=0.1, received_usd_per_yr=3, tenor_yr=2, for_sector="transport"),
        fund("none", "resilience_credit", received_usd_per_yr=9, for_sector="energy"),
    )
    assert amounts(found, "pes", "income") == {2027: 7, 2028: 7, 2029: 7}
    assert amounts(found, "land", "income") == {2026: 3, 2027: 3}
    assert amounts(found, "land", "drawdown") == {2025: 10}
    assert amounts(found, "none", "income") == {}
    assert found.profile["income_usd"].tolist() == [0, 3, 10, 7, 7]
    assert found.summaries.at[0, "financial_npv_usd"] == 27 - 150


def test_a_sculpted_loan_draws_what_the_cash_carries_and_leaves_a_gap() -> None:
    terms = {"share": 1.0, "interest_rate": 0.0, "tenor_yr": 4, "repayment": "sculpted", "target_dscr": 1.5}
    found = pay(invest(ROAD), fund("bank", "commercial_loan", **terms), lines=cash(TOLL, UPKEEP))
    row = found.summaries.iloc[0]
    assert row[["funded_usd", "gap_usd", "dscr_min", "dscr_mean", "llcr"]].tolist() == pytest.approx(
        [80, 20, 1.5, 1.5, 1.5]
    )
    assert pay(invest(ROAD), fund("bank", "commercial_loan", **terms)).summaries.at[0, "gap_usd"] == 100


def test_two_sculpted_drawings_share_the_cash() -> None:
    terms = {"share": 0.4, "interest_rate": 0.05, "tenor_yr": 3, "repayment": "sculpted", "target_dscr": 1.25}
    other = fund("bank", "commercial_loan", share=0.2, interest_rate=0.1, tenor_yr=3, repayment="level")
    found = pay(invest(ROAD, WETLAND), fund("a", "commercial_loan", **terms), other, lines=cash(TOLL, UPKEEP))
    row = found.summaries.iloc[0]
    assert row["dscr_min"] >= 1.25 - 1e-9
    assert 0 < row["gap_usd"] < 90


def test_cash_is_that_of_the_operator_and_government_alone() -> None:
    lines = cash(
        line("tax", "operator", "government", {2026: 5}),  # within one purse
        line("tax", "users", "government", {2026: 4}),  # income, but not for debt service
        line("renewal", "government", "contractors", {2027: -20}),
        line("operation", None, "operator", {2028: 6}),  # a saving
        line("other", "government", "communities", {2026: 8}),  # compensation
        line("revenue", "users", "operator", {2026: 1}, is_cash=False),
        line("revenue", "users", "operator", {2026: 1000}, plan_id="other"),
        line("capital", "government", "contractors", {2025: -130}),
        line("health", None, "users", {2026: 99}),
        line("land", "government", "communities", {2025: -15}),
    )
    found = pay(invest(ROAD), fund("treasury", "budget", share=1), lines=lines).profile
    assert found["investment_usd"].tolist() == [145, 0, 20, 0, 0]  # 30 of the capital lines, and the land
    assert found["maintenance_usd"].tolist() == [0, 8, 0, 0, 0]
    assert found["income_usd"].tolist() == [0, 4, 0, 6, 0]


def test_a_plan_without_money_at_all() -> None:
    found = pay(invest())
    assert len(found.flows) == 0
    row = found.summaries.iloc[0]
    assert row[["investment_usd", "funded_usd", "gap_usd"]].tolist() == [0, 0, 0]
    assert pd.isna(row["weighted_rate"])
    assert pd.isna(row["expected_contingent_usd"])
    assert pay(invest(ROAD), expected_contingent_usd=4.0).summaries.at[0, "expected_contingent_usd"] == 4


money = st.floats(0, 1e6).map(lambda usd: round(usd, 2))
shares = st.floats(0, 0.5).map(lambda share: round(share, 3))
investments = st.tuples(st.sampled_from(["transport", "nature"]), st.integers(2025, 2029), money)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(investments, max_size=5),
    shares, shares, st.floats(-0.05, 0.2), st.integers(1, 8),
    st.sampled_from(["level", "linear", "bullet", "sculpted"]), money,
)  # fmt: skip
def test_money_is_neither_made_nor_lost(
    options: list[tuple], loan: float, equity: float, rate: float, tenor: int, way: str, toll: float
) -> None:
    rows = invest(*((f"o{i}", sector, "", year, usd) for i, (sector, year, usd) in enumerate(options)))
    terms = {"interest_rate": rate, "tenor_yr": tenor}
    found = pay(
        rows,
        fund("a", "commercial_loan", share=loan, repayment=way, target_dscr=1.2, **terms),
        fund("b", "equity", share=equity, **terms),
        lines=cash(line("revenue", "users", "operator", dict.fromkeys(range(2025, 2030), toll))),
        discount_rate=rate,
    )
    row, profile = found.summaries.iloc[0], found.profile
    total = row["investment_usd"]
    assert row["funded_usd"] + row["gap_usd"] == pytest.approx(total, abs=1e-6 * (1 + total))
    drawn = found.flows[found.flows["item"] == "drawdown"].groupby("year")["amount_usd"].sum()
    drawn = drawn.reindex(profile["year"]).fillna(0.0).to_numpy()
    worth = present_value(profile["debt_service_usd"] - drawn, discount_rate=rate)
    assert worth == pytest.approx(0, abs=1e-7 * (1 + total))
    assert profile["debt_usd"].iloc[-1] == pytest.approx(0, abs=1e-6 * (1 + total))
    parts = profile["investment_usd"] + profile["maintenance_usd"] + profile["debt_service_usd"] - profile["income_usd"]
    assert profile["net_usd"].tolist() == pytest.approx(parts.tolist())
    if way == "sculpted" and pd.notna(row["dscr_min"]):
        assert row["dscr_min"] >= 1.2 - 1e-6


def test_inputs_stay_as_they_were_and_order_does_not_matter() -> None:
    funding = pd.DataFrame([fund("z", "budget", share=0.5), fund("a", "grant", share=0.25)])
    rows, lines = invest(ROAD, WETLAND), cash(TOLL, UPKEEP)
    before = [table.copy() for table in (lines, rows, funding)]
    one = finance(lines, rows, funding, **PERIOD)
    for table, was in zip((lines, rows, funding), before, strict=True):
        pd.testing.assert_frame_equal(table, was)
    other = finance(lines[::-1], rows[::-1], funding[::-1], **PERIOD)
    for name in ("flows", "summaries", "profile"):
        pd.testing.assert_frame_equal(getattr(one, name), getattr(other, name))


def test_no_investment_is_paid_twice() -> None:
    funding = [fund("a", "budget", share=0.7), fund("b", "grant", share=0.4, for_sector="nature")]
    pay(invest(ROAD), *funding)
    with pytest.raises(TableError, match=r"«wetland» shares of the sources for it sum to 1.1: a, b"):
        pay(invest(ROAD, WETLAND), *funding)
    covers = [fund("a", "guarantee", share=0.7), fund("b", "guarantee", share=0.7)]
    with pytest.raises(TableError, match=r"shares of the guarantees for it sum to 1.4: a, b"):
        pay(invest(ROAD), *covers)


def test_investments_must_be_whole() -> None:
    with pytest.raises(TableError, match="sector"):
        pay(invest(ROAD).drop(columns="sector"))
    with pytest.raises(TableError, match="zero or more"):
        pay(invest((*ROAD[:4], np.nan)))
    with pytest.raises(TableError, match="row 2, column sector: value is missing"):
        pay(invest(("road", None, "pave", 2025, 1.0)))
    with pytest.raises(TableError, match="2040» is not between the base year 2025 and the horizon 2029"):
        pay(invest((*ROAD[:3], 2040, 1.0)))
    with pytest.raises(TableError, match="cash_flows, row 2, column year"):
        pay(invest(ROAD), lines=cash(line("revenue", "users", "operator", {2031: 1.0})))


def test_a_rate_without_meaning_is_refused() -> None:
    with pytest.raises(AssumptionError, match="discount_rate"):
        pay(invest(ROAD), discount_rate=-1.0)
