"""Published cases through the public functions of appraisal, and packaged coefficients with their sources."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.appraisal import coefficients
from headwater.appraisal.cash_flow import present_value
from headwater.appraisal.coefficients import load_coefficients, load_sources
from headwater.appraisal.emissions import electricity_emissions, emission_factors
from headwater.appraisal.published import check_case, check_sum, published_case, reduced
from headwater.appraisal.sensitivity import switching
from headwater.errors import AssumptionError, InputError, NotFound
from headwater.schema import faults
from headwater.words import speaking

TABLES = sorted(path.stem for path in Path(coefficients.__file__).parent.glob("*.csv"))


def amount(case_id: str, line: str) -> float:
    rows = published_case(case_id).set_index("line")
    return float(rows.loc[line, "amount"])


# --- cases --------------------------------------------------------------------------------------------------------


def test_viet_nam_mangroves() -> None:
    """Red Cross (2012), table 18.3.3 of the teaching kit: cost 8.88, benefits 239.7 million USD, a ratio of 27."""
    cost, benefit = amount("viet_nam_mangroves", "cost"), amount("viet_nam_mangroves", "total")
    case = np.array([[-cost], [benefit]])
    assert benefit / cost == pytest.approx(26.99, abs=0.005)
    assert float(present_value(case.sum(axis=0), discount_rate=0.0)) == pytest.approx(230.82)
    items = ["capital", "ecosystem_services"]
    switch = switching(case, items, ["factor.capital"], discount_rate=0.0, benefit_growth=0.0)
    assert switch["switching_value"].tolist() == pytest.approx([26.99], abs=0.005)  # costs may grow by the ratio


def test_the_items_of_the_mangroves_do_not_add_up_and_are_flagged() -> None:
    found = check_case("viet_nam_mangroves")
    assert found.items_total == pytest.approx(246.495)
    assert found.difference == pytest.approx(6.795)
    assert not found.adds_up
    assert "Do not use both" in found.flag
    flags = published_case("viet_nam_mangroves")
    assert flags.loc[flags["line"] == "total", "flag"].item() == "The items add up to 246.5, not to this total"


def test_bermuda_reefs_add_up_within_rounding() -> None:
    """Sarkis et al. (2013), table 18.3.4 of the teaching kit: 722.4 million USD a year from six services."""
    found = check_case("bermuda_reefs")
    assert found.items_total == pytest.approx(722.3)
    assert found.total == 722.4
    assert found.adds_up
    assert "rounding explains" in found.flag
    rows = published_case("bermuda_reefs").set_index("name")["amount"]
    share = rows / found.total
    assert (round(100 * share["Tourism"]), round(100 * share["Coastal protection"])) == (56, 37)


@pytest.mark.parametrize(
    ("baseline", "cut", "target"),
    [(381_481, 0.16, 320_444), (381_481, 0.23, 293_740), (68_000, 0.16, 57_120), (68_000, 0.23, 52_360)],
)
def test_targets_of_saint_lucia_follow_from_its_cuts(baseline: float, cut: float, target: float) -> None:
    """Pledges of 16 per cent by 2025 and 23 per cent by 2030 [tCO2e]: electricity, then solid waste."""
    assert round(reduced(baseline, cut)) == target


def test_emissions_of_the_worked_example() -> None:
    """Teaching kit, lecture 3.3: 25 g/kWh times 10 GWh are 250 tCO2e."""
    assert float(electricity_emissions(10, 25)) == 250
    coal, wind = emission_factors().loc[["coal", "wind_onshore"], "g_per_kwh"]
    assert electricity_emissions([1, 1], [coal, wind]).tolist() == [820, 11]
    for bad in (-1.0, np.nan):
        with pytest.raises(InputError):
            electricity_emissions(bad, 25)


def test_emission_factors_are_in_order() -> None:
    table = emission_factors()
    assert (table["g_per_kwh_low"] <= table["g_per_kwh"]).all()
    assert (table["g_per_kwh"] <= table["g_per_kwh_high"]).all()


# --- helpers ------------------------------------------------------------------------------------------------------


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=20), st.integers(0, 3))
def test_rounded_items_always_add_up_to_their_rounded_total(items: list[float], decimals: int) -> None:
    printed, total = np.round(items, decimals), float(np.round(sum(items), decimals))
    assert check_sum(printed.tolist(), total, rounded_to=10.0**-decimals * (1 + 1e-9)).adds_up


def test_exact_sums_have_no_flag() -> None:
    assert check_sum([1.0, 2.0], 3.0).flag == ""
    assert not check_sum([1.0, 2.0], 3.1).adds_up
    assert check_sum([1.0, 2.0], 3.4, rounded_to=[0.0, 0.0, 1.0]).adds_up


def test_what_cannot_be_checked_is_refused() -> None:
    with pytest.raises(InputError):
        check_sum([1.0, np.nan], 3.0)
    with pytest.raises(InputError):
        check_sum([1.0, 2.0], 3.0, rounded_to=[0.1, 0.1])
    with pytest.raises(NotFound, match="bermuda_reefs"):
        published_case("atlantis")
    for cut in (-0.1, 1.1, float("nan")):
        with pytest.raises(AssumptionError, match="not a share"):
            reduced(1.0, cut)
    with pytest.raises(AssumptionError, match="baseline"):
        reduced(-1.0, 0.1)


# --- packaged coefficients ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in TABLES if name != "sources"])
def test_every_coefficient_has_a_source_and_says_how_it_was_checked(name: str) -> None:
    table = load_coefficients(name)
    assert len(table)
    assert set(table["source_id"]) <= set(load_sources()["source_id"])
    if "verified" in table:
        assert table["verified"].str.match("^(read|derived): ").all()


def test_every_source_can_be_found_and_is_used() -> None:
    sources = load_sources()
    assert faults(sources, "sources") == []
    assert sources.notna().all(axis=None)
    used = {row for name in TABLES if name != "sources" for row in load_coefficients(name)["source_id"]}
    assert set(sources["source_id"]) == used
    assert sources["caveat_zh"].str.contains("[一-龥]").all()


def test_packaged_words_are_in_both_languages() -> None:
    with speaking("zh"):
        assert published_case("bermuda_reefs")["name"].str.contains("[一-龥]").all()
        assert emission_factors()["name"].str.contains("[一-龥]").all()
    with pytest.raises(NotFound, match="emission_factors"):
        load_coefficients("wishes")


def test_a_loaded_table_may_be_changed_without_harm() -> None:
    table = load_coefficients("jobs")
    table["jobs_per_usd_million"] = 0.0
    assert (load_coefficients("jobs")["jobs_per_usd_million"] > 0).all()
    assert isinstance(load_coefficients("jobs"), pd.DataFrame)
