"""Measures offered on the places they fit: each pair is an option with its costs and its changes.

A measure is a type of work with a unit cost, say drainage at so many dollars a kilometre. Knows nothing of what a
measure is worth on a given place: the models find that out.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd

from headwater.errors import Fault, TableError
from headwater.frames import with_columns
from headwater.options.changes import DEFAULTS
from headwater.schema import SHOWN_PER_RULE, check, load_schema
from headwater.words import _

COSTS = ("initial", "periodic", "routine")
BASES = {"km": "links", "lane_km": "links", "asset": "assets"}
"""Table whose rows a cost basis applies to."""
NOTHING = {"design_return_period_yr": 1.0, "is_paved": False}
"""What a blank means to a measure: no protection, and no paving to be seen."""


def options_from_measures(
    measures: pd.DataFrame,
    links: pd.DataFrame,
    *,
    assets: pd.DataFrame | None = None,
    row_ids: Collection[str] | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Options and changes: every measure on every place it fits.

    A measure fits a link (cost per km or lane-km) or an asset (cost per asset) of its sector whose kind starts with
    `applies_to_kind` and whose surface is `applies_to_paved`; a link whose surface is unknown is offered no measure
    that depends on it. What a measure does adds to what is there: damage scales multiply, offsets are scaled and
    added, and protection is never lowered. A pair that would change nothing is not offered. The options of a place
    exclude one another.

    Costs are the unit cost times the kilometres, lane-kilometres or one. Lanes count here only, because the unit cost
    is per lane; replacement costs in `links` are of the whole cross-section and are not touched. Neither is the
    vulnerability curve: a link that becomes paved changes curve only if its curve is chosen by surface.

    Parameters
    ----------
    measures
        Table `measures`: unit costs and what each measure does.
    links
        Table `links`, with `length_m` [m], and `lanes` where a measure is costed per lane-km.
    assets
        Table `assets`, for measures costed per asset.
    row_ids
        Links and assets to offer measures on, for example those exposed to a hazard; all by default.

    Returns
    -------
    options
        Table `options`: option_id is `measure_id:row_id`, exclusive_group the row_id. Ordered by measure and row.
    changes
        Table `changes`: what each option sets.

    Raises
    ------
    TableError
        If `measures` breaks its schema, or a link has no length or lanes where its cost needs them.

    Examples
    --------
    >>> drain = pd.DataFrame(
    ...     {
    ...         "measure_id": ["drain"], "name": ["Drainage"], "applies_to_sector": ["transport"],
    ...         "applies_to_kind": [None], "cost_basis": ["km"], "initial_cost_usd_per_unit": [46843.0],
    ...         "damage_scale": [0.78], "source_id": ["hickford_2023"],
    ...     }
    ... )
    >>> road = pd.DataFrame({"link_id": ["a"], "sector": ["transport"], "kind": ["road"], "length_m": [2000.0]})
    >>> options, changes = options_from_measures(drain, road)
    >>> options[["option_id", "initial_cost_usd"]].values.tolist()
    [['drain:a', 93686.0]]
    >>> changes[["row_id", "column", "value"]].values.tolist()
    [['a', 'damage_scale', '0.78']]
    """
    check(measures, "measures")
    places = _places(links, assets)
    if row_ids is not None:
        places = places[places["row_id"].isin(list(row_ids))]
    pairs = _fitting(with_columns(measures, load_schema("measures").index.tolist()), places)
    found = _unmeasured(pairs)
    if found:
        raise TableError(found)
    changes = _changes(pairs)
    offered = pairs[pairs["option_id"].isin(changes["option_id"])]
    return _options(offered), changes


def _places(links: pd.DataFrame, assets: pd.DataFrame | None) -> pd.DataFrame:
    """Links and assets as one table of places with what a measure needs to know of them."""
    columns = ["sector", "kind", "is_paved", "length_m", "lanes", "design_return_period_yr", *DEFAULTS]
    tables = {"links": (links, "link_id")} | ({} if assets is None else {"assets": (assets, "asset_id")})
    parts = [
        with_columns(pd.DataFrame(table), [key, *columns]).rename(columns={key: "row_id"}).assign(table=name)
        for name, (table, key) in tables.items()
    ]
    numbers = ["length_m", "lanes", "design_return_period_yr", *DEFAULTS]
    return pd.concat(
        [part.astype(dict.fromkeys(numbers, "float64") | {"is_paved": "boolean"}) for part in parts],
        ignore_index=True,
    ).fillna(dict(DEFAULTS))


def _fitting(measures: pd.DataFrame, places: pd.DataFrame) -> pd.DataFrame:
    """Every measure beside every place it fits, with the units its cost counts."""
    paved = places["is_paved"].map({True: "yes", False: "no"})
    parts = []
    for measure in measures.sort_values("measure_id").to_dict("records"):
        fits = places["table"].eq(BASES[measure["cost_basis"]]) & places["sector"].eq(measure["applies_to_sector"])
        if pd.notna(measure["applies_to_kind"]):
            fits &= places["kind"].str.startswith(measure["applies_to_kind"])
        if pd.notna(measure["applies_to_paved"]):
            fits &= paved.eq(measure["applies_to_paved"]).fillna(False)
        parts.append(places[fits].sort_values("row_id").assign(measure_id=measure["measure_id"]))
    pairs = pd.concat(parts, ignore_index=True) if parts else places.head(0).assign(measure_id="")
    pairs = pairs.merge(measures, on="measure_id", suffixes=("", "_of_measure"), validate="many_to_one")
    return pairs.assign(option_id=pairs["measure_id"] + ":" + pairs["row_id"], units=_units(pairs))


def _units(pairs: pd.DataFrame) -> pd.Series:
    km = pairs["length_m"] / 1000
    counted = {"km": km, "lane_km": km * pairs["lanes"]}
    return pd.Series(np.select([pairs["cost_basis"].eq(b) for b in counted], list(counted.values()), 1.0), pairs.index)


def _unmeasured(pairs: pd.DataFrame) -> list[Fault]:
    """Links without the length or lanes that their costs are counted by."""
    found = []
    for column, bases in {"length_m": ["km", "lane_km"], "lanes": ["lane_km"]}.items():
        rows = sorted(set(pairs.loc[pairs[column].isna() & pairs["cost_basis"].isin(bases), "row_id"]))
        if rows:
            named = ", ".join(rows[:SHOWN_PER_RULE]) + (" …" if len(rows) > SHOWN_PER_RULE else "")
            problem = _("is blank for {count} links that a measure is costed on").format(count=len(rows))
            remedy = _("fill it in, or leave these links out")
            found.append(Fault("links", None, column, named, problem, remedy))
    return found


def _changes(pairs: pd.DataFrame) -> pd.DataFrame:
    """What each pair sets, leaving out what is so already."""
    scale = pairs["damage_scale_of_measure"].fillna(1.0)
    offset = pairs["damage_offset_of_measure"].fillna(0.0)
    new = pd.DataFrame(
        {
            "damage_scale": pairs["damage_scale"] * scale,
            "damage_offset": pairs["damage_offset"] * scale + offset,
            "design_return_period_yr": pairs[["design_return_period_yr", "protection_return_period_yr"]].max(axis=1),
            "is_paved": pairs["is_paved"].fillna(False) | pairs["becomes_paved"].astype("boolean").fillna(False),
        }
    ).fillna(NOTHING)
    old = pairs[new.columns].fillna(NOTHING).astype(new.dtypes)
    cells = new.astype("object").where(new.ne(old))
    cells = cells.assign(option_id=pairs["option_id"], table=pairs["table"], row_id=pairs["row_id"])
    long = cells.melt(["option_id", "table", "row_id"], var_name="column").dropna(subset="value")
    long = long.assign(action="set", value=long["value"].map(_text).astype("str"))
    return long.sort_values(["option_id", "column"], ignore_index=True)[load_schema("changes").index.tolist()]


def _text(value: float | bool) -> str:
    """A value as a person would type it: booleans as words, whole numbers without a point."""
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    return f"{value:.0f}" if float(value).is_integer() else repr(float(value))


def _options(pairs: pd.DataFrame) -> pd.DataFrame:
    costs = {f"{c}_cost_usd": pairs[f"{c}_cost_usd_per_unit"].astype("float64") * pairs["units"] for c in COSTS}
    paves = pairs["becomes_paved"].astype("boolean").fillna(False).astype(bool)
    options = pairs.assign(
        **costs,
        name=pairs["name"] + ": " + pairs["row_id"],
        name_zh=pairs["name_zh"].astype("str") + "：" + pairs["row_id"],
        kind=np.where(paves, "upgrade", "adapt"),
        status="candidate",
        exclusive_group=pairs["row_id"],
    )
    options = options.astype({"periodic_interval_yr": "Int64", "routine_interval_yr": "Int64"})
    return with_columns(options, load_schema("options").index.tolist()).reset_index(drop=True)
