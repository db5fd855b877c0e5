# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Qumulo Core's REST API, and nothing else. Private to this collection.

Facts come from the vendor's client qumulo_api (5.3.0 to 7.10.2) and the vendor's REST guide, unless said otherwise. What no
public source tells (most statuses of failures) is not relied on: errors are told apart by HTTP status only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from types import MappingProxyType
from typing import Any

from .._connection import Connection
from .._errors import (
    AuthenticationError,
    ForbiddenError,
    NotFoundError,
    OptionError,
    RefusedError,
    RequestError,
    UnsupportedError,
)
from .._http import OWN, Answer
from .._model import Account, AccountState, Caller, ClientSecret, Credential, Minted
from .._secrets import throwaway_password
from .._steps import Step, apply_steps
from .._times import utc_now
from ._base import MOST_PAGES, Platform, Probed
from ._fields import bearer_field, id_field, instant_field, quoted, text_field
from ._qumulo_identity import parse_identity

_TOKENS = "/v1/auth/access-tokens/"
_USERS = "/v1/users/"
_ROLES = "/v1/auth/roles/"
_GROUPS = "/v1/groups/"
_USERS_GROUP = "513"  # the built-in group Users
_SESSION_LIFE = timedelta(hours=10)  # vendor docs
_LINK = re.compile(r"/(?!/)[!-~]*")  # a path and a query, and no host; anything else than visible ASCII is quoted in it
_READ_TOKENS = "PRIVILEGE_ACCESS_TOKENS_READ"
# Marks a role as one that this collection made for one account; a role without it is never changed as such.
_OWN_ROLE = "Privileges of the service account {name}. Kept by latchkey.tokens."


class Qumulo(Platform):
    """A Qumulo Core cluster, 5.3.0 or later."""

    name = "qumulo"
    title = "Qumulo Core"
    options = frozenset(("roles", "privileges", "primary_group", "home_directory", "enabled", "expires_at", "expires_in", "token_id"))
    instead = MappingProxyType(
        {
            "rotate_secret": "Its accounts have no secrets; rotate access tokens instead.",
            "expire_sessions": "Its sessions end by themselves.",
        }
    )
    public_paths = frozenset(("/v1/version",))
    token_limit = 2  # vendor docs: at most two access tokens per user, disabled and expired ones included

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection, _vendor_words)
        if connection.auth.token:
            self.http.authorization = f"Bearer {connection.auth.token}"
        self._modern = False  # seen a field that only Core 5.3.3 or later sends
        self._own: Caller | None = None

    # One request

    def _call(self, operation: str, method: str, path: str, **how: Any) -> Answer:
        """Send a request as the caller, logging in first where the caller came with a password."""
        if self.http.authorization is None and how.get("authorization", OWN) is OWN:
            self.http.authorization = f"Bearer {self._log_in()}"
        return self.http.request(operation, method, path, **how)

    def _log_in(self) -> str:
        auth = self.connection.auth
        body = {"username": auth.username, "password": auth.password}
        login = self.http.request("log in", "POST", "/v1/session/login", body=body, authorization=None)
        return bearer_field(login, login.json_object(), "bearer_token")

    def _pages(self, operation: str, path: str, params: dict[str, str] | None = None) -> Iterator[tuple[Answer, dict[str, Any]]]:
        """Follow ``paging.next``, a path with query, until it is null or empty; never to another host, never in a circle or for ever."""
        seen = {path}
        answer = self._call(operation, "GET", path, params=params)
        while True:
            page = answer.json_object()
            yield answer, page
            paging = page.get("paging")
            following = paging.get("next") if isinstance(paging, dict) else None
            if not following:
                return
            if not isinstance(following, str) or not _LINK.fullmatch(following) or following in seen:
                raise answer.strange("the link to the next page leads somewhere else")
            if len(seen) == MOST_PAGES:
                raise answer.strange(f"after {MOST_PAGES} pages there is still another one")
            seen.add(following)
            answer = self._call(operation, "GET", following)

    def _version(self) -> tuple[int, ...]:
        answer = self._call("read the version", "GET", "/v1/version", authorization=None)
        found = re.search(r"(\d+(?:\.\d+)+)\s*$", str(answer.json_object().get("revision_id")))
        return tuple(int(part) for part in found.group(1).split(".")) if found else ()

    def _require_version(self, least: tuple[int, ...], what: str) -> None:
        """Refuse what older versions would quietly ignore. Asks only when no answer has shown a recent version yet."""
        if self._modern:
            return
        version = self._version()
        if version and version < least:
            raise UnsupportedError(
                f"{self.title} {'.'.join(map(str, version))} at {self.http.endpoint.url} has no {what}.",
                f"They came with {'.'.join(map(str, least))}; upgrade the cluster or leave the option out.",
            )
        self._modern = True

    def _delete(self, operation: str, path: str, is_gone: Callable[[], bool]) -> bool:
        """Delete what may be gone already; False then. It counts as gone only once reading says so: a refusal may look like a 404."""
        try:
            self._call(operation, "DELETE", path, repeatable=True)
        except RequestError as failure:
            if failure.status not in (400, 403, 404):
                raise
            try:
                gone = is_gone()
            except RequestError:
                gone = False
            if not gone:
                raise
            return False
        return True

    def _is_missing(self, operation: str, path: str) -> bool:
        return self._call(operation, "GET", path, accept=(404,)).status == 404

    # Who calls, and who else there is

    def caller(self, secret: str | None = None) -> Caller:
        if secret is None and self._own:
            return self._own
        authorization = OWN
        if secret is not None:
            self.http.hide(secret)
            authorization = f"Bearer {secret}"
        answer = self._call("find out who calls", "GET", "/v1/session/who-am-i", authorization=authorization)
        value = answer.json_object()
        token_id = value.get("access_token_id") or None
        bearer = secret or self.connection.auth.token or ""
        caller = Caller(
            account=Account(id_field(answer, value, "id"), text_field(answer, value, "name")),
            token_id=id_field(answer, {"access_token_id": str(token_id)}, "access_token_id") if token_id else None,
            with_token=bool(token_id) or bearer.startswith("access-v1"),
            privileges=tuple(sorted(str(one) for one in value["privileges"])) if isinstance(value.get("privileges"), list) else None,
        )
        if secret is None:
            self._own = caller
        return caller

    def find_account(self, identity: str) -> Account:
        wanted = parse_identity(identity, "user")
        found: Answer | None = None
        operation = f"look up the identity '{identity}'"
        try:
            for path in ("/v1/identity/find", "/v1/auth/identity/find"):  # the second before Core 6.2.1
                found = self._call(operation, "POST", path, body=wanted, repeatable=True, accept=(400, 404))
                if found.status != 404:
                    break
        except (AuthenticationError, ForbiddenError):
            # It takes a right to look identities up, but none to be oneself.
            if _names(wanted, self.caller().account):
                return self.caller().account
            raise
        account = None
        if found is not None and found.status not in (400, 404):
            account = self._account(found, found.json_object())
            if account.name or "name" not in wanted or account.domain != "LOCAL":
                return account if account.name else Account(account.id, identity, account.domain)
        # Not found, or found without a name: a removed user may stand in the way of a new one of the same name (seen live with S3
        # keys), and who may not look identities up may still read the local users.
        users = self._local_users()
        if account and users is None:
            return Account(account.id, identity, account.domain)
        name = wanted.get("name")
        if users and name in users and (account or wanted.get("domain") == "LOCAL"):
            return Account(users[name], name, "LOCAL")
        if not account and _names(wanted, self.caller().account):
            return self.caller().account
        words = found.words() if found is not None and not account else ""
        raise self._unknown("user", f"'{identity}'" + (f" ({words})" if words else ""), list(users or ()))

    def is_account(self, identity: str, account: Account) -> bool:
        wanted = parse_identity(identity, "expect_account")
        if _names(wanted, account):
            return True
        if "auth_id" in wanted or wanted.get("domain") == "LOCAL":
            return False
        # A name with a domain in it, a number or a SID: only the cluster knows whose it is.
        return self.find_account(identity).id == account.id

    def _local_users(self) -> dict[str, str] | None:
        """Return the ids of the local users by name; None when we may not read them."""
        try:
            return {user["name"]: user["id"] for user in self._users()}
        except RequestError:
            return None

    def probe(self, method: str, path: str, body: Any = None) -> Probed:
        return Probed.of(self._call(f"probe {path}", method, path, body=body, accept=range(100, 600)))

    # Access tokens

    def tokens(self, account: Account | None) -> list[Credential]:
        # Only auth_id is unambiguous: names may exist in several domains. Never with limit: user and limit exclude each other.
        params = {"user": f"auth_id:{account.id}"} if account else None
        found = []
        try:
            for answer, page in self._pages("list access tokens", _TOKENS, params):
                entries = page.get("entries")
                if not isinstance(entries, list):
                    raise answer.strange("it has no list of entries")
                found += [self._credential(answer, entry) for entry in entries]
        except NotFoundError as failure:
            raise self._too_old(failure) from None
        if account is None:
            return found
        # A list may tell no more of an identity than its auth_id.
        return [replace(one, account=account) for one in found if one.account.id == account.id]

    def token(self, token_id: str) -> Credential | None:
        try:
            answer = self._call("read an access token", "GET", _TOKENS + quoted(token_id))
        except RequestError as failure:
            # No source tells which status an id that nobody has gets, and a 404 may come from something in between. Whoever may read
            # all tokens can look for it among them.
            if failure.status not in (400, 403, 404):
                raise
            if _READ_TOKENS in (self.caller().privileges or ()):
                if any(one.id == token_id for one in self.tokens(None)):
                    raise
            elif failure.status != 404:
                raise
            return None
        return self._credential(answer, answer.json_object())

    def mint_token(self, account: Account | None, expires_at: datetime | None) -> Minted:
        account = account or self.caller().account
        body: dict[str, Any] = {"user": {"auth_id": account.id}}
        if expires_at:
            self._require_version((5, 3, 2), "expiration times for access tokens")
            body["expiration_time"] = expires_at.isoformat()
        try:
            answer = self._call(f"make an access token for {account}", "POST", _TOKENS, body=body)
            value = answer.json_object()
            secret = bearer_field(answer, value, "bearer_token")
            return Minted(Credential(id_field(answer, value, "id"), account, expires_at=expires_at), secret)
        except NotFoundError as failure:
            raise self._too_old(failure) from None
        except RequestError as failure:
            if failure.may_have_acted:
                failure.add("If a token was made, nobody has its secret: find it with access_token_info, and delete it with its token_id.")
            raise

    def update_token(self, token_id: str, *, enabled: bool | None = None, expires_at: datetime | None = None) -> Credential:
        self._require_version((5, 3, 3) if enabled is not None else (5, 3, 2), "such settings on access tokens")
        body: dict[str, Any] = {} if enabled is None else {"enabled": enabled}
        if expires_at:
            body["expiration_time"] = expires_at.isoformat()
        answer = self._call("change an access token", "PATCH", _TOKENS + quoted(token_id), body=body, repeatable=True)
        return self._credential(answer, answer.json_object())

    def delete_token(self, token_id: str) -> bool:
        return self._delete("delete an access token", _TOKENS + quoted(token_id), lambda: self.token(token_id) is None)

    def open_session(self) -> Minted:
        if self.connection.auth.token:
            raise OptionError("token: a session cannot be opened with a token.", "Set username and password.")
        now = utc_now()
        name = self.connection.auth.username or ""
        return Minted(Credential("", Account(name, name), now, now + _SESSION_LIFE, kind="session"), self._log_in())

    def own_token(self) -> Credential | None:
        caller = self.caller()
        if not caller.with_token:
            self.warn("A session of Qumulo Core cannot be revoked: its API has no logout. It ends by itself 10 hours after the login.")
            return None
        if not caller.token_id:
            raise OptionError("The platform does not tell the id of the token in use.", "Name the token with ids.")
        return self.token(caller.token_id) or Credential(caller.token_id, caller.account)

    def _too_old(self, failure: NotFoundError) -> Exception:
        version = self._version()
        if version and version < (5, 3):
            return UnsupportedError(
                f"{self.title} {'.'.join(map(str, version))} at {self.http.endpoint.url} has no access tokens.", "They came with 5.3.0."
            )
        return failure

    def _credential(self, answer: Answer, value: Any) -> Credential:
        if not isinstance(value, dict):
            raise answer.strange("an access token is not a JSON object")
        self._modern = self._modern or "enabled" in value
        creator = value.get("creator")
        return Credential(
            id=id_field(answer, value, "id"),
            account=self._account(answer, value.get("user")),
            created_at=instant_field(answer, value, "creation_time"),
            expires_at=instant_field(answer, value, "expiration_time"),  # null, empty or missing: it never expires
            enabled=value.get("enabled") is not False,
            creator=str(creator.get("name") or f"auth_id:{creator.get('auth_id')}") if isinstance(creator, dict) else "",
        )

    @staticmethod
    def _account(answer: Answer, value: Any) -> Account:
        if not isinstance(value, dict):
            raise answer.strange("an identity is not a JSON object")
        return Account(id_field(answer, value, "auth_id"), str(value.get("name") or ""), str(value.get("domain") or ""))

    # Service accounts: local users, their roles, and one role of their own for privileges

    def _users(self) -> list[dict[str, Any]]:
        answer = self._call("list local users", "GET", _USERS)
        users = answer.json()
        if not isinstance(users, list) or not all(isinstance(user, dict) for user in users):
            raise answer.strange("the local users are not a list of JSON objects")
        for user in users:
            id_field(answer, user, "id"), text_field(answer, user, "name")
        return users

    def _roles(self) -> dict[str, dict[str, Any]]:
        answer = self._call("list roles", "GET", _ROLES)
        roles = answer.json_object()
        if not all(isinstance(role, dict) for role in roles.values()):
            raise answer.strange("a role is not a JSON object")
        return roles

    def _members(self, role: str) -> set[str]:
        members: set[str] = set()
        for answer, page in self._pages(f"list the members of the role '{role}'", f"{_ROLES}{quoted(role)}/members"):
            found = page.get("members")
            if not isinstance(found, dict):
                raise answer.strange("the members of a role are not a JSON object")
            members |= set(found)
        return members

    def service_accounts(self, name: str | None = None) -> list[AccountState]:
        users = [user for user in self._users() if name is None or user["name"] == name]
        if not users:
            return []
        roles = self._roles()
        members = {role: self._members(role) for role in roles}
        return [self._state(user, roles, members) for user in users]

    @staticmethod
    def _state(user: dict[str, Any], roles: dict[str, dict[str, Any]], members: dict[str, set[str]]) -> AccountState:
        name = user["name"]
        own = _own_role_name(name, roles)
        held = frozenset(role for role in roles if user["id"] in members[role] and role != own)
        privileges = None
        if own:  # what it holds is of no use to an account that could not be made a member yet
            privileges = _strings(roles[own].get("privileges")) if user["id"] in members[own] else frozenset()
        return AccountState(
            account=Account(user["id"], name, "LOCAL"),
            roles=held,
            privileges=privileges,
            attributes={"primary_group": str(user.get("primary_group") or ""), "home_directory": user.get("home_directory") or None},
        )

    def checked_wish(self, wanted: AccountState, current: AccountState | None) -> AccountState:
        attributes = dict(wanted.attributes)
        roles = wanted.roles
        if roles:
            existing = {role.lower(): role for role in self._roles()}  # vendor docs: role names are case-insensitive
            for role in sorted(roles):
                if role.lower() not in existing:
                    raise self._unknown("role", f"'{role}'", list(existing.values()))
            roles = frozenset(existing[role.lower()] for role in roles)
        if wanted.privileges:
            known = list(self._call("list privileges", "GET", "/v1/auth/privileges/").json_object())
            for privilege in sorted(wanted.privileges - set(known)):
                stem = privilege.replace("PRIVILEGE_", "").split("_")[0]
                alike = [one for one in known if stem and stem in one]
                raise self._unknown("privilege", f"'{privilege}'", alike or known)
        if wanted.privileges is not None and re.search(r"\s", wanted.account.name):
            raise OptionError(f"privileges: a role of Qumulo Core cannot be named after '{wanted.account.name}', which has a space in it.")
        group = attributes.get("primary_group")
        if group and not group.isdecimal():
            answer = self._call("list groups", "GET", _GROUPS)
            found = answer.json()
            if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
                raise answer.strange("the local groups are not a list of JSON objects")
            groups = {text_field(answer, one, "name"): text_field(answer, one, "id") for one in found}
            if group not in groups:
                raise self._unknown("local group", f"'{group}'", list(groups))
            attributes["primary_group"] = groups[group]
        return AccountState(wanted.account, roles, wanted.privileges, attributes)

    def create_account(self, wanted: AccountState) -> tuple[AccountState, ClientSecret | None]:
        password = throwaway_password()  # kept nowhere: the account is for tokens only
        self.http.hide(password)
        answer = self._call(
            f"create the local user '{wanted.account.name}'",
            "POST",
            _USERS,
            body={
                "name": wanted.account.name,
                "primary_group": wanted.attributes.get("primary_group") or _USERS_GROUP,
                "uid": "",
                "home_directory": wanted.attributes.get("home_directory"),
                "password": password,
            },
        )
        account = Account(id_field(answer, answer.json_object(), "id"), wanted.account.name, "LOCAL")
        return replace(wanted, account=account, roles=frozenset(), privileges=None), None

    def update_account(self, state: AccountState, attributes: dict[str, str | None]) -> None:
        path = _USERS + quoted(state.account.id)
        current = self._call("read a local user", "GET", path)
        user = current.json_object()
        # A password of null keeps the one that is set, as the vendor's client does it.
        kept = {key: user.get(key) for key in ("id", "name", "primary_group", "uid", "home_directory")}
        self._call(
            f"change the local user '{state.account.name}'",
            "PUT",
            path,
            body={**kept, "password": None, **attributes},
            headers=_if_unchanged(current),
        )

    def role_steps(self, state: AccountState, wanted: AccountState) -> tuple[list[Step], list[Step]]:
        held, wished = state.roles or frozenset(), wanted.roles or frozenset()
        give: list[Step] = [(f"role '{role}' given", partial(self._add_role, state.account, role)) for role in sorted(wished - held)]
        take: list[Step] = [
            (f"role '{role}' taken away", partial(self._remove_role, state.account, role)) for role in sorted(held - wished)
        ]
        return give, take

    def _add_role(self, account: Account, role: str) -> None:
        self._call(f"give {account} the role '{role}'", "POST", f"{_ROLES}{quoted(role)}/members", body={"auth_id": account.id})

    def _remove_role(self, account: Account, role: str) -> None:
        path = f"{_ROLES}{quoted(role)}/members/{quoted(account.id)}"
        self._delete(f"take the role '{role}' from {account}", path, lambda: account.id not in self._members(role))

    def set_privileges(self, state: AccountState, privileges: frozenset[str]) -> None:
        name = state.account.name
        role = f"latchkey-{name}"
        path = _ROLES + quoted(role)
        found = self._call(f"read the role '{role}'", "GET", path, accept=(404,))
        exists = found.status != 404
        if exists and found.json_object().get("description") != _OWN_ROLE.format(name=name):
            raise RefusedError(
                f"{self.title} at {self.http.endpoint.url}: "
                f"the role '{role}' exists already and was not made by this collection for {name}.",
                "Rename or delete that role, or use roles instead of privileges.",
            )
        if not privileges:
            if exists:
                self._delete(f"delete the role '{role}'", path, lambda: self._is_missing(f"read the role '{role}'", path))
            return
        holds = sorted(privileges)
        if exists:
            if _strings(found.json_object().get("privileges")) != privileges:
                how = _if_unchanged(found)
                self._call(f"change the role '{role}'", "PATCH", path, body={"privileges": holds}, headers=how)
        else:
            body = {"name": role, "description": _OWN_ROLE.format(name=name), "privileges": holds}
            self._call(f"create the role '{role}'", "POST", _ROLES, body=body)
        if not exists or state.account.id not in self._members(role):
            self._add_role(state.account, role)

    def delete_account(self, state: AccountState) -> None:
        # Tokens first, the user last: what is left of a deleted user can no longer be addressed safely (seen live with S3 keys).
        try:
            tokens = self.tokens(state.account)
        except UnsupportedError:  # before there were access tokens
            tokens = []
        path, name = _USERS + quoted(state.account.id), state.account.name
        steps: list[Step] = [(f"access token {token.id} deleted", partial(self.delete_token, token.id)) for token in tokens]
        if state.privileges is not None:
            steps.append((f"role 'latchkey-{name}' deleted", partial(self.set_privileges, state, frozenset())))
        steps += [(f"role '{role}' taken away", partial(self._remove_role, state.account, role)) for role in sorted(state.roles or ())]
        gone = partial(self._is_missing, "read a local user", path)
        steps.append((f"account {state.account} deleted", partial(self._delete, f"delete the local user '{name}'", path, gone)))
        apply_steps(steps)


def _names(wanted: dict[str, Any], account: Account) -> bool:
    """Tell whether an identity names this account, as far as that can be told without asking."""
    if "auth_id" in wanted:
        return bool(wanted["auth_id"] == account.id)
    return wanted.get("name") == account.name and wanted.get("domain", "LOCAL") == "LOCAL"


def _own_role_name(account: str, roles: dict[str, dict[str, Any]]) -> str | None:
    """Return the role that this collection made for the account, as the cluster spells it."""
    wanted = f"latchkey-{account}".lower()
    marks = _OWN_ROLE.format(name=account)
    return next((role for role, value in roles.items() if role.lower() == wanted and value.get("description") == marks), None)


def _strings(value: Any) -> frozenset[str]:
    """Return the strings of a list; none for anything else."""
    return frozenset(one for one in value if isinstance(one, str)) if isinstance(value, list) else frozenset()


def _if_unchanged(answer: Answer) -> dict[str, str]:
    """Return the header for a change of what an answer showed, so that it fails when somebody else has changed that since."""
    etag = answer.headers.get("etag")
    if not etag:
        return {}
    if not etag.isascii() or not etag.isprintable():
        raise answer.strange("the header ETag cannot be sent back")
    return {"If-Match": etag}


def _vendor_words(value: Any) -> str:
    """Return class and description of an error body, with those of the error inside it.

    Body: ``{"module", "error_class", "description", "stack", "user_visible", "inner"?}``, every field optional (vendor's client).
    """
    words: list[str] = []
    while isinstance(value, dict) and len(words) < 3:
        parts = [str(value[key]) for key in ("error_class", "description") if isinstance(value.get(key), str) and value[key]]
        if parts:
            words.append(": ".join(parts))
        value = value.get("inner")
    return "; ".join(words)
