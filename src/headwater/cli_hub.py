"""The command line of the hub: one command per thing the library can do. Parses, calls the façade, prints."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

import headwater as hw
from headwater.catalogue.records import FOLDERS, KINDS
from headwater.errors import InputError
from headwater.words import LANGUAGES, PARTLY, _, pick, speaking

if TYPE_CHECKING:
    from headwater.library import Library

hub = typer.Typer(
    name="hub",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help=_(
        "The one-stop hub: principles, tools, cases, organisations and terms of sustainable infrastructure. Find the "
        "tool for a task and why, compare, cite, see what is missing."
    ),
)
screen = Console()
complaints = Console(stderr=True)

Content = Annotated[
    Path | None, typer.Option("--content", help=_("Folder of content; the one that comes with Headwater unless given."))
]
IndexFile = Annotated[
    Path | None, typer.Option("--index", help=_("Library file; out/hub/library.sqlite unless given."))
]
Language = Annotated[str, typer.Option("--language", help=_("Language of what is printed: en or zh."))]


@hub.command("build", help=_("Make the library of the content: one SQLite file that everything else reads."))
def build(content: Content = None, index: IndexFile = None, language: Language = "en") -> None:
    """Build the library."""
    with speaking_or_refused(language):
        path = hw.build_library(content=content, index=index)
        screen.print(f"[green]✓[/green] {path}", highlight=False, soft_wrap=True)


@hub.command(
    "check",
    help=_(
        "Check every entry: relations to nothing, missing sources, missing or stale translations, duplicates; with "
        "--links, ask every address whether it still answers."
    ),
)
def check(
    content: Content = None,
    kind: Annotated[
        str | None, typer.Option("--kind", help=_("Tell only of this kind of entry, for example tool."))
    ] = None,
    links: Annotated[
        bool, typer.Option("--links", help=_("Ask every address; those asked within a week are not asked again."))
    ] = False,
    cache: Annotated[Path, typer.Option("--cache", help=_("File that remembers which address answered when."))] = Path(
        "out/hub/links.json"
    ),
    language: Language = "en",
) -> None:
    """Check the content."""
    from headwater import curation

    with speaking_or_refused(language):
        faults, notices = curation.check_content(content)
        wanted = FOLDERS.get(kind) if kind else None
        if kind and wanted is None:
            raise InputError(
                _("There is no kind of entry called {name}; there are {known}").format(
                    name=kind, known=", ".join(KINDS)
                )
            )
        faults = [fault for fault in faults if not wanted or fault.file.startswith(f"{wanted}/")]
        notices = [notice for notice in notices if not kind or notice.key.startswith(f"{kind}/")]
        for notice in notices:
            screen.print(f"[yellow]![/yellow] {notice.key}: {notice.words}", highlight=False, soft_wrap=True)
        dead = _print_links(content, cache) if links else 0
        if faults:
            for fault in faults:
                complaints.print(str(fault), style="red", markup=False, highlight=False, soft_wrap=True)
            complaints.print(_("Faults: {count}.").format(count=len(faults)), style="bold red")
        if faults or dead:
            raise typer.Exit(2)
        text = _("The content is sound. To look at: {count}.") if notices else _("The content is sound.")
        screen.print(text.format(count=len(notices)), style="green")


@hub.command(
    "stamp", help=_("Mark translations as made from today's English: for whoever has just brought them up to date.")
)
def stamp(
    keys: Annotated[
        list[str] | None,
        typer.Argument(metavar="[ENTRY]…", help=_("Entries, for example tool/climada; all unless given.")),
    ] = None,
    content: Content = None,
    language: Language = "en",
) -> None:
    """Mark translations as current."""
    from headwater import curation

    with speaking_or_refused(language):
        marked = curation.stamp_content(content, keys=keys or ())
        screen.print(_("Marked: {count}.").format(count=len(marked)))


@hub.command("search", help=_("Find entries by words, in English, Chinese or both, and by what they are sorted by."))
def search(
    words: Annotated[
        list[str] | None, typer.Argument(metavar="[WORDS]…", help=_("What to look for; everything unless given."))
    ] = None,
    kind: Annotated[
        list[str] | None,
        typer.Option(
            "--kind", help=_("Only this kind: principle, tool, case, organisation, term; repeat for several.")
        ),
    ] = None,
    where: Annotated[
        list[str] | None,
        typer.Option(
            "--where",
            metavar="FACET=VALUE",
            help=_("Only entries with this value, for example phases=finance; repeat for several."),
        ),
    ] = None,
    sort: Annotated[str, typer.Option("--sort", help=_("relevance, title or newest."))] = "relevance",
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help=_("How many to show."))] = 20,
    content: Content = None,
    index: IndexFile = None,
    language: Language = "en",
) -> None:
    """Search the hub."""
    with speaking_or_refused(language):
        library = _opened(content, index)
        found = library.search(" ".join(words or ()), kinds=kind or (), filters=_filters(where), sort=sort, limit=limit)
        screen.print(found.words, style="bold", highlight=False, soft_wrap=True)
        _print_rows(
            (_("Entry"), _("Title"), _("What it is")),
            ([hit.record.key, pick(hit.record.title), pick(hit.excerpt or hit.record.summary)] for hit in found.hits),
        )
        for facet in found.facets:
            counted = " · ".join(f"{pick(value.title)} {value.count}" for value in facet.values if value.count)
            if counted:
                screen.print(f"[bold]{pick(facet.title)}[/bold]  {counted}", highlight=False)


@hub.command("show", help=_("Show an entry whole: what it says, what that rests on, and what it is related to."))
def show(
    entry: Annotated[
        str, typer.Argument(metavar="ENTRY", help=_("An entry, for example tool/climada, or its name alone."))
    ],
    content: Content = None,
    index: IndexFile = None,
    language: Language = "en",
) -> None:
    """Show an entry."""
    with speaking_or_refused(language):
        library = _opened(content, index)
        kind, _slash, name = library.key_of(entry).partition("/")
        found = library.entry(kind, name)
        screen.print(pick(found.record.title), style="bold")
        screen.print(pick(found.record.summary), highlight=False)
        for heading, lines in library.entry_lines(found.record):
            screen.print(f"\n[bold]{heading}[/bold]")
            for line in lines:
                screen.print(f"  {line}", highlight=False, markup=False)
        for label, others in found.links.items():
            screen.print(f"\n[bold]{label}[/bold]")
            for other in others:
                screen.print(f"  {pick(other.title)}  [dim]{other.key}[/dim]", highlight=False)


@hub.command(
    "wizard", help=_("Which tool, when and why: answer four to six questions, or give the answers as --answer.")
)
def wizard(
    answer: Annotated[
        list[str] | None,
        typer.Option(
            "--answer",
            metavar="QUESTION=VALUE",
            help=_("An answer, for example phase=strategic-planning; repeat for several. Nothing is asked then."),
        ),
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help=_("How many to show."))] = 5,
    content: Content = None,
    index: IndexFile = None,
    language: Language = "en",
) -> None:
    """Be advised."""
    with speaking_or_refused(language):
        library = _opened(content, index)
        answers = _filters(answer) if answer else _asked(library)
        for line in library.advice_lines(answers, limit=limit):
            screen.print(line, highlight=False, markup=False, soft_wrap=True)


@hub.command("compare", help=_("Two to four tools side by side."))
def compare(
    tools: Annotated[list[str], typer.Argument(metavar="TOOL…", help=_("Names of tools, for example pypsa osemosys."))],
    content: Content = None,
    index: IndexFile = None,
    language: Language = "en",
) -> None:
    """Compare tools."""
    with speaking_or_refused(language):
        found = _opened(content, index).compare(tools)
        _print_rows(
            ("", *(pick(record.title) for record in found.tools)),
            (
                [("≠ " if row.differs else "  ") + row.title, *("\n".join(cell.words) for cell in row.cells)]
                for row in found.rows
            ),
        )


@hub.command("cite", help=_("A reference to an entry: bibtex, ris or csl."))
def cite(
    entry: Annotated[str, typer.Argument(metavar="ENTRY", help=_("An entry, for example tool/climada."))],
    format: Annotated[str, typer.Option("--format", help=_("bibtex, ris or csl."))] = "bibtex",
    content: Content = None,
    index: IndexFile = None,
    language: Language = "en",
) -> None:
    """Cite an entry."""
    with speaking_or_refused(language):
        library = _opened(content, index)
        print(library.cite(library.key_of(entry), format))


@hub.command(
    "gaps",
    help=_("What the catalogue covers and what it lacks: by phase, sector, theme and type, upstream and downstream."),
)
def gaps(
    to: Annotated[Path | None, typer.Option("--to", help=_("Write the whole matrix to this CSV file."))] = None,
    content: Content = None,
    index: IndexFile = None,
    language: Language = "en",
) -> None:
    """Map the gaps."""
    with speaking_or_refused(language):
        library = _opened(content, index)
        for line in library.gap_lines():
            screen.print(line, highlight=False, markup=False, soft_wrap=True)
        if to:
            library.write_gaps(to)
            screen.print(f"[green]✓[/green] {to}", highlight=False, soft_wrap=True)


@hub.command("export", help=_("Write every entry to a file: CSV, XLSX or JSON by its ending."))
def export(
    file: Annotated[Path, typer.Argument(metavar="FILE", help=_("File to write: .csv, .xlsx or .json."))],
    content: Content = None,
    index: IndexFile = None,
    language: Language = "en",
) -> None:
    """Export the catalogue."""
    with speaking_or_refused(language):
        _opened(content, index).write_dump(file)
        screen.print(f"[green]✓[/green] {file}", highlight=False, soft_wrap=True)


def _opened(content: Path | None, index: Path | None) -> Library:
    return hw.open_library(content=content, index=index)


def _asked(library: Library) -> dict[str, list[str]]:
    """Answers to the questions, asked one by one; an empty answer skips."""
    answers: dict[str, list[str]] = {}
    for question in library.questions():
        for part in question.parts:
            screen.print(f"\n[bold]{part.title}[/bold]  {part.hint}", highlight=False)
            for number, option in enumerate(part.options, start=1):
                screen.print(f"  {number}  {option.title}", highlight=False)
            given = typer.prompt(_("Number, several behind commas, or Enter to skip"), default="", show_default=False)
            picked = [word.strip() for word in given.replace("，", ",").split(",") if word.strip()]
            wrong = [word for word in picked if not word.isdigit() or not 1 <= int(word) <= len(part.options)]
            if wrong:
                text = _("«{given}» is not a number from 1 to {most}")
                raise InputError(text.format(given=wrong[0], most=len(part.options)))
            answers[part.name] = [part.options[int(word) - 1].value_id for word in picked]
    return {name: values for name, values in answers.items() if values}


def _filters(given: Sequence[str] | None) -> dict[str, list[str]]:
    """Pairs NAME=VALUE, several values of a name together."""
    found: dict[str, list[str]] = {}
    for pair in given or ():
        name, equals, value = pair.partition("=")
        if not equals or not name.strip() or not value.strip():
            raise InputError(
                _("«{pair}» is not a name and a value; write for example phases=finance").format(pair=pair)
            )
        found.setdefault(name.strip(), []).extend(part.strip() for part in value.split(","))
    return found


def _print_links(content: Path | None, cache: Path) -> int:
    """Ask every address, tell of those that moved or are gone; says how many are gone."""
    from headwater import curation

    with Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), console=complaints, transient=True
    ) as bars:
        task = bars.add_task(_("asking addresses"), total=None)
        answers = curation.check_content_links(
            content, cache=cache, progress=lambda done, total: bars.update(task, completed=done, total=total)
        )
    for url, answer in answers.items():
        if answer.state != "ok":
            screen.print(f"[yellow]![/yellow] {answer.state}: {url} ({answer.detail})", highlight=False, soft_wrap=True)
    states = [answer.state for answer in answers.values()]
    counted = ", ".join(f"{state} {states.count(state)}" for state in ("ok", "moved", "dead", "unknown"))
    screen.print(_("Addresses: {counted}").format(counted=counted), highlight=False)
    return states.count("dead")


def _print_rows(headings: Iterable[str], rows: Iterable[Sequence[str]]) -> None:
    table = Table(header_style="bold")
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*row)
    screen.print(table)


def speaking_or_refused(code: str) -> Any:
    """Use a language within a block; one that pages cannot be read in is refused."""
    if code not in LANGUAGES | PARTLY:
        known = ", ".join(f"{key} ({name})" for key, name in (LANGUAGES | PARTLY).items())
        raise typer.BadParameter(_("language «{code}» is not one of {known}").format(code=code, known=known))
    return speaking(code)
