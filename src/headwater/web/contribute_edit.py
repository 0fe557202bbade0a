"""The sheet on which an entry is written: as a form, or as the file itself; what was typed is kept whatever happens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from babel import Locale
from markupsafe import Markup
from starlette.datastructures import FormData
from starlette.responses import HTMLResponse

from headwater import contribution
from headwater.catalogue.records import FOLDERS, Record, body_parts
from headwater.catalogue.review import criteria
from headwater.catalogue.shapes import READ
from headwater.contribution import Draft, Examined
from headwater.store.content import parse_entry
from headwater.store.entry_text import NEW, read_text, with_fields
from headwater.web.contribute_view import title_of
from headwater.web.entry_form import Ask, asked, basis_options, fits_form, typed
from headwater.web.languages import _, said
from headwater.web.pages_accounts import forum_of, text
from headwater.web.pages_entries import reading
from headwater.web.pages_front import kind_name, kind_title
from headwater.web.signature import needed_user
from headwater.web.visits import Visit, link, render
from headwater.words import LANGUAGES, language

FORM, FILE = "form", "file"


@dataclass(frozen=True)
class Sheet:
    """What stands on the sheet.

    Attributes
    ----------
    kind, record_id
        The entry; no name yet for a new one.
    text
        Its file, with what was typed.
    view
        `form` or `file`.
    draft
        The draft that it belongs to, where one was begun.
    on
        Number of the version that the author began with.
    words
        What the author says of this version.
    do
        What was asked: `save`, `submit`, `preview`, or to draw the sheet anew (`form`, `file`, `more:FIELD`).
    message, address
        What to say on top of it, and where that can be looked at.
    is_fresh
        Whether nothing was typed yet: an empty form has no faults.
    is_correction
        Whether it corrects an entry that is published, under the address of that entry.
    """

    kind: str
    record_id: str
    text: str
    view: str = FORM
    draft: Draft | None = None
    on: int = 0
    words: str = ""
    do: str = ""
    message: Markup | str = ""
    address: str = ""
    is_fresh: bool = False
    is_correction: bool = False

    @property
    def wants_redrawing(self) -> bool:
        """Whether the sheet is only to be drawn in another way."""
        return self.do not in {"save", "submit", "preview"}

    @property
    def more(self) -> str:
        """Field that is to have more rows."""
        return self.do.removeprefix("more:") if self.do.startswith("more:") else ""

    def saying(self, message: Markup | str, address: str = "") -> Sheet:
        """The same sheet with a message on top."""
        return replace(self, message=message, address=address)

    def on_version(self, version: int) -> Sheet:
        """The same sheet, to be saved after another version."""
        return replace(self, on=version)


def sheet_of(visit: Visit, kind: str, record_id: str, *, draft: Draft | None = None, view: str = "") -> Sheet:
    """The sheet of a draft, of an entry as it is published, or of a new one."""
    published = (
        contribution.published_text(visit.library, forum_of(visit.request), contribution.place_of(kind, record_id))
        if record_id
        else ""
    )
    text_ = draft.text if draft is not None else published or NEW
    return Sheet(
        kind, record_id, text_, view if view in {FORM, FILE} else FORM, draft, draft.version if draft else 0,
        is_fresh=not record_id and draft is None, is_correction=draft is None and bool(record_id),
    )  # fmt: skip


def read_sheet(
    form: FormData, kind: str, record_id: str, *, draft: Draft | None = None, is_correction: bool = False
) -> Sheet:
    """The sheet as it was sent."""
    view = FILE if text(form, "view", 8) == FILE else FORM
    said_ = text(form, "text", contribution.LARGEST * 2).replace("\r\n", "\n")
    if view == FORM:
        entry = read_text(said_, "")
        if entry is None:
            said_, raw, body = NEW, {}, {}
        else:
            raw, body = dict(entry.raw), body_parts(entry.body)[0]
        changes, new_body = typed(kind, form, raw)
        extra = {code: words for code, words in body.items() if code not in LANGUAGES}
        said_ = with_fields(said_, kind, changes, body=None if new_body | extra == body else new_body | extra)
    do = text(form, "do", 80) or "save"
    on = text(form, "version", 8)
    return Sheet(
        kind,
        record_id,
        said_,
        do if do in {FORM, FILE} else view,
        draft,
        int(on) if on.isascii() and on.isdigit() else 0,
        text(form, "words", 2000),
        do,
        is_correction=is_correction,
    )


def drawn(visit: Visit, sheet: Sheet, *, done: Markup | str = "", status: int = 200) -> HTMLResponse:
    """The sheet as a page, each fault beside the field that it is in."""
    forum, user, library = forum_of(visit.request), needed_user(visit.request), visit.library
    name = sheet.record_id or "new"
    base = sheet.draft.base if sheet.draft else _published(visit, sheet)
    examined = (
        Examined(None, []) if sheet.is_fresh
        else contribution.examine(forum, library, sheet.kind, name, sheet.text, base=base)
    )  # fmt: skip
    entry, _unread = parse_entry(sheet.text, path=forum.home, label="")
    raw: dict[str, Any] = dict(entry.raw) if entry is not None else {}
    can_form = (entry is not None or sheet.is_fresh) and fits_form(sheet.kind, raw)
    view = sheet.view if can_form else FILE
    inputs = _asks(visit, sheet, raw, examined) if view == FORM else []
    known = {fault.column for ask in inputs for fault in ask.faults}
    is_behind = sheet.draft is not None and contribution.is_behind(forum, library, sheet.draft)
    title = _heading(visit, sheet)
    made = render(
        visit.request,
        "contribute_edit.html",
        title=title,
        index=False,
        status=status,
        heading=title,
        sheet=sheet,
        view=view,
        can_form=can_form,
        done=done,
        inputs=inputs,
        faults=examined.faults,
        elsewhere=[fault for fault in examined.faults if fault.column not in known],
        bases=basis_options(raw),
        body=body_parts(entry.body)[0] if entry is not None else {},
        names=_names(library.records.values(), inputs),
        countries=_countries(),
        read=[(way, reading({"read": way})) for way in READ],
        criteria=criteria().values(),
        kind_words=kind_name(sheet.kind),
        kind_title=kind_title(sheet.kind),
        is_behind=is_behind,
        at_work=contribution.others_at_work(forum, user, sheet.kind, sheet.record_id) if sheet.record_id else 0,
        action=_action(sheet),
        at=link(f"contribute/drafts/{sheet.draft.draft_id}") if sheet.draft else link("contribute/"),
        entry_address=link(f"{FOLDERS[sheet.kind]}/{quote(sheet.record_id)}")
        if f"{sheet.kind}/{sheet.record_id}" in library.records else "",
    )  # fmt: skip
    made.headers["cache-control"] = "private, no-store"
    return made


def _asks(visit: Visit, sheet: Sheet, raw: dict[str, Any], examined: Examined) -> list[Ask]:
    principles = [record for record in visit.library.records.values() if record.kind == "principle"]
    return asked(
        sheet.kind, raw, visit.library.vocabularies, principles=principles, faults=examined.faults, more=sheet.more
    )


def _published(visit: Visit, sheet: Sheet) -> str:
    if not sheet.record_id:
        return ""
    place = contribution.place_of(sheet.kind, sheet.record_id)
    return contribution.published_text(visit.library, forum_of(visit.request), place)


def _heading(visit: Visit, sheet: Sheet) -> Markup:
    if sheet.draft is not None:
        return title_of(visit, sheet.draft)
    known = visit.library.records.get(f"{sheet.kind}/{sheet.record_id}")
    if known is not None:
        return _("Correct: {title}").format(title=said(known.title))
    return _("A new entry: {kind}").format(kind=kind_name(sheet.kind))


def _action(sheet: Sheet) -> str:
    if sheet.draft is not None:
        return link(f"contribute/drafts/{sheet.draft.draft_id}/edit")
    return link(f"contribute/{sheet.kind}" + (f"/{quote(sheet.record_id)}" if sheet.is_correction else ""))


def _names(records: Any, inputs: Sequence[Ask]) -> dict[str, list[Record]]:
    """Entries that fields may name, by kind."""
    kinds = {ask.names for ask in inputs if ask.names} | (
        {"tool"} if any("tool" in ask.columns for ask in inputs) else set()
    )
    return {kind: [record for record in records if record.kind == kind] for kind in sorted(kinds)}


def _countries() -> list[tuple[str, str]]:
    names = Locale.parse("zh_Hans" if language() == "zh" else "en").territories
    return sorted((code, str(name)) for code, name in names.items() if len(code) == 2 and code.isalpha())
