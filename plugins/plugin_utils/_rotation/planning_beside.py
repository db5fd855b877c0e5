# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plan the rotation of credentials that can stand side by side: tokens, and accounts that replace one another. Private. Pure functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from ansible_collections.latchkey.tokens.plugins.module_utils._common.times import format_instant
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.accounts import successor_name
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.lifetime import marked_lifetime
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.planning import (
    Facts,
    RotationPlan,
    due,
    facts_of,
    never_due,
    next_due,
    nothing_stored,
)
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.recognition import Recognised, recognise
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.settings import RotationPolicy
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.state import (
    CURRENT,
    LATE,
    LEASE,
    STORED,
    UNDOING,
    busy,
    id_of,
    instant,
    late_writes,
    minting,
    part_of,
    settled,
    stage_of,
)

_HOW_TO_END = {
    "account": "delete it with latchkey.tokens.service_account",
    "S3 access key": "delete it with latchkey.tokens.s3_access_key",
}


def plan(facts: Facts, policy: RotationPolicy, now: datetime, run: str, choose: Callable[[int], int]) -> RotationPlan:
    """Decide what a rotation has to do.

    Args:
        facts: what there is.
        policy: what is wanted.
        now: the time.
        run: the name of this run, kept in the state so that others see who is at work.
        choose: returns a random number from 1 to the one it is given.
    """
    if policy.alternates and (problem := _no_turn(facts, policy)):
        return RotationPlan(problem=problem)
    if facts.stranger:
        return RotationPlan(
            problem=f"The stored credential is of {facts.stranger}, not of the account to rotate. Check rotate_account and rotate_var."
        )
    stage = stage_of(facts.state)
    waiting = busy(facts.state, facts.run_is_gone, now)
    if waiting:
        return RotationPlan(problem=waiting)
    if stage == STORED and not facts.works:
        return RotationPlan(undo=True, reason="an earlier run stored a credential that the platform does not take", current=_now(facts))
    if stage == UNDOING:
        return RotationPlan(undo=True, reason="an earlier run was undoing a rotation", current=_now(facts))
    # Where another credential than the recorded one is stored, the recorded one is what an interrupted run left.
    pending_id = id_of(facts.state, "pending")
    if stage == STORED and (facts.value_id == pending_id or (not facts.value_id and pending_id not in facts.gone)):
        return _doubtful(facts, policy) or _finish(facts)
    return _Decision(facts, policy, now, run, choose).plan()


def _no_turn(facts: Facts, policy: RotationPolicy) -> str:
    """Say why neither of two accounts that take turns can be given a new secret: the vars file does not tell whose turn it is."""
    if not facts.has_value and not policy.force and stage_of(facts.state) == CURRENT:
        return nothing_stored(facts)
    ids = [str(one["token_id"]) for one in facts.credentials]
    if facts.value_id and facts.value_id not in ids:
        return (
            f"The {facts.store} holds the client id {facts.value_id}, and rotate_accounts are {' and '.join(ids)}. Check rotate_accounts."
        )
    return ""


def _doubtful(facts: Facts, policy: RotationPolicy) -> RotationPlan | None:
    """Return a problem where the stored credential may be one that was created by hand since the interrupted run began; else None."""
    pending = part_of(facts.state, "pending")
    earlier = {*pending.get("known", ()), pending["id"], id_of(facts.state, "current"), id_of(facts.state, "previous")}
    others = [one for one in facts.credentials if one.get("live") and str(one["token_id"]) not in earlier]
    if facts.value_id or not others:
        return None
    return RotationPlan(
        problem=f"The stored credential works, but the platform does not tell its id: it is {policy.noun} {pending['id']}, which an "
        f"interrupted run stored, or one that was created since: {_listed(others)}. Revoke those that are not in use, so that one is left."
    )


def _now(facts: Facts) -> dict[str, Any]:
    return dict(part_of(facts.state, "current"))


def _finish(facts: Facts) -> RotationPlan:
    pending = part_of(facts.state, "pending")
    current = facts_of(facts.credentials, pending["id"]) or {"id": pending["id"], "expires_at": pending.get("expires_at")}
    return RotationPlan(
        finish=True,
        reason="an earlier run stored it and stopped",
        current=current,
        # A state that was edited by hand may name the stored credential as the old one.
        retire="" if id_of(facts.state, "current") in (pending["id"], facts.value_id) else id_of(facts.state, "current"),
        settled=facts.state,
    )


@dataclass(frozen=True)
class _Decision:
    """One decision with nothing stored half-way."""

    facts: Facts
    policy: RotationPolicy
    now: datetime
    run: str
    choose: Callable[[int], int]

    def plan(self) -> RotationPlan:
        facts, policy = self.facts, self.policy
        previous = self._previous()
        left = recognise(facts.state, facts.credentials, self.now)
        lost = [one for one in left.proved if one != facts.value_id]
        present = [one for one in facts.credentials if one["token_id"] not in lost]
        current_id = self._current_id(present, previous)
        if facts.works and not current_id:
            return RotationPlan(
                problem="The stored credential works, but the platform does not tell its id, and the account has several tokens: "
                f"{', '.join(str(one['token_id']) for one in present)}. Revoke those that are not in use, so that one is left."
            )
        known = {current_id, previous.get("id")}
        orphans = [one for one in present if one["token_id"] not in known and one.get("live")]
        problem = self._orphans_problem(orphans, left)
        if problem:
            return RotationPlan(problem=problem)
        orphan_ids = tuple(str(one["token_id"]) for one in orphans) if policy.orphans == "revoke" else ()
        warnings = tuple(
            f"{policy.noun.capitalize()} {one['token_id']} of {policy.owner} is live and no store knows it."
            for one in orphans
            if policy.orphans == "ignore"
        )
        current = {**self._noted(current_id), **_told(facts_of(present, current_id))}
        reason = due(facts.has_value, facts.works, current, policy, self.now)
        if reason and policy.alternates and facts.works and left.open:
            warnings, reason = (*warnings, _late_words(left.open, reason)), ""
        revoke = (*lost, *orphan_ids)
        # An old credential goes when its time has come, or when the next rotation makes another old one: never more than two are kept.
        waiting = str(previous.get("id", "")) if previous and (reason or self._goes_now(previous)) else ""
        listed = {str(one["token_id"]) for one in facts.credentials}
        free = None if facts.limit is None else facts.limit - len(listed) + len({*revoke, waiting} & listed)
        if reason and free is not None and free < 1 and policy.orphans == "revoke":
            # Expired or switched off, and known to no store: they go too, but only where a new credential needs their slot.
            dead = [str(one["token_id"]) for one in present if one["token_id"] not in known and not one.get("live")]
            revoke = (*revoke, *dead)
            free += len(dead)
        if reason and free is not None and free < 1:
            return RotationPlan(
                problem=f"The rotation is due ({reason}), but the account has {len(present)} tokens already, "
                f"and the platform allows {facts.limit}: {_listed(present)}. Revoke one that is not in use, or set rotate_orphans to "
                "revoke."
            )
        kept = {key: value for key, value in previous.items() if key != "disable"} if previous and not waiting else None
        noted = part_of(facts.state, "current")
        late = late_writes(facts.state, self.now)
        rest = settled(noted if noted.get("id") == current_id else current, kept, left.open, late)
        base = RotationPlan(
            revoke=revoke,
            retire=waiting,
            disable=previous["id"] if previous.get("disable") and not waiting else "",
            current=current,
            reason=reason,
            next_due=next_due(current, policy),
            never_due=never_due(current, policy),
            warnings=warnings,
            settled=rest,
            settle=bool(facts.state) and facts.state != rest,
        )
        return self._rotation(base, {*revoke, waiting}) if reason else base

    def _previous(self) -> Mapping[str, Any]:
        """Return the old credential that is still noted, until a direct question says that it is gone, whether it is listed or not."""
        previous = part_of(self.facts.state, "previous")
        return {} if previous.get("id") == self.facts.value_id or previous.get("id") in self.facts.gone else previous

    def _goes_now(self, previous: Mapping[str, Any]) -> bool:
        """Tell whether an old credential is to be deleted now: at once, whatever clock noted the time, or since its time has come."""
        at_once = self.policy.retire == "delete" and self.policy.retire_after is None and bool(previous.get("delete_at"))
        return at_once or _time_has_come(previous, self.now)

    def _current_id(self, present: Sequence[Mapping[str, Any]], previous: Mapping[str, Any]) -> str | None:
        """Return the id of the stored credential: what the platform says, else what the state says, else the only one there is."""
        if self.facts.value_id:
            return self.facts.value_id
        ids = [str(one["token_id"]) for one in present]
        noted = id_of(self.facts.state, "current")
        if noted in ids or (noted and noted not in self.facts.gone and (not self.facts.complete or not self.facts.works)):
            return noted
        others = [one for one in ids if one != previous.get("id")]
        return others[0] if self.facts.works and self.facts.complete and len(others) == 1 else None

    def _noted(self, current_id: str | None) -> dict[str, Any]:
        """Return what the state says of a credential that is not listed."""
        noted = part_of(self.facts.state, "current")
        if not current_id:
            return {}
        return dict(noted) if noted.get("id") == current_id else {"id": current_id}

    def _orphans_problem(self, orphans: Sequence[Mapping[str, Any]], left: Recognised) -> str:
        policy, facts = self.policy, self.facts
        if not orphans or policy.orphans == "ignore":
            return ""
        possible = [one for one in left.possible if any(one == orphan["token_id"] for orphan in orphans)]
        words = _orphans_words(orphans, possible, policy, facts.store)
        if policy.orphans == "fail":
            return words
        if facts.works and not facts.value_id:
            # By the state alone: should another token have been put into the file by hand, it would be among these.
            return f"The platform does not tell which token the stored credential is, so none is revoked as an orphan. {words}"
        young = [one for one in orphans if policy.shared and _is_young(one, self.now)]
        return _young_words(young, policy, facts.store) if young else ""

    def _rotation(self, base: RotationPlan, gone: set[str]) -> RotationPlan:
        policy, now = self.policy, self.now
        lifetime, marked = policy.expires_in, False
        if lifetime is not None and not policy.exact_expiry:
            lifetime, marked = marked_lifetime(lifetime, self.choose)
        expires_at = format_instant(now + lifetime) if lifetime is not None else None
        warnings = base.warnings
        if policy.expires_in is not None and policy.expires_in <= policy.when_remaining:
            warnings += (
                "A new credential lives no longer than rotate_when_remaining, so every run rotates it. Increase rotate_expires_in.",
            )
        pending: dict[str, Any] = {
            "since": format_instant(now),
            "expires_at": expires_at,
            "known": [str(one["token_id"]) for one in self.facts.credentials if one["token_id"] not in gone],
            "run": self.run,
        }
        if policy.successor_of:
            pending["name"] = successor_name(policy.successor_of, now, {str(one.get("name")) for one in self.facts.credentials})
        if lifetime is not None and not policy.exact_expiry:
            pending |= {"about": True, "lifetime": int(lifetime.total_seconds()), "marked": marked}
        return replace(base, rotate=True, expires_at=expires_at, intent=minting(base.settled, pending), settle=False, warnings=warnings)


def _told(facts: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return what the platform tells of a credential; when it was created is left out where it does not tell that."""
    return {key: value for key, value in (facts or {}).items() if key != "minted_at" or value}


def _time_has_come(previous: Mapping[str, Any], now: datetime) -> bool:
    """Tell whether an old credential is to be deleted now; without a time it waits for the next rotation."""
    at = instant(previous, "delete_at")
    return at is not None and now >= at


def is_overdue(state: Mapping[str, Any], now: datetime) -> bool:
    """Tell whether a state notes an old credential that should have been retired by now."""
    previous = part_of(state, "previous")
    return bool(previous) and (bool(previous.get("disable")) or _time_has_come(previous, now))


def _listed(credentials: Sequence[Mapping[str, Any]]) -> str:
    """Return credentials for people: which, and since when."""
    return "; ".join(f"{one['token_id']}, created {one.get('created_at') or 'at an unknown time'}" for one in credentials)


def _late_words(intents: Sequence[Mapping[str, Any]], reason: str) -> str:
    """Say that a request without an answer is waited for: should it be served later, it would end a secret that is stored by then."""
    told = (instant(one, key) for one in intents for key in ("since", "unconfirmed_at"))
    until = max(at for at in told if at) + LATE
    return (
        f"The rotation is due ({reason}), but an earlier run asked for a new secret and has no answer, and that request may be served "
        f"until {format_instant(until)}. A run after that time rotates; nothing is changed before."
    )


def _orphans_words(orphans: Sequence[Mapping[str, Any]], possible: Sequence[str], policy: RotationPolicy, store: str) -> str:
    how = _HOW_TO_END.get(policy.noun, "revoke it with latchkey.tokens.session_revoke")
    noun = policy.noun if len(orphans) == 1 else f"{policy.noun}s"
    doubt = f"An interrupted run may have created {' or '.join(possible)}, and it may as well be in use elsewhere. " if possible else ""
    return (
        f"{policy.owner.capitalize()} has {len(orphans)} live {noun} that this {store} does not know: {_listed(orphans)}. {doubt}"
        f"Find out who uses it and {how}, or set rotate_orphans to revoke or ignore."
    )


def _is_young(credential: Mapping[str, Any], now: datetime) -> bool:
    created_at = instant(credential, "created_at")
    return created_at is not None and abs(now - created_at) < LEASE


def _young_words(young: Sequence[Mapping[str, Any]], policy: RotationPolicy, store: str) -> str:
    last = max(found for one in young if (found := instant(one, "created_at")))
    return (
        f"{policy.owner.capitalize()} has a {policy.noun} that this {store} does not know, and it is too new to be revoked as an orphan: "
        f"{_listed(young)}. A run on another machine may be about to publish it; wait for that, or until {format_instant(last + LEASE)}."
    )


def settled_after(
    new: Mapping[str, Any],
    old_id: str,
    policy: RotationPolicy,
    now: datetime,
    *,
    retired: bool,
    unconfirmed: Sequence[Mapping[str, Any]] = (),
    late: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Return the state after a rotation.

    Args:
        new: id, minted_at and expires_at of the credential in the store.
        old_id: the old credential's id; empty when there was none.
        policy: what is wanted.
        now: the time.
        retired: whether the old one could be retired; if not, the next run does it.
        unconfirmed: earlier intents that are still open.
        late: sinks that a write without an answer may still reach, and since when.
    """
    at_once = policy.retire == "delete" and policy.retire_after is None
    previous: dict[str, Any] | None = None
    if old_id and not policy.alternates and not (at_once and retired):
        delete_at = now if at_once else now + policy.retire_after if policy.retire_after is not None else None
        previous = {"id": old_id, "delete_at": format_instant(delete_at) if delete_at else None}
        if policy.retire == "disable" and not retired:
            previous["disable"] = True
    return settled(new, previous, unconfirmed, late)
