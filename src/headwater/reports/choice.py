"""The chapter on choosing: what starts when, what is traded for what, and what holds up when the future differs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from headwater.budgets import Budget
from headwater.reports.answer import service_name
from headwater.reports.content import Figure, Html, Prose, ReportContent, Section, both_widths, empty_note
from headwater.reports.figures import Caption
from headwater.reports.futures import future_blocks
from headwater.reports.labels import item, sector, unit
from headwater.reports.numbers import (
    currency_name,
    is_missing,
    money,
    number,
    proved_gap,
    rounded,
    to_figures,
)
from headwater.reports.plan import option_names, plan_name, within
from headwater.reports.svg import nice_ticks
from headwater.reports.tables import Column, html_table, money_column
from headwater.reports.timeline import Lane, Span, Spending, period_chart, span_chart
from headwater.reports.tradeoff_figures import (
    Axis,
    Dot,
    Thread,
    front_chart,
    grade,
    scaled_unit,
    shared_scale,
    threads_chart,
)
from headwater.words import _, language

FEW = 14
"""Options of a plan that a timeline shows one by one; more are shown by measure or sector."""

GROUPS = 12
"""Groups of a timeline that have a row of their own."""

LISTED = 30
"""Points of a front that are listed; the rest are counted."""

PAIRS = 10
"""Interactions that are listed."""

KNEES = 6
"""Knees that stand out in drawings and have their exchanges listed."""

LESS_IS_BETTER = ("initial_cost_usd",)
"""Objectives of which a plan wants less."""


def choice(content: ReportContent) -> Section:
    """What starts when, what a plan gives up for what it gains, and what holds up in every future."""
    lead = _(
        "When the options start, what one objective costs in terms of another, and which options hold up if the "
        "future is not the one assumed."
    )
    blocks = [*timeline_blocks(content), *interaction_blocks(content), *front_blocks(content), *future_blocks(content)]
    return Section("choice", _("Trade-offs and robustness"), lead, blocks)


# --- what starts when ---------------------------------------------------------------------------------------------


def timeline_blocks(content: ReportContent) -> list[Any]:
    """When the options of each plan start, and when its money comes and goes."""
    plans, years = content.table("plans"), content.header.start_years
    if plans.empty or plans["start_year"].isna().all():
        return [empty_note(_("No plan was made, so nothing starts."), _("Add budgets to study.toml."))]
    if len(years) < 2:
        why = _("Everything starts in {year}: the study gives one year only in which options may start.")
        remedy = _("Add start_years under [timing] in study.toml.")
        return [empty_note(why.format(year=int(plans["start_year"].min())), remedy)]
    order = sorted(content.header.budgets, key=lambda budget: budget.amount_usd)
    known = [budget for budget in order if budget.plan_id in set(plans["plan_id"])]
    return [timeline_figure(content, budget, plans[plans["plan_id"] == budget.plan_id]) for budget in known]


def timeline_figure(content: ReportContent, budget: Budget, chosen: pd.DataFrame) -> Figure:
    """The timeline of one plan: each option where there are few, groups of them by start year where there are many."""
    years, horizon = list(content.header.start_years), content.header.horizon_year
    plan = plan_name(content, budget.plan_id)
    spending = _spending(content, budget, chosen)
    rows = chosen.assign(start_year=chosen["start_year"].astype(int)).merge(
        _described(content), on="option_id", how="left"
    )
    rows["name"] = rows["name"].fillna(rows["option_id"])
    title = _("Timeline of the plan “{plan}”").format(plan=plan)
    spent = _("Options chosen: {options}. Spent: {spent} of {budget}").format(
        options=number(len(rows)), spent=money(rows["initial_cost_usd"].sum(), content.header.currency),
        budget=money(budget.amount_usd, content.header.currency),
    )  # fmt: skip
    caption = Caption(f"timeline-{budget.plan_id}", title, spent)
    stops = [*years, horizon]
    if len(rows) <= FEW:
        rows = rows.sort_values(["start_year", "initial_cost_usd"], ascending=[True, False], kind="stable")
        ends = rows["start_year"] + rows["lifetime_yr"].fillna(horizon - content.header.base_year).astype(float)
        spans = [
            Span(name, start, end, rounded(cost))
            for name, start, end, cost in zip(
                rows["name"], rows["start_year"], ends, rows["initial_cost_usd"], strict=True
            )
        ]
        draw = partial(span_chart, spans, stops, caption=caption, spending=spending, write=rounded)
        subtitle = _("{summary}. A block marks the start; the figure beside it is the investment ({unit}).")
        columns = [
            Column("name", _("Option")),
            Column("start_year", _("Starts"), str, is_number=True),
            money_column("initial_cost_usd", _("Investment"), content.header.currency),
        ]
        data = html_table(rows, columns, caption=title)
    else:
        lanes, scale, table, columns = _grouped(content, rows, years)
        axis = _("Options that start, and their investment ({unit})").format(unit=scale)
        draw = partial(period_chart, lanes, stops, caption=caption, spending=spending, axis=axis, write=rounded)
        subtitle = _("{summary}. Columns are start years; the length of a bar is the investment.")
        data = html_table(table, columns, caption=title)
    wide, narrow = both_widths(lambda width: draw(width=width))
    words = subtitle.format(summary=spent, unit=currency_name(content.header.currency))
    return Figure(title, wide, narrow, subtitle=words, data=data)


def _described(content: ReportContent) -> pd.DataFrame:
    """Name, group and life of every option."""
    options = content.table("options")
    if options.empty:
        return pd.DataFrame({"option_id": [], "name": [], "group": [], "lifetime_yr": []}).astype({"option_id": "str"})
    names = option_names(options, "option_id")
    groups = options["sector"].map(sector)
    if "measure_id" in options and content.has("measures"):
        groups = options["measure_id"].map(option_names(content.table("measures"), "measure_id")).fillna(groups)
    life = options["lifetime_yr"] if "lifetime_yr" in options else pd.Series(np.nan, index=options.index)
    return pd.DataFrame(
        {"option_id": options["option_id"], "name": options["option_id"].map(names), "group": groups,
         "lifetime_yr": pd.to_numeric(life)}
    )  # fmt: skip


def _spending(content: ReportContent, budget: Budget, chosen: pd.DataFrame) -> Spending:
    """Money that has come and money spent by each start year."""
    years = list(content.header.start_years)
    come = np.cumsum(budget.amounts_usd or [budget.amount_usd, *[0.0] * (len(years) - 1)])
    spent = [float(chosen.loc[chosen["start_year"] <= year, "initial_cost_usd"].sum()) for year in years]
    axis = _("Money since the first year ({unit})").format(unit=currency_name(content.header.currency))
    return Spending([float(amount) for amount in come], spent, (_("Money that has come"), _("Money spent")), axis)


def _grouped(
    content: ReportContent, rows: pd.DataFrame, years: Sequence[int]
) -> tuple[list[Lane], str, pd.DataFrame, list[Column]]:
    """Options by group and start year: lanes of the drawing, the unit of their words, and the same as a table."""
    rows = rows.assign(group=rows["group"].fillna(_("Other")))
    totals = rows.groupby("group")["initial_cost_usd"].sum().sort_values(ascending=False, kind="stable")
    rest = set(totals.index[GROUPS:])
    rows = rows.assign(group=rows["group"].where(~rows["group"].isin(rest), _("Other")))
    cost = rows.pivot_table(index="group", columns="start_year", values="initial_cost_usd", aggfunc="sum", sort=False)
    count = rows.groupby(["group", "start_year"]).size().unstack(fill_value=0)
    order = rows.groupby("group")["initial_cost_usd"].sum().sort_values(ascending=False, kind="stable").index
    cost, count = (
        cost.reindex(index=order, columns=list(years)),
        count.reindex(index=order, columns=list(years), fill_value=0),
    )
    divisor, word = shared_scale(cost.to_numpy().ravel())
    lanes = [
        Lane(
            str(group), cost.loc[group].tolist(),
            [f"{number(n)} · {number(to_figures(c / divisor))}" if n else "" for n, c in zip(
                count.loc[group], cost.loc[group], strict=True)],
        )
        for group in order
    ]  # fmt: skip
    table = pd.DataFrame({"name": list(map(str, order))})
    columns = [Column("name", _("Group"))]
    for year in years:
        table[f"n{year}"], table[f"c{year}"] = count[year].to_numpy(), cost[year].to_numpy()
        options = _("{year}: options").format(year=year)
        columns.append(Column(f"n{year}", options, number, is_number=True))
        columns.append(money_column(f"c{year}", _("{year}: investment").format(year=year), content.header.currency))
    return lanes, scaled_unit(word, currency_name(content.header.currency)), table, columns


# --- what options do to each other --------------------------------------------------------------------------------


def interaction_blocks(content: ReportContent) -> list[Any]:
    """The largest interactions, or nothing where none is known."""
    table = content.table("joint_effects" if content.has("joint_effects") else "interactions")
    table = table[table["amount"] != 0] if len(table) else table
    if table.empty:
        return []
    names = (
        dict(zip(*_described(content)[["option_id", "name"]].to_numpy().T, strict=True))
        if content.has("options")
        else {}
    )
    share = table["amount"].abs() / table.groupby("item")["amount"].transform(lambda amounts: amounts.abs().max())
    shown = table.assign(share=share).sort_values(["share", "interaction_id"], ascending=[False, True], kind="stable")
    shown = shown.groupby("item", sort=False).head(max(3, PAIRS // shown["item"].nunique()))
    shown = shown.assign(
        together=[_together(str(ids).split(";"), names) for ids in shown["option_ids"]],
        gain=[objective_name(content, str(code)) for code in shown["item"]],
        origin=shown["origin"].map(
            {"model": _("models run on them together"), "correction": _("a plan that was run whole")}
        ),
    ).sort_values(["gain", "share"], ascending=[True, False], kind="stable")
    columns = [
        Column("together", _("Options"), is_long=True),
        Column("gain", _("Gain")),
        Column("amount", _("Together beyond the sum"), rounded, is_number=True),
        Column("unit", _("Unit"), unit),
        Column("origin", _("Known from")),
    ]
    note = _(
        "Together beyond the sum: what the options give together less what they give one by one. Below zero they do "
        "part of the same work; above zero each makes the other worth more."
    )
    if len(table) > len(shown):
        note += " " + _("{count} more are in the machine-readable results.").format(
            count=number(len(table) - len(shown))
        )
    return [Html(html_table(shown, columns, caption=_("What options do to each other")), note)]


def _together(ids: Sequence[str], names: Mapping[str, str]) -> str:
    words = [" / ".join(str(names.get(key.strip(), key.strip())) for key in part.split("|")) for part in ids]
    if len(words) <= 4:
        return " + ".join(words)
    return _("{names} and {count} more").format(names=" + ".join(words[:3]), count=len(words) - 3)


# --- what is given up for what ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Objective:
    """An objective as it is written: its code, name, unit in words, and the size and words of its scale."""

    code: str
    name: str
    unit: str
    divisor: float
    scale: str

    @property
    def title(self) -> str:
        words = scaled_unit(self.scale, self.unit)
        name = self.name[:1].upper() + self.name[1:]
        return _("{heading} ({unit})").format(heading=name, unit=words) if words else name

    @property
    def is_less(self) -> bool:
        return self.code in LESS_IS_BETTER

    def write(self, value: Any) -> str:
        return number(value if is_missing(value) else to_figures(float(value) / self.divisor))

    def amount(self, value: Any) -> str:
        """A value with its unit, for running text."""
        return f"{rounded(value)} {self.unit}".strip() if language() == "en" else f"{rounded(value)}{self.unit}"

    def axis(self) -> Axis:
        return Axis(self.title, self.is_less, self.write)


def objective_name(content: ReportContent, code: str) -> str:
    """Name of an objective, its service as the study calls it."""
    about = code.partition(".")[2]
    return item(code, service_name(content, about) if about else "")


def front_blocks(content: ReportContent) -> list[Any]:
    """The front between the objectives: drawn, listed, and what the neighbours of its knees would exchange."""
    if not content.header.trade_off:
        why = _("The study trades off no objectives, so there is no front.")
        return [empty_note(why, _("Name two to five of them in objectives.trade_off in study.toml."))]
    if not content.has("front"):
        return [empty_note(_("The front was not computed."), _("Add budgets to study.toml and run headwater plan."))]
    front = content.table("front")
    found = objectives(content, front)
    points = front.pivot(index="point_id", columns="item", values="value")[[o.code for o in found]]
    knees = sorted(front.loc[front["is_knee"].astype(bool), "point_id"].unique())[:KNEES]
    words = _(
        "Each of the {count} points is a plan that no other plan beats in one objective without losing in another. A "
        "knee is a point beyond which a little more of one objective costs much of the others. All points stay within "
        "the largest budget."
    )
    blocks: list[Any] = [Prose([words.format(count=number(len(points)))]), front_figure(content, found, points, knees)]
    if len(found) > 2:
        blocks.append(threads_figure(found, points, knees))
    blocks.append(point_table(content, found, points, knees))
    return blocks + exchange_blocks(found, points, knees)


def objectives(content: ReportContent, front: pd.DataFrame) -> list[Objective]:
    """The objectives of a front in the order of the study."""
    units = front.drop_duplicates("item").set_index("item")["unit"]
    order = [code for code in content.header.trade_off if code in units.index]
    order += [str(code) for code in units.index if code not in order]
    found = []
    for code in order:
        divisor, word = shared_scale(front.loc[front["item"] == code, "value"])
        found.append(Objective(code, objective_name(content, code), unit(units[code]), divisor, word))
    return found


def front_figure(
    content: ReportContent, found: Sequence[Objective], points: pd.DataFrame, knees: Sequence[int]
) -> Figure:
    """The front over its first two objectives, the third as colour and size; what costs lies along the bottom."""
    order = sorted(found, key=lambda o: not o.is_less)
    x, y = (order[0], order[1]) if order[0].is_less else (found[1], found[0])
    others = [o for o in found if o not in (x, y)]
    bounds = nice_ticks(points[others[0].code].min(), points[others[0].code].max(), count=4)[:6] if others else []
    grades = [grade(v, bounds) for v in points[others[0].code]] if others else [0] * len(points)
    dots = [
        Dot(u, v, g, str(point) if point in knees else "", "knee" if point in knees else "point")
        for point, u, v, g in zip(points.index, points[x.code], points[y.code], grades, strict=True)
    ]
    plans = _plan_dots(content, x.code, y.code)
    kinds = [("knee", _("knee, with the number of its point"))] if knees else []
    kinds += [("plan", _("plan of a budget"))] if plans else []
    names = [f"{others[0].write(low)}–{others[0].write(high)}" for low, high in pairwise(bounds)]
    title = _("What is traded for what")
    subtitle = _("{y} against {x}; better is {up} and {side}.").format(
        y=y.name[:1].upper() + y.name[1:], x=x.name,
        up=_("lower") if y.is_less else _("higher"), side=_("to the left") if x.is_less else _("to the right"),
    )  # fmt: skip
    if others:
        subtitle += " " + _("Colour and size: {name}.").format(name=others[0].name)
    if not knees:
        subtitle += " " + _("This front has no knee: it does not bulge.")
    caption = Caption("front", title, subtitle)
    wide, narrow = both_widths(
        lambda width: front_chart(
            [*dots, *plans], x.axis(), y.axis(), caption=caption, grades=names, kinds=kinds,
            grade_title=others[0].title if others else "", is_stepped=not others, width=width,
        )
    )  # fmt: skip
    return Figure(title, wide, narrow, subtitle=subtitle)


def _plan_dots(content: ReportContent, x: str, y: str) -> list[Dot]:
    """The plans of the budgets, where both of their values are known."""
    if not content.has("plan_summaries"):
        return []
    summaries, checks = content.table("plan_summaries").set_index("plan_id"), content.table("plan_checks")
    known = {("initial_cost_usd", plan): value for plan, value in summaries["spent_usd"].items()}
    known |= {("npv_usd", plan): value for plan, value in summaries["npv_usd"].items()}
    if len(checks):
        column = "optimiser" if "optimiser" in checks and checks["optimiser"].notna().all() else "whole_plan"
        known |= dict(zip(zip(checks["item"], checks["plan_id"], strict=True), checks[column], strict=True))
    places = [(plan, known.get((x, plan)), known.get((y, plan))) for plan in summaries.index]
    return [
        Dot(float(u), float(v), 0, plan_name(content, plan), "plan")
        for plan, u, v in places
        if u is not None and v is not None and not is_missing(u) and not is_missing(v)
    ]


def threads_figure(found: Sequence[Objective], points: pd.DataFrame, knees: Sequence[int]) -> Figure:
    """All points over all objectives, the knees standing out."""
    threads = [
        Thread(values, _("point {number}").format(number=point) if point in knees else "")
        for point, *values in points.reset_index().itertuples(index=False)
    ]
    subtitle = _("One line for each point of the front; better is to the right on every axis. Knees are in colour.")
    caption = Caption("front-all", _("All objectives side by side"), subtitle)
    axes = [o.axis() for o in found]
    wide, narrow = both_widths(lambda width: threads_chart(axes, threads, caption=caption, width=width))
    return Figure(caption.title, wide, narrow, subtitle=subtitle)


def point_table(content: ReportContent, found: Sequence[Objective], points: pd.DataFrame, knees: Sequence[int]) -> Html:
    """The points, knees first, with their proved gap and what the models say of them."""
    front, chosen = content.table("front"), content.table("front_options")
    whole = front.pivot(index="point_id", columns="item", values="whole") if "whole" in front else points.iloc[:, :0]
    rows = points.assign(
        name=[_("{point}, knee").format(point=point) if point in knees else str(point) for point in points.index],
        rank=[point not in knees for point in points.index],
    )
    if len(chosen):
        rows["options"] = chosen.groupby("point_id").size().reindex(rows.index).fillna(0)
    if "gap" in front:
        rows["gap"] = front.groupby("point_id")["gap"].max()
    columns = [Column("name", _("Point")), Column("options", _("Options"), number, is_number=True)]
    for o in found:
        columns.append(Column(o.code, o.title, o.write, is_number=True))
        if o.code in whole and not o.is_less:  # what options cost is no matter of models
            rows[f"{o.code} whole"] = whole[o.code]
            columns.append(Column(f"{o.code} whole", _("by the models"), o.write, is_number=True))
    columns.append(Column("gap", _("Proved gap"), proved_gap, is_number=True))
    shown = rows.sort_values(["rank"], kind="stable").head(LISTED)
    note = _(
        "Proved gap: by how much at most a plan within the bounds of the point could still exceed it, as a share of an "
        "objective's range. 0% is proved not to be beaten."
    )
    note += _agreement(front)
    if len(rows) > len(shown):
        note += " " + _("{count} more are in the machine-readable results.").format(
            count=number(len(rows) - len(shown))
        )
    return Html(html_table(shown, columns, caption=_("The points of the front")), note)


def _agreement(front: pd.DataFrame) -> str:
    """How near the optimiser's values come to the models over the whole front."""
    known = front[front["whole"].notna()] if "whole" in front else front.iloc[:0]
    if known.empty:
        return ""
    found = known[known["whole"] != 0]
    away = ((found["value"] - found["whole"]) / found["whole"]).abs().max() if len(found) else 0.0
    words = " " + _("Optimiser and models agree within {share}.").format(share=within(float(away)))
    blind = int(((known["whole"] == 0) & (known["value"] != 0)).sum())
    if blind:
        words += " " + _("Not counted are {count} values where the models find nothing and the optimiser does.").format(
            count=number(blind)
        )
    return words


def exchange_blocks(found: Sequence[Objective], points: pd.DataFrame, knees: Sequence[int]) -> list[Any]:
    """From each knee towards more of each objective: what the nearest point gains, and what it gives up."""
    signs = np.array([-1.0 if o.is_less else 1.0 for o in found])
    values = points.to_numpy(np.float64)
    gains = values * signs
    span = np.where(np.ptp(gains, axis=0) > 0, np.ptp(gains, axis=0), 1.0)
    rows = []
    for knee in knees:
        here = list(points.index).index(knee)
        steps = (gains - gains[here]) / span
        distance = np.sqrt((steps**2).sum(axis=1))
        for j, o in enumerate(found):
            better = np.flatnonzero(steps[:, j] > SAME)
            if not len(better):
                continue
            there = int(better[np.argmin(distance[better])])
            change = list(zip(found, values[there] - values[here], steps[there], strict=True))
            rows.append(
                {
                    "knee": str(knee), "towards": _towards(o),
                    "point": str(points.index[there]),
                    "gains": _("; ").join(_change(c, by) for c, by, step in change if step > SAME),
                    "losses": _("; ").join(_change(c, by) for c, by, step in change if step < -SAME),
                }
            )  # fmt: skip
    if not rows:
        return []
    shown = pd.DataFrame(rows).groupby(["knee", "point", "gains", "losses"], sort=False)["towards"].agg(_("; ").join)
    columns = [
        Column("knee", _("From knee")),
        Column("towards", _("Towards")),
        Column("point", _("go to point"), is_number=True),
        Column("gains", _("Gained"), is_long=True),
        Column("losses", _("Given up"), is_long=True),
    ]
    note = _(
        "The point named is the nearest on the front that is better in that objective. Between the points found there "
        "may be others."
    )
    return [Html(html_table(shown.reset_index(), columns, caption=_("What a step from a knee would exchange")), note)]


SAME = 1e-9
"""Steps, as shares of the range of an objective, that count as none."""


def _towards(objective: Objective) -> str:
    return (_("less {name}") if objective.is_less else _("more {name}")).format(name=objective.name)


def _change(objective: Objective, by: float) -> str:
    sign = "+" if by > 0 else "−"
    return _("{name} {amount}").format(name=objective.name, amount=sign + objective.amount(abs(by)))
