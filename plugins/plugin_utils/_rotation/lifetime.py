# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lifetimes of API tokens that tell a rotation's token from one created by hand. Private to this collection. Pure functions.

A token whose creation got no reply has no known id. Its lifetime, shortened by a random number of minutes that the state of the rotation
holds, identifies it among the user's other tokens of the same tag.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

_MINUTE = timedelta(minutes=1)  # Rubrik CDM counts the lifetimes of API tokens in whole minutes
_SHARE = 100  # a lifetime is shortened by at most one part in so many
_MOST = 59  # minutes
_FEWEST = 5  # minutes to choose from; fewer identify nothing
_TOLERANCE = timedelta(seconds=30)  # fewer than half of the minute in which two marks differ


def marked_lifetime(lifetime: timedelta, choose: Callable[[int], int]) -> tuple[timedelta, bool]:
    """Return the lifetime to create an API token with, in whole minutes, and whether it identifies the token.

    Args:
        lifetime: how long the token shall live.
        choose: returns a random number from 1 to the one it is given.
    """
    minutes = lifetime // _MINUTE
    most = min(_MOST, minutes // _SHARE)
    if most < _FEWEST:
        return minutes * _MINUTE, False
    return (minutes - choose(most)) * _MINUTE, True


def is_marked(lifetime: timedelta, created_at: datetime | None, expires_at: datetime | None) -> bool:
    """Tell whether a token lives for exactly this lifetime; False where the platform does not tell when it was created or expires."""
    if created_at is None or expires_at is None:
        return False
    return abs(expires_at - created_at - lifetime) <= _TOLERANCE
