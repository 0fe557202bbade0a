"""Which tool, when and why: tools ranked for one person's answers, with reasons, cautions and what was left out.

The rule is plain: an answer is worth points, a tool gets them in full, in part or not at all, and a few limits rule it
out. Points and their reasons stand in `questions.csv`, what each decision asks in `decisions.csv`. `rule` tells it on
the screen; `fit` holds one tool against the answers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from headwater.catalogue.fit import GENERAL, ONE_STEP, Caution, Fit, Limit, Reason, fit_of, words_of
from headwater.catalogue.questions import (
    Answers,
    Question,
    decisions,
    option_titles,
    parse_answers,
    questions,
    weights,
)
from headwater.catalogue.records import Record
from headwater.catalogue.vocabulary import ALL, Vocabularies
from headwater.words import _

__all__ = [
    "Answers", "Caution", "Excluded", "Fit", "Limit", "NearMiss", "Question", "Reason", "Recommendation", "Step",
    "Suggestion", "parse_answers", "questions", "recommend", "rule",
]  # fmt: skip

NEAR = 5
"""A tool that one thing keeps out is a near miss if it would be among so many first."""

SPREAD = ("phases", "sectors")
"""Fields of which a tool that serves fewer is the more specific."""


@dataclass(frozen=True)
class Step:
    """What to do after a tool: in words, with what that rests on, and the next tool where the entry names one."""

    words: str
    basis: str
    tool: Record | None


@dataclass(frozen=True)
class Suggestion:
    """A tool that fits.

    Attributes
    ----------
    rank
        Its place, from 1.
    record
        The tool.
    points
        What it got, of `Recommendation.possible`.
    reasons
        For each answer whether it meets it and how.
    use_when
        The statement of its entry on when to use it that speaks most of what was answered; None if it has none.
    cautions
        What to know before.
    cases
        Cases that used it.
    principles
        Principles that it helps to apply.
    steps
        What to do next.
    """

    rank: int
    record: Record
    points: float
    reasons: tuple[Reason, ...]
    use_when: Mapping[str, str] | None
    cautions: tuple[Caution, ...]
    cases: tuple[Record, ...]
    principles: tuple[Record, ...]
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Excluded:
    """A tool that was left out, and everything that rules it out."""

    record: Record
    limits: tuple[Limit, ...]


@dataclass(frozen=True)
class NearMiss:
    """A tool that one lacking thing keeps out.

    Attributes
    ----------
    record
        The tool.
    rank
        Place that it would have if only the answer to `part` were `lift`.
    part, lift
        The answer that would let it in.
    words
        The same in words.
    """

    record: Record
    rank: int
    part: str
    lift: tuple[str, ...]
    words: str


@dataclass(frozen=True)
class Recommendation:
    """What the wizard says.

    Attributes
    ----------
    answers
        Answers it rests on, by part.
    told
        The same in words: (question, answers) in order, "do not know" where a part was skipped.
    possible
        Points that could be got.
    suggestions
        Tools that fit, best first.
    excluded
        Tools that were left out, by title.
    near_misses
        Those of them that one lacking thing keeps from the first places, by that place.
    rule
        How it was worked out, in sentences.
    """

    answers: Answers
    told: tuple[tuple[str, str], ...]
    possible: float
    suggestions: tuple[Suggestion, ...]
    excluded: tuple[Excluded, ...]
    near_misses: tuple[NearMiss, ...]
    rule: tuple[str, ...]


def recommend(
    records: Mapping[str, Record], vocabularies: Vocabularies, answers: Mapping[str, str | Sequence[str]]
) -> Recommendation:
    """Which tools fit the answers, why, and what was left out.

    Parameters
    ----------
    records
        Entries of the hub by key; cases and principles lend their evidence to the tools.
    vocabularies
        The words that entries are sorted by.
    answers
        Value or values by part of a question (`questions`); parts may be left out.

    Returns
    -------
    recommendation
        In the current language. With no answers every tool is ranked and none is left out.

    Raises
    ------
    InputError
        If an answer does not exist; names those that do.

    Notes
    -----
    Ties are broken by how specific a tool is for the phases and sectors answered (it serves fewer), then by how many
    cases used it, then by its identifier, so the order in which records come does not matter.
    """
    read = parse_answers(answers, vocabularies)
    tools = [record for record in records.values() if record.kind == "tool"]
    cases = _cases_by_tool(records.values())
    ranked, left_out = _ranked(tools, read, vocabularies, cases)
    return Recommendation(
        read,
        tuple(_told(read, vocabularies)),
        sum(points for part, points in weights().items() if part in read),
        tuple(_suggestion(i + 1, fit, read, records, cases) for i, fit in enumerate(ranked)),
        tuple(Excluded(fit.record, fit.limits) for fit in sorted(left_out, key=lambda fit: _by_title(fit.record))),
        tuple(_near_misses(tools, read, vocabularies, cases, left_out)),
        rule(vocabularies),
    )


def rule(vocabularies: Vocabularies) -> tuple[str, ...]:
    """How tools are ranked, in sentences of the current language."""
    parts = [part for question in questions(vocabularies) for part in question.parts]
    worth = _("; ").join(
        _("{title} {points}").format(title=part.title, points=f"{part.weight:g}")
        for part in sorted(parts, key=lambda part: -part.weight)
    )
    shares = _(
        "A tool gets the share of the points that it meets of what you answered. A tool for every sector, or for more "
        "than half of all phases or users, gets {general} of the points there; one that asks a step more skill, time "
        "or money than you have gets {step}."
    )
    marks = _(
        "For a decision it gets the share of the marks that tell tools for it: type, side of sustainability, theme, "
        "scale, view of finance, data, users. A tool that has more than half of all themes, or of all sides, meets "
        "such a mark by half. Which marks, and which of them it must have, is our judgement."
    )
    limits = _(
        "A tool is left out if it is not for your phase, your sector or what you must decide, if it is paid and you "
        "have no budget, if it asks for skills more than a step beyond yours, or for data that you have not."
    )
    ties = _(
        "Between equal points, the tool that serves fewer phases and sectors comes first, then the one that more of "
        "our cases used, then the order of identifiers."
    )
    return (
        _("Each answer is worth points: {worth}. A question that is skipped is worth none.").format(worth=worth),
        shares.format(general=f"{GENERAL:g}", step=f"{ONE_STEP:g}"),
        marks,
        _("What is unknown is never counted as met, and never rules a tool out."),
        limits,
        ties,
    )


def _ranked(
    tools: Sequence[Record], answers: Answers, vocabularies: Vocabularies, cases: Mapping[str, Sequence[Record]]
) -> tuple[list[Fit], list[Fit]]:
    """Tools that fit, best first, and those that were left out."""
    points = weights()
    fits = [fit_of(tool, answers, vocabularies=vocabularies, weights=points) for tool in tools]

    def order(fit: Fit) -> tuple[float, int, int, str]:
        spread = sum(_spread(fit.record, name, vocabularies) for name in SPREAD if name in answers)
        return -round(fit.points, 9), spread, -len(cases.get(fit.record.record_id, ())), fit.record.record_id

    return sorted((fit for fit in fits if not fit.limits), key=order), [fit for fit in fits if fit.limits]


def _near_misses(
    tools: Sequence[Record],
    answers: Answers,
    vocabularies: Vocabularies,
    cases: Mapping[str, Sequence[Record]],
    left_out: Sequence[Fit],
) -> Iterator[NearMiss]:
    """Tools that one lacking thing keeps out, with the place they have once everything is ranked with it."""
    waiting: dict[tuple[str, tuple[str, ...]], dict[str, Limit]] = {}
    for fit in left_out:
        limit = fit.limits[0]
        if len(fit.limits) == 1 and limit.lift:
            waiting.setdefault((limit.part, limit.lift), {})[fit.record.record_id] = limit
    found = []
    for (part, lift), limits in waiting.items():
        ranked, _others = _ranked(tools, {**answers, part: lift}, vocabularies, cases)
        for i, fit in enumerate(ranked[:NEAR]):
            if fit.record.record_id in limits:
                wanted = limits[fit.record.record_id].wanted
                words = _("Would be number {rank} if you had: {wanted}").format(rank=i + 1, wanted=wanted)
                found.append(NearMiss(fit.record, i + 1, part, lift, words))
    yield from sorted(found, key=lambda near: (near.rank, near.record.record_id))


def _suggestion(
    rank: int, fit: Fit, answers: Answers, records: Mapping[str, Record], cases: Mapping[str, Sequence[Record]]
) -> Suggestion:
    fields = fit.record.fields
    principles = [records.get(f"principle/{name}") for name in fields.get("principles", ())]
    return Suggestion(
        rank, fit.record, fit.points, fit.reasons,
        _fitting(fields.get("use_when", ()), answers),
        fit.cautions,
        tuple(cases.get(fit.record.record_id, ())),
        tuple(sorted((p for p in principles if p is not None), key=lambda p: p.fields.get("number", 0))),
        tuple(
            Step(words_of(said), said.get("basis", ""), records.get(f"tool/{said.get('tool', '')}"))
            for said in fields.get("next", ())
        ),
    )  # fmt: skip


def _fitting(statements: Sequence[Mapping[str, str]], answers: Answers) -> Mapping[str, str] | None:
    """The statement that shares most words with the answers; the first among equals."""
    sought = _stems(" ".join(word for name in answers.get("decision", ()) for word in decisions()[name].words))
    for part in ("phases", "sectors", "users"):
        sought |= _stems(" ".join(answers.get(part, ())).replace("-", " "))
    return max(statements, key=lambda said: len(sought & _stems(said.get("en", ""))), default=None)


def _stems(text: str) -> set[str]:
    """The first five letters of each word of four or more: enough to tell that "planning" is of "plan" or "planner"."""
    return {word[:5] if len(word) > 4 else word for word in re.findall(r"[a-z]{3,}", text.lower())}


def _cases_by_tool(records: Iterable[Record]) -> dict[str, list[Record]]:
    cases: dict[str, list[Record]] = {}
    for record in sorted(records, key=lambda record: record.record_id):
        if record.kind == "case":
            for name in record.fields.get("tools", ()):
                cases.setdefault(name, []).append(record)
    return cases


def _spread(tool: Record, name: str, vocabularies: Vocabularies) -> int:
    """How many values of a vocabulary a tool serves; all of them where it is general or does not say."""
    values = tool.fields.get(name, ())
    return len(vocabularies.get(name, {})) if ALL in values or not values else len(values)


def _told(answers: Answers, vocabularies: Vocabularies) -> Iterator[tuple[str, str]]:
    for question in questions(vocabularies):
        for part in question.parts:
            titles = option_titles(part.name, vocabularies)
            chosen = [titles[value] for value in answers.get(part.name, ())]
            yield part.title, _("; ").join(chosen) or _("do not know")


def _by_title(record: Record) -> tuple[str, str]:
    return str(record.title.get("en", "")).casefold(), record.record_id
