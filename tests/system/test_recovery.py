"""Order of repair: by hand, against a queue of crews, and what more crews never do."""

from __future__ import annotations

import heapq

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.errors import AssumptionError
from headwater.system.recovery import schedule

Repair = tuple[float, float, int]
"""Hours of work, priority, sector."""


def times(repairs: list[Repair], crews: int | None, *, indptr: list[int] | None = None) -> np.ndarray:
    """Start and end of each repair; one event unless said otherwise."""
    columns = list(zip(*repairs, strict=True)) or [(), (), ()]
    hours, priority, sector = (np.array(column, float) for column in columns)
    ends = np.array([0, len(repairs)] if indptr is None else indptr, np.int64)
    item = np.arange(len(repairs), dtype=np.int32)
    return np.array(schedule(ends, item, hours, priority=priority, sector=sector, crews=crews))


def by_queue(repairs: list[Repair], crews: int) -> np.ndarray:
    """The same with a queue of crews, one sector at a time."""
    result = np.full((2, len(repairs)), np.inf)
    for sector in {repair[2] for repair in repairs}:
        free = [0.0] * crews
        row = [i for i, repair in enumerate(repairs) if repair[2] == sector and np.isfinite(repair[0])]
        for i in sorted(row, key=lambda i: (-repairs[i][1], i)):
            result[0, i] = heapq.heappop(free)
            result[1, i] = result[0, i] + repairs[i][0]
            heapq.heappush(free, result[1, i])
    return result


hours = st.sampled_from([0.5, 1.0, 2.0, 3.0, 7.0, np.inf])
repairs_of = st.lists(st.tuples(hours, st.integers(0, 4).map(float), st.integers(0, 2)), max_size=12)


# --- by hand ------------------------------------------------------------------------------------------------------


def test_two_crews_three_repairs() -> None:
    """By priority: 5 h and 2 h begin at once; the crew of the second is free at 2 and does the third."""
    assert times([(1.0, 10.0, 0), (5.0, 30.0, 0), (2.0, 20.0, 0)], 2).tolist() == [[2, 0, 0], [3, 5, 2]]


def test_one_crew_works_through_the_row_and_the_lowest_number_goes_first_among_equals() -> None:
    assert times([(1.0, 5.0, 0), (2.0, 5.0, 0), (4.0, 9.0, 0)], 1).tolist() == [[4, 5, 0], [5, 7, 4]]


def test_crews_belong_to_their_sector_and_events_to_themselves() -> None:
    repairs = [(3.0, 1.0, 0), (3.0, 2.0, 1), (3.0, 1.0, 0), (3.0, 2.0, 0)]
    assert times(repairs, 1, indptr=[0, 2, 2, 4])[0].tolist() == [0, 0, 3, 0]


def test_as_many_crews_as_failures_begin_at_once() -> None:
    assert times([(1.0, 0.0, 0), (np.inf, 1.0, 0)], None).tolist() == [[0, 0], [1, np.inf]]


def test_what_is_never_repaired_keeps_nobody() -> None:
    assert times([(np.inf, 9.0, 0), (2.0, 1.0, 0)], 1).tolist() == [[np.inf, 0], [np.inf, 2]]


def test_no_events_and_no_failures() -> None:
    assert times([], 3).shape == (2, 0)
    assert times([], 3, indptr=[0]).shape == (2, 0)


@pytest.mark.parametrize("crews", [0, -2])
def test_less_than_one_crew_is_refused(crews: int) -> None:
    with pytest.raises(AssumptionError, match="at least one repair crew"):
        times([(1.0, 1.0, 0)], crews)


# --- invariants ---------------------------------------------------------------------------------------------------


@given(repairs_of, st.integers(1, 5))
@settings(max_examples=150, deadline=None)
def test_schedule_agrees_with_a_queue(repairs: list[Repair], crews: int) -> None:
    np.testing.assert_array_equal(times(repairs, crews), by_queue(repairs, crews))


@given(repairs_of, st.integers(1, 5))
@settings(max_examples=100, deadline=None)
def test_another_crew_makes_no_repair_later(repairs: list[Repair], crews: int) -> None:
    """True because repairs wait for nothing but a crew and their order is given; Graham's anomalies need more."""
    assert (times(repairs, crews + 1) <= times(repairs, crews)).all()
    assert (times(repairs, None) <= times(repairs, crews)).all()


@given(repairs_of, st.integers(1, 5), st.data())
@settings(max_examples=100, deadline=None)
def test_a_quicker_repair_in_the_same_order_makes_none_later(
    repairs: list[Repair], crews: int, data: st.DataObject
) -> None:
    quicker = [(work * data.draw(st.sampled_from([0.25, 1.0])), first, sector) for work, first, sector in repairs]
    assert (times(quicker, crews) <= times(repairs, crews)).all()


@given(repairs_of, st.integers(1, 5))
@settings(max_examples=100, deadline=None)
def test_work_is_bounded(repairs: list[Repair], crews: int) -> None:
    """Never more repairs at once than crews, and the last ends within Graham's bound: work / crews + the longest."""
    start, end = times(repairs, crews)
    for sector in {repair[2] for repair in repairs}:
        here = [i for i, repair in enumerate(repairs) if repair[2] == sector and np.isfinite(repair[0])]
        work = np.array([repairs[i][0] for i in here])
        for i in here:
            assert ((start[here] <= start[i]) & (start[i] < end[here])).sum() <= crews
        if here:
            assert end[here].max() <= work.sum() / crews + work.max() * (1 - 1 / crews) + 1e-9
