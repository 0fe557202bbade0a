"""Functions that are compiled when they are first called, and kept on disk for the next process where there is a place.

numba keeps what it compiled beside the module, or in the user's cache. A service has neither: its program is the
administrator's, and its user has no home. There `keep_compiled` names a folder of the site's.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
from numba import njit

FOLDER = "NUMBA_CACHE_DIR"
"""Variable of the environment that names the folder, for the programs that this one starts."""


def compiled(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Decorator: `numba.njit` with these options, kept on disk, or compiled anew in every process where nothing can be.

    Examples
    --------
    >>> @compiled(nogil=True)
    ... def twice(amount):
    ...     return 2 * amount
    >>> twice(2.5)
    5.0
    """

    def made(function: Callable[..., Any]) -> Any:
        try:
            return njit(cache=True, **options)(function)
        except RuntimeError:  # "no locator available": neither the program's folder nor a cache of the user's
            return njit(**options)(function)

    return made


def keep_compiled(folder: Path) -> None:
    """Keep compiled functions in a folder where the program's own cannot be written; before they are loaded."""
    settings: Any = numba.config
    if not settings.CACHE_DIR and not os.access(Path(__file__).parent, os.W_OK):
        os.environ[FOLDER] = settings.CACHE_DIR = str(folder.resolve())
