# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What may happen to a run of the rotation engine, at which of its calls, and how a schedule writes that down."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from tests.simulation.world import NO_TIME

# What may happen, by the calls at which it makes sense. Where an event's name has "before" or "after", that is of the call's effect.
CRASHES = ("crash before", "crash after")
LOST = ("refuse", "lost before", "lost after")
# The reply is lost; the effect comes so many calls later, or when the next run, or the one after it, begins. Not of labels.put, whose
# version no consumer reads before it is moved, and which the next run undoes.
LATE = ("late by 1", "late by 4", "late by a run", "late by two runs")
BY_CALL: dict[str, tuple[str, ...]] = {
    "look": ("crash before", "refuse", "lost before", "stale", "truncated"),
    "check": ("crash before", "refuse", "lost before"),
    "prove": ("crash before", "refuse", "lost before"),
    "find": ("crash before", "refuse", "lost before"),
    "create": (*CRASHES, *LOST, *LATE),
    "revoke": (*CRASHES, *LOST, *LATE),
    "disable": (*CRASHES, *LOST, *LATE),
    "store.read": ("crash before", "fail"),
    "store.try_write": ("crash before", "fail"),
    "store.write": (*CRASHES, "fail"),
    "store.restore": (*CRASHES, "fail"),
    "labels.read": ("crash before", "fail"),
    "labels.put": (*CRASHES, *LOST),
    "labels.move": (*CRASHES, *LOST, *LATE),
    "versions.read": ("crash before", "fail"),
    "versions.put": (*CRASHES, *LOST, *LATE),
    "versions.destroy": (*CRASHES, *LOST, *LATE),
    "versions.rights": ("crash before", "fail"),
    "rescue.read": ("crash before", "fail"),
    "rescue.try_write": ("crash before", "fail"),
    "rescue.reserve": (*CRASHES, "fail"),
    "rescue.keep": (*CRASHES, "fail"),
    "rescue.remove": (*CRASHES, "fail"),
    "remote.try": ("crash before", "lost before"),
    "remote.publish": (*CRASHES, "refuse", "lost before", "lost after"),
    "file.read": ("crash before", "fail"),
    "file.write": (*CRASHES, "fail"),
    "server.read": ("crash before", "refuse", "lost before"),
    "server.write": (*CRASHES, *LOST, *LATE),
    "hand over": (*CRASHES, "fail", "fail after"),
    "sleep": ("crash before", "interrupt"),
    "step": ("interrupt",),
}
CLOCKS = ("appliance +1h", "appliance -1h", "controller +1h", "controller -1h")
BY_HAND = (
    "edit", "revert to start", "revert to previous", "delete store", "replace value", "revoke stored", "create unlimited", "create alike",
)  # fmt: skip
PAUSES = ("pause unseen", "pause seen")
ANYWHERE = (*CLOCKS, *BY_HAND, *PAUSES)
EVENTS = tuple(dict.fromkeys([*(event for events in BY_CALL.values() for event in events), *ANYWHERE]))
CHANGING = {name for name, events in BY_CALL.items() if "crash after" in events}


@dataclass(frozen=True)
class At:
    """An event of a schedule.

    Attributes:
        run: which run, counted from 1 in the order in which they begin.
        call: at which of its calls.
        event: one of EVENTS.
        name: of the call, for readers.
    """

    run: int
    call: int
    event: str
    name: str = ""


@dataclass(frozen=True)
class Switch:
    """In a schedule of two runs, where one is paused and the other goes on, for how long the former is paused at least."""

    run: int
    call: int
    pause: timedelta = NO_TIME
