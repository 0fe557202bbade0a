"""The choice of a portfolio written as a linear model with one yes-or-no variable per option.

Maximise the sum of a column over the chosen options, within a budget for investment, at most one option of every
exclusive group, no option without the one it requires, and at least so many options of given classes. Built as arrays,
all rows at once. Knows neither the solver nor the meaning of the column.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from headwater.errors import AssumptionError, Fault, TableError
from headwater.frames import with_columns
from headwater.schema import SHOWN_PER_RULE, faults
from headwater.words import _

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
COLUMNS = ["option_id", "initial_cost_usd", "exclusive_group", "requires_option_id"]
CENTS = 100
NO_VALUE, NO_COST, LOST_REQUIREMENT = "no_value", "no_cost", "requires_option_left_out"


@dataclass(frozen=True)
class PortfolioModel:
    """A portfolio model as arrays: maximise `value @ x` with every row of the matrix between its bounds, x in {0, 1}.

    Attributes
    ----------
    option_ids
        Options in sorted order, one variable each.
    value
        What each adds to the objective, in the unit of its column.
    cost_cents
        Investment of each in whole cents of USD.
    budget_cents
        Budget in whole cents; the first row of the matrix.
    indptr, indices, data
        Matrix by rows (compressed sparse row). The budget's row is scaled.
    lower, upper
        Bounds of the rows.
    row_set
        For each row, its place in `set_names`.
    set_names
        Sets of rows that a person would call one constraint.
    requires
        Place of the option that each needs, or -1.
    counted
        Whether an option counts towards a minimum.
    left_out
        Options that cannot be part of the choice, with the reason (`no_value`, `no_cost`,
        `requires_option_left_out`), indexed by option_id.
    """

    option_ids: pd.Index
    value: Floats
    cost_cents: Integers
    budget_cents: int
    indptr: Integers
    indices: Integers
    data: Floats
    lower: Floats
    upper: Floats
    row_set: Integers
    set_names: tuple[str, ...]
    requires: Integers
    counted: npt.NDArray[np.bool_]
    left_out: pd.Series


def build_model(
    options: pd.DataFrame,
    *,
    objective: str,
    budget_usd: float,
    minimum_counts: Mapping[str, int] | None = None,
    minimum_by: str = "sector",
) -> PortfolioModel:
    """The model of a portfolio.

    Options whose objective or investment is blank are left out, and so is every option that requires one of them: a
    blank is not nothing. Variables are in the order of option_id, so the order of the table does not matter.

    Parameters
    ----------
    options
        Table `options` joined with the column to maximise. Of the rest, `initial_cost_usd`, `exclusive_group` and
        `requires_option_id` are read, and the column `minimum_by`.
    objective
        Column to maximise, any number.
    budget_usd
        Most that the investments may sum to [USD].
    minimum_counts
        Least number of options to choose by class, for example `{"water": 2}`.
    minimum_by
        Column that holds the class.

    Returns
    -------
    model
        Arrays ready for a solver.

    Raises
    ------
    TableError
        If a cost is negative, a key repeats, or a required option does not exist.
    AssumptionError
        If the objective is not a column of numbers, or the budget is negative or not a number.

    Examples
    --------
    >>> options = pd.DataFrame(
    ...     {"option_id": ["b", "a", "c"], "initial_cost_usd": [2e3, 1e3, 1e3], "npv_usd": [5.0, 3.0, None]}
    ... )
    >>> model = build_model(options, objective="npv_usd", budget_usd=2500)
    >>> model.option_ids.tolist(), model.cost_cents.tolist(), model.left_out.to_dict()
    (['a', 'b'], [100000, 200000], {'c': 'no_value'})
    """
    _check(options, objective, budget_usd)
    table = with_columns(options, [*dict.fromkeys([*COLUMNS, objective, minimum_by])])
    table = table.sort_values("option_id").set_index("option_id", drop=False)
    left_out = _left_out(table, objective)
    table = table.drop(index=left_out.index)
    minimums = dict(sorted((minimum_counts or {}).items()))
    cents = to_cents(table["initial_cost_usd"].to_numpy(dtype=np.float64))
    requires = _required_places(table)
    sets = [
        _budget_rows(cents, int(to_cents(np.float64(budget_usd)))),
        _exclusive_rows(table["exclusive_group"]),
        _requirement_rows(requires),
        *(_minimum_row(table[minimum_by], name, count) for name, count in minimums.items()),
    ]
    names = [_("budget"), _("exclusive groups"), _("prerequisites")]
    names += [_("at least {count} of {name}").format(count=count, name=name) for name, count in minimums.items()]
    return PortfolioModel(
        option_ids=table.index,
        value=table[objective].to_numpy(dtype=np.float64),
        cost_cents=cents,
        budget_cents=int(to_cents(np.float64(budget_usd))),
        **_stacked(sets),
        set_names=tuple(names),
        requires=requires,
        counted=table[minimum_by].isin(list(minimums)).to_numpy(dtype=bool),
        left_out=left_out,
    )


def to_cents(usd: npt.ArrayLike) -> Integers:
    """Money in whole cents, rounded to the nearest.

    Examples
    --------
    >>> to_cents([0.1, 19.999]).tolist()
    [10, 2000]
    """
    return np.rint(np.asarray(usd, dtype=np.float64) * CENTS).astype(np.int64)


# --- rows -------------------------------------------------------------------------------------------------------

Rows = tuple[Integers, Integers, Floats, Floats, Floats]
"""Length of each row, columns, coefficients, lower bounds, upper bounds."""

HALF_A_CENT = 0.5
DIGITS = 3
"""Powers of ten between the budget and one in the row the solver sees."""


def _budget_rows(cents: Integers, budget: int) -> Rows:
    """Scaled to a few thousand, for the solver's tolerances to mean something.

    Half a cent of slack lets an exact fit survive rounding. An option beyond the budget by itself counts as twice the
    budget: it stays out of reach, and the row keeps a narrow range.
    """
    unit = 10.0 ** (np.floor(np.log10(max(budget, 1))) - DIGITS)
    costly = np.flatnonzero(cents)
    counted = np.minimum(cents[costly], 2 * budget + 1)
    upper = (budget + HALF_A_CENT) / unit
    return (np.array([len(costly)]), costly, counted / unit, np.array([-np.inf]), np.array([upper]))


def _exclusive_rows(group: pd.Series) -> Rows:
    """At most one of each group of two or more."""
    shared = group.notna() & group.duplicated(keep=False)
    codes, names = pd.factorize(group[shared], sort=True)
    columns = np.flatnonzero(shared.to_numpy())[np.argsort(codes, kind="stable")]
    count = len(names)
    return (
        np.bincount(codes, minlength=count), columns, np.ones(len(columns)), np.full(count, -np.inf), np.ones(count)
    )  # fmt: skip


def _requirement_rows(requires: Integers) -> Rows:
    """`x_option - x_required <= 0`."""
    needing = np.flatnonzero(requires >= 0)
    columns = np.column_stack([needing, requires[needing]]).ravel()
    count = len(needing)
    return (
        np.full(count, 2), columns, np.tile([1.0, -1.0], count), np.full(count, -np.inf), np.zeros(count)
    )  # fmt: skip


def _required_places(table: pd.DataFrame) -> Integers:
    """Place of the option that each requires, or -1; an option that requires itself requires nothing."""
    places = table.index.get_indexer(pd.Index(table["requires_option_id"]))
    return np.where(places == np.arange(len(places)), -1, places).astype(np.int64)


def _minimum_row(classes: pd.Series, name: str, count: int) -> Rows:
    columns = np.flatnonzero(classes.eq(name).to_numpy(dtype=bool, na_value=False))
    return (
        np.array([len(columns)]), columns, np.ones(len(columns)), np.array([float(count)]), np.array([np.inf])
    )  # fmt: skip


def _stacked(sets: list[Rows]) -> dict[str, npt.NDArray]:
    lengths, columns, data, lower, upper = (np.concatenate(part) for part in zip(*sets, strict=True))
    return {
        "indptr": np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        "indices": columns.astype(np.int64),
        "data": data.astype(np.float64),
        "lower": lower.astype(np.float64),
        "upper": upper.astype(np.float64),
        "row_set": np.repeat(np.arange(len(sets)), [len(rows[0]) for rows in sets]),
    }


# --- what can be chosen -----------------------------------------------------------------------------------------


def _left_out(table: pd.DataFrame, objective: str) -> pd.Series:
    """Options that cannot be part of the choice, and why."""
    no_cost, no_value = table["initial_cost_usd"].isna(), table[objective].isna()
    lost = no_cost | no_value
    while True:
        without = lost | table["requires_option_id"].isin(table.index[lost])
        if (without == lost).all():
            break
        lost = without
    reason = np.select([no_value, no_cost], [NO_VALUE, NO_COST], LOST_REQUIREMENT)
    return pd.Series(reason, table.index, dtype="str", name="reason")[lost]


def _check(options: pd.DataFrame, objective: str, budget_usd: float) -> None:
    found = [f for f in faults(options, "options") if f.column in COLUMNS]
    found += _unknown_requirements(options)
    if found:
        raise TableError(found)
    numbers = [c for c in options.columns if pd.api.types.is_numeric_dtype(options[c])]
    if objective not in numbers:
        message = _("The objective {name} is not a column of numbers of the options; there are {columns}.")
        raise AssumptionError(message.format(name=objective, columns=", ".join(numbers)))
    if not 0 <= budget_usd < np.inf:
        raise AssumptionError(
            _("The budget is {budget}; give an amount of money, 0 or more.").format(budget=budget_usd)
        )


def _unknown_requirements(options: pd.DataFrame) -> list[Fault]:
    required = with_columns(options, ["requires_option_id"])["requires_option_id"]
    unknown = (required.notna() & ~required.isin(options["option_id"])).to_numpy(dtype=bool)
    return [
        Fault(
            "options", int(i) + 2, "requires_option_id", str(required.iloc[i]), _("no such option"),
            _("add the option, or correct the value"),
        )
        for i in np.flatnonzero(unknown)[:SHOWN_PER_RULE]
    ]  # fmt: skip
