# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one module task costs, inside the worker and as an ordinary module, against the same request with ansible.builtin.uri."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.benchmark._measure import Row, summaries, take_turns
from tests.benchmark._rig import Bench

TASKS = 20


def rows(bench: Bench, runs: int) -> Iterator[Row]:
    """Measure a play of some tasks less one of as many empty ones. Every play asks the cluster who calls."""

    def many(task: dict[str, Any]) -> list[dict[str, Any]]:
        return [{"name": f"Task {number}", **task} for number in range(TASKS)]

    check = {"latchkey.tokens.access_check": bench.options}
    ways = {
        "debug": bench.play("debug", many({"ansible.builtin.debug": {"msg": "x"}})),
        "in process": bench.play("in_process", many(check)),
        "ordinary module": bench.play("ordinary", many(check), environment={"BENCH": "1"}),
        "uri": bench.play("uri", many({"ansible.builtin.uri": bench.uri("/v1/session/who-am-i")})),
    }
    requests = {}
    for name, way in ways.items():
        before = len(bench.cluster.simulator.journal())
        way()
        requests[name] = (len(bench.cluster.simulator.journal()) - before) / TASKS
    assert requests["in process"] == requests["ordinary module"] == requests["uri"] == 1, requests
    times = take_turns(ways, runs)
    found = {**summaries(times), "tasks": TASKS}
    empty = times["debug"].median
    uri = times["uri"].median - empty
    details = {**found, "milliseconds a task": {name: round((one.median - empty) / TASKS * 1000, 1) for name, one in times.items()}}
    yield Row(
        "a module task in process, less an empty one",
        "uri, less an empty one",
        1 / 8,
        (times["in process"].median - empty) / uri,
        details=details,
    )
    yield Row(
        "a module task as ordinary module, less an empty one",
        "uri, less an empty one",
        1.0,
        (times["ordinary module"].median - empty) / uri,
    )
