"""Study folders on disk: what each kind of file becomes, where it lies, and what is said when it is not one."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import Point

from headwater import schema
from headwater.errors import Fault, InputError, NotFound, TableError
from headwater.settings import MODES, parse_header
from headwater.store import studies

Edit = Callable[[Path, Callable[[pd.DataFrame], pd.DataFrame | None]], None]


def read(folder: Path, name: str) -> pd.DataFrame:
    tables, found = studies.read_tables(folder, studies.read_header(folder))
    assert found == []
    return tables[name]


def places(folder: Path) -> list[tuple[str, int | None, str]]:
    """File, row and column of each thing that cannot be read."""
    found = studies.read_tables(folder, studies.read_header(folder))[1]
    return [(fault.file, fault.row, fault.column) for fault in found]


# --- the header ---------------------------------------------------------------------------------------------------


def test_header_is_read(toy_study: Path) -> None:
    header = studies.read_header(toy_study)
    assert header.study_id == "toytown"
    assert header.title["zh"] == "玩具镇：虚构的地区"
    assert [service.service_id for service in header.services] == ["hospital"]


def test_what_is_not_a_study_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="There is no folder"):
        studies.read_header(tmp_path / "nowhere")
    with pytest.raises(NotFound, match="is not a study"):
        studies.read_header(tmp_path)


@pytest.mark.parametrize("content", [b"[study", b"\xff\xfe", b"a = 1\na = 2\n"])
def test_header_that_is_not_toml(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "study.toml").write_bytes(content)
    with pytest.raises(InputError, match=r"study\.toml is not valid TOML"):
        studies.read_header(tmp_path)


# --- tables -------------------------------------------------------------------------------------------------------


def test_tables_come_typed_placed_and_whole(toy_study: Path) -> None:
    assets, links, layers = (read(toy_study, name) for name in ("assets", "links", "hazard_layers"))
    assert isinstance(assets, gpd.GeoDataFrame)
    assert assets.crs == "EPSG:4326"
    assert assets["replacement_cost_usd"].dtype == "float64"
    assert links["lanes"].dtype == "Int64"
    assert links["is_paved"].dtype == "boolean"
    assert layers["epoch"].tolist() == [2000, 2000, 2050, 2050, 2050]
    for name in studies.INPUT_TABLES:
        table = read(toy_study, name)
        optional = set(schema.load_schema(name).index)
        assert optional <= set(table.columns)


def test_text_nan_and_na_are_text_and_blank_is_missing(toy_study: Path, edit: Edit) -> None:
    """Namibia's code is NA."""
    edit(toy_study / "sources.csv", lambda t: t.assign(title="NA", url=""))
    sources = read(toy_study, "sources")
    assert sources["title"].tolist() == ["NA"]
    assert sources["url"].isna().all()


@pytest.mark.parametrize("name", [n for n in studies.INPUT_TABLES if n not in studies.REQUIRED_TABLES])
def test_table_that_may_be_absent_is_empty_and_placed(toy_study: Path, name: str) -> None:
    (toy_study / f"{name}.csv").unlink(missing_ok=True)
    table = read(toy_study, name)
    assert len(table) == 0
    assert list(table.columns) == list(schema.load_schema(name).index)
    assert isinstance(table, gpd.GeoDataFrame) == ("geometry" in table.columns)


@pytest.mark.parametrize("name", studies.REQUIRED_TABLES)
def test_table_that_must_be_there(toy_study: Path, name: str) -> None:
    (toy_study / f"{name}.csv").unlink()
    tables, found = studies.read_tables(toy_study, studies.read_header(toy_study))
    assert name not in tables
    assert [(fault.file, fault.problem) for fault in found] == [(name, "the study has no such table")]
    with pytest.raises(TableError, match=f"add {name}.csv"):
        studies.load_tables(toy_study, studies.read_header(toy_study))


def test_byte_order_mark_of_a_spreadsheet_is_no_letter(toy_study: Path) -> None:
    path = toy_study / "zones.csv"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert read(toy_study, "zones")["zone_id"].iloc[0] == "toy"


@pytest.mark.parametrize("suffix", [".parquet", ".gpkg"])
def test_geometry_in_another_crs_is_moved_to_the_study_s(toy_study: Path, suffix: str) -> None:
    zones = read(toy_study, "zones")
    (toy_study / "zones.csv").unlink()
    moved = zones.dropna(subset="geometry").to_crs("EPSG:32631")
    if suffix == ".parquet":
        moved.to_parquet(toy_study / "zones.parquet")
    else:
        moved[moved["kind"] == "settlement"].to_file(toy_study / "zones.gpkg", layer="zones", engine="pyogrio")
    back = read(toy_study, "zones").set_index("zone_id")
    assert back.crs == "EPSG:4326"
    assert back.at["alder", "geometry"].distance(Point(5.005, 1.005)) < 1e-9
    assert back.at["alder", "population"] == 1000


def test_text_is_in_the_study_s_crs(toy_study: Path) -> None:
    path = toy_study / "study.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("EPSG:4326", "EPSG:32631"), encoding="utf-8")
    assets = read(toy_study, "assets")
    assert assets.crs == "EPSG:32631"
    assert assets.geometry.iloc[0] == Point(5.005, 1.005)


def test_parquet_without_geometry_is_read(toy_study: Path) -> None:
    measures = read(toy_study, "measures")
    (toy_study / "measures.csv").unlink()
    measures.to_parquet(toy_study / "measures.parquet")
    pd.testing.assert_frame_equal(read(toy_study, "measures"), measures, check_dtype=False)


def test_empty_geometry_is_a_missing_one(toy_study: Path, edit: Edit) -> None:
    edit(toy_study / "assets.csv", lambda t: t.assign(geometry=["POINT EMPTY", *t["geometry"][1:]]))
    assert read(toy_study, "assets")["geometry"].iloc[0] is None


# --- what cannot be read ------------------------------------------------------------------------------------------


def test_geometry_of_a_file_must_have_a_crs(toy_study: Path) -> None:
    zones = read(toy_study, "zones")
    (toy_study / "zones.csv").unlink()
    zones.set_crs(None, allow_override=True).to_parquet(toy_study / "zones.parquet")
    assert places(toy_study) == [("zones.parquet", None, "geometry")]


def test_unknown_crs_is_told_once(toy_study: Path) -> None:
    path = toy_study / "study.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("EPSG:4326", "Atlantis"), encoding="utf-8")
    assert places(toy_study) == [("study.toml", None, "study.crs")]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("zones.parquet", b"zone_id,name\n"), ("zones.parquet", b""), ("zones.gpkg", b"PK\x03\x04"),
        ("zones.gpkg", b""), ("zones.csv", b""), ("zones.csv", b"\x89PNG\r\n\x1a\n\xff"), ("zones.csv", b"zone_id\0"),
        ("zones.csv", b"zone_id,name\nx,y,z,u\n"), ("zones.csv", b"zone_id\nx,y\n"),
    ],
)  # fmt: skip
def test_file_that_is_not_what_its_name_says(toy_study: Path, name: str, content: bytes) -> None:
    (toy_study / "zones.csv").unlink()
    (toy_study / name).write_bytes(content)
    tables, found = studies.read_tables(toy_study, studies.read_header(toy_study))
    assert [(fault.file, fault.row, fault.column) for fault in found] == [(name, None, "")]
    assert found[0].remedy == "check that the file is whole and is what its name says"
    assert "zones" not in tables


def test_geopackage_cut_short(toy_study: Path) -> None:
    zones = read(toy_study, "zones").dropna(subset="geometry")
    (toy_study / "zones.csv").unlink()
    path = toy_study / "zones.gpkg"
    zones[zones["kind"] == "settlement"].to_file(path, layer="zones", engine="pyogrio")
    path.write_bytes(path.read_bytes()[:5000])
    assert places(toy_study) == [("zones.gpkg", None, "")]


@pytest.mark.parametrize("left", ["links.csv.part", "hazard.tmp"])
def test_half_written_file_is_told(toy_study: Path, left: str) -> None:
    (toy_study / left).touch()
    assert places(toy_study) == [(left, None, "")]


def test_table_that_is_there_twice_or_under_no_known_name(toy_study: Path) -> None:
    read(toy_study, "measures").to_parquet(toy_study / "measures.parquet")
    (toy_study / "zone.csv").write_text("zone_id\n")
    assert places(toy_study) == [("measures.csv, measures.parquet", None, ""), ("zone.csv", None, "")]


def test_other_files_are_none_of_our_business(toy_study: Path) -> None:
    (toy_study / "SOURCES.md").write_text("# Sources")
    (toy_study / "notes.txt").touch()
    assert places(toy_study) == []


def test_faults_take_the_name_of_the_file(toy_study: Path) -> None:
    faults = [Fault("zones", 2, "name", "", "p", "r"), Fault("study.toml", None, "x", "", "p", "r")]
    named = studies.with_file_names(faults, toy_study)
    assert [fault.file for fault in named] == ["zones.csv", "study.toml"]


def test_input_files_are_those_results_depend_on(toy_study: Path) -> None:
    (toy_study / "SOURCES.md").touch()
    names = [str(path.relative_to(toy_study)) for path in studies.input_files(toy_study)]
    assert names == sorted(names)
    assert {"study.toml", "assets.csv", "hazards/drought_2050_rcp8p5.tif"} <= set(names)
    assert "SOURCES.md" not in names


# --- new ----------------------------------------------------------------------------------------------------------


def test_new_study_is_read_as_it_is(tmp_path: Path) -> None:
    made = studies.new_study(tmp_path / "a" / "malawi", iso3="MWI", year=2026)
    assert {path.name for path in made} == {"study.toml", *(f"{name}.csv" for name in studies.INPUT_TABLES)}
    header = studies.read_header(tmp_path / "a" / "malawi")
    assert (header.study_id, header.iso3, header.base_year, header.horizon_year) == ("malawi", "MWI", 2026, 2051)
    tables, found = studies.read_tables(tmp_path / "a" / "malawi", header)
    assert found == []
    assert all(len(table) == 0 for table in tables.values())


def test_template_names_only_assumptions_and_sections_that_exist() -> None:
    """The commented parts too: somebody will uncomment them."""
    text = studies.TEMPLATE.format(name="x", id="x", iso3="MWI", year=2025, horizon=2050)
    uncommented = "\n".join(
        line.removeprefix("# ") if line.startswith(("# [", "# ")) else line for line in text.splitlines()[1:]
    )
    header = parse_header(tomllib.loads(uncommented.replace('source_id = ""', 'source_id = "s"')))
    assert header.gives("discount_rate")
    assert header.budgets
    assert {service.mode for service in header.services} == set(MODES)
    assert header.limits


def test_rows_that_the_template_shows_are_sound() -> None:
    shown: dict[str, list[str]] = {}
    for line in studies.TEMPLATE.splitlines():
        if line.startswith("## ") and ".csv:" in line:
            name = line[3:].partition(".csv:")[0]
        elif line.startswith("##   "):
            shown.setdefault(name, []).append(line[5:])
    assert set(shown) == {
        "dependency_rules", "fragility", "recovery", "unit_values", "flows", "uncertainties", "plan_rules", "funding",
        "risks", "risk_bearers",
    }  # fmt: skip
    for name, lines in shown.items():
        table, found = schema.parse(pd.read_csv(StringIO("\n".join(lines)), dtype=str), name)
        assert found + schema.faults(table, name) == []


@pytest.mark.parametrize("name", ["Côte d'Ivoire", 'a "quoted" name', "with space"])
def test_odd_folder_names_give_sound_names_of_studies(tmp_path: Path, name: str) -> None:
    studies.new_study(tmp_path / name, iso3="CIV", year=2025)
    study_id = studies.read_header(tmp_path / name).study_id
    assert study_id
    assert not set(study_id) & set(" '\"/\\")


@pytest.mark.parametrize("is_there", [False, True])
def test_failure_leaves_no_half_study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_there: bool) -> None:
    def full(*_arguments: object, **_options: object) -> None:
        raise OSError("No space left on device")

    folder = tmp_path / "new"
    if is_there:
        folder.mkdir()
    monkeypatch.setattr(studies, "_write_templates", full)
    with pytest.raises(OSError, match="No space"):
        studies.new_study(folder, iso3="MWI", year=2025)
    assert [path.name for path in tmp_path.iterdir()] == (["new"] if is_there else [])
    assert not is_there or not list(folder.iterdir())


def test_new_refuses_a_file_and_a_full_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for folder in (tmp_path, tmp_path / "file"):
        with pytest.raises(InputError, match="nothing was written"):
            studies.new_study(folder, iso3="MWI", year=2025)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_numbers_in_parquet_keep_their_value(toy_study: Path) -> None:
    zones = read(toy_study, "zones")
    (toy_study / "zones.csv").unlink()
    zones.assign(population=zones["population"].astype("float32")).to_parquet(toy_study / "zones.parquet")
    np.testing.assert_array_equal(read(toy_study, "zones")["population"], zones["population"])
