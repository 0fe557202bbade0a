"""Work on a study through pages: who is refused what, hostile requests, uploads, the grid, conflicts, undo, jobs."""

from __future__ import annotations

import csv
import io
import re
import shutil
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import openpyxl
import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

from tests.web.work_site import PASSWORD, ROLES, open_site, work_app

from headwater import workshop
from headwater.forum import Forum, open_forum
from headwater.library import Library
from headwater.permissions import EVERYONE_ALONE
from headwater.store import jobs
from headwater.web.delivery import LARGEST_BODY
from headwater.web.pages_work import LARGEST_BODIES, LARGEST_PAGE, LARGEST_SENT, WORK_PAGES
from headwater.words import speaking

WORD = re.compile(r'name="csrf" value="([^"]+)"')
MARK = re.compile(r'name="mark" value="([0-9a-f]+)"')
EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{7*7}}${7*7}'; DROP TABLE edits;--"
TABLES = "/en/studies/mine/tables"
ZONES = f"{TABLES}/zones"

Browse = Callable[..., TestClient]


@pytest.fixture
def forum(tmp_path: Path) -> Forum:
    """A site for one person, with Toytown and a copy of it."""
    return open_site(tmp_path / "home")


@pytest.fixture
def client(library: Library, forum: Forum) -> TestClient:
    """The one person's browser."""
    return TestClient(work_app(library, forum), raise_server_exceptions=False, follow_redirects=False)


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


@pytest.fixture
def browse(library: Library, people: Forum) -> Browse:
    """A browser of the site with accounts, signed in where a name is given."""

    def opened(name: str = "") -> TestClient:
        client = TestClient(work_app(library, people), raise_server_exceptions=False, follow_redirects=False)
        if name:
            given = {"csrf": word(client, "/en/sign-in"), "name": name, "password": PASSWORD}
            assert client.post("/en/sign-in", data=given).status_code == 303
        return client

    return opened


def word(client: TestClient, page: str = "/en/studies/new") -> str:
    """The word against forged requests."""
    found = WORD.search(client.get(page, follow_redirects=True).text)
    return found.group(1) if found else ""


def mark(client: TestClient, page: str = ZONES) -> str:
    found = MARK.search(client.get(page).text)
    assert found, client.get(page).text
    return found.group(1)


def save(client: TestClient, page: str = ZONES, *, on: str = "", **fields: str) -> Any:
    """Save a page of the grid; names of fields are written with underscores."""
    given = {name.replace("_", "."): value for name, value in fields.items() if name not in {"do", "column"}}
    given |= {name: fields[name] for name in ("do", "column") if name in fields}
    return client.post(page, data={"csrf": word(client), "mark": on or mark(client, page), **given})


def upload(client: TestClient, *files: tuple[str, bytes], csrf: str | None = None) -> Any:
    sent = [("files", (name, content)) for name, content in files]
    return client.post(TABLES, data={"csrf": word(client) if csrf is None else csrf}, files=sent)


def state(forum: Forum) -> dict[str, bytes]:
    folder = forum.home / "studies" / "mine"
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def cells(forum: Forum, name: str = "zones") -> list[list[str]]:
    return workshop.read_table(forum, EVERYONE_ALONE, "mine", name).cells


def zipped(**files: bytes) -> bytes:
    page = io.BytesIO()
    with zipfile.ZipFile(page, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return page.getvalue()


# --- who may ------------------------------------------------------------------------------------------------------

CHANGING = sorted({route.path for route in WORK_PAGES if "POST" in (route.methods or ())})
EDIT = {"owner", "sharer", "boss"}
MAY = {
    "/{language}/studies/new": {"owner", "sharer", "viewer", "other", "boss", "critic"},
    "/{language}/studies/{study_id}/tables": EDIT,
    "/{language}/studies/{study_id}/tables/study.toml": EDIT,
    "/{language}/studies/{study_id}/tables/undo": EDIT,
    "/{language}/studies/{study_id}/tables/{name}": EDIT,
    "/{language}/studies/{study_id}/run": EDIT,
    "/{language}/jobs/{job_id}/cancel": EDIT,
    "/{language}/jobs/{job_id}/resume": EDIT,
    "/{language}/studies/{study_id}/sharing": {"owner", "boss"},
    "/{language}/studies/{study_id}/delete": {"owner", "boss"},
}
"""Who may send something to each address that changes something."""


def test_every_address_that_changes_something_is_in_the_table() -> None:
    assert set(MAY) == set(CHANGING)
    assert all(
        getattr(route.endpoint, "changes_something", False) for route in WORK_PAGES if "POST" in (route.methods or ())
    )


@pytest.mark.parametrize("name", ["", *ROLES])
def test_whoever_may_not_is_refused_on_every_path_and_nothing_changes(browse: Browse, people: Forum, name: str) -> None:
    with people.writing() as connection:
        job_id = jobs.add_job(connection, "mine", "plan", user_id=None)
    client = browse(name)
    before = state(people)
    for path in CHANGING:
        if name in MAY[path]:
            continue
        address = path.format(language="en", study_id="mine", name="zones", job_id=job_id)
        given = {
            "csrf": word(client, "/en/account" if name else "/en/sign-in"), "mark": "0", "make": "copy",
            "source": "toytown", "study_id": "mine", "step": "plan", "public": "yes", "edit_id": "1", "page": "x",
            "c.0.1": "stolen",
        }  # fmt: skip
        answered = client.post(address, data=given)
        assert answered.status_code in {403, 404}, (name, path, answered.status_code)
    assert state(people) == before
    assert [known.study_id for known in people.studies(None)] == ["toytown"]
    with people.writing() as connection:
        assert jobs.read_job(connection, job_id)["state"] == "queued"
        assert not jobs.read_job(connection, job_id)["is_cancelled"]


def test_whoever_may_not_read_a_study_learns_nothing_of_it(browse: Browse) -> None:
    for name in ("", "other", "reader", "critic"):
        client = browse(name)
        for page in ("tables", "tables/zones", "tables/study.toml", "tables.zip", "tables/zones/csv", "run", "sharing"):
            answered = client.get(f"/en/studies/mine/{page}")
            assert answered.status_code == 404, (name, page)
            assert "Toytown" not in answered.text


def test_whoever_may_only_read_sees_tables_and_no_form(browse: Browse) -> None:
    client = browse("viewer")
    for page in (TABLES, ZONES, f"{TABLES}/study.toml", "/en/studies/mine/run"):
        shown = client.get(page)
        assert shown.status_code == 200
        assert '<form method="post"' not in shown.text
    assert client.get(f"{ZONES}/csv").status_code == 200
    assert client.get("/en/studies/mine/sharing").status_code == 403
    assert client.get("/en/studies/mine/start").status_code == 403


def test_those_who_may_edit_can(browse: Browse, people: Forum) -> None:
    for name in ("owner", "sharer", "boss"):
        client = browse(name)
        assert save(client, c_0_1=f"changed by {name}").status_code == 303
        assert f"changed by {name}" in client.get(ZONES).text
    assert "sharer" in client.get(ZONES).text, "the list of changes says who"


# --- forged and hostile -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", CHANGING)
def test_a_request_that_was_not_meant_changes_nothing(client: TestClient, forum: Forum, path: str) -> None:
    with forum.writing() as connection:
        job_id = jobs.add_job(connection, "mine", "plan", user_id=None)
    address, before = path.format(language="en", study_id="mine", name="zones", job_id=job_id), state(forum)
    right = word(client)
    given = {"study_id": "mine", "mark": "0", "step": "assess", "make": "copy", "source": "toytown"}
    assert client.post(address, data=given).status_code == 403
    assert client.post(address, data=given | {"csrf": "wrong"}).status_code == 403
    for header in ({"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}, {"origin": "null"}):
        assert client.post(address, data=given | {"csrf": right}, headers=header).status_code == 403
    assert client.get(address.replace("/undo", "/no-such")).status_code in {200, 404, 405}
    assert state(forum) == before


def test_names_that_lead_elsewhere_lead_nowhere(client: TestClient, forum: Forum) -> None:
    before = state(forum)
    for name in ("..%2fstudy", "%2e%2e%2fzones", "assets.csv", "passwd", "zo%00nes", "study.toml%00"):
        assert client.get(f"{TABLES}/{name}").status_code in {400, 404}
        assert client.post(f"{TABLES}/{name}", data={"csrf": word(client), "mark": "0"}).status_code in {400, 404, 405}
    for name in ("../../etc/passwd", "..\\..\\zones.csv.exe", "/etc/cron.d/x", "hazards/../../../x.sh"):
        answered = upload(client, (name, b"zone_id\n"))
        assert answered.status_code == 422
        assert "is not a file that a study holds" in answered.text
    for study in ("..", ".", "%2e%2e", "mine%2f..", "MINE", "mi%00ne"):
        assert client.get(f"/en/studies/{study}/tables").status_code in {307, 404}
    assert state(forum) == before


def test_a_bomb_is_refused_with_its_reason(client: TestClient, forum: Forum) -> None:
    before = state(forum)
    bomb = zipped(**{"assets.csv": b"0" * (64 * 1024 * 1024)})
    assert len(bomb) < 100_000
    answered = upload(client, ("bomb.zip", bomb))
    assert answered.status_code == 422
    assert "is larger than can be taken" in answered.text
    assert "Nothing was changed" in answered.text
    assert state(forum) == before
    assert list((forum.home / "drafts").iterdir()) == []


def test_limits_are_those_of_the_address(client: TestClient) -> None:
    csrf, much = word(client), "x" * (LARGEST_BODY + 1)
    assert client.post("/en/studies/new", data={"csrf": csrf, "study_id": much}).status_code == 413
    assert client.post("/en/studies/mine/run", data={"csrf": csrf, "step": much}).status_code == 413
    assert client.post("/en/studies/mine/sharing", data={"csrf": csrf, "name": much}).status_code == 413
    assert client.post(ZONES, data={"csrf": csrf, "mark": "0", "c.0.1": much}).status_code == 409, (
        "pages of rows are large"
    )
    assert client.post(ZONES, data={"csrf": csrf, "c.0.1": "x" * (LARGEST_PAGE + 1)}).status_code == 413
    said = {"content-length": str(LARGEST_SENT + 1), "content-type": "multipart/form-data; boundary=x"}
    assert client.post(TABLES, content=b"", headers=said).status_code == 413
    fitting = [size for pattern, size in LARGEST_BODIES.items() if re.match(pattern, "/en/studies/mine/tables/x/y")]
    assert fitting == []


def test_a_stranger_is_refused_before_a_byte_is_read(browse: Browse, people: Forum) -> None:
    client = browse("other")
    read = []

    def body() -> Any:
        for _number in range(50):
            read.append(1)
            yield b"x" * 100_000

    answered = client.post(TABLES, content=body(), headers={"content-type": "multipart/form-data; boundary=x"})
    assert answered.status_code == 404


def test_hostile_words_in_cells_and_titles_show_as_words(client: TestClient, forum: Forum) -> None:
    assert save(client, c_0_1=EVIL).status_code == 303
    assert cells(forum)[0][1] == EVIL, "kept as typed"
    assert save(client, f"{TABLES}/assets", c_0_2=EVIL, c_0_0=EVIL).status_code == 303
    text = (forum.home / "studies" / "mine" / "study.toml").read_text(encoding="utf-8")
    named = text.replace('"Toytown: a made-up district"', f"'''{EVIL}'''")
    sent = client.post(
        f"{TABLES}/study.toml", data={"csrf": word(client), "mark": mark(client, f"{TABLES}/study.toml"), "page": named}
    )
    assert sent.status_code == 303
    assert save(client, on="f" * 64, c_0_1=EVIL, n_0_1=EVIL).status_code == 409
    ours = (
        "tables",
        "tables/zones?row=2",
        "tables/assets",
        "tables/assets?row=2",
        "tables/study.toml",
        "run",
        "delete",
    )
    for page in (ZONES, "/en/studies/new", "/en/studies/mine/sharing", *(f"/en/studies/mine/{path}" for path in ours)):
        shown = client.get(page)
        assert shown.status_code == 200, page
        assert "<script>alert" not in shown.text
        assert "<img src=x" not in shown.text
        assert "49" not in re.findall(r"\{\{?7\*7\}?\}|\$\{7\*7\}|(49)\$\{", shown.text)
    refused = upload(client, (f"{EVIL}.csv", b"x"), ("assets.csv", f"asset_id,name\n{EVIL},x".encode()))
    assert refused.status_code == 422
    assert "<script>alert" not in refused.text


# --- making -------------------------------------------------------------------------------------------------------


def test_a_study_is_made_and_says_what_comes_next(client: TestClient, forum: Forum) -> None:
    page = client.get("/zh/studies/new").text
    assert "马拉维" in page
    assert ">Malawi<" in client.get("/en/studies/new").text
    given = {"csrf": word(client), "make": "empty", "study_id": "malawi", "iso3": "MWI", "year": "2026"}
    made = client.post("/en/studies/new", data=given)
    assert made.headers["location"] == "/en/studies/malawi/start"
    assert "Five steps" in client.get("/en/studies/malawi/start").text
    assert {fault.file for fault in workshop.soundness(forum, EVERYONE_ALONE, "malawi").faults} <= {
        "sources.csv",
        "assets.csv",
    }
    again = client.post("/en/studies/new", data=given)
    assert again.status_code == 400
    assert "There is a study malawi already" in again.text
    assert 'value="malawi"' in again.text, "what was typed is kept"
    for bad in (
        {"study_id": "Ünfit"},
        {"iso3": "XX"},
        {"year": "soon"},
        {"year": ""},
        {"make": "copy", "source": "none"},
    ):
        answered = client.post("/en/studies/new", data=given | {"study_id": "other"} | bad)
        assert answered.status_code == 400, bad
    assert {known.study_id for known in forum.studies(EVERYONE_ALONE)} == {"toytown", "mine", "malawi"}
    copy = client.post("/en/studies/new", data=given | {"make": "copy", "source": "toytown", "study_id": "second"})
    assert copy.status_code == 303


# --- sending ------------------------------------------------------------------------------------------------------


def test_a_good_upload_says_what_changed(client: TestClient, forum: Forum) -> None:
    content = (forum.home / "studies" / "mine" / "zones.csv").read_text(encoding="utf-8").splitlines()
    content[1] = content[1].replace(",", ",renamed ", 1)
    answered = upload(client, ("zones.csv", "\n".join(content[:-1]).encode()))
    assert answered.status_code == 200
    assert "rows now: 7; added: 0, deleted: 1, cells changed: 1" in answered.text
    assert cells(forum)[0][1].startswith("renamed ")
    assert "Sent as a file: zones.csv" in client.get(ZONES).text
    assert (
        "上传文件：zones.csv" in client.get("/zh/studies/mine/tables/zones").text
        or "Sent as" not in client.get("/zh/studies/mine/tables/zones").text
    )


@pytest.mark.parametrize("code", ["en", "zh"])
def test_a_spoilt_upload_shows_every_fault_and_changes_nothing(client: TestClient, forum: Forum, code: str) -> None:
    before = state(forum)
    spoilt = before["assets.csv"].decode().replace("transport", "trnsport").replace("POINT", "PINT")
    address = TABLES.replace("/en/", f"/{code}/")
    answered = client.post(
        address,
        data={"csrf": word(client)},
        files=[("files", ("assets.csv", spoilt)), ("files", ("zones.csv", before["zones.csv"]))],
    )
    assert answered.status_code == 422
    with speaking(code), pytest.raises(Exception, match="assets") as refused:
        workshop.send_tables(forum, EVERYONE_ALONE, "mine", [workshop.Sent("assets.csv", io.BytesIO(spoilt.encode()))])
    for fault in refused.value.faults:  # type: ignore[attr-defined]
        assert str(fault.column) in answered.text
    assert answered.text.count("trnsport") >= 5
    assert answered.text.count("PINT") >= 5
    assert state(forum) == before


def test_a_header_that_is_no_toml_is_refused_as_a_fault(client: TestClient, forum: Forum) -> None:
    before = state(forum)
    answered = upload(client, ("study.toml", b"[study\n"))
    assert answered.status_code == 422
    assert "study.toml" in answered.text
    assert state(forum) == before


def test_nothing_chosen_is_said(client: TestClient) -> None:
    answered = client.post(TABLES, data={"csrf": word(client)}, files=[("files", ("", b""))])
    assert answered.status_code == 422
    assert "nothing was sent" in answered.text


# --- fetching -----------------------------------------------------------------------------------------------------


def test_what_is_fetched_is_guarded_and_comes_back_as_it_was(client: TestClient, forum: Forum) -> None:
    risky = ["=cmd|' /C calc'!A0", "+SUM(1)", "@x", "-x", "-5", "'plain"]
    for number, words in enumerate(risky):
        assert save(client, **{f"c_{number}_1": words}).status_code == 303
    before = cells(forum)
    rows = list(csv.reader(io.StringIO(client.get(f"{ZONES}/csv").content.decode("utf-8-sig"))))
    assert [row[1] for row in rows[1:7]] == ["'=cmd|' /C calc'!A0", "'+SUM(1)", "'@x", "'-x", "-5", "'plain"]
    book = openpyxl.load_workbook(io.BytesIO(client.get(f"{ZONES}/xlsx").content))
    found = [book.active.cell(row=row, column=2) for row in range(2, 8)]  # type: ignore[union-attr]
    assert [cell.data_type for cell in found] == ["s", "s", "s", "s", "n", "s"], "nothing is a formula"
    archive = zipfile.ZipFile(io.BytesIO(client.get(f"{TABLES}.zip").content))
    assert b"'=cmd" in archive.read("mine/zones.csv")
    assert {"mine/study.toml", "mine/zones.csv", "mine/assets.csv"} <= set(archive.namelist())
    answered = upload(client, ("mine.zip", client.get(f"{TABLES}.zip").content))
    assert answered.status_code == 200, re.sub("<[^>]+>", " ", answered.text)[:3000]
    assert cells(forum) == before


def test_templates_and_what_is_not_there(client: TestClient) -> None:
    assert client.get(f"{TABLES}/demand/template.csv").text.lstrip("\ufeff").startswith("zone_id,")
    for page in (f"{TABLES}/nothing/csv", f"{ZONES}/pdf", f"{ZONES}/file"):
        assert client.get(page).status_code == 404


# --- the grid -----------------------------------------------------------------------------------------------------


def test_cells_rows_and_columns_are_changed_without_javascript(client: TestClient, forum: Forum) -> None:
    before = cells(forum)
    width = len(before[0])
    added = {f"n_0_{column}": cell for column, cell in enumerate(["z_new", *before[0][1:]])}
    answered = save(client, c_1_1="two  spaces ", d_2="yes", do="save", column="name", **added)
    assert answered.status_code == 303
    after = cells(forum)
    assert after[1][1] == "two  spaces "
    assert before[2] not in after
    assert after[-1] == ["z_new", *before[0][1:]]
    assert len(after) == len(before)
    assert len(after[0]) == width, "a column that is there is not added"
    assert save(client, column="nonsense<", c_0_1="x").status_code == 303
    assert len(cells(forum)[0]) == width
    known = workshop.read_table(forum, EVERYONE_ALONE, "mine", "zones").columns
    new = next(name for name in ("income_usd_per_yr", "group", "region", "notes", "name_zh") if name not in known)
    save(client, column=new)
    assert workshop.read_table(forum, EVERYONE_ALONE, "mine", "zones").columns in ([*known, new], known)
    shown = client.get(ZONES).text
    assert "cells changed: 1; rows added: 1; rows deleted: 1" in shown
    assert "改动单元格：1; 新增行：1; 删除行：1" in client.get("/zh/studies/mine/tables/zones").text.replace("；", "; ")


def test_a_copied_row_waits_in_the_form(client: TestClient, forum: Forum) -> None:
    before = state(forum)
    answered = save(client, c_0_1="typed", do="copy:0")
    assert answered.status_code == 200
    assert answered.text.count('value="typed"') == 2
    assert 'name="n.0.0"' in answered.text
    assert state(forum) == before


def test_nothing_different_is_said_and_not_written_down(client: TestClient, forum: Forum) -> None:
    answered = save(client, c_0_1=cells(forum)[0][1])
    assert "done=same" in answered.headers["location"]
    assert workshop.changes(forum, EVERYONE_ALONE, "mine") == []


def test_a_long_table_comes_in_pages_and_each_is_saved_alone(client: TestClient, forum: Forum) -> None:
    columns = workshop.read_table(forum, EVERYONE_ALONE, "mine", "sources").columns
    lines = [",".join(columns)] + [",".join([f"s{i}"] + ["x"] * (len(columns) - 1)) for i in range(120)]
    path = forum.home / "studies" / "mine" / "sources.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    page = f"{TABLES}/sources"
    third = client.get(f"{page}?page=3").text
    assert 'value="s100"' in third
    assert 'value="s99"' not in third
    assert client.get(f"{page}?page=99").text.count("s119") == third.count("s119")
    given = {"csrf": word(client), "mark": mark(client, page), "c.119.1": "last"}
    answered = client.post(f"{page}?page=3", data=given)
    assert answered.headers["location"] == f"{page}?page=3&done=saved"
    assert cells(forum, "sources")[119][1] == "last"
    assert cells(forum, "sources")[118][1] == "x"


def test_faults_stand_in_their_cells_with_what_to_do(client: TestClient) -> None:
    page = f"{TABLES}/assets"
    save(client, page, c_1_2="enrgy", c_2_0="n_b")
    shown = client.get(page).text
    assert 'value="enrgy"' in shown
    assert re.search(r'value="enrgy"[^>]*aria-invalid="true" aria-describedby="(f-3-2)"', shown)
    assert "write one of energy" in shown
    listed = client.get(TABLES).text
    assert f'href="{page}#r-3"' in listed
    assert "The study cannot be computed" in listed
    assert "faults: " in listed


def test_a_cell_too_long_for_the_grid_is_edited_with_its_row(client: TestClient, forum: Forum) -> None:
    long = "POLYGON ((" + ", ".join(f"{i} {i}" for i in range(40_000)) + "))"
    page = f"{TABLES}/assets"
    column = workshop.read_table(forum, EVERYONE_ALONE, "mine", "assets").columns.index("geometry")
    assert len(long) > 131_072, "longer than Python's csv takes unless told"
    save(client, page, **{f"c_0_{column}": long, "c_0_1": "two\nlines"})
    shown = client.get(page).text
    assert f'name="c.0.{column}"' not in shown
    assert 'name="c.0.1"' not in shown, "an input would lose the line end"
    assert f'name="c.1.{column}"' in shown
    alone = client.get(f"{page}?row=2").text
    assert long in alone
    save(client, page, c_1_1="next")
    assert cells(forum, "assets")[0][column] == long
    assert client.get(f"{page}?row=1").status_code == 404
    assert client.get(f"{page}?row=999").status_code == 404


def test_a_line_end_of_a_browser_is_no_change(client: TestClient, forum: Forum) -> None:
    save(client, c_0_1="two\r\nlines")
    assert cells(forum)[0][1] == "two\nlines"
    assert "done=same" in save(client, c_0_1="two\r\nlines").headers["location"]


def test_a_table_that_would_not_come_back_as_it_was_is_not_edited(client: TestClient, forum: Forum) -> None:
    path = forum.home / "studies" / "mine" / "zones.csv"
    for content in (b"zone_id,name\na,b,c\n", "zone_id,name\na,Côte".encode("latin-1")):
        path.write_bytes(content)
        shown = client.get(ZONES).text
        assert "cannot be edited here" in shown
        assert client.post(ZONES, data={"csrf": word(client), "mark": "0", "c.0.1": "x"}).status_code == 400
        assert path.read_bytes() == content


def test_rows_are_counted_as_the_check_counts_them(client: TestClient, forum: Forum) -> None:
    path = forum.home / "studies" / "mine" / "assets.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    lines[3:3] = ["", "," * lines[0].count(",")]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    faults = workshop.soundness(forum, EVERYONE_ALONE, "mine").faults
    blank = {fault.row for fault in faults if fault.file == "assets.csv" and "missing" in fault.problem}
    empty = [number for number, row in enumerate(cells(forum, "assets"), start=2) if not any(row)]
    assert blank == set(empty)


# --- two at once --------------------------------------------------------------------------------------------------


def test_the_second_of_two_editors_sees_both_versions_and_nothing_is_overwritten(browse: Browse, people: Forum) -> None:
    first, second = browse("owner"), browse("sharer")
    on = mark(second)
    assert save(first, c_0_1="theirs", c_1_1="theirs too").status_code == 303
    before = state(people)
    answered = second.post(ZONES, data={"csrf": word(second), "mark": on, "c.0.1": "mine", "c.3.1": "mine alone"})
    assert answered.status_code == 409
    assert state(people) == before
    told = re.sub(r"\s+", " ", answered.text)
    assert "Nothing was overwritten" in told
    assert re.search('<td class="mine"[^>]*>mine</td><td class="theirs"[^>]*>theirs</td>', told)
    assert 'name="c.0.1" value="mine"' in told, "mine stays in the form"
    assert 'name="c.3.1" value="mine alone"' in told
    new = MARK.search(answered.text)
    assert new
    given = {"csrf": word(second), "mark": new.group(1), "c.0.1": "mine", "c.3.1": "mine alone"}
    assert second.post(ZONES, data=given).status_code == 303
    owner = people.study(None, "toytown")
    assert owner
    sheet = list(csv.reader(io.StringIO(state(people)["zones.csv"].decode())))
    assert [sheet[1][1], sheet[2][1], sheet[4][1]] == ["mine", "theirs too", "mine alone"]


def test_a_row_that_moved_is_found_and_one_that_is_gone_is_kept(browse: Browse, people: Forum) -> None:
    first, second = browse("owner"), browse("sharer")
    on, rows = mark(second), list(csv.reader(io.StringIO(state(people)["zones.csv"].decode())))
    assert save(first, d_0="yes").status_code == 303
    answered = second.post(ZONES, data={"csrf": word(second), "mark": on, "c.0.1": "kept", "c.2.1": "moved"})
    assert answered.status_code == 409
    assert 'name="c.1.1" value="moved"' in answered.text, "one row up, since one above is gone"
    assert f'name="n.0.0" value="{rows[1][0]}"' in answered.text, "the row that is gone waits to be added again"
    assert "deleted" in answered.text


def test_what_was_typed_on_an_unknown_version_is_given_back(client: TestClient) -> None:
    answered = save(client, on="a" * 64, c_0_1="precious", n_0_1="also")
    assert answered.status_code == 409
    assert "precious" in answered.text
    assert "also" in answered.text


# --- taking back --------------------------------------------------------------------------------------------------


def test_every_change_can_be_taken_back_one_after_the_other(client: TestClient, forum: Forum) -> None:
    before = state(forum)["zones.csv"]
    for words in ("one", "two"):
        save(client, c_0_1=words)
    for _round in range(2):
        found = re.search(r'name="edit_id" value="(\d+)"', client.get(ZONES).text)
        assert found
        answered = client.post(f"{TABLES}/undo", data={"csrf": word(client), "edit_id": found.group(1)})
        assert answered.status_code == 303
    first = re.findall(r'name="edit_id" value="(\d+)"', client.get(ZONES).text)
    assert first, "taking back can be taken back"
    changes = workshop.changes(forum, EVERYONE_ALONE, "mine")
    assert len(changes) == 4
    oldest = [change for change in changes if change["words"] == "cells changed: 1"][-1]
    answered = client.post(f"{TABLES}/undo", data={"csrf": word(client), "edit_id": str(oldest["edit_id"])})
    assert answered.status_code in {303, 404, 409}
    if cells(forum)[0][1] == before.decode().splitlines()[1].split(",")[1]:
        assert state(forum)["zones.csv"] == before
    for bad in ("", "0", "99999", "x", "1; DROP TABLE edits"):
        assert client.post(f"{TABLES}/undo", data={"csrf": word(client), "edit_id": bad}).status_code == 404


def test_a_change_of_another_study_cannot_be_taken_back_here(client: TestClient, forum: Forum) -> None:
    save(client, c_0_1="secret")
    save(client, c_0_1=cells(forum)[1][1])
    workshop.copy_study(forum, EVERYONE_ALONE, "mine", "twin")
    newest = workshop.changes(forum, EVERYONE_ALONE, "mine")[0]
    given = {"csrf": word(client), "edit_id": str(newest["edit_id"])}
    assert client.post("/en/studies/twin/tables/undo", data=given).status_code == 404
    assert workshop.read_table(forum, EVERYONE_ALONE, "twin", "zones").cells[0][1] != "secret"


# --- the header ---------------------------------------------------------------------------------------------------


def test_the_header_is_edited_as_text_with_faults_conflicts_and_undo(client: TestClient, forum: Forum) -> None:
    page = f"{TABLES}/study.toml"
    text, on = workshop.read_header(forum, EVERYONE_ALONE, "mine")
    csrf = word(client)
    for bad in (text.replace("[study]", "[study"), text.replace("2125", "1900"), ""):
        answered = client.post(page, data={"csrf": csrf, "mark": on, "page": bad})
        assert answered.status_code == 422
        assert "Not saved" in answered.text
    assert workshop.read_header(forum, EVERYONE_ALONE, "mine") == (text, on)
    good = text.replace("made-up district", "invented district")
    assert client.post(page, data={"csrf": csrf, "mark": on, "page": good.replace("\n", "\r\n")}).status_code == 303
    assert workshop.read_header(forum, EVERYONE_ALONE, "mine")[0] == good
    late = client.post(page, data={"csrf": csrf, "mark": on, "page": text + "# mine\n"})
    assert late.status_code == 409
    assert "# mine" in late.text
    assert "invented district" in late.text
    edit = workshop.changes(forum, EVERYONE_ALONE, "mine", "study.toml")[0]
    assert client.post(f"{TABLES}/undo", data={"csrf": csrf, "edit_id": str(edit["edit_id"])}).status_code == 303
    assert workshop.read_header(forum, EVERYONE_ALONE, "mine") == (text, on)


# --- jobs and sharing ---------------------------------------------------------------------------------------------


def test_a_job_is_asked_for_shown_stopped_and_resumed(client: TestClient, forum: Forum) -> None:
    asked = client.post("/en/studies/mine/run", data={"csrf": word(client), "step": "assess"})
    address = asked.headers["location"]
    job_id = address.rpartition("/")[2]
    page = client.get(address)
    assert "Waiting for its turn" in page.text
    assert '<noscript><meta http-equiv="refresh"' in page.text or '<meta http-equiv="refresh"' in page.text
    part = client.get(address, headers={"hx-request": "true"})
    assert part.text.startswith('<div id="job"')
    with forum.writing() as connection:
        jobs.take_job(connection, "w")
        jobs.beat(connection, job_id, "w", doing="Damage", done=3, total=9)
    assert '<progress id="progress" max="9" value="3">' in client.get(address).text
    assert client.post(f"{address}/cancel", data={"csrf": word(client)}).status_code == 303
    assert "Stopping" in client.get(address).text
    with forum.writing() as connection:
        jobs.end_job(connection, job_id, "w", "cancelled")
    ended = client.get(address).text
    assert "Stopped" in ended
    assert "hx-trigger" not in ended
    assert 'http-equiv="refresh"' not in ended
    again = client.post(f"{address}/resume", data={"csrf": word(client)})
    assert again.status_code == 303
    assert again.headers["location"] != address
    with forum.writing() as connection:
        jobs.take_job(connection, "w")
        jobs.end_job(connection, again.headers["location"].rpartition("/")[2], "w", "failed", error=f"bad\n{EVIL}")
    failed = client.get(again.headers["location"]).text
    assert "What was finished is kept" in failed
    assert "<script>alert" not in failed
    assert "失败" in client.get(again.headers["location"].replace("/en/", "/zh/")).text
    assert client.get("/en/studies/mine/run").text.count("/en/jobs/") >= 2
    assert client.post("/en/studies/mine/run", data={"csrf": word(client), "step": "rm -rf"}).status_code == 400
    assert client.get("/en/jobs/nothing").status_code == 404


def test_a_study_is_shared_opened_and_taken_away(browse: Browse, people: Forum) -> None:
    owner, other = browse("owner"), browse("other")
    page = "/en/studies/mine/sharing"
    csrf = word(owner, page)
    assert owner.post(page, data={"csrf": csrf, "name": "other", "access": "read"}).status_code == 303
    assert other.get(TABLES).status_code == 200
    assert other.get(page).status_code == 403
    assert owner.post(page, data={"csrf": csrf, "name": "other", "access": "none"}).status_code == 303
    assert other.get(TABLES).status_code == 404
    for bad in ({"name": "nobody", "access": "read"}, {"name": "other", "access": "own"}):
        assert owner.post(page, data={"csrf": csrf, **bad}).status_code == 400
    assert owner.post(page, data={"csrf": csrf, "public": "yes"}).status_code == 303
    assert browse().get(TABLES).status_code == 200
    owner.post(page, data={"csrf": csrf, "public": "no"})
    assert browse().get(TABLES).status_code == 404
    away = "/en/studies/mine/delete"
    assert owner.post(away, data={"csrf": csrf, "study_id": "wrong"}).status_code == 400
    assert owner.get(TABLES).status_code == 200
    assert owner.post(away, data={"csrf": csrf, "study_id": "mine"}).status_code == 303
    assert owner.get(TABLES).status_code == 404
    assert [path.name.startswith("mine-") for path in (people.home / "bin").iterdir()] == [True]


def test_other_languages_are_led_to_english(client: TestClient) -> None:
    assert client.get("/ar/studies/mine/tables?x=1").headers["location"] == "/en/studies/mine/tables?x=1"


def test_page_of_the_grid_holds_what_its_query_says(client: TestClient) -> None:
    assert client.get(f"{ZONES}?{urlencode({'page': EVIL, 'row': '', 'done': EVIL})}").status_code == 200
    assert client.get(f"{ZONES}?row=-1").status_code == 200
