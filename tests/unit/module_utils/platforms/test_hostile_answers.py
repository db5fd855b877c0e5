# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every call of every platform, over a real socket, against a server that answers anything at all."""

from __future__ import annotations

import gzip
import itertools
import json
import random
import socket
import threading
import time
import tracemalloc
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import AnswerError, ConnectionFailedError, LatchkeyError
from ansible_collections.latchkey.tokens.plugins.module_utils._common.model import Account
from ansible_collections.latchkey.tokens.plugins.module_utils._common.steps import apply_steps
from ansible_collections.latchkey.tokens.plugins.module_utils._connection import resolve_connection
from ansible_collections.latchkey.tokens.plugins.module_utils._http import client as http_layer
from ansible_collections.latchkey.tokens.plugins.module_utils._platforms.pages import LARGEST_LIST, MOST_PAGES
from ansible_collections.latchkey.tokens.plugins.module_utils._platforms.registry import open_platform
from tests.unit.examples import examples
from tests.unit.module_utils.platforms import test_qumulo, test_rubrik_cdm, test_rubrik_rsc
from tests.unit.module_utils.raw_server import Reply, Server
from tests.unit.module_utils.wire import Response

TOKEN, PASSWORD, SECRET = "canary-token-5f0c", "canary-pass/word+5f0c", "canary-secret=5f0c"
S3 = {"takes_s3_key": lambda one: one.takes_s3_key("k1", SECRET, one.http.endpoint.url)}
CALLS = {"qumulo": {**test_qumulo.CALLS, **S3}, "rubrik_cdm": test_rubrik_cdm.CALLS, "rubrik_rsc": test_rubrik_rsc.CALLS}
AS_TOKEN = {"token": TOKEN}
AS_USER = {"username": "admin", "password": PASSWORD}
AS_CLIENT = {"client_id": test_rubrik_rsc.ID, "client_secret": SECRET}
WHO = {"qumulo": [AS_TOKEN, AS_USER], "rubrik_cdm": [AS_TOKEN, AS_USER, AS_CLIENT], "rubrik_rsc": [AS_TOKEN, AS_CLIENT]}
MOST_REQUESTS = 150  # of one call, where the server has no pages without end


class Hostile(Server):
    """Sends its replies over and over."""

    def choose(self) -> Reply:
        return self.replies[len(self.requests) % len(self.replies)]

    @property
    def heads(self) -> list[str]:
        """The heads of what was asked."""
        return [head for head, _body in self.requests]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def says(self, *replies: Reply) -> None:
        """Answer with these from now on, the first one first."""
        self.replies = list(replies)
        self.requests.clear()

    def platform(self, name: str, who: dict[str, Any], **more: Any) -> Any:
        options = {"platform": name, "endpoint": self.url, "timeout": 5, **who, **more}
        return open_platform(resolve_connection(options, {}))


@pytest.fixture(scope="module")
def server() -> Iterator[Hostile]:
    one = Hostile()
    yield one
    one.close()


@pytest.fixture(scope="module", autouse=True)
def quiet() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            patch.delenv(name, raising=False)
        patch.setattr(http_layer, "time", SimpleNamespace(sleep=lambda _pause: None, monotonic=time.monotonic))
        yield


def http_reply(status: int | str, body: bytes = b"", headers: list[bytes] | None = None, length: bool = True) -> bytes:
    lines = [f"HTTP/1.1 {status} Whatever".encode(), b"Connection: close", *(headers or [])]
    if length:
        lines.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


# -- what a server may answer

NAMES = [
    "jane",
    "svc-new",
    "",
    "{{ lookup('pipe', 'touch /tmp/x') }}",
    "{% raw %}",
    "!vault |",
    "&a *b <<: [",
    "- x: {",
    "'\"",
    "a\nb: c",
    "../../etc/passwd",
    "..",
    "a/b?c#d%2e%2e;x",
    "\u202egnp.exe\u2066",
    "\x00\x07\x1b[2J\x1b]0;title\x07\x9b31m",
    "\u2028\u2029\x85",
    "x" * 20_000,
    "\U0001f511 name",
    f"I know {TOKEN} and {PASSWORD} and {SECRET}",
]
IDS = ["1002", "500", test_rubrik_cdm.UUID, f"User:::{test_rubrik_cdm.UUID}", test_rubrik_rsc.ID, "A", "r1"]
LINKS = [
    "/v1/x?after=1",
    "https://evil.example.com/",
    "https://127.0.0.1@evil.example.com/",
    "//evil",
    "//[",
    "http://[::1",
    "/\t/evil",
    "/x",
]
JUNK: list[Any] = [None, True, 0, -1, 10**400, 1.5, "", "a", [], {}, [[]], [None], {"a": None}, [{"id": {}}], *NAMES]
TIMES = ["2027-01-02T00:00:00Z", "2027-13-01T00:00:00Z", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", ""]


def valid(name: str, pick: random.Random) -> dict[str, Any]:
    """One object with every field that any call of a platform reads, each as it should be."""
    one = {
        "id": pick.choice(IDS),
        "name": pick.choice(NAMES),
        "username": pick.choice(NAMES),
        "email": "",
        "domain": pick.choice(["LOCAL", "CLIENT"]),
        "description": "",
        "privileges": ["PRIVILEGE_X"],
        "roles": [{"id": "A", "roleId": "A", "name": pick.choice(NAMES)}],
    }
    if name == "qumulo":
        person = one | {"auth_id": pick.choice(IDS)}
        entry = {"id": "7", "user": person, "creator": person, "creation_time": pick.choice(TIMES), "expiration_time": pick.choice(TIMES)}
        more = {"entries": [entry], "paging": {"next": pick.choice([None, None, *LINKS])}, "bearer_token": "access-v1:x"}
        return person | entry | more | {"members": {"1002": {}}, "revision_id": "Qumulo Core 7.1", "access_token_id": "7"}
    if name == "rubrik_cdm":
        session = {"id": "s1", "sessionId": "s1", "userId": test_rubrik_cdm.UUID, "token": test_rubrik_cdm.TOKEN, "tag": pick.choice(NAMES)}
        times = {"creationTime": pick.choice(TIMES), "expirationTime": pick.choice(TIMES), "lastUsageTime": None}
        paged = {"data": [one | session | times], "hasMore": pick.choice([True, False, None]), "total": 1}
        return (
            one | times | paged | {"session": session | times, "token": "t", "sessionId": "s", "version": "9.3.0", "clientSecret": "s3cr"}
        )
    node = one | {"clientId": test_rubrik_rsc.ID, "clientSecret": "shown-once", "accessToken": "t2", "suspendedTprPolicyIds": ["p"]}
    paged = {"nodes": [node], "pageInfo": {"hasNextPage": pick.choice([True, False]), "endCursor": pick.choice(NAMES)}}
    root = node | paged | {"user": node, "accountName": "acme", "orgName": pick.choice(NAMES)}
    return {"data": dict.fromkeys(test_rubrik_rsc.ROOTS, root), "client_id": test_rubrik_rsc.ID, "access_token": "t", "expires_in": 60}


def refusal(pick: random.Random) -> Any:
    """An error body of any of the vendors, with words that mean harm."""
    words = pick.choice(NAMES)
    bodies: list[Any] = [
        {"error_class": words, "description": words, "inner": {"description": words}},
        {"errorType": words, "message": words},
        {"code": pick.choice([16, 401, 10**30, -1, True]), "message": words},
        {"errors": [{"message": words, "path": ["a", "b"], "extensions": {"code": pick.choice([400, 403, "x"])}}], "data": None},
        words,
    ]
    return pick.choice(bodies)


def spoiled(value: Any, pick: random.Random) -> Any:
    """The same with one thing wrong, somewhere in it."""
    if isinstance(value, (dict, list)) and value and pick.random() < 0.8:
        keys = list(value) if isinstance(value, dict) else list(range(len(value)))
        key = pick.choice(keys)
        copy = value.copy()
        if isinstance(value, dict) and pick.random() < 0.15:
            del copy[key]
        else:
            copy[key] = spoiled(value[key], pick)
        return copy
    return pick.choice([*JUNK, [value], {"x": value}, [value] * 3, str(value)])


def text_of(value: Any, pick: random.Random) -> bytes:
    """A JSON value as bytes, perhaps in a way that JSON does not allow or nobody expects."""
    text = json.dumps(value)
    for _unused in range(pick.choice([0, 0, 1])):
        at = pick.randrange(len(text) + 1)
        noise = pick.choice([*NOISE, "[" * 500, '{"a":' * 3000, "\ufeff", text[: pick.randrange(len(text) + 1)]])
        text = text[:at] + noise + text[at:]
    how = pick.choice(["as it is"] * 6 + ["key twice", "utf-16", "latin-1", "utf-8-sig", "list", "cut", "nothing"])
    if how == "key twice" and text.startswith('{"'):
        text = '{"id": 1, "name": [], "data": 7, ' + text[1:]
    if how == "list":
        text = f"[{text}]"
    if how == "cut":
        text = text[: pick.randrange(len(text) + 1)]
    if how == "nothing":
        return b""
    return text.encode(how if how in ("utf-16", "latin-1", "utf-8-sig") else "utf-8", "replace")


NOISE = ["NaN", "-Infinity", "1e999", '"\\ud800"', '"\\udc00x"', "\x00", "\x1b[31m", "<html><script>", "<" * 50, '"', ",", "}", "9" * 5000]
STATUSES = [200] * 14 + [201, 202, 204, 206, 299, 300, 301, 302, 303, 304, 307, 308, 400, 401, 403, 404, 405, 409, 412, 418, 422, 429]
ODD_STATUSES = [*STATUSES, 500, 501, 502, 503, 504, 599, 100, 101, 103, 199, 600, 999, 0, -1, "abc", "", 1000]
HEADERS = [
    b"Content-Type: application/json; charset=utf-7",
    b"Content-Type: text/html; charset=\xff\xfe",
    b"Content-Encoding: gzip",
    b"Content-Encoding: gzip, gzip, br",
    b"Content-Encoding: zstd",
    b"Transfer-Encoding: chunked",
    b"Transfer-Encoding: \x0bchunked",
    b"Location: https://evil.example.com/",
    b"Location: http://[",
    b"Location: \xff\xfe\x00",
    b"Location: //user@evil.example.com:99999/\xe9",
    b"Content-Length: 5, 6",
    b"Content-Length: -1",
    b"Content-Length: abc",
    b"Content-Length: 9999999999",
    b"Retry-After: 99999999999999999999999",
    b"Retry-After: Fri, 31 Feb 9999 99:99:99 -9999",
    b"Retry-After: \xb2",
    b'ETag: "\xe9\x0b"',
    b'ETag: "a"\r\n folded: b',
    b"Set-Cookie: a=b; Domain=.evil.example.com; Expires=\xff; Max-Age=x; Version=\xb2; Port=x",
    b"WWW-Authenticate: Digest \xff",
    b"no colon at all",
    b": no name",
    b"X: " + b"y" * 70_000,
    b"\r\n".join([b"X: y"] * 120),
]


def a_reply(name: str, pick: random.Random) -> bytes:
    """One reply: mostly a near miss, sometimes no HTTP at all."""
    if pick.random() < 0.03:
        return pick.choice(
            [b"", b"\x00" * 100, b"SSH-2.0-x\r\n", b"HTTP/9.9 200\r\n\r\n{}", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\n\r\n{"]
        )
    value: Any = valid(name, pick) if pick.random() < 0.85 else refusal(pick)
    if name == "qumulo" and pick.random() < 0.2:
        value = [value] if pick.random() < 0.5 else {"R": value, "latchkey-jane": value, pick.choice(NAMES): value}
    for _unused in range(pick.choice([0, 0, 1, 1, 1, 2])):
        value = spoiled(value, pick)
    body = text_of(value, pick)
    headers = [pick.choice(HEADERS) for _unused in range(pick.choice([0, 0, 0, 1, 2]))]
    if b"Content-Encoding: gzip" in headers and pick.random() < 0.7:
        body = gzip.compress(body)[: pick.choice([None, None, -9, 20])]
    status = pick.choice(STATUSES if pick.random() < 0.8 else ODD_STATUSES)
    return http_reply(status, body, headers, length=pick.random() < 0.9)


def assert_fit_to_show(told: str, secrets: list[str]) -> None:
    assert told.isprintable(), told
    assert len(told) < 20_000
    for secret in secrets:
        assert secret not in told


def call_and_judge(server: Hostile, name: str, call: str, who: dict[str, Any]) -> None:
    """Make a call: it must end with a result or with an error of ours, and say nothing that it must not."""
    secrets = [who[key] for key in ("token", "password", "client_secret") if key in who]
    server.requests.clear()
    one = server.platform(name, who)
    try:
        with one:
            CALLS[name][call](one)
    except LatchkeyError as failure:
        assert_fit_to_show(str(failure), secrets)
    for warning in one.warnings:
        assert_fit_to_show(warning, secrets)
    assert len(server.heads) < MOST_REQUESTS


@pytest.mark.parametrize("name", CALLS)
@settings(max_examples=examples(100), deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data(), seed=st.integers(0, 2**64))
def test_whatever_comes_over_the_wire_is_a_result_or_a_failure_of_ours(server, name, data, seed):
    call = data.draw(st.sampled_from(sorted(CALLS[name])))
    who = data.draw(st.sampled_from(WHO[name]))
    pick = random.Random(seed)
    server.says(*[a_reply(name, pick) for _unused in range(pick.randint(1, 5))])
    call_and_judge(server, name, call, who)


@pytest.mark.parametrize("name", CALLS)
@settings(max_examples=examples(30), deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data(), noise=st.lists(st.binary(max_size=200), min_size=1, max_size=3), http=st.booleans())
def test_noise_is_a_failure_of_ours(server, name, data, noise, http):
    call = data.draw(st.sampled_from(sorted(CALLS[name])))
    server.says(*[http_reply(200, one) if http else one for one in noise])
    call_and_judge(server, name, call, WHO[name][0])


# -- a credential stays where it is


@pytest.mark.parametrize("name", CALLS)
def test_no_call_follows_a_redirect(server, name):
    elsewhere = Hostile()
    elsewhere.says(http_reply(200, b"{}"))
    try:
        for target in (elsewhere.url, f"{server.url}/elsewhere", f"http://127.0.0.1@{elsewhere.url.removeprefix('http://')}/"):
            for call, status in zip(CALLS[name], itertools.cycle((301, 302, 303, 307, 308)), strict=False):
                server.says(http_reply(status, b"{}", [b"Location: " + target.encode()]))
                call_and_judge(server, name, call, WHO[name][-1])
                assert not any("/elsewhere" in head for head in server.heads)
        assert elsewhere.heads == []
    finally:
        elsewhere.close()


@pytest.mark.parametrize("target", [b"http://[", b"\xff\xfe", b"//a:b:c/", b"", b"\x00", b"http://" + b"x" * 60_000])
def test_a_redirect_with_a_strange_link(server, target):
    server.says(http_reply(302, b"{}", [b"Location: " + target]))
    with pytest.raises(AnswerError, match="Redirects are not followed"):
        server.platform("qumulo", AS_TOKEN).tokens(None)


# -- bounds


def test_the_body_of_a_redirect_is_not_read(server):
    sent = 0

    def endless(connection: socket.socket) -> None:
        nonlocal sent
        connection.sendall(b"HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 1000000000\r\n\r\n")
        while sent < 200_000_000:
            connection.sendall(b"x" * 100_000)
            sent += 100_000

    server.says(endless)
    with pytest.raises(LatchkeyError):
        server.platform("qumulo", AS_TOKEN).tokens(None)
    assert sent < 100_000_000


def assert_given_up(server: Hostile, reply: Reply, stopped: threading.Event) -> None:
    """A call does not wait for an answer that never ends."""
    server.says(reply)
    began = time.monotonic()
    try:
        with pytest.raises(ConnectionFailedError, match="no complete answer"):
            server.platform("qumulo", AS_TOKEN, timeout=0.2).mint_token(Account("1", "jane", "LOCAL"), None)
    finally:
        stopped.set()
    assert time.monotonic() - began < 60


def test_the_status_100_without_end(server):
    stopped = threading.Event()

    def again_and_again(connection: socket.socket) -> None:
        while not stopped.is_set():
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")

    assert_given_up(server, again_and_again, stopped)


def test_a_header_that_trickles_without_end(server):
    stopped = threading.Event()

    def drip(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
        while not stopped.wait(0.02):
            connection.sendall(b"y")

    assert_given_up(server, drip, stopped)


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_a_small_answer_that_holds_a_huge_one(server, monkeypatch, layers):
    monkeypatch.setattr(http_layer, "_LARGEST_BODY", 1_000_000)
    bomb = b"[" + b" " * 100_000_000
    for _unused in range(layers):
        bomb = gzip.compress(bomb, 1)
    server.says(http_reply(200, bomb, [b"Content-Encoding: " + b", ".join([b"gzip"] * layers)]))
    one = server.platform("qumulo", AS_TOKEN)
    tracemalloc.start()
    try:
        with pytest.raises(ConnectionFailedError, match="the answer cannot be read"):
            one.tokens(None)
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


def test_a_packed_answer_is_read(server):
    body = gzip.compress(json.dumps({"entries": [], "paging": {}}).encode())
    server.says(http_reply(200, body, [b"Content-Encoding: gzip"]))
    assert server.platform("qumulo", AS_TOKEN).tokens(None) == []


@pytest.mark.parametrize(
    "body", [b"<" * 10_000_000, b"<script" * 1_000_000, b"a<" * 5_000_000, b'"' + b"x" * 10_000_000 + b'"', b"[" * 10_000_000]
)
def test_a_huge_error_body_is_read_in_time(server, body):
    server.says(http_reply(418, body, [b"Content-Type: text/html"]))
    began = time.monotonic()
    with pytest.raises(LatchkeyError) as caught:
        server.platform("qumulo", AS_TOKEN).tokens(None)
    assert len(str(caught.value)) < 1000
    assert time.monotonic() - began < 60


@pytest.mark.parametrize("name", CALLS)
def test_pages_without_end(name):
    sent = 0

    def request(*_what: Any, **_how: Any) -> Response:
        nonlocal sent
        sent += 1
        page = {
            "entries": [],
            "paging": {"next": f"/v1/x?after={sent}"},
            "data": [{"id": f"i{sent}", "name": "x", "roles": []}],
            "hasMore": True,
        }
        if name == "rubrik_rsc":
            info = {"hasNextPage": True, "endCursor": f"c{sent}"}
            page = {"data": {"serviceAccounts": {"nodes": [], "pageInfo": info}}}
        return Response(200, {}, json.dumps(page).encode())

    one = open_platform(resolve_connection({"platform": name, "endpoint": "cluster.example.com", **AS_TOKEN}, {}))
    one.http._session.request = request
    with pytest.raises(AnswerError, match=f"after {MOST_PAGES} pages there is still another one"):
        one.tokens(None) if name == "qumulo" else one.service_accounts()
    assert sent <= MOST_PAGES + 1


@pytest.mark.parametrize("name", CALLS)
def test_pages_that_are_too_large_together(name):
    sent = 0

    def request(*_what: Any, **_how: Any) -> Response:
        nonlocal sent
        sent += 1
        page = {"entries": [], "paging": {"next": f"/v1/x?after={sent}"}, "data": [{"id": f"i{sent}", "name": "x", "roles": []}]}
        if name == "rubrik_rsc":
            info = {"hasNextPage": True, "endCursor": f"c{sent}"}
            page = {"data": {"serviceAccounts": {"nodes": [], "pageInfo": info}}}
        return Response(200, {}, json.dumps({**page, "hasMore": True, "more": "x" * 4_000_000}).encode())

    one = open_platform(resolve_connection({"platform": name, "endpoint": "cluster.example.com", **AS_TOKEN}, {}))
    one.http._session.request = request
    with pytest.raises(AnswerError, match="the pages of the list are together larger than 32 MiB"):
        one.tokens(None) if name == "qumulo" else one.service_accounts()
    assert sent <= LARGEST_LIST // 4_000_000 + 1


@pytest.mark.parametrize("revision", ["1" * 80_000, "1." * 40_000, "1.1" + " " * 80_000 + "x", "x" * 80_000 + "7.1.0", "1.2" * 30_000])
def test_a_huge_revision_is_read_at_once(server, revision):
    server.says(http_reply(200, json.dumps({"revision_id": revision}).encode()))
    began = time.process_time()
    found = server.platform("qumulo", AS_TOKEN)._version()
    assert time.process_time() - began < 2
    assert found == ((7, 1, 0) if revision.endswith("7.1.0") else found)
    assert all(part < 10**6 for part in found)


@pytest.mark.parametrize("odd", ["NaN", "-Infinity", "1e999", '"\\ud83d"', "[" * 200 + "]" * 200, '{"a":' * 150 + "1" + "}" * 150])
def test_what_no_result_could_hold_is_refused(server, odd):
    server.says(http_reply(200, b'{"entries": [], "paging": null, "x": %s}' % odd.encode()))
    with pytest.raises(AnswerError, match="unexpected response"):
        server.platform("qumulo", AS_TOKEN).tokens(None)
    assert isinstance(server.platform("qumulo", AS_TOKEN).probe("GET", "/x").body, str)


@pytest.mark.parametrize("fine", ['"\\ud83d\\udd11"', "1e300", "[" * 90 + "]" * 90, '"\\\\ud83d"', json.dumps([[{}]] * 500)])
def test_what_only_looks_odd_is_not(server, fine):
    server.says(http_reply(200, b'{"entries": [], "paging": null, "x": %s}' % fine.encode()))
    assert server.platform("qumulo", AS_TOKEN).tokens(None) == []


# -- names are data

PATH_NAMES = [name for name in NAMES if name not in ("", "..")] + ["%2e%2e", "%", "a b+c", "é", "...", ".hidden", "\\"]


@pytest.mark.parametrize("role", PATH_NAMES)
def test_a_name_is_one_part_of_a_path(server, role):
    users = json.dumps([{"id": "1002", "name": "jane"}]).encode()
    roles = json.dumps({role: {"description": ""}}).encode()
    server.says(http_reply(200, users), http_reply(200, roles), http_reply(200, b'{"members": {"1002": {}}}'))
    found = server.platform("qumulo", AS_TOKEN).service_accounts()
    assert found[0].roles == {role}
    method, path, _version = server.heads[-1].split("\r\n")[0].split(" ")
    parts = path.split("/")
    assert (method, parts[:5], parts[6:]) == ("GET", ["", "v1", "auth", "roles", *parts[4:5]], [])
    assert unquote(parts[4]) == role
    assert parts[5] == "members"
    server.says(http_reply(200, b"{}"))
    state = found[0]
    apply_steps(server.platform("qumulo", AS_TOKEN).role_steps(state, type(state)(state.account, frozenset()))[1])
    assert unquote(server.heads[0].split(" ")[1].split("/")[4]) == role
    assert server.heads[0].split(" ")[1].count("/") == 6


@pytest.mark.parametrize("role", ["", ".", ".."])
def test_a_name_that_would_climb_is_refused(server, role):
    server.says(http_reply(200, b'[{"id": "1002", "name": "jane"}]'), http_reply(200, json.dumps({role: {}}).encode()))
    with pytest.raises(LatchkeyError, match="is not a name or an id"):
        server.platform("qumulo", AS_TOKEN).service_accounts()


@pytest.mark.parametrize("name", NAMES)
def test_names_in_an_error_are_fit_to_be_shown(server, name):
    server.says(http_reply(200, json.dumps({name: {}, "b\x1b[31m": {}}).encode()))
    wish = test_qumulo.AccountState(Account("", "x"), frozenset(["no such role"]))
    with pytest.raises(LatchkeyError, match="there is no role 'no such role'") as caught:
        server.platform("qumulo", AS_TOKEN).checked_account(wish, None)
    assert_fit_to_show(str(caught.value), [TOKEN])
