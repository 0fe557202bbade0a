"""What can be damaged: assets and links as one table, each with what a unit of it costs to replace.

Knows nothing of hazards: it says what there is, not what happens to it.
"""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from headwater.frames import longitude_latitude, with_columns
from headwater.geo.distance import geodesic_area_m2, geodesic_length_m
from headwater.schema import check
from headwater.system.network import check_lines, check_rows, positions
from headwater.words import _

BOUNDS = ("", "_low", "_high")
COLUMNS = [
    "geometry", "table", "sector", "kind", "status", "is_paved", "lanes", "unit_value_usd", "unit_value_usd_low",
    "unit_value_usd_high", "value_unit", "design_return_period_yr", "curve_id", "damage_scale", "damage_offset",
]  # fmt: skip

DTYPES = {
    "is_paved": "boolean", "lanes": "Int64", "status": "str", "curve_id": "str", "value_unit": "str",
    "design_return_period_yr": "float64", "damage_scale": "float64", "damage_offset": "float64",
}  # fmt: skip


def exposed_assets(assets: pd.DataFrame, links: pd.DataFrame) -> gpd.GeoDataFrame:
    """Assets and links as one table, with the value of a unit of each.

    The unit follows the geometry: a metre of a line, a square metre of an area, a point (the cost of an asset of
    several points is shared among them). The cost of a link per kilometre is that of the whole cross-section: lanes
    are already in it and are not multiplied again. A bound that is not given equals the value: no spread is claimed.

    Parameters
    ----------
    assets
        Table `assets`. Columns `damage_scale` and `damage_offset`, set by the changes of options, are optional.
    links
        Table `links`, with the same optional columns.

    Returns
    -------
    exposed
        GeoDataFrame in longitude and latitude, indexed by sorted asset_id (of assets, and link_id of links): geometry
        (missing when not known), table (assets or links), sector, kind, status, is_paved, lanes, unit_value_usd with
        _low and _high [USD per value_unit], value_unit (m, m2, count), design_return_period_yr, curve_id,
        damage_scale (1 by default), damage_offset (0 by default). A value is missing where there is no cost, no
        geometry, or a cost to spread over no length or area.

    Raises
    ------
    TableError
        If a table breaks its schema, a name is used twice in the two, or a link is not a line.
    PlaceError
        If geometry comes without a coordinate reference system, or mixes points, lines and areas in one row.

    Examples
    --------
    >>> links = gpd.GeoDataFrame(
    ...     {"link_id": ["road"], "from_asset_id": "x", "to_asset_id": "y", "replacement_cost_usd_per_km": 5e5},
    ...     geometry=[shapely.LineString([(5, 1), (5.01, 1)])], crs="EPSG:4326",
    ... ).assign(sector="transport", kind="road_primary", source_id="survey")
    >>> assets = gpd.GeoDataFrame(
    ...     {"asset_id": ["plant"], "name": "Plant", "replacement_cost_usd": 8e6},
    ...     geometry=[shapely.Point(5, 1)], crs="EPSG:4326",
    ... ).assign(sector="energy", kind="solar", source_id="survey")
    >>> exposed_assets(assets, links)[["unit_value_usd", "value_unit"]]
              unit_value_usd value_unit
    asset_id
    plant          8000000.0      count
    road               500.0          m
    """
    check(assets, "assets")
    check(links, "links")
    _check_names(assets, links)
    check_lines(links, name="links")
    both = pd.concat([_asset_rows(assets).astype(DTYPES), _link_rows(links).astype(DTYPES)])
    typed = both.fillna({"damage_scale": 1.0, "damage_offset": 0.0})
    return gpd.GeoDataFrame(typed.sort_index(), geometry="geometry", crs="EPSG:4326")


def amounts(shapes: gpd.GeoSeries) -> pd.DataFrame:
    """How much there is of each feature, in the unit its geometry calls for.

    Parameters
    ----------
    shapes
        Geometry in longitude and latitude; missing and empty allowed.

    Returns
    -------
    amounts
        Indexed as `shapes`: amount and value_unit (points: count; lines: geodesic m; areas: ellipsoidal m2); both
        missing where there is no geometry.
    """
    values = shapes.to_numpy()
    dimension = np.where(shapely.is_missing(values) | shapely.is_empty(values), -1, shapely.get_dimensions(values))
    points, lines, areas = (dimension == d for d in range(3))
    measured = [shapely.get_num_geometries(values), geodesic_length_m(shapes), geodesic_area_m2(shapes)]
    amount = np.select([points, lines, areas], measured, np.nan)
    unit = pd.Series(np.select([points, lines, areas], ["count", "m", "m2"], ""), index=shapes.index, dtype="str")
    return pd.DataFrame({"amount": amount, "value_unit": unit.where(unit != "")}, index=shapes.index)


def _asset_rows(assets: pd.DataFrame) -> pd.DataFrame:
    rows = pd.DataFrame(assets).assign(geometry=_shapes(assets), table="assets")
    rows.index = pd.Index(assets["asset_id"].astype("str"), name="asset_id")
    measured = amounts(gpd.GeoSeries(rows["geometry"], crs="EPSG:4326"))
    amount = measured["amount"].where(measured["amount"] > 0)
    return _valued(rows.assign(value_unit=measured["value_unit"]), "replacement_cost_usd", amount)


def _link_rows(links: pd.DataFrame) -> pd.DataFrame:
    rows = pd.DataFrame(links).assign(geometry=_shapes(links), table="links")
    rows.index = pd.Index(links["link_id"].astype("str"), name="asset_id")
    metres = pd.Series(1000.0, index=rows.index)
    return _valued(rows.assign(value_unit="m"), "replacement_cost_usd_per_km", metres)


def _valued(rows: pd.DataFrame, cost: str, amount: pd.Series) -> pd.DataFrame:
    """Rows with unit values: the cost over the amount it buys."""
    costs = with_columns(pd.DataFrame(rows), [cost + bound for bound in BOUNDS]).astype("float64")
    for bound in BOUNDS:
        rows[f"unit_value_usd{bound}"] = costs[cost + bound].fillna(costs[cost]) / amount
    return with_columns(pd.DataFrame(rows), COLUMNS)


def _shapes(table: pd.DataFrame) -> npt.NDArray[np.object_]:
    if "geometry" not in table.columns:
        return np.full(len(table), None, dtype=object)
    return np.asarray(longitude_latitude(table).to_numpy(), dtype=object)


def _check_names(assets: pd.DataFrame, links: pd.DataFrame) -> None:
    problem = _("is also the name of an asset")
    remedy = _("rename one of them: assets and links share their names")
    is_taken = positions(links["link_id"], assets["asset_id"]) >= 0
    check_rows(links["link_id"], is_taken, table="links", problem=problem, remedy=remedy)
