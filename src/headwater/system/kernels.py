"""The loops behind `paths` and `delays`: searches, sums down a forest, and the repair of what is broken.

Plain arrays only, all int32 or float64 (indptr int64), so that numba compiles each loop once and keeps it. They live
in this one file because numba's cache of a function does not notice changes in other files.
"""

from __future__ import annotations

import numpy as np
from numba import prange

from headwater.compiled import compiled
from headwater.turns import in_turn

NEVER = np.inf
UNSEEN, SETTLED = -1, -2
"""Place in the heap of a node that never entered it, and of one that has left it."""

LATER_H = 1e-9
"""A journey counts as later when it grows by more than this [h]; smaller differences are rounding between ties."""


@compiled()
def _rise(heap, place, key, i):  # type: ignore[no-untyped-def]
    """Move the node at position `i` of the heap up to where its key belongs."""
    node = heap[i]
    time = key[node]
    while i > 0:
        above = (i - 1) >> 1
        other = heap[above]
        if key[other] <= time:
            break
        heap[i] = other
        place[other] = i
        i = above
    heap[i] = node
    place[node] = i


@compiled()
def _sink(heap, place, key, size, i):  # type: ignore[no-untyped-def]
    """Move the node at position `i` of the heap down to where its key belongs."""
    node = heap[i]
    time = key[node]
    while True:
        child = 2 * i + 1
        if child >= size:
            break
        if child + 1 < size and key[heap[child + 1]] < key[heap[child]]:
            child += 1
        other = heap[child]
        if key[other] >= time:
            break
        heap[i] = other
        place[other] = i
        i = child
    heap[i] = node
    place[node] = i


@compiled()
def _take(heap, place, key, size):  # type: ignore[no-untyped-def]
    """Remove and return the node with the smallest key."""
    node = heap[0]
    place[node] = SETTLED
    last = heap[size - 1]
    if size > 1:
        heap[0] = last
        _sink(heap, place, key, size - 1, 0)
    return node


@compiled()
def search(  # type: ignore[no-untyped-def]
    indptr, neighbours, links, hours, best, parent, link, root, order, heap, place, wanted, wanted_count
):
    """Settle nodes nearest first until none is left, or all wanted ones are settled; returns how many."""
    size = 0
    for node in range(best.size):
        place[node] = UNSEEN
        if best[node] < NEVER:
            heap[size] = node
            root[node] = node
            size += 1
    for i in range(size):
        place[heap[i]] = i
    for i in range((size >> 1) - 1, -1, -1):
        _sink(heap, place, best, size, i)
    settled = 0
    while size > 0:
        node = _take(heap, place, best, size)
        size -= 1
        order[settled] = node
        settled += 1
        if wanted_count > 0 and wanted[node]:
            wanted_count -= 1
            if wanted_count == 0:
                break
        for e in range(indptr[node], indptr[node + 1]):
            other = neighbours[e]
            time = best[node] + hours[e]
            if time < best[other]:
                best[other] = time
                parent[other] = node
                link[other] = links[e]
                root[other] = root[node]
                if place[other] == UNSEEN:
                    heap[size] = other
                    size += 1
                    _rise(heap, place, best, size - 1)
                else:
                    _rise(heap, place, best, place[other])
    return settled


@in_turn
@compiled(parallel=True)
def search_each(  # type: ignore[no-untyped-def]
    indptr, neighbours, links, hours, starts, ends, wanted, wanted_count, chunks, result
):
    """Shortest times from each start to the nodes wanted, chunk by chunk, into `result`."""
    n = indptr.size - 1
    for chunk in prange(chunks):
        best = np.empty(n, np.float64)
        parent, link, root = np.empty(n, np.int32), np.empty(n, np.int32), np.empty(n, np.int32)
        order, heap, place = np.empty(n, np.int32), np.empty(n, np.int32), np.empty(n, np.int32)
        for i in range(chunk, starts.size, chunks):
            best[:] = NEVER
            best[starts[i]] = 0.0
            search(
                indptr, neighbours, links, hours, best, parent, link, root, order, heap, place, wanted, wanted_count
            )  # fmt: skip
            for j in range(ends.size):
                if place[ends[j]] == SETTLED:
                    result[i, j] = best[ends[j]]


@compiled()
def sum_down(order, parent, people):  # type: ignore[no-untyped-def]
    """People at or beyond each node; `order` has parents before children, and `people` is overwritten."""
    for i in range(order.size - 1, -1, -1):
        node = order[i]
        if parent[node] >= 0:
            people[parent[node]] += people[node]
    return people


@compiled()
def preorder(order, parent):  # type: ignore[no-untyped-def]
    """Reached nodes in preorder: the old number, the size of the subtree and the parent of each new number."""
    total = np.zeros(parent.size, np.int32)
    for i in range(order.size - 1, -1, -1):
        total[order[i]] += 1
        if parent[order[i]] >= 0:
            total[parent[order[i]]] += total[order[i]]
    new, free = np.empty(parent.size, np.int32), np.empty(parent.size, np.int32)
    old, size, above = np.empty(order.size, np.int32), np.empty(order.size, np.int32), np.empty(order.size, np.int32)
    next_root = 0
    for node in order:
        p = parent[node]
        if p < 0:
            at = next_root
            next_root += total[node]
        else:
            at = free[p]
            free[p] += total[node]
        new[node], free[node] = at, at + 1
        old[at], size[at], above[at] = node, total[node], new[p] if p >= 0 else -1
    return old, size, above


@compiled()
def renumbered(indptr, neighbours, links, hours, old):  # type: ignore[no-untyped-def]
    """Rows of the nodes in `old`, in that order. Neighbours of a reached node are reached, so none is lost."""
    new = np.full(indptr.size - 1, -1, np.int32)
    rows = np.zeros(old.size + 1, np.int64)
    for i in range(old.size):
        new[old[i]] = i
        rows[i + 1] = rows[i] + indptr[old[i] + 1] - indptr[old[i]]
    heads, edges, times = np.empty(rows[-1], np.int32), np.empty(rows[-1], np.int32), np.empty(rows[-1], np.float64)
    for i in range(old.size):
        shift = rows[i] - indptr[old[i]]
        for e in range(indptr[old[i]], indptr[old[i] + 1]):
            heads[e + shift], edges[e + shift], times[e + shift] = new[neighbours[e]], links[e], hours[e]
    return rows, heads, edges, times


@compiled()
def has_way_out(indptr, neighbours, links, tree_link, parent, size, is_seed):  # type: ignore[no-untyped-def]
    """Whether the subtree of each node has a seed, or a link to the rest other than the one that leads to it."""
    n = size.size
    lowest, highest = np.arange(n), np.arange(n)
    seeded = is_seed.copy()
    for i in range(n - 1, -1, -1):
        for e in range(indptr[i], indptr[i + 1]):
            if links[e] != tree_link[i]:
                lowest[i] = min(lowest[i], neighbours[e])
                highest[i] = max(highest[i], neighbours[e])
        p = parent[i]
        if p >= 0:
            lowest[p], highest[p] = min(lowest[p], lowest[i]), max(highest[p], highest[i])
            seeded[p] |= seeded[i]
    return seeded | (lowest < np.arange(n)) | (highest >= np.arange(n) + size)


@compiled()
def _repair(  # type: ignore[no-untyped-def]  # noqa: PLR0912
    start, stop, failed, indptr, neighbours, links, hours, old_hours, seeds, people, best, heap, place
):
    """People cut off, people rerouted and person-hours lost among nodes `start:stop` without the link `failed`."""
    size, populated = 0, 0
    for node in range(start, stop):
        time = seeds[node]
        for e in range(indptr[node], indptr[node + 1]):
            other = neighbours[e]
            if (other < start or other >= stop) and links[e] != failed:
                time = min(time, old_hours[other] + hours[e])
        best[node] = time
        place[node] = UNSEEN
        if time < NEVER:
            heap[size] = node
            place[node] = size
            size += 1
        if people[node] > 0:
            populated += 1
    for i in range((size >> 1) - 1, -1, -1):
        _sink(heap, place, best, size, i)
    cut_off, rerouted, lost = 0.0, 0.0, 0.0
    while size > 0 and populated > 0:
        node = _take(heap, place, best, size)
        size -= 1
        if people[node] > 0:
            populated -= 1
            extra = best[node] - old_hours[node]
            if extra > LATER_H:
                rerouted += people[node]
                lost += people[node] * extra
        for e in range(indptr[node], indptr[node + 1]):
            other = neighbours[e]
            if other < start or other >= stop:
                continue
            time = best[node] + hours[e]
            if time < best[other]:
                best[other] = time
                if place[other] == UNSEEN:
                    heap[size] = other
                    size += 1
                    _rise(heap, place, best, size - 1)
                else:
                    _rise(heap, place, best, place[other])
    if populated > 0:
        for node in range(start, stop):
            if place[node] != SETTLED:
                cut_off += people[node]
    return cut_off, rerouted, lost


@in_turn
@compiled(parallel=True)
def fail_each(  # type: ignore[no-untyped-def]
    indptr, neighbours, links, hours, old_hours, seeds, people, size, tree_link, jobs, chunks, result
):
    """People cut off, people rerouted and hours lost for each failing link, chunk by chunk, into `result`."""
    n = size.size
    for chunk in prange(chunks):
        best, heap, place = np.empty(n, np.float64), np.empty(n, np.int32), np.empty(n, np.int32)
        for i in range(chunk, jobs.size, chunks):
            start, failed = jobs[i], tree_link[jobs[i]]
            result[0, failed], result[1, failed], result[2, failed] = _repair(
                start, start + size[start], failed, indptr, neighbours, links, hours, old_hours, seeds, people,
                best, heap, place,
            )  # fmt: skip


@compiled(nogil=True)
def _cut(starts, size, marked, cut):  # type: ignore[no-untyped-def]
    """Mark all that lies at or beyond the nodes `starts` and list it in `cut`; returns how much."""
    count = 0
    for start in starts:
        node, stop = start, start + size[start]
        while node < stop:
            if marked[node]:
                node += size[node]  # all beyond a marked node is marked
            else:
                marked[node] = True
                cut[count] = node
                count += 1
                node += 1
    return count


@compiled(nogil=True)
def _settle(  # type: ignore[no-untyped-def]
    cut, marked, old, indptr, neighbours, links, hours, old_hours, seeds, node_on, link_on, best, heap, place
):
    """New times of the nodes in `cut`, from the edges of what is marked, where the old times hold."""
    size = 0
    for node in cut:
        place[node] = UNSEEN
        best[node] = NEVER
        if not node_on[old[node]]:
            continue
        time = seeds[node]
        for e in range(indptr[node], indptr[node + 1]):
            if not marked[neighbours[e]] and link_on[links[e]]:
                time = min(time, old_hours[neighbours[e]] + hours[e])
        best[node] = time
        if time < NEVER:
            heap[size] = node
            place[node] = size
            size += 1
    for i in range((size >> 1) - 1, -1, -1):
        _sink(heap, place, best, size, i)
    while size > 0:
        node = _take(heap, place, best, size)
        size -= 1
        for e in range(indptr[node], indptr[node + 1]):
            other = neighbours[e]
            time = best[node] + hours[e]
            if marked[other] and link_on[links[e]] and node_on[old[other]] and time < best[other]:
                best[other] = time
                if place[other] == UNSEEN:
                    heap[size] = other
                    size += 1
                    _rise(heap, place, best, size - 1)
                else:
                    _rise(heap, place, best, place[other])


@compiled(nogil=True)
def delay_each(  # type: ignore[no-untyped-def]
    old, indptr, neighbours, links, hours, old_hours, size, parent, child, sources, source_hours, people,
    node_on, link_on, source_on, result,
):  # fmt: skip
    """People who arrive later and their extra hours in each state, into `result`; nodes are numbered in preorder."""
    n = old.size
    best, seeds, marked = np.empty(n, np.float64), np.full(n, NEVER), np.zeros(n, np.bool_)
    heap, place, cut = np.empty(n, np.int32), np.empty(n, np.int32), np.empty(n, np.int32)
    starts = np.empty(n + child.size + sources.size, np.int32)
    for state in range(node_on.shape[0]):
        count = 0
        for node in range(n):
            if not node_on[state, old[node]]:
                starts[count] = node
                count += 1
        for link in range(child.size):
            if child[link] >= 0 and not link_on[state, link]:
                starts[count] = child[link]
                count += 1
        seeds[sources] = NEVER
        for i in range(sources.size):
            if source_on[state, i]:
                seeds[sources[i]] = min(seeds[sources[i]], source_hours[i])
        for node in sources:
            if parent[node] < 0 and seeds[node] > old_hours[node]:
                starts[count] = node
                count += 1
        if count == 0:
            continue
        beyond = cut[: _cut(starts[:count], size, marked, cut)]
        _settle(
            beyond, marked, old, indptr, neighbours, links, hours, old_hours, seeds, node_on[state], link_on[state],
            best, heap, place,
        )  # fmt: skip
        for node in beyond:
            marked[node] = False
            extra = best[node] - old_hours[node]
            if people[node] > 0 and LATER_H < extra < NEVER:
                result[0, state] += people[node]
                result[1, state] += people[node] * extra


@compiled()
def _assign(  # type: ignore[no-untyped-def]  # noqa: PLR0912
    indptr, neighbours, links, hours, origin, width_h, best, parent, link, before, after, at, first,
    wanted, wanted_count,
):  # fmt: skip
    """Shortest times from one node, nearest bucket first; returns the last of a list of nodes, parents before children.

    A node is in the list of its bucket, or, once its neighbours have been told of its time, in the list of the done;
    when a shorter time comes it moves back.
    """
    best[:], parent[:], at[:], first[:] = NEVER, -1, UNSEEN, -1
    slots, last_done, waiting, slot = first.size, -1, 1, 0
    best[origin], at[origin], first[0], before[origin], after[origin] = 0.0, 0, origin, -1, -1
    while waiting > 0:
        node = first[slot]
        if node < 0:
            if wanted_count == 0:
                break
            slot = slot + 1 if slot + 1 < slots else 0
            continue
        first[slot] = after[node]
        if after[node] >= 0:
            before[after[node]] = -1
        waiting -= 1
        before[node], after[node] = last_done, -1
        if last_done >= 0:
            after[last_done] = node
        last_done, at[node] = node, SETTLED
        if wanted[node]:
            wanted[node] = False
            wanted_count -= 1
        for e in range(indptr[node], indptr[node + 1]):
            other = neighbours[e]
            time = best[node] + hours[e]
            if time > best[other]:
                continue
            if time == best[other] and (parent[other] != node or at[other] != SETTLED):
                continue  # a done child whose time rounding left as it was goes behind its parent all the same
            best[other], parent[other], link[other] = time, node, links[e]
            new = int(time / width_h) % slots
            if at[other] == new:
                continue
            if at[other] != UNSEEN:  # out of the list it is in
                if before[other] >= 0:
                    after[before[other]] = after[other]
                elif at[other] >= 0:
                    first[at[other]] = after[other]
                if after[other] >= 0:
                    before[after[other]] = before[other]
                elif at[other] == SETTLED:
                    last_done = before[other]
            if at[other] < 0:
                waiting += 1
            at[other], before[other], after[other] = new, -1, first[new]
            if first[new] >= 0:
                before[first[new]] = other
            first[new] = other
    return last_done


@in_turn
@compiled(parallel=True)
def assign_each(  # type: ignore[no-untyped-def]
    indptr, neighbours, links, hours, origins, ends_ptr, ends, amounts, width_h, slots, load, arrived
):
    """Put flows on their shortest paths, origin by origin, into `load` [chunks, links]; `arrived` says which could go.

    Origins are dealt out to chunks by their number, so sums do not depend on how many threads there are.
    """
    n, chunks = indptr.size - 1, load.shape[0]
    for chunk in prange(chunks):
        best, flow = np.empty(n, np.float64), np.zeros(n, np.float64)
        parent, link = np.empty(n, np.int32), np.empty(n, np.int32)
        before, after, at = np.empty(n, np.int32), np.empty(n, np.int32), np.empty(n, np.int32)
        first, wanted = np.empty(slots, np.int32), np.zeros(n, np.bool_)
        for i in range(chunk, origins.size, chunks):
            count = 0
            for k in range(ends_ptr[i], ends_ptr[i + 1]):
                if not wanted[ends[k]]:
                    wanted[ends[k]] = True
                    count += 1
            node = _assign(
                indptr, neighbours, links, hours, origins[i], width_h, best, parent, link, before, after, at, first,
                wanted, count,
            )  # fmt: skip
            for k in range(ends_ptr[i], ends_ptr[i + 1]):
                wanted[ends[k]] = False
                arrived[k] = at[ends[k]] == SETTLED
                if arrived[k]:
                    flow[ends[k]] += amounts[k]
            while node >= 0:
                if flow[node] != 0.0 and parent[node] >= 0:
                    load[chunk, link[node]] += flow[node]
                    flow[parent[node]] += flow[node]
                flow[node] = 0.0
                node = before[node]
