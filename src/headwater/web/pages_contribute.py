"""Pages on which people propose and correct entries of the hub, review them, and fetch what was published for git."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from markupsafe import Markup
from starlette.datastructures import FormData
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from headwater import contribution
from headwater.catalogue.records import FOLDERS, KINDS
from headwater.catalogue.review import criteria
from headwater.contribution import Draft, Finding
from headwater.errors import Conflict, InputError, NotAllowed, NotFound, TableError
from headwater.permissions import User, check_allowed, may
from headwater.web.contribute_edit import Sheet, drawn, read_sheet, sheet_of
from headwater.web.contribute_view import preview_context, state_words, title_of
from headwater.web.languages import _
from headwater.web.pages_accounts import forum_of, text
from headwater.web.pages_front import kind_name, kind_title
from headwater.web.signature import needed_user, user_of
from headwater.web.signed import posted
from headwater.web.visits import Visit, link, render
from headwater.web.work_visits import shown

LARGEST_BODY = 1024 * 1024
CONTRIBUTE_BODIES = {r"/[a-z]{2}/contribute/": LARGEST_BODY}
"""What an address of these may be sent [bytes]: a draft, twice over, as a browser writes it."""

MOST_FIELDS = 4_000
DONE = {
    "saved": lambda: _("Saved as a draft. Nobody else sees it before it is handed in."),
    "faults": lambda: _("Saved as a draft. It cannot be handed in before the faults below are mended."),
    "submitted": lambda: _("Handed in. A reviewer will look at it."),
    "recalled": lambda: _("Taken back. Change it, then hand it in again."),
    "withdrawn": lambda: _("Withdrawn."),
    "returned": lambda: _("Returned to its author, with your reasons."),
    "published": lambda: _("Published. The entry shows at once, in every language."),
}
"""What was done, said once at the top of the page after it."""


def listing(visit: Visit) -> Response:
    """What one has proposed, what waits for review, what was published lately."""
    forum, user = forum_of(visit.request), user_of(visit.request)
    is_reviewer = may(user, "review_entry")
    return _page(
        visit,
        "contribute_list.html",
        title=_("Contribute to the hub"),
        index=True,
        kinds=[(kind, kind_name(kind)) for kind in KINDS],
        may_propose=may(user, "propose_entry"),
        is_reviewer=is_reviewer,
        mine=contribution.my_drafts(forum, user) if may(user, "propose_entry") and user else [],
        waiting=contribution.waiting_drafts(forum, user) if is_reviewer and user else [],
        published=contribution.published_lately(forum),
        changes=contribution.changed_here(forum, visit.library, user) if is_reviewer else [],
        criteria=criteria().values(),
    )


def do_export(visit: Visit, _form: FormData) -> Response:
    """What was published here, as files and a patch for git."""
    content = contribution.exported(forum_of(visit.request), visit.library, needed_user(visit.request))
    headers = {"content-disposition": 'attachment; filename="headwater-content.zip"', "cache-control": "no-store"}
    return Response(content, media_type="application/zip", headers=headers)


# --- writing ------------------------------------------------------------------------------------------------------


def new(visit: Visit) -> Response:
    """The empty form of a new entry."""
    kind = _kind(visit)
    if user_of(visit.request) is None:
        return _to_sign_in(visit)
    check_allowed(user_of(visit.request), "propose_entry")
    return drawn(visit, sheet_of(visit, kind, "", view=visit.value("view")))


def do_new(visit: Visit, form: FormData) -> Response:
    """Begin a draft of a new entry."""
    kind = _kind(visit)
    sheet = read_sheet(form, kind, text(form, "record_id", 200).strip())
    if sheet.wants_redrawing:
        return drawn(visit, sheet)
    key = f"{kind}/{sheet.record_id}"
    if key in visit.library.records:
        address = link(f"contribute/{kind}/{quote(sheet.record_id)}")
        return drawn(visit, sheet.saying(_("There is an entry of that name already."), address), status=409)
    return _begun(visit, sheet)


def correct(visit: Visit) -> Response:
    """The form of an entry as it is published, to be corrected; one's own open draft where there is one."""
    kind, record_id = _kind(visit), visit.part("record_id")
    visit.library.entry(kind, record_id)
    user = user_of(visit.request)
    if user is None:
        return _to_sign_in(visit)
    check_allowed(user, "propose_entry")
    mine = contribution.draft_of(forum_of(visit.request), user, kind, record_id)
    if mine is not None:
        return RedirectResponse(_at(mine.draft_id, "edit" if mine.state in {"draft", "returned"} else ""), 303)
    return drawn(visit, sheet_of(visit, kind, record_id, view=visit.value("view")))


def do_correct(visit: Visit, form: FormData) -> Response:
    """Begin a draft of a correction."""
    kind, record_id = _kind(visit), visit.part("record_id")
    visit.library.entry(kind, record_id)
    sheet = read_sheet(form, kind, record_id, is_correction=True)
    return drawn(visit, sheet) if sheet.wants_redrawing else _begun(visit, sheet)


def edit(visit: Visit) -> Response:
    """One's own draft, to be changed."""
    draft = _own(visit)
    if draft.state not in {"draft", "returned"}:
        return RedirectResponse(_at(draft.draft_id), status_code=303)
    sheet = sheet_of(visit, draft.kind, draft.record_id, draft=draft, view=visit.value("view"))
    return drawn(visit, sheet, done=_done(visit))


def do_edit(visit: Visit, form: FormData) -> Response:
    """Save another version of a draft, and hand it in where that was asked."""
    draft = _own(visit)
    sheet = read_sheet(form, draft.kind, draft.record_id, draft=draft)
    if sheet.wants_redrawing:
        return drawn(visit, sheet)
    try:
        version = contribution.save(
            forum_of(visit.request), visit.library, needed_user(visit.request), draft.draft_id, sheet.text,
            on=sheet.on, words=sheet.words, takes_up=bool(text(form, "takes_up", 3)),
        )  # fmt: skip
    except Conflict as error:
        latest = sheet.on_version(draft.version)
        address = _at(draft.draft_id, "diff", old=str(min(sheet.on, draft.version)), new=str(draft.version))
        return drawn(visit, latest.saying(Markup.escape(str(error)), address), status=409)
    except InputError as error:
        return drawn(visit, sheet.saying(Markup.escape(str(error))), status=400)
    return _handed_on(visit, sheet, draft.draft_id, version)


def _begun(visit: Visit, sheet: Sheet) -> Response:
    forum, user = forum_of(visit.request), needed_user(visit.request)
    try:
        draft_id = contribution.propose(
            forum, visit.library, user, sheet.kind, sheet.record_id, sheet.text, words=sheet.words
        )
    except Conflict as error:
        mine = contribution.draft_of(forum, user, sheet.kind, sheet.record_id)
        address = _at(mine.draft_id, "edit") if mine is not None else ""
        return drawn(visit, sheet.saying(Markup.escape(str(error)), address), status=409)
    except InputError as error:
        return drawn(visit, sheet.saying(Markup.escape(str(error))), status=400)
    return _handed_on(visit, sheet, draft_id, 1)


def _handed_on(visit: Visit, sheet: Sheet, draft_id: str, version: int) -> Response:
    """After saving: to the draft where it was handed in, to its preview, or back to the form."""
    if sheet.do == "preview":
        return RedirectResponse(_at(draft_id, "preview"), status_code=303)
    if sheet.do != "submit":
        return RedirectResponse(_at(draft_id, "edit", view=sheet.view, done="saved"), status_code=303)
    try:
        contribution.submit(forum_of(visit.request), visit.library, needed_user(visit.request), draft_id, version)
    except TableError:
        return RedirectResponse(_at(draft_id, "edit", view=sheet.view, done="faults"), status_code=303)
    except InputError as error:
        return _draft(visit, draft_id, message=str(error), status=409 if isinstance(error, Conflict) else 400)
    return RedirectResponse(_at(draft_id, done="submitted"), status_code=303)


# --- one draft ----------------------------------------------------------------------------------------------------


def draft(visit: Visit) -> Response:
    """A draft as it stands: its state, how it differs from what is published, its versions and reviews."""
    if user_of(visit.request) is None:
        return _to_sign_in(visit)
    return _draft(visit, visit.part("draft_id"))


def preview(visit: Visit) -> Response:
    """A draft as its page will look."""
    found = _seen(visit)
    library = visit.library
    examined = contribution.examine(
        forum_of(visit.request), library, found.kind, found.record_id, found.text, base=found.base
    )
    if examined.record is None:
        return RedirectResponse(_at(found.draft_id), status_code=303)
    made = render(
        visit.request,
        "contribute_preview.html",
        title=Markup("{} · {}").format(_("Preview"), title_of(visit, found)),
        index=False,
        back=_at(found.draft_id, "edit")
        if _is_mine(visit, found) and found.state in {"draft", "returned"}
        else _at(found.draft_id),
        fault_count=len(examined.faults),
        **preview_context(visit, examined.record),
    )
    made.headers["cache-control"] = "private, no-store"
    return made


def diff(visit: Visit) -> Response:
    """How two versions of a draft differ."""
    found = _seen(visit)
    forum, user = forum_of(visit.request), needed_user(visit.request)
    old, new_ = visit.value("old", "published"), visit.value("new", str(found.version))
    rows = contribution.compare_versions(forum, visit.library, user, found.draft_id, old, new_)
    sides = [("published", _("as published")), ("base", _("as it was when this draft was begun"))]
    sides += [(str(number), _("version {number}").format(number=number)) for number in range(found.version, 0, -1)]
    return _page(
        visit, "contribute_diff.html", title=_("What changed"), found=found, rows=rows, sides=sides, old=old,
        new=new_, at=_at(found.draft_id), title_words=title_of(visit, found),
    )  # fmt: skip


def do_submit(visit: Visit, form: FormData) -> Response:
    """Hand a draft in."""
    found = _own(visit)
    version = _number(text(form, "version", 8))
    return _tried(
        visit, found, "submitted",
        lambda user: contribution.submit(
            forum_of(visit.request), visit.library, user, found.draft_id, version
        ),
    )  # fmt: skip


def do_recall(visit: Visit, _form: FormData) -> Response:
    """Take a draft back that waits for review."""
    found = _own(visit)
    return _tried(
        visit, found, "recalled", lambda user: contribution.recall(forum_of(visit.request), user, found.draft_id)
    )


def do_withdraw(visit: Visit, _form: FormData) -> Response:
    """End a draft."""
    found = _seen(visit)
    return _tried(
        visit, found, "withdrawn", lambda user: contribution.withdraw(forum_of(visit.request), user, found.draft_id)
    )


def _tried(visit: Visit, found: Draft, done: str, act: Callable[[User], None]) -> Response:
    try:
        act(needed_user(visit.request))
    except TableError:
        return RedirectResponse(_at(found.draft_id, "edit", done="faults"), status_code=303)
    except InputError as error:
        return _draft(visit, found.draft_id, message=str(error), status=409 if isinstance(error, Conflict) else 400)
    return RedirectResponse(_at(found.draft_id, done=done), status_code=303)


def _draft(visit: Visit, draft_id: str, *, message: str = "", status: int = 200) -> HTMLResponse:
    forum, user = forum_of(visit.request), needed_user(visit.request)
    found = contribution.read_draft(forum, user, draft_id)
    versions, reviews = contribution.read_history(forum, user, draft_id)
    is_open = found.state in {"draft", "submitted", "returned"}
    examined = contribution.examine(forum, visit.library, found.kind, found.record_id, found.text, base=found.base)
    is_behind = is_open and contribution.is_behind(forum, visit.library, found)
    is_mine = _is_mine(visit, found)
    return _page(
        visit, "contribute_draft.html", title=title_of(visit, found), status=status, found=found, message=message,
        at=_at(found.draft_id), versions=versions, reviews=reviews, criteria=criteria(), is_open=is_open,
        is_mine=is_mine, is_behind=is_behind, examined=examined, faults=examined.faults if is_open else [],
        changed_elsewhere=contribution.compare_versions(forum, visit.library, user, draft_id, "base", "published")
        if is_behind else [],
        rows=contribution.compare_versions(forum, visit.library, user, draft_id)
        if is_open and not found.is_new else [],
        may_review=found.state == "submitted" and contribution.may_review(forum, user, found),
        may_withdraw=is_open and (is_mine or may(user, "manage_users")),
        entry_address=link(f"{FOLDERS[found.kind]}/{quote(found.record_id)}")
        if f"{found.kind}/{found.record_id}" in visit.library.records else "",
    )  # fmt: skip


# --- reviewing ----------------------------------------------------------------------------------------------------


def review(visit: Visit) -> Response:
    """A draft, held against the criteria."""
    if user_of(visit.request) is None:
        return _to_sign_in(visit)
    return _review(visit, _reviewed(visit), {}, "")


def do_review(visit: Visit, form: FormData) -> Response:
    """Publish a draft, or return it with reasons."""
    found = _reviewed(visit)
    forum, user = forum_of(visit.request), needed_user(visit.request)
    findings = {
        name: Finding(text(form, f"c.{name}", 3) == "yes", text(form, f"w.{name}", 4000).strip())
        for name in criteria()
        if text(form, f"c.{name}", 3) in {"yes", "no"}
    }
    words, version = text(form, "words", 4000), _number(text(form, "version", 8))
    is_accepted = text(form, "do", 10) == "publish"
    try:
        if is_accepted:
            contribution.publish(forum, visit.library, user, found.draft_id, version, findings, words)
        else:
            contribution.send_back(forum, user, found.draft_id, version, findings, words)
    except InputError as error:
        status = 409 if isinstance(error, Conflict) else 400
        return _review(visit, found, findings, words, message=str(error), status=status)
    return RedirectResponse(_at(found.draft_id, done="published" if is_accepted else "returned"), status_code=303)


def _review(
    visit: Visit,
    found: Draft,
    findings: dict[str, Finding],
    words: str,
    *,
    message: str = "",
    status: int = 200,
) -> HTMLResponse:
    forum, user = forum_of(visit.request), needed_user(visit.request)
    versions, reviews = contribution.read_history(forum, user, found.draft_id)
    examined = contribution.examine(forum, visit.library, found.kind, found.record_id, found.text, base=found.base)
    change = contribution.change_of(visit.library, forum, found.kind, found.record_id)
    return _page(
        visit, "contribute_review.html", title=_("Review"), status=status, found=found, message=message,
        title_words=title_of(visit, found), at=_at(found.draft_id), findings=findings, words=words, reviews=reviews,
        criteria=criteria(), examined=examined, faults=examined.faults,
        rows=contribution.compare_versions(forum, visit.library, user, found.draft_id),
        is_behind=contribution.is_behind(forum, visit.library, found),
        has_diverged=bool(change.text) and change.state == "diverged",
        is_mine=_is_mine(visit, found),
        before=str(reviews[0]["version"]) if reviews else "",
        author_words=versions[0]["words"],
    )  # fmt: skip


# --- what these share ---------------------------------------------------------------------------------------------


def _page(
    visit: Visit, template: str, *, title: Markup | str, status: int = 200, index: bool = False, **context: Any
) -> HTMLResponse:
    made = render(
        visit.request, template, title=title, status=status, index=index, heading=title, done=_done(visit),
        state_words=state_words, title_of=lambda draft: title_of(visit, draft), kind_name=kind_name,
        kind_title=kind_title, is_alone=forum_of(visit.request).is_alone, **context,
    )  # fmt: skip
    made.headers["cache-control"] = "private, no-store"
    return made


def _at(draft_id: str, path: str = "", **params: str) -> str:
    """Address of a page of a draft."""
    given = {name: value for name, value in params.items() if value}
    return link(f"contribute/drafts/{quote(draft_id)}" + (f"/{path}" if path else ""), given or None)


def _done(visit: Visit) -> Markup | str:
    words = DONE.get(visit.value("done"))
    return words() if words is not None else ""


def _kind(visit: Visit) -> str:
    kind = visit.part("kind")
    if kind not in KINDS:
        raise NotFound(_("There is no page at this address.").striptags())
    return kind


def _seen(visit: Visit) -> Draft:
    return contribution.read_draft(forum_of(visit.request), needed_user(visit.request), visit.part("draft_id"))


def _own(visit: Visit) -> Draft:
    """The draft of the address, if it is one's own; of a submitted draft of somebody else a reviewer is told so."""
    check_allowed(needed_user(visit.request), "propose_entry")
    found = _seen(visit)
    if not _is_mine(visit, found):
        raise NotAllowed(_("Only its author changes a draft.").striptags())
    return found


def _reviewed(visit: Visit) -> Draft:
    user = needed_user(visit.request)
    check_allowed(user, "review_entry")
    found = _seen(visit)
    if not contribution.may_review(forum_of(visit.request), user, found):
        words = _("Nobody reviews their own draft; another reviewer has to look at it.")
        raise NotAllowed(words.striptags())
    return found


def _is_mine(visit: Visit, found: Draft) -> bool:
    user = user_of(visit.request)
    return user is not None and found.author_id == user.user_id


def _to_sign_in(visit: Visit) -> Response:
    return RedirectResponse(link("sign-in", {"on": visit.request.url.path}), status_code=303)


def _number(given: str) -> int:
    return int(given) if given.isascii() and given.isdigit() else 0


def _changing(path: str, handle: Callable[[Visit, FormData], Response], action: str) -> Route:
    """A route that changes something: whether one may at all is asked before the form is read."""

    def first(visit: Visit) -> None:
        check_allowed(needed_user(visit.request), action)

    return Route(f"/{{language}}/{path}", posted(handle, first=first, most_fields=MOST_FIELDS), methods=["POST"])


_DRAFT = "contribute/drafts/{draft_id}"

CONTRIBUTE_PAGES = [
    shown("contribute/", listing),
    _changing("contribute/export", do_export, "export_content"),
    shown(_DRAFT, draft),
    shown(f"{_DRAFT}/edit", edit),
    _changing(f"{_DRAFT}/edit", do_edit, "propose_entry"),
    shown(f"{_DRAFT}/preview", preview),
    shown(f"{_DRAFT}/diff", diff),
    _changing(f"{_DRAFT}/submit", do_submit, "propose_entry"),
    _changing(f"{_DRAFT}/recall", do_recall, "propose_entry"),
    _changing(f"{_DRAFT}/withdraw", do_withdraw, "propose_entry"),
    shown(f"{_DRAFT}/review", review),
    _changing(f"{_DRAFT}/review", do_review, "review_entry"),
    shown("contribute/{kind}", new),
    _changing("contribute/{kind}", do_new, "propose_entry"),
    shown("contribute/{kind}/{record_id}", correct),
    _changing("contribute/{kind}/{record_id}", do_correct, "propose_entry"),
]
"""Addresses at which entries are proposed, corrected and reviewed."""
