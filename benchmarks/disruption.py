"""Failures that spread from sector to sector: 10,000 scenarios on one system of systems.

Seven sectors on a graph of 100,000 nodes and 250,000 links in all, 20,000 dependencies between assets of different
sectors, 2,000 zones of people in each. A scenario is thirty assets and links that fail together. Every side works out
who loses what by the same rule: what no working supplier reaches is lost; an asset that takes something where it is
lost stops; again, until nothing more stops. Backup and time are left out, which the peers do not have.

The peers find connected parts; around them the cascade is written with numpy's whole arrays, the way one would. They
get a part of the scenarios and are scaled up. All sides must agree on the people lost in every scenario and sector.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.harness import compare_sides, measure

SECTORS, NODES, LINKS, NEEDS, SCENARIOS, FAILURES = 7, 100_000, 250_000, 20_000, 10_000, 30
SUPPLIERS, ZONES, PEOPLE = 20, 2_000, 50.0
BLOCK = 640
"""Scenarios that we hold at once."""

Work = Callable[[], str]


@dataclass
class Job:
    """One graph of all sectors: node and link numbers run on from one sector to the next."""

    sector: np.ndarray
    tail: np.ndarray
    head: np.ndarray
    suppliers: np.ndarray
    zone_node: np.ndarray
    need_asset: np.ndarray
    need_node: np.ndarray
    failed: np.ndarray


def make_job(scenarios: int, *, seed: int = 20260101) -> Job:
    """Each sector on points of its own, joined to their nearest neighbours."""
    from scipy.spatial import cKDTree

    rng = np.random.default_rng(seed)
    nodes, links = NODES // SECTORS, LINKS // SECTORS
    tail, head, suppliers, zones = [], [], [], []
    for k in range(SECTORS):
        place = rng.random((nodes, 2))
        near = cKDTree(place).query(place, 8)[1][:, 1:]
        pairs = np.column_stack([np.repeat(np.arange(nodes), 7), near.ravel()])
        pairs = np.unique(np.sort(pairs, axis=1), axis=0)
        pairs = pairs[rng.permutation(len(pairs))[:links]] + k * nodes
        tail.append(pairs[:, 0])
        head.append(pairs[:, 1])
        suppliers.append(rng.choice(nodes, SUPPLIERS, replace=False) + k * nodes)
        zones.append(rng.integers(0, nodes, ZONES) + k * nodes)
    count = nodes * SECTORS
    sector = np.repeat(np.arange(SECTORS), nodes)
    asset = rng.integers(0, count, NEEDS)
    other = (sector[asset] + rng.integers(1, SECTORS, NEEDS)) % SECTORS
    node = other * nodes + rng.integers(0, nodes, NEEDS)
    items = count + sum(map(len, tail))
    failed = np.stack([rng.choice(items, FAILURES, replace=False) for _scenario in range(SCENARIOS)])[:scenarios]
    one = np.concatenate
    return Job(sector, one(tail), one(head), one(suppliers), one(zones), asset, node, failed)


def digest(people: list[np.ndarray]) -> str:
    """Fingerprint of the people lost in every scenario and sector."""
    return hashlib.sha256(np.concatenate(people).round().astype(np.int64).tobytes()).hexdigest()


def ours(*, scenarios: int) -> Work:
    import pandas as pd

    from headwater.system.cascade import cascade
    from headwater.system.layers import NONE, Events, Layer, Needs, System
    from headwater.system.paths import build_graph

    job = make_job(scenarios)
    nodes = len(job.sector) // SECTORS
    layers = []
    for k in range(SECTORS):
        mine = np.flatnonzero(job.sector[job.tail] == k)
        first = k * nodes
        source = job.suppliers[k * SUPPLIERS : (k + 1) * SUPPLIERS]
        graph = build_graph(job.tail[mine] - first, job.head[mine] - first, np.zeros(len(mine)), node_count=nodes)
        layers.append(
            Layer(
                f"sector_{k}", graph, np.arange(first, first + nodes, dtype=np.int32), mine.astype(np.int32),
                source.astype(np.int32), (source - first).astype(np.int32), np.zeros(SUPPLIERS),
                np.full(SUPPLIERS, np.inf), np.full(len(mine), np.inf), pd.RangeIndex(ZONES), np.full(ZONES, PEOPLE),
                np.full(ZONES, PEOPLE), (job.zone_node[k * ZONES : (k + 1) * ZONES] - first).astype(np.int32),
                np.zeros(ZONES),
            )
        )  # fmt: skip
    is_met = reached(job, np.zeros(0, int), connected=scipy_parts(job))[0][job.need_node]
    asset, node = job.need_asset[is_met].astype(np.int32), job.need_node[is_met]
    needs = Needs(
        asset, np.zeros(asset.size), np.arange(asset.size + 1), job.sector[node].astype(np.int32),
        (node % nodes).astype(np.int32), np.arange(asset.size, dtype=np.int32),
    )  # fmt: skip
    assert NONE == -1
    system = System(pd.RangeIndex(len(job.sector)), pd.RangeIndex(len(job.tail)), tuple(layers), needs)

    def events(part: np.ndarray) -> Events:
        return Events(np.arange(len(part) + 1) * FAILURES, part.ravel().astype(np.int32), np.full(part.size, np.inf))

    def work() -> str:
        blocks = (events(job.failed[start : start + BLOCK]) for start in range(0, scenarios, BLOCK))
        return digest([cascade(system, block).people_without for block in blocks])

    cascade(system, events(job.failed[:2]))
    return work


Parts = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""From which nodes and which links work to a label of the connected part of each node."""


def reached(job: Job, failed: np.ndarray, *, connected: Parts) -> tuple[np.ndarray, np.ndarray]:
    """Nodes that a working supplier reaches, and nodes that work, without any cascade."""
    works = np.ones(len(job.sector), bool)
    up = np.ones(len(job.tail), bool)
    works[failed[failed < works.size]] = False
    up[failed[failed >= works.size] - works.size] = False
    return _reach(job, works, up, connected), works


def _reach(job: Job, works: np.ndarray, up: np.ndarray, connected: Parts) -> np.ndarray:
    label = connected(works, up & works[job.tail] & works[job.head])
    is_fed = np.zeros(label.max() + 1, bool)
    is_fed[label[job.suppliers[works[job.suppliers]]]] = True
    return is_fed[label] & works


def cascade_around(job: Job, connected: Parts) -> Work:
    """The cascade with whole arrays around somebody's connected parts."""
    whole = reached(job, np.zeros(0, int), connected=connected)[0]
    met = whole[job.need_node]
    asset, node = job.need_asset[met], job.need_node[met]
    had = whole[job.zone_node]
    sector = job.sector[job.zone_node]

    def work() -> str:
        people = []
        for failed in job.failed:
            works = np.ones(len(job.sector), bool)
            up = np.ones(len(job.tail), bool)
            works[failed[failed < works.size]] = False
            up[failed[failed >= works.size] - works.size] = False
            while True:
                reach = _reach(job, works, up, connected)
                stop = asset[~reach[node]]
                stop = stop[works[stop]]
                if not stop.size:
                    break
                works[stop] = False
            people.append(np.bincount(sector[had & ~reach[job.zone_node]], minlength=SECTORS) * PEOPLE)
        return digest([np.array(people)])

    return work


def scipy_parts(job: Job) -> Parts:
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    n = len(job.sector)

    def connected(_works: np.ndarray, on: np.ndarray) -> np.ndarray:
        graph = coo_array((np.ones(int(on.sum()), np.int8), (job.tail[on], job.head[on])), shape=(n, n)).tocsr()
        return connected_components(graph, directed=False)[1]

    return connected


def scipy_way(*, scenarios: int) -> Work:
    """scipy.sparse.csgraph.connected_components of the links that work."""
    job = make_job(scenarios)
    return cascade_around(job, scipy_parts(job))


def igraph_way(*, scenarios: int) -> Work:
    """igraph: a subgraph of the links that work, and its connected components."""
    import igraph

    job = make_job(scenarios)
    graph = igraph.Graph(n=len(job.sector), edges=np.column_stack([job.tail, job.head]))

    def connected(_works: np.ndarray, on: np.ndarray) -> np.ndarray:
        part = graph.copy()
        part.delete_edges(np.flatnonzero(~on))
        return np.asarray(part.connected_components().membership)

    return cascade_around(job, connected)


def rustworkx_way(*, scenarios: int) -> Work:
    """rustworkx: a copy without the links that do not work, and its connected components."""
    import rustworkx

    job = make_job(scenarios)
    graph = rustworkx.PyGraph()
    graph.add_nodes_from(range(len(job.sector)))
    graph.add_edges_from_no_data(list(zip(job.tail.tolist(), job.head.tolist(), strict=True)))

    def connected(_works: np.ndarray, on: np.ndarray) -> np.ndarray:
        part = graph.copy()
        for edge in np.flatnonzero(~on).tolist():
            part.remove_edge_from_index(edge)
        label = np.empty(len(job.sector), int)
        for number, nodes in enumerate(rustworkx.connected_components(part)):
            label[list(nodes)] = number
        return label

    return cascade_around(job, connected)


PEERS = [("scipy", scipy_way, 40), ("igraph", igraph_way, 40), ("rustworkx", rustworkx_way, 10)]


def compare() -> Iterator[dict[str, Any]]:
    """One row per peer, each having done the same scenarios."""
    us = measure("benchmarks.disruption:ours", repeats=3, scenarios=SCENARIOS)
    job = f"{SCENARIOS:,} scenarios on {NODES:,} nodes, {LINKS:,} links, {SECTORS} sectors, {NEEDS:,} dependencies"
    for name, side, scenarios in PEERS:
        them = measure(f"benchmarks.disruption:{side.__name__}", repeats=1, scenarios=scenarios)
        same = measure("benchmarks.disruption:ours", repeats=1, scenarios=scenarios)
        if them.result != same.result:
            raise AssertionError(f"{name} gives {them.result}, we give {same.result}")
        above = round(us.peak_mb - us.empty_mb)
        yield compare_sides(
            "disruption", name, us, them, scale=SCENARIOS / scenarios, job=job, ours_above_empty_mb=above,
            scenarios_per_s=round(SCENARIOS / us.cpu_s),
        )  # fmt: skip
