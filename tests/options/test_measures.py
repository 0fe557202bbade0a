"""Measures on places: by hand, and the six road measures of Hickford (2023)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from headwater.errors import TableError
from headwater.options.changes import apply_changes, batches
from headwater.options.measures import options_from_measures
from headwater.schema import faults


def measure(**values: object) -> pd.DataFrame:
    row = {
        "measure_id": "m", "name": "Measure", "applies_to_sector": "transport", "cost_basis": "km",
        "initial_cost_usd_per_unit": 1000.0, "source_id": "s",
    }  # fmt: skip
    return pd.DataFrame([row | values])


@pytest.fixture
def links() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "link_id": ["a", "b", "c", "d", "e"],
            "from_asset_id": "x",
            "to_asset_id": "y",
            "sector": ["transport", "transport", "transport", "energy", "transport"],
            "kind": ["road_primary", "road_tertiary", "rail", "line", "road_track"],
            "length_m": [2000.0, 500.0, 1000.0, 1000.0, 100.0],
            "lanes": [2, 1, None, None, None],
            "is_paved": [True, False, None, None, None],
            "design_return_period_yr": [50.0, None, None, None, None],
            "source_id": "s",
        }
    )


def test_applies_by_sector_kind_and_surface(links: pd.DataFrame) -> None:
    def places(**values: object) -> list[str]:
        return options_from_measures(measure(damage_scale=0.5, **values), links)[0]["exclusive_group"].tolist()

    assert places() == ["a", "b", "c", "e"]
    assert places(applies_to_kind="road") == ["a", "b", "e"]
    assert places(applies_to_kind="road", applies_to_paved="no") == ["b"]
    assert places(applies_to_sector="water") == []
    assert options_from_measures(measure(damage_scale=0.5), links, row_ids=["b"])[0]["option_id"].tolist() == ["m:b"]


def test_cost_counts_kilometres_and_lanes_once(links: pd.DataFrame) -> None:
    roads = links[links["lanes"].notna()]
    per_km, _changes = options_from_measures(measure(damage_scale=0.5, periodic_cost_usd_per_unit=10.0), roads)
    per_lane, _changes = options_from_measures(measure(damage_scale=0.5, cost_basis="lane_km"), roads)
    assert per_km["initial_cost_usd"].tolist() == [2000.0, 500.0]
    assert per_km["periodic_cost_usd"].tolist() == [20.0, 5.0]
    assert per_lane["initial_cost_usd"].tolist() == [4000.0, 500.0]


def test_lanes_are_asked_for_only_where_costs_count_them(links: pd.DataFrame) -> None:
    with pytest.raises(TableError, match="c, e") as caught:
        options_from_measures(measure(damage_scale=0.5, cost_basis="lane_km"), links)
    assert [f.column for f in caught.value.faults] == ["lanes"]
    with pytest.raises(TableError, match="length_m"):
        options_from_measures(measure(damage_scale=0.5), links.assign(length_m=np.nan))


def test_protection_is_never_lowered_and_nothing_is_offered_for_nothing(links: pd.DataFrame) -> None:
    _options, changes = options_from_measures(measure(protection_return_period_yr=20.0), links)
    assert changes[["row_id", "column", "value"]].values.tolist() == [
        ["b", "design_return_period_yr", "20"],
        ["c", "design_return_period_yr", "20"],
        ["e", "design_return_period_yr", "20"],
    ]
    options, changes = options_from_measures(measure(), links)
    assert options.empty
    assert changes.empty


def test_damage_effects_add_to_what_is_there(links: pd.DataFrame) -> None:
    treated = links.assign(damage_scale=[0.5, 1.0, 1.0, 1.0, 1.0], damage_offset=[-0.2, 0.0, 0.0, 0.0, 0.0])
    _options, changes = options_from_measures(measure(damage_scale=0.8, damage_offset=-0.1), treated, row_ids=["a"])
    by_column = changes.set_index("column")["value"].astype(float)
    assert by_column["damage_scale"] == pytest.approx(0.4)  # 0.8 x (0.5 share - 0.2) - 0.1
    assert by_column["damage_offset"] == pytest.approx(-0.26)


def test_paving_is_an_upgrade_of_unpaved_roads(links: pd.DataFrame) -> None:
    options, changes = options_from_measures(measure(becomes_paved=True, applies_to_kind="road"), links)
    assert options[["exclusive_group", "kind"]].values.tolist() == [["b", "upgrade"], ["e", "upgrade"]]
    assert changes["value"].tolist() == ["yes", "yes"]


def test_assets_are_costed_each() -> None:
    assets = pd.DataFrame({"asset_id": ["dam"], "sector": ["water"], "kind": ["dam"]})
    wall = measure(cost_basis="asset", applies_to_sector="water", protection_return_period_yr=100.0)
    no_links = pd.DataFrame({"link_id": [], "sector": [], "kind": []}, dtype="str")
    options, changes = options_from_measures(wall, no_links, assets=assets)
    assert options[["option_id", "initial_cost_usd"]].values.tolist() == [["m:dam", 1000.0]]
    assert changes["table"].tolist() == ["assets"]


def test_bad_measure_is_a_fault(links: pd.DataFrame) -> None:
    with pytest.raises(TableError, match="cost_basis"):
        options_from_measures(measure(cost_basis="mile"), links)
    with pytest.raises(TableError, match="initial_cost_usd_per_unit"):
        options_from_measures(measure(initial_cost_usd_per_unit=-1.0), links)


@pytest.fixture
def road_measures(shared_data: Path) -> pd.DataFrame:
    """Hickford (2023), High Volume Transport programme: six adaptation options for roads."""
    raw = pd.read_csv(shared_data / "standards-oc4ids-sdg-m49" / "curves_adaptation_options_and_costs.csv")
    name = raw["adaptation_option"].str.strip()
    return pd.DataFrame(
        {
            "measure_id": name.str.lower().str.replace(r"\W+", "_", regex=True).str.strip("_"),
            "name": name,
            "applies_to_sector": "transport",
            "applies_to_kind": "road",
            "applies_to_paved": raw["asset_details"].map({"paved": "yes", "unpaved": "no"}),
            "cost_basis": raw["option_unit_cost"].map({"USD/km": "km", "USD/lane-km": "lane_km"}),
            "initial_cost_usd_per_unit": raw["initial_investment_cost_per_unit"].astype(float),
            "periodic_cost_usd_per_unit": raw["periodic_maintenance_cost_per_unit"].astype(float),
            "periodic_interval_yr": raw["periodic_maintenance_intervals_years"],
            "routine_cost_usd_per_unit": raw["routine_maintenance_cost_per_unit"].astype(float),
            "routine_interval_yr": raw["routine_maintenance_intervals_years"],
            "damage_scale": raw["a_scale_damage_fraction"].astype(float),
            "damage_offset": raw["b_translate_damage_fraction"].astype(float),
            "protection_return_period_yr": raw["c_ignore_up_to_rp"].astype(float),
            "becomes_paved": raw["adaptation_option"].str.contains("paved"),
            "source_id": "hickford_2023",
        }
    )  # fmt: skip


def test_published_road_measures(road_measures: pd.DataFrame, links: pd.DataFrame) -> None:
    options, changes = options_from_measures(road_measures, links, row_ids=["a", "b"])
    assert faults(options, "options") == []
    assert faults(changes, "changes") == []
    cost = options.set_index("option_id")["initial_cost_usd"]
    assert cost["flood_wall:b"] == pytest.approx(1_230_000 * 0.5)
    assert cost["drainage_rehabilitation:a"] == pytest.approx(46_843 * 2)
    assert cost["upgrading_to_paved:b"] == pytest.approx(247_159 * 0.5)
    assert "drainage_rehabilitation:b" not in cost
    assert "upgrading_to_paved:a" not in cost
    assert "flood_wall:a" not in cost  # already protected against 1 in 50
    tables = apply_changes({"links": links}, changes, ["drainage_rehabilitation:a", "spillways:b"])
    done = tables["links"].set_index("link_id")
    assert done.loc["a", ["damage_scale", "damage_offset", "design_return_period_yr"]].tolist() == [0.78, -0.1, 50]
    assert done.loc["b", ["damage_scale", "damage_offset", "design_return_period_yr"]].tolist() == [0.9, 0.0, 10]
    assert batches(changes).nunique() == options["exclusive_group"].value_counts().max()
