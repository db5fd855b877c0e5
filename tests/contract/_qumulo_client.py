# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The vendor's client for Qumulo, unmodified: its SDK, and its `qq` command."""

from __future__ import annotations

import json
import multiprocessing
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from qumulo.lib.auth import Credentials
from qumulo.lib.qq import qq_main_PYTHON_ARGCOMPLETE_OK
from qumulo.rest_client import RestClient

from tests.simulator.launch import Simulator

# As root, the vendor's client takes a privileged source port for "localhost" and "127.0.0.1", but not for this spelling.
HOST = "LOCALHOST"
PASSWORD = "Correct-horse-7"
_STREAMS = ("stdin", "stdout", "stderr")  # files in the home directory of a command
# What the command imports takes most of its time, so it is forked from a process that has done that.
_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["qumulo.lib.qq", __name__])


def connect(simulator: Simulator, token: str | None = None) -> RestClient:
    """Return the SDK's client, with a bearer token or else logged in as administrator."""
    if token is not None:
        return RestClient(HOST, simulator.port, Credentials(token))
    client = RestClient(HOST, simulator.port)
    client.login(**simulator.admin)
    return client


def add_user(client: RestClient, name: str = "jane") -> str:
    """Add a local user with that password and return its id."""
    user_id: str = client.users.add_user(name, "513", PASSWORD)["id"]
    return user_id


def _run_qq(command: list[str], environment: dict[str, str]) -> None:
    """Become `qq`, with this command line and environment."""
    os.environ.clear()
    os.environ.update(environment)
    for descriptor, (name, mode) in enumerate(zip(_STREAMS, "rww", strict=True)):
        path = Path(environment["HOME"], name)
        os.dup2(os.open(path, os.O_RDONLY if mode == "r" else os.O_WRONLY | os.O_CREAT, 0o600), descriptor)
        setattr(sys, name, os.fdopen(descriptor, mode))
    sys.argv = command
    sys.exit(qq_main_PYTHON_ARGCOMPLETE_OK())


class Qq:
    """Runs the vendor's `qq`, each time with a home directory of its own, and tells what it sent.

    Args:
        simulator: the cluster.
        directory: for credentials and home directories.
        forked: whether a command is forked from a process that has imported it; otherwise it is started, as users do, and takes longer.
    """

    def __init__(self, simulator: Simulator, directory: Path, forked: bool = True) -> None:
        self._simulator = simulator
        self._directory = directory
        self._forked = forked
        self._calls = 0
        self._seen = 0
        self.store = self.save_token("administrator", self.login(**simulator.admin))
        self.sent()

    def login(self, username: str, password: str) -> str:
        """Log in with the SDK and return the session token."""
        client = RestClient(HOST, self._simulator.port)
        return str(client.login(username, password).bearer_token)

    def save_token(self, name: str, token: str) -> Path:
        """Write a credentials store for `qq`."""
        path = self._directory / f"{name}.json"
        path.write_text(json.dumps({"version": 1, "bearer_token": token}))
        return path

    def run(self, *arguments: str, store: Path | None = None, stdin: str = "", anonymous: bool = False) -> subprocess.CompletedProcess[str]:
        """Run `qq` as the administrator, with another credentials store, or with none."""
        self._calls += 1
        self.home = self._directory / f"home{self._calls}"
        self.home.mkdir()
        command = ["qq", "--host", HOST, "--port", str(self._simulator.port)]
        if not anonymous:
            command += ["--credentials-store", str(store or self.store)]
        environment = {"HOME": str(self.home), "PATH": os.environ["PATH"], "TZ": "UTC"}
        if not self._forked:
            command[0] = str(Path(sys.executable).with_name("qq"))
            how: dict[str, Any] = {"env": environment, "input": stdin, "capture_output": True, "text": True, "timeout": 60}
            return subprocess.run([*command, *arguments], check=False, **how)
        (self.home / _STREAMS[0]).write_text(stdin)
        process = _FORKS.Process(target=_run_qq, args=([*command, *arguments], environment))
        process.start()
        process.join(60)
        assert process.exitcode is not None, f"qq {arguments} does not end"
        output, errors = ((self.home / name).read_text() for name in _STREAMS[1:])
        return subprocess.CompletedProcess(command, process.exitcode, output, errors)

    def __call__(self, *arguments: str, store: Path | None = None, stdin: str = "") -> str:
        """Run `qq`, which must succeed, and return what it printed."""
        result = self.run(*arguments, store=store, stdin=stdin)
        assert result.returncode == 0, result.stderr
        return result.stdout

    def fails(self, *arguments: str, store: Path | None = None) -> str:
        """Run `qq`, which must fail in an orderly way, and return its message."""
        result = self.run(*arguments, store=store)
        assert result.returncode == 1
        assert "Traceback" not in result.stderr
        return result.stderr

    def sent(self) -> list[tuple[str, Any]]:
        """Return the requests since the last call: method, path and query; body."""
        journal = self._simulator.journal()
        new, self._seen = journal[self._seen :], len(journal)
        return [(f"{one['method']} {one['path']}" + (f"?{one['query']}" if one["query"] else ""), one["body"]) for one in new]
