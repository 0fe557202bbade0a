"""What the wizard and the map say, as lines of text for a terminal: in the current language, nothing left out.

Knows words only.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from headwater.catalogue.fit import words_of
from headwater.catalogue.gaps import GapReport
from headwater.catalogue.navigator import Recommendation, Suggestion
from headwater.catalogue.shapes import JUDGEMENT, UNVERIFIED
from headwater.catalogue.shares import Share
from headwater.words import _, pick

MARKS = {"met": "+", "partly": "~", "not": "−", "unknown": "?"}
"""What stands before a reason."""


def told_recommendation(found: Recommendation, *, limit: int = 5) -> list[str]:
    """What the wizard says, line by line.

    Parameters
    ----------
    found
        What `navigator.recommend` returned.
    limit
        Tools shown in full; the rest, and all that was left out, are named with their reason.
    """
    lines = [f"{question} {answer}" for question, answer in found.told]
    if not found.suggestions:
        lines += ["", _("No tool fits all that you answered. See below what was left out and why.")]
    for one in found.suggestions[:limit]:
        lines += ["", *_suggestion_lines(one, found.possible)]
    if found.suggestions[limit:]:
        rest = _(", ").join(pick(one.record.title) for one in found.suggestions[limit:])
        lines += ["", _("Fit too, in this order: {tools}").format(tools=rest)]
    if found.near_misses:
        lines += ["", _("Near misses")]
        lines += [f"  {pick(near.record.title)}{_(': ')}{near.words}" for near in found.near_misses]
    if found.excluded:
        lines += ["", _("Left out: {count} tools").format(count=len(found.excluded))]
        for out in found.excluded:
            why = _("; ").join(limit.words for limit in out.limits)
            lines.append(f"  {pick(out.record.title)}{_(': ')}{why}")
    return [*lines, "", _("How this was worked out"), *(f"  {sentence}" for sentence in found.rule)]


def told_gaps(report: GapReport, *, limit: int = 5) -> list[str]:
    """What the map of the catalogue says, line by line.

    Parameters
    ----------
    report
        What `gaps.gap_report` returned.
    limit
        Gaps shown by phase and sector, and by sector and theme.
    """
    lines = [report.caution]
    for finding in report.findings:
        lines += ["", finding.title, f"  {finding.report}", f"  {finding.reading}", *_share_lines(finding.figures)]
    lines += ["", _("Upstream and downstream"), *_share_lines([*report.stages, report.placements, *report.early])]
    lines += ["", _("Sides of sustainability"), *_share_lines(report.dimensions), *_share_lines(report.narrowness)]
    lines += ["", _("Scale"), *_share_lines(report.scales), "", _("Tools about money"), *_share_lines(report.finance)]
    years = [f"{year.year}{_(': ')}{year.count}" for year in report.years]
    lines += ["", _("By year of first publication"), "  " + _("; ").join(years), *_share_lines([report.unknown_years])]
    for title, gaps in (
        (_("Largest gaps by phase and sector"), report.gaps),
        (_("Largest gaps by sector and theme"), report.theme_gaps),
    ):
        lines += ["", title, *(f"  {i}  {gap.words}" for i, gap in enumerate(gaps[:limit], start=1))]
    return [*lines, "", _("How gaps are found"), f"  {report.rule}"]


def basis_words(basis: str) -> str:
    """What a statement rests on, in words: our judgement, unverified, or a source's identifier.

    Examples
    --------
    >>> basis_words("judgement"), basis_words("paper")
    ('our judgement', 'source: paper')
    """
    known = {JUDGEMENT: _("our judgement"), UNVERIFIED: _("unverified")}
    return known[basis] if basis in known else _("source: {source}").format(source=basis)


def _suggestion_lines(one: Suggestion, possible: float) -> Iterator[str]:
    points = _("{points} of {possible} points").format(points=f"{one.points:.3g}", possible=f"{possible:g}")
    yield f"{one.rank}  {pick(one.record.title)}  ({points})  {one.record.key}"
    yield f"   {pick(one.record.summary)}"
    for reason in one.reasons:
        yield f"   {MARKS[reason.degree]} {reason.words}"
    if one.use_when:
        yield f"   {_('When')}{_(': ')}{_with_basis(words_of(one.use_when), one.use_when.get('basis', ''))}"
    for caution in one.cautions:
        yield f"   ! {_with_basis(caution.words, caution.basis)}"
    for label, records in ((_("Cases that used it"), one.cases), (_("Principles it helps to apply"), one.principles)):
        if records:
            yield f"   {label}{_(': ')}{_(', ').join(pick(record.title) for record in records)}"
    for step in one.steps:
        then = f" → {pick(step.tool.title)}" if step.tool else ""
        yield f"   {_('Then')}{_(': ')}{_with_basis(step.words, step.basis)}{then}"


def _with_basis(words: str, basis: str) -> str:
    return f"{words} [{basis_words(basis)}]" if basis else words


def _share_lines(shares: Sequence[Share]) -> Iterator[str]:
    for one in shares:
        share = f" ({one.share:.0%})" if one.of else ""
        count = _("{count} of {total}").format(count=one.count, total=one.of)
        yield f"  {one.title}{_(': ')}{count}{share}"
