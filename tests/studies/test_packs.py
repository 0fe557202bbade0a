"""The study packs that ship: counts and sums of their documentation, schemas, sources, licences, sizes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest
import rasterio
import shapely
from rasterio.features import geometry_mask

from headwater import schema
from headwater.settings import StudyHeader
from headwater.store.studies import load_tables, read_header

STUDIES = Path(__file__).parents[2] / "studies"
PACKS = ("djibouti", "ghana", "mongolia")
EARTH = pyproj.Geod(ellps="WGS84")
USED_WHILE_BUILDING = {"geonames", "natural_earth", "thacker_2019", "ghana_adaptation_code"}
"""Sources of an outline, a rule and a unit cost: no row of a table is theirs."""
Tables = Mapping[str, pd.DataFrame]


@cache
def pack(name: str) -> tuple[StudyHeader, Tables]:
    folder = STUDIES / name
    header = read_header(folder)
    return header, load_tables(folder, header)


def tables(name: str) -> Tables:
    return pack(name)[1]


def assets(name: str, kind: str) -> pd.DataFrame:
    found = tables(name)["assets"]
    return found[found["kind"] == kind]


def links(name: str, kind: str) -> pd.DataFrame:
    found = tables(name)["links"]
    return found[found["kind"].str.startswith(kind)]


def zones(name: str, kind: str) -> pd.DataFrame:
    found = tables(name)["zones"]
    return found[found["kind"] == kind]


def geodesic_m(shapes: gpd.GeoSeries) -> np.ndarray:
    return np.array([EARTH.geometry_length(shape) for shape in shapes])


# --- every pack ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PACKS)
def test_every_table_obeys_its_schema(name: str) -> None:
    found = [f for table, rows in tables(name).items() for f in schema.faults(rows, table, others=tables(name))]
    assert found == []


@pytest.mark.parametrize("name", PACKS)
def test_a_pack_is_under_a_megabyte(name: str) -> None:
    assert sum(path.stat().st_size for path in (STUDIES / name).rglob("*") if path.is_file()) < 1_000_000


@pytest.mark.parametrize("name", PACKS)
def test_every_source_has_a_licence_and_is_used(name: str) -> None:
    header, found = pack(name)
    sources = found["sources"]
    used = {s for n, table in found.items() if n != "sources" and "source_id" in table for s in table["source_id"]}
    used |= {part.source_id for part in (*header.assumptions.values(), *header.services)}
    assert sources["licence"].notna().all()
    assert set(sources["source_id"]) - used <= USED_WHILE_BUILDING


@pytest.mark.parametrize("name", PACKS)
def test_assumptions_name_known_sources_and_say_why(name: str) -> None:
    header, found = pack(name)
    for assumption in header.assumptions.values():
        assert assumption.source_id == "" or assumption.source_id in set(found["sources"]["source_id"])
        assert {"en", "zh"} <= set(assumption.note)
        if assumption.low is not None and assumption.high is not None:
            assert assumption.low <= assumption.value <= assumption.high


@pytest.mark.parametrize("name", PACKS)
def test_words_come_in_english_and_chinese(name: str) -> None:
    header, found = pack(name)
    said = [header.title, header.summary, *header.limits, *header.scenarios.values()]
    said += [part.name for part in (*header.budgets, *header.services)]
    assert all(words["en"] and re.search(r"[\u4e00-\u9fff]|RCP", words["zh"]) for words in said)
    assert len(header.limits) >= 5
    for table in ("options", "measures"):
        assert found[table]["name_zh"].notna().all() if len(found[table]) else True


@pytest.mark.parametrize("name", PACKS)
def test_sources_page_and_notice_attribute_every_source(name: str) -> None:
    page = (STUDIES / name / "SOURCES.md").read_text(encoding="utf-8")
    notice = " ".join((STUDIES.parent / "NOTICE").read_text(encoding="utf-8").split())
    blocks = re.split(r"^## ", page, flags=re.MULTILINE)[1:]
    assert [block.splitlines()[0] for block in blocks] == tables(name)["sources"]["source_id"].tolist()
    for block in blocks:
        licence, attribution = (re.search(rf"- {w} / \S+: (.+)", block) for w in ("Licence", "Attribution"))
        assert licence is not None
        assert attribution is not None
        owner = re.split(r"[,;]| \(", attribution[1])[0]
        if "cited" not in licence[1] and not owner.startswith("Headwater"):
            assert owner in notice


@pytest.mark.parametrize("name", PACKS)
def test_rasters_are_those_of_the_catalogue_and_cover_their_country(name: str) -> None:
    layers = tables(name)["hazard_layers"]
    files = {f"hazards/{path.name}" for path in (STUDIES / name / "hazards").iterdir()}
    assert files == set(layers["file"])
    shapes = tables(name)["links"].geometry.total_bounds
    for file in files:
        with rasterio.open(STUDIES / name / file) as raster:
            assert raster.crs.to_epsg() == 4326
            assert raster.nodata is not None
            bounds = shapely.box(*raster.bounds)
            assert bounds.buffer(0.05).covers(shapely.box(*shapes))


@pytest.mark.parametrize("name", PACKS)
def test_settlements_and_regions_are_kept_apart(name: str) -> None:
    found = tables(name)["zones"]
    assert set(found["kind"]) <= {"settlement", "region"}
    if (found["kind"] == "region").any():
        settled = found[found["kind"] == "settlement"]
        assert settled["parent_zone_id"].isin(zones(name, "region")["zone_id"]).all()


# --- Djibouti --------------------------------------------------------------------------------------------------------


def test_djibouti_roads() -> None:
    roads = links("djibouti", "road")
    assert (len(roads), len(assets("djibouti", "road_node"))) == (652, 513)
    assert roads["length_m"].sum() / 1000 == pytest.approx(927, abs=0.5)
    np.testing.assert_allclose(geodesic_m(roads.geometry), roads["length_m"], rtol=1e-6)


def test_djibouti_costs_count_lanes_once() -> None:
    """open-gira @3acb87d: `edge_0` one lane at 385,812 to 420,000 USD/km/lane; `edge_1` two at 440,000 to 466,370."""
    roads = links("djibouti", "road").set_index("link_id")
    cost = "replacement_cost_usd_per_km"
    assert roads.loc["edge_0", [f"{cost}_low", cost, f"{cost}_high"]].tolist() == [385_812, 402_906, 420_000]
    assert roads.loc["edge_1", [f"{cost}_low", cost, f"{cost}_high"]].tolist() == [880_000, 906_370, 932_740]
    assert roads.loc["edge_1", "speed_km_per_h"] == 110


def test_djibouti_people_and_clinics() -> None:
    settlements = zones("djibouti", "settlement")
    assert len(settlements) == 1473
    assert settlements["population"].sum() == pytest.approx(878_310, abs=1)
    kinds = tables("djibouti")["assets"]["kind"].value_counts()
    assert kinds.reindex(["hospital", "health_post", "community_health_unit", "oil_power"]).tolist() == [13, 41, 12, 1]


def test_djibouti_floods_are_nine_return_periods_of_one_model() -> None:
    layers = tables("djibouti")["hazard_layers"]
    assert layers["return_period_yr"].tolist() == [2, 5, 10, 25, 50, 100, 250, 500, 1000]
    assert layers[["hazard", "scenario", "model", "epoch", "unit"]].drop_duplicates().to_numpy().tolist() == [
        ["river_flood", "rcp4p5", "MIROC-ESM-CHEM", 2030, "m"]
    ]


def test_djibouti_dry_roads_stay_open_and_every_road_has_a_threshold() -> None:
    """Pregnolato et al. (2017): 0.3 m of standing water stops cars."""
    fragility = tables("djibouti")["fragility"]
    assert (fragility["fails_from_low"] > 0).all()
    assert set(fragility["fails_from_high"]) == {0.3}
    assert set(fragility["kind"]) == set(links("djibouti", "road")["kind"])


def test_djibouti_depths_grow_with_the_return_period() -> None:
    means = []
    for file in tables("djibouti")["hazard_layers"]["file"]:
        with rasterio.open(STUDIES / "djibouti" / file) as raster:
            depths = raster.read(1, masked=True)
        means.append(float(depths.mean()))
        assert depths.min() >= 0
    assert means == sorted(means)
    assert means[-1] > means[0]


def test_djibouti_measures() -> None:
    measures = tables("djibouti")["measures"].set_index("measure_id")
    assert len(measures) == 6
    assert measures.loc["upgrade_to_paved", ["cost_basis", "applies_to_paved"]].tolist() == ["lane_km", "no"]
    assert measures.loc["drainage", "applies_to_paved"] == "yes"
    assert measures.loc["flood_wall", "protection_return_period_yr"] == 20
    assert measures["becomes_paved"].tolist().count(True) == 1
    assert measures["protection_return_period_yr"].isna().sum() == 2
    assert measures.loc["swales", "initial_cost_usd_per_unit"] == 13_430


# --- Ghana -----------------------------------------------------------------------------------------------------------


def test_ghana_networks() -> None:
    roads, rail = links("ghana", "road"), links("ghana", "rail")
    assert (len(assets("ghana", "road_node")), len(roads)) == (293, 410)
    assert roads["length_m"].sum() / 1000 == pytest.approx(6558, abs=0.5)
    assert pd.concat([roads["from_asset_id"], roads["to_asset_id"]]).nunique() == 291
    assert (len(assets("ghana", "rail_node")), len(rail)) == (20, 17)


def test_ghana_people() -> None:
    regions = zones("ghana", "region")
    assert (len(regions), len(zones("ghana", "settlement"))) == (16, 120)
    assert regions["population"].sum() == 30_832_019
    assert (regions["population_female"] + regions["population_male"] == regions["population"]).all()


def test_ghana_power() -> None:
    hydropower, gas = assets("ghana", "hydropower"), assets("ghana", "gas_power")
    assert (len(hydropower), hydropower["capacity"].sum()) == (3, 1598)
    assert (len(gas), gas["capacity"].sum()) == (13, 2865)
    lines = assets("ghana", "interconnector").set_index("asset_id")["capacity"]
    assert lines.tolist() == [450, 100, 280, 438]
    assert [i.rpartition("_")[2] for i in lines.index] == ["ben", "bfa", "civ", "tgo"]


def test_ghana_demand_is_the_national_peak() -> None:
    """2022 Electricity Supply Plan: 3,246.0 MW on 8 December 2021; shared over the 30,832,019 people of 2022."""
    service = next(s for s in pack("ghana")[0].services if s.service_id == "electricity")
    settled = zones("ghana", "settlement")["population"].sum()
    assert service.demand_per_person == pytest.approx(3246.0 / 30_832_019, rel=1e-6)
    assert settled * service.demand_per_person + service.demand_elsewhere == pytest.approx(3246.0, abs=0.01)
    supply = sum(assets("ghana", kind)["capacity"].sum() for kind in service.facility_kinds)
    dry = supply - assets("ghana", "hydropower")["capacity"].sum()
    assert dry < 3246 < supply == 4463  # a drought of every dam leaves a shortage; otherwise there is enough


def test_ghana_power_lines_are_fed_at_one_place_in_each_part() -> None:
    nx = pytest.importorskip("networkx")
    lines, infeeds = links("ghana", "power_line"), assets("ghana", "grid_infeed")
    nodes = pd.concat([assets("ghana", "grid_node"), infeeds])
    assert (len(nodes), len(infeeds), len(lines)) == (674, 8, 691)
    assert lines["source_id"].value_counts().to_dict() == {"gridfinder": 514, "osm_gridfinder": 177}
    graph = nx.Graph(list(zip(lines["from_asset_id"], lines["to_asset_id"], strict=True)))
    assert set(graph) == set(nodes["asset_id"])
    fed = set(infeeds["asset_id"])
    assert [len(fed.intersection(part)) for part in nx.connected_components(graph)] == [1] * 8
    assert infeeds["name"].str.startswith("Assumed infeed").all()
    assert infeeds.geometry.y.between(9.44, 9.65).all()
    np.testing.assert_allclose(geodesic_m(lines.geometry), lines["length_m"], atol=0.6)


def test_ghana_power_lines_lead_to_the_towns_and_hospitals_of_the_north() -> None:
    reach = next(s.max_distance_m for s in pack("ghana")[0].services if s.service_id == "electricity")
    nodes = shapely.get_coordinates(pd.concat([assets("ghana", k) for k in ("grid_node", "grid_infeed")])["geometry"])
    for places, expected in ((zones("ghana", "settlement"), 9), (assets("ghana", "water_supply_dam"), 1)):
        here = shapely.get_coordinates(places["geometry"].to_numpy())
        x1, x2 = np.meshgrid(here[:, 0], nodes[:, 0], indexing="ij")
        y1, y2 = np.meshgrid(here[:, 1], nodes[:, 1], indexing="ij")
        assert (np.asarray(EARTH.inv(x1, y1, x2, y2)[2]).min(axis=1) <= reach).sum() == expected


def test_ghana_exchanges_are_stand_ins_and_say_so() -> None:
    exchanges = assets("ghana", "exchange_proxy")
    assert len(exchanges) == len(zones("ghana", "settlement")) == 120
    assert exchanges["name"].str.startswith("Proxy: exchange of ").all()
    assert set(exchanges["source_id"]) == {"headwater_proxy"}


def test_ghana_dependencies_and_repairs_are_marked_as_judgements() -> None:
    rules, recovery = tables("ghana")["dependency_rules"], tables("ghana")["recovery"]
    assert (len(rules), len(recovery)) == (4, 10)
    assert set(rules["basis"]) | set(recovery["basis"]) == {"judgement"}
    assert rules.set_index("rule_id")["is_on"].to_dict() == {
        "hospital_electricity": True, "exchange_electricity": True, "dam_electricity": True, "hospital_water": False,
    }  # fmt: skip
    assert rules[["note", "note_zh"]].notna().all(axis=None)
    assert set(rules["service"]) <= {s.service_id for s in pack("ghana")[0].services}


@pytest.mark.parametrize(
    ("name", "table", "value"),
    [
        ("ghana", "dependency_rules", "backup_h"), ("ghana", "recovery", "repair_h"),
        ("djibouti", "recovery", "repair_h"), ("djibouti", "fragility", "fails_from"),
    ],
)  # fmt: skip
def test_bounds_enclose_the_likeliest_value(name: str, table: str, value: str) -> None:
    rows = tables(name)[table]
    assert (rows[f"{value}_low"] <= rows[value]).all()
    assert (rows[value] <= rows[f"{value}_high"]).all()


def test_ghana_other_assets() -> None:
    kinds = tables("ghana")["assets"]["kind"].value_counts()
    assert kinds.reindex(["airport", "port", "hospital"]).tolist() == [8, 5, 178]
    health = tables("ghana")["assets"]["asset_id"].str.startswith("gha_health_")
    assert health.sum() == 1960
    assert assets("ghana", "hospital").geometry.notna().all()


def test_ghana_drought_layers_have_values_at_every_power_and_water_asset() -> None:
    dry = pd.concat([assets("ghana", "hydropower"), assets("ghana", "water_supply_dam")])
    assert len(dry) == 5
    for file in tables("ghana")["hazard_layers"]["file"]:
        with rasterio.open(STUDIES / "ghana" / file) as raster:
            values = np.array(list(raster.sample(shapely.get_coordinates(dry.geometry.to_numpy()))))
        assert ((values >= 0) & (values <= 1)).all()


@pytest.mark.parametrize(("name", "cells"), [("ghana", [102, 102, 107]), ("mongolia", [834, 834, 835])])
def test_drought_cells_of_the_country(name: str, cells: list[int], shared_data: Path) -> None:
    file = {"ghana": "gha-admin-population/gha_admin.gpkg", "mongolia": "mng-admin-population/mng_admin.gpkg"}[name]
    country = gpd.read_file(shared_data / file, layer="adm0").geometry.iloc[0]
    counted = []
    for layer in tables(name)["hazard_layers"]["file"]:
        with rasterio.open(STUDIES / name / layer) as raster:
            held = raster.read(1)
            outside = geometry_mask([country], held.shape, raster.transform, all_touched=True)
        counted.append(int((~np.isnan(held) & ~outside).sum()))
    assert counted == cells


@pytest.mark.parametrize("name", ["ghana", "mongolia"])
def test_eleven_hazards_are_classed(name: str) -> None:
    assert len(tables(name)["hazard_classes"]) == 11


def test_ghana_classes_are_those_of_the_source() -> None:
    """Row GHA of thinkhazard_country_levels.csv: HIG HIG HIG MED no-data LOW no-data VLO HIG HIG HIG."""
    levels = tables("ghana")["hazard_classes"].set_index("hazard")["level"]
    assert levels["river_flood"] == "high"
    assert levels[["earthquake", "landslide", "tropical_cyclone"]].tolist() == ["medium", "no_data", "very_low"]


def test_ghana_projects() -> None:
    options = tables("ghana")["options"]
    projects = options[options["kind"] == "project"]
    assert projects["status"].value_counts().to_dict() == {"active": 31, "pipeline": 3}
    assert (projects["initial_cost_usd"] > 0).all()
    assert projects["sdg_basis"].str.contains("Headwater's judgement", regex=False).all()
    assert projects["sdg_targets"].isna().sum() == 2
    assert projects.loc[projects["sdg_targets"].isna(), "sdg_basis"].str.startswith("No target assigned").all()


def test_ghana_additional_financing_is_not_counted_twice() -> None:
    """GAMA: US$ 150 m, then 125 m and 30 m more; the parent's published commitment of 305 m holds all three."""
    options = tables("ghana")["options"].set_index("option_id")
    family = options.loc[["P119063", "P171620", "P181702"]]
    assert family["initial_cost_usd"].tolist() == [150e6, 125e6, 30e6]
    assert family["requires_option_id"].tolist()[1:] == ["P119063", "P119063"]


@pytest.mark.parametrize("name", ["ghana", "mongolia"])
def test_targets_are_official(name: str, shared_data: Path) -> None:
    official = pd.read_csv(shared_data / "standards-oc4ids-sdg-m49/sdg_targets_indicators_2023.csv", dtype=str)
    assigned = tables(name)["options"]["sdg_targets"].dropna().str.split(";").explode()
    assert set(assigned) <= set(official["TargetsNumber"])


# --- second roads ----------------------------------------------------------------------------------------------------


def second_roads() -> tuple[pd.DataFrame, pd.DataFrame]:
    options, changes = tables("ghana")["options"], tables("ghana")["changes"]
    added = changes.pivot_table(index="option_id", columns="column", values="value", aggfunc="first")
    return options[options["kind"] == "build"].set_index("option_id"), added


def test_second_roads_cost_their_length() -> None:
    options, added = second_roads()
    lines = gpd.GeoSeries.from_wkt(added["geometry"])
    metres = geodesic_m(lines)
    np.testing.assert_allclose(metres, added["length_m"].astype(float), atol=1)
    np.testing.assert_allclose(options["initial_cost_usd"].reindex(added.index), metres / 1000 * 2 * 500_000, rtol=1e-3)
    assert added["lanes"].eq("2").all()


def test_second_roads_mend_the_gap_they_are_for() -> None:
    nx = pytest.importorskip("networkx")
    options, added = second_roads()
    roads = links("ghana", "road")
    whole = nx.Graph(list(zip(roads["from_asset_id"], roads["to_asset_id"], strict=True)))
    assert 10 <= len(options) <= 20
    for option, row in added.iterrows():
        a, b = (f"gha_road_node_{n}" for n in options.at[option, "exclusive_group"].split("_")[1:])
        cut = nx.restricted_view(whole, [], [(a, b)])
        assert not nx.has_path(cut, a, b)
        mended = nx.Graph(cut)
        mended.add_edge(row["from_asset_id"], row["to_asset_id"])
        assert nx.has_path(mended, a, b)


def test_second_roads_apart_end_ten_kilometres_from_the_gap() -> None:
    options, added = second_roads()
    node = assets("ghana", "road_node").set_index("asset_id").geometry
    apart = [o for o in options.index if o.endswith("_apart")]
    assert apart
    for option in apart:
        ends = [node[f"gha_road_node_{n}"] for n in options.at[option, "exclusive_group"].split("_")[1:]]
        far = node[added.at[option, "to_asset_id"]]
        assert min(EARTH.inv(end.x, end.y, far.x, far.y)[2] for end in ends) >= 10_000


# --- Mongolia --------------------------------------------------------------------------------------------------------


def test_mongolia_networks() -> None:
    roads, rail = links("mongolia", "road"), links("mongolia", "rail")
    assert (len(assets("mongolia", "road_node")), len(roads)) == (135, 186)
    assert roads["length_m"].sum() / 1000 == pytest.approx(8370, abs=0.5)
    assert (len(assets("mongolia", "rail_node")), len(rail)) == (44, 39)
    assert rail["length_m"].sum() / 1000 == pytest.approx(1129, abs=0.5)


def test_mongolia_people_power_and_projects() -> None:
    assert (len(zones("mongolia", "region")), len(zones("mongolia", "settlement"))) == (22, 332)
    assert zones("mongolia", "region")["population"].sum() == 3_253_283
    assert (len(assets("mongolia", "coal_power")), len(assets("mongolia", "airport"))) == (11, 21)
    assert assets("mongolia", "interconnector")["capacity"].tolist() == [260, 345]
    assert tables("mongolia")["options"]["status"].tolist() == ["active"] * 10


# --- limits say what the tables hold --------------------------------------------------------------------------------


def _metres_to_network(name: str) -> np.ndarray:
    places = shapely.get_coordinates(zones(name, "settlement").geometry.to_numpy())
    nodes = shapely.get_coordinates(assets(name, "road_node").geometry.to_numpy())
    x1, x2 = np.meshgrid(places[:, 0], nodes[:, 0], indexing="ij")
    y1, y2 = np.meshgrid(places[:, 1], nodes[:, 1], indexing="ij")
    return np.asarray(EARTH.inv(x1, y1, x2, y2)[2]).min(axis=1)


@pytest.mark.parametrize(
    ("name", "limit_m", "places", "people"),
    [
        ("djibouti", 20_000, 269, 85_566), ("djibouti", 50_000, 0, 0), ("ghana", 50_000, 7, 327_066),
        ("ghana", 20_000, 39, 1_380_291), ("mongolia", 50_000, 258, 390_094),
    ],
)  # fmt: skip
def test_notes_count_the_places_far_from_the_network(name: str, limit_m: float, places: int, people: int) -> None:
    far = _metres_to_network(name) > limit_m
    assert (int(far.sum()), round(float(zones(name, "settlement")["population"][far].sum()))) == (places, people)


@pytest.mark.parametrize(("name", "unknown"), [("ghana", 4), ("mongolia", 280)])
def test_limits_count_the_places_without_population(name: str, unknown: int) -> None:
    assert (zones(name, "settlement")["population"] == 0).sum() == unknown


def test_limits_count_the_health_facilities_without_a_place() -> None:
    health = tables("ghana")["assets"][tables("ghana")["assets"]["source_id"] == "who_kwtrp"]
    assert health.geometry.isna().sum() == 82
