"""The chapter on finance and risk."""

from __future__ import annotations

import dataclasses
import re

import pandas as pd
import pytest

from headwater.reports.content import ReportContent
from headwater.reports.financing import financing
from headwater.words import speaking

LANGUAGES = ["en", "zh"]


def finance() -> dict[str, pd.DataFrame]:
    """Tables of the chapter on finance and risk: a loan, a grant, and a tenth that nobody pays."""
    funding = pd.DataFrame(
        {"funding_id": ["bank", "gift"], "name": ["Bank", "Gift"], "name_zh": ["银行", "赠与"],
         "instrument": ["concessional_loan", "grant"], "share": [0.5, 0.4], "interest_rate": [0.01, None],
         "tenor_yr": pd.array([10, None], dtype="Int64"), "repayment": ["linear", None],
         "basis": ["judgement", "source"], "note": ["Terms of 2024.", None], "source_id": "roads"}
    )  # fmt: skip
    drawn = pd.DataFrame(
        {
            "plan_id": "large",
            "funding_id": ["bank", "gift"],
            "item": "drawdown",
            "year": 2025,
            "amount_usd": [100.0, 80.0],
        }
    )
    summaries = pd.DataFrame(
        {"plan_id": ["large"], "investment_usd": 200.0, "funded_usd": 180.0, "gap_usd": 20.0, "weighted_rate": 0.005,
         "dscr_min": pd.array([None], dtype="Float64"), "dscr_mean": None, "llcr": None, "financial_npv_usd": -200.0,
         "frr": None, "frr_note": "none", "fiscal_pv_usd": 110.0, "contingent_usd": 0.0,
         "expected_contingent_usd": 12.0}
    )  # fmt: skip
    profile = pd.DataFrame(
        {"plan_id": "large", "year": [2025, 2026, 2060], "investment_usd": [0.0, 0.0, 0.0],
         "maintenance_usd": [0.0, 3.0, 0.0], "debt_service_usd": [0.0, 11.0, 10.0], "income_usd": [0.0, 2.0, 0.0],
         "net_usd": [0.0, 12.0, 10.0], "debt_usd": [100.0, 90.0, 5.0], "contingent_usd": 0.0}
    )  # fmt: skip
    risks = pd.DataFrame(
        {"risk_id": ["overrun", "drought"], "name": ["Works cost more", "Plants die"], "name_zh": ["超支", "植被死亡"],
         "kind": ["cost", "environment"], "probability": [0.5, 0.1], "per": ["life", "year"], "impact": [0.2, 0.1],
         "unit": "USD/capital", "mitigation": ["Survey first", None], "basis": ["source", "judgement"],
         "source_id": "roads"}
    )  # fmt: skip
    bearers = pd.DataFrame(
        {"risk_id": ["overrun", "overrun"], "party": ["government", "contractors"], "cost_factor": [1.0, 0.8],
         "is_now": pd.array([True, None], dtype="boolean"), "reason": ["Today", "Builds it"], "basis": "judgement",
         "source_id": "roads"}
    )  # fmt: skip
    allocation = pd.DataFrame(
        {"plan_id": "large", "risk_id": ["overrun", "drought"], "party": ["contractors", "operator"],
         "party_now": ["government", None], "expected_cost_usd": [20.0, 10.0], "expected_cost_usd_low": [5.0, 1.0],
         "expected_cost_usd_high": [50.0, 20.0], "allocated_cost_usd": [16.0, 10.0],
         "cost_now_usd": pd.array([20.0, None], dtype="Float64"), "saving_usd": pd.array([4.0, None], dtype="Float64")}
    )  # fmt: skip
    modes = pd.DataFrame(
        {"mode_id": ["public", "private"], "name": ["Public", "Private"], "name_zh": ["政府", "私营"],
         "is_reference": [True, False], "basis": "judgement", "note": ["The reference.", None], "source_id": "roads"}
    )  # fmt: skip
    delivery = pd.DataFrame(
        {"plan_id": "large", "mode_id": ["public", "private"], "capital_usd": [200.0, 210.0], "operation_usd": 30.0,
         "transaction_usd": [2.0, 10.0], "retained_risk_usd": [30.0, 10.0], "transferred_risk_usd": [0.0, 16.0],
         "total_usd": [262.0, 276.0], "saving_share": [0.0, -0.053]}
    )  # fmt: skip
    return {
        "funding": funding, "finance_flows": drawn, "finance_summaries": summaries, "fiscal_profile": profile,
        "risks": risks, "risk_bearers": bearers, "risk_allocation": allocation, "delivery_modes": modes,
        "delivery_comparison": delivery,
    }  # fmt: skip


@pytest.fixture
def full(content: ReportContent) -> ReportContent:
    """The small study with its finance."""
    return dataclasses.replace(content, tables={**content.tables, **finance()})


def words(content: ReportContent, language: str = "en") -> str:
    """Everything that the chapter shows, as one text."""
    names = ("words", "title", "subtitle", "html", "note", "data", "wide", "narrow")
    with speaking(language):
        blocks = financing(content).blocks
    return "\n".join(str(getattr(block, name, "")) for block in blocks for name in names)


def test_the_gap_is_shown_among_the_sources(full: ReportContent) -> None:
    text = words(full)
    assert "Gap: nobody pays" in text
    assert all(share in text for share in (">50%<", ">40%<", ">10%<"))


def test_without_ratios_it_says_why(full: ReportContent) -> None:
    text = words(full)
    assert "There is no coverage ratio" in text
    assert "Debt service coverage ratio" not in text
    known = full.tables["finance_summaries"].assign(dscr_min=1.2, dscr_mean=1.5, llcr=1.4)
    text = words(dataclasses.replace(full, tables={**full.tables, "finance_summaries": known}))
    assert "Debt service coverage ratio, lowest" in text
    assert "A coverage ratio below 1" in text


def test_terms_come_with_their_basis_and_note(full: ReportContent) -> None:
    assert '<span class="tag">judgement</span> Roads<br>Terms of 2024.' in words(full)


def test_debt_beyond_the_horizon_is_said(full: ReportContent) -> None:
    assert "after the horizon of 2050" in words(full)


def test_income_is_above_and_costs_are_below_zero(full: ReportContent) -> None:
    figure = next(block for block in financing(full).blocks if getattr(block, "title", "").startswith("Public money"))
    bars = re.findall(r'<rect class="part (t\d)"[^>]* y="([\d.]+)"', str(figure.wide))
    heights = {css: float(y) for css, y in bars}
    assert heights["t1"] < heights["t5"]


def test_sum_over_risks_is_blank_where_one_is_not_known(full: ReportContent) -> None:
    row = re.search(r"All risks</th>.*?</tr>", words(full), flags=re.DOTALL)
    assert row is not None
    assert ">30<" in row[0]  # expected cost of both
    assert ">26<" in row[0]  # with those best able
    assert ">20<" not in row[0]  # borne as today: one is not known


def test_risk_says_how_often(full: ReportContent) -> None:
    text = words(full)
    assert "<td>50%</td>" in text
    assert "<td>10% a year</td>" in text


def test_delivery_is_no_test_to_pass(full: ReportContent) -> None:
    text = words(full)
    assert "Not a test to pass or fail" in text
    assert "−5.3%" in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_chapter_says_what_to_add_where_there_is_nothing(content: ReportContent, language: str) -> None:
    with speaking(language):
        blocks = financing(content).blocks
    assert [block.kind for block in blocks] == ["empty"]


@pytest.mark.parametrize("name", sorted(finance()))
@pytest.mark.parametrize("language", LANGUAGES)
def test_any_table_may_be_absent(full: ReportContent, name: str, language: str) -> None:
    gone = {key: table for key, table in full.tables.items() if key != name}
    for tables in (gone, {**full.tables, name: full.tables[name].iloc[:0]}):
        text = words(dataclasses.replace(full, tables=tables), language)
        assert not re.search(r"\b(nan|None|<NA>)\b", text)


def test_chinese_shows_the_study_s_own_names(full: ReportContent) -> None:
    text = words(full, "zh")
    assert "银行" in text
    assert "植被死亡" in text
    assert "私营" in text


def test_a_guarantee_covers_debt_and_pays_no_investment(full: ReportContent) -> None:
    funding = full.tables["funding"].assign(instrument=["concessional_loan", "guarantee"])
    text = words(dataclasses.replace(full, tables={**full.tables, "funding": funding}))
    assert "Share of the debt covered" in text
    assert "Share of the debt covered" not in words(full)
