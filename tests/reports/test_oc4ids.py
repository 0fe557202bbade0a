"""Projects as an OC4IDS package."""

from __future__ import annotations

import dataclasses
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
from jsonschema import Draft4Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT4
from shapely.geometry import GeometryCollection, LineString, MultiPoint, Point

from headwater.reports.content import ReportContent
from headwater.reports.oc4ids import KINDS, SECTORS, STATUSES, TYPES, package, sector_codes, write_package
from headwater.schema import load_schema

LANGUAGES = ["en", "zh"]
OFFICIAL = os.environ.get("HEADWATER_OC4IDS")
"""Folder with the published project-package-schema.json, project-schema.json and codelists."""

TEXT = {"type": "string", "minLength": 1}
MOMENT = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT00:00:00Z$"}
PERIOD = {
    "type": "object", "minProperties": 1, "additionalProperties": False,
    "properties": {"startDate": MOMENT, "endDate": MOMENT, "durationInDays": {"type": "integer", "minimum": 1}},
}  # fmt: skip


def thing(required: str = "", **properties: Any) -> dict[str, Any]:
    """A JSON Schema of an object with these fields and no other, none of them empty."""
    shape = {"type": "object", "minProperties": 1, "additionalProperties": False, "properties": properties}
    return {**shape, "required": required.split()} if required else shape


def some(items: Any) -> dict[str, Any]:
    return {"type": "array", "minItems": 1, "uniqueItems": True, "items": items}


PROJECT = thing(
    "id title description status locations",
    id={"type": "string", "pattern": "^[A-Za-z0-9._~-]+$"},
    updated=MOMENT,
    language={"enum": LANGUAGES},
    identifiers=some(thing("id scheme", id=TEXT, scheme=TEXT)),
    title=TEXT,
    description=TEXT,
    budget=thing(
        "description amount",
        description=TEXT,
        amount=thing(
            "amount currency", amount={"type": "number"}, currency={"type": "string", "pattern": "^[A-Z]{3}$"}
        ),
    ),
    period=PERIOD,
    locations=some(
        thing(
            "id",
            id=TEXT,
            description=TEXT,
            geometry=thing("type coordinates", type=TEXT, coordinates={"type": "array", "minItems": 1}),
            gazetteer=thing("scheme identifiers", scheme={"enum": ["ISO2"]}, identifiers=some(TEXT)),
        )
    ),
    status={"enum": ["identification", "preparation", "implementation"]},
    type={"enum": ["construction", "rehabilitation", "decommissioning"]},
    sector=some(TEXT),
    purpose=TEXT,
    additionalClassifications=some(
        thing("scheme id", scheme={"enum": ["sdgTarget"]}, id={"pattern": r"^\d+\.[0-9a-z]+$"}, description=TEXT)
    ),
    assetLifetime=PERIOD,
)
PACKAGE = thing(
    "uri publisher version projects",
    uri={"type": "string", "pattern": "^urn:uuid:"},
    publishedDate=MOMENT,
    version={"enum": ["0.9"]},
    publisher=thing("name", name=TEXT),
    projects=some(PROJECT),
)
"""What we write of the standard, and nothing beside it."""


@pytest.fixture
def rich(content: ReportContent) -> ReportContent:
    """A plan of two measures, of which one adds a school, and two real projects."""
    options = pd.DataFrame(
        {"option_id": ["o1", "o2", "p1", "p2", "idle"],
         "name": ["Drain road", "A school", "Port", "Water works", "Not chosen"],
         "name_zh": ["道路排水", "学校", None, "水厂", ""],
         "sector": ["transport", "social", "transport", "water", "energy"],
         "kind": ["adapt", "build", "project", "project", "adapt"], "measure_id": ["drain", None, None, None, "drain"],
         "status": [None, "committed", "active", "pipeline", None], "region": [None, None, "North", None, None],
         "initial_cost_usd": [8e5, 2e6, 9e7, None, 1.0], "lifetime_yr": [20, None, 30, None, None],
         "sdg_targets": ["9.1", None, "9.1;11.2", None, None], "sdg_basis": [None, None, "its sector", None, None],
         "source_id": ["roads", "roads", "floods", "nowhere", "roads"]}
    )  # fmt: skip
    changes = pd.DataFrame(
        [("o1", "links", "road", "set", "lanes", "2"), ("o1", "links", "road", "set", "is_paved", "true"),
         ("o2", "assets", "new", "add", "kind", "school"),
         ("o2", "assets", "new", "add", "geometry", "POINT (0.5 0.25)")],
        columns=["option_id", "table", "row_id", "action", "column", "value"],
    )  # fmt: skip
    plans = pd.DataFrame(
        {"plan_id": ["small", "large", "large"], "option_id": ["o1", "o1", "o2"], "start_year": [2026, 2026, 2027],
         "initial_cost_usd": [8e5, 8e5, 2e6], "objective_value": 1.0}
    )  # fmt: skip
    targets = pd.DataFrame({"option_id": ["o1", "o1"], "target": ["9.1", "13.1"], "basis": ["roads", "floods avoided"]})
    tables = {"options": options, "changes": changes, "plans": plans, "sdg_contributions": targets}
    return dataclasses.replace(content, tables={**content.tables, **tables})


def read(content: ReportContent, folder: Path, language: str = "en", prefix: str = "") -> dict[str, Any]:
    path = write_package(content, folder / "projects.json", language=language, prefix=prefix)
    assert path is not None
    return json.loads(path.read_text(encoding="utf-8"))


def projects(content: ReportContent, folder: Path, language: str = "en") -> dict[str, dict[str, Any]]:
    found = read(content, folder, language)["projects"]
    return {project["identifiers"][0]["id"]: project for project in found}


def texts(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for each in value.values():
            yield from texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from texts(each)
    else:
        yield value


@pytest.mark.parametrize("language", LANGUAGES)
def test_package_is_of_the_standard_and_nothing_beside_it(rich: ReportContent, tmp_path: Path, language: str) -> None:
    found = read(rich, tmp_path, language)
    Draft4Validator(PACKAGE).validate(found)
    assert len({project["id"] for project in found["projects"]}) == 4
    assert not {None, ""} & set(texts(found))


@pytest.mark.skipif(OFFICIAL is None, reason="needs the published schema: set HEADWATER_OC4IDS to its folder")
@pytest.mark.parametrize("language", LANGUAGES)
def test_package_is_valid_by_the_published_schema(
    rich: ReportContent, content: ReportContent, tmp_path: Path, language: str
) -> None:
    assert OFFICIAL is not None
    schemas = [json.loads((Path(OFFICIAL) / f"project{part}-schema.json").read_text()) for part in ("-package", "")]
    registry = Registry().with_resources(
        (schema["id"], Resource(contents=schema, specification=DRAFT4)) for schema in schemas
    )
    for each in (rich, content):
        found = read(each, tmp_path, language)
        faults = list(Draft4Validator(schemas[0], registry=registry).iter_errors(found))
        assert faults == []
    known = set(schemas[1]["properties"])
    assert all(set(project) <= known for project in found["projects"])


@pytest.mark.skipif(OFFICIAL is None, reason="needs the published codelists: set HEADWATER_OC4IDS to their folder")
def test_codes_are_in_the_published_codelists() -> None:
    assert OFFICIAL is not None
    lists = {name: set(pd.read_csv(Path(OFFICIAL) / "codelists" / f"{name}.csv")["Code"]) for name in (
        "projectSector", "projectType", "projectStatus", "classificationScheme", "locationGazetteers")}  # fmt: skip
    assert set(SECTORS.values()) | {code for codes in KINDS.values() for code in codes} <= lists["projectSector"]
    assert set(TYPES.values()) <= lists["projectType"]
    assert set(STATUSES.values()) <= lists["projectStatus"]
    assert "sdgTarget" in lists["classificationScheme"]
    assert "ISO2" in lists["locationGazetteers"]


def test_projects_are_the_largest_plan_and_real_projects(rich: ReportContent, tmp_path: Path) -> None:
    assert sorted(projects(rich, tmp_path)) == ["o1", "o2", "p1", "p2"]


def test_what_is_planned_starts_when_the_plan_says(rich: ReportContent, tmp_path: Path) -> None:
    found = projects(rich, tmp_path)
    assert found["o2"]["period"] == {"startDate": "2027-01-01T00:00:00Z"}
    assert "period" not in found["p1"]
    assert found["o1"]["assetLifetime"] == {"startDate": "2027-01-01T00:00:00Z", "endDate": "2046-12-31T00:00:00Z"}
    assert found["p1"]["assetLifetime"] == {"durationInDays": 10_958}
    assert "assetLifetime" not in found["o2"]


def test_status_type_sector_and_money(rich: ReportContent, tmp_path: Path) -> None:
    found = projects(rich, tmp_path)
    assert [found[key]["status"] for key in ("o1", "o2", "p1", "p2")] == [
        "identification", "preparation", "implementation", "preparation",
    ]  # fmt: skip
    assert [found[key].get("type") for key in ("o1", "o2", "p1")] == ["rehabilitation", "construction", None]
    assert [found[key]["sector"] for key in ("o1", "o2", "p1", "p2")] == [
        ["transport", "transport.road"], ["education"], ["transport"], ["waterAndWaste"],
    ]  # fmt: skip
    assert found["o1"]["budget"]["amount"] == {"amount": 800_000.0, "currency": "USD"}
    assert "2020" in found["o1"]["budget"]["description"]
    assert "budget" not in found["p2"]  # unknown is not nothing
    assert "Drainage" in found["o1"]["purpose"]
    assert "purpose" not in found["p1"]


def test_a_proposal_is_not_said_to_be_decided(rich: ReportContent, tmp_path: Path) -> None:
    found = projects(rich, tmp_path)
    assert "not a decision to build" in found["o1"]["description"]
    assert found["p1"]["description"] == "Listed by the study “Two towns”. Source: Floods, Modellers, CC BY 4.0."


def test_places_come_from_what_is_changed_or_added(rich: ReportContent, tmp_path: Path) -> None:
    found = projects(rich, tmp_path)
    line = {"type": "LineString", "coordinates": [[0.0, 0.0], [1.0, 1.0]]}
    assert found["o1"]["locations"] == [{"id": "road", "geometry": line}]
    assert found["o2"]["locations"][0]["geometry"] == {"type": "Point", "coordinates": [0.5, 0.25]}
    assert found["p1"]["locations"] == [{"id": "region", "description": "North"}]
    assert found["p2"]["locations"] == [
        {"id": "country", "description": "Ghana", "gazetteer": {"scheme": "ISO2", "identifiers": ["GH"]}}
    ]


def test_places_are_in_degrees_flat_and_of_kinds_the_standard_knows(rich: ReportContent, tmp_path: Path) -> None:
    shapes = [LineString([(0, 0, 5), (111_319.49079327358, 0, 7)]), GeometryCollection([Point(0, 0)])]
    links = gpd.GeoDataFrame(rich.table("links").drop(columns="geometry"), geometry=shapes, crs=3857)
    changes = pd.concat([rich.table("changes"), rich.table("changes").head(1).assign(option_id="o2", row_id="track")])
    moved = dataclasses.replace(rich, tables={**rich.tables, "links": links, "changes": changes})
    found = projects(moved, tmp_path)
    assert found["o1"]["locations"][0]["geometry"]["coordinates"] == [[0.0, 0.0], [1.0, 0.0]]
    assert [place["id"] for place in found["o2"]["locations"]] == ["new"]


def test_targets_of_option_and_measure_come_once(rich: ReportContent, tmp_path: Path) -> None:
    found = projects(rich, tmp_path)
    targets = [(each["id"], each.get("description")) for each in found["o1"]["additionalClassifications"]]
    assert targets == [("9.1", "roads"), ("13.1", "floods avoided")]
    assert [each["id"] for each in found["p1"]["additionalClassifications"]] == ["9.1", "11.2"]
    assert "additionalClassifications" not in found["o2"]


def test_identifiers_take_the_prefix_of_the_publisher(rich: ReportContent, tmp_path: Path) -> None:
    given = {project["id"] for project in read(rich, tmp_path, prefix="oc4ids-qu8r7p")["projects"]}
    own = {project["id"] for project in read(rich, tmp_path)["projects"]}
    assert "oc4ids-qu8r7p-o1" in given
    assert "hw-GHA-toy-o1" in own


@pytest.mark.parametrize("name", ["a b", "../../etc", "道路", "<b>", "a/b?c=d#e", "\t", '"'])
def test_bad_names_make_sound_identifiers_and_keep_the_name(rich: ReportContent, tmp_path: Path, name: str) -> None:
    swap = {name_: table.replace("o1", name) for name_, table in rich.tables.items() if name_ in ("options", "plans")}
    found = read(dataclasses.replace(rich, tables={**rich.tables, **swap}), tmp_path)
    Draft4Validator(PACKAGE).validate(found)
    mine = [project for project in found["projects"] if project["identifiers"][0]["id"] == name]
    assert len(mine) == 1
    assert re.fullmatch(r"hw-GHA-toy-[A-Za-z0-9._~-]*-[0-9a-f]{8}", mine[0]["id"])


def test_language_is_that_of_the_reader(rich: ReportContent, tmp_path: Path) -> None:
    found = projects(rich, tmp_path, "zh")
    assert found["o1"]["title"] == "道路排水"
    assert found["p1"]["title"] == "Port"
    assert {project["language"] for project in found.values()} == {"zh"}
    assert "两座城镇" in found["o1"]["description"]


def test_an_unknown_currency_makes_no_budget(rich: ReportContent, tmp_path: Path) -> None:
    odd = dataclasses.replace(rich, header=dataclasses.replace(rich.header, currency="gold"))
    assert not any("budget" in project for project in read(odd, tmp_path)["projects"])


def test_without_a_project_no_file_is_written(content: ReportContent, tmp_path: Path) -> None:
    bare = dataclasses.replace(content, tables={})
    assert package(bare) is None
    assert write_package(bare, tmp_path / "p.json", language="en") is None
    assert list(tmp_path.iterdir()) == []


def test_without_a_plan_only_real_projects_are_listed(rich: ReportContent, tmp_path: Path) -> None:
    tables = {name: table for name, table in rich.tables.items() if name not in ("plans", "plan_summaries")}
    assert sorted(projects(dataclasses.replace(rich, tables=tables), tmp_path)) == ["p1", "p2"]


def test_a_package_of_a_thousand_projects(rich: ReportContent, tmp_path: Path) -> None:
    ids = [f"option_{i:04}" for i in range(1000)]
    options = pd.DataFrame({"option_id": ids, "name": ids, "sector": "transport", "kind": "project"})
    points = MultiPoint([(i / 10, i / 20) for i in range(20)])
    assets = gpd.GeoDataFrame({"asset_id": ids, "name": ids, "sector": "transport", "kind": "road_node"},
                              geometry=[points] * 1000, crs=4326)  # fmt: skip
    changes = pd.DataFrame({"option_id": ids, "table": "assets", "row_id": ids, "action": "set", "column": "capacity"})
    tables = {**rich.tables, "options": options, "assets": assets, "changes": changes, "plans": pd.DataFrame()}
    path = write_package(dataclasses.replace(rich, tables=tables), tmp_path / "p.json", language="en")
    assert path is not None
    assert path.stat().st_size < 3_000_000
    Draft4Validator(PACKAGE).validate(json.loads(path.read_text(encoding="utf-8")))


def test_the_same_run_makes_the_same_package(rich: ReportContent) -> None:
    assert package(rich) == package(rich)


def test_every_sector_kind_and_status_of_options_is_thought_of() -> None:
    rules = load_schema("options")["rule"].str.removeprefix("one of ")
    assert set(SECTORS) | {"social", "multi"} == set(rules["sector"].split("|"))
    assert set(TYPES) | {"project"} == set(rules["kind"].split("|"))
    assert set(STATUSES) - {""} == set(rules["status"].split("|"))
    assert sector_codes("energy", ["hydropower_plant", "grid_node"]) == ["energy", "energy.hydropower"]
