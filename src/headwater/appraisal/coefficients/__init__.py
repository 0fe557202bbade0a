"""Packaged coefficients of appraisal: tables in CSV, every row with its source and how it was checked."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pandas as pd

from headwater.errors import NotFound
from headwater.words import _

TEXT = ("iso3", "year", "price_year", "vintage", "goal")
"""Columns that are names or dates, though they may look like numbers."""


@cache
def _read(name: str) -> pd.DataFrame:
    path = Path(__file__).with_name(f"{name}.csv")
    if not path.exists():
        known = ", ".join(sorted(file.stem for file in path.parent.glob("*.csv")))
        raise NotFound(_("There is no packaged table called {name}: {known}").format(name=name, known=known))
    return pd.read_csv(path, dtype=dict.fromkeys(TEXT, "str"), keep_default_na=False, na_values=[""])


def load_coefficients(name: str) -> pd.DataFrame:
    """A packaged table of coefficients, as it is shipped; blank is not known.

    Raises
    ------
    NotFound
        If there is none of that name.

    Examples
    --------
    >>> load_coefficients("emission_factors").set_index("technology").loc["coal", "g_per_kwh"]
    np.int64(820)
    """
    return _read(name).copy()


def load_sources() -> pd.DataFrame:
    """Sources of the packaged coefficients: table `sources`."""
    return load_coefficients("sources")
