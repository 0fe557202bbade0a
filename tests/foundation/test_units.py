"""Units: conversion by definition, and refusal of what is ambiguous."""

import numpy as np
import pytest

from headwater.errors import UnitError
from headwater.units import UNITS, convert


@pytest.mark.parametrize(
    ("value", "a", "b", "expected"),
    [
        (250, "cm", "m", 2.5),
        (1, "ft", "m", 0.3048),
        (36, "km/h", "m/s", 10),
        (1, "g", "m/s2", 9.80665),
        (5, "%", "1", 0.05),
    ],
)
def test_conversion(value: float, a: str, b: str, expected: float) -> None:
    assert convert(float(value), a, b) == pytest.approx(expected)


def test_there_and_back_is_the_same() -> None:
    for unit, (kind, _factor) in UNITS.items():
        base = next(u for u, (k, f) in UNITS.items() if k == kind and f == 1)
        assert convert(convert(7.0, unit, base), base, unit) == pytest.approx(7.0)


def test_arrays_convert_without_changing_the_input() -> None:
    depths = np.array([10.0, np.nan])
    np.testing.assert_allclose(convert(depths, "cm", "m"), [0.1, np.nan])
    assert depths[0] == 10


def test_other_quantity_is_refused() -> None:
    with pytest.raises(UnitError, match="speed, not length"):
        convert(1.0, "m/s", "m")


def test_unknown_unit_is_refused_with_those_known() -> None:
    with pytest.raises(UnitError, match=r"furlong.*cm"):
        convert(1.0, "furlong", "m")
