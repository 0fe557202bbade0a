"""The hub for readers of feeds and for search engines: RSS 2.0, and a site map with every language of every page."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import format_datetime

from headwater.catalogue.linked import address
from headwater.catalogue.records import FOLDERS, Record
from headwater.words import LANGUAGES, _, language, pick

SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"
XHTML = "http://www.w3.org/1999/xhtml"
NEWEST = 50
PAGES = ("", "search", "wizard", "gaps", "about", *FOLDERS.values())
"""Pages besides those of entries."""

ET.register_namespace("sm", SITEMAP)
ET.register_namespace("xhtml", XHTML)


def rss(records: Mapping[str, Record], reviewed_on: Mapping[str, str], *, base: str) -> str:
    """The entries reviewed last, in the current language."""
    root = ET.Element("rss", version="2.0")
    channel = ET.SubElement(root, "channel")
    code = language()
    about = _("What is new in the hub on sustainable infrastructure")
    for name, said in (("title", "Headwater"), ("link", f"{base}/{code}/"), ("description", about), ("language", code)):
        ET.SubElement(channel, name).text = said
    newest = sorted(records.values(), key=lambda record: (reviewed_on[record.key], record.key), reverse=True)[:NEWEST]
    for record in newest:
        item = ET.SubElement(channel, "item")
        ET.SubElement(item, "title").text = pick(record.title)
        ET.SubElement(item, "link").text = address(record, base, language=code)
        ET.SubElement(item, "description").text = pick(record.summary)
        ET.SubElement(item, "guid", isPermaLink="false").text = record.key
        day = datetime.fromisoformat(reviewed_on[record.key]).replace(tzinfo=UTC)
        ET.SubElement(item, "pubDate").text = format_datetime(day, usegmt=True)
    return _document(root)


def sitemap(records: Mapping[str, Record], reviewed_on: Mapping[str, str], *, base: str) -> str:
    """Every page in every language that the interface speaks in full, each with its other languages."""
    root = ET.Element(f"{{{SITEMAP}}}urlset")
    for page in PAGES:
        _listed(root, {code: f"{base}/{code}/{page}" for code in LANGUAGES}, None)
    for record in records.values():
        _listed(root, {code: address(record, base, language=code) for code in LANGUAGES}, reviewed_on[record.key])
    return _document(root)


def reviewed(record: Record) -> str | None:
    """Day on which a source of the entry was last read, YYYY-MM-DD; None if no source says.

    Examples
    --------
    >>> read = [{"id": "a", "read_on": "2026-01-02"}, {"id": "b"}]
    >>> reviewed(Record("term", "water", {"sources": read}))
    '2026-01-02'
    """
    days: Sequence[str] = [str(source["read_on"]) for source in record.sources if source.get("read_on")]
    return max(days, default=None)


def _listed(root: ET.Element, addresses: Mapping[str, str], day: str | None) -> None:
    for at in addresses.values():
        url = ET.SubElement(root, f"{{{SITEMAP}}}url")
        ET.SubElement(url, f"{{{SITEMAP}}}loc").text = at
        if day:
            ET.SubElement(url, f"{{{SITEMAP}}}lastmod").text = day
        for code, other in addresses.items():
            ET.SubElement(url, f"{{{XHTML}}}link", rel="alternate", hreflang=code, href=other)


def _document(root: ET.Element) -> str:
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode")
