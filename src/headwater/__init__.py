"""Headwater plans a country's infrastructure upstream: from evidence to a risk-tested plan.

Examples
--------
>>> import headwater as hw
>>> study = hw.open_study("studies/djibouti")  # doctest: +SKIP
>>> study.expected_annual_damage()  # doctest: +SKIP
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from headwater.version import __version__

if TYPE_CHECKING:
    from headwater.curation import build_library
    from headwater.explain import explain_result
    from headwater.library import Library, open_library
    from headwater.study import Study, check_study, new_study, open_study

__all__ = [
    "Library", "Study", "__version__", "build_library", "check_study", "explain_result", "new_study", "open_library",
    "open_study",
]  # fmt: skip

_HOME = {"explain_result": "explain", "Library": "library", "build_library": "curation", "open_library": "library"}
"""Module of what does not live in `study`."""


def __getattr__(name: str) -> Any:
    """The façade, loaded when it is first asked for, so that a part can be used without the whole."""
    if name in __all__:
        return getattr(import_module(f"headwater.{_HOME.get(name, 'study')}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
