"""Long work: written down, taken once, given up on and taken again, in every kind of database."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine

from headwater.errors import InputError, NotFound
from headwater.store import jobs


def state(engine: Engine, job_id: str) -> str:
    with engine.begin() as c:
        return str(jobs.read_job(c, job_id)["state"])


def test_a_job_runs_from_waiting_to_its_end(engine: Engine) -> None:
    with engine.begin() as c:
        job_id = jobs.add_job(c, "djibouti", "plan", user_id=None, options={"a": 1})
        assert jobs.add_job(c, "djibouti", "plan", user_id=None, options={"a": 1}) == job_id, "the same work once"
        taken = jobs.take_job(c, "w1")
        assert taken is not None
        assert (taken["job_id"], taken["options"], taken["state"]) == (job_id, {"a": 1}, "running")
        assert jobs.take_job(c, "w2") is None
        assert jobs.beat(c, job_id, "w1", doing="flooding", done=3, total=9)
        assert not jobs.beat(c, job_id, "w2", doing="x", done=0, total=0), "another's job"
        job = jobs.read_job(c, job_id)
        assert (job["doing"], job["done"], job["total"]) == ("flooding", 3, 9)
        jobs.end_job(c, job_id, "w1", "finished")
        with pytest.raises(InputError):
            jobs.cancel_job(c, job_id)
        with pytest.raises(InputError):
            jobs.resume_job(c, job_id)
    assert state(engine, job_id) == "finished"


def test_one_job_of_a_study_at_a_time(engine: Engine) -> None:
    with engine.begin() as c:
        first = jobs.add_job(c, "djibouti", "assess", user_id=None)
        second = jobs.add_job(c, "djibouti", "plan", user_id=None)
        other = jobs.add_job(c, "ghana", "plan", user_id=None)
        assert jobs.take_job(c, "w1")["job_id"] == first  # type: ignore[index]
        assert jobs.take_job(c, "w2")["job_id"] == other  # type: ignore[index]
        assert jobs.take_job(c, "w3") is None
        jobs.end_job(c, first, "w1", "failed", error="no data")
        assert jobs.take_job(c, "w3")["job_id"] == second  # type: ignore[index]


def test_workers_at_once_never_take_the_same_job(engine: Engine) -> None:
    with engine.begin() as c:
        wanted = {jobs.add_job(c, f"study{i}", "plan", user_id=None) for i in range(12)}

    def take(name: int) -> list[str]:
        mine = []
        while True:
            with engine.begin() as c:
                job = jobs.take_job(c, f"w{name}")
            if job is None:
                return mine
            mine.append(job["job_id"])

    with ThreadPoolExecutor(4) as pool:
        taken = [job for mine in pool.map(take, range(4)) for job in mine]
    assert sorted(taken) == sorted(wanted)


def test_a_job_of_a_dead_worker_is_taken_again_and_fails_in_the_end(engine: Engine) -> None:
    with engine.begin() as c:
        job_id = jobs.add_job(c, "djibouti", "plan", user_id=None)
    for tries in range(1, jobs.MOST_TRIES + 1):
        with engine.begin() as c:
            assert jobs.take_job(c, f"w{tries}")["tries"] == tries  # type: ignore[index]
            assert jobs.free_silent_jobs(c) == []
            later = datetime.now(UTC) + jobs.SILENT + timedelta(seconds=1)
            assert jobs.free_silent_jobs(c, now=later) == ([job_id] if tries < jobs.MOST_TRIES else [])
    assert state(engine, job_id) == "failed"


def test_a_cancelled_job_stops_and_may_be_resumed(engine: Engine) -> None:
    with engine.begin() as c:
        waiting = jobs.add_job(c, "djibouti", "plan", user_id=None)
        jobs.cancel_job(c, waiting)
        running = jobs.resume_job(c, waiting)
        assert running != waiting
        assert jobs.take_job(c, "w1")["job_id"] == running  # type: ignore[index]
        jobs.cancel_job(c, running)
        assert not jobs.beat(c, running, "w1", doing="", done=0, total=0), "it is told to stop"
        jobs.end_job(c, running, "w1", "cancelled")
    assert (state(engine, waiting), state(engine, running)) == ("cancelled", "cancelled")
    with engine.begin() as c, pytest.raises(NotFound):
        jobs.read_job(c, "none")
