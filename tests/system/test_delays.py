"""Later arrivals: by hand, and against a search from scratch in every state."""

from __future__ import annotations

from dataclasses import replace

import networkx as nx
import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.system.delays import delays, usual_journeys
from headwater.system.layers import Layer
from headwater.system.paths import build_graph, link_failures

Links = list[tuple[int, int, float]]


def layer_of(n: int, links: Links, sources: list[tuple[int, float]], zones: list[tuple[int, float]]) -> Layer:
    """Sources are (node, hours), zones (node, people)."""
    ends = np.array([link[:2] for link in links], np.int32).reshape(-1, 2)
    people = np.array([zone[1] for zone in zones], np.float64)
    return Layer(
        service="clinic",
        graph=build_graph(ends[:, 0], ends[:, 1], [link[2] for link in links], node_count=n),
        node=np.arange(n, dtype=np.int32),
        link=np.arange(len(links), dtype=np.int32),
        source=np.array([source[0] for source in sources], np.int32),
        source_node=np.array([source[0] for source in sources], np.int32),
        source_hours=np.array([source[1] for source in sources], np.float64),
        supply=np.full(len(sources), np.inf),
        link_capacity=np.full(len(links), np.inf),
        zone_ids=pd.Index([f"z{i}" for i in range(len(zones))]),
        population=people,
        demand=people,
        zone_node=np.array([zone[0] for zone in zones], np.int32),
        zone_hours=np.zeros(len(zones)),
        travels=True,
    )  # fmt: skip


def hours_by_networkx(
    n: int,
    links: Links,
    sources: list[tuple[int, float]],
    node_on: np.ndarray,
    link_on: np.ndarray,
    source_on: np.ndarray,
) -> np.ndarray:
    graph = nx.MultiGraph()
    graph.add_nodes_from([-1, *np.flatnonzero(node_on).tolist()])
    on = [link for i, link in enumerate(links) if link_on[i] and node_on[link[0]] and node_on[link[1]]]
    graph.add_weighted_edges_from(on)
    entries = [s for i, s in enumerate(sources) if source_on[i] and s[0] >= 0 and node_on[s[0]]]
    graph.add_weighted_edges_from((-1, node, hours) for node, hours in entries)
    found = nx.single_source_dijkstra_path_length(graph, -1)
    return np.array([found.get(node, np.inf) for node in range(n)])


def on(states: int, layer: Layer) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    sizes = (layer.graph.node_count, layer.graph.link_count, layer.source.size)
    return tuple(np.ones((states, size), np.bool_) for size in sizes)  # type: ignore[return-value]


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_delays_agree_with_a_search_from_scratch(data: st.DataObject) -> None:
    n = data.draw(st.integers(1, 8))
    node, hours = st.integers(0, n - 1), st.sampled_from([0.0, 0.5, 1.0, 3.0])
    links = data.draw(st.lists(st.tuples(node, node, hours), max_size=14))
    sources = data.draw(st.lists(st.tuples(st.integers(-1, n - 1), hours), max_size=3))
    zones = data.draw(st.lists(st.tuples(st.integers(-1, n - 1), st.sampled_from([0.0, 1.0, 2.5])), max_size=6))
    layer = layer_of(n, links, sources, zones)
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    states = [rng.random((3, width)) < 0.75 for width in (n, len(links), len(sources))]
    people, person_hours = delays(layer, *states)
    before = hours_by_networkx(n, links, sources, *(part[0] for part in on(1, layer)))
    for state in range(3):
        after = hours_by_networkx(n, links, sources, *(part[state] for part in states))
        expected = [0.0, 0.0]
        for at, crowd in zones:
            extra = after[at] - before[at] if at >= 0 and np.isfinite(before[at]) else 0.0
            if 1e-9 < extra < np.inf:
                expected[0] += crowd
                expected[1] += crowd * extra
        np.testing.assert_allclose([people[state], person_hours[state]], expected, rtol=1e-9, atol=1e-12)


def test_single_links_delay_as_in_criticality() -> None:
    rng = np.random.default_rng(1)
    grid = nx.grid_2d_graph(12, 12)
    number = {node: i for i, node in enumerate(grid)}
    links = [(number[a], number[b], float(rng.integers(1, 5))) for a, b in grid.edges if rng.random() < 0.8]
    zones = [(i, float(rng.integers(0, 9))) for i in range(144)]
    layer = layer_of(144, links, [(0, 0.0), (77, 0.5)], zones)
    node_on, link_on, source_on = on(len(links), layer)
    np.fill_diagonal(link_on, val=False)
    found = delays(layer, node_on, link_on, source_on, usual=usual_journeys(layer))
    seeds = np.full(144, np.inf)
    seeds[[0, 77]] = 0.0, 0.5
    expected = link_failures(layer.graph, seeds, layer.population)
    np.testing.assert_allclose(found[0], expected.people_rerouted)
    np.testing.assert_allclose(found[1], expected.person_hours_lost)
    assert found[0].sum() > 0


def test_another_clinic_is_farther() -> None:
    """Clinics at both ends of a line of three hours; the near one closes, then both do."""
    layer = layer_of(4, [(0, 1, 1.0), (1, 2, 1.0), (2, 3, 1.0)], [(0, 0.0), (3, 0.0)], [(0, 10.0), (1, 20.0), (3, 5.0)])
    node_on, link_on, source_on = on(3, layer)
    source_on[1, 0] = False
    source_on[2] = False
    people, hours = delays(layer, node_on, link_on, source_on)
    assert people.tolist() == [0, 30, 0]
    assert hours.tolist() == [0, 10 * 3 + 20 * 1, 0]


def test_the_second_source_at_a_node_takes_over() -> None:
    layer = layer_of(2, [(0, 1, 1.0)], [(0, 0.0), (0, 0.25)], [(1, 8.0)])
    node_on, link_on, source_on = on(2, layer)
    source_on[0, 0] = source_on[1, 1] = False
    people, hours = delays(layer, node_on, link_on, source_on)
    assert people.tolist() == [8, 0]
    assert hours.tolist() == [2, 0]


def test_nothing_happens_where_nothing_is() -> None:
    empty = layer_of(0, [], [], [])
    assert [each.tolist() for each in delays(empty, *on(2, empty))] == [[0, 0], [0, 0]]
    lonely = layer_of(1, [], [], [(0, 5.0)])
    assert not delays(lonely, *on(1, lonely))[0].any()
    far = replace(layer_of(1, [], [(0, 0.0)], [(0, 5.0)]), source_node=np.array([-1], np.int32))
    assert not delays(far, *on(1, far))[0].any()
