"""Services as graphs: counted by hand on a small made country and on Toytown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater.errors import AssumptionError, InputError, TableError
from headwater.schema import check, empty, with_optional
from headwater.settings import Service
from headwater.system.access import access
from headwater.system.layers import Layer, System
from headwater.system.network import build_network
from headwater.system.services import build_system, capacities, with_served_shares

Tables = dict[str, pd.DataFrame]
SOURCE = {"source_id": "made"}
SPEEDS: dict[str, Any] = {"access_speed_km_per_h": 5.0, "max_access_m": 1000.0}
DEGREE_M = 111_320.0  # of longitude at the equator


def assets(*rows: tuple[str, str, float | None], **columns: Sequence[object]) -> gpd.GeoDataFrame:
    """Assets on the equator: name, kind, longitude."""
    names, kinds, lon = zip(*rows, strict=True)
    table = pd.DataFrame({"asset_id": names, "name": names, "kind": kinds, "sector": "energy", **SOURCE, **columns})
    places = gpd.points_from_xy([np.nan if x is None else x for x in lon], [0.0] * len(lon))
    shapes = [None if x is None else place for x, place in zip(lon, places, strict=True)]
    return gpd.GeoDataFrame(with_optional(table, "assets").drop(columns="geometry"), geometry=shapes, crs="EPSG:4326")


def zones(*rows: tuple[str, float | None, float]) -> gpd.GeoDataFrame:
    """Settlements on the equator: name, longitude, people."""
    names, lon, people = zip(*rows, strict=True)
    table = pd.DataFrame({"zone_id": names, "name": names, "kind": "settlement", "population": people, **SOURCE})
    shapes = [None if x is None else gpd.points_from_xy([x], [0.0])[0] for x in lon]
    return gpd.GeoDataFrame(table, geometry=shapes, crs="EPSG:4326")


def lines(*ends: tuple[str, str], **columns: Sequence[object]) -> pd.DataFrame:
    table = pd.DataFrame(ends, columns=["from_asset_id", "to_asset_id"])
    names = [f"{a}-{b}" for a, b in ends]
    return table.assign(link_id=names, kind="power_line", sector="energy", **SOURCE, **columns)


GRID = assets(
    ("plant", "solar", 0.005),
    ("far", "hydro", 3.0),
    ("lost", "solar", None),
    ("a", "substation", 0.0),
    ("b", "substation", 0.1),
    ("c", "substation", 0.2),
    capacity=[2000.0, 5.0, None, None, None, None],
    capacity_unit=["kW", "MW", None, None, None, None],
)
LINES = lines(("a", "b"), ("b", "c"), capacity=[1.5, None], capacity_unit=["MW", None])
TOWNS = zones(("at_b", 0.101, 100.0), ("beyond", 2.0, 50.0), ("nowhere", None, 10.0))
POWER: dict[str, Any] = {
    "service_id": "power", "facility_kinds": ("solar", "hydro"), "zone_kind": "settlement", "name": {},
    "link_kinds": ("power",), "mode": "network", "sector": "energy", "unit": "MW", "demand_per_person": 0.01,
    "max_distance_m": 1000.0,
}  # fmt: skip
POOLED = POWER | {"pool_beyond": True, "infeed_kinds": ("hydro", "solar", "substation"), "demand_elsewhere": 3.0}


def build(
    *services: Service, demand: pd.DataFrame | None = None, **tables: Any
) -> tuple[System, pd.DataFrame, pd.DataFrame]:
    given = {"assets": GRID, "links": LINES, "zones": TOWNS} | tables
    return build_system(
        given["assets"], given["links"], given["zones"], empty("demand") if demand is None else demand, services,
        given.get("dependencies", empty("dependencies")), given.get("rules", empty("dependency_rules")), **SPEEDS,
    )  # fmt: skip


def only(*services: Service, **options: Any) -> tuple[Layer, pd.DataFrame, System]:
    system, areas, _needs = build(*services, **options)
    return system.layers[0], areas.set_index("zone_id"), system


# --- network ------------------------------------------------------------------------------------------------------


def test_a_network_joins_who_is_near_and_no_others() -> None:
    layer, areas, system = only(Service(**POWER))
    assert system.asset_ids.tolist() == ["a", "b", "c", "far", "lost", "plant"]
    assert system.link_ids.tolist() == ["a-b", "b-c"]
    assert [system.asset_ids[i] for i in layer.node] == ["a", "b", "c"]
    assert layer.link.tolist() == [0, 1]
    assert [system.asset_ids[i] for i in layer.source] == ["plant"]
    assert layer.source_node.tolist() == [0]
    assert layer.supply.tolist() == [2.0]  # 2,000 kW
    assert layer.link_capacity.tolist() == [1.5, np.inf]
    assert layer.zone_node.tolist() == [1, -1, -1]
    assert layer.demand.tolist() == [1.0, 0.5, 0.1]
    assert areas["way"].tolist() == ["network", "none", "none"]
    assert areas.at["at_b", "asset_id"] == "b"
    assert areas.at["at_b", "distance_m"] == pytest.approx(0.001 * DEGREE_M, rel=1e-3)
    assert areas.loc[["beyond", "nowhere"], ["asset_id", "distance_m"]].isna().all(axis=None)
    assert (layer.elsewhere_node, layer.demand_elsewhere, layer.travels, layer.unit) == (-1, 0.0, False, "MW")
    assert not layer.graph.hours.any()


def test_beyond_the_network_everybody_shares_one_pool() -> None:
    layer, areas, system = only(Service(**POOLED))
    pool = 3
    assert layer.node.tolist() == [0, 1, 2, -1]
    assert layer.link.tolist() == [0, 1, -1, -1, -1]  # three substations feed the pool; joins cannot fail
    assert np.isinf(layer.link_capacity[2:]).all()
    assert layer.graph.degree.tolist() == [2, 3, 2, 3]
    found = dict(zip([system.asset_ids[i] for i in layer.source], layer.source_node.tolist(), strict=True))
    assert found == {"far": pool, "lost": pool, "plant": 0}
    assert layer.supply.tolist() == [5.0, np.inf, 2.0]
    assert layer.zone_node.tolist() == [1, pool, pool]
    assert areas["way"].tolist() == ["network", "pool", "pool"]
    assert areas.loc[["beyond", "nowhere"], ["asset_id", "distance_m"]].isna().all(axis=None)
    assert (layer.elsewhere_node, layer.demand_elsewhere) == (pool, 3.0)


def test_a_supplier_of_no_capacity_supplies_nothing() -> None:
    still = GRID.assign(capacity=[0.0, 5.0, None, None, None, None])
    layer, _areas, _system = only(Service(**POWER), assets=still)
    assert layer.source.size == 0


def test_lines_between_places_nobody_knows_still_carry() -> None:
    unplaced = GRID.set_geometry([None] * len(GRID), crs="EPSG:4326")
    layer, areas, _system = only(Service(**POOLED), assets=unplaced)
    assert layer.zone_node.tolist() == [3, 3, 3]
    assert (areas["way"] == "pool").all()


def test_a_service_without_links_is_refused() -> None:
    with pytest.raises(InputError, match="No link is of a kind that power travels on: rail"):
        build(Service(**(POWER | {"link_kinds": ("rail",)})))


# --- pool, nearest ------------------------------------------------------------------------------------------------


def test_a_pool_is_one_node() -> None:
    layer, areas, _system = only(Service(**(POWER | {"mode": "pool", "max_distance_m": None, "demand_elsewhere": 7.0})))
    assert (layer.graph.node_count, layer.graph.link_count) == (1, 0)
    assert layer.node.tolist() == [-1]
    assert layer.source_node.tolist() == [0, 0, 0]
    assert layer.zone_node.tolist() == [0, 0, 0]
    assert (layer.elsewhere_node, layer.demand_elsewhere) == (0, 7.0)
    assert (areas["way"] == "pool").all()


def test_the_nearest_supplier_is_a_node() -> None:
    two = assets(("east", "well", 0.02), ("west", "well", 0.0), ("west_again", "well", 0.0), ("lost", "well", None))
    towns = zones(("at", 0.0, 1.0), ("east_side", 0.015, 1.0), ("far", 1.0, 1.0))
    water = Service("water", ("well",), "settlement", {}, (), "nearest", "water", max_distance_m=1000.0)
    layer, areas, system = only(water, assets=two, links=LINES[:0], zones=towns)
    assert [system.asset_ids[i] for i in layer.node] == ["east", "lost", "west", "west_again"]
    assert layer.source.tolist() == layer.node.tolist()
    assert layer.source_node.tolist() == [0, 1, 2, 3]
    assert layer.zone_node.tolist() == [2, 0, -1]  # of two in one place, the first by name
    assert areas["asset_id"].fillna("").tolist() == ["west", "east", ""]
    assert areas["way"].tolist() == ["nearest", "nearest", "none"]
    assert layer.demand.tolist() == [1.0, 1.0, 1.0]


# --- access -------------------------------------------------------------------------------------------------------

HOSPITAL = Service("hospital", ("hospital",), "settlement", {})


def test_access_joins_as_journeys_do(toytown: Tables) -> None:
    layer, areas, system = only(HOSPITAL, **toytown)
    network = build_network(toytown["assets"], toytown["links"])
    people = toytown["zones"].query("kind == 'settlement'")
    hospital = toytown["assets"].query("kind == 'hospital'")
    times = access(network, people, hospital, service="hospital", **SPEEDS).set_index("zone_id")
    np.testing.assert_array_equal(layer.graph.hours, network.graph.hours)
    assert layer.travels
    assert layer.zone_ids.tolist() == sorted(people["zone_id"])
    joined = areas.loc[times.index]
    assert joined["asset_id"].fillna("").tolist() == times["node_id"].fillna("").tolist()
    assert areas.query("way == 'none'").index.tolist() == ["hamlet", "isle"]
    at = layer.zone_ids.get_loc("gorse")
    assert layer.zone_hours[at] == pytest.approx(times.at["gorse", "access_m"] / 5000)
    assert system.asset_ids[layer.source[0]] == "hospital"
    assert system.asset_ids[layer.node[layer.source_node[0]]] == "n_c"


def test_every_facility_at_a_node_is_a_source_of_its_own(toytown: Tables) -> None:
    clinic = toytown["assets"].query("asset_id == 'hospital'").assign(asset_id="clinic")
    both = pd.concat([toytown["assets"], clinic], ignore_index=True)
    layer, _areas, _system = only(HOSPITAL, **(toytown | {"assets": both}))
    assert layer.source_node.tolist() == [layer.source_node[0]] * 2


def test_access_needs_its_assumptions(toytown: Tables) -> None:
    tables = [toytown[name] for name in ("assets", "links", "zones")]
    none = [empty(name) for name in ("demand", "dependencies", "dependency_rules")]
    with pytest.raises(AssumptionError, match="hospital is reached by people"):
        build_system(*tables, none[0], [HOSPITAL], *none[1:])
    with pytest.raises(AssumptionError, match="access speed must be above zero"):
        build_system(*tables, none[0], [HOSPITAL], *none[1:], access_speed_km_per_h=0, max_access_m=1)
    with pytest.raises(AssumptionError, match="access distance must be zero or more"):
        build_system(*tables, none[0], [HOSPITAL], *none[1:], access_speed_km_per_h=5, max_access_m=-1)


# --- demand -------------------------------------------------------------------------------------------------------


def demand(**rows: float) -> pd.DataFrame:
    return pd.DataFrame({"zone_id": list(rows), "service": "power", "demand": list(rows.values()), **SOURCE})


def test_a_row_of_demand_goes_before_demand_per_person() -> None:
    layer, _areas, _system = only(Service(**POWER), demand=demand(beyond=9.0))
    assert layer.demand.tolist() == [1.0, 9.0, 0.1]


def test_people_are_the_demand_where_none_is_given_and_capacity_says_nothing() -> None:
    layer, areas, _system = only(Service(**(POWER | {"demand_per_person": None})))
    assert layer.demand.tolist() == [100.0, 50.0, 10.0]
    assert layer.unit == "people"
    assert not layer.is_limited
    assert (areas["unit"] == "people").all()


def test_demand_of_some_zones_only_is_refused() -> None:
    with pytest.raises(AssumptionError, match="2 zones have no demand for power: at_b, nowhere"):
        build(Service(**(POWER | {"demand_per_person": None})), demand=demand(beyond=9.0))


def test_zones_within_one_another_are_refused() -> None:
    inside = TOWNS.assign(parent_zone_id=[None, "at_b", None])
    with pytest.raises(TableError, match="count twice"):
        build(Service(**POWER), zones=inside)


def test_capacity_in_an_unknown_unit_is_unlimited() -> None:
    table = pd.DataFrame({"capacity": [1.0, 1.0, 1.0], "capacity_unit": ["m3/d", "GW", None]})
    assert capacities(table, "m3/d").tolist() == [1.0, np.inf, np.inf]
    assert capacities(table, "MW").tolist() == [np.inf, 1000.0, np.inf]


# --- the whole ----------------------------------------------------------------------------------------------------


@given(st.permutations(range(6)), st.permutations(range(3)), st.booleans())
def test_the_order_of_rows_changes_nothing(rows: list[int], towns: list[int], swap: bool) -> None:
    services = [Service(**POOLED), Service(**(POWER | {"service_id": "spare", "mode": "nearest"}))]
    rule = {"rule_id": "r", "applies_to_sector": "energy", "applies_to_kind": "substation", "service": "spare",
            "basis": "judgement"}  # fmt: skip
    rules = with_optional(pd.DataFrame([rule]), "dependency_rules")
    system, areas, needs = build(*services, rules=rules)
    again, same_areas, same_needs = build(
        *services[:: -1 if swap else 1], assets=GRID.iloc[rows], zones=TOWNS.iloc[towns], rules=rules,
        links=LINES[:: -1 if swap else 1],
    )  # fmt: skip
    pd.testing.assert_frame_equal(areas, same_areas)
    pd.testing.assert_frame_equal(needs, same_needs)
    for layer, other in zip(system.layers, again.layers, strict=True):
        for name in ("node", "link", "source", "source_node", "supply", "zone_node", "demand", "link_capacity"):
            np.testing.assert_array_equal(getattr(layer, name), getattr(other, name))
        np.testing.assert_array_equal(layer.graph.neighbours, other.graph.neighbours)
    np.testing.assert_array_equal(system.needs.node, again.needs.node)


def test_served_shares_make_the_table_whole() -> None:
    system, areas, _needs = build(Service(**POOLED), Service(**(POWER | {"service_id": "b"})))
    whole = with_served_shares(areas[::-1], system, [[0.5, 0.25, 1.0], [1.0, 0.0, 0.0]])
    check(whole, "service_areas")
    assert whole.set_index(["service", "zone_id"]).at[("power", "at_b"), "served_share"] == 1.0
    assert whole.set_index(["service", "zone_id"]).at[("b", "beyond"), "served_share"] == 0.25
    assert list(whole.columns) == list(empty("service_areas").columns)


def test_without_services_there_is_nothing() -> None:
    system, areas, needs = build()
    assert system.layers == ()
    assert areas.empty
    assert needs.empty
    check(with_served_shares(areas, system, []), "service_areas")
