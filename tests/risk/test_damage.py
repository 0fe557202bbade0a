"""Exposure and damage counted by hand, measures, gaps in the data, and agreement with a plain loop."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.errors import InputError, NotFound
from headwater.risk.curves import curve_set, damage_share, load_curves
from headwater.risk.damage import damages, damages_table, exposures, unit_values
from headwater.schema import check

NAN = np.nan
CURVE = pd.DataFrame(
    {"curve_id": "c", "intensity": [0.0, 1, 2], "intensity_unit": "m", "damage_share": [0, 0.5, 1],
     "damage_share_low": [0, 0.25, 0.5], "damage_share_high": [0, 1, 1]}
)  # fmt: skip
DEPTHS = np.array([[1.0, 0.0, 0.5], [2.0, 1.0, NAN]], dtype=np.float32)
"""Cells 0, 1 and 5 of the fixture `roads`, at two return periods."""


def value(count, mean=10.0, low=8.0, high=20.0):
    return np.repeat([[mean], [low], [high]], count, axis=1)


def curve_of(coverage, curve_id="c"):
    return pd.Series(curve_id, index=coverage.asset_ids, dtype=object)


def damaged(coverage, depths=DEPTHS, curves=CURVE, **options):
    options = {"unit_values": value(len(coverage.asset_ids)), "curve_id": curve_of(coverage)} | options
    return damages(coverage, depths, curves=curve_set(curves, unit="m"), **options)


def test_by_hand(roads):
    result = damaged(roads)
    mean, low, high = result.damage_usd
    # wet: 3 m at 1 m deep (0.5) and 1 m dry; then 3 m at 2 m (1) and 1 m at 1 m (0.5)
    assert mean[:, 0].tolist() == [3 * 0.5 * 10, (3 + 0.5) * 10]
    assert low[:, 0].tolist() == [3 * 0.25 * 8, (3 * 0.5 + 0.25) * 8]
    assert high[:, 0].tolist() == [3 * 1 * 20, (3 + 1) * 20]
    # half: 2 m on the grid, dry and then 1 m deep
    assert mean[:, 1].tolist() == [0, 2 * 0.5 * 10]
    # plant: half a metre, and then no data
    assert mean[0, 4] == 2.5
    assert np.isnan(mean[1, 4])


def test_what_no_layer_covers_has_no_figure_and_says_so(roads):
    result = damaged(roads)
    assert np.isnan(result.damage_usd[:, :, 2:4]).all()
    assert result.uncovered_share[0].tolist() == pytest.approx([0, 0.5, 1, NAN, 0], nan_ok=True)
    assert result.uncovered_share[1].tolist() == pytest.approx([0, 0.5, 1, NAN, 1], nan_ok=True)


def test_no_data_adds_nothing_but_counts_as_uncovered(make_coverage):
    road = make_coverage({"road": {0: 1.0, 1: 3.0}})
    result = damaged(road, np.array([[2.0, NAN]]))
    assert result.damage_usd[0].item() == 10
    assert result.uncovered_share.item() == 0.75


def test_no_hazard_no_damage(roads):
    result = damaged(roads, np.zeros((2, 3)))
    assert (result.damage_usd[:, :, [0, 1, 4]] == 0).all()


def test_a_line_without_length_is_damaged_by_nothing_but_covered(make_coverage):
    stub = make_coverage({"stub": {0: 0.0}})
    result = damaged(stub, np.array([[2.0], [NAN]]))
    assert result.damage_usd[0, 0].item() == 0
    assert np.isnan(result.damage_usd[0, 1].item())
    assert result.uncovered_share[:, 0].tolist() == [0, 1]


def test_an_asset_without_a_curve_or_a_value_has_no_figure(roads):
    names = curve_of(roads)
    names.iloc[0] = None
    worth = value(5)
    worth[0, 1] = NAN
    result = damaged(roads, curve_id=names, unit_values=worth)
    assert np.isnan(result.damage_usd[:, :, 0]).all()
    assert np.isnan(result.damage_usd[0, :, 1]).all()
    assert result.uncovered_share[0, 0] == 0


def test_an_unknown_curve_is_an_error(roads):
    with pytest.raises(NotFound, match="unheard-of"):
        damaged(roads, curve_id=curve_of(roads, "unheard-of"))


class TestMeasures:
    def one(self, make_coverage, depth, **measure):
        return damaged(make_coverage({"road": {0: 1.0}}), np.array([[depth]]), **measure).damage_usd[0].item()

    def test_scale_and_offset(self, make_coverage):
        assert self.one(make_coverage, 1.0, damage_scale=0.5, damage_offset=-0.1) == pytest.approx(1.5)

    def test_never_below_nothing_nor_above_everything(self, make_coverage):
        assert self.one(make_coverage, 0.2, damage_offset=-0.2) == 0
        assert self.one(make_coverage, 2.0, damage_scale=1.5) == 10

    def test_nothing_is_damaged_that_was_not_damaged_before(self, make_coverage):
        assert self.one(make_coverage, 0.0, damage_offset=0.3) == 0
        assert self.one(make_coverage, 0.1, damage_offset=0.3) == pytest.approx(3.5)

    def test_one_measure_per_asset(self, make_coverage):
        pair = make_coverage({"a": {0: 1.0}, "b": {0: 1.0}})
        result = damaged(pair, np.array([[1.0]]), damage_scale=[1, 0.5], damage_offset=[0, 0])
        assert result.damage_usd[0, 0].tolist() == [5, 2.5]


class TestTable:
    @pytest.fixture
    def assets(self, roads):
        columns = {"sector": "transport", "kind": "road_primary", "is_paved": True, "unit_value_usd": 100.0}
        return pd.DataFrame(columns, index=roads.asset_ids)

    def test_long_table(self, roads, layers, assets):
        table = damages_table(assets, roads, layers, DEPTHS)
        check(table[table["damage_usd"].notna()], "damages")
        assert len(table) == 10
        wet = table[table["asset_id"] == "wet"].set_index("return_period_yr")
        share = damage_share([1.0, 0.0], load_curves(), "F7.2", unit="m")
        assert wet.at[10, "damage_usd"] == pytest.approx(100 * (3 * share[0] + share[1]))
        assert (wet["damage_usd_low"] <= wet["damage_usd"]).all()
        assert (wet["damage_usd"] <= wet["damage_usd_high"]).all()

    def test_units_of_the_layer(self, roads, layers, assets):
        metres = damages_table(assets, roads, layers, DEPTHS)
        centimetres = damages_table(assets, roads, layers.assign(unit="cm"), DEPTHS * 100)
        np.testing.assert_allclose(centimetres["damage_usd"], metres["damage_usd"], rtol=1e-6)

    def test_measures_and_own_curves_are_columns(self, roads, layers, assets):
        plain = damages_table(assets, roads, layers, DEPTHS)
        less = damages_table(assets.assign(damage_scale=0.5, damage_offset=np.nan), roads, layers, DEPTHS)
        np.testing.assert_allclose(less["damage_usd"], plain["damage_usd"] / 2)
        other = damages_table(assets.assign(curve_id="F1.1"), roads, layers, DEPTHS)
        assert other["damage_usd"].sum() != plain["damage_usd"].sum()

    def test_order_of_assets_and_layers_is_by_key(self, roads, layers, assets):
        keys = ["asset_id", "return_period_yr"]
        straight = damages_table(assets, roads, layers, DEPTHS).set_index(keys).sort_index()
        turned = damages_table(assets.iloc[::-1], roads, layers.iloc[::-1], DEPTHS[::-1]).set_index(keys).sort_index()
        pd.testing.assert_frame_equal(straight, turned)

    def test_input_is_left_alone(self, roads, layers, assets):
        before, depths = assets.copy(), DEPTHS.copy()
        damages_table(assets, roads, layers, DEPTHS)
        pd.testing.assert_frame_equal(assets, before)
        np.testing.assert_array_equal(DEPTHS, depths)

    def test_a_probability_is_not_an_intensity(self, roads, layers, assets):
        with pytest.raises(InputError, match="intensities"):
            damages_table(assets, roads, layers.assign(quantity="annual_probability"), DEPTHS)

    def test_an_undeclared_no_data_value_is_not_a_dry_cell(self, roads, layers, assets):
        with pytest.raises(InputError, match=r"rp100 holds the intensity -9999.*no data"):
            damages_table(assets, roads, layers, np.where(np.isnan(DEPTHS), -9999, DEPTHS))

    def test_values_must_fit(self, roads, layers, assets):
        with pytest.raises(InputError, match="3 cells"):
            damages_table(assets, roads, layers, DEPTHS[:, :2])
        with pytest.raises(InputError, match="each layer"):
            damages_table(assets, roads, layers, DEPTHS[:1])


class TestExposure:
    def test_by_hand(self, roads, layers):
        table = exposures(roads, layers, DEPTHS, threshold=0.5)
        check(table, "exposures")
        first = table[table["layer_id"] == "rp10"].set_index("asset_id")
        assert first.index.tolist() == ["wet", "half", "none", "plant"]  # lost has no place
        assert first["exposed_amount"].tolist() == pytest.approx([3, 0, NAN, 0], nan_ok=True)
        assert first["intensity_max"].tolist() == pytest.approx([1, 0, NAN, 0.5], nan_ok=True)
        assert first["intensity_mean"].tolist() == pytest.approx([0.75, 0, NAN, 0.5], nan_ok=True)
        assert first["uncovered_share"].tolist() == pytest.approx([0, 0.5, 1, 0])
        assert first["amount_unit"].tolist() == ["m", "m", "m", "count"]
        assert first["total_amount"].tolist() == [4, 4, 7, 1]

    def test_a_line_without_length_has_an_intensity(self, make_coverage, layers):
        stub = make_coverage({"stub": {0: 0.0, 1: 0.0}})
        table = exposures(stub, layers.iloc[:1], np.array([[1.0, 2.0]]))
        assert table[["exposed_amount", "intensity_max", "intensity_mean"]].iloc[0].tolist() == [0, 2, 1.5]

    def test_negative_intensity_is_refused(self, roads, layers):
        with pytest.raises(InputError, match="below 0"):
            exposures(roads, layers, DEPTHS - 1)


def test_a_missing_bound_is_the_mean():
    assets = pd.DataFrame({"unit_value_usd": [1.0, 2.0], "unit_value_usd_high": [3.0, NAN]})
    assert unit_values(assets).tolist() == [[1, 2], [1, 2], [3, 2]]


# --- against a plain loop --------------------------------------------------------------------------------------------


@st.composite
def situations(draw):
    """Some assets on some cells, some layers with gaps, and curves from coarse to fine."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    assets, cells, layer_count = draw(st.integers(1, 6)), 16, draw(st.integers(1, 4))
    rows = {
        f"a{i}": {int(c): float(rng.uniform(0, 5)) for c in rng.choice(cells, rng.integers(0, 6), replace=False)}
        for i in range(assets)
    }
    depths = rng.uniform(-0.0, 4, (layer_count, cells)) * (rng.random((layer_count, cells)) > 0.4)
    depths[rng.random(depths.shape) < 0.15] = NAN
    return rows, depths, rng


def random_curve(rng, name):
    count = int(rng.integers(2, 8))
    gaps = rng.choice([1e-6, 0.05, 0.3, 1.0], count)
    x, y = np.cumsum(gaps) - gaps[0] * rng.integers(0, 2), np.sort(rng.random((3, count)), axis=1)
    low, mean, high = np.sort(y, axis=0)
    return pd.DataFrame(
        {"curve_id": name, "intensity": x, "intensity_unit": "m", "damage_share": mean, "damage_share_low": low,
         "damage_share_high": high}
    )  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(situations())
def test_agrees_with_a_plain_loop(make_coverage, situation):
    rows, all_depths, rng = situation
    coverage = make_coverage(rows)
    cells = sorted({cell for row in rows.values() for cell in row})
    depths = all_depths[:, cells]
    curves = pd.concat([random_curve(rng, name) for name in "pq"], ignore_index=True)
    names = pd.Series(rng.choice(list("pq"), len(rows)), index=coverage.asset_ids)
    scale, offset = rng.choice([1.0, 0.7], len(rows)), rng.choice([0.0, -0.1, 0.05], len(rows))
    worth = np.sort(rng.uniform(1, 9, (3, len(rows))), axis=0)
    result = damages(
        coverage, depths, unit_values=worth, curves=curve_set(curves, unit="m"), curve_id=names,
        damage_scale=scale, damage_offset=offset,
    )  # fmt: skip
    for b, bound in enumerate(["damage_share", "damage_share_low", "damage_share_high"]):
        for i, row in enumerate(rows.values()):
            points = curves[curves["curve_id"] == names.iloc[i]]
            shares = np.interp(all_depths, points["intensity"], points[bound])
            changed = np.where(shares > 0, np.clip(shares * scale[i] + offset[i], 0, 1), shares)
            for layer, share in enumerate(changed):
                known = {cell: amount for cell, amount in row.items() if not np.isnan(share[cell])}
                expected = sum(amount * share[cell] for cell, amount in known.items()) if known else NAN
                ours = result.damage_usd[b, layer, i]
                assert ours == pytest.approx(expected * worth[b, i], rel=1e-9, abs=1e-9, nan_ok=True)


@settings(max_examples=60, deadline=None)
@given(situations(), st.floats(1, 3))
def test_deeper_water_never_does_less_damage(make_coverage, situation, factor):
    rows, all_depths, rng = situation
    coverage = make_coverage(rows)
    depths = all_depths[:, sorted({cell for row in rows.values() for cell in row})]
    curves, names = random_curve(rng, "p"), pd.Series("p", index=coverage.asset_ids)
    options = {"unit_values": value(len(rows)), "curves": curve_set(curves, unit="m"), "curve_id": names}
    less, more = damages(coverage, depths, **options), damages(coverage, depths * factor, **options)
    known = ~np.isnan(less.damage_usd)
    assert (more.damage_usd[known] >= less.damage_usd[known] * (1 - 1e-12) - 1e-9).all()
    assert (less.damage_usd[known] >= 0).all()
