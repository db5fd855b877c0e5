# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state of a rotation, as it is kept beside the credential: the only place that names its stages. Private. Pure functions.

It is in ``<rotate_var>_rotation`` of the store, and is written with the credential in one atomic step:

``current``   nothing is under way; ``previous`` names an old credential that is still to be deleted
``minting``   a new credential was about to be created; ``pending`` tells how to recognise it, and which ones were there before
``stored``    the new credential is the value; the old one is kept encrypted in ``old_value`` until the new one is proved
``undoing``   the old credential is the value again; ``pending`` names the new one, which is to be revoked

``minting`` is written before anything is created, so a run that is killed between the request and its answer leaves a credential that the
next run recognises. Whatever the stage, the value in the store is a credential that was never revoked. ``unconfirmed`` lists earlier
intents whose request may still take effect. ``late_writes`` names sinks that a write without an answer may still reach, and since when.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import OptionError, VarsFileError
from ansible_collections.latchkey.tokens.plugins.module_utils._common.times import format_instant, parse_instant

CURRENT, MINTING, STORED, UNDOING = "current", "minting", "stored", "undoing"
STAGES = (CURRENT, MINTING, STORED, UNDOING)
OLD_VALUE = "old_value"
LATE_WRITES = "late_writes"
LEASE = timedelta(minutes=15)  # how long a run that cannot be seen from here is taken to be alive
LATE = timedelta(hours=1)  # after which a request that was not answered cannot take effect any more
_EARLIEST, _LATEST = datetime(1970, 1, 1, tzinfo=timezone.utc), datetime(9000, 1, 1, tzinfo=timezone.utc)
_LONGEST_LIFE = 10**10  # seconds
_PARTS = ("current", "previous", "pending")
_INSTANTS = ("minted_at", "expires_at", "delete_at", "since", "unconfirmed_at")


def checked(state: Any) -> dict[str, Any]:
    """Return a state from a store, without the old credential.

    Raises:
        VarsFileError: no version of this collection wrote it.
    """
    if not state and not isinstance(state, Mapping):
        return {}
    if not _is_one(state):
        raise VarsFileError(
            "The rotation's state in the store is not one that this version of latchkey.tokens wrote.",
            "Put it back as it was; or, once you know that the stored credential works, remove it: the next run begins anew.",
        )
    return {key: value for key, value in state.items() if key != OLD_VALUE}


def _is_one(state: Any) -> bool:
    if not isinstance(state, Mapping) or state.get("stage", CURRENT) not in STAGES:
        return False
    parts = {part: state.get(part) or {} for part in _PARTS}
    unconfirmed = state.get("unconfirmed") or []
    if not isinstance(unconfirmed, list) or not all(isinstance(part, Mapping) for part in (*parts.values(), *unconfirmed)):
        return False
    if not _is_instants(state.get(LATE_WRITES) or {}):
        return False
    stage, pending = stage_of(state), parts["pending"]
    if stage != CURRENT and not pending.get("since"):
        return False
    if stage in (STORED, UNDOING) and not pending.get("id"):
        return False
    return all(_is_part(part) for part in parts.values()) and all(one.get("since") and _is_part(one) for one in unconfirmed)


def _is_part(part: Mapping[str, Any]) -> bool:
    known = part.get("known", [])
    if not isinstance(known, list) or not all(isinstance(one, str) for one in known):
        return False
    if not all(isinstance(part.get(key) or "", str) for key in ("id", "name", "run", "mark")):
        return False
    lifetime = part.get("lifetime") or 0
    if not isinstance(lifetime, int) or not 0 <= lifetime <= _LONGEST_LIFE:
        return False
    return _are_instants(part, _INSTANTS)


def _is_instants(found: Any) -> bool:
    return isinstance(found, Mapping) and all(found.values()) and _are_instants(found, list(found))


def _are_instants(part: Mapping[str, Any], keys: Sequence[str]) -> bool:
    try:
        for key in keys:
            instant(part, key)
    except OptionError:
        return False
    return True


def instant(part: Mapping[str, Any], key: str) -> datetime | None:
    """Return a time in a part of a state, or of a credential; None where there is none. Raises OptionError where it is no time.

    A time that is centuries away, as a zero or a "never" of some vendor, is moved to where one can reckon with it.
    """
    return min(max(parse_instant(part[key], key), _EARLIEST), _LATEST) if part.get(key) else None


def is_later_or_same(part: Mapping[str, Any], than: str) -> bool:
    """Tell whether what a part is about was created at this instant or later, as far as it tells."""
    minted_at, instant_ = instant(part, "minted_at"), instant({"at": than}, "at")
    return minted_at is not None and instant_ is not None and minted_at >= instant_


def since_of(intent: Mapping[str, Any]) -> datetime:
    """Return when an intent was written."""
    return instant(intent, "since") or _EARLIEST


def stage_of(state: Mapping[str, Any]) -> str:
    """Return the stage of a state; an empty one is current."""
    return str(state.get("stage", CURRENT))


def part_of(state: Mapping[str, Any], part: str) -> Mapping[str, Any]:
    """Return ``current``, ``previous`` or ``pending``; empty where there is none."""
    found: Mapping[str, Any] = state.get(part) or {}
    return found


def id_of(state: Mapping[str, Any], part: str) -> str:
    """Return the id in a part; empty where there is none."""
    return str(part_of(state, part).get("id") or "")


def secret_of(state: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the part that tells of the stored secret of an account; empty while one is being created."""
    return part_of(state, {CURRENT: "current", STORED: "pending"}.get(stage_of(state), ""))


def intents(state: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return what was about to be created and was not recorded: the pending one, and earlier ones that are unconfirmed."""
    pending = part_of(state, "pending")
    return [*([pending] if pending and stage_of(state) != CURRENT else []), *(state.get("unconfirmed") or ())]


def late_writes(state: Mapping[str, Any], now: datetime | None = None) -> dict[str, str]:
    """Return the sinks that a write without an answer may still reach, and since when; with a time, those that it may reach then."""
    found: Mapping[str, str] = state.get(LATE_WRITES) or {}
    return {name: since for name, since in found.items() if now is None or abs(now - (instant(found, name) or _EARLIEST)) < LATE}


# Made by the planner and by the engine, and by nothing else.


def settled(
    current: Mapping[str, Any],
    previous: Mapping[str, Any] | None = None,
    unconfirmed: Sequence[Mapping[str, Any]] = (),
    late: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Return the state with nothing under way."""
    state: dict[str, Any] = {"stage": CURRENT, "current": dict(current)}
    if previous:
        state["previous"] = dict(previous)
    if unconfirmed:
        state["unconfirmed"] = [dict(one) for one in unconfirmed]
    if late:
        state[LATE_WRITES] = dict(late)
    return state


def minting(before: Mapping[str, Any], pending: Mapping[str, Any]) -> dict[str, Any]:
    """Return the state to write before a credential is created, from the settled one."""
    return {**before, "stage": MINTING, "pending": dict(pending)}


def stored(intent: Mapping[str, Any], new_id: str, created_at: str = "") -> dict[str, Any]:
    """Return the state to write with the new credential, and with when it was created where only this run knows that."""
    more = {"minted_at": created_at} if created_at else {}
    return {**intent, "stage": STORED, "pending": {**part_of(intent, "pending"), "id": new_id, **more}}


def claimed(state: Mapping[str, Any], run: str) -> dict[str, Any]:
    """Return the state by which a run takes over what an earlier one left half-way: no write of that one succeeds any more."""
    return {**state, "pending": {**part_of(state, "pending"), "run": run}}


def undoing(state: Mapping[str, Any]) -> dict[str, Any]:
    """Return the state to write with the old credential."""
    return {**state, "stage": UNDOING}


def with_late_writes(state: Mapping[str, Any], late: Mapping[str, str]) -> dict[str, Any]:
    """Return the state that also names these sinks, which a write without an answer may still reach, and since when."""
    both = {**late_writes(state), **late}
    return {**state, **({LATE_WRITES: both} if both else {})}


def without_pending(state: Mapping[str, Any], unconfirmed_at: datetime | None) -> dict[str, Any]:
    """Return the state after an undo: nothing is under way; with a time, the intent may still take effect, and is kept from then on."""
    pending, unconfirmed = part_of(state, "pending"), list(state.get("unconfirmed") or ())
    if unconfirmed_at and pending:
        unconfirmed.append({**pending, "unconfirmed_at": format_instant(unconfirmed_at)})
    return settled(part_of(state, "current"), part_of(state, "previous"), unconfirmed, late_writes(state))


def is_of(state: Mapping[str, Any], run: str, since: str) -> bool:
    """Tell whether a state is one that this rotation of this run wrote."""
    pending = part_of(state, "pending")
    return stage_of(state) != CURRENT and pending.get("run") == run and pending.get("since") == since


def busy(state: Mapping[str, Any], run_is_gone: bool | None, now: datetime) -> str:
    """Return why another run must be waited for; empty when there is none.

    A lease is judged by the platform's clock, which all machines that rotate the credential share. A run that it cannot be seen of from
    here holds its lease for LEASE; one whose beginning lies further than that in the future was written by a clock that is wrong.

    Args:
        state: what the store says of the rotation.
        run_is_gone: whether the run that left it behind has ended; None when that cannot be told.
        now: the time.
    """
    pending = part_of(state, "pending")
    if stage_of(state) == CURRENT or run_is_gone:
        return ""
    since = since_of(pending)
    who = f"Another run ({pending.get('run') or 'unknown'}) has been rotating this credential since {format_instant(since)}."
    if run_is_gone is False:
        return f"{who} Wait for it to end."
    if abs(now - since) < LEASE:
        until = format_instant(since + LEASE)
        return (
            f"{who} It is on another machine or in another container, so it cannot be seen from here; a run may take over from {until} on."
        )
    return ""
