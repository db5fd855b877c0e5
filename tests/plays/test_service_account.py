# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""service_account: made, changed and deleted; its roles, its own role, and what it refuses to touch."""

from __future__ import annotations

from typing import Any

import pytest

from tests.plays._ansible import Ansible
from tests.plays._cases import do, done, refused, tokens_of, twelve_cases, writes
from tests.plays._options import defaults
from tests.simulator.launch import Simulator, launch

LOOK = {"latchkey.tokens.service_account_info": {"name": "svc-one"}}
CREATE: dict[str, dict[str, Any]] = {
    "roles and privileges": {"roles": ["Observers"], "privileges": ["PRIVILEGE_CLUSTER_READ", "PRIVILEGE_IDENTITY_READ"]},
    "nothing but a name": {},
    "attributes": {"primary_group": "Guests", "home_directory": "/home/one"},
}
CHANGE: dict[str, dict[str, Any]] = {
    "roles and privileges": {"roles": ["Data-Administrators"], "privileges": ["PRIVILEGE_CLUSTER_READ", "PRIVILEGE_ROLE_READ"]},
    "nothing but a name": {"roles": ["Observers"], "privileges": ["PRIVILEGE_CLUSTER_READ"]},
    "attributes": {"primary_group": "Users", "home_directory": ""},
}


def account(simulator: Simulator, name: str) -> dict[str, Any] | None:
    """Return the account as the cluster has it."""
    found = done(simulator, "service_account_info", name=name)["service_accounts"]
    return found[0] if found else None


@pytest.mark.parametrize("kind", CREATE)
def test_twelve_cases(ansible: Ansible, qumulo: Simulator, kind: str) -> None:
    phases = {
        "create": {"name": "svc-one", **CREATE[kind]},
        "change": {"name": "svc-one", **CHANGE[kind]},
        "delete": {"name": "svc-one", "state": "absent"},
    }
    results = twelve_cases(ansible, "service_account", phases, simulator=qumulo, look=LOOK, module_defaults=defaults(qumulo))

    assert results["create: in check mode"]["account_id"] is None
    assert results["create: in check mode"]["look"]["service_accounts"] == []
    for phase, wanted in (("create", CREATE[kind]), ("change", CHANGE[kind])):
        result = results[f"{phase}: for real"]
        [seen] = result["look"]["service_accounts"]
        expected = {
            "roles": wanted.get("roles", []),
            "privileges": wanted.get("privileges", []),
            "primary_group": "514" if wanted.get("primary_group") == "Guests" else "513",
            "home_directory": wanted.get("home_directory") or None,
        }
        assert {key: seen[key] for key in expected} == expected
        assert result["account_id"] == seen["account_id"]
        assert result["roles"] == seen["roles"]
        assert result["privileges"] == seen["privileges"]
        # the state that check mode had foretold
        foretold, real = results[f"{phase}: in check mode"]["diff"], result["diff"]
        assert foretold == real
    assert results["delete: for real"]["look"]["service_accounts"] == []
    assert qumulo.credentials()  # the other account's token is untouched


def test_own_role_is_removed_with_the_account(qumulo: Simulator) -> None:
    done(qumulo, "service_account", name="svc-one", privileges=["PRIVILEGE_CLUSTER_READ"])
    roles = "/v1/auth/roles/latchkey-svc-one"
    probe = {"method": "GET", "path": roles}
    done(qumulo, "access_check", probes=[{**probe, "expect": "privileges == ['PRIVILEGE_CLUSTER_READ']"}])
    done(qumulo, "service_account", name="svc-one", privileges=[])
    done(qumulo, "access_check", probes=[{**probe, "status": [404]}])
    done(qumulo, "service_account", name="svc-one", privileges=["PRIVILEGE_CLUSTER_READ"])
    done(qumulo, "service_account", name="svc-one", state="absent")
    done(qumulo, "access_check", probes=[{**probe, "status": [404]}])


def test_own_roles_that_others_made_are_left_alone(qumulo: Simulator) -> None:
    done(qumulo, "service_account", name="svc-one")
    body = {"name": "latchkey-svc-one", "description": "Mine", "privileges": ["PRIVILEGE_CLUSTER_WRITE"]}
    done(qumulo, "access_check", probes=[{"method": "POST", "path": "/v1/auth/roles/", "body": body}])
    message = refused(qumulo, "service_account", name="svc-one", privileges=["PRIVILEGE_CLUSTER_READ"])
    assert "latchkey-svc-one" in message
    assert "not made by this collection" in message
    done(qumulo, "access_check", probes=[{"path": "/v1/auth/roles/latchkey-svc-one", "expect": "description == 'Mine'"}])


def test_tokens_go_before_the_account(qumulo: Simulator) -> None:
    done(qumulo, "service_account", name="svc-one", roles=["Observers"])
    done(qumulo, "access_token", user="local:svc-one", additional=True)
    done(qumulo, "access_token", user="local:svc-one", additional=True)
    start = len(qumulo.journal())
    done(qumulo, "service_account", name="svc-one", state="absent")
    sent = writes(qumulo.journal()[start:])
    assert [one.split("/")[3] if "/auth/" in one else "users" for one in sent] == ["access-tokens", "access-tokens", "roles", "users"]
    assert tokens_of(qumulo, "svc-one") == []


def test_options_left_out_leave_things_as_they_are(qumulo: Simulator) -> None:
    done(qumulo, "service_account", name="svc-one", roles=["Observers"], privileges=["PRIVILEGE_CLUSTER_READ"], home_directory="/home/one")
    before = account(qumulo, "svc-one")
    assert done(qumulo, "service_account", name="svc-one")["changed"] is False
    assert done(qumulo, "service_account", name="svc-one", roles=["observers"])["changed"] is False  # role names are case-insensitive
    assert done(qumulo, "service_account", name="svc-one", primary_group="513")["changed"] is False
    assert account(qumulo, "svc-one") == before
    assert done(qumulo, "service_account", name="svc-one", roles=[])["roles"] == []
    after = account(qumulo, "svc-one")
    assert after == {**(before or {}), "roles": []}


def test_the_password_is_random_and_never_sent_again(qumulo: Simulator) -> None:
    """A change of the account must not reset its password; nobody learns it."""
    result = done(qumulo, "service_account", name="svc-one")
    assert "password" not in str(result).lower()
    start = len(qumulo.journal())
    done(qumulo, "service_account", name="svc-one", home_directory="/home/one")
    [change] = [one for one in qumulo.journal()[start:] if one["method"] == "PUT"]
    assert change["body"]["password"] is None
    assert change["if_match"]


UNKNOWN: list[tuple[dict[str, Any], list[str]]] = [
    ({"roles": ["Observer"]}, ["no role 'Observer'", "Observers", "Administrators"]),
    ({"privileges": ["PRIVILEGE_ACCESS_TOKEN_READ"]}, ["no privilege 'PRIVILEGE_ACCESS_TOKEN_READ'", "PRIVILEGE_ACCESS_TOKENS_READ"]),
    ({"primary_group": "Userz"}, ["no local group 'Userz'", "Guests, Users"]),
    ({"description": "For backups"}, ["description", "Qumulo Core has nothing like it"]),
    ({"rotate_secret": True}, ["rotate_secret", "Qumulo Core has nothing like it"]),
    ({"expire_sessions": True}, ["expire_sessions", "Qumulo Core has nothing like it"]),
    ({"name": " "}, ["name", "empty"]),
    ({"name": "svc one", "privileges": ["PRIVILEGE_CLUSTER_READ"]}, ["svc one", "space"]),
]
# What the cluster refuses when it is asked to; check mode cannot know.
REFUSED: list[tuple[dict[str, Any], list[str]]] = [
    ({"primary_group": "4711"}, ["create the local user 'svc-unknown'", "HTTP 400", "no such primary group"]),
    ({"name": "Users"}, ["create the local user 'Users'", "HTTP 409", "exists"]),
]


@pytest.mark.parametrize("check", [False, True], ids=["real", "check mode"])
@pytest.mark.parametrize(("options", "words"), UNKNOWN, ids=str)
def test_unknown_things(shared: Simulator, options: dict[str, Any], words: list[str], check: bool) -> None:
    start = len(shared.journal())
    message = refused(shared, "service_account", check=check, **{"name": "svc-unknown", **options})
    for word in words:
        assert word in message
    assert writes(shared.journal()[start:]) == []


@pytest.mark.parametrize(("options", "words"), REFUSED, ids=str)
def test_what_the_cluster_refuses(shared: Simulator, options: dict[str, Any], words: list[str]) -> None:
    message = refused(shared, "service_account", **{"name": "svc-unknown", **options})
    for word in words:
        assert word in message
    assert account(shared, "svc-unknown") is None


def test_the_calling_account_is_never_deleted(qumulo: Simulator) -> None:
    for check in (True, False):
        message = refused(qumulo, "service_account", name="admin", state="absent", check=check)
        assert "authenticates with" in message
        assert account(qumulo, "admin")


def test_half_done_is_said_and_goes_on(qumulo: Simulator) -> None:
    qumulo.fault("POST:/roles/Observers/members:500")
    wish: dict[str, Any] = {"name": "svc-one", "roles": ["Observers"], "privileges": ["PRIVILEGE_CLUSTER_READ"]}
    result = do(qumulo, "service_account", **wish)
    assert result["failed"]
    assert result["done"] == [f"account svc-one (id {account(qumulo, 'svc-one')['account_id']}) created"]  # type: ignore[index]
    assert result["not_done"] == ["role 'Observers' given", "privileges set"]
    assert "Running again goes on from there" in result["msg"]
    qumulo.clear_faults()
    assert done(qumulo, "service_account", **wish)["changed"] is True
    assert done(qumulo, "service_account", **wish)["changed"] is False


def test_someone_elses_change_in_between_is_not_overwritten(qumulo: Simulator) -> None:
    done(qumulo, "service_account", name="svc-one", privileges=["PRIVILEGE_CLUSTER_READ"])
    qumulo.fault("PATCH:/roles/latchkey-svc-one:412:1")
    message = refused(qumulo, "service_account", name="svc-one", privileges=["PRIVILEGE_ROLE_READ"])
    assert "changed it in the meantime" in message
    assert done(qumulo, "service_account", name="svc-one", privileges=["PRIVILEGE_ROLE_READ"])["privileges"] == ["PRIVILEGE_ROLE_READ"]


def test_name_is_also_in_active_directory(qumulo: Simulator) -> None:
    """A local user of the same name as a directory user is its own account."""
    local = done(qumulo, "service_account", name="jane", roles=["Observers"])
    assert local["account_id"] == account(qumulo, "jane")["account_id"]  # type: ignore[index]
    done(qumulo, "access_token", user="ad:jane")
    done(qumulo, "service_account", name="jane", state="absent")
    assert [one["account"] for one in tokens_of(qumulo, "AD\\jane")] == ["AD\\jane"]


@pytest.mark.parametrize("page_size", ["1", "2"])
def test_role_with_many_members(tmp_path_factory: pytest.TempPathFactory, page_size: str) -> None:
    with launch("qumulo", settings={"page_size": page_size}, directory=tmp_path_factory.mktemp("qumulo")) as simulator:
        for name in ("svc-one", "svc-two", "svc-three"):
            done(simulator, "service_account", name=name, roles=["Observers"])
        for name in ("svc-one", "svc-two", "svc-three"):
            assert done(simulator, "service_account", name=name, roles=["Observers"])["changed"] is False
