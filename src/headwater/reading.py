"""A study for readers: what it holds and what its results say, as they stand. Nothing is computed.

The façade of the study's pages, of its API and of its static site. A result that was made from other inputs or by other
code than today's is shown all the same, and said to be out of date.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from threading import Lock, RLock
from typing import Any

import pandas as pd

from headwater.errors import NotFound, TableError
from headwater.provenance import hash_file
from headwater.reports.content import ReportContent, Section
from headwater.reports.document import CHAPTERS
from headwater.steps import STEPS
from headwater.store import results, studies
from headwater.study import Study, open_study
from headwater.version import __version__
from headwater.words import _, language

MOST_KEPT = 12
"""Studies that stay in memory."""

MADE = tuple(name for step in STEPS for name in step.makes)


@dataclass
class Reading:
    """A study and its results at one moment. Make one with `Readings.open`.

    Attributes
    ----------
    study
        The study; asked for its inputs, never to compute.
    faults
        What is wrong with its tables; a study with faults has no content.
    """

    study: Study
    faults: list[Any] = field(default_factory=list)
    _sections: dict[tuple[str, str], Section] = field(default_factory=dict, repr=False)
    _turn: RLock = field(default_factory=RLock, repr=False, compare=False)

    @cached_property
    def made(self) -> Mapping[str, pd.DataFrame]:
        """Results that are there, by name."""
        found = {}
        for name in MADE:
            try:
                found[name] = results.read_result(self.study.out, name)
            except NotFound:
                continue
        return found

    @cached_property
    def outdated(self) -> tuple[str, ...]:
        """Names of results that were made from other inputs, or by other code, than today's."""
        old = []
        for step in STEPS:
            key = self.study.key(step)
            old += [
                name for name in step.makes if name in self.made and not results.is_current(self.study.out, name, key)
            ]
        return tuple(old)

    @property
    def is_complete(self) -> bool:
        """Whether every result is there."""
        return set(self.made) == set(MADE)

    @cached_property
    def content(self) -> ReportContent:
        """Everything that a report may show.

        Raises
        ------
        TableError
            If the study's tables have faults.
        """
        if self.faults:
            raise TableError(self.faults)
        outline, credit = studies.read_outline(self.study.folder)
        shown = dict(self.made)
        if "proposed_options" in shown:
            shown["options"] = shown["proposed_options"]
        run_on = {name: record for name in self.made if (record := results.read_provenance(self.study.out, name))}
        inputs = studies.input_files(self.study.folder)
        return ReportContent(
            header=self.study.header,
            tables={**self.study.tables, **shown},
            sources=self.study.sources,
            outline=outline,
            outline_credit=credit,
            provenance={
                "version": __version__,
                "inputs": {str(path.relative_to(self.study.folder)): hash_file(path) for path in inputs},
                "results": run_on,
                "commands": [],
            },
        )

    def chapters(self) -> list[Section]:
        """Every chapter of the report, in the current language."""
        return [self.chapter(chapter.__name__.replace("_", "-")) for chapter in CHAPTERS]

    def chapter(self, name: str) -> Section:
        """A chapter of the report, in the current language.

        Raises
        ------
        NotFound
            If there is none of that name.
        """
        key = (name, language())
        write = next((chapter for chapter in CHAPTERS if chapter.__name__.replace("_", "-") == name), None)
        if write is None:
            raise NotFound(_("There is no chapter {name}.").format(name=name))
        if key not in self._sections:
            with self._turn:  # who asks meanwhile waits, instead of writing the same
                if key not in self._sections:
                    self._sections[key] = write(self.content)
        return self._sections[key]

    def result(self, name: str) -> pd.DataFrame:
        """A result as it stands.

        Raises
        ------
        NotFound
            If it has not been made.
        """
        if name not in self.made:
            raise NotFound(_("The result {name} has not been made yet.").format(name=name))
        return self.made[name]


class Readings:
    """Studies that have been opened lately; each is read anew when its files or its results have changed."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[Path, Path], tuple[object, Reading]] = OrderedDict()
        self._turns: dict[tuple[Path, Path], Lock] = {}
        self._lock = Lock()

    def open(self, folder: Path, out: Path) -> Reading:
        """A study as it stands now.

        Raises
        ------
        NotFound
            If the folder is not a study.
        InputError
            If its header cannot be read.
        """
        key, state = (folder, out), _state(folder, out)
        kept = self._current(key, state)
        if kept is not None:
            return kept
        with self._lock:
            turn = self._turns.setdefault(key, Lock())
        with turn:  # who asks meanwhile waits for this reading, instead of making another
            state = _state(folder, out)
            reading = self._current(key, state) or _read(folder, out)
            with self._lock:
                self._kept[key] = (state, reading)
                self._kept.move_to_end(key)
                while len(self._kept) > MOST_KEPT:
                    self._kept.popitem(last=False)
        return reading

    def _current(self, key: tuple[Path, Path], state: object) -> Reading | None:
        with self._lock:
            kept = self._kept.get(key)
            if kept is None or kept[0] != state:
                return None
            self._kept.move_to_end(key)
            return kept[1]


def _read(folder: Path, out: Path) -> Reading:
    study = open_study(folder, out=out)
    try:
        _tables = study.tables
    except TableError as error:
        return Reading(study, error.faults)
    return Reading(study)


def _state(folder: Path, out: Path) -> object:
    """What changes when a file of the study or a result does."""
    records = (entry for entry in _entries(out) if entry.name.endswith(results.RECORD))
    found = []
    for entry in (*_entries(folder, is_deep=True), *records):
        with suppress(FileNotFoundError):  # put aside by a job at this moment
            stat = entry.stat()
            found.append((entry.path, stat.st_mtime_ns, stat.st_size))
    return sorted(found)


def _entries(folder: Path | str, *, is_deep: bool = False) -> Iterator[os.DirEntry[str]]:
    """What is in a folder; nothing where it is not there."""
    try:
        with os.scandir(folder) as listed:
            for entry in listed:
                yield entry
                if is_deep and entry.is_dir(follow_symlinks=False):
                    yield from _entries(entry.path, is_deep=True)
    except FileNotFoundError:
        return
