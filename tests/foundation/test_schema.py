"""Schemas: types, rules, keys, references, and what the CSVs themselves must satisfy."""

from __future__ import annotations

import geopandas as gpd
import pandas as pd
import pytest

from headwater import schema
from headwater.errors import NotFound, TableError

TYPES = {"string", "integer", "number", "boolean", "date", "geometry"}


def sources(**changes: object) -> pd.DataFrame:
    row = {"source_id": "osm", "title": "OpenStreetMap", "publisher": "OSM", "licence": "ODbL 1.0"} | changes
    return pd.DataFrame([row])


@pytest.mark.parametrize("name", schema.table_names())
def test_every_column_is_typed_and_described_in_both_languages(name: str) -> None:
    table = schema.load_schema(name)
    assert set(table["type"]) <= TYPES
    assert set(table["required"]) <= {"yes", "no"}
    assert set(table["key"]) <= {"yes", ""}
    assert (table["description"].str.len() > 2).all()
    assert (table["description_zh"].str.len() > 1).all()
    assert not table.index.duplicated().any()
    assert schema.key_columns(name)


def test_same_column_has_the_same_type_and_unit_in_every_table() -> None:
    seen: dict[str, tuple[str, str, str]] = {}
    for name in schema.table_names():
        for column, row in schema.load_schema(name).iterrows():
            if column in {"value", "is_paved"}:  # `changes.value` is text; a choice of curve may say "any"
                continue
            first = seen.setdefault(str(column), (row["type"], row["unit"], name))
            assert (row["type"], row["unit"]) == first[:2], f"{column} in {name} and {first[2]}"


@pytest.mark.parametrize("name", schema.table_names())
def test_a_column_named_with_a_unit_states_that_unit(name: str) -> None:
    suffixes = {"_usd": "USD", "_usd_per_yr": "USD/yr", "_usd_per_km": "USD/km", "_yr": "yr", "_share": "1", "_m": "m"}
    for column, unit in schema.load_schema(name)["unit"].items():
        longest = max((s for s in suffixes if str(column).endswith(s)), key=len, default=None)
        if longest == "_yr" and str(column).endswith("_per_yr"):
            assert unit.endswith("/yr"), column
        elif longest:
            assert unit == suffixes[longest], column


def test_empty_table_has_every_column_and_passes_its_own_schema() -> None:
    for name in schema.table_names():
        schema.check(schema.empty(name), name)


def test_unknown_table_offers_the_nearest() -> None:
    with pytest.raises(NotFound, match="did you mean damages"):
        schema.load_schema("damage")


def test_missing_column_names_it_and_the_likely_misspelling() -> None:
    table = sources().rename(columns={"licence": "license"})
    with pytest.raises(TableError, match="rename license to licence"):
        schema.check(table, "sources")


def test_value_missing_where_required_names_the_row() -> None:
    table = pd.concat([sources(), sources(source_id="gem", title=None)])
    (fault,) = schema.faults(table, "sources")
    assert (fault.row, fault.column) == (3, "title")


def test_duplicate_key_names_the_second_row() -> None:
    (fault,) = schema.faults(pd.concat([sources(), sources()]), "sources")
    assert fault.row == 3
    assert fault.value == "osm"
    assert "more than once" in fault.problem


def test_rules_and_references_are_checked_and_all_faults_come_at_once() -> None:
    zones = pd.DataFrame(
        {"zone_id": ["a", "b"], "name": ["A", "B"], "kind": ["region", "hamlet"], "population": [-1.0, 2.0],
         "source_id": ["osm", "nobody"]}
    )  # fmt: skip
    found = schema.faults(zones, "zones", others={"sources": sources()})
    assert {(f.row, f.column) for f in found} == {(2, "population"), (3, "kind"), (3, "source_id")}


def test_many_faults_of_one_kind_are_named_five_times_and_counted() -> None:
    table = pd.DataFrame({"source_id": [f"Bad {i}" for i in range(40)], "title": "t", "publisher": "p", "licence": "l"})
    found = schema.faults(table, "sources")
    assert len(found) == 6
    assert "35 more" in found[-1].problem


def test_wrong_unit_of_a_column_is_recognised() -> None:
    raw = pd.DataFrame({"link_id": ["x"], "length_km": ["1.5"]})
    _table, found = schema.parse(raw, "links")
    assert [(f.column, f.remedy) for f in found] == [("length_km", "rename it length_m, with values in m")]


def test_parse_reads_types_and_reports_what_it_cannot() -> None:
    raw = pd.DataFrame(
        {"link_id": [" a ", "b", "c"], "lanes": ["2", "2.5", "two"], "is_paved": ["yes", "0", "maybe"],
         "length_m": ["1e3", "1,000", "inf"], "geometry": ["LINESTRING (0 0, 1 1)", "LINE", ""]}
    )  # fmt: skip
    table, found = schema.parse(raw, "links")
    assert table["link_id"].tolist() == ["a", "b", "c"]
    assert table["lanes"].tolist()[0] == 2
    assert table["is_paved"].tolist()[:2] == [True, False]
    assert isinstance(table["geometry"].dtype, gpd.array.GeometryDtype)
    assert {(f.row, f.column) for f in found} == {
        (3, "lanes"), (4, "lanes"), (4, "is_paved"), (3, "length_m"), (4, "length_m"), (3, "geometry")
    }  # fmt: skip


def test_input_is_not_changed() -> None:
    raw = pd.DataFrame({"source_id": [" osm "], "title": ["t"], "publisher": ["p"], "licence": ["l"]})
    before = raw.copy()
    schema.parse(raw, "sources")
    schema.faults(raw, "sources")
    pd.testing.assert_frame_equal(raw, before)
