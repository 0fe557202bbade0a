"""Units of the quantities Headwater reads, and their conversion, once, on entry."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import pandas as pd

from headwater.errors import UnitError
from headwater.words import _

Values = TypeVar("Values", float, np.ndarray, pd.Series)

UNITS: dict[str, tuple[str, float]] = {
    "1": ("share", 1.0),
    "%": ("share", 0.01),
    "m": ("length", 1.0),
    "cm": ("length", 0.01),
    "mm": ("length", 0.001),
    "km": ("length", 1000.0),
    "ft": ("length", 0.3048),
    "m2": ("area", 1.0),
    "ha": ("area", 1e4),
    "km2": ("area", 1e6),
    "m/s": ("speed", 1.0),
    "km/h": ("speed", 1 / 3.6),
    "kn": ("speed", 1852 / 3600),
    "m/s2": ("acceleration", 1.0),
    "g": ("acceleration", 9.80665),
    "MW": ("power", 1.0),
    "kW": ("power", 0.001),
    "GW": ("power", 1000.0),
    "h": ("time", 1.0),
    "d": ("time", 24.0),
    "yr": ("return period", 1.0),
}
"""Unit → (quantity, factor to the quantity's first unit). Exact by definition of the International System of Units
(BIPM, SI Brochure, 9th edition, 2019); the international foot is 0.3048 m, the international knot 1852 m/h, standard
gravity 9.80665 m/s²."""


def quantity(unit: str) -> str:
    """What a unit measures.

    Raises
    ------
    UnitError
        If the unit is unknown.

    Examples
    --------
    >>> quantity("cm")
    'length'
    """
    if unit not in UNITS:
        raise UnitError(_("Unit «{unit}» is unknown. Use one of {units}.").format(unit=unit, units=", ".join(UNITS)))
    return UNITS[unit][0]


def convert(values: Values, from_unit: str, to_unit: str) -> Values:
    """Values in another unit of the same quantity.

    Raises
    ------
    UnitError
        If a unit is unknown, or the two measure different quantities.

    Examples
    --------
    >>> convert(250.0, "cm", "m")
    2.5
    """
    if quantity(from_unit) != quantity(to_unit):
        problem = _("{from_unit} measures {from_quantity}, not {to_quantity}: give values in {to_unit}")
        raise UnitError(
            problem.format(
                from_unit=from_unit, from_quantity=quantity(from_unit), to_unit=to_unit, to_quantity=quantity(to_unit)
            )
        )
    return values if from_unit == to_unit else values * (UNITS[from_unit][1] / UNITS[to_unit][1])
