"""The network: built from tables, checked by hand on Toytown, and on real roads."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import Point

from headwater.errors import AssumptionError, PlaceError, TableError
from headwater.schema import check
from headwater.system.network import Network, build_network, component_of_nodes, components, snap

Tables = dict[str, pd.DataFrame]


def test_times_are_counted_by_hand(toy_network: Network) -> None:
    hours = dict(zip(toy_network.link_ids, toy_network.hours, strict=True))
    assert hours["r_ab"] == pytest.approx(2.25 / 45)
    assert hours["r_fg"] == pytest.approx(2.25 / 22.5)
    assert hours["r_df"] == 0  # a line without length
    assert hours["r_dd"] == pytest.approx(0.8875 / 45, rel=1e-4)  # ring of four sides of 0.002 degrees
    assert hours["r_ce"] == pytest.approx(0.1)  # no geometry, but a length


def test_an_unlinked_asset_is_a_node_only_when_its_kind_is(toytown: Tables, toy_network: Network) -> None:
    assert "n_isle" in toy_network.node_ids  # a road node
    assert "depot" not in toy_network.node_ids
    with_depots = build_network(toytown["assets"], toytown["links"], node_kinds=["depot"])
    assert "depot" in with_depots.node_ids
    assert "n_isle" not in with_depots.node_ids


def test_length_falls_back_on_line_then_on_ends(toytown: Tables) -> None:
    links = toytown["links"].assign(length_m=np.nan)
    length = pd.Series(*_columns(build_network(toytown["assets"], links), "length_m"))
    assert length["r_ab"] == pytest.approx(0.02 * 111_302.6, rel=1e-4)  # a degree of longitude at 1 N
    assert length["r_ce"] == pytest.approx(0.02 * 110_575, rel=1e-4)  # undrawn: straight from c to e
    assert length["r_bc_2"] < length["r_bc_1"]  # the ferry's gap is not drawn


def test_a_link_without_any_length_is_named(toytown: Tables) -> None:
    links = toytown["links"].assign(length_m=np.nan)
    assets = toytown["assets"].copy()
    assets.loc[assets["asset_id"] == "n_e", "geometry"] = None
    with pytest.raises(TableError, match="r_ce") as caught:
        build_network(assets, links)
    assert [(fault.row, fault.column) for fault in caught.value.faults] == [(6, "length_m")]


def test_unknown_ends_are_named_all_at_once(toytown: Tables) -> None:
    links = toytown["links"].copy()
    links.loc[0, "from_asset_id"] = "nowhere"
    links.loc[3, "to_asset_id"] = "nobody"
    with pytest.raises(TableError) as caught:
        build_network(toytown["assets"], links)
    assert [(f.row, f.column, f.value) for f in caught.value.faults] == [
        (2, "from_asset_id", "nowhere"),
        (5, "to_asset_id", "nobody"),
    ]


def test_missing_speed_needs_an_assumption(toytown: Tables) -> None:
    links = toytown["links"].copy()
    links.loc[links["link_id"] == "r_ab", "speed_km_per_h"] = np.nan
    with pytest.raises(AssumptionError, match="r_ab"):
        build_network(toytown["assets"], links)
    network = build_network(toytown["assets"], links, default_speed_km_per_h=22.5)
    assert network.hours[0] == pytest.approx(0.1)
    with pytest.raises(AssumptionError, match="above zero"):
        build_network(toytown["assets"], links, default_speed_km_per_h=0)


def test_a_link_drawn_as_a_point_is_refused(toytown: Tables) -> None:
    links = toytown["links"].copy()
    links.loc[0, "geometry"] = Point(5, 1)
    with pytest.raises(TableError, match="a link is a line"):
        build_network(toytown["assets"], links)


def test_geometry_needs_a_reference_system(toytown: Tables) -> None:
    with pytest.raises(PlaceError):
        build_network(toytown["assets"].set_crs(None, allow_override=True), toytown["links"])


def test_any_reference_system_gives_the_same_network(toytown: Tables, toy_network: Network) -> None:
    mercator = build_network(toytown["assets"].to_crs("EPSG:3857"), toytown["links"].to_crs("EPSG:3857"))
    np.testing.assert_allclose(mercator.length_m, toy_network.length_m, rtol=1e-7)
    np.testing.assert_allclose(mercator.lon, toy_network.lon, atol=1e-9)


def test_order_of_rows_and_spare_index_change_nothing(toytown: Tables, toy_network: Network) -> None:
    mixed = build_network(
        toytown["assets"].sample(frac=1, random_state=1), toytown["links"].sample(frac=1, random_state=2)
    )
    assert mixed.link_ids.equals(toy_network.link_ids)
    np.testing.assert_array_equal(mixed.hours, toy_network.hours)
    np.testing.assert_array_equal(mixed.graph.neighbours, toy_network.graph.neighbours)


def test_inputs_stay_as_they_are(toytown: Tables) -> None:
    before = {name: table.copy() for name, table in toytown.items()}
    components(build_network(toytown["assets"], toytown["links"]))
    for name, table in toytown.items():
        pd.testing.assert_frame_equal(table, before[name])


def test_tables_without_geometry_will_do(toytown: Tables) -> None:
    bare = {name: pd.DataFrame(toytown[name]).drop(columns="geometry") for name in ("assets", "links")}
    with pytest.raises(TableError, match="no length"):
        build_network(bare["assets"], bare["links"])
    network = build_network(bare["assets"], bare["links"].dropna(subset=["length_m"]))
    assert len(network.link_ids) == 7


def test_components_of_toytown(toy_network: Network) -> None:
    parts = components(toy_network)
    check(parts, "components")
    assert parts[["nodes", "links"]].to_numpy().tolist() == [[7, 9], [1, 0]]
    assert parts["length_m"].tolist() == pytest.approx([7 * 2250 + 887.5, 0], rel=1e-4)
    part = component_of_nodes(toy_network)
    assert part["n_isle"] == 2
    assert (part.drop("n_isle") == 1).all()


def test_snapping_says_who_joins_where(toytown: Tables, toy_network: Network) -> None:
    zones = gpd.GeoDataFrame(toytown["zones"]).set_index("zone_id").geometry
    table = snap(zones, toy_network, max_distance_m=1000).set_index("item_id")
    check(table.reset_index(), "snapping")
    assert table.at["alder", "node_id"] == "n_a"
    assert table.at["damson", "node_id"] == "n_d"  # n_f is in the same place: the first by name
    assert table.at["gorse", "distance_m"] == pytest.approx(0.0045 * 110_575, rel=1e-4)
    assert not table.at["isle", "is_snapped"]  # its own landing has no link
    assert table.at["isle", "distance_m"] > 1000
    assert pd.isna(table.at["hamlet", "distance_m"])
    assert not table.at["hamlet", "is_snapped"]


def test_nothing_joins_a_network_without_links(toytown: Tables) -> None:
    network = build_network(toytown["assets"], toytown["links"].iloc[:0], node_kinds=["road_node"])
    zones = gpd.GeoDataFrame(toytown["zones"]).set_index("zone_id").geometry
    assert not snap(zones, network, max_distance_m=1e9)["is_snapped"].any()


def _columns(network: Network, column: str) -> tuple[np.ndarray, pd.Index]:
    return getattr(network, column), network.link_ids


def test_ghana_highways(ghana: Network) -> None:
    assert (len(ghana.node_ids), len(ghana.link_ids)) == (291, 410)
    assert components(ghana)["nodes"].tolist() == [291]
    assert ghana.length_m.sum() / 1000 == pytest.approx(6557.892, abs=0.001)


def test_djibouti_roads_are_one_component(djibouti: Network, shared_data: Path) -> None:
    parts = components(djibouti)
    assert parts[["nodes", "links"]].to_numpy().tolist() == [[513, 652]]
    folder = shared_data / "open-gira" / "network_components" / "expected" / "results"
    expected = pd.read_parquet(folder / "djibouti-latest_filter-road" / "components.parquet")
    assert len(expected) == len(parts)
    assert set(expected["node_ids"].iloc[0]) == set(component_of_nodes(djibouti).index)
