"""Who asks for a page, as the layer in `signed` found out."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request

from headwater.errors import NotAllowed
from headwater.permissions import User
from headwater.words import _


@dataclass(frozen=True)
class Signature:
    """Who asks.

    Attributes
    ----------
    user
        Who; None for whoever is not signed in.
    csrf
        The word that forms of this reader's pages carry; "" where there is no session.
    by_token
        Whether a program signed with a token.
    may_write
        Whether it may change anything.
    """

    user: User | None = None
    csrf: str = ""
    by_token: bool = False
    may_write: bool = True


def signature_of(request: Request) -> Signature:
    """Who asks."""
    found = getattr(request.state, "signature", None)
    return found if isinstance(found, Signature) else Signature()


def user_of(request: Request) -> User | None:
    """The signed-in user, or None."""
    return signature_of(request).user


def needed_user(request: Request) -> User:
    """The signed-in user.

    Raises
    ------
    NotAllowed
        If nobody is signed in.
    """
    user = user_of(request)
    if user is None:
        raise NotAllowed(_("Sign in to do this."))
    return user
