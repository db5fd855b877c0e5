# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which certificates are trusted, and whether a file has any. Private to this collection. For client.py only."""

from __future__ import annotations

import os
import re
import ssl

# Where the systems that Ansible controllers run on keep their trusted certificates, when OpenSSL itself points nowhere.
_SYSTEM_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)
_LARGE = 64 * 1024  # bytes
_MARK = b"-----BEGIN CERTIFICATE-----"
_HASHED = re.compile(r"[0-9a-f]{8}\.[0-9]{1,4}")  # how OpenSSL finds a certificate in a directory


def system_trust() -> bool | str:
    """Return the system's trusted certificates; requests alone would take those that certifi brings."""
    paths = ssl.get_default_verify_paths()  # heeds SSL_CERT_FILE and SSL_CERT_DIR
    candidates = (os.environ.get("REQUESTS_CA_BUNDLE"), paths.cafile, *_SYSTEM_BUNDLES, paths.capath)
    return next((path for path in candidates if path and os.path.exists(path)), True)


def why_unusable(path: str, *, at_a_glance: bool = False) -> str:
    """Return why nothing can be trusted that a file or a directory of certificates holds; an empty string where that is not so.

    Args:
        path: the file or directory.
        at_a_glance: whether a large file that looks right is taken for right: reading a whole system's certificates takes a while.
    """
    try:
        if os.path.isdir(path):
            return "" if any(map(_HASHED.fullmatch, os.listdir(path))) else "the directory holds no certificate under its hash"
        if at_a_glance and os.path.getsize(path) > _LARGE:
            with open(path, "rb") as file:
                if _MARK in file.read(_LARGE):
                    return ""
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=path)
    except ssl.SSLError:
        return "it holds no certificate in PEM"
    except OSError as failure:
        return f"it cannot be read: {failure.strerror}"
    return ""


def how_to_write_it(path: str) -> str:
    """Return what to do about a file or a directory of certificates that cannot be used."""
    if os.path.isdir(path):
        return "Run openssl rehash on the directory, or name a PEM file with the certificates to trust."
    return "Name a PEM file with the certificates to trust; one in DER is converted by openssl x509 -inform der."
