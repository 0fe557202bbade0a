"""Screen: how people reach services over the network, and what each link's failure takes from them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import geopandas as gpd
import pandas as pd

from headwater.errors import InputError
from headwater.settings import Service
from headwater.system.access import access
from headwater.system.criticality import criticality
from headwater.system.network import Network, build_network, components, snap
from headwater.words import _


def road_network(
    assets: pd.DataFrame, links: pd.DataFrame, service: Service, *, default_speed: float | None
) -> Network:
    """The network that people travel on to a service: links whose kind starts with one of the service's link kinds."""
    travelled = links[links["kind"].str.startswith(service.link_kinds)]
    if travelled.empty:
        kinds = ", ".join(service.link_kinds)
        raise InputError(
            _("No link is of a kind that people travel on to {service}: {kinds}").format(
                service=service.service_id, kinds=kinds
            )
        )
    return build_network(assets, travelled, default_speed_km_per_h=default_speed)


def screen(
    assets: gpd.GeoDataFrame,
    links: gpd.GeoDataFrame,
    zones: gpd.GeoDataFrame,
    services: Sequence[Service],
    *,
    default_speed: float | None,
    access_speed: float,
    max_access_m: float,
) -> dict[str, pd.DataFrame]:
    """Tables `components`, `snapping`, `access` and `criticality` over all services."""
    parts: dict[str, list[pd.DataFrame]] = {"components": [], "snapping": [], "access": [], "criticality": []}
    for service in services:
        network = road_network(assets, links, service, default_speed=default_speed)
        people = zones[(zones["kind"] == service.zone_kind) & zones.geometry.notna()]
        facilities = assets[assets["kind"].isin(service.facility_kinds)]
        how = partial(_over, network, people, facilities, service.service_id, access_speed, max_access_m)
        items = pd.concat([people.set_index("zone_id").geometry, facilities.set_index("asset_id").geometry])
        parts["components"].append(components(network))
        parts["snapping"].append(snap(items, network, max_distance_m=max_access_m))
        parts["access"].append(how(access))
        parts["criticality"].append(how(criticality))
    keys = {"components": "component", "snapping": "item_id"}
    tables = {name: pd.concat(tables, ignore_index=True) for name, tables in parts.items()}
    return {name: t.drop_duplicates(keys[name]) if name in keys else t for name, t in tables.items()}


def _over(
    network: Network,
    people: gpd.GeoDataFrame,
    facilities: gpd.GeoDataFrame,
    service: str,
    access_speed: float,
    max_access_m: float,
    model: Callable[..., pd.DataFrame],
) -> pd.DataFrame:
    """A model of journeys to a service: they take the same things."""
    return model(
        network, people, facilities, service=service, access_speed_km_per_h=access_speed, max_access_m=max_access_m
    )
