"""What may be maximised or traded off, in which unit, and what starting later leaves of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from tests.journey.plans import YEARS, effects, header

from headwater.journey import objectives
from headwater.schema import empty
from headwater.settings import Service

CLINIC = Service("clinic", ("clinic",), "settlement", {})
UNIT_VALUES = pd.DataFrame({"item": ["carbon_tco2e_per_yr"], "unit": ["tCO2e/yr"]})


def test_objectives_are_money_effects_of_models_losses_of_services_and_what_the_study_values() -> None:
    units = objectives.known_objectives(replace(header(), services=(CLINIC,)), UNIT_VALUES)
    assert units["npv_usd"] == units["initial_cost_usd"] == "USD"
    assert units["ead_usd_per_yr"] == "USD/yr"
    assert units["population_cut_off"] == "people"
    assert units["user_hours_lost_per_yr.clinic"] == "person-hours/yr"
    assert units["population_without_per_yr.clinic"] == "people/yr"
    assert units["carbon_tco2e_per_yr"] == "tCO2e/yr"
    assert "user_hours_lost_per_yr" not in units


def test_study_without_services_loses_none() -> None:
    assert not any("." in name for name in objectives.known_objectives(header(), empty("unit_values")))


def test_only_a_cost_is_better_when_there_is_less() -> None:
    assert objectives.senses(header(trade_off=["npv_usd", "population_cut_off", "initial_cost_usd"])) == {
        "npv_usd": 1, "population_cut_off": 1, "initial_cost_usd": -1,
    }  # fmt: skip
    assert objectives.senses(header()) == {}


def test_what_starts_later_serves_fewer_of_the_twenty_years() -> None:
    assert objectives.service_share(header(start_years=YEARS)).to_dict() == {2025: 1.0, 2030: 0.75, 2035: 0.5}


def test_effects_by_start_year_and_blank_where_not_known() -> None:
    table = pd.concat([effects({"b": 8.0, "a": 4.0}), effects({"a": 1.0}, "hours", "h")])
    items = ["population_without_per_yr.town", "hours", "nothing_known"]
    found = objectives.effect_values(table, pd.Index(["a", "b", "c"]), items, header(start_years=YEARS))
    assert list(found) == items
    assert found["population_without_per_yr.town"].loc["b"].tolist() == [8, 6, 4]
    assert found["hours"].loc["a"].tolist() == pytest.approx([1, 0.75, 0.5])
    assert np.isnan(found["hours"].loc[["b", "c"]].to_numpy()).all()  # not known, which is not nothing
    assert found["nothing_known"].isna().all(axis=None)
