"""How to cite an entry: BibTeX, RIS and CSL-JSON.

A tool is cited as what it is, by those who publish it. Everything else is cited as an entry of the hub, since the hub's
words are its own; what an entry rests on is in its sources.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from headwater.catalogue.records import Record
from headwater.errors import NotFound
from headwater.words import _, pick

HUB = "Headwater"
FORMATS = {
    "bibtex": "application/x-bibtex",
    "ris": "application/x-research-info-systems",
    "csl": "application/vnd.citationstyles.csl+json",
}
"""Formats and their media types."""

SUFFIXES = {"bibtex": "bib", "ris": "ris", "csl": "csl.json"}


@dataclass(frozen=True)
class Citation:
    """What a reference says, whatever its format.

    Attributes
    ----------
    key
        Identifier within a bibliography.
    is_software
        Whether it is a program; otherwise a page on the web.
    title, publisher
        In the language asked for.
    authors
        Organisations that publish it; none where none is known.
    year
        Of first publication, or None.
    url
        Where it is, or None.
    language
        Of the title, ISO 639-1.
    """

    key: str
    is_software: bool
    title: str
    authors: tuple[str, ...]
    publisher: str
    year: int | None
    url: str | None
    language: str


def citation(record: Record, records: Mapping[str, Record], *, language: str, address: str | None = None) -> Citation:
    """What a reference to an entry says.

    Parameters
    ----------
    record
        The entry.
    records
        All entries, by key, to name organisations.
    language
        In which names are given, where they exist.
    address
        Of the entry's own page, for what is cited as an entry of the hub.
    """
    named = [records.get(f"organisation/{name}") for name in record.fields.get("organisations", ())]
    authors = tuple(pick(found.title) for found in named if found is not None)
    developed = record.fields.get("developed")
    is_tool = record.kind == "tool"
    return Citation(
        key=f"{record.kind}-{record.record_id}",
        is_software="modelling-tools" in record.fields.get("types", ()),
        title=pick(record.title),
        authors=authors if is_tool else (HUB,),
        publisher=", ".join(authors) if is_tool and authors else HUB,
        year=developed if isinstance(developed, int) else None,
        url=record.url if is_tool and record.url else address,
        language=language,
    )


def written(cited: Citation, format_: str) -> str:
    """A reference in one of `FORMATS`.

    Raises
    ------
    NotFound
        If there is no such format.
    """
    writers = {"bibtex": bibtex, "ris": ris, "csl": csl}
    if format_ not in writers:
        text = _("There is no format of citation called {name}; there are {known}")
        raise NotFound(text.format(name=format_, known=", ".join(writers)))
    return writers[format_](cited)


def bibtex(cited: Citation) -> str:
    r"""A reference as BibTeX.

    Examples
    --------
    >>> print(bibtex(Citation("tool-a", True, "R&D", ("A and B",), "A and B", 2020, None, "en")))
    @misc{tool-a,
      title = {R\&D},
      author = {{A and B}},
      publisher = {A and B},
      year = {2020},
      language = {en}
    }
    """
    authors = " and ".join("{" + _tex(name) + "}" for name in cited.authors)
    fields = {
        "title": _tex(cited.title),
        "author": authors,
        "publisher": _tex(cited.publisher),
        "year": str(cited.year) if cited.year else "",
        "url": cited.url or "",
        "language": cited.language,
    }
    inside = ",\n".join(f"  {name} = {{{said}}}" for name, said in fields.items() if said)
    return f"@misc{{{cited.key},\n{inside}\n}}"


def ris(cited: Citation) -> str:
    """A reference as RIS.

    Examples
    --------
    >>> print(ris(Citation("tool-a", True, "R&D", ("A",), "A", 2020, None, "en")))
    TY  - COMP
    ID  - tool-a
    TI  - R&D
    AU  - A
    PB  - A
    PY  - 2020
    LA  - en
    ER  -
    """
    rows = [("TY", "COMP" if cited.is_software else "ELEC"), ("ID", cited.key), ("TI", cited.title)]
    rows += [("AU", name) for name in cited.authors]
    rows += [("PB", cited.publisher), ("PY", str(cited.year or "")), ("UR", cited.url or ""), ("LA", cited.language)]
    lines = [f"{name}  - {_line(said)}" for name, said in rows if said]
    return "\n".join([*lines, "ER  - "])


def csl(cited: Citation) -> str:
    """A reference as CSL-JSON: a list of one item.

    Examples
    --------
    >>> json.loads(csl(Citation("tool-a", True, "A", ("B",), "B", 2020, None, "en")))[0]["issued"]
    {'date-parts': [[2020]]}
    """
    item: dict[str, Any] = {
        "id": cited.key,
        "type": "software" if cited.is_software else "webpage",
        "title": cited.title,
        "publisher": cited.publisher,
        "language": cited.language,
    }
    if cited.authors:
        item["author"] = [{"literal": name} for name in cited.authors]
    if cited.year:
        item["issued"] = {"date-parts": [[cited.year]]}
    if cited.url:
        item["URL"] = cited.url
    return json.dumps([item], ensure_ascii=False, indent=2)


_TEX = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"} | {
    c: "\\" + c for c in "&%$#_{}"
}


def _tex(words: str) -> str:
    return "".join(_TEX.get(letter, letter) for letter in _line(words))


def _line(words: str) -> str:
    """One line: a reference format ends a field at the end of a line."""
    return re.sub(r"\s+", " ", words).strip()
