# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The vendor's SDK, unmodified, against the simulated cluster."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from qumulo.lib.identity_util import Identity
from qumulo.lib.request import RequestError
from qumulo.rest.groups import get_group_id
from qumulo.rest.users import get_user_id
from qumulo.rest_client import RestClient

from tests.contract._qumulo_client import PASSWORD, add_user, connect
from tests.simulator.launch import Simulator, launch

TOKENS = "/v1/auth/access-tokens/"


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
