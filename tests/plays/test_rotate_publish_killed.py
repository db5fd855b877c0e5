# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role rotate with rotate_publish: git, killed at the commands of git, and what the next run makes of it: in the checkout that
is left, and in a fresh clone, which knows only what was pushed. At every instant the file at the remote has a credential that works."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.plays._ansible import Ansible
from tests.plays._publish_rig import Remote, commit_and_push, fresh_clone, git, in_a_work_tree
from tests.plays._qumulo_rig import MINTED, TOKENS, Rig
from tests.plays._role_rig import guarded, refusal
from tests.plays._saboteur import Saboteur, run_and_kill
from tests.simulator.launch import Simulator


@pytest.fixture
def rig(ansible: Ansible, shared: Simulator, tmp_path: Path, shared_administrator: dict[str, str]) -> Rig:
    return in_a_work_tree(ansible, shared, tmp_path / "first", shared_administrator)


@pytest.fixture
def remote(tmp_path: Path) -> Remote:
    return Remote(tmp_path / "remote.git")


def begin(rig: Rig, remote: Remote) -> None:
    """Start anew, with one token in the file, pushed."""
    rig.seed()
    commit_and_push(rig, remote)


def clone(rig: Rig, remote: Remote, name: str) -> Rig:
    """Return the rig in a fresh clone, whose file must have a credential that works."""
    fresh = fresh_clone(rig, remote, rig.ansible.folder.parent / name)
    fresh.assert_works()
    assert "old_value" not in fresh.text
    return fresh


def assert_settled(rig: Rig, remote: Remote) -> None:
    """Nothing is under way, the remote has it, and the checkout is clean."""
    rig.assert_settled()
    assert remote.file() == rig.text
    assert git(rig.ansible.folder, "worktree", "list").count("\n") == 0


def kill_and_recover(rig: Rig, remote: Remote, saboteur: Saboteur, at: int | str, number: int) -> None:
    begin(rig, remote)
    assert run_and_kill(rig, saboteur, at, rotate_force=True), f"{at} was not reached: {saboteur.events}"
    rig.assert_works()
    clone(rig, remote, f"clone-{number}")
    rig.result(rig.rotate())
    assert_settled(rig, remote)
    assert git(rig.ansible.folder, "status", "--porcelain", "--untracked-files=no") == ""


# The first commit and push are tries, the second ones publish the new credential, the third ones that the old one is gone.
@pytest.mark.parametrize("at", ["before git push#2", "after git update-index#5"])
def test_killed_and_run_again_in_the_same_checkout(rig: Rig, remote: Remote, saboteur: Saboteur, at: str) -> None:
    kill_and_recover(rig, remote, saboteur, at, 1)


@pytest.mark.parametrize("at", ["after git push#2", f"answered DELETE {TOKENS}ID#1"])
def test_killed_and_run_again_in_a_fresh_clone(rig: Rig, remote: Remote, saboteur: Saboteur, at: str) -> None:
    begin(rig, remote)
    old = rig.assert_works()
    assert run_and_kill(rig, saboteur, at.replace("ID", old), rotate_force=True)
    fresh = clone(rig, remote, "fresh")
    assert fresh.assert_works() != old
    fresh.result(fresh.rotate())
    assert_settled(fresh, remote)


def test_killed_before_the_push_and_run_again_in_a_fresh_clone(
    ansible: Ansible, qumulo: Simulator, remote: Remote, saboteur: Saboteur, tmp_path: Path
) -> None:
    # The clone does not know the new token: an orphan, which is not revoked as long as its maker may be about to publish it.
    qumulo.advance(-3600)
    rig = in_a_work_tree(ansible, qumulo, tmp_path / "first", {})
    begin(rig, remote)
    old = rig.assert_works()
    assert run_and_kill(rig, saboteur, MINTED, rotate_force=True)
    fresh = clone(rig, remote, "fresh")
    assert fresh.assert_works() == old
    uses = [guarded("Plain", fresh.variables()), guarded("Revoking", fresh.variables(rotate_orphans="revoke"))]
    run = fresh.rotate(tasks=uses)
    assert "live token that this vars file does not know" in refusal(run, "Plain")
    assert "too new to be revoked as an orphan" in refusal(run, "Revoking")
    assert fresh.assert_works() == old
    qumulo.advance(3600)  # an hour later
    fresh.result(fresh.rotate(rotate_force=True, rotate_orphans="revoke"))
    assert_settled(fresh, remote)
