"""The façade: the same numbers by every door, nothing computed twice, and Toytown counted by hand from end to end."""

from __future__ import annotations

import itertools
import shutil
import tomllib
from collections.abc import Callable, Iterable
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio

import headwater as hw
from headwater import schema
from headwater.cli import app
from headwater.errors import AssumptionError, NotFound, TableError
from headwater.inputs import Step
from headwater.journey import stress
from headwater.provenance import hash_file
from headwater.steps import SCHEMA_OF, STEPS
from headwater.study import Study
from headwater.words import speaking

Edit = Callable[[Path, Callable[[pd.DataFrame], pd.DataFrame | None]], None]
RESULTS = [name for step in STEPS for name in step.makes]
RARE, FREQUENT = 1 / 100, 1 / 10


@pytest.fixture
def steps_run(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the steps that are run from now on."""
    names: list[str] = []
    run = Study._run

    def counted(opened: Study, step: Step, key: str) -> dict[str, pd.DataFrame]:
        names.append(step.name)
        return run(opened, step, key)

    monkeypatch.setattr(Study, "_run", counted)
    return names


def plan(folder: Path, out: Path) -> None:
    hw.open_study(folder, out=out, workers=1).plan()


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def results(out: Path, name: str) -> pd.DataFrame:
    return pd.read_csv(out / f"{name}.csv")


# --- one door like another ----------------------------------------------------------------------------------------


def test_command_line_and_python_give_the_same_files_on_one_thread_and_two(
    root: Path, tmp_path: Path, toy_results: Path
) -> None:
    folder = root / "tests" / "toytown" / "study"
    app(["plan", str(folder), "--out", str(tmp_path), "--workers", "2"], standalone_mode=False)
    for name in RESULTS:
        assert (tmp_path / f"{name}.csv").read_bytes() == (toy_results / f"{name}.csv").read_bytes(), name


def test_python_gives_the_numbers_of_the_files(root: Path, toy_out: Path, steps_run: list[str]) -> None:
    study = hw.open_study(root / "tests" / "toytown" / "study", out=toy_out)
    file = results(toy_out, "expected_damages")
    ead = study.expected_annual_damage()
    assert (ead["ead_rule"] == "rectangle").all()
    of_rule = file[file["ead_rule"] == "rectangle"]
    np.testing.assert_array_equal(ead["ead_usd_per_yr"].astype(float), of_rule["ead_usd_per_yr"])
    by_triangle = study.expected_annual_damage(rule="triangle")["ead_usd_per_yr"].sum()
    assert by_triangle == pytest.approx(file.loc[file["ead_rule"] == "triangle", "ead_usd_per_yr"].sum(), rel=1e-12)
    assert steps_run == []


@pytest.mark.parametrize(
    ("method", "table"),
    [
        ("exposures", "exposures"), ("damages", "damages"), ("drought_losses", "drought_losses"), ("access", "access"),
        ("criticality", "criticality"), ("options", "proposed_options"), ("effects", "effects"),
        ("appraisals", "appraisals"), ("plans", "plans"), ("plan_summaries", "plan_summaries"),
        ("plan_checks", "plan_checks"), ("indicators", "results"),
    ],
)  # fmt: skip
def test_each_method_is_a_table_of_its_schema(root: Path, toy_out: Path, method: str, table: str) -> None:
    study = hw.open_study(root / "tests" / "toytown" / "study", out=toy_out)
    found = getattr(study, method)()
    schema.check(found, SCHEMA_OF.get(table, table))
    assert len(found) == len(results(toy_out, table)) > 0


def test_order_of_rows_does_not_matter(toy_study: Path, toy_results: Path, tmp_path: Path, edit: Edit) -> None:
    for path in toy_study.glob("*.csv"):
        edit(path, lambda table: table.sample(frac=1, random_state=7))
    study = hw.open_study(toy_study, out=tmp_path / "shuffled", workers=1)
    study.assess()
    study.appraisals()
    for name in ["exposures", "damages", "expected_damages", "drought_losses", "access", "criticality", "effects"]:
        keys = schema.key_columns(name)
        one, other = (results(out, name) for out in (toy_results, tmp_path / "shuffled"))
        one, other = (table.sort_values(keys, ignore_index=True) for table in (one, other))
        pd.testing.assert_frame_equal(one, other, rtol=1e-12)


def test_study_tells_what_it_holds(root: Path, tmp_path: Path) -> None:
    study = hw.open_study(root / "tests" / "toytown" / "study", out=tmp_path)
    assert study.title == "Toytown: a made-up district"
    assert study.describe()["People"].set_index("kind")["population"].to_dict() == {
        "district": 3950,
        "settlement": 3950,
    }
    with speaking("zh"):
        assert study.title == "玩具镇：虚构的地区"
        assert "People" not in study.describe()
    assert any("1 of 8 rows of zones have no place" in notice for notice in study.notices)
    assert not list(tmp_path.iterdir())


def test_results_go_to_a_folder_of_the_study_s_name(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert hw.open_study(root / "tests" / "toytown" / "study").out == Path("out/toytown")


def test_what_is_not_a_study_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="There is no folder"):
        hw.open_study(tmp_path / "nowhere")
    with pytest.raises(NotFound, match=r"has no study\.toml"):
        hw.open_study(tmp_path)
    with pytest.raises(AttributeError, match="no attribute"):
        hw.anything  # noqa: B018


def test_faulty_study_raises_every_fault(toy_study: Path, tmp_path: Path, edit: Edit) -> None:
    edit(toy_study / "assets.csv", lambda t: t.drop(columns="name"))
    edit(toy_study / "zones.csv", lambda t: t.assign(population="-1"))
    found, said = hw.check_study(toy_study)
    assert {(f.file, f.column) for f in found} == {("assets.csv", "name"), ("zones.csv", "population")}
    assert said == []
    with pytest.raises(TableError) as caught:
        hw.open_study(toy_study, out=tmp_path / "out").assess()
    assert caught.value.faults == found
    assert not (tmp_path / "out").exists()


def test_faults_of_the_header_are_faults_too(toy_study: Path) -> None:
    replace(toy_study / "study.toml", "iso3", "iso2")
    found, _said = hw.check_study(toy_study)
    assert [(f.file, f.column) for f in found] == [("study.toml", "study.iso3"), ("study.toml", "study.iso2")]


def test_plan_asks_which_future_to_plan_for_when_there_are_several(toy_study: Path, toy_out: Path) -> None:
    replace(toy_study / "study.toml", '[assumptions.planning_scenario]\nvalue = "rcp8p5"\nsource_id = "toytown"\n', "")
    replace(toy_study / "study.toml", '[assumptions.planning_epoch]\nvalue = 2050\nsource_id = "toytown"\n', "")
    with pytest.raises(AssumptionError, match=r"\[assumptions.planning_scenario\]"):
        plan(toy_study, toy_out)


def test_study_in_metres_gives_the_numbers_of_one_in_degrees(
    toy_study: Path, toy_results: Path, tmp_path: Path, edit: Edit
) -> None:
    """Lines that are straight on one map bend by less than a millimetre on the other."""

    def in_metres(table: pd.DataFrame) -> pd.DataFrame:
        shapes = gpd.GeoSeries.from_wkt(table["geometry"].where(table["geometry"] != ""), crs="EPSG:4326")
        moved = shapes.to_crs("EPSG:32631")
        return table.assign(geometry=["" if shape is None else shape.wkt for shape in moved])

    for name in ("assets", "links", "zones"):
        edit(toy_study / f"{name}.csv", in_metres)
    replace(toy_study / "study.toml", "EPSG:4326", "EPSG:32631")
    hw.open_study(toy_study, out=tmp_path / "metres", workers=1).assess()
    for name in ("expected_damages", "access", "criticality", "drought_losses"):
        one, other = (results(out, name) for out in (toy_results, tmp_path / "metres"))
        pd.testing.assert_frame_equal(one, other, rtol=1e-6, atol=1e-6)


# --- nothing computed twice ---------------------------------------------------------------------------------------


def test_rerun_computes_and_writes_nothing(root: Path, toy_out: Path, steps_run: list[str]) -> None:
    before = {path: path.stat().st_mtime_ns for path in toy_out.rglob("*")}
    plan(root / "tests" / "toytown" / "study", toy_out)
    assert steps_run == []
    assert {path: path.stat().st_mtime_ns for path in toy_out.rglob("*")} == before


AFTER_CHOOSING = {"choose", "trade", "robust", "case", "finance", "measure"}
AFTER_PROPOSING = {"propose", "interact", "appraise", *AFTER_CHOOSING}


@pytest.mark.parametrize(
    ("table", "column", "value", "steps"),
    [
        ("hazard_classes", "level", "medium", set()),
        ("measures", "initial_cost_usd_per_unit", "1000", AFTER_PROPOSING),
        pytest.param("zones", "name", "Someplace", {"screen", "disrupt", *AFTER_PROPOSING}, marks=pytest.mark.slow),
        pytest.param("curves", "damage_share_high", "1", {"stress", *AFTER_PROPOSING}, marks=pytest.mark.slow),
    ],
)
def test_changed_table_is_computed_anew_by_the_steps_that_read_it(
    toy_study: Path, toy_out: Path, edit: Edit, steps_run: list[str],
    table: str, column: str, value: str, steps: set[str],
) -> None:  # fmt: skip
    edit(toy_study / f"{table}.csv", lambda t: t.assign(**{column: value}))
    plan(toy_study, toy_out)
    assert sorted(steps_run) == sorted(steps)


@pytest.mark.parametrize(
    ("old", "new", "steps"),
    [
        ('title.en = "Toytown', 'title.en = "Toy town', set()),
        ("value = 0.0\n", "value = 0.01\n", {"appraise", *AFTER_CHOOSING}),
        pytest.param(
            "amount_usd = 450000",
            "amount_usd = 440000",
            {"propose", "interact", "appraise", *AFTER_CHOOSING},
            marks=pytest.mark.slow,
        ),
        pytest.param(
            "horizon_year = 2125", "horizon_year = 2100", {"appraise", *AFTER_CHOOSING}, marks=pytest.mark.slow
        ),
        pytest.param("value = 5\n", "value = 4\n", {"screen", "disrupt", *AFTER_PROPOSING}, marks=pytest.mark.slow),
    ],
)
def test_changed_header_is_computed_anew_by_the_steps_that_read_it(
    toy_study: Path, toy_out: Path, steps_run: list[str], old: str, new: str, steps: set[str]
) -> None:
    replace(toy_study / "study.toml", old, new)
    plan(toy_study, toy_out)
    assert sorted(steps_run) == sorted(steps)


@pytest.mark.parametrize(
    ("old", "new", "steps"),
    [
        ('value = 0.1\nunit = "m"', 'value = 0.1\nunit = "cm"', {"stress"}),
        ('crs = "EPSG:4326"', 'crs = "EPSG:4258"', {"stress", "drought", "screen", "disrupt"}),
    ],
)
def test_unit_and_crs_count_as_changes(
    toy_study: Path, toy_out: Path, steps_run: list[str], old: str, new: str, steps: set[str]
) -> None:
    replace(toy_study / "study.toml", old, new)
    hw.open_study(toy_study, out=toy_out, workers=1).assess()
    assert sorted(steps_run) == sorted(steps)


def test_changed_raster_is_read_anew(toy_study: Path, toy_out: Path, steps_run: list[str]) -> None:
    path = toy_study / "hazards" / "river_flood_2000_historical_rp100.tif"
    with rasterio.open(path, "r+") as layer:
        values = layer.read()
        layer.write(np.where(values > 0, 2 * values, values))
    study = hw.open_study(toy_study, out=toy_out, workers=1)
    study.assess()
    assert sorted(steps_run) == ["disrupt", "drought", "stress"]
    pump = study.damages().query("asset_id == 'pump' and epoch == 2000 and return_period_yr == 100")
    assert pump["damage_usd"].item() == pytest.approx(10_000)


@pytest.mark.parametrize("lost", ["appraisals.parquet", "appraisals.csv", "appraisals.provenance.json"])
def test_lost_result_is_computed_anew_alone(root: Path, toy_out: Path, steps_run: list[str], lost: str) -> None:
    before = (toy_out / "appraisals.csv").read_bytes()
    (toy_out / lost).unlink()
    plan(root / "tests" / "toytown" / "study", toy_out)
    assert steps_run == ["appraise"]
    assert (toy_out / "appraisals.csv").read_bytes() == before


def test_stopped_run_leaves_earlier_results_and_goes_on_from_kept_parts(
    toy_study: Path, toy_out: Path, tmp_path: Path, edit: Edit, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {path.name: hash_file(path) for path in toy_out.iterdir()}
    edit(
        toy_study / "assets.csv",
        lambda t: t.assign(replacement_cost_usd=t["replacement_cost_usd"].replace("50000", "60000")),
    )
    damage, groups = stress.damage, []

    def stopped_at_the_second(*args: object) -> pd.DataFrame:
        groups.append(1)
        if len(groups) == 2:
            raise KeyboardInterrupt
        return damage(*args)

    monkeypatch.setattr(stress, "damage", stopped_at_the_second)
    with pytest.raises(KeyboardInterrupt):
        hw.open_study(toy_study, out=toy_out, workers=1).assess()
    assert {path.name: hash_file(path) for path in toy_out.iterdir() if path.is_file()} == before
    assert list((toy_out / "parts").glob("damages-*.parquet"))

    hw.open_study(toy_study, out=toy_out, workers=1).assess()
    assert len(groups) == 3  # the first group was kept, the second is the only one computed
    assert not (toy_out / "parts").exists()
    hw.open_study(toy_study, out=tmp_path / "afresh", workers=1).damages()
    assert (toy_out / "damages.csv").read_bytes() == (tmp_path / "afresh" / "damages.csv").read_bytes()


def test_results_move_with_their_study(root: Path, toy_results: Path, tmp_path: Path, steps_run: list[str]) -> None:
    """A key holds content, not places on a disk."""
    folder = shutil.copytree(root / "tests" / "toytown" / "study", tmp_path / "elsewhere" / "study")
    plan(folder, shutil.copytree(toy_results, tmp_path / "elsewhere" / "out"))
    assert steps_run == []


def test_steps_read_only_what_they_name(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a step reads and does not name would be missing from its key, and its results would go stale unseen."""
    study = hw.open_study(root / "tests" / "toytown" / "study", out=tmp_path, workers=1)
    tables, asked = study.tables, []

    class Watched(dict):
        def __getitem__(self, name: str) -> pd.DataFrame:
            asked.append(name)
            return tables[name]

    monkeypatch.setattr(Study, "tables", Watched(tables))
    for step in STEPS:
        for need in step.needs:
            study.result(need)
        asked.clear()
        step.run(study)
        assert set(asked) <= set(step.tables), step.name


# --- Toytown by hand ----------------------------------------------------------------------------------------------


def depths(folder: Path, epoch: str, period: int) -> np.ndarray:
    with rasterio.open(folder / "hazards" / f"river_flood_{epoch}_rp{period}.tif") as layer:
        return layer.read(1)


def share(depth: float) -> float:
    """The toy curve: a tenth for every metre up to four."""
    return min(depth, 4) / 10


def ead(rare: float, frequent: float) -> float:
    """Area under damage against annual probability between 1 in 10 and 1 in 100 years, and the last value beyond."""
    return (FREQUENT - RARE) * (rare + frequent) / 2 + RARE * rare


def of_asset(out: Path, asset: str, *, epoch: int = 2000, rule: str = "rectangle") -> float:
    table = results(out, "expected_damages")
    row = table[(table["asset_id"] == asset) & (table["epoch"] == epoch) & (table["ead_rule"] == rule)]
    return float(row["ead_usd_per_yr"].item())


ROAD_AB = [(3, 0, 0.5), (3, 1, 1.0), (3, 2, 0.5)]
"""Row, column and length in cells of the road from Alder to Birch, 2 cells long."""
ROAD_BD = [(3, 2, 0.5), (2, 2, 1.0), (1, 2, 0.5)]
CELLS_LONG = 2.0


@pytest.mark.parametrize(("road", "cells", "usd_per_m"), [("r_ab", ROAD_AB, 1000.0), ("r_bd", ROAD_BD, 600.0)])
@pytest.mark.parametrize(("epoch", "layers"), [(2000, "2000_historical"), (2050, "2050_rcp8p5")])
def test_expected_damage_of_roads_from_the_depths_of_their_cells(
    root: Path, toy_results: Path, road: str, cells: list, usd_per_m: float, epoch: int, layers: str
) -> None:
    exposures = results(toy_results, "exposures").set_index("asset_id")
    length_m = exposures.loc[road, "total_amount"].iloc[0]
    assert length_m == pytest.approx(2226.05 if road == "r_ab" else 2211.49, abs=0.01)  # 0.02 degrees at 1 N
    folder = root / "tests" / "toytown" / "study"
    damage = {}
    for period in (10, 100):
        depth = depths(folder, layers, period)
        of_length = sum(cells_long * share(depth[row, column]) for row, column, cells_long in cells) / CELLS_LONG
        damage[period] = of_length * length_m * usd_per_m
    # cells of one column differ in length by less than one part in ten thousand
    assert of_asset(toy_results, road, epoch=epoch) == pytest.approx(ead(damage[100], damage[10]), rel=1e-4)


@pytest.mark.parametrize(
    ("rule", "usd_per_yr"),
    [
        ("trapezoid", 0.09 * 150_000 / 2),
        ("triangle", 0.09 * 150_000 / 2 + 0.01 * 150_000 / 2),
        ("rectangle", 0.09 * 150_000 / 2 + 0.01 * 150_000),
        ("loglinear", 150_000 * ((0.1 - 0.01) / np.log(10) - 0.01) + 0.01 * 150_000),
    ],
)
def test_expected_damage_of_the_reservoir_by_every_rule(toy_results: Path, rule: str, usd_per_yr: float) -> None:
    """Three quarters of it under 2 m of water once in 100 years: 15 % of USD 1 million; dry once in 10 years."""
    assert of_asset(toy_results, "reservoir", rule=rule) == pytest.approx(usd_per_yr, rel=1e-6)


def pump_ead(damage: float, protected_up_to: float) -> float:
    """One tenth per metre at 1 in 100 years, nothing at 1 in 10, and nothing more often than the protection."""
    cut = 1 / protected_up_to
    at_cut = damage * (FREQUENT - cut) / (FREQUENT - RARE)
    return (cut - RARE) * (damage + at_cut) / 2 + RARE * damage


def test_expected_damage_of_the_pump_stops_at_its_protection(toy_results: Path) -> None:
    assert of_asset(toy_results, "pump") == pytest.approx(pump_ead(5_000, 20)) == pytest.approx(205.5556, abs=1e-3)
    assert of_asset(toy_results, "airport") == pytest.approx(ead(200_000, 0), rel=1e-6)
    assert of_asset(toy_results, "hospital") == 0


def test_access_by_hand(toy_results: Path) -> None:
    access = results(toy_results, "access").set_index("zone_id")
    assert access.drop("isle")["hours"].to_dict() == pytest.approx(
        {"alder": 0.10, "birch": 0.05, "damson": 0.10, "elder": 0.10, "gorse": 0.20 + 497.59 / 5000}, abs=1e-5
    )
    assert not access.at["isle", "is_reached"]
    assert "hamlet" not in access.index  # nobody knows where it is: said, and not counted as cut off
    assert access.loc[access["is_reached"], "population"].sum() == 3800


def test_people_cut_off_by_each_link_by_hand(toy_results: Path) -> None:
    links = results(toy_results, "criticality").set_index("link_id")
    assert links["population_cut_off"].to_dict() == {
        "r_ab": 1000, "r_bc_1": 0, "r_bc_2": 0, "r_bd": 0, "r_ce": 0, "r_dd": 0, "r_de": 0, "r_df": 300, "r_fg": 300,
    }  # fmt: skip
    assert links["person_hours_lost"].to_dict() == pytest.approx(
        {"r_ab": 0, "r_bc_1": 3800 * 0.05, "r_bc_2": 0, "r_bd": 800 * 0.05, "r_ce": 0, "r_dd": 0, "r_de": 0, "r_df": 0,
         "r_fg": 0}
    )  # fmt: skip


def test_drought_by_hand(toy_results: Path) -> None:
    losses = results(toy_results, "drought_losses").set_index("asset_id")
    assert losses.at["reservoir", "expected_loss"] == pytest.approx(0.02 * 1_000_000, rel=1e-6)
    assert "plant" not in losses.index


def test_effects_by_hand(toy_results: Path) -> None:
    """In the world of 2050, which the plan answers to: a metre deeper wherever there is water."""
    effects = results(toy_results, "effects").set_index(["option_id", "item"])["amount"]
    road = of_asset(toy_results, "r_ab", epoch=2050)
    assert effects["raise_r_ab", "ead_usd_per_yr"] == pytest.approx(road / 2)
    wall = pump_ead(10_000, 20) - pump_ead(10_000, 50)
    assert effects["wall_pump", "ead_usd_per_yr"] == pytest.approx(wall) == pytest.approx(216.6667, abs=1e-3)
    assert effects["link_ad", "population_cut_off"] == 1000
    assert effects["link_ad", "person_hours_lost"] == pytest.approx(-1000 * 0.10)
    without_ferry = 3000 * 0.15 + 800 * 0.05  # round by Elder when the only road from Birch to Cedar fails
    assert effects["retire_r_bc_2", "person_hours_lost"] == pytest.approx(3800 * 0.05 - without_ferry)
    assert effects["retire_r_bc_2", "ead_usd_per_yr"] == pytest.approx(of_asset(toy_results, "r_bc_2", epoch=2050))
    assert "lights_ad" not in effects.index.get_level_values("option_id")


def test_net_present_value_by_hand(root: Path, toy_results: Path) -> None:
    """A hundred years undiscounted: raising 1.5 cells of road, upkeep every year, works every ten but the last."""
    header = tomllib.loads((root / "tests" / "toytown" / "study" / "study.toml").read_text(encoding="utf-8"))["study"]
    years = header["horizon_year"] - header["base_year"]
    assert years == 100
    reached_km = 1.5 / CELLS_LONG * 2.22605
    cost = reached_km * (200_000 + 9 * 10_000 + 100 * 1_000)
    benefit = years * of_asset(toy_results, "r_ab", epoch=2050) / 2
    appraised = results(toy_results, "appraisals").set_index("option_id").loc["raise_road:r_ab"]
    assert appraised["cost_pv_usd"] == pytest.approx(cost, rel=1e-4)
    assert appraised["npv_usd"] == pytest.approx(benefit - cost, rel=1e-3)
    assert appraised["bcr"] == pytest.approx(benefit / cost, rel=1e-3)


def allowed(chosen: Iterable[str], options: pd.DataFrame) -> bool:
    rows = options.loc[list(chosen)]
    groups, needs = rows["exclusive_group"].dropna(), rows["requires_option_id"].dropna()
    return groups.is_unique and set(needs) <= set(rows.index)


@pytest.mark.parametrize(("plan_id", "budget"), [("low", 450_000), ("high", 2_000_000)])
def test_plan_is_the_best_of_every_set_one_could_buy(toy_results: Path, plan_id: str, budget: float) -> None:
    options = results(toy_results, "proposed_options").set_index("option_id")
    npv = results(toy_results, "appraisals").set_index("option_id")["npv_usd"]
    worth_it = npv.index[npv > 0]
    assert len(worth_it) == 8
    sets = [s for size in range(len(worth_it) + 1) for s in itertools.combinations(worth_it, size)]
    affordable = [s for s in sets if allowed(s, options) and options.loc[list(s), "initial_cost_usd"].sum() <= budget]
    best = max(npv[list(s)].sum() for s in affordable)
    plans, summaries = results(toy_results, "plans"), results(toy_results, "plan_summaries").set_index("plan_id")
    chosen = plans.loc[plans["plan_id"] == plan_id, "option_id"]
    assert npv[chosen].sum() == pytest.approx(best)
    assert allowed(chosen, options)
    assert summaries.at[plan_id, "npv_usd"] == pytest.approx(best)
    assert summaries.at[plan_id, "spent_usd"] <= budget
    assert summaries.at[plan_id, "status"] == "optimal"


def test_plan_by_hand(toy_results: Path) -> None:
    """USD 450,000 wall two works, close the ferry and raise one of two like roads; USD 2 million raise three roads."""
    plans = results(toy_results, "plans")
    low, high = (set(plans.loc[plans["plan_id"] == name, "option_id"]) for name in ("low", "high"))
    like = {"raise_road:r_ab", "raise_road:r_bc_1"}
    assert len(low & like) == 1
    cheap = {"flood_wall:pipeline", "flood_wall:reservoir", "retire_r_bc_2"}
    assert low - like == cheap
    assert high == {*like, *cheap, "raise_road:r_bd"}
    checks = results(toy_results, "plan_checks")
    damage = checks[checks["item"] == "ead_usd_per_yr"]
    assert damage["difference"].to_numpy() == pytest.approx(0, abs=1e-6)  # damage to one road is nothing to another
