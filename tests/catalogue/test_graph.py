"""How entries hang together."""

from __future__ import annotations

from tests.catalogue.entries import by_key, case, organisation, principle, text, tool

from headwater.catalogue.graph import (
    BACKWARD,
    FIELD_RELATIONS,
    FORWARD,
    build_graph,
    likeness,
    links_of,
    neighbours,
    similar_tools,
)
from headwater.catalogue.records import KINDS, fields_of

NEXT = [{**text("Then"), "basis": "paper", "tool": "other"}]
ALL = by_key(
    organisation(), principle(), tool(principles=["planning"], next=NEXT), tool("other", supersedes=["tool"]), case()
)


def test_relations_are_read_off_the_fields_and_run_from_subject_to_object() -> None:
    assert [(link.source, link.relation, link.target) for link in build_graph(ALL)] == [
        ("case/case", "illustrates", "principle/planning"),
        ("organisation/unep", "acted_in", "case/case"),
        ("organisation/unep", "publishes", "tool/other"),
        ("organisation/unep", "publishes", "tool/tool"),
        ("tool/other", "supersedes", "tool/tool"),
        ("tool/tool", "implements", "principle/planning"),
        ("tool/tool", "next", "tool/other"),
        ("tool/tool", "used_in", "case/case"),
    ]


def test_what_a_relation_rests_on_travels_with_it() -> None:
    links = {(link.relation, link.source): link.basis for link in build_graph(ALL)}
    assert links["next", "tool/tool"] == "paper"
    assert links["implements", "tool/tool"] == "judgement"
    sourced = case(basis={"principles": "paper"})
    assert {link.basis for link in links_of(sourced) if link.relation == "illustrates"} == {"paper"}


def test_relations_to_nothing_are_left_out_of_the_graph() -> None:
    assert build_graph(by_key(tool())) == []


def test_neighbours_are_named_by_what_they_are_to_the_entry() -> None:
    links = build_graph(ALL)
    assert neighbours("tool/tool", links) == {
        "Published by": ["organisation/unep"],
        "Replaced by": ["tool/other"],
        "Principles it helps to apply": ["principle/planning"],
        "What comes next": ["tool/other"],
        "Cases that used it": ["case/case"],
    }
    assert neighbours("principle/planning", links) == {
        "Cases that illustrate it": ["case/case"],
        "Tools that help to apply it": ["tool/tool"],
    }


def test_every_relation_has_words_both_ways_and_belongs_to_a_field() -> None:
    relations = {relation for _kind, relation, _forward in FIELD_RELATIONS.values()}
    assert relations == set(FORWARD) == set(BACKWARD)
    for (kind, name), (other, _relation, _forward) in FIELD_RELATIONS.items():
        assert name in fields_of(kind)
        assert other in KINDS


def test_likeness_is_the_weighted_share_of_common_values() -> None:
    one = tool()
    assert likeness(one, tool("same")) == 1
    assert likeness(one, tool("other", sectors=["energy", "water"])) == 1 - 2 / 12 * 0.5
    assert (
        likeness(one, tool("other", types=["modelling-tools"]))
        == likeness(tool("other", types=["modelling-tools"]), one)
        == 9 / 12
    )


def test_tools_named_as_similar_come_first_whichever_end_says_so() -> None:
    odd = tool(
        "odd",
        types=["modelling-tools"],
        sectors=["water"],
        phases=["construction"],
        dimensions=["economy"],
        similar=["tool"],
    )
    records = by_key(tool(), tool("twin"), odd)
    assert [other.record_id for other, _alike in similar_tools(records["tool/tool"], records)] == ["odd", "twin"]
    assert similar_tools(organisation(), records) == []
