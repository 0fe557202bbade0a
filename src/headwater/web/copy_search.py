"""What the search of a copy reads: the full text, the filters and the rows of results, as scripts.

A page that is opened from a folder may not fetch files, but it may load scripts; so each of these sets a variable.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from starlette.requests import Request

from headwater.catalogue.carried import carry
from headwater.catalogue.facets import SORTS, FacetTable
from headwater.catalogue.query import STOP_WORDS
from headwater.catalogue.text import HAN
from headwater.catalogue.text import LANGUAGES as TEXTS
from headwater.library import Library
from headwater.store.sequences import read_sequences
from headwater.web.languages import plain
from headwater.web.pages_front import kind_name
from headwater.web.pages_search import PAGE, meta_of
from headwater.web.visits import Visit, environment
from headwater.words import LANGUAGES, _, speaking

FOLDER = "/copy/"
"""Where the scripts are among the addresses of a copy."""


def script_addresses(code: str) -> list[str]:
    """Addresses of what the search page of a language loads, in order.

    The full text is split by language, so that no file grows large.
    """
    texts = [f"words-{text}" for text in TEXTS]
    return [f"{FOLDER}{name}.js" for name in ("index", *texts, f"rows-{code}")]


def scripts(library: Library, rewrite: Callable[[str, str], str]) -> dict[str, str]:
    """Every script by its address.

    Parameters
    ----------
    library
        The hub.
    rewrite
        Lets the links of a row of results lead where the copy has them; takes the row and the language of the page.
    """
    table = FacetTable(library.records, library.vocabularies)
    carried = carry(read_sequences(library.path, len(library.records)), library.records, library.vocabularies)
    index = {
        "size": len(library.records),
        "page": PAGE,
        "han": HAN,
        "stop": " ".join(sorted(STOP_WORDS)),
        "tokens": " ".join(carried.tokens),
        "signs": carried.signs,
        "stems": carried.stems,
        "names": carried.tables["names"],
        "words": {},
        "facets": _places(table),
    }
    made = {f"{FOLDER}index.js": f"window.HEADWATER_INDEX = {_script(index)};\n"}
    for code, texts in carried.tables["words"].items():
        made[f"{FOLDER}words-{code}.js"] = f"window.HEADWATER_INDEX.words.{code} = {_script(texts)};\n"
    for code in LANGUAGES:
        with speaking(code):
            rows = _script(_rows(library, table, code, rewrite))
        made[f"{FOLDER}rows-{code}.js"] = f"window.HEADWATER_ROWS = {rows};\n"
    return made


def _places(table: FacetTable) -> dict[str, dict[str, list[int]]]:
    """Places of the entries that each value of each facet has."""
    every = table.every
    return {
        facet.name: {
            value.value_id: table.filtered(every, {facet.name: [value.value_id]}).tolist() for value in facet.values
        }
        for facet in table.facets(every, {})
    }


def _rows(library: Library, table: FacetTable, code: str, rewrite: Callable[[str, str], str]) -> dict[str, Any]:
    """Results as they show in the current language, the words about them, and the orders by title and by year."""
    facets = table.facets(table.every, {})
    orders = {name: table.ordered(table.every, np.zeros(table.size), name, code).tolist() for name in SORTS}
    return {
        "language": code,
        "rows": [rewrite(row, code) for row in _shown(library)],
        "orders": {name: order for name, order in orders.items() if name != "relevance"},
        "titles": {
            facet.name: [plain(facet.title), {value.value_id: plain(value.title) for value in facet.values}]
            for facet in facets
        },
        "words": {
            "one": _("1 entry"),
            "many": _("{count} entries"),
            "told": _("{count}: {what}"),
            "colon": _(": "),
            "apart": _("; "),
            "out": _("Take out:"),
            "query": _("Words"),
            "clear": _("Clear all"),
            "nothing": _("Nothing was found"),
            "fewer": _("Use fewer or more general words."),
        },
    }


def _shown(library: Library) -> Iterator[str]:
    """Each entry as a row of results, by the template of the search page."""
    macros: Any = environment().get_template("macros.html").module
    visit = Visit(Request({"type": "http"}), library)
    for record in library.records.values():
        yield str(macros.entry_row(record, kind_words=kind_name(record.kind), meta=meta_of(visit, record))).strip()


def _script(value: object) -> str:
    """A value as JavaScript that may stand in any file."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
