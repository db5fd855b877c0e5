# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a rotation did, or would do, in words for people. Private. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.latchkey.tokens.plugins.module_utils._common.times import to_the_second
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation import state as states
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.planning import RotationPlan, never_due, next_due
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.record import Record
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.settings import S3_ACCESS_KEY, RotationPolicy, RotationSettings


def due_of(current: Mapping[str, Any], policy: RotationPolicy) -> tuple[str | None, str]:
    """Return when a credential is due next, or why never."""
    return next_due(current, policy), never_due(current, policy)


def never_due_hint(settings: RotationSettings) -> str:
    """Return what to do about a rotation that is never due, as a sentence."""
    if settings.is_secret:
        return "Its secret does not expire: set rotate_max_age, for example 90d."
    if settings.kind == S3_ACCESS_KEY:
        return "An S3 access key does not expire: set rotate_max_age, for example 90d."
    return "The stored credential does not expire: set rotate_max_age, or rotate once to one that expires."


def _noun(settings: RotationSettings) -> str:
    return {"in_place": "secret", "replace": "account", "alternate": "account"}.get(settings.kind, settings.policy.called)


def _due(current: Mapping[str, Any], next_due_at: str | None, never: str) -> str:
    expiry = f"expires {to_the_second(current['expires_at'])}, " if current.get("expires_at") else ""
    return f"{expiry}next due {to_the_second(next_due_at)}" if next_due_at else f"{expiry}next due: {never}"


def _unretired(ids: Sequence[str], noun: str) -> str:
    return f"; NOT RETIRED YET: old {noun} {', '.join(ids)}, the next run tries again" if ids else ""


def _cleared(record: Record, noun: str) -> str:
    """Say what went first: what earlier runs left, and orphans."""
    plan, found = record.plan, list[str]()
    if record.undid:
        found.append("what an earlier run left half-way was undone")
    if plan.revoke:
        one = len(plan.revoke) == 1
        found.append(f"{noun}{'' if one else 's'} {', '.join(plan.revoke)}, which no store knew, {'was' if one else 'were'} revoked")
    if plan.retire and not plan.finish and plan.retire not in record.unretired:
        found.append(f"the earlier {noun} {plan.retire} was deleted")
    if plan.disable and plan.disable not in record.unretired:
        found.append(f"the earlier {noun} {plan.disable} was disabled")
    return "".join(f"; {one}" for one in found)


def last_line(
    settings: RotationSettings, record: Record, current: Mapping[str, Any], old_id: str, next_due_at: str | None, never: str
) -> str:
    """Return what happened: which account where, old and new id, expiry, next due, what is still open."""
    plan, noun = record.plan, _noun(settings)
    unretired = list(dict.fromkeys(record.unretired))
    first, due, left = _cleared(record, noun), _due(current, next_due_at, never), _unretired(unretired, noun)
    if not plan.changes:
        kept = f"{noun} {current.get('id')}" if noun != "secret" else "the secret"
        return f"{settings.what}: not due, {kept} stays{first}; {due}{left}"
    if settings.in_place:
        done = f"the secret of {current.get('id')} was replaced"
    elif old_id and settings.policy.alternates:
        done = f"{current.get('id')} has a new secret and took the turn of {old_id}"
    elif old_id:
        done = f"{noun} {old_id} was replaced by {current.get('id')}"
    else:
        done = f"{noun} {current.get('id')} was created"
    if old_id and not record.retired and not unretired and not settings.in_place:
        left = (
            f"; the old {noun} keeps its secret until its next turn" if settings.policy.alternates else f"; the old {noun} is kept for now"
        )
    return f"{settings.what}: {done} ({plan.reason}){first}; {due}{left}"


def diff_of(settings: RotationSettings, record: Record, current: Mapping[str, Any], old_id: str) -> dict[str, str]:
    """Return the credential before and after as a diff, by its id and never by its value."""
    plan, where = record.plan, record.found.where if record.found else ""
    noun = _noun(settings)

    def side(token_id: str, expires_at: str | None) -> str:
        expiry = f", expires {to_the_second(expires_at)}" if expires_at else ""
        return f"{settings.var}: {noun} {token_id}{expiry}\n" if token_id else ""

    old = old_id if plan.changes and not settings.in_place else str(plan.current.get("id") or "")
    before = side(old, None if plan.finish else plan.current.get("expires_at"))
    after = side(str(current.get("id") or ""), current.get("expires_at"))
    if plan.rotate and not record.created_id:
        after = side("(new)", plan.expires_at)
    elif settings.in_place and plan.changes:
        after = f"{settings.var}: {noun} {current.get('id')} (new)\n"
    return {"before_header": where, "after_header": where, "before": before, "after": after}


def would_do(
    settings: RotationSettings,
    plan: RotationPlan,
    noun: str,
    *,
    pushes: bool = False,
    sinks: Sequence[str] = (),
    removes_rescue: bool = False,
) -> list[str]:
    """Return all that a rotation would do, deletions included, one short sentence for each.

    Args:
        settings, plan: of the rotation.
        noun: what the credential is.
        pushes: whether the remote lacks what the store would hold.
        sinks: what else would get the credential, for people.
        removes_rescue: whether there is a rescue file, which goes in any case.
    """
    policy, found = settings.policy, list[str]()
    found += [f"revoke {noun} {one}, which no store knows" for one in plan.revoke]
    if plan.retire and not plan.finish:
        found.append(f"delete the earlier {noun} {plan.retire}")
    if plan.disable:
        found.append(f"disable the earlier {noun} {plan.disable}")
    if plan.undo:
        found.append("finish undoing what an earlier run left half-way, and revoke what it created")
    if plan.rescue:
        found.append("store the secret that an earlier run left in the rescue file")
    if plan.rotate:
        expiry = (
            f" that expires {to_the_second(plan.expires_at)}" if plan.expires_at else "" if settings.is_secret else " that never expires"
        )
        found.append(f"create a new {noun}{expiry}{_would_end(settings, plan)}")
        found.append(f"store it in {settings.var}" + (f", and its id in {settings.client_id_var}" if settings.client_id_var else ""))
    if plan.changes:
        found.append("check access with what is stored")
    found += [f"put it into {one}" if plan.changes else f"put what is stored into {one}" for one in sinks]
    if settings.publishes and (plan.changes or plan.settle or pushes):
        found.append("push the vars file")
    old_id = plan.retire if plan.finish else str(plan.current.get("id") or "") if plan.rotate and not settings.in_place else ""
    if old_id:
        found.append(_would_retire(old_id, policy, noun))
    if removes_rescue:
        found.append("remove the rescue file")
    if plan.settle:
        found.append("bring the state of the rotation up to date")
    return found


def _would_end(settings: RotationSettings, plan: RotationPlan) -> str:
    """Say which secret a new one ends, where an account has only one."""
    if settings.policy.alternates:
        accounts = states.part_of(plan.intent, "pending").get("known") or ()
        idle = next((one for one in accounts if one != str(plan.current.get("id") or "")), "the other account")
        return f" for {idle}, which ends its present one"
    return ", which ends the present one" if settings.in_place else ""


def _would_retire(old_id: str, policy: RotationPolicy, noun: str) -> str:
    if policy.alternates:
        return f"leave the {noun} of {old_id} as it is until the account's next turn"
    if policy.retire == "disable":
        return f"disable the old {noun} {old_id}"
    if policy.retires_at_once:
        return f"delete the old {noun} {old_id}"
    return f"keep the old {noun} {old_id} for now, and delete it with a later run"


def preview_line(settings: RotationSettings, plan: RotationPlan, would: Sequence[str], unretired: Sequence[str]) -> str:
    """Return what would happen, in check mode."""
    why = f" ({plan.reason})" if plan.reason else ""
    left = _unretired(unretired, _noun(settings))
    return f"{settings.what}: would {'; '.join(would)}{why}{left}" if would else f"{settings.what}: nothing would be done{left}"
