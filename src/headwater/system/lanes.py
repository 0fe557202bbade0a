"""The loops behind `cascade`: 64 cases at once, as the bits of a word.

A lane is one event at one step of its time. Every node, asset and link holds a word whose bits say in which lanes it
works, or is reached; so one flood over the graph settles 64 cases. Serial: batches of events are what is shared among
threads and machines. All loops live in this file because numba's cache does not notice changes in other files.
"""

from __future__ import annotations

import numpy as np

from headwater.compiled import compiled

ALL = np.uint64(0xFFFFFFFFFFFFFFFF)
NIL = np.uint64(0)
ONE = np.uint64(1)

ROUNDING_H = 1e-6
"""Sums of hours that differ by less are the same [h]."""

ROUNDING = 1e-9
"""A zone that misses no more than this share of its demand misses nothing: it is rounding."""


@compiled(nogil=True)
def flood(  # type: ignore[no-untyped-def]
    first, last, indptr, heads, links, up, works, node_asset, sources, source_asset, s0, s1, reach, queue, queued
):
    """Reach of the nodes of one layer: from working sources over working links through working nodes."""
    for node in range(first, last):
        reach[node] = NIL
    size = last - first
    head, tail, count = 0, 0, 0
    for s in range(s0, s1):
        node = sources[s]
        word = works[source_asset[s]]
        if node_asset[node] >= 0:
            word &= works[node_asset[node]]
        if word & ~reach[node]:
            reach[node] |= word
            if not queued[node]:
                queued[node] = True
                queue[tail] = node
                tail = tail + 1 if tail + 1 < size else 0
                count += 1
    while count > 0:
        node = queue[head]
        head = head + 1 if head + 1 < size else 0
        count -= 1
        queued[node] = False
        here = reach[node]
        for e in range(indptr[node], indptr[node + 1]):
            other = heads[e]
            word = here & ~reach[other]
            if word == NIL:
                continue
            if links[e] >= 0:
                word &= up[links[e]]
            if node_asset[other] >= 0:
                word &= works[node_asset[other]]
            if word:
                reach[other] |= word
                if not queued[other]:
                    queued[other] = True
                    queue[tail] = other
                    tail = tail + 1 if tail + 1 < size else 0
                    count += 1


@compiled(nogil=True)
def outlasted(lost, backup, steps, is_coarse):  # type: ignore[no-untyped-def]
    """Lanes in which a need has been lost, without a break, until the backup has run out.

    Where an event has fewer steps than it should, the backup counts as run out for the whole of the step in which it
    does.
    """
    if backup == 0.0 or lost == NIL:
        return lost
    out = NIL
    for e in range(steps.shape[0]):
        began = -1.0
        for k in range(steps.shape[1]):
            if steps[e, k] == np.inf:
                break
            bit = ONE << np.uint64(e * steps.shape[1] + k)
            if not lost & bit:
                began = -1.0
                continue
            if began < 0.0:
                began = steps[e, k]
            if is_coarse[e]:
                end = steps[e, k + 1] if k + 1 < steps.shape[1] else np.inf
                if end - began > backup + ROUNDING_H:
                    out |= bit
            elif steps[e, k] - began >= backup - ROUNDING_H:
                out |= bit
    return out


@compiled(nogil=True)
def met(g, need_ptr, alt_node, alt_asset, reach, works):  # type: ignore[no-untyped-def]
    """Lanes in which one of the alternatives of a need is there."""
    word = NIL
    for a in range(need_ptr[g], need_ptr[g + 1]):
        word |= reach[alt_node[a]] if alt_node[a] >= 0 else works[alt_asset[a]]
    return word


@compiled(nogil=True)
def refine(  # type: ignore[no-untyped-def]  # noqa: PLR0912
    steps, is_coarse, need_asset, backup, need_ptr, alt_node, alt_asset, reach, works, more
):
    """Hours at which a backup runs out within a step, into `more` [events, most steps in all], infinite so far.

    An event that has no room for them becomes coarse.
    """
    count, width, most = steps.shape[0], steps.shape[1], more.shape[1]
    was_coarse, begun, added = is_coarse.copy(), np.zeros(count, np.int64), np.zeros(count, np.int64)
    for e in range(count):
        for k in range(width):
            begun[e] += steps[e, k] < np.inf
    for g in range(need_asset.size):
        if backup[g] == 0.0 or backup[g] == np.inf:
            continue
        lost = ~met(g, need_ptr, alt_node, alt_asset, reach, works)
        if lost == NIL:
            continue
        for e in range(count):
            if was_coarse[e]:
                continue
            due = np.inf  # when the backup runs out, infinite where it is full or has run out
            is_lost = False
            for k in range(begun[e]):
                bit = ONE << np.uint64(e * width + k)
                if not lost & bit:
                    due, is_lost = np.inf, False
                    continue
                if not is_lost:
                    due, is_lost = steps[e, k] + backup[g], True
                end = steps[e, k + 1] if k + 1 < begun[e] else np.inf
                if due >= end - ROUNDING_H:
                    continue
                if due > steps[e, k] + ROUNDING_H and works[need_asset[g]] & bit:
                    is_new = True
                    for i in range(added[e]):
                        is_new = is_new and abs(more[e, i] - due) > ROUNDING_H
                    if is_new and begun[e] + added[e] < most:
                        more[e, added[e]] = due
                        added[e] += 1
                    elif is_new:
                        is_coarse[e] = True
                due = np.inf


@compiled(nogil=True)
def settle(  # type: ignore[no-untyped-def]  # noqa: PLR0912
    chosen, steps, is_coarse, event_ptr, item, hours, cascading,
    layer_ptr, indptr, heads, links, node_asset, source_ptr, sources, source_asset, base, asset_layers, link_layers,
    need_asset, backup, need_ptr, alt_node, alt_asset, reach, works, up,
):  # fmt: skip
    """State of the lanes of the events chosen into `reach` [nodes], `works` [assets] and `up` [links]."""
    width, asset_count = steps.shape[1], works.size
    layers = layer_ptr.size - 1
    node_count = node_asset.size
    queue, queued = np.empty(max(node_count, 1), np.int32), np.zeros(max(node_count, 1), np.bool_)
    works[:], up[:] = ALL, ALL
    dirty = np.zeros(layers, np.bool_)
    for e in range(chosen.size):
        for f in range(event_ptr[chosen[e]], event_ptr[chosen[e] + 1]):
            word = NIL
            for k in range(width):
                if steps[e, k] < hours[f]:
                    word |= ONE << np.uint64(e * width + k)
            if item[f] < asset_count:
                works[item[f]] &= ~word
                mask = asset_layers[item[f]]
            else:
                up[item[f] - asset_count] &= ~word
                mask = link_layers[item[f] - asset_count]
            for layer in range(layers):
                if (mask >> np.uint64(min(layer, 63))) & ONE:
                    dirty[layer] = True
    for node in range(node_count):
        reach[node] = ALL if base[node] else NIL
    while True:
        for layer in range(layers):
            if dirty[layer]:
                a, b = layer_ptr[layer], layer_ptr[layer + 1]
                flood(
                    a, b, indptr, heads, links, up, works, node_asset, sources, source_asset, source_ptr[layer],
                    source_ptr[layer + 1], reach, queue, queued,
                )  # fmt: skip
                dirty[layer] = False
        if not cascading:
            return
        changed = False
        for g in range(need_asset.size):
            lost = ~met(g, need_ptr, alt_node, alt_asset, reach, works)
            if lost == NIL:
                continue
            asset = need_asset[g]
            stopped = outlasted(lost, backup[g], steps, is_coarse) & works[asset]
            if stopped:
                works[asset] &= ~stopped
                changed = True
                mask = asset_layers[asset]
                for layer in range(layers):
                    if (mask >> np.uint64(min(layer, 63))) & ONE:
                        dirty[layer] = True
        if not changed:
            return


@compiled(nogil=True)
def repairs(event_ptr, hours, most, columns):  # type: ignore[no-untyped-def]
    """Hour 0 and at most so many hours of repair of each event, ascending, padded with infinity [events, columns].

    Where there are more, they are rounded up to some of them, so that no outage is shortened.
    """
    count = event_ptr.size - 1
    steps = np.full((count, columns), np.inf)
    steps[:, 0] = 0.0
    for e in range(count):
        mine = hours[event_ptr[e] : event_ptr[e + 1]]
        ends = np.unique(mine[np.isfinite(mine)])
        kept = min(ends.size, most)
        for i in range(kept):
            steps[e, i + 1] = ends[(i + 1) * ends.size // kept - 1]
    return steps


@compiled(nogil=True)
def tally(  # type: ignore[no-untyped-def]
    share, base, population, chosen, steps, weights, people, zone_people, zone_hours
):
    """Add up what the lanes of one word take from the people of a layer: by event and step, and by zone.

    `chosen` are the numbers of the events, -1 for one to leave out.
    """
    width = steps.shape[1]
    for z in range(population.size):
        if population[z] == 0.0 or base[z] == 0.0:
            continue
        for e in range(chosen.size):
            if chosen[e] < 0:
                continue
            peak, total = 0.0, 0.0
            for k in range(width):
                begin = steps[e, k]
                if begin == np.inf:
                    break
                missing = base[z] - share[z, e * width + k]
                if missing <= ROUNDING:
                    continue
                lost = missing * population[z]
                people[e, k] += lost
                peak = max(peak, lost)
                end = steps[e, k + 1] if k + 1 < width else np.inf
                total += lost * (end - begin)
            if peak > 0.0 and weights[chosen[e]] > 0.0:
                zone_people[z] += weights[chosen[e]] * peak
                zone_hours[z] += weights[chosen[e]] * total


@compiled(nogil=True)
def tally_bits(  # type: ignore[no-untyped-def]
    reach, zone_node, base, population, chosen, steps, weights, people, zone_people, zone_hours
):
    """As `tally` where a zone has the service or has it not, by the words at its nodes."""
    width = steps.shape[1]
    block = NIL
    for k in range(width):
        block |= ONE << np.uint64(k)
    for z in range(population.size):
        if population[z] == 0.0 or base[z] == 0.0:
            continue
        lost = ~reach[zone_node[z]]
        if lost == NIL:
            continue
        for e in range(chosen.size):
            mine = (lost >> np.uint64(e * width)) & block
            if mine == NIL or chosen[e] < 0:
                continue
            total = 0.0
            for k in range(width):
                begin = steps[e, k]
                if begin == np.inf:
                    break
                if (mine >> np.uint64(k)) & ONE:
                    people[e, k] += population[z]
                    end = steps[e, k + 1] if k + 1 < width else np.inf
                    total += population[z] * (end - begin)
            if weights[chosen[e]] > 0.0:
                zone_people[z] += weights[chosen[e]] * population[z]
                zone_hours[z] += weights[chosen[e]] * total


@compiled(nogil=True)
def part_shares(  # type: ignore[no-untyped-def]  # noqa: PLR0912
    first, last, indptr, heads, links, up, works, node_asset, sources, source_asset, supply, demand, zone_node,
    reach, lanes, share,
):  # fmt: skip
    """Share of demand served at each zone in each lane: supply over demand in its connected part, at most 1."""
    size = last - first
    queue, part = np.empty(max(size, 1), np.int32), np.empty(max(size, 1), np.int32)
    has, wants = np.empty(max(size, 1)), np.empty(max(size, 1))
    for lane in lanes:
        bit = ONE << np.uint64(lane)
        part[:] = -1
        parts = 0
        for start in range(size):
            if part[start] >= 0 or not reach[first + start] & bit:
                continue
            has[parts], wants[parts] = 0.0, 0.0
            queue[0], head, tail = start, 0, 1
            part[start] = parts
            while head < tail:
                node = queue[head]
                head += 1
                for e in range(indptr[first + node], indptr[first + node + 1]):
                    other = heads[e] - first
                    if part[other] >= 0 or not reach[heads[e]] & bit:
                        continue
                    if links[e] >= 0 and not up[links[e]] & bit:
                        continue
                    part[other] = parts
                    queue[tail] = other
                    tail += 1
            parts += 1
        for node in range(size):  # in the order of nodes, so that the same nodes always have the same sum
            if part[node] >= 0:
                wants[part[node]] += demand[node]
        for s in range(sources.size):
            node = sources[s] - first
            if part[node] >= 0 and works[source_asset[s]] & bit:
                asset = node_asset[sources[s]]
                if asset < 0 or works[asset] & bit:
                    has[part[node]] += supply[s]
        for z in range(zone_node.size):
            share[z, lane] = 0.0
            if zone_node[z] >= 0 and part[zone_node[z]] >= 0:
                p = part[zone_node[z]]
                share[z, lane] = 1.0 if has[p] >= wants[p] else has[p] / wants[p]
