"""Writing files and folders whole or not at all, and saying that a disk is full."""

from __future__ import annotations

import ctypes
import errno
import os
import re
import secrets
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from headwater.errors import NoRoom
from headwater.words import _

FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
"""What systems say of a disk, or of a user's share of one, that is full."""

_DRAFT = re.compile(r"\..+-[a-z0-9_]{8}(?:\.[^.]*)?\Z")


def write_atomically(path: Path, write: Callable[[Path], object], *, lasting: bool = False, mode: int = 0o644) -> None:
    """Let `write` fill a temporary file beside `path`, then put it in place of `path` in one step.

    If `write` fails, an earlier file at `path` stays as it is and no other file is left behind. A process that is
    killed leaves the temporary file, which `is_draft` knows.

    Parameters
    ----------
    path
        The file.
    write
        Fills the temporary file.
    lasting
        Whether to wait until the disk holds it, so that it outlives a power cut.
    mode
        Who may read and write it.

    Raises
    ------
    NoRoom
        If the disk is full.
    """
    with room_at(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}-", suffix=path.suffix, dir=path.parent)
        os.close(handle)
        draft = Path(name)
        try:
            write(draft)
            draft.chmod(mode)
            if lasting:
                _flush(draft)
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)


@contextmanager
def replaced(path: Path, content: bytes) -> Iterator[None]:
    """Put a file in place, for good when the block ends well; when it fails, what was there before is back.

    Bringing it back needs no room on the disk. What somebody else put there since is left alone.

    Parameters
    ----------
    path
        The file.
    content
        Its new content; no bytes at all take it away.
    """
    aside = path.with_name(f".{path.name}-{secrets.token_hex(4)}{path.suffix}")
    with room_at(path):
        if path.exists():
            linked(path, aside)
        try:
            if content:
                write_atomically(path, lambda draft: draft.write_bytes(content), lasting=True)
            else:
                path.unlink(missing_ok=True)
            ours = _inode(path)
            try:
                yield
            except BaseException:
                if _inode(path) == ours and aside.exists():
                    aside.replace(path)
                elif _inode(path) == ours:
                    path.unlink(missing_ok=True)
                raise
        finally:
            aside.unlink(missing_ok=True)


@contextmanager
def exchanged(one: Path, other: Path) -> Iterator[None]:
    """Let two folders change places, for good when the block ends well; when it fails, each is back."""
    exchange(one, other)
    try:
        yield
    except BaseException:
        exchange(one, other)
        raise


@contextmanager
def moved(path: Path, target: Path) -> Iterator[None]:
    """Move a folder, for good when the block ends well; when it fails, it is back."""
    path.replace(target)
    try:
        yield
    except BaseException:
        target.replace(path)
        raise


def linked(source: str | Path, target: str | Path) -> None:
    """The same file under another name, where the disk can do that; else a copy."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def is_draft(path: Path) -> bool:
    """Whether a name is that of a file which was being written when its writer stopped.

    Examples
    --------
    >>> is_draft(Path("zones.csv")), is_draft(Path(".zones.csv-k3_x90ab.csv"))
    (False, True)
    """
    return _DRAFT.match(path.name) is not None


@contextmanager
def room_at(path: Path) -> Iterator[None]:
    """Say that a disk is full, and which, where something is written to it.

    Raises
    ------
    NoRoom
        If a write failed because the disk is full.
    """
    try:
        yield
    except (OSError, sqlite3.OperationalError) as error:
        if is_full(error):
            raise no_room(path) from error
        raise


def is_full(error: BaseException) -> bool:
    """Whether an error says that a disk is full."""
    if isinstance(error, shutil.Error):  # several at once, as text
        return any(os.strerror(number) in str(error) for number in FULL)
    if isinstance(error, sqlite3.Error):
        return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
    return isinstance(error, OSError) and error.errno in FULL


def no_room(path: Path) -> NoRoom:
    """The error that the disk of a path is full."""
    here = path.resolve()
    disk = next(p for p in (here, *here.parents) if p.is_mount() or p == p.parent)
    text = _("The disk that holds {path} is full ({disk}). Make room on it, then do this again; nothing was changed.")
    return NoRoom(text.format(path=path, disk=disk))


def exchange(one: Path, other: Path) -> None:
    """Let two folders change places: in one step where the system can do that, else in three.

    Raises
    ------
    OSError
        If they cannot; each is then where it was.
    """
    if _exchange_at_once(one, other):
        return
    aside = Path(tempfile.mkdtemp(prefix=f".{one.name}-", dir=one.parent)) / one.name
    one.replace(aside)
    try:
        other.replace(one)
    except OSError:
        aside.replace(one)
        raise
    finally:
        if aside.exists():
            aside.replace(other)
        aside.parent.rmdir()


def _exchange_at_once(one: Path, other: Path) -> bool:
    """Linux and its C library know how; says whether it was done."""
    here, swap = -100, 2  # AT_FDCWD, RENAME_EXCHANGE of renameat2(2)
    try:
        rename = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError, TypeError):
        return False
    return bool(rename(here, os.fsencode(one), here, os.fsencode(other), swap) == 0)


def _flush(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _inode(path: Path) -> int | None:
    return path.stat().st_ino if path.exists() else None
