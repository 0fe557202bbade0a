"""Small entries for tests: few, and countable by hand."""

from __future__ import annotations

from typing import Any

from headwater.catalogue.records import Record, parse_record
from headwater.catalogue.vocabulary import Words, parse_words

SOURCE = {
    "id": "paper",
    "title": "A paper",
    "publisher": "A press",
    "url": "https://example.org/a",
    "read": "page",
    "read_on": "2026-01-02",
}


def text(words: str) -> dict[str, str]:
    """A text in both languages."""
    return {"en": words, "zh": f"{words}（中文）"}


def words() -> Words:
    """A vocabulary of two or three values each."""
    names = {
        "types": ["guidelines", "modelling-tools"],
        "sectors": ["all", "energy", "water"],
        "phases": ["strategic-planning", "construction"],
        "themes": ["biodiversity"],
        "dimensions": ["climate", "economy"],
        "finance_view": ["quality"],
        "scales": ["project", "country"],
        "users": ["planner"],
        "data": ["none", "spatial"],
        "skills": ["none", "programming"],
        "time": ["hours", "weeks"],
        "cost": ["free", "paid"],
        "organisation_types": ["un"],
    }
    raw: dict[str, Any] = {
        name: {value: {**text(value), "means": text(value), "basis": "judgement"} for value in values}
        for name, values in names.items()
    }
    raw["phases"]["strategic-planning"]["upstream"] = "yes"
    raw["phases"]["construction"]["upstream"] = "no"
    made, faults = parse_words(raw, file="vocabularies.yaml")
    assert not faults
    return made


def raw_tool(**changes: Any) -> dict[str, Any]:
    """Front matter of a sound tool; a change of None takes a field out."""
    said = [{**text("Say"), "basis": "judgement"}]
    given: dict[str, Any] = {
        "title": text("Tool"),
        "summary": text("It computes."),
        "url": "https://example.org/tool",
        "checked": "unknown",
        "sources": [SOURCE],
        "organisations": ["unep"],
        "types": ["guidelines"],
        "sectors": ["energy"],
        "phases": ["strategic-planning"],
        "themes": ["biodiversity"],
        "dimensions": ["climate"],
        "scales": ["country"],
        "users": ["planner"],
        "data": ["none"],
        "skills": "none",
        "time": "hours",
        "cost": "free",
        "is_open_source": "yes",
        "languages": ["en"],
        "origin": "international",
        "developed": "2020",
        "outcome": text("A table"),
        "use_when": said,
        "avoid_when": said,
        "why": said,
        "how": said,
    }
    given |= changes
    return {name: value for name, value in given.items() if value is not None}


def read(kind: str, record_id: str, raw: dict[str, Any], *, body: str = "") -> Record:
    """An entry that has no faults."""
    record, faults = parse_record(kind, record_id, raw, body=body, vocabularies=words().vocabularies, file="f.md")
    assert not faults, faults
    return record


def tool(record_id: str = "tool", **changes: Any) -> Record:
    """A sound tool, titled by its name unless a title is given."""
    return read("tool", record_id, raw_tool(**{"title": text(record_id.capitalize()), **changes}))


def organisation(record_id: str = "unep", **changes: Any) -> Record:
    """A sound organisation."""
    raw = {
        "title": text(record_id.upper()),
        "summary": text("It acts."),
        "checked": "unknown",
        "sources": [SOURCE],
        "type": "un",
        "country": "international",
    }
    return read("organisation", record_id, raw | changes)


def term(record_id: str, **changes: Any) -> Record:
    """A sound term."""
    raw = {"title": text(record_id), "summary": text("It means."), "checked": "unknown", "sources": [SOURCE]}
    return read("term", record_id, raw | changes)


def principle(record_id: str = "planning", *, number: int = 1, **changes: Any) -> Record:
    """A sound principle."""
    raw = {
        "title": text(record_id),
        "summary": text("It asks."),
        "checked": "unknown",
        "sources": [SOURCE],
        "number": str(number),
        "intent": [{**text("Plan"), "basis": "paper"}],
        "criteria": [{"id": "a", **text("A plan"), "basis": "judgement"}],
    }
    return read("principle", record_id, raw | changes)


def case(record_id: str = "case", **changes: Any) -> Record:
    """A sound case."""
    said = [{**text("Said"), "basis": "paper"}]
    raw = {
        "title": text(record_id),
        "summary": text("It happened."),
        "checked": "unknown",
        "sources": [SOURCE],
        "countries": ["GH"],
        "sectors": ["water"],
        "phases": ["construction"],
        "themes": ["biodiversity"],
        "context": said,
        "need": said,
        "done": said,
        "evidence": said,
        "lesson": said,
        "conditions": said,
        "principles": ["planning"],
        "tools": ["tool"],
        "organisations": ["unep"],
    }
    return read("case", record_id, raw | changes)


def by_key(*records: Record) -> dict[str, Record]:
    """Entries by key."""
    return {record.key: record for record in records}
