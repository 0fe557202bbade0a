"""Build the study packs: `python studies/build all --data FOLDER`.

See `studies/README.md` for what FOLDER must hold and where each file can be had.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import djibouti
import ghana
import mongolia

PACKS: dict[str, Callable[[Path, Path], None]] = {
    "djibouti": djibouti.build,
    "ghana": ghana.build,
    "mongolia": mongolia.build,
}
STUDIES = Path(__file__).parents[1]


def main(arguments: list[str] | None = None) -> None:
    """Build the packs named on the command line."""
    parser = argparse.ArgumentParser(prog="python studies/build", description="Build the study packs.")
    parser.add_argument("packs", nargs="+", choices=[*PACKS, "all"], help="packs to build")
    parser.add_argument("--data", type=Path, required=True, help="folder of source files (studies/README.md)")
    parser.add_argument("--out", type=Path, default=STUDIES, help="where the packs go; studies/ by default")
    given = parser.parse_args(arguments)
    for name in PACKS if "all" in given.packs else given.packs:
        PACKS[name](given.data, given.out / name)
        print(f"{name}: {folder_bytes(given.out / name) / 1e3:,.0f} kB")


def folder_bytes(folder: Path) -> int:
    """Size of all files in a folder [bytes]."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


if __name__ == "__main__":
    main()
