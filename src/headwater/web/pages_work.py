"""Pages for work on a study: make one, see every table and what the check says of it, send tables, fetch them."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import IO, cast

from babel.core import get_global
from starlette.datastructures import FormData, UploadFile
from starlette.responses import RedirectResponse, Response, StreamingResponse

from headwater import schema, workshop
from headwater.errors import Fault, InputError, NotFound, TableError
from headwater.permissions import check_allowed
from headwater.reports.table_files import table_csv, table_workbook
from headwater.settings import FILE
from headwater.store.studies import INPUT_TABLES, REQUIRED_TABLES, SUFFIXES
from headwater.store.uploads import LARGEST_FILE, Sent
from headwater.web import languages
from headwater.web.languages import _
from headwater.web.pages_accounts import forum_of, text
from headwater.web.pages_grid import GRID_PAGES
from headwater.web.pages_jobs import JOB_PAGES
from headwater.web.pages_sharing import SHARING_PAGES
from headwater.web.signature import needed_user
from headwater.web.table_words import GROUPS, TABLES
from headwater.web.visits import Visit, link, render
from headwater.web.work_visits import Work, at_work, changing, of_table, place_of, render_work, shown, title_of
from headwater.words import told

NOT_COUNTRIES = frozenset(
    [
        "AAA",
        "ZZZ",
        "ANT",
        "BUR",
        "ZAR",
        "SCG",
        "YUG",
        "DDR",
        "FXX",
        "NTZ",
        "SUN",
        "TMP",
        "YMD",
        "ASC",
        "CPT",
        "DGA",
        "TAA",
    ]
)
"""Codes that no country bears today, or that are not countries."""

MOST_FAULTS = 200
"""Faults that a page lists; the rest are counted."""

BLOCK = 1 << 18
LARGEST_SENT = LARGEST_FILE + 65_536
LARGEST_PAGE = 4 * 1024 * 1024
LARGEST_BODIES = {
    r"/[a-z]{2}/studies/[^/]+/tables\Z": LARGEST_SENT,
    r"/[a-z]{2}/studies/[^/]+/tables/[^/]+\Z": LARGEST_PAGE,
}
"""Bytes that may be sent to the addresses of work, for `Delivery`: files to be taken apart, and one page of a table."""


# --- making -------------------------------------------------------------------------------------------------------


def new(visit: Visit) -> Response:
    """The forms to make a study."""
    user = needed_user(visit.request)
    check_allowed(user, "create_study")
    return _new(visit, {})


def do_new(visit: Visit, form: FormData) -> Response:
    """Make a study; a name that will not do brings the form back."""
    forum, user = forum_of(visit.request), needed_user(visit.request)
    check_allowed(user, "create_study")
    given = {name: text(form, name, 80).strip() for name in ("make", "study_id", "iso3", "year", "source")}
    try:
        if given["make"] == "copy":
            workshop.copy_study(forum, user, given["source"], given["study_id"])
        else:
            year = given["year"]
            if not (year.isascii() and year.isdigit() and 1900 <= int(year) <= 2200):
                raise InputError(_("Write the base year as four digits, for example 2026.").striptags())
            workshop.create_study(forum, user, given["study_id"], iso3=given["iso3"], year=int(year))
    except (InputError, NotFound) as error:
        return _new(visit, given, message=str(error), status=400)
    return RedirectResponse(link(f"studies/{given['study_id']}/start"), status_code=303)


def _new(visit: Visit, given: dict[str, str], message: str = "", status: int = 200) -> Response:
    forum = forum_of(visit.request)
    known = [(one.study_id, languages.plain(title_of(one))) for one in forum.studies(needed_user(visit.request))]
    return render(
        visit.request,
        "work_new.html",
        title=_("Make a study"),
        index=False,
        status=status,
        path="studies/new",
        countries=countries(),
        known=known,
        given=given,
        message=message,
        this_year=datetime.now(UTC).year,
        source=given.get("source") or visit.value("source"),
    )


def countries() -> list[tuple[str, str]]:
    """Code and name of every country, by name in the current language."""
    return sorted(
        ((code, languages.country(short)) for code, short in _codes()), key=lambda c: languages.collation(c[1])
    )


@cache
def _codes() -> list[tuple[str, str]]:
    """Three and two letters of every country. Source: Unicode CLDR, as Babel holds it."""
    known = get_global("territory_aliases").items()
    return [
        (code, of[0])
        for code, of in known
        if len(code) == 3 and code.isalpha() and code[0] not in "QX" and len(of) == 1 and code not in NOT_COUNTRIES
    ]


def start(visit: Visit) -> Response:
    """What to do with a study that is new."""
    work = at_work(visit, "edit_study")
    held = workshop.holdings(work.forum, work.user, work.study_id)
    sound = workshop.soundness(work.forum, work.user, work.study_id)
    filled = {holding.name for holding in held if holding.rows}
    return render_work(
        work,
        "work_start.html",
        title=_("What to do next"),
        filled=filled,
        needed=REQUIRED_TABLES,
        sound=sound,
        header_faults=[fault for fault in sound.faults if fault.file == FILE],
        FILE=FILE,
    )


# --- tables -------------------------------------------------------------------------------------------------------


def tables(visit: Visit) -> Response:
    """Every table that the study may hold, and what the check says."""
    return _tables(at_work(visit))


def do_send(visit: Visit, form: FormData) -> Response:
    """Put tables that somebody sends into the study, or say everything that is wrong with them."""
    work = at_work(visit, "edit_study")
    files = [part for part in form.getlist("files") if isinstance(part, UploadFile) and part.filename]
    sent = [Sent(Path(str(part.filename)).name, cast("IO[bytes]", part.file)) for part in files]  # type: ignore[arg-type]
    try:
        put, _sound = workshop.send_tables(work.forum, work.editor, work.study_id, sent)
    except TableError as error:
        return _tables(work, refused=error.faults, status=422)
    return _tables(work, put=put)


def _tables(
    work: Work, *, refused: list[Fault] | None = None, put: list[workshop.Put] | None = None, status: int = 200
) -> Response:
    sound = workshop.soundness(work.forum, work.user, work.study_id)
    held = {one.name: one for one in workshop.holdings(work.forum, work.user, work.study_id)}
    counted: dict[str, int] = {}
    for fault in sound.faults:
        counted[of_table(fault.file)] = counted.get(of_table(fault.file), 0) + 1
    groups = [
        (
            told(title),
            [(held[name], told(TABLES[name].title), told(TABLES[name].means), counted.get(name, 0)) for name in names],
        )
        for title, names in GROUPS.items()
    ]
    faults = [(fault, place_of(work, fault)) for fault in sound.faults[:MOST_FAULTS]]
    changes = workshop.changes(work.forum, work.user, work.study_id)[:8] if work.may("edit_study") else []
    return render_work(
        work,
        "work_tables.html",
        title=_("Tables"),
        section="tables",
        status=status,
        groups=groups,
        sound=sound,
        faults=faults,
        refused=refused or [],
        put=put or [],
        may_edit=work.may("edit_study"),
        FILE=FILE,
        header_faults=counted.get(FILE, 0),
        required=REQUIRED_TABLES,
        changes=changes,
        most_mb=LARGEST_FILE // 1024 // 1024,
        may_copy=work.known.is_packaged and work.may("run_study"),
        title_of_table=title_of_table,
    )


def title_of_table(name: str) -> str:
    """A table's title in the current language; its name where it has none."""
    return told(TABLES[name].title) if name in TABLES else name


# --- fetching -----------------------------------------------------------------------------------------------------


def fetch(visit: Visit) -> Response:
    """A table as CSV or XLSX, or its file as it is; a template as CSV."""
    work, name, wanted = at_work(visit), visit.part("name"), visit.part("format")
    if name not in INPUT_TABLES:
        raise NotFound(_("A study has no table {name}.").striptags().format(name=name[:60]))
    if wanted == "template.csv":
        return _file(table_csv([list(schema.load_schema(name).index)]), f"{name}.csv", "text/csv; charset=utf-8")
    if wanted == "file":
        path = next(
            (one.path for one in workshop.holdings(work.forum, work.user, work.study_id) if one.name == name), None
        )
        if path is None or path.suffix not in SUFFIXES[1:]:
            raise NotFound(_("There is no such file.").striptags())
        return _file(path.read_bytes(), path.name, "application/octet-stream")
    lines = workshop.read_lines(work.forum, work.user, work.study_id, name)
    if wanted == "csv":
        return _file(table_csv(lines), f"{work.study_id}-{name}.csv", "text/csv; charset=utf-8")
    if wanted == "xlsx":
        media = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
        return _file(table_workbook(name, lines), f"{work.study_id}-{name}.xlsx", media)
    raise NotFound(_("There is no such file.").striptags())


def fetch_all(visit: Visit) -> Response:
    """The whole study, without its results, as one zip; cells that a spreadsheet might compute are guarded."""
    work = at_work(visit)
    page = tempfile.SpooledTemporaryFile(max_size=8 << 20)  # noqa: SIM115 -- closed when all of it is sent
    with zipfile.ZipFile(page, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(work.known.folder.rglob("*")):
            name = path.relative_to(work.known.folder)
            if not path.is_file() or any(part.startswith(".") for part in name.parts):
                continue
            if path.suffix == ".csv" and path.stem in INPUT_TABLES and len(name.parts) == 1:
                lines = workshop.read_lines(work.forum, work.user, work.study_id, path.stem)
                archive.writestr(f"{work.study_id}/{name.as_posix()}", table_csv(lines))
            else:
                archive.write(path, f"{work.study_id}/{name.as_posix()}")
    page.seek(0)
    headers = {
        "content-disposition": f'attachment; filename="{work.study_id}.zip"',
        "cache-control": "private, no-store",
    }
    return StreamingResponse(_blocks(cast("IO[bytes]", page)), media_type="application/zip", headers=headers)


def _blocks(page: IO[bytes]) -> Iterator[bytes]:
    with page:
        while block := page.read(BLOCK):
            yield block


def _file(content: bytes, name: str, media: str) -> Response:
    headers = {"content-disposition": f'attachment; filename="{name}"', "cache-control": "private, no-store"}
    return Response(content, media_type=media, headers=headers)


WORK_PAGES = [
    shown("studies/new", new),
    changing("studies/new", do_new),
    shown("studies/{study_id}/start", start),
    shown("studies/{study_id}/tables", tables),
    changing("studies/{study_id}/tables", do_send, action="edit_study"),
    shown("studies/{study_id}/tables.zip", fetch_all),
    *GRID_PAGES,
    shown("studies/{study_id}/tables/{name}/{format}", fetch),
    *JOB_PAGES,
    *SHARING_PAGES,
]
"""Addresses of work on studies; they come before those of studies to read, since `studies/new` is none of these."""
