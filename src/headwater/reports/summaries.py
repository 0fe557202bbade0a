"""What the report says of each table: totals, rankings and ranges, as smaller tables.

Adds up and sorts what the models worked out. Never adds or averages over scenarios, models or epochs: each
combination of hazard, scenario, model and epoch stays apart. A total of nothing known is missing, not zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pandas as pd

CASE = ["hazard", "scenario", "model", "epoch"]
"""What must never be mixed in one total."""

BANDS_H = (0.5, 1.0, 2.0, 4.0)
"""Upper bounds of the bands of travel time [h]; the last band is open."""

METRES_PER_KM = 1000.0
"""Metres in a kilometre."""


def components(assets: pd.DataFrame, links: pd.DataFrame) -> pd.DataFrame:
    """Assets and links in one table, indexed by their shared identifier.

    Returns
    -------
    table
        sector, kind, name, geometry (None where unknown), length_m (links only), is_link.

    Examples
    --------
    >>> assets = pd.DataFrame({"asset_id": ["a", "b"], "name": ["A", "B"], "sector": "transport", "kind": "town"})
    >>> links = pd.DataFrame({"link_id": ["r"], "from_asset_id": ["a"], "to_asset_id": ["b"], "sector": "transport",
    ...                       "kind": "road", "length_m": [5.0]})
    >>> components(assets, links).loc["r", "name"]
    'A – B'
    """
    named = dict(zip(assets["asset_id"], assets["name"], strict=True)) if len(assets) else {}
    columns = ["sector", "kind", "name", "geometry", "length_m", "is_link"]
    parts = []
    if len(assets):
        parts.append(assets.assign(is_link=False).set_index("asset_id").reindex(columns=columns))
    if len(links):
        ends = [links[end].astype(str).map(lambda key: named.get(key, key)) for end in ("from_asset_id", "to_asset_id")]
        linked = links.assign(name=ends[0] + " – " + ends[1], is_link=True).set_index("link_id")
        parts.append(linked.reindex(columns=columns))
    if not parts:
        return pd.DataFrame(columns=columns)
    return pd.concat([pd.DataFrame(part).astype(object) for part in parts])


def system_counts(table: pd.DataFrame) -> pd.DataFrame:
    """Assets and links by sector and kind: how many, how many with a place, and their length.

    Parameters
    ----------
    table
        From `components`.
    """
    lengths = pd.to_numeric(table["length_m"])
    rows = table.assign(length_m=lengths, placed=table["geometry"].notna()).groupby(["sector", "kind"])
    counts = rows.agg(count=("name", "size"), placed=("placed", "sum"))
    counts["length_m"] = rows["length_m"].sum(min_count=1)
    return counts.reset_index().sort_values(["sector", "count"], ascending=[True, False], ignore_index=True)


def case_columns(table: pd.DataFrame) -> list[str]:
    """The columns of `CASE` that a table has."""
    return [column for column in CASE if column in table]


def exposed(exposures: pd.DataFrame, hazard_layers: pd.DataFrame) -> pd.DataFrame:
    """Exposed and total amounts by case, return period and unit.

    Parameters
    ----------
    exposures, hazard_layers
        Tables of those names.

    Returns
    -------
    table
        One row for each (case, return_period_yr, amount_unit): exposed, total, and how much of the total lies where
        the layer has no data: uncovered.
    """
    layers = hazard_layers[["layer_id", *case_columns(hazard_layers), "return_period_yr"]]
    joined = exposures.merge(layers, on="layer_id", validate="many_to_one")
    share = joined["uncovered_share"] if "uncovered_share" in joined else pd.Series(0.0, index=joined.index)
    joined = joined.assign(uncovered=joined["total_amount"] * share.fillna(1.0))
    keys = [*case_columns(joined), "return_period_yr", "amount_unit"]
    grouped = joined.groupby(keys, dropna=False)
    amounts = pd.DataFrame(
        {
            "exposed": grouped["exposed_amount"].sum(min_count=1),
            "total": grouped["total_amount"].sum(min_count=1),
            "uncovered": grouped["uncovered"].sum(),
        }
    )
    return amounts.reset_index()


def totals(table: pd.DataFrame, keys: Sequence[str], values: Sequence[str]) -> pd.DataFrame:
    """Sums of columns by keys, in the order of the keys; the sum of nothing known is missing.

    Parameters
    ----------
    table
        Any table.
    keys
        Columns that tell rows apart; missing keys are a group of their own.
    values
        Columns to add up; those the table does not have are left out.

    Examples
    --------
    >>> rows = pd.DataFrame({"rule": ["a", "a"], "usd": [1.0, 2.0]})
    >>> float(totals(rows, ["rule"], ["usd"]).loc[0, "usd"])
    3.0
    """
    present = [value for value in values if value in table]
    return table.groupby(list(keys), dropna=False)[present].sum(min_count=1).reset_index()


def bounded(name: str) -> list[str]:
    """A value's columns: itself, low and high.

    Examples
    --------
    >>> bounded("damage_usd")
    ['damage_usd', 'damage_usd_low', 'damage_usd_high']
    """
    return [name, f"{name}_low", f"{name}_high"]


def matching(table: pd.DataFrame, case: pd.Series) -> pd.DataFrame:
    """Rows of one case.

    Parameters
    ----------
    table
        Any table with columns of `CASE`.
    case
        Values to match; a missing value matches a missing value.
    """
    keep = pd.Series(True, index=table.index)
    for column in case_columns(table):
        if column in case.index:
            value = case[column]
            keep &= table[column].isna() if pd.isna(value) else (table[column] == value)
    return table[keep]


def sides(table: pd.DataFrame, keys: Sequence[str], values: Sequence[str]) -> pd.DataFrame:
    """What is lost with dependencies and without them, side by side.

    Parameters
    ----------
    table
        Any table with the column with_cascade.
    keys
        Columns that tell its other rows apart; a missing key matches a missing key.
    values
        Columns to set side by side; those the table does not have are left out.

    Returns
    -------
    table
        The keys, each value with dependencies counted, and without as `{value}_direct`; missing where a side is.

    Examples
    --------
    >>> rows = pd.DataFrame({"service": "water", "with_cascade": [True, False], "people": [5.0, 2.0]})
    >>> sides(rows, ["service"], ["people"]).to_dict("records")
    [{'service': 'water', 'people': 5.0, 'people_direct': 2.0}]
    """
    present = [value for value in values if value in table]
    is_on = table["with_cascade"].astype(bool)
    on, off = table.loc[is_on, [*keys, *present]], table.loc[~is_on, [*keys, *present]]
    return on.merge(off.rename(columns={value: f"{value}_direct" for value in present}), on=list(keys), how="left")


def drought_spread(losses: pd.DataFrame) -> pd.DataFrame:
    """Least and greatest probability and loss of each asset, over all models, scenarios and epochs.

    Parameters
    ----------
    losses
        Table `drought_losses`; assets without capacity have no expected loss.

    Returns
    -------
    table
        One row an asset, largest capacity first: capacity, capacity_unit, probability_min, probability_max, loss_min,
        loss_max, results (how many), covered (how many of them).
    """
    spread = losses.groupby("asset_id").agg(
        capacity=("capacity", "max"),
        capacity_unit=("capacity_unit", "first"),
        probability_min=("annual_probability", "min"),
        probability_max=("annual_probability", "max"),
        loss_min=("expected_loss", "min"),
        loss_max=("expected_loss", "max"),
        results=("is_covered", "size"),
        covered=("is_covered", "sum"),
    )
    return spread.reset_index().sort_values(
        ["capacity", "probability_max", "asset_id"], ascending=[False, False, True], ignore_index=True
    )


def access_bands(access: pd.DataFrame) -> pd.DataFrame:
    """People by service and band of travel time.

    Parameters
    ----------
    access
        Table `access`.

    Returns
    -------
    table
        Indexed by service; a column for each band, 0 to 4, and "unreached"; people.

    Examples
    --------
    >>> rows = pd.DataFrame({"service": "hospital", "population": [10, 5], "hours": [0.5, None],
    ...                      "is_reached": [True, False]})
    >>> access_bands(rows).loc["hospital"].tolist()
    [10, 0, 0, 0, 0, 5]
    """
    edges = [-1.0, *BANDS_H, float("inf")]
    band = pd.cut(access["hours"].astype(float), edges, labels=[str(i) for i in range(len(edges) - 1)]).astype(str)
    band = band.where(access["is_reached"].astype(bool), "unreached")
    wide = access.assign(band=band).pivot_table("population", "service", "band", "sum", fill_value=0)
    return wide.reindex(columns=[*(str(i) for i in range(len(edges) - 1)), "unreached"], fill_value=0)


def chosen_counts(plans: pd.DataFrame) -> pd.Series:
    """In how many plans each option is chosen, by option.

    Examples
    --------
    >>> chosen_counts(pd.DataFrame({"plan_id": ["p", "q"], "option_id": ["a", "a"]}))["a"]
    np.int64(2)
    """
    return plans.groupby("option_id")["plan_id"].nunique()


def measure_summary(options: pd.DataFrame, appraisals: pd.DataFrame, effects: pd.DataFrame) -> pd.DataFrame:
    """Options by measure: how many, what they cost, what they avoid, how many pay.

    Parameters
    ----------
    options, appraisals, effects
        Tables of those names; only options made from a measure count.

    Returns
    -------
    table
        One row a measure: options, initial_cost_usd, avoided_usd_per_yr, npv_usd, bcr_median, bcr_max, paying (options
        whose benefit–cost ratio is 1 or more).
    """
    made = options[options["measure_id"].notna()] if "measure_id" in options else options.iloc[:0]
    made = made[["option_id", "measure_id"]].merge(appraisals, on="option_id", how="inner")
    avoided = avoided_damage(effects).rename("avoided_usd_per_yr")
    rows = made.merge(avoided, left_on="option_id", right_index=True, how="left")
    grouped = rows.assign(is_paying=rows["bcr"] >= 1).groupby("measure_id")
    summary = grouped.agg(options=("option_id", "size"), paying=("is_paying", "sum"))
    for column in ("initial_cost_usd", "avoided_usd_per_yr", "npv_usd"):
        summary[column] = grouped[column].sum(min_count=1)
    summary["bcr_median"], summary["bcr_max"] = grouped["bcr"].median(), grouped["bcr"].max()
    return summary.reset_index().sort_values("npv_usd", ascending=False, ignore_index=True)


def avoided_damage(effects: pd.DataFrame) -> pd.Series:
    """Expected annual damage that each option avoids [usd/yr], by option."""
    if effects.empty:
        return pd.Series(dtype=float)
    damage = effects[effects["item"].astype(str).str.startswith("ead_usd_per_yr")]
    return damage.groupby("option_id")["amount"].sum()


def ratio_classes(bcr: pd.Series) -> list[int]:
    """How many benefit–cost ratios fall below 0.5, 1, 2 and 5, and from 5 upwards.

    Examples
    --------
    >>> ratio_classes(pd.Series([0.1, 0.5, 1, 7]))
    [1, 1, 1, 0, 1]
    """
    edges = [float("-inf"), 0.5, 1, 2, 5, float("inf")]
    return [int(((bcr >= low) & (bcr < high)).sum()) for low, high in pairwise(edges)]
