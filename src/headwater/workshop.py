"""Work on a study in the browser: make one, send tables, edit them, take changes back. Functions of a site.

The façade beside `forum`: asks it who may, and writes down what was done. Checks are those of `headwater check`; a
study with faults is kept as it is, and cannot be computed before they are mended.
"""

from __future__ import annotations

import shutil
import tempfile
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from sqlalchemy import Connection, delete

from headwater import schema
from headwater.errors import Fault, InputError, TableError
from headwater.files import exchanged, is_draft, linked, moved, room_at
from headwater.forum import Forum
from headwater.permissions import User
from headwater.settings import FILE, header_faults
from headwater.sheets import differences, sheet_bytes
from headwater.store import history, registry, studies, uploads
from headwater.store.database import edits, jobs
from headwater.store.history import Sheet
from headwater.store.uploads import Sent
from headwater.study import check_study
from headwater.words import _, language, later

KEPT = "history"
"""Folder of a site in which versions of tables that were replaced are kept."""


@dataclass(frozen=True)
class Soundness:
    """What `headwater check` says of a study."""

    faults: Sequence[Fault]
    notices: Sequence[str]


@dataclass(frozen=True)
class Holding:
    """A table that a study may hold: its name, its file or None, and its rows (None where they cannot be counted)."""

    name: str
    path: Path | None
    rows: int | None


@dataclass(frozen=True)
class Put:
    """A file that was put into a study: what it was before, and how rows and cells differ (nothing for a raster)."""

    path: Path
    was_there: bool
    counts: Mapping[str, int]


def create_study(forum: Forum, user: User, study_id: str, *, iso3: str, year: int) -> registry.Known:
    """Make an empty study with a commented header, as `headwater new` does.

    Raises
    ------
    InputError
        If the name is taken or of the wrong form, or the country unknown; nothing is made.
    """
    with _draft(forum) as draft:
        place = draft / (study_id if registry.STUDY_ID.match(study_id) else "study")  # the header takes its name
        studies.new_study(place, iso3=iso3, year=year)
        return _entered(forum, user, study_id, place)


def copy_study(forum: Forum, user: User, source_id: str, study_id: str) -> registry.Known:
    """Make a study of one's own from one that one may read: its tables and rasters, not its results."""
    known = forum.study(user, source_id)
    with _draft(forum) as draft:
        shutil.copytree(known.folder, draft / "copy", ignore=shutil.ignore_patterns(".*"))
        return _entered(forum, user, study_id, draft / "copy")


def send_tables(forum: Forum, user: User, study_id: str, sent: Iterable[Sent]) -> tuple[list[Put], Soundness]:
    """Put tables and rasters that somebody sends into a study, all of them or none.

    Returns
    -------
    put, soundness
        What was put into place and how it differs from what was there, and what the check says of the whole study now.

    Raises
    ------
    TableError
        If anything that was sent has faults: names every one, and nothing is changed.
    """
    known = forum.study(user, study_id, "edit_study")
    with _draft(forum) as draft:
        paths, found = uploads.take_apart(sent, draft / "sent")
        if not paths and not found:
            found = [Fault(_("(nothing)"), None, "", "", _("nothing was sent"), _("choose one or more files"))]
        if found:
            raise TableError(found)
        trial = draft / "trial"
        shutil.copytree(known.folder, trial, copy_function=linked, ignore=_drafts)
        for path in paths:
            _put(draft / "sent" / path, trial, path)
        sound = _soundness(trial, _stamp(trial), language())
        names = {path.name for path in paths} | {path.as_posix() for path in paths}
        mine = [fault for fault in sound.faults if fault.file in names]
        if mine:
            raise TableError(mine)
        put = [_compared(path, draft / "sent" / path, known.folder) for path in paths]
        with ExitStack() as placed, forum.writing() as connection:
            history.wait_for_others(connection, study_id)
            forum.note(connection, user, "upload", f"study/{study_id}", {"files": sorted(p.as_posix() for p in paths)})
            whole = draft / "whole"
            shutil.copytree(known.folder, whole, copy_function=linked, ignore=_drafts)
            for one in put:
                _keep_and_put(forum, connection, user, study_id, draft / "sent" / one.path, whole, one)
            placed.enter_context(exchanged(whole, known.folder))  # all of it or nothing, whatever happens meanwhile
    return put, Soundness([fault for fault in sound.faults if fault not in mine], sound.notices)


def read_table(forum: Forum, user: User | None, study_id: str, name: str) -> Sheet:
    """A table of a study as text."""
    return history.read_sheet(forum.study(user, study_id).folder, name)


def read_lines(forum: Forum, user: User | None, study_id: str, name: str) -> list[list[str]]:
    """A table of a study in any format as lines of text, the header first.

    Raises
    ------
    NotFound
        If there is none.
    InputError
        If its file cannot be read.
    """
    folder = forum.study(user, study_id).folder
    sheet = history.read_sheet(folder, name)
    paths = studies.table_files(folder)[name]
    if not paths or paths[0].suffix == ".csv":
        return [sheet.columns, *sheet.cells]
    return studies.read_as_text(paths[0])


def write_table(
    forum: Forum,
    user: User,
    study_id: str,
    name: str,
    columns: Sequence[str],
    cells: Sequence[Sequence[str]],
    *,
    mark: str,
    words: str,
) -> str:
    """Save a table that somebody edited; says the mark of the new version.

    Raises
    ------
    Conflict
        If somebody else changed it since it was read.
    InputError
        If its columns will not do.
    """
    known = forum.study(user, study_id, "edit_study")
    if len(set(columns)) != len(columns) or not all(name.strip() for name in columns):
        raise InputError(_("Every column has a name of its own."))
    if any(len(row) != len(columns) for row in cells):
        raise InputError(_("Every row has as many cells as there are columns."))
    content = sheet_bytes([columns, *cells])
    with ExitStack() as placed, forum.writing() as connection:
        forum.note(connection, user, "edit_table", f"study/{study_id}/{name}", {"words": words})
        return history.replace_table(
            connection,
            forum.home / KEPT,
            known.folder,
            study_id,
            name,
            content,
            placed=placed,
            mark=mark,
            words=words,
            user_id=user.user_id,
        )


def read_version(forum: Forum, user: User, study_id: str, name: str, mark: str) -> Sheet:
    """A version of a table that was read before somebody else replaced it, for whoever may edit the study.

    Raises
    ------
    NotFound
        If it is not kept.
    """
    forum.study(user, study_id, "edit_study")
    return history.read_kept(forum.home / KEPT, study_id, name, mark)


def read_header(forum: Forum, user: User | None, study_id: str) -> tuple[str, str]:
    """The header of a study as text, and the mark of this version."""
    return history.read_page(forum.study(user, study_id).folder)


def write_header(forum: Forum, user: User, study_id: str, text: str, *, mark: str, words: str) -> str:
    """Save the header of a study; says the mark of the new version.

    Raises
    ------
    TableError
        If it is not sound: names every fault, and nothing is changed.
    Conflict
        If somebody else changed it since it was read.
    """
    known = forum.study(user, study_id, "edit_study")
    content = text.replace("\r\n", "\n").encode()
    found = page_faults(content)
    if found:
        raise TableError(found)
    with ExitStack() as placed, forum.writing() as connection:
        forum.note(connection, user, "edit_table", f"study/{study_id}/{FILE}", {"words": words})
        return history.replace_table(
            connection, forum.home / KEPT, known.folder, study_id, FILE, content, placed=placed, mark=mark,
            words=words, user_id=user.user_id,
        )  # fmt: skip


def page_faults(content: bytes) -> list[Fault]:
    """Everything wrong with the bytes of a header."""
    try:
        return header_faults(tomllib.loads(content.decode()))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        problem = _("is not valid TOML: {reason}").format(reason=error)
        return [Fault(FILE, None, "", "", problem, _("mend it where the message says"))]


def undo(forum: Forum, user: User, study_id: str, edit_id: int) -> str:
    """Take a change of a table back; says the table."""
    known = forum.study(user, study_id, "edit_study")
    with ExitStack() as placed, forum.writing() as connection:
        name = history.undo_edit(
            connection, forum.home / KEPT, known.folder, study_id, edit_id, placed=placed, user_id=user.user_id
        )
        forum.note(connection, user, "undo", f"study/{study_id}/{name}", {"edit": edit_id})
    return name


def changes(forum: Forum, user: User | None, study_id: str, name: str | None = None) -> list[dict]:
    """Changes of a study's tables, the newest first."""
    forum.study(user, study_id)
    with forum.writing() as connection:
        return history.list_edits(connection, study_id, name=name)


def soundness(forum: Forum, user: User | None, study_id: str) -> Soundness:
    """What `headwater check` says of a study; kept until a file of the study changes."""
    folder = forum.study(user, study_id).folder
    return _soundness(folder, _stamp(folder), language())


def holdings(forum: Forum, user: User | None, study_id: str) -> list[Holding]:
    """Every table that a study may hold, in the order in which they refer to each other."""
    folder = forum.study(user, study_id).folder
    return list(_holdings(folder, _stamp(folder)))


@lru_cache(maxsize=64)
def _soundness(folder: Path, _stamped: tuple, _language: str) -> Soundness:
    try:
        return Soundness(*check_study(folder))
    except InputError as error:  # the header is not TOML
        return Soundness([_of_header(error)], [])


@lru_cache(maxsize=64)
def _holdings(folder: Path, _stamped: tuple) -> tuple[Holding, ...]:
    files = studies.table_files(folder)
    return tuple(Holding(name, paths[0] if paths else None, _count(paths)) for name, paths in files.items())


def _count(paths: Sequence[Path]) -> int | None:
    if not paths:
        return 0
    try:
        return studies.count_rows(paths[0])
    except InputError:
        return None


def _stamp(folder: Path) -> tuple:
    """What changes when any file of a folder does."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return tuple((str(path), (told := path.stat()).st_mtime_ns, told.st_size, told.st_ino) for path in files)


def _of_header(error: InputError) -> Fault:
    return Fault(FILE, None, "", "", str(error).rpartition(f"{FILE} ")[2] or str(error), _("mend it, or send it again"))


def _entered(forum: Forum, user: User, study_id: str, made: Path) -> registry.Known:
    """Enter a study that was made aside, and put it in place: both or neither.

    What a study of that name left behind that was taken away is nobody's any more: its folders go to the bin, its
    changes and jobs are forgotten.
    """

    def place(connection: Connection) -> None:
        target = registry.folder_of(forum.home, study_id)
        for left in (target, registry.results_of(forum.home, study_id), forum.home / KEPT / study_id):
            registry.bin_folder(forum.home, left)
        connection.execute(delete(edits).where(edits.c.study_id == study_id))
        connection.execute(delete(jobs).where(jobs.c.study_id == study_id))
        target.parent.mkdir(parents=True, exist_ok=True)
        placed.enter_context(moved(made, target))

    with ExitStack() as placed:
        return forum.add_study(user, study_id, place=place)


def _drafts(folder: str, names: list[str]) -> set[str]:
    """Files of a folder that somebody who was stopped left half written."""
    return {name for name in names if is_draft(Path(folder, name))}


def _put(source: Path, folder: Path, path: Path) -> None:
    """A file in its place, instead of the same table in another format. What it replaces may have another name too."""
    if path.parent == Path() and path.stem in studies.INPUT_TABLES:
        for suffix in studies.SUFFIXES:
            (folder / path.with_suffix(suffix)).unlink(missing_ok=True)
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / path).unlink(missing_ok=True)
    shutil.copyfile(source, folder / path)


def _compared(path: Path, source: Path, folder: Path) -> Put:
    """How a file differs from what it replaces."""
    name = path.stem
    if path.parent != Path() or name not in studies.INPUT_TABLES:
        return Put(path, (folder / path).is_file(), {})
    before = studies.table_files(folder)[name]
    counts = {"rows": studies.count_rows(source)}
    if path.suffix == ".csv" and (folder / path).is_file():
        old, new = history.read_sheet(folder, name), history.parse_sheet(name, source.read_bytes())
        keys = schema.key_columns(name)
        counts |= differences(old.columns, old.cells, new.columns, new.cells, keys=keys)
    return Put(path, bool(before), counts)


def _keep_and_put(
    forum: Forum, connection: Connection, user: User, study_id: str, source: Path, folder: Path, put: Put
) -> None:
    """A file that was sent in its place; the header or a CSV as a change that can be taken back."""
    path, mark = put.path, ""
    name = path.name if path.name == FILE else path.stem
    if name == FILE:
        mark = history.read_page(folder)[1] if (folder / FILE).is_file() else history.EMPTY
    elif path.suffix == ".csv" and name in studies.INPUT_TABLES:
        sheet = history.read_sheet(folder, name)
        mark = sheet.mark if sheet.mark != history.EMPTY or sheet.is_editable else ""
    if mark:
        words = later("Sent as a file: {name}").format(name=path.name)
        with ExitStack() as placed:
            history.replace_table(
                connection, forum.home / KEPT, folder, study_id, name, source.read_bytes(), placed=placed, mark=mark,
                words=words, user_id=user.user_id,
            )  # fmt: skip
        return
    draft = folder / path.with_name(f".{path.name}.new")
    draft.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, draft)
    draft.replace(folder / path)
    if path.parent == Path() and name in studies.INPUT_TABLES:
        for suffix in studies.SUFFIXES:
            if suffix != path.suffix:
                (folder / f"{name}{suffix}").unlink(missing_ok=True)


@contextmanager
def _draft(forum: Forum) -> Iterator[Path]:
    """A folder aside, gone when the work is done."""
    with room_at(forum.home):
        (forum.home / registry.DRAFTS).mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(dir=forum.home / registry.DRAFTS))
        try:
            yield folder
        finally:
            uploads.clear(folder)
