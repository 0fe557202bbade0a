"""Fair shares of a service that is short: what suppliers can give, over links that can carry only so much.

Knows one state of one service: what works and what does not. The loops behind it live in this one file because numba's
cache of a function does not notice changes in other files.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from headwater.compiled import compiled
from headwater.system.layers import NONE, Floats, Layer, Numbers

Flags = npt.NDArray[np.bool_]

NOTHING = 1e-13
"""What is left on a link or a supply counts as nothing below this share of all demand: it is rounding."""

UNSEEN = -1


def fair_shares(layer: Layer, node_on: Flags, link_on: Flags, source_on: Flags) -> Floats:
    """Share of its demand that each zone gets when those who get least get as much as can be.

    The smallest share is made as large as supplies and links allow, then the next smallest, and so on: max-min fair
    shares, none above 1. Links carry the service both ways, up to their capacity in all. Where links have no capacity,
    everybody joined to one another gets min(1, supply / demand). No other shares bring more in total.

    Everybody is first given the share that supply and demand as a whole would allow. Where links cannot carry that, a
    minimum cut parts those who must get less from those who can get more; each side is then a problem of its own, with
    the links between them full. Maximum flows are found by Dinic's algorithm, in floating point; nodes that links
    without capacity join are one node.

    Parameters
    ----------
    layer
        The service. `demand_elsewhere` claims its share as one more zone would.
    node_on
        bool [nodes]; whether each node works.
    link_on
        bool [layer links].
    source_on
        bool [sources]. One whose node does not work gives nothing.

    Returns
    -------
    shares
        [zones], 0 to 1; 0 for a zone that no working source reaches. A zone without demand that one reaches gets 1.

    Source
    ------
    Megiddo (1977), A good algorithm for lexicographically optimal flows in multi-terminal networks.

    Examples
    --------
    A plant of 100 feeds a town that wants 80 and, through a pipe for 10, a village that wants 40:

    >>> import pandas as pd
    >>> from headwater.system.paths import build_graph
    >>> plant = np.zeros(1, np.int32)
    >>> water = Layer(
    ...     service="water", graph=build_graph([0, 1], [1, 2], [0.0, 0.0], node_count=3),
    ...     node=np.arange(3, dtype=np.int32), link=np.arange(2, dtype=np.int32), source=plant, source_node=plant,
    ...     source_hours=np.zeros(1), supply=np.array([100.0]), link_capacity=np.array([np.inf, 10.0]),
    ...     zone_ids=pd.Index(["town", "village"]), population=np.array([80.0, 40.0]), demand=np.array([80.0, 40.0]),
    ...     zone_node=np.array([1, 2], np.int32), zone_hours=np.zeros(2),
    ... )
    >>> fair_shares(water, np.ones(3, np.bool_), np.ones(2, np.bool_), np.ones(1, np.bool_)).tolist()
    [1.0, 0.25]
    """
    n, graph = layer.graph.node_count, layer.graph
    tail = np.repeat(np.arange(n, dtype=np.int32), graph.degree)
    head, link = graph.neighbours, graph.links
    once = (tail < head) & link_on[link] & node_on[tail] & node_on[head]
    tail, head, capacity = tail[once], head[once], layer.link_capacity[link[once]]
    part = _joined(n, tail, head)
    wide = np.isinf(capacity)
    block = _joined(n, tail[wide], head[wide])

    works = source_on & _at(node_on, layer.source_node)
    reached = np.zeros(n, np.bool_)
    reached[part[layer.source_node[works]]] = True
    served = _at(node_on, layer.zone_node)
    served[served] = reached[part[layer.zone_node[served]]]

    supply = np.bincount(block[layer.source_node[works]], weights=layer.supply[works], minlength=n).astype(np.float64)
    demand = np.bincount(block[layer.zone_node[served]], weights=layer.demand[served], minlength=n).astype(np.float64)
    if layer.elsewhere_node != NONE and node_on[layer.elsewhere_node]:
        demand[block[layer.elsewhere_node]] += layer.demand_elsewhere
    share = np.minimum(1.0, np.divide(supply, demand, out=np.ones(n), where=demand > 0))

    narrow = ~wide & (block[tail] != block[head])
    if narrow.any():
        _share_narrow(part, block, tail[narrow], head[narrow], capacity[narrow], supply, demand, share)
    result = np.zeros(served.size)
    result[served] = np.where(layer.demand[served] > 0, share[block[layer.zone_node[served]]], 1.0)
    return result


def _at(on: Flags, node: Numbers) -> Flags:
    """Whether each of some nodes works; what has no node does not."""
    return np.asarray(on[node] & (node != NONE) if on.size else np.zeros(node.size), np.bool_)


def _joined(n: int, tail: Numbers, head: Numbers) -> Numbers:
    """The same number for nodes that links join."""
    matrix = coo_array((np.ones(tail.size, np.bool_), (tail, head)), shape=(n, n))
    return np.asarray(connected_components(matrix, directed=False)[1], np.int32)


def _share_narrow(
    part: Numbers, block: Numbers, tail: Numbers, head: Numbers, capacity: Floats, supply: Floats, demand: Floats,
    share: Floats,
) -> None:  # fmt: skip
    """Correct the shares of blocks that narrow links join; each connected part is a problem of its own."""
    for number in np.unique(part[tail]):
        inside = part[tail] == number
        blocks, end = np.unique(block[np.concatenate([tail[inside], head[inside]])], return_inverse=True)
        wanted = demand[blocks]
        total = wanted.sum()
        if total > 0:
            limits = np.minimum(capacity[inside] / total, 1.0)  # more than all demand is as good as no limit
            gives = np.minimum(supply[blocks] / total, 1.0)
            share[blocks] = _part(*_arcs(blocks.size, end, limits), gives, wanted / total)


def _arcs(n: int, end: npt.NDArray[np.int64], limits: Floats) -> tuple[npt.NDArray[np.int64], Numbers, Numbers, Floats]:
    """Links, by their first ends and then their second, as rows of arcs, each with its twin the other way."""
    count = limits.size
    order = np.argsort(end, kind="stable")
    place = np.empty(2 * count, np.int32)
    place[order] = np.arange(2 * count, dtype=np.int32)
    other = np.arange(2 * count) - count  # the other end of each end; negative numbers count from the back
    indptr = np.zeros(n + 1, np.int64)
    np.cumsum(np.bincount(end, minlength=n), out=indptr[1:])
    return indptr, end[other][order].astype(np.int32), place[other][order], np.tile(limits, 2)[order]


@compiled(nogil=True)
def _layered(nodes, rank, indptr, head, room, give, want, depth, queue):  # type: ignore[no-untyped-def]
    """Fewest arcs with room from any supply that is left, into `depth`; whether that reaches an open claim."""
    last, is_reached = 0, False
    for node in nodes:
        depth[node] = UNSEEN
        if give[node] > NOTHING:
            depth[node], queue[last] = 0, node
            last += 1
    first = 0
    while first < last:
        node = queue[first]
        first += 1
        is_reached |= want[node] > NOTHING
        for arc in range(indptr[node], indptr[node + 1]):
            other = head[arc]
            if rank[other] == rank[node] and depth[other] == UNSEEN and room[arc] > NOTHING:
                depth[other], queue[last] = depth[node] + 1, other
                last += 1
    return is_reached


@compiled(nogil=True)
def _send(  # type: ignore[no-untyped-def]
    nodes, rank, indptr, head, twin, room, give, want, depth, queue, following, path
):
    """Send as much as fits from supplies to claims; `depth` ends as -1 beyond the cut that is full."""
    while _layered(nodes, rank, indptr, head, room, give, want, depth, queue):
        for node in nodes:
            following[node] = indptr[node]
        for start in nodes:
            node, length = start, 0
            while give[start] > NOTHING:
                if want[node] > NOTHING:
                    amount = min(give[start], want[node])
                    for i in range(length):
                        amount = min(amount, room[path[i]])
                    for i in range(length):
                        room[path[i]] -= amount
                        room[twin[path[i]]] += amount
                    give[start] -= amount
                    want[node] -= amount
                    node, length = start, 0
                    continue
                while following[node] < indptr[node + 1]:
                    arc = following[node]
                    other = head[arc]
                    if rank[other] == rank[node] and depth[other] == depth[node] + 1 and room[arc] > NOTHING:
                        break
                    following[node] += 1
                if following[node] < indptr[node + 1]:
                    path[length] = following[node]
                    node = head[path[length]]
                    length += 1
                elif length == 0:
                    break
                else:
                    length -= 1
                    node = head[twin[path[length]]]
                    following[node] += 1


@compiled(nogil=True)
def _open(  # type: ignore[no-untyped-def]
    nodes, rank, indptr, head, capacity, supply, room, give, want
):
    """Supplies and claims of a group: full links bring from groups that get more, and take to those that get less."""
    balance = 0.0
    for node in nodes:
        give[node], want[node] = supply[node], 0.0
        for arc in range(indptr[node], indptr[node + 1]):
            room[arc] = capacity[arc]
            if rank[head[arc]] > rank[node]:
                give[node] += capacity[arc]
            elif rank[head[arc]] < rank[node]:
                want[node] += capacity[arc]
        balance += give[node] - want[node]
    return balance


@compiled(nogil=True)
def _beyond(nodes, rank, indptr, head, capacity, give, want, depth):  # type: ignore[no-untyped-def]
    """What the nodes beyond the cut can have, less what they want; and how many they are."""
    spare, count = 0.0, 0
    for node in nodes:
        if depth[node] == UNSEEN:
            count += 1
            spare += give[node] - want[node]
            for arc in range(indptr[node], indptr[node + 1]):
                if rank[head[arc]] == rank[node] and depth[head[arc]] != UNSEEN:
                    spare += capacity[arc]
    return spare, count


@compiled(nogil=True)
def _part(indptr, head, twin, capacity, supply, demand):  # type: ignore[no-untyped-def]
    """Share of each node's demand, all demand together being 1.

    Groups of nodes are ranges of `nodes`, those that get less before those that get more; `rank` is where a group's
    range begins. A group whose common share cannot be carried to all is parted in two by the cut.
    """
    n = demand.size
    share, nodes, rank, stop = np.ones(n), np.arange(n), np.zeros(n, np.int64), np.zeros(n, np.int64)
    room, give, want = np.empty(capacity.size), np.empty(n), np.empty(n)
    depth, queue, path = np.empty(n, np.int64), np.empty(n, np.int64), np.empty(n, np.int64)
    following = np.empty(n, np.int64)
    stop[0] = n
    start = 0
    while start < n:
        group = nodes[start : stop[start]]
        theta = _open(group, rank, indptr, head, capacity, supply, room, give, want)
        total = demand[group].sum()
        theta = min(max(theta / total, 0.0), 1.0) if total > 0 else 1.0
        want[group] += theta * demand[group]
        gives, wants = give[group], want[group]
        _send(group, rank, indptr, head, twin, room, give, want, depth, queue, following, path)
        give[group], want[group] = gives, wants
        spare, count = _beyond(group, rank, indptr, head, capacity, give, want, depth)
        if total == 0 or count in (0, group.size) or spare >= -NOTHING:
            share[group] = theta
            start = stop[start]
        else:
            is_less = depth[group] == UNSEEN
            group[:] = np.concatenate((group[is_less], group[~is_less]))
            stop[start + count], stop[start] = stop[start], start + count
            rank[group[count:]] = start + count
    return share
