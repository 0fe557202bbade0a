"""The program that does long work: takes jobs from the database one by one, runs them, says how far they are.

Runs beside the server as a process of its own, at low priority, so that readers do not wait for it. It may be killed at
any time: what a study had finished is kept, and the job goes back to those that wait.
"""

from __future__ import annotations

import _thread
import math
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from sqlalchemy.exc import DBAPIError

from headwater.errors import HeadwaterError, NoRoom
from headwater.forum import Forum
from headwater.permissions import EVERYONE_ALONE
from headwater.store import jobs, registry
from headwater.store.results import RECORD
from headwater.study import Study, open_study
from headwater.words import LANGUAGES, _, speaking

PAUSE_S = 1.0
"""Between two looks for work [s]."""
BEAT_S = 2.0
"""Between two signs of life [s]."""
AGAIN_S = 5.0
"""After this long without effect, work that was cancelled is interrupted again [s]: a callback may swallow it."""
GRACE_S = 10.0
"""How long a worker that is told to go may take to leave its work [s]: a solver in C++ hears of nothing."""
LASTING_S = 60.0
"""A worker that dies sooner than this could not work: each time it is started again later, up to this [s]."""
NICENESS = 10
AWAY = (DBAPIError, NoRoom)
"""What a database raises that cannot be written to for a moment."""


def run_one(forum: Forum, worker: str, *, workers: int | None = None) -> bool:
    """Run the oldest job that waits, if any; says whether there was one."""
    with forum.engine.begin() as connection:
        jobs.free_silent_jobs(connection)
        job = jobs.take_job(connection, worker)
    if job is None:
        return False
    watch = _Watch(forum, job["job_id"], worker)
    watch.start()
    state, error = "finished", ""
    try:
        try:
            _run(forum, job, watch.follow, workers)
        finally:
            watch.stop()  # nothing interrupts after this
    except KeyboardInterrupt:
        watch.stop()
        if not watch.is_cancelled:
            with forum.engine.begin() as connection:
                jobs.give_back(connection, worker)
            raise
        state = "cancelled"
    except (HeadwaterError, OSError, MemoryError) as mistake:
        state, error = "failed", str(mistake) or type(mistake).__name__
    except BaseException as mistake:
        with forum.engine.begin() as connection:
            jobs.end_job(connection, job["job_id"], worker, "failed", error=f"{type(mistake).__name__}: {mistake}")
        raise
    with forum.engine.begin() as connection:
        jobs.end_job(connection, job["job_id"], worker, state, error=error)
    return True


def work(forum: Forum, *, workers: int | None = None, is_wanted: Callable[[], bool] = lambda: True) -> None:
    """Run jobs until stopped."""
    worker = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"
    if threading.current_thread() is threading.main_thread():
        _leave_when_told(forum, worker)
    _free_jobs_of_the_dead(forum)
    while is_wanted():
        try:
            if not run_one(forum, worker, workers=workers):
                time.sleep(PAUSE_S)
        except AWAY:
            time.sleep(PAUSE_S * 5)


def leave_with_the_keeper() -> None:
    """Have this process told to go when its standard input ends, which a server holds: also when that was killed."""

    def wait() -> None:
        while os.read(0, 1024):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, name="leaves with the keeper", daemon=True).start()


def _leave_when_told(forum: Forum, worker: str) -> None:
    """On SIGTERM give the job back and go: by an interrupt, and if the work does not hear it in time, without it."""
    heard, rings = socket.socketpair()
    rings.setblocking(False)

    def go() -> None:
        while (told := heard.recv(1)) and told[0] != signal.SIGTERM:
            pass
        if told:
            time.sleep(GRACE_S)
            with suppress(*AWAY), forum.engine.begin() as connection:
                jobs.give_back(connection, worker)
            os._exit(0)  # as if killed, which loses nothing

    signal.set_wakeup_fd(rings.detach(), warn_on_full_buffer=False)  # written to at once, whatever the main thread does
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    threading.Thread(target=go, name="leaves when told", daemon=True).start()


def _free_jobs_of_the_dead(forum: Forum) -> None:
    """Put jobs of workers of this machine that are no more back among those that wait, without waiting for silence."""
    here = socket.gethostname()
    with suppress(*AWAY), forum.engine.begin() as connection:
        for worker in jobs.list_workers(connection):
            host, _hyphen, rest = worker.rpartition("-")[0].rpartition("-")
            if host == here and rest.isdigit() and not _is_alive(int(rest)):
                jobs.free_silent_jobs(connection, worker=worker)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def run_what_never_ran(forum: Forum) -> list[str]:
    """Have the studies that come with a site run up to their reports, those that never did; says which."""
    new = [
        known.study_id
        for known in forum.studies(EVERYONE_ALONE)
        if known.is_packaged and not any(known.out.glob(f"*{RECORD}"))
        if not forum.jobs(EVERYONE_ALONE, known.study_id)
    ]
    for study_id in new:
        forum.run(EVERYONE_ALONE, study_id, "report")
    return new


def keep_working(command: list[str], *, is_wanted: Callable[[], bool]) -> threading.Thread:
    """Keep a worker process alive beside the server: one that dies is started again, one that dies at once ever later.

    Ends with the server, however that ends: the worker reads the end of its standard input.
    """

    def watch() -> None:
        pause_s = PAUSE_S
        while is_wanted():
            began = time.monotonic()
            with subprocess.Popen(command, stdin=subprocess.PIPE) as process:  # noqa: S603 (our own command)
                while process.poll() is None and is_wanted():
                    time.sleep(0.2)
                if process.poll() is None:
                    process.terminate()
                    with suppress(subprocess.TimeoutExpired):
                        process.wait(GRACE_S + 2)
                    process.kill()
            pause_s = PAUSE_S if time.monotonic() - began > LASTING_S else min(pause_s * 2, LASTING_S)
            until = time.monotonic() + pause_s
            while is_wanted() and time.monotonic() < until:
                time.sleep(0.2)

    thread = threading.Thread(target=watch, name="keeper of the worker", daemon=True)
    thread.start()
    return thread


def lower_priority() -> None:
    """Let everything else on the machine go first."""
    with suppress(OSError):
        os.nice(NICENESS)


def _run(forum: Forum, job: dict[str, Any], follow: Callable[[str, int, int], None], workers: int | None) -> None:
    with forum.engine.begin() as connection:
        known = registry.find_study(connection, forum.home, forum.packaged, job["study_id"], None)
    if known is None:
        raise HeadwaterError(_("There is no study {name}.").format(name=job["study_id"]))
    study = open_study(known.folder, out=known.out, workers=workers, progress=follow)
    _DONE[job["step"]](study)


def _report(study: Study) -> None:
    for code in LANGUAGES:
        with speaking(code):
            study.report()


_DONE: dict[str, Callable[[Study], object]] = {
    "assess": lambda study: study.assess(),
    "plan": lambda study: study.plan(),
    "report": _report,
}
"""What each step of a job runs."""


class _Watch:
    """Signs of life of a job, from a thread of its own, and its progress."""

    def __init__(self, forum: Forum, job_id: str, worker: str) -> None:
        self._forum, self._job_id, self._worker = forum, job_id, worker
        self._said = ("", 0, 0)
        self._is_over = threading.Event()
        self.is_cancelled = False
        self._interrupted = -math.inf
        self._thread = threading.Thread(target=self._beat, name=f"signs of life of {job_id}", daemon=True)

    def start(self) -> None:
        """Begin; interrupts are heard from now on, also where a shell that started this with & had them ignored."""
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, signal.default_int_handler)
        self._thread.start()

    def stop(self) -> None:
        """Be done."""
        self._is_over.set()
        self._thread.join()

    def follow(self, what: str, done: int, total: int) -> None:
        """Progress of the study."""
        self._said = (what, done, total)

    def _beat(self) -> None:
        while True:
            what, done, total = self._said
            with suppress(*AWAY), self._forum.engine.begin() as connection:
                goes_on = jobs.beat(connection, self._job_id, self._worker, doing=what, done=done, total=total)
                is_due = time.monotonic() - self._interrupted > AGAIN_S
                if not goes_on and is_due and not self._is_over.is_set():
                    self.is_cancelled, self._interrupted = True, time.monotonic()
                    _interrupt_main()  # as Ctrl-C would: what is finished is kept
            if self._is_over.wait(BEAT_S):
                return


def _interrupt_main() -> None:
    """Interrupt the main thread, waking it where it waits."""
    if hasattr(signal, "pthread_kill"):
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
    else:
        _thread.interrupt_main()


def worker_command(home: Path, database: str | None, packaged: Path | None) -> list[str]:
    """The command that starts a worker for a site, to be kept by `keep_working`."""
    command = [sys.executable, "-m", "headwater", "work", "--kept", "--home", str(home)]
    command += ["--database", database] if database else []
    return command + (["--studies", str(packaged)] if packaged else [])
