"""Health facilities of the WHO/KWTRP list, as rows of `assets`."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from tables import points


def facilities(path: Path, iso3: str) -> pd.DataFrame:
    """Every facility of the list, in its order; those without coordinates keep a blank place."""
    found = pd.read_csv(path)
    numbers = pd.Series(range(1, len(found) + 1)).astype(str).str.zfill(4)
    return pd.DataFrame(
        {
            "asset_id": f"{iso3.lower()}_health_" + numbers,
            "name": found["Facility name"].str.strip(),
            "sector": "social",
            "kind": found["facility_type_9"].str.lower().str.replace(" ", "_"),
            "geometry": points(found["Long"], found["Lat"]),
            "source_id": "who_kwtrp",
        }
    )
