"""Long work, written down before it is begun: what is to be run, who runs it, how far it is.

A worker takes the oldest job that waits, says that it is alive as it goes, and writes down how it ended. A job whose
worker has been silent for too long goes back to those that wait: what it had finished is kept by the study, so it goes
on from there.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from headwater.errors import Conflict, NotFound
from headwater.store.database import first, jobs, moment, rows
from headwater.words import _

SILENT = timedelta(seconds=60)
"""Silence after which a worker counts as dead."""

MOST_TRIES = 3
OPEN = ("queued", "running")


def add_job(
    connection: Connection, study_id: str, step: str, *, user_id: str | None, options: Mapping[str, Any] | None = None
) -> str:
    """Write a job down; where the same one waits or runs already, says that one.

    Parameters
    ----------
    study_id, step
        What is to be run of which study.
    user_id
        Who asked.
    options
        What the step is to be told.
    """
    said = json.dumps(dict(options or {}), sort_keys=True)
    same = (jobs.c.study_id == study_id) & (jobs.c.step == step) & (jobs.c.options == said) & jobs.c.state.in_(OPEN)
    known = first(connection, select(jobs.c.job_id).where(same, ~jobs.c.is_cancelled))
    if known:
        return str(known["job_id"])
    job_id = secrets.token_hex(8)
    row = {
        "job_id": job_id, "study_id": study_id, "step": step, "options": said, "user_id": user_id, "state": "queued",
        "is_cancelled": False, "tries": 0, "doing": "", "done": 0, "total": 0, "error": "", "created_at": moment(),
    }  # fmt: skip
    connection.execute(insert(jobs).values(row))
    return job_id


def read_job(connection: Connection, job_id: str) -> dict[str, Any]:
    """A job as it stands.

    Raises
    ------
    NotFound
        If there is none of that name.
    """
    row = first(connection, select(jobs).where(jobs.c.job_id == job_id))
    if row is None:
        raise NotFound(_("There is no job {name}.").format(name=job_id))
    return row | {"options": json.loads(row["options"])}


def list_jobs(connection: Connection, *, study_id: str | None = None, most: int = 50) -> list[dict[str, Any]]:
    """Jobs, the newest first."""
    wanted = select(jobs).order_by(jobs.c.created_at.desc()).limit(most)
    if study_id is not None:
        wanted = wanted.where(jobs.c.study_id == study_id)
    return [row | {"options": json.loads(row["options"])} for row in rows(connection, wanted)]


def count_jobs(connection: Connection) -> dict[str, int]:
    """How many jobs there are, by state."""
    counted = select(jobs.c.state, func.count().label("n")).group_by(jobs.c.state)
    return {str(row["state"]): int(row["n"]) for row in rows(connection, counted)}


def take_job(connection: Connection, worker: str) -> dict[str, Any] | None:
    """The oldest job that waits, taken by a worker; None where none does. No two workers take the same.

    Only one job of a study runs at a time, since they write the same results.
    """
    busy = select(jobs.c.study_id).where(jobs.c.state == "running")
    waiting = select(jobs.c.job_id).where(jobs.c.state == "queued", jobs.c.study_id.not_in(busy))
    for row in rows(connection, waiting.order_by(jobs.c.created_at).limit(10)):
        now = moment()
        mine = update(jobs).where(
            jobs.c.job_id == row["job_id"], jobs.c.state == "queued", jobs.c.study_id.not_in(busy)
        )
        taken = connection.execute(
            mine.values(state="running", worker=worker, started_at=now, beat_at=now, tries=jobs.c.tries + 1)
        )
        if taken.rowcount:
            return read_job(connection, str(row["job_id"]))
    return None


def beat(connection: Connection, job_id: str, worker: str, *, doing: str, done: int, total: int) -> bool:
    """Say that a job goes on and how far it is; says whether it should: not if it was cancelled or given to another."""
    mine = (jobs.c.job_id == job_id) & (jobs.c.worker == worker) & (jobs.c.state == "running")
    row = {"beat_at": moment(), "doing": doing[:400], "done": done, "total": total}
    connection.execute(update(jobs).where(mine).values(row))
    state = first(connection, select(jobs.c.is_cancelled).where(mine))
    return state is not None and not state["is_cancelled"]


def end_job(connection: Connection, job_id: str, worker: str, state: str, *, error: str = "") -> None:
    """Write down how a job ended: `finished`, `failed` or `cancelled`."""
    mine = (jobs.c.job_id == job_id) & (jobs.c.worker == worker) & (jobs.c.state == "running")
    connection.execute(update(jobs).where(mine).values(state=state, error=error[:20_000], ended_at=moment()))


def give_back(connection: Connection, worker: str) -> None:
    """Put the job that a worker cannot finish back among those that wait."""
    mine = (jobs.c.worker == worker) & (jobs.c.state == "running")
    connection.execute(update(jobs).where(mine).values(state="queued", worker=None, tries=jobs.c.tries - 1))


def cancel_job(connection: Connection, job_id: str) -> None:
    """Have a job stop: at once where it waits, at its next step where it runs.

    Raises
    ------
    NotFound
        If there is none of that name.
    Conflict
        If it has ended.
    """
    if read_job(connection, job_id)["state"] not in OPEN:
        raise Conflict(_("This job has ended."))
    waiting = (jobs.c.job_id == job_id) & (jobs.c.state == "queued")
    connection.execute(update(jobs).where(waiting).values(state="cancelled", is_cancelled=True, ended_at=moment()))
    running = (jobs.c.job_id == job_id) & (jobs.c.state == "running")
    connection.execute(update(jobs).where(running).values(is_cancelled=True))


def resume_job(connection: Connection, job_id: str) -> str:
    """Have a job that ended without a result run again; says its name, which is new.

    Raises
    ------
    NotFound
        If there is none of that name.
    Conflict
        If it is still to run, or has finished.
    """
    job = read_job(connection, job_id)
    if job["state"] not in {"failed", "cancelled"}:
        raise Conflict(_("Only a job that failed or was cancelled can be resumed."))
    return add_job(connection, job["study_id"], job["step"], user_id=job["user_id"], options=job["options"])


def list_workers(connection: Connection) -> list[str]:
    """Workers that have a job."""
    return sorted(
        {str(row["worker"]) for row in rows(connection, select(jobs.c.worker).where(jobs.c.state == "running"))}
    )


def free_silent_jobs(connection: Connection, *, now: datetime | None = None, worker: str | None = None) -> list[str]:
    """Put jobs of workers that have died back among those that wait; says which. After a few tries a job has failed.

    A worker that is known to be dead is named; the others are those that have been silent for too long.
    """
    silent_since = moment((now or datetime.now(UTC)) - SILENT)
    is_dead = jobs.c.beat_at < silent_since if worker is None else jobs.c.worker == worker
    silent = (jobs.c.state == "running") & is_dead
    freed = []
    for row in rows(connection, select(jobs.c.job_id, jobs.c.tries, jobs.c.is_cancelled).where(silent)):
        if row["is_cancelled"]:
            changes: dict[str, Any] = {"state": "cancelled", "ended_at": moment()}
        elif row["tries"] >= MOST_TRIES:
            text = _("The program that ran this job died {count} times.").format(count=row["tries"])
            changes = {"state": "failed", "ended_at": moment(), "error": text}
        else:
            changes = {"state": "queued", "worker": None}
            freed.append(str(row["job_id"]))
        connection.execute(update(jobs).where(jobs.c.job_id == row["job_id"], silent).values(changes))
    return freed
