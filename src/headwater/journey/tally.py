"""Tally: from what events do to the tables that say it, in a year, in an event, by zone, by group and over time."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from headwater.errors import InputError
from headwater.frames import with_columns
from headwater.journey.disrupt import HOURS, WAYS, Hazard, Model, Part, fail_together, strike_areas
from headwater.risk.annual import annual, by_group, event_statistics, yearly
from headwater.risk.expected import Rule
from headwater.risk.failure import uncovered_share
from headwater.schema import empty, load_schema
from headwater.system.causes import causes
from headwater.words import _

Floats = npt.NDArray[np.float64]
Tables = dict[str, pd.DataFrame]

TOP = 20
"""Rows of causes to look at."""

TOLD = 300
"""Failures whose chains of causes are told: those that take most through dependencies."""

GROUP = ["hazard", "scenario", "model", "epoch"]
EVENT = ["layer_id", *GROUP, "return_period_yr"]
EVENT_TABLES = (
    "event_disruptions", "expected_disruptions", "zone_disruptions", "group_disruptions", "recovery_curves", "repairs",
)  # fmt: skip


def single_failures(model: Model, alone: Part) -> Tables:
    """Tables `failures` and `causes`: what each item's failure takes, and through what the worst of them do.

    An item without a row takes nothing from anybody.
    """
    items, services = model.items, model.services
    of_item, of_service = np.nonzero((alone.people[1] > 0) | (_known(alone.rerouted[1]) > 0))
    rows = pd.DataFrame({"item_id": items.index.to_numpy()[of_item], "service": np.array(services, object)[of_service]})
    for column in ("table", "sector", "kind"):
        rows[column] = items[column].to_numpy()[of_item]
    figures = {
        "population_without_direct": alone.people[0], "population_without": alone.people[1],
        "user_hours_lost": alone.hours[1], "population_rerouted": alone.rerouted[1],
        "person_hours_per_journey": alone.journey_hours[1],
    }  # fmt: skip
    failures = rows.assign(**{name: values[of_item, of_service] for name, values in figures.items()})
    more = (failures["population_without"] - failures["population_without_direct"]).clip(lower=0)
    worst = more.groupby(failures["item_id"]).sum().sort_values(ascending=False, kind="stable")
    chains = [_chain(model, str(item), alone) for item in worst[worst > 0].index[:TOLD]]
    return {"failures": _filled("failures", [failures]), "causes": _filled("causes", chains)}


def _chain(model: Model, item: str, alone: Part) -> pd.DataFrame:
    number = int(model.items.index.get_indexer(pd.Index([item]))[0])
    hours = alone.repairs["end_h"].to_numpy()[alone.repairs["item"] == number]
    found = causes(model.system, np.array([number], np.int32), hours)
    return found.assign(item_id=item)


def struck(model: Model, shapes: gpd.GeoSeries, *, fail: Sequence[str], areas: gpd.GeoDataFrame | None) -> Tables:
    """What named items take when they fail together, and what drawn areas take, by heading.

    Parameters
    ----------
    model
        The system of systems.
    shapes
        Geometry of assets and links, indexed by name.
    fail
        Names of items.
    areas
        Table `areas`.

    Raises
    ------
    InputError
        If a name is neither an asset nor a link.
    """
    found: Tables = {}
    if fail:
        numbers = model.items.index.get_indexer(pd.Index(fail))
        unknown = [name for name, number in zip(fail, numbers, strict=True) if number < 0]
        if unknown:
            known = list(model.items.index)
            near = ", ".join(close for name in unknown for close in difflib.get_close_matches(name, known, n=2))
            message = _("There is no asset or link {names}.").format(names=", ".join(unknown))
            raise InputError(message + (" " + _("Near it: {names}.").format(names=near) if near else ""))
        part = fail_together(model, np.array(numbers, np.int32))
        found[_("Failing together: {names}").format(names=", ".join(fail))] = _plainly(model, part, 0)
        hours = part.repairs.set_index("item")["end_h"].reindex(numbers).to_numpy(float)
        chain = causes(model.system, np.array(numbers, np.int32), hours)
        if len(chain):
            names = {
                "stopped_id": _("stops"), "step": _("step"), "service": _("for want of"),
                "because_of_id": _("because of"), "hour": _("at hour"),
            }  # fmt: skip
            found[_("What stops because of it")] = chain.head(TOP).rename(columns=names)
    if areas is not None:
        part = strike_areas(model, shapes, areas)
        for number, name in enumerate(areas["name"]):
            found[str(name)] = _plainly(model, part, number)
    return found


def _plainly(model: Model, part: Part, event: int) -> pd.DataFrame:
    """Whom one event leaves without what, without and with dependencies, as whole numbers."""
    rows = pd.DataFrame({_("service"): model.services})
    rows[_("people without, directly")] = part.people[0, event].round().astype(int)
    rows[_("people without, with dependencies")] = part.people[1, event].round().astype(int)
    rows[_("person-hours lost")] = [_whole(value) for value in part.hours[1, event]]
    rows[_("people on a longer way")] = [_whole(value) for value in part.rerouted[1, event]]
    return rows


def _whole(value: float) -> str:
    return "–" if np.isnan(value) else f"{value:,.0f}"


def beside(without: Mapping[str, pd.DataFrame], with_them: Mapping[str, pd.DataFrame]) -> Tables:
    """What options avoid, dependencies counted: in an average year, and over all single failures, by heading.

    Parameters
    ----------
    without, with_them
        Tables `expected_disruptions` and `failures`, without and with the options.
    """
    years = [tables["expected_disruptions"].query("with_cascade") for tables in (without, with_them)]
    cases = [_("case"), _("service")]
    named = [
        rows.assign(**{cases[0]: _in_words(rows[GROUP]), cases[1]: rows["service"]}).groupby(cases, sort=False)
        for rows in years
    ]
    failures = [
        tables["failures"].assign(**{cases[1]: tables["failures"]["service"]}) for tables in (without, with_them)
    ]
    alone = [rows.groupby(cases[1:], sort=True) for rows in failures]
    year = {"population_without_per_yr": _("people a year"), "user_hours_lost_per_yr": _("person-hours a year")}
    one = {"population_without": _("people"), "person_hours_per_journey": _("person-hours a journey")}
    return {
        _("Expected each year, without and with the options"): _differences(*named, figures=year),
        _("Summed over all single failures, without and with the options"): _differences(*alone, figures=one),
    }


def _in_words(keys: pd.DataFrame) -> pd.Series:
    words = keys.astype(object)
    return words.where(words.notna(), "").astype(str).agg(" ".join, axis=1)


def _differences(before: Any, after: Any, *, figures: Mapping[str, str]) -> pd.DataFrame:
    """Sums of figures without and with, and the difference, one row per group."""
    columns = list(figures)
    both = before[columns].sum(min_count=1).join(after[columns].sum(min_count=1).add_suffix("_with"), how="outer")
    rows = pd.DataFrame(both.index.to_frame(index=False))
    for column, name in figures.items():
        ends = [both[column].to_numpy(float), both[f"{column}_with"].to_numpy(float)]
        rows[_("{figure}, without").format(figure=name)] = [_whole(value) for value in ends[0]]
        rows[_("{figure}, with").format(figure=name)] = [_whole(value) for value in ends[1]]
        rows[_("{figure}, avoided").format(figure=name)] = [_whole(value) for value in ends[0] - ends[1]]
    return rows


def sampled(model: Model, hazard: Hazard, part: Part, *, zones: pd.DataFrame, rule: Rule) -> Tables:
    """Every table of a hazard's samples, but those of single failures.

    Parameters
    ----------
    model, hazard
        The system of systems, and the layers on it.
    part
        All samples, in order.
    zones
        Table `zones`.
    rule
        Rule of integration over annual probability.
    """
    layers, samples = hazard.layers.reset_index(drop=True), model.samples
    first = {name: layers[name].iloc[0] for name in GROUP}
    uncovered = np.nan if hazard.is_yearly else uncovered_share(hazard.chances, hazard.intensity)
    periods = layers["return_period_yr"].to_numpy(dtype=float, na_value=np.nan)
    expected: list[dict[str, Any]] = []
    for way, cascading in enumerate(WAYS):
        for s, service in enumerate(model.services):
            by_sample = {
                name: getattr(part, name)[way, :, s].reshape(samples, len(layers)).T
                for name in ("people", "hours", "journey_hours")
            }
            figures = {
                name: yearly(values[0]) if hazard.is_yearly else annual(values, periods, rule=rule)
                for name, values in by_sample.items()
            }
            people, hours = figures["people"], figures["hours"]
            expected.append(
                first | {
                    "service": service, "with_cascade": cascading, "ead_rule": "yearly" if hazard.is_yearly else rule,
                    "samples": samples, "population_without_per_yr": people.mean,
                    "population_without_per_yr_low": people.low, "population_without_per_yr_high": people.high,
                    "user_hours_lost_per_yr": hours.mean, "user_hours_lost_per_yr_low": hours.low,
                    "user_hours_lost_per_yr_high": hours.high,
                    "person_hours_per_journey_per_yr": figures["journey_hours"].mean, "uncovered_share": uncovered,
                }
            )  # fmt: skip
    by_zone = _zones(model, part).assign(**first)
    return {
        "expected_disruptions": pd.DataFrame(expected),
        "zone_disruptions": by_zone, "group_disruptions": _groups(by_zone, zones).assign(**first),
    } | events(model, part, layers, samples=samples)  # fmt: skip


def events(model: Model, part: Part, layers: pd.DataFrame, *, samples: int) -> Tables:
    """Tables `event_disruptions`, `recovery_curves` and `repairs` of events in sample-major order.

    Parameters
    ----------
    model
        The system of systems.
    part
        All samples, in order.
    layers
        One row per event of a sample: columns of `EVENT` as far as there are any.
    samples
        Samples of each.
    """
    count = len(layers)
    named = with_columns(layers, EVENT).reset_index(drop=True)
    named["hazard"] = named["hazard"].fillna("any")
    rows, curves = [], []
    failed = part.failed.reshape(samples, count).mean(axis=0)
    for way, cascading in enumerate(WAYS):
        for s, service in enumerate(model.services):
            values = {
                name: getattr(part, name)[way, :, s].reshape(samples, count)
                for name in ("people", "hours", "rerouted", "journey_hours")
            }
            people, hours = event_statistics(values["people"]), event_statistics(values["hours"])
            rows.append(
                named.assign(
                    service=service, with_cascade=cascading, samples=samples, items_failed=failed,
                    population_without=people.mean, population_without_se=people.se,
                    population_without_p05=people.p05, population_without_p95=people.p95,
                    user_hours_lost=hours.mean, user_hours_lost_se=hours.se,
                    population_rerouted=values["rerouted"].mean(axis=0),
                    person_hours_per_journey=values["journey_hours"].mean(axis=0),
                )
            )  # fmt: skip
            curve = part.curve[way, :, s].reshape(samples, count, len(HOURS)).mean(axis=0)
            curves.append(
                pd.DataFrame(
                    {
                        "layer_id": np.repeat(named["layer_id"].to_numpy(), len(HOURS)), "service": service,
                        "with_cascade": cascading, "hour": np.tile(HOURS, count), "population_without": curve.ravel(),
                    }
                )
            )  # fmt: skip
    return {
        "event_disruptions": pd.concat(rows, ignore_index=True), "recovery_curves": _cut(curves),
        "repairs": _repairs(model, part, named["layer_id"], samples=samples),
    }  # fmt: skip


def _cut(curves: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Curves up to the first hour from which nobody is without any more."""
    every = pd.concat(curves, ignore_index=True)
    last = every.loc[every["population_without"] > 0].groupby("layer_id")["hour"].max()
    end = every["layer_id"].map(last).fillna(0.0)
    after = np.searchsorted(HOURS, end.to_numpy(float), side="right").clip(max=len(HOURS) - 1)
    return pd.DataFrame(every[every["hour"].to_numpy(float) <= HOURS[after]]).reset_index(drop=True)


def _repairs(model: Model, part: Part, layer_ids: pd.Series, *, samples: int) -> pd.DataFrame:
    rows = part.repairs[np.isfinite(part.repairs["end_h"])]
    if rows.empty:
        return empty("repairs")
    rows = rows.assign(layer=rows["event"] % len(layer_ids))
    mean = rows.groupby(["layer", "item"], as_index=False).agg(
        start_h=("start_h", "mean"), end_h=("end_h", "mean"), times=("event", "size")
    )
    mean = mean.sort_values(["layer", "start_h", "item"], ignore_index=True)
    return pd.DataFrame(
        {
            "layer_id": layer_ids.to_numpy()[mean["layer"]], "item_id": model.items.index.to_numpy()[mean["item"]],
            "place": mean.groupby("layer").cumcount() + 1, "start_h": mean["start_h"], "end_h": mean["end_h"],
            "chance": mean["times"] / samples,
        }
    )  # fmt: skip


def _zones(model: Model, part: Part) -> pd.DataFrame:
    rows = []
    for way, cascading in enumerate(WAYS):
        for s, layer in enumerate(model.system.layers):
            rows.append(
                pd.DataFrame(
                    {
                        "service": layer.service, "with_cascade": cascading, "zone_id": layer.zone_ids,
                        "population": layer.population, "population_without_per_yr": part.zone_people[way][s],
                        "user_hours_lost_per_yr": part.zone_hours[way][s],
                    }
                )
            )  # fmt: skip
    return pd.concat(rows, ignore_index=True)


def _groups(by_zone: pd.DataFrame, zones: pd.DataFrame) -> pd.DataFrame:
    rows = [
        by_group(_people_of(by_zone, service, way), zones).assign(service=service, with_cascade=way)
        for service in by_zone["service"].unique()
        for way in WAYS
    ]
    return pd.concat(rows, ignore_index=True)


def _people_of(by_zone: pd.DataFrame, service: str, way: bool) -> pd.Series:
    rows = by_zone[(by_zone["service"] == service) & (by_zone["with_cascade"] == way)]
    return rows.set_index("zone_id")["population_without_per_yr"]


def stacked(parts: Sequence[Tables]) -> Tables:
    """Tables of several hazards and areas, one under the other, in the order and columns of their schemas."""
    return {name: _filled(name, [part[name] for part in parts if name in part]) for name in EVENT_TABLES}


def _filled(name: str, parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    rows = [part for part in parts if len(part)]
    if not rows:
        return empty(name)
    return with_columns(pd.concat(rows, ignore_index=True), list(load_schema(name).index))


def _known(values: Floats) -> Floats:
    return np.nan_to_num(values)
