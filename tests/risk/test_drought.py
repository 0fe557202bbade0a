"""Hazards that come as a probability: an upper bound of loss, model by model."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from headwater.errors import InputError
from headwater.risk.drought import drought_losses
from headwater.risk.uncertainty import spread
from headwater.schema import check


@pytest.fixture
def droughts(layers):
    names = ["clm45_gfdl", "lpjml_miroc5"]
    return layers.assign(
        hazard="drought", quantity="annual_probability", unit="1", model=names, layer_id=names, return_period_yr=np.nan
    )


@pytest.fixture
def plants(roads):
    return pd.DataFrame({"capacity": 100.0, "capacity_unit": "MW"}, index=roads.asset_ids)


PROBABILITIES = np.array([[0.1, 0.5, 0.2], [0.3, np.nan, np.nan]])


def test_by_hand(plants, roads, droughts):
    losses = drought_losses(plants, roads, droughts, PROBABILITIES)
    check(losses, "drought_losses")
    by_key = losses.set_index(["asset_id", "model"])
    # wet lies 3 parts in a cell of 0.1 and 1 part in one of 0.5
    assert by_key.at[("wet", "clm45_gfdl"), "annual_probability"] == pytest.approx(0.2)
    assert by_key.at[("wet", "clm45_gfdl"), "expected_loss"] == pytest.approx(20)
    assert by_key.at[("wet", "lpjml_miroc5"), "annual_probability"] == pytest.approx(0.3)
    assert by_key.at[("plant", "clm45_gfdl"), "expected_loss"] == pytest.approx(20)


def test_no_data_is_said_and_not_taken_for_no_drought(plants, roads, droughts):
    losses = drought_losses(plants, roads, droughts, PROBABILITIES).set_index(["asset_id", "model"])
    assert not losses.at[("plant", "lpjml_miroc5"), "is_covered"]
    assert np.isnan(losses.at[("plant", "lpjml_miroc5"), "expected_loss"])
    assert not losses.loc["none", "is_covered"].any()


def test_unknown_capacity_keeps_the_probability(plants, roads, droughts):
    plants.loc["plant", "capacity"] = np.nan
    losses = drought_losses(plants, roads, droughts, PROBABILITIES).set_index(["asset_id", "model"])
    assert losses.at[("plant", "clm45_gfdl"), "annual_probability"] == 0.2
    assert np.isnan(losses.at[("plant", "clm45_gfdl"), "expected_loss"])


def test_per_cent(plants, roads, droughts):
    shares = drought_losses(plants, roads, droughts, PROBABILITIES)
    per_cent = drought_losses(plants, roads, droughts.assign(unit="%"), PROBABILITIES * 100)
    pd.testing.assert_frame_equal(shares, per_cent)


def test_models_are_laid_side_by_side(plants, roads, droughts):
    apart = spread(drought_losses(plants, roads, droughts, PROBABILITIES), "expected_loss").set_index("asset_id")
    assert apart.loc["wet", ["expected_loss_min", "expected_loss_max"]].tolist() == pytest.approx([20, 30])
    assert apart.loc[["wet", "plant", "none"], "models"].tolist() == [2, 1, 0]


@pytest.mark.parametrize("value", [-9999.0, 1.5])
def test_what_is_no_probability_is_refused(plants, roads, droughts, value):
    with pytest.raises(InputError, match="clm45_gfdl holds"):
        drought_losses(plants, roads, droughts, np.where(PROBABILITIES == 0.5, value, PROBABILITIES))


def test_an_intensity_is_refused(plants, roads, layers):
    with pytest.raises(InputError, match="annual probability"):
        drought_losses(plants, roads, layers, PROBABILITIES)
