"""Flows between places on a road graph: 100,000 of them on 100,000 nodes and 250,000 links.

Fifty origins, as the centres of zones are, with 2,000 destinations each, and every flow on its shortest path. Each side
returns how many flows arrive, the flow-hours in all, and the flow on some links; all must agree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from benchmarks.harness import compare_sides, measure
from benchmarks.roads import Roads, make_roads, matrix

NODES, LINKS, ORIGINS, ENDS = 100_000, 250_000, 50, 2_000
AGREE = 1e-9

Work = Callable[[], list[float]]


def make_flows(origins: int) -> tuple[Roads, np.ndarray, np.ndarray, np.ndarray]:
    """Roads, the origins, and the destinations and amounts of the flows from each [origins, ends]."""
    rng = np.random.default_rng(7)
    starts = rng.choice(NODES, ORIGINS, replace=False)[:origins]
    ends = rng.integers(0, NODES, (ORIGINS, ENDS))[:origins]
    return make_roads(NODES, LINKS), starts, ends, rng.uniform(1, 100, (ORIGINS, ENDS))[:origins]


def answer(roads: Roads, load: np.ndarray, arrived: int) -> list[float]:
    """What the sides must agree on."""
    return [float(arrived), float(load @ roads.hours), *load[:: LINKS // 20].tolist()]


def ours(*, origins: int) -> Work:
    from headwater.system.paths import assign_flows, build_graph

    roads, starts, ends, amounts = make_flows(origins)
    graph = build_graph(roads.tail, roads.head, roads.hours, node_count=NODES)
    start = np.repeat(starts, ENDS)

    def work() -> list[float]:
        load, arrived = assign_flows(graph, start, ends.ravel(), amounts.ravel())
        return answer(roads, load, int(arrived.sum()))

    assign_flows(graph, start[:1], ends.ravel()[:1], amounts.ravel()[:1])
    return work


def scipy_way(*, origins: int) -> Work:
    """scipy's Dijkstra with predecessors, one origin at a time; flows summed down the tree by a numba loop."""
    from numba import njit
    from scipy.sparse.csgraph import dijkstra

    roads, starts, ends, amounts = make_flows(origins)
    graph = matrix(roads)
    link_of = link_finder(roads)

    @njit
    def sum_down(order: np.ndarray, parent: np.ndarray, flow: np.ndarray) -> None:
        for node in order[::-1]:
            if parent[node] >= 0:
                flow[parent[node]] += flow[node]

    def work() -> list[float]:
        load, count = np.zeros(len(roads.tail)), 0
        for start, end, amount in zip(starts, ends, amounts, strict=True):
            hours, parent = dijkstra(graph, indices=start, return_predecessors=True)
            there = np.isfinite(hours[end])
            flow = np.bincount(end[there], amount[there], NODES)
            count += int(there.sum())
            sum_down(np.argsort(hours), parent, flow)
            used = np.flatnonzero((parent >= 0) & (flow > 0))
            load[link_of(parent[used], used)] += flow[used]
        return answer(roads, load, count)

    sum_down(np.zeros(1, np.int64), np.full(1, -9999, np.int32), np.zeros(1))
    return work


def link_finder(roads: Roads) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """From two ends to the link between them."""
    key = np.minimum(roads.tail, roads.head) * NODES + np.maximum(roads.tail, roads.head)
    order = np.argsort(key)
    ordered = key[order]
    return lambda a, b: order[np.searchsorted(ordered, np.minimum(a, b).astype(np.int64) * NODES + np.maximum(a, b))]


def igraph_way(*, origins: int) -> Work:
    """igraph: shortest paths from each origin as lists of links, and a count of the links in them."""
    import igraph

    roads, starts, ends, amounts = make_flows(origins)
    graph = igraph.Graph(n=NODES, edges=np.column_stack([roads.tail, roads.head]))
    weights = roads.hours.tolist()

    def work() -> list[float]:
        load, count = np.zeros(len(roads.tail)), 0
        for start, end, amount in zip(starts, ends, amounts, strict=True):
            paths = graph.get_shortest_paths(int(start), to=end.tolist(), weights=weights, output="epath")
            lengths = np.array([len(path) for path in paths])
            links = np.concatenate([np.asarray(path, int) for path in paths])
            np.add.at(load, links, np.repeat(amount, lengths))
            count += int(((lengths > 0) | (end == start)).sum())
        return answer(roads, load, count)

    return work


PEERS = [("scipy", scipy_way, ORIGINS), ("igraph", igraph_way, 10)]


def compare() -> Iterator[dict[str, Any]]:
    """One row per peer, each having done the same flows."""
    us = measure("benchmarks.flows:ours", repeats=5, origins=ORIGINS)
    job = f"{ORIGINS * ENDS:,} flows from {ORIGINS} origins on {NODES:,} nodes, {LINKS:,} links"
    for name, side, origins in PEERS:
        them = measure(f"benchmarks.flows:{side.__name__}", repeats=3 if origins == ORIGINS else 1, origins=origins)
        same = measure("benchmarks.flows:ours", repeats=1, origins=origins) if origins < ORIGINS else us
        if not np.allclose(them.result, same.result, rtol=AGREE):
            raise AssertionError(f"{name} gives {them.result}, we give {same.result}")
        yield compare_sides("flows", name, us, them, scale=ORIGINS / origins, job=job)
