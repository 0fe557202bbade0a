"""A study on a Dask cluster of two processes: the same files, byte for byte, as on threads of one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import headwater as hw
from headwater.errors import SchedulerError

pytestmark = pytest.mark.slow

distributed = pytest.importorskip("distributed", reason="Dask is not installed; run: make test")


@pytest.fixture(scope="module")
def scheduler() -> Iterator[str]:
    """Address of a scheduler with two worker processes."""
    options = {"n_workers": 2, "threads_per_worker": 1, "processes": True, "dashboard_address": ":0"}
    with distributed.LocalCluster(**options, memory_limit=None, silence_logs=50) as made:
        yield made.scheduler_address


def test_stress_of_djibouti_is_the_same_on_a_cluster(root: Path, tmp_path: Path, scheduler: str) -> None:
    folder = root / "studies" / "djibouti"
    for name, address in (("threads", None), ("cluster", scheduler)):
        hw.open_study(folder, out=tmp_path / name, scheduler=address).expected_annual_damage()
    for table in ("exposures", "damages", "expected_damages"):
        for suffix in ("parquet", "csv"):
            one, other = (tmp_path / name / f"{table}.{suffix}" for name in ("threads", "cluster"))
            assert one.read_bytes() == other.read_bytes(), table


def test_whole_plan_of_toytown_is_the_same_on_a_cluster(
    root: Path, tmp_path: Path, toy_results: Path, scheduler: str
) -> None:
    hw.open_study(root / "tests" / "toytown" / "study", out=tmp_path, scheduler=scheduler).plan()
    for file in sorted(toy_results.glob("*.csv")):
        assert (tmp_path / file.name).read_bytes() == file.read_bytes(), file.name


def test_study_says_that_no_scheduler_answers(root: Path, tmp_path: Path) -> None:
    study = hw.open_study(root / "tests" / "toytown" / "study", out=tmp_path, scheduler="tcp://127.0.0.1:1")
    with pytest.raises(SchedulerError, match="No scheduler answers"):
        study.expected_annual_damage()
    assert not list(tmp_path.glob("*.csv"))
