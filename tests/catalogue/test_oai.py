"""Harvesting, by a harvester that is not ours, and every error of the protocol."""

from __future__ import annotations

import warnings
import xml.etree.ElementTree as ET
from dataclasses import replace
from types import SimpleNamespace
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.catalogue.entries import by_key, organisation, term, text, tool

from headwater.catalogue.oai import ARGUMENTS, OAI, PAGE, Repository, answer

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # its source has escapes that Python no longer likes
    from sickle import Sickle
    from sickle.response import OAIResponse

RECORDS = by_key(organisation(), tool(), *(term(f"term-{i:03}") for i in range(250)))
DAYS = {key: "2026-01-02" if record.kind == "term" else "2026-03-04" for key, record in RECORDS.items()}
HUB = Repository(RECORDS, DAYS, "https://hub.example", "keeper@hub.example", "Hub")
NOW = "2026-11-28T00:00:00Z"


def asked(**arguments: str) -> ET.Element:
    return ET.fromstring(answer(list(arguments.items()), HUB, now=NOW))  # noqa: S314 (our own)


def code(root: ET.Element) -> str | None:
    error = root.find(f"{{{OAI}}}error")
    return None if error is None else error.get("code")


@pytest.fixture
def harvester(monkeypatch: pytest.MonkeyPatch) -> Sickle:
    """Sickle, with requests answered here."""

    def fetched(_self: Sickle, **arguments: str) -> OAIResponse:
        pairs = parse_qsl(urlencode(arguments))
        body = answer(pairs, HUB, now=NOW)
        reply = SimpleNamespace(text=body, content=body.encode(), encoding="utf-8")
        return OAIResponse(reply, params=arguments)

    monkeypatch.setattr(Sickle, "harvest", fetched)
    return Sickle("https://hub.example/oai")


def test_a_harvester_gets_every_entry_page_by_page(harvester: Sickle) -> None:
    assert len(RECORDS) > 2 * PAGE
    identifiers = [record.header.identifier for record in harvester.ListRecords(metadataPrefix="oai_dc")]
    assert identifiers == [f"oai:headwater:{key}" for key in sorted(RECORDS)]
    headers = list(harvester.ListIdentifiers(metadataPrefix="oai_dc", set="tool"))
    assert [header.identifier for header in headers] == ["oai:headwater:tool/tool"]


def test_a_harvester_reads_who_we_are_our_sets_and_our_formats(harvester: Sickle) -> None:
    who = harvester.Identify()
    assert (who.repositoryName, who.earliestDatestamp, who.granularity) == ("Hub", "2026-01-02", "YYYY-MM-DD")
    assert {part.setSpec for part in harvester.ListSets()} == {"principle", "tool", "case", "organisation", "term"}
    assert [form.metadataPrefix for form in harvester.ListMetadataFormats()] == ["oai_dc"]


def test_an_entry_in_dublin_core(harvester: Sickle) -> None:
    metadata = harvester.GetRecord(identifier="oai:headwater:tool/tool", metadataPrefix="oai_dc").metadata
    assert metadata["title"] == ["Tool", "Tool（中文）"]
    assert metadata["creator"] == ["UNEP"]
    assert metadata["identifier"] == ["https://hub.example/en/tools/tool", "https://example.org/tool"]


def test_entries_are_chosen_by_the_day_they_were_reviewed() -> None:
    late = asked(verb="ListIdentifiers", metadataPrefix="oai_dc", **{"from": "2026-02-01"})
    assert len(late.findall(f".//{{{OAI}}}header")) == 2
    assert code(asked(verb="ListIdentifiers", metadataPrefix="oai_dc", until="2025-01-01")) == "noRecordsMatch"


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({}, "badVerb"),
        ({"verb": "Steal"}, "badVerb"),
        ({"verb": "Identify", "set": "tool"}, "badArgument"),
        ({"verb": "ListRecords"}, "badArgument"),
        ({"verb": "ListRecords", "metadataPrefix": "marc"}, "cannotDisseminateFormat"),
        ({"verb": "ListRecords", "metadataPrefix": "oai_dc", "from": "yesterday"}, "badArgument"),
        (
            {"verb": "ListRecords", "metadataPrefix": "oai_dc", "from": "2026-02-01", "until": "2026-01-01"},
            "badArgument",
        ),
        ({"verb": "ListRecords", "metadataPrefix": "oai_dc", "set": "nothing"}, "noRecordsMatch"),
        ({"verb": "ListRecords", "resumptionToken": "x"}, "badResumptionToken"),
        ({"verb": "ListRecords", "resumptionToken": "9999|oai_dc|||"}, "badResumptionToken"),
        ({"verb": "ListRecords", "resumptionToken": "0|oai_dc|||", "metadataPrefix": "oai_dc"}, "badArgument"),
        ({"verb": "ListSets", "resumptionToken": "0|oai_dc|||"}, "badResumptionToken"),
        ({"verb": "GetRecord", "identifier": "oai:headwater:tool/none", "metadataPrefix": "oai_dc"}, "idDoesNotExist"),
        ({"verb": "ListMetadataFormats", "identifier": "x"}, "idDoesNotExist"),
    ],
)
def test_a_wrong_request_gets_the_protocols_own_error(arguments: dict[str, str], error: str) -> None:
    assert code(asked(**arguments)) == error


def test_a_repeated_argument_is_refused() -> None:
    root = ET.fromstring(answer([("verb", "Identify"), ("verb", "Identify")], HUB, now=NOW))  # noqa: S314
    assert code(root) == "badVerb"
    twice = [("verb", "ListSets"), ("resumptionToken", "a"), ("resumptionToken", "b")]
    assert code(ET.fromstring(answer(twice, HUB, now=NOW))) == "badArgument"  # noqa: S314


@given(
    st.dictionaries(
        st.sampled_from(["verb", "metadataPrefix", "from", "until", "set", "resumptionToken", "identifier", "x"]),
        st.text() | st.sampled_from(list(ARGUMENTS)),
    )
)
def test_any_request_is_answered_with_xml(arguments: dict[str, str]) -> None:
    asked(**arguments)


def test_what_xml_cannot_hold_is_left_out() -> None:
    odd = tool(title=text("A\x00B\x0b<&>"))
    hub = replace(HUB, records=by_key(odd), reviewed_on={odd.key: "2026-01-02"})
    root = ET.fromstring(answer([("verb", "ListRecords"), ("metadataPrefix", "oai_dc")], hub, now=NOW))  # noqa: S314
    assert root.findtext(".//{http://purl.org/dc/elements/1.1/}title") == "AB<&>"
