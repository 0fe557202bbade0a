"""What the tables of a study are, in words: a title and a line for each, in groups that a reader can take in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from headwater.words import later

GROUPS: Mapping[str, tuple[str, ...]] = {
    later("The system, and whom it serves"): ("assets", "links", "zones", "demand"),
    later("What threatens it"): (
        "hazard_layers",
        "hazard_classes",
        "curves",
        "curve_register",
        "curve_choices",
        "fragility",
        "recovery",
        "areas",
    ),
    later("What needs what"): ("dependencies", "dependency_rules"),
    later("What could be done"): ("options", "changes", "measures", "plan_rules"),
    later("Money and risk"): (
        "unit_values",
        "flows",
        "groups",
        "funding",
        "risks",
        "risk_bearers",
        "delivery_modes",
        "uncertainties",
    ),
    later("Where it all comes from"): ("sources",),
}
"""Tables by group, in the order in which one fills them in."""


@dataclass(frozen=True)
class Told:
    """A table in words that are still to be translated."""

    title: str
    means: str


TABLES: Mapping[str, Told] = {
    "sources": Told(
        later("Sources"),
        later("Where each figure comes from: publisher, year, licence. Every other table refers to it."),
    ),
    "assets": Told(
        later("Assets"),
        later("Power plants, hospitals, bridges, forests: what there is, where, and what it costs to replace."),
    ),
    "links": Told(later("Links"), later("Roads, power lines and pipes that join places.")),
    "zones": Told(later("Zones"), later("Where people live, and how many.")),
    "demand": Told(
        later("Demand"), later("How much of a service a zone or an asset takes, where that is not per person.")
    ),
    "hazard_layers": Told(
        later("Hazard layers"),
        later("Rasters of floods, storms and heat: which file is which hazard, how rare, in which climate."),
    ),
    "hazard_classes": Told(later("Hazard classes"), later("What the values of a raster with classes mean.")),
    "curves": Told(
        later("Points of curves"),
        later("Damage at each intensity, point by point, where the packaged curves will not do."),
    ),
    "curve_register": Told(later("Curves"), later("What each vulnerability curve describes, and its source.")),
    "curve_choices": Told(later("Choice of curves"), later("Which curve goes with which kind of asset.")),
    "fragility": Told(later("Points of failure"), later("The intensity from which assets stop working.")),
    "recovery": Told(later("Time to repair"), later("How long repairs take after each hazard.")),
    "areas": Told(
        later("Drawn areas"), later("Areas in which everything fails together: an event that no raster shows.")
    ),
    "dependencies": Told(later("Dependencies"), later("Which asset needs which other, named one by one.")),
    "dependency_rules": Told(
        later("Rules of dependence"), later("What all assets of a kind need, and for how long they do without.")
    ),
    "options": Told(
        later("Options"), later("What could be built, protected or restored: where, when and at what cost.")
    ),
    "changes": Told(later("Changes by options"), later("What an option changes in assets and links.")),
    "measures": Told(
        later("Measures"), later("Ways to protect that Headwater tries on every place that a hazard damages.")
    ),
    "plan_rules": Told(
        later("Rules of plans"),
        later("What every plan must keep: a share for nature, a region that must not be left out."),
    ),
    "unit_values": Told(later("Values"), later("What a unit of an effect is worth in money, and who gains it.")),
    "flows": Told(later("Flows of money"), later("Money besides investment and effects: tolls, land, taxes.")),
    "groups": Told(later("Groups of people"), later("Income of the groups who gain or pay.")),
    "funding": Told(later("Funding"), later("Who pays which share, on which terms.")),
    "risks": Told(later("Risks"), later("What can go wrong, how likely it is, and what it would cost.")),
    "risk_bearers": Told(later("Bearers of risks"), later("Who could bear each risk, and who bears it now.")),
    "delivery_modes": Told(later("Ways of delivery"), later("Ways to procure and run the works, to compare.")),
    "uncertainties": Told(later("Uncertainties"), later("What of the business case is uncertain, and by how much.")),
}
"""Every table that a study may hold."""
