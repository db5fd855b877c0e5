# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a play token costs: its uses against those of lookup('env'), and a play of many hosts against one with a fixed token."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import requests
import yaml

from tests.benchmark._measure import Curve, Row, Side, take_turns
from tests.benchmark._rig import EMPTY, Bench, Plain
from tests.plays._ansible import Ansible
from tests.plays._options import client, where
from tests.plays._play_token_rig import LOOKUP
from tests.simulator.launch import Simulator, launch

HOSTS, USES, MANY, FORKS = 100, 10, (10, 50, 200), 8
FEW = 50  # hosts, up to which each of them logs in: on more it takes minutes
ENV = "lookup('ansible.builtin.env', 'PATH')"
ENABLED = {"ANSIBLE_CALLBACKS_ENABLED": "latchkey.tokens.revoke_play_tokens"}
SESSION = "service_account/session"
BY_URI = {"token": "{{ login.json.token }}"}


def rows(bench: Bench, runs: int) -> Iterator[Row | Curve]:
    """Measure at a simulated cluster of Rubrik CDM."""
    with tempfile.TemporaryDirectory() as scratch, launch("rubrik_cdm") as simulator:
        ansible = Plain(Path(scratch), bench.ansible.collections)
        yield from _uses(ansible, simulator, runs)
        yield from _hosts(ansible, simulator, runs)


def _uses(ansible: Ansible, simulator: Simulator, runs: int) -> Iterator[Row]:
    """Ten uses on each of a hundred hosts. The token is created by the first task, which is in all of these plays."""
    first = {**_use([LOOKUP]), "name": "Make the token", "run_once": True}

    def way(name: str, expression: str, uses: int) -> Callable[[], object]:
        return _way(ansible, simulator, name, [first, _use([expression] * uses)], HOSTS, ENABLED)

    times = take_turns(
        {
            "env": way("env", ENV, USES),
            "play_token": way("play_token", LOOKUP, USES),
            "env once": way("env_once", ENV, 1),
            "play_token once": way("play_token_once", LOOKUP, 1),
            "no token": _way(ansible, simulator, "no_token", [{**EMPTY, "run_once": True}, _use([ENV] * USES)], HOSTS, {}),
        },
        runs,
    )
    ours, theirs = (Side(f"a play of {HOSTS} hosts x {USES} uses of {name}", times[name].values) for name in ("play_token", "env"))
    more, more_env = (
        times[name].less(times[f"{name} once"], f"one more use of {name}", HOSTS * (USES - 1)) for name in ("play_token", "env")
    )
    first_use = times["play_token once"].less(times["env once"], "the first use of a process", HOSTS)
    mint = times["env"].less(times["no token"], "the mint, its watcher and the revocation")
    yield Row(
        ours,
        theirs,
        1.05,
        f"One more use takes {more.shown()} where env takes {more_env.shown()}, and the first one on a host {first_use.shown()} "
        "above that of env: each host is a process of its own, which settles the options and opens the encrypted file of tokens. "
        f"Both plays create the token, which takes {mint.shown()}.",
    )
    yield Row(more, more_env)


def _use(expressions: list[str]) -> dict[str, Any]:
    return {"name": "Use", "ansible.builtin.debug": {"msg": "{{ [" + ", ".join(expressions) + "] | map('length') | sum }}"}}


def _hosts(ansible: Ansible, simulator: Simulator, runs: int) -> Iterator[Row | Curve]:
    """One request on each host, with one token for all of them, a fixed one, or a login of each host's own."""
    fixed = _login(simulator)
    curve = Curve("One request on each host, with a token that the play creates and ends", "hosts")
    for count in MANY:
        ways = _ways(ansible, simulator, count, fixed)
        before = len(simulator.journal())
        ways["play_token"]()
        mints = sum(one["path"].endswith(SESSION) for one in simulator.journal()[before:])
        last = count == MANY[-1]
        times = take_turns(ways, runs if last else 1, warm=not last)
        if count <= FEW:
            times |= take_turns(_each(ansible, simulator, count), 1, warm=True)
        curve.add(count, times)
        named = {name: Side(f"a play of {count} hosts with {name}", side.values) for name, side in times.items()}
        if count == FEW:
            yield Row(named["play_token"], named["a login on each host"])
        if last:
            yield Row(Side(f"tokens created for {count} hosts", [mints], "tokens"), None, 1.0, exact=True)
            yield Row(named["play_token"], named["a fixed token"], 1.1, _why(times))
            yield Row(named["play_token"], named["one login by uri"])
    yield curve


def _why(times: dict[str, Side]) -> str:
    above = times["play_token"].less(times["a fixed token"], "")
    return (
        f"The fixed token is in the playbook in clear, created before, never ended. To create one, use it and end it takes {above.shown()}."
    )


def _login(simulator: Simulator) -> str:
    """Return a token that was created before."""
    proof = client(simulator)
    body = {"serviceAccountId": proof["client_id"], "secret": proof["client_secret"]}
    with requests.Session() as session:
        session.trust_env = False
        answer = session.post(f"{simulator.url}/api/v1/{SESSION}", json=body, verify=simulator.ca_file, timeout=30)
    return str(answer.json()["token"])


def _ways(ansible: Ansible, simulator: Simulator, hosts: int, fixed: str) -> dict[str, Callable[[], object]]:
    login, ask, logout = _tasks(simulator)
    once = [{**login, "run_once": True}, ask, {**logout, "run_once": True}]
    return {
        "play_token": _way(ansible, simulator, f"shared-{hosts}", [ask], hosts, ENABLED, {"token": "{{ " + LOOKUP + " }}"}),
        "a fixed token": _way(ansible, simulator, f"fixed-{hosts}", [ask], hosts, {}, {"token": fixed}),
        "one login by uri": _way(ansible, simulator, f"once-{hosts}", once, hosts, {}, BY_URI),
    }


def _each(ansible: Ansible, simulator: Simulator, hosts: int) -> dict[str, Callable[[], object]]:
    # An account has ten places for sessions, so each host has to be finished before another one begins.
    pinned = {"strategy": "ansible.builtin.host_pinned"}
    return {"a login on each host": _way(ansible, simulator, f"each-{hosts}", _tasks(simulator), hosts, {}, BY_URI, **pinned)}


def _tasks(simulator: Simulator) -> list[dict[str, Any]]:
    """Log in with uri, ask something with the token, and log out, as one would write it."""
    proof = client(simulator)
    login = {
        "url": f"{simulator.url}/api/v1/{SESSION}",
        "method": "POST",
        "body_format": "json",
        "body": {"serviceAccountId": proof["client_id"], "secret": proof["client_secret"]},
        "ca_path": simulator.ca_file,
    }
    logout = {
        "url": f"{simulator.url}/api/v1/session/me",
        "method": "DELETE",
        "status_code": [200, 204],
        "headers": {"Authorization": "Bearer {{ login.json.token }}"},
        "ca_path": simulator.ca_file,
    }
    return [
        {"name": "Log in", "ansible.builtin.uri": login, "register": "login", "no_log": True},
        {"name": "Ask", "latchkey.tokens.access_check": {**where(simulator), "token": "{{ token }}"}, "register": "answer"},
        {"name": "Log out", "ansible.builtin.uri": logout},
    ]


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
