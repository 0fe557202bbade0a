"""A synthetic portfolio: options with variants, precedence, budgets, service targets, and interactions two by two.

Made from a fixed seed, and given both as the tables that a planner has and as the arrays that a modelling library
would be fed. Each option takes part in ten interactions on average; most make two options worth more together, some
less.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

SECTORS = ("digital", "energy", "nature", "social", "transport", "waste", "water")
REGIONS, PERIODS, EACH = 8, 6, 10
YEARS = tuple(range(2027, 2027 + 3 * PERIODS, 3))
OBJECTIVES = {"npv_usd": 1, "people": 1, "jobs": 1, "nature_km2": 1, "emissions_tco2e": -1}
"""Items and whether more or less of them is better."""
LESS_EACH_YEAR = {"npv_usd": 0.05, "people": 0.02, "jobs": 0.0, "nature_km2": 0.01, "emissions_tco2e": 0.01}
"""How much a later start gives less, per year."""
MEANS = 0.3
"""Money there is, as a share of what all options cost."""
TARGET = 0.6
"""What sectors and regions are promised, as a share of what the means would give each by chance."""


@dataclass(frozen=True, eq=False)
class Instance:
    """Numbers of a portfolio, options in order.

    Attributes
    ----------
    cost
        [n] whole USD
    values
        Item to [n, periods].
    sector, region, group, requires
        [n] numbers; group and requires are -1 where there is none.
    pairs, extra
        [k, 2] options, and what each pair adds to the net present value if in operation from the first period.
    profile
        [periods] factors of `extra` by the period from which both are in operation.
    budget
        [periods] money that comes in.
    targets
        (which, number, amount): people to be served by a sector or region, by the last period.
    """

    cost: np.ndarray
    values: dict[str, np.ndarray]
    sector: np.ndarray
    region: np.ndarray
    group: np.ndarray
    requires: np.ndarray
    pairs: np.ndarray
    extra: np.ndarray
    profile: np.ndarray
    budget: np.ndarray
    targets: list[tuple[str, int, float]]


def make_instance(options: int, *, each: int = EACH, seed: int = 20260401) -> Instance:
    """A portfolio of so many options, each in `each` interactions on average."""
    rng = np.random.default_rng(seed)
    n = options
    cost = np.rint(rng.lognormal(np.log(4e6), 0.7, n) / 1e3) * 1e3
    size = cost / 1e6
    base = {
        "npv_usd": cost * rng.lognormal(-0.2, 0.6, n) - 0.3 * cost,
        "people": np.rint(size * rng.lognormal(np.log(900), 0.5, n)),
        "jobs": np.rint(size * rng.lognormal(np.log(12), 0.5, n)),
        "nature_km2": np.round(size * rng.normal(0.1, 0.6, n), 3),
        "emissions_tco2e": np.rint(size * rng.normal(-150, 500, n)),
    }
    later = np.array(YEARS) - YEARS[0]
    values = {i: np.outer(v, (1 - LESS_EACH_YEAR[i]) ** later) for i, v in base.items()}
    values["npv_usd"] *= rng.uniform(0.97, 1.03, (n, PERIODS))  # needs grow and pass: a start has its best time
    sector, region = rng.integers(0, len(SECTORS), n), rng.integers(0, REGIONS, n)

    order = rng.permutation(n)
    group = np.full(n, -1)
    variants = order[: 3 * n // 10 // 3 * 3]
    group[variants] = np.arange(len(variants)) // 3
    requires = np.full(n, -1)
    later_ones = order[len(variants) :][: n // 10]
    requires[later_ones] = np.maximum(later_ones - rng.integers(1, 20, len(later_ones)), 0)
    requires[requires == np.arange(n)] = -1

    pairs = np.column_stack([np.repeat(np.arange(n), each // 2), np.zeros(n * (each // 2), int)])
    pairs[:, 1] = (pairs[:, 0] + rng.integers(1, n, len(pairs))) % n
    pairs = np.unique(np.sort(pairs, axis=1), axis=0)
    pairs = pairs[(group[pairs[:, 0]] != group[pairs[:, 1]]) | (group[pairs[:, 0]] < 0)]
    extra = np.sqrt(cost[pairs[:, 0]] * cost[pairs[:, 1]]) * rng.normal(0.06, 0.1, len(pairs))

    budget = np.rint(MEANS * cost.sum() / PERIODS * rng.uniform(0.8, 1.2, PERIODS))
    people = base["people"]
    targets = [("sector", k, np.rint(TARGET * MEANS * people[sector == k].sum())) for k in range(len(SECTORS))]
    targets += [("region", k, np.rint(TARGET * MEANS * people[region == k].sum())) for k in range(REGIONS)]
    profile = 0.95**later
    return Instance(cost, values, sector, region, group, requires, pairs, extra, profile, budget, targets)


def make_tables(instance: Instance) -> dict[str, Any]:
    """What `headwater.portfolio.model.build_model` takes, by keyword."""
    import pandas as pd

    n = len(instance.cost)
    ids = np.array([f"o{i:05}" for i in range(n)])
    named = pd.Series(ids)
    group = pd.Series(instance.group)
    options = pd.DataFrame(
        {
            "option_id": ids,
            "initial_cost_usd": instance.cost,
            "sector": np.array(SECTORS)[instance.sector],
            "region": [f"r{k}" for k in instance.region],
            "exclusive_group": ("g" + group.astype(str)).where(group >= 0),
            "requires_option_id": named.reindex(np.where(instance.requires < 0, n, instance.requires)).to_numpy(),
        }
    )
    both = ids[instance.pairs]
    interactions = pd.DataFrame(
        {
            "interaction_id": [f"i{k}" for k in range(len(both))],
            "item": "npv_usd",
            "option_ids": [f"{a};{b}" for a, b in both.tolist()],
            "unit": "USD",
            "amount": instance.extra,
            "origin": "model",
        }
    )
    budgets = pd.DataFrame({"source": "", "start_year": YEARS, "amount_usd": instance.budget})
    rules = pd.DataFrame(
        [
            {
                "rule_id": f"{which}_{k}", "name": f"people served, {which} {k}", "rule": "at_least", "item": "people",
                "column": which, "value": SECTORS[k] if which == "sector" else f"r{k}", "amount": amount,
                "source_id": "made",
            }
            for which, k, amount in instance.targets
        ]
    )  # fmt: skip
    return {
        "options": options, "start_years": YEARS, "values": instance.values, "objectives": list(OBJECTIVES),
        "budgets": budgets, "interactions": interactions, "profiles": {"npv_usd": instance.profile}, "rules": rules,
        "senses": OBJECTIVES,
    }  # fmt: skip
