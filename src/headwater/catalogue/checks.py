"""What is wrong with the catalogue as a whole, and what a keeper of it should look at.

*Faults* must be mended: a relation to nothing, a term wider than another that does not know it, a name used twice.
*Notices* tell how far one can rely on it: translations that are missing or stale, links never checked or dead,
statements that nobody has confirmed, entries that may be the same.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from headwater.catalogue.graph import FIELD_RELATIONS, links_of
from headwater.catalogue.records import FOLDERS, Record, stale, untranslated
from headwater.catalogue.shapes import JUDGEMENT, UNVERIFIED
from headwater.errors import Fault
from headwater.words import _

MUTUAL = {"broader": "narrower", "narrower": "broader", "related": "related"}
"""Relations of terms that both ends must state."""


_FIELDS = {(kind, relation): name for (kind, name), (_other, relation, _forward) in FIELD_RELATIONS.items()}


@dataclass(frozen=True)
class Notice:
    """Something a keeper of the catalogue should know: about which entry, of what kind, in words."""

    key: str
    topic: str
    words: str


def file_of(record: Record) -> str:
    """File of an entry within the content.

    Examples
    --------
    >>> file_of(Record("term", "hazard", {}))
    'glossary/hazard.md'
    """
    return f"{FOLDERS[record.kind]}/{record.record_id}.md"


def catalogue_faults(records: Mapping[str, Record]) -> list[Fault]:
    """Everything wrong between entries."""
    return [*_loose_ends(records), *_one_sided(records), *_same_name(records), *_wrong_numbers(records)]


def notices(records: Mapping[str, Record]) -> list[Notice]:
    """What a keeper of the catalogue should look at, entry by entry."""
    found = [notice for record in records.values() for notice in _about(record)]
    return found + list(_same_address(records.values()))


def _about(record: Record) -> Iterator[Notice]:
    lacking = untranslated(record)
    for code, names in lacking.items():
        words = _("not translated into {language}: {fields}").format(language=code, fields=", ".join(names))
        yield Notice(record.key, "missing", words)
    for code in stale(record):
        if code not in lacking and code in record.fields.get("translated", {}):
            yield Notice(record.key, "stale", _("{language} was made from another English text").format(language=code))
        elif code not in lacking:
            words = _("nobody has said that {language} says what the English says: headwater hub stamp {key}")
            yield Notice(record.key, "unmarked", words.format(language=code, key=record.key))
    state = record.fields.get("checked", {}).get("state", "unknown")
    if state in {"dead", "moved"}:
        yield Notice(record.key, state, _("the link is {state}: {url}").format(state=state, url=record.url or ""))
    unconfirmed = sum(rests_on == UNVERIFIED for rests_on in _bases(record))
    if unconfirmed:
        yield Notice(
            record.key, "unverified", _("statements that nobody has confirmed: {count}").format(count=unconfirmed)
        )


def _bases(record: Record) -> Iterator[str]:
    yield from record.fields.get("basis", {}).values()
    for value in record.fields.values():
        for item in value if isinstance(value, list) else []:
            if isinstance(item, Mapping) and "basis" in item:
                yield str(item["basis"])


def figures_by_judgement(record: Record) -> list[str]:
    """Statements with a figure in them that rest on a judgement: a reader could not check the figure."""
    return [
        f"{name}: {item['en']}"
        for name, value in record.fields.items()
        for item in (value if isinstance(value, list) else [])
        if isinstance(item, Mapping) and item.get("basis") == JUDGEMENT and _has_figure(str(item.get("en", "")))
    ]


def _has_figure(words: str) -> bool:
    return any(
        part.strip(".,;:()%").replace(",", "").replace(".", "").isdigit() and len(part) > 2 for part in words.split()
    )


def _loose_ends(records: Mapping[str, Record]) -> Iterator[Fault]:
    for record in records.values():
        for link in links_of(record):
            for end in (link.source, link.target):
                if end not in records:
                    kind, _slash, name = end.partition("/")
                    near = get_close_matches(name, [r.record_id for r in records.values() if r.kind == kind], n=2)
                    remedy = (
                        _("did you mean {names}?").format(names=", ".join(near))
                        if near
                        else _("add {file}, or take the relation out").format(file=f"{FOLDERS[kind]}/{name}.md")
                    )
                    problem = _("there is no such {kind}").format(kind=kind)
                    yield Fault(file_of(record), None, _FIELDS[record.kind, link.relation], name, problem, remedy)


def _one_sided(records: Mapping[str, Record]) -> Iterator[Fault]:
    for record in records.values():
        for name, inverse in MUTUAL.items() if record.kind == "term" else ():
            for other_id in record.fields.get(name, ()):
                other = records.get(f"term/{other_id}")
                if other is not None and record.record_id not in other.fields.get(inverse, ()):
                    problem = _("the other term does not say so")
                    remedy = _("add {name} to {field} of {file}").format(
                        name=record.record_id, field=inverse, file=file_of(other)
                    )
                    yield Fault(file_of(record), None, name, other_id, problem, remedy)


def _same_name(records: Mapping[str, Record]) -> Iterator[Fault]:
    named: defaultdict[tuple[str, str, str], list[Record]] = defaultdict(list)
    for record in records.values():
        for code, title in record.title.items():
            named[record.kind, code, title.casefold()].append(record)
    for (_kind, _code, title), same in named.items():
        for record in same[1:]:
            problem = _("is the title of {file} too").format(file=file_of(same[0]))
            yield Fault(file_of(record), None, "title", title, problem, _("keep one entry, or tell their names apart"))


def _wrong_numbers(records: Mapping[str, Record]) -> Iterator[Fault]:
    numbered: defaultdict[int, list[Record]] = defaultdict(list)
    for record in records.values():
        if "number" in record.fields:
            numbered[record.fields["number"]].append(record)
    for number, same in numbered.items():
        for record in same[1:]:
            problem = _("is the number of {file} too").format(file=file_of(same[0]))
            yield Fault(
                file_of(record), None, "number", str(number), problem, _("give each principle a number of its own")
            )


def _same_address(records: Iterable[Record]) -> Iterator[Notice]:
    at: defaultdict[tuple[str, str], list[Record]] = defaultdict(list)
    for record in records:
        if record.url and record.kind == "tool":
            at[record.kind, record.url.rstrip("/").casefold()].append(record)
    for same in at.values():
        for record in same[1:]:
            words = _("has the same address as {key}: is it the same?").format(key=same[0].key)
            yield Notice(record.key, "duplicate", words)
