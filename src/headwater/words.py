"""The words of the interface in the reader's language.

Every string a user sees passes through `_`, which looks it up in the catalogue of the current language when it is
called: HEADWATER_LANGUAGE, or what `speaking` says. Catalogues are the PO files of `locale/LANGUAGE`, read as they are:
nothing is compiled or generated.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path

from babel.messages.pofile import read_po

LANGUAGES = {"en": "English", "zh": "中文"}
"""Languages the interface speaks, each named in itself."""

PARTLY = {"ar": "العربية", "fr": "Français", "ru": "Русский", "es": "Español"}
"""Languages that pages can be read in as far as they are translated; what is missing shows in English, marked."""

LOCALE = Path(__file__).parent / "locale"

_chosen = os.environ.get("HEADWATER_LANGUAGE", "en")
_language: ContextVar[str] = ContextVar("language", default=_chosen if _chosen in LANGUAGES else "en")


@cache
def catalogue(language: str) -> Mapping[str, str]:
    """Translations of a language, message by message; empty for English, the language of the source."""
    told: dict[str, str] = {}
    for path in sorted((LOCALE / language / "LC_MESSAGES").glob("*.po")):
        with path.open("rb") as file:
            told |= {str(m.id): str(m.string) for m in read_po(file, locale=language) if m.id and m.string}
    return told


def language() -> str:
    """The current language."""
    return _language.get()


@contextmanager
def speaking(code: str) -> Iterator[None]:
    """Use a language within a block.

    Raises
    ------
    ValueError
        If the language is neither one of `LANGUAGES` nor of `PARTLY`.

    Examples
    --------
    >>> with speaking("zh"):
    ...     language()
    'zh'
    """
    if code not in LANGUAGES | PARTLY:
        raise ValueError(f"language {code!r} is not one of {', '.join(LANGUAGES | PARTLY)}")
    token = _language.set(code)
    try:
        yield
    finally:
        _language.reset(token)


def _(message: str) -> str:
    """The message in the current language, or itself where no translation exists."""
    return catalogue(_language.get()).get(message, message)


def later(message: str) -> str:
    """The message itself, marked for translation when it is told."""
    return message


def told(message: str) -> str:
    """A message that was marked by `later`, in the current language."""
    return catalogue(_language.get()).get(message, message)


def pick(text: Mapping[str, str]) -> str:
    """The current language's text of a content field `{lang: text}`; English, then any, marked with its language.

    Examples
    --------
    >>> pick({"en": "Water", "zh": "水"})
    'Water'
    >>> with speaking("zh"):
    ...     pick({"en": "Water"})
    'Water [en]'
    """
    wanted = _language.get()
    if text.get(wanted):
        return text[wanted]
    fallback = "en" if text.get("en") else next((code for code, words in text.items() if words), "")
    return f"{text[fallback]} [{fallback}]" if fallback else ""
