"""Pictures of the hub's map, measured in the string."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import numpy as np
import pytest

from headwater.reports.hub_figures import NARROW, WIDE, Caption, Portion, coverage_map, portion_bars, year_bars
from headwater.words import speaking

HERE = Caption("here", "A title", "A sentence.")
PHASES = ["Enabling environment", "Strategic planning", "Operation and maintenance"]
SECTORS = ["Urban planning", "Energy", "Water and sanitation", "Natural infrastructure"]
COUNTS = [[0, 1, 2, 0], [10, 5, 3, 0], [0, 0, 7, 1]]


def elements(svg: str, name: str, css: str = "") -> list[ET.Element]:
    """Elements of a kind whose class begins so."""
    return [e for e in ET.fromstring(svg).iter(name) if e.attrib.get("class", "").startswith(css)]  # noqa: S314


def words(svg: str) -> list[str]:
    return [e.text or "" for e in elements(svg, "text")]


def box(element: ET.Element) -> tuple[float, float, float, float]:
    x, y, width, height = (float(element.attrib[name]) for name in ("x", "y", "width", "height"))
    return x, y, width, height


DRAWINGS = {
    "map": lambda width: coverage_map(
        PHASES, SECTORS, COUNTS, caption=HERE, general=[4, 5, 6], general_title="General", width=width
    ),
    "portions": lambda width: portion_bars(
        [Portion("Climate", 3, 4), Portion("x" * 90, 0, 4)], caption=HERE, width=width
    ),
    "years": lambda width: year_bars([1998, 2020, 2021], [1, 30, 4], caption=HERE, unknown=7, width=width),
}


@pytest.mark.parametrize("width", [NARROW, WIDE])
@pytest.mark.parametrize("name", DRAWINGS)
def test_drawings_are_announced_and_stay_inside(name: str, width: int) -> None:
    svg = DRAWINGS[name](width)
    root = ET.fromstring(svg)  # noqa: S314
    assert root.attrib["role"] == "img"
    assert root.attrib["aria-labelledby"] == f"here-{width}-t here-{width}-d"
    assert [child.text for child in root[:2]] == ["A title", "A sentence."]
    high = float(root.attrib["height"])
    for rect in elements(svg, "rect"):
        x, y, wide, tall = box(rect)
        assert -0.1 <= x <= x + wide <= width + 0.1
        assert -0.1 <= y <= y + tall <= high + 0.1
    for text in elements(svg, "text"):
        assert 0 <= float(text.attrib["x"]) <= width
        assert 0 <= float(text.attrib["y"]) <= high
    assert "fill=" not in svg
    assert "style=" not in svg


def test_cells_are_shaded_by_their_count_and_none_is_shaded_at_zero() -> None:
    cells = elements(coverage_map(PHASES, SECTORS, COUNTS, caption=HERE), "rect", "cell")
    levels = np.array([int(cell.attrib["class"][-1]) for cell in cells]).reshape(3, 4)
    assert levels.tolist() == [[0, 1, 1, 0], [5, 3, 2, 0], [0, 0, 4, 1]]
    assert [e.text for e in elements(coverage_map(PHASES, SECTORS, COUNTS, caption=HERE), "text", "count")] == [
        str(n) for row in COUNTS for n in row
    ]  # fmt: skip


def test_general_tools_stand_apart_and_have_a_scale_of_their_own() -> None:
    svg = coverage_map(["a", "b"], ["x"], [[1], [100]], caption=HERE, general=[1, 2], general_title="General")
    cells = elements(svg, "rect", "cell")
    assert [cell.attrib["class"] for cell in cells] == ["cell h1", "cell h3", "cell h5", "cell h5"]
    left, right = box(cells[0]), box(cells[1])
    assert right[0] - (left[0] + left[2]) > 5


def test_on_a_phone_columns_have_numbers_and_a_key() -> None:
    shown = words(coverage_map(PHASES, SECTORS, COUNTS, caption=HERE, width=NARROW))
    assert shown[:4] == ["1", "2", "3", "4"]
    assert shown[-4:] == [f"{i + 1} {name}" for i, name in enumerate(SECTORS)]
    assert "1 Energy" not in words(coverage_map(PHASES, SECTORS, COUNTS, caption=HERE))


def test_a_map_of_nothing_is_drawn() -> None:
    assert elements(coverage_map(["a"], ["x"], [[0]], caption=HERE), "rect", "cell h0")
    assert ET.fromstring(coverage_map([], [], [], caption=HERE)) is not None  # noqa: S314


def test_bars_are_as_long_as_their_share() -> None:
    svg = portion_bars([Portion("a", 1, 4), Portion("b", 4, 4), Portion("c", 0, 4), Portion("d", 0, 0)], caption=HERE)
    first, second = elements(svg, "rect", "bar")
    assert box(first)[2] * 4 == pytest.approx(box(second)[2], abs=0.3)
    assert box(second)[2] == pytest.approx(box(elements(svg, "rect", "trough")[1])[2], abs=0.1)
    assert [text for text in words(svg) if text not in "abcd"] == ["25% (1 of 4)", "100% (4 of 4)", "0% (0 of 4)", "—"]


def test_years_stand_in_their_place_and_the_unknown_apart() -> None:
    svg = year_bars([2010, 2012, 2011], [4, 2, 1], part=[1, 2, 0], names=("upstream", "other"), caption=HERE, unknown=3)
    upstream, other = elements(svg, "rect", "bar s1"), elements(svg, "rect", "bar s2")
    assert [box(one)[3] for one in upstream] == pytest.approx([box(upstream[0])[3], 2 * box(upstream[0])[3]], abs=0.3)
    assert [round(box(one)[3] / box(upstream[0])[3]) for one in other] == [3, 1]
    (unknown,) = elements(svg, "rect", "bar unknown")
    assert box(unknown)[0] > max(box(one)[0] for one in [*upstream, *other]) + 20
    assert {"2010", "2011", "2012", "upstream", "other", "unknown", "3"} <= set(words(svg))


def test_a_year_without_any_is_left_empty() -> None:
    one, other = elements(year_bars([2000, 2003], [1, 1], caption=HERE), "rect", "bar")
    assert box(other)[0] - box(one)[0] == pytest.approx(3 * (box(one)[2] + 2), abs=0.3)


def test_many_years_on_a_phone_are_put_together_by_five() -> None:
    years = list(range(1950, 2025))
    assert len(elements(year_bars(years, [1] * 75, caption=HERE, width=NARROW), "rect", "bar")) == 15
    assert len(elements(year_bars(years, [1] * 75, caption=HERE, width=WIDE), "rect", "bar")) == 75


def test_no_years_at_all() -> None:
    assert elements(year_bars([], [], caption=HERE, unknown=2), "rect", "bar unknown")
    assert ET.fromstring(year_bars([], [], caption=HERE)) is not None  # noqa: S314


def test_in_chinese() -> None:
    with speaking("zh"):
        assert "75%（4 个中的 3 个）" in words(portion_bars([Portion("气候", 3, 4)], caption=HERE))
        assert "不详" in words(year_bars([2020], [1], caption=HERE, unknown=1))
