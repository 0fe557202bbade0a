"""The worker: progress, failures, cancelling, resuming, and going on where it was after it was killed."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from headwater import worker
from headwater.errors import InputError
from headwater.forum import Forum, open_forum
from headwater.permissions import EVERYONE_ALONE
from headwater.store import jobs
from headwater.store.results import RECORD

STEP = "assess"
WORKER = """
import sys
from pathlib import Path
from headwater.forum import open_forum
from headwater.worker import work
work(open_forum(Path(sys.argv[1]), packaged=Path(sys.argv[2])), workers=1)
"""
"""What `headwater work` does, at the priority of the tests."""

ENDED = {"finished", "failed", "cancelled"}


@pytest.fixture
def forum(root: Path, tmp_path: Path) -> Forum:
    """A site with Toytown packaged."""
    shutil.copytree(root / "tests" / "toytown" / "study", tmp_path / "packaged" / "toytown")
    return open_forum(tmp_path / "home", packaged=tmp_path / "packaged")


def job(forum: Forum, job_id: str) -> dict:
    return forum.job(EVERYONE_ALONE, job_id)


def until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "never"
        time.sleep(0.05)


@contextmanager
def started(forum: Forum, program: str = WORKER) -> Iterator[subprocess.Popen[bytes]]:
    """A real worker in a process of its own."""
    process = subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", program, str(forum.home), str(forum.packaged)], start_new_session=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def made(folder: Path) -> dict[str, pd.DataFrame]:
    """Results that are there, each whole: its record, its table and its copy for people."""
    found = {}
    for record in sorted(folder.glob(f"*{RECORD}")):
        name = record.name.removesuffix(RECORD)
        assert (folder / f"{name}.csv").is_file()
        found[name] = pd.read_parquet(folder / f"{name}.parquet")
    return found


def out(forum: Forum) -> Path:
    return forum.study(EVERYONE_ALONE, "toytown").out


def assert_same(one: dict[str, pd.DataFrame], other: dict[str, pd.DataFrame]) -> None:
    assert set(one) == set(other)
    for name, table in one.items():
        pd.testing.assert_frame_equal(table, other[name])


# --- the worker that a server keeps -------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_worker_that_a_server_keeps_does_the_jobs(forum: Forum) -> None:
    job_id = forum.run(EVERYONE_ALONE, "toytown", STEP)
    over = threading.Event()
    command = worker.worker_command(forum.home, None, forum.packaged)
    keeper = worker.keep_working(command, is_wanted=lambda: not over.is_set())
    try:
        until(lambda: job(forum, job_id)["state"] in ENDED)
        assert job(forum, job_id)["state"] == "finished"
    finally:
        over.set()
        keeper.join(15)
    assert not keeper.is_alive()


def test_a_worker_that_dies_at_once_is_started_ever_more_seldom(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "PAUSE_S", 0.3)
    over, lives = threading.Event(), tmp_path / "lives"
    program = f"open({str(lives)!r}, 'a').write('.')"
    keeper = worker.keep_working([sys.executable, "-S", "-c", program], is_wanted=lambda: not over.is_set())
    until(lambda: lives.exists() and len(lives.read_text()) >= 2)
    time.sleep(3)
    over.set()
    keeper.join(5)
    assert not keeper.is_alive()
    assert len(lives.read_text()) <= 4


# --- one job, in this process -------------------------------------------------------------------------------------


def test_a_job_tells_how_far_it_is_and_finishes(forum: Forum, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "BEAT_S", 0.01)
    heard: list[tuple[str, int, int]] = []
    beat = jobs.beat

    def listening(*given: object, **said: object) -> bool:
        heard.append((str(said["doing"]), int(str(said["done"])), int(str(said["total"]))))
        return beat(*given, **said)  # type: ignore[arg-type]

    monkeypatch.setattr(jobs, "beat", listening)
    job_id = forum.run(EVERYONE_ALONE, "toytown", STEP)
    assert job(forum, job_id)["state"] == "queued"
    assert worker.run_one(forum, "w", workers=1)
    done = job(forum, job_id)
    assert (done["state"], done["error"], done["tries"]) == ("finished", "", 1)
    assert {"Damage", "Every failure alone"} & {doing for doing, _done, _total in heard}
    assert made(out(forum))
    assert not worker.run_one(forum, "w")


def test_a_study_with_faults_fails_and_says_why(forum: Forum) -> None:
    assert forum.packaged
    path = forum.packaged / "toytown" / "assets.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("transport", "trnsport"), encoding="utf-8")
    job_id = forum.run(EVERYONE_ALONE, "toytown", STEP)
    assert worker.run_one(forum, "w")
    assert job(forum, job_id)["state"] == "failed"
    assert "trnsport" in job(forum, job_id)["error"]
    again = forum.resume(EVERYONE_ALONE, job_id)
    assert again != job_id
    assert job(forum, again)["state"] == "queued"


def test_a_job_of_a_study_that_is_gone_fails(forum: Forum) -> None:
    job_id = forum.run(EVERYONE_ALONE, "toytown", STEP)
    assert forum.packaged
    shutil.move(forum.packaged / "toytown", forum.home / "elsewhere")
    assert worker.run_one(forum, "w")
    with forum.engine.begin() as connection:
        assert jobs.read_job(connection, job_id)["state"] == "failed"


@pytest.mark.parametrize("before", [signal.default_int_handler, signal.SIG_IGN], ids=["usual", "in the background"])
def test_a_job_that_runs_stops_when_it_is_cancelled_and_the_worker_goes_on(
    forum: Forum, monkeypatch: pytest.MonkeyPatch, before: signal.Handlers
) -> None:
    signal.signal(signal.SIGINT, before)
    monkeypatch.setattr(worker, "BEAT_S", 0.05)
    begun = threading.Event()

    def long_work(_study: object) -> None:
        begun.set()
        time.sleep(30)

    monkeypatch.setitem(worker._DONE, STEP, long_work)
    job_id = forum.run(EVERYONE_ALONE, "toytown", STEP)

    def cancel() -> None:
        begun.wait(20)
        forum.cancel(EVERYONE_ALONE, job_id)

    other = threading.Thread(target=cancel)
    other.start()
    began = time.monotonic()
    assert worker.run_one(forum, "w")
    other.join()
    assert time.monotonic() - began < 15
    assert job(forum, job_id)["state"] == "cancelled"
    with pytest.raises(InputError):
        forum.cancel(EVERYONE_ALONE, job_id)
    monkeypatch.setitem(worker._DONE, STEP, lambda _study: None)
    again = forum.resume(EVERYONE_ALONE, job_id)
    assert worker.run_one(forum, "w")
    assert job(forum, again)["state"] == "finished"


def test_a_cancel_that_comes_as_the_work_ends_does_not_stop_the_worker(
    forum: Forum, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "BEAT_S", 0.001)
    for pause in (0.0, 0.002, 0.01, 0.02, 0.05):
        job_id = forum.run(EVERYONE_ALONE, "toytown", STEP)

        def work(_study: object, job_id: str = job_id, pause: float = pause) -> None:
            forum.cancel(EVERYONE_ALONE, job_id)
            time.sleep(pause)

        monkeypatch.setitem(worker._DONE, STEP, work)
        assert worker.run_one(forum, "w")
        assert job(forum, job_id)["state"] in ENDED


def test_an_interrupt_from_outside_gives_the_job_back(forum: Forum, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_study: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setitem(worker._DONE, STEP, interrupted)
    job_id = forum.run(EVERYONE_ALONE, "toytown", STEP)
    with pytest.raises(KeyboardInterrupt):
        worker.run_one(forum, "w")
    back = job(forum, job_id)
    assert (back["state"], back["tries"], back["worker"]) == ("queued", 0, None)


def test_a_mistake_of_ours_is_written_down_and_raised(forum: Forum, monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(_study: object) -> None:
        raise ZeroDivisionError("by zero")

    monkeypatch.setitem(worker._DONE, STEP, wrong)
    job_id = forum.run(EVERYONE_ALONE, "toytown", STEP)
    with pytest.raises(ZeroDivisionError):
        worker.run_one(forum, "w")
    assert job(forum, job_id)["error"] == "ZeroDivisionError: by zero"


# --- the process, killed ------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_killed_worker_loses_nothing_and_the_next_goes_on_where_it_was(
    forum: Forum, toy_results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = forum.run(EVERYONE_ALONE, "toytown", STEP)
    with started(forum) as process:
        until(lambda: job(forum, job_id)["state"] == "running" or process.poll() is not None)
        until(lambda: (out(forum) / f"expected_damages{RECORD}").exists() or job(forum, job_id)["state"] in ENDED)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    kept = {path.name: path.stat().st_mtime_ns for path in out(forum).glob("expected_damages.*")}
    made(out(forum))
    if job(forum, job_id)["state"] == "running":
        worker._free_jobs_of_the_dead(forum)
        assert job(forum, job_id)["state"] == "queued", "its process is gone: nobody waits a minute"
        assert worker.run_one(forum, "w")
    assert job(forum, job_id)["state"] == "finished"
    assert kept == {path.name: path.stat().st_mtime_ns for path in out(forum).glob("expected_damages.*")}, (
        "not made again"
    )
    whole = made(toy_results)
    assert_same(made(out(forum)), {name: whole[name] for name in made(out(forum))})


@pytest.mark.slow
def test_a_worker_that_is_told_to_go_gives_its_job_back(forum: Forum) -> None:
    job_id = forum.run(EVERYONE_ALONE, "toytown", "plan")
    with started(forum) as process:
        until(lambda: job(forum, job_id)["doing"] != "" or job(forum, job_id)["state"] in ENDED)
        process.terminate()
        process.wait(60)
    assert job(forum, job_id)["state"] in {"queued", "finished"}


DEAF = """
import sys, time
from pathlib import Path
from headwater import worker
from headwater.forum import open_forum
def deaf(forum, job, follow, workers):
    follow("deaf", 1, 2)
    while True:
        try:
            time.sleep(60)
        except KeyboardInterrupt:
            pass
worker._run, worker.GRACE_S = deaf, 0.5
worker.work(open_forum(Path(sys.argv[1]), packaged=Path(sys.argv[2])), workers=1)
"""


@pytest.mark.slow
def test_a_worker_whose_work_hears_nothing_goes_all_the_same(forum: Forum) -> None:
    job_id = forum.run(EVERYONE_ALONE, "toytown", "plan")
    with started(forum, DEAF) as process:
        until(lambda: job(forum, job_id)["doing"] == "deaf")
        process.terminate()
        assert process.wait(60) == 0
    assert (job(forum, job_id)["state"], job(forum, job_id)["tries"]) == ("queued", 0)


def test_the_command_that_the_server_starts_does_a_job(forum: Forum) -> None:
    job_id = forum.run(EVERYONE_ALONE, "toytown", STEP)
    command = worker.worker_command(forum.home, None, forum.packaged)
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:  # noqa: S603
        try:
            until(lambda: job(forum, job_id)["state"] in ENDED or process.poll() is not None)
            assert job(forum, job_id)["state"] == "finished"
            process.stdin.close()  # as when the server is no more, killed or not
            process.wait(worker.GRACE_S + 20)
        finally:
            process.kill()


KEEPER = """
import sys, time
from pathlib import Path
from headwater import worker
worker.keep_working(worker.worker_command(Path(sys.argv[1]), None, Path(sys.argv[2])), is_wanted=lambda: True)
time.sleep(600)
"""


@pytest.mark.slow
def test_a_server_that_is_killed_leaves_no_worker_behind(forum: Forum) -> None:
    job_id = forum.run(EVERYONE_ALONE, "toytown", "plan")
    with started(forum, KEEPER) as server:
        until(lambda: job(forum, job_id)["state"] == "running")
        with forum.engine.begin() as connection:
            (name,) = jobs.list_workers(connection)
        server.kill()
    pid = int(name.split("-")[-2])
    until(lambda: not worker._is_alive(pid))
    assert job(forum, job_id)["state"] == "queued"


def test_jobs_of_the_living_are_left_alone(forum: Forum) -> None:
    job_id = forum.run(EVERYONE_ALONE, "toytown", STEP)
    with forum.engine.begin() as connection:
        jobs.take_job(connection, f"{worker.socket.gethostname()}-{os.getpid()}-abc")
    worker._free_jobs_of_the_dead(forum)
    assert job(forum, job_id)["state"] == "running"
    with forum.engine.begin() as connection:
        assert jobs.free_silent_jobs(connection) == []
        assert jobs.free_silent_jobs(connection, now=datetime.now(UTC) + timedelta(seconds=61)) == [job_id]


def test_packaged_studies_that_never_ran_are_run_once(forum: Forum) -> None:
    assert worker.run_what_never_ran(forum) == ["toytown"]
    (asked,) = forum.jobs(EVERYONE_ALONE, "toytown")
    assert (asked["step"], asked["state"]) == ("report", "queued")
    forum.cancel(EVERYONE_ALONE, asked["job_id"])
    assert worker.run_what_never_ran(forum) == []  # somebody did not want it


def test_results_that_are_there_are_left(forum: Forum, toy_results: Path) -> None:
    shutil.copytree(toy_results, out(forum))
    assert worker.run_what_never_ran(forum) == []


@pytest.mark.slow
def test_ten_kills_at_random_moments_and_the_plan_is_the_same(forum: Forum, toy_results: Path) -> None:
    chance, kills, job_id = random.Random(7), 0, forum.run(EVERYONE_ALONE, "toytown", "plan")  # noqa: S311
    while kills < 10:
        with started(forum) as process:
            until(lambda now=job_id: job(forum, now)["state"] != "queued")  # type: ignore[misc]
            time.sleep(chance.uniform(0.0, 6.0))
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
        kills += 1
        made(out(forum))
        worker._free_jobs_of_the_dead(forum)
        state = job(forum, job_id)["state"]
        assert state in {"queued", "failed", "finished"}
        if state == "failed":
            assert "died" in job(forum, job_id)["error"]
            job_id = forum.resume(EVERYONE_ALONE, job_id)
        elif state == "finished":
            shutil.rmtree(out(forum))
            job_id = forum.run(EVERYONE_ALONE, "toytown", "plan")
    assert worker.run_one(forum, "w")
    assert job(forum, job_id)["state"] == "finished"
    assert_same(made(out(forum)), made(toy_results))
