# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Session tokens (JSON Web Tokens, HS256), secrets, and one-time codes (RFC 6238)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import struct
from typing import Any

STEP_SECONDS = 30
DIGITS = 6


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def make_jwt(key: str, claims: dict[str, Any]) -> str:
    """Return a signed JSON Web Token."""
    parts = [json.dumps(part, separators=(",", ":")).encode() for part in ({"typ": "JWT", "alg": "HS256"}, claims)]
    signed = ".".join(map(_base64url, parts))
    return f"{signed}.{_base64url(hmac.digest(key.encode(), signed.encode(), hashlib.sha256))}"


def csrf_token(token: str) -> str:
    """Return what goes with the cookie of a log-in that has this token."""
    return hashlib.sha256(token.encode()).hexdigest()


def new_secret() -> str:
    """Return the secret of a service account: 88 characters, with the `+` and `/` that need quoting."""
    while True:
        secret = base64.b64encode(secrets.token_bytes(66)).decode()
        if "+" in secret and "/" in secret:
            return secret


def new_totp_secret() -> str:
    """Return a secret for one-time codes, in Base32."""
    return base64.b32encode(secrets.token_bytes(20)).decode()


def totp(secret: str, counter: int) -> str:
    """Return the one-time code of a time step."""
    key = base64.b32decode(secret.upper() + "=" * (-len(secret) % 8))
    digest = hmac.digest(key, struct.pack(">Q", counter), hashlib.sha1)
    offset = digest[-1] & 0x0F
    number = struct.unpack_from(">I", digest, offset)[0] & 0x7FFFFFFF
    return str(number % 10**DIGITS).zfill(DIGITS)


def totp_counter(secret: str, code: str, now: float, window: int) -> int | None:
    """Return the time step that a code is for, or None when it is for none within `window` steps of `now`."""
    current = int(now // STEP_SECONDS)
    for counter in range(max(0, current - window), current + window + 1):
        if hmac.compare_digest(totp(secret, counter).encode(), code.encode()):
            return counter
    return None
