"""Access to several services over networks of their own, on four places in a row."""

from __future__ import annotations

import geopandas as gpd
import pytest
from shapely import LineString, Point

from headwater.errors import InputError
from headwater.journey import screen
from headwater.schema import check
from headwater.settings import Service

PLACES = {"a": Point(5.00, 1), "b": Point(5.01, 1), "c": Point(5.02, 1), "d": Point(5.03, 1)}
ASSETS = gpd.GeoDataFrame(
    {
        "asset_id": [*PLACES, "school"], "name": "", "sector": "transport",
        "kind": ["node", "node", "hospital", "node", "school"], "source_id": "toy",
    },
    geometry=[*PLACES.values(), Point(5.00, 1)], crs="EPSG:4326",
)  # fmt: skip


def link(name: str, start: str, end: str, kind: str) -> dict:
    return {
        "link_id": name, "from_asset_id": start, "to_asset_id": end, "kind": kind, "length_m": 1000.0,
        "sector": "transport", "source_id": "toy", "geometry": LineString([PLACES[start], PLACES[end]]),
    }  # fmt: skip


LINKS = gpd.GeoDataFrame(
    [link("ab", "a", "b", "road_primary"), link("bc", "b", "c", "road_tertiary"), link("cd", "c", "d", "rail")],
    crs="EPSG:4326",
)
ZONES = gpd.GeoDataFrame(
    {
        "zone_id": ["all", "za", "zd", "nowhere"], "name": "", "kind": ["region", *["settlement"] * 3],
        "population": [111.0, 10.0, 1.0, 100.0], "source_id": "toy",
    },
    geometry=[PLACES["b"].buffer(1), PLACES["a"], PLACES["d"], None], crs="EPSG:4326",
)  # fmt: skip
HOSPITAL = Service("hospital", ("hospital",), "settlement", {})
SPEED = {"default_speed": 10.0, "access_speed": 5.0, "max_access_m": 100.0}


def test_people_reach_a_service_by_road() -> None:
    made = screen.screen(ASSETS, LINKS, ZONES, [HOSPITAL], **SPEED)
    for name, table in made.items():
        check(table, name)
    access = made["access"].set_index("zone_id")
    assert sorted(access.index) == ["za", "zd"]  # settlements with a place
    assert access.at["za", "hours"] == pytest.approx(0.2)
    assert not access.at["zd", "is_reached"]  # only by rail
    cut_off = made["criticality"].set_index("link_id")["population_cut_off"]
    assert cut_off.to_dict() == {"ab": 10.0, "bc": 10.0}


def test_kinds_of_link_are_the_service_s_choice() -> None:
    by_rail = Service("hospital", ("hospital",), "settlement", {}, link_kinds=("road", "rail"))
    made = screen.screen(ASSETS, LINKS, ZONES, [by_rail], **SPEED)
    assert made["access"].set_index("zone_id").at["zd", "hours"] == pytest.approx(0.1)
    assert made["criticality"]["link_id"].tolist() == ["ab", "bc", "cd"]


def test_services_stand_side_by_side() -> None:
    school = Service("school", ("school",), "settlement", {}, link_kinds=("road", "rail"))
    made = screen.screen(ASSETS, LINKS, ZONES, [HOSPITAL, school], **SPEED)
    hours = made["access"].set_index(["service", "zone_id"])["hours"]
    assert hours["school", "za"] == 0
    assert hours["school", "zd"] == pytest.approx(0.3)
    for name in ("access", "criticality", "snapping", "components"):
        check(made[name], name)


def test_service_without_any_link_is_refused() -> None:
    by_air = Service("hospital", ("hospital",), "settlement", {}, link_kinds=("air",))
    with pytest.raises(InputError, match="No link is of a kind that people travel on to hospital: air"):
        screen.screen(ASSETS, LINKS, ZONES, [by_air], **SPEED)
