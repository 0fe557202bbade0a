"""Measure one side of a comparison in a process of its own, and lay two sides next to each other.

A *side* is a function named "module:function" that prepares its inputs, warms up (imports, compiled kernels, page
cache) and returns a callable without arguments: the work. The callable alone is timed. What it returns must be JSON
(a count, a sum): it is handed back, so a comparison can check that both sides did the same job.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT / "benchmarks" / "data"
"""Generated inputs; git-ignored."""


@dataclass(frozen=True)
class Measurement:
    """What one side used, on one processor.

    Attributes
    ----------
    cpu_s, wall_s
        Median of the repeats [s]; CPU is user + system, over all threads and child processes.
    peak_mb
        Highest resident memory of the whole process, interpreter, imports and inputs included [MB].
    empty_mb
        Highest resident memory of a process that imports what this side imports and does nothing else [MB].
    result
        What the work returned.
    """

    cpu_s: float
    wall_s: float
    peak_mb: float
    empty_mb: float
    result: Any


def measure(side: str, *, repeats: int = 3, **options: Any) -> Measurement:
    """Run a side in a process of its own, on one processor, and report what its work used.

    One, because threads that share a core make each other's CPU seconds longer, and most peers have one.

    `options` must be JSON; they are passed to the side's function by keyword.
    """
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "answer.json"
        command = [sys.executable, "-m", "benchmarks.harness", side, str(repeats), json.dumps(options), str(answer)]
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        finished = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        if finished.returncode:
            raise RuntimeError(f"{side} failed ({finished.returncode}):\n{finished.stderr[-4000:]}")
        used = json.loads(answer.read_text())
        modules = used.pop("modules")
        return Measurement(**used, empty_mb=_empty_mb(modules))


def _empty_mb(modules: list[str]) -> float:
    """Highest resident memory of a process that imports these modules, those of them that can be imported alone."""
    script = (
        "import importlib, sys\n"
        "from benchmarks.harness import memory_mb\n"
        "for name in sys.stdin.read().split():\n"
        "    try:\n"
        "        importlib.import_module(name)\n"
        "    except Exception:\n"
        "        pass\n"
        "print(memory_mb('VmHWM'))\n"
    )
    command = [sys.executable, "-W", "ignore", "-c", script]
    run = subprocess.run(command, cwd=ROOT, input="\n".join(modules), capture_output=True, text=True, check=True)
    return float(run.stdout.split()[-1])


def compare_sides(
    bench: str, peer: str, ours: Measurement, theirs: Measurement, *, scale: float = 1.0, **notes: Any
) -> dict[str, Any]:
    """One row of the result: what we used, what the peer used, and the ratio of CPU seconds.

    Parameters
    ----------
    bench, peer
        Names of the comparison and of the peer, short and stable: together they are the row's key.
    ours, theirs
        The two sides, measured in the same run.
    scale
        Whole job ÷ the part of it the peer was given. Other than 1, the row is marked extrapolated.
    **notes
        More columns, for instance `job="1,000 of 100,000 lines"`.
    """
    row: dict[str, Any] = {
        "bench": bench,
        "peer": peer,
        "ours_s": round(ours.cpu_s, 4),
        "peer_s": round(theirs.cpu_s * scale, 4),
        "ratio": round(theirs.cpu_s * scale / ours.cpu_s, 2),
        "ours_peak_mb": round(ours.peak_mb),
        "peer_peak_mb": round(theirs.peak_mb),
    }
    if scale != 1:
        row["extrapolated"] = True
    return row | notes


def memory_mb(line: str) -> float:
    """Resident memory of this process [MB]: VmRSS is what it has now, VmHWM the most it has had.

    Linux keeps a high-water mark per program image; `ru_maxrss`, all that other systems have, may still show that of
    the process we were started from.
    """
    status = Path("/proc/self/status")
    if status.exists():
        found = next(each for each in status.read_text().splitlines() if each.startswith(line))
        return int(found.split()[1]) / 1024
    unit = 1024 * 1024 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def cpu_s() -> float:
    """CPU seconds of this process, its threads and its finished children."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in used)


def timed(work: Callable[[], Any], repeats: int) -> tuple[float, float, Any]:
    """Median CPU and wall seconds of the work, and what it returned last."""
    cpu, wall, result = [], [], None
    for _ in range(repeats):
        result = None  # let go of the last round before the next
        started, clock = cpu_s(), time.perf_counter()
        result = work()
        cpu.append(cpu_s() - started)
        wall.append(time.perf_counter() - clock)
    return statistics.median(cpu), statistics.median(wall), result


def main() -> None:
    """Be the process of one side: `python -m benchmarks.harness MODULE:FUNCTION REPEATS OPTIONS ANSWER`."""
    parser = argparse.ArgumentParser()
    parser.add_argument("side")
    parser.add_argument("repeats", type=int)
    parser.add_argument("options", type=json.loads)
    parser.add_argument("answer", type=Path)
    given = parser.parse_args()

    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-1:])
    module, function = given.side.split(":")
    work = getattr(importlib.import_module(module), function)(**given.options)
    cpu, wall, result = timed(work, given.repeats)
    answer = {"cpu_s": cpu, "wall_s": wall, "peak_mb": memory_mb("VmHWM"), "result": result}
    answer["modules"] = sorted(name for name in sys.modules if not name.startswith("_") and "benchmarks" not in name)
    given.answer.write_text(json.dumps(answer))


if __name__ == "__main__":
    main()
