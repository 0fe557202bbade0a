"""The head of a study: every fault at once, no default without a source."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from headwater.errors import AssumptionError, TableError
from headwater.settings import known_assumptions, parse_header

GOOD: dict[str, Any] = {
    "study": {
        "id": "x", "title": {"en": "X", "zh": "某"}, "iso3": "GHA", "currency": "USD", "price_year": 2020,
        "base_year": 2025, "horizon_year": 2050, "crs": "EPSG:4326",
    },
    "assumptions": {"discount_rate": {"value": 0.1, "source_id": "a"}},
    "budgets": [{"id": "low", "amount_usd": 5, "name": "Low"}],
}  # fmt: skip


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
