"""The step that proposes: what options change, and what the models say they give, alone, in pairs and together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import pandas as pd

from headwater.frames import with_columns
from headwater.inputs import Inputs, Results
from headwater.journey import avoid, disrupt, propose, rerun, stress, together
from headwater.options.changes import apply_changes
from headwater.schema import empty, load_schema
from headwater.steps_assess import as_it_is, criticality_of, damage_curves, hazards_on
from headwater.words import _

EFFECT_SAMPLES = 1000
"""Samples of hazard events that options are compared on: the first of those that the study draws."""


@dataclass(frozen=True, eq=False)
class Models:
    """The models that options are run through, and their results without any option; None where there is none.

    Attributes
    ----------
    damage, damage_now
        Expected damages.
    service, service_now
        Criticality, summed.
    losses, losses_now
        Loss of services in sampled events.
    """

    damage: propose.DamageModel | None
    damage_now: pd.DataFrame | None
    service: propose.ServiceModel | None
    service_now: pd.Series | None
    losses: avoid.LossModel | None
    losses_now: rerun.Base | None


def models(inputs: Inputs) -> Models:
    """The models of a study, made once."""

    def make() -> Models:
        damage, service = _damage_model(inputs), _service_model(inputs)
        losses = _loss_model(inputs)
        criticality = inputs.result("criticality")
        return Models(
            damage, damage(inputs.system) if damage else None,
            service, criticality[list(propose.SERVICE_ITEMS)].sum() if service else None,
            losses, _sampled(inputs, inputs.system) if losses else None,
        )  # fmt: skip

    made: Models = inputs.once("models", make)
    return made


def _damage_model(inputs: Inputs) -> propose.DamageModel | None:
    """From a system to the expected damages of the planning case; None where no layer holds an intensity."""
    if not stress.groups(inputs.tables["hazard_layers"]):
        return None
    base, curves, header = as_it_is(inputs), damage_curves(inputs), inputs.header
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
    return lambda system: criticality_of(header, zones, system)[items].sum()


def _loss_model(inputs: Inputs) -> avoid.LossModel | None:
    if not inputs.header.services or inputs.tables["hazard_layers"].empty:
        return None
    return lambda system: rerun.yearly(_sampled(inputs, system))


def _sampled(inputs: Inputs, system: Results) -> rerun.Base:
    model, _made = disrupt.build_model(system, inputs.tables, inputs.header)
    if model.crews is not None:
        model = disrupt.with_priority(model, inputs.result("failures"))
    hazards = avoid.planned(hazards_on(inputs, model, system), inputs.header)
    return rerun.prepare(model, hazards, samples=EFFECT_SAMPLES)


def run_propose(inputs: Inputs) -> Results:
    """The study's options and its measures on every damaged place, and what each gives alone."""
    by = models(inputs)
    treated = pd.Series(dtype="float64")
    if by.damage_now is not None and len(inputs.tables["measures"]):
        treated = stress.reached_m(as_it_is(inputs).at, by.damage_now)
    given = (inputs.tables[name] for name in ("measures", "options", "changes"))
    options, changes = propose.proposals(inputs.system, *given, treated_m=treated)
    effects = [empty("effects")]
    if by.damage and by.damage_now is not None:
        run = partial(inputs.map, _("Options: avoided damage"))
        effects.append(propose.damage_effects(inputs.system, changes, by.damage_now, by.damage, run=run))
    if by.service and by.service_now is not None and propose.network_options(changes):
        run = partial(inputs.map, _("Options: access"))
        effects.append(propose.service_effects(inputs.system, changes, by.service_now, by.service, run=run))
    if by.losses and by.losses_now is not None and len(changes):
        run = partial(inputs.map, _("Options: avoided loss of service"))
        effects.append(
            avoid.effects(inputs.system, changes, by.losses_now, by.losses, services=inputs.header.services, run=run)
        )
    filled = [table for table in effects if len(table)] or effects
    table = with_columns(pd.concat(filled, ignore_index=True), list(load_schema("effects").index))
    return {"proposed_options": options, "proposed_changes": changes, "effects": table}


def run_interact(inputs: Inputs) -> Results:
    """Pairs of options that give more or less together; none where nobody has to choose."""
    if not inputs.header.budgets:
        return {"interactions": empty("interactions")}
    by = models(inputs)
    found = together.interactions(
        inputs.system, inputs.result("proposed_changes"), inputs.result("proposed_options"), inputs.result("effects"),
        losses=None if by.losses is None or by.losses_now is None else (by.losses_now, by.losses),
        service=None if by.service is None or by.service_now is None else (by.service, by.service_now),
        damage=None if by.damage is None or by.damage_now is None else (by.damage, by.damage_now),
        services=inputs.header.services, run=partial(inputs.map, _("Options: pairs together")),
    )  # fmt: skip
    return {"interactions": found.interactions}


def whole(inputs: Inputs, changes: pd.DataFrame, option_ids: Sequence[str]) -> dict[str, float]:
    """What the models say that options give together, by item of `effects`; each set of options is run once."""
    known: dict[frozenset[str], dict[str, float]] = inputs.once("whole", dict)
    key = frozenset(option_ids)
    if key not in known:
        known[key] = _whole(inputs, changes, sorted(key))
    return known[key]


def _whole(inputs: Inputs, changes: pd.DataFrame, option_ids: Sequence[str]) -> dict[str, float]:
    by, gain = models(inputs), dict[str, float]()
    own = [option for option in option_ids if option in set(changes["option_id"])]
    changed = apply_changes(inputs.system, changes, own)
    if by.damage and by.damage_now is not None:
        gain[propose.EAD[0]] = float(by.damage_now[propose.EAD[0]].sum() - by.damage(changed)[propose.EAD[0]].sum())
    if by.service and by.service_now is not None and propose.network_options(changes):
        moved = bool(set(own) & set(propose.network_options(changes)))
        totals = by.service_now - by.service(changed) if moved else by.service_now * 0.0
        gain |= {str(item): float(amount) for item, amount in totals.items()}
    if by.losses and by.losses_now is not None:
        gain |= avoid.whole(inputs.system, changes, own, by.losses_now, by.losses, services=inputs.header.services)
    return gain
