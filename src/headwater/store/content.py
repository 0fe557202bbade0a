"""Reading and marking the folder of the hub's knowledge: Markdown files with YAML front matter.

Files become mappings, lists and strings here; what they mean is for the catalogue to say. A file that cannot be read is
a fault with its place, never the end of the reading: all faults come at once.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from headwater.errors import Fault, NotFound
from headwater.files import write_atomically
from headwater.words import _

WORDS = "vocabularies.yaml"
LARGEST_BYTES = 500_000
FENCE = "---"


@dataclass(frozen=True)
class Entry:
    """One file as it is: its front matter, the text behind it, and on which line each field stands."""

    path: Path
    raw: Mapping[str, Any]
    body: str
    lines: Mapping[str, int]


class _Loader(getattr(yaml, "CBaseLoader", yaml.BaseLoader)):  # type: ignore[misc]
    """Everything stays text, and a key stands once."""


def _mapping(loader: Any, node: Any) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        if not isinstance(key, str):
            raise yaml.constructor.ConstructorError(None, None, _("a key is not a word"), key_node.start_mark)
        if key in made:
            problem = _("the key {name} stands twice").format(name=key)
            raise yaml.constructor.ConstructorError(None, None, problem, key_node.start_mark)
        made[key] = loader.construct_object(value_node, deep=True)
    return made


_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)


def _by_kind(loader: Any, node: Any) -> Any:
    """BaseLoader resolves no tags: a node is what it looks like."""
    if isinstance(node, yaml.MappingNode):
        return _mapping(loader, node)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_scalar(node)


_Loader.add_constructor(None, _by_kind)


def packaged_content() -> Path:
    """The content that comes with Headwater.

    Raises
    ------
    NotFound
        If it is not there.
    """
    package = Path(__file__).parents[1]
    for folder in (package / "content", package.parents[1] / "content"):
        if (folder / WORDS).is_file():
            return folder
    raise NotFound(_("The hub's content is not installed; name its folder with --content"))


def content_hash(folder: Path, overlay: Path | None = None) -> str:
    """A mark of everything in the content folder and in what is laid over it, by names, sizes and times of files."""
    seen = hashlib.sha256()
    for place in [folder, *([overlay] if overlay is not None and overlay.is_dir() else [])]:
        seen.update(b"/\n")
        for path in sorted(place.rglob("*")):
            if path.suffix in {".md", ".yaml"} and not path.name.startswith("."):
                stat = path.stat()
                seen.update(f"{path.relative_to(place)}\t{stat.st_size}\t{stat.st_mtime_ns}\n".encode())
    return seen.hexdigest()


def read_words(folder: Path) -> tuple[Mapping[str, Any], list[Fault]]:
    """What the file of vocabularies holds.

    Raises
    ------
    NotFound
        If the folder holds none: it is not a folder of content.
    """
    path = folder / WORDS
    if not path.is_file():
        text = _("{folder} is not a folder of content: it has no {file}")
        raise NotFound(text.format(folder=folder, file=WORDS))
    return _parsed(path.read_text(encoding="utf-8", errors="replace"), WORDS, first_line=1)


def read_entries(
    folder: Path, part: str, overlay: Path | None = None
) -> Iterator[tuple[str, Entry | None, list[Fault]]]:
    """Entries of one part of the content (`tools`, …), by name, sorted; with what keeps a file from being read.

    A file of `overlay` stands in place of the file of the same name in `folder`.
    """
    paths = {path.name: path for place in (folder, overlay) if place for path in _entry_files(place / part)}
    for name in sorted(paths):
        entry, found = read_entry(paths[name], label=f"{part}/{name}")
        yield paths[name].stem, entry, found


def entry_path(folder: Path, place: str, overlay: Path | None = None) -> Path | None:
    """The file of an entry, `tools/climada.md`, that counts: that of the overlay before the other; None of neither."""
    for root in (overlay, folder):
        if root is not None and (root / place).is_file():
            return root / place
    return None


def _entry_files(folder: Path) -> list[Path]:
    """Files of entries; one that is being written has a name that begins with a dot."""
    return [path for path in folder.glob("*.md") if not path.name.startswith(".")]


def read_entry(path: Path, *, label: str) -> tuple[Entry | None, list[Fault]]:
    """One file, or what keeps it from being read."""
    if path.stat().st_size > LARGEST_BYTES:
        problem = _("is larger than {most} bytes").format(most=LARGEST_BYTES)
        return None, [Fault(label, None, "", "", problem, _("an entry is a page, not a book"))]
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        problem = _("is not UTF-8 text (byte {place})").format(place=error.start)
        return None, [Fault(label, None, "", "", problem, _("save it as UTF-8"))]
    return parse_entry(text, path=path, label=label)


def parse_entry(text: str, *, path: Path, label: str) -> tuple[Entry | None, list[Fault]]:
    """An entry from the text of its file."""
    lines = text.replace("\r\n", "\n").split("\n")
    if lines[0].strip() != FENCE or FENCE not in (line.strip() for line in lines[1:]):
        remedy = _("begin it with a line ---, the fields, and a line ---")
        return None, [Fault(label, 1, "", lines[0][:40], _("has no front matter"), remedy)]
    end = next(i for i, line in enumerate(lines) if i and line.strip() == FENCE)
    raw, found = _parsed("\n".join(lines[1:end]), label, first_line=2)
    if found:
        return None, found
    places = {m[1]: i + 2 for i, line in enumerate(lines[1:end]) if (m := re.match(r"([A-Za-z_]+)\s*:", line))}
    return Entry(path, raw, "\n".join(lines[end + 1 :]), places), []


def write_mark(path: Path, marks: Mapping[str, str]) -> None:
    """Write which English the translations of an entry were made from into its front matter."""
    write_text(path, with_mark(path.read_text(encoding="utf-8"), marks))


def with_mark(text: str, marks: Mapping[str, str]) -> str:
    """The text of an entry's file that says which English its translations were made from.

    Examples
    --------
    >>> with_mark("---\\nshort: A\\n---\\n", {"zh": "97671ee9"})
    '---\\nshort: A\\ntranslated: {zh: "97671ee9"}\\n---\\n'
    """
    said = "translated: {" + ", ".join(f'{code}: "{mark}"' for code, mark in sorted(marks.items())) + "}"
    lines = text.split("\n")
    end = next(i for i, line in enumerate(lines) if i and line.strip() == FENCE)
    at = next((i for i in range(1, end) if lines[i].startswith("translated:")), None)
    if at is None:
        lines.insert(end, said)
    else:
        below = next(i for i in range(at + 1, end + 1) if i == end or not lines[i].startswith(" "))
        lines[at:below] = [said]
    return "\n".join(lines)


def write_text(path: Path, text: str) -> None:
    """Write a text file whole or not at all."""
    write_atomically(path, _writer(text))


def _writer(text: str) -> Callable[[Path], object]:
    return lambda draft: draft.write_text(text, encoding="utf-8")


def _parsed(text: str, label: str, *, first_line: int) -> tuple[Mapping[str, Any], list[Fault]]:
    try:
        if any(isinstance(token, yaml.AliasToken) for token in _tokens(text)):
            return {}, [Fault(label, None, "", "", _("uses a YAML alias"), _("write the text out"))]
        raw = yaml.load(text, Loader=_Loader)  # noqa: S506 (a loader that makes nothing but text)
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        row = mark.line + first_line if mark else None
        problem = _("is not YAML: {problem}").format(problem=getattr(error, "problem", None) or type(error).__name__)
        remedy = _("quote texts that hold a colon, a hash or a bracket; indent with spaces")
        return {}, [Fault(label, row, "", _snippet(text, mark), problem, remedy)]
    if not isinstance(raw, dict):
        return {}, [Fault(label, None, "", "", _("holds no fields"), _("write a field a line: name: value"))]
    return raw, []


def _tokens(text: str) -> Iterator[Any]:
    """Tokens of a text that may hold an alias; none of one that cannot."""
    if not re.search(r"(?:^|[\s\[{,:-])\*[\w]", text):
        return iter(())
    return iter(yaml.scan(text, Loader=getattr(yaml, "CBaseLoader", yaml.BaseLoader)))


def _snippet(text: str, mark: Any) -> str:
    lines = text.split("\n")
    return lines[mark.line][:80].strip() if mark is not None and mark.line < len(lines) else ""
