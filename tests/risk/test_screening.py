"""Classes keep their order and their label, and never become numbers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from headwater.errors import InputError, TableError
from headwater.risk.screening import LEVELS, check_not_screening, screening

CLASSES = pd.DataFrame(
    {
        "place_id": ["MNG", "GHA", "GHA", "GHA"],
        "hazard": ["drought", "volcano", "river_flood", "landslide"],
        "level": ["medium", "no_data", "high", "very_low"],
        "source_id": "thinkhazard",
    }
)


def test_ordered_and_sorted():
    table = screening(CLASSES)
    assert table["hazard"].tolist() == ["landslide", "river_flood", "volcano", "drought"]
    assert table["level"].cat.categories.tolist() == LEVELS
    assert (table["level"] >= "medium").tolist() == [False, True, False, True]
    assert table["level"].max() == "high"


def test_no_data_is_not_a_low_level():
    table = screening(CLASSES).set_index("hazard")
    assert pd.isna(table.at["volcano", "level"])
    assert table["is_assessed"].to_dict() == {"landslide": True, "river_flood": True, "volcano": False, "drought": True}


def test_places():
    assert screening(CLASSES, places=["MNG"])["hazard"].tolist() == ["drought"]


def test_levels_cannot_be_averaged_or_turned_into_numbers():
    level = screening(CLASSES)["level"]
    with pytest.raises(TypeError):
        level.mean()
    with pytest.raises((TypeError, ValueError)):
        level.astype(float)
    with pytest.raises(TypeError):
        np.multiply(level.array, 2)


def test_use_as_a_quantity_is_refused_with_what_is_needed():
    with pytest.raises(InputError, match="hazard layers"):
        check_not_screening(screening(CLASSES))
    check_not_screening(CLASSES.drop(columns="level"))


def test_an_unknown_level_is_an_error():
    with pytest.raises(TableError, match="extreme"):
        screening(CLASSES.assign(level="extreme"))
