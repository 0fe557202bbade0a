"""Fixtures shared by all tests."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import settings

EXAMPLES = int(os.environ.get("HEADWATER_EXAMPLES", "40"))
settings.register_profile("headwater", deadline=None, max_examples=EXAMPLES)  # kernels compile on their first call
settings.load_profile("headwater")

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real data beside the checkout (`../shared/data`, or HEADWATER_SHARED_DATA); skips where it is absent."""
    path = Path(os.environ.get("HEADWATER_SHARED_DATA", ROOT.parent / "shared" / "data"))
    if not path.is_dir():
        pytest.skip(f"real data not found at {path}; set HEADWATER_SHARED_DATA to the folder that holds it")
    return path


@pytest.fixture(scope="session", autouse=True)
def quick_hashes() -> None:
    """Passwords of tests are hashed with little effort: hundreds of them are."""
    from argon2 import PasswordHasher

    from headwater.store import accounts

    accounts._hasher = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)


@pytest.fixture
def toy_study(root: Path, tmp_path: Path) -> Path:
    """A copy of Toytown's study that a test may spoil."""
    return Path(shutil.copytree(root / "tests" / "toytown" / "study", tmp_path / "study"))


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """A folder that is made once in a run of the tests, however many processes it has; read only."""
    base = factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder, whole = shared / f"once-{name}", shared / f"once-{name}.whole"
    with (shared / f"once-{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not whole.exists():
            shutil.rmtree(folder, ignore_errors=True)  # of a process that failed
            make(folder)
            whole.touch()
    return folder


@pytest.fixture(scope="session")
def toy_results(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Toytown's finished results; read only."""
    import headwater as hw

    study = root / "tests" / "toytown" / "study"
    return made_once(tmp_path_factory, "toytown", lambda out: hw.open_study(study, out=out, workers=1).plan())


@pytest.fixture
def toy_out(toy_results: Path, tmp_path: Path) -> Path:
    """A copy of Toytown's finished results that a test may spoil."""
    return Path(shutil.copytree(toy_results, tmp_path / "out"))


@pytest.fixture
def edit() -> Callable[[Path, Callable[[pd.DataFrame], pd.DataFrame | None]], None]:
    """Change a CSV file: `edit(path, change)`, where `change` returns a new table or alters the one it is given."""

    def edited(path: Path, change: Callable[[pd.DataFrame], pd.DataFrame | None]) -> None:
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
        new = change(table)
        (table if new is None else new).to_csv(path, index=False)

    return edited


@pytest.fixture
def cluster():
    """A Dask cluster of two worker processes on this machine."""
    distributed = pytest.importorskip("distributed", reason="Dask is not installed; run: make test")
    options = {"n_workers": 2, "threads_per_worker": 1, "processes": True, "dashboard_address": ":0"}
    with distributed.LocalCluster(**options, memory_limit=None, silence_logs=50) as made:
        yield made
