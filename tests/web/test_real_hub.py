"""The hub that comes with Headwater: every page of it answers, is light, and says where its statements come from."""

from __future__ import annotations

import re

import lxml.html
import pytest
from starlette.testclient import TestClient

from headwater.catalogue.records import FOLDERS
from headwater.library import Library
from headwater.web.app import create_app

LIGHT = 25_000


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
