"""Cascades on systems made at random: the same as said plainly in Python, and what must hold of every one."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.system.systems import Service, events_of, system_of

from headwater.system.cascade import baseline, cascade
from headwater.system.layers import Events

INF = float("inf")
ASSETS = [f"a{i}" for i in range(7)]
SERVICES = ["power", "road", "water"]
HOURS = [3.0, 6.0, 20.0]


@st.composite
def services(draw, *, limited=False):
    made = {}
    for name in SERVICES:
        nodes = draw(st.lists(st.sampled_from(ASSETS), min_size=2, max_size=6, unique=True))
        pairs = draw(st.lists(st.tuples(st.sampled_from(nodes), st.sampled_from(nodes)), max_size=8))
        links = {f"{name}{i}": pair for i, pair in enumerate(pairs) if pair[0] != pair[1]}
        supply = st.sampled_from([50.0, 100.0, 400.0]) if limited else st.just(INF)
        suppliers = {node: draw(supply) for node in draw(st.lists(st.sampled_from(nodes), min_size=1, max_size=2))}
        zones = {f"{name}_z{i}": (100.0, draw(st.sampled_from(nodes))) for i in range(3)}
        made[name] = Service(suppliers, zones, links, travels=name == "road", nodes=nodes)
    return made


@st.composite
def needs(draw, made):
    rows = {}
    for _need in range(draw(st.integers(0, 6))):
        asset, service = draw(st.sampled_from(ASSETS)), draw(st.sampled_from(SERVICES))
        places = draw(st.lists(st.sampled_from(list(made[service].nodes)), min_size=1, max_size=2, unique=True))
        rows[asset, service] = (asset, draw(st.sampled_from([0.0, 2.0, 5.0])), [(service, place) for place in places])
    return list(rows.values())


@st.composite
def cases(draw, *, limited=False, count=3):
    made = draw(services(limited=limited))
    system = system_of(made, [], also=ASSETS)
    items = list(system.item_ids)
    events = [
        {item: draw(st.sampled_from(HOURS)) for item in draw(st.lists(st.sampled_from(items), max_size=4, unique=True))}
        for _event in range(count)
    ]
    return made, _met(made, draw(needs(made))), events


def _met(made, rows):
    """Needs that are met when nothing fails: the others are left out, as `dependencies` does."""
    reached = {name: reach(service, set(), set()) for name, service in made.items()}
    return [row for row in rows if any(place in reached[service] for service, place in row[2])]


def reach(service, down, cut):
    """Nodes that a working supplier reaches."""
    graph = nx.Graph()
    graph.add_nodes_from(node for node in service.nodes if node not in down)
    graph.add_edges_from(ends for link, ends in service.links.items() if link not in cut and not set(ends) & down)
    starts = [supplier for supplier in service.suppliers if supplier in graph]
    return set().union(*(nx.node_connected_component(graph, start) for start in starts)) if starts else set()


def served(service, down, cut):
    """Share of demand that is served at each node: in each connected part, supply over demand."""
    graph = nx.Graph()
    graph.add_nodes_from(node for node in service.nodes if node not in down)
    graph.add_edges_from(ends for link, ends in service.links.items() if link not in cut and not set(ends) & down)
    shares = {}
    for part in nx.connected_components(graph):
        supply = [amount for supplier, amount in service.suppliers.items() if supplier in part]
        demand = sum(people for people, node in service.zones.values() if node in part)
        share = 0.0 if not supply else 1.0 if not demand else min(1.0, sum(supply) / demand)
        shares |= dict.fromkeys(part, share)
    return shares


def plainly(made, rows, event, hours):
    """People without each service in each hour, said as plainly as it can be; all times are whole hours."""
    down = [{item for item, end in event.items() if end > hour} for hour in hours]
    stopped = [set(one) for one in down]
    while True:
        reached = [{n: reach(s, stopped[k], down[k]) for n, s in made.items()} for k in hours]
        more = [set() for _hour in hours]
        for asset, backup, ways in rows:
            since = 0
            for k in hours:
                since = since + 1 if not any(place in reached[k][service] for service, place in ways) else 0
                if since > backup and asset not in stopped[k]:
                    more[k].add(asset)
        if not any(more):
            break
        for k in hours:
            stopped[k] |= more[k]
    people = {}
    for name, service in made.items():
        usual = served(service, set(), set())
        now = [served(service, stopped[k], down[k]) for k in hours]
        people[name] = [
            sum(max(usual[node] - share.get(node, 0.0), 0.0) * count for count, node in service.zones.values())
            for share in now
        ]
    return people


def hourly(found, hours):
    """People without each service in each hour [events, layers, hours]."""
    step = (found.steps_h[:, None, :] <= np.array(hours)[None, :, None]).sum(axis=-1) - 1
    return np.take_along_axis(found.people, step[:, None, :], axis=-1)


@given(st.booleans().flatmap(lambda limited: cases(limited=limited)))
def test_the_same_as_said_plainly_hour_by_hour(case):
    made, rows, events = case
    system = system_of(made, rows, also=ASSETS)
    hours = range(int(max(HOURS)) + 1)
    found = cascade(system, events_of(system, *events))
    each_hour = hourly(found, hours)
    for e, event in enumerate(events):
        said = plainly(made, rows, event, hours)
        for n, name in enumerate(SERVICES):
            assert each_hour[e, n].tolist() == pytest.approx(said[name], abs=1e-6)
            assert found.user_hours[e, n] == pytest.approx(sum(said[name]), abs=1e-6)


def chain(length, backup, *, outage=20.0):
    """Assets in a row, each a supplier that needs the one before, and how long each is out when the first is."""
    names = [f"a{i:03}" for i in range(length)]
    made = {name: Service({name: INF}, {f"{name}_z": (1.0, name)}, nodes=[name]) for name in names}
    rows = [(after, backup, [(before, before)]) for before, after in pairwise(names)]
    system = system_of(made, rows)
    return cascade(system, events_of(system, {names[0]: outage}))


def test_backups_run_out_one_after_another_however_long_the_chain():
    assert chain(8, 2.5).user_hours[0].tolist() == [20.0, 17.5, 15.0, 12.5, 10.0, 7.5, 5.0, 2.5]


def test_hours_that_are_no_binary_fractions_add_up():
    found = chain(4, 0.1, outage=0.4)
    assert found.user_hours[0].tolist() == pytest.approx([0.4, 0.3, 0.2, 0.1])
    assert np.isfinite(found.steps_h[0]).sum() == 5


def test_steps_are_put_in_only_where_something_changes():
    assert np.isfinite(chain(2, 30.0).steps_h[0]).sum() == 2
    assert np.isfinite(chain(2, 5.0).steps_h[0]).sum() == 3


@pytest.mark.parametrize("backup", [0.0, 3.0])
def test_where_there_are_too_many_steps_no_outage_is_shortened(backup):
    """Two hundred clinics of one power line each, repaired one after another."""
    lines = {f"l{i:03}": ("plant", f"s{i:03}") for i in range(200)}
    zones = {f"z{i:03}": (1.0, f"s{i:03}") for i in range(200)}
    clinics = {f"c{i:03}": INF for i in range(200)}
    made = {
        "clinic": Service(clinics, {f"z{i:03}": (1.0, f"c{i:03}") for i in range(200)}, nodes=list(clinics)),
        "power": Service({"plant": INF}, zones, lines),
    }
    rows = [(f"c{i:03}", backup, [("power", f"s{i:03}")]) for i in range(200)]
    system = system_of(made, rows)
    ends = {f"l{i:03}": 1.0 + i / 10 for i in range(200)}
    found = cascade(system, events_of(system, ends))
    exact = np.array([sum(max(end - backup, 0.0) for end in ends.values()), sum(ends.values())])
    assert found.steps_h.shape[1] <= 64
    assert (found.user_hours[0] >= exact - 1e-6).all()
    assert (found.user_hours[0] <= exact * 1.05).all()


def test_a_chain_too_long_for_the_steps_is_not_shortened():
    length = 100
    found = chain(length, 1.0, outage=200.0)
    exact = np.array([200.0 - i for i in range(length)])
    assert (found.user_hours[0] >= exact).all()
    assert found.people_without.min() == 1.0


def test_events_of_different_length_in_one_batch():
    made = {"power": Service({"a": INF}, {"z": (1.0, "b"), "y": (1.0, "c")}, {"l": ("a", "b"), "m": ("b", "c")})}
    system = system_of(made)
    many = [{"l": 1.0}, {}, {"l": 2.0, "m": 5.0}, {"m": 4.0}, {"l": INF}, {"a": 1.0, "l": 2.0, "m": 3.0}]
    found = cascade(system, events_of(system, *many))
    hours = found.user_hours[:, 0]
    assert hours[[0, 1, 2, 3, 5]].tolist() == [2, 0, 7, 4, 5]
    assert np.isnan(hours[4])
    assert found.people_without[:, 0].tolist() == [2, 0, 2, 1, 2, 2]


def test_no_events():
    system = system_of({"power": Service({"a": INF}, {"z": (1.0, "a")})})
    found = cascade(system, events_of(system))
    assert found.people_without.shape == (0, 1)
    assert found.zone_people[0].tolist() == [0.0]


def test_a_part_that_is_the_same_is_served_the_same():
    """A link that others make up for changes nothing, to the last bit: sums do not depend on the way they are made."""
    zones = {f"z{i}": (1 / (3 + i), f"n{i}") for i in range(9)}
    ring = {f"l{i}": (f"n{i}", f"n{(i + 1) % 9}") for i in range(9)}
    system = system_of({"power": Service({"n0": 0.7}, zones, ring)})
    found = cascade(system, events_of(system, *({link: 1.0} for link in ring)))
    assert not found.people.any()


@given(cases(count=1))
def test_no_failure_takes_nothing(case):
    made, rows, _events = case
    system = system_of(made, rows, also=ASSETS)
    found = cascade(system, events_of(system, {}))
    assert not found.people.any()
    assert not found.user_hours.any()


@given(cases())
def test_more_failures_never_take_less(case):
    made, rows, events = case
    system = system_of(made, rows, also=ASSETS)
    both = {item: max(one.get(item, 0.0) for one in events) for event in events for item in event}
    found = cascade(system, events_of(system, *events, both))
    assert (found.people_without[-1] >= found.people_without[:-1].max(axis=0)).all()
    assert (found.user_hours[-1] >= found.user_hours[:-1].max(axis=0) - 1e-9).all()


@given(cases(limited=True))
def test_more_failures_never_leave_less_demand_unmet(case):
    made, _rows, events = case
    system = system_of(made, also=ASSETS)
    both = {item: max(one.get(item, 0.0) for one in events) for event in events for item in event}
    found = cascade(system, events_of(system, *events, both))
    share = baseline(system)
    for n in range(len(SERVICES)):  # everybody is served to begin with, and people are the demand
        if (share[n] == 1).all():
            assert (found.people[-1, n, 0] >= found.people[:-1, n, 0] - 1e-9).all()


@given(cases(), st.data())
def test_redundancy_never_takes_more(case, data):
    """A supplier more, a link more, another alternative, a longer backup."""
    made, rows, events = case
    before = system_of(made, rows, also=ASSETS)
    base = cascade(before, events_of(before, *events))
    name = data.draw(st.sampled_from(SERVICES))
    service = made[name]
    kind = data.draw(st.sampled_from(["link", "supplier", "alternative", "backup"]))
    if kind == "link":
        ends = data.draw(st.tuples(st.sampled_from(list(service.nodes)), st.sampled_from(list(service.nodes))))
        made = made | {
            name: replace(service, links=dict(service.links) | ({"new": ends} if ends[0] != ends[1] else {}))
        }
    elif kind == "supplier":
        node = data.draw(st.sampled_from(list(service.nodes)))
        made = made | {name: replace(service, suppliers=dict(service.suppliers) | {node: INF})}
    elif kind == "alternative":
        rows = [(asset, backup, [*ways, (name, service.nodes[0])]) for asset, backup, ways in rows]
    else:
        rows = [(asset, backup + 7.0, ways) for asset, backup, ways in rows]
    after = system_of(made, rows, also=ASSETS)
    found = cascade(after, events_of(after, *events))
    # people who had no service before may have it now, and then lose it: compare who has it, not who loses it
    had, has = (np.array([(share * 100.0).sum() for share in baseline(one)]) for one in (before, after))
    assert ((has - found.people_without) >= (had - base.people_without)).all()


@given(cases(count=9), st.integers(1, 9))
def test_blocks_of_events_give_the_same(case, size):
    made, rows, events = case
    system = system_of(made, rows, also=ASSETS)
    whole = cascade(system, events_of(system, *events))
    parts = [cascade(system, events_of(system, *events[i : i + size])) for i in range(0, len(events), size)]
    assert np.concatenate([part.people_without for part in parts]).tolist() == whole.people_without.tolist()
    assert np.concatenate([part.user_hours for part in parts]).tolist() == whole.user_hours.tolist()
    np.testing.assert_array_equal(np.concatenate([part.rerouted for part in parts]), whole.rerouted)


@given(cases(), st.randoms())
def test_the_order_of_rows_and_names_does_not_matter(case, random):
    made, rows, events = case
    system = system_of(made, rows, also=ASSETS)
    names = dict(zip(ASSETS, random.sample([f"b{i}" for i in range(len(ASSETS))], len(ASSETS)), strict=True))
    renamed = {
        name: Service(
            {names[a]: s for a, s in service.suppliers.items()},
            {zone: (people, names[node]) for zone, (people, node) in service.zones.items()},
            {link: (names[a], names[b]) for link, (a, b) in service.links.items()},
            travels=service.travels, nodes=[names[node] for node in service.nodes],
        )
        for name, service in made.items()
    }  # fmt: skip
    turned = [(names[a], backup, [(s, names[place]) for s, place in ways]) for a, backup, ways in reversed(rows)]
    other = system_of(renamed, turned, also=list(names.values()))
    again = [{names.get(item, item): hours for item, hours in event.items()} for event in events]
    one, two = cascade(system, events_of(system, *events)), cascade(other, events_of(other, *again))
    assert one.people_without.tolist() == two.people_without.tolist()
    assert one.user_hours.tolist() == two.user_hours.tolist()
    assert one.rerouted[:, 1].tolist() == two.rerouted[:, 1].tolist()


def test_zones_add_up_to_the_events():
    made = {"power": Service({"a0": INF}, {"z": (100.0, "a1"), "y": (50.0, "a0")}, {"line": ("a0", "a1")})}
    system = system_of(made)
    found = cascade(system, events_of(system, {"line": 4.0}, {"a0": 2.0}), weights=np.array([0.1, 0.5]))
    assert found.zone_people[0].tolist() == pytest.approx([25.0, 0.1 * 100 + 0.5 * 100])  # y, z
    assert found.zone_hours[0].tolist() == pytest.approx([50.0, 0.1 * 400 + 0.5 * 200])


def test_what_is_never_repaired_has_no_hours():
    made = {"power": Service({"a0": INF}, {"z": (100.0, "a0")})}
    system = system_of(made)
    found = cascade(system, Events(np.array([0, 1]), np.array([0], np.int32), np.array([INF])))
    assert found.people_without.tolist() == [[100.0]]
    assert np.isnan(found.user_hours).all()
    assert np.isnan(found.zone_hours[0]).all()


def test_narrow_links_and_demand_elsewhere_are_counted():
    """A plant of 100 feeds a town of 60 and, by a pipe for 30 and one for 10, a village of 40."""
    pipes = {"wide": ("plant", "village"), "thin": ("plant", "village")}
    system = system_of({"water": Service({"plant": 100.0}, {"t": (60.0, "plant"), "v": (40.0, "village")}, pipes)})
    (layer,) = system.layers
    narrow = replace(system, layers=(replace(layer, link_capacity=np.array([10.0, 30.0])),))  # thin, wide
    found = cascade(narrow, events_of(narrow, {"thin": 2.0}, {"wide": 3.0}, {"thin": 2.0, "wide": 3.0}, {"wide": 3.0}))
    assert found.people_without[:, 0].tolist() == pytest.approx([10, 30, 40, 30])
    assert found.user_hours[:, 0].tolist() == pytest.approx([20, 90, 2 * 40 + 30, 90])
    # fifty more elsewhere, who draw on the plant: everybody has two thirds, and half without the village's own supply
    elsewhere = replace(layer, demand_elsewhere=50.0, elsewhere_node=0)
    shared = replace(system, layers=(elsewhere,))
    assert baseline(shared)[0].tolist() == pytest.approx([2 / 3, 2 / 3])
    cut = cascade(shared, events_of(shared, {"thin": 1.0, "wide": 1.0}))
    assert cut.people_without[0, 0] == pytest.approx(40 * 2 / 3)  # the town has more than before: no loss


def test_who_travels_further_is_counted_at_hour_0_only_and_once_per_event():
    """Two roads from the village to the clinic. Nobody is late where the clinic itself is out."""
    roads = {"short": ("village", "clinic"), "long_1": ("village", "ford"), "long_2": ("ford", "clinic")}
    services = {"hospital": Service({"clinic": INF}, {"v": (10.0, "village")}, roads, travels=True)}
    system = system_of(services, [("clinic", 4.0, [("", "generator")])], also=["generator"])
    events = [
        {"short": 9.0},
        {"long_1": 2.0},
        {},
        {"generator": 9.0},
        {"clinic": 1.0},
        {"short": 9.0, "generator": 9.0},
    ]
    found = cascade(system, events_of(system, *events))
    assert found.rerouted[:, 0].tolist() == [10, 0, 0, 0, 0, 10]
    assert found.person_hours[:, 0].tolist() == [10, 0, 0, 0, 0, 10]
    assert found.user_hours[:, 0].tolist() == [0, 0, 0, 50, 10, 50]
