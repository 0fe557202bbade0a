"""Job-years from spending, by multipliers that a source gives for the place.

A multiplier counts a job for a year. Those that are packaged hold for the region that their source names, and for no
other: where none holds there is no figure, and the reason is given instead. No source gives the skill of the jobs, so
neither is it here.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from headwater.appraisal.coefficients import load_coefficients
from headwater.errors import Fault, NotFound, TableError
from headwater.frames import with_columns
from headwater.schema import empty, load_schema
from headwater.words import _, language

ANY = "any"
MILLION = 1e6
JOBS = ["jobs_per_usd_million", "jobs_per_usd_million_low", "jobs_per_usd_million_high"]


def load_multipliers() -> pd.DataFrame:
    """Packaged multipliers: jobs per million USD by region and sector, with coverage and source."""
    return load_coefficients("jobs")


def regions_of(iso3: str) -> pd.DataFrame:
    """Regions that a country belongs to, and whether a source or a judgement says so.

    Returns
    -------
    regions
        Frame with region, basis, note, source_id; no rows where the country is in no list. High-income economies are
        not in the lists of the World Bank. Whether a country is an advanced, emerging or low-income economy in the
        sense of the IMF is not in the lists either: name those multipliers to use them.

    Examples
    --------
    >>> regions_of("LCA")["region"].tolist()
    ['LAC']
    """
    groups = load_coefficients("country_groups")
    note = groups["note_zh"] if language() == "zh" else groups["note"]
    groups = groups.assign(note=note.fillna("")).drop(columns="note_zh")
    return groups[groups["iso3"] == iso3].drop(columns="iso3").reset_index(drop=True)


def multipliers_for(iso3: str) -> pd.DataFrame:
    """Packaged multipliers that hold for a country, with the basis on which its region was chosen.

    Examples
    --------
    >>> multipliers_for("DJI")["multiplier_id"].tolist(), multipliers_for("GHA")["multiplier_id"].tolist()
    (['mena_oil_importers'], [])
    """
    return load_multipliers().merge(regions_of(iso3)[["region", "basis", "note"]], on="region", how="inner")


def named_multipliers(multiplier_ids: Sequence[str]) -> pd.DataFrame:
    """Packaged multipliers by name: the choice of whoever makes the study, and a judgement.

    Raises
    ------
    NotFound
        If one does not exist.
    """
    table = load_multipliers()
    unknown = [name for name in multiplier_ids if name not in set(table["multiplier_id"])]
    if unknown:
        known = ", ".join(table["multiplier_id"])
        raise NotFound(
            _("There is no multiplier called {names}. There are {known}.").format(names=", ".join(unknown), known=known)
        )
    return table[table["multiplier_id"].isin(list(multiplier_ids))].assign(basis="judgement", note="")


def job_years(spending: pd.DataFrame, multipliers: pd.DataFrame, *, plan_id: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Job-years of a plan's spending, and what no multiplier holds for.

    Every multiplier of a sector, or of any sector, gives a row of its own. Rows of one sector are different answers to
    the same question, or answers to different questions (direct jobs, or all): they are not to be added up. A bound
    that the source does not give is blank.

    Parameters
    ----------
    spending
        Frame with sector and usd, undiscounted; several rows of a sector are added.
    multipliers
        Those that hold: `multipliers_for` a country, `named_multipliers`, or a table of the same columns from a source
        of the study's own.
    plan_id
        Plan to write in the tables.

    Returns
    -------
    jobs
        Table `jobs`, sorted.
    left_out
        Frame with sector, usd and the reason, for spending that no multiplier holds for.

    Raises
    ------
    TableError
        If spending or a multiplier is missing, negative or not finite, bounds are the wrong way round, two multipliers
        of a sector have the same kind, or a multiplier has no source; with every fault.

    Examples
    --------
    >>> roads = pd.DataFrame({"sector": ["transport"], "usd": [2e6]})
    >>> jobs, _left_out = job_years(roads, multipliers_for("DJI"), plan_id="a")
    >>> float(jobs.loc[0, "job_years"])  # 110 for each million
    220.0
    >>> job_years(roads, multipliers_for("MNG"), plan_id="a")[1]["usd"].tolist()
    [2000000.0]
    """
    _check(spending, multipliers)
    usd = spending.groupby("sector", as_index=False, sort=True)["usd"].sum()
    table = with_columns(
        multipliers, ["multiplier_id", "sector", "kind", "kind_zh", "coverage", "coverage_zh", "source_id", *JOBS]
    )
    any_sector = table[table["sector"] == ANY].drop(columns="sector")
    pairs = pd.concat(
        [usd.merge(table[table["sector"] != ANY], on="sector"), usd.merge(any_sector, how="cross")], ignore_index=True
    )
    millions = pairs["usd"].to_numpy(dtype=np.float64)[:, None] / MILLION
    counts = pd.DataFrame(millions * pairs[JOBS].to_numpy(dtype=np.float64), index=pairs.index)
    counts.columns = ["job_years", "job_years_low", "job_years_high"]
    jobs = pd.concat([pairs, counts], axis=1).assign(plan_id=plan_id)
    columns = load_schema("jobs").index.tolist()
    ordered = jobs.sort_values(["sector", "kind"], ignore_index=True)[columns] if len(jobs) else empty("jobs")
    missing = usd[~usd["sector"].isin(pairs["sector"])].reset_index(drop=True)
    reason = _("No multiplier with a source holds for this place and sector: name one, or bring your own.")
    return ordered, missing.assign(reason=pd.Series(reason, index=missing.index, dtype="str"))


def _check(spending: pd.DataFrame, multipliers: pd.DataFrame) -> None:
    found = _number_faults("spending", spending, ["usd"], required=["usd"])
    found += _number_faults("multipliers", multipliers, JOBS, required=JOBS[:1])
    table = with_columns(multipliers, ["sector", "kind", "source_id", *JOBS]).reset_index(drop=True)
    low, middle, high = (pd.to_numeric(table[column], errors="coerce") for column in (JOBS[1], JOBS[0], JOBS[2]))
    for row in np.flatnonzero((low > middle) | (high < middle)):
        remedy = _("correct it, or the bounds")
        found.append(Fault("multipliers", int(row) + 2, JOBS[0], "", _("is not between low and high"), remedy))
    for column in ("sector", "kind", "source_id"):
        for row in np.flatnonzero(table[column].isna()):
            remedy = _("fill it in; this column may not be blank")
            found.append(Fault("multipliers", int(row) + 2, column, "", _("value is missing"), remedy))
    for row in np.flatnonzero(table.duplicated(["sector", "kind"])):
        named = " · ".join(map(str, table.loc[row, ["sector", "kind"]]))
        problem, remedy = _("key appears more than once"), _("keep one row per key")
        found.append(Fault("multipliers", int(row) + 2, "sector + kind", named, problem, remedy))
    if found:
        raise TableError(found)


def _number_faults(file: str, table: pd.DataFrame, columns: Sequence[str], *, required: Sequence[str]) -> list[Fault]:
    found = []
    for column in columns:
        values = with_columns(table, [column])[column].reset_index(drop=True)
        numbers = pd.to_numeric(values, errors="coerce").to_numpy(dtype=np.float64)
        bad = values.notna().to_numpy() & ~(np.isfinite(numbers) & (numbers >= 0))
        blank = values.isna().to_numpy() if column in required else np.zeros(len(values), dtype=bool)
        for row in np.flatnonzero(bad | blank):
            problem = _("value is missing") if blank[row] else _("is not a finite number of 0 or more")
            text = "" if blank[row] else str(values.iloc[int(row)])
            found.append(Fault(file, int(row) + 2, column, text, problem, _("correct it")))
    return found
