"""The hub, opened: search, read, compare, be advised, cite, see what is missing. Make one with `open_library`.

The façade of the command line, of Python and of the web for everything in `content/`. It fetches records, calls a
function and hands back what it returns. It does not compute.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from headwater.catalogue import cite, feeds, gaps, graph, linked, navigator, oai
from headwater.catalogue.compare import Comparison, compare
from headwater.catalogue.entry_lines import entry_lines
from headwater.catalogue.facets import FacetTable
from headwater.catalogue.query import parse_query
from headwater.catalogue.questions import Question, questions
from headwater.catalogue.records import FOLDERS, KINDS, Record
from headwater.catalogue.search import Results, build_results, suggestion, words_of_names
from headwater.catalogue.told import told_gaps, told_recommendation
from headwater.catalogue.vocabulary import Vocabularies
from headwater.curation import build_library, find_entry
from headwater.errors import InputError, NotFound
from headwater.files import write_atomically
from headwater.reports.catalogue_files import catalogue_csv, catalogue_json, catalogue_workbook
from headwater.store.index import Index, open_index
from headwater.words import LANGUAGES, _, language, told

KEEPER = "hub@headwater.invalid"
"""Address of whoever keeps this hub, until a keeper says another: one that can reach nobody."""

DUMPS = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "json": "application/json",
}
"""Formats in which everything can be had, with their media types."""


@dataclass(frozen=True)
class Entry:
    """An entry with what it is related to.

    Attributes
    ----------
    record
        The entry.
    links
        Related entries by what they are to it, in the current language.
    similar
        Tools most like it; none for other kinds.
    """

    record: Record
    links: Mapping[str, Sequence[Record]]
    similar: Sequence[Record]


@dataclass
class Library:
    """The hub's file, open. Make one with `open_library`; usable from every thread.

    When the file is made anew while it is open, the next question is answered from the new one.

    Attributes
    ----------
    path
        The library file.
    keeper
        E-mail address of whoever keeps the hub.
    content, overlay
        Folders that the file is made from: of content, and of what stands beside it or in place of it.
    """

    path: Path
    keeper: str = KEEPER
    content: Path | None = None
    overlay: Path | None = None
    _opened: Index | None = field(default=None, repr=False)
    _made: dict[str, Any] = field(default_factory=dict, repr=False)

    @property
    def index(self) -> Index:
        """The file, open: today's."""
        if self._opened is None or not self._opened.is_current():
            self._opened, self._made = open_index(self.path), {}
        return self._opened

    def refresh(self) -> None:
        """Make the file anew where the content has changed since.

        Raises
        ------
        TableError
            If the content has faults; the file stays as it is.
        """
        build_library(self.content, index=self.path, overlay=self.overlay)

    # --- entries ---

    @property
    def records(self) -> Mapping[str, Record]:
        """Entries by key (`tool/climada`), kind by kind and by title within each."""
        return self.index.records

    @property
    def vocabularies(self) -> Vocabularies:
        """The words that entries are sorted by."""
        return self.index.vocabularies

    @property
    def reviewed_on(self) -> Mapping[str, str]:
        """Day on which each entry's sources were last read, YYYY-MM-DD; that of the content where no source says."""
        days: dict[str, str] = self._once("reviewed_on", self._reviewed)
        return days

    def _reviewed(self) -> dict[str, str]:
        day = self.index.read_meta()["reviewed_on"]
        return {key: feeds.reviewed(record) or day for key, record in self.records.items()}

    def _once(self, name: str, make: Callable[[], Any]) -> Any:
        """What was made of the file before, or is made now."""
        index = self.index
        kept = self._made.get(name)
        if kept is None or kept[0] is not index:
            kept = self._made[name] = (index, make())
        return kept[1]

    def key_of(self, name: str) -> str:
        """The key of an entry that was named with or without its kind.

        Raises
        ------
        NotFound
            If there is no such entry; offers the nearest.
        InputError
            If entries of several kinds have that name.
        """
        if name in self.records:
            return name
        named = [key for key, record in self.records.items() if record.record_id == name]
        if len(named) > 1:
            raise InputError(
                _("{name} may be any of {keys}; name it with its kind").format(name=name, keys=", ".join(named))
            )
        return named[0] if named else find_entry(self.records, name).key

    def entry(self, kind: str, record_id: str) -> Entry:
        """An entry with what it is related to.

        Raises
        ------
        NotFound
            If there is no such entry; offers the nearest.
        """
        record = find_entry(self.records, f"{kind}/{record_id}")
        around = graph.neighbours(record.key, self.index.links)
        links = {told(label): [self.records[key] for key in keys] for label, keys in around.items()}
        return Entry(record, links, [other for other, _alike in graph.similar_tools(record, self.records)])

    def search(
        self,
        query: str = "",
        *,
        kinds: Sequence[str] = (),
        filters: Mapping[str, Sequence[str]] | None = None,
        sort: str = "relevance",
        limit: int = 20,
        offset: int = 0,
    ) -> Results:
        """Entries that hold every word of a query, in any language, and have the values chosen, with counts.

        Parameters
        ----------
        query
            Words, "phrases", Chinese of any length, -words to leave out; empty for everything. Any text will do.
        kinds
            Kinds of entries to look at; all unless given.
        filters
            Chosen values by facet, for example `{"phases": ["finance"]}`: any of them within a facet, all facets
            together.
        sort
            `relevance`, `title` or `newest`.
        limit, offset
            Which page: how many entries, after how many.

        Raises
        ------
        InputError
            If a facet, a value, an order or a page does not exist; names the nearest that do.
        """
        index, asked = self.index, parse_query(query)
        found = index.search(asked, language=language())
        table: FacetTable = self._once("table", lambda: FacetTable(index.records, index.vocabularies))
        chosen = {**(filters or {}), **({"kind": list(kinds)} if kinds else {})}
        results = build_results(
            table, asked, found.places, found.scores, filters=chosen, sort=sort, limit=limit, offset=offset
        )
        if asked.terms and not len(found.places):
            names: list[str] = self._once("names", lambda: words_of_names(list(index.records.values())))
            return replace(results, suggestion=suggestion(asked, names, index.count))
        return results

    # --- advice ---

    def questions(self) -> tuple[Question, ...]:
        """What the wizard asks, in the current language."""
        return questions(self.vocabularies)

    def recommend(self, answers: Mapping[str, str | Sequence[str]]) -> navigator.Recommendation:
        """Which tools fit what was answered, why, and what was left out and why; in the current language.

        Parameters
        ----------
        answers
            Value or values by part of a question, as `questions` has them; parts may be left out.

        Raises
        ------
        InputError
            If an answer does not exist; names those that do.
        """
        return navigator.recommend(self.records, self.vocabularies, answers)

    def compare(self, names: Sequence[str]) -> Comparison:
        """Two to four tools side by side, in the current language.

        Raises
        ------
        InputError
            If there are fewer or more, or one stands twice.
        NotFound
            If there is no such tool; offers the nearest.
        """
        return compare(self.records, self.vocabularies, names)

    def gaps(self) -> gaps.GapReport:
        """What the catalogue covers and what it lacks, with words in the current language."""
        report: gaps.GapReport = self._once(
            f"gaps {language()}", lambda: gaps.gap_report(self.records, self.vocabularies)
        )
        return report

    def gap_rows(self) -> Sequence[Mapping[str, object]]:
        """Everything that the map of gaps counts, as rows of one table."""
        return gaps.to_rows(self.gaps())

    def write_gaps(self, path: Path) -> None:
        """Write everything that the map of gaps counts to a CSV file."""
        content = catalogue_csv(self.gap_rows())
        write_atomically(path, lambda draft: draft.write_bytes(content))

    # --- in words, for a terminal ---

    def entry_lines(self, record: Record) -> list[tuple[str, list[str]]]:
        """Headings of an entry's fields, each with its lines."""
        return entry_lines(record, self.records, self.vocabularies)

    def advice_lines(self, answers: Mapping[str, str | Sequence[str]], *, limit: int = 5) -> list[str]:
        """What the wizard says, line by line."""
        return told_recommendation(self.recommend(answers), limit=limit)

    def gap_lines(self) -> list[str]:
        """What the map of gaps says, line by line."""
        return told_gaps(self.gaps())

    # --- exchange ---

    def cite(self, key: str, format_: str = "bibtex", *, base: str = "") -> str:
        """A reference to an entry as BibTeX, RIS or CSL-JSON, with names in the current language.

        Raises
        ------
        NotFound
            If there is no such entry or format.
        """
        record = find_entry(self.records, key)
        at = linked.address(record, base, language=language()) if base else None
        return cite.written(cite.citation(record, self.records, language=language(), address=at), format_)

    def linked(self, key: str, *, base: str = "") -> dict[str, Any]:
        """An entry in the words of schema.org, as JSON-LD."""
        return linked.schema_org(find_entry(self.records, key), self.records, self.vocabularies, base=base)

    def glossary(self, *, base: str = "") -> dict[str, Any]:
        """All terms as a SKOS concept scheme, as JSON-LD."""
        return linked.skos([record for record in self.records.values() if record.kind == "term"], base=base)

    def dcat(self, *, base: str = "") -> dict[str, Any]:
        """The catalogue described as a data set, as JSON-LD."""
        newest = max(self.reviewed_on.values(), default=self.index.read_meta()["reviewed_on"])
        return linked.dcat(base=base, modified_on=newest, count=len(self.records))

    def oai(self, pairs: Sequence[tuple[str, str]], *, base: str = "") -> str:
        """The answer to a harvester's request (OAI-PMH 2.0), as XML."""
        name = _("Headwater, the one-stop hub on sustainable infrastructure")
        repository = oai.Repository(self.records, self.reviewed_on, base, self.keeper, name)
        return oai.answer(pairs, repository, now=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))

    def feed(self, *, base: str = "") -> str:
        """The entries reviewed last, as RSS, in the current language."""
        return feeds.rss(self.records, self.reviewed_on, base=base)

    def sitemap(self, *, base: str = "") -> str:
        """Every page in every language, for search engines."""
        return feeds.sitemap(self.records, self.reviewed_on, base=base)

    def dump(self, format_: str) -> bytes:
        """Every entry as one file: `csv`, `xlsx` or `json`.

        Raises
        ------
        NotFound
            If there is no such format.
        """
        if format_ not in DUMPS:
            text = _("Everything can be had as {known}, not as {name}")
            raise NotFound(text.format(known=", ".join(DUMPS), name=format_))
        if format_ == "json":
            return catalogue_json([_plain(record) for record in self.records.values()])
        if format_ == "csv":
            return catalogue_csv([_row(record) for record in self.records.values()])
        kinds = {FOLDERS[kind]: [_row(r) for r in self.records.values() if r.kind == kind] for kind in KINDS}
        return catalogue_workbook(kinds)

    def write_dump(self, path: Path) -> None:
        """Write every entry to a file, in the format that its ending says."""
        content = self.dump(path.suffix.removeprefix(".").lower())
        write_atomically(path, lambda draft: draft.write_bytes(content))


def open_library(
    content: Path | None = None, *, index: Path | None = None, keeper: str = KEEPER, overlay: Path | None = None
) -> Library:
    """Open the hub, making its file anew where the content has changed since.

    Parameters
    ----------
    content
        Folder of content; the one that comes with Headwater unless given.
    index
        Library file; `out/hub/library.sqlite` unless given.
    keeper
        E-mail address of whoever keeps the hub, told to harvesters.
    overlay
        Folder of entries that stand beside those of the content or in place of them: what was published on a site.

    Raises
    ------
    TableError
        If the content has faults; names every one.
    """
    path = build_library(content, index=index, overlay=overlay)
    return Library(path, keeper=keeper, content=content, overlay=overlay)


def _plain(record: Record) -> dict[str, Any]:
    return {"kind": record.kind, "id": record.record_id, **record.fields}


def _row(record: Record) -> dict[str, Any]:
    """One row of a table: texts with a column for each language, sources by title and address."""
    row: dict[str, Any] = {"kind": record.kind, "id": record.record_id}
    for name, value in record.fields.items():
        if name in {"title", "summary", "outcome"}:
            row |= {f"{name}_{code}": value.get(code) for code in LANGUAGES}
        elif name == "sources":
            row[name] = [f"{source['title']} {source.get('url', '')}".strip() for source in value]
        elif name == "checked":
            row |= {"link_state": value["state"], "link_checked_on": value.get("on")}
        elif name not in {"basis", "translated", "body"}:
            row[name] = value
    return row
