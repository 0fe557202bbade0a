"""What a step is, and what it may ask of a study."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import geopandas as gpd
import pandas as pd

from headwater.budgets import Future
from headwater.settings import StudyHeader

Results = Mapping[str, pd.DataFrame]


class Inputs(Protocol):
    """What a step may ask of a study."""

    header: StudyHeader

    @property
    def tables(self) -> Results:
        """Input tables."""

    @property
    def system(self) -> dict[str, gpd.GeoDataFrame]:
        """Tables that options change."""

    @property
    def readers(self) -> dict[str, Any]:
        """Readers of rasters."""

    def result(self, name: str) -> pd.DataFrame:
        """Result of an earlier step."""

    def map(self, what: str, function: Callable, items: Iterable) -> Iterator:
        """Map a function over work items."""

    def in_future(self, future: Future) -> Inputs:
        """The study as it would be in a future."""

    def once(self, name: str, make: Callable[[], Any]) -> Any:
        """A thing that several steps use, made when the first of them asks."""

    def map_kept(
        self, what: str, function: Callable, items: Sequence, *, names: Sequence[str], of: Callable
    ) -> list[list[pd.DataFrame]]:
        """Map a function over work items, keeping the tables of each on disk once they are computed."""


@dataclass(frozen=True)
class Step:
    """A step of the main job.

    Attributes
    ----------
    name, method
        Its name, and in words what it computes.
    makes
        Result tables.
    run
        From the study to the result tables, by name.
    tables, assumptions, header
        Input tables, assumptions, and fields of the header that it reads.
    needs
        Result tables that it reads.
    """

    name: str
    method: str
    makes: tuple[str, ...]
    run: Callable[[Inputs], Results]
    tables: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = ()
    header: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
