"""What can be taken away of a study: the report, workbooks, project data, maps and tables.

A file that a run has written since the last result is handed out; any other is made on the spot by the writer that a
run uses, unless the study is so large that it would keep a reader waiting.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import pandas as pd

from headwater.errors import NotFound
from headwater.reading import Reading
from headwater.reports.document import write_report
from headwater.reports.exports import file_name
from headwater.reports.oc4ids import write_package
from headwater.reports.plan import option_names, plan_name
from headwater.reports.workbook import write_workbook
from headwater.store.results import RECORD
from headwater.study_views import records
from headwater.study_views.places import feature_table
from headwater.study_views.points import PLAN, as_plan, chosen_options
from headwater.words import _, language

MOST_ROWS = 400_000
"""Rows of results beyond which a report is not made while a reader waits."""

MEDIA = {
    ".html": "text/html; charset=utf-8",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".json": "application/json",
    ".gpkg": "application/geopackage+sqlite3",
    ".csv": "text/csv; charset=utf-8",
    ".parquet": "application/vnd.apache.parquet",
}


@dataclass(frozen=True)
class Download:
    """A file to take away: its name, media type and content."""

    name: str
    media: str
    content: bytes


@dataclass(frozen=True)
class Offer:
    """What is offered: the name in its address, what it is in words, and whether a job has to make it first."""

    file: str
    words: str
    needs_job: bool = False


def offers(reading: Reading) -> list[Offer]:
    """What a study as a whole offers."""
    if reading.faults or not reading.made:
        return []
    waits = _is_large(reading)
    found = [Offer("report.html", _("The whole report"), waits and not _written(reading, f"report.{language()}.html"))]
    words = _("Workbook of the plan “{plan}”")
    found += [
        Offer(f"plan-{plan}.xlsx", words.format(plan=plan_name(reading.content, str(plan))))
        for plan in reading.content.table("plan_summaries").get("plan_id", [])
    ]
    if len(reading.content.table("options")):
        found.append(Offer("projects.oc4ids.json", _("Projects as OC4IDS")))
    return found


def offers_of(key: str) -> list[Offer]:
    """What a point or a plan offers."""
    return [
        Offer(f"{key}.xlsx", _("Workbook")),
        Offer(f"{key}.gpkg", _("Map (GeoPackage)")),
        Offer(f"{key}.csv", _("Options (CSV)")),
    ]


def download(reading: Reading, file: str) -> Download:
    """A file of `offers` or `offers_of`.

    Raises
    ------
    NotFound
        If there is none of that name, or it has to be made by a job first.
    """
    stem, _dot, ending = file.partition(".")
    if file == "report.html":
        name = f"report.{language()}.html"
        written = _written(reading, name)
        if written is None and _is_large(reading):
            raise NotFound(_("This report has not been made yet; have it made first."))
        content = written or _made(name, lambda path: write_report(reading.content, path, language=language()))
        return Download(f"{reading.study.header.study_id}-{name}", MEDIA[".html"], content)
    if file == "projects.oc4ids.json":
        name = f"projects.oc4ids.{language()}.json"
        content = _written(reading, f"exports/{name}") or _made(
            name, lambda path: write_package(reading.content, path, language=language())
        )
        return Download(name, MEDIA[".json"], content)
    makers: Mapping[str, Callable[[Reading, str], bytes]] = {"xlsx": _workbook, "gpkg": _geopackage, "csv": _csv}
    if ending not in makers:
        raise NotFound(_("There is no such file."))
    chosen_options(reading.content, stem)
    safe = f"{reading.study.header.study_id}-{file_name(stem)}.{ending}"
    return Download(safe, MEDIA[f".{ending}"], makers[ending](reading, stem))


def _workbook(reading: Reading, key: str) -> bytes:
    plan = key.removeprefix(f"{PLAN}-")
    if key.startswith(PLAN):
        written = _written(reading, f"exports/plan-{file_name(plan)}.{language()}.xlsx")
        if written is not None:
            return written
    content = reading.content if key.startswith(PLAN) else as_plan(reading, key)
    return _made("plan.xlsx", lambda path: write_workbook(content, plan, path, language=language()))


def option_table(reading: Reading, key: str) -> pd.DataFrame:
    """Options of a point or a plan with their names, start years, costs and worth, the dearest first."""
    content = reading.content
    rows = chosen_options(content, key).merge(
        content.table("options")[["option_id", "sector", "kind", "measure_id", "initial_cost_usd"]], on="option_id",
        how="left",
    )  # fmt: skip
    names = option_names(content.table("options"), "option_id")
    rows.insert(1, "name", rows["option_id"].map(names))
    if content.has("appraisals"):
        rows = rows.merge(content.table("appraisals")[["option_id", "npv_usd", "bcr"]], on="option_id", how="left")
    return rows.sort_values(["initial_cost_usd", "option_id"], ascending=[False, True], ignore_index=True)


def _csv(reading: Reading, key: str) -> bytes:
    return records.as_csv(option_table(reading, key))


def _geopackage(reading: Reading, key: str) -> bytes:
    """Where the options act, with the options themselves as a second table."""
    places = feature_table(reading, key).reset_index().rename(columns={"value": "start_year"})
    places = gpd.GeoDataFrame(places[["id", "name", "kind", "start_year", "geometry"]], crs=4326)
    options = option_table(reading, key)

    def write(path: Path) -> None:
        places.to_file(path, layer="places", driver="GPKG")
        gpd.GeoDataFrame(options, geometry=[None] * len(options), crs=4326).to_file(
            path, layer="options", driver="GPKG"
        )

    return _made("plan.gpkg", write)


def _is_large(reading: Reading) -> bool:
    return sum(map(len, reading.made.values())) > MOST_ROWS


def _written(reading: Reading, name: str) -> bytes | None:
    """A file that a run wrote, if no result is newer than it."""
    path = reading.study.out / name
    if not path.is_file():
        return None
    newest = max((p.stat().st_mtime for p in reading.study.out.glob(f"*{RECORD}")), default=0.0)
    return path.read_bytes() if path.stat().st_mtime >= newest else None


def _made(name: str, write: Callable[[Path], object]) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        write(path)
        if not path.is_file():
            raise NotFound(_("There is nothing to write into this file."))
        return path.read_bytes()
