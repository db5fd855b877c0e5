# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sample project of docs/awx as AWX runs it: a rotation in a copy of the project that is thrown away, and pushed before that."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.integration._ansible import Ansible
from tests.integration._awx import DOCS, needs_awx
from tests.integration._rotation_harness import PASSWORDS, Rig
from tests.integration._runner import Job, Runner, entered
from tests.integration.conftest import administrator
from tests.simulator.launch import Simulator

BRANCH = "main"
FORCED = {"rotate_force": "true", "rotate_orphans": "fail"}  # the answers to the survey are texts


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

    def fill(self, project: Path) -> None:
        """Make it, with the files of a project in one commit."""
        work = self.folder / "work"
        self.git("init", "--quiet", "--bare", "--initial-branch", BRANCH, str(self.remote), cwd=self.folder)
        self.git("clone", "--quiet", str(self.remote), str(work), cwd=self.folder)
        for one in project.rglob("*"):
            if one.is_file():
                target = work / one.relative_to(project)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(one.read_bytes())
        self.git("add", ".", cwd=work)
        self.git("commit", "--quiet", "--message", "The sample", cwd=work)
        self.git("push", "--quiet", "origin", f"HEAD:{BRANCH}", cwd=work)

    def clone(self, name: str) -> Path:
        """Return a fresh clone, as the next job starts from it."""
        self.git("clone", "--quiet", str(self.remote), str(self.folder / name), cwd=self.folder)
        return self.folder / name

    def copy_of_awx(self, name: str) -> Callable[[Path], None]:
        """Return what makes a job's copy of a project that was just updated: a shallow clone, at a branch of AWX's own, of AWX's clone."""
        own, branch = self.clone(name), f"awx_internal/{name}"
        self.git("checkout", "--quiet", "--detach", cwd=own)

        def make(path: Path) -> None:
            self.git("branch", branch, cwd=own)
            self.git("clone", "--quiet", "--depth", "1", "--single-branch", "--branch", branch, own.as_uri(), str(path), cwd=own)
            self.git("branch", "--quiet", "-D", branch, cwd=own)

        return make

    def head(self) -> str:
        """Return the commit that the branch is at."""
        return self.git("rev-parse", BRANCH)


@needs_awx
def test_from_nothing_over_the_mesh(ansible: Ansible, qumulo: Simulator) -> None:
    """The first job makes the token, the second one changes nothing, and one that is forced replaces it."""
    rig, repository = rig_and_repository(ansible, qumulo)
    runner = runner_of(rig, repository, mesh=True)

    def job(name: str, **more: str) -> Job:
        done = runner.run(repository.copy_of_awx(name), "rotate.yml", {"rotate_account": f"local:{rig.account}", **more}).assert_ok()
        assert not done.execution.exists()
        fresh = repository.clone(f"after-{name}") / rig.file
        rig.path.write_bytes(fresh.read_bytes())
        rig.assert_settled()
        done.assert_no_secret({*PASSWORDS.values(), rig.stored()}, rig.looks_secret, in_environment={qumulo.admin["password"]})
        return done

    empty = (DOCS / "project" / rig.file).read_bytes()
    first = job("first-job")
    assert first["What was done"]["rotate_result"]["rotated"] is True
    assert (first.control / "project" / rig.file).read_bytes() == empty  # nothing comes back but the push
    (made, pushed) = rig.ids(), repository.head()

    second = job("second-job", rotate_force="false")
    assert second["What was done"]["rotate_result"]["rotated"] is False
    assert (rig.ids(), repository.head()) == (made, pushed)

    third = job("third-job", **FORCED)
    assert third["What was done"]["rotate_result"]["old_token_id"] == made[0]
    assert third["What was done"]["rotate_result"]["retired"] is True
    assert made[0] not in rig.ids()


@needs_awx
def test_the_same_without_the_mesh(ansible: Ansible, qumulo: Simulator) -> None:
    rig, repository = rig_and_repository(ansible, qumulo)
    job = runner_of(rig, repository, mesh=False).run(
        repository.copy_of_awx("job"), "rotate.yml", {"rotate_account": f"local:{rig.account}"}
    )
    assert job.assert_ok()["What was done"]["rotate_result"]["rotated"] is True
    rig.path.write_bytes((repository.clone("after") / rig.file).read_bytes())
    rig.assert_settled()
    job.assert_no_secret({*PASSWORDS.values(), rig.stored()}, rig.looks_secret, in_environment={qumulo.admin["password"]})


@needs_awx
def test_a_job_from_a_project_that_was_not_updated(ansible: Ansible, qumulo: Simulator) -> None:
    """It finds that somebody else has rotated meanwhile, and leaves all as it is."""
    rig, repository = rig_and_repository(ansible, qumulo)
    runner, extra_vars = runner_of(rig, repository, mesh=True), {"rotate_account": f"local:{rig.account}"}
    stale = repository.copy_of_awx("stale")
    runner.run(repository.copy_of_awx("up-to-date"), "rotate.yml", extra_vars).assert_ok()
    before = rig.ids(everything=True), repository.head()
    job = runner.run(stale, "rotate.yml", {**extra_vars, "rotate_orphans": "revoke"})
    assert job.status == "failed"
    assert job.failures()[-1].endswith("Nothing was rotated.")
    assert (rig.ids(everything=True), repository.head()) == before


def rig_and_repository(ansible: Ansible, simulator: Simulator) -> tuple[Rig, Repository]:
    """Return an account without a token, and the repository with the sample project."""
    rig = Rig(ansible, simulator, file="keys.yml")
    rig.revoke_all()
    repository = Repository(ansible.folder / "git")
    repository.folder.mkdir()
    repository.fill(DOCS / "project")
    return rig, repository


def runner_of(rig: Rig, repository: Repository, *, mesh: bool) -> Runner:
    """Return the job template's runner, with the three credentials of the guide."""
    credentials = [
        ("qumulo", entered(rig.simulator, administrator(rig.simulator))),
        ("git", {"remote": str(repository.remote), "branch": BRANCH, "author_name": "AWX", "author_email": "awx@example.com"}),
    ]
    return Runner(rig.ansible, credentials, {"prod": PASSWORDS["prod"]}, mesh=mesh)
