"""Appraise: costs and benefits of every option over the study's years."""

from __future__ import annotations

import pandas as pd

from headwater.appraisal.cost_benefit import appraise
from headwater.settings import StudyHeader


def appraisals(options: pd.DataFrame, effects: pd.DataFrame, header: StudyHeader) -> pd.DataFrame:
    """Table `appraisals`: every option with a known investment, started in the base year."""
    return appraise(
        options, effects, base_year=header.base_year, horizon_year=header.horizon_year,
        discount_rate=float(header.value("discount_rate")), annual_growth=float(header.value("benefit_growth")),
    )  # fmt: skip
