# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""access_check: whose the credential is, which one it is, and what the probes say. It changes nothing."""

from __future__ import annotations

from typing import Any

import pytest

from tests.plays._ansible import Ansible
from tests.plays._cases import done, refused, writes
from tests.plays._in_process_simulator import InProcess
from tests.plays._options import defaults
from tests.simulator.launch import Simulator

USERS = {"path": "/v1/users/"}


def test_a_good_token(ansible: Ansible, qumulo: Simulator) -> None:
    """As in the documentation's example: right account, right token, a probe that finds, and one that must be forbidden."""
    account = qumulo.service_account
    options = {
        "token": account["token"],
        "username": "{{ omit }}",
        "password": "{{ omit }}",
        "expect_account": "svc-ansible",
        "expect_account_id": account["id"],
        "expect_token_id": account["token_id"],
        "probes": [
            {"path": "/v1/cluster/settings", "expect": "cluster_name == 'simulated'"},
            {"path": "/v1/version", "method": "HEAD"},
            {"path": "/v1/users/", "method": "POST", "body": {"name": "x"}, "status": [403, 401]},
        ],
    }
    tasks: list[dict[str, Any]] = [
        {"name": "Check mode", "latchkey.tokens.access_check": options, "check_mode": True},
        {"name": "Real", "latchkey.tokens.access_check": options},
    ]
    run = ansible.play(tasks, arguments=["--diff"], module_defaults=defaults(qumulo)).assert_ok()
    for name in ("Check mode", "Real"):
        assert run[name]["changed"] is False
        assert run[name]["account"] == "svc-ansible"
        assert run[name]["token_id"] == account["token_id"]
        assert "PRIVILEGE_CLUSTER_READ" in run[name]["privileges"]
    assert [probe.get("status") for probe in run["Real"]["probes"]] == [200, 200, 403]
    assert run["Check mode"]["probes"][2] == {"method": "POST", "path": "/v1/users/", "skipped": True}
    assert writes(qumulo.journal()) == ["POST /v1/users/"]
    assert account["token"] not in run.output


@pytest.mark.parametrize(
    "options",
    [
        {"expect_account": "admin"},
        {"expect_account": "local:admin"},
        {"expect_account": "auth_id:500"},
        {"expect_account_id": "500"},
        {"probes": [USERS]},
        {"probes": [{**USERS, "expect": "[?name=='admin'] | [0].id == '500'"}]},
        {"probes": [{"path": "/v1/nothing", "status": [404, 405]}]},
        {"probes": [{"path": "/v1/auth/roles/?x=y", "expect": "Observers"}]},
        {"probes": []},
    ],
    ids=str,
)
def test_as_expected(cluster: InProcess, options: dict[str, Any]) -> None:
    result = done(cluster, "access_check", **options)
    assert result["account_id"] == "500"
    assert result["token_id"] is None  # a session has none


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"expect_account": "svc-ansible"}, "The credential is of admin (id 500), not of svc-ansible."),
        ({"expect_account": "ad:jane"}, "not of ad:jane."),
        ({"expect_account": "auth_id:1001"}, "not of auth_id:1001."),
        ({"expect_account": "local:none"}, "not of local:none."),
        ({"expect_account_id": "1001"}, "not of the account with id 1001."),
        ({"expect_token_id": "123"}, "The credential is not the token 123: the platform tells no id for it."),
        ({"probes": [{"path": "/v1/nothing"}]}, "GET /v1/nothing was answered with HTTP 404 instead of 200."),
        ({"probes": [{**USERS, "status": [401, 403]}]}, "GET /v1/users/ was answered with HTTP 200 instead of 401 or 403."),
        ({"probes": [{**USERS, "expect": "[?name=='joe']"}]}, "what came back is not as expected by '[?name=='joe']'."),
        ({"probes": [{**USERS, "expect": "length(nothing)"}]}, "cannot be applied to what came back"),
        ({"probes": [USERS, {"path": "/v1/version", "expect": "flavor=='debug'"}]}, "not as expected by 'flavor=='debug''"),
    ],
    ids=str,
)
def test_not_as_expected(cluster: InProcess, options: dict[str, Any], words: str) -> None:
    message = refused(cluster, "access_check", **options)
    assert words in message
    if "applied" not in words:
        assert f"Qumulo Core at {cluster.url}: access check failed" in message


def test_another_token_of_the_same_account(cluster: InProcess) -> None:
    other = done(cluster, "access_token", user="local:svc-ansible", additional=True)
    message = refused(cluster, "access_check", token=other["token"], expect_token_id=cluster.service_account["token_id"])
    assert f"not the token {cluster.service_account['token_id']}: it is {other['token_id']}." in message


def test_answers_that_are_not_json(cluster: InProcess) -> None:
    """A probe's body may be anything; only an expression needs JSON."""
    for fault, status in (("html", 502), ("text", 500), ("empty", 500), ("nonsense", 200), ("strange", 200)):
        cluster.fault(f"GET:/v1/cluster/settings:{fault}")
        done(cluster, "access_check", probes=[{"path": "/v1/cluster/settings", "status": [status]}])
        refused(cluster, "access_check", probes=[{"path": "/v1/cluster/settings", "status": [status], "expect": "flavor"}])
        cluster.clear_faults()
