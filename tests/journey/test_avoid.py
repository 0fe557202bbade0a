"""What options avoid of disruption: counted by hand, and equal to the whole disruption step run with them."""

from __future__ import annotations

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal
from shapely import Point
from tests.national import write_national
from tests.system.systems import Service, system_of

from headwater.errors import AssumptionError, TableError
from headwater.journey import avoid, disrupt, stress, tally
from headwater.journey.disrupt import Hazard, Model
from headwater.options.changes import apply_changes
from headwater.risk.failure import Chances
from headwater.schema import check, empty
from headwater.store import rasters, studies

PEOPLE, HOURS = "population_without_per_yr.care", "user_hours_lost_per_yr.care"
WEIGHTS = {10.0: 0.05, 100.0: 0.01}
COLUMNS = ["option_id", "table", "row_id", "action", "column", "value"]


# --- small worlds -------------------------------------------------------------------------------------------------


def care(links, zones, **more):
    """One service that people reach over links from a hospital `h`."""
    return {"care": Service({"h": np.inf}, zones, links, **more)}


IN_A_ROW = care({"l1": ("h", "a"), "l2": ("a", "b"), "l3": ("b", "c")}, {"town": (100.0, "c")})
SIDE_BY_SIDE = care({"l1": ("h", "a"), "l2": ("h", "a")}, {"town": (100.0, "a")})


def small(services, needs=(), *, depth=None, samples=2, standard=None, crews=None, spread=False, repair_h=24.0):
    """A model whose links all fail in both floods unless `depth` says otherwise [layers: items], and its hazard."""
    system = system_of(services, needs)
    ids, count = system.item_ids, len(system.item_ids)
    items = pd.DataFrame({"table": "links", "sector": "transport", "kind": "road"}, index=ids)
    items.loc[system.asset_ids, "table"] = "assets"
    items = items.assign(design_return_period_yr=pd.Series(standard or {}, dtype=float).reindex(ids), lon=5.0, lat=1.0)
    model = Model(
        system, items, empty("fragility"), empty("recovery"), crews, samples, seed=3, range_m=0.0,
        drought_loss_h=np.inf, priority=None if crews is None else np.ones(count),
    )  # fmt: skip
    intensity = np.full((2, count), np.nan)
    is_link = np.asarray(ids.isin(system.link_ids))
    intensity[:, is_link] = 1.0
    for name, depths in (depth or {}).items():
        intensity[:, ids.get_loc(name)] = depths
    bounds = np.tile([0.5, 1.0, 2.0] if spread else [1.0, 1.0, 1.0], (count, 1))
    repair = np.tile([repair_h / 2, repair_h, repair_h * 2] if spread else [repair_h] * 3, (count, 1))
    chances = Chances(
        bounds, repair, items["design_return_period_yr"].to_numpy(float), np.zeros((count, 3)),
        pd.util.hash_array(ids.to_numpy(dtype=object), categorize=False), 3, 0.0,
    )  # fmt: skip
    layers = pd.DataFrame(
        {"layer_id": ["ten", "hundred"], "hazard": "flood", "quantity": "intensity", "scenario": None, "model": None,
         "epoch": None, "return_period_yr": list(WEIGHTS)}
    )  # fmt: skip
    return model, Hazard(layers, intensity, chances, np.array(list(WEIGHTS.values())))


def tables_of(model):
    """Tables `assets` and `links` of a small world, as far as options change them."""
    system = model.system
    source = {"sector": "transport", "source_id": "made_up"}
    assets = pd.DataFrame({"asset_id": system.asset_ids, "name": "-", "kind": "road_node"} | source)
    assets = gpd.GeoDataFrame(assets, geometry=[Point(5, 1)] * len(assets), crs="EPSG:4326")
    links = pd.DataFrame(
        {"link_id": system.link_ids, "from_asset_id": "h", "to_asset_id": "h", "kind": "road"} | source
    )
    standard = model.items["design_return_period_yr"]
    return {
        "assets": assets.assign(design_return_period_yr=assets["asset_id"].map(standard)),
        "links": gpd.GeoDataFrame(
            links.assign(design_return_period_yr=links["link_id"].map(standard)),
            geometry=[None] * len(links), crs="EPSG:4326",
        ),
    }  # fmt: skip


def raises(**standards):
    """Changes of options `wall_LINK` that each give a link a standard."""
    rows = [(f"wall_{link}", "links", link, "set", "design_return_period_yr", f"{value}")
            for link, value in standards.items()]  # fmt: skip
    return pd.DataFrame(rows, columns=COLUMNS)


def no_model(_system):
    raise AssertionError("nothing here is to be run whole")


def amounts(effects, item):
    return effects[effects["item"] == item].set_index("option_id")["amount"].to_dict()


# --- by hand ------------------------------------------------------------------------------------------------------


def test_one_road_held_open_in_the_frequent_flood():
    model, hazard = small(care({"l1": ("h", "a")}, {"town": (100.0, "a")}))
    base = avoid.prepare(model, [hazard])
    assert avoid.yearly(base).mean(axis=0)[0] == pytest.approx([24 * 100 * 0.06, 100 * 0.06])
    found = avoid.effects(tables_of(model), raises(l1=50), base, no_model)
    check(found, "effects")
    assert amounts(found, PEOPLE) == {"wall_l1": pytest.approx(5.0)}
    assert amounts(found, HOURS) == {"wall_l1": pytest.approx(120.0)}
    assert found["unit"].tolist() == ["people/yr", "person-hours/yr"]
    assert found["amount_low"].tolist() == pytest.approx(found["amount"].tolist())  # every sample the same


def test_a_standard_holds_off_what_is_more_frequent_and_not_what_is_as_frequent():
    model, hazard = small(care({"l1": ("h", "a")}, {"town": (100.0, "a")}))
    base = avoid.prepare(model, [hazard])
    gains = {
        years: amounts(avoid.effects(tables_of(model), raises(l1=years), base, no_model), PEOPLE)["wall_l1"]
        for years in (10, 11, 100, 101)
    }
    assert gains == {10: 0.0, 11: pytest.approx(5.0), 100: pytest.approx(5.0), 101: pytest.approx(6.0)}


def test_a_standard_that_is_lowered_or_taken_away_loses():
    model, hazard = small(care({"l1": ("h", "a")}, {"town": (100.0, "a")}), standard={"l1": 50.0})
    base = avoid.prepare(model, [hazard])
    for value in ("5", ""):
        found = avoid.effects(tables_of(model), raises(l1=value), base, no_model)
        assert amounts(found, PEOPLE) == {"wall_l1": pytest.approx(-5.0)}


def test_roads_in_a_row_gain_nothing_alone_and_everything_together():
    model, hazard = small(IN_A_ROW)
    base, changes = avoid.prepare(model, [hazard]), raises(l1=50, l2=50, l3=50)
    found = avoid.effects(tables_of(model), changes, base, no_model)
    assert set(amounts(found, PEOPLE).values()) == {0.0}
    names = ["wall_l1", "wall_l2", "wall_l3"]
    assert avoid.whole(tables_of(model), changes, names[:2], base, no_model)[PEOPLE] == 0.0
    truth = avoid.whole(tables_of(model), changes, names, base, no_model)
    assert truth == {PEOPLE: pytest.approx(5.0), HOURS: pytest.approx(120.0)}


def test_no_known_gain_is_not_a_gain_of_nothing():
    """A road off the map has no row; one on it that an option does not protect gains exactly 0."""
    model, hazard = small(SIDE_BY_SIDE, depth={"l2": [np.nan, np.nan]})
    changes = pd.concat([raises(l1=50, l2=50), raises(l1=0.5).assign(option_id="raise_l1", column="damage_scale")])
    found = avoid.effects(tables_of(model), changes, avoid.prepare(model, [hazard]), no_model)
    assert amounts(found, PEOPLE) == {"wall_l1": 0.0, "raise_l1": 0.0}  # the road that is never closed is enough
    assert avoid.effects(tables_of(model), changes, avoid.prepare(model, []), no_model).empty
    assert avoid.whole(tables_of(model), changes, ["wall_l1"], avoid.prepare(model, []), no_model) == {}


def test_without_a_time_of_repair_people_count_and_person_hours_are_not_known():
    model, hazard = small(care({"l1": ("h", "a")}, {"town": (100.0, "a")}), repair_h=np.nan)
    base = avoid.prepare(model, [hazard])
    found = avoid.effects(tables_of(model), raises(l1=50), base, no_model)
    assert found["item"].tolist() == [PEOPLE]
    assert avoid.whole(tables_of(model), raises(l1=50), ["wall_l1"], base, no_model) == {PEOPLE: pytest.approx(5.0)}


def test_one_crew_mends_what_is_left_sooner():
    """Two roads to two towns and one crew: with one held open, nobody waits for the crew at the other."""
    services = care({"l1": ("h", "a"), "l2": ("h", "b")}, {"one": (100.0, "a"), "two": (10.0, "b")})
    model, hazard = small(services, crews=1)
    found = avoid.effects(tables_of(model), raises(l1=50, l2=50), avoid.prepare(model, [hazard]), no_model)
    # without: l1 until hour 24, l2 until 48; with l1 held open: l2 until 24; with l2: l1 until 24
    assert amounts(found, HOURS) == {
        "wall_l1": pytest.approx(0.05 * (24 * 100 + 24 * 10)),
        "wall_l2": pytest.approx(0.05 * 48 * 10),
    }


def test_what_changes_the_network_is_run_whole():
    model, hazard = small(care({"l1": ("h", "a")}, {"town": (100.0, "a")}))
    base, tables = avoid.prepare(model, [hazard]), tables_of(model)
    road = {"from_asset_id": "h", "to_asset_id": "h", "sector": "transport", "kind": "road", "source_id": "made_up"}
    added = [("road", "links", "l2", "add", column, value) for column, value in road.items()]
    changes = pd.concat([pd.DataFrame(added, columns=COLUMNS), raises(l1=50)])
    seen = []

    def spared(system):
        seen.append(sorted(system["links"]["link_id"]))
        return avoid.yearly(base) * [1.0, 0.5]

    found = avoid.effects(tables, changes, base, spared)
    assert seen == [["l1", "l2"]]
    assert amounts(found, PEOPLE) == {"road": pytest.approx(3.0), "wall_l1": pytest.approx(5.0)}
    assert avoid.whole(tables, changes, ["road", "wall_l1"], base, spared)[PEOPLE] == pytest.approx(3.0)


def test_contradictions_are_errors():
    model, hazard = small(IN_A_ROW)
    base = avoid.prepare(model, [hazard])
    changes = pd.concat([raises(l1=50), raises(l1=20).assign(option_id="other")])
    with pytest.raises(TableError, match="differently"):
        avoid.whole(tables_of(model), changes, ["wall_l1", "other"], base, no_model)


# --- invariants ---------------------------------------------------------------------------------------------------

GRID = care(
    {"l1": ("h", "a"), "l2": ("a", "b"), "l3": ("h", "c"), "l4": ("c", "b"), "l5": ("a", "c"), "l6": ("b", "d")},
    {"north": (30.0, "b"), "south": (50.0, "c"), "east": (20.0, "d")},
)


@settings(max_examples=30)
@given(st.dictionaries(st.sampled_from([f"l{i}" for i in range(1, 7)]), st.sampled_from([11, 101]), min_size=1))
def test_protection_never_takes_and_more_of_it_never_gives_less(standards):
    """Where nothing is in short supply."""
    model, hazard = small(GRID, samples=20, spread=True)
    base, changes = avoid.prepare(model, [hazard]), raises(**standards)
    found = avoid.effects(tables_of(model), changes, base, no_model)
    truth = avoid.whole(tables_of(model), changes, changes["option_id"], base, no_model)
    assert (found["amount"] >= 0).all()
    for item in (PEOPLE, HOURS):
        assert truth[item] >= max(amounts(found, item).values()) - 1e-9
    assert truth[PEOPLE] <= avoid.yearly(base).mean(axis=0)[0, 1] + 1e-9


def test_the_interval_is_that_of_paired_differences():
    model, hazard = small(GRID, samples=50, spread=True)
    base, changes = avoid.prepare(model, [hazard]), raises(l1=101)
    found = avoid.effects(tables_of(model), changes, base, no_model).set_index("item").loc[PEOPLE]
    held = hazard.chances.design_return_period_yr.copy()
    held[model.items.index.get_loc("l1")] = 101.0
    other = replace(model, items=model.items.assign(design_return_period_yr=held))
    with_it = avoid.yearly(avoid.prepare(other, [hazard]))
    gain = (avoid.yearly(base) - with_it)[:, 0, 1]
    half = 1.959963984540054 * gain.std(ddof=1) / np.sqrt(50)
    assert found[["amount_low", "amount", "amount_high"]].tolist() == pytest.approx(
        [gain.mean() - half, gain.mean(), gain.mean() + half]
    )
    alone = avoid.yearly(base)[:, 0, 1].std(ddof=1)
    assert gain.std(ddof=1) < np.hypot(alone, with_it[:, 0, 1].std(ddof=1))


def test_neither_the_order_of_rows_nor_other_options_nor_pieces_change_a_gain():
    model, hazard = small(GRID, samples=120, spread=True)
    base, changes = avoid.prepare(model, [hazard]), raises(l1=50, l2=50, l3=101, l6=50)
    found = avoid.effects(tables_of(model), changes, base, no_model)
    shuffled = changes.sample(frac=1, random_state=1)
    assert_frame_equal(avoid.effects(tables_of(model), shuffled, base, no_model), found)
    alone = avoid.effects(tables_of(model), raises(l3=101), base, no_model)
    assert_frame_equal(alone, found[found["option_id"] == "wall_l3"].reset_index(drop=True))
    first = avoid.prepare(model, [hazard], samples=70)
    assert (avoid.yearly(first) == avoid.yearly(base)[:70]).all()


# --- against the whole step ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def country(tmp_path_factory):
    """A made-up country with dependencies and capacities: model from a system, and its tables."""
    folder = write_national(tmp_path_factory.mktemp("national") / "study", side=7, samples=24)
    header = studies.read_header(folder)
    tables = studies.load_tables(folder, header)
    system = {name: tables[name] for name in ("assets", "links")}
    reader = rasters.Rasters(folder.resolve(), 1)

    def hazards(model, system):
        shapes = stress.exposed_assets(**system).geometry
        for layers in stress.groups(tables["hazard_layers"]):
            at = stress.expose(shapes, layers, read_grid=reader.grid, read_values=reader.values)
            yield disrupt.hazard_events(model, at, rule=header.value("ead_rule"))

    def built(system):
        model = disrupt.build_model(system, tables, header)[0]
        return model, list(hazards(model, system))

    return system, tables, header, built


def expected(country, system):
    """The disruption step as it is run for a study: losses a year by service."""
    _system, tables, header, built = country
    model, hazards = built(system)
    work = [(hazards[0], block) for block in disrupt.blocks(model.samples, disrupt.SAMPLES_PER_BLOCK)]
    part = disrupt.joined(disrupt.sample_events(model, each) for each in work)
    found = tally.sampled(model, hazards[0], part, zones=tables["zones"], rule=header.value("ead_rule"))
    rows = found["expected_disruptions"]
    return rows[rows["with_cascade"]].set_index("service")[["user_hours_lost_per_yr", "population_without_per_yr"]]


def test_every_gain_is_that_of_the_whole_step_run_again(country):
    """Protection through runs of changed events, a battery and a line through runs of the whole."""
    system, _tables, header, built = country
    model, hazards = built(system)
    base = avoid.prepare(model, avoid.planned(hazards, header))
    links, assets = system["links"], system["assets"]
    roads = links.loc[links["kind"] == "road", "link_id"].tolist()
    lines = links.loc[links["kind"] == "power_line", "link_id"].tolist()
    exchanges = [name for name in assets["asset_id"] if name.startswith("exchange")]
    raised = "design_return_period_yr"
    rows = {
        "roads": [("links", one, raised, "500") for one in roads],
        "line": [("links", one, raised, "5000") for one in lines[:6]],
        "works": [("assets", one, raised, "50") for one in assets["asset_id"] if one.startswith("water")],
        "batteries": [("assets", one, "backup_h", "30") for one in exchanges],
    }
    table = [
        (option, name, row, "set", column, value) for option, own in rows.items() for name, row, column, value in own
    ]
    changes = pd.DataFrame(table, columns=COLUMNS)

    def losses(changed):
        other, found = built(changed)
        return avoid.yearly(avoid.prepare(other, found))

    before = expected(country, system)
    effects = avoid.effects(system, changes, base, losses, services=header.services)
    wanted = {"together": list(rows)} | {option: [option] for option in rows}
    for option, names in wanted.items():
        gain = before - expected(country, apply_changes(system, changes, names))
        truth = avoid.whole(system, changes, names, base, losses, services=header.services)
        own = effects[effects["option_id"] == option].set_index("item")["amount"]
        for service in gain.index:
            for column in gain.columns:
                known = gain.at[service, column]
                assert truth[f"{column}.{service}"] == pytest.approx(known, rel=1e-9, abs=1e-6)
                if option != "together":
                    assert own[f"{column}.{service}"] == pytest.approx(known, rel=1e-9, abs=1e-6)
    assert avoid.changes_the_network(changes) == ["batteries"]
    assert (effects.groupby("option_id")["amount"].max() > 0).all()


def test_the_case_that_is_planned_for(country):
    system, _tables, header, built = country
    _model, hazards = built(system)
    later = replace(hazards[0], layers=hazards[0].layers.assign(epoch=2080))
    assert avoid.planned([], header) == []
    assert avoid.planned(hazards, header) == hazards
    with pytest.raises(AssumptionError, match="planning_epoch"):
        avoid.planned([*hazards, later], header)
