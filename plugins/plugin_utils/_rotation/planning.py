# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rotation as a state machine: from what is to what has to be done next. Private to this collection. Pure functions.

The state is kept in the vars file beside the credential, in ``<name>_rotation``, and is written with it in one atomic step:

``current``   nothing is under way; ``previous`` names an old credential that is still to be deleted
``minting``   a new credential was about to be made; ``pending`` tells how to recognise it, and which ones were there before
``stored``    the new credential is the value; the old one is kept encrypted in ``old_value`` until the new one is proved
``undoing``   the old credential is the value again; ``pending`` names the new one, which is to be revoked

``minting`` is written before anything is made, so a run that is killed between the request and its answer leaves a credential
that the next run recognises. Whatever the stage, the value in the file is a credential that was never revoked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from ansible_collections.latchkey.tokens.plugins.module_utils._errors import OptionError, VarsFileError
from ansible_collections.latchkey.tokens.plugins.module_utils._times import describe_duration, format_instant, parse_instant

CURRENT, MINTING, STORED, UNDOING = "current", "minting", "stored", "undoing"
_SAME_EXPIRY = timedelta(seconds=1)  # a platform may cut an expiry to whole seconds
_MINT_WINDOW = (timedelta(minutes=-5), timedelta(minutes=15))  # clocks differ, requests are repeated
_LEASE = timedelta(minutes=15)  # how long a run that nobody here can look at is taken to be alive


@dataclass(frozen=True)
class Policy:
    """What the user wants: see the variables of the role rotate; and what the kind of credential brings with it.

    Attributes:
        exact_expiry: whether the platform lets a credential expire at the very instant that was asked for.
        new_name: the name that a new credential gets, where it is an account of its own; else empty.
        shared: whether the vars file is published, so that a run on another machine may be at work on a copy of it.
    """

    force: bool = False
    when_remaining: timedelta = timedelta(0)
    max_age: timedelta | None = None
    expires_in: timedelta | None = None
    orphans: str = "fail"
    retire: str = "delete"
    retire_after: timedelta | None = None
    exact_expiry: bool = True
    new_name: str = ""
    shared: bool = False

    @property
    def noun(self) -> str:
        """What a credential is, for people."""
        return "account" if self.new_name else "token"

    @property
    def owner(self) -> str:
        """What has these credentials, for people."""
        return "the rotation" if self.new_name else "the account"


@dataclass(frozen=True)
class Found:
    """What there is.

    Attributes:
        state: what the vars file says of the rotation; empty at first.
        has_value: whether a credential is stored.
        works: whether the platform takes the stored credential.
        value_id: the stored credential's id, where the platform tells.
        tokens: the account's credentials as access_token_info returns them.
        limit: how many the account may have; None for any number.
        stranger: the account that the stored credential is really of, when that is another one; else empty.
        run_is_gone: whether the run that left the state behind has ended; None when that cannot be told.
    """

    state: Mapping[str, Any]
    has_value: bool
    works: bool
    value_id: str | None
    tokens: Sequence[Mapping[str, Any]]
    limit: int | None
    stranger: str = ""
    run_is_gone: bool | None = True


@dataclass(frozen=True)
class Plan:
    """What to do, in this order: stop at a problem; undo; revoke; rotate, or else prove; retire; write the state.

    Attributes:
        problem: why nothing can be done, for the user; empty when there is none.
        undo: an earlier run stopped half-way and its new credential is not taken by the platform: go back to the old one.
        revoke: ids that have to go first: what a killed run left, and orphans where that is wanted.
        rotate: whether to make a new credential now.
        finish: an earlier run stored its new credential: prove it and retire the old one.
        reason: why, in words.
        retire: an old credential whose time has come, its id; empty when there is none.
        disable: an old credential that an earlier run could not switch off, its id; empty when there is none.
        current: id, minted_at and expires_at of the credential in the file.
        expires_at: when the new credential shall expire; None for never.
        state: what to write before anything else: the intent when rotating, else the settled state.
        settle: whether that settled state differs from what the file says.
        next_due: when the rotation is due next; None when only force brings one.
        warnings: what the user should know.
    """

    problem: str = ""
    undo: bool = False
    revoke: tuple[str, ...] = ()
    rotate: bool = False
    finish: bool = False
    reason: str = ""
    retire: str = ""
    disable: str = ""
    current: Mapping[str, Any] = field(default_factory=dict)
    expires_at: str | None = None
    state: Mapping[str, Any] = field(default_factory=dict)
    settle: bool = False
    next_due: str | None = None
    warnings: tuple[str, ...] = ()


def check_state(state: Any) -> None:
    """Check that a state from a vars file is one that this version wrote.

    Raises:
        VarsFileError: it is not.
    """
    known: Mapping[str, Any] = state if isinstance(state, Mapping) else {"stage": "not one"}
    stage = known.get("stage", CURRENT)
    parts = {part: known.get(part) or {} for part in ("current", "previous", "pending")}
    good = stage in (CURRENT, MINTING, STORED, UNDOING) and all(isinstance(part, Mapping) for part in parts.values())
    good = good and (stage == CURRENT or bool(parts["pending"].get("since")))
    good = good and (stage not in (STORED, UNDOING) or bool(parts["pending"].get("id")))
    known_ids = parts["pending"].get("known", []) if good else []
    good = good and isinstance(known_ids, list) and all(isinstance(one, str) for one in known_ids)
    good = good and all(isinstance(part.get("id") or "", str) for part in parts.values())
    try:
        for part in parts.values() if good else ():
            for key in ("minted_at", "expires_at", "delete_at", "since"):
                _instant(part, key)
    except OptionError:
        good = False
    if not good:
        raise VarsFileError(
            "The rotation's state in the vars file is not one that this version of latchkey.tokens wrote.",
            "Put it back as it was; or, once you know that the stored credential works, remove it: the next run begins anew.",
        )


def leftovers(state: Mapping[str, Any], tokens: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the ids of what an unfinished rotation made and nobody knows the secret of.

    A pending id says it outright, and so does a name that was made up for it. Before there is one, the new credential is recognised
    by the very expiry that was asked for, and by not being among those that were there before; one that never expires, or expires
    only about then, by when it was made, if it is the only one.
    """
    pending = state.get("pending") or {}
    ids = {str(token["token_id"]) for token in tokens}
    if pending.get("id"):
        return [pending["id"]] if pending["id"] in ids else []
    if state.get("stage") != MINTING:
        return []
    known = {*pending.get("known", ()), *((state.get(part) or {}).get("id") for part in ("current", "previous"))}
    if pending.get("name"):
        return [str(token["token_id"]) for token in tokens if token.get("name") == pending["name"] and token["token_id"] not in known]
    since = parse_instant(pending["since"], "since")
    exact = not pending.get("about")
    wanted = parse_instant(pending["expires_at"], "expires_at") if pending.get("expires_at") else None
    found = []
    for token in tokens:
        expires_at, created_at = _instant(token, "expires_at"), _instant(token, "created_at")
        if token["token_id"] in known or (exact and (wanted is None) != (expires_at is None)):
            continue
        if wanted and expires_at and abs(wanted - expires_at) > (_SAME_EXPIRY if exact else _MINT_WINDOW[1]):
            continue
        if (wanted is None or not exact) and created_at and not since + _MINT_WINDOW[0] <= created_at <= since + _MINT_WINDOW[1]:
            continue
        found.append(str(token["token_id"]))
    # Only an expiry is proof enough to tell several apart; without one, more than one may be somebody else's.
    return found if (wanted and exact) or len(found) == 1 else []


def plan(found: Found, policy: Policy, now: datetime, run: str = "") -> Plan:
    """Decide what a rotation has to do.

    Args:
        found: what there is.
        policy: what is wanted.
        now: the time.
        run: the name of this run, kept in the state so that others see who is at work.
    """
    if found.stranger:
        return Plan(
            problem=f"The stored credential is of {found.stranger}, not of the account to rotate. Check rotate_account and rotate_var."
        )
    stage = found.state.get("stage", CURRENT)
    waiting = busy(found.state, found.run_is_gone, now)
    if waiting:
        return Plan(problem=waiting)
    if stage == STORED and not found.works:
        return Plan(undo=True, reason="an earlier run stored a credential that the platform does not take")
    if stage == UNDOING:
        return Plan(undo=True, reason="an earlier run was undoing a rotation")
    if stage == STORED:
        return _finish(found)
    return _decide(found, policy, now, run)


def busy(state: Mapping[str, Any], run_is_gone: bool | None, now: datetime) -> str:
    """Return why another run must be waited for; empty when there is none.

    Args:
        state: what the vars file says of the rotation.
        run_is_gone: whether the run that left it behind has ended; None when that cannot be told.
        now: the time.
    """
    pending = state.get("pending") or {}
    if state.get("stage", CURRENT) == CURRENT or run_is_gone:
        return ""
    since = parse_instant(pending["since"], "since")
    who = f"Another run ({pending.get('run') or 'unknown'}) has been rotating this credential since {format_instant(since)}."
    if run_is_gone is False:
        return f"{who} Wait for it to end."
    if now - since < _LEASE:
        until = format_instant(since + _LEASE)
        return (
            f"{who} It is on another machine or in another container, so it cannot be seen from here; a run may take over from {until} on."
        )
    return ""


def _finish(found: Found) -> Plan:
    pending = found.state["pending"]
    current = _facts(found.tokens, pending["id"]) or {"id": pending["id"], "expires_at": pending.get("expires_at")}
    old = (found.state.get("current") or {}).get("id", "")
    return Plan(finish=True, reason="an earlier run stored it and stopped", current=current, retire=old, state=found.state)


def _decide(found: Found, policy: Policy, now: datetime, run: str) -> Plan:
    previous = found.state.get("previous") or {}
    if previous.get("id") == found.value_id or not any(token["token_id"] == previous.get("id") for token in found.tokens):
        # It is the stored one again; or somebody deleted it, or this role did and was killed before it could say so.
        previous = {}
    lost = [token_id for token_id in leftovers(found.state, found.tokens) if token_id != found.value_id]
    present = [token for token in found.tokens if token["token_id"] not in lost]
    current_id = _current_id(found, present, previous)
    if found.works and not current_id:
        return Plan(
            problem="The stored credential works, but the platform does not tell its id, and the account has several tokens: "
            f"{', '.join(str(token['token_id']) for token in present)}. Revoke those that nobody uses, so that one is left."
        )
    known = {current_id, previous.get("id")}
    orphans = [token for token in present if token["token_id"] not in known and token.get("live")]
    if orphans and policy.orphans == "fail":
        return Plan(problem=_orphans_problem(orphans, policy))
    if orphans and policy.orphans == "revoke" and found.works and not found.value_id:
        # By the state alone: should somebody have put another token into the file, it would be among these.
        return Plan(
            problem="The platform does not tell which token the stored credential is, so none is revoked as an orphan. "
            f"{_orphans_problem(orphans, policy)}"
        )
    young = [token for token in orphans if policy.orphans == "revoke" and policy.shared and _is_young(token, now)]
    if young:
        return Plan(problem=_young_problem(young, policy))
    orphan_ids = tuple(str(token["token_id"]) for token in orphans) if policy.orphans == "revoke" else ()
    warnings = tuple(
        f"{policy.noun.capitalize()} {token['token_id']} of {policy.owner} is live and no vars file knows it."
        for token in orphans
        if policy.orphans == "ignore"
    )
    current = _facts(present, current_id) or ({"id": current_id} if current_id else {})
    reason = due(found.has_value, found.works, current, policy, now)
    revoke = (*lost, *orphan_ids)
    # An old credential goes when its time has come, or when the next rotation makes another old one: never more than two are kept.
    waiting = previous.get("id", "") if previous and (reason or _time_has_come(previous, now)) else ""
    slots = None if found.limit is None else found.limit - len(found.tokens) + len({*revoke, waiting} - {""})
    dead = [str(token["token_id"]) for token in present if token["token_id"] not in known and not token.get("live")]
    if reason and slots is not None and slots < 1 and policy.orphans == "revoke":
        # Expired or switched off, and known to nobody: they go too, but only where a new credential needs their place.
        revoke = (*revoke, *dead)
        slots += len(dead)
    noted = found.state.get("current") or {}
    settled: dict[str, Any] = {"stage": CURRENT, "current": dict(noted) if noted.get("id") == current_id else current}
    if previous and not waiting:
        settled["previous"] = {key: value for key, value in previous.items() if key != "disable"}
    if reason and slots is not None and slots < 1:
        return Plan(
            problem=f"The rotation is due ({reason}), but the account has {len(present)} tokens already, "
            f"and the platform allows {found.limit}: {_listed(present)}. Revoke one that nobody uses, or set rotate_orphans to revoke."
        )
    base = Plan(
        revoke=revoke,
        retire=waiting,
        disable=previous["id"] if previous.get("disable") and not waiting else "",
        current=current,
        reason=reason,
        next_due=next_due(current, policy),
        warnings=warnings,
        state=settled,
        settle=bool(found.state) and found.state != settled,
    )
    if not reason:
        return base
    expires_at = format_instant(now + policy.expires_in) if policy.expires_in is not None else None
    if policy.expires_in is not None and policy.expires_in <= policy.when_remaining:
        warnings += ("A new credential lives no longer than rotate_when_remaining, so every run rotates it. Mend rotate_expires_in.",)
    gone = {*revoke, waiting}
    pending: dict[str, Any] = {
        "since": format_instant(now),
        "expires_at": expires_at,
        "known": [str(token["token_id"]) for token in found.tokens if token["token_id"] not in gone],
        "run": run,
    }
    if policy.new_name:
        pending["name"] = policy.new_name
    if not policy.exact_expiry:
        pending["about"] = True
    intent = {**settled, "stage": MINTING, "pending": pending}
    return replace(base, rotate=True, expires_at=expires_at, state=intent, settle=False, warnings=warnings)


def _current_id(found: Found, present: Sequence[Mapping[str, Any]], previous: Mapping[str, Any]) -> str | None:
    """Return the id of the stored credential: what the platform says, else what the state says, else the only one there is."""
    if found.value_id:
        return found.value_id
    ids = [str(token["token_id"]) for token in present]
    noted = (found.state.get("current") or {}).get("id")
    if noted in ids:
        return str(noted)
    others = [one for one in ids if one != previous.get("id")]
    return others[0] if found.works and len(others) == 1 else None


def _moments(current: Mapping[str, Any], policy: Policy) -> tuple[datetime | None, datetime | None]:
    """Return when a credential is due for its expiry, and when for its age."""
    expires_at, minted_at = _instant(current, "expires_at"), _instant(current, "minted_at")
    return expires_at - policy.when_remaining if expires_at else None, minted_at + policy.max_age if minted_at and policy.max_age else None


def next_due(current: Mapping[str, Any], policy: Policy) -> str | None:
    """Return when the rotation of a credential is due next; None when only force brings one."""
    moments = [moment for moment in _moments(current, policy) if moment]
    return format_instant(min(moments)) if moments else None


def due(has_value: bool, works: bool, current: Mapping[str, Any], policy: Policy, now: datetime) -> str:
    """Return why a rotation is due; empty when it is not.

    Args:
        has_value, works: whether a credential is stored, and whether the platform takes it.
        current: its id, minted_at and expires_at.
        policy: what is wanted.
        now: the time.
    """
    if not has_value:
        return "no credential is stored yet"
    if not works:
        return "the platform refuses the stored credential"
    if policy.force:
        return "it was asked for"
    by_expiry, by_age = _moments(current, policy)
    if by_expiry and now >= by_expiry:
        return f"it expires in {describe_duration(by_expiry + policy.when_remaining - now)}"
    if by_age and policy.max_age and now >= by_age:
        return f"it is {describe_duration(now - by_age + policy.max_age)} old"
    return ""


def _time_has_come(previous: Mapping[str, Any], now: datetime) -> bool:
    """Tell whether an old credential is to be deleted now; without a time it waits for the next rotation."""
    at = _instant(previous, "delete_at")
    return at is not None and now >= at


def _listed(tokens: Sequence[Mapping[str, Any]]) -> str:
    """Return tokens for people: which, and since when."""
    return "; ".join(f"{token['token_id']}, made {token.get('created_at') or 'at an unknown time'}" for token in tokens)


def _orphans_problem(orphans: Sequence[Mapping[str, Any]], policy: Policy) -> str:
    how = "delete it with latchkey.tokens.service_account" if policy.new_name else "revoke it with latchkey.tokens.session_revoke"
    noun = policy.noun if len(orphans) == 1 else f"{policy.noun}s"
    return (
        f"{policy.owner.capitalize()} has {len(orphans)} live {noun} that this vars file does not know: {_listed(orphans)}. "
        f"Find out who uses it and {how}, or set rotate_orphans to revoke or ignore."
    )


def _is_young(token: Mapping[str, Any], now: datetime) -> bool:
    created_at = _instant(token, "created_at")
    return created_at is not None and now - created_at < _LEASE


def _young_problem(young: Sequence[Mapping[str, Any]], policy: Policy) -> str:
    last = max(parse_instant(token["created_at"], "created_at") for token in young)
    return (
        f"{policy.owner.capitalize()} has a {policy.noun} that this vars file does not know, and it is too new to be revoked as an orphan: "
        f"{_listed(young)}. A run on another machine may be about to publish it; wait for that, or until {format_instant(last + _LEASE)}."
    )


def _facts(tokens: Sequence[Mapping[str, Any]], token_id: str | None) -> dict[str, Any] | None:
    """Return what the state keeps of a credential."""
    for token in tokens:
        if token["token_id"] == token_id:
            return {"id": str(token_id), "minted_at": token.get("created_at"), "expires_at": token.get("expires_at")}
    return None


def _instant(value: Mapping[str, Any], key: str) -> datetime | None:
    return parse_instant(value[key], key) if value.get(key) else None


def settled_state(new: Mapping[str, Any], old_id: str | None, policy: Policy, now: datetime, *, retired: bool) -> dict[str, Any]:
    """Return the state after a rotation.

    Args:
        new: id, minted_at and expires_at of the credential in the file.
        old_id: the old credential's id; None when there was none.
        policy: what is wanted.
        now: the time.
        retired: whether the old one could be retired; if not, the next run does it.
    """
    state: dict[str, Any] = {"stage": CURRENT, "current": dict(new)}
    at_once = policy.retire == "delete" and policy.retire_after is None
    if old_id and not (at_once and retired):
        delete_at = now if at_once else now + policy.retire_after if policy.retire_after is not None else None
        state["previous"] = {"id": old_id, "delete_at": format_instant(delete_at) if delete_at else None}
        if policy.retire == "disable" and not retired:
            state["previous"]["disable"] = True
    return state
