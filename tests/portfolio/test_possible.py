"""Options that could be in a best plan."""

from __future__ import annotations

import numpy as np
import pandas as pd

from headwater.portfolio.possible import undominated

OPTIONS = pd.DataFrame(
    {"option_id": list("abcd"), "initial_cost_usd": [2.0, 1.0, 1.0, 3.0], "exclusive_group": ["g", "g", "g", None]}
)
VALUES = {"npv_usd": np.array([[5.0, 4], [5, 4], [6, 3], [0, 0]]), "km": np.array([[1.0, 1], [1, 1], [1, 1], [1, 1]])}


def kept(options: pd.DataFrame = OPTIONS, **keywords: object) -> str:
    keywords = {"values": VALUES, "senses": {"npv_usd": 1, "km": -1}} | keywords
    return "".join(undominated(options, **keywords).loc[lambda is_kept: is_kept].index)


def test_the_dearer_equal_gives_way_but_not_what_is_better_at_some_time() -> None:
    assert kept() == "bcd"
    assert kept(OPTIONS.assign(initial_cost_usd=1.0)) == "acd"


def test_differences_that_matter() -> None:
    assert kept(OPTIONS.assign(funding_source=["fund", None, None, None])) == "abcd"
    assert kept(OPTIONS.assign(earliest_year=[2025, 2030, 2025, None])) == "abcd"
    assert kept(OPTIONS.assign(requires_option_id=[None, "d", None, None])) == "abcd"
    assert kept(OPTIONS.assign(requires_option_id=[None, None, None, "a"])) == "abcd"
    assert kept(OPTIONS.assign(together_group=["t", None, None, "t"])) == "abcd"
    assert kept(interactions=pd.DataFrame({"option_ids": ["a;d"]})) == "abcd"
    rule = pd.DataFrame({"item": ["options"], "column": ["sector"]})
    assert kept(OPTIONS.assign(sector=["water", "energy", "water", "water"]), rules=rule) == "abcd"
    assert kept(OPTIONS.assign(sector="water"), rules=rule) == "bcd"
    assert kept(OPTIONS, rules=pd.DataFrame({"item": ["initial_cost_usd"], "column": [None]})) == "abcd"


def test_what_is_not_known_is_not_compared() -> None:
    blank = VALUES | {"npv_usd": np.array([[np.nan, 4.0], [5, 4], [6, 3], [0, 0]])}
    assert kept(values=blank) == "abcd"
