"""Appraise: whole-life money of every option over the study's years."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import pandas as pd

from headwater.appraisal.cost_benefit import appraise, values_by_start
from headwater.appraisal.flows import present_values, whole_life
from headwater.journey.objectives import COST, NPV
from headwater.settings import StudyHeader

Tables = Mapping[str, pd.DataFrame]


def appraisals(
    options: pd.DataFrame, effects: pd.DataFrame, tables: Tables, header: StudyHeader
) -> dict[str, pd.DataFrame]:
    """Tables `appraisals` and `case_items`: every option with a known investment, started in the base year.

    Parameters
    ----------
    options, effects
        Tables of those names.
    tables
        Tables `flows` and `unit_values` of the study.
    header
        Head of the study. Where the objective is an effect, the levelised cost is per unit of it.
    """
    rate = float(header.value("discount_rate"))
    money = whole_life(
        options, effects, tables["flows"], tables["unit_values"], base_year=header.base_year,
        horizon_year=header.horizon_year, benefit_growth=float(header.value("benefit_growth")),
    )  # fmt: skip
    levelised = header.objective if header.objective not in (NPV, COST) else None
    return {
        "appraisals": appraise(money, discount_rate=rate, effects=effects, levelised_item=levelised),
        "case_items": present_values(money, discount_rate=rate),
    }


def npv_by_start(
    options: pd.DataFrame,
    effects: pd.DataFrame,
    tables: Tables,
    header: StudyHeader,
    *,
    factors: Mapping[str, float] | None = None,
    bound: Literal["", "low", "high"] = "",
) -> pd.DataFrame:
    """Net present value of every option by the year it starts in; blank without a benefit in money."""
    return values_by_start(
        options, effects, tables["flows"], tables["unit_values"], start_years=header.start_years,
        base_year=header.base_year, horizon_year=header.horizon_year,
        discount_rate=float(header.value("discount_rate")), benefit_growth=float(header.value("benefit_growth")),
        factors=factors, bound=bound,
    )  # fmt: skip
