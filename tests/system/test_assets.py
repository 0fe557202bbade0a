"""Exposed assets: what a unit of each costs, counted by hand on Toytown."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import MultiPoint, Polygon

from headwater.errors import TableError
from headwater.geo.distance import geodesic_area_m2, geodesic_length_m
from headwater.system.assets import amounts, exposed_assets

Tables = dict[str, pd.DataFrame]


@pytest.fixture
def exposed(toytown: Tables) -> gpd.GeoDataFrame:
    return exposed_assets(toytown["assets"], toytown["links"])


def test_every_asset_and_link_is_there_once(toytown: Tables, exposed: gpd.GeoDataFrame) -> None:
    assert exposed.index.tolist() == sorted([*toytown["assets"]["asset_id"], *toytown["links"]["link_id"]])
    assert exposed["table"].value_counts().to_dict() == {"assets": 16, "links": 9}
    assert exposed.crs == "EPSG:4326"


def test_a_link_costs_a_thousandth_of_a_kilometre_per_metre(exposed: gpd.GeoDataFrame) -> None:
    road = exposed.loc["r_ab"]  # two lanes, counted once
    assert road[["unit_value_usd", "unit_value_usd_low", "unit_value_usd_high"]].tolist() == [1000, 800, 1200]
    assert road["value_unit"] == "m"


def test_cost_is_spread_over_what_there_is(toytown: Tables, exposed: gpd.GeoDataFrame) -> None:
    shapes = gpd.GeoDataFrame(toytown["assets"]).set_index("asset_id").geometry
    area, length = geodesic_area_m2(shapes), geodesic_length_m(shapes)
    assert exposed.at["reservoir", "unit_value_usd"] * area["reservoir"] == pytest.approx(1_000_000)
    assert exposed.at["pipeline", "unit_value_usd"] * length["pipeline"] == pytest.approx(200_000)
    assert exposed.at["plant", "unit_value_usd"] == 8_000_000
    units = exposed["value_unit"]
    assert units[["reservoir", "pipeline", "plant"]].tolist() == ["m2", "m", "count"]


def test_a_bound_that_is_not_given_equals_the_value(exposed: gpd.GeoDataFrame) -> None:
    pump, hospital = exposed.loc["pump"], exposed.loc["hospital"]
    assert pump["unit_value_usd_low"] == pump["unit_value_usd"] == pump["unit_value_usd_high"]
    assert hospital["unit_value_usd_low"] < hospital["unit_value_usd"] < hospital["unit_value_usd_high"]


def test_unlocated_assets_stay_without_a_value(exposed: gpd.GeoDataFrame) -> None:
    assert exposed.at["well", "geometry"] is None
    assert np.isnan(exposed.at["well", "unit_value_usd"])
    assert exposed.at["r_ce", "geometry"] is None
    assert exposed.at["r_ce", "unit_value_usd"] == 100  # a metre of it has a cost, wherever it is


def test_choices_of_curve_and_protection_are_carried(exposed: gpd.GeoDataFrame) -> None:
    assert exposed.at["pump", "curve_id"] == "toy_flood"
    assert exposed.at["pump", "design_return_period_yr"] == 20
    assert pd.isna(exposed.at["depot", "curve_id"])
    assert exposed["damage_scale"].eq(1).all()
    assert exposed["damage_offset"].eq(0).all()
    assert exposed.at["r_bc_2", "is_paved"] is np.False_ or exposed.at["r_bc_2", "is_paved"] is False


def test_options_may_set_damage_scale_and_offset(toytown: Tables) -> None:
    links = toytown["links"].assign(damage_scale=np.where(toytown["links"]["link_id"] == "r_ab", 0.5, np.nan))
    assets = toytown["assets"].assign(damage_offset=np.where(toytown["assets"]["asset_id"] == "pump", -0.1, np.nan))
    exposed = exposed_assets(assets, links)
    assert exposed.loc[["r_ab", "r_bd"], "damage_scale"].tolist() == [0.5, 1]
    assert exposed.loc[["pump", "plant"], "damage_offset"].tolist() == [-0.1, 0]


def test_nothing_to_spread_a_cost_over_gives_no_value(toytown: Tables) -> None:
    assets = toytown["assets"].copy()
    flat = gpd.GeoSeries.from_wkt(["LINESTRING (5 1, 5 1)"])[0]
    assets.loc[assets["asset_id"] == "pipeline", "geometry"] = flat
    assert np.isnan(exposed_assets(assets, toytown["links"]).at["pipeline", "unit_value_usd"])


def test_several_points_share_the_cost(toytown: Tables) -> None:
    assets = toytown["assets"].copy()
    assets.loc[assets["asset_id"] == "pump", "geometry"] = MultiPoint([(5, 1), (5.01, 1)])
    assert exposed_assets(assets, toytown["links"]).at["pump", "unit_value_usd"] == 25_000


def test_one_name_for_an_asset_and_a_link_is_refused(toytown: Tables) -> None:
    links = toytown["links"].copy()
    links.loc[2, "link_id"] = "pump"
    with pytest.raises(TableError, match="also the name of an asset") as caught:
        exposed_assets(toytown["assets"], links)
    assert [(f.row, f.value) for f in caught.value.faults] == [(4, "pump")]


def test_order_of_rows_changes_nothing(toytown: Tables, exposed: gpd.GeoDataFrame) -> None:
    mixed = [toytown[name].sample(frac=1, random_state=3) for name in ("assets", "links")]
    pd.testing.assert_frame_equal(pd.DataFrame(exposed_assets(*mixed)), pd.DataFrame(exposed))


def test_tables_may_come_without_geometry_or_rows(toytown: Tables) -> None:
    bare = pd.DataFrame(toytown["links"]).drop(columns="geometry")
    exposed = exposed_assets(toytown["assets"].iloc[:0], bare)
    assert exposed["geometry"].isna().all()
    assert exposed["table"].eq("links").all()


def test_amounts_of_nothing_are_missing() -> None:
    shapes = gpd.GeoSeries([None, Polygon()], crs="EPSG:4326")
    assert amounts(shapes).isna().all(axis=None)
