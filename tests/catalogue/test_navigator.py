"""Which tool, when and why: points that can be added up by hand, and rules that hold for any answers."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.catalogue.toolbox import by_key, case, principle, said, tool, vocabularies

from headwater.catalogue.navigator import Recommendation, parse_answers, questions, recommend, rule
from headwater.catalogue.questions import CRITERIA, LADDERS, decisions, weights
from headwater.errors import InputError
from headwater.words import speaking

PLAN = tool("plan")
GENERAL = tool("general", sectors=["all"], scales=["country"])
BUILD = tool("build", phases=["construction"])
ROADS = tool("roads", sectors=["transport"])
CODE = tool("code", skills="programming", data=["demand", "networks"], time="months")
PAID = tool("paid", cost="paid", languages=["fr"])
VAGUE = tool("vague", cost="unknown", skills="unknown", time="unknown", types=["valuation"], dimensions=["climate"])
ALL = by_key(PLAN, GENERAL, BUILD, ROADS, CODE, PAID, VAGUE)


def ask(records: Any = ALL, **answers: Any) -> Recommendation:
    return recommend(records, vocabularies(), answers)


def ranked(found: Recommendation) -> list[str]:
    return [one.record.record_id for one in found.suggestions]


def left_out(found: Recommendation) -> set[str]:
    return {one.record.record_id for one in found.excluded}


NOT_WORTH = (
    "Not for what you must decide: “Whether it is worth its cost over its whole life” needs "
    "Financial and economic valuation"
)


# --- by hand ------------------------------------------------------------------------------------------------------


def test_four_to_six_questions_of_which_every_option_has_a_name() -> None:
    asked = questions(vocabularies())
    assert 4 <= len(asked) <= 6
    for part in (part for question in asked for part in question.parts):
        assert len(part.options) > 1
        assert all(option.title for option in part.options)
        assert part.title
        assert part.reason
        assert "all" not in {option.value_id for option in part.options}


def test_questions_are_asked_in_the_language_of_the_reader() -> None:
    with speaking("zh"):
        assert all("一" <= part.title[0] <= "龥" for question in questions(vocabularies()) for part in question.parts)
        assert all("一" <= one[0] <= "龥" for one in rule(vocabularies()))


def test_nothing_answered_ranks_everything_and_excludes_nothing() -> None:
    found = ask()
    assert ranked(found) == sorted(one.record_id for one in ALL.values())
    assert found.excluded == ()
    assert found.possible == 0
    assert {answer for _question, answer in found.told} == {"do not know"}


def test_points_add_up() -> None:
    found = ask(phases="strategic-planning", sectors="energy", users="planner", skills="basic")
    assert found.possible == 3 + 2 + 2 + 1
    points = {one.record.record_id: one.points for one in found.suggestions}
    assert points["plan"] == 8
    assert points["general"] == 8 - 2 / 2
    assert points["vague"] == 8 - 1
    for one in found.suggestions:
        assert one.points == sum(reason.points for reason in one.reasons)
        assert found.possible == sum(reason.most for reason in one.reasons)


def test_a_general_tool_serves_and_is_told_from_one_made_for_the_sector() -> None:
    found = ask(sectors="energy")
    words = {one.record.record_id: one.reasons[0].words for one in found.suggestions}
    assert words["plan"] == "Made for your sector: Energy"
    assert words["general"] == "For every sector, yours among them"
    assert ranked(found)[-1] == "general"


def test_a_tool_for_one_of_two_decisions_gets_half_and_says_so() -> None:
    (one,) = ask(by_key(tool("a", data=["demand"])), decision=["system-needs", "nature-effects"]).suggestions
    assert one.reasons[0].points == 4 / 2
    assert one.reasons[0].words == (
        "For “What a network or a sector needs in the long run”: Modelling tools, Economy, System, People and demand "
        "(4 of 4 marks); not for “What a plan or a project does to nature”"
    )


def test_a_tool_for_most_phases_or_sides_is_general_too() -> None:
    phases, sides = list(vocabularies()["phases"]), list(vocabularies()["dimensions"])
    few = tool("few", phases=phases[:5], dimensions=["biodiversity"], data=["spatial"], themes=["biodiversity"])
    most = tool("most", phases=phases[:6], dimensions=sides[:4], data=["spatial"], themes=["biodiversity"])
    found = ask(by_key(few, most), phases="strategic-planning", decision="nature-effects")
    assert {one.record.record_id: one.points for one in found.suggestions} == {"few": 3 + 4, "most": 1.5 + 4 * 3.5 / 4}
    assert found.suggestions[1].reasons[1].words == "For most phases (6), yours among them: Strategic planning"


def test_the_share_of_several_sectors_counts() -> None:
    found = ask(sectors=["energy", "transport"])
    assert {one.record.record_id: one.points for one in found.suggestions}["plan"] == 1
    assert {one.record.record_id: one.points for one in found.suggestions}["general"] == 1


@pytest.mark.parametrize(
    ("answers", "out", "words"),
    [
        ({"phases": "strategic-planning"}, "build", "Not for your phase; it serves Construction"),
        ({"sectors": "energy"}, "roads", "Not for your sector; it serves Transport"),
        ({"cost": "free"}, "paid", "Paid, and you have no budget"),
        ({"skills": "basic"}, "code", "Asks for more skill than you have: Programming"),
        ({"data": ["demand"]}, "code", "Needs data that you have not: Networks and assets"),
        ({"decision": "worth"}, "plan", NOT_WORTH),
    ],
)  # fmt: skip
def test_limits_rule_out_and_say_why(answers: dict[str, Any], out: str, words: str) -> None:
    found = ask(**answers)
    assert {one.record.record_id: one.limits[0].words for one in found.excluded}[out] == words
    assert out not in ranked(found)


def test_a_step_more_than_there_is_costs_half_and_is_said() -> None:
    found = ask(by_key(tool("near", skills="specialist", time="weeks")), skills="basic", time="days")
    (near,) = found.suggestions
    assert near.points == 1
    assert [caution.words for caution in near.cautions][:2] == [
        "Asks for more skill than you have: A specialist", "A first result takes Weeks",
    ]  # fmt: skip


def test_what_is_unknown_is_never_met_never_excludes_and_is_said() -> None:
    found = ask(by_key(VAGUE), cost="free", skills="none", time="hours")
    (vague,) = found.suggestions
    assert vague.points == 0
    assert {reason.degree for reason in vague.reasons} == {"unknown"}
    assert "Cost unknown" in [caution.words for caution in vague.cautions]


def test_another_language_is_a_caution_and_no_bar() -> None:
    found = ask(by_key(PAID), languages=["zh", "en"])
    assert found.suggestions[0].reasons[0].words == "Not in a language you read, but in French"
    assert found.suggestions[0].cautions[0].about == "languages"


def test_what_the_entry_warns_of_is_quoted_with_its_basis() -> None:
    (one,) = ask(
        by_key(tool("a", avoid_when=[said("Floods spread", "paper")], is_open_source="no", licence="Own"))
    ).suggestions
    assert [(caution.about, caution.words, caution.basis) for caution in one.cautions] == [
        ("avoid_when", "Floods spread", "paper"), ("licence", "Not under an open licence: Own", ""),
    ]  # fmt: skip


def test_the_statement_that_speaks_of_the_answers_is_quoted() -> None:
    statements = [said("Costs are unclear"), said("Hazards may cut off a road"), said("Maps are wanted")]
    (one,) = ask(
        by_key(tool("a", use_when=statements, dimensions=["climate"], data=["hazards"])), decision="climate-risk"
    ).suggestions
    assert one.use_when == statements[1]


def test_cases_principles_and_what_comes_next_are_named() -> None:
    a = tool("a", principles=["fair", "first"], next=[said("Rank them", tool="b"), said("Publish")])
    records = by_key(a, tool("b"), case("island", "a"), case("other", "b"), principle("fair", 6), principle("first", 1))
    one = next(one for one in ask(records).suggestions if one.record is a)
    assert [record.record_id for record in one.cases] == ["island"]
    assert [record.record_id for record in one.principles] == ["first", "fair"]
    assert [(step.words, step.tool and step.tool.record_id) for step in one.steps] == [
        ("Rank them", "b"),
        ("Publish", None),
    ]


def test_ties_go_to_the_more_specific_then_to_the_more_used_then_by_name() -> None:
    wide = tool("a", phases=["strategic-planning", "prioritization"])
    records = by_key(wide, tool("b"), tool("c"), tool("d"), case("one", "d"))
    assert ranked(ask(records, phases="strategic-planning")) == ["d", "b", "c", "a"]


def test_near_misses_are_true() -> None:
    """With the answer that a near miss names, the tool has the place that it promises."""
    answers = {
        "phases": "strategic-planning",
        "data": ["demand"],
        "skills": "programming",
        "cost": "free",
        "languages": "en",
    }
    found = ask(**answers)
    assert {near.record.record_id for near in found.near_misses} == {"code", "paid"}
    for near in found.near_misses:
        again = ask(**{**answers, near.part: list(near.lift)})
        assert ranked(again)[near.rank - 1] == near.record.record_id
    assert found.near_misses[0].words.startswith(f"Would be number {found.near_misses[0].rank} if you had: ")


def test_a_tool_that_two_things_keep_out_is_no_near_miss() -> None:
    assert ask(by_key(CODE), data=["demand"], skills="none").near_misses == ()


def test_wrong_answers_are_all_named_with_what_is_allowed() -> None:
    with pytest.raises(InputError) as error:
        ask(phases="planing", colour="red", time=["hours", "days"])
    message = str(error.value)
    assert "phases cannot be planing; it may be enabling-environment, strategic-planning" in message
    assert "There is no question colour; there are users, phases" in message
    assert "time takes one answer, not 2" in message


@pytest.mark.parametrize("skipped", ["", "unknown", [], [""], ["unknown"]])
def test_every_question_may_be_skipped(skipped: Any) -> None:
    every = {part.name: skipped for question in questions(vocabularies()) for part in question.parts}
    assert parse_answers(every, vocabularies()) == {}


def test_decisions_ask_for_values_that_exist_and_say_what_is_needed() -> None:
    for decision in decisions().values():
        assert any(asked.is_core for asked in decision.asked), decision.decision_id
        for asked in decision.asked:
            assert asked.name in CRITERIA
            assert set(asked.values) <= set(vocabularies()[asked.name]), decision.decision_id
        assert decision.title["zh"]
        assert decision.means["zh"]


def test_ladders_are_the_vocabularies() -> None:
    for name, steps in LADDERS.items():
        assert tuple(vocabularies()[name]) == steps


def test_the_rule_names_every_weight() -> None:
    told = rule(vocabularies())[0]
    assert all(f" {points:g}" in told for points in weights().values())


# --- whatever is answered -----------------------------------------------------------------------------------------

PARTS = [part for question in questions(vocabularies()) for part in question.parts]


@st.composite
def an_answer(draw: st.DrawFn) -> dict[str, list[str]]:
    """Answers to some parts."""
    answers = {}
    for part in PARTS:
        values = [option.value_id for option in part.options]
        chosen = draw(st.lists(st.sampled_from(values), max_size=3 if part.is_many else 1, unique=True))
        if chosen:
            answers[part.name] = chosen
    return answers


def a_list(name: str, *, least: int = 1) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(list(vocabularies()[name])), min_size=least, max_size=3, unique=True)


def one_of(name: str) -> st.SearchStrategy[str]:
    return st.sampled_from([*vocabularies()[name], "unknown"])


FIELDS = st.fixed_dictionaries(
    {name: a_list(name) for name in ("types", "sectors", "phases", "dimensions", "scales", "users", "data")}
    | {name: a_list(name, least=0) for name in ("themes", "finance_view")}
    | {name: one_of(name) for name in ("skills", "time", "cost")}
)
TOOLS = st.lists(FIELDS, max_size=6).map(lambda many: [tool(f"t{i}", **fields) for i, fields in enumerate(many)])


@given(TOOLS, an_answer(), st.randoms(use_true_random=False))
def test_order_of_records_does_not_matter(tools: Any, answers: Any, chance: random.Random) -> None:
    shuffled = chance.sample(tools, len(tools))
    assert ask(by_key(*tools), **answers) == ask(by_key(*shuffled), **answers)


@given(TOOLS, an_answer())
def test_every_tool_is_ranked_or_excluded_and_no_points_are_made_up(tools: Any, answers: Any) -> None:
    found = ask(by_key(*tools), **answers)
    assert sorted([*ranked(found), *left_out(found)]) == sorted(one.record_id for one in tools)
    assert [one.rank for one in found.suggestions] == list(range(1, len(found.suggestions) + 1))
    points = [one.points for one in found.suggestions]
    assert all(0 <= one <= found.possible + 1e-9 for one in points)
    assert points == sorted(points, reverse=True) or all(
        abs(a - b) < 1e-8 for a, b in zip(points, sorted(points, reverse=True), strict=True)
    )


@given(TOOLS, an_answer(), an_answer(), st.data())
def test_tightening_never_lets_a_tool_back_in(tools: Any, answers: Any, more: Any, data: st.DataObject) -> None:
    """Answering what was skipped, naming fewer values, or having less."""
    tight = dict(answers)
    for part in PARTS:
        given_now = answers.get(part.name, [])
        if not given_now and part.name in more:
            tight[part.name] = more[part.name]
        elif part.name in ("skills", "cost") and given_now:
            steps = LADDERS[part.name]
            tight[part.name] = [data.draw(st.sampled_from(steps[: steps.index(given_now[0]) + 1]))]
        elif len(given_now) > 1:
            tight[part.name] = data.draw(st.lists(st.sampled_from(given_now), min_size=1, unique=True))
    records = by_key(*tools)
    assert left_out(ask(records, **answers)) <= left_out(ask(records, **tight))


@given(TOOLS, an_answer())
def test_near_misses_hold_whatever_is_answered(tools: Any, answers: Any) -> None:
    records = by_key(*tools)
    for near in ask(records, **answers).near_misses:
        again = ask(records, **{**answers, near.part: list(near.lift)})
        assert ranked(again)[near.rank - 1] == near.record.record_id
