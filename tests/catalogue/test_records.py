"""One entry, read and checked by itself."""

from __future__ import annotations

from typing import Any

import pytest
from tests.catalogue.entries import SOURCE, case, raw_tool, read, text, tool, words

from headwater.catalogue.records import (
    FOLDERS,
    KINDS,
    english_mark,
    fields_of,
    parse_record,
    stale,
    texts_of,
    untranslated,
)
from headwater.catalogue.shapes import READERS
from headwater.errors import Fault


def faults_of(raw: dict[str, Any], *, kind: str = "tool", record_id: str = "tool", body: str = "") -> list[Fault]:
    return parse_record(kind, record_id, raw, body=body, vocabularies=words().vocabularies, file="tools/tool.md")[1]


def test_a_sound_tool_has_no_faults_and_its_values_have_their_final_shapes() -> None:
    record = tool()
    assert (record.key, record.title["zh"], record.url) == ("tool/tool", "Tool（中文）", "https://example.org/tool")
    assert record.fields["developed"] == 2020
    assert record.fields["checked"] == {"state": "unknown"}
    assert record.fields["use_when"] == [{"en": "Say", "zh": "Say（中文）", "basis": "judgement"}]


@pytest.mark.parametrize(
    ("field", "value", "problem", "remedy"),
    [
        ("title", None, "is missing", "add title"),
        ("title", {"zh": "只有中文"}, "has no English text", "English first"),
        ("title", "Tool", "not a text by language", "{en: …, zh: …}"),
        ("title", {"en": "Tool", "xx": "?"}, "is not a language", "en, zh"),
        ("types", ["guideline"], "not in the vocabulary types", "did you mean guidelines?"),
        ("phases", "construction", "is not a list", "line of its own"),
        ("skills", "wizardry", "not in the vocabulary skills", "none, programming"),
        ("is_open_source", "perhaps", "neither yes nor no", "yes, no, unknown"),
        ("developed", "20", "is not a year", "four digits"),
        ("origin", "Ghana", "is not a country", "alpha-2"),
        ("languages", ["english"], "is not a language", "639-1"),
        ("url", "javascript:alert(1)", "not an address", "https://"),
        ("checked", "fine", "not a state of a link", "unknown, ok, moved, dead"),
        ("checked", {"state": "ok"}, "is not a date", "YYYY-MM-DD"),
        ("organisations", ["UNEP!"], "is not an identifier", "lower case"),
        ("use_when", [{"en": "Say", "basis": "hearsay"}], "is not a basis", "paper, judgement, unverified"),
        ("use_when", [{"en": "Say"}], "is not a basis", "paper"),
        ("sources", [], "no source is given", "a reader can check"),
        ("sources", [{"id": "a", "title": "A"}], "lacks publisher, read", "say it"),
        ("sources", [SOURCE, SOURCE], "is the id of two sources", "of its own"),
        ("sources", [SOURCE | {"read": "glanced"}], "does not say what was read", "page, excerpt"),
        ("also", ["a"], "is not a list of words by language", "zh: [..]"),
        ("summmary", "x", "is not a field", "did you mean summary?"),
    ],
)
def test_every_fault_says_where_and_what_to_do(field: str, value: object, problem: str, remedy: str) -> None:
    found = [fault for fault in faults_of(raw_tool(**{field: value})) if fault.column == field]
    assert any(problem in fault.problem and remedy in fault.remedy for fault in found), found
    assert all(fault.file == "tools/tool.md" for fault in found)


def test_all_faults_come_at_once() -> None:
    found = faults_of(raw_tool(title=None, types=["x"], url="nowhere", sources=[]))
    assert {fault.column for fault in found} >= {"title", "types", "url", "sources"}


def test_evidence_may_not_rest_on_a_judgement() -> None:
    raw = dict(case().fields) | {"checked": "unknown"}
    found = faults_of(raw | {"evidence": [{**text("Better"), "basis": "judgement"}]}, kind="case")
    assert [fault.column for fault in found] == ["evidence"]


def test_the_text_behind_is_kept_by_language_and_none_may_stand_outside() -> None:
    record = read("tool", "tool", raw_tool(), body="\n<!-- en -->\nLong.\n<!-- zh -->\n长。\n")
    assert record.fields["body"] == {"en": "Long.", "zh": "长。"}
    assert [fault.column for fault in faults_of(raw_tool(), body="Lost\n<!-- en -->\nLong.")] == ["body"]


def test_a_mark_tells_whether_a_translation_was_made_from_todays_english() -> None:
    fresh = tool()
    marked = tool(translated={"zh": english_mark(fresh)})
    assert english_mark(marked) == english_mark(fresh)
    assert (stale(fresh), stale(marked)) == (["zh"], [])
    assert stale(tool(translated={"zh": english_mark(fresh)}, summary={"en": "It computes more.", "zh": "x"})) == ["zh"]
    assert english_mark(tool(summary={"en": "It computes.", "zh": "y"})) == english_mark(fresh)


def test_missing_translations_are_named_by_field() -> None:
    assert untranslated(tool()) == {}
    assert untranslated(tool(outcome={"en": "A table"}, why=[{"en": "So", "basis": "paper"}])) == {
        "zh": ["outcome", "why"]
    }


def test_every_text_is_listed_once() -> None:
    named = [name for name, _text in texts_of(tool())]
    assert named == ["title", "summary", "outcome", "use_when", "avoid_when", "why", "how"]


def test_every_field_has_a_reader_a_vocabulary_that_exists_and_a_description_in_both_languages() -> None:
    assert tuple(FOLDERS) == KINDS
    for kind in KINDS:
        for declared in fields_of(kind).values():
            assert declared.type in READERS
            assert declared.vocabulary in {"", *words().vocabularies, *KINDS}
            assert declared.description["en"]
            assert declared.description["zh"]
