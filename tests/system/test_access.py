"""Access: counted by hand on Toytown."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pytest

from headwater.errors import AssumptionError, TableError
from headwater.schema import check
from headwater.system.access import access, access_shares, flows, not_located
from headwater.system.network import Network, build_network

Tables = dict[str, pd.DataFrame]
HOSPITAL = {"service": "hospital", "access_speed_km_per_h": 5.0, "max_access_m": 1000.0}
ROAD = {"speed_km_per_h": 45.0, "length_m": 2250.0, "sector": "transport", "kind": "road", "source_id": "toytown"}


@pytest.fixture
def settlements(toytown: Tables) -> pd.DataFrame:
    return toytown["zones"].query("kind == 'settlement'")


@pytest.fixture
def hospital(toytown: Tables) -> pd.DataFrame:
    return toytown["assets"].query("kind == 'hospital'")


def test_times_are_counted_by_hand(toy_network: Network, settlements: pd.DataFrame, hospital: pd.DataFrame) -> None:
    table = access(toy_network, settlements, hospital, **HOSPITAL)
    check(table, "access")
    hours = table.set_index("zone_id")["hours"]
    assert hours[["alder", "birch", "damson", "elder"]].tolist() == pytest.approx([0.1, 0.05, 0.1, 0.1])
    walk_km = 0.0045 * 110.575  # Gorse lies north of its junction
    assert hours["gorse"] == pytest.approx(0.2 + walk_km / 5, rel=1e-4)
    assert table.set_index("zone_id").at["gorse", "network_hours"] == pytest.approx(0.2)


def test_the_island_is_cut_off_and_the_unlocated_left_out(
    toy_network: Network, settlements: pd.DataFrame, hospital: pd.DataFrame
) -> None:
    table = access(toy_network, settlements, hospital, **HOSPITAL).set_index("zone_id")
    assert not table.at["isle", "is_reached"]
    assert table.loc["isle", ["hours", "network_hours", "node_id", "facility_id"]].isna().all()
    assert table.at["isle", "access_m"] == pytest.approx(1569, abs=1)
    assert "hamlet" not in table.index
    assert not_located(settlements)["zone_id"].tolist() == ["hamlet"]


def test_a_depot_without_a_road_serves_nobody(toy_network: Network, settlements: pd.DataFrame, toytown: Tables) -> None:
    depot = toytown["assets"].query("kind == 'depot'")
    near = access(toy_network, settlements, depot, **{**HOSPITAL, "service": "depot"})
    assert not near["is_reached"].any()
    far = access(toy_network, settlements, depot, **{**HOSPITAL, "service": "depot", "max_access_m": 2000.0})
    gorse = far.set_index("zone_id").loc["gorse"]
    assert gorse["facility_id"] == "depot"
    assert gorse["hours"] == pytest.approx((497.6 + 1774.6) / 5000, rel=1e-3)
    assert gorse["network_hours"] == pytest.approx(0, abs=1e-12)


def test_a_facility_that_is_a_node_needs_no_place(toytown: Tables, settlements: pd.DataFrame) -> None:
    links = pd.concat(
        [toytown["links"], pd.DataFrame([{"link_id": "r_w", "from_asset_id": "n_a", "to_asset_id": "well", **ROAD}])]
    )
    network = build_network(toytown["assets"], links)
    well = toytown["assets"].query("asset_id == 'well'")
    table = access(network, settlements, well, **{**HOSPITAL, "service": "well"}).set_index("zone_id")
    assert table.at["alder", "hours"] == pytest.approx(0.05)
    assert table.at["alder", "facility_id"] == "well"


def test_nearest_means_in_time(toy_network: Network, settlements: pd.DataFrame, hospital: pd.DataFrame) -> None:
    clinic = hospital.assign(asset_id="clinic", geometry=gpd.points_from_xy([5.025], [1.014]))  # 995 m from Birch
    both = pd.concat([hospital, clinic])
    table = access(toy_network, settlements, both, **HOSPITAL).set_index("zone_id")
    assert table.at["birch", "facility_id"] == "hospital"  # 0.05 h by road against 0.2 h on foot
    slow = access(toy_network, settlements, both, **{**HOSPITAL, "access_speed_km_per_h": 45.0}).set_index("zone_id")
    assert slow.at["birch", "facility_id"] == "clinic"


def test_no_facility_reaches_nobody(toy_network: Network, settlements: pd.DataFrame, hospital: pd.DataFrame) -> None:
    table = access(toy_network, settlements, hospital.iloc[:0], **HOSPITAL)
    assert len(table) == 6
    assert not table["is_reached"].any()


def test_no_network_reaches_nobody(toytown: Tables, settlements: pd.DataFrame, hospital: pd.DataFrame) -> None:
    network = build_network(toytown["assets"], toytown["links"].iloc[:0])
    assert not access(network, settlements, hospital, **HOSPITAL)["is_reached"].any()
    assert flows(network, settlements, hospital, **HOSPITAL).empty


def test_order_of_rows_changes_nothing(
    toytown: Tables, toy_network: Network, settlements: pd.DataFrame, hospital: pd.DataFrame
) -> None:
    mixed = {name: table.sample(frac=1, random_state=4) for name, table in toytown.items()}
    network = build_network(mixed["assets"], mixed["links"])
    one = access(toy_network, settlements, hospital, **HOSPITAL)
    other = access(network, settlements.sample(frac=1, random_state=5), hospital, **HOSPITAL)
    pd.testing.assert_frame_equal(one, other)


def test_a_zone_and_its_part_are_refused(toy_network: Network, toytown: Tables, hospital: pd.DataFrame) -> None:
    with pytest.raises(TableError, match="count twice") as caught:
        access(toy_network, toytown["zones"], hospital, **HOSPITAL)
    assert len(caught.value.faults) == 7


@pytest.mark.parametrize("wrong", [{"access_speed_km_per_h": 0.0}, {"max_access_m": -1.0}])
def test_impossible_assumptions_are_refused(
    toy_network: Network, settlements: pd.DataFrame, hospital: pd.DataFrame, wrong: dict[str, float]
) -> None:
    with pytest.raises(AssumptionError):
        access(toy_network, settlements, hospital, **{**HOSPITAL, **wrong})


def test_shares_count_everybody_located(
    toy_network: Network, settlements: pd.DataFrame, hospital: pd.DataFrame
) -> None:
    table = access(toy_network, settlements, hospital, **HOSPITAL)
    shares = access_shares(table, thresholds_h=[1.0, 0.06])
    assert shares["hours_at_most"].tolist() == [0.06, 1.0]
    assert shares["population"].tolist() == [2000, 3800]
    assert shares["population_share"].tolist() == pytest.approx([2000 / 3900, 3800 / 3900])  # 50 in the hamlet


def test_flows_are_counted_by_hand(toy_network: Network, settlements: pd.DataFrame, hospital: pd.DataFrame) -> None:
    people = flows(toy_network, settlements, hospital, **HOSPITAL).set_index("link_id")["population"]
    expected = {"r_ab": 1000, "r_bc_1": 3800, "r_bd": 800, "r_df": 300, "r_fg": 300}
    assert people.to_dict() == {link: expected.get(link, 0) for link in toy_network.link_ids}


def test_djibouti_clinics_agree_with_networkx(djibouti: Network, shared_data: Path) -> None:
    folder = shared_data / "dji-roads-floods"
    places = pd.read_csv(folder / "dji_settlements_onsset.csv")
    clinics = pd.read_csv(folder / "dji_health_who.csv").dropna(subset=["Lat", "Long"])
    zones = gpd.GeoDataFrame(
        {"zone_id": [f"z{i}" for i in range(len(places))], "name": "settlement", "population": places["Pop"]},
        geometry=gpd.points_from_xy(places["X_deg"], places["Y_deg"]),
        crs="EPSG:4326",
    ).assign(kind="settlement", source_id="onsset")
    facilities = gpd.GeoDataFrame(
        {"asset_id": [f"h{i}" for i in range(len(clinics))], "name": "clinic"},
        geometry=gpd.points_from_xy(clinics["Long"], clinics["Lat"]),
        crs="EPSG:4326",
    ).assign(sector="social", kind="clinic", source_id="who")
    table = access(djibouti, zones, facilities, service="clinic", access_speed_km_per_h=5, max_access_m=10_000)
    check(table, "access")
    assert len(table) == 1473
    assert table["population"].sum() == pytest.approx(878_310, abs=1)
    assert 0.5 < table["population"].where(table["is_reached"], 0).sum() / 878_310 <= 1

    graph = nx.MultiGraph()
    ends = zip(djibouti.from_node, djibouti.to_node, djibouti.hours, strict=True)
    graph.add_weighted_edges_from((int(a), int(b), float(h)) for a, b, h in ends)
    reached = table[table["is_reached"]]
    for row in reached.iloc[:: len(reached) // 4].itertuples():
        node = djibouti.node_ids.get_loc(row.node_id)
        times = nx.single_source_dijkstra_path_length(graph, node)
        roots = access(
            djibouti, zones, facilities[facilities["asset_id"] == row.facility_id],
            service="clinic", access_speed_km_per_h=5, max_access_m=10_000,
        )  # fmt: skip
        alone = roots.set_index("zone_id").at[row.zone_id, "hours"]
        assert alone == pytest.approx(row.hours)  # no nearer by another clinic
        assert min(np.abs(row.network_hours - hours) for hours in times.values()) < 1e-9
