"""What options contribute to the Sustainable Development Goals, and how far infrastructure reaches into them.

An option contributes to the targets that its own table names, for the reason it gives. How many targets a sector
influences is context: which ones they are was not found in a source, so no target is given to an option for its sector.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from headwater.appraisal.coefficients import load_coefficients
from headwater.errors import Fault, NotFound, TableError
from headwater.frames import with_columns
from headwater.schema import empty, load_schema
from headwater.words import _

GOALS = 17
INDIRECT = "indirect"
TARGET = r"^(\d+)\.[0-9a-z]+$"


def sdg_contributions(options: pd.DataFrame) -> pd.DataFrame:
    """Targets that each option serves, one row per target.

    The influence is direct, because an option names the targets whose text describes its service; it is indirect
    where its `sdg_basis` begins with the word "indirect", as in "indirect: clean water makes fewer people ill".

    Parameters
    ----------
    options
        Table `options`: option_id, sdg_targets separated by semicolons, sdg_basis, source_id. Options without targets
        contribute nothing that is known, and are absent.

    Returns
    -------
    contributions
        Table `sdg_contributions`, by option and in the order of the targets.

    Raises
    ------
    TableError
        If targets have no basis, are not of goals 1 to 17, or are named twice; with every fault.

    Examples
    --------
    >>> wells = pd.DataFrame(
    ...     {"option_id": ["well"], "sdg_targets": ["6.1;3.9"], "sdg_basis": ["Safe water for 300 people"],
    ...      "source_id": ["ministry"]}
    ... )
    >>> sdg_contributions(wells)[["target", "influence"]].to_numpy().tolist()
    [['3.9', 'direct'], ['6.1', 'direct']]
    """
    table = with_columns(options, ["option_id", "sdg_targets", "sdg_basis", "source_id"]).reset_index(drop=True)
    named = table[table["sdg_targets"].notna()]
    rows = named.assign(target=named["sdg_targets"].astype("str").str.split(";")).explode("target")
    rows["target"] = rows["target"].astype("str").str.strip()
    _check(named, rows)
    if rows.empty:
        return empty("sdg_contributions")
    is_indirect = rows["sdg_basis"].astype("str").str.strip().str.lower().str.startswith(INDIRECT)
    parts = rows["target"].str.split(".", expand=True)
    order = parts[0].astype("int64") * 1000 + parts[1].map(_place)
    result = rows.assign(influence=np.where(is_indirect, INDIRECT, "direct"), basis=rows["sdg_basis"], order=order)
    result = result.sort_values(["option_id", "order"], ignore_index=True)
    return result[load_schema("sdg_contributions").index.tolist()]


def _place(part: str) -> int:
    """Targets by number come before those by letter: 6.1 … 6.6, 6.a, 6.b."""
    return int(part) if part.isdigit() else 500 + ord(part[0])


def goals_reached(contributions: pd.DataFrame) -> pd.DataFrame:
    """Targets that options serve under each goal, each target counted once however many options serve it.

    Returns
    -------
    goals
        Frame indexed by goal, 1 to 17: direct and indirect targets served (one that is both is direct), and the
        targets that the goal has.

    Examples
    --------
    >>> one = pd.DataFrame({"option_id": ["a", "b"], "target": ["6.1", "6.1"], "influence": ["direct", "indirect"]})
    >>> goals_reached(one).loc[6].tolist()
    [1, 0, 8]
    """
    first = contributions.sort_values("influence").drop_duplicates("target")  # "direct" comes before "indirect"
    goal = first["target"].astype("str").str.split(".").str[0].astype("int64")
    counts = pd.crosstab(goal, first["influence"]) if len(first) else pd.DataFrame(columns=["direct", INDIRECT])
    table = counts.reindex(index=range(1, GOALS + 1), columns=["direct", INDIRECT]).fillna(0).astype("int64")
    table = table.assign(targets=goal_reach()["targets"]).rename_axis("goal")
    table.columns.name = None
    return table


def goal_reach() -> pd.DataFrame:
    """Targets of each goal that networked and non-networked infrastructure influence, of those that it has.

    Returns
    -------
    reach
        Frame indexed by goal: targets, networked, non_networked. The columns overlap: how many targets either
        influences cannot be derived from it.

    Source
    ------
    Thacker et al. (2019), Infrastructure for sustainable development, Nature Sustainability 2, 324-331.
    doi:10.1038/s41893-019-0256-8, by way of a teaching kit: see the packaged sources.

    Examples
    --------
    >>> goal_reach()[["targets", "networked", "non_networked"]].sum().tolist()
    [169, 121, 136]
    """
    table = load_coefficients("goals").astype({"goal": "int64"}).set_index("goal")
    return table[["targets", "networked", "non_networked"]]


def sector_reach(sector: str | None = None) -> pd.DataFrame:
    """How many of the 169 targets a sector influences, directly or indirectly: context, not a claim of any option.

    Parameters
    ----------
    sector
        "energy", "transport", "water", "waste", "digital" or "nature"; all by default.

    Returns
    -------
    reach
        Frame with sector, kind ("infrastructure", "ecosystems", or "mitigation" for what mitigation in it influences),
        targets, targets_direct, targets_indirect (blank where the source does not tell them apart) and source_id.

    Raises
    ------
    NotFound
        If the sources have no count for the sector.

    Examples
    --------
    >>> sector_reach("water")[["kind", "targets"]].to_numpy().tolist()
    [['infrastructure', 61.0], ['mitigation', 31.0]]
    """
    table = load_coefficients("goal_sectors").drop(columns="verified")
    if sector is None:
        return table
    rows = table[table["sector"] == sector].reset_index(drop=True)
    if rows.empty:
        known = ", ".join(table["sector"].unique())
        message = _("No source counts the targets that {sector} influences; there are counts for {known}.")
        raise NotFound(message.format(sector=sector, known=known))
    return rows


def _check(named: pd.DataFrame, rows: pd.DataFrame) -> None:
    found = [
        Fault(
            "options", int(i) + 2, "sdg_basis", "", _("value is missing"), _("say why the option serves those targets")
        )
        for i in named.index[named["sdg_basis"].isna()]
    ]
    goal = rows["target"].str.extract(TARGET)[0]
    good = goal.notna() & goal.fillna("0").astype("int64").between(1, GOALS)
    for i, target in rows.loc[~good, "target"].items():
        remedy = _("write targets such as 6.1 or 13.a, of goals 1 to 17, separated by semicolons")
        found.append(Fault("options", int(i) + 2, "sdg_targets", target, _("is not an SDG target"), remedy))  # type: ignore[call-overload]
    repeated = rows.assign(row=rows.index).duplicated(["row", "target"])
    for i, target in rows.loc[repeated, "target"].items():
        problem, remedy = _("is named twice"), _("name it once")
        found.append(Fault("options", int(i) + 2, "sdg_targets", target, problem, remedy))
    if found:
        raise TableError(found)
