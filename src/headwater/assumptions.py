"""What a study takes as given: the assumptions the models understand, and what is wrong with those of a study.

Reads the packaged register; no study.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from headwater.errors import Fault
from headwater.schema import value_faults
from headwater.words import _

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


@cache
def known_assumptions() -> pd.DataFrame:
    """Every assumption the models understand, indexed by name: type, unit, rule, default, source, meaning."""
    path = Path(__file__).with_name("assumptions.csv")
    return pd.read_csv(path, dtype=str, keep_default_na=False).set_index("name", drop=False)


def nearest(name: str, known: Sequence[str]) -> str:
    """What to do about an unknown name: the known one it is nearest to, or to remove it."""
    near = difflib.get_close_matches(name, known, n=1)
    return _("did you mean {names}?").format(names=near[0]) if near else _("remove it")


def missing(file: str, key: str) -> Fault:
    """The fault of a key that is not there."""
    return Fault(file, None, key, "", _("is missing"), _("add it"))


def assumption_faults(assumptions: Mapping[str, Any], file: str) -> list[Fault]:
    """What is wrong with the assumptions of a study."""
    found: list[Fault] = []
    known = known_assumptions()
    for name, given in assumptions.items():
        place = f"assumptions.{name}"
        if name not in known.index:
            remedy = nearest(name, list(known.index))
            found.append(Fault(file, None, place, "", _("no model uses this assumption"), remedy))
        elif not isinstance(given, Mapping) or "value" not in given:
            found.append(missing(file, f"{place}.value"))
        else:
            if not given.get("source_id") and not given.get("basis"):
                found.append(missing(file, f"{place}.source_id"))
            kind, rule = str(known.at[name, "type"]), str(known.at[name, "rule"])
            found += value_faults(given["value"], kind=kind, rule=rule, file=file, column=f"{place}.value")
    return found


def words_of(text: Any) -> Words:
    """A text in several languages; plain text is English."""
    return {"en": text} if isinstance(text, str) else {str(k): str(v) for k, v in text.items()}


def assumption(name: str, given: Mapping[str, Any]) -> Assumption:
    """An assumption as a study writes it."""
    return Assumption(
        name=name, value=given["value"], unit=given.get("unit", known_assumptions().at[name, "unit"]),
        low=given.get("low"), high=given.get("high"), source_id=given.get("source_id", ""),
        basis=given.get("basis", ""), note=words_of(given.get("note", {})),
    )  # fmt: skip
