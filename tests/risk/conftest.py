"""A tiny coverage that tests of exposure and damage count by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from headwater.geo.coverage import Coverage
from headwater.geo.grid import Grid
from headwater.geo.shapes import LINE, NO_SHAPE, POINT

GRID = Grid("EPSG:4326", (1, 0, 0, 0, -1, 4), 4, 4)


def covered(rows: dict[str, dict[int, float]], *, kinds=None, totals=None) -> Coverage:
    """Coverage of assets written as {asset_id: {cell: amount}}."""
    counts = [len(cells) for cells in rows.values()]
    cells = [cell for row in rows.values() for cell in sorted(row)]
    amounts = [row[cell] for row in rows.values() for cell in sorted(row)]
    sums = [sum(row.values()) for row in rows.values()]
    return Coverage(
        grid=GRID,
        asset_ids=pd.Index(list(rows), name="asset_id"),
        kinds=np.array([LINE] * len(rows) if kinds is None else kinds, dtype=np.int8),
        indptr=np.append(0, np.cumsum(counts)).astype(np.int64),
        cells=np.array(cells, dtype=np.int64),
        amounts=np.array(amounts, dtype=float),
        total_amounts=np.array(sums if totals is None else totals, dtype=float),
    )


@pytest.fixture(scope="session")
def make_coverage():
    """Builds a coverage from {asset_id: {cell: amount}}."""
    return covered


@pytest.fixture
def roads() -> Coverage:
    """wet: 3 m in cell 0 and 1 m in cell 1; half: 2 m in cell 1 and 2 m outside; none: outside; lost: no place."""
    rows = {"wet": {0: 3.0, 1: 1.0}, "half": {1: 2.0}, "none": {}, "lost": {}, "plant": {5: 1.0}}
    return covered(rows, kinds=[LINE, LINE, LINE, NO_SHAPE, POINT], totals=[4, 4, 7, np.nan, 1])


@pytest.fixture
def layers() -> pd.DataFrame:
    """Two flood layers of one group."""
    return pd.DataFrame(
        {
            "layer_id": ["rp10", "rp100"], "hazard": "river_flood", "quantity": "intensity", "unit": "m",
            "scenario": "rcp4p5", "model": "gfdl", "epoch": 2030, "return_period_yr": [10.0, 100.0], "file": "x.tif",
            "source_id": "s",
        }
    )  # fmt: skip
