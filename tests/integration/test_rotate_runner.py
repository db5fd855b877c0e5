# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sample project of docs/awx as AWX runs it: a rotation in a copy of the project that is thrown away, and pushed before that."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.integration._ansible import Ansible
from tests.integration._awx import DOCS, needs_awx
from tests.integration._rotation_harness import PASSWORDS, Rig
from tests.integration._runner import Job, Runner, entered
from tests.integration.conftest import administrator
from tests.simulator.launch import Simulator

BRANCH = "main"


@dataclass
class Repository:
    """The repository of a project, and what AWX makes of it."""

    folder: Path

    @property
    def remote(self) -> Path:
        """The repository itself, which others push to as well."""
        return self.folder / "keys.git"

    def git(self, *arguments: str, cwd: Path | None = None) -> str:
        """Run git without anybody's settings."""
        who = ["-c", "user.name=Somebody", "-c", "user.email=somebody@example.com"]
        env = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(self.folder), "GIT_CONFIG_NOSYSTEM": "1"}
        done = subprocess.run(
            ["git", *who, *arguments], cwd=cwd or self.remote, env=env, capture_output=True, text=True, timeout=60, check=True
        )
        return done.stdout.strip()

    def clone(self, name: str) -> Path:
        """Return a fresh clone."""
        self.git("clone", "--quiet", str(self.remote), str(self.folder / name), cwd=self.folder)
        return self.folder / name

    def make(self) -> Path:
        """Make it with the sample in it; return the copy that AWX has of the project, which has no .git folder."""
        self.folder.mkdir()
        self.git("init", "--quiet", "--bare", "--initial-branch", BRANCH, str(self.remote), cwd=self.folder)
        work = self.clone("project")
        shutil.copytree(DOCS / "project", work, dirs_exist_ok=True)
        self.git("add", ".", cwd=work)
        self.git("commit", "--quiet", "--message", "The sample", cwd=work)
        self.git("push", "--quiet", "origin", f"HEAD:{BRANCH}", cwd=work)
        shutil.rmtree(work / ".git")
        return work

    def head(self) -> str:
        """Return the commit that the branch is at."""
        return self.git("rev-parse", BRANCH)


@needs_awx
@pytest.mark.parametrize("mesh", [False, True])
def test_the_sample_from_nothing(ansible: Ansible, qumulo: Simulator, mesh: bool) -> None:
    """The first job makes the token, the second one changes nothing, and a forced one replaces it. Nothing comes back but the push."""
    rig, repository = Rig(ansible, qumulo), Repository(ansible.folder / "git")
    rig.revoke_all()
    project = repository.make()
    credentials = [
        ("qumulo", entered(qumulo, administrator(qumulo))),
        ("git", {"remote": str(repository.remote), "branch": BRANCH, "author_name": "AWX", "author_email": "awx@example.com"}),
    ]
    runner = Runner(ansible, credentials, {"prod": PASSWORDS["prod"]}, mesh=mesh)
    empty = (project / rig.file).read_bytes()

    def job(name: str, **survey: str) -> Job:
        done = runner.run(project, "rotate.yml", {"rotate_account": f"local:{rig.account}", **survey}).assert_ok()
        assert (done.control / "project" / rig.file).read_bytes() == empty
        assert done.execution.exists() is not mesh
        rig.path.write_bytes((repository.clone(f"after-{name}") / rig.file).read_bytes())
        rig.assert_settled()
        done.assert_no_secret({*PASSWORDS.values(), rig.stored()}, rig.looks_secret, in_environment={qumulo.admin["password"]})
        return done

    first = job("first")["What was done"]["rotate_result"]
    assert first["rotated"] is True
    if not mesh:  # what comes next is the same, and took as long again
        return

    (made, pushed) = rig.ids(), repository.head()
    second = job("second", rotate_force="false")["What was done"]["rotate_result"]
    assert second["rotated"] is False
    assert (rig.ids(), repository.head()) == (made, pushed)

    third = job("third", rotate_force="true", rotate_orphans="fail")["What was done"]["rotate_result"]
    assert (third["rotated"], third["old_token_id"], third["retired"]) == (True, made[0], True)
    assert made[0] not in rig.ids()
