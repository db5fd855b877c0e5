# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Durations and instants as users and vendors write them. Private to this collection. Pure functions."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

from .errors import OptionError
from .secrets import quoted

_UNITS = {"w": 604800, "d": 86400, "h": 3600, "m": 60, "s": 1}
_NUMBER = re.compile(r"([0-9]{1,15})")
_DURATION = re.compile("".join(f"(?:{_NUMBER.pattern}{unit})?" for unit in _UNITS))
_INSTANT = re.compile(r"(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2})(:\d{2})?(?:[.,](\d{1,9}))?\s*([Zz]|[+-]\d{2}:?\d{2})?")
_LONGEST = 100 * 366 * 86400


def parse_duration(text: str | int, option: str) -> timedelta:
    """Return a duration written as ``30d``, ``12h``, ``1w2d``, ``90m``, ``45s`` or a plain number of seconds.

    Args:
        text: what the user wrote.
        option: the option's name, for the error.

    Raises:
        OptionError: it is none of these, or longer than a hundred years.
    """
    written = str(text).strip().lower()
    if _NUMBER.fullmatch(written):
        seconds = int(written)
    else:
        match = _DURATION.fullmatch(written)
        if not written or not match:
            raise OptionError(
                f"{option}: {quoted(text)} is not a duration.",
                "Write it as weeks, days, hours, minutes and seconds, for example 30d, 12h, 1d12h or 90m, or as a number of seconds.",
            )
        seconds = sum(int(count) * factor for count, factor in zip(match.groups(), _UNITS.values(), strict=True) if count)
    if seconds > _LONGEST:
        raise OptionError(f"{option}: '{text}' is longer than a hundred years.")
    return timedelta(seconds=seconds)


def parse_instant(text: str, option: str) -> datetime:
    """Return an instant written in ISO 8601 with a zone, such as ``2027-01-31T12:00:00Z`` or ``2027-01-31 12:00+01:00``.

    Fractions of up to nine digits are read, as Qumulo Core writes them; what lies below a microsecond is cut off.

    Args:
        text: what the user or the vendor wrote.
        option: the option's or field's name, for the error.

    Raises:
        OptionError: it is no such time, or has no zone.
    """
    match = _INSTANT.fullmatch(str(text).strip())
    if not match:
        raise OptionError(f"{option}: {quoted(text)} is not a time.", "Write it in ISO 8601 with a zone, for example 2027-01-31T12:00:00Z.")
    day, minute, second, fraction, zone = match.groups()
    if zone is None:
        raise OptionError(
            f"{option}: '{text}' has no time zone, so it could mean several instants.",
            "Add one: Z for UTC, or an offset such as +01:00.",
        )
    zone = "+00:00" if zone in ("Z", "z") else zone if ":" in zone else f"{zone[:3]}:{zone[3:]}"
    micros = (fraction or "0")[:6].ljust(6, "0")
    try:
        return datetime.fromisoformat(f"{day}T{minute}{second or ':00'}.{micros}{zone}").astimezone(timezone.utc)
    except (ValueError, OverflowError):
        raise OptionError(f"{option}: '{text}' is not a time that exists.") from None


def format_instant(instant: datetime) -> str:
    """Return an instant in ISO 8601, UTC, with a Z; the fraction only when there is one."""
    return instant.astimezone(timezone.utc).isoformat().replace("+00:00", "Z")


def to_the_second(instant: str) -> str:
    """Return what format_instant returned without the fraction, for people; anything else as it is."""
    return re.sub(r"\.\d+Z$", "Z", instant)


def utc_now() -> datetime:
    """Return the time now, in UTC."""
    return datetime.now(timezone.utc)


def describe_duration(duration: timedelta) -> str:
    """Return a duration in the two largest units that matter, for people: ``3 d 4 h``, ``12 min``, ``8 s``."""
    seconds = max(0, int(duration.total_seconds()))
    parts = []
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2]) or "0 s"
