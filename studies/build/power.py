"""Power: units of the public trackers and capacities between countries, as rows of `assets`."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from tables import points

FUEL_KIND = {"Hydro": "hydropower", "Oil": "oil_power", "Gas": "gas_power", "Coal": "coal_power", "Wind": "wind_power"}


def plants(path: Path, *, fuel: str) -> pd.DataFrame:
    """Plants of one fuel in the Global Power Plant Database."""
    found = pd.read_csv(path)
    found = found[found["primary_fuel"] == fuel].sort_values("gppd_idnr", ignore_index=True)
    return _assets(
        found, ids="gppd_" + found["gppd_idnr"], names=found["name"], megawatts=found["capacity_mw"],
        kind=FUEL_KIND[fuel], source_id="wri_gppd", x="longitude", y="latitude",
    )  # fmt: skip


def gas_units(path: Path) -> pd.DataFrame:
    """Operating units of the Global Gas Plant Tracker."""
    found = pd.read_csv(path)
    found = found[found["Status"] == "operating"].sort_values("GEM unit ID", ignore_index=True)
    return _assets(
        found, ids="gem_" + found["GEM unit ID"], names=found["Plant name"] + ", unit " + found["Unit name"],
        megawatts=found["Capacity elec. (MW)"], kind="gas_power", source_id="gem_gas", x="Longitude", y="Latitude",
    )  # fmt: skip


def coal_units(path: Path) -> pd.DataFrame:
    """Operating units of the Global Coal Plant Tracker."""
    found = pd.read_csv(path)
    found = found[found["Status"] == "operating"].sort_values("Tracker ID", ignore_index=True)
    return _assets(
        found, ids="gem_" + found["Tracker ID"], names=found["Unit"].str.strip(), megawatts=found["Capacity (MW)"],
        kind="coal_power", source_id="gem_coal", x="Longitude", y="Latitude",
    )  # fmt: skip


def _assets(
    found: pd.DataFrame, *, ids: pd.Series, names: pd.Series, megawatts: pd.Series, kind: str, source_id: str,
    x: str, y: str,
) -> pd.DataFrame:  # fmt: skip
    return pd.DataFrame(
        {
            "asset_id": ids,
            "name": names.str.strip(),
            "sector": "energy",
            "kind": kind,
            "geometry": points(found[x], found[y]),
            "capacity": pd.to_numeric(megawatts),
            "capacity_unit": "MW",
            "status": "operating",
            "source_id": source_id,
        }
    )


def interconnectors(path: Path, iso3: str) -> pd.DataFrame:
    """Capacity to each neighbouring country that is above zero; the lines themselves are not located."""
    found = pd.read_csv(path)
    found = found.assign(
        neighbour=found["to_country"].where(found["from_country"] == iso3, found["from_country"]),
        megawatts=pd.to_numeric(found["max_flow"]),
    )
    found = found[found["megawatts"] > 0].sort_values("neighbour", ignore_index=True)
    return pd.DataFrame(
        {
            "asset_id": f"interconnector_{iso3.lower()}_" + found["neighbour"].str.lower(),
            "name": f"Interconnector {iso3}–" + found["neighbour"],
            "sector": "energy",
            "kind": "interconnector",
            "geometry": None,
            "capacity": found["megawatts"],
            "capacity_unit": "MW",
            "status": "operating",
            "source_id": "gtd",
        }
    )
