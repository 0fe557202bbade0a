"""Small menus to choose plans from, and models of whole plans that can be counted on fingers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from headwater.assumptions import Assumption
from headwater.budgets import Budget, Future
from headwater.journey.choose import Menu, build_menu
from headwater.schema import empty
from headwater.settings import StudyHeader

PEOPLE = "population_without_per_yr.town"
YEARS = (2025, 2030, 2035)
"""Three start years of twenty years: what starts then serves 20, 15 and 10 of them."""


def header(
    *budgets: Budget | float, objective: str = PEOPLE, start_years: Sequence[int] = (2025,), iso3: str = "XXX",
    trade_off: Sequence[str] = (), futures: Sequence[Future] = (), **assumed: Any,
) -> StudyHeader:  # fmt: skip
    """Head of a study of the years 2025 to 2045 without discounting, unless assumed otherwise."""
    given = {"discount_rate": 0.0} | assumed
    return StudyHeader(
        study_id="x", title={}, summary={}, iso3=iso3, currency="USD", price_year=2025, base_year=2025,
        horizon_year=2045, crs="EPSG:4326", objective=objective, start_years=tuple(start_years),
        trade_off=tuple(trade_off), futures=tuple(futures),
        assumptions={name: Assumption(name, value, basis="judgement") for name, value in given.items()},
        budgets=tuple(b if isinstance(b, Budget) else Budget(f"plan{i}", b, {}) for i, b in enumerate(budgets, 1)),
    )  # fmt: skip


def options(costs: Mapping[str, float | None], **columns: Mapping[str, Any]) -> pd.DataFrame:
    """Table `options` from costs, and further columns by option."""
    table = pd.DataFrame({"option_id": list(costs), "initial_cost_usd": list(costs.values())}).assign(
        name="", sector="transport", kind="adapt", source_id="toy"
    )
    for column, values in columns.items():
        table[column] = table["option_id"].map(values).astype("object").where(table["option_id"].isin(values), None)
    return table.astype({"initial_cost_usd": "float64"})


def effects(amounts: Mapping[str, float], item: str = PEOPLE, unit: str = "people/yr") -> pd.DataFrame:
    """Table `effects` of one item."""
    table = pd.DataFrame({"option_id": list(amounts), "item": item, "unit": unit, "amount": list(amounts.values())})
    return table.assign(amount_low=table["amount"], amount_high=table["amount"]) if len(table) else empty("effects")


def npv(alone: Mapping[str, Sequence[float]], start_years: Sequence[int]) -> pd.DataFrame:
    """Net present value of options by start year."""
    return pd.DataFrame.from_dict(dict(alone), orient="index", columns=list(start_years), dtype="float64")


def menu(
    head: StudyHeader, costs: Mapping[str, float | None], gains: pd.DataFrame, *, worth: pd.DataFrame | None = None,
    interactions: pd.DataFrame | None = None, rules: Sequence[Mapping[str, Any]] = (),
    unit_usd: Mapping[str, float] | None = None, **columns: Mapping[str, Any],
) -> Menu:  # fmt: skip
    """What plans are chosen from; a unit of an effect has the same worth every year."""
    table = options(costs, **columns)
    years = head.horizon_year - head.base_year + 1
    blank = pd.DataFrame(np.nan, index=table["option_id"], columns=list(head.start_years))
    known = empty("interactions") if interactions is None else interactions
    return build_menu(
        table, gains, blank if worth is None else worth, known,
        header=head, rules=rules_of(*rules),
        unit_usd={item: np.full(years, usd) for item, usd in (unit_usd or {}).items()},
    )  # fmt: skip


def rules_of(*rules: Mapping[str, Any]) -> pd.DataFrame:
    """Table `plan_rules`."""
    given = {"column": None, "value": None, "by_year": pd.NA, "source_id": "toy"}
    rows = [given | {"rule_id": f"rule{i}", "name": f"rule {i}"} | dict(rule) for i, rule in enumerate(rules, 1)]
    return pd.DataFrame(rows).astype({"by_year": "Int64"}) if rows else empty("plan_rules")


class World:
    """A model of whole plans: what options give alone, and what sets of them give beyond that.

    `run` holds every set that was run, in order.
    """

    def __init__(self, gains: pd.DataFrame, joint: Mapping[str, float], item: str = PEOPLE) -> None:
        self.alone = gains[gains["item"] == item].set_index("option_id")["amount"].to_dict()
        self.joint = {frozenset(names.split(";")): amount for names, amount in joint.items()}
        self.item = item
        self.run: list[frozenset[str]] = []

    def __call__(self, option_ids: Sequence[str]) -> dict[str, float]:
        here = frozenset(option_ids)
        self.run.append(here)
        alone = sum(self.alone.get(option, 0.0) for option in here)
        return {self.item: alone + sum(amount for names, amount in self.joint.items() if names <= here)}


def one_by_one(function: Callable, items: Iterable) -> list:
    """A map that does without threads."""
    return [function(item) for item in items]
