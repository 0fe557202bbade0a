"""Failures counted by hand, and what holds whatever the hazard: rarer never less, protected never more."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.errors import InputError, TableError
from headwater.risk.failure import (
    build_chances,
    intensities,
    recovery_hours,
    sample_drought_years,
    sample_failures,
    thresholds,
    uncovered_share,
)

NAN, INF = np.nan, np.inf
FRAGILITY = pd.DataFrame(
    [
        ("river_flood", "transport", "any", 1.0, None, None),
        ("river_flood", "transport", "road", 0.5, 0.2, 0.9),
        ("river_flood", "transport", "road_primary", 0.7, None, 0.8),
        ("river_flood", "energy", "substation", 0.3, None, None),
        ("tropical_cyclone", "energy", "any", 30.0, 20.0, 60.0),
    ],
    columns=["hazard", "sector", "kind", "fails_from", "fails_from_low", "fails_from_high"],
).assign(basis="judgement")
RECOVERY = pd.DataFrame(
    [
        ("any", "transport", "road_primary", 10.0, 5.0, 20.0),
        ("river_flood", "transport", "any", 48.0, 24.0, 96.0),
        ("any", "energy", "any", 72.0, 72.0, 72.0),
    ],
    columns=["hazard", "sector", "kind", "repair_h", "repair_h_low", "repair_h_high"],
).assign(basis="judgement")
KINDS = {
    "R1": ("transport", "road_primary"), "R2": ("transport", "road_track"), "T": ("transport", "rail"),
    "S": ("energy", "substation"), "W": ("water", "pump"),
}  # fmt: skip
DEPTHS = np.array([[0.0, 0.1, 1.0, 0.3, 9.0], [0.8, 0.9, 1.0, 0.3, 9.0]])


def items_of(names=tuple(KINDS), **columns):
    rows = [KINDS[name] for name in names]
    table = pd.DataFrame(rows, columns=["sector", "kind"], index=pd.Index(names, name="item_id"))
    return table.assign(design_return_period_yr=NAN, lon=43.0 + np.arange(len(names)) / 100, lat=11.5).assign(**columns)


def chances_of(items, *, hazard="river_flood", fragility=FRAGILITY, seed=1, range_m=0.0):
    return build_chances(items, hazard=hazard, fragility=fragility, recovery=RECOVERY, seed=seed, range_m=range_m)


def sets(events, names=tuple(KINDS)):
    """Names that fail in each event."""
    spans = zip(events.indptr[:-1], events.indptr[1:], strict=True)
    return [{names[i] for i in events.item[a:b]} for a, b in spans]


# --- tables ---------------------------------------------------------------------------------------------------------


def test_most_exact_threshold_wins_and_a_missing_bound_is_the_value():
    found = thresholds(items_of(), hazard="river_flood", fragility=FRAGILITY)
    assert found.loc["R1"].tolist() == [0.7, 0.7, 0.8]
    assert found.loc["R2"].tolist() == [0.2, 0.5, 0.9]
    assert found.loc["T"].tolist() == [1, 1, 1]
    assert found.loc["S"].tolist() == [0.3, 0.3, 0.3]
    assert found.loc["W"].isna().all()


def test_thresholds_are_those_of_the_hazard():
    found = thresholds(items_of(), hazard="tropical_cyclone", fragility=FRAGILITY)
    assert found["mode"].dropna().to_dict() == {"S": 30}
    assert thresholds(items_of(), hazard="tsunami", fragility=FRAGILITY).isna().all(axis=None)
    assert thresholds(items_of(), hazard="tsunami", fragility=FRAGILITY.iloc[:0]).isna().all(axis=None)


def test_time_of_repair_for_the_hazard_goes_before_any_hazard():
    found = recovery_hours(items_of(), hazard="river_flood", recovery=RECOVERY)
    assert found.loc["R1"].tolist() == [24, 48, 96]
    assert found.loc["S"].tolist() == [72, 72, 72]
    assert found.loc["W"].isna().all()
    assert recovery_hours(items_of(), hazard="tsunami", recovery=RECOVERY).loc["R1"].tolist() == [5, 10, 20]


@pytest.mark.parametrize(("column", "value"), [("fails_from_low", 0.6), ("fails_from_high", 0.4)])
def test_bounds_out_of_order_are_named(column, value):
    fragility = FRAGILITY.copy()
    fragility.loc[1, column] = value
    with pytest.raises(TableError, match=r"fragility, row 3, column fails_from"):
        thresholds(items_of(), hazard="river_flood", fragility=fragility)


def test_two_rows_for_one_kind_are_refused():
    with pytest.raises(TableError):
        thresholds(items_of(), hazard="river_flood", fragility=pd.concat([FRAGILITY, FRAGILITY[:1]], ignore_index=True))


@pytest.mark.parametrize("options", [{"seed": -1}, {"range_m": -1.0}, {"range_m": INF}])
def test_seed_and_range_must_make_sense(options):
    with pytest.raises(InputError, match="0 or more"):
        chances_of(items_of(), **options)


# --- intensities ----------------------------------------------------------------------------------------------------


def test_the_deepest_place_counts_and_no_data_is_not_dry(roads):
    values = np.array([[1.0, 0.0, 0.5], [2.0, 1.0, NAN], [NAN, 0.25, 0.0]], dtype=np.float32)
    found = intensities(roads, values)  # wet, half, none, lost, plant
    assert found[:, 0].tolist() == [1, 2, 0.25]
    assert found[:, 1].tolist() == [0, 1, 0.25]
    assert np.isnan(found[:, 2:4]).all()
    assert found[[0, 2], 4].tolist() == [0.5, 0]
    assert np.isnan(found[1, 4])
    named = intensities(roads, values, item_ids=pd.Index(["half", "elsewhere", "wet"]))
    assert np.array_equal(named[:, [0, 2]], found[:, [1, 0]])
    assert np.isnan(named[:, 1]).all()


def test_a_negative_intensity_is_refused(roads):
    with pytest.raises(InputError, match="-9999"):
        intensities(roads, np.array([[-9999.0, 0, 0]]))


def test_uncovered_share_counts_items_that_could_fail_and_that_no_layer_covers():
    depths = DEPTHS.copy()
    depths[:, [2, 4]] = NAN  # rail, and the pump that has no threshold
    depths[0, 0] = NAN  # covered by the rarer layer
    assert uncovered_share(chances_of(items_of()), depths) == 0.25
    assert np.isnan(uncovered_share(chances_of(items_of(), hazard="tsunami"), depths))


# --- failures -------------------------------------------------------------------------------------------------------


def test_certain_thresholds_by_hand():
    """Rail fails at 1 m in both, the substation at exactly 0.3; the primary road is past its high bound at 0.8 m."""
    events = sample_failures(chances_of(items_of()), DEPTHS, [10, 100], start=0, stop=4)
    assert sets(events) == [{"T", "S"}, {"R1", "R2", "T", "S"}] * 4
    assert events.count == 8
    assert events.item.dtype == np.int32
    assert (np.diff(events.item[events.indptr[1] : events.indptr[2]]) > 0).all()


def test_single_precision_does_not_decide():
    """0.7 as a raster holds it is a little less than 0.7."""
    fragility = FRAGILITY.assign(fails_from=0.7, fails_from_low=None, fails_from_high=None)
    depths = np.full((1, 5), np.float64(np.float32(0.7)))
    events = sample_failures(chances_of(items_of(), fragility=fragility), depths, [10], start=0, stop=1)
    assert sets(events) == [{"R1", "R2", "T", "S"}]


def test_no_hazard_no_failure_even_from_nothing():
    fragility = FRAGILITY.assign(fails_from=0.0, fails_from_low=None, fails_from_high=None)
    events = sample_failures(chances_of(items_of(), fragility=fragility), np.zeros((2, 5)), [10, 100], start=0, stop=3)
    assert events.count == 6
    assert events.item.size == 0
    rising = np.array([[0.0] * 5, [0.1] * 5])
    events = sample_failures(chances_of(items_of(), fragility=fragility), rising, [10, 100], start=0, stop=1)
    assert sets(events) == [set(), {"R1", "R2", "T", "S"}]


def test_uncovered_items_do_not_fail():
    events = sample_failures(chances_of(items_of()), np.full((2, 5), NAN), [10, 100], start=0, stop=2)
    assert events.indptr.tolist() == [0] * 5


def test_protection_holds_up_to_its_return_period_and_not_at_it():
    """As in expected.ead_weights: what is more frequent than the standard is taken away."""
    items = items_of(design_return_period_yr=[NAN, NAN, 10.0, 10.1, NAN])
    deep = np.full((2, 5), 9.0)
    events = sample_failures(chances_of(items), deep, [10, 100], start=0, stop=1)
    assert sets(events) == [{"R1", "R2", "T"}, {"R1", "R2", "T", "S"}]


def test_share_of_samples_that_fail_follows_the_triangle():
    """At 0.5 m, the mode of 0.2 to 0.9, (0.5 - 0.2) / (0.9 - 0.2) of thresholds lie below."""
    shallow = np.full((1, 1), 0.5)
    for range_m in (0.0, 10_000.0):
        chances = chances_of(items_of(["R2"]), range_m=range_m)
        events = sample_failures(chances, shallow, [10], start=0, stop=4000)
        assert events.item.size / 4000 == pytest.approx(3 / 7, abs=0.03)


def test_repair_takes_one_chance_for_the_whole_sample():
    events = sample_failures(chances_of(items_of(["R1", "T", "S"])), np.full((2, 3), 5.0), [10, 100], start=0, stop=500)
    hours = events.hours.reshape(500, 2, 3)
    assert (hours[:, 0] == hours[:, 1]).all()
    assert (hours[..., 0] == hours[..., 1]).all()  # both by the row of transport
    assert (hours[..., 2] == 72).all()
    assert 24 <= hours[..., 0].min() < hours[..., 0].max() <= 96
    assert hours[..., 0].mean() == pytest.approx((24 + 48 + 96) / 3, abs=3)


def test_unknown_time_of_repair_is_endless():
    fragility = pd.DataFrame([("river_flood", "water", "any", 0.5)], columns=FRAGILITY.columns[:4])
    chances = chances_of(items_of(), fragility=fragility.assign(basis="judgement"))
    events = sample_failures(chances, DEPTHS, [10, 100], start=0, stop=1)
    assert sets(events) == [{"W"}, {"W"}]
    assert (events.hours == INF).all()


def test_neighbours_fail_together_where_the_range_is_long():
    """Equal roads a kilometre apart: under a range of 1,000 km all or none, on their own seldom so."""
    items = pd.DataFrame(
        {"sector": "transport", "kind": "road_track", "lon": 43 + np.arange(20) / 100, "lat": 11.5},
        index=[f"r{i}" for i in range(20)],
    )
    depths = np.full((1, 20), 0.5)
    counts = {
        m: np.diff(sample_failures(chances_of(items, range_m=m), depths, [10], start=0, stop=400).indptr)
        for m in (0.0, 1e6)
    }
    assert np.isin(counts[1e6], [0, 20]).mean() > 0.9
    assert np.isin(counts[0.0], [0, 20]).mean() < 0.01
    assert counts[1e6].mean() == pytest.approx(counts[0.0].mean(), abs=2)  # the same on average


def test_intensities_must_fit():
    with pytest.raises(InputError, match="each of 3 return periods and 5 items"):
        sample_failures(chances_of(items_of()), DEPTHS, [10, 50, 100], start=0, stop=1)


# --- whatever the hazard --------------------------------------------------------------------------------------------

depth = st.one_of(st.just(NAN), st.floats(0, 1.5))
depths = st.lists(st.lists(depth, min_size=5, max_size=5), min_size=3, max_size=3).map(np.array)
ranges = st.sampled_from([0.0, 2000.0])
seeds = st.integers(0, 2**32)
PERIODS = [5, 20, 100]


@given(st.lists(st.floats(0, 1.5), min_size=5, max_size=5), st.floats(0, 1), seeds, ranges)
def test_rarer_never_stops_less(shallow, more, seed, range_m):
    growing = np.stack([np.array(shallow), np.array(shallow) + more / 2, np.array(shallow) + more])
    events = sets(
        sample_failures(chances_of(items_of(), seed=seed, range_m=range_m), growing, PERIODS, start=0, stop=5)
    )
    for sample in range(5):
        a, b, c = events[3 * sample : 3 * sample + 3]
        assert a <= b <= c


@given(depths, seeds, ranges, st.lists(st.sampled_from([NAN, 2.0, 20.0, 1000.0]), min_size=5, max_size=5))
def test_protection_never_stops_more(intensity, seed, range_m, standards):
    plain, held = (
        sets(sample_failures(chances_of(items, seed=seed, range_m=range_m), intensity, PERIODS, start=0, stop=4))
        for items in (items_of(), items_of(design_return_period_yr=standards))
    )
    assert all(less <= more for less, more in zip(held, plain, strict=True))


@given(depths, seeds, ranges, st.permutations(range(5)))
def test_row_order_is_irrelevant(intensity, seed, range_m, order):
    names, items = np.array(list(KINDS)), items_of()
    one = sample_failures(chances_of(items, seed=seed, range_m=range_m), intensity, PERIODS, start=0, stop=4)
    other = sample_failures(
        chances_of(items.iloc[order], seed=seed, range_m=range_m), intensity[:, order], PERIODS, start=0, stop=4
    )
    assert sets(one) == sets(other, names[order])
    rows = [
        sorted(zip(np.repeat(range(12), np.diff(e.indptr)), n[e.item], e.hours, strict=True))
        for e, n in ((one, names), (other, names[order]))
    ]
    assert rows[0] == rows[1]


@given(depths, seeds, ranges, st.integers(0, 9))
def test_blocks_of_samples_add_up_to_the_whole(intensity, seed, range_m, cut):
    chances = chances_of(items_of(), seed=seed, range_m=range_m)
    whole, first, rest = (
        sample_failures(chances, intensity, PERIODS, start=a, stop=b) for a, b in ((0, 9), (0, cut), (cut, 9))
    )
    assert np.array_equal(whole.indptr, np.append(first.indptr, first.indptr[-1] + rest.indptr[1:]))
    assert np.array_equal(whole.item, np.append(first.item, rest.item))
    assert np.array_equal(whole.hours, np.append(first.hours, rest.hours))


@given(depths, seeds)
@settings(max_examples=25)
def test_another_item_changes_nothing_for_the_rest(intensity, seed):
    names = list(KINDS)[:4]
    chances = [chances_of(items_of(n), seed=seed) for n in (KINDS, names)]
    whole, fewer = (
        sets(sample_failures(c, intensity[:, :k], PERIODS, start=0, stop=4))
        for c, k in zip(chances, (5, 4), strict=True)
    )
    assert whole == fewer  # the fifth has no threshold


def test_without_bounds_all_samples_agree():
    fragility = FRAGILITY.assign(fails_from_low=None, fails_from_high=None)
    events = sets(sample_failures(chances_of(items_of(), fragility=fragility), DEPTHS, [10, 100], start=0, stop=50))
    assert events == events[:2] * 50


@pytest.mark.parametrize("cut", [0, 3, 10])
def test_same_seed_same_result_and_another_seed_another(cut):
    deep = np.full((1, 5), 0.75)
    items = items_of()
    one, again, other = (
        sample_failures(chances_of(items, seed=s, range_m=500.0), deep, [10], start=cut, stop=cut + 40)
        for s in (4, 4, 5)
    )
    assert np.array_equal(one.item, again.item)
    assert np.array_equal(one.hours, again.hours)
    assert sets(one) != sets(other)


# --- drought --------------------------------------------------------------------------------------------------------


def test_drought_years_come_as_often_as_their_probability():
    chance = np.array([0.0, 0.1, 0.5, 1.0, NAN])
    for range_m in (0.0, 50_000.0):
        events = sample_drought_years(chances_of(items_of(), range_m=range_m), chance, start=0, stop=4000, hours=720.0)
        often = np.bincount(events.item, minlength=5) / 4000
        assert often[[0, 3, 4]].tolist() == [0, 1, 0]
        assert often[1:3] == pytest.approx([0.1, 0.5], abs=0.03)
        assert events.count == 4000
        assert (events.hours == 720).all()


def test_a_drier_place_is_dry_whenever_its_neighbour_is():
    items = items_of(lon=43.0, lat=11.5)
    chance = np.array([0.1, 0.3, 0, 0, 0])
    years = sample_drought_years(chances_of(items, range_m=1000.0), chance, start=0, stop=300)
    assert all("R2" in year for year in sets(years) if "R1" in year)
    assert (years.hours == INF).all()


@given(st.integers(0, 8))
@settings(max_examples=9)
def test_blocks_of_years_add_up_to_the_whole(cut):
    chances, chance = chances_of(items_of(), range_m=1000.0), np.full(5, 0.4)
    whole, first, rest = (
        sample_drought_years(chances, chance, start=a, stop=b) for a, b in ((0, 8), (0, cut), (cut, 8))
    )
    assert sets(whole) == sets(first) + sets(rest)


@pytest.mark.parametrize("wrong", [np.full(5, 1.2), np.full(5, -0.1), np.zeros(4)])
def test_probabilities_must_be_some(wrong):
    with pytest.raises(InputError, match="between 0 and 1"):
        sample_drought_years(chances_of(items_of()), wrong, start=0, stop=1)
