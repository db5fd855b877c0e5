# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run real playbooks with a chosen ansible-core, as a user would, with nothing of the developer's own settings around."""

from __future__ import annotations

import atexit
import fcntl
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from tests.plays._warm_ansible import WarmAnsible, early

ROOT = Path(__file__).resolve().parents[2]
CORE_VERSIONS = ("2.16", "2.19", "2.21")  # those that every release is tested on
EVERY_DAY = ("2.16", "2.21")  # and those on which a test with each of them runs beside all others, which run on 2.19
# The environment that tests run on unless they say otherwise: the one of the test run itself.
DEFAULT_BIN = Path(sys.executable).parent


def core_bin(version: str) -> Path | None:
    """Return the folder with ansible-playbook of an ansible-core version, None when `make cores` could not install it."""
    folder = ROOT / ".cache" / "venvs" / f"core-{version}" / "bin"
    return folder if (folder / "ansible-playbook").exists() else None


@dataclass
class TaskResult:
    """What callbacks were told of one task."""

    task: str
    status: str
    result: dict[str, Any]

    @property
    def hidden(self) -> bool:
        """Whether the result was censored."""
        return "censored" in self.result


@dataclass
class Run:
    """A playbook run that has ended."""

    returncode: int
    output: str
    tasks: list[TaskResult] = field(default_factory=list)

    @cached_property
    def by_name(self) -> dict[str, TaskResult]:
        """The last result of each task, by the task's name."""
        return {one.task: one for one in self.tasks}

    def __getitem__(self, task: str) -> dict[str, Any]:
        """Return the result of a task, also one of a role: by the name in the task file."""
        for name, one in self.by_name.items():
            if name == task or name.endswith(f" : {task}"):
                return one.result
        raise KeyError(f"{task!r} did not run; there were {list(self.by_name)}")

    @property
    def failures(self) -> list[str]:
        """The messages of all failed tasks, ignored ones too."""
        return [str(one.result.get("msg")) for one in self.tasks if one.status in ("failed", "ignored")]

    def assert_ok(self) -> Run:
        """Fail the test, with the output, unless the run ended well."""
        assert self.returncode == 0, self.output
        return self


@dataclass
class Ansible:
    """ansible-playbook in a folder of its own.

    Args:
        folder: where playbooks, vars files and temporary files go; also HOME.
        collections: where the collection is installed.
        bin: the folder of the commands.
    """

    folder: Path
    collections: Path
    bin: Path = DEFAULT_BIN
    environment: dict[str, str] = field(default_factory=dict)

    def with_core(self, version: str) -> Ansible:
        """Return the same for an ansible-core version that is installed."""
        found = core_bin(version)
        assert found, f"ansible-core {version} is not installed"
        return Ansible(self.folder, self.collections, found, self.environment)

    def env(self, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        """Return the environment of a run: nothing of ours but PATH."""
        return {
            "PATH": f"{self.bin}:{os.environ['PATH']}",
            "HOME": str(self.folder),
            "LANG": "C.UTF-8",
            "ANSIBLE_COLLECTIONS_PATH": str(self.collections),
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_CALLBACK_PLUGINS": str(ROOT / "tests" / "plays" / "callback"),
            "ANSIBLE_CALLBACKS_ENABLED": "record",
            "RECORD_FILE": str(self.folder / "record.jsonl"),
            **self.environment,
            **(extra or {}),
        }

    @property
    def _is_usual(self) -> bool:
        """Whether the commands are those of a virtual environment, and no file configures them."""
        return (self.bin / "python").exists() and not (self.folder / "ansible.cfg").exists()

    def command(self, playbook: Path | str, arguments: Sequence[str] = ()) -> list[str]:
        """Return the command that runs a playbook on localhost."""
        inventory = self.folder / "inventory.yml"
        inventory.write_text(
            yaml.safe_dump(
                {
                    "all": {
                        "hosts": {
                            "localhost": {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
                        }
                    }
                }
            )
        )
        return [str(self.bin / "ansible-playbook"), "-i", str(inventory), str(playbook), *arguments]

    def play(
        self,
        tasks: Sequence[Mapping[str, Any]],
        *,
        check: bool = False,
        arguments: Sequence[str] = (),
        env: Mapping[str, str] | None = None,
        timeout: float = 120,
        **play: Any,
    ) -> Run:
        """Run tasks as one play on localhost.

        Args:
            tasks: the tasks, as in YAML.
            check: True for check mode.
            arguments: more for the command line.
            env: more for the environment.
            timeout: seconds after which the test fails.
            play: more keywords of the play, such as vars and module_defaults.
        """
        playbook = self.folder / "playbook.yml"
        content = [{"name": "Test", "hosts": "localhost", "gather_facts": False, **play, "tasks": [dict(task) for task in tasks]}]
        playbook.write_text(yaml.safe_dump(content, sort_keys=False))
        return self.run(playbook, [*(["--check"] if check else []), *arguments], env=env, timeout=timeout)

    def start(self, command: Sequence[str], environment: Mapping[str, str]) -> subprocess.Popen[str]:
        """Start a command in a process group of its own, which heeds Ctrl-C whatever the test run ignores; its output is one text."""
        return subprocess.Popen(
            list(command),
            cwd=self.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            preexec_fn=_heed_signals,
        )

    def run(
        self, playbook: Path | str, arguments: Sequence[str] = (), *, env: Mapping[str, str] | None = None, timeout: float = 120
    ) -> Run:
        """Run a playbook and return how it ended."""
        environment = self.env(env)
        record = Path(environment["RECORD_FILE"])
        record.unlink(missing_ok=True)
        command = self.command(playbook, arguments)
        plain = Ansible(self.folder, self.collections, self.bin).env()
        if early(environment) == early(plain) and self._is_usual and not os.environ.get("COLD_PLAYS"):
            returncode, output = warm_ansible(self.bin, self.collections, plain).run(command, self.folder, environment, timeout)
        else:
            with self.start(command, environment) as process:
                try:
                    output, _unused = process.communicate(timeout=timeout)
                except BaseException:
                    process.kill()
                    raise
            returncode = process.returncode
        lines = record.read_text().splitlines() if record.exists() else []
        return Run(returncode, output, [TaskResult(**json.loads(line)) for line in lines])


def _heed_signals() -> None:
    """Undo what a test run may have inherited: a shell lets its background jobs ignore Ctrl-C, and nohup the end of the terminal."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


_WARM: dict[tuple[Path, Path], WarmAnsible] = {}


def warm_ansible(folder: Path, collections: Path, env: Mapping[str, str]) -> WarmAnsible:
    """Return the process of this test process that has imported an ansible-core and the collection."""
    if (folder, collections) not in _WARM:
        _WARM[folder, collections] = warm = WarmAnsible(folder / "python", collections, env)
        atexit.register(warm.close)
    return _WARM[folder, collections]


def install_collection(folder: Path) -> Path:
    """Build the collection and install the artifact, once for all test processes that share the folder; return the collections path."""
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / "collections"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (target / "ansible_collections" / "latchkey" / "tokens" / "MANIFEST.json").exists():
            galaxy = str(DEFAULT_BIN / "ansible-galaxy")
            env = {"PATH": f"{DEFAULT_BIN}:{os.environ['PATH']}", "HOME": str(folder), "LANG": "C.UTF-8"}
            for arguments in (
                ["collection", "build", "--force", "--output-path", str(folder), str(ROOT)],
                [
                    "collection",
                    "install",
                    "--force",
                    "--offline",
                    "--no-deps",
                    "-p",
                    str(target),
                    str(folder / "latchkey-tokens-1.0.0.tar.gz"),
                ],
            ):
                subprocess.run([galaxy, *arguments], env=env, check=True, capture_output=True, timeout=120)
    return target
