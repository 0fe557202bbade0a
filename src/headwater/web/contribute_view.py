"""What pages of contribution show of a draft: what it is called, how it stands, and how its page will look."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from markupsafe import Markup

from headwater import contribution
from headwater.catalogue import cite
from headwater.catalogue.records import FOLDERS, Record
from headwater.contribution import Draft
from headwater.store.entry_text import read_text
from headwater.web import languages
from headwater.web.languages import _, said
from headwater.web.pages_entries import BLOCKS, checked_words, facts, heading, other_names, reading, related
from headwater.web.pages_front import kind_name, kind_title
from headwater.web.pages_search import meta_of
from headwater.web.visits import Visit, base_of, entry_link, link
from headwater.words import language

LACKING = "—"


def state_words(state: str) -> Markup:
    """How a draft stands, in words."""
    return {
        "draft": _("draft"),
        "submitted": _("waits for review"),
        "returned": _("returned with reasons"),
        "published": _("published"),
        "withdrawn": _("withdrawn"),
    }[state]


def title_of(visit: Visit, draft: Draft) -> Markup:
    """What the entry of a draft is called, by the draft itself; its name where it says nothing."""
    entry = read_text(draft.text, draft.place)
    title = entry.raw.get("title") if entry is not None else None
    if isinstance(title, Mapping):
        words = {code: str(text) for code, text in title.items() if code in languages.KNOWN and str(text).strip()}
        if words:
            return said(words)
    known = visit.library.records.get(f"{draft.kind}/{draft.record_id}")
    return said(known.title) if known is not None else Markup.escape(draft.record_id)


def preview_context(visit: Visit, record: Record) -> dict[str, Any]:
    """What the page of an entry shows, for an entry that is not published and may have faults."""
    whole = _mended(record)
    found = contribution.previewed(visit.library, whole)
    kind = whole.kind
    base = base_of(visit.request)
    tools = {r.record_id: r for r in visit.library.records.values() if r.kind == "tool"} if kind == "tool" else {}
    reference = cite.citation(whole, visit.library.records, language=language(), address=None)
    return {
        "record": whole,
        "kind": kind,
        "kind_words": kind_name(kind),
        "trail": [(_("Contribute"), link("contribute/")), (kind_title(kind), link(FOLDERS[kind])), (_("Preview"), "")],
        "numbers": {source["id"]: number for number, source in enumerate(whole.sources, start=1)},
        "also": other_names(whole),
        "facts": facts(visit, whole),
        "use_when": whole.fields.get("use_when", []),
        "avoid_when": whole.fields.get("avoid_when", []),
        "blocks": [(name, heading(kind, name), whole.fields[name]) for name in BLOCKS[kind] if whole.fields.get(name)],
        "tools": tools,
        "links": related(found),
        "similar": found.similar,
        "meta": partial(meta_of, visit),
        "reading": reading,
        "checked": checked_words(whole),
        "bibtex": cite.written(reference, "bibtex"),
        "cited": [],
        "permalink": f"{base}{entry_link(whole)}",
        "reviewed": "",
    }


def _mended(record: Record) -> Record:
    """The entry with a dash where it lacks what every page shows, so that a draft with faults can be looked at."""
    fields = dict(record.fields)
    for name in ("title", "summary"):
        fields[name] = fields.get(name) or {"en": LACKING}
    fields["sources"] = [
        {"id": f"#{number}", "title": LACKING, "publisher": LACKING, **source}
        for number, source in enumerate(fields.get("sources", []))
    ]
    return Record(record.kind, record.record_id, fields)
