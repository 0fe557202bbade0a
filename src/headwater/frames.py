"""Small habits of tables that every package shares."""

from __future__ import annotations

from collections.abc import Sequence

import geopandas as gpd
import pandas as pd

from headwater.errors import PlaceError
from headwater.words import _


def with_columns(table: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """The table with these columns, in this order; those it lacks are missing values.

    Examples
    --------
    >>> with_columns(pd.DataFrame({"b": [1]}), ["a", "b"]).columns.tolist()
    ['a', 'b']
    """
    return table.reindex(columns=list(columns))


def longitude_latitude(features: gpd.GeoDataFrame | gpd.GeoSeries) -> gpd.GeoSeries:
    """Geometry in WGS 84 longitude and latitude [degrees].

    Raises
    ------
    PlaceError
        If the features have no coordinate reference system.
    """
    shapes = features.geometry
    if shapes.crs is None:
        raise PlaceError(_("The geometry has no coordinate reference system; set one, for example EPSG:4326."))
    return shapes if shapes.crs.equals("EPSG:4326", ignore_axis_order=True) else shapes.to_crs("EPSG:4326")
