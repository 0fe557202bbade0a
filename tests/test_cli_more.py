"""What check says of values that are plainly wrong, and studies in which there is nothing to choose from."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import rasterio

import headwater as hw
from headwater import cli
from headwater.store import rasters

Edit = Callable[[Path, Callable[[pd.DataFrame], pd.DataFrame | None]], None]
FLOOD = "hazards/river_flood_2000_historical_rp10.tif"


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def rewritten(path: Path, change: Callable[[np.ndarray, dict], None]) -> None:
    """Write a raster anew after changing its values and what it says of itself."""
    with rasterio.open(path) as source:
        values, profile = source.read(1), source.profile
    change(values, profile)
    with rasterio.open(path, "w", **profile) as target:
        target.write(values, 1)


def empty(folder: Path, *tables: str) -> None:
    for table in tables:
        path = folder / f"{table}.csv"
        path.write_text(path.read_text(encoding="utf-8").splitlines()[0] + "\n", encoding="utf-8")


# --- nothing to choose from ---------------------------------------------------------------------------------------


def without_hazards(folder: Path, _edit: Edit) -> None:
    empty(folder, "hazard_layers", "options", "changes")


def without_measures(folder: Path, _edit: Edit) -> None:
    empty(folder, "measures", "options", "changes")


def with_mistyped_kinds(folder: Path, edit: Edit) -> None:
    empty(folder, "options", "changes")
    edit(folder / "measures.csv", lambda t: t.assign(applies_to_kind="rood"))


def outside_the_rasters(folder: Path, _edit: Edit) -> None:
    empty(folder, "options", "changes")

    def moved(_values: np.ndarray, profile: dict) -> None:
        profile["transform"] = rasterio.Affine.translation(60, 20) @ profile["transform"]

    for path in (folder / "hazards").glob("*.tif"):
        rewritten(path, moved)


LATER = (without_measures, with_mistyped_kinds, outside_the_rasters)
NOTHING = (without_hazards, *(pytest.param(spoil, marks=pytest.mark.slow) for spoil in LATER))


@pytest.mark.parametrize("spoil", NOTHING)
def test_nothing_to_choose_from_gives_empty_plans_and_a_report(
    toy_study: Path, tmp_path: Path, edit: Edit, spoil: Callable[[Path, Edit], None]
) -> None:
    spoil(toy_study, edit)
    study = hw.open_study(toy_study, out=tmp_path / "out", workers=1)
    assert study.report().stat().st_size > 0
    assert study.options().empty
    assert study.plans().empty
    assert study.plan_summaries()[["plan_id", "options", "spent_usd"]].values.tolist() == [
        ["low", 0, 0],
        ["high", 0, 0],
    ]
    assert (study.plan_checks()[["sum_of_options", "difference"]].fillna(0) == 0).all().all()


def test_notices_say_why_there_is_nothing_to_choose_from(toy_study: Path, edit: Edit) -> None:
    with_mistyped_kinds(toy_study, edit)
    outside_the_rasters(toy_study, edit)
    found, notices = hw.check_study(toy_study)
    assert found == []
    assert "measure raise_road fits nothing in the study: no kind starts with rood" in notices
    assert "No located asset or link lies on any hazard layer: nothing is exposed to anything." in notices


# --- rasters ------------------------------------------------------------------------------------------------------


def faults(folder: Path) -> list[tuple[str, int | None, str, str]]:
    return [(fault.file, fault.row, fault.column, fault.problem) for fault in hw.check_study(folder)[0]]


@pytest.mark.parametrize(("layer", "value"), [(0, -9999.0), (4, 1.5), (4, -1.0)])
def test_value_that_a_quantity_cannot_have_is_an_undeclared_no_data(toy_study: Path, layer: int, value: float) -> None:
    layers = pd.read_csv(toy_study / "hazard_layers.csv")

    def spoil(values: np.ndarray, profile: dict) -> None:
        profile["nodata"] = None
        values[np.isnan(values) | (values < 0)] = 0
        values[0, 0] = value

    rewritten(toy_study / layers["file"][layer], spoil)
    problem = f"holds the value {value:g} (layer {layers['layer_id'][layer]}), which no {layers['quantity'][layer]} has"
    assert faults(toy_study) == [("hazard_layers.csv", layer + 2, "file", problem)]


def test_layers_of_a_group_on_two_grids_name_both(toy_study: Path) -> None:
    def moved(_values: np.ndarray, profile: dict) -> None:
        profile["transform"] = rasterio.Affine.translation(0.01, 0) @ profile["transform"]

    rewritten(toy_study / FLOOD, moved)
    ((file, row, column, problem),) = faults(toy_study)
    assert (file, row, column) == ("hazard_layers.csv", 3, "file")
    assert FLOOD in problem
    assert problem.startswith("lies on another grid")


def test_raster_cut_short_is_found_by_the_check(toy_study: Path) -> None:
    rewritten(toy_study / FLOOD, lambda _values, profile: profile.update(compress="deflate"))
    data = (toy_study / FLOOD).read_bytes()
    with rasterio.open(toy_study / FLOOD) as raster:
        place = int(raster.get_tag_item("BLOCK_OFFSET_0_0", "TIFF", bidx=1))
    (toy_study / FLOOD).write_bytes(data[:place] + b"\xff" * 8 + data[place + 8 :])
    assert faults(toy_study) == [("hazard_layers.csv", 2, "file", "cannot be read to the end")]


def test_large_raster_is_not_looked_at(toy_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rewritten(toy_study / FLOOD, lambda values, _profile: values.fill(-5))
    assert len(faults(toy_study)) == 1
    monkeypatch.setattr(rasters, "SURVEYED_CELLS", 1)
    assert faults(toy_study) == []


def test_swapped_layers_are_told(toy_study: Path, edit: Edit) -> None:
    edit(toy_study / "hazard_layers.csv", lambda t: t.assign(file=t["file"].iloc[[1, 0, 2, 3, 4]].to_numpy()))
    found, notices = hw.check_study(toy_study)
    assert found == []
    assert [text for text in notices if "swapped" in text] == [
        "1 hazard layers are milder on the mean than a more frequent one (flood_2000_rp100): are layers swapped?"
    ]


# --- places -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("crs", ["EPSG:32631", "EPSG:3857", "EPSG:32736"])
def test_degrees_called_metres(toy_study: Path, crs: str) -> None:
    replace(toy_study / "study.toml", 'crs = "EPSG:4326"', f'crs = "{crs}"')
    found = [(file, column) for file, _row, column, problem in faults(toy_study) if "do not lie where" in problem]
    assert found == [(f"{table}.csv", "geometry") for table in ("assets", "zones", "links")]


def test_link_that_ends_far_from_its_node_is_told(toy_study: Path, edit: Edit) -> None:
    edit(toy_study / "assets.csv", lambda t: t.assign(geometry=["POINT (5.005 1.1)", *t["geometry"].iloc[1:]]))
    text = "links end more than 1 km from the point of an asset that they join: r_ab"
    assert any(text in notice for notice in hw.check_study(toy_study)[1])


# --- header -------------------------------------------------------------------------------------------------------


def with_rate(folder: Path, rate: str) -> None:
    replace(
        folder / "study.toml",
        "[assumptions.discount_rate]\nvalue = 0.0",
        f"[assumptions.discount_rate]\nvalue = {rate}",
    )


def test_discount_rate_in_percent_is_a_fault(toy_study: Path) -> None:
    with_rate(toy_study, "6")
    assert faults(toy_study) == [("study.toml", None, "assumptions.discount_rate.value", 'breaks the rule "< 1"')]


def test_discount_rate_below_zero_is_told(toy_study: Path) -> None:
    assert not any("discount rate" in text for text in hw.check_study(toy_study)[1])
    with_rate(toy_study, "-0.06")
    found, notices = hw.check_study(toy_study)
    assert found == []
    assert notices[0].startswith("The discount rate is -0.06: below zero")


# --- Python -------------------------------------------------------------------------------------------------------


def test_unknown_rule_and_result_are_named(root: Path, toy_out: Path) -> None:
    study = hw.open_study(root / "tests" / "toytown" / "study", out=toy_out)
    with pytest.raises(hw.errors.InputError, match="«simpson»; there are trapezoid, triangle, rectangle, loglinear"):
        study.expected_annual_damage(rule="simpson")
    with pytest.raises(hw.errors.NotFound, match=r"«nope»; there are exposures, damages, .*results"):
        study.result("nope")


# --- language -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("asked", "times"), [("fr", 1), ("zh", 0), ("", 0), (None, 0)])
def test_language_that_is_not_spoken_is_said_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], asked: str | None, times: int
) -> None:
    if asked is None:
        monkeypatch.delenv("HEADWATER_LANGUAGE", raising=False)
    else:
        monkeypatch.setenv("HEADWATER_LANGUAGE", asked)
    monkeypatch.setattr(sys, "argv", ["headwater", "--version"])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    out, err = capsys.readouterr()
    assert stopped.value.code == 0
    assert out.startswith("headwater ")
    assert err.count("HEADWATER_LANGUAGE is «fr», which is not one of en, zh; going on in English.") == times
    assert (err == "") == (times == 0)
