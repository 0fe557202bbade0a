"""Two hundred readers at once: how soon the site answers, alone and while a long job runs beside it.

A real server (`headwater serve`, with accounts, its worker beside it) on a temporary home, with the studies that come
with Headwater and the results of Djibouti; `benchmarks.readers` in a process of its own. The mix is hub pages,
searches, entries, pages of the study, layers of its map, the explorer, and the API, each as often as `mix` says; one
reader in four is signed in.

*Pauses.* Between two pages a reader reads: 7 s on average, exponentially distributed, at most 70 s. That is the think
time of the TPC-W benchmark, whose readers look through a shop; somebody who reads about a study or an entry pauses
longer, so that the two hundred here stand for more. What the server can do at most is found by the same readers
without any pause.

*The long job* is a plan of a copy of Djibouti without results, started through the site's own door and run by the
worker that `headwater serve` keeps. It must run from the beginning of that measurement to its end.

Asserts: no error anywhere; with the job median and 95th percentile at most twice those without; memory that does not
grow; connections beyond the limit refused, and the site well after that. Prints tables; there is no peer, so that
`latest.md` holds nothing of it.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from benchmarks.harness import ROOT

READERS, SECONDS, PAUSE_S = 200, 60, 7.0
SIGNED_IN = READERS // 4
RUSH_S = 30
"""How long the same readers read without pauses [s]."""

SEED = 20261128
MOST_SLOWER = 2.0
MOST_GROWTH = 1.10
"""Memory at the end of the rush, in terms of its middle: forty threads each fill a cache of the index once."""

STUDY = "djibouti"
STUDIES = f"/{{code}}/studies/{STUDY}"
WORDS = (
    "flood", "road", "洪水", "biodiversity", "基于自然的解决方案", "climate risk", "融资", "procurement",
    "water -urban", "InVEST", "道路", "cost-benefit", "水电", "resilience", "life cycle", "公私合作",
)  # fmt: skip

Phase = dict[str, Any]


def compare() -> Iterator[dict[str, Any]]:
    """Measure; prints tables and yields no rows, since there is no peer."""
    with tempfile.TemporaryDirectory() as folder, served(Path(folder)) as site:
        print(f"load: {os.cpu_count()} × {platform.machine()}, busy {os.getloadavg()[0]:.2f} before", file=sys.stderr)
        empty = site.memory_mb()
        phases = {"all at once, nothing read yet": site.readers(at_once=f"{STUDIES}/")}
        site.readers(readers=1, is_tour=True)
        warm = site.memory_mb()
        phases["alone"] = site.readers(seconds=SECONDS, pause_s=PAUSE_S)
        job = site.begin_job()
        phases["beside a long job"] = site.readers(seconds=SECONDS, pause_s=PAUSE_S)
        site.check_runs(job)
        site.end_job(job)
        phases["without pauses"] = site.readers(seconds=RUSH_S, pause_s=0)
        refused = site.crowd()
        print(told(phases, empty, warm, refused))
        check(phases)
    return
    yield {}  # a comparison is an iterator


# ----- the mix


def mix() -> dict[str, dict[str, Any]]:
    """What is read, and how often of a hundred pages."""
    kinds = ("tools", "cases", "glossary")
    entries = [f"/{{code}}/{kind}/{p.stem}" for kind in kinds for p in sorted((ROOT / "content" / kind).glob("*.md"))]
    quoted = [urllib.request.quote(word) for word in WORDS]
    points = [f"{STUDIES}/plan-explorer/point-{number}" for number in range(1, 7)]
    layers = ("risk", "criticality", "sector-transport")
    lists = ("tools", "tools?page=2", "cases", "organisations", "glossary", "principles")
    chapters = ("system", "risk", "screening", "access", "options", "plan", "choice", "business")
    advice = "wizard?users=planner&phases=strategic-planning&decision=climate-risk"
    shares = {
        "front": (10, ["/{code}/"]),
        "list": (8, [f"/{{code}}/{one}" for one in lists]),
        "search": (16, [f"/{{code}}/search?q={word}" for word in quoted]),
        "entry": (24, entries),
        "wizard": (3, ["/{code}/wizard", f"/{{code}}/{advice}"]),
        "compare, gaps": (3, ["/{code}/compare?tool=climada&tool=giri", "/{code}/gaps"]),
        "studies": (4, ["/{code}/studies/"]),
        "overview": (6, [f"{STUDIES}/"]),
        "chapter": (9, [f"{STUDIES}/{name}" for name in chapters]),
        "map": (5, [f"{STUDIES}/map", f"{STUDIES}/map?layer=criticality"]),
        "explorer": (6, [f"{STUDIES}/plan-explorer", *points]),
        "results": (2, [f"{STUDIES}/results/", f"{STUDIES}/results/front"]),
        "API": (4, [*(f"/api/v1/search?q={word}" for word in quoted), f"/api/v1/studies/{STUDY}"]),
    }
    made: dict[str, dict[str, Any]] = {
        kind: {"weight": weight, "addresses": listed} for kind, (weight, listed) in shares.items()
    }
    made["map"]["then"] = [
        {"kind": "layer of the map", "addresses": [f"{STUDIES}/layers/outline.geojson"]},
        {"kind": "layer of the map", "addresses": [f"{STUDIES}/layers/{name}.geojson" for name in layers]},
    ]
    return made


# ----- the site


class Site:
    """A server that runs, and what is asked of it."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, forum: Any, user: Any, cookies: list[str]) -> None:
        self.process, self.port, self.forum, self.user, self.cookies = process, port, forum, user, cookies

    def readers(self, *, readers: int = READERS, seconds: float = 0.0, pause_s: float = 0.0, **more: Any) -> Phase:
        """Let readers read; what they saw, the server's memory and processor time meanwhile."""
        plan = {
            "host": "127.0.0.1", "port": self.port, "readers": readers, "seconds": seconds, "pause_s": pause_s,
            "mix": mix(), "cookies": self.cookies[:readers], "seed": SEED, **more,
        }  # fmt: skip
        command = [sys.executable, "-m", "benchmarks.readers"]
        began, worked, watch = _cpu_s(self.process.pid), self._workers_cpu_s(), _Watch(self.process.pid)
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        run = subprocess.run(
            command, cwd=ROOT, env=environment, input=json.dumps(plan), capture_output=True, text=True, check=False
        )
        watch.stop()
        if run.returncode:
            raise RuntimeError(f"the readers failed:\n{run.stderr[-4000:]}")
        saw: Phase = json.loads(run.stdout)
        saw["server_cpu_s"] = _cpu_s(self.process.pid) - began
        saw["worker_cpu_s"] = self._workers_cpu_s() - worked
        return saw | {"memory_mb": watch.memory_mb, "files": watch.files}

    def memory_mb(self) -> float:
        """Resident memory of the server now [MB]."""
        return _memory_mb(self.process.pid)

    def begin_job(self) -> str:
        """Start a plan of a copy without results; returns once it computes."""
        from headwater import workshop

        workshop.copy_study(self.forum, self.user, STUDY, "anew")
        job: str = self.forum.run(self.user, "anew", "plan")
        for _ in range(300):
            if self.forum.job(self.user, job)["doing"]:
                return job
            time.sleep(0.1)
        raise RuntimeError("the long job does not begin")

    def check_runs(self, job: str) -> None:
        """Raise unless the job still runs: otherwise it was not beside all of the readers."""
        state = self.forum.job(self.user, job)
        if state["state"] != "running":
            raise RuntimeError(f"the long job was not long enough: {state['state']} {state['error']}")

    def end_job(self, job: str) -> None:
        """Have the job stop, and wait until it has."""
        self.forum.cancel(self.user, job)
        for _ in range(600):
            if self.forum.job(self.user, job)["state"] not in {"queued", "running"}:
                return
            time.sleep(0.1)
        for child in _children(self.process.pid):  # a solver hears nothing; the site starts its worker again
            os.kill(child, 9)

    def crowd(self) -> dict[str, Any]:
        """Open more connections than the site takes, and see that it lives on: memory, and how many it turned away."""
        from headwater.web.serving import MOST_CONNECTIONS

        before, closed, here = self.memory_mb(), 0, ("127.0.0.1", self.port)
        opened = [socket.create_connection(here, timeout=10) for _ in range(MOST_CONNECTIONS + 100)]
        time.sleep(1)
        for one in opened:
            one.setblocking(False)
            with suppress(BlockingIOError):
                closed += one.recv(1) == b""
        during = self.memory_mb()
        for one in opened:
            one.close()
        time.sleep(1)
        after = self.readers(readers=1, at_once="/{code}/")
        assert not after["errors"], after["errors"]
        return {"opened": len(opened), "refused": closed, "mb": during - before}

    def _workers_cpu_s(self) -> float:
        return sum(_cpu_s(child) for child in _children(self.process.pid))


@contextmanager
def served(folder: Path) -> Iterator[Site]:
    """A site in a folder, served until the end."""
    from headwater.forum import open_forum
    from headwater.store import accounts

    home = folder / "home"
    shutil.copytree(results(), home / "results" / STUDY, ignore=shutil.ignore_patterns("parts"))
    forum = open_forum(home, packaged=ROOT / "studies", is_alone=False)
    with forum.writing() as connection:
        user = accounts.add_user(connection, "reader", role="editor", password="a long enough word")
        cookies = [accounts.start_session(connection, user) for _ in range(SIGNED_IN)]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "headwater", "serve", "--accounts", "--port", str(port)]
    command += ["--home", str(home), "--studies", str(ROOT / "studies"), "--index", str(folder / "library.sqlite")]
    with (folder / "served.txt").open("wb") as said:
        process = subprocess.Popen([*command, "--content", str(ROOT / "content")], cwd=ROOT, stdout=said, stderr=said)
    try:
        _wait(process, port, folder / "served.txt")
        yield Site(process, port, forum, user, cookies)
    finally:
        process.terminate()
        process.wait(30)
        print((folder / "served.txt").read_text()[-2000:], file=sys.stderr)


def results() -> Path:
    """Results of the study; made first where they are not there, which takes some minutes."""
    made = ROOT / "out" / STUDY
    if not (made / "asset_results.provenance.json").is_file():
        print(f"load: making the results of {STUDY} first …", file=sys.stderr)
        command = [sys.executable, "-m", "headwater", "report", f"studies/{STUDY}", "--out", str(made)]
        subprocess.run(command, cwd=ROOT, check=True)
    return made


def _wait(process: subprocess.Popen[bytes], port: int, said: Path) -> None:
    for _ in range(600):
        with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5):
            return
        if process.poll() is not None:
            break
        time.sleep(0.1)
    raise RuntimeError(f"the server did not start:\n{said.read_text()[-4000:]}")


class _Watch:
    """Memory and open files of a process, twice a second."""

    def __init__(self, pid: int) -> None:
        self.memory_mb: list[float] = []
        self.files = 0
        self._pid, self._is_over = pid, threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Be done."""
        self._is_over.set()
        self._thread.join()

    def _look(self) -> None:
        while True:
            self.memory_mb.append(_memory_mb(self._pid))
            self.files = max(self.files, sum(1 for _ in Path(f"/proc/{self._pid}/fd").iterdir()))
            if self._is_over.wait(0.5):
                return


def _memory_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in status if line.startswith("VmRSS")).split()[1]) / 1024


def _cpu_s(pid: int) -> float:
    """Processor seconds of a process and its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")


def _children(pid: int) -> list[int]:
    listed = [Path(task / "children").read_text().split() for task in Path(f"/proc/{pid}/task").iterdir()]
    return [int(child) for children in listed for child in children]


# ----- what is told


def percentile(values: list[float], share: float) -> float:
    """The value that a share of them do not exceed.

    Examples
    --------
    >>> percentile([3.0, 1.0, 2.0, 4.0], 0.5), percentile([1.0], 0.99)
    (2.0, 1.0)
    """
    return sorted(values)[max(0, -(-int(len(values) * share * 1000) // 1000) - 1)]


def all_ms(phase: Phase) -> list[float]:
    """Every answer of a phase [ms]."""
    return [ms for listed in phase["took_ms"].values() for ms in listed]


def told(phases: dict[str, Phase], empty: float, warm: float, refused: dict[str, Any]) -> str:
    """The tables, as Markdown."""
    lines = ["| readers | requests/s | median | p95 | p99 | longest | server's processor | worker's | memory | 304 |"]
    lines += ["|---|" + "---:|" * 9]
    for name, phase in phases.items():
        ms, seconds = all_ms(phase), phase["seconds"]
        at = [percentile(ms, share) for share in (0.5, 0.95, 0.99)]
        again = phase["statuses"].get("304", 0) / len(ms)
        lines.append(
            f"| {READERS}, {name} | {len(ms) / seconds:.1f} | " + " | ".join(f"{one:.0f} ms" for one in (*at, max(ms)))
            + f" | {phase['server_cpu_s'] / seconds:.0%} | {phase['worker_cpu_s'] / seconds:.0%}"
            f" | {max(phase['memory_mb']):.0f} MB | {again:.0%} |"
        )  # fmt: skip
    for name in ("alone", "beside a long job", "without pauses"):
        lines += ["", f"{name}:", "", "| page | answers | median | p95 | p99 |", "|---|---:|---:|---:|---:|"]
        for kind, ms in sorted(phases[name]["took_ms"].items(), key=lambda pair: -len(pair[1])):
            at = [percentile(ms, share) for share in (0.5, 0.95, 0.99)]
            lines.append(f"| {kind} | {len(ms)} | " + " | ".join(f"{one:.0f} ms" for one in at) + " |")
    slower = ratios(phases)
    peak = max(max(phase["memory_mb"]) for phase in phases.values())
    lines += [
        "",
        f"Beside a long job: median {slower[0]:.2f} times, p95 {slower[1]:.2f} times as long.",
        f"Memory of the server: {empty:.0f} MB begun, {warm:.0f} MB after everything was read once,"
        f" {peak:.0f} MB at most;"
        f" {(max(phases['alone']['memory_mb']) - warm) / READERS * 1000:.0f} kB a reader;"
        f" {growth(phases['without pauses']):.3f} times at the end of the rush what it was in its middle.",
        f"Connections: {max(phase['files'] for phase in phases.values())} open files at most with {READERS} readers;"
        f" of {refused['opened']} at once {refused['refused']} were turned away ({refused['mb']:.1f} MB).",
        f"Opened again after the server had closed them: {sum(phase['reopened'] for phase in phases.values())}.",
        f"The readers' own processor: {phases['alone']['cpu_s'] / phases['alone']['seconds']:.0%} with pauses,"
        f" {phases['without pauses']['cpu_s'] / phases['without pauses']['seconds']:.0%} without.",
        f"Errors: {sum(len(phase['errors']) for phase in phases.values())}.",
    ]
    return "\n".join(lines)


def ratios(phases: dict[str, Phase]) -> tuple[float, float]:
    """How many times as long an answer takes beside a long job: median and 95th percentile."""
    alone, beside = all_ms(phases["alone"]), all_ms(phases["beside a long job"])
    median, p95 = (percentile(beside, share) / percentile(alone, share) for share in (0.5, 0.95))
    return median, p95


def growth(phase: Phase) -> float:
    """Memory in the last tenth of a phase, in terms of that in its middle tenth."""
    seen = phase["memory_mb"]
    tenth = max(1, len(seen) // 10)
    middle = len(seen) // 2
    return statistics.mean(seen[-tenth:]) / statistics.mean(seen[middle : middle + tenth])


def check(phases: dict[str, Phase]) -> None:
    """Raise where the site does not do what it should."""
    errors = [error for phase in phases.values() for error in phase["errors"]]
    assert not errors, errors[:20]
    slower = ratios(phases)
    assert max(slower) <= MOST_SLOWER, f"beside a long job {slower} times as long (median, p95)"
    assert growth(phases["without pauses"]) <= MOST_GROWTH, phases["without pauses"]["memory_mb"]
