"""Hazards that come as a probability in a year: drought, extreme heat, wildfire.

Such a layer says how often, not how bad, so no damage curve applies. What can be said is the loss expected if a year
with the hazard takes all of an asset's capacity: an upper bound, labelled as one.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from headwater.errors import InputError
from headwater.frames import with_columns
from headwater.geo.coverage import Coverage
from headwater.risk.damage import Values, exposure_arrays
from headwater.schema import key_columns, load_schema
from headwater.words import _


def drought_losses(assets: pd.DataFrame, coverage: Coverage, layers: pd.DataFrame, values: Values) -> pd.DataFrame:
    """Table `drought_losses`: expected yearly loss of capacity if a year with the hazard takes all of it.

    Each model and epoch keeps its own rows; `uncertainty.spread` lays them side by side. The probability of an asset
    that lies in several cells is their mean, by its amount in each.

    Parameters
    ----------
    assets
        Indexed by asset_id: capacity, capacity_unit.
    coverage
        Assets × cells of the layers' grid.
    layers
        Rows of `hazard_layers` that are annual probabilities, in the order of `values`.
    values
        Probability in the unit of the layer (1 or %) by layer and touched cell; NaN is no data.

    Returns
    -------
    drought_losses
        One row per asset and layer. Where the layer has no data the probability and loss are missing and is_covered
        is False.

    Raises
    ------
    InputError
        If a layer is not an annual probability, or a value is not between 0 and 1.
    """
    if len(layers) != len(values) or not (layers["quantity"] == "annual_probability").all():
        raise InputError(_("Expected losses need one row of values for each layer, and layers of annual probability."))
    shares = np.asarray(values, dtype=float) * np.where(layers["unit"] == "%", 0.01, 1.0)[:, None]
    _check_probabilities(shares, layers)
    probability = exposure_arrays(coverage, shares, threshold=0.0)[2]
    return _long(assets.reindex(coverage.asset_ids), layers, probability)


def _check_probabilities(shares: Values, layers: pd.DataFrame) -> None:
    """A probability outside 0–1 is usually a no-data value that the file does not declare."""
    outside = (shares < 0) | (shares > 1)
    if outside.any():
        layer, cell = np.argwhere(outside)[0]
        raise InputError(
            _(
                "{layer} holds {value}, which is not a probability: correct the layer's unit, or declare this value as "
                "no data in the raster."
            ).format(layer=layers["layer_id"].iloc[layer], value=f"{shares[layer, cell]:g}")
        )


def _long(assets: pd.DataFrame, layers: pd.DataFrame, probability: Values) -> pd.DataFrame:
    given = with_columns(assets, ["capacity", "capacity_unit"])
    repeated = given.iloc[np.tile(np.arange(len(given)), len(layers))].reset_index(names="asset_id")
    keys = layers[["hazard", "scenario", "model", "epoch"]]
    keys = keys.iloc[np.repeat(np.arange(len(layers)), len(given))].reset_index(drop=True)
    table = pd.concat([repeated, keys], axis=1).assign(annual_probability=probability.ravel())
    table["expected_loss"] = table["annual_probability"] * table["capacity"].astype(float)
    table["is_covered"] = table["annual_probability"].notna()
    ordered = with_columns(table, list(load_schema("drought_losses").index))
    return ordered.sort_values(key_columns("drought_losses"), ignore_index=True)
