"""What a business case needs beside costs and effects: values, emissions, finance, risks, uncertainty and rules.

The facts are transcribed in `facts/`, one file a table, each row with the packs it belongs to, its source and whether
it is a figure of that source or a judgement. Nothing is computed here but the rows that repeat for each option.
"""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd
from tables import pack_facts

TABLES = ("unit_values", "funding", "risks", "risk_bearers", "delivery_modes", "uncertainties", "plan_rules")


def business_case(pack: str, flows: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The tables of a pack's business case by name."""
    return {"flows": flows} | {name: pack_facts(name, pack) for name in TABLES}


def emissions(pack: str, ids: Iterable[str], *, of: str) -> pd.DataFrame:
    """Emissions of building as rows of `flows`, one for each id of the column `of`: `measure_id` or `option_id`."""
    names = pd.DataFrame({of: list(ids)})
    return names.assign(flow_id="construction_emissions_" + names[of]).merge(pack_facts("flows", pack), how="cross")
