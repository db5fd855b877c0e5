# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The HTTP client against local servers that misbehave. Everything stays on the loopback address."""

from __future__ import annotations

import ast
import base64
import contextlib
import http.client as http_client
import json
import logging
import socket
import ssl
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote

import pytest
import requests
import trustme
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.latchkey.tokens.plugins.module_utils._common.endpoint import Endpoint
from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import (
    AnswerError,
    AuthenticationError,
    ConflictError,
    ConnectionFailedError,
    ForbiddenError,
    LatchkeyError,
    NotFoundError,
    OptionError,
    RequestError,
)
from ansible_collections.latchkey.tokens.plugins.module_utils._http import client as http_layer
from ansible_collections.latchkey.tokens.plugins.module_utils._http.client import Answer, HttpClient
from ansible_collections.latchkey.tokens.plugins.module_utils._http.slots import RequestPlaces
from tests.unit.module_utils.raw_server import Reply, Server
from tests.unit.module_utils.wire import Response

SECRET = 'access-v1:c3Bpbg+/"\\ü='


def reply(status: int, body: bytes | str = b"", **headers: str) -> bytes:
    body = body.encode() if isinstance(body, str) else body
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(body)}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    servers: list[Server] = []

    def start(*replies: Reply, **how: Any) -> Server:
        servers.append(Server(*replies, **how))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture(autouse=True)
def pauses(monkeypatch) -> list[float]:
    """Nothing is waited for; the pauses asked for are kept."""
    asked: list[float] = []
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "REQUESTS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(http_layer, "time", SimpleNamespace(sleep=asked.append, monotonic=time.monotonic))
    return asked


def words(value: Any) -> str:
    return str(value.get("description") or "") if isinstance(value, dict) else ""


def client(where: Server | str, **how: Any) -> HttpClient:
    text = where if isinstance(where, str) else f"{'https' if where.tls else 'http'}://127.0.0.1:{where.port}"
    settings_ = {"validate_certs": True, "ca_path": None, "timeout": 5.0, "vendor_words": words} | how
    made = HttpClient(platform="qumulo", name="Qumulo Core", endpoint=Endpoint.parse(text, 8000), **settings_)
    made.hide(SECRET)
    made.authorization = f"Bearer {SECRET.encode('ascii', 'ignore').decode()}"
    return made


# -- statuses and errors


@pytest.mark.parametrize(
    ("status", "kind", "acted"),
    [
        (400, RequestError, False),
        (401, AuthenticationError, False),
        (403, ForbiddenError, False),
        (404, NotFoundError, False),
        (409, ConflictError, False),
        (412, ConflictError, False),
        (418, RequestError, False),
        (408, RequestError, True),
        (429, RequestError, False),
        (303, AnswerError, True),
        (500, RequestError, True),
        (502, RequestError, True),
        (503, RequestError, True),
        (307, AnswerError, False),
    ],
)
def test_errors_have_types_and_facts(serve, status, kind, acted):
    server = serve(reply(status, json.dumps({"description": "the vendor's words"}), Content_Type="application/json"))
    http = client(server)
    with pytest.raises(kind) as caught:
        http.request("make a token", "POST", "/v1/tokens/", body={})
    failure = caught.value
    assert failure.__class__ is kind
    assert failure.details == {"platform": "qumulo", "endpoint": http.endpoint.url, "operation": "make a token", "status": status}
    assert (failure.status, failure.may_have_acted) == (status, acted)
    start = (
        f"Qumulo Core at {http.endpoint.url}: cannot make a token: POST /v1/tokens/ was answered with HTTP {status}: the vendor's words."
    )
    assert str(failure).startswith(start)
    assert len(server.requests) == 1


HTML = "<html><head><title>no</title></head><style>p {}</style><body><p>Bad&nbsp;gateway <b>here</b></p><script>x()</script></body></html>"


@pytest.mark.parametrize(
    ("body", "kind", "said"),
    [
        ("", "application/json", "no words"),
        ("   ", "text/plain", "no words"),
        ("plainly wrong", "text/plain", "plainly wrong"),
        (HTML, "text/html", "Bad gateway here"),
        (HTML, "", "Bad gateway here"),
        ('{"description": "cut o', "application/json", '{"description": "cut o'),
        ('"a string"', "application/json", "a string"),
        ("[1, 2]", "application/json", "no words"),
        ("null", "application/json", "no words"),
        ("[" * 100_000, "application/json", "[" * 400 + "..."),
        ("x" * 1000, "text/plain", "x" * 400 + "..."),
        ("line\nbreaks\tand \x1b[31mcolours\x07", "text/plain", "line breaks and [31mcolours"),
    ],
)
def test_words_of_any_error_body(serve, body, kind, said):
    http = client(serve(reply(400, body, Content_Type=kind)))
    with pytest.raises(RequestError) as caught:
        http.request("do it", "POST", "/x")
    assert f"with HTTP 400{' and' if said == 'no words' else ':'} {said}" in str(caught.value)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    "form",
    [
        SECRET,
        json.dumps(SECRET)[1:-1],
        quote(SECRET, safe=""),
        quote(SECRET),
        base64.b64encode(SECRET.encode()).decode(),
        base64.b64encode(SECRET.encode()).decode().rstrip("="),
    ],
)
def test_secrets_are_masked_in_every_form(serve, form):
    http = client(serve(reply(400, f"bad token {form} here", Content_Type="text/plain")))
    with pytest.raises(RequestError) as caught:
        http.request("do it", "POST", "/x")
    assert "bad token ******** here" in str(caught.value)


def test_a_secret_that_looks_like_a_tag_is_masked_as_a_whole(serve):
    http = client(serve(reply(400, "<p>You sent one<b>two</b>three.</p>", Content_Type="text/html")))
    http.hide("one<b>two</b>three")
    with pytest.raises(RequestError) as caught:
        http.request("do it", "POST", "/x")
    assert "You sent ********." in str(caught.value)


def test_a_secret_in_the_path_is_masked():
    http = client(f"http://127.0.0.1:{closed_port()}")
    for failing in (
        lambda: http.request("do it", "POST", f"/x/{quote(SECRET, safe='')}"),
        lambda: http.request(f"do {SECRET}", "GET", "/x"),
    ):
        with pytest.raises(ConnectionFailedError) as caught:
            failing()
        assert SECRET not in str(caught.value)
        assert quote(SECRET, safe="") not in str(caught.value)


@pytest.mark.parametrize("body", ["", "{", "[]", '"x"', "<html>", "\ufeff{}", "NaN", "[" * 100_000])
def test_an_answer_that_is_no_json_object(serve, body):
    http = client(serve(reply(200, body)))
    for method, acted in (("GET", False), ("POST", True)):
        answer = http.request("do it", method, "/x")
        with pytest.raises(AnswerError, match="returned an unexpected response") as caught:
            answer.json_object()
        assert caught.value.may_have_acted is acted


def test_accepted_statuses_are_returned(serve):
    answer = client(serve(reply(404, "gone", ETag='"7"'))).request("delete", "DELETE", "/x", accept=(404,))
    assert (answer.status, answer.text, answer.headers["etag"]) == (404, "gone", '"7"')


# -- what goes out


def test_what_is_sent(serve):
    server = serve(reply(200, "{}"))
    client(server).request("do it", "POST", "/a%20b", params={"user": "auth_id:1"}, body={"é": 1}, headers={"If-Match": "7"})
    head, body = server.requests[0]
    assert head.startswith("POST /a%20b?user=auth_id%3A1 HTTP/1.1\r\n")
    assert "\r\nIf-Match: 7" in head
    assert "\r\nContent-Type: application/json" in head
    assert "\r\nUser-Agent: latchkey.tokens" in head
    assert json.loads(body) == {"é": 1}


def test_without_authorization(serve):
    server = serve(reply(200))
    client(server).request("log in", "POST", "/x", authorization=None)
    assert "authorization" not in server.requests[0][0].lower()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(serve, status):
    elsewhere = serve(reply(200, "{}"))
    server = serve(reply(status, Location=f"http://127.0.0.1:{elsewhere.port}/x"))
    with pytest.raises(AnswerError, match="Redirects are not followed"):
        client(server).request("list", "GET", "/x")
    assert (len(server.requests), len(elsewhere.requests)) == (1, 0)


def test_netrc_is_not_used(serve, monkeypatch, tmp_path):
    (tmp_path / "netrc").write_text("default login eve password evil\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    server = serve(reply(200))
    http = client(server)
    http.request("list", "GET", "/x")
    http.request("log in", "POST", "/x", authorization=None)
    assert f"\r\nAuthorization: {http.authorization}" in server.requests[0][0]
    assert "authorization" not in server.requests[1][0].lower()


def test_cookies_are_not_kept(serve):
    server = serve(reply(200, Set_Cookie="session=1; Path=/"))
    http = client(server)
    http.request("list", "GET", "/x")
    http.request("list", "GET", "/x")
    assert "cookie" not in server.requests[1][0].lower()


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


def test_connections_are_used_again():
    peers = set()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            peers.add(self.client_address)
            self.send_response(200)
            body = b"{}" if self.path == "/plain" else b"2\r\n{}\r\n0\r\n\r\n"
            self.send_header(*(("Content-Length", "2") if self.path == "/plain" else ("Transfer-Encoding", "chunked")))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_unused: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        http = client(f"http://127.0.0.1:{server.server_port}")
        for path in ("/plain", "/chunked", "/plain"):
            assert http.request("list", "GET", path).json() == {}
        http.close()
        server.shutdown()
    assert len(peers) == 1


# -- repeating


def test_reading_is_repeated_while_the_appliance_is_busy(serve, pauses):
    server = serve(reply(503), reply(429, Retry_After="7"), reply(502), reply(200, "{}"))
    assert client(server).request("list", "GET", "/x").status == 200
    assert len(server.requests) == 4
    assert pauses[1] == 7
    assert all(0 < pause < 3 for pause in (pauses[0], pauses[2]))


def test_the_number_of_attempts_is_bounded(serve, pauses):
    server = serve(reply(503, "busy"))
    with pytest.raises(RequestError, match="is busy or down; run again later"):
        client(server).request("list", "GET", "/x")
    assert (len(server.requests), len(pauses)) == (4, 3)


@pytest.mark.parametrize(
    ("asked", "waits"),
    [("30", True), ("31", False), ("9" * 400, False), ("0", True), ("-1", True), ("soon", True), ("²", True), ("1e9", True)],
)
def test_retry_after(serve, pauses, asked, waits):
    server = serve(reply(429, Retry_After=asked), reply(200))
    if waits:
        client(server).request("list", "GET", "/x")
        assert 0 <= pauses[0] <= 30
    else:
        with pytest.raises(RequestError, match="429"):
            client(server).request("list", "GET", "/x")
        assert pauses == []


@pytest.mark.parametrize(
    ("asked", "pause"),
    [
        ("Fri, 01 Jan 2027 00:00:07 GMT", 7),
        ("Fri, 01 Jan 2027 00:00:07 -0000", 7),
        ("Fri, 01 Jan 2027 01:00:30 +0100", 30),
        ("Thu, 31 Dec 2026 23:59:59 GMT", 0),
        ("Fri, 01 Jan 2027 00:00:31 GMT", None),
    ],
)
def test_retry_after_a_date(serve, pauses, monkeypatch, asked, pause):
    monkeypatch.setattr(http_layer, "utc_now", lambda: datetime(2027, 1, 1, tzinfo=timezone.utc))
    server = serve(reply(503, Retry_After=asked), reply(200))
    if pause is None:
        with pytest.raises(RequestError, match="503"):
            client(server).request("list", "GET", "/x")
    else:
        client(server).request("list", "GET", "/x")
    assert pauses == ([] if pause is None else [pause])


@pytest.mark.parametrize(
    "asked", ["Fri, 41 Jan 2027 00:00:00 GMT", f"Fri, 01 Jan {'9' * 40} 00:00:00 GMT", "Fri, 01 Jan 2027 00:00:00 +9999999"]
)
def test_retry_after_a_date_that_does_not_exist(serve, pauses, asked):
    server = serve(reply(503, Retry_After=asked), reply(200))
    client(server).request("list", "GET", "/x")
    assert 0 <= pauses[0] < 3


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_post_is_never_repeated(serve, status):
    server = serve(reply(status))
    with pytest.raises(RequestError):
        client(server).request("make a token", "POST", "/x", body={})
    assert len(server.requests) == 1


def hang_up(connection: socket.socket) -> None:
    connection.shutdown(socket.SHUT_RDWR)


def cut_off(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")


# -- the appliance's clock


def test_the_time_is_that_of_the_latest_answer_of_the_appliance(serve, monkeypatch):
    monkeypatch.setattr(http_layer, "utc_now", lambda: datetime(2027, 1, 1, 12, tzinfo=timezone.utc))
    there = "Fri, 01 Jan 2027 11:00:00 GMT"
    server = serve(
        reply(200, "{}", Date=there),
        reply(403, Date="Fri, 01 Jan 2027 15:00:00 GMT"),
        reply(200, "{}", Date="Fri, 01 Jan 2027 15:00:00 GMT", Age="3600"),
        reply(200, "{}", Date="noon"),
        reply(200, "{}"),
        reply(200, "{}", Date="Fri, 01 Jan 2027 12:00:05 GMT"),
    )
    http = client(server)
    hours = [http.now().hour]
    for _unused in range(6):
        http.request("read", "GET", "/v1/x", accept=(403,))
        hours.append(http.now().hour)
    assert hours == [12, 11, 11, 11, 11, 11, 12]
    assert http.now() == datetime(2027, 1, 1, 12, tzinfo=timezone.utc)


def not_http(connection: socket.socket) -> None:
    connection.sendall(b"SSH-2.0-OpenSSH_9.0\r\n")


@pytest.mark.parametrize("broken", [hang_up, cut_off, not_http])
def test_a_broken_answer(serve, broken):
    server = serve(broken)
    with pytest.raises(ConnectionFailedError) as caught:
        client(server).request("make a token", "POST", "/x", body={})
    assert caught.value.may_have_acted
    assert "whether POST /x took effect is not known, so it was not sent again" in str(caught.value)
    assert len(server.requests) == 1


@pytest.mark.parametrize("broken", [hang_up, cut_off, not_http])
def test_reading_survives_a_broken_answer(serve, broken):
    server = serve(broken, reply(200, "{}"))
    assert client(server).request("list", "GET", "/x").status == 200
    assert len(server.requests) == 2


def test_deleting_is_repeated_where_that_does_no_harm(serve):
    server = serve(hang_up, reply(200))
    client(server).request("delete", "DELETE", "/x", repeatable=True)
    assert len(server.requests) == 2


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def test_a_post_that_never_reached_anyone_is_repeated(pauses):
    with pytest.raises(ConnectionFailedError, match="the connection was refused") as caught:
        client(f"http://127.0.0.1:{closed_port()}").request("make a token", "POST", "/x", body={})
    assert not caught.value.may_have_acted
    assert "took effect" not in str(caught.value)
    assert len(pauses) == 3


# -- whether it may have taken effect


@pytest.mark.parametrize(
    ("method", "how", "acted"),
    [
        ("GET", {}, False),
        ("POST", {}, True),
        ("POST", {"reads": True}, False),
        ("DELETE", {"repeatable": True}, True),
        ("PATCH", {"repeatable": True}, True),
    ],
)
@pytest.mark.parametrize("broken", [hang_up, cut_off])
def test_a_change_without_an_answer_may_have_taken_effect(serve, method, how, acted, broken):
    with pytest.raises(ConnectionFailedError) as caught:
        client(serve(broken)).request("do it", method, "/x", **how)
    assert caught.value.may_have_acted is acted
    assert ("took effect is not known" in str(caught.value)) is acted
    assert ("so it was not sent again" in str(caught.value)) is (acted and "repeatable" not in how)


def test_the_doubt_of_an_earlier_try_stays(serve):
    """A deletion whose answer was lost may be the reason why the next try finds nothing."""
    for first in (hang_up, reply(503)):
        http = client(serve(first, reply(404)))
        assert http.request("delete", "DELETE", "/x", repeatable=True, accept=(404,)).may_have_acted
        with pytest.raises(NotFoundError) as caught:
            client(serve(first, reply(404))).request("delete", "DELETE", "/x", repeatable=True)
        assert caught.value.may_have_acted
    assert not client(serve(reply(429), reply(404))).request("delete", "DELETE", "/x", repeatable=True, accept=(404,)).may_have_acted


def test_a_refusal_in_the_body_is_none_of_the_status(serve):
    answer = client(serve(reply(200, "{}"))).request("make a token", "POST", "/x")
    assert answer.may_have_acted
    assert [answer.refusal(status, "no").may_have_acted for status in (401, 500)] == [False, True]
    assert answer.refusal(401, "no", may_have_acted=True).may_have_acted


def test_a_failure_of_tls_after_the_request_went_out_leaves_a_doubt(serve, authority, ca_file):
    """As when a server wants a certificate of ours, which TLS 1.3 says only when the request is on its way."""
    tls = tls_for(authority, "127.0.0.1")
    tls.verify_mode = ssl.CERT_REQUIRED
    with pytest.raises(ConnectionFailedError) as caught:
        client(serve(reply(200, "{}"), tls=tls), ca_path=ca_file).request("make a token", "POST", "/x", body={})
    assert caught.value.may_have_acted


def test_only_this_layer_tells_whether_a_request_may_have_acted():
    """Others may tell what a body says to Answer.refusal, or that something was created for sure; no one sets it, and so no one guesses."""
    plugins = Path(__file__).resolve().parents[3] / "plugins"
    for path in sorted(plugins.rglob("*.py")):
        # What goes through a product's own client, that client's part knows.
        own_clients = ("secret_store.py", "hashicorp_vault_client.py", "aws_secretsmanager_client.py")
        if path.parts[-2:] in (("_http", "client.py"), ("_common", "errors.py")) or path.name in own_clients:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and node.attr == "may_have_acted":
                assert not isinstance(node.ctx, ast.Store), f"{path.name}, line {node.lineno}"
            for one in node.keywords if isinstance(node, ast.Call) else ():
                told = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "refusal"
                sure = isinstance(one.value, ast.Constant) and one.value.value is True
                assert one.arg != "may_have_acted" or told or sure, f"{path.name}, line {node.lineno}"


# -- a proxy


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


# -- logs


def test_the_library_logs_nothing_while_we_send(serve, caplog, capfd):
    """Headers that do not parse are quoted in urllib3's warnings, and they may quote ours."""
    caplog.set_level(0)
    http_client.HTTPConnection.debuglevel = 1
    try:
        broken = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\x00 Authorization: " + SECRET.encode() + b"\r\nX: y\r\n\r\n{}"
        with contextlib.suppress(LatchkeyError):
            client(serve(broken)).request("list", "GET", "/x")
        client(serve(reply(200, "{}"))).request("list", "GET", "/x")
    finally:
        http_client.HTTPConnection.debuglevel = 0
    assert caplog.text == ""
    assert capfd.readouterr() == ("", "")
    logging.getLogger("urllib3.connection").warning("of another")
    assert "of another" in caplog.text


# -- secrets of other connections


def test_a_secret_of_one_connection_is_masked_in_the_errors_of_another(serve):
    other = client("https://127.0.0.1:1")
    other.hide("another-secret")
    http = client(serve(reply(403, json.dumps({"description": "not another-secret"}))))
    with pytest.raises(ForbiddenError, match=r"not \*{8}\. The calling"):
        http.request("list", "GET", "/x")


def test_what_is_sent_as_authorization_is_a_secret(serve):
    with pytest.raises(RequestError) as caught:
        client(serve(reply(400, "you sent my%2Dbearer%2Dof%2Dold"))).request("do", "POST", "/x", authorization="Bearer my-bearer-of-old")
    assert "you sent ********." in str(caught.value)


def test_an_unknown_token_in_a_servers_words_is_masked(serve):
    token = "Qx7Lm2Wp9Rt4Yz6Kb3Nf8Hd1"
    with pytest.raises(RequestError) as caught:
        client(serve(reply(400, f"bad token {token}, account svc-backup"))).request("do", "POST", "/x")
    assert "bad token ********, account svc-backup." in str(caught.value)


@pytest.mark.parametrize(
    "body", ["<p>&#" + "9" * 19_000 + ";</p>", "<p>&#x" + "f" * 19_000 + ";", "<script" * 2_800, "</script " * 2_000, "<" * 20_000]
)
def test_hostile_markup_is_read_at_once(serve, body):
    http = client(serve(reply(400, body, Content_Type="text/html")))
    began = time.process_time()
    with pytest.raises(RequestError, match="HTTP 400"):
        http.request("do it", "POST", "/x")
    assert time.process_time() - began < 2


def test_a_post_gets_through_once_somebody_listens(serve, monkeypatch):
    server = serve(reply(200, "{}"))
    http = client(f"http://127.0.0.1:{closed_port()}")
    monkeypatch.setattr(
        http_layer.time, "sleep", lambda _pause: setattr(http, "endpoint", Endpoint.parse(f"http://127.0.0.1:{server.port}", 1))
    )
    assert http.request("make a token", "POST", "/x", body={}).status == 200
    assert len(server.requests) == 1


def test_an_unknown_host():
    with pytest.raises(ConnectionFailedError, match=r"the host name cannot be resolved\. Check endpoint and DNS") as caught:
        client("https://no-such-host.invalid").request("make a token", "POST", "/x", body={})
    assert not caught.value.may_have_acted


# -- time and size


def test_silence_ends(serve):
    released = threading.Event()
    server = serve(lambda connection: released.wait(20) and None)
    try:
        with pytest.raises(ConnectionFailedError, match=r"no complete answer within 0\.2 s"):
            client(server, timeout=0.2).request("make a token", "POST", "/x", body={})
    finally:
        released.set()


def test_a_slow_drip_ends(serve):
    stopped = threading.Event()

    def drip(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
        while not stopped.wait(0.05):
            connection.sendall(b" ")

    began = time.monotonic()
    try:
        with pytest.raises(ConnectionFailedError, match="no complete answer"):
            client(serve(drip), timeout=0.3).request("make a token", "POST", "/x", body={})
    finally:
        stopped.set()
    assert time.monotonic() - began < 60


def test_slowly_dripping_headers_end(serve):
    stopped = threading.Event()

    def drip(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        while not stopped.wait(0.01):
            connection.sendall(b"X-More: and more\r\n")

    try:
        with pytest.raises(ConnectionFailedError):
            client(serve(drip), timeout=0.3).request("make a token", "POST", "/x", body={})
    finally:
        stopped.set()


def test_a_huge_body_is_refused_and_not_asked_for_again(serve, monkeypatch):
    monkeypatch.setattr(http_layer, "_LARGEST_BODY", 1000)
    server = serve(reply(200, b"x" * 200_000))
    with pytest.raises(ConnectionFailedError, match="the answer cannot be read"):
        client(server).request("list", "GET", "/x")
    assert len(server.requests) == 1


# -- TLS


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def ca_file(authority, tmp_path_factory) -> str:
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return str(path)


def tls_for(authority: trustme.CA, name: str, **how: Any) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name, **how).configure_cert(context)
    return context


def test_a_trusted_certificate(serve, authority, ca_file):
    server = serve(reply(200, "{}"), tls=tls_for(authority, "127.0.0.1"))
    assert client(server, ca_path=ca_file).request("list", "GET", "/x").status == 200


def test_an_untrusted_certificate_is_refused_before_anything_is_sent(serve, authority, pauses):
    server = serve(reply(200, "{}"), tls=tls_for(authority, "127.0.0.1"))
    with pytest.raises(ConnectionFailedError, match=r"its TLS certificate is not trusted .*Set ca_path") as caught:
        client(server).request("make a token", "POST", "/x", body={})
    assert not caught.value.may_have_acted
    assert (server.requests, pauses) == ([], [])


def test_a_certificate_for_another_name_is_refused(serve, authority, ca_file):
    server = serve(reply(200, "{}"), tls=tls_for(authority, "other.example.com"))
    with pytest.raises(ConnectionFailedError, match=r"not trusted .*mismatch.*the endpoint's name"):
        client(server, ca_path=ca_file).request("list", "GET", "/x")


def test_without_validation_any_certificate_will_do(serve, authority, recwarn):
    server = serve(reply(200, "{}"), tls=tls_for(authority, "other.example.com"))
    assert client(server, validate_certs=False).request("list", "GET", "/x").status == 200
    assert not recwarn.list


def test_validation_is_not_switched_off_by_the_environment(serve, authority, monkeypatch, ca_file):
    """REQUESTS_CA_BUNDLE is heeded where ca_path is not set, and never takes the place of ca_path."""
    server = serve(reply(200, "{}"), tls=tls_for(authority, "127.0.0.1"))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", ca_file)
    assert client(server).request("list", "GET", "/x").status == 200
    other = trustme.CA()
    with other.cert_pem.tempfile() as path, pytest.raises(ConnectionFailedError, match="not trusted"):
        client(server, ca_path=path).request("list", "GET", "/x")


def test_plain_http_where_tls_is_spoken(serve):
    server = serve(reply(200, "{}"))
    with pytest.raises(ConnectionFailedError, match=r"TLS handshake failed\. Check that the port speaks HTTPS"):
        client(f"https://127.0.0.1:{server.port}", timeout=5).request("list", "GET", "/x")


def test_ca_path_must_exist():
    with pytest.raises(OptionError, match=r"ca_path: there is no '/no/such\.pem'"):
        client("127.0.0.1", ca_path="/no/such.pem")


@pytest.mark.parametrize("content", [b"", b"not a certificate", b"\x30\x82\x01\x01\x00", b"-----BEGIN CERTIFICATE-----\nx"])
def test_a_file_without_certificates_is_named(tmp_path, serve, authority, monkeypatch, content):
    path = tmp_path / "ca.pem"
    path.write_bytes(content)
    with pytest.raises(OptionError, match=rf"ca_path: '{path}' cannot be used, since it holds no certificate in PEM\. Name a PEM file"):
        client("cluster", ca_path=str(path))
    assert client("cluster", ca_path=str(path), validate_certs=False)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(path))
    server = serve(reply(200, "{}"), tls=tls_for(authority, "127.0.0.1"))
    with pytest.raises(ConnectionFailedError, match=rf"the trusted certificates in '{path}' cannot be used") as caught:
        client(server).request("make a token", "POST", "/x")
    assert not caught.value.may_have_acted


def test_a_directory_of_certificates(tmp_path, authority):
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    with pytest.raises(OptionError, match=r"holds no certificate under its hash\. Run openssl rehash"):
        client("cluster", ca_path=str(tmp_path))
    authority.cert_pem.write_to_path(str(tmp_path / "0123abcd.0"))
    assert client("cluster", ca_path=str(tmp_path))


# -- the endpoint


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("cluster.example.com", "https://cluster.example.com:8000"),
        (" cluster.example.com ", "https://cluster.example.com:8000"),
        ("CLUSTER.example.com:443", "https://cluster.example.com:443"),
        ("10.0.0.1:8001", "https://10.0.0.1:8001"),
        ("[::1]", "https://[::1]:8000"),
        ("[2001:db8::1]:443", "https://[2001:db8::1]:443"),
        ("https://cluster.example.com/", "https://cluster.example.com:8000"),
        ("https://proxy.example.com:443/qumulo/", "https://proxy.example.com:443/qumulo"),
        ("HTTPS://cluster.example.com", "https://cluster.example.com:8000"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("http://LOCALHOST", "http://localhost:8000"),
        ("::1", "https://[::1]:8000"),
        ("2001:db8::1", "https://[2001:db8::1]:8000"),
        ("fe80::1%eth0", "https://[fe80::1%eth0]:8000"),
        ("clüster.example.com", "https://xn--clster-4ya.example.com:8000"),
        ("https://CLÜSTER.example.com:443/x", "https://xn--clster-4ya.example.com:443/x"),
        ("クラスタ.example.com", "https://xn--pckuas0o.example.com:8000"),
    ],
)
def test_endpoints(text, url):
    assert Endpoint.parse(text, 8000).url == url


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "https://",
        "cluster:port",
        "cluster:99999",
        "cluster:-1",
        "[::1",
        "two words",
        "cluster.example.com?x=1",
        "cluster.example.com#x",
        "faß.example.com",
        "cluster\nexample.com",
        "2001:db8::1:port",
        "https://2001:db8::1",
        "x" * 64,
        "x." * 127,
        "ftp://cluster.example.com",
        "file:///etc/passwd",
    ],
)
def test_malformed_endpoints(text):
    with pytest.raises(OptionError, match="endpoint"):
        Endpoint.parse(text, 8000)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("2001:db8::1:port", r"in brackets, like \[2001:db8::1\]:8000"),
        ("https://2001:db8::1", "in brackets"),
        ("faß.example.com", "in its ASCII form, which begins with xn--"),
        ("cluster:port", "like cluster.example.com:8000"),
    ],
)
def test_a_malformed_endpoint_comes_with_what_to_write(text, hint):
    with pytest.raises(OptionError, match=hint):
        Endpoint.parse(text, 8000)


@pytest.mark.parametrize(
    "token",
    [
        "access-v1:3Xq9Lw2Zt7Vb5Nc8Mk1Pj4Hg6Fd0Sa==",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl",
        "0bTOcUaNYJpSbg7FuVl2PkSKWIS2eX9q",
    ],
)
def test_a_token_is_no_endpoint(token):
    with pytest.raises(OptionError, match="endpoint: it is not a host") as caught:
        Endpoint.parse(token, 8000)
    assert token[-10:].lower() not in str(caught.value).lower()


@pytest.mark.parametrize(
    "text", ["user:s3cret@cluster", "https://user:s3cret@cluster.example.com:8000/", "s3cret@cluster", "http://s3cret@[::1]"]
)
def test_an_endpoint_with_a_password_is_refused_without_repeating_it(text):
    with pytest.raises(OptionError) as caught:
        Endpoint.parse(text, 8000)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    "text", ["http://cluster.example.com", "http://10.0.0.1", "http://localhost.example.com", "http://[2001:db8::1]:8000"]
)
def test_plain_http_to_another_machine_is_refused(text):
    with pytest.raises(OptionError, match="would send credentials in the clear"):
        Endpoint.parse(text, 8000)


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=40))
def test_any_endpoint_is_read_or_refused(text):
    try:
        url = Endpoint.parse(text, 8000).url
    except OptionError:
        return
    assert Endpoint.parse(url, 1).url == url


# -- whatever comes back

BODIES = st.one_of(st.binary(max_size=60), st.text(max_size=60).map(str.encode), st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["description", "inner"]), inner, max_size=2),
    max_leaves=6,
).map(lambda value: json.dumps(value).encode()))  # fmt: skip
HEADERS = st.dictionaries(
    st.sampled_from(["Retry-After", "Content-Type", "X"]), st.sampled_from(["1", "html", "text/html", "", "é"]), max_size=2
)
FAILURES = st.sampled_from(
    [
        requests.ConnectionError,
        requests.ReadTimeout,
        requests.exceptions.SSLError,
        requests.exceptions.ChunkedEncodingError,
        requests.exceptions.InvalidHeader,
        requests.exceptions.ContentDecodingError,
        requests.exceptions.InvalidURL,
    ]
)


# -- how many at a time


def test_a_request_that_gets_no_turn_is_not_sent(serve, monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    server = serve(reply(200, "{}"))
    http = client(server, timeout=0.01, max_parallel_requests=1)
    http._timeout = 5.0  # to wait for the answer, not for the turn
    with (
        RequestPlaces(f"127.0.0.1:{server.port}", 1, 0).one(),
        pytest.raises(ConnectionFailedError, match=r"so this one was not sent\. Run with fewer forks") as caught,
    ):
        http.request("make a token", "POST", "/x")
    assert not caught.value.may_have_acted
    assert server.requests == []
    assert http.request("make a token", "POST", "/x").status == 200


def test_nothing_is_held_between_two_attempts(serve, monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    server = serve(reply(503), reply(200, "{}"))
    http = client(server, max_parallel_requests=1)

    def pause(_seconds: float) -> None:
        with RequestPlaces(f"127.0.0.1:{server.port}", 1, 0).one():
            pass

    monkeypatch.setattr(http_layer, "time", SimpleNamespace(sleep=pause, monotonic=time.monotonic))
    assert http.request("look", "GET", "/x").status == 200
    assert len(server.requests) == 2


def test_without_a_limit_there_are_no_places(serve, monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert client(serve(reply(200, "{}"))).request("look", "GET", "/x").status == 200
    assert list(tmp_path.iterdir()) == []


@settings(max_examples=150, deadline=None)
@given(
    method=st.sampled_from(["GET", "POST", "DELETE"]),
    outcomes=st.lists(st.one_of(st.tuples(st.integers(100, 599), HEADERS, BODIES), FAILURES), min_size=1, max_size=4),
)
def test_whatever_comes_back_is_an_answer_or_a_failure_of_ours(method, outcomes):
    http = client("https://127.0.0.1:1")
    left, sent = list(outcomes), 0

    def request(*_unused: Any, **_how: Any) -> Response:
        nonlocal sent
        sent += 1
        outcome = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(outcome, type):
            raise outcome(SECRET)
        return Response(*outcome)

    http._session.request = request
    said = ""
    try:
        answer = http.request("do it", method, "/x")
        assert isinstance(answer, Answer)
        answer.json_object()
    except LatchkeyError as failure:
        said = str(failure)
    assert SECRET not in said
    assert sent <= (4 if method == "GET" else 1)
