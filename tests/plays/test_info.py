# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""access_token_info and service_account_info: what is listed, filtered, queried; they change nothing and never show a secret."""

from __future__ import annotations

import json
from typing import Any

from tests.plays._ansible import Ansible
from tests.plays._cases import done, refused, writes
from tests.plays._in_process_simulator import InProcess, Start
from tests.plays._options import defaults
from tests.simulator.launch import Simulator

TOKEN_KEYS = {"token_id", "account", "account_id", "created_at", "expires_at", "expires_in", "lifetime", "enabled", "live", "creator"}
ACCOUNT_KEYS = {"account", "account_id", "roles", "privileges", "primary_group", "home_directory"}


def test_playbook(ansible: Ansible, qumulo: Simulator) -> None:
    """Both in check mode and for real, through module_defaults of the group: the same, unchanged, readable, and usable."""
    minted = done(qumulo, "access_token", user="local:svc-ansible", additional=True, expires_in="1d")
    tokens = {"latchkey.tokens.access_token_info": {"user": "local:svc-ansible"}}
    accounts = {"latchkey.tokens.service_account_info": {"query": "[?contains(roles, 'Administrators')].account"}}
    start = len(qumulo.journal())
    run = ansible.play(
        [
            {"name": "Tokens", **tokens},
            {"name": "Tokens in check mode", **tokens, "check_mode": True},
            {"name": "Administrators", **accounts, "register": "found"},
            {"name": "Each", "ansible.builtin.debug": {"msg": "{{ item }}"}, "loop": "{{ found.service_accounts }}"},
        ],
        arguments=["--diff"],
        module_defaults=defaults(qumulo),
    ).assert_ok()
    listed = run["Tokens"]["access_tokens"]
    assert [one["token_id"] for one in listed] == sorted([minted["token_id"], qumulo.service_account["token_id"]])
    assert all(one.keys() == TOKEN_KEYS for one in listed)
    assert run["Tokens"]["limit"] == 2
    assert run["Tokens"]["account_id"] == qumulo.service_account["id"]
    assert run["Tokens"]["changed"] is run["Administrators"]["changed"] is False
    again = run["Tokens in check mode"]["access_tokens"]
    assert [one["token_id"] for one in again] == [one["token_id"] for one in listed]
    assert run["Administrators"]["service_accounts"] == ["admin"]
    assert writes(qumulo.journal()[start:]) == []
    assert "access-v1" not in run.output


def test_all_tokens_of_all_accounts(cluster: InProcess) -> None:
    for _unused in range(2):
        done(cluster, "access_token", user="ad:jane", additional=True)
    listed = done(cluster, "access_token_info")
    assert [one["account"] for one in listed["access_tokens"]] == ["AD\\jane", "AD\\jane", "svc-ansible"]
    assert "account" not in listed


def test_states_of_a_token(cluster: InProcess) -> None:
    token_id = cluster.service_account["token_id"]

    def one() -> dict[str, Any]:
        [found] = done(cluster, "access_token_info", token_id=token_id)["access_tokens"]
        return {key: found[key] for key in ("enabled", "live", "expires_at", "expires_in", "creator")}

    assert one() == {"enabled": True, "live": True, "expires_at": None, "expires_in": None, "creator": "admin"}
    done(cluster, "access_token", token_id=token_id, enabled=False, expires_at="2040-01-01T00:00:00Z")
    assert one()["expires_at"] == "2040-01-01T00:00:00Z"
    assert (one()["enabled"], one()["live"]) == (False, False)


def test_service_accounts(cluster: InProcess) -> None:
    listed = done(cluster, "service_account_info")["service_accounts"]
    assert [one["account"] for one in listed] == ["admin", "guest", "svc-ansible"]
    assert all(one.keys() == ACCOUNT_KEYS for one in listed)
    assert listed[2]["roles"] == ["Observers"]
    assert done(cluster, "service_account_info", name="admin")["service_accounts"] == [listed[0]]
    assert done(cluster, "service_account_info", name="svc-none")["service_accounts"] == []
    assert "password" not in json.dumps(listed)


def test_without_the_right_to_see_others(appliance: Start) -> None:
    for choice in ("forbidden", "own"):
        simulator = appliance("qumulo", unfiltered_list=choice, service_account_role="none")
        me = {"token": simulator.service_account["token"]}
        if choice == "forbidden":
            assert "HTTP 403" in refused(simulator, "access_token_info", **me)
        else:
            [own] = done(simulator, "access_token_info", **me)["access_tokens"]
            assert own["token_id"] == simulator.service_account["token_id"]
        assert "missing privilege: LOCAL_USER_READ" in refused(simulator, "service_account_info", **me)
