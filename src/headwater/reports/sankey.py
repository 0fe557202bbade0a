"""Flows through columns of nodes as SVG: a Sankey diagram, every width in proportion to its amount.

The layout is plain arithmetic and comes apart from the drawing. Colours come from the stylesheet by class; each name
stands above its node, so that the drawing is as legible on a phone. Knows nothing of what flows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise

from headwater.reports.axes import Writer
from headwater.reports.figures import LINE, WIDE, Caption
from headwater.reports.numbers import compact
from headwater.reports.svg import picture, tag, text, wrap

TALL = 260.0
"""Height of all flows together [px]."""

THICK = 12.0
"""Width of a node [px]."""

GAP = 12.0
"""Least distance between a node and the name below it [px]."""

HEAD = 26.0
"""Strip at the top that says what the columns are [px]."""


@dataclass(frozen=True)
class Flow:
    """An amount that passes one node of every column: their keys, left to right, and the class of its colour."""

    nodes: tuple[str, ...]
    amount: float
    css: str = "s1"


@dataclass(frozen=True)
class Column:
    """A column of nodes: what it is, and the name of each node by its key, top to bottom."""

    title: str
    names: Mapping[str, str]


@dataclass(frozen=True)
class Node:
    """A node as it stands: its column, left and upper edge and height [px], and the sum of what passes it."""

    key: str
    column: int
    x: float
    y: float
    height: float
    amount: float


@dataclass(frozen=True)
class Ribbon:
    """One flow between two columns: from (x, y) to (to_x, to_y), upper edges, of one height throughout [px]."""

    flow: Flow
    x: float
    y: float
    to_x: float
    to_y: float
    height: float


def layout(
    flows: Sequence[Flow],
    columns: Sequence[Column],
    *,
    width: float,
    rooms: Sequence[Mapping[str, float]] = (),
    tall: float = TALL,
) -> tuple[list[Node], list[Ribbon]]:
    """Where nodes and ribbons stand.

    All columns carry the same total, drawn `tall` high; the height of a node is the sum of its ribbons, on either
    side. Nodes stand in the order of their column, and columns are centred on the tallest. Ribbons leave and enter a
    node in the order of the nodes at their other end, which keeps crossings few.

    Parameters
    ----------
    flows
        Amounts of zero or more; those of zero are left out.
    columns
        Two or more. Nodes that nothing passes are left out.
    width
        Width of the drawing [px].
    rooms
        For each column, the height to keep free above each node [px], for its name.
    tall
        Height of all flows together [px].

    Returns
    -------
    nodes, ribbons
        Both empty where nothing flows.

    Raises
    ------
    ValueError
        If an amount is negative, or a flow passes a node that its column does not name.

    Examples
    --------
    >>> columns = [Column("from", {"a": "A", "b": "B"}), Column("to", {"c": "C"})]
    >>> nodes, ribbons = layout([Flow(("a", "c"), 3), Flow(("b", "c"), 1)], columns, width=100, tall=40)
    >>> [(node.key, node.height) for node in nodes]
    [('a', 30.0), ('b', 10.0), ('c', 40.0)]
    """
    _check(flows, columns)
    flows = [flow for flow in flows if flow.amount > 0]
    total = sum(flow.amount for flow in flows)
    if not total:
        return [], []
    stacks = [_stack(flows, column, i, tall / total, rooms[i] if rooms else {}) for i, column in enumerate(columns)]
    depth = max(_depth(stack) for stack in stacks)
    step = (width - THICK) / (len(columns) - 1)
    nodes = [
        Node(node.key, i, i * step, node.y + (depth - _depth(stack)) / 2, node.height, node.amount)
        for i, stack in enumerate(stacks)
        for node in stack
    ]
    return nodes, _ribbons(flows, columns, nodes, tall / total)


def sankey(
    flows: Sequence[Flow],
    columns: Sequence[Column],
    *,
    caption: Caption,
    width: int = WIDE,
    write: Writer = compact,
) -> str:
    """Flows through columns of nodes, each node under its name and its amount.

    Parameters
    ----------
    flows
        What passes which nodes.
    columns
        The nodes, in the order to show.
    caption
        Name, title and description.
    width
        Width of the drawing [px]; the height follows from the names.
    write
        How an amount is written.

    Returns
    -------
    svg
        "" where nothing flows.

    Raises
    ------
    ValueError
        As `layout`.

    Examples
    --------
    >>> columns = [Column("from", {"a": "A"}), Column("to", {"b": "B"})]
    >>> sankey([Flow(("a", "b"), 5)], columns, caption=Caption("f", "Flows")).count('class="flow s1"')
    1
    """
    share = width / len(columns) - 10
    labels = [{key: wrap(name, share) for key, name in column.names.items()} for column in columns]
    rooms = [{key: LINE * (len(rows) + 1) + GAP for key, rows in names.items()} for names in labels]
    nodes, ribbons = layout(flows, columns, width=width, rooms=rooms)
    if not nodes:
        return ""
    heads = [
        text(_at(i, columns, width), 12, row, css="muted", anchor=_anchor(i, columns), full=column.title)
        for i, column in enumerate(columns)
        for row in wrap(column.title, share, lines=1)
    ]
    drawn = "".join(_ribbon(ribbon, columns, write) for ribbon in ribbons)
    bars = "".join(
        tag("rect", class_="node", x=node.x, y=node.y, width=THICK, height=max(node.height, 1.0)) for node in nodes
    )
    names = "".join(_name(node, labels[node.column][node.key], columns, width, write) for node in nodes)
    bottom = max(node.y + node.height for node in nodes)
    body = tag("g", drawn, bars, names, transform=f"translate(0 {HEAD:g})")
    return picture(
        *heads,
        body,
        width=width,
        height=HEAD + bottom + 4,
        name=f"{caption.name}-{width}",
        title=caption.title,
        description=caption.description or caption.title,
    )


def _check(flows: Sequence[Flow], columns: Sequence[Column]) -> None:
    for flow in flows:
        if not flow.amount >= 0:
            raise ValueError(f"a flow is an amount of zero or more, not {flow.amount}")
        if len(flow.nodes) != len(columns) or any(
            key not in column.names for key, column in zip(flow.nodes, columns, strict=True)
        ):
            raise ValueError(f"the flow {flow.nodes} does not pass one node of every column")


def _stack(flows: Sequence[Flow], column: Column, i: int, scale: float, room: Mapping[str, float]) -> list[Node]:
    """The nodes of a column from its top downwards, each below its room."""
    stack: list[Node] = []
    for key in column.names:
        amount = sum(flow.amount for flow in flows if flow.nodes[i] == key)
        if amount:
            stack.append(Node(key, i, 0.0, _depth(stack) + room.get(key, GAP), amount * scale, amount))
    return stack


def _depth(stack: Sequence[Node]) -> float:
    return stack[-1].y + stack[-1].height if stack else 0.0


def _ribbons(flows: Sequence[Flow], columns: Sequence[Column], nodes: Sequence[Node], scale: float) -> list[Ribbon]:
    places = {(node.column, node.key): node for node in nodes}
    orders = [{key: place for place, key in enumerate(column.names)} for column in columns]
    ranks = [tuple(order[key] for key, order in zip(flow.nodes, orders, strict=True)) for flow in flows]
    ribbons = []
    for left, right in pairwise(range(len(columns))):
        starts = _edges(flows, ranks, places, left, right, scale)
        ends = _edges(flows, ranks, places, right, left, scale)
        for i, flow in enumerate(flows):
            x, to_x = places[left, flow.nodes[left]].x + THICK, places[right, flow.nodes[right]].x
            ribbons.append(Ribbon(flow, x, starts[i], to_x, ends[i], flow.amount * scale))
    return ribbons


def _edges(
    flows: Sequence[Flow],
    ranks: Sequence[tuple[int, ...]],
    places: Mapping[tuple[int, str], Node],
    here: int,
    there: int,
    scale: float,
) -> dict[int, float]:
    """Upper edge of each flow at its node in one column, in the order of its node in another."""
    edges, used = {}, dict.fromkeys(places, 0.0)
    for i in sorted(range(len(flows)), key=lambda i: (ranks[i][there], ranks[i], i)):
        place = here, flows[i].nodes[here]
        edges[i] = places[place].y + used[place]
        used[place] += flows[i].amount * scale
    return edges


def _ribbon(ribbon: Ribbon, columns: Sequence[Column], write: Writer) -> str:
    middle = (ribbon.x + ribbon.to_x) / 2
    y, to_y, low, to_low = ribbon.y, ribbon.to_y, ribbon.y + ribbon.height, ribbon.to_y + ribbon.height
    curve = (
        f"M{ribbon.x:.1f} {y:.1f}C{middle:.1f} {y:.1f} {middle:.1f} {to_y:.1f} {ribbon.to_x:.1f} {to_y:.1f}"
        f"V{to_low:.1f}C{middle:.1f} {to_low:.1f} {middle:.1f} {low:.1f} {ribbon.x:.1f} {low:.1f}z"
    )
    names = [column.names[key] for key, column in zip(ribbon.flow.nodes, columns, strict=True)]
    title = f"<title>{escape(' → '.join(names))}: {escape(write(ribbon.flow.amount))}</title>"
    return tag("path", title, class_=f"flow {ribbon.flow.css}", d=curve)


def _name(node: Node, rows: Sequence[str], columns: Sequence[Column], width: float, write: Writer) -> str:
    x, anchor, full = _at(node.column, columns, width), _anchor(node.column, columns), columns[node.column].names
    top = node.y - 5 - LINE * len(rows)
    drawn = "".join(
        text(x, top + LINE * i, row, css="over", anchor=anchor, full=full[node.key] if row.endswith("…") else "")
        for i, row in enumerate(rows)
    )
    return drawn + text(x, node.y - 5, write(node.amount), css="over value", anchor=anchor)


def _at(i: int, columns: Sequence[Column], width: float) -> float:
    """Where the names of a column are anchored: its outer edges, or its middle."""
    return i * width / (len(columns) - 1)


def _anchor(i: int, columns: Sequence[Column]) -> str:
    return "start" if i == 0 else "end" if i == len(columns) - 1 else "middle"
