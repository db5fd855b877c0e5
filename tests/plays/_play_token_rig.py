# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A rig to test play tokens: plays that use one, are stopped in the middle, and what the appliance says before, meanwhile and after."""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.plays._ansible import Ansible, Run
from tests.plays._options import administrator, client, where
from tests.plays._watchers import watchers
from tests.simulator.launch import Simulator

CALLBACK = "latchkey.tokens.revoke_play_tokens"
LOOKUP = "lookup('latchkey.tokens.play_token')"
MODULE = "latchkey.tokens.access_check"
SOON = 4.0  # seconds from the end of a run to the last revocation; it is below one on an idle machine
_LONG = 60.0
# platform -> the requests that make and end a token
_MINT = {
    "qumulo": re.compile(r"POST /v1/auth/access-tokens/"),
    "rubrik_cdm": re.compile(r"POST /api/v1/service_account/session"),
    "rubrik_rsc": re.compile(r"POST /api/client_token"),
}
_REVOKE = re.compile(r"DELETE /(v1/auth/access-tokens/\d+|api/v1/session/me|api/session)")
# Loaded by Python itself in Ansible's process: the process that waits for the end of the run cannot be started.
UNWATCHED = """\
import subprocess


class Popen(subprocess.Popen):
    def __init__(self, args, *more, **how):
        if any("_play_token/watcher_process" in str(one) for one in args):
            raise OSError(11, "Resource temporarily unavailable")
        super().__init__(args, *more, **how)


subprocess.Popen = Popen
"""


def wait_until(holds: Callable[[], Any], what: str, seconds: float = _LONG) -> Any:
    """Wait until something holds, and return it; fail the test when it does not in time."""
    deadline = time.monotonic() + seconds
    while not (found := holds()):
        assert time.monotonic() < deadline, f"{what}: not within {seconds} s"
        time.sleep(0.02)
    return found


@dataclass
class Rig:
    """Ansible and an appliance, and a way to stop a play in the middle.

    Args:
        ansible: where to run.
        simulator: the appliance.
        env: more for the environment.
    """

    ansible: Ansible
    simulator: Simulator
    env: dict[str, str] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        self._earlier = len(self.simulator.journal())  # of other tests, with which this one may share the appliance

    def login(self) -> dict[str, str]:
        """Return the options that prove the account whose token it is."""
        return administrator(self.simulator) if self.simulator.platform == "qumulo" else client(self.simulator)

    def variables(self) -> dict[str, Any]:
        """Return the lookup's options as variables of a play."""
        return {f"latchkey_{name}": value for name, value in {**where(self.simulator), **self.login()}.items()}

    def play(self, *tasks: Mapping[str, Any], **keywords: Any) -> dict[str, Any]:
        """Return a play whose modules authenticate with a play token."""
        return {
            "name": "Test",
            "hosts": "localhost",
            "gather_facts": False,
            "vars": {**self.variables(), **keywords.pop("vars", {})},
            "module_defaults": {"group/latchkey.tokens.latchkey": {**where(self.simulator), "token": "{{ " + LOOKUP + " }}"}},
            **keywords,
            "tasks": [dict(task) for task in tasks],
        }

    def write(self, *plays: Mapping[str, Any]) -> Path:
        """Write a playbook."""
        playbook = self.ansible.folder / f"playbook-{next(self._numbers)}.yml"
        playbook.write_text(yaml.safe_dump(list(plays), sort_keys=False))
        return playbook

    def run(self, *plays: Mapping[str, Any], arguments: Sequence[str] = (), env: Mapping[str, str] | None = None) -> Run:
        """Run a playbook to its end."""
        return self.ansible.run(self.write(*plays), arguments, env={**self.env, **(env or {})})

    def with_callback(self) -> Rig:
        """Return the same with the callback enabled."""
        return Rig(self.ansible, self.simulator, {**self.env, "ANSIBLE_CALLBACKS_ENABLED": f"{CALLBACK},record"})

    def without_watcher(self) -> Rig:
        """Return the same on a controller that cannot start the watcher."""
        folder = self.ansible.folder / "patched"
        folder.mkdir(exist_ok=True)
        (folder / "sitecustomize.py").write_text(UNWATCHED)
        return Rig(self.ansible, self.simulator, {**self.env, "PYTHONPATH": str(folder)})

    def watchers(self) -> list[int]:
        """Return the processes that watch runs of this rig: they hold a file open in its folder."""
        return watchers(self.ansible.folder)

    # What the appliance says

    def requests(self) -> list[str]:
        """Return the successful requests that the appliance got since the rig was made."""
        return [f"{one['method']} {one['path']}" for one in self.simulator.journal()[self._earlier :] if one["status"] < 400]

    def mints(self) -> int:
        """Return how many tokens were made."""
        return sum(bool(_MINT[self.simulator.platform].fullmatch(one)) for one in self.requests())

    def revocations(self) -> int:
        """Return how many tokens were ended."""
        return sum(bool(_REVOKE.fullmatch(one)) for one in self.requests())

    def live(self) -> list[str]:
        """Return the tokens that are alive. Sessions of Qumulo Core do not count: nobody can end them."""
        others = ("client_secret", *(["session"] if self.simulator.platform == "qumulo" else []))
        return sorted(one["id"] for one in self.simulator.credentials() if one["kind"] not in others)

    def assert_as_before(self, before: list[str], mints: int = 1) -> None:
        """Check that soon nothing is left, and that each token was made and ended once."""
        wait_until(lambda: self.live() == before, "the tokens are revoked", SOON)
        # Requests are entered in the journal after they are answered.
        wait_until(lambda: self.revocations() >= mints, f"{mints} revocations of {self.mints()} tokens", SOON)
        assert (self.mints(), self.revocations()) == (mints, mints)
        wait_until(lambda: not self.watchers(), "the watcher ends", SOON)

    # A play that is stopped in the middle

    @contextmanager
    def in_the_middle(self, *after: Mapping[str, Any], arguments: Sequence[str] = ()) -> Iterator[subprocess.Popen[str]]:
        """Start a play that uses a token, and yield its main process while a task of it waits; let go of what is left at the end.

        Args:
            after: tasks that come after the one that waits.
            arguments: more for the command line.
        """
        started, gate = self.ansible.folder / "started", self.ansible.folder / "gate"
        os.mkfifo(gate)
        use = {"name": "Use", MODULE: {}}
        wait = {"name": "Wait", "ansible.builtin.command": {"argv": ["sh", "-c", f"echo > {started}; read line < {gate}"]}}
        process = self.start([use, wait, {"name": "Use again", MODULE: {}}, *after], arguments)
        try:
            wait_until(lambda: started.exists() or process.poll() is not None, "the play is in the middle")
            assert process.poll() is None, process.communicate()[0]
            yield process
        finally:
            self.let_go_on()
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate(timeout=_LONG)

    def let_go_on(self) -> None:
        """Let the task go on that waits, if there is one."""
        with contextlib.suppress(OSError), open(os.open(self.ansible.folder / "gate", os.O_WRONLY | os.O_NONBLOCK), "w") as gate:
            gate.write("\n")

    def start(self, tasks: Sequence[Mapping[str, Any]], arguments: Sequence[str] = ()) -> subprocess.Popen[str]:
        """Start a play in a process group of its own."""
        return self.ansible.start(self.ansible.command(self.write(self.play(*tasks)), arguments), self.ansible.env(self.env))
