"""The steps that assess: what hazards do to assets, and failures to people. Fetches for the journey what it needs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import geopandas as gpd
import pandas as pd

from headwater.frames import with_columns
from headwater.inputs import Inputs, Results
from headwater.journey import disrupt, screen, stress, tally
from headwater.options.changes import apply_changes
from headwater.schema import empty, load_schema
from headwater.settings import StudyHeader
from headwater.words import _

# --- stress -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Exposed:
    """The system as it is, on every group of hazard layers."""

    assets: gpd.GeoDataFrame
    at: list[stress.Exposure]


def as_it_is(inputs: Inputs) -> Exposed:
    """The system as it is on the hazard layers, made once."""

    def make() -> Exposed:
        assets = stress.exposed_assets(**inputs.system)
        return Exposed(assets, _exposures(inputs, assets.geometry))

    made: Exposed = inputs.once("exposed", make)
    return made


def _exposures(inputs: Inputs, shapes: gpd.GeoSeries) -> list[stress.Exposure]:
    expose = partial(stress.expose, shapes, **inputs.readers)
    return list(inputs.map(_("Assets on hazard layers"), expose, stress.groups(inputs.tables["hazard_layers"])))


def damage_curves(inputs: Inputs) -> stress.Curves:
    """The curves of the study and those it chooses from the package."""
    return stress.study_curves(*(inputs.tables[name] for name in ("curves", "curve_register", "curve_choices")))


def curve_sources(inputs: Inputs) -> pd.DataFrame:
    """Packaged rows of `sources` behind the curves that the study uses."""
    return stress.curve_sources(**inputs.system, layers=inputs.tables["hazard_layers"], curves=damage_curves(inputs))


def run_stress(inputs: Inputs) -> Results:
    """Exposure and damage under every layer that holds an intensity, and expected annual damage by every rule."""
    assets = stress.exposed_assets(**inputs.system)
    hit = partial(
        stress.hit, assets, curves=damage_curves(inputs), threshold=float(inputs.header.value("exposure_threshold")),
        unit=inputs.header.unit("exposure_threshold"), **inputs.readers,
    )  # fmt: skip
    groups = stress.groups(inputs.tables["hazard_layers"])
    names = ("exposures", "damages")
    done = inputs.map_kept(_("Damage"), hit, groups, names=names, of=lambda layers: list(layers["layer_id"]))
    damages = _stacked("damages", [damage for _exposure, damage in done])
    return {
        "exposures": _stacked("exposures", [exposure for exposure, _damage in done]),
        "damages": with_columns(damages, list(load_schema("damages").index)),
        "expected_damages": stress.expected(damages, assets),
    }


def _stacked(name: str, parts: list[pd.DataFrame]) -> pd.DataFrame:
    return pd.concat(parts, ignore_index=True) if parts else empty(name)


def run_drought(inputs: Inputs) -> Results:
    """Expected loss of capacity under every layer that holds the annual probability of drought."""
    layers = inputs.tables["hazard_layers"]
    layers = layers[(layers["quantity"] == "annual_probability") & (layers["hazard"] == "drought")]
    return {"drought_losses": stress.drought(inputs.tables["assets"], layers, **inputs.readers)}


# --- screen -------------------------------------------------------------------------------------------------------

SPEEDS = ("default_speed_km_per_h", "access_speed_km_per_h", "max_access_m")


def _screened(header: StudyHeader, zones: pd.DataFrame, system: Results) -> dict[str, pd.DataFrame]:
    if not header.access_services:
        return {name: empty(name) for name in ("components", "snapping", "access", "criticality")}
    return screen.screen(
        system["assets"], system["links"], zones, header.access_services,
        default_speed=header.optional("default_speed_km_per_h"),
        access_speed=float(header.value("access_speed_km_per_h")),
        max_access_m=float(header.value("max_access_m")),
    )  # fmt: skip


def criticality_of(header: StudyHeader, zones: pd.DataFrame, system: Results) -> pd.DataFrame:
    """Criticality of the links of a system."""
    return _screened(header, zones, system)["criticality"]


def run_screen(inputs: Inputs) -> Results:
    """Access of people to services, and the criticality of every link they travel on."""
    return _screened(inputs.header, inputs.tables["zones"], inputs.system)


# --- disrupt ------------------------------------------------------------------------------------------------------

DISRUPTIONS = ("service_areas", "needs", "failures", "causes", *tally.EVENT_TABLES)


def run_disrupt(inputs: Inputs) -> Results:
    """Whom failures leave without services: each alone, by hazard, in drought years and in drawn areas."""
    return disruptions(inputs, inputs.system)


def disruptions(inputs: Inputs, system: Results) -> dict[str, pd.DataFrame]:
    """Every table of the step, for the study's system or another."""
    header, tables = inputs.header, inputs.tables
    if not header.services:
        return {name: empty(name) for name in DISRUPTIONS}
    model, made = disrupt.build_model(system, tables, header)
    items = disrupt.blocks(len(model.items), disrupt.ITEMS_PER_BLOCK)
    alone = disrupt.joined(inputs.map(_("Every failure alone"), partial(disrupt.fail_alone, model), items))
    made |= tally.single_failures(model, alone)
    model = disrupt.with_priority(model, made["failures"])
    parts = []
    for hazard in hazards_on(inputs, model, system):
        work = [(hazard, block) for block in disrupt.blocks(model.samples, disrupt.SAMPLES_PER_BLOCK)]
        part = disrupt.joined(inputs.map(_("Events of hazards"), partial(disrupt.sample_events, model), work))
        rule = header.value("ead_rule")
        parts.append(tally.sampled(model, hazard, part, zones=tables["zones"], rule=rule))
    if len(tables["areas"]):
        shapes = stress.exposed_assets(**system).geometry
        part = disrupt.strike_areas(model, shapes, tables["areas"])
        layers = tables["areas"].rename(columns={"area_id": "layer_id"})
        parts.append(tally.events(model, part, layers, samples=1))
    return made | tally.stacked(parts)


def struck(inputs: Inputs, fail: Sequence[str], areas: gpd.GeoDataFrame | None) -> dict[str, pd.DataFrame]:
    """What a set of failures, or drawn areas, take from people: tables to look at."""
    model, _made = disrupt.build_model(inputs.system, inputs.tables, inputs.header)
    if model.crews is not None:
        model = disrupt.with_priority(model, inputs.result("failures"))
    shapes = stress.exposed_assets(**inputs.system).geometry
    return tally.struck(model, shapes, fail=fail, areas=areas)


def disruptions_with(
    inputs: Inputs, changes: pd.DataFrame, option_ids: Sequence[str], without: Results
) -> dict[str, pd.DataFrame]:
    """What options avoid of disruption, in small tables by heading."""
    return tally.beside(without, disruptions(inputs, apply_changes(inputs.system, changes, option_ids)))


def hazards_on(inputs: Inputs, model: disrupt.Model, system: Results) -> Iterator[disrupt.Hazard]:
    """Layers of intensity that stop something, and layers of drought, each group on the system."""
    layers = inputs.tables["hazard_layers"]
    same = stress.same_places(stress.exposed_assets(**system).geometry, as_it_is(inputs).assets.geometry)
    shapes = stress.exposed_assets(**system).geometry
    for exposure in as_it_is(inputs).at if same else _exposures(inputs, shapes):
        hazard = disrupt.hazard_events(model, exposure, rule=inputs.header.value("ead_rule"))
        if hazard:
            yield hazard
    dry = layers[(layers["quantity"] == "annual_probability") & (layers["hazard"] == "drought")]
    for _name, layer in dry.groupby("layer_id", sort=True):
        yield disrupt.drought_years(model, stress.expose(shapes, layer, **inputs.readers))
