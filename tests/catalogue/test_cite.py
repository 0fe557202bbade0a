"""Citations, read back by parsers that are not ours."""

from __future__ import annotations

import json

import bibtexparser
import pytest
import rispy
from citeproc import Citation as Cited
from citeproc import CitationItem, CitationStylesBibliography, CitationStylesStyle, formatter
from citeproc.source.json import CiteProcJSON
from tests.catalogue.entries import by_key, case, organisation, text, tool

from headwater.catalogue.cite import Citation, bibtex, citation, csl, ris, written
from headwater.errors import NotFound
from headwater.words import speaking

AWKWARD = text("100 % of {costs} & benefits: a_b #1 ~ ^ \\ $5")
TOOL = tool("awkward", title=AWKWARD, organisations=["unep", "giz"], types=["modelling-tools"])
RECORDS = by_key(TOOL, organisation(title=text("A and B, united")), organisation("giz"), case())


def cited(language: str = "en") -> Citation:
    with speaking(language):
        return citation(TOOL, RECORDS, language=language)


def test_bibtex_is_read_back_whole() -> None:
    library = bibtexparser.parse_string(bibtex(cited()))
    assert not library.failed_blocks
    (entry,) = library.entries
    assert (entry.key, entry.entry_type, entry["year"]) == ("tool-awkward", "misc", "2020")
    assert entry["author"] == "{A and B, united} and {GIZ}"
    assert entry["title"].startswith(r"100 \% of \{costs\} \& benefits: a\_b \#1")
    assert entry["title"].count("{") == entry["title"].count("}")


def test_ris_is_read_back_whole() -> None:
    (entry,) = rispy.loads(ris(cited("zh")))
    assert entry["title"] == AWKWARD["zh"]
    assert entry["authors"] == ["A and B, united（中文）", "GIZ（中文）"]
    assert (entry["type_of_reference"], entry["year"], entry["urls"]) == ("COMP", "2020", ["https://example.org/tool"])


def test_ris_has_one_line_a_field_whatever_a_title_holds() -> None:
    broken = Citation("k", False, "One\nTY  - HACK", ("A\r\nB",), "P", None, None, "en")
    (entry,) = rispy.loads(ris(broken))
    assert (entry["title"], entry["authors"]) == ("One TY - HACK", ["A B"])


@pytest.mark.filterwarnings("ignore")
def test_csl_is_set_by_a_citation_processor() -> None:
    source = CiteProcJSON(json.loads(csl(cited())))
    style = CitationStylesStyle("harvard-cite-them-right", validate=False)
    bibliography = CitationStylesBibliography(style, source, formatter.plain)
    bibliography.register(Cited([CitationItem("tool-awkward")]))
    line = str(bibliography.bibliography()[0])
    assert "2020" in line
    assert "A and B, united" in line


def test_what_is_not_a_tool_is_cited_as_an_entry_of_the_hub() -> None:
    said = citation(RECORDS["case/case"], RECORDS, language="en", address="https://hub.example/en/cases/case")
    assert (said.authors, said.publisher, said.url) == (
        ("Headwater",),
        "Headwater",
        "https://hub.example/en/cases/case",
    )
    assert said.year is None


def test_an_unknown_format_names_those_there_are() -> None:
    with pytest.raises(NotFound, match="bibtex, ris, csl"):
        written(cited(), "endnote")
