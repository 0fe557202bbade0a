"""Fields of chance: exactly normal, correlated as asked, and the same however they are drawn."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtri
from scipy.stats import kstest, triang

from headwater.errors import InputError
from headwater.geo.distance import SPHERE_RADIUS_M
from headwater.risk.chance import chances_at, draw, points_m, triangular

KM_DEGREES = np.degrees(1000 / SPHERE_RADIUS_M)
"""Degrees of latitude that make a kilometre."""
SAMPLES = 4000


def north(kilometres):
    """Points that many kilometres north of Djibouti."""
    return points_m(np.full(len(kilometres), 43.1), 11.6 + np.asarray(kilometres) * KM_DEGREES)


def keys(count):
    return np.arange(count, dtype=np.uint64)


def chances(points, *, range_m, seed=1, start=0, stop=SAMPLES):
    return chances_at(points, draw(seed, start=start, stop=stop), range_m=range_m, keys=keys(len(points)))


@pytest.fixture(scope="module")
def field():
    """Normal field at 0, 5, 10, 20 and 100 km, range 10 km."""
    return ndtri(chances(north([0, 5, 10, 20, 100]), range_m=10_000))


def test_field_is_standard_normal_at_every_point(field):
    for at_point in field.T:
        assert kstest(at_point, "norm").pvalue > 0.001
    assert field.var() == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize(("point", "distance"), [(1, 5), (2, 10), (3, 20), (4, 100)])
def test_correlation_falls_with_distance_as_the_formula_says(field, point, distance):
    expected = np.exp(-((distance / 10) ** 2) / 2)  # exp(-1/2) = 0.61 at the range itself
    assert np.corrcoef(field[:, 0], field[:, point])[0, 1] == pytest.approx(expected, abs=4 / np.sqrt(SAMPLES))


def test_correlation_is_the_same_in_every_direction():
    east = points_m([43.1, 43.1 + 10 * KM_DEGREES / np.cos(np.radians(11.6))], [11.6, 11.6])
    field = ndtri(chances(east, range_m=10_000))
    assert np.corrcoef(field.T)[0, 1] == pytest.approx(np.exp(-0.5), abs=0.05)


def test_without_a_range_chances_are_even_and_share_nothing():
    own = chances(north([0.0] * 20), range_m=0)
    assert kstest(own.ravel(), "uniform").pvalue > 0.001
    between = np.corrcoef(own.T)[np.triu_indices(20, 1)]
    assert np.abs(between).max() < 5 / np.sqrt(SAMPLES)
    along = [np.corrcoef(one[1:], one[:-1])[0, 1] for one in own.T]
    assert np.abs(along).max() < 4 / np.sqrt(SAMPLES)


def test_keys_that_are_names_by_number_share_nothing_either():
    own = chances_at(north([0.0] * 512), draw(3, start=0, stop=64), range_m=0, keys=keys(512) << np.uint64(40))
    assert kstest(own.ravel(), "uniform").pvalue > 0.001
    assert len(np.unique(own)) == own.size


@given(cut=st.integers(0, 12), seed=st.integers(0, 2**40), range_m=st.sampled_from([0.0, 500.0, 50_000.0]))
@settings(max_examples=30)
def test_samples_may_be_drawn_in_any_pieces(cut, seed, range_m):
    points = north([0, 1, 7])
    whole = chances(points, range_m=range_m, seed=seed, stop=12)
    parts = [chances(points, range_m=range_m, seed=seed, start=a, stop=b) for a, b in ((0, cut), (cut, 12))]
    assert np.array_equal(whole, np.concatenate(parts))
    assert ((whole > 0) & (whole < 1)).all()


@given(order=st.permutations(range(6)))
@settings(max_examples=20)
def test_a_chance_depends_on_no_other_place(order):
    points, draws = north(range(6)), draw(5, start=0, stop=3)
    for range_m in (0.0, 3000.0):
        whole = chances_at(points, draws, range_m=range_m, keys=keys(6))
        some = chances_at(points[order[:4]], draws, range_m=range_m, keys=keys(6)[list(order[:4])])
        assert np.array_equal(whole[:, order[:4]], some)


def test_seeds_and_samples_differ():
    one, other = (chances(north([0]), range_m=1000, seed=seed, stop=50) for seed in (1, 2))
    assert len(np.unique(np.concatenate([one, other]))) == 100


def test_a_point_without_a_place_has_no_shared_chance():
    nowhere = points_m([np.nan], [np.nan])
    assert np.isnan(chances(nowhere, range_m=1000, stop=2)).all()
    assert not np.isnan(chances(nowhere, range_m=0, stop=2)).any()


def test_chords_are_distances():
    points = north([0, 1, 500])
    assert np.linalg.norm(points[1] - points[0]) == pytest.approx(1000, rel=1e-6)
    assert np.linalg.norm(points[2] - points[0]) == pytest.approx(500_000, rel=3e-4)


def test_samples_must_be_a_range():
    with pytest.raises(InputError, match="no range"):
        draw(1, start=3, stop=2)


@given(
    st.tuples(*[st.floats(0, 1e4)] * 3).map(sorted),
    st.floats(1e-9, 1 - 1e-9),
)
def test_triangular_quantiles_are_those_of_scipy(bounds, chance):
    low, mode, high = bounds
    found = triangular(np.array([[chance]]), np.array([bounds])).item()
    assert low <= found <= high
    if high - low > 1e-6:
        expected = triang.ppf(chance, (mode - low) / (high - low), loc=low, scale=high - low)
        assert found == pytest.approx(expected, rel=1e-6, abs=1e-6)
    else:
        assert found == pytest.approx(low, abs=1e-6)
