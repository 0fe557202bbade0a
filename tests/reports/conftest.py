"""A small study with something in every chapter of the report, worked out by hand."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely.geometry import LineString, Point, box

from headwater.assumptions import Assumption
from headwater.budgets import Budget
from headwater.provenance import Provenance
from headwater.reports.content import ReportContent
from headwater.settings import Service, StudyHeader

CASE = {"hazard": "river_flood", "scenario": "rcp4p5", "model": "MIROC5", "epoch": 2030}
HOSTILE = "<script>alert('x')</script> & \"co\""


@pytest.fixture
def header() -> StudyHeader:
    """Header of a study of two towns."""
    return StudyHeader(
        study_id="toy",
        title={"en": "Two towns", "zh": "两座城镇"},
        summary={"en": "A road between two towns.", "zh": "两座城镇之间的一条道路。"},
        iso3="GHA",
        currency="USD",
        price_year=2020,
        base_year=2025,
        horizon_year=2050,
        crs="EPSG:4326",
        objective="npv_usd",
        limits=({"en": "One model only.", "zh": "仅一个模型。"},),
        assumptions={
            "discount_rate": Assumption("discount_rate", 0.06, "1/yr", 0.03, 0.1, basis="planning manual"),
            "exposure_threshold": Assumption("exposure_threshold", 0.1, "m", source_id="roads"),
        },
        budgets=(
            Budget("small", 1e6, {"en": "Small", "zh": "小额"}),
            Budget("large", 5e6, {"en": "Large", "zh": "大额"}),
        ),
        services=(Service("hospital", ("hospital",), "settlement", {"en": "a hospital", "zh": "医院"}),),
    )


@pytest.fixture
def tables() -> dict[str, pd.DataFrame]:
    """A table of each kind that the report shows."""
    return {**_system(), **_risk(), **_service(), **_choice()}


@pytest.fixture
def content(header: StudyHeader, tables: dict[str, pd.DataFrame]) -> ReportContent:
    """A full report."""
    sources = pd.DataFrame(
        {
            "source_id": ["roads", "floods"],
            "title": ["Roads", "Floods"],
            "publisher": ["Mappers", "Modellers"],
            "licence": ["ODbL 1.0", "CC BY 4.0"],
            "url": ["https://example.org/roads", None],
            "caveat": ["", "Small streams are not seen."],
        }
    )
    made = Provenance("expected_damages", "stress", "area under damage against probability", "0123456789abcdef")
    provenance = {
        "version": "0.1.0",
        "run_on": "2026-01-02",
        "inputs": {"assets.csv": "fedcba9876543210"},
        "results": {"expected_damages": made},
        "commands": ["headwater explain toy expected_damages"],
    }
    outline = gpd.GeoSeries([box(-0.2, -0.2, 1.2, 1.2)], crs=4326)
    return ReportContent(header, tables, sources, provenance, outline, "Surveyors")


def _system() -> dict[str, pd.DataFrame]:
    assets = gpd.GeoDataFrame(
        {
            "asset_id": ["east", "west", "dam"],
            "name": [HOSTILE, "West", "Dam"],
            "sector": ["social", "transport", "energy"],
            "kind": ["hospital", "road_node", "hydro"],
        },
        geometry=[Point(0, 0), Point(1, 1), None],
        crs=4326,
    )
    links = gpd.GeoDataFrame(
        {
            "link_id": ["road", "track"],
            "from_asset_id": ["east", "west"],
            "to_asset_id": ["west", "east"],
            "sector": "transport",
            "kind": ["road_primary", "road_tertiary"],
            "length_m": [150_000.0, 250_000.0],
        },
        geometry=[LineString([(0, 0), (1, 1)]), LineString([(1, 1), (1, 0), (0, 0)])],
        crs=4326,
    )
    zones = gpd.GeoDataFrame(
        {"zone_id": ["z1", "z2"], "name": ["One", "Two"], "kind": "settlement", "population": [300.0, 100.0]},
        geometry=[Point(0.1, 0.1), Point(0.9, 0.8)],
        crs=4326,
    )
    parts = pd.DataFrame({"component": [1], "nodes": [2], "links": [2], "length_m": [400_000.0]})
    return {"assets": assets, "links": links, "zones": zones, "components": parts}


def _risk() -> dict[str, pd.DataFrame]:
    layers = pd.DataFrame(
        [{"layer_id": f"rp{period}", **CASE, "return_period_yr": float(period)} for period in (10, 100)]
    )
    exposures = pd.DataFrame(
        {
            "asset_id": ["road", "track"] * 2,
            "layer_id": ["rp10", "rp10", "rp100", "rp100"],
            "exposed_amount": [0.0, 10_000.0, 25_000.0, 15_000.0],
            "total_amount": [150_000.0, 250_000.0] * 2,
            "amount_unit": "m",
        }
    )
    damages = pd.DataFrame(
        {"asset_id": ["road", "road"], **CASE, "return_period_yr": [10.0, 100.0], "damage_usd": [1e6, 3e6]}
    )
    damages = damages.assign(damage_usd_low=damages["damage_usd"] / 2, damage_usd_high=damages["damage_usd"] * 2)
    expected = pd.DataFrame(
        [
            {"asset_id": asset, **CASE, "ead_rule": rule, "ead_usd_per_yr": usd, "uncovered_share": gap}
            for rule, factor in {"rectangle": 1.0, "trapezoid": 0.8}.items()
            for asset, usd, gap in (("road", 210_000 * factor, 0.0), ("track", np.nan, 1.0))
        ]
    )
    expected = expected.assign(
        ead_usd_per_yr_low=expected["ead_usd_per_yr"] / 2, ead_usd_per_yr_high=expected["ead_usd_per_yr"] * 2
    )
    droughts = pd.DataFrame(
        [
            {"asset_id": "dam", "hazard": "drought", "scenario": "rcp60", "model": model, "epoch": epoch,
             "annual_probability": chance, "capacity": 100.0, "capacity_unit": "MW", "expected_loss": 100 * chance,
             "is_covered": True}
            for model, epoch, chance in (("A", 2030, 0.02), ("B", 2030, 0.05), ("A", 2080, 0.11))
        ]
    )  # fmt: skip
    classes = pd.DataFrame(
        {"place_id": "GHA", "hazard": ["river_flood", "earthquake", "volcano"], "level": ["high", "low", "no_data"]}
    )
    return {
        "hazard_layers": layers,
        "exposures": exposures,
        "damages": damages,
        "expected_damages": expected,
        "drought_losses": droughts,
        "hazard_classes": classes,
    }


def _service() -> dict[str, pd.DataFrame]:
    access = pd.DataFrame(
        {"zone_id": ["z1", "z2"], "service": "hospital", "population": [300.0, 100.0], "hours": [0.4, np.nan],
         "is_reached": [True, False]}
    )  # fmt: skip
    criticality = pd.DataFrame(
        {"link_id": ["road", "track"], "service": "hospital", "population_cut_off": [250.0, 0.0],
         "population_rerouted": [50.0, 0.0], "person_hours_lost": [500.0, 0.0]}
    )  # fmt: skip
    return {"access": access, "criticality": criticality}


def _choice() -> dict[str, pd.DataFrame]:
    measures = pd.DataFrame({"measure_id": ["drain"], "name": ["Drainage"], "name_zh": ["排水"]})
    options = pd.DataFrame(
        {"option_id": ["o1", "o2", "p1"], "name": ["Drain road", "Drain track", HOSTILE],
         "name_zh": ["道路排水", "小路排水", ""], "sector": "transport", "kind": ["adapt", "adapt", "project"],
         "measure_id": ["drain", "drain", None], "status": [None, None, "active"],
         "initial_cost_usd": [8e5, 2e6, 9e7], "sdg_targets": [None, None, "9.1;11.2"]}
    )  # fmt: skip
    appraisals = pd.DataFrame(
        {"option_id": ["o1", "o2"], "initial_cost_usd": [8e5, 2e6], "cost_pv_usd": [1e6, 2e6],
         "benefit_pv_usd": [4e6, 3e6], "npv_usd": [3e6, 1e6], "bcr": [4.0, 1.5]}
    )  # fmt: skip
    effects = pd.DataFrame(
        {"option_id": ["o1", "o2"], "item": "ead_usd_per_yr", "unit": "USD/yr", "amount": [2e5, 1e5]}
    )
    changes = pd.DataFrame(
        {"option_id": ["o1", "o2"], "table": "links", "row_id": ["road", "track"], "action": "set", "column": "lanes"}
    )
    plans = pd.DataFrame(
        {"plan_id": ["small", "large", "large"], "option_id": ["o1", "o1", "o2"], "start_year": 2026,
         "initial_cost_usd": [8e5, 8e5, 2e6], "objective_value": [3e6, 3e6, 1e6]}
    )  # fmt: skip
    summaries = pd.DataFrame(
        {"plan_id": ["small", "large"], "budget_usd": [1e6, 5e6], "objective": "npv_usd",
         "objective_value": [3e6, 4e6], "bound": [3e6, 4e6], "gap": [0.0, 0.0], "spent_usd": [8e5, 2.8e6],
         "npv_usd": [3e6, 4e6], "options": [1, 2], "status": "optimal"}
    )  # fmt: skip
    return {
        "measures": measures, "options": options, "appraisals": appraisals, "effects": effects, "changes": changes,
        "plans": plans, "plan_summaries": summaries,
    }  # fmt: skip
