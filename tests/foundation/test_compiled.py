"""Compiled functions where there is a place to keep them, and where there is none."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from numba import config
from numba.core import caching

from headwater.compiled import FOLDER, compiled, keep_compiled


def cubed(amounts: np.ndarray) -> float:
    total = 0.0
    for amount in amounts:
        total += amount**3
    return total


def test_what_is_compiled_is_kept_in_the_folder_and_read_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(config, "CACHE_DIR", str(tmp_path))
    for hits in (0, 1):
        made = compiled(nogil=True)(cubed)
        assert made(np.arange(4.0)) == 36
        assert sum(made.stats.cache_hits.values()) == hits
    assert list(tmp_path.rglob("*.nbc"))


def test_without_a_place_it_is_compiled_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caching.CacheImpl, "_locator_classes", [])
    assert compiled(nogil=True)(cubed)(np.arange(4.0)) == 36


@pytest.mark.parametrize("is_writable", [False, True])
def test_a_folder_is_named_only_where_the_programs_own_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_writable: bool
) -> None:
    monkeypatch.setattr(config, "CACHE_DIR", "")
    monkeypatch.delenv(FOLDER, raising=False)
    monkeypatch.setattr(os, "access", lambda _path, _mode: is_writable)
    keep_compiled(tmp_path)
    expected = "" if is_writable else str(tmp_path)
    assert (config.CACHE_DIR, os.environ.get(FOLDER, "")) == (expected, expected)
    monkeypatch.delenv(FOLDER, raising=False)
