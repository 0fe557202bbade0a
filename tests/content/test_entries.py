"""What ships in `content/`: enough of it, sound, in both languages, sourced, and never more certain than it is."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from headwater.catalogue.checks import figures_by_judgement, notices
from headwater.catalogue.records import Record, fields_of, texts_of
from headwater.catalogue.shapes import BASES, JUDGEMENT
from headwater.curation import Content, read_content

LEAST = {"principle": 10, "tool": 60, "case": 12, "organisation": 40, "term": 120}
PRINCIPLES = (
    "Strategic planning",
    "Responsive, resilient, and flexible service provision",
    "Comprehensive lifecycle assessment of sustainability",
    "Avoiding environmental impacts and investing in nature",
    "Resource efficiency and circularity",
    "Equity, inclusiveness, and empowerment",
    "Enhancing economic benefits",
    "Fiscal sustainability and innovative financing",
    "Transparent, inclusive, and participatory decision-making",
    "Evidence-based decision-making",
)
"""Titles of the ten as published."""


@pytest.fixture(scope="module")
def content(root: Path) -> Content:
    return read_content(root / "content")


def test_the_content_is_sound(content: Content) -> None:
    assert [str(fault) for fault in content.faults] == []


def test_there_is_enough_of_it(content: Content) -> None:
    counted = Counter(record.kind for record in content.records.values())
    assert {kind: counted[kind] for kind, least in LEAST.items() if counted[kind] < least} == {}
    assert counted["principle"] == 10


def test_the_ten_principles_bear_their_published_titles_in_order(content: Content) -> None:
    found = sorted((r for r in content.records.values() if r.kind == "principle"), key=lambda r: r.fields["number"])
    assert tuple(record.title["en"].casefold() for record in found) == tuple(title.casefold() for title in PRINCIPLES)
    assert [record.fields["number"] for record in found] == list(range(1, 11))


def test_every_text_is_there_in_both_languages_and_every_translation_is_of_todays_english(content: Content) -> None:
    told = [
        notice for notice in notices(content.records) if notice.topic in {"missing", "stale", "unmarked", "duplicate"}
    ]
    assert told == [], "mend the translation, compare it, then: headwater hub stamp"


def test_chinese_is_chinese(content: Content) -> None:
    """Statements and summaries hold Chinese characters; only names may stay as they are."""
    plain = [
        (record.key, name, said["zh"])
        for record in content.records.values()
        for name, said in texts_of(record)
        if name not in {"title", "criteria"}
        and not any("\u4e00" <= letter <= "\u9fff" for letter in said.get("zh", ""))
    ]
    assert plain == []


def test_every_entry_has_a_source_and_the_state_of_its_link(content: Content) -> None:
    for record in content.records.values():
        assert record.sources, record.key
        assert record.fields["checked"]["state"] in {"unknown", "ok", "moved", "dead"}, record.key
        assert all(source.get("url") or source["read"] for source in record.sources), record.key


def test_no_figure_rests_on_a_judgement(content: Content) -> None:
    assert {r.key: found for r in content.records.values() if (found := figures_by_judgement(r))} == {}


def test_what_came_of_a_case_is_sourced_and_which_principle_it_shows_is_ours_to_judge(content: Content) -> None:
    for record in content.records.values():
        if record.kind == "case":
            assert all(item["basis"] not in BASES for item in record.fields["evidence"]), record.key
            assert record.fields.get("basis", {}).get("principles", JUDGEMENT) == JUDGEMENT, record.key


def test_little_is_unverified_and_said_so(content: Content) -> None:
    unverified = [notice for notice in notices(content.records) if notice.topic == "unverified"]
    assert len(unverified) <= 20


def test_every_tool_says_when_when_not_why_and_how(content: Content) -> None:
    def lacking(record: Record) -> list[str]:
        return [name for name in ("use_when", "avoid_when", "why", "how") if not record.fields.get(name)]

    tools = [record for record in content.records.values() if record.kind == "tool"]
    assert {record.key: lacking(record) for record in tools if lacking(record)} == {}


def test_every_word_of_the_vocabularies_is_used_by_some_entry_or_is_a_gap(content: Content) -> None:
    """Types, phases, sectors and themes all occur: a gap that the hub shows is not one of its own making."""
    used = {
        (declared.vocabulary, value)
        for record in content.records.values()
        for name, declared in fields_of(record.kind).items()
        if declared.type in {"values", "value"}
        for value in ([record.fields[name]] if declared.type == "value" else record.fields.get(name, []))
        if name in record.fields
    }
    for name in ("types", "phases", "sectors", "themes"):
        assert {value for value in content.words.vocabularies[name] if (name, value) not in used} == set()


def test_vocabularies_say_what_they_rest_on_in_both_languages(content: Content) -> None:
    counts = {name: len(values) for name, values in content.words.vocabularies.items()}
    assert (counts["types"], counts["phases"], counts["themes"]) == (8, 11, 7)
    upstream = [value.value_id for value in content.words.vocabularies["phases"].values() if value.upstream]
    assert len(upstream) == 6
    for values in content.words.vocabularies.values():
        for value in values.values():
            assert all({"en", "zh"} <= set(text) for text in (value.title, value.means)), value.value_id
