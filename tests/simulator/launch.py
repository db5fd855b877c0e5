# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Start a simulator for a test or the demo: `with launch("qumulo") as simulator`."""

from __future__ import annotations

import json
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 30


class StartError(RuntimeError):
    """The simulator did not start; says what it wrote."""


class Simulator:
    """A simulator that runs in a process of its own, which also ends when this one does."""

    platform: str
    url: str
    host: str
    port: int
    ca_file: str
    s3_url = ""  # of the S3 API, where there is one
    admin: dict[str, str]
    service_account: dict[str, Any]

    def __init__(self, command: list[str], directory: Path) -> None:
        self._command = command
        self.directory = directory
        self.ready_file = directory / "ready.json"
        self.journal_file = directory / "journal.jsonl"
        self._port: int = 0
        self._s3_port = 0
        self._issued: set[str] = set()
        self._start()

    def _start(self) -> None:
        self.ready_file.unlink(missing_ok=True)
        with (self.directory / "output.txt").open("ab") as output:
            self._process = subprocess.Popen(
                [*self._command, "--port", str(self._port), "--s3-port", str(self._s3_port)],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
            )
        deadline = time.monotonic() + START_SECONDS
        while not self.ready_file.exists():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise StartError((self.directory / "output.txt").read_text())
            time.sleep(0.01)
        for name, value in json.loads(self.ready_file.read_text()).items():
            setattr(self, name, value)
        self._port = self.port
        self._s3_port = int(self.s3_url.rpartition(":")[2] or 0)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def stop(self) -> int:
        """Stop it if it runs, and return its exit code."""
        if self._process.stdin is not None:
            # the end of its input asks it to stop, as SIGTERM does
            self._process.stdin.close()
        self._process.terminate()
        try:
            return self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()

    def restart(self) -> None:
        """Stop it and start it again on the same port, with the same state and certificate authority."""
        self.stop()
        self._start()

    def control(self, method: str, path: str, data: Any = None) -> Any:
        """Send a request to the control interface; `path` is what follows /_simulator/."""
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}),
            urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=self.ca_file)),
        )
        body = None if data is None else json.dumps(data).encode()
        # By this name it can be reached whatever certificate it shows to others.
        request = urllib.request.Request(
            f"https://localhost:{self.port}/_simulator/{path}", body, {"Content-Type": "application/json"}, method=method
        )
        try:
            with opener.open(request, timeout=30) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                raise ValueError(error.read().decode()) from None

    def journal(self) -> list[dict[str, Any]]:
        """Return the journal's entries."""
        if not self.journal_file.exists():
            return []
        return [json.loads(line) for line in self.journal_file.read_text(encoding="utf-8").splitlines()]

    def credentials(self, everything: bool = False) -> list[dict[str, Any]]:
        """Return the live credentials, or `everything`: also disabled and expired ones."""
        found: list[dict[str, Any]] = self.control("GET", "credentials?all=true" if everything else "credentials")
        return found

    def issued(self) -> list[str]:
        """Return all secrets that it has handed out, those of what is gone by now too: what must never be shown.

        Of one that is down, those that it told before.
        """
        if self._process.poll() is None:
            self._issued |= set(self.control("GET", "issued"))
        return sorted(self._issued)

    def advance(self, seconds: float) -> None:
        """Move the simulator's clock."""
        self.control("POST", "advance", {"seconds": seconds})

    def fault(self, fault: str, after: int = 0) -> None:
        """Add a fault, METHOD:PATH_REGEX:STATUS[:TIMES], that lets so many requests pass first."""
        self.control("POST", "faults", {"fault": fault, "after": after})

    def serve_late(self) -> None:
        """Serve the requests that the fault ``late`` holds back; the first one is waited for."""
        assert self.control("POST", "serve-late", {})["served"] > 0

    def faults(self) -> list[str]:
        """Return the faults that can still hit."""
        found: list[str] = self.control("GET", "faults")
        return found

    def most_requests(self) -> int:
        """Return how many requests were in progress at a time, at most, since the start or the last forget_requests()."""
        return int(self.control("GET", "requests")["most"])

    def forget_requests(self) -> None:
        """Count anew how many there are at most."""
        self.control("DELETE", "requests")

    def clear_faults(self) -> None:
        """Remove all faults."""
        self.control("DELETE", "faults")


@contextmanager
def launch(
    platform: str,
    version: str | None = None,
    settings: Mapping[str, str] | None = None,
    faults: Iterable[str] = (),
    latency_ms: float = 0,
    directory: Path | None = None,
    python: str = sys.executable,
    host_name: str | None = None,
) -> Iterator[Simulator]:
    """Run a simulator until the block ends.

    :arg directory: where its files go (ready.json, journal.jsonl, state.json, certificates, output.txt); None takes a temporary one.
        A second launch in the same directory goes on with the first one's data.
    :arg host_name: a name that its certificate is good for, too.
    :raises StartError: when it does not start, for example for an unknown setting.
    """
    with nullcontext(directory) if directory else tempfile.TemporaryDirectory(prefix="simulator-") as where:
        folder = Path(where)
        command = [python, "-m", "tests.simulator", platform, "--stop-with-stdin", "--latency-ms", str(latency_ms)]
        command += ["--ready-file", str(folder / "ready.json"), "--journal", str(folder / "journal.jsonl")]
        command += ["--state", str(folder / "state.json"), "--cert-dir", str(folder / "certificates")]
        command += ["--version", version] if version else []
        command += ["--host-name", host_name] if host_name else []
        for name, value in (settings or {}).items():
            command += ["--set", f"{name}={value}"]
        for fault in faults:
            command += ["--fault", fault]
        simulator = Simulator(command, folder)
        try:
            yield simulator
        finally:
            simulator.stop()
