"""What the catalogue covers and what is missing in it: the map, the gaps, and the tools behind every number."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from markupsafe import Markup
from starlette.responses import Response

from headwater.catalogue.coverage import NONE, Matrix
from headwater.catalogue.gaps import Gap, GapReport
from headwater.catalogue.shares import Share
from headwater.errors import NotFound
from headwater.reports.catalogue_files import catalogue_csv
from headwater.reports.hub_figures import NARROW, WIDE, Caption, coverage_map, year_bars
from headwater.web.assets import STATIC
from headwater.web.languages import _, told
from headwater.web.visits import Visit, link, render

SHOWN = 12
"""Gaps shown at once; the rest unfold."""

DARKEST = 5
"""Steps of shade in the map."""


class Square(NamedTuple):
    """One cell of the map: a count, how dark it is, and where the tools behind it are."""

    tools: int
    shade: int
    address: str
    words: str


def gaps(visit: Visit) -> Response:
    """The map and the gaps."""
    report: GapReport = visit.library.gaps()
    return render(
        visit.request,
        "gaps.html",
        title=_("What is covered, and what is missing"),
        description=_(
            "How many tools serve each phase, sector and theme, and where there are fewer than one would expect."
        ).striptags(),
        report=report,
        maps=[
            (words, report.matrices[pair], list(squares(report.matrices[pair])))
            for pair, words in _maps().items()
            if pair in report.matrices
        ],
        tables=[(words, name, shares) for name, (words, shares) in tables(report).items() if shares],
        gap_lists=[(_("By phase and sector"), report.gaps), (_("By sector and theme"), report.theme_gaps)],
        shown=SHOWN,
        search_for=search_for,
        behind=behind,
        percent=percent,
        years=years(report) if report.years else (),
    )


def years(report: GapReport) -> tuple[Markup, Markup]:
    """The years of first publication as a drawing, for a wide and for a narrow page."""
    caption = Caption("years-drawn", _("Tools by year of first publication").striptags())
    names = (_("serve an upstream phase").striptags(), _("downstream phases only").striptags())
    drawn = [
        year_bars(
            [year.year for year in report.years],
            [year.count for year in report.years],
            caption=caption,
            part=[year.upstream for year in report.years],
            names=names,
            unknown=report.unknown_years.count,
            width=width,
        )
        for width in (WIDE, NARROW)
    ]
    return Markup(drawn[0]), Markup(drawn[1])  # noqa: S704 -- drawn by us, from numbers and escaped words


def _maps() -> dict[tuple[str, str], Markup]:
    return {
        ("phases", "sectors"): _("Phases by sector"),
        ("sectors", "themes"): _("Sectors by theme"),
        ("phases", "types"): _("Phases by type of tool"),
    }


def tables(report: GapReport) -> dict[str, tuple[Markup, Sequence[Share]]]:
    """Tables of shares by name, with their headings."""
    return {
        "stages": (_("Upstream and downstream"), report.stages),
        "scales": (_("One project, or a system or country"), report.scales),
        "dimensions": (_("Which sides of sustainability"), report.dimensions),
        "narrowness": (_("How narrow"), report.narrowness),
        "finance": (_("Tools about money"), report.finance),
    }


def squares(table: Matrix) -> Iterator[tuple[str, list[Square]]]:
    """The map row by row."""
    most = int(table.counts.max()) if table.counts.size else 0
    for i, row in enumerate(table.row_ids):
        cells = []
        for j, column in enumerate(table.column_ids):
            count = int(table.counts[i, j])
            words = f"{table.row_titles[i]} × {table.column_titles[j]}: {count}"
            cells.append(
                Square(
                    count,
                    shade(count, most),
                    behind(f"{table.row_field}:{row}", f"{table.column_field}:{column}"),
                    words,
                )
            )
        yield table.row_titles[i], cells


def shade(count: int, most: int) -> int:
    """How dark a cell is: 0 for none, then by equal steps of the largest.

    Examples
    --------
    >>> [shade(count, 10) for count in (0, 1, 5, 10)]
    [0, 1, 3, 5]
    """
    return math.ceil(DARKEST * count / most) if most and count else 0


def percent(share: Share) -> str:
    """A share as a reader says it; a dash where there is nothing to share."""
    return f"{round(100 * share.share)} %" if share.of else "—"


def behind(*of: str) -> str:
    """Address of the tools behind a number."""
    return link("gaps/tools", [("of", name) for name in of])


def search_for(gap: Gap) -> str:
    """The search for the tools at a place of the map, general ones included; "" where a field cannot be searched."""
    chosen = [
        (field, value)
        for field, value in ((gap.row_field, gap.row), (gap.column_field, gap.column))
        if value and value != NONE
    ]
    return link("search", [("kind", "tool"), *chosen])


def tools_behind(visit: Visit) -> Response:
    """The tools behind one number of the map or of a table."""
    names = visit.values("of")
    found = _keys(visit.library.gaps(), names)
    if found is None:
        raise NotFound(_("There is no such number in the map.").striptags())
    title, keys = found
    records = [visit.library.records[key] for key in keys if key in visit.library.records]
    return render(
        visit.request,
        "tools_behind.html",
        title=title,
        index=False,
        heading=told(title),
        records=records,
    )


def _keys(report: GapReport, names: Sequence[str]) -> tuple[str, Sequence[str]] | None:
    """What a number is called, and the tools that it counts."""
    if len(names) == 2:
        (row_field, _c, row), (column_field, _d, column) = (name.partition(":") for name in names)
        table = report.matrices.get((row_field, column_field))
        if table is None or row not in table.row_ids or column not in table.column_ids:
            return None
        i, j = table.row_ids.index(row), table.column_ids.index(column)
        return f"{table.row_titles[i]} × {table.column_titles[j]}", table.keys[i][j]
    if len(names) != 1:
        return None
    table_name, _c, name = names[0].partition(":")
    for share in tables(report).get(table_name, (None, ()))[1]:
        if share.name == name:
            return share.title, share.keys
    if table_name == "years":
        return next(((str(year.year), year.keys) for year in report.years if str(year.year) == name), None)
    return None


def picture(visit: Visit) -> Response:
    """The map of phases by sector as one picture that needs nothing else."""
    table = visit.library.gaps().matrices["phases", "sectors"]
    title = _("Tools by phase and sector").striptags()
    drawn = coverage_map(
        table.row_titles,
        table.column_titles,
        table.counts,
        caption=Caption("map", title),
        general=None if table.general is None else [int(count) for count in table.general],
        general_title=_("All sectors").striptags(),
        width=2 * WIDE,
    )
    style = f"<style>{(STATIC / 'picture.css').read_text(encoding='utf-8')}</style>"
    svg = drawn.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1).replace(">", f">{style}", 1)
    headers = {"content-security-policy": "default-src 'none'; style-src 'unsafe-inline'"}
    return Response(svg, media_type="image/svg+xml", headers=headers)


def download(visit: Visit) -> Response:
    """Everything the page counts, as one table."""
    content = catalogue_csv(visit.library.gap_rows())
    headers = {"content-disposition": 'attachment; filename="headwater-gaps.csv"'}
    return Response(content, media_type="text/csv; charset=utf-8", headers=headers)
