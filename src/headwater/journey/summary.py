"""Summary: a few lines of what stress found, to be printed."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from headwater.words import _

TOP = 10


def overview(
    expected: pd.DataFrame, failures: pd.DataFrame, causes: pd.DataFrame, system: Mapping[str, pd.DataFrame]
) -> dict[str, pd.DataFrame]:
    """What an average year and the worst single failures take from people, by heading.

    Parameters
    ----------
    expected, failures, causes
        Tables `expected_disruptions`, `failures` and `causes`.
    system
        Tables `assets` and `links`.
    """
    found: dict[str, pd.DataFrame] = {}
    if len(expected):
        case = ["hazard", "scenario", "model", "epoch"]
        direct, spread = (expected[expected["with_cascade"] == way].reset_index(drop=True) for way in (False, True))
        words = spread[case].astype(object).where(spread[case].notna(), "").astype(str)
        rows = pd.DataFrame({_("case"): words.agg(" ".join, axis=1), _("service"): spread["service"]})
        rows[_("people a year, directly")] = direct["population_without_per_yr"].map(_whole)
        rows[_("people a year, with dependencies")] = spread["population_without_per_yr"].map(_whole)
        bounds = ("population_without_per_yr_low", "population_without_per_yr_high")
        low, high = (spread[name].map(_whole) for name in bounds)
        rows["95 %"] = low + " … " + high
        rows[_("person-hours a year, with dependencies")] = spread["user_hours_lost_per_yr"].map(_whole)
        found[_("Expected each year")] = rows
    if len(failures):
        found[_("Single failures that take most, over all services")] = _worst(failures, causes, system)
    return found


def _worst(failures: pd.DataFrame, causes: pd.DataFrame, system: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    sums = failures.groupby("item_id")[["population_without_direct", "population_without"]].sum()
    sums = sums.sort_values("population_without", ascending=False, kind="stable").head(TOP)
    names = system["assets"].set_index("asset_id")["name"]
    stopped = causes.groupby("item_id").size()
    return pd.DataFrame(
        {
            _("fails"): sums.index,
            _("name"): names.reindex(sums.index).fillna("").to_numpy(),
            _("people, directly"): sums["population_without_direct"].map(_whole),
            _("people, with dependencies"): sums["population_without"].map(_whole),
            _("assets that stop because of it"): stopped.reindex(sums.index).fillna(0).astype(int),
        }
    )


def _whole(value: float) -> str:
    return "–" if pd.isna(value) else f"{value:,.0f}"
