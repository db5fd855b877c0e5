# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""service_account: made, changed and deleted; its roles, its own role, and what it refuses to touch."""

from __future__ import annotations

from typing import Any

import pytest

from tests.plays._ansible import Ansible
from tests.plays._cases import do, done, refused, tokens_of, twelve_cases, writes
from tests.plays._in_process_simulator import InProcess
from tests.plays._options import defaults
from tests.simulator.launch import Simulator

LOOK = {"latchkey.tokens.service_account_info": {"name": "svc-one"}}
PHASES: dict[str, dict[str, Any]] = {
    "create": {"name": "svc-one", "roles": ["Observers"], "privileges": ["PRIVILEGE_CLUSTER_READ", "PRIVILEGE_IDENTITY_READ"]},
    "change": {"name": "svc-one", "roles": ["Data-Administrators"], "privileges": ["PRIVILEGE_CLUSTER_READ", "PRIVILEGE_ROLE_READ"]},
    "delete": {"name": "svc-one", "state": "absent"},
}


def account(simulator: Simulator, name: str) -> dict[str, Any] | None:
    """Return the account as the cluster has it."""
    found = done(simulator, "service_account_info", name=name)["service_accounts"]
    return found[0] if found else None


def test_twelve_cases(ansible: Ansible, qumulo: Simulator) -> None:
    results = twelve_cases(ansible, "service_account", PHASES, simulator=qumulo, look=LOOK, module_defaults=defaults(qumulo))
    assert results["create: in check mode"]["account_id"] is None
    assert results["create: in check mode"]["look"]["service_accounts"] == []
    for phase in ("create", "change"):
        result = results[f"{phase}: for real"]
        [seen] = result["look"]["service_accounts"]
        expected = {"roles": PHASES[phase]["roles"], "privileges": PHASES[phase]["privileges"]}
        assert {key: seen[key] for key in expected} == {key: result[key] for key in expected} == expected
        assert (seen["primary_group"], seen["home_directory"]) == ("513", None)
        assert result["account_id"] == seen["account_id"]
        assert results[f"{phase}: in check mode"]["diff"] == result["diff"]
    assert results["delete: for real"]["look"]["service_accounts"] == []
    assert qumulo.credentials()  # the other account's token is untouched


def test_own_role_is_removed_with_the_account(cluster: InProcess) -> None:
    done(cluster, "service_account", name="svc-one", privileges=["PRIVILEGE_CLUSTER_READ"])
    roles = "/v1/auth/roles/latchkey-svc-one"
    probe = {"method": "GET", "path": roles}
    done(cluster, "access_check", probes=[{**probe, "expect": "privileges == ['PRIVILEGE_CLUSTER_READ']"}])
    done(cluster, "service_account", name="svc-one", privileges=[])
    done(cluster, "access_check", probes=[{**probe, "status": [404]}])
    done(cluster, "service_account", name="svc-one", privileges=["PRIVILEGE_CLUSTER_READ"])
    done(cluster, "service_account", name="svc-one", state="absent")
    done(cluster, "access_check", probes=[{**probe, "status": [404]}])


def test_options_left_out_leave_things_as_they_are(cluster: InProcess) -> None:
    done(cluster, "service_account", name="svc-one", roles=["Observers"], privileges=["PRIVILEGE_CLUSTER_READ"], home_directory="/home/one")
    before = account(cluster, "svc-one")
    assert done(cluster, "service_account", name="svc-one")["changed"] is False
    assert done(cluster, "service_account", name="svc-one", roles=["observers"])["changed"] is False  # role names are case-insensitive
    assert done(cluster, "service_account", name="svc-one", primary_group="513")["changed"] is False
    assert account(cluster, "svc-one") == before
    assert done(cluster, "service_account", name="svc-one", roles=[])["roles"] == []
    after = account(cluster, "svc-one")
    assert after == {**(before or {}), "roles": []}


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


@pytest.mark.parametrize(("options", "words"), UNKNOWN, ids=str)
def test_unknown_things(cluster: InProcess, options: dict[str, Any], words: list[str]) -> None:
    start = len(cluster.journal())
    for check in (True, False):
        message = refused(cluster, "service_account", check=check, **{"name": "svc-unknown", **options})
        for word in words:
            assert word in message
    assert writes(cluster.journal()[start:]) == []


@pytest.mark.parametrize(("options", "words"), REFUSED, ids=str)
def test_what_the_cluster_refuses(cluster: InProcess, options: dict[str, Any], words: list[str]) -> None:
    message = refused(cluster, "service_account", **{"name": "svc-unknown", **options})
    for word in words:
        assert word in message
    assert account(cluster, "svc-unknown") is None


def test_the_calling_account_is_never_deleted(cluster: InProcess) -> None:
    for check in (True, False):
        message = refused(cluster, "service_account", name="admin", state="absent", check=check)
        assert "authenticates with" in message
        assert account(cluster, "admin")


def test_half_done_is_said_and_goes_on(cluster: InProcess) -> None:
    cluster.fault("POST:/roles/Observers/members:500")
    wish: dict[str, Any] = {"name": "svc-one", "roles": ["Observers"], "privileges": ["PRIVILEGE_CLUSTER_READ"]}
    result = do(cluster, "service_account", **wish)
    assert result["failed"]
    assert result["done"] == [f"account svc-one (id {account(cluster, 'svc-one')['account_id']}) created"]  # type: ignore[index]
    assert (result["not_known"], result["not_done"]) == (["role 'Observers' given"], ["privileges set"])
    assert "Running again goes on from there" in result["msg"]
    cluster.clear_faults()
    assert done(cluster, "service_account", **wish)["changed"] is True
    assert done(cluster, "service_account", **wish)["changed"] is False


def test_another_change_in_between_is_not_overwritten(cluster: InProcess) -> None:
    done(cluster, "service_account", name="svc-one", privileges=["PRIVILEGE_CLUSTER_READ"])
    cluster.fault("PATCH:/roles/latchkey-svc-one:412:1")
    message = refused(cluster, "service_account", name="svc-one", privileges=["PRIVILEGE_ROLE_READ"])
    assert "It was changed in the meantime; run again." in message
    assert done(cluster, "service_account", name="svc-one", privileges=["PRIVILEGE_ROLE_READ"])["privileges"] == ["PRIVILEGE_ROLE_READ"]


def test_name_is_also_in_active_directory(cluster: InProcess) -> None:
    """A local user of the same name as a directory user is its own account."""
    local = done(cluster, "service_account", name="jane", roles=["Observers"])
    assert local["account_id"] == account(cluster, "jane")["account_id"]  # type: ignore[index]
    done(cluster, "access_token", user="ad:jane")
    done(cluster, "service_account", name="jane", state="absent")
    assert [one["account"] for one in tokens_of(cluster, "AD\\jane")] == ["AD\\jane"]
