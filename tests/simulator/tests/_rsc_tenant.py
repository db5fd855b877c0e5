# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A simulated RSC account without a server around it, and the GraphQL that the tests send to it."""

from __future__ import annotations

import threading
from typing import Any

from tests.simulator._clock import Clock
from tests.simulator._faults import Faults
from tests.simulator._journal import Journal
from tests.simulator._platform import Context
from tests.simulator._settings import COMMON_SETTINGS, Settings
from tests.simulator._state import StateFile
from tests.simulator.rubrik_rsc import RUBRIK_RSC

MINT, SESSION, GRAPHQL = "/api/client_token", "/api/session", "/api/graphql"
ADMINISTRATOR, READ_ONLY = "00000000-0000-0000-0000-000000000000", "00000000-0000-0000-0000-000000000017"
UNKNOWN = "client|01234567-89ab-cdef-0123-456789abcdef"

LIST = """query ($first: Int, $after: String, $last: Int, $before: String, $order: SortOrder, $text: String, $roles: [UUID!]) {
  serviceAccounts(first: $first, after: $after, last: $last, before: $before, sortOrder: $order, searchText: $text, roleIds: $roles) {
    count nodes { clientId name description lastLogin integrationId roles { id name } } edges { cursor }
    pageInfo { startCursor endCursor hasNextPage hasPreviousPage }
  }
}"""
CREATE = (
    "mutation ($input: CreateServiceAccountInput!) { createServiceAccount(input: $input) { clientId clientSecret name accessTokenUri } }"
)
UPDATE = "mutation ($input: UpdateServiceAccountInput!) { updateServiceAccount(input: $input) { clientId name description lastLogin } }"
ROTATE = """mutation ($input: RotateServiceAccountSecretInput!) {
  rotateServiceAccountSecret(input: $input) { clientId clientSecret name accessTokenUri suspendedTprPolicyIds } }"""
DELETE = "mutation ($input: DeleteServiceAccountsFromAccountInput!) { deleteServiceAccountsFromAccount(input: $input) }"
ASSIGN = "mutation ($users: [String!], $roles: [String!]!) { updateRoleAssignments(userIds: $users, roleIds: $roles) }"
SWITCH = "mutation ($input: CreateOrgSwitchSessionInput!) { createOrgSwitchSession(input: $input) { accessToken } }"
ROLES = "query ($text: String) { getAllRolesInOrgConnection(first: 100, nameFilter: $text) { count nodes { id name } } }"
ME = "{ currentUser { id domain username email isAccountOwner lastLogin roles { id name } } }"
VERSION = "{ deploymentVersion }"


class Tenant:
    """An RSC account in this process; calls answer (status, JSON)."""

    def __init__(self, version: str = "v20261012-1", **settings: str) -> None:
        values = Settings({**COMMON_SETTINGS, **RUBRIK_RSC.settings}, settings)
        self.faults = Faults()
        context = Context(version, values, Clock(), StateFile(None), Journal(None), self.faults, 0.0, threading.Event())
        self.platform = RUBRIK_RSC.start(context, None)
        self.clock = context.clock
        self.account: dict[str, Any] = self.platform.service_account()
        self.administrator = self.platform.admin()
        self.id: str = self.account["client_id"]
        self.secret: str = self.account["client_secret"]
        self._admin: str | None = None

    @property
    def admin(self) -> str:
        """A token of the administrator."""
        if self._admin is None:
            self._admin = self.token(self.administrator["client_id"], self.administrator["client_secret"])
        return self._admin

    def send(self, method: str, path: str, token: str | None = None, **options: Any) -> tuple[int, Any]:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        answer = self.platform.app.test_client().open(path, method=method, headers=headers, **options)
        return answer.status_code, answer.get_json(silent=True)

    def mint(self, client_id: str | None = None, client_secret: str | None = None) -> tuple[int, Any]:
        """Mint a token, for the service account unless told otherwise."""
        body = {"client_id": client_id or self.id, "client_secret": client_secret or self.secret}
        return self.send("POST", MINT, json=body)

    def token(self, client_id: str | None = None, client_secret: str | None = None) -> str:
        status, answer = self.mint(client_id, client_secret)
        assert status == 200, answer
        return str(answer["access_token"])

    def ask(self, query: str, variables: dict[str, Any] | None = None, token: str | None = None) -> tuple[int, Any]:
        """Send GraphQL, as the administrator unless a token is given."""
        return self.send("POST", GRAPHQL, token or self.admin, json={"query": query, "variables": variables, "operationName": None})

    def get(self, query: str, variables: dict[str, Any] | None = None, token: str | None = None) -> Any:
        """Send GraphQL that must succeed, and return its first root field."""
        status, answer = self.ask(query, variables, token)
        assert (status, set(answer)) == (200, {"data"}), answer
        return next(iter(answer["data"].values()))

    def code(self, query: str, variables: dict[str, Any] | None = None, token: str | None = None) -> int | None:
        """Send GraphQL and return its error's code, or None when it succeeds."""
        status, answer = self.ask(query, variables, token)
        if "errors" not in answer:
            return int(answer["code"]) if "code" in answer else None
        assert status == 200
        assert answer["data"] is None
        code: int = answer["errors"][0]["extensions"]["code"]
        return code

    def create(self, name: str = "jane", roles: list[str] | None = None, **fields: Any) -> dict[str, str]:
        created: dict[str, str] = self.get(CREATE, {"input": {"name": name, "roleIds": [READ_ONLY] if roles is None else roles, **fields}})
        return created

    def entry(self, client_id: str) -> dict[str, Any] | None:
        """Return an account as the list shows it."""
        return next((one for one in self.get(LIST, {"first": 1000})["nodes"] if one["clientId"] == client_id), None)

    def role_id(self, name: str) -> str:
        return str(next(one["id"] for one in self.get(ROLES)["nodes"] if one["name"] == name))


def named(node: dict[str, Any]) -> str:
    return str(node["name"])
