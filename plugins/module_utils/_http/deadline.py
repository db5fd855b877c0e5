# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A deadline for an answer from its first byte on, and whether a request was sent. Private to this collection. For client.py only.

The time-out of requests is for each read. Without this, a server that always sends a little (headers, or the status 100 again and
again) could keep a task for ever before its answer has even begun.

A request counts as sent once the connection stands, through a proxy and with TLS, and its first byte is about to go out.
"""

from __future__ import annotations

import http.client
import io
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

try:
    from requests.adapters import HTTPAdapter
    from urllib3.connection import HTTPConnection, HTTPSConnection
    from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
except ImportError:  # client.py says so
    HTTPAdapter = HTTPConnection = HTTPSConnection = HTTPConnectionPool = HTTPSConnectionPool = object  # type: ignore[misc, assignment]


@dataclass
class Sending:
    """How far one request has got.

    Attributes:
        entered: whether it got to the part of the library that connects, so that the other attribute tells something.
        begun: whether any of it may have reached the server.
    """

    entered: bool = False
    begun: bool = False


_SENDING: ContextVar[Sending | None] = ContextVar("sending", default=None)


@contextmanager
def noted_sending() -> Iterator[Sending]:
    """Note how far the request gets that is sent in the block."""
    sending = Sending()
    token = _SENDING.set(sending)
    try:
        yield sending
    finally:
        _SENDING.reset(token)


def is_sending() -> bool:
    """Tell whether this thread is sending a request of ours."""
    return _SENDING.get() is not None


class _Until(io.RawIOBase):
    """What a socket sends, until a deadline."""

    def __init__(self, raw: Any, deadline: float) -> None:
        self._raw = raw
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        if time.monotonic() > self._deadline:
            raise TimeoutError("the answer did not end in time")
        found: int | None = self._raw.readinto(buffer)
        return found

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Response(http.client.HTTPResponse):
    """An answer that has twice the socket's time-out to come in."""

    def __init__(self, sock: Any, *arguments: Any, **more: Any) -> None:
        super().__init__(sock, *arguments, **more)
        timeout = sock.gettimeout()
        if timeout is not None:
            file: Any = self.fp
            self.fp = io.BufferedReader(_Until(file.detach(), time.monotonic() + 2 * timeout))


class _Noting:
    """A connection that notes when a request begins to go out; what goes out to connect, to a proxy, is none."""

    response_class = _Response
    debuglevel = 0  # whatever others have set: it would print headers
    sock: Any
    _connecting = False

    def connect(self) -> None:
        self._connecting = True
        try:
            super().connect()  # type: ignore[misc]
        finally:
            self._connecting = False

    def send(self, data: Any) -> None:
        if self.sock is None:
            self.connect()
        sending = _SENDING.get()
        if sending and not self._connecting:
            sending.begun = True
        super().send(data)  # type: ignore[misc]


class _Connection(_Noting, HTTPConnection):  # type: ignore[misc, unused-ignore]
    pass


class _TlsConnection(_Noting, HTTPSConnection):  # type: ignore[misc, unused-ignore]
    pass


class _Pool(HTTPConnectionPool):  # type: ignore[misc, unused-ignore]
    ConnectionCls = _Connection


class _TlsPool(HTTPSConnectionPool):  # type: ignore[misc, unused-ignore]
    ConnectionCls = _TlsConnection


_POOLS = {"http": _Pool, "https": _TlsPool}


class DeadlineAdapter(HTTPAdapter):  # type: ignore[misc, unused-ignore]
    """The adapter of requests, with connections whose answers have a deadline."""

    def send(self, *arguments: Any, **more: Any) -> Any:
        """Send a request; note that it is up to the connections from here on whether it goes out."""
        sending = _SENDING.get()
        if sending:
            sending.entered = True
        return super().send(*arguments, **more)

    def init_poolmanager(self, *arguments: Any, **more: Any) -> None:
        """Make the pools for direct connections."""
        super().init_poolmanager(*arguments, **more)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, *arguments: Any, **more: Any) -> Any:
        """Return the pools for connections through a proxy."""
        manager = super().proxy_manager_for(*arguments, **more)
        manager.pool_classes_by_scheme = _POOLS
        return manager
