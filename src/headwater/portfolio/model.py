"""The choice of a plan as a linear model: which options start, and in which period.

An option starts in at most one period. Money is limited by source and by period, at most one option of an exclusive
group is ever chosen, none starts before what it requires, the options of a group that belong together are all chosen
or none, rules of the plan hold, and sets of options may be worth more or less together than one by one. Built as
arrays, all rows of a kind at once. Knows neither the solver nor what the values mean.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from headwater.frames import with_columns
from headwater.portfolio import rows as r
from headwater.portfolio.columns import any_counts, item_columns, pulls, rule_columns
from headwater.portfolio.given import (
    COLUMNS,
    COST,
    COUNT,
    GivenRule,
    check_given,
    read_budgets,
    read_rules,
    read_values,
    required_pairs,
)  # fmt: skip
from headwater.portfolio.joints import read_joints
from headwater.portfolio.possible import (
    checked_profiles,
    checked_years,
    earliest_years,
    known_starts,
    left_out_options,
)  # fmt: skip
from headwater.portfolio.rows import Floats, Integers, Joints, Mask, Places, Rows
from headwater.words import _

CENTS = 100
TOLERANCE = 1e-9
"""Relative distance below which a sum of values counts as equal to what is asked of it."""
RELAXABLE = ("budget", "rule", "bound")
"""Kinds of sets of rows that one could give way on."""


@dataclass(frozen=True, eq=False)
class PortfolioModel:
    """A portfolio model as arrays: columns with an upper bound, and sparse rows between bounds.

    Column `o * T + t` is whether option o starts in period t; column `n * T + k * T + t` is whether interaction k is
    in operation in period t, which the starts decide.

    Attributes
    ----------
    option_ids
        The n options in sorted order.
    start_years
        First year of each of the T periods.
    values
        For each item, what each column adds to its total, interactions included, in the unit of the item; a value
        that is not known is missing. `initial_cost_usd` [USD] and `options` (1 each) are always there.
    upper
        Upper bound of each column; 0 forbids.
    is_integer
        Whether a column is a decision.
    indptr, indices, data
        Matrix by rows (compressed sparse row), scaled row by row; rows of interactions are empty here.
    joint_rows, first_joint_row
        Rows of interactions, in columns "has started by" as of `rows.joint_rows`, and where they belong.
    lower, upper_rows
        Bounds of the rows.
    row_unit
        What one in a row is, in natural units.
    row_set
        For each row, its place in `set_names`.
    set_names, set_kinds
        Sets of rows that a person would call one constraint, and what they are: structure, budget, exclusive,
        requirement, together, rule or bound.
    cost_cents
        Investment of each start, [n * T] whole cents of USD.
    limits
        Rows that hold money within a limit: `row`, `cents`, and for budgets `source`, `start_year`, `carries_over`.
    rules
        The rule behind each set, by its place in `set_names`.
    joints
        Options of each interaction.
    requires
        Pairs (option, required option), places.
    in_group
        Whether an option belongs together with others.
    counted
        Columns that a rule counts.
    senses
        For each item that may be optimised or bounded, +1 if more is better and -1 if less is; None is any item in
        any direction.
    left_out
        Options that cannot be part of a plan, with the reason (`no_value`, `no_cost`, `starts_too_late`,
        `requires_option_left_out`, `together_option_left_out`), indexed by option_id.
    """

    option_ids: pd.Index
    start_years: tuple[int, ...]
    values: dict[str, Floats]
    upper: Floats
    is_integer: Mask
    indptr: Places
    indices: Places
    data: Floats
    joint_rows: list[Rows]
    first_joint_row: int
    lower: Floats
    upper_rows: Floats
    row_unit: Floats
    row_set: Integers
    set_names: tuple[str, ...]
    set_kinds: tuple[str, ...]
    cost_cents: Integers
    limits: pd.DataFrame
    rules: dict[int, GivenRule]
    joints: Joints
    requires: Integers
    in_group: Mask
    counted: Mask
    senses: dict[str, int] | None
    left_out: pd.Series

    @property
    def periods(self) -> int:
        """Number of periods."""
        return len(self.start_years)

    @property
    def decisions(self) -> int:
        """Columns that are decisions; they come first."""
        return len(self.cost_cents)

    @property
    def own_rows(self) -> csr_array:
        """The rows as a sparse matrix, those of interactions empty."""
        return csr_array((self.data, self.indices, self.indptr), shape=(len(self.lower), len(self.upper)))

    @property
    def matrix(self) -> csr_array:
        """The rows as a sparse matrix, those of interactions in starts like all others."""
        joints = [r.in_starts(rows, self.decisions, self.periods) for rows in self.joint_rows]
        return r.filled(self.own_rows, self.first_joint_row, joints)


def build_model(
    options: pd.DataFrame,
    *,
    start_years: Sequence[int],
    values: Mapping[str, pd.DataFrame | pd.Series | Floats],
    objectives: Sequence[str],
    budgets: pd.DataFrame | None = None,
    carries_over: bool = True,
    interactions: pd.DataFrame | None = None,
    profiles: Mapping[str, Floats] | None = None,
    rules: pd.DataFrame | None = None,
    senses: Mapping[str, int] | None = None,
) -> PortfolioModel:
    """The model of a portfolio.

    Options whose investment, or whose value in an objective or in what a rule counts, is blank are left out, and so is
    every option that requires one of them or belongs together with one: a blank is not nothing. A value that is blank
    for some start years only forbids those. Nothing depends on the order of the tables.

    Parameters
    ----------
    options
        Table `options`. Of its columns `initial_cost_usd`, `exclusive_group`, `requires_option_id` (several between
        semicolons), `together_group`, `funding_source` and `earliest_year` are read, and those that rules name.
    start_years
        First years of the periods in which options may start, ascending.
    values
        What each option adds to each item: a DataFrame indexed by option_id with a column per start year, a Series
        indexed by option_id where the start year does not matter, or an array [options in sorted order, periods].
    objectives
        Items that must be known of every option in the model.
    budgets
        `source` (blank: all options; else those with this `funding_source`), `start_year` (blank: one budget over all
        periods) and `amount_usd`. For a source with dated rows, a start year without one brings no new money. None is
        no limit.
    carries_over
        Whether money of a dated budget that is not spent can be spent later.
    interactions
        Table `interactions`; rows of items that are not in `values` are not read.
    profiles
        For items that depend on the start year, [periods] factors: an interaction whose options are all in operation
        from period t on is worth its amount times the factor of t. One by default.
    rules
        Table `plan_rules`. A share is of the item's total over all chosen options, whenever they start.
    senses
        Items that will be optimised or bounded and whether more (+1) or less (-1) is better; halves the rows that
        interactions need. None leaves every direction open.

    Returns
    -------
    model
        Arrays ready for a solver.

    Raises
    ------
    TableError
        If a cost is negative, a key repeats, a required option does not exist, options require each other in a
        circle, or a table breaks its schema; names every fault.
    AssumptionError
        If an item, a column or a year is not known.

    Examples
    --------
    >>> options = pd.DataFrame({"option_id": ["b", "a", "c"], "initial_cost_usd": [2e3, 1e3, 1e3]})
    >>> npv = pd.Series({"a": 3.0, "b": 5.0})
    >>> model = build_model(
    ...     options, start_years=[2025, 2030], values={"npv_usd": npv}, objectives=["npv_usd"],
    ...     budgets=common_budget(2500),
    ... )
    >>> model.option_ids.tolist(), model.cost_cents.tolist(), model.left_out.to_dict()
    (['a', 'b'], [100000, 100000, 200000, 200000], {'c': 'no_value'})
    """
    years = checked_years(start_years)
    check_given(options, rules, interactions)
    table = options.sort_values("option_id").set_index("option_id", drop=False)
    table = table.assign(**with_columns(table, [c for c in COLUMNS if c not in table.columns]))
    given = read_values(values, table, years)
    asked = read_rules(rules, table, years, given)
    limits = read_budgets(budgets, years, carries_over=carries_over)
    early_enough = np.asarray(years) >= earliest_years(table)[:, None]
    possible = early_enough & known_starts(table, years, given, objectives, asked)
    left_out = left_out_options(table, possible, early_enough)
    kept = ~table.index.isin(left_out.index)
    table, possible = table[kept], possible[kept]
    given = {item: amounts[kept] for item, amounts in given.items()}
    asked = [rule.among(kept) for rule in asked]
    exclusive = pd.factorize(table["exclusive_group"], sort=True)[0].astype(np.int64)
    joints, amounts = read_joints(interactions, table.index, options["option_id"], given, exclusive)
    factors = checked_profiles(profiles, given, len(years))
    return _assembled(
        table, years, given, possible, exclusive, limits, asked, joints, amounts, factors,
        dict(senses) if senses is not None else None, left_out,
    )  # fmt: skip


def common_budget(amount_usd: float) -> pd.DataFrame:
    """One budget for all options and periods, as `build_model` takes it.

    Examples
    --------
    >>> common_budget(5.0).values.tolist()
    [['', nan, 5.0]]
    """
    return pd.DataFrame({"source": [""], "start_year": [np.nan], "amount_usd": [float(amount_usd)]})


def to_cents(usd: object) -> Integers:
    """Money in whole cents, rounded to the nearest.

    Examples
    --------
    >>> to_cents([0.1, 19.999]).tolist()
    [10, 2000]
    """
    return np.rint(np.asarray(usd, dtype=np.float64) * CENTS).astype(np.int64)


# --- what a plan is worth and whether it is allowed --------------------------------------------------------------


def active_columns(model: PortfolioModel, starts: Integers) -> Mask:
    """Columns that are one in a plan; `starts` is the period each option starts in, or -1."""
    active = np.zeros(len(model.upper), dtype=bool)
    chosen = np.flatnonzero(starts >= 0)
    active[chosen * model.periods + starts[chosen]] = True
    if len(model.joints):
        each = np.maximum.reduceat(starts[model.joints.members], model.joints.part_starts)
        first = np.append(0, np.cumsum(model.joints.parts)[:-1])
        since = np.where(np.minimum.reduceat(each, first) < 0, model.periods, np.maximum.reduceat(each, first))
        ends = model.decisions + len(model.joints) * model.periods
        active[model.decisions : ends] = (np.arange(model.periods) >= since[:, None]).ravel()
    return active


def totals(model: PortfolioModel, starts: Integers) -> dict[str, float]:
    """Total of every item over a plan, summed exactly; missing if a value that it needs is.

    Examples
    --------
    >>> options = pd.DataFrame({"option_id": ["a", "b"], "initial_cost_usd": [0.1, 0.2]})
    >>> model = build_model(options, start_years=[2025], values={"km": np.array([[1.0], [2.0]])}, objectives=["km"])
    >>> totals(model, np.array([0, 0]))
    {'km': 3.0, 'initial_cost_usd': 0.3, 'options': 2.0}
    """
    active = active_columns(model, starts)
    sums = {item: math.fsum(amounts[active]) for item, amounts in model.values.items()}
    return sums | {COST: int(model.cost_cents[active[: model.decisions]].sum()) / CENTS}


def option_values(model: PortfolioModel, starts: Integers, item: str) -> Floats:
    """What each option adds to an item in a plan; what options add together is shared equally among them."""
    active = active_columns(model, starts)
    worth = np.where(active, model.values[item], 0.0)
    own = worth[: model.decisions].reshape(-1, model.periods).sum(axis=1)
    each = worth[model.decisions :].reshape(-1, model.periods).sum(axis=1) / np.maximum(model.joints.parts, 1)
    chosen = starts[model.joints.members] >= 0
    share = np.repeat(each, model.joints.sizes)[chosen]
    shared = np.bincount(model.joints.members[chosen], share, minlength=len(own))
    return np.asarray(own + shared, dtype=np.float64)


def over_limit(model: PortfolioModel, active: Mask) -> list[tuple[int, Places]]:
    """Money limits that a plan exceeds, to the cent: the row, and the starts that it pays for."""
    found = []
    for row, cents in zip(model.limits["row"], model.limits["cents"], strict=True):
        columns = model.indices[model.indptr[row] : model.indptr[row + 1]]
        paid = columns[active[columns]]
        if int(model.cost_cents[paid].sum()) > cents:
            found.append((int(row), paid))
    return found


def is_allowed(model: PortfolioModel, starts: Integers) -> bool:
    """Whether a plan keeps every constraint: money to the cent, sums of values to a billionth."""
    active = active_columns(model, starts)
    if (model.upper[: model.decisions][active[: model.decisions]] == 0).any():
        return False
    kept = np.ones(len(model.lower), dtype=bool)
    kept[model.limits["row"].to_numpy(dtype=np.int64)] = False
    ones = active.astype(np.float64)
    matrix = model.own_rows  # interactions follow from the starts
    activity, size = matrix @ ones, abs(matrix) @ ones
    slack = TOLERANCE * np.maximum(size, 1.0)
    within = (activity >= model.lower - slack) & (activity <= model.upper_rows + slack)
    return bool(within[kept].all()) and not over_limit(model, active)


def pruned(model: PortfolioModel, starts: Integers, counts: Mask) -> Integers:
    """A plan without the options that nothing counts and no other needs; `counts` says which columns count."""
    chosen = np.flatnonzero(starts >= 0)
    columns = chosen * model.periods + starts[chosen]
    needed = np.zeros(len(starts), dtype=bool)
    needed[chosen] = counts[columns] | model.counted[columns] | model.in_group[chosen]
    needed[model.joints.members] = True
    needed &= starts >= 0
    while True:
        more = needed.copy()
        more[model.requires[needed[model.requires[:, 0]], 1]] = True
        if (more == needed).all():
            return np.where(needed, starts, -1)
        needed = more


# --- assembly ---------------------------------------------------------------------------------------------------


def _assembled(
    table: pd.DataFrame,
    years: tuple[int, ...],
    given: dict[str, Floats],
    possible: Mask,
    exclusive: Integers,
    budgets: pd.DataFrame,
    asked: list[GivenRule],
    joints: Joints,
    amounts: dict[str, Floats],
    factors: dict[str, Floats],
    senses: dict[str, int] | None,
    left_out: pd.Series,
) -> PortfolioModel:
    count, periods = possible.shape
    cents = np.repeat(to_cents(table["initial_cost_usd"]), periods)
    given = {item: np.where(possible, amount, 0.0) for item, amount in given.items()}
    worth = {i: item_columns(v, joints, amounts.get(i), factors.get(i)) for i, v in given.items()}
    worth |= {
        COST: item_columns(cents.reshape(count, periods) / CENTS, joints),
        COUNT: item_columns(np.ones_like(possible), joints),
    }
    counted = [rule_columns(rule, given, joints, amounts, factors, cents / CENTS, count, periods) for rule in asked]
    up, down = pulls({item: worth[item] for item in amounts}, senses, asked, counted, (len(joints), periods))
    together = pd.factorize(table["together_group"], sort=True)[0].astype(np.int64)
    pairs = required_pairs(table)

    sets: list[tuple[str, str, Rows, Floats]] = []

    def add(name: str, kind: str, rows: Rows, unit: Sequence[float] | None = None) -> None:
        sets.append((name, kind, rows, np.ones(len(rows.lengths)) if unit is None else np.asarray(unit)))

    add(_("each option starts once"), "structure", r.once_rows(count, periods))
    joint_rows = r.joint_rows(joints, count, periods, up, down)
    add(_("interactions"), "structure", r.joined([r.emptied(rows) for rows in joint_rows]))
    limits, first = [budgets.iloc[:0].assign(row=0)], sum(len(s[2].lengths) for s in sets)
    for source, dated in budgets.groupby("source", sort=True):
        rows, units = _budget_rows(table, years, possible, cents, dated)
        add(_("budget of {source}").format(source=source) if source else _("budget"), "budget", rows, units)
        limits.append(dated.assign(row=np.arange(len(dated)) + first))
        first += len(dated)
    add(_("exclusive groups"), "exclusive", r.exclusive_rows(exclusive, periods))
    add(_("prerequisites"), "requirement", r.requirement_rows(pairs, periods))
    add(_("options that belong together"), "together", r.together_rows(together, periods))
    first = sum(len(s[2].lengths) for s in sets)
    rules = {}
    for rule, columns in zip(asked, counted, strict=True):
        rules[len(sets)] = rule
        unit = r.power_of_ten(float(np.abs(columns).max(initial=0.0)))
        add(rule.name, "rule", r.dense_row(columns / unit, *(b / unit for b in rule.bounds)), [unit])
        if rule.is_cost_limit:
            line = {"row": first, "cents": int(to_cents(rule.amount)), "source": "", "carries_over": False}
            limits.append(pd.DataFrame([line]))
        first += 1

    rows = r.joined([s[2] for s in sets])
    unused = ~(up | down).ravel()
    return PortfolioModel(
        option_ids=table.index,
        start_years=years,
        values=worth,
        upper=np.append(possible.ravel().astype(np.float64), np.where(unused, 0.0, 1.0)),
        is_integer=np.arange(len(worth[COST])) < count * periods,
        indptr=np.append(0, np.cumsum(rows.lengths)).astype(np.int32),
        indices=rows.columns,
        data=rows.data,
        joint_rows=joint_rows,
        first_joint_row=len(sets[0][2].lengths),
        lower=rows.lower,
        upper_rows=rows.upper,
        row_unit=np.concatenate([s[3] for s in sets]),
        row_set=np.repeat(np.arange(len(sets)), [len(s[2].lengths) for s in sets]),
        set_names=tuple(s[0] for s in sets),
        set_kinds=tuple(s[1] for s in sets),
        cost_cents=cents,
        limits=pd.concat([part for part in limits if len(part)] or limits[:1], ignore_index=True),
        rules=rules,
        joints=joints,
        requires=pairs,
        in_group=together >= 0,
        counted=any_counts(counted, len(worth[COST])),
        senses=senses,
        left_out=left_out,
    )


def _budget_rows(
    table: pd.DataFrame, years: tuple[int, ...], possible: Mask, cents: Integers, limits: pd.DataFrame
) -> tuple[Rows, list[float]]:
    """The limits of one source, and the unit of each row."""
    source = str(limits["source"].iloc[0])
    paid = table["funding_source"].eq(source).to_numpy(dtype=bool, na_value=False) if source else True
    parts, units = [], []
    for year, limit, carries_over in limits[["start_year", "cents", "carries_over"]].itertuples(index=False):
        when = np.array([np.isnan(year) or (y <= year if carries_over else y == year) for y in years])
        counts = (possible & when & np.reshape(paid, (-1, 1))).ravel()
        rows, unit = r.budget_row(np.where(counts, cents, 0), int(limit))
        parts.append(rows)
        units.append(unit)
    return r.joined(parts), units
