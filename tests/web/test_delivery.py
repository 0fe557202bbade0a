"""What every answer goes through: headers, caching, limits, errors; and hostile requests, which get a clear page."""

from __future__ import annotations

import json
from collections.abc import Callable

import lxml.etree
import lxml.html
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.routing import Route
from starlette.testclient import TestClient

from headwater.errors import (
    HeadwaterError,
    InputError,
    NotAllowed,
    NotFound,
    SolveError,
    SourceError,
    TableError,
    UnitError,
)
from headwater.library import Library
from headwater.web import assets, errors
from headwater.web.app import create_app
from headwater.web.delivery import LARGEST_BODY, LONGEST_QUERY, OF_FILES, SECURITY
from headwater.web.markdown import blocks, inline

# --- headers and caching ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", ["/en/", "/en/nothing", "/api/v1/search", "/health", "/oai?verb=Identify", "/"])
def test_every_answer_has_the_security_headers(client: TestClient, address: str) -> None:
    answer = client.get(address)
    for name, value in SECURITY.items():
        assert answer.headers[name] == value
    assert "unsafe" not in answer.headers["content-security-policy"]


def test_assets_are_named_by_their_content_and_kept_forever(client: TestClient) -> None:
    for name, asset in assets.assets().items():
        answer = client.get(asset.address)
        assert answer.status_code == 200, name
        assert answer.content == asset.content
        assert "immutable" in answer.headers["cache-control"]
        assert {name for name in SECURITY if name in answer.headers} == set(OF_FILES)
        again = client.get(asset.address, headers={"if-none-match": answer.headers["etag"]})
        assert again.status_code == 304
    for wrong in (
        "/static/hub.css",
        "/static/hub.0000000000.css",
        "/static/../app.py",
        "/static/%2e%2e/app.py",
        "/static/",
    ):
        refused = client.get(wrong, follow_redirects=False)
        assert refused.status_code in {404, 307}
        assert set(SECURITY) <= set(refused.headers)


def test_large_assets_are_ready_compressed(client: TestClient) -> None:
    style = assets.assets()["hub.css"]
    with client.stream("GET", style.address, headers={"accept-encoding": "gzip"}) as answer:
        assert b"".join(answer.iter_raw()) == style.compressed
        assert answer.headers["content-encoding"] == "gzip"


def test_a_page_that_a_reader_has_is_not_sent_again(client: TestClient) -> None:
    first = client.get("/en/tools")
    again = client.get("/en/tools", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    other = client.get("/en/tools", headers={"if-none-match": '"other"'})
    assert other.status_code == 200
    head = client.head("/en/tools")
    assert (head.status_code, head.content) == (200, b"")


# --- errors -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (NotFound("x"), 404),
        (InputError("x"), 400),
        (TableError([]), 422),
        (UnitError("x"), 400),
        (NotAllowed("x"), 403),
        (SourceError("x"), 503),
        (SolveError("x"), 422),
        (HeadwaterError("x"), 500),
        (ZeroDivisionError("secret"), 500),
    ],
)
@pytest.mark.parametrize("prefix", ["/en/boom", "/zh/boom", "/api/v1/boom"])
def test_every_type_of_error_has_a_status_a_page_and_no_traceback(
    library: Library, prefix: str, error: Exception, status: int
) -> None:
    def boom(_request: Request) -> None:
        raise error

    app = create_app(library)
    app.router.routes.insert(0, Route(prefix, boom))
    answer = TestClient(app, raise_server_exceptions=False).get(prefix)
    assert answer.status_code == status
    assert "Traceback" not in answer.text
    assert "secret" not in answer.text
    assert answer.headers["cache-control"] == "no-store"
    if prefix.startswith("/api/"):
        assert answer.json()["status"] == status
    else:
        html = lxml.html.document_fromstring(answer.text)
        assert html.get("lang") == {"/en": "en", "/zh": "zh-Hans"}[prefix[:3]]
        assert html.xpath("//form[@role='search']")
        title = html.findtext(".//h1")
        assert any("一" <= letter <= "龥" for letter in title) == prefix.startswith("/zh")


def test_a_missing_entry_offers_the_nearest(client: TestClient) -> None:
    answer = client.get("/en/tools/road-flod")
    assert answer.status_code == 404
    assert '<a href="/en/tools/road-flood">Road flood model</a>' in answer.text
    assert client.get("/zh/nothing").status_code == 404
    assert client.get("/xx/tools").status_code == 404
    assert client.get("/en/compare?tool=nothing").status_code == 404
    assert client.get("/en/gaps/tools?of=x").status_code == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_pages_are_only_read(client: TestClient, method: str) -> None:
    answer = client.request(method, "/en/tools")
    assert answer.status_code == 405
    assert "GET" in answer.headers["allow"]


def test_what_is_too_large_is_refused_before_it_is_read(client: TestClient) -> None:
    assert client.get("/en/search?q=" + "a" * LONGEST_QUERY).status_code == 414
    assert client.get("/en/" + "a" * 3000).status_code == 414
    assert client.post("/oai", content=b"x" * (LARGEST_BODY + 1)).status_code == 413
    assert client.post("/oai", content=iter([b"x" * 40_000] * 3)).status_code == 413
    assert client.get("/en/", headers={"content-length": "many"}).status_code == 400
    assert (
        "太长" in client.get("/zh/search?q=" + "a" * LONGEST_QUERY).text
        or "过长" in client.get("/zh/search?q=" + "a" * LONGEST_QUERY).text
    )


@pytest.mark.parametrize(
    "address",
    [
        "/en/search?phases=nowhere",
        "/en/search?sort=random",
        "/en/wizard?users=nobody",
        "/en/wizard?skills=none&skills=basic",
        "/en/compare?tool=guide&tool=guide&tool=road-flood&tool=old-model&tool=energy-model&tool=hostile",
    ],
)
def test_an_unknown_value_is_named_with_what_is_known(client: TestClient, address: str) -> None:
    answer = client.get(address)
    assert answer.status_code == 400
    assert len(lxml.html.document_fromstring(answer.text).xpath("//p[@class='lead']")) >= 1


HOSTILE = [
    '"',
    "'",
    "' OR 1=1 --",
    '"; DROP TABLE records; --',
    "NEAR(a b)",
    "a AND",
    "OR",
    "NOT",
    "*",
    "^a",
    "{en}: x",
    "col:val",
    "<script>alert(1)</script>",
    "\x00",
    "\x00\x01\x1f",
    "a\x00b",
    "%",
    "\\",
    "{{7*7}}",
    "{% raise %}",
    "${7*7}",
    "../../etc/passwd",
    "🏗️" * 50,
    "水" * 900,
    "a " * 400,
    "-" * 200,
    '"' * 99,
    "\u202e\u2066evil",
    "ﷺ" * 100,
    "a\r\nSet-Cookie: x=1",
    "(" * 300,
    "\ud800".encode("utf-8", "surrogatepass").decode("latin-1"),
]


@pytest.mark.parametrize("query", HOSTILE)
def test_hostile_searches_get_a_page(client: TestClient, query: str) -> None:
    answer = client.get("/en/search", params={"q": query})
    assert answer.status_code == 200
    assert "<script>alert" not in answer.text
    assert "Traceback" not in answer.text
    assert "set-cookie" not in answer.headers
    assert client.get("/api/v1/search", params={"q": query}).status_code in {200, 422}


def test_a_long_search_says_that_it_was_cut(client: TestClient) -> None:
    assert "only its beginning" in client.get("/en/search", params={"q": "flood " * 100}).text


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.text(max_size=60), st.sampled_from(["q", "kind", "phases", "sort", "page", "users", "decision", "tool", "of"])
)
def test_no_parameter_breaks_a_page(client: TestClient, value: str, name: str) -> None:
    for page in ("search", "wizard", "compare", "gaps/tools", "tools"):
        assert client.get(f"/en/{page}", params={name: value}).status_code in {200, 400, 404}


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40))
def test_no_address_breaks_the_hub(client: TestClient, path: str) -> None:
    from urllib.parse import quote

    for prefix in ("", "en/", "en/tools/", "api/v1/entries/tool/", "static/", "dump."):
        assert client.get(f"/{prefix}{quote(path, safe='')}").status_code < 500


# --- what content may contain -------------------------------------------------------------------------------------


def test_script_and_html_in_content_are_text(client: TestClient) -> None:
    for address in (
        "/en/tools/hostile",
        "/en/tools",
        "/en/search?q=hostile",
        "/en/",
        "/en/compare?tool=hostile&tool=guide",
    ):
        html = client.get(address).text
        assert "<script>alert" not in html, address
        assert "<img" not in html
        assert "javascript:" not in "".join(lxml.html.document_fromstring(html).xpath("//@href"))
    data = lxml.html.document_fromstring(client.get("/en/tools/hostile").text).xpath(
        "//script[@type='application/ld+json']/text()"
    )
    assert json.loads(data[0])["name"][0]["@value"] == "<script>alert(1)</script> tool"


@pytest.mark.parametrize("render", [inline, blocks])
@pytest.mark.parametrize(
    ("source", "has", "lacks"),
    [
        ("[a](javascript:alert(1))", "", "href"),
        ("[a](JaVaScRiPt:alert(1))", "", "href"),
        ("[a](data:text/html;base64,x)", "", "href"),
        ("[a](vbscript:x)", "", "href"),
        ("![x](https://example.org/x.png)", "", "<img"),
        ("<script>alert(1)</script>", "&lt;script", "<script"),
        ("<a href='https://e.org' onclick='x()'>y</a>", "&lt;a", "<a "),
        ("[a](https://e.org)", 'rel="noopener"', "target"),
        ("<https://e.org/'\"onmouseover=x>", "", "onmouseover=x>"),
        ("*soft* **loud** `code`", "<em>soft</em>", "*"),
    ],
)
def test_markdown_cannot_do_harm(render: Callable[[str], str], source: str, has: str, lacks: str) -> None:
    html = render(source)
    assert has in html
    assert lacks not in html


def test_longer_markdown_keeps_its_structure_below_the_headings_of_the_page() -> None:
    html = blocks("# One\n\n## Two\n\n- a\n- b\n\n| x | y |\n|---|---|\n| 1 | 2 |\n")
    assert "<h3>One</h3>" in html
    assert "<h4>Two</h4>" in html
    assert "<table>" in html


def test_messages_of_the_machine_are_not_shown() -> None:
    assert errors.status_of(ValueError("path /secret")) == 500


# --- what other systems read --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "media"),
    [
        ("/en/tools/road-flood.bib", "application/x-bibtex"),
        ("/zh/tools/road-flood.ris", "application/x-research-info-systems"),
        ("/en/cases/ghana-roads.csl.json", "application/vnd.citationstyles.csl+json"),
        ("/en/glossary/hazard.jsonld", "application/ld+json"),
        ("/oai?verb=ListRecords&metadataPrefix=oai_dc", "text/xml"),
        ("/dcat.jsonld", "application/ld+json"),
        ("/glossary.jsonld", "application/ld+json"),
        ("/feed-en.xml", "application/rss+xml"),
        ("/feed-zh.xml", "application/rss+xml"),
        ("/sitemap.xml", "application/xml"),
        ("/robots.txt", "text/plain"),
        ("/dump.csv", "text/csv"),
        ("/dump.xlsx", "application/vnd.openxmlformats"),
        ("/dump.json", "application/json"),
        ("/health", "application/json"),
        ("/api/v1/openapi.json", "application/json"),
    ],
)
def test_files_are_served_as_what_they_are(client: TestClient, address: str, media: str) -> None:
    answer = client.get(address)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(media)
    if "json" in media:
        json.loads(answer.text)
    if "xml" in media and "openxml" not in media:
        lxml.etree.fromstring(answer.content)


def test_unknown_files_are_not_found(client: TestClient) -> None:
    for address in ("/dump.exe", "/feed-xx.xml", "/en/tools/nothing.bib", "/en/nowhere/road-flood.bib"):
        assert client.get(address).status_code == 404


def test_harvesters_may_post(client: TestClient) -> None:
    answer = client.post("/oai", data={"verb": "Identify"})
    assert answer.status_code == 200
    assert b"<Identify>" in answer.content


def test_addresses_in_files_are_those_that_were_set_up(library: Library) -> None:
    client = TestClient(create_app(library, base="https://hub.example/"))
    assert "https://hub.example/en/tools/road-flood" in client.get("/sitemap.xml").text
    assert "http://evil.example" not in client.get("/sitemap.xml", headers={"host": "evil.example"}).text
    assert 'href="https://hub.example/en/tools/guide"' in client.get("/en/tools/guide").text


def test_every_page_of_the_site_map_exists(client: TestClient) -> None:
    tree = lxml.etree.fromstring(client.get("/sitemap.xml").content)
    places = tree.xpath("//*[local-name()='loc']/text()")
    assert len(places) > 30
    for place in places:
        assert client.get(place.removeprefix("http://testserver")).status_code == 200, place


# --- the API ------------------------------------------------------------------------------------------------------


def test_the_api_tells_what_the_pages_tell(client: TestClient) -> None:
    found = client.get("/api/v1/search", params={"q": "洪水", "kind": "tool", "lang": "zh"}).json()
    assert found["total"] >= 1
    assert {facet["name"] for facet in found["facets"]} > {"phases", "sectors"}
    one = client.get("/api/v1/entries/tool/road-flood").json()
    assert one["fields"]["time"] == "weeks"
    assert client.get("/api/v1/entries?kind=tool").json()["total"] == 5
    assert len(client.get("/api/v1/vocabularies").json()["phases"]) == 11
    assert len(client.get("/api/v1/questions").json()) == 6
    advice = client.get("/api/v1/recommend?users=planner&sectors=transport").json()
    assert advice["suggestions"][0]["record"].startswith("tool/")
    both = client.get("/api/v1/compare?tool=guide&tool=road-flood").json()
    assert both["tools"] == ["tool/guide", "tool/road-flood"]
    assert client.get("/api/v1/gaps").json()["tools"] == 5


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/api/v1/search?limit=5000", 422),
        ("/api/v1/search?lang=xx", 422),
        ("/api/v1/search?phases=x", 400),
        ("/api/v1/nothing", 404),
        ("/api/v1/entries/tool/nothing", 404),
        ("/api/v1/entries/x/y", 404),
        ("/api/v1/compare", 422),
        ("/api/v1/compare?tool=guide", 422),
        ("/api/v1/recommend?users=nobody", 400),
        ("/api/", 404),
    ],
)
def test_the_api_says_what_is_wrong_in_json(client: TestClient, address: str, status: int) -> None:
    answer = client.get(address)
    assert answer.status_code == status
    assert answer.json()["message"]
