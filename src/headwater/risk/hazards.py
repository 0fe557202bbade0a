"""The catalogue of hazard layers: which file holds which hazard, scenario, model, epoch and return period.

Publishers write that into file names; this module reads it there. It opens no file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import PurePath
from typing import NamedTuple

import numpy as np
import pandas as pd

from headwater import units
from headwater.errors import Fault, InputError, TableError
from headwater.schema import faults, load_schema
from headwater.words import _

Row = dict[str, object]

GROUP = ["hazard", "scenario", "model", "epoch"]
"""Columns that name one set of return periods: one work item."""

QUANTITIES = {
    "river_flood": "length",
    "coastal_flood": "length",
    "surface_flood": "length",
    "urban_flood": "length",
    "tsunami": "length",
    "landslide": "length",
    "tropical_cyclone": "speed",
    "earthquake": "acceleration",
}
"""What the intensity of each hazard measures."""

GENERIC_UNITS = {"length": "m", "speed": "m/s", "acceleration": "g"}

SEA_LEVEL = {"": "95", "_perc_50": "50", "_perc_05": "5"}


class Form(NamedTuple):
    """A publisher's way of naming files."""

    publisher: str
    example: str
    pattern: re.Pattern[str]


FORMS = {
    "aqueduct_river": Form(
        "Aqueduct Floods, river (WRI)",
        "inunriver_rcp4p5_MIROC-ESM-CHEM_2030_rp00100.tif",
        re.compile(r"inunriver_(?P<scenario>[^_]+)_(?P<model>[^_]+)_(?P<epoch>\d{4}|hist)_rp(?P<rp>\d+)"),
    ),
    "aqueduct_coast": Form(
        "Aqueduct Floods, coast (WRI)",
        "inuncoast_rcp8p5_wtsub_2080_rp0100_0_perc_50.tif",
        re.compile(
            r"inuncoast_(?P<scenario>[^_]+)_(?P<sub>wtsub|nosub)_(?P<epoch>\d{4}|hist)"
            r"_rp(?P<rp>\d+)_(?P<tenth>\d)(?P<sea>_perc_50|_perc_05)?"
        ),
    ),
    "jrc": Form(
        "Global river flood hazard maps (JRC)",
        "floodMapGL_rp100y.tif",
        re.compile(r"floodMapGL_rp(?P<rp>\d+)y"),
    ),
    "storm": Form(
        "STORM tropical cyclone wind speeds",
        "STORM_FIXED_RETURN_PERIODS_constant_100_YR_RP.tif",
        re.compile(r"STORM_FIXED_RETURN_PERIODS_(?P<model>[^_]+)_(?P<rp>\d+)_YR_RP"),
    ),
    "isimip": Form(
        "ISIMIP drought and heat occurrence (Lange et al. 2020)",
        "lange2020_clm45_gfdl-esm2m_ewembi_rcp60_2005soc_co2_led_global_annual_2006_2099_2030_occurrence.tif",
        re.compile(
            r"lange2020_(?P<impact>[^_]+)_(?P<climate>[^_]+)_ewembi_(?P<scenario>[^_]+)_[^_]+_co2_(?P<code>led|leh)"
            r"_global_annual_\d{4}_\d{4}_(?P<epoch>\d{4}|baseline)_occurrence"
        ),
    ),
    "generic": Form(
        "{hazard}_{epoch}_{scenario}_rp{years}",
        "river_flood_2050_ssp245_rp100.tif",
        re.compile(r"(?P<hazard>[a-z_]+?)_(?P<epoch>\d{4})_(?P<scenario>[^_]+)_rp(?P<rp>\d+(?:\.\d+)?)"),
    ),
}
"""Ways of naming files, and an example of each. Publishers' names as in nismod/open-gira (commit 3acb87d) and
nismod/irv-autopkg (commit 1ff4e20)."""


def parse_layer_name(name: str) -> Row:
    """Columns of `hazard_layers` that a file name states.

    Parameters
    ----------
    name
        File name, with or without folder and extension.

    Returns
    -------
    row
        hazard, scenario, model, epoch, return_period_yr, quantity, unit; None where the name does not say.

    Raises
    ------
    InputError
        If the name follows none of the forms understood; lists them.

    Examples
    --------
    >>> row = parse_layer_name("inunriver_rcp4p5_MIROC-ESM-CHEM_2030_rp00100.tif")
    >>> row["hazard"], row["epoch"], row["return_period_yr"], row["unit"]
    ('river_flood', 2030, 100.0, 'm')
    """
    stem = re.sub(r"\.(tiff?|nc|vrt)$", "", PurePath(name).name, flags=re.IGNORECASE)
    for form, reader in _READERS.items():
        match = FORMS[form].pattern.fullmatch(stem)
        row = reader(match) if match else None
        if row is not None:
            return row
    known = "\n".join(f"- {form.publisher}: {form.example}" for form in FORMS.values())
    raise InputError(
        _(
            "The name {name} does not say what the layer is. Names understood:\n{forms}\n"
            "Rename the file, or write its row of hazard_layers by hand."
        ).format(name=name, forms=known)
    )


def layers_from_names(names: Iterable[str], *, source_id: str) -> pd.DataFrame:
    """Table `hazard_layers` for files whose names say what they hold.

    Raises
    ------
    InputError
        If a name is not understood.

    Examples
    --------
    >>> layers_from_names(["hazards/floodMapGL_rp50y.tif"], source_id="jrc")["layer_id"].item()
    'floodMapGL_rp50y'
    """
    rows = [{"layer_id": PurePath(n).stem, **parse_layer_name(n), "file": n, "source_id": source_id} for n in names]
    table = pd.DataFrame(rows, columns=list(load_schema("hazard_layers").index))
    return table.astype({"epoch": "Int64", "return_period_yr": "float64"})


def check_layers(layers: pd.DataFrame) -> None:
    """Raise if the catalogue of layers cannot be used.

    Beyond the schema: an intensity has a return period and a probability has none; the unit fits the hazard; and no
    two layers stand for the same hazard, scenario, model, epoch and return period.

    Raises
    ------
    TableError
        With every fault, each with its row.

    Examples
    --------
    >>> layers = layers_from_names(["floodMapGL_rp50y.tif"], source_id="jrc")
    >>> check_layers(layers.assign(return_period_yr=-50.0))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    headwater.errors.TableError: hazard_layers, row 2, column return_period_yr: «-50.0» breaks the rule ">= 1" → ...
    """
    found = faults(layers, "hazard_layers") or layer_faults(layers)
    if found:
        raise TableError(found)


def layer_faults(layers: pd.DataFrame) -> list[Fault]:
    """What is wrong with layers that obey their schema: return periods, units, and layers given twice."""
    return [*_quantity_faults(layers), *_unit_faults(layers), *_twins(layers)]


def layer_groups(layers: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """Intensity layers of one hazard, scenario, model and epoch at a time, by return period: the work items.

    Examples
    --------
    >>> names = [f"floodMapGL_rp{rp}y.tif" for rp in (100, 20)]
    >>> [group["return_period_yr"].tolist() for group in layer_groups(layers_from_names(names, source_id="jrc"))]
    [[20.0, 100.0]]
    """
    intensities = layers[layers["quantity"] == "intensity"]
    for _key, group in intensities.groupby(GROUP, dropna=False, sort=True):
        yield group.sort_values("return_period_yr")


# --- reading names ---------------------------------------------------------------------------------------------------


def _row(
    hazard: str,
    unit: str,
    *,
    scenario: str,
    model: str | None,
    epoch: str | None,
    return_period_yr: str | None = None,
) -> Row:
    year = int(epoch) if epoch and epoch.isdigit() else None
    return {
        "hazard": hazard,
        "quantity": "intensity" if return_period_yr else "annual_probability",
        "unit": unit,
        "scenario": scenario,
        "model": model,
        "epoch": year,
        "return_period_yr": float(return_period_yr) if return_period_yr else None,
    }


def _aqueduct_river(m: re.Match[str]) -> Row:
    model = m["model"].lstrip("0")
    return _row("river_flood", "m", scenario=m["scenario"], model=model, epoch=m["epoch"], return_period_yr=m["rp"])


def _aqueduct_coast(m: re.Match[str]) -> Row:
    """Return period with a tenth (0001_5 is 1.5 years); the model is the subsidence and the sea-level percentile."""
    model = f"{m['sub']}_slr{SEA_LEVEL[m['sea'] or '']}"
    years = f"{m['rp']}.{m['tenth']}"
    return _row("coastal_flood", "m", scenario=m["scenario"], model=model, epoch=m["epoch"], return_period_yr=years)


def _jrc(m: re.Match[str]) -> Row:
    return _row("river_flood", "m", scenario="historical", model=None, epoch=None, return_period_yr=m["rp"])


def _storm(m: re.Match[str]) -> Row:
    """`constant` is the present climate; the climate models stand for 2050 under RCP 8.5."""
    if m["model"] == "constant":
        return _row("tropical_cyclone", "m/s", scenario="historical", model=None, epoch=None, return_period_yr=m["rp"])
    return _row("tropical_cyclone", "m/s", scenario="rcp8p5", model=m["model"], epoch="2050", return_period_yr=m["rp"])


def _isimip(m: re.Match[str]) -> Row:
    hazard = {"led": "drought", "leh": "extreme_heat"}[m["code"]]
    scenario = re.sub(r"^rcp(\d)(\d)$", r"rcp\1p\2", m["scenario"])
    return _row(hazard, "1", scenario=scenario, model=f"{m['impact']}_{m['climate']}", epoch=m["epoch"])


def _generic(m: re.Match[str]) -> Row | None:
    if m["hazard"] not in QUANTITIES:
        return None
    unit = GENERIC_UNITS[QUANTITIES[m["hazard"]]]
    return _row(m["hazard"], unit, scenario=m["scenario"], model=None, epoch=m["epoch"], return_period_yr=m["rp"])


_READERS = {
    "aqueduct_river": _aqueduct_river,
    "aqueduct_coast": _aqueduct_coast,
    "jrc": _jrc,
    "storm": _storm,
    "isimip": _isimip,
    "generic": _generic,
}


# --- faults of the catalogue -----------------------------------------------------------------------------------------


def _faults_where(bad: pd.Series, layers: pd.DataFrame, column: str, problem: str, remedy: str) -> list[Fault]:
    values = layers[column].astype("str").fillna("")
    rows = np.flatnonzero(bad.to_numpy(dtype=bool))
    return [Fault("hazard_layers", int(i) + 2, column, values.iloc[i], problem, remedy) for i in rows]


def _quantity_faults(layers: pd.DataFrame) -> list[Fault]:
    is_intensity, has_period = layers["quantity"] == "intensity", layers["return_period_yr"].notna()
    return [
        *_faults_where(
            is_intensity & ~has_period, layers, "return_period_yr",
            _("an intensity needs a return period"), _("give the return period in years"),
        ),
        *_faults_where(
            ~is_intensity & has_period, layers, "return_period_yr",
            _("an annual probability has no return period"), _("leave it blank"),
        ),
    ]  # fmt: skip


def _unit_faults(layers: pd.DataFrame) -> list[Fault]:
    wanted = layers["hazard"].map(QUANTITIES).where(layers["quantity"] == "intensity", "share")
    measured = layers["unit"].map({unit: quantity for unit, (quantity, _factor) in units.UNITS.items()})
    remedy = _("give one of {units}").format(units=", ".join(units.UNITS))
    unfit = wanted.notna() & measured.notna() & (wanted != measured)
    return [
        *_faults_where(measured.isna(), layers, "unit", _("is not a unit"), remedy),
        *_faults_where(
            unfit, layers, "unit", _("does not measure this hazard"), _("correct the unit, the quantity or the hazard")
        ),
    ]  # fmt: skip


def _twins(layers: pd.DataFrame) -> list[Fault]:
    repeated = layers.duplicated([*GROUP, "quantity", "return_period_yr"])
    return _faults_where(
        repeated, layers, "layer_id",
        _("stands for the same hazard, scenario, model, epoch and return period as an earlier layer"),
        _("keep one of them, or say what sets them apart in the column model"),
    )  # fmt: skip
