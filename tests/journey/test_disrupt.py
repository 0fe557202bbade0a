"""The disruption step on a made-up country: what must hold of its tables, and what options do to them."""

from __future__ import annotations

import shutil
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal
from shapely import box
from tests.national import write_national

import headwater as hw
from headwater.errors import InputError, NotFound
from headwater.schema import check
from headwater.steps import DISRUPTIONS

SIDE, SAMPLES = 7, 24


@pytest.fixture(scope="module")
def country(tmp_path_factory) -> Path:
    folder = write_national(tmp_path_factory.mktemp("national") / "study", side=SIDE, samples=SAMPLES)
    links = pd.read_csv(folder / "links.csv")
    roads = links.loc[links["kind"] == "road", "link_id"]
    exchanges = [a for a in pd.read_csv(folder / "assets.csv")["asset_id"] if a.startswith("exchange")]
    changes = {
        "raise_roads": [("links", road, "set", "design_return_period_yr", "100000") for road in roads],
        "batteries": [("assets", one, "set", "backup_h", "5000") for one in exchanges],
        "second_line": [
            ("links", "new_line", "add", column, value)
            for column, value in {
                "from_asset_id": "substation_00000", "to_asset_id": "substation_00024", "sector": "energy",
                "kind": "power_line", "source_id": "national", "length_m": "20000",
            }.items()
        ],
        "move_hospital": [("assets", "hospital_00000", "set", "geometry", "POINT (5.17 1.17)")],
    }  # fmt: skip
    rows = [(option, *row) for option, own in changes.items() for row in own]
    columns = ["option_id", "table", "row_id", "action", "column", "value"]
    pd.DataFrame(rows, columns=columns).to_csv(folder / "changes.csv", index=False)
    options = {"name": "An option", "sector": "multi", "kind": "upgrade", "initial_cost_usd": 1000}
    options |= {"source_id": "national"}
    pd.DataFrame([{"option_id": option} | options for option in changes]).to_csv(folder / "options.csv", index=False)
    return folder


@pytest.fixture(scope="module")
def made(country, tmp_path_factory):
    study = hw.open_study(country, out=tmp_path_factory.mktemp("out"), workers=1)
    return {name: study.result(name) for name in DISRUPTIONS}


def without_and_with(table, column):
    sides = [table[table["with_cascade"] == way].reset_index(drop=True)[column] for way in (False, True)]
    return sides[0].to_numpy(float), sides[1].to_numpy(float)


def test_every_table_keeps_its_schema(made):
    for name, table in made.items():
        check(table, name)
    assert len(made["failures"]) > 0
    assert len(made["causes"]) > 0


@pytest.mark.parametrize("name", ["event_disruptions", "expected_disruptions", "zone_disruptions"])
def test_dependencies_never_take_less(made, name):
    """Supply is short nowhere at the start, so what stops can only take more."""
    column = "population_without" if name == "event_disruptions" else "population_without_per_yr"
    direct, spread = without_and_with(made[name], column)
    assert (spread >= direct - 1e-6).all()
    assert spread.sum() > direct.sum()


def test_a_rarer_flood_takes_no_less(made):
    events = made["event_disruptions"]
    for _key, rows in events.groupby(["service", "with_cascade"]):
        people = rows.sort_values("return_period_yr")["population_without"].to_numpy()
        assert (np.diff(people) >= 0).all()


def test_zones_are_the_whole_and_groups_are_parts_of_it(made):
    zones, groups = made["zone_disruptions"], made["group_disruptions"]
    both = groups.pivot_table(
        index=["service", "with_cascade"], columns="group", values="population_without_per_yr"
    ).sum(axis=1)
    whole = zones.groupby(["service", "with_cascade"])["population_without_per_yr"].sum()
    assert both.to_numpy() == pytest.approx(whole.reindex(both.index).to_numpy())  # urban and rural


def test_why_explains_what_dependencies_take(made):
    """A failure that takes more with dependencies than without stops other assets, and the other way round."""
    failures, causes = made["failures"], made["causes"]
    more = failures[failures["population_without"] > failures["population_without_direct"] + 1e-6]["item_id"].unique()
    sums = failures.groupby("item_id")["population_without"].sum().sort_values(ascending=False, kind="stable")
    assert set(more) & set(sums.index[:20]) <= set(causes["item_id"])
    first = causes[causes["step"] == 1]
    assert (first["because_of_id"] == first["item_id"]).all()


def test_recovery_ends_with_everybody_served(made):
    curves = made["recovery_curves"]
    last = curves.sort_values("hour").groupby(["layer_id", "service", "with_cascade"])["population_without"].last()
    assert (last == 0).all()


def test_the_same_whatever_the_workers_and_the_order_of_rows(country, made, tmp_path):
    other = Path(shutil.copytree(country, tmp_path / "shuffled"))
    for name in ("assets", "links", "zones", "dependency_rules", "fragility", "recovery"):
        table = pd.read_csv(other / f"{name}.csv")
        table.sample(frac=1, random_state=3).to_csv(other / f"{name}.csv", index=False)
    study = hw.open_study(other, out=tmp_path / "out", workers=3)
    for name in DISRUPTIONS:
        assert_frame_equal(study.result(name), made[name], check_exact=True)


def test_another_seed_gives_other_samples(country, made, tmp_path):
    other = Path(shutil.copytree(country, tmp_path / "study"))
    with (other / "study.toml").open("a") as header:
        header.write('\n[assumptions.seed]\nvalue = 5\nbasis = "judgement"\n')
    found = hw.open_study(other, out=tmp_path / "out").result("expected_disruptions")
    column = "population_without_per_yr"
    assert found[column].tolist() != made["expected_disruptions"][column].tolist()


# --- adaptation ---------------------------------------------------------------------------------------------------


def avoided(country, tmp_path, option):
    """Expected people a year without each service: without the option, and with it."""
    from headwater.options.changes import apply_changes
    from headwater.steps_assess import disruptions

    study = hw.open_study(country, out=tmp_path / "out", workers=1)
    changed = apply_changes(study.system, study.tables["changes"], [option])
    tables = [study.result("expected_disruptions"), disruptions(study, changed)["expected_disruptions"]]
    rows = [table[table["with_cascade"]].set_index("service")["population_without_per_yr"] for table in tables]
    return rows[0], rows[1]


def test_protected_roads_keep_hospitals_within_reach(country, tmp_path):
    before, after = avoided(country, tmp_path, "raise_roads")
    assert after["hospital"] < before["hospital"]
    assert after["electricity"] == before["electricity"]


def test_batteries_keep_exchanges_going(country, tmp_path):
    before, after = avoided(country, tmp_path, "batteries")
    assert after["connectivity"] < before["connectivity"]
    assert after["hospital"] == before["hospital"]


def test_a_second_line_takes_from_nobody(country, tmp_path):
    before, after = avoided(country, tmp_path, "second_line")
    assert after["electricity"] <= before["electricity"]


def test_a_hospital_that_moves_is_looked_up_where_it_stands_now(country, tmp_path):
    before, after = avoided(country, tmp_path, "move_hospital")
    assert after["hospital"] != before["hospital"]


def test_what_an_option_avoids_is_told_for_a_year_and_for_single_failures(country, tmp_path):
    study = hw.open_study(country, out=tmp_path / "out", workers=1)
    year, alone = study.stress_with(["batteries"]).values()
    connectivity = year[year["service"] == "connectivity"].iloc[0]
    figures = [float(connectivity[f"people a year, {way}"].replace(",", "")) for way in ("without", "with", "avoided")]
    assert figures[2] == pytest.approx(figures[0] - figures[1], abs=1)
    assert figures[2] > 0
    assert set(alone["service"]) >= {"connectivity", "electricity", "hospital", "water"}
    with pytest.raises(NotFound, match="by the name nothing"):
        study.stress_with(["nothing"])


# --- by hand ------------------------------------------------------------------------------------------------------


def test_strike_names_and_areas(country, tmp_path):
    study = hw.open_study(country, out=tmp_path / "out")
    found = study.strike(fail=["substation_00000"])
    assert next(iter(found)).endswith("substation_00000")
    area = tmp_path / "area.geojson"
    drawn = gpd.GeoDataFrame({"name": ["Everywhere"]}, geometry=[box(4, 0, 7, 3)], crs="EPSG:4326")
    drawn.to_file(area)
    everywhere = study.strike(area=area)["Everywhere"]
    served = study.result("service_areas").query("served_share > 0").groupby("service")["population"].sum()
    assert everywhere.iloc[:, 1].tolist() == pytest.approx(served.reindex(everywhere.iloc[:, 0]).tolist(), abs=1)


def test_an_unknown_name_is_told_with_its_neighbours(country, tmp_path):
    study = hw.open_study(country, out=tmp_path / "out")
    with pytest.raises(InputError, match=r"no asset or link substation_0000\. Near it: substation_000"):
        study.strike(fail=["substation_0000"])


def test_a_file_that_is_no_area_is_refused(country, tmp_path):
    study = hw.open_study(country, out=tmp_path / "out")
    with pytest.raises(InputError, match="cannot be read"):
        study.strike(area=tmp_path / "nothing.geojson")
    points = gpd.GeoDataFrame(geometry=gpd.points_from_xy([5.0], [1.0]), crs="EPSG:4326")
    points.to_file(tmp_path / "points.geojson")
    with pytest.raises(InputError, match="polygons"):
        study.strike(area=tmp_path / "points.geojson")


def test_drawn_areas_of_the_study_are_events_without_a_return_period(country, tmp_path):
    other = Path(shutil.copytree(country, tmp_path / "study"))
    pd.DataFrame([{"area_id": "west", "name": "The west", "geometry": box(4.9, 0.9, 5.15, 1.5).wkt}]).to_csv(
        other / "areas.csv", index=False
    )
    study = hw.open_study(other, out=tmp_path / "out")
    events = study.result("event_disruptions").query("layer_id == 'west'")
    assert len(events) == 8
    assert events["return_period_yr"].isna().all()
    assert (events["samples"] == 1).all()
    assert "west" not in set(study.result("expected_disruptions").get("layer_id", []))
    assert (study.result("repairs").query("layer_id == 'west'")["chance"] == 1).all()


def test_one_crew_takes_longer_than_many(country, made, tmp_path):
    other = Path(shutil.copytree(country, tmp_path / "study"))
    with (other / "study.toml").open("a") as header:
        header.write('\n[assumptions.repair_crews]\nvalue = 1\nbasis = "judgement"\n')
    found = hw.open_study(other, out=tmp_path / "out").result("expected_disruptions")
    column = "user_hours_lost_per_yr"
    lines = pd.read_csv(country / "links.csv")["link_id"]
    three = [line for line in lines if line.startswith("power_line")][:3]
    hours = [
        hw.open_study(folder, out=tmp_path / folder.parent.name / "again").strike(fail=three)
        for folder in (country, other)
    ]
    many, one = (
        sum(float(text.replace(",", "").replace("–", "0")) for text in next(iter(tables.values())).iloc[:, 3])
        for tables in hours
    )
    assert one > many > 0
    assert (found[column] >= made["expected_disruptions"][column] - 1e-6).all()
    assert found[column].sum() > made["expected_disruptions"][column].sum()
