"""Killed with -9 at random moments: a migration, a backup, a restore. What was there is there, nothing half done."""

from __future__ import annotations

import hashlib
import os
import random
import secrets
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, create_engine, inspect, text
from tests.killed import Nursery, nursery

from headwater.errors import InputError, SourceError
from headwater.files import is_draft
from headwater.forum import Forum, open_forum, open_site_database
from headwater.store import database, registry
from headwater.store.backup import FOLDERS, LIST, PLACING, UNDER_WAY, restore_backup, write_backup
from headwater.store.database import moment, open_database, tables

KILLS = 10
ROWS = 12_000

LATER = '''
"""A migration that takes its time: the log is written anew with a column more."""
import sqlalchemy as sa
from alembic import op
revision, down_revision, branch_labels, depends_on = "9001", "{head}", None, None

def upgrade():
    with op.batch_alter_table("audit", recreate="{how}") as table:
        table.add_column(sa.Column("place", sa.String(40), nullable=False, server_default="here"))
    op.create_table("places", sa.Column("place", sa.String(40), primary_key=True))
    op.execute("INSERT INTO places SELECT DISTINCT what FROM audit")
    op.execute("UPDATE audit SET place = 'there' WHERE audit_id % 2 = 0")
'''


@pytest.fixture(scope="module")
def born() -> Iterator[Nursery]:
    """Where processes come from that are killed."""
    with nursery() as made:
        yield made


# --- migrations ---------------------------------------------------------------------------------------------------


@pytest.fixture(params=["sqlite", "postgresql"])
def new_database(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[int], str]:
    """Makes an empty database by its number; says its address."""
    if request.param == "sqlite":
        return lambda number: f"sqlite:///{tmp_path / f'{number}.sqlite'}"
    server = request.getfixturevalue("postgresql")

    def made(number: int) -> str:
        name = f"killed_{secrets.token_hex(4)}_{number}"
        engine = create_engine(server, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        engine.dispose()
        return f"{server.rpartition('/')[0]}/{name}"

    return made


def assert_whole(engine: Engine) -> None:
    with engine.begin() as connection:
        assert compare_metadata(MigrationContext.configure(connection), tables) == []


@pytest.mark.slow
def test_ten_kills_of_a_first_migration_and_the_next_start_has_every_table(
    born: Nursery, new_database: Callable[[int], str]
) -> None:
    chance = random.Random(11)  # noqa: S311
    half = 0
    born.start("migrate", new_database(0), database.MIGRATIONS)
    whole = born.end()
    for number in range(1, KILLS + 1):
        address = new_database(number)
        born.kill_after(chance.uniform(0, whole), "migrate", address, database.MIGRATIONS)
        bare = create_engine(address)
        there = set(inspect(bare).get_table_names())
        assert not there or there == {*tables.tables, "alembic_version"}, "some of the tables"
        half += not there
        bare.dispose()
        engine = open_database(address)
        assert_whole(engine)
        engine.dispose()
    assert half, "no kill came before the end"


@pytest.mark.slow
def test_ten_kills_of_a_migration_of_an_old_database_and_no_row_is_lost(
    born: Nursery, new_database: Callable[[int], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(12)  # noqa: S311
    address = new_database(0)
    engine = open_database(address)
    with engine.begin() as connection:
        head = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
        row = {"at": moment(), "action": "edit_table", "detail": "{}" * 40}
        connection.execute(tables.tables["audit"].insert(), [row | {"what": f"study/{n}"} for n in range(ROWS)])
    later = tmp_path / "migrations"
    shutil.copytree(database.MIGRATIONS, later, ignore=shutil.ignore_patterns("__pycache__"))
    how = "always" if engine.dialect.name == "sqlite" else "auto"
    (later / "versions" / "v9001_later.py").write_text(LATER.format(head=head, how=how), encoding="utf-8")

    def state() -> tuple[str, bool, bool, int]:
        with engine.begin() as connection:
            known = inspect(connection)
            columns = {column["name"] for column in known.get_columns("audit")}
            version = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
            rows = connection.execute(text("SELECT count(*) FROM audit")).scalar_one()
            return version, "place" in columns, "places" in known.get_table_names(), rows

    old, new = (head, False, False, ROWS), ("9001", True, True, ROWS)
    half = 0
    engine.dispose()
    born.start("migrate", address, later)
    seconds = born.end()
    for kill in range(KILLS):
        if state() == new:  # back to where it began
            with engine.begin() as connection:
                connection.execute(text("DROP TABLE places"))
                connection.execute(text("ALTER TABLE audit DROP COLUMN place"))
                connection.execute(text("UPDATE alembic_version SET version_num = :v"), {"v": head})
        engine.dispose()
        born.kill_after(chance.uniform(0, seconds), "migrate", address, later)
        assert state() in (old, new), f"half migrated by kill {kill}"
        half += state() == old
    assert half, "no kill came before the end"
    engine.dispose()
    monkeypatch.setattr(database, "MIGRATIONS", later)
    open_database(address).dispose()
    assert state() == new
    engine.dispose()
    monkeypatch.undo()
    with pytest.raises(SourceError, match="later version"):
        open_database(address)


# --- copies -------------------------------------------------------------------------------------------------------


@pytest.fixture
def site(tmp_path: Path) -> Forum:
    """A site with an account, a study and some twenty megabytes of results that do not pack."""
    forum = open_forum(tmp_path / "home", is_alone=False)
    boss = forum.set_up(forum.setup_code(), "boss", "correct horse battery")
    forum.add_study(boss, "mine")
    chance = random.Random(13)  # noqa: S311
    for name in ("studies/mine/study.toml", "history/mine/abc", "bin/old-1/study.toml"):
        (forum.home / name).parent.mkdir(parents=True, exist_ok=True)
        (forum.home / name).write_text(f"{name} = 1\n", encoding="utf-8")
    for number in range(200):
        path = forum.home / "results" / "mine" / f"r{number:03}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(chance.randbytes(100_000))
    return forum


def content(path: Path) -> dict[str, str]:
    """Hashes of all that a copy holds."""
    with zipfile.ZipFile(path) as archive:
        return {n: hashlib.sha256(archive.read(n)).hexdigest() for n in archive.namelist() if n != LIST}


def held(forum: Forum, tmp_path: Path) -> dict[str, str]:
    """Hashes of all that a site holds: rows and files."""
    write_backup(forum.engine, forum.home, tmp_path / "held.zip")
    return content(tmp_path / "held.zip")


@pytest.mark.slow
def test_ten_kills_of_a_backup_and_the_earlier_copy_is_whole(born: Nursery, site: Forum, tmp_path: Path) -> None:
    chance, folder = random.Random(14), tmp_path / "copies"  # noqa: S311
    target = folder / "site.zip"
    before = held(site, tmp_path)
    began = time.monotonic()
    write_backup(site.engine, site.home, target)
    seconds, earlier = time.monotonic() - began, target.read_bytes()
    half = 0
    for number in range(KILLS):
        born.kill_after(
            chance.uniform(0, seconds), "backup", target, "--home", site.home,
            once=lambda: any(map(is_draft, folder.iterdir())),
        )  # fmt: skip
        if target.read_bytes() != earlier:  # it was done
            assert content(target) == before
            earlier = target.read_bytes()
            continue
        half += 1
        (draft,) = (path for path in folder.iterdir() if is_draft(path))
        home = tmp_path / f"from{number}"
        with pytest.raises(SourceError, match="nothing was restored"):
            restore_backup(open_site_database(home), home, draft)
        draft.rename(folder / f".site.zip-{number:08}.zip.left")
    assert half, "no kill came before the end"
    assert held(site, tmp_path) == before
    for path in folder.iterdir():
        os.utime(path.rename(str(path).removesuffix(".left")), (0, 0))
    write_backup(site.engine, site.home, target)
    assert list(folder.iterdir()) == [target], "what the dead left is gone"
    restored = restore_backup(open_site_database(tmp_path / "new"), tmp_path / "new", target)
    assert restored["files"] == 203
    assert held(open_forum(tmp_path / "new"), tmp_path) == before


@pytest.mark.slow
def test_ten_kills_of_a_restore_and_it_can_always_be_run_again(born: Nursery, site: Forum, tmp_path: Path) -> None:
    chance, copy, before = random.Random(15), tmp_path / "site.zip", held(site, tmp_path)  # noqa: S311
    write_backup(site.engine, site.home, copy)
    open_site_database(tmp_path / "timed").dispose()
    began = time.monotonic()
    restore_backup(open_site_database(tmp_path / "timed"), tmp_path / "timed", copy)
    seconds, half = time.monotonic() - began, 0
    for number in range(KILLS):
        home = tmp_path / f"new{number}"
        begun = (home / UNDER_WAY).exists
        born.kill_after(chance.uniform(0, seconds), "restore", copy, "--home", home, once=begun)
        engine = open_site_database(home)
        try:
            half += bool(open_forum(home, is_alone=False).needs_setup)
        except SourceError as error:
            assert "Run it again" in str(error)  # noqa: PT017
            half += 1
        try:
            restore_backup(engine, home, copy)
        except InputError:  # it was done
            assert not (home / UNDER_WAY).exists()
        assert held(open_forum(home), tmp_path) == before
    assert half, "no kill came before the end"


RESTORING = """
import os, signal, sys
from pathlib import Path
from headwater.forum import open_site_database
from headwater.store import backup
def struck():
    os.kill(os.getpid(), signal.SIGKILL)
placing, forgetting = backup.moved, backup.shutil.rmtree
def moved(path, target):
    return struck() if target.name == sys.argv[3] else placing(path, target)
def rmtree(path, ignore_errors):
    return struck() if sys.argv[3] == "end" and path.exists() else forgetting(path, ignore_errors)
backup.moved, backup.shutil.rmtree = moved, rmtree
home = Path(sys.argv[1])
backup.restore_backup(open_site_database(home), home, Path(sys.argv[2]))
"""


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["studies", "results", "bin", "end"])
def test_a_restore_that_is_killed_while_folders_are_put_in_place_is_known(
    site: Forum, tmp_path: Path, moment: str
) -> None:
    shutil.rmtree(site.home / "results" / "mine")
    (site.home / "results" / "mine").mkdir()
    (site.home / "results" / "mine" / "a.csv").write_text("a\n")
    copy, before, home = tmp_path / "site.zip", held(site, tmp_path), tmp_path / "new"
    write_backup(site.engine, site.home, copy)
    struck = subprocess.run([sys.executable, "-c", RESTORING, home, copy, moment], check=False)  # noqa: S603
    assert struck.returncode == -signal.SIGKILL
    assert (home / UNDER_WAY / PLACING).exists()
    if moment == "end":
        with pytest.raises(InputError, match="holds"):
            restore_backup(open_site_database(home), home, copy)
    else:
        with pytest.raises(SourceError, match="Run it again: headwater restore"):
            open_forum(home)
        restore_backup(open_site_database(home), home, copy)
    assert held(open_forum(home), tmp_path) == before
    assert sorted(path.name for path in home.iterdir() if path.is_dir()) == sorted({*FOLDERS} - {"content"})


def test_what_the_dead_left_in_a_site_is_removed_when_it_is_old(site: Forum) -> None:
    left = [site.home / "studies" / "mine" / ".zones.csv-k3_x90ab.csv", site.home / "drafts" / "tmp1" / "sent.csv"]
    for path in left:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("half")
    assert registry.clear_leftovers(site.home) == 0, "somebody may be writing them"
    for path in (*left, left[1].parent):
        os.utime(path, (0, 0))
    assert registry.clear_leftovers(site.home) == 2
    assert not any(path.exists() for path in left)
    assert (site.home / "studies" / "mine" / "study.toml").exists()
