# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Play tokens: nothing is left at the appliance, however a run ends, with the callback, with the watcher, and with either alone."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ansible_collections.latchkey.tokens.plugins.plugin_utils._process.identity import process_start
from tests.plays._ansible import CORE_VERSIONS, Ansible, core_bin
from tests.plays._play_token_rig import MODULE, SOON, Rig, wait_until
from tests.simulator.launch import Simulator, launch

EVERY_CORE = (*CORE_VERSIONS, "2.18")  # what this rests on differs from version to version more than the rest does
USE = {"name": "Use", MODULE: {}}


@pytest.fixture
def rig(ansible: Ansible, shared_cdm: Simulator) -> Rig:
    return Rig(ansible, shared_cdm)


@pytest.fixture(params=EVERY_CORE)
def every_core(request: pytest.FixtureRequest, ansible: Ansible, shared_cdm: Simulator) -> Rig:
    if core_bin(request.param) is None:
        pytest.skip(f"ansible-core {request.param} is not installed here")
    return Rig(ansible.with_core(request.param), shared_cdm)


@pytest.fixture
def core_rig(each_core: Ansible, shared_cdm: Simulator) -> Rig:
    return Rig(each_core, shared_cdm)


@pytest.mark.parametrize(("platform", "callback"), [("qumulo", False), ("rubrik_rsc", True)])
def test_normal_end(ansible: Ansible, tmp_path_factory: pytest.TempPathFactory, platform: str, callback: bool) -> None:
    """The certificates go with the run, as in a job of AWX, which deletes its directory with everything that a credential put there."""
    with launch(platform, directory=tmp_path_factory.mktemp(platform)) as simulator:
        rig = Rig(ansible, simulator)
        rig = rig.with_callback().without_watcher() if callback else rig
        copy = ansible.folder / "ca.pem"
        copy.write_bytes(Path(simulator.ca_file).read_bytes())
        before = rig.live()
        remove = {"name": "Remove", "ansible.builtin.file": {"path": str(copy), "state": "absent"}}
        rig.run(rig.play(USE, {**USE, "loop": [1, 2]}, remove, vars={"latchkey_ca_path": str(copy)})).assert_ok()
        assert not copy.exists()
        if callback:
            assert rig.live() == before
        rig.assert_as_before(before)


def test_failures_and_shapes_of_plays(rig: Rig) -> None:
    """With the callback, which Ansible tells of them; all that the watcher sees is that the process ended. Each is a run of its own."""
    rig = rig.with_callback().without_watcher()
    broken = rig.ansible.folder / "broken.yml"
    broken.write_text("- name: [\n")
    hosts = rig.ansible.folder / "hosts"
    hosts.write_text("[many]\nmany[1:4] ansible_connection=local\n")
    fail_on_one = {"name": "Fail", "ansible.builtin.fail": {"msg": "on purpose"}, "when": "inventory_hostname == 'many1'"}
    shapes = [rig.play(USE), rig.play(USE, hosts="many", serial=2), rig.play(USE, hosts="many", strategy="free")]
    runs = {
        "any_errors_fatal": (2, [rig.play(USE, fail_on_one, hosts="many", any_errors_fatal=True)], []),
        "include that does not parse": (None, [rig.play(USE, {"name": "Include", "ansible.builtin.include_tasks": str(broken)})], []),
        # They are one run, so they share the token.
        "plays, batches, a strategy, two playbooks": (0, shapes, [str(rig.write(rig.play(USE)))]),
    }
    before = rig.live()
    for count, (name, (code, plays, arguments)) in enumerate(runs.items(), 1):
        run = rig.run(*plays, arguments=[*arguments, "-i", str(hosts)])
        assert run.returncode == code if code is not None else run.returncode, (name, run.output)
        rig.assert_as_before(before, count)


def test_token_of_a_play_ends_with_it(rig: Rig) -> None:
    rig = rig.with_callback()
    before = rig.live()
    plays = [rig.play(USE, vars={"latchkey_scope": "play"}, hosts="many", serial=1), rig.play(USE)]
    hosts = rig.ansible.folder / "hosts"
    hosts.write_text("[many]\nmany[1:3] ansible_connection=local\n")
    rig.run(*plays, arguments=["-i", str(hosts)]).assert_ok()
    rig.assert_as_before(before, 2)
    ours = [one for one in rig.requests() if "session" in one]
    assert [one.partition(" ")[0] for one in ours] == ["POST", "DELETE", "POST", "DELETE"]


STOPS = {"SIGINT": signal.SIGINT, "SIGTERM": signal.SIGTERM, "SIGHUP": signal.SIGHUP, "group": signal.SIGKILL}


def stop(rig: Rig, process: subprocess.Popen[str], how: str) -> None:
    """Send a signal, as a terminal does to the whole group, or else to the main process."""
    (os.killpg if how in ("group", "SIGINT") else os.kill)(process.pid, STOPS[how])


def assert_stopped(rig: Rig, how: str, look: Callable[[int, int], None] = lambda _main, _watcher: None) -> None:
    """Without the callback: the watcher alone must see the end, and no process may mint after it."""
    before = rig.live()
    with rig.in_the_middle() as process:
        assert rig.live() != before
        (watcher,) = rig.watchers()
        look(process.pid, watcher)
        stop(rig, process, how)
        process.wait(30)
        rig.assert_as_before(before)
    # What waited has been let go now: an orphan that went on would mint.
    assert (rig.mints(), rig.revocations()) == (1, 1)


def small_and_alone(main: int, watcher: int) -> None:
    """It takes little memory, and has nothing of Ansible's open."""
    status = dict(line.split(":", 1) for line in Path(f"/proc/{watcher}/status").read_text().splitlines())
    assert int(status["VmRSS"].split()[0]) < 20 * 1024
    assert os.getsid(watcher) == watcher != os.getsid(main)
    others = [os.readlink(f"/proc/{watcher}/fd/{fd}") for fd in os.listdir(f"/proc/{watcher}/fd")]
    expected = ("/dev/null", "anon_inode:[pidfd]", "latchkey_play_tokens", "pipe:")
    assert not [one for one in others if not one.endswith(expected) and not one.startswith("anon_inode:")], others
    assert len(set(others)) == 3, others


def test_killed_with_its_group(every_core: Rig) -> None:
    assert_stopped(every_core, "group", small_and_alone)


@pytest.mark.parametrize("how", ["SIGINT", "SIGTERM"])
def test_stopped(core_rig: Rig, how: str) -> None:
    assert_stopped(core_rig, how)


def test_hung_up(rig: Rig) -> None:
    assert_stopped(rig, "SIGHUP")


def test_terminated_with_the_callback_alone(every_core: Rig) -> None:
    assert_stopped_with_the_callback_alone(every_core, "SIGTERM")


@pytest.mark.parametrize("how", ["SIGINT", "SIGHUP"])
def test_stopped_with_the_callback_alone(rig: Rig, how: str) -> None:
    assert_stopped_with_the_callback_alone(rig, how)


def assert_stopped_with_the_callback_alone(rig: Rig, how: str) -> None:
    rig = rig.with_callback().without_watcher()
    before = rig.live()
    with rig.in_the_middle() as process:
        assert not rig.watchers()
        stop(rig, process, how)
        assert process.wait(30) != 0
        assert rig.live() == before
        rig.assert_as_before(before)
    assert (rig.mints(), rig.revocations()) == (1, 1)


def test_neither_is_warned_of(core_rig: Rig) -> None:
    rig = core_rig.without_watcher()
    run = rig.run(rig.play(USE, USE)).assert_ok()
    assert " ".join(run.output.split()).count("Nothing will revoke the token that play_token is about to create") == 1
    assert run.output.index("WARNING") < run.output.index("ok:")
    assert (rig.mints(), rig.revocations()) == (1, 0)


def test_orphan_does_not_mint(core_rig: Rig) -> None:
    """The main process is killed while a worker is in a loop; the worker goes on to an item that needs a token of another identity."""
    rig = core_rig
    before = rig.live()
    started, gate = rig.ansible.folder / "started", rig.ansible.folder / "gate"
    os.mkfifo(gate)
    other = "lookup('latchkey.tokens.play_token', validate_certs=false) | length"
    wait = f"echo > {started}; read line < {gate}"
    script = "{{ item if item != 'last' else " + other + " }}"
    loop = {"name": "Loop", "ansible.builtin.command": {"argv": ["sh", "-c", script]}, "loop": [wait, "last"]}
    process = rig.start([USE, loop])
    try:
        wait_until(lambda: started.exists() or process.poll() is not None, "the play is in the middle")
        workers = [int(one) for one in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()]
        assert workers
        process.kill()
        process.wait(30)
        rig.assert_as_before(before)
        rig.let_go_on()
        wait_until(lambda: not any(process_start(one) for one in workers), "the worker ends")
        rig.assert_as_before(before)
    finally:
        rig.let_go_on()
        process.kill()
        process.communicate(timeout=60)


@pytest.fixture(scope="module")
def slow_cdm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    """A cluster that takes a second where it is slow."""
    with launch("rubrik_cdm", settings={"slow_seconds": "1"}, directory=tmp_path_factory.mktemp("slow")) as simulator:
        yield simulator


@pytest.mark.parametrize("how", ["SIGINT", "SIGTERM"])
def test_stopped_while_a_token_is_made(each_core: Ansible, slow_cdm: Simulator, how: str) -> None:
    """Who makes it holds the ledger, and enters it; the watcher waits for that."""
    rig = Rig(each_core, slow_cdm)
    before = rig.live()
    slow_cdm.fault("POST:/api/v1/service_account/session:slow:1")
    process = rig.start([USE])
    try:
        wait_until(lambda: rig.watchers() or process.poll() is not None, "a token is about to be made")
        stop(rig, process, how)
        process.wait(30)
        wait_until(lambda: not rig.watchers(), "the watcher ends", SOON)
        assert rig.live() == before
        assert rig.mints() == rig.revocations()
    finally:
        slow_cdm.clear_faults()
        process.kill()
        process.communicate(timeout=60)


def test_output_is_closed_at_the_end(ansible: Ansible, cdm: Simulator) -> None:
    """Who reads the output of a run to its end must not wait for the watcher, which an appliance that is slow to answer keeps busy here."""
    rig = Rig(ansible, cdm)
    with rig.in_the_middle() as process:
        cdm.fault("DELETE:/api/v1/session/me:slow")
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate(timeout=SOON)
        assert rig.watchers()


def test_dead_watcher_is_replaced(rig: Rig) -> None:
    """At the next mint: here of another identity, in the same run."""
    before = rig.live()
    another = {"name": "Another", MODULE: {"token": "{{ lookup('latchkey.tokens.play_token', validate_certs=false) }}"}}
    with rig.in_the_middle(another) as process:
        (watcher,) = rig.watchers()
        os.kill(watcher, signal.SIGKILL)
        rig.let_go_on()
        output, _unused = process.communicate(timeout=60)
        assert process.returncode == 0, output
    rig.assert_as_before(before, 2)
