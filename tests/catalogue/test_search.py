"""Results as they are shown: pages, passages, places to mark, suggestions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater.catalogue.excerpt import LONGEST_EXCERPT, excerpt, spans
from headwater.catalogue.facets import FacetTable
from headwater.catalogue.query import parse_query
from headwater.catalogue.records import Record
from headwater.catalogue.search import Results, build_results, suggestion, words_of_names
from headwater.errors import InputError
from headwater.store.index import Index, open_index, write_index
from headwater.words import speaking

LONG = "Nothing here. " * 40 + "At last the mangrove belt holds the sea. " + "And nothing there. " * 40
RECORDS = {
    record.key: record
    for record in [
        Record("tool", "mangrove", {
            "title": {"en": "Mangrove planner", "zh": "红树林规划工具"},
            "summary": {"en": "Plans belts of trees.", "zh": "规划防护林带。"},
            "sources": [], "developed": 2020,
            "use_when": [
                {"en": "A coast is **open** to [storms](https://example.org).", "zh": "海岸易受风暴影响时。"},
            ],
            "body": {"en": LONG, "zh": "无关内容。" * 60 + "红树林带可抵御风暴。" + "无关内容。" * 60},
        }),
        *(Record("term", f"t{i}", {"title": {"en": f"Term {i:02d}"}, "summary": {"en": "A storm term"}, "sources": []})
          for i in range(30)),
    ]
}  # fmt: skip
MANGROVE = RECORDS["tool/mangrove"]
TABLE = FacetTable(RECORDS, {})


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    path: Path = tmp_path_factory.mktemp("hub") / "hub.sqlite"
    write_index(path, RECORDS, [], {})
    with open_index(path) as opened:
        yield opened


def results(index: Index, typed: str, **options: object) -> Results:
    query = parse_query(typed)
    return build_results(TABLE, query, *index.search(query), **options)  # type: ignore[arg-type]


# --- results ------------------------------------------------------------------------------------------------------


def test_pages_follow_each_other(index: Index) -> None:
    whole = results(index, "storm", sort="title", limit=100)
    pages = [results(index, "storm", sort="title", limit=10, offset=start) for start in (0, 10, 20, 30, 40)]
    assert whole.total == 31
    assert [len(page.hits) for page in pages] == [10, 10, 10, 1, 0]
    assert [hit for page in pages for hit in page.hits] == list(whole.hits)
    assert whole.hits[0].record.key == "tool/mangrove"


def test_results_say_what_was_looked_for_and_count_what_was_found(index: Index) -> None:
    found = results(index, "storm", filters={"kind": ["tool"]})
    assert found.total == 1
    assert found.words == "Tools, with “storm”"
    assert {v.value_id: v.count for v in found.facets[0].values} == {"tool": 1, "term": 30}


@pytest.mark.parametrize(
    "options", [{"limit": -1}, {"limit": 10**9}, {"offset": -1}, {"sort": "x"}, {"filters": {"x": ["y"]}}]
)
def test_pages_orders_and_facets_that_do_not_exist(index: Index, options: dict[str, object]) -> None:
    with pytest.raises(InputError):
        results(index, "storm", **options)


# --- passages -----------------------------------------------------------------------------------------------------


def test_a_passage_shows_what_was_looked_for_in_the_readers_language() -> None:
    assert excerpt(MANGROVE, parse_query("storms"), "en") == {"en": "A coast is **open** to storms."}
    assert excerpt(MANGROVE, parse_query("风暴"), "zh") == {"zh": "海岸易受风暴影响时。"}
    assert excerpt(MANGROVE, parse_query(""), "en") == {"en": "Plans belts of trees."}
    assert excerpt(MANGROVE, parse_query("红树林"), "fr") == {"en": "Plans belts of trees."}


def test_the_passage_with_more_of_the_query_is_shown() -> None:
    assert "红树林带可抵御风暴" in excerpt(MANGROVE, parse_query("红树林 风暴"), "zh")["zh"]


def test_a_long_passage_is_cut_around_the_place() -> None:
    said = excerpt(MANGROVE, parse_query("mangroves"), "en")["en"]
    assert "the mangrove belt" in said
    assert said[0] == said[-1] == "…"
    assert len(said) <= LONGEST_EXCERPT + 2
    assert len(excerpt(MANGROVE, parse_query("抵御"), "zh")["zh"]) <= LONGEST_EXCERPT // 2


def test_results_in_chinese_show_chinese(index: Index) -> None:
    with speaking("zh"):
        assert results(index, "mangrove").hits[0].excerpt.keys() == {"zh"}


# --- places to mark -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "typed", "language", "marked"),
    [
        ("使用InVEST模型评估", "InVEST 评估", "zh", ["InVEST", "评估"]),
        ("Life-cycle costs over the life cycles", '"life cycle"', "en", ["Life-cycle", "life cycles"]),
        ("country’s roads and countries", "country", "en", ["country’s", "countries"]),
        ("9.1, 19.1 and 9.12", "9.1", "en", ["9.1"]),
        ("évaluation", "evaluations", "fr", ["évaluation"]),
        ("المياه والصرف", "مياه", "ar", ["المياه"]),
        ("cost–benefit, costbenefit", "cost-benefit", "en", ["cost–benefit", "costbenefit"]),
        ("police and policy", "policy", "en", ["policy"]),
        ("flood and drought", "flood -drought", "en", ["flood"]),
        ("waterproof water", "water", "en", ["water"]),
    ],
)
def test_places_to_mark(text: str, typed: str, language: str, marked: list[str]) -> None:
    assert [text[start:end] for start, end in spans(text, parse_query(typed), language)] == marked


@given(st.text(max_size=60), st.text(max_size=60), st.sampled_from(["en", "zh", "fr", "ar"]))
def test_places_lie_in_the_text_apart_and_in_order(text: str, typed: str, language: str) -> None:
    last = -1
    for start, end in spans(text + typed, parse_query(typed), language):
        assert last < start < end <= len(text + typed)
        last = end


# --- suggestions --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("mangorve", "mangrove"),
        ("mangrove plannner", "mangrove planner"),
        ("防护林带规划", "防护林带 规划"),
        ("mangrove term", "mangrove"),
        ("zzzzqqqq", ""),
    ],
)
def test_a_query_that_finds_nothing_gets_one_that_finds_something(index: Index, typed: str, offered: str) -> None:
    assert index.count(parse_query(typed)) == 0
    assert suggestion(parse_query(typed), words_of_names(list(RECORDS.values())), index.count) == offered
