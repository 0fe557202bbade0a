"""How well one tool fits the answers of one person: points with their reasons, cautions, and limits that rule it out.

A value that is unknown is never counted as met, and never rules a tool out; a list of themes, dimensions or views of
finance that is empty says "none". Knows one tool at a time; ranking is `navigator`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from babel import Locale

from headwater.catalogue.questions import LADDERS, Answers, Asked, decisions
from headwater.catalogue.records import Record
from headwater.catalogue.shapes import UNKNOWN
from headwater.catalogue.vocabulary import ALL, Vocabularies
from headwater.words import _, language, pick

GENERAL = 0.5
"""Share of the points that a tool gets which is for every sector, or for more than half of all phases, users, themes or
sides of sustainability: it serves, and knows less of any one."""

BREADTHS = ("themes", "dimensions")
"""Marks of a decision that a tool which has most of them meets as a general one."""

ONE_STEP = 0.5
"""Share of the points for skills, time or money when a tool asks one step more than there is."""

ALWAYS_HAD = frozenset({"none", "answers"})
"""Data that anyone has or can gather: their want rules no tool out."""

Degree = Literal["met", "partly", "not", "unknown"]


@dataclass(frozen=True)
class Reason:
    """What one answer says for or against a tool.

    Attributes
    ----------
    part
        Part of the question that was answered.
    degree
        Whether the tool meets it, partly meets it, does not, or whether that is not known.
    words
        The same in words, in the current language.
    points, most
        Points got, and points that could be got.
    """

    part: str
    degree: Degree
    words: str
    points: float
    most: float


@dataclass(frozen=True)
class Caution:
    """Something to know before using a tool.

    Attributes
    ----------
    about
        Part of the question, `licence`, or `avoid_when` for what the tool's entry says itself.
    words
        In the current language.
    basis
        What a statement of the entry rests on; "" for what follows from the answers.
    """

    about: str
    words: str
    basis: str = ""


@dataclass(frozen=True)
class Limit:
    """Why a tool is left out.

    Attributes
    ----------
    part
        Part of the question whose answer rules it out.
    words
        Why, in the current language.
    lift
        The answer to that part that would let it in, where that is something one could have; empty otherwise.
    wanted
        What one would need for it, in words.
    """

    part: str
    words: str
    lift: tuple[str, ...] = ()
    wanted: str = ""


@dataclass(frozen=True)
class Fit:
    """How a tool fits: its points, the reasons for them, cautions, and limits (none if it is fit to be ranked)."""

    record: Record
    points: float
    reasons: tuple[Reason, ...]
    cautions: tuple[Caution, ...]
    limits: tuple[Limit, ...]


@dataclass
class _Sheet:
    """What is noted while a tool is held against the answers."""

    tool: Record
    vocabularies: Vocabularies
    weights: Mapping[str, float]
    reasons: list[Reason] = field(default_factory=list)
    cautions: list[Caution] = field(default_factory=list)
    limits: list[Limit] = field(default_factory=list)

    def titles(self, name: str, values: Collection[str]) -> str:
        """Values of a vocabulary by their titles, in the vocabulary's order."""
        return _(", ").join(self.listed(name, values))

    def listed(self, name: str, values: Collection[str]) -> list[str]:
        """Titles of values, in the vocabulary's order."""
        known = self.vocabularies.get(name, {})
        ordered = [pick(known[value].title) for value in known if value in values]
        return ordered + [value for value in values if value not in known]

    def note(self, part: str, share: float, words: str, *, is_known: bool = True) -> None:
        """Note what an answer brings, as a share of its points."""
        degree: Degree = "unknown" if not is_known else "met" if share >= 1 else "partly" if share > 0 else "not"
        self.reasons.append(Reason(part, degree, words, share * self.weights[part], self.weights[part]))


def fit_of(tool: Record, answers: Answers, *, vocabularies: Vocabularies, weights: Mapping[str, float]) -> Fit:
    """Hold one tool against the answers.

    Parameters
    ----------
    tool
        The tool.
    answers
        Values by part, as `questions.parse_answers` returns them.
    vocabularies
        The words that entries are sorted by.
    weights
        Points by part.

    Returns
    -------
    fit
        Points are the sum of the reasons' points; a part that was not answered brings no reason.
    """
    sheet = _Sheet(tool, vocabularies, weights)
    for part, hold in _HOLD.items():
        if part in answers:
            hold(sheet, answers[part])
    for said in tool.fields.get("avoid_when", ()):
        sheet.cautions.append(Caution("avoid_when", words_of(said), said.get("basis", "")))
    if tool.fields.get("is_open_source") != "yes":
        sheet.cautions.append(_licence(tool))
    points = sum(reason.points for reason in sheet.reasons)
    return Fit(tool, points, tuple(sheet.reasons), tuple(sheet.cautions), tuple(sheet.limits))


def language_names(codes: Sequence[str]) -> str:
    """Names of languages in the current language.

    Examples
    --------
    >>> language_names(["en", "pt"])
    'English, Portuguese'
    """
    known = Locale(language()).languages
    return _(", ").join(str(known.get(code, code)) for code in codes)


def words_of(statement: Mapping[str, Any]) -> str:
    """A statement in the current language, without what it rests on.

    Examples
    --------
    >>> words_of({"en": "To rank roads", "basis": "judgement"})
    'To rank roads'
    """
    return pick({code: words for code, words in statement.items() if code not in {"basis", "tool", "id"}})


# --- one function for each part -----------------------------------------------------------------------------------


def _users(sheet: _Sheet, wanted: Sequence[str]) -> None:
    users = sheet.tool.fields.get("users", ())
    met = [user for user in wanted if user in users]
    if not users:
        sheet.note("users", 0, _("Whom it is for is not known"), is_known=False)
    elif met and _is_broad(sheet, "users"):
        words = _("For most people, you among them: {users}").format(users=sheet.titles("users", met))
        sheet.note("users", GENERAL * len(met) / len(wanted), words)
    elif met:
        sheet.note("users", len(met) / len(wanted), _("Made for you: {users}").format(users=sheet.titles("users", met)))
    else:
        sheet.note("users", 0, _("Made for others: {users}").format(users=sheet.titles("users", users)))


def _phases(sheet: _Sheet, wanted: Sequence[str]) -> None:
    phases = sheet.tool.fields.get("phases", ())
    met = [phase for phase in wanted if phase in phases]
    if not phases:
        sheet.note("phases", 0, _("Its phases are not known"), is_known=False)
    elif met:
        titles, share = sheet.titles("phases", met), len(met) / len(wanted)
        if _is_broad(sheet, "phases"):
            share *= GENERAL
            words = _("For most phases ({count}), yours among them: {phases}").format(count=len(phases), phases=titles)
        else:
            words = _("Made for your phase: {phases}").format(phases=titles)
        sheet.note("phases", share, words)
    else:
        words = _("Not for your phase; it serves {phases}").format(phases=sheet.titles("phases", phases))
        sheet.note("phases", 0, words)
        sheet.limits.append(Limit("phases", words))


def _sectors(sheet: _Sheet, wanted: Sequence[str]) -> None:
    sectors = sheet.tool.fields.get("sectors", ())
    met = [sector for sector in wanted if sector in sectors]
    if not sectors:
        sheet.note("sectors", 0, _("Its sectors are not known"), is_known=False)
    elif ALL in sectors:
        share = (len(met) + GENERAL * (len(wanted) - len(met))) / len(wanted)
        words = _("For every sector, yours among them")
        if met:
            words = _("Made for {sectors}, and for every other").format(sectors=sheet.titles("sectors", met))
        sheet.note("sectors", share, words)
    elif met:
        words = _("Made for your sector: {sectors}").format(sectors=sheet.titles("sectors", met))
        sheet.note("sectors", len(met) / len(wanted), words)
    else:
        words = _("Not for your sector; it serves {sectors}").format(sectors=sheet.titles("sectors", sectors))
        sheet.note("sectors", 0, words)
        sheet.limits.append(Limit("sectors", words))


def _decision(sheet: _Sheet, wanted: Sequence[str]) -> None:
    served, unserved, shares = [], [], []
    for name in wanted:
        asked = decisions()[name].asked
        met = [_share(sheet, one) for one in asked]
        is_served = all(share > 0 for one, share in zip(asked, met, strict=True) if one.is_core)
        shares.append(sum(met) / len(met) if is_served else 0.0)
        if is_served:
            served.append(_served_words(sheet, name, met))
        else:
            unserved.append(_("not for “{decision}”").format(decision=pick(decisions()[name].title)))
    if served:
        sheet.note("decision", sum(shares) / len(wanted), _("; ").join(served + unserved))
        return
    lacking = _("; ").join(_lacking_words(sheet, name) for name in wanted)
    words = _("Not for what you must decide: {lacking}").format(lacking=lacking)
    sheet.note("decision", 0, words)
    sheet.limits.append(Limit("decision", words))


def _data(sheet: _Sheet, wanted: Sequence[str]) -> None:
    needs = sheet.tool.fields.get("data", ())
    lacking = [name for name in needs if name not in wanted and name not in ALWAYS_HAD]
    if not needs:
        sheet.note("data", 0, _("What data it needs is not known"), is_known=False)
        sheet.cautions.append(Caution("data", _("What data it needs is not known")))
    elif lacking:
        titles = sheet.titles("data", lacking)
        words = _("Needs data that you have not: {data}").format(data=titles)
        sheet.note("data", 0, words)
        lift = tuple(dict.fromkeys([*(name for name in wanted if name != "none"), *lacking]))
        sheet.limits.append(Limit("data", words, lift, titles))
    elif set(needs) == {"none"}:
        sheet.note("data", 1, _("Needs no data"))
    elif "answers" in needs and "answers" not in wanted:
        words = _("Answers and documents have to be gathered")
        sheet.note("data", ONE_STEP, words)
        sheet.cautions.append(Caution("data", words))
    else:
        sheet.note("data", 1, _("You have the data: {data}").format(data=sheet.titles("data", needs)))


def _skills(sheet: _Sheet, wanted: Sequence[str]) -> None:
    needs, over = _steps(sheet, "skills", wanted[0])
    if over is None:
        words = _("What skills it needs is not known")
        sheet.note("skills", 0, words, is_known=False)
        sheet.cautions.append(Caution("skills", words))
    elif over <= 0:
        sheet.note("skills", 1, _("Within your skills: {skills}").format(skills=needs))
    else:
        words = _("Asks for more skill than you have: {skills}").format(skills=needs)
        sheet.note("skills", ONE_STEP if over == 1 else 0, words)
        if over == 1:
            sheet.cautions.append(Caution("skills", words))
        else:
            sheet.limits.append(Limit("skills", words, (sheet.tool.fields["skills"],), needs))


def _time(sheet: _Sheet, wanted: Sequence[str]) -> None:
    needs, over = _steps(sheet, "time", wanted[0])
    if over is None:
        words = _("How long it takes is not known")
        sheet.note("time", 0, words, is_known=False)
        sheet.cautions.append(Caution("time", words))
    elif over <= 0:
        sheet.note("time", 1, _("In time: {time}").format(time=needs))
    else:
        words = _("A first result takes {time}").format(time=needs)
        sheet.note("time", ONE_STEP if over == 1 else 0, words)
        sheet.cautions.append(Caution("time", words))


def _cost(sheet: _Sheet, wanted: Sequence[str]) -> None:
    needs, over = _steps(sheet, "cost", wanted[0])
    if over is None:
        sheet.note("cost", 0, _("Cost unknown"), is_known=False)
        sheet.cautions.append(Caution("cost", _("Cost unknown")))
    elif over <= 0:
        sheet.note("cost", 1, _("Within your budget: {cost}").format(cost=needs))
    elif over == 1:
        words = _("May cost more than you can spend: {cost}").format(cost=needs)
        sheet.note("cost", ONE_STEP, words)
        sheet.cautions.append(Caution("cost", words))
    else:
        words = _("Paid, and you have no budget")
        sheet.note("cost", 0, words)
        sheet.limits.append(Limit("cost", words, ("paid",), _("money for a fee or a licence")))


def _languages(sheet: _Sheet, wanted: Sequence[str]) -> None:
    spoken = sheet.tool.fields.get("languages", ())
    met = [code for code in wanted if code in spoken]
    if not spoken:
        sheet.note("languages", 0, _("Its languages are not known"), is_known=False)
    elif met:
        sheet.note("languages", 1, _("In a language you read: {languages}").format(languages=language_names(met)))
    else:
        words = _("Not in a language you read, but in {languages}").format(languages=language_names(spoken))
        sheet.note("languages", 0, words)
        sheet.cautions.append(Caution("languages", words))


_HOLD: Mapping[str, Callable[[_Sheet, Sequence[str]], None]] = {
    "decision": _decision, "phases": _phases, "sectors": _sectors, "users": _users, "data": _data, "skills": _skills,
    "time": _time, "cost": _cost, "languages": _languages,
}  # fmt: skip
"""What holds a tool against each part, in the order in which reasons are told."""


# --- what they share ----------------------------------------------------------------------------------------------


def _steps(sheet: _Sheet, part: str, wanted: str) -> tuple[str, int | None]:
    """What the tool asks, in words, and how many steps above what there is that is; None where it is not known."""
    needs = str(sheet.tool.fields.get(part, UNKNOWN))
    ladder = LADDERS[part]
    if needs not in ladder:
        return "", None
    return sheet.titles(part, [needs]), ladder.index(needs) - ladder.index(wanted)


def _share(sheet: _Sheet, asked: Asked) -> float:
    """How far a tool meets one thing that a decision asks, 0-1."""
    has = _values(sheet.tool, asked.name)
    met = [value for value in asked.values if value in has]
    if asked.is_each or not met:
        return len(met) / len(asked.values)
    return GENERAL if asked.name in BREADTHS and _is_broad(sheet, asked.name) else 1.0


def _is_broad(sheet: _Sheet, name: str) -> bool:
    """Whether a tool has more than half of all values of a vocabulary."""
    return 2 * len(_values(sheet.tool, name)) > len(sheet.vocabularies.get(name, {}))


def _values(tool: Record, name: str) -> Sequence[str]:
    return tuple(tool.fields.get(name, ()))


def _served_words(sheet: _Sheet, name: str, met: Sequence[float]) -> str:
    decision = decisions()[name]
    has = [
        title
        for one, share in zip(decision.asked, met, strict=True)
        if share > 0
        for title in sheet.listed(one.name, [value for value in one.values if value in _values(sheet.tool, one.name)])
    ]
    text = _("For “{decision}”: {has} ({met} of {count} marks)")
    count, full = len(decision.asked), f"{sum(met):.1f}".removesuffix(".0")
    return text.format(decision=pick(decision.title), has=_(", ").join(dict.fromkeys(has)), met=full, count=count)


def _lacking_words(sheet: _Sheet, name: str) -> str:
    decision = decisions()[name]
    lacking = [
        _(" or ").join(sheet.listed(one.name, one.values))
        for one in decision.asked
        if one.is_core and not _share(sheet, one)
    ]
    return _("“{decision}” needs {values}").format(decision=pick(decision.title), values=_(" and ").join(lacking))


def _licence(tool: Record) -> Caution:
    said = tool.fields.get("licence")
    if tool.fields.get("is_open_source") == "no":
        words = _("Not under an open licence")
        return Caution("licence", f"{words}{_(': ')}{said}" if said else words)
    return Caution("licence", _("Whether it is under an open licence is not known"))
