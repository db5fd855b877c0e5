# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rigs of the role rotate whose vars file is in a git work tree, and the bare repository that it is pushed to."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.plays._ansible import Ansible
from tests.plays._qumulo_rig import Rig
from tests.plays._role_rig import RoleRig
from tests.simulator.launch import Simulator

_ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "HOME": "/nonexistent",
    "GIT_CONFIG_NOSYSTEM": "1",
    **{f"GIT_{who}_{what}": "rival@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
}


def git(folder: Path, *arguments: str, check: bool = True) -> str:
    """Run git as somebody else than the role, and return what it prints."""
    done = subprocess.run(
        ["git", *arguments], cwd=folder, env=_ENVIRONMENT, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0 or not check, done.stderr
    return done.stdout.strip()


@dataclass
class Remote:
    """A bare repository with one branch."""

    path: Path
    branch: str = "main"

    def __post_init__(self) -> None:
        if not self.path.exists():
            git(self.path.parent, "init", "--quiet", "--bare", f"--initial-branch={self.branch}", str(self.path))

    @property
    def head(self) -> str:
        """The commit that the branch is at."""
        return git(self.path, "rev-parse", f"refs/heads/{self.branch}")

    def file(self, name: str = "vault.yml", commit: str = "") -> str:
        """A file there."""
        return git(self.path, "show", f"{commit or self.branch}:{name}") + "\n"

    def log(self, since: str) -> list[str]:
        """The subjects of the commits after one, the oldest first."""
        return git(self.path, "log", "--reverse", "--format=%s", f"{since}..{self.branch}").splitlines()

    def hook(self, name: str, script: str) -> None:
        """Install a hook."""
        path = self.path / "hooks" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def rival(self, folder: Path, changes: Mapping[str, str]) -> str:
        """Return Python for the saboteur that pushes a commit with these files from a clone of its own."""
        script = "\n".join(f"printf %s {_quoted(text)} > {_quoted(name)}" for name, text in changes.items())
        script = f"git clone -q {self.path} {folder} && cd {folder} || exit 1\n{script}\ngit add -A && git commit -qm rival && git push -q"
        return f"import subprocess\nsubprocess.run(['sh', '-ec', {script!r}], env={_ENVIRONMENT!r}, check=True)"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def commit_and_push(rig: RoleRig, remote: Remote) -> None:
    """Make the vars file the first commit of a work tree, or the next one, and push it."""
    folder = rig.ansible.folder
    if not (folder / ".git").exists():
        git(folder, "init", "--quiet", f"--initial-branch={remote.branch}")
        git(folder, "remote", "add", "origin", str(remote.path))
    git(folder, "add", rig.file)
    git(folder, "commit", "--quiet", "--allow-empty", "--message", "begin", "--", rig.file)
    git(folder, "push", "--quiet", "--force", "--set-upstream", "origin", remote.branch)


def in_a_work_tree(ansible: Ansible, simulator: Simulator, folder: Path, administrator: dict[str, str]) -> Rig:
    """Return a rig that works in this folder, which is made, and publishes; with the administrator's token that others got as well."""
    folder.mkdir()
    ansible.folder = folder
    return Rig(ansible, simulator, more={"rotate_publish": "git"}, _admin=administrator)


def fresh_clone(rig: Rig, remote: Remote, folder: Path) -> Rig:
    """Return the same rig in a new clone of the remote, as another machine would have it."""
    git(folder.parent, "clone", "--quiet", str(remote.path), str(folder))
    ansible = Ansible(folder, rig.ansible.collections, rig.ansible.bin, rig.ansible.environment)
    return Rig(ansible, rig.simulator, rig.name, rig.account, rig.file, rig.labels, dict(rig.more), dict(rig.play), rig._admin)


@dataclass
class Checkout:
    """What of a work tree a rotation must leave as it is: staged and unstaged changes of other files, and where HEAD is."""

    folder: Path
    before: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.before = self.look()

    def look(self) -> dict[str, Any]:
        """Return it."""
        return {
            "head": git(self.folder, "rev-parse", "HEAD"),
            "branch": git(self.folder, "symbolic-ref", "HEAD", check=False),
            "index": git(self.folder, "ls-files", "--stage"),
            "status": git(self.folder, "status", "--porcelain", "--untracked-files=no"),
            "config": (self.folder / ".git" / "config").read_text(),
            "worktrees": git(self.folder, "worktree", "list"),
        }

    def assert_as_before(self) -> None:
        """All of it is as it was."""
        assert self.look() == self.before
