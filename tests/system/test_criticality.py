"""Criticality: counted by hand on Toytown, and against removing every link in turn on real roads."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from headwater.schema import check
from headwater.system.access import access
from headwater.system.criticality import criticality
from headwater.system.network import Network, build_network
from headwater.system.paths import build_graph, link_failures, shortest_paths

Tables = dict[str, pd.DataFrame]
HOSPITAL = {"service": "hospital", "access_speed_km_per_h": 5.0, "max_access_m": 1000.0}


@pytest.fixture
def settlements(toytown: Tables) -> pd.DataFrame:
    return toytown["zones"].query("kind == 'settlement'")


@pytest.fixture
def hospital(toytown: Tables) -> pd.DataFrame:
    return toytown["assets"].query("kind == 'hospital'")


def test_counted_by_hand(toy_network: Network, settlements: pd.DataFrame, hospital: pd.DataFrame) -> None:
    table = criticality(toy_network, settlements, hospital, **HOSPITAL)
    check(table, "criticality")
    lost = table.set_index("link_id").drop(columns="service")
    nothing = [0, 0, 0]
    expected = {
        "r_ab": [1000, 0, 0],
        "r_bc_1": [0, 3800, 3800 * 0.05],  # by the ferry, or round by Elder: as long for Damson
        "r_bc_2": nothing,
        "r_bd": [0, 800, 800 * 0.05],
        "r_ce": nothing,
        "r_dd": nothing,  # a self-loop
        "r_de": nothing,  # Elder is empty
        "r_df": [300, 0, 0],  # without length, and yet a bridge
        "r_fg": [300, 0, 0],
    }
    assert lost.index.tolist() == list(expected)
    np.testing.assert_allclose(lost.to_numpy(), list(expected.values()), atol=1e-12)


def test_a_second_road_takes_the_burden_off_the_first(
    toytown: Tables, settlements: pd.DataFrame, hospital: pd.DataFrame
) -> None:
    links = toytown["links"]
    road = links[links["link_id"] == "r_bd"].assign(link_id="r_ad", from_asset_id="n_a", length_m=4500.0)
    network = build_network(toytown["assets"], pd.concat([links, road]))
    lost = criticality(network, settlements, hospital, **HOSPITAL).set_index("link_id")
    assert lost.at["r_ab", "population_cut_off"] == 0
    assert lost.at["r_ab", "person_hours_lost"] == pytest.approx(1000 * 0.1)  # 0.1 + 0.1 h instead of 0.1
    assert lost.at["r_ad", "person_hours_lost"] == 0


def test_a_second_hospital_helps_too(toy_network: Network, settlements: pd.DataFrame, hospital: pd.DataFrame) -> None:
    clinic = hospital.assign(asset_id="clinic", geometry=gpd.points_from_xy([5.005], [1.005]))  # in Alder
    lost = criticality(toy_network, settlements, pd.concat([hospital, clinic]), **HOSPITAL).set_index("link_id")
    assert lost.at["r_ab", "population_cut_off"] == 0
    assert lost.at["r_bc_1", "person_hours_lost"] == pytest.approx(0)  # Birch, Damson and Gorse: as near to Alder


def test_nobody_cut_off_who_was_never_reached(
    toy_network: Network, settlements: pd.DataFrame, hospital: pd.DataFrame
) -> None:
    table = criticality(toy_network, settlements, hospital.iloc[:0], **HOSPITAL)
    assert len(table) == 9
    assert not table[["population_cut_off", "population_rerouted", "person_hours_lost"]].any(axis=None)


def test_order_of_rows_changes_nothing_and_inputs_stay(
    toytown: Tables, toy_network: Network, settlements: pd.DataFrame, hospital: pd.DataFrame
) -> None:
    before = {name: table.copy() for name, table in toytown.items()}
    mixed = {name: table.sample(frac=1, random_state=6) for name, table in toytown.items()}
    network = build_network(mixed["assets"], mixed["links"])
    one = criticality(toy_network, settlements, hospital, **HOSPITAL)
    other = criticality(network, settlements.sample(frac=1, random_state=7), hospital, **HOSPITAL)
    pd.testing.assert_frame_equal(one, other)
    for name, table in toytown.items():
        pd.testing.assert_frame_equal(table, before[name])


def test_agrees_with_access_without_the_link(
    toytown: Tables, settlements: pd.DataFrame, hospital: pd.DataFrame, toy_network: Network
) -> None:
    lost = criticality(toy_network, settlements, hospital, **HOSPITAL).set_index("link_id")
    before = access(toy_network, settlements, hospital, **HOSPITAL).set_index("zone_id")
    for link in ("r_bc_1", "r_bd", "r_bc_2"):  # removing these leaves every node a link to join at
        rest = toytown["links"][toytown["links"]["link_id"] != link]
        after = access(build_network(toytown["assets"], rest), settlements, hospital, **HOSPITAL).set_index("zone_id")
        later = (after["hours"] - before["hours"]).fillna(0)
        assert (later * before["population"]).sum() == pytest.approx(lost.at[link, "person_hours_lost"])


@pytest.mark.parametrize("country", ["ghana", "djibouti"])
def test_real_roads_agree_with_removing_every_link(country: str, request: pytest.FixtureRequest) -> None:
    network: Network = request.getfixturevalue(country)
    rng = np.random.default_rng(8)
    n, links = len(network.node_ids), len(network.link_ids)
    people = rng.integers(0, 1000, n).astype(float)
    seeds = np.full(n, np.inf)
    seeds[rng.choice(n, 5, replace=False)] = rng.random(5)
    found = link_failures(network.graph, seeds, people)

    before = shortest_paths(network.graph, seeds).hours
    expected = np.zeros((2, links))
    for link in range(links):
        rest = np.arange(links) != link
        ends = network.from_node[rest], network.to_node[rest]
        after = shortest_paths(build_graph(*ends, network.hours[rest], node_count=n), seeds).hours
        cut = np.isinf(after) & np.isfinite(before)
        expected[0, link] = people[cut].sum()
        expected[1, link] = (people * np.where(np.isfinite(after), after - before, 0)).sum()
    np.testing.assert_allclose(found.people_cut_off, expected[0])
    np.testing.assert_allclose(found.person_hours_lost, expected[1], atol=1e-6)
    assert (expected[0] > 0).any()
    assert (expected[1] > 1).any()
