"""Map a function over work items: on threads here, or on the workers of a Dask cluster; the same results either way.

With a cluster the function and the items travel pickled, so they hold plain data and no open file, lock or study. The
function travels once: it is the result of a task of its own, which the scheduler can run again, so that nothing needed
lives only on a worker that may die.
"""

from __future__ import annotations

import logging
import os
import platform
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from headwater.errors import InputError, SchedulerError
from headwater.provenance import code_hash
from headwater.words import _, language, speaking

if TYPE_CHECKING:
    from distributed import Client, Future

Item = TypeVar("Item")
Result = TypeVar("Result")

Progress = Callable[[str, int, int], None]
"""Told of work as it goes: what is being done, how many items are done, how many there are."""

ANSWER_S = 5.0
"""Seconds a scheduler has to answer, and to have its first worker."""

ALONE_S = 60.0
"""Seconds a scheduler may be without any worker midway: enough for a worker that died to be started again."""

AHEAD = 3
"""Work items with the cluster at once, for each thread of its workers: the rest wait here, to keep its memory small."""

LOGGERS = ("distributed", "distributed.client", "tornado.application")
"""What would speak beside our errors."""


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
    scheduler: str | None = None,
    what: str = "",
    progress: Progress = silent,
) -> Iterator[Result]:
    """Results of a function over items, in the order of the items.

    Kernels release the interpreter lock, so threads share the work. An error in one item is raised when its turn
    comes; results that were yielded before it stand. A worker of a cluster that dies loses nothing but time: its items
    go to the others.

    Parameters
    ----------
    function, items
        What to do, and with what. For a cluster both are plain data that can be pickled.
    workers
        Threads; all processors by default. A cluster has its own.
    scheduler
        Address of a Dask scheduler, for example tcp://10.0.0.5:8786; threads here without one.
    what, progress
        What is being done, and who is told.

    Raises
    ------
    InputError
        If a scheduler is named and the package that speaks to it is not installed.
    SchedulerError
        If no scheduler answers at the address, it has no workers, it or they are gone midway, or a worker runs other
        code than this.

    Examples
    --------
    >>> list(map_items(abs, [-1, 2, -3], workers=2))
    [1, 2, 3]
    """
    work, here = list(items), partial(_speaking, language(), function)
    progress(what, 0, len(work))
    results = _on_cluster(here, work, scheduler) if scheduler and work else _on_threads(here, work, workers)
    for done, result in enumerate(results, start=1):
        progress(what, done, len(work))
        yield result


def _speaking(code: str, function: Callable[[Item], Result], item: Item) -> Result:
    """Messages are worded where they arise: on a thread or a machine that does not know the language asked for."""
    with speaking(code):
        return function(item)


def _on_threads(function: Callable[[Item], Result], work: list[Item], workers: int | None) -> Iterator[Result]:
    with ThreadPoolExecutor(max_workers=workers or default_workers()) as pool:
        yield from pool.map(function, work)


# --- on a cluster -------------------------------------------------------------------------------------------------


def _on_cluster(function: Callable[[Item], Result], work: list[Item], address: str) -> Iterator[Result]:
    with _client(address) as client:
        from cloudpickle import dumps, loads  # noqa: PLC0415

        known = client.submit(loads, dumps(function), pure=False)
        running: Iterator[Future] = (
            client.submit(_answer, known, dumps(item), code_hash(), pure=False) for item in work
        )
        ahead = deque(islice(running, AHEAD * max(1, sum(client.nthreads().values()))))
        while ahead:
            result = _result(client, ahead.popleft(), address)
            ahead.extend(islice(running, 1))
            yield result


def _answer(function: Callable[[Any], Any], item: bytes, code: str) -> Any:
    """What a worker does with one item."""
    if code_hash() != code:
        raise SchedulerError(_other_code(platform.node()))
    from cloudpickle import loads  # noqa: PLC0415

    return function(loads(item))


def _other_code(machine: str) -> str:
    return _(
        "{machine} has another version of Headwater than this machine, or none: install the same one on all machines "
        "of the cluster, then start the scheduler and its workers again."
    ).format(machine=machine)


def _result(client: Client, future: Future, address: str) -> Any:
    """Result of a task once it is there; errors of the item as they are, those of the cluster as ours."""
    from distributed import KilledWorker  # noqa: PLC0415
    from distributed.comm.core import CommClosedError  # noqa: PLC0415

    try:
        _wait_for(client, future, address)
        return future.result()
    except (CancelledError, CommClosedError) as error:
        raise SchedulerError(
            _(
                "The scheduler at {address} was lost while it worked. Finished parts are kept: start it again, then "
                "run the same command again."
            ).format(address=address)
        ) from error
    except KilledWorker as error:
        raise SchedulerError(
            _(
                "Workers of {address} died one after another on the same piece of work, most often for want of "
                "memory. Finished parts are kept: give each worker more memory, then run the same command again."
            ).format(address=address)
        ) from error
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] != "headwater":
            raise
        raise SchedulerError(_other_code(address)) from error


def _wait_for(client: Client, future: Future, address: str) -> None:
    from distributed import wait  # noqa: PLC0415

    alone = 0.0
    while True:
        try:
            with client.as_current():
                wait([future], timeout=ANSWER_S)
            return
        except TimeoutError:
            alone = 0.0 if client.nthreads() else alone + ANSWER_S
        if alone >= ALONE_S:
            raise SchedulerError(_no_workers(address))


def _no_workers(address: str) -> str:
    return _("The scheduler at {address} has no workers: start some with dask worker {address}").format(address=address)


@contextmanager
def _client(address: str) -> Iterator[Client]:
    """A connection to a scheduler that has workers; closed in any case."""
    try:
        import dask  # noqa: PLC0415
        from distributed import Client  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise InputError(
            _('A cluster needs a package that is not installed: run pip install "{name}"').format(
                name="headwater[cluster]"
            )
        ) from error
    with _quiet(), dask.config.set({"distributed.admin.large-graph-warning-threshold": "1 TB"}):
        try:
            client = Client(address, timeout=ANSWER_S, set_as_default=False)
        except (OSError, ValueError) as error:
            raise SchedulerError(
                _(
                    "No scheduler answers at {address}: start one (dask scheduler), correct the address (for example "
                    "tcp://10.0.0.5:8786), or leave --scheduler out to use this machine alone."
                ).format(address=address)
            ) from error
        with client:
            try:
                client.wait_for_workers(1, timeout=ANSWER_S)
            except TimeoutError as error:
                raise SchedulerError(_no_workers(address)) from error
            yield client


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the cluster's own log from the screen."""
    loggers = [logging.getLogger(name) for name in LOGGERS]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
