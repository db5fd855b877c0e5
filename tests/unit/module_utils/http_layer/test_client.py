# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The HTTP client against local servers that misbehave. Everything stays on the loopback address."""

from __future__ import annotations

import base64
import contextlib
import http.client as http_client
import json
import logging
import socket
import threading
import time
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import quote

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import (
    AnswerError,
    AuthenticationError,
    ConflictError,
    ConnectionFailedError,
    ForbiddenError,
    LatchkeyError,
    NotFoundError,
    RequestError,
)
from ansible_collections.latchkey.tokens.plugins.module_utils._http import client as http_layer
from ansible_collections.latchkey.tokens.plugins.module_utils._http.client import Answer
from tests.unit.module_utils.http_layer.rig import SECRET, client, closed_port, reply
from tests.unit.module_utils.wire import Response

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


@pytest.mark.parametrize(
    "body", ["<p>&#" + "9" * 19_000 + ";</p>", "<p>&#x" + "f" * 19_000 + ";", "<script" * 2_800, "</script " * 2_000, "<" * 20_000]
)
def test_hostile_markup_is_read_at_once(serve, body):
    http = client(serve(reply(400, body, Content_Type="text/html")))
    began = time.process_time()
    with pytest.raises(RequestError, match="HTTP 400"):
        http.request("do it", "POST", "/x")
    assert time.process_time() - began < 2


# -- secrets


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


def test_an_unknown_host():
    with pytest.raises(ConnectionFailedError, match=r"the host name cannot be resolved\. Check endpoint and DNS") as caught:
        client("https://no-such-host.invalid").request("make a token", "POST", "/x", body={})
    assert not caught.value.may_have_acted


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
