# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""session_revoke: by id, of the caller, of an account by age and query; what is spared, and what Qumulo Core cannot do."""

from __future__ import annotations

from typing import Any

import pytest

from tests.plays._ansible import Ansible
from tests.plays._cases import done, refused, tokens_of, twelve_cases, writes
from tests.plays._options import defaults, shared_options
from tests.simulator.launch import Simulator, launch

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


def test_self_with_a_token(ansible: Ansible, qumulo: Simulator) -> None:
    account = qumulo.service_account
    shared = shared_options(qumulo, token=account["token"])
    me = {key: value for key, value in shared.items() if key not in qumulo.admin}
    task = {"latchkey.tokens.session_revoke": {**me, "target": "self"}}
    run = ansible.play(
        [
            {"name": "Check", **task, "check_mode": True},
            {"name": "Real", **task},
            {"name": "Again", **task},
        ]
    ).assert_ok()
    assert run["Check"]["changed"] is run["Real"]["changed"] is True
    assert run["Real"]["revoked"] == [account["token_id"]]
    assert (run["Again"]["changed"], run["Again"]["revoked"]) == (False, [])
    assert "The token is refused, so there is nothing to revoke." in " ".join(run.output.split())
    assert ids_of(qumulo) == []


@pytest.mark.parametrize("check", [True, False])
def test_self_with_a_password_warns_and_changes_nothing(qumulo: Simulator, check: bool) -> None:
    start = len(qumulo.journal())
    result = done(qumulo, "session_revoke", target="self", check=check)
    assert result["changed"] is False
    assert result["revoked"] == []
    assert "cannot be revoked: its API has no logout" in result["warnings"][0]
    assert writes(qumulo.journal()[start:]) == []


def test_the_token_in_use_is_spared(qumulo: Simulator) -> None:
    me = {"token": qumulo.service_account["token"]}
    own = qumulo.service_account["token_id"]
    other = done(qumulo, "access_token", **me, additional=True)["token_id"]
    result = done(qumulo, "session_revoke", **me, account=ACCOUNT)
    assert result["revoked"] == [other]
    assert own in result["warnings"][0]
    assert "ids" in result["warnings"][0]
    assert ids_of(qumulo) == [own]
    assert done(qumulo, "session_revoke", **me, account=ACCOUNT)["changed"] is False
    assert done(qumulo, "session_revoke", **me, ids=[own])["revoked"] == [own]
    assert ids_of(qumulo) == []


def test_where_the_token_in_use_is_not_known(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Then all tokens of the caller are spared, and self is refused; ids still work."""
    with launch("qumulo", settings={"whoami_token_id": "absent"}, directory=tmp_path_factory.mktemp("absent")) as simulator:
        me = {"token": simulator.service_account["token"]}
        own = simulator.service_account["token_id"]
        done(simulator, "access_token", **me, additional=True)
        result = done(simulator, "session_revoke", **me, account=ACCOUNT)
        assert result["changed"] is False
        assert len(result["warnings"]) == 2
        assert "Name the token with ids." in refused(simulator, "session_revoke", **me, target="self")
        assert len(ids_of(simulator)) == 2
        assert done(simulator, "session_revoke", **me, ids=[own])["revoked"] == [own]


def test_older_than(qumulo: Simulator) -> None:
    """Ages are told by the cluster's clock."""
    assert done(qumulo, "session_revoke", account=ACCOUNT, older_than="1h")["changed"] is False
    qumulo.advance(2 * 3600)
    young = done(qumulo, "access_token", user=ACCOUNT, additional=True)["token_id"]
    result = done(qumulo, "session_revoke", account=ACCOUNT, older_than="1h")
    assert result["revoked"] == [qumulo.service_account["token_id"]]
    assert ids_of(qumulo) == [young]


@pytest.mark.parametrize("query", ["[?enabled==`false`]", "[?enabled==`false`].token_id", "[?!live]"])
def test_queries(qumulo: Simulator, query: str) -> None:
    off = done(qumulo, "access_token", user=ACCOUNT, additional=True)["token_id"]
    done(qumulo, "access_token", token_id=off, enabled=False)
    assert done(qumulo, "session_revoke", account=ACCOUNT, query=query)["revoked"] == [off]


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
def test_bad_options(shared: Simulator, options: dict[str, Any], words: str) -> None:
    start = len(shared.journal())
    assert words in refused(shared, "session_revoke", **options)
    assert writes(shared.journal()[start:]) == []
    if "length" not in str(options) and "contains" not in str(options):
        assert shared.journal()[start:] == []


def test_half_done_is_said(qumulo: Simulator) -> None:
    done(qumulo, "access_token", user=ACCOUNT, additional=True)
    first, second = ids_of(qumulo)
    qumulo.fault(f"DELETE:{second}:500")
    message = refused(qumulo, "session_revoke", ids=[first, second, "1234567890123456789012"])
    assert f"Done before it: {first} revoked. Not done: {second} revoked. Running again goes on from there." in message
    qumulo.clear_faults()
    assert done(qumulo, "session_revoke", ids=[first, second])["revoked"] == [second]
