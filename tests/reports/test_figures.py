"""Charts, measured in the string."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from xml.etree import ElementTree as ET

import pytest

from headwater.reports.axes import Series
from headwater.reports.figures import (
    NARROW,
    WIDE,
    Caption,
    DotRow,
    bar_chart,
    curve_chart,
    dot_chart,
    ranked_bars,
    share_bars,
)

LONG = "水力发电站和跨境输电线路的非常非常长的名称" * 3
HERE = Caption("here", "A title", "A sentence.")


def rects(svg: str, css: str) -> list[dict[str, float]]:
    """Sizes of the rectangles of a class."""
    found = [e.attrib for e in ET.fromstring(svg).iter("rect") if e.attrib["class"] == css]  # noqa: S314
    return [{key: float(value) for key, value in each.items() if key != "class"} for each in found]


def texts(svg: str) -> list[str]:
    """Texts in order, without their tooltips."""
    return [e.text or "" for e in ET.fromstring(svg).iter("text")]  # noqa: S314


def test_bars_are_as_high_as_their_values() -> None:
    first, second, third = rects(bar_chart(["a", "b", "c"], [Series("s", [10.0, 20.0, 40.0])], caption=HERE), "bar s1")
    assert second["height"] == pytest.approx(2 * first["height"], abs=0.2)
    assert third["height"] == pytest.approx(4 * first["height"], abs=0.2)
    assert first["y"] + first["height"] == pytest.approx(third["y"] + third["height"], abs=0.2)


def test_axis_starts_at_zero_and_ends_above_the_greatest() -> None:
    shown = texts(bar_chart(["RP 100", "RP 1000"], [Series("s", [124.0, 159.0])], caption=HERE))
    assert shown[:5] == ["0", "50", "100", "150", "200"]
    assert shown[5:7] == ["124", "159"]


def test_whisker_spans_low_to_high() -> None:
    svg = bar_chart(["a"], [Series("s", [10.0], [5.0], [20.0])], caption=HERE)
    bar = rects(svg, "bar s1")[0]
    stem = next(e.attrib for e in ET.fromstring(svg).iter("line") if e.attrib["class"] == "whisker")  # noqa: S314
    zero = bar["y"] + bar["height"]
    assert zero - float(stem["y1"]) == pytest.approx(bar["height"] / 2, abs=0.2)
    assert zero - float(stem["y2"]) == pytest.approx(bar["height"] * 2, abs=0.2)


def test_missing_value_is_left_out_not_drawn_as_zero() -> None:
    assert len(rects(bar_chart(["a", "b"], [Series("s", [1.0, math.nan])], caption=HERE), "bar s1")) == 1
    curve = curve_chart([10.0, 100.0, 1000.0], [Series("s", [1.0, math.nan, 3.0])], caption=HERE)
    assert curve.count("<circle") == 2
    assert "nan" not in curve


def test_negative_bar_hangs_below_zero() -> None:
    up, down = rects(bar_chart(["a", "b"], [Series("s", [5.0, -5.0])], caption=HERE), "bar s1")
    assert up["y"] + up["height"] == pytest.approx(down["y"], abs=0.2)


def test_logarithmic_axis_spaces_powers_of_ten_evenly() -> None:
    svg = curve_chart([10.0, 100.0, 1000.0], [Series("s", [1.0, 2.0, 3.0])], caption=HERE)
    x = [float(value) for value in re.findall(r'cx="([\d.]+)"', svg)]
    assert x[1] - x[0] == pytest.approx(x[2] - x[1], abs=0.2)


def test_band_is_drawn_only_where_low_and_high_are_known() -> None:
    bare = curve_chart([1.0, 2.0], [Series("s", [1.0, 2.0])], caption=HERE)
    full = curve_chart([1.0, 2.0], [Series("s", [1.0, 2.0], [0.5, 1.0], [2.0, 4.0])], caption=HERE)
    assert 'class="band s1"' not in bare
    assert 'class="band s1"' in full


def test_every_curve_is_named() -> None:
    series = [Series("warm", [1.0, 2.0]), Series("hot", [1.0, 2.01])]
    for width in (WIDE, NARROW):
        shown = texts(curve_chart([1.0, 2.0], series, caption=HERE, width=width))
        assert {"warm", "hot"} <= set(shown)


def test_names_of_curves_do_not_touch() -> None:
    svg = curve_chart([1.0, 2.0], [Series("warm", [1.0, 2.0]), Series("hot", [1.0, 2.01])], caption=HERE, width=WIDE)
    labels = [e for e in ET.fromstring(svg).iter("text") if "label" in e.attrib.get("class", "")]  # noqa: S314
    assert abs(float(labels[0].attrib["y"]) - float(labels[1].attrib["y"])) >= 14


def test_dots_keep_apart_by_group_and_span_each() -> None:
    svg = dot_chart([DotRow("dam", [(0, 0.02), (0, 0.05), (1, 0.11)])], ["2030", "2080"], caption=HERE)
    assert svg.count('class="spread s1"') == 1
    assert svg.count('class="spread s2"') == 0
    assert svg.count('class="dot s1"') == 3  # two dots and the key
    assert svg.count('class="dot s2"') == 2


def test_ranked_bars_are_as_long_as_their_values() -> None:
    one, two = rects(ranked_bars(["a", "b"], Series("s", [10.0, 5.0]), caption=HERE), "bar s1")
    assert one["width"] == pytest.approx(2 * two["width"], abs=0.2)


def test_shares_fill_the_width() -> None:
    svg = share_bars([("x", [3.0, 1.0, 0.0])], ["a", "b", "c"], caption=HERE, width=400)
    assert rects(svg, "part q1")[0]["width"] == pytest.approx(300)
    assert rects(svg, "part q2")[0] == pytest.approx(
        {"x": 300, "y": rects(svg, "part q2")[0]["y"], "width": 100, "height": 24}
    )
    assert rects(svg, "part q3") == []


def test_a_whole_of_nothing_draws_no_share() -> None:
    assert rects(share_bars([("x", [0.0, 0.0])], ["a", "b"], caption=HERE), "part q1") == []


CHARTS: list[Callable[[int], str]] = [
    lambda width: bar_chart([LONG, LONG], [Series(LONG, [1.0, 2.0])] * 2, caption=HERE, axis=LONG, width=width),
    lambda width: curve_chart([1.0, 9.0], [Series(LONG, [1.0, 2.0])] * 3, caption=HERE, axis=LONG, width=width),
    lambda width: dot_chart([DotRow(LONG, [(0, 0.3)])], [LONG, LONG], caption=HERE, axis=LONG, width=width),
    lambda width: ranked_bars([LONG], Series(LONG, [1e9]), caption=HERE, axis=LONG, width=width),
    lambda width: share_bars([(LONG, [1.0])], [LONG], caption=HERE, width=width),
]


@pytest.mark.parametrize("chart", CHARTS)
@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_long_names_stay_inside_the_drawing(chart: Callable[[int], str], width: int) -> None:
    from headwater.reports.svg import text_width

    root = ET.fromstring(chart(width))  # noqa: S314
    for element in root.iter("text"):
        length, x = text_width(element.text or ""), float(element.attrib["x"])
        start = x - {"start": 0, "middle": length / 2, "end": length}[element.attrib.get("text-anchor", "start")]
        assert start >= -2
        assert start + length <= width + 2


@pytest.mark.parametrize("chart", CHARTS)
def test_chart_is_named_for_who_cannot_see_it(chart: Callable[[int], str]) -> None:
    root = ET.fromstring(chart(WIDE))  # noqa: S314
    assert root.attrib["role"] == "img"
    names = root.attrib["aria-labelledby"].split()
    assert [root.find("title").attrib["id"], root.find("desc").attrib["id"]] == names  # type: ignore[union-attr]


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_names_of_ranked_bars_are_whole(width: int) -> None:
    name = "20  Balbala +5 km (443) – Balbala +5 km (444), the long way round"
    svg = ranked_bars([name, "b"], Series("s", [2.0, 1.0]), caption=HERE, width=width)
    assert "…" not in svg
    assert " ".join(texts(svg)).startswith(name)
    first, second = rects(svg, "bar s1")
    assert first["x"] == second["x"] <= 8
