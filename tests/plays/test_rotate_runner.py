# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sample project of docs/awx as AWX runs it: a rotation in a copy of the project that is thrown away, and pushed before that; and
what a job leaves that is cancelled in the middle of one."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.plays._ansible import Ansible
from tests.plays._as_printed import alike, output_of
from tests.plays._awx import DOCS, needs_awx
from tests.plays._options import administrator
from tests.plays._play_token_rig import wait_until
from tests.plays._qumulo_rig import TOKENS, Rig
from tests.plays._runner import Job, Runner, entered, stopped_at_the_end
from tests.plays._vaulted import PASSWORDS
from tests.simulator.launch import Simulator

BRANCH = "main"
HOST = "svc-backup"  # in the inventory of the sample


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


def credentials(simulator: Simulator, repository: Repository) -> list[tuple[str, dict[str, str]]]:
    """Return what somebody enters for a job: the cluster's administrator, and the repository."""
    return [
        ("qumulo", entered(simulator, administrator(simulator))),
        ("git", {"remote": str(repository.remote), "branch": BRANCH, "author_name": "AWX", "author_email": "awx@example.com"}),
    ]


def outcome(job: Job) -> dict[str, Any]:
    """Return what the summary says of the one credential."""
    return dict(job["Write the summary"]["summary"]["hosts"][HOST])


@needs_awx
def test_the_sample_on_the_mesh(ansible: Ansible, qumulo: Simulator) -> None:
    """The first job makes the token, the second one changes nothing, and the last one replaces it. Nothing comes back but the push.

    Between them one is cancelled when its new token is made: the directory of the job is gone with what it knew of that. What the
    repository has works, and a sweep ends that token. (That the next run can do so too is shown by test_rotate_orphans.py.)
    """
    qumulo.advance(-3600)
    rig, repository = Rig(ansible, qumulo), Repository(ansible.folder / "git")
    rig.revoke_all()
    project = repository.make()
    runner = Runner(ansible, credentials(qumulo, repository), {"prod": PASSWORDS["prod"]}, mesh=True)
    survey = {"rotate_account": f"local:{rig.account}"}
    empty = (project / rig.file).read_bytes()

    def published(name: str) -> str:
        rig.path.write_bytes((repository.clone(name) / rig.file).read_bytes())
        return rig.assert_settled()

    def job(name: str, **answers: str) -> Job:
        done = runner.run(project, "rotate.yml", {**survey, **answers}).assert_ok()
        assert (done.control / "project" / rig.file).read_bytes() == empty
        assert not done.execution.exists()
        published(name)
        done.assert_no_secret({*PASSWORDS.values(), rig.stored()}, rig.looks_secret, in_environment={qumulo.admin["password"]})
        return done

    done = job("first")
    first = outcome(done)
    assert first["status"] == "rotated"
    (stats,) = [one["event_data"] for one in done.events if one["event"] == "playbook_on_stats"]
    assert stats["artifact_data"]["rotate_summary"]["hosts"][HOST] == first

    (kept,), head = rig.ids(), repository.head()
    second = outcome(job("second", rotate_force="false"))
    assert second["status"] == "not_due"
    assert (rig.ids(), repository.head()) == ([kept], head)

    qumulo.fault(f"POST:{TOKENS}:stall:1")  # the token is made, and its answer does not end
    cancelled = runner.start(project, "rotate.yml", {**survey, "rotate_force": "true"})
    with stopped_at_the_end(cancelled):
        wait_until(lambda: len(rig.ids()) == 2, "a new token is made", 120)
        assert cancelled.cancel().status == "canceled"
    assert not cancelled.execution.exists()
    assert repository.head() == head
    assert rig.assert_works() == kept
    (left,) = set(rig.ids()) - {kept}
    cancelled.assert_no_secret({*PASSWORDS.values(), *qumulo.issued()}, rig.looks_secret, in_environment={qumulo.admin["password"]})

    qumulo.advance(3600)  # an hour later
    refused = runner.run(project, "rotate.yml", {**survey, "rotate_force": "true"})
    assert refused.status == "failed"
    assert any("live token that this vars file does not know" in one for one in refused.failures())
    assert set(rig.ids()) == {kept, left}
    there = {"sweep_platform": "qumulo", "sweep_endpoint": qumulo.url, "sweep_account": f"local:{rig.account}"}
    # It was given to live as long as a stored one, which sweep spares unless it is told.
    extra_vars = {**there, "sweep_hours": 0, "sweep_lifetime": 30 * 24, "sweep_query": f"[?token_id != '{kept}']"}
    swept = runner.run(project, "sweep.yml", extra_vars).assert_ok()
    assert swept["Report what was revoked"]["msg"] == f"1 revoked: {left}"
    done = job("last", rotate_force="true", rotate_orphans="fail")
    last = outcome(done)
    assert (last["status"], last["old_token_id"], last["retired"]) == ("rotated", kept, True)
    assert not {kept, left} & set(rig.ids())
    shown = alike(done.output.replace(rig.account, HOST).replace(qumulo.url, "https://qumulo.example.com:8000"))
    assert [line for line in output_of("awx", "a job of rotate") if line not in shown] == [], done.output
