"""Small systems of systems, said in names and built as arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from headwater.system.layers import NONE, Events, Layer, Needs, System
from headwater.system.paths import build_graph


@dataclass
class Service:
    """A service: suppliers, the links it travels on (link: its two ends), and zones (zone: people, node)."""

    suppliers: Mapping[str, float]
    zones: Mapping[str, tuple[float, str]] = field(default_factory=dict)
    links: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    at: Mapping[str, str] = field(default_factory=dict)
    travels: bool = False
    hours: float = 1.0
    nodes: Sequence[str] = ()


Need = tuple[str, float, Sequence[tuple[str, str]]]
"""Asset, backup [h], and alternatives: service ("" for none) and the node where it is taken."""


def system_of(services: Mapping[str, Service], needs: Sequence[Need] = (), *, also: Sequence[str] = ()) -> System:
    """The system of systems that the services form; `also` names assets that are in none."""
    assets = {*also, *(need[0] for need in needs)}
    for service in services.values():
        assets |= {*service.suppliers, *service.nodes, *(end for ends in service.links.values() for end in ends)}
        assets |= {node for _people, node in service.zones.values() if node} | set(service.at.values())
    asset_ids = pd.Index(sorted(assets))
    link_ids = pd.Index(sorted({link for service in services.values() for link in service.links}), dtype="object")
    names = sorted(services)
    layers = tuple(_layer(name, services[name], asset_ids, link_ids) for name in names)
    return System(asset_ids, link_ids, layers, _needs(needs, names, layers, asset_ids))


def _layer(name: str, service: Service, asset_ids: pd.Index, link_ids: pd.Index) -> Layer:
    places = {*service.nodes, *(end for ends in service.links.values() for end in ends)}
    places |= {node for _people, node in service.zones.values() if node}
    places |= {service.at.get(supplier, supplier) for supplier in service.suppliers}
    nodes = pd.Index(sorted(places), dtype="object")
    at = nodes.get_indexer
    links = sorted(service.links)
    tail, head = at([service.links[link][0] for link in links]), at([service.links[link][1] for link in links])
    zones = sorted(service.zones)
    people = np.array([service.zones[zone][0] for zone in zones], float)
    suppliers = sorted(service.suppliers)
    return Layer(
        service=name,
        graph=build_graph(tail, head, np.full(len(links), service.hours), node_count=len(nodes)),
        node=asset_ids.get_indexer(nodes).astype(np.int32),
        link=link_ids.get_indexer(links).astype(np.int32),
        source=asset_ids.get_indexer(suppliers).astype(np.int32),
        source_node=at([service.at.get(supplier, supplier) for supplier in suppliers]).astype(np.int32),
        source_hours=np.zeros(len(suppliers)),
        supply=np.array([service.suppliers[supplier] for supplier in suppliers], float),
        link_capacity=np.full(len(links), np.inf),
        zone_ids=pd.Index(zones, dtype="object"),
        population=people,
        demand=people.copy(),
        zone_node=at([service.zones[zone][1] for zone in zones]).astype(np.int32),
        zone_hours=np.zeros(len(zones)),
        travels=service.travels,
    )


def _needs(needs: Sequence[Need], names: Sequence[str], layers: Sequence[Layer], asset_ids: pd.Index) -> Needs:
    asset, backup, counts, layer, node = [], [], [0], [], []
    for name, hours, alternatives in needs:
        asset.append(asset_ids.get_loc(name))
        backup.append(hours)
        counts.append(counts[-1] + len(alternatives))
        for service, place in alternatives:
            number = asset_ids.get_loc(place)
            layer.append(names.index(service) if service else NONE)
            node.append(int(np.flatnonzero(layers[layer[-1]].node == number)[0]) if service else number)
    numbers = [np.array(values, np.int32) for values in (asset, layer, node)]
    row = np.arange(len(node), dtype=np.int32)
    return Needs(numbers[0], np.array(backup, float), np.array(counts, np.int64), numbers[1], numbers[2], row)


def events_of(system: System, *events: Mapping[str, float]) -> Events:
    """Events as the items that fail in each and the hours until each works again."""
    item_ids = system.item_ids
    items = [int(item_ids.get_loc(name)) for event in events for name in event]
    hours = [hours for event in events for hours in event.values()]
    indptr = np.cumsum([0, *map(len, events)]).astype(np.int64)
    return Events(indptr, np.array(items, np.int32), np.array(hours, float))
