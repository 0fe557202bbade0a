"""The first screen of the report: the answer in key figures."""

from __future__ import annotations

import pandas as pd

from headwater.reports.content import Card, Cards, Prose, ReportContent, Section, case_name, empty_note, rule_words
from headwater.reports.labels import hazard, item, words_of
from headwater.reports.labels import kind as kind_name
from headwater.reports.labels import unit as unit_name
from headwater.reports.numbers import (
    compact,
    compact_range,
    is_missing,
    kilometres,
    money,
    money_range,
    number,
    percent,
    rounded,
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
        total=kilometres(shown["total"]),
        rarest=kilometres(rarest["exposed"]),
        years=years(rarest["return_period_yr"]),
        case=case_name(case),
    )
    label = _("Network exposed in a 1-in-{years}-year event").format(years=years(shown["return_period_yr"]))
    return Card(label, kilometres(shown["exposed"]), note, "risk")


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
    """Capacity that drought takes in the mean year, as the range over all models, scenarios and epochs."""
    if not content.has("drought_losses"):
        return None
    table = content.table("drought_losses")
    table = table[table["expected_loss"].notna()]
    if table.empty:
        return None
    unit = str(table["capacity_unit"].mode().iloc[0])
    table = table[table["capacity_unit"] == unit]
    sums = totals(table, ["hazard", "scenario", "model", "epoch"], ["expected_loss"])["expected_loss"]
    value = f"{compact_range(sums.min(), sums.max())} {unit_name(unit)}"
    note = _(
        "average yearly loss if a drought year takes the whole capacity; range of {count} results, never averaged."
    ).format(count=len(sums))
    return Card(_("Capacity at stake from drought"), value, note, "annual-probability")


def screening_card(content: ReportContent) -> Card | None:
    """Hazards at the highest screening level."""
    if not content.has("hazard_classes"):
        return None
    table = content.table("hazard_classes")
    high = table.loc[table["level"] == "high", "hazard"].drop_duplicates()
    value = _("{count} of {total} hazards").format(count=len(high), total=table["hazard"].nunique())
    names = _(", ").join(hazard(code) for code in high[:4]) + ("…" if len(high) > 4 else "")
    note = _("{names}. A screening class, not a quantity.").format(names=names) if len(high) else ""
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
    note = words.format(people=compact(within), unreached=compact(unreached))
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
        value = _("{people} people cut off").format(people=compact(worst["population_cut_off"]))
    else:
        value = _("{hours} person-hours lost").format(hours=compact(worst["person_hours_lost"]))
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
    note = _("{options} options for {spent} within a budget of {budget}.{ratio}").format(
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
