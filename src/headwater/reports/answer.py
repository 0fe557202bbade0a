"""The first screen of the report: the answer in key figures."""

from __future__ import annotations

import pandas as pd

from headwater.reports.content import Card, Cards, Prose, ReportContent, Section, case_name, empty_note, rule_words
from headwater.reports.labels import hazard, item, words_of
from headwater.reports.labels import kind as kind_name
from headwater.reports.labels import unit as unit_name
from headwater.reports.numbers import (
    compact_range,
    is_missing,
    kilometres,
    money,
    money_range,
    number,
    percent,
    rounded,
    to_figures,
    years,
)
from headwater.reports.summaries import access_bands, bounded, exposed, matching, totals
from headwater.words import _

HEADLINE_RETURN_PERIOD_YR = 100
"""Return period of the key figure of exposure, where it is among those given."""


def answer(content: ReportContent) -> Section:
    """Section 1: what a decision maker needs on one screen."""
    cards = [
        card
        for make in (exposure_card, damage_card, drought_card, screening_card, access_card, critical_card, plan_card)
        if (card := make(content)) is not None
    ]
    summary = words_of(content.header.summary)
    blocks: list[object] = [Prose([summary])] if summary else []
    blocks.append(
        Cards(cards)
        if cards
        else empty_note(_("No result has been computed yet."), _("Run headwater assess, then headwater plan."))
    )
    return Section("answer", _("The answer in one screen"), "", blocks)


def exposure_card(content: ReportContent) -> Card | None:
    """Kilometres exposed at the headline return period."""
    if not content.has("exposures", "hazard_layers"):
        return None
    amounts = exposed(content.table("exposures"), content.table("hazard_layers"))
    lengths = amounts[(amounts["amount_unit"] == "m") & amounts["return_period_yr"].notna()]
    case = content.plan_case(lengths, "exposed")
    if case is None:
        return None
    rows = matching(lengths, case).sort_values("return_period_yr")
    nearest = int((rows["return_period_yr"] - HEADLINE_RETURN_PERIOD_YR).abs().argmin())
    shown, rarest = rows.iloc[nearest], rows.iloc[-1]
    note = _("of {total}; {rarest} in a 1-in-{years}-year event. {case}.").format(
        total=known_length(shown),
        rarest=kilometres(rarest["exposed"]),
        years=years(rarest["return_period_yr"]),
        case=case_name(case),
    )
    label = _("Network exposed in a 1-in-{years}-year event").format(years=years(shown["return_period_yr"]))
    return Card(label, kilometres(shown["exposed"]), note, "risk")


def known_length(amounts: pd.Series) -> str:
    """The length that the layers can speak for, and the length they cannot.

    Parameters
    ----------
    amounts
        A row of `exposed`: total and uncovered [m].
    """
    if not amounts["uncovered"] > 0:
        return kilometres(amounts["total"])
    return _("{known} with data ({missing} have no data)").format(
        known=kilometres(amounts["total"] - amounts["uncovered"]), missing=kilometres(amounts["uncovered"])
    )


def damage_card(content: ReportContent) -> Card | None:
    """Expected annual damage under the headline rule."""
    rule = content.ead_rule()
    if not content.has("expected_damages"):
        return None
    table = content.table("expected_damages")
    table = table[table["ead_rule"] == rule]
    case = content.plan_case(table, "ead_usd_per_yr")
    if case is None:
        return None
    sums = totals(matching(table, case), ["ead_rule"], bounded("ead_usd_per_yr")).iloc[0]
    currency = content.header.currency
    span = money_range(sums.get("ead_usd_per_yr_low"), sums.get("ead_usd_per_yr_high"), currency)
    note = _("a year; low–high {span}. {rule}. {case}.").format(
        span=span, rule=rule_words(rule).capitalize(), case=case_name(case)
    )
    return Card(_("Expected annual damage"), money(sums["ead_usd_per_yr"], currency), note, "risk")


def drought_card(content: ReportContent) -> Card | None:
    """Capacity that drought takes in the mean year, by unit, as the range over all models, scenarios and epochs."""
    if not content.has("drought_losses"):
        return None
    table = content.table("drought_losses")
    table = table[table["expected_loss"].notna()]
    if table.empty:
        return None
    keys = ["hazard", "scenario", "model", "epoch"]
    ranges = []
    for unit in table["capacity_unit"].value_counts().index:
        sums = totals(table[table["capacity_unit"] == unit], keys, ["expected_loss"])["expected_loss"]
        ranges.append(f"{compact_range(*map(to_figures, (sums.min(), sums.max())))} {unit_name(unit)}")
    note = _("if a drought year takes the whole capacity; range of {count} results, never averaged.").format(
        count=len(table[keys].drop_duplicates())
    )
    return Card(_("Average yearly loss of capacity to drought"), _("; ").join(ranges), note, "annual-probability")


def screening_card(content: ReportContent) -> Card | None:
    """Hazards at the highest screening level."""
    if not content.has("hazard_classes"):
        return None
    table = content.table("hazard_classes")
    high = table.loc[table["level"] == "high", "hazard"].drop_duplicates()
    classed = table.loc[table["level"] != "no_data", "hazard"].nunique()
    silent = table["hazard"].nunique() - classed
    value = _("{count} of {total} classed").format(count=len(high), total=classed)
    names = _(", ").join(hazard(code) for code in high[:4])
    if len(high) > 4:
        names = _("{names} and {count} more").format(names=names, count=len(high) - 4)
    note = _("{names}. A screening class, not a quantity.").format(names=names) if len(high) else ""
    if silent:
        value = _("{value}; {count} without data").format(value=value, count=silent)
    return Card(_("Classed high in screening"), value, note, "screening")


def access_card(content: ReportContent) -> Card | None:
    """People who reach the first service."""
    if not content.has("access"):
        return None
    bands = access_bands(content.table("access"))
    service = service_order(content, bands)[0]
    people = bands.loc[service]
    whole, unreached = people.sum(), people["unreached"]
    within = people[["0", "1"]].sum()
    value = percent(within / whole if whole else None)
    words = (
        _("{people} people; {unreached} reach none over this network.")
        if unreached
        else _("{people} people; all others take longer.")
    )
    note = words.format(people=rounded(within), unreached=rounded(unreached))
    label = _("{service}: people within an hour").format(service=service_name(content, service))
    return Card(label, value, note, "access")


def critical_card(content: ReportContent) -> Card | None:
    """The link whose failure cuts off most people, or costs most hours where none cuts anybody off."""
    if not content.has("criticality"):
        return None
    table = content.table("criticality")
    names = content.components()["name"]
    worst = table.sort_values(["population_cut_off", "person_hours_lost"], ascending=False).iloc[0]
    name = str(names.get(worst["link_id"], worst["link_id"]))
    if worst["population_cut_off"] > 0:
        value = _("{people} people cut off").format(people=rounded(worst["population_cut_off"]))
    else:
        value = _("{hours} person-hours lost").format(hours=rounded(worst["person_hours_lost"]))
    note = _("if {link} fails; service: {service}.").format(link=name, service=service_name(content, worst["service"]))
    return Card(_("Most critical link"), value, note, "access")


def plan_card(content: ReportContent) -> Card | None:
    """The plan with the greatest net present value, or the furthest towards the objective where none is valued."""
    if not content.has("plan_summaries"):
        return None
    order = ["npv_usd", "objective_value"]
    best = content.table("plan_summaries").sort_values(order, ascending=False, na_position="last").iloc[0]
    currency, is_valued = content.header.currency, not is_missing(best["npv_usd"])
    value = money(best["npv_usd"], currency) if is_valued else rounded(best["objective_value"])
    reached = item("npv_usd") if is_valued else item(str(best["objective"]))
    low, high = npv_span(content, str(best["plan_id"])) if is_valued else (None, None)
    span = money_range(low, high, currency)
    note = "" if is_missing(low) or is_missing(high) else _("Low–high {span}. ").format(span=span)
    note += _("{options} options for {spent} within a budget of {budget}.{ratio}").format(
        options=number(best["options"]),
        spent=money(best["spent_usd"], currency),
        budget=money(best["budget_usd"], currency),
        ratio=_ratio_words(plan_ratio(content, str(best["plan_id"]))),
    )
    return Card(_("Best plan: {item}").format(item=reached), value, note, "plan")


def plan_ratio(content: ReportContent, plan_id: str) -> float | None:
    """Benefits over costs, in present value, of all options of a plan; None where any is not valued."""
    if not content.has("plans", "appraisals"):
        return None
    plans, appraisals = content.table("plans"), content.table("appraisals").set_index("option_id")
    chosen = appraisals.reindex(plans.loc[plans["plan_id"] == plan_id, "option_id"])
    cost, benefit = chosen["cost_pv_usd"].sum(skipna=False), chosen["benefit_pv_usd"].sum(skipna=False)
    return float(benefit / cost) if cost and not pd.isna(benefit) else None


def npv_span(content: ReportContent, plan_id: str) -> tuple[float | None, float | None]:
    """Net present value of a plan where each of its options is at its low, and at its high; None where not known."""
    appraisals = content.table("appraisals")
    if not content.has("plans", "appraisals") or not {"npv_usd_low", "npv_usd_high"} <= set(appraisals):
        return None, None
    plans = content.table("plans")
    mine = appraisals.set_index("option_id").reindex(plans.loc[plans["plan_id"] == plan_id, "option_id"])
    low, high = (mine[f"npv_usd_{end}"].sum(skipna=False) for end in ("low", "high"))
    return (None, None) if mine.empty or pd.isna(low) or pd.isna(high) else (float(low), float(high))


def service_name(content: ReportContent, service_id: str) -> str:
    """Name of a service, or its identifier."""
    names = {service.service_id: words_of(service.name) for service in content.header.services}
    return names.get(service_id) or kind_name(str(service_id)).lower()


def service_order(content: ReportContent, bands: pd.DataFrame) -> list[str]:
    """Services in the order of the study, then any others."""
    known = [s.service_id for s in content.header.services if s.service_id in bands.index]
    return [*known, *(service for service in bands.index if service not in known)]


def _ratio_words(ratio: float | None) -> str:
    return "" if ratio is None else _(" Benefit–cost ratio {ratio}.").format(ratio=number(ratio, figures=2))
