"""Avoid: the loss of services that options avoid in a year, each alone and a plan whole, on the same samples.

What only holds failures off is read from the events that it changes. What changes the network itself is run whole.
Knows nothing of money.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence

import numpy as np
import pandas as pd

from headwater.frames import with_columns
from headwater.journey.disrupt import Hazard
from headwater.journey.propose import System, planning_case
from headwater.journey.rerun import (
    PROTECTION,
    Base,
    Floats,
    Run,
    cases,
    differences,
    owned,
    prepare,
    rerun,
    shields,
    standards,
    summed,
    yearly,
)
from headwater.options.changes import apply_changes
from headwater.risk.annual import NORMAL_95
from headwater.schema import empty, load_schema
from headwater.settings import Service, StudyHeader
from headwater.system.assets import exposed_assets

LossModel = Callable[[System], Floats]
"""From a system to the losses of each sampled year [samples, services, `LOSSES`]: see `yearly`."""

IDLE = frozenset(
    ["name", "source_id", "status", "curve_id", "damage_scale", "damage_offset", "lanes", "is_paved"]
    + [f"replacement_cost_usd{unit}{bound}" for unit in ("", "_per_km") for bound in ("", "_low", "_high")]
)
"""Columns of assets and links that decide neither what fails, nor when it works again, nor whom that leaves without."""


def planned(hazards: Iterable[Hazard], header: StudyHeader) -> list[Hazard]:
    """Hazards of the one case that the plan answers to: floods and the like, and drought years, each by themselves.

    Raises
    ------
    AssumptionError
        If several scenarios, models or epochs remain and the study does not say which one to plan for.
    """
    every = list(hazards)
    kept: list[int] = []
    for is_yearly in (False, True):
        numbers = [number for number, hazard in enumerate(every) if hazard.is_yearly == is_yearly]
        if numbers:
            first = pd.concat([every[number].layers.head(1) for number in numbers]).set_axis(numbers)
            kept += planning_case(first.assign(ead_rule=header.value("ead_rule")), header).index.tolist()
    return [every[number] for number in sorted(kept)]


# --- effects ------------------------------------------------------------------------------------------------------


def changes_the_network(changes: pd.DataFrame) -> list[str]:
    """Options that may change what a service travels on or needs, or what an item fails by: they are run whole."""
    plain = (changes["action"] == "set") & changes["column"].isin([*IDLE, PROTECTION])
    return sorted(changes.loc[~plain, "option_id"].unique())


def out_of_reach(system: System, changes: pd.DataFrame, base: Base, services: Sequence[Service]) -> list[str]:
    """Options that change only links which no service travels on that any event touches: no event changes with them.

    That can be told where the hazards take whole years of supply and stop no link. What events touch are the services
    whose suppliers, nodes or links fail, and those of assets that need them, and so on.
    """
    if not all(np.isinf(one.periods).all() for one in base.sampled):
        return []
    exposed = [service.link_kinds for service, is_hit in zip(_ordered(services), _hit(base), strict=True) if is_hit]
    prefixes = tuple(prefix for kinds in exposed for prefix in kinds)
    links = system["links"].set_index("link_id")["kind"].astype("str")
    own = changes[~((changes["action"] == "set") & changes["column"].isin([*IDLE, PROTECTION]))]
    given = own["value"].astype("str").where(own["column"] == "kind", "")
    kinds = own["row_id"].map(links).astype("object").fillna("").astype("str")
    near = (own["table"] != "links") | kinds.str.startswith(prefixes) | given.str.startswith(prefixes)
    return sorted(set(own["option_id"]) - set(own.loc[near, "option_id"]))


def _ordered(services: Sequence[Service]) -> list[Service]:
    """Services in the order of the layers."""
    return sorted(services, key=lambda service: service.service_id)


def _hit(base: Base) -> list[bool]:
    """Whether some event could touch each layer, at most."""
    system, assets = base.model.system, len(base.model.system.asset_ids)
    needs = system.needs
    stopped = np.zeros(len(base.standard), np.bool_)
    for sampled in base.sampled:
        stopped[sampled.events.item] = True
    asset = np.repeat(needs.asset, np.diff(needs.indptr))
    lasts = np.repeat(np.isinf(needs.backup_h), np.diff(needs.indptr))
    while True:
        hit = [
            bool(stopped[np.concatenate([layer.node[layer.node >= 0], layer.source])].any())
            or bool(stopped[assets + layer.link[layer.link >= 0]].any())
            for layer in system.layers
        ]
        is_lost = np.array(hit, np.bool_)[needs.layer] if hit else np.zeros(asset.size, np.bool_)
        is_lost = np.where(needs.layer >= 0, is_lost, stopped[needs.node]) & ~lasts
        if stopped[asset[is_lost]].all():
            return hit
        stopped[asset[is_lost]] = True


def effects(
    system: System, changes: pd.DataFrame, base: Base, model: LossModel, *, services: Sequence[Service] = (),
    run: Run = map,
) -> pd.DataFrame:  # fmt: skip
    """Table `effects`: loss of each service that options avoid in a year, without minus with each alone.

    Both sides are run on the same samples with the same chances, so the interval is that of their differences. An
    option that touches nothing on which a hazard is known has no row: no known gain is not a gain of nothing. One that
    changes nothing any event depends on gains exactly 0. Where it is not known when something works again, an option
    that turns its failure has no row for person-hours.

    Parameters
    ----------
    system, changes
        The system as it is, and what options change in it.
    base
        What sampled events take from the system as it is.
    model
        Runs a system whole on as many samples: for options that change the network. Slow.
    services
        Services of the study, by which options are told that no event changes with; none to run them all.
    run
        Maps a function over work items.

    Returns
    -------
    effects
        Table of that name, sorted by option and item.
    """
    if not base.sampled:
        return empty("effects")
    idle = out_of_reach(system, changes, base, services) if services else []
    far = pd.Index(idle, dtype="object")
    slow = [option for option in changes_the_network(changes) if option not in far]
    plain = changes[~changes["option_id"].isin(slow)]
    parts = [
        _by_standard(base, plain, run), _unchanged(base, plain), _run_whole(system, changes, slow, base, model, run),
        _nothing(base, far),
    ]  # fmt: skip
    table = pd.concat([part for part in parts if len(part)] or [empty("effects")], ignore_index=True)
    table = table.drop_duplicates(["option_id", "item"])  # an estimate goes before what holds if nothing changes
    table = table[table["amount"].notna()].sort_values(["option_id", "item"], ignore_index=True)
    return with_columns(table, list(load_schema("effects").index))


def _by_standard(base: Base, changes: pd.DataFrame, run: Run) -> pd.DataFrame:
    """Effects of standards: the events that each changes are run again; options that change them alike share runs."""
    given = standards(changes, base)
    options = pd.Index(sorted(given["option_id"].unique()), dtype="object")
    rows, gains = [np.zeros(0, np.int64)], [np.zeros((0, len(base.items)))]
    for sampled in base.sampled:
        known = shields(base, sampled, given)
        found = cases(base, sampled, known, run=run)
        option, case = owned(found.shield, known.owners)
        sample, layer = np.divmod(found.event[case], sampled.periods.size)
        rows.append(options.get_indexer(option) * base.samples + sample)
        gains.append(sampled.weights[layer, None] * found.gain.reshape(-1, len(base.items))[case])
    at, by_sample = summed(np.concatenate(rows), np.concatenate(gains))
    option = at // base.samples
    _at, total = summed(option, by_sample)
    _at, squares = summed(option, (by_sample - (total / base.samples)[np.searchsorted(_at, option)]) ** 2)
    mean = total / base.samples
    absent = base.samples - np.bincount(option, minlength=len(options))[_at]
    return _rows(base, options[_at], mean, squares + absent[:, None] * mean**2)


def _run_whole(
    system: System, changes: pd.DataFrame, options: Sequence[str], base: Base, model: LossModel,
    run: Run,
) -> pd.DataFrame:  # fmt: skip
    """Effects of options each of which is run whole."""
    if not options:
        return empty("effects")
    before = yearly(base)
    runs = run(lambda option: before - model(apply_changes(system, changes, [option])), options)
    gains = np.stack([gain.reshape(base.samples, -1) for gain in runs])
    mean = gains.mean(axis=1)
    return _rows(base, pd.Index(options), mean, ((gains - mean[:, None]) ** 2).sum(axis=1))


def _unchanged(base: Base, changes: pd.DataFrame) -> pd.DataFrame:
    """Effects of 0 for options on some item of which a hazard is known."""
    covered = np.any([one.covered for one in base.sampled], axis=0)
    touched = changes["row_id"].isin(base.model.items.index[covered])
    return _nothing(base, pd.Index(sorted(changes.loc[touched, "option_id"].unique()), dtype="object"))


def _nothing(base: Base, options: pd.Index) -> pd.DataFrame:
    nothing = np.zeros((len(options), len(base.items)))
    return _rows(base, options, nothing, nothing)


def _rows(base: Base, options: pd.Index, mean: Floats, squares: Floats) -> pd.DataFrame:
    """Effects from means [options, items] and sums of squares about them."""
    unknown = np.full_like(mean, np.nan)
    error = np.sqrt(squares / (base.samples - 1) / base.samples) if base.samples > 1 else unknown
    table = pd.DataFrame({"option_id": np.repeat(options.to_numpy(object), len(base.items))})
    table["item"] = np.tile(np.array(base.items, object), len(options))
    table["unit"] = table["item"].map(base.units)
    ends = {"amount": mean, "amount_low": mean - NORMAL_95 * error, "amount_high": mean + NORMAL_95 * error}
    return table.assign(**{name: values.ravel() for name, values in ends.items()})


# --- plans --------------------------------------------------------------------------------------------------------


def whole(
    system: System, changes: pd.DataFrame, option_ids: Collection[str], base: Base, model: LossModel,
    *, services: Sequence[Service] = (), run: Run = map,
) -> dict[str, float]:  # fmt: skip
    """Loss of each service that options avoid together in a year, on the same samples as `effects`.

    Parameters
    ----------
    system, changes, base, model, services, run
        As in `effects`.
    option_ids
        Options in place; those that change nothing are passed over.

    Returns
    -------
    gains
        By item of `effects`; without those that are not known. Empty where no hazard is.

    Raises
    ------
    TableError
        If two options contradict each other.
    """
    own = changes[changes["option_id"].isin(list(option_ids))]
    if not base.sampled:
        return {}
    changed = apply_changes(system, changes, sorted(own["option_id"].unique()))
    far = out_of_reach(system, own, base, services) if services else []
    if set(changes_the_network(own)) - set(far):
        gain = (yearly(base) - model(changed)).mean(axis=0).ravel()
    else:
        gain = _together(base, changed, run)
    return {item: float(amount) for item, amount in zip(base.items, gain, strict=True) if not np.isnan(amount)}


def _together(base: Base, changed: System, run: Run) -> Floats:
    """What the standards of a changed system gain in a year [items]."""
    after = exposed_assets(changed["assets"], changed["links"])[PROTECTION].reindex(base.model.items.index)
    standard = after.to_numpy(dtype=float, na_value=np.nan)
    total = np.zeros(len(base.items))
    for sampled in base.sampled:
        event = sampled.event
        layer = event % sampled.periods.size
        turned = np.flatnonzero(sampled.let_through == (sampled.periods[layer] < standard[sampled.events.item]))
        at, case = np.unique(event[turned], return_inverse=True)
        lost = rerun(base.model, sampled, at, case, turned, run=run)
        gain = differences(sampled.losses[at], lost).reshape(-1, len(base.items))
        total += (sampled.weights[at % sampled.periods.size, None] * gain).sum(axis=0) / base.samples
    return total


__all__ = [
    "Base", "LossModel", "changes_the_network", "effects", "out_of_reach", "planned", "prepare", "whole", "yearly",
]  # fmt: skip
