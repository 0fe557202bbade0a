"""Totals and rankings, worked out by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from headwater.reports import summaries


def test_exposed_adds_up_by_return_period(tables: dict[str, pd.DataFrame]) -> None:
    amounts = summaries.exposed(tables["exposures"], tables["hazard_layers"]).set_index("return_period_yr")
    assert amounts["exposed"].to_dict() == {10.0: 10_000.0, 100.0: 40_000.0}
    assert amounts["total"].to_dict() == {10.0: 400_000.0, 100.0: 400_000.0}


def test_exposed_counts_what_lies_outside_the_layers(tables: dict[str, pd.DataFrame]) -> None:
    exposures = tables["exposures"].assign(uncovered_share=[0.0, 0.2, np.nan, 0.2])
    amounts = summaries.exposed(exposures, tables["hazard_layers"]).set_index("return_period_yr")
    assert amounts["uncovered"].to_dict() == {10.0: 50_000.0, 100.0: 200_000.0}


def test_models_are_never_added_together() -> None:
    table = pd.DataFrame({"hazard": "f", "scenario": "s", "model": ["A", "B"], "epoch": 2030, "usd": [1.0, 2.0]})
    assert summaries.totals(table, summaries.CASE, ["usd"])["usd"].tolist() == [1.0, 2.0]


def test_sum_of_nothing_known_is_missing() -> None:
    table = pd.DataFrame({"rule": ["a", "a", "b"], "usd": [np.nan, np.nan, 1.0]})
    assert summaries.totals(table, ["rule"], ["usd"])["usd"].isna().tolist() == [True, False]


def test_drought_spread_is_least_and_greatest(tables: dict[str, pd.DataFrame]) -> None:
    row = summaries.drought_spread(tables["drought_losses"]).iloc[0]
    assert (row["probability_min"], row["probability_max"], row["loss_max"]) == (0.02, 0.11, 11.0)
    assert row["results"] == 3


def test_unreached_people_are_in_no_band(tables: dict[str, pd.DataFrame]) -> None:
    bands = summaries.access_bands(tables["access"]).loc["hospital"]
    assert bands["0"] == 300
    assert bands["unreached"] == 100
    assert bands.sum() == 400


def test_measures_are_summed_over_their_options(tables: dict[str, pd.DataFrame]) -> None:
    row = summaries.measure_summary(tables["options"], tables["appraisals"], tables["effects"]).iloc[0]
    assert row["options"] == 2
    assert row["paying"] == 2
    assert row["initial_cost_usd"] == pytest.approx(2.8e6)
    assert row["avoided_usd_per_yr"] == pytest.approx(3e5)
    assert row["bcr_median"] == pytest.approx(2.75)


def test_row_order_does_not_matter(tables: dict[str, pd.DataFrame]) -> None:
    parts = summaries.components(tables["assets"], tables["links"])
    shuffled = summaries.components(tables["assets"].iloc[::-1], tables["links"].iloc[::-1])
    pd.testing.assert_frame_equal(summaries.system_counts(parts), summaries.system_counts(shuffled))
