"""Stress on a strip of four cells: what the journey adds to the models it calls."""

from __future__ import annotations

from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import LineString, Point

from headwater.geo.grid import Grid
from headwater.journey import stress
from headwater.risk.curves import choose_curves, load_curve_choices, load_curve_register, load_curves
from headwater.schema import check, empty

GRID = Grid("EPSG:4326", (0.01, 0.0, 5.0, 0.0, -0.01, 1.01), 4, 1)
"""Four cells of a hundredth of a degree, from 5 to 5.04 E and 1 to 1.01 N."""
CELLS = {"rp10": [0.0, 1.0, 0.0, np.nan], "rp100": [0.05, 2.0, 0.0, np.nan], "dry": [0.02, 0.05, 0.1, np.nan]}
LAYERS = pd.DataFrame(
    {
        "layer_id": ["rp10", "rp100"], "hazard": "river_flood", "quantity": "intensity", "unit": "m",
        "scenario": "historical", "model": None, "epoch": 2000, "return_period_yr": [10.0, 100.0],
        "file": ["rp10", "rp100"], "source_id": "toy",
    }
)  # fmt: skip
DROUGHT = LAYERS.iloc[:1].assign(
    layer_id="dry", hazard="drought", quantity="annual_probability", unit="1", return_period_yr=None, file="dry"
)


def read_values(files: Sequence[str], _grid: Grid, cells: np.ndarray) -> np.ndarray:
    return np.array([CELLS[name] for name in files], dtype="float32")[:, cells]


READERS = {"read_grid": lambda _file: GRID, "read_values": read_values}
SHAPES = gpd.GeoSeries(
    {
        "bridge": Point(5.015, 1.005), "road": LineString([(5.005, 1.005), (5.025, 1.005)]),
        "unknown": Point(5.035, 1.005), "away": Point(6, 1), "unplaced": None,
    },
    crs="EPSG:4326",
).rename_axis("asset_id")  # fmt: skip
ASSETS = gpd.GeoDataFrame(
    {
        "sector": "transport", "kind": ["bridge", "road", "bridge", "bridge", "bridge"], "unit_value_usd": 100.0,
        "unit_value_usd_low": 50.0, "unit_value_usd_high": 100.0, "is_paved": pd.NA, "curve_id": None,
        "design_return_period_yr": [20.0, None, None, None, None],
    },
    geometry=SHAPES, index=SHAPES.index,
)  # fmt: skip
CURVES = pd.DataFrame({"curve_id": "tenth", "intensity": [0.0, 4.0], "intensity_unit": "m", "damage_share": [0.0, 0.4]})
REGISTER = pd.DataFrame(
    {
        "curve_id": ["tenth"], "hazard": "river_flood", "sector": "multi", "kind": "any", "description": "",
        "description_zh": "", "source_id": "toy",
    }
)  # fmt: skip


def choice(sector: str, kind: str, is_paved: str | None, curve_id: str = "tenth") -> dict:
    return {
        "hazard": "river_flood", "sector": sector, "kind": kind, "is_paved": is_paved, "curve_id": curve_id,
        "source_id": "toy",
    }  # fmt: skip


@pytest.fixture(scope="module")
def exposure() -> stress.Exposure:
    return stress.expose(SHAPES, LAYERS, **READERS)


@pytest.fixture(scope="module")
def curves() -> stress.Curves:
    return stress.study_curves(CURVES, REGISTER, pd.DataFrame([choice("transport", "any", None)]))


# --- curves -------------------------------------------------------------------------------------------------------


def test_study_without_curves_uses_the_packaged_ones() -> None:
    used = stress.study_curves(empty("curves"), empty("curve_register"), empty("curve_choices"))
    pd.testing.assert_frame_equal(used.curves, load_curves())
    pd.testing.assert_frame_equal(used.register, load_curve_register())
    pd.testing.assert_frame_equal(used.choices.reset_index(drop=True), load_curve_choices())


def test_study_s_curve_takes_the_place_of_a_packaged_one_whole() -> None:
    used = stress.study_curves(CURVES.assign(curve_id="F7.2"), empty("curve_register"), empty("curve_choices"))
    assert used.curves.loc[used.curves["curve_id"] == "F7.2", "damage_share"].tolist() == [0.0, 0.4]
    assert set(used.curves["curve_id"]) == set(load_curves()["curve_id"])


ROADS = pd.DataFrame(
    {"sector": "transport", "kind": ["road_primary", "road_primary", "road_motorway", "rail"],
     "is_paved": pd.array([True, False, None, None], dtype="boolean")}
)  # fmt: skip


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ([], ["F7.2", "JRC-ASIA", "F7.4-F7.5", "F8.6"]),
        ([choice("transport", "any", None)], ["tenth", "tenth", "tenth", "tenth"]),
        ([choice("transport", "road", "any")], ["tenth", "tenth", "tenth", "F8.6"]),
        ([choice("transport", "road", "no")], ["F7.2", "tenth", "F7.4-F7.5", "F8.6"]),
        ([choice("transport", "road_motorway", "any")], ["F7.2", "JRC-ASIA", "tenth", "F8.6"]),
        ([choice("energy", "any", "any")], ["F7.2", "JRC-ASIA", "F7.4-F7.5", "F8.6"]),
    ],
)
def test_study_s_choice_comes_before_every_packaged_one_it_covers(own: list[dict], expected: list[str]) -> None:
    chosen = pd.DataFrame(own) if own else empty("curve_choices")
    used = stress.study_curves(CURVES, REGISTER, chosen)
    found = choose_curves(ROADS, hazard="river_flood", choices=used.choices, register=used.register)
    assert found.tolist() == expected


# --- exposure and damage ------------------------------------------------------------------------------------------


def test_assets_without_a_place_are_left_out_and_the_rest_kept(exposure: stress.Exposure) -> None:
    assert exposure.coverage.asset_ids.tolist() == ["bridge", "road", "unknown", "away"]


def test_exposure_counts_what_is_deeper_than_the_threshold(exposure: stress.Exposure) -> None:
    table = stress.exposed(exposure, threshold=10, unit="cm").set_index(["asset_id", "layer_id"])
    check(table.reset_index(), "exposures")
    total = table.loc[("road", "rp100"), "total_amount"]
    assert table.loc[("road", "rp100"), "exposed_amount"] == pytest.approx(total / 2)  # 5 cm is not exposed
    assert table.loc[("bridge", "rp10"), "exposed_amount"] == 1
    for asset in ("unknown", "away"):
        assert np.isnan(table.loc[(asset, "rp100"), "exposed_amount"])
        assert table.loc[(asset, "rp100"), "uncovered_share"] == 1


def test_threshold_of_another_quantity_counts_from_zero(exposure: stress.Exposure) -> None:
    table = stress.exposed(exposure, threshold=10, unit="m/s").set_index(["asset_id", "layer_id"])
    total = table.loc[("road", "rp100"), "total_amount"]
    assert table.loc[("road", "rp100"), "exposed_amount"] == pytest.approx(0.75 * total)


def test_threshold_is_converted_for_each_layer_s_unit(exposure: stress.Exposure) -> None:
    mixed = stress.Exposure(
        LAYERS.assign(unit=["m", "cm"]), exposure.coverage, exposure.values * np.array([[1.0], [100.0]])
    )  # fmt: skip
    one, other = (stress.exposed(e, threshold=0.1, unit="m") for e in (exposure, mixed))
    pd.testing.assert_series_equal(one["exposed_amount"], other["exposed_amount"])


def test_damage_and_expected_damage_by_hand(exposure: stress.Exposure, curves: stress.Curves) -> None:
    damages = stress.damage(ASSETS, exposure, curves)
    found = damages.set_index(["asset_id", "return_period_yr"])["damage_usd"]
    assert found["bridge", 10] == pytest.approx(10)
    assert found["bridge", 100] == pytest.approx(20)
    assert found["unknown"].isna().all()
    assert found["away"].isna().all()
    expected = stress.expected(damages, ASSETS, rules=["rectangle"]).set_index("asset_id")
    check(expected.reset_index(), "expected_damages")
    at_20_years = 10 + 10 * (0.1 - 0.05) / (0.1 - 0.01)
    by_hand = (0.05 - 0.01) * (20 + at_20_years) / 2 + 0.01 * 20
    assert expected.at["bridge", "ead_usd_per_yr"] == pytest.approx(by_hand)
    assert expected.at["bridge", "ead_usd_per_yr_low"] == pytest.approx(by_hand / 2)
    assert np.isnan(expected.at["unknown", "ead_usd_per_yr"])


def test_every_rule_is_given_and_no_damage_gives_an_empty_table(
    exposure: stress.Exposure, curves: stress.Curves
) -> None:
    expected = stress.expected(stress.damage(ASSETS, exposure, curves), ASSETS)
    assert set(expected["ead_rule"]) == {"trapezoid", "triangle", "rectangle", "loglinear"}
    assert stress.expected(empty("damages"), ASSETS).empty


def test_measures_are_built_where_the_rarest_event_reaches(exposure: stress.Exposure, curves: stress.Curves) -> None:
    damages = stress.damage(ASSETS, exposure, curves)
    base = stress.expected(damages, ASSETS, rules=["rectangle"]).set_index("asset_id")
    reached = stress.reached_m([exposure], base)
    road_m = exposure.coverage.total_amounts[1]
    assert reached.to_dict() == pytest.approx({"bridge": 1.0, "road": 0.75 * road_m})
    assert stress.reached_m([exposure], base.assign(ead_usd_per_yr=0.0)).empty


def test_same_places_are_recognised() -> None:
    assert stress.same_places(SHAPES, SHAPES.copy())
    moved = SHAPES.copy()
    moved["bridge"] = Point(5.016, 1.005)
    assert not stress.same_places(SHAPES, moved)
    assert not stress.same_places(SHAPES, SHAPES.iloc[:-1])


# --- drought and work items ---------------------------------------------------------------------------------------

SUPPLY = gpd.GeoDataFrame(
    {
        "asset_id": ["dam", "works", "gas", "lost"], "kind": ["hydropower", "treatment", "thermal", "hydropower"],
        "sector": ["energy", "water", "energy", "energy"], "capacity": [100.0, 10.0, 50.0, 5.0], "capacity_unit": "MW",
    },
    geometry=[Point(5.005, 1.005), Point(5.025, 1.005), Point(5.005, 1.005), Point(6, 1)], crs="EPSG:4326",
)  # fmt: skip


def test_drought_takes_probability_times_capacity_of_what_needs_run_off() -> None:
    losses = stress.drought(SUPPLY, DROUGHT, **READERS).set_index("asset_id")
    assert losses["expected_loss"].dropna().to_dict() == pytest.approx({"dam": 2.0, "works": 1.0}, rel=1e-6)
    assert "gas" not in losses.index
    assert not losses.at["lost", "is_covered"]
    assert stress.drought(SUPPLY, DROUGHT.iloc[:0], **READERS).empty


def test_work_items_are_groups_of_intensities() -> None:
    later = LAYERS.assign(scenario="rcp8p5", epoch=2050, layer_id=["a", "b"])
    groups = stress.groups(pd.concat([later, DROUGHT, LAYERS]))
    assert [group["layer_id"].tolist() for group in groups] == [["rp10", "rp100"], ["a", "b"]]
