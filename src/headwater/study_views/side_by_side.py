"""Up to four points and plans side by side: what each reaches, costs, chooses, and who gains and pays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from headwater.reading import Reading
from headwater.reports.labels import option_class
from headwater.reports.money_labels import party
from headwater.reports.numbers import is_missing, money, money_range, number, percent
from headwater.study_views.points import Candidate, as_plan, beside, candidates, chosen_options, goals, robustness
from headwater.words import _

MOST = 4


@dataclass(frozen=True)
class Line:
    """A row of the comparison: what it compares, a cell for each, and which is best (-1 for none)."""

    words: str
    cells: Sequence[str]
    best: int = -1

    @property
    def differs(self) -> bool:
        """Whether the cells are not all alike."""
        return len(set(self.cells)) > 1


@dataclass(frozen=True)
class Part:
    """Rows under one heading, and the result they are read from."""

    heading: str
    lines: Sequence[Line]
    result: str


def comparison(reading: Reading, keys: Sequence[str]) -> list[Part]:
    """Points and plans side by side; every key must be one of `points.candidates`.

    Parameters
    ----------
    reading
        The study as it stands.
    keys
        What to compare, in order.
    """
    known = candidates(reading)
    found = [known[key] for key in keys]
    parts = [_reached(reading, found), _chosen(reading, keys), _starts(reading, keys), _held(reading, keys)]
    return [part for part in [*parts, _parties(reading, keys)] if part.lines]


def _reached(reading: Reading, found: Sequence[Candidate]) -> Part:
    content = reading.content
    targets = goals(content)
    best = beside(found, targets)
    lines = []
    for goal in targets:
        cells = [goal.write(c.values.get(goal.code)) for c in found]
        top = next((i for i, c in enumerate(found) if c.key == best.get(goal.code)), -1)
        lines.append(Line(goal.title, cells, top))
        if any(c.differs(goal.code) for c in found):
            words = _("{goal}, by the models run on the whole").format(goal=goal.title)
            lines.append(Line(words, [goal.write(c.whole.get(goal.code)) for c in found]))
    if not targets:
        currency = content.header.currency
        lines = [
            Line(_("Investment"), [money(c.values.get("initial_cost_usd"), currency) for c in found]),
            Line(_("Net present value"), [money(c.values.get("npv_usd"), currency) for c in found]),
        ]
    return Part(_("What it reaches"), lines, "front" if targets else "plan_summaries")


def _chosen(reading: Reading, keys: Sequence[str]) -> Part:
    sets = [set(chosen_options(reading.content, key)["option_id"]) for key in keys]
    shared = set.intersection(*sets) if sets else set()
    lines = [
        Line(_("Options"), [number(len(one)) for one in sets]),
        Line(_("of them in all that are compared"), [number(len(shared))] * len(keys)),
        Line(
            _("of them in this one alone"),
            [
                number(len(one - set.union(set(), *(other for j, other in enumerate(sets) if j != i))))
                for i, one in enumerate(sets)
            ],
        ),
    ]  # fmt: skip
    return Part(_("What it chooses"), lines if len(keys) > 1 else lines[:1], "plans")


def _starts(reading: Reading, keys: Sequence[str]) -> Part:
    content = reading.content
    cost = content.table("options").set_index("option_id")["initial_cost_usd"]
    tables = [chosen_options(content, key) for key in keys]
    years = sorted({int(year) for table in tables for year in table["start_year"].dropna()})
    lines = []
    for year in years:
        cells = []
        for table in tables:
            mine = table[table["start_year"] == year]
            spent = float(mine["option_id"].map(cost).astype(float).sum())
            words = _("{count} options, {money}")
            cells.append(
                words.format(count=number(len(mine)), money=money(spent, content.header.currency)) if len(mine) else "—"
            )
        lines.append(Line(_("Starts in {year}").format(year=year), cells))
    return Part(_("When it starts"), lines, "front_options")


def _held(reading: Reading, keys: Sequence[str]) -> Part:
    content = reading.content
    lines = []
    if content.has("robust_options"):
        tables = [robustness(content, key).set_index("class")["share"] for key in keys]
        lines += [
            Line(option_class(code), [percent(table.get(code, 0.0)) for table in tables])
            for code in ("no_regret", "contingent", "regret")
        ]
    spread = content.table("npv_distribution")
    if len(spread):
        rows = spread.set_index("plan_id")
        names = [key.partition("-")[2] if key.startswith("plan-") else "" for key in keys]
        cells = [
            money_range(rows.at[name, "p05_usd"], rows.at[name, "p95_usd"], content.header.currency)
            if name in rows.index
            else "—"
            for name in names
        ]
        if set(cells) != {"—"}:
            lines.append(Line(_("Net present value, 90% of samples"), cells))
    return Part(_("How it holds up"), lines, "robust_options")


def _parties(reading: Reading, keys: Sequence[str]) -> Part:
    tables = []
    for key in keys:
        table = as_plan(reading, key).table("incidence")
        net = table.groupby("party")["net_pv_usd"].sum() if len(table) else pd.Series(dtype=float)
        tables.append(net)
    codes = list(dict.fromkeys(code for table in tables for code in table.index))
    currency = reading.content.header.currency
    lines = []
    for code in codes:
        values = [table.get(code) for table in tables]
        lines.append(Line(party(code), ["—" if v is None or is_missing(v) else money(v, currency) for v in values]))
    return Part(_("Who gains (+) and who pays (−), present value"), lines, "incidence")
