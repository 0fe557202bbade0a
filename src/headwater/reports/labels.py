"""Words for the codes in the tables: sectors, hazards, rules, levels, kinds of asset.

A code that has no words here is shown as it is, with spaces for underscores. Knows words only.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from babel.core import Locale, get_global

from headwater.reports.numbers import is_missing
from headwater.words import _, language, pick

LEVELS = ("high", "medium", "low", "very_low", "no_data")
"""Screening levels, most serious first."""


def plain(code: object) -> str:
    """A code as words: underscores become spaces.

    Examples
    --------
    >>> plain("road_primary"), plain(None)
    ('road primary', '')
    """
    if code is None or (isinstance(code, float) and is_missing(code)):
        return ""
    return str(code).replace("_", " ")


def words_of(value: Any) -> str:
    """Text of a content field: one in several languages, or a plain one.

    Examples
    --------
    >>> words_of({"en": "Water", "zh": "水"}), words_of("Water"), words_of(float("nan"))
    ('Water', 'Water', '')
    """
    if isinstance(value, Mapping):
        return pick(value)
    return value if isinstance(value, str) else ""


def country(iso3: str) -> str:
    """Name of a country in the current language, or its code where it is not known.

    Examples
    --------
    >>> country("GHA"), country("XXQ")
    ('Ghana', 'XXQ')
    """
    iso2 = get_global("territory_aliases").get(iso3, [iso3])[0]
    return str(Locale.parse(language()).territories.get(iso2, iso3))


def sector(code: str) -> str:
    """Name of a sector."""
    return {
        "energy": _("Energy"),
        "transport": _("Transport"),
        "water": _("Water and sanitation"),
        "waste": _("Solid waste"),
        "digital": _("Digital"),
        "social": _("Social buildings"),
        "nature": _("Natural infrastructure"),
        "government": _("Public administration"),
        "finance": _("Finance"),
        "agriculture": _("Agriculture"),
        "multi": _("Several sectors"),
    }.get(code, plain(code))


def hazard(code: str) -> str:
    """Name of a hazard."""
    return {
        "river_flood": _("River flood"),
        "coastal_flood": _("Coastal flood"),
        "surface_flood": _("Surface water flood"),
        "urban_flood": _("Urban flood"),
        "tropical_cyclone": _("Tropical cyclone"),
        "earthquake": _("Earthquake"),
        "landslide": _("Landslide"),
        "drought": _("Drought"),
        "extreme_heat": _("Extreme heat"),
        "wildfire": _("Wildfire"),
        "tsunami": _("Tsunami"),
        "volcano": _("Volcano"),
    }.get(code, plain(code))


def level(code: str) -> str:
    """Name of a screening level."""
    return {
        "high": _("High"),
        "medium": _("Medium"),
        "low": _("Low"),
        "very_low": _("Very low"),
        "no_data": _("No data"),
    }.get(code, plain(code))


def rule(code: str) -> str:
    """Name of a rule that integrates damage over probability."""
    return {
        "trapezoid": _("trapezoid, no tail"),
        "triangle": _("triangle tail"),
        "rectangle": _("rectangle tail"),
        "loglinear": _("log-linear"),
        "yearly": _("years sampled one by one"),
    }.get(code, plain(code))


def rule_meaning(code: str) -> str:
    """What a rule does with events rarer than the rarest given."""
    return {
        "trapezoid": _("Trapezoids between the events given; nothing is added beyond the rarest."),
        "triangle": _("Trapezoids; beyond the rarest event, damage falls in a straight line to zero."),
        "rectangle": _("Trapezoids; beyond the rarest event, damage stays at its last value."),
        "loglinear": _(
            "Damage runs straight against the logarithm of the return period; its last value is kept beyond."
        ),
    }.get(code, "")


def kind(code: str) -> str:
    """Name of a kind of asset or link, for the commonest; others as they are coded."""
    return {
        "road": _("Road"),
        "road_motorway": _("Motorway"),
        "road_trunk": _("Trunk road"),
        "road_primary": _("Primary road"),
        "road_secondary": _("Secondary road"),
        "road_tertiary": _("Tertiary road"),
        "road_residential": _("Residential road"),
        "road_unclassified": _("Minor road"),
        "highway": _("Highway"),
        "rail": _("Railway"),
        "railway": _("Railway"),
        "road_node": _("Road junction"),
        "rail_node": _("Rail junction"),
        "junction": _("Junction"),
        "grid_node": _("Grid node"),
        "grid_infeed": _("Grid infeed"),
        "exchange_proxy": _("Exchange (proxy)"),
        "settlement": _("Settlement"),
        "district": _("District"),
        "region": _("Region"),
        "country": _("Country"),
        "airport": _("Airport"),
        "port": _("Port"),
        "hospital": _("Hospital"),
        "clinic": _("Clinic"),
        "health_facility": _("Health facility"),
        "health_centre": _("Health centre"),
        "health_post": _("Health post"),
        "school": _("School"),
        "hydro": _("Hydropower plant"),
        "gas": _("Gas power plant"),
        "coal": _("Coal power plant"),
        "solar": _("Solar power plant"),
        "wind": _("Wind power plant"),
        "hydropower": _("Hydropower plant"),
        "hydropower_plant": _("Hydropower plant"),
        "hydro_plant": _("Hydropower plant"),
        "gas_plant": _("Gas power plant"),
        "coal_plant": _("Coal power plant"),
        "interconnector": _("Interconnector"),
        "power_line": _("Power line"),
        "substation": _("Substation"),
        "water_point": _("Water point"),
        "water_works": _("Waterworks"),
        "water_supply_dam": _("Water supply dam"),
        "gas_power": _("Gas power plant"),
        "coal_power": _("Coal power plant"),
        "oil_power": _("Oil power plant"),
        "solar_power": _("Solar power plant"),
        "wind_power": _("Wind power plant"),
        "community_health_unit": _("Community health unit"),
        "health_clinic": _("Health clinic"),
        "polyclinic": _("Polyclinic"),
        "treatment_plant": _("Treatment plant"),
    }.get(code, plain(code).capitalize())


def unit(code: object) -> str:
    """A unit as it is written after a number."""
    return {
        "count": "",
        "1": "",
        "yr": _("years"),
        "h": _("hours"),
        "people": _("people"),
        "people served": _("people served"),
        "person-hours": _("person-hours"),
        "USD": _("USD"),
        "USD/yr": _("USD a year"),
        "usd_per_yr": _("USD a year"),
        "person-hours/yr": _("person-hours per year"),
        "people/yr": _("people per year"),
        "1/yr": _("a year"),
    }.get(plain(code), plain(code))


def group(code: str) -> str:
    """Name of a group of people."""
    return {
        "female": _("Women and girls"),
        "male": _("Men and boys"),
        "under_15": _("Children under 15"),
        "over_64": _("People of 65 and over"),
        "poor": _("People below the national poverty line"),
        "urban": _("People in urban places"),
        "rural": _("People in rural places"),
    }.get(code, plain(code))


def item(code: str, service: str = "") -> str:
    """Name of something that an option changes or a plan maximises.

    Parameters
    ----------
    code
        Code of the item; one of a service is its name, a dot and the service.
    service
        What the study calls that service, where it is known.

    Examples
    --------
    >>> item("npv_usd"), item("population_without_per_yr.clean_water")
    ('net present value', 'people spared a loss of service: clean water')
    """
    name, _dot, about = code.partition(".")
    words = {
        "ead_usd_per_yr": _("expected annual damage avoided"),
        "person_hours_lost": _("person-hours lost avoided"),
        "population_cut_off": _("people no longer cut off"),
        "user_hours_lost_per_yr": _("hours without service avoided"),
        "population_without_per_yr": _("people spared a loss of service"),
        "npv_usd": _("net present value"),
        "benefit_pv_usd": _("present value of benefits"),
        "initial_cost_usd": _("investment"),
        "travel_hours": _("hours of travel saved"),
        "tco2e": _("greenhouse gases avoided"),
    }.get(name, plain(name))
    return _("{item}: {service}").format(item=words, service=service or kind(about).lower()) if about else words


def robust_rule(code: str) -> str:
    """Name of a rule that chooses one plan for several futures; "" for what is no rule."""
    return {
        "expected": _("best on average"),
        "maximin": _("best in the worst future"),
        "minimax_regret": _("least regret"),
    }.get(code, "")


def option_class(code: str) -> str:
    """Name of how an option fares over the futures."""
    return {
        "no_regret": _("no regret"),
        "contingent": _("depends on the future"),
        "regret": _("in no future's best plan"),
    }.get(code, plain(code))


def decision(code: str) -> str:
    """Name of what to do about an option while the future is open."""
    return {
        "now": _("Begin now"),
        "later": _("Begin later"),
        "watch": _("Watch, then decide"),
        "never": _("Leave out"),
    }.get(code, plain(code))


def case_line(code: str) -> str:
    """Name of a line of the business case."""
    return {
        "capital": _("investment"),
        "renewal": _("renewal"),
        "maintenance": _("maintenance"),
        "operation": _("operation"),
        "residual": _("residual value"),
        "revenue": _("revenue"),
        "avoided_damage": _("avoided damage"),
        "avoided_disruption": _("avoided disruption"),
        "time_saved": _("time saved"),
        "emissions": _("emissions"),
        "ecosystem_services": _("ecosystem services"),
        "health": _("health"),
        "jobs": _("jobs"),
        "land": _("land"),
        "tax": _("taxes"),
        "other": _("other"),
    }.get(code, plain(code))


def status(code: object) -> str:
    """Name of the status of an asset, an option or a solution."""
    return {
        "operating": _("operating"),
        "construction": _("under construction"),
        "proposed": _("proposed"),
        "planned": _("planned"),
        "retired": _("retired"),
        "unknown": _("unknown"),
        "candidate": _("candidate"),
        "active": _("active"),
        "pipeline": _("in the pipeline"),
        "committed": _("committed"),
        "optimal": _("proved optimal"),
        "time_limit": _("stopped by the time limit"),
    }.get(plain(code).replace(" ", "_"), plain(code))


def scenario(code: object) -> str:
    """Name of a climate scenario.

    Examples
    --------
    >>> scenario("rcp4p5"), scenario("rcp60"), scenario("historical")
    ('RCP 4.5', 'RCP 6.0', 'historical climate')
    """
    words = plain(code)
    if words.lower().startswith("rcp") and len(words) in (5, 6):
        return f"RCP {words[3]}.{words[-1]}"
    return _("historical climate") if words == "historical" else words
