# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A scripted appliance in place of requests.Session.request: the requests expected, in order, and the answers to them."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import requests

BASE = "https://cluster.example.com:8000"
UNSAID = object()


@dataclass(frozen=True)
class Exchange:
    """One request as it must be, and the answer to it; a failure is raised in place of an answer."""

    method: str
    path: str
    answer: Any = None
    status: int = 200
    query: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    authorization: Any = UNSAID
    sends: Mapping[str, str] = field(default_factory=dict)  # headers that the request must have
    failure: Exception | None = None


class Response:
    """As much of a response as the client looks at."""

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.status_code, self.headers, self.raw = status, dict(headers), self
        self._body = io.BytesIO(body)

    def __enter__(self) -> Response:
        return self

    def __exit__(self, *_unused: object) -> None:
        pass

    def read1(self, size: int, decode_content: bool) -> bytes:
        return self._body.read(size)


class Script:
    """Answers requests in the order given, and fails on any other."""

    def __init__(self, *exchanges: Exchange) -> None:
        self.exchanges = list(exchanges)
        self.seen: list[tuple[str, str]] = []
        self.surplus: list[tuple[str, str]] = []

    def install(self, monkeypatch: Any) -> Script:
        monkeypatch.setattr(requests.Session, "request", lambda session, method, url, **how: self.request(method, url, **how))
        return self

    def request(self, method: str, url: str, *, params: Any, json: Any, headers: Any, auth: Any, **how: Any) -> Response:
        assert url.startswith(BASE), url
        parts = urlsplit(url)
        query = dict(parse_qsl(parts.query)) | dict(params or {})
        prepared = requests.Request(method, url, headers=headers).prepare()
        sent = dict(auth(prepared).headers)
        self.seen.append((method, parts.path))
        if not self.exchanges:
            self.surplus.append((method, parts.path))  # kept for done(), since an operation turns an AssertionError into a result
        assert not self.surplus, f"one request too many: {self.surplus}"
        expected = self.exchanges.pop(0)
        assert (method, parts.path, query, json) == (expected.method, expected.path, dict(expected.query), expected.body)
        assert how["allow_redirects"] is False
        if expected.authorization is not UNSAID:
            assert sent.get("Authorization") == expected.authorization
        assert {name: sent.get(name) for name in expected.sends} == dict(expected.sends)
        if expected.failure:
            raise expected.failure
        body = expected.answer if isinstance(expected.answer, bytes) else b"" if expected.answer is None else _bytes(expected.answer)
        return Response(expected.status, expected.headers, body)

    def done(self) -> None:
        """Fail when a request of the script was not sent, or one beyond it was."""
        assert not self.surplus, f"beyond the script: {self.surplus}"
        assert not self.exchanges, f"not sent: {self.exchanges}"


class Echo:
    """Answers every request with the next of some answers, over and over, whatever is asked."""

    def __init__(self, answers: Sequence[tuple[int, Any]]) -> None:
        self.answers = answers
        self.asked = 0

    def install(self, one: Any) -> None:
        """Put it in place of a platform's connections."""
        one.http._session.request = self.request

    def request(self, _method: str, _url: str, *, auth: Any, **_how: Any) -> Response:
        header = auth(requests.Request("GET", BASE).prepare()).headers.get("Authorization", "")
        assert header.isascii(), header
        assert header.isprintable(), header
        status, value = self.answers[self.asked % len(self.answers)]
        self.asked += 1
        assert self.asked < 200
        return Response(status, {}, _bytes(value))


def _bytes(value: Any) -> bytes:
    return json.dumps(value).encode()
