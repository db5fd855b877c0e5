# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Recognise what an interrupted rotation created among the credentials of an account, and never take another one for it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.lifetime import is_marked
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.state import LATE, id_of, instant, intents, since_of

_CUT = timedelta(seconds=1)  # a platform may cut an expiry to whole seconds
_AS_TOLD = timedelta(milliseconds=1)  # where it does not, another one that was created in the same second has another expiry
_ABOUT_THEN = (timedelta(minutes=-5), timedelta(minutes=15))  # requests are repeated, and the platform's clock may be set meanwhile


@dataclass(frozen=True)
class Recognised:
    """What became of the intents of a state.

    Attributes:
        proved: ids of credentials that the rotation created, for sure.
        possible: ids of credentials that it may have created, and that may as well be of other hands: never to be revoked for that.
        open: intents of which nothing is there, and whose request may still take effect.
    """

    proved: tuple[str, ...] = ()
    possible: tuple[str, ...] = ()
    open: tuple[Mapping[str, Any], ...] = ()


def recognise(state: Mapping[str, Any], credentials: Sequence[Mapping[str, Any]], now: datetime) -> Recognised:
    """Return what the intents of a state left.

    An id in the intent says it outright, and so does a name that was made up for it. Before there is an id, the new credential is told by
    the very expiry that was asked for, or by a lifetime that marks it, and by not being among those that were there before. One that
    never expires has no such mark: by when it was created it is possible, and no more than that. Where a platform tells fractions of a
    second, one of the same lifetime that was created by hand in the same second has another expiry.

    Args:
        state: what the store says of the rotation.
        credentials: what the account has.
        now: the time.
    """
    proved: list[str] = []
    possible: list[str] = []
    still_open: list[Mapping[str, Any]] = []
    for intent in intents(state):
        known = {*intent.get("known", ()), id_of(state, "current"), id_of(state, "previous")}
        unknown = [one for one in credentials if one["token_id"] not in known]
        sure = [str(one["token_id"]) for one in unknown if _is_proved(intent, one)]
        proved += sure
        if sure:
            continue
        # The clock may have been set since the intent was written.
        if any(abs(now - since) < LATE for since in (since_of(intent), instant(intent, "unconfirmed_at")) if since):
            still_open.append(intent)
        if not intent.get("id") and not intent.get("name"):
            possible += [str(one["token_id"]) for one in unknown if _is_possible(intent, one)]
    proved = list(dict.fromkeys(proved))
    return Recognised(tuple(proved), tuple(one for one in dict.fromkeys(possible) if one not in proved), tuple(still_open))


def _is_proved(intent: Mapping[str, Any], credential: Mapping[str, Any]) -> bool:
    if intent.get("id"):
        return bool(credential["token_id"] == intent["id"])
    if intent.get("name"):
        return bool(credential.get("name") == intent["name"])
    expires_at, wanted = instant(credential, "expires_at"), instant(intent, "expires_at")
    if expires_at is None or wanted is None:
        return False
    if not intent.get("about"):
        return abs(wanted - expires_at) <= (_AS_TOLD if expires_at.microsecond else _CUT)
    lifetime = timedelta(seconds=intent.get("lifetime") or 0)
    return bool(intent.get("marked")) and is_marked(lifetime, instant(credential, "created_at"), expires_at)


def _is_possible(intent: Mapping[str, Any], credential: Mapping[str, Any]) -> bool:
    """Tell whether a credential may be what an intent made, which left no mark on it."""
    if intent.get("marked") or (not intent.get("about") and intent.get("expires_at")):
        return False
    if (intent.get("expires_at") is None) != (credential.get("expires_at") is None):
        return False
    since, created_at = since_of(intent), instant(credential, "created_at")
    return created_at is None or since + _ABOUT_THEN[0] <= created_at <= since + _ABOUT_THEN[1]
