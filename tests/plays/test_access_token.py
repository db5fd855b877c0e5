# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""access_token: made, changed, revived and revoked; whose it is; and the caller's own token, which is not lost by accident."""

from __future__ import annotations

from typing import Any

import pytest

from tests.plays._ansible import Ansible
from tests.plays._cases import do, done, refused, show, tokens_of, twelve_cases, writes
from tests.plays._in_process_simulator import InProcess, Start
from tests.plays._options import defaults
from tests.simulator.launch import Simulator

USER = "local:svc-one"
ACCOUNT = {"latchkey.tokens.service_account": {"name": "svc-one"}}
LOOK = {"latchkey.tokens.access_token_info": {"user": USER}}
FOREVER = "2040-01-02T03:04:05Z"


@pytest.fixture
def one(cluster: InProcess) -> InProcess:
    """A cluster with the account svc-one that has no token."""
    done(cluster, "service_account", name="svc-one")
    return cluster


def test_twelve_cases(ansible: Ansible, qumulo: Simulator) -> None:
    change = {"enabled": False, "expires_at": FOREVER}
    phases: dict[str, dict[str, Any]] = {
        "create": {"user": USER, "expires_in": "30d"},
        "change": {"user": USER, **change},
        "delete": {"user": USER, "state": "absent"},
    }
    play: dict[str, Any] = {"look": LOOK, "before": [ACCOUNT], "module_defaults": defaults(qumulo)}
    results = twelve_cases(ansible, "access_token", phases, simulator=qumulo, **play)
    assert results["create: in check mode"]["token_id"] is None
    assert results["create: in check mode"]["look"]["access_tokens"] == []
    created, changed = results["create: for real"], results["change: for real"]
    assert created["token_id"].isdecimal()
    assert len(created["token_id"]) == 22
    assert created["look"]["access_tokens"][0]["token_id"] == created["token_id"]
    assert 29 * 86400 < created["expires_in"] <= 30 * 86400
    assert changed["token_id"] == created["token_id"]
    [seen] = changed["look"]["access_tokens"]
    assert {key: seen[key] for key in change} == {key: changed[key] for key in change} == change
    assert results["delete: for real"]["look"]["access_tokens"] == []
    assert {one["account"] for one in qumulo.credentials() if one["kind"] == "access_token"} == {"svc-ansible"}


def test_ids_stay_strings_through_yaml_and_templates(ansible: Ansible, qumulo: Simulator) -> None:
    """22 digits, registered, templated, and even written without quotes."""
    user = {"user": "local:svc-ansible"}
    token_id = qumulo.service_account["token_id"]
    run = ansible.play(
        [
            {"name": "List", "latchkey.tokens.access_token_info": user, "register": "found"},
            {"name": "Off", "latchkey.tokens.access_token": {"token_id": "{{ found.access_tokens[0].token_id }}", "enabled": False}},
            {"name": "On", "latchkey.tokens.access_token": {"token_id": int(token_id), "enabled": True}, "register": "on"},
            show("Id", "on.token_id ~ ' ' ~ (on.token_id is string)"),
            {"name": "Gone", "latchkey.tokens.session_revoke": {"ids": ["{{ found.access_tokens[0].token_id }}"]}},
        ],
        module_defaults=defaults(qumulo),
    ).assert_ok()
    assert run["Id"]["msg"] == f"{token_id} True"
    assert run["Gone"]["revoked"] == [token_id]


@pytest.mark.parametrize("user", ["local:joe", "ad:joe", "AD\\joe", "auth_id:99999", "S-1-5-21-1-2-3-4", "1001"])
def test_unknown_users(cluster: InProcess, user: str) -> None:
    for module, more in (("access_token", {}), ("access_token_info", {}), ("session_revoke", {"account": user})):
        options = more or {"user": user}
        start = len(cluster.journal())
        message = refused(cluster, module, **options)
        assert user in message
        assert "admin, guest" in message
        assert writes(cluster.journal()[start:]) == []


def test_groups_have_no_tokens(cluster: InProcess) -> None:
    assert "groups cannot have access tokens" in refused(cluster, "access_token", user="local:Users")


def test_current(one: InProcess) -> None:
    """The token in use is kept while it works, is the account's, and lives long enough."""
    first = done(one, "access_token", user=USER, expires_in="2d")
    second = done(one, "access_token", user=USER, additional=True, expires_in="30d")
    for minted in (first, second):
        kept = done(one, "access_token", user=USER, current=minted["token"])
        assert (kept["changed"], kept["token_id"]) == (False, minted["token_id"])
    assert done(one, "access_token", user=USER, current=first["token"] + "\n")["token_id"] == first["token_id"]
    assert done(one, "access_token", user=USER, current=second["token"], min_remaining="7d")["changed"] is False

    message = refused(one, "access_token", user=USER, current=first["token"], min_remaining="7d")
    assert "two" in message or "2 access tokens already" in message
    done(one, "access_token", token_id=second["token_id"], state="absent")
    renewed = done(one, "access_token", user=USER, current=first["token"], min_remaining="7d", expires_in="30d")
    assert renewed["changed"] is True
    done(one, "access_token", token_id=first["token_id"], state="absent")

    for stale in (first["token"], "access-v1:bogus", one.service_account["token"]):
        result = done(one, "access_token", user=USER, current=stale, expires_in="30d")
        assert result["changed"] is True, stale
        done(one, "access_token", token_id=result["token_id"], state="absent")
    assert [entry["id"] for entry in tokens_of(one, "svc-one")] == [renewed["token_id"]]


def test_token_of_somebody_else(one: InProcess) -> None:
    token_id = one.service_account["token_id"]
    for options in ({"enabled": False}, {"state": "absent"}, {"expires_at": FOREVER}):
        start = len(one.journal())
        message = refused(one, "access_token", user=USER, token_id=token_id, **options)
        assert "is not of svc-one" in message
        assert "svc-ansible" in message
        assert writes(one.journal()[start:]) == []


# The guard


@pytest.mark.parametrize("setting", ["present", "absent"])
def test_own_token_is_guarded(appliance: Start, setting: str) -> None:
    simulator = appliance("qumulo", whoami_token_id=setting)
    token, token_id = simulator.service_account["token"], simulator.service_account["token_id"]
    me, user = {"token": token}, {"user": "local:svc-ansible"}
    by_user: list[dict[str, Any]] = [{"enabled": False}, {**user, "state": "absent"}, {**user, "enabled": False}]
    for check in (True, False):
        for options in by_user:
            start = len(simulator.journal())
            message = refused(simulator, "access_token", check=check, **me, **options)
            assert "authenticates with" in message
            assert "token_id" in message
            assert writes(simulator.journal()[start:]) == []
    second = done(simulator, "access_token", **me, additional=True)
    assert "authenticates with" in refused(simulator, "access_token", **me, **user, state="absent")
    assert len(tokens_of(simulator, "svc-ansible")) == 2
    # another's token, by its id, and at last its own
    assert done(simulator, "access_token", **me, token_id=second["token_id"], enabled=False)["enabled"] is False
    assert done(simulator, "access_token", **me, token_id=second["token_id"], state="absent")["changed"] is True
    done(simulator, "access_check", **me)
    assert done(simulator, "access_token", **me, token_id=token_id, state="absent")["changed"] is True
    assert tokens_of(simulator, "svc-ansible") == []


def test_a_password_session_is_not_a_token(cluster: InProcess) -> None:
    """Who came with a password loses nothing by revoking tokens of the same account."""
    account = cluster.service_account
    who = {"username": account["username"], "password": account["password"]}
    assert done(cluster, "access_token", **who, user="local:svc-ansible", state="absent")["changed"] is True
    assert tokens_of(cluster, "svc-ansible") == []


# Whose right it is, and versions


@pytest.mark.parametrize("version", ["7.2.3", "7.3.0", "7.10.2.1"])
def test_self_service(appliance: Start, version: str) -> None:
    simulator = appliance("qumulo", version, service_account_role="none")
    account = simulator.service_account
    me = {"token": account["token"]}
    if version == "7.2.3":
        for options in ({}, {"additional": True}, {"token_id": account["token_id"], "enabled": False}):
            message = refused(simulator, "access_token", **me, **options)
            assert "HTTP 403" in message
            assert "missing privilege: ACCESS_TOKENS_" in message
        assert done(simulator, "access_check", **me)["token_id"] == account["token_id"]
        return
    minted = done(simulator, "access_token", **me, additional=True, expires_in="1h")
    assert minted["account"] == "svc-ansible"
    for user in (f"auth_id:{account['id']}", "local:svc-ansible", "svc-ansible"):
        assert len(done(simulator, "access_token_info", **me, user=user)["access_tokens"]) == 2
        assert done(simulator, "access_token", **me, user=user)["account_id"] == account["id"]
    done(simulator, "access_token", **me, token_id=minted["token_id"], expires_at=FOREVER)
    done(simulator, "access_token", **me, token_id=minted["token_id"], state="absent")
    assert [entry["id"] for entry in tokens_of(simulator, "svc-ansible")] == [account["token_id"]]
    assert "HTTP 403" in refused(simulator, "access_token", **me, user="auth_id:500")


def test_before_there_were_access_tokens(appliance: Start) -> None:
    simulator = appliance("qumulo", "5.2.0")
    user = {"user": "local:svc-ansible"}
    for module, options in (("access_token", user), ("access_token_info", user), ("access_token", {**user, "state": "absent"})):
        message = refused(simulator, module, **options)
        assert "Qumulo Core 5.2.0" in message
        assert "has no access tokens" in message
        assert "5.3.0" in message
    done(simulator, "service_account", name="svc-one", roles=["Observers"])
    result = do(simulator, "service_account", name="svc-one", state="absent")
    assert result.get("failed") is None, result
    done(simulator, "access_check", expect_account="admin")


@pytest.mark.parametrize("unknown_field", ["ignored", "rejected"])
@pytest.mark.parametrize(("version", "expiry", "switch"), [("5.3.0", False, False), ("5.3.2", True, False), ("5.3.3", True, True)])
def test_what_came_with_each_version(appliance: Start, version: str, expiry: bool, switch: bool, unknown_field: str) -> None:
    """What a version does not know is refused, not quietly left out: a token that was meant to expire must not live for ever."""
    simulator = appliance("qumulo", version, unknown_field=unknown_field)
    done(simulator, "service_account", name="svc-one")
    result = do(simulator, "access_token", user=USER, expires_in="30d")
    if expiry:
        assert tokens_of(simulator, "svc-one")[0]["expires"]
    else:
        assert f"Qumulo Core {version}" in result["msg"]
        assert "5.3.2" in result["msg"]
        assert tokens_of(simulator, "svc-one") == []
        done(simulator, "access_token", user=USER)
    [token] = tokens_of(simulator, "svc-one")
    assert done(simulator, "access_token", user=USER)["changed"] is False
    result = do(simulator, "access_token", user=USER, enabled=False)
    assert result.get("failed", False) is not switch
    assert switch or "5.3.3" in result["msg"]
    done(simulator, "access_token", user=USER, state="absent")
    assert tokens_of(simulator, "svc-one") == []
    assert token["account"] == "svc-one"
