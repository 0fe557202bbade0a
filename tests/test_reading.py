"""A study for readers: read once for all who ask at the same moment, and anew when a file of it has changed."""

from __future__ import annotations

import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from headwater import reading
from headwater.reading import Reading, Readings
from headwater.study_views.state import kept

MANY = 16


@pytest.fixture
def folder(root: Path, tmp_path: Path) -> Path:
    """A copy of Toytown that may be changed."""
    return Path(shutil.copytree(root / "tests" / "toytown" / "study", tmp_path / "study"))


def test_who_asks_at_the_same_moment_waits_for_one_reading(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, begun = reading._read, []

    def slow(*given: Any) -> Reading:
        begun.append(given)
        time.sleep(0.2)
        return read(*given)

    monkeypatch.setattr(reading, "_read", slow)
    readings = Readings()
    with ThreadPoolExecutor(MANY) as threads:
        found = list(threads.map(lambda _: readings.open(folder, tmp_path / "out"), range(MANY)))
    assert len(begun) == 1
    assert len({id(one) for one in found}) == 1


def test_a_study_is_read_anew_when_a_file_of_it_changes_comes_or_goes(folder: Path, tmp_path: Path) -> None:
    readings, out = Readings(), tmp_path / "out"
    first = readings.open(folder, out)
    assert readings.open(folder, out) is first
    (folder / "deeper").mkdir()
    (folder / "deeper" / "note.txt").write_text("a")
    second = readings.open(folder, out)
    assert second is not first
    (folder / "deeper" / "note.txt").write_text("longer")
    third = readings.open(folder, out)
    assert third is not second
    (folder / "deeper" / "note.txt").unlink()
    fourth = readings.open(folder, out)
    assert fourth is not third
    out.mkdir()
    (out / f"front{reading.results.RECORD}").write_text("{}")
    (out / "front.csv").write_text("not a record")
    fifth = readings.open(folder, out)
    assert fifth is not fourth
    (out / "front.csv").write_text("changed, and of no matter")
    assert readings.open(folder, out) is fifth


def test_a_part_of_a_page_is_put_together_once(folder: Path, tmp_path: Path) -> None:
    opened, made = Readings().open(folder, tmp_path / "out"), []

    def make() -> int:
        made.append(1)
        time.sleep(0.1)
        return kept(opened, "inner", lambda: 7)

    with ThreadPoolExecutor(MANY) as threads:
        assert set(threads.map(lambda _: kept(opened, "outer", make), range(MANY))) == {7}
    assert len(made) == 1


def test_a_chapter_is_written_once(root: Path, toy_results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened, written = Readings().open(root / "tests" / "toytown" / "study", toy_results), []

    def limits(content: Any) -> Any:
        written.append(content)
        time.sleep(0.1)
        return object()

    monkeypatch.setattr(reading, "CHAPTERS", [limits])
    with ThreadPoolExecutor(MANY) as threads:
        assert len(set(threads.map(lambda _: opened.chapter("limits"), range(MANY)))) == 1
    assert len(written) == 1
