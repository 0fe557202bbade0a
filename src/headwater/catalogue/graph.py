"""How entries hang together: one typed graph of principles, tools, cases, organisations and terms.

Relations are read off the fields of entries; nothing is related that no entry says. Likeness between tools is computed
and said to be so.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from headwater.catalogue.records import KINDS, Record
from headwater.catalogue.shapes import JUDGEMENT
from headwater.words import later

ALIKE = {"types": 3.0, "sectors": 2.0, "phases": 2.0, "themes": 1.5, "dimensions": 1.5, "scales": 1.0, "data": 1.0}
"""Weight of each field in the likeness of two tools: purpose before place in the life cycle before what it needs."""

LEAST_ALIKE = 0.5


@dataclass(frozen=True)
class Link:
    """One relation between two entries: `source` relation `target`, with what that rests on."""

    source: str
    relation: str
    target: str
    basis: str


FIELD_RELATIONS = {
    ("tool", "organisations"): ("organisation", "publishes", False),
    ("tool", "principles"): ("principle", "implements", True),
    ("tool", "supersedes"): ("tool", "supersedes", True),
    ("tool", "similar"): ("tool", "similar", True),
    ("tool", "next"): ("tool", "next", True),
    ("case", "tools"): ("tool", "used_in", False),
    ("case", "principles"): ("principle", "illustrates", True),
    ("case", "organisations"): ("organisation", "acted_in", False),
    ("organisation", "partner_of"): ("organisation", "partner_of", True),
    ("term", "broader"): ("term", "broader", True),
    ("term", "narrower"): ("term", "narrower", True),
    ("term", "related"): ("term", "related", True),
}
"""Kind of the other end, name, and whether the link runs from the entry that states it to the one it names."""

FORWARD = {
    "publishes": later("Tools it publishes"), "implements": later("Principles it helps to apply"),
    "supersedes": later("Replaces"), "similar": later("Similar tools"), "next": later("What comes next"),
    "used_in": later("Cases that used it"), "illustrates": later("Principles it illustrates"),
    "acted_in": later("Cases it acted in"), "partner_of": later("Partner of"), "broader": later("Wider terms"),
    "narrower": later("Narrower terms"), "related": later("Related terms"),
}  # fmt: skip
"""What the targets of a relation are to its source, in words."""

BACKWARD = {
    "publishes": later("Published by"), "implements": later("Tools that help to apply it"),
    "supersedes": later("Replaced by"), "similar": later("Similar tools"), "next": later("What comes before"),
    "used_in": later("Tools that were used"), "illustrates": later("Cases that illustrate it"),
    "acted_in": later("Who acted"), "partner_of": later("Partners"), "broader": later("Narrower terms"),
    "narrower": later("Wider terms"), "related": later("Related terms"),
}  # fmt: skip
"""What the sources of a relation are to its target, in words."""


def links_of(record: Record) -> Iterator[Link]:
    """Relations that an entry states, whether or not the other end exists."""
    for (kind, name), (other, relation, forward) in FIELD_RELATIONS.items():
        if kind != record.kind:
            continue
        for item in record.fields.get(name, []):
            named = item if isinstance(item, str) else item.get("tool")
            if not named:
                continue
            rests_on = item.get("basis", JUDGEMENT) if isinstance(item, Mapping) else _basis(record, name)
            ends = (record.key, f"{other}/{named}") if forward else (f"{other}/{named}", record.key)
            yield Link(ends[0], relation, ends[1], rests_on)


def build_graph(records: Mapping[str, Record]) -> list[Link]:
    """All relations between entries that exist, without repetition, sorted."""
    links = {
        (link.source, link.relation, link.target): link
        for record in records.values()
        for link in links_of(record)
        if link.source in records and link.target in records
    }
    return [links[key] for key in sorted(links)]


def neighbours(key: str, links: Sequence[Link]) -> dict[str, list[str]]:
    """Keys of entries related to one, by what they are to it (a message of `FORWARD` or `BACKWARD`).

    Examples
    --------
    >>> both = [Link("tool/a", "supersedes", "tool/b", "judgement")]
    >>> neighbours("tool/b", both)
    {'Replaced by': ['tool/a']}
    """
    found: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for link in links:
        if link.source == key:
            found[FORWARD[link.relation]][link.target] = None
        elif link.target == key:
            found[BACKWARD[link.relation]][link.source] = None
    return {label: sorted(keys, key=_order) for label, keys in found.items()}


def likeness(one: Record, other: Record) -> float:
    """How alike two tools are, 0-1: the weighted share of values that they have in common, field by field."""
    total = 0.0
    for name, weight in ALIKE.items():
        ours, theirs = set(one.fields.get(name, ())), set(other.fields.get(name, ()))
        total += weight * (len(ours & theirs) / len(ours | theirs) if ours | theirs else 0.0)
    return total / sum(ALIKE.values())


def similar_tools(record: Record, records: Mapping[str, Record], *, most: int = 5) -> list[tuple[Record, float]]:
    """Tools most like one, those that either names first, with how alike they are (0-1)."""
    if record.kind != "tool":
        return []
    named = set(record.fields.get("similar", ()))
    rows = []
    for other in records.values():
        if other.kind != "tool" or other.key == record.key:
            continue
        is_named = other.record_id in named or record.record_id in other.fields.get("similar", ())
        alike = likeness(record, other)
        if is_named or alike >= LEAST_ALIKE:
            rows.append((not is_named, -alike, other.record_id, other))
    return [(other, -negative) for _named, negative, _id, other in sorted(rows, key=lambda row: row[:3])[:most]]


def _basis(record: Record, name: str) -> str:
    return str(record.fields.get("basis", {}).get(name, JUDGEMENT))


def _order(key: str) -> tuple[int, str]:
    kind, _slash, name = key.partition("/")
    return KINDS.index(kind), name
