"""The portfolio model as arrays."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array

from headwater.errors import AssumptionError, TableError
from headwater.portfolio.model import PortfolioModel, build_model, to_cents


@pytest.fixture
def options() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "option_id": ["e", "d", "c", "b", "a"],
            "initial_cost_usd": [5000.0, 4000.0, 3000.0, 2000.0, 1000.0],
            "exclusive_group": [None, "g", "g", None, "alone"],
            "requires_option_id": ["a", None, None, "d", None],
            "sector": ["water", "water", "energy", "water", "energy"],
            "npv_usd": [9.0, 8.0, 7.0, 6.0, -1.0],
        }
    )


def matrix(model: PortfolioModel) -> np.ndarray:
    shape = (len(model.lower), len(model.value))
    return csr_array((model.data, model.indices, model.indptr), shape=shape).toarray()


def test_rows_by_hand(options: pd.DataFrame) -> None:
    model = build_model(options, objective="npv_usd", budget_usd=7000, minimum_counts={"water": 2})
    assert model.option_ids.tolist() == ["a", "b", "c", "d", "e"]
    assert model.value.tolist() == [-1, 6, 7, 8, 9]
    assert matrix(model).tolist() == [
        [1000, 2000, 3000, 4000, 5000],
        [0, 0, 1, 1, 0],  # group g; the group of one needs no row
        [0, 1, 0, -1, 0],  # b requires d
        [-1, 0, 0, 0, 1],  # e requires a
        [0, 1, 0, 1, 1],
    ]
    assert model.upper == pytest.approx([7000.005, 1, 0, 0, np.inf])
    assert model.lower.tolist() == [-np.inf, -np.inf, -np.inf, -np.inf, 2]
    assert model.row_set.tolist() == [0, 1, 2, 2, 3]
    assert model.set_names == ("budget", "exclusive groups", "prerequisites", "at least 2 of water")


def test_an_option_beyond_the_budget_stays_beyond_it(options: pd.DataFrame) -> None:
    model = build_model(options.assign(initial_cost_usd=[1e12, 4, 3, 2, 1]), objective="npv_usd", budget_usd=5)
    assert matrix(model)[0, -1] > model.upper[0] > matrix(model)[0, :-1].max()
    assert model.cost_cents[-1] == 10**14


def test_row_order_is_irrelevant(options: pd.DataFrame) -> None:
    one = build_model(options, objective="npv_usd", budget_usd=7000, minimum_counts={"water": 1})
    other = build_model(
        options.iloc[[2, 0, 4, 1, 3]], objective="npv_usd", budget_usd=7000, minimum_counts={"water": 1}
    )
    assert one.option_ids.equals(other.option_ids)
    assert (matrix(one) == matrix(other)).all()
    assert (one.value == other.value).all()


def test_blanks_are_left_out_with_whatever_requires_them(options: pd.DataFrame) -> None:
    blank = options.assign(npv_usd=[9.0, None, 7.0, 6.0, -1.0], initial_cost_usd=[5.0, 4.0, None, 2.0, 1.0])
    model = build_model(blank, objective="npv_usd", budget_usd=7000)
    assert model.left_out.to_dict() == {"b": "requires_option_left_out", "c": "no_cost", "d": "no_value"}
    assert model.option_ids.tolist() == ["a", "e"]
    chain = blank.assign(requires_option_id=["b", None, None, "d", None])
    assert build_model(chain, objective="npv_usd", budget_usd=7000).left_out["e"] == "requires_option_left_out"


def test_input_is_unchanged(options: pd.DataFrame) -> None:
    before = options.copy(deep=True)
    build_model(options, objective="npv_usd", budget_usd=7000)
    pd.testing.assert_frame_equal(options, before)


def test_faults(options: pd.DataFrame) -> None:
    bad = options.assign(initial_cost_usd=[-1.0, 4, 3, 2, 1], requires_option_id=["a", "z", None, None, None])
    with pytest.raises(TableError) as caught:
        build_model(bad, objective="npv_usd", budget_usd=1)
    assert [(f.row, f.column) for f in caught.value.faults] == [(2, "initial_cost_usd"), (3, "requires_option_id")]
    with pytest.raises(AssumptionError, match="npv_usd"):
        build_model(options, objective="happiness", budget_usd=1)
    with pytest.raises(AssumptionError, match="sector is not a column of numbers"):
        build_model(options, objective="sector", budget_usd=1)
    for budget in (-1.0, float("nan"), float("inf")):
        with pytest.raises(AssumptionError, match="budget"):
            build_model(options, objective="npv_usd", budget_usd=budget)


def test_cents() -> None:
    assert to_cents([0.29, 1e9 + 0.01, 0.004]).tolist() == [29, 100_000_000_001, 0]
