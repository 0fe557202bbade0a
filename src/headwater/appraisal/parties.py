"""Who pays and who gains, and the lines of a business case: the words that its tables may use."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from headwater.errors import Fault, TableError
from headwater.schema import SHOWN_PER_RULE
from headwater.words import _

PARTIES = (
    "users",  # of the service: they pay tolls and tariffs, and save time
    "operator",  # whoever owns and runs the asset
    "government",  # its budget, and what it collects
    "lenders",  # who lend and are repaid
    "investors",  # who put in equity
    "communities",  # people who live nearby or anywhere, users or not
    "nature",  # ecosystems, where nobody is named who depends on them
    "insurers",  # who bear insured losses
    "contractors",  # who build and maintain
    "donors",  # who give grants
)
"""Who can pay or gain."""

PEOPLE = ("users", "communities")
"""Parties that a group of people can be part of."""

COSTS = (
    "capital",  # the investment
    "renewal",  # the investment again at the end of a life
    "maintenance",  # periodic and routine
    "operation",  # running the service
    "land",  # taken or used
    "tax",  # paid or collected
)
"""Lines that are costs, whatever their sign: one above zero is a saving."""

BENEFITS = (
    "residual",  # what is left at the horizon
    "revenue",  # tolls, tariffs, sales
    "avoided_damage",  # repairs spared
    "avoided_disruption",  # loss of service spared
    "time_saved",  # of travellers
    "emissions",  # of greenhouse gases, avoided or caused
    "ecosystem_services",  # of nature, gained or lost
    "health",  # of people
    "jobs",  # only where a study values them
    "other",  # anything else that a study values
)
"""Lines that are benefits, whatever their sign: one below zero is a harm."""

ITEMS = (*COSTS, *BENEFITS)
"""Every line of a business case."""


def party_faults(table: pd.DataFrame, name: str, columns: Sequence[str]) -> list[Fault]:
    """Words in columns of a table that name no party; blank is nobody.

    Examples
    --------
    >>> party_faults(pd.DataFrame({"pays": ["users", "the moon"]}), "flows", ["pays"])[0].value
    'the moon'
    """
    remedy = _("write one of {values}").format(values=", ".join(PARTIES))
    return [
        Fault(name, int(i) + 2, column, str(table[column].iloc[i]), _("is not a party"), remedy)
        for column in columns
        if column in table
        for i in (~table[column].isin([*PARTIES, ""]) & table[column].notna()).to_numpy().nonzero()[0][:SHOWN_PER_RULE]
    ]


def check_parties(table: pd.DataFrame, name: str, columns: Sequence[str]) -> None:
    """Raise if a column names no party.

    Raises
    ------
    TableError
        With every fault; names the parties there are.
    """
    found = party_faults(table, name, columns)
    if found:
        raise TableError(found)
