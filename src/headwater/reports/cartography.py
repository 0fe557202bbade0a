"""The maps of the report: the system by sector, and quantities by class over the network.

Chooses what to draw and how to name its classes; `maps` draws it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import takewhile

import geopandas as gpd
import pandas as pd
from markupsafe import Markup

from headwater.reports.content import Figure, Key, ReportContent
from headwater.reports.figures import Caption
from headwater.reports.labels import sector
from headwater.reports.maps import Layer, class_breaks, graded, interval_names, map_svg
from headwater.reports.numbers import compact
from headwater.words import _


def system_map(content: ReportContent, *, name: str) -> Figure | None:
    """Map of every asset and link by sector; None where nothing has a place.

    Nodes that only join links are left out.
    """
    parts, places = content.components(), content.places("assets", "links")
    shown = parts[parts["is_link"].astype(bool) | ~parts["kind"].astype(str).str.contains("node|junction")]
    layers, keys = [*_ground(content)], []
    zones = content.places("zones")
    if len(zones):
        layers.append(Layer(zones, "settlement", size=2.6))
        keys.append(Key("settlement", "point", _("Settlement or area of the population table")))
    placed = shown[shown.index.isin(places.index)]
    order = placed["sector"].value_counts().index  # the most numerous lowest, but networks below everything
    for code in sorted(order, key=lambda code: code != "transport"):
        ids = placed.index[placed["sector"] == code]
        if len(ids):
            layers.append(Layer(places.loc[ids], f"sector-{code}", size=_point_size(len(ids))))
            has_line = bool(places.loc[ids].geom_type.str.contains("Line").any())
            keys.append(Key(f"sector-{code}", "line" if has_line else "point", sector(code)))
    caption = Caption(name, _("The system by sector"), _("Map of the assets and links that have a place."))
    return _figure(content, layers, keys, caption, subtitle=_("Assets and links with a known place"))


def quantity_map(
    content: ReportContent,
    values: pd.Series,
    *,
    caption: Caption,
    subtitle: str,
    write: Callable[[float], str] = compact,
    classes: Mapping[float, str] | None = None,
    zero: str = "",
    unknown: str = "",
    marks: Sequence[str] = (),
) -> Figure | None:
    """Map of a quantity of assets and links in classes; None where nothing has a place.

    Parameters
    ----------
    content
        The report's content.
    values
        The quantity by asset_id or link_id; what is not in it is drawn as background.
    caption, subtitle
        What the map shows, of which case.
    write
        How a value is written in the legend.
    classes
        Lower bounds of the classes with their names; by default bounds are chosen from the values.
    zero, unknown
        Words for a value of zero, and for a missing one.
    marks
        Identifiers to number on the map, in order.
    """
    places = content.places("assets", "links")
    parts = content.components()
    values = values[values.index.isin(places.index)]
    breaks = class_breaks(values) if classes is None else list(classes)
    words_of_classes = interval_names(breaks, write=write) if classes is None else list(classes.values())
    levels = graded(values, breaks)
    rest = parts.index[parts["is_link"].astype(bool)].difference(values.index).intersection(places.index)
    layers, keys = [*_ground(content), Layer(places.loc[rest], "faint")], []
    names = {-1: unknown, 0: zero, **{i + 1: words for i, words in enumerate(words_of_classes)}}
    for number, words in names.items():
        ids = levels.index[levels == number]
        if len(ids):
            css = {-1: "unknown", 0: "zero"}.get(number, f"c{number + 5 - len(breaks)}")
            layers.append(Layer(places.loc[ids], css, size=4.0 + max(number, 0)))
            keys.append(Key(css, _shape(places.loc[ids]), words))
    pointed = places.loc[[mark for mark in marks if mark in places.index]]
    keys.sort(key=lambda key: key.css in ("unknown", "zero"))
    return _figure(content, layers, keys, caption, subtitle=subtitle, marks=pointed)


def zone_map(
    content: ReportContent, bands: pd.Series, *, caption: Caption, subtitle: str, keys: Sequence[Key]
) -> Figure | None:
    """Map of zones by band, over the network; None where no zone has a place.

    Parameters
    ----------
    content
        The report's content.
    bands
        Class of each zone_id, one of the classes of `keys`.
    caption, subtitle
        What the map shows.
    keys
        The legend, in the order to draw.
    """
    places = content.places("zones")
    bands = bands[bands.index.isin(places.index)]
    if bands.empty:
        return None
    layers = [*_ground(content), Layer(content.places("links"), "faint")]
    layers += [Layer(places.loc[bands.index[bands == key.css]], key.css, size=5.0) for key in keys]
    return _figure(content, layers, keys, caption, subtitle=subtitle)


def shown_marks(content: ReportContent, ranked: Sequence[str], *, most: int = 5) -> list[str]:
    """The first of a ranking to number on a map: up to the first without a place, so that numbers are ranks.

    Parameters
    ----------
    content
        The report's content.
    ranked
        asset_id or link_id, worst first.
    most
        How many to number at most.
    """
    places = content.places("assets", "links")
    return list(takewhile(lambda key: key in places.index, ranked[:most]))


def _point_size(count: int) -> float:
    """Diameter of points [px]: the more there are, the smaller."""
    return 7.0 if count <= 60 else 5.0 if count <= 300 else 2.8


def _ground(content: ReportContent) -> list[Layer]:
    return [] if content.outline is None else [Layer(content.outline, "ground")]


def _shape(places: gpd.GeoSeries) -> str:
    return "line" if bool(places.geom_type.str.contains("Line").any()) else "point"


def _figure(
    content: ReportContent,
    layers: Sequence[Layer],
    keys: Sequence[Key],
    caption: Caption,
    *,
    subtitle: str,
    marks: gpd.GeoSeries | None = None,
) -> Figure | None:
    svg = map_svg(layers, caption=caption, marks=marks)
    if not svg or not keys:
        return None
    about = _("Equirectangular projection. Boundaries imply no view on the status of any territory.")
    credit = _("Outline: {credit}.").format(credit=content.outline_credit) if content.outline_credit else ""
    return Figure(
        title=caption.title,
        wide=Markup(svg),  # noqa: S704 -- our own SVG, escaped where it is drawn
        subtitle=subtitle,
        keys=keys,
        credit=f"{about} {credit}".strip(),
    )
