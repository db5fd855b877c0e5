# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role rotate, killed in other ways than at once, and killed so that what the next run meets is no plain sailing either."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.chaos._record import Recorder
from tests.chaos._scenarios import FAILING
from tests.plays._ansible import Ansible
from tests.plays._qumulo_rig import MINTED, TOKENS, Rig
from tests.plays._role_rig import failure, finish, start
from tests.plays._rotation_kinds import Appliances, rig_of, turns_kept
from tests.plays._rubrik_rigs import AlternateRig
from tests.plays._saboteur import Saboteur, run_and_kill
from tests.plays._watchers import wait_for_workers

PART, KIND = "killed", "access_token-qumulo"


@pytest.fixture
def rig(ansible: Ansible, simulators: Appliances) -> Rig:
    return Rig(ansible, simulators["qumulo"], _admin=simulators.qumulo_admin)


def test_the_next_check_fails_while_it_was_retiring(rig: Rig, saboteur: Saboteur, recorder: Recorder) -> None:
    # The old token is gone, so there is no way back: the new one stays.
    old = rig.seed()
    point = f"answered DELETE {TOKENS}{old}#1"
    with recorder.trial(PART, KIND, "answered DELETE", "SIGKILL", "then a check fails") as trial:
        assert run_and_kill(rig, saboteur, point, rotate_force=True)
        new = rig.assert_works()
        said = failure(rig.rotate(rotate_checks=FAILING))
        assert "GET /v1/users/ was answered with HTTP 200 instead of 403." in said
        assert rig.assert_works() == new
        rig.rotate().assert_ok()
        assert rig.assert_settled() == new
        trial.outcome = "rotated"


def test_the_next_check_fails_after_it_stored(rig: Rig, saboteur: Saboteur, recorder: Recorder) -> None:
    old = rig.seed()
    with recorder.trial(PART, KIND, "after replace#2", "SIGKILL", "then a check fails") as trial:
        assert run_and_kill(rig, saboteur, "after replace#2", rotate_force=True)
        assert rig.assert_works() != old
        assert "was not rotated, and all is as it was before" in failure(rig.rotate(rotate_checks=FAILING))
        assert rig.assert_works() == old
        rig.rotate().assert_ok()
        assert rig.assert_settled() == old
        trial.outcome = "undone"


def test_nobody_answers_the_next_check_after_it_stored(rig: Rig, saboteur: Saboteur, recorder: Recorder) -> None:
    old = rig.seed()
    with recorder.trial(PART, KIND, "after replace#2", "SIGKILL", "then nobody answers") as trial:
        assert run_and_kill(rig, saboteur, "after replace#2", rotate_force=True)
        new = rig.assert_works()
        rig.simulator.fault("GET:^/v1/cluster/settings$:close")
        said = failure(rig.rotate(rotate_checks=[{"path": "/v1/cluster/settings"}]))
        rig.simulator.clear_faults()
        assert "whether it works could not be found out; both it and the old one are kept. Run again." in said
        assert rig.assert_works() == new
        rig.assert_live([old, new])
        rig.rotate().assert_ok()
        assert rig.assert_settled() == new
        trial.outcome = "rotated"


def test_a_turn_is_taken_once_no_request_can_be_served_any_more(
    ansible: Ansible, simulators: Appliances, saboteur: Saboteur, recorder: Recorder
) -> None:
    # The secret that the killed run asked for is nowhere, and the account is the next in turn all the same.
    rig = rig_of("alternate-cdm", ansible, simulators)
    assert isinstance(rig, AlternateRig)
    first = rig.seed()
    with recorder.trial(PART, "alternate-cdm", "before write#2", "SIGKILL", "then time passes") as trial, turns_kept(rig):
        assert run_and_kill(rig, saboteur, "before write#2", rotate_force=True)
        assert rig.assert_works() == first
        assert rig.result(rig.rotate(rotate_force=True))["rotated"] is False
        rig.simulator.advance(2 * 3600)
        assert rig.result(rig.rotate(rotate_force=True))["token_id"] == rig.other(first)
        assert rig.assert_settled() == rig.other(first)
        trial.outcome = "waited, then rotated"


@pytest.mark.parametrize("at", [MINTED, "before replace#3"])
def test_only_the_main_process_is_killed(rig: Rig, saboteur: Saboteur, recorder: Recorder, at: str) -> None:
    # Since ansible-core 2.19 workers lead a session of their own, so a kill of the process group leaves the one that is at work.
    rig.seed()
    with recorder.trial(PART, KIND, at, "SIGKILL", "only the main process") as trial:
        env = saboteur.environment(rig.file, at, f"import os; os.kill(main, {int(signal.SIGKILL)})")
        assert finish(rig, start(rig, env, rotate_force=True)).returncode == -signal.SIGKILL
        wait_for_workers(rig.ansible.folder)
        rig.assert_works()
        rig.rotate().assert_ok()
        rig.assert_settled()
        trial.outcome = "set right by the next run"


def test_a_dead_run_that_nobody_waits_for(rig: Rig, saboteur: Saboteur, recorder: Recorder) -> None:
    # As in a container whose first process does not look after orphans: the process table still lists it.
    rig.seed()
    with (
        recorder.trial(PART, KIND, MINTED, "SIGKILL", "still in the process table") as trial,
        start(rig, saboteur.environment(rig.file, MINTED), rotate_force=True) as process,
    ):
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert Path(f"/proc/{process.pid}").exists()
        rig.rotate().assert_ok()
        finish(rig, process)
        rig.assert_settled()
        trial.outcome = "set right by the next run"
