"""The catalogue as a whole: what must be mended, and what its keeper should look at."""

from __future__ import annotations

from tests.catalogue.entries import by_key, case, organisation, principle, term, text, tool

from headwater.catalogue.checks import catalogue_faults, figures_by_judgement, notices
from headwater.catalogue.records import english_mark


def test_a_relation_to_nothing_names_what_may_have_been_meant() -> None:
    (fault,) = catalogue_faults(by_key(tool(organisations=["unpe"]), organisation()))
    assert (fault.file, fault.value, fault.remedy) == ("tools/tool.md", "unpe", "did you mean unep?")
    (fault,) = catalogue_faults(by_key(tool()))
    assert fault.remedy == "add organisations/unep.md, or take the relation out"


def test_terms_must_agree_on_what_is_wider() -> None:
    (fault,) = catalogue_faults(by_key(term("risk"), term("hazard", broader=["risk"])))
    assert (fault.file, fault.column, fault.value) == ("glossary/hazard.md", "broader", "risk")
    assert "narrower of glossary/risk.md" in fault.remedy
    assert catalogue_faults(by_key(term("risk", narrower=["hazard"]), term("hazard", broader=["risk"]))) == []


def test_two_entries_may_not_share_a_name_nor_two_principles_a_number() -> None:
    twice = catalogue_faults(by_key(organisation(), tool(), tool("other", title=text("TOOL"))))
    assert {(fault.file, fault.column) for fault in twice} == {("tools/other.md", "title")}
    (fault,) = catalogue_faults(by_key(principle(), principle("other")))
    assert (fault.column, fault.value) == ("number", "1")


def test_a_sound_catalogue_has_no_faults_and_nothing_to_look_at() -> None:
    records = by_key(organisation(), principle(), tool(), case())
    marked = {
        key: type(record)(record.kind, record.record_id, {**record.fields, "translated": {"zh": english_mark(record)}})
        for key, record in records.items()
    }
    assert catalogue_faults(marked) == []
    assert notices(marked) == []


def test_what_a_keeper_should_look_at() -> None:
    doubtful = tool(
        "doubtful", why=[{**text("So"), "basis": "unverified"}], basis={"sectors": "unverified"}, outcome={"en": "A"},
        checked={"state": "dead", "on": "2026-01-02"},
    )  # fmt: skip
    told = {(notice.topic, notice.key) for notice in notices(by_key(tool(), doubtful))}
    assert told == {
        ("unmarked", "tool/tool"),
        ("missing", "tool/doubtful"),
        ("dead", "tool/doubtful"),
        ("unverified", "tool/doubtful"),
        ("duplicate", "tool/doubtful"),
    }
    (count,) = [notice.words for notice in notices(by_key(doubtful)) if notice.topic == "unverified"]
    assert count.endswith("2")


def test_a_translation_of_an_older_english_is_stale() -> None:
    (notice,) = notices(by_key(tool(translated={"zh": "00000000"})))
    assert notice.topic == "stale"


def test_figures_that_rest_on_a_judgement_are_found() -> None:
    guess = [{"en": "It saves 1,250 dollars", "zh": "x", "basis": "judgement"}]
    assert figures_by_judgement(tool(why=guess)) == ["why: It saves 1,250 dollars"]
    assert figures_by_judgement(tool(why=[{**guess[0], "basis": "paper"}])) == []
