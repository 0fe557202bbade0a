"""Which links matter most: what each one's failure takes from the people who depend on it.

Knows nothing of why a link would fail, how often, or for how long.
"""

from __future__ import annotations

import pandas as pd

from headwater.system.access import journeys
from headwater.system.network import Network
from headwater.system.paths import link_failures


def criticality(
    network: Network,
    zones: pd.DataFrame,
    facilities: pd.DataFrame,
    *,
    service: str,
    access_speed_km_per_h: float,
    max_access_m: float,
) -> pd.DataFrame:
    """People cut off and time lost when each link of the network fails alone.

    Everybody makes one journey to the nearest facility, as in `access`. With one link gone, the journey is made again
    over what is left: to another facility where that is nearer now. People who reach none any more are cut off; people
    who reach one later lose the difference. People no facility reached to begin with are counted nowhere, and so are
    zones without a place. Where a zone or a facility joins the network does not change. Multiply by the days a link is
    down and the journeys in a day for the loss of an event.

    Parameters
    ----------
    network, zones, facilities, service, access_speed_km_per_h, max_access_m
        As for `access`.

    Returns
    -------
    criticality
        Table `criticality`, sorted by link_id: one row for every link, zeros for those that change nothing.

    Raises
    ------
    TableError
        If a table breaks its schema, or the zones contain one another.
    AssumptionError
        If the access speed is not above zero, or the distance below it.
    PlaceError
        If geometry comes without a coordinate reference system.

    Examples
    --------
    A town 9 km from the hospital by road, and a village of 5 people whose road is 3 km long:

    >>> import geopandas as gpd
    >>> from headwater.system.network import build_network
    >>> row = {"sector": "transport", "kind": "junction", "source_id": "survey"}
    >>> assets = gpd.GeoDataFrame(
    ...     [{"asset_id": i, "name": i, **row} for i in ("hospital", "town", "village")],
    ...     geometry=gpd.points_from_xy([5.0, 5.08, 5.1], [1.0, 1.0, 1.0]), crs="EPSG:4326",
    ... )
    >>> roads = [("h_t", "hospital", "town", 9000.0), ("t_v", "town", "village", 3000.0)]
    >>> links = pd.DataFrame(roads, columns=["link_id", "from_asset_id", "to_asset_id", "length_m"])
    >>> network = build_network(assets, links.assign(**row), default_speed_km_per_h=60)
    >>> zones = assets.rename(columns={"asset_id": "zone_id"}).assign(kind="settlement", population=[0.0, 40.0, 5.0])
    >>> options = {"service": "hospital", "access_speed_km_per_h": 5, "max_access_m": 1000}
    >>> criticality(network, zones, assets[:1], **options)[["link_id", "population_cut_off"]]
      link_id  population_cut_off
    0     h_t                45.0
    1     t_v                 5.0
    """
    found = journeys(network, zones, facilities, access_speed_km_per_h=access_speed_km_per_h, max_access_m=max_access_m)
    failures = link_failures(network.graph, found.seed_hours, found.people)
    return pd.DataFrame(
        {
            "link_id": pd.Series(network.link_ids, dtype="str"),
            "service": pd.Series(service, index=range(len(network.link_ids)), dtype="str"),
            "population_cut_off": failures.people_cut_off,
            "population_rerouted": failures.people_rerouted,
            "person_hours_lost": failures.person_hours_lost,
        }
    )
