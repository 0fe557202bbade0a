"""Hazards that come as a class: a level of concern for a whole country or district.

A class says where to look, not what would be lost. It passes through with its order and its label, and is never
turned into a number: levels are not equally far apart, differ in meaning from hazard to hazard, and hold for a whole
area and not for an asset in it.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from headwater.errors import InputError
from headwater.schema import check, key_columns
from headwater.words import _

LEVELS = ["very_low", "low", "medium", "high"]
"""Levels from least to most; `no_data` is not one of them."""

NO_DATA = "no_data"


def screening(hazard_classes: pd.DataFrame, *, places: Sequence[str] | None = None) -> pd.DataFrame:
    """Hazard classes of some places, as ordered levels.

    Parameters
    ----------
    hazard_classes
        Table `hazard_classes`.
    places
        Places to keep; all by default.

    Returns
    -------
    screening
        place_id, hazard, level (ordered from very_low to high; missing where the source has no data), is_assessed,
        source_id; sorted by place and hazard.

    Raises
    ------
    TableError
        If the table breaks its schema.

    Examples
    --------
    >>> classes = pd.DataFrame(
    ...     {"place_id": "GHA", "hazard": ["river_flood", "volcano"], "level": ["high", "no_data"], "source_id": "s"}
    ... )
    >>> found = screening(classes)
    >>> (found["level"] >= "medium").tolist(), found["is_assessed"].tolist()
    ([True, False], [True, False])
    """
    check(hazard_classes, "hazard_classes")
    rows = hazard_classes if places is None else hazard_classes[hazard_classes["place_id"].isin(places)]
    assessed = rows["level"] != NO_DATA
    level = pd.Categorical(rows["level"].where(assessed), categories=LEVELS, ordered=True)
    table = rows[["place_id", "hazard", "source_id"]].assign(level=level, is_assessed=assessed)
    ordered = table[["place_id", "hazard", "level", "is_assessed", "source_id"]]
    return ordered.sort_values(key_columns("hazard_classes"), ignore_index=True)


def check_not_screening(table: pd.DataFrame) -> None:
    """Raise if a table of hazard classes is about to be used as if it held quantities.

    Raises
    ------
    InputError
        If the table has a column `level`; says what would be needed instead.

    Examples
    --------
    >>> check_not_screening(pd.DataFrame({"level": ["high"]}))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    headwater.errors.InputError: A hazard class says where to look, not what would be lost...
    """
    if "level" in table:
        raise InputError(
            _(
                "A hazard class says where to look, not what would be lost: it gives no damage, no probability and no "
                "score. Add hazard layers (an intensity at return periods, or an annual probability) to quantify."
            )
        )
