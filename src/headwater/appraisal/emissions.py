"""Greenhouse gas emissions of electricity, from life-cycle emission factors with their sources."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from headwater.appraisal.cash_flow import Floats
from headwater.appraisal.coefficients import load_coefficients
from headwater.errors import InputError
from headwater.words import _, language


def emission_factors() -> pd.DataFrame:
    """Life-cycle emissions of electricity by technology: lowest, median and highest of studies [gCO2e/kWh].

    Returns
    -------
    factors
        Frame indexed by technology: name, g_per_kwh_low, g_per_kwh, g_per_kwh_high, source_id.

    Source
    ------
    Schlömer et al. (2014), annex III of Climate Change 2014: Mitigation of Climate Change, IPCC.

    Examples
    --------
    >>> emission_factors().loc["wind_onshore", ["g_per_kwh_low", "g_per_kwh", "g_per_kwh_high"]].astype(float).tolist()
    [7.0, 11.0, 56.0]
    """
    table = load_coefficients("emission_factors").set_index("technology")
    if language() == "zh":
        table = table.assign(name=table["name_zh"])
    return table[["name", "g_per_kwh_low", "g_per_kwh", "g_per_kwh_high", "source_id"]]


def electricity_emissions(energy_gwh: npt.ArrayLike, g_per_kwh: npt.ArrayLike) -> Floats:
    """Emissions [tCO2e] of electricity [GWh] at a factor [gCO2e/kWh]: a gram per kWh is a ton per GWh.

    Raises
    ------
    InputError
        If energy or a factor is missing, negative or not finite.

    Examples
    --------
    >>> float(electricity_emissions(10, 25))
    250.0
    """
    energy, factor = np.asarray(energy_gwh, dtype=np.float64), np.asarray(g_per_kwh, dtype=np.float64)
    for values in (energy, factor):
        if not (np.isfinite(values).all() and (values >= 0).all()):
            raise InputError(_("Energy and emission factors must be finite and 0 or more."))
    return np.asarray(energy * factor)
