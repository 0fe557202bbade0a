"""The chapter on the business case, and its drawings, measured in the string."""

from __future__ import annotations

import dataclasses
import re
from typing import Any
from xml.etree import ElementTree as ET

import pandas as pd
import pytest

from headwater.assumptions import Assumption
from headwater.reports.axes import Series
from headwater.reports.business import business, case_totals, discounted
from headwater.reports.certainty import binned
from headwater.reports.content import ReportContent
from headwater.reports.figures import NARROW, WIDE, Caption
from headwater.reports.money_figures import Span, SpanRow, flow_bars, histogram, span_rows, waterfall
from headwater.words import speaking

LANGUAGES = ["en", "zh"]
HERE = Caption("here", "A title", "A sentence.")
LONG = "对净现值影响最大的因素的非常非常长的名称" * 3
COST = {"pays": "government", "gains": "contractors", "group": "", "is_cash": True}
GAIN = {"pays": "", "gains": "operator", "group": "", "is_cash": False}


def cash_flows() -> pd.DataFrame:
    """Plan `small`: 100 spent, 30 a year gained over five years. Plan `large`: twice that, and 5 of harm."""
    rows = []
    for plan, times in (("small", 1.0), ("large", 2.0)):
        rows.append({"plan_id": plan, "item": "capital", **COST, "year": 2025, "amount_usd": -100.0 * times})
        rows += [
            {"plan_id": plan, "item": "avoided_damage", **GAIN, "year": year, "amount_usd": 30.0 * times}
            for year in range(2026, 2031)
        ]
    rows.append({"plan_id": "large", "item": "emissions", **GAIN, "year": 2025, "amount_usd": -5.0})
    table = pd.DataFrame(rows)
    gains = table["amount_usd"] > 0
    return table.assign(
        amount_usd_low=table["amount_usd"].where(~gains, table["amount_usd"] / 2),
        amount_usd_high=table["amount_usd"].where(~gains, table["amount_usd"] * 2),
    )


def case() -> dict[str, pd.DataFrame]:
    """Tables of the chapter on the business case."""
    incidence = pd.DataFrame(
        {"plan_id": "large", "party": ["government", "operator", "communities"], "group": ["", "", "poor"],
         "gain_pv_usd": [0.0, 300.0, 0.0], "cost_pv_usd": [200.0, 0.0, 5.0], "net_pv_usd": [-200.0, 300.0, -5.0]}
    )  # fmt: skip
    spread = pd.DataFrame(
        {"plan_id": ["large", "small"], "mean_usd": [95.0, 50.0], "p05_usd": [-20.0, 10.0], "p25_usd": [40.0, 30.0],
         "p50_usd": [95.0, 50.0], "p75_usd": [150.0, 70.0], "p95_usd": [200.0, 90.0], "positive_share": [0.75, 1.0],
         "samples": 4, "wait_value_usd": pd.array([-12.0, None], dtype="Float64"),
         "wait_years": pd.array([5, None], dtype="Int64")}
    )  # fmt: skip
    samples = pd.DataFrame({"plan_id": "large", "sample": range(4), "npv_usd": [-20.0, 90.0, 110.0, 200.0]})
    swings = pd.DataFrame(
        {"plan_id": "large", "variable": ["factor.capital", "discount_rate"], "low": [0.8, 0.0], "base": [1.0, 0.0],
         "high": [1.5, 0.1], "npv_usd_low": [135.0, 95.0], "npv_usd_high": [-5.0, 22.0],
         "switching_value": pd.array([1.475, None], dtype="Float64"), "first_order": [0.9, 0.001],
         "total_order": [0.92, -0.001]}
    )  # fmt: skip
    uncertain = pd.DataFrame(
        {"variable": ["factor.capital"], "name": ["Investment against estimate"], "name_zh": ["实际投资与估算之比"],
         "distribution": "uniform", "low": 0.8, "high": 1.5, "basis": "judgement", "source_id": "roads"}
    )  # fmt: skip
    values = pd.DataFrame(
        {"item": ["travel_hours"], "unit": "h", "usd_per_unit": 0.5, "usd_per_unit_low": 0.2, "usd_per_unit_high": 0.8,
         "benefit": "time_saved", "gains": "users", "basis": "judgement", "note": "A third of income.",
         "note_zh": "收入的三分之一。", "source_id": "roads"}
    )  # fmt: skip
    stated = pd.DataFrame(
        {"flow_id": ["f1"], "measure_id": ["drain"], "item": "emissions", "amount": -0.02, "unit": "USD/capital",
         "from_age_yr": 0, "to_age_yr": pd.array([0], dtype="Int64"), "source_id": "roads", "basis": "judgement"}
    )  # fmt: skip
    jobs = pd.DataFrame(
        {"plan_id": "large", "sector": "transport", "kind": ["Direct jobs", "All jobs"], "usd": 200.0,
         "job_years": [4.0, 9.0], "job_years_low": [3.0, None], "job_years_high": [5.0, None],
         "coverage": ["Direct; low-income countries", "Direct and indirect"], "source_id": "roads"}
    )  # fmt: skip
    goals = pd.DataFrame(
        {"option_id": ["o1", "o2", "o2"], "target": ["9.1", "9.1", "13.1"],
         "influence": ["direct", "indirect", "direct"], "basis": ["All-weather roads", "Roads", "Fewer losses"],
         "source_id": "roads"}
    )  # fmt: skip
    return {
        "cash_flows": cash_flows(), "incidence": incidence, "npv_distribution": spread, "npv_samples": samples,
        "sensitivities": swings, "uncertainties": uncertain, "unit_values": values, "flows": stated, "jobs": jobs,
        "sdg_contributions": goals,
    }  # fmt: skip


@pytest.fixture
def full(content: ReportContent) -> ReportContent:
    """The small study with a business case, at no discount."""
    header = dataclasses.replace(
        content.header,
        assumptions={**content.header.assumptions, "discount_rate": Assumption("discount_rate", 0.0, "1/yr")},
    )
    return dataclasses.replace(content, header=header, tables={**content.tables, **case()})


def words(content: ReportContent, language: str = "en") -> str:
    """Everything that the chapter shows, as one text."""
    with speaking(language):
        return shown(business(content).blocks)


def shown(blocks: Any) -> str:
    """Words, tables and drawings of blocks."""
    parts = []
    for block in blocks:
        parts += [str(getattr(block, name, "")) for name in ("words", "title", "subtitle", "html", "note", "data")]
        parts += [str(getattr(block, name, "")) for name in ("wide", "narrow")]
    return "\n".join(parts)


def without(content: ReportContent, *names: str) -> ReportContent:
    """The same without some tables."""
    return dataclasses.replace(content, tables={k: v for k, v in content.tables.items() if k not in names})


def test_totals_by_hand(full: ReportContent) -> None:
    totals = case_totals(discounted(full))
    assert totals.loc["small", ["cost", "benefit", "npv", "bcr"]].tolist() == [100.0, 150.0, 50.0, 1.5]
    assert totals.loc["large", ["cost", "benefit", "npv"]].tolist() == [200.0, 295.0, 95.0]
    assert totals.loc["small", ["npv_low", "npv_high"]].tolist() == [-25.0, 200.0]


def test_present_values_are_discounted_from_the_base_year(full: ReportContent) -> None:
    header = dataclasses.replace(full.header, assumptions={"discount_rate": Assumption("discount_rate", 0.25, "1/yr")})
    flows = discounted(dataclasses.replace(full, header=header))
    first = flows[(flows["plan_id"] == "small") & (flows["year"] <= 2026)]
    assert first["worth"].tolist() == [-100.0, 24.0]


def test_plans_stand_side_by_side_by_rising_budget(full: ReportContent) -> None:
    text = words(full)
    assert text.index(">Small<") < text.index(">Large<")
    assert "−25 to 200" in text
    assert "From costs to net present value: the plan “Large”" in text


def test_a_harm_is_drawn_with_what_takes_money_away(full: ReportContent) -> None:
    bars = re.findall(r'<rect class="part (t\d)"', str(business(full).blocks[1].wide))
    assert set(bars) == {"t6", "t5", "t1"}  # investment, emissions of building, avoided damage


def test_where_nothing_is_valued_no_net_present_value_is_shown(full: ReportContent) -> None:
    flows = case()["cash_flows"]
    bare = {**full.tables, "cash_flows": flows[flows["amount_usd"] < 0]}
    summaries = full.tables["plan_summaries"].assign(objective="population_cut_off", objective_value=[50.0, 10.0])
    for name in ("npv_distribution", "npv_samples", "sensitivities", "appraisals"):
        del bare[name]
    text = words(dataclasses.replace(full, tables={**bare, "plan_summaries": summaries}))
    assert "Nothing that these plans achieve has a value in money" in text
    assert "Net present value" not in text
    assert "Costs per unit: people no longer cut off" in text
    assert '<td class="num">20</td>' in text  # 200 for 10 people
    assert "What the plan “Large” costs" in text


def test_options_without_a_benefit_are_counted(full: ReportContent) -> None:
    appraisals = full.tables["appraisals"].assign(benefit_pv_usd=[4e6, None], npv_usd=[3e6, None], bcr=[4.0, None])
    text = words(dataclasses.replace(full, tables={**full.tables, "appraisals": appraisals}))
    assert "1 of the 2 options of the plan “Large” have no benefit in money" in text


def test_rates_of_return_say_why_there_is_none(full: ReportContent) -> None:
    appraisals = full.tables["appraisals"].assign(err=[0.3, None], err_note=["unique", "several"])
    text = words(dataclasses.replace(full, tables={**full.tables, "appraisals": appraisals}))
    assert "30%" in text
    assert "several rates: none is shown" in text


def test_approaches_are_compared(full: ReportContent) -> None:
    options = full.tables["options"].assign(approach=["nature", "grey", None])
    text = words(dataclasses.replace(full, tables={**full.tables, "options": options}))
    assert "Nature-based, hybrid and grey options side by side" in text
    assert text.index(">Nature-based<") < text.index(">Grey<")
    assert "Fill in the column approach" in words(full)


def test_jobs_are_never_added_up(full: ReportContent) -> None:
    text = words(full)
    assert "Direct jobs" in text
    assert "All jobs" in text
    assert '<td class="num">13</td>' not in text
    assert "never add them up" in text


def test_a_target_served_both_ways_counts_as_direct(full: ReportContent) -> None:
    row = re.search(r"9 Industry.*?</tr>", words(full), flags=re.DOTALL)
    assert row is not None
    assert "<td>9.1</td>" in row[0]
    assert "no value" in row[0]  # nothing is left to serve indirectly


def test_judgements_are_marked_with_their_notes(full: ReportContent) -> None:
    assert '<span class="tag">judgement</span> Roads<br>A third of income.' in words(full)


def test_waiting_that_does_not_pay_says_so(full: ReportContent) -> None:
    assert "Waiting 5 years with the plan “Large” does not pay" in words(full)


def test_small_shares_of_variance_are_noise(full: ReportContent) -> None:
    row = re.search(r'<th scope="row">Discount rate</th>.*?</tr>', words(full), flags=re.DOTALL)
    assert row is not None
    assert row[0].count(">0%<") >= 2
    assert "−0" not in row[0]


@pytest.mark.parametrize("language", LANGUAGES)
def test_chapter_says_what_to_add_where_there_is_nothing(content: ReportContent, language: str) -> None:
    with speaking(language):
        blocks = business(content).blocks
    assert [block.kind for block in blocks] == ["empty"]


@pytest.mark.parametrize("name", sorted(case()))
@pytest.mark.parametrize("language", LANGUAGES)
def test_any_table_may_be_absent(full: ReportContent, name: str, language: str) -> None:
    for tables in (without(full, name).tables, {**full.tables, name: full.tables[name].iloc[:0]}):
        text = words(dataclasses.replace(full, tables=tables), language)
        assert not re.search(r"\b(nan|None|<NA>)\b", text)


def test_chinese_shows_the_study_s_own_names(full: ReportContent) -> None:
    text = words(full, "zh")
    assert "实际投资与估算之比" in text
    assert "收入的三分之一。" in text
    assert "大额" in text


# --- drawings ---------------------------------------------------------------------------------------------------


def rects(svg: str, css: str) -> list[dict[str, float]]:
    """Sizes of the rectangles of a class."""
    found = [e.attrib for e in ET.fromstring(svg).iter("rect") if e.attrib["class"] == css]  # noqa: S314
    return [{key: float(value) for key, value in each.items() if key != "class"} for each in found]


def test_stacks_grow_from_zero_both_ways() -> None:
    money = [Series("a", [-10.0]), Series("b", [-5.0]), Series("c", [20.0])]
    svg = flow_bars([2025], money, css=["t6", "t5", "t1"], caption=HERE)
    (a,), (b,), (c,) = (rects(svg, f"part {css}") for css in ("t6", "t5", "t1"))
    assert c["y"] + c["height"] == pytest.approx(a["y"], abs=0.2)
    assert a["y"] + a["height"] == pytest.approx(b["y"], abs=0.2)
    assert c["height"] == pytest.approx(2 * a["height"], abs=0.2)


def test_nothing_is_drawn_where_money_is_missing() -> None:
    svg = flow_bars([2025, 2026], [Series("a", [float("nan"), 1.0])], css=["t1"], caption=HERE)
    assert len(rects(svg, "part t1")) == 1
    assert "nan" not in svg


def test_waterfall_ends_where_its_steps_lead() -> None:
    rows = waterfall([("works", -4.0, ""), ("saved", 9.0, ""), ("harm", -1.0, "")], "net")
    assert [(row.spans[0].start, row.spans[0].end) for row in rows] == [(0, -4), (-4, 5), (5, 4), (0, 4)]


def test_spans_are_as_long_as_their_values() -> None:
    rows = [SpanRow("a", [Span(-5.0, 0.0, "t5"), Span(0.0, 10.0, "t2")], "5")]
    svg = span_rows(rows, caption=HERE)
    (left,), (right,) = rects(svg, "part t5"), rects(svg, "part t2")
    assert right["width"] == pytest.approx(2 * left["width"], abs=0.2)
    assert left["x"] + left["width"] == pytest.approx(right["x"], abs=0.2)


def test_bars_of_a_distribution_split_at_zero() -> None:
    edges, shares = binned(pd.Series([-1.0, -0.2, 0.1, 2.0]), count=6)
    assert 0.0 in edges
    assert sum(shares) == pytest.approx(1.0)
    svg = histogram(edges, shares, caption=HERE)
    below, above = rects(svg, "part t5"), rects(svg, "part t2")
    assert max(r["x"] + r["width"] for r in below) <= min(r["x"] for r in above) + 0.2


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_long_names_stay_inside(width: int) -> None:
    from headwater.reports.svg import text_width

    drawings = [
        span_rows([SpanRow(LONG, [Span(0.0, 1e9, "t2")], "10 亿")], caption=HERE, axis=LONG, keys=[LONG], css=["t2"],
                  width=width),
        flow_bars([2025, 2026], [Series(LONG, [-1e9, 1e9])], css=["t6"], caption=HERE, axis=LONG, width=width),
        histogram([-1e9, 0.0, 1e9], [0.5, 0.5], caption=HERE, axis=LONG, x_axis=LONG, width=width),
    ]  # fmt: skip
    for svg in drawings:
        for element in ET.fromstring(svg).iter("text"):  # noqa: S314
            length, x = text_width(element.text or ""), float(element.attrib["x"])
            start = x - {"start": 0, "middle": length / 2, "end": length}[element.attrib.get("text-anchor", "start")]
            assert start >= -2
            assert start + length <= width + 2
