"""Pages of long work: have a study computed, see how far it is, stop it, let it go on."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from markupsafe import Markup
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from headwater import workshop
from headwater.forum import STEPS
from headwater.permissions import may
from headwater.steps import STEPS as ALL_STEPS
from headwater.store.results import RECORD
from headwater.web import languages
from headwater.web.languages import _
from headwater.web.pages_accounts import forum_of, text
from headwater.web.signature import needed_user, signature_of, user_of
from headwater.web.visits import Visit, environment, link
from headwater.web.work_visits import Work, at_work, changing, render_work, shown, title_of
from headwater.words import catalogue, language, later, told

TITLES = {
    "assess": later("Assess"),
    "plan": later("Assess and plan"),
    "report": later("Assess, plan and write the report"),
}
MEANS = {
    "assess": later("Damage, expected losses, access, and what fails together."),
    "plan": later("The same, then options, their business case, the trade-offs and the plan."),
    "report": later("Everything, and the report and its files in both languages."),
}
STATES = {
    "queued": later("Waiting for its turn"), "running": later("Running now"), "finished": later("Finished"),
    "failed": later("Failed"), "cancelled": later("Stopped"),
}  # fmt: skip
ASSESSING = frozenset({"stress", "drought", "screen", "disrupt"})
"""Steps of the journey that `assess` runs; the other jobs run all."""

OPEN = ("queued", "running")


def run(visit: Visit) -> Response:
    """What can be computed, and what was."""
    work = at_work(visit)
    sound = workshop.soundness(work.forum, work.user, work.study_id)
    jobs = [_told(job) for job in work.forum.jobs(work.user, work.study_id)]
    return render_work(
        work, "work_run.html", title=_("Compute"), section="run", jobs=jobs, faults=len(sound.faults),
        may_run=work.may("run_study"), steps=[(step, told(TITLES[step]), told(MEANS[step])) for step in STEPS],
        at_work=next((job for job in jobs if job["state"] in OPEN), None), made=made_of(work.known.out, "plan"),
    )  # fmt: skip


def do_run(visit: Visit, form: FormData) -> Response:
    """Have a step run."""
    forum, user = forum_of(visit.request), needed_user(visit.request)
    job_id = forum.run(user, visit.part("study_id"), text(form, "step", 20))
    return RedirectResponse(link(f"jobs/{job_id}"), status_code=303)


def job(visit: Visit) -> Response:
    """A job as it stands; only the part that changes, when the page asks for it again."""
    forum, user = forum_of(visit.request), user_of(visit.request)
    found = forum.job(user, visit.part("job_id"))
    known = forum.study(user, found["study_id"])
    work = Work(visit, forum, user, known, title_of(known))
    context: dict[str, Any] = {
        "job": _told(found), "may_change": _may_change(work, found), "made": made_of(known.out, found["step"]),
        "is_open": found["state"] in OPEN, "address": link(f"jobs/{found['job_id']}"),
        "faults": 0 if found["state"] != "failed" else len(workshop.soundness(forum, user, known.study_id).faults),
    }  # fmt: skip
    if visit.is_live:
        html = (
            environment()
            .get_template("work_job_state.html")
            .render(context | {"work": work, "csrf": signature_of(visit.request).csrf})
        )
        return Response(html, media_type="text/html", headers={"cache-control": "no-store"})
    return render_work(work, "work_job.html", title=context["job"]["title"], section="run", **context)


def do_cancel(visit: Visit, _form: FormData) -> Response:
    """Have a job stop."""
    job_id = visit.part("job_id")
    forum_of(visit.request).cancel(needed_user(visit.request), job_id)
    return RedirectResponse(link(f"jobs/{job_id}", {"done": "cancelled"}), status_code=303)


def do_resume(visit: Visit, _form: FormData) -> Response:
    """Have a job that ended without a result go on."""
    again = forum_of(visit.request).resume(needed_user(visit.request), visit.part("job_id"))
    return RedirectResponse(link(f"jobs/{again}"), status_code=303)


def made_of(out: Path, step: str) -> tuple[int, int]:
    """How many results of a step are there, and how many there will be: what was finished is kept whatever happens."""
    wanted = [name for one in ALL_STEPS if step != "assess" or one.name in ASSESSING for name in one.makes]
    return sum((out / f"{name}{RECORD}").is_file() for name in wanted), len(wanted)


def _may_change(work: Work, found: Mapping[str, Any]) -> bool:
    """Whether this reader may stop a job or let it go on: as the site decides when they do."""
    if work.user is None:
        return False
    if found["user_id"] == work.user.user_id:
        return may(work.user, "create_study")
    if work.known.is_packaged:
        return may(work.user, "manage_users")
    return work.may("run_study")


def _told(found: Mapping[str, Any]) -> dict[str, Any]:
    """A job in words. What the worker says of itself is in English; it is translated where it can be."""
    took = _seconds(found["started_at"], found["ended_at"])
    return {
        **found,
        "title": told(TITLES[found["step"]]),
        "state_told": told(STATES[found["state"]]),
        "doing_told": _in_words(found["doing"]),
        "error_told": [_in_words(line) for line in found["error"].splitlines()],
        "took": took,
        "is_stopping": found["state"] == "running" and found["is_cancelled"],
    }


def _in_words(message: str) -> Markup:
    if language() == "en" or not message:
        return Markup.escape(message)
    found = catalogue(language()).get(message)
    return Markup.escape(found) if found else languages.elsewhere(Markup.escape(message), "en")


def _seconds(begun: str | None, ended: str | None) -> int | None:
    if not begun:
        return None
    begin = datetime.fromisoformat(begun)
    return max(round(((datetime.fromisoformat(ended) if ended else datetime.now(UTC)) - begin).total_seconds()), 0)


JOB_PAGES = [
    shown("studies/{study_id}/run", run),
    changing("studies/{study_id}/run", do_run),
    shown("jobs/{job_id}", job),
    changing("jobs/{job_id}/cancel", do_cancel),
    changing("jobs/{job_id}/resume", do_resume),
]
"""Addresses of long work."""
