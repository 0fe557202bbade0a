"""Case: the whole business case of every plan: cash flows, who gains and pays, how sure it is, jobs, finance, risk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from headwater.appraisal.delivery import compare
from headwater.appraisal.finance import finance
from headwater.appraisal.flows import Flows, has_benefit, paid_lines, plan_lines, whole_life
from headwater.appraisal.goals import sdg_contributions
from headwater.appraisal.incidence import incidence
from headwater.appraisal.jobs import job_years, multipliers_for
from headwater.appraisal.register import allocate, expected_contingent
from headwater.appraisal.sensitivity import swings, variance_shares, with_shares
from headwater.appraisal.uncertainty import distribution, npv_samples, sample, sample_table
from headwater.appraisal.waiting import value_of_waiting
from headwater.schema import empty
from headwater.settings import StudyHeader

Tables = Mapping[str, pd.DataFrame]
Floats = npt.NDArray[np.float64]

RUNNING = ("maintenance", "operation", "renewal")
"""Lines of the case that are paid again and again."""

SOBOL_SAMPLES = 4096


@dataclass(frozen=True, eq=False)
class PlanCase:
    """A plan and its whole-life money.

    Attributes
    ----------
    plan_id
        The plan.
    chosen
        Rows of `plans`.
    flows
        Lines of its options, each from its own start year.
    later
        The same, started later by the years of waiting; None where waiting is not asked for.
    """

    plan_id: str
    chosen: pd.DataFrame
    flows: Flows
    later: Flows | None


def plan_cases(
    plans: pd.DataFrame, options: pd.DataFrame, effects: pd.DataFrame, tables: Tables, header: StudyHeader
) -> list[PlanCase]:
    """The whole-life money of every plan, in the order of the study's budgets."""
    wait = header.optional("wait_years")
    made = []
    for budget in header.budgets:
        chosen = plans[plans["plan_id"] == budget.plan_id]
        starts = chosen.set_index("option_id")["start_year"].astype("int64")
        later = None
        if wait is not None and (starts + wait < header.horizon_year).all():
            later = _money(starts + wait, options, effects, tables, header)
        made.append(PlanCase(budget.plan_id, chosen, _money(starts, options, effects, tables, header), later))
    return made


def _money(
    starts: pd.Series, options: pd.DataFrame, effects: pd.DataFrame, tables: Tables, header: StudyHeader
) -> Flows:
    mine = options[options["option_id"].isin(starts.index)]
    flows = tables["flows"]
    flows = flows[flows["option_id"].isna() | flows["option_id"].isin(starts.index)]
    return whole_life(
        mine, effects[effects["option_id"].isin(starts.index)], flows, tables["unit_values"],
        base_year=header.base_year, horizon_year=header.horizon_year, start_year=starts,
        benefit_growth=float(header.value("benefit_growth")),
    )  # fmt: skip


def case_tables(
    cases: list[PlanCase], options: pd.DataFrame, tables: Tables, header: StudyHeader
) -> dict[str, pd.DataFrame]:
    """Tables of money, of what is uncertain, of jobs and of SDG targets, by name.

    Parameters
    ----------
    cases
        From `plan_cases`.
    options
        Table `options`.
    tables
        Tables `uncertainties` and `groups` of the study.
    header
        Head of the study.
    """
    rate = float(header.value("discount_rate"))
    flows = [plan_lines(case.flows, case.plan_id) for case in cases]
    cash_flows = _stacked("cash_flows", flows)
    gains = [
        incidence(
            rows, discount_rate=rate, base_year=header.base_year, groups=tables["groups"],
            elasticity=header.optional("equity_elasticity"),
        )
        for rows in (paid_lines(case.flows, case.plan_id) for case in cases)
        if len(rows)
    ]  # fmt: skip
    chosen = set(pd.concat([case.chosen["option_id"] for case in cases])) if cases else set()
    return {
        "cash_flows": cash_flows, "incidence": _stacked("incidence", gains),
        **_uncertain(cases, tables["uncertainties"], header),
        "jobs": _stacked("jobs", [_jobs(case, options, header) for case in cases]),
        "sdg_contributions": sdg_contributions(options[options["option_id"].isin(chosen)]),
    }  # fmt: skip


def _uncertain(cases: list[PlanCase], uncertainties: pd.DataFrame, header: StudyHeader) -> dict[str, pd.DataFrame]:
    names = ("npv_samples", "npv_distribution", "sensitivities")
    valued = [case for case in cases if len(case.flows.rows) and has_benefit(case.flows).any()]
    if uncertainties.empty or not valued:
        return {name: empty(name) for name in names}
    rate, growth = float(header.value("discount_rate")), float(header.value("benefit_growth"))
    seed = int(header.value("seed"))
    draws = sample(uncertainties, samples=int(header.value("npv_samples")), seed=seed)
    npv, waits, bars = {}, {}, []
    for case in valued:
        money, items, grows = case.flows.money, case.flows.rows["item"].tolist(), _grows(case.flows)
        npv[case.plan_id] = npv_samples(money, items, draws, discount_rate=rate, benefit_growth=growth, grows=grows)
        if case.later is not None:
            later = npv_samples(
                case.later.money, case.later.rows["item"].tolist(), draws, discount_rate=rate, benefit_growth=growth,
                grows=_grows(case.later),
            )  # fmt: skip
            waits[case.plan_id] = value_of_waiting(npv[case.plan_id], later).value_usd
        shares = variance_shares(
            money, items, uncertainties, samples=SOBOL_SAMPLES, seed=seed, discount_rate=rate, benefit_growth=growth,
            grows=grows,
        )  # fmt: skip
        swung = swings(
            money, items, uncertainties, plan_id=case.plan_id, discount_rate=rate, benefit_growth=growth, grows=grows
        )
        bars.append(with_shares(swung, shares))
    waiting = pd.DataFrame({"wait_value_usd": waits, "wait_years": dict.fromkeys(waits, header.optional("wait_years"))})
    samples = sample_table(npv)
    return {
        "npv_samples": samples, "npv_distribution": distribution(samples, waiting=waiting if waits else None),
        "sensitivities": _stacked("sensitivities", bars),
    }  # fmt: skip


def _grows(flows: Flows) -> npt.NDArray[np.bool_]:
    """Lines that grow with the study's benefits: those that a model gave."""
    return np.asarray(flows.rows["is_effect"], dtype=bool)


def _jobs(case: PlanCase, options: pd.DataFrame, header: StudyHeader) -> pd.DataFrame:
    spent = case.chosen.merge(options[["option_id", "sector"]], on="option_id")
    by_sector = spent.groupby("sector")["initial_cost_usd"].sum().rename("usd").reset_index()
    return job_years(by_sector, multipliers_for(header.iso3), plan_id=case.plan_id)[0]


def finance_tables(
    cases: list[PlanCase], options: pd.DataFrame, tables: Tables, header: StudyHeader
) -> dict[str, pd.DataFrame]:
    """Tables `finance_flows`, `finance_summaries`, `fiscal_profile`, `risk_allocation` and `delivery_comparison`."""
    rate = float(header.value("discount_rate"))
    names = ("finance_flows", "finance_summaries", "fiscal_profile", "risk_allocation", "delivery_comparison")
    made: dict[str, list[pd.DataFrame]] = {name: [] for name in names}
    for case in cases:
        rows = plan_lines(case.flows, case.plan_id, cash=True)
        running = _running_cost(rows, header)
        capital = _by_year(case.chosen.groupby("start_year")["initial_cost_usd"].sum(), header)
        kept = None
        if len(tables["risks"]):
            risks = allocate(
                tables["risks"], tables["risk_bearers"], plan_id=case.plan_id, capital_usd=capital,
                yearly_cost_usd=running, discount_rate=rate,
            )  # fmt: skip
            made["risk_allocation"].append(risks)
            kept = expected_contingent(risks)
            if len(tables["delivery_modes"]):
                made["delivery_comparison"].append(
                    compare(
                        tables["delivery_modes"],
                        risks,
                        tables["risk_bearers"],
                        plan_id=case.plan_id,
                        capital_usd=capital,
                        operation_usd=running,
                        discount_rate=rate,
                    )
                )
        paid = finance(
            rows, _investments(case, options), tables["funding"], plan_id=case.plan_id, base_year=header.base_year,
            horizon_year=header.horizon_year, discount_rate=rate, expected_contingent_usd=kept,
        )  # fmt: skip
        made["finance_flows"].append(paid.flows)
        made["finance_summaries"].append(paid.summaries)
        made["fiscal_profile"].append(paid.profile)
    return {name: _stacked(name, parts) for name, parts in made.items()}


def _investments(case: PlanCase, options: pd.DataFrame) -> pd.DataFrame:
    rows = case.chosen.merge(options.reindex(columns=["option_id", "sector", "measure_id"]), on="option_id")
    rows = rows.rename(columns={"start_year": "year", "initial_cost_usd": "amount_usd"})
    return rows[["option_id", "sector", "measure_id", "year", "amount_usd"]]


def _running_cost(rows: pd.DataFrame, header: StudyHeader) -> Floats:
    return _by_year(-rows[rows["item"].isin(RUNNING)].groupby("year")["amount_usd"].sum(), header)


def _by_year(amounts: pd.Series, header: StudyHeader) -> Floats:
    """Amounts of the study's years, base year first; 0 where there is none."""
    years = range(header.base_year, header.horizon_year + 1)
    return np.asarray(amounts.reindex(years).fillna(0.0).to_numpy(np.float64))


def _stacked(name: str, parts: list[pd.DataFrame]) -> pd.DataFrame:
    filled = [part for part in parts if len(part)]
    return pd.concat(filled, ignore_index=True) if filled else empty(name)
