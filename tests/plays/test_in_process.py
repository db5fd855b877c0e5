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
    """Everything in check mode, so that both ways meet the same cluster; all on the core of the test run, a few on the others."""
    shared = shared_options(qumulo)
    everything = {**GOOD, **BAD}
    cases = everything if each_core.bin == core_bin("2.19") else {name: everything[name] for name in FEW}
    tasks: list[dict[str, Any]] = []
    for name, (module, options) in cases.items():
        arguments = {key: value for key, value in {**shared, **options}.items() if value is not None}
        task = {PREFIX + module: arguments, "ignore_errors": True, "check_mode": True}
        tasks += [{"name": name, **task}, {"name": f"{name} as a module", **task, **MODULE}]
    run = each_core.play(tasks).assert_ok()
    assert run.by_name.keys() == {task["name"] for task in tasks}
    for name in cases:
        here, there = run.by_name[name], run.by_name[f"{name} as a module"]
        assert here.status == there.status == ("ok" if name in GOOD else "ignored"), name
        assert compared(here.result) == compared(there.result), name
    assert "Traceback" not in run.output


def test_minting_both_ways(each_core: Ansible, qumulo: Simulator) -> None:
    """A minted token has the same keys, is hidden, and can be used; so does an account that is made."""
    task = {"latchkey.tokens.access_token": {"user": "local:svc-one", "additional": True, "expires_in": "1d"}}
    account = "latchkey.tokens.service_account"
    run = each_core.play(
        [
            {"name": "Account", account: {"name": "svc-one", "roles": ["Observers"]}},
            {"name": "Account as a module", account: {"name": "svc-two", "roles": ["Observers"]}, **MODULE},
            {"name": "Mint", **task, "register": "here"},
            {"name": "Mint as a module", **task, "register": "there", **MODULE},
            show("Keys", "[here.keys() | sort, there.keys() | sort]"),
            {"name": "Gone", account: {"name": "svc-one", "state": "absent"}, **MODULE},
        ],
        module_defaults=defaults(qumulo),
    ).assert_ok()
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


def test_async(ansible: Ansible, qumulo: Simulator) -> None:
    """What mints nothing runs with async; what mints is refused before anything is made, since its secret would be in a job file."""
    late, later = {"async": 60, "poll": 1}, {"async": 60, "poll": 0}
    mint = {"latchkey.tokens.access_token": {"user": "local:admin"}, "ignore_errors": True}
    run = ansible.play(
        [
            {"name": "Check", "latchkey.tokens.access_check": {}, **late},
            {"name": "Mint", **mint, **late},
            {"name": "Fire and forget", **mint, **later},
        ],
        module_defaults=defaults(qumulo),
        env={"ANSIBLE_ASYNC_DIR": str(ansible.folder / "jobs")},  # Ansible's default is not where HOME says
    ).assert_ok()
    assert run["Check"]["account"] == "admin"
    for name in ("Mint", "Fire and forget"):
        assert "latchkey.tokens.access_token does not run with async" in run[name]["msg"]
        assert "Take async off the task." in run[name]["msg"]
    assert [one["account"] for one in qumulo.credentials() if one["kind"] == "access_token"] == ["svc-ansible"]


def test_become(ansible: Ansible, qumulo: Simulator) -> None:
    """To oneself, so that no rights are needed; Ansible leaves the switch out then, but the task runs as an ordinary module."""
    become = {"become": True, "become_user": getpass.getuser()}
    run = ansible.play(
        [
            {"name": "Check", "latchkey.tokens.access_check": {}, **become},
            {"name": "Mint", "latchkey.tokens.access_token": {"user": "local:admin"}, **become, "register": "minted"},
            show("Usable", "minted.token is match('access-v1:')"),
        ],
        module_defaults=defaults(qumulo),
        arguments=["-vvv"],
    ).assert_ok()
    assert run["Check"]["account"] == "admin"
    assert run.by_name["Mint"].hidden
    assert run["Usable"]["msg"] is True
    assert "AnsiballZ" in run.output


def test_in_the_worker_no_module_is_built(ansible: Ansible, qumulo: Simulator) -> None:
    task = {"name": "Check", "latchkey.tokens.access_check": {}}
    run = ansible.play([task], module_defaults=defaults(qumulo), arguments=["-vvv"]).assert_ok()
    assert "AnsiballZ" not in run.output


@pytest.mark.parametrize("library", ["requests", "jmespath"])
def test_missing_library(ansible: Ansible, qumulo: Simulator, library: str) -> None:
    """Without it the worker cannot do the task; the ordinary module says what is missing, and for which Python."""
    broken = ansible.folder / "broken"
    broken.mkdir()
    (broken / f"{library}.py").write_text("raise ImportError('made to fail')\n")
    tasks = [
        {"name": "List", "latchkey.tokens.access_token_info": {"query": "[].token_id"}, "ignore_errors": True},
        {"name": "Mint", "latchkey.tokens.access_token": {"user": "local:admin"}, "ignore_errors": True},
    ]
    run = ansible.play(tasks, module_defaults=defaults(qumulo), env={"PYTHONPATH": str(broken)}).assert_ok()
    message = run["List"]["msg"]
    python = str(ansible.bin / "python")
    assert f"the Python library {library}" in message.replace("The", "the")
    assert f"not installed for {python}" in message
    assert f"pip install {library}" in message
    assert "Traceback" not in run.output
    if library == "requests":
        assert run["Mint"]["msg"] == message.replace("List", "Mint")
        assert qumulo.journal() == []
    else:
        assert run.by_name["Mint"].hidden


def test_other_python_has_the_library(ansible: Ansible, qumulo: Simulator) -> None:
    """Where only the task's Python has requests, the task runs there as an ordinary module."""
    broken = ansible.folder / "broken"
    broken.mkdir()
    (broken / "requests.py").write_text("raise ImportError('made to fail')\n")
    task = {"name": "Check", "latchkey.tokens.access_check": {}, "environment": {"PYTHONPATH": ""}}
    run = ansible.play([task], module_defaults=defaults(qumulo), env={"PYTHONPATH": str(broken)}).assert_ok()
    assert run["Check"]["account"] == "admin"
