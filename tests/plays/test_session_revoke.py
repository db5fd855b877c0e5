# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""session_revoke: by id, of the caller, of an account by age and query; what is spared, and what Qumulo Core cannot do."""

from __future__ import annotations

from typing import Any

import pytest

from tests.plays._ansible import Ansible
from tests.plays._cases import done, refused, tokens_of, twelve_cases, writes
from tests.plays._in_process_simulator import InProcess, Start
from tests.plays._options import defaults
from tests.simulator.launch import Simulator

ACCOUNT = "local:svc-ansible"


def ids_of(simulator: Simulator, account: str = "svc-ansible") -> list[str]:
    """Return the ids of an account's tokens."""
    return [one["id"] for one in tokens_of(simulator, account)]


def test_four_cases_of_each_target(ansible: Ansible, qumulo: Simulator) -> None:
    """By id, by account, and what a query finds: it can only delete, so there are four cases of each."""
    first = qumulo.service_account["token_id"]
    admins = done(qumulo, "access_token", user="local:admin")["token_id"]
    guests = done(qumulo, "access_token", user="local:guest", expires_in="1d")["token_id"]
    kept = done(qumulo, "access_token", user="local:guest", additional=True)["token_id"]
    phases: dict[str, dict[str, Any]] = {
        "ids": {"ids": [first, first]},
        "account": {"account": "local:admin"},
        "query": {"target": "account", "account": "local:guest", "query": "[?expires_at!=null]"},
    }
    results = twelve_cases(ansible, "session_revoke", phases, simulator=qumulo, module_defaults=defaults(qumulo))
    for phase, gone in (("ids", first), ("account", admins), ("query", guests)):
        assert results[f"{phase}: in check mode"]["revoked"] == results[f"{phase}: for real"]["revoked"] == [gone]
        assert results[f"{phase}: again for real"]["revoked"] == []
    assert ids_of(qumulo) == ids_of(qumulo, "admin") == []
    assert ids_of(qumulo, "guest") == [kept]


def test_self_with_a_token(cluster: InProcess) -> None:
    account = cluster.service_account
    ends: dict[str, Any] = {"token": account["token"], "target": "self"}
    checked = done(cluster, "session_revoke", **ends, check=True)
    ended = done(cluster, "session_revoke", **ends)
    assert checked["changed"] is ended["changed"] is True
    assert ended["revoked"] == [account["token_id"]]
    again = done(cluster, "session_revoke", **ends)
    assert (again["changed"], again["revoked"]) == (False, [])
    assert "The token is refused, so there is nothing to revoke." in again["warnings"][0]
    assert ids_of(cluster) == []


@pytest.mark.parametrize("check", [True, False])
def test_self_with_a_password_warns_and_changes_nothing(cluster: InProcess, check: bool) -> None:
    start = len(cluster.journal())
    result = done(cluster, "session_revoke", target="self", check=check)
    assert result["changed"] is False
    assert result["revoked"] == []
    assert "cannot be revoked: its API has no logout" in result["warnings"][0]
    assert writes(cluster.journal()[start:]) == []


def test_the_token_in_use_is_spared(cluster: InProcess) -> None:
    me = {"token": cluster.service_account["token"]}
    own = cluster.service_account["token_id"]
    other = done(cluster, "access_token", **me, additional=True)["token_id"]
    result = done(cluster, "session_revoke", **me, account=ACCOUNT)
    assert result["revoked"] == [other]
    assert own in result["warnings"][0]
    assert "ids" in result["warnings"][0]
    assert ids_of(cluster) == [own]
    assert done(cluster, "session_revoke", **me, account=ACCOUNT)["changed"] is False
    assert done(cluster, "session_revoke", **me, ids=[own])["revoked"] == [own]
    assert ids_of(cluster) == []


def test_where_the_token_in_use_is_not_known(appliance: Start) -> None:
    """Then all tokens of the caller are spared, and self is refused; ids still work."""
    simulator = appliance("qumulo", whoami_token_id="absent")
    me = {"token": simulator.service_account["token"]}
    own = simulator.service_account["token_id"]
    done(simulator, "access_token", **me, additional=True)
    result = done(simulator, "session_revoke", **me, account=ACCOUNT)
    assert result["changed"] is False
    assert len(result["warnings"]) == 2
    assert "Name the token with ids." in refused(simulator, "session_revoke", **me, target="self")
    assert len(ids_of(simulator)) == 2
    assert done(simulator, "session_revoke", **me, ids=[own])["revoked"] == [own]


def test_older_than(cluster: InProcess) -> None:
    """Ages are told by the cluster's clock."""
    assert done(cluster, "session_revoke", account=ACCOUNT, older_than="1h")["changed"] is False
    cluster.advance(2 * 3600)
    young = done(cluster, "access_token", user=ACCOUNT, additional=True)["token_id"]
    result = done(cluster, "session_revoke", account=ACCOUNT, older_than="1h")
    assert result["revoked"] == [cluster.service_account["token_id"]]
    assert ids_of(cluster) == [young]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "target is missing"),
        ({"target": "ids"}, "ids is missing"),
        ({"target": "account"}, "account is missing"),
        ({"target": "self", "ids": ["1"]}, "ids does not go with target=self"),
        ({"target": "account", "ids": ["1"], "account": ACCOUNT}, "ids does not go with target=account"),
        ({"ids": ["1"], "older_than": "1h"}, "go with target=account only"),
        ({"account": ACCOUNT, "older_than": "yesterday"}, "older_than: 'yesterday' is not a duration"),
        ({"account": ACCOUNT, "query": "[?"}, "is not a JMESPath expression"),
        ({"account": ACCOUNT, "query": "length(@)"}, "returns no list"),
        ({"account": ACCOUNT, "query": "[?contains(enabled, 'x')]"}, "cannot be applied"),
    ],
    ids=str,
)
def test_bad_options(cluster: InProcess, options: dict[str, Any], words: str) -> None:
    start = len(cluster.journal())
    assert words in refused(cluster, "session_revoke", **options)
    assert writes(cluster.journal()[start:]) == []
    if "length" not in str(options) and "contains" not in str(options):
        assert cluster.journal()[start:] == []


def test_half_done_is_said(cluster: InProcess) -> None:
    done(cluster, "access_token", user=ACCOUNT, additional=True)
    first, second = ids_of(cluster)
    cluster.fault(f"DELETE:{second}:500")
    message = refused(cluster, "session_revoke", ids=[first, second, "1234567890123456789012"])
    assert f"Done before it: {first} revoked. Not known whether done: {second} revoked. Running again goes on from there." in message
    cluster.clear_faults()
    assert done(cluster, "session_revoke", ids=[first, second])["revoked"] == [second]
