# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role rotate on two machines at once, each with its own clone: one of them wins, the other ends clean.

The second one runs as a whole at a point of the first: the interleaving is held, not hoped for.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from tests.plays._ansible import Ansible
from tests.plays._publish_rig import Checkout, Remote, commit_and_push, fresh_clone, git, in_a_work_tree
from tests.plays._qumulo_rig import Rig
from tests.plays._role_rig import failure, guarded, refusal, role
from tests.plays._saboteur import Saboteur
from tests.simulator.launch import Simulator


@pytest.fixture
def first(ansible: Ansible, shared: Simulator, tmp_path: Path, shared_administrator: dict[str, str]) -> Rig:
    rig = in_a_work_tree(ansible, shared, tmp_path / "first", shared_administrator)
    rig.seed()
    commit_and_push(rig, Remote(tmp_path / "remote.git"))
    return rig


@pytest.fixture
def remote(tmp_path: Path) -> Remote:
    return Remote(tmp_path / "remote.git")


@pytest.fixture
def second(first: Rig, remote: Remote, tmp_path: Path) -> Rig:
    return fresh_clone(first, remote, tmp_path / "second")


def whole_run(rig: Rig, log: Path, *tasks: Mapping[str, object]) -> str:
    """Return Python for the saboteur that runs tasks in another clone, from start to end."""
    playbook = rig.ansible.folder / "other.yml"
    play = {"name": "Other", "hosts": "localhost", "gather_facts": False, "tasks": list(tasks)}
    playbook.write_text(yaml.safe_dump([play], sort_keys=False))
    command, env = rig.ansible.command(playbook, rig.vault_arguments), rig.ansible.env()
    return f"""
import subprocess
with open({str(log)!r}, "wb") as log:
    code = subprocess.call({command!r}, cwd={str(rig.ansible.folder)!r}, env={env!r}, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    log.write(f"exit code {{code}}".encode())
"""


def test_the_second_one_is_first(first: Rig, second: Rig, remote: Remote, saboteur: Saboteur, tmp_path: Path) -> None:
    # After the first one has tried whether it could publish: it has created nothing yet, and will create something.
    checkout, before = Checkout(first.ansible.folder), first.path.read_bytes()
    other = whole_run(second, tmp_path / "log", *role(second.variables(rotate_force=True)))
    said = failure(first.rotate(env=saboteur.environment(first.file, "after git push#1", other), rotate_force=True))
    assert "exit code 0" in (tmp_path / "log").read_text()
    second.assert_settled()
    assert remote.file() == second.text
    assert "qumulo_token there is not what this checkout began with; another run or commit was first." in said
    assert "all is as it was before" in said
    checkout.assert_as_before()
    assert first.path.read_bytes() == before
    git(first.ansible.folder, "pull", "--quiet")
    first.assert_settled()


def test_the_first_one_is_about_to_publish(first: Rig, second: Rig, remote: Remote, saboteur: Saboteur, tmp_path: Path) -> None:
    checkout = Checkout(second.ansible.folder)
    words = {
        "fail": "live token that this vars file does not know",
        "revoke": "A run on another machine may be about to publish it; wait for that, or until",
        "ignore": "the account has 2 tokens already, and the platform allows 2",
    }
    uses = [guarded(policy, second.variables(rotate_force=True, rotate_orphans=policy)) for policy in words]
    other = whole_run(second, tmp_path / "log", *uses)
    first.result(first.rotate(env=saboteur.environment(first.file, "before git push#2", other), rotate_force=True))
    log = " ".join((tmp_path / "log").read_text().split())
    assert log.endswith(" exit code 0"), log
    for policy, said in words.items():
        assert said in log.partition(f"[Refusal of {policy}]")[2].partition("TASK")[0]
    first.assert_settled()
    assert remote.file() == first.text
    checkout.assert_as_before()
    git(second.ansible.folder, "pull", "--quiet")
    second.assert_settled()


def test_a_stale_checkout_revokes_nothing(ansible: Ansible, qumulo: Simulator, remote: Remote, tmp_path: Path) -> None:
    # The old token still works for a while, so to the stale checkout the new one looks like an orphan; and it is an hour old already.
    qumulo.advance(-3600)
    ansible.folder = tmp_path / "first"
    ansible.folder.mkdir()
    first = Rig(ansible, qumulo, more={"rotate_publish": "git"})
    first.seed()
    commit_and_push(first, remote)
    second = fresh_clone(first, remote, tmp_path / "second")
    first.result(first.rotate(rotate_force=True, rotate_retire_after="1d"))
    qumulo.advance(3600)
    held = first.held()
    forces = {"Plain": False, "Forced": True}
    uses = [guarded(name, second.variables(rotate_orphans="revoke", rotate_force=force)) for name, force in forces.items()]
    run = second.rotate(tasks=uses)
    assert all("is not what this checkout began with" in refusal(run, name) for name in forces)
    assert first.held() == held
    git(second.ansible.folder, "pull", "--quiet")
    second.result(second.rotate(rotate_orphans="revoke", rotate_retire_after="1d"))
    assert first.held() == held
