"""The system of systems as arrays: one graph per service, what assets need from each other, and sets of failures.

Containers only. `services` and `dependencies` build them from tables, `cascade` computes on them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from headwater.system.paths import Graph

Floats = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int32]

NONE = -1
"""No asset, no link, no node: what is numbered so never fails."""


@dataclass(frozen=True, eq=False)
class Layer:
    """One service as a graph: who supplies it, over what it travels, and where people take it.

    Attributes
    ----------
    service
        Name of the service.
    graph
        Nodes and links it travels on, weighted by hours (zeros where time does not matter). Links are numbered as in
        the layer, see `link`.
    node
        int32 [nodes]; number of the asset at each node, -1 for a node that is no asset.
    link
        int32 [layer links]; number of the link behind each link of the graph, -1 for a join that cannot fail.
    source, source_node, source_hours
        Sources [sources]: number of the asset that supplies (int32), the node where its supply enters (int32), and the
        time from asset to node [h] (float64).
    supply
        float64 [sources]; capacity in `unit`, infinite where not known or not limited.
    link_capacity
        float64 [layer links]; in `unit`, infinite where not limited.
    zone_ids
        Zones that may use the service, sorted.
    population, demand
        float64 [zones]; people, and demand in `unit` (people where the study gives no demand).
    zone_node, zone_hours
        [zones]; node where the zone takes the service (int32, -1 where it has none) and the time to it [h].
    demand_elsewhere
        Demand in `unit` at `elsewhere_node` of people who are in no zone; 0 where none.
    elsewhere_node
        Node of that demand, -1 where none.
    unit
        Unit of supply and demand.
    travels
        Whether people travel on it, so that a longer way is a loss (access), or it is brought to them.
    """

    service: str
    graph: Graph
    node: Numbers
    link: Numbers
    source: Numbers
    source_node: Numbers
    source_hours: Floats
    supply: Floats
    link_capacity: Floats
    zone_ids: pd.Index
    population: Floats
    demand: Floats
    zone_node: Numbers
    zone_hours: Floats
    demand_elsewhere: float = 0.0
    elsewhere_node: int = NONE
    unit: str = "people"
    travels: bool = False

    @property
    def is_limited(self) -> bool:
        """Whether supply can fall short of demand: some source has a capacity."""
        return bool(np.isfinite(self.supply).any())

    @property
    def has_link_limits(self) -> bool:
        """Whether a link can be too narrow."""
        return bool(np.isfinite(self.link_capacity).any())


@dataclass(frozen=True, eq=False)
class Needs:
    """What assets need to work. One group per asset and service: any one of its alternatives is enough.

    Attributes
    ----------
    asset
        int32 [groups]; number of the asset that needs.
    backup_h
        float64 [groups]; how long the asset works without [h]; infinite for always.
    indptr
        int64 [groups + 1]; the alternatives of group `i` are `indptr[i]:indptr[i + 1]`. A group without alternatives
        is never met.
    layer, node
        int32 [alternatives]; layer and node in it where the asset takes the service. Where layer is -1, `node` is the
        number of an asset that itself must work.
    row
        int32 [alternatives]; row of the table of dependencies behind each.
    """

    asset: Numbers
    backup_h: Floats
    indptr: npt.NDArray[np.int64]
    layer: Numbers
    node: Numbers
    row: Numbers


@dataclass(frozen=True, eq=False)
class System:
    """Assets and links by number, the layers they form, and what they need from each other.

    Attributes
    ----------
    asset_ids, link_ids
        Names, sorted; positions are the numbers used everywhere. Items are assets first, then links: item `i` is link
        `i - len(asset_ids)` from there on.
    layers
        One per service, sorted by name.
    needs
        Dependencies.
    """

    asset_ids: pd.Index
    link_ids: pd.Index
    layers: tuple[Layer, ...]
    needs: Needs

    @property
    def item_ids(self) -> pd.Index:
        """Names of assets, then of links."""
        return self.asset_ids.append(self.link_ids)


@dataclass(frozen=True, eq=False)
class Events:
    """Sets of items that fail together at hour 0.

    Attributes
    ----------
    indptr
        int64 [events + 1]; the failures of event `e` are `indptr[e]:indptr[e + 1]`.
    item
        int32 [failures]; numbers of items.
    hours
        float64 [failures]; until each works again [h], above zero; infinite where not known.
    """

    indptr: npt.NDArray[np.int64]
    item: Numbers
    hours: Floats

    @property
    def count(self) -> int:
        """Events."""
        return self.indptr.size - 1
