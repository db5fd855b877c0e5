# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rubrik Security Cloud's service accounts: their secrets, descriptions and roles. Private to this collection."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from ..._common.errors import AnswerError, RequestError
from ..._common.model import Account, AccountState, ClientSecret, SecretSync
from ..._common.steps import Step
from ..._http.client import Answer
from ..fields import secret_field, text_field
from ..rubrik_sdk import client_file, token_cache_files
from .api import RscApi
from .fields import ID, PREFIX, json_object, json_objects, rsc_id_field
from .queries import CREATE, DELETE, ROLES, ROTATE, SECRET_SYNCS, SERVICE_ACCOUNTS, SET_ROLES, UPDATE
from .syncs import sync_of


class RscAccounts(RscApi):
    """Service accounts as the platform offers them."""

    def service_accounts(self, name: str | None = None) -> list[AccountState]:
        # All pages: what searchText finds is not published, and names need not be unique.
        nodes = self._nodes("list service accounts", SERVICE_ACCOUNTS, "clientId")
        if name is not None:
            self.refuse_other_case(name, [str(node.get("name")) for _answer, node in nodes])
        return [_state(answer, node) for answer, node in nodes if name is None or node.get("name") == name]

    def checked_account(self, wanted: AccountState, current: AccountState | None) -> AccountState:
        attributes = {key: value or None for key, value in wanted.attributes.items()}
        names = dict(current.role_names) if current else {}
        if not wanted.roles:
            return replace(wanted, attributes=attributes, role_names=names)
        if not all(role in names or role in names.values() for role in wanted.roles):
            nodes = self._nodes("list roles", ROLES, "id")
            names |= {node["id"]: text_field(answer, node, "name") for answer, node in nodes}
        roles = frozenset(self._named_roles(wanted.roles, names))
        return replace(wanted, roles=roles, attributes=attributes, role_names=names)

    def create_account(self, wanted: AccountState) -> tuple[AccountState, ClientSecret | None]:
        name, roles = wanted.account.name, wanted.roles or frozenset()
        given: dict[str, Any] = {"name": name, "roleIds": sorted(roles)}
        if wanted.attributes.get("description"):
            given["description"] = wanted.attributes["description"]
        answer, reply = self._query(
            f"create the service account '{name}'",
            CREATE,
            {"input": given},
            hint="" if roles else "Perhaps this tenant creates no accounts without roles: name one with roles.",
        )
        secret = self._client_secret(answer, reply, name, self._created_id)
        return replace(wanted, account=account_of(secret.client_id, name), roles=roles), secret

    def rotate_secret(self, state: AccountState, expire_sessions: bool) -> ClientSecret:
        account = state.account
        answer, reply = self._query(f"rotate the secret of {account}", ROTATE, {"input": {"id": account.id}})
        # The account was asked for by its id, so a reply without one is as good.
        secret = self._client_secret(answer, reply, account.name, lambda _answer, _name, _secret: account.id)
        suspended = reply.get("suspendedTprPolicyIds")
        if suspended and isinstance(suspended, list):
            self.warn(
                f"The rotation suspended the exemption of {account} from quorum authorization (the two-person rule), policies "
                f"{', '.join(map(str, suspended))}: what it was exempt from now waits for approval. "
                "Restore it in Rubrik Security Cloud, under the rule RESTORE_SERVICE_ACCOUNT_TPR_EXEMPTION."
            )
        return secret

    def secret_sync(self, account_id: str) -> SecretSync:
        operation = f"ask whether the secret of {account_id} has reached the clusters"
        try:
            answer, actions = self._query(operation, SECRET_SYNCS, {"objectIds": [account_id]})
            return sync_of(json_objects(answer, actions))
        except RequestError:  # without the right, on a tenant without the query, or for now: then it is tried whether the secret is taken
            return SecretSync()

    def _client_secret(self, answer: Answer, reply: Any, name: str, find_id: Callable[[Answer, str, str], str]) -> ClientSecret:
        """Return the secret that a reply tells, for an account of this name.

        It is told only once, so whatever else is missing from the reply is had in another way.

        Args:
            answer, reply: the answer and the value of its root field.
            name: the account's.
            find_id: called with the answer, the name and the secret for a client id that the reply does not tell.

        Raises:
            AnswerError: the reply tells no secret.
        """
        value = json_object(answer, reply)
        secret = secret_field(answer, value, "clientSecret")
        told = value.get("clientId")
        client_id = told if isinstance(told, str) and ID.fullmatch(told) else find_id(answer, name, secret)
        uri = value.get("accessTokenUri") or f"{self.http.endpoint.url}/api/client_token"
        return ClientSecret(client_id, secret, str(value.get("name") or name), str(uri))

    def update_account(self, state: AccountState, attributes: dict[str, str | None]) -> None:
        if "description" not in attributes:
            return
        wanted = attributes["description"]
        left = self._describe(state.account, wanted or "")
        if wanted or not left:
            return
        # Whether "" or null clears it is not published.
        operation = f"clear the description of {state.account}"
        try:
            left = self._describe(state.account, None)
        except RequestError as failure:
            if failure.status != 400:
                raise
            left = "as it was"
        if left:
            raise AnswerError(
                f"{self.title} at {self.http.endpoint.url}: cannot {operation}: neither an empty one nor none is taken.",
                "Set another description instead.",
                platform=self.name,
                endpoint=self.http.endpoint.url,
                operation=operation,
            )

    def _describe(self, account: Account, description: str | None) -> str:
        """Set the account's description; return what it then is."""
        variables = {"input": {"id": account.id, "description": description}}
        answer, reply = self._query(f"describe {account}", UPDATE, variables)
        return str(json_object(answer, reply).get("description") or "")

    def role_steps(self, state: AccountState, wanted: AccountState) -> tuple[list[Step], list[Step]]:
        if wanted.roles is None or wanted.roles == state.roles:
            return [], []
        names = sorted(wanted.role_names.get(role, role) for role in wanted.roles)
        words = f"roles set to {', '.join(names)}" if names else "all roles taken away"
        # The assignment replaces all roles at once, so there is no moment without the ones that stay.
        return [(words, partial(self._set_roles, state.account, wanted.roles))], []

    def _set_roles(self, account: Account, roles: frozenset[str]) -> None:
        operation = f"set the roles of {account}"
        hint = "" if roles else "Perhaps this tenant leaves no account without roles: name one with roles, or delete the account."
        answer, done = self._query(operation, SET_ROLES, {"userIds": [account.id], "roleIds": sorted(roles)}, hint=hint)
        if done is not True:
            raise answer.strange("the roles were not set")
        # With quorum authorization a change of roles is taken and waits for approval (its rules ASSIGN_TPR_ROLE and REVOKE_TPR_ROLE are in
        # the vendor's schema of 2026-10); what the mutation answers then is not published, so the roles are read back.
        found = next((one for one in self.service_accounts() if one.account.id == account.id), None)
        if found is not None and found.roles != roles:
            raise AnswerError(
                f"{self.title} at {self.http.endpoint.url} took the request to {operation}, and the account does not have these roles: the "
                "change waits for approval (quorum authorization), or was undone meanwhile.",
                "Let it be approved in Rubrik Security Cloud, and run again.",
                platform=self.name,
                endpoint=self.http.endpoint.url,
                operation=operation,
            )

    def delete_account(self, state: AccountState) -> None:
        account = state.account
        refused: RequestError
        try:
            answer, done = self._query(f"delete the service account {account}", DELETE, {"input": {"ids": [account.id]}})
            if done is True:
                return
            refused = answer.strange("the account was not deleted")
        except RequestError as failure:
            if failure.status not in (400, 403, 404, 500):
                raise
            refused = failure
        # What an unknown id gets is not published. It counts as gone only once the list says so.
        try:
            gone = all(one.account.id != account.id for one in self.service_accounts())
        except RequestError:
            gone = False
        if not gone:
            raise refused

    def client_file(self, secret: ClientSecret) -> str:
        return client_file(secret)

    def sdk_cache_files(self, name: str, account: Account, folder: str | None) -> list[str]:
        return token_cache_files(name, account.id, folder, os.environ)


def account_of(client_id: str, name: str) -> Account:
    """Return a service account, which is also known by its id without the prefix."""
    bare = client_id.removeprefix(PREFIX)
    return Account(client_id, name, aliases=(bare,) if bare != client_id else ())


def _state(answer: Answer, node: dict[str, Any]) -> AccountState:
    """Return a service account as the list shows it; a description that is not set is an empty string there."""
    names = {rsc_id_field(answer, role, "id"): str(role.get("name") or "") for role in json_objects(answer, node.get("roles"))}
    return AccountState(
        account=account_of(node["clientId"], str(node.get("name") or "")),
        roles=frozenset(names),
        attributes={"description": str(node.get("description") or "") or None},
        role_names=names,
    )
