"""The chapters on the system: what there is, and whom it serves."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pandas as pd

from headwater.reports.answer import service_name, service_order
from headwater.reports.axes import Series
from headwater.reports.cartography import quantity_map, shown_marks, system_map, zone_map
from headwater.reports.content import (
    Card,
    Cards,
    Figure,
    Html,
    Key,
    Note,
    ReportContent,
    Section,
    both_widths,
    empty_note,
)
from headwater.reports.figures import Caption, ranked_bars, share_bars
from headwater.reports.labels import kind as kind_name
from headwater.reports.labels import sector
from headwater.reports.numbers import kilometres, number, rounded
from headwater.reports.summaries import BANDS_H, access_bands, system_counts
from headwater.reports.tables import Column, code, html_table
from headwater.words import _

TOP = 20
"""Rows of a ranking."""

BAND_CSS = ("t1", "t2", "t3", "t4", "t5", "t6")
"""Classes of the bands of travel time; the last is for people who reach nothing."""


def system(content: ReportContent) -> Section:
    """Section 2: what the study holds."""
    lead = _("What the study knows of the country's infrastructure, in its own tables.")
    title = _("The system")
    parts = content.components()
    if parts.empty:
        why = _("The study holds no assets and no links.")
        return Section("system", title, lead, [empty_note(why, _("Fill the tables assets and links."))])
    counts = system_counts(parts)
    blocks: list[Any] = [system_cards(content, counts), system_map(content, name="map-system"), system_table(counts)]
    unplaced = int(parts["geometry"].isna().sum())
    if unplaced:
        words = _("Assets and links without a known place: {count}. No hazard layer can speak for them.")
        blocks.append(Note(words.format(count=number(unplaced))))
    return Section("system", title, lead, [block for block in blocks if block is not None])


def system_cards(content: ReportContent, counts: pd.DataFrame) -> Cards:
    """Totals of the system."""
    cards = [
        Card(_("Assets"), number(len(content.table("assets")))),
        Card(_("Links"), number(len(content.table("links"))), kilometres(counts["length_m"].sum(min_count=1))),
    ]
    zones = content.table("zones")
    for kind, rows in zones.groupby("kind") if len(zones) else []:
        label = _("People, by {kind}").format(kind=kind_name(str(kind)).lower())
        note = _("in {count} places").format(count=number(len(rows)))
        cards.append(Card(label, rounded(rows["population"].sum()), note))
    components = content.table("components")
    if len(components):
        note = _("the largest holds {length}").format(length=kilometres(components["length_m"].max()))
        cards.append(Card(_("Connected parts of the network"), number(len(components)), note))
    return Cards(cards, is_small=True)


def system_table(counts: pd.DataFrame) -> Html:
    """Assets and links by sector and kind."""
    columns = [
        Column("sector", _("Sector"), sector),
        Column("kind", _("Kind"), kind_name),
        Column("count", _("Number"), number, is_number=True),
        Column("placed", _("With a known place"), number, is_number=True),
        Column("length_m", _("Length"), kilometres, is_number=True),
    ]
    return Html(html_table(counts, columns, caption=_("Assets and links by sector and kind")))


def access(content: ReportContent) -> Section:
    """Section 6: who reaches what, and which links matter."""
    lead = _(
        "Travel time from where people live to the nearest facility over the network, and what the failure of each "
        "single link would do."
    )
    blocks: list[Any] = []
    if content.has("access"):
        blocks += [access_figure(content), *access_maps(content)]
    else:
        blocks.append(
            empty_note(
                _("Access was not computed: it needs links with speeds, populated zones and facilities."),
                _("Add zones with population, and a service to study.toml."),
            )
        )
    if content.has("criticality"):
        for service in content.table("criticality")["service"].drop_duplicates():
            blocks += critical_blocks(content, str(service))
    return Section("access", _("Access and criticality"), lead, [block for block in blocks if block is not None])


def band_names() -> list[str]:
    """The bands of travel time in words, then people who reach nothing."""
    inner = [_("{low}–{high} h").format(low=number(low), high=number(high)) for low, high in pairwise(BANDS_H)]
    first, last = _("up to {high} h").format(high=number(BANDS_H[0])), _("over {low} h").format(low=number(BANDS_H[-1]))
    return [first, *inner, last, _("not reached")]


def access_figure(content: ReportContent) -> Figure:
    """People by travel time, one bar a service."""
    bands = access_bands(content.table("access"))
    order = service_order(content, bands)
    names = band_names()
    rows = [(service_name(content, service), list(bands.loc[service])) for service in order]
    caption = Caption(
        "access", _("People by travel time to the nearest facility"), _("Shares of the population by band.")
    )
    wide, narrow = both_widths(lambda width: share_bars(rows, names, caption=caption, css=BAND_CSS, width=width))
    table = bands.loc[order].set_axis(names, axis=1).reset_index()
    table["service"] = [service_name(content, service) for service in order]
    columns = [Column("service", _("Service")), *[Column(name, name, rounded, is_number=True) for name in names]]
    data = html_table(table, columns, caption=caption.title)
    return Figure(caption.title, wide, narrow, subtitle=_("Share of the population, by service"), data=data)


def access_maps(content: ReportContent) -> list[Figure]:
    """Where people are, coloured by travel time, for each service."""
    table = content.table("access")
    figures = []
    for service in service_order(content, access_bands(table)):
        rows = table[table["service"] == service].set_index("zone_id")
        bands = pd.cut(rows["hours"].astype(float), [-1, *BANDS_H, float("inf")], labels=BAND_CSS[:-1]).astype(str)
        bands = bands.where(rows["is_reached"].astype(bool), BAND_CSS[-1])
        keys = [Key(css, "point", name) for css, name in zip(BAND_CSS, band_names(), strict=True)]
        title = _("{service}: travel time").format(service=service_name(content, service))
        drawn = zone_map(
            content,
            bands,
            caption=Caption(f"map-access-{service}", title),
            subtitle=_("One dot for each place, whatever its population"),
            keys=keys,
        )
        figures += [drawn] if drawn is not None else []
    return figures


def critical_blocks(content: ReportContent, service: str) -> list[Any]:
    """The links that matter most for a service, by people cut off and by hours lost: ranked, and on the map."""
    table = content.table("criticality")
    rows = table[table["service"] == service].set_index("link_id")
    name = service_name(content, service)
    blocks: list[Any] = []
    for column, words, title in (
        (
            "population_cut_off",
            _("people cut off if the link fails"),
            _("Links by people cut off if they fail: {service}").format(service=name),
        ),
        (
            "person_hours_lost",
            _("person-hours lost if the link fails"),
            _("Links by hours lost if they fail: {service}").format(service=name),
        ),
    ):
        top = rows[rows[column] > 0].sort_index().sort_values(column, ascending=False, kind="stable").head(TOP)
        if len(top):
            blocks.append(critical_figure(content, top, column, words, Caption(f"{column}-{service}", title)))
            blocks.append(critical_map(content, rows[column], top, Caption(f"map-{column}-{service}", title)))
    spared = int(((rows["population_cut_off"] <= 0) & (rows["person_hours_lost"] <= 0)).sum())
    count = _("{all} links were each failed in turn; {spared} of them cost nobody anything.")
    blocks.append(Note(count.format(all=number(len(rows)), spared=number(spared)), kind="info"))
    return blocks


def critical_map(content: ReportContent, values: pd.Series, top: pd.DataFrame, caption: Caption) -> Figure | None:
    """Where the links are whose failure costs most; the worst numbered as in the ranking."""
    marks = shown_marks(content, list(top.index))
    subtitle = _("One trip of every person to the nearest facility.")
    if marks:
        subtitle += " " + _("Numbers: the {count} worst, as ranked above.").format(count=len(marks))
    return quantity_map(
        content,
        values,
        caption=caption,
        subtitle=subtitle,
        zero=_("none"),
        marks=marks,
    )


def critical_figure(content: ReportContent, top: pd.DataFrame, measure: str, words: str, caption: Caption) -> Figure:
    """The links whose failure costs most by one measure."""
    parts = content.components()
    top = top.assign(rank=range(1, len(top) + 1), name=[str(parts["name"].get(link, link)) for link in top.index])
    labels = [f"{rank}  {link}" for rank, link in zip(top["rank"], top["name"], strict=True)]
    series = Series(words, top[measure].tolist())
    wide, narrow = both_widths(
        lambda width: ranked_bars(labels, series, caption=caption, axis=words, width=width, write=rounded, css="s2")
    )
    columns = [
        Column("rank", "#"),
        Column("name", _("Link")),
        Column("link_id", _("Identifier"), code),
        Column("population_cut_off", _("People cut off"), rounded, is_number=True),
        Column("population_rerouted", _("People rerouted"), rounded, is_number=True),
        Column("person_hours_lost", _("Person-hours lost"), rounded, is_number=True),
    ]
    data = html_table(top.reset_index(), columns, caption=caption.title)
    subtitle = _("The worst {count}; each link failed by itself, all others intact").format(count=len(top))
    return Figure(caption.title, wide, narrow, subtitle=subtitle, data=data)
