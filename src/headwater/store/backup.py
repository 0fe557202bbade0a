"""A copy of a site in one file, and a site from such a copy: the same whichever kind of database either has.

The copy is a zip: every table of the database as JSON lines, every file of the studies and their results, and a list of
all of them with their hashes. A copy is made whole or not at all; a restored site is checked file by file before any of
it is put in place. A restore that was stopped is known by what it left, and is begun anew.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import time
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path, PurePosixPath
from typing import Any

from sqlalchemy import Connection, Engine, Table, insert, select, text

from headwater.errors import InputError, SourceError
from headwater.files import is_draft, moved, room_at, write_atomically
from headwater.store.database import moment, tables
from headwater.store.registry import LEFT_AFTER_S
from headwater.version import __version__
from headwater.words import _

FORM = "headwater-site-1"
LIST = "manifest.json"
FOLDERS = ("studies", "results", "history", "content", "bin")
"""Folders of a site that are copied."""

UNDER_WAY = ".restore"
"""Folder of a site in which a restore takes a copy apart."""

PLACING = "placing"
"""File in it that names the folders which are put in place: there while the site may be half restored."""

LEFT_OUT = frozenset({"attempts", "sessions", "spent"})
"""Tables that are not copied: nobody stays signed in through a restore."""

ROWS_AT_ONCE = 500


def write_backup(engine: Engine, home: Path, path: Path) -> dict[str, int]:
    """Write a copy of a site; says how many rows and files it holds.

    The database is read in one transaction. Files are read as they are; each is written whole by whoever writes it.

    Parameters
    ----------
    engine, home
        The site's database and folder.
    path
        Zip file to write, outside the folder.
    """
    counted: dict[str, int] = {}
    for left in path.parent.glob(f".{path.name}-*"):
        if is_draft(left) and left.stat().st_mtime < time.time() - LEFT_AFTER_S:
            left.unlink(missing_ok=True)  # whoever wrote it was stopped
    write_atomically(path, lambda draft: counted.update(_fill(engine, home, draft)), lasting=True, mode=0o600)
    return counted


def _fill(engine: Engine, home: Path, draft: Path) -> dict[str, int]:
    hashes: dict[str, str] = {}
    rows = files = 0
    with zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED, allowZip64=True) as archive:
        with engine.begin() as connection:
            for table in tables.sorted_tables:
                if table.name in LEFT_OUT:
                    continue
                lines = [json.dumps(row, ensure_ascii=False) for row in _rows(connection, table)]
                rows += len(lines)
                _add(archive, hashes, f"database/{table.name}.jsonl", "".join(line + "\n" for line in lines).encode())
        for file in _files(home):
            try:
                content = file.read_bytes()
            except FileNotFoundError:
                continue  # it was replaced or removed meanwhile
            files += 1
            _add(archive, hashes, f"files/{file.relative_to(home).as_posix()}", content)
        about = {"form": FORM, "version": __version__, "made_at": moment(), "sha256": hashes}
        archive.writestr(LIST, json.dumps(about, indent=1))
    return {"rows": rows, "files": files}


def restore_backup(engine: Engine, home: Path, path: Path) -> dict[str, int]:
    """Make a site from a copy; says how many rows and files it has now.

    Parameters
    ----------
    engine
        An empty database, with its tables.
    home
        Folder that holds no studies and no results.
    path
        Zip file that `write_backup` wrote.

    Raises
    ------
    InputError
        If the site is not empty: nothing is overwritten.
    SourceError
        If the file is not a copy of a site, or is damaged.
    """
    _forget_stopped(engine, home)
    _check_empty(engine, home)
    draft = home / UNDER_WAY
    with room_at(home):
        draft.mkdir(parents=True)
        try:
            hashes = _unpack(path, draft)
            names = [name for name in FOLDERS if (draft / "files" / name).is_dir()]
            with ExitStack() as placed, engine.begin() as connection:
                _check_tables_empty(connection)
                rows = sum(
                    _load(connection, table, draft / "database" / f"{table.name}.jsonl")
                    for table in tables.sorted_tables
                )
                (draft / PLACING).write_text("\n".join(names), encoding="utf-8")
                for name in names:
                    placed.enter_context(moved(draft / "files" / name, home / name))
            return {"rows": rows, "files": sum(name.startswith("files/") for name in hashes)}
        finally:
            shutil.rmtree(draft, ignore_errors=True)


def check_whole(engine: Engine, home: Path) -> None:
    """Raise where a restore was stopped before the site was whole.

    Raises
    ------
    SourceError
        Saying to run it again.
    """
    if (home / UNDER_WAY / PLACING).exists() and _is_empty(engine):
        text_ = _("A restore into {folder} was stopped half-way. Run it again: headwater restore FILE --home {folder}")
        raise SourceError(text_.format(folder=home))


def _forget_stopped(engine: Engine, home: Path) -> None:
    """Take away what a restore that was stopped had put in place; it had found nothing there.

    Where the database is full the restore had come to its end.
    """
    draft = home / UNDER_WAY
    if (draft / PLACING).exists() and _is_empty(engine):
        for name in (draft / PLACING).read_text(encoding="utf-8").split():
            if not (draft / "files" / name).exists():
                shutil.rmtree(home / name, ignore_errors=True)
    shutil.rmtree(draft, ignore_errors=True)


def _unpack(path: Path, draft: Path) -> dict[str, str]:
    """Every file of a copy, checked; nothing outside the folder is written whatever the names in it say."""
    try:
        with zipfile.ZipFile(path) as archive:
            about = json.loads(archive.read(LIST))
            if about.get("form") != FORM:
                raise _damaged(path)
            hashes: dict[str, str] = about["sha256"]
            if set(archive.namelist()) != {*hashes, LIST}:
                raise _damaged(path)
            for name, expected in hashes.items():
                parts = PurePosixPath(name).parts
                if (
                    parts[0] not in {"database", "files"}
                    or ".." in parts
                    or PurePosixPath(name).is_absolute()
                    or "\\" in name
                ):
                    raise _damaged(path)
                target = draft.joinpath(*parts)
                target.parent.mkdir(parents=True, exist_ok=True)
                digest = hashlib.sha256()
                with archive.open(name) as source, target.open("wb") as copy:
                    while block := source.read(1 << 20):
                        digest.update(block)
                        copy.write(block)
                if digest.hexdigest() != expected:
                    raise _damaged(path)
    except (zipfile.BadZipFile, KeyError, ValueError, TypeError, EOFError, NotImplementedError) as error:
        raise _damaged(path) from error
    return hashes


def _damaged(path: Path) -> SourceError:
    return SourceError(_("{file} is not a copy of a site, or is damaged; nothing was restored").format(file=path))


def _check_empty(engine: Engine, home: Path) -> None:
    used = [name for name in FOLDERS if (home / name).is_dir() and any((home / name).iterdir())]
    if used:
        text_ = _("{folder} holds {names} already; restore into an empty folder")
        raise InputError(text_.format(folder=home, names=", ".join(used)))
    with engine.begin() as connection:
        _check_tables_empty(connection)


def _check_tables_empty(connection: Connection) -> None:
    if not _has_no_rows(connection):
        raise InputError(_("The database is not empty; restore into an empty one"))


def _is_empty(engine: Engine) -> bool:
    with engine.begin() as connection:
        return _has_no_rows(connection)


def _has_no_rows(connection: Connection) -> bool:
    kept = [table for table in tables.sorted_tables if table.name not in LEFT_OUT]
    return all(connection.execute(select(table).limit(1)).first() is None for table in kept)


def _load(connection: Connection, table: Table, path: Path) -> int:
    if not path.exists():
        return 0
    rows: list[dict[str, Any]] = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]
    for start in range(0, len(rows), ROWS_AT_ONCE):
        connection.execute(insert(table), rows[start : start + ROWS_AT_ONCE])
    key = table.autoincrement_column
    if rows and key is not None and connection.dialect.name == "postgresql":
        last = max(int(row[key.name]) for row in rows)
        connection.execute(
            text("SELECT setval(pg_get_serial_sequence(:t, :c), :v)"), {"t": table.name, "c": key.name, "v": last}
        )
    return len(rows)


def _rows(connection: Connection, table: Table) -> Iterator[dict[str, Any]]:
    """Rows in the order of their key, so that the same site gives the same copy."""
    for row in connection.execute(select(table).order_by(*table.primary_key.columns)).mappings():
        yield dict(row)


def _files(home: Path) -> Iterator[Path]:
    for name in FOLDERS:
        found = (path for path in sorted((home / name).rglob("*")) if path.is_file() and not path.is_symlink())
        yield from (path for path in found if not is_draft(path))


def _add(archive: zipfile.ZipFile, hashes: dict[str, str], name: str, content: bytes) -> None:
    archive.writestr(zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)
    hashes[name] = hashlib.sha256(content).hexdigest()
