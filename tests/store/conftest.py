"""Databases for the tests of the store: SQLite always, PostgreSQL where its server is installed."""

from __future__ import annotations

import getpass
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from headwater.store.database import open_database, tables

POSTGRES = sorted(Path("/usr/lib/postgresql").glob("*/bin"))


def _quietly(command: list[object]) -> None:
    subprocess.run([str(word) for word in command], check=True, capture_output=True)  # noqa: S603 (our own command)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """Address of a PostgreSQL server of our own, or of the one in HEADWATER_TEST_POSTGRESQL."""
    given = os.environ.get("HEADWATER_TEST_POSTGRESQL")
    if given:
        yield given
        return
    if not POSTGRES:
        pytest.skip("no PostgreSQL server here; install it: apt-get install postgresql")
    folder = Path(
        tempfile.mkdtemp(prefix="headwater-postgresql-")
    )  # pytest keeps its own folders closed to other users
    user = "postgres" if getpass.getuser() == "root" else getpass.getuser()
    before = ["runuser", "-u", user, "--"] if user == "postgres" else []
    if user == "postgres":
        shutil.chown(folder, user)
    data, port = folder / "data", str(54000 + os.getpid() % 9000)
    _quietly([*before, POSTGRES[-1] / "initdb", "-D", data, "-U", "headwater", "-A", "trust"])
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"
    _quietly([*before, POSTGRES[-1] / "pg_ctl", "-D", data, "-w", "-l", folder / "log", "-o", options, "start"])
    yield f"postgresql+pg8000://headwater@127.0.0.1:{port}/postgres"
    _quietly([*before, POSTGRES[-1] / "pg_ctl", "-D", data, "-m", "immediate", "stop"])
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """An empty database of each kind."""
    if request.param == "sqlite":
        made = open_database(f"sqlite:///{tmp_path / 'forum.sqlite'}")
    else:
        made = open_database(request.getfixturevalue("postgresql"))
        names = ", ".join(tables.tables)
        with made.begin() as connection:
            connection.execute(text(f"TRUNCATE {names} RESTART IDENTITY CASCADE"))
    yield made
    made.dispose()
