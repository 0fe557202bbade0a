"""Options applied to tables: five rows by hand, every fault, and what must never change."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, Point

from headwater.errors import TableError
from headwater.options.changes import apply_changes, batches

COLUMNS = ["option_id", "table", "row_id", "action", "column", "value"]


def changes(*rows: tuple[str | None, ...]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=COLUMNS, dtype="str")


@pytest.fixture
def tables() -> dict[str, pd.DataFrame]:
    assets = gpd.GeoDataFrame(
        {
            "asset_id": ["plant", "port", "clinic"],
            "name": ["Plant", "Port", "Clinic"],
            "sector": ["energy", "transport", "social"],
            "kind": ["gas", "port", "clinic"],
            "design_return_period_yr": [np.nan, 50.0, np.nan],
            "source_id": "osm",
        },
        geometry=[Point(0, 0), Point(1, 0), Point(2, 0)],
        crs="EPSG:4326",
    )
    links = gpd.GeoDataFrame(
        {
            "link_id": ["r1", "r2"],
            "from_asset_id": ["plant", "port"],
            "to_asset_id": ["port", "clinic"],
            "sector": "transport",
            "kind": "road",
            "lanes": [2, 2],
            "is_paved": [True, False],
            "source_id": "osm",
        },
        geometry=[LineString([(0, 0), (1, 0)]), LineString([(1, 0), (2, 0)])],
        crs="EPSG:4326",
    )
    return {"assets": assets, "links": links}


def test_set_changes_one_cell_and_keeps_types(tables: dict[str, pd.DataFrame]) -> None:
    done = apply_changes(
        tables,
        changes(
            ("pave", "links", "r2", "set", "is_paved", "yes"),
            ("pave", "links", "r2", "set", "lanes", "4"),
            ("wall", "assets", "plant", "set", "design_return_period_yr", "100"),
        ),
        ["pave", "wall"],
    )
    assert done["links"]["is_paved"].tolist() == [True, True]
    assert done["links"]["lanes"].tolist() == [2, 4]
    assert done["links"].dtypes.to_dict() == tables["links"].dtypes.to_dict()
    assert done["assets"]["design_return_period_yr"].fillna(0).tolist() == [100, 50, 0]
    assert isinstance(done["links"], gpd.GeoDataFrame)
    assert done["links"].crs == tables["links"].crs


def test_input_is_unchanged_and_other_options_do_nothing(tables: dict[str, pd.DataFrame]) -> None:
    before = {name: table.copy(deep=True) for name, table in tables.items()}
    all_changes = changes(
        ("pave", "links", "r2", "set", "is_paved", "yes"),
        ("drop", "links", "r1", "remove", None, None),
    )
    done = apply_changes(tables, all_changes, ["pave"])
    for name, table in tables.items():
        pd.testing.assert_frame_equal(table, before[name])
    pd.testing.assert_frame_equal(done["assets"], before["assets"])
    assert done["links"]["link_id"].tolist() == ["r1", "r2"]
    pd.testing.assert_frame_equal(apply_changes(tables, all_changes, [])["links"], before["links"])


def test_damage_columns_start_at_their_defaults(tables: dict[str, pd.DataFrame]) -> None:
    drain = changes(
        ("drain", "links", "r2", "set", "damage_scale", "0.78"),
        ("drain", "links", "r2", "set", "damage_offset", "-0.1"),
    )
    once = apply_changes(tables, drain, ["drain"])
    assert once["links"]["damage_scale"].tolist() == [1.0, 0.78]
    assert once["links"]["damage_offset"].tolist() == [0.0, -0.1]
    assert "damage_scale" not in once["assets"]
    again = apply_changes(once, changes(("x", "links", "r1", "set", "damage_scale", "0.5")), ["x"])
    assert again["links"]["damage_scale"].tolist() == [0.5, 0.78]


def test_add_and_remove_rows_with_geometry(tables: dict[str, pd.DataFrame]) -> None:
    new = {"from_asset_id": "plant", "to_asset_id": "clinic", "sector": "transport", "kind": "road",
           "source_id": "plan", "geometry": "LINESTRING (0 0, 2 1)"}  # fmt: skip
    bypass = changes(
        *[("bypass", "links", "r9", "add", c, v) for c, v in new.items()],
        ("bypass", "links", "r1", "remove", None, None),
        ("bypass", "assets", "port", "set", "geometry", "POINT (1 5)"),
    )
    done = apply_changes(tables, bypass, ["bypass"])
    links = done["links"].set_index("link_id")
    assert links.index.tolist() == ["r2", "r9"]
    assert links.geometry["r9"].equals(LineString([(0, 0), (2, 1)]))
    assert links.crs == "EPSG:4326"
    assert pd.isna(links.at["r9", "lanes"])
    assert links.at["r2", "lanes"] == 2
    assert pd.isna(links.at["r9", "is_paved"])
    assert links.at["r2", "is_paved"] == False  # noqa: E712
    assert done["assets"].set_index("asset_id").geometry["port"].equals(Point(1, 5))
    assert done["assets"].geometry.iloc[0].equals(Point(0, 0))


def test_every_fault_at_once(tables: dict[str, pd.DataFrame]) -> None:
    bad = changes(
        ("a", "links", "r8", "set", "lanes", "2"),
        ("a", "links", "r1", "set", "colour", "red"),
        ("a", "links", "r1", "set", "link_id", "r7"),
        ("a", "links", "plant", "add", "lanes", "2"),
        ("a", "assets", "port", "remove", "name", None),
    )
    with pytest.raises(TableError) as caught:
        apply_changes(tables, bad, ["a", "b"])
    found = {(f.row, f.column, f.value) for f in caught.value.faults}
    assert found >= {
        (None, "option_id", "b"),
        (2, "row_id", "r8"),
        (3, "column", "colour"),
        (4, "column", "link_id"),
        (5, "row_id", "plant"),
        (6, "column", "name"),
    }


@pytest.mark.parametrize(
    ("column", "value", "says"),
    [
        ("lanes", "two", "whole number"),
        ("lanes", "0", ">= 1"),
        ("is_paved", "maybe", "yes or no"),
        ("geometry", "LINE 1 2", "geometry"),
        ("damage_scale", "-1", ">= 0"),
        ("sector", "", "missing"),
    ],
)
def test_values_obey_the_schema(tables: dict[str, pd.DataFrame], column: str, value: str, says: str) -> None:
    rows = changes(("z", "assets", "port", "set", "name", "P"), ("a", "links", "r1", "set", column, value))
    with pytest.raises(TableError, match=says) as caught:
        apply_changes(tables, rows, ["a"])
    assert [f.row for f in caught.value.faults] == [3]


def test_blank_value_empties_an_optional_cell(tables: dict[str, pd.DataFrame]) -> None:
    done = apply_changes(tables, changes(("a", "links", "r1", "set", "lanes", None)), ["a"])
    assert done["links"]["lanes"].isna().tolist() == [True, False]


def test_options_that_contradict_each_other(tables: dict[str, pd.DataFrame]) -> None:
    rows = changes(
        ("wide", "links", "r1", "set", "lanes", "4"),
        ("wider", "links", "r1", "set", "lanes", "6"),
        ("same", "links", "r1", "set", "lanes", "4.0"),
        ("close", "links", "r1", "remove", None, None),
    )
    with pytest.raises(TableError, match="wide, wider") as caught:
        apply_changes(tables, rows, ["wide", "wider"])
    assert caught.value.faults[0].value == "links · r1 · lanes"
    assert apply_changes(tables, rows, ["wide", "same"])["links"]["lanes"].tolist() == [4, 2]
    with pytest.raises(TableError, match="close, wide"):
        apply_changes(tables, rows, ["close", "wide"])


def test_new_row_must_be_whole(tables: dict[str, pd.DataFrame]) -> None:
    rows = changes(("a", "assets", "new", "add", "name", "New"))
    with pytest.raises(TableError, match="the new row lacks") as caught:
        apply_changes(tables, rows, ["a"])
    assert sorted(f.column for f in caught.value.faults) == ["kind", "sector", "source_id"]


def test_link_must_keep_its_ends(tables: dict[str, pd.DataFrame]) -> None:
    close = changes(("close", "assets", "clinic", "remove", None, None))
    with pytest.raises(TableError, match="option close removes the asset") as caught:
        apply_changes(tables, close, ["close"])
    assert [(f.value, f.column) for f in caught.value.faults] == [("r2", "to_asset_id")]
    also = changes(("close", "assets", "clinic", "remove", None, None), ("close", "links", "r2", "remove", None, None))
    assert apply_changes(tables, also, ["close"])["assets"]["asset_id"].tolist() == ["plant", "port"]


def test_row_order_of_tables_and_changes_is_irrelevant(tables: dict[str, pd.DataFrame]) -> None:
    rows = changes(
        ("a", "links", "r1", "set", "lanes", "3"),
        ("a", "links", "r2", "set", "damage_scale", "0.5"),
        ("b", "links", "r2", "set", "is_paved", "yes"),
    )
    done = apply_changes(tables, rows, ["a", "b"])["links"].set_index("link_id").sort_index()
    turned = {name: table.iloc[::-1] for name, table in tables.items()}
    other = apply_changes(turned, rows.iloc[::-1], ["b", "a"])["links"].set_index("link_id").sort_index()
    pd.testing.assert_frame_equal(done, other[done.columns])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 12), st.sampled_from(["assets", "links"]), st.integers(0, 5)), min_size=1))
def test_batches_never_share_a_row(touched: list[tuple[int, str, int]]) -> None:
    table = pd.DataFrame(touched, columns=["option_id", "table", "row_id"]).astype({"option_id": "str"})
    batch = batches(table)
    assert set(batch.index) == set(table["option_id"])
    place = table.drop_duplicates().assign(batch=lambda t: t["option_id"].map(batch))
    assert not place.duplicated(["batch", "table", "row_id"]).any()
    busiest = table.drop_duplicates().groupby(["table", "row_id"]).size().max()
    assert batch.max() + 1 >= busiest
    if table.drop_duplicates().groupby("option_id").size().max() == 1:
        assert batch.max() + 1 == busiest


def test_a_chain_of_options_needs_two_batches() -> None:
    chain = pd.DataFrame({"option_id": list("aabbccdd"), "table": "links", "row_id": list("01122334")})
    assert batches(chain).tolist() == [0, 1, 0, 1]
