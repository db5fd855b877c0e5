# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a play token costs: each use of it against lookup('env'), and a play of many hosts against one with a fixed token."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml

from tests.benchmark._measure import Row, summaries, take_turns
from tests.benchmark._rig import Bench
from tests.integration._ansible import Ansible
from tests.integration._play_token_rig import LOOKUP
from tests.integration.conftest import client, where
from tests.simulator.launch import Simulator, launch

HOSTS, USES, MANY, FORKS = 100, 10, 200, 8
ENABLED = {"ANSIBLE_CALLBACKS_ENABLED": "record,latchkey.tokens.revoke_play_tokens"}
SESSION = "service_account/session"


def rows(bench: Bench, runs: int) -> Iterator[Row]:
    """Measure at a simulated cluster of Rubrik CDM."""
    with tempfile.TemporaryDirectory() as scratch, launch("rubrik_cdm") as simulator:
        folder = Path(scratch)
        ansible = Ansible(folder, bench.ansible.collections)
        yield _uses(ansible, simulator, runs)
        yield from _hosts(ansible, simulator, runs)


def _uses(ansible: Ansible, simulator: Simulator, runs: int) -> Row:
    """Ten uses on each of a hundred hosts; the one mint is included."""
    uses = {name: _expressions([text] * USES) for name, text in (("env", "lookup('ansible.builtin.env', 'PATH')"), ("play_token", LOOKUP))}
    ways = {
        "env": _way(ansible, simulator, "env", uses["env"], HOSTS, {}),
        "play_token": _way(ansible, simulator, "play_token", uses["play_token"], HOSTS, {}),
        "with callback": _way(ansible, simulator, "play_token", uses["play_token"], HOSTS, ENABLED),
        # What does not depend on the number of uses: the mint, the watcher, the revocation.
        "one use": _way(ansible, simulator, "one_use", _expressions([LOOKUP]), 1, ENABLED),
        "one use of env": _way(ansible, simulator, "one_env", _expressions(["lookup('ansible.builtin.env', 'PATH')"]), 1, {}),
    }
    times = take_turns(ways, runs)
    mint = times["one use"].median - times["one use of env"].median
    ratio = (times["with callback"].median - mint) / times["env"].median
    whole = {name: round(times[name].median / times["env"].median, 2) for name in ("play_token", "with callback")}
    why = f"less the one mint and its end, {mint:.2f} s; with them {whole['with callback']}, without the callback {whole['play_token']}"
    return Row(f"a play_token hit, {HOSTS} hosts x {USES} uses", "lookup('env')", 1.05, ratio, why=why, details=summaries(times))


def _hosts(ansible: Ansible, simulator: Simulator, runs: int) -> Iterator[Row]:
    """One request on each of 200 hosts, with one token for all of them, a fixed one, or a login of each host's own."""
    shared = {**where(simulator), "token": "{{ token }}"}
    task = {"name": "Ask", "latchkey.tokens.access_check": shared, "register": "answer"}
    name, secret = (client(simulator)[key] for key in ("client_id", "client_secret"))
    body = {"serviceAccountId": name, "secret": secret}
    login = {
        "name": "Log in",
        "ansible.builtin.uri": {
            "url": f"{simulator.url}/api/v1/{SESSION}",
            "method": "POST",
            "body_format": "json",
            "body": body,
            "ca_path": simulator.ca_file,
        },
        "register": "login",
        "no_log": True,
    }
    logout = {
        "name": "Log out",
        "ansible.builtin.uri": {
            "url": f"{simulator.url}/api/v1/session/me",
            "method": "DELETE",
            "status_code": [200, 204],
            "headers": {"Authorization": "Bearer {{ login.json.token }}"},
            "ca_path": simulator.ca_file,
        },
    }
    by_uri = {"token": "{{ login.json.token }}"}
    ways = {
        "play_token": _way(ansible, simulator, "shared", [task], MANY, ENABLED, {"token": "{{ " + LOOKUP + " }}"}),
        "a fixed token": _way(ansible, simulator, "fixed", _fixed(login, task, logout), MANY, {}, by_uri),
        # An account has ten places for sessions, so each host has to be finished before another one begins.
        "one login per host": _way(
            ansible, simulator, "each", [login, task, logout], MANY, {}, by_uri, strategy="ansible.builtin.host_pinned"
        ),
    }
    before = len(simulator.journal())
    ways["play_token"]()
    mints = sum(one["path"].endswith(SESSION) for one in simulator.journal()[before:])
    times = take_turns(ways, max(1, runs // 2))
    yield Row(f"tokens made for {MANY} hosts", "1", 1.0, float(mints))
    ratio = times["play_token"].median / times["a fixed token"].median
    yield Row(f"a play of {MANY} hosts with play_token", "the same with a fixed token", 1.1, ratio, details=summaries(times))
    yield Row(
        f"a play of {MANY} hosts with play_token",
        "one login per host",
        None,
        times["play_token"].median / times["one login per host"].median,
    )


def _fixed(login: dict[str, Any], task: dict[str, Any], logout: dict[str, Any]) -> list[dict[str, Any]]:
    """One login for all hosts, as one would write it."""
    return [{**login, "run_once": True}, task, {**logout, "run_once": True}]


def _expressions(expressions: list[str]) -> list[dict[str, Any]]:
    return [{"name": "Use", "ansible.builtin.debug": {"msg": "{{ [" + ", ".join(expressions) + "] | map('length') | sum }}"}}]


def _way(
    ansible: Ansible,
    simulator: Simulator,
    name: str,
    tasks: list[dict[str, Any]],
    hosts: int,
    environment: dict[str, str],
    variables: dict[str, Any] | None = None,
    **keywords: str,
) -> Callable[[], object]:
    """Write a playbook for so many hosts, and return what runs it; it must go well."""
    options = {**where(simulator), **client(simulator)}
    given = {**{f"latchkey_{key}": value for key, value in options.items()}, **(variables or {})}
    path, inventory = ansible.folder / f"{name}.yml", ansible.folder / f"{hosts}-hosts.yml"
    play = {"name": "Bench", "hosts": "many", "gather_facts": False, "vars": given, "tasks": tasks, **keywords}
    path.write_text(yaml.safe_dump([play]))
    local = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
    inventory.write_text(yaml.safe_dump({"many": {"hosts": {f"host{number}": local for number in range(hosts)}}}))
    arguments = ["-i", str(inventory), "--forks", str(FORKS)]
    return lambda: ansible.run(path, arguments, env=environment, timeout=600).assert_ok()
