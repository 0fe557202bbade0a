"""Every published figure of expected annual damage that the rules reproduce, and what holds whatever the figures."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import simpson

from headwater.errors import AssumptionError, InputError, TableError
from headwater.risk.expected import RULES, ead_weights, expected_annual_damage
from headwater.schema import check

FOUR = [10, 20, 50, 100]
DAMAGE = np.array([2000.0, 3000, 4000, 5000])


def ead(**options):
    return float(ead_weights(FOUR, **options) @ DAMAGE)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [("trapezoid", 275), ("triangle", 300), ("loglinear", 319.30240249145663), ("rectangle", 325)],
)
def test_published_figure_of_each_rule(rule, expected):
    assert ead(rule=rule) == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize(("standard", "expected"), [(25, 168.33), (200, 25), (15, 247.22)])
def test_published_figure_with_protection(standard, expected):
    assert round(ead(protection_return_period_yr=standard), 2) == expected


@pytest.mark.parametrize(("begins", "expected"), [(8, 350), (2, 725)])
def test_published_figure_with_a_front_triangle(begins, expected):
    assert ead(no_damage_return_period_yr=begins) == pytest.approx(expected)


def test_published_loglinear_figure_from_the_yearly_flood_on():
    """Published as 98.5, to one decimal: the flat tail gives it; no tail would give 68.5, a triangle 83.5."""
    weights = ead_weights([1, 2, 5, 25, 50, 100], rule="loglinear")
    assert weights @ [5, 10, 50, 300, 1200, 3000] == pytest.approx(98.49343647185705, rel=1e-14)
    assert round(float(weights @ [5, 10, 50, 300, 1200, 3000]), 1) == 98.5


def test_loglinear_area_is_the_integral():
    p = np.linspace(0.01, 0.1, 2_000_001)
    damage = np.interp(-np.log(p)[::-1], np.log(FOUR), DAMAGE)[::-1]
    between = np.trapezoid(damage, p)
    assert ead(rule="loglinear") == pytest.approx(between + 0.01 * 5000, rel=1e-9)


def test_loglinear_protection_cuts_the_same_integral():
    p = np.linspace(0.01, 1 / 33, 2_000_001)
    damage = np.interp(-np.log(p)[::-1], np.log(FOUR), DAMAGE)[::-1]
    expected = np.trapezoid(damage, p) + 0.01 * 5000
    assert ead(rule="loglinear", protection_return_period_yr=33) == pytest.approx(expected, rel=1e-9)


class TestConventions:
    """The three conventions in use that give different figures from the same damages, each a named choice."""

    def test_insertion_of_no_damage_at_probability_zero(self):
        """Trapezoid after adding the point (0, 0), the convention of OIA: `triangle`."""
        p, damage = np.array([0.1, 0.05, 0.02, 0.01, 0]), np.append(DAMAGE, 0)
        assert ead(rule="triangle") == pytest.approx(-np.trapezoid(damage, p))

    @pytest.mark.parametrize("standard", [20, 50, 100])
    def test_truncation_at_the_design_standard(self, standard):
        """Trapezoid over the events no more frequent than the standard, as in nismod/jamaica-infrastructure."""
        kept = np.array(FOUR) >= standard
        p = 1 / np.array(FOUR)[kept]
        expected = -np.trapezoid(DAMAGE[kept], p)
        assert ead(rule="trapezoid", protection_return_period_yr=standard) == pytest.approx(expected)

    def test_a_single_event_is_half_probability_times_damage(self):
        """nismod/jamaica-infrastructure's figure where one return period is left."""
        assert ead_weights([100], rule="triangle") @ [400] == pytest.approx(0.5 * 0.01 * 400)

    def test_simpson_is_refused_with_the_reason(self):
        with pytest.raises(AssumptionError, match="negative"):
            ead(rule="simpson")
        p = 1 / np.array([1000, 500, 250, 100, 50, 25, 10, 5, 2])
        damage_at_10_years_only = np.array([0, 0, 0, 0, 0, 0, 1.0, 0, 0])
        assert simpson(damage_at_10_years_only, x=p) < 0

    def test_an_unknown_rule_lists_those_there_are(self):
        with pytest.raises(AssumptionError, match="trapezoid, triangle, rectangle, loglinear"):
            ead(rule="flat")


@pytest.mark.parametrize(("standard", "expected"), [(200, 0), (100, 0)])
def test_trapezoid_has_nothing_beyond_the_rarest_event(standard, expected):
    assert ead(rule="trapezoid", protection_return_period_yr=standard) == expected


def test_triangle_is_cut_within_its_tail():
    assert ead(rule="triangle", protection_return_period_yr=200) == pytest.approx(0.005 * 2500 / 2)


def test_a_standard_below_the_most_frequent_event_changes_nothing():
    assert ead(protection_return_period_yr=5) == ead() == ead(protection_return_period_yr=np.nan)


def test_protection_beyond_reason_leaves_nothing():
    assert ead(protection_return_period_yr=np.inf) == 0


def test_many_standards_at_once():
    weights = ead_weights(FOUR, protection_return_period_yr=[25, np.nan, 200])
    assert weights.shape == (3, 4)
    assert (weights @ DAMAGE).round(2).tolist() == [168.33, 325, 25]


@pytest.mark.parametrize("bad", [[0.5, 10], [-10, 10], [0, 10], [np.nan, 10], [np.inf, 10], [10, 10], []])
def test_impossible_return_periods(bad):
    with pytest.raises(InputError, match="eturn period"):
        ead_weights(bad)


@pytest.mark.parametrize("standard", [0.5, -3])
def test_impossible_standard(standard):
    with pytest.raises(AssumptionError, match="1 year or more"):
        ead(protection_return_period_yr=standard)


@pytest.mark.parametrize("begins", [10, 50, 0.5, -1])
def test_damage_must_begin_before_the_first_event(begins):
    with pytest.raises(AssumptionError, match="no_damage_return_period_yr"):
        ead(no_damage_return_period_yr=begins)


# --- invariants ------------------------------------------------------------------------------------------------------

periods = st.lists(st.integers(1, 5000), min_size=1, max_size=8, unique=True).map(np.array)
rules = st.sampled_from(RULES)
standards = st.one_of(st.none(), st.floats(1, 10_000))
sizes = st.floats(0, 1e9)


@settings(deadline=None)
@given(periods, rules, standards)
def test_no_weight_is_negative_so_more_damage_never_means_less(rp, rule, standard):
    assert (ead_weights(rp, rule=rule, protection_return_period_yr=standard) >= -1e-15).all()


@settings(deadline=None)
@given(periods, rules)
def test_weights_never_exceed_certainty(rp, rule):
    """Damage every year at most once: the weights sum to no more than the most frequent event's probability."""
    assert ead_weights(rp, rule=rule).sum() <= 1 / rp.min() + 1e-12


@settings(deadline=None)
@given(periods, rules, st.floats(1, 10_000), st.floats(1, 10))
def test_more_protection_never_means_more_damage(rp, rule, standard, factor):
    damage = np.sort(rp) * 1.0
    less = ead_weights(np.sort(rp), rule=rule, protection_return_period_yr=standard) @ damage
    more = ead_weights(np.sort(rp), rule=rule, protection_return_period_yr=standard * factor) @ damage
    assert more <= less * (1 + 1e-12) + 1e-12


@settings(deadline=None)
@given(periods, rules, standards, st.randoms(use_true_random=False))
def test_order_of_return_periods_does_not_matter(rp, rule, standard, random):
    order = list(range(len(rp)))
    random.shuffle(order)
    straight = ead_weights(rp, rule=rule, protection_return_period_yr=standard)
    assert np.array_equal(ead_weights(rp[order], rule=rule, protection_return_period_yr=standard), straight[order])


# --- the table -------------------------------------------------------------------------------------------------------


def damages_of(assets: dict[str, list[float]], **columns) -> pd.DataFrame:
    rows = [(asset, rp, d) for asset, values in assets.items() for rp, d in zip(FOUR, values, strict=True)]
    table = pd.DataFrame(rows, columns=["asset_id", "return_period_yr", "damage_usd"])
    return table.assign(hazard="river_flood", scenario="rcp4p5", model="gfdl", epoch=2030, **columns)


def test_table_by_hand():
    damages = damages_of({"b": [0, 0, 0, 0], "a": list(DAMAGE)})
    damages["damage_usd_low"], damages["damage_usd_high"] = damages["damage_usd"] / 2, damages["damage_usd"] * 2
    result = expected_annual_damage(damages, rule="triangle")
    check(result, "expected_damages")
    assert result["asset_id"].tolist() == ["a", "b"]
    assert result["ead_usd_per_yr"].tolist() == pytest.approx([300, 0])
    assert result["ead_usd_per_yr_low"].tolist() == pytest.approx([150, 0])
    assert result["ead_usd_per_yr_high"].tolist() == pytest.approx([600, 0])
    assert set(result["ead_rule"]) == {"triangle"}


def test_each_asset_keeps_its_own_protection():
    damages = damages_of({"a": list(DAMAGE), "b": list(DAMAGE), "c": list(DAMAGE)})
    protection = pd.Series({"c": 200.0, "a": 25.0, "unknown": 5.0})
    result = expected_annual_damage(damages, protection_return_period_yr=protection)
    assert result["ead_usd_per_yr"].round(2).tolist() == [168.33, 325, 25]


def test_models_and_epochs_stay_apart_and_missing_ones_are_allowed():
    one = damages_of({"a": list(DAMAGE)})
    other = damages_of({"a": list(2 * DAMAGE)}).assign(model=None, epoch=None)
    result = expected_annual_damage(pd.concat([one, other]))
    assert sorted(result["ead_usd_per_yr"]) == pytest.approx([325, 650])


def test_damage_unknown_at_one_return_period_leaves_the_figure_unknown():
    result = expected_annual_damage(damages_of({"a": [0, np.nan, 1, 2], "b": [0, 0, 1, 2]}))
    assert result["ead_usd_per_yr"].isna().tolist() == [True, False]


def test_uncovered_share_is_the_largest_of_the_layers():
    damages = damages_of({"a": list(DAMAGE)}).assign(uncovered_share=[0, 0.25, 0.1, 0])
    assert expected_annual_damage(damages)["uncovered_share"].item() == 0.25


def test_a_return_period_missing_for_one_asset_is_an_error():
    damages = damages_of({"a": list(DAMAGE), "b": list(DAMAGE)}).drop(index=5)
    with pytest.raises(TableError, match="asset b") as caught:
        expected_annual_damage(damages)
    assert caught.value.faults[0].value == "20"


def test_a_negative_return_period_is_an_error_with_its_row():
    damages = damages_of({"a": list(DAMAGE)}).assign(return_period_yr=[10.0, -20, 50, 100])
    with pytest.raises(TableError) as caught:
        expected_annual_damage(damages)
    assert [(f.row, f.column, f.value) for f in caught.value.faults] == [(3, "return_period_yr", "-20.0")]


def test_no_rows_give_no_rows():
    result = expected_annual_damage(damages_of({}))
    assert result.empty
    assert "ead_usd_per_yr" in result


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(sizes, sizes, sizes, sizes), min_size=1, max_size=5), rules, st.floats(0, 100))
def test_table_is_linear_in_damage_and_leaves_its_input_alone(rows, rule, factor):
    damages = damages_of({f"a{i}": list(row) for i, row in enumerate(rows)})
    before = damages.copy()
    result = expected_annual_damage(damages, rule=rule)["ead_usd_per_yr"]
    scaled = expected_annual_damage(damages.assign(damage_usd=damages["damage_usd"] * factor), rule=rule)
    pd.testing.assert_frame_equal(damages, before)
    assert scaled["ead_usd_per_yr"].to_numpy() == pytest.approx(result.to_numpy() * factor, rel=1e-9, abs=1e-9)


@settings(max_examples=30, deadline=None)
@given(st.randoms(use_true_random=False), rules)
def test_row_order_does_not_matter(random, rule):
    damages = damages_of({"a": list(DAMAGE), "b": list(DAMAGE[::-1]), "c": [0, 0, 0, 1]})
    order = list(damages.index)
    random.shuffle(order)
    straight = expected_annual_damage(damages, rule=rule)
    pd.testing.assert_frame_equal(expected_annual_damage(damages.loc[order], rule=rule), straight)


@settings(max_examples=30, deadline=None)
@given(rules, standards)
def test_no_hazard_no_damage(rule, standard):
    damages = damages_of({"a": [0.0] * 4, "b": [0.0] * 4})
    assert (
        expected_annual_damage(damages, rule=rule, protection_return_period_yr=standard)["ead_usd_per_yr"] == 0
    ).all()
