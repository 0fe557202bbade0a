"""Pages on which a table of a study is edited: a grid, one row alone, the header as text, and changes taken back."""

from __future__ import annotations

from dataclasses import dataclass, field

from starlette.datastructures import FormData
from starlette.responses import Response

from headwater import schema, workshop
from headwater.errors import Conflict, Fault, InputError, NotFound, TableError
from headwater.settings import FILE
from headwater.sheets import Clash, Edits, edited, moved, real
from headwater.store.history import Sheet
from headwater.web import grid_view
from headwater.web.grid_view import PAGE_OF_ROW, Grid
from headwater.web.languages import _
from headwater.web.pages_accounts import text
from headwater.web.table_words import TABLES
from headwater.web.visits import Visit
from headwater.web.work_visits import PER_PAGE, Work, at_work, changing, gone, of_table, render_work, shown
from headwater.words import later, told

MOST_FIELDS = 60_000
"""Cells that one form may hold."""

MOST_CELL = 2_000_000
"""Characters of one cell that are read."""

MOST_ADDED = 2_000
LARGEST_HEADER = 1_000_000
CHANGES_SHOWN = 20


@dataclass(frozen=True)
class Wanted:
    """What a form of the grid asks for.

    Attributes
    ----------
    edits
        What was typed.
    mark
        Version that it was typed on.
    do
        Which button was pressed.
    """

    edits: Edits
    mark: str
    do: str


@dataclass(frozen=True)
class Trouble:
    """Why a grid comes back unsaved: what to say, where two people clash, and which rows to show."""

    message: str = ""
    clashes: list[Clash] = field(default_factory=list)
    is_conflict: bool = False
    lost: str = ""
    status: int = 200


def grid(visit: Visit) -> Response:
    """A table, page by page or one row alone."""
    work = at_work(visit)
    return _grid(work, _sheet(work))


def do_save(visit: Visit, form: FormData) -> Response:
    """Save a page of a table; a conflict brings the form back with both versions."""
    work = at_work(visit, "edit_study")
    sheet = _sheet(work)
    if not sheet.is_editable:
        raise InputError(_("This table cannot be edited here. Fetch it, change it, and send it again.").striptags())
    wanted = read_form(form)
    if wanted.mark != sheet.mark:
        return _conflict(work, sheet, wanted)
    if wanted.do.startswith("copy:"):
        return _grid(work, sheet, edits=_with_copy(sheet, wanted))
    edits = _fitted(sheet, wanted.edits)
    columns, cells = edited(sheet.columns, sheet.cells, edits)
    try:
        mark = workshop.write_table(
            work.forum, work.editor, work.study_id, sheet.name, columns, cells, mark=wanted.mark, words=words_of(edits)
        )
    except Conflict:
        return _conflict(work, _sheet(work), wanted)
    number = min(visit.page_number(), max((len(cells) - 1) // PER_PAGE + 1, 1))
    if edits.rows:
        number = (len(cells) - 1) // PER_PAGE + 1
    done = "same" if mark == sheet.mark else "saved"
    row = visit.value("row") if not edits.deleted and not edits.rows else ""
    return gone(work, f"tables/{sheet.name}", page=number if number > 1 and not row else "", row=row, done=done)


def do_undo(visit: Visit, form: FormData) -> Response:
    """Take a change back."""
    work, given = at_work(visit, "edit_study"), text(form, "edit_id", 12)
    if not (given.isascii() and given.isdigit()):
        raise NotFound(_("There is no such change, or it was undone already.").striptags())
    name = workshop.undo(work.forum, work.editor, work.study_id, int(given))
    return gone(work, f"tables/{name}", done="undone")


def header(visit: Visit) -> Response:
    """The header of a study as text."""
    work = at_work(visit)
    page, mark = workshop.read_header(work.forum, work.user, work.study_id)
    faults = [fault for fault in _faults(work) if fault.file == FILE]
    return _header(work, page, mark, faults=faults)


def do_header(visit: Visit, form: FormData) -> Response:
    """Save the header, unless it has faults or somebody else changed it meanwhile."""
    work, mark = at_work(visit, "edit_study"), text(form, "mark", 64)
    mine = text(form, "page", LARGEST_HEADER).replace("\r\n", "\n")
    words = later("Edited as text")
    try:
        workshop.write_header(work.forum, work.editor, work.study_id, mine, mark=mark, words=words)
    except Conflict as error:
        theirs, now = workshop.read_header(work.forum, work.user, work.study_id)
        return _header(work, mine, now, theirs=theirs, message=str(error), status=409)
    except TableError as error:
        return _header(work, mine, mark, faults=error.faults, unsaved=True, status=422)
    return gone(work, f"tables/{FILE}", done="saved")


# --- what a form holds --------------------------------------------------------------------------------------------


def read_form(form: FormData) -> Wanted:
    """What a form of the grid asks for.

    Examples
    --------
    >>> given = {"mark": "m", "c.3.1": "x", "d.4": "yes", "n.0.0": "new", "c.x.1": "?", "do": "save"}
    >>> read_form(FormData(given)).edits
    Edits(cells={(3, 1): 'x'}, deleted=frozenset({4}), added=[['new']], columns=())
    """
    cells: dict[tuple[int, int], str] = {}
    added: dict[int, dict[int, str]] = {}
    deleted = set()
    for name, value in form.multi_items():
        kind, _dot, rest = name.partition(".")
        if kind not in {"c", "d", "n"} or not isinstance(value, str):
            continue
        numbers = [int(part) for part in rest.split(".") if part.isascii() and part.isdigit() and len(part) < 8]
        clean = value[:MOST_CELL].replace("\0", "")
        if kind == "c" and len(numbers) == 2:
            cells[numbers[0], numbers[1]] = clean
        elif kind == "n" and len(numbers) == 2 and len(added) < MOST_ADDED and numbers[1] < 1000:
            added.setdefault(numbers[0], {})[numbers[1]] = clean.replace("\r\n", "\n")
        elif kind == "d" and len(numbers) == 1:
            deleted.add(numbers[0])
    width = max((column + 1 for row in added.values() for column in row), default=0)
    rows = [[row.get(column, "") for column in range(width)] for _number, row in sorted(added.items())]
    column = text(form, "column", 80).strip()
    edits = Edits(cells, frozenset(deleted), rows, (column,) if column else ())
    return Wanted(edits, text(form, "mark", 64), text(form, "do", 40))


def words_of(edits: Edits) -> str:
    """What was changed, for the list of changes: in English, to be translated for whoever reads it."""
    parts = [
        (len(edits.cells), later("cells changed: {count}")),
        (len(edits.rows), later("rows added: {count}")),
        (len(edits.deleted), later("rows deleted: {count}")),
    ]
    said = [words.format(count=count) for count, words in parts if count]
    said += [later("column added: {name}").format(name=name) for name in edits.columns]
    return "; ".join(said)[:300] or later("nothing changed")


# --- parts --------------------------------------------------------------------------------------------------------


def _sheet(work: Work) -> Sheet:
    return workshop.read_table(work.forum, work.user, work.study_id, work.visit.part("name"))


def _faults(work: Work) -> list[Fault]:
    return list(workshop.soundness(work.forum, work.user, work.study_id).faults)


def _fitted(sheet: Sheet, edits: Edits) -> Edits:
    """What really changes a table: added rows as wide as it is, new columns that it may have."""
    width, known = len(sheet.columns), schema.load_schema(sheet.name).index
    rows = [(list(row) + [""] * width)[:width] for row in edits.added]
    columns = [name for name in edits.columns if name in known and name not in sheet.columns]
    return real(sheet.cells, Edits(edits.cells, edits.deleted, rows, columns))


def _with_copy(sheet: Sheet, wanted: Wanted) -> Edits:
    """Edits with a copy of a row as a row to add."""
    given = wanted.do.removeprefix("copy:")
    if not given.isdigit() or int(given) >= len(sheet.cells):
        return wanted.edits
    row, edits = int(given), wanted.edits
    copy = [edits.cells.get((row, column), cell) for column, cell in enumerate(sheet.cells[row])]
    return Edits(edits.cells, edits.deleted, [*edits.rows, copy], edits.columns)


def _conflict(work: Work, now: Sheet, wanted: Wanted) -> Response:
    """The form again, on the version that somebody else saved, with what this reader typed still in it."""
    message = _("Somebody else saved this table while you were editing. Nothing was overwritten.").striptags()
    try:
        base = workshop.read_version(work.forum, work.editor, work.study_id, now.name, wanted.mark)
    except NotFound:
        typed = "\n".join(f"{row + 2}\t{column + 1}\t{cell}" for (row, column), cell in wanted.edits.cells.items())
        added = "\n".join("\t".join(row) for row in wanted.edits.rows)
        return _grid(
            work, now, trouble=Trouble(message, is_conflict=True, lost=f"{typed}\n{added}".strip(), status=409)
        )
    mine = _fitted(base, wanted.edits)
    keys = schema.key_columns(now.name)
    edits, clashes = moved(base.columns, base.cells, mine, now_columns=now.columns, now_rows=now.cells, keys=keys)
    return _grid(work, now, edits=edits, trouble=Trouble(message, clashes, is_conflict=True, status=409))


def _grid(work: Work, sheet: Sheet, *, edits: Edits | None = None, trouble: Trouble | None = None) -> Response:
    visit, trouble = work.visit, trouble or Trouble()
    may_edit = work.may("edit_study") and sheet.is_editable
    faults = [fault for fault in _faults(work) if of_table(fault.file) == sheet.name]
    given = visit.value("row")
    alone = int(given) - 2 if given.isascii() and given.isdigit() and len(given) < 8 else None
    if alone is not None and not 0 <= alone < len(sheet.cells):
        raise NotFound(_("There is no such row.").striptags())
    made: Grid = grid_view.grid(
        sheet, faults, edits=edits, number=visit.page_number(), alone=alone, touched=trouble.is_conflict
    )
    changes = workshop.changes(work.forum, work.user, work.study_id, sheet.name)[:CHANGES_SHOWN] if may_edit else []
    return render_work(
        work,
        "work_grid.html",
        title=told(TABLES[sheet.name].title),
        section="tables",
        status=trouble.status,
        sheet=sheet,
        grid=made,
        may_edit=may_edit,
        trouble=trouble,
        changes=changes,
        means=told(TABLES[sheet.name].means),
        is_unsaved=edits is not None,
        page_of_row=PAGE_OF_ROW,
        table_at=work.at(f"tables/{sheet.name}"),
        address=lambda number: work.at(f"tables/{sheet.name}", {"page": number}),
    )


def _header(
    work: Work, page: str, mark: str, *, faults: list[Fault] | None = None, theirs: str = "", message: str = "",
    unsaved: bool = False, status: int = 200,
) -> Response:  # fmt: skip
    may_edit = work.may("edit_study")
    changes = workshop.changes(work.forum, work.user, work.study_id, FILE)[:CHANGES_SHOWN] if may_edit else []
    return render_work(
        work,
        "work_header.html",
        title=_("Header of the study"),
        section="tables",
        status=status,
        page=page,
        mark=mark,
        faults=faults or [],
        theirs=theirs,
        message=message,
        unsaved=unsaved,
        may_edit=may_edit,
        changes=changes,
        FILE=FILE,
    )


GRID_PAGES = [
    shown(f"studies/{{study_id}}/tables/{FILE}", header),
    changing(f"studies/{{study_id}}/tables/{FILE}", do_header, action="edit_study"),
    changing("studies/{study_id}/tables/undo", do_undo, action="edit_study"),
    shown("studies/{study_id}/tables/{name}", grid),
    changing("studies/{study_id}/tables/{name}", do_save, action="edit_study", most_fields=MOST_FIELDS),
]
"""Addresses at which tables are edited."""
