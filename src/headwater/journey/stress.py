"""Stress: what hazards do to the assets, layer group by layer group, and what drought leaves of capacity."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from headwater.errors import InputError, UnitError
from headwater.geo.coverage import Coverage, coverage
from headwater.geo.grid import Grid
from headwater.risk.curves import (
    choose_curves,
    load_curve_choices,
    load_curve_register,
    load_curve_sources,
    load_curves,
)
from headwater.risk.damage import damages_table, exposures
from headwater.risk.drought import drought_losses
from headwater.risk.expected import RULES, Rule, expected_annual_damage
from headwater.risk.hazards import layer_groups
from headwater.schema import empty
from headwater.system.assets import exposed_assets
from headwater.units import convert
from headwater.words import _

ReadGrid = Callable[[str], Grid]
"""Grid of a raster, by its path in the study."""

ReadValues = Callable[[Sequence[str], Grid, npt.NDArray[np.int64]], npt.NDArray[np.floating[Any]]]
"""Values [raster, cell] of rasters on one grid at some of its cells; NaN where there is no data."""


@dataclass(frozen=True, eq=False)
class Exposure:
    """Assets on the grid of a group of hazard layers, and the layers' values where assets are."""

    layers: pd.DataFrame
    coverage: Coverage
    values: npt.NDArray[np.floating[Any]]


@dataclass(frozen=True, eq=False)
class Curves:
    """Vulnerability curves: the study's own before the packaged ones."""

    curves: pd.DataFrame
    register: pd.DataFrame
    choices: pd.DataFrame


def study_curves(curves: pd.DataFrame, register: pd.DataFrame, choices: pd.DataFrame) -> Curves:
    """The study's curves and choices, and the packaged ones where the study says nothing.

    A study's choice for any road takes the place of the packaged choices for roads of every kind and pavement.
    """
    own_curves, own_names = curves["curve_id"], register["curve_id"]
    packaged, packaged_names = load_curves(), load_curve_register()
    return Curves(
        _first(curves, packaged[~packaged["curve_id"].isin(own_curves)]),
        _first(register, packaged_names[~packaged_names["curve_id"].isin(own_names)]),
        _first(choices, _not_covered(load_curve_choices(), choices)),
    )


def curve_sources(assets: pd.DataFrame, links: pd.DataFrame, layers: pd.DataFrame, curves: Curves) -> pd.DataFrame:
    """Packaged rows of `sources` behind the curves that the study's assets get for its hazards."""
    kinds = pd.concat([table.reindex(columns=KINDS) for table in (assets, links)]).drop_duplicates()
    hazards = layers.loc[layers["quantity"] == "intensity", "hazard"].unique()
    chosen = [choose_curves(kinds, hazard=h, choices=curves.choices, register=curves.register) for h in hazards]
    used = curves.register[curves.register["curve_id"].isin({c for part in chosen for c in part.dropna()})]
    packaged = load_curve_sources()
    return packaged[packaged["source_id"].isin(used["source_id"])]


KINDS = ["sector", "kind", "is_paved", "curve_id"]
"""What the choice of a curve depends on."""


def _first(own: pd.DataFrame, packaged: pd.DataFrame) -> pd.DataFrame:
    return packaged if own.empty else pd.concat([own, packaged], ignore_index=True)


def _not_covered(packaged: pd.DataFrame, own: pd.DataFrame) -> pd.DataFrame:
    """Packaged choices of curves that no choice of the study takes the place of."""
    pairs = packaged.reset_index().merge(
        own.fillna({"is_paved": "any"}), on=["hazard", "sector"], suffixes=("", "_own")
    )
    family = pairs["kind"].str.split("_", n=1).str[0]
    of_kind = (pairs["kind_own"] == "any") | (pairs["kind_own"] == pairs["kind"]) | (pairs["kind_own"] == family)
    of_pavement = (pairs["is_paved_own"] == "any") | (pairs["is_paved_own"] == pairs["is_paved"])
    return packaged[~packaged.index.isin(pairs.loc[of_kind & of_pavement, "index"])]


def groups(layers: pd.DataFrame) -> list[pd.DataFrame]:
    """Work items: intensity layers of one hazard, scenario, model and epoch at a time."""
    return list(layer_groups(layers))


def same_places(one: gpd.GeoSeries, other: gpd.GeoSeries) -> bool:
    """Whether two sets of assets have the same names and the same geometry."""
    return bool(one.index.equals(other.index) and one.to_wkb().equals(other.to_wkb()))


def reached_m(exposures: Sequence[Exposure], base: pd.DataFrame) -> pd.Series:
    """Length [m] of each damaged asset that the rarest event of any hazard reaches, by asset_id.

    Parameters
    ----------
    exposures
        Assets on hazard layers.
    base
        Expected damages indexed by asset_id: only assets with some are counted.
    """
    lengths = []
    for exposure in exposures:
        rarest = int(exposure.layers["return_period_yr"].to_numpy().argmax())
        layer = exposure.layers.iloc[[rarest]]
        lengths.append(exposed_amounts(exposure.coverage, layer, exposure.values[[rarest]]))
    reached = pd.concat(lengths, axis=1).max(axis=1)
    damaged = base.index[base["ead_usd_per_yr"] > 0]
    return reached[reached.index.isin(damaged) & (reached > 0)]


def exposed_amounts(covered: Coverage, layer: pd.DataFrame, values: npt.NDArray[np.floating[Any]]) -> pd.Series:
    """Amount of each asset that a layer reaches at all, by asset_id."""
    return exposures(covered, layer, values, threshold=0.0).set_index("asset_id")["exposed_amount"]


def expose(shapes: gpd.GeoSeries, layers: pd.DataFrame, *, read_grid: ReadGrid, read_values: ReadValues) -> Exposure:
    """Assets on the grid of layers that share one, and the layers' values there.

    Parameters
    ----------
    shapes
        Geometry by asset_id; assets without a place are left out.
    layers
        Rows of `hazard_layers` on one grid.
    read_grid, read_values
        Readers of rasters.
    """
    grid = read_grid(layers["file"].iloc[0])
    covered = coverage(shapes[shapes.notna() & ~shapes.is_empty], grid)
    return Exposure(layers, covered, read_values(list(layers["file"]), grid, covered.touched_cells()[0]))


def damage(assets: gpd.GeoDataFrame, exposure: Exposure, curves: Curves) -> pd.DataFrame:
    """Table `damages` of one group of layers, with the uncovered share beside it."""
    return damages_table(
        assets, exposure.coverage, exposure.layers, exposure.values,
        curves=curves.curves, register=curves.register, choices=curves.choices,
    )  # fmt: skip


def exposed(exposure: Exposure, *, threshold: float, unit: str) -> pd.DataFrame:
    """Table `exposures` of one group of layers above a threshold [unit], taken as 0 for hazards of another quantity."""
    layers, parts = exposure.layers.reset_index(drop=True), []
    for own_unit, rows in layers.groupby("unit", sort=False):
        try:
            limit = convert(float(threshold), unit, str(own_unit))
        except UnitError:
            limit = 0.0
        parts.append(exposures(exposure.coverage, rows, exposure.values[rows.index], threshold=limit))
    return pd.concat(parts, ignore_index=True)


def hit(
    assets: gpd.GeoDataFrame, layers: pd.DataFrame, *, curves: Curves, threshold: float, unit: str,
    read_grid: ReadGrid, read_values: ReadValues,
) -> tuple[pd.DataFrame, pd.DataFrame]:  # fmt: skip
    """Tables `exposures` and `damages` of one group of layers: a work item."""
    exposure = expose(assets.geometry, layers, read_grid=read_grid, read_values=read_values)
    return exposed(exposure, threshold=threshold, unit=unit), damage(assets, exposure, curves)


def expected(damages: pd.DataFrame, assets: pd.DataFrame, *, rules: Sequence[Rule] = RULES) -> pd.DataFrame:
    """Table `expected_damages` under each rule, with the protection that assets are designed for."""
    if damages.empty:
        return empty("expected_damages")
    protection = assets.get("design_return_period_yr")
    parts = [expected_annual_damage(damages, rule=rule, protection_return_period_yr=protection) for rule in rules]
    return pd.concat(parts, ignore_index=True)


def of_rule(expected_damages: pd.DataFrame, rule: str) -> pd.DataFrame:
    """Rows of `expected_damages` under one rule of integration.

    Raises
    ------
    InputError
        If there is no such rule.
    """
    if rule not in RULES:
        raise InputError(_("There is no rule «{rule}»; there are {rules}.").format(rule=rule, rules=", ".join(RULES)))
    return expected_damages[expected_damages["ead_rule"] == rule].reset_index(drop=True)


def drought(
    assets: gpd.GeoDataFrame, layers: pd.DataFrame, *, read_grid: ReadGrid, read_values: ReadValues
) -> pd.DataFrame:
    """Table `drought_losses`: assets that depend on run-off under layers of annual probability, each layer apart.

    Those are hydropower and every asset of the water sector. Thermal plants need cooling water too, but how much of
    their capacity a drought takes is not known here, so they are left out rather than counted as unharmed.
    """
    thirsty = (assets["kind"] == "hydropower") | (assets["sector"] == "water")
    parts, limited = [], assets[thirsty].set_index("asset_id")
    for _name, layer in layers.groupby("layer_id", sort=True):
        exposure = expose(limited.geometry, layer, read_grid=read_grid, read_values=read_values)
        parts.append(drought_losses(limited, exposure.coverage, layer, exposure.values))
    return pd.concat(parts, ignore_index=True) if parts else empty("drought_losses")


__all__ = [
    "Curves", "Exposure", "damage", "drought", "expected", "expose", "exposed", "exposed_assets", "groups", "hit",
    "of_rule", "reached_m", "same_places", "study_curves",
]  # fmt: skip
