"""The HTTP API of studies: forms, pages, marks, tokens, refusals, limits; and that it is what it says of itself."""

from __future__ import annotations

import io
import shutil
import warnings
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from headwater import workshop
from headwater.forum import Forum, open_forum
from headwater.library import Library
from headwater.permissions import User
from headwater.web.app import create_app
from headwater.web.limits import Limits

PASSWORD = "correct horse battery"  # noqa: S105
API = "/api/v1/studies"


@pytest.fixture(scope="module")
def forum(root: Path, toy_results: Path, tmp_path_factory: pytest.TempPathFactory) -> Forum:
    """A site with accounts; Toytown is packaged, with results, and Ed has a copy."""
    folder = tmp_path_factory.mktemp("site")
    shutil.copytree(root / "tests" / "toytown" / "study", folder / "packaged" / "toytown")
    shutil.copytree(toy_results, folder / "home" / "results" / "toytown")
    made = open_forum(folder / "home", packaged=folder / "packaged", is_alone=False)
    boss = made.set_up(made.setup_code(), "boss", PASSWORD)
    for name in ("reader", "editor"):
        made.add_user(boss, name, role=name, password=PASSWORD)
    workshop.copy_study(made, user(made, "editor"), "toytown", "eds")
    return made


def user(forum: Forum, name: str) -> User:
    found = forum.session(forum.sign_in(name, PASSWORD, address="t"))
    assert found is not None
    return found[0]


@pytest.fixture(scope="module")
def client(library: Library, forum: Forum) -> TestClient:
    return TestClient(create_app(library, forum=forum), raise_server_exceptions=False)


@pytest.fixture(scope="module")
def tokens(forum: Forum) -> dict[str, dict[str, str]]:
    def made(name: str, *, may_write: bool) -> dict[str, str]:
        secret = forum.make_token(user(forum, name), "test", may_write=may_write, days=1)
        return {"authorization": f"Bearer {secret}"}

    return {
        "reader": made("reader", may_write=True),
        "editor": made("editor", may_write=True),
        "looker": made("editor", may_write=False),
    }


def test_what_is_open_is_listed_and_what_is_not_is_not(client: TestClient, tokens: dict) -> None:
    assert [s["study_id"] for s in client.get(API).json()["studies"]] == ["toytown"]
    mine = client.get(API, headers=tokens["editor"]).json()["studies"]
    assert [s["study_id"] for s in mine] == ["toytown", "eds"]
    assert client.get(f"{API}/eds").status_code == 404
    about = client.get(f"{API}/toytown").json()
    assert about["faults"] == []
    assert {"damages", "plans", "front"} <= set(about["results"])


def test_a_result_comes_in_the_form_asked_for(client: TestClient) -> None:
    at = f"{API}/toytown/results/expected_damages"
    page = client.get(at, params={"limit": 2}).json()
    assert len(page["rows"]) == 2
    after = client.get(at, params={"limit": 2}).headers["link"]
    assert 'rel="next"' in after
    table = pd.read_csv(io.StringIO(client.get(at, headers={"accept": "text/csv"}).text))
    assert len(table) == page["total"]
    parquet = pd.read_parquet(io.BytesIO(client.get(at, params={"format": "parquet"}).content))
    assert parquet["ead_usd_per_yr"].sum() == pytest.approx(table["ead_usd_per_yr"].sum())
    assert client.get(at, params={"format": "geojson"}).status_code == 406
    assert client.get(at, params={"format": "docx"}).status_code == 422
    assert client.get(f"{API}/toytown/results/none").status_code == 404


def test_a_table_with_geometry_as_geojson_and_geoparquet(client: TestClient) -> None:
    shapes = gpd.read_file(io.StringIO(client.get(f"{API}/toytown/tables/assets", params={"format": "geojson"}).text))
    assert shapes.crs.to_epsg() == 4326
    stored = gpd.read_parquet(
        io.BytesIO(client.get(f"{API}/toytown/tables/assets", params={"format": "parquet"}).content)
    )
    assert len(shapes) == len(stored[stored.geometry.notna()])


def test_what_is_held_is_not_sent_again(client: TestClient) -> None:
    first = client.get(f"{API}/toytown/results/plans")
    again = client.get(f"{API}/toytown/results/plans", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_from_what(client: TestClient) -> None:
    said = client.get(f"{API}/toytown/results/damages/provenance").json()
    assert said["result"] == "damages"
    assert said["inputs"]


def test_a_program_replaces_a_table_only_if_it_is_still_the_one_it_read(client: TestClient, tokens: dict) -> None:
    at, me = f"{API}/eds/tables/zones", tokens["editor"]
    read = client.get(at, headers={**me, "accept": "text/csv"})
    changed = read.text.replace("\n", "\n", 1).rstrip("\n") + "\n"
    lines = changed.split("\n")
    shorter = "\n".join([lines[0], *lines[2:]])
    assert client.put(at, content=shorter, headers=me).status_code == 422
    done = client.put(at, content=shorter, headers={**me, "if-match": read.headers["etag"]})
    assert done.status_code == 200
    assert done.json()["mark"] in done.headers["etag"]
    late = client.put(at, content=changed, headers={**me, "if-match": read.headers["etag"]})
    assert late.status_code == 409
    now = client.get(at, headers={**me, "accept": "text/csv"})
    assert now.text == shorter
    assert client.put(at, content=b"\xff\xfe\x00", headers={**me, "if-match": now.headers["etag"]}).status_code == 400


@pytest.mark.parametrize(("who", "status"), [(None, 403), ("looker", 403), ("reader", 404), ("editor", 200)])
def test_only_a_token_that_may_writes(client: TestClient, tokens: dict, who: str | None, status: int) -> None:
    headers = tokens.get(who, {}) if who else {}
    mark = client.get(f"{API}/eds/tables/plan_rules", headers={**tokens["editor"], "accept": "text/csv"})
    sent = client.put(
        f"{API}/eds/tables/plan_rules", content=mark.text, headers={**headers, "if-match": mark.headers["etag"]}
    )
    assert sent.status_code == status


@pytest.mark.parametrize("who", [None, "looker", "reader"])
def test_nobody_else_makes_studies_or_jobs(client: TestClient, tokens: dict, who: str | None) -> None:
    headers = tokens.get(who, {}) if who else {}
    assert client.post(API, json={"study_id": "x", "iso3": "MWI"}, headers=headers).status_code == 403
    assert client.post(f"{API}/toytown/jobs", json={"step": "plan"}, headers=headers).status_code == 403


def test_a_study_is_made_and_a_job_runs_its_course(client: TestClient, tokens: dict) -> None:
    me = tokens["editor"]
    made = client.post(API, json={"study_id": "second", "copy_of": "toytown"}, headers=me)
    assert made.status_code == 201
    assert client.post(API, json={"study_id": "second", "copy_of": "toytown"}, headers=me).status_code == 409
    assert client.post(API, json={"study_id": "Third!", "iso3": "MWI"}, headers=me).status_code == 422
    job = client.post(f"{API}/second/jobs", json={"step": "assess"}, headers=me)
    assert job.status_code == 202
    at = f"/api/v1/jobs/{job.json()['job_id']}"
    assert client.get(at).status_code == 404
    assert client.get(at, headers=me).json()["state"] == "queued"
    assert client.post(f"{at}/cancel", headers=me).json()["state"] == "cancelled"
    assert client.post(f"{at}/resume", headers=me).status_code == 202
    assert client.post(f"{API}/second/jobs", json={"step": "destroy"}, headers=me).status_code == 422


def test_trade_offs(client: TestClient) -> None:
    assert set(client.get(f"{API}/toytown/front").json()) == {"front", "options"}
    assert client.get(f"{API}/toytown/give-up", params={"at_least": "nothing"}).status_code == 422


def test_a_wrong_token_is_refused(client: TestClient) -> None:
    assert client.get(API, headers={"authorization": "Bearer hw_wrong"}).status_code == 403


def test_a_browser_of_somebody_elses_page_changes_nothing(client: TestClient) -> None:
    sent = client.post(
        API,
        json={"study_id": "x", "iso3": "MWI"},
        headers={"origin": "https://evil.example", "sec-fetch-site": "cross-site"},
    )
    assert sent.status_code == 403


def test_whoever_asks_too_often_waits_and_others_do_not() -> None:
    async def answers(scope: Scope, receive: Receive, send: Send) -> None:
        await PlainTextResponse("ok")(scope, receive, send)

    def refused(_request: Request, status: int) -> Response:
        return Response(status_code=status)

    asking = TestClient(Limits(answers, refused, per_minute=3))
    assert [asking.get("/api/v1/x").status_code for _i in range(4)] == [200, 200, 200, 429]
    assert int(asking.get("/api/v1/x").headers["retry-after"]) >= 1
    assert asking.get("/en/").status_code == 200
    assert asking.get("/api/v1/x", headers={"authorization": "Bearer other"}).status_code == 200


def test_the_description_of_the_api_names_every_address(client: TestClient) -> None:
    described = client.get("/api/v1/openapi.json").json()
    assert described["openapi"].startswith("3.")
    for path in (
        "/api/v1/studies",
        "/api/v1/studies/{study_id}/tables/{name}",
        "/api/v1/jobs/{job_id}",
        "/api/v1/search",
    ):
        assert path in described["paths"], path
