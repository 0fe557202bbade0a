"""Recovery packages: the checklist, scores by hand, and the totals of 2020."""

from __future__ import annotations

import pandas as pd
import pytest

from headwater.appraisal.recovery import announced_2020, checklist, weigh
from headwater.errors import AssumptionError, TableError
from headwater.words import speaking


def scores(*rows: tuple[str, str, float | None]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["option_id", "criterion", "score"])


def test_green_shares_are_the_published_ones() -> None:
    """341 of 1,900 and 368 of 14,600 billion: 17.9 (published as 18.0) and 2.52 per cent."""
    share = announced_2020()["share"]
    assert round(100 * share["green_recovery"], 1) == 17.9
    assert round(100 * share["green_all"], 2) == 2.52
    assert pd.isna(share["all"])


def test_the_checklist_has_the_nine_criteria_in_both_languages() -> None:
    assert len(checklist()) == 9
    with speaking("zh"):
        assert checklist()[["name", "question"]].apply(lambda c: c.str.contains("[一-龥]")).all(axis=None)
        assert announced_2020()["name"].str.contains("[一-龥]").all()


def test_scores_count_alike_and_dimensions_stay_apart() -> None:
    given = scores(
        ("solar", "ghg_short_term", -1.0), ("solar", "ghg_long_term", 2.0), ("solar", "air_pollution", None),
        ("solar", "speed", 1.0), ("bridge", "multiplier", 2.0),
    )  # fmt: skip
    found = weigh(given, lowest=-2, highest=2).set_index(["option_id", "dimension"])
    assert found.loc[("solar", "environment")].tolist() == [0.5, -1, 2, 2, 4]
    assert found.loc[("solar", "economic")].tolist() == [1, 1, 1, 1, 2]
    assert found.loc[("solar", "social"), ["scored", "criteria"]].tolist() == [0, 3]
    assert found.loc[("bridge", "environment"), "score_mean"] != found.loc[("bridge", "environment"), "score_mean"]
    assert len(found) == 6


def test_the_scale_must_be_stated() -> None:
    with pytest.raises(TypeError):
        weigh(scores(("a", "speed", 1.0)))  # type: ignore[call-arg]
    with pytest.raises(AssumptionError, match="no length"):
        weigh(scores(("a", "speed", 1.0)), lowest=2, highest=2)


def test_all_faults_are_named_at_once() -> None:
    given = scores(("a", "speed", 3.0), ("a", "beauty", 1.0), ("a", "speed", 1.0))
    with pytest.raises(TableError) as caught:
        weigh(given, lowest=0, highest=2)
    assert {(f.row, f.column) for f in caught.value.faults} == {
        (2, "score"), (3, "criterion"), (4, "option_id + criterion"),
    }  # fmt: skip
