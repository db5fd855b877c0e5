# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What integration tests start from: the installed collection, a simulated appliance, and a folder to run playbooks in."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.latchkey.tokens.plugins.module_utils._common.secrets import forget_all
from ansible_collections.latchkey.tokens.plugins.module_utils._http import client as http_layer
from tests.plays._ansible import CORE_VERSIONS, EVERY_DAY, Ansible, core_bin, install_collection
from tests.plays._in_process_simulator import InProcess, Start, simulators_in_this_process
from tests.plays._rubrik_rigs import SecretRig, secret_rig_of
from tests.plays._saboteur import Saboteur
from tests.simulator.launch import Simulator, launch


@pytest.fixture(autouse=True)
def no_secrets_of_another_test() -> None:
    """Forget what this process was given in other tests, so that it is not masked in this one."""
    forget_all()


@pytest.fixture(scope="session")
def collections(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The collection as users have it: built, and installed from the artifact."""
    shared = tmp_path_factory.getbasetemp()
    return install_collection((shared.parent if shared.name.startswith("popen-") else shared) / "installed")


@pytest.fixture
def ansible(tmp_path: Path, collections: Path) -> Ansible:
    """Real ansible-playbook in an empty folder, with the ansible-core of the test run."""
    return Ansible(tmp_path, collections)


@pytest.fixture(params=[one if one in EVERY_DAY else pytest.param(one, marks=pytest.mark.chaos) for one in CORE_VERSIONS])
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


@pytest.fixture(scope="module")
def shared_administrator() -> dict[str, str]:
    """The token that all rigs at the shared cluster work with: the administrator may have two."""
    return {}


@pytest.fixture
def saboteur(tmp_path: Path) -> Saboteur:
    """What notes the points of a run, and strikes at them."""
    return Saboteur(tmp_path / "saboteur")


@pytest.fixture
def cdm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    """A simulated Rubrik CDM cluster of the test's own."""
    with launch("rubrik_cdm", directory=tmp_path_factory.mktemp("cdm")) as simulator:
        yield simulator


@pytest.fixture(scope="module")
def shared_cdm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    """A simulated Rubrik CDM cluster that the tests of a file share: for those that leave it as it was, or only look at what they add."""
    with launch("rubrik_cdm", directory=tmp_path_factory.mktemp("shared_cdm")) as simulator:
        yield simulator


@pytest.fixture
def rsc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    """A simulated account of Rubrik Security Cloud of the test's own."""
    with launch("rubrik_rsc", directory=tmp_path_factory.mktemp("rsc")) as simulator:
        yield simulator


@pytest.fixture(scope="module")
def rubrik(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Simulator]]:
    """One of each of Rubrik's platforms, shared by the tests of a file, which begin with accounts of their own."""
    with (
        launch("rubrik_rsc", directory=tmp_path_factory.mktemp("rsc")) as rsc,
        launch("rubrik_cdm", directory=tmp_path_factory.mktemp("cdm")) as cdm,
    ):
        yield {"rsc": rsc, "cdm": cdm}


@pytest.fixture
def rig(request: pytest.FixtureRequest, ansible: Ansible, rubrik: dict[str, Simulator]) -> SecretRig:
    """The rig of a kind of secret, which each_secret() names. Files about other credentials have rigs of their own."""
    return secret_rig_of(request.param, ansible, rubrik)


@pytest.fixture
def appliance(monkeypatch: pytest.MonkeyPatch) -> Start:
    """Start a simulated appliance in this process, by platform, version and settings. Nobody waits between attempts."""
    return simulators_in_this_process(monkeypatch)


@pytest.fixture
def cluster(appliance: Start) -> InProcess:
    """A simulated Qumulo cluster in this process."""
    return appliance("qumulo")


@pytest.fixture
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for nothing between the attempts at a request of this process, whose appliance is elsewhere."""
    monkeypatch.setattr(http_layer, "time", SimpleNamespace(sleep=lambda _pause: None, monotonic=time.monotonic))


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "chaos: takes long, and is left out unless -m is given: -m chaos, or for all -m 'chaos or not chaos'"
    )
    config.addinivalue_line("markers", "fleet: takes long and measures, so that it wants a machine of its own: make test-fleet")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.option.markexpr:
        return
    long = [item for item in items if item.get_closest_marker("chaos") or item.get_closest_marker("fleet")]
    config.hook.pytest_deselected(items=long)
    items[:] = [item for item in items if item not in long]


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print what each operation sends."""
    passed = terminalreporter.stats.get("passed", [])
    noted = [one for report in passed if report.when == "call" for one in report.user_properties]
    for platform, what, sent in sorted(value for name, value in noted if name == "requests"):
        terminalreporter.write_line(f"{platform}, {what}: {len(sent)} requests: {', '.join(sent)}")
