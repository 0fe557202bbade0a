"""What was published on a site: entries that stand beside those that come with Headwater, or in place of them.

Git stays the master: files of the package are never changed. A site's own are in its folder `content`, beside a copy of
what each of them stands in place of, so that it can be told when both have changed; and they can be had as files and as
a patch, for whoever keeps the repository.
"""

from __future__ import annotations

import io
import shutil
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from headwater.catalogue.differences import unified_patch
from headwater.catalogue.records import FOLDERS
from headwater.files import exchange, write_atomically
from headwater.forum import Forum
from headwater.library import Library
from headwater.permissions import User, check_allowed
from headwater.store import content as files

KEPT = "content"
"""Folder of a site that holds what was published there."""

BASES = "_bases"
"""Folder in it of what its files stand in place of."""

PATCH = "changes.patch"
_ASIDE = ".content-"
AHEAD, SAME, DIVERGED = "ahead", "same", "diverged"


@dataclass(frozen=True)
class Change:
    """A file of the content that was published on this site.

    Attributes
    ----------
    place
        The file within the content, for example `tools/climada.md`.
    kind, record_id
        The entry.
    packaged, text
        What comes with Headwater, "" where nothing does; and what was published here.
    state
        `ahead`: git has yet to get it; `same`: git has it; `diverged`: git has changed otherwise meanwhile.
    """

    place: str
    kind: str
    record_id: str
    packaged: str
    text: str
    state: str


def overlay_of(forum: Forum) -> Path:
    """Folder of a site that holds what was published there."""
    return forum.home / KEPT


def with_overlay(library: Library, forum: Forum) -> Library:
    """The library, made of the content and of what was published on the site; made anew where either has changed.

    Raises
    ------
    TableError
        If the two do not fit together.
    """
    if library.overlay is None:
        library.overlay = overlay_of(forum)
    library.refresh()
    return library


def place_of(kind: str, record_id: str) -> str:
    """File of an entry within the content.

    Examples
    --------
    >>> place_of("term", "hazard")
    'glossary/hazard.md'
    """
    return f"{FOLDERS[kind]}/{record_id}.md"


def packaged_text(library: Library, place: str) -> str:
    """A file that comes with Headwater; "" where there is none."""
    return _text(files.entry_path(library.content or files.packaged_content(), place))


def published_text(library: Library, forum: Forum, place: str) -> str:
    """A file that counts on this site, whether it comes with Headwater or was published here; "" of neither."""
    return _text(files.entry_path(library.content or files.packaged_content(), place, overlay_of(forum)))


def put_in_place(library: Library, forum: Forum, texts: Mapping[str, str]) -> Path:
    """Put files of entries in place that are published, all of them in one step; says where the folder is as it was.

    Each comes with a copy of what comes with Headwater in its place. `put_back` undoes it, `let_go` makes it last.
    """
    folder = overlay_of(forum)
    folder.mkdir(parents=True, exist_ok=True)
    for left in forum.home.glob(f"{_ASIDE}*"):
        shutil.rmtree(left, ignore_errors=True)  # of a publication that was cut off
    aside = Path(tempfile.mkdtemp(prefix=_ASIDE, dir=forum.home))
    try:
        shutil.copytree(folder, aside / KEPT)
        for place, text in texts.items():
            _write(aside / KEPT / BASES / place, packaged_text(library, place))
            _write(aside / KEPT / place, text)
        exchange(aside / KEPT, folder)
    except BaseException:
        let_go(aside)
        raise
    return aside


def put_back(forum: Forum, aside: Path) -> None:
    """Let the folder be as it was before `put_in_place`."""
    exchange(aside / KEPT, overlay_of(forum))
    let_go(aside)


def let_go(aside: Path) -> None:
    """Forget how the folder was before `put_in_place`."""
    shutil.rmtree(aside, ignore_errors=True)


def changes_of(library: Library, forum: Forum) -> list[Change]:
    """Files that were published here, by place."""
    found = [
        change_of(library, forum, kind, path.stem)
        for kind, part in FOLDERS.items()
        for path in (overlay_of(forum) / part).glob("*.md")
        if not path.name.startswith(".")
    ]
    return sorted(found, key=lambda change: change.place)


def change_of(library: Library, forum: Forum, kind: str, record_id: str) -> Change:
    """How the file of an entry that was published here stands to the one that comes with Headwater."""
    place = place_of(kind, record_id)
    text, packaged = _text(overlay_of(forum) / place), packaged_text(library, place)
    base = _text(overlay_of(forum) / BASES / place)
    state = SAME if text == packaged else AHEAD if packaged == base else DIVERGED
    return Change(place, kind, record_id, packaged, text, state)


def changed_here(forum: Forum, library: Library, user: User | None) -> list[Change]:
    """Files that were published here, for whoever carries them over to git."""
    check_allowed(user, "export_content")
    return changes_of(library, forum)


def exported(forum: Forum, library: Library, user: User) -> bytes:
    """Files that were published here and that git has not got, as a zip: unpacked over `content/`, or `git apply`.

    Beside the files it holds `changes.patch`, the same as one patch on the repository.
    """
    check_allowed(user, "export_content")
    changes = [change for change in changes_of(library, forum) if change.state != SAME]
    page = io.BytesIO()
    with zipfile.ZipFile(page, "w") as archive:
        for change in changes:
            _add(archive, change.place, change.text)
        _add(archive, PATCH, "".join(unified_patch(f"content/{c.place}", c.packaged, c.text) for c in changes))
    with forum.writing() as connection:
        forum.note(connection, user, "export_content", "content", {"files": [change.place for change in changes][:50]})
    return page.getvalue()


def export_content(forum: Forum, library: Library, user: User, path: Path) -> None:
    """Write what was published here to a zip file, for git; see `exported`."""
    content = exported(forum, library, user)
    write_atomically(path, lambda draft: draft.write_bytes(content))


def _add(archive: zipfile.ZipFile, name: str, text: str) -> None:
    info = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
    info.external_attr = 0o644 << 16
    archive.writestr(info, text.encode(), zipfile.ZIP_DEFLATED)


def _write(path: Path, text: str) -> None:
    write_atomically(path, lambda draft: draft.write_bytes(text.encode()))


def _text(path: Path | None) -> str:
    return path.read_bytes().decode("utf-8-sig", "replace") if path is not None and path.is_file() else ""
