"""What the failure of every single link of a road graph takes from people: 250,000 links, 100,000 nodes.

The naive way runs one search for the nearest facility per link taken away; it is given some of the links and scaled up.
Ours repairs the tree of shortest paths beyond each link. On a graph of 2,000 nodes and 5,000 links both do every link,
and every figure must agree: people cut off, people rerouted and person-hours lost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from benchmarks.harness import compare_sides, measure
from benchmarks.roads import Roads, make_roads, matrix

NODES, LINKS, FACILITIES = 100_000, 250_000, 500
SMALL_NODES, SMALL_LINKS = 2_000, 5_000
NAIVE_LINKS = 40
LATER_H = 1e-9

Work = Callable[[], Any]


def make_job(nodes: int, links: int) -> tuple[Roads, np.ndarray, np.ndarray]:
    """Roads, the nodes of facilities, and the people at each node."""
    rng = np.random.default_rng(11)
    facilities = rng.choice(nodes, max(nodes * FACILITIES // NODES, 1), replace=False)
    return make_roads(nodes, links), facilities, rng.integers(0, 500, nodes).astype(float)


def ours(*, nodes: int, links: int) -> Work:
    from headwater.system.paths import build_graph, link_failures

    roads, facilities, people = make_job(nodes, links)
    graph = build_graph(roads.tail, roads.head, roads.hours, node_count=nodes)
    seeds = np.full(nodes, np.inf)
    seeds[facilities] = 0.0

    def work() -> Any:
        found = link_failures(graph, seeds, people)
        every = np.array([found.people_cut_off, found.people_rerouted, found.person_hours_lost])
        return every.tolist() if links <= SMALL_LINKS else every.sum(axis=1).tolist()

    work()
    return work


def naive_way(*, nodes: int, links: int, some: int) -> Work:
    """scipy's Dijkstra from all facilities at once, on the graph without one link, for one link after another."""
    from scipy.sparse.csgraph import dijkstra

    roads, facilities, people = make_job(nodes, links)
    graph = matrix(roads)
    usual = dijkstra(graph, indices=facilities, min_only=True)
    reached = np.isfinite(usual)
    chosen = np.random.default_rng(5).permutation(links)[:some] if some < links else np.arange(links)
    rows = np.repeat(np.arange(nodes), np.diff(graph.indptr))
    ends = [(roads.tail[link], roads.head[link]) for link in chosen]
    entries = {
        link: [np.flatnonzero((rows == i) & (graph.indices == j))[0] for i, j in ((a, b), (b, a))]
        for link, (a, b) in zip(chosen, ends, strict=True)
    }

    def without(link: int) -> np.ndarray:
        """Times when one link is not there: its two entries are made too long to use."""
        at = entries[link]
        graph.data[at] = 1e9
        hours = dijkstra(graph, indices=facilities, min_only=True)
        graph.data[at] = roads.hours[link]
        return np.where(hours > 1e8, np.inf, hours)

    def work() -> Any:
        every = np.zeros((3, some))
        for number, link in enumerate(chosen):
            hours = without(link)
            cut = reached & np.isinf(hours)
            extra = np.where(reached & ~cut, hours, 0.0) - np.where(reached & ~cut, usual, 0.0)
            later = extra > LATER_H
            every[:, number] = people[cut].sum(), people[later].sum(), (people * extra)[later].sum()
        return every.tolist() if links <= SMALL_LINKS else every.sum(axis=1).tolist()

    return work


def compare() -> Iterator[dict[str, Any]]:
    """First the proof on the small graph, then the country."""
    size = {"nodes": SMALL_NODES, "links": SMALL_LINKS}
    small = measure("benchmarks.criticality:ours", repeats=1, **size)
    plain = measure("benchmarks.criticality:naive_way", repeats=1, some=SMALL_LINKS, **size)
    if not np.allclose(small.result, plain.result, rtol=1e-9, atol=1e-6):
        raise AssertionError("the repaired trees and the naive searches do not agree on every link")
    job = "every link removed, {links:,} links, {nodes:,} nodes"
    yield compare_sides("criticality", "naive, small", small, plain, job=job.format(**size) + ", all equal")
    size = {"nodes": NODES, "links": LINKS}
    us = measure("benchmarks.criticality:ours", repeats=3, **size)
    them = measure("benchmarks.criticality:naive_way", repeats=1, some=NAIVE_LINKS, **size)
    yield compare_sides("criticality", "naive", us, them, scale=LINKS / NAIVE_LINKS, job=job.format(**size))
