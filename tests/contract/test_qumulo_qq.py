# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The vendor's command `qq`, unmodified, against the simulated cluster."""

from __future__ import annotations

import json
from pathlib import Path

from qumulo.rest_client import RestClient

from tests.contract._qumulo_client import PASSWORD, Qq, add_user
from tests.simulator.launch import Simulator

TOKENS = "/v1/auth/access-tokens/"


def test_qq_session(simulator: Simulator, qq: Qq) -> None:
    assert "7.10.2.1" in qq("version")
    assert qq.sent() == [("GET /v1/version", None)]

    result = qq.run("login", "-u", "admin", "-p", simulator.admin["password"], anonymous=True)
    assert result.returncode == 0, result.stderr
    stored = qq.home / ".config/qumulo/credentials" / f"localhost_{simulator.port}"
    assert json.loads(stored.read_text())["bearer_token"].startswith("session-v1:")
    assert qq.sent() == [("POST /v1/session/login", {"username": "admin", "password": "<hidden>"})]

    qq("logout")
    assert qq.sent() == []
    # logging out removed the store, so log in again
    qq.store = qq.save_token("administrator", qq.login(**simulator.admin))
    qq.sent()

    assert "Expanded identity information for user 500" in qq("who_am_i")
    assert qq.sent() == [
        ("GET /v1/session/who-am-i", None),
        ("GET /v1/session/roles", None),
        ("GET /v1/users/500/groups/", None),
        ("POST /v1/identity/expand", {"id": {"auth_id": "500"}}),
    ]
    assert "access_token_id" in qq("who_am_i", store=qq.save_token("account", simulator.service_account["token"]))
    assert "Error 401" in qq.fails("login", "-u", "admin", "-p", "wrong")
    found = json.loads(qq("raw", "POST", "/v1/identity/find", stdin='{"name": "admin"}'))
    assert found["auth_id"] == "500"


def test_qq_access_tokens(qq: Qq, client: RestClient, tmp_path: Path) -> None:
    jane = add_user(client)
    qq.sent()
    file = tmp_path / "token.json"
    printed = json.loads(qq("auth_create_access_token", "jane", "--expiration-time", "Jan 01 2040", "--file", str(file)))
    assert qq.sent() == [(f"POST {TOKENS}", {"user": {"name": "jane"}, "expiration_time": "2040-01-01T00:00:00+00:00"})]
    assert json.loads(file.read_text()) == {"version": 1, "bearer_token": printed["bearer_token"]}
    assert '"id": "' + jane in qq("who_am_i", store=file)
    qq.sent()

    own = json.loads(qq("auth_create_access_token", "--self", store=file))
    assert qq.sent() == [("GET /v1/session/who-am-i", None), (f"POST {TOKENS}", {"user": {"auth_id": jane}})]
    assert "Error 409" in qq.fails("auth_create_access_token", "local:jane")
    assert qq.sent() == [(f"POST {TOKENS}", {"user": {"domain": "LOCAL", "name": "jane"}})]
    qq("auth_create_access_token", r"AD\jane")
    assert qq.sent() == [(f"POST {TOKENS}", {"user": {"name": r"AD\jane"}})]

    assert len(json.loads(qq("auth_list_access_tokens", "--json"))) == 4
    assert qq.sent() == [(f"GET {TOKENS}", None)]
    assert "2040-01-01T00:00:00Z" in qq("auth_list_access_tokens")
    qq.sent()
    for typed, query, count in (
        ("local:jane", "jane", 2),
        (r"AD\jane", "AD%5Cjane", 1),
        (f"auth_id:{int(jane):#x}", f"auth_id%3A{jane}", 2),
    ):
        assert len(json.loads(qq("auth_list_access_tokens", "--json", "--user", typed))) == count
        assert qq.sent() == [(f"GET {TOKENS}?user={query}", None)]
    assert len(json.loads(qq("auth_list_access_tokens", "--json", "--self", store=file))) == 2
    assert qq.sent() == [("GET /v1/session/who-am-i", None), (f"GET {TOKENS}?user=auth_id%3A{jane}", None)]

    one = TOKENS + own["id"]
    assert json.loads(qq("auth_get_access_token", own["id"]))["expiration_time"] is None
    assert not json.loads(qq("auth_modify_access_token", own["id"], "-d"))["enabled"]
    changed = json.loads(qq("auth_modify_access_token", own["id"], "-e", "--expiration-time", "01/01/2041 00:00"))
    assert (changed["enabled"], changed["expiration_time"]) == (True, "2041-01-01T00:00:00Z")
    assert json.loads(qq("auth_modify_access_token", own["id"])) == changed
    assert qq("auth_delete_access_token", own["id"]) == ""
    assert qq.sent() == [
        (f"GET {one}", None),
        (f"PATCH {one}", {"enabled": False}),
        (f"PATCH {one}", {"expiration_time": "2041-01-01T00:00:00+00:00", "enabled": True}),
        (f"PATCH {one}", {}),
        (f"DELETE {one}", None),
    ]
    assert "Error 404" in qq.fails("auth_get_access_token", own["id"])


def test_qq_users(qq: Qq) -> None:
    jane = str(1002)
    add = {"name": "jane", "primary_group": "0", "uid": "", "password": "<hidden>", "home_directory": None}
    expand = ("POST /v1/identity/expand", {"id": {"auth_id": jane}})
    assert '"primary_group": "513"' in qq("auth_add_user", "--name", "jane", "--password", PASSWORD)
    assert qq.sent() == [("POST /v1/users/", add), expand]

    svc = {"name": "svc", "primary_group": "513", "uid": "2000", "password": "<hidden>", "home_directory": "/home/x"}
    more = ["--primary-group", "Users", "--uid", "2000", "--home-directory", "/home/x"]
    qq("auth_add_user", "--name", "svc", "--password", PASSWORD, *more)
    assert qq.sent()[:2] == [("GET /v1/groups/", None), ("POST /v1/users/", svc)]

    assert '"name": "svc"' in qq("auth_list_users")
    assert "member of following groups" in qq("auth_list_user", "--id", "jane")
    groups = (f"GET /v1/users/{jane}/groups/", None)
    user = (f"GET /v1/users/{jane}", None)
    users = ("GET /v1/users/", None)
    assert qq.sent() == [users, users, user, groups, expand]

    qq("auth_mod_user", "--id", "jane", "--uid", "none", "--add-group", "Users")
    body = {"id": jane, "name": "jane", "primary_group": "513", "uid": "", "home_directory": None, "password": None}
    assert qq.sent() == [
        users,
        user,
        (f"PUT /v1/users/{jane}", body),
        ("GET /v1/groups/", None),
        ("POST /v1/groups/513/members/", {"member_id": jane}),
        groups,
        expand,
        user,
    ]

    qq("auth_set_password", "--id", "jane", "-p", PASSWORD + "!")
    assert qq.sent() == [users, (f"POST /v1/users/{jane}/setpassword", {"new_password": "<hidden>"})]
    qq.login("jane", PASSWORD + "!")
    qq.sent()
    qq("auth_delete_user", "--id", "jane")
    assert qq.sent() == [users, (f"DELETE /v1/users/{jane}", None)]


def test_qq_roles(simulator: Simulator, qq: Qq, client: RestClient, tmp_path: Path) -> None:
    add_user(client, "svc")
    file = tmp_path / "privileges"
    lines = [
        line for line in qq("auth_list_privileges").splitlines() if line.startswith(("PRIVILEGE_ACCESS_TOKENS_READ", "PRIVILEGE_AD_READ"))
    ]
    file.write_text("\n".join(lines))
    qq.sent()
    privileges = ("GET /v1/auth/privileges/", None)
    path = "/v1/auth/roles/svc-role"

    qq("auth_create_role", "-r", "svc-role", "-d", "desc", "-p", str(file))
    body = {"name": "svc-role", "description": "desc", "privileges": ["PRIVILEGE_ACCESS_TOKENS_READ", "PRIVILEGE_AD_READ"]}
    assert qq.sent() == [privileges, ("POST /v1/auth/roles/", body)]
    qq("auth_create_role", "-r", "bare")
    assert qq.sent() == [("POST /v1/auth/roles/", {"name": "bare", "description": "No description", "privileges": []})]

    qq("auth_modify_role", "-r", "svc-role", "-G", "PRIVILEGE_ACCESS_TOKENS_WRITE")
    *reads, (request, change) = qq.sent()
    assert reads == [privileges, (f"GET {path}", None)]
    assert request == f"PATCH {path}"
    assert sorted(change["privileges"]) == [f"PRIVILEGE_{name}" for name in ("ACCESS_TOKENS_READ", "ACCESS_TOKENS_WRITE", "AD_READ")]
    assert simulator.journal()[-1]["if_match"]

    qq("auth_assign_role", "-r", "svc-role", "-t", "local:svc")
    qq("auth_assign_role", "-r", "svc-role", "-t", "ad:jane")
    assert qq.sent() == [
        (f"POST {path}/members", {"domain": "LOCAL", "name": "svc"}),
        (f"POST {path}/members", {"domain": "ACTIVE_DIRECTORY", "name": "jane"}),
    ]
    role, members = json.loads(qq("auth_list_role", "-r", "svc-role", "--json"))
    assert role["description"] == "desc"
    assert {one["name"] for one in members.values()} == {"svc", r"AD\jane"}
    assert qq.sent() == [(f"GET {path}", None), (f"GET {path}/members", None)]

    qq("auth_unassign_role", "-r", "svc-role", "-t", "ad:jane")
    find, remove = qq.sent()
    assert find == ("POST /v1/identity/find", {"domain": "ACTIVE_DIRECTORY", "name": "jane"})
    assert remove == (f"DELETE {path}/members/{max(members, key=int)}", None)

    assert "svc-role" in json.loads(qq("auth_list_roles", "--json"))
    assert "svc" in qq("auth_list_roles")
    qq("auth_delete_role", "-r", "svc-role")
    qq.sent()
    assert "Error 404" in qq.fails("auth_delete_role", "-r", "my role/x")
    assert qq.sent() == [("DELETE /v1/auth/roles/my%20role%2Fx", None)]


def test_qq_find_identity(qq: Qq) -> None:
    assert json.loads(qq("auth_find_identity", "ad:jane", "--json"))["name"] == r"AD\jane"
    assert "auth_id: 500" in qq("auth_find_identity", "local:admin")
    assert qq.sent() == [
        ("POST /v1/identity/find", {"domain": "ACTIVE_DIRECTORY", "name": "jane"}),
        ("POST /v1/identity/find", {"domain": "LOCAL", "name": "admin"}),
    ]
    assert json.loads(qq("auth_expand_identity", "ad:jane", "--json"))["type"] == "USER"
