"""Results on disk: whole or not at all, and never without the record of what they came from."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
from shapely import Point

from headwater.errors import NotFound
from headwater.files import write_atomically
from headwater.provenance import Provenance
from headwater.store import results

TABLE = pd.DataFrame({"asset_id": ["a", "b"], "damage_usd": [1.5, None]})
RECORD = Provenance(result="damages", step="stress", method="m", key="k", inputs={"assets": "x"}, sources=("osm",))


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    results.write_result(tmp_path, TABLE, RECORD)
    pd.testing.assert_frame_equal(results.read_result(tmp_path, "damages"), TABLE, check_dtype=False)
    assert results.read_provenance(tmp_path, "damages") == RECORD
    assert (tmp_path / "damages.csv").read_text() == "asset_id,damage_usd\na,1.5\nb,\n"


def test_geometry_survives_and_stays_out_of_the_csv(tmp_path: Path) -> None:
    places = gpd.GeoDataFrame({"asset_id": ["a"]}, geometry=[Point(1, 2)], crs="EPSG:4326")
    results.write_result(tmp_path, places, RECORD)
    back = results.read_result(tmp_path, "damages")
    assert isinstance(back, gpd.GeoDataFrame)
    assert back.crs == "EPSG:4326"
    assert (tmp_path / "damages.csv").read_text() == "asset_id\na\n"


def test_result_is_current_only_for_its_own_key(tmp_path: Path) -> None:
    assert not results.is_current(tmp_path, "damages", "k")
    results.write_result(tmp_path, TABLE, RECORD)
    assert results.is_current(tmp_path, "damages", "k")
    assert not results.is_current(tmp_path, "damages", "other")


def test_failed_write_leaves_the_earlier_file_and_no_debris(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    write_atomically(path, lambda p: p.write_text("good"))

    def broken(draft: Path) -> None:
        draft.write_text("half")
        raise RuntimeError("power cut")

    with pytest.raises(RuntimeError):
        write_atomically(path, broken)
    assert path.read_text() == "good"
    assert [p.name for p in tmp_path.iterdir()] == ["report.html"]


def test_result_without_record_does_not_exist(tmp_path: Path) -> None:
    results.write_result(tmp_path, TABLE, RECORD)
    (tmp_path / "damages.provenance.json").unlink()
    with pytest.raises(NotFound, match="no result damages"):
        results.read_result(tmp_path, "damages")


@pytest.mark.parametrize("name", ["damages.csv", "damages.parquet", "damages.provenance.json", "damages"])
def test_provenance_is_found_from_any_file_of_the_result(tmp_path: Path, name: str) -> None:
    results.write_result(tmp_path, TABLE, RECORD)
    assert results.provenance_of(tmp_path / name) == RECORD


def test_other_file_is_refused_with_the_results_there(tmp_path: Path) -> None:
    results.write_result(tmp_path, TABLE, RECORD)
    with pytest.raises(NotFound, match="Results: damages"):
        results.provenance_of(tmp_path / "notes.csv")
