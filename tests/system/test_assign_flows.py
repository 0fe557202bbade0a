"""Flows on their shortest paths: by hand, beside networkx, and whatever the threads."""

from __future__ import annotations

from itertools import pairwise

import networkx as nx
import numba
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater.system.paths import assign_flows, build_graph, link_failures, shortest_paths, times_between


def test_flows_add_up_on_shared_links():
    """0 - 1 - 2 and a longer way 0 - 2: 10 from 0 to 2 and 5 back from 2 to 1."""
    graph = build_graph([0, 1, 0], [1, 2, 2], [1.0, 1.0, 3.0], node_count=3)
    load, arrived = assign_flows(graph, [0, 2], [2, 1], [10.0, 5.0])
    assert load.tolist() == [10, 15, 0]
    assert arrived.all()


def test_a_flow_without_a_path_is_told_and_goes_nowhere():
    graph = build_graph([0], [1], [1.0], node_count=3)
    load, arrived = assign_flows(graph, [0, 0, 2], [2, 1, 2], [7.0, 3.0, 4.0])
    assert load.tolist() == [3]
    assert arrived.tolist() == [False, True, True]


def test_no_flows_and_no_links():
    load, arrived = assign_flows(build_graph([], [], [], node_count=2), [], [], [])
    assert load.size == 0
    assert arrived.size == 0


@st.composite
def graphs(draw):
    n = draw(st.integers(2, 12))
    pairs = draw(st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)), min_size=1, max_size=30))
    seed = draw(st.integers(0, 10**6))
    flows = draw(st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)), min_size=1, max_size=20))
    return n, pairs, seed, flows


@given(graphs())
def test_the_same_as_networkx(case):
    n, pairs, seed, flows = case
    rng = np.random.default_rng(seed)
    hours = rng.uniform(0.1, 3, len(pairs))  # no two ways take the same time
    amounts = rng.uniform(1, 9, len(flows))
    tail, head = zip(*pairs, strict=True)
    load, arrived = assign_flows(build_graph(tail, head, hours, node_count=n), *zip(*flows, strict=True), amounts)
    graph = nx.MultiGraph()
    graph.add_nodes_from(range(n))
    for link, (a, b) in enumerate(pairs):
        graph.add_edge(a, b, key=link, weight=hours[link])
    expected = np.zeros(len(pairs))
    for k, (a, b) in enumerate(flows):
        assert arrived[k] == nx.has_path(graph, a, b)
        if arrived[k]:
            path = nx.shortest_path(graph, a, b, weight="weight")
            for u, v in pairwise(path):
                expected[min(graph[u][v], key=lambda link, u=u, v=v: graph[u][v][link]["weight"])] += amounts[k]
    assert load == pytest.approx(expected)


def test_threads_make_no_difference():
    rng = np.random.default_rng(1)
    tail, head = rng.integers(0, 300, 900), rng.integers(0, 300, 900)
    graph = build_graph(tail, head, rng.uniform(0.1, 1, 900), node_count=300)
    flows = rng.integers(0, 300, (2, 2000))
    amounts = rng.uniform(0, 1, 2000)
    threads = numba.get_num_threads()
    found = []
    try:
        for count in {1, threads}:
            numba.set_num_threads(count)
            found.append(assign_flows(graph, *flows, amounts)[0])
    finally:
        numba.set_num_threads(threads)
    assert all((one == found[0]).all() for one in found)


def test_every_link_taken_away_beside_searching_anew():
    """The proof of `make bench NAME=criticality`, on a graph that takes a moment."""
    rng = np.random.default_rng(2)
    n, m = 120, 260
    tail, head, hours = rng.integers(0, n, m), rng.integers(0, n, m), rng.uniform(0.1, 2, m)
    seeds = np.full(n, np.inf)
    seeds[rng.choice(n, 4, replace=False)] = 0
    people = rng.integers(0, 50, n).astype(float)
    found = link_failures(build_graph(tail, head, hours, node_count=n), seeds, people)
    usual = shortest_paths(build_graph(tail, head, hours, node_count=n), seeds).hours
    for link in range(m):
        rest = np.delete(np.arange(m), link)
        now = shortest_paths(build_graph(tail[rest], head[rest], hours[rest], node_count=n), seeds).hours
        cut = np.isfinite(usual) & np.isinf(now)
        later = np.where(np.isfinite(now), now - np.where(np.isfinite(usual), usual, 0), 0)
        assert found.people_cut_off[link] == people[cut].sum()
        assert found.person_hours_lost[link] == pytest.approx((people * later)[later > 1e-9].sum())


@pytest.mark.parametrize("seed", range(200))
def test_nothing_is_lost_where_ways_differ_by_rounding_alone(seed):
    """Times in tenths: 0.1 + 0.2 + 0.3 is not 0.3 + 0.2 + 0.1, and farther on the difference rounds away."""
    rng = np.random.default_rng(seed)
    tail = rng.integers(0, 60, 200)
    head = np.clip(tail + rng.integers(-6, 7, 200), 0, 59)
    hours = rng.choice([[0.01, 0.02, 0.03, 0.05, 1.1], [0.0, 0.1, 0.1, 0.2, 5.0]][seed % 2], 200)
    graph = build_graph(tail, head, hours, node_count=60)
    origins, destinations = np.repeat(rng.integers(0, 60, 3), 20), rng.integers(0, 60, 60)
    amounts = rng.integers(1, 100, 60).astype(float)
    load, arrived = assign_flows(graph, origins, destinations, amounts)
    shortest = times_between(graph, origins[::20], np.arange(60)).repeat(20, axis=0)[np.arange(60), destinations]
    assert (arrived == np.isfinite(shortest)).all()
    assert load @ hours == pytest.approx(amounts[arrived] @ shortest[arrived])
