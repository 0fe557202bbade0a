"""Work on a study in the browser: made, sent, edited, undone; refused whole; two at once."""

from __future__ import annotations

import io
import random
import shutil
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from headwater import files, workshop
from headwater.errors import Conflict, InputError, NotAllowed, NotFound, TableError
from headwater.forum import Forum, open_forum, open_site_database
from headwater.permissions import EVERYONE_ALONE, User
from headwater.reports.table_files import table_csv
from headwater.sheets import sheet_bytes
from headwater.store import uploads
from headwater.store.backup import restore_backup, write_backup
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


# --- what must not be lost or shown -------------------------------------------------------------------------------


def test_a_name_that_is_taken_leaves_the_study_that_has_it_alone(mine: Forum) -> None:
    before = state(mine.study(ALONE, "mine").folder)
    for make in (
        lambda: workshop.create_study(mine, ALONE, "mine", iso3="MWI", year=2026),
        lambda: workshop.copy_study(mine, ALONE, "toytown", "mine"),
    ):
        with pytest.raises(InputError, match="already"):
            make()
    assert state(mine.study(ALONE, "mine").folder) == before
    assert not (mine.home / "bin").exists()


def test_a_study_that_could_not_be_put_in_place_is_not_entered(mine: Forum, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "replace", lambda *_given: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        workshop.copy_study(mine, ALONE, "toytown", "second")
    monkeypatch.undo()
    workshop.copy_study(mine, ALONE, "toytown", "second")
    assert {known.study_id for known in mine.studies(ALONE)} == {"toytown", "mine", "second"}


def test_what_a_study_left_behind_is_not_shown_in_the_next_of_its_name(mine: Forum) -> None:
    columns, cells, mark = edited(mine)
    workshop.write_table(mine, ALONE, "mine", "zones", columns, cells, mark=mark, words="secret")
    mine.run(ALONE, "mine", "plan")
    results = mine.study(ALONE, "mine").out
    results.mkdir(parents=True)
    (results / "secret.csv").write_text("x", encoding="utf-8")
    mine.delete_study(ALONE, "mine")
    workshop.copy_study(mine, ALONE, "toytown", "mine")
    assert workshop.changes(mine, ALONE, "mine") == []
    assert mine.jobs(ALONE, "mine") == []
    assert not results.exists()
    with pytest.raises(NotFound):
        workshop.read_version(mine, ALONE, "mine", "zones", mark)


def test_a_trial_that_shares_files_leaves_the_study_alone_when_it_is_refused(mine: Forum) -> None:
    folder = mine.study(ALONE, "mine").folder
    before = state(folder)
    raster = next(name for name in before if name.endswith(".tif"))
    header = before["study.toml"].decode().replace("2125", "1900")
    with pytest.raises(TableError):
        workshop.send_tables(mine, ALONE, "mine", [sent(Path(raster).name, b"spoilt"), sent("study.toml", header)])
    assert state(folder) == before


def test_a_header_that_is_sent_can_be_taken_back(mine: Forum) -> None:
    text, mark = workshop.read_header(mine, ALONE, "mine")
    workshop.send_tables(mine, ALONE, "mine", [sent("study.toml", text + "# sent\n")])
    assert workshop.read_header(mine, ALONE, "mine")[0].endswith("# sent\n")
    workshop.undo(mine, ALONE, "mine", workshop.changes(mine, ALONE, "mine", "study.toml")[0]["edit_id"])
    assert workshop.read_header(mine, ALONE, "mine") == (text, mark)


def test_a_parquet_takes_the_place_of_a_csv_and_is_counted_and_told_as_text(mine: Forum, tmp_path: Path) -> None:
    sheet = workshop.read_table(mine, ALONE, "mine", "sources")
    pd.DataFrame(sheet.cells, columns=sheet.columns).to_parquet(tmp_path / "sources.parquet")
    content = (tmp_path / "sources.parquet").read_bytes()
    put, _sound = workshop.send_tables(mine, ALONE, "mine", [sent("sources.parquet", content)])
    assert put[0].was_there
    assert not workshop.read_table(mine, ALONE, "mine", "sources").is_editable
    assert workshop.read_lines(mine, ALONE, "mine", "sources") == [sheet.columns, *sheet.cells]
    held = {one.name: one.rows for one in workshop.holdings(mine, ALONE, "mine")}
    assert held["sources"] == len(sheet.cells)


def test_a_guard_is_taken_off_what_is_sent(mine: Forum) -> None:
    sheet = workshop.read_table(mine, ALONE, "mine", "zones")
    cells = [list(row) for row in sheet.cells]
    cells[0][1], cells[1][1] = "'=1+1", "'t Hooft"
    workshop.send_tables(mine, ALONE, "mine", [sent("zones.csv", sheet_bytes([sheet.columns, *cells]))])
    assert [row[1] for row in workshop.read_table(mine, ALONE, "mine", "zones").cells[:2]] == ["=1+1", "'t Hooft"]


def test_an_upload_that_stops_half_way_changes_nothing(mine: Forum, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = mine.study(ALONE, "mine").folder
    before, real, count = state(folder), workshop._keep_and_put, []

    def full(*given: object) -> None:
        count.append(1)
        if len(count) > 1:
            raise OSError("disk full")
        real(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(workshop, "_keep_and_put", full)
    changed = [sent(f"{name}.csv", sheet_bytes([columns, *cells])) for name in ("zones", "sources")
               for columns, cells, _mark in [edited(mine, name)]]  # fmt: skip
    with pytest.raises(OSError, match="disk full"):
        workshop.send_tables(mine, ALONE, "mine", changed)
    assert len(count) == 2
    assert state(folder) == before
    assert workshop.changes(mine, ALONE, "mine") == []


@pytest.mark.parametrize("at_once", [True, False])
def test_folders_change_places_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_once: bool) -> None:
    if not at_once:
        monkeypatch.setattr(files, "_exchange_at_once", lambda *_given: False)
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).touch()
    files.exchange(tmp_path / "one", tmp_path / "other")
    found = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file())
    assert found == ["one/other", "other/one"]
    with pytest.raises(OSError, match="nothing"):
        files.exchange(tmp_path / "one", tmp_path / "nothing")
    assert (tmp_path / "one" / "other").exists()


def exported(forum: Forum) -> dict[str, bytes]:
    """Every table of the study as it is fetched."""
    known = workshop.holdings(forum, ALONE, "mine")
    return {held.name: table_csv(workshop.read_lines(forum, ALONE, "mine", held.name)) for held in known}


def test_a_copy_wiped_and_restored_gives_the_same_exports_and_its_changes_can_be_undone(
    mine: Forum, tmp_path: Path
) -> None:
    sheet = workshop.read_table(mine, ALONE, "mine", "zones")
    first = exported(mine)
    cells = [[*row[:1], "other", *row[2:]] for row in sheet.cells]
    workshop.write_table(mine, ALONE, "mine", "zones", sheet.columns, cells, mark=sheet.mark, words="all other")
    (mine.home / "studies" / "mine" / ".zones.csv-k3_x90ab.csv").write_text("half")  # of somebody who was killed
    assert workshop.soundness(mine, ALONE, "mine").faults == []
    write_backup(mine.engine, mine.home, tmp_path / "site.zip")
    before = exported(mine)
    mine.engine.dispose()
    shutil.rmtree(mine.home)
    restore_backup(open_site_database(mine.home), mine.home, tmp_path / "site.zip")
    again = open_forum(mine.home, packaged=mine.packaged)
    assert exported(again) == before != first
    workshop.undo(again, ALONE, "mine", workshop.changes(again, ALONE, "mine")[0]["edit_id"])
    assert exported(again) == first
    shutil.rmtree(again.home / workshop.KEPT)
    with pytest.raises(NotFound, match="is not kept"):
        workshop.undo(again, ALONE, "mine", workshop.changes(again, ALONE, "mine")[0]["edit_id"])


SENDING = """
import io, itertools, sys
from pathlib import Path
from headwater import files, workshop
from headwater.forum import open_forum
from headwater.permissions import EVERYONE_ALONE
forum = open_forum(Path(sys.argv[1]), packaged=Path(sys.argv[2]))
folder = forum.study(EVERYONE_ALONE, "mine").folder
for number in itertools.count():
    changed = []
    for name in ("zones", "sources"):
        sheet = workshop.read_table(forum, EVERYONE_ALONE, "mine", name)
        column = sheet.columns.index("name" if name == "zones" else "title")
        for row in sheet.cells:
            row[column] = f"version {number}"
        changed.append(workshop.Sent(f"{name}.csv", io.BytesIO(workshop.sheet_bytes([sheet.columns, *sheet.cells]))))
    workshop.send_tables(forum, EVERYONE_ALONE, "mine", changed)
    print(number, flush=True)
"""


@pytest.mark.slow
def test_ten_kills_in_the_midst_of_uploads_and_none_is_half_there_or_lost(mine: Forum) -> None:
    chance = random.Random(3)  # noqa: S311
    for _round in range(10):
        command = [sys.executable, "-c", SENDING, str(mine.home), str(mine.packaged)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True) as process:  # noqa: S603
            assert process.stdout
            process.stdout.readline()
            time.sleep(chance.uniform(0, 1.5))
            process.kill()
            told = [0, *(int(line) for line in process.stdout.read().split())][-1]
        versions = {
            row[sheet.columns.index(column)]
            for name, column in (("zones", "name"), ("sources", "title"))
            for sheet in [workshop.read_table(mine, ALONE, "mine", name)]
            for row in sheet.cells
        }
        assert len(versions) == 1, versions
        assert int(versions.pop().split()[1]) >= told
        assert workshop.soundness(mine, ALONE, "mine").faults == []
