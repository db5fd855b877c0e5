# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A simulated appliance in the process of the tests, without TLS around it: a task against it takes milliseconds."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from flask import request

from ansible_collections.latchkey.tokens.plugins.module_utils._http import client as http_layer
from tests.simulator._clock import Clock
from tests.simulator._control import add_control
from tests.simulator._faults import Faults
from tests.simulator._journal import Journal, hide_secrets
from tests.simulator._platform import CONTROL, Context, Definition
from tests.simulator._serve import CONNECTION_FAULT
from tests.simulator._settings import COMMON_SETTINGS, Settings
from tests.simulator._state import StateFile
from tests.simulator.launch import Simulator
from tests.simulator.qumulo._s3_api import LISTENER as S3_LISTENER
from tests.simulator.qumulo._s3_api import PREFIX as S3_PREFIX
from tests.unit.module_utils.wire import Response

_LOG_OUTS = ("DELETE /api/v1/session/me ", "DELETE /api/session ")
S3_PORT = 9000  # of a Qumulo Core cluster


def definition_of(platform: str) -> Definition:
    """Return how a platform's simulator is started, with its settings."""
    found: Definition = getattr(import_module(f"tests.simulator.{platform}"), platform.upper())
    return found


class _Journal(Journal):
    """Keeps the entries in memory."""

    def __init__(self) -> None:
        super().__init__(None)
        self.entries: list[dict[str, Any]] = []

    def write(self, entry: dict[str, Any]) -> None:
        self.entries.append(hide_secrets(entry))


class InProcess(Simulator):
    """A simulator whose requests come from ``answer``, which stands in for requests.Session.request."""

    def __init__(self, platform: str, version: str | None = None, settings: Mapping[str, str] | None = None) -> None:
        definition = definition_of(platform)
        self._journal = _Journal()
        values = Settings({**COMMON_SETTINGS, **definition.settings}, settings or {})
        context = Context(version or definition.default_version, values, Clock(), StateFile(None), self._journal, Faults(), 0.0)
        self.platform, self.host = platform, f"{platform.replace('_', '-')}.example.com"
        self.url = context.url = f"https://{self.host}:443"
        self.ca_file = ""
        self._simulated = definition.start(context, None)
        add_control(self._simulated)
        self._broken = False
        self.loses: Callable[[dict[str, Any]], bool] = lambda _entry: False  # tells the journal's entries whose replies are lost
        self.holds: Callable[[str], bool] = lambda _request: False  # tells the requests that are served late: method, path, query
        self.held: list[str] = []  # all that were ever held back
        self._held: list[Callable[[], Any]] = []
        self._simulated.app.teardown_request(self._note_fault)
        self.admin, self.service_account = self._simulated.admin(), self._simulated.service_account()

    def data(self) -> dict[str, Any]:
        return self._simulated.dump()

    def journal(self) -> list[dict[str, Any]]:
        return list(self._journal.entries)

    def control(self, method: str, path: str, data: Any = None) -> Any:
        answer = self._simulated.app.test_client().open(CONTROL + path, method=method, json=data)
        if answer.status_code >= 400:
            raise ValueError(answer.text)
        return answer.json

    def _note_fault(self, _failure: BaseException | None) -> None:
        self._broken = CONNECTION_FAULT in request.environ

    def serve_late(self) -> None:
        """Serve what was held back, whose senders wait no longer."""
        held, self._held = self._held, []
        for serve in held:
            serve()

    def answer(self, method: str, url: str, *, params: Any, json: Any, headers: Any, auth: Any, **_how: Any) -> Response:
        """Answer one request; a fault that breaks the connection raises what it does on the wire."""
        sent = auth(SimpleNamespace(headers=dict(headers))).headers
        parts = urlsplit(url)
        on_s3 = parts.port == S3_PORT
        serve = partial(
            self._simulated.app.test_client(use_cookies=False).open,
            f"{S3_PREFIX}{parts.path}" if on_s3 else parts.path,
            method=method,
            query_string=params or parts.query,
            json=json,
            headers=sent,
            environ_overrides={S3_LISTENER: True} if on_s3 else None,
        )
        told = f"{method} {parts.path} {(json or {}).get('query', '')}"
        if self.holds(told):
            self.held.append(told)
            self._held.append(serve)
            raise requests.ReadTimeout("held back")
        if told.startswith(_LOG_OUTS):
            self.serve_late()  # a request whose session is ended would be refused; what it came with was looked at when it came
        answer = serve()
        if self._broken or self.loses(self._journal.entries[-1]):
            raise requests.ConnectionError("broken by a fault")
        return Response(answer.status_code, dict(answer.headers), answer.data)


def secrets_in(value: Any, key: str = "") -> set[str]:
    """Return the secrets in a simulator's saved data: what must never be shown."""
    if isinstance(value, dict):
        return {secret for name, item in value.items() for secret in secrets_in(item, name)}
    if isinstance(value, list):
        return {secret for item in value for secret in secrets_in(item, key)}
    return {value} if isinstance(value, str) and value and key in ("password", "secret", "token", "totp_secret", "value") else set()


def data_of(simulator: Simulator) -> dict[str, Any]:
    """Return all that a simulator knows."""
    if isinstance(simulator, InProcess):
        return simulator.data()
    saved: dict[str, Any] = json.loads((simulator.directory / "state.json").read_text(encoding="utf-8"))
    return saved


Start = Callable[..., InProcess]


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
    patch.setattr(http_layer, "time", SimpleNamespace(sleep=lambda _pause: None, monotonic=lambda: 0.0))
    return start
