# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A play token under ansible-runner, as in a job of AWX: no secret in its artifacts, and nothing left at the appliance.

What is left after a cancelled job whose container was killed is ended by the playbook sweep, in a job of its own.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.plays._ansible import Ansible
from tests.plays._awx import DOCS, image_environment, needs_awx
from tests.plays._options import administrator, client
from tests.plays._play_token_rig import LOOKUP, MODULE, SOON, Rig, wait_until
from tests.plays._runner import Job, Runner, entered, stopped_at_the_end
from tests.simulator.launch import Simulator

FILTERS = str(Path(__file__).parent / "filter")


@dataclass
class JobRig(Rig):
    """The same plays as jobs of AWX, with no credential in them."""

    jobs: list[Job] = field(default_factory=list)
    mesh: bool = False

    def variables(self) -> dict[str, Any]:
        return {"latchkey_platform": self.simulator.platform}

    def runner(self, login: Mapping[str, str]) -> Runner:
        """Return what starts jobs with a credential of somebody."""
        return Runner(self.ansible, [(self.simulator.platform, entered(self.simulator, login))], mesh=self.mesh, env=self.env)

    def project(self, *tasks: Mapping[str, Any]) -> Path:
        """Write a project with one playbook."""
        folder = self.ansible.folder / "project"
        folder.mkdir()
        (folder / "play.yml").write_text(yaml.safe_dump([self.play(*tasks)], sort_keys=False))
        return folder

    def start(self, tasks: Sequence[Mapping[str, Any]], arguments: Sequence[str] = ()) -> subprocess.Popen[Any]:
        job = self.runner(self.login()).start(self.project(*tasks), "play.yml")
        self.jobs.append(job)
        return job.worker


@needs_awx
def test_no_secret_in_the_artifacts(ansible: Ansible, shared_cdm: Simulator, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Also where the watcher dies with the container: over the mesh, with the callback that the sample image enables."""
    notes = tmp_path_factory.mktemp("notes") / "secrets"
    rig = JobRig(ansible=ansible, simulator=shared_cdm, env={"ANSIBLE_FILTER_PLUGINS": FILTERS, "REMEMBER_FILE": str(notes)}, mesh=True)
    rig.env |= image_environment() | rig.without_watcher().env
    before = rig.live()
    remember = {"name": "Remember", "ansible.builtin.debug": {"msg": "{{ " + LOOKUP + " | remember }}"}}
    fail = {"name": "Fail", MODULE: {"expect_account": "somebody-else"}, "ignore_errors": True}
    job = rig.runner(rig.login()).run(rig.project({"name": "Use", MODULE: {}}, remember, fail), "play.yml").assert_ok()
    (token,) = set(notes.read_text().split())
    assert {one["event"] for one in job.events} >= {"runner_on_ok", "runner_on_failed", "playbook_on_stats"}
    job.assert_no_secret({token, rig.login()["client_secret"]})
    rig.assert_as_before(before)


@needs_awx
def test_the_sample(ansible: Ansible, shared_cdm: Simulator) -> None:
    rig = JobRig(ansible=ansible, simulator=shared_cdm, mesh=True)
    before = rig.live()
    job = rig.runner(rig.login()).run(DOCS / "project", "look.yml").assert_ok()
    assert job["Who are we?"]["account"]
    rig.assert_as_before(before)


@needs_awx
def test_cancel(ansible: Ansible, shared_cdm: Simulator) -> None:
    """ansible-runner kills the process group of Ansible; the watcher is not in it."""
    rig = JobRig(ansible=ansible, simulator=shared_cdm, mesh=True)
    before = rig.live()
    with rig.in_the_middle():
        (job,) = rig.jobs
        with stopped_at_the_end(job):
            assert rig.live() != before
            assert job.cancel().status == "canceled"
            rig.assert_as_before(before)


@needs_awx
def test_sweep_after_a_killed_container(ansible: Ansible, shared_cdm: Simulator) -> None:
    """Then the watcher is killed as well, and a job on a schedule ends the session, with the credential of an administrator."""
    rig = JobRig(ansible, shared_cdm)
    before = rig.live()
    with rig.in_the_middle():
        (job,) = rig.jobs
        with stopped_at_the_end(job):
            (watcher,) = rig.watchers()
            os.kill(watcher, signal.SIGKILL)
            assert job.cancel().status == "canceled"
    wait_until(lambda: not rig.watchers(), "the watcher is gone", SOON)
    (left,) = set(rig.live()) - set(before)
    extra_vars = {"sweep_account": shared_cdm.service_account["client_id"], "sweep_hours": 0}
    sweep = rig.runner(administrator(shared_cdm)).run(DOCS / "project", "sweep.yml", extra_vars).assert_ok()
    assert sweep["Report what was revoked"]["msg"] == f"1 revoked: {left}"
    assert rig.live() == before
    sweep.assert_no_secret({client(shared_cdm)["client_secret"]}, in_environment={shared_cdm.admin["password"]})
