# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plan the rotation of the one secret that an account has. Private. Pure functions.

Such a rotation cannot be undone: the moment the platform creates the new secret, the old one may be dead. So the new one goes into an
encrypted rescue file before anything else is done with it, and whatever fails after that, the next run takes it from there. In the stage
``minting``, whether a secret was created is not known unless the rescue file holds it; ``stored`` is still to be proved.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ansible_collections.latchkey.tokens.plugins.module_utils._common.times import format_instant
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.planning import (
    Facts,
    RotationPlan,
    due,
    never_due,
    next_due,
    nothing_stored,
)
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.settings import RotationPolicy
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.state import (
    LATE_WRITES,
    MINTING,
    STORED,
    busy,
    late_writes,
    minting,
    part_of,
    settled,
    stage_of,
)


def plan(facts: Facts, policy: RotationPolicy, now: datetime, run: str) -> RotationPlan:
    """Decide what a rotation has to do.

    Args:
        facts: what there is.
        policy: what is wanted.
        now: the time.
        run: the name of this run, kept in the state so that others see who is at work.
    """
    waiting = busy(facts.state, facts.run_is_gone, now)
    if waiting:
        return RotationPlan(problem=waiting)
    stage, pending, noted = stage_of(facts.state), part_of(facts.state, "pending"), part_of(facts.state, "current")
    known = noted if noted.get("id") == facts.account_id else {}
    # A secret has no age that the platform tells: it counts from when this role first saw it.
    kept = {"id": facts.account_id, "minted_at": known.get("minted_at") or format_instant(now), "expires_at": None}
    late = late_writes(facts.state, now)
    since = pending.get("minted_at") or pending.get("since") or format_instant(now)
    if stage == STORED and facts.works and not facts.rescue_works:
        return _base({**kept, "minted_at": since}, policy, late, finish=True, reason="an earlier run stored it and stopped")
    if facts.has_rescue and facts.rescue_works and not facts.rescue_in_doubt:
        reason = "an earlier run created a secret and could not store it"
        return _changing(facts, {**kept, "minted_at": since}, run, now, policy, late, reason=reason, rescue=True)
    reason = due(facts.has_value, facts.works, kept, policy, now)
    if facts.rescue_works and facts.rescue_in_doubt and not reason:
        reason = "two secrets of the account work, and which of them lives on is not known"
    if stage == MINTING and facts.works and not reason:
        # It may have made a secret that nothing holds, and the stored one may live on for a while only.
        reason = "an earlier run was interrupted while it created a secret"
    if reason and not facts.has_value and not policy.force and stage != MINTING:
        return RotationPlan(problem=nothing_stored(facts))
    if reason:
        return _changing(facts, {**kept, "minted_at": format_instant(now)}, run, now, policy, late, reason=reason, rotate=True)
    base = _base(kept, policy, late)
    return _base(kept, policy, late, settle=facts.state != base.settled)


def _base(current: Mapping[str, Any], policy: RotationPolicy, late: Mapping[str, str], **more: Any) -> RotationPlan:
    return RotationPlan(
        current=dict(current),
        settled=settled(current, late=late),
        next_due=next_due(current, policy),
        never_due=never_due(current, policy),
        **more,
    )


def _changing(
    facts: Facts, made: Mapping[str, Any], run: str, now: datetime, policy: RotationPolicy, late: Mapping[str, str], **more: Any
) -> RotationPlan:
    before = {key: facts.state[key] for key in ("current", LATE_WRITES) if facts.state.get(key)}
    # The mark tells the next run whether the stored secret is still the one that was there before this rotation. A doubt stays one.
    mark = "" if facts.rescue_works and facts.rescue_in_doubt else facts.mark
    pending = {"since": format_instant(now), "id": facts.account_id, "run": run, "mark": mark}
    return _base(made, policy, late, intent=minting(before, pending), **more)
