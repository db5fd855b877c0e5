# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read what a JSON web token says of itself. Private to this collection. Pure functions; the signature is for the appliance to check."""

from __future__ import annotations

import base64
import json
from datetime import datetime, timezone
from typing import Any


def jwt_claims(token: str) -> dict[str, Any]:
    """Return the claims of a JSON web token; an empty dictionary for anything else."""
    parts = token.split(".")
    if len(parts) != 3:
        return {}
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, RecursionError):
        return {}
    return claims if isinstance(claims, dict) else {}


def instant_claim(claims: dict[str, Any], name: str) -> datetime | None:
    """Return a claim that is an instant, such as ``exp`` or ``iat``; None where there is none that makes sense."""
    seconds = claims.get(name)
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
        return None
    try:
        return datetime.fromtimestamp(seconds, timezone.utc)
    except (ValueError, OverflowError, OSError):
        return None
