"""Risk register: what each risk of a plan is expected to cost, who bears it, and who could bear it best.

Takes the plan's money by year and the tables of risks and bearers. Whether a probability is right is not known here;
nor are risks that depend on each other.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from headwater.appraisal.cash_flow import Floats, discount_factors
from headwater.errors import AssumptionError, Fault, TableError
from headwater.schema import faults, load_schema, with_optional
from headwater.words import _

GOVERNMENT = "government"


def allocate(
    risks: pd.DataFrame,
    risk_bearers: pd.DataFrame,
    *,
    plan_id: str,
    capital_usd: npt.ArrayLike,
    yearly_cost_usd: npt.ArrayLike,
    discount_rate: float,
) -> pd.DataFrame:
    """What each risk is expected to cost a plan, and which party would bear it at least cost.

    The expected cost is probability times impact, in present value. How it spreads over the years depends on `per` and
    `unit`:

    ===========  ==================================  =====================================================
    unit         per life                            per year
    ===========  ==================================  =====================================================
    USD          once, in the year of the first      each year after the first investment
                 investment
    USD/capital  on each investment, in its year     each year, on all that was invested in years before
    USD/cost     on the cost of every year           on the cost of every year
    ===========  ==================================  =====================================================

    Best able to bear a risk is the party with the least cost factor; among equals the one that bears it now, else the
    first by name. What the factor stands for is set out in the source: control of the likelihood, control of the
    impact, and the cost of absorbing what nobody controls.

    Parameters
    ----------
    risks
        Table `risks`.
    risk_bearers
        Table `risk_bearers`: every party that could bear each risk.
    plan_id
        The plan.
    capital_usd
        Investment of the plan by year, undiscounted, base year first; one number is paid in the base year.
    yearly_cost_usd
        Maintenance and operation of the plan by year, undiscounted, base year first.
    discount_rate
        Real discount rate [1/yr], above -1.

    Returns
    -------
    allocation
        Table `risk_allocation`, sorted by risk_id. Bounds follow from the bounds of the impact and are blank where
        those are; `cost_now_usd` and `saving_usd` are blank where nobody is marked as bearing the risk now.

    Raises
    ------
    TableError
        If a table breaks its schema, a risk has no bearer or two bear it now, a bearer's risk is not known, or an
        impact is outside its bounds; names every fault.
    AssumptionError
        If the two costs are not of the same years, or the rate is -100 % or below.

    Source
    ------
    World Bank, PPP Reference Guide, Risk allocation principles (ppponline.affinitext.com, book 5778): each risk to the
    party best able to control its likelihood, or its impact, or to absorb it at lowest cost.

    Examples
    --------
    >>> overrun = pd.DataFrame({"risk_id": ["overrun"], "name": ["Overrun"], "kind": ["construction"],
    ...     "probability": [0.5], "per": ["life"], "impact": [0.2], "unit": ["USD/capital"], "source_id": ["s"]})
    >>> bearers = pd.DataFrame({"risk_id": "overrun", "party": ["government", "contractors"],
    ...     "cost_factor": [1.0, 0.8], "is_now": [True, False], "source_id": "s"})
    >>> row = allocate(overrun, bearers, plan_id="p", capital_usd=1000, yearly_cost_usd=[0, 10], discount_rate=0.0)
    >>> row.loc[0, ["party", "expected_cost_usd", "allocated_cost_usd", "saving_usd"]].to_dict()
    {'party': 'contractors', 'expected_cost_usd': 100.0, 'allocated_cost_usd': 80.0, 'saving_usd': 20.0}
    """
    check_register(risks, risk_bearers)
    register = with_optional(risks, "risks").sort_values("risk_id").set_index("risk_id")
    exposure = _exposure(register, *_money(capital_usd, yearly_cost_usd), discount_rate=discount_rate)
    expected = pd.DataFrame(
        {
            c: register["probability"] * register[f"impact{c}"].astype("float64") * exposure
            for c in ("", "_low", "_high")
        }
    )
    bearers = _ranked(risk_bearers)
    best = bearers.groupby("risk_id").first()
    now = bearers[bearers["is_now"]].set_index("risk_id").reindex(register.index)
    best_cost = expected[""] * best["cost_factor"]
    now_cost = expected[""] * now["cost_factor"]
    table = pd.DataFrame(
        {
            "plan_id": plan_id,
            "party": best["party"],
            "party_now": now["party"],
            **{f"expected_cost_usd{c}": expected[c] for c in expected},
            "allocated_cost_usd": best_cost,
            "cost_now_usd": now_cost,
            "saving_usd": now_cost - best_cost,
        },
        index=register.index,
    )
    return table.reset_index()[load_schema("risk_allocation").index.tolist()]


def expected_contingent(allocation: pd.DataFrame) -> float:
    """Expected present value [USD] of the risks that government keeps when each is with the party that bears it best.

    Parameters
    ----------
    allocation
        Table `risk_allocation`.

    Examples
    --------
    >>> kept = pd.DataFrame({"party": ["government", "insurers"], "allocated_cost_usd": [5.0, 7.0]})
    >>> expected_contingent(kept)
    5.0
    """
    return float(allocation.loc[allocation["party"] == GOVERNMENT, "allocated_cost_usd"].sum())


def check_register(risks: pd.DataFrame, risk_bearers: pd.DataFrame) -> None:
    """Raise unless every risk can be costed and has bearers.

    Raises
    ------
    TableError
        With every fault of both tables.
    """
    found = faults(risks, "risks") + faults(risk_bearers, "risk_bearers", others={"risks": risks})
    if {"risk_id"} <= set(risks) and {"risk_id", "party"} <= set(risk_bearers):
        found += _bearer_faults(risks, risk_bearers)
    if {"impact", "risk_id"} <= set(risks):
        found += _bound_faults(with_optional(risks, "risks"))
    if found:
        raise TableError(found)


def _money(capital_usd: npt.ArrayLike, yearly_cost_usd: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Both costs by year.

    Raises
    ------
    AssumptionError
        If they are not of the same years.
    """
    cost = np.atleast_1d(np.asarray(yearly_cost_usd, dtype=np.float64))
    capital = np.asarray(capital_usd, dtype=np.float64)
    if capital.ndim == 0:
        capital = np.where(np.arange(len(cost)) == 0, capital, 0.0)
    if capital.shape != cost.shape:
        message = _("The investment covers {one} years and the yearly cost {other}; they must cover the same years.")
        raise AssumptionError(message.format(one=len(capital), other=len(cost)))
    return capital, cost


def _exposure(risks: pd.DataFrame, capital: Floats, cost: Floats, *, discount_rate: float) -> Floats:
    """Present value of what one unit of impact is multiplied by, per risk."""
    factors = discount_factors(len(capital), discount_rate=discount_rate)
    first = capital > 0
    before = np.concatenate([[0.0], np.cumsum(capital)[:-1]])
    worth = {
        ("USD", "life"): factors[first.argmax()] if first.any() else 0.0,
        ("USD", "year"): factors[before > 0].sum(),
        ("USD/capital", "life"): capital @ factors,
        ("USD/capital", "year"): before @ factors,
        ("USD/cost", "life"): cost @ factors,
        ("USD/cost", "year"): cost @ factors,
    }
    return np.array([worth[kind] for kind in zip(risks["unit"], risks["per"], strict=True)], dtype=np.float64)


def _ranked(risk_bearers: pd.DataFrame) -> pd.DataFrame:
    """Bearers of each risk, the best first."""
    bearers = with_optional(risk_bearers, "risk_bearers")
    bearers = bearers.assign(is_now=bearers["is_now"].astype("boolean").fillna(False).astype(bool))
    return bearers.sort_values(["risk_id", "cost_factor", "is_now", "party"], ascending=[True, True, False, True])


def _bearer_faults(risks: pd.DataFrame, risk_bearers: pd.DataFrame) -> list[Fault]:
    alone = risks["risk_id"].notna() & ~risks["risk_id"].isin(risk_bearers["risk_id"])
    found = [
        Fault(
            "risks", int(i) + 2, "risk_id", str(risks["risk_id"].iloc[i]), _("no party could bear this risk"),
            _("add a row for it to risk_bearers, for each party that could"),
        )
        for i in np.flatnonzero(alone)
    ]  # fmt: skip
    bearers = with_optional(risk_bearers, "risk_bearers").reset_index(drop=True)
    now = bearers[bearers["is_now"].astype("boolean").fillna(False).astype(bool)]
    twice = now[now.duplicated("risk_id")]
    return found + [
        Fault(
            "risk_bearers", int(i) + 2, "is_now", str(bearers.at[i, "risk_id"]),
            _("more than one party is marked as bearing this risk now"), _("mark one; split a shared risk in two"),
        )
        for i in twice.index
    ]  # fmt: skip


def _bound_faults(risks: pd.DataFrame) -> list[Fault]:
    impact, low, high = (
        pd.to_numeric(risks[c], errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
        for c in ("impact", "impact_low", "impact_high")
    )
    problem, remedy = _("the impact is outside its bounds"), _("give low ≤ impact ≤ high")
    return [
        Fault("risks", int(i) + 2, column, str(risks[column].iloc[i]), problem, remedy)
        for column, bad in (("impact_low", low > impact), ("impact_high", high < impact))
        for i in np.flatnonzero(bad)
    ]
