"""The Mongolia pack: highways, the Trans-Mongolian railway, places, coal units, drought and active projects."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import networks
import pandas as pd
import population
import power
import projects
import rasters
import registry
import screening
import tables


def build(data: Path, folder: Path) -> None:
    """Write every table and raster of the pack."""
    area = networks.outline(data, "MNG")
    road_nodes, roads = networks.network("road", "MNG", area)
    rail_nodes, rails = networks.network("rail", "MNG", area)
    aimags = population.mongolia_aimags(data)
    places = population.with_parents(registry.settlements("MN"), aimags)
    country = gpd.read_file(data / "mng-admin-population/mng_admin.gpkg", layer="adm0").geometry.iloc[0]
    networks.write_outline(data, "MNG", folder)
    tables.write_sources_page(folder, "mongolia", "Mongolia", "蒙古")
    tables.write_tables(
        folder,
        {
            "sources": tables.sources("mongolia"),
            "assets": tables.joined(
                *(networks.named_by_place(nodes, places) for nodes in (road_nodes, rail_nodes)),
                registry.airports("MN"),
                power.coal_units(data / "mng-power-climate/mng_gem_coal_units_2022.csv"),
                power.interconnectors(data / "mng-power-climate/mng_interconnectors_gtd.csv", "MNG"),
            ),
            "links": tables.joined(roads, rails),
            "zones": tables.joined(pd.DataFrame(aimags.drop(columns="geometry")), places),
            "hazard_layers": rasters.drought_layers(data, folder, country),
            "hazard_classes": screening.hazard_classes(data, "MNG"),
            "options": projects.projects(data, "Mongolia"),
        },
    )  # fmt: skip
