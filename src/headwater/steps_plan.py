"""The steps that plan: what options are worth, which to choose, what is traded off, who pays, and what to measure."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import pandas as pd

from headwater.appraisal.coefficients import load_sources
from headwater.appraisal.flows import yearly_worth
from headwater.appraisal.jobs import multipliers_for
from headwater.budgets import Budget, Future
from headwater.inputs import Inputs, Results
from headwater.journey import appraise, case, choose, measure, propose, trade
from headwater.journey.objectives import COST, NPV, effect_values, known_objectives
from headwater.schema import empty
from headwater.steps_propose import whole
from headwater.words import _

GIVEN = ("flows", "unit_values")
"""Tables of the study that go into the money of options."""


def run_appraise(inputs: Inputs) -> Results:
    """Whole-life costs and benefits of every option."""
    options, effects = inputs.result("proposed_options"), inputs.result("effects")
    return appraise.appraisals(options, effects, inputs.tables, inputs.header)


def _menu(inputs: Inputs, joint: str) -> choose.Menu:
    """What plans are chosen from."""
    options, effects, header = inputs.result("proposed_options"), inputs.result("effects"), inputs.header
    years = header.horizon_year - header.base_year + 1
    growth = float(header.value("benefit_growth"))
    valued = yearly_worth(inputs.tables["unit_values"], years=years, benefit_growth=growth)
    return choose.build_menu(
        options, effects, appraise.npv_by_start(options, effects, inputs.tables, header),
        inputs.result(joint), header=header, rules=inputs.tables["plan_rules"],
        unit_usd={item: worth for item, worth in valued.items() if item in set(effects["item"])},
    )  # fmt: skip


def _whole(inputs: Inputs) -> choose.Whole:
    return partial(whole, inputs, inputs.result("proposed_changes"))


def run_choose(inputs: Inputs) -> Results:
    """The best plan under each budget, chosen again until its sum is what the models say of it whole."""
    if not inputs.header.budgets:
        nothing = {name: empty(name) for name in ("plans", "plan_summaries", "plan_checks")}
        return nothing | {"joint_effects": inputs.result("interactions")}
    plans, summaries, checks, interactions = choose.choices(
        _menu(inputs, "interactions"), _whole(inputs), run=partial(inputs.map, _("Plans: chosen and run whole"))
    )
    return {"plans": plans, "plan_summaries": summaries, "plan_checks": checks, "joint_effects": interactions}


def run_trade(inputs: Inputs) -> Results:
    """The exact front between the objectives that the study trades off, every point run whole."""
    header = inputs.header
    if not header.budgets or not header.trade_off:
        return {name: empty(name) for name in ("front", "front_options")}
    menu = _menu(inputs, "joint_effects")
    front, options = trade.fronts(
        menu, _largest(header.budgets), _whole(inputs), known_objectives(header, inputs.tables["unit_values"]),
        run=partial(inputs.map, _("Front: points found and run whole")),
    )  # fmt: skip
    return {"front": front, "front_options": options}


def _largest(budgets: Sequence[Budget]) -> Budget:
    return max(budgets, key=lambda budget: budget.amount_usd)


def run_robust(inputs: Inputs) -> Results:
    """The best plan of every future, and those that hold up in all of them, under the largest budget."""
    header = inputs.header
    if not header.budgets or not header.futures:
        return {name: empty(name) for name in ("robustness", "robust_options", "pathways")}
    menu = _menu(inputs, "joint_effects")
    model = choose.menu_model(menu, _largest(header.budgets))
    worth = {}
    for future in inputs.map(_("Futures"), lambda future: future, header.futures):
        frame = _worth_in(inputs, future).reindex(index=model.option_ids, columns=list(header.start_years))
        worth[future.future_id] = trade.columns_worth(model, header.objective, frame)
    drivers = trade.drivers(header.futures, {name: header.optional(name) for name in _assumed(header.futures)})
    return trade.robust_tables(
        model, worth, header.futures, drivers, header.start_years, time_limit_s=choose.TIME_LIMIT_S
    )


def _assumed(futures: Sequence[Future]) -> list[str]:
    return sorted({name for future in futures for name in future.assumptions})


def _worth_in(inputs: Inputs, future: Future) -> pd.DataFrame:
    """What every option adds to the objective in a future, by start year."""
    there = inputs.in_future(future) if future.assumptions else inputs
    header, options, effects = there.header, there.result("proposed_options"), there.result("effects")
    if header.objective == COST:
        cost = options.set_index("option_id")[COST] * future.factors.get("capital", 1.0)
        return pd.DataFrame(dict.fromkeys(header.start_years, cost))
    bounded = effects
    if future.bound:
        column = f"amount_{future.bound}"
        bounded = effects.assign(amount=effects[column].fillna(effects["amount"]))
    if header.objective == NPV:
        return appraise.npv_by_start(
            options, effects, inputs.tables, header, factors=future.factors, bound=future.bound
        )
    return effect_values(bounded, pd.Index(options["option_id"]), [header.objective], header)[header.objective]


def run_case(inputs: Inputs) -> Results:
    """The business case of every plan: cash flows, incidence, uncertainty, jobs and SDG targets."""
    return case.case_tables(_cases(inputs), inputs.result("proposed_options"), inputs.tables, inputs.header)


def _cases(inputs: Inputs) -> list[case.PlanCase]:
    plans, options, effects = (inputs.result(name) for name in ("plans", "proposed_options", "effects"))
    return case.plan_cases(plans, options, effects, inputs.tables, inputs.header)


def case_sources(inputs: Inputs) -> pd.DataFrame:
    """Packaged rows of `sources` behind the multipliers that hold for the country of the study."""
    used = multipliers_for(inputs.header.iso3)["source_id"]
    known = load_sources()
    return known[known["source_id"].isin(used) & bool(inputs.header.budgets)]


def run_finance(inputs: Inputs) -> Results:
    """Who pays for every plan, who bears its risks, and the ways of delivery compared."""
    return case.finance_tables(_cases(inputs), inputs.result("proposed_options"), inputs.tables, inputs.header)


NATIONAL = ("exposures", "expected_damages", "drought_losses", "access", "criticality", "plan_summaries")


def run_measure(inputs: Inputs) -> Results:
    """Key figures in one tidy table, and every asset with what the models say of it."""
    tables = {name: inputs.result(name) for name in NATIONAL} | {"hazard_layers": inputs.tables["hazard_layers"]}
    expected = propose.planning_case(tables["expected_damages"], inputs.header)
    units = known_objectives(inputs.header, inputs.tables["unit_values"])
    return {
        "results": measure.indicators(tables, inputs.header, units=units),
        "asset_results": measure.asset_results(inputs.system, tables, inputs.header, case=expected),
    }
