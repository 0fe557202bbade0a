"""Plans under budgets, chosen by their sums and settled with models that can be counted on fingers."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.journey.plans import PEOPLE, YEARS, World, effects, header, menu, npv, one_by_one

from headwater.budgets import Budget
from headwater.errors import Infeasible
from headwater.journey import choose
from headwater.portfolio.model import totals
from headwater.schema import check, empty

IN_ROW = {"a": 10.0, "b": 10.0, "c": 10.0}
"""Three links in a row, 10 USD each: each alone keeps one person joined, all three 90."""
ROW_ALONE = effects({"a": 1.0, "b": 1.0, "c": 1.0})
ROW_TOGETHER = {"a;b;c": 87.0}


def row_world() -> World:
    return World(ROW_ALONE, ROW_TOGETHER)


def only(checks: pd.DataFrame, item: str = PEOPLE) -> pd.Series:
    return checks[checks["item"] == item].iloc[0]


def correct(plans: pd.DataFrame, summaries: pd.DataFrame, checks: pd.DataFrame, interactions: pd.DataFrame) -> None:
    for name, table in (("plans", plans), ("plan_checks", checks), ("interactions", interactions)):
        check(table, name)
    check(summaries, "plan_summaries")


def chosen(plan: pd.DataFrame) -> dict[str, int]:
    return dict(zip(plan["option_id"], plan["start_year"], strict=True))


# --- sums and truth -----------------------------------------------------------------------------------------------


def test_three_in_a_row_help_together_and_the_second_sum_says_so() -> None:
    """The sum says 3, the models 90; the difference of 87 becomes an interaction and the second sum is 90."""
    made = choose.choices(menu(header(30), IN_ROW, ROW_ALONE), row_world(), run=one_by_one)
    correct(*made)
    plans, summaries, checks, interactions = made
    assert chosen(plans) == {"a": 2025, "b": 2025, "c": 2025}
    row = only(checks)
    assert row[["sum_of_options", "optimiser_first", "optimiser", "whole_plan", "difference"]].tolist() == [
        3, 3, 90, 90, 87,
    ]  # fmt: skip
    assert row["disagreement"] == 0
    assert summaries[["objective_value", "bound", "gap", "rounds", "spent_usd"]].values.tolist() == [[90, 90, 0, 2, 30]]
    assert interactions[["option_ids", "item", "amount", "origin"]].values.tolist() == [
        ["a;b;c", PEOPLE, 87.0, "correction"]
    ]


def test_of_two_ways_to_one_town_one_is_taken_once_the_models_have_spoken() -> None:
    """Two ways keep 40 each and 50 together: with a third thing worth 30, one way and it make 70."""
    gains = effects({"p": 40.0, "q": 40.0, "r": 30.0})
    world = World(gains, {"p;q": -30.0})
    made = choose.choices(menu(header(20), {"p": 10.0, "q": 10.0, "r": 10.0}, gains), world, run=one_by_one)
    correct(*made)
    plans, summaries, checks, _interactions = made
    assert world.run[0] == {"p", "q"}
    assert set(plans["option_id"]) in ({"p", "r"}, {"q", "r"})
    assert summaries[["objective_value", "gap", "rounds"]].values.tolist() == [[70, 0, 2]]
    assert only(checks)[["sum_of_options", "optimiser", "whole_plan", "disagreement"]].tolist() == [70, 70, 70, 0]


def test_known_interaction_needs_no_second_round() -> None:
    known = pd.DataFrame(
        {
            "interaction_id": ["p;q"], "item": PEOPLE, "option_ids": "p;q", "unit": "people/yr", "amount": -30.0,
            "origin": "model", "plan_id": None,
        }
    )  # fmt: skip
    gains = effects({"p": 40.0, "q": 40.0, "r": 30.0})
    given = menu(header(20), {"p": 10.0, "q": 10.0, "r": 10.0}, gains, interactions=known)
    plans, summaries, _checks, interactions = choose.choices(given, World(gains, {"p;q": -30.0}), run=one_by_one)
    assert "r" in set(plans["option_id"])
    assert summaries["rounds"].tolist() == [1]
    pd.testing.assert_frame_equal(interactions, known)


def test_what_one_budget_taught_the_next_one_knows() -> None:
    """Under 30 the three links are found to help together, so that under 60 no second round is needed."""
    costs, gains = IN_ROW | {"d": 30.0}, effects({"a": 1.0, "b": 1.0, "c": 1.0, "d": 5.0})
    _plans, summaries, _checks, _more = choose.choices(
        menu(header(30, 60), costs, gains), World(gains, ROW_TOGETHER), run=one_by_one
    )
    assert summaries["objective_value"].tolist() == [5, 95]


def test_plan_that_the_models_find_best_is_kept() -> None:
    """b and c promise 20 and give 1; after that every other pair disappoints too, and the best of them is told."""
    gains = effects({"a": 9.0, "b": 10.0, "c": 10.0})
    world = World(gains, {"b;c": -19.0, "a;b": -15.0, "a;c": -14.0})
    plans, summaries, checks, _more = choose.choices(menu(header(20), IN_ROW, gains), world, run=one_by_one)
    best = max(
        (world(list(plan))[PEOPLE] for size in range(3) for plan in itertools.combinations("abc", size)), default=0.0
    )
    assert best == 10
    assert summaries["objective_value"].tolist() == [10.0]
    assert set(plans["option_id"]) in ({"b"}, {"c"})
    assert only(checks)["disagreement"] == 0


def test_rounds_end_and_the_difference_that_remains_is_stated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choose, "ROUNDS", 1)
    gains = effects({"p": 40.0, "q": 40.0})
    settled = choose.settle(
        menu(header(20), {"p": 10.0, "q": 10.0}, gains), Budget("one", 20, {}), World(gains, {"p;q": -30.0})
    )
    assert settled.summary["rounds"] == 1
    assert settled.summary["objective_value"] == 50  # the models' figure is the one to quote
    assert settled.summary["bound"] == 80
    assert settled.summary["gap"] == pytest.approx(30 / 50)


def test_small_disagreement_is_let_be() -> None:
    gains = effects({"p": 1000.0, "q": 1000.0})
    world = World(gains, {"p;q": -9.0})  # 0.45 % of 1991
    _p, summaries, checks, _more = choose.choices(
        menu(header(20), {"p": 10.0, "q": 10.0}, gains), world, run=one_by_one
    )
    assert summaries["rounds"].tolist() == [1]
    assert only(checks)["whole_plan"] == 1991


@pytest.mark.parametrize(("allowed", "rounds"), [(0.01, 1), (0.001, 2)])
def test_study_says_how_far_sum_and_models_may_differ(allowed: float, rounds: int) -> None:
    gains = effects({"p": 1000.0, "q": 1000.0})
    given = menu(header(20, agreement=allowed), {"p": 10.0, "q": 10.0}, gains)
    _p, summaries, _c, _more = choose.choices(given, World(gains, {"p;q": -9.0}), run=one_by_one)
    assert summaries["rounds"].tolist() == [rounds]


@st.composite
def worlds(draw: st.DrawFn) -> tuple[dict[str, float], dict[str, float], dict[str, float], list[float]]:
    names = "abcde"
    whole = st.integers(0, 20).map(float)
    alone = {name: draw(whole) for name in names}
    costs = {name: float(draw(st.integers(1, 9))) for name in names}
    sets = [";".join(s) for size in (2, 3) for s in itertools.combinations(names, size)]
    joint = draw(st.dictionaries(st.sampled_from(sets), st.integers(-15, 30).map(float), max_size=5))
    parts = [float(draw(st.integers(0, 12))) for _period in range(2)]
    return alone, costs, joint, parts


@settings(max_examples=30)
@given(worlds())
def test_whatever_options_do_together_the_sum_of_a_plan_is_what_the_models_say(world: tuple) -> None:
    alone, costs, joint, parts = world
    gains = effects(alone)
    head = header(Budget("one", sum(parts), {}, amounts_usd=tuple(parts)), start_years=(2025, 2035))
    made = choose.choices(menu(head, costs, gains), World(gains, joint), run=one_by_one)
    correct(*made)
    plans, summaries, checks, _more = made
    assert (checks["disagreement"] <= 0.01).all()
    spent = plans.merge(pd.Series(costs, name="c"), left_on="option_id", right_index=True)
    assert spent.loc[spent["start_year"] == 2025, "c"].sum() <= parts[0]
    assert spent["c"].sum() <= sum(parts)
    truth = World(gains, joint)
    by_hand = sum(
        0.5 * truth(plans.loc[plans["start_year"] <= year, "option_id"].tolist())[PEOPLE] for year in (2025, 2035)
    )
    assert summaries["objective_value"].item() == pytest.approx(by_hand, abs=1e-9)


# --- start years --------------------------------------------------------------------------------------------------


def test_what_starts_later_serves_less_and_together_counts_from_the_last() -> None:
    """10 USD in each period: own gains 20/20, 15/20 and 10/20 of 1, and the 87 together for 10 years of 20."""
    budget = Budget("phased", 30, {}, amounts_usd=(10, 10, 10))
    given = menu(header(budget, start_years=YEARS), IN_ROW, ROW_ALONE)
    plans, summaries, checks, _more = choose.choices(given, row_world(), run=one_by_one)
    assert sorted(chosen(plans).values()) == list(YEARS)
    assert summaries["objective_value"].item() == pytest.approx(1 + 0.75 + 0.5 + 0.5 * 87)
    assert only(checks)["sum_of_options"] == pytest.approx(2.25)
    assert only(checks)["disagreement"] == 0
    assert plans.set_index("start_year")["objective_value"].to_dict() == {2025: 1.0, 2030: 0.75, 2035: 0.5}


def test_money_that_is_not_spent_carries_over_and_is_not_lent() -> None:
    """5 a period buys a thing of 10 in the second period and not in the first."""
    budget = Budget("parts", 15, {}, amounts_usd=(5, 5, 5))
    gains = effects({"a": 100.0})
    plans, summaries, _c, _i = choose.choices(
        menu(header(budget, start_years=YEARS), {"a": 10.0}, gains), World(gains, {}), run=one_by_one
    )
    assert chosen(plans) == {"a": 2030}
    assert summaries[["budget_usd", "objective_value"]].values.tolist() == [[15, 75]]


def test_without_parts_everything_can_start_at_once() -> None:
    gains = effects({"a": 100.0})
    plans, _s, _c, _i = choose.choices(
        menu(header(15, start_years=YEARS), {"a": 10.0}, gains), World(gains, {}), run=one_by_one
    )
    assert chosen(plans) == {"a": 2025}


def test_source_of_money_is_spent_on_what_it_is_for() -> None:
    """Three things of 10 that a donor would pay, who has 10; and one thing that the common budget pays."""
    gains = effects({"a": 5.0, "b": 6.0, "c": 7.0, "d": 1.0})
    given = menu(
        header(Budget("one", 40, {}, sources_usd={"donor": 10.0})), IN_ROW | {"d": 10.0}, gains,
        funding_source=dict.fromkeys("abc", "donor"),
    )  # fmt: skip
    plans, _s, _c, _i = choose.choices(given, World(gains, {}), run=one_by_one)
    assert set(chosen(plans)) == {"c", "d"}


def test_budget_table_by_hand() -> None:
    budget = Budget("one", 30, {}, amounts_usd=(10, 20), sources_usd={"donor": 5})
    table = choose.budget_table(budget, (2025, 2030))
    assert table.astype("object").where(table.notna(), None).values.tolist() == [
        ["", 2025, 10], ["", 2030, 20], ["donor", None, 5],
    ]  # fmt: skip


def test_states_of_a_plan_are_run_once_each_and_none_before_its_first() -> None:
    starts = pd.Series({"a": 2030, "b": 2035})
    world = row_world()
    truth, more = choose.check_whole(menu(header(30, start_years=YEARS), IN_ROW, ROW_ALONE), starts, world)
    assert world.run == [{"a"}, {"a", "b"}]
    assert truth == {PEOPLE: pytest.approx(0.25 * 1 + 0.5 * 2)}
    assert more.empty


def test_each_state_is_corrected_for_what_is_in_place_in_it() -> None:
    gains = effects({"a": 4.0, "b": 4.0, "c": 4.0})
    given = menu(header(30, start_years=YEARS), IN_ROW, gains)
    starts = pd.Series({"a": 2025, "b": 2030, "c": 2035})
    truth, more = choose.check_whole(given, starts, World(gains, {"a;b": 2.0, "b;c": 6.0}))
    assert more.set_index("option_ids")["amount"].to_dict() == {"a;b": 2.0, "a;b;c": 6.0}
    assert truth[PEOPLE] == pytest.approx(0.25 * 4 + 0.25 * 10 + 0.5 * 20)
    assert choose.solution_sums(given.with_interactions(more), starts)[PEOPLE] == pytest.approx(truth[PEOPLE])


# --- net present value --------------------------------------------------------------------------------------------

EAD = "ead_usd_per_yr"


def annuity(first: int, last: int, rate: float = 0.1) -> float:
    return sum((1 + rate) ** (2025 - year) for year in range(first, last + 1))


def test_worth_of_what_the_models_take_back_is_discounted_over_the_years_it_lasts() -> None:
    """40 USD a year each, 50 together, 10 USD each: the second is worth 10 a year less 10."""
    gains = effects({"p": 40.0, "q": 40.0}, EAD, "USD/yr")
    alone = {"p": [40 * annuity(2026, 2045) - 10], "q": [40 * annuity(2026, 2045) - 10]}
    given = menu(
        header(20, objective="npv_usd", discount_rate=0.1), {"p": 10.0, "q": 10.0}, gains,
        worth=npv(alone, [2025]), unit_usd={EAD: 1.0},
    )  # fmt: skip
    made = choose.choices(given, World(gains, {"p;q": -30.0}, EAD), run=one_by_one)
    correct(*made)
    plans, summaries, checks, _more = made
    assert set(plans["option_id"]) == {"p", "q"}
    by_hand = 50 * annuity(2026, 2045) - 20
    assert summaries[["objective_value", "npv_usd"]].values.tolist() == [[pytest.approx(by_hand)] * 2]
    assert summaries[["rounds", "gap"]].values.tolist() == [[2, 0]]
    worth = only(checks, "npv_usd")
    assert worth["sum_of_options"] == pytest.approx(80 * annuity(2026, 2045) - 20)
    assert worth["optimiser"] == pytest.approx(by_hand)
    assert worth["disagreement"] == 0
    assert only(checks, EAD)["whole_plan"] == 50


def test_npv_of_a_phased_plan_by_hand() -> None:
    """q five years later: 40 alone for five years, then 50."""
    gains = effects({"p": 40.0, "q": 40.0}, EAD, "USD/yr")
    alone = {name: [40 * annuity(year + 1, 2045) - 10 * 1.1 ** (2025 - year) for year in YEARS] for name in ("p", "q")}
    given = menu(
        header(20, objective="npv_usd", start_years=YEARS, discount_rate=0.1), {"p": 10.0, "q": 10.0}, gains,
        worth=npv(alone, YEARS), unit_usd={EAD: 1.0},
    )  # fmt: skip
    starts = pd.Series({"p": 2025, "q": 2030})
    truth, more = choose.check_whole(given, starts, World(gains, {"p;q": -30.0}, EAD))
    by_hand = 40 * annuity(2026, 2030) + 50 * annuity(2031, 2045) - 10 - 10 / 1.1**5
    assert truth["npv_usd"] == pytest.approx(by_hand)
    assert truth[EAD] == pytest.approx((5 * 40 + 15 * 50) / 20)
    later = given.with_interactions(more)
    assert choose.solution_sums(later, starts)["npv_usd"] == pytest.approx(by_hand)
    model = choose.menu_model(later, Budget("one", 20, {}))
    assert totals(model, np.array([0, 1]))["npv_usd"] == pytest.approx(by_hand)  # the optimiser sums alike


def test_option_without_a_known_worth_is_not_chosen_and_not_counted_as_nothing() -> None:
    gains = effects({"p": 40.0, "q": 40.0}, EAD, "USD/yr")
    given = menu(
        header(20, objective="npv_usd"), {"p": 10.0, "q": 10.0}, gains,
        worth=npv({"p": [790.0]}, [2025]), unit_usd={EAD: 1.0},
    )  # fmt: skip
    plans, summaries, _c, _i = choose.choices(given, World(gains, {}, EAD), run=one_by_one)
    assert set(plans["option_id"]) == {"p"}
    assert summaries["npv_usd"].tolist() == [790]


# --- rules --------------------------------------------------------------------------------------------------------


def test_exclusive_group_and_precedence_by_hand() -> None:
    """A lamp of 30 needs a dyke of 5; of wall and reef at most one; 9 USD buys nothing, 100 dyke, lamp and reef."""
    worth = {"dyke": 5.0, "drain": 20.0, "wall": 12.0, "reef": 11.0, "lamp": 30.0, "loss": -1.0}
    costs = {"dyke": 60.0, "drain": 50.0, "wall": 40.0, "reef": 30.0, "lamp": 10.0, "loss": 1.0, "priceless": None}
    gains = effects(worth | {"priceless": 99.0})
    given = menu(
        header(9, 100, 120, 1e6), costs, gains, exclusive_group={"wall": "shore", "reef": "shore"},
        requires_option_id={"lamp": "dyke"},
    )  # fmt: skip
    plans, summaries, _c, _i = choose.choices(given, World(gains, {}), run=one_by_one)
    sets = {plan: set(plans.loc[plans["plan_id"] == plan, "option_id"]) for plan in summaries["plan_id"]}
    assert sets == {
        "plan1": set(), "plan2": {"dyke", "lamp", "reef"}, "plan3": {"dyke", "lamp", "drain"},
        "plan4": {"dyke", "lamp", "drain", "wall"},
    }  # fmt: skip


def test_plan_keeps_the_study_s_rules() -> None:
    """The rule asks for one nature option, though grey ones give more."""
    gains = effects({"a": 9.0, "b": 8.0, "c": 1.0})
    rule = {"rule": "at_least", "item": "options", "column": "approach", "value": "nature", "amount": 1.0}
    given = menu(header(20), IN_ROW, gains, rules=[rule], approach={"a": "grey", "b": "grey", "c": "nature"})
    plans, _s, _c, _i = choose.choices(given, World(gains, {}), run=one_by_one)
    assert set(plans["option_id"]) == {"a", "c"}


def test_rule_that_the_budget_cannot_keep_is_named_with_the_budget_and_the_least_that_would_do() -> None:
    rule = {"name": "three links", "rule": "at_least", "item": "options", "amount": 3.0}
    with pytest.raises(Infeasible) as caught:
        choose.choices(menu(header(25), IN_ROW, ROW_ALONE, rules=[rule]), row_world(), run=one_by_one)
    assert len(caught.value.conflicts) == 2
    assert any("budget" in name for name in caught.value.conflicts)
    assert any("three links" in name for name in caught.value.conflicts)
    assert "5" in caught.value.changes or "30" in caught.value.changes, caught.value.changes


def test_rule_is_kept_by_what_the_models_say_and_not_by_the_sum() -> None:
    """a and b promise 10 for 20 USD and give 6; c gives the 9 that the rule asks for 25."""
    gains = effects({"a": 5.0, "b": 5.0, "c": 9.0})
    rule = {"rule": "at_least", "item": PEOPLE, "amount": 9.0}
    given = menu(
        header(100, objective="initial_cost_usd"), {"a": 10.0, "b": 10.0, "c": 25.0}, gains, rules=[rule]
    )  # fmt: skip
    plans, summaries, checks, _more = choose.choices(given, World(gains, {"a;b": -4.0}), run=one_by_one)
    assert set(plans["option_id"]) == {"c"}
    assert summaries[["objective_value", "gap", "rounds"]].values.tolist() == [[25, 0, 2]]
    assert only(checks)["whole_plan"] == 9


# --- other objectives, and nothing to choose from -----------------------------------------------------------------


def test_cheapest_plan_that_keeps_a_rule() -> None:
    costs, gains = {"a": 30.0, "b": 10.0, "c": 15.0}, effects({"a": 9.0, "b": 4.0, "c": 5.0})
    rule = {"rule": "at_least", "item": PEOPLE, "amount": 9.0}
    given = menu(header(100, objective="initial_cost_usd"), costs, gains, rules=[rule])
    made = choose.choices(given, World(gains, {}), run=one_by_one)
    correct(*made)
    plans, summaries, _checks, _more = made
    assert set(plans["option_id"]) == {"b", "c"}
    assert summaries[["objective", "objective_value", "spent_usd", "gap"]].values.tolist() == [
        ["initial_cost_usd", 25, 25, 0]
    ]
    assert plans.set_index("option_id")["objective_value"].to_dict() == {"b": 10, "c": 15}


def test_objective_that_nothing_serves_gives_an_empty_plan() -> None:
    made = choose.choices(
        menu(header(100, objective="person_hours_lost"), IN_ROW, ROW_ALONE), row_world(), run=one_by_one
    )
    correct(*made)
    assert made[0].empty
    assert made[1][["options", "spent_usd", "objective_value"]].values.tolist() == [[0, 0, 0]]


def test_without_budgets_there_are_no_plans() -> None:
    made = choose.choices(menu(header(), IN_ROW, ROW_ALONE), row_world(), run=one_by_one)
    correct(*made)
    assert [len(table) for table in made] == [0, 0, 0, 0]


@pytest.mark.parametrize("objective", ["npv_usd", EAD, "initial_cost_usd"])
def test_nothing_to_choose_from(objective: str) -> None:
    made = choose.choices(menu(header(1e6, objective=objective), {}, empty("effects")), row_world(), run=one_by_one)
    correct(*made)
    plans, summaries, _checks, _more = made
    assert plans.empty
    assert summaries[["plan_id", "options", "spent_usd", "gap"]].values.tolist() == [["plan1", 0, 0.0, 0.0]]
