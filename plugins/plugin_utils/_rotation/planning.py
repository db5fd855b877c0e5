# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what is to what has to be done next: the facts, the plan, and what all kinds of credentials share. Private. Pure functions."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ansible_collections.latchkey.tokens.plugins.module_utils._common.times import describe_duration, format_instant
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.settings import RotationPolicy
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.state import instant

_SHOWN = 20  # names that a problem lists


@dataclass(frozen=True)
class Facts:
    """What there is.

    Attributes:
        state: what the store says of the rotation; empty at first.
        has_value: whether a credential is stored.
        works: whether the platform takes the stored credential.
        value_id: the stored credential's id, where the platform tells.
        account_id: the id of the account whose one secret is rotated in place; empty for other kinds.
        credentials: those of the account that belong to the rotation.
        complete: False where the platform told a part of them only.
        gone: ids of which a direct question said that they are not there.
        limit: how many the account may have; None for any number.
        stranger: the account that the stored credential is really of, when that is another one; else empty.
        run_is_gone: whether the run that left the state behind has ended; None when that cannot be told.
        has_rescue, rescue_works: whether there is a rescue file, and whether the platform takes the secret in it.
        rescue_in_doubt: whether the platform takes the stored secret too, and which of them is the newer is not known.
        mark: of the stored credential, as the store's version has it.
        names: what else the store holds.
        var: the name that the credential should have there.
        store: what the store is, for people.
    """

    state: Mapping[str, Any] = field(default_factory=dict)
    has_value: bool = False
    works: bool = False
    value_id: str | None = None
    account_id: str = ""
    credentials: Sequence[Mapping[str, Any]] = ()
    complete: bool = True
    gone: frozenset[str] = frozenset()
    limit: int | None = None
    stranger: str = ""
    run_is_gone: bool | None = True
    has_rescue: bool = False
    rescue_works: bool = False
    rescue_in_doubt: bool = False
    mark: str = ""
    names: Sequence[str] = ()
    var: str = ""
    store: str = "vars file"


@dataclass(frozen=True)
class RotationPlan:
    """What to do, in this order: stop at a problem; undo; revoke; retire; rotate, or else finish or rescue; write the settled state.

    Attributes:
        problem: why nothing can be done, for the user; empty when there is none.
        undo: an earlier run stopped half-way and its new credential is not taken by the platform: go back to the old one.
        revoke: ids that have to go first: what a killed run left, and orphans where that is wanted.
        rotate: whether to create a new credential now.
        finish: an earlier run stored its new credential: prove it and retire the old one.
        rescue: the rescue file holds the secret that works: write it into the store.
        reason: why, in words.
        retire: an old credential whose time has come, its id; empty when there is none.
        disable: an old credential that an earlier run could not switch off, its id; empty when there is none.
        current: id, minted_at and expires_at of the credential in the store.
        expires_at: when the new credential shall expire; None for never.
        intent: the state to write before a credential is created.
        settled: the state once nothing is under way: now when nothing is due, and in place once the new secret is proved.
        settle: whether that settled state differs from what the store says.
        next_due: when the rotation is due next; None when only force brings one.
        never_due: why nothing but force brings one, in words; empty where a time does.
        warnings: what the user should know.
    """

    problem: str = ""
    undo: bool = False
    revoke: tuple[str, ...] = ()
    rotate: bool = False
    finish: bool = False
    rescue: bool = False
    reason: str = ""
    retire: str = ""
    disable: str = ""
    current: Mapping[str, Any] = field(default_factory=dict)
    expires_at: str | None = None
    intent: Mapping[str, Any] = field(default_factory=dict)
    settled: Mapping[str, Any] = field(default_factory=dict)
    settle: bool = False
    next_due: str | None = None
    never_due: str = ""
    warnings: tuple[str, ...] = ()

    @property
    def changes(self) -> bool:
        """Whether the credential in the store changes, or one that changed is to be proved."""
        return self.rotate or self.finish or self.rescue

    @property
    def clears(self) -> bool:
        """Whether something earlier has to go."""
        return bool(self.revoke or self.retire or self.disable)


def moments(current: Mapping[str, Any], policy: RotationPolicy) -> list[tuple[datetime, str]]:
    """Return when a credential is due, for its expiry and for its age, with the key of the fact that says so."""
    expires_at, minted_at = instant(current, "expires_at"), instant(current, "minted_at")
    found = []
    if expires_at:
        found.append((expires_at - policy.when_remaining, "expires_at"))
    if minted_at and policy.max_age:
        found.append((minted_at + policy.max_age, "minted_at"))
    return found


def next_due(current: Mapping[str, Any], policy: RotationPolicy) -> str | None:
    """Return when the rotation of a credential is due next; None when only force brings one."""
    return min((format_instant(moment) for moment, _key in moments(current, policy)), default=None)


def never_due(current: Mapping[str, Any], policy: RotationPolicy) -> str:
    """Return why the rotation of a credential is never due, in words; empty where it is due some time."""
    if moments(current, policy):
        return ""
    if policy.max_age:
        return "never: the credential does not expire, and the platform does not tell when it was created"
    return "never: the credential does not expire, and rotate_max_age is not set"


def due(has_value: bool, works: bool, current: Mapping[str, Any], policy: RotationPolicy, now: datetime) -> str:
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
    for moment, key in moments(current, policy):
        if now < moment:
            continue
        if key == "expires_at":
            return f"it expires in {describe_duration(moment + policy.when_remaining - now)}"
        if policy.max_age:
            return f"it is {describe_duration(now - moment + policy.max_age)} old"
    return ""


def nothing_stored(facts: Facts) -> str:
    """Say why a secret that is not stored is not replaced: it may be in use, and a wrong name must not end it."""
    others = sorted(str(name) for name in facts.names if name != facts.var)
    close = difflib.get_close_matches(facts.var, others, 1)
    meant = f" Was {close[0]} meant?" if close else ""
    names, rest = others[:_SHOWN], len(others[_SHOWN:])
    listed = f" It has {', '.join(names)}{f' and {rest} more' if rest else ''}." if names else ""
    return (
        f"The {facts.store} holds no secret in {facts.var}, and the present secret of the account may be in use elsewhere; a new one would "
        f"end it.{meant}{listed} Check rotate_var, or store the present secret first; to replace the secret all the same, set rotate_force "
        "to true."
    )


def facts_of(credentials: Sequence[Mapping[str, Any]], token_id: str | None) -> dict[str, Any] | None:
    """Return what the state keeps of a credential; None where it is not listed."""
    for one in credentials:
        if one["token_id"] == token_id:
            return {"id": str(token_id), "minted_at": one.get("created_at"), "expires_at": one.get("expires_at")}
    return None
