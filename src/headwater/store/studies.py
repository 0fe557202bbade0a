"""Study folders on disk: `study.toml` and one file per table.

A table may be CSV (geometry as Well-Known Text), Parquet, GeoParquet or GeoPackage; the file's name is the table's
name. Reading translates other libraries' errors into faults that name the file.
"""

from __future__ import annotations

import dataclasses
import re
import shutil
import tempfile
import tomllib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import pyproj

from headwater import schema
from headwater.errors import Fault, InputError, NotFound, TableError
from headwater.files import is_draft
from headwater.settings import FILE, StudyHeader, is_country, parse_header
from headwater.words import _

INPUT_TABLES = (
    "sources", "assets", "links", "zones", "hazard_layers", "hazard_classes", "curve_register", "curves",
    "curve_choices", "demand", "dependencies", "dependency_rules", "fragility", "recovery", "areas", "measures",
    "options", "changes", "unit_values", "flows", "groups", "funding", "risks", "risk_bearers", "delivery_modes",
    "uncertainties", "plan_rules",
)  # fmt: skip
"""Tables a study folder may hold, in the order they refer to each other."""

REQUIRED_TABLES = ("sources", "assets")
SUFFIXES = (".csv", ".parquet", ".gpkg")


def read_header(folder: Path) -> StudyHeader:
    """Header of the study in a folder.

    Raises
    ------
    NotFound
        If there is no such folder, or no `study.toml` in it.
    InputError
        If the file is not TOML, or breaks its rules.
    """
    return parse_header(_read_toml(folder))


def _read_toml(folder: Path) -> dict[str, Any]:
    path = folder / FILE
    if not folder.is_dir():
        raise NotFound(_("There is no folder {folder}.").format(folder=folder))
    if not path.exists():
        raise NotFound(
            _("{folder} is not a study: it has no {file}. Make one with: headwater new {folder}").format(
                folder=folder, file=FILE
            )
        )
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(_("{file} is not valid TOML: {reason}").format(file=path, reason=error)) from error


def read_outline(folder: Path) -> tuple[gpd.GeoSeries | None, str]:
    """The country's outline for maps, and whom to credit; None where the study has no `outline.geojson`.

    Raises
    ------
    InputError
        If the file is there and cannot be read.
    """
    path = folder / "outline.geojson"
    if not path.exists():
        return None, ""
    try:
        table = pyogrio.read_dataframe(path)
    except _NOT_READABLE as error:
        raise InputError(_("{file} is not valid GeoJSON: {reason}").format(file=path, reason=error)) from error
    return table.geometry, str(table["credit"].iloc[0]) if "credit" in table else ""


def table_files(folder: Path) -> dict[str, list[Path]]:
    """Files of each input table in a study folder: none or one in a sound study."""
    return {name: [p for s in SUFFIXES if (p := folder / f"{name}{s}").is_file()] for name in INPUT_TABLES}


def count_rows(path: Path) -> int:
    """Rows of a table's file, without reading its values where the format knows how many there are.

    Raises
    ------
    InputError
        If it cannot be read.
    """
    try:
        if path.suffix == ".parquet":
            return int(pq.read_metadata(path).num_rows)
        if path.suffix == ".gpkg":
            return len(_read_gpkg(path))
        return len(_read_csv(path))
    except _NOT_READABLE as error:
        raise InputError(_("{file} cannot be read: {reason}").format(file=path.name, reason=error)) from error


def read_as_text(path: Path) -> list[list[str]]:
    """Lines of a table's file as text, the header first; geometry as Well-Known Text.

    Raises
    ------
    InputError
        If it cannot be read.
    """
    try:
        table = _READERS[path.suffix](path)
    except _NOT_READABLE as error:
        raise InputError(_("{file} cannot be read: {reason}").format(file=path.name, reason=error)) from error
    if isinstance(table, gpd.GeoDataFrame):
        table = pd.DataFrame(table.assign(geometry=table.geometry.to_wkt())) if table.active_geometry_name else table
    shown = table.astype("object").where(table.notna(), "")
    return [list(map(str, table.columns)), *([str(cell) for cell in row] for row in shown.to_numpy().tolist())]


def input_files(folder: Path) -> list[Path]:
    """Every file a study's results can depend on: header, tables and rasters, sorted."""
    tables = [path for paths in table_files(folder).values() for path in paths]
    rasters = [p for p in folder.rglob("*") if p.suffix.lower() in {".tif", ".tiff"} and not is_draft(p)]
    return sorted([folder / FILE, *tables, *rasters])


def read_tables(folder: Path, header: StudyHeader) -> tuple[dict[str, pd.DataFrame], list[Fault]]:
    """Every table of a study, typed, with geometry in the study's CRS; and what could not be read.

    A table that may be absent, and is, comes back empty, with its columns. One that must be there, or whose file cannot
    be read at all, does not come back.
    """
    crs, found = _known_crs(header.crs)
    found = [*found, *_folder_faults(folder)]
    tables = {}
    for name, paths in table_files(folder).items():
        if paths:
            table, faults = _read_table(paths[0], name, crs)
            found += faults
        else:
            table = None if name in REQUIRED_TABLES else _placed(schema.empty(name), name, crs)[0]
        if table is not None:
            tables[name] = table
    return tables, found


def with_file_names(faults: Sequence[Fault], folder: Path) -> list[Fault]:
    """Faults of tables, told by the file that holds the table."""
    files = {name: paths[0].name for name, paths in table_files(folder).items() if paths}
    return [dataclasses.replace(fault, file=files.get(fault.file, fault.file)) for fault in faults]


def load_tables(folder: Path, header: StudyHeader) -> dict[str, pd.DataFrame]:
    """Every table of a study.

    Raises
    ------
    TableError
        If any file cannot be read or any value cannot be turned into its type.
    """
    tables, found = read_tables(folder, header)
    if found:
        raise TableError(found)
    return tables


def _folder_faults(folder: Path) -> list[Fault]:
    found = []
    for name, paths in table_files(folder).items():
        if len(paths) > 1:
            names = ", ".join(path.name for path in paths)
            found.append(Fault(names, None, "", "", _("the same table is there twice"), _("keep one of the files")))
        if name in REQUIRED_TABLES and not paths:
            remedy = _("add {file}; an empty one comes from: headwater new").format(file=f"{name}.csv")
            found.append(Fault(name, None, "", "", _("the study has no such table"), remedy))
    for path in sorted(path for path in folder.iterdir() if not is_draft(path)):
        if path.suffix in SUFFIXES and path.stem not in INPUT_TABLES:
            remedy = _("rename it to one of {names}, or remove it").format(names=", ".join(INPUT_TABLES))
            found.append(Fault(path.name, None, "", "", _("no table has this name"), remedy))
        if path.suffix in {".part", ".tmp"}:
            remedy = _("finish or repeat the copy, then remove it")
            found.append(Fault(path.name, None, "", "", _("a half-written file"), remedy))
    return found


def _known_crs(crs: str) -> tuple[pyproj.CRS | None, list[Fault]]:
    """The study's CRS, or None and the fault that it is none."""
    try:
        return pyproj.CRS.from_user_input(crs), []
    except pyproj.exceptions.CRSError:
        problem = _("the coordinate reference system is unknown")
        remedy = _("name one that PROJ knows, for example EPSG:4326")
        return None, [Fault(FILE, None, "study.crs", crs, problem, remedy)]


def _read_table(path: Path, name: str, crs: pyproj.CRS | None) -> tuple[pd.DataFrame | None, list[Fault]]:
    try:
        raw = _READERS[path.suffix](path)
    except _NOT_READABLE as error:
        remedy = _("check that the file is whole and is what its name says")
        reason = str(error).splitlines()[0][:120]
        problem = _("cannot be read as {suffix} ({reason})").format(suffix=path.suffix, reason=reason)
        return None, [Fault(path.name, None, "", "", problem, remedy)]
    table, found = schema.parse(raw, name, file=path.name)
    table, more = _placed(schema.with_optional(table, name), path.name, crs)
    return table, found + more


def _placed(table: pd.DataFrame, file: str, crs: pyproj.CRS | None) -> tuple[pd.DataFrame, list[Fault]]:
    """The table as a GeoDataFrame in the study's CRS; an empty geometry is a missing one.

    Text has no CRS of its own and is taken to be in the study's; a file that holds geometry must say which it is in.
    """
    if "geometry" not in table.columns or crs is None:
        return table, []
    own_crs = getattr(table["geometry"], "crs", crs) if isinstance(table, gpd.GeoDataFrame) else crs
    if own_crs is None:
        problem = _("the geometry has no coordinate reference system")
        return table, [Fault(file, None, "geometry", "", problem, _("write the file with its CRS"))]
    shapes = gpd.GeoSeries(table["geometry"], index=table.index)
    placed = gpd.GeoDataFrame(table, geometry=shapes.where(~shapes.is_empty)).set_crs(own_crs, allow_override=True)
    return (placed if placed.crs == crs else placed.to_crs(crs)), []


def _read_csv(path: Path) -> pd.DataFrame:
    if b"\0" in path.read_bytes():
        raise ValueError(_("it holds bytes that are not text"))
    table = pd.read_csv(path, dtype=str, encoding="utf-8-sig", keep_default_na=False, na_values=[""])
    if not isinstance(table.index, pd.RangeIndex):  # read as names of rows
        raise ValueError(_("rows hold more values than the header has columns"))
    return table


def _read_parquet(path: Path) -> pd.DataFrame:
    try:
        table: pd.DataFrame = gpd.read_parquet(path)
    except ValueError as error:  # a Parquet file without geometry
        if "Missing geo metadata" not in str(error):
            raise
        table = pd.read_parquet(path)
    return table


def _read_gpkg(path: Path) -> pd.DataFrame:
    layers = [str(layer) for layer, _kind in pyogrio.list_layers(path)]
    table: pd.DataFrame = pyogrio.read_dataframe(path, layer=path.stem if path.stem in layers else layers[0])
    return table


_READERS: Mapping[str, Callable[[Path], pd.DataFrame]] = {
    ".csv": _read_csv, ".parquet": _read_parquet, ".gpkg": _read_gpkg,
}  # fmt: skip
_NOT_READABLE = (
    UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError, pa.ArrowException,
    pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, IndexError, ValueError, OSError,
)  # fmt: skip


# --- new studies --------------------------------------------------------------------------------------------------

TEMPLATE = """# A Headwater study. Fill in what stands between quotation marks, then run: headwater check {name}
[study]
id = "{id}"
title = {{ en = "{id}", zh = "" }}
summary = {{ en = "", zh = "" }}
iso3 = "{iso3}"             # ISO 3166-1 alpha-3
currency = "USD"
price_year = {year}        # all money in the study is in real terms of this year
base_year = {year}         # year 0 of the appraisal, not discounted
horizon_year = {horizon}
crs = "EPSG:4326"          # of geometry written as text in CSV files

[assumptions.ead_rule]     # trapezoid | triangle | rectangle | loglinear
value = "rectangle"
basis = "judgement"
note = {{ en = "Damage is held at its last value beyond the rarest event." }}

# [assumptions.discount_rate]
# value = 0.0              # required before options can be appraised
# source_id = ""           # a row of sources.csv

# [timing]
# start_years = [{year}]    # years in which an option may start, rising; the base year alone unless given

# [objectives]
# maximise = "npv_usd"     # what a plan has most of
# trade_off = ["npv_usd", "initial_cost_usd"]   # two to five objectives, to see what more of one costs in another

# [[budgets]]
# id = "low"
# amount_usd = 0
# amounts_usd = [0]        # by start year, summing to amount_usd; what is not spent carries over
# sources_usd = {{ climate_fund = 0 }}   # at most this much for options with this funding_source
# name = {{ en = "Low budget" }}

# [[futures]]              # plans are compared in every future; begin with one that changes nothing
# id = "dearer"
# name = {{ en = "Works cost a fifth more" }}
# factors.capital = 1.2    # factor on a line of the business case
# assumptions.discount_rate = 0.05   # another value of an assumption
# bound = "low"            # every effect at its low or high bound
# probability = 1.0        # of every future, summing to 1, or of none

# [[services]]             # access: people travel to the nearest facility over the links
# id = "hospital"
# facility_kinds = ["hospital"]
# zone_kind = "settlement"
# link_kinds = ["road"]
# name = {{ en = "Hospital" }}
# standard = {{ en = "Able to reach a hospital by road" }}

# [[services]]             # network: brought over links from suppliers; who is far from them shares a pool
# id = "electricity"
# mode = "network"
# sector = "energy"
# facility_kinds = ["power_plant"]
# zone_kind = "settlement"
# link_kinds = ["power_line"]
# max_distance_m = 5000    # farthest node a place takes it from
# pool_beyond = true
# infeed_kinds = ["substation"]
# unit = "MW"              # of demand, and of the capacities that count
# demand_per_person = 0.0001
# basis = "judgement"      # or source_id, a row of sources.csv
# name = {{ en = "Electricity" }}

# [[services]]             # pool: no network is known; all suppliers feed one pool
# id = "fuel"
# mode = "pool"
# sector = "energy"
# facility_kinds = ["fuel_depot"]
# zone_kind = "settlement"
# name = {{ en = "Fuel" }}

# [[services]]             # nearest: from the nearest supplier
# id = "drinking_water"
# mode = "nearest"
# sector = "water"
# facility_kinds = ["water_works"]
# zone_kind = "settlement"
# max_distance_m = 20000
# name = {{ en = "Drinking water" }}

## What needs what, when it fails and how long repairs take stand in tables. Rows that show the form, not the numbers:
##
## dependency_rules.csv: what all assets of a kind need, and for how many hours they do without
##   rule_id,applies_to_sector,applies_to_kind,service,max_distance_m,backup_h,basis
##   hospital_electricity,social,hospital,electricity,5000,24,judgement
##
## fragility.csv: intensity from which assets stop, in the unit of the hazard layers
##   hazard,sector,kind,fails_from,fails_from_low,fails_from_high,basis
##   river_flood,energy,substation,0.5,0.3,1.0,judgement
##
## recovery.csv: hours until they work again
##   hazard,sector,kind,repair_h,repair_h_low,repair_h_high,basis
##   any,energy,any,48,24,96,judgement
##
## The business case, finance and plans stand in tables too; every row names its source:
##
## unit_values.csv: what a unit of an effect is worth; an effect without a value stays out of the money
##   item,unit,usd_per_unit,benefit,gains,basis,source_id
##   user_hours_lost_per_yr.hospital,person-hours/yr,1.0,avoided_disruption,users,judgement,SOURCE
##
## flows.csv: money besides costs and effects; a gain above zero, a cost below; age 0 is the start year
##   flow_id,option_id,item,amount,unit,from_age_yr,pays,gains,basis,source_id
##   toll,OPTION,revenue,1000,USD,1,users,operator,judgement,SOURCE
##
## groups.csv: income of the groups of people that unit_values and flows name
## uncertainties.csv: what of the case is uncertain: discount_rate, benefit_growth or factor.LINE
##   variable,name,distribution,low,likely,high,basis,source_id
##   factor.capital,Investment against estimate,triangular,0.8,1.0,1.5,judgement,SOURCE
##
## plan_rules.csv: what every plan must keep
##   rule_id,name,rule,item,column,value,amount,basis,source_id
##   nature,A fifth of the money for nature,at_least_share,initial_cost_usd,approach,nature,0.2,judgement,SOURCE
##
## funding.csv: who pays which share, on which terms; interest is real
##   funding_id,name,instrument,share,interest_rate,tenor_yr,grace_yr,repayment,basis,source_id
##   loan,Development loan,concessional_loan,0.5,0.005,30,5,linear,judgement,SOURCE
##
## risks.csv: what can go wrong, how likely, at what cost
##   risk_id,name,kind,probability,per,impact,unit,basis,source_id
##   overrun,Works cost more,cost,0.5,life,0.2,USD/capital,judgement,SOURCE
##
## risk_bearers.csv: who could bear it, what it then costs for each dollar expected, and who bears it now
##   risk_id,party,cost_factor,is_now,basis,source_id
##   overrun,government,1.0,true,judgement,SOURCE
##
## delivery_modes.csv: ways of delivery to compare, one of them the reference

# [[limits]]
# en = "What a reader must not conclude from this study."
"""


def new_study(folder: Path, *, iso3: str, year: int) -> list[Path]:
    """Make a study folder with a commented header and an empty CSV for every input table.

    The folder appears whole or not at all. In a folder that is there and empty the header comes last, so that what is
    half made is not taken for a study.

    Raises
    ------
    InputError
        If the folder exists and is not empty, or the country is not a code of ISO 3166-1.
    """
    if not is_country(iso3):
        raise InputError(
            _("«{value}» is not a country: write three capital letters, for example MWI.").format(value=iso3)
        )
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise InputError(_("{folder} exists and is not empty; nothing was written.").format(folder=folder))
    place = folder.resolve()
    place.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{place.name}-", dir=place.parent))
    try:
        _write_templates(draft, name=place.name, iso3=iso3, year=year)
        if not place.exists():
            draft.chmod(0o755)
            draft.replace(place)
        else:
            for path in sorted(draft.iterdir(), key=lambda path: path.name == FILE):
                path.replace(place / path.name)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return sorted(folder.iterdir())


def _write_templates(folder: Path, *, name: str, iso3: str, year: int) -> None:
    for table in INPUT_TABLES:
        (folder / f"{table}.csv").write_text(",".join(schema.empty(table).columns) + "\n", encoding="utf-8")
    text = TEMPLATE.format(name=name, id=re.sub(r"[^\w.-]+", "-", name), iso3=iso3, year=year, horizon=year + 25)
    (folder / FILE).write_text(text, encoding="utf-8")


def read_areas(path: Path) -> gpd.GeoDataFrame:
    """Table `areas` from a file of polygons, one event for each; those without a name are numbered.

    Raises
    ------
    InputError
        If the file cannot be read, has no coordinate reference system, or holds something else than polygons.
    """
    try:
        drawn = pyogrio.read_dataframe(path)
    except (pyogrio.errors.DataSourceError, OSError) as error:
        message = _("{file} cannot be read as GeoJSON or GeoPackage: {reason}")
        raise InputError(message.format(file=path, reason=error)) from error
    is_drawn = isinstance(drawn, gpd.GeoDataFrame) and len(drawn) > 0
    if not is_drawn or not drawn.geom_type.isin(["Polygon", "MultiPolygon"]).all():
        message = _("{file} must hold polygons and nothing else: draw each area as a polygon.")
        raise InputError(message.format(file=path))
    if drawn.crs is None:
        raise InputError(_("{file} has no coordinate reference system; save it with one.").format(file=path))
    numbers = pd.Series([f"area_{number}" for number in range(1, len(drawn) + 1)])
    ids = drawn["area_id"].astype("str") if "area_id" in drawn else numbers
    names = drawn["name"].fillna(numbers).astype("str") if "name" in drawn else numbers
    hazard = drawn["hazard"] if "hazard" in drawn else pd.Series([pd.NA] * len(drawn))
    columns = {"area_id": ids, "name": names, "hazard": hazard}
    return gpd.GeoDataFrame(columns, geometry=drawn.geometry.to_numpy(), crs=drawn.crs)
