# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A credential that leaked: which hosts ask, what follows from what was found, where the secret comes from, what is said."""

from __future__ import annotations

import json

import pytest
from ansible.errors import AnsibleError

from ansible_collections.latchkey.tokens.plugins.action.leaked import ActionModule
from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import LatchkeyError, OptionError, RefusedError
from ansible_collections.latchkey.tokens.plugins.plugin_utils._leaked.endpoint import Leak
from ansible_collections.latchkey.tokens.plugins.plugin_utils._leaked.planning import (
    CURRENT,
    ELSEWHERE,
    KEPT,
    OTHER,
    REFUSED,
    UNKNOWN,
    WORKS,
    Asked,
    HostFacts,
    LeakPlan,
    client_id_of,
    judge,
    who_asks,
)
from ansible_collections.latchkey.tokens.plugins.plugin_utils._leaked.secret import VARIABLE, confirm, take
from ansible_collections.latchkey.tokens.plugins.plugin_utils._leaked.words import finding, unfinished

A, B = "https://a.example.com", "https://b.example.com"


def held(url=A, holds="", where="vault.yml", **more):
    return HostFacts(platform="any", url=url, where=where, var="token", holds=holds, **more)


def asked(outcome=WORKS, url=A, **more):
    return Asked(outcome, url=url, account={"id": "1", "name": "svc", "domain": "", "aliases": []}, **more)


def test_one_host_asks_for_each_endpoint():
    hosts = {"a1": held(), "a2": held(holds=CURRENT), "a3": held(holds=CURRENT), "b": held(B), "wrong": HostFacts()}
    assert who_asks(hosts) == ["a2", "b"]


@pytest.mark.parametrize(
    ("hosts", "answers", "plan"),
    [
        pytest.param({"a": held(holds=CURRENT)}, {"a": asked()}, LeakPlan(("a",), ("a",), ("a",)), id="stored"),
        pytest.param({"a": held(holds=KEPT)}, {"a": asked()}, LeakPlan(("a",), ("a",), ("a",)), id="kept by an interrupted rotation"),
        pytest.param({"a": held(holds=CURRENT)}, {"a": asked(REFUSED)}, LeakPlan(("a",), (), ("a",)), id="stored and dead"),
        pytest.param({"a": held(), "b": held(B)}, {"a": asked(REFUSED), "b": asked(url=B)}, LeakPlan((), ("b",), ("b",)), id="in no store"),
        pytest.param(
            {"a": held(holds=CURRENT), "b": held(B)},
            {"a": asked(carries=True, client_id="1"), "b": asked(url=B, client_id="1")},
            LeakPlan(("a",), ("a",), ("a", "b")),
            id="carried to another endpoint, where it dies by itself",
        ),
        pytest.param(
            {"a": held(), "b": held(B)},
            {"a": asked(carries=True, client_id="1"), "b": asked(url=B, client_id="1")},
            LeakPlan((), ("a",), ("a", "b")),
            id="carried, and in no store",
        ),
    ],
)
def test_what_follows(hosts, answers, plan):
    assert judge(hosts, answers, {}) == plan


def test_what_is_left_for_the_user():
    hosts = {"a1": held(holds=CURRENT), "a2": held(holds=CURRENT, where="copy.yml"), "b": held(B, ELSEWHERE, "other.yml")}
    hosts["a3"] = held(holds=ELSEWHERE)  # which is what a1 describes
    plan = judge(hosts, {"a1": asked(), "b": asked(REFUSED, B)}, {"c": "it has no endpoint"})
    assert plan.replace == ("a1",)
    assert set(plan.left) == {"a2", "b"}
    assert plan.unasked == {"c": "it has no endpoint"}
    said = unfinished(plan, {}, {"a1": {"rotated": True}}, {"a1": {"notes": []}})
    assert "a2: copy.yml holds it in token, where it is not replaced" in said
    assert "b: other.yml holds it in a variable that no host of the inventory describes" in said
    assert unfinished(LeakPlan(("a",), ("a",), ("a",)), {}, {"a": {"rotated": True}}, {"a": {}}) == ""


def test_a_credential_of_another_kind_is_left_to_its_rotation():
    hosts = {"a": held(holds=OTHER, is_ended_here=False)}
    with pytest.raises(RefusedError, match=r"vault\.yml holds it in token, as a credential of a kind that is only ended by its rotation"):
        judge(hosts, {"a": asked(REFUSED)}, {})


def test_without_a_replacement_nothing_is_replaced():
    assert judge({"a": held(holds=CURRENT)}, {"a": asked()}, {}, replaces=False).replace == ()


@pytest.mark.parametrize(
    ("hosts", "answers", "said"),
    [
        ({"a": held()}, {"a": asked(REFUSED)}, f"The secret is no credential of {A}, and no store of the inventory's hosts holds it"),
        ({"a": held()}, {"a": Asked(UNKNOWN, "it is down")}, "No endpoint could be asked about the secret, .*a is not known: it is down"),
        (
            {"a": held(holds=CURRENT)},
            {"a": Asked(UNKNOWN, "it is down")},
            "vault.yml holds the secret in token, but its endpoint could not",
        ),
    ],
)
def test_nothing_is_revoked(hosts, answers, said):
    with pytest.raises(RefusedError, match=said) as caught:
        judge(hosts, answers, {})
    assert "nothing was revoked" in str(caught.value)


def test_two_client_ids():
    stored = {"a": held(holds=CURRENT, client_id="client|1")}
    assert client_id_of("", stored) == client_id_of("client|1", stored) == "client|1"
    with pytest.raises(OptionError, match=r"leaked_client_id is client\|2, but the store"):
        client_id_of("client|2", stored)


def test_what_is_said_has_one_line_for_each_thing():
    hosts = {"a": held(holds=CURRENT)}
    answers = {"a": asked(title="Any", noun="token", token_id="7", privileges=["P"] * 30, created_at="2027-01-01T00:00:00.123Z")}
    answers["a"].account["name"] = "evil\nname"
    lines = finding(hosts, answers, judge(hosts, answers, {}))
    assert all("\n" not in line for line in lines)
    assert lines[0] == f"The secret works: it is the token 7 of Any at {A}."
    assert "created    2027-01-01T00:00:00Z" in lines[2]
    assert "and 10 more" in lines[4]


def test_where_the_secret_comes_from():
    assert take({VARIABLE: " s3cr3t-token\n"}, None, "") == Leak("s3cr3t-token")
    assert take({}, lambda question, private: b"typed-secret" if private else b"", "client|1") == Leak("typed-secret", "client|1")
    file = json.dumps({"client_id": "client|1", "client_secret": "of-the-file", "name": "svc"})
    assert take({VARIABLE: file}, None, "") == Leak("of-the-file", "client|1")


@pytest.mark.parametrize("given", ["s3cr3t", "two\nlines of it", "{{ template }}", '{"client_id": 1, "client_secret": null}\x00'])
def test_what_cannot_be_a_credential(given):
    with pytest.raises(LatchkeyError, match="cannot be a credential") as caught:
        take({VARIABLE: given}, None, "")
    assert given not in str(caught.value)


def test_a_secret_in_a_variable_is_refused():
    with pytest.raises(RefusedError, match="leaked_secret is no variable of this playbook") as caught:
        ActionModule._take(None, {"client_id": None}, False, {"leaked_secret": "the-secret-itself"})
    assert "the-secret-itself" not in str(caught.value)


def test_no_terminal():
    def prompt(question, private):
        raise AnsibleError("stdin is not interactive")

    with pytest.raises(OptionError, match=f"environment variable {VARIABLE}"):
        take({}, prompt, "")
    with pytest.raises(OptionError, match="leaked_confirm"):
        confirm(prompt)
    with pytest.raises(RefusedError, match="not confirmed"):
        confirm(lambda question, private: b"y")
