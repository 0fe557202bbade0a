"""What a reader typed, as terms and as an expression that is safe to run."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.catalogue.query import (
    LONGEST_QUERY,
    MOST_PARTS,
    MOST_TERMS,
    Query,
    exclusion_expression,
    forms,
    match_expression,
    name_expression,
    parse_query,
)

HOSTILE = [
    "'; DROP TABLE words; --", '" OR 1=1 --', 'title : "a"', "{title} : x", "NEAR(a b, 3)", "a AND OR NOT b",
    "a* ^b", "a + b", '"', '""', '"unclosed', '""""', "*", "^", "-", "--", '-"', "()", "((((((", "\x00水\x00", "\ud800",
    "a\udfffb", "😀", "👩\u200d👩\u200d👧", "\ue000 \ue010x", "x" * 10_000, "水" * 10_000, "a " * 5_000, '"a' * 5_000,
    "-a " * 5_000, "\ufdfa" * 1_000, "%_\\", "ａ＂ｂ", "\u202eabc", "\u0301" * 500, "9" * 5_000, "1.2.3.4.5",
    "a-" * 3_000, "'" * 3_000, "\n\t\r", "<script>alert(1)</script>",
]  # fmt: skip


@pytest.fixture(scope="module")
def table() -> Iterator[sqlite3.Connection]:
    file = sqlite3.connect(":memory:")
    file.execute("CREATE VIRTUAL TABLE words USING fts5(name, title, en, zh, fr, es, ru, ar, content='')")
    file.execute("INSERT INTO words(rowid, name, en, zh) VALUES (1, 'a', 'b', '水')")
    yield file
    file.close()


def parts_of(typed: str) -> list[tuple[str, ...]]:
    return [term.parts for term in parse_query(typed).terms]


# --- terms --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "terms"),
    [
        ("水", [("水",)]),
        ("供水 系统", [("供", "水"), ("系", "统")]),
        ("InVEST 模型", [("invest",), ("模", "型")]),
        ("GIS数据", [("gis",), ("数", "据")]),
        ("水，能源", [("水",), ("能", "源")]),
        ('"InVEST 模型"', [("invest", "模", "型")]),
        ("“life cycle”", [("life", "cycle")]),
        ("life-cycle", [("life-cycle",)]),
        ("roads,bridges", [("roads",), ("bridges",)]),
        ("roads/rail", [("roads", "rail")]),
        ("CO2", [("co", "2")]),
        ("SDG 9.1", [("sdg",), ("9\ue0011",)]),
        ("tools for water", [("tools",), ("water",)]),
        ("the", [("the",)]),
        ('"the" water', [("the",), ("water",)]),
        ("water water 水 水", [("water",), ("水",)]),
        ("... , ;", []),
        ("   ", []),
    ],
)
def test_terms(typed: str, terms: list[tuple[str, ...]]) -> None:
    assert parts_of(typed) == terms


def test_a_minus_before_a_word_leaves_it_out_and_one_within_does_not() -> None:
    query = parse_query('flood -drought -"sea level" -水 HDM-4 a - b')
    assert [term.text for term in query.excluded] == ["drought", "sea level", "水"]
    assert [term.text for term in query.wanted] == ["flood", "HDM-4", "b"]
    assert str(query) == 'flood -drought -"sea level" -水 HDM-4 b'


def test_a_query_is_understood_again_as_it_was() -> None:
    for typed in ('CLIMADA -"life cycle" 水利', "GIS数据", "SDG 9.1"):
        query = parse_query(typed)
        assert parse_query(str(query)) == query


@given(st.text("ab水桥 \"-.,9'é()/&:;“”CoＧﾞ½²ﬁ", max_size=20))
def test_any_query_is_understood_again_as_it_was(typed: str) -> None:
    query = parse_query(typed)
    again = parse_query(str(query))
    assert [(t.parts, t.is_excluded) for t in again.terms] == [(t.parts, t.is_excluded) for t in query.terms]


def test_a_word_that_only_leaves_out_finds_the_rest() -> None:
    assert match_expression(parse_query("-water")) == ""
    assert "water" in exclusion_expression(parse_query("-water"))


def test_a_term_is_sought_in_the_form_of_each_column() -> None:
    said = match_expression(parse_query("evaluations"))
    assert said == '({en zh fr ru ar} : "evalu" OR {es} : "evaluations")'
    said = name_expression(parse_query("evaluations 水"))
    assert '{name} : "evaluations"' in said
    assert '{title} : "evalu"' in said
    assert said.endswith('OR ({name title} : "水")')


def test_forms_of_a_word_with_a_hyphen() -> None:
    assert forms(parse_query("cost-benefits").terms[0], "en") == [("cost", "benefit"), ("costbenefit",)]
    assert forms(parse_query('"cost-benefits"').terms[0], None) == [("cost", "benefits"), ("costbenefits",)]


# --- searching while typing ---------------------------------------------------------------------------------------


def test_beginnings_of_words_count_only_when_asked_for_and_only_for_the_last() -> None:
    assert "*" not in match_expression(parse_query("water infra"))
    assert '"infra" *' in match_expression(parse_query("water infra", prefix=True))
    for typed in ("infra ", "水", '"infra"', "-infra", "9", "", "i"):
        assert "*" not in match_expression(parse_query(typed, prefix=True))


# --- any string ---------------------------------------------------------------------------------------------------


def run(table: sqlite3.Connection, query: Query) -> None:
    for expression in (match_expression(query), name_expression(query), exclusion_expression(query)):
        assert len(expression) < 200_000
        if expression:
            table.execute("SELECT rowid FROM words WHERE words MATCH ?", (expression,)).fetchall()


@pytest.mark.parametrize("typed", HOSTILE, ids=lambda typed: ascii(typed[:20]))
@pytest.mark.parametrize("prefix", [False, True])
def test_hostile_queries_are_text(typed: str, prefix: bool, table: sqlite3.Connection) -> None:
    query = parse_query(typed, prefix=prefix)
    run(table, query)
    assert len(query.terms) <= MOST_TERMS
    assert all(len(term.parts) <= MOST_PARTS for term in query.terms)
    str(query).encode()


@settings(max_examples=300)
@given(
    st.text(st.characters(codec=None), max_size=200) | st.text('ab水"-*^(){}:+ NEAROT\x00\ud800', max_size=60),
    st.booleans(),
)
def test_any_string_is_a_query(table: sqlite3.Connection, typed: str, prefix: bool) -> None:
    query = parse_query(typed, prefix=prefix)
    run(table, query)
    assert all(term.parts for term in query.terms)


def test_long_queries_are_cut_and_say_so() -> None:
    assert parse_query("水" * 40).is_cut
    assert parse_query("a" * (LONGEST_QUERY + 1)).is_cut
    assert parse_query(" ".join(f"w{chr(97 + i)}" for i in range(20))).is_cut
    assert not parse_query("水 water").is_cut
