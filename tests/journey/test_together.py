"""What options do to each other: counted by hand, by the models, and what is put right when a plan is run whole."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.journey.test_avoid import (
    COLUMNS,
    GRID,
    HOURS,
    IN_A_ROW,
    PEOPLE,
    SIDE_BY_SIDE,
    care,
    no_model,
    raises,
    small,
    tables_of,
)

from headwater.journey import avoid, corridors, together
from headwater.journey.pairs import of_standards
from headwater.schema import check, empty

OPTIONS = pd.DataFrame({"option_id": pd.Series([], dtype="object"), "exclusive_group": pd.Series([], dtype="object")})


def found(model, hazard, changes, options=OPTIONS, **more):
    tables, base = tables_of(model), avoid.prepare(model, [hazard])
    effects = avoid.effects(tables, changes, base, no_model)
    return together.interactions(tables, changes, options, effects, losses=(base, no_model), **more), effects, base


def of_item(interactions, item):
    return interactions[interactions["item"] == item].set_index("option_ids")["amount"].to_dict()


def summed(effects, interactions, option_ids):
    chosen = set(option_ids)
    inside = interactions[
        interactions["option_ids"].map(lambda names: chosen.issuperset(names.split(";"))).astype(bool)
    ]
    alone = effects[effects["option_id"].isin(chosen)].groupby("item")["amount"].sum()
    return alone.add(inside.groupby("item")["amount"].sum(), fill_value=0.0).to_dict()


# --- pairs by hand ------------------------------------------------------------------------------------------------


def test_two_roads_in_a_row_are_worth_more_together():
    """Alone neither helps; both give 5 people a year and 120 person-hours (see `test_avoid`)."""
    services = care({"l1": ("h", "a"), "l2": ("a", "b")}, {"town": (100.0, "b")})
    (interactions, dropped), _effects, _base = found(*small(services), raises(l1=50, l2=50))
    check(interactions, "interactions")
    assert of_item(interactions, PEOPLE) == {"wall_l1;wall_l2": pytest.approx(5.0)}
    assert of_item(interactions, HOURS) == {"wall_l1;wall_l2": pytest.approx(120.0)}
    assert interactions["unit"].tolist() == ["people/yr", "person-hours/yr"]
    assert set(interactions["origin"]) == {"model"}
    assert dropped.empty


def test_two_ways_to_one_town_are_worth_less_together():
    (interactions, _dropped), effects, _base = found(*small(SIDE_BY_SIDE), raises(l1=50, l2=50))
    assert effects.loc[effects["item"] == PEOPLE, "amount"].tolist() == pytest.approx([5.0, 5.0])
    assert of_item(interactions, PEOPLE) == {"wall_l1;wall_l2": pytest.approx(-5.0)}


def test_only_floods_that_both_hold_off_count():
    """One is held open in both floods, the other in the frequent one: together that gives the frequent one."""
    services = care({"l1": ("h", "a"), "l2": ("a", "b")}, {"town": (100.0, "b")})
    (interactions, _dropped), _effects, _base = found(*small(services), raises(l1=50, l2=500))
    assert of_item(interactions, PEOPLE) == {"wall_l1;wall_l2": pytest.approx(5.0)}


def test_roads_to_different_towns_do_nothing_to_each_other():
    services = care({"l1": ("h", "a"), "l2": ("h", "b")}, {"one": (100.0, "a"), "two": (10.0, "b")})
    (interactions, _dropped), _effects, _base = found(*small(services), raises(l1=50, l2=50))
    assert interactions.empty
    check(interactions, "interactions")


def test_options_that_exclude_each_other_or_are_at_odds_are_no_pair():
    services = care({"l1": ("h", "a"), "l2": ("a", "b")}, {"town": (100.0, "b")})
    again = raises(l1=101).assign(option_id="dam_l1")
    changes = pd.concat([raises(l1=50, l2=50), again])
    (interactions, _dropped), _effects, _base = found(*small(services), changes)
    assert set(interactions["option_ids"]) == {"wall_l1;wall_l2", "dam_l1;wall_l2"}
    options = pd.DataFrame({"option_id": ["dam_l1", "wall_l2"], "exclusive_group": ["one", "one"]})
    (interactions, _dropped), _effects, _base = found(*small(services), changes, options)
    assert set(interactions["option_ids"]) == {"wall_l1;wall_l2"}


def test_the_largest_are_kept_and_the_rest_is_counted():
    services = care(
        {"l1": ("h", "a"), "l2": ("a", "b"), "l3": ("h", "c"), "l4": ("c", "d")},
        {"near": (100.0, "b"), "far": (10.0, "d")},
    )
    changes = raises(l1=50, l2=50, l3=50, l4=50)
    (interactions, dropped), _effects, _base = found(*small(services), changes, most=1)
    assert of_item(interactions, PEOPLE) == {"wall_l1;wall_l2": pytest.approx(5.0)}
    assert dropped.set_index("item").loc[PEOPLE].tolist() == [1, pytest.approx(0.5)]


def test_fewer_runs_take_the_first_samples():
    model, hazard = small(GRID, samples=60, spread=True)
    base, changes = avoid.prepare(model, [hazard]), raises(**{f"l{i}": 101 for i in range(1, 7)})
    some = of_standards(changes, base, OPTIONS, most_runs=100)[0]
    assert not some.equals(of_standards(changes, base, OPTIONS)[0])
    firsts = [of_standards(changes, avoid.prepare(model, [hazard], samples=k), OPTIONS)[0] for k in range(1, 60)]
    assert sum(some.equals(first) for first in firsts) >= 1


def test_pairs_that_change_the_network_are_run_through_the_models():
    """People cut off by single failures: either of two roads helps 60, both together help 100."""
    road = {"from_asset_id": "h", "to_asset_id": "a", "sector": "transport", "kind": "road", "source_id": "made_up"}
    rows = [(f"road_{n}", "links", f"new_{n}", "add", *cell) for n in (1, 2) for cell in road.items()]
    changes = pd.DataFrame(rows, columns=COLUMNS)
    model, _hazard = small(IN_A_ROW)
    base = pd.Series({"population_cut_off": 200.0, "person_hours_lost": 8.0})

    def service(system):
        roads = system["links"]["link_id"].str.startswith("new_").sum()
        return pd.Series({"population_cut_off": [200.0, 140.0, 100.0][roads], "person_hours_lost": 8.0 - roads})

    effects = together.propose.service_effects(tables_of(model), changes, base, service, run=map)
    interactions, _dropped = together.interactions(
        tables_of(model), changes, OPTIONS, effects, service=(service, base), run=map
    )
    assert of_item(interactions, "population_cut_off") == {"road_1;road_2": pytest.approx(-20.0)}
    assert of_item(interactions, "person_hours_lost") == {}
    assert interactions["unit"].tolist() == ["people"]


def test_two_measures_on_one_road_avoid_less_damage_than_their_sum():
    """Each halves a damage of 100, both leave a quarter: 75 and not 100."""
    columns = {"drain": "damage_scale", "raise": "damage_offset"}
    changes = pd.DataFrame([(o, "links", "l1", "set", c, "0.5") for o, c in columns.items()], columns=COLUMNS)
    model, _hazard = small(IN_A_ROW)
    ends = together.propose.EAD

    def damage(system):
        links = system["links"].set_index("link_id")
        treated = sum(column in links and links.at["l1", column] == 0.5 for column in columns.values())
        return pd.DataFrame({end: [100.0 * 0.5**treated] for end in ends}, index=["l1"])

    base = damage(tables_of(model))
    effects = together.propose.damage_effects(tables_of(model), changes, base, damage, run=map)
    interactions, _dropped = together.interactions(
        tables_of(model), changes, OPTIONS, effects, damage=(damage, base), run=map
    )
    assert of_item(interactions, ends[0]) == {"drain;raise": pytest.approx(-25.0)}


@settings(max_examples=30)
@given(
    st.lists(st.sampled_from([f"l{i}" for i in range(1, 7)]), min_size=2, max_size=2, unique=True),
    st.sampled_from([50, 101]), st.sampled_from([50, 101]), st.integers(0, 5),
)  # fmt: skip
def test_effects_and_the_interaction_of_two_options_are_the_whole(links, one, other, seed):
    model, hazard = small(GRID, samples=15, spread=True)
    changes = raises(**dict(zip(links, (one, other), strict=True))).sample(frac=1, random_state=seed)
    (interactions, _dropped), effects, base = found(model, hazard, changes)
    truth = avoid.whole(tables_of(model), changes, changes["option_id"], base, no_model)
    assert summed(effects, interactions, changes["option_id"]) == pytest.approx(truth, rel=1e-5, abs=1e-9)


# --- corridors ----------------------------------------------------------------------------------------------------


def test_three_roads_in_a_row_are_a_corridor():
    """Alone and in pairs they gain nothing, together everything; those on the way to another town are in it too."""
    services = care({"l1": ("h", "a"), "l2": ("a", "b"), "l3": ("b", "c"), "l4": ("c", "d")},
                    {"third": (100.0, "c"), "fourth": (10.0, "d")})  # fmt: skip
    changes = raises(l1=50, l2=50, l3=50, l4=50)
    (interactions, _dropped), _effects, _base = found(*small(services), changes)
    check(interactions, "interactions")
    assert of_item(interactions, PEOPLE) == {
        "wall_l1;wall_l2;wall_l3": pytest.approx(5.0),
        "wall_l1;wall_l2;wall_l3;wall_l4": pytest.approx(0.5),
    }


def test_two_corridors_to_one_town_are_not_counted_twice():
    """Either way behind a common first stretch is enough: the whole is worth what one of them is."""
    services = care({"l1": ("h", "a"), "l2": ("a", "c"), "l3": ("a", "b"), "l4": ("b", "c")}, {"town": (100.0, "c")})
    changes = raises(l1=50, l2=50, l3=50, l4=50)
    (interactions, _dropped), effects, _base = found(*small(services), changes)
    assert of_item(interactions, PEOPLE) == {
        "wall_l1;wall_l2": pytest.approx(5.0), "wall_l1;wall_l3;wall_l4": pytest.approx(5.0),
        "wall_l1;wall_l2;wall_l3;wall_l4": pytest.approx(-5.0),
    }  # fmt: skip
    assert summed(effects, interactions, changes["option_id"])[PEOPLE] == pytest.approx(5.0)


def test_a_corridor_can_be_built_in_several_ways():
    again = raises(l1=101).assign(option_id="dam_l1")
    changes = pd.concat([raises(l1=50, l2=50, l3=50), again])
    options = pd.DataFrame(
        {"option_id": ["dam_l1", "wall_l1"], "exclusive_group": "l1", "initial_cost_usd": [9.0, 1.0]}
    )
    (interactions, _dropped), _effects, _base = found(*small(IN_A_ROW), changes, options)
    assert of_item(interactions, PEOPLE) == {
        "wall_l1;wall_l2;wall_l3": pytest.approx(5.0), "dam_l1;wall_l2;wall_l3": pytest.approx(5.0),
    }  # fmt: skip


def test_of_too_many_ways_the_cheapest_and_the_strongest_are_told():
    costs = pd.Series({"cheap": 1.0, "dear": 2.0, "strong": 3.0})
    standard = pd.Series({"cheap": 20.0, "dear": 20.0, "strong": 50.0})
    owners = [["cheap", "dear", "strong"]]
    assert len(corridors._ways(owners * 3, costs, standard)) == 27
    assert set(corridors._ways(owners * 5, costs, standard)) == set(product(["cheap", "strong"], repeat=5))
    assert corridors._ways(owners * 9, costs, standard) == [("cheap",) * 9, ("strong",) * 9]


@settings(max_examples=25)
@given(st.lists(st.sampled_from([0.4, 0.8, 1.5, 3.0]), min_size=8, max_size=8), st.integers(0, 2))
def test_on_a_tree_the_sum_of_every_plan_is_what_the_models_say(depths, seed):
    """Where there is one way to everybody, sets of roads are all there is to say: sum and models agree for any plan."""
    ways = {"l1": "ha", "l2": "ab", "l3": "bc", "l4": "cd", "l5": "be", "l6": "ef", "l7": "hg", "l8": "gi"}
    services = care({link: tuple(ends) for link, ends in ways.items()}, {f"z{node}": (10.0, node) for node in "bdfi"})
    model, hazard = small(
        services, samples=12, spread=True, depth={link: [d / 2, d] for link, d in zip(ways, depths, strict=True)}
    )
    changes = raises(**dict.fromkeys(ways, 101))
    (interactions, _dropped), effects, base = found(model, hazard, changes)
    plan = changes["option_id"].sample(5, random_state=seed)
    truth = avoid.whole(tables_of(model), changes, plan, base, no_model)
    assert summed(effects, interactions, plan)[PEOPLE] == pytest.approx(truth[PEOPLE], rel=1e-5, abs=1e-9)


# --- corrections --------------------------------------------------------------------------------------------------


def test_three_roads_in_a_row_are_put_right_by_a_plan_that_is_run_whole():
    """Where nothing is known of them: alone they gain nothing, the plan gains all, and from then on so does the sum."""
    changes = raises(l1=50, l2=50, l3=50)
    model, hazard = small(IN_A_ROW)
    _found, effects, base = found(model, hazard, changes)
    plan, known = list(changes["option_id"]), empty("interactions")
    truth = avoid.whole(tables_of(model), changes, plan, base, no_model)
    more = together.correction(plan, truth, summed(effects, known, plan), known, plan_id="small")
    check(more, "interactions")
    assert of_item(more, PEOPLE) == {"wall_l1;wall_l2;wall_l3": pytest.approx(5.0)}
    assert dict(zip(more["item"], more["unit"], strict=True)) == {HOURS: "person-hours/yr", PEOPLE: "people/yr"}
    assert set(more["plan_id"]) == {"small"}
    assert summed(effects, more, plan) == pytest.approx(truth)
    assert together.correction(plan, truth, summed(effects, more, plan), more).empty
    assert summed(effects, more, plan[:2]) == pytest.approx({PEOPLE: 0.0, HOURS: 0.0})


def test_each_part_of_a_plan_is_put_right_by_itself():
    known = pd.DataFrame({"option_ids": ["a;b", "b;c", "d;e"], "item": "x", "amount": 0.0, "unit": "1"})
    worth = {"abc": 7.0, "de": 3.0, "abcdef": 11.0}

    def whole(names):
        return {"x": worth["".join(sorted(names))]}

    parts = together.run_parts("abcdef", known, whole, lambda _names: {"x": 2.0})
    assert [members for members, _truth, _sum in parts] == [["a", "b", "c"], ["d", "e"]]
    more = together.correction("abcdef", whole("abcdef"), {"x": 5.0}, known, parts=parts, among="abcde")
    assert of_item(more, "x") == {"a;b;c": 5.0, "d;e": 1.0}  # 5 + 5 + 1 is the whole
    worth["abcdef"] = 12.0
    more = together.correction("abcdef", whole("abcdef"), {"x": 5.0}, known, parts=parts, among="abcde")
    assert of_item(more, "x") == {"a;b;c": 5.0, "d;e": 1.0, "a;b;c;d;e": 1.0}
    assert more["interaction_id"].is_unique


def test_what_is_not_known_is_not_put_right():
    known = empty("interactions")
    assert together.correction(["a"], {"ead_usd_per_yr": np.nan}, {}, known).empty
    assert together.correction(["a"], {"ead_usd_per_yr": 1.0 + 1e-12}, {"ead_usd_per_yr": 1.0}, known).empty
