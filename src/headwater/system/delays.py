"""How much later people arrive when parts of a network do not work.

Knows states of nodes, links and sources, not why they are so or for how long.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from headwater.system.kernels import delay_each, preorder, renumbered
from headwater.system.layers import Floats, Layer, Numbers
from headwater.system.paths import NOWHERE, Graph, shortest_paths

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Journeys:
    """Everybody's journey when all works. Only nodes that a source reaches, in preorder: what is beyond is a range.

    Attributes
    ----------
    node
        int32 [reached nodes]; their numbers in the layer.
    graph
        The part of the layer's graph between them. Links keep their numbers.
    hours
        Time from the nearest source [h].
    size, parent
        int32; nodes at or beyond each node on the shortest paths, and the node before it (-1 at a source's).
    child
        int32 [layer links]; the node that each link leads to on the shortest paths, -1 for a link on none.
    is_used
        [sources]; whether a source is on the graph at all.
    source, source_hours
        Node (int32) where each source on the graph enters, and the time to it [h].
    people
        People at each node.
    """

    node: Numbers
    graph: Graph
    hours: Floats
    size: Numbers
    parent: Numbers
    child: Numbers
    is_used: Flags
    source: Numbers
    source_hours: Floats
    people: Floats


def usual_journeys(layer: Layer) -> Journeys:
    """Everybody's journey to the nearest source when all works.

    Parameters
    ----------
    layer
        The service. Zones without a node make no journey.
    """
    n, graph = layer.graph.node_count, layer.graph
    is_used = (layer.source_node >= 0) & np.isfinite(layer.source_hours)
    source, source_hours = layer.source_node[is_used], layer.source_hours[is_used]
    seeds = np.full(n, np.inf)
    np.minimum.at(seeds, source, source_hours)
    forest = shortest_paths(graph, seeds)
    node, size, parent = preorder(forest.order, forest.parent)
    indptr, neighbours, links, hours = renumbered(graph.indptr, graph.neighbours, graph.links, graph.hours, node)
    place = np.full(n, NOWHERE, np.int32)
    place[node] = np.arange(node.size, dtype=np.int32)
    child = np.full(graph.link_count, NOWHERE, np.int32)
    arrives = forest.link[node] >= 0
    child[forest.link[node][arrives]] = np.flatnonzero(arrives)
    joined = layer.zone_node >= 0
    people = np.bincount(layer.zone_node[joined], weights=layer.population[joined], minlength=n)
    return Journeys(
        node=node,
        graph=Graph(indptr, neighbours, links, hours, graph.link_count),
        hours=forest.hours[node],
        size=size,
        parent=parent,
        child=child,
        is_used=is_used,
        source=place[source],
        source_hours=source_hours,
        people=people.astype(np.float64)[node],
    )


def delays(
    layer: Layer, node_on: Flags, link_on: Flags, source_on: Flags, *, usual: Journeys | None = None
) -> tuple[Floats, Floats]:
    """People who still reach a source, but later than when all works, and the sum of their extra time.

    Everybody makes one journey to the nearest source that works, over nodes and links that work. The time between a
    zone and its node does not change. A journey counts as later when it grows by more than 1e-9 h. People who reach
    no source any more are not counted here, nor those who never did.

    Only what lies beyond a failure on the shortest paths can change: it is searched again from its edges, where the old
    times still hold, in each state for itself.

    Parameters
    ----------
    layer
        The service.
    node_on
        bool [states, nodes]; whether each node lets people pass.
    link_on
        bool [states, layer links]; whether each link does.
    source_on
        bool [states, sources]; whether each source gives the service. One whose node does not work gives none.
    usual
        `usual_journeys(layer)`, where it is known already.

    Returns
    -------
    people
        [states].
    person_hours
        [states]; sum over these people [h].

    Source
    ------
    Dijkstra (1959), Numerische Mathematik 1, 269-271. doi:10.1007/BF01386390

    Examples
    --------
    A ring of three nodes, a clinic at node 0 and ten people at node 1, one hour away. Without the link to them they go
    round, in two hours; without their node they go nowhere:

    >>> import pandas as pd
    >>> from headwater.system.paths import build_graph
    >>> one, all_on = np.zeros(1, np.int32), np.ones((2, 3), np.bool_)
    >>> ring = Layer(
    ...     service="clinic", graph=build_graph([0, 1, 2], [1, 2, 0], [1.0, 1.0, 1.0], node_count=3),
    ...     node=np.arange(3, dtype=np.int32), link=np.arange(3, dtype=np.int32), source=one, source_node=one,
    ...     source_hours=np.zeros(1), supply=np.full(1, np.inf), link_capacity=np.full(3, np.inf),
    ...     zone_ids=pd.Index(["town"]), population=np.array([10.0]), demand=np.array([10.0]), zone_node=one + 1,
    ...     zone_hours=np.zeros(1), travels=True,
    ... )
    >>> node_on, link_on = all_on.copy(), all_on.copy()
    >>> link_on[0, 0] = node_on[1, 1] = False
    >>> [each.tolist() for each in delays(ring, node_on, link_on, np.ones((2, 1), np.bool_))]
    [[10.0, 0.0], [10.0, 0.0]]
    """
    known = usual or usual_journeys(layer)
    result = np.zeros((2, node_on.shape[0]))
    delay_each(
        known.node,
        known.graph.indptr,
        known.graph.neighbours,
        known.graph.links,
        known.graph.hours,
        known.hours,
        known.size,
        known.parent,
        known.child,
        known.source,
        known.source_hours,
        known.people,
        np.ascontiguousarray(node_on),
        np.ascontiguousarray(link_on),
        np.ascontiguousarray(source_on[:, known.is_used]),
        result,
    )
    return result[0], result[1]
