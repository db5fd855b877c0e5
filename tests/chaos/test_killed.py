# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role rotate, killed with SIGKILL at every HTTP request and every operation on the vars file and the rescue file.

Each point: before a request is sent, and after the appliance answered it but before the run knows; before a file's replacement is
written, with half of it written, before it is synced, before and after it is put in place, before the folder is synced; before and after
the rescue file is removed. After each kill there is a credential that works, and one plain run sets the rest right. A secret that is
rotated in place may be in the rescue file instead of the vars file; and where the kill came between the making of the secret and its
rescue, nobody has it, and the next run creates another. Nothing marks an S3 access key, so the next run names the one that was created,
and revokes it once it is told to. The points are those that an undisturbed run goes through, so none is left out:
with FULL=1 all of them of every scenario, else those of each kind at which something lasting was done just now, and of two kinds
one of each other sort of point, too; those within a write of the vars file of one of them.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.chaos._points import PointsOf, lasting, once_of_each_sort
from tests.chaos._record import FULL, Recorder
from tests.chaos._scenarios import FORCED_ONES, MORE, Scenario
from tests.plays._ansible import Ansible
from tests.plays._rotation_kinds import Appliances, is_in_place, kill_and_recover, rig_of
from tests.plays._saboteur import Saboteur, run_and_kill

SLICES = 8 if FULL else 3  # of each scenario, so that they can run side by side
SCENARIOS = (*FORCED_ONES, *(MORE if FULL else ()))
# The simulation lets every kind meet a kill at all points. Steps within a write of a file are those of one kind as of the other.
EVERY_SORT = ("access_token-qumulo", "in_place-rsc")
WITHIN_A_WRITE = ("before write", "before fsync", "before replace")


def _struck(kind: str, events: list[str]) -> list[int]:
    """Return which points of a kind are struck."""
    if FULL:
        return list(range(1, len(events) + 1))
    chosen = lasting(events)
    others = once_of_each_sort(events, chosen) if kind in EVERY_SORT else []
    return sorted([*chosen, *(one for one in others if kind == EVERY_SORT[0] or not events[one - 1].startswith(WITHIN_A_WRITE))])


def _grid() -> list[Any]:
    return [pytest.param(scenario, part, id=f"{scenario}-{part}") for scenario in SCENARIOS for part in range(SLICES)]


@pytest.mark.timeout(900)
@pytest.mark.parametrize(("scenario", "part"), _grid())
def test_killed_at_every_point(
    ansible: Ansible, simulators: Appliances, saboteur: Saboteur, points_of: PointsOf, recorder: Recorder, scenario: Scenario, part: int
) -> None:
    rig = rig_of(scenario.kind, ansible, simulators)
    events = points_of(rig, scenario).events
    for number in _struck(scenario.kind, events)[part::SLICES]:
        event = events[number - 1]
        with recorder.trial("killed", scenario.kind, f"{event}#{events[:number].count(event)}", "SIGKILL", scenario.name) as trial:
            where = kill_and_recover(
                rig,
                saboteur,
                number,
                begin=scenario.begin,
                works_before=scenario.works_before,
                after=scenario.after,
                **scenario.variables,
            )
            assert saboteur.events == events[:number]
            trial.outcome = f"the credential was {where}; set right by the next run"


@pytest.mark.timeout(900)
@pytest.mark.parametrize("kind", ["in_place-rsc", *(["access_token-qumulo"] if FULL else [])])  # the simulation has runs of all kinds
def test_killed_again_and_again(
    ansible: Ansible, simulators: Appliances, saboteur: Saboteur, points_of: PointsOf, recorder: Recorder, kind: str
) -> None:
    rig = rig_of(kind, ansible, simulators)
    events = points_of(rig, Scenario(kind)).events
    numbers = lasting(events)
    rig.seed()
    for number in (*numbers, *(reversed(numbers) if FULL else ())):
        with recorder.trial("killed", kind, events[number - 1], "SIGKILL", "again and again") as trial:
            reached = run_and_kill(rig, saboteur, number, rotate_force=True)
            if not is_in_place(rig):
                rig.assert_works()
            trial.outcome = "goes on" if reached else "was over before"
    with recorder.trial("killed", kind, "after all these", "none", "again and again") as trial:
        rig.rotate().assert_ok()
        rig.assert_settled()
        trial.outcome = "set right"
