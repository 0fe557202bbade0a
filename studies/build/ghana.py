"""The Ghana pack: access and criticality, who depends on what, drought, real projects and second roads."""

from __future__ import annotations

from pathlib import Path

import cases
import geopandas as gpd
import grid
import health
import networks
import pandas as pd
import population
import power
import projects
import rasters
import registry
import screening
import second_roads
import tables

MAX_ACCESS_M = 50_000.0
"""As `assumptions.max_access_m` of `studies/ghana/study.toml`."""


def build(data: Path, folder: Path) -> None:
    """Write every table and raster of the pack."""
    area = networks.outline(data, "GHA")
    road_nodes, roads = networks.network("road", "GHA", area)
    rail_nodes, rails = networks.network("rail", "GHA", area)
    clinics = health.facilities(data / "gha-social/gha_health_who_ssa.csv", "GHA")
    regions = population.ghana_regions(data)
    settlements = population.with_parents(registry.settlements("GH"), regions)
    names = regions.set_index("zone_id")["name"]
    candidates, changes = second_roads.second_roads(
        data, road_nodes, roads, settlements.assign(region=settlements["parent_zone_id"].map(names)),
        clinics[clinics["kind"] == "hospital"],
        area=area, max_access_m=MAX_ACCESS_M,
    )  # fmt: skip
    water = dams(clinics)
    grid_nodes, power_lines = grid.grid(data, settlements, tables.joined(clinics, water))
    networks.write_outline(data, "GHA", folder)
    tables.write_sources_page(folder, "ghana", "Ghana", "加纳")
    tables.write_tables(
        folder,
        {
            "sources": tables.sources("ghana"),
            "assets": tables.joined(
                *(networks.named_by_place(nodes, settlements) for nodes in (road_nodes, rail_nodes)),
                registry.airports("GH"), registry.ports("Ghana"), energy(data),
                water, clinics, grid_nodes, grid.exchanges(settlements),
            ),
            "links": tables.joined(roads, rails, power_lines),
            "zones": tables.joined(pd.DataFrame(regions.drop(columns="geometry")), settlements),
            "hazard_layers": rasters.drought_layers(data, folder, _country(data)),
            "hazard_classes": screening.hazard_classes(data, "GHA"),
            "options": tables.joined(projects.projects(data, "Ghana"), candidates),
            "changes": changes,
            "dependency_rules": tables.fact_table("ghana_dependency_rules"),
            "recovery": tables.fact_table("ghana_recovery"),
            **cases.business_case("ghana", cases.emissions("ghana", candidates["option_id"], of="option_id")),
        },
    )  # fmt: skip


def energy(data: Path) -> pd.DataFrame:
    """Operating hydropower and gas units, and interconnectors."""
    folder = data / "gha-power"
    hydropower = power.plants(folder / "gha_gppd_v12.csv", fuel="Hydro")
    hydropower["name"] = hydropower["name"].replace({"Aksombo": "Akosombo (Aksombo in the source)"})
    return tables.joined(
        hydropower, power.gas_units(folder / "gha_gem_gas_units_2022.csv"),
        power.interconnectors(folder / "gha_interconnectors_gtd.csv", "GHA"),
    )  # fmt: skip


def dams(clinics: pd.DataFrame) -> pd.DataFrame:
    """Water-supply dams, placed at a health facility of the community they are named after."""
    known = tables.facts("ghana_dams")
    place = clinics.drop_duplicates("name", keep=False).set_index("name")["geometry"]
    missing = set(known["placed_at"]) - set(place.index)
    if missing:
        raise ValueError(f"no single health facility of this name, to place a dam at: {sorted(missing)}")
    return known.drop(columns="placed_at").assign(
        geometry=known["placed_at"].map(place),
        capacity=pd.to_numeric(known["capacity"]),
        capacity_unit=known["capacity_unit"].replace("", pd.NA),
    )


def _country(data: Path) -> object:
    return gpd.read_file(data / "gha-admin-population/gha_admin.gpkg", layer="adm0").geometry.iloc[0]
