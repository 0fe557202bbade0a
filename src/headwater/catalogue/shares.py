"""Shares of the tools: by stage of the life cycle, scale, side of sustainability, view of finance and year.

Each is a count out of a count, with the tools behind it. Knows counting only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from headwater.catalogue.coverage import NONE, keys_of, value_title, values_of
from headwater.catalogue.records import Record
from headwater.catalogue.vocabulary import Vocabularies
from headwater.words import _

EARLIEST = ("enabling-environment", "strategic-planning", "prioritization")
"""Phases before there is a project. The navigator counts project planning, concept design and procurement as upstream
too, though a project is there by then: the report's complaint is of tools that come in no earlier."""

CLIMATE, WIDER = "climate", ("biodiversity", "inclusion", "economy", "pollution", "resources", "governance")
"""The side that the report found read alone, and the others, those it found neglected first."""


@dataclass(frozen=True)
class Share:
    """A number of tools out of a number, with the tools behind it.

    Attributes
    ----------
    name
        Identifier, unique within its table.
    title
        What is counted, in the current language.
    count, of
        Tools, and tools out of which.
    keys
        The tools.
    """

    name: str
    title: str
    count: int
    of: int
    keys: tuple[str, ...]

    @property
    def share(self) -> float:
        """Count as a share of `of`, 0-1; NaN where that is 0."""
        return self.count / self.of if self.of else float("nan")


@dataclass(frozen=True)
class Year:
    """Tools first published in a year: how many, how many of them serve an upstream phase, and which."""

    year: int
    count: int
    upstream: int
    keys: tuple[str, ...]


def share(name: str, title: str, found: Sequence[Record], among: Sequence[Record]) -> Share:
    """Tools found, as a share of those among which they were."""
    return Share(name, title, len(found), len(among), keys_of(found))


def stage_of(tool: Record, vocabularies: Vocabularies) -> str:
    """Where in the life cycle a tool serves: `upstream` only, `downstream` only, `both`, or `NONE` without a phase."""
    phases = vocabularies["phases"]
    seen = {bool(phases[name].upstream) for name in tool.fields.get("phases", ()) if name in phases}
    if len(seen) == 2:
        return "both"
    return {True: "upstream", False: "downstream"}[seen.pop()] if seen else NONE


def stages(tools: Sequence[Record], vocabularies: Vocabularies) -> tuple[Share, ...]:
    """Tools that serve upstream phases alone, downstream phases alone, or both; and those without a phase, if any."""
    titles = {
        "upstream": _("Upstream phases only"), "both": _("Upstream and downstream"),
        "downstream": _("Downstream phases only"), NONE: _("No phase given"),
    }  # fmt: skip
    found = [
        share(name, title, [tool for tool in tools if stage_of(tool, vocabularies) == name], tools)
        for name, title in titles.items()
    ]
    return tuple(one for one in found if one.count or one.name != NONE)


def placements(tools: Sequence[Record], vocabularies: Vocabularies) -> Share:
    """Pairs of tool and phase that are upstream, of all pairs: a tool that serves seven phases counts seven times."""
    phases = vocabularies["phases"]
    pairs = [(tool, phases[name]) for tool in tools for name in tool.fields.get("phases", ()) if name in phases]
    upstream = [tool for tool, phase in pairs if phase.upstream]
    title = _("Pairs of tool and phase that are upstream")
    return Share("upstream", title, len(upstream), len(pairs), tuple(sorted({tool.key for tool in upstream})))


def early(tools: Sequence[Record]) -> tuple[Share, ...]:
    """Tools that serve a phase before there is a project, how many of those can look at a system, and the others."""
    before = [tool for tool in tools if set(EARLIEST) & set(tool.fields.get("phases", ()))]
    after = [tool for tool in tools if set(tool.fields.get("phases", ())) and tool not in before]
    return (
        share("before", _("Serve a phase before there is a project"), before, tools),
        share("before-system", _("A system or a country, of tools before there is a project"), _wider(before), before),
        share("after", _("Come in once there is a project"), after, tools),
        share("after-system", _("A system or a country, of tools once there is a project"), _wider(after), after),
    )


def scales(tools: Sequence[Record], vocabularies: Vocabularies) -> tuple[Share, ...]:
    """One project alone against a system or a country, among tools that serve upstream phases and among the others."""
    early = [tool for tool in tools if stage_of(tool, vocabularies) in {"upstream", "both"}]
    late = [tool for tool in tools if stage_of(tool, vocabularies) == "downstream"]
    return (
        share("upstream-project", _("One project alone, of tools with an upstream phase"), _alone(early), early),
        share("upstream-system", _("A system or a country, of tools with an upstream phase"), _wider(early), early),
        share("downstream-project", _("One project alone, of tools for downstream only"), _alone(late), late),
        share("downstream-system", _("A system or a country, of tools for downstream only"), _wider(late), late),
        share("project", _("One project alone, of all tools"), _alone(tools), tools),
    )


def dimensions(tools: Sequence[Record], vocabularies: Vocabularies) -> tuple[Share, ...]:
    """Tools that cover each side of sustainability."""
    return tuple(
        share(name, value_title("dimensions", name, vocabularies), _covering(tools, name), tools)
        for name in vocabularies["dimensions"]
    )


def narrowness(tools: Sequence[Record], vocabularies: Vocabularies) -> tuple[Share, ...]:
    """Tools that cover climate, climate alone, one side alone; and of those with climate, what else they cover."""
    climate = _covering(tools, CLIMATE)
    narrow = [tool for tool in climate if not {"biodiversity", "inclusion"} & sides_of(tool)]
    text = _("{dimension}, of tools that cover climate")
    return (
        share("climate", _("Cover climate"), climate, tools),
        share("climate-only", _("Cover climate alone"), [t for t in climate if sides_of(t) == {CLIMATE}], tools),
        share("one-only", _("Cover one side alone"), [t for t in tools if len(sides_of(t)) == 1], tools),
        share("climate-narrow", _("Cover climate, but neither biodiversity nor inclusion"), narrow, tools),
        *[
            share(
                f"climate-{name}",
                text.format(dimension=value_title("dimensions", name, vocabularies)),
                _covering(climate, name),
                climate,
            )
            for name in WIDER
            if name in vocabularies["dimensions"]
        ],
    )


def finance(tools: Sequence[Record], vocabularies: Vocabularies) -> tuple[Share, ...]:
    """Tools about money by what they look at, and how many there are."""
    known = vocabularies["finance_view"]
    views = {tool.key: set(tool.fields.get("finance_view", ())) & set(known) for tool in tools}
    about = [tool for tool in tools if views[tool.key]]
    both = {"quantity", "quality"}
    return (
        share("quantity", _("How much money alone"), [t for t in about if views[t.key] == {"quantity"}], about),
        share("both", _("How much, and what it buys"), [t for t in about if views[t.key] == both], about),
        share("quality", _("What the money buys alone"), [t for t in about if views[t.key] == {"quality"}], about),
        share("about-money", _("Tools about money, of all tools"), about, tools),
    )


def years(tools: Sequence[Record], vocabularies: Vocabularies) -> tuple[Year, ...]:
    """Tools by year of first publication, rising; those whose year is not known are in none."""
    found: dict[int, list[Record]] = {}
    for tool in tools:
        if isinstance(tool.fields.get("developed"), int):
            found.setdefault(tool.fields["developed"], []).append(tool)
    return tuple(
        Year(
            year,
            len(group),
            sum(stage_of(tool, vocabularies) in {"upstream", "both"} for tool in group),
            keys_of(group),
        )
        for year, group in sorted(found.items())
    )


def unknown_years(tools: Sequence[Record]) -> Share:
    """Tools whose year of first publication is not known."""
    undated = [tool for tool in tools if not isinstance(tool.fields.get("developed"), int)]
    return share("unknown", _("Year unknown"), undated, tools)


def sides_of(tool: Record) -> set[str]:
    """Sides of sustainability that a tool covers."""
    return set(values_of(tool, "dimensions")) - {NONE}


def _covering(tools: Sequence[Record], name: str) -> list[Record]:
    return [tool for tool in tools if name in sides_of(tool)]


def _alone(tools: Sequence[Record]) -> list[Record]:
    return [tool for tool in tools if set(tool.fields.get("scales", ())) == {"project"}]


def _wider(tools: Sequence[Record]) -> list[Record]:
    return [tool for tool in tools if {"system", "country"} & set(tool.fields.get("scales", ()))]
