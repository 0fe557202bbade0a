"""The model of `portfolio_instance`, written as one would with each modelling library, up to where HiGHS has it.

Every one starts from the same tables. Each gives the largest net present value of the relaxation when asked to `solve`;
without, it stops when HiGHS has the model in memory.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.portfolio_instance import PERIODS, Instance

UNIT = 1e6
"""Money in millions, for the solver's sake."""


def numbers(tables: dict[str, Any]) -> Instance:
    """The numbers in a planner's tables, read with pandas and not checked."""
    import pandas as pd

    options, money, rules = tables["options"], tables["budgets"], tables["rules"]
    place = pd.Index(options["option_id"])
    both = tables["interactions"]["option_ids"].str.split(";", expand=True)
    pairs = np.column_stack([place.get_indexer(both[k]) for k in (0, 1)])
    code = {"sector": pd.factorize(options["sector"], sort=True), "region": pd.factorize(options["region"], sort=True)}
    targets = [
        (which, int(code[which][1].get_loc(value)), amount)
        for which, value, amount in rules[["column", "value", "amount"]].itertuples(index=False)
    ]
    return Instance(
        options["initial_cost_usd"].to_numpy(), tables["values"], code["sector"][0], code["region"][0],
        pd.factorize(options["exclusive_group"], sort=True)[0], place.get_indexer(options["requires_option_id"]), pairs,
        tables["interactions"]["amount"].to_numpy(), tables["profiles"]["npv_usd"], money["amount_usd"].to_numpy(),
        targets,
    )  # fmt: skip


def gains(instance: Instance) -> np.ndarray:
    """What each pair adds in each period in which both are in operation [pairs, periods]."""
    steps = instance.profile - np.append(instance.profile[1:], 0.0)
    return np.outer(instance.extra, steps) / UNIT


def named(instance: Instance) -> dict[str, Any]:
    """Lists of options by what binds them, for the libraries that are written to one row at a time."""
    groups = [np.flatnonzero(instance.group == k).tolist() for k in range(instance.group.max(initial=-1) + 1)]
    followers = np.flatnonzero(instance.requires >= 0)
    served = [(np.flatnonzero(getattr(instance, which) == k).tolist(), amount) for which, k, amount in instance.targets]
    return {
        "groups": groups, "requires": list(zip(followers.tolist(), instance.requires[followers].tolist(), strict=True)),
        "served": served, "money": (np.cumsum(instance.budget) / UNIT).tolist(),
        "cost": (instance.cost / UNIT).tolist(), "people": (instance.values["people"] / 1e3).tolist(),
        "npv": (instance.values["npv_usd"] / UNIT).tolist(),
        "gain": gains(instance).tolist(), "pairs": instance.pairs.tolist(), "up": (instance.extra > 0).tolist(),
        "options": range(len(instance.cost)), "periods": range(PERIODS), "joints": range(len(instance.pairs)),
    }  # fmt: skip


def ours(tables: dict[str, Any]) -> Callable[[bool], float]:
    """Tables, checked; arrays; HiGHS."""
    from headwater.portfolio import highs
    from headwater.portfolio.model import build_model

    def work(solve: bool) -> float:
        model = build_model(**tables)
        solver = highs.loaded(model, worth=model.values["npv_usd"] / UNIT, gap=1e-6)
        if not solve:
            return float(solver.getNumRow())
        solver.setOptionValue("solve_relaxation", True)
        solver.run()
        return float(solver.getInfo().objective_function_value)

    return work


def by_rows(g: dict[str, Any], x: Any, y: Any, total: Callable[[Any], Any], add: Callable[[Any], Any]) -> Any:
    """All rows, one at a time, in the library's own sums and comparisons; the objective is returned."""
    options, periods = g["options"], g["periods"]
    for o in options:
        add(total(x[o, t] for t in periods) <= 1)
    for k in g["joints"]:
        a, b = g["pairs"][k]
        for t in periods:
            if g["up"][k]:
                add(y[k, t] <= total(x[a, s] for s in range(t + 1)))
                add(y[k, t] <= total(x[b, s] for s in range(t + 1)))
            else:
                add(total(x[a, s] for s in range(t + 1)) + total(x[b, s] for s in range(t + 1)) - y[k, t] <= 1)
    for t in periods:
        add(total(g["cost"][o] * x[o, s] for o in options for s in range(t + 1)) <= g["money"][t])
    for members in g["groups"]:
        add(total(x[o, t] for o in members for t in periods) <= 1)
    for follower, needed in g["requires"]:
        for t in periods:
            add(total(x[follower, s] for s in range(t + 1)) <= total(x[needed, s] for s in range(t + 1)))
    for members, amount in g["served"]:
        add(total(g["people"][o][t] * x[o, t] for o in members for t in periods) >= amount / 1e3)
    worth = total(g["npv"][o][t] * x[o, t] for o in options for t in periods)
    return worth + total(g["gain"][k][t] * y[k, t] for k in g["joints"] for t in periods)


def highspy_way(tables: dict[str, Any]) -> Callable[[bool], float]:
    """HiGHS's own modelling."""
    import highspy

    def work(solve: bool) -> float:
        g = named(numbers(tables))
        h = highspy.Highs()
        h.silent()
        x = {(o, t): h.addBinary() for o in g["options"] for t in g["periods"]}
        y = {(k, t): h.addVariable(0, 1) for k in g["joints"] for t in g["periods"]}
        worth = by_rows(g, x, y, h.qsum, h.addConstr)
        h.setObjective(worth, highspy.ObjSense.kMaximize)
        if not solve:
            return float(h.getNumRow())
        h.setOptionValue("solve_relaxation", True)
        h.run()
        return float(h.getInfo().objective_function_value)

    return work


def pulp_way(tables: dict[str, Any]) -> Callable[[bool], float]:
    """PuLP, handed over by its interface to highspy."""
    import pulp

    def work(solve: bool) -> float:
        g = named(numbers(tables))
        problem = pulp.LpProblem("portfolio", pulp.LpMaximize)
        kind = pulp.LpContinuous if solve else pulp.LpInteger
        x = {(o, t): _pulp(problem, f"x_{o}_{t}", kind) for o in g["options"] for t in g["periods"]}
        y = {(k, t): _pulp(problem, f"y_{k}_{t}", pulp.LpContinuous) for k in g["joints"] for t in g["periods"]}
        worth = by_rows(g, x, y, pulp.lpSum, problem.addConstraint)
        problem.setObjective(worth)
        solver = pulp.HiGHS(msg=False)
        if not solve:
            solver.createAndConfigureSolver(problem)
            solver.buildSolverModel(problem)
            return float(solver.solver_rows if hasattr(solver, "solver_rows") else problem.solverModel.getNumRow())
        problem.solve(solver)
        return float(pulp.value(problem.objective))

    return work


def _pulp(problem: Any, name: str, kind: str) -> Any:
    import pulp

    if hasattr(problem, "add_variable"):
        return problem.add_variable(name, 0, 1, kind)
    return pulp.LpVariable(name, 0, 1, kind)


def ortools_way(tables: dict[str, Any]) -> Callable[[bool], float]:
    """OR-Tools MathOpt with its own HiGHS."""
    from ortools.math_opt.python import mathopt

    def work(solve: bool) -> float:
        g = named(numbers(tables))
        model = mathopt.Model()
        x = {(o, t): model.add_variable(lb=0, ub=1, is_integer=not solve) for o in g["options"] for t in g["periods"]}
        y = {(k, t): model.add_variable(lb=0, ub=1) for k in g["joints"] for t in g["periods"]}
        model.maximize(by_rows(g, x, y, mathopt.fast_sum, model.add_linear_constraint))
        if solve:
            return float(mathopt.solve(model, mathopt.SolverType.HIGHS).objective_value())
        model.export_model()  # what is handed over; the solver reads this
        return float(len(list(model.linear_constraints())))

    return work


def pyomo_way(tables: dict[str, Any]) -> Callable[[bool], float]:
    """Pyomo, handed over by its persistent interface to HiGHS."""
    import pyomo.environ as pyo
    from pyomo.contrib.appsi.solvers import Highs

    def work(solve: bool) -> float:
        g = named(numbers(tables))
        model = pyo.ConcreteModel()
        domain = pyo.UnitInterval if solve else pyo.Binary
        model.x = pyo.Var(g["options"], g["periods"], domain=domain)
        model.y = pyo.Var(g["joints"], g["periods"], domain=pyo.UnitInterval)
        model.rows = pyo.ConstraintList()
        worth = by_rows(g, model.x, model.y, pyo.quicksum, model.rows.add)
        model.worth = pyo.Objective(expr=worth, sense=pyo.maximize)
        solver = Highs()
        if solve:
            return float(solver.solve(model).best_feasible_objective)
        solver.set_instance(model)
        return float(len(model.rows))

    return work


def linopy_way(tables: dict[str, Any], *, cumulative: bool = False) -> Callable[[bool], float]:
    """linopy: whole arrays with names, handed over by its direct interface.

    A variable is a start, or with `cumulative` that an option has started, as ours has it.
    """
    import linopy
    import pandas as pd
    import xarray as xr

    def work(solve: bool) -> float:
        instance = numbers(tables)
        gain, up = gains(instance), instance.extra > 0
        pairs = np.column_stack([np.flatnonzero(instance.requires >= 0), instance.requires[instance.requires >= 0]])
        model = linopy.Model()
        option, period = pd.RangeIndex(len(instance.cost), name="option"), pd.RangeIndex(PERIODS, name="period")
        joint = pd.RangeIndex(len(instance.pairs), name="joint")
        kind = {"lower": 0, "upper": 1} if solve else {"binary": True}
        x = model.add_variables(coords=[option, period], name="x", **kind)
        y = model.add_variables(0, 1, coords=[joint, period], name="y")
        if cumulative:
            began = 1 * x
            ever = began.isel(period=-1).drop_vars("period")
            later = began.isel(period=slice(1, None))
            before = began.isel(period=slice(None, -1)).assign_coords(period=period[1:])
            model.add_constraints(before - later <= 0, name="stays")
        else:
            began, ever = (1 * x).cumsum("period"), x.sum("period")
            model.add_constraints(ever <= 1, name="once")

        def each(amounts: np.ndarray) -> xr.DataArray:
            steps = amounts - np.column_stack([amounts[:, 1:], np.zeros(len(amounts))]) if cumulative else amounts
            return xr.DataArray(steps, coords=[option, period], dims=["option", "period"])

        def begun(which: np.ndarray, index: pd.Index) -> Any:
            return began.sel(option=xr.DataArray(which, coords=[index], dims=[index.name])).drop_vars("option")

        for side in (0, 1):
            row = 1 * y.sel(joint=joint[up]) - begun(instance.pairs[up, side], joint[up])
            model.add_constraints(row <= 0, name=f"up{side}")
        first, second = (begun(instance.pairs[~up, side], joint[~up]) for side in (0, 1))
        model.add_constraints(first + second - 1 * y.sel(joint=joint[~up]) <= 1, name="down")
        cost = xr.DataArray(instance.cost / UNIT, coords=[option], dims=["option"])
        money = xr.DataArray(np.cumsum(instance.budget) / UNIT, coords=[period], dims=["period"])
        spent = (began * cost).sum("option") if cumulative else (x * cost).sum("option").cumsum("period")
        model.add_constraints(spent <= money, name="money")
        grouped = np.flatnonzero(instance.group >= 0)
        labels = xr.DataArray(instance.group[grouped], coords=[option[grouped]], dims=["option"], name="group")
        model.add_constraints(ever.sel(option=option[grouped]).groupby(labels).sum() <= 1, name="groups")
        link = pd.RangeIndex(len(pairs), name="link")
        model.add_constraints(begun(pairs[:, 0], link) - begun(pairs[:, 1], link) <= 0, name="requires")
        people = each(instance.values["people"] / 1e3)
        for k, (which, number, amount) in enumerate(instance.targets):
            part = option[getattr(instance, which) == number]
            model.add_constraints((x.sel(option=part) * people.sel(option=part)).sum() >= amount / 1e3, name=f"t{k}")
        extra = xr.DataArray(gain, coords=[joint, period], dims=["joint", "period"])
        model.add_objective((x * each(instance.values["npv_usd"] / UNIT)).sum() + (y * extra).sum(), sense="max")
        if solve:
            model.solve(solver_name="highs", io_api="direct", output_flag=False)
            return float(model.objective.value)
        solver = linopy_handed_over(model)
        return float(solver.getNumRow())

    return work


def linopy_cumulative_way(tables: dict[str, Any]) -> Callable[[bool], float]:
    """linopy with the columns that ours has."""
    return linopy_way(tables, cumulative=True)


def linopy_handed_over(model: Any) -> Any:
    """The solver with the model, by whichever way this release of linopy has."""
    if hasattr(model, "to_highspy"):
        return model.to_highspy()
    from linopy.io import to_highspy

    return to_highspy(model)


def cvxpy_way(tables: dict[str, Any]) -> Callable[[bool], float]:
    """cvxpy: matrices, handed over as its interface to HiGHS does."""
    import cvxpy as cp
    import highspy
    from scipy import sparse

    def picking(which: np.ndarray, n: int) -> Any:
        return sparse.csr_array((np.ones(len(which)), (np.arange(len(which)), which)), shape=(len(which), n))

    def work(solve: bool) -> float:
        instance = numbers(tables)
        n, up = len(instance.cost), instance.extra > 0
        x = cp.Variable((n, PERIODS), **({} if solve else {"boolean": True}))
        y = cp.Variable((len(instance.pairs), PERIODS))
        until = np.triu(np.ones((PERIODS, PERIODS)))
        began = x @ until
        rows = [cp.sum(x, axis=1) <= 1, y >= 0, y <= 1, x >= 0, x <= 1]
        rows += [y[np.flatnonzero(up)] <= picking(instance.pairs[up, k], n) @ began for k in (0, 1)]
        both = picking(instance.pairs[~up, 0], n) + picking(instance.pairs[~up, 1], n)
        rows += [
            both @ began - y[np.flatnonzero(~up)] <= 1,
            (instance.cost / UNIT) @ began <= np.cumsum(instance.budget) / UNIT,
        ]
        grouped = np.flatnonzero(instance.group >= 0)
        ones = (np.ones(len(grouped)), (instance.group[grouped], grouped))
        rows.append(sparse.csr_array(ones, shape=(instance.group.max() + 1, n)) @ cp.sum(x, axis=1) <= 1)
        needs = np.flatnonzero(instance.requires >= 0)
        rows.append((picking(needs, n) - picking(instance.requires[needs], n)) @ began <= 0)
        people = instance.values["people"] / 1e3
        for which, number, amount in instance.targets:
            part = np.flatnonzero(getattr(instance, which) == number)
            rows.append(cp.sum(cp.multiply(people[part], x[part])) >= amount / 1e3)
        worth = cp.sum(cp.multiply(instance.values["npv_usd"] / UNIT, x)) + cp.sum(cp.multiply(gains(instance), y))
        problem = cp.Problem(cp.Maximize(worth), rows)
        if solve:
            return float(problem.solve(solver=cp.HIGHS))
        data = problem.get_problem_data(cp.HIGHS)[0]
        matrix = sparse.csc_array(data["A"])
        rows_count, columns = matrix.shape
        is_integer = np.zeros(columns, dtype=np.int32)
        is_integer[data["bool_vars_idx"]] = 1
        h = highspy.Highs()
        h.silent()
        equal = data["dims"].zero
        lower = np.append(data["b"][:equal], np.full(rows_count - equal, -math.inf))
        h.passModel(
            columns, rows_count, matrix.nnz, int(highspy.MatrixFormat.kColwise), int(highspy.ObjSense.kMinimize), 0.0,
            data["c"], np.full(columns, -math.inf), np.full(columns, math.inf), lower, data["b"],
            matrix.indptr.astype(np.int32), matrix.indices.astype(np.int32), matrix.data, is_integer,
        )  # fmt: skip
        return float(h.getNumRow())

    return work
