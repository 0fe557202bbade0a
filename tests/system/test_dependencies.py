"""What assets need: given rows and rules, counted by hand."""

from __future__ import annotations

import dataclasses
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from headwater.errors import TableError
from headwater.schema import check, empty, with_optional
from headwater.settings import Service
from headwater.system.dependencies import exactness, without_needs
from headwater.system.layers import System
from headwater.system.services import build_system

SOURCE = {"source_id": "made"}
PLACES = {
    "clinic": ("social", "clinic", 0.101), "exchange": ("digital", "exchange", 0.5), "hut": ("digital", "mast", None),
    "plant": ("energy", "solar", 0.0), "pump": ("water", "pump_small", 0.199), "sub_a": ("energy", "substation", 0.0),
    "sub_b": ("energy", "substation", 0.1), "sub_z": ("energy", "substation", 0.2),
}  # fmt: skip
"""sub_a and sub_b are joined by a line; sub_z is linked to sub_y, which no plant feeds."""


def assets(**columns: dict[str, object]) -> gpd.GeoDataFrame:
    places = PLACES | {"sub_y": ("energy", "substation", 0.21)}
    names = list(places)
    table = pd.DataFrame({"asset_id": names, "name": names, **SOURCE})
    table = table.assign(sector=[p[0] for p in places.values()], kind=[p[1] for p in places.values()])
    for column, values in columns.items():
        table[column] = [values.get(name) for name in names]
    shapes = [None if p[2] is None else gpd.points_from_xy([p[2]], [0.0])[0] for p in places.values()]
    return gpd.GeoDataFrame(table, geometry=shapes, crs="EPSG:4326")


ENDS = [("sub_a", "sub_b"), ("sub_y", "sub_z")]
LINKS = pd.DataFrame(ENDS, columns=["from_asset_id", "to_asset_id"]).assign(
    link_id=["ab", "yz"], kind="power_line", sector="energy", **SOURCE
)
ZONES = pd.DataFrame({"zone_id": ["t"], "name": "T", "kind": "settlement", "population": 5.0, **SOURCE})
POWER = Service(
    "power", ("solar",), "settlement", {}, ("power",), "network", "energy", max_distance_m=1000.0
)  # fmt: skip
POOLED = dataclasses.replace(POWER, pool_beyond=True, infeed_kinds=("substation",))


def rule(rule_id: str, kind: str, sector: str = "social", **values: object) -> dict[str, object]:
    return {"rule_id": rule_id, "applies_to_sector": sector, "applies_to_kind": kind, "service": "power",
            "basis": "judgement", **values}  # fmt: skip


def need(asset_id: str, needs_asset_id: str | None = None, **values: object) -> dict[str, object]:
    return {"asset_id": asset_id, "service": "power", "needs_asset_id": needs_asset_id, **SOURCE, **values}


def build(
    *, rules: list[dict[str, object]] | None = None, rows: list[dict[str, object]] | None = None,
    table: pd.DataFrame | None = None, service: Service = POWER,
) -> tuple[System, pd.DataFrame]:  # fmt: skip
    given = with_optional(pd.DataFrame(rows), "dependencies") if rows else empty("dependencies")
    inferred = with_optional(pd.DataFrame(rules), "dependency_rules") if rules else empty("dependency_rules")
    all_assets = assets() if table is None else table
    system, _areas, needs = build_system(all_assets, LINKS, ZONES, empty("demand"), [service], given, inferred)
    check(needs, "needs")
    return system, needs


def met(system: System, needs: pd.DataFrame) -> list[tuple[str, str, float]]:
    """Each alternative in the arrays: asset, node or asset it needs, backup."""
    found = []
    for group, asset in enumerate(system.needs.asset):
        for i in range(*system.needs.indptr[group : group + 2]):
            layer, node = system.needs.layer[i], system.needs.node[i]
            number = node if layer < 0 else system.layers[layer].node[node]
            where = "pool" if number < 0 else str(system.asset_ids[number])
            found.append((str(system.asset_ids[asset]), where, float(system.needs.backup_h[group])))
            assert needs["asset_id"].iloc[system.needs.row[i]] == system.asset_ids[asset]
    return found


# --- rules --------------------------------------------------------------------------------------------------------


def test_a_rule_takes_the_service_from_the_nearest_node() -> None:
    system, needs = build(rules=[rule("r", "clinic", max_distance_m=500.0, backup_h=8.0)])
    assert met(system, needs) == [("clinic", "sub_b", 8.0)]
    assert needs.loc[0, ["needs_asset_id", "rule_id", "basis"]].tolist() == ["sub_b", "r", "judgement"]
    assert needs.at[0, "distance_m"] == pytest.approx(111.3, abs=0.1)
    assert pd.isna(needs.at[0, "source_id"])


def test_a_rule_without_a_limit_reaches_any_distance_and_an_unplaced_asset_none() -> None:
    rules = [rule("r", "any", "digital")]
    system, needs = build(rules=rules)
    assert needs[["asset_id", "needs_asset_id", "is_met"]].to_numpy().tolist() == [["exchange", "sub_y", False]]
    assert met(system, needs) == []  # no plant feeds that part even when nothing fails
    apart = without_needs(assets(), empty("dependencies"), with_optional(pd.DataFrame(rules), "dependency_rules"),
                          [POWER], needs)  # fmt: skip
    assert apart.to_numpy().tolist() == [["hut", "power", "r"]]


def test_the_most_exact_rule_wins_and_one_that_is_off_does_not_count() -> None:
    rules = [
        rule("a_any", "any", "water", backup_h=1.0), rule("b_start", "pump", "water", backup_h=2.0),
        rule("c_exact", "pump_small", "water", backup_h=3.0),
    ]  # fmt: skip
    for last, backup in ((3, 3.0), (2, 2.0), (1, 1.0)):
        assert build(rules=rules[:last])[1]["backup_h"].tolist() == [backup]
    assert build(rules=[*rules[:2], rules[2] | {"is_on": False}])[1]["rule_id"].tolist() == ["b_start"]


def test_a_rule_leaves_out_the_suppliers_of_its_service() -> None:
    _system, needs = build(rules=[rule("r", "any", "energy")])
    assert needs["asset_id"].tolist() == ["sub_a", "sub_b", "sub_y", "sub_z"]
    assert needs["needs_asset_id"].tolist() == needs["asset_id"].tolist()  # each at itself
    assert needs["is_met"].tolist() == [True, True, False, False]


def test_in_a_pool_nobody_is_too_far() -> None:
    rules = [rule("r", "any", "digital"), rule("s", "clinic", max_distance_m=10.0)]
    system, needs = build(rules=rules, service=POOLED)
    assert met(system, needs) == [("clinic", "pool", 0.0), ("exchange", "pool", 0.0), ("hut", "pool", 0.0)]
    assert needs[["needs_asset_id", "distance_m"]].isna().all(axis=None)


def test_kinds_match_whole_or_up_to_an_underscore() -> None:
    assert exactness(["pump", "pump_small", "pumphouse"], "pump").tolist() == [4, 4, -1]


# --- given rows ---------------------------------------------------------------------------------------------------


def test_given_rows_replace_inferred_ones_even_when_off() -> None:
    rules = [rule("r", "clinic", backup_h=8.0)]
    system, needs = build(rules=rules, rows=[need("clinic", "sub_a", backup_h=4.0)])
    assert met(system, needs) == [("clinic", "sub_a", 4.0)]
    assert needs.at[0, "basis"] == "source"
    assert needs.at[0, "distance_m"] == pytest.approx(0.101 * 111_320, rel=1e-3)
    assert build(rules=rules, rows=[need("clinic", is_on=False)])[1].empty


def test_rows_of_one_asset_are_alternatives() -> None:
    rows = [need("clinic", "sub_b", backup_h=4.0), need("clinic", "sub_a", backup_h=4.0)]
    system, needs = build(rows=[*rows, need("pump", "sub_b")])
    assert met(system, needs) == [("clinic", "sub_a", 4.0), ("clinic", "sub_b", 4.0), ("pump", "sub_b", 0.0)]
    assert system.needs.indptr.tolist() == [0, 2, 3]


def test_an_alternative_that_is_never_met_is_left_out() -> None:
    system, needs = build(rows=[need("clinic", "sub_b"), need("clinic", "sub_z")])
    assert needs["is_met"].tolist() == [True, False]
    assert met(system, needs) == [("clinic", "sub_b", 0.0)]


def test_a_row_without_an_asset_takes_the_nearest_node_at_any_distance() -> None:
    system, needs = build(rows=[need("exchange"), need("clinic"), need("hut")])
    assert met(system, needs) == [("clinic", "sub_b", 0.0)]
    assert needs["is_met"].tolist() == [True, False, False]


def test_a_supplier_that_is_no_node_must_itself_work() -> None:
    system, needs = build(rows=[need("clinic", "plant")])
    assert (system.needs.layer.tolist(), met(system, needs)) == ([-1], [("clinic", "plant", 0.0)])


def test_a_service_that_the_study_does_not_have_is_plain_dependence() -> None:
    system, needs = build(rows=[need("clinic", "pump", service="cooling")])
    assert (system.needs.layer.tolist(), met(system, needs)) == ([-1], [("clinic", "pump", 0.0)])
    assert needs["is_met"].all()


def test_the_nearest_supplier_may_be_named() -> None:
    near = dataclasses.replace(POWER, mode="nearest", facility_kinds=("substation",))
    system, needs = build(rows=[need("clinic", "sub_z")], service=near)
    assert (system.needs.layer.tolist(), met(system, needs)) == ([0], [("clinic", "sub_z", 0.0)])


def test_an_assets_own_backup_raises_smaller_ones() -> None:
    table = assets(backup_h={"clinic": 24.0, "pump": 1.0})
    rows = [need("clinic", "sub_b", backup_h=4.0), need("pump", "sub_b", backup_h=4.0)]
    system, needs = build(rows=rows, table=table)
    assert met(system, needs) == [("clinic", "sub_b", 24.0), ("pump", "sub_b", 4.0)]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([need("clinic", "clinic")], "row 2, column needs_asset_id: «clinic» an asset cannot need itself"),
        ([need("pump", "sub_a"), need("plant")], "row 3, column needs_asset_id.*supplies this service itself"),
        ([need("clinic", service="steam")], "row 2, column service: «steam» is not a service of the study"),
        ([need("clinic", "sub_a", backup_h=1.0), need("clinic", "sub_b")], "row 3, column backup_h.*alternatives"),
    ],
)
def test_contradictions_are_refused(rows: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(TableError, match=message):
        build(rows=rows)
    build(rows=[row | {"is_on": False} for row in rows])


def test_without_dependencies_nothing_is_needed() -> None:
    system, needs = build()
    assert needs.empty
    assert system.needs.indptr.tolist() == [0]
    assert system.needs.asset.size == system.needs.node.size == 0
    assert np.isfinite(system.needs.backup_h).all()
