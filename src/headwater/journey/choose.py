"""Choose: the best plan under each budget, settled with what the models say of it whole.

Plans are chosen on a sum: what each option gives alone, and what options do to each other together. Then the models run
on the whole plan. Where the two differ by more than the study allows, the difference becomes an interaction of the
options concerned and the choice is made again, until they agree or the rounds are used up.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from headwater.appraisal.cash_flow import discount_factors
from headwater.budgets import Budget
from headwater.errors import TimedOut
from headwater.journey.objectives import COST, NPV, effect_values, sense, service_share
from headwater.journey.together import correction, in_place
from headwater.portfolio.model import PortfolioModel, build_model, is_allowed
from headwater.portfolio.solve import Solution, Solver
from headwater.schema import empty
from headwater.settings import StudyHeader

Floats = npt.NDArray[np.float64]

TIME_LIMIT_S = 60.0
"""Seconds the solver may take for one plan; after that the best plan found is reported with its gap."""

GAP = 1e-5
"""Gap at which a plan counts as proved: ten dollars in a million. What was reached is reported."""

ROUNDS = 8
"""Times a plan is chosen and run whole before the difference that remains is stated."""

CORRECTED = 1e-3
"""Disagreement from which a correction is made."""

NOTHING = 1e-9
"""Amount, as a share of the largest, below which a difference counts as none."""

Whole = Callable[[Sequence[str]], Mapping[str, float]]
"""From options in place to what the models say they give together, by item."""


@dataclass(frozen=True, eq=False)
class Menu:
    """What plans are chosen from.

    Attributes
    ----------
    header
        Head of the study.
    options
        Table `options`, those that can be chosen.
    effects
        Table `effects`.
    values
        By item, what each option adds by start year: a frame with a row per option.
    interactions
        Table `interactions`.
    rules
        Table `plan_rules`.
    unit_usd
        Worth of one unit a year of each effect that has one, year by year from the base year [items: years].
    """

    header: StudyHeader
    options: pd.DataFrame
    effects: pd.DataFrame
    values: Mapping[str, pd.DataFrame]
    interactions: pd.DataFrame
    rules: pd.DataFrame
    unit_usd: Mapping[str, Floats]

    def with_interactions(self, more: pd.DataFrame) -> Menu:
        """The menu with more interactions, and what they are worth in money."""
        return replace(self, interactions=_merged(_stacked([self.interactions, more])))


def build_menu(
    options: pd.DataFrame,
    effects: pd.DataFrame,
    npv: pd.DataFrame,
    interactions: pd.DataFrame,
    *,
    header: StudyHeader,
    rules: pd.DataFrame,
    unit_usd: Mapping[str, Floats],
) -> Menu:
    """What plans are chosen from.

    Parameters
    ----------
    options, effects, interactions
        Tables of those names.
    npv
        Net present value of each option by start year; blank where it is not known.
    header
        Head of the study.
    rules
        Table `plan_rules`.
    unit_usd
        Worth of one unit a year of each effect that has one, by year [USD].
    """
    counted = {header.objective, *header.trade_off, *rules["item"]} - {NPV, COST, "options"}
    ids = pd.Index(options["option_id"])
    values = {NPV: npv.reindex(ids)} | effect_values(effects, ids, sorted(counted), header)
    return Menu(header, options, effects, values, interactions, rules, unit_usd)


def choices(
    menu: Menu, whole: Whole, *, run: Callable = map, seed: int = 0
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Tables `plans`, `plan_summaries`, `plan_checks`, and the interactions with their corrections.

    Parameters
    ----------
    menu
        What to choose from.
    whole
        The models, run on options together.
    run
        Maps a function over budgets, one after another, and tells of progress.
    seed
        Seed of the solver.

    Raises
    ------
    Infeasible
        If a budget and the rules leave no plan.
    """
    plans, summaries, checks = [empty("plans")], [], [empty("plan_checks")]
    for budget in run(lambda budget: budget, menu.header.budgets):
        settled = settle(menu, budget, whole, seed=seed)
        menu = replace(menu, interactions=settled.interactions)
        plans.append(settled.plan)
        summaries.append(settled.summary)
        checks.append(settled.checks)
    summary = pd.DataFrame(summaries, columns=empty("plan_summaries").columns)
    return _stacked(plans), summary, _stacked(checks), menu.interactions


@dataclass(frozen=True, eq=False)
class Settled:
    """A plan that was chosen and run whole, and the interactions known by then."""

    plan: pd.DataFrame
    summary: dict[str, Any]
    checks: pd.DataFrame
    interactions: pd.DataFrame


def settle(menu: Menu, budget: Budget, whole: Whole, *, seed: int = 0) -> Settled:
    """The plan under one budget, chosen again until its sum and the models agree.

    Of the plans tried, the one that the models find best is kept. What its correction did not reach is stated in the
    checks as the disagreement.
    """
    header, first = menu.header, None
    tried: list[tuple[Solution, pd.Series, dict[str, float]]] = []
    allowed = float(header.value("agreement"))
    for _round in range(ROUNDS):
        model = menu_model(menu, budget)
        solution = best_within_time(model, header.objective, seed=seed)
        starts = chosen_starts(model, solution, header.start_years)
        truth, more = check_whole(menu, starts, whole)
        first = first or solution_sums(menu, starts)
        tried.append((solution, starts, truth))
        summed = solution_sums(menu, starts)
        far = {item for item in truth if disagreement(summed.get(item, np.nan), truth[item]) > allowed}
        menu = menu.with_interactions(more)
        if not (far & (worth_items(menu, header.objective) | set(menu.rules["item"]))):
            break
    place = _best_of(menu, budget, tried)
    _solution, starts, truth = tried[place]
    if place < len(tried) - 1:  # corrections of plans tried later may have touched it
        menu = menu.with_interactions(check_whole(menu, starts, whole)[1])
    return Settled(
        _plan_rows(menu, starts, budget.plan_id),
        _summary(menu, tried[-1][0], starts, truth, budget, rounds=len(tried)),
        _checks(menu, starts, truth, budget.plan_id, first if place == 0 and first else {}),
        menu.interactions,
    )


def _best_of(menu: Menu, budget: Budget, tried: Sequence[tuple[Solution, pd.Series, dict[str, float]]]) -> int:
    """Place of the plan that the models find best, of those that keep the rules by what is known now."""
    objective = menu.header.objective
    cost = menu.options.set_index("option_id")[COST]
    gains = np.array(
        [
            sense(objective) * (cost.reindex(starts.index).sum() if objective == COST else truth.get(objective, np.nan))
            for _solution, starts, truth in tried
        ]
    )
    if len(menu.rules) and len(tried) > 1:
        model = menu_model(menu, budget)
        gains[[not is_allowed(model, solution.starts) for solution, _starts, _truth in tried]] = np.nan
    return len(tried) - 1 if np.isnan(gains).all() else int(np.nanargmax(gains))


def menu_model(menu: Menu, budget: Budget) -> PortfolioModel:
    """The menu under a budget as arrays: every item that the objective, the trade-off or a rule counts."""
    header = menu.header
    wanted = [item for item in dict.fromkeys([header.objective, *header.trade_off]) if item != COST]
    return build_model(
        menu.options, start_years=header.start_years, values=menu.values, objectives=wanted,
        budgets=budget_table(budget, header.start_years), interactions=_with_worth(menu),
        profiles=_profiles(menu), rules=menu.rules, senses={item: sense(item) for item in [*wanted, COST]},
    )  # fmt: skip


def budget_table(budget: Budget, start_years: Sequence[int]) -> pd.DataFrame:
    """A budget as rows: funding source ("" for all), start year (missing for all), amount."""
    parts = zip(start_years, budget.amounts_usd, strict=True) if budget.amounts_usd else [(pd.NA, budget.amount_usd)]
    rows = [("", year, amount) for year, amount in parts]
    rows += [(source, pd.NA, amount) for source, amount in budget.sources_usd.items()]
    table = pd.DataFrame(rows, columns=["source", "start_year", "amount_usd"])
    return table.astype({"start_year": "Int64"})


def best_within_time(model: PortfolioModel, objective: str, *, seed: int = 0) -> Solution:
    """The best plan, or the best found when time ran out, with its gap."""
    try:
        return Solver(model, time_limit_s=TIME_LIMIT_S, seed=seed, gap=GAP).best(
            objective, sense=sense(objective), cheapest=True
        )
    except TimedOut as late:
        if isinstance(late.best, Solution):
            return late.best
        raise


def chosen_starts(model: PortfolioModel, solution: Solution, start_years: Sequence[int]) -> pd.Series:
    """Start year of every chosen option, by option_id, sorted."""
    chosen = solution.starts >= 0
    return pd.Series(
        np.asarray(start_years)[solution.starts[chosen]], index=model.option_ids[chosen], name="start_year"
    ).sort_index()


# --- run whole ----------------------------------------------------------------------------------------------------


def check_whole(menu: Menu, starts: pd.Series, whole: Whole) -> tuple[dict[str, float], pd.DataFrame]:
    """What the models say of a plan, as means over the study's years; and interactions that would make the sum agree.

    The models run on what is in place after each start year.
    """
    truth: dict[str, float] = {}
    corrections = [empty("interactions")]
    base = _own_npv(menu, starts)
    known = menu.interactions
    for year, weight, factor in _states(menu):
        here = starts.index[starts <= year].tolist()
        if not here and len(starts):
            continue
        found = dict(whole(here))
        alone = state_sums(menu.effects, known, here)
        wrong = {
            item: amount for item, amount in found.items() if disagreement(alone.get(item, 0.0), amount) > CORRECTED
        }
        more = (
            correction(here, wrong, {item: alone.get(item, 0.0) for item in wrong}, known) if wrong else known.iloc[:0]
        )
        known = _stacked([known, more])
        corrections.append(more)
        lone = state_sums(menu.effects, known.iloc[:0], here)
        for item, amount in found.items():
            truth[item] = truth.get(item, 0.0) + weight * amount
            if item in factor:
                base += factor[item] * (amount - lone.get(item, 0.0))
    return truth | ({} if np.isnan(base) else {NPV: base}), _stacked(corrections)


def state_sums(effects: pd.DataFrame, interactions: pd.DataFrame, option_ids: Sequence[str]) -> dict[str, float]:
    """Sum of what options give alone and of the interactions among them, by item; blank effects count as none."""
    alone = effects[effects["option_id"].isin(set(option_ids))].groupby("item")["amount"].sum()
    inside = in_place(interactions["option_ids"], option_ids)
    joint = interactions[inside.to_numpy(dtype=bool)].groupby("item")["amount"].sum()
    return {str(item): float(amount) for item, amount in alone.add(joint, fill_value=0.0).items()}


def solution_sums(menu: Menu, starts: pd.Series) -> dict[str, float]:
    """What the optimiser sums for a plan, interactions included, as means over the study's years."""
    total: dict[str, float] = {}
    npv = _own_npv(menu, starts)
    for year, weight, factor in _states(menu):
        here = starts.index[starts <= year].tolist()
        sums = state_sums(menu.effects, menu.interactions, here)
        lone = state_sums(menu.effects, menu.interactions.iloc[:0], here)
        for item, amount in sums.items():
            total[item] = total.get(item, 0.0) + weight * amount
            if item in factor:
                npv += factor[item] * (amount - lone.get(item, 0.0))
    return total | ({} if np.isnan(npv) else {NPV: npv})


def disagreement(summed: float, truth: float) -> float:
    """Distance between a sum and what the models say, as a share of the latter.

    Examples
    --------
    >>> disagreement(99.0, 100.0), disagreement(0.0, 0.0), disagreement(1.0, 0.0)
    (0.01, 0.0, inf)
    """
    away = abs(summed - truth)
    if away <= NOTHING * max(abs(summed), abs(truth), 1.0):
        return 0.0
    return float(away / abs(truth)) if truth else float("inf")


def worth_items(menu: Menu, objective: str) -> set[str]:
    """Items whose interactions change the objective: itself, and for net present value all that have a worth."""
    return {objective, *menu.unit_usd} if objective == NPV else {objective}


def _states(menu: Menu) -> list[tuple[int, float, dict[str, float]]]:
    """Each start year, the part of the study's years its state lasts, and the worth of a unit of each effect in it."""
    header = menu.header
    ends = [*header.start_years[1:], header.horizon_year]
    years = np.arange(header.base_year, header.horizon_year + 1)
    span = header.horizon_year - header.base_year
    states = []
    for start, end in zip(header.start_years, ends, strict=True):
        within = (years > start) & (years <= end)
        worth = {item: float((usd * within) @ _factors(header)) for item, usd in menu.unit_usd.items()}
        states.append((start, (end - start) / span, worth))
    return states


def _factors(header: StudyHeader) -> Floats:
    years = header.horizon_year - header.base_year + 1
    return discount_factors(years, discount_rate=float(header.value("discount_rate")))


def _own_npv(menu: Menu, starts: pd.Series) -> float:
    """Sum of the net present values of the chosen options, each alone; missing where one is not known."""
    npv = menu.values[NPV]
    places = npv.columns.get_indexer(pd.Index(starts))
    return float(npv.reindex(starts.index).to_numpy(np.float64)[np.arange(len(starts)), places].sum())


def _with_worth(menu: Menu) -> pd.DataFrame:
    """The interactions, and those in money that follow from them."""
    if not menu.unit_usd or menu.interactions.empty or not menu.values[NPV].notna().any(axis=None):
        return menu.interactions
    worth = _annuities(menu)
    rows = menu.interactions[menu.interactions["item"].isin(list(worth))]
    if rows.empty:
        return menu.interactions
    money = rows.assign(
        item=NPV, unit="USD", amount=rows["amount"] * rows["item"].map(worth), interaction_id=rows["interaction_id"]
    )
    keys = ["interaction_id", "item", "option_ids", "unit", "origin"]
    return _stacked([menu.interactions, pd.DataFrame(money.groupby(keys, as_index=False)["amount"].sum())])


def _annuities(menu: Menu) -> dict[str, float]:
    """Present worth of one unit a year of each effect that serves from the first start year on [USD]."""
    totals: dict[str, float] = {}
    for _year, _weight, worth in _states(menu):
        for item, usd in worth.items():
            totals[item] = totals.get(item, 0.0) + usd
    return totals


def _profiles(menu: Menu) -> dict[str, Floats]:
    """What a joint start in each start year counts for, as a share of one in the first."""
    share = service_share(menu.header).to_numpy(np.float64)
    profiles = {item: share for item in menu.values if item != NPV}
    worth = [sum(usd.values()) for _year, _weight, usd in _states(menu)]
    total = float(sum(worth))
    later = np.cumsum(np.asarray(worth, np.float64)[::-1])[::-1]
    return profiles | {NPV: later / total if total else share}


# --- tables -------------------------------------------------------------------------------------------------------


def _plan_rows(menu: Menu, starts: pd.Series, plan_id: str) -> pd.DataFrame:
    objective = menu.header.objective
    cost = menu.options.set_index("option_id")[COST].reindex(starts.index)
    values = pd.DataFrame(np.tile(cost.to_numpy()[:, None], len(menu.header.start_years))) if objective == COST else (
        menu.values[objective].reindex(starts.index)
    )  # fmt: skip
    places = list(menu.header.start_years)
    at = [places.index(year) for year in starts]
    own = values.to_numpy(np.float64)[np.arange(len(starts)), at]
    return pd.DataFrame(
        {
            "plan_id": plan_id, "option_id": starts.index.astype("str"), "start_year": starts.to_numpy(),
            "initial_cost_usd": cost.to_numpy(np.float64), "objective_value": own,
        }
    ).astype({"start_year": "Int64", "plan_id": "str"})  # fmt: skip


def _summary(
    menu: Menu, last: Solution, starts: pd.Series, truth: Mapping[str, float], budget: Budget, *, rounds: int
) -> dict[str, Any]:
    objective = menu.header.objective
    spent = float(menu.options.set_index("option_id")[COST].reindex(starts.index).sum())
    value = spent if objective == COST else truth.get(objective, last.objective)
    bound = max(last.bound, value) if sense(objective) > 0 else min(last.bound, value)
    gap = abs(bound - value) / abs(value) if value else (0.0 if bound == value else np.inf)
    exact = last.gap == 0 and np.isclose(last.objective, value, rtol=1e-9)
    return {
        "plan_id": budget.plan_id, "budget_usd": budget.amount_usd, "objective": objective, "objective_value": value,
        "bound": value if exact else bound, "gap": 0.0 if exact else gap, "spent_usd": spent,
        "npv_usd": truth.get(NPV, 0.0 if starts.empty else np.nan), "options": len(starts), "status": last.status,
        "rounds": rounds,
    }  # fmt: skip


def _checks(
    menu: Menu, starts: pd.Series, truth: Mapping[str, float], plan_id: str, first: Mapping[str, float]
) -> pd.DataFrame:
    """Table `plan_checks`: the sums before and after corrections beside what the models say."""
    final = solution_sums(menu, starts)
    alone = solution_sums(replace(menu, interactions=menu.interactions.iloc[:0]), starts)
    units = dict(zip(menu.effects["item"], menu.effects["unit"], strict=True)) | {NPV: "USD"}
    changed = set(menu.effects.loc[menu.effects["amount"] != 0, "item"]) | {NPV}
    rows = [
        {
            "plan_id": plan_id, "item": item, "unit": units.get(item, ""), "sum_of_options": alone.get(item, 0.0),
            "whole_plan": amount, "difference": amount - alone.get(item, 0.0),
            "disagreement": disagreement(final.get(item, 0.0), amount), "optimiser": final.get(item, 0.0),
            "optimiser_first": first.get(item, np.nan),
        }
        for item, amount in sorted(truth.items())
        if amount or item in changed
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=empty("plan_checks").columns)


def _merged(interactions: pd.DataFrame) -> pd.DataFrame:
    """Interactions with one row for a set and an item: a set that was corrected twice has the sum."""
    key = ["interaction_id", "item"]
    if not interactions.duplicated(key).any():
        return interactions
    amount = interactions.groupby(key, sort=False)["amount"].transform("sum")
    return interactions.assign(amount=amount).drop_duplicates(key, ignore_index=True)


def _stacked(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    filled = [table for table in tables if len(table)]
    return pd.concat(filled, ignore_index=True) if filled else tables[0]
