"""Key figures: sums that a reader can check, and nothing known that is not."""

from __future__ import annotations

import geopandas as gpd
import pandas as pd
import pytest
from shapely import Point

from headwater.journey import measure
from headwater.schema import check, empty
from headwater.settings import StudyHeader

HEADER = StudyHeader(
    study_id="x", title={}, summary={}, iso3="XXX", currency="USD", price_year=2025, base_year=2025, horizon_year=2050,
    crs="EPSG:4326", objective="npv_usd",
)  # fmt: skip
NONE = {
    name: empty(name)
    for name in (
        "exposures",
        "expected_damages",
        "drought_losses",
        "access",
        "criticality",
        "plan_summaries",
        "hazard_layers",
    )
}
CASE = {"hazard": "river_flood", "scenario": ["historical", "rcp8p5"], "model": [None, "wet"], "epoch": [2000, 2050]}


def figures(**tables: pd.DataFrame) -> pd.DataFrame:
    table = measure.indicators(NONE | tables, HEADER)
    if len(table):
        check(table, "results")
        assert (table["place_id"] == "XXX").all()
    return table.set_index("indicator_id")


def test_study_without_results_has_no_figures() -> None:
    assert figures().empty


def test_exposure_is_summed_by_layer_and_unit() -> None:
    layers = pd.DataFrame({"layer_id": ["now", "then"], **CASE, "return_period_yr": 100.0})
    exposures = pd.DataFrame(
        {
            "asset_id": ["a", "b", "tower", "a"], "layer_id": ["now", "now", "now", "then"],
            "exposed_amount": [10.0, 5.0, 1.0, 7.0], "amount_unit": ["m", "m", "count", "m"],
        }
    )  # fmt: skip
    found = figures(exposures=exposures, hazard_layers=layers)
    assert found["value"].to_dict() == {
        "exposed.river_flood.rp100.m": 15, "exposed.river_flood.rp100.count": 1, "exposed.river_flood.wet.rp100.m": 7
    }  # fmt: skip
    assert found.at["exposed.river_flood.wet.rp100.m", "year"] == 2050


def test_exposure_nobody_knows_is_not_zero_and_periods_stay_apart() -> None:
    layers = pd.DataFrame({"layer_id": ["now", "then"], **CASE, "return_period_yr": [1.5, 1.0]})
    layers = layers.assign(scenario="historical", model=None, epoch=2000)
    exposures = pd.DataFrame(
        {"asset_id": "a", "layer_id": ["now", "then"], "exposed_amount": [None, 2.0], "amount_unit": "m"}
    )
    found = figures(exposures=exposures, hazard_layers=layers)["value"]
    assert found["exposed.river_flood.rp1.m"] == 2
    assert pd.isna(found["exposed.river_flood.rp1.5.m"])


def test_drought_losses_are_summed_by_unit_and_never_over_models() -> None:
    losses = pd.DataFrame(
        {
            "asset_id": ["dam", "weir", "dam", "tank", "lost"], "hazard": "drought", "scenario": "rcp8p5",
            "model": ["wet", "wet", "dry", "wet", "dry"], "epoch": 2050,
            "capacity_unit": ["MW", "MW", "MW", "m3", "m3"], "expected_loss": [1.0, 2.0, 9.0, 40.0, None],
        }
    )  # fmt: skip
    found = figures(drought_losses=losses)["value"]
    assert found.dropna().to_dict() == {
        "expected_loss.drought.wet.MW": 3, "expected_loss.drought.dry.MW": 9, "expected_loss.drought.wet.m3": 40
    }  # fmt: skip
    assert pd.isna(found["expected_loss.drought.dry.m3"])


def test_expected_damage_is_summed_by_case_under_the_study_s_rule() -> None:
    rows = pd.concat([
        pd.DataFrame({"asset_id": asset, **CASE, "ead_rule": rule, "ead_usd_per_yr": usd})
        for asset, rule, usd in [("a", "rectangle", 1.0), ("b", "rectangle", 2.0), ("a", "triangle", 50.0)]
    ])  # fmt: skip
    rows = rows.assign(ead_usd_per_yr_low=0.5, ead_usd_per_yr_high=9.0)
    found = figures(expected_damages=rows)
    assert found[["value", "low", "high"]].to_numpy().tolist() == [[3, 1, 18], [3, 1, 18]]
    assert found.index.tolist() == ["ead.river_flood.rectangle", "ead.river_flood.wet.rectangle"]


def test_damage_nobody_knows_is_not_zero() -> None:
    rows = pd.DataFrame({"asset_id": "a", **CASE, "ead_rule": "rectangle", "ead_usd_per_yr": float("nan")})
    rows = rows.assign(ead_usd_per_yr_low=float("nan"), ead_usd_per_yr_high=float("nan"))
    assert figures(expected_damages=rows)["value"].isna().all()


def test_people_reached_and_the_worst_link() -> None:
    access = pd.DataFrame(
        {"zone_id": ["a", "b"], "service": "hospital", "population": [30.0, 10.0], "is_reached": [True, False]}
    )
    criticality = pd.DataFrame(
        {"link_id": ["x", "y"], "service": "hospital", "population_cut_off": [5.0, 20.0], "person_hours_lost": [9.0, 0]}
    )
    found = figures(access=access, criticality=criticality)["value"].to_dict()
    assert found == {
        "population_reached_share.hospital": 0.75, "population_reached.hospital": 30,
        "worst_link.population_cut_off.hospital": 20, "worst_link.person_hours_lost.hospital": 9,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("objective", "unit"),
    [("npv_usd", "USD"), ("ead_usd_per_yr", "USD/yr"), ("population_cut_off", "people")],
)
def test_plans_carry_the_unit_of_their_objective(objective: str, unit: str) -> None:
    summaries = pd.DataFrame({"plan_id": ["low"], "objective": objective, "objective_value": 7.0, "spent_usd": 3.0})
    found = figures(plan_summaries=summaries)
    assert found.loc["plan.low.objective_value", ["value", "unit"]].tolist() == [7, unit]
    assert found.loc["plan.low.spent_usd", ["value", "unit"]].tolist() == [3, "USD"]


def test_every_asset_and_link_is_placed_with_what_is_known_of_it() -> None:
    assets = gpd.GeoDataFrame(
        {"asset_id": ["a", "lost"], "name": ["A", "Lost"], "sector": "water", "kind": "pump", "source_id": "toy"},
        geometry=[Point(5, 1), None], crs="EPSG:4326",
    )  # fmt: skip
    links = gpd.GeoDataFrame(
        {"link_id": ["l"], "sector": "transport", "kind": "road", "source_id": "toy"},
        geometry=[Point(5, 1).buffer(1).exterior], crs="EPSG:4326",
    )  # fmt: skip
    criticality = pd.DataFrame(
        {
            "link_id": ["l", "l"],
            "service": ["x", "y"],
            "population_cut_off": [1.0, 4.0],
            "person_hours_lost": [3.0, 2.0],
        }
    )
    case = pd.DataFrame({"asset_id": ["a", "a", "l"], "ead_usd_per_yr": [1.0, 2.0, None]})
    system = {"assets": assets, "links": links}
    table = measure.asset_results(system, NONE | {"criticality": criticality}, HEADER, case=case)
    check(table, "asset_results")
    assert table.crs == "EPSG:4326"
    rows = table.set_index("asset_id")
    assert rows["ead_usd_per_yr"].fillna(-1).to_dict() == {"a": 3, "lost": -1, "l": -1}
    assert rows.loc["l", ["population_cut_off", "person_hours_lost"]].tolist() == [4, 3]
    assert rows.loc["l", "name"] == "l"
