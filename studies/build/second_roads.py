"""Second roads: candidate links where the failure of a single road cuts people off.

A bridge, in the sense of graphs, is a link whose loss parts the network. For each bridge with people behind it two
candidates join the two sides elsewhere by a straight new two-lane paved road: the shortest there is (`beside`), and
the shortest that ends at least 10 km from the bridge, so that one flood is less likely to take both (`apart`). Lines
stay in the country and off the lakes of Natural Earth. They are proposals of a model, not of a government.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import shapely
from networks import NATURAL_EARTH
from pyproj import Geod

EARTH = Geod(ellps="WGS84")
APART_M = 10_000.0
LANES = 2
USD_PER_LANE_KM_PAVED = 500_000
"""nismod/ghana-adaptation @e66b7d9 (MIT): paved roads, per lane and kilometre."""

MAINTENANCE = "standards-oc4ids-sdg-m49/curves_adaptation_options_and_costs.csv"
"""Hickford 2023: maintenance per lane and kilometre of a road upgraded to paved."""

BASIS = (
    "9.1 names quality, reliable and resilient infrastructure with equitable access for all; a second road is that. "
    "A candidate proposed by a model, not a government project. Cost: straight length x 2 lanes x US$ 500,000 per "
    "lane-km, a floor, since no real road is straight. Maintenance: that of a road upgraded to paved (Hickford 2023), "
    "per lane-km."
)
PLACEMENTS = {"beside": ("close to the first", "靠近现有道路"), "apart": ("away from the first", "远离现有道路")}


class Gap(NamedTuple):
    """A bridge, the nodes behind it, and the people and largest place there."""

    near: str
    far: str
    behind: frozenset[str]
    people: float
    cut_off: float
    place: str
    region: str


def second_roads(
    data: Path, nodes: pd.DataFrame, links: pd.DataFrame, zones: pd.DataFrame, facilities: pd.DataFrame, *,
    area: shapely.Geometry, max_access_m: float,
) -> tuple[pd.DataFrame, pd.DataFrame]:  # fmt: skip
    """Candidates as `options` and `changes`, one exclusive group per gap, the gaps with most people first."""
    graph = nx.Graph(list(zip(links["from_asset_id"], links["to_asset_id"], strict=True)))
    gaps = find_gaps(graph, _snapped(zones, nodes, max_access_m), _snapped(facilities, nodes, max_access_m))
    place = dict(zip(nodes["asset_id"], shapely.get_coordinates(nodes["geometry"].to_numpy()).tolist(), strict=True))
    ground = area.difference(_lakes(data, area))
    candidates = _without_repeats([c for gap in gaps for c in _candidates(gap, graph, place, ground)])
    options = _maintained(pd.DataFrame([_option(c) for c in candidates]), candidates, data)
    changes = pd.DataFrame([row for c in candidates for row in _changes(c)])
    return options, changes


class Candidate(NamedTuple):
    """A new straight road between two nodes for a gap."""

    gap: Gap
    placement: str
    start: str
    end: str
    line: shapely.LineString
    length_m: float


def find_gaps(graph: nx.Graph, zones: pd.DataFrame, facilities: pd.DataFrame) -> list[Gap]:
    """Bridges with people behind them: those whose loss cuts most people off from facilities come first."""
    people, served = zones.groupby("node")["population"].sum(), set(facilities["node"])
    gaps = [gap for bridge in nx.bridges(graph) if (gap := _gap(graph, bridge, zones, people, served)).people > 0]
    return sorted(gaps, key=lambda g: (-g.cut_off, -g.people, g.near, g.far))


def _gap(graph: nx.Graph, bridge: tuple[str, str], zones: pd.DataFrame, people: pd.Series, served: set[str]) -> Gap:
    parted = nx.restricted_view(graph, [], [bridge])
    sides = [(end, frozenset(nx.node_connected_component(parted, end))) for end in sorted(bridge)]
    weights = [float(people[people.index.isin(side)].sum()) for _end, side in sides]
    far = 0 if (weights[0], len(sides[0][1])) < (weights[1], len(sides[1][1])) else 1
    behind = sides[far][1]
    there = zones[zones["node"].isin(behind)].sort_values(["population", "zone_id"], ascending=[False, True])
    return Gap(
        near=sides[1 - far][0], far=sides[far][0], behind=behind, people=weights[far],
        cut_off=0.0 if behind & served else weights[far], place=str(there["name"].iloc[0]) if len(there) else "",
        region=str(there["region"].iloc[0]) if len(there) else "",
    )  # fmt: skip


def _snapped(items: pd.DataFrame, nodes: pd.DataFrame, max_m: float) -> pd.DataFrame:
    """Items that have a place within reach of a node, with the nearest node's id."""
    placed = items[items["geometry"].notna()].reset_index(drop=True)
    a = shapely.get_coordinates(placed["geometry"].to_numpy())
    b = shapely.get_coordinates(nodes["geometry"].to_numpy())
    metres = _distances(a, b)
    nearest = metres.argmin(axis=1)
    placed["node"] = nodes["asset_id"].to_numpy()[nearest]
    return placed[metres.min(axis=1) <= max_m]


def _distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Geodesic distances between all pairs [m]."""
    x1, x2 = np.meshgrid(a[:, 0], b[:, 0], indexing="ij")
    y1, y2 = np.meshgrid(a[:, 1], b[:, 1], indexing="ij")
    return np.asarray(EARTH.inv(x1, y1, x2, y2)[2])


def _lakes(data: Path, area: shapely.Geometry) -> shapely.Geometry:
    lakes = gpd.read_file(data / NATURAL_EARTH, layer="ne_10m_lakes")
    return lakes[lakes.intersects(area)].union_all()


def _candidates(gap: Gap, graph: nx.Graph, place: dict[str, list[float]], ground: shapely.Geometry) -> list[Candidate]:
    """The shortest road over dry ground beside the bridge, and the shortest apart from it."""
    far, near = sorted(gap.behind), sorted(set(nx.node_connected_component(graph, gap.near)) - gap.behind)
    metres = _distances(np.array([place[n] for n in far]), np.array([place[n] for n in near]))
    bridge = _distances(np.array([place[n] for n in near]), np.array([place[gap.near], place[gap.far]])).min(axis=1)
    order = np.argsort(metres, axis=None, kind="stable")
    found: dict[str, Candidate] = {}
    for i, j in zip(*np.unravel_index(order, metres.shape), strict=True):
        placement = "apart" if bridge[j] >= APART_M else "beside"
        start, end, length = far[i], near[j], float(metres[i, j])
        if placement in found or length == 0 or {start, end} == {gap.near, gap.far}:
            continue
        line = shapely.LineString([place[start], place[end]])
        if ground.covers(line):
            found[placement] = Candidate(gap, placement, start, end, line, length)
        if len(found) == len(PLACEMENTS):
            break
    return [found[p] for p in PLACEMENTS if p in found]


def _without_repeats(candidates: list[Candidate]) -> list[Candidate]:
    """One candidate per pair of ends, that of the gap with most people."""
    first: dict[frozenset[str], Candidate] = {}
    for candidate in candidates:
        first.setdefault(frozenset((candidate.start, candidate.end)), candidate)
    return list(first.values())


def _link_id(candidate: Candidate) -> str:
    a, b = (end.rpartition("_")[2] for end in (candidate.start, candidate.end))
    return f"gha_new_road_{a}_{b}"


def _group(gap: Gap) -> str:
    return f"gap_{gap.near.rpartition('_')[2]}_{gap.far.rpartition('_')[2]}"


def _option(candidate: Candidate) -> dict[str, object]:
    where, where_zh = PLACEMENTS[candidate.placement]
    group = _group(candidate.gap)
    return {
        "option_id": f"second_road_{group}_{candidate.placement}",
        "name": f"Second road to {candidate.gap.place}, {where} ({group})",
        "name_zh": f"通往 {candidate.gap.place} 的第二条道路，{where_zh}（{group}）",
        "sector": "transport",
        "kind": "build",
        "status": "candidate",
        "initial_cost_usd": float(round(candidate.length_m / 1000 * LANES * USD_PER_LANE_KM_PAVED)),
        "exclusive_group": group,
        "region": candidate.gap.region,
        "approach": "grey",
        "sdg_targets": "9.1",
        "sdg_basis": BASIS,
        "source_id": "headwater_second_roads",
    }


def _maintained(options: pd.DataFrame, candidates: list[Candidate], data: Path) -> pd.DataFrame:
    """The options with the cost of routine and periodic maintenance of all their lanes."""
    costs = pd.read_csv(data / MAINTENANCE)
    paved = costs[costs["adaptation_option"].str.strip() == "Upgrading to paved"].iloc[0]
    lane_km = pd.Series([candidate.length_m / 1000 * LANES for candidate in candidates])
    return options.assign(
        periodic_cost_usd=(lane_km * paved["periodic_maintenance_cost_per_unit"]).round(),
        periodic_interval_yr=paved["periodic_maintenance_intervals_years"],
        routine_cost_usd=(lane_km * paved["routine_maintenance_cost_per_unit"]).round(),
        routine_interval_yr=paved["routine_maintenance_intervals_years"],
    )


def _changes(candidate: Candidate) -> list[dict[str, str]]:
    """The new link, one cell a row."""
    cells = {
        "from_asset_id": candidate.start,
        "to_asset_id": candidate.end,
        "sector": "transport",
        "kind": "road",
        "geometry": shapely.to_wkt(candidate.line, rounding_precision=7),
        "length_m": f"{candidate.length_m:.1f}",
        "lanes": str(LANES),
        "is_paved": "true",
        "source_id": "headwater_second_roads",
    }
    option = f"second_road_{_group(candidate.gap)}_{candidate.placement}"
    return [
        {"option_id": option, "table": "links", "row_id": _link_id(candidate), "action": "add", "column": c, "value": v}
        for c, v in cells.items()
    ]
