# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A proxy between us and the appliance: which one is used, and what it does not let through."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable

import pytest

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import (
    ConnectionFailedError,
)
from tests.unit.module_utils.http_layer.rig import client, closed_port, hang_up, reply, tls_for
from tests.unit.module_utils.raw_server import Server


@pytest.fixture
def proxy(serve, monkeypatch) -> Server:
    """A proxy for everything, as the environment says; it refuses."""
    proxy = serve(reply(403))
    for name in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        monkeypatch.setenv(name.upper(), f"http://127.0.0.1:{proxy.port}")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, "")
    return proxy


def test_a_proxy_from_the_environment_is_used(proxy):
    with pytest.raises(ConnectionFailedError):
        client("https://127.0.0.1:1").request("list", "POST", "/x")
    assert proxy.requests[0][0].startswith("CONNECT 127.0.0.1:1 ")


def test_plain_http_stays_on_this_machine(serve, proxy):
    assert client(serve(reply(200, "{}"))).request("list", "GET", "/x").json() == {}
    assert proxy.requests == []


def through(monkeypatch, url: str) -> None:
    """Have everything go through a proxy."""
    monkeypatch.setenv("HTTPS_PROXY", url)
    monkeypatch.setenv("NO_PROXY", "")
    monkeypatch.setenv("no_proxy", "")


@pytest.mark.parametrize(
    ("url", "said", "tries"),
    [
        ("http://127.0.0.1:{closed}", r"the proxy 127\.0\.0\.1:\d+ refused the connection\. Check the proxy settings", 4),
        ("http://user:s3cret-word@127.0.0.1:{closed}", r"the proxy 127\.0\.0\.1:\d+ refused the connection", 4),
        ("127.0.0.1:{closed}", r"the proxy 127\.0\.0\.1:\d+ refused the connection", 4),
        ("http://no-such-proxy.invalid:3128", r"the name of the proxy no-such-proxy\.invalid:3128 cannot be resolved", 4),
        ("http://", "the proxy that the environment names is not a URL that can be used", 1),
        ("http://[::1", "the proxy that the environment names is not a URL that can be used", 1),
        ("http://proxy:port", "the proxy that the environment names is not a URL that can be used", 1),
        ("socks5h://127.0.0.1:1080", r"the proxy 127\.0\.0\.1:1080 speaks SOCKS, which needs the Python library PySocks", 1),
        ("ftp://127.0.0.1:21", "the proxy", None),
        ("http://127.0.0.1:{proxy_407}", r"did not let it through \(HTTP 407\)\. .*: it wants a user and a password", 1),
        ("http://127.0.0.1:{proxy_403}", r"did not let it through \(HTTP 403\)\. Check the proxy settings", 1),
        ("http://127.0.0.1:{proxy_502}", r"did not let it through \(HTTP 502\)", None),
        ("http://127.0.0.1:{hangs_up}", "the proxy .* did not let it through", None),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_what_a_proxy_does_not_let_through_was_not_sent(serve, monkeypatch, pauses, url, said, tries, method):
    ports = {"closed": closed_port, "hangs_up": lambda: serve(hang_up).port}
    ports |= {f"proxy_{status}": lambda status=status: serve(reply(status)).port for status in (403, 407, 502)}
    name = url.partition("{")[2].partition("}")[0]
    through(monkeypatch, url.format(**{name: ports[name]()} if name else {}))
    with pytest.raises(ConnectionFailedError, match=said) as caught:
        client("https://cluster.example.com").request("make a token", method, "/x")
    assert not caught.value.may_have_acted
    assert "took effect" not in str(caught.value)
    assert "s3cret-word" not in str(caught.value)
    assert tries is None or len(pauses) == tries - 1


def tunnel(to: int) -> Callable[[socket.socket], None]:
    """Answer CONNECT, and carry what comes to a port of this machine."""

    def carry(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        with socket.create_connection(("127.0.0.1", to)) as onward:
            pump = threading.Thread(target=_pump, args=(onward, connection), daemon=True)
            pump.start()
            _pump(connection, onward)
            pump.join(5)

    return carry


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while piece := source.recv(65536):
            sink.sendall(piece)
        sink.shutdown(socket.SHUT_WR)


def test_what_a_proxy_carried_may_have_taken_effect(serve, monkeypatch, authority, ca_file):
    appliance = serve(reply(200, "{}"), hang_up, tls=tls_for(authority, "127.0.0.1"))
    through(monkeypatch, f"http://127.0.0.1:{serve(tunnel(appliance.port)).port}")
    where = f"https://127.0.0.1:{appliance.port}"
    assert client(where, ca_path=ca_file).request("make a token", "POST", "/x").status == 200
    with pytest.raises(ConnectionFailedError, match="the connection broke before a complete answer came") as caught:
        client(where, ca_path=ca_file).request("make a token", "POST", "/x")
    assert caught.value.may_have_acted
