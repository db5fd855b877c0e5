# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures: a simulated appliance."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.simulator.launch import Simulator, launch


@pytest.fixture
def simulator(tmp_path: Path) -> Iterator[Simulator]:
    """A cluster of Qumulo Core, of the newest version."""
    with launch("qumulo", directory=tmp_path) as running:
        yield running
