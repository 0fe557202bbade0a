"""Causes: through which chain of needs one event stops each asset that it does not strike itself.

Knows one event at a time; `cascade` counts what events take, this says why.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from headwater.system.cascade import Settled, settle
from headwater.system.lanes import ROUNDING_H
from headwater.system.layers import NONE, Events, Layer, Numbers, System
from headwater.system.paths import Forest, shortest_paths

Flags = npt.NDArray[np.bool_]

COLUMNS = ["stopped_id", "step", "service", "because_of_id", "hour"]


def causes(system: System, items: Numbers, hours: npt.NDArray[np.float64]) -> pd.DataFrame:
    """Assets that an event stops without striking them, each with the one link of the chain that leads to it.

    An asset stops for want of one service: that of the first of its needs that has been lost for as long as its
    backup lasts. The service is lost because something stands still on the way by which it came when all worked: the
    shortest from a supplier. Of several such things the one nearest to the asset is named whose own cause is known
    already.

    Parameters
    ----------
    system
        The system of systems.
    items
        Numbers of the items that fail at hour 0.
    hours
        Until each works again [h].

    Returns
    -------
    causes
        stopped_id; step (1: because of what failed itself, 2: because of what stopped at 1 …); service it lost;
        because_of_id (asset or link); hour at which it stops [h]. Sorted by step, hour and name.
    """
    event = Events(np.array([0, len(items)]), np.asarray(items, np.int32), np.asarray(hours, np.float64))
    state = settle(system, event)
    stands = np.concatenate([~state.works, ~state.up], axis=1)
    struck = {int(item) for item in items}
    forests = [_usual(layer) for layer in system.layers]
    stopped = [int(a) for a in np.flatnonzero((~state.works).any(axis=0)) if int(a) not in struck]
    places = dict.fromkeys(struck, 0)
    found: list[tuple[str, int, str, str, float]] = []
    waiting = stopped
    while waiting:
        told = {}
        for asset in waiting:
            cause = _cause(system, state, stands, forests, asset, places)
            if cause:
                service, because, hour = cause
                told[asset] = places[because] + 1
                name = system.item_ids[because]
                found.append((str(system.asset_ids[asset]), told[asset], service, str(name), hour))
        if not told:
            break
        places |= told
        waiting = [asset for asset in waiting if asset not in told]
    return pd.DataFrame(found, columns=COLUMNS).sort_values(["step", "hour", "stopped_id"], ignore_index=True)


def _cause(
    system: System, state: Settled, stands: Flags, forests: list[Forest], asset: int, places: dict[int, int]
) -> tuple[str, int, float] | None:
    """The service that an asset stops for want of, the item because of which, and the hour; None if not known yet."""
    step = int(np.argmax(stands[:, asset]))
    for group in np.flatnonzero(system.needs.asset == asset):
        rows = range(int(system.needs.indptr[group]), int(system.needs.indptr[group + 1]))
        lost = np.all([~_given(system, state, row) for row in rows], axis=0)
        if not lost[step]:
            continue
        began = step - int(np.argmin(lost[step::-1])) + 1 if not lost[: step + 1].all() else 0
        end = state.steps_h[step + 1] if step + 1 < state.steps_h.size else np.inf
        if end - state.steps_h[began] <= system.needs.backup_h[group] + ROUNDING_H:
            continue
        for row in rows:
            service, way = _way(system, forests, row)
            for item in way:
                if stands[began, item] and item in places:
                    return service, item, float(state.steps_h[step])
    return None


def _given(system: System, state: Settled, row: int) -> Flags:
    """Whether an alternative is there at each step."""
    layer, node = int(system.needs.layer[row]), int(system.needs.node[row])
    return np.asarray(state.works[:, node] if layer == NONE else state.reach[layer][:, node])


def _way(system: System, forests: list[Forest], row: int) -> tuple[str, list[int]]:
    """Items on the usual way of an alternative, from where it is taken back to its supplier, and its service."""
    number, node = int(system.needs.layer[row]), int(system.needs.node[row])
    if number == NONE:
        return str(system.asset_ids[node]), [node]
    layer, forest, items = system.layers[number], forests[number], list[int]()
    while node != NONE:
        items.append(int(layer.node[node]))
        if forest.parent[node] == NONE:
            here = np.flatnonzero(layer.source_node == node)
            items += [int(layer.source[s]) for s in here[np.argsort(layer.source_hours[here], kind="stable")]]
        elif layer.link[forest.link[node]] != NONE:
            items.append(int(layer.link[forest.link[node]]) + len(system.asset_ids))
        node = int(forest.parent[node])
    return layer.service, [item for item in items if item != NONE]


def _usual(layer: Layer) -> Forest:
    """Shortest ways from suppliers to every node when all works."""
    seeds = np.full(layer.node.size, np.inf)
    np.minimum.at(seeds, layer.source_node, layer.source_hours)
    return shortest_paths(layer.graph, seeds)
