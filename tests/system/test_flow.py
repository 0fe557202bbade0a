"""Fair shares: by hand, against linear programmes, and against maximum flow."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from headwater.system.flow import fair_shares
from headwater.system.layers import Layer
from headwater.system.paths import build_graph

INF = np.inf
Links = list[tuple[int, int, float]]
Amounts = list[tuple[int, float]]


def layer_of(n: int, links: Links, sources: Amounts, zones: Amounts) -> Layer:
    """Links are (node, node, capacity), sources (node, supply), zones (node, demand)."""
    ends = np.array([link[:2] for link in links], np.int32).reshape(-1, 2)
    demand = np.array([zone[1] for zone in zones], np.float64)
    source = np.array([source[0] for source in sources], np.int32)
    return Layer(
        service="water",
        graph=build_graph(ends[:, 0], ends[:, 1], np.zeros(len(links)), node_count=n),
        node=np.arange(n, dtype=np.int32),
        link=np.arange(len(links), dtype=np.int32),
        source=source,
        source_node=source,
        source_hours=np.zeros(len(sources)),
        supply=np.array([source[1] for source in sources], np.float64),
        link_capacity=np.array([link[2] for link in links], np.float64),
        zone_ids=pd.Index([f"z{i}" for i in range(len(zones))]),
        population=demand,
        demand=demand,
        zone_node=np.array([zone[0] for zone in zones], np.int32),
        zone_hours=np.zeros(len(zones)),
    )


def shares(layer: Layer, *, off: tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]] = ((), (), ())) -> np.ndarray:
    """Shares with some nodes, links and sources off."""
    sizes = (layer.graph.node_count, layer.graph.link_count, layer.source.size)
    on = [np.ones(size, np.bool_) for size in sizes]
    for flags, dead in zip(on, off, strict=True):
        flags[list(dead)] = False
    return fair_shares(layer, *on)


# --- by hand ------------------------------------------------------------------------------------------------------


def test_all_get_the_same_share_where_links_are_wide() -> None:
    layer = layer_of(4, [(0, 1, INF), (1, 2, INF)], [(0, 30.0), (1, 20.0)], [(1, 60.0), (2, 40.0), (3, 10.0)])
    assert shares(layer).tolist() == [0.5, 0.5, 0.0]
    assert shares(layer, off=((), (), (1,))).tolist() == pytest.approx([0.3, 0.3, 0])
    assert shares(layer, off=((), (1,), ())).tolist() == pytest.approx([50 / 60, 0, 0])
    assert shares(layer, off=((1,), (), ())).tolist() == [0, 0, 0]


def test_what_one_cannot_take_goes_to_the_others() -> None:
    """100 for three towns of 60; one sits behind a pipe for 10. It gets 10, the others 45 each."""
    layer = layer_of(4, [(0, 1, 10.0), (0, 2, INF), (0, 3, 500.0)], [(0, 100.0)], [(1, 60.0), (2, 60.0), (3, 60.0)])
    assert shares(layer).tolist() == pytest.approx([1 / 6, 0.75, 0.75])


def test_three_levels_in_a_row() -> None:
    """A line of pipes 100, 30, 6 and a town of 60 at each stop: 6, then 24, then 60 of the 70 left."""
    layer = layer_of(4, [(0, 1, 100.0), (1, 2, 30.0), (2, 3, 6.0)], [(0, INF)], [(1, 60.0), (2, 60.0), (3, 60.0)])
    assert shares(layer).tolist() == pytest.approx([1, 0.4, 0.1])


def test_a_common_pipe_is_shared_by_demand_not_by_head() -> None:
    layer = layer_of(4, [(0, 1, 30.0), (1, 2, 100.0), (1, 3, 100.0)], [(0, INF)], [(2, 10.0), (3, 50.0)])
    assert shares(layer).tolist() == pytest.approx([0.5, 0.5])


def test_flow_goes_round_by_parallel_ways_and_both_directions() -> None:
    """Two plants help each other over the middle link, whichever way it was drawn."""
    for middle in ((0, 1, 15.0), (1, 0, 15.0)):
        layer = layer_of(2, [middle, (0, 1, 5.0)], [(0, 100.0), (1, 0.0)], [(0, 80.0), (1, 40.0)])
        assert shares(layer).tolist() == pytest.approx([1, 0.5])
        layer = layer_of(2, [middle], [(0, 100.0), (1, 10.0)], [(0, 100.0), (1, 40.0)])
        assert shares(layer).tolist() == pytest.approx([110 / 140 + (85 / 100 - 110 / 140), 25 / 40])


def test_people_elsewhere_claim_their_share() -> None:
    layer = layer_of(2, [(0, 1, INF)], [(0, 50.0)], [(1, 40.0)])
    assert shares(layer).tolist() == [1]
    assert shares(replace(layer, demand_elsewhere=60.0, elsewhere_node=0)).tolist() == [0.5]
    narrow = replace(layer, demand_elsewhere=60.0, elsewhere_node=0, link_capacity=np.array([8.0]))
    assert shares(narrow).tolist() == pytest.approx([0.2])


def test_without_demand_all_who_are_reached_are_served() -> None:
    layer = layer_of(3, [(0, 1, 1.0)], [(0, 5.0)], [(1, 0.0), (2, 0.0), (-1, 3.0)])
    assert shares(layer).tolist() == [1, 0, 0]
    assert shares(layer, off=((), (), (0,))).tolist() == [0, 0, 0]
    assert shares(layer_of(2, [(0, 1, 0.0)], [(0, 5.0)], [(1, 2.0), (0, 2.0)])).tolist() == [0, 1]


def test_nothing_of_anything() -> None:
    assert shares(layer_of(0, [], [], [])).size == 0
    assert shares(layer_of(1, [], [], [(0, 5.0)])).tolist() == [0]
    assert shares(layer_of(0, [], [], [(-1, 5.0)])).tolist() == [0]


# --- against others -----------------------------------------------------------------------------------------------


@st.composite
def networks(draw: st.DrawFn) -> Layer:
    n = draw(st.integers(1, 7))
    node, amount = st.integers(0, n - 1), st.sampled_from([0.0, 1.0, 2.0, 3.5, 10.0, INF])
    links = draw(st.lists(st.tuples(node, node, amount), max_size=12))
    sources = draw(st.lists(st.tuples(node, amount), min_size=1, max_size=3))
    zones = draw(st.lists(st.tuples(node, st.sampled_from([0.0, 1.0, 4.0, 7.3])), min_size=1, max_size=5))
    return layer_of(n, links, sources, zones)


def maximum_flow(layer: Layer) -> float:
    graph = nx.DiGraph()
    graph.add_nodes_from(["s", "t"])

    def add(tail: object, head: object, amount: float) -> None:
        before = graph.get_edge_data(tail, head, {"capacity": 0.0})["capacity"]
        graph.add_edge(tail, head, capacity=before + min(amount, 1e6))

    for tail in range(layer.graph.node_count):
        for e in range(layer.graph.indptr[tail], layer.graph.indptr[tail + 1]):
            add(tail, int(layer.graph.neighbours[e]), layer.link_capacity[layer.graph.links[e]])
    for node, supply in zip(layer.source_node, layer.supply, strict=True):
        add("s", int(node), supply)
    for node, demand in zip(layer.zone_node, layer.demand, strict=True):
        add(int(node), "t", demand)
    return float(nx.maximum_flow_value(graph, "s", "t"))


def shares_by_linear_programmes(layer: Layer) -> np.ndarray:
    """Progressive filling as textbooks have it: largest common share, then who can get more, one programme for each."""
    graph, zones = layer.graph, np.flatnonzero(layer.demand > 0)
    halves = graph.links.size
    tail = np.repeat(np.arange(graph.node_count), graph.degree)
    width = halves + layer.source.size + zones.size
    balance = np.zeros((graph.node_count, width))  # flows on half-edges, supplies, shares
    balance[graph.neighbours, np.arange(halves)] += 1
    balance[tail, np.arange(halves)] -= 1
    balance[layer.source_node, halves + np.arange(layer.source.size)] += 1
    balance[layer.zone_node[zones], halves + layer.source.size + np.arange(zones.size)] -= layer.demand[zones]
    capacity = np.concatenate([layer.link_capacity[graph.links], layer.supply, np.ones(zones.size)])
    low, fixed = np.zeros(zones.size), np.zeros(zones.size, bool)
    first = width - zones.size

    def best(objective: np.ndarray, common: bool) -> np.ndarray:
        """Maximise, with all open shares equal if they are raised together."""
        lows = np.concatenate([np.zeros(first), low])
        highs = capacity.copy()
        highs[first:][fixed] = low[fixed]
        rows = [balance]
        if common:
            free = np.flatnonzero(~fixed)
            for one, other in pairwise(free):
                row = np.zeros((1, width))
                row[0, first + one], row[0, first + other] = 1, -1
                rows.append(row)
        equal = np.vstack(rows)
        bounds = list(zip(lows, np.where(np.isinf(highs), None, highs), strict=True))
        found = linprog(-objective, A_eq=equal, b_eq=np.zeros(len(equal)), bounds=bounds)
        assert found.status == 0, found.message
        return found.x[first:]

    while not fixed.all():
        objective = np.zeros(width)
        objective[first + np.flatnonzero(~fixed)[0]] = 1
        low[~fixed] = np.clip(best(objective, common=True)[~fixed] - 1e-9, 0, 1)
        for i in np.flatnonzero(~fixed):
            objective = np.zeros(width)
            objective[first + i] = 1
            fixed[i] = best(objective, common=False)[i] < low[i] + 1e-6
    result = np.ones(layer.demand.size)
    result[zones] = low
    return result


@given(networks())
@settings(max_examples=150, deadline=None)
def test_total_is_the_maximum_flow(layer: Layer) -> None:
    assert (shares(layer) * layer.demand).sum() == pytest.approx(maximum_flow(layer), rel=1e-9, abs=1e-9)


@given(networks())
@settings(max_examples=60, deadline=None)
def test_shares_agree_with_linear_programmes(layer: Layer) -> None:
    wanted = layer.demand > 0
    np.testing.assert_allclose(shares(layer)[wanted], shares_by_linear_programmes(layer)[wanted], atol=1e-5)


@given(networks())
@settings(max_examples=80, deadline=None)
def test_wide_links_give_everybody_the_same(layer: Layer) -> None:
    wide = replace(layer, link_capacity=np.full(layer.link_capacity.size, INF))
    found = shares(wide)
    graph = nx.Graph()
    graph.add_nodes_from(range(wide.graph.node_count))
    tail = np.repeat(np.arange(wide.graph.node_count), wide.graph.degree)
    graph.add_edges_from(zip(tail.tolist(), wide.graph.neighbours.tolist(), strict=True))
    for part in nx.connected_components(graph):
        supply = wide.supply[np.isin(wide.source_node, list(part))]
        here = np.isin(wide.zone_node, list(part))
        demand = wide.demand[here].sum()
        if supply.size and demand > 0:
            expected = np.where(wide.demand[here] > 0, min(1.0, supply.sum() / demand), 1.0)
            np.testing.assert_allclose(found[here], expected, rtol=1e-12)
        elif not supply.size:
            assert not found[here].any()
    assert (shares(layer) * layer.demand).sum() <= (found * layer.demand).sum() + 1e-9


@given(networks(), st.data())
@settings(max_examples=60, deadline=None)
def test_a_failure_never_raises_the_smallest_share_nor_the_total(layer: Layer, data: st.DataObject) -> None:
    if not layer.link.size or not (layer.demand > 0).any():
        return
    dead = data.draw(st.integers(0, layer.link.size - 1))
    before, after = shares(layer), shares(layer, off=((), (dead,), ()))
    assert (after * layer.demand).sum() <= (before * layer.demand).sum() + 1e-9
    assert after[layer.demand > 0].min() <= before[layer.demand > 0].min() + 1e-9


def test_many_levels_on_a_grid() -> None:
    """With shares of many sizes the total is still the maximum flow; units do not matter."""
    rng = np.random.default_rng(3)
    grid = nx.grid_2d_graph(20, 20)
    number = {node: i for i, node in enumerate(grid)}
    links = [(number[a], number[b], float(rng.random() * 8) if rng.random() < 0.7 else INF) for a, b in grid.edges]
    zones = [(i, float(rng.random() * 9)) for i in range(400)]
    layer = layer_of(400, links, [(i, 80.0) for i in range(0, 400, 23)], zones)
    found = shares(layer)
    assert (found * layer.demand).sum() == pytest.approx(maximum_flow(layer), rel=1e-9)
    assert len(np.unique(found.round(9))) > 5
    scaled = replace(
        layer, supply=layer.supply * 1e9, demand=layer.demand * 1e9, link_capacity=layer.link_capacity * 1e9
    )
    np.testing.assert_allclose(shares(scaled), found, rtol=1e-9)
