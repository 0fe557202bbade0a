"""Hashes: the same for the same content, and for nothing else."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pandas as pd
from shapely import Point

from headwater.provenance import Provenance, hash_file, hash_json, hash_table


def test_table_hash_sees_values_order_and_types() -> None:
    table = pd.DataFrame({"a": [1, 2], "b": ["x", None]})
    assert hash_table(table) == hash_table(table.copy())
    assert hash_table(table) != hash_table(table.iloc[::-1])
    assert hash_table(table) != hash_table(table.astype({"a": float}))
    assert hash_table(table) != hash_table(table.rename(columns={"a": "c"}))


def test_table_hash_sees_geometry() -> None:
    here, there = (gpd.GeoDataFrame({"a": [1]}, geometry=[Point(x, 0)], crs="EPSG:4326") for x in (0, 1))
    assert hash_table(here) != hash_table(there)


def test_file_hash_is_sha256(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    assert hash_file(tmp_path / "a") == "ba7816bf8f01cfea"  # FIPS 180-2, appendix B.1


def test_json_hash_ignores_the_order_of_keys() -> None:
    assert hash_json({"a": 1, "b": [1, 2]}) == hash_json({"b": [1, 2], "a": 1})
    assert hash_json([1, 2]) != hash_json([2, 1])


def test_record_survives_the_disk() -> None:
    record = Provenance("damages", "stress", "损失", "k", {"a": "1"}, {"ead_rule": "rectangle"}, ("osm",), "0.1")
    assert Provenance.from_json(record.to_json()) == record
