"""Commands in processes of their own that can be killed at any moment, started at once: all is imported beforehand."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

NURSERY = """
import json, os, sys
from pathlib import Path
import alembic.command, uvicorn
import headwater.cli, headwater.forum, headwater.store.backup, headwater.web.app, headwater.worker, headwater.workshop
from headwater.store import database
print("ready", flush=True)
for line in sys.stdin:
    command, *words = json.loads(line)
    child = os.fork()
    if not child:
        status = 1
        try:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            if command == "migrate":
                database.MIGRATIONS = Path(words[1])
                database.open_database(words[0]).dispose()
            else:
                sys.argv = ["headwater", command, *words]
                headwater.cli.main()
            status = 0
        except SystemExit as left:
            status = int(left.code or 0)
        finally:
            os._exit(status)
    print(child, flush=True)
    print(os.waitpid(child, 0)[1], flush=True)
"""
"""Runs one command after the other, each in a process of its own whose number it tells, and then how it ended."""


class Nursery:
    """Where the processes come from; use `nursery`."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.began = 0.0

    def start(self, *words: object) -> int:
        """Start `headwater WORDS`, or `migrate ADDRESS MIGRATIONS`; says its process."""
        assert self._process.stdin
        self._process.stdin.write(json.dumps([str(word) for word in words]) + "\n")
        self._process.stdin.flush()
        pid = int(self._told())
        self.began = time.monotonic()
        return pid

    def end(self) -> float:
        """Wait for the one that was started: it was killed, or ended well. Says how long it ran."""
        assert int(self._told()) in {0, signal.SIGKILL}
        return time.monotonic() - self.began

    def kill_after(self, seconds: float, *words: object, once: Callable[[], bool] = lambda: True) -> None:
        """Start a command and kill it so long after something holds, unless it is done before."""
        pid = self.start(*words)
        while not once() and is_alive(pid):
            time.sleep(0.001)
        time.sleep(seconds)
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        self.end()

    def _told(self) -> str:
        assert self._process.stdout
        return self._process.stdout.readline()


def is_alive(pid: int) -> bool:
    """Whether a process is there."""
    with suppress(ProcessLookupError):
        os.kill(pid, 0)
        return True
    return False


@contextmanager
def nursery() -> Iterator[Nursery]:
    """Open it; whoever is left when the block ends is killed."""
    process = subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", NURSERY], start_new_session=True, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    try:
        made = Nursery(process)
        assert made._told() == "ready\n"
        yield made
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
