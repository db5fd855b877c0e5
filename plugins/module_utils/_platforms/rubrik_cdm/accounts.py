# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Local service accounts of Rubrik CDM: from 7.0 or so to 9.5.0. Private to this collection.

The vendor's list of paths tells which calls there are, and nothing of their bodies: a new account is given its name only, ids and
secrets are looked for under every likely key, and roles go by the calls for principals.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..._common.errors import LatchkeyError, NotFoundError, RequestError, UnsupportedError
from ..._common.model import Account, AccountState, ClientSecret
from ..._http.client import Answer
from ..fields import is_opaque_id, quoted, secret_field
from ..rubrik_sdk import client_file
from .api import has_no_route, was_refused
from .ids import user_account
from .principals import CdmPrincipals, account_of, role_names
from .sessions import CdmSessions

_ACCOUNTS = "/api/v1/service_account"
ONLY_ACCOUNTS = {"is_service_account": "true"}
_USE_RSC = "Create the service account in Rubrik Security Cloud (platform rubrik_rsc), which brings it to its clusters."
_LOG_IN = "Log in with username and password."


class CdmAccounts(CdmSessions, CdmPrincipals):
    """Makes, rotates and deletes local service accounts."""

    def service_accounts(self, name: str | None = None) -> list[AccountState]:
        try:
            found, others = self._principals(name, ONLY_ACCOUNTS)
        except NotFoundError as failure:
            if has_no_route(failure):
                raise self._no_accounts() from None
            raise
        if name is not None:
            self.refuse_other_case(name, [str(one.get("name")) for _answer, one in [*found, *others]])
        states = [self._state(answer, one) for answer, one in found if name is not None or is_opaque_id(one.get("id"))]
        if not self._has_accounts(states[0].account if states else None):
            raise self._no_accounts()
        return states

    def _has_accounts(self, listed: Account | None) -> bool:
        """Tell whether this version has service accounts; without them it may not know is_service_account, and then lists all users.

        Args:
            listed: one that it listed; None where it listed none.
        """
        if self._version() >= (7,):
            return True
        path = f"{_ACCOUNTS}/{quoted((listed or self.caller().account).id)}"
        return not has_no_route(self._call("read a service account", "GET", path, accept=range(400, 500)))

    def _no_accounts(self) -> UnsupportedError:
        return self._older("has no local service accounts", f"They came with 7.0 or so and went with 9.5.1. {_USE_RSC}")

    def _state(self, answer: Answer, value: dict[str, Any]) -> AccountState:
        account = account_of(answer, value)
        names = role_names(answer, value["roles"]) if "roles" in value else self._roles_held(account)
        return AccountState(account, roles=frozenset(names), role_names=names)

    def checked_account(self, wanted: AccountState, current: AccountState | None) -> AccountState:
        names = None if wanted.roles is None else self._resolved_roles(wanted.roles, current.role_names if current else {})
        if current is None or (names is not None and names.keys() != current.roles):
            self._require_manager()
            self._require_local("service accounts", _USE_RSC)
        return wanted if names is None else replace(wanted, roles=frozenset(names), role_names=names)

    def check_end_of_secret(self, *, deletes: bool) -> None:
        self._require_manager()
        if not deletes:  # which is what the upgrade to a version without them needs
            self._require_local("service accounts", _USE_RSC)

    def _require_manager(self) -> None:
        """Refuse to change service accounts as one of them."""
        if self.connection.auth.client_id:
            raise UnsupportedError(f"{self.title}: a service account may not manage service accounts, whatever its roles.", _LOG_IN)

    def _manage(self, operation: str, method: str, path: str = "", **how: Any) -> Answer:
        """Send a request about service accounts, and say of a refusal what may be behind it."""
        try:
            return self._call(operation, method, _ACCOUNTS + path, **how)
        except RequestError as refusal:
            if has_no_route(refusal):
                raise self._no_accounts() from None
            failure = self._explained(refusal)
            if was_refused(failure) and self.connection.auth.token:
                failure.add(
                    "Only a user who logged in with username and password may manage service accounts; a token may not, whatever its roles."
                )
            if was_refused(failure) and path:
                failure.add("If Rubrik Security Cloud manages this account, use platform rubrik_rsc.")
            raise failure from None

    def create_account(self, wanted: AccountState) -> tuple[AccountState, ClientSecret | None]:
        name = wanted.account.name
        answer = self._manage(f"create the service account '{name}'", "POST", body={"name": name})
        value = answer.json_object()
        secret = _secret(answer, value)
        told = (value.get(key) for key in ("id", "serviceAccountId", "clientId"))  # which of them it is is not published
        client_id = next((str(one) for one in told if is_opaque_id(one)), "") or self._created_id(answer, name, secret)
        return replace(wanted, account=user_account(client_id, name), roles=frozenset()), ClientSecret(client_id, secret, name)

    def rotate_secret(self, state: AccountState, expire_sessions: bool) -> ClientSecret:
        account = state.account
        # Without a body: the name of the option that ends sessions is not published, so they are ended afterwards.
        answer = self._manage(f"rotate the secret of {account}", "POST", f"/{quoted(account.id)}/rotate")
        secret = _secret(answer, answer.json_object())
        if expire_sessions:
            self._expire_sessions(state)
        return ClientSecret(account.id, secret, account.name)

    def _expire_sessions(self, state: AccountState) -> None:
        """End an account's sessions. A failure only warns: the new secret must not be lost for it."""
        try:
            ids = [one.id for one in self._listed(state.account)]
            if ids:
                self._delete_sessions(state.account, ids)
        except LatchkeyError as failure:
            self.warn(f"The secret of {state.account} was rotated, but its sessions go on until they expire. {failure}")

    def client_file(self, secret: ClientSecret) -> str:
        return client_file(secret)

    def update_account(self, state: AccountState, attributes: dict[str, str | None]) -> None:
        """Nothing: a name and roles are all that an account has."""

    def delete_account(self, state: AccountState) -> None:
        account = state.account
        try:
            self._manage(f"delete the service account {account}", "DELETE", f"/{quoted(account.id)}", repeatable=True)
        except RequestError as failure:
            if not was_refused(failure):
                raise
            left, _others = self._principals(account.name, ONLY_ACCOUNTS)
            if any(account_of(answer, one).id == account.id for answer, one in left):
                raise


def _secret(answer: Answer, value: dict[str, Any]) -> str:
    """Return a new secret, and hide it."""
    return secret_field(answer, value, "clientSecret" if "clientSecret" in value else "secret")
