"""Entries as linked data: JSON-LD in the words of schema.org, SKOS for the glossary, DCAT for the catalogue itself.

An address of the hub (`base`, without a slash at its end) makes identifiers; nothing else of the web is known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from headwater.catalogue.records import FOLDERS, Record
from headwater.catalogue.vocabulary import Text, Vocabularies
from headwater.words import LANGUAGES

SCHEMA = "https://schema.org/"
SKOS = "http://www.w3.org/2004/02/skos/core#"
LICENCE = "https://www.apache.org/licenses/LICENSE-2.0"


def address(record: Record, base: str, *, language: str = "en") -> str:
    """Address of an entry's page.

    Examples
    --------
    >>> address(Record("term", "hazard", {}), "https://hub.example")
    'https://hub.example/en/glossary/hazard'
    """
    return f"{base}/{language}/{FOLDERS[record.kind]}/{record.record_id}"


def schema_org(
    record: Record, records: Mapping[str, Record], vocabularies: Vocabularies, *, base: str
) -> dict[str, Any]:
    """An entry in the words of schema.org, as JSON-LD."""
    said: dict[str, Any] = {
        "@context": SCHEMA,
        "@id": address(record, base),
        "@type": _type(record),
        "name": _literals(record.title),
        "description": _literals(record.summary),
    }
    if record.fields.get("short"):
        said["alternateName"] = record.fields["short"]
    if record.url:
        said["url" if record.kind == "organisation" else "sameAs"] = record.url
    if record.kind == "term":
        return said | {
            "inDefinedTermSet": {"@type": "DefinedTermSet", "@id": f"{base}/en/glossary", "name": "Glossary"}
        }
    if record.kind == "organisation":
        return said
    named = (records.get(f"organisation/{name}") for name in record.fields.get("organisations", ()))
    publishers = [{"@type": "Organization", "@id": address(o, base), "name": _literals(o.title)} for o in named if o]
    if publishers:
        said["publisher"] = publishers
    if isinstance(record.fields.get("developed"), int):
        said["datePublished"] = str(record.fields["developed"])
    if record.kind == "tool":
        said["inLanguage"] = record.fields.get("languages", [])
        said["isAccessibleForFree"] = {"free": True, "paid": False}.get(record.fields.get("cost", ""))
    said["about"] = [
        _literals(vocabularies[name][value].title)
        for name in ("sectors", "phases", "themes")
        for value in record.fields.get(name, ())
        if value in vocabularies.get(name, {})
    ]
    said["citation"] = [source.get("url") or source["title"] for source in record.sources]
    return {name: value for name, value in said.items() if value not in (None, [], {})}


def skos(terms: Sequence[Record], *, base: str) -> dict[str, Any]:
    """The glossary as a SKOS concept scheme, as JSON-LD."""
    scheme = f"{base}/en/glossary"
    concepts = [_concept(term, scheme, base) for term in terms]
    return {
        "@context": {"skos": SKOS, "dct": "http://purl.org/dc/terms/"},
        "@graph": [{"@id": scheme, "@type": "skos:ConceptScheme", "dct:title": _literals(_GLOSSARY)}, *concepts],
    }


_GLOSSARY = {"en": "Glossary of sustainable infrastructure", "zh": "可持续基础设施术语表"}
_CATALOGUE = {"en": "The one-stop hub on sustainable infrastructure", "zh": "可持续基础设施一站式知识中心"}
_FILES = (
    ("dump.csv", "text/csv"), ("dump.json", "application/json"),
    ("dump.xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ("glossary.jsonld", "application/ld+json"),
)  # fmt: skip


def dcat(*, base: str, modified_on: str, count: int) -> dict[str, Any]:
    """The catalogue as a DCAT data set with its files and services, as JSON-LD.

    Parameters
    ----------
    base
        Address of the hub.
    modified_on
        Day of the newest entry, YYYY-MM-DD.
    count
        Entries it holds.
    """
    files = [
        {
            "@type": "dcat:Distribution",
            "@id": f"{base}/{name}#distribution",
            "dcat:downloadURL": {"@id": f"{base}/{name}"},
            "dcat:mediaType": media,
        }
        for name, media in _FILES
    ]
    service = {
        "@type": "dcat:DataService",
        "@id": f"{base}/oai",
        "dcat:endpointURL": {"@id": f"{base}/oai"},
        "dct:title": "OAI-PMH 2.0",
        "dcat:servesDataset": {"@id": f"{base}/#catalogue"},
    }
    return {
        "@context": {
            "dcat": "http://www.w3.org/ns/dcat#",
            "dct": "http://purl.org/dc/terms/",
            "xsd": "http://www.w3.org/2001/XMLSchema#",
        },
        "@graph": [
            {
                "@type": "dcat:Catalog",
                "@id": f"{base}/",
                "dct:title": _literals(_CATALOGUE),
                "dct:license": {"@id": LICENCE},
                "dcat:dataset": {"@id": f"{base}/#catalogue"},
                "dcat:service": {"@id": f"{base}/oai"},
            },
            {
                "@type": "dcat:Dataset",
                "@id": f"{base}/#catalogue",
                "dct:title": _literals(_CATALOGUE),
                "dct:description": f"{count} entries",
                "dct:language": list(LANGUAGES),
                "dct:modified": {"@value": modified_on, "@type": "xsd:date"},
                "dcat:distribution": files,
            },
            service,
        ],
    }


def _type(record: Record) -> str:
    if record.kind == "tool":
        is_software = "modelling-tools" in record.fields.get("types", ())
        return "SoftwareApplication" if is_software else "CreativeWork"
    return {"organisation": "Organization", "term": "DefinedTerm", "case": "Article"}.get(record.kind, "CreativeWork")


def _concept(term: Record, scheme: str, base: str) -> dict[str, Any]:
    said: dict[str, Any] = {
        "@id": address(term, base),
        "@type": "skos:Concept",
        "skos:inScheme": {"@id": scheme},
        "skos:prefLabel": _literals(term.title),
        "skos:definition": _literals(term.summary),
    }
    also = [
        {"@value": name, "@language": code} for code, names in term.fields.get("also", {}).items() for name in names
    ]
    if also:
        said["skos:altLabel"] = also
    notes = [literal for note in term.fields.get("notes", ()) for literal in _literals(_only_languages(note))]
    if notes:
        said["skos:scopeNote"] = notes
    for name in ("broader", "narrower", "related"):
        others = [{"@id": f"{base}/en/glossary/{other}"} for other in term.fields.get(name, ())]
        if others:
            said[f"skos:{name}"] = others
    return said


def _only_languages(said: Mapping[str, str]) -> Text:
    return {code: words for code, words in said.items() if len(code) == 2 and code != "id"}


def _literals(text: Text) -> list[dict[str, str]]:
    return [{"@value": words, "@language": code} for code, words in text.items()]
