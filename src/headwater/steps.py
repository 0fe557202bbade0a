"""The steps of the main job: what each reads, needs and makes, and which part of the journey it runs.

What decides on recomputation and what `headwater explain` tells are read off this list and nothing else.
"""

from __future__ import annotations

from headwater.errors import NotFound
from headwater.inputs import Step
from headwater.steps_assess import DISRUPTIONS, SPEEDS, run_disrupt, run_drought, run_screen, run_stress
from headwater.steps_plan import (
    GIVEN,
    NATIONAL,
    run_appraise,
    run_case,
    run_choose,
    run_finance,
    run_measure,
    run_robust,
    run_trade,
)  # fmt: skip
from headwater.steps_propose import run_interact, run_propose
from headwater.words import _, later

SYSTEM = ("assets", "links")
DEPENDENCE = ("demand", "dependencies", "dependency_rules", "fragility", "recovery", "areas")
SAMPLING = ("ead_rule", "samples", "seed", "failure_range_m", "repair_crews", "drought_loss_h")
HAZARD = ("hazard_layers", "curves", "curve_register", "curve_choices")
PLANNING = ("ead_rule", "planning_scenario", "planning_model", "planning_epoch")

RUN_ON = (*SYSTEM, "zones", *HAZARD, *DEPENDENCE)
"""Tables that the models of options run on."""
MONEY = ("discount_rate", "benefit_growth")
PERIODS = ("budgets", "objective", "trade_off", "start_years", "base_year", "horizon_year", "services")

STEPS = (
    Step(
        "stress",
        later(
            "Coverage of each asset on the grid of the hazard layers (geodesic metres, ellipsoidal m2); damage "
            "share by vulnerability curve in each cell, times amount and replacement cost; expected annual damage "
            "by each rule, with the design standard as a cut-off."
        ),
        ("exposures", "damages", "expected_damages"), run_stress,
        tables=(*SYSTEM, *HAZARD), assumptions=("exposure_threshold",), header=("crs",),
    ),
    Step(
        "drought",
        later(
            "Annual probability at each asset, times its capacity: the mean loss over years if a drought year "
            "takes all of it. Each model and epoch apart."
        ),
        ("drought_losses",), run_drought, tables=("assets", "hazard_layers"), header=("crs",),
    ),
    Step(
        "screen",
        later(
            "Shortest time from each zone to the nearest facility: to the network at the access speed, along it, "
            "and from it. Criticality: every link removed in turn, people cut off and hours lost on one trip each."
        ),
        ("components", "snapping", "access", "criticality"), run_screen,
        tables=(*SYSTEM, "zones"), assumptions=SPEEDS, header=("crs", "services"),
    ),
    Step(
        "disrupt",
        later(
            "Each service as a graph of suppliers, links and users; what assets need from each other; single "
            "failures, samples of hazard events, drought years and drawn areas; the greatest state in which "
            "nothing that has lost a need for longer than its backup still works; without and with those needs."
        ),
        DISRUPTIONS, run_disrupt,
        tables=(*SYSTEM, "zones", "hazard_layers", *DEPENDENCE), assumptions=(*SPEEDS, *SAMPLING),
        header=("crs", "services"),
    ),
    Step(
        "propose",
        later(
            "Each option changes the system; its effect is the model without it minus the model with it: damage, "
            "access, and loss of services on the same sampled events. Measures are built along the part of a link "
            "that the rarest event reaches."
        ),
        ("proposed_options", "proposed_changes", "effects"), run_propose,
        tables=(*RUN_ON, "measures", "options", "changes"), assumptions=(*SPEEDS, *PLANNING, *SAMPLING),
        header=("crs", "services", "budgets"), needs=("expected_damages", "criticality", "failures"),
    ),
    Step(
        "interact",
        later(
            "Pairs of options that could have to do with each other, run together through the models: what they give "
            "beyond the sum of what each gives alone."
        ),
        ("interactions",), run_interact, tables=RUN_ON, assumptions=(*SPEEDS, *PLANNING, *SAMPLING),
        header=("crs", "services", "budgets"),
        needs=("proposed_options", "proposed_changes", "effects", "criticality", "failures"),
    ),
    Step(
        "appraise",
        later(
            "Whole-life money by line: costs of the option, flows that the study states, effects that have a "
            "value; investment in the base year, benefits from the year after; discounted, the base year not."
        ),
        ("appraisals", "case_items"), run_appraise, tables=GIVEN, assumptions=MONEY,
        header=("base_year", "horizon_year", "objective"), needs=("proposed_options", "effects"),
    ),
    Step(
        "choose",
        later(
            "Integer programme: the largest sum of the objective within the budgets of each period, each option at "
            "most once, exclusive groups, prerequisites, rules and interactions; solved by HiGHS to a proved gap. "
            "The models run on each plan whole; where sum and models differ, the difference becomes an interaction "
            "and the plan is chosen again."
        ),
        ("plans", "plan_summaries", "plan_checks", "joint_effects"), run_choose,
        tables=(*RUN_ON, *GIVEN, "plan_rules"), assumptions=(*SPEEDS, *PLANNING, *SAMPLING, *MONEY, "agreement"),
        header=("crs", *PERIODS), needs=("proposed_options", "proposed_changes", "effects"),
    ),
    Step(
        "trade",
        later(
            "Epsilon-constraint method: every point is optimal for its own bounds on the other objectives, with "
            "the gap proved, under the largest budget; the models run on every point whole."
        ),
        ("front", "front_options"), run_trade, tables=(*RUN_ON, *GIVEN, "plan_rules"),
        assumptions=(*SPEEDS, *PLANNING, *SAMPLING, *MONEY, "agreement", "front_points"),
        header=("crs", *PERIODS), needs=("proposed_options", "proposed_changes", "effects", "joint_effects"),
    ),
    Step(
        "robust",
        later(
            "The best plan of every future, and the plans of the largest expected worth, the largest worth in the "
            "worst future and the least largest regret, under the largest budget; options by the share of futures "
            "that choose them; signposts by the driver that parts those futures from the others."
        ),
        ("robustness", "robust_options", "pathways"), run_robust,
        tables=(*RUN_ON, *GIVEN, "plan_rules", "measures", "options", "changes"),
        assumptions=(*SPEEDS, *PLANNING, *SAMPLING, *MONEY), header=("crs", *PERIODS, "futures"),
        needs=("proposed_options", "effects", "joint_effects"),
    ),
    Step(
        "case",
        later(
            "Whole-life money of every plan, each option from its own start year; by party; net present value in "
            "Latin hypercube samples of what is uncertain, one variable at a time, and shares of its variance "
            "(Sobol); jobs by published multipliers; SDG targets."
        ),
        ("cash_flows", "incidence", "npv_samples", "npv_distribution", "sensitivities", "jobs", "sdg_contributions"),
        run_case, tables=(*GIVEN, "uncertainties", "groups"),
        assumptions=(*MONEY, "equity_elasticity", "npv_samples", "wait_years", "seed"),
        header=("iso3", "base_year", "horizon_year", "budgets"), needs=("plans", "proposed_options", "effects"),
    ),
    Step(
        "finance",
        later(
            "Each investment paid by the sources of funds that are for it; debt served by its terms; coverage "
            "ratios, the profile of public money and of guarantees; expected cost of each risk with the party that "
            "bears it at least cost; ways of delivery at their cost to government adjusted for risk."
        ),
        ("finance_flows", "finance_summaries", "fiscal_profile", "risk_allocation", "delivery_comparison"), run_finance,
        tables=(*GIVEN, "funding", "risks", "risk_bearers", "delivery_modes"), assumptions=(*MONEY, "wait_years"),
        header=("base_year", "horizon_year", "budgets"), needs=("plans", "proposed_options", "effects"),
    ),
    Step(
        "measure", later(
            "National totals of the results above, and every asset with what the models say of it."
        ),
        ("results", "asset_results"), run_measure, tables=(*SYSTEM, "hazard_layers"), assumptions=PLANNING,
        header=("crs", "iso3"), needs=NATIONAL,
    ),
)  # fmt: skip

SCHEMA_OF = {"proposed_options": "options", "proposed_changes": "changes", "joint_effects": "interactions"}
"""Schema of a result whose name is not that of its schema."""


def step_of(result: str) -> Step:
    """The step that makes a result.

    Raises
    ------
    NotFound
        If no step does; names the results there are.

    Examples
    --------
    >>> step_of("access").name
    'screen'
    """
    for step in STEPS:
        if result in step.makes:
            return step
    known = ", ".join(name for step in STEPS for name in step.makes)
    raise NotFound(_("There is no result «{name}»; there are {known}.").format(name=result, known=known))
