# SPDX-FileCopyrightText: 2026 the latchkey.tokens authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What follows from a failure in the middle of a rotation, by table."""

from __future__ import annotations

import pytest

from ansible_collections.latchkey.tokens.plugins.module_utils._common.errors import (
    AnswerError,
    AuthenticationError,
    CheckFailedError,
    ConnectionFailedError,
    ForbiddenError,
    LatchkeyError,
    RefusedError,
    RequestError,
    VarsFileError,
)
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.failures import (
    Consequence,
    RotationFailedError,
    TakenOverError,
    consequence_of,
    name_step,
    unanswered,
)
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.planning import RotationPlan
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.ports import (
    ChangedMeanwhileError,
    InterruptedRunError,
    NothingRotatedError,
)
from ansible_collections.latchkey.tokens.plugins.plugin_utils._rotation.record import Record

FINISH, ROTATE = RotationPlan(finish=True), RotationPlan(rotate=True)
LOST = ConnectionFailedError("No answer.")
REFUSED = AuthenticationError("Refused.", status=401)
CHECK = CheckFailedError("Not as expected.")
DISK = VarsFileError("The disk is full.")
CHANGED = ChangedMeanwhileError("Changed.")
TAKEN = TakenOverError("Taken over.")
OTHERS = [REFUSED, CHECK, DISK, CHANGED, InterruptedRunError("SIGTERM."), RefusedError("No."), LatchkeyError("A task failed.")]


@pytest.mark.parametrize(
    ("failure", "record", "holds_proved", "consequence"),
    [
        # before anything was proved: undone
        *((failure, Record(plan=ROTATE), False, Consequence.UNDO) for failure in [LOST, *OTHERS]),
        # an earlier run's credential: undone where it is known to be bad, kept where that could not be asked
        *((failure, Record(plan=FINISH), False, Consequence.UNDO) for failure in OTHERS),
        (LOST, Record(plan=FINISH), False, Consequence.PROVE_AGAIN),
        (AnswerError("Odd.", status=200), Record(plan=FINISH), False, Consequence.PROVE_AGAIN),
        (RequestError("Down.", status=503), Record(plan=FINISH), False, Consequence.PROVE_AGAIN),
        (ForbiddenError("No.", status=403), Record(plan=FINISH), False, Consequence.UNDO),
        # whether it is published is not known: kept
        (LatchkeyError("Lost."), Record(plan=ROTATE, publish_in_doubt=True), False, Consequence.PUBLISH_AGAIN),
        (LatchkeyError("Lost."), Record(plan=FINISH, publish_in_doubt=True), False, Consequence.PUBLISH_AGAIN),
        # a push that was refused: undone
        (LatchkeyError("Refused."), Record(plan=ROTATE), False, Consequence.UNDO),
        # proved, and that could not be noted: kept where the store still holds it, or others may have it
        (DISK, Record(plan=ROTATE, notes=True), True, Consequence.NOTE_AGAIN),
        (DISK, Record(plan=ROTATE, notes=True, published="c1"), True, Consequence.NOTE_AGAIN),
        (LOST, Record(plan=FINISH, notes=True), True, Consequence.NOTE_AGAIN),
        (CHANGED, Record(plan=ROTATE, notes=True), False, Consequence.UNDO),
        (CHANGED, Record(plan=ROTATE, notes=True, published="c1"), False, Consequence.BOTH_STAY),
        (CHANGED, Record(plan=ROTATE, notes=True, published=""), False, Consequence.BOTH_STAY),
        (CHANGED, Record(plan=ROTATE, published="c1"), False, Consequence.UNDO),
        # whatever else: another run took over
        (TAKEN, Record(plan=ROTATE), False, Consequence.STOP),
        (TAKEN, Record(plan=FINISH, notes=True, publish_in_doubt=True, published="c1"), True, Consequence.STOP),
    ],
)
def test_what_follows(failure, record, holds_proved, consequence):
    assert consequence_of(failure, record, holds_proved=holds_proved) is consequence


@pytest.mark.parametrize(
    ("failure", "nothing_known"),
    [
        (LOST, True),
        (RequestError("x.", status=500), True),
        (RequestError("x.", status=302), True),
        (AnswerError("x.", status=200), True),
        (RequestError("x.", status=400), False),
        (REFUSED, False),
        (RequestError("x.", status=499), False),
        (CHECK, False),
        (DISK, False),
    ],
)
def test_whether_nothing_is_known(failure, nothing_known):
    assert unanswered(failure) is nothing_known


def test_a_failed_rotation_says_how_far_it_is_undone():
    failure = RotationFailedError("It failed.", "Run again.", undone=True, token_id="2")
    assert (str(failure), failure.undone, failure.needs_hand_over, failure.details) == (
        "It failed. Run again.",
        True,
        False,
        {"token_id": "2"},
    )
    assert RotationFailedError("It failed.").undone is False


# -- the last form of a failure

WHAT, STEP = "svc on q", "Read it"


@pytest.mark.parametrize(
    ("failure", "step", "words"),
    [
        (
            VarsFileError("It is full.", "Free some space."),
            STEP,
            "svc on q was not rotated. What failed: Read it: It is full. Free some space.",
        ),
        (VarsFileError("It is full."), "", "svc on q was not rotated. It is full."),
        (InterruptedRunError("SIGTERM."), STEP, "svc on q was not rotated. What failed: Read it: SIGTERM."),
        (InterruptedRunError("SIGTERM."), "", "svc on q was not rotated. SIGTERM."),
        (NothingRotatedError("It is gone, so nothing was rotated."), STEP, "svc on q: Read it: It is gone, so nothing was rotated."),
        (NothingRotatedError("there are two. Nothing was rotated."), "", "svc on q: there are two. Nothing was rotated."),
        # what the words say decides nothing
        (NothingRotatedError("It stays."), STEP, "svc on q: Read it: It stays."),
        (VarsFileError("It was rotated."), STEP, "svc on q was not rotated. What failed: Read it: It was rotated."),
        (RotationFailedError("svc on q: Read it is not for me."), STEP, "svc on q: Read it is not for me. The step that failed: Read it."),
        (RotationFailedError("svc on q undone. x.", names_step=True), STEP, "svc on q undone. x."),
        (RotationFailedError("svc on q: it was taken over."), STEP, "svc on q: it was taken over. The step that failed: Read it."),
        (RotationFailedError("svc on q: it was taken over."), "", "svc on q: it was taken over."),
    ],
)  # fmt: skip
def test_a_failure_names_its_step(failure, step, words):
    kind, details = type(failure), failure.details
    name_step(failure, WHAT, step, "was not rotated.")
    assert (str(failure), type(failure), failure.details) == (words, kind, details)
