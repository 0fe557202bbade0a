"""Harvesting of the hub by other catalogues: the Open Archives protocol, version 2.0, in Dublin Core.

Answers a request, given as pairs of names and values, with XML. What is wrong with a request is answered in the
protocol's own words, never raised.

Source
------
Open Archives Initiative Protocol for Metadata Harvesting, version 2.0. http://www.openarchives.org/OAI/openarchivesprotocol.html
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from headwater.catalogue.linked import address
from headwater.catalogue.records import FOLDERS, KINDS, Record

OAI = "http://www.openarchives.org/OAI/2.0/"
DC = "http://purl.org/dc/elements/1.1/"
OAI_DC = "http://www.openarchives.org/OAI/2.0/oai_dc/"
SCHEMAS = "http://www.w3.org/2001/XMLSchema-instance"
DC_SCHEMA = "http://www.openarchives.org/OAI/2.0/oai_dc.xsd"
PAGE = 100
"""Entries in one answer; the rest follow by resumption token."""

ARGUMENTS = {
    "Identify": ((), ()),
    "ListMetadataFormats": ((), ("identifier",)),
    "ListSets": ((), ("resumptionToken",)),
    "ListIdentifiers": (("metadataPrefix",), ("from", "until", "set", "resumptionToken")),
    "ListRecords": (("metadataPrefix",), ("from", "until", "set", "resumptionToken")),
    "GetRecord": (("identifier", "metadataPrefix"), ()),
}
"""Arguments of each verb: those it needs, and those it may have."""

for _prefix, _space in (("", OAI), ("dc", DC), ("oai_dc", OAI_DC), ("xsi", SCHEMAS)):
    ET.register_namespace(_prefix, _space)


@dataclass(frozen=True)
class Repository:
    """What is harvested: entries by key, the day each was last reviewed, and where the hub is.

    Attributes
    ----------
    records
        Entries by key.
    reviewed_on
        Day of each entry, YYYY-MM-DD, by key.
    base
        Address of the hub, without a slash at its end.
    email
        Of whoever keeps the hub.
    name
        Of the hub.
    """

    records: Mapping[str, Record]
    reviewed_on: Mapping[str, str]
    base: str
    email: str
    name: str

    def identifier(self, record: Record) -> str:
        """Identifier of an entry in the protocol."""
        return f"oai:headwater:{record.key}"


class _Refused(Exception):
    """A request that the protocol answers with an error."""

    def __init__(self, code: str, words: str) -> None:
        super().__init__(words)
        self.code = code


def answer(pairs: Sequence[tuple[str, str]], repository: Repository, *, now: str) -> str:
    """The answer to a request, as XML.

    Parameters
    ----------
    pairs
        Names and values of the request, as given.
    repository
        What is harvested.
    now
        The moment of the answer, UTC, YYYY-MM-DDThh:mm:ssZ.
    """
    root = ET.Element(f"{{{OAI}}}OAI-PMH")
    root.set(f"{{{SCHEMAS}}}schemaLocation", f"{OAI} http://www.openarchives.org/OAI/2.0/OAI-PMH.xsd")
    _add(root, "responseDate", now)
    request = _add(root, "request", f"{repository.base}/oai")
    try:
        asked = _checked(pairs)
        for name, value in asked.items():
            request.set(name, _plain(value))
        root.append(_VERBS[asked["verb"]](asked, repository))
    except _Refused as refused:
        if refused.code in {"badVerb", "badArgument"}:
            request.attrib.clear()
        _add(root, "error", str(refused)).set("code", refused.code)
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode")


def _checked(pairs: Sequence[tuple[str, str]]) -> dict[str, str]:
    asked = dict(pairs)
    verb = asked.get("verb", "")
    if verb not in ARGUMENTS or sum(name == "verb" for name, _value in pairs) > 1:
        raise _Refused("badVerb", "The verb is missing, unknown or repeated")
    if len(asked) < len(pairs):
        raise _Refused("badArgument", "An argument is repeated")
    needed, allowed = ARGUMENTS[verb]
    given = set(asked) - {"verb"}
    if "resumptionToken" in given and "resumptionToken" in allowed:
        if given != {"resumptionToken"}:
            raise _Refused("badArgument", "resumptionToken stands alone")
        return asked
    if not set(needed) <= given or not given <= {*needed, *allowed}:
        raise _Refused(
            "badArgument",
            f"{verb} needs {', '.join(needed) or 'nothing'} and may have {', '.join(allowed) or 'nothing'}",
        )
    return asked


def _identify(_asked: Mapping[str, str], repository: Repository) -> ET.Element:
    part = ET.Element(f"{{{OAI}}}Identify")
    first = min(repository.reviewed_on.values(), default="2026-01-01")
    for name, said in (
        ("repositoryName", repository.name), ("baseURL", f"{repository.base}/oai"), ("protocolVersion", "2.0"),
        ("adminEmail", repository.email), ("earliestDatestamp", first),
        ("deletedRecord", "no"), ("granularity", "YYYY-MM-DD"),
    ):  # fmt: skip
        _add(part, name, said)
    return part


def _formats(asked: Mapping[str, str], repository: Repository) -> ET.Element:
    if "identifier" in asked:
        _found(asked["identifier"], repository)
    part = ET.Element(f"{{{OAI}}}ListMetadataFormats")
    format_ = _add(part, "metadataFormat", "")
    for name, said in (("metadataPrefix", "oai_dc"), ("schema", DC_SCHEMA), ("metadataNamespace", OAI_DC)):
        _add(format_, name, said)
    return part


def _sets(asked: Mapping[str, str], _repository: Repository) -> ET.Element:
    if "resumptionToken" in asked:
        raise _Refused("badResumptionToken", "All sets are in the first answer")
    part = ET.Element(f"{{{OAI}}}ListSets")
    for kind in KINDS:
        of_kind = _add(part, "set", "")
        _add(of_kind, "setSpec", kind)
        _add(of_kind, "setName", FOLDERS[kind])
    return part


def _record(asked: Mapping[str, str], repository: Repository) -> ET.Element:
    _check_prefix(asked["metadataPrefix"])
    part = ET.Element(f"{{{OAI}}}GetRecord")
    part.append(_whole(_found(asked["identifier"], repository), repository))
    return part


def _list(asked: Mapping[str, str], repository: Repository) -> ET.Element:
    start, choice = _resumed(asked)
    _check_prefix(choice["metadataPrefix"])
    chosen = _chosen(choice, repository)
    if not chosen:
        raise _Refused("noRecordsMatch", "No entry fits")
    if start >= len(chosen):
        raise _Refused("badResumptionToken", "The token leads beyond the last entry")
    part = ET.Element(f"{{{OAI}}}{asked['verb']}")
    for record in chosen[start : start + PAGE]:
        part.append(_whole(record, repository) if asked["verb"] == "ListRecords" else _header(record, repository))
    if len(chosen) > PAGE:
        after = start + PAGE
        token = _add(part, "resumptionToken", _token(after, choice) if after < len(chosen) else "")
        token.set("completeListSize", str(len(chosen)))
        token.set("cursor", str(start))
    return part


_VERBS = {
    "Identify": _identify, "ListMetadataFormats": _formats, "ListSets": _sets, "GetRecord": _record,
    "ListIdentifiers": _list, "ListRecords": _list,
}  # fmt: skip


def _token(start: int, choice: Mapping[str, str]) -> str:
    """Where to go on and with which choice; everything is in the token, nothing is kept."""
    return "|".join([str(start), *(choice.get(name, "") for name in ("metadataPrefix", "from", "until", "set"))])


def _resumed(asked: Mapping[str, str]) -> tuple[int, dict[str, str]]:
    if "resumptionToken" not in asked:
        return 0, dict(asked)
    parts = asked["resumptionToken"].split("|")
    if len(parts) != 5 or not re.fullmatch(r"[0-9]{1,9}", parts[0]):
        raise _Refused("badResumptionToken", "The token is not one of ours")
    choice = dict(zip(("metadataPrefix", "from", "until", "set"), parts[1:], strict=True))
    return int(parts[0]), {name: said for name, said in choice.items() if said or name == "metadataPrefix"}


def _chosen(choice: Mapping[str, str], repository: Repository) -> list[Record]:
    first, last = (_day(choice.get(name)) for name in ("from", "until"))
    if first and last and first > last:
        raise _Refused("badArgument", "from is later than until")
    if choice.get("set") and choice["set"] not in KINDS:
        raise _Refused("noRecordsMatch", "There is no such set")
    return [
        record
        for key, record in sorted(repository.records.items())
        if choice.get("set") in {None, record.kind}
        and (not first or repository.reviewed_on[key] >= first)
        and (not last or repository.reviewed_on[key] <= last)
    ]


def _day(given: str | None) -> str | None:
    if given is None:
        return None
    try:
        if len(given) != 10:
            raise ValueError(given)
        return date.fromisoformat(given).isoformat()
    except ValueError as error:
        raise _Refused("badArgument", "Dates are written YYYY-MM-DD") from error


def _check_prefix(prefix: str) -> None:
    if prefix != "oai_dc":
        raise _Refused("cannotDisseminateFormat", "Entries are given as oai_dc")


def _found(identifier: str, repository: Repository) -> Record:
    key = identifier.removeprefix("oai:headwater:")
    if not identifier.startswith("oai:headwater:") or key not in repository.records:
        raise _Refused("idDoesNotExist", "There is no such entry")
    return repository.records[key]


def _header(record: Record, repository: Repository) -> ET.Element:
    header = ET.Element(f"{{{OAI}}}header")
    _add(header, "identifier", repository.identifier(record))
    _add(header, "datestamp", repository.reviewed_on[record.key])
    _add(header, "setSpec", record.kind)
    return header


def _whole(record: Record, repository: Repository) -> ET.Element:
    part = ET.Element(f"{{{OAI}}}record")
    part.append(_header(record, repository))
    metadata = _add(part, "metadata", "")
    core = ET.SubElement(metadata, f"{{{OAI_DC}}}dc")
    core.set(f"{{{SCHEMAS}}}schemaLocation", f"{OAI_DC} {DC_SCHEMA}")
    for name, said, language in _dublin_core(record, repository):
        element = ET.SubElement(core, f"{{{DC}}}{name}")
        element.text = _plain(said)
        if language:
            element.set("{http://www.w3.org/XML/1998/namespace}lang", language)
    return part


def _dublin_core(record: Record, repository: Repository) -> list[tuple[str, str, str]]:
    rows = [("title", said, code) for code, said in record.title.items()]
    named = (repository.records.get(f"organisation/{name}") for name in record.fields.get("organisations", ()))
    rows += [("creator", found.title["en"], "en") for found in named if found]
    rows += [
        ("subject", value, "") for name in ("sectors", "phases", "themes") for value in record.fields.get(name, ())
    ]
    rows += [("description", said, code) for code, said in record.summary.items()]
    rows += [("publisher", repository.name, "")]
    if isinstance(record.fields.get("developed"), int):
        rows += [("date", str(record.fields["developed"]), "")]
    rows += [("type", record.kind, "")]
    rows += [("identifier", address(record, repository.base), "")]
    rows += [("identifier", record.url, "")] if record.url else []
    rows += [("source", str(source.get("url") or source["title"]), "") for source in record.sources]
    return rows + [("language", code, "") for code in record.fields.get("languages", ())]


def _add(parent: ET.Element, name: str, said: str) -> ET.Element:
    child = ET.SubElement(parent, f"{{{OAI}}}{name}")
    child.text = _plain(said) or None
    return child


def _plain(words: str) -> str:
    """Text without characters that XML cannot hold."""
    return re.sub("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "", words)
