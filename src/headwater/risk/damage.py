"""Exposure and damage of assets under hazard layers, from their coverage of the layers' grid.

Damage is the sum over cells of damage share × amount × value per unit of amount. A cell without data is not a dry
cell: it adds no damage and counts as uncovered, and an asset none of whose cells has data has no damage figure.

Knows nothing of files: intensities come as an array [layer, touched cell].
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from headwater.errors import InputError
from headwater.frames import with_columns
from headwater.geo.coverage import Coverage
from headwater.risk.curves import (
    CurveSet,
    choose_curves,
    curve_set,
    load_curve_choices,
    load_curve_register,
    load_curves,
)
from headwater.risk.kernels import curve_table, damage_kernel, exposure_kernel
from headwater.schema import load_schema
from headwater.words import _

Floats = npt.NDArray[np.float64]
Values = npt.NDArray[np.floating[Any]]

BOUNDS = ["", "_low", "_high"]


@dataclass(frozen=True, eq=False)
class Damages:
    """Damage of each asset under each layer.

    Attributes
    ----------
    damage_usd
        [bound, layer, asset], bounds in the order mean, low, high [USD]; missing where the asset has no cell with
        data, no curve or no value.
    uncovered_share
        [layer, asset]: share of the asset outside the grid or on cells without data.
    """

    damage_usd: Floats
    uncovered_share: Floats


def damages(
    coverage: Coverage,
    values: Values,
    *,
    unit_values: Floats,
    curves: CurveSet,
    curve_id: pd.Series,
    damage_scale: npt.ArrayLike = 1.0,
    damage_offset: npt.ArrayLike = 0.0,
) -> Damages:
    """Damage of each asset under each layer.

    A measure changes the share destroyed to share × damage_scale + damage_offset, held between 0 and 1, wherever
    there is damage without it: no measure can cause damage to what was unharmed.

    Parameters
    ----------
    coverage
        Assets × cells of the layers' grid.
    values
        Intensity [unit of `curves`] by layer and touched cell (`coverage.touched_cells()`); NaN is no data.
    unit_values
        Value of one unit of amount [USD per count, m or m2]: rows mean, low, high; one column per asset.
    curves
        Curves in the unit of the layers.
    curve_id
        Curve of each asset, in the order of the coverage; missing where none applies.
    damage_scale, damage_offset
        Effect of a measure on the damage share, one for all or one per asset.

    Returns
    -------
    damages
        Damage and uncovered share.

    Raises
    ------
    InputError
        If the arrays do not fit the coverage.
    NotFound
        If a curve is named that is not in the set.
    """
    positions = _positions(coverage, values)
    count = len(coverage.asset_ids)
    if unit_values.shape != (3, count) or len(curve_id) != count:
        raise InputError(
            _("Unit values and curves must be given for each of the {count} assets covered.").format(count=count)
        )
    damage, uncovered = np.empty((count, 3, len(values))), np.empty((count, len(values)))
    damage_kernel(
        coverage.indptr, positions, coverage.amounts, coverage.total_amounts, _by_cell(values),
        curves.codes(curve_id), curve_table(curves),
        np.broadcast_to(np.asarray(damage_scale, dtype=float), count).copy(),
        np.broadcast_to(np.asarray(damage_offset, dtype=float), count).copy(),
        np.ascontiguousarray(unit_values), damage, uncovered,
    )  # fmt: skip
    return Damages(damage.transpose(1, 2, 0), uncovered.T)


def damages_table(
    assets: pd.DataFrame,
    coverage: Coverage,
    layers: pd.DataFrame,
    values: Values,
    *,
    curves: pd.DataFrame | None = None,
    choices: pd.DataFrame | None = None,
    register: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Table `damages` of assets under intensity layers on one grid, with the uncovered share beside it.

    Parameters
    ----------
    assets
        Indexed by asset_id (see `system.assets.exposed_assets`): sector, kind, is_paved and curve_id choose the curve;
        unit_value_usd, _low and _high [USD per count, m or m2] give the value; damage_scale and damage_offset say
        what a measure does, where one is in place.
    coverage
        Assets × cells of the layers' grid.
    layers
        Rows of `hazard_layers`, in the order of `values`.
    values
        Intensity [the layer's unit] by layer and touched cell.
    curves, choices, register
        Tables `curves`, `curve_choices` and `curve_register`; the packaged ones by default.

    Returns
    -------
    damages
        One row per asset and layer. Damage is missing where the asset has no cell with data, no curve or no value.

    Raises
    ------
    InputError
        If a layer is not an intensity, a value is negative, or the arrays do not fit.
    UnitError
        If a layer's unit is unknown.
    """
    if len(layers) != len(values) or not (layers["quantity"] == "intensity").all():
        raise InputError(_("Damage needs one row of values for each layer, and layers that are intensities."))
    check_intensities(values, layers)
    curves = load_curves() if curves is None else curves
    choices = load_curve_choices() if choices is None else choices
    register = load_curve_register() if register is None else register
    known = assets.reindex(coverage.asset_ids)
    value = unit_values(known)
    scale, offset = _measure(known, "damage_scale", 1.0), _measure(known, "damage_offset", 0.0)
    tables = []
    rows = layers.reset_index(drop=True)
    for (hazard, unit), group in rows.groupby(["hazard", "unit"], sort=False):
        result = damages(
            coverage, np.ascontiguousarray(values[group.index]),
            unit_values=value, curves=curve_set(curves, unit=str(unit)),
            curve_id=choose_curves(known, hazard=str(hazard), choices=choices, register=register),
            damage_scale=scale, damage_offset=offset,
        )  # fmt: skip
        tables.append(_long(coverage, group, result))
    columns = [*load_schema("damages").index, "uncovered_share"]
    return with_columns(pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(), columns)


def exposures(coverage: Coverage, layers: pd.DataFrame, values: Values, *, threshold: float = 0.0) -> pd.DataFrame:
    """Table `exposures`: how much of each asset lies where the intensity is above a threshold.

    Parameters
    ----------
    coverage
        Assets × cells of the layers' grid.
    layers
        Rows of `hazard_layers`, in the order of `values`.
    values
        Intensity [the layer's unit] by layer and touched cell.
    threshold
        Intensity [the layer's unit] above which an asset counts as exposed.

    Returns
    -------
    exposures
        One row per asset with a place and layer; missing where the layer has no data for the asset.

    Raises
    ------
    InputError
        If a value is negative, or the arrays do not fit.
    """
    if len(layers) != len(values):
        raise InputError(_("Exposure needs one row of values for each layer."))
    check_intensities(values, layers)
    above, top, mean, uncovered = exposure_arrays(coverage, values, threshold=threshold)
    table = pd.DataFrame(
        {
            "asset_id": np.tile(coverage.asset_ids.to_numpy(), len(layers)),
            "layer_id": np.repeat(layers["layer_id"].to_numpy(), len(coverage.asset_ids)),
            "exposed_amount": above.ravel(),
            "total_amount": np.tile(coverage.total_amounts, len(layers)),
            "amount_unit": np.tile(coverage.amount_units, len(layers)),
            "intensity_max": top.ravel(),
            "intensity_mean": mean.ravel(),
            "uncovered_share": uncovered.ravel(),
        }
    )
    return table[table["amount_unit"].notna()].reset_index(drop=True)


def exposure_arrays(coverage: Coverage, values: Values, *, threshold: float) -> Floats:
    """Amount above the threshold, greatest intensity, mean intensity, uncovered share: [4, layer, asset].

    The first three are missing where no cell of the asset has data.
    """
    positions = _positions(coverage, values)
    exposure = np.empty((len(coverage.asset_ids), 4, len(values)))
    exposure_kernel(
        coverage.indptr, positions, coverage.amounts, coverage.total_amounts, _by_cell(values), threshold, exposure
    )  # fmt: skip
    return exposure.transpose(1, 2, 0)


def unit_values(assets: pd.DataFrame) -> Floats:
    """Value of one unit of amount [USD per count, m or m2]: rows mean, low, high; one column per asset.

    From the columns unit_value_usd, _low and _high. A bound that is not given is the mean.

    Examples
    --------
    >>> unit_values(pd.DataFrame({"unit_value_usd": [5.0], "unit_value_usd_high": [7.0]})).tolist()
    [[5.0], [5.0], [7.0]]
    """
    mean, *bounds = (_column(assets, f"unit_value_usd{bound}") for bound in BOUNDS)
    return np.stack([mean, *(np.where(np.isnan(bound), mean, bound) for bound in bounds)])


def check_intensities(values: Values, layers: pd.DataFrame) -> None:
    """Raise on a negative intensity: almost always a no-data value that the raster does not declare.

    Raises
    ------
    InputError
        Naming the layer and the value.
    """
    negative = values < 0
    if negative.any():
        layer, cell = np.argwhere(negative)[0]
        raise InputError(
            _(
                "{layer} holds the intensity {value}, which is below 0: declare this value as no data in the raster, "
                "or correct the layer."
            ).format(layer=layers["layer_id"].iloc[layer], value=f"{values[layer, cell]:g}")
        )


# --- pieces ----------------------------------------------------------------------------------------------------------


def _positions(coverage: Coverage, values: Values) -> npt.NDArray[np.integer[Any]]:
    """Column of `values` for each entry of the coverage."""
    cells, positions = coverage.touched_cells()
    if values.ndim != 2 or values.shape[1] != len(cells):
        raise InputError(
            _("Values must be given for each of the {count} cells touched, but have shape {shape}.").format(
                count=len(cells), shape=values.shape
            )
        )
    entries: npt.NDArray[np.integer[Any]] = positions
    return entries


def _by_cell(values: Values) -> Values:
    """The values as [cell, layer], so that all layers of a cell are read together; copied unless they lie so."""
    return np.ascontiguousarray(values.T)


def _column(table: pd.DataFrame, name: str) -> Floats:
    if name not in table:
        return np.full(len(table), np.nan)
    numbers: Floats = table[name].to_numpy(dtype=float, na_value=np.nan)
    return numbers


def _measure(assets: pd.DataFrame, name: str, neutral: float) -> Floats:
    given = _column(assets, name)
    return np.where(np.isnan(given), neutral, given)


def _long(coverage: Coverage, layers: pd.DataFrame, result: Damages) -> pd.DataFrame:
    count = len(coverage.asset_ids)
    keys = layers[["hazard", "scenario", "model", "epoch", "return_period_yr"]]
    table = keys.iloc[np.repeat(np.arange(len(layers)), count)].reset_index(drop=True)
    table.insert(0, "asset_id", np.tile(coverage.asset_ids.to_numpy(), len(layers)))
    for bound, damage in zip(BOUNDS, result.damage_usd, strict=True):
        table[f"damage_usd{bound}"] = damage.ravel()
    return table.assign(uncovered_share=result.uncovered_share.ravel())
