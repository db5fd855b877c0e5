# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What integration tests start from: the installed collection, a simulated appliance, and a folder to run playbooks in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from ansible_collections.latchkey.tokens.plugins.module_utils import _http
from tests.integration._ansible import CORE_VERSIONS, Ansible, core_bin, install_collection
from tests.integration._in_process_simulator import InProcess
from tests.integration._rotation_harness import Saboteur
from tests.simulator.launch import Simulator, launch

Start = Callable[..., InProcess]


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


@pytest.fixture
def rsc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    """A simulated account of Rubrik Security Cloud of the test's own."""
    with launch("rubrik_rsc", directory=tmp_path_factory.mktemp("rsc")) as simulator:
        yield simulator


@pytest.fixture
def appliance(monkeypatch: pytest.MonkeyPatch) -> Start:
    """Start a simulated appliance in this process, by platform, version and settings. Nobody waits between attempts."""
    return simulators_in_this_process(monkeypatch)


def simulators_in_this_process(patch: pytest.MonkeyPatch) -> Start:
    """Let requests go to simulators in this process, and return what starts one."""
    running: dict[str, InProcess] = {}

    def request(_session: requests.Session, method: str, url: str, **how: Any) -> Any:
        return running[str(urlsplit(url).hostname)].answer(method, url, **how)

    def start(platform: str, version: str | None = None, **settings: str) -> InProcess:
        simulator = InProcess(platform, version, settings)
        running[simulator.host] = simulator
        return simulator

    patch.setattr(requests.Session, "request", request)
    patch.setattr(_http, "time", SimpleNamespace(sleep=lambda _pause: None, monotonic=lambda: 0.0))
    return start


def where(simulator: Simulator) -> dict[str, Any]:
    """Return the options that say which appliance is meant."""
    return {"platform": simulator.platform, "endpoint": simulator.url, "ca_path": simulator.ca_file}


def administrator(simulator: Simulator) -> dict[str, Any]:
    """Return the options that prove the appliance's administrator."""
    names = ("client_id", "client_secret") if simulator.platform == "rubrik_rsc" else ("username", "password", "totp_secret")
    return {name: simulator.admin[name] for name in names if name in simulator.admin}


def client(simulator: Simulator, prefix: str = "") -> dict[str, Any]:
    """Return the options that prove its service account, or with ``rsc_`` the one that RSC manages on a cluster."""
    return {name: simulator.service_account[prefix + name] for name in ("client_id", "client_secret")}


def shared_options(simulator: Simulator, **more: Any) -> dict[str, Any]:
    """Return the options that all modules share, for the appliance's administrator."""
    return {**where(simulator), **administrator(simulator), **more}


def defaults(simulator: Simulator, **more: Any) -> dict[str, Any]:
    """Return them as module_defaults of a play."""
    return {"group/latchkey.tokens.latchkey": shared_options(simulator, **more)}


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
