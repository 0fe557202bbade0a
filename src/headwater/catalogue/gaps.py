"""The map of the catalogue and its gaps: what the 2019 mapping found, looked for in our own entries.

Every figure is a count of tools with the keys of the tools behind it. It says what is in this catalogue, chosen by its
makers, and never what exists in the world. Knows neither pages nor files.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from headwater.catalogue import shares
from headwater.catalogue.coverage import NONE, Coverage, Matrix, coverage, matrix, tools_of
from headwater.catalogue.records import Record
from headwater.catalogue.shapes import UNKNOWN
from headwater.catalogue.shares import CLIMATE, WIDER, Share, Year
from headwater.catalogue.vocabulary import Vocabularies
from headwater.words import _

MATRICES = (("phases", "sectors"), ("sectors", "themes"), ("phases", "themes"), ("phases", "types"))
"""Pairs of fields that the report counts; gaps are looked for in the first two."""

FEW = 0.5
"""A count below this share of what would be expected is a gap: half as many as the rest of the map suggests."""

MISSING = 1.0
"""The least number of tools by which a count must fall short of what would be expected to be a gap."""

SMALL = 5.0
"""Below so many expected tools a count is a small number, and chance or our choice of entries may explain it."""


@dataclass(frozen=True)
class Gap:
    """A place of the map with fewer tools than its surroundings suggest.

    Attributes
    ----------
    row_field, row, column_field, column
        Where; `column` is "" when a whole row is empty, `row` when a whole column is.
    rule
        `empty` (no tool in the whole row or column), `none`, `one`, or `few` (below half of what would be expected).
    count
        Tools there, made for the sector where a sector is a field.
    expected
        Tools there if the two fields were independent: row total times column total over all.
    general
        Tools for every sector that serve there too.
    words
        The same in words.
    is_small
        Whether the expected number is so small that little follows.
    keys, general_keys
        The tools there, and the general ones.
    """

    row_field: str
    row: str
    column_field: str
    column: str
    rule: str
    count: int
    expected: float
    general: int
    words: str
    is_small: bool
    keys: tuple[str, ...]
    general_keys: tuple[str, ...]

    @property
    def shortfall(self) -> float:
        """Tools by which the count falls short of what would be expected."""
        return self.expected - self.count


@dataclass(frozen=True)
class Finding:
    """One of the report's gaps, looked for in this catalogue: what the report says, our figures, how to read them."""

    name: str
    title: str
    report: str
    figures: tuple[Share, ...]
    reading: str


@dataclass(frozen=True, eq=False)
class GapReport:
    """The map of the catalogue, and what is missing in it.

    Attributes
    ----------
    tools
        Number of tools.
    coverage
        Counts by phase, sector, theme and type.
    matrices
        Counts by two fields, by their names.
    stages
        Tools that serve upstream phases alone, downstream phases alone, or both.
    placements
        Pairs of tool and phase that are upstream, of all pairs.
    early
        Tools that serve a phase before there is a project, and those that come in later.
    scales
        Tools by stage and scale: one project alone, or a system or country.
    dimensions
        Tools that cover each side of sustainability.
    narrowness
        Tools that cover climate, climate alone, one side alone; and of those with climate, what else they cover.
    mean_dimensions
        Sides of sustainability that a tool covers, on average.
    finance
        Tools about money by what they look at: how much, what it buys, or both.
    years
        Tools by year of first publication, rising.
    unknown_years
        Tools whose year is not known.
    gaps
        By phase and sector, largest first.
    theme_gaps
        By sector and theme, largest first.
    findings
        The report's three gaps in this catalogue.
    rule
        How gaps are found and ranked.
    caution
        What the map cannot say.
    """

    tools: int
    coverage: Coverage
    matrices: Mapping[tuple[str, str], Matrix]
    stages: tuple[Share, ...]
    placements: Share
    early: tuple[Share, ...]
    scales: tuple[Share, ...]
    dimensions: tuple[Share, ...]
    narrowness: tuple[Share, ...]
    mean_dimensions: float
    finance: tuple[Share, ...]
    years: tuple[Year, ...]
    unknown_years: Share
    gaps: tuple[Gap, ...]
    theme_gaps: tuple[Gap, ...]
    findings: tuple[Finding, ...]
    rule: str
    caution: str


def gap_report(records: Mapping[str, Record], vocabularies: Vocabularies) -> GapReport:
    """Map the catalogue and find its gaps.

    Parameters
    ----------
    records
        Entries of the hub by key; those that are not tools are passed over.
    vocabularies
        The words that entries are sorted by.

    Returns
    -------
    report
        With words in the current language.
    """
    tools = tools_of(records)
    matrices = {(rows, columns): matrix(records, vocabularies, rows, columns) for rows, columns in MATRICES}
    mean = sum(len(shares.sides_of(tool)) for tool in tools) / len(tools) if tools else float("nan")
    counted = {
        "stages": shares.stages(tools, vocabularies), "early": shares.early(tools),
        "scales": shares.scales(tools, vocabularies),
        "dimensions": shares.dimensions(tools, vocabularies), "narrowness": shares.narrowness(tools, vocabularies),
        "finance": shares.finance(tools, vocabularies),
    }  # fmt: skip
    return GapReport(
        tools=len(tools),
        coverage=coverage(records, vocabularies),
        matrices=matrices,
        placements=shares.placements(tools, vocabularies),
        mean_dimensions=mean,
        years=shares.years(tools, vocabularies),
        unknown_years=shares.unknown_years(tools),
        gaps=rank_gaps(matrices["phases", "sectors"]),
        theme_gaps=rank_gaps(matrices["sectors", "themes"]),
        findings=_findings(counted, mean),
        rule=_rule(),
        caution=_caution(len(tools)),
        **counted,
    )


def rank_gaps(table: Matrix) -> tuple[Gap, ...]:
    """Gaps of a matrix, largest first.

    Whole rows and columns without a tool come first. Then places with no tool, one tool, or less than half of what
    would be expected, by how many tools they fall short of that, where it is one tool or more.

    Parameters
    ----------
    table
        Counts by two fields. The row and the column for "none given" or "unknown" are no gaps.

    Examples
    --------
    >>> import numpy as np
    >>> counts, keys = np.array([[8, 4], [4, 0]]), ((("tool/a",),) * 2,) * 2
    >>> table = Matrix("phases", "types", ("p", "q"), ("x", "y"), ("P", "Q"), ("X", "Y"), counts, None, keys, ())
    >>> [(gap.row, gap.column, gap.rule, gap.expected) for gap in rank_gaps(table)]  # 4 x 4 / 16
    [('q', 'y', 'none', 1.0)]
    """
    found = [*_empty(table), *_thin(table)]
    return tuple(sorted(found, key=_size))


def to_rows(report: GapReport) -> tuple[dict[str, object], ...]:
    """Everything that the report counts as rows of one table, for a file.

    Returns
    -------
    rows
        With columns table, row, column, tools, general, of, expected, share, keys (parted by spaces).
    """
    return tuple(_row(**given) for given in _all_rows(report))  # type: ignore[arg-type]


def _all_rows(report: GapReport) -> Iterator[dict[str, object]]:
    for (rows, columns), table in report.matrices.items():
        for i, row in enumerate(table.row_ids):
            for j, column in enumerate(table.column_ids):
                general = _general(table, i, j)
                yield {
                    "table": f"{rows} x {columns}", "row": row, "column": column, "tools": int(table.counts[i, j]),
                    "general": len(general) if table.general is not None else "", "keys": table.keys[i][j],
                }  # fmt: skip
    tables: dict[str, Sequence[Share]] = {
        "stages": report.stages, "placements": [report.placements], "early": report.early, "scales": report.scales,
        "dimensions": report.dimensions, "narrowness": report.narrowness, "finance": report.finance,
        "years": [report.unknown_years],
    }  # fmt: skip
    for name, rows_of in tables.items():
        for one in rows_of:
            share = round(one.share, 4) if one.of else ""
            yield {"table": name, "row": one.name, "tools": one.count, "of": one.of, "share": share, "keys": one.keys}
    for year in report.years:
        yield {"table": "years", "row": str(year.year), "tools": year.count, "of": report.tools, "keys": year.keys}
    for name, gaps in (("gaps", report.gaps), ("theme gaps", report.theme_gaps)):
        for gap in gaps:
            yield {
                "table": name, "row": gap.row, "column": gap.column, "tools": gap.count, "general": gap.general,
                "expected": round(gap.expected, 2), "keys": gap.keys,
            }  # fmt: skip


def _row(
    *, table: str, row: str, tools: int, keys: Sequence[str], column: str = "", general: object = "", of: object = "",
    expected: object = "", share: object = "",
) -> dict[str, object]:  # fmt: skip
    return {
        "table": table, "row": row, "column": column, "tools": tools, "general": general, "of": of,
        "expected": expected, "share": share, "keys": " ".join(keys),
    }  # fmt: skip


# --- gaps ---------------------------------------------------------------------------------------------------------


def _known(values: Sequence[str]) -> list[int]:
    return [i for i, value in enumerate(values) if value not in {NONE, UNKNOWN}]


def _size(gap: Gap) -> tuple[bool, float, int, int, str, str]:
    """Order of gaps: whole rows and columns, then the largest shortfall, fewest tools, fewest general tools."""
    return gap.rule != "empty", -round(gap.shortfall, 9), gap.count, gap.general, gap.row, gap.column


def _empty(table: Matrix) -> Iterator[Gap]:
    """Rows and columns without any tool made for them."""
    rows, columns = _known(table.row_ids), _known(table.column_ids)
    for i in rows:
        if not table.counts[i, columns].sum():
            yield _gap(table, i, None, "empty", 0.0, _general(table, i, None))
    for j in columns:
        if not table.counts[rows, j].sum():
            yield _gap(table, None, j, "empty", 0.0, _general(table, None, j))


def _thin(table: Matrix) -> Iterator[Gap]:
    """Places with fewer tools than expected, in rows and columns that have some."""
    rows, columns = _known(table.row_ids), _known(table.column_ids)
    counts = table.counts[rows][:, columns]
    total = counts.sum()
    for a, i in enumerate(rows):
        for b, j in enumerate(columns):
            expected = float(counts[a].sum() * counts[:, b].sum() / total) if total else 0.0
            count = int(counts[a, b])
            rule = {0: "none", 1: "one"}.get(count, "few")
            if expected - count >= MISSING and (count <= 1 or count < FEW * expected):
                yield _gap(table, i, j, rule, expected, _general(table, i, j))


def _gap(table: Matrix, i: int | None, j: int | None, rule: str, expected: float, general: tuple[str, ...]) -> Gap:
    titles = [table.row_titles[i]] if i is not None else []
    titles += [table.column_titles[j]] if j is not None else []
    keys = table.keys[i][j] if i is not None and j is not None else ()
    is_small = expected < SMALL
    values = {"place": _(" × ").join(titles), "count": len(keys), "expected": f"{expected:.1f}"}
    words = {
        "empty": _("{place}: no tool is made for it at all"),
        "none": _("{place}: no tool, where {expected} would be expected"),
        "one": _("{place}: one tool, where {expected} would be expected"),
        "few": _("{place}: {count} tools, where {expected} would be expected"),
    }[rule].format(**values)
    if "sectors" in {table.row_field, table.column_field}:
        words += _("; general tools that serve it: {count}").format(count=len(general))
    if is_small:
        words += _("; small numbers")
    return Gap(
        table.row_field, table.row_ids[i] if i is not None else "",
        table.column_field, table.column_ids[j] if j is not None else "",
        rule, len(keys), expected, len(general), words, is_small, keys, general,
    )  # fmt: skip


def _general(table: Matrix, i: int | None, j: int | None) -> tuple[str, ...]:
    """General tools that serve at a place: those of its row or column that is not the sector; all in a whole sector."""
    if table.general is None:
        return ()
    at = j if table.row_field == "sectors" else i
    if at is None:
        return tuple(sorted({key for keys in table.general_keys for key in keys}))
    return table.general_keys[at]


# --- the report's three gaps --------------------------------------------------------------------------------------


def _findings(counted: Mapping[str, Sequence[Share]], mean: float) -> tuple[Finding, ...]:
    by = {(table, one.name): one for table, rows in counted.items() for one in rows}
    return (_late(by), _narrow(by, mean), _quantity(by))


def _late(by: Mapping[tuple[str, str], Share]) -> Finding:
    before, wider, after = (by["early", name] for name in ("before", "before-system", "after"))
    downstream, project = by["stages", "downstream"], by["scales", "project"]
    reading = _(
        "Tools here that serve a phase before there is a project: {before}; that come in once there is one: {after}. "
        "Of the first, {wider} can look at a system or a country. For one project alone: {project}."
    )
    return Finding(
        "upstream",
        _("Late: one project, after what and where are decided"),
        _("Most tools work on one project, after what is built, and where, has been decided (report, paragraphs 6-8)."),
        (before, wider, after, downstream, project),
        reading.format(before=_of(before), after=_of(after), wider=_of(wider), project=_of(project)),
    )


def _narrow(by: Mapping[tuple[str, str], Share], mean: float) -> Finding:
    only, narrow = by["narrowness", "climate-only"], by["narrowness", "climate-narrow"]
    sides = [by["dimensions", name] for name in (CLIMATE, *WIDER) if ("dimensions", name) in by]
    reading = _(
        "A tool here covers {mean} sides of sustainability on average. Climate alone: {only} tools; "
        "climate but neither biodiversity nor inclusion: {narrow}."
    )
    return Finding(
        "narrow",
        _("Narrow: climate before nature and people"),
        _(
            "Sustainability is read narrowly, as climate; biodiversity and inclusion are neglected "
            "(report, paragraphs 6-8)."
        ),
        (*sides, only, narrow),
        reading.format(mean=f"{mean:.1f}" if mean >= 0 else "—", only=_of(only), narrow=_of(narrow)),
    )


def _quantity(by: Mapping[tuple[str, str], Share]) -> Finding:
    quantity, both, quality = (by["finance", name] for name in ("quantity", "both", "quality"))
    reading = _(
        "Tools about money here: {count}. They look at how much alone: {quantity}; at what it buys alone: {quality}; "
        "at both: {both}."
    )
    report = _(
        "Finance looks at quantity, closing the gap, and not at quality: sustainability and a match with the need for "
        "services (report, paragraphs 6-8)."
    )
    return Finding(
        "quantity",
        _("Quantity: how much money, not what it buys"),
        report,
        (quantity, both, quality),
        reading.format(count=quantity.of, quantity=quantity.count, quality=quality.count, both=both.count),
    )


def _of(share: Share) -> str:
    return _("{count} of {total}").format(count=share.count, total=share.of)


def _caution(count: int) -> str:
    text = _(
        "This is a catalogue of {count} tools, chosen by its makers with a view to planning upstream. "
        "It shows what is in it, not what exists."
    )
    return text.format(count=count)


def _rule() -> str:
    return _(
        "Expected is what a place would have if its two fields were independent: row total times column total over "
        "all. "
        "A place is a gap if it has no tool, one tool, or less than half of what is expected, and falls short by at "
        "least one tool. Larger shortfalls come first; rows and columns without any tool come before all. "
        "Tools for every sector are counted apart: they serve a place without being made for it. "
        "Below 5 expected tools the numbers are small, and chance or our choice of entries may explain them."
    )
