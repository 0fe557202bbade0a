"""Tables of a study as they are edited: read as text, replaced only if nobody else did meanwhile, and brought back.

Every version of a table that was ever replaced is kept by the hash of its content. A change writes the old version away
first, then puts the new one in its place, then writes down that it did: whatever stops in between, the table is whole
and nothing that was told to be saved is lost. Where it cannot be written down, the old version is put back.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, insert, select, text, update

from headwater import schema
from headwater.errors import Conflict, NotFound
from headwater.files import replaced, write_atomically
from headwater.settings import FILE
from headwater.store.database import edits, first, moment, rows, users
from headwater.store.studies import INPUT_TABLES
from headwater.words import _, later

MARK = re.compile(r"[0-9a-f]{64}\Z")
EMPTY = hashlib.sha256(b"").hexdigest()
"""Mark of a table that has no file."""

csv.field_size_limit(min(sys.maxsize, 2**31 - 1))  # an outline of a country is one long cell


@dataclass(frozen=True)
class Sheet:
    """A table as text: its columns, its rows, and the mark of what was read.

    Attributes
    ----------
    name
        Table.
    columns, cells
        Header, and rows of as many cells.
    mark
        Hash of the file; `EMPTY` where there is none.
    is_editable
        Whether it can be edited here: a sound CSV, or not there yet. One that is not UTF-8, or has rows longer than its
        header, would not come back as it was.
    """

    name: str
    columns: list[str]
    cells: list[list[str]]
    mark: str
    is_editable: bool


def read_sheet(folder: Path, name: str) -> Sheet:
    """A table of a study as text; one that has no file comes with the columns that it may have.

    Raises
    ------
    NotFound
        If a study has no such table.
    """
    path = _path(folder, name)
    if path.name == FILE:
        raise NotFound(_("A study has no table {name}.").format(name=name))
    if not path.exists():
        other = [p for p in (folder / f"{name}.parquet", folder / f"{name}.gpkg") if p.exists()]
        return Sheet(name, schema.load_schema(name).index.tolist(), [], EMPTY, not other)
    return parse_sheet(name, path.read_bytes())


def parse_sheet(name: str, content: bytes) -> Sheet:
    """A table as text from the bytes of its file. Rows are those that the check counts: blank lines are none."""
    try:
        page, is_sound = content.decode("utf-8-sig"), True
    except UnicodeDecodeError:
        page, is_sound = content.decode("utf-8-sig", "replace"), False
    lines = [line for line in csv.reader(io.StringIO(page, newline="")) if not _is_blank(line)]
    columns = lines[0] if lines else schema.load_schema(name).index.tolist()
    is_sound = is_sound and all(len(line) <= len(columns) for line in lines)
    cells = [(line + [""] * len(columns))[: len(columns)] for line in lines[1:]]
    return Sheet(name, columns, cells, hashlib.sha256(content).hexdigest(), is_sound)


def _is_blank(line: Sequence[str]) -> bool:
    return len(line) < 2 and not "".join(line).strip()


def read_kept(kept: Path, study_id: str, name: str, mark: str) -> Sheet:
    """A version of a table that was replaced.

    Raises
    ------
    NotFound
        If no such version is kept.
    """
    if name not in INPUT_TABLES:
        raise NotFound(_("A study has no table {name}.").format(name=name[:60]))
    if mark == EMPTY:
        return parse_sheet(name, b"")
    path = kept / study_id / mark
    if not MARK.match(mark) or not path.is_file():
        raise NotFound(_("The version of the table that you began with is not kept."))
    return parse_sheet(name, path.read_bytes())


def read_page(folder: Path) -> tuple[str, str]:
    """The header of a study as text, and its mark."""
    content = (folder / FILE).read_bytes()
    return content.decode("utf-8-sig", "replace"), hashlib.sha256(content).hexdigest()


def replace_table(
    connection: Connection,
    kept: Path,
    folder: Path,
    study_id: str,
    name: str,
    content: bytes,
    *,
    placed: ExitStack,
    mark: str,
    words: str,
    user_id: str | None,
) -> str:
    """Put a new version of a table in place of the one that was read; says the mark of the new one.

    Parameters
    ----------
    connection
        A transaction; it waits for whoever else changes this study.
    kept
        Folder of versions that were replaced.
    folder, study_id, name
        The study and the table.
    content
        The new file; no bytes at all take the table away.
    placed
        Ends when the transaction has: if that failed, it puts back what was there.
    mark
        Mark of the version that the change was made on.
    words
        What was changed, for the list of changes.
    user_id
        Who.

    Raises
    ------
    Conflict
        If the table is no longer the one that was read.
    """
    wait_for_others(connection, study_id)
    path = _path(folder, name)
    now = path.read_bytes() if path.exists() else b""
    current = hashlib.sha256(now).hexdigest()
    if current != mark:
        raise Conflict(_("Somebody changed the table {name} meanwhile. Nothing was overwritten.").format(name=name))
    after = hashlib.sha256(content).hexdigest()
    if after == current:
        return after
    for version in (now, content):
        _keep(kept / study_id, version)
    placed.enter_context(replaced(path, content))
    row = {
        "study_id": study_id,
        "name": name,
        "before_hash": current,
        "after_hash": after,
        "before": "",
        "words": words[:400],
        "is_undone": False,
        "user_id": user_id,
        "at": moment(),
    }
    connection.execute(insert(edits).values(row))
    return after


def undo_edit(
    connection: Connection,
    kept: Path,
    folder: Path,
    study_id: str,
    edit_id: int,
    *,
    placed: ExitStack,
    user_id: str | None,
) -> str:
    """Bring back what a table was before a change, if it is still what that change made of it; says the table.

    Raises
    ------
    NotFound
        If the study has no such change, or the version before it is not kept.
    Conflict
        If the table was changed since.
    """
    row = first(connection, select(edits).where(edits.c.edit_id == edit_id, edits.c.study_id == study_id))
    if row is None or row["is_undone"]:
        raise NotFound(_("There is no such change, or it was undone already."))
    before = _kept(kept / row["study_id"], row["before_hash"])
    words = later("Undone: {words}").format(words=row["words"])
    replace_table(
        connection,
        kept,
        folder,
        row["study_id"],
        row["name"],
        before,
        placed=placed,
        mark=row["after_hash"],
        words=words,
        user_id=user_id,
    )
    connection.execute(update(edits).where(edits.c.edit_id == edit_id).values(is_undone=True))
    return str(row["name"])


def list_edits(
    connection: Connection, study_id: str, *, name: str | None = None, most: int = 50
) -> list[dict[str, Any]]:
    """Changes of a study's tables, the newest first, with the names of those who made them."""
    wanted = select(edits, users.c.shown_name).join(users, users.c.user_id == edits.c.user_id, isouter=True)
    wanted = wanted.where(edits.c.study_id == study_id).order_by(edits.c.edit_id.desc()).limit(most)
    return rows(connection, wanted if name is None else wanted.where(edits.c.name == name))


def _path(folder: Path, name: str) -> Path:
    if name == FILE:
        return folder / FILE
    if name not in INPUT_TABLES:
        raise NotFound(_("A study has no table {name}.").format(name=name[:60]))
    return folder / f"{name}.csv"


def _keep(kept: Path, content: bytes) -> None:
    path = kept / hashlib.sha256(content).hexdigest()
    if content and not path.exists():
        write_atomically(path, lambda draft: draft.write_bytes(content), lasting=True)


def _kept(kept: Path, mark: str) -> bytes:
    try:
        return b"" if mark == EMPTY else (kept / mark).read_bytes()
    except FileNotFoundError as error:
        raise NotFound(_("The version of the table before this change is not kept.")) from error


def wait_for_others(connection: Connection, study_id: str) -> None:
    """Let nobody else change a study until the transaction ends. SQLite lets one writer in at a time by itself."""
    if connection.dialect.name == "postgresql":
        key = int.from_bytes(hashlib.sha256(study_id.encode()).digest()[:7], "big")
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": key})
