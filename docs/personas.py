"""Write the page that shows what the wizard tells six people: docs/design/28-wizard-personas.md.

Run after a change of the content, of the questions or of the rule; a test holds the page equal to what this writes.
Then read the page: what is not defensible line by line is a fault of the rule or of an entry, not of the page.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

os.environ["HEADWATER_LANGUAGE"] = "en"

from headwater.catalogue.fit import words_of
from headwater.catalogue.navigator import Recommendation, Suggestion, recommend, rule
from headwater.catalogue.questions import decisions
from headwater.catalogue.records import Record
from headwater.catalogue.told import MARKS, basis_words
from headwater.catalogue.vocabulary import Vocabularies
from headwater.curation import read_content
from headwater.words import pick

PAGE = Path(__file__).parent / "design" / "28-wizard-personas.md"
NOTE = "<!-- Written by docs/personas.py from content/; change the content, the rule or that script. -->\n"
SHOWN = 3

LIMITS = {
    "phases": "not for the phase",
    "sectors": "not for the sector",
    "decision": "not for the decision",
    "data": "needs data that are not there",
    "skills": "needs skills that are not there",
    "cost": "paid, and there is no budget",
}


@dataclass(frozen=True)
class Persona:
    """Someone who asks: who, the situation, the answers, and what we make of what the wizard says."""

    name: str
    situation: str
    answers: Mapping[str, Sequence[str]]
    judgement: str


PERSONAS = (
    Persona(
        "Planner in a ministry of transport",
        "Has to say which roads and bridges to strengthen first under a changing climate, before projects are "
        "prepared. Has a network, hazard maps, census data and unit costs, an analyst who writes Python, and three "
        "months.",
        {
            "users": ["planner"], "phases": ["prioritization"], "sectors": ["transport"],
            "decision": ["which-first", "climate-risk"],
            "data": ["answers", "spatial", "networks", "hazards", "demand", "financial"],
            "skills": ["programming"], "time": ["weeks"], "cost": ["free"], "languages": ["en"],
        },
        "Yes, with open eyes. All three compute what hazards do to a national road network, which is the "
        "question. open-gira is the one to run: it builds networks and hazards for any country, and its "
        "authors say that long-term planning is not its aim, so it gives the risks and not the programme. The "
        "next two are the code of finished studies, from hazard to benefit-cost ratio: to learn from "
        "and to take over, not to install; their entries say so and the wizard repeats it. No facet tells "
        "code to read from a tool to run, so snail, Headwater and CLIMADA come behind, because they do less "
        "for the decision or are not made for one sector. HDM-4 loses a point as its cost is not known and "
        "does not look at hazards. Ratings and certificates are left out: there is no project to rate yet.",
    ),
    Persona(
        "National statistics office",
        "Wants to measure how sustainable the country's infrastructure is, beyond SDG indicator 9.1, every year and by "
        "district. Works with spreadsheets and GIS; the national plan is being drawn up.",
        {
            "users": ["statistician"], "phases": ["strategic-planning"],
            "decision": ["progress"], "data": ["answers", "spatial", "demand", "networks"],
            "skills": ["specialist"], "time": ["months"], "cost": ["free"], "languages": ["en"],
        },
        "Yes. Open SDG keeps and publishes a national set of indicators; the Rural Access Index is the "
        "indicator of access that the office can compute with the maps it has; ODK fills what nobody has "
        "counted. None of them measures the sustainability of infrastructure as a whole, and no other entry "
        "does: that is the gap that the report names in paragraph 17 (g). City inventories of emissions and "
        "waste are left out because they do not measure a country; the G20 compendium because it serves other "
        "phases. A part of ODK's services is paid, so it loses half a point for the missing budget.",
    ),
    Persona(
        "Task team of a development bank",
        "Appraises a flood project in which mangroves and wetlands may do a part of the work of a sea wall. Has a "
        "draft design, costs and maps, can pay, and has months.",
        {
            "users": ["financier"], "phases": ["project-planning"], "sectors": ["water", "nature"],
            "decision": ["nature-solutions"], "data": ["answers", "project-data", "financial", "spatial", "hazards"],
            "skills": ["specialist"], "time": ["months"], "cost": ["paid"], "languages": ["en"],
        },
        "Yes. SAVi values what a conventional appraisal of a nature-based option leaves out, which is the "
        "team's task; its cost is not known and is not counted as met. The IUCN standard holds the design to "
        "account, and, as its entry says, computes nothing. NNBF is guidance on engineering such features, "
        "written for planners and engineers, so it loses the points for the user. InVEST, which maps the "
        "services, is fifth: it is not made for financiers or for this sector alone. The shadow price of "
        "carbon is left out because it is not about nature.",
    ),
    Persona(
        "City engineer",
        "Streets flood every year. Must settle where drains, basins or green spaces go. Has a street map and what "
        "colleagues know, no survey of the drains, no budget for software, a few weeks.",
        {
            "users": ["local-government", "engineer"], "phases": ["concept-design"], "sectors": ["water", "nature"],
            "data": ["answers", "spatial"], "skills": ["specialist"], "time": ["weeks"], "cost": ["free"],
            "decision": ["sizing", "nature-solutions"], "languages": ["en"],
        },
        "As far as the catalogue goes. With a street map alone nothing here sizes a drain, and the wizard "
        "says so: all three are \"not for\" that half of the question, and the points are low. InVEST computes "
        "from maps what a change of land takes or gives; the neighbourhood guidelines order the layers of a "
        "quarter; the IUCN standard asks the right questions of a basin. The useful answer is the near miss: "
        "with a hazard map the guidance on nature-based flood protection comes first, so a flood map is the "
        "first thing to get. That no open model of storm-water drainage is in the catalogue is a gap of ours.",
    ),
    Persona(
        "Civil society organisation",
        "A road through a forest stands in the national plan and is being prepared. Wants to know, and to show at the "
        "hearing, what it does to species and protected areas. Has the route as published, volunteers, and two weeks.",
        {
            "users": ["civil-society"], "phases": ["strategic-planning", "project-planning"], "sectors": ["transport"],
            "decision": ["nature-effects"], "data": ["answers", "spatial"], "skills": ["basic"], "time": ["days"],
            "cost": ["free"], "languages": ["en"],
        },
        "Yes. The viewer lays planned roads over nature, needs nothing and is made for civil society; it "
        "knows the plan and not the project, which costs it half the points of the phase, and its warning on "
        "local species is quoted. IBAT answers the question best (four marks of four) and is second because "
        "it is made for developers and lenders and its cost for an association is not known: they must ask. "
        "InVEST asks for a specialist and weeks, so it is a next step with a university. The standards of "
        "lenders are left out only because they need project data: at the hearing, the association can ask "
        "for those.",
    ),
    Persona(
        "Researcher who models an energy system",
        "Learns to model a country's power system with Python: what to build until 2050, and where. Has open data on "
        "demand, grids and weather, and a term.",
        {
            "users": ["researcher"], "phases": ["strategic-planning"], "sectors": ["energy"],
            "decision": ["system-needs"],
            "data": ["demand", "networks", "spatial", "hazards", "financial"],
            "skills": ["programming"], "time": ["months"], "cost": ["free"], "languages": ["en"],
        },
        "Yes: three open models, each with all points, because each meets every answer; the rule cannot part "
        "them and the statements do. OSeMOSYS comes first as the most specific (one phase, one sector): the "
        "model of a long-term plan, small enough to understand. OnSSET places the connections and has nothing "
        "to say where all are connected. PyPSA sees lines and hours, and is the one to take when the grid "
        "decides. NISMOD has as many points and serves five sectors, so it stands behind; pandapower is left "
        "out as it computes a grid as it stands, in later phases.",
    ),
)  # fmt: skip


def page(records: Mapping[str, Record], vocabularies: Vocabularies) -> str:
    """The whole page."""
    lead = (
        "Six people ask the wizard. What it answers here is computed from the entries in `content/`; a test holds this "
        "page equal to it. `+` met, `~` partly met, `−` not met, `?` not known; points in brackets.\n\n"
        "The judgement under each is ours, written after reading the three tools' entries.\n"
    )
    parts = [NOTE, "# What the wizard tells six people\n", lead, "## The rule\n"]
    parts.append("".join(f"{i}. {sentence}\n" for i, sentence in enumerate(rule(vocabularies), start=1)))
    parts.append("What each decision asks of a tool (**bold**: it must have one of them):\n")
    parts.append(_marks(vocabularies))
    for i, persona in enumerate(PERSONAS, start=1):
        found = recommend(records, vocabularies, persona.answers)
        parts += [f"## {i}. {persona.name}\n", f"{persona.situation}\n", *_told(found)]
        if persona.judgement:
            parts.append(f"**Is that right?** {persona.judgement}\n")
    return "\n".join(parts)


def _marks(vocabularies: Vocabularies) -> str:
    rows = ["| decision | marks |", "| --- | --- |"]
    for decision in decisions().values():
        marks = []
        for asked in decision.asked:
            titles = [pick(vocabularies[asked.name][value].title) for value in asked.values]
            words = (" and " if asked.is_each else " or ").join(titles)
            marks.append(f"**{words}**" if asked.is_core else words)
        rows.append(f"| {pick(decision.title)} | {'; '.join(marks)} |")
    return "\n".join(rows) + "\n"


def _told(found: Recommendation) -> list[str]:
    answers = [
        "| question | answer |",
        "| --- | --- |",
        *(f"| {question} | {answer} |" for question, answer in found.told),
    ]
    best = ["| | tool | why, and what to mind |", "| --- | --- | --- |"]
    best += [_suggestion(one, found.possible) for one in found.suggestions[:SHOWN]]
    parts = ["\n".join(answers) + "\n", "\n".join(best) + "\n"]
    rest = ", ".join(f"{_name(one.record)} ({_points(one.points)})" for one in found.suggestions[SHOWN:])
    if rest:
        parts.append(f"Then: {rest}.\n")
    if found.near_misses:
        near = "; ".join(f"{_name(one.record)}: {_small(one.words)}" for one in found.near_misses)
        parts.append(f"Near misses: {near}.\n")
    parts.append(f"Left out, {len(found.excluded)} tools, each under the first reason:\n")
    parts.append(_excluded(found))
    return parts


def _suggestion(one: Suggestion, possible: float) -> str:
    lines = [f"{MARKS[reason.degree]} {reason.words} ({_points(reason.points)})" for reason in one.reasons]
    if one.use_when:
        lines.append(f"*When:* {words_of(one.use_when)} [{basis_words(one.use_when.get('basis', ''))}]")
    for caution in one.cautions:
        if caution.about == "avoid_when":
            lines.append(f"*Not when:* {caution.words} [{basis_words(caution.basis)}]")
        elif caution.words not in {reason.words for reason in one.reasons}:
            lines.append(f"*Mind:* {caution.words}")
    if one.cases:
        lines.append("*Cases:* " + ", ".join(pick(case.title) for case in one.cases))
    if one.steps:
        lines.append("*Then:* " + " ".join(step.words for step in one.steps))
    name = f"{pick(one.record.title)}<br>`{one.record.record_id}`<br>{_points(one.points)} of {possible:g}"
    return f"| {one.rank} | {name} | {'<br>'.join(lines)} |".replace("\n", " ")


def _excluded(found: Recommendation) -> str:
    rows = ["| why | tools |", "| --- | --- |"]
    for part, why in LIMITS.items():
        titles = [_name(out.record) for out in found.excluded if _first(out.limits) == part]
        if titles:
            rows.append(f"| {why} ({len(titles)}) | {', '.join(titles)} |")
    return "\n".join(rows) + "\n"


def _first(limits: Sequence[object]) -> str:
    return next(part for part in LIMITS if part in {limit.part for limit in limits})  # type: ignore[attr-defined]


def _name(record: Record) -> str:
    """Short name of a tool, or its title where it has none."""
    return str(record.fields.get("short") or pick(record.title))


def _points(points: float) -> str:
    return f"{points:.2f}".rstrip("0").rstrip(".")


def _small(words: str) -> str:
    return words[0].lower() + words[1:]


def main() -> None:
    """Write the page."""
    content = read_content()
    PAGE.write_text(page(content.records, content.words.vocabularies), encoding="utf-8")


if __name__ == "__main__":
    main()
