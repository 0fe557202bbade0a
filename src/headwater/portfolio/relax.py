"""Why no plan exists: the constraints in conflict, and the least that would have to give way.

What is in conflict is found by taking constraints away one after another. What would have to give way is the plan that
breaks budgets, rules and bounds least, each measured against what was asked; precedence, groups and the like hold.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import highspy
import numpy as np
import pandas as pd

from headwater.errors import Infeasible
from headwater.portfolio import highs
from headwater.portfolio.model import CENTS, RELAXABLE, TOLERANCE, PortfolioModel, active_columns, over_limit
from headwater.portfolio.rows import Floats, Integers, Places, dense_row, power_of_ten
from headwater.words import _

SECONDS = 10.0
"""Time for each question to the solver [s]; what is not answered by then counts as possible."""
GAP = 1e-6
MORE, LESS, SHARE = "more", "less", "share"


def infeasible(
    model: PortfolioModel,
    at_least: Mapping[str, float],
    at_most: Mapping[str, float],
    *,
    explain: bool,
    sets: Sequence[int] | None = None,
) -> Infeasible:
    """The error that says that no plan exists, and with `explain` why and what would help.

    Without, it names the bounds, or the given sets, or all constraints where there are no bounds.
    """
    if explain:
        names = conflicts(model, at_least=at_least, at_most=at_most)
        changes = relaxation(model, at_least=at_least, at_most=at_most)
        return Infeasible(names, relaxation_words(changes) if len(changes) else "")
    bounded = bounded_model(model, at_least, at_most)
    names = [bounded.set_names[s] for s in _in_question(bounded)]
    bounds = [n for n, kind in zip(bounded.set_names, bounded.set_kinds, strict=True) if kind == "bound"]
    return Infeasible([model.set_names[s] for s in sets] if sets else bounds or names)


def conflicts(
    model: PortfolioModel, *, at_least: Mapping[str, float] | None = None, at_most: Mapping[str, float] | None = None
) -> list[str]:
    """A smallest set of constraints, by name, that no plan can meet together.

    Constraints are taken away one after another; one without which the rest is still impossible stays away. Empty if
    there is a plan, or none could be ruled out in time.

    Examples
    --------
    >>> from headwater.portfolio.model import build_model, common_budget
    >>> options = pd.DataFrame({"option_id": ["a"], "initial_cost_usd": [6.0]})
    >>> model = build_model(options, start_years=[2025], values={}, objectives=[], budgets=common_budget(5))
    >>> conflicts(model, at_least={"options": 1})
    ['budget', 'at least 1 of options']
    """
    whole = _bare(bounded_model(model, at_least or {}, at_most or {}))
    solver = highs.loaded(whole, gap=math.inf)
    kept = list(range(len(whole.set_names)))
    if not _is_impossible(solver, whole, kept):
        return []
    for row_set in _in_question(whole):
        rows = np.flatnonzero(whole.row_set == row_set).astype(np.int32)
        free = np.full(len(rows), np.inf)
        solver.changeRowsBounds(len(rows), rows, -free, free)  # type: ignore[attr-defined]
        trial = [s for s in kept if s != row_set]
        if _is_impossible(solver, whole, trial):
            kept = trial
        else:
            lower, upper = whole.lower[rows], whole.upper_rows[rows]
            solver.changeRowsBounds(len(rows), rows, lower, upper)  # type: ignore[attr-defined]
    return [whole.set_names[s] for s in kept if s in _in_question(whole)]


def relaxation(
    model: PortfolioModel, *, at_least: Mapping[str, float] | None = None, at_most: Mapping[str, float] | None = None
) -> pd.DataFrame:
    """The least change of budgets, rules and bounds that lets a plan exist.

    Least is the sum of the changes, each as a share of what was asked. More money in one year of a budget that carries
    over serves the later years too.

    Returns
    -------
    changes
        One row per change: `name` of the constraint, `start_year` of a dated budget, `change` (more, less or share),
        `amount` (of money in USD; the share reached where a share was asked), `asked`, and `is_least`, whether it is
        proved that no smaller change would do. Empty if there is a plan already, or none was found in time.

    Examples
    --------
    >>> from headwater.portfolio.model import build_model, common_budget
    >>> options = pd.DataFrame({"option_id": ["a"], "initial_cost_usd": [6.0]})
    >>> model = build_model(options, start_years=[2025], values={}, objectives=[], budgets=common_budget(5))
    >>> relaxation(model, at_least={"options": 1})[["name", "change", "amount"]].values.tolist()
    [['budget', 'more', 1.0]]
    """
    whole = _unclipped(_bare(bounded_model(model, at_least or {}, at_most or {})))
    columns = ["name", "start_year", "change", "amount", "asked", "is_least"]
    if not whole.decisions:
        return pd.DataFrame(columns=columns)
    solver = highs.loaded(whole, gap=GAP)
    highs.set_objective(solver, whole, np.zeros(len(whole.upper)), sense=-1)
    for rows, each, cost in _slacks(whole):
        solver.addCol(cost, 0.0, highspy.kHighsInf, len(rows), rows, each)
    status = highs.run(solver, time_limit_s=SECONDS)
    starts = highs.found_starts(solver, whole)
    changes = [] if starts is None else [*_more_money(whole, starts), *_given_way(whole, starts)]
    table = pd.DataFrame(changes, columns=columns[:-1])
    return table.assign(is_least=status == highspy.HighsModelStatus.kOptimal)


def relaxation_words(changes: pd.DataFrame) -> str:
    """Changes in a sentence.

    Examples
    --------
    >>> row = {"name": "budget", "start_year": None, "change": "more", "amount": 1.25e6, "asked": 4e6, "is_least": True}
    >>> relaxation_words(pd.DataFrame([row]))
    'The least change that would do: budget: 1,250,000 more'
    """
    words = {MORE: _("{name}: {amount} more"), LESS: _("{name}: {amount} fewer")}
    words |= {SHARE: _("{name}: a share of {amount} instead of {asked}")}
    names = [
        str(name) if pd.isna(year) else _("{name} of {year}").format(name=name, year=int(year))
        for name, year in zip(changes["name"], changes["start_year"], strict=True)
    ]
    parts = [
        words[change].format(name=name, amount=_figures(amount), asked=_figures(asked))
        for name, change, amount, asked in zip(
            names, changes["change"], changes["amount"], changes["asked"], strict=True
        )
    ]
    least = _("The least change that would do: {changes}")
    some = _("A change that would do: {changes}")
    return (least if bool(changes["is_least"].all()) else some).format(changes="; ".join(parts))


def bounded_model(model: PortfolioModel, at_least: Mapping[str, float], at_most: Mapping[str, float]) -> PortfolioModel:
    """The model with bounds on totals as sets of their own."""
    bounds = [(item, amount, 1) for item, amount in at_least.items()]
    bounds += [(item, amount, -1) for item, amount in at_most.items()]
    for item, amount, sense in bounds:
        worth = model.values[item]
        unit = power_of_ten(float(np.abs(worth).max(initial=0.0)))
        limit = (amount - sense * TOLERANCE * abs(amount)) / unit
        row = dense_row(worth / unit, limit if sense > 0 else -np.inf, np.inf if sense > 0 else limit)
        name = _("at least {amount} of {item}") if sense > 0 else _("at most {amount} of {item}")
        model = replace(
            model,
            indptr=np.append(model.indptr, model.indptr[-1] + row.lengths).astype(np.int32),
            indices=np.append(model.indices, row.columns),
            data=np.append(model.data, row.data),
            lower=np.append(model.lower, row.lower),
            upper_rows=np.append(model.upper_rows, row.upper),
            row_unit=np.append(model.row_unit, unit),
            row_set=np.append(model.row_set, len(model.set_names)),
            set_names=(*model.set_names, name.format(amount=_figures(amount), item=item)),
            set_kinds=(*model.set_kinds, "bound"),
        )
    return model


def _bare(model: PortfolioModel) -> PortfolioModel:
    """The model without its interactions, if no rule and no bound counts them: they allow and forbid nothing."""
    rows = np.repeat(np.arange(len(model.lower)), np.diff(model.indptr))
    kept = np.ones(len(model.lower), dtype=bool)
    kept[rows[model.indices >= model.decisions]] = False
    if (~kept & (np.asarray(model.set_kinds)[model.row_set] != "structure")).any():
        return model
    kept[model.first_joint_row :][: sum(len(each.lengths) for each in model.joint_rows)] = False
    entries = kept[rows]
    lengths = np.diff(model.indptr)[kept]
    new = np.cumsum(kept) - 1
    return replace(
        model,
        upper=np.where(np.arange(len(model.upper)) < model.decisions, model.upper, 0.0),
        joint_rows=[],
        indptr=np.append(0, np.cumsum(lengths)).astype(np.int32),
        indices=model.indices[entries],
        data=model.data[entries],
        lower=model.lower[kept],
        upper_rows=model.upper_rows[kept],
        row_unit=model.row_unit[kept],
        row_set=model.row_set[kept],
        limits=model.limits.assign(row=new[model.limits["row"].to_numpy(dtype=np.int64)]),
    )


# --- conflicts --------------------------------------------------------------------------------------------------


def _in_question(model: PortfolioModel) -> list[int]:
    """Sets that have rows and are not part of what a plan is."""
    used = set(model.row_set.tolist())
    return [s for s, kind in enumerate(model.set_kinds) if kind != "structure" and s in used]


def _is_impossible(solver: highspy.Highs, model: PortfolioModel, kept: Sequence[int]) -> bool:
    """Whether no plan meets the sets kept, money to the cent."""
    rows = int(solver.getNumRow())
    while True:
        solver.clearSolver()
        status = highs.run(solver, time_limit_s=SECONDS)
        starts = highs.found_starts(solver, model)
        over = [] if starts is None or status == highs.INFEASIBLE else _over(model, starts, kept)
        for paid in over:
            highs.forbid(solver, model, paid)
        if not over:
            break
    more = int(solver.getNumRow()) - rows
    if more:
        solver.deleteRows(more, np.arange(rows, rows + more, dtype=np.int32))
    return bool(status == highs.INFEASIBLE)


def _over(model: PortfolioModel, starts: Integers, kept: Sequence[int]) -> list[Places]:
    """Starts that together exceed a limit that is in force."""
    found = over_limit(model, active_columns(model, starts))
    return [paid[model.cost_cents[paid] > 0] for row, paid in found if model.row_set[row] in kept]


# --- what gives way ---------------------------------------------------------------------------------------------


def _unclipped(model: PortfolioModel) -> PortfolioModel:
    """The model with the true cost of options that are beyond a budget by themselves."""
    data = model.data.copy()
    for row in model.limits["row"]:
        inside = slice(model.indptr[row], model.indptr[row + 1])
        cents = CENTS if model.set_kinds[model.row_set[row]] == "rule" else 1
        data[inside] = model.cost_cents[model.indices[inside]] / cents / model.row_unit[row]
    return replace(model, data=data)


def _slacks(model: PortfolioModel) -> list[tuple[Places, Floats, float]]:
    """For each way to give way, the rows that it eases, by how much, and what one unit of it costs."""
    money = model.limits.set_index("row")
    kinds = np.asarray(model.set_kinds)[model.row_set]
    found = []
    for row in np.flatnonzero(np.isin(kinds, RELAXABLE)):
        eases = 1.0 if model.lower[row] > -np.inf else -1.0
        rows = np.array([row])
        if kinds[row] == "budget" and money.at[row, "carries_over"]:
            same = money[model.row_set[money.index] == model.row_set[row]]
            rows = same.index[same["start_year"] >= money.at[row, "start_year"]].to_numpy()
        last = rows[-1]
        asked = max(abs(b) for b in (model.lower[last], model.upper_rows[last]) if np.isfinite(b))
        inside = model.data[model.indptr[last] : model.indptr[last + 1]]
        nothing = money.at[last, "cents"] == 0 if kinds[row] == "budget" else asked == 0
        size = float(np.abs(inside).max(initial=1.0)) if nothing else asked
        each = eases * model.row_unit[last] / model.row_unit[rows]
        found.append((rows.astype(np.int32), each, 1.0 / size))
    return found


def _more_money(model: PortfolioModel, starts: Integers) -> list[tuple[str, object, str, float, float]]:
    """What a plan spends beyond each budget, to the cent; money added in one year serves the later ones."""
    active = active_columns(model, starts)
    budgets = model.limits[np.asarray(model.set_kinds)[model.row_set[model.limits["row"]]] == "budget"]
    found, added, before = [], 0, -1
    for row, cents, year, carries_over in budgets[["row", "cents", "start_year", "carries_over"]].itertuples(
        index=False
    ):
        columns = model.indices[model.indptr[row] : model.indptr[row + 1]]
        spent = int(model.cost_cents[columns[active[columns]]].sum())
        added = added if carries_over and model.row_set[row] == before else 0
        before = int(model.row_set[row])
        more = spent - int(cents) - added
        if more > 0:
            found.append((model.set_names[before], year, MORE, more / CENTS, int(cents) / CENTS))
            added += more
    return found


def _given_way(model: PortfolioModel, starts: Integers) -> list[tuple[str, object, str, float, float]]:
    """How far a plan falls short of each rule and bound, or goes beyond it."""
    active = active_columns(model, starts)
    found: list[tuple[str, object, str, float, float]] = []
    for row in np.flatnonzero(np.isin(np.asarray(model.set_kinds)[model.row_set], ("rule", "bound"))):
        inside = slice(model.indptr[row], model.indptr[row + 1])
        unit, on = model.row_unit[row], active[model.indices[inside]]
        reached = math.fsum(model.data[inside][on] * unit)
        short, beyond = model.lower[row] * unit - reached, reached - model.upper_rows[row] * unit
        name, rule = model.set_names[model.row_set[row]], model.rules.get(int(model.row_set[row]))
        size = math.fsum(np.abs(model.data[inside][on])) * unit
        if max(short, beyond) <= TOLERANCE * max(size, 1.0):
            continue
        if rule is not None and rule.is_share:
            whole = math.fsum(model.values[rule.item][active])
            found.append((name, np.nan, SHARE, reached / whole + rule.amount if whole else 0.0, rule.amount))
        elif short > 0:
            asked = rule.amount if rule is not None else model.lower[row] * unit
            found.append((name, np.nan, LESS, asked - reached, asked))
        else:
            asked = rule.amount if rule is not None else model.upper_rows[row] * unit
            found.append((name, np.nan, MORE, reached - asked, asked))
    return found


def _figures(amount: float) -> str:
    """A number in words: whole or to the cent when large, six digits when small; never in powers of ten.

    Examples
    --------
    >>> _figures(1.25e6), _figures(1234.5), _figures(2.0), _figures(0.125)
    ('1,250,000', '1,234.50', '2', '0.125')
    """
    if amount == round(amount):
        return f"{amount:,.0f}"
    return f"{amount:,.2f}" if abs(amount) >= 1000 else f"{amount:.6g}"
