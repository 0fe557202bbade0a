"""The steps of the main job: what each reads, needs and makes, and which part of the journey it runs.

What decides on recomputation and what `headwater explain` tells are read off this list and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import geopandas as gpd
import pandas as pd

from headwater.errors import NotFound
from headwater.frames import with_columns
from headwater.journey import appraise, choose, disrupt, measure, propose, screen, stress, tally
from headwater.options.changes import apply_changes
from headwater.schema import empty, load_schema
from headwater.settings import StudyHeader
from headwater.words import _, later

Results = Mapping[str, pd.DataFrame]


class Inputs(Protocol):
    """What a step may ask of a study."""

    header: StudyHeader

    @property
    def tables(self) -> Results:
        """Input tables."""

    @property
    def system(self) -> dict[str, gpd.GeoDataFrame]:
        """Tables that options change."""

    @property
    def readers(self) -> dict[str, Any]:
        """Readers of rasters."""

    def result(self, name: str) -> pd.DataFrame:
        """Result of an earlier step."""

    def map(self, what: str, function: Callable, items: Iterable) -> Iterator:
        """Map a function over work items."""

    def once(self, name: str, make: Callable[[], Any]) -> Any:
        """A thing that several steps use, made when the first of them asks."""

    def map_kept(
        self, what: str, function: Callable, items: Sequence, *, names: Sequence[str], of: Callable
    ) -> list[list[pd.DataFrame]]:
        """Map a function over work items, keeping the tables of each on disk once they are computed."""


@dataclass(frozen=True)
class Step:
    """A step of the main job.

    Attributes
    ----------
    name, method
        Its name, and in words what it computes.
    makes
        Result tables.
    run
        From the study to the result tables, by name.
    tables, assumptions, header
        Input tables, assumptions, and fields of the header that it reads.
    needs
        Result tables that it reads.
    """

    name: str
    method: str
    makes: tuple[str, ...]
    run: Callable[[Inputs], Results]
    tables: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = ()
    header: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()


# --- stress -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Exposed:
    """The system as it is, on every group of hazard layers."""

    assets: gpd.GeoDataFrame
    at: list[stress.Exposure]


def _as_it_is(inputs: Inputs) -> _Exposed:
    def make() -> _Exposed:
        assets = stress.exposed_assets(**inputs.system)
        return _Exposed(assets, _exposures(inputs, assets.geometry))

    made: _Exposed = inputs.once("exposed", make)
    return made


def _exposures(inputs: Inputs, shapes: gpd.GeoSeries) -> list[stress.Exposure]:
    expose = partial(stress.expose, shapes, **inputs.readers)
    return list(inputs.map(_("Assets on hazard layers"), expose, stress.groups(inputs.tables["hazard_layers"])))


def _curves(inputs: Inputs) -> stress.Curves:
    return stress.study_curves(*(inputs.tables[name] for name in ("curves", "curve_register", "curve_choices")))


def curve_sources(inputs: Inputs) -> pd.DataFrame:
    """Packaged rows of `sources` behind the curves that the study uses."""
    return stress.curve_sources(**inputs.system, layers=inputs.tables["hazard_layers"], curves=_curves(inputs))


def run_stress(inputs: Inputs) -> Results:
    """Exposure and damage under every layer that holds an intensity, and expected annual damage by every rule."""
    assets = stress.exposed_assets(**inputs.system)
    hit = partial(
        stress.hit, assets, curves=_curves(inputs), threshold=float(inputs.header.value("exposure_threshold")),
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


def run_screen(inputs: Inputs) -> Results:
    """Access of people to services, and the criticality of every link they travel on."""
    return _screened(inputs.header, inputs.tables["zones"], inputs.system)


# --- disrupt ------------------------------------------------------------------------------------------------------


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
    for hazard in _hazards(inputs, model, system):
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


def _hazards(inputs: Inputs, model: disrupt.Model, system: Results) -> Iterator[disrupt.Hazard]:
    """Layers of intensity that stop something, and layers of drought, each group on the system."""
    layers = inputs.tables["hazard_layers"]
    same = stress.same_places(stress.exposed_assets(**system).geometry, _as_it_is(inputs).assets.geometry)
    shapes = stress.exposed_assets(**system).geometry
    for exposure in _as_it_is(inputs).at if same else _exposures(inputs, shapes):
        hazard = disrupt.hazard_events(model, exposure, rule=inputs.header.value("ead_rule"))
        if hazard:
            yield hazard
    dry = layers[(layers["quantity"] == "annual_probability") & (layers["hazard"] == "drought")]
    for _name, layer in dry.groupby("layer_id", sort=True):
        yield disrupt.drought_years(model, stress.expose(shapes, layer, **inputs.readers))


# --- propose, appraise, choose ------------------------------------------------------------------------------------


def _damage_model(inputs: Inputs) -> propose.DamageModel | None:
    """From a system to the expected damages of the planning case; None where no layer holds an intensity."""
    if not stress.groups(inputs.tables["hazard_layers"]):
        return None
    base, curves, header = _as_it_is(inputs), _curves(inputs), inputs.header
    groups, readers = stress.groups(inputs.tables["hazard_layers"]), inputs.readers

    def model(system: Results) -> pd.DataFrame:
        assets = stress.exposed_assets(**system)
        same = stress.same_places(base.assets.geometry, assets.geometry)
        at = base.at if same else [stress.expose(assets.geometry, layers, **readers) for layers in groups]
        damages = pd.concat([stress.damage(assets, exposure, curves) for exposure in at], ignore_index=True)
        expected = stress.expected(damages, assets, rules=[header.value("ead_rule")])
        case = propose.planning_case(expected, header)
        return case.groupby("asset_id")[propose.EAD].sum(min_count=1)

    return model


def _service_model(inputs: Inputs) -> propose.ServiceModel | None:
    if not inputs.header.access_services:
        return None
    items, header, zones = list(propose.SERVICE_ITEMS), inputs.header, inputs.tables["zones"]
    return lambda system: _screened(header, zones, system)["criticality"][items].sum()


def run_propose(inputs: Inputs) -> Results:
    """The study's options and its measures on every damaged place, and what each gives alone."""
    damage, service = _damage_model(inputs), _service_model(inputs)
    base = damage(inputs.system) if damage else None
    treated = (
        stress.reached_m(_as_it_is(inputs).at, base)
        if base is not None and len(inputs.tables["measures"])
        else pd.Series(dtype="float64")
    )
    given = (inputs.tables[name] for name in ("measures", "options", "changes"))
    options, changes = propose.proposals(inputs.system, *given, treated_m=treated)
    effects = [empty("effects")]
    if damage and base is not None:
        run = partial(inputs.map, _("Options: avoided damage"))
        effects.append(propose.damage_effects(inputs.system, changes, base, damage, run=run))
    if service and propose.network_options(changes):
        run = partial(inputs.map, _("Options: access"))
        totals = inputs.result("criticality")[list(propose.SERVICE_ITEMS)].sum()
        effects.append(propose.service_effects(inputs.system, changes, totals, service, run=run))
    filled = [table for table in effects if len(table)] or effects
    return {
        "proposed_options": options, "proposed_changes": changes,
        "effects": with_columns(pd.concat(filled, ignore_index=True), list(load_schema("effects").index)),
    }  # fmt: skip


def run_appraise(inputs: Inputs) -> Results:
    """Costs and benefits of every option."""
    options, effects = inputs.result("proposed_options"), inputs.result("effects")
    return {"appraisals": appraise.appraisals(options, effects, inputs.header)}


def run_choose(inputs: Inputs) -> Results:
    """The best plan under each budget, and the models run again on each plan whole."""
    options, changes, effects, appraisals = (
        inputs.result(name) for name in ("proposed_options", "proposed_changes", "effects", "appraisals")
    )
    plans, summaries = choose.choices(options, effects, appraisals, inputs.header)
    damage, service = _damage_model(inputs), _service_model(inputs)
    checks = choose.whole_plan(
        inputs.system, changes, plans, effects,
        damage=(damage, damage(inputs.system)) if damage else None,
        service=(service, inputs.result("criticality")[list(propose.SERVICE_ITEMS)].sum()) if service else None,
        run=partial(inputs.map, _("Plans: the models run again")),
    )  # fmt: skip
    return {"plans": plans, "plan_summaries": summaries, "plan_checks": checks}


NATIONAL = ("exposures", "expected_damages", "drought_losses", "access", "criticality", "plan_summaries")


def run_measure(inputs: Inputs) -> Results:
    """Key figures in one tidy table, and every asset with what the models say of it."""
    tables = {name: inputs.result(name) for name in NATIONAL} | {"hazard_layers": inputs.tables["hazard_layers"]}
    case = propose.planning_case(tables["expected_damages"], inputs.header)
    return {
        "results": measure.indicators(tables, inputs.header),
        "asset_results": measure.asset_results(inputs.system, tables, inputs.header, case=case),
    }


SYSTEM = ("assets", "links")
DEPENDENCE = ("demand", "dependencies", "dependency_rules", "fragility", "recovery", "areas")
SAMPLING = ("ead_rule", "samples", "seed", "failure_range_m", "repair_crews", "drought_loss_h")
DISRUPTIONS = ("service_areas", "needs", "failures", "causes", *tally.EVENT_TABLES)
HAZARD = ("hazard_layers", "curves", "curve_register", "curve_choices")
PLANNING = ("ead_rule", "planning_scenario", "planning_model", "planning_epoch")

STEPS = (
    Step(
        "stress",
        later(
            "Coverage of each asset on the grid of the hazard layers (geodesic metres, ellipsoidal m2); damage "
            "share by vulnerability curve in each cell, times amount and replacement cost; expected annual damage"
            " by each rule, with the design standard as a cut-off."
        ),
        ("exposures", "damages", "expected_damages"), run_stress,
        tables=(*SYSTEM, *HAZARD), assumptions=("exposure_threshold",), header=("crs",),
    ),
    Step(
        "drought",
        later(
            "Annual probability at each asset, times its capacity: the mean loss over years if a drought year "
            "takes all of it. Each model and epoch apart."
        ),
        ("drought_losses",), run_drought, tables=("assets", "hazard_layers"), header=("crs",),
    ),
    Step(
        "screen",
        later(
            "Shortest time from each zone to the nearest facility: to the network at the access speed, along it, "
            "and from it. Criticality: every link removed in turn, people cut off and hours lost on one trip "
            "each."
        ),
        ("components", "snapping", "access", "criticality"), run_screen,
        tables=(*SYSTEM, "zones"), assumptions=SPEEDS, header=("crs", "services"),
    ),
    Step(
        "disrupt",
        later(
            "Each service as a graph of suppliers, links and users; what assets need from each other; single "
            "failures, samples of hazard events, drought years and drawn areas; the greatest state in which nothing "
            "that has lost a need for longer than its backup still works; without and with those needs."
        ),
        DISRUPTIONS, run_disrupt,
        tables=(*SYSTEM, "zones", "hazard_layers", *DEPENDENCE), assumptions=(*SPEEDS, *SAMPLING),
        header=("crs", "services"),
    ),
    Step(
        "propose",
        later(
            "Each option changes the system; its effect is the model without it minus the model with it. Measures"
            " are built along the part of a link that the rarest event reaches."
        ),
        ("proposed_options", "proposed_changes", "effects"), run_propose,
        tables=(*SYSTEM, "zones", *HAZARD, "measures", "options", "changes"), assumptions=(*SPEEDS, *PLANNING),
        header=("crs", "services"), needs=("expected_damages", "criticality"),
    ),
    Step(
        "appraise",
        later(
            "Costs by year: investment in the base year, periodic and routine maintenance after; benefits from "
            "the year after; both discounted, the base year not."
        ),
        ("appraisals",), run_appraise, assumptions=("discount_rate", "benefit_growth"),
        header=("base_year", "horizon_year"), needs=("proposed_options", "effects"),
    ),
    Step(
        "choose",
        later(
            "Binary programme: the largest sum of the objective within the budget, at most one option of an "
            "exclusive group, an option only with those it requires; solved by HiGHS to a proved gap. The models "
            "run again on each plan whole."
        ),
        ("plans", "plan_summaries", "plan_checks"), run_choose,
        tables=(*SYSTEM, "zones", *HAZARD), assumptions=(*SPEEDS, *PLANNING),
        header=("crs", "budgets", "objective", "base_year", "services"), needs=("appraisals", "effects", "criticality"),
    ),
    Step(
        "measure", later(
            "National totals of the results above, and every asset with what the models say of it."
        ),
        ("results", "asset_results"), run_measure, tables=(*SYSTEM, "hazard_layers"), assumptions=PLANNING,
        header=("crs", "iso3"), needs=NATIONAL,
    ),
)  # fmt: skip

SCHEMA_OF = {"proposed_options": "options", "proposed_changes": "changes"}
"""Schema of a result whose name is not that of its schema."""


def step_of(result: str) -> Step:
    """The step that makes a result.

    Raises
    ------
    NotFound
        If no step does; names the results there are.

    Examples
    --------
    >>> step_of("access").name
    'screen'
    """
    for step in STEPS:
        if result in step.makes:
            return step
    known = ", ".join(name for step in STEPS for name in step.makes)
    raise NotFound(_("There is no result «{name}»; there are {known}.").format(name=result, known=known))
