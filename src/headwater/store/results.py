"""Result tables on disk, each with the record of what it came from.

A result is `NAME.parquet` (GeoParquet when it has geometry), a `NAME.csv` of the same rows for people, and
`NAME.provenance.json`. All three are written beside their names and then renamed, the record last: a result without a
record does not exist, so a killed run leaves the earlier result or none.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import geopandas as gpd
import pandas as pd

from headwater.errors import NotFound
from headwater.files import write_atomically
from headwater.provenance import Provenance
from headwater.words import _

RECORD = ".provenance.json"


def write_result(folder: Path, table: pd.DataFrame, provenance: Provenance) -> None:
    """Write a result table and its record."""
    name = provenance.result
    (folder / f"{name}{RECORD}").unlink(missing_ok=True)
    write_atomically(folder / f"{name}.parquet", lambda path: table.to_parquet(path, index=False))
    plain = pd.DataFrame(table.drop(columns="geometry", errors="ignore"))
    write_atomically(folder / f"{name}.csv", lambda path: plain.to_csv(path, index=False, lineterminator="\n"))
    write_atomically(
        folder / f"{name}{RECORD}", lambda path: path.write_text(provenance.to_json() + "\n", encoding="utf-8")
    )


def read_provenance(folder: Path, name: str) -> Provenance | None:
    """Record of a result, or None where there is no such result."""
    path = folder / f"{name}{RECORD}"
    try:
        return Provenance.from_json(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError, ValueError, TypeError, KeyError):  # absent, or not a record of ours
        return None


def read_result(folder: Path, name: str) -> pd.DataFrame:
    """A result table.

    Raises
    ------
    NotFound
        If the result does not exist.
    """
    path = folder / f"{name}.parquet"
    if read_provenance(folder, name) is None or not path.exists():
        raise NotFound(_("There is no result {name} in {folder}.").format(name=name, folder=folder))
    try:
        table: pd.DataFrame = gpd.read_parquet(path)
    except ValueError:  # no geometry
        table = pd.read_parquet(path)
    return table


def is_current(folder: Path, name: str, key: str) -> bool:
    """Whether a result exists and was made from exactly what `key` stands for."""
    provenance = read_provenance(folder, name)
    whole = all((folder / f"{name}{suffix}").exists() for suffix in (".parquet", ".csv"))
    return provenance is not None and provenance.key == key and whole


def provenance_of(path: Path) -> Provenance:
    """Record of the result that a file belongs to.

    Raises
    ------
    NotFound
        If the file is not a result of Headwater.
    """
    name = path.name.removesuffix(RECORD).removesuffix(".parquet").removesuffix(".csv")
    provenance = read_provenance(path.parent, name)
    if provenance is None:
        known = sorted(p.name.removesuffix(RECORD) for p in path.parent.glob(f"*{RECORD}"))
        hint = ", ".join(known) or _("none in this folder")
        raise NotFound(_("{path} is not a result of Headwater. Results: {known}").format(path=path, known=hint))
    return provenance


PARTS = "parts"
"""Folder, within that of the results, of parts of results that are not finished."""


def has_parts(folder: Path, names: Sequence[str]) -> bool:
    """Whether a stopped run left these parts."""
    return all((folder / PARTS / f"{name}.parquet").exists() for name in names)


def write_parts(folder: Path, tables: Mapping[str, pd.DataFrame]) -> None:
    """Keep parts of results by name."""
    for name, table in tables.items():
        path = folder / PARTS / f"{name}.parquet"
        write_atomically(path, lambda draft, table=table: table.to_parquet(draft, index=False))  # type: ignore[misc]


def read_parts(folder: Path, names: Sequence[str]) -> list[pd.DataFrame]:
    """Parts of results by name."""
    return [pd.read_parquet(folder / PARTS / f"{name}.parquet") for name in names]


def remove_parts(folder: Path) -> None:
    """Remove the parts once the result they belong to is whole."""
    shutil.rmtree(folder / PARTS, ignore_errors=True)
