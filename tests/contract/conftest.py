# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures: a simulated cluster, and the vendor's client connected to it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from qumulo.rest_client import RestClient

from ansible_collections.latchkey.tokens.plugins.module_utils._common.secrets import forget_all
from tests.contract._qumulo_client import Qq, connect
from tests.simulator.launch import Simulator, launch


@pytest.fixture(autouse=True)
def no_secrets_of_another_test() -> None:
    """Forget what this process was given in other tests, so that it is not masked in this one."""
    forget_all()


@pytest.fixture
def simulator(tmp_path: Path) -> Iterator[Simulator]:
    """A cluster of the newest version."""
    with launch("qumulo", directory=tmp_path) as running:
        yield running


@pytest.fixture
def qq(simulator: Simulator, tmp_path: Path) -> Qq:
    """The vendor's command line, logged in as administrator."""
    return Qq(simulator, tmp_path)


@pytest.fixture
def client(simulator: Simulator) -> RestClient:
    """The vendor's SDK, logged in as administrator."""
    return connect(simulator)
