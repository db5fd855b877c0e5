# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The vendor's client for Qumulo, unmodified: its SDK, and its `qq` command."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from qumulo.lib.auth import Credentials
from qumulo.rest_client import RestClient

from tests.simulator.launch import Simulator

# As root, the vendor's client takes a privileged source port for "localhost" and "127.0.0.1", but not for this spelling.
HOST = "LOCALHOST"
PASSWORD = "Correct-horse-7"


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


class Qq:
    """Runs the vendor's `qq`, each time with a home directory of its own, and tells what it sent."""

    def __init__(self, simulator: Simulator, directory: Path) -> None:
        self._simulator = simulator
        self._directory = directory
        self._program = shutil.which("qq", path=str(Path(sys.executable).parent)) or shutil.which("qq")
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
        command = [str(self._program), "--host", HOST, "--port", str(self._simulator.port)]
        if not anonymous:
            command += ["--credentials-store", str(store or self.store)]
        environment = {"HOME": str(self.home), "PATH": os.environ["PATH"], "TZ": "UTC"}
        return subprocess.run([*command, *arguments], env=environment, input=stdin, capture_output=True, text=True, timeout=60, check=False)

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
