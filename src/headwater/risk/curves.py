"""Vulnerability curves: the share of an asset's value that a hazard of some intensity destroys.

A curve is a table of points, linear between them and flat outside, with a low and a high bound where its source gives
them. The packaged curves and the choice of a curve for each kind of asset are sourced CSV files in `data/`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from headwater import units
from headwater.errors import Fault, NotFound, TableError
from headwater.frames import with_columns
from headwater.schema import faults
from headwater.words import _

DATA = Path(__file__).parent / "data"
SHARES = ["damage_share", "damage_share_low", "damage_share_high"]
NO_CURVE = -1

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class CurveSet:
    """Curves ready for the kernels, all in one unit of intensity.

    Attributes
    ----------
    curve_ids
        Names of the curves.
    unit
        Unit of `intensity`.
    indptr
        Points of curve k are indptr[k]:indptr[k + 1].
    intensity
        Intensity at each point [unit], increasing within a curve.
    shares
        Damage share at each point: rows mean, low, high.
    """

    curve_ids: pd.Index
    unit: str
    indptr: Integers
    intensity: Floats
    shares: Floats

    def codes(self, curve_id: pd.Series) -> Integers:
        """Number of each asset's curve; `NO_CURVE` where none is named.

        Raises
        ------
        NotFound
            If a curve is named that is not in the set.
        """
        named = curve_id.astype("category").cat
        codes = self.curve_ids.get_indexer(pd.Index(named.categories, dtype=object)).astype(np.int64)
        used = named.codes.to_numpy()
        unknown = [str(named.categories[int(k)]) for k in np.flatnonzero(codes == NO_CURVE) if (used == k).any()]
        if unknown:
            raise NotFound(_("There is no curve called {names}.").format(names=", ".join(unknown[:5])))
        result: Integers = np.append(codes, NO_CURVE)[used]
        return result


def curve_set(curves: pd.DataFrame, *, unit: str) -> CurveSet:
    """Curves in the unit of a hazard layer: intensities are converted once, here.

    Curves whose intensity is another quantity are left out; naming one for a layer of this unit is an error.

    Raises
    ------
    TableError
        If the curves break their schema, or one of them decreases.
    UnitError
        If the layer's unit, or a curve's, is unknown.

    Examples
    --------
    >>> curves = pd.DataFrame(
    ...     {"curve_id": "c", "intensity": [0.0, 2.0], "intensity_unit": "m", "damage_share": [0.0, 1.0]}
    ... )
    >>> curve_set(curves, unit="cm").intensity.tolist()
    [0.0, 200.0]
    """
    check_curves(curves)
    fitting = curves[curves["intensity_unit"].map(units.quantity) == units.quantity(unit)]
    points = fitting.sort_values(["curve_id", "intensity"])
    intensity = [
        units.convert(group["intensity"], str(own), unit)
        for own, group in points.groupby("intensity_unit", sort=False)
    ]  # fmt: skip
    converted = pd.concat(intensity).reindex(points.index) if intensity else points["intensity"]
    ids, first = np.unique(points["curve_id"].to_numpy(dtype=object), return_index=True)
    return CurveSet(
        curve_ids=pd.Index(ids, dtype=object),
        unit=unit,
        indptr=np.append(first, len(points)).astype(np.int64),
        intensity=converted.to_numpy(dtype=float),
        shares=_bounded_shares(points).to_numpy(dtype=float).T.copy(),
    )


def damage_share(
    intensity: npt.ArrayLike, curves: pd.DataFrame, curve_id: str, *, unit: str, bound: str = "damage_share"
) -> Floats:
    """Share of value destroyed at given intensities, on one curve.

    Linear between the curve's points; the first and last value beyond them; missing where the intensity is.

    Parameters
    ----------
    intensity
        Intensities [unit].
    curves
        Table `curves`.
    curve_id
        The curve.
    unit
        Unit of the intensities.
    bound
        "damage_share", "damage_share_low" or "damage_share_high".

    Returns
    -------
    share
        Share of value [1], one per intensity.

    Raises
    ------
    NotFound
        If there is no such curve in that quantity.

    Examples
    --------
    >>> curves = pd.DataFrame(
    ...     {"curve_id": "c", "intensity": [0.0, 10, 20, 30], "intensity_unit": "m", "damage_share": [0, 0.1, 0.2, 1]}
    ... )
    >>> damage_share([5, 15, 25, 99], curves, "c", unit="m").round(2).tolist()
    [0.05, 0.15, 0.6, 1.0]
    """
    chosen = curve_set(curves, unit=unit)
    code = int(chosen.codes(pd.Series([curve_id]))[0])
    points = slice(chosen.indptr[code], chosen.indptr[code + 1])
    shares = chosen.shares[SHARES.index(bound), points]
    result: Floats = np.interp(np.asarray(intensity, dtype=float), chosen.intensity[points], shares)
    return result


def curve_faults(curves: pd.DataFrame) -> list[Fault]:
    """Why curves that obey their schema still cannot be vulnerability curves.

    A curve with one point only, with two units, with a share outside its bounds, or that decreases (naming the curve
    and the two points).
    """
    return [*_shape_faults(curves), *_decrease_faults(curves), *_order_faults(curves)]


def check_curves(curves: pd.DataFrame) -> None:
    """Raise if the table breaks its schema, or a curve cannot be a vulnerability curve.

    Raises
    ------
    TableError
        With every fault.

    Examples
    --------
    >>> falling = pd.DataFrame(
    ...     {"curve_id": "c", "intensity": [0.0, 1, 2], "intensity_unit": "m", "damage_share": [0, 0.5, 0.4]}
    ... )
    >>> check_curves(falling)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    headwater.errors.TableError: curves, row 4, column damage_share: «0.4» curve c decreases from 0.5 at 1 m → a ...
    """
    found = faults(curves, "curves") or curve_faults(curves)
    if found:
        raise TableError(found)


def choose_curves(
    assets: pd.DataFrame, *, hazard: str, choices: pd.DataFrame, register: pd.DataFrame | None = None
) -> pd.Series:
    """The vulnerability curve of each asset for one hazard.

    An asset's own `curve_id` wins where the register has it for this hazard, or for another kind of flood when this is
    one. Otherwise the choice for its sector, kind and pavement, looked up from the particular to the general: its kind
    (`road_primary`), the family before the underscore (`road`), any kind; and in each the pavement known, then any.

    Parameters
    ----------
    assets
        Columns sector, kind and, where they apply, is_paved and curve_id.
    hazard
        The hazard.
    choices
        Table `curve_choices`.
    register
        Table `curve_register`; the packaged one by default.

    Returns
    -------
    curve_id
        One per asset, on its index; missing where no choice covers the asset, whose damage then stays unknown.

    Examples
    --------
    >>> roads = pd.DataFrame({"sector": "transport", "kind": "road_primary", "is_paved": [True, False]})
    >>> choose_curves(roads, hazard="river_flood", choices=load_curve_choices()).tolist()
    ['F7.2', 'JRC-ASIA']
    """
    register = load_curve_register() if register is None else register
    table = with_columns(assets, ["sector", "kind", "is_paved", "curve_id"])
    own_hazard = table["curve_id"].map(register.set_index("curve_id")["hazard"]).map(_family)
    chosen = table["curve_id"].where(own_hazard == _family(hazard)).astype(object)
    rows = choices[choices["hazard"] == hazard]
    known = rows.assign(is_paved=rows["is_paved"].fillna("any")).set_index(["sector", "kind", "is_paved"])["curve_id"]
    family = table["kind"].astype("str").str.partition("_")[0]
    for kind in (table["kind"], family, pd.Series("any", index=table.index)):
        for paved in (_paved_words(table["is_paved"]), pd.Series("any", index=table.index)):
            wanted = pd.MultiIndex.from_arrays([table["sector"], kind, paved])
            chosen = chosen.where(chosen.notna(), known.reindex(wanted).to_numpy(dtype=object))
    return chosen.rename("curve_id")


@cache
def _packaged(name: str) -> pd.DataFrame:
    return pd.read_csv(DATA / f"{name}.csv", dtype={"curve_id": str, "vintage": str})


def load_curves() -> pd.DataFrame:
    """Packaged table `curves`: points of every curve.

    Source
    ------
    Nirandjan et al. (2024), doi:10.5281/zenodo.13889558; Huizinga et al. (2017), JRC105688.

    Examples
    --------
    >>> float(damage_share(1.0, load_curves(), "F7.2", unit="m").round(3))
    0.373
    """
    return _packaged("curves").copy()


def load_curve_register() -> pd.DataFrame:
    """Packaged table `curve_register`: what each curve describes."""
    return _packaged("curve_register").copy()


def load_curve_choices() -> pd.DataFrame:
    """Packaged table `curve_choices`: the curve of each kind of asset for each hazard."""
    return _packaged("curve_choices").copy()


def load_curve_sources() -> pd.DataFrame:
    """Packaged table `sources` of the curves."""
    return _packaged("sources").copy()


# --- pieces ----------------------------------------------------------------------------------------------------------


def _family(hazard: Any) -> Any:
    """Floods of any origin share their curves."""
    return "flood" if str(hazard).endswith("_flood") else hazard


def _paved_words(is_paved: pd.Series) -> pd.Series:
    return is_paved.map({True: "yes", False: "no"}).astype(object).where(is_paved.notna(), "any")


def _bounded_shares(points: pd.DataFrame) -> pd.DataFrame:
    """Mean, low and high; a bound that the source does not give is the mean."""
    shares = with_columns(points, SHARES).astype(float)
    return pd.DataFrame({column: shares[column].fillna(shares["damage_share"]) for column in SHARES})


def _previous(points: pd.DataFrame, column: str) -> pd.Series:
    return points.groupby("curve_id", sort=False)[column].shift(1)


def _decrease_faults(curves: pd.DataFrame) -> list[Fault]:
    points = curves.assign(row=np.arange(len(curves)) + 2).sort_values(["curve_id", "intensity"])
    found = []
    for column in [c for c in SHARES if c in points]:
        before, at = _previous(points, column), _previous(points, "intensity")
        falling = points[column] < before
        for i in np.flatnonzero(falling):
            point = points.iloc[i]
            problem = _("curve {curve} decreases from {before} at {intensity} {unit}").format(
                curve=point["curve_id"], before=f"{before.iloc[i]:g}", intensity=f"{at.iloc[i]:g}",
                unit=point["intensity_unit"],
            )  # fmt: skip
            remedy = _("a higher intensity cannot do less damage: correct one of the two points")
            found.append(Fault("curves", int(point["row"]), column, f"{point[column]:g}", problem, remedy))
    return found


def _order_faults(curves: pd.DataFrame) -> list[Fault]:
    shares = _bounded_shares(curves)
    mean, low, high = (shares[column] for column in SHARES)
    bad = (low > mean) | (mean > high)
    problem, remedy = _("is not between its low and its high bound"), _("correct the share or its bounds")
    return [
        Fault("curves", int(i) + 2, "damage_share", f"{mean.iloc[i]:g}", problem, remedy) for i in np.flatnonzero(bad)
    ]


def _shape_faults(curves: pd.DataFrame) -> list[Fault]:
    by_curve = curves.groupby("curve_id", sort=True)
    units_used = curves.drop_duplicates(["curve_id", "intensity_unit"]).groupby("curve_id").size()
    single, several = _("has one point only"), _("has points in several units")
    return [
        *_curve_faults(by_curve.size() < 2, "intensity", single, _("give at least two points")),
        *_curve_faults(units_used > 1, "intensity_unit", several, _("write the whole curve in one unit")),
    ]


def _curve_faults(bad: pd.Series, column: str, problem: str, remedy: str) -> list[Fault]:
    names: Sequence[str] = [str(name) for name in bad.index[bad]]
    return [Fault("curves", None, column, name, problem, remedy) for name in names]
