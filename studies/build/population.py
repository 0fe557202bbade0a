"""People: regions with their counted or projected population, and the region each settlement lies in."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pandas as pd

METRES = "EPSG:6933"


def ghana_regions(data: Path) -> gpd.GeoDataFrame:
    """Sixteen regions with their 2022 population by sex, as rows of `zones` with their outline."""
    found = gpd.read_file(data / "gha-admin-population/gha_admin.gpkg", layer="adm1")
    found = found.sort_values("ADM1_PCODE", ignore_index=True)
    return _zones(
        found, ids=found["ADM1_PCODE"], names=found["ADM1_EN"], year=2022, source_id="cod_ps_gha",
        population=found["T_TL"], population_female=found["F_TL"], population_male=found["M_TL"],
    )  # fmt: skip


def mongolia_aimags(data: Path) -> gpd.GeoDataFrame:
    """Twenty-one aimags and the capital with their 2020 population, as rows of `zones` with their outline."""
    folder = data / "mng-admin-population"
    found = gpd.read_file(folder / "mng_admin.gpkg", layer="adm1_nso_codes").sort_values("NSO_CODE", ignore_index=True)
    soums = pd.read_csv(folder / "nso_population_soum_2020.csv")
    people = soums.groupby(soums["CODE"].str.removeprefix("MN").str[:3])["DTVAL_CO"].sum()
    codes = found["NSO_CODE"].astype(str)
    return _zones(
        found, ids="MN" + codes, names=found["ADM1_EN"], year=2020, source_id="nso_mng",
        population=codes.map(people),
    )  # fmt: skip


def _zones(
    found: gpd.GeoDataFrame, *, ids: pd.Series, names: pd.Series, year: int, source_id: str, **people: pd.Series
) -> gpd.GeoDataFrame:
    columns = {"zone_id": ids, "name": names, "kind": "region", **people, "population_year": year}
    return gpd.GeoDataFrame({**columns, "source_id": source_id}, geometry=found.geometry, crs=found.crs)


def with_parents(settlements: pd.DataFrame, regions: gpd.GeoDataFrame) -> pd.DataFrame:
    """Settlements with the region they lie in, or the nearest where a generalised coast leaves them outside."""
    places = gpd.GeoDataFrame(settlements, geometry="geometry", crs="EPSG:4326").to_crs(METRES)
    nearest = places[["zone_id", "geometry"]].sjoin_nearest(
        regions[["zone_id", "geometry"]].to_crs(METRES), lsuffix="place", rsuffix="region"
    )
    parent = nearest.sort_values("zone_id_region").drop_duplicates("zone_id_place").set_index("zone_id_place")
    return settlements.assign(parent_zone_id=settlements["zone_id"].map(parent["zone_id_region"]))
