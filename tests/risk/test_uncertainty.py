"""Spread and totals: nothing is averaged, nothing unknown is counted as nothing."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from headwater.errors import InputError
from headwater.risk.uncertainty import spread, totals

LOSSES = pd.DataFrame(
    {
        "asset_id": ["dam"] * 4 + ["weir"] * 2,
        "hazard": "drought",
        "scenario": "rcp6p0",
        "epoch": [2030, 2030, 2080, 2080, 2030, 2080],
        "model": ["a", "b", "a", "b", "a", "a"],
        "expected_loss": [1.0, 3.0, 5.0, np.nan, 2.0, np.nan],
    }
)


def test_spread_keeps_epochs_apart_and_counts_models():
    result = spread(LOSSES, "expected_loss").set_index(["asset_id", "epoch"])
    assert result.loc[("dam", 2030), ["expected_loss_min", "expected_loss_median", "expected_loss_max"]].tolist() == [
        1,
        2,
        3,
    ]
    assert result.at[("dam", 2080), "expected_loss_max"] == 5
    assert result["models"].to_dict() == {("dam", 2030): 2, ("dam", 2080): 1, ("weir", 2030): 1, ("weir", 2080): 0}
    assert np.isnan(result.at[("weir", 2080), "expected_loss_median"])


def test_spread_refuses_rows_that_something_else_sets_apart():
    with pytest.raises(InputError, match="model"):
        spread(LOSSES, "expected_loss", by=["asset_id"])


EAD = pd.DataFrame(
    {
        "asset_id": ["a", "b", "c", "d"], "hazard": ["river_flood"] * 3 + ["coastal_flood"], "scenario": "rcp4p5",
        "ead_usd_per_yr": [1.0, 2.0, np.nan, np.nan], "ead_usd_per_yr_low": [0.5, 1.0, np.nan, np.nan],
    }
)  # fmt: skip


def test_totals_bound_by_bound_and_say_what_is_missing():
    result = totals(EAD, ["ead_usd_per_yr", "ead_usd_per_yr_low"], by=["hazard"]).set_index("hazard")
    assert result.loc["river_flood"].tolist() == [3, 1.5, 2, 1]
    assert np.isnan(result.at["coastal_flood", "ead_usd_per_yr"])
    assert result.at["coastal_flood", "assets_without_figure"] == 1


@pytest.mark.parametrize("column", ["scenario", "model", "epoch", "ead_rule"])
def test_totals_never_add_up_alternatives(column):
    with pytest.raises(InputError, match=column):
        totals(EAD.assign(**{column: ["x", "y", "x", "x"]}), ["ead_usd_per_yr"], by=["hazard"])
