"""Writing files and folders whole or not at all."""

from __future__ import annotations

import ctypes
import os
import tempfile
from collections.abc import Callable
from pathlib import Path


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` fill a temporary file beside `path`, then put it in place of `path` in one step.

    If `write` fails, an earlier file at `path` stays as it is and no other file is left behind.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}-", suffix=path.suffix, dir=path.parent)
    os.close(handle)
    draft = Path(name)
    try:
        write(draft)
        draft.chmod(0o644)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


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
