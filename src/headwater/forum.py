"""The site: who may do what, whose studies there are, what is being worked on. Make one with `open_forum`.

The façade of the web and of `headwater serve`, `work`, `backup` and `restore` for everything that needs an account or a
database. It asks `permissions` before anything is done and writes what was done into the audit log, both in one
transaction with the deed. It does not compute.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, insert, select
from sqlalchemy.exc import IntegrityError

from headwater.errors import InputError, NoRoom, NotAllowed, NotFound
from headwater.permissions import EVERYONE_ALONE, StudyAccess, User, check_allowed, may
from headwater.store import accounts, jobs, registry
from headwater.store.backup import check_whole
from headwater.store.database import audit, first, moment, open_database, rows, users
from headwater.words import _

STEPS = ("assess", "plan", "report")
"""What can be run of a study as a job: `report` does everything and writes the report in every language."""


@dataclass
class Forum:
    """A site, open; usable from every thread.

    Attributes
    ----------
    engine
        The database.
    home
        Folder of what belongs to the site: studies, results, uploads.
    packaged
        Folder of the studies that come with Headwater; anybody may read them, nobody changes them.
    is_alone
        Whether whoever asks is the only user and needs no account: only at an address of this machine.
    """

    engine: Engine
    home: Path
    packaged: Path | None = None
    is_alone: bool = True
    _setup_code: str | None = field(default=None, repr=False)

    # --- who ---

    @property
    def needs_setup(self) -> bool:
        """Whether nobody has an account yet on a site that needs one."""
        with self.engine.begin() as connection:
            return not self.is_alone and not accounts.count_users(connection)

    def setup_code(self) -> str:
        """The code by which whoever started the site makes the first account; said where the site was started."""
        if self._setup_code is None:
            self._setup_code = secrets.token_urlsafe(9)
        return self._setup_code

    def set_up(self, code: str, name: str, password: str) -> User:
        """Make the first account, an admin's.

        Raises
        ------
        NotAllowed
            If there is an account already, or the code is wrong.
        InputError
            If the name or the password will not do.
        """
        right = secrets.compare_digest(code.strip().encode(), self.setup_code().encode())
        with self.writing() as connection:
            if not right or self.is_alone or accounts.count_users(connection):
                raise NotAllowed(_("The site has been set up, or the code is wrong."))
            user = accounts.add_user(connection, name, role="admin", password=password)
            self.note(connection, user, "set_up", f"user/{user.name}")
        self._setup_code = None
        return user

    def sign_in(self, name: str, password: str, *, address: str) -> str:
        """Begin a session; says its secret.

        Raises
        ------
        NotAllowed
            If the name or the password is wrong, or too many tries failed lately. Which of the two is not said.
        """
        self.check_may_try(name, address)
        with self.writing() as connection:
            user = accounts.password_fits(connection, name, password)
            if user is not None:
                self.note(connection, user, "sign_in", f"user/{user.name}", {"address": address})
                return accounts.start_session(connection, user)
            accounts.note_failure(connection, name, address)
        raise NotAllowed(_("The name or the password is wrong."))

    def check_may_try(self, name: str | None, address: str) -> None:
        """Raise where too many tries to sign in have failed lately, for a name or from an address.

        Raises
        ------
        NotAllowed
            Saying to wait.
        """
        with self.engine.begin() as connection:
            throttled = accounts.is_throttled(connection, name, address)
        if throttled:
            raise NotAllowed(_("Too many tries failed. Wait a quarter of an hour."))

    def session(self, secret: str) -> tuple[User, str] | None:
        """Who holds a session and its word against forged requests; None where it is unknown or over."""
        found = None
        with suppress(NoRoom), self.engine.begin() as connection:  # that a session is in use may stay unwritten
            found = accounts.read_session(connection, secret)
            if found:
                accounts.touch_session(connection, secret)
        return found

    def sign_out(self, secret: str) -> None:
        """End a session."""
        with self.engine.begin() as connection:
            accounts.end_session(connection, secret)

    def token_holder(self, secret: str) -> tuple[User, bool] | None:
        """Who holds a token, and whether it may write."""
        with self.engine.begin() as connection:
            return accounts.read_token(connection, secret)

    def make_token(self, user: User, title: str, *, may_write: bool, days: int) -> str:
        """Make a token for programs; says its secret, this once."""
        check_allowed(user, "make_token")
        self._check_account(user)
        with self.writing() as connection:
            token_id, secret = accounts.make_token(connection, user, title=title, may_write=may_write, days=days)
            self.note(connection, user, "make_token", f"token/{token_id}")
        return secret

    def tokens(self, user: User) -> list[dict[str, Any]]:
        """One's own tokens, without their secrets."""
        with self.engine.begin() as connection:
            return accounts.list_tokens(connection, user)

    def revoke_token(self, user: User, token_id: str) -> None:
        """End a token of one's own."""
        with self.writing() as connection:
            accounts.revoke_token(connection, user, token_id)
            self.note(connection, user, "revoke_token", f"token/{token_id}")

    def users(self, user: User) -> list[dict[str, Any]]:
        """Every account."""
        check_allowed(user, "manage_users")
        with self.engine.begin() as connection:
            return accounts.list_users(connection)

    def add_user(self, user: User, name: str, *, role: str, password: str, shown_name: str = "") -> User:
        """Make an account."""
        check_allowed(user, "manage_users")
        with self.writing() as connection:
            made = accounts.add_user(connection, name, role=role, password=password, shown_name=shown_name)
            self.note(connection, user, "add_user", f"user/{made.name}", {"role": role})
        return made

    def change_user(
        self,
        user: User,
        user_id: str,
        *,
        role: str | None = None,
        is_active: bool | None = None,
        password: str | None = None,
    ) -> None:
        """Change an account: an admin any, everybody their own password."""
        if not (user.user_id == user_id and role is None and is_active is None):
            check_allowed(user, "manage_users")
        with self.writing() as connection:
            accounts.change_user(connection, user_id, role=role, is_active=is_active, password=password)
            changed = {"role": role, "is_active": is_active, "password": password is not None or None}
            self.note(connection, user, "change_user", f"user/{user_id}", changed)

    def keep_user(self, name: str, *, role: str, password: str) -> bool:
        """Make an account or change it, for whoever has the machine; says whether it is new."""
        with self.writing() as connection:
            known = first(connection, select(users.c.user_id).where(users.c.name == name.strip().casefold()))
            if known is None:
                accounts.add_user(connection, name, role=role, password=password)
            else:
                accounts.change_user(connection, known["user_id"], role=role, is_active=True, password=password)
            self.note(connection, EVERYONE_ALONE, "add_user" if known is None else "change_user", f"user/{name}")
        return known is None

    def signed_in_from_elsewhere(
        self, subject: str, *, name: str, shown_name: str, email: str | None, address: str
    ) -> str:
        """Begin a session for somebody whom another site vouches for, making a reader's account at the first time.

        Accounts are found by subject alone: an equal name or e-mail address opens none that was there before.

        Parameters
        ----------
        subject
            What nobody else has there or anywhere.
        name, shown_name, email
            Of the account to make; the nearest name that is free is taken.
        address
            Where the request came from.

        Raises
        ------
        NotAllowed
            If the account is closed, or the site has not been set up.
        """
        try:
            return self._vouched_session(subject, name, shown_name, email, address)
        except IntegrityError:  # the same person came in twice at once, and the account is there now
            return self._vouched_session(subject, name, shown_name, email, address)

    def _vouched_session(self, subject: str, name: str, shown_name: str, email: str | None, address: str) -> str:
        with self.writing() as connection:
            user = accounts.user_of_subject(connection, subject)
            if user is None:
                if not accounts.count_users(connection):
                    raise NotAllowed(_("The site has not been set up yet."))
                free = accounts.free_name(connection, name)
                user = accounts.add_user(
                    connection, free, role="reader", shown_name=shown_name, email=email, oidc_subject=subject
                )
                self.note(connection, user, "add_user", f"user/{user.name}", {"role": "reader", "vouched": True})
            self.note(connection, user, "sign_in", f"user/{user.name}", {"address": address, "vouched": True})
            return accounts.start_session(connection, user)

    def use_once(self, word: str) -> bool:
        """Use up a word that may be used once; says whether this was the first time, in every server of the site."""
        try:
            with self.writing() as connection:
                accounts.use_up(connection, word)
        except IntegrityError:
            return False
        return True

    def note_failed(self, address: str) -> None:
        """Remember that somebody failed to come in through another site."""
        with self.writing() as connection:
            accounts.note_failure(connection, "", address)

    def ways_in(self, user: User) -> tuple[bool, bool]:
        """Whether one's account has a password, and whether another site vouches for one."""
        with self.engine.begin() as connection:
            return accounts.ways_in(connection, str(user.user_id))

    def link_elsewhere(self, user: User, subject: str) -> None:
        """Have another site vouch for one's own account from now on.

        Raises
        ------
        Conflict
            If it vouches for one under another account.
        """
        self._check_account(user)
        with self.writing() as connection:
            accounts.link_subject(connection, str(user.user_id), subject)
            self.note(connection, user, "link_account", f"user/{user.name}")

    def part_from_elsewhere(self, user: User, user_id: str) -> None:
        """Have no other site vouch for an account any more: an admin for any, everybody for their own with a password.

        Raises
        ------
        NotAllowed
            If it is somebody else's, or there would be no way in.
        """
        if user.user_id != user_id or not self.ways_in(user)[0]:
            check_allowed(user, "manage_users")
        with self.writing() as connection:
            accounts.link_subject(connection, user_id, None)
            self.note(connection, user, "part_account", f"user/{user_id}")

    def audit_log(self, user: User, *, most: int = 200, before: int | None = None) -> list[dict[str, Any]]:
        """What was done by whom, the newest first."""
        check_allowed(user, "read_audit")
        wanted = select(audit, users.c.name).join(users, users.c.user_id == audit.c.user_id, isouter=True)
        if before is not None:
            wanted = wanted.where(audit.c.audit_id < before)
        with self.engine.begin() as connection:
            return rows(connection, wanted.order_by(audit.c.audit_id.desc()).limit(most))

    # --- studies ---

    def studies(self, user: User | None) -> list[registry.Known]:
        """Studies that somebody, or nobody in particular, may read: the packaged ones first."""
        with self.engine.begin() as connection:
            known = registry.list_studies(connection, self.home, self.packaged, user.user_id if user else None)
        return [study for study in known if may(user, "read_study", study.access)]

    def study(self, user: User | None, study_id: str, action: str = "read_study") -> registry.Known:
        """A study, when somebody may do something with it.

        Raises
        ------
        NotFound
            If there is none, or one that they may not even read: that it exists is not told.
        NotAllowed
            If they may read it, and not do this.
        """
        with self.engine.begin() as connection:
            known = registry.find_study(connection, self.home, self.packaged, study_id, user.user_id if user else None)
        if known is None or not may(user, "read_study", known.access):
            raise NotFound(_("There is no study {name}.").format(name=study_id))
        if action != "read_study" and known.is_packaged:
            raise NotAllowed(_("This study comes with Headwater and stays as it is. Make a copy to change it."))
        if not known.is_packaged:
            check_allowed(user, action, known.access)
        return known

    def add_study(
        self,
        user: User,
        study_id: str,
        *,
        is_public: bool = False,
        place: Callable[[Connection], object] = lambda _connection: None,
    ) -> registry.Known:
        """Enter a study that somebody makes; its folder is put in place by `place`, in the same transaction."""
        check_allowed(user, "create_study")
        owner_id = self._owner(user)
        with self.writing() as connection:
            registry.add_study(connection, self.home, self.packaged, study_id, owner_id=owner_id, is_public=is_public)
            self.note(connection, user, "create_study", f"study/{study_id}")
            place(connection)
        return self.study(user, study_id)

    def share_study(self, user: User, study_id: str, name: str, access: str | None) -> None:
        """Let somebody read or edit a study, or (None) no longer."""
        self.study(user, study_id, "share_study")
        with self.writing() as connection:
            registry.share_study(connection, study_id, name, access)
            self.note(connection, user, "share_study", f"study/{study_id}", {"with": name, "access": access})

    def shares(self, user: User, study_id: str) -> list[dict[str, Any]]:
        """Whom a study is shared with."""
        self.study(user, study_id, "share_study")
        with self.engine.begin() as connection:
            return registry.list_shares(connection, study_id)

    def set_public(self, user: User, study_id: str, is_public: bool) -> None:
        """Let anybody read a study, or only those it is shared with."""
        self.study(user, study_id, "share_study")
        with self.writing() as connection:
            registry.set_public(connection, study_id, is_public)
            self.note(connection, user, "share_study", f"study/{study_id}", {"is_public": is_public})

    def delete_study(self, user: User, study_id: str) -> None:
        """Take a study away: its folder goes to the bin of the site, from where an admin can bring it back."""
        known = self.study(user, study_id, "delete_study")
        with self.writing() as connection:
            registry.remove_study(connection, study_id)
            self.note(connection, user, "delete_study", f"study/{study_id}")
        registry.bin_folder(self.home, known.folder)

    # --- jobs ---

    def run(self, user: User, study_id: str, step: str) -> str:
        """Have a step of a study run; says the name of the job. Editors may run the packaged studies too."""
        if step not in STEPS:
            raise InputError(_("There is no step {name}; there are {known}").format(name=step, known=", ".join(STEPS)))
        known = self.study(user, study_id)
        if known.is_packaged:
            check_allowed(user, "create_study")
        else:
            check_allowed(user, "run_study", known.access)
        with self.writing() as connection:
            job_id = jobs.add_job(connection, study_id, step, user_id=user.user_id)
            self.note(connection, user, "run_study", f"study/{study_id}", {"step": step, "job": job_id})
        return job_id

    def job(self, user: User | None, job_id: str) -> dict[str, Any]:
        """A job as it stands, for whoever may read its study."""
        with self.engine.begin() as connection:
            found = jobs.read_job(connection, job_id)
        self.study(user, found["study_id"])
        return found

    def jobs(self, user: User | None, study_id: str) -> list[dict[str, Any]]:
        """Jobs of a study, the newest first."""
        self.study(user, study_id)
        with self.engine.begin() as connection:
            return jobs.list_jobs(connection, study_id=study_id)

    def job_counts(self) -> dict[str, int]:
        """How many jobs there are, by state."""
        with self.engine.begin() as connection:
            return jobs.count_jobs(connection)

    def cancel(self, user: User, job_id: str) -> None:
        """Have a job stop."""
        self._may_change(user, self.job(user, job_id))
        with self.writing() as connection:
            jobs.cancel_job(connection, job_id)
            self.note(connection, user, "cancel_job", f"job/{job_id}")

    def resume(self, user: User, job_id: str) -> str:
        """Have a job that failed or was cancelled go on; says its name, which is new."""
        self._may_change(user, self.job(user, job_id))
        with self.writing() as connection:
            again = jobs.resume_job(connection, job_id)
            self.note(connection, user, "resume_job", f"job/{job_id}", {"as": again})
        return again

    def _may_change(self, user: User, job: Mapping[str, Any]) -> None:
        if job["user_id"] == user.user_id:
            check_allowed(user, "create_study")
        elif self.study(user, job["study_id"]).is_packaged:
            check_allowed(user, "manage_users")
        else:
            self.study(user, job["study_id"], "run_study")

    # --- the deed and its record ---

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction: all that is done in it, or nothing."""
        with self.engine.begin() as connection:
            yield connection

    def note(
        self, connection: Connection, user: User, action: str, what: str, detail: Mapping[str, Any] | None = None
    ) -> None:
        """Write down what somebody did, in the transaction in which it is done."""
        said = {name: value for name, value in (detail or {}).items() if value is not None}
        row = {
            "at": moment(),
            "user_id": user.user_id,
            "action": action,
            "what": what[:200],
            "detail": json.dumps(said),
        }
        connection.execute(insert(audit).values(row))

    def _owner(self, user: User) -> str:
        """Account that a study of this user belongs to; whoever works alone gets one that nobody can sign in with."""
        if user.user_id is not None:
            return user.user_id
        with self.engine.begin() as connection:
            row = first(connection, select(users.c.user_id).where(users.c.name == EVERYONE_ALONE.name))
            if row is not None:
                return str(row["user_id"])
            made = accounts.add_user(connection, EVERYONE_ALONE.name, role="admin")
            return str(made.user_id)

    def _check_account(self, user: User) -> None:
        if user.user_id is None:
            raise NotAllowed(_("Tokens belong to accounts; whoever works alone on this machine needs none."))


def open_forum(
    home: Path | None = None, *, database: str | None = None, packaged: Path | None = None, is_alone: bool = True
) -> Forum:
    """Open a site.

    Parameters
    ----------
    home
        Folder of the site; `out/site` unless given.
    database
        Address of its database; a SQLite file in `home` unless given.
    packaged
        Folder of studies that anybody may read and nobody changes.
    is_alone
        Whether whoever asks is the only user and needs no account.

    Raises
    ------
    SourceError
        If the database cannot be used, or the site is half restored.
    """
    home = home or Path("out/site")
    engine = open_site_database(home, database)
    check_whole(engine, home)
    return Forum(engine, home, packaged, is_alone)


def open_site_database(home: Path, database: str | None = None) -> Engine:
    """The database of a site: at the address, or a SQLite file in its folder."""
    home.mkdir(parents=True, exist_ok=True)
    return open_database(database or f"sqlite:///{home / 'forum.sqlite'}")


__all__ = ["Forum", "StudyAccess", "open_forum", "open_site_database"]
