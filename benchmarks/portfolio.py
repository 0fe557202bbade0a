"""Portfolios: handing the model to the solver, fronts of five objectives, and 5,000 options at once.

*Build*: from a planner's tables to the model in HiGHS's memory; only ours checks them. All must give the same
relaxation at 50 options. *Whole*: one plan of 5,000 options within 0.05 % of the best, beside HiGHS.
*Fronts*: plans for five objectives in the same CPU time as two evolutionary searches, compared by the volume they
dominate between the worst and the best value that any side found, by the same 400,000 random points.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from benchmarks import portfolio_peers
from benchmarks.harness import Measurement, compare_sides, cpu_s, measure
from benchmarks.portfolio_instance import OBJECTIVES, PERIODS, Instance, make_instance, make_tables

LARGE, SMALL = 5_000, 50
SAME = 1e-6
FRONTS = {200: 60, 1_000: 120}
"""Options, and seconds for each side."""
DARTS, SEED = 400_000, 20260402
POPULATION = 400
PARTITIONS = 8
"""Reference directions of NSGA-III: 495 for five objectives."""
ALONE_S = 60.0

PEERS = [
    ("linopy", "linopy_way", LARGE), ("linopy, our columns", "linopy_cumulative_way", LARGE),
    ("PuLP", "pulp_way", 1_000), ("OR-Tools MathOpt", "ortools_way", 1_000), ("Pyomo", "pyomo_way", 1_000),
    ("highspy", "highspy_way", 1_000), ("cvxpy", "cvxpy_way", LARGE),
]  # fmt: skip
SEARCHES = [("NSGA-II", "nsga2"), ("NSGA-III", "nsga3")]


def compare() -> Iterator[dict[str, Any]]:
    """Rows of the three jobs."""
    yield from build_rows()
    yield from whole_rows()
    for options, seconds in FRONTS.items():
        yield from front_rows(options, seconds)


# --- build and hand over ----------------------------------------------------------------------------------------


def build(*, way: str, options: int, solve: bool = False) -> Callable[[], float]:
    """One library's side: the count of rows handed over, or the relaxation's worth."""
    library = getattr(portfolio_peers, way)
    work = library(make_tables(make_instance(options)))
    if not solve:
        library(make_tables(make_instance(SMALL)))(False)  # imports and compiled parts
    return lambda: work(solve)


def build_rows() -> Iterator[dict[str, Any]]:
    side = "benchmarks.portfolio:build"
    same = measure(side, repeats=1, way="ours", options=SMALL, solve=True)
    job = f"build and hand to HiGHS, {LARGE:,} options x {PERIODS} periods x 10 interactions"
    for name, way, options in PEERS:
        check = measure(side, repeats=1, way=way, options=SMALL, solve=True)
        if abs(check.result - same.result) > SAME * abs(same.result):
            raise AssertionError(f"{name}: {check.result} in place of {same.result}")
        us = measure(side, repeats=5, way="ours", options=LARGE)  # next to each: a shared machine drifts
        them = measure(side, repeats=5 if options == LARGE else 1, way=way, options=options)
        yield compare_sides("portfolio", f"{name}, build", us, them, scale=LARGE / options, job=job)


# --- one plan of 5,000 options ----------------------------------------------------------------------------------


def whole(*, options: int) -> Callable[[], dict[str, Any]]:
    """Our plan, its gap, and what was shown while it worked."""
    from headwater.portfolio.large import solve_large
    from headwater.portfolio.model import build_model, is_allowed

    model = build_model(**make_tables(make_instance(options)))

    def work() -> dict[str, Any]:
        shown: list[tuple[float, float, float]] = []
        found = solve_large(model, "npv_usd", progress=lambda *now: shown.append(now))
        assert is_allowed(model, found.starts)
        lines = [[None if np.isnan(v) else round(v) for v in each[:2]] + [round(each[2], 1)] for each in shown]
        return {"value": found.objective, "bound": found.bound, "gap": found.gap, "shown": lines}

    return work


def alone(*, options: int, seconds: float) -> Callable[[], dict[str, Any]]:
    """HiGHS with the same model and no more; in starts, where it keeps to the time limit better than in our columns."""
    import highspy

    from headwater.portfolio.model import build_model

    model = build_model(**make_tables(make_instance(options)))
    solver, matrix = highspy.Highs(), model.matrix.tocsc()
    rows, columns = matrix.shape
    solver.silent()
    solver.setOptionValue("threads", 1)
    solver.setOptionValue("mip_rel_gap", 5e-4)
    solver.setOptionValue("time_limit", seconds)
    solver.passModel(
        columns, rows, matrix.nnz, int(highspy.MatrixFormat.kColwise), int(highspy.ObjSense.kMaximize), 0.0,
        model.values["npv_usd"] / 1e6, np.zeros(columns), model.upper, model.lower, model.upper_rows,
        matrix.indptr.astype(np.int32), matrix.indices.astype(np.int32), matrix.data, model.is_integer.astype(np.int32),
    )  # fmt: skip

    def work() -> dict[str, Any]:
        solver.run()
        info = solver.getInfo()
        has_plan = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
        return {"gap": float(info.mip_gap) if has_plan and np.isfinite(info.mip_gap) else None}

    return work


def whole_rows() -> Iterator[dict[str, Any]]:
    us = measure("benchmarks.portfolio:whole", repeats=1, options=LARGE)
    for best, bound, seconds in us.result["shown"]:
        shown = "none yet" if best is None else f"{best:,}"
        print(f"portfolio: best {shown}, bound {bound:,}, {seconds} s", file=sys.stderr)
    them = measure("benchmarks.portfolio:alone", repeats=1, options=LARGE, seconds=ALONE_S)
    reached = them.result["gap"]
    found = "no plan" if reached is None else f"{reached:.3%}"
    job = f"{LARGE:,} options: within {us.result['gap']:.4%} of the best; HiGHS alone, stopped: {found}"
    yield compare_sides(
        "portfolio", "HiGHS alone, one plan", us, them, job=job, gap=us.result["gap"], peer_gap=reached,
        shown=us.result["shown"],
    )  # fmt: skip


# --- fronts -----------------------------------------------------------------------------------------------------


def front(*, options: int, seconds: float) -> Callable[[], dict[str, Any]]:
    """Our plans for five objectives, and how far from the best of its weights each may be."""
    from headwater.portfolio.model import build_model
    from headwater.portfolio.weighted import weighted_plans

    instance = make_instance(options)
    model = build_model(**make_tables(instance))

    def work() -> dict[str, Any]:
        table, starts = weighted_plans(model, OBJECTIVES, seconds=seconds)
        points = table[list(OBJECTIVES)].to_numpy() * list(OBJECTIVES.values())
        gains, missing = worth(instance, starts + 1)  # as the others' plans are judged
        assert np.allclose(points, gains)
        assert (missing <= SAME).all()
        return {"points": points.tolist(), "gaps": table["gap"].tolist()}

    return work


def nsga2(*, options: int, seconds: float) -> Callable[[], dict[str, Any]]:
    """pymoo's NSGA-II."""
    from pymoo.algorithms.moo.nsga2 import NSGA2

    return search(options, seconds, lambda **parts: NSGA2(pop_size=POPULATION, **parts))


def nsga3(*, options: int, seconds: float) -> Callable[[], dict[str, Any]]:
    """pymoo's NSGA-III, as many plans as reference directions."""
    from pymoo.algorithms.moo.nsga3 import NSGA3
    from pymoo.util.ref_dirs import get_reference_directions

    directions = get_reference_directions("das-dennis", len(OBJECTIVES), n_partitions=PARTITIONS)
    return search(options, seconds, lambda **parts: NSGA3(ref_dirs=directions, **parts))


def search(options: int, seconds: float, make: Callable[..., Any]) -> Callable[[], dict[str, Any]]:
    """One whole number per option (0: not chosen, else its period); plans are repaired, targets are constraints."""
    from pymoo.core.problem import Problem
    from pymoo.core.repair import Repair
    from pymoo.core.sampling import Sampling
    from pymoo.core.termination import Termination
    from pymoo.operators.crossover.ux import UniformCrossover
    from pymoo.operators.mutation.pm import PolynomialMutation
    from pymoo.operators.repair.rounding import RoundingRepair
    from pymoo.optimize import minimize

    instance = make_instance(options)

    class Plans(Problem):
        def __init__(self) -> None:
            super().__init__(options, len(OBJECTIVES), len(instance.targets), xl=0, xu=PERIODS, vtype=int)

        def _evaluate(self, x: np.ndarray, out: dict[str, Any], *_args: Any, **_more: Any) -> None:
            gains, missing = worth(instance, x)
            out["F"], out["G"] = -gains, missing

    class Mended(Repair):
        def _do(self, _problem: Any, x: np.ndarray, **_more: Any) -> np.ndarray:
            return mended(instance, np.clip(np.rint(x), 0, PERIODS).astype(int), np.random.default_rng(int(x.sum())))

    class Sparse(Sampling):
        def _do(self, _problem: Any, n_samples: int, *_args: Any, **_more: Any) -> np.ndarray:
            rng = np.random.default_rng(SEED)
            chosen = rng.random((n_samples, options)) < rng.uniform(0.2, 0.6, (n_samples, 1))
            return chosen * rng.integers(1, PERIODS + 1, (n_samples, options))

    class CpuTime(Termination):
        def __init__(self) -> None:
            super().__init__()
            self.begun = cpu_s()

        def _update(self, _algorithm: Any) -> float:
            return (cpu_s() - self.begun) / seconds

    def work() -> dict[str, Any]:
        algorithm = make(
            sampling=Sparse(), crossover=UniformCrossover(), eliminate_duplicates=True, repair=Mended(),
            mutation=PolynomialMutation(prob_var=2 / options, eta=3, vtype=float, repair=RoundingRepair()),
        )  # fmt: skip
        found = minimize(Plans(), algorithm, CpuTime(), seed=SEED, verbose=False)
        points = np.zeros((0, len(OBJECTIVES))) if found.F is None else -np.atleast_2d(found.F)
        return {"points": points.tolist(), "generations": int(found.algorithm.n_gen)}

    return work


def worth(instance: Instance, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Gains of plans in every objective, more being better, and by how much each misses its targets, as shares."""
    chosen, options = x > 0, np.arange(x.shape[1])
    period = np.maximum(x - 1, 0)
    sums = {item: (values[options, period] * chosen).sum(axis=1) for item, values in instance.values.items()}
    first, second = x[:, instance.pairs[:, 0]], x[:, instance.pairs[:, 1]]
    factor = np.append(0.0, instance.profile)[np.where((first > 0) & (second > 0), np.maximum(first, second), 0)]
    sums["npv_usd"] = sums["npv_usd"] + factor @ instance.extra
    people = instance.values["people"][options, period] * chosen
    missing = [
        1 - people[:, getattr(instance, which) == k].sum(axis=1) / amount for which, k, amount in instance.targets
    ]
    return np.column_stack([sense * sums[item] for item, sense in OBJECTIVES.items()]), np.column_stack(missing)


def mended(instance: Instance, x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Plans that keep precedence, variants and budgets: what breaks them is dropped, in random order for money."""
    x = x.copy()
    rows = np.arange(len(x))[:, None]
    order = rng.permuted(np.tile(np.arange(x.shape[1]), (len(x), 1)), axis=1)
    grouped = np.flatnonzero(instance.group >= 0)
    lot = np.where(x[:, grouped] > 0, rng.random((len(x), len(grouped))), -1.0)
    best = np.full((len(x), instance.group.max(initial=-1) + 1), -1.0)
    np.maximum.at(best, (rows, instance.group[grouped][None, :]), lot)
    x[:, grouped] *= lot == best[:, instance.group[grouped]]
    needs = np.flatnonzero(instance.requires >= 0)
    x = _in_order(instance, x, needs)
    for t in range(PERIODS):  # a budget carries over: what starts by t fits into what came in by t
        taken = np.where((x > 0) & (x <= t + 1), instance.cost, 0.0)
        running = np.cumsum(np.take_along_axis(taken, order, axis=1), axis=1)
        over = np.empty_like(x, dtype=bool)
        np.put_along_axis(over, order, running > instance.budget[: t + 1].sum(), axis=1)
        x[over & (taken > 0)] = t + 2 if t + 1 < PERIODS else 0  # wait for the next money, or be dropped
    return _in_order(instance, x, needs)


def _in_order(instance: Instance, x: np.ndarray, needs: np.ndarray) -> np.ndarray:
    """Drop what starts without what it requires, or before."""
    while True:
        first = x[:, instance.requires[needs]]
        wrong = (x[:, needs] > 0) & ((first == 0) | (first > x[:, needs]))
        if not wrong.any():
            return x
        x[:, needs] *= ~wrong


def front_rows(options: int, seconds: float) -> Iterator[dict[str, Any]]:
    us = measure("benchmarks.portfolio:front", repeats=1, options=options, seconds=seconds)
    them = {
        name: measure(f"benchmarks.portfolio:{side}", repeats=1, options=options, seconds=us.cpu_s)
        for name, side in SEARCHES
    }
    sides: dict[str, Measurement] = {"ours": us} | them
    shares = dominated({name: np.array(each.result["points"]) for name, each in sides.items()})
    gaps = np.array(us.result["gaps"])
    for name, peer in them.items():
        job = (
            f"{options:,} options, 5 objectives: dominated volume {shares['ours']:.4f} against {shares[name]:.4f}; "
            f"{len(gaps):,} plans within {np.median(gaps):.2%} (median) against {len(peer.result['points']):,} unproved"
        )
        yield compare_sides(
            "portfolio", f"{name}, {options:,} options", us, peer, job=job, hypervolume=round(shares["ours"], 5),
            peer_hypervolume=round(shares[name], 5), plans=len(gaps), gap_median=float(np.median(gaps)),
            gap_most=float(gaps.max()), generations=peer.result["generations"],
        )  # fmt: skip


def dominated(sides: dict[str, np.ndarray]) -> dict[str, float]:
    """Share of the box between the worst and the best value of any side that some point of each side dominates."""
    every = np.vstack([points for points in sides.values() if len(points)])
    low, span = every.min(axis=0), np.maximum(np.ptp(every, axis=0), 1e-12)
    darts = np.random.default_rng(SEED).random((DARTS, every.shape[1]))
    shares = {}
    for name, points in sides.items():
        left = darts
        for point in (points - low) / span if len(points) else []:
            left = left[(left > point).any(axis=1)]
        shares[name] = 1 - len(left) / DARTS
    return shares


if __name__ == "__main__":
    began = time.perf_counter()
    for row in compare():
        print(row)
    print(round(time.perf_counter() - began), "s")
