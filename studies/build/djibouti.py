"""The Djibouti pack: the complete flood case, from road edges and nine depth rasters to costed measures."""

from __future__ import annotations

from pathlib import Path

import cases
import geopandas as gpd
import health
import networks
import pandas as pd
import power
import rasters
import registry
import tables

from headwater.risk.hazards import layers_from_names

FOLDER = "dji-roads-floods"
COSTS = "standards-oc4ids-sdg-m49/curves_adaptation_options_and_costs.csv"


def build(data: Path, folder: Path) -> None:
    """Write every table and raster of the pack."""
    known = measures(data)
    networks.write_outline(data, "DJI", folder)
    tables.write_sources_page(folder, "djibouti", "Djibouti", "吉布提")
    tables.write_tables(
        folder,
        {
            "sources": tables.sources("djibouti"),
            "assets": tables.joined(
                networks.named_by_place(road_nodes(data), registry.settlements("DJ")),
                health.facilities(data / FOLDER / "dji_health_who.csv", "DJI"),
                plant(data),
            ),
            "links": roads(data),
            "zones": settlements(data),
            "hazard_layers": flood_layers(data, folder),
            "measures": known,
            "fragility": tables.fact_table("djibouti_fragility"),
            "recovery": tables.fact_table("djibouti_recovery"),
            **cases.business_case("djibouti", cases.emissions("djibouti", known["measure_id"], of="measure_id")),
        },
        as_parquet=("links",),
    )


def road_nodes(data: Path) -> pd.DataFrame:
    """Junctions and ends of roads, as rows of `assets`."""
    found = gpd.read_file(data / FOLDER / "dji_network.gpkg", layer="road_nodes")
    return pd.DataFrame(
        {
            "asset_id": found["id"],
            "name": "Road node " + found["id"].str.removeprefix("node_"),
            "sector": "transport",
            "kind": "road_node",
            "geometry": found.geometry,
            "source_id": "osm_open_gira",
        }
    )


def plant(data: Path) -> pd.DataFrame:
    """The one power plant on record; the source does not say whether it runs."""
    return power.plants(data / FOLDER / "dji_gppd_v12.csv", fuel="Oil").assign(status="unknown")


def roads(data: Path) -> pd.DataFrame:
    """Road edges, as rows of `links`.

    Rehabilitation costs come per kilometre and lane; times lanes, once, they are per kilometre of the whole road. The
    speed is the mean of the source's two bounds, which in 35 rows stand in the wrong order.
    """
    found = gpd.read_file(data / FOLDER / "dji_network.gpkg", layer="road_edges")
    if set(found["rehab_cost_unit"]) != {"USD/km/lane"}:
        raise ValueError("rehabilitation costs are no longer per kilometre and lane")
    low, high = (found[f"rehab_cost_{bound}"] * found["lanes"] for bound in ("min", "max"))
    return pd.DataFrame(
        {
            "link_id": found["id"],
            "from_asset_id": found["from_id"],
            "to_asset_id": found["to_id"],
            "sector": "transport",
            "kind": "road_" + found["tag_highway"],
            "geometry": found.geometry,
            "length_m": found["length_m"],
            "speed_km_per_h": found[["min_speed_kmh", "max_speed_kmh"]].mean(axis=1),
            "lanes": found["lanes"],
            "is_paved": found["paved"].astype(bool),
            "replacement_cost_usd_per_km": (low + high) / 2,
            "replacement_cost_usd_per_km_low": low,
            "replacement_cost_usd_per_km_high": high,
            "source_id": "osm_open_gira",
        }
    )


def settlements(data: Path) -> pd.DataFrame:
    """Population clusters, as rows of `zones`; the source names none of them."""
    found = pd.read_csv(data / FOLDER / "dji_settlements_onsset.csv").sort_values("id", ignore_index=True)
    numbers = found["id"].astype(str)
    return pd.DataFrame(
        {
            "zone_id": "dji_settlement_" + numbers.str.zfill(4),
            "name": "Settlement " + numbers,
            "kind": "settlement",
            "geometry": tables.points(found["X_deg"], found["Y_deg"]),
            "population": found["Pop"],
            "source_id": "onsset_clusters",
        }
    )


def flood_layers(data: Path, folder: Path) -> pd.DataFrame:
    """River flood depths at nine return periods, as rasters in the folder and rows of `hazard_layers`."""
    sources = sorted((data / FOLDER).glob("inunriver_*.tif"))
    for source in sources:
        rasters.reencode(source, folder / "hazards" / source.name)
    return layers_from_names([f"hazards/{source.name}" for source in sources], source_id="aqueduct_floods")


def measures(data: Path) -> pd.DataFrame:
    """Six adaptation measures with unit costs, as rows of `measures`."""
    found = pd.read_csv(data / COSTS)
    words = tables.facts("measures")
    found = found.assign(adaptation_option=found["adaptation_option"].str.strip()).merge(
        words, on="adaptation_option", validate="1:1"
    )
    return pd.DataFrame(
        {
            "measure_id": found["measure_id"],
            "name": found["name"],
            "name_zh": found["name_zh"],
            "applies_to_sector": "transport",
            "applies_to_kind": found["asset_name"],
            "applies_to_paved": found["asset_details"].map({"all": pd.NA, "paved": "yes", "unpaved": "no"}),
            "cost_basis": found["option_unit_cost"].map({"USD/km": "km", "USD/lane-km": "lane_km"}),
            "initial_cost_usd_per_unit": found["initial_investment_cost_per_unit"],
            "periodic_cost_usd_per_unit": found["periodic_maintenance_cost_per_unit"],
            "periodic_interval_yr": found["periodic_maintenance_intervals_years"],
            "routine_cost_usd_per_unit": found["routine_maintenance_cost_per_unit"],
            "routine_interval_yr": found["routine_maintenance_intervals_years"],
            "damage_scale": found["a_scale_damage_fraction"],
            "damage_offset": found["b_translate_damage_fraction"],
            "protection_return_period_yr": found["c_ignore_up_to_rp"].where(found["c_ignore_up_to_rp"] > 1),
            "becomes_paved": found["measure_id"] == "upgrade_to_paved",
            "approach": found["approach"],
            "sdg_targets": found["sdg_targets"],
            "sdg_basis": found["sdg_basis"],
            "source_id": "hickford_2023",
        }
    )
