# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each operation sends, request by request, from the simulators' journals: as little as the vendor's API allows."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.plays._cases import done, request_of
from tests.plays._in_process_simulator import InProcess, Start

# From the platform and what is there already: a module and its options.
Options = Callable[[str, dict[str, Any]], tuple[str, dict[str, Any]]]
_ID = re.compile(r"(User%3A%3A%3A|client%7C)?[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?<=/)[0-9]{4,}(?=/|$)")


def prepared(simulator: InProcess) -> dict[str, Any]:
    """Make what the operations find: the account svc-one with a token; return its options and the token."""
    roles = {"qumulo": ["Observers"], "rubrik_cdm": ["ReadOnlyAdminRole"], "rubrik_rsc": ["Backup Operator"]}[simulator.platform]
    made = done(simulator, "service_account", name="svc-one", roles=roles)
    if simulator.platform == "qumulo":
        return done(simulator, "access_token", user="local:svc-one", expires_in="30d")
    me = {name: made[name] for name in ("client_id", "client_secret")}
    return {**done(simulator, "access_token", **me), **me}


NEW = {"qumulo": "Observers", "rubrik_cdm": "ReadOnlyAdminRole", "rubrik_rsc": "Secret Rotator"}
OTHER = {"qumulo": "Data-Administrators", "rubrik_cdm": "AdministratorRole", "rubrik_rsc": "Secret Rotator"}
ACCOUNTS: dict[str, Options] = {
    "account created, with a role": lambda platform, one: ("service_account", {"name": "svc-two", "roles": [NEW[platform]]}),
    "account as it should be": lambda platform, one: ("service_account", {"name": "svc-one"}),
    "account's role changed": lambda platform, one: ("service_account", {"name": "svc-one", "roles": [OTHER[platform]]}),
    "account deleted": lambda platform, one: ("service_account", {"name": "svc-one", "state": "absent"}),
    "all credentials listed": lambda platform, one: ("credential_info", {}),
    "accounts listed": lambda platform, one: ("service_account_info", {}),
    "token checked": lambda platform, one: ("access_check", {"token": one["token"]}),
    "token ends itself": lambda platform, one: ("session_revoke", {"token": one["token"], "target": "self"}),
}
SECRETS: dict[str, Options] = {
    "secret rotated": lambda platform, one: ("service_account", {"name": "svc-one", "rotate_secret": True}),
    "token created": lambda platform, one: ("access_token", client_of(one)),
    "token kept": lambda platform, one: ("access_token", {**client_of(one), "current": one["token"]}),
}
ONLY: dict[str, dict[str, Options]] = {
    "qumulo": {
        "token created": lambda platform, one: ("access_token", {"user": "local:svc-one", "additional": True}),
        "token kept": lambda platform, one: ("access_token", {"user": "local:svc-one"}),
        "own token kept": lambda platform, one: ("access_token", {"token": one["token"]}),
        "token's expiry moved": lambda platform, one: ("access_token", {"token_id": one["token_id"], "expires_at": "2040-01-01T00:00:00Z"}),
        "token deleted by id": lambda platform, one: ("access_token", {"token_id": one["token_id"], "state": "absent"}),
        "tokens revoked by ids": lambda platform, one: ("session_revoke", {"ids": [one["token_id"]]}),
        "tokens revoked by account": lambda platform, one: ("session_revoke", {"account": "local:svc-one"}),
        "tokens listed": lambda platform, one: ("access_token_info", {"user": "local:svc-one"}),
        "S3 access key created": lambda platform, one: ("s3_access_key", {"user": "local:svc-one"}),
        "S3 access keys listed": lambda platform, one: ("s3_access_key_info", {"user": "local:svc-one"}),
    },
    "rubrik_cdm": {
        **SECRETS,
        "secret rotated, sessions ended": lambda platform, one: (
            "service_account",
            {"name": "svc-one", "rotate_secret": True, "expire_sessions": True},
        ),
        "sessions revoked by ids": lambda platform, one: ("session_revoke", {"ids": [one["token_id"]], "account": one["client_id"]}),
        "own session revoked by its id": lambda platform, one: ("session_revoke", {**client_of(one), "ids": [one["token_id"]]}),
        "sessions revoked by account": lambda platform, one: ("session_revoke", {"account": "svc-one"}),
        "own sessions ended": lambda platform, one: ("access_token", {**client_of(one), "user": one["client_id"], "state": "absent"}),
        "sessions listed": lambda platform, one: ("access_token_info", {"user": "svc-one"}),
        "API token created": lambda platform, one: ("api_token", {"tag": "nightly"}),
        "API token kept": lambda platform, one: ("api_token", {"tag": "kept"}),
        "API token deleted by tag": lambda platform, one: ("api_token", {"tag": "kept", "state": "absent"}),
        "API tokens listed": lambda platform, one: ("api_token_info", {}),
    },
    "rubrik_rsc": {
        **SECRETS,
        "account described": lambda platform, one: ("service_account", {"name": "svc-one", "description": "Reports"}),
    },
}
OPERATIONS = {(platform, words): one for platform, own in ONLY.items() for words, one in {**ACCOUNTS, **own}.items()}


def client_of(one: dict[str, Any]) -> dict[str, Any]:
    """Return what proves the account that is there."""
    return {name: one[name] for name in ("client_id", "client_secret")}


def sent_for(simulator: InProcess, platform: str, words: str) -> list[str]:
    """Do one thing and return what was sent for it."""
    one = prepared(simulator)
    if platform == "rubrik_cdm":
        done(simulator, "api_token", tag="kept", expires_in="30d")
    start = len(simulator.journal())
    module, options = OPERATIONS[platform, words](platform, one)
    done(simulator, module, **options)
    return [_ID.sub("{id}", request_of(entry)) for entry in simulator.journal()[start:]]


# (Platform, what is done) -> what is sent, as the administrator unless a token is mentioned. Logging in and out is in it.
TABLE: dict[tuple[str, str], list[str]] = {
    ("qumulo", "account created, with a role"): [
        "POST /v1/session/login",
        "GET /v1/users/",
        "GET /v1/auth/roles/",
        "POST /v1/users/",
        "POST /v1/auth/roles/Observers/members",
    ],
    # Which roles an account holds is told by each role's list of members only.
    ("qumulo", "account as it should be"): [
        "POST /v1/session/login",
        "GET /v1/users/",
        "GET /v1/auth/roles/",
        "GET /v1/auth/roles/Administrators/members",
        "GET /v1/auth/roles/Data-Administrators/members",
        "GET /v1/auth/roles/Observers/members",
    ],
    ("qumulo", "account's role changed"): [
        "POST /v1/session/login",
        "GET /v1/users/",
        "GET /v1/auth/roles/",
        "GET /v1/auth/roles/Administrators/members",
        "GET /v1/auth/roles/Data-Administrators/members",
        "GET /v1/auth/roles/Observers/members",
        "POST /v1/auth/roles/Data-Administrators/members",
        "DELETE /v1/auth/roles/Observers/members/{id}",
    ],
    ("qumulo", "account deleted"): [
        "POST /v1/session/login",
        "GET /v1/users/",
        "GET /v1/auth/roles/",
        "GET /v1/auth/roles/Administrators/members",
        "GET /v1/auth/roles/Data-Administrators/members",
        "GET /v1/auth/roles/Observers/members",
        "GET /v1/session/who-am-i",
        "GET /v1/s3/access-keys/",
        "GET /v1/auth/access-tokens/",
        "DELETE /v1/auth/access-tokens/{id}",
        "DELETE /v1/auth/roles/Observers/members/{id}",
        "DELETE /v1/users/{id}",
    ],
    ("qumulo", "accounts listed"): [
        "POST /v1/session/login",
        "GET /v1/users/",
        "GET /v1/auth/roles/",
        "GET /v1/auth/roles/Administrators/members",
        "GET /v1/auth/roles/Data-Administrators/members",
        "GET /v1/auth/roles/Observers/members",
    ],
    # Both kinds of all accounts, who is an administrator, and the version; however many there are of any.
    ("qumulo", "all credentials listed"): [
        "POST /v1/session/login",
        "GET /v1/auth/access-tokens/",
        "GET /v1/s3/access-keys/",
        "GET /v1/auth/roles/Administrators/members",
        "GET /v1/groups/512/members/",
        "GET /v1/version",
    ],
    ("qumulo", "token checked"): ["GET /v1/session/who-am-i"],
    ("qumulo", "token ends itself"): ["GET /v1/session/who-am-i", "GET /v1/auth/access-tokens/{id}", "DELETE /v1/auth/access-tokens/{id}"],
    ("qumulo", "token created"): [
        "POST /v1/session/login",
        "POST /v1/identity/find",
        "GET /v1/auth/access-tokens/",
        "POST /v1/auth/access-tokens/",
    ],
    ("qumulo", "token kept"): ["POST /v1/session/login", "POST /v1/identity/find", "GET /v1/auth/access-tokens/"],
    ("qumulo", "own token kept"): ["GET /v1/session/who-am-i", "GET /v1/auth/access-tokens/"],
    ("qumulo", "token's expiry moved"): ["POST /v1/session/login", "GET /v1/auth/access-tokens/{id}", "PATCH /v1/auth/access-tokens/{id}"],
    ("qumulo", "token deleted by id"): ["POST /v1/session/login", "GET /v1/auth/access-tokens/{id}", "DELETE /v1/auth/access-tokens/{id}"],
    ("qumulo", "tokens revoked by ids"): [
        "POST /v1/session/login",
        "GET /v1/auth/access-tokens/{id}",
        "DELETE /v1/auth/access-tokens/{id}",
    ],
    ("qumulo", "tokens revoked by account"): [
        "POST /v1/session/login",
        "POST /v1/identity/find",
        "GET /v1/session/who-am-i",
        "GET /v1/auth/access-tokens/",
        "DELETE /v1/auth/access-tokens/{id}",
    ],
    ("qumulo", "tokens listed"): ["POST /v1/session/login", "POST /v1/identity/find", "GET /v1/auth/access-tokens/"],
    ("qumulo", "S3 access key created"): [
        "POST /v1/session/login",
        "POST /v1/identity/find",
        "GET /v1/s3/access-keys/",
        "POST /v1/s3/access-keys/",
    ],
    ("qumulo", "S3 access keys listed"): ["POST /v1/session/login", "POST /v1/identity/find", "GET /v1/s3/access-keys/"],
    # What name= finds is not published, so finding nothing with it proves nothing: the second look is without it. Roles are given
    # apart, since the key for them in a new account is not published, and read back, since an unknown key may be ignored.
    ("rubrik_cdm", "account created, with a role"): [
        "POST /api/internal/session",
        "GET /api/v1/principal",
        "GET /api/v1/principal",
        "GET /api/v1/cluster/me/version",
        "GET /api/v1/role",
        "POST /api/v1/service_account",
        "POST /api/v1/principal/role",
        "GET /api/v1/principal/role",
        "DELETE /api/v1/session/me",
    ],
    # The version: before 7.0 the list of service accounts is one of all principals.
    ("rubrik_cdm", "account as it should be"): [
        "POST /api/internal/session",
        "GET /api/v1/principal",
        "GET /api/v1/cluster/me/version",
        "DELETE /api/v1/session/me",
    ],
    # Roles are given first, and read back before any is taken away.
    ("rubrik_cdm", "account's role changed"): [
        "POST /api/internal/session",
        "GET /api/v1/principal",
        "GET /api/v1/cluster/me/version",
        "GET /api/v1/role",
        "POST /api/v1/principal/role",
        "GET /api/v1/principal/role",
        "POST /api/v1/principal/role/bulk_revoke",
        "GET /api/v1/principal/role",
        "DELETE /api/v1/session/me",
    ],
    ("rubrik_cdm", "account deleted"): [
        "POST /api/internal/session",
        "GET /api/v1/principal",
        "GET /api/v1/cluster/me/version",
        "DELETE /api/v1/service_account/{id}",
        "DELETE /api/v1/session/me",
    ],
    ("rubrik_cdm", "accounts listed"): [
        "POST /api/internal/session",
        "GET /api/v1/principal",
        "GET /api/v1/cluster/me/version",
        "DELETE /api/v1/session/me",
    ],
    # The first tells the account, the second its roles.
    ("rubrik_cdm", "token checked"): ["GET /api/internal/user/me", "GET /api/v1/principal/role"],
    # An API token would be deleted by it, and only the list tells which it is.
    ("rubrik_cdm", "token ends itself"): ["GET /api/internal/session", "DELETE /api/v1/session/me"],
    ("rubrik_cdm", "secret rotated"): [
        "POST /api/internal/session",
        "GET /api/v1/principal",
        "GET /api/v1/cluster/me/version",
        "POST /api/v1/service_account/{id}/rotate",
        "DELETE /api/v1/session/me",
    ],
    ("rubrik_cdm", "token created"): ["POST /api/v1/service_account/session"],
    ("rubrik_cdm", "token kept"): ["GET /api/internal/session"],
    # The key of the option that ends them is not published.
    ("rubrik_cdm", "secret rotated, sessions ended"): [
        "POST /api/internal/session",
        "GET /api/v1/principal",
        "GET /api/v1/cluster/me/version",
        "POST /api/v1/service_account/{id}/rotate",
        "GET /api/internal/session",
        "POST /api/internal/session/bulk_delete",
        "DELETE /api/v1/session/me",
    ],
    ("rubrik_cdm", "sessions revoked by ids"): [
        "POST /api/internal/session",
        "GET /api/internal/session",
        "POST /api/internal/session/bulk_delete",
        "DELETE /api/v1/session/me",
    ],
    ("rubrik_cdm", "own session revoked by its id"): [
        "POST /api/v1/service_account/session",
        "GET /api/internal/session",
        "POST /api/internal/session/bulk_delete",
        "DELETE /api/v1/session/me",
    ],
    ("rubrik_cdm", "sessions revoked by account"): [
        "POST /api/internal/session",
        "GET /api/v1/principal",
        "GET /api/internal/session",
        "POST /api/internal/session/bulk_delete",
        "DELETE /api/v1/session/me",
    ],
    # The log-in of a service account does not tell its name.
    ("rubrik_cdm", "own sessions ended"): [
        "POST /api/v1/service_account/session",
        "GET /api/internal/user/me",
        "GET /api/internal/session",
        "POST /api/internal/session/bulk_delete",
        "DELETE /api/v1/session/me",
    ],
    # The accounts, which of them are service accounts, and then the sessions of each of four: no request lists those of all.
    ("rubrik_cdm", "all credentials listed"): [
        "GET /api/v1/cluster/me/version",
        "POST /api/internal/session",
        "GET /api/v1/principal",
        "GET /api/v1/principal",
        *["GET /api/internal/session"] * 4,
        "DELETE /api/v1/session/me",
    ],
    ("rubrik_cdm", "sessions listed"): [
        "POST /api/internal/session",
        "GET /api/v1/principal",
        "GET /api/internal/session",
        "DELETE /api/v1/session/me",
    ],
    # The version: from 9.5.1 there are none.
    ("rubrik_cdm", "API token created"): [
        "GET /api/v1/cluster/me/version",
        "POST /api/internal/session",
        "GET /api/internal/session",
        "POST /api/internal/session",
        "DELETE /api/v1/session/me",
    ],
    ("rubrik_cdm", "API token kept"): [
        "GET /api/v1/cluster/me/version",
        "POST /api/internal/session",
        "GET /api/internal/session",
        "DELETE /api/v1/session/me",
    ],
    ("rubrik_cdm", "API token deleted by tag"): [
        "POST /api/internal/session",
        "GET /api/internal/session",
        "POST /api/internal/session/bulk_delete",
        "DELETE /api/v1/session/me",
    ],
    ("rubrik_cdm", "API tokens listed"): ["POST /api/internal/session", "GET /api/internal/session", "DELETE /api/v1/session/me"],
    # Roles are given by id, so names are looked up. All accounts are listed, since what a search finds is not published.
    ("rubrik_rsc", "account created, with a role"): [
        "POST /api/client_token",
        "POST /api/graphql serviceAccounts",
        "POST /api/graphql getAllRolesInOrgConnection",
        "POST /api/graphql createServiceAccount",
        "DELETE /api/session",
    ],
    ("rubrik_rsc", "account as it should be"): ["POST /api/client_token", "POST /api/graphql serviceAccounts", "DELETE /api/session"],
    ("rubrik_rsc", "account's role changed"): [
        "POST /api/client_token",
        "POST /api/graphql serviceAccounts",
        "POST /api/graphql getAllRolesInOrgConnection",
        "POST /api/graphql updateRoleAssignments",
        "POST /api/graphql serviceAccounts",
        "DELETE /api/session",
    ],
    # Who calls: an account that deletes itself would lock itself out.
    ("rubrik_rsc", "account deleted"): [
        "POST /api/client_token",
        "POST /api/graphql serviceAccounts",
        "POST /api/graphql currentUserLoginContext",
        "POST /api/graphql deleteServiceAccountsFromAccount",
        "DELETE /api/session",
    ],
    ("rubrik_rsc", "all credentials listed"): [
        "POST /api/client_token",
        "POST /api/graphql deploymentVersion serviceAccounts",
        "DELETE /api/session",
    ],
    ("rubrik_rsc", "accounts listed"): ["POST /api/client_token", "POST /api/graphql serviceAccounts", "DELETE /api/session"],
    ("rubrik_rsc", "token checked"): ["POST /api/graphql currentUserLoginContext"],
    ("rubrik_rsc", "token ends itself"): ["DELETE /api/session"],
    ("rubrik_rsc", "secret rotated"): [
        "POST /api/client_token",
        "POST /api/graphql serviceAccounts",
        "POST /api/graphql rotateServiceAccountSecret",
        "DELETE /api/session",
    ],
    ("rubrik_rsc", "token created"): ["POST /api/client_token"],
    ("rubrik_rsc", "token kept"): ["POST /api/graphql currentUserLoginContext"],
    ("rubrik_rsc", "account described"): [
        "POST /api/client_token",
        "POST /api/graphql serviceAccounts",
        "POST /api/graphql updateServiceAccount",
        "DELETE /api/session",
    ],
}


def test_everything_is_in_the_table() -> None:
    assert TABLE.keys() == OPERATIONS.keys()


@pytest.mark.parametrize(("platform", "words"), OPERATIONS, ids=str)
def test_requests(appliance: Start, record_property: Callable[[str, object], None], platform: str, words: str) -> None:
    sent = sent_for(appliance(platform), platform, words)
    record_property("requests", [platform, words, sent])
    assert sent == TABLE[platform, words]
