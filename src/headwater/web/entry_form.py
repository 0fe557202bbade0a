"""An entry as a form: fields of its kind as inputs, and what was typed into them as fields again.

Which inputs there are is read off `fields.csv` by the type of each field. Fields that no form offers (the state of the
link, the mark of a translation), other languages and unknown keys stay in the file as they are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup
from starlette.datastructures import FormData

from headwater.catalogue.records import Field, Record, fields_of
from headwater.catalogue.shapes import BASES
from headwater.catalogue.vocabulary import Vocabularies
from headwater.errors import Fault
from headwater.web.languages import _, said
from headwater.words import LANGUAGES

NOT_ASKED = ("checked", "marks", "basis")
"""Types of fields that a form does not offer by themselves."""

COLUMNS = {
    "statements": ("en", "zh", "basis"),
    "criteria": ("id", "en", "zh", "basis"),
    "texts": ("en", "zh"),
    "sources": ("id", "title", "publisher", "url", "year", "read", "read_on"),
}
"""What a row of a field holds, by the type of the field."""

NEXT = ("en", "zh", "tool", "basis")
"""The same for what comes next, which may name a tool."""

LONG = ("summary", "outcome")
WITHOUT_BASIS = frozenset({"title", "short", "also", "url", "sources", "number"})
"""Fields that say what the entry is called and where it is: nothing is claimed."""

MAY_BE_EMPTY = frozenset({"themes", "organisations", "principles", "tools", "countries"})
"""Fields of which an entry may say that there is nothing."""

MOST_ROWS = 120
BLANK_ROWS = 1
_SPACES = re.compile(r"\s+")


@dataclass(frozen=True)
class Ask:
    """One field of a form.

    Attributes
    ----------
    name, label, is_needed
        The field, what it is in words, and whether every entry of the kind has it.
    widget
        `line`, `text`, `long`, `words`, `choices`, `choice`, `names`, `codes` or `rows`.
    value
        What it says: text, texts by language, or chosen identifiers.
    options
        Values to choose from, with their titles and meanings.
    columns, rows
        Of repeated parts; each row holds what it says by column, and what no column shows.
    basis
        What the field rests on; None where a form does not ask.
    names
        Kind of the entries whose names it takes.
    faults
        What is wrong with it.
    """

    name: str
    label: Markup
    is_needed: bool
    widget: str
    value: Any = ""
    options: Sequence[tuple[str, Markup, Markup]] = ()
    columns: Sequence[str] = ()
    rows: Sequence[Mapping[str, str]] = ()
    basis: str | None = None
    names: str = ""
    faults: Sequence[Fault] = field(default_factory=list)


def fits_form(kind: str, raw: Mapping[str, Any]) -> bool:
    """Whether a form can show every field of a file; one that it cannot show would be lost.

    Examples
    --------
    >>> fits_form("term", {"title": {"en": "Water"}}), fits_form("term", {"title": ["Water"]})
    (True, False)
    """
    return all(_fits(declared.type, raw[name]) for name, declared in fields_of(kind).items() if name in raw)


def asked(
    kind: str,
    raw: Mapping[str, Any],
    vocabularies: Vocabularies,
    *,
    principles: Sequence[Record] = (),
    faults: Sequence[Fault] = (),
    more: str = "",
) -> list[Ask]:
    """Fields of the form of an entry, filled in.

    Parameters
    ----------
    kind, raw
        Kind of the entry, and its fields.
    vocabularies
        What fields may take.
    principles
        The principles, which are few enough to be ticked.
    faults
        What is wrong with it.
    more
        Field that is to have more empty rows.
    """
    bases = raw.get("basis") or {}
    made = []
    for name, declared in fields_of(kind).items():
        if declared.type in NOT_ASKED:
            continue
        wrong = [fault for fault in faults if fault.column == name]
        basis = str(bases.get(name, "")) if _has_basis(declared) else None
        made.append(
            _ask(declared, raw.get(name), vocabularies, principles, 3 if name == more else BLANK_ROWS, wrong, basis)
        )
    return made


def typed(kind: str, form: FormData, before: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """What was typed into a form: fields that differ from those before, None for one that is empty now; and the text.

    Parameters
    ----------
    kind
        Kind of the entry.
    form
        What was sent.
    before
        Fields of the file that the form showed.
    """
    given = _grouped(form)
    changes: dict[str, Any] = {}
    for name, declared in fields_of(kind).items():
        if declared.type in NOT_ASKED:
            continue
        value = _typed(declared, name, form, given)
        if _even(value) != _even(before.get(name)) or (value == [] and name not in before):
            changes[name] = value
    bases = dict(before.get("basis") or {})
    for name, declared in fields_of(kind).items():
        if _has_basis(declared) and f"b.{name}" in form:
            rests_on = _line(form.get(f"b.{name}"))
            bases.pop(name, None)
            if rests_on:
                bases[name] = rests_on
    if bases != dict(before.get("basis") or {}):
        changes["basis"] = bases or None
    if "checked" not in before or "url" in changes:
        changes["checked"] = "unknown"
    body = {code: _text(form.get(f"body.{code}")) for code in LANGUAGES}
    return changes, {code: said_ for code, said_ in body.items() if said_}


def basis_options(raw: Mapping[str, Any]) -> list[str]:
    """What a statement may rest on: sources of the entry by id, a judgement, nothing yet."""
    sources = raw.get("sources")
    ids = [str(s.get("id") or "") for s in sources if isinstance(s, Mapping)] if isinstance(sources, list) else []
    return [*(name for name in ids if name), *BASES]


def _ask(
    declared: Field,
    value: Any,
    vocabularies: Vocabularies,
    principles: Sequence[Record],
    blanks: int,
    faults: Sequence[Fault],
    basis: str | None,
) -> Ask:
    type_, name = declared.type, declared.name
    label = said(declared.description)
    widget, names = "line", ""
    options: list[tuple[str, Markup, Markup]] = []
    columns: tuple[str, ...] = ()
    rows: list[Mapping[str, str]] = []
    if type_ == "text":
        widget, value = ("long" if name in LONG else "text"), dict(value or {})
    elif type_ == "words":
        widget, value = "words", {code: "\n".join(items) for code, items in (value or {}).items()}
    elif type_ == "values":
        widget, options, value = "choices", _options(vocabularies, declared.vocabulary), list(value or [])
    elif type_ == "value":
        widget, value = "choice", str(value or "")
        options = [*_options(vocabularies, declared.vocabulary), ("unknown", _("unknown"), Markup(""))]
    elif type_ == "yes_no":
        widget, value = "choice", str(value or "")
        options = [
            (i, words, Markup("")) for i, words in (("yes", _("yes")), ("no", _("no")), ("unknown", _("unknown")))
        ]
    elif type_ == "ids" and declared.vocabulary == "principle":
        widget, value = "choices", list(value or [])
        options = [(r.record_id, said(r.title), Markup("")) for r in principles]
        options += [(i, Markup.escape(i), Markup("")) for i in value if i not in {r.record_id for r in principles}]
    elif type_ == "ids":
        widget, value, names = "names", [*(value or []), *[""] * (blanks + 1)], declared.vocabulary
    elif type_ in {"languages", "countries"}:
        widget, value = "codes", ", ".join(value or [])
    elif type_ in COLUMNS:
        widget, columns = "rows", _columns(declared)
        rows = [*(value or []), *[{}] * blanks]
        value = ""
    else:
        value = str(value or "")
    return Ask(name, label, declared.is_needed, widget, value, options, columns, rows, basis, names, faults)


def _columns(declared: Field) -> tuple[str, ...]:
    return NEXT if (declared.kind, declared.name) == ("tool", "next") else COLUMNS[declared.type]


def _options(vocabularies: Vocabularies, name: str) -> list[tuple[str, Markup, Markup]]:
    return [(value.value_id, said(value.title), said(value.means)) for value in vocabularies.get(name, {}).values()]


def _has_basis(declared: Field) -> bool:
    return declared.type not in (*COLUMNS, *NOT_ASKED) and declared.name not in WITHOUT_BASIS


def _typed(declared: Field, name: str, form: FormData, given: Mapping[str, Mapping[int, Mapping[str, str]]]) -> Any:
    type_ = declared.type
    if type_ == "text":
        texts = {key.split(".")[2]: _line(value) for key, value in form.multi_items() if key.startswith(f"f.{name}.")}
        return {code: words for code, words in texts.items() if words} or None
    if type_ == "words":
        listed = {code: _text(form.get(f"f.{name}.{code}")).split("\n") for code in LANGUAGES}
        cleaned = {code: [item.strip() for item in items if item.strip()] for code, items in listed.items()}
        return {code: items for code, items in cleaned.items() if items} or None
    if type_ in {"values", "ids"}:
        chosen = list(dict.fromkeys(_line(value) for value in form.getlist(f"f.{name}") if _line(value)))
        return chosen or ([] if declared.is_needed and name in MAY_BE_EMPTY else None)
    if type_ in {"languages", "countries"}:
        codes = [code for code in re.split(r"[\s,;，、；]+", _line(form.get(f"f.{name}"))) if code]
        return codes or ([] if declared.is_needed and name in MAY_BE_EMPTY else None)
    if type_ in COLUMNS:
        order = _columns(declared)
        rows = []
        for _number, row in sorted(given.get(name, {}).items())[:MOST_ROWS]:
            said_ = {column: row[column] for column in (*order, *sorted(set(row) - set(order))) if row.get(column)}
            if said_:
                rows.append(said_)
        return rows or None
    return _line(form.get(f"f.{name}")) or None


def _grouped(form: FormData) -> dict[str, dict[int, dict[str, str]]]:
    """Repeated parts of a form: by field, number of the row and column."""
    found: dict[str, dict[int, dict[str, str]]] = {}
    for key, value in form.multi_items():
        parts = key.split(".")
        if len(parts) == 4 and parts[0] == "f" and parts[2].isascii() and parts[2].isdigit() and len(parts[2]) < 5:
            found.setdefault(parts[1], {}).setdefault(int(parts[2]), {})[parts[3]] = _line(value)
    return found


def _line(value: Any) -> str:
    return _SPACES.sub(" ", value).strip() if isinstance(value, str) else ""


def _text(value: Any) -> str:
    return value.replace("\r\n", "\n").strip() if isinstance(value, str) else ""


def _even(value: Any) -> Any:
    """A value with its spaces evened out, to tell whether anything was changed; no value is an empty one."""
    if isinstance(value, str):
        return _line(value) or None
    if isinstance(value, Mapping):
        return {name: even for name, item in value.items() if (even := _even(item))} or None
    if isinstance(value, list):
        return [_even(item) for item in value] or None
    return value


def _fits(type_: str, value: Any) -> bool:
    if value in (None, ""):
        return True
    if type_ in {"text", "checked", "marks", "basis"}:
        return (type_ == "checked" and isinstance(value, str)) or _is_row(value)
    if type_ == "words":
        return isinstance(value, Mapping) and all(_is_list(items) for items in value.values())
    if type_ in COLUMNS:
        return isinstance(value, list) and len(value) <= MOST_ROWS and all(_is_row(item) for item in value)
    if type_ in {"ids", "values", "languages", "countries"}:
        return _is_list(value)
    return isinstance(value, str)


def _is_row(value: Any) -> bool:
    """A mapping of texts whose keys can be parts of a name of an input."""
    return isinstance(value, Mapping) and all(isinstance(v, str) and re.fullmatch(r"\w+", k) for k, v in value.items())


def _is_list(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)
