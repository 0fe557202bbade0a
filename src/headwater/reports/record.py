"""The chapters that let a reader check the rest: assumptions, limits, sources, and where each result came from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from markupsafe import Markup

from headwater.assumptions import Assumption, known_assumptions
from headwater.provenance import Provenance
from headwater.reports.content import Html, Note, Prose, ReportContent, Section, empty_note
from headwater.reports.labels import unit, words_of
from headwater.reports.numbers import MISSING, currency_name, number
from headwater.reports.tables import Column, cell, code, html_table
from headwater.words import _, language, told


def assumptions(content: ReportContent) -> Section:
    """Section 13: every value taken as given."""
    given = content.header.assumptions
    titles = _titles(content.sources)
    rows = [_assumption_row(assumption, titles) for assumption in given.values()]
    rows += [
        _default_row(name) for name, known in known_assumptions().iterrows() if name not in given and known["default"]
    ]
    columns = [
        Column("name", _("Assumption"), code),
        Column("value", _("Value"), is_number=True),
        Column("unit", _("Unit"), unit),
        Column("range", _("Low–high"), is_number=True),
        Column("meaning", _("What it is"), is_long=True),
        Column("source", _("Source or basis"), is_long=True),
    ]
    header = content.header
    money_words = _(
        "Money: {currency} at {price_year} prices. Years: {base_year} to {horizon_year}; "
        "the base year is not discounted."
    ).format(
        currency=currency_name(header.currency),
        price_year=header.price_year,
        base_year=header.base_year,
        horizon_year=header.horizon_year,
    )
    html = html_table(pd.DataFrame(rows, columns=[c.key for c in columns]), columns, caption=_("Assumptions"))
    lead = _("Every value this report takes as given, and where it comes from.")
    return Section("assumptions", _("Assumptions"), lead, [Prose([money_words]), Html(html)])


def limits(content: ReportContent) -> Section:
    """Section 14: what the study cannot say."""
    words = [text for limit in content.header.limits if (text := words_of(limit))]
    lead = _("What this report cannot say, and why. Read it before quoting a figure.")
    if not words:
        why = _("The study states no limits.")
        return Section("limits", _("Limits"), lead, [empty_note(why, _("Add [[limits]] to study.toml."))])
    items = Markup("").join(Markup("<li>{}</li>").format(text) for text in words)
    return Section("limits", _("Limits"), lead, [Html(Markup("<ul>{}</ul>").format(items))])


def sources(content: ReportContent) -> Section:
    """Section 15: where the data come from, and under which licence."""
    lead = _("Data keep the licence of their publisher. Attribute them when you reuse this report.")
    if content.sources.empty:
        why = _("The study names no sources.")
        return Section("sources", _("Sources and licences"), lead, [empty_note(why, _("Fill the table sources."))])
    table = content.sources
    links = {
        key: _linked(title, url)
        for key, title, url in zip(table["source_id"], table["title"], _column(table, "url"), strict=True)
    }
    caveat = _column(table, "caveat")
    if language() == "zh":
        caveat = _column(table, "caveat_zh").fillna(caveat)
    rows = table.assign(linked=table["source_id"], caveat=caveat)
    columns = [
        Column("linked", _("Source"), links.__getitem__),
        Column("source_id", _("Identifier"), code),
        Column("publisher", _("Publisher")),
        Column("licence", _("Licence")),
        Column("vintage", _("Vintage")),
        Column("caveat", _("Caveat"), is_long=True),
    ]
    return Section("sources", _("Sources and licences"), lead, [Html(html_table(rows, columns, caption=_("Sources")))])


def provenance(content: ReportContent) -> Section:
    """Section 16: from what each result was made."""
    known = content.provenance
    lead = _("Every result can be asked where it comes from, and answers with inputs, assumptions, method and version.")
    facts = [
        _("Headwater {version}.").format(version=known["version"]) if known.get("version") else "",
        _("Run on {date}.").format(date=known["run_on"]) if known.get("run_on") else "",
    ]
    blocks: list[Any] = [Prose([" ".join(filter(None, facts))])] if any(facts) else []
    commands = [_about_rows(content, command) for command in known.get("commands") or ["headwater explain RESULT"]]
    shown = Markup("\n").join(Markup("<code>{}</code>").format(command) for command in commands)
    blocks.append(Html(Markup("<pre>{}</pre>").format(shown), _("Ask any result: from what?")))
    if known.get("results"):
        blocks.append(Html(_results_table(known["results"])))
    if known.get("inputs"):
        rows = pd.DataFrame({"file": list(known["inputs"]), "hash": list(known["inputs"].values())})
        columns = [Column("file", _("Input"), code), Column("hash", _("SHA-256, shortened"), code)]
        blocks.append(Html(html_table(rows, columns, caption=_("Inputs and their hashes"))))
    if len(blocks) == 1:
        blocks.append(Note(_("No hashes were recorded for this run."), kind="empty"))
    return Section("provenance", _("From what?"), lead, blocks)


def _about_rows(content: ReportContent, command: str) -> str:
    """A command about a result; one about a result without rows asks of another that has some."""
    name = Path(command.rsplit(maxsplit=1)[-1]).stem
    if name not in content.tables or content.has(name):
        return command
    other = next((made for made in ("access", *content.provenance.get("results", {})) if content.has(made)), name)
    before, _name, after = command.rpartition(name)
    return before + other + after


def _assumption_row(given: Assumption, titles: Mapping[str, str]) -> list[Any]:
    value = number(given.value) if isinstance(given.value, int | float) else str(given.value)
    span = MISSING if given.low is None or given.high is None else f"{number(given.low)}–{number(given.high)}"
    source = "; ".join(filter(None, [_basis(given.basis), titles.get(given.source_id, given.source_id)]))
    return [given.name, value, given.unit, span, words_of(given.note) or _meaning(given.name), source]


def _default_row(name: Any) -> list[Any]:
    known = known_assumptions().loc[name]
    source = _("default: {source}").format(source=known["source"])
    return [name, str(known["default"]), str(known["unit"]), MISSING, _meaning(str(name)), source]


def _basis(code: str) -> str:
    """What an assumption rests on, in words."""
    return {"judgement": _("judgement"), "source": _("the source"), "calibrated": _("calibrated")}.get(code, code)


def _titles(table: pd.DataFrame) -> dict[str, str]:
    return dict(zip(table["source_id"], table["title"], strict=True)) if len(table) else {}


def _meaning(name: str) -> str:
    known = known_assumptions()
    if name not in known.index:
        return ""
    column = "description_zh" if language() == "zh" else "description"
    return str(known.at[name, column])


def _linked(title: str, url: Any) -> Markup:
    """A title that links to its source where the address is one of the web."""
    if isinstance(url, str) and url.startswith(("https://", "http://")):
        return Markup('<a href="{}" rel="noreferrer">{}</a>').format(url, title)
    return cell(title)


def _column(table: pd.DataFrame, name: str) -> pd.Series:
    return table[name] if name in table else pd.Series(None, index=table.index, dtype=object)


def _results_table(results: Mapping[str, Any]) -> Markup:
    rows = [
        (name, made.step, told(made.method), made.key) if isinstance(made, Provenance) else (name, "", "", str(made))
        for name, made in results.items()
    ]
    columns = [
        Column("result", _("Result"), code),
        Column("step", _("Step")),
        Column("method", _("Method"), is_long=True),
        Column("key", _("Key"), code),
    ]
    return html_table(
        pd.DataFrame(rows, columns=[column.key for column in columns]), columns, caption=_("Results and their keys")
    )
