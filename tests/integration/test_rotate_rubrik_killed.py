# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role rotate on Rubrik, killed with SIGKILL at every HTTP request and every operation on the vars file and the rescue file.

As in test_rotate_killed.py: after each kill there is a credential that works, and one plain run sets the rest right. A secret that is
rotated in place may be in the rescue file instead of the vars file; and where the kill came between the making of the secret and its
rescue, nobody has it, and the next run makes another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.integration._ansible import Ansible
from tests.integration._rotation_harness import Saboteur, finish, run_and_kill, start
from tests.integration._rotation_rubrik import FAILING, CdmApiTokenRig, SecretRig, both, rig_of
from tests.simulator.launch import Simulator


@dataclass(frozen=True)
class Scenario:
    """A run to be killed: what is rotated and where, whether a credential is stored before, and the variables it is run with."""

    kind: str
    stored: bool = True
    variables: dict[str, Any] = field(default_factory=lambda: {"rotate_force": True})


UNDONE = {"rotate_force": True, "rotate_checks": FAILING}
SCENARIOS = {
    "api_token": Scenario("api_token-cdm"),
    "in_place-rsc": Scenario("in_place-rsc"),
    "replace-rsc": Scenario("replace-rsc"),
    "in_place-cdm": Scenario("in_place-cdm"),
    "replace-cdm": Scenario("replace-cdm"),
    "api_token-first": Scenario("api_token-cdm", stored=False, variables={}),
    "in_place-rsc-first": Scenario("in_place-rsc", stored=False, variables={}),
    "replace-rsc-first": Scenario("replace-rsc", stored=False, variables={}),
    "api_token-undone": Scenario("api_token-cdm", variables=UNDONE),
    "in_place-rsc-unproved": Scenario("in_place-rsc", variables=UNDONE),
    "replace-rsc-undone": Scenario("replace-rsc", variables=UNDONE),
    "replace-rsc-first-undone": Scenario("replace-rsc", stored=False, variables={"rotate_checks": FAILING}),
}
# Those that are killed in every test run, at so many points: when it is made, rescued (in place only), stored. All else is chaos.
ALWAYS = {"api_token": 2, "in_place-rsc": 3, "replace-rsc": 2}


@pytest.fixture(scope="module")
def simulators(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Simulator]]:
    """One of each platform, shared: every run begins with credentials of its own."""
    with both(tmp_path_factory) as simulators:
        yield simulators


@pytest.fixture
def saboteur(tmp_path: Path) -> Saboteur:
    return Saboteur(tmp_path / "saboteur")


def _undisturbed(rig: CdmApiTokenRig | SecretRig, saboteur: Saboteur, scenario: Scenario) -> tuple[list[str], list[int]]:
    """Run undisturbed; return the points that there are, and the numbers of those after which something lasting is different."""
    rig.seed(stored=scenario.stored)
    since = len(rig.simulator.journal())
    finish(rig, start(rig, saboteur.environment(rig.file), **scenario.variables))
    points, requests = saboteur.events, iter(rig.simulator.journal()[since:])
    lasting = []
    for number, point in enumerate(points, 1):
        if point.startswith("answered "):
            request = next(requests)
            assert point == f"answered {request['method']} {request['path']}"
            if rig.is_writing(request):
                lasting.append(number)
        elif point in ("after replace", "before fsync of folder") and points[number - 2] != "after replace":
            lasting.append(number)
    assert len(points) > 20
    return points, lasting


def _secret_is_known(rig: CdmApiTokenRig | SecretRig) -> bool:
    """Tell whether the vars file, or the rescue file, holds a credential that works."""
    value = rig.stored()
    if isinstance(value, str) and value and rig.works_as(value):
        return True
    if not isinstance(rig, SecretRig) or rig.strategy == "replace":
        return False
    rescued = rig.rescued()
    return rescued is not None and rig.appliance.works(rig.ids()[0], rescued)


def _kill_and_recover(rig: CdmApiTokenRig | SecretRig, saboteur: Saboteur, scenario: Scenario, number: int) -> None:
    rig.seed(stored=scenario.stored)
    since = len(rig.simulator.journal())
    with rig.rest_untouched():
        assert run_and_kill(rig, saboteur, number, **scenario.variables), f"{number} was not reached: {saboteur.events}"
        rig.stored()  # it parses and decrypts
        rig.assert_nothing_in_clear()
        if scenario.stored and not _secret_is_known(rig):
            assert isinstance(rig, SecretRig), f"after {saboteur.events[-1]}: {rig.state}"
            assert rig.strategy == "in_place", f"after {saboteur.events[-1]}: {rig.state}"
            assert rig.writing_requests(since), "the secret was lost before anything was made"
            assert rig.rescued() is None
        rig.result(rig.rotate())
        rig.assert_settled()


SLICES = 3


def _grid() -> list[Any]:
    chaos = [pytest.param(name, part, False, id=f"{name}-{part}", marks=pytest.mark.chaos) for name in SCENARIOS for part in range(SLICES)]
    return [*chaos, *(pytest.param(name, 0, True, id=f"{name}-lasting") for name in ALWAYS)]


@pytest.mark.timeout(1800)
@pytest.mark.parametrize(("name", "part", "lasting_only"), _grid())
def test_killed_at_every_point(
    ansible: Ansible,
    simulators: dict[str, Simulator],
    saboteur: Saboteur,
    name: str,
    part: int,
    lasting_only: bool,
    record_property: Callable[[str, object], None],
) -> None:
    scenario = SCENARIOS[name]
    rig = rig_of(scenario.kind, ansible, simulators)
    points, lasting = _undisturbed(rig, saboteur, scenario)
    numbers = lasting[1 : 1 + ALWAYS[name]] if lasting_only else list(range(1, len(points) + 1))[part::SLICES]
    for number in numbers:
        _kill_and_recover(rig, saboteur, scenario, number)
        assert len(saboteur.events) == number
    record_property("kill points", len(numbers))


@pytest.mark.chaos
def test_killed_again_and_again(ansible: Ansible, simulators: dict[str, Simulator], saboteur: Saboteur) -> None:
    scenario = SCENARIOS["in_place-rsc"]
    rig = rig_of(scenario.kind, ansible, simulators)
    _points, lasting = _undisturbed(rig, saboteur, scenario)
    rig.seed()
    for number in (*lasting, *lasting):
        run_and_kill(rig, saboteur, number, rotate_force=True)
    rig.rotate().assert_ok()
    rig.assert_settled()
