# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role rotate, killed with SIGKILL at every HTTP request and every operation on the vars file; and two rotations at once.

Each point: before a request is sent, and after the appliance answered it but before the run knows; before the vars file's replacement is
written, with half of it written, before it is synced, before and after it is put in place, before the folder is synced. After each kill
the file holds a credential that works, and one plain run sets the rest right. The points are those that an undisturbed run goes through,
so none is left out; some scenarios are marked `chaos` for their time and run with `-m chaos`.
"""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.integration._ansible import Ansible
from tests.integration._rotation_harness import (
    AFTER,
    BEFORE,
    MINTED,
    TOKENS,
    Rig,
    Saboteur,
    encrypted,
    failure,
    finish,
    run_and_kill,
    start,
)
from tests.simulator.launch import Simulator, launch

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
            rig.stored()  # it parses and decrypts
        rig.assert_nothing_in_clear()
        rig.result(rig.rotate(**scenario.after))
        live = rig.assert_works()
        assert rig.ids() == [live], f"after {saboteur.events[-1]}: {rig.state}"
        state = rig.state
        assert state.get("stage", "current") == "current"
        assert "old_value" not in state
        assert "pending" not in state


SLICES = 4


def _grid() -> list[Any]:
    """Return every scenario in slices, so that they can run side by side. All but two at their lasting points is left to chaos.

    Of that, .ci/run kills a forced rotation at every point.
    """
    parts = range(SLICES)
    grid = [pytest.param(name, part, False, id=f"{name}-{part}", marks=pytest.mark.chaos) for name in SCENARIOS for part in parts]
    return grid + [pytest.param(name, part, True, id=f"{name}-lasting-{part}") for name in ("forced", "undone") for part in parts]


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


def test_killed_while_retiring_and_the_next_check_fails(rig: Rig, saboteur: Saboteur) -> None:
    # The old token is gone, so there is no way back: the new one stays.
    old = rig.seed()
    assert run_and_kill(rig, saboteur, f"answered DELETE {TOKENS}{old}#1", rotate_force=True)
    new = rig.assert_works()
    said = failure(rig.rotate(rotate_checks=FAILING))
    assert "GET /v1/users/ was answered with HTTP 200 instead of 403." in said
    assert rig.assert_works() == new
    rig.rotate().assert_ok()
    assert rig.assert_settled() == new


def test_killed_after_storing_and_the_next_check_fails(rig: Rig, saboteur: Saboteur) -> None:
    old = rig.seed()
    assert run_and_kill(rig, saboteur, "after replace#2", rotate_force=True)
    assert rig.assert_works() != old
    assert "was not rotated, and all is as it was before" in failure(rig.rotate(rotate_checks=FAILING))
    assert rig.assert_works() == old
    rig.rotate().assert_ok()
    assert rig.assert_settled() == old


def test_killed_after_storing_and_nobody_answers_the_next_check(rig: Rig, saboteur: Saboteur) -> None:
    old = rig.seed()
    assert run_and_kill(rig, saboteur, "after replace#2", rotate_force=True)
    new = rig.assert_works()
    rig.simulator.fault("GET:^/v1/cluster/settings$:close")
    said = failure(rig.rotate(rotate_checks=[{"path": "/v1/cluster/settings"}]))
    assert "whether it works could not be found out; both it and the old one are kept. Run again." in said
    assert rig.assert_works() == new
    assert sorted(rig.ids()) == sorted([old, new])
    rig.simulator.clear_faults()
    rig.rotate().assert_ok()
    assert rig.assert_settled() == new


def test_killed_again_and_again(rig: Rig, saboteur: Saboteur) -> None:
    rig.seed()
    for at in (MINTED, MINTED, f"before POST {TOKENS}#1", "before replace#2", "after replace#2", "before replace#1"):
        assert run_and_kill(rig, saboteur, at, rotate_force=True), saboteur.events
        rig.assert_works()
    rig.rotate().assert_ok()
    rig.assert_settled()


@pytest.mark.parametrize("at", [f"before POST {TOKENS}#1", MINTED, "before replace#2", "before replace#3"])
def test_only_the_main_process_is_killed(rig: Rig, saboteur: Saboteur, at: str) -> None:
    # Since ansible-core 2.19 workers lead a session of their own, so a kill of the process group leaves the one that is at work.
    rig.seed()
    env = saboteur.environment(rig.file, at, f"import os; os.kill(main, {int(signal.SIGKILL)})")
    assert finish(rig, start(rig, env, rotate_force=True)).returncode == -signal.SIGKILL
    rig.assert_works()
    rig.rotate().assert_ok()
    rig.assert_settled()


def test_a_dead_run_that_nobody_waits_for(rig: Rig, saboteur: Saboteur) -> None:
    # As in a container whose first process does not look after orphans: the process table still lists it.
    rig.seed()
    with start(rig, saboteur.environment(rig.file, MINTED), rotate_force=True) as process:
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert Path(f"/proc/{process.pid}").exists()
        rig.rotate().assert_ok()
        finish(rig, process)
    rig.assert_settled()


@pytest.fixture
def slow(ansible: Ansible, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """A rig whose appliance takes ten seconds for a request that is hit by the fault slow."""
    with launch("qumulo", settings={"slow_seconds": "10"}, directory=tmp_path_factory.mktemp("qumulo")) as simulator:
        yield Rig(ansible, simulator)


def wait_for_text(rig: Rig, text: str) -> None:
    """Wait until the vars file has a text in it."""
    deadline = time.monotonic() + 60
    while text not in rig.text:
        assert time.monotonic() < deadline, f"{text} does not appear in {rig.text}"
        time.sleep(0.02)


def test_another_run_is_at_it(slow: Rig) -> None:
    slow.seed()
    slow.simulator.fault(f"POST:^{TOKENS}$:slow:1")
    first = start(slow, rotate_force=True)
    wait_for_text(slow, "stage: minting")
    start_ = len(slow.simulator.journal())
    before = slow.path.read_bytes()
    said = failure(slow.rotate(rotate_force=True, rotate_orphans="revoke"))
    assert re.search(r"Another run \(.* localhost\) has been rotating this credential since \S+Z\. Wait for it to end\.", said), said
    if "stage: minting" in slow.text:  # else the first one was quicker than this on a very busy machine
        assert slow.path.read_bytes() == before
        assert slow.writing_requests(start_) == []
    finish(slow, first).assert_ok()
    slow.assert_settled()


def test_two_at_once(rig: Rig) -> None:
    rig.seed()
    for _unused in range(3):
        both = [start(rig, rotate_force=True, rotate_orphans=policy) for policy in ("revoke", "fail")]
        runs = [finish(rig, one) for one in both]
        assert any(run.returncode == 0 for run in runs), [run.output for run in runs]
        for run in runs:
            if run.returncode:
                assert re.search(
                    r"Another run |was changed by someone else since it was read|live token.* that this vars file does not know", run.output
                ), run.output
        rig.assert_works()
        rig.rotate().assert_ok()
        rig.assert_settled()


def test_two_accounts_in_one_file_at_once(rig: Rig) -> None:
    user = {"name": "svc-second", "primary_group": "513", "uid": "", "home_directory": None, "password": "Not-real-1"}
    assert rig.call("POST", "/v1/users/", user)[0] == 200
    rig.seed()
    second = Rig(rig.ansible, rig.simulator, "second_token", "svc-second")
    for _unused in range(3):
        both = [start(one, rotate_force=True) for one in (rig, second)]
        for one in both:
            finish(rig, one).assert_ok()
        rig.assert_settled()
        second.assert_settled()
        assert rig.text.startswith(BEFORE)
        assert AFTER in rig.text
