# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every simulated platform has: its Flask application, and the hooks around each request."""

from __future__ import annotations

import json
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from html import escape
from pathlib import Path
from typing import Any, NoReturn

from flask import Flask, Request, Response, g, request
from werkzeug.exceptions import NotFound
from werkzeug.routing import RequestRedirect

from ._clock import Clock
from ._faults import Faults
from ._gauge import Gauge
from ._held_back import HeldBack
from ._journal import Journal, secrets_in
from ._serve import CONNECTION_FAULT
from ._settings import Setting, Settings
from ._state import StateFile

CONTROL = "/_simulator/"
WSGIApplication = Callable[..., Iterable[bytes]]


@dataclass
class Context:
    """What a platform is started with."""

    version: str
    settings: Settings
    clock: Clock
    state: StateFile
    journal: Journal
    faults: Faults
    latency: float
    stopping: threading.Event = field(default_factory=threading.Event)
    held_back: HeldBack = field(default_factory=HeldBack)
    issued: set[str] = field(default_factory=set)  # all secrets that were ever handed out
    gauge: Gauge = field(default_factory=Gauge)
    # set once it listens: its URL, and the path without ending that files for clients start with
    url: str = "https://127.0.0.1"
    stem: Path | None = None

    def stop(self) -> None:
        """Let nothing wait any longer."""
        self.stopping.set()
        self.held_back.open()


@dataclass
class Identification:
    """Who a request says it is, for the journal."""

    auth: str = "none"
    account: str | None = None
    credential_id: str | None = None


@dataclass(frozen=True)
class Definition:
    """How the command line finds and starts a platform."""

    name: str
    default_version: str
    settings: Mapping[str, Setting]
    start: Callable[[Context, dict[str, Any] | None], Platform]


class _Application(Flask):
    """Flask with one lock around the views, and without redirects to the path with a slash."""

    def __init__(self, import_name: str) -> None:
        super().__init__(import_name, static_folder=None)
        self.lock = threading.RLock()
        self.url_map.merge_slashes = False
        self.after_view: Callable[[], None] = lambda: None

    def dispatch_request(self) -> Any:
        with self.lock:
            try:
                return super().dispatch_request()
            finally:
                self.after_view()

    def raise_routing_exception(self, request: Request) -> NoReturn:
        if isinstance(request.routing_exception, RequestRedirect):
            raise NotFound
        super().raise_routing_exception(request)


def _echo() -> Response:
    """Answer as gateways do that show what they were sent: the headers and the body, for people, and as they came."""
    sent = f"{request.headers}\n{request.get_data(as_text=True)}"
    page = f"<html><body><h1>500 Internal Error</h1><pre>{escape(sent)}</pre>\n{sent}</body></html>"
    return Response(page, 500, mimetype="text/html")


def _part(answer: dict[str, Any]) -> dict[str, Any]:
    """Return a list without its first entry, which says that there is more."""
    return {**answer, "data": answer["data"][1:], "hasMore": True}


def _doubted(answer: dict[str, Any]) -> dict[str, Any]:
    """Return an answer of GraphQL with an error below each of its root fields, beside their data."""
    errors = [
        {"message": "PERMISSION_DENIED", "path": [name, "below"], "extensions": {"code": 403}}
        for name, value in (answer.get("data") or {}).items()
        if value is not None
    ]
    return {**answer, "errors": [*answer.get("errors", ()), *errors]}


class Platform(ABC):
    """Base class of the platforms.

    A platform adds its views to `app` and answers the methods below.
    """

    name: str

    def __init__(self, context: Context) -> None:
        self.context = context
        self.settings = context.settings
        self.clock = context.clock
        self.app = _Application(self.name)
        self.app.after_view = self._save_changes
        self.app.before_request(self._before)
        self.app.after_request(self._after)

    @abstractmethod
    def admin(self) -> dict[str, str]:
        """Return the administrator's username and password, for the ready file."""

    @abstractmethod
    def service_account(self) -> dict[str, Any]:
        """Return the service account with its secrets, for the ready file."""

    @abstractmethod
    def identify(self) -> Identification:
        """Tell who the current request says it is."""

    def listeners(self) -> dict[str, WSGIApplication]:
        """Return what else listens, on a port of its own, by the name that the ready file calls it."""
        return {}

    def notes(self) -> dict[str, Any]:
        """Return what the journal's entry for the current request has beyond the usual."""
        return {}

    @abstractmethod
    def credentials(self) -> list[dict[str, Any]]:
        """Return every credential without its secret; `state` is "live" or says why it is not."""

    @abstractmethod
    def dump(self) -> dict[str, Any]:
        """Return all data, as JSON, for the state file."""

    @abstractmethod
    def take_changes(self) -> bool:
        """Tell whether the data changed since the last call."""

    @abstractmethod
    def error(self, status: int) -> Response:
        """Return an error answer as the vendor words them."""

    def save(self) -> None:
        """Write the state file."""
        self.context.state.save({"platform": self.name, "clock_offset": self.clock.offset, "data": self.dump()})

    def _save_changes(self) -> None:
        if self.take_changes() and self.context.state.is_kept:
            self.save()

    def _before(self) -> Response | None:
        if request.path.startswith(CONTROL):
            return None
        self.context.gauge.begin()
        if self.context.latency:
            time.sleep(self.context.latency)
        with self.app.lock:
            g.identification = self.identify()
        g.fault = self.context.faults.take(request.method, request.path)
        return self._apply_fault(g.fault)

    def _apply_fault(self, fault: str | None) -> Response | None:
        if fault in (None, "drop", "cut", "hang-up", "stall", "garbled", "part", "doubted"):
            return None
        if fault in ("slow", "late"):
            if fault == "slow":
                self.context.stopping.wait(self.settings.number("slow_seconds"))
            else:
                self.context.held_back.wait()
            if not self.context.stopping.is_set():
                return None
            g.fault = fault = "close"
        if fault == "close":
            return Response(status=500)
        if fault == "html":
            return Response("<html><body><h1>502 Bad Gateway</h1></body></html>", 502, mimetype="text/html")
        if fault == "echo":
            return _echo()
        if fault == "text":
            return Response("Internal server error", 500, mimetype="text/plain")
        if fault == "empty":
            return Response(status=500)
        if fault == "nonsense":
            return Response('{"unexpected": tru', 200, mimetype="application/json")
        if fault == "strange":
            return Response('[1, "x", null]', 200, mimetype="application/json")
        if fault == "retry-after":
            answer = self.error(429)
            answer.headers["Retry-After"] = "1"
            return answer
        status = int(str(fault))
        return self.error(status) if status >= 400 else Response(status=status)

    def _after(self, response: Response) -> Response:
        response.headers["Date"] = formatdate(self.clock.now(), usegmt=True)
        if request.path.startswith(CONTROL):
            return response
        # Before the answer goes out: who has it may send the next request, and then there is no more of this one.
        self.context.gauge.end()
        if response.is_json:
            self.context.issued |= secrets_in(response.get_json(silent=True))
        fault = g.fault
        self.context.journal.write(self._entry(response, fault))
        if fault in ("drop", "close"):
            request.environ[CONNECTION_FAULT] = "drop"
        elif fault == "cut":
            request.environ[CONNECTION_FAULT] = "cut"
            response.headers["Content-Length"] = str(len(response.get_data()) + 100)
        elif fault == "hang-up":
            request.environ[CONNECTION_FAULT] = "hang-up"
        elif fault == "stall":
            self._stall(response)
        elif fault == "garbled":
            if response.status_code == 204:
                response.status_code = 200
            response.data, response.mimetype = b'{"unexpected": tru', "application/json"
        elif fault in ("part", "doubted") and response.is_json and response.status_code < 300:
            response.data = json.dumps((_part if fault == "part" else _doubted)(response.get_json()))
        return response

    def _stall(self, response: Response) -> None:
        """Send the first half of the body, wait, and send the rest. Without a body, wait before the head is sent."""
        data, seconds = response.get_data(), self.settings.number("slow_seconds")

        def parts() -> Iterator[bytes]:
            yield data[: len(data) // 2]
            self.context.stopping.wait(seconds)
            yield data[len(data) // 2 :]

        if data:
            response.response = parts()
        else:
            self.context.stopping.wait(seconds)

    def _entry(self, response: Response, fault: str | None) -> dict[str, Any]:
        identification: Identification = g.identification
        path, _unused, query = request.environ["REQUEST_URI"].partition("?")
        # read even after a fault, or the connection's next request would start with it
        data = request.get_data()
        try:
            body = json.loads(data)
        except ValueError:
            body = None
        entry = {
            "time": self.clock.isoformat(),
            "method": request.method,
            "path": path,
            "query": query,
            "status": None if fault == "close" else response.status_code,
            "auth": identification.auth,
            "account": identification.account,
            "credential_id": identification.credential_id,
            "user_agent": request.headers.get("User-Agent"),
            "if_match": request.headers.get("If-Match"),
            "body": body,
            **self.notes(),
        }
        if fault is not None:
            entry["fault"] = fault
        return entry
