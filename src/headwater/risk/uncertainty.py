"""How far apart the answers are: bounds of a figure, and the spread between models.

Models and scenarios are never averaged into one figure; what is offered is their smallest, middle and largest.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from headwater.errors import InputError
from headwater.words import _


def spread(
    table: pd.DataFrame,
    value: str,
    *,
    by: Sequence[str] = ("asset_id", "hazard", "scenario", "epoch"),
    over: str = "model",
) -> pd.DataFrame:
    """Smallest, middle and largest of a figure over models, each combination of the other keys by itself.

    A model whose figure is missing is not counted. The middle of an even number of models is half-way between the
    two in the middle.

    Parameters
    ----------
    table
        One row per key and model.
    value
        Column to spread.
    by
        Columns held fixed.
    over
        Column spread over.

    Returns
    -------
    spread
        Columns of `by`, then {value}_min, {value}_median, {value}_max, and how many models had a figure.

    Raises
    ------
    InputError
        If a model appears twice for one key: something else sets the rows apart and must be held fixed too.

    Examples
    --------
    >>> losses = pd.DataFrame({"asset_id": "dam", "model": ["a", "b", "c"], "expected_loss": [1.0, 2.0, 9.0]})
    >>> spread(losses, "expected_loss", by=["asset_id"])
      asset_id  expected_loss_min  expected_loss_median  expected_loss_max  models
    0      dam                1.0                   2.0                9.0       3
    """
    keys = list(by)
    if table.duplicated([*keys, over]).any():
        raise InputError(
            _("Several rows for one {over}: hold fixed whatever else sets them apart, besides {keys}.").format(
                over=over, keys=", ".join(keys)
            )
        )
    figures = table.groupby(keys, dropna=False, sort=True)[value]
    summary = figures.agg(["min", "median", "max", "count"])
    names = {"min": f"{value}_min", "median": f"{value}_median", "max": f"{value}_max", "count": f"{over}s"}
    return summary.rename(columns=names).reset_index()


def totals(table: pd.DataFrame, values: Sequence[str], *, by: Sequence[str]) -> pd.DataFrame:
    """Sums over assets, bound by bound, with the number of assets that have a figure.

    The low total is the sum of the low bounds, the high total that of the high ones: the range if all assets err the
    same way, which errors in a shared curve or unit cost do. Assets without a figure are not counted as nothing: how
    many there are is stated.

    Parameters
    ----------
    table
        One row per asset and whatever else.
    values
        Columns to sum; the first is the figure, others its bounds.
    by
        Columns to keep apart. Scenario, model and epoch belong here whenever there are several.

    Returns
    -------
    totals
        Columns of `by`, the sums (missing if no asset has a figure), and assets_with_figure, assets_without_figure.

    Raises
    ------
    InputError
        If several scenarios, models or epochs would be added up.

    Examples
    --------
    >>> ead = pd.DataFrame({"hazard": "river_flood", "ead_usd_per_yr": [2.0, 3.0, None]})
    >>> totals(ead, ["ead_usd_per_yr"], by=["hazard"])
            hazard  ead_usd_per_yr  assets_with_figure  assets_without_figure
    0  river_flood             5.0                   2                      1
    """
    keys = list(by)
    for column in [c for c in ("scenario", "model", "epoch", "ead_rule") if c in table and c not in keys]:
        if len(table[column].unique()) > 1:
            raise InputError(
                _("Rows of several kinds of {column} cannot be added up: keep them apart.").format(column=column)
            )
    groups = table.groupby(keys, dropna=False, sort=True)
    sums = groups[list(values)].sum(min_count=1)
    known = groups[values[0]].count()
    return sums.assign(assets_with_figure=known, assets_without_figure=groups.size() - known).reset_index()
