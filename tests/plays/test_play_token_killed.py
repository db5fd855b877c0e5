# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Any process of a run is killed, or a task's time-out comes, while a token is being made: a few seconds later nothing is left."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.plays._ansible import Ansible
from tests.plays._play_token_rig import LOOKUP, MODULE, Rig, wait_until
from tests.simulator.launch import launch

SOON = 5.0 * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))  # seconds, on a machine that has nothing else to do
SLOW = 1.0  # seconds that the appliance takes
MINT = {"qumulo": "/v1/auth/access-tokens/$", "rubrik_cdm": "service_account/session$"}
USE = {"name": "Use", MODULE: {}}
# The request is served only after the kill; or it was, and its answer is under way.
SERVED_LATE, ANSWERING = "late", "stall"


def workers_of(pid: int) -> list[int]:
    """Return the workers of Ansible's main process. The watcher is a child of the worker that started it."""
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def kill_worker(rig: Rig, pid: int) -> None:
    for one in workers_of(pid):
        os.kill(one, signal.SIGKILL)


def kill_main(rig: Rig, pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


def kill_group(rig: Rig, pid: int) -> None:
    os.killpg(pid, signal.SIGKILL)


def kill_all_but_the_watcher(rig: Rig, pid: int) -> None:
    """As on ansible-core 2.16, whose workers are in the group of the main process, on every core."""
    workers = workers_of(pid)
    os.killpg(pid, signal.SIGKILL)
    for one in workers:
        with suppress(ProcessLookupError):
            os.kill(one, signal.SIGKILL)


def kill_watcher(rig: Rig, pid: int) -> None:
    (watcher,) = rig.watchers()
    os.kill(watcher, signal.SIGKILL)


@contextmanager
def rig_on(ansible: Ansible, platform: str, slow: float = SLOW) -> Iterator[Rig]:
    """An appliance of the test's own: a watcher may go on looking for what is served late, and logs in for that."""
    directory = ansible.folder / "appliance"
    directory.mkdir()
    with launch(platform, directory=directory, settings={"slow_seconds": str(slow)}) as simulator:
        yield Rig(ansible, simulator)


def killed_meanwhile(rig: Rig, kill: Callable[[Rig, int], None], moment: str) -> None:
    before = rig.live()
    rig.simulator.fault(f"POST:{MINT[rig.simulator.platform]}:{moment}:1")
    process = rig.start([USE])
    try:
        if moment == ANSWERING:
            wait_until(lambda: rig.live() != before or process.poll() is not None, "the token is made")
        else:
            wait_until(lambda: not rig.simulator.faults() or process.poll() is not None, "the request is there")
        assert process.poll() is None, process.communicate()[0]
        kill(rig, process.pid)
        killed_at = time.monotonic()
        if moment == SERVED_LATE:
            rig.simulator.serve_late()
        process.wait(30)
        wait_until(lambda: rig.live() == before, "nothing is left", SOON - (time.monotonic() - killed_at))
        time.sleep(0.2)
        assert rig.live() == before
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=30)


def test_its_group_is_killed(each_core: Ansible) -> None:
    with rig_on(each_core, "rubrik_cdm") as rig:
        killed_meanwhile(rig, kill_group, ANSWERING)


@pytest.mark.parametrize(
    ("platform", "kill", "moment"),
    [
        ("rubrik_cdm", kill_worker, ANSWERING),
        ("rubrik_cdm", kill_main, SERVED_LATE),
        ("rubrik_cdm", kill_watcher, ANSWERING),
        ("qumulo", kill_all_but_the_watcher, SERVED_LATE),
    ],
)
def test_killed(ansible: Ansible, platform: str, kill: Callable[[Rig, int], None], moment: str) -> None:
    with rig_on(ansible, platform) as rig:
        killed_meanwhile(rig, kill, moment)


def test_the_time_out_of_a_task(each_core: Ansible) -> None:
    """It waits until the token is entered, and then ends the task."""
    with rig_on(each_core, "rubrik_cdm", slow=2.5) as rig:
        before = rig.live()
        rig.simulator.fault(f"POST:{MINT['rubrik_cdm']}:slow:2")
        # What is in a template is looked up while the time runs, the arguments of a task before.
        (rig.ansible.folder / "length.j2").write_text("{{ " + LOOKUP + " | length }}\n")
        files = {"src": str(rig.ansible.folder / "length.j2"), "dest": str(rig.ansible.folder / "length")}
        run = rig.run(rig.play({"name": "Write", "ansible.builtin.template": files, "timeout": 1}))
        # On 2.16 the time-out, which comes again once the token is entered, is lost at times, and the task goes on.
        assert run.returncode == 2 or each_core.bin.parent.name == "core-2.16", run.output
        wait_until(lambda: rig.mints() == rig.revocations() == 1, "what was made is revoked", SOON)
        assert rig.live() == before
