# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rotation of the one secret that an account has, as a state machine. Private to this collection. Pure functions.

Such a rotation cannot be undone: the moment the platform makes the new secret, the old one may be dead. So the new one goes into an
encrypted rescue file before anything else is done with it, and whatever fails after that, the next run takes it from there.

``current``   nothing is under way
``minting``   a new secret was about to be made; whether it was is not known unless the rescue file holds it
``stored``    the new secret is the value; it is still to be proved
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ansible_collections.latchkey.tokens.plugins.module_utils._times import format_instant
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.planning import CURRENT, MINTING, STORED, Policy, busy, due, next_due


@dataclass(frozen=True)
class Found:
    """What there is.

    Attributes:
        state: what the vars file says of the rotation; empty at first.
        account_id: the account's id.
        has_value, works: whether a secret is stored, and whether the platform takes it.
        has_rescue, rescue_works: the same of the rescue file.
        run_is_gone: whether the run that left the state behind has ended; None when that cannot be told.
    """

    state: Mapping[str, Any]
    account_id: str
    has_value: bool
    works: bool
    has_rescue: bool = False
    rescue_works: bool = False
    run_is_gone: bool | None = True


@dataclass(frozen=True)
class Plan:
    """What to do, in this order: stop at a problem; rescue, or else rotate; prove; write the state.

    Attributes:
        problem: why nothing can be done, for the user; empty when there is none.
        rescue: the rescue file holds the secret that works: write it into the vars file.
        rotate: whether to make a new secret now.
        finish: an earlier run stored its new secret: prove it.
        reason: why, in words.
        intent: the state to write before the secret is made.
        stored: the state to write with the new secret.
        settled: the state to write once it is proved, or now when there is nothing else to do.
        settle: whether the settled state differs from what the file says.
        next_due: when the rotation is due next; None when only force brings one.
    """

    problem: str = ""
    rescue: bool = False
    rotate: bool = False
    finish: bool = False
    reason: str = ""
    intent: Mapping[str, Any] = field(default_factory=dict)
    stored: Mapping[str, Any] = field(default_factory=dict)
    settled: Mapping[str, Any] = field(default_factory=dict)
    settle: bool = False
    next_due: str | None = None


def plan(found: Found, policy: Policy, now: datetime, run: str = "") -> Plan:
    """Decide what a rotation has to do.

    Args:
        found: what there is.
        policy: what is wanted.
        now: the time.
        run: the name of this run, kept in the state so that others see who is at work.
    """
    stage = found.state.get("stage", CURRENT)
    waiting = busy(found.state, found.run_is_gone, now)
    if waiting:
        return Plan(problem=waiting)
    noted = found.state.get("current") or {}
    known = noted if noted.get("id") == found.account_id else {}
    # A secret has no age that the platform tells: it counts from when this role first saw it.
    kept = {"id": found.account_id, "minted_at": known.get("minted_at") or format_instant(now), "expires_at": None}
    fresh = {**kept, "minted_at": format_instant(now)}
    if stage == STORED and found.works:
        made = {**kept, "minted_at": (found.state.get("pending") or {}).get("since") or format_instant(now)}
        settled = {"stage": CURRENT, "current": made}
        return Plan(
            finish=True,
            reason="an earlier run stored it and stopped",
            settled=settled,
            next_due=next_due(made, policy),
        )
    if found.has_rescue and found.rescue_works:
        pending = found.state.get("pending") or {}
        made = {**kept, "minted_at": pending.get("since") or format_instant(now)}
        return _changing(found, made, run, now, policy, rescue=True, reason="an earlier run made a secret and could not store it")
    reason = due(found.has_value, found.works, kept, policy, now)
    if stage == MINTING and found.works and not reason:
        # It may have made a secret that nobody knows, and the stored one may live on for a while only.
        reason = "an earlier run was interrupted while it made a secret"
    if reason:
        return _changing(found, fresh, run, now, policy, rotate=True, reason=reason)
    settled = {"stage": CURRENT, "current": kept}
    return Plan(
        settled=settled,
        settle=found.state != settled,
        next_due=next_due(kept, policy),
    )


def _changing(
    found: Found,
    made: Mapping[str, Any],
    run: str,
    now: datetime,
    policy: Policy,
    *,
    reason: str,
    rescue: bool = False,
    rotate: bool = False,
) -> Plan:
    pending = {"since": format_instant(now), "id": found.account_id, "run": run}
    before = {"current": dict(found.state["current"])} if found.state.get("current") else {}
    return Plan(
        rescue=rescue,
        rotate=rotate,
        reason=reason,
        intent={"stage": MINTING, **before, "pending": pending},
        stored={"stage": STORED, **before, "pending": pending},
        settled={"stage": CURRENT, "current": dict(made)},
        next_due=next_due(made, policy),
    )
