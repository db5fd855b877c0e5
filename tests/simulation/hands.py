# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What happens outside of the rotation: clocks are set, people and other programs change the store and the credentials."""

from __future__ import annotations

from datetime import timedelta

from tests.simulation.world import (
    ACCESS_TOKEN,
    ACCOUNT,
    ACCOUNT_ID,
    ALTERNATE,
    API_TOKEN,
    DAY,
    HAND,
    HOUR,
    NO_TIME,
    ONE_SECRET,
    REPLACE,
    TAG,
    Issued,
    World,
)

_A_MOMENT = timedelta(milliseconds=317)  # clocks of the world move by whole seconds


def set_clock(world: World, event: str) -> None:
    """Set a clock forward or back."""
    which, by = event.split()
    step = HOUR if by == "+1h" else -HOUR
    if step < NO_TIME:
        world.set_back += HOUR
    if which == "appliance":
        world.appliance_skew += step
    else:
        world.controller_skew += step
    world.note(HAND, event)


def by_hand(world: World, event: str, lifetime: timedelta | None) -> None:
    """Let a person or another program do something.

    Args:
        world: where.
        event: one of events.BY_HAND.
        lifetime: of what the rotation creates.
    """
    content = world.content
    if event == "edit":
        if content is not None:
            world.put(HAND, world.written(content, other=content.other + 1))
    elif event in ("revert to start", "revert to previous"):
        older = world.start_content if event == "revert to start" else world.previous_content
        if older is not None and older != content:
            world.hand.add("revert")
            world.put(HAND, older)
    elif event == "delete store":
        if content is not None:
            world.hand.add("delete")
            world.put(HAND, None)
    elif event == "replace value":
        if content is not None and (made := _created(world, lifetime, alike=world.behaviour.kind == REPLACE)) is not None:
            world.hand.add("replace")
            ids = {"client_id": made.account_id} if content.client_id or world.behaviour.kind in (REPLACE, ALTERNATE) else {}
            world.put(HAND, world.written(content, value=made.secret, **ids))
    elif event == "revoke stored":
        _revoke_stored(world)
    elif _created(world, lifetime, alike=event == "create alike") is not None:
        world.hand.add("create")


def _revoke_stored(world: World) -> None:
    stored = world.issued.get(world.value)
    if stored is None or not world.is_live(stored):
        return
    world.hand.add("revoke")
    if world.behaviour.kind in ONE_SECRET:
        world.issue(HAND, account_id=stored.account_id)
    else:
        world.end(HAND, stored, world.tick)


def _created(world: World, lifetime: timedelta | None, *, alike: bool = False) -> Issued | None:
    kind, limit = world.behaviour.kind, world.behaviour.limit
    if limit is not None and len(world.of_account()) >= limit:
        return None
    now = world.appliance_now
    if kind == ACCESS_TOKEN:
        later = timedelta(seconds=77) if world.behaviour.cuts_expiry else _A_MOMENT
        return world.issue(HAND, expires_at=now + lifetime + later if alike and lifetime else None)
    if kind == API_TOKEN:
        return world.issue(HAND, expires_at=now + (lifetime if alike and lifetime else 365 * DAY), tag=TAG)
    if kind == REPLACE:
        return world.issue(HAND, name=f"{ACCOUNT}-20261231T2359{len(world.issued):02}Z" if alike else f"{ACCOUNT} of others")
    return world.issue(HAND, account_id=world.content.client_id if world.content and world.content.client_id else ACCOUNT_ID)
