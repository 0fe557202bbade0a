"""What of a business case is uncertain, and how likely its values are.

Reads the table `uncertainties` and says everything that is wrong with it. Knows one variable at a time, and which it
moves with; draws nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import ndtri

from headwater.appraisal.cash_flow import Floats
from headwater.errors import Fault, TableError
from headwater.frames import with_columns
from headwater.schema import faults, load_schema, parse
from headwater.words import _

DISCOUNT_RATE, BENEFIT_GROWTH, FACTOR = "discount_rate", "benefit_growth", "factor."
NEEDS = {
    "triangular": ("low", "likely", "high"),
    "uniform": ("low", "high"),
    "lognormal": ("low", "high"),
    "samples": ("sample_values",),
}
"""Columns that each distribution reads."""
SPREAD_OF_90_PCT = float(ndtri(0.95) - ndtri(0.05))
"""Standard deviations between the 5th and the 95th percentile of a normal distribution."""
EDGE = 1e-12
"""Probability kept from 0 and 1, where a lognormal is 0 or infinite."""


@dataclass(frozen=True, eq=False)
class Marginal:
    """How likely the values of one variable are, by itself.

    Attributes
    ----------
    distribution
        "triangular", "uniform", "lognormal" or "samples".
    low, likely, high
        Lowest, most likely and highest value; of a lognormal, low and high are its 5th and 95th percentiles. Of
        samples, low and high are the smallest and the largest.
    values
        Sorted values of a sample; empty for the others.
    """

    distribution: str
    low: float
    likely: float
    high: float
    values: Floats

    def ppf(self, probability: npt.ArrayLike) -> Floats:
        """Value below which the variable falls with a probability.

        Samples are drawn as they are, each as likely as the others: nothing between two of them is made up.
        """
        share = np.asarray(probability, dtype=np.float64)
        if self.distribution == "samples":
            rank = np.minimum((share * len(self.values)).astype(np.int64), len(self.values) - 1)
            return np.asarray(self.values[rank])
        if self.distribution == "lognormal":
            middle = (np.log(self.low) + np.log(self.high)) / 2
            deviation = (np.log(self.high) - np.log(self.low)) / SPREAD_OF_90_PCT
            return np.asarray(np.exp(middle + deviation * ndtri(np.clip(share, EDGE, 1 - EDGE))))
        if self.distribution == "uniform" or self.high == self.low:
            return np.asarray(self.low + share * (self.high - self.low))
        width, rise, fall = self.high - self.low, self.likely - self.low, self.high - self.likely
        rising = self.low + np.sqrt(share * width * rise)
        return np.where(share * width < rise, rising, self.high - np.sqrt((1 - share) * width * fall))


# --- what is uncertain ------------------------------------------------------------------------------------------


def business_items() -> tuple[str, ...]:
    """Lines a business case may have, as the schema of `cash_flows` lists them.

    Examples
    --------
    >>> business_items()[:3]
    ('capital', 'renewal', 'maintenance')
    """
    return tuple(str(load_schema("cash_flows").at["item", "rule"]).removeprefix("one of ").split("|"))


def check_uncertainties(uncertainties: pd.DataFrame) -> None:
    """Raise if what is uncertain cannot be drawn.

    Raises
    ------
    TableError
        With every fault: unknown variables, bounds the wrong way round, a most likely value outside them, values that
        are missing, not used or not finite, rates of -100 % or below, negative factors, samples that are not numbers,
        and correlations without a partner, outside -1 to 1, or going round in a circle.
    """
    table, found = parse(uncertainties, "uncertainties", stray=False)
    unreadable = {(fault.row, fault.column) for fault in found}
    found += [f for f in faults(table, "uncertainties") if (f.row, f.column) not in unreadable]
    rows = with_columns(table, load_schema("uncertainties").index.tolist()).reset_index(drop=True)
    bad_cells = {(row, column) for row, column in unreadable if row is not None}
    for number, row in enumerate(rows.to_dict("records"), start=2):
        found += [f for f in _row_faults(number, row) if (f.row, f.column) not in bad_cells]
    found += _partner_faults(rows)
    if found:
        raise TableError(found)


def marginals(uncertainties: pd.DataFrame) -> dict[str, Marginal]:
    """Distribution of each variable by itself, sorted by name.

    Raises
    ------
    TableError
        If the table cannot be drawn from.
    """
    check_uncertainties(uncertainties)
    table, _found = parse(uncertainties, "uncertainties", stray=False)
    rows = with_columns(table, load_schema("uncertainties").index.tolist()).sort_values("variable")
    result = {}
    for row in rows.to_dict("records"):
        values = _sample_values(row["sample_values"]) if row["distribution"] == "samples" else np.empty(0)
        low, high = (values[0], values[-1]) if len(values) else (row["low"], row["high"])
        result[str(row["variable"])] = Marginal(
            str(row["distribution"]), float(low), float(row["likely"]), float(high), values
        )
    return result


# --- faults -----------------------------------------------------------------------------------------------------


def is_variable(name: str) -> bool:
    """Whether a name is of something that can be uncertain.

    Examples
    --------
    >>> is_variable("factor.capital"), is_variable("capital")
    (True, False)
    """
    known = name.startswith(FACTOR) and name.removeprefix(FACTOR) in business_items()
    return known or name in (DISCOUNT_RATE, BENEFIT_GROWTH)


def _row_faults(number: int, row: dict[Any, Any]) -> list[Fault]:
    def fault(column: str, problem: str, remedy: str) -> Fault:
        value = row[column]
        return Fault("uncertainties", number, column, "" if pd.isna(value) else str(value)[:80], problem, remedy)

    found: list[Fault] = []
    name, needs = row["variable"], NEEDS.get(str(row["distribution"]))
    if not pd.isna(name) and not is_variable(str(name)):
        items = ", ".join(business_items())
        remedy = _("write discount_rate, benefit_growth, or factor. and one of {items}").format(items=items)
        found.append(fault("variable", _("is nothing that can be uncertain"), remedy))
    if needs is None:
        return found  # the schema has said so
    for column in ("low", "likely", "high", "sample_values"):
        blank = pd.isna(row[column])
        if blank and column in needs:
            remedy = _("fill it in: a {distribution} distribution needs it").format(distribution=row["distribution"])
            found.append(fault(column, _("value is missing"), remedy))
        if not blank and column not in needs:
            remedy = _("leave it blank, or choose another distribution")
            found.append(fault(column, _("is not used by this distribution"), remedy))
    low, likely, high = (_number(row[c]) if c in needs else None for c in ("low", "likely", "high"))
    if low is not None and high is not None and low > high:
        found.append(fault("low", _("is above the highest value"), _("exchange low and high, or correct them")))
    elif likely is not None and ((low is not None and likely < low) or (high is not None and likely > high)):
        found.append(fault("likely", _("is not between low and high"), _("correct it, or the bounds")))
    values = [v for v in (low, likely, high) if v is not None]
    if "sample_values" in needs and not pd.isna(row["sample_values"]):
        values, problem = _read_samples(str(row["sample_values"]))
        if problem:
            found.append(fault("sample_values", problem, _("write two or more numbers, separated by semicolons")))
    column = "sample_values" if "sample_values" in needs else "low"
    smallest = min(values, default=None)
    if smallest is not None and str(name) in (DISCOUNT_RATE, BENEFIT_GROWTH) and smallest <= -1:
        found.append(fault(column, _("is -100 % or below"), _("write 0.05 for 5 %")))
    if smallest is not None and str(name).startswith(FACTOR) and smallest < 0:
        found.append(fault(column, _("is below 0, which would turn a cost into a gain"), _("write 0 or more")))
    if row["distribution"] == "lognormal" and smallest is not None and smallest <= 0:
        found.append(fault("low", _("is not above 0, and a lognormal is"), _("choose another distribution")))
    return found


def _number(value: Any) -> float | None:
    number = float(value) if isinstance(value, int | float) else np.nan
    return number if np.isfinite(number) else None


def _read_samples(text: str) -> tuple[list[float], str]:
    """Numbers in a text, and what is wrong with it."""
    parts = [part.strip() for part in text.split(";")]
    numbers = pd.to_numeric(pd.Series(parts, dtype="object"), errors="coerce").to_numpy(dtype=np.float64)
    if not np.isfinite(numbers).all():
        return [], _("has something that is not a finite number")
    return ([], _("has fewer than two values")) if len(parts) < 2 else (numbers.tolist(), "")


def _partner_faults(rows: pd.DataFrame) -> list[Fault]:
    found: list[Fault] = []
    names = set(rows["variable"].dropna())
    partner = {row["variable"]: row["correlates_with"] for row in rows.to_dict("records")}
    for number, row in enumerate(rows.to_dict("records"), start=2):
        other, blank = row["correlates_with"], pd.isna(row["correlation"])

        def fault(column: str, problem: str, remedy: str, number: int = number, value: Any = other) -> Fault:
            return Fault("uncertainties", number, column, "" if pd.isna(value) else str(value), problem, remedy)

        if pd.isna(other):
            if not blank:
                remedy = _("name it in correlates_with, or leave both blank")
                found.append(fault("correlation", _("has no other variable"), remedy, value=row["correlation"]))
            continue
        if blank:
            remedy = _("write a number from -1 to 1, or leave both blank")
            found.append(fault("correlation", _("value is missing"), remedy, value=None))
        if other not in names:
            remedy = _("add it, or correct the name")
            found.append(fault("correlates_with", _("is not a variable of this table"), remedy))
        elif _goes_round(row["variable"], partner):
            remedy = _("let one variable of the circle correlate with none")
            found.append(fault("correlates_with", _("goes round in a circle"), remedy))
    return found


def _goes_round(start: Any, partner: Mapping[Any, Any]) -> bool:
    """Whether following the links from a variable leads back to it."""
    here = partner[start]
    for _step in partner:
        if here == start:
            return True
        if pd.isna(here) or here not in partner:
            return False
        here = partner[here]
    return False


def _sample_values(text: object) -> Floats:
    return np.sort(np.array([float(part) for part in str(text).split(";")], dtype=np.float64))
