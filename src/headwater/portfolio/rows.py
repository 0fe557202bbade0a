"""Rows of the portfolio model: exclusive groups, precedence, budgets, rules and interactions as sparse arrays.

Every function writes all rows of one kind at once. The column of option o starting in period t is `o * periods + t`;
that of interaction k in operation in period t follows after the options, at `k * periods + t`. Rows can be turned into
columns of another meaning: that option o *has started by* period t, which is the sum of its starts until then. Knows
neither tables nor the solver.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Places = npt.NDArray[np.int32]
Mask = npt.NDArray[np.bool_]

HALF_A_CENT = 0.5
DIGITS = 3
"""Powers of ten between one and the largest number of a row as the solver sees it."""


class Rows(NamedTuple):
    """Rows of a matrix: length of each, columns and coefficients one row after the other, bounds."""

    lengths: Places
    columns: Places
    data: Floats
    lower: Floats
    upper: Floats


@dataclass(frozen=True, eq=False)
class Joints:
    """Sets of options that are worth something together.

    Attributes
    ----------
    indptr, members
        Places of the options of each set, one set after the other.
    part
        [members]; number within its set of the part that each option plays. Options of one part exclude each other,
        and any of them will do.
    """

    indptr: Integers
    members: Integers
    part: Integers

    def __len__(self) -> int:
        return len(self.indptr) - 1

    @property
    def sizes(self) -> Integers:
        """Options in each set."""
        return np.diff(self.indptr)

    @property
    def parts(self) -> Integers:
        """Parts in each set: how many of its options there are at most in a plan."""
        return self.part[self.indptr[1:] - 1] + 1 if len(self) else np.zeros(0, dtype=np.int64)

    @property
    def part_starts(self) -> Integers:
        """Place among the members at which each part of each set begins."""
        begins = np.append(True, self.part[1:] != self.part[:-1])[: len(self.part)]
        begins[self.indptr[:-1]] = True
        return np.flatnonzero(begins)

    def whole(self, wanted: Mask) -> Mask:
        """Sets all of whose options are wanted."""
        if not len(self):
            return np.zeros(0, dtype=bool)
        return np.logical_and.reduceat(wanted[self.members], self.indptr[:-1])


def power_of_ten(largest: float) -> float:
    """Unit in which the largest number is near a thousand, for the solver's tolerances to mean something.

    Numbers up to ten thousand stay as they are: whole numbers help the solver.

    Examples
    --------
    >>> power_of_ten(25e6), power_of_ten(25.0), power_of_ten(0.0)
    (10000.0, 1.0, 1.0)
    """
    if 1 <= largest < 10.0 ** (DIGITS + 1):
        return 1.0
    return float(10.0 ** (np.floor(np.log10(largest)) - DIGITS)) if 0 < largest < np.inf else 1.0


def telescoped(profile: Floats) -> Floats:
    """What being in operation in each period adds, so that a start in period t adds `profile[t]` in all.

    Examples
    --------
    >>> telescoped(np.array([5.0, 3.0, 2.0])).tolist()  # from the first period on: 2 + 1 + 2
    [2.0, 1.0, 2.0]
    """
    return np.asarray(profile - np.append(profile[1:], 0.0), dtype=np.float64)


def no_rows() -> Rows:
    """Nothing asked."""
    return equal_rows(np.zeros((0, 0), dtype=np.int32), np.zeros(0), -np.inf, 0.0)


def equal_rows(columns: npt.NDArray, data: npt.ArrayLike, lower: npt.ArrayLike, upper: npt.ArrayLike) -> Rows:
    """Rows of one length that share coefficients; `columns` is [rows, length]."""
    count, length = columns.shape
    return Rows(
        np.full(count, length, dtype=np.int32),
        columns.astype(np.int32, copy=False).ravel(),
        np.broadcast_to(np.asarray(data, dtype=np.float64), (count, length)).ravel(),
        np.full(count, lower),
        np.full(count, upper),
    )


def dense_row(coefficients: Floats, lower: float, upper: float) -> Rows:
    """One row from a coefficient per column, scaled; an empty one is kept, for what it asks may be impossible."""
    places = np.flatnonzero(coefficients)
    return Rows(
        np.array([len(places)], dtype=np.int32), places.astype(np.int32), coefficients[places], np.array([lower]),
        np.array([upper]),
    )  # fmt: skip


def joined(parts: Sequence[Rows]) -> Rows:
    """Rows one after the other."""
    return Rows(*(np.concatenate(part) for part in zip(*parts, strict=True))) if parts else no_rows()


def once_rows(options: int, periods: int) -> Rows:
    """Each option starts at most once."""
    if periods == 1:
        return no_rows()  # said by the bounds of the columns
    return equal_rows(np.arange(options * periods).reshape(options, periods), 1.0, -np.inf, 1.0)


def exclusive_rows(codes: Integers, periods: int) -> Rows:
    """At most one option of each group of two or more; code -1 is no group."""
    inside = np.flatnonzero(codes >= 0)
    order = inside[np.argsort(codes[inside], kind="stable")]
    sizes = np.bincount(codes[inside])
    kept = sizes > 1
    order = order[kept[codes[order]]]
    columns = (order[:, None] * periods + np.arange(periods)).ravel()
    count = int(kept.sum())
    return Rows(
        (sizes[kept] * periods).astype(np.int32), columns.astype(np.int32), np.ones(len(columns)),
        np.full(count, -np.inf), np.ones(count),
    )  # fmt: skip


def requirement_rows(pairs: Integers, periods: int) -> Rows:
    """By every period, no option has started whose required one has not; `pairs` is [(option, required)]."""
    parts = []
    for t in range(periods):
        until = np.arange(t + 1)
        columns = (pairs[:, :, None] * periods + until).reshape(len(pairs), 2 * (t + 1))
        parts.append(equal_rows(columns, np.repeat([1.0, -1.0], t + 1), -np.inf, 0.0))
    return joined(parts)


def together_rows(codes: Integers, periods: int) -> Rows:
    """All options of a group start, or none does; code -1 is no group."""
    inside = np.flatnonzero(codes >= 0)
    order = inside[np.argsort(codes[inside], kind="stable")]
    same = codes[order[1:]] == codes[order[:-1]]
    pairs = np.column_stack([order[:-1][same], order[1:][same]])
    columns = (pairs[:, :, None] * periods + np.arange(periods)).reshape(len(pairs), 2 * periods)
    return equal_rows(columns, np.repeat([1.0, -1.0], periods), 0.0, 0.0)


def budget_row(cents: Integers, limit: int) -> tuple[Rows, float]:
    """Money within a limit, and the unit the row is in; `cents` per column, 0 where the limit does not count it.

    Half a cent of slack lets an exact fit survive rounding. An option beyond the limit by itself counts as twice the
    limit: it stays out of reach, and the row keeps a narrow range.
    """
    unit = power_of_ten(max(limit, 1))
    counted = np.minimum(cents, 2 * limit + 1)
    return dense_row(counted / unit, -np.inf, (limit + HALF_A_CENT) / unit), unit


def joint_rows(joints: Joints, options: int, periods: int, up: Mask, down: Mask) -> list[Rows]:
    """An interaction is in operation once an option of every part of it has started, and not before.

    Unlike all other rows, these are in columns "has started by": that takes a third of the entries.

    Parameters
    ----------
    joints
        The sets of options.
    options, periods
        Counts.
    up, down
        [sets, periods]: whether anything could want the interaction in operation before its options are, or not in
        operation although they are. Only what could be wanted needs a row against it.
    """
    owner, begins, sizes = np.repeat(np.arange(len(joints)), joints.parts), joints.part_starts, joints.sizes
    alternatives = np.diff(np.append(begins, len(joints.members)))
    parts = []
    for count in np.flatnonzero(np.bincount(alternatives)):
        some = np.flatnonzero(alternatives == count)
        inside = joints.members[begins[some][:, None] + np.arange(count)]
        parts.append(_held(options + owner[some], inside, periods, up[owner[some]], 1.0, np.zeros(len(some))))
    for size in np.flatnonzero(np.bincount(sizes)):
        some = np.flatnonzero(sizes == size)
        inside = joints.members[joints.indptr[some][:, None] + np.arange(size)]
        parts.append(_held(options + some, inside, periods, down[some], -1.0, joints.parts[some] - 1.0))
    return parts


def _held(joint: Integers, inside: Integers, periods: int, wanted: Mask, sign: float, upper: npt.NDArray) -> Rows:
    """Rows that hold interactions by options in the same period, [interactions, options], where they are wanted."""
    which, period = np.divmod(np.flatnonzero(wanted).astype(np.int32), np.int32(periods))
    first = np.column_stack([joint, inside]).astype(np.int32) * np.int32(periods)
    columns = first[which]
    columns += period[:, None]
    return equal_rows(columns, np.append(sign, np.full(inside.shape[1], -sign)), -np.inf, upper[which])


# --- starts, and has started by ----------------------------------------------------------------------------------


def by_begun(coefficients: Floats, decisions: int, periods: int) -> Floats:
    """Coefficients of "has started by" from those of starts: what a start is worth more than one a period later.

    Examples
    --------
    >>> by_begun(np.array([5.0, 3.0, 2.0, 7.0]), 3, 3).tolist()  # the last is of an interaction
    [2.0, 1.0, 2.0, 7.0]
    """
    turned = coefficients.copy()
    own = turned[:decisions].reshape(-1, periods)
    own[:, :-1] -= own[:, 1:].copy()
    return turned


def in_starts(rows: Rows, decisions: int, periods: int) -> Rows:
    """Rows in columns "has started by" as rows in starts: one until the period in place of each."""
    if not len(rows.columns):
        return rows
    counts = np.where(rows.columns < decisions, rows.columns % periods + 1, 1)
    back = np.repeat(np.cumsum(counts), counts) - np.arange(counts.sum()) - 1
    lengths = np.add.reduceat(counts, np.cumsum(rows.lengths) - rows.lengths)
    columns = (np.repeat(rows.columns, counts) - back).astype(np.int32)
    return Rows(lengths.astype(np.int32), columns, np.repeat(rows.data, counts), rows.lower, rows.upper)


def emptied(rows: Rows) -> Rows:
    """The bounds of rows without their entries."""
    return rows._replace(lengths=np.zeros_like(rows.lengths), columns=rows.columns[:0], data=rows.data[:0])


def filled(matrix: csr_array, at: int, parts: Sequence[Rows], *, last: Sequence[Rows] = ()) -> csr_array:
    """A matrix with these rows in place of its empty ones from `at` on, and the last ones at its end."""
    place, end = matrix.indptr[at], at + sum(len(rows.lengths) for rows in parts)
    own = np.diff(matrix.indptr)
    lengths = [own[:at], *(rows.lengths for rows in parts), own[end:], *(rows.lengths for rows in last)]
    data = [matrix.data[:place], *(rows.data for rows in parts), matrix.data[place:], *(rows.data for rows in last)]
    columns = [
        matrix.indices[:place], *(rows.columns for rows in parts), matrix.indices[place:],
        *(rows.columns for rows in last),
    ]  # fmt: skip
    indptr = np.append(0, np.cumsum(np.concatenate(lengths))).astype(np.int32)
    return csr_array((np.concatenate(data), np.concatenate(columns), indptr), shape=(len(indptr) - 1, matrix.shape[1]))
