"""The business case of plans of two works, year by year, by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd
import pytest
from tests.journey.plans import effects, header, options

from headwater.journey import case
from headwater.schema import check, empty
from headwater.settings import Budget, StudyHeader

RATE = 0.1
ANNUITY = sum(1.1**-t for t in range(1, 6))
"""Five years of one dollar, from 2026 to 2030."""

OPTIONS = options(
    {"road": 100.0, "well": 60.0, "idle": 1e6}, routine_cost_usd={"road": 5.0}, routine_interval_yr={"road": 1},
    sdg_targets={"well": "6.1", "idle": "9.1"}, sdg_basis={"well": "safe water", "idle": "roads"},
).assign(sector=["transport", "water", "transport"])  # fmt: skip
EFFECTS = pd.concat(
    [effects({"road": 30.0}, "ead_usd_per_yr", "USD/yr"), effects({"well": 10.0}, "people_served", "people")],
    ignore_index=True,
)
UNIT_VALUES = pd.DataFrame(
    {
        "item": ["people_served"], "unit": "people", "usd_per_unit": 2.0, "benefit": "health", "gains": "communities",
        "is_cash": False, "source_id": "toy",
    }
)  # fmt: skip
PLANS = pd.DataFrame(
    [("one", "road", 2025, 100.0), ("one", "well", 2027, 60.0), ("two", "road", 2026, 100.0)],
    columns=["plan_id", "option_id", "start_year", "initial_cost_usd"],
).assign(objective_value=0.0).astype({"start_year": "Int64"})  # fmt: skip
NOBODY = {name: empty(name) for name in (
    "flows", "uncertainties", "groups", "funding", "risks", "risk_bearers", "delivery_modes",
)}  # fmt: skip


def tables(**given: pd.DataFrame) -> dict[str, pd.DataFrame]:
    return NOBODY | {"unit_values": UNIT_VALUES} | given


def head(*names: str, iso3: str = "XXX", **assumed: Any) -> StudyHeader:
    budgets = [Budget(name, 200.0, {}) for name in names]
    made = header(*budgets, objective="npv_usd", iso3=iso3, **({"discount_rate": RATE} | assumed))
    return replace(made, horizon_year=2030)


def made(header: StudyHeader, given: dict[str, pd.DataFrame], plans: pd.DataFrame = PLANS) -> dict[str, pd.DataFrame]:
    cases = case.plan_cases(plans, OPTIONS, EFFECTS, given, header)
    found = case.case_tables(cases, OPTIONS, given, header) | case.finance_tables(cases, OPTIONS, given, header)
    for name, table in found.items():
        check(table, name)
    return found


def by_year(cash_flows: pd.DataFrame, plan: str, item: str) -> dict[int, float]:
    rows = cash_flows[(cash_flows["plan_id"] == plan) & (cash_flows["item"] == item)]
    return dict(zip(rows["year"], rows["amount_usd"], strict=True))


# --- money --------------------------------------------------------------------------------------------------------


def test_cash_flows_of_each_option_from_its_own_start_year() -> None:
    flows = made(head("one", "two"), tables())["cash_flows"]
    assert by_year(flows, "one", "capital") == {2025: -100, 2027: -60}
    assert by_year(flows, "one", "maintenance") == dict.fromkeys(range(2026, 2031), -5)
    assert by_year(flows, "one", "avoided_damage") == dict.fromkeys(range(2026, 2031), 30)
    assert by_year(flows, "one", "health") == dict.fromkeys(range(2028, 2031), 20)
    assert by_year(flows, "two", "capital") == {2026: -100}
    assert by_year(flows, "two", "avoided_damage") == dict.fromkeys(range(2027, 2031), 30)
    assert set(flows.loc[flows["item"] == "capital", "pays"]) == {"government"}
    assert not flows.loc[flows["item"] == "health", "is_cash"].any()


def test_incidence_by_hand() -> None:
    table = made(head("one"), tables())["incidence"].set_index("party")
    cost = 100 + 60 / 1.21 + 5 * ANNUITY
    assert table["net_pv_usd"].to_dict() == pytest.approx(
        {
            "government": -cost, "contractors": cost, "operator": 30 * ANNUITY,
            "communities": 20 * sum(1.1**-t for t in (3, 4, 5)),
        }
    )  # fmt: skip
    assert table["weighted_net_pv_usd"].isna().all()


def test_tax_that_is_no_cost_to_the_country_still_leaves_one_pocket_for_another() -> None:
    toll = pd.DataFrame(
        {
            "flow_id": ["toll"], "option_id": "road", "item": "revenue", "amount": 8.0, "unit": "USD", "from_age_yr": 1,
            "shadow_factor": 0.0, "pays": "users", "gains": "operator", "is_cash": True, "source_id": "toy",
        }
    )  # fmt: skip
    found = made(head("one"), tables(flows=toll))
    assert by_year(found["cash_flows"], "one", "revenue") == {}
    incidence = found["incidence"].set_index("party")["net_pv_usd"]
    assert incidence["users"] == pytest.approx(-8 * ANNUITY)
    assert incidence["operator"] == pytest.approx((30 + 8) * ANNUITY)
    assert found["fiscal_profile"].set_index("year")["income_usd"].loc[2026:].tolist() == [8.0] * 5


def test_equity_weights_are_those_of_the_groups() -> None:
    groups = pd.DataFrame(
        {"group": ["poor", "rich"], "name": "", "income_usd_per_yr": [1000.0, 2000.0], "source_id": "toy"}
    )
    values = UNIT_VALUES.assign(group="poor")
    table = made(head("one", equity_elasticity=1.0), tables(unit_values=values, groups=groups))["incidence"]
    communities = table.set_index("party").loc["communities"]
    assert communities["group"] == "poor"
    assert communities["weighted_net_pv_usd"] / communities["net_pv_usd"] == pytest.approx(1.5)  # mean 1500 of 1000


def test_cash_flows_add_up_to_the_worth_of_the_options() -> None:
    flows = made(head("one"), tables())["cash_flows"]
    worth = (flows["amount_usd"] * 1.1 ** (2025 - flows["year"].astype("float64"))).sum()
    by_hand = 25 * ANNUITY - 100 - 60 / 1.21 + 20 * sum(1.1**-t for t in (3, 4, 5))
    assert worth == pytest.approx(by_hand)


# --- jobs and targets ---------------------------------------------------------------------------------------------


def test_jobs_of_djibouti_are_110_per_million_dollars() -> None:
    jobs = made(head("one", iso3="DJI"), tables())["jobs"].set_index("sector")
    assert jobs["usd"].to_dict() == {"transport": 100, "water": 60}
    assert jobs["job_years"].to_dict() == pytest.approx({"transport": 110e-4, "water": 66e-4})
    assert jobs["source_id"].notna().all()


def test_no_figure_for_jobs_where_no_multiplier_holds() -> None:
    assert made(head("one"), tables())["jobs"].empty


def test_targets_of_what_is_chosen_and_of_nothing_else() -> None:
    table = made(head("one", "two"), tables())["sdg_contributions"]
    assert table[["option_id", "target"]].values.tolist() == [["well", "6.1"]]


# --- what is uncertain --------------------------------------------------------------------------------------------


def uncertain(distribution: str = "samples", **given: Any) -> pd.DataFrame:
    """What works cost is uncertain, and so is a line that the case does not have."""
    row = {"variable": "factor.capital", "name": "Cost", "distribution": distribution, "source_id": "toy"} | given
    idle = {"variable": "factor.other", "name": "Other", "distribution": "uniform", "low": 0.5, "high": 1.5}
    table = pd.DataFrame([row, idle | {"source_id": "toy"}])
    return table.reindex(columns=[*table.columns.union(["low", "likely", "high"])])


NPV_ONE = 25 * ANNUITY - 100 - 60 / 1.21 + 20 * sum(1.1**-t for t in (3, 4, 5))
NPV_TWO = 25 * (ANNUITY - 1 / 1.1) - 100 / 1.1


def test_distribution_of_net_present_value_by_hand() -> None:
    """Works cost what is planned or twice it, each as likely."""
    found = made(head("one", "two", npv_samples=100), tables(uncertainties=uncertain(sample_values="1;2")))
    spread = found["npv_distribution"].set_index("plan_id")
    capital = 100 + 60 / 1.21
    assert spread.at["one", "mean_usd"] == pytest.approx(NPV_ONE - capital / 2)
    assert spread.at["one", "p95_usd"] == pytest.approx(NPV_ONE)
    assert spread.at["one", "p05_usd"] == pytest.approx(NPV_ONE - capital)
    assert spread["samples"].tolist() == [100, 100]
    assert spread["wait_value_usd"].isna().all()
    assert len(found["npv_samples"]) == 200
    bars = found["sensitivities"].set_index(["plan_id", "variable"])
    assert set(bars.index.get_level_values("variable")) == {"factor.capital", "factor.other"}
    assert bars.at[("two", "factor.capital"), "first_order"] == pytest.approx(1, abs=0.05)  # nothing else varies


def test_one_uncertain_line_alone_explains_everything() -> None:
    alone = uncertain(sample_values="1;2").head(1)
    bars = made(head("one", npv_samples=20), tables(uncertainties=alone))["sensitivities"]
    assert bars["variable"].tolist() == ["factor.capital"]
    assert bars["total_order"].tolist() == pytest.approx([1])


def test_same_draws_for_every_plan_and_every_run() -> None:
    given = tables(uncertainties=uncertain("triangular", low=0.8, likely=1.0, high=1.6))
    one, other = (made(head("one", "two", npv_samples=50), given) for _run in range(2))
    pd.testing.assert_frame_equal(one["npv_samples"], other["npv_samples"])
    wide = one["npv_samples"].pivot(index="sample", columns="plan_id", values="npv_usd")
    assert wide.corr().iloc[0, 1] == pytest.approx(1)


def test_waiting_a_year_by_hand() -> None:
    """Nothing is learnt, so that waiting a year is worth what it saves: a plan that does not pay is not begun."""
    given = tables(uncertainties=uncertain(sample_values="1;1"))
    spread = made(head("one", "two", npv_samples=20, wait_years=1), given)["npv_distribution"].set_index("plan_id")
    later = 25 * (ANNUITY - 1 / 1.1) - 100 / 1.1 - 60 / 1.1**3 + 20 * sum(1.1**-t for t in (4, 5))
    assert spread["wait_years"].tolist() == [1, 1]
    assert spread.at["one", "wait_value_usd"] == pytest.approx(max(later, 0) - max(NPV_ONE, 0))
    assert spread.at["two", "wait_value_usd"] == pytest.approx(0)


def test_waiting_past_the_horizon_is_not_valued() -> None:
    given = tables(uncertainties=uncertain(sample_values="1;2"))
    spread = made(head("one", npv_samples=20, wait_years=4), given)["npv_distribution"]
    assert spread["wait_value_usd"].isna().all()  # the well would start in 2031


def test_without_what_is_uncertain_there_is_no_distribution() -> None:
    found = made(head("one"), tables())
    assert all(found[name].empty for name in ("npv_samples", "npv_distribution", "sensitivities"))


# --- finance ------------------------------------------------------------------------------------------------------

TREASURY = pd.DataFrame(
    {"funding_id": ["treasury"], "name": "", "instrument": "budget", "share": 0.75, "source_id": "toy"}
)
RISKS = pd.DataFrame(
    {
        "risk_id": ["overrun"], "name": "", "kind": "construction", "probability": 0.5, "per": "life", "impact": 0.2,
        "unit": "USD/capital", "source_id": "toy",
    }
)  # fmt: skip
BEARERS = pd.DataFrame(
    {
        "risk_id": "overrun", "party": ["government", "contractors"], "cost_factor": [1.0, 0.8],
        "is_now": [True, False], "source_id": "toy",
    }
)  # fmt: skip
MODES = pd.DataFrame(
    {
        "mode_id": ["public", "private"], "name": "", "is_reference": [True, False], "capital_factor": [1.0, 0.9],
        "operation_factor": 1.0, "transaction_share": [0.0, 0.05], "transfers": [None, "overrun"], "source_id": "toy",
    }
)  # fmt: skip


def test_who_pays_what_and_when() -> None:
    found = made(head("one"), tables(funding=TREASURY))
    summary = found["finance_summaries"].iloc[0]
    assert summary[["investment_usd", "funded_usd", "gap_usd"]].tolist() == [160, 120, 40]
    flows = found["finance_flows"]
    assert dict(zip(flows["year"], flows["amount_usd"], strict=True)) == {2025: 75, 2027: 45}
    profile = found["fiscal_profile"].set_index("year")
    assert profile["maintenance_usd"].loc[2026:2030].tolist() == [5] * 5
    assert profile["investment_usd"].to_dict() == {2025: 75, 2027: 45} | dict.fromkeys((2026, 2028, 2029, 2030), 0)


def test_risks_are_shared_out_on_what_is_invested_when_it_is_invested() -> None:
    found = made(head("one"), tables(risks=RISKS, risk_bearers=BEARERS))
    invested = 100 + 60 / 1.21
    risk = found["risk_allocation"].iloc[0]
    assert risk[["party", "party_now"]].tolist() == ["contractors", "government"]
    assert risk["expected_cost_usd"] == pytest.approx(0.1 * invested)
    assert risk["saving_usd"] == pytest.approx(0.02 * invested)
    assert found["finance_summaries"]["expected_contingent_usd"].notna().all()


def test_ways_of_delivery_by_hand() -> None:
    found = made(head("one"), tables(risks=RISKS, risk_bearers=BEARERS, delivery_modes=MODES))
    modes = found["delivery_comparison"].set_index("mode_id")
    invested = 100 + 60 / 1.21
    assert modes["capital_usd"].to_dict() == pytest.approx({"public": invested, "private": 0.9 * invested})
    assert modes["operation_usd"].to_dict() == pytest.approx(dict.fromkeys(("public", "private"), 5 * ANNUITY))
    assert modes["retained_risk_usd"].to_dict() == pytest.approx({"public": 0.1 * invested, "private": 0})
    assert modes.at["private", "transferred_risk_usd"] == pytest.approx(0.08 * invested)


# --- nothing ------------------------------------------------------------------------------------------------------


def test_study_without_budgets_has_no_cases() -> None:
    found = made(head(), tables(risks=RISKS, risk_bearers=BEARERS, uncertainties=uncertain(sample_values="1;2")))
    assert all(table.empty for table in found.values())


def test_plan_without_options_costs_and_gains_nothing() -> None:
    given = tables(
        funding=TREASURY, risks=RISKS, risk_bearers=BEARERS, delivery_modes=MODES,
        uncertainties=uncertain(sample_values="1;2"),
    )  # fmt: skip
    found = made(head("none", iso3="DJI", wait_years=1), given)
    for name in ("cash_flows", "incidence", "npv_distribution", "jobs", "sdg_contributions", "finance_flows"):
        assert found[name].empty, name
    assert found["finance_summaries"][["investment_usd", "gap_usd", "fiscal_pv_usd"]].values.tolist() == [[0, 0, 0]]
    assert found["risk_allocation"]["expected_cost_usd"].tolist() == [0]


def test_empty_plan_beside_a_full_one() -> None:
    found = made(head("none", "one", iso3="DJI"), tables(uncertainties=uncertain(sample_values="1;2")))
    assert set(found["cash_flows"]["plan_id"]) == {"one"}
    assert set(found["npv_distribution"]["plan_id"]) == {"one"}
    assert set(found["finance_summaries"]["plan_id"]) == {"none", "one"}
