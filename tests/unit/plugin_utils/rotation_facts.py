# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of the rotation have in common: a time, credentials as the platforms list them, states as a store holds them."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

from ansible_collections.latchkey.tokens.plugins.module_utils._common.times import format_instant
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.planning import Facts

NOW = datetime(2027, 1, 1, 12, tzinfo=timezone.utc)
DAY, HOUR, MINUTE, SECOND = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1)
NO_TIME = timedelta(0)


def at(offset: timedelta | None) -> str | None:
    """Return the instant that lies this far from now."""
    return None if offset is None else format_instant(NOW + offset)


def token(token_id: str, *, expires: timedelta | None = 60 * DAY, age: timedelta | None = 30 * DAY, live: bool = True) -> dict[str, Any]:
    """Return a credential of the account as a platform lists it."""
    return {"token_id": token_id, "expires_at": at(expires), "created_at": at(-age) if age is not None else None, "live": live}


def facts(*credentials: dict[str, Any], state: dict[str, Any] | None = None, **given: Any) -> Facts:
    """Return what a run finds: the credential 1 is stored and works, and the account may have two."""
    return Facts(state=state or {}, credentials=credentials, **({"has_value": True, "works": True, "value_id": "1", "limit": 2} | given))


def settled(**more: Any) -> dict[str, Any]:
    """Return a state with nothing under way."""
    return {"stage": "current", "current": {"id": "1"}, **more}


def minting(**pending: Any) -> dict[str, Any]:
    """Return the state that a run left which was killed before it knew the id of its new credential, an hour ago."""
    return {
        "stage": "minting",
        "current": {"id": "1"},
        "pending": {"since": at(-HOUR), "expires_at": None, "known": ["1"], "run": "r", **pending},
    }


def stored(stage: str = "stored", **pending: Any) -> dict[str, Any]:
    """Return the state that a run left which had stored its new credential, 2."""
    return minting(id="2", **pending) | {"stage": stage}
