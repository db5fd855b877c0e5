# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the chaos tests start from: the fixtures of the integration tests, simulators that a file's tests share, and the record."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos._points import points_of
from tests.chaos._record import LINES, Recorder
from tests.plays._rotation_kinds import Appliances
from tests.plays._saboteur import Saboteur
from tests.plays.conftest import ansible, collections

__all__ = ["ansible", "collections", "points_of"]  # fixtures


@pytest.fixture
def recorder() -> Recorder:
    """The record of all that is done here."""
    return Recorder()


@pytest.fixture
def saboteur(tmp_path: Path) -> Saboteur:
    """What notes the points of a run, and strikes at them."""
    return Saboteur(tmp_path / "saboteur")


@pytest.fixture(scope="module")
def simulators(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Appliances]:
    """A simulated appliance of each platform, started when it is asked for; every trial begins with credentials of its own."""
    # A stalled answer takes longer than any time-out that a test sets.
    with Appliances(tmp_path_factory, slow_seconds="8") as appliances:
        yield appliances


def pytest_sessionstart(session: pytest.Session) -> None:
    """Begin a new record, once for all test processes."""
    if not hasattr(session.config, "workerinput"):
        LINES.unlink(missing_ok=True)
