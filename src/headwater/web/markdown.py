"""Markdown of the content as HTML that cannot do harm: HTML in it is text, and only plain elements come out."""

from __future__ import annotations

from functools import lru_cache

import nh3
from markdown_it import MarkdownIt
from markupsafe import Markup

INLINE = {"a", "em", "strong", "code", "br", "sub", "sup"}
BLOCKS = INLINE | {
    "p",
    "ul",
    "ol",
    "li",
    "blockquote",
    "pre",
    "h3",
    "h4",
    "hr",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
}
SCHEMES = {"https", "http", "mailto"}

_reader = MarkdownIt("commonmark", {"html": False, "linkify": False, "typographer": False}).enable("table")


@lru_cache(maxsize=8192)
def inline(words: str) -> Markup:
    """One line of Markdown: emphasis, code and links.

    Examples
    --------
    >>> inline("*soft* <b>x</b> [go](javascript:alert(1))")
    Markup('<em>soft</em> &lt;b&gt;x&lt;/b&gt; [go](javascript:alert(1))')
    """
    return _clean(_reader.renderInline(words), INLINE)


@lru_cache(maxsize=512)
def blocks(words: str) -> Markup:
    """A text in Markdown; its headings begin at the third level."""
    html = _reader.render(words)
    for old, new in (("h2", "h4"), ("h1", "h3")):
        html = html.replace(f"<{old}>", f"<{new}>").replace(f"</{old}>", f"</{new}>")
    return _clean(html, BLOCKS)


def _clean(html: str, tags: set[str]) -> Markup:
    safe = nh3.clean(
        html,
        tags=tags,
        attributes={"a": {"href", "title"}},
        url_schemes=SCHEMES,
        link_rel="noopener",
        strip_comments=True,
    )
    return Markup(safe)  # noqa: S704 -- this is the one place that makes safe HTML of Markdown
