"""Noding: by hand on a few lines, invariants, and real roads put together again from their lines."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.errors import InputError, PlaceError, TableError
from headwater.geo.distance import geodesic_length_m
from headwater.schema import check
from headwater.system.network import build_network, components
from headwater.system.noding import Noded, node_lines


def lines_of(*wkt: str | None) -> gpd.GeoDataFrame:
    rows = {"link_id": [f"w{i}" for i in range(len(wkt))], "kind": "road", "sector": "transport", "source_id": "survey"}
    return gpd.GeoDataFrame(rows, geometry=gpd.GeoSeries.from_wkt(list(wkt)), crs="EPSG:4326")


def ends(noded: Noded) -> dict[str, tuple[str, str]]:
    links = noded.links
    return dict(zip(links["link_id"], zip(links["from_asset_id"], links["to_asset_id"], strict=True), strict=True))


def amount(noded: Noded, item: str) -> float:
    return float(noded.report.set_index("item").at[item, "amount"])


CROSS = ("LINESTRING (5 1, 5.02 1)", "LINESTRING (5.01 0.99, 5.01 1.01)")
SHARED = ("LINESTRING (5 1, 5.01 1, 5.02 1)", "LINESTRING (5.01 0.99, 5.01 1, 5.01 1.01)")


@pytest.mark.parametrize(
    ("lines", "meet_at", "links"),
    [
        (CROSS, "ends", 2), (CROSS, "vertices", 2), (CROSS, "crossings", 4),
        (SHARED, "ends", 2), (SHARED, "vertices", 4), (SHARED, "crossings", 4),
    ],
)  # fmt: skip
def test_where_lines_meet_is_a_choice(lines: tuple[str, str], meet_at: str, links: int) -> None:
    noded = node_lines(lines_of(*lines), tolerance_m=0, meet_at=meet_at)
    assert len(noded.links) == links
    assert len(noded.assets) == (5 if links == 4 else 4)


def test_an_end_on_a_line_splits_it() -> None:
    noded = node_lines(lines_of("LINESTRING (5 1, 5.02 1)", "LINESTRING (5.01 1, 5.01 1.01)"), tolerance_m=0)
    assert ends(noded) == {
        "w0_1": ("node_1", "node_2"),
        "w0_2": ("node_2", "node_4"),
        "w1": ("node_2", "node_3"),
    }
    check(noded.assets, "assets")
    check(noded.links, "links")
    assert amount(noded, "lines_split") == 1


def test_gaps_close_within_the_tolerance_only() -> None:
    gap = lines_of("LINESTRING (5 1, 5.01 1)", "LINESTRING (5.01001 1, 5.02 1)")  # 1.1 m
    assert len(node_lines(gap, tolerance_m=1).assets) == 4
    joined = node_lines(gap, tolerance_m=2)
    assert ends(joined) == {"w0": ("node_1", "node_2"), "w1": ("node_2", "node_3")}
    assert amount(joined, "largest_move_m") == pytest.approx(1.113, abs=0.001)
    assert amount(joined, "ends_moved") == 1


def test_a_line_that_touches_itself_becomes_a_loop_and_a_stem() -> None:
    lollipop = lines_of("LINESTRING (5 1, 5.01 1, 5.02 1, 5.02 1.01, 5.01 1.01, 5.01 1)")
    noded = node_lines(lollipop, tolerance_m=1)
    assert ends(noded) == {"w0_1": ("node_1", "node_2"), "w0_2": ("node_2", "node_2")}


def test_a_ring_stays_a_ring() -> None:
    noded = node_lines(lines_of("LINESTRING (5 1, 5.01 1, 5.01 1.01, 5 1)"), tolerance_m=0)
    assert ends(noded) == {"w0": ("node_1", "node_1")}


def test_parts_empty_lines_and_specks() -> None:
    lines = lines_of(
        "MULTILINESTRING ((5 1, 5.01 1), (5.02 1, 5.03 1))",
        None,
        "LINESTRING (5 1, 5 1)",
        "LINESTRING (5.01 1, 5.010001 1)",  # 0.1 m long
    )
    noded = node_lines(lines, tolerance_m=1)
    assert ends(noded) == {"w0_1": ("node_1", "node_2"), "w0_2": ("node_3", "node_4")}
    assert amount(noded, "lines_without_length") == 2
    assert amount(noded, "pieces_dropped") == 1


def test_columns_are_carried_and_lengths_measured_anew() -> None:
    lines = lines_of(*SHARED).assign(lanes=[2, 1], length_m=1.0)
    links = node_lines(lines, tolerance_m=0).links.set_index("link_id")
    assert links["lanes"].to_dict() == {"w0_1": 2, "w0_2": 2, "w1_1": 1, "w1_2": 1}
    assert links.at["w0_1", "length_m"] == pytest.approx(0.01 * 111_302.6, rel=1e-4)


def test_no_lines_no_network() -> None:
    noded = node_lines(lines_of(None), tolerance_m=1)
    assert len(noded.links) == len(noded.assets) == 0


COORDINATE = st.integers(0, 6).map(lambda i: i / 1000)


@st.composite
def drawings(draw: st.DrawFn) -> gpd.GeoDataFrame:
    """A few bent lines on a lattice of about 100 m, so that they share ends, vertices and stretches."""
    point = st.tuples(COORDINATE, COORDINATE)
    paths = draw(st.lists(st.lists(point, min_size=2, max_size=4), min_size=1, max_size=5))
    return lines_of(*(shapely.LineString(path).wkt for path in paths))


@given(drawings(), st.sampled_from(["ends", "vertices", "crossings"]))
@settings(max_examples=30, deadline=None)
def test_noding_keeps_length_and_connects(lines: gpd.GeoDataFrame, meet_at: str) -> None:
    noded = node_lines(lines, tolerance_m=0, meet_at=meet_at)
    assert noded.links["length_m"].sum() == pytest.approx(geodesic_length_m(lines.geometry).sum(), abs=0.05)
    if meet_at != "crossings" or noded.links.empty:
        return
    network = build_network(noded.assets, noded.links, default_speed_km_per_h=60)
    merged = shapely.union_all(lines.geometry.to_numpy()[shapely.length(lines.geometry.to_numpy()) > 0])
    assert len(components(network)) == len(touching(merged))


def touching(merged: shapely.Geometry) -> list[shapely.Geometry]:
    """Groups of lines that touch one another."""
    grown = shapely.buffer(merged, 1e-7)
    return list(shapely.get_parts(grown))


@given(drawings(), st.randoms(use_true_random=False))
@settings(max_examples=15, deadline=None)
def test_order_of_lines_changes_nothing(lines: gpd.GeoDataFrame, random: object) -> None:
    shuffled = lines.sample(frac=1, random_state=random.randint(0, 99))  # type: ignore[attr-defined]
    one, other = (node_lines(table, tolerance_m=5).links for table in (lines, shuffled))
    pd.testing.assert_frame_equal(pd.DataFrame(one), pd.DataFrame(other))


def test_djibouti_is_noded_again_from_its_lines(shared_data: Path) -> None:
    file = shared_data / "dji-roads-floods" / "dji_network.gpkg"
    edges = gpd.read_file(file, layer="road_edges")
    nodes = gpd.read_file(file, layer="road_nodes")
    noded = node_lines(edges[["geometry"]].assign(link_id=edges["id"], source_id="osm"), tolerance_m=0)
    assert (len(noded.links), len(noded.assets)) == (652, 513)
    found, expected = (
        {tuple(xy) for xy in shapely.get_coordinates(table.geometry).round(7)} for table in (noded.assets, nodes)
    )
    assert found == expected
    assert noded.links["length_m"].sum() == pytest.approx(edges["length_m"].sum(), rel=1e-6)


def test_faults_are_named() -> None:
    good = lines_of(*CROSS)
    with pytest.raises(InputError, match="zero or more"):
        node_lines(good, tolerance_m=-1)
    with pytest.raises(TableError, match="source_id"):
        node_lines(good.drop(columns="source_id"), tolerance_m=0)
    with pytest.raises(TableError, match="more than once"):
        node_lines(good.assign(link_id="same"), tolerance_m=0)
    with pytest.raises(TableError, match="a link is a line"):
        node_lines(lines_of("POINT (5 1)"), tolerance_m=0)
    with pytest.raises(PlaceError):
        node_lines(good.set_crs(None, allow_override=True), tolerance_m=0)
