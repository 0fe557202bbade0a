"""Fixtures shared by all tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

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
