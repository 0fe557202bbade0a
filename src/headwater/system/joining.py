"""Where places join the graph of a service: at its nearest node, or in its pool.

Knows nothing of what the service is, who supplies it or who needs it.
"""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from headwater.frames import longitude_latitude
from headwater.geo.distance import nearest
from headwater.system.layers import NONE, Floats, Numbers
from headwater.system.network import positions


@dataclass(frozen=True, eq=False)
class Joints:
    """The nodes of one service at which others may join it.

    Attributes
    ----------
    node_ids
        Names of the nodes that are assets, sorted; positions are the numbers of the nodes.
    lon, lat
        float64 [nodes]; where each is [degrees]; missing where nothing can join.
    is_joint
        bool [nodes]; whether anything joins there: a node without links leads nowhere.
    pool
        Number of the node that stands for the pool, -1 where there is none.
    max_distance_m
        How far a place may be from its node [m]; infinite where it does not matter. What is farther joins the pool.
    """

    node_ids: pd.Index
    lon: Floats
    lat: Floats
    is_joint: npt.NDArray[np.bool_]
    pool: int
    max_distance_m: float


def joined(
    items: pd.DataFrame, joints: Joints, *, max_distance_m: npt.ArrayLike | None = None
) -> tuple[Numbers, Floats]:
    """Node where each item joins a service, and how far it is.

    An asset that is itself a node joins there. Any other item joins the nearest node, by geodesic distance, an area
    from a point inside it; of nodes in one place, the first by name. What is too far from every node or has no place
    joins the pool, if there is one.

    Parameters
    ----------
    items
        Table `assets` or `zones`, with or without geometry.
    joints
        Nodes of the service.
    max_distance_m
        How far each item may be from its node [m]; that of `joints` by default. Where there is a pool, that of
        `joints` holds too.

    Returns
    -------
    node
        int32 [items]; -1 where the item joins nowhere.
    distance_m
        float64 [items]; distance to that node; missing in the pool and nowhere.

    Raises
    ------
    PlaceError
        If the items have no coordinate reference system.

    Examples
    --------
    >>> substations = Joints(pd.Index(["east", "west"]), np.array([1.0, 0.0]), np.zeros(2), np.ones(2, bool), -1, 2e3)
    >>> towns = gpd.GeoDataFrame(
    ...     {"zone_id": ["far", "near"]}, geometry=gpd.points_from_xy([0.5, 0.99], [0, 0]), crs="EPSG:4326"
    ... )
    >>> node, distance_m = joined(towns, substations)
    >>> node.tolist(), distance_m.round(0).tolist()
    ([-1, 0], [nan, 1113.0])
    """
    node, distance = _nearest(items, joints)
    if "asset_id" in items.columns:
        itself = positions(items["asset_id"].astype("str"), joints.node_ids[joints.is_joint])
        is_node = itself >= 0
        node[is_node], distance[is_node] = np.flatnonzero(joints.is_joint)[itself[is_node]], 0.0
    limit = np.broadcast_to(joints.max_distance_m if max_distance_m is None else max_distance_m, node.shape)
    if joints.pool != NONE:
        limit = np.minimum(limit, joints.max_distance_m)
    near = (node >= 0) & (distance <= limit)
    return np.where(near, node, joints.pool).astype(np.int32), np.where(near, distance, np.nan)


def _nearest(items: pd.DataFrame, joints: Joints) -> tuple[npt.NDArray[np.int64], Floats]:
    """Nearest node of each item, however far; -1 and infinity where there is none or the item has no place."""
    node, distance = np.full(len(items), NONE, np.int64), np.full(len(items), np.inf)
    targets = np.flatnonzero(joints.is_joint & np.isfinite(joints.lon))
    lon, lat = points(items)
    located = np.isfinite(lon)
    if targets.size and located.any():
        places, first = np.unique(np.column_stack([joints.lon, joints.lat])[targets], axis=0, return_index=True)
        found, distance[located] = nearest(np.column_stack([lon, lat])[located], places)
        node[located] = targets[first[found]]
    return node, distance


def points(items: pd.DataFrame) -> tuple[Floats, Floats]:
    """Longitude and latitude of each item [degrees], of an area at a point inside it; missing where not known."""
    if "geometry" not in items.columns or not len(items):
        return np.full(len(items), np.nan), np.full(len(items), np.nan)
    shapes = longitude_latitude(gpd.GeoSeries(items["geometry"])).representative_point()
    return shapes.x.to_numpy(np.float64), shapes.y.to_numpy(np.float64)
