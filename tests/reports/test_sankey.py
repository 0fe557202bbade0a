"""Flow diagrams: what holds of every layout."""

from __future__ import annotations

import re
from itertools import pairwise, product
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater.reports.figures import NARROW, WIDE, Caption
from headwater.reports.sankey import THICK, Column, Flow, layout, sankey
from headwater.reports.svg import text_width

HERE = Caption("here", "A title", "A sentence.")
COLUMNS = [
    Column("from", {"a": "Energy", "b": "Transport"}),
    Column("by", {"d": "directly", "e": "for lack of: electricity"}),
    Column("to", {"x": "Hospital care", "y": "水"}),
]
KEYS = list(product("ab", "de", "xy"))
AMOUNTS = st.lists(st.just(0.0) | st.floats(1e-3, 1e9), min_size=len(KEYS), max_size=len(KEYS))


def flows_of(amounts: list[float]) -> list[Flow]:
    """One flow along every way through the columns."""
    return [Flow(keys, amount) for keys, amount in zip(KEYS, amounts, strict=True)]


@given(AMOUNTS, st.integers(200, 900), st.floats(20, 400))
def test_widths_add_up_and_stay_inside(amounts: list[float], width: int, tall: float) -> None:
    nodes, ribbons = layout(flows_of(amounts), COLUMNS, width=width, tall=tall)
    if not sum(amounts):
        assert not nodes
        assert not ribbons
        return
    for column in range(3):
        assert sum(n.height for n in nodes if n.column == column) == pytest.approx(tall)
        assert sum(n.amount for n in nodes if n.column == column) == pytest.approx(sum(amounts))
    assert all(n.height >= 0 and n.y >= 0 and 0 <= n.x <= width - THICK + 1e-9 for n in nodes)
    assert all(r.height >= 0 and r.to_x > r.x for r in ribbons)
    for node in nodes:
        edges = [(r.y, r.height) for r in ribbons if r.flow.nodes[node.column] == node.key and r.x == node.x + THICK]
        edges += [(r.to_y, r.height) for r in ribbons if r.flow.nodes[node.column] == node.key and r.to_x == node.x]
        sides = 1 if node.column in (0, 2) else 2
        assert sum(height for _y, height in edges) == pytest.approx(sides * node.height)
        assert all(node.y - 1e-6 <= y and y + height <= node.y + node.height + 1e-6 for y, height in edges)


@given(AMOUNTS)
def test_nodes_of_a_column_do_not_touch(amounts: list[float]) -> None:
    rooms = [dict.fromkeys(column.names, 40.0) for column in COLUMNS]
    nodes, _ribbons = layout(flows_of(amounts), COLUMNS, width=300, rooms=rooms)
    for above, below in pairwise(nodes):
        if above.column == below.column:
            assert below.y - (above.y + above.height) == pytest.approx(40)


@given(AMOUNTS)
def test_ribbons_do_not_overlap_at_a_node(amounts: list[float]) -> None:
    _nodes, ribbons = layout(flows_of(amounts), COLUMNS, width=300)
    starts = sorted((r.x, r.y, r.y + r.height) for r in ribbons)
    ends = sorted((r.to_x, r.to_y, r.to_y + r.height) for r in ribbons)
    for (x, _y, low), (next_x, top, _low) in [
        *pairwise(starts),
        *pairwise(ends),
    ]:
        assert x != next_x or top >= low - 1e-6


@given(AMOUNTS, st.sampled_from([NARROW, WIDE]))
def test_drawing_is_svg_within_its_box(amounts: list[float], width: int) -> None:
    svg = sankey(flows_of(amounts), COLUMNS, caption=HERE, width=width)
    if not sum(amounts):
        assert svg == ""
        return
    root = ET.fromstring(svg)  # noqa: S314
    assert float(root.attrib["width"]) == width
    height = float(root.attrib["height"])
    for rect in root.iter("rect"):
        assert float(rect.attrib["y"]) + 26 + float(rect.attrib["height"]) <= height + 1
    for node in root.iter("text"):
        x, room = float(node.attrib["x"]), text_width(node.text or "")
        left = {"start": x, "middle": x - room / 2, "end": x - room}[node.attrib.get("text-anchor", "start")]
        assert left >= -0.1
        assert left + room <= width + 0.1


def test_flows_by_hand() -> None:
    nodes, ribbons = layout([Flow(("a", "d", "x"), 3.0), Flow(("b", "d", "x"), 1.0)], COLUMNS, width=224, tall=40)
    assert [(n.key, n.height, n.x) for n in nodes] == [("a", 30, 0), ("b", 10, 0), ("d", 40, 106), ("x", 40, 212)]
    assert [(r.x, r.to_x, r.height) for r in ribbons] == [(12, 106, 30), (12, 106, 10), (118, 212, 30), (118, 212, 10)]
    assert ribbons[1].to_y - ribbons[0].to_y == 30  # stacked in the order of the nodes they come from


def test_amounts_and_names_stand_beside_the_nodes() -> None:
    svg = sankey([Flow(("a", "e", "x"), 1200.0, "sector-energy")], COLUMNS, caption=HERE)
    assert svg.count('class="flow sector-energy"') == 2
    assert svg.count(">1,200<") == 3
    assert "<title>Energy → for lack of: electricity → Hospital care: 1,200</title>" in svg
    assert re.search(r'aria-labelledby="here-680-t here-680-d"', svg)


@pytest.mark.parametrize("flow", [Flow(("a", "d", "x"), -1.0), Flow(("z", "d", "x"), 1.0), Flow(("a", "d"), 1.0),
                                  Flow(("a", "d", "x"), float("nan"))])  # fmt: skip
def test_what_cannot_flow_is_refused(flow: Flow) -> None:
    with pytest.raises(ValueError, match="flow"):
        layout([flow], COLUMNS, width=300)
