"""From a result to the guidance that bears on it: principles, tools and terms of the hub, chapter by chapter.

Which bear on which is our judgement, in `guidance.csv`, with a reason for each; pages mark it so. Cases come from the
hub's own links: those that illustrate a principle, or in which a tool was used.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pandas as pd

from headwater.catalogue.graph import Link
from headwater.catalogue.records import Record

SAME_AS = {"map": "disruption", "plan-explorer": "choice", "compare": "choice"}
"""Pages that take the guidance of a chapter."""

MOST_CASES = 4


@dataclass(frozen=True)
class Bearing:
    """An entry of the hub that bears on a chapter, and why, by language."""

    record: Record
    reason: Mapping[str, str]


@cache
def load_guidance() -> pd.DataFrame:
    """Which entries bear on which chapter: chapter, kind, record_id, reason_en, reason_zh."""
    return pd.read_csv(Path(__file__).with_name("guidance.csv"), dtype=str, keep_default_na=False)


def bearings(records: Mapping[str, Record], chapter: str) -> list[Bearing]:
    """Entries that bear on a chapter; those the hub does not hold are left out.

    Parameters
    ----------
    records
        The hub's entries by key.
    chapter
        Name of a chapter, or of a page of `SAME_AS`.
    """
    table = load_guidance()
    mine = table[table["chapter"] == SAME_AS.get(chapter, chapter)]
    return [
        Bearing(records[f"{row.kind}/{row.record_id}"], {"en": str(row.reason_en), "zh": str(row.reason_zh)})
        for row in mine.itertuples()
        if f"{row.kind}/{row.record_id}" in records
    ]


def cases_of(records: Mapping[str, Record], links: Iterable[Link], found: Iterable[Bearing]) -> list[Record]:
    """Cases that illustrate the principles or used the tools that bear on a chapter, those with most ties first."""
    keys = {bearing.record.key for bearing in found}
    ties: dict[str, int] = {}
    for link in links:
        ends = (link.source, link.target)
        for here, there in (ends, ends[::-1]):
            if here in keys and there.startswith("case/") and there in records:
                ties[there] = ties.get(there, 0) + 1
    order = sorted(ties, key=lambda key: (-ties[key], key))
    return [records[key] for key in order[:MOST_CASES]]
