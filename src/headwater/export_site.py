"""The hub and the studies as plain files that open from a folder or a stick, without a server or a network.

Every page is asked of the site itself, in this process, as somebody without an account would ask; its links are then
made to lead from file to file. The search is carried along; see `headwater.catalogue.carried`. What needs a server is
left out, and the pages say so.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from headwater.catalogue.records import FOLDERS
from headwater.compute import Progress, silent
from headwater.errors import InputError, SourceError
from headwater.files import exchange
from headwater.forum import Forum
from headwater.library import Library
from headwater.version import __version__
from headwater.web.app import create_app
from headwater.web.asking import Answer, asking
from headwater.web.copies import CITATION, DRAWINGS, drawn, file_of, filled, held, links, rewritten
from headwater.web.copy_search import script_addresses, scripts
from headwater.web.study_visits import CHAPTER_NAMES, SECTIONS
from headwater.web.visits import environment
from headwater.words import LANGUAGES, _, speaking

MANIFEST = "manifest.json"
"""File that says that a folder is a copy of ours, and what it holds."""

MADE_BY = "headwater export-site"
HUB = ("", "about", "search", "wizard", "gaps", "gaps.csv", "gaps.svg", *FOLDERS.values())
"""Pages of the hub besides the entries, within a language."""

FRONT = "index.html"
LONGEST_PATH = 180
"""Characters of a file's path within the copy."""


@dataclass(frozen=True)
class Exported:
    """What was written.

    Attributes
    ----------
    folder
        Where.
    files
        Size of each file [bytes] by its path within the folder.
    studies
        Names of the studies that are in it.
    """

    folder: Path
    files: Mapping[str, int]
    studies: tuple[str, ...]

    @property
    def size(self) -> int:
        """Size of all files [bytes]."""
        return sum(self.files.values())


@dataclass
class _Copy:
    """What was asked so far: pages as text and files as bytes, by address; drawings for pages to take in."""

    pages: dict[str, str] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    drawings: dict[str, str] = field(default_factory=dict)
    citations: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    missing: set[str] = field(default_factory=set)

    def has(self, address: str) -> bool:
        """Whether an address was asked for."""
        return any(address in known for known in (self.pages, self.files, self.drawings, self.citations, self.missing))


def export_site(
    library: Library,
    folder: Path,
    *,
    today: str,
    forum: Forum | None = None,
    base: str = "",
    is_replacing: bool = False,
    progress: Progress = silent,
) -> Exported:
    """Write the hub, and the studies that anybody may read, as files that open without a server.

    The folder is written whole beside its name and then put in place, so a run that is stopped leaves what was there.

    Parameters
    ----------
    library
        The hub.
    folder
        Where to; a new name, an empty folder, or with `is_replacing` an earlier copy.
    today
        Day that the pages bear, YYYY-MM-DD.
    forum
        The site with its studies; without it, the hub alone.
    base
        Address under which the hub is known, for citations; none in them unless given.
    is_replacing
        Whether an earlier copy may be replaced.
    progress
        Told what is done, how many of it are, and how many there are.

    Raises
    ------
    InputError
        If the folder holds anything but an earlier copy of ours, or one that may not be replaced.
    SourceError
        If a page of the hub does not answer.
    """
    folder = Path(os.path.abspath(folder))  # noqa: PTH100 -- a link is not followed: it is the folder that is meant
    _check_folder(folder, is_replacing=is_replacing)
    everybody = None if forum is None else replace(forum, is_alone=False)
    studies = () if everybody is None else tuple(known.study_id for known in everybody.studies(None))
    app = create_app(library, forum=everybody, base=base)
    app.state.copy = {"day": today, "scripts": {code: script_addresses(code) for code in LANGUAGES}}
    copy = _asked(app, _beginnings(library, studies), progress)
    entries = {f"/{code}/{FOLDERS[r.kind]}/{r.record_id}" for code in LANGUAGES for r in library.records.values()}
    if entries & copy.missing:
        names = ", ".join(sorted(entries & copy.missing)[:5])
        raise SourceError(_("These pages do not answer: {names}").format(names=names))
    files = dict(_written(library, copy))
    _check_names(files)
    manifest = {
        "made_by": MADE_BY, "version": __version__, "made_on": today, "languages": list(LANGUAGES),
        "entries": len(library.records), "studies": list(studies), "bytes": sum(map(len, files.values())),
        "files": {
            name: {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
            for name, content in sorted(files.items())
        },
    }  # fmt: skip
    files[MANIFEST] = (json.dumps(manifest, ensure_ascii=False, indent=1) + "\n").encode()
    _put(folder, files, progress)
    return Exported(folder, {name: len(content) for name, content in files.items()}, studies)


# ----- asking


def _beginnings(library: Library, studies: tuple[str, ...]) -> Iterator[str]:
    """Addresses to begin with; what they lead to follows."""
    for code in LANGUAGES:
        yield from (f"/{code}/{path}" for path in HUB)
        yield from (f"/{code}/{FOLDERS[record.kind]}/{record.record_id}" for record in library.records.values())
        if studies:
            yield f"/{code}/studies/"
        for name in studies:
            yield from (f"/{code}/studies/{name}/{path}" for path in (*SECTIONS, *CHAPTER_NAMES))


def _asked(app: Any, beginnings: Iterator[str], progress: Progress) -> _Copy:
    """Every page that the copy holds, and every file that those pages need."""
    copy, queue = _Copy(), deque(dict.fromkeys(beginnings))
    seen = set(queue)
    with asking(app) as ask:
        done = 0
        while queue:
            address = queue.popleft()
            for found in _take(ask(address), copy, address):
                if found not in seen:
                    seen.add(found)
                    queue.append(found)
            done += 1
            progress(_("reading pages"), done, done + len(queue))
    return copy


def _take(answer: Answer, copy: _Copy, address: str) -> Iterator[str]:
    """Keep the answer for an address; gives the addresses that it leads to."""
    media = answer.headers.get("content-type", "")
    if answer.status != 200:
        copy.missing.add(address)
    elif CITATION.match(address):
        copy.citations[address] = (media, answer.body)
    elif DRAWINGS.match(address):
        page = answer.body.decode()
        copy.drawings[address] = drawn(page)
        yield from _wanted(copy.drawings[address])
    elif media.startswith("text/html") and "content-disposition" not in answer.headers:
        copy.pages[address] = answer.body.decode()
        yield from _wanted(copy.pages[address])
    else:
        copy.files[address] = answer.body


def _wanted(page: str) -> Iterator[str]:
    """Addresses that a page leads to and the copy takes."""
    for link in links(page):
        if DRAWINGS.match(link) or CITATION.match(link):
            yield link
        elif (address := held(link)) and not address.startswith("/copy/"):
            yield address


# ----- writing


def _written(library: Library, copy: _Copy) -> Iterator[tuple[str, bytes]]:
    """Every file of the copy by its path."""
    made = {address: "" for code in LANGUAGES for address in script_addresses(code)}
    there = {*copy.pages, *copy.files, *made}

    def rewrite(page: str, here: str) -> str:
        return rewritten(filled(page, copy.drawings), here, there, copy.citations.get)

    for address, page in copy.pages.items():
        here = file_of(address)
        yield here, rewrite(page, here).encode()
    for address, content in copy.files.items():
        yield file_of(address), content
    searched = scripts(library, lambda row, code: rewrite(row, file_of(f"/{code}/search")))
    for address, text in searched.items():
        yield file_of(address), text.encode()
    yield FRONT, rewrite(_front(), FRONT).encode()


def _front() -> str:
    """The page that leads to the languages."""
    fronts = []
    for code, name in LANGUAGES.items():
        with speaking(code):
            words = _("Principles, tools and cases of sustainable infrastructure: which to use, when, why and how.")
            fronts.append((code, name, words))
    return environment().get_template("copy_front.html").render(fronts=fronts)


def _check_names(files: Mapping[str, bytes]) -> None:
    """Raise unless every system can hold these files side by side."""
    seen: dict[str, str] = {}
    for name in files:
        other = seen.setdefault(name.casefold(), name)
        if other != name or len(name) > LONGEST_PATH:
            text = _("Two files of the copy would have one name, or a name is too long: {name}")
            raise InputError(text.format(name=name))


# ----- on disk


def _check_folder(folder: Path, *, is_replacing: bool) -> None:
    """Raise unless the copy may be put there.

    Raises
    ------
    InputError
        If there is something else, or an earlier copy that may not be replaced or that somebody put files into.
    """
    if not folder.exists() and not folder.is_symlink():
        return
    if folder.is_symlink() or not folder.is_dir():
        raise InputError(_("{folder} is not a folder. Name another.").format(folder=folder))
    files = (path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())
    there = {path.relative_to(folder).as_posix() for path in files}
    if not there:
        return
    ours = _ours(folder)
    if not ours:
        text = _("{folder} is not empty and holds no copy of Headwater's. Name a new folder.")
        raise InputError(text.format(folder=folder))
    if not is_replacing:
        raise InputError(_("{folder} holds an earlier copy. Add --replace to replace it.").format(folder=folder))
    others = sorted(there - ours)
    if others:
        text = _("{folder} holds files that are not of the copy and would be lost: {names}. Move them elsewhere.")
        raise InputError(text.format(folder=folder, names=", ".join(others[:5])))


def _ours(folder: Path) -> set[str]:
    """Files of an earlier copy, as it says itself; none where the folder is something else."""
    try:
        said = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        return {MANIFEST, *said["files"]} if said["made_by"] == MADE_BY else set()
    except (OSError, ValueError, KeyError, TypeError):
        return set()


def _put(folder: Path, files: Mapping[str, bytes], progress: Progress) -> None:
    """Write the files beside the folder, then put them in its place in one step."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    except OSError as error:
        raise _unwritten(folder, error) from error
    try:
        for done, (name, content) in enumerate(files.items(), start=1):
            path = draft / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            progress(_("writing files"), done, len(files))
        draft.chmod(0o755)
        if folder.exists():
            exchange(draft, folder)
        else:
            draft.replace(folder)
    except OSError as error:
        raise _unwritten(folder, error) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _unwritten(folder: Path, error: OSError) -> InputError:
    text = _("{folder} cannot be written: {why}. Name a folder on a disk with room, not a disk itself.")
    return InputError(text.format(folder=folder, why=error.strerror or error))
