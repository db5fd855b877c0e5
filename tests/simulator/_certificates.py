# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The TLS certificate, from a private certificate authority that can be kept across restarts."""

from __future__ import annotations

import os
import ssl
from pathlib import Path

import trustme


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


def server_context(directory: Path | None, ca_file: Path) -> ssl.SSLContext:
    """Return a server's TLS context for loopback, and write its authority's certificate to `ca_file`.

    :arg directory: where the authority is kept and found again; None makes a new one.
    """
    authority = _authority(directory)
    authority.cert_pem.write_to_path(ca_file)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", "localhost", "::1").configure_cert(context)
    return context
