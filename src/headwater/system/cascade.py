"""Cascade: what a set of failures stops, through networks and through what assets need, and whom it leaves without.

Everything works unless it failed or has been without something it needs for longer than its backup; that is the
greatest state in which nothing contradicts anything, so two assets that need each other hold each other up until one
of them fails from outside. Knows nothing of hazards, probabilities or money.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from headwater.system import lanes
from headwater.system.delays import delays, usual_journeys
from headwater.system.flow import fair_shares
from headwater.system.layers import NONE, Events, Floats, Layer, Numbers, System

Words = npt.NDArray[np.uint64]
Flags = npt.NDArray[np.bool_]

MOST_STEPS = 64
"""Steps of one event: the lanes of a word."""

MOST_REPAIRS = 48
"""Repairs of one event that begin a step of their own, where backups need steps too."""


@dataclass(frozen=True, eq=False)
class Outcome:
    """What events take from people.

    Attributes
    ----------
    steps_h
        float64 [events, steps]; hour at which each step begins; infinite after the event's last.
    people
        float64 [events, layers, steps]; people without the service who have it when nothing fails.
    rerouted, person_hours
        float64 [events, layers]; people who at hour 0 still reach the service but later, and their extra time on one
        journey each [h]; missing for services nobody travels for.
    zone_people, zone_hours
        Per layer, float64 [zones]: the most people without at any step, and person-hours without, each times the
        weight of the event and summed over events.
    """

    steps_h: Floats
    people: Floats
    rerouted: Floats
    person_hours: Floats
    zone_people: tuple[Floats, ...]
    zone_hours: tuple[Floats, ...]

    @property
    def people_without(self) -> Floats:
        """People without each service, the most at any step [events, layers]."""
        return np.asarray(self.people.max(axis=2))

    @property
    def user_hours(self) -> Floats:
        """Person-hours without each service [events, layers]; missing where people are without in a last step."""
        end = np.column_stack([self.steps_h[:, 1:], np.full(len(self.steps_h), np.inf)])
        begun = np.isfinite(self.steps_h)
        span = np.where(begun, end - np.where(begun, self.steps_h, 0.0), 0.0)[:, None, :]
        endless = (np.isinf(span) & (self.people > 0)).any(axis=2)
        total = (np.where(np.isinf(span), 0.0, span) * self.people).sum(axis=2)
        return np.where(endless, np.nan, total)


@dataclass(frozen=True, eq=False)
class Settled:
    """The state of one event, step by step: what works, and what each service reaches.

    Attributes
    ----------
    steps_h
        float64 [steps]; hour at which each begins.
    works, up
        bool [steps, assets] and [steps, links].
    reach
        Per layer, bool [steps, nodes].
    """

    steps_h: Floats
    works: Flags
    up: Flags
    reach: tuple[Flags, ...]


@dataclass(frozen=True, eq=False)
class _Flat:
    """All layers as one graph: nodes one layer after another."""

    layer_ptr: npt.NDArray[np.int64]
    indptr: npt.NDArray[np.int64]
    heads: Numbers
    links: Numbers
    node_asset: Numbers
    source_ptr: npt.NDArray[np.int64]
    sources: Numbers
    source_asset: Numbers
    base: Flags
    asset_layers: Words
    link_layers: Words
    need_asset: Numbers
    backup: Floats
    need_ptr: npt.NDArray[np.int64]
    alt_node: Numbers
    alt_asset: Numbers
    shares: tuple[Floats, ...]


@dataclass(frozen=True, eq=False)
class _Words:
    """What nodes are reached and what assets and links work, in 64 lanes."""

    reach: Words
    works: Words
    up: Words

    def of(self, layer: Layer) -> Words:
        """Nodes, links and sources of a layer, one after another."""
        return np.concatenate([_at(self.works, layer.node), _at(self.up, layer.link), _at(self.works, layer.source)])


def baseline(system: System) -> list[Floats]:
    """Share of the demand of each zone that is served when nothing fails, [zones] per layer.

    Parameters
    ----------
    system
        The system of systems.
    """
    return list(_flat(system).shares)


def cascade(system: System, events: Events, *, cascading: bool = True, weights: Floats | None = None) -> Outcome:
    """What each event takes from people.

    A zone has a service where it is joined to a supplier that works, and the share of its demand that suppliers and
    links can give. An asset stops when it fails, and when all alternatives of one of its needs have been lost for as
    long as its backup lasts; of all states in which that holds it is the one in which the most works. Memory grows with
    the number of events: call it with blocks of some hundreds.

    Parameters
    ----------
    system
        The system of systems. Needs that are not met when nothing fails must have been left out.
    events
        Failures, all at hour 0, each until it is repaired.
    cascading
        Whether what assets need from each other counts.
    weights
        float64 [events]; by which the losses of zones are multiplied before they are summed; 1 by default.

    Source
    ------
    Then et al. (2014), The more the merrier: efficient multi-source graph traversal, Proceedings of the VLDB
    Endowment 8(4), 449-460: many searches as the bits of a word.

    Examples
    --------
    A power plant, and a clinic that takes power there, has a battery for 8 h and serves 100 people. The plant fails for
    24 h, so the clinic is out for 16 h:

    >>> import pandas as pd
    >>> from headwater.system.layers import Needs
    >>> from headwater.system.paths import build_graph
    >>> def service(name, supplier, people):
    ...     zero, asset = np.zeros(1, np.int32), np.full(1, supplier, np.int32)
    ...     return Layer(
    ...         service=name, graph=build_graph([], [], [], node_count=1), node=asset, link=np.zeros(0, np.int32),
    ...         source=asset, source_node=zero, source_hours=np.zeros(1), supply=np.full(1, np.inf),
    ...         link_capacity=np.zeros(0), zone_ids=pd.Index(["town"]), population=np.full(1, people),
    ...         demand=np.full(1, people), zone_node=zero, zone_hours=np.zeros(1),
    ...     )
    >>> one, zero = np.ones(1, np.int32), np.zeros(1, np.int32)
    >>> clinic_needs_power = Needs(
    ...     asset=zero, backup_h=np.array([8.0]), indptr=np.array([0, 1]), layer=one, node=zero, row=zero
    ... )
    >>> layers = service("clinic", 0, 100.0), service("power", 1, 0.0)
    >>> system = System(pd.Index(["clinic", "plant"]), pd.Index([]), layers, clinic_needs_power)
    >>> outcome = cascade(system, Events(np.array([0, 1]), one, np.array([24.0])))
    >>> outcome.steps_h.tolist(), outcome.people[0, 0].tolist()
    ([[0.0, 8.0, 24.0, inf]], [0.0, 100.0, 0.0, 0.0])
    >>> outcome.user_hours.tolist()
    [[1600.0, 0.0]]
    """
    flat, layers = _flat(system), system.layers
    weight = np.ones(events.count) if weights is None else np.asarray(weights, np.float64)
    people, late = np.zeros((events.count, len(layers), MOST_STEPS)), np.full((2, events.count, len(layers)), np.nan)
    zones = [(np.zeros(len(layer.zone_ids)), np.zeros(len(layer.zone_ids))) for layer in layers]
    fair, journeys = [_Fair(layer) for layer in layers], [_Journeys(layer) for layer in layers]
    course = _Course(flat, system, events, cascading=cascading)
    for chosen, steps, words in course.words():
        width = steps.shape[1]
        used = sum(_ones(width) << (number * width) for number, event in enumerate(chosen) if event >= 0)
        found = np.zeros((len(layers), chosen.size, width))
        for n, layer in enumerate(layers):
            ours = layer.population, chosen, steps, weight, found[n], *zones[n]
            if layer.is_limited or layer.has_link_limits:
                lanes.tally(_shares(flat, n, layer, words, used, fair[n]), flat.shares[n], *ours)
            else:
                reach = words.reach[flat.layer_ptr[n] : flat.layer_ptr[n + 1]]
                lanes.tally_bits(reach, layer.zone_node, flat.shares[n], *ours)
            if layer.travels:
                journeys[n].take(words, chosen, width)
        people[chosen[chosen >= 0], :, :width] = found[:, chosen >= 0].transpose(1, 0, 2)
    for n, layer in enumerate(layers):
        if layer.travels:
            late[:, :, n] = journeys[n].delays(events.count)
    for _people, hours in zones:
        hours[np.isinf(hours)] = np.nan
    width = int(course.widths.max(initial=1))
    by_zone = [tuple(each) for each in zip(*zones, strict=True)] if zones else [(), ()]
    return Outcome(course.steps[:, :width].copy(), people[:, :, :width].copy(), late[0], late[1], *by_zone)


def settle(system: System, event: Events) -> Settled:
    """The state of one event, with dependencies.

    Parameters
    ----------
    system
        The system of systems.
    event
        One event.
    """
    flat = _flat(system)
    _chosen, steps, words = next(_Course(flat, system, event, cascading=True).words())
    count = int(np.isfinite(steps[0]).sum())
    lane = np.arange(count)
    reach = np.split(_bits(words.reach, lane), flat.layer_ptr[1:-1], axis=1)
    return Settled(steps[0, :count], _bits(words.works, lane), _bits(words.up, lane), tuple(reach))


class _Course:
    """The course of events: the hours at which their states change, and those states, 64 lanes at a time.

    An event begins with the steps that its repairs make. Where a backup turns out to run out within a step, a step is
    put in and the event settled again, until all that run out do so where a step begins.

    Attributes
    ----------
    steps
        float64 [events, MOST_STEPS]; infinite after the last.
    is_coarse
        bool [events]; whether there were more steps than fit.
    """

    def __init__(self, flat: _Flat, system: System, events: Events, *, cascading: bool) -> None:
        self.flat, self.system, self.events, self.cascading = flat, system, events, cascading
        self.has_backup = cascading and bool(((flat.backup > 0) & np.isfinite(flat.backup)).any())
        most = MOST_REPAIRS if self.has_backup else MOST_STEPS - 1
        self.steps = lanes.repairs(events.indptr, events.hours, most, MOST_STEPS)
        self.is_coarse = np.zeros(events.count, np.bool_)

    @property
    def widths(self) -> npt.NDArray[np.int64]:
        """Lanes that each event takes: its steps, and those that make up a power of two."""
        return np.asarray(1 << np.ceil(np.log2(np.isfinite(self.steps).sum(axis=1))).astype(np.int64), np.int64)

    def words(self) -> Iterator[tuple[npt.NDArray[np.int64], Floats, _Words]]:
        """Events that share a word (-1 for one that is not settled yet), their steps, and their state.

        The arrays of the state are filled anew for each word.
        """
        flat, system = self.flat, self.system
        assets = len(system.asset_ids)
        words = _Words(*(np.empty(size, np.uint64) for size in (flat.node_asset.size, assets, len(system.link_ids))))
        waiting = np.arange(self.events.count)
        while waiting.size:
            widths, again = self.widths[waiting], []
            for width in np.unique(widths).tolist():  # events of as many steps share words
                same = waiting[widths == width]
                for first in range(0, same.size, 64 // int(width)):
                    chosen = same[first : first + 64 // int(width)]
                    steps = np.ascontiguousarray(self.steps[chosen, :width])
                    self._settle(chosen, steps, words)
                    is_final = self._refine(chosen, steps, words)
                    if is_final.any():
                        yield np.where(is_final, chosen, NONE), steps, words
                    again.append(chosen[~is_final])
            waiting = np.sort(np.concatenate(again))

    def _settle(self, chosen: npt.NDArray[np.int64], steps: Floats, words: _Words) -> None:
        flat, events = self.flat, self.events
        lanes.settle(
            chosen, steps, self.is_coarse[chosen], events.indptr, events.item, events.hours, self.cascading,
            flat.layer_ptr, flat.indptr, flat.heads, flat.links, flat.node_asset, flat.source_ptr, flat.sources,
            flat.source_asset, flat.base, flat.asset_layers, flat.link_layers, flat.need_asset, flat.backup,
            flat.need_ptr, flat.alt_node, flat.alt_asset, words.reach, words.works, words.up,
        )  # fmt: skip

    def _refine(self, chosen: npt.NDArray[np.int64], steps: Floats, words: _Words) -> Flags:
        """Put in the steps that are missing; whether none was, for each event."""
        was_coarse, is_coarse = self.is_coarse[chosen], self.is_coarse[chosen]
        if not self.has_backup:
            return np.ones(chosen.size, np.bool_)
        flat, more = self.flat, np.full((chosen.size, MOST_STEPS), np.inf)
        lanes.refine(
            steps, is_coarse, flat.need_asset, flat.backup, flat.need_ptr, flat.alt_node, flat.alt_asset,
            words.reach, words.works, more,
        )  # fmt: skip
        self.is_coarse[chosen] = is_coarse
        self.steps[chosen] = np.sort(np.column_stack([self.steps[chosen], more]), axis=1)[:, :MOST_STEPS]
        return np.asarray(was_coarse | (np.isinf(more[:, 0]) & ~is_coarse), np.bool_)


def _ones(count: int) -> int:
    """A word whose first lanes are set."""
    return (1 << count) - 1


def _touched(words: Words, lanes_used: int) -> npt.NDArray[np.int64]:
    """Lanes of those used in which something does not work."""
    idle = int(np.bitwise_or.reduce(~words)) & lanes_used
    return np.array([lane for lane in range(64) if (idle >> lane) & 1], np.int64)


def _bits(words: Words, lane: npt.NDArray[np.int64]) -> Flags:
    """Lanes of words, bool [lanes, words]."""
    return np.asarray((words >> lane.astype(np.uint64)[:, None]) & lanes.ONE, np.bool_)


def _on(layer: Layer, bits: Flags) -> list[Flags]:
    """Whether nodes, links and sources work, from what `_Words.of` puts one after another."""
    return [
        np.ascontiguousarray(part) for part in np.split(bits, [layer.node.size, layer.node.size + layer.link.size], -1)
    ]


class _Journeys:
    """States of a layer that people travel on at hour 0 of events, gathered word by word."""

    def __init__(self, layer: Layer) -> None:
        self.layer = layer
        self.states: list[npt.NDArray[np.uint8]] = []
        self.events: list[npt.NDArray[np.int64]] = []

    def take(self, words: _Words, events: npt.NDArray[np.int64], width: int) -> None:
        """Keep the state of each event's first lane, packed, where something does not work; -1 is no event."""
        state = words.of(self.layer)
        lane = _touched(state, sum(1 << (number * width) for number, event in enumerate(events) if event >= 0))
        if lane.size:
            self.states.append(np.packbits(_bits(state, lane), axis=1))
            self.events.append(events[lane // width])

    def delays(self, events: int) -> Floats:
        """People rerouted and their extra hours [2, events]; equal states are computed once."""
        result = np.zeros((2, events))
        if not self.states:
            return result
        size = self.layer.node.size + self.layer.link.size + self.layer.source.size
        packed, back = np.unique(np.concatenate(self.states), axis=0, return_inverse=True)
        usual, found = usual_journeys(self.layer), []
        for start in range(0, len(packed), 64):
            bits = np.unpackbits(packed[start : start + 64], axis=1, count=size).astype(np.bool_)
            found.append(delays(self.layer, *_on(self.layer, bits), usual=usual))
        result[:, np.concatenate(self.events)] = np.concatenate(found, axis=1)[:, back.ravel()]
        return result


class _Fair:
    """Fair shares of a layer with narrow links; equal states are computed once."""

    def __init__(self, layer: Layer) -> None:
        self.layer = layer
        self.known: dict[bytes, Floats] = {}

    def shares(self, bits: Flags) -> Floats:
        """Shares [zones] in one state."""
        key = np.packbits(bits).tobytes()
        if key not in self.known:
            self.known[key] = fair_shares(self.layer, *_on(self.layer, bits))
        return self.known[key]


def _shares(flat: _Flat, n: int, layer: Layer, words: _Words, used: int, fair: _Fair) -> Floats:
    """Share of demand served at each zone in each lane [zones, lanes]."""
    share = np.repeat(flat.shares[n][:, None], 64, axis=1)
    state = words.of(layer)
    lane = _touched(state, used)
    if layer.has_link_limits:
        for number, bits in zip(lane, _bits(state, lane), strict=True):
            share[:, number] = fair.shares(bits)
    elif lane.size:
        a, b = flat.source_ptr[n], flat.source_ptr[n + 1]
        lanes.part_shares(
            flat.layer_ptr[n], flat.layer_ptr[n + 1], flat.indptr, flat.heads, flat.links, words.up, words.works,
            flat.node_asset, flat.sources[a:b], flat.source_asset[a:b], layer.supply, node_demand(layer),
            layer.zone_node, words.reach, lane, share,
        )  # fmt: skip
    return share


def node_demand(layer: Layer) -> Floats:
    """Demand at each node of a layer, that of people in no zone included."""
    joined = layer.zone_node >= 0
    demand = np.bincount(layer.zone_node[joined], layer.demand[joined], layer.node.size).astype(np.float64)
    if layer.elsewhere_node >= 0:
        demand[layer.elsewhere_node] += layer.demand_elsewhere
    return demand


def _at(words: Words, number: Numbers) -> Words:
    """Words of numbered things; all ones where nothing is behind the number."""
    if words.size == 0:
        return np.full(number.size, lanes.ALL)
    return np.where(number >= 0, words[number], lanes.ALL)


@lru_cache(maxsize=4)
def _flat(system: System) -> _Flat:
    layers, needs = system.layers, system.needs
    layer_ptr = np.cumsum([0, *[layer.node.size for layer in layers]]).astype(np.int64)
    shift = layer_ptr[:-1].astype(np.int32)
    degrees = [layer.graph.degree for layer in layers]
    asset_layers = np.zeros(len(system.asset_ids), np.uint64)
    link_layers = np.zeros(len(system.link_ids), np.uint64)
    for n, layer in enumerate(layers):
        bit = np.uint64(1 << min(n, 63))  # any further ones go together
        for number in (layer.node, layer.source):
            asset_layers[number[number >= 0]] |= bit
        link_layers[layer.link[layer.link >= 0]] |= bit
    alt_shift = np.where(needs.layer >= 0, shift[needs.layer] if shift.size else 0, 0)
    flat = _Flat(
        layer_ptr, np.concatenate([[0], np.cumsum(_one(degrees))]).astype(np.int64),
        _one([layer.graph.neighbours + d for layer, d in zip(layers, shift, strict=True)]).astype(np.int32),
        _one([_behind(layer) for layer in layers]).astype(np.int32),
        _one([layer.node for layer in layers]).astype(np.int32),
        np.cumsum([0, *[layer.source.size for layer in layers]]).astype(np.int64),
        _one([layer.source_node + d for layer, d in zip(layers, shift, strict=True)]).astype(np.int32),
        _one([layer.source for layer in layers]).astype(np.int32),
        np.zeros(layer_ptr[-1], np.bool_), asset_layers, link_layers,
        needs.asset, needs.backup_h, needs.indptr,
        np.where(needs.layer >= 0, needs.node + alt_shift, NONE).astype(np.int32),
        np.where(needs.layer >= 0, NONE, needs.node).astype(np.int32),
        (),
    )  # fmt: skip
    return _with_baseline(flat, system)


def _with_baseline(flat: _Flat, system: System) -> _Flat:
    """The flat graph with what is reached, and what share of demand is served, when nothing fails."""
    works, up = np.full(len(system.asset_ids), lanes.ALL), np.full(len(system.link_ids), lanes.ALL)
    reach = np.zeros(flat.node_asset.size, np.uint64)
    queue, queued = np.empty(max(flat.node_asset.size, 1), np.int32), np.zeros(max(flat.node_asset.size, 1), np.bool_)
    shares = []
    for n, layer in enumerate(system.layers):
        a, b = flat.layer_ptr[n], flat.layer_ptr[n + 1]
        s0, s1 = flat.source_ptr[n], flat.source_ptr[n + 1]
        lanes.flood(
            a, b, flat.indptr, flat.heads, flat.links, up, works, flat.node_asset, flat.sources, flat.source_asset,
            s0, s1, reach, queue, queued,
        )  # fmt: skip
        flat.base[a:b] = reach[a:b] != 0
        if layer.has_link_limits:
            on = [np.ones(number.size, np.bool_) for number in (layer.node, layer.link, layer.source)]
            shares.append(fair_shares(layer, *on))
        elif layer.is_limited:
            share = np.zeros((len(layer.zone_ids), 64))
            lanes.part_shares(
                a, b, flat.indptr, flat.heads, flat.links, up, works, flat.node_asset, flat.sources[s0:s1],
                flat.source_asset[s0:s1], layer.supply, node_demand(layer), layer.zone_node, reach,
                np.zeros(1, np.int64), share,
            )  # fmt: skip
            shares.append(share[:, 0].copy())
        else:
            joined = layer.zone_node >= 0
            shares.append(
                np.where(joined, flat.base[a:b][layer.zone_node] if b > a else False, False).astype(np.float64)
            )
    return replace(flat, shares=tuple(shares))


def _one(parts: Sequence[npt.NDArray]) -> npt.NDArray:
    return np.concatenate(parts) if parts else np.zeros(0, np.int64)


def _behind(layer: Layer) -> Numbers:
    """Number of the link behind each half-edge of a layer, -1 for a join."""
    return np.asarray(layer.link[layer.graph.links] if layer.link.size else layer.graph.links, np.int32)
