# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The HTTPS server: cheroot, with what the faults need and a TLS handshake that blocks nobody else."""

from __future__ import annotations

import logging
import signal
import socket
import ssl
import sys
import threading
from collections.abc import Callable
from typing import Any

from cheroot.errors import FatalSSLAlert
from cheroot.makefile import MakeFile
from cheroot.server import HTTPConnection
from cheroot.ssl import Adapter
from cheroot.wsgi import Gateway_10, Server

# WSGI environment key: "drop" closes the connection without an answer, "cut" closes it after a part of the answer, "hang-up"
# after the whole
CONNECTION_FAULT = "latchkey.connection_fault"


class _Gateway(Gateway_10):
    """Runs the WSGI application for one request."""

    def start_response(self, *arguments: Any, **keywords: Any) -> Any:
        fault = self.env.get(CONNECTION_FAULT)
        if fault == "drop":
            # the one exception that makes cheroot hang up without a word
            raise FatalSSLAlert("closed by a fault")
        if fault in ("cut", "hang-up"):
            self.req.close_connection = True
        return super().start_response(*arguments, **keywords)


class _Connection(HTTPConnection):
    """A connection that does its TLS handshake in the worker's thread, not in the thread that accepts."""

    def communicate(self) -> bool:
        try:
            self.socket.do_handshake()
        except OSError:
            return False
        return bool(super().communicate())  # type: ignore[no-untyped-call]


class _Adapter(Adapter):
    """Wraps accepted sockets in TLS and leaves the handshake for later."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self.context = context

    def bind(self, sock: socket.socket) -> socket.socket:
        return sock

    def wrap(self, sock: socket.socket) -> tuple[ssl.SSLSocket, dict[str, str]]:
        wrapped = self.context.wrap_socket(sock, do_handshake_on_connect=False, server_side=True)
        return wrapped, self.get_environ()

    def get_environ(self) -> dict[str, str]:
        return {"wsgi.url_scheme": "https", "HTTPS": "on"}

    def makefile(self, sock: socket.socket, mode: str = "r", bufsize: int = -1) -> Any:
        return MakeFile(sock, mode, bufsize)


class HttpsServer:
    """Serves an application on 127.0.0.1 until it is stopped."""

    def __init__(self, application: Callable[..., Any], context: ssl.SSLContext, port: int) -> None:
        # threads: idle connections cost none, but every sleeping fault and unfinished handshake holds one
        self._server = Server(("127.0.0.1", port), application, numthreads=32, timeout=30, shutdown_timeout=1, request_queue_size=128)
        self._server.gateway = _Gateway
        self._server.ConnectionClass = _Connection
        self._server.ssl_adapter = _Adapter(context)
        self._server.expiration_interval = 0.1
        self._server.error_log = self._log  # type: ignore[method-assign,assignment]

    @staticmethod
    def _log(message: str = "", level: int = logging.INFO, traceback: bool = False) -> None:
        if level >= logging.ERROR:
            print(message, file=sys.stderr)

    def start(self) -> int:
        """Serve in a thread of its own, until stop(); return the port."""
        port = self._prepare()
        threading.Thread(target=self._server.serve, daemon=True).start()
        return port

    def stop(self) -> None:
        """Stop serving."""
        self._server.stop()

    def _prepare(self) -> int:
        self._server.prepare()
        # connections inherit it: without, they would keep a restart from taking the same port
        self._server.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return int(self._server.bind_addr[1])

    def listen(self, before_stop: Callable[[], None], with_stdin: bool) -> int:
        """Start to listen and return the port.

        From now on SIGTERM and SIGINT stop it, and with `with_stdin` the end of standard input.

        :arg before_stop: called first, to wake requests that sleep.
        """

        def stop() -> None:
            before_stop()
            self._server.stop()

        def stop_soon(*_: object) -> None:
            # the thread that serves cannot stop itself
            threading.Thread(target=stop).start()

        def watch_stdin() -> None:
            while sys.stdin.buffer.read(4096):
                pass
            stop_soon()

        port = self._prepare()
        signal.signal(signal.SIGTERM, stop_soon)
        signal.signal(signal.SIGINT, stop_soon)
        if with_stdin:
            threading.Thread(target=watch_stdin, daemon=True).start()
        return port

    def serve(self) -> None:
        """Serve until it is stopped."""
        self._server.serve()
