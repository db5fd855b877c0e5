# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs of the role side by side, each held at a point of its own until the test lets it go on. Nobody sleeps: all wait for one another."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tests.plays._ansible import Run
from tests.plays._role_rig import RoleRig, finish, start
from tests.plays._saboteur import Saboteur

_PATIENCE = 200.0  # seconds, for a machine that is very busy


class Contender:
    """A run that stops at a point. To be used in a with statement, at whose end it has ended.

    Args:
        rig: what is rotated.
        folder: of a saboteur of its own.
        point: where it stops: a number, or the words of a point; None for nowhere.
        variables: it is run with.
    """

    def __init__(self, rig: RoleRig, folder: Path, point: int | str | None, **variables: Any) -> None:
        self._rig = rig
        self._gate = socket.create_server(("127.0.0.1", 0))
        self._over, self._theirs = socket.socketpair()
        self._held: socket.socket | None = None
        self._processes: tuple[int, ...] = ()
        self.reached = False
        port = self._gate.getsockname()[1]
        hold = f"""
import os, socket
with socket.create_connection(("127.0.0.1", {port}), {_PATIENCE}) as gate:
    gate.sendall(f"{{main}} {{os.getpid()}}\\n".encode())
    gate.recv(1)
"""
        env = Saboteur(folder).environment(rig.path.name, point, hold)
        self._pool = ThreadPoolExecutor(1)
        self._process = start(rig, env, **variables)
        self._run: Future[Run] = self._pool.submit(self._finish)

    def _finish(self) -> Run:
        try:
            return finish(self._rig, self._process)
        finally:
            self._theirs.close()

    def __enter__(self) -> Contender:
        return self

    def __exit__(self, *_unused: object) -> None:
        self.let_go()
        with contextlib.suppress(Exception):
            self._run.result(_PATIENCE)
        self._pool.shutdown(wait=False)
        for one in (self._gate, self._over):
            one.close()

    def wait(self) -> bool:
        """Wait until the run is at its point, or over; return whether it is there."""
        ready, _writable, _failed = select.select([self._gate, self._over], [], [], _PATIENCE)
        assert ready, "the run neither got to its point nor ended"
        if self._gate in ready:
            self._held, _address = self._gate.accept()
            self._held.settimeout(_PATIENCE)
            with self._held.makefile() as file:
                self._processes = tuple(map(int, file.readline().split()))
            self.reached = True
        return self.reached

    def let_go(self) -> None:
        """Let the run go on from its point."""
        if self._held is not None:
            self._held.close()
            self._held = None

    def kill(self) -> None:
        """Kill the run at its point, with the worker that is held there."""
        assert self._held is not None
        main, worker = self._processes
        os.killpg(os.getpgid(main), signal.SIGKILL)
        with contextlib.suppress(ProcessLookupError):
            os.kill(worker, signal.SIGKILL)
        self._held.close()
        self._held = None

    def result(self) -> Run:
        """Return how the run ended, once it has."""
        self.let_go()
        return self._run.result(_PATIENCE)
