"""A disk without room: what was there stays, nothing half written remains, whoever asks is told, readers read on."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

from sqlalchemy import select, text
from tests.web.work_site import PASSWORD, TOYTOWN, word

from headwater import files, worker, workshop
from headwater.cli import main
from headwater.errors import NoRoom
from headwater.forum import Forum, open_forum
from headwater.library import Library
from headwater.permissions import EVERYONE_ALONE
from headwater.store import accounts
from headwater.store.backup import write_backup
from headwater.store.database import audit, edits, moment, rows, sessions
from headwater.web.app import create_app

ZONES = "/en/studies/mine/tables/zones"
API = "/api/v1/studies"


@pytest.fixture
def disk() -> Iterator[Path]:
    """A disk of sixteen megabytes."""
    place = Path(tempfile.mkdtemp(prefix="headwater-disk-"))
    command = ["mount", "-t", "tmpfs", "-o", "size=16m", "headwater", str(place)]
    try:
        made = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    except FileNotFoundError:
        pytest.skip("no mount here")
    if made.returncode:
        place.rmdir()
        pytest.skip(f"a small disk cannot be mounted here: {made.stderr.strip()}")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)  # noqa: S603, S607
    place.rmdir()


@contextmanager
def full(disk: Path) -> Iterator[None]:
    """While no byte more can be written to a disk."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12, 1):
            with suppress(OSError):
                while file.write(b"x" * size):
                    pass
    yield
    ballast.unlink()


def site(home: Path, packaged: Path, **options: object) -> Forum:
    """A site with Toytown and a copy of it."""
    shutil.copytree(TOYTOWN, packaged / "toytown")
    forum = open_forum(home, packaged=packaged, **options)  # type: ignore[arg-type]
    workshop.copy_study(forum, EVERYONE_ALONE, "toytown", "mine")
    return forum


def browser(library: Library, forum: Forum) -> TestClient:
    return TestClient(create_app(library, forum=forum), raise_server_exceptions=False, follow_redirects=False)


def state(folder: Path) -> dict[str, bytes]:
    """Every file, hidden ones too."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def fail_if(happened: bool) -> None:
    if happened:
        raise ZeroDivisionError


def counted(forum: Forum) -> tuple[int, int]:
    with forum.writing() as connection:
        return len(rows(connection, select(edits))), len(rows(connection, select(audit)))


def put(client: TestClient, words: str) -> object:
    read = client.get(f"{API}/mine/tables/zones", params={"format": "csv"})
    lines = read.text.splitlines()
    lines[1] = lines[1].replace(lines[1].split(",")[1], words)
    body = "\n".join(lines) + "\n"
    return client.put(f"{API}/mine/tables/zones", content=body, headers={"if-match": read.headers["etag"]})


# --- a folder on a full disk ---------------------------------------------------------------------------------------


def test_tables_and_uploads_on_a_full_disk_are_refused_whole(
    disk: Path, tmp_path: Path, library: Library, caplog: pytest.LogCaptureFixture
) -> None:
    forum = site(disk / "home", tmp_path / "packaged", database=f"sqlite:///{tmp_path / 'forum.sqlite'}")
    client = browser(library, forum)
    before, known = state(forum.home), counted(forum)
    zones = (forum.home / "studies" / "mine" / "zones.csv").read_bytes()
    with full(disk):
        saved = put(client, "no room")
        assert saved.status_code == 507
        assert "disk" in saved.json()["error"]
        assert "make room" in saved.json()["message"]
        form = {"csrf": word(client.get(ZONES)), "mark": client.get(ZONES).text.split('name="mark" value="')[1][:64]}
        page = client.post(ZONES, data={**form, "c.0.1": "no room"})
        assert page.status_code == 507
        assert "The disk of this site is full" in page.text
        sent = [("files", ("zones.csv", zones.replace(b"\n", b" \n") + b"#" * 500_000))]
        assert client.post("/en/studies/mine/tables", data={"csrf": form["csrf"]}, files=sent).status_code == 507
        copied = client.post(API, json={"study_id": "another", "copy_of": "toytown"})
        assert copied.status_code == 507
        for path in ("/en/", ZONES, f"{API}/mine", f"{API}/mine/tables/zones", "/en/studies/mine/"):
            assert client.get(path).status_code == 200, path
        after = state(forum.home)
    assert after == before, "nothing half written"
    assert counted(forum) == known
    assert [study.study_id for study in forum.studies(EVERYONE_ALONE)] == ["toytown", "mine"]
    assert f"({disk})" in caplog.text, "whoever keeps the site is told which disk"
    assert put(client, "room again").status_code == 200
    assert client.post(API, json={"study_id": "another", "copy_of": "toytown"}).status_code == 201


def test_a_file_that_is_sent_finds_no_room_to_wait_in(
    disk: Path, tmp_path: Path, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    forum = site(tmp_path / "home", tmp_path / "packaged")
    client, before = browser(library, forum), state(forum.home / "studies")
    monkeypatch.setattr(tempfile, "tempdir", str(disk))
    with full(disk):
        sent = [("files", ("hazards.tif", io.BytesIO(b"x" * 3_000_000)))]
        csrf = word(client.get(ZONES))
        assert client.post("/en/studies/mine/tables", data={"csrf": csrf}, files=sent).status_code == 507
    assert state(forum.home / "studies") == before


def test_the_job_of_a_full_disk_fails_with_its_reason_and_goes_on_later(disk: Path, tmp_path: Path) -> None:
    forum = site(tmp_path / "home", tmp_path / "packaged")
    (forum.home / "results").symlink_to(disk / "results", target_is_directory=True)
    (disk / "results" / "mine").mkdir(parents=True)
    job_id = forum.run(EVERYONE_ALONE, "mine", "assess")
    with full(disk):
        assert worker.run_one(forum, "w", workers=1)
        job = forum.job(EVERYONE_ALONE, job_id)
        assert job["state"] == "failed"
        assert f"({disk})" in job["error"]
        assert "Make room" in job["error"]
        assert state(disk / "results") == {}
    again = forum.resume(EVERYONE_ALONE, job_id)
    assert worker.run_one(forum, "w", workers=1)
    assert forum.job(EVERYONE_ALONE, again)["state"] == "finished"


# --- a database on a full disk -------------------------------------------------------------------------------------


def test_a_change_that_cannot_be_written_down_is_taken_back(disk: Path, tmp_path: Path, library: Library) -> None:
    forum = site(tmp_path / "home", tmp_path / "packaged", database=f"sqlite:///{disk / 'forum.sqlite'}")
    client = browser(library, forum)
    assert put(client, "first").status_code == 200
    before, known = state(forum.home / "studies"), counted(forum)
    edit_id = workshop.changes(forum, EVERYONE_ALONE, "mine")[0]["edit_id"]
    with forum.engine.connect() as connection:
        connection.connection.driver_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # type: ignore[union-attr]
    with full(disk):
        assert put(client, "second").status_code == 507
        with pytest.raises(NoRoom, match=str(disk)):
            workshop.undo(forum, EVERYONE_ALONE, "mine", edit_id)
        sent = workshop.Sent("zones.csv", io.BytesIO(TOYTOWN.joinpath("zones.csv").read_bytes()))
        with pytest.raises(NoRoom):
            workshop.send_tables(forum, EVERYONE_ALONE, "mine", [sent])
        with pytest.raises(NoRoom):
            workshop.create_study(forum, EVERYONE_ALONE, "malawi", iso3="MWI", year=2026)
        assert client.post(f"{API}/mine/jobs", json={"step": "assess"}).status_code == 507
        assert client.get(ZONES).status_code == 200
        assert state(forum.home / "studies") == before
        assert counted(forum) == known
    assert put(client, "third").status_code == 200
    assert workshop.undo(forum, EVERYONE_ALONE, "mine", workshop.changes(forum, EVERYONE_ALONE, "mine")[0]["edit_id"])
    assert state(forum.home / "studies") == before


def test_somebody_signed_in_reads_on_and_nobody_signs_in(disk: Path, library: Library, tmp_path: Path) -> None:
    forum = open_forum(disk / "home", packaged=tmp_path, is_alone=False)
    forum.set_up(forum.setup_code(), "boss", PASSWORD)
    client, other = browser(library, forum), browser(library, forum)
    given = {"csrf": word(client.get("/en/sign-in")), "name": "boss", "password": PASSWORD}
    assert client.post("/en/sign-in", data=given).status_code == 303
    with forum.writing() as connection:
        connection.execute(sessions.update().values(seen_at=moment(datetime.now(UTC) - timedelta(minutes=5))))
    with forum.engine.connect() as connection:
        connection.connection.driver_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # type: ignore[union-attr]
    with full(disk):
        assert client.get("/en/account").status_code == 200, "that it was used cannot be written down"
        given = {"csrf": word(other.get("/en/sign-in")), "name": "boss", "password": PASSWORD}
        assert other.post("/en/sign-in", data=given).status_code == 507
    assert other.post("/en/sign-in", data=given).status_code == 303


# --- the command line ----------------------------------------------------------------------------------------------


def headwater(monkeypatch: pytest.MonkeyPatch, *words: object) -> int:
    """Exit code of a command."""
    monkeypatch.setattr(sys, "argv", ["headwater", *map(str, words)])
    with pytest.raises(SystemExit) as left:
        main()
    return int(left.value.code or 0)


def test_a_backup_and_a_restore_without_room_change_nothing(
    disk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    forum = site(tmp_path / "home", tmp_path / "packaged")
    (forum.home / "results" / "mine").mkdir(parents=True)
    (forum.home / "results" / "mine" / "a.csv").write_bytes(os.urandom(2_000_000))
    write_backup(forum.engine, forum.home, tmp_path / "site.zip")
    write_backup(forum.engine, forum.home, disk / "site.zip")
    earlier = (disk / "site.zip").read_bytes()
    with full(disk):
        assert headwater(monkeypatch, "backup", disk / "site.zip", "--home", forum.home) == 8
        told = capsys.readouterr().err
        assert f"({disk})" in told
        assert "Traceback" not in told
        assert sorted(path.name for path in disk.iterdir()) == ["ballast", "site.zip"]
        assert (disk / "site.zip").read_bytes() == earlier
    (disk / "new").mkdir()
    open_forum(disk / "new").engine.dispose()
    with full(disk):
        before = state(disk / "new")
        assert headwater(monkeypatch, "restore", tmp_path / "site.zip", "--home", disk / "new") == 8
        assert f"({disk})" in capsys.readouterr().err
        after = state(disk / "new")
    assert {name for name in after if "sqlite" not in name} == {name for name in before if "sqlite" not in name}
    assert headwater(monkeypatch, "restore", tmp_path / "site.zip", "--home", disk / "new") == 0
    assert state(disk / "new" / "studies") == state(forum.home / "studies")


# --- without a disk of one's own -----------------------------------------------------------------------------------


@pytest.mark.parametrize("number", sorted(files.FULL))
def test_a_file_without_room_says_which_disk_and_leaves_the_earlier_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    path = tmp_path / "a.csv"
    files.write_atomically(path, lambda draft: draft.write_text("whole"))

    def broken(draft: Path) -> None:
        draft.write_text("ha")
        raise OSError(number, os.strerror(number))

    with pytest.raises(NoRoom, match=r"a\.csv is full .*Make room"):
        files.write_atomically(path, broken)
    for given, content in ((path, b"other"), (tmp_path / "new.csv", b"new"), (path, b"")):
        with pytest.raises(ZeroDivisionError), files.replaced(given, content):
            fail_if((given.read_bytes() if given.exists() else b"") == content)
    assert state(tmp_path) == {"a.csv": b"whole"}
    with files.replaced(path, b"other"):
        pass
    assert state(tmp_path) == {"a.csv": b"other"}


def test_what_somebody_else_put_in_place_since_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("earlier")
    with pytest.raises(ZeroDivisionError), files.replaced(path, b"ours"):
        fail_if(files.write_atomically(path, lambda draft: draft.write_text("theirs")) is None)
    assert state(tmp_path) == {"a.csv": b"theirs"}


def test_a_database_that_is_full_says_so(tmp_path: Path) -> None:
    forum = open_forum(tmp_path / "home")

    def fill() -> None:
        with forum.writing() as connection:
            pages = connection.execute(text("PRAGMA page_count")).scalar_one()
            connection.execute(text(f"PRAGMA max_page_count = {pages}"))
            for number in range(2_000):
                accounts.note_failure(connection, f"name{number}", "address" * 8)

    with pytest.raises(NoRoom, match=r"forum\.sqlite is full"):
        fill()
    with forum.writing() as connection:
        assert connection.execute(text("SELECT count(*) FROM attempts")).scalar_one() == 0
