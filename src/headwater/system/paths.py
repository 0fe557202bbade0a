"""Shortest paths on an undirected graph, and what every single failure of a link does to them.

Arrays in, arrays out: nodes and links are numbers, hours are weights, people are loads. Knows no table and no place.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array
from scipy.sparse.csgraph import reverse_cuthill_mckee

from headwater.errors import InputError
from headwater.system.kernels import (
    assign_each,
    fail_each,
    has_way_out,
    preorder,
    renumbered,
    search,
    search_each,
    sum_down,
)
from headwater.words import _

Floats = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int32]

NOWHERE = -1

CHUNKS = 8
"""Parts into which origins are dealt out: fixed, so that sums come out the same on any number of threads."""

MOST_BUCKETS = 1_000_000


@dataclass(frozen=True)
class Graph:
    """An undirected graph as compressed rows of half-edges: every link but a self-loop appears at both its ends.

    Attributes
    ----------
    indptr
        int64 [nodes + 1]; the half-edges of node `i` are `indptr[i]:indptr[i + 1]`.
    neighbours, links
        int32 [half-edges]; the node at the other end, and the link.
    hours
        float64 [half-edges]; time along the link [h].
    link_count
        Links, self-loops included.
    """

    indptr: npt.NDArray[np.int64]
    neighbours: Numbers
    links: Numbers
    hours: Floats
    link_count: int

    @property
    def node_count(self) -> int:
        """Nodes, isolated ones included."""
        return self.indptr.size - 1

    @property
    def degree(self) -> npt.NDArray[np.int64]:
        """Half-edges at each node; a self-loop counts for nothing, parallel links count each."""
        return np.diff(self.indptr)


@dataclass(frozen=True)
class Forest:
    """Shortest paths from the nearest seed to every node.

    Attributes
    ----------
    hours
        float64 [nodes]; time from the nearest seed, its own seed time included; infinite where no seed reaches.
    parent, link
        int32 [nodes]; the node and the link by which the path arrives; -1 at a root and where nothing arrives.
    root
        int32 [nodes]; the seeded node the path starts from; -1 where nothing arrives.
    order
        int32 [reached nodes]; nodes as they were settled: parents before children.
    """

    hours: Floats
    parent: Numbers
    link: Numbers
    root: Numbers
    order: Numbers


@dataclass(frozen=True)
class Failures:
    """What happens to people when one link fails, for each link in turn; every array is float64 [links].

    Attributes
    ----------
    people_cut_off
        People who reach no seed any more.
    people_rerouted
        People who still reach one, later.
    person_hours_lost
        Extra time of the rerouted, one journey each.
    """

    people_cut_off: Floats
    people_rerouted: Floats
    person_hours_lost: Floats


def build_graph(from_node: npt.ArrayLike, to_node: npt.ArrayLike, hours: npt.ArrayLike, *, node_count: int) -> Graph:
    """The graph of links between numbered nodes.

    Parameters
    ----------
    from_node, to_node
        Node at each end of each link, 0 to `node_count` - 1. Parallel links stay apart; self-loops lead nowhere and
        are left out of the rows.
    hours
        Time along each link [h], zero or more.
    node_count
        Nodes, isolated ones included.

    Raises
    ------
    InputError
        If a time is negative, infinite or missing.

    Examples
    --------
    >>> graph = build_graph([0, 1, 2], [1, 2, 2], [0.5, 0.25, 1.0], node_count=3)
    >>> graph.degree.tolist()
    [1, 2, 1]
    """
    tail, head = np.asarray(from_node, np.int32), np.asarray(to_node, np.int32)
    time = np.asarray(hours, np.float64)
    if not np.all(np.isfinite(time) & (time >= 0)):
        raise InputError(_("Times along links must be finite and zero or more."))
    link = np.flatnonzero(tail != head).astype(np.int32)
    tails = np.concatenate([tail[link], head[link]])
    heads = np.concatenate([head[link], tail[link]])
    links = np.concatenate([link, link])
    order = np.lexsort((links, heads, tails))
    indptr = np.zeros(node_count + 1, np.int64)
    np.cumsum(np.bincount(tails, minlength=node_count), out=indptr[1:])
    return Graph(indptr, heads[order], links[order], time[links[order]], tail.size)


def shortest_paths(graph: Graph, seed_hours: npt.ArrayLike) -> Forest:
    """Shortest paths from the nearest of many seeds, in one pass.

    Dijkstra's algorithm with an indexed binary heap. Between paths of equal time the one found first stays, which
    depends on the numbering of the graph and on nothing else.

    Parameters
    ----------
    graph
        The graph.
    seed_hours
        float [nodes]; time already spent at a node that is a seed [h], infinite at all others.

    Source
    ------
    Dijkstra (1959), Numerische Mathematik 1, 269-271. doi:10.1007/BF01386390

    Examples
    --------
    >>> graph = build_graph([0, 1], [1, 2], [0.5, 0.25], node_count=4)
    >>> shortest_paths(graph, [0, np.inf, np.inf, np.inf]).hours.tolist()
    [0.0, 0.5, 0.75, inf]
    """
    n = graph.node_count
    best = np.array(seed_hours, np.float64)
    parent, link, root, order, heap, place = (np.full(n, NOWHERE, np.int32) for _i in range(6))
    nobody = np.zeros(0, np.bool_)
    settled = search(
        graph.indptr,
        graph.neighbours,
        graph.links,
        graph.hours,
        best,
        parent,
        link,
        root,
        order,
        heap,
        place,
        nobody,
        -1,
    )
    return Forest(best, parent, link, root, order[:settled])


def times_between(graph: Graph, origins: npt.ArrayLike, destinations: npt.ArrayLike) -> Floats:
    """Shortest time from each origin to each destination.

    One search per origin, on all threads; a search ends when its last destination is settled.

    Returns
    -------
    hours
        float64 [origins, destinations]; infinite where there is no path.

    Examples
    --------
    >>> graph = build_graph([0, 1], [1, 2], [0.5, 0.25], node_count=4)
    >>> times_between(graph, [2, 0], [0, 2, 3]).tolist()
    [[0.75, 0.0, inf], [0.0, 0.75, inf]]
    """
    starts, ends = np.asarray(origins, np.int32), np.asarray(destinations, np.int32)
    result = np.full((starts.size, ends.size), np.inf)
    wanted = np.zeros(graph.node_count, np.bool_)
    wanted[ends] = True
    chunks = min(numba.get_num_threads(), max(starts.size, 1))
    search_each(
        graph.indptr,
        graph.neighbours,
        graph.links,
        graph.hours,
        starts,
        ends,
        wanted,
        int(wanted.sum()),
        chunks,
        result,
    )
    return result


def loads(forest: Forest, people: npt.ArrayLike, *, link_count: int) -> Floats:
    """People who use each link when everybody takes the shortest path.

    Sums the people of every node down the forest, in one pass from the last settled node to the first.

    Returns
    -------
    people
        float64 [links].

    Examples
    --------
    >>> graph = build_graph([0, 1], [1, 2], [0.5, 0.25], node_count=3)
    >>> forest = shortest_paths(graph, [0, np.inf, np.inf])
    >>> loads(forest, [7, 10, 5], link_count=2).tolist()
    [15.0, 5.0]
    """
    below = sum_down(forest.order, forest.parent, np.array(people, np.float64))
    load = np.zeros(link_count)
    arrived = forest.link >= 0
    load[forest.link[arrived]] = below[arrived]
    return load


def link_failures(graph: Graph, seed_hours: npt.ArrayLike, people: npt.ArrayLike) -> Failures:
    """What the failure of each link alone does to everybody's journey to the nearest seed.

    Only a link of the shortest-path forest can matter, and only to the nodes beyond it. Nodes are renumbered in
    preorder, so that those beyond a link are one range; their new times are found by a search that starts from the
    edges of the range, where the old times still hold. A range with no other way out is cut off without any search.
    Links are shared among all threads; the result does not depend on how many.

    Parameters
    ----------
    graph
        The graph.
    seed_hours
        float [nodes]; as for `shortest_paths`.
    people
        float [nodes]; people at each node, zero or more. Those no seed reaches at all are counted nowhere.

    Examples
    --------
    A ring of three nodes with a seed at node 0, and a fourth node hanging on node 2:

    >>> graph = build_graph([0, 1, 2, 2], [1, 2, 0, 3], [1.0, 1.0, 1.0, 1.0], node_count=4)
    >>> failures = link_failures(graph, [0, np.inf, np.inf, np.inf], [0, 10, 20, 5])
    >>> failures.people_cut_off.tolist(), failures.person_hours_lost.tolist()
    ([0.0, 0.0, 0.0, 5.0], [10.0, 0.0, 25.0, 0.0])
    """
    seeds, crowd = np.asarray(seed_hours, np.float64), np.asarray(people, np.float64)
    forest = shortest_paths(graph, seeds)
    old, size, parent = preorder(forest.order, forest.parent)
    indptr, neighbours, links, hours = renumbered(graph.indptr, graph.neighbours, graph.links, graph.hours, old)
    tree_link = forest.link[old]
    below = sum_down(np.arange(old.size, dtype=np.int32), parent, crowd[old])
    is_open = has_way_out(indptr, neighbours, links, tree_link, parent, size, np.isfinite(seeds[old]))

    matters = np.flatnonzero((tree_link >= 0) & (below > 0)).astype(np.int32)
    result = np.zeros((3, graph.link_count))
    closed = matters[~is_open[matters]]
    result[0, tree_link[closed]] = below[closed]
    jobs = matters[is_open[matters]]
    jobs = jobs[np.argsort(-size[jobs], kind="stable")]
    chunks = min(numba.get_num_threads(), max(jobs.size, 1))
    fail_each(
        indptr,
        neighbours,
        links,
        hours,
        forest.hours[old],
        seeds[old],
        crowd[old],
        size,
        tree_link,
        jobs,
        chunks,
        result,
    )
    return Failures(result[0], result[1], result[2])


def assign_flows(
    graph: Graph, origins: npt.ArrayLike, destinations: npt.ArrayLike, amounts: npt.ArrayLike
) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """What passes along each link when every flow takes its shortest path.

    One search per different origin, which ends when its last destination is settled, and one pass from the farthest
    node back, summing flows down the tree. Nodes wait in buckets of the width of a quarter of the mean time along a
    link instead of a heap, and are numbered anew so that neighbours lie near each other in memory. Between paths of
    equal time one is taken, which depends on the numbering and on nothing else.

    Parameters
    ----------
    graph
        The graph.
    origins, destinations
        Nodes [flows].
    amounts
        Amount of each flow [flows], in any unit.

    Returns
    -------
    load
        float64 [links]; in the unit of the amounts.
    arrived
        bool [flows]; false for a flow without a path, which is put on no link.

    Source
    ------
    Meyer and Sanders (2003), Journal of Algorithms 49(1), 114-152. doi:10.1016/S0196-6774(03)00076-2: buckets.

    Examples
    --------
    >>> graph = build_graph([0, 1], [1, 2], [0.5, 0.25], node_count=4)
    >>> load, arrived = assign_flows(graph, [0, 2, 0], [2, 1, 3], [10, 5, 1])
    >>> load.tolist(), arrived.tolist()
    ([10.0, 15.0], [True, True, False])
    """
    starts, ends = np.asarray(origins, np.int32), np.asarray(destinations, np.int32)
    n = graph.node_count
    matrix = csr_array((np.ones(graph.neighbours.size, np.int8), graph.neighbours, graph.indptr), shape=(n, n))
    old = reverse_cuthill_mckee(matrix, symmetric_mode=True).astype(np.int32)
    new = np.empty(n, np.int32)
    new[old] = np.arange(n, dtype=np.int32)
    indptr, neighbours, links, hours = renumbered(graph.indptr, graph.neighbours, graph.links, graph.hours, old)
    order = np.argsort(starts, kind="stable")
    each, first = np.unique(starts[order], return_index=True)
    longest = float(hours.max(initial=0.0))
    width_h = max(float(hours.mean()) / 4 if hours.size else 0.0, longest / MOST_BUCKETS) or 1.0
    load, arrived = np.zeros((CHUNKS, graph.link_count)), np.zeros(starts.size, np.bool_)
    assign_each(
        indptr,
        neighbours,
        links,
        hours,
        new[each],
        np.append(first, starts.size),
        new[ends[order]],
        np.asarray(amounts, np.float64)[order],
        width_h,
        int(longest / width_h) + 3,  # one more than the farthest a link leads: times are rounded
        load,
        arrived,
    )
    result = np.empty_like(arrived)
    result[order] = arrived
    return np.asarray(load.sum(axis=0)), result
