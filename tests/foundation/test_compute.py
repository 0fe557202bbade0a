"""Work items: the same results in the same order whatever the number of workers."""

from __future__ import annotations

import time

import pytest

from headwater.compute import map_items


def slow_first(item: int) -> int:
    time.sleep(0.02 if item == 0 else 0)
    return item * item


@pytest.mark.parametrize("workers", [1, 2, 7])
def test_order_is_that_of_the_items(workers: int) -> None:
    assert list(map_items(slow_first, range(10), workers=workers)) == [i * i for i in range(10)]


def test_progress_counts_to_the_end() -> None:
    seen: list[tuple[str, int, int]] = []
    list(map_items(abs, [1, 2], what="abs", progress=lambda *said: seen.append(said)))
    assert seen == [("abs", 0, 2), ("abs", 1, 2), ("abs", 2, 2)]


def test_error_of_an_item_comes_after_the_results_before_it() -> None:
    results = map_items(lambda x: 1 / x, [1, 0, 2], workers=1)
    assert next(results) == 1
    with pytest.raises(ZeroDivisionError):
        next(results)
