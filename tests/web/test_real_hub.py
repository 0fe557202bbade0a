"""The hub that comes with Headwater: every page of it answers, is light, and says where its statements come from."""

from __future__ import annotations

import math
import re

import lxml.html
import pytest
from starlette.testclient import TestClient

from headwater.catalogue.records import FOLDERS
from headwater.library import Library
from headwater.web.app import create_app
from headwater.web.pages_search import LETTERED, LISTED, ROWS

LIGHT = 25_000
LIGHT_LIST = 20_000
"""Compressed bytes of a first load: of any page, and of one page of a list."""


@pytest.fixture(scope="module")
def reader(real_library: Library) -> TestClient:
    """A reader of the hub that comes with Headwater."""
    return TestClient(create_app(real_library), raise_server_exceptions=False)


def weight(reader: TestClient, address: str) -> int:
    """Bytes of an answer as they travel."""
    with reader.stream("GET", address, headers={"accept-encoding": "gzip"}) as answer:
        assert answer.status_code == 200, address
        return sum(len(chunk) for chunk in answer.iter_raw())


@pytest.mark.parametrize("code", ["en", "zh"])
def test_every_entry_has_a_page_on_which_every_statement_has_a_basis(
    reader: TestClient, real_library: Library, code: str
) -> None:
    for record in real_library.records.values():
        answer = reader.get(f"/{code}/{FOLDERS[record.kind]}/{record.record_id}")
        assert answer.status_code == 200, record.key
        html = lxml.html.document_fromstring(answer.text)
        statements = html.xpath("//article//ul[@class='say']/li")
        if record.kind == "tool":  # what a tool publishes as its criteria is not our statement
            statements = [item for item in statements if not item.xpath("ancestor::div[@id='criteria']")]
        bare = [
            item.text_content()[:80]
            for item in statements
            if not item.xpath(".//span[@class='ref' or @class='ours' or @class='unsure']")
        ]
        assert bare == [], record.key
        if code == "zh":
            assert not html.xpath("//main//small[@class='mark']"), f"{record.key} is not translated"
            assert re.search(r"[一-龥]", html.findtext(".//p[@class='lead']") or ""), record.key


def test_first_load_of_every_type_of_page_is_light(reader: TestClient, real_library: Library) -> None:
    by_length = sorted(real_library.records.values(), key=lambda record: len(str(record.fields)))
    heaviest = {record.kind: record for record in by_length}
    pages = [
        "",
        "about",
        "search",
        "search?q=flood",
        "wizard",
        "wizard?users=planner&phases=strategic-planning",
        "gaps",
    ]
    pages += [*FOLDERS.values(), *(f"{FOLDERS[kind]}/{record.record_id}" for kind, record in heaviest.items())]
    tools = [record.record_id for record in real_library.records.values() if record.kind == "tool"][:4]
    pages.append("compare?" + "&".join(f"tool={name}" for name in tools))
    for code in ("en", "zh"):
        for page in pages:
            address = f"/{code}/{page}"
            html = lxml.html.document_fromstring(reader.get(address).text)
            needed = html.xpath("//link[@rel='stylesheet' or @rel='icon']/@href | //script/@src")
            assert weight(reader, address) + sum(weight(reader, one) for one in needed) <= LIGHT, address


@pytest.mark.parametrize("code", ["en", "zh"])
@pytest.mark.parametrize("kind", FOLDERS)
def test_a_list_is_read_page_by_page_to_its_end(
    reader: TestClient, real_library: Library, code: str, kind: str
) -> None:
    """Each page is light and says where it stands; following the links gives every entry once, in one order."""
    wanted = [record for record in real_library.records.values() if record.kind == kind]
    address, found, pages = f"/{code}/{FOLDERS[kind]}", [], 0
    while address:
        html = lxml.html.document_fromstring(reader.get(address).text)
        needed = html.xpath("//link[@rel='stylesheet' or @rel='icon']/@href | //script/@src")
        assert weight(reader, address) + sum(weight(reader, one) for one in needed) <= LIGHT_LIST, address
        links = html.xpath("//div[@class='letter']//li//a/@href")
        told = html.xpath("//p[@class='hint']/text()")
        assert not told or f"{len(found) + 1}–{len(found) + len(links)}" in told[0]
        found, pages = found + links, pages + 1
        address = next(iter(html.xpath("//ol[@class='pages']//a[@rel='next']/@href")), "")
    assert sorted(found) == sorted(f"/{code}/{FOLDERS[kind]}/{record.record_id}" for record in wanted)
    assert pages == math.ceil(len(wanted) / LISTED.get(kind, ROWS))
    assert len(found) == len(set(found))


@pytest.mark.parametrize("kind", sorted(LETTERED))
def test_a_letter_leads_to_the_page_on_which_it_begins(reader: TestClient, kind: str) -> None:
    html = lxml.html.document_fromstring(reader.get(f"/en/{FOLDERS[kind]}").text)
    letters = html.xpath("//ul[@class='alpha']//a/@href")
    assert len({address.partition("#")[0] for address in letters}) > 1
    for address in letters:
        there = lxml.html.document_fromstring(reader.get(address).text)
        assert there.xpath(f"//div[@id='{address.partition('#')[2]}']//a"), address


def test_a_page_past_the_end_is_the_last(reader: TestClient, real_library: Library) -> None:
    tools = sum(record.kind == "tool" for record in real_library.records.values())
    html = lxml.html.document_fromstring(reader.get("/en/tools?page=999").text)
    assert html.xpath("//ol[@class='pages']//*[@aria-current]/text()") == [str(math.ceil(tools / ROWS))]
    assert not html.xpath("//a[@rel='next']")
    assert "/zh/tools?page=999" in html.xpath("//ul[@class='langs']//a/@href")
