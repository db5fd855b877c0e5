# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulated RSC account's error answers, its GraphQL and what older schemas lack, without a server around it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulator._settings import SettingError
from tests.simulator.tests._rsc_tenant import CREATE, GRAPHQL, LIST, MINT, ROTATE, SESSION, UNKNOWN, VERSION, Tenant, named


def test_service_error_shape() -> None:
    tenant = Tenant()
    status, error = tenant.mint(client_secret="wrong")
    assert (status, error["code"], error["uri"]) == (401, 401, MINT)
    assert error["message"] == "UNAUTHENTICATED: incorrect client secret"
    assert set(error["traceSpan"]) == {"traceId", "operation", "spanId"}


@pytest.mark.parametrize("authorization", [None, "Bearer", "Bearer x", "Bearer a.b.c", "Bearer \u00e9", "Basic YTpi"])
def test_gateway_error_shape(authorization: str | None) -> None:
    tenant = Tenant()
    headers = {} if authorization is None else {"Authorization": authorization}
    for method, path in (("POST", GRAPHQL), ("DELETE", SESSION)):
        answer = tenant.platform.app.test_client().open(path, method=method, headers=headers, json={"query": VERSION})
        error: Any = answer.get_json()
        assert (answer.status_code, error["code"]) == (401, 16)
        assert error["message"] == "JWT validation failed: Missing or invalid credentials"
        assert error["details"][0]["detail"] == "auth"


def test_a_changed_token_is_refused() -> None:
    tenant = Tenant()
    token = tenant.token()
    head, _unused, signature = token.rpartition(".")
    for bad in (token[:-2], f"{head}x.{signature}", head, f".{signature}", token + "="):
        assert tenant.ask(VERSION, token=bad)[0] == 401
    assert tenant.ask(VERSION, token=token)[0] == 200


def test_graphql_error_shape() -> None:
    tenant = Tenant()
    status, answer = tenant.ask(ROTATE, {"input": {"id": UNKNOWN}})
    (error,) = answer["errors"]
    assert (status, answer["data"], error["path"], error["extensions"]["code"]) == (200, None, ["rotateServiceAccountSecret"], 404)
    assert set(error) == {"message", "path", "locations", "extensions"}
    assert set(error["extensions"]["trace"]) == {"operation", "traceId", "spanId"}


@pytest.mark.parametrize(("body", "text"), [("empty", b""), ("html", b"<html>")])
def test_gateway_body(body: str, text: bytes) -> None:
    tenant = Tenant(gateway_body=body)
    for status in (429, 502, 503, 504):
        tenant.faults.add(f"POST:{MINT}:{status}:1")
        answer = tenant.platform.app.test_client().post(MINT)
        assert (answer.status_code, answer.get_json(silent=True)) == (status, None)
        assert answer.data.startswith(text)
        assert bool(answer.data) == bool(text)


@pytest.mark.parametrize(
    ("path", "status", "code"), [(GRAPHQL, 401, 16), (MINT, 401, 401), (GRAPHQL, 500, 500), ("/api/nothing", 404, 404)]
)
def test_shapes_of_faults(path: str, status: int, code: int) -> None:
    tenant = Tenant()
    tenant.faults.add(f"POST:{path}:{status}:1")
    assert tenant.send("POST", path)[0] == status
    tenant.faults.add(f"POST:{path}:{status}:1")
    assert tenant.send("POST", path)[1]["code"] == code
    assert tenant.send("GET", "/api/nothing")[1]["code"] == 404


@pytest.mark.parametrize("status", [400, 200])
@pytest.mark.parametrize(
    ("query", "variables"),
    [
        ("{ deploymentVersion nothing }", None),
        ("{ deploymentVersion", None),
        ("", None),
        (None, None),
        (VERSION, []),
        ("{ currentUser { totpStatus } }", None),
        ("{ getRolesByIds { id } }", None),
        (LIST, {"roles": ["Administrator"]}),
        (LIST, {"first": "1"}),
        (CREATE, {"input": {"name": "jane"}}),
        (CREATE, {"input": {"name": None, "roleIds": []}}),
        (CREATE, {}),
        ("query a { deploymentVersion } query b { accountId }", None),
        ('{ serviceAccounts(roleIds: ["x"]) { count } }', None),
    ],
)
def test_validation(status: int, query: Any, variables: Any) -> None:
    tenant = Tenant(validation_status=str(status))
    before = len(tenant.platform.credentials())
    answered, error = tenant.ask(query, variables)
    assert (answered, error["code"], error["uri"]) == (status, 400, GRAPHQL)
    assert error["message"].startswith("[QueryAnalysisError]")
    # nothing of it was done, but for the administrator's token
    assert len(tenant.platform.credentials()) == before + 1


def test_a_body_that_is_no_request() -> None:
    tenant = Tenant()
    for data in (b"", b"{", b"[]", b"\xff"):
        assert tenant.send("POST", GRAPHQL, tenant.admin, data=data)[0] == 400
        assert tenant.send("POST", MINT, data=data)[0] == 400


def test_account_flag_errors() -> None:
    tenant = Tenant(account_flag_errors="2")
    for _unused in range(2):
        status, answer = tenant.ask(VERSION)
        assert (status, answer["errors"][0]["extensions"]["code"]) == (200, 403)
        assert answer["errors"][0]["message"].startswith("Error checking account flags to determine access. Please try again.")
    assert tenant.get(VERSION) == "v20261012-1"


# Older schemas

OLD_ROTATE = "mutation ($input: RotateServiceAccountSecretInput!) { rotateServiceAccountSecret(input: $input) { clientSecret } }"


@pytest.mark.parametrize(("version", "schema"), [("v20260601-3", "version"), ("v20261012-1", "2026-05-25")])
@pytest.mark.parametrize("status", [400, 200])
def test_schema_without_the_newest_fields(version: str, schema: str, status: int) -> None:
    tenant = Tenant(version, schema=schema, validation_status=str(status), tpr_policies="1")
    answered, error = tenant.ask(ROTATE, {"input": {"id": tenant.id}})
    assert (answered, error["code"]) == (status, 400)
    assert "suspendedTprPolicyIds" in error["message"]
    # it was not rotated
    assert tenant.mint()[0] == 200
    assert tenant.get(OLD_ROTATE, {"input": {"id": tenant.id}})["clientSecret"]
    assert tenant.code("{ currentUser { patId } }") == 400
    assert tenant.get(LIST)["count"] == 2


def test_rotation_right_came_late() -> None:
    for schema, codes in (("2025-06-01", [None, 403]), ("2026-05-25", [403, None])):
        for role, code in zip(("Account Manager", "Secret Rotator"), codes, strict=True):
            tenant = Tenant(schema=schema, service_account_role=role)
            assert tenant.code(OLD_ROTATE, {"input": {"id": tenant.administrator["client_id"]}}, tenant.token()) == code


def test_schema_of_2022() -> None:
    tenant = Tenant(schema="2022-09-01")
    assert tenant.code(LIST) == 400
    assert tenant.code("{ currentUserLoginContext { orgName } }") == 400
    assert tenant.code('mutation { createOrgSwitchSession(input: {orgId: "x"}) { accessToken } }') == 400
    assert tenant.code("{ currentUser { id username email domain roles { id name } } }") is None
    listed = tenant.get("query ($o: SortOrderEnum) { serviceAccounts(sortOrder: $o) { nodes { name } } }", {"o": "DESC"})
    assert [named(one) for one in listed["nodes"]] == ["svc-ansible", "admin"]
    assert tenant.code("{ serviceAccounts { nodes { integrationName } } }") == 400
    assert tenant.code('mutation { updateRoleAssignments(adGroupIds: ["x"], roleIds: []) }') == 404
    assert tenant.code('mutation { updateRoleAssignments(groupIds: ["x"], roleIds: []) }') == 400


def test_one_of_several_operations_and_fragments() -> None:
    tenant = Tenant()
    query = "query a { ...x } query b { accountId } fragment x on Query { deploymentVersion ... on Query { v: deploymentVersion } }"
    body = {"query": query, "operationName": "a"}
    answer = tenant.send("POST", GRAPHQL, tenant.admin, json=body)[1]
    assert answer["data"] == {"deploymentVersion": "v20261012-1", "v": "v20261012-1"}
    with tenant.platform.app.test_request_context(GRAPHQL, method="POST", json=body):
        assert tenant.platform.notes() == {"operation": ["deploymentVersion", "deploymentVersion"]}
    for bad in ({"query": query}, {"query": "{"}, {"query": 5}, {}):
        with tenant.platform.app.test_request_context(GRAPHQL, method="POST", json=bad):
            assert tenant.platform.notes() == {"operation": None}


def test_a_failed_field_undoes_no_other() -> None:
    tenant = Tenant()
    fields = [
        'a: createServiceAccount(input: {name: "jane", roleIds: []}) { name }',
        f'b: deleteServiceAccountsFromAccount(input: {{ids: ["{UNKNOWN}"]}})',
    ]
    status, answer = tenant.ask(f"mutation {{ {' '.join(fields)} }}")
    assert (status, answer["data"], answer["errors"][0]["path"]) == (200, None, ["b"])
    assert tenant.get(LIST, {"text": "jane"})["count"] == 1


@pytest.mark.parametrize("version", ["newest", "v2026-1", "v20261012"])
def test_bad_version(version: str) -> None:
    with pytest.raises(SettingError, match="is not like v20261012-1"):
        Tenant(version)
