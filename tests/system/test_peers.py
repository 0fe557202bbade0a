"""Agreement with others: scipy on random networks, and pandapower and WNTR on real ones.

The last two run in an environment of their own, made once by `uv` from `tests/oracles/requirements.txt`.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components, dijkstra
from tests.system.systems import Service, events_of, system_of

from headwater.system.cascade import cascade, settle
from headwater.system.layers import Events, System

HOURS = 5.0


def random_system(seed: int) -> tuple[System, list[dict[str, float]]]:
    """A sparse network of 120 nodes and 150 links, and a dozen events with repairs at different hours."""
    rng = np.random.default_rng(seed)
    nodes = [f"n{i}" for i in range(120)]
    pairs = rng.integers(0, 120, (150, 2))
    links = {f"l{i}": (nodes[a], nodes[b]) for i, (a, b) in enumerate(pairs)}
    service = Service(
        suppliers={nodes[i]: np.inf for i in rng.choice(120, 6, replace=False)},
        zones={f"z{i}": (float(rng.integers(0, 50)), nodes[i]) for i in range(120)},
        links=links, nodes=nodes, travels=True,
    )  # fmt: skip
    system = system_of({"clinic": service})
    events = [
        {name: float(rng.integers(1, 4)) for name in rng.choice([*nodes, *links], 12, replace=False)} for _ in range(12)
    ]
    return system, events


def state(system: System, event: dict[str, float], hour: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Which nodes, links and sources of the only layer work at an hour."""
    layer = system.layers[0]
    out = {name for name, until in event.items() if hour < until}
    assets, links = ~system.asset_ids.isin(list(out)), ~system.link_ids.isin(list(out))
    return assets[layer.node], links[layer.link], assets[layer.source]


def hours_by_scipy(system: System, on: tuple[np.ndarray, np.ndarray, np.ndarray]) -> np.ndarray:
    """Shortest time from any working source to each node; links all take one hour."""
    layer, (node_on, link_on, source_on) = system.layers[0], on
    graph = layer.graph
    tail = np.repeat(np.arange(graph.node_count), graph.degree)
    alive = link_on[graph.links] & node_on[tail] & node_on[graph.neighbours]
    ones = np.ones(int(alive.sum()))
    matrix = coo_array((ones, (tail[alive], graph.neighbours[alive])), shape=(graph.node_count,) * 2).tocsr()
    matrix.data[:] = 1.0  # parallel links were added up
    seeds = layer.source_node[source_on & node_on[layer.source_node]]
    if not seeds.size:
        return np.full(graph.node_count, np.inf)
    part = connected_components(matrix, directed=False)[1]
    hours = np.asarray(dijkstra(matrix, indices=seeds, min_only=True))
    assert (np.isfinite(hours) == np.isin(part, part[seeds])).all()
    return hours


@given(st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_cascades_without_needs_agree_with_scipy(seed: int) -> None:
    system, events = random_system(seed)
    layer = system.layers[0]
    outcome = cascade(system, events_of(system, *events))
    usual = hours_by_scipy(system, state(system, {}, 0.0))[layer.zone_node]
    for e, event in enumerate(events):
        for step, hour in enumerate(outcome.steps_h[e]):
            now = hours_by_scipy(system, state(system, event, hour))[layer.zone_node]
            lost = np.isfinite(usual) & np.isinf(now)
            assert outcome.people[e, 0, step] == pytest.approx(layer.population[lost].sum())
            if step == 0:
                later = np.isfinite(now) & (now > usual)
                assert outcome.rerouted[e, 0] == pytest.approx(layer.population[later].sum())
                extra = ((now[later] - usual[later]) * layer.population[later]).sum()
                assert outcome.person_hours[e, 0] == pytest.approx(extra)


# --- pandapower and WNTR ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def oracles(root: Path) -> dict[str, dict[str, Any]]:
    """What the peers say, by name of network."""
    uv, folder = root / ".tools" / "bin" / "uv", root / "tests" / "oracles"
    if not uv.exists():
        pytest.skip("asks pandapower and WNTR in an environment of their own: run `make test-slow`, which brings uv")
    command = [uv, "run", "--quiet", "--no-project", "--python", sys.executable]
    command += ["--with-requirements", folder / "requirements.txt", "python", folder / "outages.py"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)  # noqa: S603
    assert ran.returncode == 0, ran.stderr
    return {network["name"]: network for network in json.loads(ran.stdout)}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mv_oberrhein", "case118", "Net3"])
def test_outages_agree_with_pandapower_and_wntr(name: str, oracles: dict[str, dict[str, Any]]) -> None:
    """Node by node: power by pandapower's search for supply, water by WNTR's hydraulic simulation."""
    said = oracles[name]
    plants = {f"plant {node}": np.inf for node in said["sources"]}
    service = Service(
        suppliers=plants,
        at={plant: f"node {plant.removeprefix('plant ')}" for plant in plants},
        zones={f"{node}": (1.0 + i, f"node {node}") for i, node in enumerate(said["asked"])},
        links={link: (f"node {a}", f"node {b}") for link, (a, b) in said["links"].items()},
        nodes=[f"node {node}" for node in said["nodes"]],
    )  # fmt: skip
    system = system_of({"service": service})
    layer = system.layers[0]
    failures = [
        dict.fromkeys(
            [*case["links"], *(f"node {n}" for n in case["nodes"]), *(f"plant {n}" for n in case["sources"])], HOURS
        )
        for case in said["cases"]
    ]
    events = events_of(system, *failures)
    people = cascade(system, events).people[:, 0, 0]
    for e, case in enumerate(said["cases"]):
        a, b = events.indptr[e : e + 2]
        one = Events(np.array([0, b - a]), events.item[a:b], events.hours[a:b])
        reached = settle(system, one).reach[0][0]
        without = layer.zone_ids[~reached[layer.zone_node]]
        assert set(without) == {str(node) for node in case["without"]}
        assert people[e] == layer.population[~reached[layer.zone_node]].sum()
    counts = [len(case["without"]) for case in said["cases"]]
    assert len(set(counts)) > 5
    assert 0 < np.mean(counts) < len(said["asked"])
