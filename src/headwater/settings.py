"""What a study says of itself: its title, place, money, years, assumptions, services and budgets.

Parses the content of `study.toml`; reads no file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from babel.core import get_global

from headwater.assumptions import (
    Assumption,
    Words,
    assumption,
    assumption_faults,
    known_assumptions,
    missing,
    nearest,
    words_of,
)  # fmt: skip
from headwater.budgets import Budget, Future, budget, future, plan_faults
from headwater.errors import AssumptionError, Fault, TableError
from headwater.schema import value_faults
from headwater.words import _

FILE = "study.toml"


@dataclass(frozen=True)
class Service:
    """A service that people have or have not: who gives it, who takes it, and how it gets from one to the other.

    Attributes
    ----------
    service_id, name
        Name in tables, and as people know it.
    facility_kinds
        Kinds of asset that supply it, whole.
    zone_kind
        Kind of zone that takes it.
    link_kinds
        Starts of the kinds of link it travels on, or people travel on to it.
    mode
        How it gets there: one of `MODES`.
    sector
        Sector of infrastructure it belongs to.
    unit
        Unit of demand, and of the capacities that count.
    standard
        What counts as being served.
    demand_per_person
        Demand of one person [unit]; None where people themselves are the demand, or the table `demand` gives it.
    demand_elsewhere
        Demand on the pool of people in no zone [unit].
    max_distance_m
        Farthest node or supplier that a zone or an asset takes it from [m]; None for access, which has an assumption.
    pool_beyond
        Whether those farther away than that share one pool with everything of `infeed_kinds`.
    infeed_kinds
        Kinds of asset on the network that feed the pool, whole.
    source_id, basis
        Where demand and standard come from.
    """

    service_id: str
    facility_kinds: tuple[str, ...]
    zone_kind: str
    name: Words
    link_kinds: tuple[str, ...] = ("road",)
    mode: str = "access"
    sector: str = "social"
    unit: str = "people"
    standard: Words = field(default_factory=dict)
    demand_per_person: float | None = None
    demand_elsewhere: float = 0.0
    max_distance_m: float | None = None
    pool_beyond: bool = False
    infeed_kinds: tuple[str, ...] = ()
    source_id: str = ""
    basis: str = ""

    @property
    def has_pool(self) -> bool:
        """Whether there is a pool that feeds all who join it."""
        return self.mode == "pool" or self.pool_beyond


@dataclass(frozen=True)
class StudyHeader:
    """The head of a study, as written in `study.toml`."""

    study_id: str
    title: Words
    summary: Words
    iso3: str
    currency: str
    price_year: int
    base_year: int
    horizon_year: int
    crs: str
    objective: str
    limits: tuple[Words, ...] = ()
    scenarios: Mapping[str, Words] = field(default_factory=dict)
    assumptions: Mapping[str, Assumption] = field(default_factory=dict)
    budgets: tuple[Budget, ...] = ()
    services: tuple[Service, ...] = ()
    start_years: tuple[int, ...] = ()
    trade_off: tuple[str, ...] = ()
    futures: tuple[Future, ...] = ()

    @property
    def access_services(self) -> tuple[Service, ...]:
        """Services that people travel to."""
        return tuple(service for service in self.services if service.mode == "access")

    def value(self, name: str) -> Any:
        """Value of an assumption, or its documented default.

        Raises
        ------
        AssumptionError
            If the study does not give it and it has no default.
        """
        kind = str(known_assumptions().at[name, "type"])
        if name in self.assumptions:
            given = self.assumptions[name].value
            return int(float(given)) if kind == "integer" else given
        default = str(known_assumptions().at[name, "default"])
        if default == "":
            meaning = known_assumptions().at[name, "description"]
            raise AssumptionError(
                _("This step needs the assumption {name} ({meaning}). Add to {file}: [assumptions.{name}]").format(
                    name=name, meaning=meaning, file=FILE
                )
            )
        return {"number": float, "integer": int}.get(kind, str)(default)

    def optional(self, name: str) -> Any:
        """Value of an assumption, its documented default, or None where there is neither."""
        return self.value(name) if self.gives(name) or known_assumptions().at[name, "default"] else None

    def unit(self, name: str) -> str:
        """Unit of an assumption."""
        given = self.assumptions.get(name)
        return given.unit if given else str(known_assumptions().at[name, "unit"])

    def gives(self, name: str) -> bool:
        """Whether the study gives an assumption."""
        return name in self.assumptions

    def assuming(self, values: Mapping[str, Any]) -> StudyHeader:
        """The header with other values of some assumptions, everything else as it is."""
        others = {
            name: replace(self.assumptions.get(name, Assumption(name, value, self.unit(name))), value=value)
            for name, value in values.items()
        }
        return replace(self, assumptions={**self.assumptions, **others})


REQUIRED: dict[str, type | tuple[type, ...]] = {
    "id": str, "title": dict, "iso3": str, "currency": str, "price_year": int, "base_year": int, "horizon_year": int,
    "crs": str,
}  # fmt: skip


def parse_header(content: Mapping[str, Any], *, file: str = FILE) -> StudyHeader:
    """Header from the content of a `study.toml`.

    Parameters
    ----------
    content
        The parsed TOML.
    file
        What to call it in messages.

    Raises
    ------
    TableError
        With everything that is missing or wrong.
    """
    found = header_faults(content, file=file)
    if found:
        raise TableError(found)
    study = content["study"]
    return StudyHeader(
        study_id=study["id"], title=words_of(study["title"]), summary=words_of(study.get("summary", {})),
        iso3=study["iso3"], currency=study["currency"], price_year=study["price_year"],
        base_year=study["base_year"], horizon_year=study["horizon_year"], crs=study["crs"],
        objective=content.get("objectives", {}).get("maximise", "npv_usd"),
        trade_off=tuple(content.get("objectives", {}).get("trade_off", [])),
        start_years=tuple(content.get("timing", {}).get("start_years", [study["base_year"]])),
        limits=tuple(words_of(limit) for limit in content.get("limits", [])),
        scenarios={s["id"]: words_of(s.get("name", {})) for s in content.get("scenarios", [])},
        assumptions={n: assumption(n, a) for n, a in content.get("assumptions", {}).items()},
        budgets=tuple(budget(b) for b in content.get("budgets", [])),
        futures=tuple(future(f) for f in content.get("futures", [])),
        services=tuple(_service(s) for s in content.get("services", [])),
    )  # fmt: skip


def header_faults(content: Mapping[str, Any], *, file: str = FILE) -> list[Fault]:
    """Everything wrong with the content of a `study.toml`."""
    study = content.get("study")
    if not isinstance(study, Mapping):
        return [Fault(file, None, "study", "", _("section is missing"), _("add a section [study]"))]
    found = [missing(file, f"study.{key}") for key in REQUIRED if key not in study]
    found += [
        Fault(file, None, f"study.{key}", str(study[key]), _("is of the wrong type"), _("see the study reference"))
        for key, kind in REQUIRED.items()
        if key in study and (not isinstance(study[key], kind) or isinstance(study[key], bool))
    ]
    if not found and study["horizon_year"] <= study["base_year"]:
        remedy = _("give a year after base_year")
        found.append(Fault(file, None, "study.horizon_year", str(study["horizon_year"]), _("is not later"), remedy))
    if isinstance(study.get("iso3"), str) and not is_country(study["iso3"]):
        remedy = _("write the three capital letters of ISO 3166-1, for example MWI")
        found.append(Fault(file, None, "study.iso3", study["iso3"], _("is not a country"), remedy))
    found += [
        Fault(file, None, f"study.{key}", "", _("is not a key of a study"), nearest(key, [*REQUIRED, "summary"]))
        for key in study
        if key not in REQUIRED and key != "summary"
    ]
    found += assumption_faults(content.get("assumptions", {}), file)
    for section, kinds in _SECTIONS.items():
        found += _section_faults(content.get(section, []), section, kinds, file)
    if not any(fault.column.startswith("services") for fault in found):
        found += _service_faults(content.get("services", []), file)
    if not found:
        found += plan_faults(content, file)
    return found


def is_country(iso3: str) -> bool:
    """Whether three letters are a country's code, or begin with X: those ISO 3166-1 leaves to users.

    Source: the alpha-3 codes of Unicode CLDR, as Babel holds them.

    Examples
    --------
    >>> [is_country(code) for code in ("MWI", "XXX", "MWX", "mwi")]
    [True, True, False, False]
    """
    if not re.fullmatch("[A-Z]{3}", iso3):
        return False
    return iso3.startswith("X") or iso3 in get_global("territory_aliases")


_SECTIONS: dict[str, dict[str, tuple[type, ...]]] = {
    "budgets": {"id": (str,), "amount_usd": (int, float)},
    "futures": {"id": (str,)},
    "services": {"id": (str,), "facility_kinds": (list,), "zone_kind": (str,)},
    "scenarios": {"id": (str,)},
}
"""What each row of a section must give, and of which type."""


def _section_faults(rows: Any, section: str, kinds: Mapping[str, tuple[type, ...]], file: str) -> list[Fault]:
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        remedy = _("write [[{section}]], once for each").format(section=section)
        return [Fault(file, None, section, "", _("is of the wrong type"), remedy)]
    found = [missing(file, f"{section}[{i}].{key}") for i, row in enumerate(rows) for key in kinds if key not in row]
    problem, remedy = _("is of the wrong type"), _("see the study reference")
    found += [
        Fault(file, None, f"{section}[{i}].{key}", str(row[key]), problem, remedy)
        for i, row in enumerate(rows)
        for key, kind in kinds.items()
        if key in row and (not isinstance(row[key], kind) or isinstance(row[key], bool))
    ]
    if section == "budgets" and not found:
        for i, row in enumerate(rows):
            place = f"budgets[{i}].amount_usd"
            found += value_faults(row["amount_usd"], kind="number", rule=">= 0", file=file, column=place)
    return found


MODES: dict[str, tuple[str, ...]] = {
    "access": ("link_kinds",),
    "network": ("link_kinds", "max_distance_m", "pool_beyond", "infeed_kinds", "demand_elsewhere"),
    "pool": ("demand_elsewhere",),
    "nearest": ("max_distance_m",),
}
"""How a service gets to people, and the keys of a service that only some of these ways know.

access: people travel to the nearest facility. network: it is brought to them over links. pool: no network is known, and
all suppliers feed one pool that everybody draws on. nearest: each takes it from the nearest supplier."""

_NEEDED = {"access": (), "network": ("sector", *MODES["network"][:2]), "pool": ("sector",),
           "nearest": ("sector", "max_distance_m")}  # fmt: skip
"""Keys that a service of each mode must give."""

_OPTIONAL: dict[str, tuple[str, str]] = {
    "link_kinds": ("list", ""), "infeed_kinds": ("list", ""),
    "mode": ("string", f"one of {'|'.join(MODES)}"),
    "sector": ("string", "one of energy|transport|water|waste|digital|social|nature"),
    "unit": ("string", ""), "demand_per_person": ("number", ">= 0"), "demand_elsewhere": ("number", ">= 0"),
    "max_distance_m": ("number", "> 0"), "pool_beyond": ("boolean", ""), "source_id": ("string", ""),
    "basis": ("string", "one of source|judgement"),
}  # fmt: skip
"""Type and rule of each key that a service may give; `name` and `standard` are words."""

_WORDS = ("name", "standard")


def _service_faults(rows: Sequence[Mapping[str, Any]], file: str) -> list[Fault]:
    """What is wrong with services that have what every row of their section must give."""
    found: list[Fault] = []
    known = [*_SECTIONS["services"], *_WORDS, *_OPTIONAL]
    for i, row in enumerate(rows):
        place, bad = f"services[{i}]", len(found)
        for key, value in row.items():
            if key not in known:
                remedy = nearest(key, known)
                found.append(Fault(file, None, f"{place}.{key}", "", _("is not a key of a service"), remedy))
            elif key in _OPTIONAL:
                found += _optional_faults(value, *_OPTIONAL[key], file=file, column=f"{place}.{key}")
        if row["id"] in [other["id"] for other in rows[:i]]:
            problem, remedy = _("names a second service"), _("give each service a name of its own")
            found.append(Fault(file, None, f"{place}.id", row["id"], problem, remedy))
        if len(found) == bad:
            found += _mode_faults(row, place, file)
    return found


def _optional_faults(value: object, kind: str, rule: str, *, file: str, column: str) -> list[Fault]:
    types: tuple[type, ...] = {"list": (list,), "string": (str,), "boolean": (bool,)}.get(kind, (int, float))
    is_sound = isinstance(value, types) and (kind == "boolean" or not isinstance(value, bool))
    if isinstance(value, list):
        is_sound = is_sound and all(isinstance(word, str) and word for word in value)
    if not is_sound:
        return [Fault(file, None, column, str(value), _("is of the wrong type"), _("see the study reference"))]
    return value_faults(value, kind=kind, rule=rule, file=file, column=column) if rule else []


def _mode_faults(row: Mapping[str, Any], place: str, file: str) -> list[Fault]:
    """Keys of a service that its mode needs or does not know, and demands without a unit or a source."""
    mode = row.get("mode", "access")
    found = [missing(file, f"{place}.{key}") for key in _NEEDED[mode] if key not in row]
    ways = {key for keys in MODES.values() for key in keys}
    has_pool = mode != "network" or row.get("pool_beyond", False)
    ways_here = set(MODES[mode]) - (set() if has_pool else {"infeed_kinds", "demand_elsewhere"})
    problem = _("has no meaning for a service of mode {mode}").format(mode=mode)
    for key in row:
        if key in ways - ways_here:
            remedy = _("set pool_beyond") if key in MODES[mode] else _("remove it")
            found.append(Fault(file, None, f"{place}.{key}", str(row[key]), problem, remedy))
    has_demand = "demand_per_person" in row or "demand_elsewhere" in row
    if has_demand:
        found += [missing(file, f"{place}.unit")] if "unit" not in row else []
    if (has_demand and not (row.get("source_id") or row.get("basis"))) or (
        row.get("basis") == "source" and not row.get("source_id")
    ):
        found.append(missing(file, f"{place}.source_id"))
    return found


def _service(given: Mapping[str, Any]) -> Service:
    per_person, limit = given.get("demand_per_person"), given.get("max_distance_m")
    return Service(
        service_id=given["id"], facility_kinds=tuple(given["facility_kinds"]), zone_kind=given["zone_kind"],
        name=words_of(given.get("name", {})),
        link_kinds=tuple(given.get("link_kinds", ["road"] if given.get("mode", "access") == "access" else [])),
        mode=given.get("mode", "access"), sector=given.get("sector", "social"), unit=given.get("unit", "people"),
        standard=words_of(given.get("standard", {})),
        demand_per_person=None if per_person is None else float(per_person),
        demand_elsewhere=float(given.get("demand_elsewhere", 0.0)),
        max_distance_m=None if limit is None else float(limit), pool_beyond=given.get("pool_beyond", False),
        infeed_kinds=tuple(given.get("infeed_kinds", ())), source_id=given.get("source_id", ""),
        basis=given.get("basis", ""),
    )  # fmt: skip
