"""Make the packaged vulnerability curves.

    python scripts/curves.py FOLDER

FOLDER holds `vulnerability-curves/curves.csv` and `metadata.csv` (Nirandjan et al. 2024, doi:10.5281/zenodo.13889558,
CC BY 4.0), `open-gira/config/damage_curves/flood/` (the bands F7.2a-b and F8.6a-b of the same database, version 1.0)
and `standards-oc4ids-sdg-m49/curves_road_damage.csv` (Huizinga et al. 2017, JRC105688).

Writes `curves.csv` beside `curve_register.csv`, which says which curves are wanted and is written by hand, as are
`curve_choices.csv` and `sources.csv`. Points that lie on the line between their neighbours are left out, so that the
curve is the same within 1e-9.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd

DATA = Path(__file__).parents[1] / "src" / "headwater" / "risk" / "data"
TOLERANCE = 1e-9
SHARES = ["damage_share", "damage_share_low", "damage_share_high"]

BANDS = {
    "F7.2": ("road_paved.csv", "damage_fraction", "upper"),
    "F8.6": ("rail_railway.csv", "damage_fraction", "high"),
}
"""Curve → file of its band, columns of the low and the high bound."""

BETWEEN = {"F7.4-F7.5": ("F7.4", "F7.5")}
"""Curve made of a low and a high one, with the middle of the two between them."""


def database_curve(points: pd.DataFrame, curve_id: str) -> pd.Series:
    """Damage share by intensity, raised to the running maximum where a later point is lower."""
    curve = points[points["curve_id"] == curve_id]
    intensity = curve["intensity"].round(10).to_numpy()
    return pd.Series(curve["damage"].to_numpy(), index=intensity).cummax()


def banded(central: pd.Series, folder: Path, curve_id: str) -> pd.DataFrame:
    """A curve with its published band."""
    file, low, high = BANDS[curve_id]
    band = pd.read_csv(folder / "open-gira/config/damage_curves/flood" / file, comment="#")
    depth = band.iloc[:, 0]
    bounds = {
        name: np.interp(central.index, depth, band[column])
        for name, column in zip(SHARES[1:], (low, high), strict=True)
    }
    return pd.DataFrame({SHARES[0]: central, **bounds})


def wanted_curve(curve_id: str, points: pd.DataFrame, folder: Path) -> pd.DataFrame:
    """Shares by intensity of one curve of the register."""
    if curve_id == "JRC-ASIA":
        road = pd.read_csv(folder / "standards-oc4ids-sdg-m49/curves_road_damage.csv", comment="#")
        return road.set_index("depth_m")[["unpaved"]].set_axis(SHARES[:1], axis=1)
    if curve_id in BETWEEN:
        low, high = (database_curve(points, part) for part in BETWEEN[curve_id])
        return pd.concat([(low + high) / 2, low, high], axis=1).set_axis(SHARES, axis=1)
    central = database_curve(points, curve_id)
    return banded(central, folder, curve_id) if curve_id in BANDS else central.to_frame(SHARES[0])


def corners(curve: pd.DataFrame) -> pd.DataFrame:
    """The points needed: split at the point farthest from the straight line until none is beyond the tolerance."""
    x, y = curve.index.to_numpy(dtype=float), curve.to_numpy(dtype=float)
    kept, spans = {0, len(x) - 1}, [(0, len(x) - 1)]
    while spans:
        first, last = spans.pop()
        straight = np.column_stack([np.interp(x[first : last + 1], x[[first, last]], c[[first, last]]) for c in y.T])
        gap = np.abs(y[first : last + 1] - straight).max(axis=1)
        if gap.max() > TOLERANCE:
            middle = first + int(gap.argmax())
            kept.add(middle)
            spans += [(first, middle), (middle, last)]
    return curve.iloc[sorted(kept)]


def main(folder: Path) -> None:
    """Write the packaged curves."""
    register = pd.read_csv(DATA / "curve_register.csv", dtype=str)
    points = pd.read_csv(folder / "vulnerability-curves/curves.csv")
    units = pd.read_csv(folder / "vulnerability-curves/metadata.csv").set_index("curve_id")["intensity_unit"]
    tables = []
    for curve_id in register["curve_id"]:
        curve = corners(wanted_curve(curve_id, points, folder)).clip(0, 1).round(11)
        unit = units.get(curve_id, "m")
        tables.append(curve.rename_axis("intensity").reset_index().assign(curve_id=curve_id, intensity_unit=unit))
    columns = ["curve_id", "intensity", "intensity_unit", *SHARES]
    curves = pd.concat(tables, ignore_index=True).reindex(columns=columns)
    curves.to_csv(DATA / "curves.csv", index=False, lineterminator="\n")
    print(f"{register['curve_id'].nunique()} curves, {len(curves)} points")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
