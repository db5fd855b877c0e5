# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A rig to run playbooks as AWX does: by ansible-runner, with credentials injected by AWX's code, on one machine or over its mesh."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import IO, Any

import yaml

from tests.plays._ansible import Ansible
from tests.plays._awx import CredentialType, Injected, document
from tests.simulator.launch import Simulator

_IDENT = "one"
# What AWX itself has in the environment of its jobs.
_OWN_ENV = ("ANSIBLE_CALLBACKS_ENABLED", "ANSIBLE_CALLBACK_PLUGINS", "RECORD_FILE")


@dataclass
class Job:
    """A job that was started: one process, or those of the mesh.

    Attributes:
        control: its folder where AWX is.
        execution: the folder that Ansible sees; the same one unless the job went over the mesh.
        processes: the last one writes the artifacts, the one that runs Ansible is `worker`.
        worker: that one.
    """

    control: Path
    execution: Path
    processes: list[subprocess.Popen[bytes]]
    worker: subprocess.Popen[bytes]

    def wait(self, seconds: float = 120) -> Job:
        """Wait for the end."""
        for one in self.processes:
            one.wait(seconds)
        return self

    def cancel(self) -> Job:
        """Cancel it as AWX does; ansible-runner then kills the process group of Ansible with SIGKILL."""
        self.worker.send_signal(signal.SIGTERM)
        return self.wait()

    @property
    def artifacts(self) -> Path:
        """The folder of the artifacts, where AWX is."""
        return self.control / "artifacts" / _IDENT

    @property
    def output(self) -> str:
        """All that the processes wrote."""
        return "".join(one.read_text(errors="replace") for one in sorted(self.control.parent.glob("*.log")))

    @property
    def status(self) -> str:
        """How it ended, in the words of ansible-runner."""
        return (self.artifacts / "status").read_text()

    def assert_ok(self) -> Job:
        """Fail the test unless the job went well."""
        assert (self.status, (self.artifacts / "rc").read_text()) == ("successful", "0"), self.output
        return self

    @cached_property
    def events(self) -> list[dict[str, Any]]:
        """The events, in their order, as AWX stores them."""
        found = [json.loads(one.read_text()) for one in (self.artifacts / "job_events").glob("[0-9]*.json")]
        return sorted(found, key=lambda one: int(one["counter"]))

    def __getitem__(self, task: str) -> dict[str, Any]:
        """Return the last result of a task, by its name in the task file."""
        results: list[dict[str, Any]] = [
            one["event_data"]["res"]
            for one in self.events
            if one["event"] in ("runner_on_ok", "runner_on_failed") and one["event_data"].get("task") == task
        ]
        assert results, f"{task!r} did not run; {self.output}"
        return results[-1]

    def failures(self) -> list[str]:
        """Return the messages of the tasks that failed."""
        return [str(one["event_data"]["res"].get("msg")) for one in self.events if one["event"] == "runner_on_failed"]

    def assert_no_secret(
        self, secrets: Iterable[str], looks_secret: re.Pattern[str] | None = None, *, in_environment: Iterable[str] = ()
    ) -> None:
        """No artifact, event or output shows a secret.

        Args:
            secrets: what must be nowhere.
            looks_secret: what else must be nowhere.
            in_environment: those that a credential puts into the environment, all of which ansible-runner writes into one file of its
                own, `command`, and AWX deletes with the job's folder.
        """
        files = {one: one.read_bytes() for one in self.artifacts.rglob("*") if one.is_file()}
        assert any(one.parent.name == "job_events" for one in files), self.output
        if looks_secret:
            assert [one.name for one, text in files.items() if looks_secret.search(text.decode(errors="replace"))] == []
            assert not looks_secret.search(self.output)
        for secret in {*secrets, *in_environment}:
            shown = [one.name for one, text in files.items() if secret.encode() in text]
            assert shown == (["command"] if secret in in_environment else [])
            assert secret not in self.output


@dataclass
class Runner:
    """ansible-runner with the credentials of a job template.

    Args:
        ansible: where to run, and the collection.
        credentials: pairs of a credential type and what somebody entered.
        vault: vault ids and passwords, as of AWX's own credentials for them.
        mesh: whether jobs go over the mesh: transmit, worker and process, each with a folder of its own.
        env: more for the environment, as an execution environment's image has it.
        user: who runs the jobs, an id without an entry anywhere; None for the one who runs the tests.
        umask: of the jobs; -1 for that of the tests.
    """

    ansible: Ansible
    credentials: Sequence[tuple[str, Mapping[str, str]]] = ()
    vault: Mapping[str, str] = field(default_factory=dict)
    mesh: bool = False
    env: Mapping[str, str] = field(default_factory=dict)
    user: int | None = None
    umask: int = -1

    def run(self, project: Path | Callable[[Path], Any], playbook: str, extra_vars: Mapping[str, Any] | None = None) -> Job:
        """Run a job to its end."""
        return self.start(project, playbook, extra_vars).wait()

    def start(self, project: Path | Callable[[Path], Any], playbook: str, extra_vars: Mapping[str, Any] | None = None) -> Job:
        """Start a job.

        Args:
            project: the folder of the project, which is copied; or what makes such a copy at a path.
            playbook: the playbook in it.
            extra_vars: of the job template, with the answers to its survey.
        """
        folder = Path(tempfile.mkdtemp(prefix="job-", dir=self.ansible.folder))
        control = folder / "control"
        execution = folder / "execution" if self.mesh else control
        control.mkdir()
        if isinstance(project, Path):
            shutil.copytree(project, control / "project")
        else:
            project(control / "project")
        self._prepare(control, execution, extra_vars or {})
        if self.user is not None:
            for one in (folder, *folder.rglob("*")):
                os.chown(one, self.user, -1)
        job = ["-p", playbook, "--ident", _IDENT, "-vvv"]
        if not self.mesh:
            (process,) = self._pipeline(folder, ["run", str(control), *job])
            return Job(control, control, [process], process)
        processes = self._pipeline(
            folder,
            ["transmit", str(control), *job],
            ["worker", "--private-data-dir", str(execution), "--delete"],
            ["process", str(control), "--ident", _IDENT],
        )
        return Job(control, execution, processes, processes[1])

    def _prepare(self, control: Path, execution: Path, extra_vars: Mapping[str, Any]) -> None:
        """Write what AWX writes: inventory, environment, command line, passwords and extra variables."""
        for name in ("inventory", "env"):
            (control / name).mkdir()
        hosts = {"localhost": document("localhost.yml")}
        injected = Injected()
        for kind, values in self.credentials:
            CredentialType(kind).inject(values, control, injected, seen_as=execution)
        vault = [part for label in self.vault for part in ("--vault-id", f"{label}@prompt")]
        prompts = {rf"Vault password \({re.escape(label)}\):\s*?$": password for label, password in self.vault.items()}
        (control / "inventory" / "hosts.yml").write_text(yaml.safe_dump({"all": {"hosts": hosts}}))
        source = control / "project" / "inventory.yml"
        if source.exists():  # AWX takes its hosts over when the job template's inventory has it as a source
            shutil.copyfile(source, control / "inventory" / "source.yml")
        for name, content in {"envvars": injected.env, "passwords": prompts, "extravars": dict(extra_vars)}.items():
            if content:
                (control / "env" / name).write_text(yaml.safe_dump(content))
        (control / "env" / "cmdline").write_text(" ".join([*vault, *injected.arguments]))

    def _as_user(self) -> list[str]:
        """Return the command that becomes the user, who can read everything, since Python may be in a home, but write nothing else."""
        if self.user is None:
            return []
        can_read = ["--inh-caps=-all,+dac_read_search", "--ambient-caps=+dac_read_search"]
        return ["setpriv", f"--reuid={self.user}", "--regid=0", "--clear-groups", *can_read]

    def _pipeline(self, folder: Path, *commands: Sequence[str]) -> list[subprocess.Popen[bytes]]:
        """Start commands of ansible-runner, each of which reads what the one before it writes."""
        env = {name: value for name, value in self.ansible.env().items() if name not in _OWN_ENV}
        processes: list[subprocess.Popen[bytes]] = []
        before: IO[bytes] | None = None
        for number, arguments in enumerate(commands):
            with open(folder / f"{number}.log", "wb") as log:
                process = subprocess.Popen(
                    [*self._as_user(), str(self.ansible.bin / "ansible-runner"), *arguments],
                    cwd=folder,
                    env={**env, **self.env},
                    stdin=before or subprocess.DEVNULL,
                    stdout=log if number == len(commands) - 1 else subprocess.PIPE,
                    stderr=log,
                    start_new_session=True,
                    umask=self.umask,
                )
            if before is not None:
                before.close()
            processes.append(process)
            before, process.stdout = process.stdout, None  # the next one's alone
        return processes


def entered(simulator: Simulator, login: Mapping[str, str]) -> dict[str, str]:
    """Return what somebody enters into AWX for an appliance, the certificate as text of many lines."""
    return {"endpoint": simulator.url, "ca_certificate": Path(simulator.ca_file).read_text(), **login}


@contextmanager
def stopped_at_the_end(job: Job) -> Iterator[Job]:
    """Let nothing of a job run on after the block, whatever fails in it."""
    try:
        yield job
    finally:
        for one in job.processes:
            if one.poll() is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(one.pid, signal.SIGKILL)
                one.wait(30)
