"""Work on a study in the browser: made, sent, edited, undone; refused whole; two at once."""

from __future__ import annotations

import io
import shutil
import zipfile
from pathlib import Path

import openpyxl
import pytest

from headwater import workshop
from headwater.errors import Conflict, InputError, NotAllowed, NotFound, TableError
from headwater.forum import Forum, open_forum
from headwater.permissions import EVERYONE_ALONE, User
from headwater.store import uploads
from headwater.store.uploads import Sent

ALONE = EVERYONE_ALONE


@pytest.fixture
def forum(root: Path, tmp_path: Path) -> Forum:
    """A site for one person, with Toytown packaged."""
    packaged = tmp_path / "packaged"
    shutil.copytree(root / "tests" / "toytown" / "study", packaged / "toytown")
    return open_forum(tmp_path / "home", packaged=packaged)


@pytest.fixture
def mine(forum: Forum) -> Forum:
    """The same, with a copy of Toytown that may be changed."""
    workshop.copy_study(forum, ALONE, "toytown", "mine")
    return forum


def sent(name: str, content: bytes | str) -> Sent:
    return Sent(name, io.BytesIO(content.encode() if isinstance(content, str) else content))


def zipped(**files: bytes | str) -> bytes:
    page = io.BytesIO()
    with zipfile.ZipFile(page, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return page.getvalue()


def state(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


# --- making -------------------------------------------------------------------------------------------------------


def test_a_study_is_made_from_the_template_or_from_another(forum: Forum) -> None:
    empty = workshop.create_study(forum, ALONE, "malawi", iso3="MWI", year=2026)
    assert (empty.folder / "study.toml").is_file()
    copy = workshop.copy_study(forum, ALONE, "toytown", "mine")
    assert state(copy.folder) == state(forum.study(ALONE, "toytown").folder)
    assert [known.study_id for known in forum.studies(ALONE)] == ["toytown", "malawi", "mine"]
    assert workshop.soundness(forum, ALONE, "mine").faults == []


@pytest.mark.parametrize("name", ["Mine", "../up", "", "new", "a" * 64, "toytown", "水"])
def test_a_name_that_will_not_do_makes_nothing(forum: Forum, name: str) -> None:
    with pytest.raises(InputError):
        workshop.create_study(forum, ALONE, name, iso3="MWI", year=2026)
    assert not (forum.home / "studies").exists() or not any((forum.home / "studies").iterdir())
    assert list((forum.home / "drafts").iterdir()) == []


def test_what_comes_with_headwater_stays_as_it_is(forum: Forum) -> None:
    with pytest.raises(NotAllowed, match="copy"):
        workshop.send_tables(forum, ALONE, "toytown", [sent("zones.csv", "zone_id\n")])


def test_only_those_who_may(mine: Forum) -> None:
    reader, stranger = User("r", "r", "R", "reader"), None
    for user in (reader, stranger):
        with pytest.raises(NotFound):
            workshop.read_table(mine, user, "mine", "assets")
    with pytest.raises(NotAllowed):
        workshop.copy_study(mine, reader, "toytown", "theirs")


# --- sending ------------------------------------------------------------------------------------------------------


def test_a_table_replaces_the_one_of_its_name_in_any_format(mine: Forum) -> None:
    sheet = workshop.read_table(mine, ALONE, "mine", "zones")
    book = openpyxl.Workbook()
    page = book.active
    page.title = "zones"
    for row in [sheet.columns, *sheet.cells[:-1]]:
        page.append(row)
    stream = io.BytesIO()
    book.save(stream)
    put, _sound = workshop.send_tables(
        mine, ALONE, "mine", [sent("my tables.xlsx".replace(" ", "_"), stream.getvalue())]
    )
    assert [one.path for one in put] == [Path("zones.csv")]
    assert len(workshop.read_table(mine, ALONE, "mine", "zones").cells) == len(sheet.cells) - 1
    assert workshop.changes(mine, ALONE, "mine")[0]["name"] == "zones"


def test_a_zip_is_taken_apart_and_its_folders_forgotten(mine: Forum) -> None:
    folder = mine.study(ALONE, "mine").folder
    content = (folder / "zones.csv").read_bytes()
    put, _sound = workshop.send_tables(
        mine, ALONE, "mine", [sent("all.zip", zipped(**{"deep/../../zones.csv": content, ".DS_Store": b"x"}))]
    )
    assert [one.path for one in put] == [Path("zones.csv")]


def test_a_spoilt_table_is_refused_with_every_fault_and_nothing_changes(mine: Forum) -> None:
    folder = mine.study(ALONE, "mine").folder
    before = state(folder)
    spoilt = (folder / "assets.csv").read_text(encoding="utf-8").replace("POINT", "PINT")
    with pytest.raises(TableError) as refused:
        workshop.send_tables(
            mine, ALONE, "mine", [sent("assets.csv", spoilt), sent("zones.csv", (folder / "zones.csv").read_bytes())]
        )
    assert {fault.file for fault in refused.value.faults} == {"assets.csv"}
    assert all(fault.column == "geometry" or fault.row is None or fault.row > 1 for fault in refused.value.faults)
    assert state(folder) == before
    assert list((mine.home / "drafts").iterdir()) == []


BOMB = zipped(**{"assets.csv": b"0" * (40 * 1024 * 1024)})


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("malware.exe", b"MZ", "is not a file that a study holds"),
        ("../../etc/passwd", b"x", "is not a file that a study holds"),
        ("assets.csv\x00.exe", b"x", "is not a file that a study holds"),
        ("broken.zip", b"PK\x03\x04 no", "is not a zip"),
        ("bomb.zip", BOMB, "larger than can be taken"),
        ("many.zip", zipped(**{f"{i}.csv": b"x" for i in range(uploads.MOST_FILES + 1)}), "more than"),
        ("book.xlsx", b"not a workbook", "is not a workbook"),
        ("twice.zip", zipped(**{"a/zones.csv": b"zone_id\n", "b/zones.csv": b"zone_id\n"}), "sent twice"),
    ],
)
def test_what_is_no_table_is_refused(mine: Forum, name: str, content: bytes, problem: str) -> None:
    folder = mine.study(ALONE, "mine").folder
    before = state(folder)
    with pytest.raises(TableError) as refused:
        workshop.send_tables(mine, ALONE, "mine", [sent(name, content)])
    assert any(problem in fault.problem for fault in refused.value.faults), refused.value.faults
    assert state(folder) == before
    assert not (mine.home.parent / "etc").exists()


def test_nothing_sent_is_said(mine: Forum) -> None:
    with pytest.raises(TableError, match="nothing was sent"):
        workshop.send_tables(mine, ALONE, "mine", [])


# --- editing ------------------------------------------------------------------------------------------------------


def edited(forum: Forum, name: str = "zones") -> tuple[list[str], list[list[str]], str]:
    sheet = workshop.read_table(forum, ALONE, "mine", name)
    cells = [list(row) for row in sheet.cells]
    cells[0][1] = cells[0][1] + "!"
    return sheet.columns, cells, sheet.mark


def test_an_edit_is_saved_and_undone_and_the_undoing_undone(mine: Forum) -> None:
    folder = mine.study(ALONE, "mine").folder
    before = (folder / "zones.csv").read_bytes()
    columns, cells, mark = edited(mine)
    after = workshop.write_table(mine, ALONE, "mine", "zones", columns, cells, mark=mark, words="one name")
    assert workshop.read_table(mine, ALONE, "mine", "zones").mark == after
    first = workshop.changes(mine, ALONE, "mine")[0]
    assert workshop.undo(mine, ALONE, "mine", first["edit_id"]) == "zones"
    assert (folder / "zones.csv").read_bytes() == before
    with pytest.raises(NotFound):
        workshop.undo(mine, ALONE, "mine", first["edit_id"])
    workshop.undo(mine, ALONE, "mine", workshop.changes(mine, ALONE, "mine")[0]["edit_id"])
    assert workshop.read_table(mine, ALONE, "mine", "zones").mark == after


def test_two_editors_of_one_table_and_the_second_is_told(mine: Forum) -> None:
    columns, cells, mark = edited(mine)
    workshop.write_table(mine, ALONE, "mine", "zones", columns, cells, mark=mark, words="first")
    mine_now = state(mine.study(ALONE, "mine").folder)
    with pytest.raises(Conflict, match="Nothing was overwritten"):
        workshop.write_table(mine, ALONE, "mine", "zones", columns, cells[1:], mark=mark, words="second")
    assert state(mine.study(ALONE, "mine").folder) == mine_now
    undone = workshop.changes(mine, ALONE, "mine")
    assert [change["words"] for change in undone] == ["first"]


def test_an_edit_may_leave_faults_and_the_check_names_them(mine: Forum) -> None:
    columns, cells, mark = edited(mine, "assets")
    cells[0][columns.index("asset_id")] = cells[1][columns.index("asset_id")]
    workshop.write_table(mine, ALONE, "mine", "assets", columns, cells, mark=mark, words="the same name twice")
    assert any("more than once" in fault.problem for fault in workshop.soundness(mine, ALONE, "mine").faults)


def test_a_grid_that_is_no_table_is_refused(mine: Forum) -> None:
    columns, _cells, mark = edited(mine)
    for bad_columns, bad_cells in ((["a", "a"], [["1", "2"]]), (["a", " "], []), (columns, [["short"]])):
        with pytest.raises(InputError):
            workshop.write_table(mine, ALONE, "mine", "zones", bad_columns, bad_cells, mark=mark, words="")
    with pytest.raises(NotFound):
        workshop.read_table(mine, ALONE, "mine", "../study")
