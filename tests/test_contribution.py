"""Contributing to the hub: proposed, reviewed, published; refused by role; in conflict; carried over to git."""

from __future__ import annotations

import io
import itertools
import json
import multiprocessing
import os
import shutil
import signal
import subprocess
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.web.contribute_site import MET, open_hub, open_site, term

from headwater import contribution, overlay
from headwater.catalogue.review import AGREE
from headwater.contribution import Finding
from headwater.curation import check_content, read_content
from headwater.errors import Conflict, HeadwaterError, InputError, NotAllowed, NotFound, TableError
from headwater.forum import Forum
from headwater.library import Library
from headwater.permissions import EVERYONE_ALONE, User

WHOLE = "glossary/pond.md"


class Site:
    """A site with a hub and people."""

    def __init__(self, folder: Path, *, is_alone: bool = False) -> None:
        self.forum, self.people = open_site(folder / "home", is_alone=is_alone)
        self.library = open_hub(folder, folder / "home")
        self.content = folder / "content"

    def __getattr__(self, name: str) -> User:
        return self.people[name]

    def propose(self, text: str = "", *, who: str = "writer", record_id: str = "pond", kind: str = "term") -> str:
        return contribution.propose(self.forum, self.library, self.people[who], kind, record_id, text or term())

    def submit(self, draft_id: str, *, version: int = 1, who: str = "writer") -> None:
        contribution.submit(self.forum, self.library, self.people[who], draft_id, version)

    def publish(self, draft_id: str, *, version: int = 1, who: str = "critic", findings: Any = MET) -> None:
        contribution.publish(self.forum, self.library, self.people[who], draft_id, version, findings, "")

    def whole_way(self, text: str, **more: str) -> str:
        draft_id = self.propose(text, **more)
        self.submit(draft_id)
        self.publish(draft_id)
        return draft_id

    def state(self, draft_id: str) -> str:
        return contribution.read_draft(self.forum, self.people["boss"], draft_id).state

    def file(self, place: str = WHOLE) -> str:
        return contribution.published_text(self.library, self.forum, place)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def deeds(forum: Forum, boss: User) -> list[tuple[str, dict[str, Any]]]:
    return [(row["action"], json.loads(row["detail"])) for row in forum.audit_log(boss)]


# --- the whole way ------------------------------------------------------------------------------------------------


def test_an_entry_is_proposed_returned_resubmitted_and_published(site: Site) -> None:
    draft_id = site.propose(term(summary={"en": "Water.", "zh": "水。"}))
    site.submit(draft_id)
    assert [draft.draft_id for draft in contribution.waiting_drafts(site.forum, site.critic)] == [draft_id]
    why = {**MET, "own-words": Finding(False, "The second sentence is the source's.")}
    contribution.send_back(site.forum, site.critic, draft_id, 1, why, "Nearly there.")
    assert site.state(draft_id) == "returned"
    with pytest.raises(InputError, match="reviewed and returned"):
        site.submit(draft_id)
    version = contribution.save(site.forum, site.library, site.writer, draft_id, term(), on=1, words="Rewritten.")
    site.submit(draft_id, version=version)
    site.publish(draft_id, version=version)
    record = site.library.records["term/pond"]
    assert record.title == {"en": "Pond", "zh": "池塘"}
    assert site.library.search("池塘").hits[0].record.key == "term/pond", "it is found at once"
    assert (site.forum.home / "content" / WHOLE).is_file()
    assert not (site.content / WHOLE).exists(), "what comes with Headwater is never written to"
    versions, reviews = contribution.read_history(site.forum, site.writer, draft_id)
    assert [v["version"] for v in versions] == [2, 1]
    assert versions[0]["words"] == "Rewritten."
    assert [(r["is_accepted"], r["version"], r["shown_name"]) for r in reviews] == [
        (True, 2, "critic"),
        (False, 1, "critic"),
    ]
    assert reviews[1]["criteria"]["own-words"] == {"is_met": False, "words": "The second sentence is the source's."}
    done = deeds(site.forum, site.boss)
    assert [name for name, _detail in done] == [
        "publish_entry", "review_entry", "propose_entry", "propose_entry", "review_entry", "propose_entry",
        "propose_entry",
    ]  # fmt: skip
    assert done[0][1]["files"] == [WHOLE]
    assert [draft.draft_id for draft in contribution.published_lately(site.forum)] == [draft_id]


def test_an_entry_is_corrected_and_shows_at_once(site: Site) -> None:
    before = site.file("glossary/asset.md")
    text = before.replace("What asset means.", "A thing that serves.")
    draft_id = site.propose(text, record_id="asset")
    rows = contribution.compare_versions(site.forum, site.library, site.writer, draft_id)
    assert [row.kind for row in rows if row.kind not in {"same", "gap"}] == ["removed", "added"]
    site.submit(draft_id)
    site.publish(draft_id)
    assert site.library.records["term/asset"].summary["en"] == "A thing that serves."
    assert (site.content / "glossary" / "asset.md").read_text(encoding="utf-8") == before
    assert contribution.compare_versions(site.forum, site.library, site.writer, draft_id, "base", "1") == rows


def test_the_translation_is_marked_only_if_the_reviewer_says_that_the_languages_agree(site: Site) -> None:
    site.whole_way(term(translated={"zh": "cheated0"}))
    marked = site.library.records["term/pond"]
    assert (
        marked.fields["translated"]["zh"]
        == contribution.examine(site.forum, site.library, "term", "pond", site.file(), base=site.file()).record.fields[
            "translated"
        ]["zh"]
    )  # type: ignore[union-attr]
    assert marked.fields["translated"] != {"zh": "cheated0"}
    draft_id = site.propose(term("Lake", "湖泊", translated={"zh": "cheated0"}), record_id="lake")
    site.submit(draft_id)
    site.publish(draft_id, findings={**MET, AGREE: Finding(False)})
    assert "translated" not in site.library.records["term/lake"].fields


def test_terms_that_it_names_name_it_too(site: Site) -> None:
    draft_id = site.propose(term(related=["asset"], broader=["hazard"]))
    examined = contribution.examine(site.forum, site.library, "term", "pond", term(related=["asset"]))
    assert list(examined.companions) == ["glossary/asset.md"]
    assert examined.faults == []
    site.submit(draft_id)
    site.publish(draft_id)
    assert site.library.records["term/asset"].fields["related"] == ["pond"]
    assert site.library.records["term/hazard"].fields["narrower"] == ["flood", "pond"]
    draft_id = site.propose(term(broader=["hazard"]))
    site.submit(draft_id)
    site.publish(draft_id)
    assert "related" not in site.library.records["term/asset"].fields
    assert read_content(site.content, overlay=overlay.overlay_of(site.forum)).faults == []


def test_whoever_works_alone_reviews_their_own(tmp_path: Path) -> None:
    site = Site(tmp_path, is_alone=True)
    site.people = dict.fromkeys(("writer", "critic", "boss"), EVERYONE_ALONE)
    site.whole_way(term())
    assert "term/pond" in site.library.records


# --- who may ------------------------------------------------------------------------------------------------------


def test_roles_are_refused_what_they_may_not_and_nothing_changes(site: Site) -> None:
    mine = site.propose()
    for who in ("reader",):
        with pytest.raises(NotAllowed):
            site.propose(who=who, record_id="lake")
    for who in ("reader", "other", "critic"):
        with pytest.raises(NotFound):
            contribution.read_draft(site.forum, site.people[who], mine)
        with pytest.raises((NotFound, NotAllowed)):
            contribution.save(site.forum, site.library, site.people[who], mine, "x", on=1)
    site.submit(mine)
    for who in ("reader", "other", "writer"):
        with pytest.raises(NotAllowed):
            site.publish(mine, who=who)
        with pytest.raises(NotAllowed):
            contribution.send_back(site.forum, site.people[who], mine, 1, {}, "no")
        with pytest.raises(NotAllowed):
            contribution.waiting_drafts(site.forum, site.people[who])
        with pytest.raises(NotAllowed):
            contribution.exported(site.forum, site.library, site.people[who])
    for who in ("critic", "other", "reader"):
        with pytest.raises((NotFound, NotAllowed)):
            contribution.withdraw(site.forum, site.people[who], mine)
        with pytest.raises((NotFound, NotAllowed)):
            contribution.recall(site.forum, site.people[who], mine)
        with pytest.raises((NotFound, NotAllowed)):
            site.submit(mine, who=who)
    assert site.state(mine) == "submitted"
    assert "term/pond" not in site.library.records
    assert not (site.forum.home / "content").exists()


def test_nobody_reviews_their_own_draft(site: Site) -> None:
    mine = site.propose(who="critic")
    site.submit(mine, who="critic")
    with pytest.raises(NotAllowed, match="their own"):
        site.publish(mine, who="critic")
    with pytest.raises(NotAllowed, match="their own"):
        contribution.send_back(site.forum, site.critic, mine, 1, {}, "no")
    assert contribution.waiting_drafts(site.forum, site.critic) == []
    site.publish(mine, who="second")
    own = site.propose(term("Lake", "湖泊"), who="boss", record_id="lake")
    site.submit(own, who="boss")
    with pytest.raises(NotAllowed, match="their own"):
        site.publish(own, who="boss")


def test_a_review_says_something_of_every_criterion(site: Site) -> None:
    draft_id = site.propose()
    site.submit(draft_id)
    with pytest.raises(InputError, match="Not looked at yet"):
        site.publish(draft_id, findings={name: MET[name] for name in list(MET)[:-1]})
    with pytest.raises(InputError, match="not met"):
        site.publish(draft_id, findings={**MET, "no-advertising": Finding(False, "It sells.")})
    with pytest.raises(InputError, match="Say why"):
        contribution.send_back(site.forum, site.critic, draft_id, 1, MET, " ")
    with pytest.raises(InputError, match="Say what"):
        contribution.send_back(site.forum, site.critic, draft_id, 1, {"own-words": Finding(False)}, "No.")
    with pytest.raises(InputError, match="no criterion"):
        contribution.send_back(site.forum, site.critic, draft_id, 1, {"beauty": Finding(True)}, "No.")
    assert site.state(draft_id) == "submitted"


def test_states_follow_each_other(site: Site) -> None:
    draft_id = site.propose()
    with pytest.raises(InputError):
        site.publish(draft_id, who="boss")
    with pytest.raises(Conflict, match="a draft of this entry"):
        site.propose()
    site.submit(draft_id)
    with pytest.raises(InputError, match="waits for review"):
        contribution.save(site.forum, site.library, site.writer, draft_id, term("Lake"), on=1)
    contribution.recall(site.forum, site.writer, draft_id)
    with pytest.raises(InputError, match="not been handed in"):
        site.publish(draft_id, who="boss")
    assert contribution.save(site.forum, site.library, site.writer, draft_id, term("Lake"), on=1) == 2
    with pytest.raises(Conflict, match="meanwhile"):
        contribution.save(site.forum, site.library, site.writer, draft_id, term("Sea"), on=1)
    with pytest.raises(Conflict, match="meanwhile"):
        site.submit(draft_id, version=1)
    site.submit(draft_id, version=2)
    with pytest.raises(Conflict, match="handed in meanwhile"):
        site.publish(draft_id, version=1)
    contribution.withdraw(site.forum, site.boss, draft_id)
    for act in (
        lambda: site.submit(draft_id, version=2),
        lambda: contribution.withdraw(site.forum, site.boss, draft_id),
    ):
        with pytest.raises(InputError, match="withdrawn"):
            act()
    assert contribution.my_drafts(site.forum, site.writer) == []


# --- conflicts and failures ---------------------------------------------------------------------------------------


def test_two_corrections_of_one_entry_overwrite_nothing(site: Site) -> None:
    before = site.file("glossary/asset.md")
    one = site.propose(before.replace("What asset means.", "One."), record_id="asset")
    two = site.propose(before.replace("Often confused.", "Two."), record_id="asset", who="other")
    site.submit(one)
    site.submit(two, who="other")
    assert contribution.others_at_work(site.forum, site.writer, "term", "asset") == 1
    site.publish(one)
    after = site.file("glossary/asset.md")
    with pytest.raises(Conflict, match="changed since"):
        site.publish(two, who="second")
    assert site.file("glossary/asset.md") == after
    draft = contribution.read_draft(site.forum, site.other, two)
    assert draft.state == "submitted"
    assert contribution.is_behind(site.forum, site.library, draft)
    rows = contribution.compare_versions(site.forum, site.library, site.other, two, "base", "published")
    added = ["".join(words for _changed, words in row.pieces) for row in rows if row.kind == "added"]
    assert added[0] == "  en: One."
    assert added[1].startswith("translated:")
    contribution.send_back(site.forum, site.second, two, 1, {}, "Take up what was published.")
    merged = after.replace("Often confused.", "Two.")
    contribution.save(site.forum, site.library, site.other, two, merged, on=1)
    with pytest.raises(Conflict):
        site.submit(two, version=2, who="other")
    contribution.save(site.forum, site.library, site.other, two, merged, on=2, takes_up=True)
    contribution.save(site.forum, site.library, site.other, two, merged + "\n", on=2)
    site.submit(two, version=3, who="other")
    site.publish(two, version=3, who="second")
    assert "One." in site.file("glossary/asset.md")
    assert "Two." in site.file("glossary/asset.md")


def test_two_new_entries_of_one_name_are_a_conflict(site: Site) -> None:
    one, two = site.propose(), site.propose(term("Other pond", "别的池塘"), who="other")
    site.submit(one)
    site.submit(two, who="other")
    site.publish(one)
    with pytest.raises(Conflict):
        site.publish(two)
    assert site.library.records["term/pond"].title["en"] == "Pond"


@pytest.mark.parametrize("broken", ["file", "database", "second file", "commit"])
def test_a_publication_that_fails_leaves_everything_as_it_was(
    site: Site, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    draft_id = site.propose(term(related=["asset"]))
    site.submit(draft_id)
    whole = overlay.write_atomically
    count = iter(range(100))

    def fails(path: Path, write: Any) -> None:
        if broken == "file" or (broken == "second file" and next(count) >= 3):
            raise OSError("the disk is full")
        whole(path, write)

    monkeypatch.setattr(overlay, "write_atomically", fails)
    if broken == "database":
        monkeypatch.setattr(contribution, "put_in_place", lambda *_a: (_ for _ in ()).throw(OSError("gone")))
    if broken == "commit":
        forum = site.forum
        whole_writing = forum.writing

        @contextmanager
        def writing() -> Iterator[Any]:
            with whole_writing() as connection:
                yield connection
                connection.rollback()
                if (forum.home / "content").exists():
                    raise OSError("gone")

        monkeypatch.setattr(forum, "writing", writing)
    with pytest.raises(OSError, match=r"the disk|gone"):
        site.publish(draft_id)
    assert site.state(draft_id) == "submitted"
    assert [p for p in (site.forum.home / "content").rglob("*") if p.is_file()] == []
    assert list(site.forum.home.glob(".content-*")) == []
    assert "term/pond" not in site.library.records
    monkeypatch.undo()
    site.publish(draft_id)
    assert "term/pond" in site.library.records


def test_a_publication_that_was_cut_off_between_file_and_database_can_be_done_again(site: Site) -> None:
    site.whole_way(term())
    text = site.file()
    (site.forum.home / "content" / WHOLE).unlink()
    site.library.refresh()
    again = site.propose(who="other")
    site.submit(again, who="other")
    (site.forum.home / "content" / WHOLE).write_text(text, encoding="utf-8")
    site.publish(again)
    assert site.state(again) == "published"


def test_a_publication_that_is_killed_leaves_all_of_it_or_nothing(tmp_path: Path) -> None:
    """`kill -9` at any file that is written: the hub opens, and the draft can be published after all."""
    site = Site(tmp_path)
    draft_id = site.propose(term(related=["asset"], broader=["hazard"]))
    site.submit(draft_id)
    site.forum.engine.dispose()
    for killed_at in range(1, 8):
        killed = multiprocessing.get_context("fork").Process(target=publish_until, args=(site, draft_id, killed_at))
        killed.start()
        killed.join(60)
        assert killed.exitcode == -signal.SIGKILL
        site.library.refresh()
        known = site.library.records
        assert ("pond" in known["term/hazard"].fields["narrower"]) is ("term/pond" in known)
        assert site.state(draft_id) == "submitted"
    assert "term/pond" in known, "killed after the last file was in place"
    site.publish(draft_id)
    assert site.state(draft_id) == "published"
    assert list(site.forum.home.glob(".content-*")) == []


def publish_until(site: Site, draft_id: str, killed_at: int) -> None:
    """Publish a draft, and be killed at one of the files that are written, or once they are in place."""
    written, exchanged, count = overlay._write, overlay.exchange, itertools.count(1)

    def dies(*given: Any) -> None:
        if next(count) == killed_at:
            os.kill(os.getpid(), signal.SIGKILL)
        written(*given)

    def dies_after(*given: Any) -> None:
        exchanged(*given)
        os.kill(os.getpid(), signal.SIGKILL)

    overlay._write, overlay.exchange = dies, dies_after
    site.publish(draft_id)


# --- faults and hostile texts -------------------------------------------------------------------------------------


def test_a_draft_may_have_faults_and_is_not_handed_in_with_them(site: Site) -> None:
    spoilt = term(related=["assets"], nonsense="x", notes=[{"en": "A.", "zh": "甲。", "basis": "papr"}])
    draft_id = site.propose(spoilt)
    with pytest.raises(TableError) as refused:
        site.submit(draft_id)
    found = {fault.column: fault for fault in refused.value.faults}
    assert set(found) == {"related", "nonsense", "notes"}
    assert found["related"].value == "assets"
    assert "asset" in found["related"].remedy
    lines = spoilt.split("\n")
    for name, fault in found.items():
        assert fault.file == WHOLE
        assert fault.row is not None
        assert lines[fault.row - 1].startswith(f"{name}:")
    assert site.state(draft_id) == "draft"


def test_what_is_unchanged_is_not_handed_in(site: Site) -> None:
    draft_id = site.propose(site.file("glossary/asset.md"), record_id="asset")
    with pytest.raises(InputError, match="Nothing differs"):
        site.submit(draft_id)


def test_the_state_of_a_link_is_not_written_by_hand(site: Site) -> None:
    draft_id = site.propose(term(checked={"state": "ok", "on": "2026-11-28"}, url="https://example.org/"))
    with pytest.raises(TableError, match="by hand"):
        site.submit(draft_id)
    kept = site.file("tools/road-flood.md")
    assert contribution.examine(site.forum, site.library, "tool", "road-flood", kept, base=kept).faults == []
    moved = kept.replace("https://example.org/tool", "https://example.org/other")
    found = contribution.examine(site.forum, site.library, "tool", "road-flood", moved, base=kept).faults
    assert [fault.column for fault in found] == ["checked"]


HOSTILE = {
    "alias": "---\na: &x [1]\nb: *x\n---\n",
    "bomb": "---\na: &a [x]\n" + "".join(f"{c}: &{c} [*{chr(ord(c) - 1)}]\n" for c in "bcdefghi") + "---\n",
    "tag": "---\ntitle: !!python/object/apply:os.system ['true']\nsummary: !!python/name:os.system ''\n---\n",
    "deep": "---\ntitle: " + "[" * 5_000 + "]" * 5_000 + "\n---\n",
    "merge": "---\n<<: {a: b}\n---\n",
    "twice": "---\ntitle: {en: A}\ntitle: {en: B}\n---\n",
    "no fields": "---\n- a\n---\n",
    "nothing": "",
    "binary": "\x00\x01\x02---\n",
    "not closed": "---\ntitle: {en: A\n---\n",
    "lists": "---\ntitle: [a]\nsummary: 1\nalso: {en: x}\nsources: {a: b}\nbasis: [x]\nnotes: {a: b}\n"
    "related: [[a], {b: c}]\nchecked: [x]\ntranslated: [y]\nurl: {a: b}\n---\n",
    "odd rows": "---\nsources: [x, {id: [1]}, {read: {a: b}, url: [z]}]\n"
    "notes: [x, [y], {en: [1], basis: {a: b}}]\n---\n",
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("kind", ["term", "tool", "case", "principle", "organisation"])
def test_hostile_files_are_faults_and_harm_nothing(site: Site, kind: str, name: str) -> None:
    draft_id = site.propose(HOSTILE[name] or " ", kind=kind)
    begun = time.monotonic()
    with pytest.raises((TableError, InputError)):
        site.submit(draft_id)
    assert time.monotonic() - begun < 5
    examined = contribution.examine(site.forum, site.library, kind, "pond", HOSTILE[name])
    assert examined.faults
    contribution.compare_versions(site.forum, site.library, site.writer, draft_id)


def test_what_is_too_long_is_refused(site: Site) -> None:
    with pytest.raises(InputError, match="longer than"):
        site.propose(term() + "x" * contribution.LARGEST)
    draft_id = site.propose()
    with pytest.raises(InputError, match="longer than"):
        contribution.save(site.forum, site.library, site.writer, draft_id, "界" * 40_000, on=1)


@pytest.mark.parametrize("name", ["../up", "Pond", "", "a/b", "a" * 81, "池塘", "pond\n", "-a", "con.md"])
def test_names_that_will_not_do_are_refused(site: Site, name: str) -> None:
    with pytest.raises(InputError):
        site.propose(record_id=name)


def test_a_kind_that_is_none_is_refused(site: Site) -> None:
    with pytest.raises(InputError, match="no kind"):
        site.propose(kind="../tools")


def test_control_characters_are_taken_out(site: Site) -> None:
    draft_id = site.propose("\ufeff" + term().replace("\n", "\r\n") + "\x00\x1b\ud800")
    assert contribution.read_draft(site.forum, site.writer, draft_id).text == term()


def test_nobody_has_more_open_drafts_than_can_be_looked_at(site: Site) -> None:
    for number in range(50):
        site.propose(record_id=f"pond-{number}")
    with pytest.raises(InputError, match="open drafts"):
        site.propose()


# --- for git ------------------------------------------------------------------------------------------------------


def exported(site: Site) -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(contribution.exported(site.forum, site.library, site.critic)))


def test_what_was_published_is_carried_over_to_git(site: Site, tmp_path: Path) -> None:
    site.whole_way(term(related=["asset"]))
    text = site.file("glossary/flood.md").replace("What flood means.", "Water where it is not wanted.")
    site.whole_way(text, record_id="flood")
    path = tmp_path / "out.zip"
    contribution.export_content(site.forum, site.library, site.critic, path)
    with zipfile.ZipFile(path) as archive:
        assert sorted(archive.namelist()) == [
            "changes.patch", "glossary/asset.md", "glossary/flood.md", WHOLE,
        ]  # fmt: skip
        patch = archive.read("changes.patch")
        unpacked = Path(shutil.copytree(site.content, tmp_path / "unpacked"))
        archive.extractall(unpacked)
    assert check_content(unpacked)[0] == []
    repository = tmp_path / "repository"
    shutil.copytree(site.content, repository / "content")
    subprocess.run(["git", "apply", "-"], input=patch, cwd=repository, check=True)  # noqa: S607
    for place in ("glossary/asset.md", "glossary/flood.md", WHOLE):
        assert (repository / "content" / place).read_bytes() == (unpacked / place).read_bytes()
    assert deeds(site.forum, site.boss)[0][0] == "export_content"
    assert [c.state for c in contribution.changed_here(site.forum, site.library, site.critic)] == ["ahead"] * 3


def test_what_git_has_is_not_carried_over_again_and_what_it_changed_too_is_shown(site: Site) -> None:
    site.whole_way(term())
    text = site.file("glossary/flood.md").replace("What flood means.", "Water.")
    site.whole_way(text, record_id="flood")
    (site.content / WHOLE).write_text(site.file(), encoding="utf-8")
    path = site.content / "glossary" / "flood.md"
    path.write_text(path.read_text(encoding="utf-8").replace("Often confused.", "Said in git."), encoding="utf-8")
    site.library.refresh()
    states = {c.place: c.state for c in contribution.changed_here(site.forum, site.library, site.critic)}
    assert states == {WHOLE: "same", "glossary/flood.md": "diverged"}
    assert exported(site).namelist() == ["glossary/flood.md", "changes.patch"]


def test_a_library_that_was_opened_without_the_site_gets_what_was_published(site: Site) -> None:
    lone = Library(site.library.path, content=site.content)
    assert overlay.with_overlay(lone, site.forum).overlay == site.forum.home / "content"


def test_content_that_does_not_fit_what_was_published_is_named(site: Site) -> None:
    site.whole_way(term(related=["asset"]))
    (site.content / "glossary" / "asset.md").unlink()
    (site.forum.home / "content" / "glossary" / "asset.md").unlink()
    with pytest.raises(HeadwaterError, match=WHOLE):
        site.library.refresh()
