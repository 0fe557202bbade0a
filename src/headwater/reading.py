"""A study for readers: what it holds and what its results say, as they stand. Nothing is computed.

The façade of the study's pages, of its API and of its static site. A result that was made from other inputs or by other
code than today's is shown all the same, and said to be out of date.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from threading import Lock
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
        if key not in self._sections:
            write = next((chapter for chapter in CHAPTERS if chapter.__name__.replace("_", "-") == name), None)
            if write is None:
                raise NotFound(_("There is no chapter {name}.").format(name=name))
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
        with self._lock:
            kept = self._kept.get(key)
            if kept is not None and kept[0] == state:
                self._kept.move_to_end(key)
                return kept[1]
        reading = _read(folder, out)
        with self._lock:
            self._kept[key] = (state, reading)
            while len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
        return reading


def _read(folder: Path, out: Path) -> Reading:
    study = open_study(folder, out=out)
    try:
        _tables = study.tables
    except TableError as error:
        return Reading(study, error.faults)
    return Reading(study)


def _state(folder: Path, out: Path) -> object:
    """What changes when a file of the study or a result does."""
    files = [*sorted(folder.rglob("*")), *sorted(out.glob(f"*{results.RECORD}"))] if folder.exists() else []
    return tuple((str(path), stat.st_mtime_ns, stat.st_size) for path in files if (stat := path.stat()))
