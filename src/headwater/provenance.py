"""From what? Every result knows the inputs, assumptions, method and version it came from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

SHORT = 16
"""Hexadecimal digits of a hash that are shown and used in names: 64 bits."""


def hash_bytes(content: bytes) -> str:
    """Short SHA-256 of some bytes."""
    return hashlib.sha256(content).hexdigest()[:SHORT]


def hash_file(path: Path) -> str:
    """Short SHA-256 of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:SHORT]


def hash_table(table: pd.DataFrame) -> str:
    """Short hash of a table's content: the same for the same rows, columns, order and types."""
    digest = hashlib.sha256(json.dumps([[str(c), str(t)] for c, t in table.dtypes.items()]).encode())
    plain = pd.DataFrame(
        {c: table[c].to_wkb() if str(table[c].dtype) == "geometry" else table[c] for c in table.columns}
    )
    digest.update(pd.util.hash_pandas_object(plain, index=True).to_numpy().tobytes())
    return digest.hexdigest()[:SHORT]


def hash_json(value: Any) -> str:
    """Short hash of a value that JSON can hold.

    Examples
    --------
    >>> hash_json({"a": 1, "b": 2}) == hash_json({"b": 2, "a": 1})
    True
    """
    return hash_bytes(json.dumps(value, sort_keys=True, ensure_ascii=False, default=str).encode())


@dataclass(frozen=True)
class Provenance:
    """What a result came from.

    Attributes
    ----------
    result
        Name of the result table.
    step
        Step of the journey that made it.
    method
        In words, what was computed and by which rule.
    key
        Hash of everything below: a result with the same key need not be computed again.
    inputs
        Hash of each input file or earlier result, by name.
    assumptions
        Value of each assumption used, by name.
    sources
        `source_id` of every row that went in.
    version
        Version of Headwater.
    """

    result: str
    step: str
    method: str
    key: str
    inputs: Mapping[str, str] = field(default_factory=dict)
    assumptions: Mapping[str, Any] = field(default_factory=dict)
    sources: tuple[str, ...] = ()
    version: str = ""

    def to_json(self) -> str:
        """As JSON text."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=2, default=str)

    @classmethod
    def from_json(cls, text: str) -> Provenance:
        """From JSON text."""
        values = json.loads(text)
        return cls(**{**values, "sources": tuple(values["sources"])})


@cache
def code_hash() -> str:
    """Hash of Headwater's own source: a result of other code is never taken for one of this."""
    package = Path(__file__).parent
    files = [path for path in sorted(package.rglob("*")) if path.suffix in {".py", ".csv"}]
    return hash_json({str(path.relative_to(package)): hash_file(path) for path in files})
