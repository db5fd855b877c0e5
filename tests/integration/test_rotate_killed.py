# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role rotate, killed with SIGKILL at every HTTP request and every operation on the vars file; and two rotations at once.

Each point: before a request is sent, and after the appliance answered it but before the run knows; before the vars file's replacement is
written, with half of it written, before it is synced, before and after it is put in place, before the folder is synced. After each kill
the file holds a credential that works, and one plain run sets the rest right. The points are those that an undisturbed run goes through,
so none is left out; some scenarios are marked `chaos` for their time and run with `-m chaos`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.integration._ansible import Ansible
from tests.integration._rotation_harness import TOKENS, Rig, Saboteur, encrypted, run_and_kill
from tests.simulator.launch import Simulator

FAILING = [{"path": "/v1/users/", "status": [403]}]
# Where something lasting happens: the rest of the points only read between two of these.
LASTING = (f"POST {TOKENS}", "DELETE ", "PATCH ", "replace", "half written")


@pytest.fixture
def rig(ansible: Ansible, qumulo: Simulator) -> Rig:
    return Rig(ansible, qumulo)


@pytest.fixture
def saboteur(tmp_path: Path) -> Saboteur:
    return Saboteur(tmp_path / "saboteur")


@dataclass(frozen=True)
class Scenario:
    """A kind of run to be killed: how it begins, and with which variables it is run then, and afterwards."""

    begin: Callable[[Rig], Any] = Rig.seed
    variables: dict[str, Any] = field(default_factory=lambda: {"rotate_force": True})
    after: dict[str, Any] = field(default_factory=dict)
    works_before: bool = True


def _nothing(rig: Rig) -> None:
    rig.seed(stored=False)


def _whole_file(rig: Rig) -> None:
    rig.seed()
    rig.write(encrypted(rig.text))


def _self(rig: Rig) -> None:
    rig.seed()
    rig.more = {"rotate_auth": {"token": "{{ qumulo_token }}", "ca_path": rig.simulator.ca_file}}
    rig.play = {"vars_files": [rig.file]}


def _password(rig: Rig) -> None:
    rig.seed()
    rig.more = {"rotate_auth": {**rig.simulator.admin, "ca_path": rig.simulator.ca_file}}


def _disabled_one(rig: Rig) -> None:
    rig.seed()
    rig.result(rig.rotate(rotate_force=True, rotate_retire="disable"))


def _orphan(rig: Rig) -> None:
    rig.seed()
    rig.mint()


def _refused(rig: Rig) -> None:
    rig.seed()
    rig.revoke_all()


FORCED = {"rotate_force": True}
SCENARIOS = {
    "forced": Scenario(),
    "first": Scenario(_nothing, {}, works_before=False),
    "undone": Scenario(Rig.seed, {"rotate_force": True, "rotate_checks": FAILING}),
    "first-undone": Scenario(_nothing, {"rotate_checks": FAILING}, works_before=False),
    "never-expires": Scenario(Rig.seed, {"rotate_force": True, "rotate_expires_in": ""}, {"rotate_expires_in": ""}),
    "whole-file": Scenario(_whole_file),
    "disable": Scenario(_disabled_one, {"rotate_force": True, "rotate_retire": "disable"}, {"rotate_retire": "disable"}),
    "orphan": Scenario(_orphan, {"rotate_force": True, "rotate_orphans": "revoke"}, {"rotate_orphans": "revoke"}),
    "refused": Scenario(_refused, {}, works_before=False),
    "password": Scenario(_password),
    "self": Scenario(_self),
}


def points_of(rig: Rig, saboteur: Saboteur, scenario: Scenario) -> list[str]:
    """Run undisturbed and return the points that there are."""
    scenario.begin(rig)
    assert run_and_kill(rig, saboteur, None, **scenario.variables) is False
    assert len(saboteur.events) > 30
    return saboteur.events


def _kill_and_recover(rig: Rig, saboteur: Saboteur, scenario: Scenario, at: int | str) -> None:
    scenario.begin(rig)
    with rig.rest_untouched():
        assert run_and_kill(rig, saboteur, at, **scenario.variables), f"{at} was not reached: {saboteur.events}"
        if scenario.works_before:
            rig.assert_works()
        else:
            assert rig.text  # it parses and decrypts
            rig.stored()
        rig.result(rig.rotate(**scenario.after))
        live = rig.assert_works()
        assert rig.ids() == [live], f"after {saboteur.events[-1]}: {rig.state}"
        state = rig.state
        assert state.get("stage", "current") == "current"
        assert "old_value" not in state
        assert "pending" not in state


SLICES = 4


def _grid() -> list[Any]:
    """Return every scenario in slices, so that they can run side by side. Left to chaos: all but one, and one at its lasting points."""
    grid = []
    for name in SCENARIOS:
        for part in range(SLICES):
            marks = [] if name == "forced" else [pytest.mark.chaos]
            grid.append(pytest.param(name, part, False, id=f"{name}-{part}", marks=marks))
    grid += [pytest.param("undone", part, True, id=f"undone-lasting-{part}") for part in range(SLICES)]
    return grid


@pytest.mark.timeout(900)
@pytest.mark.parametrize(("name", "part", "lasting_only"), _grid())
def test_killed_at_every_point(
    rig: Rig, saboteur: Saboteur, name: str, part: int, lasting_only: bool, record_property: Callable[[str, object], None]
) -> None:
    scenario = SCENARIOS[name]
    points = points_of(rig, saboteur, scenario)
    numbers = [number for number, event in enumerate(points, 1) if not lasting_only or any(word in event for word in LASTING)]
    for number in numbers[part::SLICES]:
        _kill_and_recover(rig, saboteur, scenario, number)
        assert saboteur.events == points[:number]
    record_property("kill points", len(numbers[part::SLICES]))
