# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The vendor's SDK and `qq`, unmodified, against the simulated cluster."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from qumulo.lib.identity_util import Identity
from qumulo.lib.request import RequestError
from qumulo.rest.groups import get_group_id
from qumulo.rest.users import get_user_id
from qumulo.rest_client import RestClient

from tests.contract._qumulo_client import Qq, connect
from tests.simulator.launch import Simulator, launch

PASSWORD = "Correct-horse-7"
TOKENS = "/v1/auth/access-tokens/"


def add_user(client: RestClient, name: str = "jane") -> str:
    """Add a local user and return its id."""
    user_id: str = client.users.add_user(name, "513", PASSWORD)["id"]
    return user_id


def status_of(error: pytest.ExceptionInfo[RequestError]) -> int:
    return int(error.value.status_code)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A client of a cluster with a few odd names, for tests that change nothing."""
    with launch("qumulo", directory=tmp_path_factory.mktemp("shared")) as simulator:
        client = connect(simulator)
        for name in ("jane", "we:ird", "12"):
            add_user(client, name)
        yield client


# The SDK


def test_login_and_who_am_i(simulator: Simulator, client: RestClient) -> None:
    me = client.auth.who_am_i()
    assert (me["id"], me["name"], me["primary_group"], me["uid"]) == ("500", "admin", "513", "")
    assert "PRIVILEGE_ACCESS_TOKENS_WRITE" in me["privileges"]
    assert "access_token_id" not in me
    assert client.auth.my_roles() == ["Administrators"]
    assert client.version.numeric_version() == "7.10.2.1"
    assert client.cluster.get_cluster_conf() == {"cluster_name": "simulated"}
    account = simulator.service_account
    by_token = connect(simulator, account["token"])
    assert by_token.auth.who_am_i()["access_token_id"] == account["token_id"]
    assert by_token.auth.who_am_i()["id"] == account["id"]


def test_wrong_password(simulator: Simulator) -> None:
    with pytest.raises(RequestError) as error:
        connect(simulator, "none").login("admin", "wrong")
    assert status_of(error) == 401


@pytest.mark.parametrize("body", ["json", "empty"])
def test_unauthorized(tmp_path: Path, body: str) -> None:
    with launch("qumulo", settings={"unauthorized_body": body}, directory=tmp_path) as simulator:
        with pytest.raises(RequestError) as error:
            connect(simulator, "access-v1:bm9uZQ==").auth.who_am_i()
        assert status_of(error) == 401
        assert ("Need to log in" in error.value.description) == (body == "empty")


def test_change_own_password(simulator: Simulator) -> None:
    account = simulator.service_account
    own = connect(simulator, account["token"])
    own.auth.change_password(account["password"], PASSWORD)
    own.login(account["username"], PASSWORD)
    assert own.auth.who_am_i()["name"] == account["username"]
    with pytest.raises(RequestError) as error:
        own.auth.change_password(PASSWORD, "allsmall1")
    assert status_of(error) == 400


@pytest.mark.parametrize(("never_expires", "paging_end"), [("null", "null"), ("null", "empty"), ("empty", "null"), ("omitted", "empty")])
def test_access_token_life(tmp_path: Path, never_expires: str, paging_end: str) -> None:
    settings = {"never_expires": never_expires, "paging_end": paging_end, "page_size": "1"}
    with launch("qumulo", settings=settings, directory=tmp_path) as simulator:
        client = connect(simulator)
        jane = Identity({"auth_id": add_user(client)})
        expires = datetime(2040, 1, 2, 3, 4, 5, 600000, timezone(timedelta(hours=-5)))
        first = client.access_tokens.create(jane)
        second = client.access_tokens.create(jane, expires)
        assert first.bearer_token.startswith("access-v1:")
        assert first.id.isdigit()
        assert len(first.id) == 22

        assert not client.access_tokens.get(first.id).expiration_time
        described = client.access_tokens.get(second.id)
        assert described.expiration_time == "2040-01-02T08:04:05.6Z"
        assert described.user["auth_id"] == jane.auth_id
        assert described.creator["name"] == "admin"
        assert described.enabled

        pages = list(client.access_tokens.list())
        assert [len(page.entries) for page in pages] == [1, 1, 1]
        listed = {entry.id for page in pages for entry in page.entries}
        assert listed == {first.id, second.id, simulator.service_account["token_id"]}
        assert {entry.id for page in client.access_tokens.list(user=jane) for entry in page.entries} == {first.id, second.id}

        with pytest.raises(RequestError) as error:
            client.access_tokens.create(jane)
        assert status_of(error) == 409

        assert connect(simulator, first.bearer_token).auth.who_am_i()["access_token_id"] == first.id
        assert not client.access_tokens.modify(first.id, enabled=False).enabled
        with pytest.raises(RequestError) as error:
            connect(simulator, first.bearer_token).auth.who_am_i()
        assert status_of(error) == 401
        client.access_tokens.modify(first.id, enabled=True)
        connect(simulator, first.bearer_token).auth.who_am_i()

        client.access_tokens.delete(first.id)
        for call in (client.access_tokens.get, client.access_tokens.delete):
            with pytest.raises(RequestError) as error:
                call(first.id)
            assert status_of(error) == 404


def test_expired_token_is_revived(simulator: Simulator, client: RestClient) -> None:
    user = Identity({"auth_id": add_user(client)})
    soon = datetime.now(timezone.utc) + timedelta(minutes=5)
    token = client.access_tokens.create(user, soon)
    connect(simulator, token.bearer_token).auth.who_am_i()
    simulator.advance(600)
    with pytest.raises(RequestError) as error:
        connect(simulator, token.bearer_token).auth.who_am_i()
    assert status_of(error) == 401
    client.access_tokens.modify(token.id, expiration_time=soon + timedelta(days=1))
    connect(simulator, token.bearer_token).auth.who_am_i()


def test_sdk_sends_user_and_limit_wrongly(simulator: Simulator, client: RestClient) -> None:
    add_user(client)
    with pytest.raises(RequestError) as error:
        list(client.access_tokens.list(user=Identity("local:jane"), limit=1))
    assert status_of(error) == 404
    assert simulator.journal()[-1]["query"] == "user=jane?limit=1"


def test_groups_own_no_tokens(client: RestClient) -> None:
    for group in ("auth_id:513", "world:Everyone", "gid:7"):
        with pytest.raises(RequestError) as error:
            client.access_tokens.create(Identity(group))
        assert status_of(error) == 400


@pytest.mark.parametrize(("version", "allowed"), [("7.3.0", True), ("7.2.3.2", False)])
def test_self_service(tmp_path: Path, version: str, allowed: bool) -> None:
    with launch("qumulo", version=version, settings={"service_account_role": "none"}, directory=tmp_path) as simulator:
        account = simulator.service_account
        own = connect(simulator, account["token"])
        assert own.auth.who_am_i()["privileges"] == []
        me = Identity({"auth_id": account["id"]})

        def statuses(identity: Identity, token_id: str) -> list[int]:
            found = []
            for call in (
                lambda: own.access_tokens.get(token_id),
                lambda: own.access_tokens.modify(token_id, enabled=True),
                lambda: list(own.access_tokens.list(user=identity)),
                lambda: own.access_tokens.create(identity),
            ):
                try:
                    call()
                    found.append(200)
                except RequestError as error:
                    found.append(int(error.status_code))
            return found

        assert statuses(me, account["token_id"]) == [200 if allowed else 403] * 4
        foreign = connect(simulator).access_tokens.create(Identity("local:admin"))
        assert statuses(Identity({"auth_id": "500"}), foreign.id) == [403] * 4
        with pytest.raises(RequestError) as error:
            list(own.access_tokens.list())
        assert status_of(error) == 403


def test_users(client: RestClient) -> None:
    user_id = add_user(client)
    user, etag = client.users.list_user(user_id, with_etag=True)
    assert user == {
        "id": user_id,
        "name": "jane",
        "primary_group": "513",
        "sid": user["sid"],
        "uid": "",
        "home_directory": None,
        "can_change_password": True,
    }
    assert user["sid"].endswith(f"-{user_id}")
    assert get_user_id(client.conninfo, None, "jane").data == int(user_id)
    changed = client.users.modify_user(user_id, "jane", "513", "2000", "/home/jane", if_match=etag)
    assert (changed["uid"], changed["home_directory"]) == ("2000", "/home/jane")
    with pytest.raises(RequestError) as error:
        client.users.modify_user(user_id, "jane", "513", "2001", if_match=etag)
    assert status_of(error) == 412
    client.login("jane", PASSWORD)
    # what was logged in has no right to anything else
    with pytest.raises(RequestError) as error:
        client.users.list_users()
    assert status_of(error) == 403


def test_user_errors(client: RestClient) -> None:
    add_user(client)
    for arguments, status in (
        (("jane", "513", PASSWORD), 409),
        (("JANE", "513", PASSWORD), 409),
        (("joe", "999", PASSWORD), 400),
        (("joe", "513", "lowerandUPPER"), 400),
        (("joe", "513", PASSWORD, "x1"), 400),
    ):
        with pytest.raises(RequestError) as error:
            client.users.add_user(*arguments)
        assert status_of(error) == status, arguments
    with pytest.raises(RequestError) as error:
        client.users.list_user(999)
    assert status_of(error) == 404


def test_groups(client: RestClient) -> None:
    user_id = add_user(client)
    group = client.groups.add_group("robots", "3000")
    assert get_group_id(client.conninfo, None, "robots").data == int(group["id"])
    assert client.groups.group_add_member(group["id"], user_id)["id"] == user_id
    assert [one["name"] for one in client.users.list_groups_for_user(user_id)] == ["Users", "robots"]
    assert [one["id"] for one in client.groups.group_get_members(group["id"])] == [user_id]
    assert client.users.list_groups_for_user(21474837585) == []
    client.groups.group_remove_member(group["id"], user_id)
    changed = client.groups.modify_group(group["id"], "machines", "", if_match=client.groups.list_group(group["id"], with_etag=True).etag)
    assert changed["gid"] == ""
    client.groups.delete_group(group["id"])
    assert {one["id"] for one in client.groups.list_groups()} == {"512", "513", "514"}


def test_roles(client: RestClient) -> None:
    user_id = add_user(client)
    client.roles.create_role("rotator", "rotates tokens", ["PRIVILEGE_ROLE_READ"])
    role, etag = client.roles.list_role("ROTATOR", with_etag=True)
    assert role == {"description": "rotates tokens", "privileges": ["PRIVILEGE_ROLE_READ"]}
    client.roles.modify_role("rotator", privileges=["PRIVILEGE_ACCESS_TOKENS_READ"], if_match=etag)
    with pytest.raises(RequestError) as error:
        client.roles.modify_role("rotator", description="stale", if_match=etag)
    assert status_of(error) == 412
    assert client.roles.add_member("rotator", domain="LOCAL", name="jane")["auth_id"] == user_id
    assert client.roles.add_member("rotator", name="AD\\jane")["domain"] == "ACTIVE_DIRECTORY"
    with pytest.raises(RequestError) as error:
        client.roles.add_member("rotator", auth_id=user_id)
    assert status_of(error) == 409
    pages = list(client.roles.list_all_members("rotator", limit=1))
    assert [one["name"] for page in pages for one in page["members"].values()] == ["jane", "AD\\jane"]
    client.roles.remove_member("rotator", domain="LOCAL", name="jane")
    assert list(client.roles.list_members("rotator")["members"]) != [user_id]
    client.roles.delete_role("rotator")
    assert set(client.roles.list_roles()) == {"Administrators", "Data-Administrators", "Observers"}


def test_role_errors(client: RestClient) -> None:
    for call, status in (
        (lambda: client.roles.create_role("two words", ""), 400),
        (lambda: client.roles.create_role("observers", ""), 409),
        (lambda: client.roles.create_role("singular", "", ["PRIVILEGE_ACCESS_TOKEN_READ"]), 400),
        (lambda: client.roles.delete_role("Observers"), 400),
        (lambda: client.roles.list_role("none"), 404),
    ):
        with pytest.raises(RequestError) as error:
            call()
        assert status_of(error) == status


def test_role_reaches_a_session_at_the_next_login(simulator: Simulator, client: RestClient) -> None:
    user_id = add_user(client)
    token = client.access_tokens.create(Identity({"auth_id": user_id})).bearer_token
    before = connect(simulator, "none")
    before.login("jane", PASSWORD)
    client.roles.add_member("Observers", auth_id=user_id)
    assert before.auth.my_roles() == []
    before.login("jane", PASSWORD)
    assert before.auth.my_roles() == ["Observers"]
    assert connect(simulator, token).auth.my_roles() == ["Observers"]


@pytest.mark.parametrize(
    ("typed", "domain", "name"),
    [
        ("jane", "LOCAL", "jane"),
        ("local:jane", "LOCAL", "jane"),
        ("LOCAL: jane ", "LOCAL", "jane"),
        ("ad:jane", "ACTIVE_DIRECTORY", "AD\\jane"),
        ("AD\\jane", "ACTIVE_DIRECTORY", "AD\\jane"),
        ("jane@ad.example.com", "ACTIVE_DIRECTORY", "AD\\jane"),
        ("CN=jane,CN=Users,DC=ad,DC=example,DC=com", "ACTIVE_DIRECTORY", "AD\\jane"),
        ("world:everyone", "WORLD", "Everyone"),
        ("s-1-1-0", "WORLD", "Everyone"),
        ("SID:S-1-1-0", "WORLD", "Everyone"),
        ("auth_id:0x1f4", "LOCAL", "admin"),
        ("uid:1001", "POSIX_USER", None),
        ("gid:2", "POSIX_GROUP", None),
        ("name:we:ird", "LOCAL", "we:ird"),
        ("12", "LOCAL", "12"),
    ],
)
def test_identity_grammar(shared: RestClient, typed: str, domain: str, name: str | None) -> None:
    found = shared.auth.find_identity(**Identity(typed).dictionary())
    assert set(found) == {"domain", "auth_id", "uid", "gid", "sid", "name"}
    assert (found["domain"], found["name"]) == (domain, name)
    # what is found denotes itself, whichever fields are used
    assert shared.auth.find_identity(**found) == found
    assert shared.auth.find_identity(sid=found["sid"]) == found


@pytest.mark.parametrize(
    ("ident", "status"),
    [
        ({}, 400),
        ({"domain": "LOCAL"}, 400),
        ({"domain": "MARS", "name": "jane"}, 400),
        ({"auth_id": "500", "name": "jane"}, 400),
        ({"domain": "ACTIVE_DIRECTORY", "auth_id": "500"}, 400),
        ({"auth_id": 500}, 400),
        ({"uid": "1001"}, 400),
        ({"name": "nobody"}, 404),
        ({"domain": "ACTIVE_DIRECTORY", "name": "we:ird"}, 404),
        ({"auth_id": "4711"}, 404),
    ],
)
def test_identity_errors(shared: RestClient, ident: dict[str, Any], status: int) -> None:
    with pytest.raises(RequestError) as error:
        shared.auth.find_identity(**ident)
    assert status_of(error) == status


def test_deleted_user(simulator: Simulator, client: RestClient) -> None:
    user_id = add_user(client)
    token = client.access_tokens.create(Identity({"auth_id": user_id}))
    client.users.delete_user(user_id)
    with pytest.raises(RequestError) as error:
        connect(simulator, token.bearer_token).auth.who_am_i()
    assert status_of(error) == 401
    # the token stays listed, under an identity without a name, and can be deleted
    assert client.access_tokens.get(token.id).user == {
        "auth_id": user_id,
        "domain": "LOCAL",
        "name": None,
        "sid": client.access_tokens.get(token.id).user["sid"],
        "uid": None,
        "gid": None,
    }
    with pytest.raises(RequestError) as error:
        client.access_tokens.create(Identity({"auth_id": user_id}))
    assert (status_of(error), error.value.error_class) == (400, "cred_invalid_local_user_error")
    assert add_user(client) != user_id
    client.access_tokens.delete(token.id)


# `qq`


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
    lines = [line for line in qq("auth_list_privileges").splitlines() if line.startswith(("PRIVILEGE_ACCESS_TOKENS_READ", "PRIVILEGE_AD_"))]
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
