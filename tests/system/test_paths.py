"""Shortest paths and link failures: against scipy, networkx, and the naive method."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

from headwater.errors import InputError
from headwater.system.kernels import LATER_H
from headwater.system.paths import Graph, build_graph, link_failures, loads, shortest_paths, times_between

Case = tuple[int, list[tuple[int, int, float]], dict[int, float], list[float]]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Small graphs with ties, free links, parallel links, self-loops, loose parts and several seeds."""
    n = draw(st.integers(1, 9))
    node = st.integers(0, n - 1)
    hours = st.one_of(st.sampled_from([0.0, 1.0, 2.0]), st.floats(0, 3, allow_subnormal=False))
    links = draw(st.lists(st.tuples(node, node, hours), max_size=16))
    seeds = draw(st.dictionaries(node, st.sampled_from([0.0, 0.5, 2.0]), max_size=3))
    people = draw(st.lists(st.sampled_from([0.0, 1.0, 2.5, 10.0]), min_size=n, max_size=n))
    return n, links, seeds, people


def graph_of(n: int, links: list[tuple[int, int, float]]) -> Graph:
    ends = np.array([link[:2] for link in links], np.int32).reshape(-1, 2)
    return build_graph(ends[:, 0], ends[:, 1], [link[2] for link in links], node_count=n)


def seed_hours(n: int, seeds: dict[int, float]) -> np.ndarray:
    hours = np.full(n, np.inf)
    hours[list(seeds)] = list(seeds.values())
    return hours


def times_by_networkx(n: int, links: list[tuple[int, int, float]], seeds: dict[int, float]) -> np.ndarray:
    graph = nx.MultiGraph()
    graph.add_nodes_from(range(n))
    graph.add_weighted_edges_from(links)
    graph.add_weighted_edges_from((-1, node, hours) for node, hours in seeds.items())
    found = nx.single_source_dijkstra_path_length(graph, -1) if seeds else {}
    return np.array([found.get(node, np.inf) for node in range(n)])


def failures_one_by_one(case: Case) -> np.ndarray:
    n, links, seeds, people = case
    before = times_by_networkx(n, links, seeds)
    result = np.zeros((3, len(links)))
    for i in range(len(links)):
        after = times_by_networkx(n, links[:i] + links[i + 1 :], seeds)
        for node in np.flatnonzero(np.isfinite(before)):
            extra = after[node] - before[node]
            if np.isinf(extra):
                result[0, i] += people[node]
            elif extra > LATER_H:
                result[1, i] += people[node]
                result[2, i] += people[node] * extra
    return result


def failures(case: Case) -> np.ndarray:
    n, links, seeds, people = case
    found = link_failures(graph_of(n, links), seed_hours(n, seeds), people)
    return np.stack([found.people_cut_off, found.people_rerouted, found.person_hours_lost])


@given(cases())
@settings(max_examples=80, deadline=None)
def test_times_agree_with_networkx(case: Case) -> None:
    n, links, seeds, _people = case
    forest = shortest_paths(graph_of(n, links), seed_hours(n, seeds))
    np.testing.assert_allclose(forest.hours, times_by_networkx(n, links, seeds), rtol=1e-12)


@given(cases())
@settings(max_examples=80, deadline=None)
def test_forest_leads_back_to_its_root(case: Case) -> None:
    n, links, seeds, _people = case
    forest = shortest_paths(graph_of(n, links), seed_hours(n, seeds))
    assert sorted(forest.order) == np.flatnonzero(np.isfinite(forest.hours)).tolist()
    for node in forest.order:
        hours, at = 0.0, node
        while forest.parent[at] >= 0:
            ends = set(links[forest.link[at]][:2])
            assert ends == {int(at), int(forest.parent[at])}
            hours += links[forest.link[at]][2]
            at = forest.parent[at]
        assert at == forest.root[node]
        assert hours + seeds[int(at)] == pytest.approx(forest.hours[node], rel=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_times_between_agree_with_scipy(seed: int) -> None:
    rng = np.random.default_rng(seed)
    ends = rng.integers(0, 400, (700, 2))
    ends = np.unique(np.sort(ends[ends[:, 0] != ends[:, 1]], axis=1), axis=0)  # scipy would add parallel links up
    graph = build_graph(ends[:, 0], ends[:, 1], rng.random(len(ends)), node_count=400)
    matrix = csr_matrix((graph.hours, graph.neighbours, graph.indptr), shape=(400, 400))
    origins, destinations = rng.integers(0, 400, 7), rng.integers(0, 400, 30)
    expected = dijkstra(matrix, indices=origins)[:, destinations]
    assert np.isinf(expected).any()
    np.testing.assert_allclose(times_between(graph, origins, destinations), expected, rtol=1e-12)


def test_times_between_no_places_is_empty() -> None:
    graph = build_graph([0], [1], [1.0], node_count=2)
    assert times_between(graph, [], [0, 1]).shape == (0, 2)
    assert times_between(graph, [0], []).shape == (1, 0)


@given(cases())
@settings(max_examples=120, deadline=None)
def test_failures_agree_with_removing_links_one_by_one(case: Case) -> None:
    np.testing.assert_allclose(failures(case), failures_one_by_one(case), rtol=1e-9, atol=1e-12)


def test_failures_agree_on_a_city_grid() -> None:
    rng = np.random.default_rng(5)
    grid = nx.grid_2d_graph(9, 9)
    number = {node: i for i, node in enumerate(grid)}
    links = [(number[a], number[b], float(rng.integers(1, 4))) for a, b in grid.edges if rng.random() < 0.8]
    case = (81, links, {0: 0.0, 44: 0.5}, rng.integers(0, 30, 81).astype(float).tolist())
    found = failures(case)
    np.testing.assert_allclose(found, failures_one_by_one(case), rtol=1e-9, atol=1e-12)
    assert found[0].sum() > 0
    assert found[2].sum() > 0


@given(cases())
@settings(max_examples=60, deadline=None)
def test_failures_bound_each_other(case: Case) -> None:
    n, links, seeds, people = case
    cut_off, rerouted, lost = failures(case)
    forest = shortest_paths(graph_of(n, links), seed_hours(n, seeds))
    load = loads(forest, people, link_count=len(links))
    assert (lost >= 0).all()
    assert ((lost > 0) == (rerouted > 0)).all()
    assert (cut_off + rerouted <= load + 1e-9).all()  # only those who use a link can lose by it


@given(cases(), st.data())
@settings(max_examples=60, deadline=None)
def test_another_link_never_cuts_off_more_people(case: Case, data: st.DataObject) -> None:
    n, links, seeds, people = case
    reached = np.flatnonzero(np.isfinite(times_by_networkx(n, links, seeds)))
    if reached.size < 2:
        return
    pair = st.sampled_from(reached.tolist())
    extra = (data.draw(pair), data.draw(pair), data.draw(st.sampled_from([0.0, 0.5, 5.0])))
    more = failures((n, [*links, extra], seeds, people))
    assert (more[0, :-1] <= failures(case)[0] + 1e-9).all()


@given(cases())
@settings(max_examples=50, deadline=None)
def test_nobody_loses_where_nobody_lives(case: Case) -> None:
    n, links, seeds, _people = case
    assert not failures((n, links, seeds, [0.0] * n)).any()


def test_inputs_stay_as_they_are() -> None:
    graph = build_graph([0, 1], [1, 2], [1.0, 1.0], node_count=3)
    seeds, people = seed_hours(3, {0: 0.0}), np.array([1.0, 2.0, 3.0])
    link_failures(graph, seeds, people)
    loads(shortest_paths(graph, seeds), people, link_count=2)
    assert people.tolist() == [1, 2, 3]
    assert seeds.tolist() == [0, np.inf, np.inf]


def test_graph_without_links_or_nodes() -> None:
    empty = build_graph([], [], [], node_count=0)
    assert shortest_paths(empty, []).order.size == 0
    assert link_failures(empty, [], []).people_cut_off.size == 0


@pytest.mark.parametrize("hours", [-1.0, np.nan, np.inf])
def test_impossible_time_is_refused(hours: float) -> None:
    with pytest.raises(InputError, match="finite and zero or more"):
        build_graph([0], [1], [hours], node_count=2)


def test_a_long_chain_is_cut_without_search() -> None:
    n = 50_000
    graph = build_graph(np.arange(n - 1), np.arange(1, n), np.ones(n - 1), node_count=n)
    found = link_failures(graph, seed_hours(n, {0: 0.0}), np.ones(n))
    assert found.people_cut_off.tolist() == list(range(n - 1, 0, -1))
    assert not found.person_hours_lost.any()
