"""Shapes as flat arrays."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from headwater.geo.shapes import NAMED, densified, listed, ragged


@pytest.mark.parametrize(
    "texts",
    [
        ["LINESTRING (0 0, 1 1)", "LINESTRING (1 1, 2 2, 3 3)"],
        ["MULTILINESTRING ((0 0, 1 1), (2 2, 3 3, 4 4))", "LINESTRING (5 5, 6 6)"],
        ["POINT (1 2)", "MULTIPOINT (3 4, 5 6)"],
        ["POLYGON ((0 0, 3 0, 3 3, 0 0), (1 0.5, 2 0.5, 2 1, 1 0.5))", "POLYGON ((5 5, 6 5, 6 6, 5 5))"],
        ["MULTIPOLYGON (((0 0, 3 0, 3 3, 0 0)), ((5 5, 6 5, 6 6, 5 5)))", "POLYGON ((7 7, 8 7, 8 8, 7 7))"],
        ["LINESTRING Z (0 0 9, 1 1 9)", "LINESTRING (1 1, 2 2)"],
    ],
)
def test_coordinates_belong_to_their_features(texts: list[str]) -> None:
    geometries = shapely.from_wkt(texts)
    flat = ragged(geometries)
    coords, owner = shapely.get_coordinates(geometries, return_index=True)
    assert flat.coords.tolist() == coords.tolist()
    assert flat.owners(np.arange(len(coords))).tolist() == owner.tolist()
    assert flat.coords.flags.c_contiguous


def test_shells_and_holes() -> None:
    flat = ragged(
        shapely.from_wkt(
            [
                "POLYGON ((0 0, 3 0, 3 3, 0 0), (1 0.5, 2 0.5, 2 1, 1 0.5))",
                "MULTIPOLYGON (((5 5, 6 5, 6 6, 5 5)), ((0 0, 3 0, 3 3, 0 0), (1 0.5, 2 0.5, 2 1, 1 0.5)))",
            ]
        )
    )
    assert flat.is_shell.tolist() == [True, False, True, True, False]
    assert flat.features.tolist() == [0, 2, 5]


def test_more_coordinates_along_a_segment_lie_on_it() -> None:
    flat = ragged(shapely.from_wkt(["LINESTRING (0 0, 4 8)", "LINESTRING (1 1, 2 2, 2 4)"]))
    dense, source = densified(flat, np.array([4, 1, 1, 2, 1]))
    assert dense.coords.tolist() == [[0, 0], [1, 2], [2, 4], [3, 6], [4, 8], [1, 1], [2, 2], [2, 3], [2, 4]]
    assert dense.parts.tolist() == [0, 5, 9]
    assert source.tolist() == [0, 0, 0, 0, 1, 2, 3, 3, 4]


def test_long_lists_of_names_are_cut() -> None:
    assert listed(list("abcdefgh"), np.arange(8)).endswith("… and 3 more")
    assert listed(list("abcdefgh"), np.arange(NAMED)) == "a, b, c, d, e"
