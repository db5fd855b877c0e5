# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The points at which a run can be struck: those that an undisturbed run goes through, found out once for all test processes."""

from __future__ import annotations

import fcntl
import json
import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.chaos._scenarios import Scenario
from tests.plays._role_rig import finish, start
from tests.plays._rotation_kinds import AnyRig
from tests.plays._saboteur import Saboteur


@dataclass(frozen=True)
class Points:
    """What an undisturbed run goes through.

    Attributes:
        events: what the saboteur noted: each request before it is sent and once it is answered, each step of a file's replacement.
        requests: the requests, as method and path.
    """

    events: list[str]
    requests: list[tuple[str, str]]


PointsOf = Callable[[AnyRig, Scenario], Points]
_CHANGES = re.compile(r"answered (POST|PUT|PATCH|DELETE) (?!\S*(/find|/client_token|/service_account/session|/session/me|/api/session)$)")
_GRAPHQL = "/api/graphql"  # the path of queries, too


def lasting(events: list[str]) -> list[int]:
    """Return the numbers of the points at which something lasting was done just now.

    A file is in place or gone, or the appliance has answered a request that changes more than sessions; where its path does not tell,
    the last one before the next write. Before the first write, that of the intent, nothing lasting is done.
    """
    found, last_query = [], 0
    for number, event in list(enumerate(events, 1))[events.index("before write") :]:
        if event == "before write":
            found += [last_query] if last_query else []
            last_query = 0
        elif event.startswith("after ") or (_CHANGES.match(event) and not event.endswith(_GRAPHQL)):
            found.append(number)
        elif _CHANGES.match(event):
            last_query = number
    return sorted(found)


def once_of_each_sort(events: list[str], apart_from: list[int]) -> list[int]:
    """Return the numbers of points, one of each sort that is not among those already; which one of a sort differs from sort to sort."""
    sorts: dict[str, list[int]] = {}
    for number, event in enumerate(events, 1):
        sorts.setdefault(event.partition(" /")[0], []).append(number)
    return [numbers[at % len(numbers)] for at, numbers in enumerate(sorts.values()) if not set(numbers) & set(apart_from)]


@pytest.fixture
def points_of(saboteur: Saboteur, tmp_path_factory: pytest.TempPathFactory) -> PointsOf:
    """Return the points of a scenario."""
    shared = tmp_path_factory.getbasetemp()
    folder = (shared.parent if shared.name.startswith("popen-") else shared) / "points"
    folder.mkdir(exist_ok=True)

    def found(rig: AnyRig, scenario: Scenario) -> Points:
        with (folder / f"{scenario}.json").open("a+") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            text = file.read()
            if not text:
                text = json.dumps(_undisturbed(rig, saboteur, scenario))
                file.write(text)
        events, requests = json.loads(text)
        return Points(events, [tuple(one) for one in requests])

    return found


def _undisturbed(rig: AnyRig, saboteur: Saboteur, scenario: Scenario) -> tuple[list[str], list[tuple[str, str]]]:
    scenario.begin(rig)
    since = len(rig.simulator.journal())
    run = finish(rig, start(rig, saboteur.environment(rig.file), **scenario.variables))
    assert run.returncode == scenario.ends, run.output
    events = saboteur.events
    assert len(events) > 20
    requests = [(one["method"], one["path"]) for one in rig.simulator.journal()[since:]]
    assert sum(one.startswith("answered ") for one in events) == len(requests)
    return events, requests
