# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Principals of Rubrik CDM, which are users and service accounts, and the roles that they hold. Private to this collection."""

from __future__ import annotations

from functools import partial
from typing import Any

from ..._common.errors import ForbiddenError, LatchkeyError, NotFoundError, RequestError
from ..._common.model import Account, AccountState
from ..._common.steps import Step
from ..._http.client import Answer
from ..fields import is_opaque_id, opaque_id_field
from .api import CdmApi, any_id_field, has_no_route, objects
from .ids import CLIENT, USER, bare_user, is_managed, managed_user, read_bearer, same_account, user_account
from .login import SESSIONS

_PRINCIPALS = "/api/v1/principal"
_HELD_ROLES = "/api/v1/principal/role"
_ROLES = "/api/v1/role"
# Body of an assignment: as version 6.0 has it, and as later ones may. No public source tells for the others.
_ASSIGNMENT_KEYS = (("principals", "roles"), ("principalIds", "roleIds"))

Item = tuple[Answer, dict[str, Any]]


class CdmPrincipals(CdmApi):
    """Finds accounts, and reads and changes their roles."""

    # Accounts

    def is_account(self, identity: str, account: Account) -> bool:
        if super().is_account(identity, account) or same_account(identity, account):
            return True
        if bare_user(identity) or is_managed(identity) or account.name not in (account.id, *account.aliases):
            return False
        return self.find_account(identity).id == account.id  # a cluster that does not tell who calls does not tell the name either

    def find_account(self, identity: str) -> Account:
        user = bare_user(identity)
        if user:
            return user_account(user)
        own = self.caller().account
        if super().is_account(identity, own) or same_account(identity, own):
            return own
        try:
            found, others = self._principals(identity, {})
        except NotFoundError as failure:
            if not has_no_route(failure):
                raise
            found, others = self._users(identity), []
        accounts = [account_of(answer, one) for answer, one in found]
        if not accounts:
            by_id = [account_of(answer, one) for answer, one in others if is_opaque_id(one.get("id"))]
            accounts = [one for one in by_id if same_account(identity, one)]
        if len(accounts) > 1:
            raise self._ambiguous("accounts", identity, [one.id for one in accounts])
        account = accounts[0] if accounts else self._with_sessions(identity)
        if account:
            return account
        unknown = self._unknown("account", f"'{identity}'", [str(one.get("name")) for _answer, one in others])
        if is_managed(identity):
            unknown.add("The cluster may list an account of Rubrik Security Cloud under another name: then use that one.")
        raise unknown

    def _with_sessions(self, identity: str) -> Account | None:
        """Return the account of an id of Rubrik Security Cloud's that no list of principals tells of, if it has sessions.

        Its user id is what its tokens would say: the UUID of this cluster's issuer with the client id. What a cluster calls such an
        account elsewhere is not published.
        """
        bare = identity.removeprefix(USER)
        issuer = read_bearer((self.http.authorization or "").removeprefix("Bearer ")).issuer
        if not is_managed(identity) or (bare.startswith(CLIENT) and not issuer):
            return None
        user = managed_user(bare, str(issuer)) if bare.startswith(CLIENT) else bare
        what = f"look for sessions of {identity}"
        answer = self._call(what, "GET", SESSIONS, params={"user_id": user}, accept=(400, 403, 404, 405, 422))
        return user_account(USER + user) if answer.status < 400 and objects(answer, answer.json()) else None

    def _principals(self, name: str | None, which: dict[str, str]) -> tuple[list[Item], list[Item]]:
        """Return the principals of exactly this name, or all for None, and the others that were seen on the way."""
        operation = "list principals"
        if name is not None:  # what a cluster makes of name= is not published, so finding nothing with it proves nothing
            found = [item for item in self._items(operation, _PRINCIPALS, {**which, "name": name}) if item[1].get("name") == name]
            if found:
                return found, []
        listed = list(self._items(operation, _PRINCIPALS, which))
        if name is None:
            return listed, []
        found = [item for item in listed if item[1].get("name") == name]
        return found, [item for item in listed if item[1].get("name") != name]

    def _users(self, name: str) -> list[Item]:
        """Return the users of a name before 5.2, which has no principals."""
        answer = self._call("look up a user", "GET", "/api/internal/user", params={"username": name})
        users = self._entries(answer)
        return [(answer, {"id": one.get("id"), "name": name}) for one in users if one.get("username") == name]

    # Roles

    def caller_roles(self) -> tuple[str, ...] | None:
        try:
            return tuple(sorted(self._roles_held(self.caller().account).values()))
        except (ForbiddenError, NotFoundError):
            return None

    def _roles_held(self, account: Account) -> dict[str, str]:
        """Return the names of an account's roles, by id."""
        answer = self._call(f"read the roles of {account}", "GET", _HELD_ROLES, params={"principals": account.id})
        held: dict[str, str] = {}
        for one in self._entries(answer):
            whose = next((str(one[key]) for key in ("principal", "principalId", "id") if key in one), account.id)
            if same_account(whose, account):
                held |= role_names(answer, one.get("roles"))
        return held

    def _resolved_roles(self, wanted: frozenset[str], known: dict[str, str]) -> dict[str, str]:
        """Return roles given by name or id as names by id; asks only for those that are not among the known ones.

        Raises:
            OptionError: there is no such role, or several have the name.
        """
        if not all(one in known or one in known.values() for one in wanted):
            listed = [role_names(answer, [one]) for answer, one in self._items("list roles", _ROLES, {})]
            known = {id_: name for roles in listed for id_, name in roles.items()}
        return self._named_roles(wanted, known)

    def role_steps(self, state: AccountState, wanted: AccountState) -> tuple[list[Step], list[Step]]:
        held, roles = state.roles or frozenset(), wanted.roles or frozenset()
        names = {**state.role_names, **wanted.role_names}
        give: list[Step] = []
        take: list[Step] = []
        if roles - held:
            # All that are wanted, since an assignment may replace what there was.
            act = partial(self._change_roles, state.account, roles, names, give=True)
            give.append((f"roles {_names_of(roles - held, names)} given", act))
        if held - roles:
            act = partial(self._change_roles, state.account, held - roles, names, give=False)
            take.append((f"roles {_names_of(held - roles, names)} taken away", act))
        return give, take

    def _change_roles(self, account: Account, roles: frozenset[str], names: dict[str, str], *, give: bool) -> None:
        """Give or take roles in one request, and read back whether that did it."""
        what = f"give {account} roles" if give else f"take roles from {account}"
        path = _HELD_ROLES if give else f"{_HELD_ROLES}/bulk_revoke"
        refusal: RequestError | None = None
        for principals_key, roles_key in _ASSIGNMENT_KEYS:
            try:
                self._call(what, "POST", path, body={principals_key: [account.id], roles_key: sorted(roles)}, repeatable=True)
                refusal = None
                break
            except RequestError as failure:
                if failure.status not in (400, 422):
                    raise
                refusal = refusal or failure
        held = self._roles_held(account).keys()
        wrong = roles - held if give else roles & held
        if wrong and refusal:
            raise refusal
        if wrong:
            raise LatchkeyError(
                f"{self.title} at {self.http.endpoint.url} was asked to {what} and did not refuse, "
                f"but {account} {'lacks' if give else 'still has'} {_names_of(wrong, names)}.",
                "Change the roles on the cluster by hand, and please report it with the cluster's version.",
            )


def role_names(answer: Answer, roles: Any) -> dict[str, str]:
    """Return the names of roles by id."""
    found = {}
    for one in objects(answer, roles):
        id_ = any_id_field(answer, one, "roleId", "id")
        found[id_] = str(one.get("name") or id_)
    return found


def account_of(answer: Answer, value: dict[str, Any]) -> Account:
    """Return the account that a principal is."""
    return user_account(opaque_id_field(answer, value, "id"), str(value.get("name") or ""))


def _names_of(roles: frozenset[str], names: dict[str, str]) -> str:
    return " and ".join(f"'{name}'" for name in sorted(names.get(role, role) for role in roles))
