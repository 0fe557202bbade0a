"""What a report is given, and the pieces it is made of.

`ReportContent` is all that a report may know: it reads no file and no clock. The blocks below are what a template can
show; each chapter of the report is a function from the content to a `Section` of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import pandas as pd
from markupsafe import Markup

from headwater.reports.figures import NARROW, WIDE
from headwater.reports.labels import hazard, rule, scenario
from headwater.reports.maps import degrees, has_place
from headwater.reports.numbers import years
from headwater.reports.summaries import CASE, case_columns, components, matching
from headwater.settings import StudyHeader
from headwater.words import _

NOTHING = Markup("")
"""A drawing or a table that is not there."""


@dataclass(frozen=True)
class ReportContent:
    """Everything a report shows.

    Attributes
    ----------
    header
        The head of the study: title, money, years, assumptions, limits, services, budgets.
    tables
        Tables by the name of their schema. Any may be absent or empty: the report then says what is missing.
    sources
        Table `sources`.
    provenance
        Where it came from: "version" (text), "run_on" (ISO date), "inputs" ({file: hash}), "results" ({table:
        `headwater.provenance.Provenance` or hash}), "commands" (list of text). All optional.
    outline
        Outline of the country, to draw under the maps; None for none.
    outline_credit
        Whom to credit for the outline.
    """

    header: StudyHeader
    tables: Mapping[str, pd.DataFrame]
    sources: pd.DataFrame
    provenance: Mapping[str, Any] = field(default_factory=dict)
    outline: gpd.GeoSeries | None = None
    outline_credit: str = ""

    def table(self, name: str) -> pd.DataFrame:
        """A table, or one without rows or columns."""
        return self.tables.get(name, pd.DataFrame())

    def has(self, *names: str) -> bool:
        """Whether all these tables have rows."""
        return all(len(self.table(name)) for name in names)

    def components(self) -> pd.DataFrame:
        """Assets and links in one table."""
        return components(self.table("assets"), self.table("links"))

    def places(self, *names: str) -> gpd.GeoSeries:
        """Where the rows of tables are, by their first column [degrees]; rows without geometry are left out."""
        found = [_geometry(self.table(name), self.header.crs) for name in names]
        found = [series for series in found if len(series)]
        return gpd.GeoSeries(pd.concat(found), crs=4326) if found else gpd.GeoSeries([], crs=4326)

    def ead_rule(self) -> str:
        """The rule of the headline figures."""
        return str(self.header.value("ead_rule"))

    def plan_case(self, table: pd.DataFrame, value: str) -> pd.Series | None:
        """The case that single figures are shown for: the planning assumptions' one, or that of the largest total.

        Parameters
        ----------
        table
            A table with the columns of `CASE`.
        value
            Column whose total decides.

        Returns
        -------
        case
            hazard, scenario, model and epoch; None if the table is empty.
        """
        if table.empty:
            return None
        chosen = self._planned(table)
        rank = chosen.groupby(case_columns(table), dropna=False)[value].sum().sort_values(ascending=False)
        return rank.index.to_frame(index=False).iloc[0]

    def plan_cases(self, table: pd.DataFrame, value: str) -> list[tuple[pd.Series, pd.DataFrame]]:
        """The case that single figures are shown for, hazard by hazard, with its rows; the largest total first.

        Parameters
        ----------
        table
            A table with the columns of `CASE`.
        value
            Column whose total decides.
        """
        found = []
        for _hazard, rows in table.groupby("hazard") if len(table) else []:
            case = self.plan_case(rows, value)
            if case is not None:
                found.append((case, matching(rows, case)))
        return sorted(found, key=lambda pair: -float(pair[1][value].sum()))

    def _planned(self, table: pd.DataFrame) -> pd.DataFrame:
        chosen = table
        for column in ("scenario", "model", "epoch"):
            name = f"planning_{column}"
            if self.header.gives(name) and column in chosen:
                wanted = chosen[chosen[column].astype(str) == str(self.header.value(name))]
                chosen = wanted if len(wanted) else chosen
        return chosen


@dataclass(frozen=True)
class Card:
    """A key figure: what it is, its value, what to know about it, and where the report says more."""

    label: str
    value: str
    note: str = ""
    link: str = ""


@dataclass(frozen=True)
class Key:
    """An entry of a legend: the class it is drawn with, "line", "point" or "area", and words."""

    css: str
    shape: str
    words: str


@dataclass(frozen=True)
class Cards:
    """Key figures side by side, `is_small` where they are mere counts."""

    cards: Sequence[Card]
    is_small: bool = False
    block: str = "cards"


@dataclass(frozen=True)
class Prose:
    """Paragraphs."""

    paragraphs: Sequence[str]
    block: str = "prose"


@dataclass(frozen=True)
class Note:
    """A remark set apart: "empty" where there is nothing to show, "caution" how not to read what is shown."""

    words: str
    kind: str = "caution"
    block: str = "note"


@dataclass(frozen=True)
class Figure:
    """A drawing, for a wide and for a narrow page, with its legend, its credit and its data."""

    title: str
    wide: Markup
    narrow: Markup = NOTHING
    subtitle: str = ""
    keys: Sequence[Key] = ()
    credit: str = ""
    data: Markup = NOTHING
    block: str = "figure"


@dataclass(frozen=True)
class Html:
    """A table, or another piece already in HTML, with a remark below."""

    html: Markup
    note: str = ""
    block: str = "html"


@dataclass(frozen=True)
class Section:
    """A chapter: its anchor, its title, what it says in a sentence or two, and its blocks."""

    name: str
    title: str
    lead: str
    blocks: Sequence[Any]


def both_widths(draw: Callable[[int], str]) -> tuple[Markup, Markup]:
    """A drawing for a wide and for a narrow page."""
    return Markup(draw(WIDE)), Markup(draw(NARROW))  # noqa: S704 -- our own SVG, escaped where it is drawn


def empty_note(why: str, remedy: str) -> Note:
    """A remark that there is nothing to show, why, and what to add."""
    return Note(_("{why} {remedy}").format(why=why, remedy=remedy), kind="empty")


def case_name(case: Any, *, with_hazard: bool = True) -> str:
    """A case in words: hazard, scenario, model, epoch.

    Parameters
    ----------
    case
        Mapping or row with any of those.
    with_hazard
        Whether to name the hazard.

    Examples
    --------
    >>> case_name({"hazard": "river_flood", "scenario": "rcp4p5", "model": "MIROC", "epoch": 2030})
    'River flood · RCP 4.5 · MIROC · 2030'
    """
    words = []
    for column in CASE:
        value = case.get(column)
        if value is None or pd.isna(value) or value == "" or (column == "hazard" and not with_hazard):
            continue
        pen = {"hazard": hazard, "scenario": scenario, "epoch": years}.get(column, str)
        words.append(pen(value))
    return " · ".join(words)


def rule_words(code: str) -> str:
    """The rule behind an expected annual damage, as it is printed beside the figure."""
    return _("rule: {rule}").format(rule=rule(code))


def _geometry(table: pd.DataFrame, crs: str) -> gpd.GeoSeries:
    if "geometry" not in table or not has_place(table["geometry"]).any():
        return gpd.GeoSeries([], crs=4326)
    shapes = table.set_index(table.columns[0])["geometry"]
    own = getattr(table["geometry"], "crs", None)
    return degrees(gpd.GeoSeries(shapes, crs=own or crs))
