"""What is new, and where everything is."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from email.utils import parsedate_to_datetime

from tests.catalogue.entries import SOURCE, by_key, organisation, term, tool

from headwater.catalogue.feeds import SITEMAP, XHTML, reviewed, rss, sitemap
from headwater.words import speaking

RECORDS = by_key(tool(), organisation(), term("hazard"))
DAYS = {"tool/tool": "2026-03-04", "organisation/unep": "2026-01-02", "term/hazard": "2026-02-03"}


def test_a_feed_names_the_newest_first_in_the_readers_language() -> None:
    with speaking("zh"):
        channel = ET.fromstring(rss(RECORDS, DAYS, base="https://hub.example")).find("channel")  # noqa: S314
    assert channel is not None
    assert channel.findtext("language") == "zh"
    items = channel.findall("item")
    assert [item.findtext("title") for item in items] == ["Tool（中文）", "hazard（中文）", "UNEP（中文）"]
    assert items[0].findtext("link") == "https://hub.example/zh/tools/tool"
    assert parsedate_to_datetime(items[0].findtext("pubDate") or "").date().isoformat() == "2026-03-04"


def test_the_site_map_has_every_entry_in_every_language_with_its_other_languages() -> None:
    root = ET.fromstring(sitemap(RECORDS, DAYS, base="https://hub.example"))  # noqa: S314
    urls = {url.findtext(f"{{{SITEMAP}}}loc"): url for url in root}
    hazard = urls["https://hub.example/en/glossary/hazard"]
    assert hazard.findtext(f"{{{SITEMAP}}}lastmod") == "2026-02-03"
    assert {link.get("hreflang"): link.get("href") for link in hazard.findall(f"{{{XHTML}}}link")} == {
        "en": "https://hub.example/en/glossary/hazard", "zh": "https://hub.example/zh/glossary/hazard",
    }  # fmt: skip
    assert {"https://hub.example/zh/", "https://hub.example/en/gaps", "https://hub.example/zh/cases"} <= set(urls)


def test_an_entry_was_reviewed_when_a_source_of_it_was_last_read() -> None:
    assert reviewed(tool()) == "2026-01-02"
    assert reviewed(tool(sources=[{name: said for name, said in SOURCE.items() if name != "read_on"}])) is None
