"""The map of a study: a drawing and a list first, then layers as GeoJSON; and one place: what, from what, why."""

from __future__ import annotations

import gzip
import hashlib

from markupsafe import Markup
from starlette.responses import Response

from headwater.errors import NotFound
from headwater.reading import Reading
from headwater.study_views import places, sketches
from headwater.study_views.detail import detail
from headwater.study_views.places import MapLayer
from headwater.study_views.points import POINT
from headwater.study_views.state import kept
from headwater.web.delivery import SECURITY
from headwater.web.languages import _
from headwater.web.study_visits import StudyVisit, opened, render_study
from headwater.web.visits import Visit
from headwater.words import language

WORKER = "worker-src blob:; child-src blob:; "
"""What the map's own page may do beyond other pages: draw in a worker of its own."""


def study_map(visit: Visit) -> Response:
    """The map, one layer at a time."""
    study = opened(visit)
    reading = study.reading
    known = [] if reading.faults else places.layers(reading)
    if not known:
        return render_study(study, "study_map.html", title=_("Map"), section="map", chapter="map", layers=[])
    layer = chosen_layer(study, visit.value("layer"), known)
    if layer not in known:
        known.append(layer)
    groups: dict[str, list[MapLayer]] = {}
    for one in known:
        groups.setdefault(one.group, []).append(one)
    made = render_study(
        study,
        "study_map.html",
        title=_("Map"),
        section="map",
        chapter="map",
        layers=known,
        groups=[(group_title(group), rows) for group, rows in groups.items()],
        layer=layer,
        picture=layer_sketch(reading, layer.name),
        rows=places.ranked(reading, layer.name).to_dict("records"),
        total=len(places.feature_table(reading, layer.name)),
        extent=",".join(map(str, places.extent(reading) or [])),
        has_outline=reading.content.outline is not None,
        credit=reading.content.outline_credit,
    )
    policy = SECURITY["content-security-policy"]
    made.headers["content-security-policy"] = WORKER + policy.replace(
        "img-src 'self' data:", "img-src 'self' data: blob:"
    )
    return made


def chosen_layer(study: StudyVisit, wanted: str, known: list[MapLayer]) -> MapLayer:
    """The layer that was asked for; the risk, or the first there is, where none was or it is not known."""
    names = [layer.name for layer in known]
    if wanted in names or wanted.startswith(f"{POINT}-"):
        return places.layer_of(study.reading, wanted)
    return known[names.index("risk")] if "risk" in names else known[0]


def group_title(group: str) -> Markup:
    """Heading of a group of layers."""
    return {
        "sector": _("The system"),
        "risk": _("Risk"),
        "criticality": _("If one thing fails"),
        "service-loss": _("Loss of services"),
        "access": _("Access to services"),
        "options": _("Options"),
        "plan": _("Plans"),
    }[group]


def layer_sketch(reading: Reading, name: str) -> Markup:
    """A layer as a small drawing."""
    return kept(reading, ("sketch", name, language()), lambda: _sketch(reading, name))


def _sketch(reading: Reading, name: str) -> Markup:
    content, layer = reading.content, places.layer_of(reading, name)
    table = places.feature_table(reading, name)
    drawn = [sketches.Drawn(content.outline, "ground")] if content.outline is not None else []
    if layer.group != "sector":
        links = content.table("links")
        ids = set(links["link_id"]) if len(links) else set()
        ground = content.places("links") if ids else content.places("assets")
        drawn.append(sketches.Drawn(ground, "faint", 2.0))
    css = layer.css or {}
    for grade in sorted(css, key=lambda grade: (grade > 0, grade)):
        mine = table.geometry[table["grade"] == grade]
        if len(mine):
            size = 3.0 + max(grade, 0) * 0.5
            drawn.append(sketches.Drawn(mine, css[grade], size, is_pointed=layer.group == "plan"))
    return sketches.small_map(drawn, name=f"map-{name}", title=layer.title, width=520)


def layer_file(visit: Visit) -> Response:
    """A layer as GeoJSON, with the detail of a zoom: ?detail=1, 2 or 3."""
    study = opened(visit)
    if study.reading.faults:
        raise NotFound(_("This study has faults and cannot be shown on a map.").striptags())
    asked = visit.value("detail", "1")
    detail_level = int(asked) if asked in {"1", "2", "3"} else 1
    name = visit.part("layer")
    content = places.geojson(study.reading, name, detail_level)
    mark, packed = kept(
        study.reading,
        ("packed", name, detail_level, language()),
        lambda: (f'"{hashlib.blake2b(content, digest_size=12).hexdigest()}"', gzip.compress(content, 6, mtime=0)),
    )
    scope = "public" if study.known.access.is_public else "private"
    headers = {"etag": mark, "cache-control": f"{scope}, max-age=300", "vary": "Accept-Encoding"}
    if visit.request.headers.get("if-none-match", "").removeprefix("W/") == mark:
        return Response(status_code=304, headers=headers)
    if "gzip" in visit.request.headers.get("accept-encoding", ""):
        return Response(packed, media_type="application/geo+json", headers={**headers, "content-encoding": "gzip"})
    return Response(content, media_type="application/geo+json", headers=headers)


def place(visit: Visit) -> Response:
    """One asset, link or zone: what it is, what results say of it, from what, and why."""
    study = opened(visit)
    if study.reading.faults:
        raise NotFound(_("This study has faults; nothing can be said of its places.").striptags())
    found = detail(study.reading, visit.part("item_id"))
    return render_study(
        study, "study_place.html", title=found.name, section="map", chapter="map", found=found,
        on_map=study.at("map", {"at": found.item_id}),
    )  # fmt: skip
