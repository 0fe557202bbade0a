"""Recovery packages: a checklist of what to weigh, and what was announced in 2020.

The checklist has the dimensions of the Global Recovery Observatory. Scores, and the scale they are on, come from
whoever makes the study: the Observatory's own scale was not found, so there is none by default, and criteria are never
given weights.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from headwater.appraisal.coefficients import load_coefficients
from headwater.errors import AssumptionError, Fault, TableError
from headwater.frames import with_columns
from headwater.words import _, language


def checklist() -> pd.DataFrame:
    """What a recovery measure is weighed by: criteria of environment, society and economy, as questions.

    Returns
    -------
    criteria
        Frame indexed by criterion: dimension, name, question and source_id, in the current language.

    Examples
    --------
    >>> checklist()["dimension"].value_counts().to_dict()
    {'environment': 4, 'social': 3, 'economic': 2}
    """
    table = load_coefficients("recovery_criteria").set_index("criterion")
    if language() == "zh":
        table = table.assign(name=table["name_zh"], question=table["question_zh"])
    return table[["dimension", "name", "question", "source_id"]]


def weigh(scores: pd.DataFrame, *, lowest: float, highest: float) -> pd.DataFrame:
    """Scores of each option by dimension: mean, lowest and highest, and how much of the checklist is answered.

    The mean is of the scores that are given, each counting alike. Dimensions are not added up.

    Parameters
    ----------
    scores
        Frame with option_id, criterion and score; a blank is not scored.
    lowest, highest
        Ends of the scale that the scores are on, from worst to best. There is no default.

    Returns
    -------
    weighed
        Frame with option_id, dimension, score_mean, score_min, score_max, scored and criteria (how many the dimension
        has); blank where nothing is scored.

    Raises
    ------
    AssumptionError
        If the scale has no length.
    TableError
        If a criterion is unknown, a score is off the scale, or one is given twice; with every fault.

    Examples
    --------
    >>> scores = pd.DataFrame(
    ...     {"option_id": "solar", "criterion": ["ghg_long_term", "air_pollution"], "score": [2.0, 1.0]}
    ... )
    >>> weigh(scores, lowest=-2, highest=2).set_index("dimension").loc["environment", ["score_mean", "scored"]].tolist()
    [1.5, 2.0]
    """
    if not (np.isfinite([lowest, highest]).all() and highest > lowest):
        message = _("A scale from {lowest} to {highest} has no length: state its worst and its best score.")
        raise AssumptionError(message.format(lowest=lowest, highest=highest))
    table = with_columns(scores, ["option_id", "criterion", "score"]).reset_index(drop=True)
    criteria = checklist()["dimension"]
    _check(table, set(criteria.index), lowest, highest)
    table["dimension"] = table["criterion"].map(criteria)
    table["score"] = table["score"].astype("float64")
    whole = pd.MultiIndex.from_product(
        [sorted(table["option_id"].unique()), criteria.unique()], names=["option_id", "dimension"]
    )
    grouped = table.groupby(["option_id", "dimension"])["score"]
    weighed = pd.DataFrame(
        {
            "score_mean": grouped.mean(),
            "score_min": grouped.min(),
            "score_max": grouped.max(),
            "scored": grouped.count(),
        }
    ).reindex(whole)
    count = weighed.index.get_level_values("dimension").map(criteria.value_counts().to_dict())
    weighed = weighed.assign(scored=weighed["scored"].fillna(0).astype("int64"), criteria=count.astype("int64"))
    return weighed.reset_index()


def announced_2020() -> pd.DataFrame:
    """Spending announced in 2020, and each amount's share of the one it is part of.

    Returns
    -------
    totals
        Frame indexed by total_id: name, usd_billion, of_total_id, share [1] of that total, and source_id.

    Examples
    --------
    >>> announced_2020()["share"].round(4).loc[["green_recovery", "green_all"]].tolist()  # 341 / 1900, 368 / 14600
    [0.1795, 0.0252]
    """
    table = load_coefficients("recovery_totals").set_index("total_id")
    if language() == "zh":
        table = table.assign(name=table["name_zh"])
    whole = table["of_total_id"].map(table["usd_billion"])
    return table.assign(share=table["usd_billion"] / whole)[
        ["name", "usd_billion", "of_total_id", "share", "source_id"]
    ]


def _check(scores: pd.DataFrame, known: set[str], lowest: float, highest: float) -> None:
    found = []
    remedy = _("write one of {values}").format(values=", ".join(sorted(known)))
    for i in np.flatnonzero(~scores["criterion"].isin(known)):
        name = str(scores["criterion"].iloc[int(i)])
        found.append(Fault("scores", int(i) + 2, "criterion", name, _("is not on the checklist"), remedy))
    values = pd.to_numeric(scores["score"], errors="coerce")
    off = scores["score"].notna() & ~values.between(lowest, highest)
    remedy = _("give a score from {lowest} to {highest}, or leave it blank").format(lowest=lowest, highest=highest)
    for i in np.flatnonzero(off):
        text = str(scores["score"].iloc[int(i)])
        found.append(Fault("scores", int(i) + 2, "score", text, _("is off the scale"), remedy))
    for i in np.flatnonzero(scores.duplicated(["option_id", "criterion"])):
        named = " · ".join(map(str, scores.loc[i, ["option_id", "criterion"]]))
        problem, remedy = _("key appears more than once"), _("keep one row per key")
        found.append(Fault("scores", int(i) + 2, "option_id + criterion", named, problem, remedy))
    if found:
        raise TableError(found)
