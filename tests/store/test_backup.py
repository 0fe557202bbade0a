"""A copy of a site, wiped, restored: the same site, in every kind of database; and copies that are none."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from headwater.errors import InputError, SourceError
from headwater.forum import Forum, open_forum
from headwater.store.backup import LIST, restore_backup, write_backup
from headwater.store.database import tables


def wipe(engine: Engine) -> None:
    with engine.begin() as connection:
        for table in reversed(tables.sorted_tables):
            connection.execute(table.delete())


@pytest.fixture
def site(engine: Engine, tmp_path: Path) -> Forum:
    """A site with two people, a shared study, a job and a file of results."""
    forum = Forum(engine, tmp_path / "home", None, is_alone=False)
    boss = forum.set_up(forum.setup_code(), "boss", "correct horse battery")
    ed = forum.add_user(boss, "ed", role="editor", password="correct horse battery")  # noqa: S106
    forum.add_study(ed, "mine")
    for name, words in (("studies/mine/study.toml", 'study_id = "mine"\n'), ("results/mine/报告.csv", "a,b\n")):
        path = forum.home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(words, encoding="utf-8")
    forum.share_study(ed, "mine", "boss", "edit")
    forum.run(ed, "mine", "plan")
    forum.sign_in("ed", "correct horse battery", address="10.0.0.1")
    return forum


def content(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist() if name != LIST}


def test_backup_wipe_restore_gives_the_same_site(site: Forum, tmp_path: Path) -> None:
    counted = write_backup(site.engine, site.home, tmp_path / "one.zip")
    assert counted["files"] == 2
    wipe(site.engine)
    new = tmp_path / "new"
    assert restore_backup(site.engine, new, tmp_path / "one.zip") == counted
    write_backup(site.engine, new, tmp_path / "two.zip")
    assert content(tmp_path / "one.zip") == content(tmp_path / "two.zip")
    again = Forum(site.engine, new, None, is_alone=False)
    assert again.sign_in("ed", "correct horse battery", address="10.0.0.1")
    with site.engine.begin() as connection:
        assert connection.execute(text("SELECT count(*) FROM audit")).scalar_one() >= 5


def test_what_is_written_after_a_restore_gets_new_numbers(site: Forum, tmp_path: Path) -> None:
    write_backup(site.engine, site.home, tmp_path / "one.zip")
    wipe(site.engine)
    restore_backup(site.engine, tmp_path / "new", tmp_path / "one.zip")
    forum = Forum(site.engine, tmp_path / "new", None, is_alone=False)
    secret = forum.sign_in("boss", "correct horse battery", address="10.0.0.1")
    boss = forum.session(secret)
    assert boss is not None
    numbers = [row["audit_id"] for row in forum.audit_log(boss[0])]
    assert numbers == sorted(set(numbers), reverse=True)


def test_nothing_is_overwritten(site: Forum, tmp_path: Path) -> None:
    write_backup(site.engine, site.home, tmp_path / "one.zip")
    with pytest.raises(InputError, match="not empty"):
        restore_backup(site.engine, tmp_path / "new", tmp_path / "one.zip")
    wipe(site.engine)
    with pytest.raises(InputError, match="studies"):
        restore_backup(site.engine, site.home, tmp_path / "one.zip")


def spoilt(path: Path, tmp_path: Path, *, change: dict[str, bytes], about: dict | None = None) -> Path:
    target = tmp_path / "spoilt.zip"
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(target, "w") as copy:
        listed = json.loads(source.read(LIST)) | (about or {})
        for name in source.namelist():
            if name != LIST:
                copy.writestr(name, change.pop(name, source.read(name)))
        for name, words in change.items():
            copy.writestr(name, words)
        copy.writestr(LIST, json.dumps(listed))
    return target


def test_a_copy_that_is_none_or_is_damaged_restores_nothing(site: Forum, tmp_path: Path) -> None:
    write_backup(site.engine, site.home, tmp_path / "one.zip")
    wipe(site.engine)
    whole = (tmp_path / "one.zip").read_bytes()
    (tmp_path / "half.zip").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "text.zip").write_text("not a zip")
    damaged = [
        tmp_path / "half.zip",
        tmp_path / "text.zip",
        spoilt(tmp_path / "one.zip", tmp_path, change={"database/users.jsonl": b"{}\n"}),
    ]
    for path in damaged:
        with pytest.raises(SourceError, match="nothing was restored"):
            restore_backup(site.engine, tmp_path / "new", path)
    for change, about in (({"files/../../evil": b"x"}, None), ({}, {"form": "other"}), ({"extra": b"x"}, None)):
        path = spoilt(tmp_path / "one.zip", tmp_path, change=dict(change), about=about)
        with pytest.raises(SourceError):
            restore_backup(site.engine, tmp_path / "new", path)
    assert not (tmp_path / "evil").exists()
    assert not any((tmp_path / "new").rglob("*"))
    with site.engine.begin() as connection:
        assert connection.execute(text("SELECT count(*) FROM users")).scalar_one() == 0


def test_a_copy_of_one_kind_of_database_restores_into_the_other(site: Forum, tmp_path: Path) -> None:
    from headwater.store.database import open_database

    write_backup(site.engine, site.home, tmp_path / "one.zip")
    other = open_database(f"sqlite:///{tmp_path / 'other.sqlite'}")
    restore_backup(other, tmp_path / "new", tmp_path / "one.zip")
    write_backup(other, tmp_path / "new", tmp_path / "two.zip")
    assert content(tmp_path / "one.zip") == content(tmp_path / "two.zip")


def test_nobody_else_on_the_machine_reads_the_database_or_a_copy(tmp_path: Path) -> None:
    forum = open_forum(tmp_path / "home")
    write_backup(forum.engine, forum.home, tmp_path / "copy.zip")
    kept = [tmp_path / "copy.zip", *forum.home.glob("forum.sqlite*")]
    assert len(kept) == 4  # with what SQLite keeps beside its file
    assert {path.stat().st_mode & 0o777 for path in kept} == {0o600}
