# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Play tokens: nothing is left at the appliance, however a run ends, with the callback, with the watcher, and with either alone."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from ansible_collections.latchkey.tokens.plugins.plugin_utils._process.identity import process_start
from tests.plays._ansible import CORE_VERSIONS, Ansible, core_bin
from tests.plays._play_token_rig import LOOKUP, MODULE, SOON, Rig, wait_until
from tests.simulator.launch import Simulator, launch

EXTRA_CORE = "2.18"  # what this rests on differs from version to version more than the rest does
USE = {"name": "Use", MODULE: {}}
FAIL = {"name": "Fail", "ansible.builtin.fail": {"msg": "on purpose"}}


@pytest.fixture
def rig(ansible: Ansible, cdm: Simulator) -> Rig:
    return Rig(ansible, cdm)


@pytest.fixture(params=[*CORE_VERSIONS, EXTRA_CORE])
def core_rig(request: pytest.FixtureRequest, ansible: Ansible, cdm: Simulator) -> Rig:
    if core_bin(request.param) is None:
        pytest.skip(f"ansible-core {request.param} is not installed here")
    return Rig(ansible.with_core(request.param), cdm)


@pytest.fixture(params=["watcher", "callback", pytest.param("both", marks=pytest.mark.chaos)])
def each_way(request: pytest.FixtureRequest, rig: Rig) -> Rig:
    """The rig with whatever may revoke the tokens."""
    return {"watcher": rig, "callback": rig.with_callback().without_watcher(), "both": rig.with_callback()}[request.param]


@pytest.mark.parametrize("platform", ["qumulo", "rubrik_cdm", "rubrik_rsc"])
@pytest.mark.parametrize("callback", [False, True])
def test_normal_end(ansible: Ansible, tmp_path_factory: pytest.TempPathFactory, platform: str, callback: bool) -> None:
    with launch(platform, directory=tmp_path_factory.mktemp(platform)) as simulator:
        rig = Rig(ansible, simulator)
        rig = rig.with_callback() if callback else rig
        before = rig.live()
        rig.run(rig.play(USE, {**USE, "loop": [1, 2]}, {**USE, "when": f"{LOOKUP} | length > 20"})).assert_ok()
        if callback:
            assert rig.live() == before
        rig.assert_as_before(before)


def test_failures_and_shapes_of_plays(each_way: Rig) -> None:
    """Each is a run of its own: a failed task, a missing include, more plays, batches, a strategy, more playbooks."""
    rig = each_way
    broken = rig.ansible.folder / "broken.yml"
    broken.write_text("- name: [\n")
    hosts = rig.ansible.folder / "hosts"
    hosts.write_text("[many]\nmany[1:4] ansible_connection=local\n")
    many = ["-i", str(hosts)]
    fail_on_one = {**FAIL, "when": "inventory_hostname == 'many1'"}
    runs = {
        "failed task": (2, [rig.play(USE, FAIL)], []),
        "any_errors_fatal": (2, [rig.play(USE, fail_on_one, hosts="many", any_errors_fatal=True)], many),
        "include that does not parse": (None, [rig.play(USE, {"name": "Include", "ansible.builtin.include_tasks": str(broken)})], []),
        "two plays": (0, [rig.play(USE), rig.play(USE)], []),
        "serial": (0, [rig.play(USE, hosts="many", serial=2)], many),
        "strategy free": (0, [rig.play(USE, hosts="many", strategy="free")], many),
    }
    before = rig.live()
    for count, (name, (code, plays, arguments)) in enumerate(runs.items(), 1):
        run = rig.run(*plays, arguments=arguments)
        assert run.returncode == code if code is not None else run.returncode, (name, run.output)
        rig.assert_as_before(before, count)


def test_certificates_that_go_with_the_run(each_way: Rig) -> None:
    """As in a job of AWX, which deletes its folder with everything that a credential put there."""
    rig = each_way
    copy = rig.ansible.folder / "ca.pem"
    copy.write_bytes(Path(rig.simulator.ca_file).read_bytes())
    before = rig.live()
    remove = {"name": "Remove", "ansible.builtin.file": {"path": str(copy), "state": "absent"}}
    rig.run(rig.play(USE, remove, vars={"latchkey_ca_path": str(copy)})).assert_ok()
    assert not copy.exists()
    rig.assert_as_before(before)


def test_two_playbooks_on_one_command_line(each_way: Rig) -> None:
    """They are one run, so they share the token."""
    before = each_way.live()
    second = each_way.write(each_way.play(USE))
    each_way.run(each_way.play(USE), arguments=[str(second)]).assert_ok()
    each_way.assert_as_before(before)


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


STOPS = {"SIGINT": signal.SIGINT, "SIGTERM": signal.SIGTERM, "SIGHUP": signal.SIGHUP, "SIGKILL": signal.SIGKILL, "group": signal.SIGKILL}


def stop_in_the_middle(rig: Rig, stop: str) -> None:
    """Without the callback: the watcher alone must see the end, and nobody may mint after it."""
    before = rig.live()
    with rig.in_the_middle() as process:
        assert rig.live() != before
        assert len(rig.watchers()) == 1
        if stop in ("group", "SIGINT"):
            os.killpg(process.pid, STOPS[stop])
        else:
            os.kill(process.pid, STOPS[stop])
        process.wait(30)
        rig.assert_as_before(before)
    # What waited has been let go now: an orphan that went on would mint.
    assert (rig.mints(), rig.revocations()) == (1, 1)


@pytest.mark.parametrize("stop", ["SIGINT", "SIGTERM", "group"])
def test_stopped(core_rig: Rig, stop: str) -> None:
    stop_in_the_middle(core_rig, stop)


@pytest.mark.parametrize("stop", ["SIGHUP", "SIGKILL"])
def test_hung_up_or_killed(rig: Rig, stop: str) -> None:
    stop_in_the_middle(rig, stop)


@pytest.mark.parametrize("platform", ["qumulo", "rubrik_rsc"])
@pytest.mark.parametrize("stop", [pytest.param(one, marks=[] if one == "SIGKILL" else pytest.mark.chaos) for one in STOPS])
def test_stopped_on_the_other_platforms(ansible: Ansible, tmp_path_factory: pytest.TempPathFactory, platform: str, stop: str) -> None:
    with launch(platform, directory=tmp_path_factory.mktemp(platform)) as simulator:
        stop_in_the_middle(Rig(ansible, simulator), stop)


@pytest.mark.chaos
@pytest.mark.parametrize("stop", ["SIGHUP", "SIGKILL"])
def test_hung_up_or_killed_on_each_core(core_rig: Rig, stop: str) -> None:
    stop_in_the_middle(core_rig, stop)


@pytest.mark.parametrize("stop", ["SIGINT", "SIGHUP"])
def test_stopped_with_the_callback_alone(rig: Rig, stop: str) -> None:
    _stop_with_the_callback_alone(rig, stop)


def test_terminated_with_the_callback_alone(core_rig: Rig) -> None:
    _stop_with_the_callback_alone(core_rig, "SIGTERM")


def _stop_with_the_callback_alone(rig: Rig, stop: str) -> None:
    rig = rig.with_callback().without_watcher()
    before = rig.live()
    with rig.in_the_middle() as process:
        assert not rig.watchers()
        (os.killpg if stop == "SIGINT" else os.kill)(process.pid, STOPS[stop])
        code = process.wait(30)
        assert code != 0
        assert rig.live() == before
        rig.assert_as_before(before)
    assert (rig.mints(), rig.revocations()) == (1, 1)


def test_neither_is_warned_of(core_rig: Rig) -> None:
    rig = core_rig.without_watcher()
    run = rig.run(rig.play(USE, USE)).assert_ok()
    assert " ".join(run.output.split()).count("Nothing will revoke the token that play_token is about to make") == 1
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


@pytest.mark.parametrize("stop", ["SIGINT", "SIGTERM", "SIGKILL"])
def test_stopped_while_a_token_is_made(each_core: Ansible, tmp_path_factory: pytest.TempPathFactory, stop: str) -> None:
    """Who makes it holds the ledger, and enters it; the watcher waits for that."""
    with launch("rubrik_cdm", settings={"slow_seconds": "1"}, directory=tmp_path_factory.mktemp("cdm")) as simulator:
        rig = Rig(each_core, simulator)
        before = rig.live()
        simulator.fault("POST:/api/v1/service_account/session:slow:1")
        process = rig.start([USE])
        try:
            wait_until(lambda: rig.watchers() or process.poll() is not None, "a token is about to be made")
            (os.killpg if stop == "SIGINT" else os.kill)(process.pid, STOPS[stop])
            process.wait(30)
            wait_until(lambda: not rig.watchers(), "the watcher ends", SOON)
            assert rig.live() == before
            assert rig.mints() == rig.revocations()
        finally:
            process.kill()
            process.communicate(timeout=60)


def test_output_is_closed_at_the_end(rig: Rig) -> None:
    """Who reads the output of a run to its end must not wait for the watcher, which an appliance that is slow to answer keeps busy here."""
    with rig.in_the_middle() as process:
        rig.simulator.fault("DELETE:/api/v1/session/me:slow")
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate(timeout=SOON)
        assert rig.watchers()


def test_watcher_is_small_and_alone(core_rig: Rig) -> None:
    hosts = core_rig.ansible.folder / "hosts"
    hosts.write_text("[many]\nmany[1:6] ansible_connection=local\n")
    with core_rig.in_the_middle(arguments=["-i", str(hosts), "--forks", "6"]) as process:
        (watcher,) = core_rig.watchers()
        status = dict(line.split(":", 1) for line in Path(f"/proc/{watcher}/status").read_text().splitlines())
        assert int(status["VmRSS"].split()[0]) < 20 * 1024
        assert os.getsid(watcher) == watcher != os.getsid(process.pid)
        others = [os.readlink(f"/proc/{watcher}/fd/{fd}") for fd in os.listdir(f"/proc/{watcher}/fd")]
        expected = ("/dev/null", "anon_inode:[pidfd]", "latchkey_play_tokens", "pipe:")
        assert not [one for one in others if not one.endswith(expected) and not one.startswith("anon_inode:")], others
        assert len(set(others)) == 3, others
    wait_until(lambda: not core_rig.watchers(), "the watcher ends", SOON)


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
