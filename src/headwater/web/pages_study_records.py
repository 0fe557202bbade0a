"""From what? Every result page by page, what its columns mean and what it came from; and files to take away."""

from __future__ import annotations

import math
from urllib.parse import quote

from starlette.responses import Response

from headwater.errors import NotFound
from headwater.study_views import downloads, records
from headwater.web.languages import _, plain
from headwater.web.pages_search import page_numbers
from headwater.web.study_visits import opened, render_study
from headwater.web.visits import Visit


def shelf(visit: Visit) -> Response:
    """Every result there can be, by the step that makes it."""
    study = opened(visit)
    return render_study(
        study, "study_results.html", title=_("All results"), section="results/", chapter="provenance",
        shelves=records.shelves(study.reading),
    )  # fmt: skip


def result(visit: Visit) -> Response:
    """One result: its columns, its rows page by page, what it came from."""
    study = opened(visit)
    name = visit.part("table")
    records.check_known(name)
    title = records.title_of(name)
    if name not in study.reading.made:
        return render_study(
            study, "study_result.html", title=title, section="results/", name=name, is_made=False
        )  # fmt: skip
    table = study.reading.result(name)
    columns, find = records.meanings(name, table), visit.value("find")
    rows, total = records.rows_of(table, columns, visit.page_number(), find)
    last = max(1, math.ceil(total / records.PER_PAGE))
    number = min(visit.page_number(), last)
    kept = {"find": find} if find else {}
    return render_study(
        study, "study_result.html", title=title, section="results/", name=name, is_made=True,
        columns=columns, rows=rows, total=total, find=find, number=number, numbers=page_numbers(number, last),
        address=lambda page: study.at(f"results/{name}", {**kept, "page": page}),
        origin=records.origin(study.reading, name),
    )  # fmt: skip


def result_file(visit: Visit) -> Response:
    """A result as CSV or Parquet."""
    study = opened(visit)
    name, ending = visit.part("table"), visit.part("ending")
    records.check_known(name)
    write = {"csv": records.as_csv, "parquet": records.as_parquet}[ending]
    made = downloads.Download(
        f"{study.study_id}-{name}.{ending}", downloads.MEDIA[f".{ending}"], write(study.reading.result(name))
    )
    return attached(made)


def download(visit: Visit) -> Response:
    """A file to take away: the report, a workbook, project data, a map."""
    study = opened(visit)
    if study.reading.faults:
        raise NotFound(plain(_("This study has faults; there is nothing to take away.")))
    return attached(downloads.download(study.reading, visit.part("file")))


def attached(made: downloads.Download) -> Response:
    """A file that the browser keeps rather than shows."""
    named = f"attachment; filename*=UTF-8''{quote(made.name)}"
    headers = {"content-disposition": named, "cache-control": "private, no-cache"}
    return Response(made.content, media_type=made.media, headers=headers)
