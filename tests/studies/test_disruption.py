"""Loss of service in the packs: Djibouti's floods with their intervals, and what dependencies do in Ghana."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

import headwater as hw
from headwater.journey import disrupt, stress
from headwater.risk.annual import annual


@pytest.fixture(scope="module")
def djibouti(root, tmp_path_factory):
    return hw.open_study(root / "studies" / "djibouti", out=tmp_path_factory.mktemp("djibouti"))


@pytest.fixture(scope="module")
def ghana(root, tmp_path_factory):
    return hw.open_study(root / "studies" / "ghana", out=tmp_path_factory.mktemp("ghana"))


# --- Djibouti -----------------------------------------------------------------------------------------------------


def test_nine_return_periods_of_a_thousand_samples(djibouti):
    events = djibouti.result("event_disruptions")
    assert sorted(events["return_period_yr"].unique()) == [2, 5, 10, 25, 50, 100, 250, 500, 1000]
    assert (events["samples"] == 1000).all()
    people = events.query("service == 'hospital' and with_cascade").sort_values("return_period_yr")
    assert (np.diff(people["items_failed"]) >= 0).all()
    assert people["population_without"].iloc[-1] > people["population_without"].iloc[0]
    assert (np.diff(people["user_hours_lost"]) >= 0).all()


def test_expected_people_isolated_and_hours_lost_lie_in_their_intervals(djibouti):
    expected = djibouti.result("expected_disruptions").query("service == 'hospital' and with_cascade")
    assert len(expected) == 1
    row = expected.iloc[0]
    assert row["ead_rule"] == "rectangle"
    for figure in ("population_without_per_yr", "user_hours_lost_per_yr"):
        assert 0 < row[f"{figure}_low"] < row[figure] < row[f"{figure}_high"]
    assert row["population_without_per_yr"] < 878_310  # everybody


def test_intervals_shrink_with_the_root_of_the_samples(djibouti):
    """Four times the samples, half the interval: 200, 800 and 3,200 of them."""
    tables = djibouti.tables
    model, _made = disrupt.build_model(djibouti.system, tables, djibouti.header)
    shapes = stress.exposed_assets(**djibouti.system).geometry
    (layers,) = stress.groups(tables["hazard_layers"])
    hazard = disrupt.hazard_events(model, stress.expose(shapes, layers, **djibouti.readers), rule="rectangle")
    assert hazard is not None
    most = 3200
    model = dataclasses.replace(model, samples=most)
    parts = djibouti.map("", lambda block: disrupt.sample_events(model, (hazard, block)), disrupt.blocks(most, 50))
    part = disrupt.joined(parts)
    service = model.services.index("hospital")
    periods = hazard.layers["return_period_yr"].to_numpy(float)
    widths = []
    for count in (200, 800, 3200):
        people = part.people[1, :, service].reshape(most, len(periods))[:count].T
        found = annual(people, periods, rule="rectangle")
        widths.append(float(found.mean - found.low))
        assert found.se * 1.959963984540054 == pytest.approx(found.mean - found.low)
    assert widths[0] / widths[1] == pytest.approx(2, rel=0.15)
    assert widths[1] / widths[2] == pytest.approx(2, rel=0.1)


def test_people_isolated_are_those_whom_no_path_reaches(djibouti):
    """A few single failures beside networkx: people whose zone no longer reaches a hospital."""
    import networkx as nx

    model, _made = disrupt.build_model(djibouti.system, djibouti.tables, djibouti.header)
    layer = model.system.layers[model.services.index("hospital")]
    graph = nx.Graph()
    graph.add_nodes_from(range(layer.node.size))
    tail = np.repeat(np.arange(layer.node.size), layer.graph.degree)
    edges = list(zip(tail.tolist(), layer.graph.neighbours.tolist(), layer.graph.links.tolist(), strict=True))

    def served(without: int | None) -> np.ndarray:
        graph.clear_edges()
        graph.add_edges_from((a, b) for a, b, link in edges if link != without)
        reached = set().union(*(nx.node_connected_component(graph, int(source)) for source in layer.source_node))
        return np.array([node in reached for node in layer.zone_node])

    failures = djibouti.result("failures").query("service == 'hospital'").set_index("item_id")["population_without"]
    usual = served(None)
    for link in range(0, layer.link.size, 60):
        lost = layer.population[usual & ~served(link)].sum()
        name = model.system.link_ids[layer.link[link]]
        assert failures.get(name, 0.0) == pytest.approx(lost)


# --- Ghana --------------------------------------------------------------------------------------------------------


def test_ghana_runs_over_every_sector_of_the_pack(ghana):
    areas, failures = ghana.result("service_areas"), ghana.result("failures")
    assert set(areas["service"]) == {"hospital", "electricity", "drinking_water", "connectivity"}
    assert set(failures["sector"]) >= {"transport", "energy", "digital", "water", "social"}
    assert set(areas.query("service == 'electricity'")["way"]) >= {"network", "pool"}


def test_what_dependencies_add_in_ghana_is_explained(ghana):
    failures, causes = ghana.result("failures"), ghana.result("causes")
    more = failures[failures["population_without"] > failures["population_without_direct"] + 1e-6]
    assert (failures["population_without"] >= failures["population_without_direct"] - 1e-6).all()
    assert len(more) > 100
    assert set(more["sector"]) == {"energy"}  # everything else needs electricity, and nothing else is switched on
    assert set(more["service"]) <= {"connectivity", "drinking_water", "hospital"}
    told = causes[causes["item_id"].isin(more["item_id"])]
    assert set(told["service"]) == {"electricity"}
    assert set(told["hour"]) == {0.0, 8.0, 24.0}  # pumps at once, batteries of exchanges, generators of hospitals


def test_the_worst_infeed_takes_the_towns_behind_it_and_their_exchanges(ghana):
    """Counted from the tables: zones that take power behind the infeed, and exchanges that do."""
    failures, needs = ghana.result("failures"), ghana.result("needs")
    lines = failures[(failures["sector"] == "energy") & (failures["service"] == "electricity")]
    infeed = lines.sort_values("population_without", ascending=False).iloc[0]["item_id"]
    own = failures[failures["item_id"] == infeed].set_index("service")
    stopped = ghana.strike(fail=[infeed])
    exchanges = needs[needs["asset_id"].str.startswith("gha_exchange")]
    assert (exchanges["backup_h"] == 8).all()
    assert own.at["electricity", "population_without"] == own.at["electricity", "population_without_direct"]
    assert own.at["connectivity", "population_without_direct"] == 0
    assert own.at["connectivity", "population_without"] > 0
    assert len(stopped) == 2  # the figures, and why


def test_every_assumption_behind_ghana_says_what_it_rests_on(ghana):
    rules, recovery = ghana.tables["dependency_rules"], ghana.tables["recovery"]
    assert rules["basis"].notna().all()
    assert recovery["basis"].notna().all()
    used = ghana.result("needs")
    assert set(used["rule_id"].dropna()) <= set(rules["rule_id"])
    assert set(used["basis"]) == {"judgement"}
    for service in ghana.header.services:
        if service.mode != "access":
            assert service.basis or service.source_id


def test_drought_takes_nothing_it_cannot_take(ghana):
    """Without all 1,598 MW of hydropower 2,865 of 3,246 MW are left: 11.7 % of demand unmet."""
    hydropower = ghana.tables["assets"].query("kind == 'hydropower'")["asset_id"].tolist()
    (figures,) = [rows for name, rows in ghana.strike(fail=hydropower).items() if hydropower[0] in name]
    electricity = figures[figures.iloc[:, 0] == "electricity"].iloc[0]
    people = ghana.result("service_areas").query("service == 'electricity' and served_share > 0")["population"].sum()
    assert electricity.iloc[1] == pytest.approx(people * (1 - 2865 / 3246), rel=0.01)
    assert pd.notna(electricity.iloc[2])
