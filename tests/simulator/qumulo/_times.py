# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""RFC 3339 times as the cluster reads and prints them."""

from __future__ import annotations

import re
import secrets
from datetime import datetime, timedelta, timezone

_RFC3339 = re.compile(r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:([Zz])|([+-])(\d\d):(\d\d))", re.ASCII)
# lengths of the fractions printed one after the other, so that every client meets all sorts
_FRACTION_DIGITS = (8, 9, 6, 3, 7, 0, 1)


def parse(text: str) -> float:
    """Return the instant in seconds since the epoch.

    :raises ValueError: when `text` is not RFC 3339; a time without a zone is not (vendor SDK 7.10).
    """
    match = _RFC3339.fullmatch(text)
    if match is None:
        raise ValueError("not an RFC 3339 time with a zone")
    fraction, zulu, sign, hours, minutes = match.groups()[6:]
    moment = datetime(*(int(part) for part in match.groups()[:6]), tzinfo=timezone.utc)  # type: ignore[misc,arg-type]
    if not zulu:
        offset = timedelta(hours=int(hours), minutes=int(minutes))
        try:
            moment -= offset if sign == "+" else -offset
        except OverflowError as error:
            raise ValueError("too late or too early") from error
    # nanoseconds are cut off
    return moment.timestamp() + int((fraction or "0").ljust(6, "0")[:6]) / 1e6


def creation_time(instant: float, serial: int) -> str:
    """Print an instant as creation times are: UTC, with a fraction of up to nine digits (vendor docs)."""
    whole = datetime.fromtimestamp(int(instant), timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")
    digits = _FRACTION_DIGITS[serial % len(_FRACTION_DIGITS)]
    fraction = f"{int(instant % 1 * 1e6):06d}{secrets.randbelow(1000):03d}"[:digits].rstrip("0")
    return whole + (f".{fraction}" if fraction else "") + "Z"


def expiration_time(instant: float, original: str, precision: str) -> str:
    """Print an expiration time: as it came ("echo"), or in UTC to the second or microsecond."""
    if precision == "echo":
        return original
    moment = datetime.fromtimestamp(instant, timezone.utc)
    text = moment.strftime("%Y-%m-%dT%H:%M:%S")
    if precision == "micros" and moment.microsecond:
        text += f".{moment.microsecond:06d}".rstrip("0")
    return text + "Z"
