"""What is sent to do harm: every role at every door of the API, files not what they say, addresses in tables."""

from __future__ import annotations

import csv
import io
import shutil
import socket
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import rasterio

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

from tests.web.work_site import PASSWORD, ROLES, open_site, word

from headwater import workshop
from headwater.forum import Forum, open_forum
from headwater.library import Library
from headwater.permissions import EVERYONE_ALONE
from headwater.store import jobs, rasters
from headwater.web.app import create_app

TABLES = "/en/studies/mine/tables"


@pytest.fixture
def forum(tmp_path: Path) -> Forum:
    """A site for one person, with Toytown and a copy of it."""
    return open_site(tmp_path / "home")


@pytest.fixture
def client(library: Library, forum: Forum) -> TestClient:
    """The one person's browser."""
    return TestClient(create_app(library, forum=forum), raise_server_exceptions=False, follow_redirects=False)


def state(forum: Forum) -> dict[str, bytes]:
    folder = forum.home / "studies"
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def upload(client: TestClient, *files: tuple[str, bytes]) -> Any:
    form = {"csrf": word(client.get("/en/studies/new"))}
    return client.post(TABLES, data=form, files=[("files", one) for one in files])


def zipped(**files: bytes) -> bytes:
    page = io.BytesIO()
    with zipfile.ZipFile(page, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return page.getvalue()


# --- every role at every door of the API ---------------------------------------------------------------------------

CREATORS = {"owner", "sharer", "viewer", "other", "boss", "critic"}
EDIT = {"owner", "sharer", "boss"}
MAY = {
    ("POST", "/api/v1/studies"): CREATORS,
    ("PUT", "/api/v1/studies/{study_id}/tables/{name}"): EDIT,
    ("POST", "/api/v1/studies/{study_id}/jobs"): EDIT,
    ("POST", "/api/v1/jobs/{job_id}/cancel"): EDIT,
    ("POST", "/api/v1/jobs/{job_id}/resume"): EDIT,
}
"""Whose token may send something to each address of the API that changes something."""


@pytest.fixture(scope="module")
def made_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site with accounts, made once: passwords take their time."""
    folder = tmp_path_factory.mktemp("site")
    open_site(folder / "home", is_alone=False).engine.dispose()
    return folder


@pytest.fixture
def people(made_site: Path, tmp_path: Path) -> Forum:
    """A site with accounts, to be changed."""
    shutil.copytree(made_site, tmp_path / "site")
    return open_forum(tmp_path / "site" / "home", packaged=tmp_path / "site" / "packaged", is_alone=False)


def test_every_address_of_the_api_that_changes_something_is_in_the_table(library: Library, people: Forum) -> None:
    paths = create_app(library, forum=people).openapi()["paths"]
    doors = {(m.upper(), path) for path, known in paths.items() for m in known if m not in {"get", "head", "options"}}
    assert doors == set(MAY)


@pytest.mark.parametrize("name", ["", "looker", *ROLES])
def test_whose_token_may_not_is_refused_at_every_door_and_nothing_changes(
    library: Library, people: Forum, name: str
) -> None:
    asking = TestClient(create_app(library, forum=people), raise_server_exceptions=False)
    if name:
        session = people.session(people.sign_in("owner" if name == "looker" else name, PASSWORD, address="t"))
        assert session
        secret = people.make_token(session[0], "t", may_write=name != "looker", days=1)
        asking.headers["authorization"] = f"Bearer {secret}"
    with people.writing() as connection:
        job_id = jobs.add_job(connection, "mine", "plan", user_id=None)
    mark, before = workshop.read_table(people, _boss(people), "mine", "zones").mark, state(people)
    for (method, path), may in MAY.items():
        address = path.format(study_id="mine", name="zones", job_id=job_id)
        given = {"step": "assess"} if path.endswith("jobs") else {"study_id": "stolen", "copy_of": "toytown"}
        body = {"content": "zone_id\nstolen\n"} if method == "PUT" else {"json": given}
        status = asking.request(method, address, headers={"if-match": mark}, **body).status_code  # type: ignore[arg-type]
        if name in may:
            assert status < 500, "whoever may is not refused"
            assert status not in {401, 403, 404}, (path, status)
        else:
            assert status in {403, 404}, (path, status)
    if not any(name in may for may in MAY.values()):
        assert state(people) == before
        with people.writing() as connection:
            assert [job["state"] for job in jobs.list_jobs(connection)] == ["queued"]


def _boss(forum: Forum) -> Any:
    return forum.session(forum.sign_in("boss", PASSWORD, address="t"))[0]  # type: ignore[index]


@pytest.mark.parametrize(
    "name", ["' OR '1'='1", "boss'--", "boss\x00", "{{7*7}}", "${jndi:ldap://x}", "%s%s%n", "b" * 5_000]
)
def test_hostile_names_sign_nobody_in(library: Library, people: Forum, name: str) -> None:
    asking = TestClient(create_app(library, forum=people), raise_server_exceptions=False, follow_redirects=False)
    given = {"csrf": word(asking.get("/en/sign-in")), "name": name, "password": "' OR '1'='1"}
    answered = asking.post("/en/sign-in", data=given)
    assert answered.status_code in {400, 403}
    assert "49" not in answered.text.replace("&#39;", "").split("<main")[-1].split("value=")[0]
    assert asking.get("/en/account").headers["location"].startswith("/en/sign-in")


# --- files that are not what they say ------------------------------------------------------------------------------


def raster_of(secret: Path) -> bytes:
    """A "raster" that has the reader of maps read another file, or ask an address."""
    return f"""<VRTDataset rasterXSize="8" rasterYSize="8"><SRS>EPSG:4326</SRS>
    <GeoTransform>0, 0.1, 0, 1, 0, -0.1</GeoTransform><VRTRasterBand dataType="Float32" band="1"><SimpleSource>
    <SourceFilename relativeToVRT="0">{secret}</SourceFilename><SourceBand>1</SourceBand></SimpleSource>
    </VRTRasterBand></VRTDataset>""".encode()


MAP_OF_OTHERS = b"""<OGRVRTDataSource><OGRVRTLayer name="zones">
<SrcDataSource>/vsicurl/http://169.254.169.254/latest/meta-data</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>"""


def dense_parquet() -> bytes:
    """Sixty million cells in a few kilobytes."""
    page = io.BytesIO()
    column = pa.array(np.zeros(6_000_000, dtype=np.int8))
    pq.write_table(pa.table({f"c{n}": column for n in range(10)}), page, compression="zstd")
    return page.getvalue()


def dense_workbook() -> bytes:
    """A workbook whose words unpack to many times its size."""
    import openpyxl

    page, bomb = io.BytesIO(), io.BytesIO()
    openpyxl.Workbook().save(page)
    with zipfile.ZipFile(page) as whole, zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as copy:
        for name in whole.namelist():
            copy.writestr(name, whole.read(name))
        copy.writestr("xl/sharedStrings.xml", b"<sst>" + b" " * 80_000_000 + b"</sst>")
    return bomb.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("secret.tif", raster_of(Path("/etc/passwd")), "is not what its name says"),
        ("zones.gpkg", MAP_OF_OTHERS, "is not what its name says"),
        ("outline.geojson", MAP_OF_OTHERS, "is not what its name says"),
        ("zones.parquet", b"PAR1 and no more", "is not what its name says"),
        ("zones.parquet", dense_parquet(), "holds more than"),
        ("book.xlsx", dense_workbook(), "is larger than can be taken"),
        ("nested.zip", zipped(**{"inner.zip": zipped(**{"zones.csv": b"zone_id\n"})}), "is not a file that a study"),
        ("slip.zip", zipped(**{"../../../../tmp/x.sh": b"x"}), "is not a file that a study holds"),
        ("secrets.zip", zipped(**{"hazards/secret.tif": raster_of(Path("/etc/passwd"))}), "is not what its name says"),
    ],
    ids=["vrt", "ogr-vrt", "outline", "torn", "parquet-bomb", "xlsx-bomb", "zip-in-zip", "zip-slip", "vrt-in-zip"],
)  # fmt: skip
def test_a_file_that_does_harm_is_refused(
    client: TestClient, forum: Forum, name: str, content: bytes, problem: str
) -> None:
    assert len(content) < 1_000_000
    before = state(forum)
    answered = upload(client, (name, content))
    assert answered.status_code == 422
    assert problem in answered.text
    assert state(forum) == before
    assert list((forum.home / "drafts").iterdir()) == []


def test_a_file_in_a_folder_of_a_zip_lands_in_the_study_only(client: TestClient, forum: Forum) -> None:
    zones = (forum.home / "studies" / "mine" / "zones.csv").read_bytes()
    answered = upload(client, ("slip.zip", zipped(**{"../../../zones.csv": zones})))
    assert answered.status_code == 200
    assert [
        path.name for path in forum.home.parent.rglob("zones.csv") if path.parent.name not in {"mine", "toytown"}
    ] == []


def test_a_table_names_no_raster_outside_the_study(forum: Forum, tmp_path: Path) -> None:
    folder = forum.home / "studies" / "mine"
    layers = pd.read_csv(folder / "hazard_layers.csv")
    own = folder / layers["file"].iloc[0]
    shutil.copyfile(own, tmp_path / "others.tif")
    for file in (str(tmp_path / "others.tif"), "../../../others.tif", "hazards/../../../../others.tif"):
        layers.loc[0, "file"] = file
        (fault,) = rasters.layer_faults(folder, layers.head(1))
        assert "outside the study" in fault.problem
        layers.to_csv(folder / "hazard_layers.csv", index=False)
        assert any("outside" in fault.problem for fault in workshop.soundness(forum, EVERYONE_ALONE, "mine").faults)


def test_a_raster_that_names_another_file_is_not_read(forum: Forum, tmp_path: Path) -> None:
    folder = forum.home / "studies" / "mine"
    layers = pd.read_csv(folder / "hazard_layers.csv").head(1)
    file = folder / layers["file"].iloc[0]
    shutil.copyfile(file, tmp_path / "others.tif")
    file.write_bytes(raster_of(tmp_path / "others.tif"))
    with rasterio.open(file) as dataset:
        assert dataset.driver == "VRT", "what it would be without the guard"
    (fault,) = rasters.layer_faults(folder, layers)
    assert "is not a raster" in fault.problem


# --- addresses and formulas in tables ------------------------------------------------------------------------------


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[object]]:
    """Nobody is asked over the network: who would have been."""
    asked: list[object] = []

    def refuse(*given: object, **_options: object) -> None:
        asked.append(given[-1] if len(given) == 2 else given)
        raise OSError("offline")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    yield asked
    assert asked == []


def test_addresses_in_tables_are_shown_and_never_asked(client: TestClient, forum: Forum, offline: list[object]) -> None:
    sheet = workshop.read_table(forum, EVERYONE_ALONE, "mine", "sources")
    at = sheet.columns.index("url")
    evil = [
        "http://169.254.169.254/latest/meta-data",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "gopher://127.0.0.1:25/",
    ]
    cells = [[*row[:at], evil[i % len(evil)], *row[at + 1 :]] for i, row in enumerate(sheet.cells)]
    page = io.StringIO()
    csv.writer(page).writerows([sheet.columns, *cells])
    answered = upload(client, ("sources.csv", page.getvalue().encode()))
    assert answered.status_code in {200, 422}
    workshop.write_table(
        forum, EVERYONE_ALONE, "mine", "sources", sheet.columns, cells,
        mark=workshop.read_table(forum, EVERYONE_ALONE, "mine", "sources").mark, words="evil",
    )  # fmt: skip
    for path in (
        TABLES,
        f"{TABLES}/sources",
        "/en/studies/mine/",
        "/api/v1/studies/mine",
        "/api/v1/studies/mine/tables/sources",
    ):
        shown = client.get(path)
        assert shown.status_code == 200, path
        for scheme in ("javascript:", "file:", "gopher:"):
            assert f'href="{scheme}' not in shown.text


def test_a_table_that_a_program_fetches_as_csv_is_guarded_where_it_is_made_for_people(
    client: TestClient, forum: Forum
) -> None:
    sheet = workshop.read_table(forum, EVERYONE_ALONE, "mine", "zones")
    table = pd.DataFrame(sheet.cells, columns=sheet.columns)
    table["name"] = "=cmd|' /C calc'!A0"
    page = io.BytesIO()
    table.replace("", None).to_parquet(page)
    answered = upload(client, ("zones.parquet", page.getvalue()))
    assert answered.status_code == 200, answered.text[:3000]
    read = client.get("/api/v1/studies/mine/tables/zones", params={"format": "csv"})
    rows = list(csv.DictReader(io.StringIO(read.text)))
    assert {row["name"] for row in rows} == {"'=cmd|' /C calc'!A0"}
