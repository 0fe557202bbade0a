"""Work on a Dask cluster of two processes: the same results, and what happens when machines are lost."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import pytest

from headwater.compute import map_items
from headwater.errors import Fault, SchedulerError, TableError, exit_code

distributed = pytest.importorskip("distributed", reason="Dask is not installed; run: make test")


def square(number: int) -> int:
    return number * number


def slow_square(number: int) -> int:
    time.sleep(0.05)
    return number * number


def pid_of_worker(_item: int) -> int:
    time.sleep(0.02)
    return os.getpid()


def complain(number: int) -> int:
    if number == 3:
        raise TableError([Fault("assets", 4, "kind", "x", "is wrong", "mend it")])
    return number


def test_the_same_results_in_the_same_order(cluster):
    told: list[int] = []
    there = map_items(
        square, range(50), scheduler=cluster.scheduler_address, progress=lambda _what, done, _all: told.append(done)
    )
    assert list(there) == list(map_items(square, range(50)))
    assert told == list(range(51))
    assert list(map_items(square, [], scheduler=cluster.scheduler_address)) == []


@pytest.mark.slow
def test_both_workers_share_the_work(cluster):
    assert len(set(map_items(pid_of_worker, range(40), scheduler=cluster.scheduler_address))) == 2


@pytest.mark.slow
def test_a_mistake_in_an_item_comes_through_as_itself(cluster):
    done = map_items(complain, range(6), scheduler=cluster.scheduler_address)
    assert [next(done), next(done), next(done)] == [0, 1, 2]
    with pytest.raises(TableError) as caught:
        next(done)
    assert caught.value.faults[0].value == "x"


@pytest.mark.slow
def test_a_worker_killed_midway_costs_nothing_but_time(cluster):
    pids = [worker.pid for worker in cluster.workers.values()]
    killer = threading.Timer(0.8, os.kill, (pids[0], signal.SIGKILL))
    killer.start()
    assert list(map_items(slow_square, range(80), scheduler=cluster.scheduler_address)) == [n * n for n in range(80)]
    assert not killer.is_alive()  # it struck while there was work left


def test_a_wrong_address_is_said_plainly():
    with pytest.raises(SchedulerError, match=r"No scheduler answers at tcp://127\.0\.0\.1:1\b"):
        list(map_items(square, range(3), scheduler="tcp://127.0.0.1:1"))
    with pytest.raises(SchedulerError, match="No scheduler answers at nonsense"):
        list(map_items(square, range(3), scheduler="nonsense://x"))
    assert exit_code(SchedulerError("")) == 7


@pytest.mark.slow
def test_a_scheduler_that_goes_midway_is_said_plainly(tmp_path: Path):
    options = {"n_workers": 1, "threads_per_worker": 1, "processes": True, "dashboard_address": ":0"}
    with distributed.LocalCluster(**options, memory_limit=None, silence_logs=50) as made:
        work = map_items(slow_square, range(200), scheduler=made.scheduler_address)
        assert next(work) == 0
        closer = threading.Thread(target=made.close)
        closer.start()
        with pytest.raises(SchedulerError, match="was lost while it worked"):
            list(work)
        closer.join()
