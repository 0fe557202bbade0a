"""The plan explorer and plans side by side: the state is the address, so that it can be kept, shared and reloaded."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup
from starlette.responses import RedirectResponse, Response

from headwater.journey.objectives import sense
from headwater.reading import Reading
from headwater.reports.business import incidence_blocks
from headwater.reports.choice import Objective, timeline_blocks
from headwater.reports.content import both_widths
from headwater.reports.figures import Caption
from headwater.reports.labels import option_class
from headwater.reports.numbers import currency_name, is_missing, percent, proved_gap, rounded
from headwater.reports.svg import nice_ticks
from headwater.reports.tradeoff_figures import Thread, threads_chart
from headwater.study_views import downloads, points, sketches
from headwater.study_views.places import layer_of
from headwater.study_views.points import Answer, Candidate, Wishes
from headwater.study_views.side_by_side import MOST, comparison
from headwater.study_views.state import kept
from headwater.web.languages import _, plain
from headwater.web.pages_entries import json_for_page
from headwater.web.pages_study_map import layer_sketch
from headwater.web.study_visits import StudyVisit, opened, render_study
from headwater.web.visits import Visit
from headwater.words import language

LISTED = 10
"""Options of a point that are listed; all of them are in its files."""

Pairs = list[tuple[str, str]]


@dataclass(frozen=True)
class State:
    """What an address of the explorer says: wishes, what is pinned, and what is looked at ("" for what fits best)."""

    wishes: Wishes
    pins: Sequence[str]
    key: str

    def pairs(self, *, pins: Sequence[str] | None = None, wishes: bool = True) -> Pairs:
        """The parameters of an address for this state."""
        made: Pairs = []
        if wishes:
            made += [(f"w.{code}", f"{value:g}") for code, value in self.wishes.weights.items()]
            made += [(f"b.{code}", f"{value:.10g}") for code, value in self.wishes.bounds.items()]
        return made + [("pin", pin) for pin in (self.pins if pins is None else pins)]


@dataclass(frozen=True)
class Wish:
    """What the form asks of one objective: its weight, and bounds to choose from (value, words, is chosen)."""

    goal: Objective
    weight: float
    bounds: Sequence[tuple[str, str, bool]]
    is_less: bool


def explorer(visit: Visit) -> Response:
    """The front and the plans, and one of them whole."""
    study = opened(visit)
    reading = study.reading
    known = {} if reading.faults else points.candidates(reading)
    if not known:
        return render_study(
            study, "study_explorer.html", title=_("Plan explorer"), section="plan-explorer", chapter="plan-explorer",
            current=None,
        )  # fmt: skip
    goals = points.goals(reading.content)
    state = read_state(visit, known, [goal.code for goal in goals])
    fit = points.answer(reading.content, state.wishes)
    key = state.key or fit.best or next(iter(known))
    current = known[key]
    made = render_study(
        study,
        "study_explorer.html",
        title=_("Plan explorer"),
        section="plan-explorer",
        chapter="plan-explorer",
        current=current,
        goals=goals,
        state=state,
        fit=fit,
        is_best=key == fit.best and not state.wishes.is_empty,
        fronts=[c for c in known.values() if c.kind != "plan"],
        plans=[c for c in known.values() if c.kind == "plan"],
        wishes=[wish(reading, goal, state.wishes) for goal in goals],
        move=lambda to: study.at(f"plan-explorer/{to}", state.pairs()),
        pin=lambda to: study.at(
            f"plan-explorer/{key}",
            state.pairs(pins=[p for p in state.pins if p != to] if to in state.pins else [*state.pins, to]),
        ),
        pins=[known[pin] for pin in state.pins],
        pairs=state.pairs(),
        apart=[goal.name for goal in goals if current.differs(goal.code)],
        compare_link=study.at("compare", [("with", one) for one in dict.fromkeys([key, *state.pins])]),
        compared=len({key, *state.pins}),
        drawing=drawing(study, known, goals, state, fit, key),
        threads=threads(reading, goals, known, current),
        front_json=json_for_page(front_data(study, known, goals)),
        address=study.at(f"plan-explorer/{key}", state.pairs()),
        proved_gap=proved_gap,
        percent=percent,
        bar=sketches.reach_bar,
        **whole(reading, current, goals, state),
    )
    if visit.is_live:
        made.headers["hx-push-url"] = study.at(f"plan-explorer/{key}", state.pairs())
    return made


def step(visit: Visit) -> Response:
    """On to a place along the front, for the slider of a page without JavaScript."""
    study = opened(visit)
    known = {} if study.reading.faults else points.candidates(study.reading)
    fronts = [key for key, candidate in known.items() if candidate.kind != "plan"]
    state = read_state(visit, known, [goal.code for goal in points.goals(study.reading.content)] if known else [])
    asked = visit.value("place", "1")
    number = min(max(int(asked), 1), len(fronts)) if asked.isdigit() and len(asked) < 6 else 1
    path = f"plan-explorer/{fronts[number - 1]}" if fronts else "plan-explorer"
    return RedirectResponse(study.at(path, state.pairs()), status_code=303)


def read_state(visit: Visit, known: Mapping[str, Candidate], codes: Sequence[str]) -> State:
    """What the address says; what it says wrongly is left out."""
    weights, bounds = {}, {}
    for code in codes:
        weight, bound = _number(visit.value(f"w.{code}")), _number(visit.value(f"b.{code}"))
        if weight is not None:
            weights[code] = min(max(weight, 0.0), 100.0)
        if bound is not None:
            bounds[code] = bound
    if all(weight == 50 for weight in weights.values()):
        weights = {}
    pins = [pin for pin in visit.values("pin") if pin in known][:MOST]
    key = visit.part("key")
    return State(Wishes(weights, bounds), pins, key if key in known else "")


def _number(words: str) -> float | None:
    try:
        value = float(words)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def wish(reading: Reading, goal: Objective, wishes: Wishes) -> Wish:
    """What the form asks of an objective: bounds at round values over the range of the front."""
    table = reading.content.table("front")
    values = table.loc[table["item"] == goal.code, "value"]
    ticks = [tick for tick in nice_ticks(float(values.min()), float(values.max()), count=8) if tick <= values.max()]
    is_less = sense(goal.code) < 0
    chosen = wishes.bounds.get(goal.code)
    steps = sorted({*ticks, *([chosen] if chosen is not None else [])}, reverse=is_less)
    steps = [tick for tick in steps if tick == chosen or values.min() < tick <= values.max()]
    words = _("at most {amount}") if is_less else _("at least {amount}")
    return Wish(
        goal,
        wishes.weights.get(goal.code, 50.0),
        [(f"{tick:.10g}", plain(words.format(amount=goal.amount(tick))), tick == chosen) for tick in steps],
        is_less,
    )


def drawing(
    study: StudyVisit, known: Mapping[str, Candidate], goals: Sequence[Objective], state: State, fit: Answer, key: str
) -> Markup:
    """The front over two objectives: what costs lies along the bottom."""
    if len(goals) < 2:
        return Markup("")
    order = sorted(goals, key=lambda goal: sense(goal.code) > 0)
    x, y = order[0], next(goal for goal in goals if goal is not order[0])
    places = [
        sketches.Place(
            c.key, c.values[x.code], c.values[y.code],
            f"{c.title}: {x.name} {x.amount(c.values[x.code])}, {y.name} {y.amount(c.values[y.code])}",
            study.at(f"plan-explorer/{c.key}", state.pairs()), c.kind, c.key == key,
            bool(state.wishes.bounds) and c.kind != "plan" and c.key not in fit.reached,
        )
        for c in known.values()
        if not is_missing(c.values.get(x.code)) and not is_missing(c.values.get(y.code))
    ]  # fmt: skip
    return sketches.front_sketch(places, x, y) if places else Markup("")


def threads(
    reading: Reading, goals: Sequence[Objective], known: Mapping[str, Candidate], current: Candidate
) -> tuple[Markup, Markup]:
    """All points over all objectives, the one that is looked at standing out."""
    if len(goals) < 2:
        return Markup(""), Markup("")

    def make() -> tuple[Markup, Markup]:
        lines = [
            Thread([c.values.get(goal.code, math.nan) for goal in goals], c.title if c.key == current.key else "")
            for c in known.values()
            if c.kind != "plan" or c.key == current.key
        ]
        title = plain(_("All objectives side by side; better is to the right"))
        caption = Caption("threads", title)
        axes = [goal.axis() for goal in goals]
        return both_widths(lambda width: threads_chart(axes, lines, caption=caption, width=width))

    return kept(reading, ("threads", current.key, language()), make)


def whole(reading: Reading, current: Candidate, goals: Sequence[Objective], state: State) -> dict[str, Any]:
    """Everything about the point or plan that is looked at; kept while nothing is bounded."""
    if state.wishes.bounds:
        return _whole(reading, current, goals, state)
    key = ("whole", current.key, language())
    return kept(reading, key, lambda: _whole(reading, current, goals, state))


def _whole(reading: Reading, current: Candidate, goals: Sequence[Objective], state: State) -> dict[str, Any]:
    content = reading.content
    alone = points.as_plan(reading, current.key)
    plan_id = str(alone.header.budgets[0].plan_id)
    options = downloads.option_table(reading, current.key)
    classes = points.robustness(content, current.key)
    front = content.table("front")
    exchange: list[Any] = []
    given: Mapping[str, Any] = {}
    if state.wishes.bounds and len(front):
        given = give_up_rows(reading, goals, state.wishes)
    elif current.kind != "plan" and goals:
        exchange = points.exchanges(list(points.candidates(reading).values()), current, goals)
    return {
        "options": options.head(LISTED).to_dict("records"),
        "option_count": len(options),
        "timeline": timeline_blocks(alone),
        "parties": incidence_blocks(alone, plan_id),
        "classes": [(option_class(str(row["class"])), row) for row in classes.to_dict("records")],
        "exchange": exchange,
        "given": given,
        "files": downloads.offers_of(current.key),
        "currency": currency_name(content.header.currency),
        "rounded": rounded,
    }


def give_up_rows(reading: Reading, goals: Sequence[Objective], wishes: Wishes) -> Mapping[str, Any]:
    """What reaching the bounds would cost in the other objectives: whether any point does, and the first few."""
    bounds = {code: bound for code, bound in wishes.bounds.items() if any(goal.code == code for goal in goals)}
    table = points.give_up(reading.content, bounds)
    lost = [column for column in table.columns if column not in {"point_id", *[goal.code for goal in goals]}]
    is_reached = bool(points.answer(reading.content, wishes).reached)
    rows = []
    for row in table.head(5).to_dict("records"):
        cells = []
        for goal in goals:
            amount = next((row[column] for column in lost if column.endswith(goal.code)), None)
            cells.append((goal.write(row[goal.code]), "" if amount is None or amount <= 0 else goal.amount(amount)))
        rows.append(
            (
                f"{points.POINT}-{int(row['point_id'])}",
                points.point_title(reading.content, f"point-{int(row['point_id'])}"),
                cells,
            )
        )
    return {"rows": rows, "is_reached": is_reached}


def front_data(study: StudyVisit, known: Mapping[str, Candidate], goals: Sequence[Objective]) -> dict[str, Any]:
    """The front as plain data, so that a page that was kept as a file can find the best point by itself."""
    return {
        "senses": {goal.code: sense(goal.code) for goal in goals},
        "points": [
            {"key": c.key, "href": study.at(f"plan-explorer/{c.key}"),
             "v": {goal.code: round(c.values[goal.code], 4) for goal in goals}}
            for c in known.values() if c.kind != "plan"
        ],
    }  # fmt: skip


def point_map(visit: Visit) -> Response:
    """Where a point or a plan acts, as a drawing."""
    study = opened(visit)
    key = visit.part("key")
    points.chosen_options(study.reading.content, key)
    return render_study(
        study, "study_point_map.html", title=points.point_title(study.reading.content, key), section="plan-explorer",
        chapter="", layer=layer_of(study.reading, key), picture=layer_sketch(study.reading, key),
        back=study.at(f"plan-explorer/{key}"), interactive=study.at("map", {"layer": key}),
    )  # fmt: skip


def compare(visit: Visit) -> Response:
    """Points and plans side by side."""
    study = opened(visit)
    known = {} if study.reading.faults else points.candidates(study.reading)
    asked = [key for key in visit.values("with") if key in known][:MOST]
    keys = asked or [key for key, candidate in known.items() if candidate.kind == "plan"][:MOST] or list(known)[:2]
    return render_study(
        study,
        "study_compare.html",
        title=_("Compare plans"),
        section="compare",
        chapter="compare",
        found=[known[key] for key in keys],
        parts=comparison(study.reading, keys) if keys else [],
        more=[c for c in known.values() if c.key not in keys],
        without=lambda key: study.at("compare", [("with", other) for other in keys if other != key]),
        keys=keys,
        most=MOST,
    )
