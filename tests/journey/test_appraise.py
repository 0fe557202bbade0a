"""Whole-life money of options: the study's own rates and years, and every start year."""

from __future__ import annotations

import pandas as pd
import pytest
from tests.journey.plans import YEARS, effects, header, options

from headwater.journey import appraise
from headwater.schema import check, empty

EAD = "ead_usd_per_yr"
OPTIONS = options({"wall": 100.0, "free": 0.0, "priceless": None})
EFFECTS = effects({"wall": 30.0, "priceless": 9.0}, EAD, "USD/yr").assign(amount_low=20.0, amount_high=50.0)
TABLES = {"flows": empty("flows"), "unit_values": empty("unit_values")}


def annuity(first: int, rate: float = 0.1, growth: float = 0.0) -> float:
    """From a year to 2045, in money of 2025."""
    return sum(((1 + growth) / (1 + rate)) ** (year - 2025) for year in range(first, 2046))


def test_appraisal_by_hand() -> None:
    found = appraise.appraisals(OPTIONS, EFFECTS, TABLES, header(discount_rate=0.1))
    check(found["appraisals"], "appraisals")
    check(found["case_items"], "case_items")
    table = found["appraisals"].set_index("option_id")
    assert table.at["wall", "npv_usd"] == pytest.approx(30 * annuity(2026) - 100)
    assert table.at["wall", "npv_usd_low"] == pytest.approx(20 * annuity(2026) - 100)
    assert table.at["wall", "bcr"] == pytest.approx(0.3 * annuity(2026))
    assert table.at["wall", "break_even_benefit_factor"] == pytest.approx(1 / (0.3 * annuity(2026)))
    assert pd.isna(table.at["free", "npv_usd"])  # nothing in money is known of it
    assert "priceless" not in table.index
    lines = found["case_items"].set_index(["option_id", "item"])["pv_usd"]
    assert lines["wall", "capital"] == -100
    assert lines["wall", "avoided_damage"] == pytest.approx(30 * annuity(2026))


def test_benefits_grow_as_the_study_assumes() -> None:
    found = appraise.appraisals(OPTIONS, EFFECTS, TABLES, header(discount_rate=0.1, benefit_growth=0.02))
    wall = found["appraisals"].set_index("option_id").loc["wall"]
    assert wall["benefit_pv_usd"] == pytest.approx(30 * annuity(2026, growth=0.02))


def test_levelised_cost_is_per_unit_of_the_objective() -> None:
    people = effects({"wall": 4.0})
    given = pd.concat([EFFECTS, people], ignore_index=True)
    found = appraise.appraisals(OPTIONS, given, TABLES, header(discount_rate=0.1))  # for people, as the toy header says
    wall = found["appraisals"].set_index("option_id").loc["wall"]
    assert wall["levelised_cost_usd_per_unit"] == pytest.approx(100 / (4 * annuity(2026)))
    money = appraise.appraisals(OPTIONS, given, TABLES, header(discount_rate=0.1, objective="npv_usd"))["appraisals"]
    assert money["levelised_cost_usd_per_unit"].isna().all()


def test_worth_by_start_year_by_hand() -> None:
    table = appraise.npv_by_start(OPTIONS, EFFECTS, TABLES, header(discount_rate=0.1, start_years=YEARS))
    assert table.columns.tolist() == list(YEARS)
    assert table.loc["wall"].tolist() == pytest.approx(
        [30 * annuity(year + 1) - 100 * 1.1 ** (2025 - year) for year in YEARS]
    )


def test_futures_change_lines_and_take_bounds() -> None:
    head = header(discount_rate=0.1, start_years=(2025,))
    dear = appraise.npv_by_start(OPTIONS, EFFECTS, TABLES, head, factors={"capital": 1.5})
    assert dear.at["wall", 2025] == pytest.approx(30 * annuity(2026) - 150)
    for bound, amount in (("low", 20), ("high", 50)):
        found = appraise.npv_by_start(OPTIONS, EFFECTS, TABLES, head, bound=bound)
        assert found.at["wall", 2025] == pytest.approx(amount * annuity(2026) - 100)
