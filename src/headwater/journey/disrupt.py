"""Disrupt: what failures take from people through the system of systems, without and with dependencies.

Events are of four sorts: every asset and link alone, hazard layers by return period, drought years, and drawn areas.
Each is a set of failures with times of repair; what follows is the same for all. Blocks of events are the work items:
what a block gives depends on the model, the seed and its own place in the row, and on nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from headwater.frames import longitude_latitude
from headwater.journey.stress import Exposure
from headwater.risk.expected import Rule, ead_weights
from headwater.risk.failure import (
    Chances,
    build_chances,
    intensities,
    recovery_hours,
    sample_drought_years,
    sample_failures,
)
from headwater.settings import StudyHeader
from headwater.system.assets import exposed_assets
from headwater.system.cascade import Outcome, baseline, cascade
from headwater.system.layers import Events, System
from headwater.system.recovery import schedule
from headwater.system.services import build_system, with_served_shares

Floats = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int32]

WAYS = (False, True)
"""Without and with dependencies: the first axis of every array of a part."""

HOURS = np.array(
    [0, 1, 2, 4, 6, 8, 12, 18, 24, 36, 48, 72, 96, 120, 168, 240, 336, 504, 720, 1440, 2160, 4320, 8760], np.float64
)
"""Hours at which a resilience curve is read off."""

SAMPLES_PER_BLOCK, ITEMS_PER_BLOCK = 50, 512


@dataclass(frozen=True, eq=False)
class Model:
    """The system of systems, and what is known of each of its items.

    Attributes
    ----------
    system
        As arrays.
    items
        One row per item, in the order of their numbers, indexed by item_id: table, sector, kind,
        design_return_period_yr, lon, lat (missing where not known).
    fragility, recovery
        Tables of the study.
    crews
        Repair crews in each sector; None for as many as there are failures.
    samples, seed, range_m
        How events are sampled.
    drought_loss_h
        How long a drought year takes capacity [h]; infinite where not known.
    priority
        [items]; people who lose a service when the item fails alone: who is repaired first. None until known.
    """

    system: System
    items: pd.DataFrame
    fragility: pd.DataFrame
    recovery: pd.DataFrame
    crews: int | None
    samples: int
    seed: int
    range_m: float
    drought_loss_h: float
    priority: Floats | None = None

    @property
    def services(self) -> list[str]:
        """Names of the services, in the order of their axis."""
        return [layer.service for layer in self.system.layers]


@dataclass(frozen=True, eq=False)
class Hazard:
    """Hazard layers that belong together, on the items.

    Attributes
    ----------
    layers
        Rows of `hazard_layers`: several return periods, or one layer of annual probability.
    intensity
        [layers, items]; the greatest on each item, missing where no layer covers it; or the annual probability.
    chances
        What is known of each item under the hazard.
    weights
        [layers]; what a loss at each counts for in the expected annual loss [1/yr].
    """

    layers: pd.DataFrame
    intensity: Floats
    chances: Chances
    weights: Floats

    @property
    def is_yearly(self) -> bool:
        """Whether whole years are sampled, not events of a return period."""
        return bool((self.layers["quantity"] == "annual_probability").all())


@dataclass(frozen=True, eq=False)
class Part:
    """What a block of events does. The first axis of the arrays is `WAYS`, then events, then services.

    Attributes
    ----------
    failed
        [events]; items that the event itself stops.
    people, hours, rerouted, journey_hours
        [ways, events, services].
    zone_people, zone_hours
        By way and service: losses of each zone, weighted by the events' weights and summed.
    curve
        [ways, events, services, hours of `HOURS`].
    repairs
        event, item, start_h, end_h of every failure.
    """

    failed: Floats
    people: Floats
    hours: Floats
    rerouted: Floats
    journey_hours: Floats
    zone_people: list[list[Floats]]
    zone_hours: list[list[Floats]]
    curve: Floats
    repairs: pd.DataFrame


# --- the model ----------------------------------------------------------------------------------------------------


def build_model(
    system: Mapping[str, gpd.GeoDataFrame], tables: Mapping[str, pd.DataFrame], header: StudyHeader
) -> tuple[Model, dict[str, pd.DataFrame]]:
    """The system of systems, and tables `service_areas` and `needs`: whom it serves, and what needs what.

    Parameters
    ----------
    system
        Tables `assets` and `links`.
    tables
        The other input tables of the study.
    header
        Head of the study.
    """
    built, areas, needs = build_system(
        system["assets"], system["links"], tables["zones"], tables["demand"], header.services,
        tables["dependencies"], tables["dependency_rules"],
        default_speed_km_per_h=header.optional("default_speed_km_per_h"),
        access_speed_km_per_h=header.optional("access_speed_km_per_h"), max_access_m=header.optional("max_access_m"),
    )  # fmt: skip
    hours = header.optional("drought_loss_h")
    model = Model(
        built, _items(built, system), tables["fragility"], tables["recovery"],
        crews=header.optional("repair_crews"), samples=header.value("samples"), seed=header.value("seed"),
        range_m=header.value("failure_range_m"), drought_loss_h=np.inf if hours is None else hours,
    )  # fmt: skip
    return model, {"service_areas": with_served_shares(areas, built, baseline(built)), "needs": needs}


def _items(system: System, tables: Mapping[str, gpd.GeoDataFrame]) -> pd.DataFrame:
    every = exposed_assets(tables["assets"], tables["links"])
    rows = every.reindex(system.item_ids.rename("item_id"))
    points = longitude_latitude(gpd.GeoSeries(rows["geometry"], crs=every.crs)).representative_point()
    columns = ["table", "sector", "kind", "design_return_period_yr"]
    return pd.DataFrame(rows[columns]).assign(lon=points.x, lat=points.y)


def hazard_events(model: Model, exposure: Exposure, *, rule: Rule) -> Hazard | None:
    """Layers of intensity on the items; None where no item has a threshold for the hazard."""
    layers = exposure.layers
    weights = ead_weights(layers["return_period_yr"].to_numpy(float), rule=rule)
    chances = _chances(model, str(layers["hazard"].iloc[0]))
    if np.isnan(chances.threshold[:, 1]).all():
        return None
    on_items = intensities(exposure.coverage, exposure.values, item_ids=model.system.item_ids)
    return Hazard(layers, on_items, chances, weights)


def drought_years(model: Model, exposure: Exposure) -> Hazard:
    """A layer of annual probability, on hydropower and the assets of water supply."""
    probability = intensities(exposure.coverage, exposure.values, item_ids=model.system.item_ids)
    thirsty = (model.items["kind"] == "hydropower") | (model.items["sector"] == "water")
    thirsty &= model.items["table"] == "assets"
    probability[:, ~thirsty.to_numpy(bool)] = np.nan
    return Hazard(exposure.layers, probability, _chances(model, "drought"), np.ones(1))


def _chances(model: Model, hazard: str) -> Chances:
    return build_chances(
        model.items, hazard=hazard, fragility=model.fragility, recovery=model.recovery, seed=model.seed,
        range_m=model.range_m,
    )  # fmt: skip


# --- work items ---------------------------------------------------------------------------------------------------


def blocks(count: int, size: int) -> list[tuple[int, int]]:
    """Starts and stops of blocks of a row.

    Examples
    --------
    >>> blocks(120, 50)
    [(0, 50), (50, 100), (100, 120)]
    """
    return [(start, min(start + size, count)) for start in range(0, count, size)]


def fail_alone(model: Model, block: tuple[int, int]) -> Part:
    """Every item of a block alone, repaired in the time its kind takes after any hazard."""
    items = np.arange(*block, dtype=np.int32)
    hours = recovery_hours(model.items.iloc[items], hazard="any", recovery=model.recovery)["mode"].fillna(np.inf)
    return run(model, Events(np.arange(items.size + 1), items, hours.to_numpy()), np.zeros(items.size))


def fail_together(model: Model, items: Numbers) -> Part:
    """Some items together, each repaired in the time its kind takes after any hazard."""
    hours = recovery_hours(model.items.iloc[items], hazard="any", recovery=model.recovery)["mode"].fillna(np.inf)
    return run(model, Events(np.array([0, len(items)]), np.asarray(items, np.int32), hours.to_numpy()), np.zeros(1))


def sample_events(model: Model, work: tuple[Hazard, tuple[int, int]]) -> Part:
    """Samples of a hazard: sample by sample, and in each layer by layer."""
    hazard, (start, stop) = work
    if hazard.is_yearly:
        events = sample_drought_years(
            hazard.chances, hazard.intensity[0], start=start, stop=stop, hours=model.drought_loss_h
        )
    else:
        periods = hazard.layers["return_period_yr"].to_numpy(float)
        events = sample_failures(hazard.chances, hazard.intensity, periods, start=start, stop=stop)
    return run(model, events, np.tile(hazard.weights / model.samples, stop - start))


def strike_areas(model: Model, shapes: gpd.GeoSeries, areas: gpd.GeoDataFrame) -> Part:
    """One event per drawn area: everything that it touches fails.

    Parameters
    ----------
    model
        The system of systems.
    shapes
        Geometry of assets and links, indexed by name.
    areas
        Table `areas`.
    """
    on_items = longitude_latitude(gpd.GeoSeries(shapes)).reindex(model.system.item_ids)
    drawn = longitude_latitude(areas.geometry)
    item, area = on_items.sindex.query(drawn, predicate="intersects")[::-1]
    order = np.lexsort((item, area))
    item, area = item[order].astype(np.int32), area[order]
    hours = np.full(item.size, np.inf)
    for number, hazard in enumerate(areas["hazard"].fillna("any") if "hazard" in areas else ["any"] * len(areas)):
        here = area == number
        found = recovery_hours(model.items.iloc[item[here]], hazard=str(hazard), recovery=model.recovery)["mode"]
        hours[here] = found.fillna(np.inf)
    indptr = np.searchsorted(area, np.arange(len(areas) + 1)).astype(np.int64)
    return run(model, Events(indptr, item, hours), np.zeros(len(areas)))


def run(model: Model, events: Events, weights: Floats) -> Part:
    """What events do, without and with dependencies.

    Parameters
    ----------
    model
        The system of systems.
    events
        Failures, and how long the repair of each takes.
    weights
        [events]; by which the losses of zones are multiplied before they are summed.
    """
    event = np.repeat(np.arange(events.count), np.diff(events.indptr))
    start, timed = repaired(model, events)
    found = [cascade(model.system, timed, cascading=way, weights=weights) for way in WAYS]
    return Part(
        failed=np.diff(events.indptr).astype(np.float64),
        people=np.stack([one.people_without for one in found]), hours=np.stack([one.user_hours for one in found]),
        rerouted=np.stack([one.rerouted for one in found]), journey_hours=np.stack([one.person_hours for one in found]),
        zone_people=[list(one.zone_people) for one in found], zone_hours=[list(one.zone_hours) for one in found],
        curve=np.stack([_read_off(one) for one in found]),
        repairs=pd.DataFrame({"event": event, "item": events.item, "start_h": start, "end_h": timed.hours}),
    )  # fmt: skip


def repaired(model: Model, events: Events) -> tuple[Floats, Events]:
    """When work on each failure begins [h], and the events with the hour at which each item works again.

    Parameters
    ----------
    model
        The system of systems; with crews and a priority, failures wait for a crew of their sector.
    events
        Failures, and how long the repair of each takes.
    """
    if model.crews is None or model.priority is None:
        return np.zeros(events.item.size), events
    start, end = schedule(
        events.indptr, events.item, events.hours, priority=model.priority[events.item] / events.hours,
        sector=pd.factorize(model.items["sector"], sort=True)[0][events.item], crews=model.crews,
    )  # fmt: skip
    return start, Events(events.indptr, events.item, end)


def _read_off(outcome: Outcome) -> Floats:
    """People without each service at `HOURS` [events, services, hours]."""
    step = (outcome.steps_h[:, None, :] <= HOURS[None, :, None]).sum(axis=-1) - 1
    return np.asarray(np.take_along_axis(outcome.people, step[:, None, :], axis=-1))


def joined(parts: Iterable[Part]) -> Part:
    """Blocks in one, in their order; the losses of zones are summed in that order."""
    row = list(parts)
    first, shift = row[0], 0
    repairs = []
    for part in row:
        repairs.append(part.repairs.assign(event=part.repairs["event"] + shift))
        shift += part.failed.size
    zones: dict[str, Any] = {
        name: [
            [sum(getattr(part, name)[way][s] for part in row) for s in range(first.people.shape[2])]
            for way in range(len(WAYS))
        ]
        for name in ("zone_people", "zone_hours")
    }
    arrays: dict[str, Any] = {
        name: np.concatenate([getattr(part, name) for part in row], axis=1)
        for name in ("people", "hours", "rerouted", "journey_hours", "curve")
    }
    return Part(
        failed=np.concatenate([part.failed for part in row]), repairs=pd.concat(repairs, ignore_index=True),
        **zones, **arrays,
    )  # fmt: skip


def with_priority(model: Model, failures: pd.DataFrame) -> Model:
    """The model with what each item's failure alone takes from people (table `failures`): it puts repairs in order."""
    people = failures.groupby("item_id")["population_without"].sum()
    return replace(model, priority=people.reindex(model.items.index).fillna(0.0).to_numpy(np.float64))
