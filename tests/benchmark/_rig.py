# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One simulated cluster of Qumulo Core, an account with a token in a vars file, and plays and commands that run there."""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.plays._ansible import Ansible, Run, install_collection
from tests.plays._fleet import Cluster
from tests.plays._vaulted import PASSWORDS, inline
from tests.simulator.launch import launch

ACCOUNT = "svc-bench"
VAULT = ("--vault-id", "prod@prod-password")
EMPTY = {"name": "Nothing", "ansible.builtin.debug": {"msg": "x"}}


class Plain(Ansible):
    """Ansible without the callbacks of the tests: they would cost time with each task."""

    def env(self, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        """Return the environment of a run."""
        return {name: value for name, value in super().env().items() if not name.startswith("ANSIBLE_CALLBACK")} | dict(extra or {})


@dataclass
class Bench:
    """Where the benchmarks run."""

    ansible: Ansible
    cluster: Cluster

    @property
    def folder(self) -> Path:
        """Where playbooks and vars files are."""
        return self.ansible.folder

    @property
    def options(self) -> dict[str, Any]:
        """The options that say where the cluster is, and who calls."""
        simulator = self.cluster.simulator
        return {"platform": "qumulo", "endpoint": simulator.url, "ca_path": simulator.ca_file, "token": self.cluster.token}

    def uri(self, path: str, method: str = "GET", **more: Any) -> dict[str, Any]:
        """Return a task that sends one request with ansible.builtin.uri, as one would write it."""
        headers = {"Authorization": f"Bearer {self.cluster.token}"}
        simulator = self.cluster.simulator
        return {"url": simulator.url + path, "method": method, "ca_path": simulator.ca_file, "headers": headers, **more}

    def play(self, name: str, tasks: list[dict[str, Any]], **more: Any) -> Callable[..., Run]:
        """Write a playbook, and return what runs it, with more arguments if there are; it must go well."""
        path = self.folder / f"{name}.yml"
        path.write_text(
            yaml.safe_dump([{"name": name, "hosts": "localhost", "gather_facts": False, "tasks": tasks, **more}], sort_keys=False)
        )
        return lambda *arguments: self.ansible.run(path, [*VAULT, *arguments], timeout=300).assert_ok()

    def ad_hoc(self, module: str, options: dict[str, Any]) -> list[str]:
        """Return the command that runs one task."""
        return [str(self.ansible.bin / "ansible"), "localhost", "-m", module, "-a", json.dumps(options), *VAULT]

    def empty_ad_hoc(self) -> list[str]:
        """Return the command that starts Ansible for nothing."""
        return self.ad_hoc("ansible.builtin.debug", {"msg": "x"})

    @property
    def how(self) -> dict[str, Any]:
        """How a command is run in the folder."""
        return {"cwd": self.folder, "env": self.ansible.env()}

    def run(self, command: list[str]) -> None:
        """Run a command there; it must go well."""
        done = subprocess.run(
            command, check=False, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **self.how
        )
        assert done.returncode == 0, done.stdout

    def counted(self, play: Callable[[], Run]) -> tuple[int, int]:
        """Run a play, and return how many requests the cluster got, and how many tasks there were, skipped ones too."""
        before = len(self.cluster.simulator.journal())
        recap = play().output.partition("PLAY RECAP")[2]
        tasks = sum(int(number) for number in re.findall(r"(?:ok|skipped)=(\d+)", recap))
        return len(self.cluster.simulator.journal()) - before, tasks

    def store(self, name: str, secret: str) -> None:
        """Write a vars file with one encrypted value."""
        (self.folder / f"{name}.yml").write_text("---\n" + inline("qumulo_token", secret))


@contextlib.contextmanager
def bench() -> Iterator[Bench]:
    """Start the cluster and install the collection."""
    with tempfile.TemporaryDirectory() as scratch, launch("qumulo") as simulator:
        folder = Path(scratch)
        (folder / "prod-password").write_text(PASSWORDS["prod"] + "\n")
        collections = install_collection(folder / "installed")
        yield Bench(Plain(folder, collections), Cluster(simulator))
