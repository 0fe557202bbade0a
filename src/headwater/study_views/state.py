"""How a study stands: what it holds, which results are there, which are out of date, what is being made of it."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from threading import RLock
from typing import Any, TypeVar

from headwater.errors import InputError
from headwater.reading import MADE, Reading
from headwater.reports.labels import country, words_of
from headwater.reports.numbers import currency_name
from headwater.settings import FILE, StudyHeader
from headwater.steps import STEPS
from headwater.store import results, studies
from headwater.words import _, later, told

T = TypeVar("T")

_KEPT: weakref.WeakValueDictionary[int, Reading] = weakref.WeakValueDictionary()
_PARTS: dict[int, tuple[dict[Any, Any], RLock]] = {}
_LOCK = RLock()

STEP_TITLES = {
    "stress": later("exposure and damage"),
    "drought": later("losses to drought"),
    "screen": later("access and critical links"),
    "disrupt": later("loss of services"),
    "propose": later("options and what they give"),
    "interact": later("what options do to each other"),
    "appraise": later("costs and benefits"),
    "choose": later("plans under each budget"),
    "trade": later("the exact front"),
    "robust": later("plans for any future"),
    "case": later("the business case"),
    "finance": later("finance and risk"),
    "measure": later("key figures"),
}
"""What each step of the journey makes, in words."""


@dataclass(frozen=True)
class Standing:
    """How far the results of a study are.

    Attributes
    ----------
    made, total
        Results that are there, and all there can be.
    outdated
        How many of those that are there were made from other inputs, or by other code, than today's.
    lacking
        What is not there, in words, step by step.
    """

    made: int
    total: int
    outdated: int
    lacking: Sequence[str]

    @property
    def is_whole(self) -> bool:
        """Whether every result is there."""
        return self.made == self.total


@dataclass(frozen=True)
class Glance:
    """A study in a list: what its head says and its files show, without reading its tables.

    Attributes
    ----------
    title, summary, country
        In the current language; a study whose head cannot be read has its name as title.
    services
        Names of its services.
    made, total
        Results that are there, and all there can be.
    is_older
        Whether a file of the study is newer than its oldest result.
    fault
        Why its head cannot be read; "" where it can.
    years
        First and last year; None where the head cannot be read.
    """

    title: str
    summary: str
    country: str
    services: Sequence[str]
    made: int
    total: int
    is_older: bool
    fault: str = ""
    years: tuple[int, int] | None = None


def kept(reading: Reading, key: Any, make: Callable[[], T]) -> T:
    """What was put together from a reading before, or is now; forgotten with the reading.

    Parameters
    ----------
    reading
        The study as it stands.
    key
        Which part; with the language where it holds words.
    make
        Puts it together.
    """
    parts, turn = _parts_of(reading)
    if key not in parts:
        with turn:  # who asks meanwhile waits, instead of putting the same together again
            if key not in parts:
                parts[key] = make()
    found: T = parts[key]
    return found


def _parts_of(reading: Reading) -> tuple[dict[Any, Any], RLock]:
    place = id(reading)
    with _LOCK:
        if _KEPT.get(place) is not reading:
            _KEPT[place] = reading
            _PARTS[place] = ({}, RLock())
            weakref.finalize(reading, _PARTS.pop, place, None)
        return _PARTS[place]


def standing(reading: Reading) -> Standing:
    """How far the results of a study are."""
    lacking = [told(STEP_TITLES[step.name]) for step in STEPS if any(name not in reading.made for name in step.makes)]
    outdated = 0 if reading.faults else len(reading.outdated)
    return Standing(len(reading.made), len(MADE), outdated, lacking)


def glance(folder: Path, out: Path) -> Glance:
    """A study in a list."""
    records = [path for name in MADE if (path := out / f"{name}{results.RECORD}").is_file()]
    inputs = [path.stat().st_mtime for path in folder.glob("*") if path.is_file()]
    is_older = bool(records) and max(inputs, default=0.0) > min(path.stat().st_mtime for path in records)
    try:
        header = _header(folder, _mark(folder / FILE))
    except InputError as error:
        return Glance(folder.name, "", "", [], len(records), len(MADE), is_older, str(error).splitlines()[0])
    return Glance(
        words_of(header.title) or folder.name,
        words_of(header.summary),
        country(header.iso3),
        [words_of(service.name) or service.service_id for service in header.services],
        len(records),
        len(MADE),
        is_older,
        years=(header.base_year, header.horizon_year),
    )


@lru_cache(maxsize=256)
def _header(folder: Path, mark: object) -> StudyHeader:  # noqa: ARG001 -- what is kept is that of a file as it was
    return studies.read_header(folder)


def _mark(path: Path) -> object:
    """What changes when a file does."""
    stat = path.stat() if path.is_file() else None
    return stat and (stat.st_mtime_ns, stat.st_size, stat.st_ino)


def facts(header: StudyHeader) -> list[str]:
    """What a reader must know before any figure: country, money, years."""
    return [
        country(header.iso3),
        _("{currency} at {year} prices").format(currency=currency_name(header.currency), year=header.price_year),
        f"{header.base_year}–{header.horizon_year}",
    ]


def at_work(jobs: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The job of a study that waits or runs, if one does."""
    return next((job for job in jobs if job["state"] in {"queued", "running"}), None)
