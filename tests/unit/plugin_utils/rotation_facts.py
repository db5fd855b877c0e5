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


# What version 1.0.0 wrote at each stage, in its own words. A run of a later version goes on from there.
_PENDING = {"since": "2027-01-01T11:00:00Z", "expires_at": "2027-03-02T11:00:00Z", "known": ["1"], "run": "4026531836 812 51234 node1"}
_CURRENT = {"id": "1", "minted_at": "2026-12-02T12:00:00Z", "expires_at": "2027-03-02T12:00:00Z"}
BESIDE_1_0_0: dict[str, dict[str, Any]] = {
    "current": {"stage": "current", "current": _CURRENT},
    "current, retired later": {
        "stage": "current",
        "current": _CURRENT,
        "previous": {"id": "0", "delete_at": "2027-01-08T12:00:00Z", "disable": True},
    },
    "minting": {"stage": "minting", "current": _CURRENT, "pending": _PENDING},
    "minting, first": {"stage": "minting", "current": {}, "pending": {**_PENDING, "expires_at": None, "known": []}},
    "minting, about": {"stage": "minting", "current": _CURRENT, "pending": {**_PENDING, "about": True}},
    "minting, account": {"stage": "minting", "current": _CURRENT, "pending": {**_PENDING, "expires_at": None, "name": "svc-5f0c"}},
    "stored": {"stage": "stored", "current": _CURRENT, "pending": {**_PENDING, "id": "2"}},
    "undoing": {"stage": "undoing", "current": _CURRENT, "pending": {**_PENDING, "id": "2"}},
}
_SECRET = {"id": "client|1", "minted_at": "2026-12-31T12:00:00Z", "expires_at": None}
_SECRET_PENDING = {"since": "2027-01-01T11:00:00Z", "id": "client|1", "run": "4026531836 812 51234 node1"}
IN_PLACE_1_0_0: dict[str, dict[str, Any]] = {
    "current": {"stage": "current", "current": _SECRET},
    "minting": {"stage": "minting", "current": _SECRET, "pending": _SECRET_PENDING},
    "minting, first": {"stage": "minting", "pending": _SECRET_PENDING},
    "stored": {"stage": "stored", "current": _SECRET, "pending": _SECRET_PENDING},
}
