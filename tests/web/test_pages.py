"""Pages: every route answers in every language, says what it should, and works without JavaScript."""

from __future__ import annotations

import gzip
import json
import re

import lxml.html
import pytest
from starlette.testclient import TestClient

from headwater.library import Library
from headwater.words import LANGUAGES, PARTLY

PAGES = [
    "",
    "about",
    "search",
    "search?q=flood&kind=tool&phases=prioritization&sort=title",
    "search?q=zzzz&sectors=energy",
    "tools",
    "cases",
    "principles",
    "organisations",
    "glossary",
    "tools/road-flood",
    "tools/hostile",
    "cases/ghana-roads",
    "principles/evidence",
    "organisations/un-body",
    "glossary/hazard",
    "wizard",
    "wizard?users=planner&decision=climate-risk&sectors=transport&skills=programming",
    "compare",
    "compare?tool=guide",
    "compare?tool=guide&tool=road-flood&tool=old-model",
    "gaps",
    "gaps/tools?of=dimensions:climate",
    "gaps/tools?of=phases:prioritization&of=sectors:energy",
]


def read(client: TestClient, address: str, status: int = 200) -> lxml.html.HtmlElement:
    """A page, parsed."""
    answer = client.get(address)
    assert answer.status_code == status, answer.text[:500]
    return lxml.html.document_fromstring(answer.text)


def words(element: lxml.html.HtmlElement) -> str:
    """What a reader reads."""
    return " ".join(element.text_content().split())


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("code", ["en", "zh", "ar"])
def test_every_page_is_whole_in_every_language(client: TestClient, code: str, page: str) -> None:
    html = read(client, f"/{code}/{page}")
    assert html.get("lang") == {"zh": "zh-Hans"}.get(code, code)
    assert html.get("dir") == ("rtl" if code == "ar" else "ltr")
    assert len(html.findall(".//h1")) == 1
    assert len(html.findall(".//main")) == 1
    assert html.findtext(".//title").strip()
    ids = html.xpath("//@id")
    assert len(ids) == len(set(ids)), "ids are unique"
    for target in html.xpath("//a[starts-with(@href, '#')]/@href"):
        assert target[1:] in ids, target
    for name in html.xpath("//@for"):
        assert name in ids, name
    assert not html.xpath("//script[not(@src) and not(@type='application/ld+json')] | //style | //@style | //@onclick")


@pytest.mark.parametrize("page", PAGES)
def test_chinese_pages_have_no_english_left(client: TestClient, page: str) -> None:
    html = read(client, f"/zh/{page}")
    assert not html.xpath("//main//span[@lang='en' and @dir]")
    headings = [words(h) for h in html.xpath("//h1 | //h2 | //legend | //button | //summary | //nav//a")]
    assert [h for h in headings if not re.search(r"[一-龥]", h) and len(h) > 12 and h not in {"BibTeX"}] == []


def test_links_within_the_hub_lead_somewhere(client: TestClient) -> None:
    seen: set[str] = set()
    waiting = ["/en/", "/zh/glossary/hazard", "/ar/tools/road-flood"]
    while waiting and len(seen) < 400:
        address = waiting.pop()
        answer = client.get(address)
        assert answer.status_code == 200, address
        seen.add(address)
        if "html" not in answer.headers["content-type"]:
            continue
        html = lxml.html.document_fromstring(answer.text)
        found = [link.partition("#")[0] for link in html.xpath("//a/@href | //link/@href | //script/@src")]
        waiting += [
            link for link in dict.fromkeys(found) if link.startswith("/") and link not in seen and link not in waiting
        ][:40]
    assert len(seen) > 100


def test_front_door_greets_in_the_readers_language(client: TestClient) -> None:
    for accepted, code in {
        "zh-CN,zh;q=0.9,en;q=0.1": "zh",
        "de": "en",
        "": "en",
        "ar-EG": "ar",
        "en;q=0, zh;q=0.1": "zh",
    }.items():
        answer = client.get("/", headers={"accept-language": accepted})
        assert answer.status_code == 307
        assert answer.headers["location"] == f"/{code}/"
        assert "Accept-Language" in answer.headers["vary"]


def test_pages_name_themselves_in_other_languages(client: TestClient) -> None:
    html = read(client, "/en/tools/road-flood")
    alternates = {
        link.get("hreflang"): link.get("href") for link in html.xpath("//link[@rel='alternate' and @hreflang]")
    }
    assert alternates == {
        "en": "http://testserver/en/tools/road-flood",
        "zh-Hans": "http://testserver/zh/tools/road-flood",
        "x-default": "http://testserver/en/tools/road-flood",
    }
    kept = read(client, "/en/search?q=flood&phases=finance&phases=prioritization")
    assert "/zh/search?q=flood&phases=finance&phases=prioritization" in kept.xpath("//ul[@class='langs']//a/@href")


def test_what_is_not_translated_shows_in_english_and_says_so(client: TestClient) -> None:
    html = read(client, "/ar/tools/road-flood")
    heading = html.find(".//h1/span")
    assert (heading.get("lang"), heading.get("dir"), heading.text) == ("en", "ltr", "Road flood model")
    assert html.find(".//h1/small").text == "en"
    assert "مترجمة" in words(html)
    assert read(client, "/fr/").xpath("//h1/span/@lang") == ["en"]
    assert not read(client, "/ar/").xpath("//link[@rel='canonical']")


def test_home_counts_what_there_is(client: TestClient, library: Library) -> None:
    html = read(client, "/en/")
    counts = {
        words(card.xpath("span[2]")[0]): words(card.xpath("span[1]")[0])
        for card in html.xpath("//a[contains(@class, 'num-card')]")
    }
    assert counts == {"Principles": "1", "Tools": "5", "Cases": "1", "Organisations": "1", "Glossary": "4"}
    assert len(library.records) == 12


def test_search_reads_back_filters_and_lets_each_be_taken_out(client: TestClient) -> None:
    html = read(client, "/en/search?q=flood&kind=tool&phases=prioritization")
    assert "Tools" in words(html.get_element_by_id("told"))
    assert "prioritization" in words(html.get_element_by_id("told"))
    chips = {words(a): a.get("href") for a in html.xpath("//a[@class='chip']")}
    assert chips["Take out: Phase of the life cycle: Prioritization ×"] == "/en/search?q=flood&kind=tool"
    assert chips["Take out: Words: “flood” ×"] == "/en/search?kind=tool&phases=prioritization"
    assert "checked" in html.get_element_by_id("f-phases-prioritization").attrib
    assert html.xpath("//mark/text()")[0].lower().startswith("flood")


def test_counts_say_what_a_filter_would_show(client: TestClient) -> None:
    html = read(client, "/en/search?kind=tool")
    label = html.get_element_by_id("f-sectors-energy").getparent()
    assert words(label).endswith("3")  # two of energy, one of all sectors
    assert words(read(client, "/en/search?kind=tool&sectors=energy").get_element_by_id("told")).startswith("3 entries")


def test_a_search_without_results_says_what_to_loosen(client: TestClient) -> None:
    html = read(client, "/en/search?q=Ghana&kind=tool&sectors=energy")
    links = {words(a): a.get("href") for a in html.xpath("//div[contains(@class, 'empty')]//a")}
    assert links == {"without “Ghana”": "/en/search?kind=tool&sectors=energy"}
    near = read(client, "/en/search?q=energi+sistem+modle")
    assert near.xpath("//div[contains(@class, 'empty')]//a")


def test_pages_of_results_stay_within_what_there_is(client: TestClient) -> None:
    for number in ("0", "-1", "999999", "abc", "9" * 200, "²"):
        assert client.get("/en/search", params={"page": number}).status_code == 200


def test_tool_says_what_every_statement_rests_on(client: TestClient) -> None:
    html = read(client, "/en/tools/road-flood")
    text = words(html)
    for said in ("our judgement", "unverified", "[1]", "The link answered on 2026-11-28", "Last reviewed: 2026-11-28"):
        assert said in text
    assert html.xpath("//em/text()") == ["whole"]
    assert html.get_element_by_id("source-1").xpath(".//a/@href") == ["https://example.org/paper?a=1&b=2"]
    assert "/en/tools/guide" in html.xpath("//div[@id='next']//a/@href")
    assert "/en/compare?tool=road-flood" in html.xpath("//a/@href")
    data = json.loads(html.xpath("//script[@type='application/ld+json']/text()")[0])
    assert data["@type"] == "SoftwareApplication"


def test_glossary_is_sorted_by_letter_in_both_languages(client: TestClient) -> None:
    english = read(client, "/en/glossary").xpath("//div[@class='letter']/@id")
    assert english == ["letter-A", "letter-F", "letter-H", "letter-R"]
    chinese = read(client, "/zh/glossary").xpath("//div[@class='letter']/@id")
    assert chinese in (["letter-C", "letter-H", "letter-Z"], ["letter-H", "letter-Z"])


def test_wizard_is_one_form_whose_answers_are_in_the_address(client: TestClient) -> None:
    html = read(client, "/en/wizard")
    form = html.xpath("//form[.//fieldset]")[0]
    assert form.get("method") == "get"
    names = set(form.xpath(".//input/@name"))
    assert names == {"users", "phases", "sectors", "decision", "data", "skills", "time", "cost", "languages"}
    answered = read(client, "/en/wizard?users=planner&phases=strategic-planning&sectors=transport&skills=")
    assert "Road flood model" in words(answered.xpath("//ol[@class='ranked']")[0])
    assert "Energy system model" in words(answered.xpath("//section[@aria-labelledby='out']")[0])
    assert answered.xpath("//input[@name='sectors' and @value='transport']/@checked")
    assert "choose at least one" in words(read(client, "/en/wizard?users=&skills="))


def test_compare_adds_and_removes_by_plain_links(client: TestClient) -> None:
    html = read(client, "/en/compare?tool=road-flood&tool=guide")
    assert html.xpath("//a[@class='chip']/@href") == ["/en/compare?tool=guide", "/en/compare?tool=road-flood"]
    assert html.xpath("//form[contains(@class, 'acts')]//input[@type='hidden']/@value") == ["road-flood", "guide"]
    assert len(html.xpath("//tr[@class='differs']")) > 3
    assert all(len(row) == 3 for row in html.xpath("//table[contains(@class, 'vs')]//tr"))
    full = read(client, "/en/compare?tool=road-flood&tool=guide&tool=old-model&tool=energy-model")
    assert not full.xpath("//select")


def test_gaps_lead_to_the_tools_behind_every_number(client: TestClient) -> None:
    html = read(client, "/en/gaps")
    cells = html.xpath("//table[@class='heat']//td/a")
    assert cells
    for cell in cells[:6]:
        behind = read(client, cell.get("href"))
        assert len(behind.xpath("//ul[@class='rows']/li")) == int(cell.text)
    assert client.get("/en/gaps.csv").content.startswith(b"\xef\xbb\xbftable,")
    assert client.get("/en/gaps.svg").headers["content-type"] == "image/svg+xml"


@pytest.mark.parametrize(
    "page",
    [
        "",
        "search",
        "search?q=flood",
        "tools",
        "tools/road-flood",
        "wizard",
        "gaps",
        "compare?tool=guide&tool=road-flood",
    ],
)
@pytest.mark.parametrize("code", ["en", "zh", "ar"])
def test_first_load_is_light(client: TestClient, code: str, page: str) -> None:
    """What a browser fetches before a reader does anything, compressed."""
    assert first_load(client, f"/{code}/{page}") <= 25_000


def first_load(client: TestClient, address: str) -> int:
    """Bytes of a page with its style, script and icon, as they travel."""
    html = read(client, address)
    needed = [address, *html.xpath("//link[@rel='stylesheet' or @rel='icon']/@href | //script/@src")]
    total = 0
    for one in needed:
        with client.stream("GET", one, headers={"accept-encoding": "gzip"}) as answer:
            total += sum(len(chunk) for chunk in answer.iter_raw())
    return total


def test_every_language_offered_has_a_name_of_its_own() -> None:
    assert not set(LANGUAGES) & set(PARTLY)


def test_pages_are_compressed_only_for_those_who_take_it(client: TestClient) -> None:
    with client.stream("GET", "/en/", headers={"accept-encoding": "gzip"}) as answer:
        raw = b"".join(answer.iter_raw())
    assert answer.headers["content-encoding"] == "gzip"
    plain = client.get("/en/", headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert gzip.decompress(raw) == plain.content
    assert len(raw) < len(plain.content) / 2
