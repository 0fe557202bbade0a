"""The disruption of Djibouti and of a made-up country on a Dask cluster of two processes: the same to the last bit."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import pytest
from tests.national import write_national

import headwater as hw
from headwater.steps import DISRUPTIONS

pytestmark = pytest.mark.slow

distributed = pytest.importorskip("distributed", reason="Dask is not installed; run: make test")

TABLES = ("exposures", "damages", "expected_damages", *DISRUPTIONS)


@pytest.fixture(scope="module")
def country(tmp_path_factory) -> Path:
    return write_national(tmp_path_factory.mktemp("national") / "study", side=9, samples=200)


def files(study: Path, out: Path, **how: object) -> dict[str, bytes]:
    """The tables of a run, byte for byte."""
    opened = hw.open_study(study, out=out, **how)
    for name in TABLES:
        opened.result(name)
    return {name: (out / f"{name}.csv").read_bytes() for name in TABLES}


def test_djibouti_is_the_same_on_two_workers(root, cluster, tmp_path):
    study = root / "studies" / "djibouti"
    there = files(study, tmp_path / "there", scheduler=cluster.scheduler_address)
    assert there == files(study, tmp_path / "here", workers=1)


def test_a_country_is_the_same_on_two_workers_even_when_one_is_killed(country, cluster, tmp_path):
    here = files(country, tmp_path / "here", workers=2)
    pid = next(iter(cluster.workers.values())).pid
    told: list[str] = []

    def kill_when_sampling(what: str, done: int, total: int) -> None:
        if what == "Events of hazards" and done == 1 and not told:
            told.append(what)
            threading.Thread(target=os.kill, args=(pid, signal.SIGKILL)).start()

    there = files(country, tmp_path / "there", scheduler=cluster.scheduler_address, progress=kill_when_sampling)
    assert told
    assert there == here
