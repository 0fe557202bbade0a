"""Run the comparisons: `python benchmarks/run.py [NAME ...]`, all of them without a name.

Makes an environment of its own for the peers, goes over into it, runs each comparison and prints a JSON object per
line. `latest.jsonl` and `latest.md` keep the last row of every comparison and peer.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
ENVIRONMENT = HERE / ".venv"
REQUIREMENTS = HERE / "requirements.txt"
LATEST = HERE / "latest.jsonl"
NOT_COMPARISONS = {"__init__", "harness", "inputs", "portfolio_instance", "portfolio_peers", "readers", "roads", "run"}
PYTHONS = ("3.13", "3.12")
"""Versions of Python to prefer: some peers have no release for 3.11."""

COLUMNS = (
    "bench", "peer", "ours_s", "peer_s", "ratio", "ours_peak_mb", "peer_peak_mb", "ours_above_empty_mb", "extrapolated",
    "job", "on",
)  # fmt: skip


def main() -> None:
    sys.path[:] = [path for path in sys.path if Path(path).resolve() != HERE]  # `coverage` is a library to others
    names = sys.argv[1:] or comparisons()
    unknown = sorted(set(names) - set(comparisons()))
    if unknown:
        sys.exit(f"no comparison {', '.join(unknown)}; there are: {', '.join(comparisons())}")
    python = environment()
    if Path(sys.prefix).resolve() != ENVIRONMENT.resolve():
        command = [str(python), str(Path(__file__).resolve()), *names]
        sys.exit(subprocess.run(command, env=os.environ | {"PYTHONPATH": str(ROOT)}, check=False).returncode)
    failed = [name for name in names if not run(name)]
    if failed:
        sys.exit(f"not finished: {', '.join(failed)}")


def comparisons() -> list[str]:
    """Names of the comparisons: modules of this folder."""
    return sorted(path.stem for path in HERE.glob("*.py") if path.stem not in NOT_COMPARISONS)


def run(name: str) -> bool:
    """Run one comparison; its rows are printed and kept as they come."""
    try:
        for row in importlib.import_module(f"benchmarks.{name}").compare():
            print(json.dumps(row, ensure_ascii=False), flush=True)
            keep(row)
    except (RuntimeError, AssertionError, ImportError) as error:
        print(f"{name}: {error}", file=sys.stderr)
        return False
    return True


# ----- the environment


def environment() -> Path:
    """Python of the environment with the peers; made, or brought up to date, when the requirements change."""
    python = ENVIRONMENT / "bin" / "python"
    stamp = ENVIRONMENT / "requirements.sha256"
    wanted = hashlib.sha256(REQUIREMENTS.read_bytes() + (ROOT / "pyproject.toml").read_bytes()).hexdigest()
    if python.exists() and stamp.exists() and stamp.read_text() == wanted:
        return python
    print("making the environment of the peers …", file=sys.stderr)
    uv = next(
        (path for path in (shutil.which("uv"), ROOT / ".tools" / "bin" / "uv") if path and Path(path).exists()), None
    )
    if uv:
        subprocess.run([uv, "venv", "--clear", "--quiet", "--python", newest_python(), ENVIRONMENT], check=True)
        install = [uv, "pip", "install", "--quiet", "--python", python]
    else:
        subprocess.run([newest_python(), "-m", "venv", "--clear", ENVIRONMENT], check=True)
        install = [python, "-m", "pip", "install", "--quiet"]
    subprocess.run([*install, "-r", REQUIREMENTS, "-e", ROOT], check=True)
    stamp.write_text(wanted)
    return python


def newest_python() -> str:
    """An installed Python that every peer has a release for, or else the one that runs this."""
    candidates: Iterator[Path] = (
        path
        for version in PYTHONS
        for path in (
            Path(shutil.which(f"python{version}") or "none"),
            *sorted((Path.home() / ".pyenv" / "versions").glob(f"{version}.*/bin/python"), reverse=True),
        )
    )
    for path in candidates:
        if path.exists() and subprocess.run([path, "--version"], capture_output=True, check=False).returncode == 0:
            return str(path)
    return sys.executable


# ----- the tables


def keep(row: dict[str, Any]) -> None:
    """Replace this comparison's row in the latest tables."""
    lines = LATEST.read_text().splitlines() if LATEST.exists() else []
    rows = {(old["bench"], old["peer"]): old for old in map(json.loads, lines)}
    rows[row["bench"], row["peer"]] = row | {"on": date.today().isoformat()}
    ordered = [rows[key] for key in sorted(rows)]
    LATEST.write_text("".join(json.dumps(each, ensure_ascii=False) + "\n" for each in ordered))
    (HERE / "latest.md").write_text(table(ordered))


def table(rows: list[dict[str, Any]]) -> str:
    """The rows as Markdown."""
    head = (
        "# Latest comparisons\n\n"
        f"CPU seconds, both sides in one run, on {os.cpu_count()} × {platform.machine()}; written by `make bench`. "
        "Quote the ratios: absolute figures drift between machines.\n\n"
    )
    lines = ["| " + " | ".join(COLUMNS) + " |", "|" + "---|" * len(COLUMNS)]
    lines += ["| " + " | ".join(_shown(row.get(column, "")) for column in COLUMNS) + " |" for row in rows]
    return head + "\n".join(lines) + "\n"


def _shown(value: Any) -> str:
    return "yes" if value is True else f"{value:,}" if isinstance(value, int | float) else str(value)


if __name__ == "__main__":
    main()
