"""The words that entries are sorted by: types, sectors, phases of the life cycle, themes and the rest.

Each has a name and a meaning in every language and says what the division rests on. The words themselves are content
(`vocabularies.yaml`), not code.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from headwater.errors import Fault
from headwater.words import _

Text = Mapping[str, str]
"""A text in several languages, by ISO 639-1 code."""

ALL = "all"
"""Value of `sectors` that stands for every one of them."""


@dataclass(frozen=True)
class Value:
    """One word of a vocabulary.

    Attributes
    ----------
    value_id
        What entries write.
    title, means
        Its name and its meaning.
    basis
        Id of the vocabularies' source that it is taken from, or `judgement`.
    upstream
        Of a phase: whether it comes before what is built, and where, has been settled. None for other vocabularies.
    """

    value_id: str
    title: Text
    means: Text
    basis: str
    upstream: bool | None = None


Vocabularies = Mapping[str, Mapping[str, Value]]
"""Values by id, by vocabulary, in the order in which they are shown."""


@dataclass(frozen=True)
class Words:
    """Everything `vocabularies.yaml` holds."""

    vocabularies: Vocabularies
    sources: Sequence[Mapping[str, Any]]


def parse_words(raw: Mapping[str, Any], *, file: str) -> tuple[Words, list[Fault]]:
    """Vocabularies from what the YAML file holds, and what is wrong with them.

    Parameters
    ----------
    raw
        Mappings, lists and strings, as read.
    file
        What to call it in messages.
    """
    found: list[Fault] = []
    sources = [dict(source) for source in raw.get("sources", []) if isinstance(source, Mapping)]
    known = {str(source.get("id")) for source in sources} | {"judgement"}
    vocabularies: dict[str, dict[str, Value]] = {}
    for name, values in raw.items():
        if name == "sources":
            continue
        vocabularies[name] = {}
        for value_id, given in (values if isinstance(values, Mapping) else {}).items():
            missing = _missing(given)
            if missing:
                found.append(_fault(file, name, value_id, _("lacks {what}").format(what=", ".join(missing))))
                continue
            strange = sorted(set(given) - {"title", "en", "zh", "means", "basis", "upstream"})
            if strange:
                found.append(
                    _fault(
                        file,
                        name,
                        value_id,
                        _("holds {what}: quote a text with a comma").format(what=", ".join(strange)),
                    )
                )
            if given["basis"] not in known:
                found.append(_fault(file, name, value_id, _("basis is not a source of the file")))
            upstream = {"yes": True, "no": False}.get(given.get("upstream", ""))
            vocabularies[name][value_id] = Value(value_id, given["title"], given["means"], given["basis"], upstream)
    return Words(vocabularies, sources), found


def _missing(given: object) -> list[str]:
    """What a value lacks; its name may be written `title: {…}` or, shorter, beside its meaning."""
    if not isinstance(given, dict):
        return ["en", "zh", "means"]
    given.setdefault("title", {code: given[code] for code in ("en", "zh") if code in given})
    given.setdefault("basis", "")
    titles, means = given["title"], given.get("means")
    lacking = [code for code in ("en", "zh") if not titles.get(code)]
    return lacking + ([] if isinstance(means, dict) and means.get("en") and means.get("zh") else ["means"])


def _fault(file: str, name: str, value_id: str, problem: str) -> Fault:
    return Fault(file, None, f"{name}.{value_id}", "", problem, _("write it as the other values are written"))
