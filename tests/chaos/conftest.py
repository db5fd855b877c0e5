# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the chaos tests start from: the fixtures of the integration tests, simulators that a file's tests share, and the record."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos._record import LINES, Recorder
from tests.integration._rotation_harness import Saboteur
from tests.integration.conftest import ansible, collections  # noqa: F401  (fixtures)
from tests.simulator.launch import Simulator, launch

PLATFORMS = {"qumulo": "qumulo", "cdm": "rubrik_cdm", "rsc": "rubrik_rsc"}


@pytest.fixture
def recorder() -> Recorder:
    """The record of all that is done here."""
    return Recorder()


@pytest.fixture
def saboteur(tmp_path: Path) -> Saboteur:
    """What notes the points of a run, and strikes at them."""
    return Saboteur(tmp_path / "saboteur")


@pytest.fixture(scope="module")
def simulators(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Simulator]]:
    """A simulated appliance of each platform, started when it is asked for; every trial begins with credentials of its own."""
    with _Simulators(tmp_path_factory) as simulators:
        yield simulators


class _Simulators(dict[str, Simulator]):
    def __init__(self, folders: pytest.TempPathFactory) -> None:
        super().__init__()
        self._folders = folders
        self._running = contextlib.ExitStack()

    def __enter__(self) -> _Simulators:
        return self

    def __exit__(self, *_unused: object) -> None:
        self._running.close()

    def __missing__(self, name: str) -> Simulator:
        self[name] = self._running.enter_context(launch(PLATFORMS[name], directory=self._folders.mktemp(name)))
        return self[name]


def pytest_sessionstart(session: pytest.Session) -> None:
    """Begin a new record, once for all test processes."""
    if not hasattr(session.config, "workerinput"):
        LINES.unlink(missing_ok=True)
