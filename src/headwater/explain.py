"""Where results come from, in words: what `headwater explain` says of a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

from headwater.store import results
from headwater.words import _, told


def explain_result(path: Path | str) -> str:
    """From what a result came: method, inputs, assumptions, sources and version, in words.

    Raises
    ------
    NotFound
        If the file is not a result of Headwater.
    """
    record = results.provenance_of(Path(path))
    lines = [
        _("{result}, made by the step {step} of Headwater {version}").format(
            result=record.result, step=record.step, version=record.version
        ),
        f"{_('Method')}: {told(record.method)}",
        f"{_('Key')}: {record.key}",
        f"{_('Inputs')}:",
        *[f"  {name}  {value}" for name, value in record.inputs.items()],
        f"{_('Assumptions')}:",
        *[f"  {name} = {value}" for name, value in record.assumptions.items() if value is not None],
        f"{_('Sources')}: {', '.join(record.sources)}",
    ]
    return "\n".join(lines)


def plain(value: Any) -> Any:
    """A field of the header as a person would write it."""
    if isinstance(value, tuple):
        return "; ".join(str(plain(item)) for item in value)
    if is_dataclass(value):
        given = {f.name: plain(getattr(value, f.name)) for f in fields(value) if f.name != "name"}
        return ", ".join(f"{name} = {part}" for name, part in given.items() if part not in (None, "", 0.0))
    if isinstance(value, Mapping):
        return value["en"] if "en" in value else "; ".join(f"{name}: {part}" for name, part in value.items())
    return value
