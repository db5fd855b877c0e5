# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role rotate with rotate_publish: git, on real bare repositories: what is pushed when, and what is undone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.plays._ansible import Ansible
from tests.plays._git_over_https import serve
from tests.plays._publish_rig import Checkout, Remote, commit_and_push, git
from tests.plays._qumulo_rig import TOKENS, Rig
from tests.plays._role_rig import failure, guarded, refusal
from tests.plays._saboteur import Saboteur, adds_fault
from tests.plays._vaulted import encrypted, inline
from tests.simulator.launch import Simulator


@pytest.fixture
def remote(tmp_path_factory: pytest.TempPathFactory) -> Remote:
    return Remote(tmp_path_factory.mktemp("remote") / "inventory.git")


@pytest.fixture
def rig(ansible: Ansible, shared: Simulator, remote: Remote, shared_administrator: dict[str, str]) -> Rig:
    found = Rig(ansible, shared, more={"rotate_publish": "git"}, _admin=shared_administrator)
    found.seed()
    commit_and_push(found, remote)
    return found


def unrelated_changes(rig: Rig, remote: Remote) -> None:
    """Leave a staged and an unstaged change of other files in the work tree."""
    folder = rig.ansible.folder
    for name in ("staged", "unstaged"):
        (folder / name).write_text("old\n")
    git(folder, "add", "staged", "unstaged")
    git(folder, "commit", "--quiet", "--message", "others")
    git(folder, "push", "--quiet")
    (folder / "staged").write_text("new\n")
    (folder / "unstaged").write_text("new\n")
    git(folder, "add", "staged")


def test_published_before_and_after_the_old_one_is_retired(rig: Rig, remote: Remote) -> None:
    unrelated_changes(rig, remote)
    old, base, before = rig.assert_works(), remote.head, Checkout(rig.ansible.folder).look()
    done = rig.result(rig.rotate(rotate_force=True))
    new = rig.assert_settled()
    subject = "Rotate qumulo_token of local:svc-ansible"
    assert remote.log(base) == [subject, f"{subject}: the old one is dealt with"]
    first = remote.file(commit=f"{remote.branch}~1")
    assert done["published"] == git(remote.path, "rev-parse", f"{remote.branch}~1")
    assert remote.file() == rig.text
    assert f"previous:\n    id: '{old}'" in first
    assert "old_value" not in first
    rig_of_first = rig.path.read_text()
    rig.write(first)
    assert rig.assert_works() == new
    rig.write(rig_of_first)
    after = Checkout(rig.ansible.folder).look()
    assert after["head"] == remote.head
    assert after["status"] == before["status"] == "M  staged\n M unstaged"
    assert after["config"] == before["config"]
    assert after["worktrees"].replace(after["head"][:7], "") == before["worktrees"].replace(before["head"][:7], "")
    rig.assert_unchanged()
    assert git(rig.ansible.folder, "log", "-1", "--format=%an <%cn>") == "Ansible <Ansible>"


@contextmanager
def undone(rig: Rig, remote: Remote) -> Iterator[None]:
    """The remote, the checkout, the vars file and the account's tokens are afterwards what they were before."""
    checkout, head = Checkout(rig.ansible.folder), remote.head
    with rig.all_undone():
        yield
    checkout.assert_as_before()
    assert remote.head == head
    rig.assert_settled()


PUSH = "before git push#2"  # the first one is the one with --dry-run
UNPUBLISHABLE = "What failed: Check that the vars file can be published: vault.yml was not published"
PROVED = "was not rotated, and all is as it was before"


def test_a_push_that_is_refused_is_undone(rig: Rig, remote: Remote, saboteur: Saboteur) -> None:
    unrelated_changes(rig, remote)
    remote.hook("pre-receive", "echo the branch is protected >&2; exit 1")
    with undone(rig, remote):
        said = failure(rig.rotate(env=saboteur.environment(rig.file), rotate_force=True))
    assert PROVED in said
    assert "vault.yml was not published to main of origin: git says: " in said
    assert "the branch is protected" in said
    assert saboteur.events.count(f"answered POST {TOKENS}") == 1


def test_hooks_of_the_checkout_are_asked_before_anything_is_made(rig: Rig, remote: Remote) -> None:
    tasks: list[dict[str, Any]] = []
    hooks = {"pre-commit": "no commits on Fridays", "pre-push": "no pushes on Fridays"}
    for hook, words in hooks.items():
        path = rig.ansible.folder / ".git" / "hooks" / hook
        path.write_text(f"#!/bin/sh\necho {words} >&2\nexit 1\n")
        path.chmod(0o755)
        tasks += [
            guarded(hook, rig.variables(rotate_force=True)),
            {"name": "Remove the hook", "ansible.builtin.file": {"path": str(path), "state": "absent"}},
        ]
    minted = rig.minted()
    with undone(rig, remote):
        run = rig.rotate(tasks=tasks)
    assert rig.minted() == minted
    for hook, words in hooks.items():
        said = refusal(run, hook)
        assert f"was not rotated, and nothing was created. {UNPUBLISHABLE} to main of origin" in said
        assert words in said


def test_a_rival_who_changed_the_credential(rig: Rig, remote: Remote, saboteur: Saboteur, tmp_path: Path) -> None:
    checkout = Checkout(rig.ansible.folder)
    theirs = re.sub(r"qumulo_token: .*?(?=# a comment)", inline("qumulo_token", "somebody's"), rig.text, flags=re.DOTALL)
    rival = remote.rival(tmp_path / "rival", {rig.file: theirs})
    with rig.all_undone():
        said = failure(rig.rotate(env=saboteur.environment(rig.file, PUSH, rival), rotate_force=True))
    checkout.assert_as_before()
    assert PROVED in said
    assert "qumulo_token there is not what this checkout began with; another run or commit was first. Bring the checkout and" in said
    assert remote.file() == theirs
    # The next run notices before it makes anything.
    minted = rig.minted()
    assert f"nothing was created. {UNPUBLISHABLE}" in failure(rig.rotate(rotate_force=True))
    assert rig.minted() == minted


def test_check_mode_tries_the_remote(rig: Rig, remote: Remote) -> None:
    checkout, head = Checkout(rig.ansible.folder), remote.head
    with rig.nothing_changes():
        run = rig.rotate(check=True, rotate_force=True)
        assert rig.result(run)["rotated"] is True
        assert "push the vars file" in rig.would(run)
        remote.path.rename(remote.path.with_name("away"))
        assert "does not appear to be a git repository" in failure(rig.rotate(check=True))
        remote.path.with_name("away").rename(remote.path)
    checkout.assert_as_before()
    assert remote.head == head


def test_the_old_one_cannot_be_retired_and_the_next_run_publishes_that(rig: Rig, remote: Remote, saboteur: Saboteur) -> None:
    base = remote.head
    fault = adds_fault(rig.simulator, "DELETE:.*:503:9")
    assert rig.result(rig.rotate(env=saboteur.environment(rig.file, "after git push#2", fault), rotate_force=True))["retired"] is False
    assert len(remote.log(base)) == 1
    assert remote.file() == rig.text
    rig.simulator.clear_faults()
    rig.result(rig.rotate())
    rig.assert_settled()
    assert len(remote.log(base)) == 2
    assert remote.file() == rig.text


def test_what_was_not_published_before_is(rig: Rig, remote: Remote) -> None:
    # Rotated without publishing, with the old one kept for a while: it goes only once the new one is published.
    base, old = remote.head, rig.assert_works()
    rig.result(rig.rotate(rotate_force=True, rotate_publish="none", rotate_retire_after="1s"))
    remote.hook("pre-receive", "exit 1")
    rig.simulator.advance(2)
    words = "Publish what an earlier run, or a run that did not publish, has stored: vault.yml was not published"
    assert f"was not rotated, and nothing was created. What failed: {words}" in failure(rig.rotate())
    assert old in rig.ids()
    remote.hook("pre-receive", "exit 0")
    rig.result(rig.rotate())
    rig.assert_settled()
    assert remote.file() == rig.text
    assert len(remote.log(base)) == 2


def test_a_token_over_https_is_nowhere_to_be_seen(rig: Rig, remote: Remote, tmp_path_factory: pytest.TempPathFactory) -> None:
    canary, base, folder = "git-canary-0123456789", remote.head, rig.ansible.folder
    traces = tmp_path_factory.mktemp("traces")
    certificate = traces / "ca.pem"
    # What git starts, with all arguments; and a store that it would offer a token to that works.
    (folder / ".gitconfig").write_text(f"[trace2]\n  normalTarget = {traces}/git\n[credential]\n  helper = store\n")
    with serve(remote.path, "robot", canary, certificate) as url:
        env = {"GIT_SSL_CAINFO": str(certificate), "LATCHKEY_GIT_TOKEN": canary}
        options = {"remote": url, "branch": "main"}
        run = rig.rotate(env=env, rotate_force=True, rotate_publish_git={**options, "username": "robot"})
        rig.result(run)
        rig.assert_settled()
        assert len(remote.log(base)) == 2
        # The same in a variable, and refused.
        options |= {"username": "other", "token": canary}
        refused = rig.rotate(env={"GIT_SSL_CAINFO": str(certificate)}, rotate_force=True, rotate_publish_git=options)
        assert "nothing was created" in failure(refused)
        assert "Authentication failed" in failure(refused)
    trace = (traces / "git").read_text()
    assert "remote-https" in trace
    shown = run.output + refused.output + trace
    shown += "".join(one.read_text(errors="replace") for one in (folder / ".git").rglob("*") if one.is_file())
    assert canary not in shown
    assert not (folder / ".git-credentials").exists()


def test_a_push_whose_answer_is_lost(rig: Rig, remote: Remote) -> None:
    old = rig.assert_works()
    remote.hook("pre-receive", "kill -9 $PPID")
    said = failure(rig.rotate(rotate_force=True))
    words = "Push the vars file, without the old credential: Whether vault.yml was published to main of origin"
    assert f"holds a new credential that works, and the old one is kept too. Run again. What failed: {words}" in said
    new = rig.assert_works()
    assert sorted(rig.ids()) == sorted([old, new])
    remote.hook("pre-receive", "exit 0")
    rig.result(rig.rotate())
    assert rig.assert_settled() == new
    assert remote.file() == rig.text


def test_a_file_that_is_encrypted_as_a_whole(rig: Rig, remote: Remote) -> None:
    rig.write(encrypted(rig.text))
    commit_and_push(rig, remote)
    rig.result(rig.rotate(rotate_force=True))
    rig.assert_settled()
    assert remote.file() == rig.path.read_text()
    assert git(rig.ansible.folder, "status", "--porcelain", "-uno") == ""
