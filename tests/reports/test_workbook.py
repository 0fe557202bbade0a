"""Plans as workbooks: what is on the sheets, and that their formulas calculate."""

from __future__ import annotations

import dataclasses
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from openpyxl import load_workbook
from tests.reports.workbooks import Calculator

from headwater.appraisal.cash_flow import payback, present_value, rate_of_return
from headwater.appraisal.parties import COSTS
from headwater.errors import AssumptionError
from headwater.reports import plan_money as money_module
from headwater.reports.content import ReportContent
from headwater.reports.plan_money import only_rate, paid_back, plan_money, rates_possible
from headwater.reports.workbook import finance_item, write_workbook
from headwater.schema import load_schema
from headwater.words import speaking

LANGUAGES = ["en", "zh"]
SHEETS = {
    "en": ["Read me", "Assumptions", "Options", "Cash flow", "Financing", "Sources"],
    "zh": ["说明", "假设", "备选方案", "现金流", "融资", "来源"],
}
HOSTILE = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    '=HYPERLINK("http://x")',
    "{=1}",
    "https://example.org",
    "007",
]


def flows(plan_id: str, **lines: dict[int, float]) -> pd.DataFrame:
    """Rows of `cash_flows`, from the amounts by year of each item."""
    rows = [
        {"plan_id": plan_id, "item": item, "pays": "government", "gains": "contractors", "group": "", "is_cash": True,
         "year": year, "amount_usd": usd}
        for item, amounts in lines.items()
        for year, usd in amounts.items()
    ]  # fmt: skip
    return pd.DataFrame(rows).astype({"year": "Int64"})


@pytest.fixture
def case(content: ReportContent) -> ReportContent:
    """The report's study with the money of its larger plan, by hand."""
    money = flows(
        "large",
        avoided_damage={2028: 1e6, 2029: 1e6, 2030: 1e6},
        capital={2026: -8e5, 2027: -2e6 + 8e5},
        maintenance={2029: -1e5},
        time_saved={2030: 3e5},
    )
    return with_tables(content, cash_flows=money)


def with_tables(content: ReportContent, **tables: pd.DataFrame) -> ReportContent:
    return dataclasses.replace(content, tables={**content.tables, **tables})


def calculator(content: ReportContent, folder: Path, language: str = "en", plan_id: str = "large") -> Calculator:
    return Calculator(write_workbook(content, plan_id, folder / "plan.xlsx", language=language))


def by_year(content: ReportContent) -> np.ndarray:
    years = np.zeros(content.header.horizon_year - content.header.base_year + 1)
    table = content.table("cash_flows")
    np.add.at(years, table["year"].to_numpy(int) - content.header.base_year, table["amount_usd"].to_numpy(float))
    return years


@pytest.mark.parametrize("language", LANGUAGES)
def test_sheets_and_headings_are_in_the_language(case: ReportContent, tmp_path: Path, language: str) -> None:
    book = load_workbook(write_workbook(case, "large", tmp_path / "plan.xlsx", language=language))
    assert book.sheetnames == SHEETS[language]
    text = " ".join(str(cell.value) for sheet in book for row in sheet.iter_rows() for cell in row if cell.value)
    assert ("Two towns" in text) == (language == "en")
    assert ("两座城镇" in text) == (language == "zh")
    assert ("道路排水" in text) == (language == "zh")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_formula_comes_to_the_value_stored_with_it(case: ReportContent, tmp_path: Path, language: str) -> None:
    sheets = calculator(case, tmp_path, language)
    formulas = sheets.formulas()
    assert len(formulas) > 26 * 10
    for sheet, cell in formulas:
        stored, found = sheets.shown[sheet][cell].value, sheets.value(sheet, cell)
        if isinstance(found, str):
            assert (stored or "") == found, (sheet, cell)
        else:
            assert float(stored) == pytest.approx(float(found), rel=1e-9, abs=1e-6), (sheet, cell)


def test_results_are_those_of_the_appraisal(case: ReportContent, tmp_path: Path) -> None:
    sheets, net = calculator(case, tmp_path), by_year(case)
    assert sheets.named("net_present_value") == pytest.approx(float(present_value(net, discount_rate=0.06)))
    rate, note = rate_of_return([net])
    assert note[0] == "unique"
    assert sheets.named("rate_of_return") == pytest.approx(rate[0])
    assert sheets.named("payback_year") == 2025 + payback([net])[0] == 2030
    assert sheets.named("benefit_cost_ratio") == pytest.approx(sheets.named("pv_benefits") / sheets.named("pv_costs"))
    assert sheets.named("rate_note") == "There is exactly one."


def test_results_follow_the_discount_rate(case: ReportContent, tmp_path: Path) -> None:
    sheets, net = calculator(case, tmp_path), by_year(case)
    for rate in (0.0, 0.03, 0.12, -0.02):
        sheets.change("discount_rate", rate)
        assert sheets.named("net_present_value") == pytest.approx(float(present_value(net, discount_rate=rate)))


def test_results_follow_the_factor_of_a_line(case: ReportContent, tmp_path: Path) -> None:
    sheets = calculator(case, tmp_path)
    before = sheets.named("net_present_value"), sheets.named("pv_benefits"), sheets.named("pv_costs")
    line = 3  # capital, maintenance, and then the first benefit
    assert sheets.book["Assumptions"].cell(23 + line, 1).value == "Avoided damage"
    sheets.change(f"factor_{line}", 2.0)
    more = sum(1e6 * 1.06**-t for t in (3, 4, 5))
    assert sheets.named("pv_benefits") - before[1] == pytest.approx(more)
    assert sheets.named("net_present_value") - before[0] == pytest.approx(more)
    assert sheets.named("pv_costs") == pytest.approx(before[2])


@pytest.mark.parametrize(
    ("capital", "gains", "rate", "note"),
    [
        ({2025: -100.0, 2027: -132.0}, {2026: 230.0}, "", "There may be several; none is shown."),
        ({2025: -100.0, 2026: -20.0}, {2026: 10.0}, "", "There is none."),
        ({2025: -100.0}, {2026: 90.0}, -0.1, "There is exactly one."),
        ({2025: -100.0}, {2026: 60.0, 2027: 40.0}, 0.0, "There is exactly one."),
    ],
)
def test_rate_of_return_is_shown_only_where_there_is_one(
    content: ReportContent,
    tmp_path: Path,
    capital: dict[int, float],
    gains: dict[int, float],
    rate: object,
    note: str,
) -> None:
    money = flows("large", capital=capital, other=gains)
    sheets = calculator(with_tables(content, cash_flows=money), tmp_path)
    assert sheets.named("rate_note") == note == sheets.cached("rate_note")
    stored = sheets.cached("rate_of_return")
    for found in (sheets.named("rate_of_return"), "" if stored is None else stored):
        assert found == "" if rate == "" else found == pytest.approx(rate, abs=1e-9)


def test_what_is_never_paid_back_has_no_year(content: ReportContent, tmp_path: Path) -> None:
    money = flows("large", capital={2025: -100.0}, other={2026: 60.0})
    sheets = calculator(with_tables(content, cash_flows=money), tmp_path)
    assert sheets.named("payback_year") == sheets.named("payback_years") == ""


def test_a_line_that_is_a_cost_by_kind_stays_one_when_it_saves(content: ReportContent, tmp_path: Path) -> None:
    money = flows("large", capital={2025: -100.0}, operation={2026: 106.0}, other={2026: 53.0})
    sheets = calculator(with_tables(content, cash_flows=money), tmp_path)
    assert sheets.named("pv_costs") == pytest.approx(0.0, abs=1e-9)
    assert sheets.named("pv_benefits") == pytest.approx(50.0)


@pytest.mark.parametrize("harm", [{}, {"emissions": {2025: -5.0}}])
def test_without_a_benefit_in_money_only_costs_are_calculated(
    content: ReportContent, tmp_path: Path, harm: dict[str, dict[int, float]]
) -> None:
    summaries = content.table("plan_summaries").assign(npv_usd=np.nan)
    money = flows("large", capital={2025: -100.0}, **harm)
    sheets = calculator(with_tables(content, cash_flows=money, plan_summaries=summaries), tmp_path)
    assert sheets.named("pv_costs") == 100.0
    assert sheets.named("net_present_value") is None
    assert sheets.named("benefit_cost_ratio") is None
    for sheet in ("Assumptions", "Cash flow", "Read me"):
        text = [cell.value for cell in sheets.book[sheet]["A"]]
        assert "No benefit of the plan is in money: only its costs are calculated." in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_empty_plan_makes_a_workbook_that_says_so(content: ReportContent, tmp_path: Path, language: str) -> None:
    bare = with_tables(content, plans=pd.DataFrame(), cash_flows=pd.DataFrame(), options=pd.DataFrame())
    sheets = calculator(bare, tmp_path, language)
    assert sheets.book.sheetnames == SHEETS[language]
    assert sheets.formulas() == []
    assert sheets.named("discount_rate") == 0.06


def test_a_plan_of_other_plans_money_takes_only_its_own(case: ReportContent) -> None:
    both = pd.concat([case.table("cash_flows"), flows("small", capital={2026: -1.0})])
    assert plan_money(with_tables(case, cash_flows=both), "small").amounts.sum() == -1.0


@pytest.mark.parametrize("words", HOSTILE)
def test_text_is_never_a_formula_a_link_or_a_number(content: ReportContent, tmp_path: Path, words: str) -> None:
    options = content.table("options").assign(name=words, name_zh=words, sdg_targets=words, source_id=words)
    plans = content.table("plans").assign(option_id=words, plan_id=words)
    sources = content.sources.assign(title=words, publisher=words, url=words, licence=words, caveat=words)
    money = flows(words, capital={2025: -100.0}, other={2026: 60.0}).assign(pays=words, gains=words, group=words)
    header = dataclasses.replace(content.header, title={"en": words}, limits=({"en": words},))
    finance = pd.DataFrame(
        {"plan_id": [words], "funding_id": [words], "item": [words], "year": [2026], "amount_usd": [1.0]}
    )
    hostile = dataclasses.replace(
        with_tables(content, options=options, plans=plans.head(1), cash_flows=money, finance_flows=finance),
        sources=sources, header=header,
    )  # fmt: skip
    path = write_workbook(hostile, words, tmp_path / "plan.xlsx", language="en")
    book, clean = load_workbook(path), load_workbook(write_workbook(
        with_tables(content, cash_flows=flows("large", capital={2025: -100.0}, other={2026: 60.0})),
        "large", tmp_path / "clean.xlsx", language="en",
    ))  # fmt: skip
    ours = {cell.value for sheet in clean for row in sheet.iter_rows() for cell in row if cell.data_type == "f"}
    found = {
        cell.value
        for sheet in book
        if sheet.title != "Financing"
        for row in sheet.iter_rows()
        for cell in row
        if cell.data_type == "f"
    }
    assert {value for value in found if not str(value).startswith("=SUM(E")} <= ours
    assert all(sheet._hyperlinks == [] for sheet in book)
    with zipfile.ZipFile(path) as parts:
        assert not any("externalLink" in name for name in parts.namelist())


def test_text_longer_than_a_cell_is_cut(content: ReportContent, tmp_path: Path) -> None:
    sources = content.sources.assign(caveat="x" * 40_000)
    path = write_workbook(dataclasses.replace(content, sources=sources), "large", tmp_path / "p.xlsx", language="en")
    assert load_workbook(path)["Sources"]["G6"].value == "x" * 32_767


def test_a_missing_number_leaves_its_cell_empty(content: ReportContent, tmp_path: Path) -> None:
    worth = content.table("appraisals").assign(npv_usd=np.nan, bcr=np.nan)
    path = write_workbook(with_tables(content, appraisals=worth), "large", tmp_path / "p.xlsx", language="en")
    assert load_workbook(path)["Options"]["G6"].value is None


def test_options_are_listed_with_start_cost_targets_and_total(case: ReportContent, tmp_path: Path) -> None:
    options = case.table("options").assign(sdg_targets=["9.1;11.2", None, None])
    sheets = calculator(with_tables(case, options=options), tmp_path)
    sheet = sheets.book["Options"]
    row = [cell.value for cell in sheet[6]]
    assert row[:8] == ["o1", "Drain road", "Transport", 2026, 8e5, "9.1, 11.2", 3e6, 4]
    assert sheets.value("Options", "E8") == 2.8e6


def test_finance_by_year(case: ReportContent, tmp_path: Path) -> None:
    table = pd.DataFrame(
        {"plan_id": "large", "funding_id": ["loan", "loan", "grant"], "item": ["drawdown", "interest", "drawdown"],
         "year": [2026, 2027, 2028], "amount_usd": [5e5, 1e4, 3e5]}
    )  # fmt: skip
    funds = pd.DataFrame({"funding_id": ["loan"], "name": ["A loan"], "name_zh": ["一笔贷款"]})
    sheets = calculator(with_tables(case, finance_flows=table, funding=funds), tmp_path)
    rows = [[cell.value for cell in row] for row in sheets.book["Financing"].iter_rows(min_row=5, max_row=8)]
    assert rows[0] == ["Source of funds", "Flow", "Total", 2026, 2027, 2028]
    assert rows[1][:2] == ["grant", "drawn"]
    assert rows[2][:2] == ["A loan", "drawn"]
    assert rows[2][3:] == [5e5, None, None]
    assert [sheets.value("Financing", f"C{row}") for row in (6, 7, 8)] == [3e5, 5e5, 1e4]


def test_a_plan_of_a_thousand_options_stays_small(case: ReportContent, tmp_path: Path) -> None:
    ids = [f"option_{i:04}" for i in range(1000)]
    plans = pd.DataFrame({"plan_id": "large", "option_id": ids, "start_year": 2026, "initial_cost_usd": 1e5})
    options = pd.DataFrame({"option_id": ids, "name": ids, "sector": "transport", "kind": "adapt"})
    path = write_workbook(with_tables(case, plans=plans, options=options), "large", tmp_path / "p.xlsx", language="en")
    assert path.stat().st_size < 200_000
    assert load_workbook(path)["Options"]["E1006"].value == "=SUM(E6:E1005)"
    assert not list(tmp_path.glob(".*"))


def test_the_same_run_makes_the_same_file(case: ReportContent, tmp_path: Path) -> None:
    first, second = (write_workbook(case, "large", tmp_path / name, language="en") for name in ("a.xlsx", "b.xlsx"))
    assert first.read_bytes() == second.read_bytes()


def test_a_study_without_a_discount_rate_is_refused_and_leaves_no_file(case: ReportContent, tmp_path: Path) -> None:
    bare = dataclasses.replace(case, header=dataclasses.replace(case.header, assumptions={}))
    with pytest.raises(AssumptionError, match="discount_rate"):
        write_workbook(bare, "large", tmp_path / "p.xlsx", language="en")
    assert list(tmp_path.iterdir()) == []


def test_costs_are_those_of_the_appraisal() -> None:
    assert money_module.COSTS == COSTS


def test_flows_of_finance_have_words() -> None:
    flow_items = str(load_schema("finance_flows").at["item", "rule"]).removeprefix("one of ").split("|")
    with speaking("zh"):
        assert not {finance_item(code) for code in flow_items} & set(flow_items)


@settings(max_examples=200, deadline=None)
@given(arrays(np.float64, st.integers(2, 12), elements=st.integers(-50, 50).map(float)))
def test_an_only_rate_is_the_one_of_the_appraisal(net: np.ndarray) -> None:
    rate, note = rate_of_return([net])
    if rates_possible(net) == 1:
        assert note[0] == "unique"
        assert only_rate(net) == pytest.approx(rate[0], rel=1e-6, abs=1e-9)
    else:
        assert np.isnan(only_rate(net))
        assert note[0] != "unique" or rates_possible(net) > 1
    year = payback([net])[0]
    assert np.array_equal(paid_back(net).argmax() if paid_back(net).any() else np.nan, year, equal_nan=True)
