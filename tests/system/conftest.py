"""Tables that tests of the system share."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest

from headwater.schema import parse
from headwater.system.network import Network, build_network

ROW = {"sector": "transport", "kind": "road", "source_id": "shared"}


@pytest.fixture
def toytown(root: Path) -> dict[str, pd.DataFrame]:
    """Toytown's tables, typed."""

    def read(name: str) -> pd.DataFrame:
        raw = pd.read_csv(root / "tests" / "toytown" / "study" / f"{name}.csv", dtype=str)
        table, faults = parse(raw, name)
        assert not faults
        return gpd.GeoDataFrame(table, geometry="geometry", crs="EPSG:4326") if "geometry" in table else table

    return {name: read(name) for name in ("assets", "links", "zones")}


@pytest.fixture
def toy_network(toytown: dict[str, pd.DataFrame]) -> Network:
    return build_network(toytown["assets"], toytown["links"])


@pytest.fixture
def ghana(shared_data: Path) -> Network:
    """Ghana's highways as scgraph-data 2.0.0 has them (OpenStreetMap, ODbL)."""
    file = shared_data / "gha-mng-highways-scgraph" / "scgraph_clip.gpkg"
    edges = gpd.read_file(file, layer="GHA_world_highways")
    links = edges.assign(link_id=[f"e{i}" for i in range(len(edges))], length_m=edges["length_km"] * 1000)
    links["from_asset_id"], links["to_asset_id"] = edges["from"].astype("str"), edges["to"].astype("str")
    ends = [
        gpd.GeoDataFrame({"asset_id": links[column], "name": links[column]}, geometry=at, crs=edges.crs)
        for column, at in (
            ("from_asset_id", edges.geometry.map(lambda line: line.interpolate(0))),
            ("to_asset_id", edges.geometry.map(lambda line: line.interpolate(1, normalized=True))),
        )
    ]
    assets = gpd.GeoDataFrame(pd.concat(ends, ignore_index=True).drop_duplicates("asset_id"))
    return build_network(assets.assign(**ROW), links.assign(**ROW), default_speed_km_per_h=60)


@pytest.fixture
def djibouti(shared_data: Path) -> Network:
    """Djibouti's roads as open-gira has them (OpenStreetMap, ODbL)."""
    file = shared_data / "dji-roads-floods" / "dji_network.gpkg"
    nodes, edges = (gpd.read_file(file, layer=layer) for layer in ("road_nodes", "road_edges"))
    assets = nodes.assign(asset_id=nodes["id"], name=nodes["id"], **ROW)
    names = {"id": "link_id", "from_id": "from_asset_id", "to_id": "to_asset_id", "min_speed_kmh": "speed_km_per_h"}
    links = edges.rename(columns=names)[[*names.values(), "geometry"]].assign(**ROW)
    return build_network(assets, links)
