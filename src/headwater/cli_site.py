"""The command line of a site: serve its pages, do its long work, keep its accounts and its copies."""

from __future__ import annotations

import os
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

import headwater as hw
from headwater.cli_hub import Content, Language, speaking_or_refused
from headwater.errors import InputError
from headwater.permissions import EVERYONE_ALONE
from headwater.words import _

site = typer.Typer()
screen, complaints = Console(), Console(stderr=True)

LOCAL = frozenset({"127.0.0.1", "localhost", "::1"})
"""Addresses that only this machine reaches: whoever asks there needs no account."""

Home = Annotated[Path, typer.Option("--home", help=_("Folder of the site: its database, studies and results."))]
Database = Annotated[
    str | None,
    typer.Option(
        "--database", envvar="HEADWATER_DATABASE", show_envvar=True,
        help=_("Address of the database, postgresql+pg8000://user@host/name; a file in the folder unless given."),
    ),
]  # fmt: skip
Studies = Annotated[
    Path, typer.Option("--studies", help=_("Folder of studies that anybody may read and nobody changes."))
]
LibraryFile = Annotated[
    Path | None, typer.Option("--index", help=_("Library file; hub.sqlite in the folder of the site unless given."))
]
DEFAULT_HOME, PACKAGED, LIBRARY = Path("out/site"), Path("studies"), "hub.sqlite"


@site.command("serve", help=_("Serve the hub and the studies as pages in English and Chinese, until Ctrl-C."))
def serve(
    host: Annotated[
        str, typer.Option("--host", help=_("Address to listen at; this machine only unless given."))
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help=_("Port to listen at."))] = 8000,
    accounts: Annotated[
        bool, typer.Option("--accounts", help=_("Ask for accounts even at an address of this machine."))
    ] = False,
    work: Annotated[
        bool, typer.Option("--work/--no-work", help=_("Whether to do the long jobs too, in a process of its own."))
    ] = True,
    home: Home = DEFAULT_HOME,
    database: Database = None,
    studies: Studies = PACKAGED,
    content: Content = None,
    index: LibraryFile = None,
    base: Annotated[
        str, typer.Option("--base", help=_("Address under which the site is known, for links in files."))
    ] = "",
    language: Language = "en",
) -> None:
    """Serve the pages."""
    import uvicorn  # noqa: PLC0415 (only a server needs it)

    from headwater.compiled import keep_compiled  # noqa: PLC0415

    keep_compiled(home / "compiled")
    from headwater.forum import open_forum  # noqa: PLC0415
    from headwater.openid.provider import open_provider  # noqa: PLC0415
    from headwater.overlay import overlay_of  # noqa: PLC0415
    from headwater.store.registry import clear_leftovers  # noqa: PLC0415
    from headwater.web.app import create_app  # noqa: PLC0415
    from headwater.web.serving import Connection  # noqa: PLC0415
    from headwater.worker import keep_working, run_what_never_ran, worker_command  # noqa: PLC0415

    with speaking_or_refused(language):
        is_alone = host in LOCAL and not accounts
        provider = open_provider(os.environ, base=base)
        if provider is not None and is_alone:
            raise InputError(
                _("HEADWATER_OIDC_… lets people sign in through another site, but here nobody signs in: add --accounts")
            )
        forum = open_forum(home, database=database, packaged=studies, is_alone=is_alone)
        library = hw.open_library(content=content, index=index or home / LIBRARY, overlay=overlay_of(forum))
        clear_leftovers(home)
        address = f"http://{host}:{port}/"
        screen.print(_("Headwater is at {address} — stop it with Ctrl-C.").format(address=address), highlight=False)
        if forum.needs_setup:
            text = _("Nobody has an account yet. Make the first at {address}, with the code {code}")
            screen.print(text.format(address=f"{address}{language}/set-up", code=forum.setup_code()), highlight=False)
        over = threading.Event()
        if work:
            if is_alone and (new := run_what_never_ran(forum)):
                text = _("These studies are being run for the first time; their pages show how far they are: {names}")
                screen.print(text.format(names=", ".join(new)), highlight=False)
            keep_working(worker_command(home, database, studies), is_wanted=lambda: not over.is_set())
        try:
            app = create_app(library, forum=forum, base=base, provider=provider)
            uvicorn.run(app, host=host, port=port, http=Connection, ws="none", log_level="warning", server_header=False)
        finally:
            over.set()


@site.command("work", help=_("Do the long jobs of a site, one by one: the program beside the server."))
def work(
    home: Home = DEFAULT_HOME,
    database: Database = None,
    studies: Studies = PACKAGED,
    workers: Annotated[
        int | None, typer.Option("--workers", min=1, help=_("Threads; all processors unless given."))
    ] = None,
    kept: Annotated[bool, typer.Option("--kept", hidden=True, help=_("End when standard input ends."))] = False,
) -> None:
    """Do the long jobs."""
    from headwater.compiled import keep_compiled  # noqa: PLC0415

    keep_compiled(home / "compiled")
    from headwater.forum import open_forum  # noqa: PLC0415
    from headwater.worker import leave_with_the_keeper, lower_priority, work  # noqa: PLC0415

    lower_priority()
    if kept:
        leave_with_the_keeper()
    work(open_forum(home, database=database, packaged=studies), workers=workers)


@site.command("backup", help=_("Write a copy of a site to one file: its database, studies and results."))
def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help=_("Zip file to write, outside the site's folder."))],
    home: Home = DEFAULT_HOME,
    database: Database = None,
    language: Language = "en",
) -> None:
    """Copy a site."""
    from headwater.forum import open_forum  # noqa: PLC0415
    from headwater.store.backup import write_backup  # noqa: PLC0415

    with speaking_or_refused(language):
        if home.resolve() in file.resolve().parents:
            raise InputError(_("Write the copy outside the folder of the site, or it would hold itself."))
        counted = write_backup(open_forum(home, database=database).engine, home, file)
        screen.print(
            _("[green]✓[/green] {file}: {rows} rows, {files} files").format(file=file, **counted), highlight=False
        )


@site.command("restore", help=_("Make a site from a copy; the folder and the database must be empty."))
def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help=_("Zip file that `headwater backup` wrote."))],
    home: Home = DEFAULT_HOME,
    database: Database = None,
    language: Language = "en",
) -> None:
    """Restore a site."""
    from headwater.forum import open_site_database  # noqa: PLC0415
    from headwater.store.backup import restore_backup  # noqa: PLC0415

    with speaking_or_refused(language):
        counted = restore_backup(open_site_database(home, database), home, file)
        screen.print(
            _("[green]✓[/green] {file}: {rows} rows, {files} files").format(file=file, **counted), highlight=False
        )


@site.command("user", help=_("Make an account, or give one another password or role: for whoever has the machine."))
def user(
    name: Annotated[str, typer.Argument(metavar="NAME", help=_("Name to sign in with."))],
    role: Annotated[str, typer.Option("--role", help=_("reader, editor, reviewer or admin."))] = "reader",
    home: Home = DEFAULT_HOME,
    database: Database = None,
    language: Language = "en",
) -> None:
    """Make or change an account."""
    from headwater.forum import open_forum  # noqa: PLC0415

    with speaking_or_refused(language):
        password = typer.prompt(_("Password"), hide_input=True, confirmation_prompt=True)
        forum = open_forum(home, database=database, is_alone=False)
        is_new = forum.keep_user(name, role=role, password=password)
        told = _("The account {name} is made.") if is_new else _("The account {name} is changed.")
        screen.print(told.format(name=name), highlight=False)


@site.command("export-content", help=_("Write entries that a site published to a zip file, to carry over to git."))
def export_content(
    file: Annotated[Path, typer.Argument(metavar="FILE", help=_("Zip file to write: entries, and one patch of all."))],
    home: Home = DEFAULT_HOME,
    database: Database = None,
    content: Content = None,
    index: LibraryFile = None,
    language: Language = "en",
) -> None:
    """Carry entries over to git."""
    from headwater import overlay  # noqa: PLC0415
    from headwater.forum import open_forum  # noqa: PLC0415

    with speaking_or_refused(language):
        forum = open_forum(home, database=database)
        library = hw.open_library(content=content, index=index or home / LIBRARY, overlay=overlay.overlay_of(forum))
        changes = overlay.changed_here(forum, library, EVERYONE_ALONE)
        overlay.export_content(forum, library, EVERYONE_ALONE, file)
        told = _("[green]✓[/green] {file}: {count} entries that git has not got")
        count = sum(change.state != overlay.SAME for change in changes)
        screen.print(told.format(file=file, count=count), highlight=False)
        for change in changes:
            if change.state == overlay.DIVERGED:
                text = _("[yellow]![/yellow] {place} was changed in git too: bring the two together")
                screen.print(text.format(place=change.place), highlight=False)


@site.command("export-site", help=_("Write the hub and the studies as files that open without a server or a network."))
def export_site(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help=_("Folder to write: a new one, or an earlier copy."))],
    replace: Annotated[bool, typer.Option("--replace", help=_("Replace an earlier copy."))] = False,
    home: Home = DEFAULT_HOME,
    database: Database = None,
    studies: Studies = PACKAGED,
    content: Content = None,
    index: LibraryFile = None,
    base: Annotated[
        str, typer.Option("--base", help=_("Address under which the site is known, for links in files."))
    ] = "",
    language: Language = "en",
) -> None:
    """Write a copy in files."""
    from headwater import export_site as copies  # noqa: PLC0415
    from headwater.forum import open_forum  # noqa: PLC0415
    from headwater.overlay import overlay_of  # noqa: PLC0415

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with speaking_or_refused(language), Progress(*columns, console=complaints, transient=True) as bars:
        tasks: dict[str, TaskID] = {}

        def show(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=total)
            bars.update(tasks[what], completed=done, total=total)

        forum = open_forum(home, database=database, packaged=studies)
        made = copies.export_site(
            hw.open_library(content=content, index=index or home / LIBRARY, overlay=overlay_of(forum)), folder,
            today=datetime.now(UTC).date().isoformat(), forum=forum, base=base, is_replacing=replace, progress=show,
        )  # fmt: skip
        told = _("[green]✓[/green] {folder}: {files} files, {size} MB; open {front}")
        size = f"{made.size / 1e6:.1f}"
        front = made.folder / copies.FRONT
        screen.print(
            told.format(folder=folder, files=len(made.files), size=size, front=front), highlight=False, soft_wrap=True
        )
        for name in made.studies:
            screen.print(f"  studies/{name}", highlight=False)
