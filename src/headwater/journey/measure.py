"""Measure: the key figures of a run in one tidy table, and what the models say of each asset on a map."""

from __future__ import annotations

from collections.abc import Mapping

import geopandas as gpd
import pandas as pd

from headwater.journey.objectives import known_objectives
from headwater.schema import empty
from headwater.settings import StudyHeader

Tables = Mapping[str, pd.DataFrame]
COLUMNS = ["indicator_id", "place_id", "scenario", "year", "value", "low", "high", "unit"]


def indicators(tables: Tables, header: StudyHeader, *, units: Mapping[str, str] | None = None) -> pd.DataFrame:
    """Table `results`: national totals, one row per indicator, scenario and year; models stay apart in the name."""
    parts = [
        _exposure(tables), _damage(tables, header), _drought(tables), _access(tables), _criticality(tables),
        _plans(tables, units or known_objectives(header, empty("unit_values"))),
    ]  # fmt: skip
    rows = pd.concat([part.reindex(columns=COLUMNS) for part in parts if len(part)] or [pd.DataFrame(columns=COLUMNS)])
    return rows.assign(place_id=header.iso3).reset_index(drop=True)


def _named(table: pd.DataFrame, *columns: str) -> pd.Series:
    """An indicator's name from the columns that tell it apart."""
    words = table[list(columns)].astype(object)
    words = words.where(words.notna(), "")
    return words.astype(str).agg(".".join, axis=1).str.replace(r"\.+", ".", regex=True).str.strip(".")


def _exposure(tables: Tables) -> pd.DataFrame:
    exposures, layers = tables["exposures"], tables["hazard_layers"]
    if exposures.empty:
        return pd.DataFrame()
    columns = ["layer_id", "hazard", "scenario", "model", "epoch", "return_period_yr"]
    rows = exposures.merge(layers[columns], on="layer_id")
    keys = [*columns[1:], "amount_unit"]
    total = rows.groupby(keys, dropna=False, as_index=False)["exposed_amount"].sum(min_count=1)
    total = total.assign(what="exposed", rp=total["return_period_yr"].map("rp{:g}".format))
    return pd.DataFrame(total).assign(
        indicator_id=_named(total, "what", "hazard", "model", "rp", "amount_unit"), year=total["epoch"],
        value=total["exposed_amount"], unit=total["amount_unit"],
    )  # fmt: skip


def _damage(tables: Tables, header: StudyHeader) -> pd.DataFrame:
    expected = tables["expected_damages"]
    rows = expected[expected["ead_rule"] == header.value("ead_rule")]
    if rows.empty:
        return pd.DataFrame()
    sums = ["ead_usd_per_yr", "ead_usd_per_yr_low", "ead_usd_per_yr_high"]
    keys = ["hazard", "scenario", "model", "epoch", "ead_rule"]
    total = rows.groupby(keys, dropna=False, as_index=False)[sums].sum(min_count=1)
    return pd.DataFrame(total).assign(
        indicator_id=_named(total.assign(what="ead"), "what", "hazard", "model", "ead_rule"), year=total["epoch"],
        value=total[sums[0]], low=total[sums[1]], high=total[sums[2]], unit="USD/yr",
    )  # fmt: skip


def _drought(tables: Tables) -> pd.DataFrame:
    losses = tables["drought_losses"]
    if losses.empty:
        return pd.DataFrame()
    keys = ["hazard", "scenario", "model", "epoch", "capacity_unit"]
    known = losses[losses["capacity_unit"].notna()]
    total = pd.DataFrame(known.groupby(keys, dropna=False, as_index=False)["expected_loss"].sum(min_count=1))
    return total.assign(
        indicator_id=_named(total.assign(what="expected_loss"), "what", "hazard", "model", "capacity_unit"),
        year=total["epoch"], value=total["expected_loss"], unit=total["capacity_unit"],
    )  # fmt: skip


def _access(tables: Tables) -> pd.DataFrame:
    access = tables["access"]
    if access.empty:
        return pd.DataFrame()
    reached = access["population"].where(access["is_reached"].astype(bool), 0.0)
    people = access.assign(reached=reached).groupby("service", as_index=False)[["population", "reached"]].sum()
    share = people.assign(what="population_reached_share", value=people["reached"] / people["population"], unit="1")
    count = people.assign(what="population_reached", value=people["reached"], unit="people")
    both = pd.concat([share, count])
    return both.assign(indicator_id=_named(both, "what", "service"))


def _criticality(tables: Tables) -> pd.DataFrame:
    criticality = tables["criticality"]
    if criticality.empty:
        return pd.DataFrame()
    worst = criticality.groupby("service", as_index=False)[["population_cut_off", "person_hours_lost"]].max()
    long = worst.melt("service", var_name="what", value_name="value")
    units = {"population_cut_off": "people", "person_hours_lost": "person-hours"}
    return long.assign(
        indicator_id=_named(long.assign(worst="worst_link"), "worst", "what", "service"), unit=long["what"].map(units)
    )


def _plans(tables: Tables, units: Mapping[str, str]) -> pd.DataFrame:
    plans = tables["plan_summaries"]
    if plans.empty:
        return pd.DataFrame()
    long = plans.melt(["plan_id", "objective"], ["objective_value", "spent_usd"], var_name="what", value_name="value")
    unit = long["objective"].map(dict(units))
    is_money = long["what"] == "spent_usd"
    return long.assign(
        indicator_id=_named(long.assign(plan="plan"), "plan", "plan_id", "what"), unit=unit.mask(is_money, "USD")
    )


def asset_results(system: Tables, tables: Tables, header: StudyHeader, *, case: pd.DataFrame) -> gpd.GeoDataFrame:
    """Table `asset_results`: every asset and link with its place, and what the models say of it.

    Parameters
    ----------
    system
        Tables `assets` and `links`.
    tables
        Results by name: criticality.
    header
        The study's header.
    case
        Expected damages of the planning case.
    """
    assets = system["assets"]
    links = system["links"].rename(columns={"link_id": "asset_id"}).assign(name=lambda t: t["asset_id"])
    columns = ["asset_id", "name", "sector", "kind", "geometry", "source_id"]
    both = pd.concat([table.reindex(columns=columns) for table in (assets, links)], ignore_index=True)
    both["ead_usd_per_yr"] = both["asset_id"].map(case.groupby("asset_id")["ead_usd_per_yr"].sum(min_count=1))
    by_link = tables["criticality"].groupby("link_id")[["population_cut_off", "person_hours_lost"]].max()
    for column in by_link.columns:
        both[column] = both["asset_id"].map(by_link[column])
    return gpd.GeoDataFrame(both, geometry="geometry", crs=header.crs)
