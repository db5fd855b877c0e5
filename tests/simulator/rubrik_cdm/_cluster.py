# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster's data and rules, without its HTTP paths: versions, credentials, and who calls."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timezone

from flask import request

from .._clock import Clock
from .._platform import Context
from ._errors import FAILED, INVALID, NEEDED, UNCONFIRMED, ApiError, forbidden, refusal, text_error
from ._model import ADMINISTRATOR, READ_ONLY, Account, Data, Session, User, new_id
from ._tokens import csrf_token, make_jwt

LOGIN, API_TOKEN, SERVICE_ACCOUNT = "session", "api_token", "service_account"
COOKIE = "rk_session"  # its name is not published
TOKEN_KINDS = (API_TOKEN, SERVICE_ACCOUNT)


def version_tuple(version: str) -> tuple[int, ...]:
    """Return a version such as 8.0.1-p1-22135 in comparable form."""
    if not re.fullmatch(r"\d+(\.\d+)+(-\w+)*", version, re.ASCII):
        raise ValueError(version)
    return tuple(int(part) for part in version.partition("-")[0].split("."))


def iso(instant: float) -> str:
    """Return an instant as the cluster prints it."""
    return datetime.fromtimestamp(instant, timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(frozen=True)
class Presented:
    """What a request proves; `refusal` says why it proves nothing."""

    kind: str
    user: str | None = None
    session: Session | None = None
    refusal: ApiError | None = None


@dataclass(frozen=True)
class Caller:
    """Who makes the request; `user` is a bare UUID."""

    kind: str
    user: str
    session: Session | None
    organization: str
    is_admin: bool
    may_read: bool


class Cluster:
    """One cluster."""

    def __init__(self, context: Context, data: Data) -> None:
        self.data = data
        self.version = version_tuple(context.version)
        self.version_text = context.version if "-" in context.version else f"{context.version}-21844"
        self.settings = context.settings
        self.clock: Clock = context.clock
        self.dirty = False

    def since(self, version: str) -> bool:
        """Tell whether the cluster has at least this version."""
        return self.version >= version_tuple(version)

    # users and accounts

    def name_of(self, user: str) -> str:
        """Return the name of a user or service account, or its id when it is gone."""
        if user in self.data.users:
            return self.data.users[user].username
        return self.data.accounts[user].name if user in self.data.accounts else user

    def user_named(self, username: str) -> User | None:
        """Return the local user of this name."""
        return next((user for user in self.data.users.values() if user.username == username), None)

    def is_live(self, account: Account) -> bool:
        """Tell whether this version has such service accounts."""
        if account.rsc_id:
            return self.since(self.settings["rsc_accounts_since"])
        return self.since(self.settings["service_accounts_since"]) and not self.since("9.5.1")

    def account_of(self, client_id: str) -> Account | None:
        """Return the service account that opens sessions with this id, once the cluster knows one of its secrets."""
        for account in self.data.accounts.values():
            if account.client_id == client_id and self.is_live(account):
                return account if account.secrets[0].since <= self.clock.now() else None
        return None

    def secret_works(self, account: Account, given: str) -> bool:
        """Tell whether a secret is one of the account's, and works now."""
        now = self.clock.now()
        valid = [one.value for one in account.secrets if one.since <= now and (one.until is None or now < one.until)]
        # every one is compared, so that a leading right one is not found faster
        return sum(secrets.compare_digest(one.encode(), given.encode()) for one in valid) > 0

    def has_role(self, user: str, *templates: str) -> bool:
        """Tell whether a user or service account has a role of one of these templates."""
        return any(user in role.principals and role.template in templates for role in self.data.roles.values())

    def has_totp(self, user: User) -> bool:
        """Tell whether a log-in of this user needs a second factor."""
        return bool(user.totp_secret) and self.since("5.3")

    def _subject(self, account: Account) -> str:
        """Return what tokens say of an account that RSC manages: the UUID in front is the issuer's (vendor's sample)."""
        return f"{self.data.cluster_id}_{account.rsc_id}"

    def shown_id(self, user: str) -> str:
        """Return the id, without its prefix, under which the API shows a user or service account."""
        account, mode = self.data.accounts.get(user), self.settings["rsc_account_ids"]
        if account is None or not account.rsc_id or mode == "uuid":
            return user
        return account.rsc_id if mode == "client" else self._subject(account)

    def internal_id(self, shown: str) -> str:
        """Return the UUID of what the API shows under an id; that id itself where it shows nothing under it."""
        return next((one.id for one in self.data.accounts.values() if self.shown_id(one.id) == shown), shown)

    # sessions

    def open_session(self, user: str, kind: str, seconds: float, organization: str, tag: str | None = None) -> Session:
        """Make a session of any kind, without any check."""
        now = self.clock.now()
        if self.settings["list_expired"] == "dropped":
            for session in [one for one in self.data.sessions.values() if one.expires <= now]:
                del self.data.sessions[session.id]
        account = self.data.accounts.get(user)
        claims = {
            "sub": self._subject(account) if account and account.rsc_id else user,
            "isMfaRememberToken": False,
            "iss": self.data.cluster_id,
            "iat": int(now),
            "jti": new_id(),
        }
        token = make_jwt(self.data.signing_key, claims)
        session = Session(str(claims["jti"]), token, user, kind, organization, now, now + seconds, tag=tag)
        self.data.sessions[session.id] = session
        self.dirty = True
        return session

    def state_of(self, session: Session) -> str:
        """Return "live", or why the session does not authenticate."""
        account = self.data.accounts.get(session.user)
        if account is None and session.user not in self.data.users:
            return "user deleted"
        if (account and not self.is_live(account)) or (session.kind == API_TOKEN and self.since("9.5.1")):
            return "removed"
        return "live" if session.expires > self.clock.now() else "expired"

    def live_sessions(self, user: str) -> list[Session]:
        """Return a user's or service account's sessions that authenticate."""
        return [one for one in self.data.sessions.values() if one.user == user and self.state_of(one) == "live"]

    def end_sessions(self, user: str) -> None:
        """End all sessions of a user or service account."""
        for session in [one for one in self.data.sessions.values() if one.user == user]:
            del self.data.sessions[session.id]
        self.dirty = True

    # who calls

    def presented(self) -> Presented:
        """Return what the request proves."""
        scheme, _unused, value = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "basic":
            return self._presented_password()
        if COOKIE in request.cookies and scheme.lower() != "bearer":
            value = request.cookies[COOKIE]
            if not secrets.compare_digest(request.headers.get("x-rubrik-csrf-token", "").encode(), csrf_token(value).encode()):
                return Presented("invalid", refusal=text_error(401, INVALID))
        elif scheme.lower() != "bearer":
            # other schemes are as none: a script sends one, and it does no harm
            return Presented("none", refusal=text_error(401, NEEDED))
        session = next((one for one in self.data.sessions.values() if secrets.compare_digest(one.token.encode(), value.encode())), None)
        if session is None or (scheme and session.by_cookie):
            return Presented("invalid", refusal=text_error(401, INVALID))
        if self.state_of(session) == "live":
            return Presented(session.kind, session.user, session)
        idle = session.kind == LOGIN and self.settings["expired_login"] == "needs_authentication"
        return Presented("invalid", session.user, session, text_error(401, NEEDED if idle else INVALID))

    def _presented_password(self) -> Presented:
        given = request.authorization
        user = self.user_named((given.username if given else None) or "")
        password = (given.password if given else None) or ""
        if user is None or not secrets.compare_digest(user.password.encode(), password.encode()):
            message = "Incorrect Username/Password" if not self.since("5.3") else "Incorrect username/password"
            return Presented("invalid", user.id if user else None, refusal=refusal(self.settings["bad_login"], message))
        return Presented("basic", user.id)

    def takes_basic_auth(self) -> bool:
        """Tell whether calls other than log-ins may carry user and password."""
        mode = self.settings["basic_auth"]
        return mode == "accepted" or (mode == "by_version" and not self.since("9.4"))

    def caller(self) -> Caller:
        """Return who calls.

        :raises ApiError: when the request proves nobody.
        """
        presented = self.presented()
        if presented.refusal is not None:
            raise presented.refusal
        assert presented.user is not None
        session = presented.session
        if session is None:
            user = self.data.users[presented.user]
            if self.has_totp(user) or not self.takes_basic_auth():
                raise text_error(401, FAILED)
            organization = user.organization
        else:
            organization = session.organization
            session.last_used = self.clock.now()
            if session.kind == LOGIN:
                session.expires = session.last_used + self.idle_seconds()
            self.dirty = True
        return Caller(
            presented.kind,
            presented.user,
            session,
            organization,
            self.has_role(presented.user, ADMINISTRATOR),
            self.has_role(presented.user, ADMINISTRATOR, READ_ONLY),
        )

    def idle_seconds(self) -> float:
        """Return how long a log-in lives without being used."""
        return 60.0 * self.settings.integer("session_idle_minutes")

    def organization_for(self, user: str, asked: str | None) -> str:
        """Return the organization that a new session is bound to.

        :raises ApiError: when there is none such, or it is not the user's.
        """
        holder = self.data.users.get(user) or self.data.accounts[user]
        if asked is None or asked == holder.organization:
            return holder.organization
        if asked not in self.data.organizations:
            raise refusal(self.settings["unknown_id"], UNCONFIRMED + "no such organization")
        if not self.has_role(user, ADMINISTRATOR):
            raise forbidden()
        return asked
