"""Contributions to the goals: by hand, and the published counts."""

from __future__ import annotations

import pandas as pd
import pytest

from headwater.appraisal.goals import goal_reach, goals_reached, sdg_contributions, sector_reach
from headwater.errors import NotFound, TableError
from headwater.schema import check, faults


def options(**columns: list[object]) -> pd.DataFrame:
    count = len(next(iter(columns.values())))
    table = {"option_id": [f"o{i}" for i in range(count)], "sdg_basis": ["Why"] * count, "source_id": ["s"] * count}
    return pd.DataFrame({**table, **columns})


def test_influenced_targets_add_up_to_the_published_totals() -> None:
    """Thacker et al. (2019): 121 of 169 targets (72 per cent) networked, 81 per cent non-networked."""
    reach = goal_reach().sum()
    assert reach.tolist() == [169, 121, 136]
    assert round(100 * reach["networked"] / reach["targets"]) == 72
    assert round(1000 * reach["non_networked"] / reach["targets"]) == 805  # published as 81 per cent
    assert (goal_reach()[["networked", "non_networked"]].le(goal_reach()["targets"], axis=0)).all(axis=None)
    whole = goal_reach()["networked"] == goal_reach()["targets"]
    assert set(whole.index[whole]) >= {3, 6, 7, 9, 11}  # all their targets are influenced


@pytest.mark.parametrize(
    ("sector", "targets"), [("energy", 72), ("transport", 76), ("water", 61), ("waste", 36), ("digital", 81)]
)
def test_sectors_reach_the_published_number_of_targets(sector: str, targets: int) -> None:
    rows = sector_reach(sector).set_index("kind")
    assert rows.loc["infrastructure", "targets"] == targets
    assert rows.loc["mitigation", "targets"] < targets


def test_ecosystems_reach_40_directly_and_67_indirectly() -> None:
    """Fuldauer et al. (2021), by way of the teaching kit."""
    nature = sector_reach("nature").iloc[0]
    assert (nature["targets_direct"], nature["targets_indirect"]) == (40, 67)
    assert pd.isna(nature["targets"])
    assert len(sector_reach()) == 11
    with pytest.raises(NotFound, match="energy"):
        sector_reach("health")


def test_an_option_serves_what_its_table_names_and_nothing_more() -> None:
    table = options(
        sdg_targets=["6.1;6.b;6.2", None, "3.9; 11.5"],
        sdg_basis=["Safe water", None, "Indirect: fewer floods make fewer people ill"],
    )
    found = sdg_contributions(table)
    check(found, "sdg_contributions")
    assert found[["option_id", "target", "influence"]].to_numpy().tolist() == [
        ["o0", "6.1", "direct"], ["o0", "6.2", "direct"], ["o0", "6.b", "direct"],
        ["o2", "3.9", "indirect"], ["o2", "11.5", "indirect"],
    ]  # fmt: skip


def test_a_target_served_twice_counts_once_and_as_direct() -> None:
    table = options(sdg_targets=["6.1", "6.1;13.1"], sdg_basis=["indirect: by the way", "Water"])
    goals = goals_reached(sdg_contributions(table))
    assert goals.loc[6].tolist() == [1, 0, 8]
    assert goals.loc[13].tolist() == [1, 0, 5]
    assert goals[["direct", "indirect"]].to_numpy().sum() == 2


def test_nothing_named_is_nothing_known() -> None:
    found = sdg_contributions(options(sdg_targets=[None]))
    assert found.empty
    assert faults(found, "sdg_contributions") == []
    assert sdg_contributions(pd.DataFrame({"option_id": ["a"]})).empty
    assert goals_reached(found)[["direct", "indirect"]].to_numpy().sum() == 0


def test_all_faults_are_named_at_once() -> None:
    table = options(sdg_targets=["6.1;18.2", "nine", "6.1;6.1"], sdg_basis=["a", None, "c"])
    with pytest.raises(TableError) as caught:
        sdg_contributions(table)
    assert {(f.row, f.column, f.value) for f in caught.value.faults} == {
        (2, "sdg_targets", "18.2"), (3, "sdg_basis", ""), (3, "sdg_targets", "nine"), (4, "sdg_targets", "6.1"),
    }  # fmt: skip
