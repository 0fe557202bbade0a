"""Keeping the hub's knowledge: read the folder of content, check it, mark translations, make the library file of it.

A façade, for whoever writes entries; `library` is the one for whoever reads them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path

from headwater.catalogue import checks, feeds, graph
from headwater.catalogue.checks import Notice, file_of
from headwater.catalogue.records import FOLDERS, KINDS, Record, english_mark, parse_record, untranslated
from headwater.catalogue.vocabulary import Words, parse_words
from headwater.errors import Fault, NotFound, SourceError, TableError
from headwater.provenance import code_hash
from headwater.sources.links import Answer, check_links
from headwater.store import content as files
from headwater.store.index import open_index, write_index
from headwater.version import __version__
from headwater.words import LANGUAGES, _

INDEX = Path("out/hub/library.sqlite")
"""Where the library file is made unless another place is named."""

EARLIEST = "2026-01-01"
"""Day of content none of whose sources says when it was read."""


@dataclass(frozen=True)
class Content:
    """The folder of knowledge, read: entries that could be read, and everything that is wrong."""

    records: Mapping[str, Record]
    words: Words
    faults: Sequence[Fault]


def read_content(folder: Path | None = None, *, overlay: Path | None = None) -> Content:
    """Read the folder of knowledge; every fault of every file comes back at once.

    Parameters
    ----------
    folder
        Folder of content; the one that comes with Headwater unless given.
    overlay
        Folder of entries that stand beside those of `folder` or in place of them: what was published on a site.

    Raises
    ------
    NotFound
        If it is not a folder of content.
    """
    folder = folder or files.packaged_content()
    raw, found = files.read_words(folder)
    words, wrong = parse_words(raw, file=files.WORDS)
    found += wrong
    records: dict[str, Record] = {}
    for kind in KINDS:
        for name, entry, unread in files.read_entries(folder, FOLDERS[kind], overlay):
            found += unread
            if entry is None:
                continue
            label = f"{FOLDERS[kind]}/{name}.md"
            record, faults = parse_record(
                kind, name, entry.raw, body=entry.body, vocabularies=words.vocabularies, file=label
            )
            found += [replace(fault, row=entry.lines.get(fault.column, fault.row)) for fault in faults]
            records[record.key] = record
    return Content(records, words, [*found, *checks.catalogue_faults(records)])


def stamp_content(folder: Path | None = None, *, keys: Sequence[str] = ()) -> list[str]:
    """Mark translations as made from today's English; says which entries were marked.

    For whoever has just brought a translation up to date. Only languages in which every text is there are marked.

    Parameters
    ----------
    folder
        Folder of content; the one that comes with Headwater unless given.
    keys
        Entries to mark, for example `tool/climada`; all unless given.

    Raises
    ------
    TableError
        If the content has faults.
    NotFound
        If there is no such entry.
    """
    folder = folder or files.packaged_content()
    content = read_content(folder)
    if content.faults:
        raise TableError(content.faults)
    for key in keys:
        find_entry(content.records, key)
    marked = []
    for key in keys or content.records:
        record = content.records[key]
        lacking = untranslated(record)
        mark, old = english_mark(record), record.fields.get("translated", {})
        new = {**old, **{code: mark for code in LANGUAGES if code != "en" and code not in lacking}}
        if new != old:
            files.write_mark(folder / file_of(record), new)
            marked.append(key)
    return marked


def check_content(folder: Path | None = None) -> tuple[list[Fault], list[Notice]]:
    """Everything that is wrong with the folder of knowledge, and what its keeper should look at."""
    content = read_content(folder)
    return list(content.faults), checks.notices(content.records)


def check_content_links(
    folder: Path | None = None, *, cache: Path, progress: Callable[[int, int], None] = lambda _done, _total: None
) -> dict[str, Answer]:
    """Whether the addresses of entries and of their sources answer; those asked within a week are not asked again."""
    content = read_content(folder)
    addresses = [record.url for record in content.records.values() if record.url]
    addresses += [
        str(source["url"]) for record in content.records.values() for source in record.sources if source.get("url")
    ]
    return check_links(addresses, cache=cache, today=datetime.now(UTC).date(), progress=progress)


def build_library(content: Path | None = None, *, index: Path | None = None, overlay: Path | None = None) -> Path:
    """Make the library file unless it is of today's content already; says where it is.

    Parameters
    ----------
    content
        Folder of content; the one that comes with Headwater unless given.
    index
        The library file; `INDEX` unless given.
    overlay
        Folder of entries that stand beside those of the content or in place of them.

    Raises
    ------
    TableError
        If the content has faults; names every one. An earlier file stays as it is.
    """
    folder = content or files.packaged_content()
    path = index or INDEX
    mark = f"{__version__} {code_hash()} {files.content_hash(folder, overlay)}"
    if path.exists():
        try:
            with open_index(path) as made:
                if made.read_meta().get("made_from") == mark:
                    return path
        except SourceError:
            pass  # of another version, or damaged: made anew
    read = read_content(folder, overlay=overlay)
    if read.faults:
        raise TableError(read.faults)
    records = dict(sorted(read.records.items(), key=_in_order))
    days = [day for record in records.values() if (day := feeds.reviewed(record))]
    meta = {"made_from": mark, "reviewed_on": max(days, default=EARLIEST), "version": __version__}
    write_index(path, records, graph.build_graph(records), read.words.vocabularies, meta=meta)
    return path


def find_entry(records: Mapping[str, Record], key: str) -> Record:
    """An entry by its key.

    Raises
    ------
    NotFound
        If there is none; offers the nearest.
    """
    if key not in records:
        near = get_close_matches(key, records, n=3) or get_close_matches(key.rpartition("/")[2], _ids(records), n=3)
        hint = " " + _("Did you mean {names}?").format(names=", ".join(near)) if near else ""
        raise NotFound(_("There is no entry called {key}.").format(key=key) + hint)
    return records[key]


def _in_order(item: tuple[str, Record]) -> tuple[int, float, str]:
    """Kinds as listed, principles by number, everything else by its English title."""
    record = item[1]
    return KINDS.index(record.kind), record.fields.get("number", 0), record.title["en"].casefold()


def _ids(records: Mapping[str, Record]) -> list[str]:
    return [record.record_id for record in records.values()]
