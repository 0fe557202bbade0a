"""Points of the exact front and plans of budgets, as a reader moves among them.

A point or a plan has a key ("point-3", "plan-large"). Which point fits best what a reader wishes is found among the
points that were computed; nothing is optimised here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from headwater.appraisal.flows import paid_lines, plan_lines, whole_life
from headwater.appraisal.incidence import incidence
from headwater.budgets import Budget
from headwater.errors import NotFound
from headwater.journey import trade
from headwater.journey.objectives import sense
from headwater.reading import Reading
from headwater.reports.choice import Objective, objectives
from headwater.reports.content import ReportContent
from headwater.reports.plan import plan_name
from headwater.study_views.state import kept
from headwater.words import _, language

POINT, PLAN = "point", "plan"
AGREE = 0.01
"""Difference between the sum of the optimiser and the models, as a share, beyond which a page says so."""

SAME = 1e-9


@dataclass(frozen=True)
class Candidate:
    """A point of the front or a plan.

    Attributes
    ----------
    key
        "point-3" or "plan-large".
    title
        In the current language.
    kind
        "point", "knee" or "plan".
    values, whole
        By objective: what the optimiser reached, and what the models say of it run whole (NaN where they say nothing).
    shares
        By objective: from 0 (the worst of the front) to 1 (the best of it).
    options
        How many options it has.
    gap
        By how much at most another could exceed it, as a share; NaN where not known.
    """

    key: str
    title: str
    kind: str
    values: Mapping[str, float]
    whole: Mapping[str, float]
    shares: Mapping[str, float]
    options: int
    gap: float

    def differs(self, item: str) -> float:
        """By which share the models differ from the sum for an objective; 0 where they agree well enough."""
        value, whole = self.values.get(item, math.nan), self.whole.get(item, math.nan)
        if math.isnan(value) or math.isnan(whole):
            return 0.0
        away = abs(whole - value) / max(abs(value), SAME)
        return away if away > AGREE else 0.0


@dataclass(frozen=True)
class Wishes:
    """What a reader wishes: weights (0-100) and bounds by objective; a bound is the least of it, of a cost the most."""

    weights: Mapping[str, float] = field(default_factory=dict)
    bounds: Mapping[str, float] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is wished."""
        return not self.weights and not self.bounds


@dataclass(frozen=True)
class Answer:
    """What the front answers to wishes.

    Attributes
    ----------
    best
        Key of the point that fits best; None where there is no front.
    reached
        Keys of the points within the bounds.
    short
        Where no point is within the bounds: by how much the nearest misses each.
    """

    best: str | None
    reached: frozenset[str]
    short: Mapping[str, float] = field(default_factory=dict)


def goals(content: ReportContent) -> list[Objective]:
    """The objectives of the front, in the order of the study."""
    return list(objectives(content, content.table("front"))) if content.has("front") else []


def candidates(reading: Reading) -> dict[str, Candidate]:
    """Points of the front along its first objective, then the plans by rising budget, by key."""
    return kept(reading, ("candidates", language()), lambda: _candidates(reading.content))


def _candidates(content: ReportContent) -> dict[str, Candidate]:
    found = [*_points(content), *_plans(content)]
    return {candidate.key: candidate for candidate in found}


def _points(content: ReportContent) -> list[Candidate]:
    if not content.has("front"):
        return []
    front = content.table("front")
    values, whole = (front.pivot(index="point_id", columns="item", values=column) for column in ("value", "whole"))
    codes = [goal.code for goal in goals(content)]
    along = next((code for code in codes if sense(code) < 0), codes[0])
    values = values[codes].sort_values([along, *[code for code in codes if code != along]], kind="stable")
    shares = _shares(values, values)
    knees = set(front.loc[front["is_knee"].astype(bool), "point_id"])
    gaps = front.groupby("point_id")["gap"].max()
    counts = content.table("front_options").groupby("point_id").size() if content.has("front_options") else pd.Series()
    made = []
    for point in map(int, values.index):
        key, kind = f"{POINT}-{point}", "knee" if point in knees else "point"
        reached, models, along_each = (_by_item(frame, point) for frame in (values, whole, shares))
        count, gap = int(counts.get(point, 0)), float(gaps.get(point, math.nan))
        made.append(Candidate(key, point_title(content, key), kind, reached, models, along_each, count, gap))
    return made


def _by_item(frame: pd.DataFrame, row: object) -> dict[str, float]:
    """A row of numbers by column."""
    cells = frame[frame.index == row].to_dict("records")
    return {str(code): float(value) for code, value in cells[0].items()} if cells else {}


def _plans(content: ReportContent) -> list[Candidate]:
    if not content.has("plan_summaries"):
        return []
    summaries, checks = content.table("plan_summaries").sort_values("budget_usd"), content.table("plan_checks")
    front = content.table("front")
    base = front.pivot(index="point_id", columns="item", values="value") if len(front) else pd.DataFrame()
    found = []
    for row in summaries.to_dict("records"):
        plan = str(row["plan_id"])
        mine = checks[checks["plan_id"] == plan] if len(checks) else checks
        values = {"initial_cost_usd": float(row["spent_usd"]), "npv_usd": float(row["npv_usd"])}
        models: dict[str, float] = {}
        if len(mine):
            values |= dict(
                zip(mine["item"], mine["optimiser"].fillna(mine["sum_of_options"]).astype(float), strict=True)
            )
            models = dict(zip(mine["item"], mine["whole_plan"].astype(float), strict=True))
        place = pd.DataFrame([values], index=[plan]).reindex(columns=base.columns)
        shares = _by_item(_shares(place, base), plan) if len(base) else {}
        title = _("Plan “{name}”").format(name=plan_name(content, plan))
        count, gap = int(row["options"]), float(row["gap"])
        found.append(Candidate(f"{PLAN}-{plan}", title, PLAN, values, models, shares, count, gap))
    return found


def _shares(values: pd.DataFrame, base: pd.DataFrame) -> pd.DataFrame:
    """How far along the range of `base` each value lies, better towards 1."""
    signs = pd.Series({code: float(sense(str(code))) for code in base.columns})
    gains, known = values * signs, base * signs
    span = (known.max() - known.min()).replace(0.0, np.nan)
    return ((gains - known.min()) / span).fillna(1.0)


def point_title(content: ReportContent, key: str) -> str:
    """A point or a plan in words."""
    kind, _dash, name = key.partition("-")
    if kind == PLAN:
        return _("Plan “{name}”").format(name=plan_name(content, name))
    return _("Point {number}").format(number=name)


def answer(content: ReportContent, wishes: Wishes) -> Answer:
    """The point of the front that fits wishes best.

    Of the points within the bounds, the one with the largest weighted sum of how far along its range each objective is;
    every objective counts alike where no weight is given. Where no point is within the bounds, the nearest.
    """
    if not content.has("front"):
        return Answer(None, frozenset())
    front = content.table("front")
    values = front.pivot(index="point_id", columns="item", values="value")
    signs = pd.Series({code: float(sense(str(code))) for code in values.columns})
    bounds = pd.Series({code: bound for code, bound in wishes.bounds.items() if code in values}, dtype=float)
    known = list(bounds.index)
    missed = (bounds * signs[known] - values[known] * signs[known]).clip(lower=0.0)
    span = ((values.max() - values.min()) * 1.0).replace(0.0, 1.0)
    within = (missed <= SAME * span[known]).all(axis=1)
    if not within.any():
        far = (missed / span[known]).max(axis=1)
        nearest = int(str(far.idxmin()))
        short = {code: value for code, value in _by_item(missed, nearest).items() if value > 0}
        return Answer(f"{POINT}-{nearest}", frozenset(), short)
    weights = pd.Series({code: wishes.weights.get(code, 0.0) for code in values.columns})
    if weights.sum() <= 0:
        weights[:] = 1.0
    score = (_shares(values, values) * weights).sum(axis=1)[within]
    return Answer(f"{POINT}-{score.idxmax()}", frozenset(f"{POINT}-{point}" for point in within.index[within]))


def give_up(content: ReportContent, bounds: Mapping[str, float]) -> pd.DataFrame:
    """Points that reach bounds, the least given up first, with what each lacks of the best of the others.

    Where none does, the nearest. Columns are point_id, the objectives, and the amounts given up or short.
    """
    found = trade.give_up(content.table("front"), dict(bounds))
    return next(iter(found.values()))


def chosen_options(content: ReportContent, key: str) -> pd.DataFrame:
    """Options of a point or a plan: option_id, start_year.

    Raises
    ------
    NotFound
        If there is no such point or plan.
    """
    kind, _dash, name = key.partition("-")
    table, column = ("front_options", "point_id") if kind == POINT else ("plans", "plan_id")
    rows = content.table(table)
    mine = rows[rows[column].astype(str) == name] if len(rows) else rows
    known = content.table("front" if kind == POINT else "plan_summaries")
    if kind not in {POINT, PLAN} or known.empty or not (known[column].astype(str) == name).any():
        raise NotFound(_("There is no point or plan {name}.").format(name=key))
    return mine[["option_id", "start_year"]] if len(mine) else pd.DataFrame({"option_id": [], "start_year": []})


def as_plan(reading: Reading, key: str) -> ReportContent:
    """The report's content with one point or plan as its only plan, so that every chapter can speak of it.

    Who gains and who pays, and the yearly money, are computed for a point of the front from the same lines as for a
    plan.
    """
    return kept(reading, ("as plan", key, language()), lambda: _as_plan(reading, key))


def _as_plan(reading: Reading, key: str) -> ReportContent:
    content, header = reading.content, reading.content.header
    chosen = chosen_options(content, key)
    name = key.partition("-")[2]
    if key.startswith(PLAN):
        budget = next((b for b in header.budgets if b.plan_id == name), Budget(name, 0.0, {"en": name}))
        tables = {table: _only(content.table(table), name) for table in ONE_PLAN}
    else:
        largest = max(header.budgets, key=lambda b: b.amount_usd)
        budget = replace(largest, plan_id=key, name={"en": f"Point {name}", "zh": f"点 {name}"})
        tables = _point_tables(reading, key, chosen, budget)
    return replace(content, header=replace(header, budgets=(budget,)), tables={**content.tables, **tables})


ONE_PLAN = (
    "plans", "plan_summaries", "plan_checks", "cash_flows", "incidence", "npv_samples", "npv_distribution",
    "sensitivities", "jobs", "finance_flows", "finance_summaries", "fiscal_profile", "risk_allocation",
    "delivery_comparison",
)  # fmt: skip
"""Results that have rows for every plan."""


def _only(table: pd.DataFrame, plan_id: str) -> pd.DataFrame:
    return table[table["plan_id"] == plan_id] if "plan_id" in table else table


def _point_tables(reading: Reading, key: str, chosen: pd.DataFrame, budget: Budget) -> dict[str, pd.DataFrame]:
    content, header = reading.content, reading.content.header
    options, appraisals = content.table("options"), content.table("appraisals")
    cost = options.set_index("option_id")["initial_cost_usd"]
    worth = appraisals.set_index("option_id")["npv_usd"] if len(appraisals) else pd.Series(dtype=float)
    rows = chosen.assign(
        plan_id=key, initial_cost_usd=chosen["option_id"].map(cost).astype(float),
        objective_value=chosen["option_id"].map(worth).astype(float),
    )  # fmt: skip
    empty = {table: content.table(table).iloc[:0] for table in ONE_PLAN}
    candidate = candidates(reading)[key]
    summary = pd.DataFrame(
        {
            "plan_id": [key], "budget_usd": [budget.amount_usd], "objective": [header.objective],
            "objective_value": [candidate.values.get(header.objective, math.nan)], "bound": [math.nan],
            "gap": [candidate.gap], "spent_usd": [rows["initial_cost_usd"].sum()],
            "npv_usd": [candidate.values.get("npv_usd", math.nan)], "options": [len(rows)],
            "status": ["optimal"], "rounds": [1],
        }
    )  # fmt: skip
    return empty | {"plans": rows, "plan_summaries": summary} | _money(reading, key, chosen)


def _money(reading: Reading, key: str, chosen: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Tables `cash_flows` and `incidence` of chosen options."""
    content, header, tables = reading.content, reading.content.header, reading.study.tables
    options, effects = content.table("options"), content.table("effects")
    if chosen.empty or not header.gives("discount_rate"):
        return {}
    starts = chosen.set_index("option_id")["start_year"].astype("int64")
    flows = tables["flows"]
    lines = whole_life(
        options[options["option_id"].isin(starts.index)], effects[effects["option_id"].isin(starts.index)],
        flows[flows["option_id"].isna() | flows["option_id"].isin(starts.index)], tables["unit_values"],
        base_year=header.base_year, horizon_year=header.horizon_year, start_year=starts,
        benefit_growth=float(header.value("benefit_growth")),
    )  # fmt: skip
    paid = paid_lines(lines, key)
    made = {"cash_flows": plan_lines(lines, key)}
    if len(paid):
        made["incidence"] = incidence(
            paid, base_year=header.base_year, discount_rate=float(header.value("discount_rate")),
            groups=tables["groups"], elasticity=header.optional("equity_elasticity"),
        )  # fmt: skip
    return made


def robustness(content: ReportContent, key: str) -> pd.DataFrame:
    """How the options of a point or a plan hold up over the futures: class, options, initial_cost_usd, share.

    Options that no best plan of any future has are of the class "regret".
    """
    chosen, table = chosen_options(content, key), content.table("robust_options")
    if table.empty or chosen.empty:
        return pd.DataFrame({"class": [], "options": [], "initial_cost_usd": [], "share": []})
    known = table.set_index("option_id")["class"]
    cost = content.table("options").set_index("option_id")["initial_cost_usd"]
    rows = chosen.assign(
        **{"class": chosen["option_id"].map(known).fillna("regret")}, initial_cost_usd=chosen["option_id"].map(cost)
    )
    sums = rows.groupby("class").agg(options=("option_id", "size"), initial_cost_usd=("initial_cost_usd", "sum"))
    sums["share"] = sums["options"] / sums["options"].sum()
    order = [code for code in ("no_regret", "contingent", "regret") if code in sums.index]
    return sums.loc[order].reset_index()


def beside(found: Sequence[Candidate], goals_of: Sequence[Objective]) -> dict[str, str]:
    """Of each objective, the key of the candidate that is best in it; of no objective where all are the same."""
    best = {}
    for goal in goals_of:
        values = {c.key: c.values[goal.code] * sense(goal.code) for c in found if goal.code in c.values}
        if len({round(value, 6) for value in values.values()}) > 1:
            best[goal.code] = max(values, key=lambda key: values[key])
    return best


@dataclass(frozen=True)
class Exchange:
    """A step from one point to the nearest that is better in an objective: what it gains and gives up, in words."""

    towards: str
    key: str
    title: str
    gained: Sequence[str]
    lost: Sequence[str]


def exchanges(found: Sequence[Candidate], here: Candidate, targets: Sequence[Objective]) -> list[Exchange]:
    """From a point towards more of each objective: the nearest point of the front that is better in it.

    Parameters
    ----------
    found
        Points and plans; plans are passed over.
    here
        Where the steps begin.
    targets
        The objectives.
    """
    made = []
    others = [c for c in found if c.kind != PLAN and c.key != here.key]
    for goal in targets:
        better = [c for c in others if c.shares[goal.code] > here.shares[goal.code] + SAME]
        if not better:
            continue
        nearest = min(better, key=lambda c: sum((c.shares[g.code] - here.shares[g.code]) ** 2 for g in targets))
        gained: list[str] = []
        lost: list[str] = []
        for other in targets:
            step = nearest.shares[other.code] - here.shares[other.code]
            change = nearest.values[other.code] - here.values[other.code]
            words = f"{other.name} {'+' if change > 0 else '−'}{other.amount(abs(change))}"
            if abs(step) > SAME:
                (gained if step > 0 else lost).append(words)
        towards = (_("less {name}") if goal.is_less else _("more {name}")).format(name=goal.name)
        made.append(Exchange(towards, nearest.key, nearest.title, gained, lost))
    return made
