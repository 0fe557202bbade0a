"""Exports of plans: workbooks with live formulas, and project data in OC4IDS."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from headwater.reports.content import ReportContent
from headwater.reports.oc4ids import write_package
from headwater.reports.workbook import write_workbook
from headwater.words import LANGUAGES

LONGEST = 80
"""Characters of a plan's identifier that the name of a file keeps."""


def write_exports(content: ReportContent, folder: Path, *, language: str) -> list[Path]:
    """Write a workbook for every plan, and one package of projects; says which files.

    The workbooks are `plan-PLAN.LANGUAGE.xlsx`, the package `projects.oc4ids.LANGUAGE.json`; where there is no project,
    no package is written. Each file is written whole or not at all.

    Parameters
    ----------
    content
        The run.
    folder
        Where to write; made if it is missing.
    language
        "en" or "zh".

    Returns
    -------
    paths
        The files written: workbooks by rising budget, then the package.

    Raises
    ------
    ValueError
        If the language is not one of `headwater.words.LANGUAGES`.
    AssumptionError
        If there are plans and the study gives no discount rate.
    """
    if language not in LANGUAGES:
        raise ValueError(f"language {language!r} is not one of {', '.join(LANGUAGES)}")
    written = [
        write_workbook(content, plan_id, folder / f"plan-{file_name(plan_id)}.{language}.xlsx", language=language)
        for plan_id in plan_ids(content)
    ]
    package = write_package(content, folder / f"projects.oc4ids.{language}.json", language=language)
    return [*written, package] if package else written


def plan_ids(content: ReportContent) -> list[str]:
    """The plans of a run by rising budget, those without options too."""
    summaries = content.table("plan_summaries")
    if summaries.empty:
        return []
    return [str(plan_id) for plan_id in summaries.sort_values("budget_usd", kind="stable")["plan_id"]]


def file_name(plan_id: str) -> str:
    """A plan's identifier as part of a file's name: what a file system might refuse is replaced, and marked by a hash.

    Examples
    --------
    >>> file_name("large"), file_name("../a b")
    ('large', 'a-b-2c2c791a')
    """
    plain = re.sub(r"[^A-Za-z0-9_-]+", "-", plan_id).strip("-")[:LONGEST]
    if plain == plan_id:
        return plain
    mark = hashlib.sha256(plan_id.encode()).hexdigest()[:8]
    return f"{plain}-{mark}" if plain else mark
