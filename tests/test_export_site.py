"""The copy in files: everything is there and leads somewhere, nothing is asked of a server, names fit every system."""

from __future__ import annotations

import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from tests.web.hub import write_hub
from tests.web.site import traded
from typer.testing import CliRunner

from headwater import cli
from headwater.catalogue.records import FOLDERS
from headwater.errors import InputError
from headwater.export_site import FRONT, MANIFEST, Exported, export_site
from headwater.forum import Forum, open_forum
from headwater.library import Library, open_library
from headwater.permissions import EVERYONE_ALONE
from headwater.web.copies import DEVICES, file_of, held, safe

pytestmark = pytest.mark.slow

TODAY = "2026-11-28"


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    """The small hub, open."""
    folder = tmp_path_factory.mktemp("hub")
    return open_library(write_hub(folder / "content"), index=folder / "library.sqlite")


@pytest.fixture(scope="module")
def forum(root: Path, toy_results: Path, tmp_path_factory: pytest.TempPathFactory) -> Forum:
    """A site with Toytown in full, without results, with faults, and a study that is nobody else's business."""
    made = traded(root, toy_results, tmp_path_factory)
    home = tmp_path_factory.mktemp("site")
    for name in ("toytown", "blank", "spoilt"):
        shutil.copytree(made / "study", home / "packaged" / name)
    (home / "packaged" / "spoilt" / "zones.csv").write_text("zone_id,name\n1,<b>bold</b>\n", encoding="utf-8")
    shutil.copytree(made / "out", home / "results" / "toytown")
    site = open_forum(home, packaged=home / "packaged")
    shutil.copytree(made / "study", home / "studies" / "secret")
    site.add_study(EVERYONE_ALONE, "secret")
    return site


@pytest.fixture(scope="module")
def copy(library: Library, forum: Forum, tmp_path_factory: pytest.TempPathFactory) -> Exported:
    """The copy."""
    return export_site(library, tmp_path_factory.mktemp("stick") / "copy", today=TODAY, forum=forum)


class Tags(HTMLParser):
    """Every tag of a page with its attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def pages(copy: Exported) -> dict[str, str]:
    """The pages that templates of the site wrote, by file."""
    return {
        name: (copy.folder / name).read_text(encoding="utf-8")
        for name in copy.files
        if name.endswith(".html") and "/downloads/" not in name
    }


def tags(copy: Exported) -> list[tuple[str, str, dict[str, str | None]]]:
    """Every tag of every page: file, name, attributes."""
    return [(name, tag, attributes) for name, page in pages(copy).items() for tag, attributes in Tags(page).found]


# --- what is there ------------------------------------------------------------------------------------------------


def test_every_entry_and_page_is_there_in_both_languages(copy: Exported, library: Library) -> None:
    for code in ("en", "zh"):
        for record in library.records.values():
            assert f"{code}/{FOLDERS[record.kind]}/{record.record_id}.html" in copy.files
        for name in ("index", "about", "search", "wizard", "gaps", *FOLDERS.values(), "studies/index"):
            assert f"{code}/{name}.html" in copy.files
        for name in ("index", "system", "risk", "choice", "map", "plan-explorer", "compare", "results/index"):
            assert f"{code}/studies/toytown/{name}.html" in copy.files
        assert f"{code}/studies/toytown/downloads/report.html" in copy.files
        assert f"{code}/studies/spoilt/index.html" in copy.files
    assert {FRONT, "dump.json", "studies/toytown/results/front.csv"} <= set(copy.files)


def test_every_point_and_layer_has_a_page(copy: Exported) -> None:
    points = [name for name in copy.files if re.match(r"en/studies/toytown/plan-explorer/point-\d+\.html", name)]
    layers = [name for name in copy.files if name.startswith("en/studies/toytown/map--")]
    assert len(points) >= 3
    assert len(layers) >= 5
    assert "<svg" in (copy.folder / points[0]).read_text(encoding="utf-8")


def test_drawings_stand_in_the_pages(copy: Exported) -> None:
    assert not [name for name, page in pages(copy).items() if 'class="lazy"' in page]
    assert 'class="drawn"' in pages(copy)["zh/studies/toytown/compare.html"]


def test_only_what_anybody_may_read_is_there(copy: Exported) -> None:
    assert set(copy.studies) == {"toytown", "blank", "spoilt"}
    assert not [name for name in copy.files if "secret" in name]
    assert not [name for name, page in pages(copy).items() if "secret" in page]


def test_the_manifest_says_what_there_is(copy: Exported) -> None:
    said = json.loads((copy.folder / MANIFEST).read_text(encoding="utf-8"))
    there = {path.relative_to(copy.folder).as_posix() for path in copy.folder.rglob("*") if path.is_file()}
    assert set(said["files"]) == there - {MANIFEST} == set(copy.files) - {MANIFEST}
    assert all((copy.folder / name).stat().st_size == about["bytes"] for name, about in said["files"].items())
    assert said["made_on"] == TODAY
    assert sum(copy.files.values()) == copy.size > said["bytes"] > 0


def test_the_hub_alone_has_no_studies(library: Library, tmp_path: Path) -> None:
    made = export_site(library, tmp_path / "hub", today=TODAY)
    assert not made.studies
    assert not [name for name in made.files if "studies" in name]
    assert not [page for page in pages(made).values() if ">Studies<" in page]


# --- where it leads -----------------------------------------------------------------------------------------------


def test_no_link_leads_to_a_file_that_is_not_there(copy: Exported) -> None:
    broken = []
    for name, tag, attributes in tags(copy):
        target = attributes.get("href") or attributes.get("src") or attributes.get("action") or ""
        parts = urlsplit(target)
        if parts.scheme or not parts.path:
            continue
        path = (copy.folder / name).parent / unquote(parts.path)
        if not path.is_file() or not path.resolve().is_relative_to(copy.folder.resolve()):
            broken.append((name, tag, target))
    assert broken == []


def test_no_link_of_a_result_of_the_search_is_broken(copy: Exported) -> None:
    for code in ("en", "zh"):
        text = (copy.folder / f"copy/rows-{code}.js").read_text(encoding="utf-8")
        said = json.loads(text.removeprefix("window.HEADWATER_ROWS = ").rstrip().removesuffix(";"))
        for row in said["rows"]:
            links = [attributes["href"] for tag, attributes in Tags(row).found if tag == "a"]
            assert [(copy.folder / code / str(link)).is_file() for link in links] == [True]


def test_marks_within_a_page_exist(copy: Exported) -> None:
    for name, page in pages(copy).items():
        ids = set(re.findall(r'\bid="([^"]*)"', page))
        wanted = {a["href"][1:] for _n, a in Tags(page).found if (a.get("href") or "").startswith("#")}  # type: ignore[index]
        assert wanted <= ids, name


def test_no_link_leads_nowhere(copy: Exported) -> None:
    """What the copy does not hold is not offered; where you are is no link either."""
    dead = {
        (re.sub(r"\d+", "0", name), str(attributes))
        for name, tag, attributes in tags(copy)
        if tag == "a" and "href" not in attributes
    }
    assert dead == set()


def test_nothing_is_taken_from_elsewhere_or_from_the_root(copy: Exported) -> None:
    for name, tag, attributes in tags(copy):
        for key in ("src", "href", "action", "srcset", "data"):
            target = attributes.get(key) or ""
            assert not target.startswith("/"), (name, tag, target)
            if tag not in {"a"}:
                assert urlsplit(target).scheme in {""}, (name, tag, target)
    for name in copy.files:
        if name.endswith(".css"):
            assert not re.search(r"url\(|@import", (copy.folder / name).read_text(encoding="utf-8"))


def test_nothing_is_sent_and_nothing_is_fetched(copy: Exported) -> None:
    for name, tag, attributes in tags(copy):
        assert not [key for key in attributes if key.startswith("hx-") or key in {"data-live", "data-src"}], name
        assert tag not in {"iframe", "object", "embed"}
        if tag == "form":
            assert attributes.get("method") == "get", name
            assert urlsplit(attributes.get("action") or "").path.endswith(("search.html", "plan-explorer.html", ""))
    assert not [name for name, page in pages(copy).items() if 'name="csrf"' in page or "htmx" in page]


def test_a_reference_travels_within_the_page(copy: Exported) -> None:
    found = [a for name, tag, a in tags(copy) if name == "en/tools/road-flood.html" and "download" in a]
    assert [str(a["download"]).partition(".")[2] for a in found] == ["bib", "ris", "csl.json"]
    assert all(str(a["href"]).startswith("data:application/") for a in found)
    assert "localhost" not in pages(copy)["en/tools/road-flood.html"]


def test_the_pages_say_that_they_are_a_copy(copy: Exported) -> None:
    assert f"This is a copy of {TODAY}" in pages(copy)["en/index.html"]
    assert f"这是 {TODAY} 的副本" in pages(copy)["zh/studies/toytown/risk.html"]
    assert "This copy only reads" in pages(copy)["en/wizard.html"]


# --- names --------------------------------------------------------------------------------------------------------


def test_names_fit_every_system(copy: Exported) -> None:
    assert len({name.casefold() for name in copy.files}) == len(copy.files)
    for name in copy.files:
        assert len(name) <= 180
        for piece in name.split("/"):
            assert re.fullmatch(r"[a-z0-9._~-]{1,100}", piece), name
            assert piece.partition(".")[0] not in DEVICES
            assert not piece.endswith(".")


@pytest.mark.parametrize(
    "name", ["CON", "nul.x", "a:b", "..", ".", "a/../b", "ä", "x" * 300, "A", "a b", "a.", "\x00", ""]
)
def test_an_odd_name_becomes_a_safe_one(name: str) -> None:
    assert re.fullmatch(r"[a-z0-9_][a-z0-9._-]*~[0-9a-f]{8}", safe(name))
    assert len(safe(name)) <= 100


def test_no_address_leaves_the_folder() -> None:
    for address in ("/en/studies/x/places/../../../../../etc/passwd", "/en/tools/..", "/en/tools/%2e%2e%2fx"):
        assert ".." not in file_of(address).split("/")
    for address in ("//evil.example/en/", "https://evil.example/en/", "javascript:alert(1)", "/api/v1/search", "/oai"):
        assert held(address) == ""


# --- what is hostile ----------------------------------------------------------------------------------------------


def test_a_hostile_entry_stays_text(copy: Exported) -> None:
    for name in ("en/tools/hostile.html", "zh/tools/hostile.html", "en/tools.html", "en/search.html"):
        found = Tags(pages(copy)[name]).found
        assert all("src" in a or a.get("type") == "application/ld+json" for tag, a in found if tag == "script"), name
        assert not [a for _tag, a in found if any(key.startswith("on") for key in a)]
        assert not [a for tag, a in found if tag == "a" and str(a.get("href")).startswith("javascript:")]
    for path in (copy.folder / "copy").glob("*.js"):
        assert "<script" not in path.read_text(encoding="utf-8")


# --- the folder ---------------------------------------------------------------------------------------------------


def test_a_folder_with_something_else_is_left_alone(library: Library, tmp_path: Path) -> None:
    folder = tmp_path / "papers"
    folder.mkdir()
    (folder / "thesis.txt").write_text("mine", encoding="utf-8")
    for is_replacing in (False, True):
        with pytest.raises(InputError, match="not empty"):
            export_site(library, folder, today=TODAY, is_replacing=is_replacing)
    assert [path.name for path in tmp_path.rglob("*")] == ["papers", "thesis.txt"]


def test_an_earlier_copy_is_replaced_only_when_told_and_only_where_it_is_all_there(
    library: Library, tmp_path: Path
) -> None:
    folder = tmp_path / "copy"
    folder.mkdir()
    first = export_site(library, folder, today=TODAY)
    with pytest.raises(InputError, match="--replace"):
        export_site(library, folder, today=TODAY)
    (folder / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(InputError, match=r"notes\.txt"):
        export_site(library, folder, today=TODAY, is_replacing=True)
    (folder / "notes.txt").unlink()
    again = export_site(library, folder, today="2026-11-29", is_replacing=True)
    assert set(again.files) == set(first.files)
    assert json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["made_on"] == "2026-11-29"
    assert [path.name for path in tmp_path.iterdir()] == ["copy"]


def test_a_run_that_fails_leaves_the_earlier_copy(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "copy"
    export_site(library, folder, today=TODAY)
    before = (folder / MANIFEST).read_bytes()

    def full(*_arguments: Any) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(InputError, match="No space left"):
        export_site(library, folder, today=TODAY, is_replacing=True)
    assert (folder / MANIFEST).read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["copy"]


def test_two_copies_of_one_day_are_the_same(library: Library, tmp_path: Path) -> None:
    one, other = (export_site(library, tmp_path / name, today=TODAY) for name in ("one", "other"))
    assert set(one.files) == set(other.files)
    differ = [name for name in one.files if (one.folder / name).read_bytes() != (other.folder / name).read_bytes()]
    assert set(differ) <= {"dump.xlsx", MANIFEST}  # a workbook says when it was written


def test_the_command_writes_a_copy_and_says_how_large_it_is(tmp_path: Path) -> None:
    options = ["--content", str(write_hub(tmp_path / "content")), "--index", str(tmp_path / "library.sqlite")]
    options += ["--home", str(tmp_path / "home"), "--studies", str(tmp_path / "none")]
    ran = CliRunner().invoke(cli.app, ["export-site", str(tmp_path / "copy"), *options])
    assert ran.exit_code == 0, ran.output
    assert re.search(r"\d+ files, \d+\.\d MB", ran.output)
    again = CliRunner().invoke(cli.app, ["export-site", str(tmp_path / "copy"), *options])
    assert isinstance(again.exception, InputError)
