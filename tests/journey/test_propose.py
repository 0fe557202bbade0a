"""What options are worth: the model without them minus the model with them, with models counted on fingers."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import pytest

from headwater.assumptions import Assumption
from headwater.errors import AssumptionError
from headwater.journey import propose
from headwater.schema import check
from headwater.settings import StudyHeader

SYSTEM = {
    "assets": pd.DataFrame({"asset_id": ["x", "y", "z", "clinic"], "name": "", "sector": "transport", "kind": "node"}),
    "links": pd.DataFrame(
        {
            "link_id": ["xy", "yz", "ferry"], "from_asset_id": ["x", "y", "x"], "to_asset_id": ["y", "z", "z"],
            "sector": "transport", "kind": "road", "is_paved": True, "lanes": 2, "length_m": [1000.0, 2000.0, 500.0],
            "design_return_period_yr": float("nan"), "source_id": "toy",
        }
    ),
}  # fmt: skip
DAMAGE = {"xy": 100.0, "yz": 40.0}
"""Expected damage without any option; nobody knows that of the ferry, nor of the clinic."""


def change(
    option: str,
    row: str,
    column: str | None = None,
    value: str | None = None,
    *,
    action: str = "set",
    table: str = "links",
) -> dict:
    return {
        "option_id": option, "table": table, "row_id": row, "action": action, "column": column, "value": value
    }  # fmt: skip


def damage_model(system: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Damage of each link times its scale; a link of unknown damage has none to tell."""
    links = system["links"].set_index("link_id")
    scale = links["damage_scale"] if "damage_scale" in links else pd.Series(1.0, index=links.index)
    ead = scale * pd.Series(DAMAGE | {"new": 7.0}).reindex(links.index)
    return pd.DataFrame({"ead_usd_per_yr": ead, "ead_usd_per_yr_low": ead / 2, "ead_usd_per_yr_high": ead * 2})


def one_by_one(function, items) -> list:
    return [function(item) for item in items]


def effects(*changes: dict) -> dict[str, float]:
    table = propose.damage_effects(
        SYSTEM, pd.DataFrame(list(changes)), damage_model(SYSTEM), damage_model, run=one_by_one
    )
    check(table, "effects")
    assert (table["amount_low"] * 4 == table["amount_high"]).all()
    return dict(zip(table["option_id"], table["amount"], strict=True))


def test_each_option_avoids_what_it_avoids_alone() -> None:
    found = effects(
        change("half", "xy", "damage_scale", "0.5"),
        change("tenth", "xy", "damage_scale", "0.1"),
        change("both", "xy", "damage_scale", "0.5"), change("both", "yz", "damage_scale", "0.5"),
        change("lanes", "yz", "lanes", "4"),
    )  # fmt: skip
    assert found == {"half": 50, "tenth": 90, "both": 70, "lanes": 0}


def test_what_is_removed_can_be_damaged_no_more() -> None:
    assert effects(change("close", "yz", action="remove")) == {"close": 40}


NEW_ROAD = [
    change("new", "new", column, value, action="add")
    for column, value in [
        ("from_asset_id", "x"), ("to_asset_id", "z"), ("sector", "transport"), ("kind", "road"), ("source_id", "toy"),
    ]
]  # fmt: skip


def test_what_is_added_can_be_damaged() -> None:
    assert effects(*NEW_ROAD, change("new", "new", "replacement_cost_usd_per_km", "5", action="add")) == {"new": -7}


def test_new_link_without_a_cost_has_no_damage_to_speak_of() -> None:
    assert effects(*NEW_ROAD) == {}


def test_unknown_damage_is_not_a_gain_of_nothing() -> None:
    found = effects(
        change("ferry", "ferry", "damage_scale", "0.5"),
        change("clinic", "clinic", "damage_scale", "0.5", table="assets"),
        change("some", "ferry", "damage_scale", "0.5"), change("some", "xy", "damage_scale", "0.5"),
    )  # fmt: skip
    assert found == {"some": 50}


def test_options_that_touch_different_rows_share_a_run() -> None:
    runs = []

    def counted(function, batches) -> list:
        runs.extend(batches)
        return one_by_one(function, batches)

    changes = pd.DataFrame([change(f"o{i}", row, "damage_scale", "0.5") for i, row in enumerate(["xy", "yz", "xy"])])
    propose.damage_effects(SYSTEM, changes, damage_model(SYSTEM), damage_model, run=counted)
    assert sorted(map(len, runs)) == [1, 2]


def test_no_changes_have_no_effects() -> None:
    none = pd.DataFrame([change("a", "xy", "lanes", "2")]).iloc[:0]
    found = propose.damage_effects(SYSTEM, none, damage_model(SYSTEM), damage_model, run=one_by_one)
    assert found.empty
    assert list(found.columns) == ["option_id", "item", "unit", "amount", "amount_low", "amount_high"]


# --- people -------------------------------------------------------------------------------------------------------


def service_model(system: Mapping[str, pd.DataFrame]) -> pd.Series:
    """Ten people cut off by the failure of each link that is the only one, and an hour lost for every other."""
    count = len(system["links"])
    return pd.Series({"population_cut_off": 10.0 * (count == 1), "person_hours_lost": float(count - 1)})


def test_options_that_change_the_network_are_found() -> None:
    changes = pd.DataFrame([
        change("faster", "xy", "speed_km_per_h", "80"), change("stronger", "xy", "damage_scale", "0.5"),
        change("closed", "yz", action="remove"), *NEW_ROAD,
        change("moved", "clinic", "geometry", "POINT (1 1)", table="assets"),
    ])  # fmt: skip
    assert propose.network_options(changes) == ["closed", "faster", "new"]


def test_gains_of_people_are_without_minus_with() -> None:
    changes = pd.DataFrame([change("close", "ferry", action="remove"), *NEW_ROAD])
    table = propose.service_effects(SYSTEM, changes, service_model(SYSTEM), service_model, run=one_by_one)
    check(table, "effects")
    found = table.set_index(["option_id", "item"])["amount"]
    assert found["close", "person_hours_lost"] == 2 - 1
    assert found["new", "person_hours_lost"] == 2 - 3
    assert (table["unit"] == table["item"].map(propose.SERVICE_ITEMS)).all()


# --- which case, which options ------------------------------------------------------------------------------------


def header(**assumptions: object) -> StudyHeader:
    return StudyHeader(
        study_id="x", title={}, summary={}, iso3="XXX", currency="USD", price_year=2025, base_year=2025,
        horizon_year=2050, crs="EPSG:4326", objective="npv_usd",
        assumptions={name: Assumption(name, value) for name, value in assumptions.items()},
    )  # fmt: skip


CASES = pd.DataFrame(
    {
        "asset_id": "xy", "hazard": "river_flood", "scenario": ["historical", "rcp8p5", "rcp8p5"],
        "model": [None, "wet", "dry"], "epoch": [2000, 2050, 2050], "ead_rule": "rectangle",
        "ead_usd_per_yr": [1.0, 2.0, 3.0],
    }
)  # fmt: skip


def test_one_case_is_planned_for() -> None:
    historical = propose.planning_case(CASES, header(planning_scenario="historical"))
    assert historical["ead_usd_per_yr"].tolist() == [1]
    dry = propose.planning_case(CASES, header(planning_scenario="rcp8p5", planning_model="dry"))
    assert dry["ead_usd_per_yr"].tolist() == [3]


@pytest.mark.parametrize(
    ("given", "asked"),
    [({}, "planning_scenario"), ({"planning_scenario": "rcp8p5"}, "planning_model")],
)
def test_several_cases_are_never_added_up(given: dict[str, str], asked: str) -> None:
    with pytest.raises(AssumptionError, match=asked):
        propose.planning_case(CASES, header(**given))


def test_only_the_study_s_rule_counts() -> None:
    both = pd.concat([CASES.iloc[:1], CASES.iloc[:1].assign(ead_rule="triangle", ead_usd_per_yr=9.0)])
    assert propose.planning_case(both, header(ead_rule="triangle"))["ead_usd_per_yr"].tolist() == [9]


MEASURES = pd.DataFrame(
    {
        "measure_id": ["raise"], "name": "Raise", "name_zh": "抬高", "applies_to_sector": "transport",
        "applies_to_kind": "road", "cost_basis": "km", "initial_cost_usd_per_unit": [100.0], "damage_scale": [0.5],
        "source_id": "toy",
    }
)  # fmt: skip
OWN = pd.DataFrame(
    {
        "option_id": ["own"], "name": "Own", "sector": "transport", "kind": "adapt", "initial_cost_usd": 1.0,
        "source_id": "toy",
    }
)  # fmt: skip


def test_measures_are_proposed_along_what_the_hazard_reaches() -> None:
    treated = pd.Series({"xy": 300.0})
    none = pd.DataFrame(columns=list(pd.DataFrame([change("a", "b", "c", "d")]).columns))
    options, changes = propose.proposals(SYSTEM, MEASURES, OWN, none, treated_m=treated)
    check(options, "options")
    check(changes, "changes")
    assert options["option_id"].tolist() == ["own", "raise:xy"]
    assert options["initial_cost_usd"].tolist() == [1.0, pytest.approx(100 * 0.3)]
    assert changes[["row_id", "column", "value"]].to_numpy().tolist() == [["xy", "damage_scale", "0.5"]]


@pytest.mark.parametrize("treated", [{}, {"xy": 300.0}])
def test_without_measures_or_damage_only_the_study_s_own_options_are_proposed(treated: dict[str, float]) -> None:
    measures = MEASURES.iloc[:0] if treated else MEASURES
    none = pd.DataFrame(columns=["option_id", "table", "row_id", "action", "column", "value"])
    lengths = pd.Series(treated, dtype="float64")
    options, changes = propose.proposals(SYSTEM, measures, OWN, none, treated_m=lengths)
    assert options["option_id"].tolist() == ["own"]
    assert changes.empty
