"""Linked data, read back by an RDF library."""

from __future__ import annotations

import json

import pytest
from rdflib import DCTERMS, RDF, Graph, Literal, Namespace, URIRef
from rdflib.namespace import DCAT, SKOS
from tests.catalogue.entries import by_key, case, organisation, principle, term, text, tool, words

from headwater.catalogue.linked import dcat, schema_org, skos

pytestmark = pytest.mark.filterwarnings("ignore:.*is deprecated:DeprecationWarning")  # within rdflib
BASE = "https://hub.example"
SCHEMA = Namespace("https://schema.org/")


def graph_of(document: dict) -> Graph:
    """Triples; the one context that is an address is given in full, since tests do not ask the network."""
    offline = document | ({"@context": {"@vocab": SCHEMA}} if document["@context"] == str(SCHEMA) else {})
    return Graph().parse(data=json.dumps(offline), format="json-ld")


def test_a_tool_in_the_words_of_schema_org() -> None:
    records = by_key(organisation(), tool(types=["modelling-tools"]))
    found = graph_of(schema_org(records["tool/tool"], records, words().vocabularies, base=BASE))
    subject = URIRef(f"{BASE}/en/tools/tool")
    assert (subject, RDF.type, SCHEMA.SoftwareApplication) in found
    assert (subject, SCHEMA.name, Literal("Tool（中文）", lang="zh")) in found
    assert (subject, SCHEMA.publisher, URIRef(f"{BASE}/en/organisations/unep")) in found
    assert (subject, SCHEMA.about, Literal("energy", lang="en")) in found


def test_every_kind_of_entry_is_valid_json_ld_with_a_type() -> None:
    records = by_key(organisation(), tool(), principle(), case(), term("hazard"))
    for record in records.values():
        found = graph_of(schema_org(record, records, words().vocabularies, base=BASE))
        assert len(set(found.subjects(SCHEMA.name))) >= 1
        assert set(found.objects(None, RDF.type))


def test_the_glossary_is_a_skos_scheme() -> None:
    risk = term("risk", narrower=["hazard"], also={"en": ["danger"], "zh": ["危险"]})
    hazard = term("hazard", broader=["risk"], notes=[{**text("Not risk"), "basis": "paper"}])
    found = graph_of(skos([risk, hazard], base=BASE))
    here = URIRef(f"{BASE}/en/glossary/hazard")
    assert (here, SKOS.broader, URIRef(f"{BASE}/en/glossary/risk")) in found
    assert (here, SKOS.scopeNote, Literal("Not risk", lang="en")) in found
    assert len(set(found.subjects(RDF.type, SKOS.Concept))) == 2
    assert (URIRef(f"{BASE}/en/glossary/risk"), SKOS.altLabel, Literal("危险", lang="zh")) in found
    for concept in found.subjects(RDF.type, SKOS.Concept):
        labels = [label.language for label in found.objects(concept, SKOS.prefLabel)]
        assert sorted(labels) == ["en", "zh"]


def test_the_catalogue_describes_itself_in_dcat() -> None:
    found = graph_of(dcat(base=BASE, modified_on="2026-01-02", count=3))
    (dataset,) = found.subjects(RDF.type, DCAT.Dataset)
    assert (URIRef(f"{BASE}/"), DCAT.dataset, dataset) in found
    files = {str(found.value(d, DCAT.downloadURL)) for d in found.objects(dataset, DCAT.distribution)}
    assert files == {f"{BASE}/{name}" for name in ("dump.csv", "dump.json", "dump.xlsx", "glossary.jsonld")}
    assert str(found.value(dataset, DCTERMS.modified)) == "2026-01-02"
