"""The hub, opened: built when its content changes, read by many, asked in both languages."""

from __future__ import annotations

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import headwater as hw
from headwater.curation import check_content, read_content, stamp_content
from headwater.errors import InputError, NotFound, TableError
from headwater.library import Library
from headwater.words import speaking


@pytest.fixture(scope="module")
def library(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Library:
    """The hub of the content that ships."""
    return hw.open_library(root / "content", index=tmp_path_factory.mktemp("hub") / "library.sqlite")


@pytest.fixture
def content(root: Path, tmp_path: Path) -> Path:
    """A copy of the content that a test may spoil."""
    return Path(shutil.copytree(root / "content", tmp_path / "content"))


def test_entries_come_kind_by_kind_with_what_they_are_related_to(library: Library) -> None:
    kinds = [record.kind for record in library.records.values()]
    assert kinds == sorted(kinds, key=["principle", "tool", "case", "organisation", "term"].index)
    entry = library.entry("tool", "climada")
    assert "Published by" in entry.links
    assert all(other.kind == "tool" for other in entry.similar)
    with speaking("zh"):
        assert "发布机构" in library.entry("tool", "climada").links


def test_an_entry_that_is_not_there_offers_the_nearest(library: Library) -> None:
    with pytest.raises(NotFound, match="tool/climada"):
        library.entry("tool", "climda")
    assert library.key_of("climada") == "tool/climada"
    with pytest.raises(NotFound, match="climada"):
        library.key_of("climad")


def test_search_finds_in_both_languages_and_counts_what_another_choice_would_show(library: Library) -> None:
    found = library.search("洪水", kinds=["tool"])
    assert found.total > 0
    assert all(hit.record.kind == "tool" for hit in found.hits)
    sectors = next(facet for facet in found.facets if facet.name == "sectors")
    for value in sectors.values:
        assert (
            library.search("洪水", kinds=["tool"], filters={"sectors": [value.value_id]}, limit=0).total == value.count
        )
    assert library.search("floood").suggestion
    with pytest.raises(InputError, match="no value"):
        library.search("", filters={"sectors": ["enrgy"]})


def test_advice_comparison_and_gaps_speak_the_readers_language(library: Library) -> None:
    answers = {"phases": ["strategic-planning"], "sectors": ["transport"]}
    english = library.recommend(answers)
    assert english.suggestions
    with speaking("zh"):
        chinese = library.recommend(answers)
        assert library.gaps().caution != ""
    assert [one.record.key for one in english.suggestions] == [one.record.key for one in chinese.suggestions]
    assert english.suggestions[0].reasons[0].words != chinese.suggestions[0].reasons[0].words
    both = library.compare(["climada", "open-gira"])
    assert [tool.record_id for tool in both.tools] == ["climada", "open-gira"]


def test_everything_can_be_had_as_a_file(library: Library, tmp_path: Path) -> None:
    entries = json.loads(library.dump("json"))
    assert len(entries) == len(library.records)
    table = library.dump("csv").decode("utf-8-sig")
    assert table.count("\r\n") >= len(library.records)
    import openpyxl

    library.write_dump(tmp_path / "hub.xlsx")
    book = openpyxl.load_workbook(tmp_path / "hub.xlsx")
    assert book.sheetnames == ["principles", "tools", "cases", "organisations", "glossary"]
    assert sum(sheet.max_row - 1 for sheet in book) == len(library.records)
    with pytest.raises(NotFound, match="csv, xlsx, json"):
        library.dump("docx")


def test_many_readers_at_once(library: Library) -> None:
    with ThreadPoolExecutor(8) as pool:
        totals = list(pool.map(lambda i: library.search(("水", "flood", "network")[i % 3]).total, range(60)))
    assert len(set(totals[::3])) == len(set(totals[1::3])) == len(set(totals[2::3])) == 1


def test_the_file_is_made_once_and_anew_when_the_content_changes(content: Path, tmp_path: Path) -> None:
    index = tmp_path / "library.sqlite"
    library = hw.open_library(content, index=index)
    made = index.stat().st_mtime_ns
    hw.build_library(content, index=index)
    assert index.stat().st_mtime_ns == made
    path = content / "tools" / "climada.md"
    path.write_text(path.read_text(encoding="utf-8").replace("en: CLIMADA", "en: CLIMADA renamed"), encoding="utf-8")
    hw.build_library(content, index=index)
    assert library.records["tool/climada"].title["en"] == "CLIMADA renamed", "a library that is open sees the new file"


def test_spoilt_content_names_every_fault_and_leaves_the_earlier_file(content: Path, tmp_path: Path) -> None:
    index = tmp_path / "library.sqlite"
    hw.build_library(content, index=index)
    before = index.read_bytes()
    (content / "tools" / "broken.md").write_text("---\ntitle: [\n---\n", encoding="utf-8")
    (content / "cases" / "empty.md").write_text("", encoding="utf-8")
    with pytest.raises(TableError) as refused:
        hw.build_library(content, index=index)
    files = {fault.file for fault in refused.value.faults}
    assert files == {"tools/broken.md", "cases/empty.md"}
    assert index.read_bytes() == before


def test_a_stamp_marks_what_is_translated_and_a_change_of_english_makes_it_stale(content: Path) -> None:
    assert stamp_content(content) == []
    path = content / "tools" / "climada.md"
    path.write_text(path.read_text(encoding="utf-8").replace("en: CLIMADA", "en: CLIMADA renamed"), encoding="utf-8")
    assert [(n.key, n.topic) for n in check_content(content)[1] if n.topic == "stale"] == [("tool/climada", "stale")]
    assert stamp_content(content, keys=["tool/climada"]) == ["tool/climada"]
    assert [n for n in check_content(content)[1] if n.topic == "stale"] == []
    with pytest.raises(NotFound):
        stamp_content(content, keys=["tool/none"])


def test_a_fault_names_the_line(content: Path) -> None:
    path = content / "tools" / "climada.md"
    lines = path.read_text(encoding="utf-8").split("\n")
    at = next(i for i, line in enumerate(lines) if line.startswith("skills:"))
    lines[at] = "skills: wizardry"
    path.write_text("\n".join(lines), encoding="utf-8")
    (fault,) = [fault for fault in read_content(content).faults if fault.column == "skills"]
    assert (fault.file, fault.row, fault.value) == ("tools/climada.md", at + 1, "wizardry")
