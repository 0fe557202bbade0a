"""What a plan may maximise or trade off: each objective's unit, and whether more of it is better.

An objective is an effect of options, their net present value, or what they cost. Effects are gains, so more is better.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from headwater.journey.propose import EAD, SERVICE_ITEMS
from headwater.settings import StudyHeader

NPV, COST = "npv_usd", "initial_cost_usd"
MONEY = {NPV: "USD", COST: "USD", EAD[0]: "USD/yr"}
LOSSES = {"user_hours_lost_per_yr": "person-hours/yr", "population_without_per_yr": "people/yr"}
"""Expected losses of each service that options avoid: an item is the name, a dot and the service."""

LESS_IS_BETTER = (COST,)


def known_objectives(header: StudyHeader, unit_values: pd.DataFrame) -> dict[str, str]:
    """Objectives that a study can have, with their units.

    Parameters
    ----------
    header
        Head of the study.
    unit_values
        Table `unit_values`: effects that the study's own tables give.

    Returns
    -------
    units
        Unit by objective.
    """
    services = [service.service_id for service in header.services]
    losses = {f"{item}.{service}": unit for item, unit in LOSSES.items() for service in services}
    given = dict(zip(unit_values["item"], unit_values["unit"], strict=True))
    return MONEY | SERVICE_ITEMS | losses | given


def sense(objective: str) -> int:
    """1 where more of an objective is better, -1 where less is.

    Examples
    --------
    >>> sense("npv_usd"), sense("initial_cost_usd")
    (1, -1)
    """
    return -1 if objective in LESS_IS_BETTER else 1


def senses(header: StudyHeader) -> dict[str, int]:
    """The objectives that a study trades off, with their senses; none where it does not say."""
    return {objective: sense(objective) for objective in header.trade_off}


def service_share(header: StudyHeader) -> pd.Series:
    """Part of the study's years in which an option that starts in each start year serves, by start year.

    An effect that lasts is counted as its mean over the years after the base year, so that what starts later is worth
    less, in the unit of the effect.
    """
    years = np.asarray(header.start_years)
    return pd.Series((header.horizon_year - years) / (header.horizon_year - header.base_year), index=years)


def effect_values(
    effects: pd.DataFrame, option_ids: pd.Index, items: Mapping[str, str] | list[str], header: StudyHeader
) -> dict[str, pd.DataFrame]:
    """Effects of options by start year, as means over the study's years; blank where an effect is not known.

    Parameters
    ----------
    effects
        Table `effects`.
    option_ids
        Options, in the order of the result.
    items
        Effects wanted.
    header
        Head of the study.

    Returns
    -------
    values
        By item, a frame with a row per option and a column per start year.
    """
    share = service_share(header)
    wide = effects.pivot(index="option_id", columns="item", values="amount").reindex(option_ids)
    return {
        item: pd.DataFrame(
            np.outer(wide[item].to_numpy(np.float64) if item in wide else np.full(len(option_ids), np.nan), share),
            index=option_ids, columns=share.index,
        )
        for item in items
    }  # fmt: skip
