"""Causes: chains told by hand, and what must hold of every chain."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from tests.system.systems import Service, events_of, system_of
from tests.system.test_cascade import ASSETS, cases

from headwater.system.cascade import settle
from headwater.system.causes import causes

INF = np.inf


def told(system, event):
    events = events_of(system, event)
    return causes(system, events.item, events.hours)


@pytest.fixture
def grid():
    """Plant, substation, and a kiosk in a row; works and pump take power at the kiosk, the mast at either end."""
    power = Service({"plant": INF}, {}, {"line_1": ("plant", "sub"), "line_2": ("sub", "kiosk")})
    needs = [
        ("works", 0.0, [("power", "kiosk")]),
        ("pump", 6.0, [("power", "kiosk")]),
        ("mast", 1.0, [("power", "kiosk"), ("power", "plant")]),
    ]
    return system_of({"power": power}, needs)


def rows(frame):
    return [tuple(row) for row in frame[["stopped_id", "step", "because_of_id", "hour"]].itertuples(index=False)]


def test_the_failed_line_is_named_and_the_hour_at_which_the_backup_runs_out(grid):
    assert rows(told(grid, {"line_1": 24.0})) == [("works", 1, "line_1", 0.0), ("pump", 1, "line_1", 6.0)]


def test_of_two_failures_on_the_way_the_nearer_is_named(grid):
    assert rows(told(grid, {"line_1": 24.0, "sub": 24.0}))[0] == ("works", 1, "sub", 0.0)


def test_a_backup_that_lasts_stops_nothing(grid):
    assert rows(told(grid, {"line_2": 5.0})) == [("works", 1, "line_2", 0.0)]


def test_an_asset_with_two_ways_stops_only_without_both(grid):
    assert "mast" not in set(told(grid, {"line_2": 24.0})["stopped_id"])
    assert ("mast", 1, "plant", 1.0) in rows(told(grid, {"plant": 24.0}))


def test_the_supplier_is_named_where_the_way_stands():
    water = Service({"works": INF}, at={"works": "tower"}, nodes=["tower"])
    system = system_of({"water": water}, [("clinic", 2.0, [("water", "tower")])])
    assert rows(told(system, {"works": 9.0})) == [("clinic", 1, "works", 2.0)]


def test_what_failed_itself_is_not_told(grid):
    assert told(grid, {"pump": INF}).empty


@given(cases(count=1))
def test_whatever_stops_is_told_once_and_because_of_something_told_before(case):
    made, needs, (event,) = case
    system = system_of(made, needs, also=ASSETS)
    events = events_of(system, event)
    state, found = settle(system, events), told(system, event)
    stopped = {system.asset_ids[a] for a in np.flatnonzero((~state.works).any(axis=0))} - set(event)
    assert sorted(found["stopped_id"]) == sorted(stopped)
    place = dict.fromkeys(event, 0) | dict(zip(found["stopped_id"], found["step"], strict=True))
    hour = dict.fromkeys(event, 0.0) | dict(zip(found["stopped_id"], found["hour"], strict=True))
    for row in found.itertuples():
        assert row.step == place[row.because_of_id] + 1
        assert row.hour >= hour[row.because_of_id]
        first = np.flatnonzero(~state.works[:, system.asset_ids.get_loc(row.stopped_id)])[0]
        assert row.hour == state.steps_h[first]
