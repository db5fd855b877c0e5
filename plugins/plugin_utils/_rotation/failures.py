# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What follows from a failure in the middle of a rotation: one classification, and the error that says it. Private. Pure functions."""

from __future__ import annotations

from enum import Enum, auto
from typing import Any

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import LatchkeyError, RequestError
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.ports import NothingRotatedError
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.record import Record


class RotationFailedError(LatchkeyError):
    """A rotation failed, and this is what the user is told.

    Args:
        message, hint, details: as for LatchkeyError.
        undone: whether all is as it was before.
        needs_hand_over: whether the user's tasks must get the old credential before the rest can be undone.
        names_step: whether the message names the step that failed.
    """

    def __init__(
        self,
        message: str,
        hint: str = "",
        *,
        undone: bool = False,
        needs_hand_over: bool = False,
        names_step: bool = False,
        **details: Any,
    ) -> None:
        super().__init__(message, hint, **details)
        self.undone = undone
        self.needs_hand_over = needs_hand_over
        self.names_step = names_step


class TakenOverError(LatchkeyError):
    """Another run took this rotation over while this one was paused: this one touches nothing any more."""


def name_step(failure: LatchkeyError, what: str, step: str, standing: str) -> None:
    """Say of a failure, where it does not, which rotation failed, in which step, and what is there now.

    Args:
        failure: what a rotation raised.
        what: what is rotated, for people.
        step: the step that failed; empty where none did, but what was found is refused.
        standing: what is there now, as the rest of a sentence about what is rotated.
    """
    at_step = f"{step}: " if step else ""
    if isinstance(failure, RotationFailedError):  # it says the rest
        if step and not failure.names_step:
            failure.add(f"The step that failed: {step}.")
    elif isinstance(failure, NothingRotatedError):
        failure.reword(f"{what}: {at_step}{failure}")
    else:
        failure.reword(f"{what} {standing} {'What failed: ' if step else ''}{at_step}{failure}")


class Consequence(Enum):
    """What to do about a failure after something was created."""

    UNDO = auto()  # the old credential back into the store, the new one revoked
    PROVE_AGAIN = auto()  # an earlier run's credential could not be asked about: both stay, the next run proves it
    PUBLISH_AGAIN = auto()  # whether the new credential is published is not known: both stay
    NOTE_AGAIN = auto()  # stored and proved, and that could not be recorded: both stay, the next run retires the old one
    BOTH_STAY = auto()  # published, but the store holds another one by now
    STOP = auto()  # another run took over: leave what it made, revoke only what this run made


def unanswered(failure: LatchkeyError) -> bool:
    """Tell whether a platform was asked and did not answer, so that nothing is known."""
    return isinstance(failure, RequestError) and not failure.refused


def consequence_of(failure: LatchkeyError, record: Record, *, holds_proved: bool) -> Consequence:
    """Return what to do about a failure.

    Args:
        failure: what a step raised.
        record: how far the rotation had got.
        holds_proved: whether the store still holds the credential that was proved.
    """
    if isinstance(failure, TakenOverError):
        return Consequence.STOP
    if record.plan.finish and unanswered(failure) and not record.notes:
        return Consequence.PROVE_AGAIN
    if record.publish_in_doubt:
        return Consequence.PUBLISH_AGAIN
    if record.notes and holds_proved:
        return Consequence.NOTE_AGAIN
    if record.notes and record.published is not None:
        return Consequence.BOTH_STAY
    return Consequence.UNDO
