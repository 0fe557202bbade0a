"""Propose: what each option changes in the system, and its worth: the models run with and without it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from headwater.errors import AssumptionError
from headwater.frames import with_columns
from headwater.options.changes import apply_changes, batches
from headwater.options.measures import options_from_measures
from headwater.schema import load_schema
from headwater.settings import StudyHeader
from headwater.words import _

System = Mapping[str, pd.DataFrame]
"""The tables that options change: `assets` and `links`."""

DamageModel = Callable[[System], pd.DataFrame]
"""From a system to its expected damages in the planning case, indexed by asset_id."""

ServiceModel = Callable[[System], pd.Series]
"""From a system to totals over all services: `SERVICE_ITEMS`."""

EAD = ["ead_usd_per_yr", "ead_usd_per_yr_low", "ead_usd_per_yr_high"]
CASE = ("scenario", "model", "epoch")
SERVICE_ITEMS = {"population_cut_off": "people", "person_hours_lost": "person-hours"}
"""Totals of the criticality table over every single-link failure, and their units."""

NETWORK_COLUMNS = ("from_asset_id", "to_asset_id", "length_m", "speed_km_per_h", "geometry", "kind")


def planning_case(expected: pd.DataFrame, header: StudyHeader) -> pd.DataFrame:
    """Expected damages under the study's rule in the one case that the plan answers to.

    Raises
    ------
    AssumptionError
        If several scenarios, models or epochs remain and the study does not say which one to plan for.
    """
    rows = expected[expected["ead_rule"] == header.value("ead_rule")]
    for column in CASE:
        if header.gives(f"planning_{column}"):
            rows = rows[rows[column] == header.value(f"planning_{column}")]
        found = rows[column].dropna().unique()
        if len(found) > 1:
            values = ", ".join(map(str, found))
            raise AssumptionError(
                _(
                    "The study has several values of {column} ({values}); say which to plan for: [assumptions.{name}]"
                ).format(column=column, values=values, name=f"planning_{column}")
            )
    return pd.DataFrame(rows)


def proposals(
    system: System,
    measures: pd.DataFrame,
    options: pd.DataFrame,
    changes: pd.DataFrame,
    *,
    treated_m: pd.Series,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The study's own options, and each of its measures on every link and asset that a hazard damages.

    Parameters
    ----------
    system
        Tables `assets` and `links`.
    measures, options, changes
        The study's tables of those names.
    treated_m
        Amount of each damaged asset or link that the rarest event reaches, by asset_id; of a link the length [m] that
        a measure would be built along.

    Returns
    -------
    options, changes
        Tables of those names.
    """
    columns = {name: list(load_schema(name).index) for name in ("options", "changes")}
    if measures.empty or treated_m.empty:
        return with_columns(options, columns["options"]), with_columns(changes, columns["changes"])
    links = system["links"]
    treated = links[links["link_id"].isin(treated_m.index)]
    treated = treated.assign(length_m=treated["link_id"].map(treated_m))
    assets = system["assets"]
    damaged = assets[assets["asset_id"].isin(treated_m.index)]
    more_options, more_changes = options_from_measures(measures, treated, assets=damaged)
    return (
        _stacked([options, more_options], columns["options"]),
        _stacked([changes, more_changes], columns["changes"]),
    )


def _stacked(tables: Sequence[pd.DataFrame], columns: list[str]) -> pd.DataFrame:
    filled = [with_columns(table, columns) for table in tables if len(table)]
    return pd.concat(filled, ignore_index=True) if filled else with_columns(tables[0], columns)


def damage_effects(
    system: System, changes: pd.DataFrame, base: pd.DataFrame, model: DamageModel, *, run: Callable
) -> pd.DataFrame:
    """Expected annual damage that each option avoids: without minus with it.

    Damage is separable by asset, so options that touch different assets share one run of the model and the difference
    is read off asset by asset; options that touch the same asset never share a run. An option is left out where the
    damage to all that it touches is unknown: no gain known is not a gain of nothing.

    Parameters
    ----------
    system, changes
        The system as it is, and what options change in it.
    base
        Expected damages without any option, indexed by asset_id: columns `EAD`.
    model
        The damage model.
    run
        Maps a function over batches of options (`compute.map_items`).
    """
    touched = changes[changes["table"].isin(["assets", "links"]) & ~_only_network(changes)]
    batch_of = batches(touched)

    def avoided(options: list[str]) -> pd.DataFrame:
        changed = apply_changes(system, touched, options)
        rows = touched.loc[touched["option_id"].isin(options), ["option_id", "row_id"]].drop_duplicates()
        gains = _damage_of(rows["row_id"], base, system) - _damage_of(rows["row_id"], model(changed), changed)
        by_option = pd.DataFrame(gains, columns=EAD, index=rows["option_id"]).groupby(level=0)
        return by_option.sum(min_count=1).dropna(subset=EAD[:1])

    work = [list(options) for _batch, options in batch_of.groupby(batch_of).groups.items()]
    parts = list(run(avoided, work))
    gains = pd.concat(parts) if parts else pd.DataFrame(columns=EAD, dtype="float64")
    return pd.DataFrame(
        {
            "option_id": gains.index.astype("str"), "item": EAD[0], "unit": "USD/yr", "amount": gains[EAD[0]],
            "amount_low": gains[EAD[1]], "amount_high": gains[EAD[2]],
        }
    ).reset_index(drop=True)  # fmt: skip


def _damage_of(rows: pd.Series, expected: pd.DataFrame, system: System) -> npt.NDArray[np.float64]:
    """Expected damages of rows of a system: nothing where it has no such row, missing where they are not known."""
    there = rows.isin([*system["assets"]["asset_id"], *system["links"]["link_id"]]).to_numpy()[:, None]
    return np.where(there, expected[EAD].reindex(rows).to_numpy(dtype="float64"), 0.0)


def network_options(changes: pd.DataFrame) -> list[str]:
    """Options that change the network people travel on."""
    links = changes[changes["table"] == "links"]
    changed = links[(links["action"] != "set") | links["column"].isin(NETWORK_COLUMNS)]
    return sorted(changed["option_id"].unique())


def service_effects(
    system: System, changes: pd.DataFrame, base: pd.Series, model: ServiceModel, *, run: Callable
) -> pd.DataFrame:
    """What each option that changes the network gives people, over every single-link failure: without minus with it.

    Access is not separable: each option has a run of its own.
    """
    options = network_options(changes)
    totals = list(run(lambda option: model(apply_changes(system, changes, [option])), options))
    gains = pd.DataFrame([base - total for total in totals], index=options, columns=list(SERVICE_ITEMS))
    long = gains.rename_axis("option_id").reset_index().melt("option_id", var_name="item", value_name="amount")
    return long.assign(unit=long["item"].map(SERVICE_ITEMS)).sort_values(["option_id", "item"], ignore_index=True)


def _only_network(changes: pd.DataFrame) -> pd.Series:
    """Rows of options that add a link and give it no cost to replace: nothing of theirs can be damaged."""
    added = changes.loc[changes["action"] == "add", ["option_id", "row_id", "column"]]
    valued = added.loc[added["column"].astype("str").str.startswith("replacement_cost"), "row_id"]
    return (changes["action"] == "add") & ~changes["row_id"].isin(valued)
