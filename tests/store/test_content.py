"""Files of the content, read and marked."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater.errors import NotFound
from headwater.store.content import LARGEST_BYTES, content_hash, parse_entry, read_entry, read_words, write_mark

WHOLE = "---\ntitle: {en: Water, zh: 水}\nyear: 2020\nopen: yes\n---\n<!-- en -->\nText\n"


def parsed(text: str):
    return parse_entry(text, path=Path("x.md"), label="tools/x.md")


def test_everything_stays_text_and_lines_are_known() -> None:
    entry, faults = parsed(WHOLE)
    assert not faults
    assert entry is not None
    assert entry.raw == {"title": {"en": "Water", "zh": "水"}, "year": "2020", "open": "yes"}
    assert entry.lines == {"title": 2, "year": 3, "open": 4}
    assert entry.body == "<!-- en -->\nText\n"


@pytest.mark.parametrize(
    ("text", "row", "problem"),
    [
        ("no fence", 1, "has no front matter"),
        ("---\ntitle: x\n", 1, "has no front matter"),
        ("---\ntitle: [1\n---\n", 3, "is not YAML"),
        ("---\na: 1\nb: 2\na: 3\n---\n", 4, "the key a stands twice"),
        ("---\na: x: y\n---\n", 2, "is not YAML"),
        ("---\na: &n 1\nb: *n\n---\n", None, "alias"),
        ("---\n- 1\n---\n", None, "holds no fields"),
        ("---\n? [1]\n: 2\n---\n", 2, "a key is not a word"),
        ("---\na: !!python/object/apply:os.system [ls]\n---\n", None, ""),
    ],
)
def test_what_cannot_be_read_is_a_fault_with_its_place(text: str, row: int | None, problem: str) -> None:
    entry, faults = parsed(text)
    if not problem:
        assert entry is not None
        assert entry.raw == {"a": ["ls"]}, "a tag makes nothing but text"
        return
    (fault,) = faults
    assert entry is None
    assert (fault.file, fault.row) == ("tools/x.md", row)
    assert problem in fault.problem


@given(st.text())
def test_no_text_stops_the_reading(text: str) -> None:
    parsed(text)
    parsed(f"---\n{text}\n---\n")


def test_a_file_that_is_no_text_or_a_book_is_a_fault(tmp_path: Path) -> None:
    odd = tmp_path / "odd.md"
    odd.write_bytes(b"---\ntitle: \xff\n---\n")
    assert "not UTF-8" in read_entry(odd, label="odd.md")[1][0].problem
    odd.write_bytes(b"-" * (LARGEST_BYTES + 1))
    assert "larger than" in read_entry(odd, label="odd.md")[1][0].problem


def test_a_mark_is_added_replaced_and_leaves_the_rest_alone(tmp_path: Path) -> None:
    path = tmp_path / "x.md"
    path.write_text(WHOLE, encoding="utf-8")
    write_mark(path, {"zh": "0badcafe"})
    write_mark(path, {"zh": "12345678"})
    text = path.read_text(encoding="utf-8")
    assert text == WHOLE.replace("open: yes\n", 'open: yes\ntranslated: {zh: "12345678"}\n')
    entry, _faults = parsed(text)
    assert entry is not None
    assert entry.raw["translated"] == {"zh": "12345678"}


def test_the_mark_of_a_folder_changes_with_any_entry(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("one", encoding="utf-8")
    before = content_hash(tmp_path)
    assert content_hash(tmp_path) == before
    (tmp_path / "a.md").write_text("three", encoding="utf-8")
    assert content_hash(tmp_path) != before


def test_a_folder_without_vocabularies_is_not_content(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"vocabularies\.yaml"):
        read_words(tmp_path)
