# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one module task costs, inside the worker and as an ordinary module, against the same request with ansible.builtin.uri."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import requests

from tests.benchmark._measure import Row, take_turns
from tests.benchmark._rig import EMPTY, Bench

TASKS = 20
WHO = "/v1/session/who-am-i"


def rows(bench: Bench, runs: int) -> Iterator[Row]:
    """Measure a play of some tasks less one of as many empty ones. Every play asks the cluster who calls."""

    def many(task: dict[str, Any]) -> list[dict[str, Any]]:
        return [{**task, "name": f"Task {number}"} for number in range(TASKS)]

    check = {"latchkey.tokens.access_check": bench.options}
    ways = {
        "empty": bench.play("empty", many(EMPTY)),
        "in process": bench.play("in_process", many(check)),
        "ordinary module": bench.play("ordinary", many(check), environment={"BENCH": "1"}),
        "uri": bench.play("uri", many({"ansible.builtin.uri": bench.uri(WHO)})),
    }
    sent = {name: bench.counted(way)[0] / TASKS for name, way in ways.items()}
    assert sent == {"empty": 0, "in process": 1, "ordinary module": 1, "uri": 1}, sent
    times = take_turns(ways, runs, warm=True)
    less = {name: one.less(times["empty"], f"{name}, less an empty task", TASKS) for name, one in times.items()}
    parts = take_turns(
        {
            "request": lambda: _ask(bench),
            "ordinary module": lambda: _load(bench, "ansible_collections.latchkey.tokens.plugins.modules.access_check"),
            "uri": lambda: _load(bench, "ansible.modules.uri"),
        },
        3 * runs,
    )
    yield Row(
        less["in process"],
        less["uri"],
        1 / 8,
        f"An empty task takes {(times['empty'].median / TASKS) * 1000:.0f} ms, the start of Ansible included. The request alone, over a "
        f"connection of its own, takes {parts['request'].median * 1000:.0f} ms.",
    )
    yield Row(
        less["ordinary module"],
        less["uri"],
        1.0,
        "To start a Python and load the module takes "
        f"{parts['ordinary module'].median * 1000:.0f} ms of ours, {parts['uri'].median * 1000:.0f} ms of uri.",
    )


def _ask(bench: Bench) -> None:
    with requests.Session() as session:
        session.trust_env = False
        session.headers["Authorization"] = f"Bearer {bench.cluster.token}"
        assert session.get(bench.cluster.simulator.url + WHO, verify=bench.cluster.simulator.ca_file, timeout=30).ok


def _load(bench: Bench, module: str) -> None:
    environment = {**os.environ, "PYTHONPATH": str(bench.ansible.collections)}
    subprocess.run([sys.executable, "-c", f"import {module}"], check=True, env=environment)
