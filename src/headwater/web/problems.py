"""What may go wrong with a request to the API, as its description says it."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel


class Problem(BaseModel):
    """What went wrong."""

    status: int
    error: str
    message: str


WORDS = {
    400: "Something that was asked does not exist",
    403: "Not open to whoever asks",
    404: "There is no such thing",
    413: "Too large",
    414: "The address is too long",
    422: "What was sent has faults, or a parameter is wrong",
    429: "Too many requests; Retry-After says how long to wait",
    503: "Out of reach for the moment",
}
"""Refusals that any address may answer with, by status."""

WRITING = {409: "Somebody else changed it meanwhile, or it is there already", 507: "The disk of the site is full"}
"""Refusals of addresses that change something."""

FORMS = {406: "The table has no such form"}


def refusals(*more: dict[int, str]) -> dict[int | str, dict[str, Any]]:
    """Refusals as FastAPI describes them."""
    told = WORDS | {code: words for part in more for code, words in part.items()}
    return {code: {"model": Problem, "description": words} for code, words in sorted(told.items())}
