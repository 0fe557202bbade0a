"""Choose: the best set of options under each budget, and what the models say of the whole set."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from headwater.journey.propose import EAD, SERVICE_ITEMS, DamageModel, ServiceModel, System, network_options
from headwater.options.changes import apply_changes
from headwater.portfolio.solve import plan
from headwater.settings import StudyHeader

OBJECTIVES = {"npv_usd": "USD", "ead_usd_per_yr": "USD/yr", **SERVICE_ITEMS}
"""What a plan may maximise, and its unit."""

TIME_LIMIT_S = 60.0
"""Seconds the solver may take for one plan; after that the best plan found is reported with its gap."""


def choices(
    options: pd.DataFrame, effects: pd.DataFrame, appraisals: pd.DataFrame, header: StudyHeader
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Tables `plans` and `plan_summaries`: one plan per budget, proved optimal for the study's objective."""
    worth = dict(zip(appraisals["option_id"], appraisals["npv_usd"], strict=True))
    values = options.assign(npv_usd=options["option_id"].map(worth).astype("float64"))
    if header.objective != "npv_usd":
        of_item = effects[effects["item"] == header.objective]
        gains = dict(zip(of_item["option_id"], of_item["amount"], strict=True))
        values[header.objective] = values["option_id"].map(gains).astype("float64")
    budgets = {budget.plan_id: budget.amount_usd for budget in header.budgets}
    return plan(
        values, budgets=budgets, objective=header.objective, start_year=header.base_year, time_limit_s=TIME_LIMIT_S
    )


def whole_plan(
    system: System,
    changes: pd.DataFrame,
    plans: pd.DataFrame,
    effects: pd.DataFrame,
    *,
    damage: tuple[DamageModel, pd.DataFrame] | None,
    service: tuple[ServiceModel, pd.Series] | None,
    run: Callable,
) -> pd.DataFrame:
    """Table `plan_checks`: the sum of the options' gains beside the gain of the whole plan when the models run on it.

    Parameters
    ----------
    system, changes, plans, effects
        The system as it is, what options change in it, which are chosen, and what each gives alone.
    damage, service
        A model and its result without any option; None where the study has nothing to run it on.
    run
        Maps a function over plans (`compute.map_items`).
    """

    def gains(plan_id: str) -> pd.DataFrame:
        chosen = plans.loc[plans["plan_id"] == plan_id, "option_id"].tolist()
        changed = apply_changes(system, changes, [option for option in chosen if option in set(changes["option_id"])])
        gain: dict[str, float] = {}
        if damage is not None:
            gain[EAD[0]] = float(damage[1][EAD[0]].sum() - damage[0](changed)[EAD[0]].sum())
        if service is not None and network_options(changes):
            gain |= {str(k): float(v) for k, v in (service[1] - service[0](changed)).items()}
        alone = effects[effects["option_id"].isin(chosen)].groupby("item")["amount"].sum()
        table = pd.DataFrame({"item": list(gain), "whole_plan": list(gain.values())})
        table["sum_of_options"] = table["item"].map(alone).fillna(0.0)
        return table.assign(plan_id=plan_id, unit=table["item"].map(OBJECTIVES))

    parts = list(run(gains, list(dict.fromkeys(plans["plan_id"]))))
    columns = ["plan_id", "item", "unit", "sum_of_options", "whole_plan", "difference"]
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)
    return table.assign(difference=table["whole_plan"] - table["sum_of_options"])[columns]
