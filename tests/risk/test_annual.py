"""Yearly means and their errors by hand and against plain formulas; how the error shrinks; groups of people."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater.errors import AssumptionError, InputError
from headwater.risk.annual import annual, by_group, event_statistics, yearly
from headwater.risk.expected import RULES, ead_weights
from headwater.risk.failure import build_chances, sample_failures
from headwater.schema import load_schema

NAN = np.nan
PERIODS = [10, 20, 50, 100]
losses = st.lists(st.lists(st.floats(0, 1e7), min_size=6, max_size=6), min_size=4, max_size=4).map(np.array)


def test_by_hand():
    """Weights of 10 and 100 years by rectangle: 0.045 and 0.055. Yearly 9.1, 5.5 and 10: mean 8.2."""
    found = annual([[80, 0, 100], [100, 100, 100]], [10, 100])
    each = np.array([0.045 * 80 + 5.5, 5.5, 10.0])
    assert found.mean == pytest.approx(each.mean())
    assert found.se == pytest.approx(each.std(ddof=1) / np.sqrt(3))
    assert found.high - found.mean == pytest.approx(1.959964 * found.se, rel=1e-6)


@pytest.mark.parametrize(("rule", "expected"), [("trapezoid", 275), ("triangle", 300), ("rectangle", 325)])
def test_samples_that_agree_give_the_published_figure_without_error(rule, expected):
    found = annual(np.repeat([[2000.0], [3000], [4000], [5000]], 7, axis=1), PERIODS, rule=rule)
    assert [float(v) for v in found] == pytest.approx([expected, 0, expected, expected])


@given(losses, st.sampled_from(RULES))
def test_mean_is_the_rule_applied_to_the_means(values, rule):
    found = annual(values, PERIODS, rule=rule)
    assert found.mean == pytest.approx(ead_weights(PERIODS, rule=rule) @ values.mean(axis=1), rel=1e-9, abs=1e-9)
    assert 0 <= found.low <= found.mean <= found.high


@given(losses, st.permutations(range(6)), st.permutations(range(4)))
def test_order_of_samples_and_return_periods_is_irrelevant(values, samples, layers):
    one = annual(values, PERIODS)
    other = annual(values[layers][:, samples], np.array(PERIODS)[layers])
    assert np.array(other) == pytest.approx(np.array(one), rel=1e-9, abs=1e-6)


@given(losses, st.floats(0, 1e6))
def test_more_loss_is_never_less_in_a_year(values, more):
    assert annual(values + more, PERIODS).mean >= annual(values, PERIODS).mean


def test_zeros_under_every_rule():
    for rule in RULES:
        assert [float(v) for v in annual(np.zeros((4, 5)), PERIODS, rule=rule)] == [0, 0, 0, 0]


def test_missing_stays_missing_by_service():
    values = np.ones((2, 3, 2))
    values[1, 2, 1] = NAN
    found = annual(values, [10, 100])
    assert found.mean.shape == (2,)
    assert not np.isnan(found.mean[0])
    assert all(np.isnan(figure[1]) for figure in found)
    assert np.isnan(event_statistics(values[1]).p95[1])


def test_one_sample_has_no_error():
    found = annual([[0.0], [90.0]], [10, 100])
    assert found.mean == pytest.approx(4.95)
    assert np.isnan(found[1:]).all()


def test_sampled_years_weigh_the_same():
    found = yearly([[0.0, 1.0], [0.0, 1.0], [30.0, 1.0]])
    assert found.mean.tolist() == [10, 1]
    assert found.se == pytest.approx([10, 0])
    assert found.low.tolist() == [0, 1]


def test_statistics_of_an_event():
    found = event_statistics(np.arange(201.0)[::-1])
    assert [float(v) for v in found] == pytest.approx([100, np.std(np.arange(201), ddof=1) / np.sqrt(201), 10, 190])


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ([[1.0, 2.0]], InputError),
        ([1.0, 2.0], InputError),
        (np.empty((2, 0)), InputError),
    ],
)
def test_losses_must_fit(values, error):
    with pytest.raises(error):
        annual(values, [10, 100])


def test_an_unknown_rule_is_refused():
    with pytest.raises(AssumptionError, match="simpson"):
        annual(np.ones((2, 2)), [10, 100], rule="simpsons")


# --- how the error shrinks -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sampled():
    """People cut off by 60 roads, each with people of its own, at two return periods, in 4,000 samples."""
    count, samples = 60, 4000
    random = np.random.default_rng(11)
    items = pd.DataFrame(
        {"sector": "transport", "kind": "road", "lon": 43 + random.random(count), "lat": 11 + random.random(count)},
        index=[f"r{i}" for i in range(count)],
    )
    common = {"sector": "transport", "kind": "any", "basis": "judgement"}
    flood = common | {"hazard": "river_flood", "fails_from": 0.5, "fails_from_low": 0.2, "fails_from_high": 1.0}
    repair = common | {"hazard": "any", "repair_h": 48.0, "repair_h_low": 24.0, "repair_h_high": 96.0}
    chances = build_chances(
        items, hazard="river_flood", fragility=pd.DataFrame([flood]), recovery=pd.DataFrame([repair]), seed=20260101,
        range_m=10_000.0,
    )  # fmt: skip
    depths = random.random(count) * np.array([[0.6], [1.0]])
    events = sample_failures(chances, depths, [10, 100], start=0, stop=samples)
    people = random.integers(10, 1000, count)[events.item].astype(float)
    event = np.repeat(np.arange(events.count), np.diff(events.indptr))
    return np.bincount(event, people, events.count).reshape(samples, 2).T


def test_error_shrinks_with_the_root_of_the_number_of_samples(sampled):
    widths = [float(one.high - one.mean) for one in (annual(sampled[:, :n], [10, 100]) for n in (250, 1000, 4000))]
    assert widths[0] / widths[1] == pytest.approx(2, rel=0.15)
    assert widths[1] / widths[2] == pytest.approx(2, rel=0.1)


def test_interval_holds_the_mean_of_more_samples_about_as_often_as_it_says(sampled):
    parts = [annual(part, [10, 100]) for part in np.split(sampled, 40, axis=1)]
    truth = annual(sampled, [10, 100]).mean
    assert np.mean([part.low <= truth <= part.high for part in parts]) >= 0.85


def test_losses_at_return_periods_go_together_so_their_errors_do(sampled):
    """Errors added as if return periods were drawn apart would be too small."""
    apart = np.sqrt(
        sum((w * event_statistics(v).se) ** 2 for w, v in zip(ead_weights([10, 100]), sampled, strict=True))
    )
    assert annual(sampled, [10, 100]).se > 1.1 * apart


# --- groups ----------------------------------------------------------------------------------------------------------

ZONES = pd.DataFrame(
    {
        "zone_id": ["a", "b", "c", "d"], "population": [100.0, 300.0, 0.0, 600.0],
        "population_female": [60.0, 150.0, 0.0, None], "population_poor": [None, 30.0, None, None],
        "is_urban": pd.array([True, False, False, None], dtype="boolean"),
    }
)  # fmt: skip


def test_groups_by_hand():
    found = by_group(pd.Series({"d": 600.0, "b": 30.0, "a": 10.0, "c": 0.0}), ZONES).set_index("group")
    assert list(found.index) == ["female", "poor", "urban", "rural"]
    assert found.loc["female"].tolist() == [210, 0.6 * 10 + 0.5 * 30, 0.4]
    assert found.loc["poor"].tolist() == [30, 3, 0.3]
    assert found.loc["urban"].tolist() == [100, 10, 0.4]
    assert found.loc["rural"].tolist() == [300, 30, 0.4]
    assert set(found.columns) < set(load_schema("group_disruptions").index)


def test_zones_without_the_service_do_not_count():
    found = by_group(pd.Series({"a": 10.0}), ZONES).set_index("group")
    assert found.loc["female"].tolist() == [60, 6, 1]
    assert "poor" not in found.index


def test_groups_without_columns_and_unknown_zones():
    bare = ZONES[["zone_id", "population"]]
    assert by_group(pd.Series({"a": 1.0}), bare).empty
    with pytest.raises(InputError, match="zones called x"):
        by_group(pd.Series({"x": 1.0}), ZONES)


@given(st.permutations(range(4)), st.permutations(range(4)))
def test_order_of_zones_is_irrelevant(rows, zones):
    people = pd.Series({"a": 10.0, "b": 30.0, "c": 0.0, "d": 6.0})
    pd.testing.assert_frame_equal(by_group(people, ZONES), by_group(people.iloc[zones], ZONES.iloc[rows]))
