"""The chapter on trade-offs and robustness, from tables worked out by hand."""

from __future__ import annotations

import dataclasses
import re
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater.budgets import Budget, Future
from headwater.reports.choice import choice, exchange_blocks, objectives
from headwater.reports.content import Figure, Html, Note, Prose, ReportContent, Section
from headwater.reports.figures import NARROW, WIDE, Caption
from headwater.reports.futures import condition
from headwater.reports.plan import check_table, plan_table
from headwater.reports.svg import text_width
from headwater.reports.timeline import Lane, Span, Spending, period_chart, span_chart
from headwater.reports.tradeoff_figures import Axis, Dot, Thread, class_bars, front_chart, graded_table, threads_chart
from headwater.schema import load_schema
from headwater.words import speaking

HERE = Caption("here", "A title", "A sentence.")
NAN = float("nan")
HOSTILE = "<script>alert('x')</script>"
FUTURES = (
    Future("base", {"en": "As assumed", "zh": "按假设"}, 0.5),
    Future("mild", {"en": HOSTILE}, 0.5, factors={"avoided_damage": 0.6}, bound="low"),
)


@pytest.fixture
def chosen(content: ReportContent) -> ReportContent:
    """The study of two towns with start years, a front of three points over two objectives, and two futures."""
    header = dataclasses.replace(
        content.header, start_years=(2026, 2030), trade_off=("npv_usd", "initial_cost_usd"), futures=FUTURES,
        budgets=(Budget("small", 1e6, {"en": "Small", "zh": "小额"}),
                 Budget("large", 5e6, {"en": "Large", "zh": "大额"}, amounts_usd=(1e6, 4e6))),
    )  # fmt: skip
    return dataclasses.replace(content, header=header, tables={**content.tables, **choice_tables()})


def choice_tables() -> dict[str, pd.DataFrame]:
    """Point 2 is the knee: half the cost of point 3 for three quarters of its worth."""
    plans = pd.DataFrame(
        {"plan_id": ["small", "large", "large"], "option_id": ["o1", "o1", "p1"], "start_year": [2026, 2026, 2030],
         "initial_cost_usd": [8e5, 8e5, 2e6], "objective_value": [3e6, 3e6, 1e6]}
    )  # fmt: skip
    values = {"npv_usd": ("USD", [1e6, 3e6, 4e6]), "initial_cost_usd": ("USD", [5e5, 1e6, 2e6])}
    front = pd.concat(
        pd.DataFrame(
            {"point_id": [1, 2, 3], "item": item, "unit": unit, "value": value, "epsilon": NAN, "gap": [0.0, 0.0, 2e-5],
             "whole": [v * (1.01 if item == "npv_usd" else 1) for v in value], "is_knee": [False, True, False]}
        )
        for item, (unit, value) in values.items()
    )  # fmt: skip
    rules = ["expected", "maximin", "minimax_regret", "base", "mild"]
    regret = {"base": [0.0, 2e6, 1e6, 0.0, 2e6], "mild": [1e6, 0.0, 1e6, 1e6, 0.0]}
    robustness = pd.DataFrame(
        [(r, f, 5e6 - v, v, 0.0) for f, row in regret.items() for r, v in zip(rules, row, strict=True)],
        columns=["rule", "future_id", "value", "regret", "gap"],
    )
    robust_options = pd.DataFrame(
        {"option_id": ["o1", "p1", "o2"], "share_of_futures": [1.0, 0.5, 0.0],
         "class": ["no_regret", "contingent", "regret"], "first_year": [2026, 2030, 2026],
         "last_year": [2026, 2030, 2026], "in_expected": [True, True, False], "in_maximin": True,
         "in_minimax_regret": [True, False, True]}
    )  # fmt: skip
    pathways = pd.DataFrame(
        {"option_id": ["o1", "p1", "o2"], "signpost": ["", "factor.avoided_damage", ""], "threshold": [NAN, 0.8, NAN],
         "direction": [None, "above", None], "decide": ["now", "watch", "never"],
         "first_year": pd.array([2026, 2030, None], "Int64")}
    )  # fmt: skip
    interactions = pd.DataFrame(
        {"interaction_id": ["k1", "k2"], "item": "npv_usd", "option_ids": ["o1;p1", "o1;o2"], "unit": "USD",
         "amount": [-2e5, 0.0], "origin": "model", "plan_id": None}
    )  # fmt: skip
    options = pd.DataFrame({"point_id": [1, 2, 2, 3], "option_id": ["o1", "o1", "o2", "p1"], "start_year": 2026})
    return {
        "plans": plans, "front": front, "front_options": options, "robustness": robustness,
        "robust_options": robust_options, "pathways": pathways, "interactions": interactions,
    }  # fmt: skip


def html_of(section: Section) -> str:
    """Everything a section shows."""
    return " ".join(words_of_block(block) for block in section.blocks)


def words_of_block(block: Any) -> str:
    if isinstance(block, Figure):
        return " ".join([block.title, block.subtitle, block.wide, block.narrow, block.data])
    if isinstance(block, Html):
        return f"{block.html} {block.note}"
    if isinstance(block, Prose):
        return " ".join(block.paragraphs)
    assert isinstance(block, Note)
    return block.words


def figure(section: Section, start: str) -> Figure:
    return next(b for b in section.blocks if isinstance(b, Figure) and b.title.startswith(start))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_chapter_in_both_languages(chosen: ReportContent, language: str) -> None:
    with speaking(language):
        section = choice(chosen)
    html = html_of(section)
    assert section.name == "choice"
    assert not re.search(r"\b(nan|None|NaT|<NA>|inf)\b", html)
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    drawn = [b for b in section.blocks if isinstance(b, Figure)]
    assert len(drawn) == 5  # two timelines, the front, regret, options
    assert all(b.wide and b.narrow for b in drawn)
    names = re.findall(r'<svg[^>]*aria-labelledby="(\S+)', html)
    assert len(names) == len(set(names)) == 10


def test_every_column_is_of_its_schema() -> None:
    for name, table in choice_tables().items():
        assert set(table) <= set(load_schema(name).index)


def test_timeline_by_hand(chosen: ReportContent) -> None:
    section = choice(chosen)
    large = figure(section, "Timeline of the plan “Large”")
    assert large.subtitle.startswith("Options chosen: 2. Spent: 2.8 million USD of 5 million USD.")
    assert large.wide.count('<rect class="bar s1"') == 2
    assert ">800,000<" in large.wide
    assert ">2 million<" in large.wide
    assert large.wide.index("Drain road") < large.wide.index("&lt;script")  # the earlier start stands first
    assert 'scope="row">Drain road' in large.data


def test_many_options_are_grouped_by_measure_and_start_year(chosen: ReportContent) -> None:
    ids = [f"x{i}" for i in range(20)]
    options = chosen.tables["options"].iloc[[0] * 20].assign(option_id=ids, name=ids, name_zh=ids)
    plans = pd.DataFrame(
        {"plan_id": "large", "option_id": ids, "start_year": [2026] * 15 + [2030] * 5, "initial_cost_usd": 1e5}
    )
    content = dataclasses.replace(chosen, tables={**chosen.tables, "options": options, "plans": plans})
    drawn = figure(choice(content), "Timeline")
    assert ">15 · 1.5<" in drawn.wide
    assert ">5 · 0.5<" in drawn.narrow
    assert "million USD" in drawn.wide
    assert re.search(r"Drainage</th><td class=\"num\">15</td><td class=\"num\">1.5 million</td>", drawn.data)


def test_front_marks_its_knee_and_the_plans(chosen: ReportContent) -> None:
    front = figure(choice(chosen), "What is traded")
    assert front.wide.count('class="scale"') == 2  # the knee and its key
    assert 'class="over strong">2</text>' in front.wide
    assert ">Large</text>" in front.wide
    assert "Net present value against investment; better is higher and to the left." in front.subtitle
    assert front.wide.count('class="curve s6 dash1"') == 1  # two objectives: a stepped line


def test_points_are_listed_knees_first(chosen: ReportContent) -> None:
    html = html_of(choice(chosen))
    table = html[html.index("The points of the front") :]
    assert table.index("2, knee") < table.index('scope="row">1<') < table.index('scope="row">3<')
    assert "Optimiser and models agree within 1%." in table
    assert "≤ 0.01%" in table


def test_exchanges_from_the_knee(chosen: ReportContent) -> None:
    front = chosen.tables["front"]
    found = objectives(chosen, front)
    points = front.pivot(index="point_id", columns="item", values="value")[[o.code for o in found]]
    (block,) = exchange_blocks(found, points, [2])
    rows = re.findall(r"<tr>(<th scope=\"row\">.*?)</tr>", block.html)
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in rows]
    assert cells == [
        ["2", "more net present value", "3", "net present value +1 million USD", "investment +1 million USD"],
        ["2", "less investment", "1", "investment −500,000 USD", "net present value −2 million USD"],
    ]


def test_three_objectives_have_grades_and_threads(chosen: ReportContent) -> None:
    front = chosen.tables["front"]
    hours = front[front["item"] == "npv_usd"].assign(
        item="user_hours_lost_per_yr.hospital", unit="person-hours/yr", value=[100.0, 40.0, 20.0], whole=NAN
    )
    header = dataclasses.replace(chosen.header, trade_off=(*chosen.header.trade_off, hours["item"].iloc[0]))
    tables = {**chosen.tables, "front": pd.concat([front, hours])}
    section = choice(dataclasses.replace(chosen, header=header, tables=tables))
    assert "Colour and size: hours without service avoided: a hospital." in figure(section, "What is traded").subtitle
    threads = figure(section, "All objectives")
    assert threads.wide.count('class="lines faint"') == 2
    assert threads.wide.count('class="curve s1 dash1"') == 2  # the knee and its key
    assert "curve s6" not in figure(section, "What is traded").wide


def test_regret_by_hand(chosen: ReportContent) -> None:
    regret = figure(choice(chosen), "Regret")
    cells = re.findall(r'class="area (\w+)"', regret.wide)
    assert cells[:9] == ["zero", "c3", "c3", "c5", "zero", "c5", "c3", "c3", "c3"]
    assert "Net present value (million USD)" in regret.subtitle
    assert regret.wide.count(">best in: As assumed<") == 1
    assert ">largest<" in regret.wide


def test_pathways_join_options_with_one_answer(chosen: ReportContent) -> None:
    html = html_of(choice(chosen))
    table = html[html.index("What to begin now") :]
    assert table.index("Begin now") < table.index("Watch, then decide") < table.index("Leave out")
    assert "factor on avoided damage above 0.8" in table


def test_empty_states_say_what_to_add(content: ReportContent) -> None:
    notes = [b.words for b in choice(content).blocks if isinstance(b, Note)]
    assert len(notes) == 3
    assert "start_years under [timing]" in notes[0]
    assert "objectives.trade_off" in notes[1]
    assert "[[futures]]" in notes[2]


def test_nothing_computed_yet(chosen: ReportContent) -> None:
    bare = dataclasses.replace(chosen, tables={})
    notes = [b.words for b in choice(bare).blocks if isinstance(b, Note)]
    assert notes[0].startswith("No plan was made")
    assert notes[1].startswith("The front was not computed.")
    assert notes[2].startswith("No plan was tried in these futures.")


def test_checks_say_how_near_sum_and_models_are(content: ReportContent) -> None:
    checks = pd.DataFrame(
        {"plan_id": "large", "item": ["npv_usd", "population_cut_off"], "unit": ["USD", "people"],
         "sum_of_options": [4.4e6, 70.0], "whole_plan": [4e6, 50.0], "difference": [-4e5, -20.0],
         "disagreement": [2e-5, 0.1], "optimiser": [4.00008e6, 55.0], "optimiser_first": [4.3e6, 60.0]}
    )  # fmt: skip
    shown = check_table(dataclasses.replace(content, tables={**content.tables, "plan_checks": checks}), ["large"])
    assert "For what the plans maximise, sum and models agree within 0.01%." in shown.note
    assert "For every gain in the table they agree within 10%." in shown.note
    for words in ("4.4 million", "4.3 million", "net present value (USD)", "10%"):
        assert words in shown.html
    wild = checks.assign(disagreement=[0.0, np.inf])
    shown = check_table(dataclasses.replace(content, tables={**content.tables, "plan_checks": wild}), ["large"])
    assert "agree within 0%." in shown.note
    assert "the models find nothing" in shown.note


def test_rounds_stand_beside_the_plans(content: ReportContent) -> None:
    summaries = content.tables["plan_summaries"].assign(rounds=[1, 3])
    assert "Rounds" in plan_table(content, summaries).html
    assert "Rounds" not in plan_table(content, content.tables["plan_summaries"]).html


@pytest.mark.parametrize(
    ("threshold", "direction", "words"),
    [(-0.5, "below", "at their low bound"), (-0.5, "above", "not at their low bound"),
     (0.5, "below", "not at their high bound"), (0.0, "above", "at their high bound")],
)  # fmt: skip
def test_bounds_of_effects_as_signposts(threshold: float, direction: str, words: str) -> None:
    assert condition("effects", threshold, direction) == f"effects of options {words}"


def test_signpost_that_is_not_known() -> None:
    assert condition("", NAN, None).startswith("no signpost")


NAMES = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=60)
NUMBERS = st.floats(-1e8, 1e8)


def assert_sound(svg: str, width: int) -> None:
    """Well-formed, as wide as asked, and every word inside."""
    root = ET.fromstring(svg)  # noqa: S314
    assert float(root.attrib["width"]) == width
    for node in root.iter("text"):
        x, room = float(node.attrib["x"]), text_width(node.text or "")
        left = {"start": x, "middle": x - room / 2, "end": x - room}[node.attrib.get("text-anchor", "start")]
        assert left >= -14
        assert left + room <= width + 14


@given(st.lists(st.tuples(NAMES, st.integers(2025, 2045)), min_size=1, max_size=14), st.sampled_from([NARROW, WIDE]))
def test_spans_are_sound(rows: list[tuple[str, int]], width: int) -> None:
    spans = [Span(name, start, start + 10, "95,300") for name, start in rows]
    spending = Spending([1.0, 2.0], [0.5, 2.0], ("come", "spent"), "money")
    svg = span_chart(spans, [2025, 2035, 2050], caption=HERE, spending=spending, width=width)
    assert_sound(svg, width)
    assert svg.count('<rect class="bar s1"') == len(rows)


@given(st.lists(st.tuples(NAMES, st.floats(0, 1e9)), min_size=1, max_size=8), st.sampled_from([NARROW, WIDE]))
def test_lanes_are_sound(rows: list[tuple[str, float]], width: int) -> None:
    lanes = [Lane(name, [amount, NAN], ["3 · 1.5", ""]) for name, amount in rows]
    svg = period_chart(lanes, [2025, 2035, 2050], caption=HERE, width=width)
    assert_sound(svg, width)
    assert svg.count('<rect class="bar s1"') == len(rows)


@given(st.lists(st.tuples(NUMBERS, NUMBERS, st.booleans()), min_size=1, max_size=30), st.sampled_from([NARROW, WIDE]))
def test_fronts_are_sound(points: list[tuple[float, float, bool]], width: int) -> None:
    dots = [Dot(x, y, 1, "12" if knee else "", "knee" if knee else "point") for x, y, knee in points]
    svg = front_chart(dots, Axis("cost", is_less=True), Axis("benefit"), caption=HERE, is_stepped=True, width=width)
    assert_sound(svg, width)
    assert svg.count('class="area c1"') == len(points)


@given(
    st.lists(st.tuples(st.lists(NUMBERS | st.just(NAN), min_size=3, max_size=3), st.booleans()), min_size=1, max_size=9)
)
def test_threads_are_sound(points: list[tuple[list[float], bool]]) -> None:
    threads = [Thread(values, "7" if is_named else "") for values, is_named in points]
    svg = threads_chart([Axis("a"), Axis("b", is_less=True), Axis("c")], threads, caption=HERE)
    assert "nan" not in svg
    assert_sound(svg, WIDE)


@given(st.lists(st.lists(st.floats(0, 1e9) | st.just(NAN), min_size=3, max_size=3), min_size=1, max_size=6))
def test_larger_cells_are_never_paler(values: list[list[float]]) -> None:
    svg = graded_table([f"row {i}" for i in range(len(values))], ["a", "b", "c"], values, caption=HERE, write=str)
    grades = [0 if g == "zero" else int(g[1]) for g in re.findall(r'class="area (\w+)"', svg)]
    known = [v for row in values for v in row if not np.isnan(v)]
    assert len(grades) == len(known)
    pairs = sorted(zip(known, grades, strict=True))
    assert [grade for _value, grade in pairs] == sorted(grades)


def test_names_that_do_not_fit_are_lettered() -> None:
    columns = ["A future in which everything costs much more than it does now", "short"]
    svg = graded_table(["row"], columns * 4, [[1.0] * 8], caption=HERE, write=str, width=NARROW)
    assert ">A<title>" in svg
    assert "A  A future in which" in svg


def test_class_bars_by_hand() -> None:
    svg = class_bars([("dike", 1.0, 0), ("drain", 0.5, 1), ("?", NAN, 1)], ["sure", "open"], caption=HERE,
                     css=["s3", "s5"])  # fmt: skip
    assert svg.count('class="bar s3"') == 2  # a bar and a key
    assert ">50%<" in svg
    assert_sound(svg, WIDE)
