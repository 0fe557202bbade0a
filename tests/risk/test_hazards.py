"""File names read, and catalogues of layers that cannot be used."""

from __future__ import annotations

import pandas as pd
import pytest

from headwater.errors import InputError, TableError
from headwater.risk.hazards import FORMS, check_layers, layer_groups, layers_from_names, parse_layer_name
from headwater.schema import check
from headwater.words import speaking

FIELDS = ["hazard", "scenario", "model", "epoch", "return_period_yr", "quantity", "unit"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "inunriver_rcp8p5_00000NorESM1-M_2080_rp00005.tif",
            ("river_flood", "rcp8p5", "NorESM1-M", 2080, 5, "intensity", "m"),
        ),
        (
            "inunriver_historical_000000000WATCH_1980_rp01000",
            ("river_flood", "historical", "WATCH", 1980, 1000, "intensity", "m"),
        ),
        (
            "inuncoast_rcp8p5_wtsub_2080_rp1000_0_perc_50.tif",
            ("coastal_flood", "rcp8p5", "wtsub_slr50", 2080, 1000, "intensity", "m"),
        ),
        (
            "inuncoast_historical_nosub_hist_rp0001_5.tif",
            ("coastal_flood", "historical", "nosub_slr95", None, 1.5, "intensity", "m"),
        ),
        (
            "a/folder/floodMapGL_rp500y.TIF",
            ("river_flood", "historical", None, None, 500, "intensity", "m"),
        ),
        (
            "STORM_FIXED_RETURN_PERIODS_constant_10000_YR_RP.tif",
            ("tropical_cyclone", "historical", None, None, 10000, "intensity", "m/s"),
        ),
        (
            "STORM_FIXED_RETURN_PERIODS_EC-Earth3P-HR_50_YR_RP.tif",
            ("tropical_cyclone", "rcp8p5", "EC-Earth3P-HR", 2050, 50, "intensity", "m/s"),
        ),
        (
            "lange2020_lpjml_miroc5_ewembi_rcp60_2005soc_co2_led_global_annual_2006_2099_2080_occurrence.tif",
            ("drought", "rcp6p0", "lpjml_miroc5", 2080, None, "annual_probability", "1"),
        ),
        (
            "lange2020_hwmid-humidex_gfdl-esm2m_ewembi_historical_nosoc_co2_leh_global_annual_1861_2005_baseline_occurrence",
            ("extreme_heat", "historical", "hwmid-humidex_gfdl-esm2m", None, None, "annual_probability", "1"),
        ),
        ("surface_flood_2050_ssp245_rp2.5.tif", ("surface_flood", "ssp245", None, 2050, 2.5, "intensity", "m")),
        ("earthquake_2020_historical_rp475.tif", ("earthquake", "historical", None, 2020, 475, "intensity", "g")),
    ],
)
def test_names_understood(name, expected):
    row = parse_layer_name(name)
    assert tuple(row[field] for field in FIELDS) == expected


def test_every_form_understands_its_own_example():
    for form in FORMS.values():
        assert parse_layer_name(form.example)["hazard"]


@pytest.mark.parametrize(
    "name",
    [
        "depth.tif",
        "inunriver_rcp4p5_MIROC_2030.tif",
        "sharks_2050_ssp245_rp100.tif",
        "lange2020_lpjml_miroc5_ewembi_rcp60_2005soc_co2_led_global_annual_2006_2099_2080_exposure.tif",
        "river_flood_2050_ssp245_rp-100.tif",
    ],
)
def test_unknown_names_list_what_is_understood(name):
    with pytest.raises(InputError) as caught:
        parse_layer_name(name)
    assert all(form.example in str(caught.value) for form in FORMS.values())


def test_files_of_the_djibouti_and_drought_folders(shared_data):
    names = [
        path.name
        for folder in ("dji-roads-floods", "world-drought-isimip")
        for path in (shared_data / folder).glob("*.tif")
    ]
    layers = layers_from_names([n for n in names if not n.startswith("horn")], source_id="s")
    check_layers(layers)
    assert len(layers) == 12
    assert (layers["hazard"] == "drought").sum() == 3
    assert sorted(layers["return_period_yr"].dropna()) == [2, 5, 10, 25, 50, 100, 250, 500, 1000]


def flood_layers():
    names = [f"inunriver_rcp4p5_MIROC_2030_rp{rp:05d}.tif" for rp in (100, 10)]
    return layers_from_names([*names, "floodMapGL_rp20y.tif", FORMS["isimip"].example], source_id="s")


def test_layers_from_names_obey_the_schema():
    check(flood_layers(), "hazard_layers")
    check_layers(flood_layers())


def test_groups_are_sets_of_return_periods_and_leave_probabilities_out():
    groups = [group["return_period_yr"].tolist() for group in layer_groups(flood_layers())]
    assert sorted(groups) == [[10, 100], [20]]


@pytest.mark.parametrize("period", [-100.0, 0.5, 0.0])
def test_impossible_return_period_is_named_with_its_row(period):
    layers = flood_layers()
    layers.loc[1, "return_period_yr"] = period
    with pytest.raises(TableError) as caught:
        check_layers(layers)
    assert [(f.row, f.column, f.value) for f in caught.value.faults] == [(3, "return_period_yr", str(period))]


@pytest.mark.parametrize(
    ("column", "row", "value", "problem"),
    [
        ("return_period_yr", 0, None, "needs a return period"),
        ("return_period_yr", 3, 10.0, "no return period"),
        ("unit", 0, "m/s", "does not measure"),
        ("unit", 0, "furlong", "is not a unit"),
        ("unit", 3, "m", "does not measure"),
        ("return_period_yr", 1, 100.0, "same hazard"),
        ("hazard", 0, "sharks", "one of"),
        ("source_id", 0, None, "missing"),
    ],
)
def test_other_faults(column, row, value, problem):
    layers = flood_layers()
    layers.loc[row, column] = value
    with pytest.raises(TableError) as caught:
        check_layers(layers)
    (fault,) = caught.value.faults
    assert problem in fault.problem
    assert fault.row == (3 if problem == "same hazard" else row + 2)


def test_messages_are_there_in_chinese_too():
    with speaking("zh"), pytest.raises(InputError):
        parse_layer_name("depth.tif")


def test_a_table_of_no_layers_is_fine():
    check_layers(layers_from_names([], source_id="s"))
    assert isinstance(layers_from_names([], source_id="s"), pd.DataFrame)
