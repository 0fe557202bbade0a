"""Parallel kernels take turns.

A parallel kernel already uses every processor. Numba's built-in thread pool, the one that needs no other library, may
not be entered from two threads at once: it ends the process. Work items run on threads, so kernels wait for each other.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from threading import Lock
from typing import Any, TypeVar, cast

Kernel = TypeVar("Kernel", bound=Callable[..., Any])
_turn = Lock()


def in_turn(kernel: Kernel) -> Kernel:
    """A parallel kernel that may be called from several threads.

    Examples
    --------
    >>> in_turn(max)(1, 2)
    2
    """

    @wraps(kernel)
    def waiting(*arguments: Any) -> Any:
        with _turn:
            return kernel(*arguments)

    return cast(Kernel, waiting)
