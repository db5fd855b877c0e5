# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers of raw servers, and clients for them."""

from __future__ import annotations

import socket
import ssl
from typing import Any

import trustme

from ansible_collections.latchkey.tokens.plugins.module_utils._common.endpoint import Endpoint
from ansible_collections.latchkey.tokens.plugins.module_utils._http.client import HttpClient
from tests.unit.module_utils.raw_server import Server

SECRET = 'access-v1:c3Bpbg+/"\\ü='


def reply(status: int, body: bytes | str = b"", **headers: str) -> bytes:
    body = body.encode() if isinstance(body, str) else body
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(body)}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def hang_up(connection: socket.socket) -> None:
    connection.shutdown(socket.SHUT_RDWR)


def cut_off(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def words(value: Any) -> str:
    return str(value.get("description") or "") if isinstance(value, dict) else ""


def client(where: Server | str, **how: Any) -> HttpClient:
    text = where if isinstance(where, str) else f"{'https' if where.tls else 'http'}://127.0.0.1:{where.port}"
    settings_ = {"validate_certs": True, "ca_path": None, "timeout": 5.0, "vendor_words": words} | how
    made = HttpClient(platform="qumulo", name="Qumulo Core", endpoint=Endpoint.parse(text, 8000), **settings_)
    made.hide(SECRET)
    made.authorization = f"Bearer {SECRET.encode('ascii', 'ignore').decode()}"
    return made


def tls_for(authority: trustme.CA, name: str, **how: Any) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name, **how).configure_cert(context)
    return context
