"""The main job on the packs that ship: what it says of Djibouti and Ghana, against independent computations."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import networkx as nx
import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely
from pyproj import Geod

import headwater as hw
from headwater.study import Study

WGS84 = Geod(ellps="WGS84")


@pytest.fixture(scope="module")
def djibouti(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Study:
    return hw.open_study(root / "studies" / "djibouti", out=tmp_path_factory.mktemp("djibouti"))


@pytest.fixture(scope="module")
def ghana(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Study:
    return hw.open_study(root / "studies" / "ghana", out=tmp_path_factory.mktemp("ghana"))


# --- Djibouti: exposure and damage --------------------------------------------------------------------------------


def pieces_by_clipping(line: shapely.LineString, transform: rasterio.Affine) -> Iterator[tuple[int, int, float]]:
    """Row, column and geodesic length [m] of the parts of a line in each cell, by clipping it with the cell's box."""
    (left, top), (right, bottom) = (~transform @ xy for xy in zip(*[iter(line.bounds)] * 2, strict=True))
    columns, rows = sorted((int(left), int(right))), sorted((int(top), int(bottom)))
    for row, column in itertools.product(range(rows[0], rows[1] + 1), range(columns[0], columns[1] + 1)):
        corner, opposite = transform @ (column, row), transform @ (column + 1, row + 1)
        part = shapely.clip_by_rect(line, *np.minimum(corner, opposite), *np.maximum(corner, opposite))
        if not part.is_empty:
            yield row, column, WGS84.geometry_length(part)


@pytest.fixture(scope="module")
def clipped(djibouti: Study) -> pd.DataFrame:
    """Every piece of every road by clipping, with the depths at nine return periods; independent of ours."""
    layers = djibouti.tables["hazard_layers"]
    depths = {}
    for file, period in zip(layers["file"], layers["return_period_yr"], strict=True):
        with rasterio.open(djibouti.folder / file) as raster:
            depths[int(period)] = raster.read(1, masked=True).filled(np.nan)
            transform = raster.transform
    links = djibouti.tables["links"]
    rows = [
        (link, length, *(grid[row, column] for grid in depths.values()))
        for link, line in zip(links["link_id"], links.geometry, strict=True)
        for row, column, length in pieces_by_clipping(line, transform)
    ]
    return pd.DataFrame(rows, columns=["link_id", "length_m", *depths])


@pytest.mark.parametrize(("period", "published_km"), [(100, 124), (1000, 159)])
def test_kilometres_flooded_agree_with_an_independent_computation(
    djibouti: Study, clipped: pd.DataFrame, period: int, published_km: float
) -> None:
    exposures = djibouti.exposures().merge(djibouti.tables["hazard_layers"], on="layer_id")
    ours = exposures.query("return_period_yr == @period and amount_unit == 'm'")["exposed_amount"].sum()
    independent = clipped.loc[clipped[period] > 0.1, "length_m"].sum()
    assert ours == pytest.approx(independent, rel=1e-6)
    assert ours / 1000 == pytest.approx(published_km, abs=1)


def test_damage_is_the_sum_over_pieces_of_share_times_length_times_cost(djibouti: Study, clipped: pd.DataFrame) -> None:
    damages = djibouti.damages().query("return_period_yr == 1000").set_index("asset_id")["damage_usd"]
    links = djibouti.tables["links"].set_index("link_id")
    paved = pd.read_csv(Path(hw.__file__).parent / "risk" / "data" / "curves.csv").query("curve_id == 'F7.2'")
    on_paved = damages.reindex(links.index[links["is_paved"]])
    for link in on_paved.nlargest(5).index:
        pieces = clipped[clipped["link_id"] == link]
        share = np.interp(pieces[1000].fillna(0), paved["intensity"], paved["damage_share"])
        by_hand = (share * pieces["length_m"] / 1000).sum() * links.loc[link, "replacement_cost_usd_per_km"]
        assert damages[link] == pytest.approx(by_hand, rel=1e-6)


def by_hand_ead(damage: list[float], period: list[float], rule: str) -> float:
    """Expected annual damage written out term by term."""
    total = 0.0
    for i in range(len(period) - 1):
        d1, d2, p1, p2 = damage[i], damage[i + 1], 1 / period[i], 1 / period[i + 1]
        if rule == "loglinear":
            slope = (d2 - d1) / (np.log(p2) - np.log(p1))
            total += d1 * p1 - d2 * p2 - slope * (p1 - p2)
        else:
            total += (d1 + d2) / 2 * (p1 - p2)
    tail = {"trapezoid": 0.0, "triangle": 0.5, "rectangle": 1.0, "loglinear": 1.0}[rule]
    return total + tail * damage[-1] / period[-1]


@pytest.mark.parametrize("rule", ["trapezoid", "triangle", "rectangle", "loglinear"])
@pytest.mark.parametrize("rank", [0, 1, 2, 40])
def test_expected_annual_damage_of_four_roads_by_hand(djibouti: Study, rule: str, rank: int) -> None:
    ours = djibouti.expected_annual_damage(rule=rule).set_index("asset_id")["ead_usd_per_yr"]
    link = djibouti.expected_annual_damage().set_index("asset_id")["ead_usd_per_yr"].nlargest(rank + 1).index[-1]
    rows = djibouti.damages().query("asset_id == @link").sort_values("return_period_yr")
    by_hand = by_hand_ead(rows["damage_usd"].tolist(), rows["return_period_yr"].tolist(), rule)
    assert by_hand > 0
    assert ours[link] == pytest.approx(by_hand, rel=1e-12)


def test_low_and_high_enclose_the_figure(djibouti: Study) -> None:
    table = djibouti.expected_annual_damage().dropna(subset="ead_usd_per_yr")
    assert (table["ead_usd_per_yr_low"] <= table["ead_usd_per_yr"]).all()
    assert (table["ead_usd_per_yr"] <= table["ead_usd_per_yr_high"]).all()


# --- Djibouti: options and plan -----------------------------------------------------------------------------------


def test_six_measures_are_offered_with_cost_and_ratio(djibouti: Study) -> None:
    options = djibouti.options().merge(djibouti.appraisals(), on="option_id", suffixes=("", "_appraised"))
    by_measure = options.groupby("measure_id").agg(cost=("cost_pv_usd", "sum"), ratio=("bcr", "max"))
    assert len(by_measure) == 6
    assert (by_measure["cost"] > 0).all()
    assert by_measure["ratio"].notna().all()


def test_a_measure_costs_its_unit_cost_times_the_length_the_rarest_event_reaches(
    djibouti: Study, clipped: pd.DataFrame
) -> None:
    options = djibouti.options().query("measure_id == 'swales'").set_index("exclusive_group")
    unit = djibouti.tables["measures"].set_index("measure_id").loc["swales", "initial_cost_usd_per_unit"]
    assert unit == 13430  # Hickford (2023), USD per km
    reached = clipped[clipped[1000] > 0].groupby("link_id")["length_m"].sum()
    expected = unit * reached.reindex(options.index) / 1000
    np.testing.assert_allclose(options["initial_cost_usd"], expected, rtol=1e-6, atol=0.01)


@pytest.mark.slow
def test_three_budgets_give_three_proved_plans(djibouti: Study) -> None:
    plans, summaries = djibouti.plans(), djibouti.plan_summaries()
    assert len(summaries) == 3
    assert (summaries["gap"] <= 1e-3).all()
    assert (summaries["spent_usd"] <= summaries["budget_usd"]).all()
    assert summaries.sort_values("budget_usd")["npv_usd"].is_monotonic_increasing
    groups = plans.merge(djibouti.options()[["option_id", "exclusive_group"]], on="option_id")
    assert not groups.duplicated(["plan_id", "exclusive_group"]).any()


@pytest.mark.slow
def test_each_start_year_spends_no_more_than_has_come_in(djibouti: Study) -> None:
    plans = djibouti.plans()
    for budget in djibouti.header.budgets:
        own = plans[plans["plan_id"] == budget.plan_id]
        come = 0.0
        for year, amount in zip(djibouti.header.start_years, budget.amounts_usd, strict=True):
            come += amount
            assert own.loc[own["start_year"] <= year, "initial_cost_usd"].sum() <= come + 0.01


@pytest.fixture(scope="module", params=["djibouti", "ghana"])
def pack(request: pytest.FixtureRequest) -> Study:
    """Each of the packs, with the results of the module."""
    return request.getfixturevalue(request.param)


@pytest.mark.slow
def test_sum_and_models_agree_on_every_plan(pack: Study) -> None:
    checks = pack.plan_checks()
    objective = checks[checks["item"] == pack.header.objective]
    assert set(objective["plan_id"]) <= {budget.plan_id for budget in pack.header.budgets}
    assert len(objective)
    assert (checks["disagreement"] <= 0.01).all()
    np.testing.assert_allclose(checks["optimiser"], checks["whole_plan"], rtol=0.01, atol=1e-6)


@pytest.mark.slow
def test_plans_carry_a_full_business_case(pack: Study) -> None:
    chosen = set(pack.plans()["plan_id"])
    for table in ("cash_flows", "incidence", "finance_summaries", "fiscal_profile", "finance_flows"):
        assert set(pack.result(table)["plan_id"]) >= chosen, table
    capital = pack.result("cash_flows").query("item == 'capital'")
    spent = -capital[capital["gains"] == "contractors"].groupby("plan_id")["amount_usd"].sum()
    summaries = pack.plan_summaries().set_index("plan_id")
    np.testing.assert_allclose(spent, summaries["spent_usd"].reindex(spent.index), rtol=1e-6)
    finance = pack.result("finance_summaries").set_index("plan_id")
    np.testing.assert_allclose(finance["funded_usd"] + finance["gap_usd"], finance["investment_usd"], rtol=1e-9)


@pytest.mark.slow
def test_worth_of_djibouti_is_a_distribution_and_jobs_are_counted(djibouti: Study) -> None:
    spread = djibouti.result("npv_distribution").set_index("plan_id")
    assert set(spread.index) == {budget.plan_id for budget in djibouti.header.budgets}
    assert (spread["p05_usd"] < spread["p50_usd"]).all()
    assert (spread["p50_usd"] < spread["p95_usd"]).all()
    assert len(djibouti.result("sensitivities"))
    jobs = djibouti.result("jobs").set_index("plan_id")
    np.testing.assert_allclose(jobs["job_years"], jobs["usd"] / 1e6 * 110)
    assert len(djibouti.result("risk_allocation"))
    assert len(djibouti.result("delivery_comparison"))


@pytest.mark.slow
def test_front_is_proved_and_no_point_is_worse_in_everything(pack: Study) -> None:
    front = pack.result("front")
    points = front.pivot(index="point_id", columns="item", values="value")
    assert set(points) == set(pack.header.trade_off)
    assert len(points) >= 20
    assert (front["gap"] <= 1e-3).all()
    gains = points.to_numpy(np.float64) * [-1 if item == "initial_cost_usd" else 1 for item in points.columns]
    as_good = (gains[:, None] >= gains[None, :]).all(axis=2)
    better = (gains[:, None] > gains[None, :]).any(axis=2)
    assert not (as_good & better).any()
    assert front["whole"].notna().all()


@pytest.mark.slow
def test_plans_are_tried_in_every_future(pack: Study) -> None:
    table = pack.result("robustness").pivot(index="rule", columns="future_id", values="regret")
    futures = [future.future_id for future in pack.header.futures]
    assert set(table.columns) == set(futures)
    assert {"expected", "maximin", "minimax_regret", *futures} == set(table.index)
    assert table.notna().all(axis=None)
    scale = pack.result("robustness")["value"].abs().max()
    own = np.array([table.at[future, future] for future in futures])
    assert (np.abs(own) <= 1e-6 * scale).all()  # the best plan of a future regrets nothing there
    worst = table.max(axis=1)
    assert worst["minimax_regret"] <= worst.min() + 1e-3 * scale


# --- Ghana --------------------------------------------------------------------------------------------------------


def test_every_road_link_has_its_criticality_and_it_is_that_of_removing_it(ghana: Study) -> None:
    criticality = ghana.criticality().set_index("link_id")
    roads = ghana.tables["links"].query("kind == 'road'")
    assert sorted(criticality.index) == sorted(roads["link_id"])
    assert len(roads) == 410
    assert criticality["population_cut_off"].nlargest(3).tolist() == [95837, 60610, 42623]
    reached = ghana.access().query("is_reached")
    people = reached.groupby("node_id")["population"].sum()
    hospitals = ghana.result("snapping").merge(
        ghana.tables["assets"].query("kind == 'hospital'"), left_on="item_id", right_on="asset_id"
    )
    seeds = set(hospitals.loc[hospitals["is_snapped"], "node_id"])
    graph = nx.MultiGraph()
    for link in roads.itertuples():
        graph.add_edge(link.from_asset_id, link.to_asset_id, key=link.link_id)
    for link in roads.itertuples():
        graph.remove_edge(link.from_asset_id, link.to_asset_id, key=link.link_id)
        lost = sum(
            people.reindex(list(part)).sum() for part in nx.connected_components(graph) if not seeds.intersection(part)
        )
        graph.add_edge(link.from_asset_id, link.to_asset_id, key=link.link_id)
        assert criticality.loc[link.link_id, "population_cut_off"] == pytest.approx(lost), link.link_id


def test_drought_is_given_for_each_model_and_epoch_apart(ghana: Study) -> None:
    losses = ghana.drought_losses()
    models = losses.groupby(["model", "epoch"]).size()
    assert list(models.index) == [("clm45_gfdl-esm2m", 2030), ("clm45_miroc5", 2080), ("lpjml_miroc5", 2080)]
    dam = losses.query("asset_id == 'wri_WRI1000012'") if "wri_WRI1000012" in set(losses["asset_id"]) else losses
    known = dam.dropna(subset=["annual_probability", "capacity"])
    assert (known["expected_loss"] == known["annual_probability"] * known["capacity"]).all()
    spread = losses.query("epoch == 2080").groupby("asset_id")["annual_probability"].agg(lambda p: p.max() - p.min())
    assert (spread.dropna() > 0).any()


def test_flood_is_a_class_and_never_money(ghana: Study) -> None:
    classes = ghana.tables["hazard_classes"].set_index("hazard")["level"]
    assert len(classes) == 11
    assert classes["river_flood"] == "high"
    assert ghana.damages().empty
    assert ghana.expected_annual_damage().empty


def test_34_real_projects_have_cost_sector_and_targets(ghana: Study) -> None:
    projects = ghana.options().query("kind == 'project'")
    assert len(projects) == 34
    assert (projects["initial_cost_usd"] > 0).all()
    assert projects["sector"].notna().all()
    assert projects["sdg_basis"].notna().all()
    assert projects["sdg_targets"].notna().sum() >= 30


@pytest.mark.slow
def test_projects_without_a_place_are_not_chosen(ghana: Study) -> None:
    chosen = ghana.plans().merge(ghana.options(), on="option_id")
    assert len(chosen)
    assert (chosen["kind"] == "build").all()


@pytest.mark.slow
def test_a_second_road_ends_what_its_gap_cut_off(ghana: Study) -> None:
    effects = ghana.effects().query("item == 'population_cut_off'").set_index("option_id")["amount"]
    assert effects["second_road_gap_377406_377490_beside"] == pytest.approx(95837)
    checks = ghana.plan_checks().query("item == 'population_cut_off'")
    np.testing.assert_allclose(checks["whole_plan"], checks["sum_of_options"])
