# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the dates in HTTP headers say about the appliance's clock. Private to this collection. Pure functions."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime

_NEGLIGIBLE = timedelta(seconds=5)  # Date has whole seconds, and the answer travelled
_ABSURD = timedelta(days=3653)  # ten years


def http_date(text: str) -> datetime | None:
    """Return the instant that an HTTP header names; None where it names none."""
    try:
        instant = parsedate_to_datetime(text)
        # A date with the zone -0000 comes without one; HTTP dates are in UTC.
        return instant.replace(tzinfo=timezone.utc) if instant.tzinfo is None else instant.astimezone(timezone.utc)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None


def clock_offset(date: str | None, sent: datetime, received: datetime) -> timedelta | None:
    """Return how far the appliance's clock is ahead of ours, negative where it is behind; None where that cannot be told.

    Args:
        date: the header Date of an answer; None where it has none.
        sent, received: when the request went out and when the head of the answer came, by our clock. The appliance wrote the date
            between the two, so only what lies outside of them is an offset.
    """
    told = http_date(date) if date else None
    if told is None:
        return None
    if sent - _NEGLIGIBLE <= told <= received + _NEGLIGIBLE:
        return timedelta()
    offset = told - (sent if told < sent else received)
    return offset if abs(offset) <= _ABSURD else None
