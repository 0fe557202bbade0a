"""Map a function over work items: on threads here, on more machines later; the same results either way."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

Progress = Callable[[str, int, int], None]
"""Told of work as it goes: what is being done, how many items are done, how many there are."""


def silent(_what: str, _done: int, _total: int) -> None:
    """Progress that tells nobody."""


def default_workers() -> int:
    """Processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def map_items(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    *,
    workers: int | None = None,
    what: str = "",
    progress: Progress = silent,
) -> Iterator[Result]:
    """Results of a function over items, in the order of the items.

    Kernels release the interpreter lock, so threads share the work. An error in one item is raised when its turn
    comes; results that were yielded before it stand.

    Examples
    --------
    >>> list(map_items(abs, [-1, 2, -3], workers=2))
    [1, 2, 3]
    """
    work = list(items)
    progress(what, 0, len(work))
    with ThreadPoolExecutor(max_workers=workers or default_workers()) as pool:
        for done, result in enumerate(pool.map(function, work), start=1):
            progress(what, done, len(work))
            yield result
