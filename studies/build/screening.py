"""National hazard classes: for screening, never a quantity."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

LEVELS = "world-hazard-levels-thinkhazard/thinkhazard_country_levels.csv"
HAZARDS = {
    "FL": "river_flood", "UF": "urban_flood", "CF": "coastal_flood", "EQ": "earthquake", "LS": "landslide",
    "TS": "tsunami", "VA": "volcano", "CY": "tropical_cyclone", "DG": "drought", "EH": "extreme_heat",
    "WF": "wildfire",
}  # fmt: skip
CLASSES = {"VLO": "very_low", "LOW": "low", "MED": "medium", "HIG": "high", "no-data": "no_data"}


def hazard_classes(data: Path, iso3: str) -> pd.DataFrame:
    """The eleven published classes of a country, as rows of `hazard_classes`."""
    levels = pd.read_csv(data / LEVELS, dtype=str, keep_default_na=False)
    row = levels[levels["iso3"] == iso3].iloc[0]
    return pd.DataFrame(
        {
            "place_id": iso3,
            "hazard": list(HAZARDS.values()),
            "level": [CLASSES[row[code]] for code in HAZARDS],
            "source_id": "thinkhazard",
        }
    )
