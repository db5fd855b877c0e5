# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What integration tests start from: the installed collection, a simulated appliance, and a folder to run playbooks in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration._ansible import CORE_VERSIONS, Ansible, core_bin, install_collection
from tests.simulator.launch import Simulator, launch


@pytest.fixture(scope="session")
def collections(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The collection as users have it: built, and installed from the artifact."""
    shared = tmp_path_factory.getbasetemp()
    return install_collection((shared.parent if shared.name.startswith("popen-") else shared) / "installed")


@pytest.fixture
def ansible(tmp_path: Path, collections: Path) -> Ansible:
    """Real ansible-playbook in an empty folder, with the ansible-core of the test run."""
    return Ansible(tmp_path, collections)


@pytest.fixture(params=CORE_VERSIONS)
def each_core(request: pytest.FixtureRequest, ansible: Ansible) -> Ansible:
    """Real ansible-playbook, once with each ansible-core version that there is a Python for."""
    if core_bin(request.param) is None:
        pytest.skip(f"ansible-core {request.param} is not installed here")
    return ansible.with_core(request.param)


@pytest.fixture
def qumulo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    """A simulated Qumulo cluster of the test's own."""
    with launch("qumulo", directory=tmp_path_factory.mktemp("qumulo")) as simulator:
        yield simulator


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    """A simulated Qumulo cluster that the tests of a file share: for those that leave it as it was, or use accounts of their own."""
    with launch("qumulo", directory=tmp_path_factory.mktemp("shared")) as simulator:
        yield simulator


def shared_options(simulator: Simulator, **more: Any) -> dict[str, Any]:
    """Return the options that all modules share, for the appliance's administrator."""
    return {"platform": "qumulo", "endpoint": simulator.url, "ca_path": simulator.ca_file, **simulator.admin, **more}


def defaults(simulator: Simulator, **more: Any) -> dict[str, Any]:
    """Return them as module_defaults of a play."""
    return {"group/latchkey.tokens.latchkey": shared_options(simulator, **more)}


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "chaos: takes long, and is left out unless -m is given: -m chaos, or for all -m 'chaos or not chaos'"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.option.markexpr:
        return
    config.hook.pytest_deselected(items=[item for item in items if item.get_closest_marker("chaos")])
    items[:] = [item for item in items if not item.get_closest_marker("chaos")]


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print at how many points runs were killed."""
    passed = terminalreporter.stats.get("passed", [])
    counts = [value for report in passed if report.when == "call" for name, value in report.user_properties if name == "kill points"]
    if counts:
        terminalreporter.write_line(f"Rotations were killed, and set right by the next run, at {sum(counts)} points.")
