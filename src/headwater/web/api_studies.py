"""The HTTP API of studies: what they hold, what came of them, tables in and out, jobs. The façades of the pages.

A table comes in the form that is asked for, by `Accept` or by `?format=`: JSON in pages, CSV, GeoJSON, GeoParquet. Its
mark is its ETag; writing one wants the mark of what it was made from (`If-Match`), and a token that may write.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from typing import Annotated, Any

import geopandas as gpd
import pandas as pd
from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi import Path as PathPart
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from headwater import workshop
from headwater.errors import InputError, NotFound
from headwater.forum import STEPS, Forum
from headwater.journey.trade import give_up
from headwater.reading import Reading
from headwater.reports.catalogue_files import guarded
from headwater.sheets import sheet_bytes
from headwater.store.registry import Known
from headwater.store.studies import INPUT_TABLES
from headwater.web.api import Number, Spoken
from headwater.web.pages_accounts import forum_of
from headwater.web.problems import FORMS, WRITING, refusals
from headwater.web.signature import needed_user, user_of
from headwater.web.visits import base_of
from headwater.words import _, pick, speaking

MOST_ROWS = 1_000
FORMATS = {
    "json": "application/json",
    "csv": "text/csv",
    "geojson": "application/geo+json",
    "parquet": "application/vnd.apache.parquet",
}
"""Forms of a table, and their media types."""

AS_FORMS: dict[int | str, dict[str, Any]] = {200: {"content": {media: {} for media in FORMATS.values()}}}
"""A table in its forms, as FastAPI describes an answer."""

router = APIRouter(prefix="/api/v1", tags=["studies"], responses=refusals(WRITING, FORMS))

Form = Annotated[
    str | None,
    Query(alias="format", pattern=f"^({'|'.join(FORMATS)})$", description="Form of a table; by Accept unless given."),
]
TableName = Annotated[str, PathPart(json_schema_extra={"enum": list(INPUT_TABLES)})]
"""A table of a study; another name is not found."""

Rows = Annotated[int, Query(ge=1, le=MOST_ROWS, description="Rows in one answer, of JSON only.")]
Name = Annotated[str, Field(max_length=80)]


class NewStudy(BaseModel):
    """A study to make: empty, or a copy of another."""

    model_config = ConfigDict(extra="forbid")
    study_id: Annotated[str, Field(max_length=63, pattern=r"^[a-z0-9][a-z0-9_-]*$")]
    copy_of: Name | None = None
    iso3: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] | None = None
    year: Annotated[int, Field(ge=1900, le=2200)] = 2026


class NewJob(BaseModel):
    """A step to run."""

    model_config = ConfigDict(extra="forbid")
    step: Annotated[str, Field(pattern=f"^({'|'.join(STEPS)})$")]


def forum(request: Request) -> Forum:
    """The site."""
    return forum_of(request)


Site = Annotated[Forum, Depends(forum)]


@router.get("/studies")
def studies(request: Request, site: Site, lang: Spoken) -> dict[str, Any]:
    """Studies that whoever asks may read."""
    with speaking(lang):
        return {"studies": [_brief(request, known) for known in site.studies(user_of(request))]}


@router.post("/studies", status_code=201)
def make_study(request: Request, site: Site, lang: Spoken, new: NewStudy) -> dict[str, Any]:
    """Make a study: empty for a country, or a copy of another."""
    user = needed_user(request)
    with speaking(lang):
        if new.copy_of:
            known = workshop.copy_study(site, user, new.copy_of, new.study_id)
        elif new.iso3:
            known = workshop.create_study(site, user, new.study_id, iso3=new.iso3, year=new.year)
        else:
            raise InputError(_("Say iso3 for an empty study, or copy_of for a copy."))
        return _brief(request, known)


@router.get("/studies/{study_id}")
def study(request: Request, site: Site, study_id: str, lang: Spoken) -> dict[str, Any]:
    """A study: what it holds, its results, what is wrong with it."""
    with speaking(lang):
        known = site.study(user_of(request), study_id)
        reading = _reading(request, known)
        at = f"{base_of(request)}/api/v1/studies/{known.study_id}"
        sound = workshop.soundness(site, user_of(request), study_id)
        return {
            **_brief(request, known),
            "tables": {name: f"{at}/tables/{name}" for name in INPUT_TABLES},
            "results": {name: f"{at}/results/{name}" for name in reading.made},
            "outdated": list(reading.outdated) if not sound.faults else [],
            "faults": [_fault(fault) for fault in sound.faults],
            "notices": list(sound.notices),
        }


@router.get("/studies/{study_id}/results/{name}", responses=AS_FORMS)
def result(
    request: Request,
    site: Site,
    study_id: str,
    name: str,
    lang: Spoken,
    form: Form = None,
    limit: Rows = 100,
    offset: Number = 0,
) -> Response:
    """A result as it stands, with what it came from in the header `Link` of JSON."""
    with speaking(lang):
        reading = _reading(request, site.study(user_of(request), study_id))
        return _table(request, reading.result(name), form, limit, offset, name)


@router.get("/studies/{study_id}/results/{name}/provenance")
def provenance(request: Request, site: Site, study_id: str, name: str, lang: Spoken) -> dict[str, Any]:
    """From what: inputs, assumptions, sources, method and version of a result."""
    with speaking(lang):
        reading = _reading(request, site.study(user_of(request), study_id))
        reading.result(name)
        record = reading.content.provenance["results"].get(name)
        if record is None:
            raise NotFound(_("The result {name} has not been made yet.").format(name=name))
        said: dict[str, Any] = json.loads(record.to_json())
        return said


@router.get("/studies/{study_id}/tables/{name}", responses=AS_FORMS)
def table(
    request: Request,
    site: Site,
    study_id: str,
    name: TableName,
    lang: Spoken,
    form: Form = None,
    limit: Rows = 100,
    offset: Number = 0,
) -> Response:
    """An input table. As CSV it comes as it stands, and its ETag is what `PUT` wants in `If-Match`."""
    with speaking(lang):
        known = site.study(user_of(request), study_id)
        sheet = workshop.read_table(site, user_of(request), study_id, name)
        if _form(request, form) == "csv" and sheet.is_editable:
            content = sheet_bytes([sheet.columns, *sheet.cells])
            return Response(content, media_type="text/csv; charset=utf-8", headers={"etag": f'"{sheet.mark}"'})
        reading = _reading(request, known)
        tables = reading.study.tables if not reading.faults else {}
        whole = tables.get(name, pd.DataFrame(sheet.cells, columns=sheet.columns))
        made = _table(request, whole, form, limit, offset, name)
        made.headers["x-mark"] = sheet.mark
        return made


@router.put(
    "/studies/{study_id}/tables/{name}",
    openapi_extra={
        "requestBody": {"required": True, "content": {"text/csv": {"schema": {"type": "string"}}}},
    },
)
async def write_table(
    request: Request,
    site: Site,
    study_id: str,
    name: TableName,
    lang: Spoken,
    if_match: Annotated[str, Header(description="The ETag of the table as CSV.", min_length=1, max_length=100)],
) -> Response:
    """Replace an input table by a CSV, if it is still the one that was read."""
    body = await request.body()

    def write() -> Response:
        user = needed_user(request)
        with speaking(lang):
            columns, cells = _parsed(body)
            mark = workshop.write_table(
                site,
                user,
                study_id,
                name,
                columns,
                cells,
                mark=if_match.strip().removeprefix("W/").strip('"'),
                words=_("Written by a program"),
            )
            sound = workshop.soundness(site, user, study_id)
            said = {"mark": mark, "faults": [_fault(fault) for fault in sound.faults]}
            return Response(
                json.dumps(said, ensure_ascii=False), media_type="application/json", headers={"etag": f'"{mark}"'}
            )

    return await run_in_threadpool(write)


@router.get("/studies/{study_id}/front")
def front(request: Request, site: Site, study_id: str, lang: Spoken) -> dict[str, Any]:
    """The exact trade-offs: each point with its objectives and its options."""
    with speaking(lang):
        reading = _reading(request, site.study(user_of(request), study_id))
        return {"front": _records(reading.result("front")), "options": _records(reading.result("front_options"))}


@router.get("/studies/{study_id}/give-up")
def what_would_i_give_up(
    request: Request,
    site: Site,
    study_id: str,
    lang: Spoken,
    at_least: Annotated[
        list[Annotated[str, Field(pattern=r"^[a-z0-9_]+=-?[0-9]{1,15}(\.[0-9]{1,6})?$")]],
        Query(description="OBJECTIVE=AMOUNT; repeat for several.", min_length=1, max_length=8),
    ],
) -> dict[str, Any]:
    """What reaching so much of some objectives would cost in the others."""
    with speaking(lang):
        reading = _reading(request, site.study(user_of(request), study_id))
        amounts = {}
        for words in at_least:
            objective, _equals, amount = words.partition("=")
            try:
                amounts[objective.strip()] = float(amount)
            except ValueError as error:
                raise InputError(_("«{words}» is not an objective and an amount").format(words=words[:80])) from error
        return {name: _records(rows) for name, rows in give_up(reading.result("front"), amounts).items()}


@router.post("/studies/{study_id}/jobs", status_code=202)
def run(request: Request, site: Site, study_id: str, lang: Spoken, new: NewJob) -> dict[str, Any]:
    """Have a step of a study run."""
    with speaking(lang):
        user = needed_user(request)
        return _job(site.job(user, site.run(user, study_id, new.step)))


@router.get("/studies/{study_id}/jobs")
def jobs(request: Request, site: Site, study_id: str, lang: Spoken) -> dict[str, Any]:
    """Jobs of a study, the newest first."""
    with speaking(lang):
        return {"jobs": [_job(job) for job in site.jobs(user_of(request), study_id)]}


@router.get("/jobs/{job_id}")
def job(request: Request, site: Site, job_id: str, lang: Spoken) -> dict[str, Any]:
    """A job as it stands."""
    with speaking(lang):
        return _job(site.job(user_of(request), job_id))


@router.post("/jobs/{job_id}/cancel")
def cancel(request: Request, site: Site, job_id: str, lang: Spoken) -> dict[str, Any]:
    """Have a job stop; what is finished is kept."""
    with speaking(lang):
        user = needed_user(request)
        site.cancel(user, job_id)
        return _job(site.job(user, job_id))


@router.post("/jobs/{job_id}/resume", status_code=202)
def resume(request: Request, site: Site, job_id: str, lang: Spoken) -> dict[str, Any]:
    """Have a job that failed or was cancelled go on."""
    with speaking(lang):
        user = needed_user(request)
        return _job(site.job(user, site.resume(user, job_id)))


# --- parts of answers ---------------------------------------------------------------------------------------------


def _reading(request: Request, known: Known) -> Reading:
    reading: Reading = request.app.state.readings.open(known.folder, known.out)
    return reading


def _brief(request: Request, known: Known) -> dict[str, Any]:
    try:
        title = pick(_reading(request, known).study.header.title)
    except (InputError, NotFound):
        title = known.study_id
    return {
        "study_id": known.study_id,
        "title": title,
        "is_packaged": known.is_packaged,
        "is_public": known.access.is_public,
        "url": f"{base_of(request)}/api/v1/studies/{known.study_id}",
    }


def _fault(fault: Any) -> dict[str, Any]:
    return {name: getattr(fault, name) for name in ("file", "row", "column", "value", "problem", "remedy")}


def _job(job: Mapping[str, Any]) -> dict[str, Any]:
    shown = (
        "job_id",
        "study_id",
        "step",
        "state",
        "doing",
        "done",
        "total",
        "error",
        "created_at",
        "started_at",
        "ended_at",
    )
    return {name: job[name] for name in shown}


def _form(request: Request, given: str | None) -> str:
    """The form asked for; JSON where nothing is."""
    if given is not None:
        if given not in FORMATS:
            raise InputError(
                _("There is no format {name}; there are {known}").format(name=given[:20], known=", ".join(FORMATS))
            )
        return given
    accepted = request.headers.get("accept", "")
    return next((name for name, media in FORMATS.items() if name != "json" and media in accepted), "json")


def _table(request: Request, rows: pd.DataFrame, form: str | None, limit: int, offset: int, name: str) -> Response:
    wanted, media = _form(request, form), FORMATS
    if wanted == "json":
        page = _records(rows.iloc[offset : offset + limit])
        body = {"table": name, "total": len(rows), "offset": offset, "rows": page}
        headers = {"x-total-count": str(len(rows))}
        if offset + limit < len(rows):
            after = request.url.include_query_params(offset=offset + limit)
            headers["link"] = f'<{base_of(request)}{after.path}?{after.query}>; rel="next"'
        return Response(json.dumps(body, ensure_ascii=False), media_type=media["json"], headers=headers)
    if wanted == "csv":
        plain = pd.DataFrame(rows.drop(columns="geometry", errors="ignore"))
        text = plain.map(lambda value: guarded(value) if isinstance(value, str) else value)
        return Response(text.to_csv(index=False, lineterminator="\n"), media_type="text/csv; charset=utf-8")
    if wanted == "geojson":
        if not isinstance(rows, gpd.GeoDataFrame) or rows.crs is None:
            return _refusal(406, _("No such form"), _("The table {name} has no geometry.").format(name=name))
        placed = rows[rows.geometry.notna()].to_crs(4326)
        return Response(placed.to_json(drop_id=True), media_type=media["geojson"])
    stream = io.BytesIO()
    rows.to_parquet(stream, index=False)
    return Response(stream.getvalue(), media_type=media["parquet"])


def _records(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as JSON holds them: geometry as Well-Known Text, what is missing as null."""
    plain = pd.DataFrame(rows.drop(columns="geometry", errors="ignore"))
    if "geometry" in rows:
        plain["geometry"] = gpd.GeoSeries(rows["geometry"]).to_wkt()
    found: list[dict[str, Any]] = json.loads(
        plain.to_json(orient="records", force_ascii=False, date_format="iso") or "[]"
    )
    return found


def _parsed(body: bytes) -> tuple[list[str], list[list[str]]]:
    """Columns and cells of a CSV that was sent."""
    try:
        rows = pd.read_csv(io.BytesIO(body), dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except (ValueError, UnicodeDecodeError) as error:
        raise InputError(_("What was sent is not a CSV: {reason}").format(reason=error)) from error
    return list(map(str, rows.columns)), rows.to_numpy(dtype=str).tolist()


def _refusal(status: int, error: str, message: str) -> Response:
    said = {"status": status, "error": error, "message": message}
    return Response(json.dumps(said, ensure_ascii=False), status_code=status, media_type="application/json")
