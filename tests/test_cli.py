"""The command line: what a person types, what comes back on which stream, and what stays on disk."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest
import rasterio

from headwater import __version__, cli, study, words
from headwater.store.studies import INPUT_TABLES

FLOOD = "hazards/river_flood_2000_historical_rp10.tif"


class Ran(NamedTuple):
    """What a command left behind."""

    code: int
    out: str
    err: str


Run = Callable[..., Ran]
Spoil = Callable[[Path], object]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command as typed, in this process, on a wide terminal; an exception that escapes fails the test."""
    for console in (cli.screen, cli.complaints):
        monkeypatch.setattr(console, "_width", 400)

    def typed(*words_typed: object) -> Ran:
        monkeypatch.setattr(sys, "argv", ["headwater", *map(str, words_typed)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as stopped:
            cli.main()
        return Ran(int(stopped.value.code or 0), *capsys.readouterr())

    return typed


def content(folder: Path) -> dict[str, str]:
    """Hash of every file in a folder."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


# --- bad input ----------------------------------------------------------------------------------------------------


def cells(table: str, row: int, **values: str) -> Spoil:
    """Put values in cells of a row."""

    def spoil(folder: Path) -> None:
        path = folder / f"{table}.csv"
        rows = pd.read_csv(path, dtype=str, keep_default_na=False)
        for column, value in values.items():
            rows.loc[row, column] = value
        rows.to_csv(path, index=False)

    return spoil


def rows(table: str, change: Callable[[pd.DataFrame], pd.DataFrame]) -> Spoil:
    """Change a whole table."""

    def spoil(folder: Path) -> None:
        path = folder / f"{table}.csv"
        change(pd.read_csv(path, dtype=str, keep_default_na=False)).to_csv(path, index=False)

    return spoil


def toml(old: str, new: str) -> Spoil:
    """Change the header."""

    def spoil(folder: Path) -> None:
        path = folder / "study.toml"
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    return spoil


def file(name: str, bytes_in_it: bytes, *, instead_of: str = "") -> Spoil:
    """Put bytes in a file, in place of another."""

    def spoil(folder: Path) -> None:
        if instead_of:
            (folder / instead_of).unlink()
        (folder / name).write_bytes(bytes_in_it)

    return spoil


def without(name: str) -> Spoil:
    """Remove a file."""
    return lambda folder: (folder / name).unlink()


def raster(**profile: object) -> Spoil:
    """Write a flood layer again with another profile."""

    def spoil(folder: Path) -> None:
        with rasterio.open(folder / FLOOD) as layer:
            values, changed = layer.read(), layer.profile | profile
        with rasterio.open(folder / FLOOD, "w", **changed) as layer:
            layer.write(values)

    return spoil


def zones_with_a_comma_too_many(folder: Path) -> None:
    path = folder / "zones.csv"
    head, *lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join([head, *(f"{line}," for line in lines)]) + "\n", encoding="utf-8")


def zones_with_nan_in_parquet(folder: Path) -> None:
    table = pd.read_csv(folder / "zones.csv")
    table.loc[1, "population"] = np.nan
    table.to_parquet(folder / "zones.parquet")
    (folder / "zones.csv").unlink()


BAD_INPUT: dict[str, tuple[Spoil, int, list[str]]] = {
    "missing column": (
        rows("assets", lambda t: t.drop(columns="sector")), 2,
        ["assets.csv", "sector", "column is missing", "add the column sector"],
    ),
    "length in kilometres": (
        rows("links", lambda t: t.rename(columns={"length_m": "length_km"})), 2,
        ["links.csv", "length_km", "another unit", "rename it length_m, with values in m"],
    ),
    "wind in centimetres": (
        cells("hazard_layers", 0, hazard="tropical_cyclone", unit="cm"), 2,
        ["hazard_layers.csv", "row 2", "unit", "«cm»", "does not measure this hazard"],
    ),
    "flood in metres a second": (
        cells("hazard_layers", 1, unit="m/s"), 2,
        ["hazard_layers.csv", "row 3", "unit", "«m/s»", "does not measure this hazard"],
    ),
    "unit nobody knows": (
        cells("hazard_layers", 0, unit="furlong"), 2,
        ["hazard_layers.csv", "row 2", "«furlong»", "is not a unit"],
    ),
    "assumption in kilometres": (
        toml('value = 1000\nunit = "m"', 'value = 1\nunit = "km"'), 2,
        ["study.toml", "assumptions.max_access_m.unit", "«km»", "give the value in m"],
    ),
    "CRS nobody knows": (
        toml("EPSG:4326", "EPSG:999999"), 2,
        ["study.toml", "study.crs", "«EPSG:999999»", "is unknown", "EPSG:4326"],
    ),
    "raster without CRS": (raster(crs=None), 2, [FLOOD, "no known coordinate reference system"]),
    "raster on another grid": (
        raster(transform=rasterio.Affine(0.01, 0.0, 5.005, 0.0, -0.01, 1.04)), 2,
        ["river_flood_2000_historical_rp", "lies on another grid"],
    ),
    "raster with undeclared no-data": (
        raster(nodata=None), 2, ["flood_2000_rp10", "-9999", "declare this value as no data"],
    ),
    "duplicate key": (
        rows("assets", lambda t: pd.concat([t, t.iloc[[2]]])), 2,
        ["assets.csv", "row 18", "asset_id", "«n_c»", "more than once"],
    ),
    "blank where required": (
        cells("assets", 3, name=" "), 2, ["assets.csv", "row 5", "name", "value is missing", "fill it in"],
    ),
    "NaN where a number is required": (
        cells("zones", 3, population="NaN"), 2, ["zones.csv", "row 5", "population", "«NaN»", "is not a finite number"],
    ),
    "NaN in Parquet": (
        zones_with_nan_in_parquet, 2, ["zones.parquet", "row 3", "population", "value is missing"],
    ),
    "negative return period": (
        cells("hazard_layers", 0, return_period_yr="-10"), 2,
        ["hazard_layers.csv", "row 2", "return_period_yr", "«-10.0»", 'breaks the rule ">= 1"'],
    ),
    "curve that decreases": (
        cells("curves", 2, damage_share="0.05", damage_share_low="0.05"), 2,
        ["curves.csv", "row 4", "damage_share", "curve toy_flood decreases from 0.1 at 1 m"],
    ),
    "no header": (without("study.toml"), 3, ["is not a study: it has no study.toml", "headwater new"]),
    "header that is not TOML": (toml("[study]", "[study"), 2, ["study.toml is not valid TOML", "line 2"]),
    "assumption misspelt": (
        toml("[assumptions.max_access_m]", "[assumptions.max_acess_m]"), 2,
        ["study.toml", "assumptions.max_acess_m", "did you mean max_access_m?"],
    ),
    "assumption out of range": (
        toml("value = 1000", "value = -1000"), 2,
        ["study.toml", "assumptions.max_access_m.value", "«-1000.0»", 'breaks the rule "> 0"'],
    ),
    "objective nobody can reach": (
        toml('"npv_usd"', '"happiness"'), 2,
        ["study.toml", "objectives.maximise", "«happiness»", "npv_usd"],
    ),
    "half a copy": (file("links.csv.part", b"link_id,"), 2, ["links.csv.part", "half-written", "finish or repeat"]),
    "missing table": (without("assets.csv"), 2, ["assets", "the study has no such table", "add assets.csv"]),
    "missing raster": (without(FLOOD), 2, ["hazard_layers.csv", "row 2", FLOOD, "There is no raster"]),
    "table twice": (file("zones.parquet", b""), 2, ["zones.csv, zones.parquet", "there twice", "keep one"]),
    "TIFF of text": (file(FLOOD, b"depth 1 m everywhere"), 2, [FLOOD, "is not a raster, whatever its name says"]),
    "Parquet of CSV": (
        file("zones.parquet", b"zone_id,name\na,A\n", instead_of="zones.csv"), 2,
        ["zones.parquet", "cannot be read as .parquet", "is what its name says"],
    ),
    "CSV of bytes": (
        file("zones.csv", bytes(range(256))), 2, ["zones.csv", "cannot be read as .csv", "is what its name says"],
    ),
    "CSV with nulls": (file("zones.csv", b"zone_id\0\n"), 2, ["zones.csv", "bytes that are not text"]),
    "CSV with nothing": (file("zones.csv", b""), 2, ["zones.csv", "cannot be read as .csv"]),
    "CSV with a comma too many": (
        zones_with_a_comma_too_many, 2, ["zones.csv", "rows hold more values than the header has columns"],
    ),
    "GeoPackage of junk": (
        file("zones.gpkg", b"junk", instead_of="zones.csv"), 2,
        ["zones.gpkg", "cannot be read as .gpkg", "is what its name says"],
    ),
    "change to a road that is not there": (
        cells("changes", 0, row_id="r_zz"), 2, ["changes.csv", "row 2", "row_id", "«r_zz»", "no such row"],
    ),
}  # fmt: skip
"""What can be wrong with a study: how to spoil it, the exit code, and what the message must name."""


@pytest.mark.parametrize(("spoil", "code", "named"), BAD_INPUT.values(), ids=BAD_INPUT)
def test_bad_input_gives_one_message_and_leaves_earlier_results(
    run: Run, toy_study: Path, toy_out: Path, spoil: Spoil, code: int, named: list[str]
) -> None:
    before = content(toy_out)
    spoil(toy_study)
    ran = run("plan", toy_study, "--out", toy_out)
    assert ran.code == code
    assert all(words_named in ran.err for words_named in named), ran.err
    assert "Traceback" not in ran.err
    assert ran.out == ""
    after = content(toy_out)
    assert {name: after.get(name) for name in before} == before
    assert all(name.startswith("parts") for name in after.keys() - before.keys())


SPOILED_TOGETHER: dict[str, tuple[Spoil, list[str]]] = {
    "a name": (cells("assets", 3, name=""), ["assets.csv", "5", "name", "value is missing", "fill it in"]),
    "a number": (cells("zones", 2, population="many"), ["zones.csv", "4", "population", "many", "write digits"]),
    "a column": (
        rows("links", lambda t: t.drop(columns="kind")), ["links.csv", "kind", "column is missing", "add the column"],
    ),
    "a period": (
        cells("hazard_layers", 0, return_period_yr="-10"),
        ["hazard_layers.csv", "2", "return_period_yr", "-10", "give a value"],
    ),
    "a file": (file("measures.csv", b"\0"), ["measures.csv", "cannot be read", "is what its name says"]),
}  # fmt: skip


def test_faults_of_several_tables_are_told_at_once(run: Run, toy_study: Path) -> None:
    for spoil, _named in SPOILED_TOGETHER.values():
        spoil(toy_study)
    ran = run("check", toy_study)
    assert ran.code == 2
    assert f"Faults: {len(SPOILED_TOGETHER)}." in ran.err
    lines = ran.err.splitlines()
    for _spoil, named in SPOILED_TOGETHER.values():
        assert any(all(part in line for part in named) for line in lines), (named, ran.err)


def test_asset_off_every_raster_is_told_and_never_taken_for_safe(
    run: Run, root: Path, toy_out: Path, toy_results: Path
) -> None:
    ran = run("assess", root / "tests" / "toytown" / "study", "--out", toy_out)
    assert ran.code == 0
    assert "3 of 23 located assets and links lie partly or wholly where a hazard layer has no data" in ran.out
    exposures, damages, expected = (
        pd.read_csv(toy_results / f"{name}.csv") for name in ("exposures", "damages", "expected_damages")
    )
    off = exposures[exposures["asset_id"] == "plant"]
    assert len(off) == 4
    assert (off["uncovered_share"] == 1).all()
    assert off["exposed_amount"].isna().all()
    assert damages.loc[damages["asset_id"] == "plant", "damage_usd"].isna().all()
    assert expected.loc[expected["asset_id"] == "plant", "ead_usd_per_yr"].isna().all()
    half = exposures.loc[exposures["asset_id"] == "airport", "uncovered_share"]
    assert half.to_numpy() == pytest.approx(0.5)


def test_check_of_a_sound_study_says_so_and_what_it_does_not_cover(run: Run, root: Path) -> None:
    ran = run("check", root / "tests" / "toytown" / "study")
    assert (ran.code, ran.err) == (0, "")
    assert "is sound" in ran.out
    assert "1 of 16 rows of assets have no place" in ran.out


# --- new ----------------------------------------------------------------------------------------------------------


def test_new_makes_a_folder_whose_check_says_what_is_missing(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "malawi"
    ran = run("new", folder, "--iso3", "MWI", "--year", 2026)
    assert ran.code == 0
    assert f"headwater check {folder}" in ran.out
    assert sorted(path.name for path in folder.iterdir()) == sorted(["study.toml", *(f"{t}.csv" for t in INPUT_TABLES)])
    checked = run("check", folder)
    assert checked.code == 2
    for table in ("sources.csv", "assets.csv"):
        assert any(table in line and "has no rows" in line for line in checked.err.splitlines())
    assert [path.name for path in folder.parent.iterdir()] == ["malawi"]


def test_new_refuses_a_folder_that_holds_something(run: Run, toy_study: Path) -> None:
    before = content(toy_study)
    ran = run("new", toy_study, "--iso3", "MWI")
    assert ran.code == 2
    assert "is not empty; nothing was written" in ran.err
    assert content(toy_study) == before


def test_new_fills_the_empty_folder_one_stands_in(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("new", ".", "--iso3", "MWI").code == 0
    assert (tmp_path / "study.toml").exists()
    assert Path("assets.csv").exists()


@pytest.mark.parametrize("iso3", ["Malawi", "mwi", ""])
def test_new_wants_a_country_code(run: Run, tmp_path: Path, iso3: str) -> None:
    ran = run("new", tmp_path / "x", "--iso3", iso3)
    assert ran.code == 2
    assert "three capital letters" in ran.err
    assert not list(tmp_path.iterdir())


# --- explain ------------------------------------------------------------------------------------------------------


def test_explain_tells_every_result_from_what(run: Run, toy_results: Path) -> None:
    names = [path.name.removesuffix(".provenance.json") for path in toy_results.glob("*.provenance.json")]
    assert len(names) >= 15
    for name in names:
        ran = run("explain", toy_results / f"{name}.csv")
        assert ran.code == 0
        assert f"{name}, made by the step" in ran.out
        assert f"Headwater {__version__}" in ran.out
        for heading in ("Method: ", "Key: ", "Inputs:", "Assumptions:", "Sources: toytown"):
            assert heading in ran.out, (name, heading)


def test_explain_names_inputs_with_hashes_and_assumptions_with_values(run: Run, root: Path, toy_results: Path) -> None:
    told = run("explain", toy_results / "exposures.parquet").out
    assets = (root / "tests" / "toytown" / "study" / "assets.csv").read_bytes()
    assert f"assets.csv  {hashlib.sha256(assets).hexdigest()[:16]}" in told
    assert FLOOD in told
    assert "exposure_threshold = 0.1" in told
    told = run("explain", toy_results / "appraisals.csv").out
    assert "effects (result)" in told
    assert "discount_rate = 0.0" in told
    assert "horizon_year = 2125" in told


@pytest.mark.parametrize("name", ["report.html", "nothing.csv", "deeper/damages.csv"])
def test_explain_of_something_else_has_its_own_exit_code(run: Run, toy_out: Path, name: str) -> None:
    (toy_out / "report.html").write_text("<html>")
    ran = run("explain", toy_out / name)
    assert ran.code == 3
    assert "is not a result of Headwater" in ran.err


def test_explain_of_a_broken_record_is_not_a_result(run: Run, toy_out: Path) -> None:
    (toy_out / "damages.provenance.json").write_text('{"result": ')
    assert run("explain", toy_out / "damages.csv").code == 3


# --- appraise, optimise, finance ----------------------------------------------------------------------------------


@pytest.fixture
def traded(toy_study: Path) -> Path:
    """Toytown with start years, something to trade off, futures, and money from a bank."""
    toml('maximise = "npv_usd"', 'maximise = "npv_usd"\ntrade_off = ["npv_usd", "initial_cost_usd"]')(toy_study)
    toml("[objectives]", "[timing]\nstart_years = [2025, 2035]\n\n[objectives]")(toy_study)
    toml(
        '[[budgets]]\nid = "low"\namount_usd = 450000',
        '[[futures]]\nid = "usual"\n\n[[futures]]\nid = "dear"\nfactors.capital = 2.5\n\n'
        '[[futures]]\nid = "hasty"\nassumptions.discount_rate = 0.2\n\n'
        '[[budgets]]\nid = "low"\namount_usd = 450000\namounts_usd = [400000, 50000]',
    )(toy_study)
    (toy_study / "funding.csv").write_text(
        "funding_id,name,instrument,share,interest_rate,tenor_yr,repayment,source_id\n"
        "bank,Bank,commercial_loan,0.5,0.05,10,level,toytown\n",
        encoding="utf-8",
    )
    return toy_study


def test_appraise_shows_the_best_options_or_one(run: Run, root: Path, toy_out: Path) -> None:
    folder = root / "tests" / "toytown" / "study"
    ran = run("appraise", folder, "--out", toy_out)
    assert ran.code == 0
    worth = pd.read_csv(toy_out / "appraisals.csv").set_index("option_id")["npv_usd"]
    lines = [line for line in ran.out.splitlines() if "raise_road:" in line or "flood_wall:" in line]
    assert worth.idxmax() in lines[0]
    one = run("appraise", folder, "--out", toy_out, "--option", "flood_wall:reservoir")
    assert one.code == 0
    assert "avoided_damage" in one.out
    assert "npv_usd" in one.out
    assert "raise_road" not in one.out


def test_appraise_of_an_option_that_nobody_proposed(run: Run, root: Path, toy_out: Path) -> None:
    ran = run("appraise", root / "tests" / "toytown" / "study", "--out", toy_out, "--option", "moon_base")
    assert (ran.code, ran.out) == (3, "")
    assert "No option by the name moon_base has been appraised" in ran.err
    assert "flood_wall:" in ran.err


def test_optimise_shows_plans_checks_front_and_futures(run: Run, traded: Path, toy_out: Path) -> None:
    ran = run("optimise", traded, "--out", toy_out)
    assert ran.code == 0
    for heading in ("Plans", "models run on the whole plan", "The front", "regret in each future"):
        assert heading in ran.out, heading
    front = pd.read_csv(toy_out / "front.csv").pivot(index="point_id", columns="item", values="value")
    order = front.sort_values("initial_cost_usd")
    assert order["npv_usd"].is_monotonic_increasing
    assert order.iloc[0].tolist() == [0, 0]
    robustness = pd.read_csv(toy_out / "robustness.csv")
    assert set(robustness["future_id"]) == {"usual", "dear", "hasty"}
    assert (robustness["regret"] >= -1e-6).all()
    plans = pd.read_csv(toy_out / "plans.csv")
    spent = plans[plans["plan_id"] == "low"].groupby("start_year")["initial_cost_usd"].sum()
    assert spent.get(2025, 0) <= 400_000
    assert spent.sum() <= 450_000
    asked = run("optimise", traded, "--out", toy_out, "--at-least", "npv_usd=1,000,000")
    assert asked.code == 0
    assert "given up: initial_cost_usd" in asked.out
    beyond = run("optimise", traded, "--out", toy_out, "--at-least", "npv_usd=1e12", "--at-least", "initial_cost_usd=1")
    assert beyond.code == 0
    assert "No point reaches it" in beyond.out
    unknown = run("optimise", traded, "--out", toy_out, "--at-least", "happiness=1")
    assert (unknown.code, unknown.out) == (3, "")
    assert "The front has no objective happiness; it has initial_cost_usd, npv_usd" in unknown.err


@pytest.mark.parametrize(
    ("amount", "code", "said"),
    [
        ("npv_usd", 2, "write for example npv_usd=1000000"), ("npv_usd=", 2, "write for example"),
        ("npv_usd=much", 2, "write for example"), ("npv_usd=nan", 2, "finite numbers"),
        ("npv_usd=inf", 2, "finite numbers"), ("=5", 3, "The front has no objective"),
    ],
)  # fmt: skip
def test_amount_that_is_none_is_refused(run: Run, root: Path, toy_out: Path, amount: str, code: int, said: str) -> None:
    ran = run("optimise", root / "tests" / "toytown" / "study", "--out", toy_out, "--at-least", amount)
    assert ran.code == code
    assert said in " ".join(ran.err.replace("│", " ").split())
    assert "Traceback" not in ran.err


def test_finance_of_all_plans_and_of_one(run: Run, traded: Path, toy_out: Path) -> None:
    ran = run("finance", traded, "--out", toy_out)
    assert ran.code == 0
    assert "How the plans are paid for" in ran.out
    summaries = pd.read_csv(toy_out / "finance_summaries.csv").set_index("plan_id")
    assert summaries.index.tolist() == ["low", "high"]
    np.testing.assert_allclose(summaries["funded_usd"], summaries["investment_usd"] / 2)
    one = run("finance", traded, "--out", toy_out, "--plan", "low")
    assert "low" in one.out
    assert "high" not in one.out.replace(str(traded), "").replace(str(toy_out), "")
    wrong = run("finance", traded, "--out", toy_out, "--plan", "huge")
    assert (wrong.code, wrong.out) == (3, "")
    assert "There is no plan huge; there are low, high" in wrong.err


def test_export_writes_workbooks_and_a_project_package(run: Run, root: Path, toy_out: Path, tmp_path: Path) -> None:
    ran = run("export", root / "tests" / "toytown" / "study", "--out", toy_out, "--to", tmp_path / "files")
    assert ran.code == 0
    written = sorted(path.suffix for path in (tmp_path / "files").iterdir())
    assert ".xlsx" in written
    assert ".json" in written
    assert all(str(path) in ran.out for path in (tmp_path / "files").iterdir())


# --- help and language --------------------------------------------------------------------------------------------

COMMANDS = (
    "new", "check", "describe", "assess", "stress", "appraise", "optimise", "finance", "export", "plan", "report",
    "explain",
)  # fmt: skip


def test_help_starts_a_beginner(run: Run) -> None:
    ran = run("--help")
    assert ran.code == 0
    assert "headwater report studies/djibouti" in ran.out
    assert "headwater new my-study --iso3 MWI" in ran.out
    assert all(command in ran.out for command in COMMANDS)


@pytest.mark.parametrize(
    ("command", "taught"),
    [
        ("new", ["study.toml", "empty table", "MWI", "new or empty"]),
        ("check", ["every fault", "row", "column", "remedy"]),
        ("describe", ["assets", "links", "people", "hazards"]),
        ("assess", ["exposure", "damage", "access", "criticality", "out/STUDY-ID"]),
        ("appraise", ["costs", "benefits", "rate of return", "--option", "out/STUDY-ID"]),
        ("optimise", ["budget", "trade-offs", "future", "--at-least", "OBJECTIVE=AMOUNT", "out/STUDY-ID"]),
        ("finance", ["pays", "risk", "delivery", "--plan", "out/STUDY-ID"]),
        ("export", ["workbooks", "OC4IDS", "--to"]),
        ("plan", ["assess", "appraise", "finance", "out/STUDY-ID"]),
        ("report", ["report", "--language", "en or zh", "out/STUDY-ID"]),
        ("explain", ["inputs", "assumptions", "sources", "version", "out/djibouti/damages.csv"]),
    ],
)
def test_help_of_every_command_teaches(run: Run, command: str, taught: list[str]) -> None:
    ran = run(command, "--help")
    assert ran.code == 0
    told = " ".join(ran.out.replace("│", " ").split())
    assert all(part in told for part in taught), told


def test_version(run: Run) -> None:
    assert run("--version") == Ran(0, f"headwater {__version__}\n", "")


def test_nothing_typed_shows_help(run: Run) -> None:
    ran = run()
    assert "Usage" in ran.out + ran.err


def test_chinese_is_spoken(run: Run, root: Path, toy_study: Path) -> None:
    sound = run("check", root / "tests" / "toytown" / "study", "--language", "zh")
    assert sound.code == 0
    assert words.catalogue("zh")["{folder} is sound."].format(folder=root / "tests" / "toytown" / "study") in sound.out
    described = run("describe", root / "tests" / "toytown" / "study", "--language", "zh")
    assert "玩具镇：虚构的地区" in described.out
    cells("assets", 3, name="")(toy_study)
    spoiled = run("check", toy_study, "--language", "zh")
    assert spoiled.code == 2
    assert "value is missing" not in spoiled.err
    assert words.catalogue("zh")["value is missing"] in spoiled.err


def test_language_nobody_speaks_is_refused(run: Run, root: Path, tmp_path: Path) -> None:
    for command in ("check", "report"):
        more = ["--out", tmp_path / "out"] if command == "report" else []
        ran = run(command, root / "tests" / "toytown" / "study", "--language", "fr", *more)
        assert ran.code == 2
        assert "«fr» is not one of en (English), zh (中文)" in ran.err
    assert not (tmp_path / "out").exists()


def test_report_in_two_languages(run: Run, root: Path, toy_out: Path) -> None:
    ran = run("report", root / "tests" / "toytown" / "study", "--out", toy_out, "--language", "en", "--language", "zh")
    assert ran.code == 0
    for code, title in (("en", "Toytown: a made-up district"), ("zh", "玩具镇：虚构的地区")):
        path = toy_out / f"report.{code}.html"
        assert str(path) in ran.out
        assert title in path.read_text(encoding="utf-8")


# --- the world around ---------------------------------------------------------------------------------------------


def test_interrupt_says_that_work_is_kept(
    run: Run, toy_study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_opened: study.Study) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(study.Study, "assess", interrupted)
    ran = run("assess", toy_study, "--out", tmp_path / "out")
    assert ran.code == 130
    assert "the same command goes on from there" in ran.err


def test_results_that_cannot_be_written_are_told_without_a_traceback(run: Run, toy_study: Path, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file, not a folder")
    ran = run("assess", toy_study, "--out", tmp_path / "taken" / "out")
    assert ran.code == 1
    assert "taken" in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.parametrize("workers", ["0", "many"])
def test_number_of_workers_must_be_one(run: Run, toy_study: Path, workers: str) -> None:
    ran = run("assess", toy_study, "--workers", workers)
    assert ran.code == 2
    assert "--workers" in ran.err


def test_installed_command_speaks_and_fails_cleanly(toy_study: Path, tmp_path: Path) -> None:
    """The whole way, as a shell runs it: streams, exit code, language of the help."""
    rows("assets", lambda t: t.drop(columns="sector"))(toy_study)
    command = [sys.executable, "-c", "from headwater.cli import main; main()"]
    spoken = os.environ | {"HEADWATER_LANGUAGE": "zh", "COLUMNS": "200"}
    ran = subprocess.run(  # noqa: S603
        [*command, "assess", str(toy_study), "--out", str(tmp_path / "out")],
        capture_output=True, text=True, check=False, env=spoken | {"HEADWATER_LANGUAGE": "en"},
    )  # fmt: skip
    assert (ran.returncode, ran.stdout) == (2, "")
    assert "assets.csv, column sector: column is missing" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert not (tmp_path / "out").exists()
    told = subprocess.run([*command, "--help"], capture_output=True, text=True, check=True, env=spoken)  # noqa: S603
    assert re.search("[一-龥]{4}", told.stdout)
