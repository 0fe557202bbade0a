"""What plans may spend and when, and the futures they are tried in, as a study's head writes them.

Parses and checks; knows neither options nor models.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from headwater.assumptions import Words, known_assumptions, nearest, words_of
from headwater.errors import Fault
from headwater.schema import value_faults
from headwater.words import _


@dataclass(frozen=True)
class Budget:
    """Money for investment that one plan may spend.

    Attributes
    ----------
    plan_id, name
        Name in tables, and as people know it.
    amount_usd
        In all [USD].
    amounts_usd
        By start year of the study, where the money comes in parts [USD]; what is not spent carries over.
    sources_usd
        Of it, what only the options of a funding source may spend [USD], by that source.
    """

    plan_id: str
    amount_usd: float
    name: Words
    amounts_usd: tuple[float, ...] = ()
    sources_usd: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Future:
    """A way the world may turn out, as changes to what the study assumes.

    Attributes
    ----------
    future_id, name
        Name in tables, and as people know it.
    probability
        How likely; None where nobody says.
    assumptions
        Assumptions that have another value there.
    factors
        Factor on a line of the business case, by line.
    bound
        "low" or "high" where the effects of options are at that bound, "" where they are as computed.
    """

    future_id: str
    name: Words
    probability: float | None = None
    assumptions: Mapping[str, Any] = field(default_factory=dict)
    factors: Mapping[str, float] = field(default_factory=dict)
    bound: Literal["", "low", "high"] = ""


def budget(given: Mapping[str, Any]) -> Budget:
    """A budget as a study writes it."""
    return Budget(
        given["id"], float(given["amount_usd"]), words_of(given.get("name", {})),
        amounts_usd=tuple(float(amount) for amount in given.get("amounts_usd", ())),
        sources_usd={str(source): float(amount) for source, amount in given.get("sources_usd", {}).items()},
    )  # fmt: skip


def future(given: Mapping[str, Any]) -> Future:
    """A future as a study writes it."""
    probability = given.get("probability")
    return Future(
        given["id"], words_of(given.get("name", {})), None if probability is None else float(probability),
        assumptions=dict(given.get("assumptions", {})),
        factors={str(line): float(factor) for line, factor in given.get("factors", {}).items()},
        bound=given.get("bound", ""),
    )  # fmt: skip


def plan_faults(content: Mapping[str, Any], file: str) -> list[Fault]:
    """What is wrong with the start years, the parts of budgets, the objectives and the futures."""
    study, found = content["study"], []
    years = content.get("timing", {}).get("start_years", [study["base_year"]])
    span = range(study["base_year"], study["horizon_year"])
    if not (isinstance(years, list) and years and all(type(y) is int and y in span for y in years)) or (
        sorted(set(years)) != years
    ):
        remedy = _("list rising years from the base year to the year before the horizon")
        found.append(Fault(file, None, "timing.start_years", str(years), _("are not years of the study"), remedy))
        years = []
    traded = content.get("objectives", {}).get("trade_off", [])
    if not isinstance(traded, list) or not (not traded or 2 <= len(set(traded)) == len(traded) <= 5):
        remedy = _("list two to five different objectives")
        found.append(Fault(file, None, "objectives.trade_off", str(traded), _("cannot be traded off"), remedy))
    for i, given in enumerate(content.get("budgets", [])):
        parts = given.get("amounts_usd", [])
        if parts and (len(parts) != len(years) or abs(sum(parts) - given["amount_usd"]) > CENT):
            remedy = _("give one amount per start year; they must sum to amount_usd")
            column = f"budgets[{i}].amounts_usd"
            found.append(Fault(file, None, column, str(parts), _("does not fit the start years"), remedy))
    for i, given in enumerate(content.get("futures", [])):
        found += _future_faults(given, f"futures[{i}]", file)
    total = [f["probability"] for f in content.get("futures", []) if "probability" in f]
    if not found and total and (len(total) != len(content["futures"]) or abs(sum(total) - 1) > SUMS_TO_ONE):
        remedy = _("give every future a probability, summing to 1, or none")
        found.append(Fault(file, None, "futures", str(total), _("probabilities do not sum to 1"), remedy))
    return found


CENT = 0.01
SUMS_TO_ONE = 1e-6
FUTURE = ("id", "name", "probability", "assumptions", "factors", "bound")


def _future_faults(given: Mapping[str, Any], place: str, file: str) -> list[Fault]:
    found = [
        Fault(file, None, f"{place}.{key}", "", _("is not a key of a future"), nearest(key, FUTURE))
        for key in given
        if key not in FUTURE
    ]
    known = known_assumptions()
    for name, value in given.get("assumptions", {}).items():
        column = f"{place}.assumptions.{name}"
        if name not in known.index:
            remedy = nearest(name, list(known.index))
            found.append(Fault(file, None, column, "", _("no model uses this assumption"), remedy))
        else:
            kind, rule = str(known.at[name, "type"]), str(known.at[name, "rule"])
            found += value_faults(value, kind=kind, rule=rule, file=file, column=column)
    for line, factor in given.get("factors", {}).items():
        found += value_faults(factor, kind="number", rule=">= 0", file=file, column=f"{place}.factors.{line}")
    for key, rule in (("probability", ">= 0; <= 1"), ("bound", "one of low|high")):
        if key in given:
            kind = "string" if key == "bound" else "number"
            found += value_faults(given[key], kind=kind, rule=rule, file=file, column=f"{place}.{key}")
    return found
