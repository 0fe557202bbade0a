"""What one would give up: questions asked of a front of plans.

Answers come from the points of the front alone. If it is not complete, a better exchange may exist that has not been
found. Changes are in natural units; losses are how much worse, never negative. Knows no solver.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from headwater.errors import AssumptionError
from headwater.portfolio.pareto import Front
from headwater.portfolio.rows import Floats, Mask
from headwater.words import _

SHARE = 0.9
"""Of the greatest distance that a knee must reach: a judgement."""
PART_OF_STEP = 1e-6
"""Part of a step by which a value may fall short and still count as reached."""


def knees(front: Front, *, share: float = SHARE) -> pd.Series:
    """Points from which a little more of one objective costs a lot of another.

    The distance of a point beyond the plane through the best points of each objective, all objectives scaled to
    their range. Knees are at least `share` of the greatest distance beyond it, and no neighbour is farther. A front
    that does not bulge has none.

    Parameters
    ----------
    front
        From `headwater.portfolio.pareto.front`.
    share
        Of the greatest distance, 0 to 1.

    Returns
    -------
    knees
        Boolean series, one per point.

    Source
    ------
    Das (1999), On characterizing the "knee" of the Pareto curve based on normal-boundary intersection, Structural
    Optimization 18(2-3), 107-115. doi:10.1007/BF01195985: the point farthest from the plane through the individual
    optima. `share` and the neighbours are ours.
    """
    scaled = _scaled(front)
    distance = _distances(scaled)
    farthest = float(distance.max())
    if not farthest > ROUNDING:
        return pd.Series(False, front.points.index, name="is_knee")
    candidates = np.flatnonzero(distance >= share * farthest)
    neighbours = _neighbours(scaled, candidates)
    peaks = distance[candidates] >= np.where(neighbours, distance[None, :], -np.inf).max(axis=1)
    mask = np.zeros(len(scaled), dtype=bool)
    mask[candidates[peaks]] = True
    return pd.Series(mask, front.points.index, name="is_knee")


ROUNDING = 1e-9
"""Distance, as a share of the ranges, below which a point lies on a plane."""


def give_up(front: Front, at: int, gain: Mapping[str, float]) -> pd.DataFrame:
    """The least that must be given up of each other objective to gain so much.

    Parameters
    ----------
    front
        From `headwater.portfolio.pareto.front`.
    at
        Point to start from.
    gain
        How much better each of some objectives must become, in its unit, 0 or more.

    Returns
    -------
    exchanges
        One row per objective that is not in `gain`: `point`, among those that gain enough the one that loses least of
        it (then least in sum, as shares of the ranges), `loss` of it [its unit], and for every objective the change
        from `at`, in a column of its name. Empty if no point gains enough.

    Raises
    ------
    AssumptionError
        If there is no such point or objective, or a gain is negative.

    Examples
    --------
    >>> from headwater.portfolio.model import build_model
    >>> from headwater.portfolio.pareto import front
    >>> options = pd.DataFrame({"option_id": ["a", "b", "c"], "initial_cost_usd": [1.0, 1.0, 1.0]})
    >>> people = pd.Series({"a": 5.0, "b": 2.0, "c": 1.0})
    >>> model = build_model(options, start_years=[2025], values={"people": people}, objectives=["people"])
    >>> found = front(model, {"people": +1, "initial_cost_usd": -1})
    >>> found.points.iloc[1].tolist()  # do nothing
    [0.0, 0.0]
    >>> give_up(found, 1, {"people": 6})[["loss", "people", "initial_cost_usd"]]
                      loss  people  initial_cost_usd
    objective
    initial_cost_usd   2.0     7.0               2.0
    """
    _check_point(front, at)
    _check_items(front, gain)
    if any(not amount >= 0 for amount in gain.values()):
        raise AssumptionError(_("A gain is how much better an objective becomes; give 0 or more."))
    signs = _signs(front)
    better = (front.points - front.points.loc[at]) * signs
    enough = _reached(better[list(gain)], pd.Series(gain, dtype="float64"), front)
    others = [item for item in front.objectives if item not in gain]
    able = better.loc[enough & (better.index != at)]
    rows = [(item, *_least_loss(able, item, front)) for item in others if len(able)]
    table = pd.DataFrame(rows, columns=["objective", "point", "loss"]).set_index("objective")
    table = table.astype({"point": "int64", "loss": "float64"})
    changes = (front.points - front.points.loc[at]).loc[table["point"]]
    return table.join(changes.set_index(table.index))


def nearest(front: Front, at_least: Mapping[str, float]) -> tuple[list[int], pd.DataFrame]:
    """Points that meet aspirations, and if none does, which aspirations to lower and by how much.

    Parameters
    ----------
    front
        From `headwater.portfolio.pareto.front`.
    at_least
        Value that each of some objectives should reach, in its unit; where less is better, not exceed.

    Returns
    -------
    points
        Points that meet all aspirations, the best first in the sum of what they exceed them by.
    concessions
        Indexed by objective; empty if points meet all aspirations. `alone`: by how much to lower this aspiration if
        all others stay (missing if that does not help), and `alone_point`, which then meets them. `together`: by how
        much to lower it if all are lowered, such that the largest concession, as a share of the range, is smallest;
        `together_point` meets them.

    Raises
    ------
    AssumptionError
        If there is no such objective, or no aspiration.
    """
    _check_items(front, at_least)
    if not at_least:
        raise AssumptionError(_("Give an aspiration for at least one objective."))
    items = list(at_least)
    signs = _signs(front)[items]
    short = (pd.Series(at_least, dtype="float64") - front.points[items]) * signs
    reached = short <= front.steps[items] * PART_OF_STEP
    ranges = _ranges(front)[items]
    good = reached.all(axis=1)
    if good.any():
        excess = -(short[good] / ranges).sum(axis=1)
        order = np.argsort(-excess.to_numpy(), kind="stable")
        return [int(place) for place in np.flatnonzero(good)[order]], _concessions([])
    missing = short.where(~reached, 0.0)
    shares = missing / ranges
    together = int(np.lexsort([shares.sum(axis=1), shares.max(axis=1)])[0])
    rows = []
    for item in items:
        able = np.flatnonzero(reached.drop(columns=item).all(axis=1))
        lacking = missing[item].to_numpy(dtype=np.float64)
        point = int(able[np.argmin(lacking[able])]) if len(able) else None
        alone = np.nan if point is None else float(lacking[point])
        rows.append((item, alone, point, float(lacking[together]), together))
    return [], _concessions(rows)


def exchange_rates(front: Front, at: int) -> pd.DataFrame:
    """What moving to each neighbouring point gains and loses.

    Two points are neighbours if no third lies between them in every objective; with two objectives, those are the
    next on either side.

    Parameters
    ----------
    front
        From `headwater.portfolio.pareto.front`.
    at
        Point to start from.

    Returns
    -------
    exchanges
        One row per neighbour and pair of an objective that becomes better and one that becomes worse: `neighbour`,
        `gains`, `gives_up`, `gain` and `loss` [units of the objectives], `loss_per_gain`.

    Raises
    ------
    AssumptionError
        If there is no such point.
    """
    _check_point(front, at)
    scaled = _scaled(front)
    near = np.flatnonzero(_neighbours(scaled, np.array([at]))[0])
    better = ((front.points - front.points.loc[at]) * _signs(front)).iloc[near]
    long = better.melt(ignore_index=False, var_name="objective", value_name="gain").rename_axis("neighbour")
    long = long.reset_index()
    up = long[long["gain"] > 0].rename(columns={"objective": "gains"})
    down = long[long["gain"] < 0].rename(columns={"objective": "gives_up"})
    down = down.assign(loss=-down["gain"]).drop(columns="gain")
    pairs = up.merge(down, on="neighbour").sort_values(["neighbour", "gains", "gives_up"], ignore_index=True)
    pairs["loss_per_gain"] = pairs["loss"] / pairs["gain"]
    return pairs[["neighbour", "gains", "gives_up", "gain", "loss", "loss_per_gain"]]


# --- geometry of a front ----------------------------------------------------------------------------------------


def _signs(front: Front) -> pd.Series:
    return pd.Series(front.objectives, dtype="float64")


def _ranges(front: Front) -> pd.Series:
    """Range of each objective on the front; its step where all points are equal in it."""
    width = (front.points.max() - front.points.min()).astype("float64")
    return width.where(width > 0, front.steps)


def _scaled(front: Front) -> Floats:
    """Points between 0, the worst on the front, and 1, the best, in each objective."""
    turned = front.points * _signs(front)
    return np.asarray(((turned - turned.min()) / _ranges(front)).to_numpy(dtype=np.float64))


def _distances(scaled: Floats) -> Floats:
    """Distance of each point beyond the plane through the best point of each objective that varies."""
    scaled = scaled[:, scaled.max(axis=0) > 0]
    count = scaled.shape[1]
    if not count:
        return np.zeros(len(scaled))
    # of several that are best in an objective, the one that is best in sum
    ends = np.array([scaled[np.lexsort([scaled.sum(axis=1), scaled[:, i]])[-1]] for i in range(count)])
    normal = np.linalg.solve(ends, np.ones(count)) if np.linalg.matrix_rank(ends) == count else np.ones(count)
    if not (normal > 0).all():
        normal = np.ones(count)  # the plane through the best of each range
    return np.asarray((scaled @ normal - 1) / np.linalg.norm(normal))


def _neighbours(scaled: Floats, among: np.ndarray) -> Mask:
    """[among, points]: whether no third point lies in the box that two points span."""
    result = np.zeros((len(among), len(scaled)), dtype=bool)
    for row, place in enumerate(among):
        low, high = np.minimum(scaled, scaled[place]), np.maximum(scaled, scaled[place])
        between = ((scaled[None] >= low[:, None]) & (scaled[None] <= high[:, None])).all(axis=2)
        result[row] = between.sum(axis=1) <= PAIR
        result[row, place] = False
    return result


PAIR = 2
"""Points that are always in the box that two points span: themselves."""


def _reached(better: pd.DataFrame, wanted: pd.Series, front: Front) -> pd.Series:
    return (better >= wanted - front.steps[better.columns] * PART_OF_STEP).all(axis=1)


def _least_loss(able: pd.DataFrame, item: str, front: Front) -> tuple[int, float]:
    losses = (-able).clip(lower=0.0)
    place = int(np.lexsort([(losses / _ranges(front)).sum(axis=1), losses[item]])[0])
    return int(able.index.to_numpy()[place]), float(losses[item].iloc[place])


def _concessions(rows: list[tuple[str, float, int | None, float, int]]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["objective", "alone", "alone_point", "together", "together_point"])
    kinds = {"alone": "float64", "alone_point": "Int64", "together": "float64", "together_point": "Int64"}
    return table.astype(kinds).set_index("objective")


def _check_point(front: Front, at: int) -> None:
    if at not in front.points.index:
        message = _("There is no point {at}; the front has points 0 to {last}.")
        raise AssumptionError(message.format(at=at, last=len(front.points) - 1))


def _check_items(front: Front, given: Mapping[str, float]) -> None:
    unknown = [item for item in given if item not in front.objectives]
    if unknown:
        message = _("{names} are not objectives of the front; those are {known}.")
        raise AssumptionError(message.format(names=", ".join(unknown), known=", ".join(front.objectives)))
