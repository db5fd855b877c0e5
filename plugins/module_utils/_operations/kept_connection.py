# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A connection that another process takes up later, when the files of this one may be gone. Private to this collection."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from .._common.endpoint import Endpoint
from .._connection import Auth, Connection

_LARGEST_TRUST = 64 * 1024  # characters of certificates that are kept; larger files are the system's, and stay


def from_anywhere(connection: Connection) -> Connection:
    """Return the connection for a process with another working directory."""
    return replace(connection, ca_path=os.path.abspath(connection.ca_path)) if connection.ca_path else connection


def connection_from_data(data: Mapping[str, Any]) -> Connection:
    """Return the connection that dataclasses.asdict was called on."""
    return Connection(**{**data, "endpoint": Endpoint(**data["endpoint"]), "auth": Auth(**data["auth"])})


def certificates(path: str | None) -> str | None:
    """Return what is in a file of certificates; None for a directory, or for a file that is too large to keep."""
    try:
        with open(path or "", encoding="utf-8") as file:
            text = file.read(_LARGEST_TRUST + 1)
    except (OSError, UnicodeDecodeError):
        return None
    return text if len(text) <= _LARGEST_TRUST else None


@contextlib.contextmanager
def with_certificates(connection: Connection, trusted: str | None) -> Iterator[Connection]:
    """Have kept certificates in a file of our own, for theirs may go at any moment once the run is over."""
    with contextlib.ExitStack() as stack:
        if trusted is not None:
            with contextlib.suppress(OSError):  # no place for it, so theirs has to do
                file = stack.enter_context(tempfile.NamedTemporaryFile("w", encoding="utf-8", prefix="latchkey-", suffix=".pem"))
                file.write(trusted)
                file.flush()
                connection = replace(connection, ca_path=file.name)
        yield connection
