"""What a study says of itself: its title, place, money, years, assumptions, services and budgets.

Parses the content of `study.toml`; reads no file.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
from babel.core import get_global

from headwater.errors import AssumptionError, Fault, TableError
from headwater.schema import value_faults
from headwater.words import _

FILE = "study.toml"
Words = Mapping[str, str]
"""A text in several languages: `{lang: text}`."""


@dataclass(frozen=True)
class Assumption:
    """A value the study takes as given, and where it comes from."""

    name: str
    value: Any
    unit: str = ""
    low: float | None = None
    high: float | None = None
    source_id: str = ""
    basis: str = ""
    note: Words = field(default_factory=dict)


@dataclass(frozen=True)
class Budget:
    """Money for investment that one plan may spend [USD]."""

    plan_id: str
    amount_usd: float
    name: Words


@dataclass(frozen=True)
class Service:
    """A service that people reach over the network: who gives it, who needs it, and which links lead there.

    `link_kinds` are starts of the kinds of link that people travel on.
    """

    service_id: str
    facility_kinds: tuple[str, ...]
    zone_kind: str
    name: Words
    link_kinds: tuple[str, ...] = ("road",)


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

    def value(self, name: str) -> Any:
        """Value of an assumption, or its documented default.

        Raises
        ------
        AssumptionError
            If the study does not give it and it has no default.
        """
        if name in self.assumptions:
            return self.assumptions[name].value
        default = str(known_assumptions().at[name, "default"])
        if default == "":
            meaning = known_assumptions().at[name, "description"]
            raise AssumptionError(
                _("This step needs the assumption {name} ({meaning}). Add to {file}: [assumptions.{name}]").format(
                    name=name, meaning=meaning, file=FILE
                )
            )
        return float(default) if known_assumptions().at[name, "type"] == "number" else default

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


@cache
def known_assumptions() -> pd.DataFrame:
    """Every assumption the models understand, indexed by name: type, unit, rule, default, source, meaning."""
    path = Path(__file__).with_name("assumptions.csv")
    return pd.read_csv(path, dtype=str, keep_default_na=False).set_index("name", drop=False)


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
        study_id=study["id"], title=_words(study["title"]), summary=_words(study.get("summary", {})),
        iso3=study["iso3"], currency=study["currency"], price_year=study["price_year"],
        base_year=study["base_year"], horizon_year=study["horizon_year"], crs=study["crs"],
        objective=content.get("objectives", {}).get("maximise", "npv_usd"),
        limits=tuple(_words(limit) for limit in content.get("limits", [])),
        scenarios={s["id"]: _words(s.get("name", {})) for s in content.get("scenarios", [])},
        assumptions={n: _assumption(n, a) for n, a in content.get("assumptions", {}).items()},
        budgets=tuple(
            Budget(b["id"], float(b["amount_usd"]), _words(b.get("name", {}))) for b in content.get("budgets", [])
        ),
        services=tuple(
            Service(
                s["id"], tuple(s["facility_kinds"]), s["zone_kind"], _words(s.get("name", {})),
                tuple(s.get("link_kinds", ["road"])),
            )
            for s in content.get("services", [])
        ),
    )  # fmt: skip


def header_faults(content: Mapping[str, Any], *, file: str = FILE) -> list[Fault]:
    """Everything wrong with the content of a `study.toml`."""
    study = content.get("study")
    if not isinstance(study, Mapping):
        return [Fault(file, None, "study", "", _("section is missing"), _("add a section [study]"))]
    found = [_missing(file, f"study.{key}") for key in REQUIRED if key not in study]
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
        Fault(file, None, f"study.{key}", "", _("is not a key of a study"), _nearest(key, [*REQUIRED, "summary"]))
        for key in study
        if key not in REQUIRED and key != "summary"
    ]
    found += _assumption_faults(content.get("assumptions", {}), file)
    for section, kinds in _SECTIONS.items():
        found += _section_faults(content.get(section, []), section, kinds, file)
    return found


def _nearest(name: str, known: Sequence[str]) -> str:
    """What to do about an unknown name: the known one it is nearest to, or to remove it."""
    near = difflib.get_close_matches(name, known, n=1)
    return _("did you mean {names}?").format(names=near[0]) if near else _("remove it")


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
    "services": {"id": (str,), "facility_kinds": (list,), "zone_kind": (str,)},
    "scenarios": {"id": (str,)},
}
"""What each row of a section must give, and of which type."""


def _section_faults(rows: Any, section: str, kinds: Mapping[str, tuple[type, ...]], file: str) -> list[Fault]:
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        remedy = _("write [[{section}]], once for each").format(section=section)
        return [Fault(file, None, section, "", _("is of the wrong type"), remedy)]
    found = [_missing(file, f"{section}[{i}].{key}") for i, row in enumerate(rows) for key in kinds if key not in row]
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


def _missing(file: str, key: str) -> Fault:
    return Fault(file, None, key, "", _("is missing"), _("add it"))


def _assumption_faults(assumptions: Mapping[str, Any], file: str) -> list[Fault]:
    found: list[Fault] = []
    known = known_assumptions()
    for name, given in assumptions.items():
        place = f"assumptions.{name}"
        if name not in known.index:
            remedy = _nearest(name, list(known.index))
            found.append(Fault(file, None, place, "", _("no model uses this assumption"), remedy))
        elif not isinstance(given, Mapping) or "value" not in given:
            found.append(_missing(file, f"{place}.value"))
        else:
            if not given.get("source_id") and not given.get("basis"):
                found.append(_missing(file, f"{place}.source_id"))
            kind, rule = str(known.at[name, "type"]), str(known.at[name, "rule"])
            found += value_faults(given["value"], kind=kind, rule=rule, file=file, column=f"{place}.value")
    return found


def _words(text: Any) -> Words:
    return {"en": text} if isinstance(text, str) else {str(k): str(v) for k, v in text.items()}


def _assumption(name: str, given: Mapping[str, Any]) -> Assumption:
    return Assumption(
        name=name, value=given["value"], unit=given.get("unit", known_assumptions().at[name, "unit"]),
        low=given.get("low"), high=given.get("high"), source_id=given.get("source_id", ""),
        basis=given.get("basis", ""), note=_words(given.get("note", {})),
    )  # fmt: skip
