"""Pages on which a study's owner says who may see it, and takes it away."""

from __future__ import annotations

from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from headwater.errors import InputError, NotFound
from headwater.web.languages import _
from headwater.web.pages_accounts import text
from headwater.web.visits import Visit, link
from headwater.web.work_visits import Work, at_work, changing, gone, render_work, shown

ACCESSES = ("read", "edit")


def sharing(visit: Visit) -> Response:
    """Who may see a study."""
    return _sharing(at_work(visit, "share_study"))


def do_share(visit: Visit, form: FormData) -> Response:
    """Let somebody read or edit a study, or no longer; let anybody read it, or no longer."""
    work, user = at_work(visit, "share_study"), at_work(visit).editor
    name, access = text(form, "name", 200).strip(), text(form, "access", 20)
    try:
        if text(form, "public", 3):
            work.forum.set_public(user, work.study_id, text(form, "public", 3) == "yes")
        else:
            work.forum.share_study(user, work.study_id, name, None if access == "none" else access)
    except (InputError, NotFound) as error:
        return _sharing(work, message=str(error), name=name, status=400)
    return gone(work, "sharing", done="saved")


def delete(visit: Visit) -> Response:
    """Ask once more before a study is taken away."""
    work = at_work(visit, "delete_study")
    return render_work(work, "work_delete.html", title=_("Take the study away"), section="sharing", message="")


def do_delete(visit: Visit, form: FormData) -> Response:
    """Take a study away, if its name was typed."""
    work = at_work(visit, "delete_study")
    if text(form, "study_id", 80).strip() != work.study_id:
        message = _("Type the name of the study, {name}, to take it away.").striptags().format(name=work.study_id)
        return render_work(
            work, "work_delete.html", title=_("Take the study away"), section="sharing", message=message, status=400
        )
    work.forum.delete_study(work.editor, work.study_id)
    return RedirectResponse(link("studies/", {"done": "deleted"}), status_code=303)


def _sharing(work: Work, *, message: str = "", name: str = "", status: int = 200) -> Response:
    return render_work(
        work, "work_sharing.html", title=_("Sharing"), section="sharing", status=status, message=message, name=name,
        shares=work.forum.shares(work.editor, work.study_id), is_public=work.known.access.is_public,
        is_alone=work.forum.is_alone, accesses=ACCESSES,
    )  # fmt: skip


SHARING_PAGES = [
    shown("studies/{study_id}/sharing", sharing),
    changing("studies/{study_id}/sharing", do_share, action="share_study"),
    shown("studies/{study_id}/delete", delete),
    changing("studies/{study_id}/delete", do_delete, action="delete_study"),
]
"""Addresses at which a study is shared."""
