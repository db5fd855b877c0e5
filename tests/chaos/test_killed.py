# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role rotate, killed with SIGKILL at every HTTP request and every operation on the vars file and the rescue file.

Each point: before a request is sent, and after the appliance answered it but before the run knows; before a file's replacement is
written, with half of it written, before it is synced, before and after it is put in place, before the folder is synced; before and after
the rescue file is removed. After each kill there is a credential that works, and one plain run sets the rest right. A secret that is
rotated in place may be in the rescue file instead of the vars file; and where the kill came between the making of the secret and its
rescue, nobody has it, and the next run makes another. The points are those that an undisturbed run goes through, so none is left out.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.chaos._points import Of, points_of  # noqa: F401  (a fixture)
from tests.chaos._record import FULL, Recorder
from tests.chaos._scenarios import FORCED_ONES, MORE, Scenario, assert_known, is_in_place, rig_of
from tests.integration._ansible import Ansible
from tests.integration._rotation_harness import Saboteur, run_and_kill
from tests.simulator.launch import Simulator

SLICES = 8  # of each scenario, so that they can run side by side
SCENARIOS = (*FORCED_ONES, *(MORE if FULL else ()))


def _grid() -> list[Any]:
    return [pytest.param(scenario, part, id=f"{scenario}-{part}") for scenario in SCENARIOS for part in range(SLICES)]


@pytest.mark.timeout(900)
@pytest.mark.parametrize(("scenario", "part"), _grid())
def test_killed_at_every_point(
    ansible: Ansible,
    simulators: dict[str, Simulator],
    saboteur: Saboteur,
    points_of: Of,  # noqa: F811
    recorder: Recorder,
    scenario: Scenario,
    part: int,
) -> None:
    rig = rig_of(scenario.kind, ansible, simulators)
    events = points_of(rig, scenario).events
    for number in range(1 + part, 1 + len(events), SLICES):
        event = events[number - 1]
        point = f"{event}#{events[:number].count(event)}"
        with recorder.trial("killed", scenario.kind, point, "SIGKILL", scenario.name) as trial:
            scenario.begin(rig)
            since = len(rig.simulator.journal())
            with rig.rest_untouched():
                assert run_and_kill(rig, saboteur, number, **scenario.variables), f"{point} was not reached: {saboteur.events}"
                assert saboteur.events == events[:number]
                rig.stored()  # it parses and decrypts
                where = assert_known(rig, since) if scenario.works_before else "not there yet"
                rig.assert_nothing_in_clear()
                rotated = rig.result(rig.rotate(**scenario.after))["rotated"]
                rig.assert_current()
                assert not is_in_place(rig) or not rig.rescue.exists()
            trial.outcome = f"credential in {where}; the next run " + ("rotated" if rotated else "tidied up")


@pytest.mark.parametrize("kind", ["access_token-qumulo", "in_place-rsc"])
def test_killed_again_and_again(
    ansible: Ansible,
    simulators: dict[str, Simulator],
    saboteur: Saboteur,
    points_of: Of,  # noqa: F811
    recorder: Recorder,
    kind: str,
) -> None:
    scenario = Scenario(kind)
    rig = rig_of(kind, ansible, simulators)
    events = points_of(rig, scenario).events
    lasting = [number for number, event in enumerate(events, 1) if event == "after replace" or event.startswith("answered POST")]
    rig.seed()
    for number in (*lasting, *reversed(lasting)):
        with recorder.trial("killed", kind, events[number - 1], "SIGKILL", "again and again") as trial:
            since = len(rig.simulator.journal())
            reached = run_and_kill(rig, saboteur, number, **scenario.variables)
            if not is_in_place(rig):
                rig.assert_works()
            trial.outcome = f"{len(rig.simulator.journal()) - since} requests, " + ("killed" if reached else "ended")
    with recorder.trial("killed", kind, "after all these", "none", "again and again") as trial:
        rig.rotate().assert_ok()
        rig.assert_settled()
        trial.outcome = "all tidied up"
