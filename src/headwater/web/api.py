"""The JSON API over the same façade as the pages: `/api/v1/…`, described at `/api/v1/openapi.json`."""

from __future__ import annotations

import math
from dataclasses import is_dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from pydantic import Field

from headwater.catalogue.facets import FACETS, SORTS
from headwater.catalogue.records import FOLDERS, Record
from headwater.library import Library
from headwater.web import languages
from headwater.web.problems import refusals
from headwater.web.visits import base_of, cleaned
from headwater.words import speaking

MOST = 100
"""Entries in one answer."""

router = APIRouter(prefix="/api/v1", tags=["hub"], responses=refusals())

Lang = Annotated[
    str, Query(alias="lang", pattern=f"^({'|'.join(languages.KNOWN)})$", description="Language of names and messages.")
]


def spoken(lang: Lang = "en") -> str:
    """The language that was asked for."""
    return lang


Spoken = Annotated[str, Depends(spoken)]
Number = Annotated[int, Query(ge=0, le=100_000)]


@router.get("/search")
def search(
    request: Request,
    lang: Spoken,
    q: Annotated[str, Query(max_length=1000, description="Words, “phrases”, -words to leave out.")] = "",
    sort: Annotated[str, Query(pattern=f"^({'|'.join(SORTS)})$")] = "relevance",
    limit: Annotated[int, Query(ge=0, le=MOST)] = 20,
    offset: Number = 0,
) -> dict[str, Any]:
    """Entries found, with counts by facet. Filters are the names of facets, any number of times: `phases=finance`."""
    filters = {name: [cleaned(value) for value in request.query_params.getlist(name)] for name in FACETS}
    with speaking(lang):
        results = _library(request).search(
            cleaned_query(q),
            filters={name: values for name, values in filters.items() if values},
            sort=sort,
            limit=limit,
            offset=offset,
        )
        return {
            "total": results.total,
            "words": results.words,
            "suggestion": results.suggestion,
            "hits": [
                {**brief(hit.record, request), "excerpt": dict(hit.excerpt), "score": hit.score} for hit in results.hits
            ],
            "facets": [plain_data(facet) for facet in results.facets],
        }


@router.get("/entries")
def entries(
    request: Request,
    kind: Annotated[str, Query(pattern=f"^({'|'.join(FOLDERS)})?$")] = "",
    limit: Annotated[int, Query(ge=1, le=1000)] = 1000,
    offset: Number = 0,
) -> dict[str, Any]:
    """Entries in their order, in brief."""
    found = [record for record in _library(request).records.values() if kind in {"", record.kind}]
    return {"total": len(found), "entries": [brief(record, request) for record in found[offset : offset + limit]]}


@router.get("/entries/{kind}/{entry_id}")
def entry(request: Request, kind: str, entry_id: str, lang: Spoken) -> dict[str, Any]:
    """One entry whole, with what it is related to."""
    with speaking(lang):
        found = _library(request).entry(cleaned(kind), cleaned(entry_id))
        return {
            **brief(found.record, request),
            "fields": dict(found.record.fields),
            "links": {words: [brief(record, request) for record in records] for words, records in found.links.items()},
            "similar": [brief(record, request) for record in found.similar],
        }


@router.get("/vocabularies")
def vocabularies(request: Request) -> dict[str, Any]:
    """The words that entries are sorted by."""
    known = _library(request).vocabularies
    return {name: [plain_data(value) for value in values.values()] for name, values in known.items()}


@router.get("/questions")
def questions(request: Request, lang: Spoken) -> list[Any]:
    """What the wizard asks; `parts[].name` is the parameter of `/recommend`."""
    with speaking(lang):
        return [plain_data(question) for question in _library(request).questions()]


@router.get("/recommend")
def recommend(request: Request, lang: Spoken) -> dict[str, Any]:
    """Tools for the answers given, ranked with reasons, and what was left out. Parameters: parts of `/questions`."""
    with speaking(lang):
        library = _library(request)
        parts = {part.name for question in library.questions() for part in question.parts}
        given = request.query_params
        answers = {name: [cleaned(value) for value in given.getlist(name)] for name in parts if name in given}
        made: dict[str, Any] = plain_data(library.recommend(answers))
        return made


@router.get("/compare")
def compare(
    request: Request,
    lang: Spoken,
    tool: Annotated[
        list[Annotated[str, Field(pattern="^[a-z0-9-]+$", max_length=80)]],
        Query(min_length=2, max_length=4, json_schema_extra={"uniqueItems": True}),
    ],
) -> dict[str, Any]:
    """Two to four tools side by side: `tool=climada&tool=snail`."""
    with speaking(lang):
        made: dict[str, Any] = plain_data(_library(request).compare([cleaned(name) for name in tool]))
        return made


@router.get("/gaps")
def gaps(request: Request, lang: Spoken) -> dict[str, Any]:
    """The map of the catalogue and what is missing in it, with the tools behind every number."""
    with speaking(lang):
        report: dict[str, Any] = plain_data(_library(request).gaps())
        report.pop("coverage", None)
        return report


def brief(record: Record, request: Request) -> dict[str, Any]:
    """An entry in a list."""
    return {
        "key": record.key,
        "kind": record.kind,
        "id": record.record_id,
        "title": dict(record.title),
        "summary": dict(record.summary),
        "url": record.url,
        "page": f"{base_of(request)}/en/{FOLDERS[record.kind]}/{record.record_id}",
    }


def plain_data(thing: Any) -> Any:
    """A result of a façade as JSON can hold it: records become mappings, entries their keys.

    Examples
    --------
    >>> plain_data({"tools": (Record("tool", "snail", {}), None)})
    {'tools': ['tool/snail', None]}
    """
    if isinstance(thing, Record):
        return thing.key
    if is_dataclass(thing) and not isinstance(thing, type):
        return {name: plain_data(getattr(thing, name)) for name in thing.__dataclass_fields__}
    if isinstance(thing, dict) or hasattr(thing, "items"):
        return {_name(name): plain_data(value) for name, value in thing.items()}
    if isinstance(thing, list | tuple):
        return [plain_data(value) for value in thing]
    if hasattr(thing, "tolist"):
        return thing.tolist()
    return None if isinstance(thing, float) and not math.isfinite(thing) else thing


def cleaned_query(q: str) -> str:
    """A query without control characters."""
    return cleaned(q) if len(q) <= 300 else q


def _name(name: Any) -> str:
    return "/".join(map(str, name)) if isinstance(name, tuple) else str(name)


def _library(request: Request) -> Library:
    library: Library = request.app.state.library
    return library
