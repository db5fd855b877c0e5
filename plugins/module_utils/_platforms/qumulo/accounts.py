# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Service accounts of Qumulo Core: local users, their roles, and one role of their own for privileges. Private to this collection."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from ..._common.errors import AuthenticationError, ForbiddenError, NotFoundError, OptionError, RefusedError, RequestError, UnsupportedError
from ..._common.model import Account, AccountState, ClientSecret, Credential
from ..._common.secrets import throwaway_password
from ..._common.steps import Step, apply_steps
from ..._http.client import Answer
from ..fields import id_field, quoted, text_field
from .api import QumuloApi, if_unchanged

_USERS = "/v1/users/"
_ROLES = "/v1/auth/roles/"
_GROUPS = "/v1/groups/"
_USERS_GROUP = "513"  # the built-in group Users
# Marks a role as one that this collection made for one account; a role without it is never changed as such.
_OWN_ROLE = "Privileges of the service account {name}. Kept by latchkey.tokens."


class QumuloAccounts(QumuloApi):
    """Makes, changes and deletes local users, and says what they may do."""

    _seen_names: Mapping[str, str] | None = None
    _seen_roles: dict[str, dict[str, Any]] | None = None  # as this task has listed them already

    def _users(self) -> list[dict[str, Any]]:
        answer = self._call("list local users", "GET", _USERS)
        users = listed(answer, "users")
        for user in users:
            id_field(answer, user, "id"), text_field(answer, user, "name")
        return users

    def _local_names(self) -> Mapping[str, str]:
        """Return the names of the local users by id, read once; none where that is refused: what lacks a name is worth showing, too."""
        if self._seen_names is None:
            try:
                self._seen_names = {user["id"]: user["name"] for user in self._users()}
            except RequestError:
                self._seen_names = {}
        return self._seen_names

    def _roles(self) -> dict[str, dict[str, Any]]:
        answer = self._call("list roles", "GET", _ROLES)
        roles = answer.json_object()
        if not all(isinstance(role, dict) for role in roles.values()):
            raise answer.strange("a role is not a JSON object")
        self._seen_roles = roles
        return roles

    def _known_roles(self) -> dict[str, dict[str, Any]]:
        """Return the roles as this task has listed them already; lists them where it has not."""
        return self._roles() if self._seen_roles is None else self._seen_roles

    def _members(self, role: str) -> set[str]:
        members: set[str] = set()
        for answer, page in self._pages(f"list the members of the role '{role}'", f"{_ROLES}{quoted(role)}/members"):
            found = page.get("members")
            if not isinstance(found, dict):
                raise answer.strange("the members of a role are not a JSON object")
            members |= set(found)
        return members

    def service_accounts(self, name: str | None = None) -> list[AccountState]:
        users = self._users()
        if name is not None:
            self.refuse_other_case(name, [user["name"] for user in users])
            users = [user for user in users if user["name"] == name]
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

    def checked_account(self, wanted: AccountState, current: AccountState | None) -> AccountState:
        attributes = dict(wanted.attributes)
        roles = wanted.roles
        if roles:
            existing = {role.lower(): role for role in self._known_roles()}  # vendor docs: role names are case-insensitive
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
        had = (current.privileges if current else None) or frozenset()
        if wanted.privileges is not None and wanted.privileges != had:
            self._refuse_foreign_role(wanted.account.name)
        group = attributes.get("primary_group")
        if group and not group.isdecimal():
            answer = self._call("list groups", "GET", _GROUPS)
            found = listed(answer, "groups")
            groups = {text_field(answer, one, "name"): text_field(answer, one, "id") for one in found}
            if group not in groups:
                raise self._unknown("local group", f"'{group}'", list(groups))
            attributes["primary_group"] = groups[group]
        return AccountState(wanted.account, roles, wanted.privileges, attributes)

    def _refuse_foreign_role(self, account: str) -> None:
        """Refuse, before anything changes, to keep an account's privileges in a role that somebody else made."""
        roles = self._known_roles()
        taken = [role for role in roles if role.lower() == f"latchkey-{account}".lower()]
        if taken and _own_role_name(account, roles) is None:
            raise self._foreign_role(taken[0], account)

    def _foreign_role(self, role: str, account: str) -> RefusedError:
        return RefusedError(
            f"{self.title} at {self.http.endpoint.url}: "
            f"the role '{role}' exists already and was not created by this collection for {account}.",
            "Rename or delete that role, or use roles instead of privileges.",
        )

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
            headers=if_unchanged(current),
        )

    def role_steps(self, state: AccountState, wanted: AccountState) -> tuple[list[Step], list[Step]]:
        held, roles = state.roles or frozenset(), wanted.roles or frozenset()
        give: list[Step] = [(f"role '{role}' given", partial(self._add_role, state.account, role)) for role in sorted(roles - held)]
        take: list[Step] = [(f"role '{role}' taken away", partial(self._remove_role, state.account, role)) for role in sorted(held - roles)]
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
            raise self._foreign_role(role, name)  # somebody made it since the roles were listed
        if not privileges:
            if exists:
                self._delete(f"delete the role '{role}'", path, lambda: self._is_missing(f"read the role '{role}'", path))
            return
        holds = sorted(privileges)
        if exists:
            if _strings(found.json_object().get("privileges")) != privileges:
                how = if_unchanged(found)
                self._call(f"change the role '{role}'", "PATCH", path, body={"privileges": holds}, headers=how)
        else:
            body = {"name": role, "description": _OWN_ROLE.format(name=name), "privileges": holds}
            self._call(f"create the role '{role}'", "POST", _ROLES, body=body)
        if not exists or state.account.id not in self._members(role):
            self._add_role(state.account, role)

    def with_s3_keys(self, state: AccountState) -> AccountState:
        try:
            keys = self.s3_keys(state.account)
        except NotFoundError:  # before there were S3 access keys
            return state
        except (AuthenticationError, ForbiddenError) as failure:  # the caller is known by now, so it is the privilege that is missing
            self.warn(
                f"Whether {state.account} has S3 access keys is not known, and those of a deleted account stay. {failure} "
                "It takes PRIVILEGE_S3_CREDENTIALS_READ or PRIVILEGE_S3_BUCKETS_READ."
            )
            return state
        return replace(state, s3_keys=tuple(one.id for one in keys))

    def delete_account(self, state: AccountState) -> None:
        # Tokens first, the user last: what is left of a deleted user can no longer be addressed safely (seen live with S3 keys).
        try:
            tokens = self.tokens(state.account)
        except UnsupportedError:  # before there were access tokens
            tokens = []
        path, name = _USERS + quoted(state.account.id), state.account.name
        keys = [Credential(one, state.account) for one in state.s3_keys]
        steps: list[Step] = [(f"S3 access key {key.id} deleted", partial(self.delete_s3_key, key)) for key in keys]
        steps += [(f"access token {token.id} deleted", partial(self.delete_token, token.id)) for token in tokens]
        if state.privileges is not None:
            steps.append((f"role 'latchkey-{name}' deleted", partial(self.set_privileges, state, frozenset())))
        steps += [(f"role '{role}' taken away", partial(self._remove_role, state.account, role)) for role in sorted(state.roles or ())]
        gone = partial(self._is_missing, "read a local user", path)
        steps.append((f"account {state.account} deleted", partial(self._delete, f"delete the local user '{name}'", path, gone)))
        apply_steps(steps)


def listed(answer: Answer, what: str) -> list[dict[str, Any]]:
    """Return the local users or groups of a list.

    It is bare. Older versions may wrap it under its name or ``entries`` (a comment in the vendor's COSI driver, not confirmed).
    """
    value = answer.json()
    if isinstance(value, dict):
        value = value.get(what, value.get("entries"))
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise answer.strange(f"the local {what} are not a list of JSON objects")
    return value


def _own_role_name(account: str, roles: dict[str, dict[str, Any]]) -> str | None:
    """Return the role that this collection made for the account, as the cluster spells it."""
    wanted = f"latchkey-{account}".lower()
    marks = _OWN_ROLE.format(name=account)
    return next((role for role, value in roles.items() if role.lower() == wanted and value.get("description") == marks), None)


def _strings(value: Any) -> frozenset[str]:
    """Return the strings of a list; none for anything else."""
    return frozenset(one for one in value if isinstance(one, str)) if isinstance(value, list) else frozenset()
