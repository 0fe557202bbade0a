"""Which studies a site has: those that come with Headwater, and those that people made, with whom they are shared.

The folder of a study is the study; the database only says whose it is and who else may see it.
"""

from __future__ import annotations

import re
import shutil
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from headwater.errors import Conflict, InputError, NotFound
from headwater.files import is_draft
from headwater.permissions import StudyAccess
from headwater.store.database import RIGHTS, first, moment, rows, shares, studies, users
from headwater.words import _

STUDY_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}\Z")
RESERVED = frozenset({"new", "compare"})
DRAFTS = "drafts"
"""Folder of a site in which what people send is taken apart and studies are made, before they are put in place."""

LEFT_AFTER_S = 24 * 3600.0
"""Age after which nobody writes a draft any more [s]."""


@dataclass(frozen=True)
class Known:
    """A study of a site.

    Attributes
    ----------
    study_id
        Its name within the site.
    folder, out
        Its folder, and that of its results.
    is_packaged
        Whether it comes with Headwater and stays as it is.
    access
        Who may do what with it.
    """

    study_id: str
    folder: Path
    out: Path
    is_packaged: bool
    access: StudyAccess


def list_studies(connection: Connection, home: Path, packaged: Path | None, user_id: str | None) -> list[Known]:
    """Every study there is, the packaged ones first; what one user was given of each is in its access."""
    wanted = select(studies).order_by(studies.c.study_id)
    found = [_known(connection, home, row, user_id) for row in rows(connection, wanted)]
    return [*_packaged(home, packaged), *(known for known in found if (known.folder / "study.toml").is_file())]


def find_study(
    connection: Connection, home: Path, packaged: Path | None, study_id: str, user_id: str | None
) -> Known | None:
    """A study by its name, or None."""
    if not STUDY_ID.match(study_id):
        return None
    for known in _packaged(home, packaged):
        if known.study_id == study_id:
            return known
    row = first(connection, select(studies).where(studies.c.study_id == study_id))
    return _known(connection, home, row, user_id) if row is not None else None


def add_study(
    connection: Connection, home: Path, packaged: Path | None, study_id: str, *, owner_id: str, is_public: bool
) -> None:
    """Enter a study.

    Raises
    ------
    InputError
        If the name is of the wrong form or taken.
    """
    if not STUDY_ID.match(study_id) or study_id in RESERVED:
        raise InputError(
            _("A study is named in lower case letters, digits, hyphens and underscores: «{name}» is not.").format(
                name=study_id[:80]
            )
        )
    if find_study(connection, home, packaged, study_id, None) is not None:
        raise Conflict(_("There is a study {name} already.").format(name=study_id))
    row = {"study_id": study_id, "owner_id": owner_id, "is_public": is_public, "created_at": moment()}
    connection.execute(insert(studies).values(row))


def share_study(connection: Connection, study_id: str, name: str, access: str | None) -> None:
    """Let the holder of an account read or edit a study, or (None) no longer.

    Raises
    ------
    NotFound
        If there is no such account.
    InputError
        If there is no such access.
    """
    row = first(connection, select(users.c.user_id).where(users.c.name == name.strip().casefold(), users.c.is_active))
    if row is None:
        raise NotFound(_("There is no account {name}.").format(name=name[:80]))
    if access is not None and access not in RIGHTS:
        raise InputError(_("One can {known} a study, not {name}.").format(known=", ".join(RIGHTS), name=access[:20]))
    connection.execute(delete(shares).where(shares.c.study_id == study_id, shares.c.user_id == row["user_id"]))
    if access is not None:
        connection.execute(insert(shares).values(study_id=study_id, user_id=row["user_id"], access=access))


def list_shares(connection: Connection, study_id: str) -> list[dict[str, Any]]:
    """Whom a study is shared with, by name."""
    wanted = select(users.c.name, users.c.shown_name, shares.c.access).join(users, users.c.user_id == shares.c.user_id)
    return rows(connection, wanted.where(shares.c.study_id == study_id).order_by(users.c.name))


def set_public(connection: Connection, study_id: str, is_public: bool) -> None:
    """Let anybody read a study, or only those it is shared with."""
    connection.execute(update(studies).where(studies.c.study_id == study_id).values(is_public=is_public))


def remove_study(connection: Connection, study_id: str) -> None:
    """Take a study out of the register; its folder is another matter."""
    connection.execute(delete(shares).where(shares.c.study_id == study_id))
    connection.execute(delete(studies).where(studies.c.study_id == study_id))


def bin_folder(home: Path, folder: Path) -> Path | None:
    """Move a folder to the bin of the site, from where it can be brought back; says where it is."""
    if not folder.exists():
        return None
    target = home / "bin" / f"{folder.name}-{datetime.now(UTC):%Y%m%dT%H%M%S%f}"
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(folder, target)
    return target


def clear_leftovers(home: Path, *, older_than_s: float = LEFT_AFTER_S) -> int:
    """Remove what programs that were killed left half written in a site; says how much. Nobody reads it meanwhile."""
    since = time.time() - older_than_s
    found = [*(home / DRAFTS).glob("*"), *(path for path in home.rglob(".*") if is_draft(path) and path.is_file())]
    old = [path for path in found if path.exists() and path.stat().st_mtime < since]
    for path in old:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    return len(old)


def folder_of(home: Path, study_id: str) -> Path:
    """Folder of a study that people made."""
    return home / "studies" / study_id


def results_of(home: Path, study_id: str) -> Path:
    """Folder of a study's results."""
    return home / "results" / study_id


def _packaged(home: Path, packaged: Path | None) -> list[Known]:
    if packaged is None:
        return []
    folders = sorted(path.parent for path in packaged.glob("*/study.toml"))
    open_to_all = StudyAccess(None, True)
    return [Known(f.name, f, results_of(home, f.name), True, open_to_all) for f in folders if STUDY_ID.match(f.name)]


def _known(connection: Connection, home: Path, row: dict[str, Any], user_id: str | None) -> Known:
    own = select(shares.c.access).where(shares.c.study_id == row["study_id"], shares.c.user_id == user_id)
    given = first(connection, own) if user_id is not None else None
    access = StudyAccess(row["owner_id"], bool(row["is_public"]), given["access"] if given else None)
    study_id = str(row["study_id"])
    return Known(study_id, folder_of(home, study_id), results_of(home, study_id), False, access)
