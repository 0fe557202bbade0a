"""Is the study sound? Each check finds its own fault in Toytown, and nothing else."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import shapely

from headwater.assumptions import Assumption
from headwater.errors import Fault
from headwater.journey import validate
from headwater.journey.validate_plan import PLAN_CHECKS
from headwater.journey.validate_system import SYSTEM_CHECKS
from headwater.settings import Service, StudyHeader
from headwater.store.studies import read_header, read_tables

Tables = dict[str, pd.DataFrame]


@pytest.fixture(scope="module")
def read(root: Path) -> tuple[StudyHeader, Tables]:
    folder = root / "tests" / "toytown" / "study"
    header = read_header(folder)
    tables, found = read_tables(folder, header)
    assert found == []
    return header, tables


@pytest.fixture
def header(read: tuple[StudyHeader, Tables]) -> StudyHeader:
    return read[0]


@pytest.fixture
def tables(read: tuple[StudyHeader, Tables]) -> Tables:
    return copy.deepcopy(read[1])


def with_cell(tables: Tables, table: str, row: int, column: str, value: object) -> Tables:
    changed = tables[table].copy()
    changed[column] = changed[column].astype("object") if isinstance(value, str) else changed[column]
    changed.loc[row, column] = value
    return tables | {table: changed}


def with_shape(tables: Tables, table: str, row: int, wkt: str) -> Tables:
    changed = tables[table].copy()
    shapes = changed.geometry.to_numpy(dtype=object).copy()
    shapes[row] = shapely.from_wkt(wkt)
    return tables | {table: changed.set_geometry(shapes, crs=changed.crs)}


def with_assumption(header: StudyHeader, name: str, **values: Any) -> StudyHeader:
    given = dataclasses.replace(header.assumptions.get(name, Assumption(name, 1.0)), **values)
    return dataclasses.replace(header, assumptions={**header.assumptions, name: given})


def without_assumption(header: StudyHeader, name: str) -> StudyHeader:
    kept = {key: value for key, value in header.assumptions.items() if key != name}
    return dataclasses.replace(header, assumptions=kept)


def test_toytown_is_sound(tables: Tables, header: StudyHeader) -> None:
    assert validate.study_faults(tables, header) == []


Spoil = Callable[[Tables, StudyHeader], tuple[Tables, StudyHeader]]
BOW_TIE = "POLYGON ((5 1, 5.01 1.01, 5.01 1, 5 1.01, 5 1))"
HOSPITAL = {"service_id": "hospital", "name": {}}

CAUGHT: dict[str, list[tuple[Spoil, str, int | None, str]]] = {
    "assets and links share no name": [
        (lambda t, h: (with_cell(t, "links", 3, "link_id", "pump"), h), "links", 5, "link_id"),
    ],
    "geometry is valid and on the globe": [
        (lambda t, h: (with_shape(t, "assets", 12, BOW_TIE), h), "assets", 14, "geometry"),
        (lambda t, h: (with_shape(t, "links", 2, "POINT (5 1)"), h), "links", 4, "geometry"),
        (lambda t, h: (with_shape(t, "zones", 1, "POINT (1.005 95)"), h), "zones", 3, "geometry"),
    ],
    "hazard layers have the return period and unit of their kind": [
        (lambda t, h: (with_cell(t, "hazard_layers", 1, "unit", "m/s"), h), "hazard_layers", 3, "unit"),
        (lambda t, h: (with_cell(t, "hazard_layers", 0, "return_period_yr", None), h), "hazard_layers", 2,
         "return_period_yr"),
        (lambda t, h: (with_cell(t, "hazard_layers", 4, "return_period_yr", 10.0), h), "hazard_layers", 6,
         "return_period_yr"),
    ],
    "curves rise": [
        (lambda t, h: (with_cell(t, "curves", 3, "damage_share_low", 0.05), h), "curves", 5, "damage_share_low"),
    ],
    "costs lie between their bounds": [
        (lambda t, h: (with_cell(t, "assets", 8, "replacement_cost_usd_low", 3e6), h), "assets", 10,
         "replacement_cost_usd"),
        (lambda t, h: (with_cell(t, "links", 0, "replacement_cost_usd_per_km_high", 1.0), h), "links", 2,
         "replacement_cost_usd_per_km"),
    ],
    "assumptions name sources that exist": [
        (lambda t, h: (t, with_assumption(h, "max_access_m", source_id="nobody")), "study.toml", None,
         "assumptions.max_access_m.source_id"),
    ],
    "assumptions are complete and in their units": [
        (lambda t, h: (t, with_assumption(h, "access_speed_km_per_h", unit="m/s")), "study.toml", None,
         "assumptions.access_speed_km_per_h.unit"),
        (lambda t, h: (t, without_assumption(h, "max_access_m")), "study.toml", None, "assumptions.max_access_m"),
        (lambda t, h: (t, without_assumption(h, "discount_rate")), "study.toml", None, "assumptions.discount_rate"),
    ],
    "the objective is a value that options have": [
        (lambda t, h: (t, dataclasses.replace(h, objective="happiness")), "study.toml", None, "objectives.maximise"),
    ],
    "services have facilities and people": [
        (lambda t, h: (t, dataclasses.replace(
            h, services=(Service(**HOSPITAL, facility_kinds=("temple",), zone_kind="settlement"),))),
         "study.toml", None, "services.hospital"),
        (lambda t, h: (t, dataclasses.replace(
            h, services=(Service(**HOSPITAL, facility_kinds=("hospital",), zone_kind="country"),))),
         "study.toml", None, "services.hospital"),
    ],
    "prerequisites make no circle": [
        (lambda t, h: (with_cell(t, "options", 3, "requires_option_id", "lights_ad"), h), "options", 5,
         "requires_option_id"),
    ],
    "options change rows and columns that exist": [
        (lambda t, h: (with_cell(t, "changes", 0, "row_id", "r_zz"), h), "changes", 2, "row_id"),
        (lambda t, h: (with_cell(t, "changes", 0, "value", "half"), h), "changes", 2, "damage_scale"),
        (lambda t, h: (with_cell(t, "changes", 7, "column", "length_km"), h), "changes", 9, "column"),
    ],
}  # fmt: skip
"""For each check: how to spoil the study, and the file, row and column it must name."""


def test_every_check_is_tried() -> None:
    assert set(CAUGHT) | set(SYSTEM_CHECKS) | set(PLAN_CHECKS) == set(validate.CHECKS)  # the latter two: own tests


@pytest.mark.parametrize(
    ("spoil", "file", "row", "column"), [case for cases in CAUGHT.values() for case in cases]
)  # fmt: skip
def test_check_names_the_place_of_the_fault(
    tables: Tables, header: StudyHeader, spoil: Spoil, file: str, row: int | None, column: str
) -> None:
    found = validate.study_faults(*spoil(tables, header))
    assert [(fault.file, fault.row, fault.column) for fault in found] == [(file, row, column)]
    assert found[0].problem
    assert found[0].remedy


# --- geometry -----------------------------------------------------------------------------------------------------

NEXT_TO_EACH_OTHER = (
    "MULTIPOLYGON (((5 1, 5.01 1, 5.01 1.01, 5 1.01, 5 1)), ((5.01 1, 5.02 1, 5.02 1.01, 5.01 1.01, 5.01 1)))"
)
OVER_EACH_OTHER = NEXT_TO_EACH_OTHER.replace("5.01 1.01, 5 1.01", "5.011 1.01, 5 1.01")


@pytest.mark.parametrize(
    ("table", "row", "wkt"),
    [("assets", 12, NEXT_TO_EACH_OTHER), ("links", 7, "LINESTRING (5.025 1.025, 5.025 1.025)")],
)
def test_flaws_that_no_result_depends_on_are_let_through(
    tables: Tables, header: StudyHeader, table: str, row: int, wkt: str
) -> None:
    assert not shapely.is_valid(shapely.from_wkt(wkt))
    assert validate.study_faults(with_shape(tables, table, row, wkt), header) == []


def test_parts_that_overlap_would_count_twice(tables: Tables, header: StudyHeader) -> None:
    found = validate.study_faults(with_shape(tables, "assets", 12, OVER_EACH_OTHER), header)
    assert [(fault.row, fault.column) for fault in found] == [(14, "geometry")]


def test_study_in_metres_may_lie_beyond_180(tables: Tables, header: StudyHeader) -> None:
    placed = {name: tables[name].to_crs("EPSG:32631") for name in ("assets", "links", "zones")}
    assert validate.study_faults(tables | placed, header) == []


@pytest.mark.parametrize(("crs", "is_near"), [("EPSG:32632", True), ("EPSG:32736", False), ("EPSG:2193", False)])
def test_places_are_held_against_where_their_crs_is_used(
    tables: Tables, header: StudyHeader, crs: str, is_near: bool
) -> None:
    """Toytown lies within a degree of zone 32, and half a world from New Zealand, whose area crosses the meridian."""
    moved = {"zones": tables["zones"].to_crs(crs)}
    found = [(f.file, f.row, f.column) for f in validate.study_faults(tables | moved, header)]
    assert found == ([] if is_near else [("zones", None, "geometry")])


@pytest.mark.parametrize(
    ("budgets", "objective"), [((), "npv_usd"), (None, "population_cut_off")]
)  # fmt: skip
def test_plan_for_something_else_needs_no_discount_rate(
    tables: Tables, header: StudyHeader, budgets: tuple | None, objective: str
) -> None:
    lean = dataclasses.replace(
        without_assumption(header, "discount_rate"),
        budgets=header.budgets if budgets is None else budgets, objective=objective,
    )  # fmt: skip
    assert validate.study_faults(tables, lean) == []


# --- everything at once -------------------------------------------------------------------------------------------


def test_faults_of_all_tables_come_together_with_what_could_not_be_read(tables: Tables, header: StudyHeader) -> None:
    spoiled = with_cell(tables, "zones", 2, "population", -1.0)
    spoiled = with_cell(spoiled, "assets", 0, "name", None)
    unread = [Fault("links.csv", 3, "lanes", "two", "is not a whole number", "write digits only")]
    found = validate.study_faults(spoiled, header, unread=unread)
    assert found[0] is unread[0]
    assert [(f.file, f.row, f.column) for f in found[1:]] == [("assets", 2, "name"), ("zones", 4, "population")]


def test_value_that_could_not_be_read_is_not_called_missing_too(tables: Tables, header: StudyHeader) -> None:
    unread = [Fault("zones.csv", 4, "population", "many", "is not a finite number", "write digits")]
    spoiled = with_cell(tables, "zones", 2, "population", None)
    assert validate.study_faults(spoiled, header, unread=unread) == unread


def test_references_to_a_table_that_could_not_be_read_are_not_blamed(tables: Tables, header: StudyHeader) -> None:
    unread = [Fault("assets.csv", None, "", "", "cannot be read", "check that the file is whole")]
    rest = {name: table for name, table in tables.items() if name != "assets"}
    assert validate.study_faults(rest, header, unread=unread) == unread


@pytest.mark.parametrize("name", ["sources", "assets"])
def test_study_of_nothing_is_not_sound(tables: Tables, header: StudyHeader, name: str) -> None:
    found = validate.study_faults(tables | {name: tables[name].iloc[:0]}, header)
    assert (found[0].file, found[0].column, found[0].problem) == (name, "", "the table has no rows")


@pytest.mark.parametrize("name", ["links", "zones", "hazard_layers", "options", "changes", "curves", "measures"])
def test_tables_a_study_can_do_without(tables: Tables, header: StudyHeader, name: str) -> None:
    lean = dataclasses.replace(header, services=())
    gone = {"changes", name} if name in {"links", "options"} else {name}
    if name == "curves":
        tables = tables | {"assets": tables["assets"].assign(curve_id=None)}
    smaller = {key: table.iloc[:0] if key in gone else table for key, table in tables.items()}
    assert validate.study_faults(smaller, lean) == []


# --- notices ------------------------------------------------------------------------------------------------------


def test_notices_count_what_has_no_place(tables: Tables) -> None:
    said = validate.notices(tables, {})
    assert [text[: text.index(" have")] for text in said] == [
        "1 of 16 rows of assets", "1 of 9 rows of links", "1 of 8 rows of zones"
    ]  # fmt: skip


MADE: Mapping[str, pd.DataFrame] = {
    "exposures": pd.DataFrame({"asset_id": ["a", "a", "b", "c"], "uncovered_share": [0.0, 0.4, 0.0, 1.0]}),
    "snapping": pd.DataFrame({"item_id": ["x", "y"], "is_snapped": [True, False]}),
}


def test_notices_count_what_is_not_covered_or_joined(tables: Tables) -> None:
    said = validate.notices(tables, MADE)[3:]
    assert said[0].startswith("2 of 3 located assets and links lie partly or wholly where a hazard layer has no data")
    assert said[1].startswith("1 of 2 places are too far from the network")


def test_notices_name_layers_that_no_model_uses(tables: Tables) -> None:
    layers = tables["hazard_layers"].assign(hazard=["river_flood"] * 4 + ["extreme_heat"])
    said = validate.notices(tables | {"hazard_layers": layers}, {})
    assert "1 hazard layers hold a yearly probability of extreme_heat, which no model here uses." in said


def test_measures_that_fit_nothing_are_named(tables: Tables) -> None:
    measures = tables["measures"].set_index("measure_id", drop=False)
    measures["applies_to_kind"] = measures["applies_to_kind"].where(measures.index != "raise_road", "rail")
    measures["applies_to_sector"] = measures["applies_to_sector"].where(measures.index != "flood_wall", "nature")
    said = [text for text in validate.notices(tables | {"measures": measures}, {}) if "fits nothing" in text]
    assert said == [
        "measure raise_road fits nothing in the study: no kind starts with rail",
        "measure flood_wall fits nothing in the study: nothing in assets is of the sector nature",
    ]


def test_links_may_be_drawn_either_way_round(tables: Tables) -> None:
    turned = tables["links"].rename(columns={"from_asset_id": "to_asset_id", "to_asset_id": "from_asset_id"})
    assert not any("1 km" in text for text in validate.notices(tables | {"links": turned}, {}))


def test_nothing_to_notice_is_not_said(tables: Tables) -> None:
    placed = {name: tables[name].dropna(subset="geometry") for name in ("assets", "links", "zones")}
    covered = {
        "exposures": MADE["exposures"].assign(uncovered_share=0.0), "snapping": MADE["snapping"].iloc[:1]
    }  # fmt: skip
    assert validate.notices(tables | placed, covered) == []
