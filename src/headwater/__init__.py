"""Headwater plans a country's infrastructure upstream: from evidence to a risk-tested plan.

Examples
--------
>>> import headwater as hw
>>> study = hw.open_study("studies/djibouti")  # doctest: +SKIP
>>> study.expected_annual_damage()  # doctest: +SKIP
"""

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from headwater.explain import explain_result
    from headwater.study import Study, check_study, new_study, open_study

__version__ = version("headwater")
__all__ = ["Study", "__version__", "check_study", "explain_result", "new_study", "open_study"]


def __getattr__(name: str) -> Any:
    """The façade, loaded when it is first asked for, so that a part can be used without the whole."""
    if name in __all__:
        return getattr(import_module("headwater.explain" if name == "explain_result" else "headwater.study"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
