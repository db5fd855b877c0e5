# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which requests are sent again, and whether one that has no answer may have taken effect."""

from __future__ import annotations

import ast
import socket
import ssl
from datetime import datetime, timezone
from pathlib import Path

import pytest

from ansible_collections.latchkey.tokens.plugins.module_utils._common.endpoint import Endpoint
from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import (
    ConnectionFailedError,
    NotFoundError,
    RequestError,
)
from ansible_collections.latchkey.tokens.plugins.module_utils._http import client as http_layer
from tests.unit.module_utils.http_layer.rig import client, closed_port, cut_off, hang_up, reply, tls_for

# -- while the appliance is busy


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


# -- where an answer is broken


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


def test_a_post_that_never_reached_anyone_is_repeated(pauses):
    with pytest.raises(ConnectionFailedError, match="the connection was refused") as caught:
        client(f"http://127.0.0.1:{closed_port()}").request("make a token", "POST", "/x", body={})
    assert not caught.value.may_have_acted
    assert "took effect" not in str(caught.value)
    assert len(pauses) == 3


def test_a_post_gets_through_once_somebody_listens(serve, monkeypatch):
    server = serve(reply(200, "{}"))
    http = client(f"http://127.0.0.1:{closed_port()}")
    monkeypatch.setattr(
        http_layer.time, "sleep", lambda _pause: setattr(http, "endpoint", Endpoint.parse(f"http://127.0.0.1:{server.port}", 1))
    )
    assert http.request("make a token", "POST", "/x", body={}).status == 200
    assert len(server.requests) == 1


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
    plugins = Path(__file__).resolve().parents[4] / "plugins"
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
