"""Situations in which every step of a cascade can be counted by hand; README.md beside this file counts them."""

from __future__ import annotations

import numpy as np
import pytest
from tests.system.systems import Service, events_of, system_of

from headwater.system.cascade import cascade
from headwater.system.causes import causes
from headwater.system.recovery import schedule

INF = np.inf


def people(system, event, *, cascading=True):
    """Steps of the event, and people without each service at each."""
    found = cascade(system, events_of(system, event), cascading=cascading)
    steps = int(np.isfinite(found.steps_h[0]).sum())
    names = [layer.service for layer in system.layers]
    return found.steps_h[0, :steps].tolist(), {
        name: found.people[0, n, :steps].tolist() for n, name in enumerate(names)
    }


def user_hours(system, event):
    found = cascade(system, events_of(system, event))
    return dict(zip([layer.service for layer in system.layers], found.user_hours[0].tolist(), strict=True))


def power(**more):
    """A plant feeds two substations; Alder takes power at the first, Birch at the second."""
    links = {"line_1": ("plant", "sub_1"), "line_2": ("sub_1", "sub_2")}
    zones = {"alder": (1000.0, "sub_1"), "birch": (2000.0, "sub_2")}
    return Service({"plant": INF}, zones, links | more)


def clinic_at(node="clinic"):
    return Service({"clinic": INF}, {"alder": (1000.0, node), "birch": (2000.0, node)}, nodes=[node])


@pytest.fixture
def town():
    """The clinic takes power at the second substation and has a battery for 8 hours."""
    services = {"electricity": power(), "hospital": clinic_at()}
    return system_of(services, [("clinic", 8.0, [("electricity", "sub_2")])])


def test_a_line_takes_the_power_and_then_the_clinic(town):
    steps, without = people(town, {"line_2": 24.0})
    assert steps == [0, 8, 24]
    assert without == {"electricity": [2000, 2000, 0], "hospital": [0, 3000, 0]}
    assert user_hours(town, {"line_2": 24.0}) == {"electricity": 48_000, "hospital": 48_000}


def test_without_dependencies_only_the_power_is_lost(town):
    _steps, without = people(town, {"line_2": 24.0}, cascading=False)
    assert without == {"electricity": [2000, 0], "hospital": [0, 0]}


def test_a_battery_outlasts_a_short_outage(town):
    assert people(town, {"line_2": 6.0}) == ([0, 6], {"electricity": [2000, 0], "hospital": [0, 0]})


def test_a_battery_of_just_the_outage_is_enough(town):
    assert user_hours(town, {"line_2": 8.0})["hospital"] == 0


def test_a_cycle_holds_itself_up_until_one_fails_from_outside():
    """The works need power at the substation; the plant needs the works' water to cool. Each has 4 hours' reserve."""
    services = {
        "electricity": Service({"plant": INF}, {"alder": (1000.0, "sub")}, {"line": ("plant", "sub")}),
        "water": Service({"works": INF}, {"alder": (1000.0, "works")}),
    }
    needs = [("works", 4.0, [("electricity", "sub")]), ("plant", 4.0, [("water", "works")])]
    loop = system_of(services, needs)
    assert people(loop, {}) == ([0], {"electricity": [0], "water": [0]})
    # the line is down for 10 h: the works stop at 4, the plant at 8; at 10 both start again together (no black start)
    steps, without = people(loop, {"line": 10.0})
    at = dict(zip(steps, zip(without["electricity"], without["water"], strict=True), strict=True))
    assert at[0] == (1000, 0)
    assert at[4] == (1000, 1000)
    assert at[8] == (1000, 1000)
    assert at[10] == (0, 0)
    # with the plant itself out for 10 h the same, and nothing the line could do about it
    assert user_hours(loop, {"plant": 10.0}) == {"electricity": 10_000, "water": 6_000}


def test_redundant_supply_keeps_an_asset_going():
    """Two substations on lines of their own; the clinic can take power at either, and loses it only without both."""
    grid = Service({"plant": INF}, {}, {"line_1": ("plant", "sub_1"), "line_2": ("plant", "sub_2")})
    both = [("clinic", 0.0, [("electricity", "sub_1"), ("electricity", "sub_2")])]
    town = system_of({"electricity": grid, "hospital": clinic_at()}, both)
    assert people(town, {"line_1": 24.0})[1]["hospital"] == [0, 0]
    assert people(town, {"line_1": 24.0, "line_2": 24.0})[1]["hospital"] == [3000, 0]


def test_an_island_that_has_its_own_supply_goes_on_and_one_without_goes_dark():
    """A generator on the far side feeds Birch when the line between is cut; without it Birch is dark."""
    with_generator = power()
    with_generator.suppliers = {"plant": INF, "sub_2": INF}
    assert people(system_of({"electricity": with_generator}), {"line_2": 24.0})[1] == {"electricity": [0, 0]}
    assert people(system_of({"electricity": power()}), {"line_2": 24.0})[1] == {"electricity": [2000, 0]}


@pytest.mark.parametrize(("second", "without"), [(3000.0, 0.0), (2999.0, 1.0), (1500.0, 1500.0), (0.0, 3000.0)])
def test_capacity_just_enough_and_one_unit_too_little(second, without):
    """Two plants in one place supply 3,000 people; when the first fails, what the second lacks is missing."""
    grid = Service(
        {"plant_1": 3000.0, "plant_2": second},
        {"alder": (1000.0, "hub"), "birch": (2000.0, "hub")},
        at={"plant_1": "hub", "plant_2": "hub"},
    )
    found = people(system_of({"electricity": grid}), {"plant_1": 24.0})[1]["electricity"]
    assert found == pytest.approx([without, 0.0])


def test_two_hazards_at_once_are_worse_than_the_sum_of_each():
    """A flood takes one road to the clinic, a landslide the other: either alone costs nobody the clinic."""
    roads = Service(
        {"clinic": INF}, {"alder": (1000.0, "alder")},
        {"north": ("alder", "clinic"), "south_1": ("alder", "ford"), "south_2": ("ford", "clinic")}, travels=True,
    )  # fmt: skip
    town = system_of({"hospital": roads})
    flood, landslide = {"south_1": 48.0}, {"north": 24.0}
    found = cascade(town, events_of(town, flood, landslide, flood | landslide))
    assert found.people_without[:, 0].tolist() == [0, 0, 1000]
    assert found.user_hours[:, 0].tolist() == [0, 0, 24_000]  # until the north road is open again
    assert found.rerouted[:, 0].tolist() == [0, 1000, 0]
    assert found.person_hours[:, 0].tolist() == [0, 1000, 0]  # an hour more each by the south


def test_one_crew_repairs_one_line_after_the_other():
    """Two lines, 10 hours each. With two crews both are back at 10; with one, the second at 20."""
    grid = Service(
        {"plant": INF}, {"alder": (1000.0, "sub_1"), "birch": (2000.0, "sub_2")},
        {"line_1": ("plant", "sub_1"), "line_2": ("plant", "sub_2")},
    )  # fmt: skip
    town = system_of({"electricity": grid})
    events = events_of(town, {"line_1": 10.0, "line_2": 10.0})
    sector = np.zeros(2, np.int32)
    priority = np.array([1000.0, 2000.0])  # Birch first
    hours = {}
    for crews in (1, 2):
        _start, end = schedule(events.indptr, events.item, events.hours, priority=priority, sector=sector, crews=crews)
        hours[crews] = end.tolist()
    assert hours == {1: [20.0, 10.0], 2: [10.0, 10.0]}
    assert user_hours(town, {"line_1": 20.0, "line_2": 10.0})["electricity"] == 20_000 + 20_000
    assert user_hours(town, {"line_1": 10.0, "line_2": 10.0})["electricity"] == 10_000 + 20_000


def test_a_need_of_an_asset_of_the_same_sector():
    """The upper works feed the lower works: when the upper fails, so does the lower after 12 hours of storage."""
    water = Service({"upper": INF, "lower": INF}, {"alder": (1000.0, "upper"), "birch": (2000.0, "lower")})
    town = system_of({"water": water}, [("lower", 12.0, [("", "upper")])])
    assert people(town, {"upper": 24.0}) == ([0, 12, 24], {"water": [1000, 3000, 0]})
    assert people(town, {"lower": 24.0})[1]["water"][0] == 2000


def test_a_chain_through_three_sectors_takes_its_time():
    """Power to water (2 h of tank) to clinic (24 h of tank): the clinic is lost at 26 for an outage of 30 hours."""
    services = {
        "electricity": Service({"plant": INF}, {}, {"line": ("plant", "sub")}),
        "water": Service({"works": INF}, {"alder": (1000.0, "works")}),
        "hospital": Service({"clinic": INF}, {"alder": (1000.0, "clinic")}),
    }
    needs = [("works", 2.0, [("electricity", "sub")]), ("clinic", 24.0, [("water", "works")])]
    chain = system_of(services, needs)
    assert user_hours(chain, {"line": 30.0}) == {"electricity": 0, "water": 28_000, "hospital": 4_000}
    number = chain.item_ids.get_loc("line")
    why = causes(chain, np.array([number]), np.array([30.0]))
    assert why.to_dict("records") == [
        {"stopped_id": "works", "step": 1, "service": "electricity", "because_of_id": "line", "hour": 2.0},
        {"stopped_id": "clinic", "step": 2, "service": "water", "because_of_id": "works", "hour": 26.0},
    ]
