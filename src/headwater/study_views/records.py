"""From what? A result table page by page: what its columns mean, what it was made from, and how."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from headwater.assumptions import known_assumptions
from headwater.errors import NotFound
from headwater.provenance import Provenance
from headwater.reading import Reading
from headwater.reports.catalogue_files import guarded
from headwater.reports.numbers import is_missing, number
from headwater.schema import load_schema
from headwater.steps import SCHEMA_OF, STEPS, step_of
from headwater.store import results
from headwater.study_views.state import STEP_TITLES
from headwater.words import _, language, later, told

PER_PAGE = 50

TITLES = {
    "exposures": later("Assets and links in the reach of each hazard layer"),
    "damages": later("Damage at each return period"),
    "expected_damages": later("Expected annual damage"),
    "drought_losses": later("Expected loss of capacity to drought"),
    "components": later("Connected parts of the network"),
    "snapping": later("Where places meet the network"),
    "access": later("Travel time to each service"),
    "criticality": later("What the failure of each link takes"),
    "service_areas": later("Who is served by what"),
    "needs": later("What assets need from each other"),
    "failures": later("What each failure alone takes from people"),
    "causes": later("What stops because of what"),
    "event_disruptions": later("Loss of services in sampled events"),
    "expected_disruptions": later("Loss of services in an average year"),
    "zone_disruptions": later("Loss of services by zone"),
    "group_disruptions": later("Loss of services by group of people"),
    "recovery_curves": later("Recovery after events"),
    "repairs": later("Repairs"),
    "proposed_options": later("Options"),
    "proposed_changes": later("What options change"),
    "effects": later("What options give"),
    "interactions": later("What pairs of options do to each other"),
    "appraisals": later("Costs and benefits of each option"),
    "case_items": later("Lines of the case of each option"),
    "plans": later("Options of each plan"),
    "plan_summaries": later("What each plan spends and reaches"),
    "plan_checks": later("Each plan, summed and run whole"),
    "joint_effects": later("Interactions that plans were chosen with"),
    "front": later("Points of the exact front"),
    "front_options": later("Options of each point"),
    "robustness": later("Plans in every future"),
    "robust_options": later("Options over the futures"),
    "pathways": later("What to begin now, later, or watch"),
    "cash_flows": later("Money of each plan by year"),
    "incidence": later("Who gains and who pays"),
    "npv_samples": later("Samples of net present value"),
    "npv_distribution": later("How sure net present value is"),
    "sensitivities": later("What net present value hangs on"),
    "jobs": later("Jobs"),
    "sdg_contributions": later("SDG targets that options serve"),
    "finance_flows": later("Money by source of funds"),
    "finance_summaries": later("Finance of each plan"),
    "fiscal_profile": later("Public money by year"),
    "risk_allocation": later("Who bears which risk"),
    "delivery_comparison": later("Ways of delivery"),
    "results": later("Key figures"),
    "asset_results": later("Every asset with what the models say of it"),
}
"""What each result holds, in words."""


@dataclass(frozen=True)
class Meaning:
    """A column: its name, what it means in the current language, its unit, and whether it holds numbers."""

    name: str
    words: str
    unit: str
    is_number: bool


@dataclass(frozen=True)
class Shelf:
    """The results of one step: what it makes in words, how, and (name, what it holds, rows or None, is out of date)."""

    title: str
    method: str
    rows: Sequence[tuple[str, str, int | None, bool]]


@dataclass(frozen=True)
class Origin:
    """What a result came from, in words.

    Attributes
    ----------
    step, method, version, key
        Which step made it, how, with which Headwater, under which mark.
    inputs
        Files of the study that went in, with their marks.
    results
        Earlier results that went in: steps are named by what they make.
    assumptions
        (name, value, meaning) of the assumptions used.
    sources
        (source_id, title) of every source behind it.
    is_outdated
        Whether inputs or code have changed since.
    """

    step: str
    method: str
    version: str
    key: str
    inputs: Mapping[str, str]
    results: Sequence[str]
    assumptions: Sequence[tuple[str, str, str]]
    sources: Sequence[tuple[str, str]]
    is_outdated: bool


def shelves(reading: Reading) -> list[Shelf]:
    """Every result there can be, by the step that makes it."""
    old = set() if reading.faults else set(reading.outdated)
    return [
        Shelf(
            told(STEP_TITLES[step.name]).capitalize() if language() == "en" else told(STEP_TITLES[step.name]),
            told(step.method),
            [(name, title_of(name), len(reading.made[name]) if name in reading.made else None, name in old)
             for name in step.makes],
        )
        for step in STEPS
    ]  # fmt: skip


def title_of(name: str) -> str:
    """What a result holds, in words."""
    return told(TITLES[name])


def meanings(name: str, table: pd.DataFrame) -> list[Meaning]:
    """What the columns of a result mean; places are left to the map."""
    schema = load_schema(SCHEMA_OF.get(name, name))
    column = "description_zh" if language() == "zh" else "description"
    found = []
    for code in table.columns:
        if code == "geometry":
            continue
        known = schema.loc[code] if code in schema.index else None
        kind = str(known["type"]) if known is not None else ""
        found.append(
            Meaning(
                str(code),
                str(known[column] or known["description"]) if known is not None else "",
                str(known["unit"]) if known is not None and known["unit"] != "1" else "",
                kind in {"number", "integer"} and not str(code).endswith(("year", "epoch", "_on")),
            )
        )
    return found


def rows_of(table: pd.DataFrame, columns: Sequence[Meaning], page: int, find: str = "") -> tuple[list[list[Any]], int]:
    """A page of a table as cells ready to be written (None for no value), and how many rows there are in all.

    Parameters
    ----------
    table
        The result.
    columns
        From `meanings`.
    page
        Counting from 1; the last one there is where it is beyond.
    find
        Only rows that hold these words in a cell of text.
    """
    if find:
        texts = [c.name for c in columns if not c.is_number]
        hits = [table[name].astype(str).str.contains(find, case=False, regex=False) for name in texts]
        table = table[pd.concat(hits, axis=1).any(axis=1)] if hits else table
    total = len(table)
    page = min(page, max(1, -(-total // PER_PAGE)))
    part = table.iloc[(page - 1) * PER_PAGE : page * PER_PAGE]
    return [[_cell(value, c) for value, c in zip(row, columns, strict=True)]
            for row in zip(*(part[c.name] for c in columns), strict=True)], total  # fmt: skip


def _cell(value: Any, column: Meaning) -> str | None:
    if isinstance(value, str):
        return value or None
    if value is None or value is pd.NA or (isinstance(value, float) and is_missing(value)):
        return None
    if isinstance(value, bool) or str(value) in {"True", "False"}:
        return _("yes") if value else _("no")
    return number(value, figures=4) if column.is_number else str(value).removesuffix(".0")


def origin(reading: Reading, name: str) -> Origin:
    """What a result came from.

    Raises
    ------
    NotFound
        If there is no such result, or it has not been made.
    """
    check_known(name)
    record = results.read_provenance(reading.study.out, name)
    if record is None:
        raise NotFound(_("The result {name} has not been made yet.").format(name=name))
    marks = {str(file): str(mark) for file, mark in record.inputs.items()}
    needs = [file.removesuffix(" (result)") for file in marks if file.endswith(" (result)")]
    return Origin(
        told(STEP_TITLES.get(record.step, record.step)), told(record.method), record.version, record.key,
        {file: mark for file, mark in marks.items() if not file.endswith(" (result)")}, needs,
        _assumed(record), _titled(reading, record), not reading.faults and name in reading.outdated,
    )  # fmt: skip


def check_known(name: str) -> None:
    """Raise unless a result can have this name.

    Raises
    ------
    NotFound
        Naming the results there are.
    """
    step_of(name)


def _assumed(record: Provenance) -> list[tuple[str, str, str]]:
    known = known_assumptions()
    column = "description_zh" if language() == "zh" else "description"
    return [
        (name, str(value), str(known.at[name, column]) if name in known.index else "")
        for name, value in record.assumptions.items()
        if value is not None and name in known.index
    ]


def _titled(reading: Reading, record: Provenance) -> list[tuple[str, str]]:
    sources = reading.study.sources.drop_duplicates("source_id").set_index("source_id")["title"]
    return [(source, str(sources.get(source, source))) for source in record.sources]


def as_csv(table: pd.DataFrame) -> bytes:
    """A table as CSV that no spreadsheet computes: UTF-8 with a mark, places as Well-Known Text."""
    plain = pd.DataFrame(table)
    if "geometry" in plain:
        plain = plain.assign(geometry=plain["geometry"].map(lambda shape: None if shape is None else shape.wkt))
    for column in plain.columns:
        if plain[column].dtype == object or str(plain[column].dtype).startswith(("str", "string")):
            plain[column] = plain[column].map(lambda value: guarded(value) if isinstance(value, str) else value)
    return plain.to_csv(index=False, lineterminator="\r\n").encode("utf-8-sig")


def as_parquet(table: pd.DataFrame) -> bytes:
    """A table as Parquet; as GeoParquet where it has places."""
    page = io.BytesIO()
    table.to_parquet(page, index=False)
    return page.getvalue()
