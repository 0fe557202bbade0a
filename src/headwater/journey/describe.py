"""Describe: what a study holds, counted."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from headwater.words import _

Tables = Mapping[str, pd.DataFrame]


def overview(tables: Tables) -> dict[str, pd.DataFrame]:
    """Small tables that say what the study holds, by heading."""
    parts = {
        _("Assets"): _by_kind(tables["assets"]),
        _("Links"): _links(tables["links"]),
        _("People"): _people(tables["zones"]),
        _("Hazard layers"): _count(tables["hazard_layers"], ["hazard", "quantity", "scenario", "model", "epoch"]),
        _("Hazard classes (screening)"): tables["hazard_classes"].reindex(columns=["place_id", "hazard", "level"]),
        _("Measures"): tables["measures"].reindex(columns=["measure_id", "name", "cost_basis"]),
        _("Options"): _options(tables["options"]),
        _("Sources"): tables["sources"].reindex(columns=["source_id", "title", "licence", "vintage"]).fillna(""),
    }
    return {heading: table for heading, table in parts.items() if len(table)}


def _by_kind(assets: pd.DataFrame) -> pd.DataFrame:
    located = assets["geometry"].notna() if "geometry" in assets else pd.Series(False, index=assets.index)
    grouped = assets.assign(located=located).groupby(["sector", "kind"], as_index=False)
    return grouped.agg(assets=("asset_id", "size"), located=("located", "sum"))


def _links(links: pd.DataFrame) -> pd.DataFrame:
    lengths = links.reindex(columns=["sector", "kind", "length_m"])
    grouped = lengths.groupby(["sector", "kind"], as_index=False).agg(
        links=("kind", "size"), km=("length_m", lambda lengths: lengths.sum(min_count=1))
    )
    return grouped.assign(km=(grouped["km"] / 1000).round(1))


def _people(zones: pd.DataFrame) -> pd.DataFrame:
    grouped = zones.groupby("kind", as_index=False).agg(zones=("zone_id", "size"), population=("population", "sum"))
    return grouped.assign(population=grouped["population"].round().astype("int64"))


def _count(table: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    known = table.reindex(columns=columns)
    return known.fillna({c: "" for c in columns if known[c].dtype == "str"}).value_counts(sort=False).reset_index()


def _options(options: pd.DataFrame) -> pd.DataFrame:
    rows = options.reindex(columns=["kind", "sector", "status", "option_id", "initial_cost_usd"])
    grouped = rows.fillna({"status": ""}).groupby(["kind", "sector", "status"], as_index=False)
    return grouped.agg(options=("option_id", "size"), initial_cost_usd=("initial_cost_usd", "sum"))
