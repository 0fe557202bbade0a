"""Addresses of the pages of studies, to be mounted by the application where it has studies."""

from __future__ import annotations

from starlette.convertors import StringConvertor, register_url_convertor
from starlette.routing import Route

from headwater.web import pages_studies, pages_study_map, pages_study_plans, pages_study_records, study_style
from headwater.web.study_visits import CHAPTER_NAMES, study_page, study_route


class _Chapter(StringConvertor):
    """A chapter in an address."""

    regex = "|".join(CHAPTER_NAMES)


class _TableEnding(StringConvertor):
    """The ending of a file of a table."""

    regex = "csv|parquet"


register_url_convertor("chapter", _Chapter())
register_url_convertor("table_ending", _TableEnding())

STUDY_PAGES = [
    Route("/study-style.{mark}.css", study_style.serve_style),
    Route("/{language}/studies/", study_page(pages_studies.studies)),
    study_route("", pages_studies.overview),
    study_route("map", pages_study_map.study_map),
    study_route("layers/{layer}.geojson", pages_study_map.layer_file),
    study_route("places/{item_id:path}", pages_study_map.place),
    study_route("plan-explorer", pages_study_plans.explorer),
    study_route("plan-explorer/step", pages_study_plans.step),
    study_route("plan-explorer/{key}", pages_study_plans.explorer),
    study_route("plan-explorer/{key}/map", pages_study_plans.point_map),
    study_route("compare", pages_study_plans.compare),
    study_route("results/", pages_study_records.shelf),
    study_route("results/{table}.{ending:table_ending}", pages_study_records.result_file),
    study_route("results/{table}", pages_study_records.result),
    study_route("downloads/{file}", pages_study_records.download),
    study_route("{chapter:chapter}", pages_studies.chapter),
    study_route("{chapter:chapter}/figure-{number}", pages_studies.figure),
]
"""Pages of studies for readers, each in every full language."""
