# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Access tokens: JSON web tokens with an `exp` claim, which is all that the vendor's clients read."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

from ._model import Session


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _signature(key: str, signed: str) -> str:
    return _encode(hmac.new(key.encode(), signed.encode(), hashlib.sha256).digest())


def _json(value: dict[str, Any]) -> str:
    return _encode(json.dumps(value, separators=(",", ":")).encode())


def write(key: str, session: Session, issuer: str) -> str:
    """Return the token of a session."""
    claims = {"iss": issuer, "sub": session.client_id, "iat": int(session.created), "exp": int(session.expires), "jti": session.id}
    signed = f"{_json({'alg': 'HS256', 'typ': 'JWT'})}.{_json(claims)}"
    return f"{signed}.{_signature(key, signed)}"


def session_id(key: str, token: str) -> str | None:
    """Return the id of a token's session, or None when the token is not one of ours."""
    signed, _unused, signature = token.rpartition(".")
    if not hmac.compare_digest(signature.encode(), _signature(key, signed).encode()):
        return None
    claims = signed.partition(".")[2]
    return str(json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["jti"])
