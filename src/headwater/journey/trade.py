"""Trade: the exact front between the objectives of a study, every point of it run whole, and plans for any future.

What a point sums is set beside what the models say of it. Where the two differ and the study is small, the difference
becomes interactions and the front is found again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from headwater.budgets import Budget, Future
from headwater.errors import AssumptionError, NotFound
from headwater.journey.choose import Menu, Whole, check_whole, disagreement, menu_model
from headwater.journey.objectives import COST, sense, senses
from headwater.portfolio.exchange import knees
from headwater.portfolio.model import PortfolioModel
from headwater.portfolio.pareto import Front, front
from headwater.portfolio.robust import pathways, robust_options, robust_plans
from headwater.schema import empty
from headwater.words import _

Floats = npt.NDArray[np.float64]

ROUNDS = 3
"""Times a front is found and run whole before the difference that remains is left to be seen."""

AGAIN_COLUMNS = 1000
"""Columns of a model beyond which a front is not found again: the corrections of its points would make that slow."""

GAP = 1e-3
"""Gap at which a point counts as proved, as a share of an objective's range; what was reached is reported."""

TIME_LIMIT_S = 150.0
"""Seconds for one front."""


def fronts(
    menu: Menu, budget: Budget, whole: Whole, units: Mapping[str, str], *, run: Callable, seed: int = 0
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Tables `front` and `front_options`.

    Parameters
    ----------
    menu
        What to choose from.
    budget
        Budget that no point exceeds.
    whole
        The models, run on options together.
    units
        Unit of each objective.
    run
        Maps a function over points (`compute.map_items`).
    seed
        Of the solver.
    """
    wanted = senses(menu.header)
    if not wanted:
        return empty("front"), empty("front_options")
    limit = int(menu.header.value("front_points"))
    allowed = float(menu.header.value("agreement"))
    known, tried = menu, dict[tuple[Any, ...], pd.Series]()
    for _round in range(ROUNDS):
        model = menu_model(menu, budget)
        found = front(model, wanted, limit=limit, time_limit_s=TIME_LIMIT_S, gap=GAP, seed=seed)
        plans = [_starts(model, row, menu.header.start_years) for row in found.starts.to_numpy(np.int64)]
        checked = list(run(lambda starts, menu=menu: check_whole(menu, starts, whole), plans))
        truths = [truth | {COST: _cost(menu, starts)} for (truth, _more), starts in zip(checked, plans, strict=True)]
        away = [
            disagreement(float(value), truth.get(str(item), float(value)))
            for row, truth in zip(found.points.to_dict("records"), truths, strict=True)
            for item, value in row.items()
        ]
        if max(away, default=0.0) <= allowed or len(model.upper) > AGAIN_COLUMNS:
            break
        tried |= {tuple(starts.items()): starts for starts in plans}
        menu = known
        for starts in sorted(tried.values(), key=len):  # what a part lacks is made up before the whole is looked at
            menu = menu.with_interactions(check_whole(menu, starts, whole)[1])
    return _front_table(found, truths, units), _option_table(plans)


def robust_tables(
    model: PortfolioModel, worth: Mapping[str, Floats], futures: Sequence[Future], drivers: pd.DataFrame,
    start_years: Sequence[int], *, time_limit_s: float, seed: int = 0,
) -> dict[str, pd.DataFrame]:  # fmt: skip
    """Tables `robustness`, `robust_options` and `pathways`.

    Parameters
    ----------
    model
        The constraints.
    worth
        By future, what each column of the model is worth there.
    futures
        The futures; their probabilities count where they are given.
    drivers
        What can be watched: a row per future, a column per driver.
    start_years
        Years of the periods.
    time_limit_s, seed
        As in `robust_plans`.
    """
    given = {future.future_id: future.probability for future in futures}
    known = {future: p for future, p in given.items() if p is not None}
    found = robust_plans(model, worth, probabilities=known or None, time_limit_s=time_limit_s, seed=seed)
    names = list(worth)
    long = found.worth.rename_axis("rule").reset_index().melt("rule", var_name="future_id", value_name="value")
    regret = found.regret.rename_axis("rule").reset_index().melt("rule", var_name="future_id", value_name="regret")
    table = long.merge(regret, on=["rule", "future_id"]).assign(gap=lambda t: t["rule"].map(found.gaps))
    return {
        "robustness": table.astype({"rule": "str", "future_id": "str"}),
        "robust_options": robust_options(found, model.option_ids, start_years, names),
        "pathways": pathways(found, model.option_ids, start_years, drivers.loc[names]),
    }


def _starts(model: PortfolioModel, row: npt.NDArray[np.int64], start_years: Sequence[int]) -> pd.Series:
    chosen = row >= 0
    return pd.Series(np.asarray(start_years)[row[chosen]], index=model.option_ids[chosen], name="start_year")


def _cost(menu: Menu, starts: pd.Series) -> float:
    return float(menu.options.set_index("option_id")[COST].reindex(starts.index).sum())


def _front_table(found: Front, truths: Sequence[Mapping[str, float]], units: Mapping[str, str]) -> pd.DataFrame:
    is_knee = knees(found)
    points = found.points.reset_index(drop=True).rename_axis("point").reset_index()
    long = points.melt("point", var_name="item", value_name="value")
    place = list(zip(long["point"], long["item"], strict=True))
    return pd.DataFrame(
        {
            "point_id": long["point"] + 1, "item": long["item"].astype("str"), "unit": long["item"].map(units),
            "value": long["value"],
            "epsilon": [float(found.epsilons.iloc[point][item]) for point, item in place],
            "gap": found.gaps.to_numpy(np.float64)[long["point"]],
            "whole": [truths[point].get(item, np.nan) for point, item in place],
            "is_knee": np.asarray(is_knee)[long["point"]],
        }
    ).sort_values(["point_id", "item"], ignore_index=True)  # fmt: skip


def _option_table(plans: Sequence[pd.Series]) -> pd.DataFrame:
    rows = [
        pd.DataFrame({"point_id": i, "option_id": starts.index.astype("str"), "start_year": starts.to_numpy()})
        for i, starts in enumerate(plans, start=1)
        if len(starts)
    ]
    return pd.concat(rows, ignore_index=True).astype({"start_year": "Int64"}) if rows else empty("front_options")


def columns_worth(model: PortfolioModel, objective: str, worth: pd.DataFrame) -> Floats:
    """What each column of a model is worth in a future.

    Interactions are worth what they are in the model: they are not run again for every future.

    Parameters
    ----------
    model
        The constraints.
    objective
        Item of the model that holds the worth as the study assumes it.
    worth
        What each option adds there: a row per option of the model, a column per start year.

    Raises
    ------
    AssumptionError
        If the worth of an option is not known there.
    """
    unknown = worth.index[worth.isna().any(axis=1)]
    if len(unknown):
        message = _(
            "In a future of the study it is not known what {options} would give; plans cannot be compared there."
        )
        raise AssumptionError(message.format(options=", ".join(map(str, unknown[:5]))))
    sign = sense(objective)
    return np.concatenate(
        [sign * worth.to_numpy(np.float64).ravel(), sign * model.values[objective][model.decisions :]]
    )


def drivers(futures: Sequence[Future], base: Mapping[str, object]) -> pd.DataFrame:
    """What sets futures apart and can be watched: a row per future, a column per changed assumption, factor or bound.

    Parameters
    ----------
    futures
        The futures.
    base
        What the study assumes of every assumption that some future changes.
    """
    rows = {}
    for future in futures:
        values = {f"factor.{line}": factor for line, factor in future.factors.items()}
        values |= {str(name): float(value) for name, value in future.assumptions.items() if _is_number(value)}
        rows[future.future_id] = values | {"effects": {"low": -1.0, "high": 1.0}.get(future.bound, 0.0)}
    table = pd.DataFrame.from_dict(rows, orient="index")
    for column in table.columns:
        given = base.get(str(column))
        usual = 1.0 if str(column).startswith("factor.") else float(str(given)) if _is_number(given) else np.nan
        table[column] = table[column].fillna(usual)
    return table.loc[:, (table != table.iloc[0]).any()]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def give_up(front: pd.DataFrame, at_least: Mapping[str, float]) -> dict[str, pd.DataFrame]:
    """Points of a front that reach so much of some objectives, and what they lack of the best of each other.

    Where no point does, the nearest, and by how much it falls short.

    Raises
    ------
    NotFound
        If the front has no such objective.
    AssumptionError
        If an amount is not a finite number.
    """
    if not np.isfinite(list(at_least.values())).all():
        raise AssumptionError(_("Weights and bounds must be finite numbers."))
    wide = front.pivot(index="point_id", columns="item", values="value")
    unknown = sorted(set(at_least) - set(wide.columns))
    if unknown or wide.empty:
        message = _("The front has no objective {names}; it has {known}.")
        raise NotFound(message.format(names=", ".join(unknown), known=", ".join(map(str, wide.columns)) or "–"))
    signs = pd.Series({item: float(sense(str(item))) for item in wide.columns})
    gains = wide * signs
    wanted = pd.Series(at_least) * signs[list(at_least)]
    span = (gains.max() - gains.min()).replace(0.0, 1.0)
    short = (wanted - gains[list(at_least)]).clip(lower=0.0)
    reached = (short <= NOTHING * span[list(at_least)]).all(axis=1)
    if reached.any():
        others = [item for item in wide.columns if item not in at_least]
        rank = ((gains.max() - gains)[others] / span[others]).sum(axis=1)[reached].sort_values(kind="stable")
        lost = ((gains.max() - gains)[others]).loc[rank.index].add_prefix(_("given up: "))
        return {_("Points that reach it, the least given up first"): wide.loc[rank.index].join(lost).reset_index()}
    far = (short / span[list(at_least)]).max(axis=1).sort_values(kind="stable")
    lacking = short.loc[far.index].add_prefix(_("short of: "))
    return {_("No point reaches it; the nearest first"): wide.loc[far.index].join(lacking).head(NEAREST).reset_index()}


NEAREST = 5
NOTHING = 1e-9
