# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The same task inside the worker and as an ordinary module gives the same result, whatever it is that makes the difference."""

from __future__ import annotations

import getpass
import re
from typing import Any

import pytest

from tests.plays._ansible import Ansible, core_bin
from tests.plays._cases import PREFIX, show
from tests.plays._options import defaults, shared_options
from tests.simulator.launch import Simulator

# What Ansible itself adds to a result, by how the task ran.
ANSIBLES_KEYS = {"_ansible_no_log", "_ansible_parsed", "_ansible_verbose_override", "ansible_facts", "failed", "invocation", "exception"}
MODULE = {"environment": {"X": "y"}}
TOKEN, ACCOUNT = PREFIX + "access_token", PREFIX + "service_account"


def compared(result: dict[str, Any]) -> dict[str, Any]:
    """Return a result without what Ansible adds, and without what differs from run to run in Ansible's own words."""
    message = re.sub(r"of type .* and we|Valid booleans include: .*|<class .*> cannot be", "...", str(result.get("msg", "")))
    return {key: value for key, value in {**result, "msg": message}.items() if key not in (*ANSIBLES_KEYS, "as_of")}


GOOD: dict[str, tuple[str, dict[str, Any]]] = {
    "check": ("access_check", {"expect_account": "admin", "probes": [{"path": "/v1/cluster/settings", "expect": "cluster_name"}]}),
    "tokens": ("access_token_info", {"query": "[].token_id"}),
    "no token": ("access_token_info", {"token_id": 1234567890123456789012}),
    "accounts": ("service_account_info", {}),
    "credentials": ("credential_info", {"kinds": ["access_token", "s3_access_key"], "live_only": "yes", "query": "[].[kind, account]"}),
    "account": ("service_account", {"name": "svc-ansible", "roles": ["Observers"]}),
    "new account": ("service_account", {"name": "svc-check", "privileges": ["PRIVILEGE_CLUSTER_READ"]}),
    "end of a session": ("session_revoke", {"target": "self"}),
    "revoked": ("session_revoke", {"ids": ["1234567890123456789012"]}),
    "kept": ("access_token", {"user": "local:svc-ansible"}),
    "foretold": ("access_token", {"user": "local:svc-ansible", "enabled": "no"}),
}
BAD: dict[str, tuple[str, dict[str, Any]]] = {
    "unknown option": ("access_token", {"tokn": "x"}),
    "bad choice": ("access_token", {"state": "gone"}),
    "bad boolean": ("access_token", {"enabled": "perhaps"}),
    "exclusive": ("access_token", {"expires_in": "1d", "expires_at": "2040-01-01T00:00:00Z"}),
    "missing": ("service_account", {}),
    "bad list": ("access_check", {"probes": [{"method": "GET"}]}),
    "bad integer": ("access_check", {"probes": [{"path": "/v1/version", "status": ["ok"]}]}),
    "no zone": ("access_token", {"expires_at": "2040-01-01T00:00:00"}),
    "no user": ("access_token", {"user": "local:nobody"}),
    "two ways": ("access_check", {"token": "canary-token"}),
    "no trust": ("access_check", {"ca_path": None}),
    "wrong password": ("access_check", {"password": "canary-wrong"}),
    "unexpected": ("access_check", {"expect_account": "guest"}),
    "own account": ("service_account", {"name": "admin", "state": "absent"}),
}


FEW = ("check", "account", "foretold", "unknown option", "missing", "bad integer", "wrong password")


def test_same_results(each_core: Ansible, qumulo: Simulator) -> None:
    """Cases in check mode meet the same cluster both ways: all on the core of the test run, a few on the others.

    A minted token has the same keys, is hidden, and can be used; so does an account that is created.
    """
    shared = shared_options(qumulo)
    everything = {**GOOD, **BAD}
    cases = everything if each_core.bin == core_bin("2.19") else {name: everything[name] for name in FEW}
    tasks: list[dict[str, Any]] = []
    for name, (module, options) in cases.items():
        arguments = {key: value for key, value in {**shared, **options}.items() if value is not None}
        task = {PREFIX + module: arguments, "ignore_errors": True, "check_mode": True}
        tasks += [{"name": name, **task}, {"name": f"{name} as a module", **task, **MODULE}]
    mint = {TOKEN: {**shared, "user": "local:svc-one", "additional": True, "expires_in": "1d"}}
    tasks += [
        {"name": "Account", ACCOUNT: {**shared, "name": "svc-one", "roles": ["Observers"]}},
        {"name": "Account as a module", ACCOUNT: {**shared, "name": "svc-two", "roles": ["Observers"]}, **MODULE},
        {"name": "Mint", **mint, "register": "here"},
        {"name": "Mint as a module", **mint, "register": "there", **MODULE},
        show("Keys", "[here.keys() | sort, there.keys() | sort]"),
        {"name": "Gone", ACCOUNT: {**shared, "name": "svc-one", "state": "absent"}, **MODULE},
    ]
    run = each_core.play(tasks, timeout=240).assert_ok()
    assert run.by_name.keys() == {task["name"] for task in tasks}
    for name in cases:
        alike, other = run.by_name[name], run.by_name[f"{name} as a module"]
        assert alike.status == other.status == ("ok" if name in GOOD else "ignored"), name
        assert compared(alike.result) == compared(other.result), name
    assert "Traceback" not in run.output
    here, there = (set(keys) - ANSIBLES_KEYS for keys in run["Keys"]["msg"])
    assert here == there
    assert {"token", "token_id", "account", "account_id", "expires_at", "expires_in", "changed", "diff"} <= here
    assert run.by_name["Mint"].hidden
    assert run.by_name["Mint as a module"].hidden
    made, made_there = compared(run["Account"]), compared(run["Account as a module"])
    assert made.keys() == made_there.keys()
    for key in ("changed", "roles", "privileges"):
        assert made[key] == made_there[key]
    assert run["Gone"]["changed"] is True


def test_what_makes_a_task_an_ordinary_module(ansible: Ansible, qumulo: Simulator) -> None:
    """In the worker no module is built. With async and become one is; what mints is refused with async, and mints nothing.

    One becomes oneself, so that no rights are needed; Ansible leaves the switch out then, but the task runs as an ordinary module.
    """
    become = {"become": True, "become_user": getpass.getuser()}
    late, later = {"async": 60, "poll": 1, "ignore_errors": True}, {"async": 60, "poll": 0, "ignore_errors": True}
    mint: dict[str, Any] = {TOKEN: {"user": "local:admin"}}
    check: dict[str, Any] = {"latchkey.tokens.access_check": {}}
    run = ansible.play(
        [
            {"name": "Check here", **check},
            {"name": "Check late", **check, **late},
            {"name": "Mint late", **mint, **late},
            {"name": "Fire and forget", **mint, **later},
            {"name": "Tokens", "latchkey.tokens.access_token_info": {"query": "[].account"}},
            {"name": "Check as oneself", **check, **become},
            {"name": "Mint as oneself", **mint, **become, "register": "minted"},
            show("Usable", "minted.token is match('access-v1:')"),
        ],
        module_defaults=defaults(qumulo),
        arguments=["-vvv"],
        env={"ANSIBLE_ASYNC_DIR": str(ansible.folder / "jobs")},  # Ansible's default is not where HOME says
    ).assert_ok()
    names = ("Check here", "Check late", "Check as oneself")
    assert [run[name]["account"] for name in names] == ["admin"] * 3
    assert ["AnsiballZ" in run.output.partition(f"TASK [{name}]")[2].partition("TASK [")[0] for name in names] == [False, True, True]
    for name in ("Mint late", "Fire and forget"):
        assert "latchkey.tokens.access_token does not run with async" in run[name]["msg"]
        assert "Take async off the task." in run[name]["msg"]
    assert run["Tokens"]["access_tokens"] == ["svc-ansible"]
    assert run.by_name["Mint as oneself"].hidden
    assert run["Usable"]["msg"] is True


def without(ansible: Ansible, library: str) -> dict[str, str]:
    """Return the environment of an Ansible whose Python lacks a library."""
    broken = ansible.folder / "broken"
    broken.mkdir()
    (broken / f"{library}.py").write_text("raise ImportError('made to fail')\n")
    return {"PYTHONPATH": str(broken)}


@pytest.mark.parametrize("library", ["requests", "jmespath"])
def test_missing_library(ansible: Ansible, qumulo: Simulator, library: str) -> None:
    """Without it the worker cannot do the task; the ordinary module says what is missing, and for which Python.

    Where only the task's Python has requests, the task runs there as an ordinary module.
    """
    tasks: list[dict[str, Any]] = [
        {"name": "List", "latchkey.tokens.access_token_info": {"query": "[].token_id"}, "ignore_errors": True},
        {"name": "Mint", TOKEN: {"user": "local:admin"}, "ignore_errors": True},
        {"name": "Check", "latchkey.tokens.access_check": {}, "environment": {"PYTHONPATH": ""}},
    ]
    run = ansible.play(tasks, module_defaults=defaults(qumulo), env=without(ansible, library)).assert_ok()
    message = run["List"]["msg"]
    python = str(ansible.bin / "python")
    assert f"the Python library {library}" in message.replace("The", "the")
    assert f"not installed for {python}" in message
    assert f"pip install {library}" in message
    assert "Traceback" not in run.output
    if library == "requests":
        assert run["Mint"]["msg"] == message.replace("List", "Mint")
        assert [one["account"] for one in qumulo.credentials() if one["kind"] == "access_token"] == ["svc-ansible"]
    else:
        assert run.by_name["Mint"].hidden
    assert run["Check"]["account"] == "admin"
