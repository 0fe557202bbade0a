"""What people send: tables as CSV, XLSX, GeoPackage or Parquet, rasters, or a zip of them; taken apart with limits.

Everything is written into a folder of its own and looked at before any of it comes near a study. Names say what a file
is; they never say where it goes.
"""

from __future__ import annotations

import csv
import io
import re
import shutil
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from headwater.errors import Fault
from headwater.settings import FILE
from headwater.sheets import sheet_bytes, unguarded
from headwater.store.studies import INPUT_TABLES
from headwater.words import _

LARGEST_FILE = 200 * 1024 * 1024
LARGEST_ALL = 500 * 1024 * 1024
MOST_FILES = 200
LARGEST_RATIO = 200
"""How many times its packed size a file may have; a real table packs far less."""

MOST_ROWS, MOST_COLUMNS = 1_000_000, 500
MOST_CELLS = 50_000_000
"""Cells of a Parquet file, whose packed size says nothing of them."""

_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
BEGINNINGS = {
    ".parquet": (b"PAR1",), ".gpkg": (b"SQLite format 3\0",), ".tif": _TIFF, ".tiff": _TIFF, ".geojson": (b"{",),
}  # fmt: skip
"""How a file of each kind begins. Readers of maps go by the content, not by the name, and some kinds of file name
others, or addresses, that would be read as well."""

TABLE_SUFFIXES = frozenset({".csv", ".parquet", ".gpkg", ".xlsx"})
RASTER_SUFFIXES = frozenset({".tif", ".tiff"})
OTHER_NAMES = frozenset({FILE, "outline.geojson", "SOURCES.md"})
PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,120}\Z")
BLOCK = 1 << 20

_SPOILT = (
    zipfile.BadZipFile,
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    OSError,
    SyntaxError,
    TypeError,
    ValueError,
)
"""What reading a spoilt workbook may raise: its parts are zip, XML and whatever they hold."""
_GUARD = re.compile(rb"(?:^|[,\n\"])'[=+\-@\t\r]")


@dataclass(frozen=True)
class Sent:
    """One file as it was sent: the name that it bears, and its content."""

    name: str
    content: BinaryIO


def take_apart(sent: Iterable[Sent], folder: Path) -> tuple[list[Path], list[Fault]]:
    """Write what was sent into a folder, zips and workbooks taken apart; says what is there and what is wrong.

    Parameters
    ----------
    sent
        Files as they were sent.
    folder
        An empty folder; holds what could be taken when this returns.

    Returns
    -------
    paths, faults
        Files relative to the folder, as a study holds them: tables and `study.toml` at the top, rasters in `hazards/`.
    """
    found: list[Fault] = []
    taken: dict[str, Path] = {}
    budget = [LARGEST_ALL, MOST_FILES]
    for one in sent:
        for name, content, size in _members(one, found):
            target = _place(name)
            if target is None:
                found.append(_unknown(name))
            elif str(target) in taken:
                found.append(Fault(name, None, "", "", _("was sent twice"), _("send each table once")))
            else:
                problem = _write(content, folder / target, budget, packed=size)
                if problem:
                    found.append(Fault(name, None, "", "", problem, _("send a smaller file, or several studies")))
                elif problem := _kind_problem(folder / target):
                    (folder / target).unlink()
                    found.append(
                        Fault(name, None, "", "", problem, _("check that the file is whole and is what its name says"))
                    )
                else:
                    taken[str(target)] = target
    for target in [t for t in taken.values() if t.suffix == ".xlsx"]:
        found += _split_workbook(folder / target, folder, taken)
        del taken[str(target)]
    for target in taken.values():
        if target.suffix == ".csv":
            _unguard(folder / target)
    return sorted(taken.values()), found


def _unguard(path: Path) -> None:
    """Take the guard off cells of a table that was fetched from here (see `sheets.guarded`), if any has one."""
    content = path.read_bytes()
    if not _GUARD.search(content):
        return
    try:
        page = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return  # the check says so
    rows = csv.reader(io.StringIO(page, newline=""))
    path.write_bytes(sheet_bytes([unguarded(cell) for cell in row] for row in rows))


def _members(one: Sent, found: list[Fault]) -> Iterator[tuple[str, BinaryIO, int | None]]:
    """A file itself, or the files in it when it is a zip; the packed size of those."""
    if PurePosixPath(one.name).suffix.lower() != ".zip":
        yield one.name, one.content, None
        return
    try:
        with zipfile.ZipFile(one.content) as archive:
            members = [member for member in archive.infolist() if not member.is_dir()]
            if len(members) > MOST_FILES:
                problem = _("holds more than {most} files").format(most=MOST_FILES)
                found.append(Fault(one.name, None, "", str(len(members)), problem, _("send fewer files")))
                return
            for member in members:
                if member.flag_bits & 0x1:
                    found.append(
                        Fault(member.filename, None, "", "", _("is encrypted"), _("send it without a password"))
                    )
                elif PurePosixPath(member.filename).name.startswith((".", "__MACOSX")) or "__MACOSX" in member.filename:
                    continue
                else:
                    with archive.open(member) as content:
                        yield member.filename, content, member.compress_size  # type: ignore[misc]
    except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError, RuntimeError) as error:
        problem = _("is not a zip that can be read: {reason}").format(reason=error)
        found.append(Fault(one.name, None, "", "", problem, _("pack it again")))


def _place(name: str) -> Path | None:
    """Where a study keeps a file of that name; None if a study has none such. Folders in the name are forgotten."""
    plain = PurePosixPath(name.replace("\\", "/")).name
    if not PLAIN_NAME.match(plain):
        return None
    suffix = PurePosixPath(plain).suffix.lower()
    if plain in OTHER_NAMES:
        return Path(plain)
    if suffix in RASTER_SUFFIXES:
        return Path("hazards") / plain
    stem = PurePosixPath(plain).stem
    if suffix == ".xlsx" or (suffix in TABLE_SUFFIXES and stem in INPUT_TABLES):
        return Path(stem + suffix)
    return None


def _unknown(name: str) -> Fault:
    known = ", ".join(INPUT_TABLES[:6]) + ", …"
    remedy = _("name it after a table ({known}) and send CSV, XLSX, GeoPackage or Parquet; rasters end in .tif")
    return Fault(name[:120], None, "", "", _("is not a file that a study holds"), remedy.format(known=known))


def _write(content: BinaryIO, path: Path, budget: list[int], *, packed: int | None) -> str:
    """Write a file within what is left; says why not, or nothing."""
    if budget[1] <= 0:
        return _("there are more than {most} files").format(most=MOST_FILES)
    most = min(LARGEST_FILE, budget[0], max(packed * LARGEST_RATIO, BLOCK) if packed is not None else LARGEST_FILE)
    path.parent.mkdir(parents=True, exist_ok=True)
    written = 0
    try:
        with path.open("wb") as target:
            while block := content.read(BLOCK):
                written += len(block)
                if written > most:
                    break
                target.write(block)
    except (zipfile.BadZipFile, EOFError) as error:
        path.unlink(missing_ok=True)
        return _("is damaged: {reason}").format(reason=error)
    if written > most:
        path.unlink(missing_ok=True)
        return _("is larger than can be taken")
    budget[0] -= written
    budget[1] -= 1
    return ""


def _kind_problem(path: Path) -> str:
    """Why a file is not of the kind that its name says, or holds more than can be read; or nothing."""
    beginnings = BEGINNINGS.get(path.suffix.lower(), ())
    with path.open("rb") as file:
        begins = file.read(64).removeprefix(b"\xef\xbb\xbf").lstrip() if path.suffix == ".geojson" else file.read(16)
    if beginnings and not begins.startswith(beginnings):
        return _("is not what its name says")
    if path.suffix.lower() == ".parquet":
        try:
            about = pq.read_metadata(path)
        except (pa.ArrowException, OSError, ValueError):
            return _("is not what its name says")
        if about.num_rows * about.num_columns > MOST_CELLS:
            return _("holds more than {most} cells").format(most=MOST_CELLS)
    return ""


def _unpacks_too_large(path: Path) -> bool:
    """Whether the parts of a workbook, which is a zip, are larger than can be taken."""
    with zipfile.ZipFile(path) as archive:
        parts = archive.infolist()
    too_dense = (part.file_size > max(part.compress_size * LARGEST_RATIO, BLOCK) for part in parts)
    return sum(part.file_size for part in parts) > LARGEST_ALL or any(too_dense)


def _split_workbook(path: Path, folder: Path, taken: dict[str, Path]) -> list[Fault]:
    """Sheets of a workbook that bear names of tables, each as a CSV; the workbook itself goes."""
    import openpyxl  # noqa: PLC0415 (only for workbooks)

    found: list[Fault] = []
    try:
        if _unpacks_too_large(path):
            path.unlink()
            remedy = _("send a smaller file, or several studies")
            return [Fault(path.name, None, "", "", _("is larger than can be taken"), remedy)]
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    except _SPOILT as error:
        path.unlink()
        problem = _("is not a workbook that can be read: {reason}").format(reason=type(error).__name__)
        return [Fault(path.name, None, "", "", problem, _("save it again as XLSX"))]
    sheets = [sheet for sheet in book.worksheets if sheet.title.strip().lower() in INPUT_TABLES]
    if not sheets:
        remedy = _("name each sheet after the table that it holds, for example assets")
        found.append(Fault(path.name, None, "", "", _("no sheet bears the name of a table"), remedy))
    for sheet in sheets:
        name = sheet.title.strip().lower()
        target = Path(f"{name}.csv")
        if str(target) in taken:
            found.append(Fault(f"{path.name} ({name})", None, "", "", _("was sent twice"), _("send each table once")))
            continue
        rows, problem = _rows(sheet)
        if problem:
            found.append(Fault(f"{path.name} ({name})", None, "", "", problem, _("send it as CSV or Parquet")))
            continue
        pd.DataFrame(rows[1:], columns=rows[0]).to_csv(folder / target, index=False, lineterminator="\n")
        taken[str(target)] = target
    book.close()
    path.unlink()
    return found


def _rows(sheet: object) -> tuple[list[list[str]], str]:
    """Rows of a sheet as text, the header first, without empty rows and columns at the end; or what is wrong."""
    rows: list[list[str]] = []
    for number, cells in enumerate(sheet.iter_rows(values_only=True)):  # type: ignore[attr-defined]
        if number > MOST_ROWS or len(cells) > MOST_COLUMNS:
            return [], _("has more than {rows} rows or {columns} columns").format(rows=MOST_ROWS, columns=MOST_COLUMNS)
        rows.append(["" if cell is None else _as_text(cell) for cell in cells])
    while rows and not any(rows[-1]):
        rows.pop()
    if not rows or not any(rows[0]):
        return [], _("has no header in its first row")
    width = max(i + 1 for i, name in enumerate(rows[0]) if name)
    return [(row + [""] * width)[:width] for row in rows], ""


def _as_text(cell: object) -> str:
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    date = getattr(cell, "date", None)
    return date().isoformat() if callable(date) else str(cell)


def clear(folder: Path) -> None:
    """Remove a folder of what was sent."""
    shutil.rmtree(folder, ignore_errors=True)
