"""Is the system of systems sound? Each check finds its own fault in Toytown with power, and nothing else."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from headwater.errors import Fault
from headwater.journey import validate
from headwater.journey.validate_system import SYSTEM_CHECKS
from headwater.schema import with_optional
from headwater.settings import Service, StudyHeader
from headwater.store.studies import read_header, read_tables

Tables = dict[str, pd.DataFrame]
SOURCE = {"source_id": "toytown"}
POWER = Service(
    "power", ("solar",), "settlement", {}, (), "nearest", "energy", unit="MW", max_distance_m=5000.0, **SOURCE
)  # fmt: skip
RULE = {"rule_id": "pumps", "applies_to_sector": "water", "applies_to_kind": "pump", "service": "power",
        "backup_h": 2.0, "basis": "source", **SOURCE}  # fmt: skip
NEED = {"asset_id": "hospital", "service": "power", "backup_h": 8.0, **SOURCE}
SQUARE = "POLYGON ((5 1, 5.01 1, 5.01 1.01, 5 1))"


@pytest.fixture(scope="module")
def read(root: Path) -> tuple[StudyHeader, Tables]:
    """Toytown with a row in each table of the system of systems."""
    folder = root / "tests" / "toytown" / "study"
    header = read_header(folder)
    tables, found = read_tables(folder, header)
    assert found == []
    people = tables["zones"].query("kind == 'settlement' and population > 0")["zone_id"]
    tables["demand"] = pd.DataFrame({"zone_id": people.to_list(), "service": "power", "demand": 1.0, **SOURCE})
    tables["dependency_rules"] = table("dependency_rules", RULE)
    tables["dependencies"] = table("dependencies", NEED)
    tables["fragility"] = table(
        "fragility",
        {"hazard": "river_flood", "sector": "transport", "kind": "road", "fails_from": 0.3, "fails_from_low": 0.1,
         "fails_from_high": 0.5, "basis": "judgement"},
    )  # fmt: skip
    tables["recovery"] = table(
        "recovery", {"hazard": "any", "sector": "transport", "kind": "any", "repair_h": 24.0, "basis": "judgement"}
    )
    area = table("areas", {"area_id": "west", "name": "West"})
    tables["areas"] = gpd.GeoDataFrame(area, geometry=[shapely.from_wkt(SQUARE)], crs="EPSG:4326")
    return dataclasses.replace(header, services=(*header.services, POWER)), tables


def table(name: str, *rows: dict[str, object]) -> pd.DataFrame:
    return with_optional(pd.DataFrame(list(rows)), name)


@pytest.fixture
def header(read: tuple[StudyHeader, Tables]) -> StudyHeader:
    return read[0]


@pytest.fixture
def tables(read: tuple[StudyHeader, Tables]) -> Tables:
    return copy.deepcopy(read[1])


Spoil = Callable[[Tables, StudyHeader], tuple[Tables, StudyHeader]]


def cell(name: str, column: str, value: object) -> Spoil:
    def spoil(tables: Tables, header: StudyHeader) -> tuple[Tables, StudyHeader]:
        changed = tables[name].astype({column: "object"})
        changed.loc[0, column] = value
        return tables | {name: changed.infer_objects() if isinstance(value, float) else changed}, header

    return spoil


def row(name: str, **values: object) -> Spoil:
    def spoil(tables: Tables, header: StudyHeader) -> tuple[Tables, StudyHeader]:
        first = tables[name].iloc[0].to_dict() | values
        return tables | {name: pd.concat([tables[name], pd.DataFrame([first])], ignore_index=True)}, header

    return spoil


def service(**values: object) -> Spoil:
    def spoil(tables: Tables, header: StudyHeader) -> tuple[Tables, StudyHeader]:
        changed = dataclasses.replace(POWER, **values)  # type: ignore[arg-type]
        return tables, dataclasses.replace(header, services=(*header.services[:1], changed))

    return spoil


def without_last_demand(tables: Tables, header: StudyHeader) -> tuple[Tables, StudyHeader]:
    return tables | {"demand": tables["demand"][:-1]}, header


def point_for_an_area(tables: Tables, header: StudyHeader) -> tuple[Tables, StudyHeader]:
    return tables | {"areas": tables["areas"].set_geometry([shapely.Point(5, 1)], crs="EPSG:4326")}, header


def bow_tie(tables: Tables, header: StudyHeader) -> tuple[Tables, StudyHeader]:
    shape = shapely.from_wkt("POLYGON ((5 1, 5.01 1.01, 5.01 1, 5 1.01, 5 1))")
    return tables | {"areas": tables["areas"].set_geometry([shape], crs="EPSG:4326")}, header


CAUGHT: dict[str, list[tuple[Spoil, str, int | None, str]]] = {
    "services have facilities and people": [
        (service(infeed_kinds=("infeed",)), "study.toml", None, "services.power"),
        (service(mode="network", link_kinds=("power",)), "study.toml", None, "services.power.link_kinds"),
        (service(source_id="nobody"), "study.toml", None, "services.power.source_id"),
    ],
    "demand is of zones and services that exist": [
        (row("demand", service="water"), "demand", 8, "service"),
        (row("demand", zone_id="toy"), "demand", 8, "zone_id"),
        (without_last_demand, "demand", None, "zone_id"),
    ],
    "dependencies do not contradict themselves": [
        (cell("dependencies", "needs_asset_id", "hospital"), "dependencies", 2, "needs_asset_id"),
        (cell("dependencies", "asset_id", "plant"), "dependencies", 2, "needs_asset_id"),
        (cell("dependencies", "service", "fuel"), "dependencies", 2, "service"),
    ],
    "rules of dependency name services, once": [
        (cell("dependency_rules", "service", "steam"), "dependency_rules", 2, "service"),
        (row("dependency_rules", rule_id="again"), "dependency_rules", 3, "rule_id"),
    ],
    "times and thresholds lie between their bounds": [
        (cell("fragility", "fails_from", 0.6), "fragility", 2, "fails_from"),
        (cell("recovery", "repair_h_low", 48.0), "recovery", 2, "repair_h"),
        (cell("dependency_rules", "backup_h_high", 1.0), "dependency_rules", 2, "backup_h"),
    ],
    "what rests on a source names it": [
        (cell("dependencies", "source_id", None), "dependencies", 2, "source_id"),
        (cell("recovery", "basis", "source"), "recovery", 2, "source_id"),
    ],
    "areas are areas": [
        (point_for_an_area, "areas", 2, "geometry"),
        (bow_tie, "areas", 2, "geometry"),
    ],
}


def found(tables: Tables, header: StudyHeader) -> list[Fault]:
    return validate.study_faults(tables, header)


def test_it_is_sound(tables: Tables, header: StudyHeader) -> None:
    assert found(tables, header) == []


def test_every_check_is_tried() -> None:
    assert set(CAUGHT) == set(SYSTEM_CHECKS)


@pytest.mark.parametrize(
    ("name", "spoil", "file", "line", "column"),
    [(name, *case) for name, cases in CAUGHT.items() for case in cases],
    ids=[f"{name} {i}" for name, cases in CAUGHT.items() for i in range(len(cases))],
)
def test_a_fault_is_found_where_it_is(
    tables: Tables, header: StudyHeader, name: str, spoil: Spoil, file: str, line: int | None, column: str
) -> None:
    spoilt = spoil(tables, header)
    faults = found(*spoilt)
    assert [(f.file, f.row, f.column) for f in faults] == [(file, line, column)]
    assert list(SYSTEM_CHECKS[name](*spoilt)) == faults


def test_a_rule_that_is_off_may_say_the_same(tables: Tables, header: StudyHeader) -> None:
    assert found(*row("dependency_rules", rule_id="again", is_on=False)(tables, header)) == []


def test_services_without_people_travelling_need_no_speed(tables: Tables, header: StudyHeader) -> None:
    kept = {k: v for k, v in header.assumptions.items() if k not in validate.NEEDED_BY_SERVICES}
    assert found(tables, dataclasses.replace(header, services=(POWER,), assumptions=kept)) == []


# --- notices ------------------------------------------------------------------------------------------------------


def said(tables: Tables, header: StudyHeader, made: Tables, word: str) -> list[str]:
    return [text for text in validate.notices(tables, made, header=header) if word in text]


def test_capacities_in_other_units_are_told(tables: Tables, header: StudyHeader) -> None:
    assert said(tables, header, {}, "unlimited") == []
    in_beds = tables["assets"].assign(capacity_unit="beds")
    assert said(tables | {"assets": in_beds}, header, {}, "unlimited") == [
        "1 of 1 suppliers of power have no capacity in MW: they count as unlimited."
    ]


def test_assets_out_of_reach_and_needs_not_met_are_told(tables: Tables, header: StudyHeader) -> None:
    needs = pd.DataFrame({"asset_id": ["hospital"], "service": ["power"], "is_met": [False]})
    texts = said(tables, header, {"needs": needs}, "power")
    assert [text.split(" ")[0] for text in texts] == ["1", "1"]
    assert "too far" in texts[0]
    assert "left out" in texts[1]


def test_hazards_without_thresholds_are_told(tables: Tables, header: StudyHeader) -> None:
    items = len(tables["assets"]) + len(tables["links"])
    texts = said(tables, header, {}, "in fragility")
    assert texts[0].startswith(f"{items - 9 - 8} of {items} ")  # nine roads, and eight junctions of kind road_node
    assert said(tables | {"fragility": tables["fragility"][:0]}, header, {}, "in fragility") == []
