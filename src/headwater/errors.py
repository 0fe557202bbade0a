"""Every error Headwater raises on purpose, as one tree.

Messages say what is wrong, where, the first offending values, and what to do. Errors of other libraries are
translated into these once, where they enter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from headwater.words import _

SHOWN = 30
"""Faults listed in a message; the rest are counted. All of them stay in `TableError.faults`."""


class HeadwaterError(Exception):
    """Something a user can understand and mend."""


class InputError(HeadwaterError):
    """What was given cannot be used as it stands."""


@dataclass(frozen=True)
class Fault:
    """One thing wrong in one place of one table.

    Attributes
    ----------
    file
        File as the user knows it, or the table's name when it came from memory.
    row
        Row as a spreadsheet counts it (the header is row 1), or None when the fault is of the whole column.
    column
        Column, or "" when the fault is of the whole table.
    value
        The offending value, as text.
    problem, remedy
        What is wrong, and what to do.
    """

    file: str
    row: int | None
    column: str
    value: str
    problem: str
    remedy: str

    def __str__(self) -> str:
        place = self.file
        if self.row is not None:
            place += ", " + _("row {row}").format(row=self.row)
        if self.column:
            place += ", " + _("column {column}").format(column=self.column)
        value = f" «{self.value}»" if self.value else ""
        return f"{place}:{value} {self.problem} → {self.remedy}"


class TableError(InputError):
    """One or more tables break their schema; carries every fault at once."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = list(faults)
        lines = [str(fault) for fault in self.faults[:SHOWN]]
        if len(self.faults) > SHOWN:
            lines.append(_("… and {count} more").format(count=len(self.faults) - SHOWN))
        super().__init__("\n".join(lines))

    def __reduce__(self) -> tuple[type[TableError], tuple[list[Fault]]]:
        """Faults travel between processes, not the text made of them."""
        return type(self), (self.faults,)


class UnitError(InputError):
    """A unit is unknown, or is not of the quantity expected."""


class PlaceError(InputError):
    """A coordinate reference system, a grid or a geometry cannot be used."""


class AssumptionError(InputError):
    """An assumption is missing, unknown or out of range."""


class Conflict(InputError):
    """It has changed meanwhile, or is there already: nothing was overwritten."""


class NotFound(HeadwaterError):
    """The thing asked for does not exist."""


class NotAllowed(HeadwaterError):
    """The caller may not do this."""


class SourceError(HeadwaterError):
    """An outside source is unavailable, or is not what it was."""


class NoRoom(HeadwaterError):
    """The disk is full; nothing was changed."""


class SchedulerError(HeadwaterError):
    """The machines that were to share the work cannot be reached, or are not fit for it."""


class SolveError(HeadwaterError):
    """The optimiser gave no usable plan."""


class Infeasible(SolveError):
    """No plan satisfies every constraint; names those in conflict, and the least change that would do."""

    def __init__(self, conflicts: Sequence[str], changes: str = "") -> None:
        self.conflicts, self.changes = list(conflicts), changes
        text = _("No plan satisfies every constraint. In conflict: {names}").format(names="; ".join(conflicts))
        super().__init__(f"{text}\n{changes}" if changes else text)

    def __reduce__(self) -> tuple[type[Infeasible], tuple[list[str], str]]:
        """What the text is made of travels between processes."""
        return type(self), (self.conflicts, self.changes)


class TimedOut(SolveError):
    """Time ran out; carries the best plan found and the bound, when there is one."""

    def __init__(self, message: str, *, best: object = None) -> None:
        self.best = best
        super().__init__(message)


EXIT_CODES: dict[type[HeadwaterError], int] = {
    InputError: 2,
    NotFound: 3,
    NotAllowed: 4,
    SourceError: 5,
    SolveError: 6,
    SchedulerError: 7,
    NoRoom: 8,
    HeadwaterError: 1,
}
"""Exit code of the command line by error type; the first type in the error's ancestry that is listed wins."""


def exit_code(error: HeadwaterError) -> int:
    """Exit code for an error.

    Examples
    --------
    >>> exit_code(UnitError("furlong"))
    2
    """
    return next(EXIT_CODES[kind] for kind in type(error).__mro__ if kind in EXIT_CODES)
