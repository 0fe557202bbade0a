"""The command line of the hub: every command, in both languages, and what it says when asked wrongly."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from headwater import cli

Ran = tuple[int, str, str]


@pytest.fixture
def run(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture
) -> Callable[..., Ran]:
    """Run a command of the hub on the content that ships."""
    index = tmp_path / "library.sqlite"

    def ran(name: str, *words: str, content: Path | None = None) -> Ran:
        where = ["--content", str(content or root / "content")]
        where += [] if name in {"check", "stamp"} else ["--index", str(index)]
        monkeypatch.setattr("sys.argv", ["headwater", "hub", name, *words, *where])
        try:
            cli.main()
            code = 0
        except SystemExit as stopped:
            code = int(stopped.code or 0)
        out, err = capfd.readouterr()
        return code, out, err

    return ran


def test_build_and_check(run: Callable[..., Ran]) -> None:
    assert run("build")[0] == 0
    code, out, err = run("check")
    assert (code, err) == (0, "")
    assert "The content is sound" in out


def test_check_names_every_fault_of_every_file(run: Callable[..., Ran], tmp_path: Path, root: Path) -> None:
    import shutil

    spoilt = Path(shutil.copytree(root / "content", tmp_path / "content"))
    (spoilt / "tools" / "broken.md").write_text("---\ntitle: x\nphases: [then]\n---\n", encoding="utf-8")
    code, _out, err = run("check", content=spoilt)
    assert code == 2
    assert "tools/broken.md" in err
    assert "not in the vocabulary phases" in err
    assert "no source is given" in err or "sources" in err
    assert "Traceback" not in err


def test_search_in_both_languages(run: Callable[..., Ran]) -> None:
    code, out, _err = run("search", "flood", "--kind", "tool", "--limit", "3")
    assert code == 0
    assert "tool/" in out
    code, out, _err = run("search", "水", "--language", "zh", "--where", "sectors=water")
    assert code == 0
    assert "部门" in out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("search", "x", "--where", "phases"), "is not a name and a value"),
        (("search", "x", "--where", "phases=never"), "no value never"),
        (("search", "x", "--sort", "beauty"), "no order beauty"),
        (("show", "climda"), "Did you mean"),
        (("compare", "climada"), "2 to 4"),
        (("cite", "climada", "--format", "endnote"), "bibtex, ris, csl"),
        (("wizard", "--answer", "sectors=moon"), "moon"),
        (("check", "--kind", "gadget"), "no kind of entry called gadget"),
        (("export", "hub.docx"), "csv, xlsx, json"),
    ],
)
def test_a_wrong_question_gets_a_clear_answer(run: Callable[..., Ran], words: tuple[str, ...], said: str) -> None:
    code, out, err = run(*words)
    assert code in {2, 3}
    assert said.lower() in (out + err).lower()
    assert "Traceback" not in err


def test_show_compare_cite_gaps_and_wizard(run: Callable[..., Ran], tmp_path: Path) -> None:
    assert "[repository]" in run("show", "tool/climada")[1]
    assert "≠" in run("compare", "climada", "open-gira")[1]
    assert run("cite", "tool/climada")[1].startswith("@misc{tool-climada")
    code, out, _err = run("gaps", "--to", str(tmp_path / "gaps.csv"))
    assert code == 0
    assert (tmp_path / "gaps.csv").stat().st_size > 1000
    assert "Upstream and downstream" in out
    code, out, _err = run(
        "wizard", "--answer", "phases=strategic-planning", "--answer", "sectors=energy", "--language", "zh"
    )
    assert code == 0
    assert "1  " in out


def test_export(run: Callable[..., Ran], tmp_path: Path) -> None:
    assert run("export", str(tmp_path / "hub.json"))[0] == 0
    assert len(json.loads((tmp_path / "hub.json").read_text(encoding="utf-8"))) > 200
