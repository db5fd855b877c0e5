# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role rotate, killed where it matters most: a look at each kind of credential. All points are in tests/chaos. And two at once."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration._ansible import Ansible
from tests.integration._rotation_harness import AFTER, BEFORE, TOKENS, Rig, Saboteur, failure, finish, start
from tests.integration._rotation_kinds import Appliances, kill_and_recover, rig_of
from tests.simulator.launch import Simulator, launch

MADE = "before write#2"  # the platform has made the new credential, and no file has it
STORED = "after replace#2"  # it is in the vars file
RESCUED = "after link#1"  # it is in the rescue file


@pytest.fixture(scope="module")
def appliances(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Appliances]:
    with Appliances(tmp_path_factory) as appliances:
        yield appliances


@pytest.mark.parametrize(
    ("kind", "at", "where"),
    [
        ("access_token-qumulo", MADE, "in the vars file"),
        ("access_token-qumulo", STORED, "in the vars file"),
        ("api_token-cdm", MADE, "in the vars file"),
        ("api_token-cdm", STORED, "in the vars file"),
        ("replace-rsc", MADE, "in the vars file"),
        ("replace-rsc", STORED, "in the vars file"),
        ("in_place-rsc", MADE, "nowhere"),
        ("in_place-rsc", RESCUED, "in the rescue file"),
    ],
)
def test_killed(ansible: Ansible, appliances: Appliances, tmp_path: Path, kind: str, at: str, where: str) -> None:
    rig = rig_of(kind, ansible, appliances)
    assert kill_and_recover(rig, Saboteur(tmp_path / "saboteur"), at, rotate_force=True) == where


@pytest.fixture
def rig(ansible: Ansible, qumulo: Simulator) -> Rig:
    return Rig(ansible, qumulo)


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
