"""The text of an entry's file with some of its fields changed; everything else stays as it was written.

So that a correction made in a form is a small change in git, fields that say what they said keep their lines. Fields
that change are written as the content writes them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from headwater.catalogue.records import fields_of
from headwater.store.content import FENCE, Entry, parse_entry

NEW = "---\n---\n"
"""A file of an entry that says nothing yet."""

LAST = ("basis", "sources", "translated")
"""Fields that stand at the end."""

IN_A_ROW = ("ids", "values", "languages", "countries", "basis", "marks", "checked")
"""Types of fields that are written on one line."""

_KEY = re.compile(r"([A-Za-z_]+)\s*:")


class _Row(dict[str, Any]):
    """A mapping that is written on one line."""


class _List(list[Any]):
    """A list that is written on one line."""


class _Dumper(yaml.SafeDumper):
    """Everything is text: nothing is quoted because another reader might take it for a number."""

    yaml_implicit_resolvers: dict[Any, Any] = {}  # noqa: RUF012 (so PyYAML has it)

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002 (lists are never without)
        """Lists stand further in than their field."""
        super().increase_indent(flow, False)


_Dumper.add_representer(_Row, lambda dumper, row: dumper.represent_mapping("tag:yaml.org,2002:map", row, True))
_Dumper.add_representer(_List, lambda dumper, items: dumper.represent_sequence("tag:yaml.org,2002:seq", items, True))


def read_text(text: str, label: str) -> Entry | None:
    """A file's text taken apart; None where it cannot be."""
    return parse_entry(text, path=Path(label), label=label)[0]


def with_fields(text: str, kind: str, changes: Mapping[str, Any], *, body: Mapping[str, str] | None = None) -> str:
    """The text of a file with some fields changed.

    Parameters
    ----------
    text
        The file as it is; one that can be read.
    kind
        Kind of the entry.
    changes
        New values by field, of mappings, lists and strings; None takes a field out.
    body
        The text behind the fields by language; as it is unless given.

    Examples
    --------
    >>> print(with_fields("---\\nshort: A  # so\\nyears: 2019\\n---\\n", "case", {"years": None, "tools": ["a"]}))
    ---
    short: A  # so
    tools: [a]
    ---
    <BLANKLINE>
    """
    entry = read_text(text, "")
    old = dict(entry.raw) if entry is not None else {}
    order = [name for name in fields_of(kind) if name not in LAST] + list(LAST)
    wanted = {name: value for name, value in (old | dict(changes)).items() if value is not None}
    changed = {name for name in old.keys() | wanted.keys() if old.get(name) != wanted.get(name)}
    lines = text.split("\n")
    end = next(i for i, line in enumerate(lines) if i and line.strip() == FENCE)
    blocks = _blocks(lines[1:end])
    for name in changed:
        if name in wanted:
            blocks[name] = _dumped(kind, name, wanted[name])
        else:
            blocks.pop(name, None)
    said = [line for name in _placed(list(blocks), list(old), order) for line in blocks[name]]
    behind = lines[end + 1 :] if body is None else _body(body)
    made = "\n".join([FENCE, *said, FENCE, *behind])
    again = read_text(made, "")
    if again is None or dict(again.raw) != wanted:  # written in a way that lines cannot be told apart
        said = [line for name in _placed(list(wanted), [], order) for line in _dumped(kind, name, wanted[name])]
        made = "\n".join([FENCE, *said, FENCE, *behind])
    return made if made.endswith("\n") else made + "\n"


def _blocks(lines: list[str]) -> dict[str, list[str]]:
    """Lines of each field; what stands before the first belongs to none."""
    found: dict[str, list[str]] = {}
    name = ""
    for line in lines:
        match = _KEY.match(line)
        if match:
            name = match[1]
        found.setdefault(name, []).append(line)
    return found


def _placed(names: list[str], before: list[str], order: list[str]) -> list[str]:
    """Names of fields in the order they had; a new one behind the field that comes before it in the table of fields."""
    placed = [name for name in names if name in before or not name]
    for name in sorted(
        (n for n in names if n not in placed), key=lambda n: order.index(n) if n in order else len(order)
    ):
        earlier = set(order[: order.index(name)]) if name in order else set(placed)
        at = max((placed.index(other) + 1 for other in placed if other in earlier or not other), default=0)
        placed.insert(at, name)
    return placed


def _dumped(kind: str, name: str, value: Any) -> list[str]:
    """Lines of one field."""
    declared = fields_of(kind).get(name)
    made = _styled(declared.type if declared else "", value)
    text = yaml.dump(
        {name: made}, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=10**9, default_flow_style=False
    )
    return str(text).rstrip("\n").split("\n")


def _styled(type_: str, value: Any) -> Any:
    if type_ in IN_A_ROW:
        return _Row(value) if isinstance(value, Mapping) else _List(value) if isinstance(value, list) else value
    if type_ == "sources" and isinstance(value, list):
        return [_Row(item) if isinstance(item, Mapping) else item for item in value]
    if type_ == "words" and isinstance(value, Mapping):
        return {code: _List(items) if isinstance(items, list) else items for code, items in value.items()}
    return value


def _body(body: Mapping[str, str]) -> list[str]:
    lines: list[str] = []
    for code, said in body.items():
        if said.strip():
            lines += [f"<!-- {code} -->", *said.strip().split("\n"), ""]
    return [*lines[:-1], ""] if lines else [""]
