"""How a single failure reaches people: what spreads through which service, and the chains behind it.

The part of the chapter on loss of service that fails every asset and link by itself: a flow diagram, the worst
failures with the reason, and where they are. Adds up and follows what the models worked out.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from itertools import groupby
from typing import Any

import numpy as np
import pandas as pd

from headwater.reports.answer import service_name
from headwater.reports.cartography import quantity_map, shown_marks
from headwater.reports.content import Figure, Html, Note, ReportContent, both_widths
from headwater.reports.figures import Caption
from headwater.reports.labels import kind as kind_name
from headwater.reports.labels import sector
from headwater.reports.numbers import hours, number, rounded
from headwater.reports.sankey import Column as Pillar
from headwater.reports.sankey import Flow, sankey
from headwater.reports.tables import Column, html_table
from headwater.words import _

TOP = 20
"""Rows of a ranking."""

CHAINS = 2
"""Chains told of each failure; the rest are counted."""

DIRECT, UNKNOWN = "directly", "unknown"
"""Ways of spreading that are no service: not at all, and one that no chain tells."""

Chain = list[tuple[str, str, float]]
"""Assets that stop one after the other: asset_id, service it lost, hour after the first failure."""


def failure_blocks(content: ReportContent) -> list[Any]:
    """What every asset and link does by failing alone: the flow, the worst twenty with the reason, the map."""
    if not content.has("failures"):
        return []
    items = worst(content.table("failures"))
    words = _(
        "Every asset and link was failed alone. {some} of them take a service from somebody, {late} more only send "
        "people a longer way; the others cost nobody."
    ).format(some=number(int((items["people"] > 0).sum())), late=number(int((items["people"] <= 0).sum())))
    blocks = [
        sides_table(content),
        spread_figure(content),
        top_table(content, items) if (items["people"] > 0).any() else None,
        failure_map(content, items),
        Note(words, kind="info"),
    ]
    return [block for block in blocks if block is not None]


def sides_table(content: ReportContent) -> Html:
    """All single failures by service: what they take without dependencies, with them, and the difference."""
    failures = content.table("failures")
    figures = {"direct": "population_without_direct", "spread": "population_without"}
    rows = failures.groupby("service", as_index=False).agg(
        items=("population_without", lambda people: int((people > 0).sum())),
        items_direct=("population_without_direct", lambda people: int((people > 0).sum())),
        **{f"{name}_worst": (column, "max") for name, column in figures.items()},
        **{name: (column, "sum") for name, column in figures.items()},
    )  # fmt: skip
    rows = rows.assign(
        name=[service_name(content, key) for key in rows["service"]], more=rows["spread"] - rows["direct"]
    )
    columns = [
        Column("name", _("Service")),
        Column("items_direct", _("Failures that take it, without dependencies"), number, is_number=True),
        Column("items", _("with dependencies"), number, is_number=True),
        Column("direct_worst", _("People in the worst one, without"), rounded, is_number=True),
        Column("spread_worst", _("with"), rounded, is_number=True),
        Column("direct", _("People, summed over failures, without"), rounded, is_number=True),
        Column("spread", _("with"), rounded, is_number=True),
        Column("more", _("through dependencies"), rounded, is_number=True),
    ]
    note = _(
        "Without: what the network of the service itself loses. With: what is lost as well because an asset that the "
        "service rests on has been without electricity, water or another need for longer than its back-up. The "
        "figure below shows through which service the difference spreads. Longer ways are counted at the moment of "
        "failure only: a hospital that stops when its back-up is empty takes the service from those who reach no "
        "other, and the longer way of the others is not counted."
    )
    return Html(html_table(rows, columns, caption=_("Single failures, without and with dependencies")), note)


def worst(failures: pd.DataFrame) -> pd.DataFrame:
    """Each failing item over all services, worst first.

    Parameters
    ----------
    failures
        Table `failures`.

    Returns
    -------
    table
        By item_id: people and direct (losses of a service, a person counted once for each service lost), hours
        (person-hours, missing where any is not known).

    Examples
    --------
    >>> rows = pd.DataFrame({"item_id": ["a", "a"], "population_without": [5.0, 2.0],
    ...                      "population_without_direct": [1.0, 2.0], "user_hours_lost": [10.0, None]})
    >>> worst(rows).loc["a"].tolist()
    [7.0, 3.0, nan]
    """
    given = failures.assign(user_hours_lost=failures.get("user_hours_lost", np.nan)).groupby("item_id")
    sums = pd.DataFrame(
        {
            "people": given["population_without"].sum(),
            "direct": given["population_without_direct"].sum(),
            "hours": given["user_hours_lost"].agg(lambda values: values.astype(float).sum(skipna=False)),
        }
    )
    return sums.sort_index().sort_values("people", ascending=False, kind="stable")


def spread(
    failures: pd.DataFrame, causes: pd.DataFrame, suppliers: Mapping[str, Collection[str]], kinds: pd.Series
) -> pd.DataFrame:
    """Losses of a service over all single failures, by the sector that fails and the service it spread through.

    What a failure takes by itself is direct; the rest spread through dependencies. It is put down to the service that
    the suppliers which stopped had lost, or, where none stopped, to those that any asset had lost; where there are
    several, in proportion to the assets.

    Parameters
    ----------
    failures, causes
        Tables of those names.
    suppliers
        Kinds of asset that supply each service.
    kinds
        Kind of each asset, by asset_id.

    Returns
    -------
    table
        sector, via (`DIRECT`, a service, or `UNKNOWN` where no chain tells), service, people.
    """
    through = (failures["population_without"] - failures["population_without_direct"]).clip(lower=0)
    rows = failures[["item_id", "sector", "service"]].assign(direct=failures["population_without_direct"], rest=through)
    direct = rows.assign(via=DIRECT, people=rows["direct"])
    shares = _shares(rows, causes, suppliers, kinds).astype({"item_id": "str", "service": "str"})
    rest = rows[rows["rest"] > 0].merge(shares, on=["item_id", "service"], how="left")
    rest = rest.assign(via=rest["via"].fillna(UNKNOWN), people=rest["rest"] * rest["share"].fillna(1.0))
    both = pd.concat([direct, rest])[["sector", "via", "service", "people"]]
    sums = both[both["people"] > 0].groupby(["sector", "via", "service"])["people"].sum().reset_index()
    return sums.sort_values("people", ascending=False, kind="stable", ignore_index=True)


def spread_figure(content: ReportContent) -> Figure | None:
    """From the sector that fails, by way of the service it spread through, to the service people lose."""
    services = content.header.services
    suppliers = {service.service_id: service.facility_kinds for service in services}
    causes = content.table("causes")
    flows = spread(content.table("failures"), causes, suppliers, content.components()["kind"])
    if flows.empty:
        return None
    names = {key: service_name(content, key) for key in {*flows["service"], *flows["via"]} - {DIRECT, UNKNOWN}}
    ways = {DIRECT: _("directly"), **names, UNKNOWN: _("not told by the chains")}
    pillars = [
        Pillar(_("What fails"), {key: sector(key) for key in _ranked(flows, "sector")}),
        Pillar(_("How it spreads"), {key: _without(key, ways) for key in _ranked(flows, "via", first=DIRECT)}),
        Pillar(_("Service lost"), {key: names[key] for key in _ranked(flows, "service")}),
    ]
    keys = (flows[key] for key in ("sector", "via", "service", "people"))
    drawn = [Flow((a, b, c), float(people), f"sector-{a}") for a, b, c, people in zip(*keys, strict=True)]
    title = _("How single failures reach people")
    description = _(
        "Flows from the sector of what fails, through the service whose lack spread the failure, to the service lost."
    )
    caption = Caption("spread", title, description)
    wide, narrow = both_widths(lambda width: sankey(drawn, pillars, caption=caption, width=width, write=rounded))
    table = flows.assign(
        sector=flows["sector"].map(sector), via=flows["via"].map(ways), service=flows["service"].map(names)
    )
    columns = [
        Column("sector", _("What fails")),
        Column("via", _("How it spreads")),
        Column("service", _("Service lost")),
        Column("people", _("People, summed over single failures"), rounded, is_number=True),
    ]
    subtitle = _(
        "Widths: people who lose a service, summed over the failure of every asset and link alone. A person counts "
        "once for each failure and each service, so widths compare ways of failing; their sum is not a number of "
        "people."
    )
    data = html_table(table, columns, caption=caption.title)
    return Figure(caption.title, wide, narrow, subtitle=subtitle, data=data)


def top_table(content: ReportContent, items: pd.DataFrame) -> Html:
    """The single failures that take a service from most people, and why."""
    parts, failures = content.components(), content.table("failures")
    top = items[items["people"] > 0].head(TOP)
    mine = failures[failures["item_id"].isin(top.index) & (failures["population_without"] > 0)]
    lost = mine.sort_values("population_without", ascending=False, kind="stable").groupby("item_id")
    services = {str(item): _services_lost(content, rows) for item, rows in lost}
    causes = content.table("causes")
    rows = top.assign(
        name=[f"{i}  {item_name(parts, item)}" for i, item in enumerate(top.index, start=1)],
        kind=[kind_name(str(parts["kind"].get(item, ""))) for item in top.index],
        services=[services[str(item)] for item in top.index],
        why=[why(content, parts, causes, str(item)) for item in top.index],
    )
    columns = [
        Column("name", _("Fails alone")),
        Column("people", _("People, services added up"), rounded, is_number=True),
        Column("direct", _("of them directly"), rounded, is_number=True),
        Column("why", _("Why: what stops because of it"), is_long=True),
        Column("services", _("Services lost"), is_long=True),
        Column("hours", _("Person-hours"), rounded, is_number=True),
        Column("kind", _("Kind")),
    ]
    caption = _("The {count} worst single failures").format(count=len(top))
    note = _(
        "People without a service, the most at any time, dependencies counted; a person who loses two services counts "
        "twice. Hours count from the first failure. — under person-hours: the time of repair is not known."
    )
    return Html(html_table(rows, columns, caption=caption), note)


def failure_map(content: ReportContent, items: pd.DataFrame) -> Figure | None:
    """Assets and links by the people who lose a service when each fails alone."""
    marks = shown_marks(content, list(items.index[items["people"] > 0]))
    subtitle = _("People who lose a service if it fails alone, dependencies counted")
    if marks:
        subtitle += " · " + _("Numbers: the {count} worst, as ranked above.").format(count=len(marks))
    caption = Caption("map-failures", _("Criticality, dependencies counted"))
    return quantity_map(content, items["people"], caption=caption, subtitle=subtitle, zero=_("none"), marks=marks)


def item_name(parts: pd.DataFrame, item: object) -> str:
    """Name of an asset or link, or its identifier."""
    name = parts["name"].get(item)
    return str(item) if name is None or pd.isna(name) else str(name)


def why(content: ReportContent, parts: pd.DataFrame, causes: pd.DataFrame, item: str) -> str:
    """The chains of dependencies behind a failure, in words; at most `CHAINS`, the rest counted."""
    mine = causes[causes["item_id"] == item] if len(causes) else causes
    if mine.empty:
        return _("Nothing else stops: people take the service from it, or over it.")
    told, seen = [], set()
    for chain, others in chains(mine)[:CHAINS]:
        links = [item_name(parts, item)]
        for place, (asset, service, hour) in enumerate(chain):
            name = item_name(parts, asset)
            if others and place == len(chain) - 1:
                name = _("{name} and {count} more").format(name=name, count=number(len(others)))
            when = _("after {hours}").format(hours=hours(hour)) if hour > 0 else _("at once")
            words = _("{name} (lacks {service}, {when})")
            links.append(words.format(name=name, service=service_name(content, service), when=when))
            seen.add(asset)
        seen.update(others)
        told.append(" → ".join(links))
    more = mine["stopped_id"].nunique() - len(seen)
    if more:
        told.append(_("{count} more assets stop").format(count=number(more)))
    return _("; ").join(told)


def chains(causes: pd.DataFrame) -> list[tuple[Chain, list[str]]]:
    """The chains of assets that stop because of one failure, longest first.

    Assets that stop last, at the same hour, because of the same and for want of the same service are told as one.

    Parameters
    ----------
    causes
        Rows of one item of table `causes`.

    Returns
    -------
    chains
        Each as its steps, and the other assets that stop just as the last of them does.

    Examples
    --------
    >>> rows = pd.DataFrame({"stopped_id": ["b", "c"], "step": [1, 2], "service": ["power", "water"],
    ...                      "because_of_id": ["a", "b"], "hour": [0.0, 8.0]})
    >>> chains(rows)
    [([('b', 'power', 0.0), ('c', 'water', 8.0)], [])]
    """
    first = causes.sort_values(["step", "hour", "stopped_id", "service"], kind="stable")
    first = first.drop_duplicates("stopped_id")
    columns = (first[key].tolist() for key in ("stopped_id", "service", "hour", "because_of_id", "step"))
    link = {stopped: (service, float(hour), origin, step) for stopped, service, hour, origin, step in
            zip(*columns, strict=True)}  # fmt: skip
    ends = sorted(set(link) - set(first["because_of_id"]), key=lambda end: (*map(str, link[end][:3]), end))
    alike = [list(group) for _key, group in groupby(ends, key=lambda end: link[end][:3])]
    found = [(_path(link, group[0]), group[1:]) for group in alike]
    return sorted(found, key=lambda pair: (-len(pair[0]), -len(pair[1]), pair[0]))


def _path(link: Mapping[str, tuple[str, float, str, int]], end: str) -> Chain:
    """From the first asset that stops to this one; each step is of a lower number than the one after it."""
    service, hour, origin, step = link[end]
    goes_on = origin in link and link[origin][3] < step
    return [*(_path(link, origin) if goes_on else []), (end, service, hour)]


def _shares(
    rows: pd.DataFrame, causes: pd.DataFrame, suppliers: Mapping[str, Collection[str]], kinds: pd.Series
) -> pd.DataFrame:
    """Share of each service that assets had lost in what a failure takes of another: item_id, service, via, share."""
    if causes.empty:
        return pd.DataFrame({"item_id": [], "service": [], "via": [], "share": []}).astype({"via": object})
    stopped = causes[["item_id", "stopped_id", "service"]].rename(columns={"service": "via"})
    stopped = stopped.assign(kind=stopped["stopped_id"].map(kinds).astype(object))
    supplied = pd.DataFrame(
        [(service, kind) for service, of in suppliers.items() for kind in of], columns=["service", "kind"]
    )
    pairs = rows.loc[rows["rest"] > 0, ["item_id", "service"]].drop_duplicates()
    exact = stopped.merge(supplied, on="kind").merge(pairs, on=["item_id", "service"])
    found = pd.MultiIndex.from_frame(exact[["item_id", "service"]])
    others = pairs[~pd.MultiIndex.from_frame(pairs).isin(found)]
    counts = pd.concat([exact, others.merge(stopped, on="item_id")]).groupby(["item_id", "service", "via"]).size()
    share = counts / counts.groupby(["item_id", "service"]).transform("sum")
    return share.rename("share").reset_index()


def _ranked(flows: pd.DataFrame, key: str, *, first: str = "") -> list[str]:
    sums = flows.groupby(key)["people"].sum().sort_index().sort_values(ascending=False, kind="stable")
    return sorted(sums.index, key=lambda name: (name != first, name == UNKNOWN))


def _without(key: str, ways: Mapping[str, str]) -> str:
    return ways[key] if key in (DIRECT, UNKNOWN) else _("for lack of: {service}").format(service=ways[key])


def _services_lost(content: ReportContent, rows: pd.DataFrame) -> str:
    pairs = zip(rows["service"], rows["population_without"], strict=True)
    words = _("{service} {people}")
    return _("; ").join(
        words.format(service=service_name(content, str(key)), people=rounded(people)) for key, people in pairs
    )
