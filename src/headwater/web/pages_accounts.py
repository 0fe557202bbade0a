"""Pages of accounts: set the site up, sign in and out, one's own account, everybody's accounts, what was done."""

from __future__ import annotations

import json
from urllib.parse import urlsplit

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from headwater.errors import InputError, NotAllowed, NotFound
from headwater.forum import Forum
from headwater.permissions import ROLES, check_allowed
from headwater.web.languages import _
from headwater.web.signature import needed_user, user_of
from headwater.web.signed import COOKIE, posted, sign, unsign
from headwater.web.visits import Visit, link, page, render
from headwater.words import later, told

ROLE_TITLES = {
    "reader": later("Reader"),
    "editor": later("Editor"),
    "reviewer": later("Reviewer"),
    "admin": later("Administrator"),
}
ROLE_MEANS = {
    "reader": later("reads what is open or shared"),
    "editor": later("makes and changes studies, proposes entries"),
    "reviewer": later("reviews and publishes entries too"),
    "admin": later("keeps accounts and sees what was done too"),
}
DEEDS = {
    "set_up": later("set the site up"),
    "sign_in": later("signed in"),
    "link_account": later("linked an account with another site"),
    "part_account": later("parted an account from another site"),
    "make_token": later("made a token"),
    "revoke_token": later("revoked a token"),
    "add_user": later("made an account"),
    "change_user": later("changed an account"),
    "create_study": later("made a study"),
    "share_study": later("changed who may see a study"),
    "delete_study": later("took a study away"),
    "run_study": later("had a study computed"),
    "cancel_job": later("stopped a job"),
    "resume_job": later("resumed a job"),
    "edit_table": later("changed a table"),
    "upload": later("uploaded tables"),
    "undo": later("undid a change"),
    "propose_entry": later("proposed an entry"),
    "review_entry": later("reviewed an entry"),
    "publish_entry": later("published an entry"),
    "withdraw_entry": later("withdrew an entry"),
}
PER_PAGE = 100


def forum_of(request: Request) -> Forum:
    """The site.

    Raises
    ------
    NotFound
        If this is a hub without studies and accounts.
    """
    forum = getattr(request.app.state, "forum", None)
    if not isinstance(forum, Forum):
        raise NotFound(_("There is no page at this address.").striptags())
    return forum


def text(form: FormData, name: str, most: int = 500) -> str:
    """A field of a form as text, no longer than is read."""
    value = form.get(name)
    return value[:most] if isinstance(value, str) else ""


def after(path: str, done: str = "") -> RedirectResponse:
    """Go on to a page after something was changed; reloading it changes nothing again."""
    return RedirectResponse(link(path, {"done": done} if done else None), status_code=303)


def sign_in(visit: Visit) -> Response:
    """The form to sign in."""
    forum = forum_of(visit.request)
    if forum.needs_setup:
        return RedirectResponse(link("set-up"), status_code=303)
    if user_of(visit.request) is not None:
        return RedirectResponse(link("account"), status_code=303)
    return sign_in_page(visit.request, on=local(visit.value("on")))


def do_sign_in(visit: Visit, form: FormData) -> Response:
    """Sign in; a wrong name or password brings the form back."""
    forum, request = forum_of(visit.request), visit.request
    name, on = text(form, "name", 200), local(text(form, "on"))
    try:
        secret = forum.sign_in(name, text(form, "password", 1000), address=address_of(request))
    except NotAllowed as refusal:
        return sign_in_page(request, name=name, on=on, message=str(refusal), status=403)
    old = request.cookies.get(COOKIE)
    if old:
        forum.sign_out(old)  # a session that was there before is never taken over
    return sign(RedirectResponse(on or link("account"), status_code=303), request, secret)


def do_sign_out(visit: Visit, _form: FormData) -> Response:
    """Sign out."""
    forum_of(visit.request).sign_out(visit.request.cookies.get(COOKIE, ""))
    return unsign(RedirectResponse(link(""), status_code=303), visit.request)


def set_up(visit: Visit) -> Response:
    """The form for the first account."""
    if not forum_of(visit.request).needs_setup:
        return RedirectResponse(link("sign-in"), status_code=303)
    return _set_up(visit.request)


def do_set_up(visit: Visit, form: FormData) -> Response:
    """Make the first account and sign in."""
    forum, request, name = forum_of(visit.request), visit.request, text(form, "name", 200)
    try:
        forum.set_up(text(form, "code", 100), name, text(form, "password", 1000))
    except (NotAllowed, InputError) as refusal:
        return _set_up(request, name=name, message=str(refusal), status=403)
    secret = forum.sign_in(name, text(form, "password", 1000), address=address_of(request))
    return sign(RedirectResponse(link("users"), status_code=303), request, secret)


def account(visit: Visit) -> Response:
    """One's own account: role, password, tokens."""
    return account_page(visit)


def do_password(visit: Visit, form: FormData) -> Response:
    """Change one's own password; the old one is asked for."""
    forum, user = forum_of(visit.request), needed_user(visit.request)
    forum.sign_in(user.name, text(form, "old", 1000), address=address_of(visit.request))
    forum.change_user(user, str(user.user_id), password=text(form, "password", 1000))
    secret = forum.sign_in(user.name, text(form, "password", 1000), address=address_of(visit.request))
    return sign(after("account", "password"), visit.request, secret)


def do_token(visit: Visit, form: FormData) -> Response:
    """Make a token and show its secret, this once."""
    user = needed_user(visit.request)
    days = text(form, "days", 5)
    if not days.isdigit():
        raise InputError(_("Write how many days the token is to live.").striptags())
    secret = forum_of(visit.request).make_token(
        user, text(form, "title", 200), may_write=text(form, "may_write") == "yes", days=int(days)
    )
    made = account_page(visit, secret=secret)
    made.headers["cache-control"] = "no-store"
    return made


def do_revoke(visit: Visit, _form: FormData) -> Response:
    """End one of one's own tokens."""
    forum_of(visit.request).revoke_token(needed_user(visit.request), visit.part("token_id"))
    return after("account", "revoked")


def users(visit: Visit) -> Response:
    """Every account, for whoever keeps them."""
    user = needed_user(visit.request)
    everybody = forum_of(visit.request).users(user)
    return render(
        visit.request,
        "users.html",
        title=_("Accounts"),
        index=False,
        everybody=everybody,
        roles=_roles(),
        done=visit.value("done"),
    )


def do_add_user(visit: Visit, form: FormData) -> Response:
    """Make an account."""
    forum_of(visit.request).add_user(
        needed_user(visit.request),
        text(form, "name", 200),
        role=text(form, "role", 20),
        password=text(form, "password", 1000),
        shown_name=text(form, "shown_name", 200),
    )
    return after("users", "added")


def do_change_user(visit: Visit, form: FormData) -> Response:
    """Change an account's role, close or open it, or give it another password."""
    password = text(form, "password", 1000)
    forum_of(visit.request).change_user(
        needed_user(visit.request),
        visit.part("user_id"),
        role=text(form, "role", 20) or None,
        is_active={"yes": True, "no": False}.get(text(form, "is_active", 3)),
        password=password or None,
    )
    return after("users", "changed")


def audit(visit: Visit) -> Response:
    """What was done by whom."""
    user = needed_user(visit.request)
    check_allowed(user, "read_audit")
    given = visit.value("before")
    before = int(given) if given.isascii() and given.isdigit() and len(given) < 12 else None
    log = forum_of(visit.request).audit_log(user, most=PER_PAGE, before=before)
    entries = [
        row | {"told": told(DEEDS.get(row["action"], row["action"])), "detail": json.loads(row["detail"])}
        for row in log
    ]
    older = log[-1]["audit_id"] if len(log) == PER_PAGE else None
    return render(
        visit.request, "audit.html", title=_("Log of what was done"), index=False, entries=entries, older=older
    )


def address_of(request: Request) -> str:
    """Where a request came from, as the server saw it."""
    return request.client.host if request.client else ""


def title_elsewhere(request: Request) -> str:
    """What the site is called that people may sign in through; "" where there is none."""
    provider = getattr(request.app.state, "provider", None)
    return provider.title if provider is not None else ""


def account_page(visit: Visit, *, secret: str = "", message: str = "", onward: str = "", status: int = 200) -> Response:
    """The page of one's own account.

    Parameters
    ----------
    visit
        Who asks.
    secret
        Of a token that was just made.
    message
        What went wrong.
    onward
        Address at another site that is to vouch for the account from now on.
    status
        Of the answer.
    """
    user = user_of(visit.request)
    if user is None:
        return RedirectResponse(link("sign-in", {"on": link("account")}), status_code=303)
    forum = forum_of(visit.request)
    tokens = forum.tokens(user) if user.user_id else []
    has_password, is_vouched = forum.ways_in(user) if user.user_id else (False, False)
    return render(
        visit.request,
        "account.html",
        title=_("Your account"),
        index=False,
        status=status,
        path="account",
        message=message,
        onward=onward,
        vouching=title_elsewhere(visit.request),
        has_password=has_password,
        is_vouched=is_vouched,
        user=user,
        tokens=tokens,
        secret=secret,
        role=told(ROLE_TITLES[user.role]),
        means=told(ROLE_MEANS[user.role]),
        done=visit.value("done"),
    )


def sign_in_page(request: Request, *, name: str = "", on: str = "", message: str = "", status: int = 200) -> Response:
    """The form to sign in, with every way there is."""
    return render(
        request,
        "sign_in.html",
        title=_("Sign in"),
        index=False,
        status=status,
        path="sign-in",
        name=name,
        on=on,
        message=message,
        vouching=title_elsewhere(request),
    )


def _set_up(request: Request, *, name: str = "", message: str = "", status: int = 200) -> Response:
    return render(
        request,
        "set_up.html",
        title=_("Set the site up"),
        index=False,
        status=status,
        path="set-up",
        name=name,
        message=message,
    )


def _roles() -> list[tuple[str, str, str]]:
    return [(role, told(ROLE_TITLES[role]), told(ROLE_MEANS[role])) for role in ROLES]


def local(on: str) -> str:
    """An address of this site to go on to, or nothing."""
    parts = urlsplit(on)
    is_ours = not parts.scheme and not parts.netloc and on.startswith("/") and not on.startswith(("//", "/\\"))
    return on if is_ours and "\\" not in on else ""


ACCOUNT_PAGES = [
    Route("/{language}/sign-in", page(sign_in)),
    Route("/{language}/sign-in", posted(do_sign_in), methods=["POST"]),
    Route("/{language}/sign-out", posted(do_sign_out), methods=["POST"]),
    Route("/{language}/set-up", page(set_up)),
    Route("/{language}/set-up", posted(do_set_up), methods=["POST"]),
    Route("/{language}/account", page(account)),
    Route("/{language}/account/password", posted(do_password), methods=["POST"]),
    Route("/{language}/account/tokens", posted(do_token), methods=["POST"]),
    Route("/{language}/account/tokens/{token_id}/revoke", posted(do_revoke), methods=["POST"]),
    Route("/{language}/users", page(users)),
    Route("/{language}/users", posted(do_add_user), methods=["POST"]),
    Route("/{language}/users/{user_id}", posted(do_change_user), methods=["POST"]),
    Route("/{language}/audit", page(audit)),
]
"""Addresses of accounts."""
