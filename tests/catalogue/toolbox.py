"""Tools for tests of the wizard, the comparison and the map: plain records over the hub's own vocabularies."""

from __future__ import annotations

from functools import cache
from typing import Any

from headwater.catalogue.records import Record
from headwater.catalogue.vocabulary import Vocabularies, parse_words
from headwater.store.content import packaged_content, read_words


@cache
def vocabularies() -> Vocabularies:
    """The words that entries are sorted by."""
    raw, faults = read_words(packaged_content())
    words, wrong = parse_words(raw, file="vocabularies.yaml")
    assert not faults + wrong
    return words.vocabularies


def said(words: str, basis: str = "judgement", **more: str) -> dict[str, str]:
    """A statement."""
    return {"en": words, "zh": f"{words}（中文）", "basis": basis, **more}


def tool(record_id: str, **changes: Any) -> Record:
    """A free energy model for planners, of the strategic phase, unless changed."""
    fields: dict[str, Any] = {
        "title": {"en": record_id.capitalize(), "zh": f"{record_id}（中文）"},
        "summary": {"en": "It computes.", "zh": "它计算。"},
        "organisations": [], "types": ["modelling-tools"], "sectors": ["energy"], "phases": ["strategic-planning"],
        "themes": [], "dimensions": ["economy"], "scales": ["system"], "users": ["planner"], "data": ["demand"],
        "skills": "basic", "time": "days", "cost": "free", "is_open_source": "yes", "languages": ["en"],
        "origin": "international", "developed": 2020, "outcome": {"en": "A table", "zh": "一张表"},
        "use_when": [said("Use it")], "avoid_when": [said("Leave it")], "why": [said("Because")], "how": [said("Thus")],
    }  # fmt: skip
    return Record("tool", record_id, {**fields, **changes})


def case(record_id: str, *tools: str) -> Record:
    """A case that used tools."""
    return Record("case", record_id, {"title": {"en": record_id, "zh": record_id}, "tools": list(tools)})


def principle(record_id: str, number: int) -> Record:
    """A principle."""
    return Record("principle", record_id, {"title": {"en": record_id, "zh": record_id}, "number": number})


def by_key(*records: Record) -> dict[str, Record]:
    """Records as the hub holds them."""
    return {record.key: record for record in records}
