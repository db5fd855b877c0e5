# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each switch of the simulated Rubrik cluster for service accounts and their roles, without a server around it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulator.tests._cdm_cluster import ACCOUNTS, ASSIGN, FORBIDDEN, INVALID, ME, PASSWORD, UNKNOWN_ID, Cluster


@pytest.mark.parametrize(("mode", "status"), [("accepted", 201), ("refused", 403)])
def test_basic_auth_accounts(mode: str, status: int) -> None:
    cluster = Cluster(basic_auth_accounts=mode)
    assert cluster.call("POST", ACCOUNTS, {"name": "robot"}, cluster.basic())[0] == status
    assert cluster.call("POST", ACCOUNTS, {"name": "robot"})[0] == 201


def test_only_administrators_manage_accounts() -> None:
    cluster = Cluster()
    cluster.add_user()
    assert cluster.call("POST", ACCOUNTS, {"name": "robot"}, cluster.log_in("jane", PASSWORD)) == (403, FORBIDDEN)


def test_account_statuses() -> None:
    cluster = Cluster(create_status="200", update_status="204", delete_status="200", rotate_status="201")
    status, account = cluster.call("POST", ACCOUNTS, {"name": "robot"})
    path = f"{ACCOUNTS}/{account['id']}"
    calls = [("PATCH", path, {"name": "other"}), ("POST", path + "/rotate", {}), ("DELETE", path, None)]
    assert [status, *(cluster.call(*call)[0] for call in calls)] == [200, 204, 201, 200]


@pytest.mark.parametrize("id_key", ["id", "serviceAccountId", "clientId"])
@pytest.mark.parametrize("secret_key", ["secret", "clientSecret"])
def test_account_keys(id_key: str, secret_key: str) -> None:
    cluster = Cluster(account_id_key=id_key, account_secret_key=secret_key)
    account = cluster.add_account()
    assert cluster.open(serviceAccountId=account[id_key], secret=account[secret_key])[0] == 200
    rotated = cluster.call("POST", f"{ACCOUNTS}/{account[id_key]}/rotate")[1]
    assert rotated[secret_key] != account[secret_key]
    assert secret_key not in cluster.call("GET", f"{ACCOUNTS}/{account[id_key]}")[1]


@pytest.mark.parametrize(("key", "has_role"), [("roleIds", True), ("roles", True), ("none", False)])
def test_account_roles_key(key: str, has_role: bool) -> None:
    cluster = Cluster(account_roles_key=key)
    role = cluster.role_id("AdministratorRole")
    account = cluster.call("POST", ACCOUNTS, {"name": "robot", "roleIds": [role], "roles": [role]})[1]
    assert account.get(key, []) == [role] * has_role
    granted = cluster.call("GET", f"{ASSIGN}?principals={account['id']}")[1][0]["roles"]
    assert len(granted) == has_role
    for bad, status in ((f"Role:::{UNKNOWN_ID}", 404), ("x", 400), (5, 400)):
        assert key == "none" or cluster.call("PATCH", f"{ACCOUNTS}/{account['id']}", {key: [bad]})[0] == status


@pytest.mark.parametrize(("mode", "status"), [("accepted", 201), ("422", 422), ("409", 409)])
def test_account_duplicate(mode: str, status: int) -> None:
    cluster = Cluster(account_duplicate=mode)
    account = cluster.add_account()
    assert cluster.call("POST", ACCOUNTS, {"name": "robot"})[0] == status
    assert cluster.call("PATCH", f"{ACCOUNTS}/{account['id']}", {"name": "robot"})[0] == 200
    assert cluster.call("POST", ACCOUNTS, {"name": " "})[0] == 400


@pytest.mark.parametrize(
    ("mode", "option", "kept"), [("kept", {}, True), ("ended", {}, False), ("kept", {"x": True}, False), ("ended", {"x": False}, True)]
)
def test_rotate_sessions(mode: str, option: dict[str, bool], kept: bool) -> None:
    cluster = Cluster(rotate_sessions=mode, rotate_field="x")
    token = cluster.account_token()
    assert cluster.call("POST", f"{ACCOUNTS}/{cluster.service['client_id']}/rotate", option)[0] == 200
    assert (cluster.call("GET", ME, token=token)[0] == 200) == kept


@pytest.mark.parametrize(("mode", "status"), [("dead", 422), ("works", 200)])
def test_rotate_old_secret(mode: str, status: int) -> None:
    cluster = Cluster(rotate_old_secret=mode)
    path = f"{ACCOUNTS}/{cluster.service['client_id']}/rotate"
    new = cluster.call("POST", path)[1]["secret"]
    assert [cluster.open()[0], cluster.open(secret=new)[0]] == [status, 200]
    cluster.clock.advance(24 * 3600 + 1)
    assert [cluster.open()[0], cluster.open(secret=new)[0]] == [422, 200]


def test_rotate_reply() -> None:
    cluster = Cluster(rotate_reply="secret_only")
    assert set(cluster.call("POST", f"{ACCOUNTS}/{cluster.service['client_id']}/rotate")[1]) == {"secret"}


def test_deleting_an_account_ends_its_sessions() -> None:
    cluster = Cluster()
    token = cluster.account_token()
    assert cluster.call("DELETE", f"{ACCOUNTS}/{cluster.service['client_id']}") == (204, "")
    assert cluster.call("GET", ME, token=token) == (401, INVALID)
    assert cluster.open()[0] == 422


def test_accounts_of_rsc_are_not_managed_here() -> None:
    cluster = Cluster()
    assert cluster.call("GET", f"{ACCOUNTS}/{cluster.service['rsc_client_id']}")[0] == 400
    assert cluster.call("GET", f"{ACCOUNTS}/{cluster.service['rsc_id']}")[0] == 404
    for method in ("PUT", "DELETE"):
        assert cluster.call(method, "/api/internal/rsc/service_accounts/bulk", {}) == (403, FORBIDDEN)


def test_rsc_sync_seconds() -> None:
    cluster = Cluster(rsc_sync_seconds="60")
    assert cluster.open("rsc_")[0] == 422
    cluster.clock.advance(61)
    assert cluster.open("rsc_")[0] == 200


def test_given_accounts() -> None:
    secrets: dict[str, Any] = {"service_account_secret": "a+/=", "rsc_account_secret": "b+/=", "admin_password": "P-1"}
    cluster = Cluster(service_account="robot", service_account_role="Administrator", **secrets)
    assert [cluster.service[key] for key in ("name", "client_secret", "rsc_client_secret")] == ["robot", "a+/=", "b+/="]
    assert cluster.call("GET", "/api/v1/principal", token=cluster.account_token())[0] == 200
    assert cluster.me["password"] == "P-1"


# Roles


@pytest.mark.parametrize("key", ["roleId", "id"])
def test_role_id_key(key: str) -> None:
    cluster = Cluster(role_id_key=key)
    role = cluster.call("POST", "/api/v1/role", {"name": "backup"})[1]
    assert cluster.call("PATCH", f"/api/v1/role/{role[key]}", {"name": "other"})[1]["name"] == "other"
    assert [one["name"] for one in cluster.call("GET", "/api/v1/role?name=oth")[1]["data"]] == ["other"]
    assert len(cluster.call("GET", "/api/v1/role?role_template=Administrator")[1]["data"]) == 1
    assert cluster.call("GET", f"/api/v1/role/{role[key]}")[1]["roleTemplate"] == "Custom"
    assert cluster.call("DELETE", f"/api/v1/role/{cluster.role_id('AdministratorRole')}")[0] == 422
    for name, template in (("other", "Custom"), (" ", "Custom"), ("new", "Emperor")):
        assert cluster.call("POST", "/api/v1/role", {"name": name, "roleTemplate": template})[0] == (422 if name == "other" else 400)


def test_principal_key() -> None:
    cluster = Cluster()
    ids = [cluster.me["id"], cluster.service["id"]]
    for query in (f"principals={','.join(ids)}", "&".join(f"principals={one}" for one in ids)):
        assert [one["principal"] for one in cluster.call("GET", f"{ASSIGN}?{query}")[1]] == ids


@pytest.mark.parametrize(("mode", "keys"), [("principals_roles", ("principals", "roles")), ("ids", ("principalIds", "roleIds"))])
def test_assignment_fields(mode: str, keys: tuple[str, str]) -> None:
    cluster = Cluster(assignment_fields=mode)
    values = [cluster.service["id"]], [cluster.role_id("AdministratorRole")]
    assert cluster.call("POST", ASSIGN, dict(zip(keys, values, strict=True)))[0] == 200
    assert cluster.call("POST", ASSIGN, dict(zip(("a", "b"), values, strict=True)))[0] == 400
    for bad in (f"User:::{UNKNOWN_ID}", UNKNOWN_ID):
        assert cluster.call("POST", ASSIGN, {keys[0]: [bad], keys[1]: values[1]})[0] in (400, 404)


@pytest.mark.parametrize(("mode", "names"), [("adds", ["AdministratorRole", "ReadOnlyAdminRole"]), ("replaces", ["AdministratorRole"])])
def test_assignment_mode(mode: str, names: list[str]) -> None:
    cluster = Cluster(assignment_mode=mode)
    role = cluster.role_id("AdministratorRole")
    for _unused in range(2):
        cluster.call("POST", ASSIGN, {"principals": [cluster.service["id"]], "roles": [role]})
    granted = cluster.call("GET", f"{ASSIGN}?principals={cluster.service['id']}")[1][0]["roles"]
    assert [one["name"] for one in granted] == names
    # with a role that lets it, an API token or service account assigns roles as well
    body = {"principals": [cluster.service["id"]], "roles": [role]}
    assert cluster.call("POST", f"{ASSIGN}/bulk_revoke", body, cluster.account_token())[0] == 204
    assert cluster.call("POST", ASSIGN, body, cluster.account_token()) == (403, FORBIDDEN)
