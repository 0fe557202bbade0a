"""Contributing through pages: who is refused what, forms and files, hostile requests, faults in place, conflicts."""

from __future__ import annotations

import html
import io
import re
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

from tests.web.contribute_site import MET, PASSWORD, ROLES, contribute_app, open_hub, open_site, term

from headwater import contribution
from headwater.catalogue.records import FOLDERS, KINDS, fields_of
from headwater.catalogue.review import criteria
from headwater.forum import Forum
from headwater.library import Library
from headwater.permissions import EVERYONE_ALONE, User
from headwater.store.entry_text import NEW, read_text
from headwater.web.pages_contribute import CONTRIBUTE_PAGES

WORD = re.compile(r'name="csrf" value="([^"]+)"')
EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{7*7}}${7*7}'; DROP TABLE drafts;--"
Browse = Callable[[str], TestClient]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Forum, dict[str, User], Library]:
    """A site with accounts; tests keep to entries of their own."""
    folder = tmp_path_factory.mktemp("site")
    forum, people = open_site(folder / "home", is_alone=False)
    return forum, people, open_hub(folder, folder / "home")


@pytest.fixture
def forum(whole: Any) -> Forum:
    return whole[0]


@pytest.fixture
def people(whole: Any) -> dict[str, User]:
    return whole[1]


@pytest.fixture
def library(whole: Any) -> Library:
    return whole[2]


@pytest.fixture(scope="module")
def browsers(whole: Any) -> dict[str, TestClient]:
    """A browser for everybody, signed in."""
    app = contribute_app(whole[2], whole[0])
    made = {}
    for name in ("", *ROLES):
        made[name] = TestClient(app, raise_server_exceptions=False, follow_redirects=False)
        if name:
            given = {"csrf": word(made[name], "/en/sign-in"), "name": name, "password": PASSWORD}
            assert made[name].post("/en/sign-in", data=given).status_code == 303
    return made


@pytest.fixture
def browse(browsers: dict[str, TestClient]) -> Browse:
    return lambda name: browsers[name]


def word(client: TestClient, page: str = "/en/contribute/term") -> str:
    found = WORD.search(client.get(page, follow_redirects=True).text)
    return found.group(1) if found else ""


def send(client: TestClient, address: str, **data: Any) -> Any:
    return client.post(address, data={"csrf": word(client), **{k.replace("__", "."): v for k, v in data.items()}})


def began(client: TestClient, record_id: str, text: str = "", do: str = "save") -> str:
    """Send a draft as a file; says its name."""
    given = {"view": "file", "text": text or term(record_id.title(), f"{record_id}（中）"), "record_id": record_id}
    answered = send(client, "/en/contribute/term", do=do, **given)
    assert answered.status_code == 303, answered.text
    found = re.search(r"/drafts/([0-9a-f]+)", answered.headers["location"])
    assert found
    return found[1]


def verdicts(**changed: str) -> dict[str, str]:
    return {f"c.{name}": changed.get(name.replace("-", "_"), "yes") for name in criteria()}


# --- who may ------------------------------------------------------------------------------------------------------

CHANGING = sorted({route.path for route in CONTRIBUTE_PAGES if "POST" in (route.methods or ())})
REVIEWERS = {"critic", "second", "boss"}
PROPOSERS = {"writer", "other", *REVIEWERS}
MAY = {
    "/{language}/contribute/export": REVIEWERS,
    "/{language}/contribute/{kind}": PROPOSERS,
    "/{language}/contribute/{kind}/{record_id}": PROPOSERS,
    "/{language}/contribute/drafts/{draft_id}/edit": {"writer"},
    "/{language}/contribute/drafts/{draft_id}/submit": {"writer"},
    "/{language}/contribute/drafts/{draft_id}/recall": {"writer"},
    "/{language}/contribute/drafts/{draft_id}/withdraw": {"writer", "boss"},
    "/{language}/contribute/drafts/{draft_id}/review": REVIEWERS,
}
"""Who may send something to each address that changes something, of a draft of `writer` that waits for review."""


def test_every_address_that_changes_something_is_in_the_table() -> None:
    assert set(MAY) == set(CHANGING)
    assert all(
        getattr(route.endpoint, "changes_something", False)
        for route in CONTRIBUTE_PAGES
        if "POST" in (route.methods or ())
    )


@pytest.mark.parametrize("name", ["", *ROLES])
def test_whoever_may_not_is_refused_on_every_path_and_nothing_changes(
    browse: Browse, forum: Forum, people: dict[str, User], name: str
) -> None:
    draft_id = began(browse("writer"), f"waits-{name or 'nobody'}", do="submit")
    before = contribution.read_draft(forum, people["writer"], draft_id)
    assert before.state == "submitted"
    client = browse(name)
    csrf = word(client, "/en/account" if name else "/en/sign-in")
    for path in CHANGING:
        if name in MAY[path]:
            continue
        address = path.format(language="en", kind="term", record_id="asset", draft_id=draft_id)
        given = {"csrf": csrf, "do": "publish", "version": "1", "view": "file", "text": term("Stolen"), **verdicts()}
        given |= {"record_id": "stolen"}
        answered = client.post(address, data=given)
        assert answered.status_code in {403, 404}, (path, answered.status_code)
    assert contribution.read_draft(forum, people["writer"], draft_id) == before
    assert not (forum.home / "content" / "glossary" / "stolen.md").exists()


@pytest.mark.parametrize("path", CHANGING)
def test_nothing_is_changed_without_the_word_of_the_page_or_from_another_site(
    browse: Browse, forum: Forum, people: dict[str, User], path: str
) -> None:
    record_id = "word-" + re.sub(r"[^a-z]+", "-", path).strip("-")[-20:].strip("-")
    draft_id = began(browse("writer"), record_id, do="submit")
    before = contribution.read_draft(forum, people["writer"], draft_id)
    address = path.format(language="en", kind="term", record_id="asset", draft_id=draft_id)
    given = {
        "do": "publish",
        "version": "1",
        "view": "file",
        "text": term("Forged"),
        "record_id": "forged",
        **verdicts(),
    }
    for name in sorted(MAY[path] - {"boss"})[:1]:
        client = browse(name)
        assert client.post(address, data=given).status_code == 403
        assert client.post(address, data={**given, "csrf": "wrong"}).status_code == 403
        elsewhere = {"sec-fetch-site": "cross-site", "origin": "https://evil.example"}
        assert client.post(address, data={**given, "csrf": word(client)}, headers=elsewhere).status_code == 403
    assert contribution.read_draft(forum, people["writer"], draft_id) == before


def test_a_draft_is_seen_by_its_author_and_by_reviewers_once_it_was_handed_in(browse: Browse) -> None:
    draft_id = began(browse("writer"), "seen")
    pages = [f"/en/contribute/drafts/{draft_id}{part}" for part in ("", "/preview", "/diff", "/edit", "/review")]
    for name in ("other", "critic", "reader"):
        for page in pages:
            answered = browse(name).get(page)
            assert answered.status_code in {403, 404}, (name, page)
            assert "seen（中）" not in answered.text
    assert browse("").get(pages[0]).status_code == 303
    assert [browse("writer").get(page).status_code for page in pages] == [200, 200, 200, 200, 403]
    send(browse("writer"), f"{pages[0]}/submit", version="1")
    assert [browse("critic").get(page).status_code for page in pages] == [200, 200, 200, 403, 200]
    assert browse("other").get(pages[0]).status_code == 404


def test_the_list_shows_everybody_what_is_theirs(browse: Browse) -> None:
    began(browse("writer"), "listed", do="submit")
    assert "Sign in to propose" in browse("").get("/en/contribute/").text
    assert "Your account can read" in browse("reader").get("/en/contribute/").text
    assert "What you proposed" in browse("writer").get("/en/contribute/").text
    assert "Listed" in browse("critic").get("/en/contribute/").text
    assert "To review" not in browse("other").get("/en/contribute/").text
    assert "Listed" not in browse("other").get("/en/contribute/").text


def test_whoever_is_not_signed_in_is_asked_to(browse: Browse) -> None:
    for page in ("/en/contribute/term", "/zh/contribute/term/asset"):
        answered = browse("").get(page)
        assert answered.status_code == 303
        assert "sign-in?on=" in answered.headers["location"]
    assert browse("reader").get("/en/contribute/term").status_code == 403


def test_a_hub_without_accounts_has_no_such_page(library: Library) -> None:
    from headwater.web.app import create_app

    assert TestClient(create_app(library)).get("/en/contribute/").status_code == 404


# --- the whole way ------------------------------------------------------------------------------------------------


def test_the_whole_way_through_pages(browse: Browse, library: Library) -> None:
    writer, critic = browse("writer"), browse("critic")
    draft_id = began(writer, "mere", do="submit")
    at = f"/en/contribute/drafts/{draft_id}"
    shown = critic.get(f"{at}/review")
    assert shown.status_code == 200
    for criterion in criteria().values():
        assert html.escape(criterion.title["en"]) in shown.text
    silent = send(critic, f"{at}/review", do="return", version="1", **verdicts(own_words="no"))
    assert silent.status_code == 400
    assert "Say what is to be changed" in silent.text
    said = {**verdicts(own_words="no"), "w.own-words": "Copied.", "words": "Almost."}
    assert send(critic, f"{at}/review", do="return", version="1", **said).headers["location"].endswith("done=returned")
    back = writer.get(at).text
    assert "Copied." in back
    assert "Almost." in back
    edited = {"view": "file", "text": term("Mere", "小湖"), "version": "1", "do": "submit", "words": "In my own words."}
    assert send(writer, f"{at}/edit", **edited).headers["location"].endswith("done=submitted")
    assert "In my own words." in critic.get(f"{at}/review").text
    refused = send(critic, f"{at}/review", do="publish", version="2", **verdicts(no_advertising="no"))
    assert refused.status_code == 400
    assert 'value="no" aria-describedby="h-no-advertising" checked' in refused.text, "what was ticked is kept"
    done = send(critic, f"{at}/review", do="publish", version="2", **verdicts())
    assert done.headers["location"].endswith("done=published")
    for code, title in (("en", "Mere"), ("zh", "小湖")):
        assert title in critic.get(f"/{code}/glossary/mere").text
    assert "mere" in critic.get("/en/search?q=mere").text
    assert "Mere" in browse("").get("/en/contribute/").text, "anybody sees what was published lately"
    fetched = send(critic, "/en/contribute/export")
    assert fetched.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(fetched.content)) as archive:
        assert "glossary/mere.md" in archive.namelist()
    assert library.records["term/mere"].title["zh"] == "小湖"


def test_an_own_draft_is_not_reviewed(browse: Browse) -> None:
    draft_id = began(browse("critic"), "own", do="submit")
    at = f"/en/contribute/drafts/{draft_id}/review"
    assert browse("critic").get(at).status_code == 403
    assert send(browse("critic"), at, do="publish", version="1", **verdicts()).status_code == 403
    assert "Own" not in browse("critic").get("/en/contribute/").text.split("To review")[1].split("Published")[0]


def test_whoever_works_alone_goes_the_whole_way(tmp_path: Path) -> None:
    forum, _people = open_site(tmp_path / "home")
    library = open_hub(tmp_path, tmp_path / "home")
    client = TestClient(contribute_app(library, forum), raise_server_exceptions=False, follow_redirects=False)
    draft_id = began(client, "mere", do="submit")
    at = f"/en/contribute/drafts/{draft_id}"
    assert "You work alone here" in client.get(f"{at}/review").text
    assert send(client, f"{at}/review", do="publish", version="1", **verdicts()).status_code == 303
    assert client.get("/en/glossary/mere").status_code == 200


# --- forms --------------------------------------------------------------------------------------------------------


def filled(page: str) -> dict[str, list[str]]:
    """What a browser would send of the form of a page, by name."""
    from lxml import html as lxml_html

    form = next(f for f in lxml_html.fromstring(page).forms if "data-entry" in f.attrib)
    found: dict[str, list[str]] = {}
    for name, value in form.form_values():
        found.setdefault(name, []).append(value)
    return found


def entries() -> list[tuple[str, str]]:
    from tests.web.hub import entries as written

    kinds = {folder: kind for kind, folder in FOLDERS.items()}
    return [(kinds[place.split("/")[0]], place.split("/")[1]) for place in written()]


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_of_a_kind_can_be_written(browse: Browse, kind: str) -> None:
    page = browse("writer").get(f"/zh/contribute/{kind}")
    assert page.status_code == 200
    for name, declared in fields_of(kind).items():
        asked = declared.type not in {"checked", "marks", "basis"}
        assert (f'id="f-{name}"' in page.text) is asked, name
    assert "提交前须改正" not in page.text, "an empty form has no faults yet"


@pytest.mark.parametrize(("kind", "record_id"), [e for e in entries() if e[1] != "hostile"])
def test_a_form_that_is_sent_as_it_came_changes_nothing(
    browse: Browse, forum: Forum, library: Library, kind: str, record_id: str
) -> None:
    page = browse("writer").get(f"/en/contribute/{kind}/{record_id}")
    given = filled(page.text)
    again = browse("writer").post(f"/en/contribute/{kind}/{record_id}", data={**given, "do": "file"})
    assert again.status_code == 200
    place = contribution.place_of(kind, record_id)
    assert filled(again.text)["text"][0].strip() == contribution.published_text(library, forum, place).strip()


def test_a_form_changes_only_what_was_typed(browse: Browse, forum: Forum, library: Library) -> None:
    page = browse("other").get("/en/contribute/tool/road-flood").text
    given = filled(page)
    given |= {"f.title.zh": ["道路洪涝模型"], "f.why.1.en": ["It is open."], "f.why.1.basis": ["paper"]}
    given |= {"f.sectors": ["transport", "energy"], "b.sectors": ["judgement"], "f.why.1.zh": [" 开放\n源代码。 "]}
    answered = browse("other").post("/en/contribute/tool/road-flood", data={**given, "do": "save"})
    assert answered.status_code == 303
    draft_id = re.search(r"/drafts/([0-9a-f]+)", answered.headers["location"])[1]  # type: ignore[index]
    rows = contribution.compare_versions(forum, library, EVERYONE_ALONE, draft_id)
    assert sum(row.kind == "removed" for row in rows) <= 9
    entry = read_text(contribution.read_draft(forum, EVERYONE_ALONE, draft_id).text, "")
    assert entry is not None
    assert entry.raw["why"][1] == {"en": "It is open.", "zh": "开放 源代码。", "basis": "paper"}
    assert entry.raw["sectors"] == ["transport", "energy"]
    assert entry.raw["basis"] == {"sectors": "judgement", "phases": "judgement"}
    assert entry.raw["checked"] == {"state": "ok", "on": "2026-11-28"}
    again = browse("other").get("/en/contribute/tool/road-flood")
    assert again.status_code == 303, "one's own draft is gone on with"
    assert draft_id in again.headers["location"]


def test_a_new_entry_is_written_in_a_form_without_a_script(browse: Browse, forum: Forum) -> None:
    writer = browse("writer")
    given = filled(writer.get("/en/contribute/term").text)
    given |= {
        "record_id": "well", "f.title.en": "Well", "f.title.zh": "井", "f.summary.en": "A hole.",
        "f.summary.zh": "一个洞。",
        "f.sources.0.id": "paper", "f.sources.0.title": "On wells", "f.sources.0.publisher": "A press",
        "f.sources.0.read": "page", "f.also.en": "borehole\r\n\r\nbore", "body.en": "# More\r\n\r\nText.",
    }  # fmt: skip
    more = writer.post("/en/contribute/term", data={**given, "do": "more:notes"})
    assert more.status_code == 200
    asked = filled(more.text)
    assert asked["f.title.en"] == ["Well"], "what was typed is kept"
    assert "f.notes.2.en" in asked, "there are more rows"
    asked |= {"f.notes.1.en": ["Deep."], "f.notes.1.zh": ["深。"], "f.notes.1.basis": ["paper"], "record_id": ["well"]}
    sent = writer.post("/en/contribute/term", data={**asked, "do": "submit"})
    assert sent.headers["location"].endswith("done=submitted"), writer.get(sent.headers["location"]).text
    draft_id = re.search(r"/drafts/([0-9a-f]+)", sent.headers["location"])[1]  # type: ignore[index]
    assert contribution.read_draft(forum, EVERYONE_ALONE, draft_id).text == (
        "---\ntitle:\n  en: Well\n  zh: 井\nalso:\n  en: [borehole, bore]\nsummary:\n  en: A hole.\n  zh: 一个洞。\n"
        "checked: unknown\nnotes:\n  - en: Deep.\n    zh: 深。\n    basis: paper\nsources:\n"
        "  - {id: paper, title: On wells, publisher: A press, read: page}\n---\n<!-- en -->\n# More\n\nText.\n"
    )


def test_faults_stand_beside_their_fields(browse: Browse) -> None:
    draft_id = began(browse("writer"), "spoilt", term(related=["assets"], nonsense="x"), do="submit")
    page = browse("writer").get(f"/en/contribute/drafts/{draft_id}/edit").text
    field = page.split('id="f-related"')[1].split("</fieldset>")[0]
    assert "assets" in field.split("why-bad")[1]
    assert "did you mean asset" in field
    assert "nonsense" in page.split("refused")[1].split("<form")[0]
    as_file = browse("writer").get(f"/zh/contribute/drafts/{draft_id}/edit?view=file").text
    assert "第 23 行" in as_file


def test_a_file_that_no_form_can_show_is_changed_as_a_file(browse: Browse) -> None:
    for number, text in enumerate(("no front matter", "---\ntitle: [a, b]\n---\n", "---\nnotes: {a: b}\n---\n")):
        draft_id = began(browse("writer"), f"odd-{number}", text)
        page = browse("writer").get(f"/en/contribute/drafts/{draft_id}/edit")
        assert page.status_code == 200
        assert filled(page.text)["text"][0].strip() == text.strip()
        assert browse("writer").get(f"/en/contribute/drafts/{draft_id}").status_code == 200
        assert browse("writer").get(f"/en/contribute/drafts/{draft_id}/preview").status_code in {200, 303}


def test_two_windows_on_one_draft_overwrite_nothing(browse: Browse, forum: Forum) -> None:
    writer = browse("writer")
    draft_id = began(writer, "windows")
    at = f"/en/contribute/drafts/{draft_id}"
    send(writer, f"{at}/edit", view="file", text=term("First"), version="1", do="save")
    second = send(writer, f"{at}/edit", view="file", text=term("Second"), version="1", do="save")
    assert second.status_code == 409
    assert "Second" in filled(second.text)["text"][0], "what was typed is kept"
    assert "title:\n  en: First" in contribution.read_draft(forum, EVERYONE_ALONE, draft_id).text
    assert f"{at}/diff?old=1&amp;new=2" in second.text
    again = writer.post(f"{at}/edit", data={**filled(second.text), "do": "save"})
    assert again.status_code == 303


def test_a_conflict_with_what_was_published_is_shown_and_taken_up(
    browse: Browse, forum: Forum, library: Library, people: dict[str, User]
) -> None:
    before = contribution.published_text(library, forum, "glossary/return-period.md")
    mine = contribution.propose(
        forum, library, people["writer"], "term", "return-period", before.replace("Often confused.", "Mine.")
    )
    theirs = contribution.propose(
        forum,
        library,
        people["other"],
        "term",
        "return-period",
        before.replace("What return period", "How return period"),
    )
    assert "Somebody else has an open draft" in browse("writer").get(f"/en/contribute/drafts/{mine}/edit").text
    contribution.submit(forum, library, people["other"], theirs, 1)
    contribution.publish(forum, library, people["critic"], theirs, 1, MET, "")
    at = f"/en/contribute/drafts/{mine}"
    refused = send(browse("writer"), f"{at}/submit", version="1")
    assert refused.status_code == 409
    assert "What was published meanwhile" in refused.text
    text = contribution.published_text(library, forum, "glossary/return-period.md").replace("Often confused.", "Mine.")
    sent = send(browse("writer"), f"{at}/edit", view="file", text=text, version="1", takes_up="yes", do="submit")
    assert sent.headers["location"].endswith("done=submitted")
    answered = send(browse("critic"), f"{at}/review", do="publish", version="2", **verdicts())
    assert answered.status_code == 303
    text = contribution.published_text(library, forum, "glossary/return-period.md")
    assert "Mine." in text
    assert "How return period" in text


# --- hostile ------------------------------------------------------------------------------------------------------


def test_hostile_words_are_text_on_every_page(browse: Browse) -> None:
    text = term(EVIL, EVIL, summary={"en": EVIL, "zh": EVIL}, url="javascript:alert(1)")
    text += f"<!-- en -->\n{EVIL}\n\n[go](javascript:alert(1)) <iframe src=x></iframe>\n"
    draft_id = began(
        browse("writer"), "evil", text.replace("Often *confused*.", "[x](javascript:alert(1)) <b>bold</b>")
    )
    at = f"/en/contribute/drafts/{draft_id}"
    send(browse("writer"), f"{at}/edit", view="file", text=text, version="1", words=EVIL, do="save")
    pages = [at, f"{at}/edit", f"{at}/edit?view=file", f"{at}/preview", f"{at}/diff?old=1&new=2", "/en/contribute/"]
    for page in pages:
        shown = browse("writer").get(page)
        assert shown.status_code == 200, page
        assert "<script>alert" not in shown.text, page
        assert "<img src=x" not in shown.text
        assert "<iframe" not in shown.text
        assert 'href="javascript:' not in shown.text
        assert "<b>bold" not in shown.text
        assert "{{49}}" not in shown.text


@pytest.mark.parametrize("query", ["old=../x", "old=0", "old=99", "new=-1", "old=" + "9" * 40])
def test_versions_that_are_none_are_not_found(browse: Browse, query: str) -> None:
    draft_id = began(browse("writer"), "versions-" + re.sub("[^a-z0-9]", "", query)[:12])
    assert browse("writer").get(f"/en/contribute/drafts/{draft_id}/diff?{query}").status_code == 404


@pytest.mark.parametrize(
    "path",
    ["nothing", "drafts/nothing", "drafts/../x", "term/nothing", "tools/climada", "drafts/x/edit", "drafts/x/review"],
)
def test_addresses_that_lead_nowhere_are_not_found(browse: Browse, path: str) -> None:
    assert browse("boss").get(f"/en/contribute/{path}").status_code == 404


@pytest.mark.parametrize("name", ["../up", "Pond", "", "a/b", "x" * 90, "<script>"])
def test_names_that_will_not_do_bring_the_form_back(browse: Browse, name: str) -> None:
    answered = send(browse("writer"), "/en/contribute/term", view="file", text=term(), record_id=name, do="save")
    assert answered.status_code == 400
    assert "<script>" not in answered.text
    assert "Pond" in filled(answered.text)["text"][0]


def test_a_name_that_is_taken_leads_to_the_entry(browse: Browse) -> None:
    answered = send(browse("writer"), "/en/contribute/term", view="file", text=term(), record_id="asset", do="save")
    assert answered.status_code == 409
    assert "/en/contribute/term/asset" in answered.text


def test_what_is_too_large_is_refused(browse: Browse) -> None:
    writer = browse("writer")
    long = send(writer, "/en/contribute/term", view="file", text=term() + "x" * 150_000, record_id="long", do="save")
    assert long.status_code == 400
    assert send(writer, "/en/contribute/term", text="x" * 1_200_000).status_code == 413
    many = {f"f.notes.{number}.en": "x" for number in range(5_000)}
    assert send(writer, "/en/contribute/term", view="form", text=NEW, record_id="many", **many).status_code == 400
    rows = {f"f.notes.{number}.en": "x" for number in range(1_000)}
    assert (
        send(writer, "/en/contribute/term", view="form", text=NEW, record_id="rows", do="form", **rows).status_code
        == 200
    )


@pytest.mark.parametrize(
    "name", ["f.notes.9999999999.en", "f.notes.-1.en", "f.title.<x>", "f.notes.0.a b", "f...", "b.title"]
)
def test_fields_that_no_form_has_do_no_harm(browse: Browse, name: str) -> None:
    answered = send(
        browse("writer"), "/en/contribute/term", view="form", text=NEW, record_id="odd", do="form", **{name: "x"}
    )
    assert answered.status_code == 200


def test_partly_translated_languages_are_led_to_english(browse: Browse) -> None:
    answered = browse("writer").get("/ar/contribute/term")
    assert answered.headers["location"] == "/en/contribute/term"


def test_pages_of_drafts_are_not_kept_by_others(browse: Browse) -> None:
    draft_id = began(browse("writer"), "kept")
    for page in ("", "/edit", "/preview", "/diff"):
        shown = browse("writer").get(f"/en/contribute/drafts/{draft_id}{page}")
        assert "no-store" in shown.headers["cache-control"]
        assert '<meta name="robots" content="noindex">' in shown.text
