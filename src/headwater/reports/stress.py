"""The chapters on hazards: exposure and damage, annual probabilities, and screening classes.

The three kinds of evidence stay in chapters of their own, for they cannot be added up.
"""

from __future__ import annotations

from typing import Any

import pandas as pd
from markupsafe import Markup

from headwater.reports.answer import known_length
from headwater.reports.axes import Series
from headwater.reports.cartography import quantity_map, shown_marks
from headwater.reports.content import (
    Figure,
    Html,
    Note,
    ReportContent,
    Section,
    both_widths,
    case_name,
    empty_note,
    rule_words,
)
from headwater.reports.figures import Caption, DotRow, bar_chart, curve_chart, dot_chart, ranked_bars
from headwater.reports.labels import LEVELS, country, hazard, level, rule, rule_meaning
from headwater.reports.labels import kind as kind_name
from headwater.reports.labels import unit as unit_name
from headwater.reports.numbers import (
    compact,
    compact_range,
    currency_name,
    number,
    percent,
    rounded,
    years,
)
from headwater.reports.summaries import (
    METRES_PER_KM,
    bounded,
    case_columns,
    drought_spread,
    exposed,
    matching,
    totals,
)
from headwater.reports.tables import Column, cell, code, html_table, money_column
from headwater.words import _

TOP = 20
"""Rows of a ranking."""

MOST_SERIES = 6
"""Cases drawn in one chart; the table below it holds them all."""


def risk(content: ReportContent) -> Section:
    """Section 3: exposure, damage and expected annual damage."""
    blocks: list[Any] = []
    if not content.has("exposures") and not content.has("expected_damages"):
        blocks.append(
            empty_note(
                _("No hazard with intensities at return periods was given, so no damage was computed."),
                _("Add rasters or depths to hazard_layers and vulnerability curves to curves."),
            )
        )
    blocks += exposure_blocks(content) + damage_blocks(content) + expected_blocks(content)
    lead = _(
        "What lies in the way of the hazard, what an event would cost to repair, and what that comes to in an "
        "average year. Each hazard, scenario, model and epoch is kept apart."
    )
    return Section("risk", _("Hazard and risk"), lead, blocks)


def exposure_blocks(content: ReportContent) -> list[Any]:
    """Kilometres exposed by return period, with a table of every case."""
    if not content.has("exposures", "hazard_layers"):
        return []
    amounts = exposed(content.table("exposures"), content.table("hazard_layers"))
    lengths = amounts[(amounts["amount_unit"] == "m") & amounts["return_period_yr"].notna()]
    blocks: list[Any] = []
    for code_, group in lengths.groupby("hazard"):
        known = group["total"] - group["uncovered"]
        rows = group.assign(
            km=group["exposed"] / METRES_PER_KM,
            known_km=known / METRES_PER_KM,
            uncovered_km=group["uncovered"] / METRES_PER_KM,
        )
        title = _("{hazard}: length of network exposed").format(hazard=hazard(str(code_)))
        caption = Caption(f"exposure-{code_}", title, _("Bars of kilometres exposed by return period."))
        subtitle = exposure_threshold(content)
        if known.max() - known.min() < METRES_PER_KM / 2:
            subtitle += " · " + _("of {length}").format(length=known_length(group.iloc[0]))
        blocks.append(_by_return_period(rows, "km", caption, axis=_("kilometres"), subtitle=subtitle))
        blocks += shallow_note(content, group)
    return blocks


def shallow_note(content: ReportContent, lengths: pd.DataFrame) -> list[Note]:
    """Why there is damage at return periods at which nothing counts as exposed, where that is so."""
    given = content.header.assumptions.get("exposure_threshold")
    if given is None or not content.has("damages"):
        return []
    exposures, damages = content.table("exposures"), content.table("damages")
    measured = exposures.loc[exposures["amount_unit"] == "m", "asset_id"].unique()
    keys = [*case_columns(damages), "return_period_yr"]
    sums = totals(damages[damages["asset_id"].isin(measured)], keys, ["damage_usd"])
    joined = lengths.merge(sums, on=[key for key in keys if key in lengths])
    if not ((joined["exposed"] == 0) & (joined["damage_usd"] > 0)).any():
        return []
    words = _("Damage is counted from any depth; this chart counts only water above {threshold}.")
    threshold = f"{number(given.value)} {unit_name(given.unit)}"
    return [Note(words.format(threshold=threshold), kind="info")]


def exposure_threshold(content: ReportContent) -> str:
    """The threshold above which something counts as exposed, in words."""
    given = content.header.assumptions.get("exposure_threshold")
    if given is None:
        return _("Where the hazard's intensity is above zero")
    return _("Where the hazard's intensity is above {value} {unit}").format(value=number(given.value), unit=given.unit)


def damage_blocks(content: ReportContent) -> list[Any]:
    """Damage by return period."""
    if not content.has("damages"):
        return []
    keys = [*case_columns(content.table("damages")), "return_period_yr"]
    sums = totals(content.table("damages"), keys, bounded("damage_usd"))
    blocks: list[Any] = []
    for code_, rows in sums.groupby("hazard"):
        title = _("{hazard}: damage by return period").format(hazard=hazard(str(code_)))
        description = _("Curves of total damage by return period, with the band from low to high.")
        axis = _("damage in one event, {currency}").format(currency=currency_name(content.header.currency))
        caption = Caption(f"damage-{code_}", title, description)
        subtitle = _("Sum over all assets of the damage at each one's own return period; band: low to high")
        blocks.append(_by_return_period(rows, "damage_usd", caption, axis=axis, subtitle=subtitle, is_curve=True))
    return blocks


def expected_blocks(content: ReportContent) -> list[Any]:
    """Expected annual damage: by rule, by asset, and on the map; and what is not covered."""
    table = content.table("expected_damages")
    headline = table[table["ead_rule"] == content.ead_rule()] if len(table) else table
    case = content.plan_case(headline, "ead_usd_per_yr") if len(headline) else None
    if case is None:
        return []
    rows = matching(headline, case).set_index("asset_id")
    about = _("{case}. {rule}.").format(case=case_name(case), rule=rule_words(content.ead_rule()).capitalize())
    blocks = [rule_table(content), coverage_note(content, rows), top_damages(content, rows, about)]
    ranked = rows.sort_values("ead_usd_per_yr", ascending=False)
    marks = shown_marks(content, list(ranked.index[ranked["ead_usd_per_yr"] > 0]))
    about_marks = _("Numbers: the {count} greatest, as ranked above.").format(count=len(marks)) if marks else ""
    drawn = quantity_map(
        content,
        rows["ead_usd_per_yr"],
        caption=Caption("map-ead", _("Where the expected annual damage lies"), about),
        subtitle=_("{currency} a year. {about} {marks}")
        .format(about=about, currency=currency_name(content.header.currency), marks=about_marks)
        .strip(),
        write=rounded,
        zero=_("no damage expected"),
        unknown=_("no figure: not covered, or no cost or curve"),
        marks=marks,
    )
    return [block for block in (*blocks, drawn) if block is not None]


def rule_table(content: ReportContent) -> Html:
    """Expected annual damage of every case under every rule."""
    table = content.table("expected_damages")
    sums = totals(table, [*case_columns(table), "ead_rule"], bounded("ead_usd_per_yr"))
    sums = sums.assign(case=[case_name(row) for _i, row in sums.iterrows()], meaning=sums["ead_rule"].map(rule_meaning))
    currency = content.header.currency
    columns = [
        Column("case", _("Case")),
        Column("ead_rule", _("Rule"), lambda name: _rule_cell(name, content.ead_rule())),
        money_column("ead_usd_per_yr", _("Damage a year"), currency),
        money_column("ead_usd_per_yr_low", _("Low"), currency),
        money_column("ead_usd_per_yr_high", _("High"), currency),
        Column("meaning", _("What the rule adds beyond the events given"), is_long=True),
    ]
    note = _("The same damages under each published rule: the choice of rule alone moves the figure.")
    caption = _("Expected annual damage by rule")
    if len(set(sums["case"])) == 1:
        caption, columns = _("{title}: {case}").format(title=caption, case=sums["case"].iloc[0]), columns[1:]
    return Html(html_table(sums, columns, caption=caption), note)


def coverage_note(content: ReportContent, rows: pd.DataFrame) -> Note | None:
    """How much of the system the hazard layers do not cover."""
    parts = content.components()
    unplaced = int(parts["geometry"].isna().sum())
    share = rows["uncovered_share"] if "uncovered_share" in rows else pd.Series(0.0, index=rows.index)
    is_outside = share.ge(1) | share.isna()
    is_silent = rows["ead_usd_per_yr"].isna()
    outside, partly = int(is_outside.sum()), int(((share > 0) & (share < 1)).sum())
    unvalued = int((is_silent & ~is_outside).sum())
    if not unplaced + outside + partly + unvalued:
        return Note(_("Every asset valued here lies wholly within the hazard layers."), kind="info")
    words = _(
        "Not covered is not safe. Of {all} assets and links, {outside} lie where the hazard layers have no data, "
        "{partly} lie there in part, and {unvalued} are covered but have no replacement cost or no curve, so no damage "
        "is given for them. Without a known place: {unplaced}."
    )
    return Note(
        words.format(
            all=number(len(rows)),
            outside=number(outside),
            partly=number(partly),
            unvalued=number(unvalued),
            unplaced=number(unplaced),
        )
    )


def top_damages(content: ReportContent, rows: pd.DataFrame, about: str) -> Figure:
    """The assets with the greatest expected annual damage."""
    parts = content.components()
    top = rows.sort_values("ead_usd_per_yr", ascending=False).head(TOP)
    top = top[top["ead_usd_per_yr"] > 0]
    top = top.assign(rank=range(1, len(top) + 1), name=_names(parts, top.index), kind=_kinds(parts, top.index))
    labels = [f"{rank}  {name}" for rank, name in zip(top["rank"], top["name"], strict=True)]
    low_high = [top[c].tolist() if c in top else [] for c in ("ead_usd_per_yr_low", "ead_usd_per_yr_high")]
    series = Series(_("Damage a year"), top["ead_usd_per_yr"].tolist(), *low_high)
    currency = content.header.currency
    axis = _("{currency} a year; whisker: low to high").format(currency=currency_name(currency))
    caption = Caption(
        "top-ead", _("The {count} assets with the greatest expected annual damage").format(count=len(top))
    )
    wide, narrow = both_widths(
        lambda width: ranked_bars(labels, series, caption=caption, axis=axis, width=width, write=rounded)
    )
    columns = [
        Column("rank", "#"),
        Column("name", _("Asset")),
        Column("asset_id", _("Identifier"), code),
        Column("kind", _("Kind")),
        money_column("ead_usd_per_yr", _("Damage a year"), currency),
        money_column("ead_usd_per_yr_low", _("Low"), currency),
        money_column("ead_usd_per_yr_high", _("High"), currency),
        Column("uncovered_share", _("Not covered"), percent, is_number=True),
    ]
    data = html_table(top.reset_index(), columns, caption=caption.title)
    return Figure(caption.title, wide, narrow, subtitle=about, data=data)


def annual_probability(content: ReportContent) -> Section:
    """Section 4: hazards known as a probability in a year."""
    name, title = "annual-probability", _("Hazards known as an annual probability")
    lead = _(
        "Drought is known here as the chance of a drought year, by climate and impact model. Scenarios and models "
        "are never averaged: the spread between them is part of the answer."
    )
    losses = content.table("drought_losses")
    known = losses[losses["annual_probability"].notna()] if len(losses) else losses
    if known.empty:
        droughts = drought_layers(content)
        if losses.empty and droughts:
            words = _(
                "{count} drought layers are given, but no asset here is hydropower or in the water sector; thermal "
                "plants are left out because how much a drought takes of them is not known."
            )
            return Section(name, title, lead, [Note(words.format(count=droughts), kind="empty")])
        why = _("No hazard layer with an annual probability covers an asset of this study.")
        return Section(name, title, lead, [empty_note(why, _("Add drought layers to hazard_layers."))])
    return Section(name, title, lead, [drought_figure(content, known), drought_totals(losses)])


def drought_layers(content: ReportContent) -> int:
    """How many layers give the annual probability of a drought."""
    layers = content.table("hazard_layers")
    if not {"hazard", "quantity"} <= set(layers):
        return 0
    return int(((layers["quantity"] == "annual_probability") & (layers["hazard"] == "drought")).sum())


def drought_figure(content: ReportContent, known: pd.DataFrame) -> Figure:
    """Probability of a drought year at each asset, one dot for each model and scenario, by epoch."""
    spread = drought_spread(known).head(TOP)
    parts = content.components()
    epochs = sorted(known["epoch"].dropna().unique()) if "epoch" in known else []
    group = {epoch: i for i, epoch in enumerate(epochs)}
    rows = []
    for asset in spread["asset_id"]:
        mine = known[known["asset_id"] == asset]
        dots = [(group.get(e, 0), float(p)) for e, p in zip(mine["epoch"], mine["annual_probability"], strict=True)]
        rows.append(DotRow(str(parts["name"].get(asset, asset)), dots))
    names = [years(epoch) for epoch in epochs] or [_("all epochs")]
    caption = Caption(
        "drought", _("Chance of a drought year at each asset"), _("Dots of annual probability by asset and epoch.")
    )
    wide, narrow = both_widths(
        lambda width: dot_chart(rows, names, caption=caption, axis=_("annual probability"), width=width)
    )
    subtitle = _(
        "One dot for each climate model, impact model and scenario; the bar spans them. "
        "{count} of {all} assets, largest first"
    ).format(count=len(spread), all=known["asset_id"].nunique())
    return Figure(caption.title, wide, narrow, subtitle=subtitle, data=_drought_table(spread, parts))


def drought_totals(losses: pd.DataFrame) -> Html:
    """Expected loss of capacity of every case, summed over the assets."""
    valued = losses[losses["expected_loss"].notna()]
    sums = totals(valued, [*case_columns(valued), "capacity_unit"], ["capacity", "expected_loss"])
    sums = sums.assign(
        case=[case_name(row) for _i, row in sums.iterrows()], share=sums["expected_loss"] / sums["capacity"]
    )
    columns = [
        Column("case", _("Case")),
        Column("expected_loss", _("Average yearly loss"), number, is_number=True),
        Column("capacity", _("Of capacity"), number, is_number=True),
        Column("capacity_unit", _("Unit"), unit_name),
        Column("share", _("Share"), percent, is_number=True),
    ]
    missing = losses.loc[~losses["is_covered"].astype(bool), "asset_id"].nunique()
    note = _("Probability times capacity: the loss in an average year if a drought year takes the whole capacity.")
    if missing:
        note += " " + _("{count} assets lie outside the layers: unknown, not safe.").format(count=missing)
    return Html(html_table(sums, columns, caption=_("Capacity lost to drought in an average year")), note)


def screening(content: ReportContent) -> Section:
    """Section 5: hazards known only as a class."""
    lead = _("A screening class, not a quantity: it says where to look next, and enters no sum in this report.")
    title = _("Screening classes")
    classes = content.table("hazard_classes")
    if classes.empty:
        why = _("No hazard class was given for a place of this study.")
        return Section("screening", title, lead, [empty_note(why, _("Add rows to hazard_classes."))])
    caption = _("Hazard classes by place (screening, not a quantity)")
    return Section("screening", title, lead, [Html(screening_table(content, classes, caption=caption))])


def screening_table(content: ReportContent, classes: pd.DataFrame, *, caption: str) -> Markup:
    """Hazards by place, most serious first; where places are many, how many there are at each level."""
    places = list(classes["place_id"].drop_duplicates())
    severity = classes["level"].map({name: i for i, name in enumerate(LEVELS)})
    order = severity.groupby(classes["hazard"]).min().sort_values(kind="stable").index
    if len(places) <= 6:
        levels = classes.pivot_table("level", "hazard", "place_id", aggfunc="first")
        table = levels.reindex(index=order, columns=places).reset_index()
        columns = [Column(place, place_name(content, place), level_chip) for place in places]
    else:
        counts = pd.crosstab(classes["hazard"], classes["level"]).reindex(index=order, columns=list(LEVELS))
        table = counts.fillna(0).reset_index()
        columns = [
            Column(name, _("{level}: places").format(level=level(name)), number, is_number=True) for name in LEVELS
        ]
    return html_table(table, [Column("hazard", _("Hazard"), hazard), *columns], caption=caption)


def level_chip(name: str) -> Markup:
    """A level in words, with as many filled marks as it is high, and a colour.

    Examples
    --------
    >>> "●●●○" in level_chip("medium")
    True
    """
    filled = {"very_low": 1, "low": 2, "medium": 3, "high": 4}.get(name, 0)
    marks = "●" * filled + "○" * (4 - filled)
    return Markup('<span class="level level-{}"><span aria-hidden="true">{}</span> {}</span>').format(
        name, marks, level(name)
    )


def place_name(content: ReportContent, place_id: str) -> str:
    """Name of a zone, or of the country, or the identifier."""
    zones = content.table("zones")
    if len(zones) and place_id in set(zones["zone_id"]):
        return str(zones.set_index("zone_id").at[place_id, "name"])
    return country(place_id)


def _by_return_period(
    rows: pd.DataFrame, value: str, caption: Caption, *, axis: str, subtitle: str, is_curve: bool = False
) -> Figure:
    """A chart by return period, one series a case, with its table."""
    periods = sorted(rows["return_period_yr"].unique())
    keys = [key for key in case_columns(rows) if key != "hazard"]
    cases = list(rows.groupby(keys, dropna=False))
    series = [_series(group, value, periods) for _case, group in cases[:MOST_SERIES]]
    years_axis = _("return period (years)")
    if is_curve:
        wide, narrow = both_widths(
            lambda width: curve_chart(
                periods, series, caption=caption, axis=axis, x_axis=years_axis, width=width, write_x=number
            )
        )
    else:
        labels = [number(period) for period in periods]
        wide, narrow = both_widths(
            lambda width: bar_chart(labels, series, caption=caption, axis=axis, category_axis=years_axis, width=width)
        )
    hidden = len(cases) - len(series)
    if hidden:
        subtitle += ". " + _("{count} more cases are in the table.").format(count=hidden)
    elif len(cases) == 1:
        subtitle += " · " + case_name(rows.iloc[0], with_hazard=False)
    return Figure(caption.title, wide, narrow, subtitle=subtitle, data=_period_table(rows, value, caption, axis))


def _series(group: pd.DataFrame, value: str, periods: list[float]) -> Series:
    at = group.set_index("return_period_yr").reindex(periods)
    low, high = (at[f"{value}_{end}"].tolist() if f"{value}_{end}" in at else [] for end in ("low", "high"))
    return Series(case_name(group.iloc[0], with_hazard=False), at[value].tolist(), low, high)


def _period_table(rows: pd.DataFrame, value: str, caption: Caption, axis: str) -> Markup:
    rows = rows.assign(case=[case_name(row, with_hazard=False) for _i, row in rows.iterrows()])
    columns = [
        Column("case", _("Case")),
        Column("return_period_yr", _("Return period (years)"), number, is_number=True),
        Column(value, axis, compact, is_number=True),
        Column(f"{value}_low", _("Low"), compact, is_number=True),
        Column(f"{value}_high", _("High"), compact, is_number=True),
        Column("known_km", _("of kilometres with data"), compact, is_number=True),
        Column("uncovered_km", _("kilometres without data"), compact, is_number=True),
    ]
    return html_table(rows, columns, caption=caption.title)


def _drought_table(spread: pd.DataFrame, parts: pd.DataFrame) -> Markup:
    rows = spread.assign(
        name=_names(parts, spread["asset_id"]),
        probability=[
            _percent_range(a, b) for a, b in zip(spread["probability_min"], spread["probability_max"], strict=True)
        ],
        loss=[compact_range(a, b) for a, b in zip(spread["loss_min"], spread["loss_max"], strict=True)],
    )
    columns = [
        Column("name", _("Asset")),
        Column("capacity", _("Capacity"), number, is_number=True),
        Column("capacity_unit", _("Unit"), unit_name),
        Column("probability", _("Annual probability, least to greatest"), is_number=True),
        Column("loss", _("Average yearly loss, least to greatest"), is_number=True),
        Column("results", _("Results"), number, is_number=True),
    ]
    return html_table(rows, columns, caption=_("Drought at each asset over all models, scenarios and epochs"))


def _percent_range(low: float, high: float) -> str:
    return percent(low) if low == high else f"{percent(low)}–{percent(high)}"


def _names(parts: pd.DataFrame, ids: Any) -> list[str]:
    return [str(parts["name"].get(asset, asset)) for asset in ids]


def _kinds(parts: pd.DataFrame, ids: Any) -> list[str]:
    return [kind_name(str(parts["kind"].get(asset, ""))) for asset in ids]


def _rule_cell(name: str, headline: str) -> Markup:
    mark = Markup(' <span class="tag">{}</span>').format(_("used in this report")) if name == headline else Markup("")
    return cell(rule(name)) + mark
