"""What a draft of an entry is held against before it is published: written criteria, and what a reviewer found.

The criteria are the table `review_criteria.csv`, so that a criterion is a row and not a program.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from headwater.catalogue.vocabulary import Text
from headwater.errors import InputError
from headwater.words import _, pick

AGREE = "languages-agree"
"""The criterion by which a reviewer confirms that every language says what the English says."""

LONGEST_WORDS = 4_000


@dataclass(frozen=True)
class Criterion:
    """One thing that a reviewer looks at: its name, what it is called, what to look for.

    `is_needed` says whether an entry may be published at all without it.
    """

    criterion_id: str
    is_needed: bool
    title: Text
    look_for: Text


@dataclass(frozen=True)
class Finding:
    """What a reviewer found by one criterion: whether it is met, and why not."""

    is_met: bool
    words: str = ""


@cache
def criteria() -> Mapping[str, Criterion]:
    """Criteria by name, in the order in which they are asked.

    Examples
    --------
    >>> criteria()["figures-sourced"].title["en"]
    'Figures have a source'
    """
    with (Path(__file__).parent / "review_criteria.csv").open(encoding="utf-8", newline="") as file:
        return {
            row["criterion"]: Criterion(
                row["criterion"],
                row["needed"] == "yes",
                {"en": row["title"], "zh": row["title_zh"]},
                {"en": row["look_for"], "zh": row["look_for_zh"]},
            )
            for row in csv.DictReader(file)
        }


def check_acceptance(findings: Mapping[str, Finding]) -> None:
    """Raise unless a draft may be published by what was found.

    Raises
    ------
    InputError
        Naming every criterion that was not looked at, or that is needed and not met.
    """
    _check_known(findings)
    open_ = [pick(c.title) for name, c in criteria().items() if name not in findings]
    if open_:
        raise InputError(_("Not looked at yet: {names}").format(names="; ".join(open_)))
    failed = [pick(c.title) for name, c in criteria().items() if c.is_needed and not findings[name].is_met]
    if failed:
        raise InputError(_("It cannot be published while this is not met: {names}").format(names="; ".join(failed)))


def check_return(findings: Mapping[str, Finding], words: str) -> None:
    """Raise unless an author is told why a draft comes back.

    Raises
    ------
    InputError
        If nothing is said, or a criterion is not met and nobody says why.
    """
    _check_known(findings)
    silent = [pick(criteria()[name].title) for name, f in findings.items() if not f.is_met and not f.words.strip()]
    if silent:
        raise InputError(_("Say what is to be changed: {names}").format(names="; ".join(silent)))
    if not words.strip() and all(finding.is_met for finding in findings.values()):
        raise InputError(_("Say why the draft comes back: mark what is not met, or write it below."))


def _check_known(findings: Mapping[str, Finding]) -> None:
    strange = [name for name in findings if name not in criteria()]
    if strange:
        raise InputError(_("There is no criterion {names}").format(names=", ".join(strange)))
