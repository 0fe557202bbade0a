"""The command line: one command per thing a study can do. Parses, calls the façade, prints."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

import headwater as hw
from headwater import cli_hub, cli_site
from headwater.errors import HeadwaterError, exit_code
from headwater.files import is_full, no_room
from headwater.words import LANGUAGES, _, speaking

if TYPE_CHECKING:
    from headwater.study import Study

app = typer.Typer(
    name="headwater",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    help=_(
        "Plan a country's infrastructure upstream: describe the system, stress it, propose and appraise options, "
        "choose a plan, report.\n\nStart with a study that exists: `headwater report studies/djibouti`. "
        "Make one of your own: `headwater new my-study --iso3 MWI`, fill in its tables, `headwater check my-study`."
    ),
)
app.add_typer(cli_hub.hub)
app.add_typer(cli_site.site)
screen = Console()
complaints = Console(stderr=True)

StudyFolder = Annotated[Path, typer.Argument(metavar="STUDY", help=_("Folder that holds study.toml and its tables."))]
Out = Annotated[
    Path | None, typer.Option("--out", help=_("Folder for results; out/STUDY-ID unless given. A rerun reuses it."))
]
Workers = Annotated[int | None, typer.Option("--workers", min=1, help=_("Threads; all processors unless given."))]
Scheduler = Annotated[
    str | None,
    typer.Option(
        "--scheduler", metavar="ADDRESS",
        help=_("Dask scheduler whose machines share the work, for example tcp://10.0.0.5:8786."),
    ),
]  # fmt: skip
Language = Annotated[str, typer.Option("--language", help=_("Language of what is printed: en or zh."))]


@app.command(
    "new", help=_("Make a study folder: a commented study.toml and an empty table for everything a study can hold.")
)
def new(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help=_("Folder to make; must be new or empty."))],
    iso3: Annotated[str, typer.Option("--iso3", help=_("Country, ISO 3166-1 alpha-3, for example MWI."))],
    year: Annotated[int, typer.Option("--year", help=_("Base and price year."))] = 2025,
) -> None:
    """Make a study folder."""
    for path in hw.new_study(folder, iso3=iso3, year=year):
        screen.print(f"  {path}", highlight=False)
    screen.print(_("Fill in study.toml and the tables, then run: headwater check {folder}").format(folder=folder))


@app.command("check", help=_("Check every table of a study and list every fault: file, row, column, value and remedy."))
def check(study: StudyFolder, language: Language = "en") -> None:
    """Check a study."""
    with _speaking(language):
        faults, notices = hw.check_study(study)
        if faults:
            complaints.print(_faults_table(faults))
            complaints.print(_("Faults: {count}. Nothing was written.").format(count=len(faults)), style="bold red")
            raise typer.Exit(2)
        for notice in notices:
            screen.print(f"[yellow]![/yellow] {notice}", highlight=False)
        screen.print(_("{folder} is sound.").format(folder=study), style="green")


@app.command("describe", help=_("Say what a study holds: assets, links, people, hazards, options and their sources."))
def describe(study: StudyFolder, language: Language = "en") -> None:
    """Describe a study."""
    with _speaking(language):
        opened = hw.open_study(study)
        screen.print(opened.title, style="bold")
        for name, rows in opened.describe().items():
            screen.print(_plain_table(name, rows))


@app.command("assess", help=_("Describe and stress the system: exposure, damage, drought, access, criticality."))
def assess(
    study: StudyFolder, out: Out = None, language: Language = "en", workers: Workers = None, scheduler: Scheduler = None
) -> None:
    """Assess a study."""
    with _running(study, out, workers, language, scheduler) as opened:
        opened.assess()
        _print_written(opened)


@app.command(
    "stress",
    help=_(
        "Let assets and links fail, alone and by hazard, without and with what they need from each other: who is left "
        "without which service, for how long, and why."
    ),
)
def stress(
    study: StudyFolder,
    out: Out = None,
    fail: Annotated[
        list[str] | None, typer.Option("--fail", help=_("Let this asset or link fail; repeat for several together."))
    ] = None,
    area: Annotated[
        Path | None,
        typer.Option("--area", help=_("Let everything in the areas of this file fail (GeoJSON, GeoPackage).")),
    ] = None,
    options: Annotated[
        list[str] | None, typer.Option("--with", help=_("Compare with this option in place; repeat for several."))
    ] = None,
    language: Language = "en",
    workers: Workers = None,
    scheduler: Scheduler = None,
) -> None:
    """Stress a study."""
    with _running(study, out, workers, language, scheduler) as opened:
        if fail or area:
            for name, rows in opened.strike(fail=fail or (), area=area).items():
                screen.print(_plain_table(name, rows.map(_with_thousands)))
        elif options:
            for name, rows in opened.stress_with(options).items():
                screen.print(_plain_table(name, rows))
        else:
            opened.stress()
            for name, rows in opened.stress_summary().items():
                screen.print(_plain_table(name, rows))
            _print_written(opened)


@app.command(
    "appraise",
    help=_("Whole-life business case of every option: costs, benefits, rate of return and what would break even."),
)
def appraise(
    study: StudyFolder,
    out: Out = None,
    option: Annotated[
        str | None, typer.Option("--option", help=_("Show the case of this option line by line."))
    ] = None,
    language: Language = "en",
    workers: Workers = None,
    scheduler: Scheduler = None,
) -> None:
    """Appraise the options of a study."""
    with _running(study, out, workers, language, scheduler) as opened:
        _print_tables(opened.appraise(option))
        _print_written(opened)


@app.command(
    "optimise",
    help=_(
        "Choose the best plan under each budget, run the models on it whole, find the exact trade-offs between the "
        "study's objectives, and the plans that hold up in every future."
    ),
)
def optimise(
    study: StudyFolder,
    out: Out = None,
    at_least: Annotated[
        list[str] | None,
        typer.Option(
            "--at-least", metavar="OBJECTIVE=AMOUNT",
            help=_("What would have to be given up to reach this much of an objective; repeat for several."),
        ),
    ] = None,
    language: Language = "en",
    workers: Workers = None,
    scheduler: Scheduler = None,
) -> None:  # fmt: skip
    """Optimise the plans of a study."""
    with _running(study, out, workers, language, scheduler) as opened:
        _print_tables(opened.give_up(_amounts(at_least)) if at_least else opened.optimise())
        _print_written(opened)


@app.command("finance", help=_("Who pays for the plans, when, and who bears which risk; ways of delivery compared."))
def finance(
    study: StudyFolder,
    out: Out = None,
    plan_id: Annotated[str | None, typer.Option("--plan", help=_("Show this plan only."))] = None,
    language: Language = "en",
    workers: Workers = None,
    scheduler: Scheduler = None,
) -> None:
    """Finance the plans of a study."""
    with _running(study, out, workers, language, scheduler) as opened:
        _print_tables(opened.finance(plan_id))
        _print_written(opened)


@app.command(
    "export", help=_("Write the plans as workbooks with live formulas (XLSX) and as projects in OC4IDS (JSON).")
)
def export(
    study: StudyFolder,
    out: Out = None,
    to: Annotated[Path | None, typer.Option("--to", help=_("Folder for the files; OUT/exports unless given."))] = None,
    language: Language = "en",
    workers: Workers = None,
    scheduler: Scheduler = None,
) -> None:
    """Export the plans of a study."""
    with _running(study, out, workers, language, scheduler) as opened:
        for path in opened.export(to):
            screen.print(f"[green]✓[/green] {path}", highlight=False, soft_wrap=True)


@app.command("plan", help=_("Do everything but the report: assess, propose, appraise, choose, trade off, finance."))
def plan(
    study: StudyFolder, out: Out = None, language: Language = "en", workers: Workers = None, scheduler: Scheduler = None
) -> None:
    """Plan a study."""
    with _running(study, out, workers, language, scheduler) as opened:
        opened.plan()
        _print_written(opened)


@app.command("report", help=_("Do everything and write the report, in one language or several (repeat --language)."))
def report(
    study: StudyFolder,
    out: Out = None,
    language: Annotated[
        list[str] | None, typer.Option("--language", help=_("Language of the report: en or zh; repeat for both."))
    ] = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
) -> None:
    """Report on a study."""
    languages = language or ["en"]
    with _running(study, out, workers, languages[0], scheduler) as opened:
        for code in languages:
            with _speaking(code):
                path = opened.report()
            screen.print(f"[green]✓[/green] {path}", highlight=False, soft_wrap=True)


@app.command("explain", help=_("From what? Say which inputs, assumptions, sources and version a result came from."))
def explain(
    result: Annotated[
        Path, typer.Argument(metavar="RESULT", help=_("A result, for example out/djibouti/damages.csv."))
    ],
    language: Language = "en",
) -> None:
    """Explain a result."""
    with _speaking(language):
        screen.print(hw.explain_result(result), highlight=False, markup=False, soft_wrap=True)


def _version(asked: bool) -> None:
    if asked:
        screen.print(f"headwater {hw.__version__}", highlight=False)
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help=_("Print the version and stop."))
    ] = False,
) -> None:
    """Options before any command."""


def main() -> None:
    """Run the command line; a mistake of the user's gives a message and an exit code, never a traceback."""
    _say_unknown_language()
    try:
        app()
    except HeadwaterError as error:
        complaints.print(str(error), style="red", markup=False, highlight=False, soft_wrap=True)
        sys.exit(exit_code(error))
    except OSError as error:
        full = no_room(Path(error.filename or tempfile.gettempdir())) if is_full(error) else None
        text = str(full) if full else _("{file}: {reason}").format(file=error.filename, reason=error.strerror)
        complaints.print(text, style="red", markup=False, highlight=False, soft_wrap=True)
        sys.exit(exit_code(full) if full else 1)


def _say_unknown_language() -> None:
    asked = os.environ.get("HEADWATER_LANGUAGE", "")
    if asked and asked not in LANGUAGES:
        text = _("HEADWATER_LANGUAGE is «{code}», which is not one of {known}; going on in English.")
        known = ", ".join(LANGUAGES)
        complaints.print(text.format(code=asked, known=known), markup=False, highlight=False, soft_wrap=True)


@contextmanager
def _speaking(code: str) -> Iterator[None]:
    if code not in LANGUAGES:
        known = ", ".join(f"{key} ({name})" for key, name in LANGUAGES.items())
        raise typer.BadParameter(_("language «{code}» is not one of {known}").format(code=code, known=known))
    with speaking(code):
        yield


@contextmanager
def _running(
    folder: Path, out: Path | None, workers: int | None, language: str, scheduler: str | None
) -> Iterator[Study]:
    """An open study with a progress bar that follows its work."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with _speaking(language), Progress(*columns, console=complaints, transient=True) as bars:
        tasks: dict[str, TaskID] = {}

        def follow(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=total)
            bars.update(tasks[what], completed=done, total=total)

        try:
            yield hw.open_study(folder, out=out, workers=workers, progress=follow, scheduler=scheduler)
        except KeyboardInterrupt as error:
            complaints.print(_("Stopped. What was finished is kept; the same command goes on from there."))
            raise typer.Exit(130) from error


def _amounts(given: list[str]) -> dict[str, float]:
    """Objectives and amounts as written on the command line."""
    amounts = {}
    for words in given:
        objective, _equals, amount = words.partition("=")
        try:
            amounts[objective.strip()] = float(amount.replace(",", ""))
        except ValueError as error:
            message = _("«{words}» is not an objective and an amount; write for example npv_usd=1000000")
            raise typer.BadParameter(message.format(words=words)) from error
    return amounts


def _print_tables(tables: dict) -> None:
    for name, rows in tables.items():
        screen.print(_plain_table(name, rows))


def _print_written(study: Study) -> None:
    for notice in study.notices:
        screen.print(f"[yellow]![/yellow] {notice}", highlight=False)
    screen.print(_("Results are in {folder}").format(folder=study.out), highlight=False, soft_wrap=True)


def _faults_table(faults: list) -> Table:
    table = Table(show_lines=False, header_style="bold")
    for heading in (_("File"), _("Row"), _("Column"), _("Value"), _("What is wrong"), _("What to do")):
        table.add_column(heading, overflow="fold")
    for fault in faults:
        row = "" if fault.row is None else str(fault.row)
        table.add_row(fault.file, row, fault.column, fault.value, fault.problem, fault.remedy)
    return table


def _with_thousands(value: object) -> object:
    return f"{value:,.0f}" if isinstance(value, int | float) else value


def _plain_table(name: str, rows: object) -> Table:
    table = Table(title=name, title_justify="left", header_style="bold")
    for column in rows.columns:  # type: ignore[attr-defined]
        table.add_column(str(column), overflow="fold")
    for row in rows.itertuples(index=False):  # type: ignore[attr-defined]
        table.add_row(*[str(value) for value in row])
    return table


if __name__ == "__main__":
    main()
