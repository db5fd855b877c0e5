# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets are nowhere in output, log, callbacks and diffs, on each ansible-core, although nobody wrote no_log; and they stay usable."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration._ansible import Ansible, Run
from tests.integration._cases import SECRET_MARKS, tokens_of
from tests.simulator.launch import Simulator, launch

ADMIN, SERVICE, WRONG = "canary-Admin-1", "canary-Service-2", "canary-Wrong-3"
BOGUS = "canary-bogus-token-4"
STORED = "canary-stored-5"


@pytest.fixture
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    """A cluster with passwords that can be searched for."""
    settings = {"admin_password": ADMIN, "service_account_password": SERVICE}
    with launch("qumulo", settings=settings, directory=tmp_path_factory.mktemp("canary")) as simulator:
        yield simulator


def assert_no_secret(run: Run, log: Path, folder: Path, *more: str) -> None:
    """Search everything that a run leaves behind."""
    places = {
        "output": run.output,
        "log": log.read_text(),
        "callback": "\n".join(json.dumps([one.task, one.status, one.result]) for one in run.tasks),
        "vars file": (folder / "vault.yml").read_text() if (folder / "vault.yml").exists() else "",
    }
    assert places["log"]
    for place, text in places.items():
        for secret in (ADMIN, SERVICE, WRONG, BOGUS, STORED, *SECRET_MARKS, *more):
            assert secret not in text, (place, secret, text[max(0, text.find(secret) - 300) : text.find(secret) + 60])
    # nor in temporary files of either
    for path in (folder / ".ansible").rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert not any(secret.encode() in content for secret in (ADMIN, SERVICE, WRONG, BOGUS, STORED, *SECRET_MARKS)), path


def test_minting_and_failing(each_core: Ansible, cluster: Simulator) -> None:
    """One long play at -vvvv: in the worker and as a module, plain, in loops, registered, used, stored, and failing in every way."""
    folder, log = each_core.folder, each_core.folder / "ansible.log"
    (folder / "vault-password").write_text("not a real one\n")
    secrets = {"admin": ADMIN, "wrong": WRONG, "bogus": BOGUS, "stored": STORED, "service": cluster.service_account["token"]}
    (folder / "secrets.yml").write_text(json.dumps(secrets))
    shared = {"platform": "qumulo", "endpoint": cluster.url, "ca_path": cluster.ca_file, "username": "admin", "password": "{{ admin }}"}
    token, check, as_module = "latchkey.tokens.access_token", "latchkey.tokens.access_check", {"environment": {"X": "y"}}
    no_login = {"username": "{{ omit }}", "password": "{{ omit }}"}
    fails: dict[str, Any] = {"ignore_errors": True}
    accounts = ["local:svc-one", "local:svc-two"]
    store = "latchkey.tokens.vault_vars"
    tasks: list[dict[str, Any]] = [
        {
            "name": "Accounts",
            "latchkey.tokens.service_account": {"name": "{{ item }}", "roles": ["Observers"]},
            "loop": ["svc-one", "svc-two"],
        },
        {"name": "Mint", token: {"user": accounts[0]}, "register": "first"},
        {"name": "Mint as a module", token: {"user": accounts[0], "additional": True}, "register": "second", **as_module},
        {"name": "Mint in a loop", token: {"user": "{{ item }}"}, "loop": ["local:guest", "ad:jane"], "register": "loop"},
        {
            "name": "Mint in a loop as modules",
            token: {"user": "{{ item }}"},
            "loop": [accounts[1], "local:admin"],
            "register": "modules",
            **as_module,
        },
        {"name": "Use first", check: {**no_login, "token": "{{ first.token }}", "expect_account": "svc-one"}},
        {"name": "Use second", check: {**no_login, "token": "{{ second.token }}", "expect_account": "svc-one"}, **as_module},
        {
            "name": "Use those of loops",
            check: {**no_login, "token": "{{ item.token }}"},
            "loop": "{{ loop.results + modules.results }}",
        },
        {
            "name": "Store those of loops",
            store: {"path": "vault.yml", "create": True, "vars": {"{{ 'of_' ~ index }}": "{{ item.0.token }}"}},
            "loop": "{{ loop.results | zip([1, 2]) }}",
            "loop_control": {"index_var": "index"},
        },
        {"name": "Facts", "ansible.builtin.debug": {"msg": "{{ first.token_id ~ ' ' ~ first.token is match('access-v1:') }}"}},
        {"name": "Store", store: {"path": "vault.yml", "create": True, "vars": {"a": "{{ first.token }}", "b": "{{ stored }}"}}},
        {"name": "Store again", store: {"path": "vault.yml", "vars": {"a": "{{ second.token }}", "b": "{{ stored }}"}}},
        {
            "name": "Keep",
            store: {"path": "vault.yml", "vars": {"b": "{{ stored ~ stored }}"}, "keep_previous": True},
            "register": "kept",
        },
        {"name": "Read", "latchkey.tokens.vault_vars_info": {"path": "vault.yml", "names": ["a", "b"]}, "register": "read"},
        {"name": "Use what was read", check: {**no_login, "token": "{{ read.vars.a }}", "expect_account": "svc-one"}},
        {"name": "Keep current", token: {"user": accounts[0], "current": "{{ second.token }}"}},
        {"name": "Disable", token: {"token_id": "{{ second.token_id }}", "enabled": False}},
    ]
    for how, keywords in (("", {}), (" as a module", as_module)):
        tasks += [
            {"name": f"Wrong password{how}", check: {"password": "{{ wrong }}"}, **fails, **keywords},
            {"name": f"Wrong token{how}", check: {**no_login, "token": "{{ bogus }}"}, **fails, **keywords},
            {"name": f"Disabled token{how}", check: {**no_login, "token": "{{ second.token }}"}, **fails, **keywords},
            {"name": f"Two ways{how}", check: {"token": "{{ bogus }}"}, **fails, **keywords},
            {"name": f"Third token{how}", token: {"user": accounts[0], "additional": True}, **fails, **keywords},
            {"name": f"Unknown option{how}", token: {"tokn": "{{ bogus | length }}"}, **fails, **keywords},
            {"name": f"Bad choice{how}", token: {"state": "maybe", "token_id": 1}, **fails, **keywords},
            {"name": f"Not a boolean{how}", token: {"enabled": "perhaps", "current": "{{ first.token }}"}, **fails, **keywords},
        ]
    tasks += [
        {"name": "Vault id not loaded", store: {"path": "vault.yml", "vault_id": "dev", "vars": {"a": "{{ stored }}"}}, **fails},
        {"name": "Not a mapping", store: {"path": "vault.yml", "vars": "{{ stored }}"}, **fails},
        {"name": "Nested in text", store: {"path": "vault.yml", "vars": {"a.b": "{{ stored }}"}}, **fails},
        {"name": "List of secrets", store: {"path": "vault.yml", "vars": {"c": ["{{ stored }}", {"d": "{{ first.token }}"}]}}},
    ]
    run = each_core.play(
        tasks,
        arguments=["-vvvv", "--diff", "-e", f"@{folder / 'secrets.yml'}", "--vault-id", "prod@vault-password"],
        env={"ANSIBLE_LOG_PATH": str(log)},
        module_defaults={"group/latchkey.tokens.latchkey": shared},
    ).assert_ok()
    assert_no_secret(run, log, folder, cluster.service_account["token"])

    for name in ("Mint", "Mint as a module", "Keep", "Read"):
        assert run.by_name[name].hidden, name
    for one in run.tasks:
        if one.task.startswith("Mint in a loop") and one.status.startswith("item"):
            assert one.hidden, one
    assert [one.status for one in run.tasks if one.task == "Use those of loops"] == ["item"] * 4 + ["ok"]
    # what holds no secret stays readable
    assert run["Use first"]["account"] == run["Use second"]["account"] == "svc-one"
    assert run["Disable"]["enabled"] is False
    assert run["Keep current"]["changed"] is False
    assert run["Facts"]["msg"].endswith(" True") or run["Facts"]["msg"] is True
    for how in ("", " as a module"):
        assert "the user name or the password is wrong" in run[f"Wrong password{how}"]["msg"]
        assert "HTTP 401" in run[f"Wrong token{how}"]["msg"]
        assert "HTTP 401" in run[f"Disabled token{how}"]["msg"]
        assert "2 access tokens already" in run[f"Third token{how}"]["msg"]
    assert "dev" in run["Vault id not loaded"]["msg"]
    assert len(tokens_of(cluster, "svc-one")) == 2


def test_what_holds_no_secret_is_shown(each_core: Ansible, cluster: Simulator) -> None:
    """Check mode and diffs of minting tasks hold no secret, so they are shown."""
    log = each_core.folder / "ansible.log"
    (each_core.folder / "secrets.yml").write_text(json.dumps({"admin": ADMIN}))
    shared = {"platform": "qumulo", "endpoint": cluster.url, "ca_path": cluster.ca_file, "username": "admin", "password": "{{ admin }}"}
    token = "latchkey.tokens.access_token"
    run = each_core.play(
        [
            {"name": "Foretold", token: {"user": "local:guest", "expires_in": "30d"}, "check_mode": True},
            {"name": "No change", token: {"user": "local:svc-ansible"}},
        ],
        arguments=["-vvvv", "--diff", "-e", f"@{each_core.folder / 'secrets.yml'}"],
        env={"ANSIBLE_LOG_PATH": str(log)},
        module_defaults={"group/latchkey.tokens.latchkey": shared},
    ).assert_ok()
    assert_no_secret(run, log, each_core.folder)
    assert not run.by_name["Foretold"].hidden
    assert "(new)" in run.output
    assert run["No change"]["token_id"] == cluster.service_account["token_id"]
