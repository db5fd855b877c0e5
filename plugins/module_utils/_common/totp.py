# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One-time codes for two-step verification, RFC 6238: SHA-1, six digits, 30 seconds. Private to this collection. Pure functions."""

from __future__ import annotations

import base64
import hmac
from datetime import datetime

from .errors import OptionError

_STEP = 30  # seconds that a code is for
_DIGITS = 6


def one_time_code(secret: str, now: datetime) -> str:
    """Return the code that an authenticator app would show.

    Args:
        secret: in Base32, as it was shown when two-step verification was set up; blanks, lower case and missing padding do no harm.
        now: the time.

    Raises:
        OptionError: the secret is not Base32; it is not quoted.
    """
    written = "".join(secret.split()).rstrip("=").upper()
    try:
        key = base64.b32decode(written + "=" * (-len(written) % 8))
    except ValueError:
        key = b""
    if not key:
        raise OptionError(
            "totp_secret: it is not Base32.",
            "Set it to the letters A to Z and digits 2 to 7 that were shown when two-step verification was set up.",
        )
    digest = hmac.digest(key, (int(now.timestamp()) // _STEP).to_bytes(8, "big"), "sha1")
    start = digest[-1] & 0x0F
    number = int.from_bytes(digest[start : start + 4], "big") & 0x7FFFFFFF
    return str(number % 10**_DIGITS).zfill(_DIGITS)
