"""The head of a study: every fault at once, no default without a source."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from headwater.assumptions import known_assumptions
from headwater.errors import AssumptionError, TableError
from headwater.settings import Service, parse_header

GOOD: dict[str, Any] = {
    "study": {
        "id": "x", "title": {"en": "X", "zh": "某"}, "iso3": "GHA", "currency": "USD", "price_year": 2020,
        "base_year": 2025, "horizon_year": 2050, "crs": "EPSG:4326",
    },
    "assumptions": {"discount_rate": {"value": 0.1, "source_id": "a"}},
    "budgets": [{"id": "low", "amount_usd": 5, "name": "Low"}],
}  # fmt: skip
WELL: dict[str, Any] = {"id": "well", "facility_kinds": ["well"], "zone_kind": "settlement"}
GRID = WELL | {"mode": "network", "sector": "energy", "link_kinds": ["power"], "max_distance_m": 5}


def changed(path: str, value: object) -> dict[str, Any]:
    content = copy.deepcopy(GOOD)
    *parents, last = path.split(".")
    place = content
    for parent in parents:
        place = place.setdefault(parent, {})
    if value is None:
        del place[last]
    else:
        place[last] = value
    return content


def test_header_is_read() -> None:
    header = parse_header(GOOD)
    assert header.title["zh"] == "某"
    assert header.value("discount_rate") == 0.1
    assert header.budgets[0].name == {"en": "Low"}


def test_documented_default_is_used_where_there_is_one() -> None:
    assert parse_header(GOOD).value("ead_rule") == "rectangle"


def test_assumption_without_default_must_be_given() -> None:
    with pytest.raises(AssumptionError, match=r"\[assumptions.access_speed_km_per_h\]"):
        parse_header(GOOD).value("access_speed_km_per_h")


def test_every_default_has_a_source() -> None:
    known = known_assumptions()
    assert (known.loc[known["default"] != "", "source"] != "").all()
    assert (known["description_zh"] != "").all()


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("study.iso3", None, "study.iso3"),
        ("study.iso3", "GH", "three capital letters"),
        ("study.iso3", "GHX", "is not a country"),
        ("study.price_year", "2020", "study.price_year"),
        ("study.horizon_year", 2000, "horizon_year"),
        ("assumptions.discount_rate", {"value": -1.0, "source_id": "a"}, "breaks the rule"),
        ("assumptions.discount_rate", {"value": 6, "source_id": "a"}, 'breaks the rule "< 1"'),
        ("assumptions.discount_rate", {"value": "ten", "source_id": "a"}, "finite number"),
        ("assumptions.discount_rate", {"value": 0.1}, "source_id"),
        ("assumptions.discount_rat", {"value": 0.1, "source_id": "a"}, "did you mean discount_rate"),
        ("budgets", [{"id": "low"}], r"budgets\[0\].amount_usd"),
        ("budgets", [{"id": "low", "amount_usd": -5}], r"budgets\[0\].amount_usd"),
        ("services", [{"id": "s", "facility_kinds": "hospital", "zone_kind": "z"}], r"services\[0\].facility_kinds"),
        ("services", [WELL | {"mod": "pool"}], r"services\[0\].mod: is not a key of a service → did you mean mode\?"),
        ("services", [WELL | {"mode": "pipe"}], r"services\[0\].mode.*one of access, network, pool, nearest"),
        ("services", [WELL | {"sector": "food"}], r"services\[0\].sector"),
        ("services", [WELL | {"pool_beyond": "yes"}], r"services\[0\].pool_beyond.*wrong type"),
        ("services", [WELL | {"link_kinds": [1]}], r"services\[0\].link_kinds.*wrong type"),
        ("services", [WELL | {"max_distance_m": True}], r"services\[0\].max_distance_m.*wrong type"),
        ("services", [WELL | {"mode": "nearest", "sector": "water"}], r"services\[0\].max_distance_m: is missing"),
        ("services", [WELL | {"mode": "pool"}], r"services\[0\].sector: is missing"),
        ("services", [WELL | {"mode": "network", "sector": "water"}], r"services\[0\].link_kinds: is missing"),
        ("services", [WELL | {"max_distance_m": 5}], r"max_distance_m: «5» has no meaning .* access → remove it"),
        ("services", [GRID | {"infeed_kinds": ["x"]}], r"infeed_kinds.*has no meaning .* network → set pool_beyond"),
        ("services", [GRID | {"demand_per_person": 1, "unit": "MW"}], r"services\[0\].source_id: is missing"),
        ("services", [GRID | {"demand_per_person": 1, "basis": "judgement"}], r"services\[0\].unit: is missing"),
        ("services", [GRID | {"demand_per_person": -1}], r"demand_per_person.*breaks the rule"),
        ("services", [WELL | {"basis": "source"}], r"services\[0\].source_id: is missing"),
        ("services", [WELL, WELL], r"services\[1\].id: «well» names a second service"),
        ("study.sumary", {"en": "X"}, "did you mean summary"),
        ("study", None, "section is missing"),
    ],
)
def test_faults_are_named(path: str, value: object, message: str) -> None:
    with pytest.raises(TableError, match=message):
        parse_header(changed(path, value))


def test_all_faults_come_at_once() -> None:
    content = changed("study.iso3", None)
    del content["study"]["crs"]
    content["assumptions"]["nonsense"] = {"value": 1}
    with pytest.raises(TableError) as caught:
        parse_header(content)
    assert len(caught.value.faults) == 3


# --- services -----------------------------------------------------------------------------------------------------


def test_a_service_with_nothing_but_what_it_must_give_is_reached_by_road() -> None:
    header = parse_header(changed("services", [WELL, GRID | {"id": "power"}]))
    well, power = header.services
    assert well == Service("well", ("well",), "settlement", {}, ("road",), "access", "social", "people")
    assert not well.has_pool
    assert (power.link_kinds, power.max_distance_m, power.demand_per_person) == (("power",), 5.0, None)
    assert header.access_services == (well,)


def test_every_key_of_a_service_is_read() -> None:
    given = GRID | {
        "name": {"en": "Power", "zh": "电力"}, "standard": "Joined to a supply", "unit": "MW",
        "demand_per_person": 0.5, "demand_elsewhere": 7, "pool_beyond": True, "infeed_kinds": ["substation"],
        "source_id": "plan", "basis": "source",
    }  # fmt: skip
    [power] = parse_header(changed("services", [given])).services
    assert power == Service(
        "well", ("well",), "settlement", {"en": "Power", "zh": "电力"}, ("power",), "network", "energy", "MW",
        {"en": "Joined to a supply"}, 0.5, 7.0, 5.0, True, ("substation",), "plan", "source",
    )  # fmt: skip
    assert power.has_pool


def test_only_services_that_travel_have_links() -> None:
    [pool] = parse_header(changed("services", [WELL | {"mode": "pool", "sector": "water"}])).services
    assert pool.link_kinds == ()
    assert pool.has_pool


@pytest.mark.parametrize(("name", "default"), [("samples", 1000), ("seed", 20260101)])
def test_whole_numbers_are_whole(name: str, default: int) -> None:
    value = parse_header(GOOD).value(name)
    assert (value, type(value)) == (default, int)
    given = parse_header(changed(f"assumptions.{name}", {"value": 20.0, "basis": "judgement"})).value(name)
    assert (given, type(given)) == (20, int)


def test_repair_crews_may_be_as_many_as_it_takes() -> None:
    assert parse_header(GOOD).optional("repair_crews") is None
