"""What the wizard asks, as data: questions, the answers that each allows, and what every decision asks of a tool.

The tables `questions.csv` and `decisions.csv` beside the code hold the words, the weights and the reasons. Knows no
tool.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from headwater.catalogue.vocabulary import ALL, Text, Vocabularies
from headwater.errors import InputError
from headwater.words import LANGUAGES, PARTLY, _, pick

CRITERIA = ("types", "dimensions", "themes", "scales", "finance_view", "data", "users")
"""Fields of tools by which a decision is told from another."""

SKIPPED = ("", "unknown")
"""What stands for "do not know" in an answer."""

SKILLS = ("none", "basic", "specialist", "programming")
TIMES = ("hours", "days", "weeks", "months")
COSTS = ("free", "partly", "paid")
LADDERS = {"skills": SKILLS, "time": TIMES, "cost": COSTS}
"""Steps of the answers of which one is more than another, from least to most."""

Answers = Mapping[str, Sequence[str]]
"""Values chosen, by part of a question; parts that were skipped are absent."""


@dataclass(frozen=True)
class Option:
    """One possible answer: what is sent, what it is called and what it means, in the current language."""

    value_id: str
    title: str
    means: str


@dataclass(frozen=True)
class Part:
    """One thing that is asked; most questions have one part.

    Attributes
    ----------
    name
        Under which the answer is given.
    title, hint
        The question, and what helps to answer it, in the current language.
    is_many
        Whether several answers may be given.
    weight
        Points that a tool gets for meeting the answer in full.
    reason
        Why it is worth that much.
    options
        Possible answers, in order.
    """

    name: str
    title: str
    hint: str
    is_many: bool
    weight: float
    reason: str
    options: tuple[Option, ...]


@dataclass(frozen=True)
class Question:
    """One question of the wizard, with its parts. Every part may be skipped."""

    question_id: str
    title: str
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Asked:
    """One thing that a decision asks of a tool: a field, the values wanted, and whether each of them counts by itself.

    Attributes
    ----------
    name
        Field of the tool.
    values
        Values wanted.
    is_each
        Whether the share of the values that a tool has counts (`a+b`), or any of them will do (`a|b`).
    is_core
        Whether a tool that has none of them does not serve the decision at all.
    """

    name: str
    values: tuple[str, ...]
    is_each: bool
    is_core: bool


@dataclass(frozen=True)
class Decision:
    """Something that people have to decide or want to know, and what it asks of a tool."""

    decision_id: str
    title: Text
    means: Text
    asked: tuple[Asked, ...]
    words: frozenset[str]


def questions(vocabularies: Vocabularies) -> tuple[Question, ...]:
    """What the wizard asks, in order and in the current language.

    Parameters
    ----------
    vocabularies
        The words that entries are sorted by.

    Returns
    -------
    questions
        Six, of nine parts. `Part.name` is the key of the answer.
    """
    titles = {
        "who": _("Who you are"),
        "where": _("Where you are"),
        "sector": _("What it is about"),
        "what": _("What you must decide"),
        "have": _("What you have"),
        "language": _("Your languages"),
    }
    rows = _question_rows()
    return tuple(
        Question(name, title, tuple(_part(row, vocabularies) for row in rows if row["question"] == name))
        for name, title in titles.items()
    )


@cache
def decisions() -> Mapping[str, Decision]:
    """Decisions by name, in the order in which they are shown.

    Examples
    --------
    >>> [asked.values for asked in decisions()["worth"].asked if asked.is_core]
    [('valuation',), ('economy',)]
    """
    return {
        row["decision"]: Decision(
            row["decision"],
            {"en": row["title"], "zh": row["title_zh"]},
            {"en": row["means"], "zh": row["means_zh"]},
            tuple(_asked(row)),
            frozenset(row["words"].split()),
        )
        for row in _rows("decisions.csv")
    }


def weights() -> dict[str, float]:
    """Points by part of a question.

    Examples
    --------
    >>> weights()["decision"] > weights()["phases"] > weights()["cost"]
    True
    """
    return {row["part"]: float(row["weight"]) for row in _question_rows()}


def parse_answers(given: Mapping[str, str | Sequence[str]], vocabularies: Vocabularies) -> dict[str, tuple[str, ...]]:
    """Answers in one form: known parts only, values in the order of the questions, skipped ones left out.

    Parameters
    ----------
    given
        Value or values by part. Nothing, an empty text or `unknown` skips a part.
    vocabularies
        The words that entries are sorted by.

    Raises
    ------
    InputError
        If a part or a value does not exist, or several are given where one may be; names all, and what is allowed.

    Examples
    --------
    >>> parse_answers({"languages": ["zh", "en"], "time": "unknown"}, {})
    {'languages': ('en', 'zh')}
    """
    parts = {part.name: part for question in questions(vocabularies) for part in question.parts}
    wrong, read = [], {}
    for name, answer in given.items():
        values = [value for value in _listed(answer) if value not in SKIPPED]
        if name not in parts:
            text = _("There is no question {name}; there are {known}.")
            wrong.append(text.format(name=name, known=", ".join(parts)))
            continue
        allowed = [option.value_id for option in parts[name].options]
        strange = [value for value in values if value not in allowed]
        if strange:
            text = _("{name} cannot be {value}; it may be {known}.")
            wrong.append(text.format(name=name, value=", ".join(strange), known=", ".join(allowed)))
        elif len(set(values)) > 1 and not parts[name].is_many:
            text = _("{name} takes one answer, not {count}; it may be {known}.")
            wrong.append(text.format(name=name, count=len(set(values)), known=", ".join(allowed)))
        elif values:
            read[name] = tuple(value for value in allowed if value in values)
    if wrong:
        raise InputError("\n".join(wrong))
    return {name: read[name] for name in parts if name in read}


def option_titles(name: str, vocabularies: Vocabularies) -> dict[str, str]:
    """What the answers to a part are called, in the current language."""
    row = next(row for row in _question_rows() if row["part"] == name)
    return {option.value_id: option.title for option in _options(row, vocabularies)}


def _part(row: Mapping[str, str], vocabularies: Vocabularies) -> Part:
    return Part(
        row["part"],
        pick({"en": row["title"], "zh": row["title_zh"]}),
        pick({"en": row["hint"], "zh": row["hint_zh"]}),
        row["choose"] == "many",
        float(row["weight"]),
        pick({"en": row["reason"], "zh": row["reason_zh"]}),
        tuple(_options(row, vocabularies)),
    )


def _options(row: Mapping[str, str], vocabularies: Vocabularies) -> Iterator[Option]:
    if row["part"] == "languages":
        for code, title in {**LANGUAGES, **PARTLY}.items():
            yield Option(code, title, "")
    elif row["part"] == "decision":
        for decision in decisions().values():
            yield Option(decision.decision_id, pick(decision.title), pick(decision.means))
    else:
        told = _budgets() if row["part"] == "cost" else {}
        for value in vocabularies.get(row["vocabulary"], {}).values():
            if value.value_id != ALL:
                title, means = told.get(value.value_id, (pick(value.title), pick(value.means)))
                yield Option(value.value_id, title, means)


def _budgets() -> dict[str, tuple[str, str]]:
    """What is answered on money: the vocabulary speaks of a tool's price."""
    return {
        "free": (_("Nothing: no budget"), _("Tools that cost money are left out.")),
        "partly": (_("A little"), _("A certificate, a service or data may be paid for.")),
        "paid": (_("A fee or a licence can be paid"), _("Price keeps no tool out.")),
    }


def _asked(row: Mapping[str, str]) -> Iterator[Asked]:
    core = row["core"].split()
    for name in CRITERIA:
        if row[name]:
            is_each = "+" in row[name]
            yield Asked(name, tuple(row[name].split("+" if is_each else "|")), is_each, name in core)


def _listed(answer: str | Iterable[str]) -> list[str]:
    return [answer] if isinstance(answer, str) else list(answer)


@cache
def _question_rows() -> tuple[Mapping[str, str], ...]:
    return _rows("questions.csv")


def _rows(name: str) -> tuple[Mapping[str, str], ...]:
    with (Path(__file__).parent / name).open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))
