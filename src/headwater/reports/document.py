"""The report of a run: one HTML file that needs nothing else, in one language.

No script, no font, no picture is fetched: style and drawings are inside. Light or dark by the reader's choice, and fit
for A4 paper. Knows the order of the chapters and the page; what they say is in the chapters' own modules.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import jinja2
from markupsafe import Markup

from headwater.files import write_atomically
from headwater.reports.answer import answer
from headwater.reports.business import business
from headwater.reports.choice import choice
from headwater.reports.content import ReportContent
from headwater.reports.disruption import disruption
from headwater.reports.financing import financing
from headwater.reports.labels import country, words_of
from headwater.reports.numbers import currency_name
from headwater.reports.place import access, system
from headwater.reports.plan import options, plan
from headwater.reports.record import assumptions, limits, provenance, sources
from headwater.reports.stress import annual_probability, risk, screening
from headwater.words import _, later, speaking

CHAPTERS = (
    answer,
    system,
    risk,
    annual_probability,
    screening,
    access,
    disruption,
    options,
    plan,
    choice,
    business,
    financing,
    assumptions,
    limits,
    sources,
    provenance,
)
"""The chapters, in order; each a function from the content to a section."""

CHAPTER_TITLES = {
    "answer": later("The answer in one screen"),
    "system": later("The system"),
    "risk": later("Hazard and risk"),
    "annual-probability": later("Hazards known as an annual probability"),
    "screening": later("Screening classes"),
    "access": later("Access and criticality"),
    "disruption": later("Loss of service"),
    "options": later("Options"),
    "plan": later("The plan"),
    "choice": later("Trade-offs and robustness"),
    "business": later("Business case"),
    "financing": later("Finance and risk"),
    "assumptions": later("Assumptions"),
    "limits": later("Limits"),
    "sources": later("Sources and licences"),
    "provenance": later("From what?"),
}
"""Titles of the chapters by name, for a list of them: to write a chapter takes a while."""

TEMPLATES = Path(__file__).parent / "templates"


def write_report(content: ReportContent, path: Path | str, *, language: str) -> Path:
    """Write a report as one HTML file, whole or not at all.

    Parameters
    ----------
    content
        What to report.
    path
        The file to write. An earlier file is replaced only once the new one is complete.
    language
        "en" or "zh".

    Returns
    -------
    path
        The file written.

    Raises
    ------
    ValueError
        If the language is not one of `headwater.words.LANGUAGES`.
    PlaceError
        If geometries have no usable coordinate reference system.
    """
    target, html = Path(path), render(content, language=language)
    write_atomically(target, lambda draft: draft.write_text(html, encoding="utf-8"))
    return target


def render(content: ReportContent, *, language: str) -> str:
    """A report as HTML text.

    Parameters
    ----------
    content
        What to report.
    language
        "en" or "zh".

    Raises
    ------
    ValueError
        If the language is not one of `headwater.words.LANGUAGES`.
    PlaceError
        If geometries have no usable coordinate reference system.
    """
    with speaking(language):
        sections = [chapter(content) for chapter in CHAPTERS]
        return _template().render(
            language={"zh": "zh-Hans"}.get(language, language),
            title=words_of(content.header.title),
            place=country(content.header.iso3),
            sections=sections,
            numbers={section.name: i for i, section in enumerate(sections, start=1)},
            style=_style(),
            words=_page_words(content),
        )


def _page_words(content: ReportContent) -> dict[str, str]:
    """The words of the page itself."""
    header = content.header
    run_on = content.provenance.get("run_on", "")
    return {
        "skip": _("Skip to the report"),
        "contents": _("Contents"),
        "data": _("The data of this figure"),
        "brand": _("Headwater: infrastructure planned upstream"),
        "facts": _("{currency} at {price_year} prices · {base_year}–{horizon_year}").format(
            currency=currency_name(header.currency),
            price_year=header.price_year,
            base_year=header.base_year,
            horizon_year=header.horizon_year,
        ),
        "run_on": _("Run on {date}.").format(date=run_on) if run_on else "",
        "dash": _("— means that there is no value: not computed, not covered or not applicable. It never means zero."),
        "top": _("Back to the top"),
        "more": _("More in section {number}"),
    }


@cache
def _template() -> jinja2.Template:
    loader = jinja2.FileSystemLoader(TEMPLATES)
    environment = jinja2.Environment(
        loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template("report.html")


@cache
def _style() -> Markup:
    return Markup((TEMPLATES / "report.css").read_text(encoding="utf-8"))  # noqa: S704 -- our own stylesheet
