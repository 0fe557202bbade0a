"""What assets need from each other: given row by row, or inferred by rules from where they stand.

Tables and layers go in; arrays and the table `needs` come out. Knows nothing of failures.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

from headwater.errors import Fault, TableError
from headwater.frames import with_columns
from headwater.geo.distance import WGS84
from headwater.settings import Service
from headwater.system.joining import Joints, joined, points
from headwater.system.layers import NONE, Layer, Needs
from headwater.system.network import names_at, positions, row_faults
from headwater.words import _

PAIR = ["asset_id", "service"]
COLUMNS = [*PAIR, "needs_asset_id", "backup_h", "distance_m", "rule_id", "is_met", "basis", "source_id"]
_TEXT = dict.fromkeys([*PAIR, "needs_asset_id", "rule_id", "basis", "source_id"], "str")


def build_needs(
    assets: pd.DataFrame,
    dependencies: pd.DataFrame,
    dependency_rules: pd.DataFrame,
    services: Sequence[Service],
    layers: Sequence[Layer],
    joints: Sequence[Joints],
) -> tuple[Needs, pd.DataFrame]:
    """What assets need, as arrays and as a table.

    Rows given for an asset and a service replace what a rule would infer for them, even where they are off: so a row
    that is off exempts its asset. Several rows are alternatives. A need that is not met when nothing fails is in the
    table and not in the arrays: no event can take it away.

    Parameters
    ----------
    assets
        Table `assets`, sorted by asset_id.
    dependencies, dependency_rules
        Tables of those names.
    services, layers, joints
        Services sorted by name, each as a graph, and where others join it.

    Returns
    -------
    needs
        As arrays; a group per asset and service.
    table
        Table `needs`, sorted by its key.

    Raises
    ------
    TableError
        If `dependency_faults` finds any.
    """
    found = dependency_faults(assets, dependencies, services)
    if found:
        raise TableError(found)
    rows = [_given(dependencies, assets), _inferred(assets, dependencies, dependency_rules, services)]
    wanted = pd.concat([part for part in rows if len(part)] or rows[:1], ignore_index=True)
    wanted = _placed(wanted, assets, services, layers, joints)
    wanted = wanted[(wanted["node"] >= 0) | wanted["rule_id"].isna()]  # too far for the rule
    wanted = wanted.sort_values([*PAIR, "needs_asset_id"], kind="stable").drop_duplicates(
        COLUMNS[:3], ignore_index=True
    )
    table = wanted[COLUMNS].astype(_TEXT | {"is_met": "bool"})
    return _arrays(wanted, assets), table


def dependency_faults(assets: pd.DataFrame, dependencies: pd.DataFrame, services: Sequence[Service]) -> list[Fault]:
    """Rows that contradict themselves or each other.

    An asset may not need itself; a supplier of a service that needs the service must say from whom; a service that
    the study does not have must be taken from an asset; and alternatives have the same backup.
    """
    rows = _switched_on(with_columns(dependencies, [*PAIR, "needs_asset_id", "backup_h", "is_on"]))
    if not len(rows):
        return []
    whole = dependencies[["asset_id"]].assign(bad=False)["bad"]
    blank = rows["needs_asset_id"].isna()
    known = rows["service"].isin([service.service_id for service in services])
    kind = rows["asset_id"].map(pd.Series(assets["kind"].to_numpy(), index=assets["asset_id"]))
    supplies = pd.Series(False, index=rows.index)
    for service in services:
        supplies |= (rows["service"] == service.service_id) & kind.isin(service.facility_kinds)
    backup = rows["backup_h"].astype("float64").fillna(0.0)
    alternatives = backup.groupby([rows[c] for c in PAIR])
    spread = alternatives.transform("max") - alternatives.transform("min")
    told = [
        ("needs_asset_id", rows["needs_asset_id"] == rows["asset_id"], _("an asset cannot need itself"),
         _("name the asset it depends on")),
        ("needs_asset_id", blank & supplies, _("supplies this service itself"),
         _("name the asset it takes the service from")),
        ("service", blank & ~known, _("is not a service of the study"),
         _("add it to study.toml, or fill in needs_asset_id")),
        ("backup_h", spread > 0, _("differs between alternatives of one asset and service"),
         _("give all of them the same hours")),
    ]  # fmt: skip
    return [
        fault
        for column, bad, problem, remedy in told
        for fault in row_faults(
            with_columns(dependencies, [column])[column],
            whole.mask(bad.reindex(whole.index, fill_value=False), True).to_numpy(dtype=bool),
            table="dependencies", problem=problem, remedy=remedy,
        )
    ]  # fmt: skip


def without_needs(
    assets: pd.DataFrame,
    dependencies: pd.DataFrame,
    dependency_rules: pd.DataFrame,
    services: Sequence[Service],
    needs: pd.DataFrame,
) -> pd.DataFrame:
    """Assets that a rule applies to but that stand too far from the service, or nowhere known.

    Returns
    -------
    apart
        asset_id, service, rule_id; sorted.
    """
    wanted = _inferred(assets, dependencies, dependency_rules, services)
    has = pd.MultiIndex.from_frame(wanted[PAIR].astype("str")).isin(
        pd.MultiIndex.from_frame(needs[PAIR].astype("str"))
    )  # fmt: skip
    return wanted.loc[~has, [*PAIR, "rule_id"]].sort_values([*PAIR], ignore_index=True)


def exactness(kinds: Iterable[str], pattern: str) -> npt.NDArray[np.int64]:
    """How exactly each kind matches a pattern: -1 not at all, 0 by `any`, else the characters that match.

    Examples
    --------
    >>> [exactness(["road_primary"], pattern).item() for pattern in ("road_primary", "road", "any", "roa")]
    [12, 4, 0, -1]
    """
    names = pd.Series(list(kinds), dtype="str")
    if pattern == "any":
        return np.zeros(len(names), np.int64)
    matches = (names == pattern) | names.str.startswith(f"{pattern}_")
    return np.where(matches.to_numpy(dtype=bool), len(pattern), -1)


# --- rows ---------------------------------------------------------------------------------------------------------


def _switched_on(table: pd.DataFrame) -> pd.DataFrame:
    return table[table["is_on"].astype("boolean").fillna(value=True).to_numpy(dtype=bool)]


def _given(dependencies: pd.DataFrame, assets: pd.DataFrame) -> pd.DataFrame:
    """Rows of the study that are on."""
    columns = [*PAIR, "needs_asset_id", "backup_h", "is_on", "basis", "source_id"]
    rows = _switched_on(with_columns(dependencies, columns)).assign(rule_id=None, max_distance_m=np.inf)
    return rows.assign(basis=rows["basis"].fillna("source"), backup_h=_backup(rows, assets)).drop(columns="is_on")


def _inferred(
    assets: pd.DataFrame, dependencies: pd.DataFrame, dependency_rules: pd.DataFrame, services: Sequence[Service]
) -> pd.DataFrame:
    """One row per asset and service that a rule applies to: the rule that says most exactly which assets it is for.

    A rule leaves out the suppliers of its service: they make it.
    """
    columns = ["rule_id", "applies_to_sector", "applies_to_kind", "service", "max_distance_m", "backup_h", "is_on",
               "basis", "source_id"]  # fmt: skip
    rules = _switched_on(with_columns(dependency_rules, columns)).sort_values("rule_id", ignore_index=True)
    suppliers = {service.service_id: service.facility_kinds for service in services}
    kind, sector = assets["kind"].astype("str"), assets["sector"].to_numpy(dtype=object)
    parts = []
    for service, group in rules[rules["service"].isin(list(suppliers))].groupby("service", sort=True):
        match = np.array([exactness(kind, pattern) for pattern in group["applies_to_kind"].astype("str")])
        match[group["applies_to_sector"].to_numpy(dtype=object)[:, None] != sector[None, :]] = -1
        match[:, kind.isin(suppliers[str(service)]).to_numpy()] = -1
        best = match.argmax(axis=0)
        applies = np.flatnonzero(match.max(axis=0) >= 0)
        chosen = group.iloc[best[applies]].reset_index(drop=True)
        parts.append(chosen.assign(asset_id=assets["asset_id"].astype("str").to_numpy(dtype=object)[applies]))
    wanted = pd.concat(parts, ignore_index=True) if parts else rules[:0].assign(asset_id=None)
    wanted = wanted.assign(
        needs_asset_id=None, max_distance_m=wanted["max_distance_m"].astype("float64").fillna(np.inf)
    )
    given = pd.MultiIndex.from_frame(dependencies[PAIR].astype("str"))
    wanted = wanted[~pd.MultiIndex.from_frame(wanted[PAIR].astype("str")).isin(given)]
    keep = [*PAIR, "needs_asset_id", "backup_h", "basis", "source_id", "rule_id", "max_distance_m"]
    return wanted.assign(backup_h=_backup(wanted, assets))[keep]


def _backup(rows: pd.DataFrame, assets: pd.DataFrame) -> pd.Series:
    """Hours each row's asset works without: those of the row, or the asset's own where they are longer."""
    hours = with_columns(assets, ["backup_h"])["backup_h"].astype("float64").to_numpy()
    own = rows["asset_id"].map(pd.Series(hours, index=assets["asset_id"])).astype("float64").fillna(0.0)
    given = rows["backup_h"].astype("float64").fillna(0.0)
    return given.where(given >= own, own)


# --- places -------------------------------------------------------------------------------------------------------


def _placed(
    rows: pd.DataFrame,
    assets: pd.DataFrame,
    services: Sequence[Service],
    layers: Sequence[Layer],
    joints: Sequence[Joints],
) -> pd.DataFrame:
    """Rows with the layer and node where each need is met, its distance, and whether it is met when nothing fails.

    A need of an asset that is no node of the service, or of a service that the study does not have, has the layer -1,
    and the number of the asset for a node.
    """
    rows = rows.reset_index(drop=True)
    asset_ids = assets["asset_id"].astype("str")
    named = rows["needs_asset_id"].notna().to_numpy()
    needed = np.where(named, positions(rows["needs_asset_id"], asset_ids), NONE)
    layer, node = np.full(len(rows), NONE, np.int32), needed.astype(np.int32)
    distance, is_met = np.full(len(rows), np.nan), named.copy()
    takes = rows["needs_asset_id"].to_numpy(dtype=object).copy()
    lon, lat = points(assets)
    ends = positions(rows["asset_id"], asset_ids)[named], needed[named]
    distance[named] = WGS84.inv(lon[ends[0]], lat[ends[0]], lon[ends[1]], lat[ends[1]])[2]
    for number, service in enumerate(services):
        of_service = (rows["service"] == service.service_id).to_numpy()
        reached = reached_nodes(layers[number])
        there = positions(rows["needs_asset_id"], joints[number].node_ids)
        at_node = np.flatnonzero(of_service & named & (there >= 0))
        node[at_node] = there[at_node]
        free = np.flatnonzero(of_service & ~named)
        items = assets.iloc[positions(rows["asset_id"].iloc[free], asset_ids)]
        limit = rows["max_distance_m"].to_numpy(np.float64)[free]
        node[free], distance[free] = joined(items, joints[number], max_distance_m=limit)
        is_asset = np.where(node[free] == joints[number].pool, NONE, node[free])
        takes[free] = names_at(joints[number].node_ids, is_asset).to_numpy(dtype=object)
        here = np.concatenate([at_node, free])
        layer[here] = number
        is_met[here] = (node[here] >= 0) & reached[node[here]] if reached.size else False
    return rows.assign(layer=layer, node=node, distance_m=distance, is_met=is_met, needs_asset_id=takes)


def reached_nodes(layer: Layer) -> npt.NDArray[np.bool_]:
    """Whether each node of a layer is joined to a supplier when nothing fails."""
    graph = layer.graph
    matrix = csr_matrix((np.ones(graph.neighbours.size), graph.neighbours, graph.indptr), shape=(graph.node_count,) * 2)
    count, part = connected_components(matrix, directed=False)
    has_source = np.zeros(count, np.bool_)
    has_source[part[layer.source_node]] = True
    return np.asarray(has_source[part], np.bool_)


def _arrays(table: pd.DataFrame, assets: pd.DataFrame) -> Needs:
    """The rows that are met, as arrays."""
    row = np.flatnonzero(table["is_met"].to_numpy(dtype=bool))
    met = table.iloc[row]
    is_first = ~met.duplicated(PAIR).to_numpy()
    return Needs(
        asset=positions(met["asset_id"][is_first], assets["asset_id"].astype("str")).astype(np.int32),
        backup_h=met["backup_h"].to_numpy(np.float64)[is_first],
        indptr=np.append(np.flatnonzero(is_first), row.size).astype(np.int64),
        layer=met["layer"].to_numpy(np.int32),
        node=met["node"].to_numpy(np.int32),
        row=row.astype(np.int32),
    )
