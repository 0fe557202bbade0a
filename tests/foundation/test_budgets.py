"""When plans may spend and the futures they are tried in: what a study's head may say, and what it may not."""

from __future__ import annotations

from typing import Any

import pytest

from headwater.errors import TableError
from headwater.settings import header_faults, parse_header


def content(**sections: Any) -> dict[str, Any]:
    study = {
        "id": "toy", "title": {"en": "Toy"}, "iso3": "XXX", "currency": "USD", "price_year": 2025, "base_year": 2025,
        "horizon_year": 2050, "crs": "EPSG:4326",
    }  # fmt: skip
    return {"study": study, **sections}


def columns(given: dict[str, Any]) -> list[str]:
    return [fault.column for fault in header_faults(given)]


def test_without_a_word_everything_starts_in_the_base_year() -> None:
    header = parse_header(content())
    assert header.start_years == (2025,)
    assert header.futures == header.trade_off == ()


def test_parts_of_a_budget_and_futures_are_read() -> None:
    header = parse_header(
        content(
            timing={"start_years": [2025, 2030]},
            objectives={"maximise": "npv_usd", "trade_off": ["npv_usd", "initial_cost_usd"]},
            budgets=[{"id": "b", "amount_usd": 10, "amounts_usd": [4, 6], "sources_usd": {"green": 2}}],
            futures=[
                {"id": "dear", "probability": 0.25, "factors": {"capital": 1.2}, "bound": "low"},
                {"id": "slow", "probability": 0.75, "assumptions": {"discount_rate": 0.12}},
            ],
        )
    )
    assert header.start_years == (2025, 2030)
    assert header.budgets[0].amounts_usd == (4.0, 6.0)
    assert header.budgets[0].sources_usd == {"green": 2.0}
    assert [future.bound for future in header.futures] == ["low", ""]
    assert header.assuming(header.futures[1].assumptions).value("discount_rate") == 0.12
    assert not header.gives("discount_rate")


@pytest.mark.parametrize(
    ("sections", "column"),
    [
        ({"timing": {"start_years": [2030, 2025]}}, "timing.start_years"),
        ({"timing": {"start_years": [2025, 2050]}}, "timing.start_years"),
        ({"timing": {"start_years": []}}, "timing.start_years"),
        ({"timing": {"start_years": "2025"}}, "timing.start_years"),
        ({"objectives": {"trade_off": ["npv_usd"]}}, "objectives.trade_off"),
        ({"objectives": {"trade_off": ["npv_usd", "npv_usd"]}}, "objectives.trade_off"),
        (
            {"timing": {"start_years": [2025, 2030]}, "budgets": [{"id": "b", "amount_usd": 10, "amounts_usd": [4]}]},
            "budgets[0].amounts_usd",
        ),
        ({"budgets": [{"id": "b", "amount_usd": 10, "amounts_usd": [9]}]}, "budgets[0].amounts_usd"),
        ({"futures": [{"id": "f", "probability": 1.5}]}, "futures[0].probability"),
        ({"futures": [{"id": "f", "probability": 0.5}]}, "futures"),
        ({"futures": [{"id": "f", "bound": "middle"}]}, "futures[0].bound"),
        ({"futures": [{"id": "f", "assumptions": {"discount_rat": 0.1}}]}, "futures[0].assumptions.discount_rat"),
        ({"futures": [{"id": "f", "assumptions": {"discount_rate": -2}}]}, "futures[0].assumptions.discount_rate"),
        ({"futures": [{"id": "f", "factors": {"capital": -1}}]}, "futures[0].factors.capital"),
        ({"futures": [{"id": "f", "chance": 0.5}]}, "futures[0].chance"),
    ],
)
def test_what_cannot_be_is_a_fault_in_its_place(sections: dict[str, Any], column: str) -> None:
    assert columns(content(**sections)) == [column]
    with pytest.raises(TableError):
        parse_header(content(**sections))
