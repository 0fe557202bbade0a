"""The best plan: by hand, against every plan there is, and to the cent."""

from __future__ import annotations

import itertools
import math
import time
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.errors import AssumptionError, Infeasible, TimedOut
from headwater.portfolio.model import PortfolioModel, build_model, common_budget, is_allowed, to_cents, totals
from headwater.portfolio.possible import undominated
from headwater.portfolio.solve import GAP, Solution, Solver, plan
from headwater.schema import faults

RULE = {"rule_id": "r", "name": "the rule", "rule": "at_least", "item": "options", "amount": 1.0, "source_id": "s"}


def options_of(cost: list[float], **columns: list[object]) -> pd.DataFrame:
    """Options o0, o1, …, with leading zeros where there are more than ten, so that the order stays."""
    digits = len(str(len(cost) - 1))
    names = [f"o{i:0{digits}}" for i in range(len(cost))]
    return pd.DataFrame({"option_id": names, "initial_cost_usd": cost} | columns)


def model_of(
    options: pd.DataFrame, value: Any, budget: float | pd.DataFrame | None = None, years: tuple[int, ...] = (2025,),
    **keywords: Any,
) -> PortfolioModel:  # fmt: skip
    money = common_budget(budget) if isinstance(budget, float | int) else budget
    values = {"npv_usd": np.array(value, dtype=float)}
    return build_model(options, start_years=years, values=values, objectives=["npv_usd"], budgets=money, **keywords)


def choice(options: pd.DataFrame, value: Any, budget: Any = None, **keywords: Any) -> list[str]:
    model = model_of(options, value, budget, **keywords)
    return model.option_ids[Solver(model).best("npv_usd", cheapest=True).chosen].tolist()


def starts(*arguments: Any, **keywords: Any) -> list[int]:
    return Solver(model_of(*arguments, **keywords)).best("npv_usd").starts.tolist()


def together(*rows: tuple[str, float]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["option_ids", "amount"])
    return table.assign(interaction_id=[f"k{i}" for i in table.index], item="npv_usd")


def rule(**columns: object) -> pd.DataFrame:
    return pd.DataFrame([RULE | columns])


# --- by hand: one period ----------------------------------------------------------------------------------------


def test_knapsack() -> None:
    """The densest option first would give o0 alone, worth 7."""
    table, value = options_of([6, 5, 5, 9, 1]), [7, 5, 5, 8, -1]
    assert choice(table, value, 10) == ["o1", "o2"]
    assert choice(table, value, 5.99) in (["o1"], ["o2"])
    assert choice(table, value, 0) == []
    assert choice(table, value, 100) == ["o0", "o1", "o2", "o3"]
    assert choice(table, value) == ["o0", "o1", "o2", "o3"]


def test_exclusive_prerequisite_and_together() -> None:
    table, value = options_of([1, 1, 1, 1]), [5, 4, 3, -2]
    assert choice(table.assign(exclusive_group=["g", "g", None, None]), value, 10) == ["o0", "o2"]
    assert choice(table.assign(requires_option_id=["o3", None, None, None]), value, 10) == ["o0", "o1", "o2", "o3"]
    assert choice(table.assign(requires_option_id=["o3", None, None, None]), value, 1) == ["o1"]
    assert choice(table.assign(requires_option_id=["o2;o3", None, None, None]), value, 2) == ["o1", "o2"]
    assert choice(table.assign(together_group=["t", None, None, "t"]), value, 2) == ["o1", "o2"]
    assert choice(table.assign(together_group=["t", None, None, "t"]), [5, 4, 3, -1], 3) == ["o0", "o1", "o3"]
    assert choice(table.assign(together_group=["t", "t", None, "t"]), value, 2) == ["o2"]


def test_funding_sources() -> None:
    table, value = options_of([4, 4, 4], funding_source=["fund", "fund", None]), [5, 6, 1]
    money = pd.DataFrame({"source": ["", "fund"], "amount_usd": [8.0, 4.0]})
    assert choice(table, value, money) == ["o1", "o2"]
    assert choice(table, value, money.assign(amount_usd=[8.0, 8.0])) == ["o0", "o1"]
    assert choice(table, value, money.assign(amount_usd=[8.0, 3.0])) == ["o2"]


def test_rules_buy_what_does_not_pay() -> None:
    table = options_of([1, 1, 2], sector=["energy", "energy", "water"])
    value = [5, 4, -3]
    assert choice(table, value, 3, rules=rule(column="sector", value="water")) == ["o0", "o2"]
    assert choice(table, value, 3, rules=rule(rule="at_most", column="sector", value="energy")) == ["o0"]
    share = {"rule": "at_least_share", "item": "initial_cost_usd", "column": "sector", "value": "water"}
    assert choice(table, value, rules=rule(**share, amount=0.5)) == ["o0", "o1", "o2"]
    assert choice(table, value, rules=rule(**share, amount=0.51)) == ["o0", "o2"]
    assert choice(table, value, rules=rule(item="npv_usd", rule="at_most", amount=5.5)) == ["o0"]
    spent = rule(item="initial_cost_usd", rule="at_most", column="sector", value="energy", amount=1.0)
    assert choice(table, value, rules=spent) == ["o0"]


def test_interactions() -> None:
    table, value = options_of([1, 1, 1]), [5, 4, 3]
    assert choice(table, value, 2, interactions=together(("o1;o2", 3.0))) == ["o1", "o2"]
    assert choice(table, value, 2, interactions=together(("o0;o1", -2.0))) == ["o0", "o2"]
    assert choice(table, value, interactions=together(("o0;o1;o2", -13.0))) == ["o0", "o1"]
    assert choice(table, [-1, -1, -1], interactions=together(("o0;o1;o2", 2.0))) == []
    assert choice(table, [-1, -1, -1], interactions=together(("o0;o1;o2", 3.5))) == ["o0", "o1", "o2"]
    both = together(("o0;o1", 2.0), ("o0;o1;o2", -6.0))
    assert Solver(model_of(table, value, interactions=both)).best("npv_usd").objective == 11


def test_what_adds_nothing_is_not_bought() -> None:
    table = options_of([1, 1, 1], requires_option_id=[None, None, "o1"])
    assert choice(table, [0, 0, 3], 10) == ["o1", "o2"]


# --- by hand: periods -------------------------------------------------------------------------------------------

YEARS = (2025, 2030)


def dated(*amounts: float) -> pd.DataFrame:
    return pd.DataFrame({"source": "", "start_year": YEARS, "amount_usd": amounts})


def test_money_carries_over() -> None:
    table, value = options_of([4, 3, 3]), [[10, 8], [5, 4], [4, 1]]
    assert starts(table, value, dated(4, 3), YEARS) == [0, 1, -1]
    assert starts(table, value, dated(3, 4), YEARS) == [1, 0, -1]
    assert starts(table, value, dated(1, 6), YEARS) == [1, 1, -1]  # 12 with the money carried over
    assert starts(table, value, dated(1, 6), YEARS, carries_over=False) == [1, -1, -1]
    assert starts(table, value, dated(3, 3), YEARS, carries_over=False) == [-1, 1, 0]


def test_a_year_without_a_row_brings_no_money() -> None:
    table, value = options_of([4, 3]), [[9, 8], [5, 4]]
    only = dated(0, 7).iloc[1:]
    assert starts(table, value, only, YEARS) == [1, 1]
    first = dated(7, 0).iloc[:1]
    assert starts(table, value, first, YEARS, carries_over=False) == [0, 0]


def test_lump_and_dated_budgets_both_hold() -> None:
    table, value = options_of([4, 3]), [[9, 8], [5, 4]]
    money = pd.concat([dated(4, 4), common_budget(4)])
    assert starts(table, value, money, YEARS) == [0, -1]


def test_precedence_over_periods() -> None:
    table = options_of([1, 5], requires_option_id=["o1", None])
    value = [[9, 8], [-1, -1]]
    assert starts(table, value, dated(1, 5), YEARS) == [1, 1]
    assert starts(table, value, dated(6, 0), YEARS) == [0, 0]
    assert starts(table.assign(earliest_year=[None, 2030]), value, dated(6, 0), YEARS) == [1, 1]
    assert starts(table, [[9, 8], [-1, 3]], dated(6, 0), YEARS) == [1, 1]


def test_rules_by_year() -> None:
    table, value = options_of([1, 1]), [[1, 3], [1, 3]]
    assert starts(table, value, None, YEARS) == [1, 1]
    assert sorted(starts(table, value, None, YEARS, rules=rule(by_year=2027))) == [0, 1]
    assert starts(table, value, None, YEARS, rules=rule(by_year=2027, amount=2.0)) == [0, 0]
    limit = rule(rule="at_most", item="npv_usd", by_year=2025, amount=4.0)
    assert starts(table, [[5, 4], [5, 4]], None, YEARS, rules=limit) == [1, 1]


def test_interactions_begin_with_the_last_of_their_options() -> None:
    table, value = options_of([1, 1]), [[3, 2], [0, 1]]
    profile = {"npv_usd": np.array([1.0, 0.2])}
    assert starts(table, value, None, YEARS, interactions=together(("o0;o1", 2.0)), profiles=profile) == [0, 0]
    assert starts(table, value, None, YEARS, interactions=together(("o0;o1", 1.0)), profiles=profile) == [0, 1]
    assert starts(table, value, None, YEARS, interactions=together(("o0;o1", -5.0)), profiles=profile) == [0, -1]


# --- to the cent ------------------------------------------------------------------------------------------------


def test_budget_holds_to_the_cent() -> None:
    table, value = options_of([0.1, 0.2, 1e9]), [1, 1, 10]
    assert choice(table, value, 0.3) == ["o0", "o1"]  # 0.1 + 0.2 > 0.3 in floating point
    assert choice(table, value, 0.29) in (["o0"], ["o1"])
    assert choice(table, value, 1_000_000_000.30) == ["o0", "o1", "o2"]
    assert len(choice(table, value, 1_000_000_000.29)) == 2


def test_ten_billion_and_a_cent() -> None:
    table, value = options_of([4e9 + 0.01, 3e9, 3e9]), [3, 2, 2]
    assert choice(table, value, 7e9) == ["o1", "o2"]
    assert choice(table, value, 7e9 + 0.01) in (["o0", "o1"], ["o0", "o2"])


def test_dated_budgets_hold_to_the_cent() -> None:
    table = options_of([4e9 + 0.01, 3e9, 3e9])
    value = [[3, 1], [2, 1], [2, 1]]
    assert starts(table, value, dated(4e9, 3e9), YEARS)[0] == -1
    assert starts(table, value, dated(4e9 + 0.01, 3e9), YEARS)[0] == 0
    assert starts(table, value, dated(4e9 + 0.01, 3e9), YEARS).count(-1) == 1


# --- against every plan -----------------------------------------------------------------------------------------


@st.composite
def instances(draw: st.DrawFn) -> dict[str, Any]:
    n, periods = draw(st.sampled_from([(5, 1), (4, 2), (3, 3)]))
    years = tuple(2025 + 5 * t for t in range(periods))
    ids = [f"o{i}" for i in range(n)]

    def each(strategy: st.SearchStrategy[Any], size: int = n) -> list[Any]:
        return draw(st.lists(strategy, min_size=size, max_size=size))

    amount = st.floats(-1e5, 1e6).map(lambda x: round(x, 2))
    cost = each(st.floats(0, 1e6).map(lambda x: round(x, 2)))
    requires = [draw(st.sampled_from([None, None, *ids[:i]])) for i in range(n)]
    options = options_of(
        cost, exclusive_group=each(st.sampled_from([None, None, "g"])), requires_option_id=requires,
        together_group=each(st.sampled_from([None, None, None, "t"])),
        funding_source=each(st.sampled_from([None, "fund"])), sector=each(st.sampled_from(["water", "energy"])),
        earliest_year=each(st.sampled_from([None, None, *years])),
    )  # fmt: skip
    blank = each(st.sampled_from([False, False, False, False, True]))
    value = np.array([[np.nan] * periods if lost else each(amount, periods) for lost in blank])
    sets = draw(st.lists(st.lists(st.sampled_from(ids), min_size=2, max_size=3, unique=True), max_size=3))
    money = st.floats(0, sum(cost) + 1).map(lambda x: round(x, 2))
    budgets = pd.DataFrame(
        {"source": [""] * periods + ["fund"], "start_year": [*years, None], "amount_usd": each(money, periods + 1)}
    )
    rules = [
        {
            "rule": draw(st.sampled_from(["at_least", "at_most", "at_least_share"])),
            "item": draw(st.sampled_from(["options", "initial_cost_usd", "npv_usd"])),
            "by_year": draw(st.sampled_from([None, *years])),
            "column": column, "value": None if column is None else "water",
        }
        for column in draw(st.lists(st.sampled_from([None, "sector"]), max_size=1))
    ]  # fmt: skip
    scale = {"options": 2, "initial_cost_usd": 5e5, "npv_usd": 5e5}
    for row in rules:
        share = draw(st.floats(0, 1).map(lambda x: round(x, 3)))
        row["amount"] = share if row["rule"] == "at_least_share" else round(share * scale[row["item"]])
    return {
        "options": options, "years": years, "value": value, "budgets": budgets,
        "carries_over": draw(st.booleans()), "profile": np.array(each(st.floats(0.1, 1), periods)),
        "interactions": together(*((";".join(s), draw(amount)) for s in sets)),
        "rules": pd.DataFrame([RULE | row for row in rules]) if rules else None,
    }  # fmt: skip


def solver_of(instance: dict[str, Any], **changes: Any) -> Solver:
    instance = instance | changes
    return Solver(
        model_of(
            instance["options"], instance["value"], instance["budgets"], instance["years"],
            carries_over=instance["carries_over"], interactions=instance["interactions"],
            profiles={"npv_usd": instance["profile"]}, rules=instance["rules"], senses=instance.get("senses"),
        )
    )  # fmt: skip


def worth_of(instance: dict[str, Any], plan: tuple[int, ...], counted: list[bool], until: int) -> float:
    """Net present value of the options that count and of the interactions among them."""
    own = math.fsum(instance["value"][o, t] for o, t in enumerate(plan) if 0 <= t < until and counted[o])
    for names, amount in instance["interactions"][["option_ids", "amount"]].itertuples(index=False):
        members = [int(name[1:]) for name in names.split(";")]
        begun = [plan[o] for o in members]
        if min(begun) >= 0 and max(begun) < until and all(counted[o] for o in members):
            own += amount * instance["profile"][max(begun)]
    return own


def keeps(instance: dict[str, Any], plan: tuple[int, ...]) -> bool:
    """Whether a plan is allowed, option by option."""
    table, years = instance["options"], instance["years"]
    cents, on = to_cents(table["initial_cost_usd"]), [o for o, t in enumerate(plan) if t >= 0]
    groups = table["exclusive_group"].iloc[on].dropna()
    early = not (np.array([years[plan[o]] for o in on]) < table["earliest_year"].astype(float).iloc[on]).any()
    needs = [(o, table["requires_option_id"].iloc[o]) for o in on]
    met = all(pd.isna(r) or 0 <= plan[int(r[1:])] <= plan[o] for o, r in needs)
    with_others = {o in on for o in np.flatnonzero(table["together_group"].notna())}
    if np.isnan(instance["value"][on]).any() or not (groups.is_unique and early and met and len(with_others) < 2):
        return False
    limits = to_cents(instance["budgets"]["amount_usd"]).tolist()
    if sum(cents[o] for o in on if table["funding_source"].iloc[o] == "fund") > limits.pop():
        return False
    for t in range(len(years)):
        now = [o for o in on if (plan[o] <= t if instance["carries_over"] else plan[o] == t)]
        limit = sum(limits[: t + 1]) if instance["carries_over"] else limits[t]
        if sum(cents[o] for o in now) > limit:
            return False
    return (
        all(obeys(instance, plan, row) for row in instance["rules"].to_dict("records")) if on_rules(instance) else True
    )


def on_rules(instance: dict[str, Any]) -> bool:
    return instance["rules"] is not None


def obeys(instance: dict[str, Any], plan: tuple[int, ...], row: dict[Any, Any]) -> bool:
    table, everything = instance["options"], [True] * len(plan)
    counted = everything if pd.isna(row["column"]) else (table["sector"] == row["value"]).tolist()
    until = len(instance["years"]) if pd.isna(row["by_year"]) else instance["years"].index(row["by_year"]) + 1

    def total(counted: list[bool], until: int) -> float:
        if row["item"] == "npv_usd":
            return worth_of(instance, plan, counted, until)
        each = table["initial_cost_usd"] if row["item"] == "initial_cost_usd" else pd.Series(1.0, table.index)
        return math.fsum(each.iloc[o] for o, t in enumerate(plan) if 0 <= t < until and counted[o])

    inside = total(counted, until)
    if row["rule"] == "at_most":
        return inside <= row["amount"] + 1e-4
    asked = row["amount"] if row["rule"] == "at_least" else row["amount"] * total(everything, len(instance["years"]))
    return inside >= asked - 1e-4


@given(instances(), st.sampled_from([None, {"npv_usd": 1}]))
def test_equals_the_best_of_all_plans(instance: dict[str, Any], senses: dict[str, int] | None) -> None:
    n, periods = instance["value"].shape
    everything = itertools.product(range(-1, periods), repeat=n)
    counts = [True] * n
    worth = [worth_of(instance, p, counts, periods) for p in everything if keeps(instance, p)]
    solver = solver_of(instance, senses=senses)
    if not worth:
        with pytest.raises(Infeasible):
            solver.best("npv_usd")
        return
    found = solver.best("npv_usd", cheapest=True)
    model = solver.model
    assert is_allowed(model, found.starts)
    whole = pd.Series(found.starts, model.option_ids).reindex(instance["options"]["option_id"], fill_value=-1)
    assert keeps(instance, tuple(whole))
    assert found.objective == pytest.approx(max(worth), rel=2e-6, abs=1e-3)
    assert found.objective == pytest.approx(worth_of(instance, tuple(whole), counts, periods), abs=1e-6)
    assert found.status == "optimal"
    assert found.bound >= max(worth) - 1e-3


@settings(max_examples=40, deadline=None)
@given(instances(), st.floats(0, 1e6), st.randoms(use_true_random=False))
def test_more_money_or_fewer_constraints_are_never_worse_and_row_order_irrelevant(
    instance: dict[str, Any], more: float, random: Any
) -> None:
    try:
        best = solver_of(instance).best("npv_usd")
    except Infeasible:
        return
    slack = 2e-6 * abs(best.objective) + 1e-3
    richer = instance["budgets"].assign(amount_usd=instance["budgets"]["amount_usd"] + more)
    assert solver_of(instance, budgets=richer).best("npv_usd").objective >= best.objective - slack
    assert solver_of(instance, rules=None).best("npv_usd").objective >= best.objective - slack
    free = instance["options"].assign(exclusive_group=None)
    without = instance["interactions"]
    inside = without["option_ids"].map(
        lambda s: instance["options"].set_index("option_id")["exclusive_group"][s.split(";")].dropna().is_unique
    )
    kept = without[inside.astype(bool)] if len(without) else without
    assert solver_of(instance, options=free, interactions=kept).best("npv_usd").objective >= best.objective - slack
    order = list(range(len(instance["options"])))
    random.shuffle(order)
    same = solver_of(instance, options=instance["options"].iloc[order], interactions=instance["interactions"][::-1])
    assert same.best("npv_usd").starts.tolist() == best.starts.tolist()


@settings(max_examples=40, deadline=None)
@given(instances())
def test_options_worse_than_another_of_their_group_are_not_missed(instance: dict[str, Any]) -> None:
    table = instance["options"].assign(exclusive_group="g", requires_option_id=None, together_group=None)
    values, rules = {"npv_usd": instance["value"]}, instance["rules"]
    kept = undominated(table, values, {"npv_usd": 1}, rules=rules, interactions=instance["interactions"]).to_numpy()
    without = {"interactions": instance["interactions"].iloc[:0]}
    whole, some = instance | {"options": table}, instance | {"options": table[kept], "value": instance["value"][kept]}
    try:
        best = solver_of(whole).best("npv_usd").objective
    except Infeasible:
        with pytest.raises(Infeasible):
            solver_of(some | without).best("npv_usd")
        return
    assert solver_of(some | without).best("npv_usd").objective == pytest.approx(best, rel=2e-6, abs=1e-3)


# --- questions one after the other ------------------------------------------------------------------------------


def test_bounds_and_objectives_change_in_place() -> None:
    rng = np.random.default_rng(3)
    table = options_of(rng.integers(10, 99, 30).astype(float).tolist())
    values = {item: rng.integers(1, 99, 30).astype(float) for item in ("npv_usd", "people")}
    model = build_model(
        table, start_years=[2025], values=values, objectives=["npv_usd", "people"], budgets=common_budget(700)
    )
    solver = Solver(model)
    first = solver.best("npv_usd")
    people = solver.best("people")
    middle = solver.best("npv_usd", at_least={"people": (first.totals["people"] + people.totals["people"]) / 2})
    assert first.objective > middle.objective > people.totals["npv_usd"]
    assert first.totals["people"] < middle.totals["people"] <= people.objective
    assert solver.best("npv_usd", at_least={"people": people.objective}).totals["people"] == people.objective
    again = solver.best("npv_usd", start=people)
    assert (again.objective, again.totals) == (first.objective, first.totals)
    both = solver.best({"npv_usd": 1.0, "people": 2.0})
    assert both.objective == both.totals["npv_usd"] + 2 * both.totals["people"]
    assert both.objective >= first.objective + 2 * first.totals["people"]
    cheap = solver.best("initial_cost_usd", sense=-1, at_least={"npv_usd": first.objective / 2}, at_most={"options": 9})
    assert cheap.totals["npv_usd"] >= first.objective / 2
    assert cheap.totals["options"] <= 9
    assert cheap.bound <= cheap.objective < first.totals["initial_cost_usd"]
    assert totals(model, cheap.starts) == cheap.totals
    with pytest.raises(Infeasible, match="at least 1,000,000 of people"):
        solver.best("npv_usd", at_least={"people": 1e6})
    assert solver.best("npv_usd").starts.tolist() == first.starts.tolist()


def test_cheapest_of_equals() -> None:
    table = options_of([5, 3, 4, 2])
    model = model_of(table, [1, 1, 1, 0], 100, rules=rule(rule="at_most", amount=1.0))
    assert Solver(model).best("npv_usd", cheapest=True).starts.tolist() == [-1, 0, -1, -1]


def test_questions_that_cannot_be_asked() -> None:
    model = build_model(
        options_of([1, 1]), start_years=[2025], values={"npv_usd": np.ones(2), "people": np.array([1.0, np.nan])},
        objectives=["npv_usd"], interactions=together(("o0;o1", 1.0)), senses={"npv_usd": 1},
    )  # fmt: skip
    solver = Solver(model)
    with pytest.raises(AssumptionError, match="no values of joy"):
        solver.best("joy")
    with pytest.raises(AssumptionError, match="Some values of people are blank"):
        solver.best("npv_usd", at_least={"people": 1})
    with pytest.raises(AssumptionError, match="not built to optimise or bound npv_usd in this direction"):
        solver.best("npv_usd", sense=-1)
    with pytest.raises(AssumptionError, match="finite"):
        solver.best("npv_usd", at_least={"npv_usd": math.nan})
    assert math.isnan(solver.best("npv_usd").totals["people"])


def test_nothing_to_choose_from() -> None:
    table = options_of([1.0], sector=["water"])
    assert Solver(model_of(table, [np.nan], 9)).best("npv_usd").objective == 0
    with pytest.raises(Infeasible, match="the rule"):
        Solver(model_of(table, [np.nan], 9, rules=rule())).best("npv_usd")
    with pytest.raises(Infeasible, match="at least 1 of options"):
        Solver(model_of(table, [np.nan], 9)).best("npv_usd", at_least={"options": 1})


# --- hard and large ---------------------------------------------------------------------------------------------


def hard_instance(n: int) -> tuple[pd.DataFrame, list[float]]:
    """Values close to costs, which branch and bound finds hard."""
    rng = np.random.default_rng(7)
    cost = rng.integers(10_000, 90_000, n).astype(float)
    return options_of(cost.tolist()), (cost + 10_000 + rng.integers(0, 7, n)).tolist()


def test_time_limit_gives_the_best_found_and_a_bound() -> None:
    table, value = hard_instance(400)
    budget = float(table["initial_cost_usd"].sum() / 2)
    model = model_of(table, value, budget)
    told: list[tuple[float, float]] = []
    solver = Solver(model, time_limit_s=1.0, progress=lambda best, bound: told.append((best, bound)))
    best = solver.best("npv_usd")
    assert isinstance(best, Solution)
    assert best.status == "time_limit"
    assert best.seconds < 3
    assert best.bound > best.objective == totals(model, best.starts)["npv_usd"]
    assert best.gap == pytest.approx(best.bound / best.objective - 1)
    assert is_allowed(model, best.starts)
    assert told[-1] == (pytest.approx(best.objective), pytest.approx(best.bound, rel=1e-4))
    assert told[-1][1] >= best.bound - 1e-6
    with pytest.raises(TimedOut, match="Time ran out"):
        solver.best("npv_usd", time_limit_s=0.0)
    _plans, summaries = plan(
        table, {"npv_usd": np.array(value)}, budgets={"p": budget}, objective="npv_usd", start_years=[2025],
        time_limit_s=1.0,
    )  # fmt: skip
    assert summaries["status"].tolist() == ["time_limit"]
    assert 0 < summaries.at[0, "gap"] < 0.01
    assert faults(summaries, "plan_summaries") == []


def test_thousands_of_options_in_seconds() -> None:
    rng = np.random.default_rng(0)
    n = 4000
    cost = rng.lognormal(12, 1, n).round(2)
    table = options_of(cost.tolist(), exclusive_group=rng.integers(0, 700, n).astype(str).tolist())
    begun = time.process_time()
    found = Solver(model_of(table, cost * rng.lognormal(0.3, 0.4, n) - cost, 2e7)).best("npv_usd", cheapest=True)
    assert time.process_time() - begun < 20
    assert found.gap <= GAP


def test_tens_of_thousands_of_interactions_build_in_a_second() -> None:
    rng = np.random.default_rng(0)
    pairs = rng.integers(0, 5000, (50_000, 2))
    names = [f"o{a:04};o{b:04}" for a, b in pairs[pairs[:, 0] != pairs[:, 1]].tolist()]
    joint = pd.DataFrame({"option_ids": names, "amount": rng.normal(0, 1, len(names)), "item": "npv_usd"})
    joint["interaction_id"] = joint.index.astype(str)
    years = tuple(2025 + 5 * t for t in range(6))
    table, value = options_of([1.0] * 5000), np.outer(rng.random(5000), 0.8 ** np.arange(6))
    begun = time.process_time()
    model = model_of(
        table, value, 100, years, interactions=joint, profiles={"npv_usd": 0.8 ** np.arange(6)}, senses={"npv_usd": 1}
    )
    Solver(model)
    assert time.process_time() - begun < 2  # 0.25 on an idle machine
    assert len(model.lower) > 400_000


# --- tables -----------------------------------------------------------------------------------------------------


def test_plan_under_three_budgets() -> None:
    table = options_of([6, 5, 5, 9], exclusive_group=["g", None, None, None])
    values = {"npv_usd": pd.Series({"o0": 7.0, "o1": 5.0, "o2": 5.0})}
    budgets = {"low": 5.0, "middle": 10.0, "none": 0.0}
    plans, summaries = plan(table, values, budgets=budgets, objective="npv_usd", start_years=[2025])
    assert faults(plans, "plans") == []
    assert faults(summaries, "plan_summaries") == []
    assert plans[["plan_id", "option_id"]].values.tolist()[1:] == [["middle", "o1"], ["middle", "o2"]]
    by_plan = summaries.set_index("plan_id")
    assert by_plan.index.tolist() == ["low", "middle", "none"]
    assert by_plan["npv_usd"].tolist() == [5, 10, 0]
    assert by_plan["spent_usd"].tolist() == [5, 10, 0]
    assert by_plan["budget_usd"].tolist() == [5, 10, 0]
    assert by_plan["options"].tolist() == [1, 2, 0]
    assert (by_plan["gap"] == 0).all()


def test_plan_over_periods_adds_up_with_interactions() -> None:
    table = options_of([4, 3], funding_source=[None, "fund"])
    values = {"npv_usd": pd.DataFrame([[9.0, 8], [5, 4]], index=["o0", "o1"], columns=list(YEARS))}
    money = pd.concat([dated(4, 3), pd.DataFrame({"source": ["fund"], "start_year": [None], "amount_usd": [9.0]})])
    plans, summaries = plan(
        table, values, budgets={"p": money}, objective="npv_usd", start_years=YEARS,
        interactions=together(("o0;o1", 2.0)), profiles={"npv_usd": np.array([1.0, 0.5])},
    )  # fmt: skip
    assert plans["start_year"].tolist() == [2025, 2030]
    assert plans["objective_value"].tolist() == [9.5, 4.5]
    assert summaries[["budget_usd", "objective_value", "npv_usd"]].values.tolist() == [[7, 14, 14]]
    assert faults(summaries, "plan_summaries") == []


def test_plan_by_another_objective_adds_up_worth_where_known() -> None:
    values = {"npv_usd": pd.Series({"o0": 4.0, "o2": 2.0}), "people": np.array([0.0, 50.0, 10.0])}
    plans, summaries = plan(
        options_of([1, 1, 1]), values, budgets={"p": 2, "q": 1}, objective="people", start_years=[2025]
    )
    assert plans["objective_value"].tolist() == [50, 10, 50]
    assert summaries["objective_value"].tolist() == [60, 50]
    assert summaries["npv_usd"].isna().all()  # the worth of o1 is not known


def test_empty_plan_has_typed_columns() -> None:
    plans, summaries = plan(
        options_of([5]), {"npv_usd": np.ones(1)}, budgets={"p": 1}, objective="npv_usd", start_years=[2025]
    )
    assert plans.empty
    assert faults(plans, "plans") == []
    assert summaries["options"].tolist() == [0]


def test_a_solution_can_be_replaced() -> None:
    best = Solver(model_of(options_of([1.0]), [1.0])).best("npv_usd")
    assert replace(best, seconds=0.0).chosen.tolist() == [True]
