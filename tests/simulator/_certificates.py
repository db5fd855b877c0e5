# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The TLS certificate, from a private certificate authority that can be kept across restarts."""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path

import trustme

CONTROL_NAME = "localhost"  # whoever connects by this name is never hit by a fault of handshakes
_NAMES = ("127.0.0.1", CONTROL_NAME, "::1")


def _authority(directory: Path | None) -> trustme.CA:
    if directory is None:
        return trustme.CA()
    certificate, key = directory / "ca.pem", directory / "ca.key"
    if certificate.exists() and key.exists():
        return trustme.CA.from_pem(certificate.read_bytes(), key.read_bytes())
    directory.mkdir(parents=True, exist_ok=True)
    authority = trustme.CA()
    with open(os.open(key, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as stream:
        stream.write(authority.private_key_pem.bytes())
    authority.cert_pem.write_to_path(certificate)
    return authority


def server_context(
    directory: Path | None, ca_file: Path, fault: Callable[[], str | None] = lambda: None, names: Sequence[str] = ()
) -> ssl.SSLContext:
    """Return a server's TLS context for loopback, and write its authority's certificate to `ca_file`.

    :arg directory: where the authority is kept and found again; None makes a new one.
    :arg fault: asked at each handshake whether it shows a certificate that has "expired", or another one, "changed".
    :arg names: host names that the certificate is good for besides loopback's.
    """
    authority = _authority(directory)
    authority.cert_pem.write_to_path(ca_file)
    context = _context(authority.issue_cert(*_NAMES, *names))
    now = datetime.now(timezone.utc)
    bad = {
        "expired": _context(authority.issue_cert(*_NAMES, not_before=now - timedelta(days=90), not_after=now - timedelta(days=1))),
        "changed": _context(trustme.CA().issue_cert(*_NAMES)),
    }

    def choose(connection: ssl.SSLObject | ssl.SSLSocket, name: str | None, _context: ssl.SSLContext) -> None:
        kind = None if name == CONTROL_NAME else fault()
        if kind is not None:
            connection.context = bad[kind]

    context.sni_callback = choose
    return context


def _context(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context
